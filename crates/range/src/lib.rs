//! Synthetic worlds: what tests and trainers need so that nobody practises on real people.
//!
//! [`tor`], a private Tor network on this machine's loopback: it refuses every address but
//! loopback, and it never speaks with the public Tor network. [`pages`], seeded pages with planted
//! selectors, and the scorer of what a scanner found on them.

pub mod pages;
pub mod tor;
