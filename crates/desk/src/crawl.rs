//! A crawl: rounds of captures that follow links, inside a scope and under permits of their own (laws 1, 2, 15).
//!
//! One round is one signed order, one sealed exhibit, and one reading of its links in the caged child. The frontier is
//! rows of the case, sealed like all others; it is never held whole. Each step of a round is one transaction:
//! *taken* (the order and its pages), *sealed* (the exhibit and that the round has it), *read* (what became of each
//! page, and the new ones). A desk that dies between two goes on at the next: no page is lost, none is sealed twice.
//!
//! A crawl may go as a persona ([decision 25](../../../docs/decisions/0025-personas.md)): under its authority alone, in the
//! session of the officer who has it, each round with the cookies as they are then.
//!
//! It refuses hosts without a permit, links of restricted exhibits, a second desk at the same round, and going on
//! after the authority has ended or the persona has come back.

mod read;
mod schedule;
mod sitemap;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use model::{
    Law, Moment,
    action::Action,
    crawl::{Address, CrawlScope, LeftOut, LinkKind, Mark, Patterns, RobotsPolicy},
    event::EventType,
    exhibit::Origin,
    id::{AuthorityId, BlobId, ExhibitId, OrderId, PersonaId},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use store::{Intent, NewEvent, Permit, Row, Scope, Session, StoreError, Write};

use crate::{
    Desk,
    capture::{self, CaptureWish, Errand, Road, Underway, Way},
    persona::{self, Companion},
    reclassify::again,
    row::{Draft, for_action, fresh_blob, parse_label},
};

pub use schedule::{Due, ScheduleView, ScheduleWish, due, schedule, schedules, unschedule};
pub use sitemap::{ChangeLine, Changes, PageLine, changes, sitemap};

const KIND: &str = "crawl";
const PAGE: &str = "crawl-page";
/// The index by which an address of a crawl is found.
const BY_ADDRESS: &str = "crawl.address";

/// States of a page.
const WAITING: &str = "waiting";
const FETCHED: &str = "fetched";
const FAILED: &str = "failed";
const LEFT_OUT: &str = "left-out";

/// States of a crawl.
const GOING: &str = "going";
const STOPPED: &str = "stopped";
const DONE: &str = "done";

/// How often a page is asked for, each time in another round.
const TRIES: u32 = 3;
/// Rounds one after the other that bring nothing before the crawl stops by itself.
const EMPTY_ROUNDS: u32 = 3;
/// Most bytes of one round: what a desk that dies may lose.
const ROUND_BYTES: u64 = 256 << 20;
/// How long a round of a desk that died is waited for.
const PATIENCE: Duration = Duration::from_secs(50);
/// How often somebody else may be first before this desk gives up.
const MOST_CONFLICTS: u32 = 20;

/// `K-0001`.
pub fn crawl_label(number: i64) -> String {
    format!("K-{number:04}")
}

/// What is to be crawled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CrawlWish {
    /// What may be asked for.
    pub scope: CrawlScope,
    /// By which way.
    pub way: Way,
    /// Class of the source, and whom and where it concerns.
    pub origin: Origin,
    /// Longest wait for one response.
    pub timeout_ms: u64,
    /// Most pages of one round.
    pub round_pages: u32,
    /// One line: what is crawled and why.
    pub description: String,
    /// As whom: the officer who has this persona carries it on, and nobody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persona: Option<PersonaId>,
}

impl CrawlWish {
    /// What the crawl must be allowed: to collect from each host that it names. A persona does it under its own
    /// authority and no other.
    fn intents(&self, under: Option<&AuthorityId>) -> Vec<Intent> {
        let intent = |host: &String| {
            let intent = Intent::to(Action::Collect).on(&self.origin).aimed_at(host);
            under.map_or(intent.clone(), |authority| intent.only_under(authority.clone()))
        };
        self.scope.hosts.iter().map(intent).collect()
    }

    /// To read the links of what comes in.
    fn intent_to_read(&self) -> Intent {
        Intent::to(Action::Examine).on(&self.origin)
    }

    fn hosts(&self) -> BTreeSet<String> {
        self.scope.hosts.iter().cloned().collect()
    }

