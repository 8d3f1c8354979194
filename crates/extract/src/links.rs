//! Reads the links of a page, its words as a simhash, and hints of what it is; reads robots rules and sitemaps.
//!
//! Only what leads to another page is a link: `a`, `area`, `frame`, `iframe`, `link` to a next, previous or
//! canonical page, a refresh, `loc` of a sitemap. Never pictures, scripts, styles or forms: nothing that a browser
//! would load by itself, and nothing that says something to the server. References are given as written; `model::crawl`
//! resolves them. Pure, in one pass, in memory proportional to the links that are kept.

use std::collections::BTreeSet;

use memchr::{memchr, memmem};
use model::{
    Sha256Digest,
    crawl::{LONGEST_ADDRESS, Link, LinkKind, MOST_LINKS, MOST_RULES, Mark, PageRead, RobotRules},
};
use sha2::{Digest, Sha256};

/// The longest robots.txt that is read (RFC 9309 §2.5 asks for 500 KiB at least).
const LONGEST_ROBOTS: usize = 512 << 10;

/// Bytes of all links of one page together: what is told of a page travels in one piece.
const MOST_LINK_BYTES: usize = 1 << 20;

/// Reads a response's body. `address` and `media` decide how: robots.txt by its address, all else by its bytes.
///
/// ```
/// let page = extract::links::read(b"<a href='/b'>next</a><img src=/c>", "http://a.localhost/", Some("text/html"), Some(200));
/// assert_eq!(page.links.len(), 1);
/// assert_eq!(page.links[0].to, "/b");
/// ```
pub fn read(bytes: &[u8], address: &str, media: Option<&str>, status: Option<u16>) -> PageRead {
    let mut reader = Reader { bytes, at: 0, page: blank(bytes, status), words: Simhash::default(), kept_bytes: 0, scripted: false, captcha: false, password: false };
    let media = media.unwrap_or_default().to_ascii_lowercase();
    if is_robots(address) {
        reader.page.robots = Some(robots(bytes));
    } else if is_sitemap(bytes) {
        reader.sitemap();
    } else if media.contains("html") || (media.is_empty() || media.starts_with("text/")) && crate::html::looks_like_html(bytes) {
        reader.html();
    } else if media.starts_with("text/") || media.is_empty() {
        reader.words.text(bytes);
    }
    reader.finish()
}

fn blank(bytes: &[u8], status: Option<u16>) -> PageRead {
    PageRead {
        record: String::new(),
        status,
        payload: Sha256Digest::of(bytes),
        length: bytes.len() as u64,
        base: None,
        links: vec![],
        beyond: 0,
        words: 0,
        simhash: None,
        marks: vec![],
        robots: None,
        cut: false,
    }
}

fn is_robots(address: &str) -> bool {
    let path = address.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path);
    path == Some("robots.txt")
}

fn is_sitemap(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(2048)];
    memmem::find(head, b"<urlset").is_some() || memmem::find(head, b"<sitemapindex").is_some()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    page: PageRead,
    words: Simhash,
    kept_bytes: usize,
    scripted: bool,
    captcha: bool,
    password: bool,
}

impl<'a> Reader<'a> {
    fn finish(mut self) -> PageRead {
        let status = self.page.status;
        let marks = [
            (Mark::Captcha, self.captcha || self.words.seen_captcha),
            (Mark::LoginWall, self.password || status == Some(401)),
            (Mark::ProofOfWork, self.words.seen_proof_of_work || self.scripted && self.page.links.is_empty() && matches!(status, Some(403 | 503))),
        ];
        self.page.marks = marks.into_iter().filter(|(_, found)| *found).map(|(mark, _)| mark).collect();
        self.page.words = self.words.count;
        self.page.simhash = self.words.hash();
        self.page
    }

    fn find(&self, byte: u8, from: usize) -> usize {
        self.bytes.get(from..).and_then(|rest| memchr(byte, rest)).map_or(self.bytes.len(), |i| from + i)
    }

    fn html(&mut self) {
        while self.at < self.bytes.len() {
            let tag = self.find(b'<', self.at);
            self.words.text(&self.bytes[self.at..tag]);
            self.at = tag + 1;
            match self.bytes.get(self.at) {
                Some(b'!') if self.bytes[self.at..].starts_with(b"!--") => self.pass(b"-->"),
                Some(b'!' | b'?' | b'/') => self.at = self.find(b'>', self.at) + 1,
                Some(letter) if letter.is_ascii_alphabetic() => self.tag(),
                _ => {}
            }
            self.at = self.at.min(self.bytes.len());
        }
    }

