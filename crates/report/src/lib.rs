//! Typed statement blocks to a court paper (law 9).
//!
//! Values in, checked document out: [`lint`] takes a [`Draft`] and refuses it, with every reason at
//! once, until each statement leads to findings, exhibits or events that exist or is marked as own
//! knowledge or legal form, and until everything that speaks for the suspect is listed. [`Linted::request`]
//! is what the `typeset` child sets; [`check_text`] compares the text of the finished PDF with the draft.
//! No I/O, no clock, no keys, and it never sees a permit. Wording per language and rules per
//! jurisdiction are data: machine drafts, printed as such.

mod check;
mod code;
mod draft;
mod jurisdiction;
mod language;
mod lint;
mod page;
mod register;
mod sections;
mod sheet;
mod slip;

pub use check::{TextProblem, check_text};
pub use draft::{
    ActionRecord, AuthorityLine, Checkpoint, CustodyRow, Digest, Draft, ExhibitRow, FindingRow, Header, Instrument,
    NullSearchRow, Officer, PaperMark, Section, Tool, WitnessStatus,
};
pub use jurisdiction::{Jurisdiction, UnknownJurisdiction};
pub use language::{Language, UnknownLanguage};
pub use lint::{KnownObjects, LintError, Linted, lint};
pub use register::{RegisterError, RegisterPage};
pub use sheet::Paper;
pub use slip::{Label, SlipError, SlipEvent, Standing, Transfer};
