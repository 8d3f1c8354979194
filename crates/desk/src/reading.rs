//! What the caged child read in a piece of evidence, taken apart: selectors for the records, words for the index.
//!
//! The child is believed no more than the bytes it reads: what is not of the shape that was agreed is counted as
//! unread, and what is beyond a bound is counted, never dropped in silence (law 9).

use std::sync::Arc;

use model::{chat::Message, listing::Listing, selector::FoundSelector};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{
    NewEvent, Permit, Row, Scope, StoreError,
    index::{CaseIndex, Held, IndexKey, Writer},
};
use std::collections::BTreeMap;

use model::event::EventType;
use serde::Serialize;

use crate::{Desk, cover::Secrets, row::Draft};

/// Most selectors that are kept of one member.
pub(crate) const MOST_SELECTORS: usize = 200_000;
/// Most passages that are kept of one member.
pub(crate) const MOST_PASSAGES: usize = 50_000;

/// Most ranges of sensitive selectors that were not kept; beyond them everything to the end is covered.
const MOST_COVERED: usize = 200_000;
/// Beyond the last byte of anything.
const FAR: u64 = u64::MAX >> 1;

/// Most rows, and most messages, that are kept of one member.
pub(crate) const MOST_ROWS: usize = 100_000;

/// What the caged child is asked for, beside selectors.
pub(crate) const WORDS: &str = "words";

/// What was read in one member.
#[derive(Default)]
pub(crate) struct Reading {
    /// Selectors, in the order of the bytes.
    pub selectors: Vec<FoundSelector>,
    /// Words, in passages.
    pub passages: Vec<Passage>,
    /// Listings and posts, as a profile of the site reads them.
    pub rows: Vec<Listing>,
    /// Messages of a chat export.
    pub messages: Vec<Message>,
    /// Rows and messages beyond the first [`MOST_ROWS`] of each.
    pub rows_beyond: usize,
    /// Selectors beyond the first [`MOST_SELECTORS`].
    pub selectors_beyond: usize,
    /// Passages beyond the first [`MOST_PASSAGES`].
    pub passages_beyond: usize,
    /// Values that were not of the agreed shape.
    pub strange: usize,
    /// The bytes of selectors that are sensitive, or may be, and were not kept: nobody shows what stands there by the way.
    pub covered: Vec<(u64, u64)>,
}

/// Words as the child tells them.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Passage {
    zone: String,
    text: String,
    runs: Vec<(u32, u64, u32)>,
    start: u64,
    end: u64,
    #[serde(default)]
    language: Option<String>,
}

