//! The viewer: an opened item as text, as numbers or as a page that does nothing, with the selectors that were found in it
//! marked where they stand.
//!
//! What is shown comes from steps in the reader's own session: the bytes from `exhibit view`, the marks from `selectors`,
//! the page from `exhibit page`. A stranger's page has an address of its own, in a frame without rights and under a policy
//! without sources, so that whatever it might still hold meets both. It refuses: to mark a minimised view, whose bytes are
//! not those of the item; to place a mark where its offsets do not count; to show a page that the house did not write.

use std::{collections::BTreeSet, sync::Arc, time::{Duration, Instant}};

use axum::{
    Router,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use crate::{
    answers::Asked,
    frame::{Frame, text_of},
    house::{Heard, RECEIVED, Refusal},
    policy::Policy,
    query::{Query, encoded},
    screens,
    server::{Reader, Workspace, is_label, no_such_page, refused, shown},
    show::{self, plain},
};

type Shared = Arc<Workspace>;

/// Most bytes of a file that one page shows.
const SHOWN: usize = 64 << 10;
/// Bytes that are shown before a place that somebody came for.
const BEFORE: usize = 2 << 10;
/// How long marks are kept: they are the answer to a question.
const MARKS_KEPT_FOR: Duration = Duration::from_secs(60);
/// Most marks in one part of a file, and in the list beside it.
const MOST_MARKS: usize = 500;
/// Longest value in the list.
const VALUE: usize = 120;
/// Parts of an exhibit on one page.
const PARTS: usize = 100;

/// Addresses of the viewer.
pub fn routes() -> Router<Shared> {
    Router::new().route("/done/{number}/page", get(framed)).route("/case/{case}/exhibits/{exhibit}/parts", get(parts))
}

/// What was asked for to show one opened item. It goes with the answer that it belongs to.
#[derive(Default)]
pub struct Look {
    marks: Mutex<Option<(Instant, Arc<Marks>)>>,
    page: OnceCell<Result<Arc<Heard>, Refusal>>,
}

/// One selector at its place.
struct Mark {
    kind: String,
    state: String,
    /// As the list of selectors shows it: what is sensitive is covered.
    value: String,
    place: String,
    start: usize,
    end: usize,
}

/// The selectors of an item.
#[derive(Default)]
struct Marks {
    /// Those whose offsets count in the opened bytes, by their first byte.
    here: Vec<Mark>,
    /// How many stand in other bytes: in parts of the item, or in the item around this part.
    elsewhere: usize,
    notes: Vec<String>,
    /// Whether the house found none.
    nothing: bool,
    /// Why none are shown.
    refusal: Option<Refusal>,
    minimised: bool,
}

impl Asked {
    /// Whether this is an opened item.
    pub fn is_a_view(&self) -> bool {
        self.step == "exhibit/view"
    }

    /// The first value of a field.
    pub fn first(&self, field: &str) -> Option<&str> {
        self.typed.get(field).and_then(|values| values.first()).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn is_minimised(&self) -> bool {
        self.heard.values().iter().any(|value| value["masked"].is_object())
    }
}

/// How the reader looks at it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Text,
    Raw,
    Page,
}

impl Way {
    fn of(query: &Query) -> Way {
        match query.get("as") {
            Some("raw") => Way::Raw,
            Some("page") => Way::Page,
            _ => Way::Text,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Way::Text => "text",
            Way::Raw => "raw",
            Way::Page => "page",
        }
    }
}

/// What is shown of an opened item, and under which policy.
pub(crate) async fn view(shared: &Shared, reader: &Reader, frame: &Frame<'_>, asked: &Asked, query: &Query) -> (Markup, Policy) {
    let way = Way::of(query);
    let ways = html! {
        nav class="actions ways" aria-label=(frame.t("ways-to-look")) {
            @for (to, key) in [(Way::Text, "as-text"), (Way::Raw, "as-bytes"), (Way::Page, "as-page")] {
                a class="button plain" aria-current=[(to == way).then_some("page")] href=(format!("?as={}", to.word())) { (frame.t(key)) }
            }
        }
    };
    if way == Way::Page {
        let (page, policy) = page(shared, reader, frame, asked).await;
        return (html! { (ways) (page) }, policy);
    }
    let file = asked.heard.received();
    let marks = marks(shared, reader, asked, &file).await;
    (html! { (ways) (bytes(frame, asked, &file, &marks, way, query)) }, Policy::Page)
}

/// The selectors of the opened item, asked in the reader's session when nobody asked a moment ago.
async fn marks(shared: &Shared, reader: &Reader, asked: &Asked, file: &[u8]) -> Arc<Marks> {
    let mut kept = asked.look.marks.lock().await;
    if let Some((at, marks)) = kept.as_ref().filter(|(at, _)| at.elapsed() < MARKS_KEPT_FOR) {
        let _ = at;
        return Arc::clone(marks);
    }
    let marks = Arc::new(ask(shared, reader, asked, file).await);
    *kept = Some((Instant::now(), Arc::clone(&marks)));
    marks
}

async fn ask(shared: &Shared, reader: &Reader, asked: &Asked, file: &[u8]) -> Marks {
    let (Some(case), Some(exhibit), Some(purpose)) = (&asked.case, asked.first("exhibit"), asked.first("purpose")) else { return Marks::default() };
    if asked.is_minimised() {
        return Marks { minimised: true, ..Marks::default() };
    }
    let words = ["selectors", &format!("--case={case}"), &format!("--exhibit={exhibit}"), &format!("--purpose={purpose}")];
    let found = match shared.values(reader, &words).await {
        Ok(found) => found,
        Err(refusal) => return Marks { refusal: Some(refusal), ..Marks::default() },
    };
    let mut marks = Marks { notes: found.notes, nothing: found.values.is_empty(), ..Marks::default() };
    for hit in &found.values {
        let place = |name: &str| hit[name].as_u64().and_then(|at| usize::try_from(at).ok());
        match (hit["blob"].as_str() == asked.first("part"), place("start"), place("end")) {
            (true, Some(start), Some(end)) if start < end && end <= file.len() && hit["minimised"] != true => marks.here.push(Mark {
                kind: text_of(hit, "type").into(), state: text_of(hit, "state").into(), value: plain(text_of(hit, "value"), VALUE), place: plain(text_of(hit, "place"), VALUE), start, end,
            }),
            _ => marks.elsewhere += 1,
        }
    }
    marks.here.sort_by_key(|mark| (mark.start, mark.end));
    marks
}

/// Where a part begins in which this byte is seen.
fn part_of(at: usize) -> usize {
    at.saturating_sub(BEFORE) & !15
}

/// The address behind `/done/NUMBER` at which a byte is seen that the form named.
pub fn place(form: &Query) -> String {
    let byte = |name: &str| form.get(name).and_then(|at| at.parse::<usize>().ok());
    let Some(at) = byte("_at") else { return String::new() };
    let end = byte("_end").filter(|end| *end > at).map(|end| format!("&at={at}&end={end}")).unwrap_or_default();
    format!("?from={}{end}#at-{at}", part_of(at))
}

/// A way to the viewer, at the place where a row of an answer stands.
pub fn way_to(frame: &Frame<'_>, row: &Value) -> Markup {
    way_for(frame, row, None)
}

/// The same, with the purpose for which its reader asked already: he sees it in the form, and may say another.
pub fn way_for(frame: &Frame<'_>, row: &Value, purpose: Option<&str>) -> Markup {
    let (Some(case), exhibit, Some(at)) = (frame.case, text_of(row, "exhibit"), row["start"].as_u64()) else { return html! {} };
    if !is_label(exhibit) || row["minimised"] == true {
        return html! {};
    }
    let part = row["blob"].as_str().map(|part| format!("&part={}", encoded(part))).unwrap_or_default();
    let end = row["end"].as_u64().map(|end| format!("&_end={end}")).unwrap_or_default();
    let purpose = purpose.map(|purpose| format!("&purpose={}", encoded(purpose))).unwrap_or_default();
    html! { a class="button plain" href=(format!("/step/exhibit/view?case={case}&exhibit={exhibit}{part}{purpose}&_at={at}{end}")) { (frame.t("see-there")) } }
}

/// A file's bytes, a part at a time, with its selectors marked and listed.
fn bytes(frame: &Frame<'_>, asked: &Asked, file: &[u8], marks: &Marks, way: Way, query: &Query) -> Markup {
    let from = whole_letter(file, query.number("from").min(file.len()));
    let end = whole_letter(file, (from + SHOWN).min(file.len()));
    let to = |at: usize| format!("?as={}&from={at}", way.word());
    // What was found in a picture stands in all of it.
    let is_text = std::str::from_utf8(file).is_ok();
    let stands = |mark: &&Mark| is_text || (mark.start, mark.end) != (0, file.len());
    let mut here: Vec<&Mark> = marks.here.iter().filter(stands).filter(|mark| mark.start < end && mark.end > from).take(MOST_MARKS).collect();
    // The place for which somebody came is marked too, where nothing else marks it.
    let came_for = came_for(query, file.len(), asked.is_minimised());
    if let Some(mark) = came_for.as_ref().filter(|mark| mark.start < end && mark.end > from && !here.iter().any(|other| (other.start, other.end) == (mark.start, mark.end))) {
        here.push(mark);
        here.sort_by_key(|mark| (mark.start, mark.end));
    }
    html! {
        p { (frame.say("bytes-shown", &[("name", &format!("{from}–{end}")), ("count", &file.len().to_string())])) }
        @if from > 0 || end < file.len() { div class="actions" {
            @if from > 0 { a class="button plain" href=(to(from.saturating_sub(SHOWN))) { (frame.t("before")) } }
            @if end < file.len() { a class="button plain" href=(to(end)) { (frame.t("after")) } }
        } }
        div class="viewer" {
            pre class="bytes" tabindex="0" aria-label=(frame.t("bytes")) { @if way == Way::Raw { (dump(frame, from, &file[from..end], &here)) } @else { (text(frame, from, &file[from..end], &here)) } }
            (list(frame, asked, file, marks, (from, end), way))
        }
    }
}

/// The place that the address names; none in a minimised view, whose bytes are others.
fn came_for(query: &Query, length: usize, minimised: bool) -> Option<Mark> {
    let (start, end) = (query.number("at"), query.number("end"));
    (start < end && end <= length && !minimised).then(|| Mark { kind: "came-for".into(), state: String::new(), value: String::new(), place: String::new(), start, end })
}

/// What was found, beside the bytes, each with the way to its place.
fn list(frame: &Frame<'_>, asked: &Asked, file: &[u8], marks: &Marks, (from, end): (usize, usize), way: Way) -> Markup {
    let all = marks.here.len();
    let in_part = |mark: &&Mark| all <= MOST_MARKS || (mark.start < end && mark.end > from);
    let is_text = std::str::from_utf8(file).is_ok();
    let address = |mark: &Mark| if (from..end).contains(&mark.start) { format!("#at-{}", mark.start) } else { format!("?as={}&from={}#at-{}", way.word(), part_of(mark.start), mark.start) };
    html! {
        aside aria-label=(frame.t("marks")) {
            h2 { (frame.t("marks")) }
            @if let Some(refusal) = &marks.refusal { p class="quiet" { (frame.t("marks-not-asked")) " " (frame.reason_in_line(&refusal.text)) } }
            @else if marks.minimised { p class="quiet" { (frame.t("marks-minimised")) } }
            @else if all == 0 { p class="quiet" { (frame.t("marks-none")) } }
            @if all > MOST_MARKS { p class="quiet" { (frame.say("marks-of-part", &[("count", &all.to_string())])) } }
            ol class="plain marks" {
                @for mark in marks.here.iter().filter(in_part).take(MOST_MARKS) { li {
                    @if is_text || (mark.start, mark.end) != (0, file.len()) { a href=(address(mark)) { (frame.t("bytes")) " " (mark.start) "–" (mark.end) } } @else { (frame.t("marks-whole")) }
                    " · " (kind(frame, &mark.kind)) " · " (show::value(frame, "state", &Value::from(mark.state.as_str())))
                    br; span class="long" { (mark.value) }
                    @if asked.first("part").is_some() { br; span class="quiet long" { (mark.place) } }
                } }
            }
            @if marks.elsewhere > 0 {
                p { (frame.say("marks-elsewhere", &[("count", &marks.elsewhere.to_string())])) " "
                    @if let (Some(case), Some(exhibit)) = (asked.case.as_deref(), asked.first("exhibit").filter(|exhibit| is_label(exhibit))) { a href=(format!("/case/{case}/exhibits/{exhibit}/parts")) { (frame.t("what-is-inside")) } }
                }
            }
            (frame.notes(&marks.notes, marks.nothing))
        }
    }
}

fn kind(frame: &Frame<'_>, kind: &str) -> String {
    frame.or_name(&format!("type-{kind}"), kind)
}

/// A stretch of bytes in which the same marks hold.
struct Piece<'m> {
    start: usize,
    end: usize,
    /// Those that begin in it, those that end in it, and all that reach over it.
    begins: BTreeSet<usize>,
    ends: Vec<&'m Mark>,
    over: Vec<&'m Mark>,
}

