//! Packages: built, signed by each officer in his own session, stamped, sealed (laws 4, 7, 8).
//!
//! The folder grows as `NAME.building`; signatures and tokens wait in the package's row until all are
//! there, so that each is one transaction with its event. The seal event comes last, then the folder
//! is checked with the verifier's own eyes, and only then gets its name. It refuses to seal what lacks
//! a signature or a token, and never lets a restricted item or its digest out.

mod anchors;
mod contents;
pub mod disclose;
mod names;
pub mod renew;
mod replay;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ledger::{TlogProof, tree::LeafIndex};
use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    disclosure::PackageSecret,
    event::EventType,
    exhibit::{ExhibitClass, ExhibitKind, Origin},
    id::ActorId,
    material::Assistance,
    moment::ClockQuality,
    package::{MOST_SEALS, SEAL_DIR, SealDetail, SealFile, SealPlan},
};
use seal::{
    Certificate,
    bag::{BagInfo, UnsealedBag},
    check::{State, verify_package},
    cms::sign_detached,
    pki::SigningKey,
    tsp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Intent, NewEvent, Permit, Row, Scope, Session, StoreError, vault::secret::{random_16, random_32}};

use crate::{
    Desk, authority, case, errata, filter,
    office::{BUILT_IN, decode_base64, input},
    facts::{self, Facts},
    material, persona, reclassify,
    report_step::{self, ReportContent, Withheld},
    row::{Draft, for_action, fresh_package, parse_label},
    viewing, witness,
};

pub use anchors::{AnchorsView, export_anchors};

use contents::{Filled, Filling, bag_error, one_line};

/// What is typed when a package is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildPackage {
    /// Names of the officers who will sign, at least one; each a member of the case.
    pub officers: Vec<String>,
    /// Labels of the reports to include; all when absent.
    pub reports: Option<Vec<String>>,
    /// The package's folder, which must not exist yet.
    pub target: PathBuf,
    /// Whether each capture gets a copy for looking at (WACZ) beside its WARC.
    pub wacz: bool,
}

/// An officer of the seal plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedOfficer {
    /// Who.
    pub actor: ActorId,
    /// His name at work.
    pub name: String,
    /// SHA-256 of his certificate.
    pub certificate: Sha256Digest,
    /// When he signed.
    pub signed: Option<Moment>,
    /// His signature (CAdES, base64).
    pub signature: Option<String>,
}

/// A time-stamp authority of the seal plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStamp {
    /// Its name for people.
    pub name: String,
    /// Its address, or `built-in`.
    pub url: String,
    /// SHA-256 of its certificate.
    pub certificate: Sha256Digest,
    /// Whether it is independent of the agency.
    pub independent: bool,
    /// The time that its token states.
    pub stamped: Option<Moment>,
    /// Its token (RFC 3161 response, base64).
    pub token: Option<String>,
}

/// What a package's row holds (sealed under the case key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageContent {
    /// The package's folder.
    pub path: PathBuf,
    /// SHA-256 of the tag manifest: what officers sign and authorities stamp.
    pub tagmanifest: Sha256Digest,
    /// Secret of the package from which the nonces of its time-stamp requests are made.
    pub nonce: String,
    /// Who signs.
    pub officers: Vec<PlannedOfficer>,
    /// Who stamps.
    pub authorities: Vec<PlannedStamp>,
    /// Reports inside.
    pub reports: Vec<String>,
    /// Number of exhibits that it tells of.
    pub exhibits: usize,
    /// Commitments to restricted items, with their salts.
    pub withheld: Vec<Withheld>,
    /// What every verifier prints.
    pub limits: Vec<String>,
    /// Where everything in it comes from: who signs or seals it needs a permit that reaches there.
    #[serde(default)]
    pub origins: Vec<Origin>,
    /// Secret from which the salts of its items come (64 digits); without it no part of the package can be
    /// disclosed. Packages of the first profile have none.
    #[serde(default)]
    pub secret: String,
    /// The errata that it carries.
    #[serde(default)]
    pub errata: Vec<String>,
    /// The errata that it names without their words, because they are about what it withholds: it does not
    /// carry them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errata_named: Vec<String>,
    /// The disclosure that it is, such as D-0001; absent in a package of the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<String>,
    /// The copies for looking at (WACZ) that it holds: what each was made from, and how; without digests (law 7).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replays: Vec<Value>,
    /// Why a capture has no such copy although it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl PackageContent {
    fn state(&self) -> &'static str {
        let signed = self.officers.iter().filter(|officer| officer.signature.is_some()).count();
        let stamped = self.authorities.iter().all(|authority| authority.token.is_some());
        match signed {
            n if n == self.officers.len() && stamped => "stamped",
            0 => "built",
            _ => "signed",
        }
    }

    /// What is still missing: the law, and what to do.
    fn missing(&self) -> Option<(Law, String)> {
        let unsigned: Vec<&str> = self.officers.iter().filter(|o| o.signature.is_none()).map(|o| o.name.as_str()).collect();
        if !unsigned.is_empty() {
            return Some((Law::Custody, format!("not signed yet by {}: each runs `lanternfish package sign` in his own session", unsigned.join(", "))));
        }
        let unstamped: Vec<&str> = self.authorities.iter().filter(|a| a.token.is_none()).map(|a| a.name.as_str()).collect();
        (!unstamped.is_empty()).then(|| (Law::Checkpoint, format!("not time-stamped yet by {}: run `lanternfish package stamp`", unstamped.join(", "))))
    }
}