    fn pass(&mut self, end: &[u8]) {
        self.at = memmem::find(&self.bytes[self.at..], end).map_or(self.bytes.len(), |i| self.at + i + end.len());
    }

    fn tag(&mut self) {
        let name = self.word(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'));
        let mut attributes = Attributes::default();
        while self.attribute(&mut attributes) {}
        self.understood(&name, attributes);
        if matches!(name.as_str(), "script" | "style") {
            self.scripted |= name == "script";
            self.past_closing(&name);
        }
    }

    /// The next bytes up to the first that ends them, as text in lower case; long ones are cut.
    fn word(&mut self, ends: impl Fn(u8) -> bool) -> String {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| ends(*b)).unwrap_or(rest.len());
        self.at += length;
        String::from_utf8_lossy(&rest[..length.min(32)]).to_ascii_lowercase()
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|b| !wanted(*b)).unwrap_or(rest.len());
    }

    /// Reads one attribute; false when the tag is over.
    fn attribute(&mut self, attributes: &mut Attributes) -> bool {
        self.skip(|b| b.is_ascii_whitespace() || b == b'/');
        match self.bytes.get(self.at) {
            None => return false,
            Some(b'>') => {
                self.at += 1;
                return false;
            }
            // Also an equals sign begins a name here, so that something is always taken.
            Some(_) => {}
        }
        let begin = self.at;
        self.at += 1;
        self.skip(|b| !b.is_ascii_whitespace() && !matches!(b, b'/' | b'>' | b'='));
        let name = String::from_utf8_lossy(&self.bytes[begin..self.at.min(begin + 32)]).to_ascii_lowercase();
        self.skip(|b| b.is_ascii_whitespace());
        if self.bytes.get(self.at) == Some(&b'=') {
            self.at += 1;
            self.skip(|b| b.is_ascii_whitespace());
            let value = self.value();
            attributes.keep(&name, value);
        }
        true
    }

    fn value(&mut self) -> (usize, usize) {
        match self.bytes.get(self.at) {
            Some(quote @ (b'"' | b'\'')) => {
                let start = self.at + 1;
                let end = self.find(*quote, start);
                self.at = (end + 1).min(self.bytes.len());
                (start.min(end), end)
            }
            _ => {
                let start = self.at;
                self.skip(|b| !b.is_ascii_whitespace() && b != b'>');
                (start, self.at)
            }
        }
    }

    fn past_closing(&mut self, name: &str) {
        loop {
            let open = self.find(b'<', self.at);
            self.at = open + 1;
            let Some(rest) = self.bytes.get(open + 1..) else { return };
            if rest.first() == Some(&b'/') && rest[1..].get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
                self.at = self.find(b'>', open) + 1;
                return;
            }
        }
    }

    fn of(&self, place: Option<(usize, usize)>) -> &'a [u8] {
        place.map_or(&[], |(start, end)| &self.bytes[start..end])
    }

    fn understood(&mut self, name: &str, attributes: Attributes) {
        let bytes = self.bytes;
        let told = |place: Option<(usize, usize)>| place.map_or(String::new(), |(start, end)| String::from_utf8_lossy(&bytes[start..end]).trim().to_ascii_lowercase());
        match name {
            "base" if self.page.base.is_none() => {
                self.page.base = attributes.href.map(|place| undone(self.of(Some(place)))).filter(|base| base.len() <= LONGEST_ADDRESS);
            }
            "a" | "area" => self.link(LinkKind::Anchor, attributes.href),
            "frame" | "iframe" => {
                self.captcha |= holds_captcha(self.of(attributes.src));
                self.link(LinkKind::Frame, attributes.src);
            }
            "link" if ["next", "prev", "canonical"].iter().any(|rel| told(attributes.rel).split_ascii_whitespace().any(|one| one == *rel)) => {
                self.link(LinkKind::Relation, attributes.href);
            }
            "meta" if told(attributes.http_equiv) == "refresh" => {
                let target = refresh(self.of(attributes.content)).map(undone);
                self.keep(LinkKind::Refresh, target);
            }
            "img" | "form" | "input" => {
                self.captcha |= [attributes.src, attributes.action, attributes.name, attributes.id, attributes.class].into_iter().any(|place| holds_captcha(self.of(place)));
                self.password |= name == "input" && told(attributes.kind) == "password";
            }
            "div" => self.captcha |= [attributes.id, attributes.class].into_iter().any(|place| holds_captcha(self.of(place))),
            _ => {}
        }
    }

    fn link(&mut self, kind: LinkKind, place: Option<(usize, usize)>) {
        let to = place.filter(|(start, end)| end > start).map(|place| {
            let bytes = self.of(Some(place));
            // Longer than any address, however its entities are undone: its beginning says what it is.
            undone(&bytes[..bytes.len().min(4 * LONGEST_ADDRESS)])
        });
        self.keep(kind, to);
    }

    fn keep(&mut self, kind: LinkKind, to: Option<String>) {
        let Some(mut to) = to.filter(|to| !to.trim_start().starts_with('#')) else { return };
        to.retain(|c| !c.is_control());
        if self.page.links.len() >= MOST_LINKS || self.kept_bytes >= MOST_LINK_BYTES {
            self.page.beyond += 1;
            return;
        }
        if to.len() > LONGEST_ADDRESS {
            // One byte too long stays too long, and no more of it travels.
            to.truncate(to.floor_char_boundary(LONGEST_ADDRESS + 4));
        }
        self.kept_bytes += to.len();
        self.page.links.push(Link { kind, to });
    }

    fn sitemap(&mut self) {
        while let Some(found) = self.bytes.get(self.at..).and_then(|rest| memmem::find(rest, b"<loc>")) {
            let start = self.at + found + b"<loc>".len();
            let end = self.find(b'<', start);
            self.link(LinkKind::Sitemap, Some((start, end)));
            self.at = end;
        }
    }
}

