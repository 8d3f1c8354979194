//! The child that opens strangers' bytes (law 14), and the host side that watches it.
//!
//! Two halves live here. [`child_main`] runs in a process of its own: it enters a cage (no file
//! system, no network, no new process, bounded memory and time) before it reads one byte, asks its
//! host for bytes by offset, and sends back members, findings and selectors as frames.
//! [`run`] is the host: it starts the child, answers its reads from a [`Source`], checks the order
//! and size of every frame, recomputes every digest, and hands what is sound to a [`Sink`].
//!
//! The child is trusted no more than the bytes it reads. What it refuses to do: open a file, a
//! socket or a key; start a process; decide anything. What the host refuses: a frame out of order,
//! a digest that does not match, more bytes, members, depth or time than the [`Budget`] allows.
//! Hostile input ends as a [`Finding`], never as a crash of the house.
//!
//! Formats, by content and never by name: WARC 1.0/1.1 (ISO 28500), ARC 1.0 (Internet Archive),
//! ZIP and WACZ (APPNOTE 6.3, zip64), gzip (RFC 1952), tar (POSIX ustar, pax, GNU long names), and
//! HTTP/1.x messages inside records (RFC 9112), mail (RFC 5322, MIME) and mbox. Text is taken out of PDF
//! (ISO 32000-1) and out of what pictures say of themselves (EXIF, XMP, PNG). The points of a picture are
//! decoded only on their own order ([`Task::Picture`]), in a child that reads nothing else; pictures of a PDF are
//! taken out of it as they are.

#[cfg(not(target_os = "linux"))]
compile_error!("the parse child needs Linux: its cage is Landlock, seccomp and resource limits");

mod arc;
mod base32;
mod budget;
mod cage;
mod child;
mod codes;
mod context;
mod declared;
mod gather;
mod grey;
mod guard;
mod gzip;
mod harvest;
mod host;
mod http;
mod jbig2;
mod kind;
mod mail;
mod member;
mod ocr;
mod pdf;
mod picture;
mod probe;
mod scan;
mod sniff;
mod tap;
mod tarball;
mod tiff;
mod unpack;
mod warc;
mod wire;
mod words;
mod zipfile;

pub mod fuzz;

pub use budget::Budget;
pub use cage::{Bounds, Cage, CageOptions, CageReport, enter as enter_cage};
pub use grey::{MOST_PICTURE, is_picture};
pub use child::{child_main, child_main_in};
pub use harvest::READ_PAGE;
pub use host::{ParseError, Sink, SinkError, Source, run};
pub use member::{
    Container, DigestCheck, Ended, EntryType, Finding, FindingKind, HttpHead, MemberHead, MemberTail, Outcome, RawName,
    Rejected, Summary, Task, WarcHead,
};
pub use ocr::{CONFIGURATION as OCR_CONFIGURATION, Installed, LANGUAGES, OCR_ARGUMENT, OcrError, PACKAGES as OCR_PACKAGES, Table, data_of, find as find_ocr, ocr_main, read as read_words, version as ocr_version};
pub use probe::{Attempt, ProbeReport};

/// The hidden argument under which the product's executable becomes the child.
pub const CHILD_ARGUMENT: &str = "__parse";
