//! The server: from a request to the page that answers it.
//!
//! Every address but the login, the guide, the looks and the description of the interface asks for a session. Every answer
//! forbids scripts (but two pages, which run one of ours for passkeys, and two that draw), frames and other origins, and is
//! kept by no cache.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::{Duration, Instant}};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, RawQuery, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use maud::{Markup, html};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    account,
    answers::{Answers, Asked},
    api,
    drawn,
    ended::{self, Ended},
    frame::{Frame, text_of},
    gate::{self, Pace},
    line, login, passkey,
    house::{Heard, House, Person, Refusal},
    offered,
    packed, paper,
    policy::Policy,
    query::Query,
    screens::{self, LISTS},
    several,
    help, show,
    steps::Catalogue,
    taking, viewer, waiting,
    words::Languages,
};

/// Longest form without a file.
const LONGEST_FORM: usize = 4 << 20;
/// How long a form without a file may be on its way, with a session and without one.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Steps and sessions that are read at the same time; others wait.
const AT_ONCE: usize = 48;
/// Passphrases that are stretched at the same time: each takes memory and a processor.
const LOGINS_AT_ONCE: usize = 2;

/// How the workspace is served.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The names by which browsers may call this server, with port.
    pub names: Vec<String>,
    /// Whether the line is encrypted.
    pub over_tls: bool,
    /// A folder with more languages.
    pub languages: Option<PathBuf>,
}

/// The workspace of one house.
pub struct Workspace {
    pub(crate) house: Arc<dyn House>,
    pub(crate) catalogue: Catalogue,
    pub(crate) pace: Pace,
    pub(crate) questions: passkey::Questions,
    pub(crate) ended: Ended,
    pub(crate) languages: Languages,
    pub(crate) answers: Answers,
    settings: Settings,
    agency: String,
    training: bool,
    room: Semaphore,
    pub(crate) login_room: Semaphore,
}

/// What a step answered that fills a page.
pub(crate) struct Answered {
    pub(crate) values: Vec<Value>,
    pub(crate) notes: Vec<String>,
}

impl Answered {
    fn notes(&self, frame: &Frame<'_>) -> Markup {
        frame.notes(&self.notes, self.values.is_empty())
    }
}

pub(crate) type Shared = Arc<Workspace>;

/// Who asks, and with which token.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) token: String,
    pub(crate) person: Person,
}

impl Reader {
    pub(crate) fn person(&self) -> &Person {
        &self.person
    }
}

impl Workspace {
    /// Makes it ready.
    ///
    /// # Errors
    /// In words: a language that cannot be read.
    pub fn new(house: Arc<dyn House>, settings: Settings) -> Result<Workspace, String> {
        Ok(Workspace {
            catalogue: Catalogue::of(&house.commands()),
            languages: Languages::with(settings.languages.as_deref())?,
            agency: house.agency(),
            training: house.training(),
            answers: Answers::default(),
            pace: Pace::default(),
            questions: passkey::Questions::default(),
            ended: Ended::default(),
            room: Semaphore::new(AT_ONCE),
            login_room: Semaphore::new(LOGINS_AT_ONCE),
            settings,
            house,
        })
    }

    /// All addresses.
    pub fn routes(self) -> Router {
        let shared = Arc::new(self);
        let pages = Router::new()
            .route("/", get(home))
            .route("/intake", get(intake))
            .route("/people", get(people))
            .route("/log", get(log))
            .route("/running", get(running))
            .route("/help", get(help_all))
            .route("/help/{name}", get(help_page))
            .route("/tour", get(tour))
            .route("/steps", get(steps))
            .route("/step/{*name}", get(taking::step_page).post(taking::take_step))
            .route("/done/{number}", get(taking::done))
            .route("/done/{number}/file", get(taking::done_file))
            .route("/done/{number}/paper", get(paper::printed))
            .route("/case/{case}", get(case))
            .route("/case/{case}/timeline", get(drawn::timeline))
            .route("/case/{case}/timeline.svg", get(drawn::timeline_on_paper))
            .route("/case/{case}/graph", get(drawn::graph))
            .route("/case/{case}/graph.svg", get(drawn::graph_on_paper))
            .route("/case/{case}/{part}", get(part))
            .route("/case/{case}/exhibits/{exhibit}", get(exhibit))
            .route("/assets/{*name}", get(asset))
            .fallback(nowhere)
            .layer(DefaultBodyLimit::disable());
        pages.merge(login::routes()).merge(several::routes()).merge(viewer::routes()).merge(account::routes()).merge(passkey::routes()).merge(api::routes()).layer(middleware::from_fn_with_state(Arc::clone(&shared), at_the_door)).with_state(shared)
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: tokio::net::TcpListener, tls: Option<Arc<tokio_rustls::rustls::ServerConfig>>) -> std::io::Result<()> {
        line::serve(listener, tls, self.routes()).await
    }

