//! The stream that is read: Arrow's encapsulated messages, one at a time. Arrow's crate reads the head of a message, which
//! its checker has looked through; the two columns are read here, byte by byte. Arrow's own decoder trusts the lengths that
//! a message names and stops the program when one is odd.
//!
//! It refuses every length and every place that the bytes do not bear out, before it makes room for them.

use std::{io::Read, ops::Range};

use arrow_ipc::{Endianness, Message, MessageHeader, MetadataVersion, RecordBatch, Type, root_as_message};

use crate::WorkerError;

/// Begins every message since Arrow 0.15.
const MARK: [u8; 4] = [0xff; 4];
/// The longest head of a message, in bytes: the schema with what Python's tools write beside it.
const LONGEST_HEAD: u64 = 1 << 20;
/// Memory that is asked for before the bytes have come.
const FIRST: u64 = 16 << 20;

/// Pages, batch by batch.
pub struct Pages<R> {
    input: R,
    kinds: [Kind; 2],
    batch: u64,
    longest: u64,
}

/// A column of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    is_url: bool,
    /// Bytes of an offset: 4, or 8 in the large kinds.
    width: usize,
}

/// One record batch, whose every place was looked at.
pub struct Batch {
    body: Vec<u8>,
    rows: usize,
    url: Column,
    bytes: Column,
}

/// Where a column stands in the body.
#[derive(Debug, Clone)]
struct Column {
    offsets: Range<usize>,
    width: usize,
    values: Range<usize>,
}

impl Column {
    /// One of the places that part the values.
    fn offset(&self, body: &[u8], number: usize) -> Option<usize> {
        let at = self.offsets.start.checked_add(number.checked_mul(self.width)?)?;
        let bytes = body[self.offsets.clone()].get(at - self.offsets.start..)?.get(..self.width)?;
        // Little-endian, as the schema said.
        let value = bytes.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        usize::try_from(value).ok()
    }

    /// The bytes of one row; nothing when its places do not lie in the column.
    fn value<'a>(&self, body: &'a [u8], row: usize) -> Option<&'a [u8]> {
        body[self.values.clone()].get(self.offset(body, row)?..self.offset(body, row.checked_add(1)?)?)
    }
}

impl Batch {
    /// Each address with its bytes, in the order of the rows.
    pub fn pages(&self) -> impl Iterator<Item = (&str, &[u8])> {
        (0..self.rows).filter_map(|row| self.page(row))
    }

    /// Nothing when a place lies outside its column, or an address is no UTF-8.
    fn page(&self, row: usize) -> Option<(&str, &[u8])> {
        let url = std::str::from_utf8(self.url.value(&self.body, row)?).ok()?;
        Some((url, self.bytes.value(&self.body, row)?))
    }
}

impl<R: Read> Pages<R> {
    /// Reads the schema.
    pub fn open(mut input: R, longest: u64) -> Result<Self, WorkerError> {
        let refuse = |why: &str| WorkerError::Stream { batch: 0, why: why.to_owned() };
        let Some(head) = head(&mut input, 0)? else { return Err(refuse("the stream ends before its schema")) };
        let message = message(&head, 0)?;
        let fields = message.header_as_schema().ok_or_else(|| refuse("the stream does not begin with a schema"))?;
        if fields.endianness() != Endianness::Little {
            return Err(refuse("its numbers are big-endian: write them little-endian"));
        }
        if message.bodyLength() != 0 {
            return Err(refuse("the schema has a body"));
        }
        let kinds: Vec<Option<Kind>> = fields.fields().into_iter().flatten().take(3).map(|field| kind(&field)).collect();
        match kinds.as_slice() {
            &[Some(first), Some(second)] if first.is_url != second.is_url => Ok(Pages { input, kinds: [first, second], batch: 0, longest }),
            _ => Err(refuse("its columns must be `url` (Utf8 or LargeUtf8) and `bytes` (Binary or LargeBinary), and no others: select them first")),
        }
    }

