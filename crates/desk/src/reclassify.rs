//! Reclassification: an item turns out to be privileged, contraband or personal, perhaps long after it came in
//! (law 7). One event puts it, and all that comes from it, into the stricter class.
//!
//! It reaches what was derived from the item, every other exhibit of the case with the same bytes or with these
//! bytes inside, and every exhibit that is one of its members; findings that were written on it before are held
//! back; reports, packages and disclosures that told of it before are named, because they cannot be called back.
//! It never makes a restricted item milder, destroys nothing, and opens no byte.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    actor::Role,
    event::EventType,
    exhibit::{ExhibitClass, ExhibitKind},
    id::{ActorId, BlobId, ExhibitId},
    restricted::{RestrictedError, may_reclassify},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{BlobContent, Intent, NewEvent, Permit, Row, Scope, StoreError, Write, class_of, vault::secret::random_16};

use crate::{
    classes::Known,
    Desk,
    admit::{self, ExhibitContent, ExhibitView},
    examine, filter,
    conclude::{self, FindingView},
    package::{PackageContent, disclose, package_label},
    report_step::{self, Withheld},
    row::{Draft, exhibit_label, for_action},
};

/// How a remark begins that says why an item came in restricted.
pub const SAME_BYTES: &str = "SAME BYTES";
/// How often a step is planned anew when somebody else wrote in between.
const TRIES: usize = 5;
/// State of a reclassification that binds. One that restricts nothing, or was released, has another.
pub(crate) const STANDS: &str = "stands";

/// An exhibit that a reclassification reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// `E-0001`.
    pub exhibit: String,
    /// Its class before.
    pub from: ExhibitClass,
    /// Why it is reached: named, or how it hangs together with the one that was.
    pub why: String,
}

/// A paper or package that told of the item before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WentOut {
    /// `R-0001`, `P-0001` or `D-0001`.
    pub what: String,
    /// What it is, and what to do about it.
    pub then: String,
}

/// One reclassification (sealed under the case key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reclassification {
    /// The exhibit that was named.
    pub exhibit: String,
    /// The class.
    pub to: ExhibitClass,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: ActorId,
    /// When.
    pub at: Moment,
    /// Every exhibit that it reached.
    pub reached: Vec<Reached>,
    /// Members of other exhibits with the same bytes as a member of these.
    pub parts: Vec<BlobId>,
    /// Findings whose words are held back.
    pub findings: Vec<String>,
    /// What told of it before.
    pub went_out: Vec<WentOut>,
}

/// A reclassification as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct ReclassifiedView {
    /// The event.
    pub event: u64,
    /// The exhibit that was named.
    pub exhibit: String,
    /// The class now.
    pub class: ExhibitClass,
    /// Every exhibit that it reached, with its class before and why.
    pub reached: Vec<Reached>,
    /// Number of unpacked members that are in this class now.
    pub members: usize,
    /// Exhibits that share only a part with it: a person looks whether they are restricted too.
    pub look_at: Vec<String>,
    /// Findings whose words are held back.
    pub findings: Vec<String>,
    /// What told of it before and cannot be called back.
    pub went_out: Vec<WentOut>,
}

/// What a person asks for before he reclassifies an exhibit: the filter team has its one action, at that exhibit.
///
/// # Errors
/// When this is no number of an exhibit.
pub fn intent_for(role: Role, label: &str) -> Result<Intent, StoreError> {
    if role == Role::FilterTeam { filter::intent_for(role, label) } else { Ok(Intent::to(Action::Transfer)) }
}

