//! What lies inside an exhibit: the parts that an examination took out of it (members of an archive, answers, parts of
//! mails). They are listed with their places, and one of them is opened as the exhibit is, under the same permit and by the
//! same event.
//! It refuses: a part of another exhibit; a restricted one, which it neither lists nor opens; the parts of an item
//! that is restricted or locked. The places of a personal-sensitive item are left out of the list.

use model::{Sha256Digest, action::Action, event::EventType, exhibit::ExhibitClass, id::BlobId};
use parse::Container;
use serde::Serialize;
use serde_json::{Value, json};
use store::{NewEvent, Permit, Row, Scope, StoreError};

use crate::{
    Desk,
    admit::{self, OpenedPart},
    examine::{DerivedMember, hint_of},
    reclassify,
    row::for_action,
    search::MINIMISED,
};

/// One part, as it is listed.
#[derive(Debug, Clone, Serialize)]
pub struct PartView {
    /// The exhibit.
    pub exhibit: String,
    /// By what it is opened; the offsets of selectors and passages that name it count in its bytes.
    pub part: BlobId,
    /// Its address or name.
    pub place: String,
    /// What it was cut from.
    pub container: Container,
    /// The media type that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// How its bytes were made from those of what holds it (a picture in a PDF).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// Its length in bytes.
    pub length: u64,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Digest,
    /// Where its record begins in what holds it.
    pub offset: u64,
    /// Whether all of it came out.
    pub complete: bool,
    /// The class of the exhibit, which is that of its parts.
    pub class: ExhibitClass,
    /// The state of the exhibit.
    pub state: String,
}

/// Which parts are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// This one alone.
    pub only: Option<&'a str>,
    /// Only pages: HTML by the type that came with it.
    pub pages: bool,
    /// The first that is shown, counted from 1.
    pub from: usize,
    /// Most that are shown.
    pub most: usize,
}

/// A part of the list.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Those that are shown.
    pub parts: Vec<PartView>,
    /// How many there are.
    pub all: usize,
    /// How many are restricted, and so not in the list.
    pub restricted: usize,
}

/// The parts of an exhibit, as its newest examination took them out; an event.
///
/// # Errors
/// When the permit is not to view; laws 5 and 7; a part of another exhibit.
pub fn parts(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, wanted: &Wanted<'_>) -> Result<Parts, StoreError> {
    for_action(permit, Action::View)?;
    let row = admit::row(desk, scope, label)?;
    let exhibit = admit::view(desk, &row)?;
    // A thing holds nothing that was taken out.
    if exhibit.content.blob.is_some() {
        admit::usable_blob(&exhibit)?;
    }
    desk.store.cover_item(scope, permit, &exhibit.content.origin, Some(&row.id))?;
    let all = match wanted.only {
        Some(part) => vec![one(desk, scope, &row, part)?],
        None => newest(desk, scope, &row)?,
    };
    let closed = reclassify::restricted_parts(desk, scope)?;
    let (shut, open): (Vec<Inside>, Vec<Inside>) = all.into_iter().partition(|inside| closed.contains(&inside.member.blob));
    if let (Some(_), Some(shut)) = (wanted.only, shut.first()) {
        admit::still_open(desk, scope, &shut.member.blob)?;
    }
    let open: Vec<Inside> = open.into_iter().filter(|inside| !wanted.pages || inside.is_page()).collect();
    let hidden = exhibit.content.class == ExhibitClass::PersonalSensitive;
    let view = |inside: &Inside| PartView {
        exhibit: exhibit.exhibit.clone(),
        part: inside.member.blob.clone(),
        place: if hidden { MINIMISED.into() } else { inside.place() },
        container: inside.member.head.container,
        media: inside.media().map(str::to_string).filter(|_| !hidden),
        made: inside.member.head.made.clone().filter(|_| !hidden),
        length: inside.member.tail.length,
        sha256: inside.member.sha256,
        offset: inside.member.head.offset,
        complete: inside.member.tail.complete,
        class: exhibit.content.class,
        state: exhibit.state.clone(),
    };
    let parts: Vec<PartView> = open.iter().skip(wanted.from.max(1) - 1).take(wanted.most).map(view).collect();
    let results = Sha256Digest::of(&serde_json::to_vec(&parts).map_err(crate::office::input)?);
    let detail = json!({"query": "parts", "exhibit": exhibit.exhibit, "count": parts.len(), "results": results});
    desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, Some(row.id.clone()), detail), vec![])?;
    Ok(Parts { parts, all: open.len(), restricted: shut.len() })
}

/// One part with what a reader is told of it.
pub(crate) struct Inside {
    pub member: DerivedMember,
    hint: Value,
}

impl Inside {
    fn place(&self) -> String {
        self.hint["place"].as_str().unwrap_or(&self.member.head.name.text).to_string()
    }

    /// What a reader is told of it when it is opened.
    pub fn opened(&self) -> OpenedPart {
        OpenedPart { part: self.member.blob.clone(), place: self.place(), length: self.member.tail.length, sha256: self.member.sha256 }
    }

    /// The media type that came with it.
    pub fn media(&self) -> Option<&str> {
        self.hint["media"].as_str()
    }

    fn is_page(&self) -> bool {
        // A record holds the head of its answer too: its body is the page.
        let is_body = !matches!(self.member.head.container, Container::WarcRecord | Container::ArcRecord);
        is_body && self.media().is_some_and(|media| media.to_ascii_lowercase().contains("html"))
    }
}

/// The part of this exhibit by that name.
pub(crate) fn one(desk: &Desk, scope: &Scope, exhibit: &Row, part: &str) -> Result<Inside, StoreError> {
    let none = || StoreError::input(format!("the exhibit has no part {}: `lanternfish exhibit parts` lists them", model::quoted(part)));
    let id: BlobId = part.parse().map_err(|_| none())?;
    let blob = desk.store.get(scope, "blob", id.as_str()).map_err(|_| none())?;
    let derivation = desk.store.get(scope, "derivation", &blob.parent.unwrap_or_default()).map_err(|_| none())?;
    if derivation.parent.as_deref() != Some(exhibit.id.as_str()) {
        return Err(none());
    }
    of(desk, scope, &derivation.id)?.into_iter().find(|inside| inside.member.blob == id).ok_or_else(none)
}

fn newest(desk: &Desk, scope: &Scope, exhibit: &Row) -> Result<Vec<Inside>, StoreError> {
    let rows = desk.store.list_of(scope, "derivation", &exhibit.id)?;
    let newest = rows.into_iter().filter(|row| row.state != "running").max_by_key(|row| row.event);
    newest.map_or(Ok(vec![]), |row| of(desk, scope, &row.id))
}

/// The members of one unpacking, in the order in which they were found.
fn of(desk: &Desk, scope: &Scope, derivation: &str) -> Result<Vec<Inside>, StoreError> {
    let mut members: Vec<DerivedMember> = Vec::new();
    for batch in desk.store.list_of(scope, "members", derivation)? {
        members.extend(batch.content::<Vec<DerivedMember>>()?);
    }
    members.sort_by_key(|member| member.head.id);
    let head = |id: u32| members.binary_search_by_key(&id, |member| member.head.id).ok().map(|at| &members[at].head);
    let hints: Vec<Value> = members.iter().map(|member| hint_of(&member.head, head)).collect();
    Ok(members.into_iter().zip(hints).map(|(member, hint)| Inside { member, hint }).collect())
}
