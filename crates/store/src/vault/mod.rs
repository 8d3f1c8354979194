//! Keys and bytes: the floor on which the records stand.
//!
//! Secrets, encrypted columns, case keys and their generations, wrapping to officers, recovery
//! shares, encrypted blobs, the object folder and the backup. Synchronous; no SQL, no clock of its
//! own, no network. It refuses to return bytes that were changed, cut, lengthened or swapped
//! (law 5), and it holds no key for the node: every key in here belongs to a case, an officer or a
//! recovery set (law 13). It decides nothing about who may ask: permits live one floor above.
//!
//! What it cannot do: hide the length of a value or of a blob, undo what a holder of an old key has
//! already copied, or keep a key from root while an officer's session is open in memory.

pub mod backup;
pub mod blob;
pub mod case_key;
mod durable;
mod error;
pub mod field;
pub mod object;
pub mod passkey;
pub mod passkey_seal;
pub mod secret;
pub mod session_key;
pub mod share;
pub mod totp;
pub mod wrap;

pub use error::{ShareProblem, VaultError, VaultErrorKind};
