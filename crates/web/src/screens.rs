//! The screens: what stands on each page of a case, and which steps it offers.
//!
//! Each list is one step of the command line that is taken in the reader's own session: what he may not see, he is refused
//! here in the same words. A table of this file says which step fills which page.

use maud::{Markup, html};
use serde_json::Value;

use crate::{
    frame::{Frame, text_of},
    hints,
    offered::{self, Offered, Offers},
    passkey,
    query::encoded,
    show,
    steps::{Catalogue, Field, Kind, Step},
};

/// One page that lists.
pub struct List {
    /// Its place in the address, behind the case.
    pub part: &'static str,
    /// The step that fills it; `{case}` stands for the case.
    pub ask: &'static [&'static str],
    /// Its columns.
    pub columns: &'static [&'static str],
    /// Steps that are offered for the whole page.
    pub steps: &'static [&'static str],
    /// Steps that are offered for each row: the step, its field, the member of the row that fills it.
    pub row_steps: &'static [(&'static str, &'static str, &'static str)],
    /// What is said when nothing is there.
    pub empty: &'static str,
}

/// The pages of a case.
pub const LISTS: [List; 10] = [
    List {
        part: "authority",
        ask: &["authority", "list", "--case={case}"],
        columns: &["reference", "kind", "state", "issuer", "from", "until", "days_left", "allows"],
        steps: &["authority/record"],
        row_steps: &[("authority/show", "authority", "authority"), ("authority/check", "authority", "authority"), ("authority/grant", "authority", "authority"), ("authority/revoke", "authority", "authority")],
        empty: "empty-authority",
    },
    List {
        part: "exhibits",
        ask: &["exhibit", "list", "--case={case}", "--from={from}", "--most=100"],
        columns: &["exhibit", "description", "kind", "class", "state", "custodian", "admitted", "length"],
        steps: &["exhibit/admit", "capture"],
        row_steps: &[("exhibit/view", "exhibit", "exhibit"), ("examine", "exhibit", "exhibit"), ("transfer/offer", "exhibit", "exhibit")],
        empty: "empty-exhibits",
    },
    List {
        part: "capture",
        ask: &["collect", "status", "--case={case}"],
        columns: &["crawl", "state", "fetched", "waiting", "failed", "next", "round"],
        steps: &["capture", "collect/crawl", "collect/schedule"],
        row_steps: &[("collect/resume", "crawl", "crawl"), ("collect/stop", "crawl", "crawl"), ("collect/sitemap", "crawl", "crawl")],
        empty: "empty-capture",
    },
    List {
        part: "findings",
        ask: &["finding", "list", "--case={case}"],
        columns: &["finding", "kind", "text", "exhibits", "method", "error_rate", "counter_evidence", "exculpatory", "grading", "event"],
        steps: &["finding/add"],
        row_steps: &[],
        empty: "empty-findings",
    },
    List {
        part: "charges",
        ask: &["charge", "list", "--case={case}"],
        columns: &["charge", "offence", "elements", "state"],
        steps: &["charge/add"],
        row_steps: &[],
        empty: "empty-charges",
    },
    List {
        part: "transfers",
        ask: &["transfer", "list", "--case={case}"],
        columns: &["exhibit", "from", "to", "purpose", "state", "transfer"],
        steps: &["transfer/offer", "transfer/interim"],
        row_steps: &[("transfer/accept", "transfer", "transfer"), ("transfer/refuse", "transfer", "transfer"), ("transfer/slip", "what", "transfer")],
        empty: "empty-transfers",
    },
    List {
        part: "reports",
        ask: &["report", "list", "--case={case}"],
        columns: &["report", "template", "language", "pages", "statements", "pdf_sha256", "cage"],
        steps: &["report/build"],
        row_steps: &[("report/export", "report", "report")],
        empty: "empty-reports",
    },
    List {
        part: "packages",
        ask: &["package", "list", "--case={case}"],
        columns: &["package", "state", "exhibits", "reports", "officers", "missing", "limits", "path"],
        steps: &["package/seal"],
        row_steps: &[("package/sign", "package", "package"), ("package/stamp", "package", "package"), ("package/finish", "package", "package"), ("package/disclose", "package", "package")],
        empty: "empty-packages",
    },
    List {
        part: "watches",
        ask: &["watch", "list", "--case={case}"],
        columns: &["watch", "kind", "what", "state", "since"],
        steps: &["watch/words", "watch/selector", "watch/pattern", "watch/alerts"],
        row_steps: &[("watch/hunt", "watch", "watch"), ("watch/end", "watch", "watch")],
        empty: "empty-watches",
    },
    List {
        part: "alerts",
        ask: &["watch", "alerts", "--case={case}"],
        columns: &["alert", "watch", "exhibit", "count", "raised", "seen"],
        steps: &[],
        row_steps: &[("watch/seen", "alert", "alert")],
        empty: "empty-alerts",
    },
];

