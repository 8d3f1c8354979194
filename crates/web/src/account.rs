//! One's own account: role, fingerprint, second factors, sessions that are open, tokens of programs. What stands here is about its reader
//! alone; he may look at it, and add a factor, also while his role waits for one.

use axum::{Router, extract::State, http::HeaderMap, response::Response, routing::get};
use maud::{Markup, html};
use serde_json::Value;

use crate::{
    frame::{Frame, text_of},
    query::encoded,
    screens::name_of,
    server::{Shared, refused, shown},
    show,
};

/// The address of the page.
pub fn routes() -> Router<Shared> {
    Router::new().route("/account", get(account))
}

async fn account(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let reader = match shared.reader(&headers).await { Ok(reader) => reader, Err(to_login) => return to_login };
    let frame = shared.frame(&headers, Some(reader.person()), "/account");
    let title = frame.t("account");
    let mut parts = Vec::new();
    for words in [["user", "me", ""], ["user", "factor", "list"], ["user", "session", "list"]] {
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        match shared.values(&reader, &words).await { Ok(found) => parts.push(found.values), Err(refusal) => return refused(&frame, &title, &refusal) }
    }
    // Who has yet to add a second factor may not ask for his tokens, and his account is there all the same.
    let tokens = shared.values(&reader, &["token", "list"]).await.map(|found| found.values).map_err(|refusal| refusal.text);
    let [me, factors, sessions] = parts.as_slice() else { return refused(&frame, &title, &crate::house::Refusal { text: "the session cannot be read".into(), law: None, exit: 3 }) };
    shown(frame.page(&title, &page(&frame, me.first().unwrap_or(&Value::Null), factors, (sessions, tokens.as_deref()))))
}

fn page(frame: &Frame<'_>, me: &Value, factors: &[Value], (sessions, tokens): (&[Value], Result<&[Value], &String>)) -> Markup {
    let way = |step: &str, filled: &str, class: &str| html! { a class=(class) href=(format!("/step/{step}{filled}")) { (name_of(frame, step)) } };
    let waits = factors.iter().any(|factor| text_of(factor, "state") == "waiting");
    let has = me["second_factor"] == true;
    html! {
        section class="card" {
            h2 { (frame.t("about-you")) }
            dl { @for name in ["user", "role", "fingerprint", "expires"] {
                dt { (frame.or_name(&format!("field-{name}"), name)) }
                dd { @if name == "role" { (frame.or_name(&format!("role-{}", text_of(me, "role")), text_of(me, "role"))) } @else { (show::value(frame, name, &me[name])) } }
            } }
            p class="quiet" { (frame.t("fingerprint-about")) }
        }
        h2 { (frame.t("your-factors")) }
        @if let Some(due) = me["second_factor_due"].as_str() { p class="refused" { (frame.t("factor-due")) " " (frame.moment(due)) } }
        @if factors.is_empty() { (show::empty(frame, "no-factor")) } @else {
            (show::table(frame, &frame.t("your-factors"), factors, &["label", "kind", "state", "since", "left", "alone"], |factor| html! {
                @match (text_of(factor, "kind"), text_of(factor, "state")) {
                    ("recovery-codes", _) => (way("user/factor/codes", "", "button plain")),
                    (_, "waiting") => (way("user/factor/confirm", "", "button plain")),
                    _ => (way("user/factor/remove", &format!("?factor={}", encoded(text_of(factor, "factor"))), "button plain")),
                }
            }))
        }
        div class="actions" {
            a class="button second" href="/account/passkey" { (frame.t("passkey-add")) }
            (way("user/factor/add", "", if has { "button second" } else { "button" }))
            @if waits { (way("user/factor/confirm", "", "button")) }
        }
        h2 { (frame.t("your-sessions")) }
        (show::table(frame, &frame.t("your-sessions"), sessions, &["since", "expires", "this"], |session| html! {
            @if session["this"] != true { (way("user/session/end", &format!("?one={}", encoded(text_of(session, "session"))), "button plain")) }
        }))
        @if sessions.len() > 1 { div class="actions" { a class="button second" href="/step/user/session/end?others=yes" { (frame.t("field-others")) } } }
        h2 { (frame.t("your-tokens")) }
        p class="quiet" { (frame.t("tokens-about")) }
        @match tokens {
            Err(text) => p class="refused" { (frame.reason_in_line(text)) },
            Ok([]) => (show::empty(frame, "no-token")),
            Ok(tokens) => (show::table(frame, &frame.t("your-tokens"), tokens, &["token", "case", "purpose", "steps", "authority", "since", "expires"], |token| html! {
                (way("token/end", &format!("?token={}", encoded(text_of(token, "token"))), "button plain"))
            })),
        }
        div class="actions" { (way("token/make", "", "button second")) }
    }
}

/// A new authenticator: its picture, its secret, and where its first code is typed.
pub fn new_factor(frame: &Frame<'_>, factor: &Value) -> Markup {
    html! {
        div class="card" {
            p { (frame.t("factor-once")) }
            (picture(frame, &factor["picture"]))
            dl { dt { (frame.t("field-secret")) } dd { code { (text_of(factor, "secret")) } } }
            div class="actions" { a class="button" href="/step/user/factor/confirm" { (name_of(frame, "user/factor/confirm")) } }
        }
    }
}

/// A QR code, dark on light in both schemes, with the margin that readers need.
fn picture(frame: &Frame<'_>, rows: &Value) -> Markup {
    let rows: Vec<&str> = rows.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let dark = rows.iter().enumerate().flat_map(|(y, row)| row.bytes().enumerate().filter(|(_, field)| *field == b'1').map(move |(x, _)| format!("M{} {}h1v1h-1z", x + 4, y + 4)));
    let (path, size) = (dark.collect::<String>(), rows.len() + 8);
    html! {
        svg class="qr" viewBox=(format!("0 0 {size} {size}")) width="240" height="240" role="img" aria-label=(frame.t("factor-picture")) shape-rendering="crispEdges" {
            rect width=(size) height=(size) fill="#ffffff" {}
            path d=(path) fill="#000000" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Languages;
    use serde_json::json;

    #[test]
    fn a_picture_has_its_dark_fields_and_a_margin() {
        let languages = Languages::with(None).unwrap();
        let frame = Frame { languages: &languages, language: "en", agency: "", training: true, person: None, case: None, path: "", again: None };
        let drawn = picture(&frame, &json!(["10", "01"])).into_string();
        assert!(drawn.contains("M4 4h1v1h-1zM5 5h1v1h-1z") && drawn.contains("0 0 10 10"), "{drawn}");
    }
}
