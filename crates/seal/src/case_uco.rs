//! The evidence description of a package: CASE 1.3 on UCO 1.4, as JSON-LD. Officers appear only as
//! pseudonyms with a role. It takes plain records and gives bytes: no store, no clock, no opinion on
//! whether the records are true. A record that points at nothing is refused, because `case_validate`
//! would let it pass. Law 6: each derivation names inputs, results and tool.

use std::collections::BTreeSet;

use model::{Moment, Sha256Digest, canonical};
use serde_json::{Map, Value, json};
use sha1::Digest;

/// Why no document was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// A record names another that is not there.
    #[error("{from} points at {to}, which is not in the description: add it, or leave the reference out")]
    Dangling {
        /// The record.
        from: String,
        /// What it names.
        to: String,
    },
    /// Two records with one id.
    #[error("the id {0} appears twice in the description")]
    Twice(String),
    /// Not representable.
    #[error("the description cannot be written ({0})")]
    NotJson(String),
}

/// Everything that the description tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Number of the case, as people use it.
    pub case_number: String,
    /// What the investigation is about, one line.
    pub focus: String,
    /// When the case began.
    pub opened: Moment,
    /// Legal instruments.
    pub authorities: Vec<Authorization>,
    /// Pseudonymous persons.
    pub officers: Vec<Officer>,
    /// Programs that took part.
    pub tools: Vec<Tool>,
    /// Items of evidence.
    pub exhibits: Vec<Exhibit>,
    /// What was done with them.
    pub actions: Vec<Action>,
}

/// A legal instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Pseudonymous id.
    pub id: String,
    /// Kind in words: `court order`.
    pub kind: String,
    /// Its number or reference.
    pub reference: String,
    /// Valid from.
    pub from: Moment,
    /// Valid until.
    pub until: Option<Moment>,
}

/// A person in a role, as the ledger knows him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Officer {
    /// Pseudonymous id.
    pub id: String,
    /// Role in words.
    pub role: String,
}

/// A program with its build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Version and build.
    pub version: String,
    /// SHA-256 of its configuration.
    pub configuration: Option<Sha256Digest>,
}

/// A digest that somebody computed or declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashMethod {
    /// Computed here.
    Sha256,
    /// Declared by somebody else.
    Sha1,
    /// Declared by somebody else.
    Md5,
}

impl HashMethod {
    fn name(self) -> &'static str {
        match self {
            HashMethod::Sha256 => "SHA256",
            HashMethod::Sha1 => "SHA1",
            HashMethod::Md5 => "MD5",
        }
    }
}

/// An item of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhibit {
    /// Pseudonymous id.
    pub id: String,
    /// Exhibit number, as people use it.
    pub number: String,
    /// What it is, one line.
    pub description: String,
    /// Bytes or thing.
    pub form: Form,
}

/// Bytes or thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Digital.
    Bytes {
        /// Path in the package, if its bytes are there.
        path: Option<String>,
        /// Media type, if known.
        media_type: Option<String>,
        /// Length in bytes.
        size: u64,
        /// Digests; none for restricted items, of which only a salted commitment leaves the house (law 7).
        digests: Vec<(HashMethod, Vec<u8>)>,
    },
    /// Physical.
    Thing {
        /// Number on the seal.
        seal_number: Option<String>,
    },
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// An item came into custody.
    Admit,
    /// A page was captured from the network.
    Capture,
    /// Custody passed from one person to another.
    Transfer,
    /// Something was made out of an item.
    Derive,
}

