//! Synthetic worlds: what tests and trainers need so that nobody practises on real people.
//!
//! Today: [`tor`], a private Tor network on this machine's loopback. It refuses every address but
//! loopback, and it never speaks with the public Tor network.

pub mod tor;