/// A package as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct PackageView {
    /// `P-0001`.
    pub package: String,
    /// Its id in the ledger and in the bag.
    pub id: String,
    /// `built`, `signed`, `stamped` or `sealed`.
    pub state: String,
    /// Its folder; while it is not sealed, it lies there as `NAME.building`.
    pub path: PathBuf,
    /// SHA-256 of the tag manifest.
    pub tagmanifest: Sha256Digest,
    /// Who signs: name and when.
    pub officers: Vec<(String, Option<Moment>)>,
    /// Who stamps: name, whether independent, and when; numbered from 1 in this order.
    pub authorities: Vec<(String, bool, Option<Moment>)>,
    /// Reports inside.
    pub reports: Vec<String>,
    /// Number of exhibits that it tells of.
    pub exhibits: usize,
    /// Labels of restricted exhibits that stayed behind.
    pub withheld: Vec<String>,
    /// What every verifier prints.
    pub limits: Vec<String>,
    /// What whoever built it should know: which capture has no copy for replay, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What is still missing.
    pub missing: Option<String>,
    /// Until when its newest time-stamps can be believed: the next renewal must be made before.
    pub provable_until: Option<Moment>,
}

/// `P-0001`.
pub fn package_label(number: i64) -> String {
    format!("P-{number:04}")
}

fn view(row: &Row, state: &str, content: &PackageContent) -> PackageView {
    PackageView {
        package: package_label(row.number.unwrap_or(0)),
        id: row.id.clone(),
        state: state.into(),
        path: content.path.clone(),
        tagmanifest: content.tagmanifest,
        officers: content.officers.iter().map(|o| (o.name.clone(), o.signed)).collect(),
        authorities: content.authorities.iter().map(|a| (a.name.clone(), a.independent, a.stamped)).collect(),
        reports: content.reports.clone(),
        exhibits: content.exhibits,
        withheld: content.withheld.iter().map(|one| one.exhibit.clone()).collect(),
        limits: content.limits.clone(),
        notes: content.notes.clone(),
        missing: content.missing().map(|(_, text)| text),
        provable_until: None,
    }
}

fn find(desk: &Desk, scope: &Scope, label: &str) -> Result<(Row, PackageContent), StoreError> {
    let number = parse_label(label, 'P')?;
    let row = desk.store.numbered(scope, "package", number)?;
    let row = row.ok_or_else(|| StoreError::input(format!("there is no package {label} in this case: see `lanternfish package list`")))?;
    let content = row.content()?;
    Ok((row, content))
}

/// Lists the packages: one consultation event with its count.
///
/// # Errors
/// When the permit is not to package.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<PackageView>, StoreError> {
    for_action(permit, Action::Package)?;
    let rows = desk.store.list(scope, "package")?;
    let view = |row: &Row| -> Result<PackageView, StoreError> {
        let content = row.content()?;
        let provable_until = renew::provable_until(desk, scope, row, &content)?;
        Ok(PackageView { provable_until, ..view(row, &row.state, &content) })
    };
    let views = rows.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let event = NewEvent::new(EventType::CaseConsulted, None, json!({"packages": views.len()}));
    desk.store.commit(scope, permit, event, vec![])?;
    Ok(views)
}

fn same_person(session: &Session, scope: &Scope) -> Result<(), StoreError> {
    if session.actor() == scope.actor() {
        return Ok(());
    }
    Err(StoreError::refused(Law::Permit, "this session and this case belong to two different people"))
}

// ---- building