/// Puts an exhibit, and all that comes from it, into another class.
///
/// Any member who works with exhibits may make it stricter. The permit is to keep what is held safe, as for
/// locking: harm is stopped also when the authority to view is over.
///
/// # Errors
/// Law 7 when a restricted item would become milder; a thing without bytes.
pub fn reclassify(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, to: ExhibitClass, reason: &str) -> Result<ReclassifiedView, StoreError> {
    let view = admit::view(desk, &admit::row(desk, scope, label)?)?;
    if scope.role() == Role::FilterTeam {
        for_action(permit, Action::Filter)?;
        filter::for_item(permit, &view.exhibit)?;
    } else {
        for_action(permit, Action::Transfer)?;
    }
    if view.content.blob.is_none() {
        return Err(StoreError::input(format!("{} is a thing and has no bytes to restrict: reclassify its photographs, and move the thing itself to a place where nobody reads it", view.exhibit)));
    }
    if let Err(error) = may_reclassify(view.content.class, to, scope.role()) {
        let text = format!("{}: {error}", view.exhibit);
        return Err(match error.law() {
            Some(law) => desk.store.refuse(scope, &Intent::to(permit.action()), law, text)?,
            None => StoreError::input(text),
        });
    }
    again(|| reach(desk, scope, permit, &view, to, &Reason { text: reason, by_word: true }))
}

/// Does a step anew when a row was changed meanwhile: an item does not stay open because others write at once.
pub(crate) fn again<T>(step: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let mut left = TRIES;
    loop {
        match step() {
            Err(StoreError::Conflict) if left > 1 => left -= 1,
            done => return done,
        }
    }
}

/// Why an exhibit is put into another class: by somebody's word, or by a known-hash list or the same bytes.
struct Reason<'a> {
    text: &'a str,
    by_word: bool,
}

/// One event for an exhibit and all that it reaches.
fn reach(desk: &Desk, scope: &Scope, permit: &Permit, view: &ExhibitView, to: ExhibitClass, reason: &Reason<'_>) -> Result<ReclassifiedView, StoreError> {
    let mut found = Reach { desk, scope, exhibits: exhibits(desk, scope)?, reached: BTreeMap::new(), members: vec![], parts: BTreeMap::new(), look_at: BTreeSet::new() };
    // Taking a mark from an item takes it from this item only.
    let milder = to < view.content.class;
    found.from(&view.id, milder)?;
    // No word but the filter team's takes from it what may be privileged, also not by way of a container or a copy.
    let spared = |class: ExhibitClass| reason.by_word && class == ExhibitClass::Privileged && to == ExhibitClass::Contraband && scope.role() != Role::FilterTeam;
    let (mut rows, mut reached) = (vec![], vec![]);
    for (id, why) in &found.reached {
        let (row, content) = &found.exhibits[id];
        if content.class >= to && !milder || spared(content.class) {
            continue;
        }
        reached.push(Reached { exhibit: exhibit_label(row.number.unwrap_or(0)), from: content.class, why: why.text.clone() });
        rows.push(with_class(desk, scope, row, content, to)?);
    }
    let mut blobs: BTreeMap<&str, &Row> = found.members.iter().chain(found.parts.values()).map(|row| (row.id.as_str(), row)).collect();
    if milder {
        blobs.clear();
    }
    let members = blobs.len();
    let own = found.reached.keys().map(|id| desk.store.list_of(scope, "blob", id)).collect::<Result<Vec<_>, _>>()?.concat();
    blobs.extend(own.iter().map(|row| (row.id.as_str(), row)));
    for row in blobs.values() {
        match class_of(row)? {
            class if class < to && !spared(class) => rows.push(desk.store.restricted_blob(scope, row, to)?),
            class if milder && class != to => rows.push(desk.store.unmarked_blob(scope, row)?),
            _ => {}
        }
    }
    if rows.is_empty() {
        return Err(StoreError::input(format!("{}: {}", view.exhibit, RestrictedError::SameClass)));
    }
    let labels: BTreeSet<&str> = reached.iter().map(|one| one.exhibit.as_str()).collect();
    let rests = |finding: &FindingView| finding.content.exhibits.iter().any(|label| labels.contains(label.as_str()));
    let findings = match to {
        ExhibitClass::Privileged => conclude::all(desk, scope)?.iter().filter(|one| rests(one)).map(|one| one.finding.clone()).collect(),
        _ => vec![],
    };
    let shares = |row: &Row| found.look_at.contains(&exhibit_label(row.number.unwrap_or(0)));
    let restricted: Vec<&Row> = found.exhibits.iter().filter(|(id, (row, _))| found.reached.contains_key(*id) || shares(row)).map(|(_, (row, _))| row).collect();
    let content = Reclassification {
        exhibit: view.exhibit.clone(),
        to,
        reason: reason.text.into(),
        by: scope.actor().clone(),
        at: desk.now(),
        parts: found.parts.keys().map(|id| id.parse().map_err(StoreError::damaged)).collect::<Result<_, _>>()?,
        went_out: if to.is_restricted() { went_out(desk, scope, &restricted)? } else { vec![] },
        findings,
        reached,
    };
    let mut detail = serde_json::to_value(&content).map_err(crate::office::input)?;
    detail["members"] = json!(members);
    detail["look-at"] = json!(found.look_at);
    let state = if to.is_restricted() { STANDS } else { "noted" };
    rows.push(Draft::new("reclassification", format!("class-{}", hex::encode(random_16()?)), state).under(&view.id).write(scope, desk.now(), &content)?);
    let event = desk.store.commit(scope, permit, NewEvent::new(EventType::ExhibitReclassified, Some(view.id.clone()), detail), rows)?.event;
    Ok(ReclassifiedView {
        event,
        exhibit: content.exhibit,
        class: to,
        reached: content.reached,
        members,
        look_at: found.look_at.into_iter().collect(),
        findings: content.findings,
        went_out: content.went_out,
    })
}

