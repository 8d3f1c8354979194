//! Large inputs in windows. A window is cut where no selector can lie across the cut (between two
//! blocks of a page, between two lines), overlaps the next one, and reports only what starts before
//! its cut; so memory follows the window, offsets are absolute and nothing is found twice.
//! Limit: a single HTML element or line longer than the overlap can be read as text at a seam.

use model::selector::{Cue, FoundSelector, SelectorState, SelectorType};

use crate::flat::{Flat, Writer, Zone, has_invisible};
use crate::pass::Pass;
use crate::phone::{self, Region};
use crate::verdict::{Hit, Verdict};
use crate::{chance_of, cues, decode, html, resolve};

/// Bytes that a window reads beyond its cut: the longest selector fits.
pub(crate) const OVERLAP: usize = 1 << 20;
/// Bytes before the cut that the next window reads again, for the words around a selector.
const LOOK_BACK: usize = 4096;

/// What is found in one window, and where the next one begins.
pub(crate) struct Outcome {
    pub found: Vec<FoundSelector>,
    /// First byte of the next window, relative to this one.
    pub next: usize,
}

/// The state that goes from window to window.
#[derive(Debug, Default)]
pub(crate) struct Seam {
    /// Absolute: selectors that start before it were reported by an earlier window.
    reported: u64,
    /// Absolute: end of the last armoured block, inside which nothing else is read.
    covered: u64,
    phones: phone::Judge,
}

/// How a window is to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub html: bool,
    pub json: bool,
    pub region: Option<Region>,
}

impl Seam {
    /// Scans one window that begins at the absolute offset `base`; `last` when nothing follows it.
    pub(crate) fn scan(&mut self, bytes: &[u8], base: u64, reading: Reading, last: bool) -> Outcome {
        let (hits, cuts) = match reading {
            Reading { html: true, .. } => self.html(bytes, reading),
            Reading { json: true, .. } => (self.pass(&decode::json::flatten(bytes), bytes, reading), line_cuts(bytes)),
            _ => self.text(bytes, reading),
        };
        let found = resolve::settle(hits.into_iter().map(|hit| hit.0).collect());
        let (cut, next) = if last { (bytes.len(), bytes.len()) } else { seam_of(bytes, &cuts) };
        Outcome { found: self.report(found, base, cut), next }
    }

    fn report(&mut self, found: Vec<FoundSelector>, base: u64, cut: usize) -> Vec<FoundSelector> {
        let (reported, covered, cut) = (self.reported, self.covered, base + cut as u64);
        let mut found = found;
        found.iter_mut().for_each(|s| moved(s, base));
        found.retain(|s| s.start >= reported && s.start >= covered && s.start < cut);
        let blocks = found.iter().filter(|s| s.selector_type == SelectorType::PgpBlock);
        self.covered = blocks.map(|s| s.end).max().unwrap_or(0).max(covered);
        self.reported = cut;
        found
    }

    fn html(&mut self, bytes: &[u8], reading: Reading) -> (Vec<Placed>, Vec<usize>) {
        let page = html::read(bytes);
        let mut hits = self.pass(&page.text, bytes, reading);
        hits.extend(self.pass(&page.markup, bytes, reading));
        (hits, page.cuts)
    }

    fn text(&mut self, bytes: &[u8], reading: Reading) -> (Vec<Placed>, Vec<usize>) {
        let flat = if has_invisible(bytes) {
            let mut writer = Writer::with_capacity(bytes.len());
            writer.copy(bytes, 0, bytes.len(), false);
            writer.finish()
        } else {
            Flat::identity(bytes)
        };
        (self.pass(&flat, bytes, reading), line_cuts(bytes))
    }

    fn pass(&mut self, flat: &Flat<'_>, raw: &[u8], reading: Reading) -> Vec<Placed> {
        let hits = Pass::new(flat, raw, reading.region, &mut self.phones).run();
        let in_one_part = hits.into_iter().filter(|hit| hit.end <= flat.zone_end(hit.start));
        in_one_part.map(|hit| Placed(place(hit, flat, raw))).collect()
    }
}

struct Placed(FoundSelector);

/// A selector of this window at its place in the whole.
fn moved(s: &mut FoundSelector, base: u64) {
    (s.start, s.end) = (s.start + base, s.end + base);
    s.context.iter_mut().for_each(|cue| (cue.start, cue.end) = (cue.start + base, cue.end + base));
}

