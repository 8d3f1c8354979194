//! Disclosure: parts of a sealed package for a party, the rest as salted commitments (law 7).
//!
//! Proposed by one person with a reason for each item that is withheld, decided by a second one who is a
//! supervisor or a prosecutor, then built, signed and sealed as a package of its own; withheld items can be
//! opened later. Papers that name or fingerprint a withheld item are withheld with it, and what they say of
//! others goes out as an extract, line by line. It does not blacken words inside a document: a redacted copy
//! is a derivation, admitted as an exhibit of its own. It takes no bytes from the store: only from the sealed
//! folder, compared with what was sealed.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Instant,
};

use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    disclosure::{BLIND_FILE, DisclosureError, DisclosureItem, DisclosureState, PackageSecret, WithholdClass, Withholding, may_decide},
    event::EventType,
    exhibit::ExhibitClass,
    id::ActorId,
    material::Assistance,
};
use seal::{
    bag::BagWriter,
    disclosure::{DiscloseError, MAX_TEXT, Original},
    layout::Entry,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Intent, NewEvent, Permit, Row, Scope, Session, StoreError, vault::secret::random_32};

use super::{
    names::Names,
    PackageContent, PackageView, bag_error, bag_info, commit_built, find, limits_of_the_seal, new_folder, no_other_waits, package_label, plan_of,
    planned_officers, planned_stamps, removed, same_person,
};
use crate::{
    Desk, conclude,
    errata::{self, Erratum},
    facts, material,
    row::{Draft, for_action, parse_label},
    viewing,
};

/// One item to withhold, as typed: a label such as E-0002 or R-0001, or a path in the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithholdItem {
    /// Which.
    pub item: String,
    /// Why, for the recipient.
    pub class: WithholdClass,
    /// Why, for the case.
    pub reason: String,
}

/// What is typed when a disclosure is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposeDisclosure {
    /// The sealed package, such as P-0001.
    pub package: String,
    /// Who gets it.
    pub recipient: String,
    /// What for.
    pub purpose: String,
    /// What stays behind; everything else goes out.
    pub withhold: Vec<WithholdItem>,
    /// Where the sealed package lies now; where it was sealed when absent.
    pub from: Option<PathBuf>,
}

/// A withheld item that was opened later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revealed {
    /// Its path in the original.
    pub path: String,
    /// When.
    pub at: Moment,
    /// By whom.
    pub by: ActorId,
    /// Why.
    pub reason: String,
    /// The errata whose words lay beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errata: Vec<String>,
}

/// What a disclosure's row holds (sealed under the case key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisclosureContent {
    /// Label of the original package.
    pub package: String,
    /// Who gets it.
    pub recipient: String,
    /// What for.
    pub purpose: String,
    /// Every item of the original, and whether it goes out.
    pub items: Vec<DisclosureItem>,
    /// Who proposed it.
    pub proposed_by: ActorId,
    /// When.
    pub proposed: Moment,
    /// Where it stands.
    pub state: DisclosureState,
    /// The decider's words.
    #[serde(default)]
    pub decision: String,
    /// Label of the package that it became.
    #[serde(default)]
    pub built: Option<String>,
    /// What was opened since.
    #[serde(default)]
    pub revealed: Vec<Revealed>,
}

impl DisclosureContent {
    /// Whether this item was withheld when it was built, opened since or not; the blind never opens.
    fn withholds(&self, path: &str) -> bool {
        path != BLIND_FILE && self.items.iter().any(|item| item.path == path && item.withheld.is_some())
    }

    /// Whether bytes of this exhibit go out.
    pub(crate) fn gives(&self, exhibit: &str) -> bool {
        let opened = |item: &DisclosureItem| item.withheld.is_none() || self.revealed.iter().any(|one| one.path == item.path);
        self.items.iter().any(|item| opened(item) && label_of(&item.path).as_deref() == Some(exhibit))
    }

    /// Paths that are withheld and not opened since, the blind aside.
    fn closed(&self) -> BTreeSet<&str> {
        let opened: BTreeSet<&str> = self.revealed.iter().map(|one| one.path.as_str()).collect();
        let withheld = self.items.iter().filter(|item| item.withheld.is_some()).map(|item| item.path.as_str());
        withheld.filter(|path| *path != BLIND_FILE && !opened.contains(path)).collect()
    }

