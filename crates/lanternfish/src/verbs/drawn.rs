//! The timeline and the graph of a case, as lines, as a drawing for paper, and as values for a page that draws. From typed
//! words to steps of the desk; no rule is decided here. What an answer leaves out is said, on the drawing too.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use chart::{Dot, Drawn, Joined, Lane, Layout, Mark, Place, Sheet, Stroke};
use desk::{
    DeskError,
    graph, timeline::{self, Asked, Timeline},
};
use model::{
    Moment, Sha256Digest,
    action::Action,
    graph::{Line, Part, Strength, ThingKind, Wanted},
    timeline::{Happening, Kind, Teller, typed_moment},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Done, Office};
use crate::{args::{GraphArgs, InCase, TimelineArgs}, files::write};

/// Names as they were typed; the command line has let in no others.
fn named<T: DeserializeOwned>(typed: &str) -> Result<T, DeskError> {
    serde_json::from_value(json!(typed)).map_err(|e| DeskError::input(e.to_string()))
}

fn day(typed: Option<&str>, end: bool) -> Result<Option<Moment>, DeskError> {
    typed.filter(|typed| !typed.trim().is_empty()).map(|typed| typed_moment(typed, end)).transpose().map_err(DeskError::input)
}

impl Office {
    pub(super) fn timeline(&self, typed: &TimelineArgs) -> Done {
        let asked = Asked {
            from: day(typed.from.as_deref(), false)?,
            until: day(typed.until.as_deref(), true)?,
            kinds: typed.kind.iter().map(|kind| named(kind)).collect::<Result<_, _>>()?,
            tellers: typed.moment.iter().map(|moment| named(moment)).collect::<Result<_, _>>()?,
            exhibit: typed.exhibit.clone(),
            purpose: typed.purpose.clone(),
        };
        let (_, scope, permit) = self.to(&typed.case, Action::Query)?;
        let found = timeline::timeline(&self.desk, &scope, &permit, &asked)?;
        let all = found.happenings.len();
        let first = (typed.first - 1) as usize;
        let shown: Vec<&Happening> = found.happenings.iter().skip(first).take(typed.most as usize).collect();
        let made = self.desk.now();
        if let Some(file) = &typed.svg {
            write(file, drawn_timeline(&typed.case, &asked, &found, &shown, made).as_bytes())?;
            self.voice.say(&json!({"svg": file, "entries": shown.len(), "event": found.event}));
        } else if let Some(file) = &typed.data {
            write(file, &bytes(&timeline_values(&typed.case, &asked, &found, &shown, made))?)?;
            self.voice.say(&json!({"data": file, "entries": shown.len(), "event": found.event}));
        } else {
            self.voice.tell_all(&shown, || shown.iter().flat_map(|one| entry(one)).collect(), "nothing is placed there");
        }
        self.voice.note(format!("the question is event {} of the log", found.event));
        if shown.len() < all {
            self.voice.note(format!("entries {} to {} of {all} are shown: see others with --first, or ask for a shorter time or one kind", first + 1, first + shown.len()));
        }
        if found.not_placed > 0 {
            self.voice.note(format!("{} dates that strangers wrote could not be placed, because they are none or can be read two ways: see `lanternfish rows`", found.not_placed));
        }
        self.told_of_the_rest(found.outside, &found.silent, &found.not_shown);
        Ok(0)
    }

