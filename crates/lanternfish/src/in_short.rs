//! What a person reads of an answer: three to six lines, or a table, with local time and the zone named.
//! It leaves out and adds nothing: the whole record is one `--json` away. No rule is decided here.

use std::path::Path;

use desk::{admit::ExhibitView, authority::AuthorityView, capture::{CaptureView, Underway}, crawl::{ChangeLine, CrawlView, PageLine}, charges::ChargeView, errata::ErratumView, material::MaterialView, minimise::MinimisedView, package::{AnchorsView, PackageView, disclose::DisclosureView, renew::RenewalView}};
use desk::{elsewhere::CaseHit, examine::PictureText, rows::{RowView, What}, search::{SelectorHit, WordHits}};
use model::{Moment, capture::FetchOutcome, event::Leaf, exhibit::ExhibitClass};
use serde::Serialize;

/// The zone of this computer, as its settings name it; UTC when they name none.
pub fn zone_here() -> String {
    let set = std::env::var("TZ").ok().filter(|zone| !zone.is_empty());
    let linked = || {
        let link = std::fs::read_link("/etc/localtime").ok()?;
        link.to_str()?.split_once("zoneinfo/").map(|(_, zone)| zone.to_string())
    };
    let zone = set.or_else(linked).unwrap_or_default();
    if Moment::from_micros(0).civil(&zone, model::moment::Calendar::Gregorian).is_ok() { zone } else { "UTC".into() }
}

/// The name under which a value is written in records: `handed-over`, `verified` …
fn name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_string)).unwrap_or_default()
}

/// A number with its word: `1 page`, `2 pages`, `1 address`, `2 addresses`.
pub fn count(number: u64, word: &str) -> String {
    let end = if word.ends_with('s') { "es" } else { "s" };
    format!("{number} {word}{}", if number == 1 { "" } else { end })
}

/// Columns side by side, each as wide as its widest cell; the last one as it is.
fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = widths[column]));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    rows.iter().map(line).collect()
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.iter().map(ToString::to_string).collect()
}

/// Notes that must not be missed, one a line.
fn warnings(findings: &[String]) -> impl Iterator<Item = String> + '_ {
    findings.iter().map(|finding| format!("  ! {finding}"))
}

fn custodian(view: &ExhibitView) -> String {
    let interim = if view.content.custody.is_interim() { " (interim custody)" } else { "" };
    format!("{}{interim}", view.custodian)
}

/// One exhibit.
pub fn exhibit(view: &ExhibitView, zone: &str) -> Vec<String> {
    let content = &view.content;
    let mut lines = vec![
        format!("{}  {}: {}", view.exhibit, name(&content.kind), content.description),
        format!("  {}, {}; from {}: {}", view.state, name(&content.class), content.origin.source.name(), content.source),
        format!("  admitted {} by {}; custodian {}", content.admitted.in_words(zone), content.admitted_by, custodian(view)),
    ];
    if let (Some(digest), Some(length)) = (&content.sha256, content.length) {
        lines.push(format!("  SHA-256 {} ({length} bytes)", digest.hex()));
    }
    if let Some(part) = &view.opened_part {
        lines.push(format!("  opened of it: {}, SHA-256 {} ({} bytes)", part.place, part.sha256.hex(), part.length));
    }
    if let Some(thing) = &content.physical {
        lines.push(format!("  seal {}, condition: {}", thing.seal_number, thing.condition));
    }
    lines.extend(warnings(&content.findings));
    lines
}

/// A minimised view as a page of text: what it is, what is covered, what is not, and the text.
pub fn minimised(view: &MinimisedView, zone: &str) -> String {
    let masked: Vec<String> = view.masked.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let mut lines = vec![
        format!("MINIMISED VIEW of {} ({}, {})", view.exhibit, name(&view.kind), name(&view.class)),
        format!("{}; from {}; {} bytes; admitted {}", view.description, view.source, view.length, view.admitted.in_words(zone)),
        format!("covered: {}", or_none(&masked)),
        format!("NOT covered: {}", view.not_masked),
    ];
    lines.extend(view.no_text.iter().map(|why| format!("no text is shown: {why}")));
    if let Some(text) = &view.text {
        lines.push(format!("{}\n{text}", "-".repeat(40)));
    }
    lines.join("\n") + "\n"
}

