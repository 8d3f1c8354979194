//! What has to do with what in a case, and why: things, and lines between them that each carry their reasons.
//!
//! A line is no conclusion. Each says by which rule it was drawn and how strong that rule is, and names the bytes that it
//! rests on; a line without a reason cannot be made. It refuses to join what only looks alike: two names that are written
//! alike are two things with a weak line between them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Sha256Digest, id::BlobId};

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThingKind {
    /// A charge.
    Charge,
    /// A finding.
    Finding,
    /// An exhibit.
    Exhibit,
    /// A person of the agency who has or had custody.
    Person,
    /// A name that pages of one site, or one file of messages, show: a vendor, an author.
    Name,
    /// A selector.
    Selector,
}

impl ThingKind {
    /// All of them, the most telling first.
    pub const ALL: [ThingKind; 6] = [ThingKind::Charge, ThingKind::Finding, ThingKind::Exhibit, ThingKind::Person, ThingKind::Name, ThingKind::Selector];

    /// The name in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            ThingKind::Charge => "charge",
            ThingKind::Finding => "finding",
            ThingKind::Exhibit => "exhibit",
            ThingKind::Person => "person",
            ThingKind::Name => "name",
            ThingKind::Selector => "selector",
        }
    }
}

/// How strong the rule is by which a line was drawn: the first is the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// It stands in our own records.
    Recorded,
    /// It stands in the bytes, and a checksum in it holds.
    Verified,
    /// It stands in the bytes as a page shows it, or has the right shape; nothing checks it.
    Shown,
    /// It only looks so: a wrong checksum, or names that are written alike. A candidate, never an identification.
    Candidate,
}

impl Strength {
    /// All of them.
    pub const ALL: [Strength; 4] = [Strength::Recorded, Strength::Verified, Strength::Shown, Strength::Candidate];

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Strength::Recorded => "recorded",
            Strength::Verified => "verified",
            Strength::Shown => "shown",
            Strength::Candidate => "candidate",
        }
    }

    /// What it means, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Strength::Recorded => "stands in our records",
            Strength::Verified => "in the bytes, checksum holds",
            Strength::Shown => "in the bytes, not checked",
            Strength::Candidate => "only looks so: a candidate",
        }
    }
}

/// A thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Thing {
    /// Its id in this graph: a label such as `E-0001`, or letters made of kind and value.
    pub thing: String,
    /// What it is.
    pub kind: ThingKind,
    /// Its words.
    pub label: String,
    /// What else is said: type, class, site.
    pub about: String,
    /// How many lines it has, also to things that are left out.
    pub lines: usize,
}

/// Why a line was drawn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reason {
    /// How strong.
    pub strength: Strength,
    /// The rule, in words.
    pub rule: String,
    /// The exhibit in which it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exhibit: Option<String>,
    /// Address or member name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The derived bytes in which `start` and `end` count; none when they count in the exhibit itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<BlobId>,
    /// First byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// One past the last byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<u64>,
    /// The record that says so: a finding, a charge, a transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

impl Reason {
    /// A reason in our own records.
    pub fn recorded(rule: impl Into<String>, record: impl Into<String>) -> Reason {
        Reason { strength: Strength::Recorded, rule: rule.into(), exhibit: None, place: None, blob: None, start: None, end: None, record: Some(record.into()) }
    }
}

/// A line between two things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its id in this graph.
    pub line: String,
    /// From.
    pub from: String,
    /// To.
    pub to: String,
    /// What it says.
    pub says: String,
    /// The strength of its strongest reason.
    pub strength: Strength,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// The things and lines of a case, each once, in an order that does not depend on how they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    things: BTreeMap<(ThingKind, String), Thing>,
    lines: BTreeMap<Ends, BTreeSet<Reason>>,
}

/// What is wanted of a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only these kinds; all when none is named.
    pub kinds: BTreeSet<ThingKind>,
    /// Only what is joined with this thing by at most `hops` lines.
    pub around: Option<String>,
    /// See `around`.
    pub hops: usize,
    /// Most things.
    pub most: usize,
}

/// A part of a graph, as it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Its things.
    pub things: Vec<Thing>,
    /// Its lines, the strongest first.
    pub lines: Vec<Line>,
    /// How many things were left out, because there are more than were asked for.
    pub left_out: usize,
}

/// Letters that stand for a thing whose value is long or a stranger's: the same for the same value.
pub fn id_of(kind: ThingKind, value: &str) -> String {
    format!("{}-{}", kind.name(), &Sha256Digest::of(format!("{}\0{value}", kind.name()).as_bytes()).hex()[..32])
}

impl Graph {
    /// Adds a thing, once. Gives its id.
    pub fn thing(&mut self, kind: ThingKind, id: impl Into<String>, label: impl Into<String>, about: impl Into<String>) -> String {
        let id = id.into();
        self.things.entry((kind, id.clone())).or_insert_with(|| Thing { thing: id.clone(), kind, label: label.into(), about: about.into(), lines: 0 });
        id
    }

