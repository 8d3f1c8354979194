//! Erasure: rows lose their content, details lose their keys, objects leave the folder, and a tombstone that the log
//! proves is kept, so that a backup from before loses the same things before anybody works in it (law 10).
//!
//! It refuses an erasure outside [`EventType::Erased`] and [`EventType::ErasureReplayed`], a permit that is not to
//! erase, and a tombstone that this node's log did not sign. Events are never touched: only keys beside them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use ledger::{KeyName, LeafIndex, LogKey, TlogProof, leaf_hash};
use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    event::{EventType, Leaf},
    id::CaseId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    StoreError,
    blobs::BlobContent,
    home::{Database, write_private},
    people::KEY_WRAP,
    vault::case_key::generation_of,
    log::{Destroys, LogHead, NewEvent},
    permit::{Permit, Scope},
    record::{Basis, Content, DETAIL_KEY, Head, Number, OBJECT, Row, Write, detail_key_id, rows_digest},
    sql::{self, Sight, Tx, Val},
    steps::{Committed, Store, row_place},
};

/// What an erasure takes, by ids.
#[derive(Debug, Default)]
pub struct ToErase {
    /// Rows that lose their content: kind and id.
    pub rows: Vec<(String, String)>,
    /// Rows that stay and no longer name the person: each with its new content.
    pub rewritten: Vec<(Row, Value)>,
    /// Events whose detail can be read no more.
    pub events: Vec<u64>,
    /// Rows that tell where the erasure stands, written with it.
    pub told: Vec<Write>,
    /// The last event of the case that the plan has seen: with a later one it is no longer the plan of this case.
    pub seen: u64,
}

/// Only an erasure takes content and keys away, whoever asks (law 10).
pub(crate) fn only_an_erasure_destroys(event: &NewEvent, writes: &[Write]) -> Result<(), StoreError> {
    let destroys = event.destroys != Destroys::default() || writes.iter().any(|write| matches!(write.content, Content::Erased | Content::Again(_)));
    if destroys && !event.event_type.erases() {
        return Err(StoreError::refused(Law::Erasure, "content is taken away only by an erasure that was decided"));
    }
    Ok(())
}

/// Whether the case stands as the plan of an erasure has seen it, asked in the transaction of that erasure.
pub(crate) fn case_is_as_seen(tx: &mut Tx<'_>, case: Option<&CaseId>, destroys: &Destroys) -> Result<bool, StoreError> {
    let (Some(case), Some(seen)) = (case, destroys.seen) else { return Ok(true) };
    Ok(tx.rows(sql::EVENTS_OF_CASE, &[Val::text(case.as_str()), place(seen.saturating_add(1)), Val::Int(1)])?.is_empty())
}

/// What destroys the key of an event's detail.
pub(crate) fn destroyed_key(seq: u64) -> Vec<Val> {
    vec![place(seq), Val::Blob(vec![])]
}

fn place(seq: u64) -> Val {
    Val::Int(i64::try_from(seq).unwrap_or(i64::MAX))
}

/// A name of a kind that lives as long as the program: there are a few dozen of them.
fn lasting(kind: &str) -> &'static str {
    static KINDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kinds.get(kind) {
        return known;
    }
    let kind: &'static str = Box::leak(kind.to_string().into_boxed_str());
    kinds.insert(kind);
    kind
}

/// The same row with other content.
fn over(row: &Row, state: &str, content: Content, now: Moment) -> Write {
    let head = Head {
        kind: lasting(&row.kind),
        id: row.id.clone(),
        case: row.case.clone(),
        parent: row.parent.clone(),
        number: row.number.map_or(Number::None, Number::Is),
        state: state.into(),
        actor: row.actor.clone(),
        time: now,
    };
    Write { head, content, index: vec![], basis: Basis::Over(row.version) }
}

