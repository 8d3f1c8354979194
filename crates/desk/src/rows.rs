//! Rows: listings and posts that a profile of a site reads in a page, and messages of chat exports, kept with the
//! exhibit in which they stand. A question for them is an event, and what it may not show it does not count.
//!
//! A row says what a page shows, not what is true. It refuses what nobody has looked at: a structure without a profile
//! is offered by `lanternfish scan` and never kept here.

use std::collections::{BTreeMap, BTreeSet};

use model::{Sha256Digest, action::Action, chat::Message, event::EventType, exhibit::Origin, id::BlobId, listing::Listing};
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
    place: String,
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

/// What is to be written of a place.
#[expect(clippy::too_many_arguments, reason = "a flat list of what stands in the record")]
pub(crate) fn writes(
    desk: &Desk, scope: &Scope, exhibit: &str, label: &str, origin: &Origin, blob: Option<&BlobId>, place: &str, reading: &Reading,
) -> Result<Vec<Write>, StoreError> {
    let batch = |rows: &[Listing], messages: &[Message]| RowBatch {
        exhibit: label.into(), blob: blob.cloned(), place: place.into(), method: extract::listing::METHOD.into(), origin: origin.clone(),
        rows: rows.to_vec(), messages: messages.to_vec(),
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
    let (mut known, mut counted) = (BTreeMap::new(), BTreeSet::new());
    let mut count = 0;
    for row in desk.store.list(scope, ROWS)? {
        let batch: RowBatch = row.content()?;
        let shut = closed.contains(&batch.exhibit) || batch.blob.as_ref().is_some_and(|blob| parts.contains(blob));
        if shut || wanted.is_some_and(|label| label != batch.exhibit) {
            continue;
        }
        if !desk.store.covers_item(scope, permit, &batch.origin, row.parent.as_deref())? {
            outside += batch.rows.len() + batch.messages.len();
            continue;
        }
        let parent = row.parent.clone().unwrap_or_default();
        if !known.contains_key(&parent) {
            known.insert(parent.clone(), search::secrets_of(desk, scope, &parent)?);
        }
        let secrets = known[&parent].get(&batch.blob);
        if counted.insert((parent, batch.blob.clone())) {
            count += secrets.map_or(0, Secrets::len);
        }
        let covering = secrets.filter(|_| !reveal);
        let of_row = |row: Listing| What::Row(Box::new(covering.map_or_else(|| row.clone(), |secrets| secrets.cover_row(&row))));
        let of_message = |mut message: Message| {
            covering.into_iter().for_each(|secrets| secrets.cover_message(&mut message));
            What::Message(Box::new(message))
        };
        let what = batch.rows.into_iter().map(of_row).chain(batch.messages.into_iter().map(of_message));
        found.extend(what.map(|what| RowView { exhibit: batch.exhibit.clone(), place: batch.place.clone(), blob: batch.blob.clone(), what }));
    }
    Ok(Seen { rows: found, outside, secrets: count })
}