/// Every exhibit of a case, one a line; what is wrong with one stands below it.
pub fn exhibits(views: &[ExhibitView], zone: &str) -> Vec<String> {
    let head = row(["exhibit", "kind", "state", &format!("admitted ({zone})"), "custodian", "description"]);
    let cells = |view: &ExhibitView| {
        let (kind, admitted) = (name(&view.content.kind), view.content.admitted.local(zone));
        let class = view.content.class;
        let state = if class == ExhibitClass::Ordinary { view.state.clone() } else { format!("{}, {}", view.state, class.name()) };
        row([&view.exhibit, &kind, &state, &admitted, &custodian(view), &view.content.description])
    };
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(views.iter().map(cells)).collect();
    let mut lines = table(&rows).into_iter();
    let mut all: Vec<String> = lines.next().into_iter().collect();
    for (view, line) in views.iter().zip(lines) {
        all.push(line);
        all.extend(warnings(&view.content.findings));
    }
    all
}

/// A capture: its exhibit and how each address answered.
pub fn capture(view: &CaptureView, zone: &str) -> Vec<String> {
    let record = &view.record;
    let mut lines = exhibit(&view.exhibit, zone);
    lines.retain(|line| !line.starts_with("  ! "));
    for fetch in &record.fetches {
        let ended = match &fetch.outcome {
            FetchOutcome::Complete { status } => format!("whole, status {status}, {} bytes", fetch.response_bytes),
            FetchOutcome::Partial { reason, .. } => format!("PARTIAL ({reason}), {} bytes", fetch.response_bytes),
            FetchOutcome::Failed { reason } => format!("NOTHING RECEIVED ({reason})"),
        };
        lines.push(format!("  {}: {ended}", fetch.url));
    }
    lines.extend(view.exhibit.content.findings.iter().filter(|remark| remark.starts_with("WITHHELD") || remark.starts_with("BROWSER")).map(|remark| format!("  {remark}")));
    lines.push("  This proves who captured and when, not that the server said it.".into());
    lines
}

/// A crawl, for its officer.
pub fn crawl(view: &CrawlView) -> Vec<String> {
    let mut lines = vec![format!("{} {}: {}", view.crawl, view.state, progress(view))];
    lines.extend(view.now.iter().map(|under| format!("  now: {}", under_way(under))));
    lines.extend(view.ended.iter().map(|why| format!("  ended: {why}")));
    lines.extend(view.left_out.iter().map(|(reason, count)| format!("  left out, {}: {count}", reason.in_words())));
    if view.counts.unread > 0 {
        lines.push(format!("  pages that came and were not read for links: {} (`collect sitemap` says which and why)", view.counts.unread));
    }
    if view.counts.beyond > 0 {
        lines.push(format!("  links beyond the bound of one page, counted only: {}", view.counts.beyond));
    }
    lines
}

/// One line on how far a crawl is.
pub fn progress(view: &CrawlView) -> String {
    let counts = &view.counts;
    let left: u64 = view.left_out.values().sum();
    let circuits = circuits(counts.circuits);
    format!("{}, {}{circuits}, {} failed, {} waiting, {left} left out, {}", count(counts.fetched, "page"), count(counts.bytes, "byte"), counts.failed, view.waiting, count(counts.rounds, "round"))
}

/// One line on how far an order is that runs now.
pub fn under_way(under: &Underway) -> String {
    if under.elsewhere {
        return format!("{} asked for on another machine; how far it is, only that machine knows", count(under.addresses as u64, "address"));
    }
    let circuits = circuits(under.circuits.unwrap_or(0));
    format!("{} of {}, {} received{circuits}, {} failed", under.pages, count(under.addresses as u64, "address"), count(under.bytes, "byte"), under.failed)
}

fn circuits(number: u64) -> String {
    if number == 0 { String::new() } else { format!(", {}", count(number, "circuit")) }
}

/// One address of a crawl.
pub fn page(line: &PageLine) -> String {
    let place = line.exhibit.as_deref().map(|exhibit| format!(" in {exhibit}")).unwrap_or_default();
    let status = line.status.map(|status| format!(" {status}")).unwrap_or_default();
    let why = line.reason.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    let hints: String = line.hints.iter().map(|hint| format!(" [{}?]", name(hint))).collect();
    let not_read = line.not_read.as_deref().map(|why| format!(" (its links were not read: {why})")).unwrap_or_default();
    format!("{}{status}{place}: {}{why}{not_read}{hints}", line.state, line.url)
}

/// One page that is not as it was.
pub fn change(line: &ChangeLine) -> String {
    let places = [line.before.as_deref(), line.now.as_deref()].map(|place| place.unwrap_or("-"));
    format!("{}: {} ({} / {})", name(&line.change), line.url, places[0], places[1])
}

