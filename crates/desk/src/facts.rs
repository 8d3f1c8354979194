//! What the case holds, as papers and packages speak of it: exhibits, findings, authorities, events, and
//! what may not leave. Reads only; whoever calls it writes the event.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{
    Moment, Sha256Digest,
    event::EventType,
    exhibit::{ExhibitKind, Origin},
    finding::FindingKind,
    id::ActorId,
};
use report::KnownObjects;
use serde_json::{Value, json};
use store::{Permit, Scope, StoreError, StoredEvent, vault::secret::random_32};

use crate::{
    Desk,
    admit::{self, ExhibitView},
    authority::{self, AuthorityView},
    case::{self, CaseView},
    conclude::{self, FindingView},
    errata::{self, Erratum},
    office::input,
    report_draft,
    reclassify,
    release::{self, ReleaseView},
    report_step::Withheld,
};

/// Events read at a time.
const PAGE: u32 = 500;

/// Every event of the case, with its detail opened.
pub(crate) fn case_events(desk: &Desk, scope: &Scope) -> Result<Vec<(StoredEvent, Value)>, StoreError> {
    let mut all: Vec<(StoredEvent, Value)> = Vec::new();
    loop {
        let from = all.last().map_or(0, |(event, _)| event.leaf.seq + 1);
        let page = desk.store.events(scope, from, PAGE)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Takes out of an event's detail what it says of lists that restrict; whether there was any.
pub(crate) fn without_restricting_lists(detail: &mut Value) -> bool {
    let Some(detail) = detail.as_object_mut() else { return false };
    let mut found = detail.remove("released-after").is_some_and(|told| told.as_array().is_some_and(|told| !told.is_empty()));
    let restricts = |hit: &Value| hit["category"] == "contraband" || hit["category"] == "privileged";
    if let Some(known) = detail.get_mut("known").and_then(Value::as_array_mut) {
        let before = known.len();
        known.retain(|hit| !restricts(hit));
        found |= known.len() != before;
    }
    if let Some(remarks) = detail.get_mut("parser").and_then(Value::as_array_mut) {
        let before = remarks.len();
        remarks.retain(|remark| !remark.as_str().is_some_and(model::known::tells_of_restricting));
        found |= remarks.len() != before;
    }
    found
}

/// Everything of the case that papers and packages speak of.
pub(crate) struct Facts {
    pub case: CaseView,
    pub authorities: Vec<AuthorityView>,
    pub exhibits: Vec<ExhibitView>,
    pub findings: Vec<FindingView>,
    pub errata: Vec<Erratum>,
    pub events: Vec<(StoredEvent, Value)>,
    pub withheld: Vec<Withheld>,
    pub releases: Vec<ReleaseView>,
    /// Digests of restricted members, with the exhibit that each was unpacked from.
    pub members: Vec<(Sha256Digest, String)>,
    /// When all of this was read: the one time of the paper.
    pub now: Moment,
}

/// Digests that may stand nowhere in what leaves the house, with the exhibit each belongs to (law 7). A container
/// has many thousands of members, so a text is read once and each run of digits in it is looked up.
pub(crate) struct Secrets {
    digests: HashMap<Vec<u8>, String>,
    lengths: BTreeSet<usize>,
}

impl Secrets {
    fn of(digests: impl Iterator<Item = (String, String)>) -> Secrets {
        let digests: HashMap<Vec<u8>, String> = digests.filter(|(digest, _)| !digest.is_empty()).map(|(digest, exhibit)| (digest.into_bytes(), exhibit)).collect();
        Secrets { lengths: digests.keys().map(Vec::len).collect(), digests }
    }

    /// The exhibit whose digest stands in `bytes`, in hexadecimal digits of either case.
    pub fn found_in(&self, bytes: &[u8]) -> Option<&str> {
        let shortest = *self.lengths.first()?;
        let runs = bytes.split(|byte| !byte.is_ascii_hexdigit()).filter(|run| run.len() >= shortest);
        runs.map(<[u8]>::to_ascii_lowercase).find_map(|run| self.lengths.iter().find_map(|length| run.windows(*length).find_map(|digits| self.digests.get(digits)))).map(String::as_str)
    }

    /// Takes every such digest out of `value`; says whether there was one.
    pub fn take_out(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) if self.found_in(text.as_bytes()).is_some() => {
                *text = "withheld (law 7)".into();
                true
            }
            Value::Array(items) => items.iter_mut().fold(false, |found, item| self.take_out(item) | found),
            Value::Object(fields) => {
                let before = fields.len();
                fields.retain(|key, _| self.found_in(key.as_bytes()).is_none());
                let dropped = fields.len() != before;
                fields.values_mut().fold(dropped, |found, item| self.take_out(item) | found)
            }
            _ => false,
        }
    }
}

