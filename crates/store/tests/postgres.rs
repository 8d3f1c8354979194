//! The same tests as `store.rs`, on a PostgreSQL server of their own with the
//! objects on an S3 server (moto; in files where it is not installed, and one line says so), and what only a server has: roles,
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
#[path = "store/faults.rs"]
mod faults;
#[path = "store/house.rs"]
mod house;
#[path = "store/keys.rs"]
mod keys;
#[allow(dead_code, reason = "shared with the tests of what goes wrong on the way to a bucket")]
#[path = "store/meddle.rs"]
mod meddle;
#[allow(dead_code, reason = "shared with the tests of what goes wrong on the way to a bucket")]
#[path = "store/moto.rs"]
mod moto;
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
#[path = "store/tokens.rs"]
mod tokens;
