//! Examination: containers are unpacked and selectors found, both in the caged `parse` child, never
//! on the original (laws 6, 14). Every input record is accounted for: in = out + rejected.

use std::{cell::RefCell, collections::{BTreeMap, BTreeSet}, io::Write as _, time::{Duration, Instant}};

use model::{
    Sha256Digest,
    action::Action,
    event::EventType,
    exhibit::{ExhibitClass, ExhibitKind, Origin},
    id::{BlobId, SelectorId},
    known::{KnownHit, class_after},
    selector::FoundSelector,
};
use parse::{Budget, Ended, Finding, FindingKind, MemberHead, MemberTail, Outcome, Sink, SinkError, Source, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{BlobHandle, NewBlob, NewEvent, Permit, Row, Scope, StoreError, Write, vault::{blob::{AlsoDigest, BlobReader}, secret::fresh_id}};

use crate::{
    Desk,
    admit::{self, ExhibitContent},
    known::{self, Known},
    office::TOOL,
    reclassify,
    row::{Draft, exhibit_label, for_action, fresh_blob},
};

/// Members committed together.
const BATCH: usize = 400;
/// Selectors in one row.
const SELECTOR_BATCH: usize = 500;
/// Most selectors that are kept of one member.
const MOST_SELECTORS: usize = 200_000;
/// The longest member that is searched for selectors, in bytes.
const SEARCHED: u64 = 512 << 20;

/// One member that came out of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DerivedMember {
    /// Everything the child said of it before its bytes.
    pub head: MemberHead,
    /// And after.
    pub tail: MemberTail,
    /// Where its bytes are kept.
    pub blob: BlobId,
    /// SHA-256 of its bytes, computed by the desk.
    pub sha256: Sha256Digest,
    /// The known-hash lists that hold its bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<KnownHit>,
}

/// An account of one unpacking (sealed under the case key).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Derivation {
    /// The exhibit it was made from.
    pub exhibit: String,
    /// SHA-256 of that exhibit's bytes.
    pub input: Option<Sha256Digest>,
    /// Tool and version.
    pub tool: String,
    /// The budget it ran under.
    pub budget: Budget,
    /// How it ended, the account and the findings; none while it runs.
    pub outcome: Option<Outcome>,
    /// Number of members kept.
    pub members: u64,
    /// What was not searched to its end, with reasons; nothing may be called absent from it (law 9).
    #[serde(default)]
    pub gaps: Vec<String>,
    /// The known-hash lists that restrict and were compared with every member, from its beginning on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<String>,
}

impl Derivation {
    /// Whether nobody and nothing outside stopped it: another examination would end as this one did.
    pub(crate) fn came_to_an_end(&self) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| outcome.ended != Ended::Stopped)
    }

    /// Whether every byte that is inside came out and was compared. What was found in it may have gaps all the same.
    pub(crate) fn unpacked_whole(&self) -> bool {
        use FindingKind::*;
        let hidden = |finding: &Finding| matches!(finding.kind, Truncated | Incomplete | Encrypted | Unsupported | Limit | NotRecognised);
        self.outcome.as_ref().is_some_and(|outcome| outcome.ended == Ended::Done && outcome.summary.rejected_count == 0 && !outcome.findings.iter().any(hidden))
    }
}

/// State of a derivation whose every byte was unpacked and searched.
const WHOLE: &str = "done";

/// What an examination gave.
#[derive(Debug, Clone, Serialize)]
pub struct ExaminationView {
    /// The exhibit.
    pub exhibit: String,
    /// Format that was recognised.
    pub format: String,
    /// The child's cage: `landlock+seccomp` … `uncaged`.
    pub cage: String,
    /// How it ended.
    pub ended: String,
    /// Records in the container.
    pub records_in: u64,
    /// Members kept.
    pub members: u64,
    /// Records rejected, with reasons in `findings`.
    pub rejected: u64,
    /// Selectors found.
    pub selectors: u64,
    /// Records that were not searched for selectors, because they hold the archive maker's own words.
    pub not_searched: u64,
    /// Members that are restricted, because a known-hash list holds them or something inside them.
    pub restricted: u64,
    /// The known-hash lists that hold a member.
    pub known: Vec<KnownHit>,
    /// Findings of the parser.
    pub findings: Vec<String>,
}