/// Builds a package: payload, manifests, seal plan. It then waits for signatures and time-stamps.
///
/// # Errors
/// Law 5 for a locked or changed exhibit, law 7, law 15; no folder is left then.
pub fn build(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &BuildPackage) -> Result<PackageView, StoreError> {
    for_action(permit, Action::Package)?;
    same_person(session, scope)?;
    let target = new_folder(&typed.target)?;
    no_other_waits(desk, scope, &target)?;
    let officers = planned_officers(desk, scope, &typed.officers)?;
    let authorities = planned_stamps(desk)?;
    let facts = Facts::gather(desk, scope)?;
    facts.cover(desk, scope, permit)?;
    let reports = chosen_reports(desk, scope, typed.reports.as_deref())?;
    for (label, _, content) in &reports {
        reclassify::report_tells_nothing(desk, scope, Action::Package, label, &content.checkpoint, &content.withheld)?;
    }
    nothing_unlisted(desk, scope, &facts, &reports)?;
    material::decided(desk, scope)?;
    if let Some(locked) = facts.exhibits.iter().find(|view| view.state == "locked") {
        let text = format!("{} is locked: its bytes did not match; a supervisor decides first", locked.exhibit);
        return Err(desk.store.refuse(scope, &Intent::to(Action::Package), Law::Integrity, text)?);
    }
    if let Some(text) = not_looked_through(desk, scope, &facts)? {
        return Err(desk.store.refuse(scope, &Intent::to(Action::Package), Law::Restricted, text)?);
    }
    let id = fresh_package()?.to_string();
    // Bytes leave the store from here on: the event that says so comes first (law 2).
    let begins = json!({"begins": true, "target": target.to_string_lossy(), "officers": typed.officers, "exhibits": facts.exhibits.len()});
    desk.store.commit(scope, permit, NewEvent::new(EventType::PackageBuilt, Some(id.clone()), begins), vec![])?;
    let filling = Filling::new(desk, scope, permit, &facts, &reports, &target, typed.wacz)?;
    let made = filling.fill().and_then(|Filled { bag, replays, notes }| {
        let secret = PackageSecret(random_32()?);
        let info = bag_info(desk, &id, &format!("package of case {}", facts.case.case));
        let bag = bag.close(&info, &plan_of(&officers, &authorities), &secret).map_err(bag_error)?;
        let content = PackageContent {
            path: target.clone(),
            tagmanifest: bag.sealed_object(),
            nonce: hex::encode(random_32()?),
            limits: limits(desk, scope, &facts, &officers, &authorities, &reports)?,
            officers,
            authorities,
            reports: reports.iter().map(|(label, _, _)| label.clone()).collect(),
            exhibits: facts.exhibits.len(),
            withheld: facts.withheld.clone(),
            origins: facts.origins(),
            secret: hex::encode(secret.0),
            errata: errata::labels(&facts.errata),
            errata_named: vec![],
            disclosure: None,
            replays,
            notes,
        };
        commit_built(desk, scope, permit, &id, &content)
    });
    made.map_err(|error| removed(&target, error))
}

/// Captures that nobody unpacked, while something in the case is restricted: what is restricted may stand in them too, and
/// nobody has seen it. A file of another kind is compared as a whole.
fn not_looked_through(desk: &Desk, scope: &Scope, facts: &Facts) -> Result<Option<String>, StoreError> {
    if !crate::admit::all(desk, scope)?.iter().any(|view| view.content.class.is_restricted()) {
        return Ok(None);
    }
    let mut waiting = Vec::new();
    for view in facts.exhibits.iter().filter(|view| view.content.kind == ExhibitKind::Capture && !view.content.class.is_restricted()) {
        let row = crate::admit::row(desk, scope, &view.exhibit)?;
        if desk.store.list_of(scope, "derivation", &row.id)?.is_empty() {
            waiting.push(view.exhibit.clone());
        }
    }
    let told = waiting.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
    let more = waiting.len().saturating_sub(20);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Ok((!waiting.is_empty()).then(|| format!("{told}{more} were not examined, and something in this case is restricted: it may stand in them too. Examine them first (`lanternfish examine`), then build the package again")))
}

fn plan_of(officers: &[PlannedOfficer], authorities: &[PlannedStamp]) -> SealPlan {
    SealPlan::new(
        &officers.iter().map(|o| o.certificate).collect::<Vec<_>>(),
        &authorities.iter().map(|a| (a.certificate, a.independent)).collect::<Vec<_>>(),
    )
}

fn commit_built(desk: &Desk, scope: &Scope, permit: &Permit, id: &str, content: &PackageContent) -> Result<PackageView, StoreError> {
    let row = Draft::new("package", id, "built").numbered().write(scope, desk.now(), content)?;
    let mut detail = json!({
        "tagmanifest": content.tagmanifest, "reports": content.reports, "exhibits": content.exhibits,
        "officers": content.officers.iter().map(|o| &o.name).collect::<Vec<_>>(), "limits": content.limits,
    });
    // A copy for looking at is derived: input and method stand in the log (law 6).
    if !content.replays.is_empty() {
        detail["replays"] = json!(content.replays);
    }
    desk.store.commit(scope, permit, NewEvent::new(EventType::PackageBuilt, Some(id.to_string()), detail), vec![row])?;
    let row = desk.store.get(scope, "package", id)?;
    Ok(view(&row, "built", content))
}

