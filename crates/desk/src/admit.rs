//! Admission: files, captures made by hand and physical items become exhibits (laws 4, 5, 6, 15).
//!
//! Bytes are hashed and encrypted while they are read, compared with what the giver declared, and
//! exist for the case only when the event is committed. A stopped or failed admission leaves nothing.

use std::io::Read;

use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    actor::Role,
    custody::Custody,
    event::EventType,
    exhibit::{DeclaredDigest, ExhibitClass, ExhibitKind, ManualCaptureNote, Origin, PhysicalItem},
    id::{BlobId, ExhibitId},
    known::{KnownHit, class_after},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{BlobHandle, Intent, NewEvent, Permit, Row, Scope, StoreError, vault::blob::AlsoDigest};

use crate::{
    Desk,
    authority::origin_under,
    inside,
    known::{self, Known},
    opening, reclassify,
    row::{Draft, exhibit_label, for_action, fresh_exhibit, parse_label},
};

/// What an exhibit's row holds (sealed under the case key). Its number is the row's, its state
/// column is `sound` or `locked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExhibitContent {
    /// How it came in.
    pub kind: ExhibitKind,
    /// How restricted it is.
    pub class: ExhibitClass,
    /// One line: what it is.
    pub description: String,
    /// From where or from whom.
    pub source: String,
    /// Class of the source, and whom and where it concerns.
    pub origin: Origin,
    /// The name it came under, as data.
    pub original_name: Option<String>,
    /// Its bytes; none for a thing.
    pub blob: Option<BlobId>,
    /// SHA-256 of its bytes.
    pub sha256: Option<Sha256Digest>,
    /// Length of its bytes.
    pub length: Option<u64>,
    /// Digests that came with it, with whether they match.
    pub declared: Vec<DeclaredDigest>,
    /// For captures made by hand.
    pub manual: Option<ManualCaptureNote>,
    /// For things.
    pub physical: Option<PhysicalItem>,
    /// For captures by the collector and for derivations: the record of how it came to be.
    pub record: Option<Value>,
    /// The exhibit it was derived from, as its label.
    pub derived_from: Option<String>,
    /// Who holds it and how.
    pub custody: Custody,
    /// When it was admitted.
    pub admitted: Moment,
    /// Name of the person who admitted it.
    pub admitted_by: String,
    /// Findings of the caged parser on it.
    pub findings: Vec<String>,
    /// The known-hash lists that hold its bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<KnownHit>,
}

/// What stands in place of a description that nobody typed.
const NOT_DESCRIBED: &str = "(not described)";

impl ExhibitContent {
    /// What it is, as a person typed it: the name of a restricted item's file stands there only when nobody typed
    /// anything, and is not shown.
    pub(crate) fn told(&self) -> &str {
        // A saved folder comes in as a tar of its name.
        let named = |name: &String| *name == self.description || name.strip_suffix(".tar") == Some(self.description.as_str());
        let untyped = self.class.is_restricted() && self.original_name.as_ref().is_some_and(named);
        if untyped { NOT_DESCRIBED } else { &self.description }
    }
}

/// An exhibit as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct ExhibitView {
    /// `E-0001`.
    pub exhibit: String,
    /// Its id in the ledger.
    pub id: String,
    /// `sound` or `locked`.
    pub state: String,
    /// Everything else.
    #[serde(flatten)]
    pub content: ExhibitContent,
    /// Name of its custodian.
    pub custodian: String,
    /// The part whose bytes were opened: length and digest of the exhibit are of other bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_part: Option<OpenedPart>,
}

/// A part of an exhibit that was opened.
#[derive(Debug, Clone, Serialize)]
pub struct OpenedPart {
    /// By what it is opened.
    pub part: BlobId,
    /// Its address or name.
    pub place: String,
    /// Its length in bytes.
    pub length: u64,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Digest,
}

