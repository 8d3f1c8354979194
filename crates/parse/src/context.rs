//! What every parser inside the child holds: the way to the host, the budget, the open members.
//!
//! The one rule of errors in here: a parser that gets an `Err` must pass it on, because it means
//! that everything ends (a bound was reached, or the host is gone). Faults of the bytes are never
//! errors; they are findings and early ends.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io;

use crate::budget::Budget;
use crate::member::{Finding, FindingKind, MemberHead, MemberTail, Task};
use crate::wire::{MAX_CHUNK, Order, Report};

/// The way to the host: the pipes in the child, a [`crate::guard::Guard`] in fuzzing.
pub(crate) trait Port {
    /// Reads at `offset`; 0 at the end of the source.
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;
    /// Sends one frame.
    fn send(&mut self, report: Report<'_>) -> io::Result<()>;
}

/// Findings sent before the child falls silent about small ones.
const MAX_FINDINGS: u64 = 50_000;
/// Bytes fetched for a small read.
const READ_AHEAD: usize = 32 << 10;
/// Records without a member before the child gives up.
const MAX_REJECTS: u64 = 1_000_000;

/// See the module.
pub(crate) struct Context<'p> {
    port: RefCell<&'p mut dyn Port>,
    pub(crate) budget: Budget,
    pub(crate) source_len: u64,
    ceiling: u64,
    /// Whether documents and messages are opened: not for a crawl, which reads pages only.
    pub(crate) opens_documents: bool,
    /// Numbers and names of the members that are open.
    names: RefCell<Vec<(u32, String)>>,
    last_id: Cell<u32>,
    rejects: Cell<u64>,
    output: Cell<u64>,
    findings: Cell<u64>,
    halted: RefCell<Option<String>>,
    format: Cell<&'static str>,
    held: Cell<u64>,
    /// Records that are passed over unopened.
    without: BTreeSet<String>,
    ahead: RefCell<Ahead>,
}

/// Source bytes read ahead, so that small reads do not ask the host each time.
#[derive(Default)]
struct Ahead {
    offset: u64,
    bytes: Vec<u8>,
}

impl Ahead {
    fn at(&self, offset: u64) -> &[u8] {
        let distance = offset.checked_sub(self.offset).and_then(|distance| usize::try_from(distance).ok());
        distance.and_then(|distance| self.bytes.get(distance..)).unwrap_or_default()
    }
}

/// Memory that an archive takes while it is read out of order; given back when dropped.
pub(crate) struct Held<'c, 'p> {
    context: &'c Context<'p>,
    bytes: u64,
}

impl Drop for Held<'_, '_> {
    fn drop(&mut self) {
        self.context.held.set(self.context.held.get() - self.bytes);
    }
}

/// Where a member will hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parent {
    /// None for the source itself.
    pub id: Option<u32>,
    /// 0 for the source itself.
    pub depth: u32,
}

impl Parent {
    pub(crate) const SOURCE: Parent = Parent { id: None, depth: 0 };

    /// The number of a member that has begun; 0, which no member has, for the source.
    pub(crate) fn number(self) -> u32 {
        self.id.unwrap_or(0)
    }
}

impl<'p> Context<'p> {
    pub(crate) fn new(port: &'p mut dyn Port, order: &Order) -> Self {
        Context {
            port: RefCell::new(port),
            budget: order.budget.clone(),
            source_len: order.source_len,
            // Of pages nothing is kept: one that swells ends by itself, and takes no room from the others.
            ceiling: if matches!(order.task, Task::Pages { .. }) { order.budget.output_bytes } else { order.budget.output_ceiling(order.source_len) },
            opens_documents: !matches!(order.task, Task::Pages { .. }),
            names: RefCell::default(),
            last_id: Cell::new(0),
            rejects: Cell::new(0),
            output: Cell::new(0),
            findings: Cell::new(0),
            halted: RefCell::new(None),
            format: Cell::new("none"),
            held: Cell::new(0),
            without: if let Task::Pages { without } = &order.task { without.clone() } else { BTreeSet::new() },
            ahead: RefCell::default(),
        }
    }

    /// Whether the record of this name stays unopened.
    pub(crate) fn passes_over(&self, record: Option<&str>) -> bool {
        record.is_some_and(|record| self.without.contains(record))
    }

    /// The bound that was reached, if one was.
    pub(crate) fn limit(&self) -> Option<String> {
        self.halted.borrow().clone()
    }

    /// Bytes that may still be held in memory, over all nesting.
    pub(crate) fn may_hold(&self) -> u64 {
        self.budget.held_bytes().saturating_sub(self.held.get())
    }

    /// Takes `bytes` of what may be held.
    pub(crate) fn hold(&self, bytes: u64) -> Held<'_, 'p> {
        self.held.set(self.held.get() + bytes);
        Held { context: self, bytes }
    }

