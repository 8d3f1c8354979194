//! Errata: what was wrong, what is right, and every package that went out before (law 3).
//!
//! An erratum changes nothing that stands: the finding, exhibit, report or package stays as it was sealed, and
//! papers built afterwards print the correction beside it. A package that is sealed later carries it; every
//! sealed package that does not is named, with the words to send to whoever holds it, until somebody noted
//! that he was told. What is withheld from somebody is not told to him in a correction either: his package
//! names the erratum without its words, and does not count as one that carries it. It sends nothing itself,
//! and never decides that a correction is too small.

use std::{collections::BTreeSet, path::PathBuf};

use model::{Law, Moment, action::Action, event::EventType, id::ActorId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Intent, NewEvent, Permit, Row, Scope, StoreError, vault::secret::random_16};

use crate::{
    Desk,
    admit::{self, ExhibitView},
    conclude::FindingView,
    facts::case_events,
    package::{PackageContent, disclose::{self, DisclosureContent, Silence}, package_label},
    report_step,
    row::{Draft, exhibit_label, finding_label, for_action, parse_label},
};

/// Somebody was told of an erratum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notified {
    /// Because he holds this package.
    pub package: String,
    /// Who was told.
    pub to: String,
    /// How: letter, register, by hand.
    pub how: String,
    /// When it was noted.
    pub at: Moment,
    /// By whom.
    pub by: ActorId,
}

/// What an erratum's row holds (sealed under the case key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErratumContent {
    /// What it corrects: F-0001, E-0001, R-0001 or P-0001.
    pub about: String,
    /// What was wrong.
    pub wrong: String,
    /// What is right, as far as it is known.
    pub right: String,
    /// When it was written.
    pub written: Moment,
    /// By whom.
    pub by: ActorId,
    /// Every package that was sealed before, as the event has it.
    pub issued_before: Vec<String>,
    /// Who was told since.
    #[serde(default)]
    pub notified: Vec<Notified>,
}

/// A package that went out without the erratum, and the words for whoever holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// `P-0001`.
    pub package: String,
    /// Who got it, where the records say so.
    pub recipient: Option<String>,
    /// The words to send.
    pub text: String,
    /// Whether the correction is about what is withheld from whoever holds this package: the text says that
    /// there is one, and no word of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub kept_back: bool,
    /// Who was told, and how.
    pub told: Vec<(String, String)>,
}

/// An erratum as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct ErratumView {
    /// `X-0001`.
    pub erratum: String,
    /// Its id in the ledger.
    pub id: String,
    /// The event that wrote it.
    pub event: u64,
    /// What it corrects.
    pub about: String,
    /// What was wrong.
    pub wrong: String,
    /// What is right.
    pub right: String,
    /// Who wrote it.
    pub by: String,
    /// Every sealed package that does not carry it.
    pub notices: Vec<Notice>,
}

/// `X-0001`.
pub fn erratum_label(number: i64) -> String {
    format!("X-{number:04}")
}

/// An erratum of the case, for papers and packages.
#[derive(Debug, Clone)]
pub(crate) struct Erratum {
    pub label: String,
    /// The event that wrote it: what came before could not carry it.
    pub event: u64,
    pub content: ErratumContent,
    row: Row,
}

/// Every erratum; the caller's step writes the event.
pub(crate) fn all(desk: &Desk, scope: &Scope) -> Result<Vec<Erratum>, StoreError> {
    let rows = desk.store.list(scope, "erratum")?;
    if rows.is_empty() {
        return Ok(vec![]);
    }
    // The row's own event is the last that touched it, such as a note that somebody was told.
    let events = case_events(desk, scope)?;
    let written = |id: &str| events.iter().find(|(event, _)| event.leaf.event_type == EventType::Erratum && event.leaf.object.as_deref() == Some(id)).map(|(event, _)| event.leaf.seq);
    rows.into_iter().map(|row| Ok(Erratum { label: erratum_label(row.number.unwrap_or(0)), event: written(&row.id).unwrap_or(row.event), content: row.content()?, row })).collect()
}

