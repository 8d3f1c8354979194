//! The life of a case, step by step: intake, authority, admission, custody, capture, examination,
//! conclusion, report, package.
//!
//! Every step has one shape, `step(desk, scope, permit, input)`: it checks that the permit is for its
//! action, asks rooms for values, and commits rows with their event. It refuses to hold a key, to
//! speak SQL and to open a stranger's bytes itself; those are `store` and the `parse` child.

pub mod accident;
pub mod admit;
pub mod authority;
pub mod capture;
pub mod case;
pub mod charges;
mod classes;
pub mod conclude;
pub mod contact;
mod cover;
pub mod crawl;
pub mod custody;
pub mod doctor;
pub mod elsewhere;
pub mod erasure;
pub mod errata;
pub mod examine;
mod facts;
pub mod filter;
pub mod graph;
pub mod inside;
pub mod intake;
pub mod keys;
pub mod known;
pub mod logbook;
pub mod material;
pub mod minimise;
mod office;
pub mod opening;
pub mod package;
pub mod page;
pub mod papers;
pub mod persona;
pub mod proxy;
mod reading;
pub mod reclassify;
mod report_draft;
pub mod report_step;
pub mod release;
mod row;
pub mod rows;
pub mod search;
pub mod serving;
pub mod subject;
pub mod timeline;
pub mod token;
pub mod twice;
pub mod viewing;
pub mod watch;
pub mod witness;

pub use office::{Desk, TOOL, restore};
pub use row::{case_label, erasure_label, exhibit_label, finding_label, parse_label, subject_label};
pub use store::StoreError as DeskError;
pub use store::{Alone, FactorView, First, NewApp, NewDoor, PasskeyAnswer, Second, SessionView, TokenHolder, is_token};
pub use store::{Config, Database, Home, Intent, Known, LogReport, ObjectStore, Permit, Replayed, Scope, Server, Session, TimeAuthority, User, signature_holds};