    /// Takes a step that answers at once.
    pub(crate) async fn ask(self: &Arc<Self>, token: &str, words: Vec<String>) -> (i32, Arc<Heard>) {
        self.take(token, words, Heard::default()).await
    }

    /// The same with what is typed and sent along.
    pub(crate) async fn take(self: &Arc<Self>, token: &str, words: Vec<String>, heard: Heard) -> (i32, Arc<Heard>) {
        let heard = Arc::new(heard);
        (self.take_heard(token, words, Arc::clone(&heard)).await, heard)
    }

    /// The same with a listener that others hear too.
    pub(crate) async fn take_heard(self: &Arc<Self>, token: &str, words: Vec<String>, heard: Arc<Heard>) -> i32 {
        let _room = self.room.acquire().await;
        let (house, token) = (Arc::clone(&self.house), token.to_string());
        let taken = tokio::task::spawn_blocking(move || house.take(&token, &words, heard as _)).await;
        taken.unwrap_or(3)
    }

    /// The values that a step answers.
    pub(crate) async fn values(self: &Arc<Self>, reader: &Reader, words: &[&str]) -> Result<Answered, Refusal> {
        let (exit, heard) = self.ask(&reader.token, words.iter().map(|word| (*word).to_string()).collect()).await;
        if heard.was_refused(exit) {
            return Err(heard.refusal(exit));
        }
        let cut = heard.is_cut().then(|| "the list is longer than what is shown: ask for a part of it".to_string());
        Ok(Answered { values: heard.values(), notes: heard.notes().into_iter().chain(cut).collect() })
    }

    /// The same for what a page asks of itself: nothing is written where no permit would be given.
    pub(crate) async fn wonder(self: &Arc<Self>, reader: &Reader, words: &[&str]) -> Result<Answered, Refusal> {
        let (heard, words) = (Arc::new(Heard::default()), words.iter().map(|word| (*word).to_string()).collect::<Vec<_>>());
        let _room = self.room.acquire().await;
        let (house, token, listener) = (Arc::clone(&self.house), reader.token.clone(), Arc::clone(&heard));
        let exit = tokio::task::spawn_blocking(move || house.wonder(&token, &words, listener as _)).await.unwrap_or(3);
        if heard.was_refused(exit) { Err(heard.refusal(exit)) } else { Ok(Answered { values: heard.values(), notes: heard.notes() }) }
    }

    /// Whose session a token is.
    pub(crate) async fn reader_of(self: &Arc<Self>, token: &str) -> Result<Reader, Refusal> {
        let (house, asked) = (Arc::clone(&self.house), token.to_string());
        let _room = self.room.acquire().await;
        let person = tokio::task::spawn_blocking(move || house.who(&asked)).await.unwrap_or_else(|_| Err(Refusal { text: "the session cannot be read".into(), law: None, exit: 3 }));
        // What was answered in a session goes with it, however it ended.
        let person = person.inspect_err(|refusal| if refusal.exit != 3 { self.forget(token) })?;
        // What a program sends with its token is not what its person typed.
        if person.purpose.is_none() {
            self.ended.is_of(gate::session_of(token), &person.name, Instant::now());
        }
        Ok(Reader { token: token.to_string(), person })
    }

    /// Forgets what was answered in a session.
    pub(crate) fn forget(&self, token: &str) {
        self.answers.forget(&gate::session_of(token));
    }

