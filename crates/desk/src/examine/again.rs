//! Puts the words of an exhibit into a new index: the bytes are unpacked and read once more, in the caged child, and
//! nothing of it is kept but the words. What was derived before stays as it is; a member that comes out otherwise than
//! it did then is told and not indexed.

use std::collections::{BTreeMap, BTreeSet};

use parse::{Budget, Ended, MemberHead, MemberTail, Sink, SinkError, Task};
use serde_json::Value;
use store::{Permit, Row, Scope, StoreError, index::Held};

use super::{DerivedMember, OWN_WORDS, SEARCHED, SelectorSink, Work, ended_words, members::{mail_of, sink_error}, own_ids};
use crate::{
    Desk,
    admit,
    reading::{Indexing, Reading},
    reclassify,
};

/// Reads the exhibit's words anew; gives what is missing of them.
///
/// # Errors
/// Law 15 when the authority ends meanwhile; laws 5, 7; when the index cannot be written.
pub(crate) fn index_again(desk: &Desk, scope: &Scope, permit: &Permit, row: &Row, derivation: &str) -> Result<Vec<String>, StoreError> {
    let work = Work::of(desk, scope, permit, row)?;
    let blob = admit::usable_blob(&admit::view(desk, row)?)?.clone();
    let mut members: Vec<DerivedMember> = Vec::new();
    for batch in desk.store.list_of(scope, "members", derivation)? {
        members.extend(batch.content::<Vec<DerivedMember>>()?);
    }
    let heads: BTreeMap<u32, &MemberHead> = members.iter().map(|member| (member.head.id, &member.head)).collect();
    let mails = members.iter().filter_map(|member| Some((member.blob.clone(), mail_of(&member.head, |parent| heads.get(&parent).copied())?))).collect();
    let mut indexing = work.indexing()?;
    let mut sink = IndexSink::new(&work, derivation, (&members, &heads, &mails), &mut indexing)?;
    let skip = OWN_WORDS.map(str::to_string).to_vec();
    let stop = work.watch();
    let task = Task::UnpackAndRead { name: String::new(), skip };
    let outcome = parse::run(desk.exe(), &task, &Budget::default(), &mut work.source(&blob)?, &mut sink, &stop)
        .map_err(|e| StoreError::Environment { attempt: format!("reading {}", work.label), cause: e.to_string() })?;
    let (mut gaps, unread) = sink.end();
    if outcome.ended == Ended::Stopped {
        desk.store.still_live(scope, permit)?;
    }
    let whole = members.is_empty().then(|| (blob.clone(), super::hint_of_whole(&work.label), work.held(derivation, &work.label, None)));
    for (blob, hint, held) in unread.into_iter().chain(whole) {
        desk.store.still_live(scope, permit)?;
        let mut sink = SelectorSink::default();
        let task = Task::Extract { hint: hint.to_string() };
        let outcome = parse::run(desk.exe(), &task, &Budget::default(), &mut work.source(&blob)?, &mut sink, &stop)
            .map_err(|e| StoreError::Environment { attempt: format!("reading {}", held.place), cause: e.to_string() })?;
        if outcome.ended != Ended::Done {
            gaps.push(format!("{}: the reading is incomplete ({})", held.place, ended_words(&outcome.ended)));
        }
        gaps.extend(sink.reading.gaps(&held.place));
        indexing.add(&sink.reading.held(&held))?;
    }
    if outcome.ended != Ended::Done && !members.is_empty() {
        gaps.push(format!("{}: it was not read to its end ({})", work.label, ended_words(&outcome.ended)));
    }
    // Pictures are not decoded once more: what was read in them stands in the records.
    indexing.add(&super::held_of_pictures(desk, scope, &row.id, derivation, &mails)?)?;
    indexing.end(desk, scope, permit, row, &work.label, derivation, !gaps.is_empty())?;
    Ok(gaps)
}

/// A member that may be read.
struct Wanted {
    blob: model::id::BlobId,
    digest: String,
    hint: Value,
    held: Held,
}

/// What was unpacked, by number, and by bytes the mails that carry it.
type Members<'m> = (&'m [DerivedMember], &'m BTreeMap<u32, &'m MemberHead>, &'m BTreeMap<model::id::BlobId, String>);

