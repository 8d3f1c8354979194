//! Tests of the parse child: the cage, the formats, hostile bytes, a hostile child, and the limits.
//! Formats are checked against independent writers and against counts that another program made.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "parse/cage.rs"]
mod cage;
#[path = "parse/captures.rs"]
mod captures;
#[path = "parse/documents.rs"]
mod documents;
#[path = "parse/formats.rs"]
mod formats;
#[path = "parse/hostile.rs"]
mod hostile;
#[path = "parse/mail.rs"]
mod mail;
#[path = "parse/large.rs"]
mod large;
#[path = "parse/ocr.rs"]
mod ocr;
#[path = "parse/pages.rs"]
mod pages;
#[path = "parse/pdf_pictures.rs"]
mod pdf_pictures;
#[path = "parse/pictures.rs"]
mod pictures;
#[path = "parse/property.rs"]
mod property;
#[path = "parse/protocol.rs"]
mod protocol;
#[path = "parse/support.rs"]
mod support;
