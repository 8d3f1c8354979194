//! Examination: containers are unpacked, selectors found and words read, all in the caged `parse` child, never
//! on the original (laws 6, 14). Every input record is accounted for: in = out + rejected.
//!
//! What lies in a container is read while it passes. What is too long for that, and what comes after a member on which
//! the reader fell, is read afterwards, each in a child of its own. Pictures are decoded last, each in a child of its
//! own, when it is known of every one whether it is restricted (law 7).

mod again;
mod members;
mod pictures;

use std::{cell::RefCell, collections::BTreeSet, time::{Duration, Instant}};

use model::{
    Sha256Digest,
    action::Action,
    event::EventType,
    exhibit::{ExhibitClass, ExhibitKind, Origin},
    id::{BlobId, SelectorId},
    known::KnownHit,
    selector::FoundSelector,
};
use parse::{Budget, Ended, Finding, FindingKind, MemberHead, MemberTail, Outcome, Source, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{NewEvent, Permit, Row, Scope, StoreError, Write, index::Held, vault::{blob::BlobReader, secret::fresh_id}};

use crate::{
    Desk,
    admit::{self, ExhibitContent},
    known::{self, Known},
    office::TOOL,
    reading::{Indexing, Reading, WORDS, host_of},
    reclassify,
    row::{Draft, exhibit_label, for_action, fresh_blob},
    watch::Watches,
};
pub(crate) use again::index_again;
pub(crate) use members::{SelectorSink, hint_of};
use members::{Kept, MemberSink};
pub use pictures::{PictureAccount, PictureText, PictureTexts, ReadText, TextAccount, texts as picture_texts};
use pictures::held_of as held_of_pictures;

/// Selectors in one row.
const SELECTOR_BATCH: usize = 500;
/// Ranges that are covered, in one row.
const COVERED_BATCH: usize = 10_000;
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
    /// The pictures in it; none where there is none.
    #[serde(default, skip_serializing_if = "PictureAccount::is_empty")]
    pub pictures: PictureAccount,
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
pub(crate) const WHOLE: &str = "done";

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
    /// Why its words are not in the index of the case, if they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_indexed: Option<String>,
    /// Alerts that watches raised, each with its watch and how often it matched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
    /// Why the watches of the case were not asked, if they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watches: Option<String>,
    /// The pictures in it, and which of them were read.
    #[serde(skip_serializing_if = "PictureAccount::is_empty")]
    pub pictures: PictureAccount,
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
    /// The bytes of sensitive selectors that were not kept: rows and messages are covered there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covered: Vec<(u64, u64)>,
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
    examine_with(desk, scope, permit, label, budget, None)
}