impl Reading {
    /// Takes what the child sent.
    pub fn take(&mut self, values: Vec<Value>) {
        for value in values {
            match value.get("kind").and_then(Value::as_str) {
                Some("row") => self.row(value["value"].clone()),
                Some("left-out") => {
                    if value["end"].as_u64() > Some(0) {
                        self.cover_value(&value);
                    }
                    self.strange += value["count"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
                }
                Some("message") => self.message(value["value"].clone()),
                None | Some("selector") => self.selector(value),
                Some("passage") => self.passage(value),
                Some(_) => self.strange += 1,
            }
        }
    }

    fn selector(&mut self, value: Value) {
        match FoundSelector::deserialize(&value) {
            Ok(found) if self.selectors.len() < MOST_SELECTORS => self.selectors.push(found),
            Ok(found) => {
                self.selectors_beyond += 1;
                if found.is_sensitive() {
                    self.cover(found.start, found.end);
                }
            }
            Err(_) => {
                self.strange += 1;
                self.cover_value(&value);
            }
        }
    }

    /// Covers what could not be understood, where it says that it stands; else all that comes after the last selector.
    fn cover_value(&mut self, value: &Value) {
        match (value["start"].as_u64(), value["end"].as_u64()) {
            (Some(start), Some(end)) if start <= end => self.cover(start, end),
            _ => self.cover(self.selectors.last().map_or(0, |found| found.end), FAR),
        }
    }

    /// Covers these bytes wherever they would be shown.
    pub fn cover(&mut self, start: u64, end: u64) {
        let is_full = self.covered.len() >= MOST_COVERED;
        match self.covered.last_mut() {
            Some(last) if is_full => *last = (last.0.min(start), FAR),
            Some(last) if last.0 <= start && start <= last.1 => last.1 = last.1.max(end),
            _ => self.covered.push((start, end)),
        }
    }

    fn row(&mut self, value: Value) {
        match serde_json::from_value(value) {
            Ok(row) if self.rows.len() < MOST_ROWS => self.rows.push(row),
            Ok(_) => self.rows_beyond += 1,
            Err(_) => self.strange += 1,
        }
    }

    fn message(&mut self, value: Value) {
        match serde_json::from_value(value) {
            Ok(message) if self.messages.len() < MOST_ROWS => self.messages.push(message),
            Ok(_) => self.rows_beyond += 1,
            Err(_) => self.strange += 1,
        }
    }

    fn passage(&mut self, value: Value) {
        if self.passages.len() >= MOST_PASSAGES {
            self.passages_beyond += 1;
            return;
        }
        match serde_json::from_value::<Passage>(value) {
            Ok(passage) if passage.is_sound() => self.passages.push(passage),
            _ => self.strange += 1,
        }
    }

    /// Moves everything to the whole of a picture of this length: the text in which it was found has no bytes there.
    pub fn stand_at(&mut self, length: u64) {
        for found in &mut self.selectors {
            (found.start, found.end) = (0, length);
            found.context.iter_mut().for_each(|cue| (cue.start, cue.end) = (0, length));
        }
        self.covered.iter_mut().for_each(|range| *range = (0, length));
        for passage in &mut self.passages {
            (passage.start, passage.end) = (0, length);
            passage.runs = vec![(0, 0, u32::try_from(length).unwrap_or(u32::MAX))];
        }
    }

    /// Why it is not whole, if it is not.
    pub fn gaps(&self, place: &str) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.selectors_beyond > 0 {
            gaps.push(format!("{place}: {} selectors beyond the first {MOST_SELECTORS} were not kept", self.selectors_beyond));
        }
        if self.passages_beyond > 0 {
            gaps.push(format!("{place}: {} passages beyond the first {MOST_PASSAGES} are not in the index", self.passages_beyond));
        }
        if self.rows_beyond > 0 {
            gaps.push(format!("{place}: {} rows or messages beyond the first {MOST_ROWS} were not kept", self.rows_beyond));
        }
        if self.strange > 0 {
            gaps.push(format!("{place}: {} things that were read could not be understood", self.strange));
        }
        gaps
    }

    /// About how many bytes it takes in memory, so that what waits can be bounded: members that hold nothing but
    /// selectors take as much as words do.
    pub fn size(&self) -> usize {
        /// What a value takes beside its text.
        const HEAD: usize = 256;
        let selector = |one: &FoundSelector| {
            let texts = one.value.len() + one.reason.len() + one.steps.iter().map(String::len).sum::<usize>();
            HEAD + texts + 96 * one.context.len() + one.rivals.iter().map(|rival| HEAD / 2 + rival.value.len()).sum::<usize>()
        };
        let row = |row: &Listing| HEAD + row.cells().iter().map(|cell| HEAD + cell.reason.len() + 2 * cell.value.as_ref().map_or(0, String::len) + cell.written.as_ref().map_or(0, String::len)).sum::<usize>();
        let message = |message: &Message| {
            let optional = [&message.author, &message.conversation, &message.reply_to, &message.forwarded_from, &message.service];
            HEAD + message.text.len() + optional.into_iter().flatten().map(String::len).sum::<usize>() + HEAD * message.attachments.len()
        };
        16 * self.covered.len()
            + self.passages.iter().map(Passage::size).sum::<usize>()
            + self.selectors.iter().map(selector).sum::<usize>()
            + self.rows.iter().map(row).sum::<usize>()
            + self.messages.iter().map(message).sum::<usize>()
    }

