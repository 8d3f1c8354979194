//! The words of a crawl: its scope, how addresses are written, and why a page is left out.
//!
//! Pure. An address that is found on a page is written in one way ([`Address::found`]), and one function
//! ([`CrawlScope::lets_in`]) says whether it may be asked for; what it refuses has a reason that stands in the
//! sitemap. It never widens: a host that the order does not name, a path outside, a page beyond the budget stay out.
//!
//! Addresses are written by RFC 3986 §5 and §6.2.2 in a narrow reading: `http` and `https` only, host in lower case, no user,
//! no default port, no fragment, dot segments taken out, percent-encodings in upper case and never undone; then
//! the parameters that the order leaves out are taken away. Robots rules are matched by RFC 9309 §2.2.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Moment, Sha256Digest};

/// The longest address that is asked for, in bytes.
pub const LONGEST_ADDRESS: usize = 2048;
/// Links of one page that are read; those beyond are counted.
pub const MOST_LINKS: usize = 5_000;
/// Robots rules of one host that are read; a longer list lets nothing in.
pub const MOST_RULES: usize = 1_000;
/// Pages whose texts differ in at most so many of 64 bits are called nearly the same.
pub const NEAR_BITS: u32 = 8;
/// How often one segment may stand in a path before it is called a trap.
const REPEATS: usize = 3;
/// Path patterns that are counted; the page budget bounds what is beyond.
const MOST_PATTERNS: usize = 4_096;

/// What is done about robots.txt: a choice that is recorded, never silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "policy")]
pub enum RobotsPolicy {
    /// It is not asked for, for this reason.
    Ignore {
        /// Why, in the officer's words.
        reason: String,
    },
    /// It is the first page of each host, and is obeyed; a host whose file cannot be had is left out.
    Respect,
}

/// What may be asked for in a crawl.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawlScope {
    /// Where it begins: addresses as [`Address`] writes them.
    pub starts: Vec<String>,
    /// Hosts, without port; a permit stands behind each.
    pub hosts: Vec<String>,
    /// Scheme, host and port of each site: a page must not lead to another service of the same host.
    pub origins: Vec<String>,
    /// How many links away from a start.
    pub depth: u32,
    /// Most pages that are asked for.
    pub pages: u64,
    /// Most bytes of responses in all.
    pub bytes: u64,
    /// Most bytes of one response.
    pub page_bytes: u64,
    /// The path begins with one of these; none: any path.
    pub inside: Vec<String>,
    /// The path begins with none of these.
    pub outside: Vec<String>,
    /// What is done about robots.txt.
    pub robots: RobotsPolicy,
    /// Pause between two requests to one host, in milliseconds.
    pub pause_ms: u64,
    /// Names of query parameters that are taken away, such as `sid` or `utm_*`.
    pub without: Vec<String>,
    /// Most pages of one path pattern (digits and values of parameters are not told apart).
    pub per_pattern: u32,
}

/// Why an address is not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOut {
    /// It is not an address of the web, or cannot be read in one way.
    NotReadable,
    /// Another scheme than `http` and `https`.
    Scheme,
    /// Longer than [`LONGEST_ADDRESS`].
    TooLong,
    /// A host that the crawl does not name.
    Host,
    /// A port of such a host that the crawl does not name.
    Port,
    /// More links away than the crawl goes.
    Depth,
    /// A path outside.
    Path,
    /// The host's robots.txt forbids it.
    Robots,
    /// No robots.txt of this host could be read.
    RobotsUnknown,
    /// One segment stands in its path again and again.
    TrapRepeats,
    /// Too many pages look like it.
    TrapPattern,
    /// The page budget was full when it was found.
    Pages,
    /// For a persona: what belongs to its session stands in it, or stars in its place.
    Session,
    /// For a persona: it looks as if it ended the session.
    EndsSession,
}

