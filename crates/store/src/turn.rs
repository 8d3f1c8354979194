//! Whose turn it is to carry out a piece of work, among all machines that share one server.
//!
//! A turn is a lock of the server's that lives as long as its connection: the desk that works holds it, and when that desk,
//! its machine or its line dies, the server lets it go. It is no record: nothing of it is kept, and correctness never
//! rests on it, because each step is written over the version that was read. It refuses to guess: where the records are a
//! file, one machine has them, and the lock in the spool says who works.

use model::Sha256Digest;

use crate::{StoreError, sql, steps::Store};

/// A turn that this desk has.
pub struct Turn(Option<sql::Lock>);

impl Turn {
    /// Whether it still has it: a server that let the connection go has given the turn away.
    ///
    /// # Errors
    /// When it has not.
    pub fn holds(&self) -> Result<(), StoreError> {
        self.0.as_ref().map_or(Ok(()), sql::Lock::holds)
    }
}

impl Store {
    /// Takes the turn at this piece of work; none when a desk on some machine has it.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn take_turn(&self, work: &str) -> Result<Option<Turn>, StoreError> {
        if !self.is_shared() {
            return Ok(Some(Turn(None)));
        }
        let digest = Sha256Digest::of(format!("lanternfish turn\n{work}").as_bytes());
        let key = i64::from_le_bytes(digest.0[..8].try_into().expect("a digest has 32 bytes"));
        Ok(self.db.lock(key)?.map(|lock| Turn(Some(lock))))
    }

    /// Whether other machines may work on the same records.
    pub fn is_shared(&self) -> bool {
        self.db.is_shared()
    }
}