/// Gives a hit its raw range and says what was done to read it.
fn place(hit: Hit, flat: &Flat<'_>, raw: &[u8]) -> FoundSelector {
    let (start, end) = flat.raw_range(hit.start, hit.end);
    let Verdict { kind, value, state, reason, rivals, chance, steps, .. } = hit.verdict;
    // Where it stood is told in one go: most selectors of a page stand in attributes.
    let mut told = String::with_capacity(reason.len() + 64);
    told.push_str(&reason);
    let mut reason = told;
    match flat.zone(hit.start) {
        Zone::Text => {}
        Zone::Attribute { name: (from, to) } => {
            let name = &raw[*from as usize..(*to as usize).min(*from as usize + 40)];
            reason += "; in attribute ";
            reason += &String::from_utf8_lossy(name);
        }
        Zone::Comment => reason += "; in a comment",
        Zone::Code => reason += "; in a script or style",
        Zone::TagName => reason += "; in the name of a tag",
    }
    let mut done = Vec::new();
    if raw[start..end] != flat.bytes[hit.start..hit.end] {
        done = steps_of(&raw[start..end]);
        reason += if has_invisible(&raw[start..end]) {
            "; joined across invisible characters or markup"
        } else {
            "; joined across markup, entities or line breaks"
        };
    }
    done.extend(steps);
    let chance = match (state, chance) {
        (SelectorState::Unverifiable, _) => None,
        (_, Some(chance)) => Some(chance.into_owned()),
        (_, None) => chance_of(kind).map(str::to_owned),
    };
    FoundSelector {
        selector_type: kind, value, state, reason, start: start as u64, end: end as u64, rivals, chance,
        context: context(kind, hit.start, hit.end, flat), steps: done,
    }
}

/// What flattening did to these raw bytes, in the order in which it is done.
fn steps_of(raw: &[u8]) -> Vec<String> {
    let has = |byte: u8| memchr::memchr(byte, raw).is_some();
    let steps = [
        (has(b'<') && has(b'>'), "joined across markup"),
        (has(b'&'), "character references decoded"),
        (has_invisible(raw), "invisible characters left out"),
    ];
    steps.into_iter().filter(|(done, _)| *done).map(|(_, words)| words.to_owned()).collect()
}

/// Words near it. A host or a URL stands near everything, so nothing is said of them.
fn context(kind: SelectorType, start: usize, end: usize, flat: &Flat<'_>) -> Vec<Cue> {
    use SelectorType::{Cve, Domain, FileHash, Ipv4, Ipv6, Url};
    if matches!(kind, Cve | Domain | FileHash | Ipv4 | Ipv6 | Url) {
        return Vec::new();
    }
    let near = cues::near(&flat.bytes, start, end, flat.zone_start(start), flat.zone_end(start));
    let cue = |found: cues::Found| {
        let (start, end) = flat.raw_range(found.start, found.end);
        Cue { class: found.class, word: found.word.to_owned(), start: start as u64, end: end as u64 }
    };
    near.into_iter().map(cue).collect()
}

fn line_cuts(bytes: &[u8]) -> Vec<usize> {
    let mut cuts: Vec<usize> = Vec::new();
    for at in memchr::memchr_iter(b'\n', bytes) {
        if cuts.last().is_none_or(|last| last + 1024 <= at) {
            cuts.push(at + 1);
        }
    }
    cuts
}

/// Where this window stops reporting, and where the next one begins to read.
fn seam_of(bytes: &[u8], cuts: &[usize]) -> (usize, usize) {
    let latest = bytes.len().saturating_sub(OVERLAP);
    let at_or_before = |limit: usize| cuts[..cuts.partition_point(|c| *c <= limit)].last().copied().filter(|c| *c > 0);
    let between = at_or_before(latest).filter(|c| *c > bytes.len() / 4);
    let cut = between.unwrap_or(latest);
    // A cut that lies in the middle of a word: the next window must read the word whole, or it finds its tail.
    let nearest = if between.is_some() { cut } else { cut.saturating_sub(LOOK_BACK) };
    let next = at_or_before(cut.saturating_sub(LOOK_BACK)).filter(|c| *c > bytes.len() / 8).unwrap_or(nearest);
    (cut, next)
}
