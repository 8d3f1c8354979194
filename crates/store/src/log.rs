//! The log: the entry of an event, made with the digests of what it describes, and the check of the
//! whole log from leaf bytes alone (laws 2, 3, 10). Entries are written by the sequencer and by nobody else.

use ledger::{
    path,
    tree::{Frontier, Gathered, LeafIndex, Node, TreeSize, leaf_hash},
};
use model::{
    Moment, Sha256Digest,
    event::{EventType, Leaf},
    id::{ActorId, CaseId},
};
use serde_json::Value;

use crate::{
    StoreError,
    record::{Blind, DETAIL, DETAIL_KEY, OBJECT, Row, detail_digest, detail_key_id, erased_digest, rows_digest},
    sql::{self, Cells, Db, Sight, Tx, Val},
    steps::KEY_DETAIL,
};

/// What an event says, before it has a place in the log.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// What happened.
    pub event_type: EventType,
    /// The id of the thing it is about.
    pub object: Option<String>,
    /// Reasons, queries, names, digests: sealed, never in the leaf.
    pub detail: Value,
    /// What it destroys beside rows; only an erasure fills it.
    pub(crate) destroys: Destroys,
}

/// Keys of details and objects that go with an erasure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Destroys {
    /// Events whose detail can be read no more, each with its leaf's hash.
    pub events: Vec<(u64, Sha256Digest)>,
    /// Names of objects.
    pub objects: Vec<String>,
    /// The last event of the case that the plan has seen: with a later one nothing is destroyed.
    pub seen: Option<u64>,
}

impl Destroys {
    fn noted(&self) -> impl Iterator<Item = (String, String, Sha256Digest)> + '_ {
        let keys = self.events.iter().map(|(seq, leaf)| (DETAIL_KEY.to_string(), detail_key_id(*seq, leaf), erased_digest()));
        keys.chain(self.objects.iter().map(|name| (OBJECT.to_string(), name.clone(), erased_digest())))
    }
}

impl NewEvent {
    /// An event of this kind about `object`.
    pub fn new(event_type: EventType, object: impl Into<Option<String>>, detail: Value) -> Self {
        NewEvent { event_type, object: object.into(), detail, destroys: Destroys::default() }
    }
}

/// The state of the log's head.
#[derive(Debug, Clone)]
pub(crate) struct LogHead {
    pub frontier: Frontier,
    pub epoch: i64,
    pub last_time: Moment,
}

impl LogHead {
    pub fn from_cells(cells: &Cells) -> Result<LogHead, StoreError> {
        let frontier = Frontier::from_bytes(&cells.blob(1)?).map_err(|e| StoreError::damaged(e.to_string()))?;
        if i64::try_from(frontier.size().0).ok() != Some(cells.int(0)?) {
            return Err(StoreError::damaged("the log head disagrees with itself"));
        }
        Ok(LogHead { frontier, epoch: cells.int(2)?, last_time: Moment::from_micros(cells.int(3)?) })
    }

    pub fn read(db: &Db) -> Result<LogHead, StoreError> {
        let cells = db.first(Sight::Log, sql::HEAD, &[])?.ok_or_else(|| StoreError::damaged("the log has no head"))?;
        LogHead::from_cells(&cells)
    }
}

/// An event of the log with its sealed detail.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// The leaf.
    pub leaf: Leaf,
    /// The leaf's exact bytes.
    pub bytes: Vec<u8>,
    pub(crate) key_ref: String,
    pub(crate) sealed: Vec<u8>,
    /// The wrapped key of the detail; none for events of the node and of homes from before such keys.
    pub(crate) key: Option<Vec<u8>>,
}

impl StoredEvent {
    /// Whether its detail has a key of its own that can be destroyed.
    pub fn can_be_erased(&self) -> bool {
        self.key_ref == KEY_DETAIL
    }

    /// Whether an erasure destroyed the key of its detail.
    pub fn is_erased(&self) -> bool {
        self.key_ref == KEY_DETAIL && self.key.as_ref().is_none_or(Vec::is_empty)
    }

