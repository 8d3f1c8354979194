//! Keeps the secrets of a session out of what becomes evidence (decision 25).
//!
//! For a persona the child sends the cookies that the desk handed it. What it keeps holds none of them: in the request
//! `Cookie`, in each response `Set-Cookie`, and wherever a server repeats such a value, a commitment or a row of stars
//! stands instead; a short value that a server set is covered in heads only, so that a server does not choose which
//! words of its page are covered. A response whose head is not understood is cut. The record says where, how long, and commits to each value and to the bytes as they came; the values
//! and salts go into one spool file that only the persona's own key opens. It refuses to send a value that the signed
//! order does not commit to. Without a persona nothing is held back.

use std::io;

use model::Sha256Digest;
use model::capture::{Keeping, Withheld};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::response::ResponseReader;

/// A shorter value is not looked for in what a server sends: it would be found by chance.
pub const SHORTEST_ECHO: usize = 8;
/// A value that a server set is looked for in the bodies of pages only when it is as long as this: a server must not
/// choose which words of its own page become stars.
pub const SHORTEST_SERVER_ECHO: usize = 16;
/// A longer one neither: no browser keeps it.
pub const LONGEST_ECHO: usize = 4_096;
/// The field of a value that a server repeated.
pub const REPEATED: &str = "repeated";
/// How many bytes stand in place of a cookie: `withheld; sha256=` and 64 digits.
pub const PLACEHOLDER: usize = 81;
/// What stands in place of a repeated value, as often as it has bytes.
const STAR: u8 = b'*';
/// Most values that are looked for.
const MOST_WORDS: usize = 64;
/// Most places of one response in which a value is covered; then the response is cut.
pub const MOST_PLACES: usize = 10_000;
/// Longest row of stars that is noted as one.
const LONGEST_RUN: usize = 2 * LONGEST_ECHO;
/// Longest beginning of a response that waits for the end of its head.
const LONGEST_HEAD: usize = 320 << 10;

/// What the child sends for a host, as the desk hands it over by pipe.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// The host, without its port.
    pub host: String,
    /// The value of `Cookie`.
    pub value: String,
    /// Of the order's commitment, 64 hexadecimal digits.
    pub salt: String,
}

impl Drop for Carried {
    fn drop(&mut self) {
        self.value.zeroize();
        self.salt.zeroize();
    }
}

impl std::fmt::Debug for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Carried(for {}, hidden)", self.host)
    }
}

impl Carried {
    /// What the order must say of it.
    pub fn commitment(&self) -> Option<Sha256Digest> {
        Some(Sha256Digest::commitment(&self.salt_bytes()?, self.value.as_bytes()))
    }

    fn salt_bytes(&self) -> Option<[u8; 32]> {
        let mut salt = [0; 32];
        hex::decode_to_slice(&self.salt, &mut salt).ok().map(|()| salt)
    }
}

/// One value that was held back, with its salt.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// `WARC-Record-ID` of the record that it was taken from.
    pub record: String,
    /// Host of the URL.
    pub host: String,
    /// `cookie`, `set-cookie`, `repeated`, or `as-received` for the digest of the bytes as they came.
    pub field: String,
    /// The bytes, hexadecimal.
    pub value: String,
    /// The salt, hexadecimal.
    pub salt: String,
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.value.zeroize();
        self.salt.zeroize();
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({} of {}, hidden)", self.field, self.record)
    }
}

impl Secret {
    /// Whether it is what a record committed to.
    pub fn opens(&self, commitment: &Sha256Digest) -> bool {
        let (Ok(value), Ok(salt)) = (hex::decode(&self.value), hex::decode(&self.salt)) else { return false };
        <[u8; 32]>::try_from(salt).is_ok_and(|salt| Sha256Digest::commitment(&salt, &value) == *commitment)
    }
}

/// A value that is covered where a server repeats it.
struct Word {
    bytes: Zeroizing<Vec<u8>>,
    /// In bodies too; a short one that a server set is covered in heads only.
    in_bodies: bool,
}

impl Word {
    fn counts(&self, in_body: bool) -> bool {
        self.in_bodies || !in_body
    }
}

/// The session of one order.
pub(crate) struct Keeper {
    carried: Vec<Carried>,
    /// Values that are covered where a server repeats them.
    words: Vec<Word>,
    secrets: Vec<Secret>,
}

