//! Papers for the printer: labels, slips, the page for a paper register, as an answer of the house told what stands on them.
//!
//! A page of its own, black on white, of the paper's size, without the ways of the workspace. It adds no word to the paper and
//! leaves none out; the PDF of the same step is set from the same values. Making one was a step and an event; looking at it
//! again asks the house whether its items are as they were.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use crate::{
    answers::Asked,
    frame::{Frame, text_of},
    server::{Reader, Shared, Workspace, gone, is_label, refused, shown},
};

/// The paper that an answer tells of; none of any other answer, or of one that is not finished.
fn paper_of(asked: &Asked) -> Option<Value> {
    asked.heard.values().into_iter().find(is_paper).filter(|_| asked.exit() == Some(0))
}

/// Whether a value is a paper: its kind and its sheets.
pub fn is_paper(value: &Value) -> bool {
    ["label", "slip", "register"].contains(&text_of(value, "paper")) && value["sheets"].is_array()
}

/// The way from an answer to its paper.
pub fn way(frame: &Frame<'_>) -> Markup {
    html! { div class="actions" { a class="button" href=(format!("{}/paper", frame.path)) { (frame.t("print-paper")) } } }
}

/// The items on the paper of an answer, each with the class that it had.
pub(crate) fn items(asked: &Asked) -> Vec<(String, String)> {
    let of = |value: &Value| value["items"].as_array().cloned().unwrap_or_default();
    let pair = |item: &Value| (text_of(item, "exhibit").to_string(), text_of(item, "class").to_string());
    if ["exhibit/label", "transfer/slip"].contains(&asked.step.as_str()) { asked.heard.values().iter().flat_map(of).map(|item| pair(&item)).collect() } else { vec![] }
}

/// The words that ask for these items: one, or all from the first to the last of them.
pub(crate) fn again(case: &str, items: &[(String, String)]) -> Vec<String> {
    let numbers = || items.iter().filter_map(|(label, _)| label.strip_prefix("E-")?.parse::<u32>().ok());
    let (first, last) = (numbers().min().unwrap_or(0), numbers().max().unwrap_or(0));
    match items {
        [(one, _)] if is_label(one) => vec!["exhibit".into(), "show".into(), format!("--case={case}"), "--".into(), one.clone()],
        _ => vec!["exhibit".into(), "list".into(), format!("--case={case}"), format!("--from=E-{first:04}"), format!("--most={}", last - first + 1)],
    }
}

/// Whether each item has the class that it had.
pub(crate) fn are_as_they_were(items: &[(String, String)], now: &[Value]) -> bool {
    items.iter().all(|(label, class)| now.iter().any(|one| text_of(one, "exhibit") == label && text_of(one, "class") == class))
}

pub(crate) async fn printed(State(shared): State<Shared>, headers: HeaderMap, Path(number): Path<String>) -> Response {
    let reader: Reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let path = format!("/done/{number}");
    let frame = Workspace::frame(&shared, &headers, Some(&reader.person), &path);
    match shared.kept(&reader, &number).await {
        Ok(Some(asked)) => match paper_of(&asked) { Some(paper) => shown(page(&frame, &paper)), None => gone(&frame) },
        Ok(None) => gone(&frame),
        Err(refusal) => refused(&frame, &frame.t("bad-input"), &refusal),
    }
}

/// The page: what is printed, and above it, on the screen only, the way back.
fn page(frame: &Frame<'_>, paper: &Value) -> Markup {
    let (kind, sheets) = (text_of(paper, "paper"), paper["sheets"].as_array().map_or(&[][..], Vec::as_slice));
    let title = sheets.first().map_or_else(String::new, |sheet| format!("{} {}", text_of(sheet, "title"), text_of(sheet, "exhibit")));
    html! {
        (DOCTYPE)
        html lang=(text_of(paper, "lang")) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="only light";
                title { (title) }
                link rel="stylesheet" href="/assets/paper.css";
                link rel="icon" href="/assets/lantern.svg" type="image/svg+xml";
            }
            body {
                header class="screen" lang=(frame.language) { a href=(frame.path) { (frame.t("paper-back")) } p { (frame.t("paper-hint")) } }
                main { @for sheet in sheets {
                    article class=(format!("sheet {kind}")) {
                        @if let Some(mark) = paper["synthetic"].as_str() { p class="plate" { (mark) } }
                        p class="head" { span { (text_of(paper, "agency")) } " " span { (text_of(sheet, "case")) } }
                        @match kind { "label" => (label(sheet)), "slip" => (slip(sheet)), _ => (register(sheet)) }
                    }
                } }
            }
        }
    }
}

