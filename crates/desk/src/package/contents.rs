//! The payload of a package: exhibits, custody log, CASE description, reports, tool; where it was asked for, a copy of
//! each capture for looking at (WACZ).
//!
//! Bytes stream from the encrypted store into the bag, compared with their digest (law 5), and the
//! authority is asked again meanwhile (law 15). Restricted items stay behind: a salted commitment is
//! all that leaves, and their digests are taken out of every text (law 7). It opens no exhibit: what a
//! copy says of its records is what the caged child said when the capture was examined (law 14).

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    io::{self, Read},
    path::Path,
    time::Instant,
};

use model::{
    Law, Moment, Sha256Digest,
    event::EventType,
    exhibit::ExhibitKind,
    id::{ActorId, BlobId},
};
use seal::{
    bag::{BagError, BagWriter},
    case_uco::{self, Action as CaseAction, ActionKind, Authorization, Description, Exhibit, Form, HashMethod, Officer, Tool},
    wacz::{About, Archive, Summed, Wacz},
};
use serde_json::{Value, json};
use store::{Permit, ReadableBlob, Row, Scope, StoreError, vault::VaultError};

use super::replay::Records;
use crate::{
    Desk, TOOL,
    admit::{self, ExhibitView},
    case, errata,
    examine::{Derivation, DerivedMember, SelectorBatch},
    facts::{Facts, Secrets, config_digest, hands, without_restricting_lists},
    material,
    office::input,
    opening, reclassify,
    report_step::ReportContent,
};

/// How many bytes pass between two questions whether the authority still lives, and how many seconds.
const ASK_EVERY: u64 = 8 << 20;
const ASK_SECONDS: u64 = 5;

/// Fills one bag.
pub(super) struct Filling<'a> {
    pub desk: &'a Desk,
    pub scope: &'a Scope,
    pub permit: &'a Permit,
    pub facts: &'a Facts,
    pub reports: &'a [(String, Row, ReportContent)],
    secrets: Secrets,
    /// Ids and labels of restricted exhibits.
    restricted: BTreeSet<String>,
    bag: BagWriter,
    /// Whether captures get a copy for looking at.
    wacz: bool,
    /// Where each exhibit's bytes lie in the package.
    places: BTreeMap<String, String>,
    /// The copies for looking at, by exhibit: for the contents page, and for the event.
    replays: BTreeMap<String, (Value, Value)>,
    /// Why a capture has no such copy.
    notes: Vec<String>,
    pulse: Pulse,
}

/// A filled bag, and what its event tells of the copies in it.
pub(super) struct Filled {
    pub bag: BagWriter,
    pub replays: Vec<Value>,
    pub notes: Vec<String>,
}

/// When it was last asked whether the authority lives, over all items: many small ones are as long as
/// one large one.
struct Pulse {
    bytes: Cell<u64>,
    at: Cell<Instant>,
}

impl<'a> Filling<'a> {
    pub fn new(
        desk: &'a Desk,
        scope: &'a Scope,
        permit: &'a Permit,
        facts: &'a Facts,
        reports: &'a [(String, Row, ReportContent)],
        target: &Path,
        wacz: bool,
    ) -> Result<Self, StoreError> {
        let bag = BagWriter::create(target).map_err(bag_error)?;
        let restricted = facts.exhibits.iter().filter(|view| view.content.class.is_restricted());
        let restricted = restricted.flat_map(|view| [view.id.clone(), view.exhibit.clone()]).collect();
        Ok(Filling { desk, scope, permit, facts, reports, secrets: facts.secrets(), restricted, bag, wacz, places: BTreeMap::new(), replays: BTreeMap::new(), notes: vec![], pulse: Pulse { bytes: Cell::new(0), at: Cell::new(Instant::now()) } })
    }