/// Where selectors were found (sealed under the case key), at most [`SELECTOR_BATCH`] a row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SelectorBatch {
    /// The exhibit.
    pub exhibit: String,
    /// The derived bytes in which the offsets count; none when they count in the exhibit itself.
    pub blob: Option<BlobId>,
    /// SHA-256 of the searched bytes.
    pub input: Sha256Digest,
    /// What the searched bytes are: a URL, a member's name.
    pub place: String,
    /// Where the record begins in the exhibit's own bytes.
    pub record_offset: Option<u64>,
    /// Method and version.
    pub method: String,
    /// Where the exhibit comes from: the limits of an authority bind what was found in it too.
    pub origin: Origin,
    /// What was found.
    pub selectors: Vec<FoundSelector>,
}

pub(crate) struct BlobSource {
    reader: RefCell<BlobReader<store::ObjectReader>>,
    length: u64,
}

impl From<store::ReadableBlob> for BlobSource {
    fn from(readable: store::ReadableBlob) -> BlobSource {
        BlobSource { length: readable.content.length, reader: RefCell::new(readable.reader) }
    }
}

impl Source for BlobSource {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        self.reader.borrow_mut().read_at(offset, buf).map_err(std::io::Error::other)
    }
}

/// Unpacks a container and searches everything for selectors.
///
/// # Errors
/// Law 15 when the authority ends meanwhile (what was finished stays, marked as stopped); laws 5, 7.
pub fn examine(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, budget: &Budget) -> Result<ExaminationView, StoreError> {
    for_action(permit, Action::Examine)?;
    let row = admit::row(desk, scope, label)?;
    let view = admit::view(desk, &row)?;
    let blob = admit::usable_blob(&view)?.clone();
    desk.store.cover(scope, permit, &view.content.origin)?;
    // Bytes that changed on the disk lock the exhibit before anything is concluded from them (law 5).
    admit::rehash(desk, scope, permit, &row)?;
    let (class, origin) = (view.content.class, view.content.origin.clone());
    let work = Work { desk, scope, permit, row: &row, class, captured: view.content.kind == ExhibitKind::Capture, origin, label: view.exhibit.clone() };
    work.close_left_behind()?;
    let (derivation, outcome, members, restricted) = work.unpack(&blob, budget)?;
    let known = lists_of(&members);
    if let Some(class) = restricted {
        work.end(&derivation, &outcome, &["it holds the bytes of a restricted item".into()])?;
        return Err(reclassify::holds_restricted(desk, scope, &view.exhibit, class)?);
    }
    let (mut selectors, mut gaps) = (0, Vec::new());
    if members.is_empty() {
        selectors += work.search(&blob, None, &view.exhibit, None, &mut gaps)?;
    }
    let own = own_words(&members);
    let restricted = members.iter().filter(|member| member.restricted).count() as u64;
    if restricted > 0 {
        gaps.push(format!("{restricted} members are restricted, because a restricted item has the same bytes: they were not searched"));
    }
    let searched = |m: &&Kept| m.is_leaf && m.length > 0 && m.length <= SEARCHED && !own.contains(&m.id) && !m.restricted;
    for member in members.iter().filter(searched) {
        desk.store.still_live(scope, permit)?;
        selectors += work.search(&member.blob, Some(&member.blob), &member.place, Some(member.offset), &mut gaps)?;
    }
    let not_searched = members.iter().filter(|m| own.contains(&m.id) && m.record.is_some()).count() as u64;
    work.note_not_searched(not_searched)?;
    let unread = members.iter().filter(|m| m.is_leaf && m.length > SEARCHED && !own.contains(&m.id));
    gaps.extend(unread.map(|m| format!("{}: {} bytes are too many to be searched for selectors", m.place, m.length)));
    work.end(&derivation, &outcome, &gaps)?;
    gaps.extend(known.iter().map(known::of_a_member));
    work.note_findings(&outcome, gaps)?;
    Ok(ExaminationView { selectors, not_searched, restricted, known, ..examination_view(&view.exhibit, &outcome, members.len() as u64) })
}

fn examination_view(label: &str, outcome: &Outcome, members: u64) -> ExaminationView {
    ExaminationView {
        exhibit: label.to_string(),
        format: outcome.summary.format.clone(),
        cage: outcome.cage.cage.name().to_string(),
        ended: ended_words(&outcome.ended),
        records_in: outcome.summary.records_in,
        members,
        rejected: outcome.summary.rejected_count,
        selectors: 0,
        not_searched: 0,
        restricted: 0,
        known: vec![],
        findings: outcome.findings.iter().take(100).map(|f| format!("at byte {}: {}", f.offset, f.text)).collect(),
    }
}

