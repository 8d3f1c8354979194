//! Signs: mail and XMPP addresses, Telegram names, logins, URLs, IPv6.

use super::{
    Around, CONTEXT, HEX_COLON, HOST, HOST_BYTE, INVITE_BYTE, KNOWN_SCHEMES, LOCAL_BYTE, LOCAL_PART, NAME_BYTE, NESTED_URLS, Pass, SCHEME_BYTE, URL,
    URL_BYTE, is_telegram_name, is_telegram_word, speaks_of_telegram,
};
use crate::flat::Zone;
use crate::verdict::{Hit, Verdict, Words, ascii, ascii_lower};
use crate::{defang, host, onion, secrets};
use model::selector::SelectorType;

static XMPP_CUES: Words = Words::new(&["xmpp", "jabber", "jid", "джаббер", "жаббер"]);

impl Pass<'_> {

    pub(super) fn at_sign(&mut self, at: usize) -> usize {
        if !LOCAL_BYTE[self.before(at) as usize] {
            return self.telegram_name(at);
        }
        self.mail(at).unwrap_or(at + 1)
    }

    fn mail(&mut self, at: usize) -> Option<usize> {
        let mut start = self.left(at, LOCAL_PART, 0, &LOCAL_BYTE);
        if let Some(joint) = self.flat.joints_in(start, at).iter().rfind(|j| j.parts) {
            start = joint.at as usize;
        }
        start += self.text[start..at].iter().take_while(|b| !b.is_ascii_alphanumeric() && **b != b'_').count();
        let local = &self.text[start..at];
        if local.is_empty() || local.ends_with(b".") || local.windows(2).any(|pair| pair == b"..") || self.in_userinfo(at) {
            return None;
        }
        let end = self.right(at + 1, HOST, &HOST_BYTE);
        let stop = self.mail_host_end(at + 1, end)?;
        let host = ascii_lower(&self.text[at + 1..stop]);
        let value = format!("{}@{host}", ascii(local));
        self.push_address(value, start, stop);
        self.host_done = self.host_done.max(stop);
        if host.ends_with(".onion") {
            self.onion(at + 1, stop);
        }
        Some(stop)
    }

    /// A mail address, or an XMPP address when words beside it say so: the shape is the same.
    fn push_address(&mut self, value: String, start: usize, stop: usize) {
        let verdict = if self.near(start, stop, &XMPP_CUES) {
            let reason = "RFC 7622 shape after such a word; a mail address has the same; the letter case before @ is kept";
            Verdict::unverifiable(SelectorType::Xmpp, value, reason).rival(SelectorType::Email)
        } else {
            let reason = "RFC 5321 syntax and a listed public suffix; an XMPP address has the same shape; the letter case before @ is kept";
            Verdict::unverifiable(SelectorType::Email, value, reason)
        };
        self.hits.push(verdict.at(start, stop));
        if self.shows_bare_domains(start)
            && let Some((end, login)) = secrets::after_mail(self.text, (start, stop), || self.near(start, stop, &secrets::LIST_CUES))
        {
            self.hits.push(login.at(start, end));
        }
    }

    fn mail_host_end(&self, start: usize, end: usize) -> Option<usize> {
        let name = &self.text[start..end];
        if let Some(dot) = memchr::memmem::find(name, b".onion") {
            let stop = start + dot + 6;
            let label_at = name[..dot].iter().rposition(|b| *b == b'.').map_or(0, |i| i + 1);
            return onion::judge_label(&name[label_at..dot]).map(|_| stop);
        }
        self.domain_end(start, end)
    }

    /// `https://name@host`: not a mail address.
    fn in_userinfo(&self, at: usize) -> bool {
        at < self.url_end && self.text[at.saturating_sub(LOCAL_PART + 3)..at].windows(3).any(|w| w == b"://")
            && !self.text[at.saturating_sub(LOCAL_PART)..at].contains(&b'=')
            && !self.text[self.left(at, LOCAL_PART, 0, &URL_BYTE)..at].windows(2).any(|w| w[1] == b'/' && w[0].is_ascii_alphanumeric())
    }

    fn telegram_name(&mut self, at: usize) -> usize {
        let end = self.right(at + 1, 33, &NAME_BYTE);
        let name = &self.text[at + 1..end];
        if !is_telegram_name(name) || matches!(self.zone(at), Zone::Code) || at < self.url_end || self.byte(end) == b'@' {
            return at + 1;
        }
        let context = self.context(at);
        let after = ascii_lower(&self.text[end..self.text.len().min(end + CONTEXT / 2)]);
        if !speaks_of_telegram(&context) && !speaks_of_telegram(&after) {
            return at + 1;
        }
        let verdict = Verdict::unverifiable(
            SelectorType::Telegram, ascii_lower(name), "@name near the word Telegram; carries no checksum");
        self.hits.push(verdict.at(at, end));
        end
    }

    /// `t.me/name`: true when the host was Telegram's, so that it is not reported as a domain.
    pub(super) fn telegram_link(&mut self, start: usize, stop: usize) -> bool {
        let host = ascii_lower(&self.text[start..stop]);
        let is_telegram = matches!(host.as_str(), "t.me" | "telegram.me" | "telegram.dog" | "www.t.me" | "www.telegram.me");
        if !is_telegram || self.byte(stop) != b'/' {
            return false;
        }
        let end = self.right(stop + 1, 80, &INVITE_BYTE);
        let path = &self.text[stop + 1..end];
        let (value, reason) = if let Some(name) = path.split(|b| *b == b'/').next().filter(|n| is_telegram_name(n) && !is_telegram_word(n)) {
            (ascii_lower(name), "name in a Telegram link; carries no checksum")
        } else if path.starts_with(b"+") || path.starts_with(b"joinchat/") {
            (format!("t.me/{}", ascii(path)), "invitation in a Telegram link; carries no checksum")
        } else {
            return false;
        };
        let name_end = if value.starts_with("t.me/") { end } else { stop + 1 + value.len() };
        self.hits.push(Verdict::unverifiable(SelectorType::Telegram, value, reason).at(start, name_end));
        true
    }

    pub(super) fn colon(&mut self, at: usize) -> usize {
        if self.text[at + 1..].starts_with(b"//") {
            return self.url(at).unwrap_or(at + 1);
        }
        if self.may_end_password_word(at)
            && let Some((start, end, verdict)) = secrets::labelled(self.text, at)
        {
            self.hits.push(verdict.at(start, end));
            return end;
        }
        if at >= self.colons_done && (self.before(at).is_ascii_hexdigit() || self.before(at) == b':' || self.byte(at + 1) == b':') {
            self.ipv6(at);
        }
        at + 1
    }

    /// The last byte of *password* in one of its languages, where a reader sees it.
    fn may_end_password_word(&self, at: usize) -> bool {
        let last = self.before(at);
        (matches!(last, b'd' | b'D' | b's' | b'S' | b't' | b'l' | b'i' | b'u' | b' ') || last >= 0x80)
            && matches!(self.byte(at + 1), b' ' | b'!'..=b'~')
            && self.shows_bare_domains(at)
    }

    fn ipv6(&mut self, at: usize) {
        let start = self.left(at, 5, self.colons_done, &HEX_COLON);
        let end = self.right(at, 48, &HEX_COLON);
        self.colons_done = end;
        let glued = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
        let text = &self.text[start..end];
        let text = text.strip_suffix(b".").unwrap_or(text);
        let text = if text.ends_with(b"::") { text } else { text.strip_suffix(b":").unwrap_or(text) };
        if glued(self.before(start)) || (end - start == text.len() && glued(self.byte(end))) {
            return;
        }
        if let Some(address) = host::ipv6(text) {
            let verdict = Verdict::unverifiable(SelectorType::Ipv6, address.to_string(), "parses as RFC 4291 text");
            self.hits.push(verdict.at(start, start + text.len()));
            self.host_done = self.host_done.max(start + text.len());
        }
    }

    fn url(&mut self, colon: usize) -> Option<usize> {
        let start = self.scheme_start(colon)?;
        let body = colon + 3;
        if body >= self.url_end {
            self.url_end = self.right(body, URL, &URL_BYTE);
            self.url_depth = 0;
        } else {
            self.url_depth += 1;
        }
        if self.url_depth > NESTED_URLS {
            return None;
        }
        let authority_end = body + self.text[body..self.url_end].iter().take(HOST).position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or((self.url_end - body).min(HOST));
        let end = self.trim_url(body, self.url_stop(authority_end));
        if end <= body || !self.text[body..end].iter().any(u8::is_ascii_alphanumeric) {
            return None;
        }
        // With brackets in its host it is read back as a whole, and only that is the address.
        if self.is_inner || !defang::has_bracketed_dot(&self.text[body..authority_end.min(end)]) {
            self.push_url(start, colon, authority_end.min(end), end);
        }
        self.url_host(body, authority_end.min(end));
        Some(body)
    }

    /// A URL of the text ends where a tag parts it from what follows its host.
    fn url_stop(&self, authority_end: usize) -> usize {
        let joints = self.flat.joints_in(authority_end.saturating_sub(1), self.url_end);
        joints.iter().find(|j| j.parts).map_or(self.url_end, |j| j.at as usize)
    }

    /// Sentence signs at the end are not part of it, nor a bracket that was opened before it.
    fn trim_url(&self, start: usize, end: usize) -> usize {
        let count = |sign: u8| memchr::memchr_iter(sign, &self.text[start..end]).count();
        let mut unopened = count(b')').saturating_sub(count(b'('));
        let mut end = end;
        while end > start {
            match self.text[end - 1] {
                b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'*' | b']' => {}
                b')' if unopened > 0 => unopened -= 1,
                _ => break,
            }
            end -= 1;
        }
        end
    }

    fn scheme_start(&self, colon: usize) -> Option<usize> {
        let start = self.left(colon, 16, 0, &SCHEME_BYTE);
        let scheme = self.text[start..colon].to_ascii_lowercase();
        // Letters of a sentence may be glued before a well-known scheme.
        let known = KNOWN_SCHEMES.iter().find(|known| scheme.ends_with(known));
        match known {
            Some(known) => Some(colon - known.len()),
            None => (scheme.len() >= 2 && scheme[0].is_ascii_alphabetic()).then_some(start),
        }
    }

    fn push_url(&mut self, start: usize, colon: usize, authority_end: usize, end: usize) {
        let scheme = ascii_lower(&self.text[start..colon]);
        let (scheme, note) = match scheme.strip_prefix("hxxp") {
            Some(rest) => (format!("http{rest}"), "; refanged from hxxp"),
            None => (scheme, ""),
        };
        let authority = ascii_lower(&self.text[colon..authority_end]);
        let value = format!("{scheme}{authority}{}", ascii(&self.text[authority_end..end]));
        if let Some(login) = secrets::one_time(&value) {
            // No second reading as a URL: it would show what is masked here.
            self.hits.push(login.at(start, end));
            return;
        }
        let cut = if end - start >= URL { "; longer than 4096 bytes, cut" } else { "" };
        let reason = format!("scheme and host{note}{cut}");
        let link = self.telegram_scheme(start, end, &value);
        self.hits.extend(link);
        self.hits.push(Verdict::unverifiable(SelectorType::Url, value, reason).at(start, end));
    }

    /// `tg://resolve?domain=name`.
    fn telegram_scheme(&self, start: usize, end: usize, value: &str) -> Option<Hit> {
        let name = value.strip_prefix("tg://resolve?domain=")?.split('&').next()?;
        is_telegram_name(name.as_bytes()).then(|| {
            Verdict::unverifiable(SelectorType::Telegram, name.to_ascii_lowercase(), "name in a Telegram link; carries no checksum")
                .at(start, end)
        })
    }

    /// The host of a URL is a selector of its own.
    fn url_host(&mut self, body: usize, end: usize) {
        let start = self.text[body..end].iter().rposition(|b| *b == b'@').map_or(body, |i| body + i + 1);
        let stop = self.right(start, end - start, &HOST_BYTE);
        if start < self.host_done || stop == start {
            return;
        }
        self.host_done = stop;
        if self.text[start..stop].iter().any(u8::is_ascii_alphabetic) {
            self.named_host(start, stop, Around::Scheme);
        } else {
            self.ipv4(start, stop, Around::Scheme);
        }
    }
}