/// Prints each correction beside what it corrects: as what speaks against a finding, also against those that
/// rest on a corrected exhibit, and as a remark on the exhibit. The frame around its words is that of the language
/// of the paper.
pub(crate) fn mark(errata: &[Erratum], findings: &mut [FindingView], exhibits: &mut [ExhibitView], frame: &str) {
    for one in errata {
        let words = one.framed(frame);
        for finding in findings.iter_mut().filter(|finding| finding.finding == one.content.about || finding.content.exhibits.contains(&one.content.about)) {
            finding.content.counter_evidence.push(words.clone());
        }
        for exhibit in exhibits.iter_mut().filter(|exhibit| exhibit.exhibit == one.content.about) {
            exhibit.content.findings.push(words.clone());
        }
    }
}

impl Erratum {
    /// Its words in a frame such as `Erratum {erratum} to {about}: …`, in one pass: a typed word that looks like a
    /// place of the frame stays what it is.
    fn framed(&self, frame: &str) -> String {
        let content = &self.content;
        let places = [("{erratum}", &self.label), ("{about}", &content.about), ("{wrong}", &content.wrong), ("{right}", &content.right)];
        let (mut out, mut rest) = (String::new(), frame);
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let place = places.iter().find(|(place, _)| from.starts_with(place));
            let (value, length) = place.map_or(("{", 1), |(place, value)| (value.as_str(), place.len()));
            out.push_str(value);
            rest = &from[length..];
        }
        out + rest
    }

    /// What a package that carries it says of it.
    pub(crate) fn in_full(&self) -> Value {
        let content = &self.content;
        json!({"erratum": self.label, "event": self.event, "written": content.written, "about": content.about, "wrong": content.wrong, "right": content.right})
    }

    /// What somebody is told from whom its object is withheld.
    pub(crate) fn without_words(&self) -> Value {
        json!({"erratum": self.label, "event": self.event, "note": "it is about a withheld item: ask the agency"})
    }
}

/// What a package says of the errata that it carries.
pub(crate) fn in_package(errata: &[Erratum]) -> Vec<Value> {
    errata.iter().map(Erratum::in_full).collect()
}

/// One line for every verifier.
pub(crate) fn limits(errata: &[Erratum]) -> Vec<String> {
    errata.iter().map(|one| format!("erratum {}: corrects {}; see data/errata.json", one.label, one.content.about)).collect()
}

/// A package that was built before an erratum was written does not leave without it (law 3), or without
/// naming it where its words are about what is withheld.
pub(crate) fn carried(desk: &Desk, scope: &Scope, package: &PackageContent) -> Result<(), StoreError> {
    let named = |label: &String| package.errata.contains(label) || package.errata_named.contains(label);
    let missing: Vec<String> = all(desk, scope)?.into_iter().map(|one| one.label).filter(|label| !named(label)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let text = format!("{} was written after this package was built: build it anew, so that it carries the correction", missing.join(", "));
    Err(desk.store.refuse(scope, &Intent::to(Action::Package), Law::AppendOnly, text)?)
}

// ---- steps

/// What is typed when an erratum is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteErratum {
    /// What it corrects: a finding, exhibit, report or package.
    pub about: String,
    /// What was wrong.
    pub wrong: String,
    /// What is right.
    pub right: String,
}

