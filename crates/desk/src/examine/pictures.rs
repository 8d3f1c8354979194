//! Pictures of an exhibit: each is decoded in a caged child of its own, and the QR codes in it are read. What a code
//! says is kept with the exhibit, searched for selectors and put into the index; its place is the picture.
//!
//! When it is asked for, the text in a picture is read too, by `tesseract` in walls of its own: what a machine read is
//! marked as such, each word with its confidence, and it proves nothing that its checksum does not. Which program with
//! which data read it stands in the account (law 6).
//!
//! It refuses a picture that is restricted, or that lies in the archive maker's own words: those are counted and never
//! decoded (law 7). A picture that cannot be decoded hides no other one.

use std::collections::{BTreeMap, BTreeSet};

use model::{Sha256Digest, action::Action, event::EventType, exhibit::Origin, id::BlobId, selector::FoundSelector};
use parse::{Budget, Cage, Ended, MemberHead, MemberTail, Sink, SinkError, Source, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{NewEvent, Permit, Scope, StoreError, index::Held, vault::secret::fresh_id};

use super::{
    Kept, Read, Take, Work, ended_words,
    members::FIRST,
};
use crate::{
    Desk,
    reading::{Reading, WORDS},
    reclassify,
    row::{Draft, exhibit_label, for_action, parse_label},
    search,
};

/// Kind of the row of a picture in which something was read.
const PICTURE: &str = "picture";
/// Pictures whose readings are committed together.
const BATCH: usize = 100;
/// Pictures that are named one by one when they are not read.
const NAMED: usize = 50;
/// What was used to read QR codes; with the extractor's method it stands in each row.
const CODES: &str = "QR codes of pictures, rqrr 0.11";

/// What one picture may cost.
fn budget() -> Budget {
    Budget { wall_ms: 120_000, cpu_s: 60, output_bytes: 64 << 20, members: 1, depth: 1, ..Budget::default() }
}

/// The account of the pictures of an exhibit (law 6): `met == read + refused + unread`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureAccount {
    /// PNG, JPEG, GIF, WebP, TIFF, JBIG2 and JPEG 2000 pictures among the bytes, those in a PDF with them.
    pub met: u64,
    /// Decoded and looked at for QR codes.
    pub read: u64,
    /// Not decoded, because they are restricted.
    pub refused: u64,
    /// Not read, or not to the end.
    pub unread: u64,
    /// The first of them, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// QR codes.
    pub codes: u64,
    /// The reading of text, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextAccount>,
}

/// The account of the reading of text in pictures: `pictures` of those that were `read` or `unread`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextAccount {
    /// Program and version; none when it is not installed, and nothing was read.
    pub tool: Option<String>,
    /// Its options.
    pub configuration: String,
    /// The languages that it was to read, each with the SHA-256 of its data.
    pub languages: Vec<(String, Sha256Digest)>,
    /// SHA-256 of the program.
    pub program: Option<Sha256Digest>,
    /// The walls around it.
    pub cage: Option<String>,
    /// Pictures that it went through.
    pub pictures: u64,
    /// Words that it read.
    pub words: u64,
    /// Pictures that it did not go through.
    pub unread: u64,
    /// Why: the first of them, or that it is not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// The wish that text in pictures be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadText {
    /// Languages as `tesseract` names them; all that are there when none is named.
    pub languages: Vec<String>,
}

/// The reader of text, with its account.
struct Reader {
    installed: parse::Installed,
    languages: Vec<String>,
}