    fn checked(&self) -> Result<Vec<Address>, StoreError> {
        let read = |start: &String| {
            let address = Address::alone(start).map_err(|why| StoreError::input(format!("{} cannot be crawled: {}", model::quoted(start), why.in_words())))?;
            self.way
                .reaches(address.as_str())
                .map_err(|refusal| StoreError::input(format!("{} cannot be crawled: {refusal}. Nothing was made. {}", model::quoted(start), self.way.instead(address.as_str()))))?;
            match self.scope.hosts.iter().any(|host| host == address.host()) && self.scope.origins.iter().any(|origin| origin == address.origin()) {
                true => Ok(address.without(&self.scope.without)),
                false => Err(StoreError::input(format!("{} is on a host that this crawl does not name: add --host", model::quoted(start)))),
            }
        };
        let starts = self.scope.starts.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if starts.is_empty() {
            return Err(StoreError::input("name at least one address where the crawl begins"));
        }
        Ok(starts)
    }
}

/// The permits of a crawl, asked again at every step, and the persona that it goes as, in its officer's session.
pub struct CrawlPermits<'s> {
    session: &'s Session,
    /// One for each host.
    collect: Vec<Permit>,
    /// To read links.
    examine: Permit,
    companion: Option<Companion>,
}

impl<'s> CrawlPermits<'s> {
    /// Asks for all of them. What can be refused without opening anything of a persona is refused first.
    ///
    /// # Errors
    /// Law 1, for the first host that no authority covers, and for who has not the persona; an address or a way that
    /// cannot be.
    pub fn ask(desk: &Desk, session: &'s Session, scope: &Scope, wish: &CrawlWish) -> Result<CrawlPermits<'s>, StoreError> {
        wish.checked()?;
        capture::may_go(desk, &wish.way, &wish.origin, &wish.hosts(), wish.persona.is_some())?;
        let companion = wish.persona.as_ref().map(|id| persona::take_on_a_crawl(desk, session, scope, id, &wish.hosts())).transpose()?;
        let under = companion.as_ref().map(|companion| &companion.authority);
        let collect = wish.intents(under).into_iter().map(|intent| desk.store.permit(scope, intent)).collect::<Result<Vec<_>, _>>()?;
        Ok(CrawlPermits { session, collect, examine: desk.store.permit(scope, wish.intent_to_read())?, companion })
    }

    /// What makes its persona easy to recognise.
    pub fn warnings(&self) -> Vec<String> {
        self.companion.as_ref().map(Companion::warnings).unwrap_or_default()
    }

    fn collecting(&self) -> Result<&Permit, StoreError> {
        self.collect.first().ok_or_else(|| StoreError::refused(Law::Permit, "a crawl needs a permit for each host"))
    }

    fn cover(&self, wish: &CrawlWish) -> Result<(), StoreError> {
        for_action(&self.examine, Action::Examine)?;
        if self.companion.as_ref().map(Companion::id) != wish.persona.as_ref() {
            return Err(StoreError::refused(Law::Permit, "a crawl that goes as a persona is carried on by the officer who has it"));
        }
        for intent in wish.intents(self.companion.as_ref().map(|companion| &companion.authority)) {
            if !self.collect.iter().any(|permit| permit.is_for(&intent)) {
                return Err(StoreError::refused(Law::Permit, format!("no permit names the host {}", intent.target.unwrap_or_default())));
            }
        }
        Ok(())
    }

    /// What the persona takes along on a round to these addresses.
    fn take_along(&self, desk: &Desk, scope: &Scope, pages: &[(Row, PageContent)]) -> Result<Option<Companion>, StoreError> {
        let Some(before) = &self.companion else { return Ok(None) };
        let urls: Vec<String> = pages.iter().map(|(_, page)| page.url.clone()).collect();
        persona::go_on_with(desk, self.session, scope, before, &capture::hosts(&urls)?).map(Some)
    }
}

/// What a crawl's row holds (sealed under the case key).
#[derive(Debug, Clone, Serialize, Deserialize)]
struct CrawlContent {
    wish: CrawlWish,
    begun: Moment,
    /// Page rows that there are: the next one gets this number.
    rows: u64,
    /// No page that waits has a lower number.
    from: u64,
    /// The lowest page that was let wait again while a round was under way: the end of that round does not pass it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back: Option<u64>,
    /// Pages that were let in; the page budget counts them.
    let_in: u64,
    round: Option<RoundState>,
    counts: Counts,
    left: BTreeMap<LeftOut, u64>,
    patterns: Patterns,
    /// Rounds one after the other that brought nothing.
    empty: u32,
    /// The crawl before it on its schedule.
    previous: Option<String>,
    schedule: Option<String>,
    /// Why it goes on no more.
    ended: Option<String>,
}

/// A round that was begun and not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RoundState {
    order: OrderId,
    /// Numbers of its pages, in the order of the order's URLs.
    pages: Vec<u64>,
    /// The exhibit that holds it, once it is sealed.
    exhibit: Option<ExhibitId>,
}