impl Store {
    /// Every row of the case that has content, opened: what an erasure is planned from.
    ///
    /// # Errors
    /// When the permit is of another case, or a row cannot be opened.
    pub fn everything(&self, scope: &Scope, permit: &Permit) -> Result<Vec<Row>, StoreError> {
        crate::asking::own_permit(scope, permit)?;
        let cells = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_ALL_OF_CASE, &[Val::text(scope.case.as_str())])?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().filter(|row| !row.is_erased()).map(|row| self.open_row(&scope.ring, row)).collect()
    }

    /// Rows of the case that were erased: their heads.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn erased(&self, scope: &Scope) -> Result<Vec<Row>, StoreError> {
        let cells = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_ALL_OF_CASE, &[Val::text(scope.case.as_str())])?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        Ok(rows.into_iter().filter(Row::is_erased).collect())
    }

    /// Whether one of these words stands in the bytes of a blob as UTF-8 or UTF-16; ASCII letters may be small or
    /// capital. No byte of it is handed out, so a restricted blob can be asked too.
    ///
    /// # Errors
    /// Law 1 for a foreign permit, law 5 when the bytes are not those of the record.
    pub fn blob_names(&self, scope: &Scope, permit: &Permit, row: &Row, words: &BTreeSet<String>) -> Result<bool, StoreError> {
        crate::asking::own_permit(scope, permit)?;
        let blob = row.id.parse().map_err(StoreError::damaged)?;
        let mut search = Search::of(words);
        self.open_unseen(scope, &blob, row)?.copy_to(&mut search)?;
        Ok(search.found)
    }

    /// Takes content and keys away, with the event that says so: all of it or nothing. The bytes of objects go
    /// afterwards, with [`Store::purge_erased`].
    ///
    /// # Errors
    /// Law 1 without a permit to erase; law 10 under a legal hold; [`StoreError::Conflict`] when a row changed.
    pub fn erase(&self, scope: &Scope, permit: &Permit, mut event: NewEvent, taken: ToErase) -> Result<Committed, StoreError> {
        if permit.action() != Action::Erase || event.event_type != EventType::Erased {
            return Err(StoreError::refused(Law::Erasure, "content is taken away only under a permit to erase"));
        }
        let now = self.now();
        let mut writes = taken.told;
        for (kind, id) in &taken.rows {
            let row = self.get(scope, kind, id)?;
            if row.kind == "blob" {
                event.destroys.objects.push(row.content::<BlobContent>()?.object);
            }
            writes.push(over(&row, "erased", Content::Erased, now));
        }
        for (row, content) in &taken.rewritten {
            let plain = serde_json::to_vec(content).map_err(|e| StoreError::input(e.to_string()))?;
            let sealed = scope.ring.seal_like(&row_place(&row.kind, &row.id), &plain, &row.sealed)?;
            writes.push(over(row, &row.state, Content::Again(sealed), now));
        }
        for seq in taken.events {
            let stored = self.event(seq)?;
            if stored.leaf.case.as_ref() != Some(&scope.case) || stored.key.is_none() {
                return Err(StoreError::refused(Law::Erasure, format!("event {seq} has no key of its own in this case: it cannot be taken out")));
            }
            if !stored.is_erased() {
                event.destroys.events.push((seq, leaf_hash(&stored.bytes)));
            }
        }
        event.destroys.seen = Some(taken.seen);
        self.commit(scope, permit, event, writes)
    }

    /// Removes from the disk what erasure `seq` took: its objects, what SQLite keeps of older rows, its write-ahead
    /// log. It may be called again until it succeeds. `false`: the records are on a server, whose owner must write its
    /// tables anew.
    ///
    /// # Errors
    /// The disk; another process that still reads.
    pub fn purge_erased(&self, seq: u64, owner: Option<&Database>) -> Result<bool, StoreError> {
        for (kind, name) in self.noted_by(seq)? {
            if kind == OBJECT {
                self.objects.remove(&name.parse()?)?;
            }
        }
        self.db.purge(owner)
    }

    fn noted_by(&self, seq: u64) -> Result<Vec<(String, String)>, StoreError> {
        let cells = self.db.rows(Sight::Log, sql::ROWS_OF_EVENT, &[place(seq)])?;
        cells.iter().map(|c| Ok((c.text(0)?, c.text(1)?))).collect()
    }

    /// Objects that an erasure took and that lie in the folder all the same.
    pub(crate) fn objects_back(&self) -> Result<Vec<String>, StoreError> {
        let mut back = Vec::new();
        for cells in self.db.rows(Sight::Log, sql::NOTED_OF_KIND, &[Val::text(OBJECT)])? {
            if self.objects.exists(&cells.text(0)?.parse()?)? {
                back.push(format!("law 10: event {} erased the object {}, and it is there: run `lanternfish erase run` again", cells.int(1)?, cells.text(0)?));
            }
        }
        Ok(back)
    }

    /// Whether an erasure took an object of this name: it is never used again.
    pub(crate) fn name_was_erased(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.db.first(Sight::Log, sql::LAST_ROW_DIGEST, &[Val::text(OBJECT), Val::text(name)])?.is_some())
    }

    // ---- tombstones

    /// Makes the tombstone of erasure `seq` and keeps it in the home; one that is there already stays.
    ///
    /// # Errors
    /// When the log or the disk refuses.
    pub fn keep_tombstone(&self, seq: u64) -> Result<PathBuf, StoreError> {
        let leaf = self.event(seq)?.bytes;
        let folder = self.home.tombstones();
        fs::create_dir_all(&folder).map_err(|e| StoreError::environment("making the folder of tombstones", &e))?;
        let kept = tombstone_files(&folder)?;
        for file in &kept {
            if read_tombstone(file)?.leaf.as_bytes() == leaf {
                return Ok(file.clone());
            }
        }
        // A restored log has lost the events of earlier erasures, not their tombstones: the folder counts.
        let tombstone = self.make_tombstone(kept.len() as u64 + 1, seq)?;
        let file = folder.join(file_name(tombstone.number));
        let text = serde_json::to_vec_pretty(&tombstone).map_err(|e| StoreError::damaged(e.to_string()))?;
        write_private(&file, &text)?;
        Ok(file)
    }

    /// Every event of a kind in the log, in order.
    fn of_type(&self, kind: EventType) -> Result<Vec<crate::StoredEvent>, StoreError> {
        let cells = self.db.rows(Sight::Log, sql::EVENTS_OF_TYPE, &[Val::text(kind.name())])?;
        cells.iter().map(crate::StoredEvent::from_cells).collect()
    }

    fn make_tombstone(&self, number: u64, seq: u64) -> Result<Tombstone, StoreError> {
        let event = self.event(seq)?;
        let case = event.leaf.case.clone().ok_or_else(|| StoreError::damaged("an erasure outside a case"))?;
        let mut rows = Vec::new();
        let mut images = Vec::new();
        for cells in self.db.rows(Sight::Log, sql::ROWS_OF_EVENT, &[place(seq)])? {
            let digest: [u8; 32] = cells.blob(2)?.try_into().map_err(|_| StoreError::damaged("a row digest is not 32 bytes"))?;
            let noted = Noted { kind: cells.text(0)?, id: cells.text(1)?, digest: Sha256Digest(digest) };
            if let Some(image) = self.image_of(&event.leaf, &noted)? {
                images.push(image);
            }
            rows.push(noted);
        }
        let note = self.checkpoint()?;
        let path = self.inclusion(seq, note.claimed().size.0)?;
        let proof = TlogProof::new(LeafIndex(seq), path, note).to_text();
        let leaf = String::from_utf8(event.bytes).map_err(|_| StoreError::damaged("a leaf"))?;
        Ok(Tombstone { v: 1, number, case, leaf, rows, images, proof })
    }

    /// A row that was written anew without the person, as the erasure wrote it; none for rows that hold nothing.
    fn image_of(&self, leaf: &Leaf, noted: &Noted) -> Result<Option<Image>, StoreError> {
        let beside = [crate::record::DETAIL, DETAIL_KEY, OBJECT].contains(&noted.kind.as_str());
        if beside || leaf.object.as_deref() == Some(&noted.id) {
            return Ok(None);
        }
        let cells = self.db.first(Sight::Log, sql::RECORD_ONE, &[Val::text(noted.kind.clone()), Val::text(noted.id.clone())])?;
        let Some(row) = cells.map(|c| Row::from_cells(&c)).transpose()? else { return Ok(None) };
        Ok((!row.is_erased() && row.digest(&[]) == noted.digest).then(|| Image::of(&row)))
    }

    /// Copies every tombstone of this home into `folder`; gives their number.
    ///
    /// # Errors
    /// The disk; an erasure whose tombstone is missing and cannot be made again.
    pub fn copy_tombstones(&self, folder: &Path) -> Result<usize, StoreError> {
        for event in self.of_type(EventType::Erased)? {
            self.keep_tombstone(event.leaf.seq)?;
        }
        fs::create_dir_all(folder).map_err(|e| StoreError::environment(format!("making {}", folder.display()), &e))?;
        let files = tombstone_files(&self.home.tombstones())?;
        for file in &files {
            copy_tombstone(file, folder)?;
        }
        Ok(files.len())
    }

    /// Carries tombstones out on a home that was just restored, before anybody works in it. Gives what was done.
    ///
    /// # Errors
    /// Law 10 for a tombstone that this log did not sign, that was changed, or for one that is missing between others.
    pub(crate) fn replay(&self, folder: &Path, owner: Option<&Database>) -> Result<Replayed, StoreError> {
        let size = LogHead::read(&self.db)?.frontier.size().0;
        let replayed: BTreeSet<Option<String>> = self.of_type(EventType::ErasureReplayed)?.into_iter().map(|event| event.leaf.object).collect();
        let mut done = Replayed::default();
        for tombstone in self.read_tombstones(folder)? {
            done.tombstones += 1;
            let here = tombstone.leaf.seq < size && self.event(tombstone.leaf.seq)?.bytes == tombstone.told.leaf.as_bytes();
            // An erasure of a stretch that was lost in an earlier restore is known to this log by its replay. What a log
            // knows it has done: rows may have been changed since, and are left alone.
            if here || replayed.contains(&tombstone.leaf.object) {
                self.remove_objects(&tombstone.told)?;
                continue;
            }
            done.later = true;
            done.erased += self.replay_one(&tombstone)?;
        }
        done.clean = done.erased == 0 || self.db.purge(owner)?;
        self.copy_into_home(folder)?;
        Ok(done)
    }

    fn copy_into_home(&self, folder: &Path) -> Result<(), StoreError> {
        let home = self.home.tombstones();
        fs::create_dir_all(&home).map_err(|e| StoreError::environment("making the folder of tombstones", &e))?;
        tombstone_files(folder)?.iter().try_for_each(|file| copy_tombstone(file, &home))
    }

    fn remove_objects(&self, told: &Tombstone) -> Result<(), StoreError> {
        let mut objects = told.rows.iter().filter(|noted| noted.kind == OBJECT);
        objects.try_for_each(|noted| Ok(self.objects.remove(&noted.id.parse()?).map(|_| ())?))
    }

    fn replay_one(&self, tombstone: &Proven) -> Result<u64, StoreError> {
        let case = &tombstone.told.case;
        self.remove_objects(&tombstone.told)?;
        let newest = self.newest_generation(case)?;
        let (mut writes, mut destroys) = (Vec::new(), Destroys::default());
        let images: BTreeMap<(&str, &str), &Image> = tombstone.told.images.iter().map(|image| ((image.kind.as_str(), image.id.as_str()), image)).collect();
        for noted in &tombstone.told.rows {
            match noted.kind.as_str() {
                crate::record::DETAIL => {}
                OBJECT => destroys.objects.push(noted.id.clone()),
                DETAIL_KEY => destroys.events.extend(self.key_still_there(&noted.id)?),
                kind => {
                    let cells = self.db.first(Sight::Log, sql::RECORD_ONE, &[Val::text(kind), Val::text(noted.id.clone())])?;
                    let Some(row) = cells.map(|c| Row::from_cells(&c)).transpose()? else { continue };
                    if row.case.as_ref() != Some(case) || row.is_erased() {
                        continue;
                    }
                    let (state, content) = match images.get(&(kind, noted.id.as_str())) {
                        Some(image) if generation_of(&image.bytes()?)? <= newest => (image.state.as_str(), Content::Again(image.bytes()?)),
                        // Written after a change of the case's key that this backup does not know: it would open for nobody.
                        Some(_) => ("erased", Content::Erased),
                        // The row that tells of the erasure itself says nothing of the person.
                        None if tombstone.leaf.object.as_deref() == Some(&noted.id) => continue,
                        None if ["case", "authority"].contains(&kind) => return Err(without_wording(&tombstone.told, kind)),
                        None => ("erased", Content::Erased),
                    };
                    writes.push(over(&row, state, content, self.now()));
                }
            }
        }
        if writes.is_empty() && destroys.events.is_empty() {
            return Ok(0);
        }
        let count = (writes.len() + destroys.events.len()) as u64;
        let detail = json!({"tombstone": tombstone.told.number, "erasure": tombstone.leaf.object, "rows": writes.len(), "details": destroys.events.len()});
        let mut event = NewEvent::new(EventType::ErasureReplayed, tombstone.leaf.object.clone(), detail);
        event.destroys = destroys;
        self.write(None, Some(case), self.agency_seal(), event, writes, None)?;
        Ok(count)
    }

    /// The newest generation of the case's key that this home knows; it stands in the heads of the wraps.
    fn newest_generation(&self, case: &CaseId) -> Result<u32, StoreError> {
        let wraps = self.db.rows(Sight::Log, sql::RECORDS_OF_CASE, &[Val::text(case.as_str()), Val::text(KEY_WRAP)])?;
        let numbers = wraps.iter().map(|cells| Ok(Row::from_cells(cells)?.number.unwrap_or(0))).collect::<Result<Vec<_>, StoreError>>()?;
        Ok(numbers.into_iter().max().and_then(|number| u32::try_from(number).ok()).unwrap_or(0))
    }

    /// The event whose key a tombstone names, when it stands in this log and has its key.
    fn key_still_there(&self, id: &str) -> Result<Option<(u64, Sha256Digest)>, StoreError> {
        let seq = id.split('-').next().and_then(|seq| seq.parse::<u64>().ok()).ok_or_else(|| changed("it names no event"))?;
        let Ok(event) = self.event(seq) else { return Ok(None) };
        let leaf = leaf_hash(&event.bytes);
        Ok((detail_key_id(seq, &leaf) == id && event.key.is_some() && !event.is_erased()).then_some((seq, leaf)))
    }

    /// Every tombstone of a folder, checked; in order, none missing between them.
    fn read_tombstones(&self, folder: &Path) -> Result<Vec<Proven>, StoreError> {
        let mut all = Vec::new();
        for file in tombstone_files(folder)? {
            all.push(read_tombstone(&file).and_then(|told| self.prove(told)).map_err(|error| named(&file, error))?);
        }
        for (index, one) in all.iter().enumerate() {
            let expected = index as u64 + 1;
            if one.told.number != expected {
                let text = format!("tombstone {expected} is missing in {}: get the whole folder from where it was copied to", folder.display());
                return Err(StoreError::refused(Law::Erasure, text));
            }
        }
        Ok(all)
    }

    /// Whether this log signed what a tombstone says: a false one would destroy evidence.
    fn prove(&self, told: Tombstone) -> Result<Proven, StoreError> {
        let leaf = Leaf::parse(told.leaf.as_bytes()).map_err(|e| changed(&e))?;
        let proof = TlogProof::parse(told.proof.as_bytes()).map_err(|e| changed(&e.to_string()))?;
        let origin = proof.note().claimed().origin.clone();
        let base = self.config.origin.as_str();
        let ours = origin.as_str() == base || origin.as_str().strip_prefix(base).is_some_and(|rest| rest.starts_with("/epoch-"));
        if !ours {
            return Err(StoreError::refused(Law::Erasure, format!("it is of the log {origin}, and this node's log is {base}")));
        }
        let key = log_key(self, origin)?;
        proof.verify(told.leaf.as_bytes(), &key, &[]).map_err(|e| changed(&e.to_string()))?;
        let rows: Vec<_> = told.rows.iter().map(|noted| (noted.kind.clone(), noted.id.clone(), noted.digest)).collect();
        let honest = leaf.event_type == EventType::Erased && leaf.case.as_ref() == Some(&told.case) && rows_digest(&rows) == leaf.rows;
        let images = told.images.iter().all(|image| image.digest(&told.case).is_ok_and(|digest| rows.contains(&(image.kind.clone(), image.id.clone(), digest))));
        if honest && images { Ok(Proven { told, leaf }) } else { Err(changed("what it lists is not what its event wrote")) }
    }
}