impl ExhibitView {
    /// As it may be shown: a restricted item without any digest, name or length, and without
    /// what was read in its bytes (law 7). What it is, a person typed.
    pub(crate) fn shown(mut self) -> ExhibitView {
        if self.content.class.is_restricted() {
            self.content.description = self.content.told().into();
            self.content.original_name = None;
            self.content.length = None;
            self.content.sha256 = None;
            self.content.declared.clear();
            self.content.record = None;
            reclassify::silent(&mut self.content.findings);
        }
        self
    }
}

/// What is typed when a file is admitted.
#[derive(Debug, Clone)]
pub struct AdmitFile {
    /// One line: what it is.
    pub description: String,
    /// From where or from whom.
    pub source: String,
    /// Class of the source, and whom and where it concerns.
    pub origin: Origin,
    /// How restricted it is.
    pub class: ExhibitClass,
    /// The name it came under.
    pub original_name: Option<String>,
    /// Digests that came with it: (algorithm, hexadecimal digits).
    pub declared: Vec<(String, String)>,
    /// For a capture made by hand.
    pub manual: Option<ManualCaptureNote>,
}

impl AdmitFile {
    /// The intent that this admission needs a permit for.
    pub fn intent(&self) -> Intent {
        Intent::to(Action::Admit).on(&self.origin)
    }
}

/// How many bytes pass between two questions whether the authority still lives.
const ASK_EVERY: u64 = 8 << 20;
/// And at most how many seconds.
const ASK_SECONDS: u64 = 5;

/// Admits a file or a capture made by hand.
///
/// # Errors
/// Law 15 when the authority ends while the bytes are read (nothing is admitted then); the disk.
pub fn file(desk: &Desk, scope: &Scope, permit: &Permit, typed: &AdmitFile, input: &mut dyn Read) -> Result<ExhibitView, StoreError> {
    for_action(permit, Action::Admit)?;
    check_declared(&typed.declared)?;
    let typed = &AdmitFile { origin: origin_under(desk, scope, permit, &typed.origin)?, ..typed.clone() };
    let id = fresh_exhibit()?;
    let stored = Known::open(desk, scope).and_then(|lists| store_bytes(desk, scope, permit, &id, typed, lists, input));
    let (blob, hits, passed) = match stored {
        Ok(stored) => stored,
        Err(error) => return Err(stopped(desk, scope, &id, error)?),
    };
    let class = class_after(typed.class, &hits);
    let declared = compare_declared(&typed.declared, &blob);
    let content = ExhibitContent {
        kind: if typed.manual.is_some() { ExhibitKind::ManualCapture } else { ExhibitKind::File },
        original_name: typed.original_name.clone(),
        blob: Some(blob.id.clone()),
        sha256: Some(blob.summary.sha256),
        length: Some(blob.summary.length),
        findings: mismatches(&declared).into_iter().chain(hits.iter().map(KnownHit::in_words)).collect(),
        declared,
        manual: typed.manual.clone(),
        known: hits,
        ..blank(desk, scope, &typed.description, &typed.source, &typed.origin, class)?
    };
    let mut detail = json!({
        "description": typed.description, "source": typed.source, "class": class, "sha256": blob.summary.sha256,
        "length": blob.summary.length.to_string(), "name": typed.original_name, "declared": content.declared, "manual": typed.manual,
        "class-typed": typed.class, "known": known::in_event(&content.known),
    });
    if !passed.is_empty() {
        detail["released-after"] = json!(passed);
    }
    let digest = blob.summary.sha256;
    let admitted = commit(desk, scope, permit, &id, content, detail, vec![blob.row.clone()]);
    if let Ok(view) = &admitted {
        reclassify::carry(desk, scope, view, &digest)?;
    }
    admitted.or_else(|error| {
        // Its row may be there, seen or not yet: then its bytes must be.
        if matches!(error, StoreError::Unknown { .. }) {
            return Err(error);
        }
        // A store of objects that is away does not hide why the step was refused. What stays there has no row and
        // no key; `doctor` counts it.
        match desk.store.discard_blob(&blob) {
            Ok(()) | Err(StoreError::Environment { .. }) => {}
            Err(other) => return Err(other),
        }
        Err(stopped(desk, scope, &id, error)?)
    })
}

