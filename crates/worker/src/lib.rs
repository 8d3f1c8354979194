//! Record batches of pages in, record batches of rows out: the extraction of the house inside another program's cluster.
//! Reads an Arrow IPC stream with the columns `url` and `bytes`, writes one with a row for each thing found, and holds one
//! batch at a time. What finds things is given as a closure, so that rooms do not import rooms.
//!
//! It refuses every stream that it cannot read wholly and exactly: other columns, missing values, compression, lengths
//! that its bytes do not bear out, a stream that stops before its end mark, and bytes behind it. Rows that were written
//! before stand as whole batches; the end mark is written only after the last page, so a part is never taken for the whole.
//! It shows no private key, seed phrase, card or login unless it is told to: there is no log here that a viewing could
//! stand in. It opens no file, asks no network, touches no case.

mod mask;
mod rows;
mod stream;

use std::io::{self, Read, Write};

use model::selector::FoundSelector;

use crate::{mask::Mask, rows::Rows, stream::Pages};

pub use crate::rows::COLUMNS;

/// The longest address that stands in a row, in bytes: a longer one is cut, and a row says so. It stands in every row of
/// its page, so a stranger could make it cost a thousand times its length.
pub const LONGEST_URL: usize = 64 << 10;

/// How it is done.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What stands in the metadata of the schema that is written: names and texts.
    pub about: &'a [(&'a str, &'a str)],
    /// The longest body of one record batch, in bytes. Somebody who needs more makes smaller batches.
    pub longest_batch: u64,
    /// Whether values that open a wallet, an account or a key are written as they are.
    pub reveal: bool,
}

/// What is found in a page.
#[derive(Debug, Clone)]
pub enum Found {
    /// A selector. Those of one page come before everything else that has a place, in the order of their places.
    Selector(FoundSelector),
    /// Something else: a listing, a post, a message, or a note about what was not read.
    Other {
        /// What it is, in one word.
        kind: &'static str,
        /// First byte in the page and one past the last, where it has a place.
        place: Option<(u64, u64)>,
        /// All of it as one JSON object.
        json: String,
    },
}

/// A note about what was not read of a page.
pub fn note(words: &str) -> Found {
    let json = serde_json::json!({"kind": "note", "note": words}).to_string();
    Found::Other { kind: "note", place: None, json }
}

/// What went through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Record batches that were read.
    pub batches: u64,
    /// Pages in them.
    pub pages: u64,
    /// Bytes of these pages.
    pub bytes: u64,
    /// Rows that were written.
    pub rows: u64,
}

/// Why it ended early.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The stream is not what the worker reads.
    #[error("record batch {batch} of the stream: {why}")]
    Stream {
        /// Which message after the schema, counted from 1; 0 is the schema.
        batch: u64,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The stream could not be read.
    #[error("reading the stream: {0}")]
    Reading(#[source] io::Error),
    /// The rows could not be written.
    #[error("writing the rows: {0}")]
    Writing(#[source] io::Error),
}

/// Reads pages until the end mark and writes what `extract` finds in them, in the order of the pages. `extract` gives each
/// thing as it finds it, so that a page of any length takes no more room than a window of it and a batch of rows.
///
/// # Errors
/// A stream that cannot be read wholly, and faults of input and output. What was written before is whole.
pub fn run(
    input: impl Read, output: impl Write, terms: &Terms<'_>, extract: impl Fn(&str, &[u8], &mut dyn FnMut(Found)),
) -> Result<Done, WorkerError> {
    let mut pages = Pages::open(input, terms.longest_batch)?;
    let mut rows = Rows::begin(output, terms.about)?;
    let mut done = Done::default();
    while let Some(batch) = pages.next_batch()? {
        done.batches += 1;
        for (url, bytes) in batch.pages() {
            done.pages += 1;
            done.bytes += bytes.len() as u64;
            done.rows += page(url, bytes, terms.reveal, &mut rows, &extract)?;
        }
        rows.write()?;
    }
    rows.end()?;
    Ok(done)
}

/// The rows of one page, and how many there are.
fn page<W: Write>(
    url: &str, bytes: &[u8], reveal: bool, rows: &mut Rows<W>, extract: impl Fn(&str, &[u8], &mut dyn FnMut(Found)),
) -> Result<u64, WorkerError> {
    let shown = &url[..url.floor_char_boundary(LONGEST_URL)];
    let (mut mask, mut count, mut outcome) = (Mask::new(reveal), 0, Ok(()));
    let mut add = |found| {
        if outcome.is_ok() {
            count += 1;
            outcome = rows.add(shown, &mask.over(found));
        }
    };
    if shown.len() < url.len() {
        add(note(&format!("the address of this page has {} bytes; the first {} stand here", url.len(), shown.len())));
    }
    extract(url, bytes, &mut add);
    outcome.map(|()| count)
}

/// Target of the fuzzer: any bytes are a stream or an error, never a panic, and what comes out is a stream that the
/// same reader's rules call whole exactly when the run said so.
pub fn fuzz_stream(bytes: &[u8]) {
    const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let found = |_: &str, page: &[u8], each: &mut dyn FnMut(Found)| {
        let place = Some((0, page.len() as u64));
        each(Found::Other { kind: "fuzz", place, json: "{}".into() });
    };
    let mut written = Vec::new();
    let ran = run(bytes, &mut written, &Terms { about: &[], longest_batch: 1 << 30, reveal: false }, found);
    assert_eq!(ran.is_ok(), written.ends_with(&END));
    if let Ok(done) = ran {
        assert!(done.rows >= done.pages && done.rows <= 2 * done.pages);
        assert!(done.bytes <= bytes.len() as u64 * done.pages.max(1));
    }
}