fn ended_words(ended: &Ended) -> String {
    match ended {
        Ended::Done => "done".into(),
        Ended::Limit(why) => format!("stopped at a limit: {why}"),
        Ended::Stopped => "stopped".into(),
        Ended::TimeOut => "stopped: time ran out".into(),
        Ended::Memory => "stopped: memory ran out".into(),
        Ended::Crash(why) => format!("the parser crashed: {why}"),
        Ended::Hostile(why) => format!("the parser broke its protocol: {why}"),
    }
}

/// What is needed of a member after it was stored.
struct Kept {
    blob: BlobId,
    id: u32,
    parent: Option<u32>,
    place: String,
    offset: u64,
    length: u64,
    is_leaf: bool,
    /// Whether it is restricted: a list holds it, a restricted item of the case has the same bytes, or it holds such.
    restricted: bool,
    /// Type of the web-archive record, where it is one.
    record: Option<String>,
    /// The known-hash lists that hold its bytes.
    known: Vec<KnownHit>,
}

/// Each list that holds a member, once for each kind of digest.
fn lists_of(members: &[Kept]) -> Vec<KnownHit> {
    let mut lists: Vec<KnownHit> = Vec::new();
    for hit in members.iter().flat_map(|member| &member.known) {
        if !lists.contains(hit) {
            lists.push(hit.clone());
        }
    }
    lists
}

/// Records that hold the words of whoever made the archive: its tool, its requests, its notes. A selector
/// in them was never on the page, so they are kept and accounted for, and not searched.
const OWN_WORDS: [&str; 4] = ["warcinfo", "request", "metadata", "filedesc"];

/// Ids of members that are such records, or stand inside one.
fn own_words(members: &[Kept]) -> BTreeSet<u32> {
    let own = |member: &&Kept| member.record.as_deref().is_some_and(|kind| OWN_WORDS.contains(&kind));
    let mut ids: BTreeSet<u32> = members.iter().filter(own).map(|member| member.id).collect();
    // What is inside came out before its container: from the last to the first, a parent is seen first.
    for member in members.iter().rev() {
        if member.parent.is_some_and(|parent| ids.contains(&parent)) {
            ids.insert(member.id);
        }
    }
    ids
}


/// The blobs of an unpacked capture of our own that hold what the collector itself wrote: its requests are the same in
/// every capture of an address, and make no two captures alike.
pub(crate) fn own_blobs(desk: &Desk, scope: &Scope, derivation: &str) -> Result<BTreeSet<BlobId>, StoreError> {
    let mut members = Vec::new();
    for batch in desk.store.list_of(scope, "members", derivation)? {
        members.extend(batch.content::<Vec<DerivedMember>>()?);
    }
    let own = |member: &&DerivedMember| member.head.warc.as_ref().is_some_and(|warc| OWN_WORDS.contains(&warc.record_type.as_str()));
    let mut ids: BTreeSet<u32> = members.iter().filter(own).map(|member| member.head.id).collect();
    // A member has a lower number than what is inside it.
    members.sort_by_key(|member| member.head.id);
    for member in &members {
        if member.head.parent.is_some_and(|parent| ids.contains(&parent)) {
            ids.insert(member.head.id);
        }
    }
    Ok(members.into_iter().filter(|member| ids.contains(&member.head.id)).map(|member| member.blob).collect())
}

struct Work<'a> {
    desk: &'a Desk,
    scope: &'a Scope,
    permit: &'a Permit,
    row: &'a Row,
    class: ExhibitClass,
    /// Whether our own collector wrote it.
    captured: bool,
    origin: Origin,
    label: String,
}