/// Writes an erratum. Its event lists every package that was sealed before.
///
/// # Errors
/// When what it corrects is not in this case.
pub fn write(desk: &Desk, scope: &Scope, permit: &Permit, typed: &WriteErratum) -> Result<ErratumView, StoreError> {
    for_action(permit, Action::Correct)?;
    let content = ErratumContent {
        about: known(desk, scope, &typed.about)?,
        wrong: typed.wrong.clone(),
        right: typed.right.clone(),
        written: desk.now(),
        by: scope.actor().clone(),
        issued_before: sealed(desk, scope)?.into_iter().map(|(label, _)| label).collect(),
        notified: vec![],
    };
    let id = format!("err-{}", hex::encode(random_16()?));
    let row = Draft::new("erratum", id.clone(), "stands").numbered().write(scope, desk.now(), &content)?;
    let detail = serde_json::to_value(&content).map_err(crate::office::input)?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::Erratum, Some(id.clone()), detail), vec![row])?;
    let written = all(desk, scope)?.into_iter().find(|one| one.row.id == id).ok_or_else(|| StoreError::damaged("the new erratum"))?;
    Holders::of(desk, scope)?.view(&written)
}

/// The label in its one spelling, if there is such a thing in this case.
fn known(desk: &Desk, scope: &Scope, label: &str) -> Result<String, StoreError> {
    let letter = label.trim().chars().next().map(|letter| letter.to_ascii_uppercase());
    let (kind, spelled): (&str, fn(i64) -> String) = match letter {
        Some('F') => ("finding", finding_label),
        Some('E') => ("exhibit", exhibit_label),
        Some('R') => ("report", report_step::report_label),
        Some('P') => ("package", package_label),
        _ => return Err(StoreError::input(format!("{label} cannot be corrected: name a finding (F-0001), exhibit (E-0001), report (R-0001) or package (P-0001)", label = model::quoted(label)))),
    };
    let number = parse_label(label, letter.unwrap_or('F'))?;
    if kind == "exhibit" {
        return Ok(exhibit_label(admit::row(desk, scope, label)?.number.unwrap_or(0)));
    }
    match desk.store.list(scope, kind)?.iter().any(|row| row.number == Some(number)) {
        true => Ok(spelled(number)),
        false => Err(StoreError::input(format!("there is no {kind} {} in this case", spelled(number)))),
    }
}

fn sealed(desk: &Desk, scope: &Scope) -> Result<Vec<(String, PackageContent)>, StoreError> {
    let rows = desk.store.list(scope, "package")?;
    rows.iter().filter(|row| row.state == "sealed").map(|row| Ok((package_label(row.number.unwrap_or(0)), row.content()?))).collect()
}

/// Notes that whoever holds a package was told of an erratum.
///
/// # Errors
/// When there is no such erratum, or the package carries it or is not sealed.
pub fn notified(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, package: &str, to: &str, how: &str) -> Result<ErratumView, StoreError> {
    for_action(permit, Action::Correct)?;
    let number = parse_label(label, 'X')?;
    let found = all(desk, scope)?.into_iter().find(|one| one.row.number == Some(number));
    let mut erratum = found.ok_or_else(|| StoreError::input(format!("there is no erratum {label} in this case: see `lanternfish erratum list`")))?;
    let package = package_label(parse_label(package, 'P')?);
    let holders = Holders::of(desk, scope)?;
    if !holders.view(&erratum)?.notices.iter().any(|notice| notice.package == package) {
        return Err(StoreError::input(format!("{package} did not go out without {}: see `lanternfish erratum list`", erratum.label)));
    }
    erratum.content.notified.push(Notified { package: package.clone(), to: to.into(), how: how.into(), at: desk.now(), by: scope.actor().clone() });
    let row = &erratum.row;
    let write = Draft::new("erratum", row.id.clone(), "stands").over(row).write(scope, desk.now(), &erratum.content)?;
    let detail = json!({"erratum": erratum.label, "package": package, "to": to, "how": how});
    desk.store.commit(scope, permit, NewEvent::new(EventType::ErratumNotified, Some(row.id.clone()), detail), vec![write])?;
    holders.view(&erratum)
}