/// Cuts a part of a file where marks begin and end.
fn pieces<'m>(from: usize, length: usize, marks: &[&'m Mark]) -> Vec<Piece<'m>> {
    let end = from + length;
    let clipped = |mark: &Mark| (mark.start.max(from), mark.end.min(end));
    let cuts: BTreeSet<usize> = marks.iter().flat_map(|mark| <[usize; 2]>::from(clipped(mark))).chain([from, end]).collect();
    let (mut pieces, mut next, mut open): (Vec<Piece<'m>>, usize, Vec<&'m Mark>) = (Vec::new(), 0, Vec::new());
    let cuts: Vec<usize> = cuts.into_iter().collect();
    for pair in cuts.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        let mut begins = BTreeSet::new();
        while let Some(mark) = marks.get(next).filter(|mark| clipped(mark).0 <= start) {
            begins.insert(mark.start);
            open.push(mark);
            next += 1;
        }
        open.retain(|mark| clipped(mark).1 > start);
        let ends = open.iter().filter(|mark| clipped(mark).1 == end).copied().collect();
        pieces.push(Piece { start, end, begins, ends, over: open.clone() });
    }
    pieces
}

/// The text of a part, with what was found in it marked. Marks tell type and state, never a value.
fn text(frame: &Frame<'_>, from: usize, part: &[u8], marks: &[&Mark]) -> Markup {
    let words = |piece: &Piece<'_>| plain(&String::from_utf8_lossy(&part[piece.start - from..piece.end - from]), SHOWN);
    html! { @for piece in &pieces(from, part.len(), marks) { (marked(frame, piece, &words(piece))) } }
}

