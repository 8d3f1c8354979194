//! The host's check of every frame of a child: order, size, digest, budget, and the account of
//! records (law 6). It trusts nothing: what breaks a rule ends the child and becomes a finding.
//! No process and no I/O of its own, so it is also used to check the parsers in fuzzing.

use sha2::{Digest, Sha256};

use crate::budget::Budget;
use crate::cage::CageReport;
use crate::host::{Sink, SinkError};
use crate::member::{Container, Finding, FindingKind, MemberHead, MemberTail, Rejected, Summary, Task};
use crate::probe::ProbeReport;
use crate::wire::{Closing, MAX_CHUNK, Order, Report};

/// Findings and rejections kept in the outcome; the sink receives all.
const KEPT: usize = 10_000;
/// Findings that a child may send; the parsers stop far below.
const MAX_FINDINGS: u64 = 2_000_000;
/// Longest text of a finding.
const MAX_TEXT: usize = 4096;

/// Why a frame was not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The child broke a rule.
    Hostile(String),
    /// The house could not keep what came.
    Sink(SinkError),
}

impl From<SinkError> for Refusal {
    fn from(error: SinkError) -> Self {
        Refusal::Sink(error)
    }
}

struct Open {
    id: u32,
    parent: Option<u32>,
    offset: u64,
    is_record: bool,
    length: u64,
    digest: Sha256,
}

/// One conversation with one child.
pub(crate) struct Guard<'s> {
    sink: &'s mut dyn Sink,
    budget: Budget,
    source_len: u64,
    ceiling: u64,
    extracting: bool,
    probing: bool,
    harvesting: bool,
    page_bytes: u64,
    reading: bool,
    /// Whether the points of the picture were asked for.
    points: bool,
    /// The member that ended last, with its length, until all that was read in it has come.
    ended: Option<(u32, u64)>,
    openings: u64,
    open: Vec<Open>,
    begun: u64,
    finding_count: u64,
    pub(crate) summary: Summary,
    pub(crate) findings: Vec<Finding>,
    pub(crate) cage: Option<CageReport>,
    pub(crate) probe: Option<ProbeReport>,
    pub(crate) closing: Option<Closing>,
}

impl<'s> Guard<'s> {
    pub(crate) fn new(order: &Order, sink: &'s mut dyn Sink) -> Self {
        Guard {
            sink,
            ceiling: order.budget.output_ceiling(order.source_len),
            budget: order.budget.clone(),
            source_len: order.source_len,
            extracting: matches!(order.task, Task::Extract { .. } | Task::Picture { .. } | Task::Words { .. }),
            probing: matches!(order.task, Task::Probe { .. }),
            harvesting: matches!(order.task, Task::Pages { .. }),
            page_bytes: 0,
            reading: matches!(order.task, Task::UnpackAndRead { .. }),
            points: matches!(order.task, Task::Picture { points: true, .. }),
            ended: None,
            openings: 0,
            open: Vec::new(),
            begun: 0,
            finding_count: 0,
            summary: Summary { format: "none".into(), ..Summary::default() },
            findings: Vec::new(),
            cage: None,
            probe: None,
            closing: None,
        }
    }

    /// Takes one frame. A `Read` is only checked: the caller answers it.
    pub(crate) fn accept(&mut self, report: Report<'_>) -> Result<(), Refusal> {
        rule(self.closing.is_none(), "a frame after the last")?;
        rule(self.cage.is_some() || matches!(report, Report::Cage(_)), "a frame before the cage was reported")?;
        match report {
            Report::Cage(cage) => self.cage(cage),
            Report::Read { length, .. } => rule(length as usize <= MAX_CHUNK, "a read larger than allowed"),
            Report::Begin(head) => self.begin(*head),
            Report::Data(id, bytes) => self.piece(id, &bytes),
            Report::End(tail) => self.end(&tail),
            Report::Finding(finding) => self.finding(finding),
            Report::Selectors(values) => self.selectors(values),
            Report::Opening(record) => self.opening(&record),
            Report::Pages(values) => self.pages(values),
            Report::Found { id, last, values } => self.found(id, values, last),
            Report::Probe(probe) => self.probe(probe),
            Report::Done(closing) => self.done(closing),
        }
    }