/// Keeps words only.
struct IndexSink<'w> {
    indexing: &'w mut Indexing,
    /// By number: the members that may be read.
    wanted: BTreeMap<u32, Wanted>,
    read: BTreeSet<u32>,
    ended: Option<(u32, bool)>,
    reading: Reading,
    gaps: Vec<String>,
}

impl<'w> IndexSink<'w> {
    fn new(work: &Work<'_>, derivation: &str, (members, heads, mails): Members<'_>, indexing: &'w mut Indexing) -> Result<Self, StoreError> {
        let own = own_ids(members);
        let parents: BTreeSet<u32> = members.iter().filter_map(|member| member.head.parent).collect();
        let restricted = reclassify::restricted_parts(work.desk, work.scope)?;
        let readable = members.iter().filter(|member| {
            let id = member.head.id;
            !own.contains(&id) && !parents.contains(&id) && !restricted.contains(&member.blob) && (1..=SEARCHED).contains(&member.tail.length)
        });
        let wanted = readable.map(|member| {
            let (place, captured) = place_of(&member.head, heads);
            let held = work.held(derivation, &place, Some(&member.blob));
            let hint = super::hint_of(&member.head, |parent| heads.get(&parent).copied());
            let held = Held { captured: captured.or(held.captured), mail: mails.get(&member.blob).cloned(), ..held };
            (member.head.id, Wanted { blob: member.blob.clone(), digest: member.sha256.hex(), hint, held })
        });
        Ok(IndexSink { wanted: wanted.collect(), indexing, read: BTreeSet::new(), ended: None, reading: Reading::default(), gaps: vec![] })
    }

    /// What is missing, and the members that were not read in passing.
    fn end(self) -> (Vec<String>, Vec<(model::id::BlobId, Value, Held)>) {
        let unread = self.wanted.into_iter().filter(|(id, _)| !self.read.contains(id));
        (self.gaps, unread.map(|(_, Wanted { blob, hint, held, .. })| (blob, hint, held)).collect())
    }
}

/// Where a member stands, for people, and when its record says that it was captured.
pub(super) fn place_of(head: &MemberHead, heads: &BTreeMap<u32, &MemberHead>) -> (String, Option<i64>) {
    let address = head.warc.as_ref().and_then(|warc| warc.target_uri.as_deref()).unwrap_or(&head.name.text);
    let mut around = Some(head);
    while let Some(member) = around {
        if let Some(warc) = &member.warc {
            let captured = warc.date.as_ref().and_then(|date| date.parse::<model::Moment>().ok()).map(model::Moment::micros);
            let record = warc.record_id.as_deref().unwrap_or("without an id");
            return (format!("{address} ({} record {record})", warc.record_type), captured);
        }
        around = member.parent.and_then(|parent| heads.get(&parent)).copied();
    }
    (address.to_string(), None)
}

impl Sink for IndexSink<'_> {
    fn begin(&mut self, _head: &MemberHead) -> Result<(), SinkError> {
        Ok(())
    }

    fn data(&mut self, _id: u32, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }

    fn end(&mut self, tail: &MemberTail) -> Result<(), SinkError> {
        let same = self.wanted.get(&tail.id).map(|wanted| (wanted.digest == tail.sha256, wanted.held.place.clone()));
        if let Some((false, place)) = &same {
            self.gaps.push(format!("{place}: it came out otherwise than when it was examined, and is not indexed"));
            self.wanted.remove(&tail.id);
        }
        self.ended = Some((tail.id, same.is_some_and(|(same, _)| same)));
        self.reading = Reading::default();
        Ok(())
    }

    fn abandon(&mut self, _id: u32, _reason: &str) {}

    fn finding(&mut self, _finding: &parse::Finding) {}

    fn selectors(&mut self, _values: Vec<Value>) -> Result<(), SinkError> {
        Ok(())
    }

    fn found(&mut self, id: u32, values: Vec<Value>, last: bool) -> Result<(), SinkError> {
        if self.ended != Some((id, true)) {
            return Ok(());
        }
        self.reading.take(values);
        if let Some(Wanted { held, .. }) = self.wanted.get(&id).filter(|_| last) {
            self.gaps.extend(self.reading.gaps(&held.place));
            self.indexing.add(&self.reading.held(held)).map_err(sink_error)?;
            self.read.insert(id);
        }
        Ok(())
    }
}
