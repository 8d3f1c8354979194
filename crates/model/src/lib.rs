//! The words of a case.
//!
//! Types, state machines and the pure [`authorize`](authorize::authorize) function. No I/O, no clock,
//! no randomness, no keys: time, identity and chance arrive as arguments, so a case replays byte for
//! byte. What two rooms both need to say stands here; what only one needs does not.

pub mod action;
pub mod actor;
pub mod authority;
pub mod authorize;
pub mod canonical;
pub mod capture;
pub mod charge;
pub mod chat;
pub mod compare;
pub mod crawl;
pub mod custody;
pub mod digest;
pub mod disclosure;
pub mod event;
pub mod exhibit;
pub mod filter;
pub mod graph;
pub mod finding;
pub mod id;
pub mod known;
pub mod law;
pub mod listing;
pub mod mail;
pub mod material;
pub mod moment;
pub mod package;
pub mod persona;
pub mod restricted;
pub mod release;
mod quoted;
pub mod selector;
pub mod separation;
pub mod statement;
pub mod subject;
pub mod timeline;
pub mod token;
pub mod viewing;

pub use digest::Sha256Digest;
pub use law::Law;
pub use moment::Moment;
pub use quoted::quoted;
