//! The replay copy of a capture: what stands where in its WARC, for the index of a WACZ (laws 6 and 14).
//!
//! It opens nothing and parses nothing: it takes what the caged child said when the capture was examined. A capture of
//! which one record did not come out whole gets no copy, because an index with holes would say that a page is not there.
//! What lies inside a page (an archive with a password) is no part of this question.

use std::collections::BTreeMap;

use parse::{Container, Ended, MemberHead};
use seal::wacz::{IndexEntry, METHOD, Page};
use serde_json::{Value, json};
use store::{Scope, StoreError};

use crate::{
    Desk,
    admit::ExhibitView,
    examine::{Derivation, DerivedMember},
};

/// What is known of the records of a capture.
pub(super) struct Records {
    /// The examination that says so.
    pub derivation: String,
    /// One for each record that can be shown again.
    pub entries: Vec<IndexEntry>,
    /// Answers that are in the WARC and not in the index, because they are no HTTP or bear no time.
    pub not_indexed: usize,
}

impl Records {
    /// From the newest examination that went through exactly these bytes to their end; none when there is no such one,
    /// or a record of the capture did not come out whole in it.
    pub(super) fn of(desk: &Desk, scope: &Scope, view: &ExhibitView) -> Result<Option<Records>, StoreError> {
        let mut newest: Option<(u64, String, u64)> = None;
        for row in desk.store.list_of(scope, "derivation", &view.id)? {
            let derivation: Derivation = row.content()?;
            let same = derivation.input.is_some() && derivation.input == view.content.sha256;
            let Some(outcome) = derivation.outcome.filter(|outcome| same && outcome.ended == Ended::Done) else { continue };
            if newest.as_ref().is_none_or(|(event, ..)| *event < row.event) {
                newest = Some((row.event, row.id, outcome.summary.top_records_in));
            }
        }
        let Some((_, derivation, records_in)) = newest else { return Ok(None) };
        let mut seen = Seen::default();
        for batch in desk.store.list_of(scope, "members", &derivation)? {
            batch.content::<Vec<DerivedMember>>()?.into_iter().for_each(|member| seen.member(member));
        }
        Ok((seen.whole == records_in).then(|| seen.records(derivation)))
    }

    /// The pages that a reader is offered first: what the servers answered as HTML, redirects aside.
    pub(super) fn pages(&self) -> Vec<Page> {
        let html = |entry: &&IndexEntry| seal::wacz::media_type(&entry.media_type) == "text/html" && entry.status.is_some_and(|status| !(300..400).contains(&status));
        let page = |(number, entry): (usize, &IndexEntry)| Page { id: format!("page-{number}"), url: entry.url.clone(), time: entry.time };
        (1..).zip(self.entries.iter().filter(html)).map(page).collect()
    }

    /// What the event says of the copy (law 6). No digest: if the capture is restricted later, one of its copy would
    /// stand in every later package (law 7); the copy itself is bound by the tag manifest that the same event names.
    pub(super) fn in_event(&self, view: &ExhibitView) -> Value {
        json!({"derived-from": view.exhibit, "method": METHOD, "examination": self.derivation, "records": self.entries.len(), "not-indexed": self.not_indexed})
    }

    /// What the contents page says of the copy.
    pub(super) fn described(&self, view: &ExhibitView, path: &str, sha256: &model::Sha256Digest) -> Value {
        json!({
            "path": path, "sha256": sha256, "derived-from": view.exhibit, "input": view.content.sha256, "method": METHOD, "examination": self.derivation,
            "records": self.entries.len(), "not-indexed": self.not_indexed,
            "note": "a copy for looking at; the evidence is the exhibit itself, whose bytes stand in it unchanged",
        })
    }
}

/// The kinds of record that bear something to show. What the archive's maker wrote is none of them.
const SHOWN: [&str; 3] = ["response", "revisit", "resource"];

#[derive(Default)]
struct Seen {
    /// Status and media type by the record in which the message lies.
    http: BTreeMap<u32, (Option<u16>, String)>,
    /// Records of the capture itself with the bytes that each takes up, by their number.
    records: BTreeMap<u32, (MemberHead, Option<u64>)>,
    /// How many records of the capture itself came out whole, of whatever kind.
    whole: u64,
}

impl Seen {
    fn member(&mut self, member: DerivedMember) {
        let (head, tail) = (member.head, member.tail);
        self.whole += u64::from(head.parent.is_none() && tail.complete);
        let message = match (head.container, head.parent) {
            (Container::HttpPayload, Some(parent)) => head.http.as_ref().map(|http| (parent, http)),
            // Nothing came after the head, such as in most redirects.
            _ => tail.bare_http.as_ref().map(|http| (head.id, http)),
        };
        if let Some((record, http)) = message {
            let media = http.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            self.http.insert(record, (http.status, media.map(|(_, value)| value.clone()).unwrap_or_default()));
        }
        if head.container == Container::WarcRecord && head.parent.is_none() && head.warc.as_ref().is_some_and(|warc| SHOWN.contains(&warc.record_type.as_str())) {
            self.records.insert(head.id, (head, tail.stored_length));
        }
    }

    fn records(self, derivation: String) -> Records {
        let entries: Vec<IndexEntry> = self.records.values().filter_map(|(head, length)| self.entry(head, *length)).collect();
        Records { derivation, not_indexed: self.records.len() - entries.len(), entries }
    }

    fn entry(&self, head: &MemberHead, length: Option<u64>) -> Option<IndexEntry> {
        let warc = head.warc.as_ref()?;
        let http = self.http.get(&head.id);
        let (status, media_type) = match warc.record_type.as_str() {
            "response" => http.map(|(status, media)| (*status, media.clone())).filter(|(status, _)| status.is_some())?,
            "revisit" => (http.and_then(|(status, _)| *status), "warc/revisit".to_string()),
            _ => (None, warc.content_type.clone().unwrap_or_default()),
        };
        let digest = warc.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("warc-payload-digest"));
        Some(IndexEntry {
            url: warc.target_uri.clone()?,
            time: warc.date.as_deref()?.parse().ok()?,
            media_type,
            status,
            digest: digest.map(|(_, value)| value.clone()),
            offset: head.offset,
            length: length?,
        })
    }
}