impl LeftOut {
    /// The reason for a person.
    pub fn in_words(self) -> &'static str {
        match self {
            LeftOut::NotReadable => "not an address of the web that can be read in one way",
            LeftOut::Scheme => "not http or https",
            LeftOut::TooLong => "the address is too long",
            LeftOut::Host => "a host that this crawl does not name",
            LeftOut::Port => "another port of the host, which this crawl does not name",
            LeftOut::Depth => "more links away than this crawl goes",
            LeftOut::Path => "a path outside this crawl",
            LeftOut::Robots => "robots.txt forbids it, and this crawl obeys",
            LeftOut::RobotsUnknown => "no robots.txt of this host and port could be read, and this crawl obeys it",
            LeftOut::TrapRepeats => "its path repeats itself, like a trap for crawlers",
            LeftOut::TrapPattern => "too many addresses look like it, like a trap for crawlers",
            LeftOut::Pages => "the page budget was full",
            LeftOut::Session => "it holds what belongs to the persona's session",
            LeftOut::EndsSession => "it looks as if it would log the persona out",
        }
    }
}

/// An address in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    text: String,
    /// Where the path begins.
    path_at: usize,
}

impl Address {
    /// Reads an address that stands alone.
    ///
    /// # Errors
    /// Why it cannot be asked for.
    ///
    /// ```
    /// use model::crawl::Address;
    /// let address = Address::alone("HTTP://Market.localhost:80/a/./b/../c?x=1#top").unwrap();
    /// assert_eq!(address.as_str(), "http://market.localhost/a/c?x=1");
    /// ```
    pub fn alone(text: &str) -> Result<Address, LeftOut> {
        let text = tidy(text);
        let (scheme, rest) = scheme_of(&text).ok_or(LeftOut::NotReadable)?;
        let scheme = ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known)).ok_or(LeftOut::Scheme)?;
        Address::with_authority(scheme, rest.strip_prefix("//").ok_or(LeftOut::NotReadable)?)
    }

    /// Reads an address as it stands on a page of the address `self` (RFC 3986 §5.2).
    ///
    /// # Errors
    /// Why it cannot be asked for.
    pub fn found(&self, reference: &str) -> Result<Address, LeftOut> {
        let reference = tidy(reference);
        let reference = reference.split('#').next().unwrap_or_default();
        if scheme_of(reference).is_some() {
            return Address::alone(reference);
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return Address::with_authority(self.scheme(), rest);
        }
        let (root, own) = self.text.split_at(self.path_at);
        let own_path = own.split('?').next().unwrap_or_default();
        let tail = match reference.as_bytes().first() {
            None => own.to_string(),
            Some(b'/') => reference.to_string(),
            Some(b'?') => format!("{own_path}{reference}"),
            Some(_) => format!("{}/{reference}", own_path.rsplit_once('/').map_or("", |(folder, _)| folder)),
        };
        Address::of_parts(root, &tail)
    }

    fn with_authority(scheme: &str, rest: &str) -> Result<Address, LeftOut> {
        let rest = rest.split('#').next().unwrap_or_default();
        let cut = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(cut);
        let (host, port) = match authority.rsplit_once(':').filter(|_| !authority.ends_with(']')) {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'[' | b']' | b':');
        if host.is_empty() || !host.bytes().all(named) || (host.contains(':') && !host.starts_with('[')) {
            return Err(LeftOut::NotReadable);
        }
        let port = match port {
            None | Some("") => String::new(),
            Some(digits) => match port_of(digits).ok_or(LeftOut::NotReadable)? {
                usual if usual == (if scheme == "https" { 443 } else { 80 }) => String::new(),
                port => format!(":{port}"),
            },
        };
        Address::of_parts(&format!("{scheme}://{}{port}", host.to_ascii_lowercase()), tail)
    }

    fn of_parts(root: &str, tail: &str) -> Result<Address, LeftOut> {
        // A backslash is read differently by different programs; nobody needs one.
        if tail.contains('\\') {
            return Err(LeftOut::NotReadable);
        }
        if root.len() + tail.len() > LONGEST_ADDRESS {
            return Err(LeftOut::TooLong);
        }
        let (path, query) = tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query)));
        let mut text = root.to_string();
        text.push_str(&encoded(&without_dots(path)));
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            text.push('?');
            text.push_str(&encoded(query));
        }
        if text.len() > LONGEST_ADDRESS {
            return Err(LeftOut::TooLong);
        }
        Ok(Address { text, path_at: root.len() })
    }

    /// The same without the query parameters that these patterns name (`*` at the end: any ending).
    #[must_use]
    pub fn without(self, patterns: &[String]) -> Address {
        let Some((before, query)) = self.text.split_once('?').filter(|_| !patterns.is_empty()) else { return self };
        let named = |part: &&str| {
            let name = part.split('=').next().unwrap_or_default().to_ascii_lowercase();
            !patterns.iter().any(|pattern| match pattern.to_ascii_lowercase().strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => name == pattern.to_ascii_lowercase(),
            })
        };
        let kept: Vec<&str> = query.split('&').filter(named).collect();
        let text = if kept.is_empty() { before.to_string() } else { format!("{before}?{}", kept.join("&")) };
        Address { text, path_at: self.path_at }
    }

    /// The whole.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn scheme(&self) -> &str {
        if self.text.starts_with("https:") { "https" } else { "http" }
    }

    /// The host, without port.
    pub fn host(&self) -> &str {
        let authority = &self.text[self.scheme().len() + "://".len()..self.path_at];
        match authority.rsplit_once(':').filter(|_| !authority.ends_with(']')) {
            Some((host, _)) => host,
            None => authority,
        }
    }

    /// Scheme, host and port: what one robots.txt speaks for.
    pub fn origin(&self) -> &str {
        &self.text[..self.path_at]
    }

    /// Path and query; begins with `/`.
    pub fn path(&self) -> &str {
        &self.text[self.path_at..]
    }

    /// Whether it looks as if it ended a session: `logout`, `sign_out`, `?action=log-off`. A hint by its words; a site
    /// that calls it otherwise is not seen through.
    pub fn ends_session(&self) -> bool {
        let path = self.path().to_ascii_lowercase();
        let words: Vec<&str> = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let one = words.iter().any(|word| matches!(*word, "logout" | "logoff" | "signout" | "signoff" | "disconnect" | "abmelden" | "deconnexion"));
        one || words.windows(2).any(|two| matches!(two, ["log" | "sign", "out" | "off"]))
    }

    /// Whether a row of stars stands in it, as what is withheld for a persona leaves it in a page.
    pub fn is_covered(&self) -> bool {
        self.path().contains("********")
    }

    /// What one address has in common with those that a machine makes by counting: host and path with each run of
    /// digits as `#`, and the names of its parameters, sorted.
    pub fn pattern(&self) -> String {
        let (path, query) = self.text.split_once('?').unwrap_or((&self.text, ""));
        let mut pattern = String::with_capacity(path.len());
        for c in path.chars() {
            match c {
                '0'..='9' if pattern.ends_with('#') => {}
                '0'..='9' => pattern.push('#'),
                other => pattern.push(other),
            }
        }
        let mut names: Vec<&str> = query.split('&').map(|part| part.split('=').next().unwrap_or_default()).filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        format!("{pattern}?{}", names.join("&"))
    }

    fn repeats(&self) -> bool {
        let path = self.path().split('?').next().unwrap_or_default();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        path.split('/').filter(|segment| !segment.is_empty()).any(|segment| {
            let count = counts.entry(segment).or_insert(0);
            *count += 1;
            *count > REPEATS
        })
    }
}