fn marked(frame: &Frame<'_>, piece: &Piece<'_>, words: &str) -> Markup {
    let what = |marks: &[&Mark]| marks.iter().map(|mark| if mark.state.is_empty() { kind(frame, &mark.kind) } else { format!("{}, {}", kind(frame, &mark.kind), frame.or_name(&format!("state-{}", mark.state), &mark.state)) }).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("; ");
    let anchors: Vec<&usize> = piece.begins.iter().collect();
    html! {
        @for at in anchors.iter().skip(1) { span id=(format!("at-{at}")) {} }
        @if piece.over.is_empty() { (words) } @else {
            mark class="found" id=[anchors.first().map(|at| format!("at-{at}"))] title=(what(&piece.over)) data-what=[(!piece.ends.is_empty()).then(|| what(&piece.ends))] { (words) }
        }
    }
}

/// Offset, sixteen bytes, and their letters, a line each, with the bytes marked in which something was found.
fn dump(frame: &Frame<'_>, from: usize, part: &[u8], marks: &[&Mark]) -> Markup {
    let pieces = pieces(from, part.len(), marks);
    let mut next = 0;
    let mut lines = Vec::new();
    for (n, line) in part.chunks(16).enumerate() {
        let start = from + n * 16;
        let mut runs = Vec::new();
        let mut at = start;
        while let Some(piece) = pieces.get(next).filter(|piece| piece.start < start + line.len()) {
            let end = piece.end.min(start + line.len());
            let inside = &part[at - from..end - from];
            // An anchor stands where its piece begins, a label where it ends.
            let cut = Piece { start: at, end, begins: if at == piece.start { piece.begins.clone() } else { BTreeSet::new() }, ends: if end == piece.end { piece.ends.clone() } else { vec![] }, over: piece.over.clone() };
            let numbers: Vec<String> = inside.iter().map(|byte| format!("{byte:02x}")).collect();
            runs.push((cut, numbers.join(" "), inside.iter().map(|byte| letter(*byte)).collect::<String>()));
            at = end;
            if end < piece.end {
                break;
            }
            next += 1;
        }
        let blank = " ".repeat(3 * (16 - line.len()) + 2);
        lines.push(html! {
            (format!("{start:08x}  "))
            @for (n, (piece, numbers, _)) in runs.iter().enumerate() { @if n > 0 { " " } (marked(frame, piece, numbers)) }
            (blank)
            @for (piece, _, letters) in &runs { @if piece.over.is_empty() { (letters) } @else { mark { (letters) } } }
            "\n"
        });
    }
    html! { @for line in &lines { (line) } }
}

