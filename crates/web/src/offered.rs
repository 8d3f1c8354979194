//! What a form offers: the cases, exhibits, persons, findings … that its reader may see, so that nobody types a number
//! that the house knows.
//!
//! One table says which listing fills which field. Each is asked in the reader's own session, with its permit and its
//! event: what the listing would not show him is not offered. It refuses: to ask anything of a case of which he is no
//! member, or what would be refused to him, for a refusal that nobody asked for would stand in the log as his; to choose
//! for him, for a person or an exhibit that was chosen by nobody is a mistake in waiting; to offer more than a page can
//! carry. What is not offered is typed as before.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use serde_json::Value;

use crate::{
    frame::{Frame, text_of},
    server::{Reader, Shared},
    show,
    steps::{Field, Kind, Step},
};

/// Most offers of one field.
const MOST: usize = 200;
/// As many are ticked in boxes where several may be; more are found by typing.
const FEW: usize = 20;
/// Longest word about an offer.
const ABOUT: usize = 80;

/// Where the offers of a field come from.
struct Source {
    /// The steps to whose field it belongs; all that have it when none is named.
    steps: &'static [&'static str],
    /// The field.
    field: &'static str,
    /// The listing; `{case}` stands for the case.
    ask: &'static [&'static str],
    /// The member of its rows that fills the field: one value, or one for each of several.
    value: &'static str,
    /// Members that say what it is.
    about: &'static [&'static str],
    /// Rows in these states only (a member and its values); all when empty.
    only: (&'static str, &'static [&'static str]),
}

const ALL: (&str, &[&str]) = ("", &[]);
const CASES: &[&str] = &["case", "list"];
const PEOPLE: &[&str] = &["user", "list"];
const ACTIVE: (&str, &[&str]) = ("state", &["active"]);
const EXHIBITS: &[&str] = &["exhibit", "list", "--case={case}", "--most=200"];
/// What has bytes.
const WITH_BYTES: (&str, &[&str]) = ("kind", &["file", "capture", "manual-capture", "derived"]);
const FINDINGS: &[&str] = &["finding", "list", "--case={case}"];
const AUTHORITIES: &[&str] = &["authority", "list", "--case={case}"];
const REPORTS: &[&str] = &["report", "list", "--case={case}"];
const PACKAGES: &[&str] = &["package", "list", "--case={case}"];
const TRANSFERS: &[&str] = &["transfer", "list", "--case={case}"];
const CRAWLS: &[&str] = &["collect", "status", "--case={case}"];
const FILTERED: &[&str] = &["filter", "list", "--case={case}"];
const VIEWINGS: &[&str] = &["viewing", "list", "--case={case}"];

const fn source(field: &'static str, ask: &'static [&'static str], value: &'static str, about: &'static [&'static str]) -> Source {
    Source { steps: &[], field, ask, value, about, only: ALL }
}

impl Source {
    const fn at(self, steps: &'static [&'static str]) -> Source {
        Source { steps, ..self }
    }

    const fn only(self, only: (&'static str, &'static [&'static str])) -> Source {
        Source { only, ..self }
    }
}

/// The table. Rows that name a step go before those that name none.
const SOURCES: &[Source] = &[
    source("case", CASES, "case", &["title"]),
    // People of the house, and those of the case.
    source("member", PEOPLE, "user", &["role"]).only(ACTIVE).at(&["case/open"]),
    source("name", PEOPLE, "user", &["role"]).only(ACTIVE).at(&["case/member/add"]),
    source("name", PEOPLE, "user", &["role", "state"]).at(&["user/code", "user/reset", "user/revoke", "user/factor/reset", "key/revoke"]),
    source("user", PEOPLE, "user", &["role", "state"]).at(&["key/recover"]),
    source("viewer", PEOPLE, "user", &["role"]).only(ACTIVE),
    source("name", CASES, "members", &[]).at(&["case/member/remove"]),
    source("to", CASES, "members", &[]).at(&["transfer/offer", "transfer/reassign"]),
    source("officer", CASES, "members", &[]),
    source("officers", CASES, "members", &[]),
    source("supervisor", CASES, "members", &[]),
    // Exhibits.
    source("exhibit", EXHIBITS, "exhibit", &["description"]).only(WITH_BYTES).at(&["exhibit/view", "exhibit/page", "exhibit/parts", "examine", "selectors", "rows", "pictures"]),
    source("exhibit", FILTERED, "exhibit", &["state", "description"]).at(&["filter/propose", "filter/notify", "filter/object", "filter/release", "filter/keep"]),
    source("exhibit", &["exhibit", "releases", "--case={case}"], "exhibit", &["state"]).at(&["exhibit/decide-release"]),
    source("exhibit", &["accident", "list", "--case={case}"], "exhibit", &["state", "reason"]).at(&["accident/acknowledge"]),
    source("exhibit", EXHIBITS, "exhibit", &["description"]),
    source("exhibits", EXHIBITS, "exhibit", &["description"]),
    // What was written about them.
    source("finding", FINDINGS, "finding", &["text"]),
    source("charge", &["charge", "list", "--case={case}"], "charge", &["offence"]),
    source("report", REPORTS, "report", &["template", "language"]),
    source("about", FINDINGS, "finding", &["text"]).at(&["erratum/add"]),
    source("about", EXHIBITS, "exhibit", &["description"]).at(&["erratum/add"]),
    source("about", REPORTS, "report", &["template"]).at(&["erratum/add"]),
    source("about", PACKAGES, "package", &["state"]).at(&["erratum/add"]),
    source("erratum", &["erratum", "list", "--case={case}"], "erratum", &["about", "wrong"]),
    // Papers of the case. The number of a time-stamp authority in a package's plan is no authority of the case.
    source("authority", &[], "", &[]).at(&["package/stamp", "package/renew"]),
    source("authority", AUTHORITIES, "authority", &["reference", "kind", "state"]).only(("state", &["live"])).at(&["token/make"]),
    source("authority", AUTHORITIES, "authority", &["reference", "kind", "state"]),
    source("order", AUTHORITIES, "authority", &["reference", "kind", "state"]).at(&["authority/ratify"]),
    source("amends", AUTHORITIES, "authority", &["reference", "state"]),
    source("extends", AUTHORITIES, "authority", &["reference", "state"]),
    source("package", PACKAGES, "package", &["state"]).only(("state", &["sealed"])).at(&["package/disclose", "package/renew", "erratum/notified"]),
    source("package", PACKAGES, "package", &["state"]),
    source("disclosure", &["disclosure", "list", "--case={case}"], "disclosure", &["state", "package", "recipient"]),
    source("transfer", TRANSFERS, "transfer", &["exhibit", "from", "to"]).only(("state", &["offered"])).at(&["transfer/accept", "transfer/refuse"]),
    // Work that goes on.
    source("persona", &["persona", "list", "--case={case}"], "persona", &["name", "state"]),
    source("watch", &["watch", "list", "--case={case}"], "watch", &["kind", "purpose"]),
    source("alert", &["watch", "alerts", "--case={case}"], "alert", &["watch", "exhibit"]),
    source("crawl", CRAWLS, "crawl", &["state"]),
    source("before", CRAWLS, "crawl", &["state"]).at(&["collect/changes"]),
    source("now", CRAWLS, "crawl", &["state"]).at(&["collect/changes"]),
    source("contact", &["contact", "list", "--case={case}"], "contact", &["kind", "exhibit"]).at(&["contact/link"]),
    source("tip", &["tip", "list"], "tip", &["source", "text"]).only(("state", &["waiting"])),
    // Persons of the case, and what is to be erased.
    source("subject", &["subject", "list", "--case={case}"], "subject", &["category", "names"]),
    source("item", EXHIBITS, "exhibit", &["description"]).at(&["subject/link", "subject/unlink", "subject/keep"]),
    source("item", FINDINGS, "finding", &["text"]).at(&["subject/link", "subject/unlink", "subject/keep"]),
    source("erasure", &["erase", "list", "--case={case}"], "erasure", &["subject", "state"]),
    // Supervised viewings.
    source("viewing", &["viewing", "mine"], "id", &["state"]).at(&["viewing/attend", "viewing/confirm"]),
    source("viewing", VIEWINGS, "viewing", &["exhibit", "viewer", "state"]).at(&["viewing/close"]),
    // The node.
    source("name", &["proxy", "list"], "name", &["kind"]).at(&["proxy/remove"]),
    source("list", &["hashes", "list"], "list", &["name"]).at(&["hashes/remove"]),
    source("factor", &["user", "factor", "list"], "factor", &["label", "kind"]),
    // Tokens of programs.
    source("step", &["token", "steps"], "step", &[]).at(&["token/make"]),
    source("token", &["token", "list"], "token", &["case", "purpose"]),
];

/// One thing that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Offer {
    value: String,
    about: Vec<String>,
}

/// What one field offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    offers: Vec<Offer>,
    /// Whether there are more than are offered.
    more: bool,
}

