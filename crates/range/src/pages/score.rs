//! Holds what a scanner found against what was planted: recall and precision for each type, script,
//! style and container, with the misses and the false ones by name. It reads the JSON lines of
//! `lanternfish scan`, and knows nothing of how they came about.
//!
//! A line is right when it names, at bytes that overlap, a planted selector's value and state, with its
//! type or one of its rivals'. Every other line of a type that was planted is false, unless a decoy at
//! its place tolerates it. Planted ones that need not be reported (the domain of a mail address) count
//! as right when they are, and are no miss when they are not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{State, truth::{Line, Truth}};

/// A reading beside the one that was preferred.
#[derive(Debug, Clone, Deserialize)]
struct Rival {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    state: Option<State>,
}

/// A line of the scanner.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Found {
    Selector(FoundSelector),
    Listing(FoundRow),
    Post(FoundRow),
    #[serde(other)]
    Other,
}

#[derive(Debug, Clone, Deserialize)]
struct FoundSelector {
    #[serde(rename = "type")]
    kind: String,
    value: String,
    state: State,
    start: u64,
    end: u64,
    source: String,
    #[serde(default)]
    rivals: Vec<Rival>,
}

/// A row of a page: a listing or a post, with the members that are compared.
#[derive(Debug, Clone, Deserialize)]
struct FoundRow {
    start: u64,
    end: u64,
    source: String,
    #[serde(flatten)]
    members: BTreeMap<String, Value>,
}

impl FoundRow {
    fn says(&self, member: &str, planted: &str) -> bool {
        let said = self.members.get(member).and_then(Value::as_str).map(str::trim);
        said.is_some_and(|said| if member == "price" { decimal(said) == decimal(planted) } else { said == planted })
    }
}

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the {what} is not a JSON line of it: {cause}")]
pub struct StrangeLine {
    what: &'static str,
    line: usize,
    cause: String,
}

/// Recall and precision of one group.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Count {
    /// Planted selectors that must be found.
    pub planted: u64,
    /// Those of them that were.
    pub found: u64,
    /// Those found at exactly the planted bytes.
    pub exact: u64,
    /// Lines of the scanner that are right.
    pub right: u64,
    /// Lines of the scanner that are false.
    pub wrong: u64,
    /// Found of planted; 1 when nothing was planted.
    pub recall: f64,
    /// Right of all lines; 1 when there are none.
    pub precision: f64,
}

impl Count {
    fn rated(self) -> Count {
        let share = |part: u64, whole: u64| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
        let (recall, precision) = (share(self.found, self.planted), share(self.right, self.right + self.wrong));
        Count { recall, precision, ..self }
    }
}

/// How the rows of one kind agree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// Planted.
    pub planted: u64,
    /// With a found row at their bytes.
    pub met: u64,
    /// Of those, how many have the same value in each member.
    pub same: BTreeMap<&'static str, u64>,
    /// In all members.
    pub whole: u64,
    /// Found rows that touch no planted one.
    pub wrong: u64,
}

