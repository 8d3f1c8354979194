//! Questions: where a selector stands, and where words stand. A question is asked against a permit, is an event with
//! its purpose, its count and a commitment to its answer, and is answered only when that event is committed (laws 1, 2).
//!
//! What an officer may not see he cannot count either: restricted items and what lies outside his authority are taken
//! out before anything is counted; of the latter the number alone is told. It refuses to be taken for a proof of
//! absence: each answer names the exhibits about which it says nothing (law 9).

use std::collections::{BTreeMap, BTreeSet};

use model::{Sha256Digest, action::Action, event::EventType, exhibit::{ExhibitClass, Origin}, id::BlobId, selector::{FoundSelector, SelectorType}};
use serde::Serialize;
use serde_json::json;
use store::{
    NewEvent, Permit, Row, Scope, StoreError,
    index::{Answer, CaseIndex, Held, Hit, Reach, Stretch, read_ask, stretch},
};

use crate::{
    classes::Known,
    Desk,
    admit::ExhibitContent,
    cover::{self, Secrets},
    examine::{self, SelectorBatch},
    reading,
    reclassify,
    row::{exhibit_label, for_action},
};

/// One place where a selector stands.
#[derive(Debug, Clone, Serialize)]
pub struct SelectorHit {
    /// The exhibit.
    pub exhibit: String,
    /// URL or member name.
    pub place: String,
    /// The member in whose bytes its offsets count; none when they count in the exhibit itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<BlobId>,
    /// The selector.
    #[serde(flatten)]
    pub selector: FoundSelector,
    /// Whether value and place are left out, because the exhibit is personal and sensitive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub minimised: bool,
}

/// What stands in a list in place of a value from a personal-sensitive exhibit.
pub(crate) const MINIMISED: &str = "(minimised)";

impl SelectorHit {
    /// A value that opens an account, a wallet or a key is not shown in a list: what it is, and how long.
    pub(crate) fn masked(mut self) -> SelectorHit {
        if self.selector.is_sensitive() {
            self.selector.value = format!("(masked, {} characters: --reveal)", self.selector.value.chars().count());
            self.selector.rivals.clear();
        }
        self
    }

    /// Without what was read in the item: its kind and where to ask for more is all that a list shows.
    fn minimised(mut self, asked: Option<&str>) -> SelectorHit {
        if asked.is_none() {
            self.selector.value = MINIMISED.into();
            self.selector.reason = MINIMISED.into();
        }
        self.place = MINIMISED.into();
        self.blob = None;
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

/// A question for selectors.
#[derive(Debug, Clone, Copy)]
pub struct SelectorQuestion<'a> {
    /// Only this value, in any letter case.
    pub value: Option<&'a str>,
    /// Only of this exhibit.
    pub exhibit: Option<&'a str>,
    /// What it is asked for.
    pub purpose: &'a str,
    /// Whether values that open an account, a wallet or a key are shown: the event says so.
    pub reveal: bool,
}

impl<'a> SelectorQuestion<'a> {
    /// For this value, without what is sensitive.
    pub fn of(value: Option<&'a str>, purpose: &'a str) -> Self {
        SelectorQuestion { value, exhibit: None, purpose, reveal: false }
    }
}

/// Selectors of the case, all or those with this exact value; one query event with count and a
/// commitment to the result set.
///
/// # Errors
/// When the permit is not to query.
pub fn selectors(desk: &Desk, scope: &Scope, permit: &Permit, asked: &SelectorQuestion<'_>) -> Result<Hits, StoreError> {
    let SelectorQuestion { value, exhibit, purpose, reveal } = *asked;
    for_action(permit, Action::Query)?;
    let exhibit = exhibit.map(|label| crate::admit::row(desk, scope, label)).transpose()?;
    let mut rows = match (value, &exhibit) {
        (Some(value), _) => desk.store.find(scope, "selectors", "selector.value", &value.to_lowercase())?,
        (None, Some(exhibit)) => desk.store.list_of(scope, "selectors", &exhibit.id)?,
        (None, None) => desk.store.list(scope, "selectors")?,
    };
    rows.retain(|row| exhibit.as_ref().is_none_or(|exhibit| row.parent.as_deref() == Some(exhibit.id.as_str())));
    let (mut hits, mut outside) = (Vec::new(), 0);
    let sight = SelectorSight::of(desk, scope)?;
    for row in &rows {
        let (found, beyond) = sight.hits(desk, scope, permit, row, value)?;
        hits.extend(found.into_iter().map(|hit| if reveal || value.is_some() { hit } else { hit.masked() }));
        outside += beyond;
    }
    let restricted = sight.restricted();
    let results = Sha256Digest::of(&serde_json::to_vec(&hits).map_err(crate::office::input)?);
    // Of one exhibit only that one can be silent.
    let label = exhibit.as_ref().map(|row| exhibit_label(row.number.unwrap_or(0)));
    let of_asked = |labels: Vec<String>| labels.into_iter().filter(|one| label.as_ref().is_none_or(|label| one == label)).collect::<Vec<_>>();
    let (unsearched, restricted) = (of_asked(unsearched(desk, scope)?), of_asked(restricted));
    let detail = json!({
        "query": value, "exhibit": label, "purpose": purpose, "count": hits.len(), "outside-authority": outside, "unsearched": unsearched, "restricted": restricted, "results": results,
        "revealed": if reveal { Some(hits.iter().filter(|hit| hit.selector.is_sensitive()).count()) } else { None },
    });
    let event = desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, None, detail), vec![])?.event;
    Ok(Hits { hits, outside, restricted, unsearched, event })
}

