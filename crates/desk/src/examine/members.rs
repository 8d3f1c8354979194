//! Takes what the child unpacks: each member becomes an encrypted blob, and what was read in it goes with it. Members
//! are committed in batches, with the event that says so, before anything that was read in them is.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
};

use model::{
    Sha256Digest,
    event::EventType,
    exhibit::ExhibitClass,
    id::BlobId,
    known::{KnownHit, class_after},
};
use parse::{Container, MemberHead, MemberTail, Sink, SinkError};
use serde_json::{Value, json};
use store::{BlobHandle, NewBlob, NewEvent, StoreError, Write, index::Held, vault::blob::AlsoDigest};

use super::{DerivedMember, OWN_WORDS, Read, Take, Work};
use crate::{
    admit,
    known::{self, Known},
    reading::{Reading, WORDS},
    reclassify,
    row::Draft,
};

/// Members committed together.
const BATCH: usize = 400;
/// Bytes that tell a picture.
pub(super) const FIRST: usize = 12;
/// Bytes of what was read that wait for their members.
const WAITING: usize = 24 << 20;

/// What is needed of a member after it was stored.
pub(super) struct Kept {
    pub blob: BlobId,
    pub id: u32,
    pub parent: Option<u32>,
    pub place: String,
    pub offset: u64,
    pub length: u64,
    pub sha256: Sha256Digest,
    pub is_leaf: bool,
    /// Whether its first bytes are those of a picture.
    pub is_picture: bool,
    /// Whether it was read in passing.
    pub read: bool,
    /// Whether it is restricted: a list holds it, a restricted item of the case has the same bytes, or it holds such.
    pub restricted: bool,
    /// Type of the web-archive record, where it is one.
    pub record: Option<String>,
    /// When it was captured, where its record says so.
    pub captured: Option<i64>,
    /// The known-hash lists that hold its bytes.
    pub known: Vec<KnownHit>,
    /// What the reader is told of it, when it reads it by itself.
    pub hint: Value,
    /// The mail that carries it.
    pub mail: Option<String>,
    /// The address of the captured record that it is, or whose body it is.
    pub address: Option<String>,
}

/// The mail that carries a member, by the number of the mail among the members (0 when it is the exhibit itself): its
/// header, its parts, and whatever is unpacked out of them. A message that is attached, or lies in an mbox, is a mail
/// of its own.
pub(super) fn mail_of<'h>(head: &'h MemberHead, parent: impl Fn(u32) -> Option<&'h MemberHead>) -> Option<String> {
    let mut around = Some(head);
    while let Some(member) = around {
        match member.container {
            Container::MailHeader | Container::MailPart => return Some(member.parent.unwrap_or(0).to_string()),
            Container::MailMessage => return None,
            _ => around = member.parent.and_then(&parent),
        }
    }
    None
}

/// The address of the captured record that a member is, or whose body it is. A file that lies in one has a name that a
/// stranger gave it, and no address.
pub(super) fn address_of<'h>(head: &'h MemberHead, parent: impl Fn(u32) -> Option<&'h MemberHead>) -> Option<String> {
    let record = if head.container == Container::HttpPayload { parent(head.parent?)? } else { head };
    let warc = record.warc.as_ref().filter(|warc| !OWN_WORDS.contains(&warc.record_type.as_str()))?;
    warc.target_uri.clone()
}

/// What a reader is told of a member that it reads by itself: the same as of one that passes.
pub(crate) fn hint_of<'h>(head: &'h MemberHead, parent: impl Fn(u32) -> Option<&'h MemberHead>) -> Value {
    let (mut address, mut around) = (None, Some(head));
    while let (None, Some(member)) = (address, around) {
        address = member.warc.as_ref().and_then(|warc| warc.target_uri.as_deref());
        around = member.parent.and_then(&parent);
    }
    let mut hint = head.hint(address);
    hint["read"] = json!(WORDS);
    hint
}

