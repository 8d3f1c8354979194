//! The timeline and the graph of a case: a table first, a drawing for paper, and, where the browser runs scripts, one that
//! moves.
//!
//! Each is one step of the command line in the reader's own session, asked by a form that is sent as an address, so that a
//! reader can turn its pages. These two pages alone may run a script, and only one of this server; all that it shows stands
//! in the tables. The drawing for paper holds no script and is shown as a picture.

use std::collections::HashMap;

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use maud::{Markup, html};
use serde_json::Value;

use crate::{
    frame::{Frame, text_of},
    house::RECEIVED,
    policy::Policy,
    query::{Query, encoded},
    server::{Shared, is_label, no_such_page, refused, shown},
    show, viewer,
};

/// One of the two drawings.
struct Kind {
    /// The step, and its place in the address.
    name: &'static str,
    /// Fields that the address may give to the step.
    fields: &'static [&'static str],
    /// The values of fields of which several may be chosen.
    choices: &'static [(&'static str, &'static [&'static str])],
    /// Most entries of the table, and of the drawing that moves.
    most: (u32, u32),
}

const TIMELINE: Kind = Kind {
    name: "timeline",
    fields: &["purpose", "from", "until", "exhibit", "kind", "moment", "first"],
    choices: &[("kind", &["admission", "fetch", "manual-capture", "offer", "handover", "finding", "authority-begins", "authority-ends", "listing", "post", "message"]), ("moment", &["claimed", "stated", "seen", "recorded", "ordered"])],
    most: (100, 100_000),
};

const GRAPH: Kind = Kind {
    name: "graph",
    fields: &["purpose", "kind", "around", "hops", "most", "seed", "why"],
    choices: &[("kind", &["charge", "finding", "exhibit", "person", "name", "selector"])],
    most: (300, 10_000),
};

/// Lines of a graph in one table.
const LINES: usize = 200;

impl Kind {
    /// The words of the step for what the address says; `what` is asked of it beside.
    fn words(&self, case: &str, query: &Query, what: &[String]) -> Vec<String> {
        let typed = query.typed();
        let given = self.fields.iter().flat_map(|field| typed.get(*field).into_iter().flatten().map(move |value| (*field, value.trim()))).filter(|(_, value)| !value.is_empty());
        let given = given.filter(|(field, _)| !what.iter().any(|word| word.starts_with(&format!("--{field}="))));
        [self.name.to_string(), format!("--case={case}")].into_iter().chain(given.map(|(field, value)| format!("--{field}={value}"))).chain(what.iter().cloned()).collect()
    }

