//! The workspace: the house as pages for people and as an interface for programs, in the officer's own session.
//!
//! It is a door, not a room: each page and each answer is a step of the command line, taken with the session of the person
//! who asked, so permit, event and marking are decided where they are decided for everybody. It refuses: to open a record
//! itself; a form from another page than its own; a script, a font or a picture of another origin; to name a file of the
//! server; to answer in the clear where it was told to encrypt.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed"))]

mod account;
mod answers;
mod api;
mod drawn;
mod ended;
mod events;
mod frame;
mod gate;
mod help;
mod hints;
mod house;
mod line;
mod login;
mod matrix;
mod offered;
mod packed;
mod paper;
mod policy;
mod passkey;
mod query;
mod reasons;
mod screens;
mod server;
mod several;
mod show;
mod steps;
mod taking;
mod upload;
mod viewer;
mod waiting;
mod words;

pub use api::description;
pub use house::{Alone, Heard, House, Listener, Login, Passkey, Person, RECEIVED, Refusal, Sent, UPLOADED, Uploads};
pub use reasons::reason_code;
pub use server::{Settings, Workspace};
pub use steps::{Catalogue, Field, Kind, Step, Typed};
pub use words::Languages;