    pub(super) fn graph(&self, typed: &GraphArgs) -> Done {
        let wanted = Wanted {
            kinds: typed.kind.iter().map(|kind| named(kind)).collect::<Result<_, _>>()?,
            around: typed.around.clone().filter(|around| !around.trim().is_empty()),
            hops: typed.hops as usize,
            most: typed.most as usize,
        };
        let (_, scope, permit) = self.to(&typed.case, Action::Query)?;
        let found = graph::graph(&self.desk, &scope, &permit, &wanted, typed.why.as_deref(), &typed.purpose)?;
        if let Some(line) = typed.why.as_deref().and_then(|why| found.graph.line_of(why)) {
            let ends = [&line.from, &line.to].map(|id| found.graph.thing_of(id));
            self.voice.tell(&json!({"line": line.line, "from": ends[0], "says": line.says, "to": ends[1], "strength": line.strength, "reasons": line.reasons}), || reasons(&line));
            self.voice.note(format!("the question is event {} of the log", found.event));
            return Ok(0);
        }
        let part = &found.part;
        let made = self.desk.now();
        if let Some(file) = &typed.svg {
            let (layout, places) = placed(part, typed.seed);
            write(file, drawn_graph(&typed.case, &wanted, &found, layout, &places, made).as_bytes())?;
            self.voice.say(&json!({"svg": file, "things": part.things.len(), "lines": part.lines.len(), "layout": layout.in_words(), "event": found.event}));
        } else if let Some(file) = &typed.data {
            let (layout, places) = placed(part, typed.seed);
            write(file, &bytes(&graph_values(&typed.case, &wanted, &found, layout, &places, made))?)?;
            self.voice.say(&json!({"data": file, "things": part.things.len(), "lines": part.lines.len(), "layout": layout.in_words(), "event": found.event}));
        } else {
            let values: Vec<Value> = part.things.iter().map(|thing| json!(thing)).chain(part.lines.iter().map(in_a_table)).collect();
            self.voice.tell_all(&values, || in_lines(part), "there is nothing to draw yet");
        }
        self.voice.note(format!("the question is event {} of the log", found.event));
        if part.left_out > 0 {
            self.voice.note(format!("{} things more are left out: see them with --most, or ask --around one", part.left_out));
        }
        if found.masked > 0 {
            self.voice.note(format!("{} places of private keys, seed phrases, cards, logins and of selectors in personal exhibits are not drawn", found.masked));
        }
        self.told_of_the_rest(found.outside, &found.silent, &found.not_shown);
        Ok(0)
    }

    fn told_of_the_rest(&self, outside: usize, silent: &[String], not_shown: &[&str]) {
        not_shown.iter().for_each(|what| self.voice.note(format!("not shown to you: {what}")));
        if outside > 0 {
            self.voice.note(format!("{outside} more stand in exhibits that your authority does not reach: they are counted, not shown"));
        }
        if !silent.is_empty() {
            self.voice.note(format!("nothing is said about what was read in: {}", silent.join(", ")));
        }
    }
}

fn bytes(value: &Value) -> Result<Vec<u8>, DeskError> {
    serde_json::to_vec(value).map_err(|e| DeskError::input(e.to_string()))
}

// ---- the timeline

/// One entry for a person: when and whose moment it is, then what, then where it stands.
fn entry(one: &Happening) -> Vec<String> {
    let room = match (&one.earliest, &one.latest) {
        (Some(earliest), Some(latest)) if one.moment == Teller::Claimed => format!(" (between {} and {})", minute(*earliest), minute(*latest)),
        _ => String::new(),
    };
    let written = one.written.as_ref().map(|written| format!(", written \"{written}\"")).unwrap_or_default();
    let place = one.place.as_ref().map(|place| format!("  {place}")).unwrap_or_default();
    let at = one.start.zip(one.end).map(|(start, end)| format!(", bytes {start}-{end}")).unwrap_or_default();
    let exhibit = one.exhibit.as_deref().or(one.source.as_deref()).into_iter().chain(one.also.iter().map(String::as_str)).collect::<Vec<_>>().join(", ");
    vec![format!("{}{room}  {}{written}", minute(one.at), one.moment.in_words()), format!("    {}: {}", one.kind.name(), one.what), format!("    {exhibit}{place}{at}")]
}

fn minute(at: Moment) -> String {
    format!("{}Z", at.local("UTC"))
}

/// The first second and the last that an entry may be.
fn seconds(one: &Happening) -> (i64, i64, i64) {
    let when = one.when();
    (when.at.seconds(), when.earliest.seconds(), when.latest.seconds().max(when.earliest.seconds()))
}