/// Rows of one page of a long list.
pub const A_PAGE: usize = 100;

/// The words of the step that fills a list, from its `from`th row on.
pub fn words(list: &List, case: &str, from: usize) -> Vec<String> {
    let from = format!("E-{from:04}");
    list.ask.iter().map(|word| word.replace("{case}", case).replace("{from}", &from)).collect()
}

/// Whether a list is shown page by page.
fn is_paged(list: &List) -> bool {
    list.ask.iter().any(|word| word.contains("{from}"))
}

/// A page that lists.
pub fn list_page(frame: &Frame<'_>, catalogue: &Catalogue, list: &List, case: &str, (from, unexamined): (usize, bool), values: &[Value]) -> Markup {
    let offered = |row: &Value| {
        html! {
            @for (step, field, member) in list.row_steps.iter().filter(|(step, ..)| catalogue.get(step).is_some() && fits(step, row)) {
                a class="button plain" href=(format!("/step/{step}?case={case}&{field}={}", encoded(text_of(row, member)))) { (name_of(frame, step)) }
            }
        }
    };
    // Of a part with gaps the next page begins behind the last row.
    let last = values.last().and_then(|row| text_of(row, "exhibit").strip_prefix("E-")?.parse::<usize>().ok());
    let next = last.filter(|_| unexamined).map_or(from + A_PAGE, |last| last + 1);
    let only = if unexamined { "&unexamined=yes" } else { "" };
    html! {
        (offers(frame, catalogue, list.steps, case, ""))
        @if values.is_empty() { (show::empty(frame, list.empty)) } @else if list.part == "charges" { @for charge in values { (crate::matrix::charge(frame, catalogue, case, charge)) } } @else if list.part == "findings" { @for finding in values { (self::finding(frame, finding)) } } @else { (show::table(frame, &frame.t(&format!("part-{}", list.part)), values, list.columns, offered)) }
        @if unexamined { p { (frame.t("only-unexamined")) " " a href=(format!("/case/{case}/exhibits")) { (frame.t("show-all")) } } }
        @if is_paged(list) && (from > 1 || values.len() == A_PAGE) {
            div class="actions" {
                @if from > 1 { a class="button plain" href=(format!("?from={}{only}", if unexamined { 1 } else { from.saturating_sub(A_PAGE).max(1) })) { (frame.t("before")) } }
                @if values.len() == A_PAGE { a class="button plain" href=(format!("?from={next}{only}")) { (frame.t("after")) } }
            }
        }
    }
}

/// One finding: its words first, then how we know, and what speaks against it.
fn finding(frame: &Frame<'_>, finding: &Value) -> Markup {
    html! {
        article class="card" id=(text_of(finding, "finding")) {
            h2 { (text_of(finding, "finding")) " · " (show::value(frame, "kind", &finding["kind"])) @if finding["exculpatory"] == true { " · " (frame.t("field-exculpatory")) } }
            p { (show::plain(text_of(finding, "text"), 4_000)) }
            dl { @for name in ["exhibits", "queries", "method", "error_rate", "counter_evidence", "grading", "event"] {
                dt { (frame.or_name(&format!("field-{}", name.replace('_', "-")), name)) } dd { (show::value(frame, name, &finding[name])) }
            } }
        }
    }
}