/// What of a case's selectors its members may see in a list.
pub(crate) struct SelectorSight {
    sensitive: BTreeSet<String>,
    restricted: BTreeSet<String>,
    parts: BTreeSet<BlobId>,
}

impl SelectorSight {
    pub fn of(desk: &Desk, scope: &Scope) -> Result<SelectorSight, StoreError> {
        let (restricted, parts) = (reclassify::restricted_labels(desk, scope)?, reclassify::restricted_parts(desk, scope)?);
        Ok(SelectorSight { sensitive: sensitive_labels(desk, scope)?, restricted, parts })
    }

    /// Labels of restricted exhibits, about which nothing is said.
    pub fn restricted(&self) -> Vec<String> {
        self.restricted.iter().cloned().collect()
    }

    /// What one row of selectors shows, all or of this value; and how many stand where the authority does not reach.
    pub fn hits(&self, desk: &Desk, scope: &Scope, permit: &Permit, row: &Row, value: Option<&str>) -> Result<(Vec<SelectorHit>, usize), StoreError> {
        let batch: SelectorBatch = row.content()?;
        if self.restricted.contains(&batch.exhibit) || batch.blob.as_ref().is_some_and(|blob| self.parts.contains(blob)) {
            return Ok((vec![], 0));
        }
        let reaches = desk.store.covers_item(scope, permit, &batch.origin, row.parent.as_deref())?;
        let matching = batch.selectors.into_iter().filter(|s| value.is_none_or(|v| s.value.to_lowercase() == v.to_lowercase()));
        if !reaches {
            return Ok((vec![], matching.count()));
        }
        let sensitive = self.sensitive.contains(&batch.exhibit);
        let hits = matching.map(|selector| {
            let hit = SelectorHit { exhibit: batch.exhibit.clone(), place: batch.place.clone(), blob: batch.blob.clone(), selector, minimised: false };
            if sensitive { hit.minimised(value) } else { hit }
        });
        Ok((hits.collect(), 0))
    }
}

/// Labels of the personal-sensitive exhibits: lists show nothing that was read in them.
fn sensitive_labels(desk: &Desk, scope: &Scope) -> Result<BTreeSet<String>, StoreError> {
    desk.classes(scope, Known::sensitive)
}

/// Labels of the exhibits with bytes that no examination has gone through to the end: an answer says
/// nothing about them.
pub(crate) fn unsearched(desk: &Desk, scope: &Scope) -> Result<Vec<String>, StoreError> {
    desk.classes(scope, Known::unsearched)
}

/// By exhibit: its newest examination with the event that wrote it, its id, and whether it went to the end.
pub(crate) fn newest_examinations(desk: &Desk, scope: &Scope) -> Result<BTreeMap<String, (u64, String, bool)>, StoreError> {
    desk.classes(scope, Known::newest_examinations)
}

/// Words around a place that are quoted, in bytes to each side.
const AROUND: usize = 120;
/// Most hits of one answer.
const MOST: usize = 1000;