fn label(sheet: &Value) -> Markup {
    html! {
        div class="beside" {
            div {
                h1 { span class="small" { (text_of(sheet, "title")) } " " span class="number" { (text_of(sheet, "exhibit")) } }
                (mark(&sheet["mark"]))
                @if let Some([label, seal]) = pair(&sheet["seal"]) { p class="seal" { (label) ": " strong { (seal) } } }
                (rows(sheet))
            }
            (code(sheet))
        }
        (digest(sheet))
    }
}

fn slip(sheet: &Value) -> Markup {
    html! {
        div class="beside" {
            div {
                h1 { (text_of(sheet, "title")) }
                p { span class="number" { (text_of(sheet, "exhibit")) } " " span class="mono" { (text_of(sheet, "transfer")) } }
                (mark(&sheet["restricted"]))
                (mark(&sheet["mark"]))
                (digest(sheet))
            }
            (code(sheet))
        }
        p class="small" { (text_of(sheet, "code")) }
        (rows(sheet))
        @for [label, leaf] in pairs(&sheet["events"]) { p class="digest" { span class="small" { (label) } br; span class="mono whole" { (leaf) } } }
        @for [who, date] in pairs(&sheet["signatures"]) { div class="sign" { p { (who) } p { (date) } } }
    }
}

fn register(sheet: &Value) -> Markup {
    let texts = |value: &Value| value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_string)).collect::<Vec<_>>();
    html! {
        h1 { (text_of(sheet, "title")) }
        p class="small" { (text_of(sheet, "how")) }
        div class="beside" { div { (rows(sheet)) } (code(sheet)) }
        @if let Some([label, root]) = pair(&sheet["root"]) { p class="digest" { span class="small" { (label) } br; span class="mono whole" { (root) } } }
        table { tbody { @for line in sheet["lines"].as_array().into_iter().flatten() {
            tr { th scope="row" { (line[0]) } @for word in texts(&line[1]) { td class="mono" { (word) } } }
        } } }
        div class="fill" { @for line in texts(&sheet["fill"]) { p { (line) } } }
        p class="small" { (text_of_first(&sheet["note"])) }
        pre { @for line in texts(&sheet["note"][1]) { (line) "\n" } }
        h2 { (text_of_first(&sheet["check"])) }
        @for [what, command] in pairs(&sheet["check"][1]) { p { span class="small" { (what) } br; span class="mono" { (command) } } }
    }
}

fn text_of_first(value: &Value) -> &str {
    value[0].as_str().unwrap_or_default()
}

fn mark(mark: &Value) -> Markup {
    html! { @if let Some(mark) = mark.as_str() { p class="mark" { (mark) } } }
}

/// Two texts that belong together.
fn pair(value: &Value) -> Option<[&str; 2]> {
    Some([value[0].as_str()?, value[1].as_str()?])
}

fn pairs(value: &Value) -> impl Iterator<Item = [&str; 2]> {
    value.as_array().into_iter().flatten().filter_map(pair)
}

fn rows(sheet: &Value) -> Markup {
    html! { dl { @for [label, value] in pairs(&sheet["rows"]) { div { dt { (label) ":" } " " dd { (value) } } } } }
}

/// The first and last digits large, the whole small; or why there is none.
fn digest(sheet: &Value) -> Markup {
    let digest = &sheet["digest"];
    html! {
        p class="digest" {
            span class="small" { (text_of(digest, "label")) } br;
            @match digest["none"].as_str() {
                Some(none) => (none),
                None => { span class="mono large" { (text_of(digest, "first")) " … " (text_of(digest, "last")) } br; span class="mono whole" { (text_of(digest, "whole")) } }
            }
        }
    }
}

/// The QR code, drawn from the path of its black runs.
fn code(sheet: &Value) -> Markup {
    let qr = &sheet["qr"];
    html! { svg class="code" role="img" aria-label="QR" viewBox=(format!("0 0 {0} {0}", qr["side"].as_u64().unwrap_or(0))) { path d=(text_of(qr, "path")); } }
}
