//! Dots: hosts, onion and I2P names, IPv4, Matrix rooms, and what of it is no domain.

use super::{Around, HOST, HOST_BYTE, LOCAL_BYTE, LOCAL_PART, Pass, WORD};
use crate::flat::Zone;
use crate::verdict::{Verdict, ascii, ascii_lower};
use crate::{defang, host, i2p, onion};
use model::selector::SelectorType;

impl Pass<'_> {

    pub(super) fn dot(&mut self, at: usize) -> usize {
        if !self.is_inner && at >= self.brackets_done && self.is_parted_dot(at) {
            self.parted_dot(at);
            return at + 1;
        }
        if !WORD[self.before(at) as usize] || !self.byte(at + 1).is_ascii_alphanumeric() || at < self.host_done {
            return at + 1;
        }
        let mut start = self.left(at, HOST, self.host_done, &HOST_BYTE);
        if let Some(joint) = self.flat.joints_in(start, at).iter().rfind(|j| j.parts)
            && !self.is_onion_over(joint.at as usize, at)
        {
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

    /// Whether a label of `.onion` is cut by a tag at `joint`, and its checksum holds when the pieces are joined.
    fn is_onion_over(&self, joint: usize, dot: usize) -> bool {
        let start = self.left(dot, 56, 0, &WORD);
        start < joint
            && self.text[dot + 1..].get(..5).is_some_and(|suffix| suffix.eq_ignore_ascii_case(b"onion"))
            && onion::judge_label(&self.text[start..dot]).is_some_and(|verdict| verdict.is_verified())
    }

    /// `a . com` or `a\.com`.
    fn is_parted_dot(&self, at: usize) -> bool {
        match self.before(at) {
            b'\\' => self.byte(at + 1).is_ascii_alphanumeric() && at >= 2 && self.text[at - 2].is_ascii_alphanumeric(),
            b' ' => self.byte(at + 1) == b' ' && self.byte(at + 2).is_ascii_alphanumeric() && at >= 2 && self.text[at - 2].is_ascii_alphanumeric(),
            _ => false,
        }
    }

    fn parted_dot(&mut self, at: usize) {
        let refanged = match self.before(at) {
            b' ' => defang::spaced(self.text, at - 1),
            _ if matches!(self.zone(at), Zone::Code) => None,
            _ => defang::read(self.text, at - 1, self.brackets_done),
        };
        if let Some(refanged) = refanged {
            self.refanged(refanged);
        }
    }

    /// `//host` in an attribute is a link without a scheme.
    fn after_slashes(&self, start: usize) -> bool {
        start >= 2 && self.text[..start].ends_with(b"//") && matches!(self.zone(start), Zone::Attribute { .. })
    }

    pub(super) fn named_host(&mut self, start: usize, end: usize, around: Around) {
        let name = &self.text[start..end];
        if self.before(start) == b':' && !matches!(self.zone(start), Zone::Code) {
            self.matrix(start, end);
        }
        if memchr::memmem::find(name, b".i2p").or_else(|| memchr::memmem::find(name, b".I2P")).is_some() && self.i2p(start, end) {
            return;
        }
        if memchr::memmem::find(name, b".onion").or_else(|| memchr::memmem::find(name, b".ONION")).is_some()
            && self.onion(start, end)
        {
            return;
        }
        self.domain(start, end, around);
    }

    /// `name.i2p`, `….b32.i2p`.
    fn i2p(&mut self, start: usize, end: usize) -> bool {
        let lower = ascii_lower(&self.text[start..end]);
        let Some(length) = lower.match_indices(".i2p").map(|(at, _)| at + 4)
            .find(|stop| !lower[*stop..].starts_with(|c: char| c.is_ascii_alphanumeric())) else { return false };
        let Some((skipped, verdict)) = i2p::judge(&lower[..length]) else { return false };
        if self.allows(&verdict, start + skipped, start + length) {
            self.hits.push(verdict.at(start + skipped, start + length));
        }
        true
    }

    /// `@user:host`, `#room:host`, `!id:host`, of which the host begins at `start`.
    fn matrix(&mut self, start: usize, end: usize) {
        let colon = start - 1;
        let local_at = self.text[colon.saturating_sub(100)..colon].iter()
            .rposition(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'=' | b'-' | b'/' | b'+')))
            .map_or(colon, |i| colon.saturating_sub(100) + i + 1);
        let Some(at) = local_at.checked_sub(1).filter(|_| local_at < colon) else { return };
        let what = match self.text[at] {
            b'@' => "user",
            b'#' => "room",
            b'!' => "room by number",
            _ => return,
        };
        let Some(stop) = self.domain_end(start, end).filter(|_| !LOCAL_BYTE[self.before(at) as usize]) else { return };
        let value = format!("{}{}", ascii(&self.text[at..start]), ascii_lower(&self.text[start..stop]));
        let reason = format!("shape of a Matrix {what} at a host with a listed suffix; carries no checksum");
        self.hits.push(Verdict::unverifiable(SelectorType::Matrix, value, reason).at(at, stop));
    }

    pub(super) fn onion(&mut self, start: usize, end: usize) -> bool {
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
    pub(super) fn domain_end(&self, start: usize, end: usize) -> Option<usize> {
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
            || self.goes_on(start, end)
            || !self.shows_bare_domains(start)
            || (host::looks_unlike_domain(&self.text[start..end]).is_some() && !host_follows)
            || self.is_local_part(end)
    }

    /// `obj.data.items`: more labels follow, and the suffix that was found in the middle is a word of programs.
    fn goes_on(&self, start: usize, end: usize) -> bool {
        let suffix = self.text[start..end].rsplit(|b| *b == b'.').next().unwrap_or_default();
        suffix.len() >= 4 && self.byte(end) == b'.' && self.byte(end + 1).is_ascii_lowercase() && self.flat.joints_in(end - 1, end + 2).is_empty()
    }

    /// In scripts, style sheets and working attributes a dotted word is a program's, not a person's.
    pub(super) fn shows_bare_domains(&self, at: usize) -> bool {
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

    pub(super) fn ipv4(&mut self, start: usize, end: usize, around: Around) {
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

}