/// A paper or package that exists already leaves only under a permit that reaches all that it speaks of.
pub(crate) fn cover(desk: &Desk, scope: &Scope, permit: &Permit, origins: &[Origin]) -> Result<(), StoreError> {
    origins.iter().try_for_each(|origin| desk.store.cover(scope, permit, origin))
}

impl Facts {
    pub fn gather(desk: &Desk, scope: &Scope) -> Result<Facts, StoreError> {
        Facts::gather_in(desk, scope, "en")
    }

    /// The same for a paper in this language, in which corrections are framed.
    pub fn gather_in(desk: &Desk, scope: &Scope, language: &str) -> Result<Facts, StoreError> {
        let (mut exhibits, mut findings, errata) = (admit::all(desk, scope)?, conclude::all(desk, scope)?, errata::all(desk, scope)?);
        // What holds a restricted member is not given away either: whoever has it has the member.
        let closed = reclassify::closed(desk, scope)?;
        let members = reclassify::restricted_members(desk, scope)?.into_iter().filter(|(_, content, ..)| content.length > 0);
        for view in &mut exhibits {
            let content = &mut view.content;
            content.class = closed.get(&view.exhibit).map_or(content.class, |class| content.class.max(*class));
            if content.class.is_restricted() {
                reclassify::silent(&mut content.findings);
            }
            // Papers tell nothing of lists that restrict, also not after a release (decision 21).
            content.findings.retain(|remark| !model::known::tells_of_restricting(remark));
            content.known.retain(|hit| hit.category.class().is_none());
            content.description = content.told().into();
        }
        errata::mark(&errata, &mut findings, &mut exhibits, report_draft::frame_of_errata(language)?);
        let now = desk.now();
        Ok(Facts {
            case: case::content(desk, scope)?.0,
            authorities: authority::all(desk, scope, now)?,
            withheld: withheld(desk, scope, &exhibits)?,
            releases: release::all(desk, scope)?,
            members: members.map(|(_, content, _, exhibit)| (content.sha256, exhibit)).collect(),
            exhibits,
            findings,
            errata,
            events: case_events(desk, scope)?,
            now,
        })
    }

    /// A paper or package speaks of every exhibit, so its permit must reach each of them (law 1).
    pub fn cover(&self, desk: &Desk, scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
        cover(desk, scope, permit, &self.origins())
    }

    /// The release by which a second person opened an exhibit for good, if it was.
    pub fn released(&self, label: &str) -> Option<&ReleaseView> {
        self.releases.iter().find(|release| release.exhibit == label && release.is_for_good())
    }

