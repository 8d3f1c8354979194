//! Known-hash lists: kept by the agency, matched when bytes come in, before anybody can open them (law 7).
//!
//! A hit in a list of unlawful or privileged material raises the class of the item in the same step that
//! admits it; nothing here lowers one. The event, the row and the answer give the list's number and the kind of
//! digest, never the digest and never the list's name. A list that cannot be read stops the admission: bytes that nobody compared do not come in.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io::BufRead,
};

use model::{
    Moment, Sha256Digest,
    action::Action,
    authorize::NodeStep,
    event::EventType,
    exhibit::ExhibitClass,
    known::{DigestKind, KnownHit, ListCategory, class_after},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    Basis, BlobContent, Content, Digests, Head, KeptList, NewEvent, Number, OpenList, Permit, ReadList, Row, Scope, Session, StoreError, Write,
    vault::{blob::AlsoDigest, secret::random_32},
};

use crate::{
    Desk,
    admit::{self, ExhibitContent},
    filter,
    office::input,
    reclassify,
    row::{exhibit_label, for_action, fresh_blob, parse_label},
};

/// Kind of the rows.
const KIND: &str = "hash-list";

/// What is typed when a list is added.
#[derive(Debug, Clone)]
pub struct AddList {
    /// A name for people.
    pub name: String,
    /// What is in it.
    pub category: ListCategory,
    /// Who gave it.
    pub source: String,
    /// Whether it must be a salted list.
    pub salted: bool,
}

/// What the row of a list holds (sealed under the agency's key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ListContent {
    name: String,
    category: ListCategory,
    source: String,
    /// Where the digests lie and their key; none once the list was taken out.
    kept: Option<KeptList>,
    kinds: BTreeMap<DigestKind, u64>,
    salted: bool,
    commitment: Sha256Digest,
    blind: String,
    file: Sha256Digest,
    empty_rows: u64,
    added: Moment,
    added_by: String,
}

/// A list as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListView {
    /// `L-0001`.
    pub list: String,
    /// Its name.
    pub name: String,
    /// What is in it.
    pub category: ListCategory,
    /// Who gave it.
    pub source: String,
    /// `live` or `removed`.
    pub state: String,
    /// How many digests of each kind.
    pub kinds: BTreeMap<DigestKind, u64>,
    /// Whether it is a salted list.
    pub salted: bool,
    /// Rows of a table that held no digest.
    pub empty_rows: u64,
    /// SHA-256 of the file as it was given: to be compared with the giver.
    pub file_sha256: Sha256Digest,
    /// The salted digest that the log holds of the list.
    pub commitment: Sha256Digest,
    /// When it was added.
    pub added: Moment,
    /// By whom.
    pub added_by: String,
}

fn list_label(number: i64) -> String {
    format!("L-{number:04}")
}

fn view(row: &Row) -> Result<ListView, StoreError> {
    let content: ListContent = row.content()?;
    Ok(ListView {
        list: list_label(row.number.unwrap_or(0)),
        name: content.name,
        category: content.category,
        source: content.source,
        state: row.state.clone(),
        kinds: content.kinds,
        salted: content.salted,
        empty_rows: content.empty_rows,
        file_sha256: content.file,
        commitment: content.commitment,
        added: content.added,
        added_by: content.added_by,
    })
}

fn write(desk: &Desk, session: &Session, id: &str, number: Number, state: &str, content: &ListContent, basis: Basis) -> Result<Write, StoreError> {
    Ok(Write {
        head: Head { kind: KIND, id: id.into(), case: None, parent: None, number, state: state.into(), actor: Some(session.actor().clone()), time: desk.now() },
        content: Content::Json(serde_json::to_value(content).map_err(input)?),
        index: vec![],
        basis,
    })
}

fn one_line(what: &str, text: &str) -> Result<String, StoreError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 200 || text.chars().any(char::is_control) {
        return Err(StoreError::input(format!("the {what} of a list has 1 to 200 visible characters on one line")));
    }
    Ok(text.to_string())
}