/// See the module.
pub(super) struct MemberSink<'w, 'a> {
    work: &'w Work<'a>,
    pub lists: Known,
    /// By member: the class of the most restricted thing that came out of it.
    inside: BTreeMap<u32, ExhibitClass>,
    derivation: String,
    /// With the first bytes of each.
    open: BTreeMap<u32, (MemberHead, NewBlob<'w>, Vec<u8>)>,
    ready: Vec<(DerivedMember, Write)>,
    pub kept: Vec<Kept>,
    parents: BTreeSet<u32>,
    batches: u64,
    /// The class of what was found in the exhibit and restricts all of it, and the class that it was given for it.
    pub restricted: Option<ExhibitClass>,
    told: Option<ExhibitClass>,
    /// What is being read in the member that ended last.
    reading: Reading,
    read: Vec<Read>,
    waiting: usize,
    indexing: &'w mut Take,
    /// Selectors that were kept.
    pub selectors: u64,
    /// What was not read whole.
    pub gaps: Vec<String>,
    /// In a second run: the members that the first one brought.
    known_members: BTreeMap<u32, Sha256Digest>,
    passing: BTreeSet<u32>,
}

pub(super) fn sink_error(error: impl std::fmt::Display) -> SinkError {
    SinkError::from(error.to_string())
}

impl<'w, 'a> MemberSink<'w, 'a> {
    pub fn new(work: &'w Work<'a>, lists: Known, derivation: &str, indexing: &'w mut Take) -> Self {
        MemberSink {
            work, lists, indexing,
            inside: BTreeMap::new(), derivation: derivation.to_string(), open: BTreeMap::new(), ready: vec![], kept: vec![],
            parents: BTreeSet::new(), batches: 0, restricted: None, told: None, reading: Reading::default(), read: vec![],
            waiting: 0, selectors: 0, gaps: vec![], known_members: BTreeMap::new(), passing: BTreeSet::new(),
        }
    }

    /// The same bytes are unpacked a second time: what came already is passed over.
    pub fn again(&mut self) {
        self.open.clear();
        self.reading = Reading::default();
        self.known_members = self.kept.iter().map(|member| (member.id, member.sha256)).collect();
    }

    /// When the record in which a member lies was captured, as it says itself.
    fn captured_of(&self, head: &MemberHead) -> Option<i64> {
        let mut around = Some(head);
        while let Some(member) = around {
            if let Some(warc) = &member.warc {
                return warc.date.as_ref()?.parse::<model::Moment>().ok().map(model::Moment::micros);
            }
            around = member.parent.and_then(|parent| self.open.get(&parent)).map(|(head, ..)| head);
        }
        None
    }

    /// Writes down what was read, after its members.
    fn flush_read(&mut self) -> Result<(), StoreError> {
        let read = std::mem::take(&mut self.read);
        self.waiting = 0;
        // What stands in a restricted exhibit is searched by nobody.
        if read.is_empty() || self.restricted.is_some() {
            return Ok(());
        }
        self.selectors += self.work.keep(&read, "done", "as unpacked", self.indexing)?;
        Ok(())
    }
    /// Where a member stands, for people: its address or name, and in a web archive the type and id of the
    /// record that it is or lies in.
    fn place_of(&self, head: &MemberHead) -> String {
        let address = head.warc.as_ref().and_then(|warc| warc.target_uri.as_deref()).unwrap_or(&head.name.text);
        let mut around = Some(head);
        while let Some(member) = around {
            if let Some(warc) = &member.warc {
                return format!("{address} ({} record {})", warc.record_type, warc.record_id.as_deref().unwrap_or("without an id"));
            }
            around = member.parent.and_then(|parent| self.open.get(&parent)).map(|(head, ..)| head);
        }
        address.to_string()
    }

    /// Whether a member of a web archive lies in a record that its maker wrote.
    fn is_own(&self, head: &MemberHead) -> bool {
        let mut around = Some(head);
        while let Some(member) = around {
            if let Some(warc) = &member.warc {
                return OWN_WORDS.contains(&warc.record_type.as_str());
            }
            around = member.parent.and_then(|parent| self.open.get(&parent)).map(|(head, ..)| head);
        }
        false
    }