    fn cage(&mut self, cage: CageReport) -> Result<(), Refusal> {
        rule(self.cage.is_none(), "the cage was reported twice")?;
        self.cage = Some(cage);
        Ok(())
    }

    fn begin(&mut self, head: MemberHead) -> Result<(), Refusal> {
        self.begun += 1;
        let points = self.points && self.begun == 1 && head.container == Container::Points;
        rule(points || !self.extracting && !self.probing && !self.harvesting, "a member where none was asked for")?;
        self.ended = None;
        rule(u64::from(head.id) == self.begun, "member ids out of order")?;
        rule(self.begun <= self.budget.members, "more members than the budget allows")?;
        rule(head.parent == self.open.last().map(|open| open.id), "a member outside its parent")?;
        rule(head.depth as usize == self.open.len() + 1, "a member at the wrong depth")?;
        rule(head.depth <= self.budget.depth, "members deeper than the budget allows")?;
        let is_record = head.container.is_record();
        if is_record {
            self.count_record(head.parent);
        }
        self.open.push(Open {
            id: head.id,
            parent: head.parent,
            offset: head.offset,
            is_record,
            length: 0,
            digest: Sha256::new(),
        });
        Ok(self.sink.begin(&head)?)
    }

    fn piece(&mut self, id: u32, bytes: &[u8]) -> Result<(), Refusal> {
        rule(bytes.len() <= MAX_CHUNK, "a piece larger than allowed")?;
        self.summary.output_bytes += bytes.len() as u64;
        rule(self.summary.output_bytes <= self.ceiling, "more bytes than the budget allows")?;
        let open = self.open.iter_mut().rev().find(|open| open.id == id);
        let open = open.ok_or_else(|| Refusal::Hostile("bytes of a member that is not open".into()))?;
        open.length += bytes.len() as u64;
        open.digest.update(bytes);
        Ok(self.sink.data(id, bytes)?)
    }

    fn end(&mut self, tail: &MemberTail) -> Result<(), Refusal> {
        let open = self.open.pop().ok_or_else(|| Refusal::Hostile("the end of a member that never began".into()))?;
        let computed = hex::encode(open.digest.clone().finalize());
        let sound = open.id == tail.id && open.length == tail.length && computed == tail.sha256;
        if !sound {
            self.open.push(open);
            return Err(Refusal::Hostile("a member whose length or digest is not what was sent".into()));
        }
        match (open.is_record, tail.complete) {
            (true, true) => self.summary.members_out += 1,
            (false, true) => self.summary.payloads_out += 1,
            (_, false) => self.incomplete(&open, tail)?,
        }
        self.ended = Some((open.id, open.length));
        Ok(self.sink.end(tail)?)
    }

    fn incomplete(&mut self, open: &Open, tail: &MemberTail) -> Result<(), Refusal> {
        let reason = tail.reason.clone().unwrap_or_default();
        rule((1..=MAX_TEXT).contains(&reason.len()), "an incomplete member without a reason")?;
        if open.is_record {
            self.reject(open.parent, open.offset, reason.clone());
        }
        let text = format!("member {}: {reason}", open.id);
        self.note(Finding {
            kind: FindingKind::Incomplete,
            text,
            member: open.parent,
            offset: open.offset,
            rejects: open.is_record,
        });
        Ok(())
    }

    fn finding(&mut self, finding: Finding) -> Result<(), Refusal> {
        self.finding_count += 1;
        rule(self.finding_count <= MAX_FINDINGS, "too many findings")?;
        rule(finding.text.len() <= MAX_TEXT, "a finding that is too long")?;
        if finding.rejects {
            self.count_record(finding.member);
            self.reject(finding.member, finding.offset, finding.text.clone());
        }
        self.note(finding);
        Ok(())
    }

    fn selectors(&mut self, values: Vec<serde_json::Value>) -> Result<(), Refusal> {
        rule(self.extracting, "selectors where none were asked for")?;
        rule(values.iter().all(|value| lies_in(value, self.source_len)), "a selector outside the source")?;
        self.summary.selectors += values.len() as u64;
        Ok(self.sink.selectors(values)?)
    }

