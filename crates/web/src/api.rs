//! The interface for programs: the same steps under `/api/v1`, in a person's session, and their description (OpenAPI 3.1).
//!
//! Every step is a POST: purposes and values stand in no address, which servers and proxies write down. A program has no
//! rights of its own: it works in a person's session, or with a token that he made for it and bound to a case, an authority, a
//! purpose and a few steps, and is refused what he is refused.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::{
    events, gate,
    house::{Heard, Login, RECEIVED, Refusal, Sent, UPLOADED, Uploads},
    login::open_session,
    reasons::reason_code,
    server::{Workspace, status_of},
    steps::{Catalogue, Field, Kind, Step, Typed},
};

type Shared = Arc<Workspace>;

/// Longest request of a step that takes files: they stand in it as base64.
const LONGEST_WITH_FILES: usize = 96 << 20;
/// How long a request is waited for.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(600);
/// Longest request of any other.
const LONGEST: usize = 1 << 20;

/// The addresses of the interface.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/openapi.json", get(openapi))
        .route("/api/v1/session", post(log_in).delete(log_out))
        .route("/api/v1/steps/{*name}", post(take))
        .layer(DefaultBodyLimit::disable())
}

async fn openapi(State(shared): State<Shared>) -> Response {
    Json(description(&shared.catalogue)).into_response()
}

fn failure(status: StatusCode, text: impl Into<String>, law: Option<u8>) -> Response {
    (status, Json(told(&text.into(), law))).into_response()
}

/// A refusal as a program reads it: the words may be mended, the code stays.
fn told(text: &str, law: Option<u8>) -> Value {
    json!({"error": text, "law": law, "code": reason_code(text)})
}

fn refusal(refusal: Refusal) -> Response {
    failure(status_of(refusal.exit), refusal.text, refusal.law)
}

/// The members of a JSON object.
#[expect(clippy::result_large_err, reason = "an answer is made once for each request")]
fn object(body: &Bytes) -> Result<Map<String, Value>, Response> {
    let read = serde_json::from_slice::<Value>(if body.is_empty() { b"{}" } else { body });
    match read {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(failure(StatusCode::BAD_REQUEST, "send one JSON object with the fields of the step", None)),
    }
}

async fn log_in(State(shared): State<Shared>, request: Request) -> Response {
    // A program says no origin; a browser does, and one that was sent here by a page from elsewhere is refused as at a form.
    if request.headers().contains_key(header::ORIGIN) && !gate::is_from_us(request.headers()) {
        return failure(StatusCode::FORBIDDEN, "a login of this server is sent from its own pages or by a program, not by a page from elsewhere", None);
    }
    let body = match whole(request, LONGEST).await { Ok(body) => body, Err(answer) => return answer };
    let members = match object(&body) { Ok(members) => members, Err(answer) => return answer };
    let said = |name: &str| members.get(name).and_then(Value::as_str);
    let (Some(name), Some(passphrase)) = (said("name"), said("passphrase")) else {
        return failure(StatusCode::BAD_REQUEST, "name and passphrase are needed, both as text", None);
    };
    let login = Login { name: name.into(), passphrase: passphrase.into(), again: said("again").map(str::to_string), code: said("code").map(str::to_string), second_factor: said("second_factor").map(str::to_string), passkey: None, alone: None };
    match open_session(&shared, login).await {
        Ok((token, notes)) => Json(json!({"token": token, "notes": notes})).into_response(),
        Err(refused) => failure(if refused.exit == 3 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::UNAUTHORIZED }, refused.text, refused.law),
    }
}

async fn log_out(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let Some(token) = gate::bearer(&headers) else { return not_logged_in() };
    shared.forget(token);
    match shared.ask(token, vec!["logout".into()]).await {
        (0, _) => StatusCode::NO_CONTENT.into_response(),
        (3, heard) => refusal(heard.refusal(3)),
        // A program's token is open still: it ends no session.
        (exit, heard) => if shared.reader_of(token).await.is_ok() { refusal(heard.refusal(exit)) } else { not_logged_in() },
    }
}

fn not_logged_in() -> Response {
    failure(StatusCode::UNAUTHORIZED, "send the token of an open session, or one that was made for a program: Authorization: Bearer lfs-… or lft-…", None)
}