/// An absolute path whose folder does not exist yet, in a folder that does.
fn new_folder(target: &Path) -> Result<PathBuf, StoreError> {
    let target = std::path::absolute(target).map_err(|e| StoreError::environment("finding the folder of the package", &e))?;
    let parent = target.parent().filter(|parent| parent.is_dir());
    if parent.is_none() || target.file_name().is_none() || target.to_str().is_none() {
        return Err(StoreError::input(format!("{} cannot be the package's folder: name a new folder inside one that exists", target.display())));
    }
    Ok(target)
}

/// Another package that waits for its signatures at this place is work, not rubbish: it is named, so that
/// nobody removes it to make room.
fn no_other_waits(desk: &Desk, scope: &Scope, target: &Path) -> Result<(), StoreError> {
    if !building(target).exists() {
        return Ok(());
    }
    for row in desk.store.list(scope, "package")? {
        let content: PackageContent = row.content()?;
        if row.state != "sealed" && content.path == target {
            let (label, next) = (package_label(row.number.unwrap_or(0)), content.missing().map_or("ready to be finished".into(), |(_, text)| text));
            return Err(StoreError::input(format!("the package {label} waits at {} ({next}): go on with it, or name another folder for a new package", target.display())));
        }
    }
    Err(StoreError::input(format!("{} is there already, and no package of this case waits in it: name another folder", building(target).display())))
}

/// Nothing half-made stays behind: the payload stands in the clear there.
fn removed(target: &Path, error: StoreError) -> StoreError {
    let building = building(target);
    match fs::remove_dir_all(&building) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            StoreError::environment(format!("{error}; then removing {} (remove it by hand, it holds evidence in the clear)", building.display()), &e)
        }
        _ => error,
    }
}

fn building(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(".building");
    target.with_file_name(name)
}

fn planned_officers(desk: &Desk, scope: &Scope, names: &[String]) -> Result<Vec<PlannedOfficer>, StoreError> {
    let members = case::members(desk, scope.case())?;
    let mut officers = Vec::new();
    for name in names {
        let user = desk.store.user_by_name(name)?;
        if !members.iter().any(|(actor, _, _)| *actor == user.actor) {
            return Err(StoreError::input(format!("{name} is not a member of this case: add this person first", name = model::quoted(name))));
        }
        let certificate = user.record.certificate.as_deref().filter(|_| user.state == "active");
        let certificate = certificate.ok_or_else(|| StoreError::input(format!("{name} has no certificate yet: let this person log in once first", name = model::quoted(name))))?;
        let certificate = Certificate::from_der(&decode_base64(certificate)?).map_err(input)?.digest();
        officers.push(PlannedOfficer { actor: user.actor, name: user.record.name, certificate, signed: None, signature: None });
    }
    let different: BTreeSet<&ActorId> = officers.iter().map(|officer| &officer.actor).collect();
    if officers.is_empty() || officers.len() > MOST_SEALS || different.len() != officers.len() {
        return Err(StoreError::input(format!("name at least one officer who signs, at most {MOST_SEALS}, and nobody twice")));
    }
    Ok(officers)
}

fn planned_stamps(desk: &Desk) -> Result<Vec<PlannedStamp>, StoreError> {
    let configured = &desk.store.config().time_authorities;
    if configured.is_empty() {
        return Err(StoreError::input("no time-stamp authority is configured: add one to lanternfish.json"));
    }
    let planned = |authority: &store::TimeAuthority| {
        Ok(PlannedStamp {
            name: authority.name.clone(),
            url: authority.url.clone(),
            certificate: authority.certificate.parse().map_err(input)?,
            independent: authority.independent,
            stamped: None,
            token: None,
        })
    };
    configured.iter().map(planned).collect()
}

fn chosen_reports(desk: &Desk, scope: &Scope, labels: Option<&[String]>) -> Result<Vec<(String, Row, ReportContent)>, StoreError> {
    let all = report_step::rows(desk, scope)?;
    let Some(labels) = labels else { return Ok(all) };
    let wanted = labels.iter().map(|label| parse_label(label, 'R')).collect::<Result<BTreeSet<_>, _>>()?;
    let chosen: Vec<_> = all.into_iter().filter(|(_, row, _)| row.number.is_some_and(|n| wanted.contains(&n))).collect();
    if chosen.len() != wanted.len() {
        return Err(StoreError::input("one of these reports is not in this case: see `lanternfish report list`"));
    }
    Ok(chosen)
}

