//! Blobs: bytes of a case, each under a key of its own, reached only against a permit (laws 1, 5, 7).
//!
//! A restricted blob (privileged, contraband) is opened for its own dedicated people only, against a permit for
//! their own action. What was taken out of an item is as restricted as the item, whatever its own
//! row says. Bytes that do not match their digest are never handed out as whole.

use std::io::Write as IoWrite;

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    Law, Sha256Digest,
    exhibit::{ExhibitClass, Origin},
    id::{BlobId, CaseId, ExhibitId},
    viewing::action_for,
};
use serde::{Deserialize, Serialize};

use crate::{
    StoreError,
    asking::own_permit,
    objects::{Keeping, ObjectReader},
    permit::{Permit, Scope},
    record::{Basis, Content, Head, Number, Row, Write},
    sql::{self, Sight, Val},
    steps::Store,
    vault::{
        VaultError,
        blob::{AlsoDigest, BlobReader, BlobSummary, BlobWriter},
        object::{ObjectName, Staged},
        secret::{Secret32, fresh_id},
    },
};

/// What a blob row holds (sealed under the case key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobContent {
    /// Name of the encrypted object.
    pub object: String,
    /// Length of the bytes.
    pub length: u64,
    /// SHA-256 of the bytes.
    pub sha256: Sha256Digest,
    /// MD5 of the bytes, where somebody asked for it: a list that comes later may hold no other digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// SHA-1 of the bytes, where somebody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
    /// The blob's key, wrapped under the case key, base64.
    pub key: String,
    /// Where the bytes come from; none for papers that the house itself wrote or scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// A blob being written. Nothing of it exists for the case until its row is committed.
pub struct NewBlob<'s> {
    writer: BlobWriter<Staged<'s>>,
    id: BlobId,
    key: Secret32,
    scope: &'s Scope,
    store: &'s Store,
    parent: String,
    class: ExhibitClass,
    origin: Option<Origin>,
}

/// A finished blob: its id, what is known of it, and the row to commit with the event.
#[derive(Debug, Clone)]
pub struct BlobHandle {
    /// Its id.
    pub id: BlobId,
    /// Length and digests.
    pub summary: BlobSummary,
    /// The row.
    pub row: Write,
    /// Its object, for [`Store::discard_blob`].
    object: ObjectName,
}

impl BlobHandle {
    /// Raises its class before its row is committed; a class is never lowered here.
    pub fn raise(&mut self, class: ExhibitClass) {
        let now: ExhibitClass = serde_json::from_value(self.row.head.state.clone().into()).unwrap_or(ExhibitClass::Contraband);
        self.row.head.state = now.max(class).name().into();
    }
}

impl IoWrite for NewBlob<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

impl NewBlob<'_> {
    /// Its id, before it is finished.
    pub fn id(&self) -> &BlobId {
        &self.id
    }

    /// Closes the blob and names its object; durable when this returns.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(self) -> Result<BlobHandle, StoreError> {
        let (mut staged, summary) = self.writer.finish()?;
        let mut name = self.store.fresh_name(self.scope, &summary.sha256, &self.id)?;
        match self.store.objects.keep(&mut staged, &name) {
            // The same bytes came in at the same moment, under a key of their own: the other was first.
            Err(VaultError::ObjectDiffers { .. }) => {
                name = self.store.own_name(self.scope, &summary.sha256, &self.id);
                self.store.objects.keep(&mut staged, &name)?;
            }
            kept => drop(kept?),
        }
        let content = BlobContent {
            object: name.hex(),
            length: summary.length,
            sha256: summary.sha256,
            md5: summary.md5.map(hex::encode),
            sha1: summary.sha1.map(hex::encode),
            key: STANDARD.encode(self.scope.ring.wrap_blob_key(&self.id, &self.key)?),
            origin: self.origin,
        };
        let row = blob_row(self.scope.case(), &self.id, &self.parent, self.class, &content, self.store, Basis::New)?;
        Ok(BlobHandle { id: self.id, summary, row, object: name })
    }
}

fn blob_row(
    case: &CaseId,
    id: &BlobId,
    parent: &str,
    class: ExhibitClass,
    content: &BlobContent,
    store: &Store,
    basis: Basis,
) -> Result<Write, StoreError> {
    Ok(Write {
        head: Head {
            kind: "blob",
            id: id.to_string(),
            case: Some(case.clone()),
            parent: Some(parent.to_string()),
            number: Number::None,
            state: class.name().into(),
            actor: None,
            time: store.now(),
        },
        content: Content::Json(serde_json::to_value(content).map_err(|e| StoreError::damaged(e.to_string()))?),
        index: vec![("blob.sha256", content.sha256.hex())],
        basis,
    })
}