/// The body of a request, up to a length; a line that is silent too long has broken off.
async fn whole(request: Request, most: usize) -> Result<Bytes, Response> {
    let read = tokio::time::timeout(LONGEST_WAIT, axum::body::to_bytes(request.into_body(), most)).await;
    match read {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(failure(StatusCode::PAYLOAD_TOO_LARGE, format!("the request is longer than {most} bytes, or it broke off"), None)),
        Err(_) => Err(failure(StatusCode::REQUEST_TIMEOUT, "the request did not come to its end", None)),
    }
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, Path(name): Path<String>, request: Request) -> Response {
    let Some(token) = gate::bearer(&headers) else { return not_logged_in() };
    let reader = match shared.reader_of(token).await {
        Ok(reader) => reader,
        Err(refused) if refused.exit == 3 => return refusal(refused),
        Err(_) => return not_logged_in(),
    };
    let Some(step) = shared.catalogue.get(&name) else { return failure(StatusCode::NOT_FOUND, "there is no such step", None) };
    let body = match whole(request, if step.takes_a_file() { LONGEST_WITH_FILES } else { LONGEST }).await { Ok(body) => body, Err(answer) => return answer };
    let mut members = match object(&body) { Ok(members) => members, Err(answer) => return answer };
    // What a token is for it need not say at each step.
    if let (Some(purpose), true) = (&reader.person.purpose, step.fields.iter().any(|field| field.id == "purpose")) {
        members.entry("purpose").or_insert_with(|| purpose.clone().into());
    }
    let place = |field: &Field| shared.house.place(step.name.split('/').next().unwrap_or(&field.id)).to_string_lossy().into_owned();
    let (typed, secret, uploads) = match typed(step, &members, &place) { Ok(typed) => typed, Err(text) => return failure(StatusCode::UNPROCESSABLE_ENTITY, text, None) };
    let words = match step.words(&typed) { Ok(words) => words, Err(text) => return failure(StatusCode::UNPROCESSABLE_ENTITY, text, None) };
    let (heard, gives_a_file) = (Arc::new(Heard::with(secret, uploads)), step.gives_a_file());
    if wants_events(&headers) {
        let (listener, house, token) = (Arc::clone(&heard), Arc::clone(&shared), reader.token.clone());
        let taken = tokio::spawn(async move {
            let exit = house.take_heard(&token, words, listener).await;
            // A step may take long: whoever was shut out meanwhile does not hear its answer.
            let over = house.reader_of(&token).await.err();
            events::Taken { exit, over }
        });
        return events::told(heard, taken, move |heard, taken| match &taken.over {
            _ if heard.was_refused(taken.exit) => ("refused", told_refusal(&heard.refusal(taken.exit))),
            Some(refusal) => ("refused", told_over(refusal)),
            None => ("answer", answer(heard, taken.exit, gives_a_file)),
        });
    }
    let exit = shared.take_heard(&reader.token, words, Arc::clone(&heard)).await;
    if heard.was_refused(exit) {
        return refusal(heard.refusal(exit));
    }
    Json(answer(&heard, exit, gives_a_file)).into_response()
}

/// Whether a program asks to hear a step while it is taken.
fn wants_events(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|said| said.to_str().ok()).is_some_and(|said| said.split(',').any(|kind| kind.trim().starts_with("text/event-stream")))
}

fn told_refusal(refusal: &Refusal) -> Value {
    with_status(told(&refusal.text, refusal.law), status_of(refusal.exit))
}

fn with_status(mut told: Value, status: StatusCode) -> Value {
    told["status"] = status.as_u16().into();
    told
}

/// The session has ended, or cannot be read, while a step was taken in it.
fn told_over(refusal: &Refusal) -> Value {
    if refusal.exit == 3 {
        return told_refusal(refusal);
    }
    let text = "your session ended while this step was taken: what it did is done, and its answer is not told; log in again and look";
    with_status(told(text, refusal.law), StatusCode::UNAUTHORIZED)
}

/// What a step answered. Done is done, also when what was looked at has faults: they stand in the answers.
fn answer(heard: &Heard, exit: i32, gives_a_file: bool) -> Value {
    let mut answer = json!({"answers": heard.values(), "notes": heard.notes(), "cut": heard.is_cut(), "exit": exit});
    if gives_a_file && exit == 0 {
        answer["file"] = STANDARD.encode(heard.received()).into();
    }
    answer
}

type Read = (Typed, Option<String>, Uploads);