/// A passage that answers a question, quoted as it was captured.
#[derive(Debug, Clone, Serialize)]
pub struct WordHit {
    /// The exhibit.
    pub exhibit: String,
    /// Address or member name.
    pub place: String,
    /// Where on the page: `text`, `title`, `attribute` or `comment`.
    pub zone: String,
    /// Language, where it could be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What stands there, with some words around it.
    pub quote: String,
    /// Where the hits stand in the quote: byte ranges.
    pub marks: Vec<(usize, usize)>,
    /// The derived bytes in which `start` and `end` count; none when they count in the exhibit itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// First byte of the first hit.
    pub start: u64,
    /// One past its last byte.
    pub end: u64,
    /// Whether some words stand there only in letters that look or sound alike.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub look_alike: bool,
    /// Whether the first hit begins or ends inside a longer word, as a dictionary cuts words of scripts without blanks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inside_word: bool,
    /// Whether words and place are left out, because the exhibit is personal and sensitive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub minimised: bool,
}

/// The answer to a question for words.
#[derive(Debug, Clone, Serialize)]
pub struct WordHits {
    /// The best, each confirmed on the captured text.
    pub hits: Vec<WordHit>,
    /// Passages that the index took for an answer.
    pub candidates: usize,
    /// Those among them that were read again and were none.
    pub unconfirmed: usize,
    /// Whether every candidate was read again.
    pub whole: bool,
    /// Passages by exhibit, host, language and place on the page: (value, number).
    pub facets: BTreeMap<String, Vec<(String, u64)>>,
    /// Candidates in exhibits that the authority does not reach: counted, not shown.
    pub outside: usize,
    /// Labels of restricted exhibits, about which nothing is said.
    pub restricted: Vec<String>,
    /// Labels of exhibits about which nothing is said, because they were not examined to the end.
    pub unsearched: Vec<String>,
    /// Labels of exhibits whose words are not in the index.
    pub not_indexed: Vec<String>,
    /// The event by which the question was asked.
    pub event: u64,
}

/// What the person who asks may look at.
#[derive(Default)]
struct Sight {
    within: Vec<String>,
    outside: Vec<String>,
    sensitive: BTreeSet<String>,
    restricted: BTreeSet<String>,
    not_indexed: Vec<String>,
}

/// The exhibits that the holder of a permit may look at, and those about which nothing can be said.
pub(crate) struct Places {
    within: BTreeMap<String, (String, Origin)>,
    without: BTreeSet<BlobId>,
    silent: BTreeSet<String>,
}

impl Places {
    /// For the index.
    pub fn reach(&self) -> Reach {
        Reach { exhibits: self.within.keys().cloned().collect(), without: self.without.iter().map(ToString::to_string).collect(), most: MOST }
    }

    /// Id and origin of an exhibit among them.
    pub fn of(&self, label: &str) -> Option<(&str, &Origin)> {
        self.within.get(label).map(|(id, origin)| (id.as_str(), origin))
    }

    /// Labels about which nothing can be said.
    pub fn silent(&self) -> &BTreeSet<String> {
        &self.silent
    }
}

