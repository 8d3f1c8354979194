//! Objects in a bucket of a server that speaks S3, and all that can go wrong on the way to one. The server is
//! moto (PyPI); where it is not installed, one line says SKIPPED and nothing is counted.
#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

#[path = "store/answers.rs"]
mod answers;
#[path = "store/bucket.rs"]
mod bucket;
#[allow(dead_code, reason = "shared with the tests on PostgreSQL")]
#[path = "store/cluster.rs"]
mod cluster;
#[allow(dead_code, reason = "shared with the other tests of the store")]
#[path = "store/house.rs"]
mod house;
#[path = "store/meddle.rs"]
mod meddle;
#[path = "store/moto.rs"]
mod moto;