/// The fields of a request as they would be typed.
fn typed(step: &Step, members: &Map<String, Value>, place: &dyn Fn(&Field) -> String) -> Result<Read, String> {
    let (mut typed, mut secret, mut uploads) = (Typed::new(), None, Uploads::new());
    for (name, value) in members {
        let field = step.fields.iter().find(|field| &field.id == name && is_sent(field));
        let field = field.ok_or_else(|| format!("this step has no field \"{name}\""))?;
        let texts = texts(field, value)?;
        match field.kind {
            Kind::Out if texts.first().is_some_and(|yes| yes == "yes") => drop(typed.insert(name.clone(), vec![RECEIVED.into()])),
            Kind::Out => {}
            Kind::Secret => {
                secret = texts.into_iter().next();
                typed.insert(name.clone(), vec!["-".into()]);
            }
            Kind::File => {
                let text = texts.first().map(String::as_str).unwrap_or_default();
                let bytes = STANDARD.decode(text).map_err(|_| format!("\"{name}\" is not base64"))?;
                uploads.insert(name.clone(), Sent { name: None, bytes: Box::new(std::io::Cursor::new(bytes)) });
                typed.insert(name.clone(), vec![format!("{UPLOADED}{name}")]);
            }
            _ => drop(typed.insert(name.clone(), texts)),
        }
    }
    for field in &step.fields {
        match field.kind {
            Kind::Out if field.required => drop(typed.insert(field.id.clone(), vec![RECEIVED.into()])),
            Kind::Place => drop(typed.insert(field.id.clone(), vec![place(field)])),
            _ => {}
        }
    }
    Ok((typed, secret, uploads))
}

/// Whether a field is part of a request: where a file of the answer is always given, and where the house keeps a folder,
/// nobody is asked.
fn is_sent(field: &Field) -> bool {
    !matches!(field.kind, Kind::Place) && (field.kind != Kind::Out || !field.required)
}

fn texts(field: &Field, value: &Value) -> Result<Vec<String>, String> {
    let wrong = || format!("\"{}\" has the wrong shape: see the description of the interface", field.id);
    match (value, &field.kind) {
        (Value::Bool(yes), Kind::Flag | Kind::Out) => Ok(vec![if *yes { "yes" } else { "no" }.into()]),
        (Value::Number(number), Kind::Number) if number.is_u64() || number.is_i64() => Ok(vec![number.to_string()]),
        (Value::String(text), kind) if !matches!(kind, Kind::Flag | Kind::Number | Kind::Out) && !field.many => Ok(vec![clean(field, text)?]),
        (Value::Array(items), _) if field.many => items.iter().map(|item| clean(field, item.as_str().ok_or_else(wrong)?)).collect(),
        _ => Err(wrong()),
    }
}

/// A text that can be a word of the command line: no word holds a zero byte.
fn clean(field: &Field, text: &str) -> Result<String, String> {
    if text.contains('\0') { Err(format!("\"{}\" holds a zero byte", field.id)) } else { Ok(text.to_string()) }
}

/// The description of the interface, OpenAPI 3.1.
pub fn description(catalogue: &Catalogue) -> Value {
    let mut paths = Map::new();
    paths.insert("/api/v1/session".into(), session_paths());
    for step in catalogue.all() {
        paths.insert(format!("/api/v1/steps/{}", step.name), json!({"post": operation(step)}));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lanternfish",
            "version": "1",
            "description": "The steps of the house, in a person's session or with a token that he made for a program. Each is the step of the command line with the same name: the same permit, the same event, the same refusal.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"session": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer", "description": "The token of an open session (lfs-…), or a token for a program that a person made in his session (lft-…, step token/make): it takes the steps that it was given, in its case, under its authority, and a purpose that is left out is its own."}},
            "schemas": {
                "Answer": {
                    "type": "object", "required": ["answers", "notes", "cut", "exit"],
                    "properties": {
                        "answers": {"type": "array", "items": true, "description": "What the step answers, value by value."},
                        "notes": {"type": "array", "items": {"type": "string"}, "description": "What the person should know."},
                        "cut": {"type": "boolean", "description": "Whether the answer was longer than 16 MiB and is not whole."},
                        "exit": {"type": "integer", "description": "0, or the exit code of the command line when the step was done and found faults."},
                        "file": {"type": "string", "contentEncoding": "base64", "description": "The file that the step wrote."},
                    },
                },
                "Refusal": {
                    "type": "object", "required": ["error", "law", "code"],
                    "properties": {"error": {"type": "string"}, "law": {"type": ["integer", "null"], "minimum": 1, "maximum": 15, "description": "The law of the house that refuses."}, "code": {"type": ["string", "null"], "description": "The reason in a word, such as `case-closed`: it stays when the sentence is mended. None for a reason that has no code yet."}},
                },
            },
        },
    })
}