/// A port that there is, in whatever number of zeros it is written: 1 to 65535.
fn port_of(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|port| plain && *port > 0)
}

/// Without blanks at the ends, and without the line ends that HTML ignores inside an address.
fn tidy(text: &str) -> String {
    text.trim_matches(|c: char| c.is_ascii_whitespace() || c.is_control()).chars().filter(|c| !matches!(c, '\t' | '\r' | '\n')).collect()
}

/// A scheme and what follows its colon (RFC 3986 §3.1).
fn scheme_of(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut bytes = scheme.bytes();
    let begins = bytes.next().is_some_and(|b| b.is_ascii_alphabetic());
    (begins && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))).then_some((scheme, rest))
}

/// RFC 3986 §5.2.4.
fn without_dots(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    let mut segments = path.split('/').peekable();
    // What stands before the first slash is nothing: every path begins with one.
    if path.starts_with('/') {
        segments.next();
    }
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." if last => out.push(""),
            "." => {}
            ".." => {
                out.pop();
                if last {
                    out.push("");
                }
            }
            other => out.push(other),
        }
    }
    format!("/{}", out.join("/"))
}

/// Everything that an address may not hold percent-encoded, and the encodings that are there in upper case.
fn encoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).filter(|two| bytes[at] == b'%' && two.iter().all(u8::is_ascii_hexdigit));
        match (hex, bytes[at]) {
            (Some(two), _) => {
                out.push('%');
                two.iter().for_each(|digit| out.push(char::from(digit.to_ascii_uppercase())));
                at += 2;
            }
            (None, b) if b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'@' | b'%' | b'^' | b'`' | b'{' | b'|' | b'}') => out.push(char::from(b)),
            (None, b) => out.push_str(&format!("%{b:02X}")),
        }
        at += 1;
    }
    out
}