type Exhibits = BTreeMap<String, (Row, ExhibitContent)>;

fn exhibits(desk: &Desk, scope: &Scope) -> Result<Exhibits, StoreError> {
    desk.store.list(scope, "exhibit")?.into_iter().map(|row| Ok((row.id.clone(), (row.content()?, row)))).map(|one| one.map(|(id, (content, row))| (id, (row, content)))).collect()
}

/// The row of an exhibit in another class.
pub(crate) fn with_class(desk: &Desk, scope: &Scope, row: &Row, content: &ExhibitContent, class: ExhibitClass) -> Result<Write, StoreError> {
    let mut draft = Draft::new("exhibit", row.id.clone(), &row.state).over(row);
    if let Some(digest) = content.sha256 {
        draft = draft.found_by("exhibit.sha256", digest.hex());
    }
    draft.write(scope, desk.now(), &ExhibitContent { class, ..content.clone() })
}

/// What is released together: exhibits with the same bytes or derived from them, and what was unpacked from them.
pub(crate) struct Group {
    /// The exhibits.
    pub exhibits: Vec<(Row, ExhibitContent)>,
    /// Their blobs, members included.
    pub blobs: Vec<Row>,
}

/// The group of an exhibit. A restricted exhibit that stands in it must be released before it.
pub(crate) fn group(desk: &Desk, scope: &Scope, id: &str) -> Result<Group, StoreError> {
    let all = exhibits(desk, scope)?;
    let (mut ids, mut next) = (BTreeSet::new(), vec![id.to_string()]);
    while let Some(id) = next.pop() {
        let Some((row, content)) = all.get(&id).filter(|_| ids.insert(id.clone())) else { continue };
        let label = exhibit_label(row.number.unwrap_or(0));
        next.extend(all.values().filter(|(_, other)| other.derived_from.as_deref() == Some(&label)).map(|(row, _)| row.id.clone()));
        let places = content.sha256.map(|digest| places(desk, scope, &digest)).transpose()?.unwrap_or_default();
        next.extend(places.into_iter().filter_map(|(_, place)| if let Place::Whole(id) = place { Some(id) } else { None }));
    }
    let mut blobs = Vec::new();
    for id in &ids {
        blobs.extend(desk.store.list_of(scope, "blob", id)?);
        for derivation in desk.store.list_of(scope, "derivation", id)? {
            for blob in desk.store.list_of(scope, "blob", &derivation.id)? {
                let content: BlobContent = blob.content()?;
                blobs.push(blob);
                if content.length == 0 {
                    continue;
                }
                for (_, place) in places(desk, scope, &content.sha256)? {
                    let Place::Whole(inside) = place else { continue };
                    if let Some((row, _)) = all.get(&inside).filter(|(row, content)| !ids.contains(&row.id) && content.class.is_restricted()) {
                        let text = format!("the bytes of {} stand in it, and that exhibit is restricted: that one is decided first", exhibit_label(row.number.unwrap_or(0)));
                        return Err(desk.store.refuse(scope, &Intent::to(Action::Administer), Law::Restricted, text)?);
                    }
                }
            }
        }
    }
    Ok(Group { exhibits: all.into_iter().filter(|(id, _)| ids.contains(id)).map(|(_, one)| one).collect(), blobs })
}