/// At least one report of the package must list each finding that speaks for the suspect, each search without
/// result and each correction, also those that were written after it was built (laws 9 and 3).
fn nothing_unlisted(desk: &Desk, scope: &Scope, facts: &Facts, reports: &[(String, Row, ReportContent)]) -> Result<(), StoreError> {
    let sizes = reports.iter().map(|(_, _, content)| report_step::size_at(&content.checkpoint)).collect::<Result<Vec<_>, _>>()?;
    let Some(newest) = sizes.into_iter().max() else { return Ok(()) };
    let unlisted = facts.unlisted(newest);
    if unlisted.is_empty() {
        return Ok(());
    }
    let text = format!("no report of this package lists {}, written after the newest of them: build the report anew", unlisted.join(", "));
    Err(desk.store.refuse(scope, &Intent::to(Action::Package), Law::Statement, text)?)
}

fn bag_info(desk: &Desk, id: &str, what: &str) -> BagInfo {
    let synthetic = if desk.store.config().training { "SYNTHETIC training" } else { "Court" };
    BagInfo {
        package: id.to_string(),
        organisation: one_line(&desk.store.config().agency),
        date: desk.now().to_string().chars().take(10).collect(),
        description: format!("{synthetic} {what}"),
    }
}

/// What the reader must know of any seal that is made here and now.
fn limits_of_the_seal(desk: &Desk, officers: &[PlannedOfficer], authorities: &[PlannedStamp]) -> Result<Vec<String>, StoreError> {
    let mut limits = vec![witness::known(desk)?.sentence()];
    if desk.store.config().training {
        limits.push("SYNTHETIC: training case, not evidence".into());
    }
    if officers.len() == 1 {
        limits.push("single officer: one person signed".into());
    }
    if !authorities.iter().any(|authority| authority.independent) {
        limits.push("time: NOT INDEPENDENT".into());
    }
    Ok(limits)
}

/// What the reader must know although nothing is broken.
fn limits(
    desk: &Desk,
    scope: &Scope,
    facts: &Facts,
    officers: &[PlannedOfficer],
    authorities: &[PlannedStamp],
    reports: &[(String, Row, ReportContent)],
) -> Result<Vec<String>, StoreError> {
    let mut limits = limits_of_the_seal(desk, officers, authorities)?;
    for (what, parts) in facts.unmet(desk)? {
        let part = |name: &str| parts.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value.as_str());
        let value = parts.first().map_or("", |(_, value)| value.as_str());
        limits.push(match what {
            "interim" => format!("interim custody: {value} (event {})", part("event")),
            "reassigned" => format!("custody reassigned by a supervisor: {value} (event {}); the former custodian: {}", part("event"), part("declared")),
            "unit" => format!("work under a unit's standing authorisation: {value}"),
            "same" => format!("the same person admitted exhibits and wrote findings: {value}"),
            _ => "single officer: one person did every recorded step on the evidence".into(),
        });
    }
    for (reference, checked) in authority::unratified(desk, scope)? {
        let alone = if checked { "" } else { ", and no second person checked it" };
        limits.push(format!("work under an emergency authority that no written order has ratified{alone}: {reference}"));
    }
    if reports.is_empty() {
        limits.push("no report: what speaks for the suspect stands in data/findings.json and data/searches.jsonl".into());
    }
    limits.extend(clock_of_the_steps(facts));
    limits.extend(filter::limits(desk, facts)?);
    limits.extend(viewing::limits(desk, scope)?);
    limits.extend(persona::limits(facts));
    limits.extend(errata::limits(&facts.errata));
    limits.extend(material::of(desk, scope, Assistance::Assists)?.into_iter().map(|exhibit| format!("assists the defence: {exhibit}")));
    let released = facts.releases.iter().filter(|release| release.is_for_good());
    limits.extend(released.map(|release| format!("out of scope and released ({}): {}", release.because.name(), release.exhibit)));
    let sensitive = facts.exhibits.iter().filter(|view| view.content.class == ExhibitClass::PersonalSensitive);
    limits.extend(sensitive.map(|view| format!("personal-sensitive: {}", view.exhibit)));
    limits.extend(facts.withheld.iter().map(|one| format!("withheld as restricted: {}", one.exhibit)));
    Ok(limits)
}

// ---- signing and stamping

/// The bag of a package that waits, after comparing what will be signed with the record (law 5).
fn waiting_bag(content: &PackageContent) -> Result<UnsealedBag, StoreError> {
    if content.path.exists() {
        return Err(StoreError::input(format!("this package is sealed already: {}", content.path.display())));
    }
    let bag = UnsealedBag::open(&content.path).map_err(bag_error)?;
    if bag.sealed_object() == content.tagmanifest {
        return Ok(bag);
    }
    Err(StoreError::refused(Law::Integrity, format!("the package in {} was changed after it was built: build it anew", bag.path().display())))
}

