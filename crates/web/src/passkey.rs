//! Passkeys at the door: the questions that a browser is asked, each good once, and the page on which one is added. What an
//! authenticator answers is judged by the house; here it is only known that the question was ours, and by which name this
//! server was called. The value by which a passkey opens alone goes the way of a passphrase: no word of a step holds it, and no
//! answer is kept.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use maud::{Markup, html};
use serde_json::Value;

use crate::{
    frame::{Frame, text_of},
    gate,
    house::{Alone, Heard, Login, Passkey, Refusal, Sent, UPLOADED, Uploads},
    login::too_many,
    query::Query,
    server::{Answered, Shared, read_form, refused, shown, strange_form},
    show,
};

/// How long a question may be answered.
const SPAN: Duration = Duration::from_secs(600);
/// Questions that wait at the same time.
const MOST: usize = 10_000;
/// The pages on which the one script runs.
pub const PAGES: [&str; 2] = ["/login", "/account/passkey"];

/// Questions that wait for their answer.
#[derive(Default)]
pub struct Questions {
    waiting: Mutex<HashMap<String, Instant>>,
}

impl Questions {
    /// A new question; empty when the system gives no random bytes, and then nothing answers it.
    pub fn ask(&self, now: Instant) -> String {
        let mut bytes = [0; 32];
        if getrandom::fill(&mut bytes).is_err() {
            return String::new();
        }
        let question = URL_SAFE_NO_PAD.encode(bytes);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, since| now.duration_since(*since) < SPAN);
        if waiting.len() >= MOST {
            // Whoever opens pages without end keeps nobody from a login with a code; the oldest question goes.
            if let Some(oldest) = waiting.iter().min_by_key(|(_, since)| **since).map(|(question, _)| question.clone()) {
                waiting.remove(&oldest);
            }
        }
        waiting.insert(question.clone(), now);
        question
    }

    /// Whether this question waited: it is answered once.
    pub fn take(&self, question: &str, now: Instant) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(question).is_some_and(|since| now.duration_since(since) < SPAN)
    }
}

/// By which name a browser called this server: it was compared with the names that the server has.
fn origin(headers: &HeaderMap, over_tls: bool) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    format!("{}://{}", if over_tls { "https" } else { "http" }, host.strip_suffix(if over_tls { ":443" } else { ":80" }).unwrap_or(&host))
}

/// What a form brought of a passkey; none when it brought nothing, or for a question that was not ours or is over.
pub fn brought(shared: &Shared, headers: &HeaderMap, form: &Query) -> Option<Passkey> {
    let said = |name: &str| form.get(name).unwrap_or_default().trim().to_string();
    let challenge = said("passkey-challenge");
    if said("passkey-client").is_empty() || !shared.questions.take(&challenge, Instant::now()) {
        return None;
    }
    Some(Passkey { origin: origin(headers, shared.over_tls()), challenge, id: said("passkey-id"), client: said("passkey-client"), data: said("passkey-data"), signature: said("passkey-signature") })
}

/// What a form of the login says of whoever is to be let in.
pub fn login(shared: &Shared, headers: &HeaderMap, form: &Query) -> Login {
    let said = |name: &str| form.get(name).unwrap_or_default().to_string();
    let typed = |name: &str| Some(said(name)).filter(|typed| !typed.trim().is_empty());
    let shown = brought(shared, headers, form);
    let (alone, passkey) = match (typed("passkey-value"), shown) {
        (Some(value), Some(passkey)) => (Some(Alone { passkey, person: said("passkey-person"), value }), None),
        (_, passkey) => (None, passkey),
    };
    Login { name: said("name"), passphrase: said("passphrase"), again: typed("again"), code: typed("code"), second_factor: typed("second-factor"), passkey, alone }
}

/// The fields that the script fills, and what is said when the browser has no passkey for this site, or none that opens alone.
pub fn fields(frame: &Frame<'_>, challenge: &str, names: &[&str]) -> Markup {
    html! {
        input type="hidden" name="passkey-challenge" value=(challenge);
        @for name in names { input type="hidden" name=(format!("passkey-{name}")) value=""; }
        p class="refused" role="alert" data-trouble="passkey" hidden { (frame.t("passkey-trouble")) }
        p class="refused" role="alert" data-trouble="value" hidden { (frame.t("passkey-no-value")) }
    }
}

/// The button that asks; the script shows it.
pub fn ask(words: &str, is_first: bool) -> Markup {
    html! { button type="button" class=[(!is_first).then_some("second")] data-ask="" hidden { (words) } }
}

/// The form of a login with a passkey alone. The script shows it where a passkey can open so.
pub fn alone(frame: &Frame<'_>, challenge: &str, back: Option<&str>) -> Markup {
    html! {
        form class="step" method="post" action="/login" data-passkey="alone" data-challenge=(challenge) hidden {
            @if let Some(back) = back { input type="hidden" name="back" value=(back); }
            (fields(frame, challenge, &["id", "client", "data", "signature", "person", "value"]))
            div class="actions" { (ask(&frame.t("passkey-use"), true)) }
            p class="quiet" { (frame.t("passkey-or")) }
        }
    }
}

/// The script, where it runs.
pub fn script() -> Markup {
    html! { script src="/assets/passkey.js" defer {} }
}

/// The page on which a passkey is added.
pub fn routes() -> Router<Shared> {
    Router::new().route("/account/passkey", get(page).post(add))
}