fn answer_of(status: &str, about: &str, schema: &str) -> (String, Value) {
    (status.into(), json!({"description": about, "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}}}))
}

fn operation(step: &Step) -> Value {
    let fields: Vec<&Field> = step.fields.iter().filter(|field| is_sent(field)).collect();
    let properties: Map<String, Value> = fields.iter().map(|field| (field.id.clone(), schema(field))).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.id.as_str()).collect();
    let responses: Map<String, Value> = [
        answer_of("200", "It was done.", "Answer"),
        answer_of("400", "No JSON object was sent.", "Refusal"),
        answer_of("401", "There is no open session.", "Refusal"),
        answer_of("408", "The request did not come to its end.", "Refusal"),
        answer_of("403", "A law of the house refuses it.", "Refusal"),
        answer_of("413", "The request is too long.", "Refusal"),
        answer_of("422", "A field is missing or wrong.", "Refusal"),
        answer_of("503", "Something around the program failed.", "Refusal"),
    ]
    .into_iter()
    .map(|(status, mut answer)| {
        if status == "200" {
            answer["content"]["text/event-stream"] = json!({"schema": {"type": "string", "description": "With `Accept: text/event-stream`: an event `note` for each message while the step is taken, then `answer` (as above) or `refused`; the data of each is JSON. `refused` with status 401: the session ended meanwhile, and the answer is not told."}});
        }
        (status, answer)
    })
    .collect();
    json!({
        "operationId": step.name.replace('/', "-"),
        "summary": step.about,
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object", "properties": properties, "required": required, "additionalProperties": false}}}},
        "responses": responses,
    })
}

fn schema(field: &Field) -> Value {
    let one = match &field.kind {
        Kind::Flag | Kind::Out => json!({"type": "boolean"}),
        Kind::Number => json!({"type": "integer"}),
        Kind::Choice(choices) => json!({"type": "string", "enum": choices}),
        Kind::File => json!({"type": "string", "contentEncoding": "base64"}),
        _ => json!({"type": "string"}),
    };
    let mut schema = if field.many { json!({"type": "array", "items": one}) } else { one };
    schema["description"] = field.about.clone().into();
    if let (Some(default), false) = (&field.default, field.many) {
        schema["default"] = match field.kind {
            Kind::Number => default.parse::<i64>().map_or_else(|_| default.clone().into(), Value::from),
            _ => default.clone().into(),
        };
    }
    schema
}

fn session_paths() -> Value {
    let refusals: Map<String, Value> = [answer_of("400", "No name or no passphrase was sent.", "Refusal"), answer_of("401", "The login was refused.", "Refusal"), answer_of("408", "The request did not come to its end.", "Refusal"), answer_of("413", "The request is too long.", "Refusal"), answer_of("503", "Something around the program failed.", "Refusal")].into_iter().collect();
    let mut opened = refusals.clone();
    opened.extend([answer_of("403", "A page from elsewhere sent it.", "Refusal")]);
    opened.insert("200".into(), json!({"description": "A session was opened.", "content": {"application/json": {"schema": {"type": "object", "required": ["token", "notes"], "properties": {"token": {"type": "string"}, "notes": {"type": "array", "items": {"type": "string"}}}}}}}));
    json!({
        "post": {
            "operationId": "log-in", "summary": "Open a session.", "security": [],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["name", "passphrase"], "properties": {"name": {"type": "string"}, "passphrase": {"type": "string"}, "again": {"type": "string", "description": "The passphrase once more, at a first login."}, "code": {"type": "string", "description": "The one-time code of a first login."}, "second_factor": {"type": "string", "description": "The six digits of an authenticator, or a recovery code, of a person who has a second factor."}}}}}},
            "responses": opened,
        },
        "delete": {
            "operationId": "log-out", "summary": "End the session.",
            "responses": {"204": {"description": "It has ended."}, "401": answer_of("401", "There is no open session.", "Refusal").1, "503": answer_of("503", "Something around the program failed.", "Refusal").1},
        },
    })
}