/// What the fields of a form offer, by field.
#[derive(Debug, Default)]
pub struct Offers(BTreeMap<String, Offered>);

impl Offers {
    /// What this field offers, if anything.
    pub fn of(&self, field: &str) -> Option<&Offered> {
        self.0.get(field)
    }
}

/// The sources of a field of a step.
fn sources(step: &str, field: &str) -> Vec<&'static Source> {
    let of_field = || SOURCES.iter().filter(move |source| source.field == field);
    let named: Vec<&Source> = of_field().filter(|source| source.steps.contains(&step)).collect();
    if named.is_empty() { of_field().filter(|source| source.steps.is_empty()).collect() } else { named }
}

/// Whether a field of this step would offer something, once its case is known.
pub fn waits_for_a_case(step: &Step) -> bool {
    step.in_a_case() && step.fields.iter().any(|field| sources(&step.name, &field.id).iter().any(|source| is_of_a_case(source)))
}

fn is_of_a_case(source: &Source) -> bool {
    source.value == "members" || source.ask.contains(&"--case={case}")
}

/// What a form offers to this reader. A field whose value he came with (`given`) is left as it is. What is refused to him
/// is not offered, and nothing is asked of a case that is not his.
pub(crate) async fn offers(shared: &Shared, reader: &Reader, step: &Step, case: Option<&str>, given: &BTreeSet<String>) -> Offers {
    let mut offers = Offers::default();
    let wanted: Vec<(&Field, Vec<&Source>)> = step.fields.iter().filter(|field| field.kind == Kind::Words && !given.contains(&field.id)).map(|field| (field, sources(&step.name, &field.id))).filter(|(_, sources)| !sources.is_empty()).collect();
    if wanted.is_empty() {
        return offers;
    }
    // Each listing is asked once, whatever number of fields it fills.
    let mut asked: BTreeMap<Vec<String>, Vec<Value>> = BTreeMap::new();
    let case_list: Vec<String> = CASES.iter().map(|word| (*word).to_string()).collect();
    if wanted.iter().any(|(_, sources)| sources.iter().any(|source| source.ask == CASES || is_of_a_case(source))) {
        asked.insert(case_list.clone(), shared.wonder(reader, CASES).await.map(|found| found.values).unwrap_or_default());
    }
    let own: Vec<Value> = asked.get(&case_list).into_iter().flatten().filter(|one| Some(text_of(one, "case")) == case).cloned().collect();
    for (field, sources) in wanted {
        let mut found = Offered::default();
        for source in sources {
            if source.ask.is_empty() || is_of_a_case(source) && own.is_empty() {
                continue;
            }
            let words: Vec<String> = source.ask.iter().map(|word| word.replace("{case}", case.unwrap_or_default())).collect();
            if source.value == "members" {
                found.add(source, &own);
                continue;
            }
            if !asked.contains_key(&words) {
                let plain: Vec<&str> = words.iter().map(String::as_str).collect();
                // Who may not see the list types what he knows.
                let rows = shared.wonder(reader, &plain).await.map(|found| found.values).unwrap_or_default();
                asked.insert(words.clone(), rows);
            }
            found.add(source, asked.get(&words).map(Vec::as_slice).unwrap_or_default());
        }
        if !found.offers.is_empty() {
            offers.0.insert(field.id.clone(), found);
        }
    }
    offers
}