async fn page(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let frame = shared.frame(&headers, Some(reader.person()), "/account/passkey");
    let title = frame.t("passkey-add");
    let me = match shared.values(&reader, &["user", "me"]).await { Ok(me) => me.values, Err(refusal) => return refused(&frame, &title, &refusal) };
    let me = me.first().unwrap_or(&Value::Null);
    let challenge = shared.questions.ask(Instant::now());
    shown(frame.page(&title, &html! {
        p { (frame.t("passkey-about")) }
        noscript { p class="refused" { (frame.t("passkey-scripts")) } }
        form class="step" method="post" action="/account/passkey" data-passkey="make" data-challenge=(challenge) data-user=(text_of(me, "id")) data-name=(text_of(me, "user")) {
            div class="field" { label for="label" { (frame.t("field-label")) } input type="text" id="label" name="label" value=(frame.t("value-passkey")) required; }
            @if me["second_factor"] == true {
                div class="field" { label for="code" { (frame.t("field-code")) } p class="about" id="a-code" { (frame.t("passkey-code-about")) } input type="text" id="code" name="code" autocomplete="one-time-code" aria-describedby="a-code" required; }
            }
            div class="field" {
                label for="passphrase" { (frame.t("passphrase")) }
                p class="about" id="a-passphrase" { (frame.t("passkey-passphrase-about")) }
                input type="password" id="passphrase" name="passphrase" autocomplete="current-password" aria-describedby="a-passphrase";
            }
            (fields(&frame, &challenge, &["client", "data", "value"]))
            div class="actions" { (ask(&frame.t("passkey-add"), true)) }
        }
        (script())
    }))
}

async fn add(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let frame = shared.frame(&headers, Some(reader.person()), "/account/passkey");
    if !gate::is_from_us(&headers) {
        return strange_form(&frame);
    }
    let (title, form) = (frame.t("passkey-add"), read_form(body).await.unwrap_or_default());
    let Some(key) = brought(&shared, &headers, &form) else { return strange_form(&frame) };
    let mut words = vec!["user".to_string(), "factor".into(), "passkey".into()];
    words.extend([("label", form.get("label").unwrap_or_default()), ("origin", &key.origin), ("challenge", &key.challenge), ("client", &key.client), ("data", &key.data)].map(|(name, value)| format!("--{name}={value}")));
    words.extend(form.get("code").filter(|code| !code.trim().is_empty()).map(|code| format!("--code={code}")));
    let typed = |name: &str| form.get(name).filter(|typed| !typed.trim().is_empty());
    let opens_alone = typed("passphrase").zip(typed("passkey-value"));
    let done = match opens_alone {
        None => taken(&shared, &reader.token, words, Heard::default()).await,
        Some((passphrase, value)) => {
            words.extend(["--passphrase-file=-".into(), format!("--value-file={UPLOADED}value")]);
            let value = Sent { name: None, bytes: Box::new(std::io::Cursor::new(value.trim().as_bytes().to_vec())) };
            let heard = Heard::with(Some(passphrase.into()), Uploads::from([("value".to_string(), value)]));
            with_passphrase(&shared, &reader.person().name, taken(&shared, &reader.token, words, heard)).await
        }
    };
    let codes = match done { Ok(codes) => codes, Err(refusal) => return refused(&frame, &title, &refusal) };
    let values = codes.values.iter().map(|value| show::list(&frame, value));
    let beside = html! { @if typed("passphrase").is_some() && opens_alone.is_none() { p class="notes" role="status" { (frame.t("passkey-not-alone")) } } };
    shown(frame.page(&title, &html! { (frame.notes(&codes.notes, false)) (beside) @for value in values { div class="card" { (value) } } div class="actions" { a class="button" href="/account" { (frame.t("account")) } } }))
}

/// Takes a step and gives its answer, which is kept nowhere.
async fn taken(shared: &Shared, token: &str, words: Vec<String>, heard: Heard) -> Result<Answered, Refusal> {
    let (exit, heard) = shared.take(token, words, heard).await;
    if heard.was_refused(exit) { Err(heard.refusal(exit)) } else { Ok(Answered { values: heard.values(), notes: heard.notes() }) }
}

/// A step in which a passphrase is tried: no faster than at the login, and counted with the logins of this name.
async fn with_passphrase(shared: &Shared, name: &str, step: impl Future<Output = Result<Answered, Refusal>>) -> Result<Answered, Refusal> {
    shared.pace.begin(name, Instant::now()).map_err(too_many)?;
    let _room = shared.login_room.acquire().await;
    let done = step.await;
    if done.is_ok() {
        shared.pace.was_right(name);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_once_and_in_time() {
        let (questions, now) = (Questions::default(), Instant::now());
        let (one, other) = (questions.ask(now), questions.ask(now));
        assert!(one != other && one.len() == 43);
        assert!(questions.take(&one, now) && !questions.take(&one, now));
        assert!(!questions.take(&other, now + SPAN));
        assert!(!questions.take("", now));
        (0..MOST + 10).for_each(|_| drop(questions.ask(now)));
        assert_eq!(questions.waiting.lock().unwrap().len(), MOST);
    }

    #[test]
    fn a_usual_port_is_not_written() {
        let headers = |host: &str| std::iter::once((header::HOST, host.parse().unwrap())).collect::<HeaderMap>();
        for (host, tls, expected) in [("A.example:443", true, "https://a.example"), ("a.example:8443", true, "https://a.example:8443"), ("localhost:8440", false, "http://localhost:8440")] {
            assert_eq!(origin(&headers(host), tls), expected);
        }
    }
}