impl Keeper {
    /// The session of an order, if what was handed over is what the order commits to.
    pub(crate) fn new(keeping: &Keeping, carried: Vec<Carried>) -> Option<Keeper> {
        let same = keeping.carried.len() == carried.len()
            && keeping.carried.iter().zip(&carried).all(|(said, given)| said.host == given.host && given.commitment() == Some(said.commitment));
        let plain = carried.iter().all(|one| one.value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
        if !same || !plain {
            return None;
        }
        let mut keeper = Keeper { carried: vec![], words: vec![], secrets: vec![] };
        carried.iter().for_each(|one| keeper.look_for(one.value.as_bytes(), SHORTEST_ECHO));
        keeper.carried = carried;
        Some(keeper)
    }

    /// The values of `a=b; c=d` are looked for from now on, in bodies those that are long enough.
    fn look_for(&mut self, pairs: &[u8], shortest_in_bodies: usize) {
        for value in values_of(pairs) {
            if self.words.len() < MOST_WORDS && self.words.iter().all(|word| word.bytes.as_slice() != value) {
                self.words.push(Word { bytes: Zeroizing::new(value.to_vec()), in_bodies: value.len() >= shortest_in_bodies });
            }
        }
        // The longest that stands at a place is found first.
        self.words.sort_by_key(|word| std::cmp::Reverse(word.bytes.len()));
    }

    /// The request as it is sent, and as it is kept.
    pub(crate) fn request(&mut self, host: &str, request: &str) -> io::Result<(Zeroizing<String>, String, Vec<Pending>)> {
        let Some(one) = self.carried.iter().find(|one| one.host.eq_ignore_ascii_case(host)) else {
            return Ok((Zeroizing::new(request.to_string()), request.to_string(), vec![]));
        };
        let head = request.strip_suffix("\r\n").unwrap_or(request);
        // Under the salt of the order, so that one opening proves both.
        let pending = Pending { salt: one.salt_bytes().unwrap_or_default(), ..Pending::of("cookie", one.value.as_bytes())? };
        let at = head.len() + "Cookie: ".len();
        let sent = Zeroizing::new(format!("{head}Cookie: {}\r\n\r\n", one.value));
        let kept = format!("{head}Cookie: {}\r\n\r\n", pending.placeholder());
        Ok((sent, kept, vec![Pending { at: vec![at as u64], ..pending }]))
    }

    /// Notes what was held back from a record, and gives what may be said of it.
    pub(crate) fn note(&mut self, record: &str, host: &str, pending: Vec<Pending>) -> Vec<Withheld> {
        let mut said = Vec::new();
        for mut one in pending {
            said.push(Withheld {
                record: record.to_string(),
                field: one.field.to_string(),
                at: std::mem::take(&mut one.at),
                length: one.value.len() as u64,
                commitment: one.commitment(),
            });
            self.secrets.push(Secret {
                record: record.to_string(),
                host: host.to_string(),
                field: one.field.to_string(),
                value: hex::encode(&one.value),
                salt: hex::encode(one.salt),
            });
        }
        said
    }

    /// Commits to the digest of a response as it came.
    pub(crate) fn as_received(&mut self, record: &str, host: &str, digest: &Sha256Digest) -> io::Result<Sha256Digest> {
        let pending = Pending::of("as-received", &digest.0)?;
        let commitment = pending.commitment();
        self.note(record, host, vec![pending]);
        Ok(commitment)
    }

    /// Everything that was held back, as the spool keeps it (before encryption).
    pub(crate) fn into_file(self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(serde_json::to_vec(&self.secrets).expect("texts are always JSON"))
    }
}

/// The values of `a=b; c=d` that are looked for elsewhere: long enough, and without the sign that stands in place of
/// them, or one could not be told from the other.
pub fn values_of(pairs: &[u8]) -> impl Iterator<Item = &[u8]> {
    let value = |pair| {
        let value = <[u8]>::splitn(pair, 2, |b| *b == b'=').last().unwrap_or(pair).trim_ascii();
        value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value)
    };
    pairs.split(|b| *b == b';').map(value).filter(|value| (SHORTEST_ECHO..=LONGEST_ECHO).contains(&value.len()) && !value.contains(&STAR))
}

/// Reads what [`Keeper::into_file`] wrote.
///
/// # Errors
/// When it is something else.
pub fn read_secrets(bytes: &[u8]) -> Result<Vec<Secret>, String> {
    serde_json::from_slice(bytes).map_err(|e| e.to_string())
}