    /// The same address with some of its fields changed; none where the value is empty.
    fn with(&self, query: &Query, changed: &[(&str, &str)]) -> String {
        let typed = query.typed();
        let kept = self.fields.iter().filter(|field| !changed.iter().any(|(name, _)| name == *field)).flat_map(|field| typed.get(*field).into_iter().flatten().map(move |value| (*field, value.as_str())));
        let pairs = kept.chain(changed.iter().copied()).filter(|(_, value)| !value.is_empty());
        format!("?{}", pairs.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&"))
    }
}

/// `/case/…/timeline`.
pub async fn timeline(State(shared): State<Shared>, headers: HeaderMap, Path(case): Path<String>, RawQuery(query): RawQuery) -> Response {
    page(&shared, &headers, &case, &TIMELINE, &Query::read(query.as_deref().unwrap_or_default())).await
}

/// `/case/…/graph`.
pub async fn graph(State(shared): State<Shared>, headers: HeaderMap, Path(case): Path<String>, RawQuery(query): RawQuery) -> Response {
    page(&shared, &headers, &case, &GRAPH, &Query::read(query.as_deref().unwrap_or_default())).await
}

/// `/case/…/timeline.svg`.
pub async fn timeline_on_paper(State(shared): State<Shared>, headers: HeaderMap, Path(case): Path<String>, RawQuery(query): RawQuery) -> Response {
    given(&shared, &headers, &case, &TIMELINE, &Query::read(query.as_deref().unwrap_or_default()), "svg", "image/svg+xml").await
}

/// `/case/…/graph.svg`.
pub async fn graph_on_paper(State(shared): State<Shared>, headers: HeaderMap, Path(case): Path<String>, RawQuery(query): RawQuery) -> Response {
    given(&shared, &headers, &case, &GRAPH, &Query::read(query.as_deref().unwrap_or_default()), "svg", "image/svg+xml").await
}

/// What the step writes: the drawing for paper, or the values of the one that moves.
async fn given(shared: &Shared, headers: &HeaderMap, case: &str, kind: &Kind, query: &Query, field: &str, of: &str) -> Response {
    let reader = match shared.reader(headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let path = format!("/case/{case}/{}", kind.name);
    let frame = shared.frame(headers, Some(&reader.person), &path);
    if !is_label(case) || query.get("purpose").is_none_or(|purpose| purpose.trim().is_empty()) {
        return no_such_page(&frame);
    }
    let mut what = vec![format!("--{field}={RECEIVED}")];
    // As many as are drawn well: on paper as many as its table has, on the screen many more.
    if kind.name == "timeline" {
        what.extend([format!("--most={}", if field == "svg" { kind.most.0 } else { kind.most.1 }), format!("--first={}", if field == "svg" { query.number("first").max(1) } else { 1 })]);
    } else if query.get("most").is_none_or(str::is_empty) {
        what.push(format!("--most={}", kind.most.0));
    }
    let (exit, heard) = shared.ask(&reader.token, kind.words(case, query, &what)).await;
    if exit != 0 {
        return refused(&frame, &frame.t(&format!("part-{}", kind.name)), &heard.refusal(exit));
    }
    ([(header::CONTENT_TYPE, of.to_string())], heard.received()).into_response()
}

async fn page(shared: &Shared, headers: &HeaderMap, case: &str, kind: &Kind, query: &Query) -> Response {
    if query.get("as") == Some("json") {
        return given(shared, headers, case, kind, query, "data", "application/json").await;
    }
    let reader = match shared.reader(headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let path = format!("/case/{case}/{}", kind.name);
    let mut frame = shared.frame(headers, Some(&reader.person), &path);
    if !is_label(case) {
        return no_such_page(&frame);
    }
    let title = frame.t(&format!("part-{}", kind.name));
    let form = form(&frame, kind, case, query);
    if query.get("purpose").is_none_or(|purpose| purpose.trim().is_empty()) {
        frame.case = Some(case);
        return shown(frame.page(&title, &html! { p { (frame.t(&format!("{}-about", kind.name))) } (form) }));
    }
    let most = if kind.name == "timeline" { vec![format!("--most={}", kind.most.0)] } else { vec![] };
    let (exit, heard) = shared.ask(&reader.token, kind.words(case, query, &most)).await;
    if heard.was_refused(exit) {
        let refusal = heard.refusal(exit);
        // A wrong field is mended in the form; who may not see the case sees no form of it.
        let main = html! { (frame.refused(&refusal)) @if refusal.exit == 2 { (form) } };
        return (crate::server::status_of(refusal.exit), shown(frame.page(&title, &main))).into_response();
    }
    frame.case = Some(case);
    let values = heard.values();
    let said = html! { (frame.notes(&heard.notes(), values.is_empty())) @if heard.is_cut() { p class="refused" { (frame.t("cut")) } } };
    if query.get("why").is_some_and(|why| !why.trim().is_empty()) {
        let back = html! { div class="actions" { a class="button plain" href=(kind.with(query, &[("why", "")])) { (frame.t("drawn-back")) } } };
        return shown(frame.page(&title, &html! { (said) @for line in &values { (reasons(&frame, kind, query, line)) } (back) }));
    }
    let tables = if kind.name == "timeline" { entries(&frame, kind, query, &values) } else { things_and_lines(&frame, kind, query, &values) };
    let main = html! {
        details class="card" { summary { (frame.t("drawn-ask")) } (form) }
        (said)
        @if !values.is_empty() { (island(&frame, kind, case, query)) }
        (tables)
    };
    let mut answer = shown(frame.page(&title, &main));
    answer.extensions_mut().insert(Policy::Drawing);
    answer
}

/// The question, as a form that becomes an address.
fn form(frame: &Frame<'_>, kind: &Kind, case: &str, query: &Query) -> Markup {
    let line = |name: &str, input: &str| {
        let (id, value) = (format!("f-{name}"), query.get(name).unwrap_or_default().to_string());
        html! { div class="field" { label for=(id) { (frame.or_name(&format!("field-{name}"), name)) @if name == "purpose" { " " span class="quiet" { (frame.t("needed")) } } } input type=(input) id=(id) name=(name) value=(value) autocomplete="off" required[name == "purpose"]; } }
    };
    let typed = query.typed();
    html! {
        form class="step" method="get" action=(format!("/case/{case}/{}", kind.name)) {
            (line("purpose", "text"))
            @if kind.name == "timeline" { (line("from", "date")) (line("until", "date")) (line("exhibit", "text")) } @else { (line("around", "text")) (line("hops", "number")) (line("most", "number")) }
            @for (field, choices) in kind.choices {
                fieldset class="choices" {
                    legend { (frame.or_name(&format!("field-drawn-{field}"), field)) }
                    @for choice in *choices {
                        @let id = format!("f-{field}-{choice}");
                        span { input type="checkbox" id=(id) name=(field) value=(choice) checked[typed.get(*field).is_some_and(|chosen| chosen.iter().any(|one| one == choice))]; " " label for=(id) { (word(frame, field, choice)) } }
                    }
                }
            }
            div class="actions" { button { (frame.t("drawn-show")) } }
        }
    }
}

/// The word for a kind, a teller of moments or a strength.
fn word(frame: &Frame<'_>, field: &str, value: &str) -> String {
    frame.or_name(&format!("{field}-{}", value.replace(' ', "-")), value)
}

/// The place of the drawing: a picture where no script runs, and where to get it on paper.
fn island(frame: &Frame<'_>, kind: &Kind, case: &str, query: &Query) -> Markup {
    let asked = kind.with(query, &[("why", "")]);
    let picture = format!("/case/{case}/{}.svg{asked}", kind.name);
    let values = format!("{asked}&as=json");
    let (mut words, alt) = (HashMap::new(), frame.t(&format!("{}-alt", kind.name)));
    let told: &[&str] = if kind.name == "graph" { &["label", "keys", "drawing", "whole", "part", "chosen"] } else { &["label", "keys"] };
    for key in told {
        words.insert((*key).to_string(), frame.t(&format!("{}-{key}", kind.name)));
    }
    for (key, from) in [("fails", "drawn-fails"), ("around", "drawn-around"), ("find", "drawn-find"), ("kinds", "field-drawn-kind"), ("strengths", "drawn-strength")] {
        words.insert(key.into(), frame.t(from));
    }
    words.insert("alt".into(), alt.clone());
    let strengths = ("strength", ["recorded", "verified", "shown", "candidate"].as_slice());
    let says = ("says", ["has custody", "derived from", "handed over", "rests on", "supported by", "contradicted by", "holds", "shows", "in one row with", "written alike"].as_slice());
    for (field, choices) in kind.choices.iter().copied().chain([strengths, says]) {
        words.extend(choices.iter().map(|choice| (format!("{field}-{choice}"), word(frame, field, choice))));
    }
    let words: std::collections::BTreeMap<_, _> = words.into_iter().collect();
    html! {
        section class="drawn" aria-label=(frame.t(&format!("part-{}", kind.name))) {
            div id="island" hidden data-values=(values) data-case=(case) data-picture=(picture) data-words=(serde_json::to_string(&words).unwrap_or_default()) {}
            noscript { img class="drawing" src=(picture) alt=(alt); }
            p { a href=(picture) { (frame.t("drawn-paper")) } }
            // What the islands share is asked for together with them, not after.
            link rel="modulepreload" href="/assets/islands/island.js";
            script type="module" src=(format!("/assets/islands/{}.js", kind.name)) {}
        }
    }
}

/// Where something stands: exhibit, place, bytes, and the way to these bytes in the viewer.
fn stands(frame: &Frame<'_>, value: &Value, query: &Query) -> Markup {
    let bytes = value["start"].as_u64().zip(value["end"].as_u64());
    let mut parts = Vec::new();
    if value["exhibit"].is_string() {
        parts.push(show::value(frame, "exhibit", &value["exhibit"]));
    }
    parts.extend(value["also"].as_array().into_iter().flatten().map(|exhibit| show::value(frame, "exhibit", exhibit)));
    if let Some(place) = value["place"].as_str() {
        parts.push(html! { (show::plain(place, 300)) });
    }
    if let Some((start, end)) = bytes {
        parts.push(html! { (frame.t("bytes")) " " (start) "–" (end) @if value["blob"].is_string() { " " (frame.t("drawn-in-blob")) } });
    }
    let records = ["record", "source"].into_iter().filter_map(|name| value[name].as_str()).filter(|record| value["exhibit"] != *record);
    parts.extend(records.map(|record| html! { (show::plain(record, 120)) }));
    html! { @for (n, part) in parts.iter().enumerate() { @if n > 0 { " · " } (part) } @if bytes.is_some() { " " (viewer::way_for(frame, value, query.get("purpose"))) } }
}

fn head(frame: &Frame<'_>, keys: &[&str]) -> Markup {
    html! { thead { tr { @for key in keys { th scope="col" { (frame.t(key)) } } } } }
}

fn table(frame: &Frame<'_>, caption: &str, keys: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div class="table anywhere" tabindex="0" role="region" aria-label=(caption) {
            table {
                caption class="sr" { (caption) }
                (head(frame, keys))
                tbody { @for row in rows { tr { @for (cell, key) in row.iter().zip(keys) { td data-label=(frame.t(key)) { (cell) } } } } }
            }
        }
    }
}

fn entries(frame: &Frame<'_>, kind: &Kind, query: &Query, values: &[Value]) -> Markup {
    if values.is_empty() {
        return show::empty(frame, "empty-timeline");
    }
    let first = query.number("first").max(1);
    let row = |(number, one): (usize, &Value)| {
        let moment = |name: &str| frame.moment(text_of(one, name));
        vec![
            html! { (number) },
            html! { (moment("at")) @if one["moment"] == "claimed" && one["earliest"].is_string() { p class="quiet" { (frame.t("drawn-between")) " " (moment("earliest")) " – " (moment("latest")) } } },
            html! { (word(frame, "moment", text_of(one, "moment"))) },
            html! { (word(frame, "kind", text_of(one, "kind"))) },
            html! { (show::plain(text_of(one, "what"), 600)) @if let Some(written) = one["written"].as_str() { p class="quiet" { "“" (show::plain(written, 80)) "”" } } },
            stands(frame, one, query),
        ]
    };
    let rows: Vec<Vec<Markup>> = (first..).zip(values).map(row).collect();
    let most = kind.most.0 as usize;
    html! {
        (table(frame, &frame.t("part-timeline"), &["drawn-number", "drawn-when", "field-drawn-moment", "field-drawn-kind", "drawn-what", "drawn-where"], &rows))
        div class="actions" {
            @if first > 1 { a class="button plain" href=(kind.with(query, &[("first", &first.saturating_sub(most).max(1).to_string())])) { (frame.t("before")) } }
            @if values.len() == most { a class="button plain" href=(kind.with(query, &[("first", &(first + most).to_string())])) { (frame.t("after")) } }
        }
    }
}

fn things_and_lines(frame: &Frame<'_>, kind: &Kind, query: &Query, values: &[Value]) -> Markup {
    let things: Vec<&Value> = values.iter().filter(|value| value["thing"].is_string()).collect();
    if things.is_empty() {
        return show::empty(frame, "empty-graph");
    }
    let number: HashMap<&str, (usize, &str)> = (1..).zip(&things).map(|(number, thing)| (text_of(thing, "thing"), (number, text_of(thing, "label")))).collect();
    let name = |id: &str| number.get(id).map(|(number, label)| html! { (number) " " (show::plain(label, 120)) }).unwrap_or_default();
    let lines: Vec<&Value> = values.iter().filter(|value| value["line"].is_string()).collect();
    let row = query.number("row").min(lines.len());
    let line = |line: &&Value| vec![
        name(text_of(line, "from")),
        html! { (word(frame, "says", text_of(line, "says"))) },
        name(text_of(line, "to")),
        html! { (word(frame, "strength", text_of(line, "strength"))) },
        stands(frame, &line["because"], query),
        html! { a href=(kind.with(query, &[("why", text_of(line, "line"))])) { (frame.t("drawn-why")) " (" (line["reasons"]) ")" } },
    ];
    let thing = |(number, thing): (usize, &&Value)| vec![
        html! { (number) },
        html! { (word(frame, "kind", text_of(thing, "kind"))) },
        html! { @if thing["kind"] == "exhibit" { (show::value(frame, "exhibit", &thing["thing"])) " " } (show::plain(text_of(thing, "label"), 300)) },
        html! { (show::plain(text_of(thing, "about"), 200)) },
        html! { (thing["lines"]) },
        html! { a href=(kind.with(query, &[("around", text_of(thing, "thing"))])) { (frame.t("drawn-around")) } },
    ];
    let shown: Vec<Vec<Markup>> = lines.iter().skip(row).take(LINES).map(line).collect();
    let turned = |to: usize| format!("{}&row={to}", kind.with(query, &[]));
    let part: Vec<Vec<Markup>> = (1..).zip(&things).take(2 * LINES).map(thing).collect();
    html! {
        h2 { (frame.t("drawn-lines")) " (" (lines.len()) ")" }
        (table(frame, &frame.t("drawn-lines"), &["drawn-from", "drawn-says", "drawn-to", "drawn-strength", "drawn-where", "drawn-reasons"], &shown))
        div class="actions" {
            @if row > 0 { a class="button plain" href=(turned(row.saturating_sub(LINES))) { (frame.t("before")) } }
            @if row + LINES < lines.len() { a class="button plain" href=(turned(row + LINES)) { (frame.t("after")) } }
        }
        h2 { (frame.t("drawn-things")) " (" (things.len()) ")" }
        @if things.len() > 2 * LINES { p class="quiet" { (frame.t("drawn-most")) } }
        (table(frame, &frame.t("drawn-things"), &["drawn-number", "field-drawn-kind", "drawn-what", "drawn-about", "drawn-lines", "what-to-do"], &part))
    }
}

/// Every reason of one line.
fn reasons(frame: &Frame<'_>, kind: &Kind, query: &Query, line: &Value) -> Markup {
    let end = |end: &Value| html! { a href=(kind.with(query, &[("why", ""), ("around", text_of(end, "thing"))])) { (show::plain(text_of(end, "label"), 300)) } };
    let reasons = line["reasons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<Markup>> = reasons.iter().map(|reason| vec![
        html! { (word(frame, "strength", text_of(reason, "strength"))) },
        html! { (show::plain(text_of(reason, "rule"), 600)) },
        stands(frame, reason, query),
    ]).collect();
    html! {
        section class="card" { h2 { (end(&line["from"])) " — " (word(frame, "says", text_of(line, "says"))) " — " (end(&line["to"])) } p { (word(frame, "strength", text_of(line, "strength"))) } }
        (table(frame, &frame.t("drawn-reasons"), &["drawn-strength", "drawn-rule", "drawn-where"], &rows))
    }
}