fn letter(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' }
}

/// The same place, or the beginning of the letter of UTF-8 that it cuts.
fn whole_letter(file: &[u8], at: usize) -> usize {
    (at.saturating_sub(3)..=at).rev().find(|at| file.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80)).unwrap_or(at)
}

/// The page of an opened item, asked in the reader's session once.
async fn rendered(shared: &Shared, reader: &Reader, asked: &Asked) -> Result<Arc<Heard>, Refusal> {
    let ask = async {
        let nothing = |text: &str| Refusal { text: text.into(), law: None, exit: 2 };
        let step = shared.catalogue.get("exhibit/page").ok_or_else(|| nothing("pages are not shown here"))?;
        let mut typed = asked.typed.clone();
        typed.insert("out".into(), vec![RECEIVED.into()]);
        let words = step.words(&typed).map_err(|text| nothing(&text))?;
        let (exit, heard) = shared.ask(&reader.token, words).await;
        if exit != 0 { Err(heard.refusal(exit)) } else { Ok(heard) }
    };
    // What failed around the program is asked again at the next look.
    if let Some(known) = asked.look.page.get() {
        return known.clone();
    }
    let answer = ask.await;
    if !answer.as_ref().is_err_and(|refusal| refusal.exit == 3) {
        let _ = asked.look.page.set(answer.clone());
    }
    answer
}

