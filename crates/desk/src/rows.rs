//! Rows: listings and posts that a profile of a site reads in a page, and messages of chat exports, kept with the
//! exhibit in which they stand. A question for them is an event, and what it may not show it does not count.
//!
//! A row says what a page shows, not what is true. It refuses what nobody has looked at: a structure without a profile
//! is offered by `lanternfish scan` and never kept here.

use std::collections::{BTreeMap, BTreeSet};

use model::{Sha256Digest, action::Action, chat::Message, event::EventType, exhibit::Origin, graph::site_of, id::BlobId, listing::Listing};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{NewEvent, Permit, Scope, StoreError, Write, vault::secret::fresh_id};

use crate::{
    Desk,
    cover::Secrets,
    reclassify,
    reading::Reading,
    row::{Draft, for_action},
    search,
};

const ROWS: &str = "rows";
/// Rows in one record.
const BATCH: usize = 200;

/// Rows of one place (sealed under the case key).
#[derive(Debug, Clone, Serialize, Deserialize)]
struct RowBatch {
    exhibit: String,
    blob: Option<BlobId>,
    /// SHA-256 of the bytes that were read; none in records of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<Sha256Digest>,
    place: String,
    /// The site of the captured record whose body they are; none for files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    method: String,
    origin: Origin,
    rows: Vec<Listing>,
    messages: Vec<Message>,
}

/// A row with the place where it stands.
#[derive(Debug, Clone, Serialize)]
pub struct RowView {
    /// The exhibit.
    pub exhibit: String,
    /// Address or member name.
    pub place: String,
    /// The derived bytes in which its offsets count; none when they count in the exhibit itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<BlobId>,
    /// The same bytes by their digest: a second examination gives them another blob.
    #[serde(skip)]
    pub input: Option<Sha256Digest>,
    /// The site of the captured record whose body they are.
    #[serde(skip)]
    pub site: Option<String>,
    /// The row.
    #[serde(flatten)]
    pub what: What,
}

/// A listing, a post or a message.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum What {
    /// A listing or post.
    Row(Box<Listing>),
    /// A message.
    Message(Box<Message>),
}

/// The answer to a question for rows.
#[derive(Debug, Clone, Serialize)]
pub struct RowHits {
    /// The rows.
    pub rows: Vec<RowView>,
    /// How many more stand in exhibits that the authority does not reach.
    pub outside: usize,
    /// Labels about which nothing is said.
    pub silent: Vec<String>,
    /// How many private keys, seed phrases, cards and logins stand in the places of these rows.
    pub secrets: usize,
    /// The event by which the question was asked.
    pub event: u64,
}

/// Where rows stand.
pub(crate) struct Stands<'a> {
    /// Label of the exhibit.
    pub label: &'a str,
    /// Where the exhibit comes from.
    pub origin: &'a Origin,
    /// The derived bytes; none for the exhibit itself.
    pub blob: Option<&'a BlobId>,
    /// SHA-256 of the bytes that were read.
    pub input: Sha256Digest,
    /// Address or member name, for people.
    pub place: &'a str,
    /// The address of the captured record whose body they are.
    pub address: Option<&'a str>,
}

/// What is to be written of a place.
pub(crate) fn writes(desk: &Desk, scope: &Scope, exhibit: &str, stands: &Stands<'_>, reading: &Reading) -> Result<Vec<Write>, StoreError> {
    let batch = |rows: &[Listing], messages: &[Message]| RowBatch {
        exhibit: stands.label.into(), blob: stands.blob.cloned(), input: Some(stands.input), place: stands.place.into(), site: stands.address.and_then(site_of),
        method: extract::listing::METHOD.into(), origin: stands.origin.clone(), rows: rows.to_vec(), messages: messages.to_vec(),
    };
    let batches = reading.rows.chunks(BATCH).map(|rows| batch(rows, &[])).chain(reading.messages.chunks(BATCH).map(|messages| batch(&[], messages)));
    batches.map(|batch| {
        let id: String = fresh_id()?.iter().map(|byte| format!("{byte:02x}")).collect();
        Draft::new(ROWS, format!("rows-{id}"), "found").under(exhibit).write(scope, desk.now(), &batch)
    }).collect()
}