impl Work<'_> {
    /// Derivations of this exhibit that a revocation or a crash left running are closed as stopped.
    fn close_left_behind(&self) -> Result<(), StoreError> {
        for row in self.desk.store.list_of(self.scope, "derivation", &self.row.id)? {
            if row.state != "running" {
                continue;
            }
            let mut left: Derivation = row.content()?;
            left.gaps.push("the examination ended before its time".into());
            let write = Draft::new("derivation", row.id.clone(), "stopped").over(&row).write(self.scope, self.desk.now(), &left)?;
            let detail = json!({"derivation": row.id, "exhibit": self.label, "ended": "stopped: it was left running"});
            self.desk.store.commit(self.scope, self.permit, NewEvent::new(EventType::Derived, Some(self.row.id.clone()), detail), vec![write])?;
        }
        Ok(())
    }

    fn source(&self, blob: &BlobId) -> Result<BlobSource, StoreError> {
        match self.desk.store.read_blob(self.scope, self.permit, blob) {
            Ok(readable) => Ok(readable.into()),
            Err(error) => Err(admit::anomaly(self.desk, self.scope, self.row, error)?),
        }
    }

    /// Asks at most once a second whether the authority still lives.
    fn watch(&self) -> impl Fn() -> bool + '_ {
        let last = RefCell::new((Instant::now(), false));
        move || {
            let mut last = last.borrow_mut();
            if !last.1 && last.0.elapsed() >= Duration::from_secs(1) {
                *last = (Instant::now(), self.desk.store.still_live(self.scope, self.permit).is_err() || self.still_open().is_err());
            }
            last.1
        }
    }

    /// Refuses an item that became restricted while it was examined.
    fn still_open(&self) -> Result<(), StoreError> {
        let content: ExhibitContent = self.row.content()?;
        content.blob.as_ref().map_or(Ok(()), |blob| admit::still_open(self.desk, self.scope, blob))
    }

    fn unpack(&self, blob: &BlobId, budget: &Budget) -> Result<(String, Outcome, Vec<Kept>, Option<ExhibitClass>), StoreError> {
        let content: ExhibitContent = self.row.content()?;
        let id = fresh_blob()?.to_string().replace(BlobId::PREFIX, "deriv-");
        // Opened before it begins: what comes later was not compared, and the record says so.
        let lists = Known::open(self.desk, self.scope)?;
        let mut derivation = Derivation {
            exhibit: self.label.clone(),
            input: content.sha256,
            tool: TOOL.into(),
            budget: budget.clone(),
            outcome: None,
            members: 0,
            gaps: vec![],
            lists: lists.restricting(),
        };
        let first = Draft::new("derivation", id.clone(), "running").under(&self.row.id).write(self.scope, self.desk.now(), &derivation)?;
        let begun = NewEvent::new(EventType::Derived, Some(self.row.id.clone()), json!({"derivation": id, "exhibit": self.label, "begins": true}));
        self.desk.store.commit(self.scope, self.permit, begun, vec![first])?;
        let mut sink = MemberSink {
            work: self,
            lists,
            inside: BTreeMap::new(),
            derivation: id.clone(),
            open: BTreeMap::new(),
            ready: vec![],
            kept: vec![],
            parents: BTreeSet::new(),
            batches: 0,
            restricted: None,
            told: None,
        };
        let name = content.original_name.clone().unwrap_or_default();
        let stop = self.watch();
        let outcome = parse::run(self.desk.exe(), &Task::Unpack { name }, budget, &mut self.source(blob)?, &mut sink, &stop)
            .map_err(|e| StoreError::Environment { attempt: format!("examining {}", self.label), cause: e.to_string() })?;
        sink.flush()?;
        let (kept, restricted) = (std::mem::take(&mut sink.kept), sink.restricted);
        let (passed, meanwhile) = (sink.lists.passed_over(), !sink.lists.are_all(self.desk)?);
        derivation.members = kept.len() as u64;
        derivation.outcome = Some(outcome.clone());
        let row = self.desk.store.get(self.scope, "derivation", &id)?;
        let last = Draft::new("derivation", id.clone(), "running").over(&row).write(self.scope, self.desk.now(), &derivation)?;
        let mut detail = json!({"derivation": id, "exhibit": self.label, "ended": ended_words(&outcome.ended), "summary": outcome.summary});
        if !passed.is_empty() {
            detail["released-after"] = json!(passed);
        }
        if meanwhile {
            detail["not-compared"] = json!("a known-hash list was added meanwhile");
        }
        self.desk.store.commit(self.scope, self.permit, NewEvent::new(EventType::Derived, Some(self.row.id.clone()), detail), vec![last])?;
        Ok((id, outcome, kept, restricted))
    }

    /// Closes the derivation: whole only when everything was unpacked and searched to its end.
    fn end(&self, id: &str, outcome: &Outcome, gaps: &[String]) -> Result<(), StoreError> {
        let row = self.desk.store.get(self.scope, "derivation", id)?;
        let mut derivation: Derivation = row.content()?;
        derivation.gaps = gaps.to_vec();
        let whole = outcome.ended == Ended::Done && gaps.is_empty() && outcome.summary.rejected_count == 0;
        let state = if whole { WHOLE } else { "stopped" };
        let write = Draft::new("derivation", id, state).over(&row).write(self.scope, self.desk.now(), &derivation)?;
        let detail = json!({"derivation": id, "exhibit": self.label, "whole": whole, "gaps": gaps});
        self.desk.store.commit(self.scope, self.permit, NewEvent::new(EventType::Derived, Some(self.row.id.clone()), detail), vec![write]).map(|_| ())
    }

    fn search(&self, blob: &BlobId, derived: Option<&BlobId>, place: &str, offset: Option<u64>, gaps: &mut Vec<String>) -> Result<u64, StoreError> {
        let content = self.desk.store.read_blob(self.scope, self.permit, blob)?.content;
        let mut sink = SelectorSink::default();
        let budget = Budget::default();
        let task = Task::Extract { hint: json!({"place": place}).to_string() };
        let stop = self.watch();
        let outcome = parse::run(self.desk.exe(), &task, &budget, &mut self.source(blob)?, &mut sink, &stop)
            .map_err(|e| StoreError::Environment { attempt: format!("searching {place}"), cause: e.to_string() })?;
        let told = sink.values.len();
        let found: Vec<FoundSelector> = sink.values.into_iter().filter_map(|v| serde_json::from_value(v).ok()).collect();
        // A search that was cut short must never pass for one without result (law 9).
        if outcome.ended != Ended::Done {
            gaps.push(format!("{place}: the search for selectors is incomplete ({})", ended_words(&outcome.ended)));
        }
        if sink.beyond > 0 {
            gaps.push(format!("{place}: {} selectors beyond the first {MOST_SELECTORS} were not kept", sink.beyond));
        }
        if found.len() < told {
            gaps.push(format!("{place}: {} selectors could not be read", told - found.len()));
        }
        let batch = |selectors: &[FoundSelector]| SelectorBatch {
            exhibit: self.label.clone(),
            blob: derived.cloned(),
            input: content.sha256,
            place: place.to_string(),
            record_offset: offset,
            method: extract::METHOD.to_string(),
            origin: self.origin.clone(),
            selectors: selectors.to_vec(),
        };
        let mut rows = Vec::new();
        for piece in found.chunks(SELECTOR_BATCH) {
            rows.push(self.selector_row(&batch(piece))?);
        }
        let detail = json!({
            "exhibit": self.label, "place": place, "method": extract::METHOD, "count": found.len(), "input": content.sha256,
            "ended": ended_words(&outcome.ended), "cage": outcome.cage.cage.name(),
        });
        self.desk.store.commit(self.scope, self.permit, NewEvent::new(EventType::Extracted, Some(self.row.id.clone()), detail), rows)?;
        Ok(found.len() as u64)
    }

    /// Records of the archive maker's own words are kept and not searched; the log says how many.
    fn note_not_searched(&self, records: u64) -> Result<(), StoreError> {
        if records == 0 {
            return Ok(());
        }
        let why = format!("{} records hold the words of whoever made the archive, not of the page", OWN_WORDS.join(", "));
        let detail = json!({"exhibit": self.label, "method": extract::METHOD, "not-searched": records, "reason": why});
        self.desk.store.commit(self.scope, self.permit, NewEvent::new(EventType::Extracted, Some(self.row.id.clone()), detail), vec![]).map(|_| ())
    }

    fn selector_row(&self, batch: &SelectorBatch) -> Result<Write, StoreError> {
        let id = SelectorId::from_random(fresh_id()?).to_string();
        let mut draft = Draft::new("selectors", id, "found").under(&self.row.id);
        for selector in &batch.selectors {
            draft = draft.found_by("selector.value", selector.value.to_lowercase());
        }
        draft.write(self.scope, self.desk.now(), batch)
    }

    /// A crash, a time-out or a cage that was missing is a finding on the exhibit (law 14).
    fn note_findings(&self, outcome: &Outcome, gaps: Vec<String>) -> Result<(), StoreError> {
        let mut lines = gaps;
        let told = outcome.findings.iter().take(200).map(|f| format!("at byte {}: {}", f.offset, f.text));
        lines.extend(told);
        if outcome.ended != Ended::Done {
            lines.push(ended_words(&outcome.ended));
        }
        if outcome.cage.cage.name() != "landlock+seccomp" {
            lines.push(format!("the parser's cage was not whole: {}", outcome.cage.cage.name()));
        }
        if lines.is_empty() {
            return Ok(());
        }
        let row = self.desk.store.get(self.scope, "exhibit", &self.row.id)?;
        let mut content: ExhibitContent = row.content()?;
        content.findings.extend(lines.clone());
        let mut draft = Draft::new("exhibit", row.id.clone(), &row.state).over(&row);
        if let Some(digest) = content.sha256 {
            draft = draft.found_by("exhibit.sha256", digest.hex());
        }
        let write = draft.write(self.scope, self.desk.now(), &content)?;
        let event = NewEvent::new(EventType::Anomaly, Some(row.id.clone()), json!({"exhibit": exhibit_label(row.number.unwrap_or(0)), "parser": lines}));
        self.desk.store.commit(self.scope, self.permit, event, vec![write]).map(|_| ())
    }
}