/// Adds a list: read to its end first, then sealed, then recorded with its count and a commitment to it.
///
/// # Errors
/// Law 13 for other roles than administrator and supervisor; the line that is wrong; a name that is taken.
pub fn add(desk: &Desk, session: &Session, typed: &AddList, text: impl BufRead) -> Result<ListView, StoreError> {
    desk.ready()?;
    desk.store.check_node_step(Some(session), NodeStep::KeepHashLists)?;
    let (name, source) = (one_line("name", &typed.name)?, one_line("source", &typed.source)?);
    let taken = |row: &Row| row.state == "live" && row.content::<ListContent>().is_ok_and(|content| content.name == name);
    if desk.store.register(KIND)?.iter().any(taken) {
        return Err(StoreError::input(format!("there is a list {} already: choose another name, or remove the old one first", model::quoted(&name))));
    }
    let list = ReadList::read(text)?;
    if typed.salted != list.salt().is_some() {
        let which = if typed.salted { "is not a salted list: its first line gives no salt; leave out --salted" } else { "is a salted list: add --salted" };
        return Err(StoreError::input(format!("the file {which}; nothing was added")));
    }
    let blind = random_32()?;
    let kinds: BTreeMap<DigestKind, u64> = DigestKind::ALL.into_iter().zip(list.counts()).filter(|(_, count)| *count > 0).collect();
    let kept = desk.store.keep_list(&list)?;
    let content = ListContent {
        name,
        category: typed.category,
        source,
        kept: Some(kept.clone()),
        kinds,
        salted: typed.salted,
        commitment: list.commitment(&blind),
        blind: hex::encode(blind),
        file: list.file(),
        empty_rows: list.empty_rows(),
        added: desk.now(),
        added_by: desk.name_of(session.actor())?.0,
    };
    let id = fresh_blob()?.to_string().replace(model::id::BlobId::PREFIX, "hashes-");
    let detail = json!({
        "name": content.name, "category": content.category, "source": content.source, "salted": content.salted, "kinds": content.kinds,
        "entries": content.kinds.values().sum::<u64>(), "commitment": content.commitment, "file": content.file,
    });
    let row = write(desk, session, &id, Number::NextAfter(0), "live", &content, Basis::New)?;
    let event = NewEvent::new(EventType::HashListAdded, Some(id.clone()), detail);
    if let Err(error) = desk.store.commit_node(Some(session), NodeStep::KeepHashLists, event, vec![row]) {
        // Its row may be there all the same; then its object must be.
        if !matches!(error, StoreError::Unknown { .. }) {
            desk.store.drop_list(&kept)?;
        }
        return Err(error);
    }
    view(&one(desk, &id)?)
}

fn one(desk: &Desk, id: &str) -> Result<Row, StoreError> {
    desk.store.register_one(KIND, id)?.ok_or_else(|| StoreError::damaged("a hash list that was just written"))
}

/// A salted list of a list of SHA-256 digests, under a salt that is made now; with how many digests it has.
///
/// # Errors
/// When the list holds other digests, or is salted already.
pub fn salted_list(text: impl BufRead) -> Result<(String, u64), StoreError> {
    let list = ReadList::read(text)?;
    let lines = list.salted_lines(&random_32()?)?;
    let count = list.counts().iter().sum();
    Ok((lines, count))
}

/// Every list, those that were taken out included; one consultation event.
///
/// # Errors
/// Law 13 for the defence and the court: a list's name can tell whose privilege it is.
pub fn list(desk: &Desk, session: &Session) -> Result<Vec<ListView>, StoreError> {
    let views = desk.store.register(KIND)?.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let event = NewEvent::new(EventType::HashListConsulted, None, json!({"count": views.len()}));
    desk.store.commit_node(Some(session), NodeStep::ReadLog, event, vec![])?;
    Ok(views)
}