    pub(crate) fn from_cells(cells: &Cells) -> Result<StoredEvent, StoreError> {
        let bytes = cells.blob(1)?;
        let leaf = Leaf::parse(&bytes).map_err(StoreError::damaged)?;
        Ok(StoredEvent { leaf, bytes, key_ref: cells.text(2)?, sealed: cells.blob(3)?, key: cells.blob(4).ok() })
    }
}

/// Everything that the entry of one event is made of.
pub(crate) struct Append<'a> {
    pub event_type: EventType,
    pub object: Option<&'a str>,
    pub actor: Option<&'a ActorId>,
    pub case: Option<&'a CaseId>,
    pub now: Moment,
    pub commitment: Sha256Digest,
    pub key_ref: &'a str,
    pub sealed: Vec<u8>,
    /// The wrapped key of the detail, where it has one of its own.
    pub key: Vec<u8>,
    /// What it destroys beside rows.
    pub destroys: &'a Destroys,
    /// The rows that it writes, each with its indexes.
    pub rows: &'a [(Row, &'a [Blind])],
}

/// An event as it goes into the database: its own row, and a note for each row that it writes.
pub(crate) struct Entry {
    pub seq: u64,
    pub values: Vec<Val>,
    pub notes: Vec<Vec<Val>>,
    /// The key of its detail, where it has one of its own.
    pub key: Option<Vec<Val>>,
}

/// Appends one event to the head; the caller holds its lock, and writes entry, rows and head in one transaction.
pub(crate) fn append(head: &mut LogHead, append: Append<'_>) -> Result<Entry, StoreError> {
    let seq = head.frontier.size().0;
    let mut digests: Vec<_> = append.rows.iter().map(|(row, blinds)| (row.kind.clone(), row.id.clone(), row.digest(blinds))).collect();
    digests.push((DETAIL.to_string(), seq.to_string(), detail_digest(append.key_ref, &append.sealed)));
    digests.extend(append.destroys.noted());
    let leaf = Leaf {
        v: 1,
        seq,
        event_type: append.event_type,
        time: append.now,
        actor: append.actor.cloned(),
        case: append.case.cloned(),
        object: append.object.map(str::to_string),
        commitment: append.commitment,
        rows: rows_digest(&digests),
    };
    let bytes = leaf.to_bytes().map_err(|e| StoreError::damaged(e.to_string()))?;
    let hash = leaf_hash(&bytes);
    head.frontier.append(hash);
    head.last_time = head.last_time.max(append.now);
    let place = i64::try_from(seq).map_err(|_| StoreError::damaged("the log is full"))?;
    let values = vec![
        Val::Int(place),
        Val::text(append.event_type.name()),
        Val::Int(append.now.micros()),
        Val::opt(append.actor.map(|a| a.as_str().to_string())),
        Val::opt(append.case.map(|c| c.as_str().to_string())),
        Val::opt(append.object.map(str::to_string)),
        Val::Blob(bytes),
        Val::Blob(hash.0.to_vec()),
        Val::text(append.key_ref),
        Val::Blob(append.sealed),
    ];
    let note = |(kind, id, digest): (String, String, Sha256Digest)| {
        vec![Val::Int(place), Val::text(kind), Val::text(id), Val::Blob(digest.0.to_vec())]
    };
    let key = (!append.key.is_empty()).then(|| vec![Val::Int(place), Val::opt(append.case.map(|c| c.as_str().to_string())), Val::Blob(append.key)]);
    Ok(Entry { seq, values, notes: digests.into_iter().map(note).collect(), key })
}

/// What `log verify` found.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct LogReport {
    /// Number of events read.
    pub events: u64,
    /// Number of rows compared.
    pub rows: u64,
    /// Root over all leaf bytes, recomputed.
    pub root: String,
    /// Everything that does not agree; empty when the log is sound.
    pub faults: Vec<String>,
    /// Events whose time lies before that of an earlier one: the clock jumped.
    pub clock_jumps: u64,
}