/// Rows that end the reclassifications of which, with this released group, nothing is restricted any more, and what
/// of other exhibits they alone bound. One that reached a container which stays restricted goes on binding.
pub(crate) fn ended_with(desk: &Desk, scope: &Scope, group: &Group, labels: &BTreeSet<String>, to: ExhibitClass) -> Result<Vec<Write>, StoreError> {
    let restricted: BTreeSet<String> = restricted_labels(desk, scope)?.into_iter().filter(|label| !labels.contains(label)).collect();
    let over = |one: &Reclassification| !restricted.contains(&one.exhibit) && one.reached.iter().all(|reached| !restricted.contains(&reached.exhibit));
    let (ended, others): (Vec<_>, Vec<_>) = standing(desk, scope)?.into_iter().partition(|(_, one)| over(one));
    let bound: BTreeSet<&BlobId> = others.iter().flat_map(|(_, one)| &one.parts).collect();
    let mut rows = Vec::new();
    for (row, one) in &ended {
        rows.push(Draft::new("reclassification", row.id.clone(), "released").over(row).write(scope, desk.now(), one)?);
    }
    let parts = ended.iter().flat_map(|(_, one)| &one.parts).filter(|part| !bound.contains(*part)).map(ToString::to_string);
    let parts: BTreeSet<String> = parts.chain(freed(desk, scope, group, &restricted)?).collect();
    for part in parts {
        let blob = desk.store.get(scope, "blob", &part)?;
        if class_of(&blob)? == ExhibitClass::Privileged {
            rows.push(desk.store.released_blob(scope, &blob, to)?);
        }
    }
    Ok(rows)
}

/// Members of open exhibits with the same bytes as what is released, where no restricted exhibit has these bytes.
fn freed(desk: &Desk, scope: &Scope, group: &Group, restricted: &BTreeSet<String>) -> Result<Vec<String>, StoreError> {
    let labels: BTreeMap<String, String> = exhibits(desk, scope)?.into_iter().map(|(id, (row, _))| (id, exhibit_label(row.number.unwrap_or(0)))).collect();
    let stays = |place: &Place| match place {
        Place::Whole(id) | Place::Inside(id) => labels.get(id).is_some_and(|label| restricted.contains(label)),
    };
    let mut freed = Vec::new();
    for blob in &group.blobs {
        let content: BlobContent = blob.content()?;
        let places = places(desk, scope, &content.sha256)?;
        if content.length > 0 && !places.iter().any(|(_, place)| stays(place)) {
            freed.extend(places.into_iter().map(|(row, _)| row.id));
        }
    }
    Ok(freed)
}

/// Why an exhibit is reached. What only holds the bytes of a restricted item is restricted as a whole, but its other
/// members do not carry the class further.
struct Why {
    text: String,
    carries: bool,
}

/// What hangs together with an exhibit.
struct Reach<'a> {
    desk: &'a Desk,
    scope: &'a Scope,
    exhibits: Exhibits,
    reached: BTreeMap<String, Why>,
    /// Blobs that were unpacked from what is reached.
    members: Vec<Row>,
    /// The same bytes as one of those, inside another exhibit.
    parts: BTreeMap<String, Row>,
    look_at: BTreeSet<String>,
}