/// The same; `text` asks for the text in pictures too, which takes a second or more for each.
///
/// # Errors
/// As [`examine`]; when the languages that are named are not there.
pub fn examine_with(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, budget: &Budget, text: Option<&ReadText>) -> Result<ExaminationView, StoreError> {
    for_action(permit, Action::Examine)?;
    let row = admit::row(desk, scope, label)?;
    let view = admit::view(desk, &row)?;
    let blob = admit::usable_blob(&view)?.clone();
    desk.store.cover(scope, permit, &view.content.origin)?;
    // Bytes that changed on the disk lock the exhibit before anything is concluded from them (law 5).
    admit::rehash(desk, scope, permit, &row)?;
    let work = Work::of(desk, scope, permit, &row)?;
    work.close_left_behind()?;
    let mut indexing = Take { indexing: Ok(None), watches: Watches::open(desk, scope)? };
    let Unpacked { derivation, outcome, members, restricted, mut selectors, mut gaps } = work.unpack(&blob, budget, &mut indexing)?;
    let known = lists_of(&members);
    if let Some(class) = restricted {
        work.end(&derivation, &outcome, &PictureAccount::default(), &["it holds the bytes of a restricted item".into()])?;
        return Err(reclassify::holds_restricted(desk, scope, &view.exhibit, class)?);
    }
    if members.is_empty() {
        let place = Place { blob: blob.clone(), derived: false, offset: None, hint: hint_of_whole(&view.exhibit), held: work.held(&derivation, &view.exhibit, None), address: None };
        selectors += work.search(&place, &mut gaps, &mut indexing)?;
    }
    let own = own_words(&members);
    let restricted = members.iter().filter(|member| member.restricted).count() as u64;
    if restricted > 0 {
        gaps.push(format!("{restricted} members are restricted, because a restricted item has the same bytes: they were not searched"));
    }
    let unread = |m: &&Kept| m.is_leaf && !m.read && m.length > 0 && m.length <= SEARCHED && !own.contains(&m.id) && !m.restricted;
    for member in members.iter().filter(unread) {
        desk.store.still_live(scope, permit)?;
        let held = Held { captured: member.captured.or(work.at), mail: member.mail.clone(), ..work.held(&derivation, &member.place, Some(&member.blob)) };
        let place = Place { blob: member.blob.clone(), derived: true, offset: Some(member.offset), hint: member.hint.clone(), held, address: member.address.clone() };
        selectors += work.search(&place, &mut gaps, &mut indexing)?;
    }
    let pictures = work.look_at_pictures(&derivation, &blob, &members, &own, text, &mut indexing)?;
    selectors += pictures.selectors;
    let weak_walls = pictures.weak_walls();
    gaps.extend(pictures.gaps);
    let pictures = pictures.account;
    let not_searched = members.iter().filter(|m| own.contains(&m.id) && m.record.is_some()).count() as u64;
    work.note_not_searched(not_searched)?;
    let too_long = members.iter().filter(|m| m.is_leaf && m.length > SEARCHED && !own.contains(&m.id));
    gaps.extend(too_long.map(|m| format!("{}: {} bytes are too many to be searched for selectors", m.place, m.length)));
    let Take { indexing, watches } = indexing;
    // First: an examination that was called done would never be asked again.
    let (alerts, silent) = watches.end(desk, scope, (&view.exhibit, &row.id, &view.content.origin))?;
    work.end(&derivation, &outcome, &pictures, &gaps)?;
    gaps.extend(known.iter().map(known::of_a_member));
    gaps.extend(weak_walls);
    work.note_findings(&outcome, gaps)?;
    let not_indexed = work.end_indexing(indexing, &derivation).err().map(|why| why.to_string());
    Ok(ExaminationView { selectors, pictures, not_searched, restricted, known, not_indexed, alerts, watches: silent, ..examination_view(&view.exhibit, &outcome, members.len() as u64) })
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
        not_indexed: None,
        alerts: vec![],
        watches: None,
        pictures: PictureAccount::default(),
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
    let mut members: Vec<DerivedMember> = Vec::new();
    for batch in desk.store.list_of(scope, "members", derivation)? {
        members.extend(batch.content::<Vec<DerivedMember>>()?);
    }
    let ids = own_ids(&members);
    Ok(members.into_iter().filter(|member| ids.contains(&member.head.id)).map(|member| member.blob).collect())
}

/// Ids of members that hold the words of whoever made the archive, or stand inside one that does.
fn own_ids(members: &[DerivedMember]) -> BTreeSet<u32> {
    let own = |member: &&DerivedMember| member.head.warc.as_ref().is_some_and(|warc| OWN_WORDS.contains(&warc.record_type.as_str()));
    let mut ids: BTreeSet<u32> = members.iter().filter(own).map(|member| member.head.id).collect();
    // A member has a lower number than what is inside it.
    let mut order: Vec<&DerivedMember> = members.iter().collect();
    order.sort_by_key(|member| member.head.id);
    for member in order {
        if member.head.parent.is_some_and(|parent| ids.contains(&parent)) {
            ids.insert(member.head.id);
        }
    }
    ids
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
    /// When it was captured or admitted, in microseconds since 1970.
    at: Option<i64>,
}

/// What came of an unpacking.
struct Unpacked {
    derivation: String,
    outcome: Outcome,
    members: Vec<Kept>,
    restricted: Option<ExhibitClass>,
    selectors: u64,
    gaps: Vec<String>,
}

/// Something that is read in a child of its own.
struct Place {
    blob: BlobId,
    derived: bool,
    /// Where the record begins in the exhibit's own bytes.
    offset: Option<u64>,
    /// What the reader is told of it.
    hint: Value,
    held: Held,
    /// See [`Read`].
    address: Option<String>,
}

/// Where what was read goes: into the index, or why it cannot, and before the watches. The index is opened when there
/// is something for it: of an item that turns out to be restricted nothing ever is.
pub(crate) struct Take {
    indexing: Result<Option<Indexing>, StoreError>,
    watches: Watches,
}

/// What was read in one place, to be written down.
pub(crate) struct Read {
    blob: Option<BlobId>,
    input: Sha256Digest,
    offset: Option<u64>,
    held: Held,
    reading: Reading,
    /// How it was read, when it was not read as text.
    method: Option<String>,
    /// The address of the captured record of which these bytes are the block or the body; none for files and what lies
    /// in them, whatever their names look like.
    address: Option<String>,
}

