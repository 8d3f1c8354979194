//! What a crawl visited and what it did not, with reasons; and what changed between two crawls.
//!
//! Each question is one event with its count and a commitment to the answer, before the answer is given. Pages are
//! walked in pieces and never held whole. Of a page in a restricted exhibit nothing is told that was read in it, and
//! an address that stands only in a restricted exhibit is not shown (law 7).

use std::collections::BTreeMap;

use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    crawl::{Address, Change, CrawlScope, LinkKind, Mark, compare},
    event::EventType,
};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{NewEvent, Permit, Row, Scope, StoreError};

use super::{BY_ADDRESS, CrawlContent, FETCHED, PAGE, PageContent, by_address, crawl_label, number_of, page_id, row_of};
use crate::{
    Desk,
    admit::ExhibitContent,
    row::{exhibit_label, for_action},
};

/// Pages that are read at once.
const PIECE: u32 = 1_000;
const NOT_SHOWN: &str = "(found in a restricted exhibit)";

/// One address of a crawl.
#[derive(Debug, Clone, Serialize)]
pub struct PageLine {
    /// Its number in the crawl.
    pub page: u64,
    /// The address.
    pub url: String,
    /// `waiting`, `fetched`, `failed` or `left-out`.
    pub state: String,
    /// Links away from a start.
    pub depth: u32,
    /// What its link was.
    pub via: LinkKind,
    /// The exhibit in which its link stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_in: Option<String>,
    /// The exhibit that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exhibit: Option<String>,
    /// And the record there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Bytes received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// Why it was left out, did not come, or came in part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// SHA-256 of its body without codings, as the caged reader computed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Sha256Digest>,
    /// Hints, never proof: `captcha`, `login-wall`, `proof-of-work`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Mark>,
    /// Why nothing was read in it, although it came: links that stand in it are not in this list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_read: Option<String>,
    /// Links of it that were counted and not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links_not_read: Option<u64>,
}

/// One page that is not as it was.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeLine {
    /// The address.
    pub url: String,
    /// What changed.
    pub change: Change,
    /// The exhibit of the earlier look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// And of the later one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// HTTP status of the later look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// Labels of exhibits, looked up once.
struct Labels<'a> {
    desk: &'a Desk,
    scope: &'a Scope,
    known: BTreeMap<String, (String, bool)>,
}

impl Labels<'_> {
    /// The label, and whether the exhibit is restricted now.
    fn of(&mut self, id: &str) -> Result<(String, bool), StoreError> {
        if let Some(known) = self.known.get(id) {
            return Ok(known.clone());
        }
        let row = match self.desk.store.get(self.scope, "exhibit", id) {
            Err(error) if error.law() == Some(Law::Erasure) => return Ok(("(erased)".into(), true)),
            found => found?,
        };
        let told = (exhibit_label(row.number.unwrap_or(0)), row.content::<ExhibitContent>()?.class.is_restricted());
        self.known.insert(id.to_string(), told.clone());
        Ok(told)
    }
}

fn walk(desk: &Desk, scope: &Scope, crawl: &str, each: &mut dyn FnMut(&Row, PageContent) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let (mut first, last) = (0, page_id(crawl, 99_999_999));
    loop {
        let rows = desk.store.stretch(scope, PAGE, (&page_id(crawl, first), &last), None, PIECE)?;
        let Some(end) = rows.last() else { return Ok(()) };
        first = number_of(&end.id)? + 1;
        for row in &rows {
            each(row, row.content()?)?;
        }
    }
}

