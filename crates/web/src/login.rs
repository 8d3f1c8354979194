//! The door itself: the page of the login, the way out, and the language, which is chosen before anybody is in.
//!
//! It refuses: a form from elsewhere; guesses at any pace but a slow one; to tell by words or by time which names, or which
//! passkeys, are known.

use std::{sync::Arc, time::{Duration, Instant}};

use axum::{
    Router,
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use maud::html;
use sha2::{Digest, Sha256};

use crate::{
    ended::own_way,
    gate,
    house::{Login, Refusal},
    passkey,
    query::Query,
    screens,
    server::{Shared, read_form, shown, shown_as, status_of, strange_form},
};

/// The shortest time until a wrong login is told, so that nobody reads from it which names are known.
const WRONG: Duration = Duration::from_secs(1);

/// The addresses of the door.
pub fn routes() -> Router<Shared> {
    Router::new().route("/login", get(login_page).post(log_in)).route("/logout", post(log_out)).route("/language", post(language))
}

async fn login_page(State(shared): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    // Who changes the language here keeps his way back.
    let path = query.as_deref().map_or_else(|| "/login".to_string(), |query| format!("/login?{query}"));
    let frame = shared.frame(&headers, None, &path);
    let query = Query::read(query.as_deref().unwrap_or_default());
    let back = query.get("back").and_then(own_way);
    let ended = html! { @match query.get("ended") {
        Some("sent") => div class="refused" role="status" { h2 { (frame.t("sent-too-late")) } p { (frame.t(if back.as_deref().is_some_and(|back| back.contains("_kept=")) { "typed-is-kept" } else { "typed-is-not-kept" })) } },
        Some(_) => p class="refused" role="status" { (frame.t("session-ended")) },
        None => {},
    } };
    shown(frame.page(&frame.t("log-in"), &html! { (ended) (screens::login(&frame, "", None, &shared.questions.ask(Instant::now()), back.as_deref())) }))
}

async fn log_in(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let frame = shared.frame(&headers, None, "/login");
    if !gate::is_from_us(&headers) {
        return strange_form(&frame);
    }
    let Some(form) = read_form(body).await else { return strange_form(&frame) };
    let name = form.get("name").unwrap_or_default().to_string();
    // Only a page of this server, and no question: who made the address of the login may be anybody.
    let back = form.get("back").and_then(own_way);
    let on = back.as_deref().unwrap_or("/");
    match open_session(&shared, passkey::login(&shared, &headers, &form)).await {
        Ok((token, notes)) => {
            let cookie = [(header::SET_COOKIE, gate::set_session(&token, shared.over_tls()))];
            let told = html! { (frame.notes(&notes, false)) div class="actions" { a class="button" href=(on) { (frame.t("go-on")) } } };
            (cookie, if notes.is_empty() { Redirect::to(on).into_response() } else { shown(frame.page(&frame.t("you-are-in"), &told)) }).into_response()
        }
        Err(refusal) => shown_as(status_of(refusal.exit), frame.page(&frame.t("log-in"), &screens::login(&frame, &name, Some(&refusal), &shared.questions.ask(Instant::now()), back.as_deref()))),
    }
}

/// Too many attempts: when the next one may be made.
pub(crate) fn too_many(minutes: u64) -> Refusal {
    Refusal { text: format!("too many wrong logins: wait {minutes} minutes, then try again; if you forgot your passphrase, ask the administrator for a reset"), law: Some(13), exit: 1 }
}

/// The names under which an attempt is counted. Where a passkey is shown alone nobody typed one: the passkey is counted, and
/// the person for whom it says it is.
fn counted_as(login: &Login) -> Vec<String> {
    match &login.alone {
        None => vec![login.name.clone()],
        Some(alone) => [("passkey", &alone.passkey.id), ("person", &alone.person)].map(|(what, id)| format!("{what} {}", hex::encode(Sha256::digest(id)))).to_vec(),
    }
}

/// Opens a session, at a pace that makes guessing slow.
pub(crate) async fn open_session(shared: &Shared, login: Login) -> Result<(String, Vec<String>), Refusal> {
    let begun = Instant::now();
    let counted = counted_as(&login);
    if !counted.iter().all(|name| gate::may_be_a_name(name)) {
        tokio::time::sleep(WRONG).await;
        return Err(shared.house.wrong_login());
    }
    counted.iter().try_for_each(|name| shared.pace.begin(name, begun)).map_err(too_many)?;
    let _room = shared.login_room.acquire().await;
    let house = Arc::clone(&shared.house);
    let opened = tokio::task::spawn_blocking(move || house.log_in(&login)).await;
    let opened = opened.unwrap_or_else(|_| Err(Refusal { text: "the login broke off: try again".into(), law: None, exit: 3 }));
    drop(_room);
    match &opened {
        Ok(_) => counted.iter().for_each(|name| shared.pace.was_right(name)),
        Err(_) => tokio::time::sleep(WRONG.saturating_sub(begun.elapsed())).await,
    }
    opened
}

async fn log_out(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let frame = shared.frame(&headers, None, "/login");
    if !gate::is_from_us(&headers) {
        return strange_form(&frame);
    }
    if let Some(token) = gate::cookie(&headers, gate::session_cookie(shared.over_tls())) {
        shared.forget(token);
        shared.ask(token, vec!["logout".into()]).await;
    }
    ([(header::SET_COOKIE, gate::set_session("", shared.over_tls()))], Redirect::to("/login")).into_response()
}

async fn language(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let frame = shared.frame(&headers, None, "/");
    if !gate::is_from_us(&headers) {
        return strange_form(&frame);
    }
    let form = read_form(body).await.unwrap_or_default();
    let code = form.get("language").filter(|code| shared.languages.has(code)).unwrap_or("en");
    // Only a place on this server: "//elsewhere" would be another one.
    let back = form.get("back").filter(|back| back.starts_with('/') && !back.starts_with("//") && back.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b'\\')).unwrap_or("/");
    ([(header::SET_COOKIE, gate::set_language(code))], Redirect::to(back)).into_response()
}