impl ReadText {
    /// Looks for the program and its data; what is missing is told in the account.
    fn open(&self, desk: &Desk) -> Result<(Option<Reader>, TextAccount), StoreError> {
        let mut account = TextAccount { configuration: parse::OCR_CONFIGURATION.into(), ..TextAccount::default() };
        let Some(installed) = parse::find_ocr() else {
            account.reasons.push(format!("text in pictures was not read: tesseract is not installed (apt-get install {})", parse::OCR_PACKAGES));
            return Ok((None, account));
        };
        let languages = if self.languages.is_empty() { installed.languages.clone() } else { self.languages.clone() };
        if let Some(missing) = languages.iter().find(|language| !installed.languages.contains(language)) {
            let there = installed.languages.join(", ");
            return Err(StoreError::input(format!("tesseract has no data for the language {}; it has {there}", model::quoted(missing))));
        }
        let digest = |path: &std::path::Path| std::fs::read(path).map(|bytes| Sha256Digest::of(&bytes)).map_err(|e| StoreError::environment("reading the program tesseract", &e));
        account.program = Some(digest(&installed.program)?);
        for language in &languages {
            account.languages.push((language.clone(), digest(&parse::data_of(&installed.data, language))?));
        }
        match parse::ocr_version(desk.exe(), &installed) {
            Ok(version) => account.tool = Some(version),
            Err(why) => {
                account.reasons.push(format!("text in pictures was not read: {why}"));
                return Ok((None, account));
            }
        }
        Ok((Some(Reader { installed, languages }), account))
    }
}

impl PictureAccount {
    /// Whether there is no picture.
    pub fn is_empty(&self) -> bool {
        self.met == 0
    }

    fn not_read(&mut self, why: String) {
        self.unread += 1;
        if self.reasons.len() < NAMED {
            self.reasons.push(why);
        }
    }

    /// Why nothing may be called absent from the pictures: those that were not read, and the text that was asked for
    /// and not read. Text that nobody asked for is no gap (law 9).
    fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.unread > 0 {
            gaps.push(format!("{} pictures were not read, or not to the end", self.unread));
            gaps.extend(self.reasons.iter().cloned());
        }
        let Some(text) = &self.text else { return gaps };
        if text.tool.is_none() && self.met > self.refused {
            gaps.extend(text.reasons.iter().cloned());
        } else if text.unread > 0 {
            gaps.push(format!("the text in {} pictures was not read", text.unread));
            gaps.extend(text.reasons.iter().cloned());
        }
        gaps
    }
}

impl TextAccount {
    fn not_read(&mut self, place: &str, why: &str) {
        self.unread += 1;
        if self.reasons.len() < NAMED {
            self.reasons.push(format!("{place}: {why}"));
        }
    }
}

/// What came of the pictures.
pub(super) struct Seen {
    pub account: PictureAccount,
    pub selectors: u64,
    pub gaps: Vec<String>,
    /// The weakest walls around a reader of pictures or of their text.
    walls: Cage,
}

impl Seen {
    /// What is to stand with the exhibit when the walls were not whole (law 14).
    pub fn weak_walls(&self) -> Option<String> {
        (self.walls != Cage::LandlockAndSeccomp).then(|| format!("the cage of a reader of pictures was not whole: {}", self.walls.name()))
    }
}

/// A QR code, as the child tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Code {
    text: String,
    /// Left, top, width, height in points of the picture.
    at: [i64; 4],
    how: String,
}

/// A word that a machine read, as the child tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Word {
    text: String,
    /// 0 to 100.
    confidence: u8,
    /// Left, top, width, height in points of the picture.
    at: [u32; 4],
}

/// What was read in one picture (sealed under the case key).
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PictureContent {
    exhibit: String,
    /// The examination that read it.
    derivation: String,
    /// The picture; none when it is the exhibit itself.
    blob: Option<BlobId>,
    input: Sha256Digest,
    place: String,
    method: String,
    origin: Origin,
    codes: Vec<Code>,
    /// Words that a machine read, each with its confidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words: Vec<Word>,
    /// Whether something in it opens an account, a wallet or a key: it is shown masked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    sensitive: bool,
    /// Its words as they went into the index, for an index that is made anew.
    passages: Vec<Words>,
}

/// See [`PictureContent::passages`].
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Words {
    zone: String,
    text: String,
    length: u32,
    language: Option<String>,
    selectors: Vec<(String, String)>,
    captured: Option<i64>,
}

impl From<&Held> for Words {
    fn from(held: &Held) -> Words {
        let length = held.runs.first().map_or(0, |run| run.2);
        Words { zone: held.zone.clone(), text: held.text.clone(), length, language: held.language.clone(), selectors: held.selectors.clone(), captured: held.captured }
    }
}

/// A picture that may be decoded.
struct Picture {
    blob: BlobId,
    derived: bool,
    offset: Option<u64>,
    held: Held,
}