/// What a crawl has done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Pages that came, whole or up to the bound of one page.
    pub fetched: u64,
    /// Pages that did not come.
    pub failed: u64,
    /// Files robots.txt that were asked for, whether they came or not: they are no pages.
    #[serde(default)]
    pub robots: u64,
    /// Bytes of responses.
    pub bytes: u64,
    /// Rounds that were sealed.
    pub rounds: u64,
    /// Links that were read, those of known pages too.
    pub links: u64,
    /// Links beyond the bound of one page, which were counted only.
    pub beyond: u64,
    /// Circuits that Tor made for its rounds.
    #[serde(default)]
    pub circuits: u64,
    /// Pages that came and were not read for links, because the reader did not come to its end.
    #[serde(default)]
    pub unread: u64,
}

/// What a page's row holds (sealed under the case key).
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PageContent {
    url: String,
    depth: u32,
    via: LinkKind,
    /// The exhibit in which its link stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    found_in: Option<String>,
    #[serde(default)]
    tries: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    came: Option<Came>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read: Option<Read>,
    /// Why it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<LeftOut>,
    /// Why it did not come the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// Why its links were not read, although it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unread: Option<String>,
}

/// Where a page lies.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Came {
    exhibit: String,
    record: String,
    status: Option<u16>,
    bytes: u64,
    at: Moment,
    redirect: Option<String>,
}

/// What the child read in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Read {
    payload: model::Sha256Digest,
    simhash: Option<String>,
    words: u64,
    links: u64,
    beyond: u64,
    marks: Vec<Mark>,
    cut: bool,
}

/// A crawl as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct CrawlView {
    /// `K-0001`.
    pub crawl: String,
    /// `going`, `stopped` or `done`.
    pub state: String,
    /// When it began.
    pub begun: Moment,
    /// What may be asked for.
    pub scope: CrawlScope,
    /// The way.
    pub way: Way,
    /// It goes as a persona.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub as_persona: bool,
    /// Pages that wait.
    pub waiting: u64,
    /// Pages of the round that is being carried out.
    pub in_order: usize,
    /// How far that round is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Underway>,
    /// What it has done.
    #[serde(flatten)]
    pub counts: Counts,
    /// Addresses that were left out, by reason.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// The crawl before it on its schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Why it goes on no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// It ended because nothing came any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
}

fn page_id(crawl: &str, number: u64) -> String {
    format!("{crawl}.{number:08}")
}

fn by_address(crawl: &str, url: &str) -> String {
    format!("{crawl} {url}")
}

fn page_write(scope: &Scope, desk: &Desk, crawl: &str, number: u64, state: &str, content: &PageContent, over: Option<&Row>) -> Result<Write, StoreError> {
    let draft = Draft::new(PAGE, page_id(crawl, number), state);
    let draft = match over {
        Some(row) => draft.over(row),
        None => draft.under(crawl),
    };
    draft.found_by(BY_ADDRESS, by_address(crawl, &content.url)).write(scope, desk.now(), content)
}

fn crawl_write(desk: &Desk, scope: &Scope, row: &Row, state: &str, content: &CrawlContent) -> Result<Write, StoreError> {
    Draft::new(KIND, row.id.clone(), state).over(row).write(scope, desk.now(), content)
}

fn row_of(desk: &Desk, scope: &Scope, label: &str) -> Result<Row, StoreError> {
    let number = parse_label(label, 'K')?;
    let found = desk.store.numbered(scope, KIND, number)?;
    found.ok_or_else(|| StoreError::input(format!("there is no crawl {label} in this case: see `lanternfish collect status`")))
}