/// The class that a blob's own row states.
///
/// # Errors
/// When the row is damaged.
pub fn class_of(row: &Row) -> Result<ExhibitClass, StoreError> {
    serde_json::from_value(row.state.clone().into()).map_err(|_| StoreError::damaged("the class of a blob"))
}

impl Store {
    /// HMAC(naming key, digest); when the case holds the same bytes twice, the second object gets a
    /// name of its own, because each blob has a key of its own. So do bytes that were erased and come in again.
    fn fresh_name(&self, scope: &Scope, digest: &Sha256Digest, id: &BlobId) -> Result<ObjectName, StoreError> {
        let name = scope.ring.object_name(digest);
        if !self.objects.exists(&name)? && !self.name_was_erased(&name.hex())? {
            return Ok(name);
        }
        Ok(self.own_name(scope, digest, id))
    }

    /// A name that no other object of the case has, whatever it holds.
    fn own_name(&self, scope: &Scope, digest: &Sha256Digest, id: &BlobId) -> ObjectName {
        scope.ring.object_name(&Sha256Digest::of(&[&digest.0[..], id.as_str().as_bytes()].concat()))
    }
}

/// An open blob.
pub struct ReadableBlob {
    /// What its row says.
    pub content: BlobContent,
    /// Its bytes; whole reads are compared with the digest.
    pub reader: BlobReader<ObjectReader>,
}

impl ReadableBlob {
    /// Copies the bytes, comparing length and digest (law 5).
    ///
    /// # Errors
    /// Law 5 when they do not match; throw away what was copied then.
    pub fn copy_to(&mut self, sink: &mut impl IoWrite) -> Result<u64, StoreError> {
        Ok(self.reader.copy_to(self.content.sha256, sink)?)
    }

    /// The bytes in memory, when they are at most `most` long.
    ///
    /// # Errors
    /// Law 5, or [`StoreError::Input`] when they are longer.
    pub fn bytes(&mut self, most: u64) -> Result<Vec<u8>, StoreError> {
        if self.content.length > most {
            return Err(StoreError::input(format!("the item has {} bytes, more than {most}", self.content.length)));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.content.length).unwrap_or(0));
        self.copy_to(&mut bytes)?;
        Ok(bytes)
    }
}