#[derive(Default)]
struct Attributes {
    href: Option<(usize, usize)>,
    src: Option<(usize, usize)>,
    rel: Option<(usize, usize)>,
    http_equiv: Option<(usize, usize)>,
    content: Option<(usize, usize)>,
    kind: Option<(usize, usize)>,
    action: Option<(usize, usize)>,
    name: Option<(usize, usize)>,
    id: Option<(usize, usize)>,
    class: Option<(usize, usize)>,
}

impl Attributes {
    /// The first of a name counts, as in a browser.
    fn keep(&mut self, name: &str, value: (usize, usize)) {
        let slot = match name {
            "href" => &mut self.href,
            "src" => &mut self.src,
            "rel" => &mut self.rel,
            "http-equiv" => &mut self.http_equiv,
            "content" => &mut self.content,
            "type" => &mut self.kind,
            "action" => &mut self.action,
            "name" => &mut self.name,
            "id" => &mut self.id,
            "class" => &mut self.class,
            _ => return,
        };
        slot.get_or_insert(value);
    }
}

fn holds_captcha(value: &[u8]) -> bool {
    value[..value.len().min(LONGEST_ADDRESS)].to_ascii_lowercase().windows(7).any(|seven| seven == b"captcha")
}

/// What follows `url=` in the content of a refresh.
fn refresh(content: &[u8]) -> Option<&[u8]> {
    let content = &content[..content.len().min(2 * LONGEST_ADDRESS)];
    let at = content.to_ascii_lowercase().windows(4).position(|four| four == b"url=")?;
    let target = content[at + 4..].trim_ascii();
    Some(target.strip_prefix(b"'").or(target.strip_prefix(b"\"")).map_or(target, |rest| rest.split(|b| matches!(b, b'\'' | b'"')).next().unwrap_or_default()))
}