fn log_key(store: &Store, origin: KeyName) -> Result<LogKey, StoreError> {
    LogKey::new(origin, *store.log_signer()?.log_key().public_key()).map_err(|e| StoreError::damaged(e.to_string()))
}

fn changed(why: &str) -> StoreError {
    StoreError::refused(Law::Erasure, format!("this tombstone is not one of this node, or it was changed ({why}): nothing was erased by it"))
}

fn named(file: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Refused { law, text } => StoreError::Refused { law, text: format!("{}: {text}", file.display()) },
        other => other,
    }
}

fn file_name(number: u64) -> String {
    format!("tombstone-{number:06}.json")
}

fn read_tombstone(file: &Path) -> Result<Tombstone, StoreError> {
    Tombstone::parse(&fs::read(file).map_err(|e| StoreError::environment(format!("reading {}", file.display()), &e))?)
}

/// Copies one tombstone; another one of the same number is never written over.
fn copy_tombstone(file: &Path, folder: &Path) -> Result<(), StoreError> {
    let bytes = fs::read(file).map_err(|e| StoreError::environment(format!("reading {}", file.display()), &e))?;
    let target = folder.join(file.file_name().ok_or_else(|| StoreError::damaged("a tombstone without a name"))?);
    match fs::read(&target) {
        Ok(there) if there == bytes => Ok(()),
        Ok(_) => Err(StoreError::input(format!("{} holds another tombstone of this number: keep it, and name another folder", target.display()))),
        Err(_) => write_private(&target, &bytes),
    }
}