/// Selectors with the place where each stands.
pub fn selectors(hits: &[SelectorHit]) -> Vec<String> {
    let cells = |hit: &SelectorHit| {
        let (kind, state) = (name(&hit.selector.selector_type), name(&hit.selector.state));
        row([&kind, &state, &hit.selector.value, &hit.exhibit, &format!("{}, byte {}", hit.place, hit.selector.start)])
    };
    let head = row(["type", "state", "value", "exhibit", "place"]);
    table(&std::iter::once(head).chain(hits.iter().map(cells)).collect::<Vec<_>>())
}

/// The same in several cases.
pub fn case_hits(hits: &[CaseHit]) -> Vec<String> {
    let cells = |found: &CaseHit| {
        let (selector, hit) = (&found.hit.selector, &found.hit);
        row([&found.case, &hit.exhibit, &name(&selector.selector_type), &name(&selector.state), &selector.value, &format!("{}, byte {}", hit.place, selector.start)])
    };
    let head = row(["case", "exhibit", "type", "state", "value", "place"]);
    table(&std::iter::once(head).chain(hits.iter().map(cells)).collect::<Vec<_>>())
}

/// Listings, posts and messages, one line each.
pub fn rows(rows: &[RowView]) -> Vec<String> {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    rows.iter().map(|view| match &view.what {
        What::Row(listing) => {
            let cells: Vec<String> = listing.cells().iter().filter_map(|cell| Some(format!("{}: {}", cell.field.name(), plain(cell.value.as_deref()?)))).collect();
            format!("{}  {}, bytes {}-{}\n    {}", view.exhibit, view.place, listing.start(), listing.end(), cells.join("; "))
        }
        What::Message(message) => {
            let author = message.author.as_deref().unwrap_or("(not told)");
            let time = message.time.as_ref().map_or("", |time| time.written.as_str());
            format!("{}  {}, bytes {}-{}\n    {time} {author}: {}", view.exhibit, view.place, message.start, message.end, plain(&message.text))
        }
    }).collect()
}

/// What was read in pictures, one line each: where, how sure, and what.
pub fn picture_texts(texts: &[PictureText]) -> Vec<String> {
    texts.iter().map(|one| {
        let sure = one.confidence.map_or_else(|| "QR code".to_string(), |sure| format!("read by machine, {sure} of 100"));
        let [x, y, width, height] = one.at;
        let text = one.text.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{}  {}, at {x},{y}, {width} × {height} points, {sure}: {text}", one.exhibit, one.place)
    }).collect()
}

/// Passages that answer a question: where, and the captured words with what was found between marks.
pub fn word_hits(found: &WordHits) -> Vec<String> {
    let mut lines = Vec::new();
    for hit in &found.hits {
        let bytes = if hit.end > hit.start { format!(", bytes {}-{}", hit.start, hit.end) } else { String::new() };
        let zone = if hit.zone == "text" { String::new() } else { format!(", in {}", hit.zone) };
        let alike = if hit.look_alike { ", in letters that look or sound alike" } else { "" };
        let inside = if hit.inside_word { ", inside a longer word" } else { "" };
        lines.push(format!("{}  {}{zone}{bytes}{alike}{inside}", hit.exhibit, hit.place));
        lines.push(format!("    {}", marked(&hit.quote, &hit.marks)));
    }
    let largest = |name: &str| found.facets.get(name).filter(|values| values.len() > 1).map(|values| {
        let shown: Vec<String> = values.iter().take(5).map(|(value, count)| format!("{value} ({count})")).collect();
        format!("by {name}: {}", shown.join(", "))
    });
    lines.extend(["exhibit", "host", "language"].into_iter().filter_map(largest));
    lines
}