    /// When items were opened with the words of this erratum beside them.
    pub(crate) fn told_when_opened(&self, erratum: &str) -> Option<Moment> {
        self.revealed.iter().find(|one| one.errata.iter().any(|label| label == erratum)).map(|one| one.at)
    }
}

/// What a correction must not tell to whoever holds a disclosure: whatever names an item that stays closed to
/// him, and findings that rest on one or name one.
pub(crate) struct Silence {
    names: Names,
    findings: BTreeSet<String>,
}

impl Silence {
    /// Of a disclosure as it stands now, with what was opened since.
    pub(crate) fn of(desk: &Desk, scope: &Scope, content: &DisclosureContent) -> Result<Silence, StoreError> {
        let closed = content.closed();
        let items = content.items.iter().filter(|item| closed.contains(item.path.as_str())).map(|item| (item.path.as_str(), item.digest));
        Silence::about(desk, scope, Names::of_items(desk, scope, items)?)
    }

    fn about(desk: &Desk, scope: &Scope, names: Names) -> Result<Silence, StoreError> {
        let named = |finding: &conclude::FindingView| serde_json::to_string(&finding.content).map(|text| names.named(&text)).map_err(crate::office::input);
        let mut findings = BTreeSet::new();
        for finding in conclude::all(desk, scope)? {
            if named(&finding)? {
                findings.insert(finding.finding);
            }
        }
        Ok(Silence { names, findings })
    }

    pub(crate) fn may_tell(&self, erratum: &Erratum) -> bool {
        !self.findings.contains(&erratum.content.about) && !self.names.named(&erratum.in_full().to_string())
    }

    fn parted(&self, errata: Vec<Erratum>) -> Corrections {
        let (told, named) = errata.into_iter().partition(|one| self.may_tell(one));
        Corrections { told, named }
    }
}

/// The corrections of the case for one recipient, as they were at one moment.
struct Corrections {
    /// In full.
    told: Vec<Erratum>,
    /// Without their words.
    named: Vec<Erratum>,
}

impl Corrections {
    fn paper(&self) -> Value {
        let mut lines: Vec<(&str, Value)> = self.told.iter().map(|one| (one.label.as_str(), one.in_full())).collect();
        lines.extend(self.named.iter().map(|one| (one.label.as_str(), one.without_words())));
        lines.sort_by(|a, b| a.0.cmp(b.0));
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

/// A disclosure as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct DisclosureView {
    /// `D-0001`.
    pub disclosure: String,
    /// Its id in the ledger.
    pub id: String,
    /// `proposed`, `approved` or `refused`.
    pub state: String,
    /// The original.
    pub package: String,
    /// Who gets it.
    pub recipient: String,
    /// What for.
    pub purpose: String,
    /// Items that go out.
    pub disclosed: Vec<String>,
    /// Items that stay, with class and words.
    pub withheld: Vec<(String, WithholdClass, String)>,
    /// Who proposed it.
    pub proposed_by: String,
    /// Who decided it.
    pub decided_by: Option<String>,
    /// The package that it became.
    pub built: Option<String>,
    /// Items that were opened since.
    pub revealed: Vec<String>,
    /// After items were opened: the file beside their folder that holds the corrections, to be sent with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrections: Option<PathBuf>,
}

/// `D-0001`.
pub fn disclosure_label(number: i64) -> String {
    format!("D-{number:04}")
}

fn view(desk: &Desk, row: &Row, content: &DisclosureContent) -> Result<DisclosureView, StoreError> {
    let decided = match &content.state {
        DisclosureState::Proposed => None,
        DisclosureState::Approved { by, .. } | DisclosureState::Refused { by, .. } => Some(desk.name_of(by)?.0),
    };
    let withheld = content.items.iter().filter_map(|item| item.withheld.as_ref().map(|why| (item.path.clone(), why.class, why.reason.clone())));
    Ok(DisclosureView {
        disclosure: disclosure_label(row.number.unwrap_or(0)),
        id: row.id.clone(),
        state: content.state.name().into(),
        package: content.package.clone(),
        recipient: content.recipient.clone(),
        purpose: content.purpose.clone(),
        disclosed: content.items.iter().filter(|item| item.withheld.is_none()).map(|item| item.path.clone()).collect(),
        withheld: withheld.collect(),
        proposed_by: desk.name_of(&content.proposed_by)?.0,
        decided_by: decided,
        built: content.built.clone(),
        revealed: content.revealed.iter().map(|one| one.path.clone()).collect(),
        corrections: None,
    })
}

/// Every disclosure of the case with its row; the caller's step writes the event.
pub(crate) fn rows(desk: &Desk, scope: &Scope) -> Result<Vec<(Row, DisclosureContent)>, StoreError> {
    desk.store.list(scope, "disclosure")?.into_iter().map(|row| Ok((row.content()?, row))).map(|one| one.map(|(content, row)| (row, content))).collect()
}

fn found(desk: &Desk, scope: &Scope, label: &str) -> Result<(Row, DisclosureContent), StoreError> {
    let number = parse_label(label, 'D')?;
    let row = rows(desk, scope)?.into_iter().find(|(row, _)| row.number == Some(number));
    row.ok_or_else(|| StoreError::input(format!("there is no disclosure {label} in this case: see `lanternfish disclosure list`")))
}

/// Lists the disclosures: one consultation event with its count.
///
/// # Errors
/// When the permit is not to disclose.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<DisclosureView>, StoreError> {
    for_action(permit, Action::Disclose)?;
    let views = rows(desk, scope)?.iter().map(|(row, content)| view(desk, row, content)).collect::<Result<Vec<_>, _>>()?;
    let event = NewEvent::new(EventType::DisclosureConsulted, None, json!({"disclosures": views.len()}));
    desk.store.commit(scope, permit, event, vec![])?;
    Ok(views)
}