/// Takes a list out: its key and its digests are destroyed; its name, its count and its commitment stay. What it
/// restricted stays restricted.
///
/// # Errors
/// Law 13 for other roles; a list that is not there.
pub fn remove(desk: &Desk, session: &Session, label: &str, reason: &str) -> Result<ListView, StoreError> {
    desk.ready()?;
    desk.store.check_node_step(Some(session), NodeStep::KeepHashLists)?;
    let number = parse_label(label, 'L')?;
    let row = desk.store.register(KIND)?.into_iter().find(|row| row.number == Some(number) && row.state == "live");
    let row = row.ok_or_else(|| StoreError::input(format!("there is no live list {}: see `lanternfish hashes list`", list_label(number))))?;
    let mut content: ListContent = row.content()?;
    let kept = content.kept.take();
    let write = write(desk, session, &row.id, Number::Is(number), "removed", &content, Basis::Over(row.version))?;
    let detail = json!({"name": content.name, "reason": reason, "commitment": content.commitment});
    let event = NewEvent::new(EventType::HashListRemoved, Some(row.id.clone()), detail);
    desk.store.commit_node(Some(session), NodeStep::KeepHashLists, event, vec![write])?;
    if let Some(kept) = kept {
        // A bucket keeps what it holds for its time; the key is destroyed already.
        match desk.store.drop_list(&kept) {
            Ok(()) | Err(StoreError::Environment { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    view(&one(desk, &row.id)?)
}

/// An exhibit of a case that a list holds.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedView {
    /// `E-0001`.
    pub exhibit: String,
    /// The lists that hold its bytes, or those of something that was unpacked from it.
    pub known: Vec<KnownHit>,
    /// Whether it is restricted.
    pub restricted: bool,
    /// Lists of privileged material that hold it and were added before it was released: a release is not undone by them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub released_after: Vec<String>,
}

/// Bytes that a list could not be compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    /// `L-0001`.
    pub list: String,
    /// The digest that the list asks for and that was not computed when the bytes came in.
    pub by: DigestKind,
    /// How many items and members.
    pub count: u64,
}

/// What a comparison gave.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// The exhibits that a list holds.
    pub exhibits: Vec<CheckedView>,
    /// What could not be compared.
    pub not_compared: Vec<NotCompared>,
}

/// Compares what a case holds already with the lists as they are now: digests that are on record, of exhibits and of
/// what was unpacked from them. What a list restricts is restricted at once; each time it is one event.
///
/// The permit is to keep what is held safe, as for locking: no byte is read.
///
/// # Errors
/// When a list cannot be read.
pub fn check(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Checked, StoreError> {
    for_action(permit, Action::Transfer)?;
    let lists = Known::open(desk, scope)?;
    let mut views = Vec::new();
    let mut compared = 0;
    for row in desk.store.list(scope, "exhibit")? {
        let own = desk.store.list_of(scope, "blob", &row.id)?;
        let mut members = Vec::new();
        for derivation in desk.store.list_of(scope, "derivation", &row.id)? {
            members.extend(desk.store.list_of(scope, "blob", &derivation.id)?);
        }
        compared += own.len() + members.len();
        let (own, inside) = (lists.hits_of(&own)?, lists.hits_of(&members)?);
        let known = together(own.iter().chain(&inside));
        let released_after = lists.passed_over();
        if known.is_empty() && released_after.is_empty() {
            continue;
        }
        let label = exhibit_label(row.number.unwrap_or(0));
        let class = class_after(ExhibitClass::Ordinary, &known);
        if class.is_restricted() {
            reclassify::becomes_restricted(desk, scope, &label, class)?;
        }
        note(desk, scope, permit, &row.id, &own, &inside)?;
        let restricted = admit::view(desk, &admit::row(desk, scope, &label)?)?.content.class.is_restricted();
        views.push(CheckedView { exhibit: label, known, restricted, released_after });
    }
    let hit: Vec<&str> = views.iter().filter(|view| !view.known.is_empty()).map(|view| view.exhibit.as_str()).collect();
    let passed = views.iter().filter(|view| !view.released_after.is_empty()).map(|view| json!({"exhibit": view.exhibit, "lists": view.released_after}));
    let not_compared = lists.not_compared();
    let detail = json!({"lists": lists.lists.len(), "compared": compared, "hits": hit, "not-compared": not_compared, "released-after": passed.collect::<Vec<_>>()});
    desk.store.commit(scope, permit, NewEvent::new(EventType::HashesChecked, None, detail), vec![])?;
    Ok(Checked { exhibits: views, not_compared })
}

fn digests_of(blob: &Row) -> Result<Digests, StoreError> {
    let content: BlobContent = blob.content()?;
    let damaged = |_| StoreError::damaged("a digest of a blob");
    let of = |text: &Option<String>| text.as_deref().map(hex::decode).transpose().map_err(damaged);
    let (sha1, md5) = (of(&content.sha1)?, of(&content.md5)?);
    Ok(Digests { sha256: content.sha256, sha1: sha1.and_then(|bytes| bytes.try_into().ok()), md5: md5.and_then(|bytes| bytes.try_into().ok()) })
}

/// Each hit once.
fn together<'a>(hits: impl Iterator<Item = &'a KnownHit>) -> Vec<KnownHit> {
    let mut once: Vec<KnownHit> = Vec::new();
    for hit in hits {
        if !once.contains(hit) {
            once.push(hit.clone());
        }
    }
    once
}

/// How a hit of something that was unpacked is told on its exhibit.
pub(crate) fn of_a_member(hit: &KnownHit) -> String {
    format!("a member: {}", hit.in_words())
}

/// Writes onto an exhibit's row which lists hold it or something unpacked from it, where that is new.
fn note(desk: &Desk, scope: &Scope, permit: &Permit, id: &str, own: &[KnownHit], inside: &[KnownHit]) -> Result<(), StoreError> {
    let row = desk.store.get(scope, "exhibit", id)?;
    let mut content: ExhibitContent = row.content()?;
    let told: Vec<String> = own.iter().map(KnownHit::in_words).chain(inside.iter().map(of_a_member)).filter(|line| !content.findings.contains(line)).collect();
    if told.is_empty() {
        return Ok(());
    }
    let detail = json!({"exhibit": exhibit_label(row.number.unwrap_or(0)), "known": in_event(own), "inside": in_event(inside)});
    content.findings.extend(told);
    content.known = together(content.known.iter().chain(own));
    let write = reclassify::with_class(desk, scope, &row, &content, content.class)?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::HashesChecked, Some(id.to_string()), detail), vec![write]).map(|_| ())
}