impl Rows {
    /// Compares the planted rows of a page with those found there.
    fn page(&mut self, planted: &[(&Line, Vec<(&'static str, &str)>)], found: &[&FoundRow]) {
        let shared = |line: &Line, row: &FoundRow| row.end.min(line.end).saturating_sub(row.start.max(line.start));
        for (line, members) in planted {
            self.planted += 1;
            let touching = found.iter().filter(|row| shared(line, row) > 0);
            let Some(row) = touching.max_by_key(|row| shared(line, row)) else { continue };
            self.met += 1;
            let same: Vec<bool> = members.iter().map(|(member, value)| row.says(member, value)).collect();
            for ((member, _), same) in members.iter().zip(&same) {
                *self.same.entry(member).or_default() += u64::from(*same);
            }
            self.whole += u64::from(same.iter().all(|same| *same));
        }
        let elsewhere = |row: &&&FoundRow| planted.iter().all(|(line, _)| shared(line, row) == 0);
        self.wrong += found.iter().filter(elsewhere).count() as u64;
    }

    fn words(&self, name: &str) -> String {
        let same: Vec<String> = self.same.iter().map(|(member, count)| format!("{member} {count}")).collect();
        format!("{name}: {} planted, {} met, the same {}, all of them {}; {} elsewhere", self.planted, self.met, same.join(", "), self.whole, self.wrong)
    }
}

/// Something that was missed, or that was reported and is false.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// `missed` or `false`.
    pub what: &'static str,
    /// Page.
    pub page: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Value, planted or reported.
    pub value: String,
    /// State, planted or reported.
    pub state: State,
    /// How it was written, or which decoy it is.
    pub style: String,
    /// Script.
    pub script: String,
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// What stands there instead.
    pub instead: String,
}

/// The result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Everything.
    pub overall: Count,
    /// By type.
    pub types: BTreeMap<String, Count>,
    /// By script of the page.
    pub scripts: BTreeMap<String, Count>,
    /// By way of writing (recall; false lines have none).
    pub styles: BTreeMap<String, Count>,
    /// By kind of file.
    pub files: BTreeMap<String, Count>,
    /// Rows of markets.
    pub listings: Rows,
    /// Posts of forums.
    pub posts: Rows,
    /// Lines of the scanner about other files; not counted.
    pub of_other_files: u64,
    /// Misses and false ones.
    pub examples: Vec<Example>,
}

/// Which of the planted are left out, as if a reader could not be asked for them.
#[derive(Debug, Clone, Default)]
pub struct Without {
    /// Styles.
    pub styles: BTreeSet<String>,
    /// Kinds of files; what was found in them is not judged either.
    pub files: BTreeSet<String>,
}

impl Without {
    fn leaves(&self, line: &Line) -> bool {
        self.styles.contains(&line.style)
    }
}

/// Scores the text of a scanner's JSON lines against the text of `truth.jsonl`.
///
/// # Errors
/// A line of either is not what it should be.
pub fn score(truth: &str, found: &str, without: &Without) -> Result<Score, StrangeLine> {
    let truth: Vec<Line> = lines("truth", truth)?;
    let found: Vec<Found> = lines("scanner's output", found)?;
    let mut pages: BTreeMap<&str, Place<'_>> = BTreeMap::new();
    for line in truth.iter().filter(|line| !without.files.contains(&line.container)) {
        pages.entry(&line.page).or_default().truth.push(line);
    }
    let mut of_other_files = 0;
    for line in &found {
        let source = match line {
            Found::Selector(selector) => &selector.source,
            Found::Listing(row) | Found::Post(row) => &row.source,
            Found::Other => continue,
        };
        let Some(place) = page_name(source).and_then(|name| pages.get_mut(name)) else {
            of_other_files += 1;
            continue;
        };
        match line {
            Found::Selector(selector) => place.selectors.push(selector),
            Found::Listing(row) => place.listings.push(row),
            Found::Post(row) => place.posts.push(row),
            Found::Other => {}
        }
    }
    let mut tally = Tally::new(&truth);
    for place in pages.values() {
        tally.page(place, without);
    }
    Ok(tally.finish(of_other_files))
}

fn lines<T: for<'a> Deserialize<'a>>(what: &'static str, text: &str) -> Result<Vec<T>, StrangeLine> {
    let filled = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    filled.map(|(at, line)| serde_json::from_str(line).map_err(|e| StrangeLine { what, line: at + 1, cause: e.to_string() })).collect()
}

/// `…/pages/0001-lao-market.html` → `pages/0001-lao-market.html`.
fn page_name(source: &str) -> Option<&str> {
    let at = source.rfind("pages/")?;
    (at == 0 || source[..at].ends_with('/')).then(|| &source[at..])
}

#[derive(Default)]
struct Place<'a> {
    truth: Vec<&'a Line>,
    selectors: Vec<&'a FoundSelector>,
    listings: Vec<&'a FoundRow>,
    posts: Vec<&'a FoundRow>,
}

struct Tally<'a> {
    planted_types: BTreeSet<&'a str>,
    overall: Count,
    types: BTreeMap<String, Count>,
    scripts: BTreeMap<String, Count>,
    styles: BTreeMap<String, Count>,
    containers: BTreeMap<String, Count>,
    listings: Rows,
    posts: Rows,
    examples: Vec<Example>,
}

impl<'a> Tally<'a> {
    fn new(truth: &'a [Line]) -> Self {
        let kinds = truth.iter().filter_map(|line| match &line.truth {
            Truth::Selector { kind, .. } => Some(kind.as_str()),
            _ => None,
        });
        Tally {
            planted_types: kinds.collect(), overall: Count::default(), types: BTreeMap::new(), scripts: BTreeMap::new(),
            styles: BTreeMap::new(), containers: BTreeMap::new(), listings: Rows::default(), posts: Rows::default(), examples: Vec::new(),
        }
    }