const PAGE: i64 = 2_000;
/// Leaf hashes that are read at once.
const HASHES_AT_ONCE: u64 = 10_000;

/// Reads the whole log from leaf bytes, recomputes its root, and compares events and rows both ways.
pub(crate) fn verify(db: &Db) -> Result<LogReport, StoreError> {
    let tx = &mut db.steady()?;
    let mut report = LogReport::default();
    let mut frontier = Frontier::empty();
    let mut latest = Moment::from_micros(i64::MIN);
    let mut epochs = 0;
    loop {
        let next = i64::try_from(report.events).unwrap_or(i64::MAX);
        let page = tx.rows(sql::LEAVES_FROM, &[Val::Int(next), Val::Int(PAGE)])?;
        if page.is_empty() {
            break;
        }
        for cells in &page {
            check_leaf(tx, cells, &mut frontier, &mut latest, &mut report)?;
            epochs += u64::from(cells.text(3)? == EventType::EpochDeclared.name());
        }
    }
    report.root = frontier.root().hex();
    let head = tx.first(sql::HEAD, &[])?.ok_or_else(|| StoreError::damaged("the log has no head"))?;
    let head = LogHead::from_cells(&head)?;
    if report.events > 0 && head.last_time != latest {
        report.faults.push(format!("law 3: the log head says that its last event is of {}, the leaves say {latest}", head.last_time));
    }
    if u64::try_from(head.epoch).ok() != Some(epochs + 1) {
        report.faults.push(format!("law 3: the log head says epoch {}, the leaves declare epoch {}", head.epoch, epochs + 1));
    }
    if head.frontier.size() != frontier.size() || head.frontier.root() != frontier.root() {
        report.faults.push(format!("law 3: the log head says {} events, the leaves say {}", head.frontier.size().0, report.events));
    }
    check_rows(tx, &mut report)?;
    for note in tx.rows(sql::NOTES_WITHOUT_EVENT, &[])? {
        report.faults.push(format!("law 2: {} {} is noted as written by event {}, which is not in the log", note.text(0)?, note.text(1)?, note.int(2)?));
    }
    for orphan in tx.rows(sql::ORPHAN_INDEXES, &[])? {
        report.faults.push(format!("law 2: an index {} names {} {}, and there is no such row", orphan.text(1)?, orphan.text(0)?, orphan.text(2)?));
    }
    for orphan in tx.rows(sql::ORPHAN_EVENT_ROWS, &[])? {
        report.faults.push(format!("law 2: event {} wrote {} {}, and that row is gone", orphan.int(2)?, orphan.text(0)?, orphan.text(1)?));
    }
    Ok(report)
}