/// What was chosen of a fixed list, in few words.
fn chosen<T: Ord + Copy>(all: &[T], chosen: &BTreeSet<T>, name: fn(T) -> &'static str) -> String {
    let names = |is_chosen: bool| all.iter().filter(|one| chosen.contains(one) == is_chosen).map(|one| name(*one)).collect::<Vec<_>>().join(", ");
    match chosen.len() {
        0 => "all".into(),
        many if many == all.len() => "all".into(),
        many if 2 * many > all.len() => format!("all but {}", names(false)),
        _ => names(true),
    }
}

/// The question, in one line; what was not asked for is not named.
fn asked_of_the_timeline(asked: &Asked) -> String {
    let kinds = format!("kinds {}", chosen(&Kind::ALL, &asked.kinds, Kind::name));
    let tellers = format!("moments {}", chosen(&Teller::ALL, &asked.tellers, Teller::name));
    let from = asked.from.map(|from| format!("from {}", minute(from)));
    let until = asked.until.map(|until| format!("before {}", minute(until)));
    let exhibit = asked.exhibit.as_ref().map(|exhibit| format!("exhibit {exhibit}"));
    format!("asked for: {}", [Some(kinds), Some(tellers), from, until, exhibit].into_iter().flatten().collect::<Vec<_>>().join("; "))
}

fn timeline_values(case: &InCase, asked: &Asked, found: &Timeline, shown: &[&Happening], made: Moment) -> Value {
    let place = |all: &[&str], name: &str| all.iter().position(|one| *one == name).unwrap_or(0);
    let (kinds, tellers) = (Kind::ALL.map(Kind::name), Teller::ALL.map(Teller::name));
    let row = |one: &&Happening| {
        let (at, earliest, latest) = seconds(one);
        json!([at, earliest, latest, place(&tellers, one.moment.name()), place(&kinds, one.kind.name()), one.exhibit, one.what, one.written])
    };
    let rows: Vec<Value> = shown.iter().map(row).collect();
    json!({"case": case.case, "made": made, "event": found.event, "kinds": kinds, "moments": tellers, "all": found.happenings.len(), "before": found.before,
        "not_placed": found.not_placed, "outside": found.outside, "silent": found.silent, "not_shown": found.not_shown,
        "asked": {"kinds": asked.kinds, "moments": asked.tellers, "from": asked.from, "until": asked.until, "exhibit": asked.exhibit}, "entries": rows})
}

fn drawn_timeline(case: &InCase, asked: &Asked, found: &Timeline, shown: &[&Happening], made: Moment) -> String {
    let marks = [Mark::Diamond, Mark::Hexagon, Mark::Circle, Mark::Square, Mark::Triangle];
    let mut lanes: Vec<Lane> = Teller::ALL.iter().zip(marks).map(|(teller, mark)| Lane { label: teller.in_words().into(), mark, moments: vec![] }).collect();
    for (number, one) in (1..).zip(shown) {
        let (at, earliest, latest) = seconds(one);
        let lane = Teller::ALL.iter().position(|teller| *teller == one.moment).unwrap_or(0);
        let (earliest, latest) = if one.moment == Teller::Claimed { (earliest, latest) } else { (at, at) };
        lanes[lane].moments.push(Dot { at, earliest, latest, number, words: format!("{}  {}", minute(one.at), one.what) });
    }
    lanes.retain(|lane| !lane.moments.is_empty());
    let mut lines = vec![
        format!("made {}, event {} of the log; times are UTC; {} of {} entries that were asked for, {} before the filter", minute(made), found.event, shown.len(), found.happenings.len(), found.before),
        asked_of_the_timeline(asked),
        format!("a thick bar is the room that a written date leaves; what strangers wrote is a claim; {} dates that they wrote could not be placed", found.not_placed),
    ];
    lines.extend(left_out(found.outside, &found.silent, &found.not_shown));
    let legend = Teller::ALL.iter().zip(marks).map(|(teller, mark)| (mark, teller.in_words().to_string())).collect();
    chart::timeline(&Sheet { title: format!("Timeline of case {}", case.case), lines, legend, strokes: vec![] }, &lanes)
}

