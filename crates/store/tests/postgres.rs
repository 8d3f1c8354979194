//! The same tests as `store.rs`, on a PostgreSQL server of their own, and what only a server has: roles,
//! row-level security, a connection that breaks. Where no PostgreSQL 15 is installed, one line says
//! SKIPPED and nothing is counted.
#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

#[path = "store/blobs.rs"]
mod blobs;
#[path = "store/cluster.rs"]
mod cluster;
#[path = "store/drills.rs"]
mod drills;
#[path = "store/erasing.rs"]
mod erasing;
#[path = "store/house.rs"]
mod house;
#[path = "store/keys.rs"]
mod keys;
#[path = "store/permits.rs"]
mod permits;
#[path = "store/planted.rs"]
mod planted;
#[path = "store/random.rs"]
mod random;
#[path = "store/server.rs"]
mod server;
#[path = "store/tamper.rs"]
mod tamper;
#[path = "store/together.rs"]
mod together;