    /// The passages as the index takes them, each with the selectors that stand in it.
    pub fn held(&self, of: &Held) -> Vec<Held> {
        let secrets = Secrets::of(&self.selectors).and_in(&self.covered);
        self.passages.iter().map(|passage| passage.held(of, &self.selectors, &secrets)).collect()
    }
}

impl Passage {
    /// Bytes that it holds in memory.
    pub fn size(&self) -> usize {
        self.text.len() + 16 * self.runs.len()
    }

    /// Every place lies in the passage, and in order.
    fn is_sound(&self) -> bool {
        let length = self.text.len() as u64;
        let inside = |(text, raw, unit): &(u32, u64, u32)| u64::from(*text) < length.max(1) && *raw >= self.start && raw + u64::from(*unit) <= self.end;
        !self.text.is_empty() && self.runs.first().is_some_and(|run| run.0 == 0) && self.runs.is_sorted_by_key(|run| run.0) && self.runs.iter().all(inside)
    }

    fn held(&self, of: &Held, selectors: &[FoundSelector], secrets: &Secrets) -> Held {
        let from = selectors.partition_point(|found| found.start < self.start);
        let within = selectors[from..].iter().take_while(|found| found.start < self.end);
        let mut selectors: Vec<(String, String)> = within.map(|found| (kind_of(found), found.value.to_lowercase())).collect();
        selectors.sort();
        selectors.dedup();
        Held { zone: self.zone.clone(), text: self.text.clone(), runs: self.runs.clone(), language: self.language.clone(), selectors, secrets: secrets.within(self.start, self.end).to_vec(), ..of.clone() }
    }
}

/// The name of a selector's type.
pub(crate) fn kind_of(found: &FoundSelector) -> String {
    serde_json::to_value(found.selector_type).ok().and_then(|name| name.as_str().map(str::to_string)).unwrap_or_default()
}

/// The host of an address, where it is one.
pub(crate) fn host_of(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#', ' ']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host.split(']').next()? } else { host.split(':').next()? };
    (!host.is_empty()).then(|| host.to_lowercase())
}

/// What the row of a case's index holds (sealed under the case key). Where several machines share the records, each
/// has a row and an index of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct IndexContent {
    /// Where it lies, and its key.
    pub key: IndexKey,
    /// By label of the exhibit: the examination whose words are in it.
    pub covers: BTreeMap<String, String>,
    /// The home in which its files lie, where several share the records.
    #[serde(default)]
    pub machine: String,
    /// Folders of that home whose keys another machine threw away: nothing opens them, and they go when it is there.
    #[serde(default)]
    pub left: Vec<String>,
}

/// Kind of the row of a case's index.
const INDEX: &str = "index";
/// Its state.
const LIVE: &str = "live";

/// The index that the case has in this home, if it has one.
fn index_row(desk: &Desk, scope: &Scope) -> Result<Option<(Row, IndexContent)>, StoreError> {
    let machine = machine(desk)?;
    Ok(index_rows(desk, scope)?.into_iter().find(|(_, content)| content.machine == machine))
}

/// Its indexes in every home.
fn index_rows(desk: &Desk, scope: &Scope) -> Result<Vec<(Row, IndexContent)>, StoreError> {
    let live = desk.store.list(scope, INDEX)?.into_iter().filter(|row| row.state == LIVE);
    live.map(|row| Ok((row.content::<IndexContent>()?, row)).map(|(content, row)| (row, content))).collect()
}

/// The name by which this home's indexes are told from those of other homes; none where no other home has the records.
fn machine(desk: &Desk) -> Result<String, StoreError> {
    if desk.store.is_shared() { CaseIndex::machine(desk.store.home().root()) } else { Ok(String::new()) }
}