    /// Adds a reason for a line; the line is there from its first reason on.
    pub fn line(&mut self, from: &str, to: &str, says: &str, reason: Reason) {
        self.lines.entry((from.to_string(), to.to_string(), says.to_string())).or_default().insert(reason);
    }

    /// How many things and lines there are.
    pub fn size(&self) -> (usize, usize) {
        (self.things.len(), self.lines.len())
    }

    /// The line with this id.
    pub fn line_of(&self, id: &str) -> Option<Line> {
        self.lines.iter().find(|(key, _)| line_id(key) == id).map(|(key, reasons)| made(key, reasons))
    }

    /// The thing with this id.
    pub fn thing_of(&self, id: &str) -> Option<&Thing> {
        self.things.values().find(|thing| thing.thing == id)
    }

    /// The part that is wanted. Where there are more things than that, those stay that say most: charges, findings, then
    /// what has the most lines.
    pub fn part(&self, wanted: &Wanted) -> Part {
        let known: BTreeSet<&str> = self.things.values().map(|thing| thing.thing.as_str()).collect();
        let lines: Vec<Joined<'_>> = self.lines.iter().filter(|((from, to, _), _)| known.contains(from.as_str()) && known.contains(to.as_str())).collect();
        let mut degree: BTreeMap<&str, usize> = BTreeMap::new();
        for ((from, to, _), _) in &lines {
            *degree.entry(from).or_default() += 1;
            *degree.entry(to).or_default() += 1;
        }
        let near = wanted.around.as_deref().map(|around| near(around, wanted.hops, &lines));
        let fits = |thing: &&Thing| (wanted.kinds.is_empty() || wanted.kinds.contains(&thing.kind)) && near.as_ref().is_none_or(|near| near.contains(thing.thing.as_str()));
        let mut things: Vec<Thing> = self.things.values().filter(fits).map(|thing| Thing { lines: degree.get(thing.thing.as_str()).copied().unwrap_or(0), ..thing.clone() }).collect();
        let is_said = |thing: &Thing| matches!(thing.kind, ThingKind::Charge | ThingKind::Finding);
        things.sort_by(|one, other| is_said(other).cmp(&is_said(one)).then(other.lines.cmp(&one.lines)).then(one.kind.cmp(&other.kind)).then(one.thing.cmp(&other.thing)));
        let left_out = things.len().saturating_sub(wanted.most);
        things.truncate(wanted.most);
        things.sort_by(|one, other| (one.kind, &one.thing).cmp(&(other.kind, &other.thing)));
        let kept: BTreeSet<&str> = things.iter().map(|thing| thing.thing.as_str()).collect();
        let mut lines: Vec<Line> = lines.into_iter().filter(|((from, to, _), _)| kept.contains(from.as_str()) && kept.contains(to.as_str())).map(|(key, reasons)| made(key, reasons)).collect();
        lines.sort_by(|one, other| (one.strength, &one.from, &one.to, &one.says).cmp(&(other.strength, &other.from, &other.to, &other.says)));
        Part { things, lines, left_out }
    }
}

/// Two things by id and what joins them, in words.
type Ends = (String, String, String);

/// A line as it is kept, with its reasons.
type Joined<'a> = (&'a Ends, &'a BTreeSet<Reason>);

fn line_id((from, to, says): &Ends) -> String {
    format!("line-{}", &Sha256Digest::of(format!("{from}\0{to}\0{says}").as_bytes()).hex()[..32])
}

fn made(key: &Ends, reasons: &BTreeSet<Reason>) -> Line {
    // A set of reasons is in order, the strongest first.
    let strength = reasons.first().map_or(Strength::Candidate, |reason| reason.strength);
    Line { line: line_id(key), from: key.0.clone(), to: key.1.clone(), says: key.2.clone(), strength, reasons: reasons.iter().cloned().collect() }
}