/// How many lists lie among the stored objects.
pub(crate) fn count(desk: &Desk) -> Result<usize, StoreError> {
    Ok(desk.store.register(KIND)?.iter().filter(|row| row.state == "live").count())
}

/// The names of their objects: for `doctor`.
pub(crate) fn objects(desk: &Desk) -> Result<Vec<String>, StoreError> {
    let kept = |row: &Row| Ok(row.content::<ListContent>()?.kept.map(|kept| kept.object().to_string()));
    desk.store.register(KIND)?.iter().filter_map(|row| kept(row).transpose()).collect()
}

/// The first list that is not what its record says: for `doctor`.
pub(crate) fn unsound(desk: &Desk) -> Result<Option<String>, StoreError> {
    for row in desk.store.register(KIND)? {
        let Some(kept) = row.content::<ListContent>()?.kept else { continue };
        if let Err(error) = desk.store.check_list(&kept) {
            return Ok(Some(format!("{}: {error}", list_label(row.number.unwrap_or(0)))));
        }
    }
    Ok(None)
}

/// The live lists, open to be asked.
pub(crate) struct Known {
    lists: Vec<(KnownHit, Moment, OpenList)>,
    /// Digests that were released from the filter, and when.
    released: BTreeMap<Sha256Digest, Moment>,
    /// Lists whose hits were passed over, because the bytes were released after the list was added.
    passed: RefCell<BTreeSet<String>>,
    lacking: RefCell<BTreeMap<(String, DigestKind), u64>>,
}

impl Known {
    /// Opens every live list.
    ///
    /// # Errors
    /// When one cannot be read: then nothing comes in, and the message says who can help.
    pub fn open(desk: &Desk, scope: &Scope) -> Result<Known, StoreError> {
        let mut lists = Vec::new();
        for row in desk.store.register(KIND)?.into_iter().filter(|row| row.state == "live") {
            let content: ListContent = row.content()?;
            let kept = content.kept.ok_or_else(|| StoreError::damaged("a live hash list without its digests"))?;
            let label = list_label(row.number.unwrap_or(0));
            let open = desk.store.open_list(&kept).map_err(|error| unreadable(&label, error))?;
            // What a hit says; by which digest is filled in when there is one.
            lists.push((KnownHit { list: label, category: content.category, by: DigestKind::Sha256 }, content.added, open));
        }
        let released = if lists.is_empty() { BTreeMap::new() } else { released(desk, scope)? };
        Ok(Known { lists, released, passed: RefCell::default(), lacking: RefCell::default() })
    }

    /// Those of them that restrict.
    pub fn restricting(&self) -> Vec<String> {
        self.lists.iter().filter(|(hit, ..)| hit.category.class().is_some()).map(|(hit, ..)| hit.list.clone()).collect()
    }

    /// The digests that a list asks for, beside those that are computed anyway.
    pub fn also(&self, asked: AlsoDigest) -> AlsoDigest {
        let any = |kind| self.lists.iter().any(|(.., list)| list.asks_for(kind));
        AlsoDigest { md5: asked.md5 || any(DigestKind::Md5), sha1: asked.sha1 || any(DigestKind::Sha1), sha512: asked.sha512 }
    }