/// Whether a step can follow from where this row is. What is left out here is refused by the house as well.
fn fits(step: &str, row: &Value) -> bool {
    let state = text_of(row, "state");
    match step {
        "exhibit/view" | "examine" => text_of(row, "kind") != "physical",
        "transfer/accept" | "transfer/refuse" => state == "offered",
        "authority/check" | "authority/grant" => state != "live" && state != "revoked",
        "authority/revoke" => state == "live",
        "package/sign" | "package/stamp" | "package/finish" => state != "sealed",
        "package/disclose" => state == "sealed",
        "collect/resume" => state != "running" && state != "done",
        "collect/stop" => state == "running",
        _ => true,
    }
}

/// Links to steps, with what is known of them filled in.
pub fn offers(frame: &Frame<'_>, catalogue: &Catalogue, steps: &[&str], case: &str, more: &str) -> Markup {
    html! {
        div class="actions" {
            @for (n, step) in steps.iter().filter(|step| catalogue.get(step).is_some()).enumerate() {
                a class=(if n == 0 { "button" } else { "button second" }) href=(format!("/step/{step}?case={case}{more}")) { (name_of(frame, step)) }
            }
        }
    }
}

/// What a step is called.
pub fn name_of(frame: &Frame<'_>, step: &str) -> String {
    frame.or_name(&format!("step-{}", step.replace('/', "-")), step)
}

/// The reader's cases, as the home page shows them.
pub fn home(frame: &Frame<'_>, cases: &[Value]) -> Markup {
    html! {
        h2 { (frame.t("your-cases")) }
        @if cases.is_empty() { (show::empty(frame, "empty-cases")) }
        div class="cards" {
            @for case in cases {
                article class="card" {
                    h3 { a href=(format!("/case/{}", text_of(case, "case"))) { (text_of(case, "case")) " · " (show::plain(text_of(case, "title"), 200)) } }
                    p { (show::plain(text_of(case, "offence"), 200)) }
                    p { (show::value(frame, "state", &case["state"])) " " span class="quiet" { (show::value(frame, "members", &case["members"])) } }
                }
            }
        }
        div class="actions" { a class="button" href="/step/case/open" { (name_of(frame, "case/open")) } @if frame.training { a class="button second" href="/tour" { (frame.t("tour")) } } }
    }
}

/// Events after the last backup from which on the page warns.
const MANY_EVENTS: u64 = 1_000;

/// How the newest backup stands: a warning when there is none, when the last planned one failed, when much came after it.
pub fn backup(frame: &Frame<'_>, backup: &Value) -> Markup {
    let (last, later) = (&backup["last"], backup["events_after"].as_u64().unwrap_or(0));
    let trouble = backup["trouble"]["why"].as_str();
    let is_well = trouble.is_none() && last.is_string() && (later < MANY_EVENTS || backup["next"].is_string());
    html! {
        section class=(if is_well { "card" } else { "card refused" }) aria-label=(frame.t("backup")) {
            h2 { (frame.t("backup")) }
            @match last.as_str() {
                Some(last) => p { (frame.t("backup-last")) " " (frame.moment(last)) " · " (frame.say("backup-after", &[("count", &later.to_string())])) },
                None => p { (frame.t("backup-none")) },
            }
            @if let Some(why) = trouble { p { (frame.t("backup-failed")) " " (show::plain(why, 400)) } }
            @match backup["next"].as_str() {
                Some(next) => p class="quiet" { (frame.t("backup-next")) " " (frame.moment(next)) },
                None => p class="quiet" { (frame.t("backup-unplanned")) },
            }
        }
    }
}

