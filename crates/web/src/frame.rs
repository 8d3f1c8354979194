//! The frame of every page: who is here, in which case, in which language, and the way to everything else.
//!
//! No page holds a style of its own or an address of another server, and none a script but the two that draw. What is put into a page is escaped by maud.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::{house::{Person, Refusal}, reasons, words::Languages};

/// What a page knows of its reader.
pub struct Frame<'a> {
    /// All words.
    pub languages: &'a Languages,
    /// In which language.
    pub language: &'a str,
    /// Name of the agency.
    pub agency: &'a str,
    /// Whether everything here is for training.
    pub training: bool,
    /// Who reads; none before the login.
    pub person: Option<&'a Person>,
    /// In which case.
    pub case: Option<&'a str>,
    /// The path of this page.
    pub path: &'a str,
    /// Seconds after which the page is asked for again, because work goes on.
    pub again: Option<u32>,
}

/// The parts of a case, in the order of its life.
pub const PARTS: [&str; 15] = ["", "authority", "exhibits", "capture", "search", "selectors", "rows", "timeline", "graph", "findings", "charges", "transfers", "reports", "packages", "more"];

impl Frame<'_> {
    /// A word of the reader's language.
    pub fn t(&self, key: &str) -> String {
        self.languages.say(self.language, key, &[])
    }

    /// A sentence with values.
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.languages.say(self.language, key, values)
    }

    /// A word that may be missing: then the name itself, with blanks.
    pub fn or_name(&self, key: &str, name: &str) -> String {
        self.languages.find(self.language, key, &[]).unwrap_or_else(|| name.replace(['-', '_', '/'], " "))
    }

    /// The whole page.
    pub fn page(&self, title: &str, main: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(self.language) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    @if let Some(seconds) = self.again { meta http-equiv="refresh" content=(seconds); }
                    title { (title) " · lanternfish" }
                    link rel="stylesheet" href="/assets/style.css";
                    link rel="icon" href="/assets/lantern.svg" type="image/svg+xml";
                }
                body {
                    a class="skip" href="#main" { (self.t("skip")) }
                    @if self.training { p class="synthetic" { (self.t("synthetic")) } }
                    (self.head())
                    @if let Some(case) = self.case { (self.parts(case)) }
                    main id="main" tabindex="-1" {
                        @if !self.path.starts_with("/help") { a class="help" href=(format!("/help/{}", crate::help::page_for(self.path))) { (self.t("help-here")) } }
                        h1 { (title) }
                        (main)
                    }
                    (self.foot())
                }
            }
        }
    }

    fn head(&self) -> Markup {
        html! {
            header class="top" {
                a class="house" href="/" { (lantern()) span { "lanternfish" } span class="agency" { (self.agency) } }
                @if let Some(person) = self.person {
                    nav aria-label=(self.t("nav-main")) {
                        (self.way("/", "home")) (self.way("/intake", "intake")) (self.way("/log", "log")) (self.way("/people", "people")) (self.way("/steps", "all-steps")) (self.way("/running", "running"))
                    }
                    div class="who" {
                        a href="/account" aria-current=[(self.path == "/account").then_some("page")] { (person.name) " · " (self.or_name(&format!("role-{}", person.role), &person.role)) }
                        form method="post" action="/logout" { button class="plain" { (self.t("log-out")) } }
                    }
                }
            }
        }
    }

    fn way(&self, path: &str, key: &str) -> Markup {
        let here = self.path == path;
        html! { a href=(path) aria-current=[here.then_some("page")] { (self.t(key)) } }
    }

    fn parts(&self, case: &str) -> Markup {
        html! {
            nav class="parts" aria-label=(self.say("nav-case", &[("case", case)])) {
                span class="case" { (self.t("case")) " " (case) }
                @for part in PARTS {
                    @let path = if part.is_empty() { format!("/case/{case}") } else { format!("/case/{case}/{part}") };
                    @let key = if part.is_empty() { "part-home".to_string() } else { format!("part-{part}") };
                    (self.way(&path, &key))
                }
            }
        }
    }

    fn foot(&self) -> Markup {
        html! {
            footer {
                form method="post" action="/language" class="languages" {
                    input type="hidden" name="back" value=(self.path);
                    label for="language" { (self.t("language")) }
                    select id="language" name="language" {
                        @for (code, name) in self.languages.all() { option value=(code) selected[code == self.language] lang=(code) { (name) } }
                    }
                    button class="plain" { (self.t("change")) }
                }
                @if !self.languages.is_reviewed(self.language) { p class="unreviewed" { (self.t("unreviewed")) } }
                p { (self.t("every-step")) " " a href="/help" { (self.t("help-all")) } }
            }
        }
    }

    /// What a step says beside its answer. What only says that there is nothing is said by the empty page itself.
    pub fn notes(&self, notes: &[String], is_empty: bool) -> Markup {
        let notes = &notes[usize::from(is_empty).min(notes.len())..];
        html! { @if !notes.is_empty() { div class="notes" role="status" { @for note in notes { p { (crate::show::plain(note, 4_000)) } } } } }
    }

    /// Why something was not done, and what to do.
    pub fn refused(&self, refusal: &Refusal) -> Markup {
        let head = match (refusal.law, refusal.exit) {
            (Some(law), _) => self.say("refused-by-law", &[("law", &law.to_string())]),
            (None, 2) => self.t("bad-input"),
            _ => self.t("trouble"),
        };
        html! {
            div class="refused" role="alert" {
                h2 { (head) }
                (self.reason(&refusal.text))
                @if let Some(law) = refusal.law { p class="quiet" { (self.t(&format!("law-{law}"))) } }
            }
        }
    }

    /// The same for what a page says of itself, in the reader's language: a message of this key.
    pub fn declined(&self, key: &str) -> Markup {
        html! { div class="refused" role="alert" { h2 { (self.t("bad-input")) } p { (self.t(key)) } } }
    }

    /// A reason in the reader's language, and under it in English: those words are the record's, and the court's.
    fn reason(&self, text: &str) -> Markup {
        match reasons::told(self.languages, self.language, text) {
            Some(told) => html! { p { (told) } p class="quiet original" { (self.t("reason-in-english")) " " q lang="en" { (text) } } },
            None => html! { p lang="en" { (text) } },
        }
    }

    /// The same in a line that says more.
    pub fn reason_in_line(&self, text: &str) -> Markup {
        match reasons::told(self.languages, self.language, text) {
            Some(told) => html! { (told) " (" (self.t("reason-in-english")) " " q lang="en" { (text) } ")" },
            None => html! { span lang="en" { (text) } },
        }
    }

    /// A moment: in the reader's calendar, with its exact form beside it.
    pub fn moment(&self, exact: &str) -> Markup {
        html! { time datetime=(exact) title=(exact) { (self.day_and_time(exact)) } }
    }

    fn day_and_time(&self, exact: &str) -> String {
        let (Some(day), Some(clock)) = (exact.get(..10), exact.get(11..16)) else { return exact.to_string() };
        let parts: Vec<&str> = day.split('-').collect();
        match (self.language, parts.as_slice()) {
            // The Buddhist era stands in the papers of Thailand: the year is told with its era.
            ("th", [year, month, date]) => match year.parse::<u32>() {
                Ok(year) => format!("{date}/{month}/{} (พ.ศ.) {clock} UTC", year + 543),
                Err(_) => exact.to_string(),
            },
            ("ru" | "vi" | "lo", [year, month, date]) => format!("{date}.{month}.{year} {clock} UTC"),
            _ => format!("{day} {clock} UTC"),
        }
    }
}

/// Whether a text is a moment exactly as the house writes it (RFC 3339 in UTC, with or without a fraction): a stranger's
/// words that only begin so stay words.
pub fn is_moment(text: &str) -> bool {
    let (whole, fraction) = text.strip_suffix('Z').map_or(("", None), |rest| rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction))));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let shape = whole.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(b"0000-00-00T00:00:00".iter().copied()) && fraction.is_none_or(|fraction| fraction.len() <= 9 && digits(fraction))
}

/// The text of a member of a value.
pub fn text_of<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn lantern() -> PreEscaped<&'static str> {
    PreEscaped(include_str!("../assets/lantern.svg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_exact_moment_is_one() {
        for (text, is) in [
            ("2026-01-01T00:00:00Z", true),
            ("2026-01-01T00:00:00.123456Z", true),
            ("2026-01-01T00:00 the suspect was NOT here Z", false),
            ("2026-01-01T00:00:00.Z", false),
            ("2026-01-01T00:00:00.12x4Z", false),
            ("2026-01-01T00:00:00+07:00", false),
            ("", false),
        ] {
            assert_eq!(is_moment(text), is, "{text}");
        }
    }
}