fn view(row: &Row) -> Result<CrawlView, StoreError> {
    let content: CrawlContent = row.content()?;
    let in_order = content.round.as_ref().map_or(0, |round| round.pages.len());
    let settled = content.counts.fetched + content.counts.failed + content.counts.robots + in_order as u64;
    let unanswered = row.state != GOING && (content.empty >= EMPTY_ROUNDS || content.counts.fetched == 0 && content.counts.failed > 0);
    Ok(CrawlView {
        crawl: crawl_label(row.number.unwrap_or(0)),
        state: row.state.clone(),
        begun: content.begun,
        scope: content.wish.scope,
        way: content.wish.way,
        as_persona: content.wish.persona.is_some(),
        waiting: content.let_in.saturating_sub(settled),
        in_order,
        now: None,
        counts: content.counts,
        left_out: content.left,
        previous: content.previous,
        unanswered,
        ended: content.ended,
    })
}

/// What the person who continues a crawl must be allowed.
///
/// # Errors
/// When there is no such crawl.
pub fn wish_of(desk: &Desk, scope: &Scope, label: &str) -> Result<CrawlWish, StoreError> {
    Ok(row_of(desk, scope, label)?.content::<CrawlContent>()?.wish)
}

/// Writes a new crawl down, with its first pages. Gives its label.
///
/// # Errors
/// An address that cannot be asked for; a permit that does not cover.
pub fn begin(desk: &Desk, scope: &Scope, permits: &CrawlPermits<'_>, wish: &CrawlWish) -> Result<String, StoreError> {
    begin_with(desk, scope, permits, wish, None, |_| Ok(vec![]))
}

fn begin_with(
    desk: &Desk,
    scope: &Scope,
    permits: &CrawlPermits<'_>,
    wish: &CrawlWish,
    schedule: Option<(&str, Option<String>)>,
    with: impl FnOnce(&str) -> Result<Vec<Write>, StoreError>,
) -> Result<String, StoreError> {
    permits.cover(wish)?;
    let mut starts = wish.checked()?;
    capture::not_stopped(desk, scope, &wish.hosts())?;
    starts.sort();
    starts.dedup();
    let id = fresh_blob()?.to_string().replace(BlobId::PREFIX, "crawl-");
    let mut content = CrawlContent {
        wish: wish.clone(),
        begun: desk.now(),
        rows: 0,
        from: 0,
        back: None,
        let_in: 0,
        round: None,
        counts: Counts::default(),
        left: BTreeMap::new(),
        patterns: Patterns::default(),
        empty: 0,
        previous: schedule.as_ref().and_then(|(_, previous)| previous.clone()),
        schedule: schedule.map(|(schedule, _)| schedule.to_string()),
        ended: None,
    };
    let mut rows = with(&id)?;
    for (address, via) in first_pages(wish, &starts) {
        let page = PageContent { url: address, depth: 0, via, found_in: None, tries: 0, came: None, read: None, left: None, trouble: None, unread: None };
        rows.push(page_write(scope, desk, &id, content.rows, WAITING, &page, None)?);
        content.rows += 1;
        content.let_in += 1;
    }
    rows.push(Draft::new(KIND, id.clone(), GOING).numbered().write(scope, desk.now(), &content)?);
    let detail = json!({"scope": wish.scope, "way": wish.way, "description": wish.description, "previous": content.previous, "as-persona": wish.persona.is_some()});
    desk.store.commit(scope, permits.collecting()?, NewEvent::new(EventType::CrawlBegun, Some(id.clone()), detail), rows)?;
    Ok(crawl_label(desk.store.get(scope, KIND, &id)?.number.unwrap_or(0)))
}

/// The pages that a crawl begins with. Where robots.txt is obeyed, the starts of a host wait for it.
fn first_pages(wish: &CrawlWish, starts: &[Address]) -> Vec<(String, LinkKind)> {
    match wish.scope.robots {
        RobotsPolicy::Ignore { .. } => starts.iter().map(|start| (start.as_str().to_string(), LinkKind::Start)).collect(),
        RobotsPolicy::Respect => {
            let mut origins: Vec<&str> = starts.iter().map(Address::origin).collect();
            origins.dedup();
            origins.into_iter().map(|origin| (format!("{origin}/robots.txt"), LinkKind::Robots)).collect()
        }
    }
}

