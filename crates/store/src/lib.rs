//! Records, blobs, index, permits and keys: the floor that `desk` stands on.
//!
//! It refuses: bytes without a [`Permit`], reads without a [`Scope`], rows without an event (law 2),
//! a case key for the node (law 13), bytes that do not match their digest (law 5). Only `desk` uses it.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed"))]

mod asking;
mod backup_plan;
mod blobs;
mod bucket;
mod chain;
mod dump;
mod erasure;
mod error;
mod factor;
pub mod fuzz;
mod health;
pub mod index;
mod home;
mod known;
mod log;
mod objects;
mod passkey_door;
mod permit;
mod people;
mod reading;
mod record;
mod safeguard;
mod sequencer;
mod session;
mod sessions;
mod sql;
mod steps;
mod tokens;
mod turn;
pub mod vault;

pub use asking::case_label;
pub use backup_plan::{BackupPlan, BackupTrouble, PlannedBackup};
pub use blobs::{BlobContent, BlobHandle, NewBlob, ReadableBlob, class_of};
pub use erasure::{Replayed, ToErase, Tombstone};
pub use error::StoreError;
pub use factor::{FactorView, NewApp, PasskeyAnswer, Second};
pub use health::LastBackup;
pub use home::{Config, Database, Home, ObjectStore, TimeAuthority, write_private};
pub use known::{Digests, KeptList, OpenList, ReadList, salted};
pub use log::{LogReport, NewEvent, StoredEvent};
pub use people::{CaseKeyWrap, First, NewKeys, User};
pub use objects::{Keeping, ObjectReader};
pub use passkey_door::{Alone, NewDoor};
pub use permit::{Intent, Permit, Scope};
pub use record::{Basis, Content, Head, Number, Row, Write};
pub use safeguard::{Known, Server};
pub use session::{Bundle, Session, UserRecord, signature_holds};
pub use sessions::SessionView;
pub use steps::{Committed, Store};
pub use tokens::{MadeToken, TokenHolder, TokenView, TokenWish, is_token};
pub use turn::Turn;
