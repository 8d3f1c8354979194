//! The rows that are written: one for each selector, as `scan --json` prints it, with its page's address first. They leave
//! as whole batches of bounded size, and never later than the batch of pages that they come from.

use std::{collections::HashMap, io::{self, Write}, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use model::selector::{FoundSelector, SelectorState};

use crate::WorkerError;

/// The columns in their order; `start` and `end` are numbers, `rivals`, `context` and `steps` JSON lists as text, `chance`
/// is null where no checksum was held against the value.
pub const COLUMNS: [&str; 11] = ["url", "type", "value", "state", "reason", "start", "end", "rivals", "chance", "context", "steps"];

/// A batch leaves when it holds so many rows, or so many bytes of text.
const ROWS: usize = 65_536;
const TEXT: usize = 32 << 20;

/// Rows that wait for their batch.
#[derive(Default)]
struct Waiting {
    url: Vec<String>,
    kind: Vec<&'static str>,
    value: Vec<String>,
    state: Vec<&'static str>,
    reason: Vec<String>,
    start: Vec<u64>,
    end: Vec<u64>,
    rivals: Vec<String>,
    chance: Vec<Option<String>>,
    context: Vec<String>,
    steps: Vec<String>,
    text: usize,
}

impl Waiting {
    /// The columns in the order of [`COLUMNS`].
    fn columns(self) -> Vec<ArrayRef> {
        let text = |column: Vec<String>| -> ArrayRef { Arc::new(StringArray::from(column)) };
        let number = |column: Vec<u64>| -> ArrayRef { Arc::new(UInt64Array::from(column)) };
        vec![
            text(self.url), Arc::new(StringArray::from(self.kind)), text(self.value), Arc::new(StringArray::from(self.state)),
            text(self.reason), number(self.start), number(self.end), text(self.rivals), Arc::new(StringArray::from(self.chance)),
            text(self.context), text(self.steps),
        ]
    }
}

/// Writes rows.
pub struct Rows<W: Write> {
    writer: StreamWriter<W>,
    schema: Arc<Schema>,
    waiting: Waiting,
}

impl<W: Write> Rows<W> {
    /// Writes the schema.
    pub fn begin(output: W, method: &str) -> Result<Self, WorkerError> {
        let field = |name: &str| match name {
            "start" | "end" => Field::new(name, DataType::UInt64, false),
            "chance" => Field::new(name, DataType::Utf8, true),
            _ => Field::new(name, DataType::Utf8, false),
        };
        let about = HashMap::from([("lanternfish.method".to_owned(), method.to_owned())]);
        let schema = Arc::new(Schema::new(COLUMNS.map(field).to_vec()).with_metadata(about));
        let writer = StreamWriter::try_new(output, &schema).map_err(writing)?;
        Ok(Rows { writer, schema, waiting: Waiting::default() })
    }

    /// One selector of a page.
    pub fn add(&mut self, url: &str, found: &FoundSelector) -> Result<(), WorkerError> {
        let (rivals, context, steps) = (json(&found.rivals)?, json(&found.context)?, json(&found.steps)?);
        let text = [url, &found.value, &found.reason, &rivals, &context, &steps].into_iter().map(str::len).sum::<usize>();
        if self.waiting.value.len() >= ROWS || self.waiting.text.saturating_add(text) > TEXT {
            self.write()?;
        }
        let waiting = &mut self.waiting;
        waiting.text += text;
        waiting.url.push(url.to_owned());
        waiting.kind.push(found.selector_type.name());
        waiting.value.push(found.value.clone());
        waiting.state.push(state(found.state));
        waiting.reason.push(found.reason.clone());
        waiting.start.push(found.start);
        waiting.end.push(found.end);
        waiting.rivals.push(rivals);
        waiting.chance.push(found.chance.clone());
        waiting.context.push(context);
        waiting.steps.push(steps);
        Ok(())
    }

    /// What waits becomes a batch, and leaves.
    pub fn write(&mut self) -> Result<(), WorkerError> {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.value.is_empty() {
            let batch = RecordBatch::try_new(Arc::clone(&self.schema), waiting.columns()).map_err(writing)?;
            self.writer.write(&batch).map_err(writing)?;
        }
        self.writer.flush().map_err(writing)
    }

    /// The end mark: these are all rows of all pages.
    pub fn end(mut self) -> Result<(), WorkerError> {
        self.write()?;
        self.writer.finish().and_then(|()| self.writer.flush()).map_err(writing)
    }
}

/// The name as it stands in JSON.
fn state(state: SelectorState) -> &'static str {
    match state {
        SelectorState::Verified => "verified",
        SelectorState::Unverifiable => "unverifiable",
        SelectorState::FailedChecksum => "failed-checksum",
    }
}

fn json<T: serde::Serialize>(list: &[T]) -> Result<String, WorkerError> {
    serde_json::to_string(list).map_err(|e| WorkerError::Writing(e.into()))
}

fn writing(error: ArrowError) -> WorkerError {
    WorkerError::Writing(match error {
        ArrowError::IoError(_, cause) => cause,
        other => io::Error::other(other.to_string()),
    })
}
