//! What was sent in a session that had ended: nothing of it is done, and what was typed is kept for a while, in memory, for
//! the same person alone, who finds it in the form again after his next login.
//!
//! It refuses: to keep a secret, a file or a code; to keep much; to keep anything of whom it does not know; to give it to
//! another person who logs in at the same browser; to ask a question after a login that only an address asked.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{FromRequest, Multipart, Request},
    http::{HeaderValue, Method, Uri, header},
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    gate,
    query::{Query, encoded},
    server::{Shared, random_number, read_form},
    steps::{Kind, Step, Typed},
};

/// How long it is kept: a meal long.
const KEPT_FOR: Duration = Duration::from_secs(1_800);
/// Most bytes of one form that are kept.
const SMALL: usize = 64 << 10;
/// Most forms that are kept of one person, the newest, and of all people.
const HIS: usize = 4;
const FORMS: usize = 200;
/// How long it stays after it was shown in its form again: for whoever loads that page once more.
const SHOWN_FOR: Duration = Duration::from_secs(120);
/// Sessions whose owner is remembered: more than an agency has in a day.
const OWNERS: usize = 5_000;
/// Bytes that are received and thrown away, so that a browser that still sends sees the answer.
const THROWN_AWAY: usize = 1 << 30;
/// How long a silent line is waited for.
const SILENT: Duration = Duration::from_secs(20);
/// Longest address to which a login leads back.
const LONGEST_WAY: usize = 2_000;

struct Kept {
    number: String,
    name: String,
    step: String,
    typed: Typed,
    /// When it is forgotten.
    until: Instant,
}

/// Whose sessions there were, and what was typed after their end.
#[derive(Default)]
pub struct Ended {
    owners: Mutex<HashMap<[u8; 32], (String, Instant)>>,
    forms: Mutex<Vec<Kept>>,
}

impl Ended {
    /// Remembers whose session this is. Each page asks for that, so that what is over is forgotten also when nobody comes
    /// back for it.
    pub fn is_of(&self, session: [u8; 32], name: &str, now: Instant) {
        drop(self.forms(now));
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if owners.len() >= OWNERS && !owners.contains_key(&session) {
            let oldest = owners.iter().min_by_key(|(_, (_, at))| *at).map(|(session, _)| *session);
            oldest.and_then(|session| owners.remove(&session));
        }
        owners.insert(session, (name.to_string(), now));
    }

    fn owner(&self, session: &[u8; 32]) -> Option<String> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).get(session).map(|(name, _)| name.clone())
    }

    /// The forms that are not over.
    fn forms(&self, now: Instant) -> MutexGuard<'_, Vec<Kept>> {
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        forms.retain(|form| now < form.until);
        forms
    }

    /// Keeps what was typed and gives its number. A new form takes the place of the oldest of the same person, never of
    /// another's: who finds no room is told that nothing is kept.
    fn keep(&self, name: String, step: &Step, mut typed: Typed, now: Instant) -> Option<String> {
        typed.retain(|field, values| may_be_kept(step, field) && values.iter().any(|value| !value.trim().is_empty()));
        let size: usize = typed.iter().map(|(field, values)| field.len() + values.iter().map(String::len).sum::<usize>()).sum();
        let number = random_number();
        if typed.keys().all(|field| field == "case") || size > SMALL || number.is_empty() {
            return None;
        }
        let mut forms = self.forms(now);
        let his = forms.iter().filter(|form| form.name == name).count();
        if his >= HIS || forms.len() >= FORMS {
            let oldest = forms.iter().position(|form| form.name == name)?;
            forms.remove(oldest);
        }
        forms.push(Kept { number: number.clone(), name, step: step.name.clone(), typed, until: now + KEPT_FOR });
        Some(number)
    }

    /// What this person typed into this step after his session had ended. Once he has it back it is soon forgotten here.
    pub fn typed(&self, number: &str, name: &str, step: &str, now: Instant) -> Option<Typed> {
        let mut forms = self.forms(now);
        let form = forms.iter_mut().find(|form| form.number == number && form.name == name && form.step == step)?;
        form.until = form.until.min(now + SHOWN_FOR);
        Some(form.typed.clone())
    }
}

/// Whether a field may lie in memory: no secret, no file, no code that opens something.
fn may_be_kept(step: &Step, id: &str) -> bool {
    let opens = ["user/factor", "key/", "persona/secret", "login"].iter().any(|name| step.name.starts_with(name));
    !opens && step.fields.iter().any(|field| field.id == id && !matches!(field.kind, Kind::Secret | Kind::File | Kind::Out | Kind::Place))
}

