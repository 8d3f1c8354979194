//! The keys of one case, and their generations.
//!
//! A case has a content key, which rotates when a member leaves, and a naming key, which never does
//! (object names and blind indexes must stay findable). Only the newest [`CaseKeys`] are wrapped to
//! the members and to the recovery set, never to the node (law 13). On rotation the old content key
//! is sealed under the new one, so whoever holds generation n opens all older rows, and a leaver
//! with generation n opens nothing written later.
//!
//! What a leaver keeps: the naming key, with which he could test a guess against an old copy of the
//! indexes. That is the price of equality search, and it is stated here rather than denied.

use std::collections::BTreeMap;

use model::id::{BlobId, CaseId};

use super::{
    VaultError,
    field::{Aad, blind_index, open_field, seal_field},
    object::ObjectName,
    secret::{Purpose, Secret32, SecretBytes},
};

const VERSION: u8 = 1;
const GENERATION: usize = 4;

/// The newest keys of a case: what is wrapped to each member.
#[derive(Clone, PartialEq, Eq)]
pub struct CaseKeys {
    case: CaseId,
    generation: u32,
    content: Secret32,
    naming: Secret32,
}

impl CaseKeys {
    /// Keys for a new case, generation 1.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn generate(case: &CaseId) -> Result<Self, VaultError> {
        Ok(CaseKeys { case: case.clone(), generation: 1, content: Secret32::random()?, naming: Secret32::random()? })
    }

    /// Which generation the content key is, from 1.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// What is wrapped: `version ‖ generation ‖ content ‖ naming ‖ case id`.
    pub fn to_bytes(&self) -> SecretBytes {
        let case = self.case.as_str().as_bytes();
        let mut out = Vec::with_capacity(1 + GENERATION + 64 + case.len());
        out.push(VERSION);
        out.extend_from_slice(&self.generation.to_be_bytes());
        out.extend_from_slice(self.content.expose());
        out.extend_from_slice(self.naming.expose());
        out.extend_from_slice(case);
        SecretBytes::new(out)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, for the case that is being opened.
    ///
    /// # Errors
    /// [`VaultError::OtherCase`] when the keys are another case's: a swapped row must not let one
    /// case's officers write under another's key. [`VaultError::Malformed`] otherwise.
    pub fn from_bytes(case: &CaseId, bytes: &[u8]) -> Result<Self, VaultError> {
        if bytes.first() != Some(&VERSION) || bytes.len() < 1 + GENERATION + 64 {
            return Err(VaultError::malformed("a case key", "it is too short or of an unknown version"));
        }
        let (generation, rest) = bytes[1..].split_at(GENERATION);
        let (keys, owner) = rest.split_at(64);
        if owner != case.as_str().as_bytes() {
            return Err(VaultError::OtherCase);
        }
        let generation = u32::from_be_bytes(generation.try_into().expect("split at four bytes"));
        if generation == 0 {
            return Err(VaultError::malformed("a case key", "generations count from 1"));
        }
        Ok(CaseKeys {
            case: case.clone(),
            generation,
            content: Secret32::from_slice(&keys[..32])?,
            naming: Secret32::from_slice(&keys[32..])?,
        })
    }

    /// A public value that fits these keys only. Put into the log when keys are made or rotated,
    /// it shows an officer that the keys wrapped to him are the ones the case was opened with.
    pub fn fingerprint(&self) -> [u8; 32] {
        let context = [self.naming.expose().as_slice(), &self.generation.to_be_bytes(), self.case.as_str().as_bytes()];
        let context = SecretBytes::new(context.concat());
        *self.content.derive(Purpose::Fingerprint, &context).expose()
    }
}

impl std::fmt::Debug for CaseKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CaseKeys({}, generation {}, hidden)", self.case, self.generation)
    }
}

/// An old content key, sealed under the next generation's. Stored as a row; it opens nothing by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetiredKey {
    /// The generation of the key inside.
    pub generation: u32,
    /// The sealed key.
    pub sealed: Vec<u8>,
}

/// All keys of a case that an officer with the newest ones can open. Writes use the newest.
#[derive(Debug, Clone)]
pub struct KeyRing {
    newest: CaseKeys,
    contents: BTreeMap<u32, Secret32>,
}

impl KeyRing {
    /// Opens the chain from the newest keys down to generation 1.
    ///
    /// # Errors
    /// [`VaultError::MissingGeneration`] for a gap, [`VaultError::Integrity`] for a changed link.
    pub fn open(newest: CaseKeys, retired: &[RetiredKey]) -> Result<Self, VaultError> {
        let mut contents = BTreeMap::from([(newest.generation, newest.content.clone())]);
        for generation in (1..newest.generation).rev() {
            let link = retired
                .iter()
                .find(|key| key.generation == generation)
                .ok_or(VaultError::MissingGeneration { generation })?;
            let key = open_retired(&newest.case, &contents[&(generation + 1)], link)?;
            contents.insert(generation, key);
        }
        Ok(KeyRing { newest, contents })
    }

    /// A ring for a case that never rotated.
    ///
    /// # Errors
    /// [`VaultError::MissingGeneration`] when it did.
    pub fn of(newest: CaseKeys) -> Result<Self, VaultError> {
        Self::open(newest, &[])
    }

