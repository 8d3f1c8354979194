//! What the store must hold, shown from outside through its public surface and, where the question is
//! "what if somebody edits the file", through a connection of the test's own: permits (laws 1, 15), rows
//! and events together (laws 2, 3), no words in the log (law 10), nobody inside who was not let in
//! (law 13), bytes as they were (laws 5, 7), and a machine that fails (disk, threads, backups).
//! On SQLite and files; `postgres.rs` runs the same tests on PostgreSQL and S3.
#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

#[path = "store/blobs.rs"]
mod blobs;
#[allow(dead_code, reason = "shared with the tests that let a server die")]
#[path = "store/cluster.rs"]
mod cluster;
#[path = "store/drills.rs"]
mod drills;
#[path = "store/erasing.rs"]
mod erasing;
#[path = "store/faults.rs"]
mod faults;
#[path = "store/house.rs"]
mod house;
#[path = "store/index.rs"]
mod index;
#[path = "store/keys.rs"]
mod keys;
#[path = "store/known.rs"]
mod known;
#[allow(dead_code, reason = "shared with the tests of what goes wrong on the way to a bucket")]
#[path = "store/meddle.rs"]
mod meddle;
#[allow(dead_code, reason = "shared with the tests of what goes wrong on the way to a bucket")]
#[path = "store/moto.rs"]
mod moto;
#[path = "store/permits.rs"]
mod permits;
#[path = "store/phrases.rs"]
mod phrases;
#[path = "store/planted.rs"]
mod planted;
#[path = "store/random.rs"]
mod random;
#[path = "store/tamper.rs"]
mod tamper;
#[path = "store/together.rs"]
mod together;
#[path = "store/tokens.rs"]
mod tokens;