impl Store {
    /// Begins a blob that will hang on `parent`. `origin` is none only for papers that the house itself
    /// wrote or scanned.
    ///
    /// # Errors
    /// Law 1 when the permit is of another case, or does not reach the origin; the disk.
    pub fn new_blob<'s>(
        &'s self,
        scope: &'s Scope,
        permit: &Permit,
        parent: &str,
        class: ExhibitClass,
        origin: Option<&Origin>,
        also: AlsoDigest,
    ) -> Result<NewBlob<'s>, StoreError> {
        own_permit(scope, permit)?;
        if let Some(origin) = origin {
            self.cover(scope, permit, origin)?;
        }
        self.begin_blob(scope, parent, class, origin.cloned(), also)
    }

    /// Begins a blob of a tip: before there is a case, under the tip's own key.
    ///
    /// # Errors
    /// The disk.
    pub fn new_tip_blob<'s>(&'s self, scope: &'s Scope, parent: &str) -> Result<NewBlob<'s>, StoreError> {
        self.begin_blob(scope, parent, ExhibitClass::Ordinary, None, AlsoDigest::default())
    }

    fn begin_blob<'s>(
        &'s self,
        scope: &'s Scope,
        parent: &str,
        class: ExhibitClass,
        origin: Option<Origin>,
        also: AlsoDigest,
    ) -> Result<NewBlob<'s>, StoreError> {
        let id = BlobId::from_random(fresh_id()?);
        let key = Secret32::random()?;
        let writer = BlobWriter::new(self.objects.stage()?, &key, &id, also)?;
        Ok(NewBlob { writer, id, key, scope, store: self, parent: parent.to_string(), class, origin })
    }

    /// Removes the bytes of a finished blob whose row was refused: nothing half-admitted stays.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its row was committed after all; the disk.
    pub fn discard_blob(&self, blob: &BlobHandle) -> Result<(), StoreError> {
        if self.db.first(Sight::Log, sql::RECORD_ONE, &[Val::text("blob"), Val::text(blob.id.as_str())])?.is_some() {
            return Err(StoreError::Conflict);
        }
        self.objects.remove(&blob.object)?;
        Ok(())
    }

    /// Opens a blob of the case against a permit.
    ///
    /// # Errors
    /// Law 1 for a foreign permit or one that does not reach the blob's origin, law 7 for a restricted
    /// blob, law 5 when the object is missing.
    pub fn read_blob(&self, scope: &Scope, permit: &Permit, blob: &BlobId) -> Result<ReadableBlob, StoreError> {
        own_permit(scope, permit)?;
        let readable = self.open_blob(scope, blob)?;
        if let Some(origin) = &readable.content.origin {
            let item = self.item_of(scope, blob)?;
            self.cover_item(scope, permit, origin, item.as_deref())?;
        }
        Ok(readable)
    }

    /// The exhibit that a blob is, or was unpacked from, by its id.
    fn item_of(&self, scope: &Scope, blob: &BlobId) -> Result<Option<String>, StoreError> {
        let parent = self.get(scope, "blob", blob.as_str())?.parent.unwrap_or_default();
        if parent.starts_with(ExhibitId::PREFIX) {
            return Ok(Some(parent));
        }
        let derivation = self.db.first(Sight::Person(&scope.actor), sql::RECORD_ONE, &[Val::text("derivation"), Val::text(parent)])?;
        Ok(derivation.map(|cells| Row::from_cells(&cells)).transpose()?.and_then(|row| row.parent))
    }

    /// Reads a blob from end to end and says only whether it is what its record says, also when it is
    /// restricted: no byte of it is handed out.
    ///
    /// # Errors
    /// Law 1 for a foreign permit, law 5 when it does not match.
    pub fn check_blob(&self, scope: &Scope, permit: &Permit, blob: &BlobId) -> Result<(), StoreError> {
        own_permit(scope, permit)?;
        let row = self.get(scope, "blob", blob.as_str())?;
        self.open_unseen(scope, blob, &row)?.copy_to(&mut std::io::sink()).map(|_| ())
    }

    /// Opens a blob and says only whether its length is that of its record, also when it is restricted: the last
    /// piece is authenticated, the bytes before it are not read.
    ///
    /// # Errors
    /// Law 1 for a foreign permit, law 5 when it does not match.
    pub fn measure_blob(&self, scope: &Scope, permit: &Permit, blob: &BlobId) -> Result<(), StoreError> {
        own_permit(scope, permit)?;
        let row = self.get(scope, "blob", blob.as_str())?;
        self.open_unseen(scope, blob, &row).map(|_| ())
    }

    /// Opens a blob of a tip for a person to whom the tip's key was wrapped.
    ///
    /// # Errors
    /// Law 13 when the scope is that of a case, whose bytes need a permit.
    pub fn read_tip_blob(&self, scope: &Scope, tip: &str, blob: &BlobId) -> Result<ReadableBlob, StoreError> {
        self.get(scope, "tip", tip)?;
        self.open_blob(scope, blob)
    }

    fn open_blob(&self, scope: &Scope, blob: &BlobId) -> Result<ReadableBlob, StoreError> {
        let row = self.get(scope, "blob", blob.as_str())?;
        if self.strictest(scope, &row)?.is_restricted() {
            return Err(StoreError::refused(Law::Restricted, "this item is restricted: only its dedicated role may open it"));
        }
        self.open_unseen(scope, blob, &row)
    }

    /// Opens a restricted blob against a permit for the one action of its class: to filter what may be privileged, to
    /// supervise the showing of contraband. No other permit opens it, and these open nothing else.
    ///
    /// # Errors
    /// Law 1 for a foreign permit or one that does not reach the blob's origin, law 7 for another class, law 5 when
    /// the object is missing.
    pub fn read_restricted(&self, scope: &Scope, permit: &Permit, blob: &BlobId) -> Result<ReadableBlob, StoreError> {
        own_permit(scope, permit)?;
        let row = self.get(scope, "blob", blob.as_str())?;
        let class = self.strictest(scope, &row)?;
        if action_for(class) != Some(permit.action()) {
            return Err(StoreError::refused(Law::Restricted, format!("a permit to {} opens no item that is {}", permit.action(), class.name())));
        }
        let readable = self.open_unseen(scope, blob, &row)?;
        if let Some(origin) = &readable.content.origin {
            self.cover(scope, permit, origin)?;
        }
        Ok(readable)
    }

    /// The row of a blob that was released from the filter, to be committed with the event that says so.
    ///
    /// # Errors
    /// Law 7 for a blob that is not privileged, or a class that is restricted.
    pub fn released_blob(&self, scope: &Scope, row: &Row, class: ExhibitClass) -> Result<Write, StoreError> {
        if class_of(row)? != ExhibitClass::Privileged || class.is_restricted() {
            return Err(StoreError::refused(Law::Restricted, "only what may be privileged is released, and only to be open"));
        }
        self.classed(scope, row, class)
    }

    /// How restricted a blob is now. Long work asks it between pieces, because an item can become restricted
    /// while it is read.
    ///
    /// # Errors
    /// When there is no such blob in this case.
    pub fn class_of_blob(&self, scope: &Scope, blob: &BlobId) -> Result<ExhibitClass, StoreError> {
        self.strictest(scope, &self.get(scope, "blob", blob.as_str())?)
    }

    /// The stricter of a blob's own class and that of the item it was taken out of: what was unpacked in the
    /// moment in which its item became restricted is restricted too.
    fn strictest(&self, scope: &Scope, row: &Row) -> Result<ExhibitClass, StoreError> {
        let own = class_of(row)?;
        let sight = Sight::Person(&scope.actor);
        let Some(parent) = &row.parent else { return Ok(own) };
        let derivation = self.db.first(sight, sql::RECORD_ONE, &[Val::text("derivation"), Val::text(parent.clone())])?;
        let Some(item) = derivation.map(|cells| Row::from_cells(&cells)).transpose()?.and_then(|row| row.parent) else { return Ok(own) };
        let blobs = self.db.rows(sight, sql::RECORDS_OF_PARENT, &[Val::text("blob"), Val::text(item)])?;
        blobs.iter().try_fold(own, |class, cells| {
            let row = Row::from_cells(cells)?;
            Ok(if row.is_erased() { class } else { class.max(class_of(&row)?) })
        })
    }

    /// The row of a blob in a stricter class, to be committed with the event that says so.
    ///
    /// # Errors
    /// Law 7 when the class would be milder.
    pub fn restricted_blob(&self, scope: &Scope, row: &Row, class: ExhibitClass) -> Result<Write, StoreError> {
        if class < class_of(row)? {
            return Err(StoreError::refused(Law::Restricted, "an item does not become milder by this step: its own procedure releases it"));
        }
        self.classed(scope, row, class)
    }

    /// The row of a blob without the mark of personal data. It releases nothing that is restricted.
    ///
    /// # Errors
    /// Law 7 for a restricted blob.
    pub fn unmarked_blob(&self, scope: &Scope, row: &Row) -> Result<Write, StoreError> {
        if class_of(row)?.is_restricted() {
            return Err(StoreError::refused(Law::Restricted, "an item does not become milder by this step: its own procedure releases it"));
        }
        self.classed(scope, row, ExhibitClass::Ordinary)
    }

    fn classed(&self, scope: &Scope, row: &Row, class: ExhibitClass) -> Result<Write, StoreError> {
        let (id, content) = (row.id.parse().map_err(StoreError::damaged)?, row.content::<BlobContent>()?);
        let parent = row.parent.as_deref().ok_or_else(|| StoreError::damaged("a blob that hangs on nothing"))?;
        blob_row(scope.case(), &id, parent, class, &content, self, Basis::Over(row.version))
    }

    /// Opens a blob of any class; its bytes go no further than this file.
    pub(crate) fn open_unseen(&self, scope: &Scope, blob: &BlobId, row: &Row) -> Result<ReadableBlob, StoreError> {
        let content: BlobContent = row.content()?;
        let wrapped = STANDARD.decode(&content.key).map_err(|_| StoreError::damaged("a blob key"))?;
        let key = scope.ring.unwrap_blob_key(blob, &wrapped)?;
        let object = self.objects.get(&content.object.parse()?)?;
        let reader = BlobReader::open(object, &key, blob)?;
        if reader.len() != content.length {
            return Err(StoreError::refused(Law::Integrity, "the stored item has another length than its record"));
        }
        Ok(ReadableBlob { content, reader })
    }

    /// How many objects are stored, and how many foreign files lie among them: for `doctor`, which compares
    /// the first number with that of the rows. Which object a row names is sealed under its case's key.
    ///
    /// # Errors
    /// The disk.
    pub fn count_objects(&self) -> Result<(usize, usize), StoreError> {
        let listing = self.objects.list()?;
        Ok((listing.objects.len(), listing.strangers.len()))
    }

    /// Removes unfinished objects of runs that ended; gives their number.
    ///
    /// # Errors
    /// The disk.
    pub fn sweep_unfinished(&self, older_than: std::time::SystemTime) -> Result<usize, StoreError> {
        Ok(self.objects.sweep(older_than)?)
    }

    /// Where objects lie and for how long they are kept there; `None` when they lie in the home itself.
    ///
    /// # Errors
    /// When the object store does not say.
    pub fn object_keeping(&self) -> Result<Option<Keeping>, StoreError> {
        Ok(self.objects.keeping()?)
    }
}