impl Reach<'_> {
    fn from(&mut self, named: &str, alone: bool) -> Result<(), StoreError> {
        let mut next = vec![(named.to_string(), Why { text: "named".into(), carries: true })];
        while let Some((id, why)) = next.pop() {
            let Some((row, content)) = self.exhibits.get(&id) else { continue };
            if self.reached.get(&id).is_some_and(|known| known.carries || !why.carries) {
                continue;
            }
            let (label, digest, carries) = (exhibit_label(row.number.unwrap_or(0)), content.sha256.filter(|_| content.length != Some(0)), why.carries);
            self.reached.insert(id.clone(), why);
            if alone {
                continue;
            }
            let derived = self.exhibits.values().filter(|(_, other)| other.derived_from.as_deref() == Some(&label));
            next.extend(derived.map(|(row, _)| (row.id.clone(), Why { text: format!("derived from {label}"), carries: true })));
            for (_, place) in digest.map(|digest| places(self.desk, self.scope, &digest)).transpose()?.unwrap_or_default() {
                next.push(match place {
                    // An item is no copy of itself: one that only holds what is restricted would carry the mark on.
                    Place::Whole(other) if other == id => continue,
                    Place::Whole(other) => (other, Why { text: format!("the same bytes as {label}"), carries: true }),
                    Place::Inside(other) => (other, Why { text: format!("the bytes of {label} are in it"), carries: false }),
                });
            }
            self.members_of(&id, &label, carries, &mut next)?;
        }
        let reached: BTreeSet<String> = self.reached.keys().map(|id| exhibit_label(self.exhibits[id].0.number.unwrap_or(0))).collect();
        self.look_at.retain(|label| !reached.contains(label));
        Ok(())
    }

    /// What was unpacked from an exhibit, and where else those bytes stand.
    fn members_of(&mut self, id: &str, label: &str, carries: bool, next: &mut Vec<(String, Why)>) -> Result<(), StoreError> {
        let (desk, scope) = (self.desk, self.scope);
        let captured = self.exhibits.get(id).is_some_and(|(_, content)| content.kind == ExhibitKind::Capture);
        for derivation in desk.store.list_of(scope, "derivation", id)? {
            let own = if captured { examine::own_blobs(desk, scope, &derivation.id)? } else { BTreeSet::new() };
            for blob in desk.store.list_of(scope, "blob", &derivation.id)? {
                let content: BlobContent = blob.content()?;
                let of_the_collector = own.iter().any(|one| one.as_str() == blob.id);
                self.members.push(blob);
                if !carries || content.length == 0 || of_the_collector {
                    continue;
                }
                for (row, place) in places(desk, scope, &content.sha256)? {
                    match place {
                        Place::Whole(other) => next.push((other, Why { text: format!("it is a member of {label}"), carries: true })),
                        Place::Inside(other) if other != id => {
                            self.look_at.extend(self.exhibits.get(&other).map(|(row, _)| exhibit_label(row.number.unwrap_or(0))));
                            self.parts.insert(row.id.clone(), row);
                        }
                        Place::Inside(_) => {}
                    }
                }
            }
        }
        Ok(())
    }
}

/// Where bytes stand: they are an exhibit, or were unpacked from one.
enum Place {
    Whole(String),
    Inside(String),
}

/// Every place of the case where bytes with this digest stand.
fn places(desk: &Desk, scope: &Scope, digest: &Sha256Digest) -> Result<Vec<(Row, Place)>, StoreError> {
    let mut places = Vec::new();
    for row in desk.store.find(scope, "blob", "blob.sha256", &digest.hex())? {
        let Some(parent) = row.parent.clone() else { continue };
        if parent.starts_with(ExhibitId::PREFIX) {
            places.push((row, Place::Whole(parent)));
        } else if let Some(exhibit) = desk.store.get(scope, "derivation", &parent).ok().and_then(|derivation| derivation.parent) {
            places.push((row, Place::Inside(exhibit)));
        }
    }
    Ok(places)
}

/// The strictest class of these bytes anywhere in the case, and whether a whole exhibit has them.
pub(crate) fn class_of_bytes(desk: &Desk, scope: &Scope, digest: &Sha256Digest) -> Result<Option<(ExhibitClass, bool)>, StoreError> {
    let mut strictest = None;
    for (row, place) in places(desk, scope, digest)? {
        let found = (class_of(&row)?, matches!(place, Place::Whole(_)));
        if found.0.is_restricted() {
            strictest = strictest.max(Some(found));
        }
    }
    Ok(strictest)
}

