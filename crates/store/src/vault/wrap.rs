//! Keys on their way to people: age (<https://c2sp.org/age>) with X25519 recipients and with scrypt
//! passphrases.
//!
//! age hides and protects, it does not sign: whoever knows a recipient can write to him. Who wrapped
//! a key is what the log's events say. A recipient that would give every sender the same shared
//! secret (a point of small order) is refused when it is read.

use std::{
    io::{Read, Write},
    iter,
};

use age::secrecy::{ExposeSecret, SecretString};
use bech32::Hrp;
use unicode_normalization::UnicodeNormalization;

use super::{
    VaultError,
    secret::{Secret32, SecretBytes},
};

/// Default scrypt work: N = 2^16 (64 MiB, about a quarter of a second).
pub const DEFAULT_LOG_N: u8 = 16;
/// Most scrypt work accepted from a file: N = 2^20 (1 GiB).
pub const MAX_LOG_N: u8 = 20;

const IDENTITY_PREFIX: &str = "age-secret-key-";
const RECIPIENT_PREFIX: &str = "age";

/// An officer's (or a recovery set's) secret age key. Wiped on drop.
#[derive(Clone)]
pub struct Identity(age::x25519::Identity);

impl Identity {
    /// A fresh identity.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn generate() -> Result<Self, VaultError> {
        Ok(Self::from_secret(&Secret32::random()?))
    }

    /// The identity whose X25519 key is this secret: how joined recovery shares become a key.
    pub fn from_secret(secret: &Secret32) -> Self {
        let prefix = Hrp::parse(IDENTITY_PREFIX).expect("the prefix is valid bech32");
        let text = bech32::encode_upper::<bech32::Bech32>(prefix, secret.expose()).expect("32 bytes fit into bech32");
        let text = SecretString::from(text);
        Identity(text.expose_secret().parse().expect("just written in age's own form"))
    }

    /// The 32 secret bytes, to be split into recovery shares.
    pub fn secret(&self) -> Secret32 {
        let text = self.0.to_string();
        let (_, bytes) = bech32::decode(text.expose_secret()).expect("age writes bech32");
        Secret32::from_slice(&SecretBytes::new(bytes)).expect("an X25519 key has 32 bytes")
    }

    /// Reads `AGE-SECRET-KEY-1…`; space around it is ignored.
    ///
    /// # Errors
    /// [`VaultError::Malformed`], which does not repeat the text.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let bad = |_| VaultError::malformed("a secret key", "it is not a whole AGE-SECRET-KEY-1… line");
        text.trim().parse().map(Identity).map_err(bad)
    }

    /// `AGE-SECRET-KEY-1…`, as the age tools read it.
    pub fn secret_text(&self) -> SecretBytes {
        SecretBytes::new(self.0.to_string().expose_secret().as_bytes().to_vec())
    }

    /// The public half.
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity(of {})", self.recipient())
    }
}

/// Somebody to encrypt to: `age1…`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Recipient(age::x25519::Recipient);