impl ActionKind {
    fn name(self) -> &'static str {
        match self {
            ActionKind::Admit => "admit",
            ActionKind::Capture => "capture",
            ActionKind::Transfer => "transfer",
            ActionKind::Derive => "derive",
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Id: the event's own.
    pub id: String,
    /// Kind.
    pub kind: ActionKind,
    /// What happened, one line.
    pub description: String,
    /// Begin.
    pub started: Moment,
    /// End.
    pub ended: Moment,
    /// Officer who did it; `None` when the node itself acted.
    pub performer: Option<String>,
    /// Other officers who took part (the receiver of a transfer).
    pub participants: Vec<String>,
    /// Tools used.
    pub tools: Vec<String>,
    /// Exhibits that went in.
    pub inputs: Vec<String>,
    /// Exhibits that came out or passed on.
    pub results: Vec<String>,
}

/// The JSON-LD document in canonical form.
///
/// # Errors
/// [`CaseError`].
pub fn document(description: &Description) -> Result<Vec<u8>, CaseError> {
    check_references(description)?;
    let nodes = std::iter::once(investigation(description))
        .chain(description.authorities.iter().map(authorization))
        .chain(description.officers.iter().map(officer))
        .chain(description.tools.iter().map(tool))
        .chain(description.exhibits.iter().flat_map(exhibit))
        .chain(description.actions.iter().map(action));
    // One node at a time, in the order that canonical JSON asks for: a case of many thousand items never
    // stands in memory as one value.
    let not_json = |e: canonical::CanonicalError| CaseError::NotJson(e.to_string());
    let mut out = br#"{"@context":"#.to_vec();
    canonical::write_into(&context(), &mut out).map_err(not_json)?;
    out.extend_from_slice(br#","@graph":["#);
    for (place, node) in nodes.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        canonical::write_into(&node, &mut out).map_err(not_json)?;
    }
    out.extend_from_slice(b"]}");
    Ok(out)
}

fn check_references(description: &Description) -> Result<(), CaseError> {
    let mut known = BTreeSet::new();
    let officers = description.officers.iter().map(|o| &o.id);
    let tools = description.tools.iter().map(|t| &t.id);
    let rest = description.authorities.iter().map(|a| &a.id).chain(description.exhibits.iter().map(|e| &e.id)).chain(description.actions.iter().map(|a| &a.id));
    for id in officers.chain(tools).chain(rest) {
        if !known.insert(id) {
            return Err(CaseError::Twice(id.clone()));
        }
    }
    for action in &description.actions {
        let named = action.performer.iter().chain(&action.participants).chain(&action.tools).chain(&action.inputs).chain(&action.results);
        if let Some(to) = named.into_iter().find(|id| !known.contains(id)) {
            return Err(CaseError::Dangling { from: action.id.clone(), to: to.clone() });
        }
    }
    Ok(())
}

fn context() -> Value {
    let uco = |part: &str| format!("https://ontology.unifiedcyberontology.org/uco/{part}/");
    json!({
        "case-investigation": "https://ontology.caseontology.org/case/investigation/",
        "kb": "urn:example:lanternfish:",
        "uco-action": uco("action"),
        "uco-core": uco("core"),
        "uco-identity": uco("identity"),
        "uco-observable": uco("observable"),
        "uco-role": uco("role"),
        "uco-tool": uco("tool"),
        "uco-types": uco("types"),
        "uco-vocabulary": uco("vocabulary"),
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    })
}

/// UCO asks for IRIs that end in a UUID of version 5 at most. These are name-based (RFC 9562 §5.5,
/// in the namespace of URLs), so that the same records give the same document; nothing rests on SHA-1.
fn iri(kind: &str, id: &str) -> String {
    const URLS: [u8; 16] = [0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];
    let mut hasher = sha1::Sha1::new();
    hasher.update(URLS);
    hasher.update(format!("urn:example:lanternfish:{kind}:{id}"));
    let mut uuid = hasher.finalize();
    uuid[6] = (uuid[6] & 0x0f) | 0x50;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
    let digits = hex::encode(&uuid[..16]);
    format!("kb:{kind}-{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

fn reference(kind: &str, id: &str) -> Value {
    typed([("@id", iri(kind, id))])
}

/// A small object of texts.
fn typed<const N: usize>(members: [(&str, String); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, text)| (name.to_string(), Value::String(text))).collect())
}

fn references<'a>(kind: &str, ids: impl IntoIterator<Item = &'a String>) -> Value {
    ids.into_iter().map(|id| reference(kind, id)).collect()
}

fn time(moment: Moment) -> Value {
    typed([("@type", "xsd:dateTime".into()), ("@value", moment.to_string())])
}

/// A node; members that are null or empty lists are left out.
fn node<const N: usize>(kind: &str, id: &str, type_name: &str, members: [(&str, Value); N]) -> Value {
    let mut node = Map::new();
    node.insert("@id".into(), iri(kind, id).into());
    node.insert("@type".into(), type_name.into());
    let said = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    node.extend(members.into_iter().filter(|(_, value)| said(value)).map(|(name, value)| (name.to_string(), value)));
    Value::Object(node)
}

fn investigation(description: &Description) -> Value {
    let mut objects: Vec<Value> = description.exhibits.iter().map(|e| reference("exhibit", &e.id)).collect();
    objects.extend(description.exhibits.iter().map(|e| reference("provenance", &e.id)));
    objects.extend(description.actions.iter().map(|a| reference("action", &a.id)));
    objects.extend(description.officers.iter().map(|o| reference("officer", &o.id)));
    node("investigation", &description.case_number, "case-investigation:Investigation", [
        ("uco-core:name", description.case_number.clone().into()),
        ("case-investigation:focus", description.focus.clone().into()),
        ("uco-core:startTime", time(description.opened)),
        ("case-investigation:relevantAuthorization", references("authorization", description.authorities.iter().map(|a| &a.id))),
        ("uco-core:object", objects.into()),
    ])
}