fn line(row: &Row, page: PageContent, labels: &mut Labels<'_>) -> Result<PageLine, StoreError> {
    let found_in = page.found_in.as_deref().map(|id| labels.of(id)).transpose()?;
    let exhibit = page.came.as_ref().map(|came| labels.of(&came.exhibit)).transpose()?;
    let hidden = found_in.as_ref().is_some_and(|(_, restricted)| *restricted);
    let silent = exhibit.as_ref().is_some_and(|(_, restricted)| *restricted);
    let read = page.read.filter(|_| !silent);
    let came = page.came.filter(|_| !silent);
    Ok(PageLine {
        page: number_of(&row.id)?,
        url: if hidden { NOT_SHOWN.into() } else { page.url },
        state: row.state.clone(),
        depth: page.depth,
        via: page.via,
        found_in: found_in.map(|(label, _)| label),
        exhibit: exhibit.map(|(label, _)| label),
        record: came.as_ref().map(|came| came.record.clone()).filter(|record| !record.is_empty()),
        status: came.as_ref().and_then(|came| came.status),
        bytes: came.as_ref().map(|came| came.bytes),
        at: came.map(|came| came.at),
        reason: page.left.map(|left| left.in_words().to_string()).or(page.trouble),
        not_read: page.unread.filter(|_| !silent),
        payload: read.as_ref().map(|read| read.payload),
        hints: read.as_ref().map(|read| read.marks.clone()).unwrap_or_default(),
        links_not_read: read.map(|read| read.beyond).filter(|beyond| *beyond > 0),
    })
}

/// Gives each address of a crawl with what became of it; only those in one state, where it is named. Returns how many.
///
/// # Errors
/// When the permit is not to view.
pub fn sitemap(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, state: Option<&str>, each: &mut dyn FnMut(PageLine)) -> Result<u64, StoreError> {
    for_action(permit, Action::View)?;
    let crawl = row_of(desk, scope, label)?;
    let mut labels = Labels { desk, scope, known: BTreeMap::new() };
    let (mut count, mut digest) = (0u64, Sha256::new());
    let mut lines = |tell: &mut dyn FnMut(PageLine, &str)| {
        walk(desk, scope, &crawl.id, &mut |row, page| {
            if state.is_none_or(|state| state == row.state) {
                let line = line(row, page, &mut labels)?;
                let text = serde_json::to_string(&line).map_err(crate::office::input)?;
                tell(line, &text);
            }
            Ok(())
        })
    };
    lines(&mut |_, text| {
        count += 1;
        digest.update(text);
        digest.update([b'\n']);
    })?;
    let results = Sha256Digest(digest.finalize().into());
    let detail = json!({"query": "sitemap", "crawl": crawl_label(crawl.number.unwrap_or(0)), "state": state, "count": count, "results": results});
    desk.store.commit(scope, permit, NewEvent::new(EventType::CrawlConsulted, Some(crawl.id.clone()), detail), vec![])?;
    let mut again = Sha256::new();
    lines(&mut |line, text| {
        again.update(text);
        again.update([b'\n']);
        each(line);
    })?;
    if Sha256Digest(again.finalize().into()) != results {
        return Err(StoreError::Environment { attempt: "listing the pages".into(), cause: "the crawl went on meanwhile: ask again when it has ended, or stop it first".into() });
    }
    Ok(count)
}

fn page_of(desk: &Desk, scope: &Scope, crawl: &str, url: &str) -> Result<Option<(Row, PageContent)>, StoreError> {
    let found = desk.store.find(scope, PAGE, BY_ADDRESS, &by_address(crawl, url))?;
    found.into_iter().next().map(|row| row.content().map(|page| (row, page))).transpose()
}

/// What changed between two crawls.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Pages that are not as they were.
    pub lines: Vec<ChangeLine>,
    /// Pages that are the same.
    pub same: u64,
    /// Pages that only one of the two crawls could ask for: nothing is said of them.
    pub outside: u64,
}