    /// Writes the whole payload.
    pub fn fill(mut self) -> Result<Filled, StoreError> {
        for view in &self.facts.exhibits {
            if view.content.blob.is_some() && !view.content.class.is_restricted() {
                self.exhibit(view)?;
            }
        }
        self.reports()?;
        self.people()?;
        self.custody()?;
        self.findings()?;
        self.put_lines("data/searches.jsonl", self.facts.searches())?;
        self.put_json("data/unused.json", material::in_package(self.desk, self.scope, &self.facts.exhibits, &self.facts.findings)?)?;
        self.put_json("data/releases.json", serde_json::to_value(&self.facts.releases).map_err(input)?)?;
        self.put_json("data/errata.json", Value::Array(errata::in_package(&self.facts.errata)))?;
        self.selectors()?;
        self.derivations()?;
        self.tool()?;
        self.withheld()?;
        self.index()?;
        self.description()?;
        Ok(Filled { bag: self.bag, replays: self.replays.into_values().map(|(_, in_event)| in_event).collect(), notes: self.notes })
    }

    // ---- bytes

    fn exhibit(&mut self, view: &ExhibitView) -> Result<(), StoreError> {
        match self.copy(view) {
            Ok(place) => {
                self.places.insert(view.exhibit.clone(), place);
                Ok(())
            }
            Err(error) => {
                let row = self.desk.store.get(self.scope, "exhibit", &view.id)?;
                Err(admit::anomaly(self.desk, self.scope, &row, error)?)
            }
        }
    }

    fn open(&self, view: &ExhibitView) -> Result<(ReadableBlob, Sha256Digest), StoreError> {
        let blob = admit::usable_blob(view)?;
        opening::looked_through(self.desk, self.scope, view)?;
        let readable = self.desk.store.read_blob(self.scope, self.permit, blob)?;
        match view.content.sha256 {
            Some(digest) if digest == readable.content.sha256 => Ok((readable, digest)),
            _ => Err(StoreError::refused(Law::Integrity, "the stored bytes have another digest than the exhibit's record")),
        }
    }

    fn copy(&mut self, view: &ExhibitView) -> Result<String, StoreError> {
        let (mut readable, digest) = self.open(view)?;
        let (name, capture) = (view.exhibit.to_lowercase(), view.content.kind == ExhibitKind::Capture);
        let path = if capture { format!("data/captures/{name}.warc") } else { format!("data/exhibits/{name}.bin") };
        let watched = Watched { desk: self.desk, scope: self.scope, permit: self.permit, pulse: &self.pulse, inner: readable.reader.stream(digest), error: None };
        let mut summed = Summed::over(watched);
        let added = self.bag.add_expecting(&path, &mut summed, &digest);
        let (watched, crc32) = summed.end();
        let bytes = watched.result(added.map_err(bag_error))?;
        if capture && self.wacz {
            self.replay(view, Archive { name: format!("{name}.warc"), digest, bytes, crc32 })?;
        }
        Ok(path)
    }

    /// A copy of a capture for looking at: its WARC as it was admitted, an index and a list of pages.
    fn replay(&mut self, view: &ExhibitView, archive: Archive) -> Result<(), StoreError> {
        let Some(records) = Records::of(self.desk, self.scope, view)? else {
            self.notes.push(format!("{} has no copy for replay, because it was not examined to its end: run `lanternfish examine` on it, then build the package anew", view.exhibit));
            return Ok(());
        };
        // Nobody's own words: a title that an officer typed could name another item.
        let about = About {
            title: view.exhibit.clone(),
            description: format!("made from the exhibit {} for looking at; the evidence is the exhibit", view.exhibit),
            software: TOOL.into(),
            created: view.content.admitted,
        };
        let wacz = Wacz::around(archive, &records.entries, &records.pages(), &about).map_err(input)?;
        let (mut readable, digest) = self.open(view)?;
        let mut watched = Watched { desk: self.desk, scope: self.scope, permit: self.permit, pulse: &self.pulse, inner: readable.reader.stream(digest), error: None };
        let path = format!("data/replay/{}.wacz", view.exhibit.to_lowercase());
        let added = self.bag.add(&path, &mut wacz.reading(&mut watched));
        let (sha256, _) = watched.result(added.map_err(bag_error))?;
        self.replays.insert(view.exhibit.clone(), (records.described(view, &path, &sha256), records.in_event(view)));
        Ok(())
    }

    fn reports(&mut self) -> Result<(), StoreError> {
        let reports = self.reports;
        for (label, _, content) in reports {
            let name = label.to_lowercase();
            self.paper(&format!("data/report/{name}.pdf"), &content.pdf, &content.pdf_sha256, label)?;
            self.paper(&format!("data/report/{name}.request.json"), &content.request, &content.request_sha256, label)?;
        }
        Ok(())
    }