fn left_out(outside: usize, silent: &[String], not_shown: &[&str]) -> Vec<String> {
    let outside = (outside > 0).then(|| format!("{outside} places outside the authority are not drawn"));
    let silent = (!silent.is_empty()).then(|| format!("nothing is said about what was read in these exhibits, {} in all: {}", silent.len(), silent.join(", ")));
    let not_shown = (!not_shown.is_empty()).then(|| format!("not drawn for this reader: {}", not_shown.join("; ")));
    outside.into_iter().chain(silent).chain(not_shown).collect()
}

// ---- the graph

/// A line as a table shows it: its strongest reason, and how many there are.
fn in_a_table(line: &Line) -> Value {
    json!({"line": line.line, "from": line.from, "says": line.says, "to": line.to, "strength": line.strength, "reasons": line.reasons.len(), "because": line.reasons.first()})
}

fn in_lines(part: &Part) -> Vec<String> {
    let label: BTreeMap<&str, &str> = part.things.iter().map(|thing| (thing.thing.as_str(), thing.label.as_str())).collect();
    let name = |id: &str| label.get(id).copied().unwrap_or_default().chars().take(60).collect::<String>();
    let things = part.things.iter().map(|thing| format!("{}  {} ({}), {} lines: {}", thing.thing, thing.kind.name(), thing.about, thing.lines, name(&thing.thing)));
    let lines = part.lines.iter().map(|line| format!("{}  {} {} {} ({}, {} reasons)", line.line, name(&line.from), line.says, name(&line.to), line.strength.name(), line.reasons.len()));
    things.chain(lines).collect()
}

fn reasons(line: &Line) -> Vec<String> {
    let reason = |reason: &model::graph::Reason| {
        let at = reason.start.zip(reason.end).map(|(start, end)| format!(", bytes {start}-{end}")).unwrap_or_default();
        let stands: Vec<&str> = [reason.exhibit.as_deref(), reason.place.as_deref(), reason.record.as_deref()].into_iter().flatten().collect();
        format!("    {}: {} ({}{at})", reason.strength.in_words(), reason.rule, stands.join(", "))
    };
    std::iter::once(format!("{} {} {}", line.from, line.says, line.to)).chain(line.reasons.iter().map(reason)).collect()
}

/// Places that were computed lately, by the digest of what they were computed from: a page asks for the same graph again.
static LATELY: Mutex<Vec<(Sha256Digest, Arc<Vec<Place>>)>> = Mutex::new(Vec::new());
const KEPT: usize = 8;

fn placed(part: &Part, seed: u32) -> (Layout, Arc<Vec<Place>>) {
    let layout = Layout::of(part.things.len(), u64::from(seed));
    let names: Vec<&str> = part.things.iter().map(|thing| thing.thing.as_str()).collect();
    let at: BTreeMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let lines: Vec<(usize, usize, f64)> = part.lines.iter().filter_map(|line| Some((*at.get(line.from.as_str())?, *at.get(line.to.as_str())?, 1.0))).collect();
    let of = format!("{layout:?}\0{names:?}\0{lines:?}");
    let digest = Sha256Digest::of(of.as_bytes());
    let kept = || LATELY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, places)) = kept().iter().find(|(of, _)| *of == digest) {
        return (layout, Arc::clone(places));
    }
    let places = Arc::new(chart::places(&names, &lines, layout));
    let mut lately = kept();
    lately.push((digest, Arc::clone(&places)));
    if lately.len() > KEPT {
        lately.remove(0);
    }
    (layout, places)
}

/// The question, in one line.
fn asked_of_the_graph(wanted: &Wanted) -> String {
    let around = wanted.around.as_ref().map(|around| format!("; around {around} by at most {} lines", wanted.hops)).unwrap_or_default();
    format!("asked for: kinds {}{around}; at most {} things", chosen(&ThingKind::ALL, &wanted.kinds, ThingKind::name), wanted.most)
}