/// The robots rules of one host for every program (`User-agent: *`), as the caged child read them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RobotRules {
    /// (allowed, path pattern), in the order of the file.
    pub rules: Vec<(bool, String)>,
    /// Addresses of sitemaps that it names.
    pub sitemaps: Vec<String>,
    /// More rules than are read: nothing is let in then.
    pub too_many: bool,
}

impl RobotRules {
    /// What stands for a host that answered with an error of its own, or not at all: nothing is let in.
    pub fn closed() -> RobotRules {
        RobotRules { too_many: true, ..RobotRules::default() }
    }

    /// Whether a path may be asked for: the longest rule decides, and of two as long the one that allows.
    pub fn allow(&self, path: &str) -> bool {
        if self.too_many {
            return false;
        }
        let fitting = self.rules.iter().filter(|(_, pattern)| !pattern.is_empty() && fits(pattern, path));
        fitting.map(|(allowed, pattern)| (pattern.len(), *allowed)).max().is_none_or(|(_, allowed)| allowed)
    }
}

/// `*` stands for anything, `$` at the end for the end; otherwise the beginning is compared. In time and space that the
/// lengths bound: one star is remembered, no more.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) = pattern.strip_suffix('$').map_or((pattern, false), |pattern| (pattern, true));
    let (pattern, path) = (pattern.as_bytes(), path.as_bytes());
    let (mut p, mut at, mut star) = (0, 0, None);
    loop {
        if p == pattern.len() && (!to_the_end || at == path.len()) {
            return true;
        }
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, at));
                p += 1;
            }
            Some(b) if path.get(at) == Some(b) => {
                p += 1;
                at += 1;
            }
            _ => match star.filter(|(_, from)| *from < path.len()) {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    (p, at) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
}

/// How often each path pattern was let in, by the first 64 bits of its digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patterns(BTreeMap<String, u32>);

impl Patterns {
    /// Counts one address; false when as many look like it as may.
    fn count(&mut self, address: &Address, most: u32) -> bool {
        let key = Sha256Digest::of(address.pattern().as_bytes()).hex()[..16].to_string();
        if !self.0.contains_key(&key) && self.0.len() >= MOST_PATTERNS {
            return true;
        }
        let count = self.0.entry(key).or_insert(0);
        if *count >= most {
            return false;
        }
        *count += 1;
        true
    }
}

impl CrawlScope {
    /// The one question of a crawl: may this address be asked for, so many links away from a start?
    ///
    /// `robots` holds what was read for each origin. Where the patterns are given, what it lets in is counted among them.
    ///
    /// # Errors
    /// Why not.
    pub fn lets_in(&self, address: &Address, depth: u32, robots: &BTreeMap<String, RobotRules>, patterns: Option<&mut Patterns>) -> Result<(), LeftOut> {
        self.is_its_site(address)?;
        if depth > self.depth {
            return Err(LeftOut::Depth);
        }
        self.is_its_path(address)?;
        if self.robots == RobotsPolicy::Respect {
            match robots.get(address.origin()) {
                None => return Err(LeftOut::RobotsUnknown),
                Some(rules) if !rules.allow(address.path()) => return Err(LeftOut::Robots),
                Some(_) => {}
            }
        }
        if address.repeats() {
            return Err(LeftOut::TrapRepeats);
        }
        let fits = patterns.is_none_or(|patterns| patterns.count(address, self.per_pattern));
        if fits { Ok(()) } else { Err(LeftOut::TrapPattern) }
    }

