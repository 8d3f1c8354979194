//! The replay copy of a capture: what stands where in its WARC, for the index of a WACZ (laws 6 and 14).
//!
//! It opens nothing and parses nothing: it takes what the caged child said when the capture was examined. A capture of
//! which one record did not come out whole gets no copy, because an index with holes would say that a page is not there.
//! What lies inside a page (an archive with a password) is no part of this question.

use std::collections::BTreeMap;

use parse::{Container, Ended, MemberHead, MemberTail};
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
            batch.content::<Vec<DerivedMember>>()?.into_iter().for_each(|member| seen.member(member.head, &member.tail));
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
    fn member(&mut self, head: MemberHead, tail: &MemberTail) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap_or_else(|e| panic!("{e}"))
    }

    fn head(id: u32, parent: Option<u32>, container: &str, warc: Value, http: Value) -> MemberHead {
        read(json!({
            "id": id, "parent": parent, "depth": 1, "container": container, "name": {"text": "x", "hex": null}, "offset": u64::from(id) * 100, "inner_offset": null,
            "entry": null, "declared_length": null, "modified": null, "warc": warc, "http": http,
        }))
    }

    fn tail(id: u32, complete: bool, bare: Value) -> MemberTail {
        read(json!({"id": id, "length": 1, "sha256": "", "stored_length": 90, "complete": complete, "reason": null, "digests": [], "bare_http": bare}))
    }

    fn warc(kind: &str, date: Option<&str>) -> Value {
        let fields = json!([["warc-payload-digest", "sha256:AA"]]);
        json!({"version": "WARC/1.1", "record_type": kind, "record_id": null, "date": date, "target_uri": format!("http://x.example/{kind}"), "content_type": "text/plain", "fields": fields})
    }

    fn http(status: u16) -> Value {
        json!({"status": status, "start_line": "HTTP/1.1", "fields": [["content-TYPE", "text/html; charset=utf-8"]]})
    }

    #[test]
    fn the_index_has_what_can_be_shown_and_counts_what_cannot() {
        let (mut seen, day) = (Seen::default(), Some("2026-11-22T08:00:00Z"));
        let mut record = |id, kind, date, bare| seen.member(head(id, None, "warc-record", warc(kind, date), Value::Null), &tail(id, true, bare));
        record(1, "warcinfo", day, Value::Null);
        record(2, "response", day, Value::Null);
        record(3, "response", day, http(302));
        record(4, "response", day, Value::Null);
        record(5, "response", None, http(200));
        record(6, "request", day, http(200));
        record(7, "revisit", day, Value::Null);
        record(8, "resource", day, Value::Null);
        seen.member(head(9, Some(2), "http-payload", Value::Null, http(200)), &tail(9, true, Value::Null));
        // A record inside a page is no record of the capture, and what broke off is not whole.
        seen.member(head(10, Some(9), "warc-record", warc("response", day), Value::Null), &tail(10, true, http(200)));
        seen.member(head(11, None, "warc-record", warc("metadata", day), Value::Null), &tail(11, false, Value::Null));
        assert_eq!(seen.whole, 8);
        let records = seen.records("d".into());
        let told: Vec<_> = records.entries.iter().map(|entry| (entry.offset, entry.status, entry.media_type.as_str())).collect();
        let html = "text/html; charset=utf-8";
        assert_eq!(told, [(200, Some(200), html), (300, Some(302), html), (700, None, "warc/revisit"), (800, None, "text/plain")]);
        assert_eq!(records.not_indexed, 2, "no HTTP, and no time");
        assert!(records.entries.iter().all(|entry| entry.length == 90 && entry.digest.as_deref() == Some("sha256:AA")));
        assert_eq!(records.pages().iter().map(|page| page.url.as_str()).collect::<Vec<_>>(), ["http://x.example/response"], "a redirect is no page");
    }
}
