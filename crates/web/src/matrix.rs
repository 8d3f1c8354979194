//! The offence matrix: each element of a charge, what speaks for it, what speaks against it, and what is missing.
//!
//! It shows the gaps as loudly as the findings, and first of all what speaks for the suspect and stands nowhere yet. It
//! decides nothing: what bears on an element a person has said.

use maud::{Markup, html};
use serde_json::Value;

use crate::{
    frame::{Frame, text_of},
    query::encoded,
    screens::name_of,
    show,
    steps::Catalogue,
};

/// One charge.
pub fn charge(frame: &Frame<'_>, catalogue: &Catalogue, case: &str, charge: &Value) -> Markup {
    let label = text_of(charge, "charge");
    let place = |number: u64| format!("/step/charge/place?case={case}&charge={}&element={number}", encoded(label));
    let heading = format!("{label} · {} · {}", show::plain(text_of(charge, "offence"), 200), show::plain(text_of(charge, "provision"), 100));
    html! {
        section class="card matrix" aria-label=(label) {
            h2 id=(label) { (heading) }
            @if is_full(&charge["unplaced_exculpatory"]) {
                div class="refused" role="note" { p { strong { (frame.t("exculpatory-unplaced")) } " " (findings(frame, case, &charge["unplaced_exculpatory"])) } }
            }
            div class="table" tabindex="0" role="region" aria-label=(heading) {
                table {
                    caption class="sr" { (heading) }
                    thead { tr { th scope="col" { (frame.t("element")) } th scope="col" { (frame.t("speaks-for")) } th scope="col" { (frame.t("speaks-against")) } th scope="col" { (frame.t("gaps")) } th scope="col" { span class="sr" { (frame.t("what-to-do")) } } } }
                    tbody { @for element in charge["elements"].as_array().into_iter().flatten() {
                        @let number = element["number"].as_u64().unwrap_or(0);
                        tr {
                            th scope="row" class="element" { (number) ". " (show::plain(text_of(element, "text"), 600)) }
                            td data-label=(frame.t("speaks-for")) { (findings(frame, case, &element["supported_by"])) }
                            td data-label=(frame.t("speaks-against")) { (findings(frame, case, &element["contradicted_by"])) }
                            td data-label=(frame.t("gaps")) { @if is_full(&element["gaps"]) { span class="state warn" { (frame.t("gap")) } " " span lang="en" { (show::value(frame, "gaps", &element["gaps"])) } } @else { (frame.t("none")) } }
                            td { @if catalogue.get("charge/place").is_some() { a class="button plain" href=(place(number)) { (name_of(frame, "charge/place")) } } }
                        }
                    } }
                }
            }
            p class="quiet" { (frame.t("unplaced")) " " (findings(frame, case, &charge["unplaced"])) }
        }
    }
}

fn is_full(list: &Value) -> bool {
    list.as_array().is_some_and(|items| !items.is_empty())
}

/// Findings, each a way to its words.
fn findings(frame: &Frame<'_>, case: &str, list: &Value) -> Markup {
    let labels: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    html! {
        @if labels.is_empty() { span class="quiet" { (frame.t("none")) } }
        @for (n, label) in labels.iter().enumerate() { @if n > 0 { ", " } a href=(format!("/case/{case}/findings#{}", encoded(label))) { (label) } }
    }
}