/// Refuses an item that the disk of the home cannot hold, before a byte of it is read. A pipe has no
/// length beforehand: it is stopped when the disk is full.
///
/// # Errors
/// The disk, with what to do.
pub fn room_for(desk: &Desk, item: &std::fs::File) -> Result<(), StoreError> {
    let length = item.metadata().map_err(|e| StoreError::environment("reading the item's length", &e))?.len();
    let free = crate::doctor::free_bytes(desk)?;
    if length <= free {
        return Ok(());
    }
    Err(StoreError::Environment {
        attempt: "admitting the item".into(),
        cause: format!("it has {length} bytes and the disk of the home has {free} free: free some space or move the home; nothing was admitted"),
    })
}

/// Admits a thing: seal number, condition, and photographs as exhibits of their own later.
///
/// # Errors
/// When seal number or condition are missing.
pub fn thing(
    desk: &Desk,
    scope: &Scope,
    permit: &Permit,
    origin: &Origin,
    description: &str,
    source: &str,
    item: &PhysicalItem,
) -> Result<ExhibitView, StoreError> {
    for_action(permit, Action::Admit)?;
    desk.store.cover(scope, permit, origin)?;
    if item.seal_number.trim().is_empty() || item.condition.trim().is_empty() {
        return Err(StoreError::input("a physical item needs its seal number and its condition"));
    }
    let id = fresh_exhibit()?;
    let content = ExhibitContent {
        kind: ExhibitKind::Physical,
        physical: Some(item.clone()),
        ..blank(desk, scope, description, source, &origin_under(desk, scope, permit, origin)?, ExhibitClass::Ordinary)?
    };
    let detail = json!({"description": description, "source": source, "seal": item.seal_number, "condition": item.condition});
    commit(desk, scope, permit, &id, content, detail, vec![])
}

pub(crate) fn blank(
    desk: &Desk,
    scope: &Scope,
    description: &str,
    source: &str,
    origin: &Origin,
    class: ExhibitClass,
) -> Result<ExhibitContent, StoreError> {
    Ok(ExhibitContent {
        kind: ExhibitKind::File,
        class,
        description: description.into(),
        source: source.into(),
        origin: origin.clone(),
        original_name: None,
        blob: None,
        sha256: None,
        length: None,
        declared: vec![],
        manual: None,
        physical: None,
        record: None,
        derived_from: None,
        custody: Custody::Held { custodian: scope.actor().clone(), interim: false },
        admitted: desk.now(),
        admitted_by: desk.name_of(scope.actor())?.0,
        findings: vec![],
        known: vec![],
    })
}

pub(crate) fn commit(
    desk: &Desk,
    scope: &Scope,
    permit: &Permit,
    id: &ExhibitId,
    mut content: ExhibitContent,
    mut detail: Value,
    mut rows: Vec<store::Write>,
) -> Result<ExhibitView, StoreError> {
    reclassify::inherit(desk, scope, &mut content, &mut rows)?;
    detail["class"] = json!(content.class);
    let mut draft = Draft::new("exhibit", id.to_string(), "sound").numbered();
    if let Some(digest) = content.sha256 {
        draft = draft.found_by("exhibit.sha256", digest.hex());
    }
    rows.insert(0, draft.write(scope, desk.now(), &content)?);
    let event_type = if content.kind == ExhibitKind::Derived { EventType::Derived } else { EventType::ExhibitAdmitted };
    let done = desk.store.commit(scope, permit, NewEvent::new(event_type, Some(id.to_string()), detail), rows)?;
    let number = done.numbers.first().copied().flatten().ok_or_else(|| StoreError::damaged("the new exhibit has no number"))?;
    let custodian = desk.name_of(content.custody.custodian())?.0;
    Ok(ExhibitView { exhibit: exhibit_label(number), id: id.to_string(), state: "sound".into(), content, custodian, opened_part: None }.shown())
}