    /// A kept answer, if its reader may still see what it is about: the house is asked again. What he may not see any more
    /// is forgotten.
    pub(crate) async fn kept(self: &Arc<Self>, reader: &Reader, number: &str) -> Result<Option<Arc<Asked>>, Refusal> {
        let session = gate::session_of(&reader.token);
        let Some(asked) = self.answers.get(&session, number) else { return Ok(None) };
        let (Some(case), Some(0)) = (&asked.case, asked.exit()) else { return Ok(Some(asked)) };
        // A paper tells of its items: each is asked for, and has the class that it had.
        let items = paper::items(&asked);
        // Whoever opened bytes may view: the item is asked for. What else was answered is for the members of its case.
        let exhibit = asked.typed.get("exhibit").and_then(|values| values.first()).filter(|label| matches!(asked.step.as_str(), "exhibit/view" | "exhibit/page") && is_label(label));
        let again = match exhibit {
            None if !items.is_empty() => self.values(reader, &paper::again(case, &items).iter().map(String::as_str).collect::<Vec<_>>()).await,
            // A part has its own mark, and that of its item.
            Some(label) if asked.first("part").is_some() => self.values(reader, &["exhibit", "parts", &format!("--case={case}"), &format!("--part={}", asked.first("part").unwrap_or_default()), "--", label]).await,
            Some(label) => self.values(reader, &["exhibit", "show", &format!("--case={case}"), "--", label]).await,
            None => self.values(reader, &["case", "list"]).await,
        };
        let still = |now: &[Value]| match exhibit {
            None if !items.is_empty() => paper::are_as_they_were(&items, now),
            Some(_) => is_as_it_was(&asked, now),
            None => now.iter().any(|one| text_of(one, "case") == case),
        };
        match again {
            Ok(now) if still(&now.values) => Ok(Some(asked)),
            Ok(_) => {
                self.answers.forget_one(&session, number);
                Ok(None)
            }
            Err(refusal) => {
                // What a law refuses is gone; what only failed is asked for again at the next look.
                if refusal.exit == 1 {
                    self.answers.forget_one(&session, number);
                }
                Err(refusal)
            }
        }
    }

    pub(crate) async fn reader(self: &Arc<Self>, headers: &HeaderMap) -> Result<Reader, Response> {
        let token = gate::cookie(headers, gate::session_cookie(self.settings.over_tls)).filter(|token| !token.is_empty()).ok_or_else(|| Redirect::to("/login").into_response())?;
        // Who was here is told that he is not any more, and that nothing he sent was taken. Records that cannot be read at this
        // moment end no session.
        let reader = self.reader_of(token).await.map_err(|refusal| match refusal.exit {
            3 => { let frame = self.frame(headers, None, "/"); refused(&frame, &frame.t("trouble"), &refusal) }
            _ => Redirect::to("/login?ended").into_response(),
        })?;
        // Pages are for people: the token of a program opens none.
        if reader.person.purpose.is_some() { Err(Redirect::to("/login").into_response()) } else { Ok(reader) }
    }

    pub(crate) fn over_tls(&self) -> bool {
        self.settings.over_tls
    }

    fn language<'a>(&'a self, headers: &'a HeaderMap) -> &'a str {
        let accepted = || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        gate::cookie(headers, gate::LANGUAGE).filter(|code| self.languages.has(code)).unwrap_or_else(|| self.languages.best(accepted()))
    }

    pub(crate) fn frame<'a>(&'a self, headers: &'a HeaderMap, person: Option<&'a Person>, path: &'a str) -> Frame<'a> {
        Frame { languages: &self.languages, language: self.language(headers), agency: &self.agency, training: self.training, person, case: None, path, again: None }
    }
}

/// Whether an exhibit has the class and state that it had when it was answered about.
fn is_as_it_was(asked: &Asked, now: &[Value]) -> bool {
    let then = asked.heard.values();
    let Some(then) = then.iter().find(|value| value["class"].is_string()) else { return true };
    now.iter().any(|now| now["class"] == then["class"] && (now["state"] == then["state"] || then["state"].is_null()))
}

