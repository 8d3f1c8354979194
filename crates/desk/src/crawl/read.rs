//! Reads the links of a sealed round, and writes down what became of each of its pages.
//!
//! The caged child reads the exhibit's bytes; this file decides only about addresses. It refuses to open a
//! restricted exhibit: its pages count as fetched, and nothing is read in them (law 7). What is found is written in
//! steps of bounded size; a desk that dies in between reads again, and what is known already is passed over.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use model::{
    Sha256Digest,
    capture::{CaptureRecord, Fetch, FetchOutcome},
    crawl::{Address, LeftOut, Link, LinkKind, PageRead, RobotRules, RobotsPolicy},
    event::EventType,
    exhibit::ExhibitClass,
    known::class_after,
};
use parse::{Budget, Ended, Finding, MemberHead, MemberTail, Sink, SinkError, Task};
use serde_json::{Value, json};
use store::{Digests, NewEvent, Row, Scope, StoreError, Write};

use super::{
    BY_ADDRESS, Came, CrawlContent, CrawlPermits, FAILED, FETCHED, KIND, LEFT_OUT, PAGE, PageContent, Read, RoundState, TRIES, WAITING, by_address,
    crawl_label, crawl_write, page_id, page_write,
};
use crate::{
    Desk,
    admit::{self, ExhibitContent},
    examine::BlobSource,
    known::Known,
    reclassify,
    row::{Draft, exhibit_label},
};

/// Rows of the robots rules of a host.
const ROBOTS: &str = "crawl-robots";
/// New pages of one step.
const STEP: usize = 2_000;
/// Pages of one round on which the reader may fall, each left out of the next reading of the others.
const MOST_FALLS: usize = 16;
/// Longest that a round is read again and again.
const READ_AGAIN_FOR: Duration = Duration::from_secs(900);
/// Addresses that are remembered as known, so that the same few are not asked for again and again.
const REMEMBERED: usize = 100_000;

/// What the child may spend on one round.
fn budget() -> Budget {
    Budget { wall_ms: 900_000, cpu_s: 600, memory_bytes: 256 << 20, output_bytes: 16 << 30, depth: 2, members: 1_000_000, ..Budget::default() }
}

/// Reads the round that is sealed, and closes it. Gives the crawl's row as it is then.
pub(super) fn round(desk: &Desk, scope: &Scope, permits: &CrawlPermits<'_>, row: Row) -> Result<Row, StoreError> {
    let content: CrawlContent = row.content()?;
    let round = content.round.clone().filter(|round| round.exhibit.is_some()).ok_or_else(|| StoreError::damaged("a round that is not sealed"))?;
    let exhibit_row = desk.store.get(scope, "exhibit", round.exhibit.as_ref().expect("asked above").as_str())?;
    let exhibit: ExhibitContent = exhibit_row.content()?;
    let record: CaptureRecord = exhibit.record.as_ref().and_then(|held| serde_json::from_value(held["record"].clone()).ok()).ok_or_else(|| StoreError::damaged("the record of a round"))?;
    let mut reading = Reading::begin(desk, scope, permits, row, content, &round, &record)?;
    reading.circuits = exhibit.record.as_ref().and_then(|held| held["circuits"].as_array()).map_or(0, |circuits| circuits.len() as u64);
    let trouble = if exhibit.class.is_restricted() {
        reading.closed = true;
        Some(format!("it is {}: nothing was read in it", exhibit.class.name()))
    } else {
        reading.read(&exhibit_row, &exhibit)?
    };
    if let Some(class) = reading.restricted {
        reclassify::becomes_restricted(desk, scope, &exhibit_label(exhibit_row.number.unwrap_or(0)), class)?;
        reading.forget();
    }
    reading.close(trouble)
}