fn store_bytes(
    desk: &Desk,
    scope: &Scope,
    permit: &Permit,
    id: &ExhibitId,
    typed: &AdmitFile,
    lists: Known,
    input: &mut dyn Read,
) -> Result<(BlobHandle, Vec<KnownHit>, Vec<String>), StoreError> {
    let asked = |name: &str| typed.declared.iter().any(|(algorithm, _)| algorithm == name);
    let also = lists.also(AlsoDigest { md5: asked("md5"), sha1: asked("sha1"), sha512: asked("sha512") });
    let mut blob = desk.store.new_blob(scope, permit, id.as_str(), typed.class, Some(&typed.origin), also)?;
    copy_while_live(desk, scope, permit, input, &mut blob)?;
    let (blob, hits) = matched(desk, &lists, blob.finish()?)?;
    if lists.are_all(desk)? {
        return Ok((blob, hits, lists.passed_over()));
    }
    // A list that was added while the bytes came in is asked too.
    let lists = Known::open(desk, scope)?;
    let (blob, hits) = matched(desk, &lists, blob)?;
    if !lists.not_compared().is_empty() {
        desk.store.discard_blob(&blob)?;
        return Err(StoreError::input("a known-hash list was added while the item came in, and asks for a digest that was not computed: admit the item again; nothing was admitted"));
    }
    Ok((blob, hits, lists.passed_over()))
}

/// Compares finished bytes with the lists and raises their class, before anything of them is committed. Bytes that
/// could not be compared are taken away again.
pub(crate) fn matched(desk: &Desk, lists: &Known, mut blob: BlobHandle) -> Result<(BlobHandle, Vec<KnownHit>), StoreError> {
    match lists.hits(&blob.summary) {
        Ok(hits) => {
            blob.raise(class_after(ExhibitClass::Ordinary, &hits));
            Ok((blob, hits))
        }
        Err(error) => {
            desk.store.discard_blob(&blob)?;
            Err(error)
        }
    }
}

/// A file or pipe whose silence stops nobody: after a second without bytes it says `Interrupted`, so that
/// an admission from a stalled pipe learns of a revocation too (law 15).
#[derive(Debug)]
pub struct Listening(pub std::fs::File);

impl Read for Listening {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let second = Timespec { tv_sec: 1, tv_nsec: 0 };
        let mut waiting = [PollFd::new(&self.0, PollFlags::IN)];
        match poll(&mut waiting, Some(&second))? {
            0 => Err(std::io::ErrorKind::Interrupted.into()),
            _ => self.0.read(out),
        }
    }
}

/// Copies bytes in, asking between pieces whether the authority still lives (law 15).
pub(crate) fn copy_while_live(
    desk: &Desk,
    scope: &Scope,
    permit: &Permit,
    input: &mut dyn Read,
    output: &mut impl std::io::Write,
) -> Result<u64, StoreError> {
    let mut piece = vec![0; 256 * 1024];
    let (mut total, mut since_asked) = (0u64, 0u64);
    let mut asked_at = std::time::Instant::now();
    loop {
        let n = match input.read(&mut piece) {
            Ok(0) => return Ok(total),
            Ok(n) => n,
            // Nothing came: the question below is asked all the same.
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => 0,
            Err(e) => return Err(StoreError::environment("reading the item", &e)),
        };
        output.write_all(&piece[..n]).map_err(|e| StoreError::environment("storing the item", &e))?;
        total += n as u64;
        since_asked += n as u64;
        if since_asked >= ASK_EVERY || asked_at.elapsed().as_secs() >= ASK_SECONDS {
            desk.store.still_live(scope, permit)?;
            (since_asked, asked_at) = (0, std::time::Instant::now());
        }
    }
}

/// Notes in the log that an admission ended before it was whole, and gives the error back.
fn stopped(desk: &Desk, scope: &Scope, id: &ExhibitId, error: StoreError) -> Result<StoreError, StoreError> {
    if let Some(law) = error.law() {
        return desk.store.refuse(scope, &Intent::to(Action::Admit), law, format!("the admission of {id} was stopped: {error}"));
    }
    Ok(error)
}