fn save(desk: &Desk, scope: &Scope, permit: &Permit, row: &Row, content: &PackageContent, event: NewEvent) -> Result<PackageView, StoreError> {
    let state = content.state();
    let write = Draft::new("package", row.id.clone(), state).over(row).write(scope, desk.now(), content)?;
    desk.store.commit(scope, permit, event, vec![write])?;
    Ok(view(row, state, content))
}

fn not_sealed(row: &Row) -> Result<(), StoreError> {
    if row.state == "sealed" {
        return Err(StoreError::input(format!("{} is sealed: nothing can be added to it", package_label(row.number.unwrap_or(0)))));
    }
    Ok(())
}

/// The officer of this session signs: CAdES over the tag manifest, with his own key.
///
/// # Errors
/// Law 4 when he is not in the plan, has signed already or has another certificate now; law 5 when the
/// folder was changed.
pub fn sign(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, label: &str) -> Result<PackageView, StoreError> {
    for_action(permit, Action::Package)?;
    same_person(session, scope)?;
    let (row, mut content) = find(desk, scope, label)?;
    not_sealed(&row)?;
    facts::cover(desk, scope, permit, &content.origins)?;
    reclassify::package_tells_nothing(desk, scope, &row, &content)?;
    waiting_bag(&content)?;
    let certificate = Certificate::from_der(session.certificate()).map_err(input)?;
    let officer = match place_of(&content, session, &certificate) {
        Ok(place) => &mut content.officers[place],
        Err(text) => return Err(desk.store.refuse(scope, &Intent::to(Action::Package), Law::Custody, text)?),
    };
    let key = SigningKey::from_pkcs8_der(&session.signing_pkcs8()?).map_err(input)?;
    let now = desk.now();
    let signature = sign_detached(&content.tagmanifest, &key, &certificate, now).map_err(input)?;
    officer.signed = Some(now);
    officer.signature = Some(STANDARD.encode(&signature));
    let detail = json!({"package": label, "officer": officer.name, "certificate": officer.certificate, "signature": Sha256Digest::of(&signature), "tagmanifest": content.tagmanifest});
    save(desk, scope, permit, &row, &content, NewEvent::new(EventType::PackageSigned, Some(row.id.clone()), detail))
}

/// Where the session's officer stands in the plan, if he may sign.
fn place_of(content: &PackageContent, session: &Session, certificate: &Certificate) -> Result<usize, String> {
    let place = content.officers.iter().position(|officer| officer.actor == *session.actor());
    let place = place.ok_or("you are not one of the officers of this package: build it anew with your name")?;
    let officer = &content.officers[place];
    if officer.signature.is_some() {
        return Err("you have signed this package already".into());
    }
    if officer.certificate != certificate.digest() {
        return Err("you have another certificate than when the package was built: build it anew".into());
    }
    Ok(place)
}

/// The request (`.tsq`) for a time-stamp authority of the package, counted from 1. Asked again, it is
/// the same.
///
/// # Errors
/// When there is no such authority.
pub fn stamp_request(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, number: usize) -> Result<Vec<u8>, StoreError> {
    for_action(permit, Action::Package)?;
    let (row, content) = find(desk, scope, label)?;
    not_sealed(&row)?;
    waiting_bag(&content)?;
    planned_stamp(&content, number)?;
    request(&content, number)
}

fn planned_stamp(content: &PackageContent, number: usize) -> Result<usize, StoreError> {
    let count = content.authorities.len();
    if (1..=count).contains(&number) {
        return Ok(number - 1);
    }
    Err(StoreError::input(format!("this package has {count} time-stamp authorities, counted from 1: there is no number {number}")))
}

fn request(content: &PackageContent, number: usize) -> Result<Vec<u8>, StoreError> {
    let drawn = Sha256Digest::of(format!("{} nonce {number}", content.nonce).as_bytes());
    let nonce = std::array::from_fn(|i| drawn.0[i]);
    tsp::request(&content.tagmanifest, nonce).map_err(input)
}

