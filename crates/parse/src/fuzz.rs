//! Entry points for fuzzing and for this crate's own tests: the same parsers without a process, and
//! the host's guard over every frame that they send. Nothing here runs in the product's path.

use std::io;

use serde_json::{Value, json};

use crate::budget::Budget;
use crate::cage::{Cage, CageReport};
use crate::child::perform;
use crate::context::Port;
use crate::guard::{Guard, Refusal};
use crate::host::{Sink, SinkError, Source};
use crate::member::{Finding, MemberHead, MemberTail, Summary, Task};
use crate::wire::{Order, Report};

/// A sink that keeps nothing.
struct Nothing;

impl Sink for Nothing {
    fn begin(&mut self, _head: &MemberHead) -> Result<(), SinkError> {
        Ok(())
    }
    fn data(&mut self, _id: u32, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }
    fn end(&mut self, _tail: &MemberTail) -> Result<(), SinkError> {
        Ok(())
    }
    fn abandon(&mut self, _id: u32, _reason: &str) {}
    fn finding(&mut self, _finding: &Finding) {}
    fn selectors(&mut self, _values: Vec<Value>) -> Result<(), SinkError> {
        Ok(())
    }
}

struct Direct<'a, 's> {
    source: &'a mut dyn Source,
    guard: Guard<'s>,
}

impl Port for Direct<'_, '_> {
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.source.read_at(offset, buf)
    }

    fn send(&mut self, report: Report<'_>) -> io::Result<()> {
        let frame = report.encode();
        let decoded = Report::decode(frame[0], &frame[5..]).map_err(io::Error::other)?;
        self.guard.accept(decoded).map_err(|refusal| match refusal {
            Refusal::Hostile(broken) => io::Error::other(broken),
            Refusal::Sink(error) => io::Error::other(error.to_string()),
        })
    }
}

/// Unpacks in this process, without a cage: for bytes that we wrote or mutated ourselves.
///
/// # Errors
/// What the host's guard refused: a fault of the parsers, which no input may cause.
pub fn unpack_here(
    source: &mut dyn Source,
    name: &str,
    budget: &Budget,
    sink: &mut dyn Sink,
) -> Result<(Summary, Vec<Finding>), String> {
    let task = Task::Unpack { name: name.to_string() };
    let order = Order { task, budget: budget.clone(), source_len: source.len() };
    let mut port = Direct { source, guard: Guard::new(&order, sink) };
    let cage = CageReport { cage: Cage::Uncaged, landlock_in_full: false, gaps: Vec::new() };
    port.send(Report::Cage(cage)).map_err(|e| e.to_string())?;
    let closing = perform(&mut port, &order, &mail_like_words).map_err(|e| e.to_string())?;
    port.send(Report::Done(closing)).map_err(|e| e.to_string())?;
    Ok((port.guard.summary, port.guard.findings))
}

/// The fuzz target: any bytes, read as whatever they look like. Panics when the account of records
/// does not balance or a parser breaks the protocol; it may never panic.
pub fn unpack_target(bytes: &[u8]) {
    let budget =
        Budget { output_bytes: 64 << 20, members: 5_000, depth: 6, memory_bytes: 64 << 20, ..Budget::default() };
    let mut source = bytes.to_vec();
    let (summary, _) = unpack_here(&mut source, "fuzz", &budget, &mut Nothing).expect("parsers keep the protocol");
    assert_eq!(summary.records_in, summary.members_out + summary.rejected_count, "every record is accounted for");
    // Whoever leaves a record out has passed at least a byte of it; a reader that stands still refuses it for ever.
    assert!(summary.rejected_count <= bytes.len() as u64 + summary.output_bytes, "no record is refused twice");
}

/// The same for the pages of a crawl: any bytes, read for links. No byte of a page may leave the child.
pub fn pages_target(bytes: &[u8]) {
    let budget = Budget { output_bytes: 64 << 20, members: 5_000, depth: 2, memory_bytes: 64 << 20, ..Budget::default() };
    let order = Order { task: Task::Pages { without: Default::default() }, budget, source_len: bytes.len() as u64 };
    let (mut source, mut sink) = (bytes.to_vec(), PagesOnly);
    let mut port = Direct { source: &mut source, guard: Guard::new(&order, &mut sink) };
    let cage = CageReport { cage: Cage::Uncaged, landlock_in_full: false, gaps: Vec::new() };
    port.send(Report::Cage(cage)).expect("parsers keep the protocol");
    let closing = perform(&mut port, &order, &|bytes, _| vec![json!({"length": bytes.len()})]).expect("parsers keep the protocol");
    port.send(Report::Done(closing)).expect("parsers keep the protocol");
}

/// The same for the points of a picture: any bytes, decoded and looked at for codes. What is found lies in the picture.
pub fn picture_target(bytes: &[u8]) {
    perform_here(Task::Picture { hint: String::new(), points: true }, bytes);
}

/// The same for the table of words that a machine read.
pub fn words_target(bytes: &[u8]) {
    perform_here(Task::Words { hint: String::new() }, bytes);
}

fn perform_here(task: Task, bytes: &[u8]) {
    let budget = Budget { output_bytes: 64 << 20, memory_bytes: 64 << 20, ..Budget::default() };
    let order = Order { task, budget, source_len: bytes.len() as u64 };
    let (mut source, mut sink) = (bytes.to_vec(), Nothing);
    let mut port = Direct { source: &mut source, guard: Guard::new(&order, &mut sink) };
    let cage = CageReport { cage: Cage::Uncaged, landlock_in_full: false, gaps: Vec::new() };
    port.send(Report::Cage(cage)).expect("parsers keep the protocol");
    let closing = perform(&mut port, &order, &mail_like_words).expect("parsers keep the protocol");
    port.send(Report::Done(closing)).expect("parsers keep the protocol");
}

struct PagesOnly;

impl Sink for PagesOnly {
    fn begin(&mut self, _head: &MemberHead) -> Result<(), SinkError> {
        unreachable!("no member leaves the child")
    }
    fn data(&mut self, _id: u32, _bytes: &[u8]) -> Result<(), SinkError> {
        unreachable!("no byte leaves the child")
    }
    fn end(&mut self, _tail: &MemberTail) -> Result<(), SinkError> {
        unreachable!("no member leaves the child")
    }
    fn abandon(&mut self, _id: u32, _reason: &str) {}
    fn finding(&mut self, _finding: &Finding) {}
    fn selectors(&mut self, _values: Vec<Value>) -> Result<(), SinkError> {
        unreachable!("no selector was asked for")
    }
    fn page(&mut self, value: Value) -> Result<(), SinkError> {
        assert!(value["payload"].as_str().is_some_and(|digest| digest.len() == 64));
        Ok(())
    }
}

/// What a process in other walls of this crate can reach.
pub fn attempts(key_path: &str) -> crate::ProbeReport {
    crate::probe::attempt_all(key_path)
}

/// Words with an `@` inside: a stand-in for an extractor.
pub fn mail_like_words(bytes: &[u8], _hint: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut start = 0;
    for word in bytes.split(|b| b.is_ascii_whitespace() || *b == 0) {
        if (3..200).contains(&word.len()) && word[1..word.len() - 1].contains(&b'@') {
            let value = String::from_utf8_lossy(word);
            found.push(json!({"type": "email", "value": value, "start": start, "end": start + word.len()}));
        }
        start += word.len() + 1;
    }
    found
}