    fn paper(&mut self, path: &str, blob: &BlobId, digest: &Sha256Digest, label: &str) -> Result<(), StoreError> {
        let bytes = self.desk.store.read_blob(self.scope, self.permit, blob)?.bytes(256 << 20)?;
        if let Some(exhibit) = self.secrets.found_in(&bytes) {
            return Err(StoreError::refused(Law::Restricted, format!("{label} prints a digest of {exhibit}, which is restricted: build the report anew")));
        }
        self.bag.add_expecting(path, &mut bytes.as_slice(), digest).map(|_| ()).map_err(bag_error)
    }

    // ---- texts

    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if let Some(exhibit) = self.secrets.found_in(bytes) {
            return Err(StoreError::refused(Law::Restricted, format!("{path} would hold a digest of {exhibit}, which is restricted; tell the maintainers")));
        }
        self.desk.store.still_live(self.scope, self.permit)?;
        self.bag.add(path, &mut &bytes[..]).map(|_| ()).map_err(bag_error)
    }

    fn put_json(&mut self, path: &str, mut value: Value) -> Result<(), StoreError> {
        self.secrets.take_out(&mut value);
        let mut text = serde_json::to_vec_pretty(&value).map_err(input)?;
        text.push(b'\n');
        self.put(path, &text)
    }

    fn put_lines(&mut self, path: &str, lines: impl IntoIterator<Item = Value>) -> Result<(), StoreError> {
        let mut text = Vec::new();
        for mut line in lines {
            self.secrets.take_out(&mut line);
            serde_json::to_writer(&mut text, &line).map_err(input)?;
            text.push(b'\n');
        }
        self.put(path, &text)
    }

    fn actors(&self) -> Result<BTreeSet<ActorId>, StoreError> {
        let members = case::members(self.desk, self.scope.case())?;
        let acted = self.facts.events.iter().filter_map(|(event, _)| event.leaf.actor.clone());
        Ok(acted.chain(members.into_iter().map(|(actor, _, _)| actor)).collect())
    }

    /// Who stands behind each pseudonym of the log.
    fn people(&mut self) -> Result<(), StoreError> {
        let mut people = serde_json::Map::new();
        for actor in self.actors()? {
            let (name, role) = self.desk.name_of(&actor)?;
            people.insert(actor.to_string(), json!({"name": name, "role": role.name()}));
        }
        self.put_json("data/people.json", Value::Object(people))
    }

    /// Every event of the case: its leaf, and for those that a court needs the detail with its salt,
    /// so that `SHA-256(salt ‖ canonical detail)` can be compared with the leaf.
    fn custody(&mut self) -> Result<(), StoreError> {
        let mut lines = Vec::with_capacity(self.facts.events.len());
        for (event, detail) in &self.facts.events {
            let leaf = String::from_utf8(event.bytes.clone()).map_err(|_| StoreError::damaged("a leaf"))?;
            let mut line = json!({"event": event.leaf.seq, "leaf": leaf});
            if event.is_erased() {
                line["note"] = json!("the detail was erased by decision of a court or prosecutor (law 10); the event stands");
            } else if disclosed(event.leaf.event_type) && self.is_about_a_restricted(event.leaf.object.as_deref()) {
                line["note"] = json!("the event is about a restricted item: its detail stays here (law 7)");
            } else if self.is_about_a_held_finding(event.leaf.object.as_deref()) {
                line["note"] = json!("the finding is held back: it was written on an item that became privileged (law 7)");
            } else if disclosed(event.leaf.event_type) {
                let mut detail = detail.clone();
                let withheld = self.secrets.take_out(&mut detail) | without_restricting_lists(&mut detail);
                line["detail"] = detail;
                if withheld {
                    line["note"] = json!("the detail is withheld in part (law 7), so its salt is not given");
                } else {
                    let (salt, _) = self.desk.store.disclose_detail_of(self.scope, self.permit, event)?;
                    line["salt"] = json!(hex::encode(salt));
                }
            }
            lines.push(line);
        }
        self.put_lines("data/custody/log.jsonl", lines)
    }

    fn findings(&mut self) -> Result<(), StoreError> {
        let findings = serde_json::to_value(&self.facts.findings).map_err(input)?;
        self.put_json("data/findings.json", findings)
    }

    fn is_about_a_restricted(&self, object: Option<&str>) -> bool {
        object.is_some_and(|id| self.restricted.contains(id))
    }

    fn is_about_a_held_finding(&self, object: Option<&str>) -> bool {
        object.is_some_and(|id| self.facts.findings.iter().any(|finding| finding.held && finding.id == id))
    }

    fn is_restricted(&self, exhibit: &str) -> bool {
        self.restricted.contains(exhibit)
    }

    fn selectors(&mut self) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        let parts = reclassify::restricted_parts(self.desk, self.scope)?;
        for row in self.desk.store.list(self.scope, "selectors")? {
            let batch: SelectorBatch = row.content()?;
            if self.is_restricted(&batch.exhibit) || batch.blob.as_ref().is_some_and(|blob| parts.contains(blob)) {
                continue;
            }
            for selector in &batch.selectors {
                lines.push(json!({
                    "exhibit": batch.exhibit, "input": batch.input, "derived": batch.blob.is_some(), "place": batch.place,
                    "record-offset": batch.record_offset, "method": batch.method, "selector": selector, "event": row.event,
                }));
            }
        }
        self.put_lines("data/selectors.jsonl", lines)
    }

    /// The account of each unpacking and of each member; the members' bytes can be made again.
    fn derivations(&mut self) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        let parts = reclassify::restricted_parts(self.desk, self.scope)?;
        for row in self.desk.store.list(self.scope, "derivation")? {
            let derivation: Derivation = row.content()?;
            if self.is_restricted(&derivation.exhibit) {
                continue;
            }
            lines.push(json!({"derivation": row.id, "event": row.event, "account": Derivation { lists: vec![], ..derivation }}));
            for batch in self.desk.store.list_of(self.scope, "members", &row.id)? {
                let members: Vec<DerivedMember> = batch.content()?;
                lines.extend(members.iter().filter(|m| !parts.contains(&m.blob)).map(|m| json!({"derivation": row.id, "event": batch.event, "member": m.head, "end": m.tail, "sha256": m.sha256})));
            }
        }
        self.put_lines("data/derivations.jsonl", lines)
    }

    fn tool(&mut self) -> Result<(), StoreError> {
        let store = &self.desk.store;
        let tool = json!({
            "tool": TOOL, "program-sha256": self.desk.tool_digest()?, "extract": extract::METHOD, "collect": collect::TOOL,
            "settings": store.config(), "settings-sha256": config_digest(self.desk)?, "log": store.origin()?,
        });
        self.put_json("data/tool/tool.json", tool)
    }

    fn withheld(&mut self) -> Result<(), StoreError> {
        let class = |label: &str| self.facts.exhibits.iter().find(|view| view.exhibit == label).map(|view| view.content.class);
        let items: Vec<Value> =
            self.facts.withheld.iter().map(|one| json!({"exhibit": one.exhibit, "class": class(&one.exhibit), "commitment": one.commitment})).collect();
        let how = "SHA-256(salt || SHA-256 of the bytes); the salt stays with the agency and is given to the court on request";
        self.put_json("data/withheld.json", json!({"commitment": how, "items": items}))
    }

    fn index(&mut self) -> Result<(), StoreError> {
        let mut items = Vec::with_capacity(self.facts.exhibits.len());
        for view in &self.facts.exhibits {
            let mut item = serde_json::to_value(view).map_err(input)?;
            item["path"] = json!(self.places.get(&view.exhibit));
            if let Some((replay, _)) = self.replays.get(&view.exhibit) {
                item["replay"] = replay.clone();
            }
            if view.content.class.is_restricted() {
                // Length and name would tell as much as a digest.
                for key in ["sha256", "length", "declared", "original_name", "record", "findings", "known", "blob"] {
                    item[key] = Value::Null;
                }
            }
            items.push(item);
        }
        let case = &self.facts.case;
        let mut index = json!({"case": case.case, "title": case.content.title, "offence": case.content.offence, "notes": self.notes});
        // Numbers that are missing because of an erasure, so that nobody has to guess (law 10).
        let erased = self.desk.store.erased(self.scope)?;
        index["erased"] = erased.iter().filter_map(crate::erasure::label_of).collect();
        // Moved in, not copied: there may be many thousands.
        index["exhibits"] = Value::Array(items);
        self.put_json("data/index.json", index)
    }

    // ---- CASE/UCO

    fn description(&mut self) -> Result<(), StoreError> {
        let case = &self.facts.case;
        let open = self.facts.events.first().map_or(self.desk.now(), |(event, _)| event.leaf.time);
        let mut officers = Vec::new();
        for actor in self.actors()? {
            officers.push(Officer { role: self.desk.name_of(&actor)?.1.name().into(), id: actor.to_string() });
        }
        let shown: Vec<&ExhibitView> = self.facts.exhibits.iter().filter(|view| !view.content.class.is_restricted()).collect();
        let description = Description {
            case_number: case.case.clone(),
            focus: one_line(&format!("{}: {}", case.content.title, case.content.offence)),
            opened: open,
            authorities: self.facts.authorities.iter().map(authorization).collect(),
            officers,
            tools: vec![Tool {
                id: "tool".into(),
                name: "lanternfish".into(),
                version: format!("{TOOL}, program SHA-256 {}", self.desk.tool_digest()?),
                configuration: Some(config_digest(self.desk)?),
            }],
            exhibits: shown.iter().map(|view| self.described(view)).collect(),
            actions: self.actions(&shown)?,
        };
        let document = case_uco::document(&description).map_err(input)?;
        self.put("data/case/case.jsonld", &document)
    }

    fn described(&self, view: &ExhibitView) -> Exhibit {
        let content = &view.content;
        let capture = content.kind == ExhibitKind::Capture;
        let form = match content.length {
            None => Form::Thing { seal_number: content.physical.as_ref().map(|item| item.seal_number.clone()) },
            Some(size) => Form::Bytes {
                path: self.places.get(&view.exhibit).cloned(),
                media_type: capture.then(|| "application/warc".to_string()),
                size,
                digests: digests(view),
            },
        };
        Exhibit { id: view.id.clone(), number: view.exhibit.clone(), description: one_line(&content.description), form }
    }

    fn actions(&self, shown: &[&ExhibitView]) -> Result<Vec<CaseAction>, StoreError> {
        let by_id: BTreeMap<&str, &ExhibitView> = shown.iter().map(|view| (view.id.as_str(), *view)).collect();
        let by_label: BTreeMap<&str, &str> = shown.iter().map(|view| (view.exhibit.as_str(), view.id.as_str())).collect();
        let mut actions = Vec::new();
        for (event, detail) in &self.facts.events {
            let Some(view) = event.leaf.object.as_deref().and_then(|object| by_id.get(object)) else { continue };
            let Some(kind) = action_kind(event.leaf.event_type) else { continue };
            let (started, ended) = times(view, kind, event.leaf.time);
            let performer = event.leaf.actor.as_ref().map(ToString::to_string);
            let source = view.content.derived_from.as_deref().and_then(|label| by_label.get(label)).map(|id| (*id).to_string());
            let moved = if kind == ActionKind::Transfer { hands(self.desk, event, detail)? } else { None };
            actions.push(CaseAction {
                id: format!("event-{}", event.leaf.seq),
                kind,
                description: moved.map_or_else(|| format!("{} {}", event.leaf.event_type, view.exhibit), |hands| one_line(&format!("{} {}: {} to {}", event.leaf.event_type, view.exhibit, hands.from, hands.to))),
                started,
                ended,
                performer,
                participants: vec![],
                tools: vec!["tool".into()],
                inputs: if kind == ActionKind::Derive { vec![source.unwrap_or_else(|| view.id.clone())] } else { vec![] },
                results: if kind == ActionKind::Derive && view.content.kind != ExhibitKind::Derived { vec![] } else { vec![view.id.clone()] },
            });
        }
        Ok(actions)
    }
}