    fn page(&mut self, place: &Place<'_>, without: &Without) {
        for line in place.truth.iter().filter(|line| !without.leaves(line)) {
            self.planted(line, place);
        }
        let Some(about) = place.truth.first() else { return };
        for found in &place.selectors {
            self.reported(found, place, about);
        }
        self.rows(place);
    }

    /// A planted selector: was it found?
    fn planted(&mut self, line: &Line, place: &Place<'_>) {
        let Truth::Selector { kind, value, state, required: true, .. } = &line.truth else { return };
        let hits: Vec<&&FoundSelector> = place.selectors.iter().filter(|found| agrees(line, found)).collect();
        let exact = hits.iter().any(|found| (found.start, found.end) == (line.start, line.end));
        self.count([kind, &line.script, &line.style, &line.container], |count| {
            count.planted += 1;
            count.found += u64::from(!hits.is_empty());
            count.exact += u64::from(exact);
        });
        if hits.is_empty() {
            self.examples.push(Example {
                what: "missed", page: line.page.clone(), kind: kind.clone(), value: value.clone(), state: *state, style: line.style.clone(),
                script: line.script.clone(), start: line.start, end: line.end, instead: reported_at(line, place),
            });
        }
    }

    /// A line of the scanner: is it right?
    fn reported(&mut self, found: &FoundSelector, place: &Place<'_>, about: &Line) {
        if !self.planted_types.contains(found.kind.as_str()) {
            return;
        }
        let right = place.truth.iter().find(|line| agrees(line, found));
        if right.is_none() && place.truth.iter().any(|line| tolerates(line, found)) {
            return;
        }
        let (style, container) = (right.map_or("", |line| &line.style), &about.container);
        self.count([&found.kind, &about.script, style, container], |count| {
            count.right += u64::from(right.is_some());
            count.wrong += u64::from(right.is_none());
        });
        if right.is_none() {
            let (style, instead) = planted_at(found, place);
            self.examples.push(Example {
                what: "false", page: about.page.clone(), kind: found.kind.clone(), value: found.value.clone(), state: found.state, style,
                script: about.script.clone(), start: found.start, end: found.end, instead,
            });
        }
    }

    fn count(&mut self, [kind, script, style, container]: [&str; 4], add: impl Fn(&mut Count)) {
        add(&mut self.overall);
        add(self.types.entry(kind.into()).or_default());
        add(self.scripts.entry(script.into()).or_default());
        add(self.containers.entry(container.into()).or_default());
        if !style.is_empty() {
            add(self.styles.entry(style.into()).or_default());
        }
    }

    fn rows(&mut self, place: &Place<'_>) {
        let (mut listings, mut posts) = (Vec::new(), Vec::new());
        for line in &place.truth {
            match &line.truth {
                Truth::Listing { title, vendor, price, currency, .. } => {
                    listings.push((*line, vec![("title", title.as_str()), ("vendor", vendor), ("price", price), ("currency", currency)]));
                }
                Truth::Post { author, date } => posts.push((*line, vec![("author", author.as_str()), ("date", date)])),
                _ => {}
            }
        }
        self.listings.page(&listings, &place.listings);
        self.posts.page(&posts, &place.posts);
    }

    fn finish(self, of_other_files: u64) -> Score {
        let rated = |counts: BTreeMap<String, Count>| counts.into_iter().map(|(name, count)| (name, count.rated())).collect();
        Score {
            overall: self.overall.rated(), types: rated(self.types), scripts: rated(self.scripts), styles: rated(self.styles),
            files: rated(self.containers), listings: self.listings, posts: self.posts, of_other_files, examples: self.examples,
        }
    }
}

fn overlaps(line: &Line, found: &FoundSelector) -> bool {
    found.start < line.end && line.start < found.end
}

/// Whether the scanner said what was planted there.
fn agrees(line: &Line, found: &FoundSelector) -> bool {
    let Truth::Selector { kind, value, state, rivals, .. } = &line.truth else { return false };
    let is_named = |name: &str| name == kind || rivals.iter().any(|rival| rival == name);
    let first = is_named(&found.kind) && same(kind, value, &found.value) && found.state == *state;
    let beside = |rival: &Rival| {
        rival.kind == *kind && same(kind, value, rival.value.as_deref().unwrap_or(&found.value)) && rival.state.unwrap_or(found.state) == *state
    };
    overlaps(line, found) && (first || found.rivals.iter().any(beside))
}