/// Keeps each member as an encrypted blob and commits them in batches.
struct MemberSink<'w, 'a> {
    work: &'w Work<'a>,
    lists: Known,
    /// By member: the class of the most restricted thing that came out of it.
    inside: BTreeMap<u32, ExhibitClass>,
    derivation: String,
    open: BTreeMap<u32, (MemberHead, NewBlob<'w>)>,
    ready: Vec<(DerivedMember, Write)>,
    kept: Vec<Kept>,
    parents: BTreeSet<u32>,
    batches: u64,
    /// The class of what was found in the exhibit and restricts all of it, and the class that it was given for it.
    restricted: Option<ExhibitClass>,
    told: Option<ExhibitClass>,
}

fn sink_error(error: impl std::fmt::Display) -> SinkError {
    SinkError::from(error.to_string())
}

impl MemberSink<'_, '_> {
    /// Where a member stands, for people: its address or name, and in a web archive the type and id of the
    /// record that it is or lies in.
    fn place_of(&self, head: &MemberHead) -> String {
        let address = head.warc.as_ref().and_then(|warc| warc.target_uri.as_deref()).unwrap_or(&head.name.text);
        let mut around = Some(head);
        while let Some(member) = around {
            if let Some(warc) = &member.warc {
                return format!("{address} ({} record {})", warc.record_type, warc.record_id.as_deref().unwrap_or("without an id"));
            }
            around = member.parent.and_then(|parent| self.open.get(&parent)).map(|(head, _)| head);
        }
        address.to_string()
    }