/// The name of the server, and what every answer says to the browser.
async fn at_the_door(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if !gate::is_for_us(request.headers(), &shared.settings.names) {
        return (StatusCode::MISDIRECTED_REQUEST, "this server has another name: open the address that it printed").into_response();
    }
    // Over TLS no form comes from a page in the clear, whatever its name.
    if shared.settings.over_tls && request.headers().get(header::ORIGIN).is_some_and(|origin| !origin.as_bytes().starts_with(b"https://")) {
        return (StatusCode::FORBIDDEN, "a form of this server is sent from its own pages only, over TLS").into_response();
    }
    let is_asset = request.uri().path().starts_with("/assets/");
    let is_packed = packed::is_taken(request.headers());
    let scripted = passkey::PAGES.contains(&request.uri().path());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = ended::with_the_way_back(&method, &uri, next.run(request).await);
    if is_packed {
        response = packed::pack(response).await;
    }
    let said = response.extensions().get::<Policy>().copied();
    let policy = said.unwrap_or(if scripted { Policy::WithScript } else { Policy::Page });
    let headers = response.headers_mut();
    policy.write(headers);
    if shared.settings.over_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(if is_asset { "private, max-age=86400" } else { "no-store" }));
    response
}

pub(crate) fn shown(page: Markup) -> Response {
    Html(page.into_string()).into_response()
}

pub(crate) fn shown_as(status: StatusCode, page: Markup) -> Response {
    (status, Html(page.into_string())).into_response()
}

