//! The rows that are written: one for each line that `scan --json` prints, with its page's address first. They leave as
//! whole batches of bounded size, and never later than the batch of pages that they come from.

use std::{collections::HashMap, io::{self, Write}, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use model::selector::{FoundSelector, SelectorState};

use crate::{Found, WorkerError};

/// The columns in their order. `url` and `kind` are always there; `start` and `end` are numbers, all others text. The
/// columns of a selector are null in other rows, and `row`, the whole row as JSON, is null in a selector's. `rivals`,
/// `context` and `steps` are JSON lists, `chance` is null where no checksum was held against the value.
pub const COLUMNS: [&str; 13] =
    ["url", "kind", "type", "value", "state", "reason", "start", "end", "rivals", "chance", "context", "steps", "row"];

/// A batch leaves when it holds so many rows, or so many bytes of text.
const ROWS: usize = 65_536;
const TEXT: usize = 32 << 20;

/// Rows that wait for their batch.
#[derive(Default)]
struct Waiting {
    url: Vec<String>,
    kind: Vec<&'static str>,
    selector_type: Vec<Option<&'static str>>,
    value: Vec<Option<String>>,
    state: Vec<Option<&'static str>>,
    reason: Vec<Option<String>>,
    start: Vec<Option<u64>>,
    end: Vec<Option<u64>>,
    rivals: Vec<Option<String>>,
    chance: Vec<Option<String>>,
    context: Vec<Option<String>>,
    steps: Vec<Option<String>>,
    row: Vec<Option<String>>,
    text: usize,
}

impl Waiting {
    fn selector(&mut self, found: &FoundSelector, lists: [String; 3]) {
        let [rivals, context, steps] = lists;
        self.kind.push("selector");
        self.selector_type.push(Some(found.selector_type.name()));
        self.value.push(Some(found.value.clone()));
        self.state.push(Some(state(found.state)));
        self.reason.push(Some(found.reason.clone()));
        self.start.push(Some(found.start));
        self.end.push(Some(found.end));
        self.rivals.push(Some(rivals));
        self.chance.push(found.chance.clone());
        self.context.push(Some(context));
        self.steps.push(Some(steps));
        self.row.push(None);
    }

    fn other(&mut self, kind: &'static str, place: Option<(u64, u64)>, json: &str) {
        self.kind.push(kind);
        self.start.push(place.map(|place| place.0));
        self.end.push(place.map(|place| place.1));
        self.row.push(Some(json.to_owned()));
        self.selector_type.push(None);
        self.state.push(None);
        for column in [&mut self.value, &mut self.reason, &mut self.rivals, &mut self.chance, &mut self.context, &mut self.steps] {
            column.push(None);
        }
    }

    /// The columns in the order of [`COLUMNS`].
    fn columns(self) -> Vec<ArrayRef> {
        let text = |column: Vec<Option<String>>| -> ArrayRef { Arc::new(StringArray::from(column)) };
        let word = |column: Vec<Option<&'static str>>| -> ArrayRef { Arc::new(StringArray::from(column)) };
        let number = |column: Vec<Option<u64>>| -> ArrayRef { Arc::new(UInt64Array::from(column)) };
        vec![
            Arc::new(StringArray::from(self.url)), Arc::new(StringArray::from(self.kind)), word(self.selector_type), text(self.value),
            word(self.state), text(self.reason), number(self.start), number(self.end), text(self.rivals), text(self.chance),
            text(self.context), text(self.steps), text(self.row),
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
    pub fn begin(output: W, about: &[(&str, &str)]) -> Result<Self, WorkerError> {
        let field = |name: &str| match name {
            "start" | "end" => Field::new(name, DataType::UInt64, true),
            "url" | "kind" => Field::new(name, DataType::Utf8, false),
            _ => Field::new(name, DataType::Utf8, true),
        };
        let about: HashMap<String, String> = about.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let schema = Arc::new(Schema::new(COLUMNS.map(field).to_vec()).with_metadata(about));
        let writer = StreamWriter::try_new(output, &schema).map_err(writing)?;
        Ok(Rows { writer, schema, waiting: Waiting::default() })
    }

    /// One thing of a page.
    pub fn add(&mut self, url: &str, found: &Found) -> Result<(), WorkerError> {
        match found {
            Found::Selector(found) => {
                let lists = [json(&found.rivals)?, json(&found.context)?, json(&found.steps)?];
                let text = found.value.len() + found.reason.len() + lists.iter().map(String::len).sum::<usize>();
                self.make_room(url, text)?.selector(found, lists);
            }
            Found::Other { kind, place, json } => self.make_room(url, json.len())?.other(kind, *place, json),
        }
        Ok(())
    }

    /// A batch with room for one more row of this page.
    fn make_room(&mut self, url: &str, text: usize) -> Result<&mut Waiting, WorkerError> {
        let text = text.saturating_add(url.len());
        if self.waiting.url.len() >= ROWS || self.waiting.text.saturating_add(text) > TEXT {
            self.write()?;
        }
        self.waiting.text += text;
        self.waiting.url.push(url.to_owned());
        Ok(&mut self.waiting)
    }

    /// What waits becomes a batch, and leaves.
    pub fn write(&mut self) -> Result<(), WorkerError> {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.url.is_empty() {
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
