//! Help in place: the guide, in the program itself, and for each screen the page of it that applies.
//!
//! The guide is ours and holds nothing of any case, so it is read without a login. It refuses HTML inside the guide's own
//! text (it is shown as text), and every address outside this server.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

use crate::frame::Frame;

macro_rules! guide {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../../../docs/guide/", $name, ".md")))),*] };
}

/// The pages of the guide.
const GUIDE: &[(&str, &str)] = guide![
    "README", "ten-minutes", "workspace", "programs", "logins", "unit-of-three", "tor", "browser", "personas", "crawl", "search", "selectors", "replay", "listings", "worker", "witnesses", "fusion-centre", "erasure", "known-hashes", "faults", "disclosure",
    "formats", "restricted", "range", "verify", "screens", "cli",
];

/// Which page of the guide applies to a screen: the beginning of its path (below its case), and the page. The first that fits
/// is taken.
const APPLIES: [(&str, &str); 54] = [
    ("/account", "logins"), ("/login", "logins"), ("/step/user/factor", "logins"), ("/step/token", "programs"),
    ("/step/authority", "unit-of-three"), ("/step/backup", "faults"), ("/step/capture", "tor"), ("/step/collect", "crawl"), ("/step/charge", "disclosure"), ("/step/contact", "personas"), ("/step/accident", "personas"),
    ("/step/persona", "personas"), ("/step/proxy", "tor"), ("/step/disclosure", "disclosure"), ("/step/material", "disclosure"), ("/step/erratum", "disclosure"), ("/step/erase", "erasure"), ("/step/subject", "erasure"),
    ("/step/exhibit/accident", "known-hashes"), ("/step/exhibit/reclassify", "restricted"), ("/step/exhibit/release", "restricted"), ("/step/filter", "restricted"), ("/step/viewing", "restricted"), ("/step/hashes", "known-hashes"),
    ("/step/examine", "formats"), ("/step/search", "search"), ("/step/watch", "search"), ("/step/elsewhere", "search"), ("/step/selectors", "selectors"), ("/step/rows", "listings"), ("/step/pictures", "formats"), ("/step/key", "unit-of-three"),
    ("/step/user", "unit-of-three"), ("/step/log", "witnesses"), ("/step/package", "verify"), ("/step", "ten-minutes"), ("authority", "unit-of-three"), ("exhibits", "ten-minutes"), ("capture", "tor"), ("search", "search"), ("selectors", "selectors"),
    ("rows", "listings"), ("findings", "ten-minutes"), ("charges", "disclosure"), ("transfers", "unit-of-three"), ("reports", "ten-minutes"), ("packages", "verify"), ("watches", "search"), ("more", "cli"), ("/people", "unit-of-three"),
    ("/log", "witnesses"), ("/intake", "ten-minutes"), ("/steps", "cli"), ("/", "workspace"),
];

/// The page of the guide for a path of the workspace.
pub fn page_for(path: &str) -> &'static str {
    // Below a case the last part says what the screen is.
    let below = path.strip_prefix("/case/").and_then(|rest| rest.split('/').nth(1));
    let fits = |begin: &str| below.map_or_else(|| path.starts_with(begin), |below| below == begin);
    let page = APPLIES.iter().find(|(begin, _)| fits(begin)).map(|(_, page)| *page);
    page.unwrap_or("workspace")
}

/// One page of the guide, if there is one of this name.
pub fn page(frame: &Frame<'_>, name: &str) -> Option<(String, Markup)> {
    let (_, text) = GUIDE.iter().find(|(own, _)| *own == name)?;
    let title = text.lines().next().unwrap_or_default().trim_start_matches(['#', ' ']).to_string();
    // The heading of the page stands above it already.
    let body = text.split_once('\n').map_or("", |(_, body)| body);
    let main = html! {
        nav class="actions" aria-label=(frame.t("help")) { a class="button plain" href="/help" { (frame.t("help-all")) } a class="button plain" href="/tour" { (frame.t("tour")) } }
        article class="guide" lang="en" { (rendered(body)) }
    };
    Some((title, main))
}

/// Markdown as HTML: headings with the names that links use, links within the guide only, raw HTML as text.
fn rendered(text: &str) -> PreEscaped<String> {
    let (mut events, mut heading): (Vec<Event<'_>>, Option<(usize, String)>) = (Vec::new(), None);
    let mut away = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Html(raw) | Event::InlineHtml(raw) => events.push(Event::Text(raw)),
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => match within(&dest_url) {
                Some(dest_url) => events.push(Event::Start(Tag::Link { link_type, dest_url: CowStr::from(dest_url), title, id })),
                None => away = true,
            },
            Event::End(TagEnd::Link) if away => away = false,
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::Start(Tag::Heading { .. }) => {
                heading = Some((events.len(), String::new()));
                events.push(event);
            }
            Event::End(TagEnd::Heading(_)) => {
                if let (Some((at, words)), Event::End(end)) = (heading.take(), &event) {
                    if let Some(Event::Start(Tag::Heading { id, .. })) = events.get_mut(at) {
                        *id = Some(CowStr::from(slug(&words)));
                    }
                    events.push(Event::End(*end));
                }
            }
            Event::Text(ref words) | Event::Code(ref words) => {
                if let Some((_, heading)) = &mut heading {
                    heading.push_str(words);
                }
                events.push(event);
            }
            other => events.push(other),
        }
    }
    let mut out = String::new();
    push_html(&mut out, events.into_iter());
    PreEscaped(out.replace("<table>", "<div class=\"table\" tabindex=\"0\"><table>").replace("</table>", "</table></div>"))
}