/// A sealed package of the case whose parts can be disclosed, in its folder.
fn original(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, from: Option<&Path>) -> Result<(PackageContent, PackageSecret, Original), StoreError> {
    let (row, content) = find(desk, scope, label)?;
    facts::cover(desk, scope, permit, &content.origins)?;
    if row.state != "sealed" {
        return Err(StoreError::input(format!("{label} is not sealed yet: only what was sealed can be disclosed in part")));
    }
    if let Some(disclosure) = &content.disclosure {
        return Err(StoreError::input(format!("{label} is the disclosure {disclosure} itself: disclose parts of its original")));
    }
    let secret = content.secret.parse::<Sha256Digest>();
    let secret = secret.map_err(|_| StoreError::input(format!("{label} was built before parts of a package could be disclosed: build and seal a new package, and disclose from that")))?;
    let (secret, folder) = (PackageSecret(secret.0), from.unwrap_or(&content.path));
    let original = Original::open(folder, &content.tagmanifest, &secret);
    let original = original.map_err(|flaw| StoreError::input(format!("{}: {flaw}; name the folder where {label} lies with --from", folder.display())))?;
    Ok((content, secret, original))
}

// ---- proposing

/// Proposes a disclosure: what goes to whom, what for, and why something stays. Nothing leaves yet.
///
/// # Errors
/// When an item is not in the package, a reason is missing, or the package cannot be disclosed in part.
pub fn propose(desk: &Desk, scope: &Scope, permit: &Permit, typed: &ProposeDisclosure) -> Result<DisclosureView, StoreError> {
    for_action(permit, Action::Disclose)?;
    let (_, _, original) = original(desk, scope, permit, &typed.package, typed.from.as_deref())?;
    let package = package_label(parse_label(&typed.package, 'P')?);
    let mut withheld = chosen(&original, &typed.withhold)?;
    // What became restricted after the package was sealed goes to nobody, whatever was typed.
    for (exhibit, class) in restricted(desk, scope)? {
        let why = Withholding { class, reason: "it became restricted after the package was sealed".into() };
        withheld.extend(paths_of(&original, &exhibit).into_iter().map(|path| (path, why.clone())));
    }
    not_what_assists(desk, scope, &original, &withheld.iter().map(|(path, why)| (path.clone(), why.class)).collect())?;
    withheld.insert(BLIND_FILE.into(), Withholding { class: WithholdClass::Blind, reason: "the unguessable line of the package".into() });
    // A paper that is withheld because it names an item is one that others may name.
    loop {
        let names = Names::of(desk, scope, &original, withheld.keys().map(String::as_str))?;
        let named = names.named_in(&original, &withheld.keys().map(String::as_str).collect())?;
        if named.is_empty() {
            break;
        }
        let why = Withholding { class: WithholdClass::NamesWithheld, reason: "it names or fingerprints a withheld item".into() };
        withheld.extend(named.into_iter().map(|path| (path, why.clone())));
    }
    let items = original.items().iter().map(|entry| DisclosureItem { path: entry.path.clone(), digest: entry.digest, withheld: withheld.get(&entry.path).cloned() });
    let content = DisclosureContent {
        package,
        recipient: typed.recipient.clone(),
        purpose: typed.purpose.clone(),
        items: items.collect(),
        proposed_by: scope.actor().clone(),
        proposed: desk.now(),
        state: DisclosureState::Proposed,
        decision: String::new(),
        built: None,
        revealed: vec![],
    };
    let id = format!("disc-{}", hex::encode(store::vault::secret::random_16()?));
    let row = Draft::new("disclosure", id.clone(), "proposed").numbered().write(scope, desk.now(), &content)?;
    let detail = json!({"package": content.package, "recipient": content.recipient, "purpose": content.purpose, "items": content.items.len(), "withheld": withheld});
    desk.store.commit(scope, permit, NewEvent::new(EventType::DisclosureProposed, Some(id.clone()), detail), vec![row])?;
    view(desk, &desk.store.get(scope, "disclosure", &id)?, &content)
}

