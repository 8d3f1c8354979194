//! What the vault must hold: keys open for those they were wrapped to and nobody else (law 13), and
//! bytes come back as they were stored or not at all (law 5).
#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

#[path = "vault/backup.rs"]
mod backup;
#[path = "vault/blob.rs"]
mod blob;
#[path = "vault/keys.rs"]
mod keys;
#[path = "vault/object.rs"]
mod object;
#[path = "vault/shares.rs"]
mod shares;
#[path = "vault/wrap.rs"]
mod wrap;