    /// The next batch, or nothing after the end mark. Empty batches are read as such.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, WorkerError> {
        self.batch += 1;
        let Some(head) = head(&mut self.input, self.batch)? else { return self.ended() };
        let message = message(&head, self.batch)?;
        let length = self.length(&message)?;
        let parts = self.parts(&message)?;
        let [url, bytes] = self.columns(&parts, length)?;
        let rows = usize::try_from(parts.length()).map_err(|_| self.refuse("it has a negative number of rows"))?;
        let batch = Batch { body: exactly(&mut self.input, length, self.batch)?, rows, url, bytes };
        match (0..rows).find(|row| batch.page(*row).is_none()) {
            None => Ok(Some(batch)),
            Some(row) => Err(self.refuse(format!("row {row}: its `url` is no UTF-8, or it names bytes outside its column"))),
        }
    }

    /// Behind the end mark there is nothing: a second stream there would be left out in silence.
    fn ended(&mut self) -> Result<Option<Batch>, WorkerError> {
        let more = self.input.by_ref().take(1).read_to_end(&mut Vec::new()).map_err(WorkerError::Reading)?;
        if more == 0 { Ok(None) } else { Err(self.refuse("bytes follow its end mark: give each stream to a worker of its own")) }
    }

    fn refuse(&self, why: impl Into<String>) -> WorkerError {
        WorkerError::Stream { batch: self.batch, why: why.into() }
    }

    fn length(&self, message: &Message<'_>) -> Result<u64, WorkerError> {
        let length = u64::try_from(message.bodyLength()).map_err(|_| self.refuse("its length is negative"))?;
        if length > self.longest {
            return Err(self.refuse(format!("its body has {length} bytes, and at most {} are taken: make smaller batches, or give the worker more memory", self.longest)));
        }
        Ok(length)
    }

    /// What the head says of the batch, once it is of the kind that is read.
    fn parts<'a>(&self, message: &Message<'a>) -> Result<RecordBatch<'a>, WorkerError> {
        let Some(parts) = message.header_as_record_batch() else {
            return Err(self.refuse(match message.header_type() {
                MessageHeader::Schema => "a second schema",
                MessageHeader::DictionaryBatch => "a dictionary: write plain columns",
                _ => "a message that is no record batch",
            }));
        };
        if parts.compression().is_some() {
            return Err(self.refuse("it is compressed: write it without compression"));
        }
        let mut nodes = parts.nodes().into_iter().flatten();
        if parts.nodes().map_or(0, |nodes| nodes.len()) != 2 || nodes.clone().any(|node| node.length() != parts.length()) {
            return Err(self.refuse("its parts do not fit its columns"));
        }
        if nodes.any(|node| node.null_count() != 0) {
            return Err(self.refuse("a `url` or `bytes` is missing (null): leave such rows out and count them yourself"));
        }
        Ok(parts)
    }

    /// Where `url` and `bytes` stand in the body: for each of the two columns validity, offsets and values.
    fn columns(&self, parts: &RecordBatch<'_>, length: u64) -> Result<[Column; 2], WorkerError> {
        let inside = |buffer: &arrow_ipc::Buffer| {
            let start = u64::try_from(buffer.offset()).ok()?;
            let end = start.checked_add(u64::try_from(buffer.length()).ok()?)?;
            let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
            (end <= length).then_some(range)
        };
        let buffers: Option<Vec<Range<usize>>> = parts.buffers().into_iter().flatten().take(7).map(inside).collect();
        let buffers = buffers.ok_or_else(|| self.refuse("it names bytes outside its body"))?;
        let [_, first_offsets, first_values, _, second_offsets, second_values] =
            <[Range<usize>; 6]>::try_from(buffers).map_err(|_| self.refuse("its parts do not fit its columns"))?;
        let [first, second] = self.kinds;
        let first_column = Column { offsets: first_offsets, width: first.width, values: first_values };
        let second_column = Column { offsets: second_offsets, width: second.width, values: second_values };
        Ok(if first.is_url { [first_column, second_column] } else { [second_column, first_column] })
    }
}

/// A column as the worker reads it; nothing for every other kind.
fn kind(field: &arrow_ipc::Field<'_>) -> Option<Kind> {
    let (is_url, width) = match (field.name()?, field.type_type()) {
        ("url", Type::Utf8) => (true, 4),
        ("url", Type::LargeUtf8) => (true, 8),
        ("bytes", Type::Binary) => (false, 4),
        ("bytes", Type::LargeBinary) => (false, 8),
        _ => return None,
    };
    let flat = field.dictionary().is_none() && field.children().is_none_or(|children| children.is_empty());
    flat.then_some(Kind { is_url, width })
}

/// The head of the next message; nothing at the end mark. A stream that stops without one is refused: whoever made it may
/// have died, and its part must not be taken for the whole.
fn head(input: &mut impl Read, batch: u64) -> Result<Option<Vec<u8>>, WorkerError> {
    let prefix = exactly(input, 8, batch)?;
    let (mark, length) = prefix.split_at(4);
    let refuse = |why: &str| WorkerError::Stream { batch, why: why.to_owned() };
    if mark != MARK {
        let file = prefix.starts_with(b"ARROW1");
        return Err(refuse(if file { "this is an Arrow file: write an Arrow IPC stream" } else { "this is no Arrow IPC stream" }));
    }
    let length = u64::from(length.iter().rev().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)));
    match length {
        0 => Ok(None),
        1..=LONGEST_HEAD => exactly(input, length, batch).map(Some),
        _ => Err(refuse("the head of a message is longer than 1 MiB")),
    }
}

fn message(head: &[u8], batch: u64) -> Result<Message<'_>, WorkerError> {
    let refuse = |why: String| WorkerError::Stream { batch, why };
    let message = root_as_message(head).map_err(|e| refuse(format!("the head of a message cannot be read: {e}")))?;
    if message.version() != MetadataVersion::V5 && message.version() != MetadataVersion::V4 {
        return Err(refuse("the stream is of a version before Arrow 0.15".into()));
    }
    Ok(message)
}

/// So many bytes, with memory for them only as they come.
fn exactly(input: &mut impl Read, length: u64, batch: u64) -> Result<Vec<u8>, WorkerError> {
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(FIRST)).unwrap_or(0));
    let read = input.by_ref().take(length).read_to_end(&mut bytes).map_err(WorkerError::Reading)?;
    if read as u64 == length {
        return Ok(bytes);
    }
    Err(WorkerError::Stream { batch, why: "the stream stops in the middle, or without its end mark: it is not the whole".into() })
}