/// What changed between two crawls: pages that are new, changed, nearly the same, or gone. One event. What lies outside
/// the scope of one of the two is neither new nor gone: it could not be asked for.
///
/// # Errors
/// When the permit is not to view; crawls of different sites.
pub fn changes(desk: &Desk, scope: &Scope, permit: &Permit, before: &str, now: &str) -> Result<Changes, StoreError> {
    for_action(permit, Action::View)?;
    let (old, new) = (row_of(desk, scope, before)?, row_of(desk, scope, now)?);
    if old.id == new.id {
        return Err(StoreError::input("name two crawls: the earlier one and the later one"));
    }
    let (of_old, of_new) = (old.content::<CrawlContent>()?.wish.scope, new.content::<CrawlContent>()?.wish.scope);
    if !of_old.origins.iter().any(|origin| of_new.origins.contains(origin)) {
        let names = (crawl_label(old.number.unwrap_or(0)), crawl_label(new.number.unwrap_or(0)));
        return Err(StoreError::input(format!("{} and {} are crawls of different sites: there is nothing to compare. Name two crawls of one site", names.0, names.1)));
    }
    let mut labels = Labels { desk, scope, known: BTreeMap::new() };
    let (mut lines, mut same, mut restricted, mut outside) = (Vec::new(), 0u64, 0u64, 0u64);
    walk(desk, scope, &new.id, &mut |row, page| {
        let Some(came) = page.came.as_ref().filter(|_| row.state == FETCHED && page.via != LinkKind::Robots) else { return Ok(()) };
        if !could_ask(&of_old, &page) {
            outside += 1;
            return Ok(());
        }
        let earlier = page_of(desk, scope, &old.id, &page.url)?.and_then(|(_, page)| page.came.clone().map(|came| (page, came)));
        let (label, silent) = labels.of(&came.exhibit)?;
        let earlier = earlier.map(|(page, came)| labels.of(&came.exhibit).map(|(label, silent)| (page, came, label, silent))).transpose()?;
        if silent || earlier.as_ref().is_some_and(|(.., silent)| *silent) || hidden(&page, &mut labels)? {
            restricted += 1;
            return Ok(());
        }
        let change = match &earlier {
            None => Change::New,
            Some((was, had, ..)) => difference(was, had, &page, came),
        };
        match change {
            Change::Unchanged => same += 1,
            _ => lines.push(ChangeLine { url: page.url.clone(), change, before: earlier.map(|(_, _, label, _)| label), now: Some(label), status: came.status }),
        }
        Ok(())
    })?;
    walk(desk, scope, &old.id, &mut |row, page| {
        let Some(came) = page.came.as_ref().filter(|_| row.state == FETCHED && page.via != LinkKind::Robots) else { return Ok(()) };
        if !could_ask(&of_new, &page) {
            outside += 1;
            return Ok(());
        }
        let later = page_of(desk, scope, &new.id, &page.url)?;
        let (label, silent) = labels.of(&came.exhibit)?;
        if later.is_some_and(|(row, _)| row.state == FETCHED) || silent || hidden(&page, &mut labels)? {
            return Ok(());
        }
        lines.push(ChangeLine { url: page.url.clone(), change: Change::Gone, before: Some(label), now: None, status: None });
        Ok(())
    })?;
    let text = serde_json::to_vec(&lines).map_err(crate::office::input)?;
    let names = (crawl_label(old.number.unwrap_or(0)), crawl_label(new.number.unwrap_or(0)));
    let detail = json!({"query": "changes", "crawls": names, "count": lines.len(), "unchanged": same, "outside": outside, "restricted": restricted, "results": Sha256Digest::of(&text)});
    desk.store.commit(scope, permit, NewEvent::new(EventType::CrawlConsulted, Some(new.id.clone()), detail), vec![])?;
    if restricted > 0 && lines.is_empty() && same == 0 {
        return Err(StoreError::refused(Law::Restricted, "all that could be compared lies in restricted exhibits: nothing is said about it"));
    }
    Ok(Changes { lines, same, outside })
}

/// Whether a crawl with this scope could have asked for the page: its site, and its path.
fn could_ask(scope: &CrawlScope, page: &PageContent) -> bool {
    Address::alone(&page.url).is_ok_and(|address| scope.reaches(&address))
}

fn hidden(page: &PageContent, labels: &mut Labels<'_>) -> Result<bool, StoreError> {
    page.found_in.as_deref().map_or(Ok(false), |id| labels.of(id).map(|(_, restricted)| restricted))
}

/// Two looks at one page: another status is a change; bodies are compared where both were read.
fn difference(was: &PageContent, had: &super::Came, is: &PageContent, has: &super::Came) -> Change {
    let answered = |status: Option<u16>| status.is_some_and(|status| status < 400);
    match (answered(had.status), answered(has.status)) {
        (true, false) => return Change::Gone,
        (false, true) => return Change::New,
        _ => {}
    }
    match (&was.read, &is.read) {
        (Some(was), Some(is)) if had.status == has.status => compare((&was.payload, was.simhash.as_deref()), (&is.payload, is.simhash.as_deref())),
        (None, None) if had.status == has.status && had.redirect == has.redirect => Change::Unchanged,
        _ => Change::Changed,
    }
}