/// Takes an authority's answer (`.tsr`) to [`stamp_request`], after checking it.
///
/// # Errors
/// Law 8 when the answer does not hold, belongs to another request, or comes from another authority.
pub fn stamp(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, number: usize, answer: &[u8]) -> Result<PackageView, StoreError> {
    for_action(permit, Action::Package)?;
    let (row, mut content) = find(desk, scope, label)?;
    not_sealed(&row)?;
    let place = planned_stamp(&content, number)?;
    let request = request(&content, number)?;
    let accepted = take_answer(desk, scope, permit, &request, &mut content.authorities[place], answer)?;
    let authority = &content.authorities[place];
    let detail = json!({
        "package": label, "authority": authority.name, "independent": authority.independent, "time": accepted.stamp.time,
        "serial": accepted.stamp.serial, "token": Sha256Digest::of(&accepted.bytes),
    });
    save(desk, scope, permit, &row, &content, NewEvent::new(EventType::PackageStamped, Some(row.id.clone()), detail))
}

/// An answer to this request, by this authority: its token is kept with it. A refusal is an event.
fn take_answer(desk: &Desk, scope: &Scope, permit: &Permit, request: &[u8], authority: &mut PlannedStamp, answer: &[u8]) -> Result<tsp::Accepted, StoreError> {
    let refuse = |text: String| desk.store.refuse(scope, &Intent::to(permit.action()), Law::Checkpoint, text);
    let accepted = match tsp::accept(request, answer) {
        Ok(accepted) => accepted,
        Err(error) => return Err(refuse(error.to_string())?),
    };
    if accepted.stamp.certificate.digest() != authority.certificate {
        return Err(refuse(format!("the answer is signed by {}, not by the authority {} of the plan", accepted.stamp.certificate.subject(), model::quoted(&authority.name)))?);
    }
    authority.stamped = Some(accepted.stamp.time);
    authority.token = Some(STANDARD.encode(&accepted.bytes));
    Ok(accepted)
}

/// What the built-in training authority answers, at the node's own time.
fn training_answer(desk: &Desk, request: &[u8]) -> Result<Vec<u8>, StoreError> {
    let drawn = random_16()?;
    let serial = u64::from_be_bytes(std::array::from_fn(|i| drawn[i]));
    desk.training_stamps()?.answer(request, desk.now(), serial).map_err(input)
}

/// Stamps with the built-in training authority: the agency's own clock, NOT INDEPENDENT.
///
/// # Errors
/// When the plan does not name it.
pub fn stamp_builtin(desk: &Desk, scope: &Scope, permit: &Permit, label: &str) -> Result<PackageView, StoreError> {
    let (_, content) = find(desk, scope, label)?;
    let place = content.authorities.iter().position(|authority| authority.url == BUILT_IN);
    let number = place.ok_or_else(|| StoreError::input("the plan of this package does not name the built-in authority"))? + 1;
    let request = stamp_request(desk, scope, permit, label, number)?;
    let answer = training_answer(desk, &request)?;
    stamp(desk, scope, permit, label, number, &answer)
}

// ---- sealing

/// Seals: one event whose detail names the tag manifest, then leaf, salt, detail and proof beside the
/// signatures, then the verifier's own check, then the folder's name. Repeated after a crash, it goes
/// on with the event that was written.
///
/// # Errors
/// Law 4 or 8 names who has not signed or stamped; law 5 when the finished folder does not hold.
pub fn finish(
    desk: &Desk,
    session: &Session,
    scope: &Scope,
    permit: &Permit,
    label: &str,
    wait: bool,
    ask_witnesses: impl FnOnce(),
) -> Result<PackageView, StoreError> {
    for_action(permit, Action::Package)?;
    same_person(session, scope)?;
    let (row, content) = find(desk, scope, label)?;
    facts::cover(desk, scope, permit, &content.origins)?;
    waiting_bag(&content)?;
    if row.state != "sealed" {
        reclassify::package_tells_nothing(desk, scope, &row, &content)?;
        let reports = chosen_reports(desk, scope, Some(&content.reports))?;
        nothing_unlisted(desk, scope, &Facts::gather(desk, scope)?, &reports)?;
        errata::carried(desk, scope, &content)?;
        material::decided(desk, scope)?;
    }
    if let Some((law, text)) = content.missing() {
        return Err(desk.store.refuse(scope, &Intent::to(Action::Package), law, text)?);
    }
    let event = if row.state == "sealed" { row.event } else { log_seal(desk, scope, permit, &row, &content)? };
    desk.store.keep_checkpoint()?;
    ask_witnesses();
    if wait && witness::note_covering(desk, event)?.is_none() {
        return Err(StoreError::refused(Law::Checkpoint, NOT_COSIGNED));
    }
    let bag = fresh_seal(&content)?;
    let bag = attach_all(desk, scope, permit, &content, event, bag)?;
    own_check(bag.path())?;
    bag.finish().map_err(bag_error)?;
    Ok(view(&row, "sealed", &content))
}

const NOT_COSIGNED: &str = "the seal event is in the log, but no witness has cosigned it yet: run `lanternfish log witness cosign`, or carry a file with `log witness request` and `log witness accept`, then repeat `package finish`";