impl Offered {
    fn add(&mut self, source: &Source, rows: &[Value]) {
        let (member, states) = source.only;
        // A listing that was cut at its own bound may have more behind it.
        self.more |= source.ask.contains(&"--most=200") && rows.len() >= MOST;
        for row in rows.iter().filter(|row| states.is_empty() || states.contains(&text_of(row, member))) {
            let values: Vec<&str> = match &row[source.value] {
                Value::String(value) => vec![value.as_str()],
                Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
                _ => vec![],
            };
            let words = source.about.iter().map(|name| match &row[*name] {
                Value::String(text) => text.clone(),
                Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
                _ => String::new(),
            });
            let about: Vec<String> = words.filter(|text| !text.is_empty()).map(|text| show::plain(&text, ABOUT)).collect();
            for value in values.into_iter().filter(|value| !value.trim().is_empty() && !value.contains(['\n', '\r'])) {
                if self.offers.iter().any(|offer| offer.value == value) {
                    continue;
                }
                if self.offers.len() == MOST {
                    self.more = true;
                    return;
                }
                self.offers.push(Offer { value: value.to_string(), about: about.clone() });
            }
        }
    }

    fn is_few(&self) -> bool {
        !self.more && self.offers.len() <= FEW
    }

    /// Whether it is drawn as a group of boxes, which needs a legend in place of a label.
    pub fn is_group(&self, field: &Field) -> bool {
        field.many && self.is_few()
    }