    /// Where the exhibits come from, each origin once. What was released for good needs no authority that reaches it.
    pub fn origins(&self) -> Vec<Origin> {
        self.exhibits.iter().filter(|view| self.released(&view.exhibit).is_none()).map(|view| &view.content.origin).collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    /// What may not leave: every digest, computed or declared, of restricted exhibits, and of restricted members.
    pub fn secrets(&self) -> Secrets {
        let restricted = self.exhibits.iter().filter(|view| view.content.class.is_restricted());
        let of = |view: &ExhibitView| {
            let own = view.content.sha256.map(|digest| digest.hex());
            let declared = view.content.declared.iter().map(|one| one.value.to_lowercase());
            own.into_iter().chain(declared).map(|digest| (digest, view.exhibit.clone())).collect::<Vec<_>>()
        };
        Secrets::of(restricted.flat_map(of).chain(self.members.iter().map(|(digest, exhibit)| (digest.hex(), exhibit.clone()))))
    }

    /// The exhibits that came in from outside, those that findings rest on, and those whose custody was ever
    /// out of the ordinary.
    pub fn cited(&self) -> Vec<&ExhibitView> {
        let named: BTreeSet<&str> = self.findings.iter().flat_map(|finding| &finding.content.exhibits).map(String::as_str).collect();
        let moved: BTreeSet<&str> = self.extraordinary().filter_map(|(event, _)| event.leaf.object.as_deref()).collect();
        let cited = |view: &&ExhibitView| {
            view.content.kind != ExhibitKind::Derived || named.contains(view.exhibit.as_str()) || moved.contains(view.id.as_str())
        };
        self.exhibits.iter().filter(cited).collect()
    }

    /// Custody without a second person, and custody that a supervisor gave to another: every time, also when
    /// the item has long been in ordinary hands again (law 4).
    fn extraordinary(&self) -> impl Iterator<Item = &(StoredEvent, Value)> {
        let kinds = [EventType::InterimCustody, EventType::CustodyReassigned];
        self.events.iter().filter(move |(event, _)| kinds.contains(&event.leaf.event_type))
    }

    /// The events by which an exhibit came into the case.
    pub fn arrivals(&self, id: &str) -> Vec<u64> {
        let arrival = |kind| matches!(kind, EventType::ExhibitAdmitted | EventType::CaptureEnded | EventType::Derived);
        let about = |event: &StoredEvent| event.leaf.object.as_deref() == Some(id) && arrival(event.leaf.event_type);
        self.events.iter().filter(|(event, _)| about(event)).map(|(event, _)| event.leaf.seq).take(1).collect()
    }

    /// What the lint may believe.
    pub fn known(&self) -> KnownObjects {
        let of_kind = |keep: &dyn Fn(&FindingView) -> bool| self.findings.iter().filter(|f| keep(f)).map(|f| f.finding.clone()).collect::<BTreeSet<_>>();
        let mut null_searches = of_kind(&|f| f.content.kind == FindingKind::NullSearch);
        null_searches.extend(self.null_queries().map(|(event, _)| search_number(event)));
        KnownObjects {
            findings: of_kind(&|_| true),
            exhibits: self.exhibits.iter().map(|view| view.exhibit.clone()).collect(),
            events: self.events.iter().map(|(event, _)| event.leaf.seq).collect(),
            exculpatory: of_kind(&|f| f.content.exculpatory),
            opinions: of_kind(&|f| f.content.kind == FindingKind::Opinion),
            null_searches,
            null_queries: self.null_queries().map(|(event, _)| event.leaf.seq).collect(),
        }
    }

    /// Searches of the case that found nothing.
    pub fn null_queries(&self) -> impl Iterator<Item = &(StoredEvent, Value)> {
        self.events.iter().filter(|(event, detail)| is_null_query(event, detail))
    }

    /// What a report of this log size cannot list, because it was written later: findings that speak for the
    /// suspect, searches without result, and corrections (laws 9 and 3). Labels for people.
    pub fn unlisted(&self, size: u64) -> Vec<String> {
        let counts = |f: &&FindingView| f.content.exculpatory || f.content.kind == FindingKind::NullSearch;
        let findings = self.findings.iter().filter(counts).filter(|f| f.event >= size).map(|f| f.finding.clone());
        let searches = self.null_queries().filter(|(event, _)| event.leaf.seq >= size).map(|(event, _)| search_number(event));
        let errata = self.errata.iter().filter(|one| one.event >= size).map(|one| one.label.clone());
        findings.chain(searches).chain(errata).collect()
    }

    /// Every search without result, also when no report lists it.
    pub fn searches(&self) -> Vec<Value> {
        let line = |(event, detail): &(StoredEvent, Value)| {
            json!({
                "search": search_number(event), "event": event.leaf.seq, "at": event.leaf.time, "query": detail["query"], "purpose": detail["purpose"],
                "not-searched-to-the-end": detail["unsearched"],
            })
        };
        self.null_queries().map(line).collect()
    }

    pub fn actors_of(&self, kinds: &[EventType]) -> BTreeSet<&ActorId> {
        self.events.iter().filter(|(event, _)| kinds.contains(&event.leaf.event_type)).filter_map(|(event, _)| event.leaf.actor.as_ref()).collect()
    }

    /// The unit's authorisations on which work of this case stood.
    pub fn units_used(&self) -> Vec<&AuthorityView> {
        let used: BTreeSet<&str> = self.events.iter().filter_map(|(_, detail)| detail["ground"]["of"].as_str()).collect();
        self.authorities.iter().filter(|view| view.unit && used.contains(view.authority.as_str())).collect()
    }

    /// Separations of duty that were not met: a key of the sentences and its parts.
    pub fn unmet(&self, desk: &Desk) -> Result<Vec<Unmet>, StoreError> {
        let mut unmet = Vec::new();
        let takers = self.actors_of(&[EventType::ExhibitAdmitted, EventType::CaptureEnded]);
        let writers = self.actors_of(&[EventType::FindingAdded]);
        let workers: BTreeSet<_> = takers.union(&writers).copied().chain(self.actors_of(&CUSTODY)).collect();
        if workers.len() == 1 {
            unmet.push(("single", vec![]));
        }
        for actor in takers.intersection(&writers) {
            unmet.push(("same", vec![("who", desk.name_of(actor)?.0)]));
        }
        unmet.extend(self.units_used().into_iter().map(|unit| ("unit", vec![("reference", plain(&unit.reference))])));
        for (event, detail) in self.extraordinary() {
            unmet.extend(unusual_hands(desk, event, detail)?);
        }
        Ok(unmet)
    }
}

/// A key of the sentences and what fills its gaps; a time stands in its stored form.
pub(crate) type Unmet = (&'static str, Vec<(&'static str, String)>);