fn tolerates(line: &Line, found: &FoundSelector) -> bool {
    let Truth::Decoy { tolerated } = &line.truth else { return false };
    overlaps(line, found) && tolerated.iter().any(|other| other.kind == found.kind && other.state == found.state)
}

/// Two normal forms of one value, where readers differ in groups, letter case or a prefix.
fn same(kind: &str, planted: &str, found: &str) -> bool {
    planted == found || folded(kind, planted) == folded(kind, found)
}

fn folded(kind: &str, value: &str) -> String {
    let joined = || value.chars().filter(|c| !matches!(c, ' ' | '-')).collect::<String>();
    match kind {
        "iban" | "card" | "imei" | "iccid" | "lei" | "phone" => joined().to_uppercase(),
        "pgp-fingerprint" | "pgp-key-id" => joined().to_uppercase().trim_start_matches("0X").to_owned(),
        "bch" => value.trim_start_matches("bitcoincash:").to_lowercase(),
        "telegram" => value.trim_start_matches('@').to_lowercase(),
        "xmpp" => value.trim_start_matches("xmpp:").to_owned(),
        "btc-bech32" | "btc-bech32m" | "lightning" | "file-hash" | "session" | "tox" | "cve" | "domain" | "onion-v3" | "onion-v2" | "i2p" => {
            value.to_lowercase()
        }
        _ => value.to_owned(),
    }
}

/// A decimal number without the zeros that say nothing.
fn decimal(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// What the scanner said at the place of a miss.
fn reported_at(line: &Line, place: &Place<'_>) -> String {
    let there = place.selectors.iter().filter(|found| overlaps(line, found));
    let said: Vec<String> = there.map(|found| format!("{} {} {}", found.kind, state_name(found.state), found.value)).collect();
    if said.is_empty() { "nothing".into() } else { said.join("; ") }
}

/// The style and the name of what was planted at the place of a false line.
fn planted_at(found: &FoundSelector, place: &Place<'_>) -> (String, String) {
    let there: Vec<&&Line> = place.truth.iter().filter(|line| overlaps(line, found) && !matches!(line.truth, Truth::Listing { .. } | Truth::Post { .. })).collect();
    let name = |line: &&&Line| match &line.truth {
        Truth::Selector { kind, state, value, .. } => format!("{kind} {} {value}", state_name(*state)),
        _ => format!("decoy {}", line.style),
    };
    let names: Vec<String> = there.iter().map(name).collect();
    let style = there.first().map_or(String::new(), |line| line.style.clone());
    (style, if names.is_empty() { "nothing".into() } else { names.join("; ") })
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Verified => "verified",
        State::Unverifiable => "unverifiable",
        State::FailedChecksum => "failed-checksum",
    }
}

impl Score {
    /// The tables, for a person.
    pub fn tables(&self) -> Vec<String> {
        let mut lines = table("type", &self.types);
        for (name, counts) in [("script", &self.scripts), ("style", &self.styles), ("file", &self.files)] {
            lines.push(String::new());
            lines.extend(table(name, counts));
        }
        lines.push(String::new());
        lines.extend(table("all", &BTreeMap::from([("overall".to_owned(), self.overall.clone())])));
        for (name, rows) in [("listings", &self.listings), ("posts", &self.posts)] {
            lines.extend((rows.planted > 0).then(|| rows.words(name)));
        }
        if self.of_other_files > 0 {
            lines.push(format!("lines about other files, not counted: {}", self.of_other_files));
        }
        lines
    }

    /// The misses and the false ones, for a person.
    pub fn example_lines(&self) -> Vec<String> {
        let line = |e: &Example| {
            let mut text = format!("{} {} {} {}", e.what, e.kind, state_name(e.state), e.value);
            let _ = write!(text, "  [{} {} {}:{}-{}]  there: {}", e.style, e.script, e.page, e.start, e.end, e.instead);
            text
        };
        self.examples.iter().map(line).collect()
    }
}