/// The scripts of the two pages: built from `crates/web/islands`, and compared with a fresh build by `./test`.
pub fn script(name: &str) -> Option<&'static [u8]> {
    Some(match name {
        "islands/graph.js" => include_bytes!("../assets/islands/graph.js"),
        "islands/timeline.js" => include_bytes!("../assets/islands/timeline.js"),
        "islands/island.js" => include_bytes!("../assets/islands/island.js"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gives_the_step_its_own_fields_and_no_others() {
        let query = Query::read("purpose=to+see&kind=post&kind=listing&home=%2Fetc&svg=%2Ftmp%2Fx&data=y&case=2026-0009&session=s&from=&until=2026-01-01");
        let words = TIMELINE.words("2026-0001", &query, &["--most=100".into()]);
        assert_eq!(words, ["timeline", "--case=2026-0001", "--purpose=to see", "--until=2026-01-01", "--kind=post", "--kind=listing", "--most=100"]);
        assert_eq!(GRAPH.words("2026-0001", &Query::read("purpose=x&most=5"), &["--most=300".into()]), ["graph", "--case=2026-0001", "--purpose=x", "--most=300"]);
    }

    #[test]
    fn an_address_is_changed_in_one_field() {
        let query = Query::read("purpose=a%26b&kind=name&why=line-1&strange=x");
        assert_eq!(GRAPH.with(&query, &[("why", ""), ("around", "E-0001")]), "?purpose=a%26b&kind=name&around=E-0001");
    }
}
