//! From a form to the step that it asks for, and to the page that shows what came of it.
//!
//! A form is read, its words are given to the house in the session of who sent it, and its answer is kept for its number
//! alone. It refuses: half a form; a form from elsewhere; to take one form twice; half a file, and the file of a step that was
//! refused.

use std::{collections::BTreeSet, sync::Arc, time::{Duration, Instant}};

use axum::{
    extract::{FromRequest, Multipart, Path, RawQuery, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use maud::html;

use crate::{
    answers::{Asked, Wish},
    ended,
    gate,
    house::{Heard, House, RECEIVED, Refusal, Sent, UPLOADED, Uploads},
    offered,
    policy::Policy,
    query::Query,
    screens,
    server::{Reader, Shared, gone, is_label, no_such_page, random_number, read_form, refused, shown, shown_as, status_of, strange_form},
    several::{self, Received},
    steps::{Field, Kind, Step, Typed},
    upload, viewer,
};

/// Longest file of a step that takes several.
const LONGEST_PART: usize = 64 << 20;
/// Longest text of one field of a form with files.
const LONGEST_FIELD: usize = 1 << 20;
/// How long a silent line may hold an upload open.
pub(crate) const SILENT: Duration = Duration::from_secs(60);
/// How long a page waits for its step before it says that the step goes on.
const PATIENCE: Duration = Duration::from_millis(1_500);

pub(crate) async fn step_page(State(shared): State<Shared>, headers: HeaderMap, Path(name): Path<String>, RawQuery(query): RawQuery) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let path = format!("/step/{name}");
    let mut frame = shared.frame(&headers, Some(&reader.person), &path);
    let Some(step) = shared.catalogue.get(&name) else { return no_such_page(&frame) };
    let query = Query::read(query.as_deref().unwrap_or_default());
    let case = query.get("case").map(str::to_string);
    frame.case = case.as_deref().filter(|case| is_label(case));
    // What was refused before is filled in again.
    let before = query.get("_again").and_then(|number| shared.answers.get(&gate::session_of(&reader.token), number)).filter(|asked| asked.step == name);
    // So is what he typed when his session had ended.
    let kept = query.get("_kept").and_then(|number| shared.ended.typed(number, &reader.person.name, &name, Instant::now()));
    let typed = before.as_ref().map(|asked| asked.typed.clone()).or(kept);
    let known = |id: &str| typed.as_ref().map_or_else(|| query.get(id).map(str::to_string), |typed| lines(typed, id));
    // What he came with he need not choose; what was refused he may want to choose anew.
    let given = if typed.is_some() { BTreeSet::new() } else { query.typed().into_keys().collect() };
    let offers = offered::offers(&shared, &reader, step, frame.case, &given).await;
    // It is said that it is still to be sent; whose words they are not finds an empty form.
    let still = html! { @if query.get("_kept").is_some() { div class="notes" role="status" { p { (frame.t(if typed.is_some() { "typed-is-here" } else { "typed-is-gone" })) @if typed.is_some() && step.takes_a_file() { " " (frame.t("choose-file-again")) } } } } };
    shown(frame.page(&screens::name_of(&frame, &name), &html! { (still) (screens::form(&frame, step, &known, &offers, &random_number())) }))
}

/// What a form brought: its number, what was typed, what is typed where nobody sees it, and a file that still comes.
#[derive(Default)]
struct Brought {
    number: String,
    typed: Typed,
    secret: Option<String>,
    uploads: Uploads,
}

pub(crate) async fn take_step(State(shared): State<Shared>, headers: HeaderMap, Path(name): Path<String>, request: Request) -> Response {
    let reader = match (shared.reader(&headers).await, shared.catalogue.get(&name)) {
        (Ok(reader), _) => reader,
        (Err(to_login), Some(step)) if to_login.status() == StatusCode::SEE_OTHER && gate::is_from_us(&headers) => return ended::sent_too_late(&shared, step, request).await,
        (Err(to_login), _) => return to_login,
    };
    let path = format!("/step/{name}");
    let mut frame = shared.frame(&headers, Some(&reader.person), &path);
    if !gate::is_from_us(&headers) {
        return strange_form(&frame);
    }
    let Some(step) = shared.catalogue.get(&name) else { return no_such_page(&frame) };
    let taken = if step.takes_a_file() { take_with_file(&shared, &reader, step, request).await } else { take_without_file(&shared, &reader, step, request).await };
    match taken {
        Ok(place) if place.starts_with('/') => Redirect::to(&place).into_response(),
        Ok(number) => Redirect::to(&format!("/done/{number}")).into_response(),
        Err(NotBegun { text, typed }) => {
            let refusal = Refusal { text, law: None, exit: 2 };
            let case = lines(&typed, "case").filter(|case| is_label(case));
            frame.case = case.as_deref();
            let offers = offered::offers(&shared, &reader, step, frame.case, &BTreeSet::new()).await;
            let form = screens::form(&frame, step, &|id| lines(&typed, id), &offers, &random_number());
            shown_as(status_of(refusal.exit), frame.page(&screens::name_of(&frame, &name), &html! { (frame.refused(&refusal)) (form) }))
        }
    }
}

/// Why a step was not begun, and what had been typed: nobody types it twice.
pub(crate) struct NotBegun {
    pub(crate) text: String,
    pub(crate) typed: Typed,
}

impl From<&str> for NotBegun {
    fn from(text: &str) -> NotBegun {
        NotBegun { text: text.into(), typed: Typed::new() }
    }
}

/// What was typed into a field, a line for each value.
fn lines(typed: &Typed, id: &str) -> Option<String> {
    typed.get(id).map(|values| values.join("\n"))
}

/// Takes the step of a form; gives its number, with the place in the answer that the form asks for.
async fn take_without_file(shared: &Shared, reader: &Reader, step: &Step, request: Request) -> Result<String, NotBegun> {
    let form = read_form(request.into_body()).await.ok_or("the form is too long, or it broke off")?;
    let brought = Brought { number: form.get("_number").unwrap_or_default().into(), typed: form.typed(), ..Brought::default() };
    let asked = begin(shared, reader, step, brought)?;
    wait(&asked).await;
    Ok(format!("{}{}", asked.number, viewer::place(&form)))
}

const CUT: &str = "the form broke off on its way: nothing was done; send it again";

/// What is told when the line broke: of several files those before the last are whole, and not to be sent again.
fn broke_off(received: &Received, typed: &Typed) -> NotBegun {
    let text = match received.before_the_last() {
        None => CUT.into(),
        Some((before, last)) => format!("the form broke off on its way. Sent before it broke: {before}; \"Running and done\" says what came of each. Not taken in: {last}, and those after it: send only these again"),
    };
    NotBegun { text, typed: typed.clone() }
}

async fn take_with_file(shared: &Shared, reader: &Reader, step: &Step, request: Request) -> Result<String, NotBegun> {
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| "this form must be sent as multipart/form-data")?;
    let (mut brought, files) = (Brought::default(), step.fields.iter().filter(|field| field.kind == Kind::File).count());
    let mut received = Received::default();
    while let Some(mut part) = tokio::time::timeout(SILENT, parts.next_field()).await.map_err(|_| broke_off(&received, &brought.typed))?.map_err(|_| broke_off(&received, &brought.typed))? {
        let name = part.name().unwrap_or_default().to_string();
        if !step.fields.iter().any(|field| field.id == name && field.kind == Kind::File) {
            // By now the step has its words: what comes behind the file would be left out in silence.
            if received.is_begun() {
                let before = received.before_the_last().map_or_else(String::new, |(before, _)| format!("; taken before it: {before}; see \"Running and done\""));
                return Err(NotBegun { text: format!("the file must be the last field of the form: it was not taken in{before}"), typed: brought.typed.clone() });
            }
            let text = String::from_utf8(bounded(&mut part, LONGEST_FIELD).await?).map_err(|_| "this form holds text that is not UTF-8")?;
            match name.as_str() {
                "_number" => brought.number = text,
                _ => brought.typed.entry(name).or_default().push(text),
            }
            continue;
        }
        let Some(file_name) = part.file_name().map(str::to_string).filter(|name| !name.is_empty()) else { continue };
        brought.typed.insert(name.clone(), vec![format!("{UPLOADED}{name}")]);
        if files > 1 {
            let whole = bounded(&mut part, LONGEST_PART).await?;
            brought.uploads.insert(name, Sent { name: Some(file_name), bytes: Box::new(std::io::Cursor::new(whole)) });
            continue;
        }
        // One after the other: the next file is taken when the one before it has ended.
        received.end_present().await;
        let (writer, file) = upload::pipe();
        let upload = Sent { name: Some(file_name.clone()), bytes: Box::new(file) };
        let begun = received.may_begin(step, &brought.typed, &file_name).and_then(|()| {
            let one = Brought { number: several::number(&brought.number, received.count()), typed: brought.typed.clone(), uploads: Uploads::from([(name, upload)]), secret: None };
            begin(shared, reader, step, one)
        });
        match begun {
            Ok(asked) => if received.receive(&mut part, asked, writer).await.is_err() {
                return Err(broke_off(&received, &brought.typed));
            },
            Err(why) if received.count() == 0 => return Err(why),
            Err(why) => return Err(NotBegun { text: format!("{}; taken before it: {}; see \"Running and done\"", why.text, received.names()), typed: why.typed }),
        }
    }
    if received.count() > 0 {
        return Ok(received.ended(&brought.number).await);
    }
    let asked = begin(shared, reader, step, brought)?;
    wait(&asked).await;
    Ok(asked.number.clone())
}