/// What is said around the frame.
async fn page(shared: &Shared, reader: &Reader, frame: &Frame<'_>, asked: &Asked) -> (Markup, Policy) {
    let heard = match rendered(shared, reader, asked).await { Ok(heard) => heard, Err(refusal) => return (frame.refused(&refusal), Policy::Page) };
    let about = heard.values().into_iter().next().unwrap_or_default();
    if let Some(why) = about["no_page"].as_str() {
        let told = html! { div class="notes" role="status" { p { (frame.t("page-not-shown")) " " (frame.reason_in_line(why)) } p { (frame.t("page-instead")) } } };
        return (told, Policy::Page);
    }
    let told = html! {
        p { (frame.t("page-about")) }
        @if let Some(cut) = about["cut"].as_str() { p class="refused" { (frame.t("page-not-whole")) " " (cut) } }
        iframe class="page" sandbox="" referrerpolicy="no-referrer" src=(format!("/done/{}/page", asked.number)) title=(frame.t("page-frame")) {}
        details { summary { (frame.t("page-left-out")) }
            dl { @for name in ["title", "decoded", "replaced", "base", "scripts", "styles", "pictures", "frames", "forms", "length"] {
                @if !about[name].is_null() { dt { (frame.or_name(&format!("field-{name}"), name)) } dd { (show::value(frame, name, &about[name])) } }
            } }
        }
    };
    (told, Policy::WithFrame)
}

/// The page itself, at its own address: what the house wrote, and nothing for whom it is not.
async fn framed(State(shared): State<Shared>, headers: HeaderMap, Path(number): Path<String>) -> Response {
    let Ok(reader) = shared.reader(&headers).await else { return in_frame(StatusCode::UNAUTHORIZED, &short("-")) };
    let frame = shared.frame(&headers, Some(reader.person()), "/running");
    let gone = || in_frame(StatusCode::GONE, &short(&frame.t("answer-gone")));
    let asked = match shared.kept(&reader, &number).await { Ok(Some(asked)) => asked, Ok(None) => return gone(), Err(refusal) => return in_frame(StatusCode::FORBIDDEN, &short(&refusal.text)) };
    if !asked.is_a_view() || asked.exit() != Some(0) {
        return gone();
    }
    match rendered(&shared, &reader, &asked).await {
        Ok(heard) if heard.received().is_empty() => in_frame(StatusCode::NOT_FOUND, &short(&frame.t("page-not-shown"))),
        Ok(heard) => in_frame(StatusCode::OK, &heard.received()),
        Err(refusal) => in_frame(StatusCode::FORBIDDEN, &short(&refusal.text)),
    }
}