/// What comes in with the bytes of a restricted item is restricted: the class of a copy is that of its original.
pub(crate) fn inherit(desk: &Desk, scope: &Scope, content: &mut ExhibitContent, rows: &mut [Write]) -> Result<(), StoreError> {
    let Some(digest) = content.sha256.filter(|_| content.length != Some(0)) else { return Ok(()) };
    let Some((class, _)) = class_of_bytes(desk, scope, &digest)?.filter(|(class, _)| *class > content.class) else { return Ok(()) };
    content.class = class;
    content.findings.push(format!("{SAME_BYTES}: an item of this case has the same bytes and is {}, so this one is too", class.name()));
    let own = content.blob.as_ref().map(BlobId::as_str);
    rows.iter_mut().filter(|row| row.head.kind == "blob" && Some(row.head.id.as_str()) == own).for_each(|row| row.head.state = class.name().into());
    Ok(())
}

/// A container in which restricted bytes were found becomes restricted itself.
pub(crate) fn becomes_restricted(desk: &Desk, scope: &Scope, label: &str, class: ExhibitClass) -> Result<(), StoreError> {
    let permit = desk.store.permit(scope, Intent::to(Action::Transfer))?;
    again(|| {
        let view = admit::view(desk, &admit::row(desk, scope, label)?)?;
        if view.content.class >= class {
            return Ok(());
        }
        reach(desk, scope, &permit, &view, class, &Reason { text: "restricted bytes were found in it when it was unpacked", by_word: false }).map(|_| ())
    })
}

/// Every other place of the case with the bytes of a restricted exhibit takes its class: an item that is known to be
/// restricted when it comes in may have been there before anybody knew.
pub(crate) fn carry(desk: &Desk, scope: &Scope, view: &ExhibitView, digest: &Sha256Digest) -> Result<(), StoreError> {
    let class = view.content.class;
    // A member can be restricted while the exhibit around it is not: that one holds a whole restricted item now.
    let milder = |(row, place): &(Row, Place)| match place {
        Place::Whole(_) => Ok::<_, StoreError>(class_of(row)? < class),
        Place::Inside(id) => Ok(desk.store.get(scope, "exhibit", id)?.content::<ExhibitContent>()?.class < class),
    };
    if !class.is_restricted() || view.content.length == Some(0) || !places(desk, scope, digest)?.iter().map(milder).collect::<Result<Vec<_>, _>>()?.contains(&true) {
        return Ok(());
    }
    let listed = model::known::class_after(ExhibitClass::Ordinary, &view.content.known) >= class;
    let reason = Reason { text: "an item with the same bytes came in and is restricted", by_word: !listed };
    let permit = desk.store.permit(scope, Intent::to(Action::Transfer))?;
    again(|| reach(desk, scope, &permit, &admit::view(desk, &admit::row(desk, scope, &view.exhibit)?)?, class, &reason).map(|_| ()).or_else(|error| if matches!(error, StoreError::Input(_)) { Ok(()) } else { Err(error) }))
}

/// The same, and the refusal to go on with its examination.
pub(crate) fn holds_restricted(desk: &Desk, scope: &Scope, label: &str, class: ExhibitClass) -> Result<StoreError, StoreError> {
    becomes_restricted(desk, scope, label, class)?;
    let text = format!("the bytes of an item that is {} stand in {label}: it has this class now, and its examination was stopped. Do not open or copy it, and tell your supervisor and the person with the dedicated role now", class.name());
    desk.store.refuse(scope, &Intent::to(Action::Examine), Law::Restricted, text)
}

// ---- what told of it before

/// The first event about a thing: what has its number before that told nothing of it.
fn first_event(desk: &Desk, scope: &Scope, id: &str) -> Result<Option<u64>, StoreError> {
    Ok(desk.store.events_about(scope, id)?.first().map(|(event, _)| event.leaf.seq))
}