/// Rows as their reader may see them, before anybody is told of the question.
pub(crate) struct Seen {
    /// The rows.
    pub rows: Vec<RowView>,
    /// How many more stand in exhibits that the authority does not reach.
    pub outside: usize,
    /// How many private keys, seed phrases, cards and logins stand in the places of these rows.
    pub secrets: usize,
}

/// Rows of the case, of one exhibit or of all. What opens an account, a wallet or a key is covered in them unless
/// `reveal` is asked for: the event says so.
///
/// # Errors
/// When the permit is not to query.
pub fn rows(desk: &Desk, scope: &Scope, permit: &Permit, exhibit: Option<&str>, purpose: &str, reveal: bool) -> Result<RowHits, StoreError> {
    for_action(permit, Action::Query)?;
    let wanted = exhibit.map(|label| crate::row::parse_label(label, 'E').map(crate::row::exhibit_label)).transpose()?;
    let Seen { rows: found, outside, secrets: count } = seen(desk, scope, permit, wanted.as_deref(), reveal)?;
    let silent: Vec<String> = search::places(desk, scope, permit)?.silent().iter().cloned().collect();
    let results = Sha256Digest::of(&serde_json::to_vec(&found).map_err(crate::office::input)?);
    let detail = json!({"query": "rows", "exhibit": wanted, "purpose": purpose, "count": found.len(), "outside-authority": outside, "unsearched": silent, "results": results,
        "revealed": if reveal { Some(count) } else { None }});
    let event = desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, None, detail), vec![])?.event;
    Ok(RowHits { rows: found, outside, silent, secrets: count, event })
}

/// The rows alone; the caller's step writes the event.
pub(crate) fn seen(desk: &Desk, scope: &Scope, permit: &Permit, wanted: Option<&str>, reveal: bool) -> Result<Seen, StoreError> {
    let closed = search::closed_labels(desk, scope)?;
    let parts = reclassify::restricted_parts(desk, scope)?;
    let (mut found, mut outside) = (Vec::new(), 0);
    let (mut known, mut counted, mut told) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let mut count = 0;
    for row in desk.store.list(scope, ROWS)? {
        let batch: RowBatch = row.content()?;
        let shut = closed.contains(&batch.exhibit) || batch.blob.as_ref().is_some_and(|blob| parts.contains(blob));
        if shut || wanted.is_some_and(|label| label != batch.exhibit) {
            continue;
        }
        let covers = desk.store.covers_item(scope, permit, &batch.origin, row.parent.as_deref())?;
        // A second examination finds the same rows in the same bytes: they are told once.
        let bytes = batch.input.map(|input| input.hex()).or_else(|| batch.blob.as_ref().map(ToString::to_string));
        let mut is_new = |what: &What| {
            let content = serde_json::to_vec(what).map_err(crate::office::input)?;
            Ok::<_, StoreError>(told.insert((batch.exhibit.clone(), bytes.clone(), batch.place.clone(), Sha256Digest::of(&content))))
        };
        if !covers {
            let all = batch.rows.into_iter().map(|row| What::Row(Box::new(row))).chain(batch.messages.into_iter().map(|message| What::Message(Box::new(message))));
            for what in all {
                outside += usize::from(is_new(&what)?);
            }
            continue;
        }
        let parent = row.parent.clone().unwrap_or_default();
        if !known.contains_key(&parent) {
            known.insert(parent.clone(), search::secrets_of(desk, scope, &parent)?);
        }
        let secrets = known[&parent].get(&batch.blob);
        if counted.insert((parent, bytes.clone())) {
            count += secrets.map_or(0, Secrets::len);
        }
        let covering = secrets.filter(|_| !reveal);
        let of_row = |row: Listing| What::Row(Box::new(covering.map_or_else(|| row.clone(), |secrets| secrets.cover_row(&row))));
        let of_message = |mut message: Message| {
            covering.into_iter().for_each(|secrets| secrets.cover_message(&mut message));
            What::Message(Box::new(message))
        };
        for what in batch.rows.into_iter().map(of_row).chain(batch.messages.into_iter().map(of_message)) {
            if is_new(&what)? {
                found.push(RowView { exhibit: batch.exhibit.clone(), place: batch.place.clone(), blob: batch.blob.clone(), input: batch.input, site: batch.site.clone(), what });
            }
        }
    }
    Ok(Seen { rows: found, outside, secrets: count })
}