impl Work<'_> {
    /// Decodes every picture that is not restricted, and keeps what is read.
    pub(super) fn look_at_pictures(&self, derivation: &str, blob: &BlobId, members: &[Kept], own: &BTreeSet<u32>, text: Option<&ReadText>, take: &mut Take) -> Result<Seen, StoreError> {
        let mut seen = Seen { account: PictureAccount::default(), selectors: 0, gaps: vec![], walls: Cage::LandlockAndSeccomp };
        let mut ready = Vec::new();
        let pictures = self.pictures(derivation, blob, members, own, &mut seen.account)?;
        let reader = match text.map(|text| text.open(self.desk)).transpose()? {
            Some((reader, account)) => {
                seen.account.text = Some(account);
                reader
            }
            None => None,
        };
        for picture in pictures {
            self.desk.store.still_live(self.scope, self.permit)?;
            ready.extend(self.look_at(&picture, reader.as_ref(), &mut seen)?);
            if ready.len() >= BATCH {
                seen.selectors += self.keep_pictures(derivation, &mut ready, take)?;
            }
        }
        seen.selectors += self.keep_pictures(derivation, &mut ready, take)?;
        seen.gaps.extend(seen.account.gaps());
        if text.is_none() && self.text_was_read(derivation)? {
            seen.gaps.push("text in pictures was read by an earlier examination and not by this one: examine again with --ocr".into());
        }
        Ok(seen)
    }

    /// Whether an earlier examination of the exhibit has words that a machine read: answers are given from the newest one
    /// alone, so they would be forgotten in silence.
    fn text_was_read(&self, derivation: &str) -> Result<bool, StoreError> {
        for row in self.desk.store.list_of(self.scope, PICTURE, &self.row.id)? {
            let content: PictureContent = row.content()?;
            if content.derivation != derivation && !content.words.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The pictures that may be decoded; the others are counted.
    fn pictures(&self, derivation: &str, blob: &BlobId, members: &[Kept], own: &BTreeSet<u32>, account: &mut PictureAccount) -> Result<Vec<Picture>, StoreError> {
        let mut pictures = Vec::new();
        if self.is_picture(blob)? {
            account.met += 1;
            pictures.push(Picture { blob: blob.clone(), derived: false, offset: None, held: self.held(derivation, &self.label, None) });
        }
        for member in members.iter().filter(|member| member.is_picture && !own.contains(&member.id)) {
            account.met += 1;
            if member.restricted {
                account.refused += 1;
                continue;
            }
            let held = self.held(derivation, &member.place, Some(&member.blob));
            let held = Held { captured: member.captured.or(held.captured), mail: member.mail.clone(), ..held };
            pictures.push(Picture { blob: member.blob.clone(), derived: true, offset: Some(member.offset), held });
        }
        Ok(pictures)
    }

    fn is_picture(&self, blob: &BlobId) -> Result<bool, StoreError> {
        let mut first = [0; FIRST];
        let count = self.source(blob)?.read_at(0, &mut first).map_err(|e| StoreError::environment("reading the exhibit", &e))?;
        Ok(parse::is_picture(&first[..count]))
    }

    /// Looks at one picture in a child of its own; nothing when nothing was read in it.
    fn look_at(&self, picture: &Picture, reader: Option<&Reader>, seen: &mut Seen) -> Result<Vec<Found>, StoreError> {
        let place = &picture.held.place;
        let mut source = self.source(&picture.blob)?;
        let length = source.len();
        if length > parse::MOST_PICTURE {
            seen.account.not_read(format!("{place}: the picture has {length} bytes, which are too many"));
            return Ok(vec![]);
        }
        let input = self.desk.store.read_blob(self.scope, self.permit, &picture.blob)?.content.sha256;
        let mut sink = PictureSink::default();
        let task = Task::Picture { hint: hint(place), points: reader.is_some() };
        let outcome = parse::run(self.desk.exe(), &task, &budget(), &mut source, &mut sink, &self.watch())
            .map_err(|e| StoreError::Environment { attempt: format!("looking at {place}"), cause: e.to_string() })?;
        seen.walls = seen.walls.max(outcome.cage.cage);
        match (&outcome.ended, outcome.findings.first()) {
            (Ended::Done, None) => seen.account.read += 1,
            (Ended::Done, Some(finding)) => seen.account.not_read(format!("{place}: {}", finding.text)),
            (ended, _) => seen.account.not_read(format!("{place}: {}", ended_words(ended))),
        }
        seen.account.codes += sink.codes.len() as u64;
        seen.gaps.extend(sink.reading.gaps(place));
        let points = sink.whole.then(|| std::mem::take(&mut sink.points));
        // A picture that was not decoded is a gap already.
        if let (Ended::Done, None, Some(_), Some(account)) = (&outcome.ended, &points, reader, &mut seen.account.text)
            && outcome.findings.is_empty()
        {
            account.not_read(place, "its points are too many");
        }
        let read = |reading: Reading, method: &str| Read {
            blob: picture.derived.then(|| picture.blob.clone()),
            input,
            offset: picture.offset,
            held: picture.held.clone(),
            reading,
            method: Some(format!("{method}; {}", extract::METHOD)),
            address: None,
        };
        let mut found = Vec::new();
        if !sink.codes.is_empty() {
            found.push(Found { read: read(sink.reading, CODES), codes: sink.codes, words: vec![], method: CODES.into() });
        }
        if let (Some(reader), Some(points), Some(account)) = (reader, points, &mut seen.account.text) {
            let text = self.read_text(place, length, reader, points, account, &mut seen.walls)?;
            if let Some(text) = text.filter(|text| !text.words.is_empty()) {
                let method = format!("text read by machine, {} ({})", account.tool.as_deref().unwrap_or_default(), reader.languages.join("+"));
                seen.gaps.extend(text.reading.gaps(place));
                found.push(Found { read: read(text.reading, &method), codes: vec![], words: text.words, method });
            }
        }
        // The same secret can stand in a picture as a code and as words, and a machine misreads words: one covers all.
        if found.iter().any(Found::is_sensitive) {
            found.iter_mut().for_each(|one| one.read.reading.cover(0, length.max(1)));
        }
        Ok(found)
    }

    /// Reads the text in the points of one picture.
    fn read_text(&self, place: &str, length: u64, reader: &Reader, points: Vec<u8>, account: &mut TextAccount, walls: &mut Cage) -> Result<Option<PictureSink>, StoreError> {
        let mut table = match parse::read_words(self.desk.exe(), &reader.installed, &reader.languages, points, &self.watch()) {
            Ok(table) => table,
            Err(why) => {
                account.not_read(place, &why.to_string());
                return Ok(None);
            }
        };
        let around = Cage::of_name(&table.cage);
        // The weakest of all pictures stands in the account.
        account.cage = Some(account.cage.as_deref().map_or(around, |known| around.max(Cage::of_name(known))).name().to_string());
        let mut sink = PictureSink::default();
        let outcome = parse::run(self.desk.exe(), &Task::Words { hint: hint(place) }, &budget(), &mut table.bytes, &mut sink, &self.watch())
            .map_err(|e| StoreError::Environment { attempt: format!("reading the words of {place}"), cause: e.to_string() })?;
        *walls = (*walls).max(around).max(outcome.cage.cage);
        if outcome.ended == Ended::Done {
            account.pictures += 1;
        } else {
            account.not_read(place, &ended_words(&outcome.ended));
        }
        account.words += sink.words.len() as u64;
        sink.reading.stand_at(length);
        Ok(Some(sink))
    }

    /// Writes down what was read in pictures: first the texts, then what was found in them.
    fn keep_pictures(&self, derivation: &str, ready: &mut Vec<Found>, take: &mut Take) -> Result<u64, StoreError> {
        if ready.is_empty() {
            return Ok(0);
        }
        let (mut rows, mut reads, mut methods) = (Vec::new(), Vec::new(), BTreeSet::new());
        for found in std::mem::take(ready) {
            let sensitive = found.is_sensitive();
            let content = PictureContent {
                exhibit: self.label.clone(),
                derivation: derivation.to_string(),
                blob: found.read.blob.clone(),
                input: found.read.input,
                place: found.read.held.place.clone(),
                method: found.method.clone(),
                origin: self.origin.clone(),
                codes: found.codes,
                words: found.words,
                sensitive,
                passages: found.read.reading.held(&found.read.held).iter().map(Words::from).collect(),
            };
            let id: String = fresh_id()?.iter().map(|byte| format!("{byte:02x}")).collect();
            rows.push(Draft::new(PICTURE, format!("picture-{id}"), "read").under(&self.row.id).write(self.scope, self.desk.now(), &content)?);
            reads.push(found.read);
            methods.insert(found.method);
        }
        let detail = json!({"derivation": derivation, "exhibit": self.label, "picture-texts": rows.len(), "methods": methods});
        self.desk.store.commit(self.scope, self.permit, NewEvent::new(EventType::Derived, Some(self.row.id.clone()), detail), rows)?;
        self.keep(&reads, "done", "as each picture", take)
    }
}

/// What was read in one picture in one way.
struct Found {
    read: Read,
    codes: Vec<Code>,
    words: Vec<Word>,
    method: String,
}

impl Found {
    /// Whether something in it opens an account, a wallet or a key, or its picture holds such a thing.
    fn is_sensitive(&self) -> bool {
        let reading = &self.read.reading;
        !reading.covered.is_empty() || reading.selectors.iter().any(FoundSelector::is_sensitive)
    }
}

/// What stands in a picture is words: it is never taken for a mail, a page or JSON.
fn hint(place: &str) -> String {
    json!({"place": place, "read": WORDS, "media": "text/plain; charset=utf-8", "plain": true}).to_string()
}

/// The words that an examination read in the pictures of an exhibit, for an index that is made anew; `mails` says which
/// mail carries a picture.
pub(super) fn held_of(desk: &Desk, scope: &Scope, exhibit: &str, derivation: &str, mails: &BTreeMap<BlobId, String>) -> Result<Vec<Held>, StoreError> {
    let restricted = reclassify::restricted_parts(desk, scope)?;
    let mut held = Vec::new();
    for row in desk.store.list_of(scope, PICTURE, exhibit)? {
        let content: PictureContent = row.content()?;
        if content.derivation != derivation || content.blob.as_ref().is_some_and(|blob| restricted.contains(blob)) {
            continue;
        }
        held.extend(content.passages.into_iter().map(|words| Held {
            exhibit: content.exhibit.clone(),
            derivation: derivation.to_string(),
            blob: content.blob.as_ref().map(ToString::to_string),
            mail: content.blob.as_ref().and_then(|blob| mails.get(blob).cloned()),
            place: content.place.clone(),
            host: crate::reading::host_of(&content.place),
            captured: words.captured,
            zone: words.zone,
            runs: vec![(0, 0, words.length)],
            text: words.text,
            language: words.language,
            selectors: words.selectors,
            // Words of a picture have no bytes of their own: all of them are covered, or none.
            secrets: if content.sensitive { vec![(0, u64::from(words.length))] } else { vec![] },
        }));
    }
    Ok(held)
}

/// What was read in one picture in one way.
#[derive(Debug, Clone, Serialize)]
pub struct PictureText {
    /// The exhibit.
    pub exhibit: String,
    /// Address or member name of the picture.
    pub place: String,
    /// The picture among the derived bytes; none when it is the exhibit itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<BlobId>,
    /// How it was read.
    pub method: String,
    /// `qr`, or `ocr` for a word that a machine read.
    pub step: &'static str,
    /// What it says.
    pub text: String,
    /// How sure the machine was of a word, 0 to 100; a QR code has checksums of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// Left, top, width and height, in points of the picture.
    pub at: [i64; 4],
}

/// The answer to a question for them.
#[derive(Debug, Clone, Serialize)]
pub struct PictureTexts {
    /// Of the newest examination of each exhibit.
    pub texts: Vec<PictureText>,
    /// How many more stand in exhibits that the authority does not reach.
    pub outside: usize,
    /// Labels about which nothing is said.
    pub silent: Vec<String>,
    /// The event by which the question was asked.
    pub event: u64,
}

/// What stands in place of a text that opens an account, a wallet or a key, or stands beside one.
const MASKED: &str = "(masked: --reveal)";

impl PictureContent {
    fn texts(self, reveal: bool) -> Vec<PictureText> {
        let masked = self.sensitive && !reveal;
        let one = |step, text: &str, confidence, at| PictureText {
            exhibit: self.exhibit.clone(),
            place: self.place.clone(),
            blob: self.blob.clone(),
            method: self.method.clone(),
            step,
            text: if masked { MASKED.into() } else { text.to_string() },
            confidence,
            at,
        };
        let codes = self.codes.iter().map(|code| one("qr", &code.text, None, code.at));
        codes.chain(self.words.iter().map(|word| one("ocr", &word.text, Some(word.confidence), word.at.map(i64::from)))).collect()
    }
}

/// What was read in the pictures of the case, or of one exhibit: one query event with count and a commitment to the
/// answer. What is sensitive is masked unless `reveal` says otherwise, and the event says so.
///
/// # Errors
/// When the permit is not to query.
pub fn texts(desk: &Desk, scope: &Scope, permit: &Permit, exhibit: Option<&str>, reveal: bool, purpose: &str) -> Result<PictureTexts, StoreError> {
    for_action(permit, Action::Query)?;
    let closed = search::closed_labels(desk, scope)?;
    let parts = reclassify::restricted_parts(desk, scope)?;
    let newest = search::newest_examinations(desk, scope)?;
    let wanted = exhibit.map(|label| parse_label(label, 'E').map(exhibit_label)).transpose()?;
    let (mut texts, mut outside) = (Vec::new(), 0);
    for row in desk.store.list(scope, PICTURE)? {
        let content: PictureContent = row.content()?;
        let parent = row.parent.as_deref().unwrap_or_default();
        let old = newest.get(parent).is_none_or(|(_, derivation, _)| *derivation != content.derivation);
        let shut = closed.contains(&content.exhibit) || content.blob.as_ref().is_some_and(|blob| parts.contains(blob));
        if old || shut || wanted.as_ref().is_some_and(|label| *label != content.exhibit) {
            continue;
        }
        if desk.store.covers_item(scope, permit, &content.origin, row.parent.as_deref())? {
            texts.extend(content.texts(reveal));
        } else {
            outside += content.codes.len() + content.words.len();
        }
    }
    let silent: Vec<String> = search::places(desk, scope, permit)?.silent().iter().cloned().collect();
    let results = Sha256Digest::of(&serde_json::to_vec(&texts).map_err(crate::office::input)?);
    let detail = json!({"query": "pictures", "exhibit": wanted, "purpose": purpose, "count": texts.len(), "outside-authority": outside, "unsearched": silent, "revealed": reveal, "results": results});
    let event = desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, None, detail), vec![])?.event;
    Ok(PictureTexts { texts, outside, silent, event })
}