fn went_out(desk: &Desk, scope: &Scope, exhibits: &[&Row]) -> Result<Vec<WentOut>, StoreError> {
    let mut out = Vec::new();
    let arrived = exhibits.iter().map(|row| Ok((exhibit_label(row.number.unwrap_or(0)), first_event(desk, scope, &row.id)?.unwrap_or(row.event)))).collect::<Result<Vec<_>, StoreError>>()?;
    let tells = |before: u64, withheld: &[Withheld]| arrived.iter().any(|(label, event)| *event < before && withheld.iter().all(|one| one.exhibit != *label));
    for (label, _, content) in report_step::rows(desk, scope)? {
        if tells(report_step::size_at(&content.checkpoint)?, &content.withheld) {
            out.push(WentOut { what: label, then: "a report that tells of it: it is exported no more; build it anew. If somebody has it, write an erratum and tell him".into() });
        }
    }
    let disclosures = disclose::rows(desk, scope)?;
    for row in desk.store.list(scope, "package")? {
        let (label, content): (String, PackageContent) = (package_label(row.number.unwrap_or(0)), row.content()?);
        let opened = match content.disclosure.as_deref().and_then(|own| disclosures.iter().find(|(row, _)| disclose::disclosure_label(row.number.unwrap_or(0)) == own)) {
            Some((_, disclosure)) => arrived.iter().any(|(exhibit, _)| disclosure.gives(exhibit)),
            None => tells(first_event(desk, scope, &row.id)?.unwrap_or(row.event), &content.withheld),
        };
        if opened {
            let then = match row.state.as_str() {
                "sealed" => format!("sealed before: it cannot be called back. Write an erratum (`lanternfish erratum add --about {label}`); `lanternfish erratum list` has the words for each holder. Ask the holders to close it"),
                _ => "built before and not sealed: it is not signed or sealed any more. Remove its folder NAME.building and build it anew".into(),
            };
            out.push(WentOut { what: label, then });
        }
    }
    for (row, _) in disclosures.iter().filter(|(_, content)| content.built.is_none() && arrived.iter().any(|(exhibit, _)| content.gives(exhibit))) {
        out.push(WentOut { what: disclose::disclosure_label(row.number.unwrap_or(0)), then: "a disclosure that is not built: it is built no more; propose it anew".into() });
    }
    Ok(out)
}

/// Reclassifications that bind, with the event of each.
pub(crate) fn standing(desk: &Desk, scope: &Scope) -> Result<Vec<(Row, Reclassification)>, StoreError> {
    let rows = desk.store.list(scope, "reclassification")?.into_iter().filter(|row| row.state == STANDS);
    rows.map(|row| Ok((row.content()?, row))).map(|one| one.map(|(content, row)| (row, content))).collect()
}

/// The first restricted exhibit that a paper of this log size tells of although it was restricted afterwards.
fn told_of(desk: &Desk, scope: &Scope, before: u64, withheld: &[Withheld]) -> Result<Option<String>, StoreError> {
    let closed = closed(desk, scope)?;
    for label in closed.keys().filter(|label| withheld.iter().all(|one| one.exhibit != **label)) {
        let row = admit::row(desk, scope, label)?;
        if row.content::<ExhibitContent>()?.sha256.is_some() && first_event(desk, scope, &row.id)?.is_some_and(|arrived| arrived < before) {
            return Ok(Some(label.clone()));
        }
    }
    Ok(None)
}

/// A report that was built before an item in it became restricted goes nowhere.
pub(crate) fn report_tells_nothing(desk: &Desk, scope: &Scope, action: Action, label: &str, checkpoint: &str, withheld: &[Withheld]) -> Result<(), StoreError> {
    let Some(exhibit) = told_of(desk, scope, report_step::size_at(checkpoint)?, withheld)? else { return Ok(()) };
    let text = format!("{label} was built before {exhibit} became restricted, and tells of it: build the report anew, and name the reports of a package with --report");
    Err(desk.store.refuse(scope, &Intent::to(action), Law::Restricted, text)?)
}