/// Text with the entities undone that stand in addresses.
fn undone(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if !text.contains('&') {
        return text.into_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let name: String = after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '#').take(9).collect();
        match entity(&name) {
            Some(c) => {
                out.push(c);
                rest = &after[name.len()..];
                rest = rest.strip_prefix(';').unwrap_or(rest);
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out + rest
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// The rules for every program, and the sitemaps.
fn robots(bytes: &[u8]) -> RobotRules {
    let mut read = RobotRules { too_many: bytes.len() > LONGEST_ROBOTS, ..RobotRules::default() };
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_ROBOTS)]);
    let (mut ours, mut naming) = (false, false);
    for line in text.lines() {
        let line = line.trim_start_matches('\u{feff}').split('#').next().unwrap_or_default();
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "user-agent" => {
                ours = value == "*" || ours && naming;
                naming = true;
            }
            word @ ("allow" | "disallow") => {
                naming = false;
                if !ours || value.len() > LONGEST_ADDRESS {
                    read.too_many |= ours;
                } else if read.rules.len() >= MOST_RULES {
                    read.too_many = true;
                } else {
                    read.rules.push((word == "allow", value.to_string()));
                }
            }
            "sitemap" if read.sitemaps.len() < 100 && value.len() <= LONGEST_ADDRESS => read.sitemaps.push(value.to_string()),
            _ => {}
        }
    }
    read
}

/// Charikar's simhash over pairs of words that follow each other, in lower case; 64 bits from SHA-256 of each pair.
/// Only letters and digits make words; what stands in tags, scripts and styles is not text.
struct Simhash {
    bits: [i64; 64],
    count: u64,
    last: Vec<u8>,
    word: Vec<u8>,
    seen: BTreeSet<u64>,
    seen_captcha: bool,
    seen_proof_of_work: bool,
    tail: [Vec<u8>; 2],
}

impl Default for Simhash {
    fn default() -> Self {
        Simhash { bits: [0; 64], count: 0, last: vec![], word: vec![], seen: BTreeSet::new(), seen_captcha: false, seen_proof_of_work: false, tail: [vec![], vec![]] }
    }
}

/// Pairs that are told apart; a page with more is compared by its beginning.
const MOST_PAIRS: usize = 20_000;

impl Simhash {
    fn text(&mut self, bytes: &[u8]) {
        for b in bytes {
            if b.is_ascii_alphanumeric() || *b >= 0x80 {
                if self.word.len() < 64 {
                    self.word.push(b.to_ascii_lowercase());
                }
            } else {
                self.end_of_word();
            }
        }
        self.end_of_word();
    }

    fn end_of_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        self.count += 1;
        self.seen_captcha |= word.windows(7).any(|seven| seven == b"captcha");
        self.seen_proof_of_work |= word == b"work" && self.tail[0] == b"proof" && self.tail[1] == b"of";
        if self.seen.len() < MOST_PAIRS {
            let mut hasher = Sha256::new();
            hasher.update(&self.last);
            hasher.update([0]);
            hasher.update(&word);
            let digest: [u8; 32] = hasher.finalize().into();
            let hash = u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"));
            // Each pair counts once: a word that a page repeats a thousand times does not decide alone.
            if self.seen.insert(hash) {
                for (bit, weight) in self.bits.iter_mut().enumerate() {
                    *weight += if hash >> bit & 1 == 1 { 1 } else { -1 };
                }
            }
        }
        self.tail.swap(0, 1);
        self.tail[1].clone_from(&word);
        self.last = word;
    }

    fn hash(&self) -> Option<String> {
        let value = self.bits.iter().enumerate().fold(0u64, |value, (bit, weight)| if *weight > 0 { value | 1 << bit } else { value });
        (self.count > 0).then(|| format!("{value:016x}"))
    }
}

/// Target of the fuzzer: any bytes, read as a page, as robots.txt and as text, within the bounds and never a panic.
pub fn fuzz_links(bytes: &[u8]) {
    for (address, media) in [("http://a.localhost/", Some("text/html")), ("http://a.localhost/robots.txt", None), ("http://a.localhost/x", Some("text/plain"))] {
        let page = read(bytes, address, media, Some(200));
        assert!(page.links.len() <= MOST_LINKS);
        assert!(page.links.iter().all(|link| link.to.len() <= LONGEST_ADDRESS + 4));
        let base = model::crawl::Address::alone("http://a.localhost/b/c?d=e").expect("a plain address");
        for link in &page.links {
            if let Ok(address) = base.found(&link.to) {
                assert_eq!(model::crawl::Address::alone(address.as_str()).as_ref(), Ok(&address), "one spelling");
                assert!(address.as_str().bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'@')));
            }
        }
        if let Some(rules) = page.robots {
            rules.allow("/a/b?c=d");
        }
    }
}
