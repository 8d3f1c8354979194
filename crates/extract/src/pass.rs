//! One pass over flattened text. A byte class decides in a step whether anything can begin here:
//! words, `@`, `.`, `:`, `+`, `-`, brackets; each anchor looks a bounded distance to both sides and
//! hands an exact candidate to a rule. All boundaries are ASCII, so a Thai or Cyrillic letter may
//! touch an address. Cost is linear in the text, whatever the text is (law 14).
//! Why not one large regular expression: the same candidates, but joints between tags could not be
//! weighed, and the bench shows what it costs.

use model::selector::{SelectorState, SelectorType};

use crate::flat::{Flat, Zone};
use crate::phone::{self, Region};
use crate::verdict::{Hit, Verdict, ascii, ascii_lower};
use crate::{coins, defang, host, onion, pgp};

/// Longest local part of a mail address (RFC 5321 §4.5.3.1.1).
const LOCAL_PART: usize = 64;
/// Longest host name that is looked at, with room for glued words.
const HOST: usize = 320;
/// Longest URL that is reported whole.
const URL: usize = 4096;
/// URLs inside a URL that are reported too (archives, redirectors).
const NESTED_URLS: u32 = 4;
/// How far before a word the words that give it a meaning may stand, in bytes.
const CONTEXT: usize = 64;
/// More pieces than this are not tried in every combination.
const PIECES: usize = 5;

/// Runs over one [`Flat`] and collects what it holds.
pub(crate) struct Pass<'a> {
    flat: &'a Flat<'a>,
    raw: &'a [u8],
    text: &'a [u8],
    region: Option<Region>,
    phones: &'a mut phone::Judge,
    hits: Vec<Hit>,
    host_done: usize,
    colons_done: usize,
    brackets_done: usize,
    url_end: usize,
    url_depth: u32,
}

/// A place to look at.
#[derive(Debug, Clone, Copy)]
struct Stop {
    at: usize,
    /// A word that is long, or that continues groups of four, ends here.
    word_ends: bool,
}

/// Whether the last bytes (one bit each, 1 for a letter or digit) end a word of 14 or more, or a second
/// group of four; or any word at all, when digits alone may be a telephone number.
fn is_word_of_interest(recent: u64, any_word: u64) -> bool {
    (recent & 0x3fff == 0x3fff) | (recent & 0x3ff == 0b01_1110_1111) | (recent & any_word != 0)
}