    /// The field with its offers; `value` is what stands in it already.
    pub fn input(&self, frame: &Frame<'_>, field: &Field, id: &str, about: &str, value: &str) -> Markup {
        if self.is_group(field) {
            return self.boxes(frame, field, id, value);
        }
        let list = format!("k-{}", field.id);
        html! {
            // What is not offered is typed: an exhibit that just came in, a name that the house does not list. Nothing is
            // chosen before somebody chose.
            @if field.many {
                input type="text" id=(id) name=(field.id) list=(list) aria-describedby=(about) autocomplete="off";
                textarea name=(field.id) aria-label=(frame.t("further-ones")) placeholder=(frame.t("further-ones")) { (value) }
            } @else {
                input type="text" id=(id) name=(field.id) value=(value) list=(list) aria-describedby=(about) autocomplete="off" required[field.required];
            }
            (self.list(frame, field))
        }
    }

    /// Boxes to tick, and room for what is not among them.
    fn boxes(&self, frame: &Frame<'_>, field: &Field, id: &str, value: &str) -> Markup {
        let typed: BTreeSet<&str> = value.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let strange: Vec<&str> = typed.iter().filter(|line| self.offers.iter().all(|offer| offer.value != **line)).copied().collect();
        html! {
            ul class="plain boxes" { @for (n, offer) in self.offers.iter().enumerate() {
                @let id = format!("{id}-{n}");
                li { input type="checkbox" id=(id) name=(field.id) value=(offer.value) checked[typed.contains(offer.value.as_str())]; label for=(id) { (offer.words(frame)) } }
            } }
            @if strange.is_empty() {
                details { summary { (frame.t("further-ones")) } textarea name=(field.id) aria-label=(frame.t("further-ones")) {} }
            } @else { textarea name=(field.id) aria-label=(frame.t("further-ones")) { (strange.join("\n")) } }
        }
    }

    fn list(&self, frame: &Frame<'_>, field: &Field) -> Markup {
        html! {
            datalist id=(format!("k-{}", field.id)) { @for offer in &self.offers { option value=(offer.value) { (offer.said(frame)) } } }
            @if self.more { p class="quiet" { (frame.say("more-than-offered", &[("count", &self.offers.len().to_string())])) } }
        }
    }
}

impl Offer {
    /// What it is: words of the house in the reader's language, others as they were written.
    fn said(&self, frame: &Frame<'_>) -> String {
        let known = |word: &String| ["value", "state", "role"].iter().find_map(|kind| frame.languages.find(frame.language, &format!("{kind}-{word}"), &[])).unwrap_or_else(|| word.clone());
        show::plain(&self.about.iter().map(known).collect::<Vec<_>>().join(" · "), ABOUT)
    }

    fn words(&self, frame: &Frame<'_>) -> String {
        let value = show::plain(&self.value, ABOUT);
        if self.about.is_empty() { value } else { format!("{value} · {}", self.said(frame)) }
    }
}