/// Lists the errata with their notices: one consultation event with its count.
///
/// # Errors
/// When the permit is not to correct.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<ErratumView>, StoreError> {
    for_action(permit, Action::Correct)?;
    let holders = Holders::of(desk, scope)?;
    let views = all(desk, scope)?.iter().map(|one| holders.view(one)).collect::<Result<Vec<_>, _>>()?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::FindingConsulted, None, json!({"errata": views.len()})), vec![])?;
    Ok(views)
}

/// Everybody who holds a sealed package, and what is withheld from him.
struct Holders<'a> {
    desk: &'a Desk,
    packages: Vec<Holder>,
}

struct Holder {
    label: String,
    package: PackageContent,
    /// Of a disclosure: who got it, what was opened since, and what must not be told.
    disclosed: Option<(DisclosureContent, Silence)>,
}

impl<'a> Holders<'a> {
    fn of(desk: &'a Desk, scope: &Scope) -> Result<Self, StoreError> {
        let mut disclosures = disclose::rows(desk, scope)?;
        let mut packages = Vec::new();
        for (label, package) in sealed(desk, scope)? {
            let place = disclosures.iter().position(|(_, content)| content.built.as_deref() == Some(&label));
            let disclosed = place.map(|place| disclosures.swap_remove(place).1).map(|content| Silence::of(desk, scope, &content).map(|silence| (content, silence)));
            packages.push(Holder { label, package, disclosed: disclosed.transpose()? });
        }
        Ok(Holders { desk, packages })
    }

    fn view(&self, one: &Erratum) -> Result<ErratumView, StoreError> {
        let content = &one.content;
        let without = self.packages.iter().filter(|holder| !holder.package.errata.contains(&one.label));
        Ok(ErratumView {
            erratum: one.label.clone(),
            id: one.row.id.clone(),
            event: one.event,
            about: content.about.clone(),
            wrong: content.wrong.clone(),
            right: content.right.clone(),
            by: self.desk.name_of(&content.by)?.0,
            notices: without.map(|holder| holder.notice(one, self.desk)).collect(),
        })
    }
}

impl Holder {
    fn notice(&self, one: &Erratum, desk: &Desk) -> Notice {
        let kept_back = self.disclosed.as_ref().is_some_and(|(_, silence)| !silence.may_tell(one));
        let noted = one.content.notified.iter().filter(|told| told.package == self.label).map(|told| (told.to.clone(), told.how.clone()));
        let opened = self.disclosed.iter().flat_map(|(content, _)| content.told_when_opened(&one.label).map(|at| (content.recipient.clone(), format!("beside the items opened on {at}"))));
        Notice {
            package: self.label.clone(),
            recipient: self.disclosed.as_ref().map(|(content, _)| content.recipient.clone()),
            text: self.words(one, kept_back, desk),
            kept_back,
            told: noted.chain(opened).collect(),
        }
    }

    /// The words for whoever holds the package. They name it by its fingerprint, so that nobody confuses two.
    fn words(&self, one: &Erratum, kept_back: bool, desk: &Desk) -> String {
        let content = &one.content;
        let said = if kept_back {
            "What is corrected is about an item that is withheld from you, so its words are not told here: ask us or the court".to_string()
        } else {
            format!("Corrected: {}. Wrong was: {}. Right is: {}", content.about, content.wrong, content.right)
        };
        format!(
            "{agency}: correction {label} of {written}. You hold the package {package} (folder {folder}; SHA-256 of its tagmanifest-sha256.txt: {print}). \
             It does not carry the words of this correction. {said}. \
             The package itself is unchanged and verifies as before. The correction is event {event} of our log.",
            agency = desk.store.config().agency,
            label = one.label,
            written = content.written,
            package = self.label,
            folder = PathBuf::from(self.package.path.file_name().unwrap_or_default()).display(),
            print = self.package.tagmanifest,
            event = one.event,
        )
    }
}

/// Labels of errata, for the record of a package that carries them.
pub(crate) fn labels(errata: &[Erratum]) -> Vec<String> {
    errata.iter().map(|one| one.label.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}
