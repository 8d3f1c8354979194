//! What has to do with what in a case: exhibits, selectors, names on pages, findings, charges and people of custody, with
//! lines between them that each carry their reasons. One question, one event.
//!
//! It is made of what the lists of the case show, and of nothing else: exhibits and custodians for whoever may view, former
//! custodians for whoever takes part in custody, selectors and rows as a question for them shows them. It refuses to draw
//! what is masked or minimised in a list: a line between two places of one secret would tell that they are the same. It
//! joins no two names: those that are written alike on two sites, or in two files, are candidates.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Sha256Digest,
    action::Action,
    event::EventType,
    graph::{Graph, Part, Reason, Strength, ThingKind, Wanted, folded, id_of},
    id::BlobId,
    listing::Field,
    selector::{FoundSelector, SelectorState},
};
use serde_json::json;
use store::{Intent, NewEvent, Permit, Scope, StoreError};

use crate::{
    Desk, admit, charges, conclude, custody,
    examine::SelectorBatch,
    row::for_action,
    rows::{self, RowView, What},
    search::{self, SelectorSight},
};

/// The answer.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// All of it, so that a line can be asked for its reasons.
    pub graph: Graph,
    /// What is shown.
    pub part: Part,
    /// Places of selectors that are masked in lists, and so not drawn.
    pub masked: usize,
    /// Places that stand in exhibits that the authority does not reach: counted, not shown.
    pub outside: usize,
    /// Exhibits about which nothing is said.
    pub silent: Vec<String>,
    /// What this reader's role or authority does not show, in words.
    pub not_shown: Vec<&'static str>,
    /// The event by which the question was asked.
    pub event: u64,
}

/// Draws. `purpose` is written into the log, and so is the line whose reasons were asked for.
///
/// # Errors
/// When the permit is not to query; when there is no such thing or line.
pub fn graph(desk: &Desk, scope: &Scope, permit: &Permit, wanted: &Wanted, why: Option<&str>, purpose: &str) -> Result<Drawn, StoreError> {
    for_action(permit, Action::Query)?;
    let mut made = Drawn { graph: Graph::default(), part: Part::default(), masked: 0, outside: 0, silent: vec![], not_shown: vec![], event: 0 };
    if desk.store.would_permit(scope, &Intent::to(Action::View))? {
        exhibits(desk, scope, &mut made.graph)?;
    } else {
        made.not_shown.push("exhibits beside those in which selectors stand, and who has them (nothing lets you view here now)");
    }
    if desk.store.would_permit(scope, &Intent::to(Action::Transfer))? {
        transfers(desk, scope, &mut made.graph)?;
    } else {
        made.not_shown.push("former custody (your role takes no part in it)");
    }
    findings(desk, scope, permit, &mut made.graph)?;
    let places = selectors(desk, scope, permit, &mut made)?;
    let seen = rows::seen(desk, scope, permit, None, false)?;
    made.outside += seen.outside;
    names(&seen.rows, &places, &mut made.graph);
    for (what, id, is_there) in [("thing", wanted.around.as_deref(), wanted.around.as_deref().is_none_or(|id| made.graph.thing_of(id).is_some())), ("line", why, why.is_none_or(|id| made.graph.line_of(id).is_some()))] {
        if !is_there {
            return Err(StoreError::input(format!("this graph has no {what} {}: see `lanternfish graph`", model::quoted(id.unwrap_or_default()))));
        }
    }
    made.part = made.graph.part(wanted);
    made.silent = search::places(desk, scope, permit)?.silent().iter().cloned().collect();
    let results = Sha256Digest::of(&serde_json::to_vec(&(&made.part.things, &made.part.lines)).map_err(crate::office::input)?);
    // Its numbers stand apart from those of a search: an empty graph is no search without result.
    let detail = json!({"query": "graph", "purpose": purpose, "graph": {
        "things": made.part.things.len(), "lines": made.part.lines.len(), "left-out": made.part.left_out, "kinds": wanted.kinds, "around": wanted.around, "hops": wanted.around.is_some().then_some(wanted.hops), "why": why,
        "masked": made.masked, "outside-authority": made.outside, "unsearched": made.silent, "not-shown": made.not_shown, "results": results,
    }});
    made.event = desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, None, detail), vec![])?.event;
    Ok(made)
}

fn person(graph: &mut Graph, name: &str) -> String {
    graph.thing(ThingKind::Person, id_of(ThingKind::Person, name), name, "of this agency")
}