/// The restricted exhibits of the case and those that hold a restricted member, each with the reason that the recipient reads.
fn restricted(desk: &Desk, scope: &Scope) -> Result<Vec<(String, WithholdClass)>, StoreError> {
    let class = |class| if class == ExhibitClass::Contraband { WithholdClass::Contraband } else { WithholdClass::Privileged };
    Ok(crate::reclassify::closed(desk, scope)?.into_iter().map(|(exhibit, of)| (exhibit, class(of))).collect())
}

/// A restricted exhibit that this disclosure gives away all the same, because it was proposed before.
pub(crate) fn restricted_in(desk: &Desk, scope: &Scope, label: &str) -> Result<Option<String>, StoreError> {
    let (_, content) = found(desk, scope, label)?;
    Ok(restricted(desk, scope)?.into_iter().map(|(exhibit, _)| exhibit).find(|exhibit| content.gives(exhibit)))
}

/// Bytes of a restricted exhibit go to nobody, also when that was approved before it became restricted.
fn gives_nothing_restricted(desk: &Desk, scope: &Scope, label: &str) -> Result<(), StoreError> {
    let Some(exhibit) = restricted_in(desk, scope, label)? else { return Ok(()) };
    let text = format!("{exhibit} became restricted after {label} was proposed: propose the disclosure anew, it is withheld then");
    Err(desk.store.refuse(scope, &Intent::to(Action::Disclose), Law::Restricted, text)?)
}

/// What was decided to assist the defence, or may, is never immaterial to it (law 9).
fn not_what_assists(desk: &Desk, scope: &Scope, original: &Original, withheld: &BTreeMap<String, WithholdClass>) -> Result<(), StoreError> {
    let immaterial = |path: &String| withheld.get(path) == Some(&WithholdClass::NotMaterial);
    for says in [Assistance::Assists, Assistance::MayAssist] {
        if let Some(exhibit) = material::of(desk, scope, says)?.into_iter().find(|label| paths_of(original, label).iter().any(immaterial)) {
            let text = format!("{exhibit} {}, so it cannot be withheld as not-material: disclose it, or give another reason", if says == Assistance::Assists { "assists the defence" } else { "may assist the defence" });
            return Err(desk.store.refuse(scope, &Intent::to(Action::Disclose), Law::Statement, text)?);
        }
    }
    Ok(())
}

/// The paths that typed items stand for.
fn chosen(original: &Original, typed: &[WithholdItem]) -> Result<BTreeMap<String, Withholding>, StoreError> {
    let mut withheld = BTreeMap::new();
    for one in typed {
        if matches!(one.class, WithholdClass::Blind | WithholdClass::NamesWithheld) {
            return Err(StoreError::input(format!("{} is no reason that a person gives: choose another", one.class)));
        }
        let paths = paths_of(original, &one.item);
        if paths.is_empty() {
            return Err(StoreError::input(format!("{} is not in this package: name an exhibit or report whose bytes are in it, or a path of its manifest-sha256.txt", one.item)));
        }
        withheld.extend(paths.into_iter().map(|path| (path, Withholding { class: one.class, reason: one.reason.clone() })));
    }
    Ok(withheld)
}

