//! The capture child and what the desk needs to run it: a signed order in, a signed spool out.
//!
//! The child ([`child_main`]) works on an order that the desk signs for at most 30 s at a time. When
//! the lease lapses or is replaced by anything but a good renewal, it stops, also in mid-download and
//! also when the desk is dead (laws 1 and 15). It keeps raw bytes as received in a WARC 1.1 file
//! (ISO 28500:2017), encrypted while it is written, and signs what it did as its very last act:
//! without that record the bytes are never evidence.
//!
//! By loopback or through Tor: for Tor the child first raises [`walls`] that leave it nothing but its spool and
//! the proxy's socket, and tries every other way out ([`battery`]); one that is open ends the session.
//!
//! It refuses: every destination but loopback, v3 onion services through Tor, or, by a transport of its own, names of
//! the open net through Tor's exits ([`destination`]), every name
//! look-up, redirects that the order does not list, cookies but those of a persona ([`withhold`]), scripts but in a [`browser`] that has no network and only where
//! the order says so, and reading anything but its own
//! spool. It never
//! sees a permit, a database or a case key. What a capture cannot prove stays unsaid: the record tells
//! who captured and when, **not that the server said it**.
//!
//! The desk's side, in short:
//!
//! ```no_run
//! # use std::{path::Path, thread::sleep, time::Duration};
//! # use ed25519_dalek::SigningKey;
//! # fn capture(spool: &Path, order: &model::capture::Order, desk_key: &SigningKey, child_seed: [u8; 32],
//! #     identity: &age::x25519::Identity, permit_lives: impl Fn() -> bool) -> Result<(), Box<dyn std::error::Error>> {
//! let collector = collect::Collector::new(std::env::current_exe()?);
//! let mut running = collector.start(spool, order, desk_key, child_seed)?;
//! let mut rounds = 0;
//! while running.poll().is_none() {
//!     sleep(Duration::from_millis(100));
//!     rounds += 1;
//!     if !permit_lives() {
//!         running.withdraw()?;
//!     } else if rounds % 100 == 0 {
//!         let next = collect::renewed(running.order(), collect::clock::Now::read().wall, 30);
//!         running.renew(&next)?;
//!     }
//! }
//! let child_key = SigningKey::from_bytes(&child_seed).verifying_key();
//! let record = collect::examine_spool(spool, &child_key, identity)?;
//! let warc = collect::open_warc(spool, identity)?; // std::io::Read
//! # drop((record, warc));
//! # Ok(())
//! # }
//! ```
//!
//! `order.json` and `record.json` hold addresses in the clear: the desk removes the spool once it has
//! admitted or refused it.

pub mod battery;
pub mod browser;
pub mod cage;
pub mod canary;
mod capture;
mod child;
mod wire;
pub mod clock;
pub mod collector;
pub mod control;
pub mod destination;
pub mod envelope;
mod holding;
mod gate;
pub mod keeper;
pub mod lease;
pub mod onion;
pub mod openname;
mod proof;
pub mod progress;
pub mod relay;
pub mod response;
mod room;
pub mod socks;
pub mod spool;
mod tls;
pub mod tor;
pub mod walls;
pub mod warc;
pub mod withhold;

pub use browser::browser_main;
pub use child::child_main;
pub use keeper::{Shared, keeper_main};
pub use collector::{Collector, CollectorError, Running, Through, order_digest, renewed};
pub use proof::{NotProved, proves};
pub use spool::{SpoolError, WarcReader, examine_spool, open_warc, read_record};

/// TCP to this machine's own loopback addresses.
pub const LOOPBACK_DIRECT: &str = "loopback-direct";
/// Through the socket of a Tor process, from behind [`walls`] that leave no other way.
pub const TOR: &str = "tor";
/// To names of the open net through the exits of the same Tor, from behind the same [`walls`], by a socket of its own
/// that leads to no onion service.
pub const TOR_EXIT: &str = "tor-exit";
/// To names of the open net through a SOCKS5 proxy of the agency, from behind the same [`walls`].
pub const PROXY: &str = "proxy";
/// To names of I2P through the SOCKS5 proxy of an I2P router, from behind the same [`walls`].
pub const I2P: &str = "i2p";

/// The longest that a collector may take for an order, in milliseconds, renewals and its own end apart.
pub fn longest_ms(order: &model::capture::Order) -> u64 {
    let each = order.timeout_ms.saturating_add(order.pause_ms.unwrap_or(0));
    if order.browser.is_some() { browser::longest_ms(order) } else { each.saturating_mul(order.urls.len() as u64) }
}

/// Whether a transport works only from behind [`walls`].
pub fn is_walled(transport: &str) -> bool {
    is_labelled(transport) || is_proxied(transport)
}

/// Whether a transport separates circuits by a label.
pub fn is_labelled(transport: &str) -> bool {
    [TOR, TOR_EXIT].contains(&transport)
}

/// Whether a transport goes through a proxy that somebody named; the order's network is `proxy:NAME`.
pub fn is_proxied(transport: &str) -> bool {
    [PROXY, I2P].contains(&transport)
}

/// Tool name and version, as capture records and WARC files state it.
pub const TOOL: &str = concat!("lanternfish-collect ", env!("CARGO_PKG_VERSION"));