/// The address of a link of the guide in this server; none when it leads out of the guide.
fn within(link: &str) -> Option<String> {
    if link.starts_with('#') {
        return Some(link.to_string());
    }
    let (file, part) = link.split_once('#').map_or((link, ""), |(file, part)| (file, part));
    let name = file.strip_suffix(".md").filter(|name| GUIDE.iter().any(|(own, _)| own == name))?;
    Some(if part.is_empty() { format!("/help/{name}") } else { format!("/help/{name}#{part}") })
}

/// The name of a heading, as links write it: small letters and digits, hyphens for blanks.
fn slug(words: &str) -> String {
    words.to_lowercase().chars().filter_map(|character| match character { ' ' | '-' => Some('-'), character if character.is_alphanumeric() || character == '_' => Some(character), _ => None }).collect()
}

/// One stop of the tour: the screen (`{case}` stands for the case) and the words beside it.
const TOUR: [(&str, &str); 11] = [
    ("/intake", "tour-intake"), ("/case/{case}", "tour-case"), ("/case/{case}/authority", "tour-authority"), ("/case/{case}/exhibits", "tour-exhibits"), ("/case/{case}/search", "tour-search"), ("/case/{case}/selectors", "tour-selectors"),
    ("/case/{case}/findings", "tour-findings"), ("/case/{case}/transfers", "tour-transfers"), ("/case/{case}/reports", "tour-reports"), ("/case/{case}/packages", "tour-packages"), ("/log", "tour-log"),
];

/// The tour: the path of a case, screen by screen, in the reader's own first case.
pub fn tour(frame: &Frame<'_>, case: Option<&str>) -> Markup {
    html! {
        p { (frame.t("tour-about")) }
        @if case.is_none() { p class="notes" { (frame.t("tour-no-case")) } }
        ol class="tour" {
            @for (place, key) in TOUR {
                @let place = case.map(|case| place.replace("{case}", case)).filter(|_| place.contains("{case}")).or_else(|| (!place.contains("{case}")).then(|| place.to_string()));
                li { @match place { Some(place) => a href=(place) { (frame.t(&format!("{key}-name"))) }, None => strong { (frame.t(&format!("{key}-name"))) } } p { (frame.t(key)) } }
            }
        }
        p { a href="/help" { (frame.t("help-all")) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_screen_has_the_page_that_applies() {
        for (path, page) in [("/", "workspace"), ("/case/2026-0001", "workspace"), ("/case/2026-0001/search", "search"), ("/case/2026-0001/exhibits/E-0001", "ten-minutes"), ("/step/filter/keep", "restricted"), ("/step/exhibit/admit", "ten-minutes"), ("/log", "witnesses")] {
            assert_eq!(page_for(path), page, "{path}");
        }
        for (_, page) in APPLIES {
            assert!(GUIDE.iter().any(|(name, _)| *name == page), "{page} is no page of the guide");
        }
    }

    #[test]
    fn every_page_of_the_guide_is_there() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide");
        let mut files: Vec<String> = std::fs::read_dir(folder).unwrap().filter_map(|entry| entry.unwrap().file_name().to_str().unwrap().strip_suffix(".md").map(str::to_string)).collect();
        let mut own: Vec<String> = GUIDE.iter().map(|(name, _)| (*name).to_string()).collect();
        files.sort();
        own.sort();
        assert_eq!(files, own);
    }

    #[test]
    fn the_guide_is_shown_without_raw_html_and_without_a_way_out() {
        let html = rendered("## What to *do*, `now`\n\nRaw <script>alert(1)</script> a [page](search.md#words) and [out](http://evil.example) and [code](../decisions/0001.md) ![x](y.png)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n").0;
        assert!(html.contains("<h2 id=\"what-to-do-now\">") && html.contains("href=\"/help/search#words\"") && html.contains("&lt;script&gt;") && html.contains("<div class=\"table\""), "{html}");
        assert!(!html.contains("<script") && !html.contains("evil") && !html.contains("<img") && html.contains("code"), "{html}");
        for (name, text) in GUIDE {
            let html = rendered(text).0;
            assert!(!html.contains("http-equiv") && !html.contains("href=\"http") && !html.contains("<img"), "{name}");
        }
    }
}
