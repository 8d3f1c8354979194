//! Tests of the capture child: a real child, real loopback servers, short leases. Nothing leaves the
//! machine: every destination that is not loopback must be refused.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test that cannot go on shall panic")]

#[path = "collect/bench.rs"]
mod bench;
#[path = "collect/browser.rs"]
mod browser;
#[path = "collect/cage.rs"]
mod cage;
#[path = "collect/destination.rs"]
mod destination;
#[path = "collect/fetching.rs"]
mod fetching;
#[path = "collect/hostile.rs"]
mod hostile;
#[path = "collect/https.rs"]
mod https;
#[path = "collect/lease.rs"]
mod lease;
#[path = "collect/proxies.rs"]
mod proxies;
#[path = "collect/spool.rs"]
mod spool;
#[path = "collect/stopping.rs"]
mod stopping;
#[path = "collect/walls.rs"]
mod walls;
#[path = "collect/withholding.rs"]
mod withholding;
