//! Who stands at the door: the cookie of the session, the origin of a form, the name of the server, and the pace of logins.
//!
//! A form is taken only from a page of this server: the cookie is `SameSite=Strict`, and the browser says from where a form
//! comes (`Origin`, `Sec-Fetch-Site`). The server answers to its own names only, so that no page elsewhere can make a
//! browser take it for another.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// The cookie that holds the session's token.
const COOKIE: &str = "lanternfish-session";
/// The same over TLS: browsers take a name that begins so from this very server only, encrypted, for all of it.
const COOKIE_OVER_TLS: &str = "__Host-lanternfish-session";
/// The cookie that holds the language.
pub const LANGUAGE: &str = "lanternfish-language";

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// What the cookie of the session is called.
pub fn session_cookie(over_tls: bool) -> &'static str {
    if over_tls { COOKIE_OVER_TLS } else { COOKIE }
}

/// The line that sets the session's cookie; an empty token ends it.
pub fn set_session(token: &str, over_tls: bool) -> String {
    let ends = if token.is_empty() { "; Max-Age=0" } else { "" };
    let secure = if over_tls { "; Secure" } else { "" };
    format!("{}={token}; Path=/; HttpOnly; SameSite=Strict{secure}{ends}", session_cookie(over_tls))
}

/// The line that sets the language.
pub fn set_language(code: &str) -> String {
    format!("{LANGUAGE}={code}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000")
}

/// The token of the session: from the cookie of a page, or from a program (`Authorization: Bearer`).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// How a session is named in memory: never by its token.
pub fn session_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Whether the request names this server.
pub fn is_for_us(headers: &HeaderMap, names: &[String]) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    names.iter().any(|name| name.eq_ignore_ascii_case(host))
}

/// Whether a form comes from a page of this server. A browser that says nothing of it is not believed.
pub fn is_from_us(headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = said("host").unwrap_or_default();
    match (said("origin"), said("sec-fetch-site")) {
        (Some(origin), site) => {
            let own = origin.split_once("://").is_some_and(|(_, name)| !host.is_empty() && name.eq_ignore_ascii_case(host));
            own && site.is_none_or(|site| site == "same-origin")
        }
        (None, Some(site)) => site == "same-origin",
        (None, None) => false,
    }
}

/// Logins that are tried for one name in one span, right ones not counted.
const FOR_A_NAME: usize = 5;
/// The span.
const SPAN: Duration = Duration::from_secs(300);
/// Names that are remembered: more than an agency has, fewer than would fill the memory.
const NAMES: usize = 10_000;
/// Longest name of a person: no register holds a longer one.
const LONGEST_NAME: usize = 120;

/// Whether a person can be called so; of what is longer nothing is kept.
pub fn may_be_a_name(name: &str) -> bool {
    name.trim().chars().count() <= LONGEST_NAME
}

/// The pace of logins. A passphrase is stretched at each attempt, so attempts cost the server as well; an attempt counts
/// from its beginning, so that many at once are many. Who types a name wrongly five times lets its owner wait as well:
/// each name waits alone, and other names never wait for it.
#[derive(Default)]
pub struct Pace {
    tried: Mutex<HashMap<[u8; 32], Vec<Instant>>>,
}

impl Pace {
    /// Begins an attempt for this name; otherwise the minutes until one may be begun.
    ///
    /// # Errors
    /// The minutes to wait.
    pub fn begin(&self, name: &str, now: Instant) -> Result<(), u64> {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        tried.retain(|_, times| {
            times.retain(|time| now.duration_since(*time) < SPAN);
            !times.is_empty()
        });
        let key = key(name);
        if tried.len() >= NAMES && !tried.contains_key(&key) {
            forget_the_oldest(&mut tried);
        }
        let times = tried.entry(key).or_default();
        if times.len() >= FOR_A_NAME {
            return Err(SPAN.as_secs() / 60);
        }
        times.push(now);
        Ok(())
    }

    /// The attempt was right: it does not count, and neither do those before it.
    pub fn was_right(&self, name: &str) {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(name));
    }
}