fn short(text: &str) -> Vec<u8> {
    let page = html! { (DOCTYPE) html { head { meta charset="utf-8"; title { "lanternfish" } } body { p { (text) } } } };
    page.into_string().into_bytes()
}

fn in_frame(status: StatusCode, html: &[u8]) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html.to_vec()).into_response();
    response.extensions_mut().insert(Policy::Framed);
    response
}

/// What an examination took out of an exhibit.
async fn parts(State(shared): State<Shared>, headers: HeaderMap, Path((case, exhibit)): Path<(String, String)>, RawQuery(query): RawQuery) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let path = format!("/case/{case}/exhibits/{exhibit}/parts");
    let mut frame = shared.frame(&headers, Some(reader.person()), &path);
    if !is_label(&case) || !is_label(&exhibit) {
        return no_such_page(&frame);
    }
    let query = Query::read(query.as_deref().unwrap_or_default());
    let (from, pages) = (query.number("from").max(1), query.get("pages") == Some("yes"));
    let title = format!("{exhibit} · {}", frame.t("what-is-inside"));
    let (in_case, from_word, most) = (format!("--case={case}"), format!("--from={from}"), format!("--most={PARTS}"));
    let mut words = vec!["exhibit", "parts", &in_case, &from_word, &most];
    words.extend(pages.then_some("--pages"));
    words.extend(["--", &exhibit]);
    let found = match shared.values(&reader, &words).await { Ok(found) => found, Err(refusal) => return refused(&frame, &title, &refusal) };
    frame.case = Some(&case);
    let way = |from: usize, pages: bool| format!("?from={from}{}", if pages { "&pages=yes" } else { "" });
    let open = |row: &Value| html! { a class="button plain" href=(format!("/step/exhibit/view?case={case}&exhibit={exhibit}&part={}", encoded(text_of(row, "part")))) { (screens::name_of(&frame, "exhibit/view")) } };
    let main = html! {
        (frame.notes(&found.notes, found.values.is_empty()))
        div class="actions" {
            a class="button plain" href=(format!("/case/{case}/exhibits/{exhibit}")) { (exhibit) }
            a class="button plain" href=(way(1, !pages)) { (frame.t(if pages { "parts-all" } else { "parts-pages" })) }
        }
        @if found.values.is_empty() { (show::empty(&frame, "empty-parts")) } @else { (show::table(&frame, &title, &found.values, &["place", "media", "container", "length", "offset", "complete", "made"], open)) }
        div class="actions" {
            @if from > 1 { a class="button plain" href=(way(from.saturating_sub(PARTS).max(1), pages)) { (frame.t("before")) } }
            @if found.values.len() == PARTS { a class="button plain" href=(way(from + PARTS, pages)) { (frame.t("after")) } }
        }
    };
    shown(frame.page(&title, &main))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Languages;

    fn mark(kind: &str, start: usize, end: usize) -> Mark {
        Mark { kind: kind.into(), state: "verified".into(), value: "(masked, 5 characters: --reveal)".into(), place: String::new(), start, end }
    }

    fn with_frame<T>(look: impl Fn(&Frame<'_>) -> T) -> T {
        let languages = Languages::with(None).unwrap();
        look(&Frame { languages: &languages, language: "en", agency: "", training: true, person: None, case: Some("2026-0001"), path: "/", again: None })
    }

    fn plain_text(html: &str) -> String {
        let mut shown = String::new();
        let mut inside = false;
        for letter in html.chars() {
            match letter {
                '<' => inside = true,
                '>' => inside = false,
                letter if !inside => shown.push(letter),
                _ => {}
            }
        }
        shown
    }

    #[test]
    fn what_was_found_is_marked_at_its_bytes_and_nothing_else_is_changed() {
        let file = "ຂາຍ <b>night-heron@moon.example</b> & more".as_bytes();
        let at = |word: &str| { let text = std::str::from_utf8(file).unwrap(); let start = text.find(word).unwrap(); (start, start + word.len()) };
        let (whole, host) = (at("night-heron@moon.example"), at("moon.example"));
        let (outer, inner, over) = (mark("email", whole.0, whole.1), mark("domain", host.0, host.1), mark("wif", host.0 + 2, whole.1 + 3));
        let shown = with_frame(|frame| text(frame, 0, file, &[&outer, &inner, &over])).into_string();
        assert_eq!(plain_text(&shown), "ຂາຍ &lt;b&gt;night-heron@moon.example&lt;/b&gt; &amp; more");
        assert!(shown.contains(&format!("<mark class=\"found\" id=\"at-{}\" title=\"email, verified\">night-heron@</mark>", whole.0)), "{shown}");
        assert!(shown.contains(&format!("id=\"at-{}\" title=\"domain, verified; email, verified\"", host.0)), "{shown}");
        assert!(shown.contains("data-what=\"domain, verified; email, verified\"") && shown.contains("data-what=\"wif, verified\""), "{shown}");
        assert!(!shown.contains("masked"), "a mark tells no value");
    }

    #[test]
    fn a_part_of_a_file_holds_the_marks_that_reach_into_it() {
        let file = [b'x'; 100];
        let (early, late) = (mark("email", 10, 40), mark("email", 60, 90));
        let shown = with_frame(|frame| text(frame, 30, &file[30..70], &[&early, &late])).into_string();
        assert_eq!(plain_text(&shown).len(), 40);
        assert_eq!(shown.matches("<mark").count(), 2);
        assert!(shown.contains("id=\"at-10\"") && shown.contains("id=\"at-60\""), "{shown}");
    }

    #[test]
    fn bytes_are_shown_as_numbers_with_the_same_marks() {
        let plain = with_frame(|frame| dump(frame, 16, b"MZ\0a", &[])).into_string();
        assert_eq!(plain, "00000010  4d 5a 00 61                                      MZ.a\n");
        let file: Vec<u8> = (0..48u8).collect();
        let over = mark("wif", 14, 34);
        let shown = with_frame(|frame| dump(frame, 0, &file, &[&over])).into_string();
        assert!(shown.contains("<mark class=\"found\" id=\"at-14\" title=\"wif, verified\">0e 0f</mark>") && shown.contains("data-what=\"wif, verified\">20 21</mark>"), "{shown}");
        assert_eq!(shown.matches("id=").count(), 1);
        assert_eq!(plain_text(&shown).lines().map(|line| line[..57].split_whitespace().count()).collect::<Vec<_>>(), [17, 17, 17], "{shown}");
    }

    #[test]
    fn a_part_begins_and_ends_with_a_whole_letter() {
        let file = "ກຂ".as_bytes();
        assert_eq!((0..=6).map(|at| whole_letter(file, at)).collect::<Vec<_>>(), [0, 0, 0, 3, 3, 3, 6]);
        assert_eq!(whole_letter(&[0x80; 9], 8), 8, "what is no UTF-8 is cut where it is cut");
        assert_eq!((part_of(10), part_of(5_000)), (0, 2_944));
        assert_eq!(place(&Query::read("_at=5000&purpose=x")), "?from=2944#at-5000");
        assert_eq!(place(&Query::read("_at=x\"><script>")), "");
    }

    #[test]
    fn a_row_leads_to_its_bytes_and_a_minimised_one_nowhere() {
        let way = |row: Value| with_frame(|frame| way_to(frame, &row)).into_string();
        let row = serde_json::json!({"exhibit": "E-0002", "start": 77, "blob": "blob-1"});
        assert!(way(row).contains("/step/exhibit/view?case=2026-0001&amp;exhibit=E-0002&amp;part=blob-1&amp;_at=77"));
        assert_eq!(way(serde_json::json!({"exhibit": "E-0002", "start": 77, "minimised": true})), "");
        assert_eq!(way(serde_json::json!({"exhibit": "\"><script>", "start": 77})), "");
    }
}