    /// The format of the source, once it is known.
    pub(crate) fn format(&self) -> &'static str {
        self.format.get()
    }

    pub(crate) fn set_format(&self, format: &'static str) {
        self.format.set(format);
    }

    /// A bound was reached: everything ends.
    pub(crate) fn halt(&self, limit: impl Into<String>) -> io::Error {
        let limit = limit.into();
        self.halted.borrow_mut().get_or_insert_with(|| limit.clone());
        io::Error::other(Halt(limit))
    }

    fn lost(error: io::Error) -> io::Error {
        io::Error::other(Halt(format!("the host is gone: {error}")))
    }

    pub(crate) fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut ahead = self.ahead.borrow_mut();
        if ahead.at(offset).is_empty() {
            if buf.len() >= READ_AHEAD {
                let length = buf.len().min(MAX_CHUNK);
                return self.port.borrow_mut().read_at(offset, &mut buf[..length]).map_err(Self::lost);
            }
            ahead.bytes.resize(READ_AHEAD, 0);
            ahead.offset = offset;
            let count = self.port.borrow_mut().read_at(offset, &mut ahead.bytes).map_err(Self::lost)?;
            ahead.bytes.truncate(count);
        }
        let known = ahead.at(offset);
        let count = known.len().min(buf.len());
        buf[..count].copy_from_slice(&known[..count]);
        Ok(count)
    }

    fn send(&self, report: Report<'_>) -> io::Result<()> {
        self.port.borrow_mut().send(report).map_err(Self::lost)
    }

    /// Begins a member and gives it its number.
    pub(crate) fn begin(&self, parent: Parent, mut head: MemberHead) -> io::Result<Parent> {
        if u64::from(self.last_id.get()) >= self.budget.members {
            return Err(self.halt(format!("more than {} members", self.budget.members)));
        }
        self.last_id.set(self.last_id.get() + 1);
        (head.id, head.parent, head.depth) = (self.last_id.get(), parent.id, parent.depth + 1);
        let member = Parent { id: Some(head.id), depth: head.depth };
        self.names.borrow_mut().push((head.id, head.name.text.clone()));
        self.send(Report::Begin(Box::new(head)))?;
        Ok(member)
    }

    pub(crate) fn data(&self, id: u32, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(MAX_CHUNK) {
            self.output.set(self.output.get() + piece.len() as u64);
            if self.output.get() > self.ceiling {
                return Err(self.halt(format!("more than {} bytes came out of {}", self.ceiling, self.source_len)));
            }
            self.send(Report::Data(id, Cow::Borrowed(piece)))?;
        }
        Ok(())
    }

    /// The name of an open member.
    pub(crate) fn name_of(&self, member: Parent) -> Option<String> {
        self.names.borrow().iter().rev().find(|(id, _)| Some(*id) == member.id).map(|(_, name)| name.clone())
    }

    pub(crate) fn end(&self, tail: MemberTail) -> io::Result<()> {
        self.names.borrow_mut().retain(|(id, _)| *id < tail.id);
        self.send(Report::End(tail))
    }

    /// Notes something about the bytes of `parent` at `offset`.
    pub(crate) fn note(
        &self,
        kind: FindingKind,
        parent: Parent,
        offset: u64,
        text: impl Into<String>,
    ) -> io::Result<()> {
        self.findings.set(self.findings.get() + 1);
        match self.findings.get() {
            ..MAX_FINDINGS => self.finding(kind, parent, offset, text.into(), false),
            MAX_FINDINGS => {
                self.finding(FindingKind::Limit, parent, offset, "further notes are left out".into(), false)
            }
            _ => Ok(()),
        }
    }

    /// Accounts for one record that cannot be delivered.
    pub(crate) fn reject(
        &self,
        kind: FindingKind,
        parent: Parent,
        offset: u64,
        text: impl Into<String>,
    ) -> io::Result<()> {
        self.rejects.set(self.rejects.get() + 1);
        if self.rejects.get() > MAX_REJECTS {
            return Err(self.halt(format!("more than {MAX_REJECTS} records that cannot be read")));
        }
        self.finding(kind, parent, offset, text.into(), true)
    }

    fn finding(
        &self,
        kind: FindingKind,
        parent: Parent,
        offset: u64,
        mut text: String,
        rejects: bool,
    ) -> io::Result<()> {
        let end = text.floor_char_boundary(1000);
        text.truncate(end);
        self.send(Report::Finding(Finding { kind, text, member: parent.id, offset, rejects }))
    }

    pub(crate) fn selectors(&self, values: Vec<serde_json::Value>) -> io::Result<()> {
        self.send(Report::Selectors(values))
    }

    /// Whether a member under `parent` may be begun.
    pub(crate) fn has_depth(&self, parent: Parent) -> bool {
        parent.depth < self.budget.depth
    }
}

/// Whether an error means that everything ends.
pub(crate) fn is_final(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Halt>)
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Halt(String);