    /// Whether a member of a web archive lies in a record that its maker wrote.
    fn is_own(&self, head: &MemberHead) -> bool {
        let mut around = Some(head);
        while let Some(member) = around {
            if let Some(warc) = &member.warc {
                return OWN_WORDS.contains(&warc.record_type.as_str());
            }
            around = member.parent.and_then(|parent| self.open.get(&parent)).map(|(head, _)| head);
        }
        false
    }

    /// A member that a list holds, or with the bytes of a restricted one, is as restricted, and so is every member
    /// around it. What a list holds, or the bytes of a whole restricted item, makes the exhibit restricted too.
    fn as_restricted(&mut self, blob: &mut BlobHandle, head: &MemberHead, known: &[KnownHit]) -> Result<bool, StoreError> {
        let listed = class_after(ExhibitClass::Ordinary, known);
        let held = self.inside.remove(&head.id).unwrap_or(ExhibitClass::Ordinary);
        let same = match blob.summary.length {
            0 => None,
            // The collector's own words are no part of what a restricted item holds.
            _ if self.work.captured && self.is_own(head) => None,
            _ => reclassify::class_of_bytes(self.work.desk, self.work.scope, &blob.summary.sha256)?,
        };
        let class = listed.max(held).max(same.map_or(ExhibitClass::Ordinary, |(class, _)| class));
        blob.raise(class);
        let whole = same.filter(|(_, whole)| *whole).map(|(class, _)| class);
        self.restricted = self.restricted.max([Some(listed), whole].into_iter().flatten().filter(|class| class.is_restricted() && *class > self.work.class).max());
        if let Some(parent) = head.parent.filter(|_| class.is_restricted()) {
            let around = self.inside.entry(parent).or_insert(class);
            *around = class.max(*around);
        }
        Ok(class.is_restricted())
    }

    /// The exhibit becomes restricted in the moment in which that is known, not when all of it is unpacked.
    fn tell(&mut self) -> Result<(), StoreError> {
        let Some(class) = self.restricted.filter(|_| self.restricted > self.told) else { return Ok(()) };
        // First: it needs no authority, and a revocation that stops what follows does not stop this.
        reclassify::becomes_restricted(self.work.desk, self.work.scope, &self.work.label, class)?;
        self.told = Some(class);
        self.flush()
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if self.ready.is_empty() {
            return Ok(());
        }
        self.batches += 1;
        let ready = std::mem::take(&mut self.ready);
        let members: Vec<&DerivedMember> = ready.iter().map(|(member, _)| member).collect();
        let id = format!("{}/{}", self.derivation, self.batches);
        let list = Draft::new("members", id, "kept").under(&self.derivation).write(self.work.scope, self.work.desk.now(), &members)?;
        let mut detail = json!({"derivation": self.derivation, "exhibit": self.work.label, "batch": self.batches, "members": members.len()});
        let hits: Vec<KnownHit> = members.iter().flat_map(|member| member.known.clone()).collect();
        if !hits.is_empty() {
            detail["known"] = known::in_event(&hits);
        }
        let mut rows = vec![list];
        rows.extend(ready.into_iter().map(|(_, blob)| blob));
        let event = NewEvent::new(EventType::Derived, Some(self.work.row.id.clone()), detail);
        self.work.desk.store.commit(self.work.scope, self.work.permit, event, rows).map(|_| ())
    }
}

impl Sink for MemberSink<'_, '_> {
    fn begin(&mut self, head: &MemberHead) -> Result<(), SinkError> {
        let work = self.work;
        let blob = work
            .desk
            .store
            .new_blob(work.scope, work.permit, &self.derivation, work.class, Some(&work.origin), self.lists.also(AlsoDigest::default()))
            .map_err(sink_error)?;
        self.open.insert(head.id, (head.clone(), blob));
        Ok(())
    }