fn authorization(authority: &Authorization) -> Value {
    node("authorization", &authority.id, "case-investigation:Authorization", [
        ("case-investigation:authorizationType", authority.kind.clone().into()),
        ("case-investigation:authorizationIdentifier", authority.reference.clone().into()),
        ("uco-core:startTime", time(authority.from)),
        ("uco-core:endTime", authority.until.map_or(Value::Null, time)),
    ])
}

fn officer(officer: &Officer) -> Value {
    node("officer", &officer.id, "uco-role:Role", [
        ("uco-core:name", officer.role.clone().into()),
        ("uco-core:description", format!("pseudonymous id {}", officer.id).into()),
    ])
}

fn tool(tool: &Tool) -> Value {
    let configuration = tool.configuration.map(|c| format!("SHA-256 of the configuration: {c}"));
    node("tool", &tool.id, "uco-tool:Tool", [
        ("uco-core:name", tool.name.clone().into()),
        ("uco-tool:version", tool.version.clone().into()),
        ("uco-core:description", configuration.into()),
    ])
}

/// The item, its provenance record, and its digests (UCO 1.4 wants them as named nodes).
fn exhibit(exhibit: &Exhibit) -> Vec<Value> {
    let mut nodes = match &exhibit.form {
        Form::Bytes { path, media_type, size, digests } => bytes(exhibit, path.as_deref(), media_type.as_deref(), *size, digests),
        Form::Thing { seal_number } => vec![thing(exhibit, seal_number.as_deref())],
    };
    nodes.push(node("provenance", &exhibit.id, "case-investigation:ProvenanceRecord", [
        ("uco-core:description", exhibit.description.clone().into()),
        ("case-investigation:exhibitNumber", exhibit.number.clone().into()),
        ("uco-core:object", vec![reference("exhibit", &exhibit.id)].into()),
    ]));
    nodes
}

fn thing(exhibit: &Exhibit, seal_number: Option<&str>) -> Value {
    let seal = seal_number.map_or_else(|| "no seal".into(), |number| format!("seal number {number}"));
    node("exhibit", &exhibit.id, "uco-core:UcoObject", [
        ("uco-core:name", exhibit.number.clone().into()),
        ("uco-core:description", format!("{} (physical item, {seal})", exhibit.description).into()),
    ])
}

fn bytes(exhibit: &Exhibit, path: Option<&str>, media_type: Option<&str>, size: u64, digests: &[(HashMethod, Vec<u8>)]) -> Vec<Value> {
    let hash_id = |method: HashMethod| format!("{} {}", exhibit.id, method.name());
    let content = node("content", &exhibit.id, "uco-observable:ContentDataFacet", [
        ("uco-observable:hash", digests.iter().map(|(method, _)| reference("hash", &hash_id(*method))).collect()),
        ("uco-observable:mimeType", media_type.into()),
        ("uco-observable:sizeInBytes", typed([("@type", "xsd:integer".into()), ("@value", size.to_string())])),
    ]);
    let mut facets = vec![content];
    facets.extend(path.map(|path| {
        node("file", &exhibit.id, "uco-observable:FileFacet", [
            ("uco-observable:fileName", path.rsplit('/').next().unwrap_or(path).into()),
            ("uco-observable:filePath", path.into()),
        ])
    }));
    let item = node("exhibit", &exhibit.id, "uco-observable:ObservableObject", [
        ("uco-core:name", exhibit.number.clone().into()),
        ("uco-core:description", exhibit.description.clone().into()),
        ("uco-core:hasFacet", facets.into()),
    ]);
    let hashes = digests.iter().map(|(method, value)| hash(&hash_id(*method), *method, value));
    std::iter::once(item).chain(hashes).collect()
}

fn hash(id: &str, method: HashMethod, value: &[u8]) -> Value {
    node("hash", id, "uco-types:Hash", [
        ("uco-types:hashMethod", json!(method.name())),
        ("uco-types:hashValue", typed([("@type", "xsd:hexBinary".into()), ("@value", hex::encode_upper(value))])),
    ])
}

fn action(action: &Action) -> Value {
    let results: Vec<Value> = action.results.iter().flat_map(|id| [reference("exhibit", id), reference("provenance", id)]).collect();
    node("action", &action.id, "case-investigation:InvestigativeAction", [
        ("uco-core:name", action.kind.name().into()),
        ("uco-core:description", action.description.clone().into()),
        ("uco-action:startTime", time(action.started)),
        ("uco-action:endTime", time(action.ended)),
        ("uco-action:performer", action.performer.as_ref().map_or(Value::Null, |id| reference("officer", id))),
        ("uco-action:participant", references("officer", &action.participants)),
        ("uco-action:instrument", references("tool", &action.tools)),
        ("uco-action:object", references("exhibit", &action.inputs)),
        ("uco-action:result", results.into()),
    ])
}
