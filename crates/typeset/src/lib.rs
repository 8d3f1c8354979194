//! The child that turns JSON into a PDF.
//!
//! [`Typesetter::pdf`] starts the program's own executable again with the hidden argument
//! [`CHILD_ARGUMENT`]; the child puts itself in a cage, reads one [`Request`] from its standard input,
//! sets the pages with typst, checks them as PDF/A-2b (ISO 19005-2) and answers with the file and with
//! the text read back out of the finished file. It opens no file, no socket and no process, knows no
//! clock (the report time is an argument) and fetches no package: the same request gives the same
//! bytes. It does not know what a statement is; that is the business of `report`.

mod cage;
mod child;
mod clusters;
mod fonts;
mod host;
mod press;
mod reading;
mod words;

pub use cage::{Bounds, Cage, Guard, enter as enter_cage};
pub use child::{CHILD_ARGUMENT, child_main};
pub use fonts::family_names;
pub use host::{Limits, Typeset, Typesetter, TypesetError};
pub use reading::{ReadingError, pdf_text};
pub use words::{Refusal, RefusalKind, Request};
