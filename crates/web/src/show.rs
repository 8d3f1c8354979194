//! From the values of an answer to what a person reads: tables, lists, hits with their quotation.
//!
//! Strangers' words are text here and nothing else: they are escaped, shown with their invisible characters named, bounded
//! in length, and never a link to anywhere outside.

use maud::{Markup, html};
use serde_json::Value;
pub use text::shown::plain;

use crate::{
    frame::{Frame, is_moment, text_of},
    paper, viewer,
};

/// Longest text of one cell.
const CELL: usize = 600;

/// A value as a person reads it.
pub fn value(frame: &Frame<'_>, name: &str, value: &Value) -> Markup {
    match value {
        Value::Null => html! { span class="quiet" { (frame.t("none")) } },
        Value::Bool(yes) => html! { (frame.t(if *yes { "yes" } else { "no" })) },
        Value::Number(number) => html! { (number) },
        Value::String(text) if is_moment(text) => frame.moment(text),
        Value::String(text) => word(frame, name, text),
        Value::Array(items) if items.is_empty() => html! { span class="quiet" { (frame.t("none")) } },
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => html! {
            @for (n, item) in items.iter().enumerate() { @if n > 0 { ", " } (self::value(frame, name, item)) }
        },
        Value::Array(items) => html! { ul class="plain" { @for item in items { li { (self::value(frame, name, item)) } } } },
        Value::Object(_) if name == "allows" => limits(frame, value),
        Value::Object(_) => list(frame, value),
    }
}

/// What an authority allows, in the reader's words; what a person typed stays as it was typed.
pub fn limits(frame: &Frame<'_>, limits: &Value) -> Markup {
    let names = |member: &str, kind: &str| {
        let names = limits[member].as_array().into_iter().flatten().filter_map(Value::as_str);
        names.map(|name| frame.or_name(&format!("{kind}-{name}"), name)).collect::<Vec<_>>().join(", ")
    };
    let typed = |member: &str| match text_of(limits, member) {
        known @ ("any" | "none") => frame.t(&format!("limit-{known}")),
        other => plain(other, CELL),
    };
    html! {
        (frame.t("limit-may")) ": " (names("actions", "action")) "; " (frame.t("limit-sources")) ": " (names("sources", "source")) "; "
        (frame.t("limit-selectors")) ": " (typed("selectors")) "; " (frame.t("limit-persons")) ": " (typed("persons")) "; " (frame.t("limit-territory")) ": " (typed("territory"))
    }
}

/// One text: an exhibit of this case leads to its page; a state bears its colour and its word.
fn word(frame: &Frame<'_>, name: &str, text: &str) -> Markup {
    match (name, frame.case) {
        ("exhibit" | "exhibits" | "derived_from", Some(case)) if text.starts_with("E-") => html! { a href=(format!("/case/{case}/exhibits/{text}")) { (text) } },
        ("case", _) if frame.case.is_none() && text.starts_with(|first: char| first.is_ascii_digit()) => html! { a href=(format!("/case/{text}")) { (text) } },
        ("state", _) => state(frame, text),
        ("kind" | "class" | "outcome" | "template", _) => html! { (frame.or_name(&format!("value-{text}"), text)) },
        _ => broken(&plain(text, CELL)),
    }
}

/// Words longer than a line may be broken anywhere; others never are.
const LONG_WORD: usize = 22;

fn broken(text: &str) -> Markup {
    if text.split_whitespace().any(|word| word.chars().count() > LONG_WORD) { html! { span class="long" { (text) } } } else { html! { (text) } }
}

/// A state: its colour is never the only sign.
fn state(frame: &Frame<'_>, text: &str) -> Markup {
    let class = match text {
        "live" | "sealed" | "sound" | "verified" | "accepted" | "active" | "open" | "done" => "state good",
        "failed-checksum" | "revoked" | "locked" | "failed" | "refused" | "burned" => "state bad",
        "waiting" | "offered" | "recorded" | "unverifiable" | "running" | "stopped" => "state warn",
        _ => "state",
    };
    html! { span class=(class) { (frame.or_name(&format!("state-{text}"), text)) } }
}

/// A value's members as name and content.
pub fn list(frame: &Frame<'_>, object: &Value) -> Markup {
    let Some(members) = object.as_object() else { return value(frame, "", object) };
    html! {
        dl {
            @for (name, member) in members.iter().filter(|(name, member)| !member.is_null() && !(*name == "scope" && members.contains_key("allows"))) {
                dt { (frame.or_name(&format!("field-{}", name.replace('_', "-")), name)) }
                dd { (value(frame, name, member)) }
            }
        }
    }
}