fn check_declared(declared: &[(String, String)]) -> Result<(), StoreError> {
    for (algorithm, value) in declared {
        let digits = match algorithm.as_str() {
            "md5" => 32,
            "sha1" => 40,
            "sha256" => 64,
            "sha512" => 128,
            other => return Err(StoreError::input(format!("the digest {other} is not known: use md5, sha1, sha256 or sha512", other = model::quoted(other)))),
        };
        if value.len() != digits || !value.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(StoreError::input(format!("a {algorithm} digest has {digits} hexadecimal digits")));
        }
    }
    Ok(())
}

fn compare_declared(declared: &[(String, String)], blob: &BlobHandle) -> Vec<DeclaredDigest> {
    let summary = &blob.summary;
    let computed = |algorithm: &str| match algorithm {
        "md5" => summary.md5.map(hex::encode),
        "sha1" => summary.sha1.map(hex::encode),
        "sha512" => summary.sha512.map(hex::encode),
        _ => Some(summary.sha256.hex()),
    };
    declared
        .iter()
        .map(|(algorithm, value)| DeclaredDigest {
            algorithm: algorithm.clone(),
            value: value.to_lowercase(),
            matches: computed(algorithm).as_deref() == Some(value.to_lowercase().as_str()),
        })
        .collect()
}

/// How a finding begins that tells of a wrong declared digest.
pub const WRONG_DIGEST: &str = "WRONG DIGEST";

/// A declared digest that the bytes do not have, in words. It names no digits: those of a restricted item
/// stand nowhere in the clear.
fn mismatches(declared: &[DeclaredDigest]) -> Vec<String> {
    let wrong = declared.iter().filter(|digest| !digest.matches);
    wrong.map(|digest| format!("{WRONG_DIGEST}: the {} that came with it is not the {} of its bytes", digest.algorithm, digest.algorithm)).collect()
}

/// Every exhibit of the case; the caller's step writes the event.
///
/// # Errors
/// When the records cannot be read.
pub fn all(desk: &Desk, scope: &Scope) -> Result<Vec<ExhibitView>, StoreError> {
    desk.store.list(scope, "exhibit")?.iter().map(|row| view(desk, row)).collect()
}

/// Lists the exhibits: one query event with its count.
///
/// # Errors
/// When the permit is not to view.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<ExhibitView>, StoreError> {
    listed(desk, scope, permit, all(desk, scope)?)
}

/// A part of the list: at most `most` exhibits from this one on, of a case that has many. One query event with its count.
///
/// # Errors
/// When the permit is not to view, or the label is none.
pub fn list_from(desk: &Desk, scope: &Scope, permit: &Permit, first: &str, most: u32) -> Result<Vec<ExhibitView>, StoreError> {
    let rows = desk.store.list_from(scope, "exhibit", parse_label(first, 'E')?, most)?;
    listed(desk, scope, permit, rows.iter().map(|row| view(desk, row)).collect::<Result<_, _>>()?)
}

/// The same, of exhibits with bytes that were never examined and may be: no record of an examination stands under them.
///
/// # Errors
/// When the permit is not to view, or the label is none.
pub fn list_unexamined(desk: &Desk, scope: &Scope, permit: &Permit, first: &str, most: u32) -> Result<Vec<ExhibitView>, StoreError> {
    let first = parse_label(first, 'E')?;
    let numbers = desk.classes(scope, crate::classes::Known::unexamined)?;
    let numbers = numbers.into_iter().filter(|number| *number >= first).take(most as usize);
    let rows = numbers.filter_map(|number| desk.store.numbered(scope, "exhibit", number).transpose()).collect::<Result<Vec<_>, _>>()?;
    listed(desk, scope, permit, rows.iter().map(|row| view(desk, row)).collect::<Result<_, _>>()?)
}

/// One exhibit, as a list shows it. One query event.
///
/// # Errors
/// When the permit is not to view, or there is no such exhibit.
pub fn one(desk: &Desk, scope: &Scope, permit: &Permit, label: &str) -> Result<ExhibitView, StoreError> {
    let found = view(desk, &row(desk, scope, label)?)?;
    Ok(listed(desk, scope, permit, vec![found])?.remove(0))
}