fn log_seal(desk: &Desk, scope: &Scope, permit: &Permit, row: &Row, content: &PackageContent) -> Result<u64, StoreError> {
    let mut limits = content.limits.clone();
    limits.extend(clock_limit(&desk.clock()));
    let detail = SealDetail {
        tagmanifest: content.tagmanifest,
        package: row.id.clone(),
        officers: content.officers.iter().map(|officer| officer.certificate).collect(),
        limits,
    };
    let detail = serde_json::to_value(&detail).map_err(input)?;
    let write = Draft::new("package", row.id.clone(), "sealed").over(row).write(scope, desk.now(), content)?;
    let done = desk.store.commit(scope, permit, NewEvent::new(EventType::PackageSealed, Some(row.id.clone()), detail), vec![write])?;
    Ok(done.event)
}

/// Steps of the case whose clock lay before an earlier event: what a reader must know when he asks whether an
/// authority was live at the time of a step, whatever the clock says today.
fn clock_of_the_steps(facts: &Facts) -> Option<String> {
    let unreliable = |detail: &Value| serde_json::from_value(detail["clock"].clone()).is_ok_and(|clock| matches!(clock, ClockQuality::Unreliable { .. }));
    let steps: Vec<u64> = facts.events.iter().filter(|(_, detail)| unreliable(detail)).map(|(event, _)| event.leaf.seq).collect();
    let first = steps.first()?;
    Some(format!("clock: went back; {} steps of the case were recorded with a time before that of an earlier event, the first is event {first}", steps.len()))
}

fn clock_limit(clock: &ClockQuality) -> Option<String> {
    match clock {
        ClockQuality::Synchronised { .. } => None,
        ClockQuality::Unsynchronised => Some("clock: not synchronised by any time service".into()),
        ClockQuality::Unknown => Some("clock: quality unknown".into()),
        ClockQuality::Unreliable { reason } => Some(format!("clock: unreliable ({reason})")),
    }
}

/// The bag without any seal file: what an interrupted attempt left is written again from the records.
fn fresh_seal(content: &PackageContent) -> Result<UnsealedBag, StoreError> {
    let left = building(&content.path).join(SEAL_DIR);
    match fs::remove_dir_all(&left) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::environment(format!("removing {}", left.display()), &e)),
        _ => waiting_bag(content),
    }
}

fn attach_all(desk: &Desk, scope: &Scope, permit: &Permit, content: &PackageContent, event: u64, mut bag: UnsealedBag) -> Result<UnsealedBag, StoreError> {
    let (salt, detail) = desk.store.disclose_detail(scope, permit, event)?;
    let leaf = desk.store.event(event)?.bytes;
    let proof = proof(desk, event)?;
    for file in bag.waiting().to_vec() {
        let kept = |list: Option<&String>| list.map(|text| decode_base64(text)).unwrap_or_else(|| Err(StoreError::damaged("a seal file of the plan")));
        let at = |number: u32| number as usize - 1;
        let bytes = match &file {
            SealFile::Officer { number, .. } => kept(content.officers.get(at(*number)).and_then(|o| o.signature.as_ref()))?,
            SealFile::Token { number, .. } => kept(content.authorities.get(at(*number)).and_then(|a| a.token.as_ref()))?,
            SealFile::Leaf => leaf.clone(),
            SealFile::Salt => salt.to_vec(),
            SealFile::Detail => detail.clone(),
            SealFile::Proof => proof.clone().into_bytes(),
        };
        bag.attach(&file, &bytes).map_err(bag_error)?;
    }
    Ok(bag)
}

/// A receipt for one event: at the newest cosigned checkpoint that holds it, else at the log's present size.
pub(crate) fn proof(desk: &Desk, event: u64) -> Result<String, StoreError> {
    let note = match witness::note_covering(desk, event)? {
        Some(cosigned) => cosigned,
        None => desk.store.checkpoint()?,
    };
    let path = desk.store.inclusion(event, note.claimed().size.0)?;
    Ok(TlogProof::new(LeafIndex(event), path, note).to_text())
}

/// Two readers: what was just written is read by the verifier's code before anybody gets it.
fn own_check(folder: &Path) -> Result<(), StoreError> {
    let verdict = verify_package(folder, None, &|_| {});
    let broken: Vec<String> =
        verdict.faults().filter(|check| check.state == State::Broken).map(|check| format!("{}: {}: {}", check.part, check.object, check.text)).collect();
    if broken.is_empty() {
        return Ok(());
    }
    Err(StoreError::refused(Law::Integrity, format!("the finished package does not pass its own check, do not issue it: {}", broken.join("; "))))
}