fn exhibits(desk: &Desk, scope: &Scope, graph: &mut Graph) -> Result<(), StoreError> {
    for view in admit::all(desk, scope)? {
        let view = view.shown();
        let id = graph.thing(ThingKind::Exhibit, &view.exhibit, format!("{} {}", view.exhibit, view.content.description), view.content.class.name());
        let holder = person(graph, &view.custodian);
        graph.line(&holder, &id, "has custody", Reason::recorded(if view.content.custody.is_interim() { "custody record (interim: without a second person)" } else { "custody record" }, &view.exhibit));
        if let Some(from) = &view.content.derived_from {
            graph.line(&id, from, "derived from", Reason::recorded("record of the derivation", &view.exhibit));
        }
    }
    Ok(())
}

fn transfers(desk: &Desk, scope: &Scope, graph: &mut Graph) -> Result<(), StoreError> {
    for (view, content) in custody::signed(desk, scope)?.into_iter().filter(|(view, _)| view.state == "accepted") {
        let (giver, taker) = (person(graph, &view.from), person(graph, &view.to));
        let times = content.acceptance.map_or_else(String::new, |taken| format!(" on {}", taken.time));
        graph.line(&giver, &taker, "handed over", Reason { exhibit: Some(view.exhibit.clone()), ..Reason::recorded(format!("transfer of {}, signed by both{times}", view.exhibit), view.transfer) });
    }
    Ok(())
}

fn findings(desk: &Desk, scope: &Scope, permit: &Permit, graph: &mut Graph) -> Result<(), StoreError> {
    for view in conclude::shown(desk, scope, permit)?.0 {
        let about = if view.content.exculpatory { "speaks for the suspect" } else { "finding" };
        let id = graph.thing(ThingKind::Finding, &view.finding, format!("{} {}", view.finding, view.content.text), about);
        for label in &view.content.exhibits {
            graph.thing(ThingKind::Exhibit, label, label, "");
            graph.line(&id, label, "rests on", Reason { exhibit: Some(label.clone()), ..Reason::recorded(format!("finding; method: {}; error rate: {}", view.content.method, view.content.error_rate), &view.finding) });
        }
    }
    for view in charges::all(desk, scope)? {
        let id = graph.thing(ThingKind::Charge, &view.charge, format!("{} {}", view.charge, view.offence), &view.provision);
        for element in &view.matrix.elements {
            for (findings, says) in [(&element.supported_by, "supported by"), (&element.contradicted_by, "contradicted by")] {
                for finding in findings {
                    graph.line(&id, finding, says, Reason::recorded(format!("element {}: {}", element.number, element.text), &view.charge));
                }
            }
        }
    }
    Ok(())
}

/// Bytes that offsets count in: an exhibit, the digest of the bytes that were read in it, and the place that they have
/// there. A second examination gives them another blob, and the same digest.
type Bytes = (String, Sha256Digest, String);

/// Where selectors stand.
#[derive(Default)]
struct Places {
    /// By the bytes, in the order of their beginning.
    standing: BTreeMap<Bytes, Vec<(u64, u64, String)>>,
    /// The digest of derived bytes, for rows that an earlier version wrote down without it.
    digests: BTreeMap<(String, Option<BlobId>), Sha256Digest>,
}

impl Places {
    /// What stands in the bytes of a row.
    fn around(&self, view: &RowView) -> &[(u64, u64, String)] {
        let input = view.input.or_else(|| self.digests.get(&(view.exhibit.clone(), view.blob.clone())).copied());
        input.and_then(|input| self.standing.get(&(view.exhibit.clone(), input, view.place.clone()))).map_or(&[], Vec::as_slice)
    }
}

fn selectors(desk: &Desk, scope: &Scope, permit: &Permit, made: &mut Drawn) -> Result<Places, StoreError> {
    let sight = SelectorSight::of(desk, scope)?;
    let (mut places, mut told) = (Places::default(), BTreeSet::new());
    for row in desk.store.list(scope, "selectors")? {
        let (hits, beyond) = sight.hits(desk, scope, permit, &row, None)?;
        if hits.is_empty() && beyond == 0 {
            continue;
        }
        let batch: SelectorBatch = row.content()?;
        // A second examination finds the same in the same bytes: it stands there once.
        let mut is_new = |selector: &FoundSelector| told.insert((batch.exhibit.clone(), batch.input, batch.place.clone(), selector.start, selector.end, selector.selector_type.name(), selector.value.clone(), selector.reason.clone()));
        if beyond > 0 {
            made.outside += batch.selectors.iter().filter(|selector| is_new(selector)).count();
        }
        places.digests.insert((batch.exhibit.clone(), batch.blob.clone()), batch.input);
        let blob = &batch.blob;
        for hit in hits {
            let selector = &hit.selector;
            if !is_new(selector) {
                continue;
            }
            if hit.minimised || selector.is_sensitive() {
                made.masked += 1;
                continue;
            }
            let value = format!("{}\0{}", selector.selector_type.name(), selector.value);
            let id = made.graph.thing(ThingKind::Selector, id_of(ThingKind::Selector, &value), &selector.value, selector.selector_type.name());
            made.graph.thing(ThingKind::Exhibit, &hit.exhibit, &hit.exhibit, "");
            let strength = match selector.state {
                SelectorState::Verified => Strength::Verified,
                SelectorState::Unverifiable => Strength::Shown,
                SelectorState::FailedChecksum => Strength::Candidate,
            };
            let reason = Reason { strength, rule: selector.reason.clone(), exhibit: Some(hit.exhibit.clone()), place: Some(hit.place.clone()), blob: blob.clone(), start: Some(selector.start), end: Some(selector.end), record: None };
            made.graph.line(&hit.exhibit, &id, "holds", reason);
            places.standing.entry((hit.exhibit, batch.input, hit.place)).or_default().push((selector.start, selector.end, id));
        }
    }
    places.standing.values_mut().for_each(|standing| standing.sort());
    Ok(places)
}