/// What a crawl says while it runs, after each round.
pub enum Told<'a> {
    /// Tor builds its way.
    Tor(u8),
    /// A round of a desk that died is waited for.
    Waiting,
    /// How far the round is that runs, and the crawl as it was when that began.
    Under(&'a CrawlView, Underway),
    /// A round was read.
    Round(&'a CrawlView),
}

/// Carries a crawl on, round after round, until nothing waits, a budget is full, somebody stops it or the authority ends.
///
/// # Errors
/// Law 15 when the authority ends; a round that another desk carries out; what stops a capture.
pub fn run(desk: &Desk, scope: &Scope, permits: &CrawlPermits<'_>, label: &str, told: &mut dyn FnMut(Told<'_>)) -> Result<CrawlView, StoreError> {
    let id = row_of(desk, scope, label)?.id;
    let (mut road, mut first_elsewhere) = (None, 0);
    capture::sweep(desk, scope)?;
    loop {
        match one_step(desk, scope, permits, &id, &mut road, told) {
            // Somebody stopped it, or another desk was first: look again what there is to do.
            Err(StoreError::Conflict) if first_elsewhere < MOST_CONFLICTS => first_elsewhere += 1,
            Err(error) => return Err(refused_on_the_way(desk, scope, &id, label, error)?),
            Ok(Some(view)) => return Ok(view),
            Ok(None) => first_elsewhere = 0,
        }
    }
}

/// A crawl that may not go on is not left as one that goes: it is stopped, with the reason. What came while it was
/// allowed is kept, and its links are read under the next authority.
fn refused_on_the_way(desk: &Desk, scope: &Scope, id: &str, label: &str, error: StoreError) -> Result<StoreError, StoreError> {
    let StoreError::Refused { law: law @ (Law::Permit | Law::Restricted | Law::Revocation), text } = error else { return Ok(error) };
    if desk.store.get(scope, KIND, id)?.state == GOING {
        let keep = desk.store.permit(scope, Intent::to(Action::Transfer))?;
        end(desk, scope, &keep, id, STOPPED, &text)?;
    }
    Ok(StoreError::refused(law, format!("{text}; the crawl {label} is stopped, and what came is kept")))
}