/// The choice of a case, before the form of a step that is taken in one: then the rest is offered too.
pub fn choose_case(frame: &Frame<'_>, step: &Step, offers: &Offers) -> Markup {
    let Some(cases) = offers.of("case").filter(|_| waits_for_a_case(step)) else { return html! {} };
    html! {
        form class="choose" method="get" action=(format!("/step/{}", step.name)) {
            div class="field" {
                label for="choose-case" { (frame.t("choose-case")) }
                select id="choose-case" name="case" required { option value="" { "" } @for case in &cases.offers { option value=(case.value) { (case.words(frame)) } } }
            }
            button class="second" type="submit" { (frame.t("choose-case-do")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Languages;
    use serde_json::json;

    fn field(id: &str, many: bool) -> Field {
        Field::of_words(id, many)
    }

    fn drawn(offered: &Offered, field: &Field, value: &str) -> String {
        let languages = Languages::with(None).unwrap();
        let frame = Frame { languages: &languages, language: "en", agency: "", training: true, person: None, case: None, path: "", again: None };
        offered.input(&frame, field, "f", "a", value).into_string()
    }

    fn exhibits(count: usize) -> Offered {
        let rows: Vec<Value> = (1..=count).map(|n| json!({"exhibit": format!("E-{n:04}"), "kind": "file", "description": "<b>page</b>\u{202e}"})).collect();
        let mut offered = Offered::default();
        sources("transfer/offer", "exhibit").iter().for_each(|source| offered.add(source, &rows));
        offered
    }

    #[test]
    fn the_step_that_is_named_goes_before_the_field_alone() {
        assert!(sources("package/stamp", "authority").iter().all(|source| source.ask.is_empty()), "a number of the plan is no authority");
        assert_eq!(sources("persona/register", "authority")[0].ask, AUTHORITIES);
        assert_eq!(sources("erratum/add", "about").len(), 4);
        assert!(sources("persona/register", "name").is_empty(), "a new name is nobody's");
        assert!(sources("search", "question").is_empty());
    }

    #[test]
    fn every_source_is_a_listing_and_every_field_is_one_of_its_step() {
        let api: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
        let fields = |step: &str| api["paths"][format!("/api/v1/steps/{step}")]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"].clone();
        for source in SOURCES {
            for step in source.steps {
                assert!(fields(step)[source.field].is_object(), "{step} has no field {}", source.field);
            }
            let listing: Vec<&str> = source.ask.iter().take_while(|word| !word.starts_with("--")).copied().collect();
            assert!(listing.is_empty() || fields(&listing.join("/")).is_object(), "{listing:?}");
            assert!(listing.last().is_none_or(|last| ["list", "releases", "status", "alerts", "mine", "steps"].contains(last)), "{listing:?} is no listing");
        }
    }

    #[test]
    fn one_is_chosen_or_typed_and_nothing_is_chosen_beforehand() {
        for count in [1, 3, 21] {
            let one = drawn(&exhibits(count), &field("exhibit", false), "");
            assert!(one.starts_with("<input type=\"text\"") && one.contains("name=\"exhibit\" value=\"\" list=\"k-exhibit\"") && !one.contains("selected"), "{one}");
            assert!(one.contains("<datalist id=\"k-exhibit\">") && one.matches("<option").count() == count, "{one}");
            assert!(one.contains("&lt;b&gt;page&lt;/b&gt;[U+202E]") && !one.contains("<b>"), "{one}");
        }
        for typed in ["E-0002", "E-0099"] {
            assert!(drawn(&exhibits(3), &field("exhibit", false), typed).contains(&format!("value=\"{typed}\" list=")), "what was typed is not lost");
        }
        let most = exhibits(250);
        assert_eq!((most.offers.len(), most.more), (MOST, true));
        assert!(drawn(&most, &field("exhibit", false), "").contains("200"));
    }

    #[test]
    fn no_case_is_chosen_before_somebody_chose_one() {
        let languages = Languages::with(None).unwrap();
        let frame = Frame { languages: &languages, language: "en", agency: "", training: true, person: None, case: None, path: "", again: None };
        let step = Step { name: "transfer/offer".into(), about: String::new(), fields: vec![field("case", false), field("exhibit", false)] };
        let mut cases = Offered::default();
        sources("transfer/offer", "case").iter().for_each(|source| cases.add(source, &[json!({"case": "2026-0001", "title": "one"}), json!({"case": "2026-0002", "title": "two"})]));
        let chosen = choose_case(&frame, &step, &Offers(BTreeMap::from([("case".to_string(), cases)]))).into_string();
        assert!(chosen.contains("name=\"case\" required><option value=\"\"></option><option value=\"2026-0001\">2026-0001 · one</option>") && !chosen.contains("selected"), "{chosen}");
    }

    #[test]
    fn several_are_ticked_and_what_is_not_among_them_is_kept() {
        let boxes = drawn(&exhibits(2), &field("exhibit", true), "E-0002\nE-0077");
        assert_eq!((boxes.matches("type=\"checkbox\"").count(), boxes.matches("checked").count()), (2, 1), "{boxes}");
        assert!(boxes.contains(">E-0077</textarea>"), "{boxes}");
        let many = drawn(&exhibits(30), &field("exhibit", true), "E-0002");
        assert!(many.contains("<datalist") && many.contains(">E-0002</textarea>"), "{many}");
    }

    #[test]
    fn only_rows_in_the_named_state_and_each_value_once() {
        let mut offered = Offered::default();
        let rows = [json!({"transfer": "x1", "state": "offered"}), json!({"transfer": "x2", "state": "accepted"}), json!({"transfer": "x1", "state": "offered"}), json!({"transfer": "a\nb", "state": "offered"}), json!({"transfer": 5, "state": "offered"})];
        sources("transfer/accept", "transfer").iter().for_each(|source| offered.add(source, &rows));
        assert_eq!(offered.offers.iter().map(|offer| offer.value.as_str()).collect::<Vec<_>>(), ["x1"]);
        let mut members = Offered::default();
        sources("transfer/offer", "to").iter().for_each(|source| members.add(source, &[json!({"case": "1", "members": ["Noy", "Kham"]})]));
        assert_eq!(members.offers.len(), 2);
        assert_eq!(field("to", false).kind, Kind::Words);
    }
}
