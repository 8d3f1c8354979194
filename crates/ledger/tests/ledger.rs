//! Tests of the ledger: laws on random trees, the outside vectors, texts and their mutations.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "ledger/corpus.rs"]
mod corpus;
#[path = "ledger/growths.rs"]
mod growths;
#[path = "ledger/keys.rs"]
mod keys;
#[path = "ledger/notes.rs"]
mod notes;
#[path = "ledger/openssl.rs"]
mod openssl;
#[path = "ledger/receipts.rs"]
mod receipts;
#[path = "ledger/splits.rs"]
mod splits;
#[path = "ledger/tiles.rs"]
mod tiles;
#[path = "ledger/trees.rs"]
mod trees;
#[path = "ledger/vectors.rs"]
mod vectors;
#[path = "ledger/words.rs"]
mod words;
#[path = "ledger/world.rs"]
mod world;