/// An address of this server alone: it leads nowhere else, and to no door, and asks nothing.
pub fn own_way(way: &str) -> Option<String> {
    let plain = way.len() <= LONGEST_WAY && way.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b'\\');
    let path = way.split(['?', '#']).next().unwrap_or_default();
    let door = ["/login", "/logout", "/language"].contains(&path) || path.starts_with("/api/") || path.starts_with("/assets/");
    (plain && way.starts_with('/') && !way.starts_with("//") && !door).then(|| without_a_purpose(way))
}

/// The same address without a purpose. Whose words it would bring is not known, and a page that is given one takes a step
/// at once, in the name of whoever logs in. Without it the page shows its form, and he says himself what for.
fn without_a_purpose(way: &str) -> String {
    let Some((path, asked)) = way.split_once('?') else { return of_a_page(way).to_string() };
    let is_purpose = |pair: &&str| Query::read(pair).get("purpose").is_some();
    // How the answer is to come is nothing without a question.
    let is_manner = |pair: &&str| Query::read(pair).get("as") == Some("json");
    let kept: Vec<&str> = asked.split('&').filter(|pair| !is_purpose(pair) && !is_manner(pair)).collect();
    if kept.is_empty() { of_a_page(path).to_string() } else { format!("{}?{}", of_a_page(path), kept.join("&")) }
}

/// The page to which a drawing for paper belongs: there its question is asked.
fn of_a_page(path: &str) -> &str {
    path.strip_suffix(".svg").unwrap_or(path)
}

/// A page that was asked for without an open session: the login leads back to it.
pub fn with_the_way_back(method: &Method, uri: &Uri, mut response: Response) -> Response {
    let to_login = response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok()).filter(|place| ["/login", "/login?ended"].contains(place)).map(str::to_string);
    let way = uri.path_and_query().map(|way| way.as_str()).and_then(own_way).filter(|way| way != "/");
    if let (Some(place), Some(way), &Method::GET) = (to_login, way, method) {
        let joined = format!("{place}{}back={}", if place.contains('?') { "&" } else { "?" }, encoded(&way));
        if let Ok(value) = HeaderValue::try_from(joined) {
            response.headers_mut().insert(header::LOCATION, value);
        }
    }
    response
}

/// The answer to a form that came after its session had ended: nothing is done, and the login leads back to the form.
pub(crate) async fn sent_too_late(shared: &Shared, step: &Step, request: Request) -> Response {
    let session = gate::cookie(request.headers(), gate::session_cookie(shared.over_tls())).map(gate::session_of);
    let owner = session.and_then(|session| shared.ended.owner(&session));
    let mut way = format!("/step/{}", step.name);
    if let Some(name) = owner {
        let typed = if step.takes_a_file() { of_parts(step, request).await } else { read_form(request.into_body()).await.unwrap_or_default().typed() };
        let mut asks = Vec::new();
        if let Some(case) = typed.get("case").and_then(|values| values.first()).filter(|case| crate::server::is_label(case)) {
            asks.push(format!("case={case}"));
        }
        if let Some(number) = shared.ended.keep(name, step, typed, Instant::now()) {
            asks.push(format!("_kept={number}"));
        }
        if !asks.is_empty() {
            way = format!("{way}?{}", asks.join("&"));
        }
    }
    Redirect::to(&format!("/login?ended=sent&back={}", encoded(&way))).into_response()
}

/// What was typed into a form with files; the files are received and thrown away. What did not come whole, or is more than
/// is kept, is kept in no part: only the case stays, to which the login leads back.
async fn of_parts(step: &Step, request: Request) -> Typed {
    let mut typed = Typed::new();
    if !is_read(step, request, &mut typed).await {
        typed.retain(|field, _| field == "case");
    }
    typed
}