/// A value that is held back from a record which has no name yet.
pub(crate) struct Pending {
    field: &'static str,
    at: Vec<u64>,
    value: Zeroizing<Vec<u8>>,
    salt: [u8; 32],
}

impl Pending {
    fn of(field: &'static str, value: &[u8]) -> io::Result<Pending> {
        let mut salt = [0; 32];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        Ok(Pending { field, at: vec![], value: Zeroizing::new(value.to_vec()), salt })
    }

    fn commitment(&self) -> Sha256Digest {
        Sha256Digest::commitment(&self.salt, &self.value)
    }

    fn placeholder(&self) -> String {
        format!("withheld; sha256={}", self.commitment().hex())
    }
}

/// A response on its way into the WARC file: what comes out holds none of the session's values.
pub(crate) struct Sieve {
    /// The beginning, until the end of its head is known.
    head: Option<Zeroizing<Vec<u8>>>,
    /// What may be the beginning of a word.
    tail: Zeroizing<Vec<u8>>,
    /// Up to here, counted as `out` is, a word reaches.
    until: u64,
    /// Words that follow or overlap each other, as far as they have come.
    run: Zeroizing<Vec<u8>>,
    /// Bytes given out.
    out: u64,
    /// Where the body begins in what is given out.
    body_at: Option<u64>,
    payload: Sha256,
    received: Sha256,
    held: Vec<Pending>,
    places: usize,
    /// So much came and no final head was understood: what follows could set cookies that nobody finds.
    headless: bool,
}

impl Sieve {
    pub(crate) fn new() -> Sieve {
        Sieve {
            head: Some(Zeroizing::default()),
            tail: Zeroizing::default(),
            until: 0,
            run: Zeroizing::default(),
            out: 0,
            body_at: None,
            payload: Sha256::new(),
            received: Sha256::new(),
            held: vec![],
            places: 0,
            headless: false,
        }
    }

    /// Takes bytes as they came; `reader` has read them already. Gives what may be kept of them.
    pub(crate) fn push(&mut self, bytes: &[u8], reader: &ResponseReader, keeper: &mut Keeper) -> io::Result<Vec<u8>> {
        self.received.update(bytes);
        let Some(head) = &mut self.head else { return self.cover(bytes, false, keeper) };
        head.extend_from_slice(bytes);
        let is_known = reader.heads().is_some() || reader.ending() == crate::response::Ending::Malformed || head.len() > LONGEST_HEAD;
        if !is_known {
            return Ok(vec![]);
        }
        self.headless = reader.heads().is_none();
        self.leave_head(reader, keeper)
    }

    /// What is left when nothing more comes.
    pub(crate) fn finish(&mut self, reader: &ResponseReader, keeper: &mut Keeper) -> io::Result<Vec<u8>> {
        let mut kept = self.leave_head(reader, keeper)?;
        kept.extend(self.cover(&[], true, keeper)?);
        Ok(kept)
    }

    /// Whether a server repeats the session so often that the places are listed no more.
    pub(crate) fn is_flooded(&self) -> bool {
        self.places > MOST_PLACES
    }

    /// Whether what came so far cannot be told apart into head and body: nothing more may be kept then.
    pub(crate) fn is_headless(&self) -> bool {
        self.headless
    }

    /// SHA-256 of what was kept behind the head.
    pub(crate) fn payload_digest(&self) -> [u8; 32] {
        self.payload.clone().finalize().into()
    }

    /// What was held back, and SHA-256 of the bytes as they came.
    pub(crate) fn into_parts(self) -> (Vec<Pending>, Sha256Digest) {
        (self.held, Sha256Digest(self.received.finalize().into()))
    }

    fn leave_head(&mut self, reader: &ResponseReader, keeper: &mut Keeper) -> io::Result<Vec<u8>> {
        let Some(came) = self.head.take() else { return Ok(vec![]) };
        // Without a head that is understood, all that came is treated as one.
        let end = reader.heads().unwrap_or(came.len()).min(came.len());
        let head = self.without_cookies(&came[..end], keeper)?;
        self.body_at = Some(head.len() as u64);
        let mut kept = self.cover(&head, false, keeper)?;
        kept.extend(self.cover(&came[end..], false, keeper)?);
        Ok(kept)
    }

