//! Reads the pages of a web archive for a crawl: the archive is walked as for unpacking, but no byte of a page leaves
//! the child. What is told of each response is what the closure reads in its body: its links, its words as a number,
//! hints. It lies between the parsers and the port, so that there is no second reader of WARC or HTTP.
//!
//! It keeps at most [`MOST`] bytes of one body; of a longer one the beginning is read, and its digest is the whole's.

use std::cell::RefCell;
use std::io;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::context::Port;
use crate::member::{Container, HttpHead, MemberHead, MemberTail};
use crate::wire::Report;

/// Bytes of one body that are read.
const MOST: usize = 8 << 20;
/// Bytes of a record's name that are told.
const LONGEST_NAME: usize = 1_024;

/// The word in the hint by which the closure knows what is asked of it.
pub const READ_PAGE: &str = "page";

/// What the closure is told of a body.
pub(crate) struct Harvest<'p, 'e> {
    port: &'p mut dyn Port,
    extract: &'e dyn Fn(&[u8], &str) -> Vec<Value>,
    /// The response record that is open: its member id, its `WARC-Record-ID` and its address.
    record: Option<(u32, String, String)>,
    body: RefCell<Option<Body>>,
}

struct Body {
    id: u32,
    head: Option<HttpHead>,
    bytes: Vec<u8>,
    digest: Sha256,
    length: u64,
}

impl<'p, 'e> Harvest<'p, 'e> {
    pub(crate) fn new(port: &'p mut dyn Port, extract: &'e dyn Fn(&[u8], &str) -> Vec<Value>) -> Self {
        Harvest { port, extract, record: None, body: RefCell::new(None) }
    }

    fn begin(&mut self, head: MemberHead) -> io::Result<()> {
        match (&self.record, head.container) {
            (None, Container::WarcRecord) if head.depth == 1 => {
                let warc = head.warc.filter(|warc| warc.record_type == "response");
                self.record = warc.map(|warc| (head.id, warc.record_id.unwrap_or_default(), warc.target_uri.unwrap_or_default()));
                if let Some((_, record, _)) = &self.record {
                    let mut record = record.clone();
                    record.truncate(record.floor_char_boundary(LONGEST_NAME));
                    self.port.send(Report::Opening(record))?;
                }
            }
            (Some((record, ..)), Container::HttpPayload) if head.parent == Some(*record) => {
                self.body = RefCell::new(Some(Body { id: head.id, head: head.http, bytes: Vec::new(), digest: Sha256::new(), length: 0 }));
            }
            _ => {}
        }
        Ok(())
    }

    fn data(&self, id: u32, bytes: &[u8]) {
        if let Some(body) = self.body.borrow_mut().as_mut().filter(|body| body.id == id) {
            let room = MOST.saturating_sub(body.bytes.len()).min(bytes.len());
            body.bytes.extend_from_slice(&bytes[..room]);
            body.digest.update(bytes);
            body.length += bytes.len() as u64;
        }
    }

    fn end(&mut self, tail: &MemberTail) -> io::Result<()> {
        let ended = self.body.take().filter(|body| body.id == tail.id);
        if let Some(body) = ended {
            let Some((_, record, address)) = self.record.clone() else { return Ok(()) };
            return self.tell(body, &record, &address, !tail.complete);
        }
        if self.record.as_ref().is_some_and(|(record, ..)| *record == tail.id) {
            self.record = None;
        }
        Ok(())
    }

    fn tell(&mut self, body: Body, record: &str, address: &str, broken: bool) -> io::Result<()> {
        let field = |name: &str| body.head.as_ref().and_then(|head| head.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone()));
        let status = body.head.as_ref().and_then(|head| head.status);
        let hint = json!({"read": READ_PAGE, "address": address, "media": field("content-type"), "status": status}).to_string();
        let mut pages = (self.extract)(&body.bytes, &hint);
        pages.truncate(1);
        for page in &mut pages {
            page["record"] = json!(record);
            page["payload"] = json!(hex::encode(body.digest.clone().finalize()));
            page["length"] = json!(body.length);
            page["cut"] = json!(broken || body.length > MOST as u64);
        }
        self.port.send(Report::Pages(pages))
    }
}

impl Port for Harvest<'_, '_> {
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.port.read_at(offset, buf)
    }

    fn send(&mut self, report: Report<'_>) -> io::Result<()> {
        match report {
            Report::Begin(head) => self.begin(*head)?,
            Report::Data(id, bytes) => self.data(id, &bytes),
            Report::End(tail) => self.end(&tail)?,
            // The records are accounted for when the exhibit is examined; here nobody keeps an account.
            Report::Finding(_) => {}
            other => return self.port.send(other),
        }
        Ok(())
    }
}