/// A path as it is, or the files of an exhibit or a report by its label. A path of an exhibit stands for all files of it:
/// whoever has the copy for replay has the capture.
fn paths_of(original: &Original, item: &str) -> Vec<String> {
    let whole = label_of(item).filter(|_| is_exhibit(item) && original.items().iter().any(|entry| entry.path == item));
    let label = whole.unwrap_or_else(|| item.to_uppercase());
    let wanted = |entry: &&Entry| entry.path == item || label_of(&entry.path).as_deref() == Some(label.as_str());
    original.items().iter().filter(wanted).map(|entry| entry.path.clone()).collect()
}

/// The exhibit or report whose file this is: `data/exhibits/e-0001.bin` is E-0001.
pub(super) fn label_of(path: &str) -> Option<String> {
    let folders = ["data/exhibits/", "data/captures/", "data/replay/", "data/report/"];
    let name = folders.iter().find_map(|folder| path.strip_prefix(folder))?;
    name.split('.').next().map(str::to_uppercase)
}

pub(super) fn changed(flaw: seal::Flaw) -> StoreError {
    StoreError::refused(Law::Integrity, format!("{flaw}: get the package as it was sealed"))
}

// ---- deciding

/// A second person decides: approve, or refuse for good.
///
/// # Errors
/// Law 7 when it is the proposer, another role than supervisor or prosecutor, or decided already.
pub fn decide(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, approve: bool, reason: &str) -> Result<DisclosureView, StoreError> {
    for_action(permit, Action::Disclose)?;
    let (row, mut content) = found(desk, scope, label)?;
    content.state = match content.state.decide(&content.proposed_by, scope.actor(), scope.role(), approve, desk.now()) {
        Ok(state) => state,
        Err(error) => return refuse(desk, scope, &error),
    };
    content.decision = reason.into();
    let detail = json!({"disclosure": label, "package": content.package, "recipient": content.recipient, "state": content.state.name(), "reason": reason});
    save(desk, scope, permit, &row, &content, NewEvent::new(EventType::DisclosureDecided, Some(row.id.clone()), detail))
}

fn refuse<T>(desk: &Desk, scope: &Scope, error: &DisclosureError) -> Result<T, StoreError> {
    Err(desk.store.refuse(scope, &Intent::to(Action::Disclose), error.law(), error.to_string())?)
}

fn save(desk: &Desk, scope: &Scope, permit: &Permit, row: &Row, content: &DisclosureContent, event: NewEvent) -> Result<DisclosureView, StoreError> {
    let write = Draft::new("disclosure", row.id.clone(), content.state.name()).over(row).write(scope, desk.now(), content)?;
    desk.store.commit(scope, permit, event, vec![write])?;
    view(desk, row, content)
}

// ---- building

/// What is typed when an approved disclosure is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildDisclosure {
    /// Which, such as D-0001.
    pub disclosure: String,
    /// Names of the officers who will sign it.
    pub officers: Vec<String>,
    /// Where the original lies now.
    pub from: Option<PathBuf>,
    /// The folder of the new package, which must not exist yet.
    pub target: PathBuf,
}