/// What stands around a dotted word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// Nothing that says it is a host.
    Nothing,
    /// A scheme or `//`.
    Scheme,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(flat: &'a Flat<'a>, raw: &'a [u8], region: Option<Region>, phones: &'a mut phone::Judge) -> Self {
        Pass {
            flat, raw, text: &flat.bytes, region, phones, hits: Vec::new(),
            host_done: 0, colons_done: 0, brackets_done: 0, url_end: 0, url_depth: 0,
        }
    }

    /// Every hit, in the order in which it was found.
    pub(crate) fn run(mut self) -> Vec<Hit> {
        let mut at = 0;
        while at < self.text.len() {
            let stop = self.next_stop(at);
            at = self.look(at, stop);
        }
        self.hits
    }

    /// The next byte at which something can begin, or at which a word worth a look has ended. One
    /// branch per byte: whether a byte belongs to a word is as good as random, and would be mispredicted.
    fn next_stop(&self, from: usize) -> Stop {
        let any_word = u64::from(self.region.is_some());
        let mut recent = 0u64;
        for (i, byte) in self.text[from..].iter().enumerate() {
            let class = CLASS[*byte as usize];
            let word_ends = (class != Class::Word) & is_word_of_interest(recent, any_word);
            if word_ends | ((class != Class::Word) & (class != Class::Other)) {
                return Stop { at: from + i, word_ends };
            }
            recent = recent << 1 | u64::from(class == Class::Word);
        }
        Stop { at: self.text.len(), word_ends: is_word_of_interest(recent, any_word) }
    }

    /// Looks at a stop; returns where to go on.
    fn look(&mut self, from: usize, stop: Stop) -> usize {
        let at = stop.at;
        if stop.word_ends {
            let start = self.left(at, at, from, &WORD);
            let past = self.word(start, at);
            if past > at {
                return past;
            }
        }
        match self.text.get(at).map_or(Class::Other, |b| CLASS[*b as usize]) {
            Class::Other | Class::Word => at + 1,
            Class::Dot => self.dot(at),
            Class::At => self.at_sign(at),
            Class::Colon => self.colon(at),
            Class::Plus => self.plus(at),
            Class::Dash => self.dash(at),
            Class::Bracket => self.bracket(at),
        }
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(b'\n')
    }

    fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(b'\n', |i| self.text[i])
    }

    /// Start of the run of `wanted` bytes that ends at `at`.
    fn left(&self, at: usize, most: usize, floor: usize, wanted: &[bool; 256]) -> usize {
        let floor = floor.max(at.saturating_sub(most)).min(at);
        self.text[floor..at].iter().rposition(|b| !wanted[*b as usize]).map_or(floor, |i| floor + i + 1)
    }

    /// End of the run of `wanted` bytes that starts at `at`.
    fn right(&self, at: usize, most: usize, wanted: &[bool; 256]) -> usize {
        let ceiling = self.text.len().min(at + most);
        self.text[at..ceiling].iter().position(|b| !wanted[*b as usize]).map_or(ceiling, |i| at + i)
    }

    fn context(&self, at: usize) -> String {
        ascii_lower(&self.text[at.saturating_sub(CONTEXT)..at])
    }

    fn zone(&self, at: usize) -> &Zone {
        self.flat.zone(at)
    }

    // Words: coin addresses, bare onions, fingerprints, national telephone numbers.

    /// Judges the word that ends at `end`; returns how far the text is read.
    fn word(&mut self, start: usize, end: usize) -> usize {
        let word = &self.text[start..end];
        if word.len() >= 26 || (word.len() >= 14 && has_segwit_prefix(word)) {
            self.long_word(start, end);
        } else if word.len() == 4 && start >= 5 {
            return self.hex_groups(start - 5, end);
        }
        if self.region.is_some() && word.first().is_some_and(u8::is_ascii_digit) {
            return self.national_number(start, end);
        }
        end
    }

    fn long_word(&mut self, start: usize, end: usize) {
        let whole = self.judge_word(start, end);
        if whole.as_ref().is_none_or(|v| !v.is_verified()) && self.pieces(start, end) {
            return;
        }
        if let Some(verdict) = whole.filter(|v| self.worth_keeping(v, start, end)) {
            self.hits.push(verdict.at(start, end));
        }
        self.bare_fingerprint(start, end);
    }

    /// Tries the pieces between joints; true when one of them is verified.
    fn pieces(&mut self, start: usize, end: usize) -> bool {
        let joints = self.flat.joints_in(start, end);
        if joints.is_empty() || joints.len() >= PIECES {
            return false;
        }
        let mut ends = vec![start];
        ends.extend(joints.iter().map(|j| j.at as usize));
        ends.push(end);
        let before = self.hits.len();
        for (i, from) in ends.iter().enumerate() {
            for to in &ends[i + 1..] {
                let verdict = self.judge_word(*from, *to);
                self.hits.extend(verdict.filter(Verdict::is_verified).map(|v| v.at(*from, *to)));
            }
        }
        self.hits.len() > before
    }

    fn judge_word(&self, start: usize, end: usize) -> Option<Verdict> {
        let word = &self.text[start..end];
        coins::judge(word).or_else(|| onion::judge_bare_word(word).filter(|_| !self.text[end..].starts_with(b".onion")))
    }

    /// Base64 is full of words with the shape of an address. A failure is kept when the word stands
    /// alone, not when it is a stretch of something longer.
    fn worth_keeping(&self, verdict: &Verdict, start: usize, end: usize) -> bool {
        let glued = |b: u8| matches!(b, b'+' | b'_' | b'-');
        if verdict.state != SelectorState::FailedChecksum || !matches!(verdict.kind, SelectorType::BtcBase58 | SelectorType::Tron) {
            return true;
        }
        !glued(self.before(start)) && !glued(self.byte(end)) && self.byte(end) != b'='
            && start - self.left(start, 64, 0, &BASE64) < 32
            && self.right(end, 64, &BASE64) - end < 32
    }

    /// Forty hex digits are a fingerprint when words before them say so; alone they are as often the
    /// name of a file or a commit.
    fn bare_fingerprint(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        let digits = word.strip_prefix(b"0x").unwrap_or(word);
        if !matches!(digits.len(), 40 | 64) || !digits.iter().all(u8::is_ascii_hexdigit) {
            return;
        }
        let context = self.context(start);
        let Some(cue) = FINGERPRINT_CUES.iter().find(|cue| says(&context, cue)) else { return };
        if digits.len() == 64 && *cue == "fingerprint" {
            return;
        }
        let reason = format!("{} hex digits after the word {cue:?}; carries no checksum", digits.len());
        let verdict = Verdict::unverifiable(SelectorType::PgpFingerprint, ascii(&digits.to_ascii_uppercase()), reason);
        self.hits.push(verdict.at(start, end));
    }

    /// Two words of four letters have been read; ten such groups of hex digits are a fingerprint.
    fn hex_groups(&mut self, start: usize, end: usize) -> usize {
        let Some((length, verdict)) = pgp::grouped_fingerprint(&self.text[start..]) else { return end };
        self.hits.push(verdict.at(start, start + length));
        start + length
    }

    fn national_number(&mut self, start: usize, end: usize) -> usize {
        let from = if self.before(start) == b'(' { start - 1 } else { start };
        let glued = |b: u8| b >= 0x80 || b.is_ascii_alphanumeric() || b"._,/-+:$#=&;".contains(&b);
        if glued(self.before(from)) {
            return end;
        }
        let most = self.text.len().min(from + 40);
        let Some((length, verdict)) = self.phones.judge(&self.text[from..most], self.region) else { return end };
        if self.byte(from + length).is_ascii_alphabetic() {
            return end;
        }
        self.hits.push(verdict.at(from, from + length));
        end.max(from + length)
    }

    fn plus(&mut self, at: usize) -> usize {
        let opens = self.byte(at + 1).is_ascii_digit() || self.byte(at + 1) == b'(';
        if !opens || self.before(at).is_ascii_alphanumeric() || self.before(at) == b'+' {
            return at + 1;
        }
        let most = self.text.len().min(at + 40);
        let Some((length, verdict)) = self.phones.judge(&self.text[at..most], None) else { return at + 1 };
        self.hits.push(verdict.at(at, at + length));
        at + length
    }

    fn dash(&mut self, at: usize) -> usize {
        if self.byte(at + 1) != b'-' {
            return at + 1;
        }
        let Some(block) = pgp::block(&self.text[at..self.flat.zone_end(at)]) else { return at + 1 };
        let end = at + block.length;
        self.hits.push(block.verdict.at(at, end));
        self.hits.extend(block.fingerprint.map(|verdict| verdict.at(at, end)));
        end
    }

    fn bracket(&mut self, at: usize) -> usize {
        if at < self.brackets_done {
            return at + 1;
        }
        let Some(refanged) = defang::read(self.text, at, self.brackets_done) else { return at + 1 };
        self.brackets_done = refanged.end;
        let mut inner = Pass::new(&refanged.flat, self.text, None, self.phones);
        inner.brackets_done = usize::MAX;
        for hit in inner.run() {
            let (from, to) = refanged.flat.raw_range(hit.start, hit.end);
            if to - from != hit.end - hit.start {
                let mut verdict = hit.verdict;
                verdict.reason = format!("{}; refanged from {:?}", verdict.reason, ascii(&self.text[from..to])).into();
                self.hits.push(verdict.at(from, to));
                self.host_done = self.host_done.max(to);
            }
        }
        at + 1
    }

    // Dots: hosts.

    fn dot(&mut self, at: usize) -> usize {
        if !WORD[self.before(at) as usize] || !self.byte(at + 1).is_ascii_alphanumeric() || at < self.host_done {
            return at + 1;
        }
        let mut start = self.left(at, HOST, self.host_done, &HOST_BYTE);
        if let Some(joint) = self.flat.joints_in(start, at).iter().rfind(|j| j.parts) {
            start = joint.at as usize;
        }
        let end = self.right(at, HOST, &HOST_BYTE);
        self.host_done = end;
        let around = if self.after_slashes(start) { Around::Scheme } else { Around::Nothing };
        if self.text[start..end].iter().any(u8::is_ascii_alphabetic) {
            self.named_host(start, end, around);
        } else {
            self.ipv4(start, end, around);
        }
        at + 1
    }

    /// `//host` in an attribute is a link without a scheme.
    fn after_slashes(&self, start: usize) -> bool {
        start >= 2 && self.text[..start].ends_with(b"//") && matches!(self.zone(start), Zone::Attribute { .. })
    }

    fn named_host(&mut self, start: usize, end: usize, around: Around) {
        let name = &self.text[start..end];
        if memchr::memmem::find(name, b".onion").or_else(|| memchr::memmem::find(name, b".ONION")).is_some()
            && self.onion(start, end)
        {
            return;
        }
        self.domain(start, end, around);
    }

    fn onion(&mut self, start: usize, end: usize) -> bool {
        let mut label_start = start;
        let mut previous: Option<(usize, usize)> = None;
        for label in self.text[start..end].split(|b| *b == b'.') {
            let label_end = label_start + label.len();
            if let (Some((from, to)), Some(suffix_end)) = (previous, self.onion_suffix(label_start, label_end)) {
                self.onion_label(from, to, suffix_end);
                return true;
            }
            previous = Some((label_start, label_end));
            label_start = label_end + 1;
        }
        false
    }

    /// End of the label `onion`, also when a joint parts it from the next word.
    fn onion_suffix(&self, start: usize, end: usize) -> Option<usize> {
        let label = &self.text[start..end];
        let is_onion = label.get(..5)?.eq_ignore_ascii_case(b"onion");
        let ends_here = label.len() == 5
            || !label[5].is_ascii_alphanumeric()
            || self.flat.joints_in(start, end).iter().any(|j| j.at as usize == start + 5);
        (is_onion && ends_here).then_some(start + 5)
    }

    fn onion_label(&mut self, start: usize, end: usize, suffix_end: usize) {
        let label = &self.text[start..end];
        // Glued to the word before it: "marketabcd….onion".
        let glued = label.len().checked_sub(56).filter(|extra| *extra > 0);
        let inner = glued.and_then(|extra| onion::judge_label(&label[extra..]).filter(Verdict::is_verified).map(|v| (extra, v)));
        if let Some((extra, mut verdict)) = inner {
            verdict.reason = format!("{}; other letters stand directly before it", verdict.reason).into();
            self.hits.push(verdict.at(start + extra, suffix_end));
        } else if let Some(verdict) = onion::judge_label(label) {
            self.hits.push(verdict.at(start, suffix_end));
        }
    }

    /// The valid domain at `start`: it ends where a joint parts it, or where a sentence is glued to it.
    fn domain_end(&self, start: usize, end: usize) -> Option<usize> {
        let text = self.text;
        let cut = |parting: bool| {
            self.flat.joints_in(start, end).iter().filter(move |j| j.parts == parting).map(|j| j.at as usize)
        };
        cut(true).find(|to| host::is_domain(&text[start..*to]))
            .or_else(|| Some(start + host::domain_length(&text[start..end])?))
            .or_else(|| cut(false).find(|to| host::is_domain(&text[start..*to])))
    }

    fn domain(&mut self, start: usize, end: usize, around: Around) {
        let text = self.text;
        let start = start + text[start..end].iter().take_while(|b| !b.is_ascii_alphanumeric()).count();
        let Some(stop) = self.domain_end(start, end) else { return };
        let name = &text[start..stop];
        if self.telegram_link(start, stop) || (around == Around::Nothing && self.is_no_domain(start, stop)) {
            return;
        }
        let reason = "labels are well formed and the suffix is on the public suffix list";
        self.hits.push(Verdict::unverifiable(SelectorType::Domain, ascii_lower(name), reason).at(start, stop));
    }

    /// Without a scheme, much that has the shape of a domain is something else.
    fn is_no_domain(&self, start: usize, end: usize) -> bool {
        let (before, after) = (self.before(start), self.byte(end));
        let host_follows = (after == b'/' || after == b':') && self.byte(end + 1).is_ascii_alphanumeric();
        start < self.url_end
            || matches!(before, b'@' | b'/' | b'\\' | b'$' | b'%' | b'#' | b'&' | b'=' | b'_' | b'~')
            || matches!(after, b'(' | b'@' | b'=' | b'[' | b'\\' | b'_')
            || !self.shows_bare_domains(start)
            || (host::looks_unlike_domain(&self.text[start..end]).is_some() && !host_follows)
            || self.is_local_part(end)
    }

    /// In scripts, style sheets and working attributes a dotted word is a program's, not a person's.
    fn shows_bare_domains(&self, at: usize) -> bool {
        match self.zone(at) {
            Zone::Text | Zone::Comment | Zone::TagName => true,
            Zone::Code => false,
            Zone::Attribute { name: (from, to) } => {
                let name = self.raw[*from as usize..*to as usize].to_ascii_lowercase();
                matches!(&*name, b"title" | b"alt" | b"content" | b"value" | b"placeholder" | b"label" | b"summary")
                    || name.starts_with(b"data-") || name.starts_with(b"aria-")
            }
        }
    }

    /// `john.me+shop@host`: the dotted word is the beginning of a mail address.
    fn is_local_part(&self, end: usize) -> bool {
        self.byte(self.right(end, LOCAL_PART, &LOCAL_BYTE)) == b'@'
    }

    fn ipv4(&mut self, start: usize, end: usize, around: Around) {
        let name = &self.text[start..end];
        let quad = name.trim_ascii_end().strip_suffix(b".").unwrap_or(name);
        let Some(address) = host::ipv4(quad) else { return };
        let before = self.before(start);
        let glued = matches!(before, b'/' | b'\\' | b'_' | b'+' | b'@') && !self.text[..start].ends_with(b"//");
        if around == Around::Nothing && (glued || start < self.url_end || self.is_version(start)) {
            return;
        }
        let reason = format!("four octets; {}", host::ipv4_range(address));
        let verdict = Verdict::unverifiable(SelectorType::Ipv4, address.to_string(), reason);
        self.hits.push(verdict.at(start, start + quad.len()));
    }

    fn is_version(&self, start: usize) -> bool {
        let words = ascii_lower(&self.text[start.saturating_sub(10)..start]);
        let words = words.trim_end_matches([' ', ':', '=', '"']);
        ["version", "ver", "ver.", "release", "build", "firmware"].iter().any(|word| words.ends_with(word))
    }

    // Signs: mail, Telegram names, URLs, IPv6.

    fn at_sign(&mut self, at: usize) -> usize {
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
        let reason = "RFC 5321 syntax and a listed public suffix; an XMPP address has the same shape; the letter case before @ is kept";
        self.hits.push(Verdict::unverifiable(SelectorType::Email, value, reason).at(start, stop));
        self.host_done = self.host_done.max(stop);
        if host.ends_with(".onion") {
            self.onion(at + 1, stop);
        }
        Some(stop)
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
    fn telegram_link(&mut self, start: usize, stop: usize) -> bool {
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

    fn colon(&mut self, at: usize) -> usize {
        if self.text[at + 1..].starts_with(b"//") {
            return self.url(at).unwrap_or(at + 1);
        }
        if at >= self.colons_done && (self.before(at).is_ascii_hexdigit() || self.before(at) == b':' || self.byte(at + 1) == b':') {
            self.ipv6(at);
        }
        at + 1
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
        self.push_url(start, colon, authority_end.min(end), end);
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

const FINGERPRINT_CUES: [&str; 6] = ["fingerprint", "openpgp", "pgp", "gpg", "key id", "отпечаток"];

/// A short cue must be a word of its own: three letters stand in every other address.
fn says(context: &str, cue: &str) -> bool {
    let mut words = context.split(|c: char| !c.is_alphanumeric());
    if cue.len() > 4 { context.contains(cue) } else { words.any(|word| word == cue) }
}

fn speaks_of_telegram(context: &str) -> bool {
    let is_word = |word: &str| context.split(|c: char| !c.is_alphanumeric()).any(|found| found == word);
    context.contains("telegram") || context.contains("телеграм") || context.contains("Телеграм") || is_word("tg") || is_word("тг")
}

fn is_telegram_name(name: &[u8]) -> bool {
    (4..=32).contains(&name.len()) && name[0].is_ascii_alphabetic() && name.iter().all(|b| NAME_BYTE[*b as usize])
}

/// First parts of Telegram paths that are no names.
fn is_telegram_word(name: &[u8]) -> bool {
    matches!(name, b"joinchat" | b"addstickers" | b"share" | b"proxy" | b"socks" | b"setlanguage" | b"addlist" | b"addemoji" | b"iv")
}

fn has_segwit_prefix(word: &[u8]) -> bool {
    let prefix = [word[0] | 0x20, word[1] | 0x20, word[2] | 0x20, word[3] | 0x20];
    (matches!(prefix, [b'b', b'c', ..] | [b't', b'b', ..]) && word[2] == b'1') || prefix == *b"bcrt"
}

const KNOWN_SCHEMES: [&[u8]; 14] = [
    b"https", b"http", b"hxxps", b"hxxp", b"sftp", b"ftps", b"ftp", b"wss", b"ircs", b"irc", b"socks5", b"socks4",
    b"magnet", b"ipfs",
];

/// What can begin at a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Other,
    Word,
    Dot,
    At,
    Colon,
    Plus,
    Dash,
    Bracket,
}

static CLASS: [Class; 256] = {
    let mut table = [Class::Other; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = match i as u8 {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => Class::Word,
            b'.' => Class::Dot,
            b'@' => Class::At,
            b':' => Class::Colon,
            b'+' => Class::Plus,
            b'-' => Class::Dash,
            b'[' | b'(' | b'{' => Class::Bracket,
            _ => Class::Other,
        };
        i += 1;
    }
    table
};

const fn letters_and(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 128 {
        table[i] = (i as u8).is_ascii_alphanumeric();
        i += 1;
    }
    let mut j = 0;
    while j < others.len() {
        table[others[j] as usize] = true;
        j += 1;
    }
    table
}

static HOST_BYTE: [bool; 256] = letters_and(b".-_");
static WORD: [bool; 256] = letters_and(b"");
/// Other characters of RFC 5321 (`= / ? & # ! $ * ^ { | } ~ '`) are legal in a local part, and in real
/// text far more often part it from what stands before it.
static LOCAL_BYTE: [bool; 256] = letters_and(b"._%+-");
static NAME_BYTE: [bool; 256] = letters_and(b"_");
static INVITE_BYTE: [bool; 256] = letters_and(b"_+-/");
static SCHEME_BYTE: [bool; 256] = letters_and(b"+-.");
static BASE64: [bool; 256] = letters_and(b"+/");
/// RFC 3986; other scripts end a URL, so that a Thai or Russian sentence may touch it.
static URL_BYTE: [bool; 256] = letters_and(b"-._~:/?#[]@!$&'()*+,;=%");
static HEX_COLON: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 128 {
        table[i] = (i as u8).is_ascii_hexdigit() || i as u8 == b':' || i as u8 == b'.';
        i += 1;
    }
    table
};