/// Removes what another machine made unreadable here.
fn sweep(desk: &Desk, content: &IndexContent) -> Result<(), StoreError> {
    content.left.iter().try_for_each(|folder| CaseIndex::remove_folder(desk.store.home().root(), folder))
}

/// The index of the case to be asked, with what it covers; none when its files are gone, as after a restore.
pub(crate) fn index_to_ask(desk: &Desk, scope: &Scope) -> Result<Option<IndexContent>, StoreError> {
    let Some((_, content)) = index_row(desk, scope)? else { return Ok(None) };
    sweep(desk, &content)?;
    Ok(CaseIndex::is_there(desk.store.home().root(), &content.key)?.then_some(content))
}

/// Words on their way into the index of a case.
pub(crate) struct Indexing {
    writer: Writer,
    folder: String,
    passages: u64,
    bytes: u64,
}

impl Indexing {
    /// Begins, and makes the index when there is none, or when its files are gone.
    pub fn begin(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Indexing, StoreError> {
        let home = desk.store.home().root();
        let known = index_row(desk, scope)?;
        known.iter().try_for_each(|(_, content)| sweep(desk, content))?;
        let key = match &known {
            Some((_, content)) if CaseIndex::is_there(home, &content.key)? => content.key.clone(),
            _ => made_anew(desk, scope, permit, known)?,
        };
        let writer = Arc::new(CaseIndex::open(home, &key)?).writer()?;
        Ok(Indexing { writer, folder: key.folder, passages: 0, bytes: 0 })
    }

    /// Takes out what an earlier examination of the exhibit put in.
    pub fn forget(&mut self, label: &str) {
        self.writer.without_exhibit(label);
    }

    /// Adds passages.
    pub fn add(&mut self, held: &[Held]) -> Result<(), StoreError> {
        for one in held {
            self.writer.add(one)?;
            self.passages += 1;
            self.bytes += one.text.len() as u64;
        }
        Ok(())
    }

    /// Makes it durable, then says in the records which examination the index holds.
    /// `gaps` says that words are missing: then the index does not stand for the exhibit (law 9).
    #[expect(clippy::too_many_arguments, reason = "a step with its object")]
    pub fn end(self, desk: &Desk, scope: &Scope, permit: &Permit, exhibit: &Row, label: &str, derivation: &str, gaps: bool) -> Result<(), StoreError> {
        self.writer.commit()?;
        let again = || StoreError::input("the index of this case was made anew meanwhile: make it again with `lanternfish search --rebuild`");
        let (row, mut content) = index_row(desk, scope)?.ok_or_else(again)?;
        if content.key.folder != self.folder {
            return Err(again());
        }
        content.left.clear();
        content.covers.insert(label.to_string(), if gaps { format!("{derivation}: incomplete") } else { derivation.to_string() });
        let write = Draft::new(INDEX, row.id.clone(), LIVE).over(&row).write(scope, desk.now(), &content)?;
        let detail = json!({"exhibit": label, "derivation": derivation, "indexed-passages": self.passages, "indexed-bytes": self.bytes});
        desk.store.commit(scope, permit, NewEvent::new(EventType::Derived, Some(exhibit.id.clone()), detail), vec![write]).map(|_| ())
    }
}

/// Throws the index away, and makes an empty one under a new key.
pub(crate) fn forget(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
    made_anew(desk, scope, permit, index_row(desk, scope)?).map(|_| ())
}

/// The same in every home that has an index: after somebody left, what is indexed from then on lies under a key that he
/// never had. The files in other homes go when those are there; without their keys nobody reads them.
pub(crate) fn forget_if_any(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
    let machine = machine(desk)?;
    for known in index_rows(desk, scope)? {
        if known.1.machine == machine {
            made_anew(desk, scope, permit, Some(known))?;
            continue;
        }
        let (row, mut content) = known;
        content.left.push(content.key.folder.clone());
        (content.key, content.covers) = (IndexKey::fresh()?, BTreeMap::new());
        let write = Draft::new(INDEX, row.id.clone(), LIVE).over(&row).write(scope, desk.now(), &content)?;
        desk.store.commit(scope, permit, NewEvent::new(EventType::Derived, None, json!({"index": "thrown away in another home"})), vec![write])?;
    }
    Ok(())
}

/// A new key and an empty index: what the old one held is gone with its key.
fn made_anew(desk: &Desk, scope: &Scope, permit: &Permit, known: Option<(Row, IndexContent)>) -> Result<IndexKey, StoreError> {
    let content = IndexContent { key: IndexKey::fresh()?, covers: BTreeMap::new(), machine: machine(desk)?, left: vec![] };
    let (id, old) = match &known {
        Some((row, old)) => (row.id.clone(), Some(old)),
        None => (format!("index-{}", content.key.folder), None),
    };
    let mut draft = Draft::new(INDEX, id, LIVE);
    if let Some((row, _)) = &known {
        draft = draft.over(row);
    }
    let write = draft.write(scope, desk.now(), &content)?;
    let detail = json!({"index": "made", "before": old.map(|old| old.covers.len())});
    desk.store.commit(scope, permit, NewEvent::new(EventType::Derived, None, detail), vec![write])?;
    if let Some(old) = old {
        sweep(desk, old)?;
        CaseIndex::remove(desk.store.home().root(), &old.key)?;
    }
    Ok(content.key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_counted_whatever_was_read() {
        let of = |value: Value| {
            let mut reading = Reading::default();
            reading.take(vec![value]);
            assert_eq!(reading.strange, 0);
            reading.size()
        };
        let long = "x".repeat(10_000);
        let selector = json!({"type": "email", "value": long, "state": "unverifiable", "reason": "drill", "start": 1, "end": 2});
        let message = json!({"kind": "message", "value": {"format": "signal-json", "text": long, "start": 1, "end": 2}});
        let passage = json!({"kind": "passage", "zone": "text", "text": long, "runs": [[0, 1, 0]], "start": 1, "end": 10_001});
        let row = json!({"kind": "row", "value": {"kind": "post", "read_by": {"structure": {"confidence": 1}}, "start": 1, "end": 2,
            "cells": [{"field": "text", "value": long, "start": 1, "end": 2, "reason": "drill"}]}});
        for value in [selector, message, passage, row] {
            assert!(of(value.clone()) >= 10_000, "{}", value["kind"]);
        }
        assert_eq!(Reading::default().size(), 0);
    }

    #[test]
    fn a_secret_that_is_not_kept_is_covered_where_it_stood() {
        let selector = |kind: &str, start: u64| json!({"type": kind, "value": "x", "state": "unverifiable", "reason": "drill", "start": start, "end": start + 5});
        let left_out = |start: u64, end: u64| json!({"kind": "left-out", "count": 1, "start": start, "end": end});
        let mut reading = Reading::default();
        reading.take(vec![selector("email", 0), json!({"type": "of another version", "start": 10, "end": 20}), left_out(30, 40), left_out(0, 0)]);
        assert_eq!((reading.strange, &reading.covered[..]), (3, &[(10, 20), (30, 40)][..]));
        reading.take(vec![json!({"type": "without a place"})]);
        assert_eq!(reading.covered.last(), Some(&(5, FAR)));
        // Beyond the bound of selectors, and beyond that of ranges.
        reading.selectors = vec![reading.selectors[0].clone(); MOST_SELECTORS];
        reading.covered.clear();
        reading.take(vec![selector("email", 100), selector("wif", 200)]);
        assert_eq!((reading.selectors_beyond, &reading.covered[..]), (2, &[(200, 205)][..]));
        reading.covered = vec![(300, 301); MOST_COVERED];
        reading.take(vec![selector("wif", 400)]);
        assert_eq!((reading.covered.len(), reading.covered.last()), (MOST_COVERED, Some(&(300, FAR))));
    }
}
