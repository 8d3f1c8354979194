//! Bytes between two agencies' nodes: a checkpoint goes out, a cosignature comes back (law 8).
//!
//! Mutual TLS 1.3 where each side knows exactly one certificate of the other, one small HTTP exchange a
//! connection, everything bounded in bytes and seconds. No name is looked up, no proxy is used, no
//! redirect followed. Nothing is decided here: `desk` judges what was carried.

mod ask;
mod http;
mod link;
mod serve;

pub use ask::{ask_all, child_main};
pub use serve::serve;