    fn data(&mut self, id: u32, bytes: &[u8]) -> Result<(), SinkError> {
        let (_, blob) = self.open.get_mut(&id).ok_or_else(|| sink_error("bytes of a member that never began"))?;
        blob.write_all(bytes).map_err(sink_error)
    }

    fn end(&mut self, tail: &MemberTail) -> Result<(), SinkError> {
        let (head, blob) = self.open.remove(&tail.id).ok_or_else(|| sink_error("the end of a member that never began"))?;
        let (mut blob, known) = admit::matched(self.work.desk, &self.lists, blob.finish().map_err(sink_error)?).map_err(sink_error)?;
        let restricted = self.as_restricted(&mut blob, &head, &known).map_err(sink_error)?;
        // Members end from the inside out, so every child of this one was seen by now.
        let is_leaf = !self.parents.contains(&head.id);
        self.kept.push(Kept {
            blob: blob.id.clone(),
            id: head.id,
            parent: head.parent,
            place: self.place_of(&head),
            offset: head.offset,
            length: blob.summary.length,
            is_leaf,
            restricted,
            record: head.warc.as_ref().map(|warc| warc.record_type.clone()),
            known: known.clone(),
        });
        self.parents.extend(head.parent);
        let member = DerivedMember { head, tail: tail.clone(), blob: blob.id, sha256: blob.summary.sha256, known };
        self.ready.push((member, blob.row));
        self.tell().map_err(sink_error)?;
        if self.ready.len() >= BATCH { self.flush().map_err(sink_error) } else { Ok(()) }
    }

    fn abandon(&mut self, id: u32, _reason: &str) {
        self.open.remove(&id);
    }

    fn finding(&mut self, _finding: &parse::Finding) {}

    fn selectors(&mut self, _values: Vec<Value>) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Keeps what was found in one member, up to [`MOST_SELECTORS`]; what is beyond is counted, so that a page
/// of nothing but addresses cannot eat the desk's memory.
#[derive(Default)]
pub(crate) struct SelectorSink {
    pub values: Vec<Value>,
    pub beyond: usize,
}

impl Sink for SelectorSink {
    fn begin(&mut self, _head: &MemberHead) -> Result<(), SinkError> {
        Err(sink_error("a member where only selectors were asked for"))
    }

    fn data(&mut self, _id: u32, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }

    fn end(&mut self, _tail: &MemberTail) -> Result<(), SinkError> {
        Ok(())
    }

    fn abandon(&mut self, _id: u32, _reason: &str) {}

    fn finding(&mut self, _finding: &parse::Finding) {}

