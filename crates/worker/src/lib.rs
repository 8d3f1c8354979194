//! Record batches of pages in, record batches of selector rows out: the extraction of the house inside another program's
//! cluster. Reads an Arrow IPC stream with the columns `url` and `bytes`, writes one with a row for each selector, and
//! holds one batch at a time. What finds selectors is given as a closure, so that rooms do not import rooms.
//!
//! It refuses every stream that it cannot read wholly and exactly: other columns, missing values, compression, lengths
//! that its bytes do not bear out, and a stream that stops before its end mark. Rows that were written before stand as
//! whole batches; the end mark is written only after the last page, so a part is never taken for the whole. It opens no
//! file, asks no network, touches no case.

mod rows;
mod stream;

use std::io::{self, Read, Write};

use model::selector::FoundSelector;

use crate::{rows::Rows, stream::Pages};

pub use crate::rows::COLUMNS;

/// The longest body of one record batch, in bytes. Somebody who needs more makes smaller batches.
pub const LONGEST_BATCH: u64 = 1 << 30;

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

/// Reads pages until the end mark and writes the rows that `extract` finds in them, in the order of the pages. `method`
/// stands in the metadata of the schema that is written, so that a row's rules can be named later.
///
/// # Errors
/// A stream that cannot be read wholly, and faults of input and output. What was written before is whole.
pub fn run(
    input: impl Read, output: impl Write, method: &str, extract: impl Fn(&str, &[u8]) -> Vec<FoundSelector>,
) -> Result<Done, WorkerError> {
    let mut pages = Pages::open(input)?;
    let mut rows = Rows::begin(output, method)?;
    let mut done = Done::default();
    while let Some(batch) = pages.next_batch()? {
        done.batches += 1;
        for (url, bytes) in batch.pages() {
            done.pages += 1;
            done.bytes += bytes.len() as u64;
            for found in extract(url, bytes) {
                done.rows += 1;
                rows.add(url, &found)?;
            }
        }
        rows.write()?;
    }
    rows.end()?;
    Ok(done)
}

/// Target of the fuzzer: any bytes are a stream or an error, never a panic, and what comes out is a stream that the
/// same reader's rules call whole exactly when the run said so.
pub fn fuzz_stream(bytes: &[u8]) {
    const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let found = |url: &str, page: &[u8]| {
        let one = FoundSelector {
            selector_type: model::selector::SelectorType::Url,
            value: url.to_owned(),
            state: model::selector::SelectorState::Unverifiable,
            reason: "fuzz".into(),
            start: 0,
            end: page.len() as u64,
            rivals: Vec::new(),
            chance: None,
            context: Vec::new(),
            steps: Vec::new(),
        };
        vec![one]
    };
    let mut written = Vec::new();
    let ran = run(bytes, &mut written, "fuzz", found);
    assert_eq!(ran.is_ok(), written.ends_with(&END));
    if let Ok(done) = ran {
        assert_eq!(done.rows, done.pages);
        assert!(done.bytes <= bytes.len() as u64 * done.pages.max(1));
    }
}