/// Reads it; whether all of it came and is held.
async fn is_read(step: &Step, request: Request, typed: &mut Typed) -> bool {
    let Ok(mut parts) = Multipart::from_request(request, &()).await else { return false };
    let (mut kept, mut thrown, mut is_whole) = (0, 0, true);
    loop {
        let mut part = match tokio::time::timeout(SILENT, parts.next_field()).await {
            Ok(Ok(Some(part))) => part,
            Ok(Ok(None)) => return is_whole,
            _ => return false,
        };
        let name = part.name().unwrap_or_default().to_string();
        let is_kept = may_be_kept(step, &name);
        let mut value = Some(Vec::new()).filter(|_| is_kept);
        loop {
            let chunk = match tokio::time::timeout(SILENT, part.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break,
                _ => return false,
            };
            // Once it is too much the whole field goes: half of a text is another text.
            value = value.filter(|_| kept + chunk.len() <= SMALL);
            match &mut value {
                Some(bytes) => {
                    kept += chunk.len();
                    bytes.extend_from_slice(&chunk);
                }
                None => thrown += chunk.len(),
            }
            if thrown > THROWN_AWAY {
                return false;
            }
        }
        match value.and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(text) => typed.entry(name).or_default().push(text),
            None => is_whole &= !is_kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::Field;

    fn step(name: &str) -> Step {
        let mut secret = Field::of_words("passphrase-file", false);
        secret.kind = Kind::Secret;
        Step { name: name.into(), about: String::new(), fields: vec![Field::of_words("case", false), Field::of_words("text", false), secret] }
    }

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        pairs.iter().map(|(name, value)| ((*name).to_string(), vec![(*value).to_string()])).collect()
    }

    #[test]
    fn a_login_leads_to_no_other_server() {
        for way in ["/", "/case/2026-0001/graph?kind=name&why=line-1", "/case/2026-0001/exhibits?from=1", "/step/finding/add?case=2026-0001&_kept=00"] {
            assert_eq!(own_way(way).as_deref(), Some(way));
        }
        for way in ["", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/", "javascript:alert(1)", "evil.example", "/\t/evil.example", "/a\r\nSet-Cookie: x", "/ສ", "/login?back=/", "/logout", "/language", "/api/v1/steps/case/list", " //evil.example", "/a b"] {
            assert_eq!(own_way(way), None, "{way:?}");
        }
        assert!(own_way(&format!("/{}", "a".repeat(LONGEST_WAY))).is_none());
    }

    #[test]
    fn a_way_back_brings_no_purpose() {
        let leads = [
            ("/case/2026-0001/graph?purpose=to%20see&kind=name&why=line-1", "/case/2026-0001/graph?kind=name&why=line-1"),
            ("/case/2026-0001/timeline?from=2026-01-01&%70urpos%65=x&purpose=y&purpose", "/case/2026-0001/timeline?from=2026-01-01"),
            ("/case/2026-0001/graph?purpose=x", "/case/2026-0001/graph"),
            ("/case/2026-0001/graph?purpose=x&as=json&hops=2", "/case/2026-0001/graph?hops=2"),
            ("/case/2026-0001/timeline.svg?purpose=x&kind=post", "/case/2026-0001/timeline?kind=post"),
            ("/step/../case/2026-0001/graph?purpose=x", "/step/../case/2026-0001/graph"),
            ("/case/2026-0001/graph?x?purpose=y#&purpose=z", "/case/2026-0001/graph?x?purpose=y#"),
        ];
        for (asked, led) in leads {
            assert_eq!(own_way(asked).as_deref(), Some(led), "{asked}");
            assert_eq!(Query::read(led.split_once('?').unwrap_or_default().1).get("purpose"), None, "{led}");
        }
    }

    #[test]
    fn what_was_typed_is_kept_for_him_alone_for_a_while_and_no_secret_is() {
        let (ended, now) = (Ended::default(), Instant::now());
        let sent = typed(&[("case", "2026-0001"), ("text", "typed once"), ("passphrase-file", "four words"), ("strange", "x"), ("_number", "y")]);
        let number = ended.keep("Noy".into(), &step("finding/add"), sent.clone(), now).unwrap();
        assert_eq!(ended.typed(&number, "Noy", "finding/add", now), Some(typed(&[("case", "2026-0001"), ("text", "typed once")])));
        assert_eq!((ended.typed(&number, "Dao", "finding/add", now), ended.typed(&number, "Noy", "charge/add", now)), (None, None));
        // Once he had it, it goes soon; before that after its time, also when nobody asks for it.
        assert!(ended.typed(&number, "Noy", "finding/add", now + SHOWN_FOR / 2).is_some());
        assert_eq!(ended.typed(&number, "Noy", "finding/add", now + SHOWN_FOR), None);
        ended.keep("Noy".into(), &step("finding/add"), sent.clone(), now).unwrap();
        ended.is_of(gate::session_of("another"), "Dao", now + KEPT_FOR - Duration::from_secs(1));
        assert_eq!(ended.forms.lock().unwrap().len(), 1);
        ended.is_of(gate::session_of("another"), "Dao", now + KEPT_FOR);
        assert!(ended.forms.lock().unwrap().is_empty());
        // A code opens something; a case alone is nothing that was typed; much is not kept.
        assert!(ended.keep("Noy".into(), &step("user/factor/confirm"), sent, now).is_none());
        assert!(ended.keep("Noy".into(), &step("finding/add"), typed(&[("case", "2026-0001"), ("text", "  ")]), now).is_none());
        assert!(ended.keep("Noy".into(), &step("finding/add"), typed(&[("text", &"x".repeat(SMALL + 1))]), now).is_none());
    }

    #[test]
    fn neither_forms_nor_owners_grow_without_end() {
        let (ended, now) = (Ended::default(), Instant::now());
        let keeps = |name: &str, text: &str| ended.keep(name.into(), &step("finding/add"), typed(&[("text", text)]), now);
        let numbers: Vec<String> = (0..HIS + 3).map(|n| keeps("Noy", &n.to_string()).unwrap()).collect();
        assert_eq!(numbers.iter().map(|number| ended.typed(number, "Noy", "finding/add", now).is_some()).collect::<Vec<_>>(), [false, false, false, true, true, true, true], "his newest stay");
        let others = (0..FORMS).filter(|n| keeps(&format!("officer {n}"), "x").is_some()).count();
        assert_eq!((others, ended.forms.lock().unwrap().len()), (FORMS - HIS, FORMS), "who comes when there is no room pushes nobody out");
        let newest = keeps("Noy", "again").unwrap();
        assert!(ended.typed(&newest, "Noy", "finding/add", now).is_some() && ended.typed(&numbers[HIS + 2], "Noy", "finding/add", now).is_some());
        for n in 0..OWNERS + 3 {
            ended.is_of(gate::session_of(&n.to_string()), "Noy", now + Duration::from_millis(n as u64));
        }
        let owners = ended.owners.lock().unwrap().len();
        assert_eq!((owners, ended.owner(&gate::session_of("0"))), (OWNERS, None));
    }

    /// Pieces of a body, one after the other.
    struct Pieces(std::vec::IntoIter<Vec<u8>>);

    impl futures_core::Stream for Pieces {
        type Item = Result<Vec<u8>, std::io::Error>;

        fn poll_next(mut self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Ready(self.0.next().map(Ok))
        }
    }

    /// A form with a file in parts, as a browser sends it, in pieces of this size.
    fn in_parts(fields: &[(&str, &str)], end: &str, piece: usize) -> Request {
        let part = |(name, value): &(&str, &str)| format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        let body = fields.iter().map(part).collect::<String>() + end;
        let pieces: Vec<Vec<u8>> = body.as_bytes().chunks(piece).map(<[u8]>::to_vec).collect();
        Request::builder().method("POST").header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge").body(axum::body::Body::from_stream(Pieces(pieces.into_iter()))).unwrap()
    }

    #[test]
    fn what_came_in_pieces_is_kept_whole_or_not_at_all() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let read = |fields: &[(&str, &str)], end: &str, piece: usize| runtime.block_on(of_parts(&step("exhibit/admit"), in_parts(fields, end, piece)));
        let (fits, whole) = ("x".repeat(SMALL - 9), "--edge--\r\n");
        let only_case = typed(&[("case", "2026-0001")]);
        for piece in [1_000, 7_777, 60_000, SMALL, 4 * SMALL] {
            let sent = [("case", "2026-0001"), ("file", "bytes"), ("text", fits.as_str())];
            assert_eq!(read(&sent, whole, piece), typed(&[("case", "2026-0001"), ("text", &fits)]), "{piece}");
            // Too much by its end, and in its middle with an end that would fit again.
            for much in [format!("{fits}y"), format!("begin {fits}{fits} end")] {
                assert_eq!(read(&[("case", "2026-0001"), ("text", &much)], whole, piece), only_case, "{piece}");
                assert_eq!(read(&[("case", "2026-0001"), ("text", &much), ("text", "a later one")], whole, piece), only_case, "{piece}");
            }
            // A line that broke off in the middle of a field.
            assert_eq!(read(&[("case", "2026-0001")], "--edge\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhalf of", piece), only_case, "{piece}");
        }
    }
}