fn table(name: &str, counts: &BTreeMap<String, Count>) -> Vec<String> {
    let mut lines = vec![format!("{name:<22} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9}", "planted", "found", "recall", "exact", "right", "false", "precision")];
    lines.extend(counts.iter().map(|(name, c)| {
        format!("{name:<22} {:>8} {:>8} {:>8.4} {:>8} {:>8} {:>8} {:>9.4}", c.planted, c.found, c.recall, c.exact, c.right, c.wrong, c.precision)
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(kind: &str, value: &str, state: &str, start: u64, end: u64, more: &str) -> String {
        format!(
            r#"{{"kind":"selector","type":"{kind}","value":"{value}","state":"{state}","required":true,"page":"pages/0001-lao-paste.txt","style":"plain","script":"lao","container":"text","start":{start},"end":{end}{more}}}"#
        )
    }

    fn found(kind: &str, value: &str, state: &str, start: u64, end: u64, more: &str) -> String {
        format!(r#"{{"kind":"selector","type":"{kind}","value":"{value}","state":"{state}","reason":"","source":"/x/pages/0001-lao-paste.txt","start":{start},"end":{end}{more}}}"#)
    }

    fn check(truth: &[String], found: &[String], wanted: (u64, u64, u64, u64)) -> Score {
        let score = score(&truth.join("\n"), &found.join("\n"), &Without::default()).expect("lines that read");
        let all = &score.overall;
        assert_eq!((all.planted, all.found, all.right, all.wrong), wanted, "{score:?}");
        score
    }

    #[test]
    fn what_was_planted_is_found_missed_or_false() {
        let one = [truth("email", "a@example.com", "unverifiable", 10, 23, "")];
        let score = check(&one, &[found("email", "a@example.com", "unverifiable", 10, 23, "")], (1, 1, 1, 0));
        assert_eq!((score.overall.exact, score.overall.recall, score.overall.precision), (1, 1.0, 1.0));
        check(&one, &[], (1, 0, 0, 0));
        check(&one, &[found("email", "b@example.com", "unverifiable", 10, 23, "")], (1, 0, 0, 1));
        check(&one, &[found("email", "a@example.com", "verified", 10, 23, "")], (1, 0, 0, 1));
        check(&one, &[found("email", "a@example.com", "unverifiable", 30, 43, "")], (1, 0, 0, 1));
        // A type that nobody planted is not judged.
        check(&one, &[found("cve", "CVE-2020-1234", "unverifiable", 30, 43, "")], (1, 0, 0, 0));
    }

    #[test]
    fn rivals_count_on_both_sides() {
        let planted = [truth("ltc", "3xyz", "verified", 0, 4, r#","rivals":["btc-base58"]"#), truth("btc-base58", "1abc", "verified", 9, 13, "")];
        let named = found("btc-base58", "3xyz", "verified", 0, 4, "");
        check(&planted, &[named], (2, 1, 1, 0));
        let beside = found("bch", "1abc", "verified", 9, 13, r#","rivals":[{"type":"btc-base58","value":"1abc","state":"verified"}]"#);
        let score = check(&planted, &[beside], (2, 1, 0, 0));
        assert_eq!(score.types["btc-base58"].found, 1);
    }

    #[test]
    fn other_files_and_strange_lines_are_told() {
        let one = [truth("email", "a@example.com", "unverifiable", 10, 23, "")];
        let elsewhere = found("email", "a@example.com", "unverifiable", 10, 23, "").replace("pages/0001", "pages/0002");
        assert_eq!(check(&one, &[elsewhere], (1, 0, 0, 0)).of_other_files, 1);
        assert!(score("{}", "", &Without::default()).is_err());
        assert!(score("", "no", &Without::default()).is_err());
    }

    #[test]
    fn listings_agree_field_by_field() {
        let truth = r#"{"kind":"listing","title":"Tea","vendor":"Hill","price":"12.50","currency":"EUR","ships_from":"x","page":"pages/1.html","style":"cards","script":"latin","container":"html","start":0,"end":50}"#;
        let found = r#"{"kind":"listing","title":"Tea","vendor":"hill","price":"12.5","currency":"EUR","source":"pages/1.html","start":2,"end":40}"#;
        let rows = score(truth, found, &Without::default()).expect("lines that read").listings;
        assert_eq!((rows.planted, rows.met, rows.whole, rows.wrong), (1, 1, 0, 0));
        assert_eq!(rows.same, BTreeMap::from([("title", 1), ("vendor", 0), ("price", 1), ("currency", 1)]));
    }
}