    /// A member that a list holds, or with the bytes of a restricted one, is as restricted, and so is every member
    /// around it. What a list holds, or the bytes of a whole restricted item, makes the exhibit restricted too.
    fn as_restricted(&mut self, blob: &mut BlobHandle, head: &MemberHead, known: &[KnownHit]) -> Result<bool, StoreError> {
        let listed = class_after(ExhibitClass::Ordinary, known);
        let held = self.inside.remove(&head.id).unwrap_or(ExhibitClass::Ordinary);
        let same = match blob.summary.length {
            0 => None,
            // The collector's own words are no part of what a restricted item holds.
            _ if self.work.captured && self.is_own(head) => None,
            _ => reclassify::class_of_bytes(self.work.desk, self.work.scope, &blob.summary.sha256)?,
        };
        let class = listed.max(held).max(same.map_or(ExhibitClass::Ordinary, |(class, _)| class));
        blob.raise(class);
        let whole = same.filter(|(_, whole)| *whole).map(|(class, _)| class);
        self.restricted = self.restricted.max([Some(listed), whole].into_iter().flatten().filter(|class| class.is_restricted() && *class > self.work.class).max());
        if let Some(parent) = head.parent.filter(|_| class.is_restricted()) {
            let around = self.inside.entry(parent).or_insert(class);
            *around = class.max(*around);
        }
        Ok(class.is_restricted())
    }

    /// The exhibit becomes restricted in the moment in which that is known, not when all of it is unpacked.
    fn tell(&mut self) -> Result<(), StoreError> {
        let Some(class) = self.restricted.filter(|_| self.restricted > self.told) else { return Ok(()) };
        // First: it needs no authority, and a revocation that stops what follows does not stop this.
        reclassify::becomes_restricted(self.work.desk, self.work.scope, &self.work.label, class)?;
        self.told = Some(class);
        self.flush()
    }

    pub fn flush(&mut self) -> Result<(), StoreError> {
        if self.ready.is_empty() {
            return self.flush_read();
        }
        self.batches += 1;
        let ready = std::mem::take(&mut self.ready);
        let members: Vec<&DerivedMember> = ready.iter().map(|(member, _)| member).collect();
        let id = format!("{}/{}", self.derivation, self.batches);
        let list = Draft::new("members", id, "kept").under(&self.derivation).write(self.work.scope, self.work.desk.now(), &members)?;
        let mut detail = json!({"derivation": self.derivation, "exhibit": self.work.label, "batch": self.batches, "members": members.len()});
        let hits: Vec<KnownHit> = members.iter().flat_map(|member| member.known.clone()).collect();
        if !hits.is_empty() {
            detail["known"] = known::in_event(&hits);
        }
        let mut rows = vec![list];
        rows.extend(ready.into_iter().map(|(_, blob)| blob));
        let event = NewEvent::new(EventType::Derived, Some(self.work.row.id.clone()), detail);
        self.work.desk.store.commit(self.work.scope, self.work.permit, event, rows)?;
        self.flush_read()
    }
}

impl Sink for MemberSink<'_, '_> {
    fn begin(&mut self, head: &MemberHead) -> Result<(), SinkError> {
        if self.known_members.contains_key(&head.id) {
            self.passing.insert(head.id);
            return Ok(());
        }
        let work = self.work;
        let blob = work
            .desk
            .store
            .new_blob(work.scope, work.permit, &self.derivation, work.class, Some(&work.origin), self.lists.also(AlsoDigest::default()))
            .map_err(sink_error)?;
        self.open.insert(head.id, (head.clone(), blob, Vec::new()));
        Ok(())
    }