struct Reading<'a> {
    desk: &'a Desk,
    scope: &'a Scope,
    permits: &'a CrawlPermits<'a>,
    row: Row,
    content: CrawlContent,
    round: &'a RoundState,
    exhibit: String,
    /// Circuits that the desk saw while it was captured.
    circuits: u64,
    /// The fetch of each page, by its place in the round.
    fetches: Vec<&'a Fetch>,
    /// Each page's row and content, by its place in the round.
    pages: Vec<(Row, PageContent)>,
    /// The place of a page, by the record of its response.
    places: BTreeMap<&'a str, usize>,
    /// What is compared with the body of each page before anything of it is used.
    lists: Known,
    /// The class of what a list holds of it.
    restricted: Option<ExhibitClass>,
    /// The record that the child opened last and has not told about.
    opening: Option<String>,
    /// The pages on which the child fell, by their place, and how.
    fell: BTreeMap<usize, String>,
    robots: BTreeMap<String, RobotRules>,
    new_robots: Vec<Write>,
    known: BTreeSet<[u8; 16]>,
    ready: Vec<Write>,
    found: Vec<String>,
    /// No link is followed any more.
    closed: bool,
    /// Why a step of this reading was not written.
    failed: Option<StoreError>,
}

impl<'a> Reading<'a> {
    fn begin(
        desk: &'a Desk,
        scope: &'a Scope,
        permits: &'a CrawlPermits<'a>,
        row: Row,
        content: CrawlContent,
        round: &'a RoundState,
        record: &'a CaptureRecord,
    ) -> Result<Self, StoreError> {
        let pages = round
            .pages
            .iter()
            .map(|number| {
                let row = desk.store.get(scope, PAGE, &page_id(&row.id, *number))?;
                let page: PageContent = row.content()?;
                Ok((row, page))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let fetches: Vec<&Fetch> = record.fetches.iter().collect();
        // The order named these pages in this order; a record about others closes nothing.
        if fetches.len() != pages.len() || fetches.iter().zip(&pages).any(|(fetch, (_, page))| fetch.url != page.url) {
            return Err(StoreError::damaged("a round's record that is about other pages"));
        }
        let places = fetches.iter().enumerate().filter_map(|(place, fetch)| Some((fetch.response_record.as_deref()?, place))).collect();
        let robots = desk
            .store
            .list_of(scope, ROBOTS, &row.id)?
            .iter()
            .map(|one| one.content::<(String, RobotRules)>())
            .collect::<Result<_, _>>()?;
        let exhibit = round.exhibit.as_ref().map(ToString::to_string).unwrap_or_default();
        Ok(Reading {
            desk, scope, permits, row, content, round, exhibit, circuits: 0, fetches, pages, places, robots, lists: Known::open(desk, scope)?, restricted: None,
            opening: None, fell: BTreeMap::new(), new_robots: vec![], known: BTreeSet::new(), ready: vec![], found: vec![], closed: false, failed: None,
        })
    }

    /// Lets the child read. Gives what went wrong, in words; what was read before that counts.
    fn read(&mut self, exhibit_row: &Row, exhibit: &ExhibitContent) -> Result<Option<String>, StoreError> {
        let (desk, scope, permit) = (self.desk, self.scope, &self.permits.examine);
        desk.store.cover(scope, permit, &exhibit.origin)?;
        let blob = exhibit.blob.as_ref().ok_or_else(|| StoreError::damaged("a round without bytes"))?;
        let mut source: BlobSource = match desk.store.read_blob(scope, permit, blob) {
            Ok(readable) => readable.into(),
            Err(error) => return Err(admit::anomaly(desk, scope, exhibit_row, error)?),
        };
        let last = std::cell::Cell::new(Instant::now());
        let stop = || {
            if last.get().elapsed() < Duration::from_secs(1) {
                return false;
            }
            last.set(Instant::now());
            desk.store.still_live(scope, permit).is_err() || admit::still_open(desk, scope, blob).is_err()
        };
        let begun = Instant::now();
        loop {
            self.opening = None;
            let task = Task::Pages { without: self.passed_over() };
            let outcome = match parse::run(desk.exe(), &task, &budget(), &mut source, self, &stop) {
                Ok(outcome) => outcome,
                Err(error) => {
                    let own = self.failed.take();
                    return Err(own.unwrap_or_else(|| StoreError::Environment { attempt: "reading the links of a round".into(), cause: error.to_string() }));
                }
            };
            if let Some(class) = self.restricted {
                return Ok(Some(format!("a known-hash list holds one of its pages, so it is {} now: nothing more was read in it", class.name())));
            }
            match outcome.ended {
                Ended::Done => return Ok(None),
                // Stopped from outside: the authority ended, or the item is restricted now. The next reading asks again.
                Ended::Stopped => {
                    desk.store.still_live(scope, permit)?;
                    return Ok(Some("the reading was stopped, because the item became restricted".into()));
                }
                other => {
                    let why = format!("the links were not read to their end: {other:?}");
                    // One page hides no other: the rest of the round is read again without it.
                    if !self.falls_on_a_page(&why) || begun.elapsed() > READ_AGAIN_FOR {
                        return Ok(Some(why));
                    }
                }
            }
        }
    }

    /// Notes on which page the child fell. False when that is not known, or it falls again and again.
    fn falls_on_a_page(&mut self, why: &str) -> bool {
        let place = self.opening.take().and_then(|record| self.places.get(record.as_str()).copied());
        let Some(place) = place.filter(|_| self.fell.len() < MOST_FALLS) else { return false };
        self.fell.insert(place, format!("{why}; the other pages of its round were read without it")).is_none()
    }

    /// The records that another reading of the round leaves unopened: what was read, and where the child fell.
    fn passed_over(&self) -> BTreeSet<String> {
        let read = |place: &usize| self.pages[*place].1.read.is_some() || self.fell.contains_key(place);
        self.places.iter().filter(|(_, place)| read(place)).map(|(record, _)| record.to_string()).collect()
    }

    fn page(&mut self, page: PageRead) -> Result<(), StoreError> {
        let Some(place) = self.places.get(page.record.as_str()).copied().filter(|_| self.restricted.is_none()) else { return Ok(()) };
        let hits = self.lists.hits(Digests { sha256: page.payload, sha1: None, md5: None })?;
        let class = class_after(ExhibitClass::Ordinary, &hits);
        if class.is_restricted() {
            self.restricted = Some(class);
            return Ok(());
        }
        let own = &self.pages[place].1;
        let (depth, via, url) = (own.depth, own.via, own.url.clone());
        self.content.counts.links += page.links.len() as u64;
        self.content.counts.beyond += page.beyond;
        if let (LinkKind::Robots, Some(rules)) = (via, &page.robots) {
            self.rules(&url, self.fetches[place].outcome.clone(), Some(rules.clone()))?;
        } else if let Ok(address) = Address::alone(&url) {
            let base = page.base.as_deref().and_then(|base| address.found(base).ok()).unwrap_or(address);
            for link in &page.links {
                self.link(&base, link, depth + 1)?;
            }
        }
        self.pages[place].1.read = Some(Read {
            payload: page.payload,
            simhash: page.simhash,
            words: page.words,
            links: page.links.len() as u64,
            beyond: page.beyond,
            marks: page.marks,
            cut: page.cut,
        });
        if self.ready.len() >= STEP { self.step() } else { Ok(()) }
    }

    /// Lets go of what was found and not written: nothing is used of an exhibit that became restricted.
    fn forget(&mut self) {
        for write in std::mem::take(&mut self.ready) {
            self.content.let_in -= u64::from(write.head.state == WAITING);
        }
        self.found.clear();
        self.pages.iter_mut().for_each(|(_, page)| page.read = None);
        // Redirects stand in the collector's own record, and are of no use either.
        self.closed = true;
    }

    /// Keeps a host's robots rules (RFC 9309 §2.3.1: a client's error lets all in, a server's nothing), and lets its
    /// starts in.
    fn rules(&mut self, url: &str, outcome: FetchOutcome, read: Option<RobotRules>) -> Result<(), StoreError> {
        let Ok(address) = Address::alone(url) else { return Ok(()) };
        let rules = match outcome {
            FetchOutcome::Complete { status: 200..=299 } => read.unwrap_or_default(),
            FetchOutcome::Complete { status: 400..=499 } => RobotRules::default(),
            _ => RobotRules::closed(),
        };
        let origin = address.origin().to_string();
        if self.robots.insert(origin.clone(), rules.clone()).is_none() {
            let id = format!("{}.{}", self.row.id, self.robots.len());
            self.new_robots.push(Draft::new(ROBOTS, id, "read").under(&self.row.id).write(self.scope, self.desk.now(), &(origin.clone(), &rules))?);
        }
        for start in self.content.wish.scope.starts.clone() {
            if Address::alone(&start).is_ok_and(|start| start.origin() == origin) {
                self.link(&address, &Link { kind: LinkKind::Start, to: start }, 0)?;
            }
        }
        for sitemap in &rules.sitemaps {
            self.link(&address, &Link { kind: LinkKind::Sitemap, to: sitemap.clone() }, 1)?;
        }
        Ok(())
    }

    /// One link: known already, or let in, or left out with its reason.
    fn link(&mut self, base: &Address, link: &Link, depth: u32) -> Result<(), StoreError> {
        let (url, verdict) = match base.found(&link.to) {
            Ok(address) => {
                let address = address.without(&self.content.wish.scope.without);
                if self.is_known(address.as_str())? {
                    return Ok(());
                }
                let wish = &self.content.wish;
                let verdict = if wish.persona.is_some() && address.is_covered() {
                    Err(LeftOut::Session)
                } else if wish.persona.is_some() && address.ends_session() {
                    Err(LeftOut::EndsSession)
                } else if self.content.let_in >= wish.scope.pages.saturating_add(self.robot_pages()) {
                    wish.scope.lets_in(&address, depth, &self.robots, None).and(Err(LeftOut::Pages))
                } else {
                    wish.scope.lets_in(&address, depth, &self.robots, Some(&mut self.content.patterns))
                };
                (address.as_str().to_string(), verdict)
            }
            Err(why) => {
                // Not an address: it is shown as it was written, as far as it may be long.
                let mut written = link.to.clone();
                written.truncate(written.floor_char_boundary(200));
                if self.is_known(&written)? {
                    return Ok(());
                }
                (written, Err(why))
            }
        };
        let state = match verdict {
            Ok(()) => {
                self.content.let_in += 1;
                WAITING
            }
            Err(why) => {
                let count = self.content.left.entry(why).or_insert(0);
                *count += 1;
                // Beyond as many as the page budget, what is left out for one reason is counted only.
                if *count > self.content.wish.scope.pages.max(1_000) {
                    return Ok(());
                }
                LEFT_OUT
            }
        };
        let page = PageContent { url, depth, via: link.kind, found_in: Some(self.exhibit.clone()), tries: 0, came: None, read: None, left: verdict.err(), trouble: None, unread: None };
        let number = self.content.rows;
        self.content.rows += 1;
        self.ready.push(page_write(self.scope, self.desk, &self.row.id, number, state, &page, None)?);
        self.found.push(page.url);
        Ok(())
    }

    /// robots.txt itself is not counted among the pages.
    fn robot_pages(&self) -> u64 {
        if self.content.wish.scope.robots == RobotsPolicy::Respect { self.content.wish.scope.hosts.len() as u64 } else { 0 }
    }

    /// Whether the address is known to the crawl; from now on it is.
    fn is_known(&mut self, url: &str) -> Result<bool, StoreError> {
        let digest = Sha256Digest::of(url.as_bytes());
        let short: [u8; 16] = digest.0[..16].try_into().expect("a digest has 32 bytes");
        if self.known.contains(&short) {
            return Ok(true);
        }
        if self.known.len() >= REMEMBERED {
            // What is ready is in no row yet, so it is written before it is forgotten.
            if !self.ready.is_empty() {
                self.step()?;
            }
            self.known.clear();
        }
        self.known.insert(short);
        self.desk.store.holds(self.scope, PAGE, BY_ADDRESS, &by_address(&self.row.id, url))
    }

    /// Writes what was found so far.
    fn step(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.ready);
        self.commit(rows, json!({}))
    }

    fn commit(&mut self, mut rows: Vec<Write>, more: Value) -> Result<(), StoreError> {
        let found = std::mem::take(&mut self.found);
        rows.append(&mut self.new_robots);
        rows.push(crawl_write(self.desk, self.scope, &self.row, &self.row.state, &self.content)?);
        let mut detail = json!({
            "crawl": crawl_label(self.row.number.unwrap_or(0)), "exhibit": self.exhibit, "found": found.len(),
            "results": Sha256Digest::of(found.join("\n").as_bytes()), "method": extract::METHOD,
        });
        if let (Value::Object(detail), Value::Object(more)) = (&mut detail, more) {
            detail.extend(more);
        }
        let event = NewEvent::new(EventType::CrawlRead, Some(self.row.id.clone()), detail);
        self.desk.store.commit(self.scope, &self.permits.examine, event, rows)?;
        self.row = self.desk.store.get(self.scope, KIND, &self.row.id)?;
        // Somebody may have stopped the crawl meanwhile: that is a conflict above, and this reading begins again.
        Ok(())
    }

    /// What became of each page, and the end of the round.
    fn close(mut self, trouble: Option<String>) -> Result<Row, StoreError> {
        let mut came = 0;
        for place in 0..self.pages.len() {
            let fetch = self.fetches[place];
            let (via, url, depth) = { let page = &self.pages[place].1; (page.via, page.url.clone(), page.depth) };
            let again = self.settle(place);
            if via == LinkKind::Robots && !again && Address::alone(&url).is_ok_and(|address| !self.robots.contains_key(address.origin())) {
                // A file that could not be read is not an empty one.
                let unread = (self.closed || trouble.is_some() || self.fell.contains_key(&place)).then(RobotRules::closed);
                self.rules(&url, fetch.outcome.clone(), unread)?;
            }
            if self.closed {
                // Nothing of it is used.
            } else if let (Some(to), Ok(address), false) = (&fetch.redirect, Address::alone(&url), via == LinkKind::Robots) {
                // A redirect is as far away as the page that gives it.
                self.link(&address, &Link { kind: LinkKind::Redirect, to: to.clone() }, depth)?;
            }
            came += u64::from(self.pages[place].1.came.is_some());
            let fell = self.fell.get(&place).cloned();
            self.not_read(place, fell.as_deref().or(trouble.as_deref()));
            self.content.counts.bytes += fetch.response_bytes;
        }
        self.content.empty = if came == 0 { self.content.empty + 1 } else { 0 };
        self.content.counts.rounds += 1;
        self.content.counts.circuits += self.circuits;
        let fell: BTreeMap<u64, String> = std::mem::take(&mut self.fell).into_iter().map(|(place, why)| (self.round.pages[place], why)).collect();
        let mut rows = std::mem::take(&mut self.ready);
        let pages = std::mem::take(&mut self.pages);
        for ((row, page), number) in pages.iter().zip(&self.round.pages) {
            let state = match (&page.came, page.tries >= TRIES) {
                (Some(_), _) => FETCHED,
                (None, true) => FAILED,
                (None, false) => WAITING,
            };
            match state {
                FETCHED | FAILED if page.via == LinkKind::Robots => self.content.counts.robots += 1,
                FETCHED => self.content.counts.fetched += 1,
                FAILED => self.content.counts.failed += 1,
                _ => {}
            }
            rows.push(page_write(self.scope, self.desk, &self.row.id, *number, state, page, Some(row))?);
        }
        // A page that waits again keeps its number: the next round begins with it.
        let waits = pages.iter().zip(&self.round.pages).filter(|((_, page), _)| page.came.is_none() && page.tries < TRIES).map(|(_, number)| *number).min();
        let after = self.round.pages.iter().max().map_or(self.content.from, |last| last + 1);
        self.content.from = waits.unwrap_or(after).min(self.content.back.take().unwrap_or(u64::MAX));
        self.content.round = None;
        self.commit(rows, json!({"pages": pages.len(), "came": came, "trouble": trouble, "fell": fell}))?;
        Ok(self.row)
    }

    /// Writes into a page that came and holds something to read why nothing was read in it.
    fn not_read(&mut self, place: usize, trouble: Option<&str>) {
        let fetch = self.fetches[place];
        let text = matches!(fetch.outcome, FetchOutcome::Complete { status: 200..=299 }) || matches!(&fetch.outcome, FetchOutcome::Partial { reason, .. } if reason == "page-budget");
        let page = &mut self.pages[place].1;
        page.unread = trouble.filter(|_| text && page.came.is_some() && page.read.is_none()).map(str::to_string);
        self.content.counts.unread += u64::from(page.unread.is_some());
    }

    /// Writes into a page how its fetch ended; true when it is to be asked for again.
    fn settle(&mut self, place: usize) -> bool {
        let fetch = self.fetches[place];
        let exhibit = self.exhibit.clone();
        let page = &mut self.pages[place].1;
        let (status, reason) = match &fetch.outcome {
            FetchOutcome::Complete { status } => (Some(*status), None),
            // As much as one page may be, or no text: it would not be more the next time.
            FetchOutcome::Partial { status, reason } if matches!(reason.as_str(), "page-budget" | "not-text") => (*status, Some(reason.clone())),
            FetchOutcome::Partial { reason, .. } | FetchOutcome::Failed { reason } => {
                page.trouble = Some(reason.clone());
                match reason.as_str() {
                    // Nothing that the page did.
                    "lease-lapsed" | "budget" => {}
                    _ if reason.starts_with("refused-destination") => page.tries = TRIES,
                    _ => page.tries += 1,
                }
                page.read = None;
                return page.tries < TRIES;
            }
        };
        page.trouble = reason;
        page.came = Some(Came {
            exhibit,
            record: fetch.response_record.clone().unwrap_or_default(),
            status,
            bytes: fetch.response_bytes,
            at: fetch.ended,
            redirect: fetch.redirect.clone(),
        });
        false
    }
}

impl Sink for Reading<'_> {
    fn begin(&mut self, _head: &MemberHead) -> Result<(), SinkError> {
        Err(SinkError::from("a member where pages were asked for".to_string()))
    }

    fn data(&mut self, _id: u32, _bytes: &[u8]) -> Result<(), SinkError> {
        Err(SinkError::from("bytes where pages were asked for".to_string()))
    }

    fn end(&mut self, _tail: &MemberTail) -> Result<(), SinkError> {
        Ok(())
    }

    fn abandon(&mut self, _id: u32, _reason: &str) {}

    fn finding(&mut self, _finding: &Finding) {}

    fn selectors(&mut self, _values: Vec<Value>) -> Result<(), SinkError> {
        Err(SinkError::from("selectors where pages were asked for".to_string()))
    }

    fn opening(&mut self, record: &str) {
        self.opening = Some(record.to_string());
    }

    fn page(&mut self, value: Value) -> Result<(), SinkError> {
        // What the child cannot say in our words it did not read.
        self.opening = None;
        let Ok(page) = serde_json::from_value::<PageRead>(value) else { return Ok(()) };
        Reading::page(self, page).map_err(|error| {
            let told = error.to_string();
            self.failed = Some(error);
            SinkError::from(told)
        })
    }
}