fn graph_values(case: &InCase, wanted: &Wanted, found: &graph::Drawn, layout: Layout, places: &[Place], made: Moment) -> Value {
    let part = &found.part;
    let at: BTreeMap<&str, usize> = part.things.iter().enumerate().map(|(at, thing)| (thing.thing.as_str(), at)).collect();
    let position = |all: &[&str], name: &str| all.iter().position(|one| *one == name).unwrap_or(0);
    let (kinds, strengths) = (ThingKind::ALL.map(ThingKind::name), Strength::ALL.map(Strength::name));
    let things: Vec<Value> = part.things.iter().zip(places).map(|(thing, (x, y))| json!([thing.thing, position(&kinds, thing.kind.name()), thing.label, thing.about, x, y, thing.lines])).collect();
    let lines: Vec<Value> = part.lines.iter().map(|line| json!([line.line, at.get(line.from.as_str()), at.get(line.to.as_str()), line.says, position(&strengths, line.strength.name()), line.reasons.len()])).collect();
    json!({"case": case.case, "made": made, "event": found.event, "layout": layout.in_words(), "kinds": kinds, "strengths": strengths, "left_out": part.left_out,
        "before": found.graph.size().0, "masked": found.masked, "outside": found.outside, "silent": found.silent, "not_shown": found.not_shown,
        "asked": {"kinds": wanted.kinds, "around": wanted.around, "hops": wanted.around.is_some().then_some(wanted.hops), "most": wanted.most}, "things": things, "lines": lines})
}

fn drawn_graph(case: &InCase, wanted: &Wanted, found: &graph::Drawn, layout: Layout, places: &[Place], made: Moment) -> String {
    let part = &found.part;
    let marks = [Mark::Triangle, Mark::Diamond, Mark::Square, Mark::Cross, Mark::Hexagon, Mark::Circle];
    let strokes = [Stroke::Thick, Stroke::Plain, Stroke::Dashed, Stroke::Dotted];
    let mark = |kind: ThingKind| marks[ThingKind::ALL.iter().position(|one| *one == kind).unwrap_or(0)];
    let stroke = |strength: Strength| strokes[Strength::ALL.iter().position(|one| *one == strength).unwrap_or(0)];
    let at: BTreeMap<&str, usize> = part.things.iter().enumerate().map(|(at, thing)| (thing.thing.as_str(), at)).collect();
    let things: Vec<Drawn> = (1..).zip(part.things.iter().zip(places)).map(|(number, (thing, place))| Drawn { mark: mark(thing.kind), label: thing.label.clone(), place: *place, number, lines: thing.lines }).collect();
    let lines: Vec<Joined> = part.lines.iter().filter_map(|line| Some(Joined { from: *at.get(line.from.as_str())?, to: *at.get(line.to.as_str())?, stroke: stroke(line.strength) })).collect();
    let masked = if found.masked > 0 { format!("; {} masked places are not drawn", found.masked) } else { String::new() };
    let mut told = vec![
        format!("made {}, event {} of the log; {} things of {} before the filter, {} lines, {} left out{masked}; numbers are those of the table", minute(made), found.event, things.len(), found.graph.size().0, lines.len(), part.left_out),
        asked_of_the_graph(wanted),
        format!("layout: {}; nearness says nothing, lines do, each with its reasons in the table", layout.in_words()),
    ];
    told.extend(left_out(found.outside, &found.silent, &found.not_shown));
    let legend = ThingKind::ALL.iter().zip(marks).map(|(kind, mark)| (mark, kind.name().to_string())).collect();
    let strokes = Strength::ALL.iter().zip(strokes).map(|(strength, stroke)| (stroke, strength.in_words().to_string())).collect();
    chart::graph(&Sheet { title: format!("Graph of case {}", case.case), lines: told, legend, strokes }, &things, &lines)
}