    /// Every list that holds these bytes.
    ///
    /// # Errors
    /// When a list cannot be read.
    pub fn hits(&self, digests: impl Into<Digests>) -> Result<Vec<KnownHit>, StoreError> {
        let digests = digests.into();
        let mut hits = Vec::new();
        // Nothing is in no list: the digest of no bytes stands in many, by mistake, and would restrict every empty file.
        if digests.sha256 == Sha256Digest::of(b"") {
            return Ok(hits);
        }
        for (hit, added, list) in &self.lists {
            match list.holds(&digests).map_err(|error| unreadable(&hit.list, error))? {
                Some(_) if self.was_released(&digests, hit.category, *added) => {
                    self.passed.borrow_mut().insert(hit.list.clone());
                }
                Some(by) => hits.push(KnownHit { by, ..hit.clone() }),
                None => {
                    let lacks = [(DigestKind::Md5, digests.md5.is_none()), (DigestKind::Sha1, digests.sha1.is_none())];
                    for (kind, _) in lacks.into_iter().filter(|(kind, lacks)| *lacks && list.asks_for(*kind)) {
                        *self.lacking.borrow_mut().entry((hit.list.clone(), kind)).or_insert(0) += 1;
                    }
                }
            }
        }
        Ok(hits)
    }

    /// What a court or a second person released is not restricted again by a list that was there before. What is
    /// unlawful to show was never released.
    fn was_released(&self, digests: &Digests, category: ListCategory, added: Moment) -> bool {
        category == ListCategory::Privileged && self.released.get(&digests.sha256).is_some_and(|at| added < *at)
    }

    /// The lists whose hits were passed over since this was asked last.
    pub fn passed_over(&self) -> Vec<String> {
        self.passed.take().into_iter().collect()
    }

    /// How many bytes could not be compared, for each list and kind of digest.
    pub fn not_compared(&self) -> Vec<NotCompared> {
        self.lacking.borrow().iter().map(|((list, by), count)| NotCompared { list: list.clone(), by: *by, count: *count }).collect()
    }

    /// Whether no list was added since these were opened.
    pub fn are_all(&self, desk: &Desk) -> Result<bool, StoreError> {
        let open: BTreeSet<&str> = self.lists.iter().map(|(hit, ..)| hit.list.as_str()).collect();
        let now = desk.store.register(KIND)?;
        Ok(now.iter().filter(|row| row.state == "live").all(|row| open.contains(list_label(row.number.unwrap_or(0)).as_str())))
    }

    /// Every list that holds one of these blobs, each once.
    fn hits_of(&self, blobs: &[Row]) -> Result<Vec<KnownHit>, StoreError> {
        let hits = blobs.iter().map(|blob| self.hits(digests_of(blob)?)).collect::<Result<Vec<_>, _>>()?;
        Ok(together(hits.iter().flatten()))
    }
}

/// The live lists that restrict what they hold.
pub(crate) fn restricting(desk: &Desk) -> Result<Vec<String>, StoreError> {
    let mut labels = Vec::new();
    for row in desk.store.register(KIND)?.iter().filter(|row| row.state == "live") {
        if row.content::<ListContent>()?.category.class().is_some() {
            labels.push(list_label(row.number.unwrap_or(0)));
        }
    }
    Ok(labels)
}

/// The digests of what was released from the filter and is open: of the items, and of what was unpacked from them.
fn released(desk: &Desk, scope: &Scope) -> Result<BTreeMap<Sha256Digest, Moment>, StoreError> {
    let mut digests: BTreeMap<Sha256Digest, Moment> = BTreeMap::new();
    for (exhibit, at) in filter::released(desk, scope)? {
        let mut blobs = desk.store.list_of(scope, "blob", &exhibit)?;
        for derivation in desk.store.list_of(scope, "derivation", &exhibit)? {
            blobs.extend(desk.store.list_of(scope, "blob", &derivation.id)?);
        }
        for blob in blobs {
            let last = digests.entry(blob.content::<BlobContent>()?.sha256).or_insert(at);
            *last = at.max(*last);
        }
    }
    Ok(digests)
}

fn unreadable(list: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::Refused { law, text } => StoreError::refused(
            law,
            format!("the known-hash list {list} cannot be read ({text}), and nothing comes in unmatched: let a supervisor or administrator remove it (`lanternfish hashes remove`) and add it again"),
        ),
        other => other,
    }
}

/// What a hit is called in an event: the list and the digest's kind.
pub(crate) fn in_event(hits: &[KnownHit]) -> serde_json::Value {
    hits.iter().map(|hit| json!({"list": hit.list, "category": hit.category, "by": hit.by})).collect()
}