/// One case: what it is, what is allowed and how long, and the way to its parts.
pub fn case_page(frame: &Frame<'_>, catalogue: &Catalogue, case: &Value, authorities: &[Value]) -> Markup {
    let label = text_of(case, "case");
    html! {
        p { (show::plain(text_of(case, "offence"), 400)) " " (show::value(frame, "state", &case["state"])) }
        div class="cards" {
            section class="card" {
                h2 { (frame.t("part-authority")) }
                @if authorities.is_empty() { p class="quiet" { (frame.t("empty-authority")) } }
                @for authority in authorities {
                    p {
                        (show::value(frame, "state", &authority["state"])) " " (show::plain(text_of(authority, "reference"), 200))
                        @if let Some(days) = authority["days_left"].as_i64().filter(|_| authority["over"] != true) { " · " @if days == 0 { (frame.t("ends-today")) } @else { (frame.say("days-left", &[("count", &days.to_string())])) } }
                    }
                    p class="quiet" { (show::limits(frame, &authority["allows"])) }
                }
            }
            section class="card" {
                h2 { (frame.t("what-is-there")) }
                ul class="plain" { @for part in ["exhibits", "search", "findings", "transfers", "reports", "packages"] { li { a href=(format!("/case/{label}/{part}")) { (frame.t(&format!("part-{part}"))) } } } }
            }
            section class="card" {
                h2 { (frame.t("about-case")) }
                (show::list(frame, case))
            }
        }
        (offers(frame, catalogue, &["exhibit/admit", "capture", "finding/add", "report/build", "package/seal", "case/member/add"], label, ""))
    }
}

/// One exhibit: who has it, what it is, its digests; the bytes are behind a purpose.
pub fn exhibit_page(frame: &Frame<'_>, catalogue: &Catalogue, case: &str, exhibit: &Value, transfers: &[Value]) -> Markup {
    let label = text_of(exhibit, "exhibit");
    // A thing has no bytes.
    let first: &[&str] = if text_of(exhibit, "kind") == "physical" { &[] } else { &["exhibit/view", "examine"] };
    let steps = [first, &["transfer/offer", "exhibit/label", "checkout", "checkin", "exhibit/reclassify", "exhibit/accident"]].concat();
    html! {
        p { (show::plain(text_of(exhibit, "description"), 600)) " " (show::value(frame, "state", &exhibit["state"])) }
        (offers(frame, catalogue, &steps, case, &format!("&exhibit={label}")))
        @if !first.is_empty() { p { a href=(format!("/case/{case}/exhibits/{label}/parts")) { (frame.t("what-is-inside")) } } }
        div class="cards" {
            section class="card" {
                h2 { (frame.t("custody")) }
                p { (frame.t("custodian-now")) " " strong { (text_of(exhibit, "custodian")) } @if exhibit["custody"]["interim"] == true { " · " (frame.t("interim")) } }
                ol { @for transfer in transfers.iter().filter(|transfer| text_of(transfer, "exhibit") == label) {
                    li { (text_of(transfer, "from")) " → " (text_of(transfer, "to")) " · " (show::plain(text_of(transfer, "purpose"), 200)) " " (show::value(frame, "state", &transfer["state"])) " " a href=(format!("/step/transfer/slip?case={case}&what={}", encoded(text_of(transfer, "transfer")))) { (name_of(frame, "transfer/slip")) } }
                } }
            }
            section class="card" {
                h2 { (frame.t("what-it-is")) }
                dl { @for name in ["kind", "class", "source", "original_name", "length", "sha256", "admitted", "admitted_by", "derived_from", "declared", "findings", "physical"] {
                    @if !exhibit[name].is_null() { dt { (frame.or_name(&format!("field-{}", name.replace('_', "-")), name)) } dd { (show::value(frame, name, &exhibit[name])) } }
                } }
            }
        }
        @if let Some(fetches) = exhibit["record"]["record"]["fetches"].as_array() {
            h2 { (frame.t("what-was-fetched")) }
            (show::table(frame, &frame.t("what-was-fetched"), fetches, &["url", "status", "outcome", "response_bytes", "started", "payload_digest"], |_| html! {}))
        }
        @if exhibit["record"].is_object() {
            details { summary { (frame.t("whole-record")) } (show::list(frame, &exhibit["record"])) }
        }
    }
}

/// Every step there is, by its first word.
pub fn all_steps(frame: &Frame<'_>, catalogue: &Catalogue, case: Option<&str>) -> Markup {
    let mut groups: std::collections::BTreeMap<&str, Vec<&Step>> = std::collections::BTreeMap::new();
    for step in catalogue.all().filter(|step| case.is_none() || step.in_a_case()) {
        groups.entry(step.name.split('/').next().unwrap_or_default()).or_default().push(step);
    }
    let prefilled = case.map(|case| format!("?case={case}")).unwrap_or_default();
    html! {
        p { (frame.t("all-steps-about")) }
        @for (group, steps) in &groups {
            h2 id=(group) { (frame.or_name(&format!("group-{group}"), group)) }
            dl { @for step in steps {
                dt { a href=(format!("/step/{}{prefilled}", step.name)) { (name_of(frame, &step.name)) } }
                dd { (hints::does(frame, step)) }
            } }
        }
    }
}