/// Builds an approved disclosure as a package that waits for its signatures and time-stamps.
///
/// # Errors
/// Law 7 when nobody approved it; law 5 when the original was changed; no folder is left then.
pub fn build(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &BuildDisclosure) -> Result<PackageView, StoreError> {
    for_action(permit, Action::Disclose)?;
    same_person(session, scope)?;
    let target = new_folder(&typed.target)?;
    no_other_waits(desk, scope, &target)?;
    let (row, mut content) = found(desk, scope, &typed.disclosure)?;
    let approver = match content.state.approved() {
        Ok(by) => desk.name_of(by)?.0,
        Err(error) => return refuse(desk, scope, &error),
    };
    if let Some(package) = &content.built {
        return Err(StoreError::input(format!("this disclosure is the package {package} already: propose a new one for another recipient")));
    }
    gives_nothing_restricted(desk, scope, &typed.disclosure)?;
    let (first, secret, original) = original(desk, scope, permit, &content.package, typed.from.as_deref())?;
    let officers = planned_officers(desk, scope, &typed.officers)?;
    let authorities = planned_stamps(desk)?;
    let label = disclosure_label(row.number.unwrap_or(0));
    // Bytes leave the house from here on: the event that says so comes first (law 2).
    let begins = json!({
        "disclosure": label, "package": content.package, "recipient": content.recipient, "purpose": content.purpose, "target": target.to_string_lossy(),
        "disclosed": content.items.iter().filter(|item| item.withheld.is_none()).map(|item| &item.path).collect::<Vec<_>>(), "withheld": content.closed(),
    });
    desk.store.commit(scope, permit, NewEvent::new(EventType::DisclosureBuilt, Some(row.id.clone()), begins), vec![])?;
    let id = crate::row::fresh_package()?.to_string();
    let pulse = Pulse::new(desk, scope, permit);
    let made = fill(&pulse, &content, &label, &approver, &original, &secret, &target).and_then(|(bag, errata)| {
        let own = PackageSecret(random_32()?);
        let info = bag_info(desk, &id, &format!("disclosure {label} of parts of the package {}", content.package));
        let bag = bag.close(&info, &plan_of(&officers, &authorities), &own).map_err(bag_error)?;
        let mut limits = limits_of_the_seal(desk, &officers, &authorities)?;
        limits.extend(errata::limits(&errata.told));
        limits.extend(errata.named.iter().map(|one| format!("erratum {}: it is about what is withheld here, and its words are not told", one.label)));
        limits.push(format!("disclosure: {} of {} items of the original are withheld", content.items.iter().filter(|item| item.withheld.is_some()).count(), content.items.len()));
        let package = PackageContent {
            path: target.clone(),
            tagmanifest: bag.sealed_object(),
            nonce: hex::encode(random_32()?),
            limits,
            officers,
            authorities,
            reports: vec![],
            exhibits: content.items.iter().filter(|item| item.withheld.is_none() && is_exhibit(&item.path)).filter_map(|item| label_of(&item.path)).collect::<BTreeSet<_>>().len(),
            withheld: vec![],
            origins: first.origins,
            secret: hex::encode(own.0),
            errata: errata::labels(&errata.told),
            errata_named: errata::labels(&errata.named),
            disclosure: Some(label.clone()),
            replays: vec![],
            notes: vec![],
        };
        commit_built(desk, scope, permit, &id, &package)
    });
    let built = made.map_err(|error| removed(&target, error))?;
    content.built = Some(built.package.clone());
    let detail = json!({"disclosure": label, "built": built.package, "tagmanifest": built.tagmanifest});
    save(desk, scope, permit, &row, &content, NewEvent::new(EventType::DisclosureBuilt, Some(row.id.clone()), detail))?;
    let case = desk.store.get(scope, "case", scope.case().as_str())?;
    let told = json!({
        "what": "disclosure", "case": crate::row::case_label(case.number.unwrap_or(0)), "disclosure": label, "package": built.package, "tagmanifest": built.tagmanifest,
        "items": content.items.iter().filter(|item| item.withheld.is_none()).count(), "withheld": content.closed().len(), "salt": hex::encode(random_32()?),
    });
    viewing::tell_recipient(desk, session, &content.recipient, &told)?;
    Ok(built)
}

pub(super) fn is_exhibit(path: &str) -> bool {
    ["data/exhibits/", "data/captures/", "data/replay/"].iter().any(|folder| path.starts_with(folder))
}

/// Asks every few seconds whether the ground of the work still lives (law 15).
struct Pulse<'a> {
    desk: &'a Desk,
    scope: &'a Scope,
    permit: &'a Permit,
    asked: Cell<Option<(Instant, bool)>>,
}

impl<'a> Pulse<'a> {
    fn new(desk: &'a Desk, scope: &'a Scope, permit: &'a Permit) -> Self {
        Pulse { desk, scope, permit, asked: Cell::new(None) }
    }

    fn lives(&self) -> bool {
        match self.asked.get() {
            Some((at, answer)) if !answer || at.elapsed().as_secs() < ASK_SECONDS => answer,
            _ => {
                let answer = self.desk.store.still_live(self.scope, self.permit).is_ok();
                self.asked.set(Some((Instant::now(), answer)));
                answer
            }
        }
    }