    /// The keys to wrap to members.
    pub fn newest(&self) -> &CaseKeys {
        &self.newest
    }

    /// Takes a new content key into use. Store the returned row, then wrap
    /// [`newest`](Self::newest) to every member who stays and to the recovery set.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`]. The ring is unchanged then.
    pub fn rotate(&mut self) -> Result<RetiredKey, VaultError> {
        let next = Secret32::random()?;
        let generation = self.newest.generation;
        let retired = seal_retired(&self.newest.case, &next, generation, &self.newest.content)?;
        self.newest.generation = generation.checked_add(1).expect("a case is not rotated four thousand million times");
        self.newest.content = next.clone();
        self.contents.insert(self.newest.generation, next);
        Ok(retired)
    }

    /// Encrypts a column value: `generation (4, big-endian) ‖ sealed field`.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal(&self, place: &Aad<'_>, value: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.seal_for(Purpose::Field, place, value)
    }

    /// Encrypts a column value under the generation of the value that it replaces: whoever could open that one can open
    /// this one, and nobody else.
    ///
    /// # Errors
    /// As [`open_value`](Self::open_value), for the value that it replaces.
    pub fn seal_like(&self, place: &Aad<'_>, value: &[u8], replaced: &[u8]) -> Result<Vec<u8>, VaultError> {
        let generation = generation_of(replaced)?;
        let content = self.contents.get(&generation).ok_or(VaultError::WrongKey { what: "a record of another key generation" })?;
        let key = content.derive(Purpose::Field, self.newest.case.as_str().as_bytes());
        let mut out = generation.to_be_bytes().to_vec();
        out.extend_from_slice(&seal_field(&key, place, value)?);
        Ok(out)
    }

    /// Opens a column value of any generation.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] when it was written under a later generation than this officer has;
    /// else as [`open_field`].
    pub fn open_value(&self, place: &Aad<'_>, sealed: &[u8]) -> Result<SecretBytes, VaultError> {
        self.open_for(Purpose::Field, place, sealed)
    }

    /// Encrypts the key of a blob, bound to the blob's id.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn wrap_blob_key(&self, blob: &BlobId, key: &Secret32) -> Result<Vec<u8>, VaultError> {
        self.seal_for(Purpose::BlobWrap, &blob_place(blob), key.expose())
    }

    /// Opens the key of a blob.
    ///
    /// # Errors
    /// As [`open_value`](Self::open_value).
    pub fn unwrap_blob_key(&self, blob: &BlobId, wrapped: &[u8]) -> Result<Secret32, VaultError> {
        Secret32::from_slice(&self.open_for(Purpose::BlobWrap, &blob_place(blob), wrapped)?)
    }

    /// The blind index of a normalised value; `column` is `table.column`. Survives rotation.
    pub fn blind_index(&self, column: &str, normalised: &[u8]) -> [u8; 32] {
        blind_index(&self.newest.naming, column, normalised)
    }

    /// The name under which bytes with this digest are stored in this case. Survives rotation.
    pub fn object_name(&self, digest: &model::Sha256Digest) -> ObjectName {
        ObjectName::derive(&self.newest.naming, digest)
    }

    fn seal_for(&self, purpose: Purpose, place: &Aad<'_>, value: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.newest.content.derive(purpose, self.newest.case.as_str().as_bytes());
        let mut out = self.newest.generation.to_be_bytes().to_vec();
        out.extend_from_slice(&seal_field(&key, place, value)?);
        Ok(out)
    }

    fn open_for(&self, purpose: Purpose, place: &Aad<'_>, sealed: &[u8]) -> Result<SecretBytes, VaultError> {
        let generation = generation_of(sealed)?;
        let field = &sealed[GENERATION..];
        let content = self.contents.get(&generation).ok_or(VaultError::WrongKey { what: "a record of another key generation" })?;
        open_field(&content.derive(purpose, self.newest.case.as_str().as_bytes()), place, field)
    }
}

/// Under which generation of the case's key a column value was encrypted.
///
/// # Errors
/// [`VaultError::Malformed`] when it is too short to say so.
pub fn generation_of(sealed: &[u8]) -> Result<u32, VaultError> {
    let (generation, _) =
        sealed.split_at_checked(GENERATION).ok_or_else(|| VaultError::malformed("an encrypted field", "it is too short"))?;
    Ok(u32::from_be_bytes(generation.try_into().expect("split at four bytes")))
}

fn blob_place(blob: &BlobId) -> Aad<'_> {
    Aad { table: "blob", column: "key", row: blob.as_str() }
}

fn seal_retired(case: &CaseId, next: &Secret32, generation: u32, old: &Secret32) -> Result<RetiredKey, VaultError> {
    let row = generation.to_string();
    let place = Aad { table: "case-key", column: case.as_str(), row: &row };
    let sealed = seal_field(&next.derive(Purpose::Retired, b""), &place, old.expose())?;
    Ok(RetiredKey { generation, sealed })
}

fn open_retired(case: &CaseId, next: &Secret32, link: &RetiredKey) -> Result<Secret32, VaultError> {
    let row = link.generation.to_string();
    let place = Aad { table: "case-key", column: case.as_str(), row: &row };
    Secret32::from_slice(&open_field(&next.derive(Purpose::Retired, b""), &place, &link.sealed)?)
}