fn listed(desk: &Desk, scope: &Scope, permit: &Permit, views: Vec<ExhibitView>) -> Result<Vec<ExhibitView>, StoreError> {
    for_action(permit, Action::View)?;
    let labels: Vec<&str> = views.iter().map(|v| v.exhibit.as_str()).collect();
    let commitment = Sha256Digest::of(labels.join("\n").as_bytes());
    let event = NewEvent::new(EventType::Queried, None, json!({"query": "exhibits", "count": views.len(), "results": commitment}));
    desk.store.commit(scope, permit, event, vec![])?;
    Ok(views.into_iter().map(ExhibitView::shown).collect())
}

/// The row of an exhibit by its label.
///
/// # Errors
/// When there is none.
pub fn row(desk: &Desk, scope: &Scope, label: &str) -> Result<Row, StoreError> {
    let number = parse_label(label, 'E')?;
    let found = desk.store.numbered(scope, "exhibit", number)?;
    found.ok_or_else(|| StoreError::input(format!("there is no exhibit {label} in this case: see `lanternfish exhibit list`")))
}

/// An exhibit's row as it is shown.
///
/// # Errors
/// When the row is damaged.
pub fn view(desk: &Desk, row: &Row) -> Result<ExhibitView, StoreError> {
    let content: ExhibitContent = row.content()?;
    let custodian = desk.name_of(content.custody.custodian())?.0;
    Ok(ExhibitView {
        exhibit: exhibit_label(row.number.unwrap_or(0)),
        id: row.id.clone(),
        state: row.state.clone(),
        content,
        custodian,
        opened_part: None,
    })
}

/// The intent to open an exhibit: a release of it covers it where no authority does.
///
/// # Errors
/// When there is no such exhibit.
pub fn intent_to_view(desk: &Desk, scope: &Scope, label: &str) -> Result<Intent, StoreError> {
    Ok(Intent::to(Action::View).at_item(row(desk, scope, label)?.id))
}

/// Opens an exhibit and writes its bytes to `sink`: an event first, then the bytes, compared with
/// the digest. A mismatch is an anomaly event and locks the exhibit (law 5).
///
/// # Errors
/// Laws 5 and 7; an exhibit without bytes; one that is personal and sensitive, which needs a reason.
pub fn open_bytes(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, purpose: &str, sink: &mut impl std::io::Write) -> Result<ExhibitView, StoreError> {
    open(desk, scope, permit, label, None, (purpose, None), sink)
}

/// The same, the whole of a personal-sensitive item included, for a reason that the event keeps.
///
/// # Errors
/// As [`open_bytes`].
pub fn open_full(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, purpose: &str, reason: &str, sink: &mut impl std::io::Write) -> Result<ExhibitView, StoreError> {
    open(desk, scope, permit, label, None, (purpose, Some(reason)), sink)
}

/// The same of one part of an exhibit, as `inside::parts` lists it.
///
/// # Errors
/// As [`open_bytes`]; a part of another exhibit, or a restricted one.
pub fn open_part(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, part: &str, why: (&str, Option<&str>), sink: &mut impl std::io::Write) -> Result<ExhibitView, StoreError> {
    open(desk, scope, permit, label, Some(part), why, sink)
}

/// What is to be opened: the exhibit, and its own bytes or those of one part.
pub(crate) struct Opened {
    pub row: Row,
    pub view: ExhibitView,
    pub blob: BlobId,
    /// The media type that came with a part.
    pub media: Option<String>,
}

/// Whether this may be opened at all, the permit and the authority apart.
pub(crate) fn to_open(desk: &Desk, scope: &Scope, label: &str, part: Option<&str>, reason: Option<&str>) -> Result<Opened, StoreError> {
    let row = row(desk, scope, label)?;
    let mut view = view(desk, &row)?;
    let own = usable_blob(&view)?.clone();
    opening::looked_through(desk, scope, &view)?;
    if view.content.class == ExhibitClass::PersonalSensitive && reason.is_none() {
        return Err(StoreError::refused(Law::Restricted, format!("{} is personal and sensitive: the whole needs --full and --reason; without them you see the minimised view", view.exhibit)));
    }
    let inside = part.map(|part| inside::one(desk, scope, &row, part)).transpose()?;
    let media = inside.as_ref().and_then(|inside| inside.media()).map(str::to_string);
    view.opened_part = inside.as_ref().map(inside::Inside::opened);
    Ok(Opened { blob: inside.map_or(own, |inside| inside.member.blob), row, view, media })
}