/// One interim custody or reassignment as a separation of duties that was not met.
fn unusual_hands(desk: &Desk, event: &StoredEvent, detail: &Value) -> Result<Option<Unmet>, StoreError> {
    let Some(hands) = hands(desk, event, detail)? else { return Ok(None) };
    let who = event.leaf.actor.as_ref().map_or(Ok(String::new()), |actor| Ok::<_, StoreError>(desk.name_of(actor)?.0))?;
    let key = if event.leaf.event_type == EventType::InterimCustody { "interim" } else { "reassigned" };
    let parts = vec![
        ("exhibit", detail["exhibit"].as_str().unwrap_or("").to_string()),
        ("event", event.leaf.seq.to_string()),
        ("from", hands.from),
        ("to", hands.to),
        ("who", who),
        ("t", event.leaf.time.to_string()),
        ("reason", plain(&hands.reason)),
        ("declared", hands.declared),
    ];
    Ok(Some((key, parts)))
}

/// Whether an event is a question that found nothing, anywhere: what stands outside the asker's authority
/// was found as well, and only not shown.
pub(crate) fn is_null_query(event: &StoredEvent, detail: &Value) -> bool {
    let nothing = detail["count"] == 0 && detail["outside-authority"] == 0 && detail.get("purpose").is_some();
    event.leaf.event_type == EventType::Queried && nothing
}

/// The exhibits that a search did not go through to the end.
pub(crate) fn unsearched(detail: &Value) -> Vec<String> {
    let labels = detail["unsearched"].as_array().map_or(&[][..], Vec::as_slice);
    labels.iter().filter_map(|label| label.as_str().map(str::to_string)).collect()
}

const CUSTODY: [EventType; 7] = [
    EventType::CheckedOut,
    EventType::CheckedIn,
    EventType::TransferOffered,
    EventType::TransferAccepted,
    EventType::TransferRefused,
    EventType::InterimCustody,
    EventType::CustodyReassigned,
];