    fn selectors(&mut self, values: Vec<Value>) -> Result<(), SinkError> {
        let room = MOST_SELECTORS - self.values.len();
        self.beyond += values.len().saturating_sub(room);
        self.values.extend(values.into_iter().take(room));
        Ok(())
    }
}

/// One place where a selector stands.
#[derive(Debug, Clone, Serialize)]
pub struct SelectorHit {
    /// The exhibit.
    pub exhibit: String,
    /// URL or member name.
    pub place: String,
    /// The selector.
    #[serde(flatten)]
    pub selector: FoundSelector,
    /// Whether value and place are left out, because the exhibit is personal and sensitive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub minimised: bool,
}

/// What stands in a list in place of a value from a personal-sensitive exhibit.
const MINIMISED: &str = "(minimised)";

impl SelectorHit {
    /// Without what was read in the item: its kind and where to ask for more is all that a list shows.
    fn minimised(mut self, asked: Option<&str>) -> SelectorHit {
        if asked.is_none() {
            self.selector.value = MINIMISED.into();
            self.selector.reason = MINIMISED.into();
        }
        self.place = MINIMISED.into();
        self.minimised = true;
        self
    }
}

/// The answer to a query.
#[derive(Debug, Clone, Serialize)]
pub struct Hits {
    /// Where the selectors stand.
    pub hits: Vec<SelectorHit>,
    /// How many more stand in exhibits that the authority does not reach: counted, not shown.
    pub outside: usize,
    /// Labels of restricted exhibits, about which nothing is said: a number alone would tell what stands in them.
    pub restricted: Vec<String>,
    /// Labels of exhibits that were not examined to the end.
    pub unsearched: Vec<String>,
    /// The event by which the question was asked.
    pub event: u64,
}

/// Selectors of the case, all or those with this exact value; one query event with count and a
/// commitment to the result set.
///
/// # Errors
/// When the permit is not to query.
pub fn selectors(desk: &Desk, scope: &Scope, permit: &Permit, value: Option<&str>, purpose: &str) -> Result<Hits, StoreError> {
    for_action(permit, Action::Query)?;
    let rows = match value {
        Some(value) => desk.store.find(scope, "selectors", "selector.value", &value.to_lowercase())?,
        None => desk.store.list(scope, "selectors")?,
    };
    let (mut hits, mut outside) = (Vec::new(), 0);
    let sensitive = sensitive_labels(desk, scope)?;
    let (restricted, parts) = (reclassify::restricted_labels(desk, scope)?, reclassify::restricted_parts(desk, scope)?);
    for row in &rows {
        let batch: SelectorBatch = row.content()?;
        if restricted.contains(&batch.exhibit) || batch.blob.as_ref().is_some_and(|blob| parts.contains(blob)) {
            continue;
        }
        let reaches = desk.store.covers_item(scope, permit, &batch.origin, row.parent.as_deref())?;
        let matching = batch.selectors.into_iter().filter(|s| value.is_none_or(|v| s.value.to_lowercase() == v.to_lowercase()));
        if !reaches {
            outside += matching.count();
            continue;
        }
        let found = matching.map(|selector| SelectorHit { exhibit: batch.exhibit.clone(), place: batch.place.clone(), selector, minimised: false });
        if sensitive.contains(&batch.exhibit) {
            hits.extend(found.map(|hit| hit.minimised(value)));
        } else {
            hits.extend(found);
        }
    }
    let results = Sha256Digest::of(&serde_json::to_vec(&hits).map_err(crate::office::input)?);
    let unsearched = unsearched(desk, scope)?;
    let detail = json!({
        "query": value, "purpose": purpose, "count": hits.len(), "outside-authority": outside, "unsearched": unsearched, "restricted": restricted, "results": results,
    });
    let event = desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, None, detail), vec![])?.event;
    Ok(Hits { hits, outside, restricted: restricted.into_iter().collect(), unsearched, event })
}

/// Labels of the personal-sensitive exhibits: lists show nothing that was read in them.
fn sensitive_labels(desk: &Desk, scope: &Scope) -> Result<BTreeSet<String>, StoreError> {
    let mut labels = BTreeSet::new();
    for row in desk.store.list(scope, "exhibit")? {
        if row.content::<ExhibitContent>()?.class == ExhibitClass::PersonalSensitive {
            labels.insert(exhibit_label(row.number.unwrap_or(0)));
        }
    }
    Ok(labels)
}

/// Labels of the exhibits with bytes that no examination has gone through to the end: an answer says
/// nothing about them.
fn unsearched(desk: &Desk, scope: &Scope) -> Result<Vec<String>, StoreError> {
    let mut newest: BTreeMap<String, (u64, bool)> = BTreeMap::new();
    for row in desk.store.list(scope, "derivation")? {
        let exhibit = row.parent.clone().unwrap_or_default();
        let entry = newest.entry(exhibit).or_insert((row.event, row.state == WHOLE));
        if row.event >= entry.0 {
            *entry = (row.event, row.state == WHOLE);
        }
    }
    let rows = desk.store.list(scope, "exhibit")?;
    let mut labels = Vec::new();
    for row in &rows {
        let content: ExhibitContent = row.content()?;
        let whole = newest.get(&row.id).is_some_and(|(_, whole)| *whole);
        if content.blob.is_some() && (!whole || content.class.is_restricted()) {
            labels.push(exhibit_label(row.number.unwrap_or(0)));
        }
    }
    Ok(labels)
}

/// Whether the newest examination of an exhibit went through all of its bytes: without that, nothing may
/// be said to be absent from it (law 9).
pub(crate) fn is_whole(desk: &Desk, scope: &Scope, exhibit: &Row) -> Result<bool, StoreError> {
    let rows = desk.store.list_of(scope, "derivation", &exhibit.id)?;
    Ok(rows.iter().max_by_key(|row| row.event).is_some_and(|row| row.state == WHOLE))
}