/// The form of a step, with what is known filled in, and what may be chosen offered.
pub fn form(frame: &Frame<'_>, step: &Step, known: &dyn Fn(&str) -> Option<String>, offers: &Offers, number: &str) -> Markup {
    let coding = if step.takes_a_file() { "multipart/form-data" } else { "application/x-www-form-urlencoded" };
    let (files, others): (Vec<&Field>, Vec<&Field>) = step.fields.iter().filter(|field| !matches!(field.kind, Kind::Out | Kind::Place)).partition(|field| field.kind == Kind::File);
    let wanted: Vec<&Field> = step.fields.iter().filter(|field| field.kind == Kind::Out && !field.required).collect();
    html! {
        p class="quiet" { (hints::does(frame, step)) }
        @if known("case").is_none() { (offered::choose_case(frame, step, offers)) }
        form class="step" method="post" action=(format!("/step/{}", step.name)) enctype=(coding) data-file=[step.takes_several_files().then_some("first")] {
            input type="hidden" name="_number" value=(number);
            @for place in ["_at", "_end"] { @if let Some(at) = known(place) { input type="hidden" name=(place) value=(at); } }
            @for field in &others { (self::field(frame, step, field, known(&field.id), offers.of(&field.id))) }
            @for field in &wanted { (self::check(frame, step, field, false)) }
            // What is long is sent last: by then it is known for what it is. It is shown where it is thought of (style.css).
            @for field in &files { (file(frame, step, field)) }
            div class="actions" { button { (frame.t("do-it")) } }
        }
    }
}

/// Something that is wanted or not.
fn check(frame: &Frame<'_>, step: &Step, field: &Field, yes: bool) -> Markup {
    let (id, about) = (format!("f-{}", field.id), format!("a-{}", field.id));
    html! {
        div class="field check" {
            input type="checkbox" id=(id) name=(field.id) value="yes" aria-describedby=(about) checked[yes];
            div { label for=(id) { (hints::name(frame, field)) } p class="about" id=(about) { (hints::of_field(frame, step, field)) } }
        }
    }
}

/// A file that is sent along: the field is an area onto which it can be dropped, and a button, and needs no script for either.
fn file(frame: &Frame<'_>, step: &Step, field: &Field) -> Markup {
    let several = step.takes_several_files();
    let (id, about) = (format!("f-{}", field.id), format!("a-{}", field.id));
    html! {
        div class="field file" {
            label for=(id) { (hints::name(frame, field)) @if field.required { " " span class="quiet" { (frame.t("needed")) } } }
            p class="about" id=(about) { (hints::of_field(frame, step, field)) br; (frame.t(if several { "drop-files" } else { "drop-file" })) }
            input type="file" class="drop" id=(id) name=(field.id) aria-describedby=(about) required[field.required] multiple[several];
        }
    }
}