/// Most bytes of the points of one picture.
const MOST_POINTS: usize = 48 << 20;

/// Takes what is read in one picture, and its points.
#[derive(Default)]
struct PictureSink {
    reading: Reading,
    codes: Vec<Code>,
    words: Vec<Word>,
    points: Vec<u8>,
    /// Whether all points came.
    whole: bool,
}

impl Sink for PictureSink {
    fn begin(&mut self, _head: &MemberHead) -> Result<(), SinkError> {
        Ok(())
    }

    fn data(&mut self, _id: u32, bytes: &[u8]) -> Result<(), SinkError> {
        // The child decodes less than that; what lies is not read.
        if self.points.len() + bytes.len() <= MOST_POINTS {
            self.points.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self, tail: &MemberTail) -> Result<(), SinkError> {
        self.whole = tail.complete && tail.length == self.points.len() as u64;
        Ok(())
    }

    fn abandon(&mut self, _id: u32, _reason: &str) {}

    fn finding(&mut self, _finding: &parse::Finding) {}

    fn selectors(&mut self, values: Vec<Value>) -> Result<(), SinkError> {
        for value in values {
            match value["kind"].as_str() {
                Some("code") => self.codes.extend(serde_json::from_value::<Code>(value["value"].clone()).ok()),
                Some("words") => self.words.extend(serde_json::from_value::<Vec<Word>>(value["value"].clone()).unwrap_or_default()),
                _ => self.reading.take(vec![value]),
            }
        }
        Ok(())
    }
}