fn open(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, part: Option<&str>, why: (&str, Option<&str>), sink: &mut impl std::io::Write) -> Result<ExhibitView, StoreError> {
    let (purpose, reason) = why;
    for_action(permit, Action::View)?;
    let Opened { row, view, blob, .. } = to_open(desk, scope, label, part, reason)?;
    let (row, blob) = (&row, &blob);
    let mut readable = match desk.store.read_blob(scope, permit, blob) {
        Ok(readable) => readable,
        Err(error) => return Err(anomaly(desk, scope, row, error)?),
    };
    let mut detail = json!({"purpose": purpose, "exhibit": view.exhibit, "view": "whole", "reason": reason});
    if part.is_some() {
        detail["part"] = json!(blob);
    }
    let event = NewEvent::new(EventType::ExhibitViewed, Some(view.id.clone()), detail);
    desk.store.commit(scope, permit, event, vec![])?;
    // Whoever restricts it from now on finds this viewing in the log before his own event.
    still_open(desk, scope, blob)?;
    let mut watched = WatchedSink { desk, scope, permit, blob: Some(blob), sink, since: 0, asked: std::time::Instant::now(), refusal: None };
    match (readable.copy_to(&mut watched), watched.refusal) {
        (Ok(_), None) => Ok(view),
        (_, Some(refusal)) => Err(refusal),
        (Err(error), None) => Err(anomaly(desk, scope, row, error)?),
    }
}

/// A place to write bytes to while the authority lives: an exhibit that takes hours to read is not read
/// to its end after a revocation (law 15).
struct WatchedSink<'a, W> {
    desk: &'a Desk,
    scope: &'a Scope,
    permit: &'a Permit,
    /// What must stay open meanwhile; none for a restricted item.
    blob: Option<&'a BlobId>,
    sink: &'a mut W,
    since: u64,
    asked: std::time::Instant,
    refusal: Option<StoreError>,
}

/// Copies a restricted item that was opened for its dedicated people, while their authority lives.
pub(crate) fn copy_restricted(desk: &Desk, scope: &Scope, permit: &Permit, readable: &mut store::ReadableBlob, sink: &mut impl std::io::Write) -> Result<u64, StoreError> {
    let mut watched = WatchedSink { desk, scope, permit, blob: None, sink, since: 0, asked: std::time::Instant::now(), refusal: None };
    let copied = readable.copy_to(&mut watched);
    watched.refusal.map_or(copied, Err)
}

impl<W: std::io::Write> std::io::Write for WatchedSink<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.since >= ASK_EVERY || self.asked.elapsed().as_secs() >= ASK_SECONDS {
            let asked = self.desk.store.still_live(self.scope, self.permit).and_then(|()| self.blob.map_or(Ok(()), |blob| still_open(self.desk, self.scope, blob)));
            if let Err(error) = asked {
                self.refusal = Some(error);
                return Err(std::io::Error::other("the authority ended"));
            }
            (self.since, self.asked) = (0, std::time::Instant::now());
        }
        let count = self.sink.write(bytes)?;
        self.since += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.sink.flush()
    }
}

/// Refuses bytes that became restricted while they were worked with.
pub(crate) fn still_open(desk: &Desk, scope: &Scope, blob: &BlobId) -> Result<(), StoreError> {
    if desk.store.class_of_blob(scope, blob)?.is_restricted() {
        return Err(StoreError::refused(Law::Restricted, "the item became restricted in this moment: only its dedicated role may open it"));
    }
    Ok(())
}