    fn data(&mut self, id: u32, bytes: &[u8]) -> Result<(), SinkError> {
        if self.passing.contains(&id) {
            return Ok(());
        }
        let (_, blob, first) = self.open.get_mut(&id).ok_or_else(|| sink_error("bytes of a member that never began"))?;
        first.extend(bytes.iter().take(FIRST - first.len()));
        blob.write_all(bytes).map_err(sink_error)
    }

    fn end(&mut self, tail: &MemberTail) -> Result<(), SinkError> {
        if self.passing.remove(&tail.id) {
            let same = self.known_members.get(&tail.id).is_some_and(|known| known.hex() == tail.sha256);
            return if same { Ok(()) } else { Err(sink_error("the same bytes were unpacked in two ways")) };
        }
        let (head, blob, first) = self.open.remove(&tail.id).ok_or_else(|| sink_error("the end of a member that never began"))?;
        let (mut blob, known) = admit::matched(self.work.desk, &self.lists, blob.finish().map_err(sink_error)?).map_err(sink_error)?;
        let restricted = self.as_restricted(&mut blob, &head, &known).map_err(sink_error)?;
        // Members end from the inside out, so every child of this one was seen by now.
        let is_leaf = !self.parents.contains(&head.id);
        self.kept.push(Kept {
            blob: blob.id.clone(),
            id: head.id,
            parent: head.parent,
            place: self.place_of(&head),
            offset: head.offset,
            length: blob.summary.length,
            sha256: blob.summary.sha256,
            is_leaf,
            is_picture: parse::is_picture(&first),
            read: false,
            captured: self.captured_of(&head),
            restricted,
            record: head.warc.as_ref().map(|warc| warc.record_type.clone()),
            known: known.clone(),
            hint: hint_of(&head, |parent| self.open.get(&parent).map(|(head, ..)| head)),
            mail: mail_of(&head, |parent| self.open.get(&parent).map(|(head, ..)| head)),
            address: address_of(&head, |parent| self.open.get(&parent).map(|(head, ..)| head)),
        });
        self.parents.extend(head.parent);
        let member = DerivedMember { head, tail: tail.clone(), blob: blob.id, sha256: blob.summary.sha256, known };
        self.ready.push((member, blob.row));
        self.tell().map_err(sink_error)?;
        self.reading = Reading::default();
        if self.ready.len() >= BATCH || self.waiting > WAITING { self.flush().map_err(sink_error) } else { Ok(()) }
    }

    fn abandon(&mut self, id: u32, _reason: &str) {
        self.open.remove(&id);
    }

    fn finding(&mut self, _finding: &parse::Finding) {}

    fn selectors(&mut self, _values: Vec<Value>) -> Result<(), SinkError> {
        Ok(())
    }

    fn found(&mut self, id: u32, values: Vec<Value>, last: bool) -> Result<(), SinkError> {
        let own = self.kept.last().filter(|member| member.id == id).is_some_and(|member| !member.restricted);
        if !own || self.restricted.is_some() {
            return Ok(());
        }
        self.reading.take(values);
        if !last {
            return Ok(());
        }
        let reading = std::mem::take(&mut self.reading);
        let member = self.kept.last_mut().ok_or_else(|| sink_error("what was read, of no member"))?;
        member.read = true;
        self.gaps.extend(reading.gaps(&member.place));
        self.waiting += reading.size();
        let held = self.work.held(&self.derivation, &member.place, Some(&member.blob));
        let held = Held { captured: member.captured.or(held.captured), mail: member.mail.clone(), ..held };
        self.read.push(Read { blob: Some(member.blob.clone()), input: member.sha256, offset: Some(member.offset), held, reading, method: None, address: member.address.clone() });
        Ok(())
    }
}

/// Takes what is read in one place.
#[derive(Default)]
pub(crate) struct SelectorSink {
    pub reading: Reading,
}

impl Sink for SelectorSink {
    fn begin(&mut self, _head: &MemberHead) -> Result<(), SinkError> {
        Err(sink_error("a member where only selectors were asked for"))
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
        self.reading.take(values);
        Ok(())
    }
}