fn tombstone_files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries.map_err(|e| StoreError::environment(format!("reading {}", folder.display()), &e))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| StoreError::environment("reading the folder of tombstones", &e))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if name.starts_with("tombstone-") && Path::new(name).extension().is_some_and(|end| end == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What is left of an erasure: which rows, keys and objects it took, and the log's proof of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    v: u8,
    /// Which erasure of this log it was, from 1.
    number: u64,
    case: CaseId,
    leaf: String,
    rows: Vec<Noted>,
    images: Vec<Image>,
    proof: String,
}

/// The longest tombstone that is read, in bytes.
const LONGEST: usize = 64 << 20;

impl Tombstone {
    /// Reads a tombstone; what it says is believed only after the log's proof was checked.
    ///
    /// # Errors
    /// Law 10 for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Tombstone, StoreError> {
        if bytes.len() > LONGEST {
            return Err(changed("it is too long"));
        }
        let tombstone: Tombstone = serde_json::from_slice(bytes).map_err(|e| changed(&e.to_string()))?;
        if tombstone.v == 1 { Ok(tombstone) } else { Err(changed("it was written by a newer program")) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Noted {
    kind: String,
    id: String,
    digest: Sha256Digest,
}

/// A row as an erasure wrote it anew, still sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    kind: String,
    id: String,
    parent: Option<String>,
    number: Option<i64>,
    state: String,
    actor: Option<model::id::ActorId>,
    time: Moment,
    version: i64,
    key_ref: String,
    sealed: String,
}

impl Image {
    fn of(row: &Row) -> Image {
        Image {
            kind: row.kind.clone(),
            id: row.id.clone(),
            parent: row.parent.clone(),
            number: row.number,
            state: row.state.clone(),
            actor: row.actor.clone(),
            time: row.time,
            version: row.version,
            key_ref: row.key_ref.clone(),
            sealed: hex::encode(&row.sealed),
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        hex::decode(&self.sealed).map_err(|_| changed("a row in it cannot be read"))
    }

    fn digest(&self, case: &CaseId) -> Result<Sha256Digest, StoreError> {
        let row = Row {
            kind: self.kind.clone(),
            id: self.id.clone(),
            case: Some(case.clone()),
            parent: self.parent.clone(),
            number: self.number,
            state: self.state.clone(),
            actor: self.actor.clone(),
            time: self.time,
            version: self.version,
            event: 0,
            key_ref: self.key_ref.clone(),
            sealed: self.bytes()?,
            opened: None,
        };
        Ok(row.digest(&[]))
    }
}

/// A tombstone whose proof was checked.
struct Proven {
    told: Tombstone,
    leaf: Leaf,
}

/// What tombstones did to a restored home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Replayed {
    /// Tombstones that were read.
    pub tombstones: u64,
    /// Rows and keys that lost their content again.
    pub erased: u64,
    /// Whether one of them is of an event that the backup does not hold: something later is known.
    pub later: bool,
    /// Whether nothing of it is left in the database; on a server only its owner can take the old rows out.
    pub clean: bool,
}

/// Looks for words in bytes that go by, piece after piece.
struct Search {
    words: Vec<Vec<u8>>,
    kept: Vec<u8>,
    longest: usize,
    found: bool,
}

impl Search {
    fn of(words: &BTreeSet<String>) -> Search {
        let mut all = Vec::new();
        for word in words.iter().filter(|word| !word.is_empty()) {
            all.push(word.as_bytes().to_vec());
            all.push(word.encode_utf16().flat_map(u16::to_le_bytes).collect());
            all.push(word.encode_utf16().flat_map(u16::to_be_bytes).collect());
        }
        // As the bytes that go by: each byte alone, so that both sides are folded alike in every encoding.
        all.iter_mut().for_each(|word| word.make_ascii_lowercase());
        let longest = all.iter().map(Vec::len).max().unwrap_or(0);
        Search { words: all, kept: vec![], longest, found: false }
    }
}

impl std::io::Write for Search {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.found || self.longest == 0 {
            return Ok(bytes.len());
        }
        self.kept.extend(bytes.iter().map(u8::to_ascii_lowercase));
        self.found = self.words.iter().any(|word| self.kept.windows(word.len()).any(|window| window == &word[..]));
        let from = self.kept.len().saturating_sub(self.longest);
        self.kept.drain(..from);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the whole case rests on is not emptied for want of its new wording: then nothing in it could be opened.
fn without_wording(tombstone: &Tombstone, kind: &str) -> StoreError {
    StoreError::damaged(format!(
        "tombstone {} takes the name out of a record of the kind {kind} and does not carry its new wording, because that changed before the tombstone was written: restore a backup that was made after this erasure",
        tombstone.number
    ))
}