/// A package that waits and was built before an item in it became restricted is neither signed nor sealed.
pub(crate) fn package_tells_nothing(desk: &Desk, scope: &Scope, row: &Row, content: &PackageContent) -> Result<(), StoreError> {
    let label = package_label(row.number.unwrap_or(0));
    let exhibit = match &content.disclosure {
        Some(disclosure) => disclose::restricted_in(desk, scope, disclosure)?,
        None => told_of(desk, scope, first_event(desk, scope, &row.id)?.unwrap_or(row.event), &content.withheld)?,
    };
    let Some(exhibit) = exhibit else { return Ok(()) };
    let text = format!("{label} was built before {exhibit} became restricted, and holds it: remove its folder and build it anew");
    Err(desk.store.refuse(scope, &Intent::to(Action::Package), Law::Restricted, text)?)
}

// ---- findings and selectors

/// Takes the words out of findings that were written on an item before it became privileged: their numbers, methods
/// and exhibits stay. A release gives the words back.
pub(crate) fn hold_back(desk: &Desk, scope: &Scope, findings: &mut [FindingView]) -> Result<(), StoreError> {
    let standing = standing(desk, scope)?;
    let privileged = standing.iter().filter(|(_, one)| one.to == ExhibitClass::Privileged);
    let since: Vec<(u64, &str)> = privileged.flat_map(|(row, one)| one.reached.iter().map(|reached| (row.event, reached.exhibit.as_str()))).collect();
    if since.is_empty() {
        return Ok(());
    }
    let restricted = restricted_labels(desk, scope)?;
    let since: Vec<(u64, &str)> = since.into_iter().filter(|(_, label)| restricted.contains(*label)).collect();
    for finding in findings {
        let held = since.iter().find(|(event, label)| finding.event < *event && finding.content.exhibits.iter().any(|own| own == label));
        if let Some((_, label)) = held {
            finding.content.text = format!("held back: it was written on {label}, which may be privileged (law 7)");
            finding.content.counter_evidence.clear();
            finding.held = true;
        }
    }
    Ok(())
}

/// Restricted members, each with its digest, its class and the exhibit that it was unpacked from.
pub(crate) fn restricted_members(desk: &Desk, scope: &Scope) -> Result<Vec<(BlobId, BlobContent, ExhibitClass, String)>, StoreError> {
    let known = desk.classes(scope, Known::restricted_members)??;
    known.into_iter().map(|(id, class, label)| Ok((id.clone(), desk.store.get(scope, "blob", id.as_str())?.content()?, class, label))).collect()
}

/// Restricted members of exhibits, by their own class and not only by what a mark named when it was set.
pub(crate) fn restricted_parts(desk: &Desk, scope: &Scope) -> Result<BTreeSet<BlobId>, StoreError> {
    Ok(desk.classes(scope, Known::restricted_members)??.into_iter().map(|(id, ..)| id).collect())
}

/// The exhibits whose bytes leave nowhere, with the class of each: those that are restricted, and those in which a
/// restricted member stands, because whoever has the container has the member.
pub(crate) fn closed(desk: &Desk, scope: &Scope) -> Result<BTreeMap<String, ExhibitClass>, StoreError> {
    let own = exhibits(desk, scope)?.into_values().map(|(row, content)| (exhibit_label(row.number.unwrap_or(0)), content.class));
    let mut closed: BTreeMap<String, ExhibitClass> = own.filter(|(_, class)| class.is_restricted()).collect();
    for (_, content, class, label) in restricted_members(desk, scope)? {
        if content.length > 0 {
            closed.entry(label).and_modify(|known| *known = class.max(*known)).or_insert(class);
        }
    }
    Ok(closed)
}

/// Labels of the restricted exhibits with bytes: lists and answers say nothing about them.
pub(crate) fn restricted_labels(desk: &Desk, scope: &Scope) -> Result<BTreeSet<String>, StoreError> {
    desk.classes(scope, Known::restricted)
}

/// What a restricted item shows of itself: remarks that tell nothing of its bytes.
pub(crate) fn silent(findings: &mut Vec<String>) {
    findings.retain(|remark| [admit::WRONG_DIGEST, SAME_BYTES, model::known::KNOWN].iter().any(|begin| remark.starts_with(begin)));
}