/// Commitments to every restricted exhibit; one that was given out before stays the same.
fn withheld(desk: &Desk, scope: &Scope, exhibits: &[ExhibitView]) -> Result<Vec<Withheld>, StoreError> {
    let mut known: BTreeMap<String, Withheld> = BTreeMap::new();
    for row in desk.store.list(scope, "report")?.iter().chain(&desk.store.list(scope, "package")?) {
        let content: Value = row.content()?;
        let given: Vec<Withheld> = serde_json::from_value(content["withheld"].clone()).map_err(|_| StoreError::damaged("commitments to restricted items"))?;
        known.extend(given.into_iter().map(|one| (one.exhibit.clone(), one)));
    }
    let mut all = Vec::new();
    for view in exhibits.iter().filter(|view| view.content.class.is_restricted()) {
        let Some(digest) = view.content.sha256 else { continue };
        all.push(match known.remove(&view.exhibit) {
            Some(given) => given,
            None => {
                let salt = random_32()?;
                Withheld { exhibit: view.exhibit.clone(), commitment: Sha256Digest::commitment(&salt, &digest.0), salt: hex::encode(salt) }
            }
        });
    }
    Ok(all)
}

/// The source of an exhibit in a paper; the words that stand for "nothing was typed" are left out, because
/// each language has its own.
pub(crate) fn printed_source(source: &str) -> String {
    if source.trim() == "not stated" { String::new() } else { plain(source) }
}

/// The number by which papers know a search.
pub(crate) fn search_number(event: &StoredEvent) -> String {
    format!("Q-{:04}", event.leaf.seq)
}

/// Strangers' text with controls and direction marks made visible, so that the printed text is the stored one.
pub(crate) fn plain(text: &str) -> String {
    let hidden = |letter: char| {
        letter.is_control() || matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{E0000}'..='\u{E007F}')
    };
    text.chars().map(|letter| if hidden(letter) { format!("[U+{:04X}]", letter as u32) } else { letter.to_string() }).collect()
}

/// From whom to whom an exhibit went.
pub(crate) struct Hands {
    pub from: String,
    pub to: String,
    pub interim: bool,
    /// Why, where custody was out of the ordinary.
    pub reason: String,
    /// What was declared or is on record about the custodian whose item another took or was given.
    pub declared: String,
}

/// What an event says about custody; `None` when it says nothing.
pub(crate) fn hands(desk: &Desk, event: &StoredEvent, detail: &Value) -> Result<Option<Hands>, StoreError> {
    let actor = || event.leaf.actor.as_ref().map_or(Ok(String::new()), |actor| Ok::<_, StoreError>(desk.name_of(actor)?.0));
    let named = |value: &Value| match value.as_str().and_then(|id| id.parse::<ActorId>().ok()) {
        Some(actor) => Ok::<_, StoreError>(desk.name_of(&actor)?.0),
        None => Ok(value.as_str().unwrap_or("").to_string()),
    };
    let ordinary = |from, to| Hands { from, to, interim: false, reason: String::new(), declared: String::new() };
    let hands = match event.leaf.event_type {
        EventType::ExhibitAdmitted | EventType::CaptureEnded => ordinary(String::new(), actor()?),
        EventType::TransferOffered => ordinary(named(&detail["offer"]["from"])?, named(&detail["offer"]["to"])?),
        EventType::TransferAccepted => ordinary(named(&detail["acceptance"]["from"])?, named(&detail["acceptance"]["to"])?),
        EventType::TransferRefused => ordinary(actor()?, String::new()),
        kind if CUSTODY.contains(&kind) => {
            let said = |key: &str| detail[key].as_str().unwrap_or("").to_string();
            let custody = &detail["custody"];
            let interim = kind == EventType::InterimCustody;
            let declared = said("custodian");
            // The stored reason repeats it; papers say it in a sentence of its own, in their language.
            let reason = said("reason").trim_end_matches(&format!(" (the custodian: {declared})")).to_string();
            Hands { interim, reason, declared, ..ordinary(named(&custody["from"])?, named(&custody["to"])?) }
        }
        _ => return Ok(None),
    };
    Ok(Some(hands))
}

/// SHA-256 of the node's settings in canonical form.
pub(crate) fn config_digest(desk: &Desk) -> Result<Sha256Digest, StoreError> {
    model::canonical::to_bytes(desk.store.config()).map(|bytes| Sha256Digest::of(&bytes)).map_err(input)
}