    /// A head without the values of `Set-Cookie`, in whatever letters it is written, folded lines with it.
    fn without_cookies(&mut self, head: &[u8], keeper: &mut Keeper) -> io::Result<Vec<u8>> {
        let mut kept = Vec::with_capacity(head.len());
        let mut lines = head.split_inclusive(|b| *b == b'\n').peekable();
        while let Some(line) = lines.next() {
            let Some(colon) = is_set_cookie(line) else {
                kept.extend_from_slice(line);
                continue;
            };
            let mut value = Zeroizing::new(line[colon + 1..].to_vec());
            while let Some(folded) = lines.next_if(|next| next.first().is_some_and(|b| matches!(b, b' ' | b'\t'))) {
                value.extend_from_slice(folded);
            }
            let said = value.trim_ascii();
            let lead = value.len() - value.trim_ascii_start().len();
            keeper.look_for(said.split(|b| *b == b';').next().unwrap_or(said), SHORTEST_SERVER_ECHO);
            kept.extend_from_slice(&line[..=colon]);
            if said.is_empty() {
                kept.extend_from_slice(&value);
                continue;
            }
            kept.extend_from_slice(&value[..lead]);
            let end = value[lead + said.len()..].to_vec();
            let mut pending = Pending::of("set-cookie", said)?;
            pending.at.push(kept.len() as u64);
            kept.extend_from_slice(pending.placeholder().as_bytes());
            kept.extend_from_slice(&end);
            self.held.push(pending);
        }
        Ok(kept)
    }

    /// Gives out bytes with a row of stars in place of every word, as long as the word was. Words that overlap, or of
    /// which one begins as the other, are covered together: none leaves a rest.
    fn cover(&mut self, bytes: &[u8], last: bool, keeper: &Keeper) -> io::Result<Vec<u8>> {
        self.tail.extend_from_slice(bytes);
        let longest = keeper.words.first().map_or(0, |word| word.bytes.len());
        let ready = if last { self.tail.len() } else { self.tail.len().saturating_sub(longest.saturating_sub(1)) };
        let tail = std::mem::take(&mut self.tail);
        let mut kept = Vec::with_capacity(ready);
        for (at, byte) in tail[..ready].iter().enumerate() {
            let place = self.out + at as u64;
            if let Some(length) = word_at(&tail[at..], &keeper.words, self.body_at.is_some_and(|body| place >= body)) {
                self.until = self.until.max(place + length as u64);
            }
            if place < self.until {
                self.run.push(*byte);
                kept.push(STAR);
            } else {
                kept.push(*byte);
            }
            if place + 1 >= self.until || self.run.len() >= LONGEST_RUN {
                self.note_run(place + 1)?;
            }
        }
        self.tail.extend_from_slice(&tail[ready..]);
        let begin = self.body_at.map_or(kept.len(), |at| usize::try_from(at.saturating_sub(self.out)).unwrap_or(usize::MAX).min(kept.len()));
        self.payload.update(&kept[begin..]);
        self.out += kept.len() as u64;
        Ok(kept)
    }

    /// Notes a row of stars that ends here.
    fn note_run(&mut self, end: u64) -> io::Result<()> {
        if self.run.is_empty() {
            return Ok(());
        }
        let run = std::mem::take(&mut self.run);
        let at = end - run.len() as u64;
        self.places += 1;
        match self.held.iter_mut().find(|one| one.field == REPEATED && one.value == run) {
            Some(known) => known.at.push(at),
            None => self.held.push(Pending { at: vec![at], ..Pending::of(REPEATED, &run)? }),
        }
        Ok(())
    }
}

/// The length of the longest word with which a text begins.
fn word_at(text: &[u8], words: &[Word], in_body: bool) -> Option<usize> {
    words.iter().find(|word| word.counts(in_body) && text.starts_with(&word.bytes)).map(|word| word.bytes.len())
}

/// Where the colon of a `Set-Cookie` line stands.
fn is_set_cookie(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|b| *b == b':')?;
    let name = line[..colon].trim_ascii();
    [b"set-cookie".as_slice(), b"set-cookie2"].iter().any(|known| name.eq_ignore_ascii_case(known)).then_some(colon)
}

/// What a record may say of a text that a server wrote, such as the target of a redirect.
pub(crate) fn covered(text: &str, keeper: &Keeper) -> String {
    let (bytes, mut until) = (text.as_bytes(), 0);
    let mut cover = |at: usize| {
        until = word_at(&bytes[at..], &keeper.words, false).map_or(until, |length| until.max(at + length));
        if at < until { STAR } else { bytes[at] }
    };
    String::from_utf8_lossy(&(0..bytes.len()).map(&mut cover).collect::<Vec<_>>()).into_owned()
}