    /// Whether a crawl of this scope could ask for the address, wherever it was found and whatever robots.txt says.
    pub fn reaches(&self, address: &Address) -> bool {
        let start = self.starts.iter().any(|start| start == address.as_str());
        start || self.is_its_site(address).and(self.is_its_path(address)).is_ok()
    }

    fn is_its_site(&self, address: &Address) -> Result<(), LeftOut> {
        if !self.hosts.iter().any(|host| host == address.host()) {
            return Err(LeftOut::Host);
        }
        if !self.origins.iter().any(|origin| origin == address.origin()) {
            return Err(LeftOut::Port);
        }
        Ok(())
    }

    fn is_its_path(&self, address: &Address) -> Result<(), LeftOut> {
        let path = address.path();
        let begins = |prefixes: &[String]| prefixes.iter().any(|prefix| path.starts_with(prefix.as_str()));
        if begins(&self.outside) || !(self.inside.is_empty() || begins(&self.inside)) {
            return Err(LeftOut::Path);
        }
        Ok(())
    }
}

/// What a link is on its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// Named when the crawl began.
    Start,
    /// `a` or `area`.
    Anchor,
    /// `frame` or `iframe`.
    Frame,
    /// `link` to the next, previous or canonical page.
    Relation,
    /// A refresh in the page's head.
    Refresh,
    /// `Location` of a redirect.
    Redirect,
    /// `loc` of a sitemap, or a sitemap that robots.txt names.
    Sitemap,
    /// The host's robots.txt.
    Robots,
}

/// A link as the page writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What it is.
    pub kind: LinkKind,
    /// The reference as written, entities undone.
    pub to: String,
}

/// A hint of what a page is, by marks that anybody can look up. Never a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The word `captcha` stands in the text or in an attribute of an image, frame, form or field.
    Captcha,
    /// A field of the type `password`, or status 401.
    LoginWall,
    /// The words `proof of work`, or status 403 or 503 with a script and no link.
    ProofOfWork,
}

/// What the caged child read in one response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRead {
    /// `WARC-Record-ID` of the response.
    pub record: String,
    /// HTTP status.
    pub status: Option<u16>,
    /// SHA-256 of the body after its codings were undone, as the child computed it.
    pub payload: Sha256Digest,
    /// Length of the same, in bytes.
    pub length: u64,
    /// `base href`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The links, at most [`MOST_LINKS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// Links beyond those.
    #[serde(default)]
    pub beyond: u64,
    /// Words of the visible text.
    #[serde(default)]
    pub words: u64,
    /// Simhash of these words: 64 bits as 16 hexadecimal digits; none without words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simhash: Option<String>,
    /// Hints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// Its rules, when it was read as a robots.txt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robots: Option<RobotRules>,
    /// Whether only its beginning was read.
    #[serde(default)]
    pub cut: bool,
}

/// How a page differs from an earlier look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The same bytes.
    Unchanged,
    /// Other bytes, nearly the same words.
    Near,
    /// Other words.
    Changed,
    /// Not there before.
    New,
    /// Answered before, and not now.
    Gone,
}

/// Compares two looks at one page: equal bytes, else how many bits of their simhashes differ.
pub fn compare(before: (&Sha256Digest, Option<&str>), now: (&Sha256Digest, Option<&str>)) -> Change {
    if before.0 == now.0 {
        return Change::Unchanged;
    }
    let bits = |hash: Option<&str>| hash.and_then(|hash| u64::from_str_radix(hash, 16).ok());
    match (bits(before.1), bits(now.1)) {
        (Some(one), Some(other)) if (one ^ other).count_ones() <= NEAR_BITS => Change::Near,
        _ => Change::Changed,
    }
}

/// When a schedule is due next: the first multiple of its period after `now`, counted from `from`.
pub fn next_due(from: Moment, every_seconds: i64, now: Moment) -> Moment {
    let passed = now.micros().saturating_sub(from.micros()).max(0) / 1_000_000;
    from.plus_seconds((passed / every_seconds.max(1) + 1).saturating_mul(every_seconds.max(1)))
}