fn check_leaf(
    tx: &mut Tx<'_>,
    cells: &Cells,
    frontier: &mut Frontier,
    latest: &mut Moment,
    report: &mut LogReport,
) -> Result<(), StoreError> {
    let expected = report.events;
    report.events += 1;
    let bytes = cells.blob(1)?;
    let hash = leaf_hash(&bytes);
    frontier.append(hash);
    let mut fault = |text: String| report.faults.push(format!("law 3: event {expected}: {text}"));
    let leaf = match Leaf::parse(&bytes) {
        Ok(leaf) => leaf,
        Err(error) => {
            fault(error);
            return Ok(());
        }
    };
    if leaf.seq != expected || cells.int(0)?.unsigned_abs() != expected {
        fault(format!("the leaf says {}", leaf.seq));
    }
    if cells.blob(2)? != hash.0 {
        fault("the stored leaf hash is not that of the leaf".into());
    }
    let columns = (cells.text(3)?, cells.int(4)?, cells.opt_text(5), cells.opt_text(6), cells.opt_text(7));
    let leaf_says = (
        leaf.event_type.name().to_string(),
        leaf.time.micros(),
        leaf.actor.as_ref().map(|a| a.as_str().to_string()),
        leaf.case.as_ref().map(|c| c.as_str().to_string()),
        leaf.object.clone(),
    );
    if columns != leaf_says {
        fault("the columns beside the leaf say something else".into());
    }
    let mut written = Vec::new();
    for row in tx.rows(sql::ROWS_OF_EVENT, &[cells_seq(expected)])? {
        let digest = row.blob(2)?.try_into().map_err(|_| StoreError::damaged("a row digest is not 32 bytes"))?;
        written.push((row.text(0)?, row.text(1)?, Sha256Digest(digest)));
    }
    let detail = (DETAIL.to_string(), expected.to_string(), detail_digest(&cells.text(8)?, &cells.blob(9)?));
    if !written.contains(&detail) {
        fault("its sealed detail is not what was written".into());
    }
    if let Some(text) = check_detail_key(tx, cells, expected, &hash)? {
        fault(text);
    }
    if rows_digest(&written) != leaf.rows {
        fault("the rows noted for it are not those of the leaf".into());
    }
    if leaf.time < *latest {
        report.clock_jumps += 1;
    }
    *latest = (*latest).max(leaf.time);
    Ok(())
}

/// The key of a detail is there as it was written, or an erasure says that it is gone.
fn check_detail_key(tx: &mut Tx<'_>, cells: &Cells, seq: u64, leaf: &Sha256Digest) -> Result<Option<String>, StoreError> {
    if cells.text(8)? != KEY_DETAIL {
        return Ok(None);
    }
    let key = cells.blob(10).unwrap_or_default();
    let noted = last_note(tx, DETAIL_KEY, &detail_key_id(seq, leaf))?;
    let erased = noted.is_some_and(|(digest, by)| digest == erased_digest() && by.is_some_and(EventType::erases));
    let promised = cells.blob(9)?.get(..32).map(<[u8]>::to_vec).unwrap_or_default();
    Ok(match (key.is_empty(), erased) {
        (true, true) => None,
        (true, false) => Some("the key of its detail is gone, and no erasure says so".into()),
        (false, true) => Some("law 10: the key of its detail was destroyed by an erasure, and is there again".into()),
        (false, false) if Sha256Digest::of(&key).0[..] != promised[..] => Some("the key of its detail is not what was written".into()),
        (false, false) => None,
    })
}