/// Fuzz target: any bytes as a response to a request that carried a session. However the network cuts them, the same
/// is kept; no value is left; the bytes as they came are rebuilt from what is kept and what was held back.
pub fn fuzz_withhold(bytes: &[u8]) {
    const WORDS: &str = "sid=0123456789abcdef; short=01234567; later=89abcdefghijklmn";
    let salt = hex::encode([7; 32]);
    let carried = Carried { host: "a.localhost".into(), value: WORDS.into(), salt };
    let commitment = carried.commitment().expect("a salt of 32 bytes");
    let keeping = Keeping { recipient: String::new(), carried: vec![model::capture::CarriedFor { host: "a.localhost".into(), commitment }] };
    let kept = |cut: usize| {
        let mut keeper = Keeper::new(&keeping, vec![carried.clone()]).expect("the same commitment");
        let (mut reader, mut sieve, mut kept) = (ResponseReader::default(), Sieve::new(), Vec::new());
        for part in bytes.chunks(cut.max(1)) {
            reader.push(part);
            kept.extend(sieve.push(part, &reader, &mut keeper).expect("the system gives salts"));
        }
        reader.close();
        kept.extend(sieve.finish(&reader, &mut keeper).expect("the system gives salts"));
        let body_at = sieve.body_at.and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX);
        let (pending, received) = sieve.into_parts();
        assert!(nothing_is_left(&kept, &pending, &keeper.words, body_at));
        (kept, pending, received)
    };
    let (whole, held, received) = kept(bytes.len());
    assert_eq!(received, Sha256Digest::of(bytes));
    assert_eq!(rebuilt(&whole, &held), bytes, "{:?}", String::from_utf8_lossy(&whole));
    if bytes.len() <= 4_096 {
        let (drip, held, _) = kept(1);
        assert_eq!(rebuilt(&drip, &held), bytes);
    }
}

/// Whether each byte of each word is covered: the rows of stars are put back, and every word that then stands
/// somewhere must lie under stars.
fn nothing_is_left(kept: &[u8], held: &[Pending], words: &[Word], body_at: usize) -> bool {
    let rows = held.iter().filter(|one| one.field == REPEATED);
    let pieces = rows.flat_map(|one| one.at.iter().map(|at| (usize::try_from(*at).expect("a place"), one.value.len(), one.value.as_slice())));
    let before = rebuild(kept, pieces.collect());
    let stands = |at: usize, word: &[u8]| before[at..].starts_with(word) && kept[at..at + word.len()].iter().any(|b| *b != STAR);
    (0..before.len()).all(|at| !words.iter().any(|word| word.counts(at >= body_at) && stands(at, &word.bytes)))
}

/// The bytes as they came, from what was kept and what was held back.
fn rebuilt(kept: &[u8], held: &[Pending]) -> Vec<u8> {
    let mut pieces: Vec<(usize, usize, &[u8])> = Vec::new();
    for one in held {
        let stands = if one.field == REPEATED { one.value.len() } else { one.placeholder().len() };
        pieces.extend(one.at.iter().map(|at| (usize::try_from(*at).expect("a place"), stands, one.value.as_slice())));
    }
    rebuild(kept, pieces)
}

/// Puts values back into their places: `(place in what was kept, length of what stands there, value)`. A row of stars
/// is as long as its value and may stand inside a commitment, so the rows are put back first.
pub fn rebuild(kept: &[u8], pieces: Vec<(usize, usize, &[u8])>) -> Vec<u8> {
    let (mut rows, mut others): (Vec<_>, Vec<_>) = pieces.into_iter().partition(|(_, stands, value)| *stands == value.len());
    rows.sort_by_key(|(_, stands, _)| *stands);
    let mut kept = kept.to_vec();
    for (at, stands, value) in rows {
        if let Some(row) = kept.get_mut(at..at + stands) {
            row.copy_from_slice(value);
        }
    }
    others.sort_by_key(|(at, ..)| *at);
    let (mut out, mut from) = (Vec::with_capacity(kept.len()), 0);
    for (at, stands, value) in others {
        out.extend_from_slice(kept.get(from..at).unwrap_or_default());
        out.extend_from_slice(value);
        from = at + stands;
    }
    out.extend_from_slice(kept.get(from..).unwrap_or_default());
    out
}