    fn found(&mut self, id: u32, values: Vec<serde_json::Value>, last: bool) -> Result<(), Refusal> {
        rule(self.reading, "what was read, where nobody asked for it")?;
        let length = self.ended.filter(|(ended, _)| *ended == id).map(|(_, length)| length);
        let Some(length) = length else { return Err(Refusal::Hostile("what was read in a member that did not just end".into())) };
        rule(values.iter().all(|value| lies_in(value, length)), "something read outside its member")?;
        // What is read in a page is at most some times as long as the page: it is bounded with the members' bytes.
        self.page_bytes += values.iter().map(|value| value.to_string().len() as u64).sum::<u64>();
        rule(self.page_bytes <= self.budget.output_bytes, "more was read than the budget allows")?;
        self.summary.selectors += values.iter().filter(|value| value.get("kind").is_none()).count() as u64;
        if last {
            self.ended = None;
        }
        Ok(self.sink.found(id, values, last)?)
    }

    fn opening(&mut self, record: &str) -> Result<(), Refusal> {
        rule(self.harvesting, "a page where none was asked for")?;
        rule(record.len() <= MAX_TEXT, "the name of a record that is too long")?;
        self.openings += 1;
        rule(self.openings <= self.budget.members, "more pages than the budget allows")?;
        self.sink.opening(record);
        Ok(())
    }

    fn pages(&mut self, values: Vec<serde_json::Value>) -> Result<(), Refusal> {
        rule(self.harvesting, "a page where none was asked for")?;
        self.begun += values.len() as u64;
        rule(self.begun <= self.budget.members, "more pages than the budget allows")?;
        self.page_bytes += values.iter().map(|value| value.to_string().len() as u64).sum::<u64>();
        rule(self.page_bytes <= self.budget.output_bytes, "more of pages than the budget allows")?;
        values.into_iter().try_for_each(|value| self.sink.page(value)).map_err(Refusal::from)
    }


    fn probe(&mut self, probe: ProbeReport) -> Result<(), Refusal> {
        rule(self.probing, "a probe report where none was asked for")?;
        self.probe = Some(probe);
        Ok(())
    }

    fn done(&mut self, closing: Closing) -> Result<(), Refusal> {
        rule(self.open.is_empty() || closing.limit.is_some(), "the last frame while a member is open")?;
        rule(closing.format.len() <= 32, "a format name that is too long")?;
        self.summary.format.clone_from(&closing.format);
        if let Some(limit) = &closing.limit {
            self.abandon_open(&format!("stopped: {limit}"));
        }
        self.closing = Some(closing);
        Ok(())
    }

    fn count_record(&mut self, parent: Option<u32>) {
        self.summary.records_in += 1;
        if parent.is_none() {
            self.summary.top_records_in += 1;
        }
    }

    fn reject(&mut self, member: Option<u32>, offset: u64, reason: String) {
        self.summary.rejected_count += 1;
        if self.summary.rejected.len() < KEPT {
            self.summary.rejected.push(Rejected { member, offset, reason });
        }
    }

    /// Records a finding of the host's own.
    pub(crate) fn note(&mut self, finding: Finding) {
        self.sink.finding(&finding);
        if self.findings.len() < KEPT {
            self.findings.push(finding);
        }
    }

    /// Ends members that will never be complete; each open record is accounted for.
    pub(crate) fn abandon_open(&mut self, reason: &str) {
        while let Some(open) = self.open.pop() {
            if open.is_record {
                self.reject(open.parent, open.offset, reason.to_string());
            }
            self.sink.abandon(open.id, reason);
        }
    }

    /// A finding about the child's end.
    pub(crate) fn note_end(&mut self, kind: FindingKind, text: String) {
        self.note(Finding { kind, text, member: None, offset: 0, rejects: false });
    }
}

fn lies_in(value: &serde_json::Value, length: u64) -> bool {
    let place = |name: &str| value.get(name).and_then(serde_json::Value::as_u64);
    matches!((place("start"), place("end")), (Some(start), Some(end)) if start <= end && end <= length)
}

fn rule(holds: bool, broken: &str) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::Hostile(broken.to_string())) }
}