/// A name that a row shows, and where.
struct Shown {
    name: String,
    /// The number of its account, where an export gives it.
    account: Option<String>,
    range: (u64, u64),
    rule: String,
    row: (u64, u64),
}

fn shown(what: &What) -> Option<Shown> {
    match what {
        What::Row(listing) => {
            let cell = listing.cells().iter().find(|cell| matches!(cell.field, Field::Vendor | Field::Author) && cell.value.is_some())?;
            let rule = format!("{} of a row: {}", cell.field.name(), cell.reason);
            Some(Shown { name: cell.value.clone()?, account: None, range: (cell.start, cell.end), rule, row: (listing.start(), listing.end()) })
        }
        What::Message(message) => {
            let rule = "author of a message, as the export shows it".to_string();
            Some(Shown { name: message.author.clone()?, account: message.author_id.clone(), range: (message.start, message.end), rule, row: (message.start, message.end) })
        }
    }
}

/// Within what the same letters are one name, for the id and in words. On a site a name is one account. In a file that is
/// not known: it is one name in these bytes at this place, and the same letters elsewhere may be somebody else.
fn realm(view: &RowView, account: Option<&str>) -> (String, String) {
    match &view.site {
        Some(site) => (format!("site\0{site}"), format!("as {site} shows it")),
        None => {
            let bytes = view.input.map(|input| input.hex()).or_else(|| view.blob.as_ref().map(ToString::to_string)).unwrap_or_default();
            let within = if view.place == view.exhibit { String::new() } else { format!(" in {}", view.place) };
            let numbered = account.map(|account| format!(", account {account}")).unwrap_or_default();
            (format!("file\0{}\0{bytes}\0{}\0{}", view.exhibit, view.place, account.unwrap_or_default()), format!("as {} shows it{within}{numbered}", view.exhibit))
        }
    }
}

fn names(rows: &[RowView], places: &Places, graph: &mut Graph) {
    let mut alike: BTreeMap<String, BTreeMap<String, Reason>> = BTreeMap::new();
    for view in rows {
        let Some(shown) = shown(&view.what).filter(|shown| !shown.name.trim().is_empty() && !shown.name.contains(crate::cover::MASKED)) else { continue };
        let (realm, in_words) = realm(view, shown.account.as_deref());
        let id = graph.thing(ThingKind::Name, id_of(ThingKind::Name, &format!("{realm}\0{}", shown.name)), &shown.name, in_words);
        graph.thing(ThingKind::Exhibit, &view.exhibit, &view.exhibit, "");
        let reason = |strength, rule: String, (start, end): (u64, u64)| Reason {
            strength, rule, exhibit: Some(view.exhibit.clone()), place: Some(view.place.clone()), blob: view.blob.clone(), start: Some(start), end: Some(end), record: None,
        };
        let named = reason(Strength::Shown, shown.rule.clone(), shown.range);
        alike.entry(folded(&shown.name)).or_default().entry(id.clone()).or_insert_with(|| named.clone());
        graph.line(&view.exhibit, &id, "shows", named);
        let standing = places.around(view);
        let first = standing.partition_point(|(start, ..)| *start < shown.row.0);
        for (start, end, selector) in standing[first..].iter().take_while(|(start, ..)| *start < shown.row.1).filter(|(_, end, _)| *end <= shown.row.1) {
            graph.line(&id, selector, "in one row with", reason(Strength::Shown, format!("the selector stands in the row, bytes {}-{}", shown.row.0, shown.row.1), (*start, *end)));
        }
    }
    for (name, ids) in alike.iter().filter(|(_, ids)| ids.len() > 1) {
        // Each with the next: so many lines as names, not as pairs.
        for ((one, first), (other, second)) in ids.iter().zip(ids.iter().skip(1)) {
            for reason in [first, second] {
                let rule = format!("both are written \"{name}\" but for letter case and blanks: they may be two people");
                graph.line(one, other, "written alike", Reason { strength: Strength::Candidate, rule, ..reason.clone() });
            }
        }
    }
}
