//! An officer's secret bundle while his session is open.
//!
//! After login the bundle is sealed again under the random session token; the token is in the
//! officer's hands only, and the database holds the sealed bundle and a look-up value from which
//! neither token nor key can be derived. Ending a session deletes the row: the bundle is gone.
//! The node holds no copy of the token (law 13); whoever holds the token is the officer until it ends.

use super::{
    VaultError,
    field::{Aad, open_field, seal_field},
    secret::{Purpose, Secret32, SecretBytes},
};

const PLACE: Aad<'static> = Aad { table: "session", column: "bundle", row: "" };

/// Seals an officer's bundle under a session token of 32 random bytes.
///
/// # Errors
/// [`VaultError::NoRandomness`].
pub fn seal_under_token(token: &[u8; 32], bundle: &[u8]) -> Result<Vec<u8>, VaultError> {
    seal_field(&key(token, Purpose::SessionSeal), &PLACE, bundle)
}

/// Opens the bundle of a session.
///
/// # Errors
/// [`VaultError::WrongKey`] when the token is another session's or the bundle was changed.
pub fn open_under_token(token: &[u8; 32], sealed: &[u8]) -> Result<SecretBytes, VaultError> {
    open_field(&key(token, Purpose::SessionSeal), &PLACE, sealed)
        .map_err(|_| VaultError::WrongKey { what: "this session; log in again" })
}

/// What the database stores to find a session by its token. It opens nothing.
pub fn token_lookup(token: &[u8; 32]) -> [u8; 32] {
    *key(token, Purpose::SessionLookup).expose()
}

fn key(token: &[u8; 32], purpose: Purpose) -> Secret32 {
    Secret32::new(*token).derive(purpose, b"")
}