    /// A stop is told in the store's own words, which name what ended.
    fn told(&self, error: DiscloseError) -> StoreError {
        match error {
            DiscloseError::Original(flaw) => changed(flaw),
            DiscloseError::Bag(error) => bag_error(error),
            DiscloseError::Stopped => match self.desk.store.still_live(self.scope, self.permit) {
                Err(error) => error,
                Ok(()) => StoreError::refused(Law::Revocation, "the ground of this disclosure had ended for a moment: do it again"),
            },
        }
    }
}

const ASK_SECONDS: u64 = 5;

fn fill(
    pulse: &Pulse<'_>,
    content: &DisclosureContent,
    label: &str,
    approver: &str,
    original: &Original,
    secret: &PackageSecret,
    target: &Path,
) -> Result<(BagWriter, Corrections), StoreError> {
    let (desk, scope) = (pulse.desk, pulse.scope);
    let withheld: BTreeMap<String, WithholdClass> = content.items.iter().filter_map(|item| item.withheld.as_ref().map(|why| (item.path.clone(), why.class))).collect();
    not_what_assists(desk, scope, original, &withheld)?;
    let names = Names::of(desk, scope, original, withheld.keys().map(String::as_str))?;
    // The rows may have grown since the proposal; what was approved must still name nothing that is withheld.
    if let Some(path) = names.named_in(original, &withheld.keys().map(String::as_str).collect())?.first() {
        return Err(desk.store.refuse(scope, &Intent::to(Action::Disclose), Law::Restricted, format!("{path} names a withheld item: propose the disclosure anew"))?);
    }
    let mut bag = BagWriter::create(target).map_err(bag_error)?;
    original.add_to(&mut bag, secret, &withheld, &|| pulse.lives()).map_err(|error| pulse.told(error))?;
    let mut extracts = Vec::new();
    for entry in original.items().iter().filter(|entry| withheld.get(&entry.path) == Some(&WithholdClass::NamesWithheld)) {
        let bytes = original.read(entry, MAX_TEXT).map_err(changed)?;
        if let Some(extract) = bytes.and_then(|bytes| names.extract(&entry.path, &bytes)) {
            let path = entry.path.replacen("data/", "data/extract/", 1);
            bag.add(&path, &mut extract.as_slice()).map_err(bag_error)?;
            extracts.push(path);
        }
    }
    let corrections = Silence::about(desk, scope, names)?.parted(errata::all(desk, scope)?);
    put_json(&mut bag, "data/errata.json", &corrections.paper())?;
    let mut reasons: BTreeMap<WithholdClass, usize> = BTreeMap::new();
    withheld.values().for_each(|class| *reasons.entry(*class).or_default() += 1);
    let paper = json!({
        "disclosure": label, "recipient": content.recipient, "purpose": content.purpose, "proposed-by": desk.name_of(&content.proposed_by)?.0,
        "decided-by": approver, "items-disclosed": content.items.len() - withheld.len(), "items-withheld": reasons, "extracts": extracts,
        "how-to-check": "data/verify-disclosure.sh, or lanternfish-verify; the original's seal lies in data/original",
        "extracts-are": "made from withheld papers by leaving out what names a withheld item; they are not items of the original",
    });
    put_json(&mut bag, "data/disclosure.json", &paper)?;
    Ok((bag, corrections))
}

fn put_json(bag: &mut BagWriter, path: &str, value: &Value) -> Result<(), StoreError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(crate::office::input)?;
    text.push(b'\n');
    bag.add(path, &mut text.as_slice()).map(|_| ()).map_err(bag_error)
}

// ---- revealing

/// What is typed when withheld items are opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reveal {
    /// Which disclosure.
    pub disclosure: String,
    /// The items: labels or paths.
    pub items: Vec<String>,
    /// Why, such as an order of the court.
    pub reason: String,
    /// Where the original lies now.
    pub from: Option<PathBuf>,
    /// The folder for `revealed.txt` and the items, which must not exist yet.
    pub target: PathBuf,
}