fn field(frame: &Frame<'_>, step: &Step, field: &Field, known: Option<String>, offered: Option<&Offered>) -> Markup {
    let label = hints::name(frame, field);
    let (id, about) = (format!("f-{}", field.id), format!("a-{}", field.id));
    let value = known.or_else(|| field.default.clone()).unwrap_or_default();
    if field.id == "case" && frame.case == Some(value.as_str()) {
        // Its number stands above the form.
        return html! { input type="hidden" name="case" value=(value); };
    }
    if field.kind == Kind::Flag {
        return check(frame, step, field, value == "yes");
    }
    let group = match &field.kind {
        Kind::Choice(words) if field.many => Some(boxes(frame, field, words, &id, &value)),
        _ => offered.filter(|offered| offered.is_group(field)).map(|offered| offered.input(frame, field, &id, &about, &value)),
    };
    if let Some(group) = group {
        return html! {
            fieldset class="field" aria-describedby=(about) {
                legend { (label) @if field.required { " " span class="quiet" { (frame.t("needed")) } } }
                p class="about" id=(about) { (hints::of_field(frame, step, field)) }
                (group)
            }
        };
    }
    html! {
        div class="field" {
            label for=(id) { (label) @if field.required { " " span class="quiet" { (frame.t("needed")) } } }
            p class="about" id=(about) { (hints::of_field(frame, step, field)) @if field.many { br; (frame.t("a-line-each")) } }
            @if let Some(offered) = offered { (offered.input(frame, field, &id, &about, &value)) } @else { @match &field.kind {
                // Nothing is chosen before somebody chose.
                Kind::Choice(choices) => select id=(id) name=(field.id) aria-describedby=(about) required[field.required] {
                    @if !field.required || value.is_empty() { option value="" { "" } }
                    @for choice in choices { option value=(choice) selected[*choice == value] { (hints::choice(frame, field, choice)) } }
                },
                Kind::Secret => input type="password" id=(id) name=(field.id) aria-describedby=(about) autocomplete="off" required[field.required];,
                Kind::Number => input type="number" id=(id) name=(field.id) value=(value) aria-describedby=(about) required[field.required];,
                kind if *kind == Kind::Text || field.many => textarea id=(id) name=(field.id) aria-describedby=(about) required[field.required] { (value) },
                _ => input type="text" id=(id) name=(field.id) value=(value) aria-describedby=(about) autocomplete="off" required[field.required];,
            } }
        }
    }
}

/// Several words that are chosen from.
fn boxes(frame: &Frame<'_>, field: &Field, words: &[String], id: &str, value: &str) -> Markup {
    let typed: Vec<&str> = value.lines().map(str::trim).collect();
    html! {
        ul class="plain boxes words" { @for (n, word) in words.iter().enumerate() {
            @let id = format!("{id}-{n}");
            li { input type="checkbox" id=(id) name=(field.id) value=(word) checked[typed.contains(&word.as_str())]; label for=(id) { (hints::choice(frame, field, word)) } }
        } }
    }
}

/// The login; `back` is the page to which it leads.
pub fn login(frame: &Frame<'_>, name: &str, trouble: Option<&crate::house::Refusal>, challenge: &str, back: Option<&str>) -> Markup {
    html! {
        @if let Some(refusal) = trouble { (frame.refused(refusal)) }
        (passkey::alone(frame, challenge, back))
        form class="step" method="post" action="/login" data-passkey="show" data-challenge=(challenge) {
            @if let Some(back) = back { input type="hidden" name="back" value=(back); }
            div class="field" { label for="name" { (frame.t("your-name")) } input type="text" id="name" name="name" value=(name) autocomplete="username" required autofocus; }
            div class="field" { label for="passphrase" { (frame.t("passphrase")) } input type="password" id="passphrase" name="passphrase" autocomplete="current-password" required; }
            div class="field" {
                label for="second-factor" { (frame.t("second-factor")) }
                p class="about" id="a-second-factor" { (frame.t("second-factor-about")) }
                input type="text" id="second-factor" name="second-factor" autocomplete="one-time-code" aria-describedby="a-second-factor";
            }
            div class="field" {
                label for="again" { (frame.t("passphrase-again")) }
                p class="about" id="a-again" { (frame.t("passphrase-again-about")) }
                input type="password" id="again" name="again" autocomplete="new-password" aria-describedby="a-again";
            }
            div class="field" {
                label for="code" { (frame.t("enrolment-code")) }
                p class="about" id="a-code" { (frame.t("enrolment-code-about")) }
                input type="text" id="code" name="code" autocomplete="off" aria-describedby="a-code";
            }
            (passkey::fields(frame, challenge, &["id", "client", "data", "signature"]))
            div class="actions" { button { (frame.t("log-in")) } (passkey::ask(&frame.t("passkey-beside"), false)) }
        }
        (passkey::script())
    }
}