/// What was noted last of a thing, and by which kind of event.
fn last_note(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Option<(Sha256Digest, Option<EventType>)>, StoreError> {
    let Some(noted) = tx.first(sql::LAST_ROW_DIGEST, &[Val::text(kind), Val::text(id)])? else { return Ok(None) };
    let digest = noted.blob(0)?.try_into().map_err(|_| StoreError::damaged("a row digest is not 32 bytes"))?;
    let by = tx.first(sql::TYPE_OF_EVENT, &[Val::Int(noted.int(1)?)])?.map(|cells| cells.text(0)).transpose()?;
    Ok(Some((Sha256Digest(digest), by.and_then(|name| name.parse().ok()))))
}

fn cells_seq(seq: u64) -> Val {
    Val::Int(i64::try_from(seq).unwrap_or(i64::MAX))
}

fn check_rows(tx: &mut Tx<'_>, report: &mut LogReport) -> Result<(), StoreError> {
    let (mut kind, mut id) = (String::new(), String::new());
    loop {
        let page = tx.rows(sql::RECORDS_PAGE, &[Val::text(kind.clone()), Val::text(id.clone()), Val::Int(PAGE)])?;
        let Some(last) = page.last() else { return Ok(()) };
        (kind, id) = (last.text(0)?, last.text(1)?);
        for cells in &page {
            let row = Row::from_cells(cells)?;
            report.rows += 1;
            let digest = row.digest(&blinds_of(tx, &row)?);
            let noted = tx.first(sql::LAST_ROW_DIGEST, &[Val::text(row.kind.clone()), Val::text(row.id.clone())])?;
            let fault = match noted {
                None => Some("has no event"),
                Some(noted) if noted.blob(0)? != digest.0 => Some("is not what its last event wrote"),
                Some(noted) if noted.int(1)?.unsigned_abs() != row.event => Some("names another event than the one that wrote it"),
                Some(_) if row.is_erased() && !written_by_erasure(tx, &row)? => Some("has lost its content, and no erasure says so"),
                Some(_) => None,
            };
            if let Some(what) = fault {
                report.faults.push(format!("law 2: the row {} {} {what}", row.kind, row.id));
            }
        }
    }
}

fn written_by_erasure(tx: &mut Tx<'_>, row: &Row) -> Result<bool, StoreError> {
    Ok(last_note(tx, &row.kind, &row.id)?.and_then(|(_, by)| by).is_some_and(EventType::erases))
}

fn blinds_of(tx: &mut Tx<'_>, row: &Row) -> Result<Vec<Blind>, StoreError> {
    let cells = tx.rows(sql::INDEXES_OF_ROW, &[Val::text(row.kind.clone()), Val::text(row.id.clone())])?;
    cells.iter().map(|index| Ok((index.text(0)?, index.blob(1)?))).collect()
}

/// Shows every leaf hash from the start up to `size`, in order; it holds one page of them at a time.
pub(crate) fn each_hash(db: &Db, size: u64, mut show: impl FnMut(Sha256Digest)) -> Result<(), StoreError> {
    let mut seen = 0;
    while seen < size {
        let limit = i64::try_from((size - seen).min(HASHES_AT_ONCE)).unwrap_or(PAGE);
        let page = db.rows(Sight::Log, sql::HASHES_FROM, &[cells_seq(seen), Val::Int(limit)])?;
        if page.is_empty() {
            return Err(StoreError::damaged(format!("the log has only {seen} of {size} leaves")));
        }
        for cells in page {
            let hash: [u8; 32] = cells.blob(0)?.try_into().map_err(|_| StoreError::damaged("a leaf hash is not 32 bytes"))?;
            show(Sha256Digest(hash));
            seen += 1;
        }
    }
    Ok(())
}

/// Every leaf hash from the start up to `size`.
pub(crate) fn hashes(db: &Db, size: u64) -> Result<Vec<Sha256Digest>, StoreError> {
    let mut all = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    each_hash(db, size, |hash| all.push(hash))?;
    Ok(all)
}

/// The inclusion proof of leaf `index` in the tree of `size` leaves.
pub(crate) fn inclusion(db: &Db, index: u64, size: u64) -> Result<Vec<Sha256Digest>, StoreError> {
    let (index, size) = (LeafIndex(index), TreeSize(size));
    let nodes = path::inclusion_nodes(index, size).map_err(|e| StoreError::input(e.to_string()))?;
    path::inclusion_proof(index, size, &gathered(db, nodes, size)?).map_err(|e| StoreError::input(e.to_string()))
}

/// The proof that the tree of `to` leaves begins with that of `from`.
pub(crate) fn consistency(db: &Db, from: u64, to: u64) -> Result<Vec<Sha256Digest>, StoreError> {
    let (from, to) = (TreeSize(from), TreeSize(to));
    let nodes = path::consistency_nodes(from, to).map_err(|e| StoreError::input(e.to_string()))?;
    path::consistency_proof(from, to, &gathered(db, nodes, to)?).map_err(|e| StoreError::input(e.to_string()))
}

/// The root of the first `size` leaves.
pub(crate) fn root(db: &Db, size: u64) -> Result<Sha256Digest, StoreError> {
    Ok(gathered(db, vec![], TreeSize(size))?.root())
}

fn gathered(db: &Db, wanted: Vec<Node>, size: TreeSize) -> Result<Gathered, StoreError> {
    let mut gathered = Gathered::of(wanted);
    each_hash(db, size.0, |hash| gathered.leaf(hash))?;
    Ok(gathered)
}
