//! The stream that is read: Arrow's encapsulated messages, one at a time. Every length is held against a bound and against
//! the bytes that are there before Arrow's own decoder sees the message, because that decoder trusts the places that a
//! message names. Only flat columns of text and bytes reach it.

use std::{collections::HashMap, io::Read, sync::Arc};

use arrow_array::{RecordBatch, cast::AsArray};
use arrow_ipc::{Endianness, Message, MessageHeader, MetadataVersion, Type, reader::RecordBatchDecoder, root_as_message};
use arrow_schema::{DataType, Field, Schema};

use crate::{LONGEST_BATCH, WorkerError};

/// Begins every message since Arrow 0.15.
const MARK: [u8; 4] = [0xff; 4];
/// The longest head of a message, in bytes: the schema with what Python's tools write beside it.
const LONGEST_HEAD: u64 = 1 << 20;
/// Memory that is asked for before the bytes have come.
const FIRST: u64 = 16 << 20;
/// Validity, offsets and values, for each of the two columns.
const BUFFERS: usize = 6;

/// Pages, batch by batch.
pub struct Pages<R> {
    input: R,
    schema: Arc<Schema>,
    url: usize,
    batch: u64,
}

/// One record batch.
pub struct Batch {
    columns: RecordBatch,
    url: usize,
}

impl Batch {
    /// Each address with its bytes, in the order of the rows.
    pub fn pages(&self) -> impl Iterator<Item = (&str, &[u8])> {
        (0..self.columns.num_rows()).map(|row| (text(&self.columns, self.url, row), bytes(&self.columns, 1 - self.url, row)))
    }
}

fn text(columns: &RecordBatch, column: usize, row: usize) -> &str {
    let column = columns.column(column);
    column.as_string_opt::<i32>().map_or_else(|| column.as_string::<i64>().value(row), |short| short.value(row))
}

fn bytes(columns: &RecordBatch, column: usize, row: usize) -> &[u8] {
    let column = columns.column(column);
    column.as_binary_opt::<i32>().map_or_else(|| column.as_binary::<i64>().value(row), |short| short.value(row))
}

impl<R: Read> Pages<R> {
    /// Reads the schema.
    pub fn open(mut input: R) -> Result<Self, WorkerError> {
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
        let columns: Vec<Field> = fields.fields().into_iter().flatten().take(3).filter_map(|field| column(&field)).collect();
        let names: Vec<&str> = columns.iter().map(|field| field.name().as_str()).collect();
        let wanted = fields.fields().is_some_and(|all| all.len() == 2);
        let url = match names.as_slice() {
            ["url", "bytes"] if wanted => 0,
            ["bytes", "url"] if wanted => 1,
            _ => return Err(refuse("its columns must be `url` (Utf8 or LargeUtf8) and `bytes` (Binary or LargeBinary), and no others: select them first")),
        };
        Ok(Pages { input, schema: Arc::new(Schema::new(columns)), url, batch: 0 })
    }

    /// The next batch, or nothing after the end mark. Empty batches are read as such.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, WorkerError> {
        self.batch += 1;
        let Some(head) = head(&mut self.input, self.batch)? else { return Ok(None) };
        let message = message(&head, self.batch)?;
        let length = self.checked(&message)?;
        let body = exactly(&mut self.input, length, self.batch)?;
        let batch = message.header_as_record_batch().ok_or_else(|| self.refuse("it is no record batch"))?;
        if batch.length() == 0 {
            return Ok(Some(Batch { columns: RecordBatch::new_empty(Arc::clone(&self.schema)), url: self.url }));
        }
        let (body, version, none) = (body.into(), message.version(), HashMap::new());
        let decoder = RecordBatchDecoder::try_new(&body, batch, Arc::clone(&self.schema), &none, &version);
        let columns = decoder.and_then(RecordBatchDecoder::read_record_batch).map_err(|e| self.refuse(e.to_string()))?;
        Ok(Some(Batch { columns, url: self.url }))
    }

    fn refuse(&self, why: impl Into<String>) -> WorkerError {
        WorkerError::Stream { batch: self.batch, why: why.into() }
    }

    /// The length of the body, once everything that the head says of it holds.
    fn checked(&self, message: &Message<'_>) -> Result<u64, WorkerError> {
        let length = u64::try_from(message.bodyLength()).map_err(|_| self.refuse("its length is negative"))?;
        if length > LONGEST_BATCH {
            return Err(self.refuse(format!("its body has {length} bytes, and at most {LONGEST_BATCH} are taken: make smaller batches")));
        }
        let Some(batch) = message.header_as_record_batch() else {
            return Err(self.refuse(match message.header_type() {
                MessageHeader::Schema => "a second schema",
                MessageHeader::DictionaryBatch => "a dictionary: write plain columns",
                _ => "a message that is no record batch",
            }));
        };
        if batch.compression().is_some() {
            return Err(self.refuse("it is compressed: write it without compression"));
        }
        let rows = batch.length();
        let (nodes, buffers) = (batch.nodes().into_iter().flatten(), batch.buffers().into_iter().flatten());
        if rows < 0 || nodes.clone().count() != 2 || nodes.clone().any(|node| node.length() != rows) || buffers.clone().count() != BUFFERS {
            return Err(self.refuse("its parts do not fit its columns"));
        }
        if nodes.clone().any(|node| node.null_count() != 0) {
            return Err(self.refuse("a `url` or `bytes` is missing (null): leave such rows out and count them yourself"));
        }
        let inside = |buffer: &arrow_ipc::Buffer| {
            let (start, long) = (u64::try_from(buffer.offset()).ok()?, u64::try_from(buffer.length()).ok()?);
            (start.checked_add(long)? <= length).then_some(())
        };
        if !buffers.clone().all(|buffer| inside(buffer).is_some()) || rows.unsigned_abs() > length {
            return Err(self.refuse("it names bytes outside its body"));
        }
        Ok(length)
    }
}

/// A column as the worker reads it; nothing for every other kind.
fn column(field: &arrow_ipc::Field<'_>) -> Option<Field> {
    let name = field.name()?;
    let kind = match (name, field.type_type()) {
        ("url", Type::Utf8) => DataType::Utf8,
        ("url", Type::LargeUtf8) => DataType::LargeUtf8,
        ("bytes", Type::Binary) => DataType::Binary,
        ("bytes", Type::LargeBinary) => DataType::LargeBinary,
        _ => return None,
    };
    let flat = field.dictionary().is_none() && field.children().is_none_or(|children| children.is_empty());
    flat.then(|| Field::new(name, kind, false))
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