impl<'a> Work<'a> {
    fn of(desk: &'a Desk, scope: &'a Scope, permit: &'a Permit, row: &'a Row) -> Result<Work<'a>, StoreError> {
        let view = admit::view(desk, row)?;
        let content = view.content;
        Ok(Work {
            desk, scope, permit, row,
            class: content.class,
            captured: content.kind == ExhibitKind::Capture,
            origin: content.origin,
            label: view.exhibit,
            at: Some(content.admitted.micros()),
        })
    }

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

    /// The words of the case on their way into its index, or why they cannot go there now.
    fn indexing(&self) -> Result<Indexing, StoreError> {
        let mut indexing = Indexing::begin(self.desk, self.scope, self.permit)?;
        indexing.forget(&self.label);
        Ok(indexing)
    }

    fn end_indexing(&self, indexing: Result<Option<Indexing>, StoreError>, derivation: &str) -> Result<(), StoreError> {
        let indexing = indexing?.map_or_else(|| self.indexing(), Ok)?;
        // Gaps of the examination stand in its own record, and every answer names them.
        indexing.end(self.desk, self.scope, self.permit, self.row, &self.label, derivation, false)
    }

    /// What is said of every passage of a place.
    fn held(&self, derivation: &str, place: &str, blob: Option<&BlobId>) -> Held {
        Held {
            exhibit: self.label.clone(),
            derivation: derivation.to_string(),
            blob: blob.map(ToString::to_string),
            place: place.to_string(),
            host: host_of(place),
            captured: self.at,
            ..Held::default()
        }
    }

    fn unpack(&self, blob: &BlobId, budget: &Budget, indexing: &mut Take) -> Result<Unpacked, StoreError> {
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
            pictures: PictureAccount::default(),
            lists: lists.restricting(),
        };
        let first = Draft::new("derivation", id.clone(), "running").under(&self.row.id).write(self.scope, self.desk.now(), &derivation)?;
        let begun = NewEvent::new(EventType::Derived, Some(self.row.id.clone()), json!({"derivation": id, "exhibit": self.label, "begins": true}));
        self.desk.store.commit(self.scope, self.permit, begun, vec![first])?;
        let mut sink = MemberSink::new(self, lists, &id, indexing);
        let name = content.original_name.clone().unwrap_or_default();
        let stop = self.watch();
        let run = |task: &Task, sink: &mut MemberSink<'_, '_>| {
            parse::run(self.desk.exe(), task, budget, &mut self.source(blob)?, sink, &stop)
                .map_err(|e| StoreError::Environment { attempt: format!("examining {}", self.label), cause: e.to_string() })
        };
        let skip = OWN_WORDS.map(str::to_string).to_vec();
        let mut outcome = run(&Task::UnpackAndRead { name: name.clone(), skip }, &mut sink)?;
        if matches!(outcome.ended, Ended::Crash(_) | Ended::Memory | Ended::Hostile(_)) {
            // A page on which the reader falls must not hide what comes after it: the rest is unpacked without reading.
            let fell = format!("the reading in passing fell ({}): what came after was read page by page", ended_words(&outcome.ended));
            sink.again();
            outcome = run(&Task::Unpack { name }, &mut sink)?;
            outcome.findings.push(Finding { kind: FindingKind::Note, text: fell, member: None, offset: 0, rejects: false });
        }
        sink.flush()?;
        let (kept, restricted) = (std::mem::take(&mut sink.kept), sink.restricted);
        let (selectors, gaps) = (sink.selectors, std::mem::take(&mut sink.gaps));
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
        Ok(Unpacked { derivation: id, outcome, members: kept, restricted, selectors, gaps })
    }

    /// Closes the derivation: whole only when everything was unpacked and searched to its end.
    fn end(&self, id: &str, outcome: &Outcome, pictures: &PictureAccount, gaps: &[String]) -> Result<(), StoreError> {
        let row = self.desk.store.get(self.scope, "derivation", id)?;
        let mut derivation: Derivation = row.content()?;
        derivation.gaps = gaps.to_vec();
        derivation.pictures = pictures.clone();
        let whole = outcome.ended == Ended::Done && gaps.is_empty() && outcome.summary.rejected_count == 0;
        let state = if whole { WHOLE } else { "stopped" };
        let write = Draft::new("derivation", id, state).over(&row).write(self.scope, self.desk.now(), &derivation)?;
        let detail = json!({"derivation": id, "exhibit": self.label, "whole": whole, "gaps": gaps, "pictures": pictures});
        self.desk.store.commit(self.scope, self.permit, NewEvent::new(EventType::Derived, Some(self.row.id.clone()), detail), vec![write]).map(|_| ())
    }

    /// Reads one place in a child of its own.
    fn search(&self, place: &Place, gaps: &mut Vec<String>, indexing: &mut Take) -> Result<u64, StoreError> {
        let input = self.desk.store.read_blob(self.scope, self.permit, &place.blob)?.content.sha256;
        let mut sink = SelectorSink::default();
        let budget = Budget::default();
        let task = Task::Extract { hint: place.hint.to_string() };
        let stop = self.watch();
        let outcome = parse::run(self.desk.exe(), &task, &budget, &mut self.source(&place.blob)?, &mut sink, &stop)
            .map_err(|e| StoreError::Environment { attempt: format!("searching {}", place.held.place), cause: e.to_string() })?;
        // A search that was cut short must never pass for one without result (law 9).
        if outcome.ended != Ended::Done {
            gaps.push(format!("{}: the search for selectors is incomplete ({})", place.held.place, ended_words(&outcome.ended)));
        }
        gaps.extend(sink.reading.gaps(&place.held.place));
        let blob = place.derived.then(|| place.blob.clone());
        let read = Read { blob, input, offset: place.offset, held: place.held.clone(), reading: sink.reading, method: None, address: place.address.clone() };
        self.keep(&[read], &ended_words(&outcome.ended), outcome.cage.cage.name(), indexing)
    }

    /// Writes down what was read in these places, in one event, and hands the words to the index.
    pub(crate) fn keep(&self, places: &[Read], ended: &str, cage: &str, take: &mut Take) -> Result<u64, StoreError> {
        let mut rows = Vec::new();
        for place in places {
            let batch = |selectors: &[FoundSelector], covered: &[(u64, u64)]| SelectorBatch {
                exhibit: self.label.clone(),
                blob: place.blob.clone(),
                input: place.input,
                place: place.held.place.clone(),
                record_offset: place.offset,
                method: place.method.clone().unwrap_or_else(|| extract::METHOD.to_string()),
                origin: self.origin.clone(),
                selectors: selectors.to_vec(),
                covered: covered.to_vec(),
            };
            for piece in place.reading.selectors.chunks(SELECTOR_BATCH) {
                rows.push(self.selector_row(&batch(piece, &[]))?);
            }
            for piece in place.reading.covered.chunks(COVERED_BATCH) {
                rows.push(self.selector_row(&batch(&[], piece))?);
            }
        }
        for place in places {
            let stands = crate::rows::Stands { label: &self.label, origin: &self.origin, blob: place.blob.as_ref(), input: place.input, place: &place.held.place, address: place.address.as_deref() };
            rows.extend(crate::rows::writes(self.desk, self.scope, &self.row.id, &stands, &place.reading)?);
        }
        let count: usize = places.iter().map(|place| place.reading.selectors.len()).sum();
        let told = |place: &Read| json!({"place": place.held.place, "count": place.reading.selectors.len(), "passages": place.reading.passages.len(), "rows": place.reading.rows.len() + place.reading.messages.len(), "input": place.input});
        let detail = json!({
            "exhibit": self.label, "method": extract::METHOD, "count": count, "ended": ended, "cage": cage,
            "places": places.iter().map(told).collect::<Vec<_>>(),
        });
        self.desk.store.commit(self.scope, self.permit, NewEvent::new(EventType::Extracted, Some(self.row.id.clone()), detail), rows)?;
        for place in places {
            let held = place.reading.held(&place.held);
            take.watches.look(&held, &place.reading.selectors, &place.held);
            if let Err(why) = self.index(&held, take) {
                take.indexing = Err(why);
            }
        }
        Ok(count as u64)
    }

    fn index(&self, held: &[Held], take: &mut Take) -> Result<(), StoreError> {
        if held.is_empty() {
            return Ok(());
        }
        match &mut take.indexing {
            Ok(Some(indexing)) => indexing.add(held),
            Ok(none) => none.insert(self.indexing()?).add(held),
            Err(_) => Ok(()),
        }
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

/// What the reader is told of an exhibit that is no container.
pub(crate) fn hint_of_whole(label: &str) -> Value {
    json!({"place": label, "read": WORDS})
}

/// Whether the newest examination of an exhibit went through all of its bytes: without that, nothing may
/// be said to be absent from it (law 9).
pub(crate) fn is_whole(desk: &Desk, scope: &Scope, exhibit: &Row) -> Result<bool, StoreError> {
    let rows = desk.store.list_of(scope, "derivation", &exhibit.id)?;
    Ok(rows.iter().max_by_key(|row| row.event).is_some_and(|row| row.state == WHOLE))
}