/// What is joined with a thing by at most so many lines.
fn near<'a>(around: &'a str, hops: usize, lines: &[Joined<'a>]) -> BTreeSet<&'a str> {
    let mut joined: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    for ((from, to, _), _) in lines {
        joined.entry(from).or_default().push(to);
        joined.entry(to).or_default().push(from);
    }
    let mut near = BTreeSet::from([around]);
    let mut edge = vec![around];
    for _ in 0..hops {
        edge = edge.iter().flat_map(|thing| joined.get(thing).into_iter().flatten()).copied().filter(|thing| near.insert(thing)).collect();
    }
    near
}

/// Two spellings of a name that people take for one: letter case and white space are left out.
pub fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The site of a web address: its host and port. It must be the address of a captured record, never the name of a file:
/// a stranger can call a file as he likes. Other schemes have no site, such as the notes that capture tools write.
pub fn site_of(address: &str) -> Option<String> {
    let rest = ["http://", "https://"].iter().find_map(|scheme| address.get(..scheme.len()).filter(|begin| begin.eq_ignore_ascii_case(scheme)).map(|_| &address[scheme.len()..]))?;
    let host = rest.split(['/', '?', '#', ' ']).next()?.rsplit('@').next()?.to_lowercase();
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;

    fn reason(strength: Strength, start: u64) -> Reason {
        Reason { strength, rule: "checksum".into(), exhibit: Some("E-0001".into()), place: Some("http://a.onion/x".into()), blob: None, start: Some(start), end: Some(start + 9), record: None }
    }

    /// Exhibits 1 to 3 in a row, joined by selectors; the last selector stands alone.
    fn row() -> Graph {
        let mut graph = Graph::default();
        for n in 1..=3 {
            graph.thing(ThingKind::Exhibit, format!("E-000{n}"), format!("E-000{n}"), "file");
        }
        for (value, exhibits) in [("a", &[1, 2][..]), ("b", &[2, 3]), ("c", &[])] {
            let id = graph.thing(ThingKind::Selector, id_of(ThingKind::Selector, value), value, "btc-base58");
            for exhibit in exhibits {
                graph.line(&format!("E-000{exhibit}"), &id, "stands in", reason(Strength::Verified, *exhibit));
            }
        }
        graph
    }

    #[test]
    fn a_line_holds_each_of_its_reasons_once_and_the_strongest_tells() {
        let mut graph = row();
        let id = id_of(ThingKind::Selector, "a");
        graph.line("E-0001", &id, "stands in", reason(Strength::Candidate, 90));
        graph.line("E-0001", &id, "stands in", reason(Strength::Candidate, 90));
        let part = graph.part(&Wanted { most: 99, ..Wanted::default() });
        let line = part.lines.iter().find(|line| line.from == "E-0001").unwrap();
        assert_eq!((line.strength, line.reasons.len()), (Strength::Verified, 2));
        assert_eq!(graph.line_of(&line.line).unwrap(), *line);
        assert_eq!(graph.line_of("line-0"), None);
    }

    #[test]
    fn what_is_left_out_is_counted_and_no_line_leads_to_it() {
        let part = row().part(&Wanted { most: 3, ..Wanted::default() });
        assert_eq!((part.things.len(), part.left_out), (3, 3));
        let kept: BTreeSet<&str> = part.things.iter().map(|thing| thing.thing.as_str()).collect();
        assert!(part.lines.iter().all(|line| kept.contains(line.from.as_str()) && kept.contains(line.to.as_str())));
        assert!(kept.contains("E-0002"), "what has most lines stays");
        let lone = row().part(&Wanted { kinds: BTreeSet::from([ThingKind::Selector]), most: 9, ..Wanted::default() });
        assert_eq!((lone.things.len(), lone.lines.len()), (3, 0));
    }

    #[test]
    fn a_line_to_what_is_not_there_is_not_shown() {
        let mut graph = row();
        graph.line("F-0001", "E-0001", "rests on", Reason::recorded("a finding", "F-0001"));
        assert_eq!(graph.part(&Wanted { most: 99, ..Wanted::default() }).lines.len(), 4);
    }

    #[test]
    fn what_is_near_is_counted_in_lines() {
        let near = |hops| row().part(&Wanted { around: Some("E-0001".into()), hops, most: 99, ..Wanted::default() }).things.len();
        assert_eq!([near(0), near(1), near(2), near(4), near(9)], [1, 2, 3, 5, 5]);
    }

    #[test]
    fn the_order_of_finding_changes_nothing() {
        let mut other = Graph::default();
        for value in ["c", "b", "a"] {
            other.thing(ThingKind::Selector, id_of(ThingKind::Selector, value), value, "btc-base58");
        }
        for (exhibit, value) in [(3, "b"), (2, "b"), (2, "a"), (1, "a")] {
            other.line(&format!("E-000{exhibit}"), &id_of(ThingKind::Selector, value), "stands in", reason(Strength::Verified, exhibit));
        }
        for n in (1..=3).rev() {
            other.thing(ThingKind::Exhibit, format!("E-000{n}"), format!("E-000{n}"), "file");
        }
        let all = Wanted { most: 99, ..Wanted::default() };
        assert_eq!(other.part(&all), row().part(&all));
    }

    #[test]
    fn a_site_is_the_host_of_an_address() {
        for (place, site) in [
            ("http://a.onion/x?y", Some("a.onion")), ("https://b:8080", Some("b:8080")), ("HTTP://me@A.onion/", Some("a.onion")), ("folder/file.html", None), ("http:///x", None),
            ("x://host/", None), ("metadata://gnu.org/manifest", None), ("chats/http://a.onion/x", None), ("ສະບາຍດີ", None),
        ] {
            assert_eq!(site_of(place).as_deref(), site, "{place}");
        }
        assert_eq!(folded("  Night   HERON "), "night heron");
    }
}