/// Rows with these columns; the columns that no row has are left out.
pub fn table(frame: &Frame<'_>, caption: &str, rows: &[Value], columns: &[&str], more: impl Fn(&Value) -> Markup) -> Markup {
    let columns: Vec<&&str> = columns.iter().filter(|column| rows.iter().any(|row| !is_nothing(&row[**column]))).collect();
    html! {
        div class="table anywhere" tabindex="0" role="region" aria-label=(caption) {
            table {
                caption class="sr" { (caption) }
                thead { tr {
                    @for column in &columns { th scope="col" { (frame.or_name(&format!("field-{}", column.replace('_', "-")), column)) } }
                    th scope="col" { span class="sr" { (frame.t("what-to-do")) } }
                } }
                tbody { @for row in rows { tr {
                    @for column in &columns {
                        td data-label=(frame.or_name(&format!("field-{}", column.replace('_', "-")), column)) class=[is_long(&row[**column]).then_some("wide")] { (value(frame, column, &row[**column])) }
                    }
                    td { (more(row)) }
                } } }
            }
        }
    }
}

/// Text that needs room to be read.
fn is_long(value: &Value) -> bool {
    value.is_object() || value.as_str().is_some_and(|text| text.len() > 60 && text.contains(' '))
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// An empty place says what will stand here.
pub fn empty(frame: &Frame<'_>, key: &str) -> Markup {
    html! { p class="empty" { (frame.t(key)) } }
}

/// The columns of an answer that is a list of equal things; none when it is something else.
fn columns_of(step: &str) -> Option<&'static [&'static str]> {
    Some(match step {
        "selectors" => &["type", "value", "state", "exhibit", "place", "start", "end", "reason", "chance"],
        "rows" => &["kind", "title", "vendor", "price", "currency", "author", "text", "exhibit", "start", "end"],
        "user/list" => &["user", "role", "state", "second_factor", "fingerprint", "id"],
        "log/show" => &["event", "seq", "type", "time", "actor", "case", "subject"],
        _ => return None,
    })
}

/// What a step answered.
pub fn answer(frame: &Frame<'_>, step: &str, values: &[Value]) -> Markup {
    match (step, columns_of(step)) {
        ("user/factor/add", _) => html! { @for factor in values { (crate::account::new_factor(frame, factor)) } },
        _ if values.iter().any(paper::is_paper) => paper::way(frame),
        ("search", _) => html! { @for hit in values { (self::hit(frame, hit)) } },
        (_, Some(columns)) if !values.is_empty() => table(frame, &frame.or_name(&format!("step-{}", step.replace('/', "-")), step), values, columns, |row| viewer::way_to(frame, row)),
        _ => html! { @for value in values { div class="card" { (list(frame, value)) } } },
    }
}

/// One passage that was found, with the words that were asked for marked in the quotation.
fn hit(frame: &Frame<'_>, hit: &Value) -> Markup {
    let quote = text_of(hit, "quote");
    html! {
        article class="hit" {
            p { (marked(quote, &hit["marks"])) }
            p class="where" {
                (value(frame, "exhibit", &hit["exhibit"])) " · " (plain(text_of(hit, "place"), CELL))
                " · " (frame.t("bytes")) " " (hit["start"]) "–" (hit["end"])
                @if let Some(language) = hit["language"].as_str() { " · " (language) }
                " " (viewer::way_to(frame, hit))
            }
        }
    }
}

/// A quotation with its marked ranges, which are byte offsets in it.
fn marked(quote: &str, marks: &Value) -> Markup {
    let ranges = marks.as_array().into_iter().flatten().filter_map(|mark| Some((usize::try_from(mark.get(0)?.as_u64()?).ok()?, usize::try_from(mark.get(1)?.as_u64()?).ok()?)));
    let mut at = 0;
    let mut parts = Vec::new();
    for (start, end) in ranges {
        let (Some(before), Some(inside)) = (quote.get(at..start), quote.get(start..end)) else { continue };
        parts.push(html! { (plain(before, CELL)) mark { (plain(inside, CELL)) } });
        at = end;
    }
    html! { @for part in &parts { (part) } (plain(quote.get(at..).unwrap_or_default(), 4 * CELL)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_an_authority_allows_is_told_in_the_readers_language_and_names_stay_as_typed() {
        let languages = crate::words::Languages::with(None).unwrap();
        let told = |language: &'static str| {
            let frame = Frame { languages: &languages, language, agency: "", training: true, person: None, case: None, path: "/", again: None };
            limits(&frame, &json!({"actions": ["admit", "view"], "sources": ["handed-over"], "selectors": "any", "persons": "<b>ສົມ", "territory": "la"})).into_string()
        };
        assert_eq!(told("en"), "May: admit, view; sources: handed over; selectors: any; persons: &lt;b&gt;ສົມ; territory: la");
        assert!(told("th").starts_with("อนุญาตให้: รับเข้า, ดู;"), "{}", told("th"));
    }

    #[test]
    fn a_quotation_is_marked_where_it_was_found_and_escaped() {
        assert_eq!(marked("<b>ສະບາຍດີ</b>", &json!([[3, 24]])).into_string(), "&lt;b&gt;<mark>ສະບາຍດີ</mark>&lt;/b&gt;");
        assert_eq!(marked("abc", &json!([[1, 900]])).into_string(), "abc", "a mark that fits nowhere marks nothing");
    }
}
