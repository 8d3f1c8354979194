//! Words, and groups of words: coin addresses and keys, bare onions, numbers with check digits, hex
//! digits, national telephone numbers, armour; addresses that a line break cut in two.

use super::{BASE64, CONTEXT, FINGERPRINT_CUES, Pass, WORD, says};
use crate::flat::Zone;
use crate::verdict::{Keep, Verdict, Words, ascii};
use crate::{coins, defang, fold, hexes, numbers, onion, pgp, secrets, seed};
use model::selector::{SelectorState, SelectorType};

/// More pieces than this are not tried in every combination.
const PIECES: usize = 5;
/// Longest address that may be cut by line breaks.
const LONGEST_BROKEN: usize = 125;
/// The same for Lightning invoices and unified addresses of Zcash, which have a beginning of their own.
const LONGEST_BROKEN_INVOICE: usize = 640;

impl Pass<'_> {
    /// Judges the word that ends at `end`; returns how far the text is read.
    pub(super) fn word(&mut self, start: usize, end: usize) -> usize {
        let word = &self.text[start..end];
        match word.len() {
            8 | 10 => self.short_hex(start, end),
            4 | 6 if start >= 5 => {
                let past = self.groups(start, end);
                if past > end {
                    return past;
                }
            }
            length if length >= 26 || (length >= 14 && coins::is_short_address(word)) => self.long_word(start, end),
            14..=25 => self.middling_word(start, end),
            _ => {}
        }
        if self.region.is_some() && self.text[start].is_ascii_digit() {
            return self.national_number(start, end);
        }
        end
    }

    /// Reports a verdict when its place allows it.
    fn admit(&mut self, verdict: Verdict, start: usize, end: usize) {
        if self.allows(&verdict, start, end) {
            self.hits.push(verdict.at(start, end));
        }
    }

    pub(super) fn allows(&self, verdict: &Verdict, start: usize, end: usize) -> bool {
        match verdict.keep {
            Keep::Always => true,
            Keep::Alone => self.stands_alone(start, end),
            Keep::Shown(cues) => self.stands_alone(start, end) && (self.is_shown(start) || self.near(start, end, cues)),
            Keep::Near(cues) => self.near(start, end, cues),
        }
    }

    /// Whether a person sees it, or was meant to.
    fn is_shown(&self, at: usize) -> bool {
        match self.zone(at) {
            Zone::Text => true,
            Zone::Comment => self.left(at, 64, 0, &BASE64) + 40 > at,
            _ => false,
        }
    }

    /// Whether one of these words stands near, in the same part of the document or in its name.
    pub(super) fn near(&self, start: usize, end: usize, words: &Words) -> bool {
        let floor = self.flat.zone_start(start).max(start.saturating_sub(CONTEXT));
        let ceiling = self.flat.zone_end(start).min(end + CONTEXT / 2).max(end);
        words.stand_in(&self.text[floor..start])
            || words.stand_in(&self.text[end..ceiling])
            || matches!(self.zone(start), Zone::Attribute { name: (from, to) } if words.stand_in(&self.raw[*from as usize..*to as usize]))
    }

    /// Base64 is full of words with the shape of an address: the word is no stretch of something longer.
    fn stands_alone(&self, start: usize, end: usize) -> bool {
        let glued = |b: u8| matches!(b, b'+' | b'_' | b'-');
        !glued(self.before(start)) && !glued(self.byte(end)) && self.byte(end) != b'='
            && start - self.left(start, 64, 0, &BASE64) < 32
            && self.right(end, 64, &BASE64) - end < 32
    }

    fn long_word(&mut self, start: usize, end: usize) {
        let start = self.with_network(start, end);
        if self.text[..start].ends_with(b"BM-") {
            return;
        }
        if let Some(at) = self.cash_prefix(start) {
            let verdict = coins::judge_cash(&self.text[start..end]);
            if let Some(verdict) = verdict {
                self.hits.push(verdict.at(at, end));
                return;
            }
        }
        let whole = self.judge_word(start, end);
        let verified = whole.as_ref().is_some_and(Verdict::is_verified);
        if !verified && (self.pieces(start, end) || self.broken_lines(start, end)) {
            return;
        }
        if let Some(verdict) = whole {
            self.admit(verdict, start, end);
        }
        if !verified {
            self.bitmessage_slip(start, end);
            self.base64_ton(start, end);
            self.numbers(start, end);
            self.bare_fingerprint(start, end);
        }
    }

    /// `addr_test1…`: the underscore parts words, and belongs to the prefix here.
    fn with_network(&self, start: usize, end: usize) -> usize {
        let before = &self.text[..start];
        if !self.text[start..end].starts_with(b"test1") {
            start
        } else if before.ends_with(b"stake_") {
            start - 6
        } else if before.ends_with(b"addr_") {
            start - 5
        } else {
            start
        }
    }

    fn cash_prefix(&self, start: usize) -> Option<usize> {
        let at = start.checked_sub(12)?;
        self.text[at..start].eq_ignore_ascii_case(b"bitcoincash:").then_some(at)
    }

    fn middling_word(&mut self, start: usize, end: usize) {
        if !self.broken_lines(start, end) {
            self.base64_ton(start, end);
            self.numbers(start, end);
        }
    }

    /// Account numbers, cards, devices, hex digits.
    fn numbers(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
        if digits == word.len() {
            if digits <= 20 {
                self.digits(start, end, word, false);
            }
        } else if digits >= 2 {
            if let Some(verdict) = numbers::lei(word) {
                self.admit(verdict, start, end);
            }
            if let Some(verdict) = numbers::iban(word, false) {
                self.admit(verdict, start, end);
            }
        }
        for verdict in hexes::judge(&self.text[start..end]) {
            self.admit(verdict, start, end);
        }
    }

    /// A run of digits without signs, which stood at `start..end`.
    fn digits(&mut self, start: usize, end: usize, digits: &[u8], grouped: bool) -> bool {
        let before = self.hits.len();
        let glued = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if glued(self.before(start)) || glued(self.byte(end)) || (self.byte(end) == b'.' && self.byte(end + 1).is_ascii_digit()) {
            return false;
        }
        for verdict in [numbers::card(digits, grouped), numbers::imei(digits), numbers::iccid(digits)].into_iter().flatten() {
            self.admit(verdict, start, end);
        }
        self.hits.len() > before
    }

    fn short_hex(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        let digits = word.strip_prefix(b"0x").unwrap_or(word);
        if digits.len() != 8 || !digits.iter().all(u8::is_ascii_hexdigit) || digits.iter().all(u8::is_ascii_digit) && digits.len() == word.len() {
            return;
        }
        for verdict in hexes::judge(word) {
            self.admit(verdict, start, end);
        }
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

    /// Forty-eight letters of base64url have ended.
    pub(super) fn ton(&mut self, start: usize, end: usize) {
        if let Some(verdict) = coins::ton(&self.text[start..end]) {
            self.admit(verdict, start, end);
        }
    }

    /// TON in plain base64: `+` and `/` part words.
    fn base64_ton(&mut self, start: usize, end: usize) {
        let part = |b: u8| matches!(b, b'+' | b'/');
        if !part(self.before(start)) && !part(self.byte(end)) {
            return;
        }
        let (from, to) = (self.left(start, 64, 0, &BASE64), self.right(end, 64, &BASE64));
        if to - from == 48 {
            let verdict = coins::ton(&self.text[from..to]).filter(Verdict::is_verified);
            self.hits.extend(verdict.map(|v| v.at(from, to)));
        }
    }

    /// `BM` and a wrong sign before a sound body.
    fn bitmessage_slip(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        if word.starts_with(b"BM") && (34..=41).contains(&word.len()) && coins::bitmessage_holds(&word[3..]) {
            let reason = "a Bitmessage address begins with BM-; what follows carries a sound checksum";
            self.hits.push(Verdict::failed(SelectorType::Bitmessage, ascii(word), reason).at(start, end));
        }
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

    // Groups.

    /// Two groups have ended: of four (fingerprints, accounts, cards), or four and six, or six and six.
    fn groups(&mut self, start: usize, end: usize) -> usize {
        let first = start - 5;
        if end - start == 4 {
            if let Some((length, verdict)) = pgp::grouped_fingerprint(&self.text[first..]) {
                self.hits.push(verdict.at(first, first + length));
                return first + length;
            }
            if let Some(past) = self.grouped_account(first) {
                return past;
            }
        }
        if self.text[end - 1].is_ascii_digit() && self.text[start].is_ascii_digit() { self.grouped_digits(start, end) } else { end }
    }

    /// An IBAN in fours, parted by one space or dash each.
    fn grouped_account(&mut self, start: usize) -> Option<usize> {
        let text = self.text;
        let country = &text[start..start + 2];
        if !country.iter().all(u8::is_ascii_uppercase) || !text[start + 2..start + 4].iter().all(u8::is_ascii_digit) || self.before(start).is_ascii_alphanumeric() {
            return None;
        }
        let wanted = numbers::iban_length(country)?;
        let (mut at, mut word) = (start, Vec::with_capacity(34));
        while word.len() < wanted {
            if !word.is_empty() && word.len() % 4 == 0 {
                matches!(text.get(at)?, b' ' | b'-').then_some(())?;
                at += 1;
            }
            word.push(*text.get(at).filter(|b| b.is_ascii_alphanumeric())?);
            at += 1;
        }
        if self.byte(at).is_ascii_alphanumeric() {
            return None;
        }
        let verdict = numbers::iban(&word, true)?;
        self.admit(verdict, start, at);
        Some(at)
    }

    /// Groups of digits around two of them, parted by the same sign.
    fn grouped_digits(&mut self, start: usize, end: usize) -> usize {
        let sign = self.before(start);
        if !matches!(sign, b' ' | b'-') {
            return end;
        }
        let text = self.text;
        let (mut from, mut to) = (start, end);
        while from >= 2 && end - from < 32 && text[from - 1] == sign && text[from - 2].is_ascii_digit() {
            from -= 1;
            from -= text[..from].iter().rev().take(20).take_while(|b| b.is_ascii_digit()).count();
        }
        while to - start < 32 && self.byte(to) == sign && self.byte(to + 1).is_ascii_digit() {
            to += 1;
            to += text[to..].iter().take(20).take_while(|b| b.is_ascii_digit()).count();
        }
        if matches!(self.before(from), b'+' | b'.' | b',' | b'/') {
            return end;
        }
        let sizes: Vec<usize> = text[from..to].split(|b| *b == sign).map(<[u8]>::len).collect();
        let digits: Vec<u8> = text[from..to].iter().copied().filter(u8::is_ascii_digit).collect();
        let embossed = matches!(sizes[..], [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 2 | 3] | [6, 13]);
        if (13..=20).contains(&digits.len()) && sizes.len() >= 3 && self.digits(from, to, &digits, embossed) { to } else { end }
    }

    // Line breaks.

    /// An address that a line break cut: its pieces are joined when their checksum then holds, and only
    /// then. True when one was found.
    fn broken_lines(&mut self, start: usize, end: usize) -> bool {
        let (before, after) = (self.lines_before(start), self.lines_after(end));
        if before.is_empty() && after.is_empty() {
            return false;
        }
        let mut ranges: Vec<(usize, usize)> = before.iter().rev().copied().collect();
        let own = ranges.len();
        ranges.push((start, end));
        ranges.extend(after);
        for first in 0..=own {
            for last in (own..ranges.len()).rev().filter(|last| *last > first) {
                if let Some(found) = self.joined(&ranges[first..=last]) {
                    self.hits.push(found);
                    return true;
                }
            }
        }
        false
    }

    fn joined(&self, ranges: &[(usize, usize)]) -> Option<crate::verdict::Hit> {
        let total: usize = ranges.iter().map(|(from, to)| to - from).sum();
        let most = if is_long_kind(&self.text[ranges[0].0..ranges[0].1]) { LONGEST_BROKEN_INVOICE } else { LONGEST_BROKEN };
        if !(26..=most).contains(&total) {
            return None;
        }
        let word: Vec<u8> = ranges.iter().flat_map(|(from, to)| &self.text[*from..*to]).copied().collect();
        let (start, mut end) = (ranges[0].0, ranges[ranges.len() - 1].1);
        let mut verdict = coins::judge(&word).or_else(|| onion::judge_bare_word(&word)).filter(Verdict::is_verified)?;
        if verdict.kind == SelectorType::OnionV3 && self.text[end..].starts_with(b".onion") {
            verdict = onion::judge_label(&word)?;
            end += 6;
        }
        verdict.steps.push("joined over a line break, which the checksum bears out".to_owned());
        verdict.reason = format!("{}; joined over a line break", verdict.reason).into();
        Some(verdict.at(start, end))
    }

    /// Whole lines of one word each that end where this word begins, nearest first.
    fn lines_before(&self, start: usize) -> Vec<(usize, usize)> {
        let (mut found, mut at) = (Vec::new(), start);
        while found.len() < 3 {
            let gap = self.text[..at].iter().rev().take(8).take_while(|b| is_line_space(**b)).count();
            let end = at - gap;
            if !self.text[end..at].contains(&b'\n') || !self.is_line_break(end, at) {
                break;
            }
            let from = self.left(end, LONGEST_BROKEN_INVOICE, 0, &WORD);
            if from == end || end - from >= LONGEST_BROKEN_INVOICE {
                break;
            }
            found.push((from, end));
            at = from;
        }
        found
    }

    fn lines_after(&self, end: usize) -> Vec<(usize, usize)> {
        let (mut found, mut at) = (Vec::new(), end);
        while found.len() < 3 {
            let gap = self.text[at..].iter().take(8).take_while(|b| is_line_space(**b)).count();
            let from = at + gap;
            if !self.text[at..from].contains(&b'\n') || !self.is_line_break(at, from) {
                break;
            }
            let to = self.right(from, LONGEST_BROKEN_INVOICE, &WORD);
            if to == from || to - from >= LONGEST_BROKEN_INVOICE {
                break;
            }
            found.push((from, to));
            at = to;
        }
        found
    }

    /// Whether what parts two pieces is a line break in the raw bytes too: white space, `<br>`, `<wbr>`;
    /// not the edge of a cell or of another part of the document.
    fn is_line_break(&self, from: usize, to: usize) -> bool {
        if from == 0 || to >= self.text.len() || self.flat.zone_end(from - 1) <= to {
            return false;
        }
        let (raw_from, raw_to) = (self.flat.raw_range(from - 1, from).1, self.flat.raw_range(to, to + 1).0);
        let Some(mut raw) = self.raw.get(raw_from..raw_to) else { return false };
        loop {
            raw = raw.trim_ascii_start();
            // Escapes of a JSON string.
            while let Some(rest) = [b"\\n", b"\\r", b"\\t"].into_iter().find_map(|escape| raw.strip_prefix(escape)) {
                raw = rest.trim_ascii_start();
            }
            let Some(rest) = raw.strip_prefix(b"<") else { return raw.is_empty() };
            let lower = rest[..rest.len().min(4)].to_ascii_lowercase();
            if !(lower.starts_with(b"br") && !lower.get(2).is_some_and(u8::is_ascii_alphabetic) || lower.starts_with(b"wbr")) {
                return false;
            }
            let Some(close) = memchr::memchr(b'>', rest) else { return false };
            raw = &rest[close + 1..];
        }
    }

    // Telephone numbers.

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

    pub(super) fn plus(&mut self, at: usize) -> usize {
        let opens = self.byte(at + 1).is_ascii_digit() || self.byte(at + 1) == b'(';
        if !opens || self.before(at).is_ascii_alphanumeric() || self.before(at) == b'+' {
            return at + 1;
        }
        let most = self.text.len().min(at + 40);
        let Some((length, verdict)) = self.phones.judge(&self.text[at..most], None) else { return at + 1 };
        self.hits.push(verdict.at(at, at + length));
        at + length
    }

    // Dashes: armour, vulnerabilities, Bitmessage.

    pub(super) fn dash(&mut self, at: usize) -> usize {
        if self.byte(at + 1) != b'-' {
            if self.before(at).eq_ignore_ascii_case(&b'E') {
                self.vulnerability(at);
            }
            self.bitmessage(at);
            return at + 1;
        }
        let armour = &self.text[at..self.flat.zone_end(at)];
        if let Some((length, verdict)) = secrets::pem(armour) {
            self.hits.push(verdict.at(at, at + length));
            return at + length;
        }
        let Some(block) = pgp::block(armour) else { return at + 1 };
        let end = at + block.length;
        self.hits.push(block.verdict.at(at, end));
        self.hits.extend(block.fingerprint.map(|verdict| verdict.at(at, end)));
        end
    }

    /// `CVE-2024-12345`: a year from 1999 on and four to seven digits.
    fn vulnerability(&mut self, at: usize) {
        let Some(start) = at.checked_sub(3).filter(|start| self.text[*start..at].eq_ignore_ascii_case(b"CVE")) else { return };
        let rest = &self.text[at + 1..self.text.len().min(at + 14)];
        let digits = rest.get(5..).map_or(0, |rest| rest.iter().take_while(|b| b.is_ascii_digit()).count());
        let Some(year) = rest.get(..4).filter(|year| year.iter().all(u8::is_ascii_digit) && rest[4..].first() == Some(&b'-')) else { return };
        let end = at + 6 + digits;
        let glued = self.before(start).is_ascii_alphanumeric() || self.byte(end).is_ascii_alphanumeric();
        if glued || !(4..=7).contains(&digits) || !(b"1999".as_slice()..=b"2099").contains(&year) {
            return;
        }
        let value = ascii(&self.text[start..end].to_ascii_uppercase());
        self.hits.push(Verdict::unverifiable(SelectorType::Cve, value, "year and number of a CVE record; no list was asked").at(start, end));
    }

    fn bitmessage(&mut self, at: usize) {
        let end = self.right(at + 1, 40, &WORD);
        let body = &self.text[at + 1..end];
        let Some(start) = at.checked_sub(2).filter(|_| (30..=38).contains(&body.len())) else { return };
        let (kind, value) = (SelectorType::Bitmessage, ascii(&self.text[start..end]));
        let is_prefix = self.text[start..at] == *b"BM";
        let verdict = match (is_prefix, coins::bitmessage_holds(body)) {
            (true, true) => Verdict::verified(kind, value, "double SHA-512 checksum holds"),
            (true, false) => Verdict::failed(kind, value, "double SHA-512 checksum does not hold; shape of a Bitmessage address"),
            (false, true) => Verdict::failed(kind, value, "a Bitmessage address begins with BM-; what follows carries a sound checksum"),
            (false, false) => return,
        };
        self.hits.push(verdict.at(start, end));
    }

    // Text that must be read back first.

    pub(super) fn bracket(&mut self, at: usize) -> usize {
        if !self.is_inner && at >= self.brackets_done
            && let Some(refanged) = defang::read(self.text, at, self.brackets_done)
        {
            self.refanged(refanged);
        }
        at + 1
    }

    pub(super) fn refanged(&mut self, refanged: defang::Refanged) {
        self.brackets_done = refanged.end;
        let mut inner = Pass::new(&refanged.flat, self.text, None, self.phones);
        inner.is_inner = true;
        for hit in inner.run() {
            let (from, to) = refanged.flat.raw_range(hit.start, hit.end);
            if to - from != hit.end - hit.start {
                let mut verdict = hit.verdict;
                let step = format!("refanged from {:?}", String::from_utf8_lossy(&self.text[from..to]));
                verdict.reason = format!("{}; {step}", verdict.reason).into();
                verdict.steps.push(step);
                self.hits.push(verdict.at(from, to));
                self.host_done = self.host_done.max(to);
            }
        }
    }

    /// Stretches with look-alike letters or local digits, read as what they are taken for.
    pub(super) fn folded(&mut self) {
        for folded in fold::stretches(self.text) {
            let mut inner = Pass::new(&folded.flat, self.text, self.region, self.phones);
            inner.is_folding = true;
            for hit in inner.run() {
                let (from, to) = folded.flat.raw_range(hit.start, hit.end);
                let Some(first) = folded.first_in(from, to).filter(|_| folded.touches(from, to)) else { continue };
                if !self.may_be_folded(hit.verdict.kind, from, first) {
                    continue;
                }
                let mut verdict = hit.verdict;
                let what = match verdict.state {
                    SelectorState::Verified => "verified after folding",
                    _ => "read after folding",
                };
                verdict.reason = format!("{what}: {}", verdict.reason).into();
                verdict.steps.splice(0..0, folded.steps());
                self.hits.push(verdict.at(from, to));
            }
        }
    }

    /// A path may be written in another script; a host may not, here.
    fn may_be_folded(&self, kind: SelectorType, start: usize, first: usize) -> bool {
        let in_path = |start: usize| self.text[start..first].windows(2).any(|pair| pair[1] == b'/' && pair[0] != b'/' && pair[0] != b':');
        kind != SelectorType::Url || !in_path(start)
    }

    /// Hosts whose dots are written as words.
    pub(super) fn dot_words(&mut self) {
        let text = self.text;
        for word in [b" dot ".as_slice(), b" DOT ", b" Dot "] {
            let mut done = 0;
            for at in memchr::memmem::find_iter(text, word) {
                if at < done || !self.before(at).is_ascii_alphanumeric() {
                    continue;
                }
                if let Some(refanged) = defang::spaced(text, at) {
                    done = refanged.end;
                    self.refanged(refanged);
                }
            }
        }
        self.brackets_done = 0;
        self.host_done = 0;
    }

    pub(super) fn seed_phrases(&mut self) {
        let mut from = 0;
        while from < self.text.len() {
            let to = self.flat.zone_end(from).max(from + 1);
            if to - from >= seed::SHORTEST && !matches!(self.zone(from), Zone::Code) {
                let hits = seed::find(&self.text[from..to], |start, end| self.near(from + start, from + end, &seed::CUES));
                for hit in hits {
                    let (start, end) = (from + hit.start, from + hit.end);
                    self.admit(hit.verdict, start, end);
                }
            }
            from = to;
        }
    }
}

/// Whether a piece begins an invoice of Lightning or a unified address of Zcash.
fn is_long_kind(piece: &[u8]) -> bool {
    [b"ln".as_slice(), b"u1", b"utest1"].iter().any(|prefix| piece.get(..prefix.len()).is_some_and(|first| first.eq_ignore_ascii_case(prefix)))
}

/// White space around a line break, and the sign of a quoted line.
fn is_line_space(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | b' ' | b'\t' | b'>')
}