/// The blob of an exhibit that may be worked with.
pub(crate) fn usable_blob(view: &ExhibitView) -> Result<&BlobId, StoreError> {
    if view.state == "locked" {
        return Err(StoreError::refused(Law::Integrity, format!("{} is locked: its bytes did not match; a supervisor decides", view.exhibit)));
    }
    if view.content.class.is_restricted() {
        return Err(StoreError::refused(Law::Restricted, format!("{} is restricted: only its dedicated role may open it", view.exhibit)));
    }
    view.content.blob.as_ref().ok_or_else(|| StoreError::input(format!("{} is a physical item: it has no bytes", view.exhibit)))
}

/// On a law-5 error: writes the anomaly, locks the exhibit, and gives the error back. Any other error
/// passes through.
pub(crate) fn anomaly(desk: &Desk, scope: &Scope, row: &Row, error: StoreError) -> Result<StoreError, StoreError> {
    if error.law() != Some(Law::Integrity) {
        return Ok(error);
    }
    let label = exhibit_label(row.number.unwrap_or(0));
    let mut draft = Draft::new("exhibit", row.id.clone(), "locked").over(row);
    let content: ExhibitContent = row.content()?;
    if let Some(digest) = content.sha256 {
        draft = draft.found_by("exhibit.sha256", digest.hex());
    }
    let write = draft.write(scope, desk.now(), &content)?;
    // Locking needs no authority of its own: it is the duty of whoever finds the mismatch. The filter team has its one
    // action, under which it found it.
    let action = if scope.role() == Role::FilterTeam { Action::Filter } else { Action::Transfer };
    let permit = desk.store.permit(scope, if action == Action::Filter { Intent::to(action).aimed_at(label.clone()) } else { Intent::to(action) })?;
    let event = NewEvent::new(EventType::Anomaly, Some(row.id.clone()), json!({"exhibit": label, "what": error.to_string()}));
    desk.store.commit(scope, &permit, event, vec![write])?;
    Ok(StoreError::refused(Law::Integrity, format!("{label} does not match its record and is locked now: {error}")))
}

/// Checks an exhibit's bytes against its record without showing them to anybody.
///
/// # Errors
/// Law 5 when they do not match; the exhibit is locked then.
pub fn rehash(desk: &Desk, scope: &Scope, permit: &Permit, row: &Row) -> Result<Option<Sha256Digest>, StoreError> {
    let view = view(desk, row)?;
    let Some(blob) = &view.content.blob else { return Ok(None) };
    match desk.store.check_blob(scope, permit, blob) {
        Ok(()) => Ok(view.content.sha256),
        Err(error) => Err(anomaly(desk, scope, row, error)?),
    }
}

/// A supervisor's decision about a locked exhibit.
///
/// # Errors
/// Law 5 when the bytes still do not match; law 1 for other roles.
pub fn release(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str) -> Result<ExhibitView, StoreError> {
    for_action(permit, Action::Transfer)?;
    if self::row(desk, scope, label)?.state != "locked" {
        return Err(StoreError::input(format!("{label} is not locked: to release an item that no authority reaches, say why with --because")));
    }
    if !matches!(scope.role(), Role::Supervisor | Role::Prosecutor) {
        return Err(StoreError::refused(Law::Permit, "only a supervisor or a prosecutor decides about a locked exhibit"));
    }
    let row = row(desk, scope, label)?;
    rehash(desk, scope, permit, &row)?;
    let content: ExhibitContent = row.content()?;
    let mut draft = Draft::new("exhibit", row.id.clone(), "sound").over(&row);
    if let Some(digest) = content.sha256 {
        draft = draft.found_by("exhibit.sha256", digest.hex());
    }
    let write = draft.write(scope, desk.now(), &content)?;
    let event = NewEvent::new(EventType::AnomalyDecided, Some(row.id.clone()), json!({"exhibit": label, "reason": reason}));
    desk.store.commit(scope, permit, event, vec![write])?;
    view_again(desk, scope, label)
}

fn view_again(desk: &Desk, scope: &Scope, label: &str) -> Result<ExhibitView, StoreError> {
    view(desk, &row(desk, scope, label)?).map(ExhibitView::shown)
}