/// The next step of a crawl; its view, when there is none.
fn one_step(
    desk: &Desk,
    scope: &Scope,
    permits: &CrawlPermits<'_>,
    id: &str,
    road: &mut Option<Road>,
    told: &mut dyn FnMut(Told<'_>),
) -> Result<Option<CrawlView>, StoreError> {
    let row = desk.store.get(scope, KIND, id)?;
    let content: CrawlContent = row.content()?;
    permits.cover(&content.wish)?;
    match &content.round {
        Some(RoundState { order, exhibit: None, .. }) => take_over(desk, scope, order, told)?,
        Some(RoundState { exhibit: Some(_), .. }) => {
            let row = read::round(desk, scope, permits, row)?;
            told(Told::Round(&view(&row)?));
        }
        None if row.state != GOING => return view(&row).map(Some),
        None => match next_round(desk, scope, &row, &content)? {
            Next::Refused(pages) => refused(desk, scope, &permits.examine, id, &pages)?,
            Next::Ended(state, why) => return end(desk, scope, &permits.examine, id, state, &why).map(Some),
            Next::Pages(pages) => {
                let companion = permits.take_along(desk, scope, &pages)?;
                let holds = |page: &PageContent| companion.as_ref().is_some_and(|companion| companion.stands_in(&page.url));
                let (held, pages): (Vec<_>, Vec<_>) = pages.into_iter().partition(|(_, page)| holds(page));
                if !held.is_empty() {
                    let held: Vec<_> = held.into_iter().map(|(row, page)| (row, PageContent { tries: TRIES, trouble: Some(LeftOut::Session.in_words().into()), ..page })).collect();
                    refused(desk, scope, &permits.examine, id, &held)?;
                    return Ok(None);
                }
                let road = match road {
                    Some(road) => road,
                    None => road.insert(Road::open(desk, &content.wish.way, |percent| told(Told::Tor(percent)))?),
                };
                if let Some(why) = fetch(desk, scope, permits, road, (&row, &content), (pages, companion), told)? {
                    return Err(StoreError::refused(Law::Revocation, why));
                }
            }
        },
    }
    Ok(None)
}

/// What comes next.
enum Next {
    Pages(Vec<(Row, PageContent)>),
    /// No order may hold these; each with its reason.
    Refused(Vec<(Row, PageContent)>),
    Ended(&'static str, String),
}

fn next_round(desk: &Desk, scope: &Scope, row: &Row, content: &CrawlContent) -> Result<Next, StoreError> {
    if content.counts.bytes >= content.wish.scope.bytes {
        return Ok(Next::Ended(DONE, "the byte budget is full".into()));
    }
    let ids = (page_id(&row.id, content.from), page_id(&row.id, content.rows));
    let rows = desk.store.stretch(scope, PAGE, (&ids.0, &ids.1), Some(WAITING), content.wish.round_pages)?;
    let (mut pages, mut refused) = (Vec::new(), Vec::new());
    for row in rows {
        let page: PageContent = row.content()?;
        // One address that this way does not reach must not end the order of all the others.
        if let Err(refusal) = content.wish.way.reaches(&page.url) {
            refused.push((row, PageContent { tries: TRIES, trouble: Some(format!("refused-destination: {refusal}")), ..page }));
            continue;
        }
        // robots.txt first: what it says decides about the others.
        if pages.iter().any(|(_, first): &(Row, PageContent)| (first.via == LinkKind::Robots) != (page.via == LinkKind::Robots)) {
            break;
        }
        pages.push((row, page));
    }
    if !refused.is_empty() {
        return Ok(Next::Refused(refused));
    }
    if pages.is_empty() {
        return Ok(Next::Ended(DONE, "no page waits".into()));
    }
    if content.empty >= EMPTY_ROUNDS {
        return Ok(Next::Ended(STOPPED, format!("{EMPTY_ROUNDS} rounds one after the other brought no page")));
    }
    Ok(Next::Pages(pages))
}

/// Writes down that pages did not come, because no order may hold their addresses.
fn refused(desk: &Desk, scope: &Scope, permit: &Permit, id: &str, pages: &[(Row, PageContent)]) -> Result<(), StoreError> {
    change(desk, scope, permit, id, |row, content| {
        let robots = pages.iter().filter(|(_, page)| page.via == LinkKind::Robots).count() as u64;
        content.counts.robots += robots;
        content.counts.failed += pages.len() as u64 - robots;
        let failed = |(over, page): &(Row, PageContent)| page_write(scope, desk, id, number_of(&over.id)?, FAILED, page, Some(over));
        Ok((if row.state == GOING { GOING } else { STOPPED }, pages.iter().map(failed).collect::<Result<Vec<_>, _>>()?))
    })
    .map(|_| ())
}

fn number_of(id: &str) -> Result<u64, StoreError> {
    id.rsplit_once('.').and_then(|(_, digits)| digits.parse().ok()).ok_or_else(|| StoreError::damaged("the number of a page"))
}

/// Carries out one round: order, capture, exhibit. Gives the reason, when the authority ended meanwhile.
fn fetch(
    desk: &Desk,
    scope: &Scope,
    permits: &CrawlPermits<'_>,
    road: &Road,
    (row, content): (&Row, &CrawlContent),
    (pages, companion): (Vec<(Row, PageContent)>, Option<Companion>),
    told: &mut dyn FnMut(Told<'_>),
) -> Result<Option<String>, StoreError> {
    let wish = CaptureWish {
        urls: pages.iter().map(|(_, page)| page.url.clone()).collect(),
        way: content.wish.way.clone(),
        origin: content.wish.origin.clone(),
        byte_budget: content.wish.scope.bytes.saturating_sub(content.counts.bytes).min(ROUND_BYTES.max(content.wish.scope.page_bytes)),
        timeout_ms: content.wish.timeout_ms,
        description: format!("{}, round {}: {}", crawl_label(row.number.unwrap_or(0)), content.counts.rounds + 1, content.wish.description),
        persona: companion,
        // A crawl follows links in text; what they lead to beside text is left where it is.
        media: false,
        browser: None,
    };
    let numbers = pages.iter().map(|(row, _)| number_of(&row.id)).collect::<Result<Vec<u64>, _>>()?;
    let taken = |order: &OrderId| {
        let mut next = content.clone();
        next.back = None;
        next.from = numbers.first().copied().unwrap_or(content.from);
        next.round = Some(RoundState { order: order.clone(), pages: numbers.clone(), exhibit: None });
        // Over the version that was read: another desk that took a round meanwhile makes this a conflict.
        Ok(vec![crawl_write(desk, scope, row, &row.state, &next)?])
    };
    let round = capture::Round { crawl: &row.id, page_bytes: content.wish.scope.page_bytes, pause_ms: content.wish.scope.pause_ms, taken: &taken };
    let before = view(row)?;
    let mut hear = |under| told(Told::Under(&before, under));
    Ok(capture::along(desk, scope, &permits.collect, &wish, road, Errand::round(&round, &mut hear))?.stopped)
}

/// Ends a round whose desk died: what was signed is sealed, otherwise its pages wait again.
fn take_over(desk: &Desk, scope: &Scope, order: &OrderId, told: &mut dyn FnMut(Told<'_>)) -> Result<(), StoreError> {
    if desk.store.is_shared() && !capture::is_here(desk, order) {
        return take_over_from_another_machine(desk, scope, order, told);
    }
    let since = Instant::now();
    if capture::is_attended(desk, order) && !capture::is_held(desk, order) {
        told(Told::Waiting);
    }
    while capture::is_attended(desk, order) {
        if capture::is_held(desk, order) || since.elapsed() > PATIENCE {
            return Err(StoreError::Environment { attempt: "going on with the crawl".into(), cause: "another desk carries out its round: see `lanternfish collect status`".into() });
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    capture::recover_one(desk, scope, order)
}

/// Ends a round that another machine began, when its desk has lost its turn and its collector's lease must be over: what
/// that machine has in its spool is not here and can never become evidence, so the round's pages wait again.
fn take_over_from_another_machine(desk: &Desk, scope: &Scope, order: &OrderId, told: &mut dyn FnMut(Told<'_>)) -> Result<(), StoreError> {
    let Some(turn) = desk.store.take_turn(order.as_str())? else {
        return Err(StoreError::Environment { attempt: "going on with the crawl".into(), cause: "a desk on another machine carries out its round: see `lanternfish collect status`".into() });
    };
    told(Told::Waiting);
    let since = Instant::now();
    while since.elapsed() < capture::AFTER_ITS_DESK {
        turn.holds()?;
        std::thread::sleep(Duration::from_millis(500));
    }
    capture::give_up(desk, scope, order)
}

/// What the end of a round's order writes into its crawl: the exhibit, or that there is none and its pages wait again.
pub(crate) fn round_ended(desk: &Desk, scope: &Scope, crawl: Option<&str>, order: &OrderId, exhibit: Option<&ExhibitId>) -> Result<Option<Write>, StoreError> {
    let Some(crawl) = crawl else { return Ok(None) };
    let row = desk.store.get(scope, KIND, crawl)?;
    let mut content: CrawlContent = row.content()?;
    let Some(round) = content.round.as_mut().filter(|round| round.order == *order) else { return Ok(None) };
    match exhibit {
        Some(exhibit) => round.exhibit = Some(exhibit.clone()),
        None => {
            content.round = None;
            content.back = None;
            content.empty += 1;
        }
    }
    crawl_write(desk, scope, &row, &row.state, &content).map(Some)
}

fn end(desk: &Desk, scope: &Scope, permit: &Permit, id: &str, state: &'static str, why: &str) -> Result<CrawlView, StoreError> {
    change(desk, scope, permit, id, |_, content| {
        content.ended = Some(why.to_string());
        Ok((state, vec![]))
    })
}

/// Changes a crawl's row, again when another desk was first.
fn change(
    desk: &Desk,
    scope: &Scope,
    permit: &Permit,
    id: &str,
    change: impl Fn(&Row, &mut CrawlContent) -> Result<(&'static str, Vec<Write>), StoreError>,
) -> Result<CrawlView, StoreError> {
    again(|| {
        let row = desk.store.get(scope, KIND, id)?;
        let mut content: CrawlContent = row.content()?;
        let (state, mut rows) = change(&row, &mut content)?;
        rows.push(crawl_write(desk, scope, &row, state, &content)?);
        let detail = json!({"crawl": crawl_label(row.number.unwrap_or(0)), "state": state, "why": content.ended, "counts": content.counts, "left-out": content.left});
        desk.store.commit(scope, permit, NewEvent::new(EventType::CrawlChanged, Some(id.to_string()), detail), rows).map(|_| ())
    })?;
    view(&desk.store.get(scope, KIND, id)?)
}

/// Stops a crawl: the round that runs is finished and sealed, no other begins. Needs no authority.
///
/// # Errors
/// When it goes on no more already.
pub fn stop(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str) -> Result<CrawlView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let row = row_of(desk, scope, label)?;
    if row.state != GOING {
        return Err(StoreError::input(format!("{label} goes on no more: it is {}", row.state)));
    }
    end(desk, scope, permit, &row.id, STOPPED, reason)
}

/// Lets a crawl go on; with `failed`, the pages that did not come wait again.
///
/// # Errors
/// When a permit does not cover.
pub fn reopen(desk: &Desk, scope: &Scope, permits: &CrawlPermits<'_>, label: &str, failed: bool) -> Result<CrawlView, StoreError> {
    let row = row_of(desk, scope, label)?;
    permits.cover(&row.content::<CrawlContent>()?.wish)?;
    if row.state == GOING && !failed {
        return view(&row);
    }
    while failed && some_wait_again(desk, scope, permits, &row.id)? {}
    change(desk, scope, permits.collecting()?, &row.id, |_, content| {
        (content.ended, content.empty) = (None, 0);
        Ok((GOING, vec![]))
    })
}

/// Pages of one step in which failed ones wait again.
const AT_ONCE: u32 = 500;

fn some_wait_again(desk: &Desk, scope: &Scope, permits: &CrawlPermits<'_>, id: &str) -> Result<bool, StoreError> {
    let rows = desk.store.stretch(scope, PAGE, (&page_id(id, 0), &page_id(id, 99_999_999)), Some(FAILED), AT_ONCE)?;
    let Some(first) = rows.first() else { return Ok(false) };
    let first = number_of(&first.id)?;
    let pages = rows.iter().map(Row::content::<PageContent>).collect::<Result<Vec<_>, _>>()?;
    change(desk, scope, permits.collecting()?, id, |row, content| {
        content.from = content.from.min(first);
        content.back = content.round.as_ref().map(|_| content.back.map_or(first, |back| back.min(first)));
        let robots = pages.iter().filter(|page| page.via == LinkKind::Robots).count() as u64;
        content.counts.robots = content.counts.robots.saturating_sub(robots);
        content.counts.failed = content.counts.failed.saturating_sub(rows.len() as u64 - robots);
        let wait = |one: &Row| {
            let page = PageContent { tries: 0, ..one.content()? };
            page_write(scope, desk, id, number_of(&one.id)?, WAITING, &page, Some(one))
        };
        Ok((if row.state == GOING { GOING } else { STOPPED }, rows.iter().map(wait).collect::<Result<Vec<_>, _>>()?))
    })?;
    Ok(true)
}

/// What runs and what was crawled in a case.
#[derive(Debug, Clone)]
pub struct Status {
    /// Its crawls, each with how far its round is that runs.
    pub crawls: Vec<CrawlView>,
    /// Captures that run and are no round of a crawl.
    pub captures: Vec<Underway>,
}

/// The crawls of the case and the captures that run, or one crawl: one event.
///
/// # Errors
/// When the permit is not to view.
pub fn status(desk: &Desk, scope: &Scope, permit: &Permit, label: Option<&str>) -> Result<Status, StoreError> {
    for_action(permit, Action::View)?;
    let rows = match label {
        Some(label) => vec![row_of(desk, scope, label)?],
        None => desk.store.list(scope, KIND)?,
    };
    let captures = if label.is_none() { capture::alone(desk, scope)? } else { vec![] };
    let detail = json!({"query": "crawls", "count": rows.len(), "captures": captures.len()});
    desk.store.commit(scope, permit, NewEvent::new(EventType::CrawlConsulted, None, detail), vec![])?;
    let crawls = rows.iter().map(|row| with_its_round(desk, scope, row)).collect::<Result<Vec<_>, _>>()?;
    Ok(Status { crawls, captures })
}

fn with_its_round(desk: &Desk, scope: &Scope, row: &Row) -> Result<CrawlView, StoreError> {
    let running = row.content::<CrawlContent>()?.round.filter(|round| round.exhibit.is_none());
    let now = running.map(|round| capture::of_order(desk, scope, &round.order)).transpose()?.flatten();
    Ok(CrawlView { now, ..view(row)? })
}
