//! Reads what is unpacked in passing: the closure gets the bytes of each innermost member while they are on their way
//! to the host, so that nobody has to open them a second time. It lies between the parsers and the port, as
//! [`crate::harvest`] does.
//!
//! It holds at most [`MOST`] bytes, those of one member. What is longer, what holds other members, and what the maker
//! of the archive wrote itself goes by unread; no frame says that it was read, and the host knows it by that.

use std::io;

use serde_json::{Value, json};

use crate::context::Port;
use crate::member::MemberHead;
use crate::wire::Report;

/// Bytes of one member that are read in passing.
pub(crate) const MOST: usize = 8 << 20;
/// Bytes of JSON of one value; a longer one is left out and counted.
const LONGEST: usize = 1 << 20;
/// Bytes of JSON in one frame.
const BATCH: usize = 256 << 10;

/// See the module.
pub(crate) struct Gather<'p, 'e> {
    port: &'p mut dyn Port,
    extract: &'e dyn Fn(&[u8], &str) -> Vec<Value>,
    /// Types of records of a web archive that hold its maker's own words.
    skip: &'e [String],
    open: Vec<Open>,
}

struct Open {
    id: u32,
    /// None once it is known that the member is not to be read here.
    bytes: Option<Vec<u8>>,
    /// Whether its maker wrote it, or the record around it.
    own: bool,
    hint: Value,
}

impl<'p, 'e> Gather<'p, 'e> {
    pub(crate) fn new(port: &'p mut dyn Port, extract: &'e dyn Fn(&[u8], &str) -> Vec<Value>, skip: &'e [String]) -> Self {
        Gather { port, extract, skip, open: Vec::new() }
    }

    fn begin(&mut self, head: &MemberHead) {
        let around = self.open.last_mut().filter(|open| Some(open.id) == head.parent);
        let mut own = head.warc.as_ref().is_some_and(|warc| self.skip.contains(&warc.record_type));
        let mut address = head.warc.as_ref().and_then(|warc| warc.target_uri.clone());
        if let Some(around) = around {
            around.bytes = None;
            own |= around.own;
            address = address.or_else(|| around.hint["place"].as_str().map(str::to_string));
        }
        self.open.push(Open { id: head.id, bytes: (!own).then(Vec::new), own, hint: head.hint(address.as_deref()) });
    }

    fn data(&mut self, id: u32, piece: &[u8]) {
        let Some(open) = self.open.last_mut().filter(|open| open.id == id) else { return };
        let fits = open.bytes.as_ref().is_some_and(|held| held.len() + piece.len() <= MOST);
        match open.bytes.as_mut().filter(|_| fits) {
            Some(held) => held.extend_from_slice(piece),
            None => open.bytes = None,
        }
    }

    /// Tells what was found in the member that has ended.
    fn end(&mut self, id: u32) -> io::Result<()> {
        let Some(open) = self.open.pop().filter(|open| open.id == id) else { return Ok(()) };
        let Some(bytes) = open.bytes.filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        let (mut batch, mut size, mut left_out) = (Vec::new(), 0, 0);
        // Where a selector stood that is left out: it may be one that nobody may see by the way.
        let mut stood: Option<(u64, u64)> = None;
        for value in (self.extract)(&bytes, &open.hint.to_string()) {
            let length = value.to_string().len() + 1;
            if length > LONGEST {
                left_out += 1;
                if let (None, Some(start), Some(end)) = (value.get("kind"), value["start"].as_u64(), value["end"].as_u64()) {
                    stood = Some(stood.map_or((start, end), |(from, to)| (from.min(start), to.max(end))));
                }
                continue;
            }
            if size + length > BATCH && !batch.is_empty() {
                self.port.send(Report::Found { id, last: false, values: std::mem::take(&mut batch) })?;
                size = 0;
            }
            size += length;
            batch.push(value);
        }
        if left_out > 0 {
            let (start, end) = stood.unwrap_or_default();
            batch.push(json!({"kind": "left-out", "count": left_out, "start": start, "end": end}));
        }
        self.port.send(Report::Found { id, last: true, values: batch })
    }
}

impl Port for Gather<'_, '_> {
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.port.read_at(offset, buf)
    }

    fn send(&mut self, report: Report<'_>) -> io::Result<()> {
        match &report {
            Report::Begin(head) => self.begin(head),
            Report::Data(id, piece) => self.data(*id, piece),
            Report::End(tail) => {
                let id = tail.id;
                self.port.send(report)?;
                return self.end(id);
            }
            _ => {}
        }
        self.port.send(report)
    }
}