/// The quote on one line, with each hit between `[[` and `]]`.
fn marked(quote: &str, marks: &[(usize, usize)]) -> String {
    let (mut line, mut at) = (String::new(), 0);
    for (start, end) in marks.iter().filter(|(start, end)| start < end) {
        if *start < at {
            continue;
        }
        line += &format!("{}[[{}]]", &quote[at..*start], &quote[*start..*end]);
        at = *end;
    }
    line += &quote[at..];
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A package: who has signed and stamped, and what is missing.
pub fn package(view: &PackageView, zone: &str) -> Vec<String> {
    let when = |moment: &Option<Moment>| moment.map_or("not yet".to_string(), |at| at.in_words(zone));
    let officers: Vec<String> = view.officers.iter().map(|(name, signed)| format!("{name} ({})", when(signed))).collect();
    let stamp = |(name, independent, stamped): &(String, bool, Option<Moment>)| {
        let mark = if *independent || name.contains("NOT INDEPENDENT") { "" } else { ", NOT INDEPENDENT" };
        format!("{name}{mark} ({})", when(stamped))
    };
    let stamps: Vec<String> = view.authorities.iter().map(stamp).collect();
    let mut lines = vec![
        format!("{}  {}, {} exhibits, reports: {}", view.package, view.state, view.exhibits, or_none(&view.reports)),
        format!("  folder: {}", folder(&view.path, &view.state)),
        format!("  signed by: {}", officers.join(", ")),
        format!("  time-stamps: {}", stamps.join(", ")),
    ];
    if !view.limits.is_empty() {
        lines.push(format!("  limits: {}", view.limits.join("; ")));
    }
    lines.extend(view.provable_until.map(|end| format!("  time-stamps provable until {}: renew them before (`lanternfish package renew`)", end.in_words(zone))));
    lines.extend(view.missing.iter().map(|missing| format!("  next: {missing}")));
    if view.missing.is_none() && view.state != "sealed" {
        lines.push(format!("  next: `lanternfish package finish --case NUMBER {}`", view.package));
    }
    lines
}

/// A renewal: who stamped, where it lies, until when it holds.
pub fn renewal(view: &RenewalView, zone: &str) -> Vec<String> {
    let when = |moment: &Option<Moment>| moment.map_or("not yet".to_string(), |at| at.in_words(zone));
    let stamps: Vec<String> = view.authorities.iter().map(|(name, _, stamped)| format!("{name} ({})", when(stamped))).collect();
    let mut lines = vec![format!("{}  renewal {}: {}", view.package, view.renewal, view.state), format!("  time-stamps: {}", stamps.join(", "))];
    lines.extend(view.folder.as_ref().map(|folder| format!("  folder: {} (give it away with the package)", folder.display())));
    lines.extend(view.provable_until.map(|end| format!("  provable until {}: renew again before", end.in_words(zone))));
    lines
}

/// A disclosure: to whom, what stays and why, and what to do next.
pub fn disclosure(view: &DisclosureView) -> Vec<String> {
    let decided = view.decided_by.as_ref().map_or(String::new(), |name| format!(", decided by {name}"));
    let mut lines = vec![
        format!("{}  {}: parts of {} for {}", view.disclosure, view.state, view.package, view.recipient),
        format!("  purpose: {}; proposed by {}{decided}", view.purpose, view.proposed_by),
        format!("  goes out: {} items", view.disclosed.len()),
    ];
    lines.extend(view.withheld.iter().map(|(path, class, reason)| {
        let opened = if view.revealed.contains(path) { ", REVEALED since" } else { "" };
        format!("  stays: {path} ({class}: {reason}{opened})")
    }));
    lines.push(match (view.state.as_str(), &view.built) {
        (_, Some(package)) => format!("  built as {package}"),
        ("approved", None) => format!("  next: `lanternfish disclosure build --case NUMBER {} --officer NAME --out DIR`", view.disclosure),
        ("proposed", None) => "  next: a supervisor or prosecutor other than the proposer runs `lanternfish disclosure decide`".into(),
        _ => "  refused: nothing leaves".into(),
    });
    lines.extend(view.corrections.iter().map(|file| format!("  corrections: send {} together with the opened items", file.display())));
    lines
}

/// The schedule of unused material, one exhibit a line.
pub fn material(lines: &[MaterialView]) -> Vec<String> {
    let head = row(["exhibit", "used", "assists the defence", "said by", "description"]);
    let cells = |line: &MaterialView| {
        let said = line.said.as_ref().map_or("-".into(), |(who, why)| format!("{who}: {why}"));
        row([&line.exhibit, if line.unused { "no" } else { "yes" }, &line.state, &said, &line.description])
    };
    table(&std::iter::once(head).chain(lines.iter().map(cells)).collect::<Vec<_>>())
}

/// A charge: each element with its findings and gaps.
pub fn charge(view: &ChargeView) -> Vec<String> {
    let mut lines = vec![format!("{}  {} ({})", view.charge, view.offence, view.provision)];
    for element in &view.matrix.elements {
        lines.push(format!("  {}. {}: for: {}; against: {}", element.number, element.text, or_none(&element.supported_by), or_none(&element.contradicted_by)));
        lines.extend(element.gaps.iter().map(|gap| format!("     GAP: {gap}")));
    }
    lines.push(format!("  findings at no element: {}", or_none(&view.matrix.unplaced)));
    if !view.matrix.unplaced_exculpatory.is_empty() {
        lines.push(format!("  ! of these speak for the suspect: {}", view.matrix.unplaced_exculpatory.join(", ")));
    }
    lines
}

/// An erratum: what it corrects, and who must be told.
pub fn erratum(view: &ErratumView) -> Vec<String> {
    let mut lines = vec![format!("{}  corrects {} (by {}, event {})", view.erratum, view.about, view.by, view.event), format!("  wrong: {}", view.wrong), format!("  right: {}", view.right)];
    for notice in &view.notices {
        let whom = notice.recipient.as_ref().map_or(String::new(), |name| format!(" for {name}"));
        let told: Vec<String> = notice.told.iter().map(|(to, how)| format!("{to} ({how})")).collect();
        let told = if told.is_empty() { "NOBODY WAS TOLD YET; send these words, then run `lanternfish erratum notified`".into() } else { format!("told: {}", told.join(", ")) };
        lines.extend([format!("  {}{whom} went out without it: {told}", notice.package), format!("    {}", notice.text)]);
        if notice.kept_back {
            lines.push("    its words are kept back: they are about what is withheld there. To tell them, open the item with `lanternfish disclosure reveal`".into());
        }
    }
    lines
}

fn folder(path: &Path, state: &str) -> String {
    let waiting = if state == "sealed" { "" } else { ".building (it gets its name when it is sealed)" };
    format!("{}{waiting}", path.display())
}

fn or_none(words: &[String]) -> String {
    if words.is_empty() { "none".into() } else { words.join(", ") }
}

/// An authority: what it allows, and until when.
pub fn authority(view: &AuthorityView) -> Vec<String> {
    let unit = if view.unit { " of the unit" } else { "" };
    let left = if view.state == "live" { format!(", {} days left", view.days_left) } else { String::new() };
    let mut lines = vec![
        format!("{}  {}{unit}, reference {}: {}{left}", view.authority, view.kind, model::quoted(&view.reference), view.state.to_uppercase()),
        format!("  issued by {}; from {} until {}", view.issuer, view.from.in_words(&view.zone), view.until.end_in_words(&view.zone)),
        format!("  {}", view.scope),
    ];
    lines.extend(view.label.iter().map(|label| format!("  {label}")));
    lines.extend(view.amends.iter().map(|id| format!("  in place of {id}")));
    lines.extend(view.extends.iter().map(|id| format!("  goes on from {id}")));
    if view.kind == "emergency" {
        lines.extend(emergency(view));
    }
    lines
}

/// What an emergency authority still needs.
fn emergency(view: &AuthorityView) -> Vec<String> {
    let mut lines = Vec::new();
    if view.state == "recorded" {
        lines.push("  no second person has checked it: it covers only while you are the only member of the case".to_string());
    }
    lines.push(match &view.ratified {
        Some(order) => format!("  ratified by the written order {order}"),
        None => "  not ratified: after its end, what came in under it is in quarantine. Next: record the written order, let it be checked, then `lanternfish authority ratify`".into(),
    });
    lines
}

/// Anchors that were written, with what people compare by another way than the files go.
pub fn anchors(view: &AnchorsView) -> Vec<String> {
    let mut lines = vec![
        format!("{}  anchors of {}, {} events", view.anchors.display(), view.origin, view.size),
        "  Tell these by another way than the files go (SHA-256 as `openssl x509 -noout -fingerprint -sha256` shows it):".into(),
    ];
    lines.extend(view.fingerprints.iter().map(|(what, print)| format!("  {what}\n    {print}")));
    lines
}

/// Events of the log: metadata only.
pub fn events(leaves: &[Leaf], zone: &str) -> Vec<String> {
    let text = |id: Option<&str>| id.unwrap_or("-").to_string();
    let cells = |leaf: &Leaf| {
        let (case, object) = (text(leaf.case.as_ref().map(|c| c.as_str())), text(leaf.object.as_deref()));
        let actor = text(leaf.actor.as_ref().map(|a| a.as_str()));
        row([&leaf.seq.to_string(), &leaf.time.local(zone), leaf.event_type.name(), &actor, &case, &object])
    };
    let head = row(["event", &format!("time ({zone})"), "type", "person", "case", "object"]);
    table(&std::iter::once(head).chain(leaves.iter().map(cells)).collect::<Vec<_>>())
}