/// A part of a form, whole, up to a length.
async fn bounded(part: &mut axum::extract::multipart::Field<'_>, most: usize) -> Result<Vec<u8>, NotBegun> {
    let mut bytes = Vec::new();
    while let Some(chunk) = tokio::time::timeout(SILENT, part.chunk()).await.map_err(|_| "the form broke off on its way: nothing was done; send it again")?.map_err(|_| "the form broke off on its way: nothing was done; send it again")? {
        if bytes.len() + chunk.len() > most {
            return Err("a field of this form is too long".into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Begins the step that a form asks for.
fn begin(shared: &Shared, reader: &Reader, step: &Step, mut brought: Brought) -> Result<Arc<Asked>, NotBegun> {
    let secret = |field: &&Field| matches!(field.kind, Kind::Secret | Kind::File);
    let mut typed = brought.typed.clone();
    step.fields.iter().filter(secret).for_each(|field| drop(typed.remove(&field.id)));
    let failed = |text: String| NotBegun { text, typed: typed.clone() };
    if brought.number.len() != 32 || !brought.number.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(failed("this form has no number: send it again from this page".into()));
    }
    fill(shared.house.as_ref(), step, &mut brought);
    let words = step.words(&brought.typed).map_err(&failed)?;
    let case = brought.typed.get("case").and_then(|values| values.first()).map(|case| case.trim().to_string()).filter(|case| is_label(case));
    let sent = brought.uploads.values().find_map(|sent| sent.name.clone());
    let wish = Wish { number: brought.number, step: step.name.clone(), case, words, file_name: step.gives_a_file().then(|| file_name(step, &brought.typed)), is_question: step.is_question(), typed: typed.clone(), sent };
    let heard = Heard::with(brought.secret, brought.uploads);
    shared.answers.take(&shared.house, &reader.token, gate::session_of(&reader.token), wish, heard).map_err(failed)
}

/// What the person does not type: where the answer's file goes, where the house keeps a folder, the secret itself.
fn fill(house: &dyn House, step: &Step, brought: &mut Brought) {
    for field in &step.fields {
        match field.kind {
            Kind::Out if field.required || brought.typed.contains_key(&field.id) => drop(brought.typed.insert(field.id.clone(), vec![RECEIVED.into()])),
            Kind::Place => drop(brought.typed.insert(field.id.clone(), vec![house.place(step.name.split('/').next().unwrap_or_default()).to_string_lossy().into_owned()])),
            Kind::Secret => {
                brought.secret = brought.typed.remove(&field.id).and_then(|values| values.into_iter().next());
                brought.typed.insert(field.id.clone(), vec!["-".into()]);
            }
            Kind::File if !brought.uploads.contains_key(&field.id) => drop(brought.typed.remove(&field.id)),
            _ if field.many => {
                let lines = brought.typed.get(&field.id).into_iter().flatten().flat_map(|value| value.lines()).map(str::to_string).collect();
                brought.typed.insert(field.id.clone(), lines);
            }
            _ => {}
        }
    }
}

/// What the received file is called.
fn file_name(step: &Step, typed: &Typed) -> String {
    let what = ["exhibit", "report", "what", "subject", "authority"].iter().find_map(|id| typed.get(*id)?.first());
    let kept: String = what.map_or("answer", String::as_str).chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    let ending = match step.name.as_str() {
        "exhibit/label" | "transfer/slip" | "log/witness/paper" | "report/export" => "pdf",
        "exhibit/page" => "html",
        "timeline" | "graph" => if typed.contains_key("data") { "json" } else { "svg" },
        _ => "bin",
    };
    format!("{kept}.{ending}")
}

async fn wait(asked: &Arc<Asked>) {
    wait_for(asked, PATIENCE).await;
}

/// Waits until a step has ended, or as long as this.
pub(crate) async fn wait_for(asked: &Arc<Asked>, longest: Duration) {
    let waiting = Arc::clone(asked);
    let _ = tokio::task::spawn_blocking(move || waiting.wait(longest)).await;
}

pub(crate) async fn done(State(shared): State<Shared>, headers: HeaderMap, Path(number): Path<String>, RawQuery(query): RawQuery) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let path = format!("/done/{number}");
    let mut frame = shared.frame(&headers, Some(&reader.person), &path);
    let asked = match shared.kept(&reader, &number).await { Ok(Some(asked)) => asked, Ok(None) => return gone(&frame), Err(refusal) => return refused(&frame, &frame.t("bad-input"), &refusal) };
    frame.case = asked.case.as_deref();
    frame.again = asked.exit().is_none().then_some(2);
    let (seen, policy) = if asked.is_a_view() && asked.exit() == Some(0) { viewer::view(&shared, &reader, &frame, &asked, &Query::read(query.as_deref().unwrap_or_default())).await } else { (html! {}, Policy::default()) };
    let main = screens::done(&frame, &shared.catalogue, &asked, &seen);
    let status = match asked.exit() {
        None => StatusCode::ACCEPTED,
        Some(exit) if asked.heard.was_refused(exit) => status_of(exit),
        Some(_) => StatusCode::OK,
    };
    let mut response = shown_as(status, frame.page(&screens::name_of(&frame, &asked.step), &main));
    response.extensions_mut().insert(policy);
    response
}

pub(crate) async fn done_file(State(shared): State<Shared>, headers: HeaderMap, Path(number): Path<String>) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let frame = shared.frame(&headers, Some(&reader.person), "/running");
    let asked = match shared.kept(&reader, &number).await { Ok(Some(asked)) => asked, Ok(None) => return gone(&frame), Err(refusal) => return refused(&frame, &frame.t("bad-input"), &refusal) };
    // Half a file, or one of a step that was refused, is no file.
    if asked.exit() != Some(0) {
        return gone(&frame);
    }
    let name = asked.file_name.clone().unwrap_or_else(|| "answer.bin".into());
    let kind = if name.ends_with(".pdf") { "application/pdf" } else { "application/octet-stream" };
    ([(header::CONTENT_TYPE, kind.to_string()), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))], asked.heard.received()).into_response()
}