/// Opens withheld items of a disclosure that was built: their salts and bytes go into a folder for the
/// recipient. Only a supervisor or a prosecutor does it.
///
/// # Errors
/// Law 7 for another role, or when an item names one that stays withheld; when an item is not withheld.
pub fn reveal(desk: &Desk, scope: &Scope, permit: &Permit, typed: &Reveal) -> Result<DisclosureView, StoreError> {
    for_action(permit, Action::Disclose)?;
    if let Err(error) = may_decide(scope.role()) {
        return refuse(desk, scope, &error);
    }
    let (row, mut content) = found(desk, scope, &typed.disclosure)?;
    let Some(package) = content.built.clone() else {
        return Err(StoreError::input("this disclosure was not built yet: nothing is withheld from anybody"));
    };
    let (_, secret, original) = original(desk, scope, permit, &content.package, typed.from.as_deref())?;
    let mut paths = BTreeSet::new();
    for item in &typed.items {
        let of_item: Vec<String> = paths_of(&original, item).into_iter().filter(|path| content.withholds(path)).collect();
        if of_item.is_empty() {
            return Err(StoreError::input(format!("{item} is not withheld in this disclosure: see `lanternfish disclosure list`")));
        }
        paths.extend(of_item);
    }
    if let Some((exhibit, _)) = restricted(desk, scope)?.into_iter().find(|(exhibit, _)| paths.iter().any(|path| label_of(path).as_ref() == Some(exhibit))) {
        let text = format!("{exhibit} is restricted: it is shown under supervision (`lanternfish viewing --help`) and given to nobody");
        return Err(desk.store.refuse(scope, &Intent::to(Action::Disclose), Law::Restricted, text)?);
    }
    let rest: BTreeSet<&str> = content.closed().into_iter().filter(|path| !paths.contains(*path)).collect();
    let names = Names::of(desk, scope, &original, rest.iter().copied())?;
    let others: BTreeSet<&str> = original.items().iter().map(|entry| entry.path.as_str()).filter(|path| !paths.contains(*path)).collect();
    if let Some(path) = names.named_in(&original, &others)?.first() {
        let text = format!("{path} names an item that stays withheld: reveal that one too, or give an extract");
        return Err(desk.store.refuse(scope, &Intent::to(Action::Disclose), Law::Restricted, text)?);
    }
    let target = new_folder(&typed.target)?;
    if let Some(there) = [target.clone(), corrections_beside(&target)].iter().find(|place| place.symlink_metadata().is_ok()) {
        return Err(StoreError::input(format!("{} is there already: name a new folder", there.display())));
    }
    let now = desk.now();
    let closed = content.closed();
    let new: Vec<String> = paths.iter().filter(|path| closed.contains(path.as_str())).cloned().collect();
    // What is opened now leaves with every correction that was written meanwhile (law 3).
    let corrections = Silence::about(desk, scope, names)?.parted(errata::all(desk, scope)?);
    let told = errata::labels(&corrections.told);
    content.revealed.extend(new.iter().map(|path| Revealed { path: path.clone(), at: now, by: scope.actor().clone(), reason: typed.reason.clone(), errata: told.clone() }));
    let detail = json!({
        "disclosure": disclosure_label(row.number.unwrap_or(0)), "package": package, "recipient": content.recipient, "revealed": paths, "reason": typed.reason,
        "target": target.to_string_lossy(), "errata": told, "errata-named": errata::labels(&corrections.named),
    });
    let view = save(desk, scope, permit, &row, &content, NewEvent::new(EventType::DisclosureRevealed, Some(row.id.clone()), detail))?;
    let pulse = Pulse::new(desk, scope, permit);
    let beside = put_beside(&target, &corrections)?;
    let opened = original.reveal(&target, &secret, &paths.into_iter().collect::<Vec<_>>(), &|| pulse.lives());
    if let Err(error) = opened {
        beside.iter().for_each(|file| drop(std::fs::remove_file(file)));
        return Err(pulse.told(error));
    }
    Ok(DisclosureView { corrections: beside, ..view })
}

/// The file that goes with a folder of opened items. It lies beside it: verifiers that went out with earlier
/// disclosures take nothing inside the folder but the items.
fn corrections_beside(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_os_string();
    name.push(".errata.json");
    folder.with_file_name(name)
}

fn put_beside(folder: &Path, corrections: &Corrections) -> Result<Option<PathBuf>, StoreError> {
    if corrections.told.is_empty() && corrections.named.is_empty() {
        return Ok(None);
    }
    let (place, mut text) = (corrections_beside(folder), serde_json::to_vec_pretty(&corrections.paper()).map_err(crate::office::input)?);
    text.push(b'\n');
    std::fs::write(&place, text).map_err(|e| StoreError::environment(format!("writing {}", place.display()), &e))?;
    Ok(Some(place))
}