fn action_kind(event: EventType) -> Option<ActionKind> {
    match event {
        EventType::ExhibitAdmitted => Some(ActionKind::Admit),
        EventType::CaptureEnded => Some(ActionKind::Capture),
        EventType::TransferAccepted | EventType::InterimCustody | EventType::CustodyReassigned => Some(ActionKind::Transfer),
        EventType::Derived => Some(ActionKind::Derive),
        _ => None,
    }
}

fn times(view: &ExhibitView, kind: ActionKind, logged: Moment) -> (Moment, Moment) {
    let said = |key: &str| view.content.record.as_ref().and_then(|record| record["record"][key].as_str()?.parse().ok());
    if kind != ActionKind::Capture {
        return (logged, logged);
    }
    (said("started").unwrap_or(logged), said("ended").unwrap_or(logged))
}

fn digests(view: &ExhibitView) -> Vec<(HashMethod, Vec<u8>)> {
    let own = view.content.sha256.map(|digest| (HashMethod::Sha256, digest.0.to_vec()));
    let declared = view.content.declared.iter().filter_map(|one| {
        let method = match one.algorithm.as_str() {
            "md5" => HashMethod::Md5,
            "sha1" => HashMethod::Sha1,
            _ => return None,
        };
        Some((method, hex::decode(&one.value).ok()?))
    });
    own.into_iter().chain(declared).collect()
}

