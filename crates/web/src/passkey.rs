//! Passkeys at the door: the questions that a browser is asked, each good once, and the page on which one is added. What an
//! authenticator answers is judged by the house; here it is only known that the question was ours, and by which name this
//! server was called.

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
    house::Passkey,
    query::Query,
    server::{Shared, read_form, refused, shown, strange_form},
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

/// The fields that the script fills, its button, and what is said when the browser has no passkey for this site.
pub fn fields(frame: &Frame<'_>, challenge: &str, key: &str) -> Markup {
    html! {
        input type="hidden" name="passkey-challenge" value=(challenge);
        @for name in ["id", "client", "data", "signature"] { input type="hidden" name=(format!("passkey-{name}")) value=""; }
        p id="passkey-trouble" class="refused" role="alert" hidden { (frame.t("passkey-trouble")) }
        button type="button" id="passkey" class="second" hidden { (frame.t(key)) }
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
            div class="actions" { (fields(&frame, &challenge, "passkey-add")) }
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
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let codes = match shared.values(&reader, &words).await { Ok(codes) => codes, Err(refusal) => return refused(&frame, &title, &refusal) };
    let values = codes.values.iter().map(|value| show::list(&frame, value));
    shown(frame.page(&title, &html! { (frame.notes(&codes.notes, false)) @for value in values { div class="card" { (value) } } div class="actions" { a class="button" href="/account" { (frame.t("account")) } } }))
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