/// See [`Places`].
pub(crate) fn places(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Places, StoreError> {
    let index = reading::index_to_ask(desk, scope)?;
    let sight = sight(desk, scope, permit, index.as_ref().map(|content| &content.covers))?;
    let mut within = BTreeMap::new();
    for row in desk.store.list(scope, "exhibit")? {
        let label = exhibit_label(row.number.unwrap_or(0));
        // What is personal and sensitive is shown one item at a time, by its own step.
        if sight.within.contains(&label) && !sight.sensitive.contains(&label) {
            within.insert(label, (row.id.clone(), row.content::<ExhibitContent>()?.origin));
        }
    }
    let silent = unsearched(desk, scope)?.into_iter().chain(sight.not_indexed).chain(sight.restricted).chain(sight.sensitive).collect();
    Ok(Places { within, without: reclassify::restricted_parts(desk, scope)?, silent })
}

/// Each place at which a selector with this value stands, within the places.
pub(crate) fn each_selector(desk: &Desk, scope: &Scope, value: &str, places: &Places, each: &mut dyn FnMut(&str, &Held, &FoundSelector)) -> Result<(), StoreError> {
    for row in desk.store.find(scope, "selectors", "selector.value", value)? {
        let batch: SelectorBatch = row.content()?;
        if !places.within.contains_key(&batch.exhibit) || batch.blob.as_ref().is_some_and(|blob| places.without.contains(blob)) {
            continue;
        }
        let place = Held { place: batch.place.clone(), blob: batch.blob.as_ref().map(ToString::to_string), ..Held::default() };
        batch.selectors.iter().filter(|found| found.value.to_lowercase() == value).for_each(|found| each(&batch.exhibit, &place, found));
    }
    Ok(())
}

/// The sensitive selectors that were found in an exhibit, by the bytes in which they stand.
pub(crate) fn secrets_of(desk: &Desk, scope: &Scope, exhibit: &str) -> Result<BTreeMap<Option<BlobId>, Secrets>, StoreError> {
    /// Selectors, and the bytes of others that were not kept.
    type Sensitive = (Vec<FoundSelector>, Vec<(u64, u64)>);
    let mut found: BTreeMap<Option<BlobId>, Sensitive> = BTreeMap::new();
    for row in desk.store.list_of(scope, "selectors", exhibit)? {
        let batch: SelectorBatch = row.content()?;
        let (selectors, covered) = found.entry(batch.blob).or_default();
        selectors.extend(batch.selectors.into_iter().filter(FoundSelector::is_sensitive));
        covered.extend(batch.covered);
    }
    Ok(found.into_iter().map(|(blob, (selectors, covered))| (blob, Secrets::of(&selectors).and_in(&covered))).collect())
}

/// Labels of exhibits of which a list tells nothing: restricted ones, and those that are personal and sensitive.
pub(crate) fn closed_labels(desk: &Desk, scope: &Scope) -> Result<BTreeSet<String>, StoreError> {
    Ok(reclassify::restricted_labels(desk, scope)?.into_iter().chain(sensitive_labels(desk, scope)?).collect())
}

/// Searches the words of the case.
///
/// # Errors
/// When the permit is not to query, when the question is not understood, when the index is damaged.
pub fn words(desk: &Desk, scope: &Scope, permit: &Permit, question: &str, most: usize, purpose: &str) -> Result<WordHits, StoreError> {
    for_action(permit, Action::Query)?;
    let ask = read_ask(question).map_err(StoreError::input)?;
    let index = reading::index_to_ask(desk, scope)?;
    let sight = sight(desk, scope, permit, index.as_ref().map(|content| &content.covers))?;
    let without: Vec<String> = reclassify::restricted_parts(desk, scope)?.iter().map(ToString::to_string).collect();
    let (mut answer, mut outside) = (Answer { whole: true, ..Answer::default() }, 0);
    if let Some(content) = &index {
        let open = CaseIndex::open(desk.store.home().root(), &content.key)?;
        let reach = |exhibits: &[String], most| Reach { exhibits: exhibits.to_vec(), without: without.clone(), most };
        answer = open.ask(&ask, &reach(&sight.within, most.clamp(1, MOST)))?;
        if !sight.outside.is_empty() {
            outside = open.ask(&ask, &reach(&sight.outside, 0))?.candidates;
        }
    }
    if !sight.sensitive.is_empty() {
        // Numbers by host and language would tell of a sensitive exhibit what a list may not.
        answer.facets.retain(|name, _| name == "exhibit");
    }
    let hits: Vec<WordHit> = answer.hits.iter().map(|hit| shown(hit, &sight.sensitive)).collect();
    let unsearched = unsearched(desk, scope)?;
    let results = Sha256Digest::of(&serde_json::to_vec(&hits).map_err(crate::office::input)?);
    // A search without result is none while a candidate was not read: the count stands for all of them.
    let count = if answer.whole { answer.candidates - answer.unconfirmed } else { answer.candidates.max(1) };
    let silent: BTreeSet<&String> = unsearched.iter().chain(&sight.not_indexed).collect();
    let detail = json!({
        "query": question, "words": true, "purpose": purpose, "count": count, "shown": hits.len(), "outside-authority": outside,
        "unsearched": silent, "restricted": sight.restricted, "results": results,
    });
    let event = desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, None, detail), vec![])?.event;
    let restricted = sight.restricted.into_iter().collect();
    let Answer { candidates, unconfirmed, whole, facets, .. } = answer;
    Ok(WordHits { hits, candidates, unconfirmed, whole, facets, outside, restricted, unsearched, not_indexed: sight.not_indexed, event })
}