fn authorization(view: &crate::authority::AuthorityView) -> Authorization {
    Authorization { id: view.authority.clone(), kind: view.kind.clone(), reference: one_line(&view.reference), from: view.from, until: Some(view.until) }
}

/// Events whose detail a court needs; of the others the leaf alone leaves the house.
fn disclosed(event: EventType) -> bool {
    use EventType::*;
    matches!(
        event,
        ExhibitAdmitted | ExhibitReclassified | AdmissionStopped | ExhibitViewed | Derived | Extracted | CheckedOut | CheckedIn | TransferOffered
            | TransferAccepted | TransferRefused | InterimCustody | CustodyReassigned | Anomaly | AnomalyDecided | CaptureOrdered
            | CaptureEnded | CrawlBegun | CrawlChanged | FindingAdded | ReportBuilt | AuthorityRecorded | AuthorityChecked | AuthorityGranted | AuthorityRatified | AuthorityRevoked
            | PackageBuilt | PackageSigned | PackageStamped | RenewalBegun | PackageRenewed | PackageSealed | Erratum | ErratumNotified
            | MaterialReviewed | FilterViewed | FilterProposed | FilterNotified | FilterObjected | FilterReleased | FilterKept
            | ViewingPermitted | ViewingBegun | ViewingEnded | ViewingClosed
            | ReleaseAsked | ReleaseDecided | OpeningAllowed
    )
}