/// The status that a program sees of a refusal.
pub(crate) fn status_of(exit: i32) -> StatusCode {
    match exit {
        1 => StatusCode::FORBIDDEN,
        2 => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

pub(crate) fn refused(frame: &Frame<'_>, title: &str, refusal: &Refusal) -> Response {
    shown_as(status_of(refusal.exit), frame.page(title, &frame.refused(refusal)))
}

pub(crate) fn strange_form(frame: &Frame<'_>) -> Response {
    shown_as(StatusCode::FORBIDDEN, frame.page(&frame.t("bad-input"), &frame.declined("strange-form")))
}

pub(crate) fn random_number() -> String {
    let mut bytes = [0; 16];
    // Without random bytes a number would repeat, and a step with it would not be taken: the length says so at once.
    getrandom::fill(&mut bytes).map_or_else(|_| String::new(), |()| hex::encode(bytes))
}

async fn home(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let frame = shared.frame(&headers, Some(&reader.person), "/");
    let title = frame.say("good-day", &[("name", &reader.person.name)]);
    let cases = match shared.values(&reader, &["case", "list"]).await { Ok(cases) => cases, Err(refusal) => return refused(&frame, &title, &refusal) };
    let (found, not_asked) = waiting::asked(&shared, &reader, &cases.values).await;
    let waiting = waiting::shown(&frame, &shared.catalogue, &found, !cases.values.is_empty());
    // How this node is kept is nothing of defence and court: for them it is not asked.
    let backup = shared.wonder(&reader, &["backup", "status"]).await.ok().and_then(|told| told.values.into_iter().next());
    let backup = html! { @if let Some(backup) = &backup { (screens::backup(&frame, backup)) } };
    let not_asked = html! { @if not_asked > 0 { p class="quiet" { (frame.say("not-asked", &[("count", &not_asked.to_string())])) } } };
    shown(frame.page(&title, &html! { (cases.notes(&frame)) (several::not_taken(&frame, &shared.answers.of(&gate::session_of(&reader.token)))) (waiting) (screens::home(&frame, &cases.values)) (not_asked) (backup) }))
}

/// One step whose answer fills a page.
async fn list_of(shared: &Shared, headers: &HeaderMap, path: &str, key: &str, words: &[&str], columns: &[&str], offers: &[&str]) -> Response {
    let reader = match shared.reader(headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let frame = shared.frame(headers, Some(&reader.person), path);
    let title = frame.t(key);
    let values = match shared.values(&reader, words).await { Ok(values) => values, Err(refusal) => return refused(&frame, &title, &refusal) };
    let offered = html! { div class="actions" { @for (n, step) in offers.iter().enumerate() { a class=(if n == 0 { "button" } else { "button second" }) href=(format!("/step/{step}")) { (screens::name_of(&frame, step)) } } } };
    let rows = html! { @if values.values.is_empty() { (show::empty(&frame, "empty")) } @else { (show::table(&frame, &title, &values.values, columns, |_| html! {})) } };
    shown(frame.page(&title, &html! { (values.notes(&frame)) (offered) (rows) }))
}

async fn intake(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    list_of(&shared, &headers, "/intake", "intake", &["tip", "list"], &["received", "text", "source", "state", "file_name", "tip"], &["tip/add", "tip/give"]).await
}

async fn people(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    list_of(&shared, &headers, "/people", "people", &["user", "list"], &["user", "role", "state", "second_factor", "fingerprint", "id"], &["user/add", "user/code", "user/factor/require", "user/factor/reset", "user/revoke"]).await
}

/// Events of one page of the log.
const EVENTS: usize = 100;

async fn log(State(shared): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let frame = shared.frame(&headers, Some(&reader.person), "/log");
    let title = frame.t("log");
    let from = Query::read(query.as_deref().unwrap_or_default()).number("from");
    let events = match shared.values(&reader, &["log", "show", &format!("--from={from}"), &format!("--limit={EVENTS}")]).await { Ok(events) => events, Err(refusal) => return refused(&frame, &title, &refusal) };
    let (events, notes) = (events.values, events.notes);
    let ways = html! {
        (frame.notes(&notes, events.is_empty()))
        div class="actions" {
            @for (n, step) in ["log/verify", "log/prove", "log/checkpoint", "log/witness/paper"].iter().enumerate() { a class=(if n == 0 { "button" } else { "button second" }) href=(format!("/step/{step}")) { (screens::name_of(&frame, step)) } }
            @if from > 0 { a class="button plain" href=(format!("/log?from={}", from.saturating_sub(EVENTS))) { (frame.t("before")) } }
            @if events.len() == EVENTS { a class="button plain" href=(format!("/log?from={}", from + EVENTS)) { (frame.t("after")) } }
        }
    };
    shown(frame.page(&title, &html! { p { (frame.t("log-about")) } (ways) (show::table(&frame, &title, &events, &["seq", "time", "type", "actor", "case", "subject", "authority", "commitment"], |_| html! {})) }))
}

async fn running(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let mut frame = shared.frame(&headers, Some(&reader.person), "/running");
    let asked = shared.answers.of(&gate::session_of(&reader.token));
    frame.again = asked.iter().any(|asked| asked.exit().is_none()).then_some(5);
    let state = |asked: &Asked| several::state(&frame, asked);
    let main = html! {
        @if asked.is_empty() { (show::empty(&frame, "empty-running")) }
        ul class="plain" { @for asked in &asked { li class="card" {
            a href=(format!("/done/{}", asked.number)) { (screens::name_of(&frame, &asked.step)) @if let Some(case) = &asked.case { " · " (case) } } @if let Some(sent) = &asked.sent { " · " (show::plain(sent, 200)) } " · " (state(asked))
            @if let Some(note) = asked.heard.notes().last() { p class="quiet" { (show::plain(note, 300)) } }
        } } }
    };
    shown(frame.page(&frame.t("running"), &main))
}

/// The guide's own list of pages.
async fn help_all(state: State<Shared>, headers: HeaderMap) -> Response {
    help_page(state, headers, Path("README".to_string())).await
}

/// One page of the guide. Whoever cannot log in reads it too.
async fn help_page(State(shared): State<Shared>, headers: HeaderMap, Path(name): Path<String>) -> Response {
    let reader = shared.reader(&headers).await.ok();
    let path = format!("/help/{name}");
    let frame = shared.frame(&headers, reader.as_ref().map(|reader| &reader.person), &path);
    help::page(&frame, &name).map_or_else(|| no_such_page(&frame), |(title, main)| shown(frame.page(&title, &main)))
}

async fn tour(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let frame = shared.frame(&headers, Some(&reader.person), "/tour");
    let cases = shared.values(&reader, &["case", "list"]).await.map(|cases| cases.values).unwrap_or_default();
    shown(frame.page(&frame.t("tour"), &help::tour(&frame, cases.first().map(|case| text_of(case, "case")))))
}

async fn steps(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let frame = shared.frame(&headers, Some(&reader.person), "/steps");
    shown(frame.page(&frame.t("all-steps"), &screens::all_steps(&frame, &shared.catalogue, None)))
}

/// An answer that is not kept any more.
pub(crate) fn gone(frame: &Frame<'_>) -> Response {
    shown_as(StatusCode::GONE, frame.page(&frame.t("bad-input"), &frame.declined("answer-gone")))
}

async fn case(State(shared): State<Shared>, headers: HeaderMap, Path(case): Path<String>) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let path = format!("/case/{case}");
    let mut frame = shared.frame(&headers, Some(&reader.person), &path);
    if !is_label(&case) {
        return no_such_page(&frame);
    }
    let in_case = format!("--case={case}");
    // Every member may know what his case is, whatever his role; who is none is refused in the words of the terminal.
    let mine = match shared.values(&reader, &["case", "list"]).await { Ok(mine) => mine, Err(refusal) => return refused(&frame, &frame.t("case"), &refusal) };
    let notes = mine.notes(&frame);
    let about = match mine.values.into_iter().find(|one| text_of(one, "case") == case) {
        Some(about) => about,
        None => match shared.values(&reader, &["case", "show", &in_case]).await { Ok(_) => return no_such_page(&frame), Err(refusal) => return refused(&frame, &frame.t("case"), &refusal) },
    };
    frame.case = Some(&case);
    // What he may not see is said, and never shown as if nothing were there.
    let (authorities, refusal) = match shared.values(&reader, &["authority", "list", &in_case]).await { Ok(found) => (found.values, None), Err(refusal) => (vec![], Some(refusal)) };
    let refusal = html! { (notes) @if let Some(refusal) = &refusal { (frame.refused(refusal)) } };
    let title = format!("{case} · {}", show::plain(text_of(&about, "title"), 200));
    shown(frame.page(&title, &html! { (refusal) (screens::case_page(&frame, &shared.catalogue, &about, &authorities)) }))
}

async fn part(State(shared): State<Shared>, headers: HeaderMap, Path((case, part)): Path<(String, String)>, RawQuery(query): RawQuery) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let path = format!("/case/{case}/{part}");
    let mut frame = shared.frame(&headers, Some(&reader.person), &path);
    if !is_label(&case) {
        return no_such_page(&frame);
    }
    let case_of = case.clone();
    frame.case = Some(&case_of);
    let title = frame.t(&format!("part-{part}"));
    if let Some(list) = LISTS.iter().find(|list| list.part == part) {
        let query = Query::read(query.as_deref().unwrap_or_default());
        let from = query.number("from").clamp(1, 99_999_999);
        let unexamined = part == "exhibits" && query.get("unexamined") == Some("yes");
        let words = screens::words(list, &case, from).into_iter().chain(unexamined.then(|| "--unexamined".to_string())).collect();
        let (exit, heard) = shared.ask(&reader.token, words).await;
        if heard.was_refused(exit) {
            frame.case = None;
            return refused(&frame, &title, &heard.refusal(exit));
        }
        let values = heard.values();
        let cut = html! { @if heard.is_cut() { p class="refused" { (frame.t("cut")) } } };
        return shown(frame.page(&title, &html! { (frame.notes(&heard.notes(), values.is_empty())) (cut) (screens::list_page(&frame, &shared.catalogue, list, &case, (from, unexamined), &values)) }));
    }
    let known = |id: &str| (id == "case").then(|| case.clone());
    match part.as_str() {
        "search" | "selectors" | "rows" => {
            let Some(step) = shared.catalogue.get(&part) else { return no_such_page(&frame) };
            let offers = offered::offers(&shared, &reader, step, Some(&case), &BTreeSet::from(["case".to_string()])).await;
            shown(frame.page(&title, &screens::form(&frame, step, &known, &offers, &random_number())))
        }
        "more" => shown(frame.page(&title, &screens::all_steps(&frame, &shared.catalogue, Some(&case)))),
        _ => no_such_page(&frame),
    }
}

async fn exhibit(State(shared): State<Shared>, headers: HeaderMap, Path((case, exhibit)): Path<(String, String)>) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let path = format!("/case/{case}/exhibits/{exhibit}");
    let mut frame = shared.frame(&headers, Some(&reader.person), &path);
    if !is_label(&case) {
        return no_such_page(&frame);
    }
    let in_case = format!("--case={case}");
    if !is_label(&exhibit) {
        return no_such_page(&frame);
    }
    let found = match shared.values(&reader, &["exhibit", "show", &in_case, "--", &exhibit]).await { Ok(found) => found, Err(refusal) => return refused(&frame, &exhibit, &refusal) };
    frame.case = Some(&case);
    let notes = found.notes(&frame);
    let Some(found) = found.values.first() else { return no_such_page(&frame) };
    let (transfers, refusal) = match shared.values(&reader, &["transfer", "list", &in_case]).await { Ok(transfers) => (transfers.values, None), Err(refusal) => (vec![], Some(refusal)) };
    let refusal = html! { (notes) @if let Some(refusal) = &refusal { (frame.refused(refusal)) } };
    shown(frame.page(&exhibit, &html! { (refusal) (screens::exhibit_page(&frame, &shared.catalogue, &case, found, &transfers)) }))
}