/// The name that was tried least lately: names that nobody has keep nobody out, however many they are.
fn forget_the_oldest(tried: &mut HashMap<[u8; 32], Vec<Instant>>) {
    let oldest = tried.iter().min_by_key(|(_, times)| times.last().copied()).map(|(key, _)| *key);
    if let Some(key) = oldest {
        tried.remove(&key);
    }
}

/// All spellings of a name that people take for the same are one. A digest of it is kept, of one length for every name.
fn key(name: &str) -> [u8; 32] {
    let one: String = name.nfkc().flat_map(char::to_lowercase).collect();
    Sha256::digest(one.split_whitespace().collect::<Vec<_>>().join(" ")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (axum::http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn cookies_are_read_by_their_whole_name() {
        let sent = headers(&[("cookie", "xlanternfish-session=a; lanternfish-session=b; lanternfish-language=lo")]);
        assert_eq!((cookie(&sent, COOKIE), cookie(&sent, LANGUAGE), cookie(&sent, "other")), (Some("b"), Some("lo"), None));
    }

    #[test]
    fn over_tls_the_cookie_belongs_to_this_server_alone() {
        assert_eq!(set_session("t", true), "__Host-lanternfish-session=t; Path=/; HttpOnly; SameSite=Strict; Secure");
        assert_eq!(set_session("", false), "lanternfish-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    }

    #[test]
    fn a_form_is_taken_from_a_page_of_this_server_only() {
        let host = ("host", "127.0.0.1:8443");
        for (sent, taken) in [
            (vec![host, ("origin", "http://127.0.0.1:8443")], true),
            (vec![host, ("origin", "http://127.0.0.1:8443"), ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("origin", "http://127.0.0.1:9999")], false),
            (vec![host, ("origin", "null")], false),
            (vec![host, ("origin", "http://127.0.0.1:8443"), ("sec-fetch-site", "cross-site")], false),
            (vec![host, ("sec-fetch-site", "none")], false),
            (vec![host], false),
            (vec![("origin", "http://")], false),
        ] {
            assert_eq!(is_from_us(&headers(&sent)), taken, "{sent:?}");
        }
    }

    #[test]
    fn the_server_answers_to_its_own_names() {
        let names = ["127.0.0.1:8443".to_string(), "localhost:8443".into()];
        assert!(is_for_us(&headers(&[("host", "LOCALHOST:8443")]), &names));
        assert!(!is_for_us(&headers(&[("host", "evil.example:8443")]), &names));
        assert!(!is_for_us(&headers(&[]), &names));
    }

    #[test]
    fn guessing_is_slow() {
        let (pace, now) = (Pace::default(), Instant::now());
        for name in ["Noy", " Noy", "NOY ", "noy", "N\u{ff4f}y"] {
            assert_eq!(pace.begin(name, now), Ok(()));
        }
        assert_eq!(pace.begin("Noy", now), Err(5), "each spelling is the same name");
        assert_eq!(pace.begin("Dao", now), Ok(()), "nobody is kept out by others");
        assert_eq!(pace.begin("Noy", now + SPAN), Ok(()));
        pace.was_right("Noy");
        (0..FOR_A_NAME).for_each(|_| assert_eq!(pace.begin("Noy", now + SPAN), Ok(())));
    }

    #[test]
    fn names_that_nobody_has_keep_nobody_out() {
        let (pace, now) = (Pace::default(), Instant::now());
        let later = |n: u64| now + Duration::from_millis(n);
        // The table is filled at once: what fills it slowly is what `begin` sees.
        let many = (0..NAMES as u64).map(|n| (key(&format!("Nobody {n}")), vec![later(n)]));
        pace.tried.lock().unwrap().extend(many);
        assert_eq!(pace.begin("Noy", later(20_000)), Ok(()));
        let tried = pace.tried.lock().unwrap();
        assert_eq!((tried.len(), tried.contains_key(&key("Nobody 0")), tried.contains_key(&key("Nobody 1"))), (NAMES, false, true));
    }

    #[test]
    fn no_person_has_a_name_that_long() {
        assert!(may_be_a_name(&"ນ".repeat(LONGEST_NAME)) && may_be_a_name(&format!("  {}  ", "n".repeat(LONGEST_NAME))));
        assert!(!may_be_a_name(&"n".repeat(LONGEST_NAME + 1)));
    }
}