pub(super) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A reader that asks between pieces whether the authority still lives, and keeps the store's own error.
struct Watched<'a, R> {
    desk: &'a Desk,
    scope: &'a Scope,
    permit: &'a Permit,
    pulse: &'a Pulse,
    inner: R,
    error: Option<StoreError>,
}

impl<R: Read> Watched<'_, R> {
    /// What came of the copy; the reader's own error says more than the writer's.
    fn result<T>(self, copied: Result<T, StoreError>) -> Result<T, StoreError> {
        match self.error {
            Some(error) => Err(error),
            None => copied,
        }
    }

    fn keep(&mut self, error: StoreError) -> io::Error {
        self.error = Some(error);
        io::Error::other("the exhibit could not be read")
    }
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let pulse = self.pulse;
        if pulse.bytes.get() >= ASK_EVERY || pulse.at.get().elapsed().as_secs() >= ASK_SECONDS {
            pulse.bytes.set(0);
            pulse.at.set(Instant::now());
            if let Err(error) = self.desk.store.still_live(self.scope, self.permit) {
                return Err(self.keep(error));
            }
        }
        match self.inner.read(buffer) {
            Ok(count) => {
                pulse.bytes.set(pulse.bytes.get() + count as u64);
                Ok(count)
            }
            Err(error) => {
                let error = VaultError::from_io(error, "reading an exhibit", "object".as_ref()).into();
                Err(self.keep(error))
            }
        }
    }
}

pub(super) fn bag_error(error: BagError) -> StoreError {
    match error {
        BagError::OtherBytes { .. } => StoreError::refused(Law::Integrity, error.to_string()),
        BagError::Disk { source, .. } if source.kind() == io::ErrorKind::InvalidData => StoreError::refused(Law::Integrity, source.to_string()),
        BagError::Disk { what, path, source } => StoreError::environment(format!("{what} {}", path.display()), &source),
        other => StoreError::input(other.to_string()),
    }
}
