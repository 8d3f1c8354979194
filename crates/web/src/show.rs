//! From the values of an answer to what a person reads: tables, lists, hits with their quotation, bytes.
//!
//! Strangers' words are text here and nothing else: they are escaped, shown with their invisible characters named, bounded
//! in length, and never a link to anywhere outside.

use maud::{Markup, html};
use serde_json::Value;

use crate::{
    frame::{Frame, is_moment, text_of},
    query::Query,
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
        Value::Object(_) => list(frame, value),
    }
}

/// One text: an exhibit of this case leads to its page; a state bears its colour and its word.
fn word(frame: &Frame<'_>, name: &str, text: &str) -> Markup {
    match (name, frame.case) {
        ("exhibit" | "exhibits" | "derived_from", Some(case)) if text.starts_with("E-") => html! { a href=(format!("/case/{case}/exhibits/{text}")) { (text) } },
        ("case", _) if !text.is_empty() && frame.case.is_none() => html! { a href=(format!("/case/{text}")) { (text) } },
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

/// Text of strangers: bounded, with what cannot be seen named.
pub fn plain(text: &str, most: usize) -> String {
    let mut shown = String::new();
    let (mut marks, mut before) = (0, ' ');
    for character in text.chars().take(most) {
        marks = if is_mark(character) { marks + 1 } else { 0 };
        match character {
            // Between words of scripts without blanks it is how lines are broken, and no disguise.
            '\u{200b}' if is_without_blanks(before) => shown.push(character),
            // A tower of combining marks climbs over other lines: six on one letter is more than any script here has.
            _ if marks > 6 => {}
            '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}' | '\u{3164}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' => shown.push_str(&format!("[U+{:04X}]", character as u32)),
            '\n' | '\t' | '\r' => shown.push(character),
            character if character.is_control() => shown.push_str(&format!("[U+{:04X}]", character as u32)),
            character => shown.push(character),
        }
        before = character;
    }
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

fn is_without_blanks(character: char) -> bool {
    matches!(character, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

fn is_mark(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}' | '\u{0e31}' | '\u{0e34}'..='\u{0e3a}' | '\u{0e47}'..='\u{0e4e}' | '\u{0eb1}' | '\u{0eb4}'..='\u{0ebc}' | '\u{0ec8}'..='\u{0ecd}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// A value's members as name and content.
pub fn list(frame: &Frame<'_>, object: &Value) -> Markup {
    let Some(members) = object.as_object() else { return value(frame, "", object) };
    html! {
        dl {
            @for (name, member) in members.iter().filter(|(_, member)| !member.is_null()) {
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
        div class="table" tabindex="0" role="region" aria-label=(caption) {
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
    value.as_str().is_some_and(|text| text.len() > 60 && text.contains(' '))
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
        ("search", _) => html! { @for hit in values { (self::hit(frame, hit)) } },
        (_, Some(columns)) if !values.is_empty() => table(frame, &frame.or_name(&format!("step-{}", step.replace('/', "-")), step), values, columns, |_| html! {}),
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

/// Most bytes of a file that one page shows.
const SHOWN: usize = 64 << 10;

/// A file's bytes: as text or as numbers, a part at a time.
pub fn bytes(frame: &Frame<'_>, file: &[u8], query: &Query) -> Markup {
    let from = query.number("from").min(file.len());
    let from = whole_letter(file, from);
    let end = whole_letter(file, (from + SHOWN).min(file.len()));
    let part = &file[from..end];
    let raw = query.get("as") == Some("raw");
    let way = |at: usize, raw: bool| format!("?from={at}{}", if raw { "&as=raw" } else { "" });
    html! {
        p { (frame.say("bytes-shown", &[("name", &format!("{from}–{end}")), ("count", &file.len().to_string())])) }
        div class="actions" {
            @if raw { a class="button plain" href=(way(from, false)) { (frame.t("as-text")) } } @else { a class="button plain" href=(way(from, true)) { (frame.t("as-bytes")) } }
            @if from > 0 { a class="button plain" href=(way(from.saturating_sub(SHOWN), raw)) { (frame.t("before")) } }
            @if end < file.len() { a class="button plain" href=(way(end, raw)) { (frame.t("after")) } }
        }
        pre class="bytes" tabindex="0" aria-label=(frame.t("bytes")) { @if raw { (dump(from, part)) } @else { (plain(&String::from_utf8_lossy(part), SHOWN)) } }
    }
}

/// The same place, or the beginning of the letter of UTF-8 that it cuts.
fn whole_letter(file: &[u8], at: usize) -> usize {
    (at.saturating_sub(3)..=at).rev().find(|at| file.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80)).unwrap_or(at)
}

/// Offset, sixteen bytes, and their letters, a line each.
fn dump(from: usize, bytes: &[u8]) -> String {
    let line = |(n, line): (usize, &[u8])| {
        let numbers: String = line.iter().map(|byte| format!("{byte:02x} ")).collect();
        let letters: String = line.iter().map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' }).collect();
        format!("{:08x}  {numbers:<48} {letters}\n", from + n * 16)
    };
    bytes.chunks(16).enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strangers_text_is_bounded_and_says_what_cannot_be_seen() {
        for (text, shown) in [
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("abc\u{202e}fdp.exe", "abc[U+202E]fdp.exe"),
            ("bell\u{7}", "bell[U+0007]"),
            ("pay\u{200b}pal", "pay[U+200B]pal"),
            ("ខ្មែរ\u{200b}ខ្មែរ", "ខ្មែរ\u{200b}ខ្មែរ"),
            ("ກໍ່ຢ່າ", "ກໍ່ຢ່າ"),
        ] {
            assert_eq!(plain(text, 100), shown);
        }
        assert_eq!(plain(&format!("a{}b", "\u{0301}".repeat(5_000_000)), 10_000_000).chars().count(), 8);
        assert_eq!(plain("long", 2), "lo…");
    }

    #[test]
    fn a_quotation_is_marked_where_it_was_found_and_escaped() {
        assert_eq!(marked("<b>ສະບາຍດີ</b>", &json!([[3, 24]])).into_string(), "&lt;b&gt;<mark>ສະບາຍດີ</mark>&lt;/b&gt;");
        assert_eq!(marked("abc", &json!([[1, 900]])).into_string(), "abc", "a mark that fits nowhere marks nothing");
    }

    #[test]
    fn a_part_begins_and_ends_with_a_whole_letter() {
        let file = "ກຂ".as_bytes();
        assert_eq!((0..=6).map(|at| whole_letter(file, at)).collect::<Vec<_>>(), [0, 0, 0, 3, 3, 3, 6]);
        assert_eq!(whole_letter(&[0x80; 9], 8), 8, "what is no UTF-8 is cut where it is cut");
    }

    #[test]
    fn bytes_are_shown_as_numbers() {
        assert_eq!(dump(16, b"MZ\0a"), "00000010  4d 5a 00 61                                      MZ.a\n");
    }
}