/// Puts the words of every exhibit of the case into a new index; by label, why some are missing.
///
/// # Errors
/// When the permit is not to examine; law 15 when the authority ends meanwhile.
pub fn rebuild(desk: &Desk, scope: &Scope, permit: &Permit, told: &dyn Fn(&str)) -> Result<Vec<(String, Vec<String>)>, StoreError> {
    for_action(permit, Action::Examine)?;
    reading::forget(desk, scope, permit)?;
    let mut made = Vec::new();
    let newest = newest_examinations(desk, scope)?;
    let restricted = reclassify::restricted_labels(desk, scope)?;
    for row in desk.store.list(scope, "exhibit")? {
        let content: ExhibitContent = row.content()?;
        let label = exhibit_label(row.number.unwrap_or(0));
        let Some((_, derivation, _)) = newest.get(&row.id).filter(|_| content.blob.is_some() && !restricted.contains(&label)) else { continue };
        if !desk.store.covers_item(scope, permit, &content.origin, Some(&row.id))? {
            made.push((label, vec!["your authority does not reach it".into()]));
            continue;
        }
        told(&label);
        // One exhibit that cannot be read now keeps no other out of the index.
        match examine::index_again(desk, scope, permit, &row, derivation) {
            Ok(gaps) => made.push((label, gaps)),
            Err(why) => {
                desk.store.still_live(scope, permit)?;
                made.push((label, vec![why.to_string()]));
            }
        }
    }
    Ok(made)
}

fn sight(desk: &Desk, scope: &Scope, permit: &Permit, covers: Option<&BTreeMap<String, String>>) -> Result<Sight, StoreError> {
    let mut sight = Sight { restricted: reclassify::restricted_labels(desk, scope)?, ..Sight::default() };
    let newest = newest_examinations(desk, scope)?;
    for row in desk.store.list(scope, "exhibit")? {
        let content: ExhibitContent = row.content()?;
        let label = exhibit_label(row.number.unwrap_or(0));
        if content.blob.is_none() || content.class.is_restricted() || sight.restricted.contains(&label) {
            continue;
        }
        let indexed = covers.and_then(|covers| covers.get(&label));
        if indexed.is_none() || newest.get(&row.id).is_some_and(|(_, id, _)| Some(id) != indexed) {
            sight.not_indexed.push(label.clone());
        }
        if content.class == ExhibitClass::PersonalSensitive {
            sight.sensitive.insert(label.clone());
        }
        let reaches = desk.store.covers_item(scope, permit, &content.origin, Some(&row.id))?;
        if reaches { sight.within.push(label) } else { sight.outside.push(label) }
    }
    Ok(sight)
}

/// The hit as it is shown: the captured words around its first place.
fn shown(hit: &Hit, sensitive: &BTreeSet<String>) -> WordHit {
    let held = &hit.held;
    let first = hit.confirmed.places.first().copied().unwrap_or((0, held.text.len().min(AROUND)));
    let Stretch { from, to, inside_word } = stretch(&held.text, first, AROUND);
    let marks = hit.confirmed.places.iter().filter(|(start, end)| *start >= from && *end <= to);
    let (start, end) = extract::passages::raw_range(&held.runs, first.0, first.1).unwrap_or_default();
    let minimised = sensitive.contains(&held.exhibit);
    WordHit {
        exhibit: held.exhibit.clone(),
        place: if minimised { MINIMISED.into() } else { held.place.clone() },
        zone: held.zone.clone(),
        language: held.language.clone().filter(|_| !minimised),
        quote: if minimised { MINIMISED.into() } else { quoted(held, (from, to)) },
        marks: if minimised { vec![] } else { marks.map(|(start, end)| (start - from, end - from)).collect() },
        blob: held.blob.clone(),
        start,
        end,
        look_alike: hit.confirmed.look_alike,
        inside_word: inside_word && !hit.confirmed.places.is_empty() && !minimised,
        minimised,
    }
}

/// The captured words, with every value covered that opens an account, a wallet or a key: what is sensitive is shown by
/// its own question, and never by the way.
fn quoted(held: &Held, stretch: (usize, usize)) -> String {
    let shown = cover::quoted(&held.text, stretch, &held.runs, &held.secrets);
    // The same value once more, where no selector was read.
    let secret = |kind: &str| serde_json::from_value::<SelectorType>(json!(kind)).is_ok_and(SelectorType::is_sensitive);
    let values = held.selectors.iter().filter(|(kind, _)| secret(kind));
    values.fold(shown, |shown, (_, value)| cover::without(&shown, value).unwrap_or(shown))
}