async fn nowhere(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    no_such_page(&shared.frame(&headers, Some(&reader.person), ""))
}

pub(crate) fn no_such_page(frame: &Frame<'_>) -> Response {
    shown_as(StatusCode::NOT_FOUND, frame.page(&frame.t("bad-input"), &frame.declined("no-such-page")))
}

/// Whether a text can be the label of a case: no address leads out of its place.
pub(crate) fn is_label(text: &str) -> bool {
    !text.is_empty() && text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The fields of a form without a file. One that is too long, or that does not come to its end, is none.
pub(crate) async fn read_form(body: Body) -> Option<Query> {
    let bytes = tokio::time::timeout(LONGEST_WAIT, axum::body::to_bytes(body, LONGEST_FORM)).await.ok()?.ok()?;
    Some(Query::read(std::str::from_utf8(&bytes).ok()?))
}

/// The looks: a style sheet, a picture, fonts. Under the SIL Open Font License 1.1, from `crates/typeset/fonts`.
async fn asset(Path(name): Path<String>) -> Response {
    macro_rules! font { ($name:literal) => { ("font/ttf", include_bytes!(concat!("../../typeset/fonts/", $name)).as_slice()) }; }
    let (kind, bytes): (&str, &'static [u8]) = match name.as_str() {
        "paper.css" => ("text/css; charset=utf-8", include_bytes!("../assets/paper.css")),
        "style.css" => ("text/css; charset=utf-8", include_bytes!("../assets/style.css")),
        "passkey.js" => ("text/javascript; charset=utf-8", include_bytes!("../assets/passkey.js")),
        "lantern.svg" => ("image/svg+xml", include_bytes!("../assets/lantern.svg")),
        "fonts/NotoSansLao-Regular.ttf" => font!("NotoSansLao-Regular.ttf"),
        "fonts/NotoSansLao-Bold.ttf" => font!("NotoSansLao-Bold.ttf"),
        "fonts/NotoSansThai-Regular.ttf" => font!("NotoSansThai-Regular.ttf"),
        "fonts/NotoSansThai-Bold.ttf" => font!("NotoSansThai-Bold.ttf"),
        "fonts/NotoSansKhmer-Regular.ttf" => font!("NotoSansKhmer-Regular.ttf"),
        "fonts/NotoSansMyanmar-Regular.ttf" => font!("NotoSansMyanmar-Regular.ttf"),
        name => match drawn::script(name) {
            Some(script) => ("text/javascript; charset=utf-8", script),
            None => return StatusCode::NOT_FOUND.into_response(),
        },
    };
    ([(header::CONTENT_TYPE, kind)], bytes).into_response()
}