/// What a step answered, or how far it is; `seen` is what the viewer shows of an opened item.
pub fn done(frame: &Frame<'_>, catalogue: &Catalogue, asked: &crate::answers::Asked, seen: &Markup) -> Markup {
    // The terminal says a refusal twice, once for programs; a page says it once.
    let notes: Vec<String> = asked.heard.notes().into_iter().filter(|note| !(note.starts_with("lanternfish: ") && asked.exit().is_some_and(|exit| asked.heard.was_refused(exit)))).collect();
    let said = frame.notes(&notes, false);
    let back = html! { @if let Some(case) = &asked.case { div class="actions" { a class="button plain" href=(format!("/case/{case}")) { (frame.t("back-to-case")) } a class="button plain" href=(format!("/step/{}?case={case}", asked.step)) { (frame.t("once-more")) } } } };
    match asked.exit() {
        None => html! {
            p role="status" { (frame.say("running-since", &[("count", &asked.begun.elapsed().as_secs().to_string())])) }
            (said) p class="quiet" { (frame.t("goes-on")) }
        },
        Some(exit) if !asked.heard.was_refused(exit) => {
            let (values, file) = (asked.heard.values(), asked.heard.received());
            html! {
                @if exit != 0 { div class="refused" role="alert" { h2 { (frame.t("found-faults")) } } }
                (said)
                @if !file.is_empty() && exit == 0 {
                    div class="actions" { a class="button" href=(format!("/done/{}/file", asked.number)) { (frame.say("take-file", &[("name", asked.file_name.as_deref().unwrap_or("answer"))])) } }
                }
                (seen)
                @if values.is_empty() && file.is_empty() { p class="empty" { (frame.t(if asked.step == "search" || asked.step == "selectors" || asked.step == "rows" { "nothing-found" } else { "done" })) } }
                (show::answer(frame, &asked.step, &values))
                @if asked.heard.is_cut() { p class="refused" { (frame.t("cut")) } }
                (back)
            }
        }
        Some(exit) => html! {
            (frame.refused(&asked.heard.refusal(exit)))
            (said)
            div class="actions" { @if let Some(step) = catalogue.get(&asked.step) { a class="button" href=(format!("/step/{}?_again={}{}", step.name, asked.number, asked.case.as_ref().map(|case| format!("&case={case}")).unwrap_or_default())) { (frame.t("try-again")) } } }
            (back)
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Languages;

    #[test]
    fn the_file_of_an_admission_is_shown_first_and_sent_last() {
        let languages = Languages::with(None).unwrap();
        let frame = Frame { languages: &languages, language: "en", agency: "", training: true, person: None, case: None, path: "", again: None };
        let drawn = |name: &str| {
            let mut file = Field::of_words("file", false);
            file.kind = Kind::File;
            let step = Step { name: name.into(), about: String::new(), fields: vec![file, Field::of_words("description", false)] };
            form(&frame, &step, &|_| None, &Offers::default(), "").into_string()
        };
        let place = |page: &str, id: &str| page.find(&format!("id=\"{id}\"")).unwrap();
        let admit = drawn("exhibit/admit");
        assert!(place(&admit, "f-description") < place(&admit, "f-file"), "a browser sends fields in the order in which they stand");
        assert!(admit.contains(" data-file=\"first\"") && admit.contains("<div class=\"field file\">"));
        assert!(include_str!("../assets/style.css").contains("form[data-file=first] .file { order: -1; }"), "it is shown first");
        assert!(!drawn("tip/add").contains("data-file"), "a tip is told first");
    }

    #[test]
    fn several_words_of_a_list_are_ticked_and_nothing_is_ticked_before() {
        let languages = Languages::with(None).unwrap();
        let frame = Frame { languages: &languages, language: "th", agency: "", training: true, person: None, case: None, path: "", again: None };
        let mut action = Field::of_words("action", true);
        action.kind = Kind::Choice(vec!["collect".into(), "admit".into()]);
        let step = Step { name: "authority/record".into(), about: String::new(), fields: vec![action] };
        let drawn = |known: Option<&str>| form(&frame, &step, &|_| known.map(str::to_string), &Offers::default(), "").into_string();
        assert_eq!((drawn(None).matches("type=\"checkbox\"").count(), drawn(None).contains(" checked")), (2, false));
        assert!(drawn(None).contains(">รับเข้า</label>"));
        assert!(drawn(Some("admit")).contains("value=\"admit\" checked"));
        assert_eq!(drawn(Some("collect\nadmit")).matches(" checked").count(), 2);
    }
}