impl std::str::FromStr for Recipient {
    type Err = VaultError;
    fn from_str(text: &str) -> Result<Self, VaultError> {
        let bad = |why: &str| VaultError::malformed("a recipient", why);
        let recipient = text.trim().parse().map_err(|_| bad("it is not a whole age1… line"))?;
        let (prefix, bytes) = bech32::decode(text.trim()).map_err(|_| bad("it is not a whole age1… line"))?;
        if prefix.as_str() != RECIPIENT_PREFIX || has_small_order(&bytes) {
            return Err(bad("it is not a usable public key"));
        }
        Ok(Recipient(recipient))
    }
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The u-coordinates of small order on Curve25519 and its twist (RFC 7748 §6.1; the top bit is ignored).
const SMALL_ORDER: [[u8; 32]; 7] = [
    padded(0, 0),
    padded(1, 0),
    *b"\xe0\xeb\x7a\x7c\x3b\x41\xb8\xae\x16\x56\xe3\xfa\xf1\x9f\xc4\x6a\xda\x09\x8d\xeb\x9c\x32\xb1\xfd\x86\x62\x05\x16\x5f\x49\xb8\x00",
    *b"\x5f\x9c\x95\xbc\xa3\x50\x8c\x24\xb1\xd0\xb1\x55\x9c\x83\xef\x5b\x04\x44\x5c\xc4\x58\x1c\x8e\x86\xd8\x22\x4e\xdd\xd0\x9f\x11\x57",
    padded(0xec, 0xff),
    padded(0xed, 0xff),
    padded(0xee, 0xff),
];

const fn padded(first: u8, rest: u8) -> [u8; 32] {
    let mut out = [rest; 32];
    out[0] = first;
    out[31] &= 0x7f;
    out
}

fn has_small_order(point: &[u8]) -> bool {
    let Ok(mut point) = <[u8; 32]>::try_from(point) else { return true };
    point[31] &= 0x7f;
    SMALL_ORDER.contains(&point)
}

/// Encrypts to every recipient; any one of them opens it.
///
/// # Errors
/// [`VaultError::NoRecipient`] when the list is empty.
pub fn wrap_to(recipients: &[Recipient], bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut out = Vec::with_capacity(bytes.len() + 512);
    let mut writer = encrypt_stream(recipients, &mut out)?;
    writer.write_all(bytes).and_then(|()| writer.finish()).expect("writing to memory does not fail");
    Ok(out)
}

/// Opens what was wrapped to this identity.
///
/// # Errors
/// [`VaultError::WrongKey`] when it was wrapped to others; [`VaultError::Integrity`] or
/// [`VaultError::Malformed`] when it was changed or is something else.
pub fn unwrap(identity: &Identity, wrapped: &[u8]) -> Result<SecretBytes, VaultError> {
    read_secret(decrypt_stream(identity, wrapped, "wrapped key")?, wrapped.len())
}

/// An age stream that encrypts to recipients; must be finished.
pub(super) fn encrypt_stream<W: Write>(recipients: &[Recipient], out: W) -> Result<age::stream::StreamWriter<W>, VaultError> {
    let everyone = recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(everyone).map_err(|_| VaultError::NoRecipient)?;
    encryptor.wrap_output(out).map_err(|e| VaultError::from_io(e, "writing the encrypted header", "output".as_ref()))
}

/// An age stream that decrypts for one identity. Its read errors mean damage.
pub(super) fn decrypt_stream<R: Read>(
    identity: &Identity,
    input: R,
    what: &'static str,
) -> Result<age::stream::StreamReader<R>, VaultError> {
    let decryptor = age::Decryptor::new(input).map_err(|e| explain(e, what))?;
    decryptor.decrypt(iter::once(&identity.0 as &dyn age::Identity)).map_err(|e| explain(e, what))
}

/// The form under which a passphrase seals: what two keyboards write in different signs or orders, and nobody can see,
/// is one passphrase (UAX #15, NFKC, as RFC 4013 had it). Blanks stay as they are.
fn normal_passphrase(passphrase: &str) -> SecretString {
    SecretString::from(passphrase.nfkc().collect::<String>())
}

/// Seals bytes under a passphrase with scrypt at N = 2^`log_n` (usually [`DEFAULT_LOG_N`]).
///
/// # Errors
/// [`VaultError::EmptyPassphrase`]; [`VaultError::WorkFactor`] when `log_n` is not 1 to [`MAX_LOG_N`].
pub fn seal_with_passphrase(passphrase: &str, bytes: &[u8], log_n: u8) -> Result<Vec<u8>, VaultError> {
    if passphrase.is_empty() {
        return Err(VaultError::EmptyPassphrase);
    }
    if log_n == 0 || log_n > MAX_LOG_N {
        return Err(VaultError::WorkFactor { asked: log_n, most: MAX_LOG_N });
    }
    let mut recipient = age::scrypt::Recipient::new(normal_passphrase(passphrase));
    recipient.set_work_factor(log_n);
    let encryptor = age::Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient))
        .expect("one passphrase is a valid set of recipients");
    let mut out = Vec::with_capacity(bytes.len() + 512);
    let mut writer = encryptor.wrap_output(&mut out).expect("writing to memory does not fail");
    writer.write_all(bytes).and_then(|()| writer.finish()).expect("writing to memory does not fail");
    Ok(out)
}

/// Opens what was sealed under a passphrase.
///
/// # Errors
/// [`VaultError::WrongPassphrase`]; [`VaultError::WorkFactor`] when the file asks for more than
/// [`MAX_LOG_N`]; [`VaultError::Malformed`] or [`VaultError::Integrity`] for other or changed files.
pub fn open_with_passphrase(passphrase: &str, sealed: &[u8]) -> Result<SecretBytes, VaultError> {
    match open_with(normal_passphrase(passphrase), sealed) {
        // An earlier build, or another program, sealed under the words as they were typed.
        Err(VaultError::WrongPassphrase) if passphrase.nfkc().ne(passphrase.chars()) => open_with(SecretString::from(passphrase), sealed),
        done => done,
    }
}

fn open_with(passphrase: SecretString, sealed: &[u8]) -> Result<SecretBytes, VaultError> {
    const WHAT: &str = "passphrase-protected key";
    let mut identity = age::scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(MAX_LOG_N);
    let decryptor = age::Decryptor::new(sealed).map_err(|e| explain(e, WHAT))?;
    if !decryptor.is_scrypt() {
        return Err(VaultError::malformed(WHAT, "it is not protected by a passphrase"));
    }
    let reader = decryptor.decrypt(iter::once(&identity as &dyn age::Identity)).map_err(|e| explain(e, WHAT))?;
    read_secret(reader, sealed.len())
}

/// Room for everything at once, so that no half-grown copy of the secret stays behind in memory.
fn read_secret(mut reader: impl Read, at_most: usize) -> Result<SecretBytes, VaultError> {
    let mut out = Vec::with_capacity(at_most);
    match reader.read_to_end(&mut out) {
        Ok(_) => Ok(SecretBytes::new(out)),
        Err(e) => {
            drop(SecretBytes::new(out));
            Err(VaultError::integrity("wrapped key", e.to_string()))
        }
    }
}

fn explain(error: age::DecryptError, what: &'static str) -> VaultError {
    match error {
        age::DecryptError::NoMatchingKeys => VaultError::WrongKey { what },
        age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => VaultError::WrongPassphrase,
        age::DecryptError::ExcessiveWork { required, .. } => VaultError::WorkFactor { asked: required, most: MAX_LOG_N },
        age::DecryptError::InvalidMac => VaultError::integrity(what, "its header does not match its seal"),
        age::DecryptError::Io(e) => VaultError::malformed(what, e.to_string()),
        _ => VaultError::malformed(what, "it is not an age file of version 1"),
    }
}
