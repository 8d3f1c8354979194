//! Pictures of an exhibit: each is decoded in a caged child of its own, and the QR codes in it are read. What a code
//! says is kept with the exhibit, searched for selectors and put into the index; its place is the picture.
//!
//! It refuses a picture that is restricted, or that lies in the archive maker's own words: those are counted and never
//! decoded (law 7). A picture that cannot be decoded hides no other one.

use std::collections::BTreeSet;

use model::{Sha256Digest, event::EventType, exhibit::Origin, id::BlobId};
use parse::{Budget, Ended, MemberHead, MemberTail, Sink, SinkError, Source, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{NewEvent, Scope, StoreError, index::Held, vault::secret::fresh_id};

use super::{
    Kept, Read, Take, Work, ended_words,
    members::{FIRST, sink_error},
};
use crate::{
    Desk,
    reading::{Reading, WORDS},
    reclassify,
    row::Draft,
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
    /// PNG, JPEG, GIF and WebP pictures among the bytes.
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
}

/// What came of the pictures.
pub(super) struct Seen {
    pub account: PictureAccount,
    pub selectors: u64,
    pub gaps: Vec<String>,
}

/// A QR code, as the child tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Code {
    text: String,
    /// Left, top, width, height in points of the picture.
    at: [i64; 4],
    how: String,
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
    pub(super) fn look_at_pictures(&self, derivation: &str, blob: &BlobId, members: &[Kept], own: &BTreeSet<u32>, take: &mut Take) -> Result<Seen, StoreError> {
        let mut seen = Seen { account: PictureAccount::default(), selectors: 0, gaps: vec![] };
        let mut ready = Vec::new();
        for picture in self.pictures(derivation, blob, members, own, &mut seen.account)? {
            self.desk.store.still_live(self.scope, self.permit)?;
            if let Some(read) = self.look_at(&picture, &mut seen)? {
                ready.push(read);
            }
            if ready.len() >= BATCH {
                seen.selectors += self.keep_pictures(derivation, &mut ready, take)?;
            }
        }
        seen.selectors += self.keep_pictures(derivation, &mut ready, take)?;
        Ok(seen)
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
            let held = Held { captured: member.captured.or(held.captured), ..held };
            pictures.push(Picture { blob: member.blob.clone(), derived: true, offset: Some(member.offset), held });
        }
        Ok(pictures)
    }

    fn is_picture(&self, blob: &BlobId) -> Result<bool, StoreError> {
        let mut first = [0; FIRST];
        let count = self.source(blob)?.read_at(0, &mut first).map_err(|e| StoreError::environment("reading the exhibit", &e))?;
        Ok(parse::is_picture(&first[..count]))
    }

    /// Looks at one picture in a child of its own; none when nothing was read in it.
    fn look_at(&self, picture: &Picture, seen: &mut Seen) -> Result<Option<(Read, Vec<Code>)>, StoreError> {
        let place = &picture.held.place;
        let mut source = self.source(&picture.blob)?;
        if source.len() > parse::MOST_PICTURE {
            seen.account.not_read(format!("{place}: the picture has {} bytes, which are too many", source.len()));
            return Ok(None);
        }
        let input = self.desk.store.read_blob(self.scope, self.permit, &picture.blob)?.content.sha256;
        let mut sink = PictureSink::default();
        let hint = json!({"place": place, "read": WORDS, "media": "text/plain; charset=utf-8"}).to_string();
        let outcome = parse::run(self.desk.exe(), &Task::Picture { hint, points: false }, &budget(), &mut source, &mut sink, &self.watch())
            .map_err(|e| StoreError::Environment { attempt: format!("looking at {place}"), cause: e.to_string() })?;
        match (&outcome.ended, outcome.findings.first()) {
            (Ended::Done, None) => seen.account.read += 1,
            (Ended::Done, Some(finding)) => seen.account.not_read(format!("{place}: {}", finding.text)),
            (ended, _) => seen.account.not_read(format!("{place}: {}", ended_words(ended))),
        }
        seen.account.codes += sink.codes.len() as u64;
        seen.gaps.extend(sink.reading.gaps(place));
        if sink.codes.is_empty() {
            return Ok(None);
        }
        let blob = picture.derived.then(|| picture.blob.clone());
        let method = Some(format!("{CODES}; {}", extract::METHOD));
        let read = Read { blob, input, offset: picture.offset, held: picture.held.clone(), reading: sink.reading, method };
        Ok(Some((read, sink.codes)))
    }

    /// Writes down what was read in pictures: first the texts, then what was found in them.
    fn keep_pictures(&self, derivation: &str, ready: &mut Vec<(Read, Vec<Code>)>, take: &mut Take) -> Result<u64, StoreError> {
        if ready.is_empty() {
            return Ok(0);
        }
        let (reads, codes): (Vec<Read>, Vec<Vec<Code>>) = std::mem::take(ready).into_iter().unzip();
        let mut rows = Vec::new();
        for (read, codes) in reads.iter().zip(codes) {
            let content = PictureContent {
                exhibit: self.label.clone(),
                derivation: derivation.to_string(),
                blob: read.blob.clone(),
                input: read.input,
                place: read.held.place.clone(),
                method: CODES.to_string(),
                origin: self.origin.clone(),
                codes,
                passages: read.reading.held(&read.held).iter().map(Words::from).collect(),
            };
            let id: String = fresh_id()?.iter().map(|byte| format!("{byte:02x}")).collect();
            rows.push(Draft::new(PICTURE, format!("picture-{id}"), "read").under(&self.row.id).write(self.scope, self.desk.now(), &content)?);
        }
        let detail = json!({"derivation": derivation, "exhibit": self.label, "pictures-with-text": rows.len(), "method": CODES});
        self.desk.store.commit(self.scope, self.permit, NewEvent::new(EventType::Derived, Some(self.row.id.clone()), detail), rows)?;
        self.keep(&reads, "done", "as each picture", take)
    }
}

/// The words that an examination read in the pictures of an exhibit, for an index that is made anew.
pub(super) fn held_of(desk: &Desk, scope: &Scope, exhibit: &str, derivation: &str) -> Result<Vec<Held>, StoreError> {
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
            place: content.place.clone(),
            host: crate::reading::host_of(&content.place),
            captured: words.captured,
            zone: words.zone,
            runs: vec![(0, 0, words.length)],
            text: words.text,
            language: words.language,
            selectors: words.selectors,
        }));
    }
    Ok(held)
}

/// Takes what is read in one picture.
#[derive(Default)]
struct PictureSink {
    reading: Reading,
    codes: Vec<Code>,
}

impl Sink for PictureSink {
    fn begin(&mut self, _head: &MemberHead) -> Result<(), SinkError> {
        Err(sink_error("the points of a picture, which nobody asked for"))
    }

    fn data(&mut self, _id: u32, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }

    fn end(&mut self, _tail: &MemberTail) -> Result<(), SinkError> {
        Ok(())
    }

    fn abandon(&mut self, _id: u32, _reason: &str) {}

    fn finding(&mut self, _finding: &parse::Finding) {}

    fn selectors(&mut self, values: Vec<Value>) -> Result<(), SinkError> {
        let (codes, rest): (Vec<Value>, Vec<Value>) = values.into_iter().partition(|value| value["kind"] == "code");
        self.codes.extend(codes.into_iter().filter_map(|value| serde_json::from_value(value["value"].clone()).ok()));
        self.reading.take(rest);
        Ok(())
    }
}
