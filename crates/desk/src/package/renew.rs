//! Renewals of a sealed package's time-stamps, before their authorities' certificates end (law 8).
//!
//! Keeping evidence provable belongs to its custody, so it needs no live authority, also years later and in a
//! closed case. The package is read and checked as a whole before it is vouched for again, and never touched:
//! list and tokens wait in a row of their own and are written beside it. It refuses a package that changed,
//! and a renewal under way is finished before the next begins.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    event::EventType,
    package::{SEAL_PLAN, SealPlan, TAG_MANIFEST},
};
use seal::{
    renewal::{self, Renewal},
    stamp::read_response,
    tsp,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Intent, NewEvent, Permit, Row, Scope, StoreError, vault::secret::random_32};

use super::{PackageContent, PlannedStamp, find, own_check, planned_stamps, take_answer, training_answer};
use crate::{
    Desk,
    office::{BUILT_IN, decode_base64, input},
    row::{Draft, for_action},
};

const KIND: &str = "renewal";

/// What a renewal's row holds (sealed under the case key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RenewalContent {
    number: u32,
    list: String,
    nonce: String,
    authorities: Vec<PlannedStamp>,
}

impl RenewalContent {
    fn complete(&self) -> bool {
        self.authorities.iter().all(|authority| authority.token.is_some())
    }

    fn object(&self) -> Sha256Digest {
        Sha256Digest::of(self.list.as_bytes())
    }

    fn finished(&self) -> Result<Renewal, StoreError> {
        let tokens = self.authorities.iter().filter_map(|authority| authority.token.as_deref()).map(decode_base64);
        Ok(Renewal { list: self.list.clone(), tokens: tokens.collect::<Result<_, _>>()? })
    }

    fn request(&self, number: usize) -> Result<Vec<u8>, StoreError> {
        let drawn = Sha256Digest::of(format!("{} nonce {number}", self.nonce).as_bytes());
        tsp::request(&self.object(), std::array::from_fn(|i| drawn.0[i])).map_err(input)
    }
}

/// A renewal as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RenewalView {
    /// The package.
    pub package: String,
    /// Which renewal, from 1.
    pub renewal: u32,
    /// `waiting` for time-stamps, or `complete`.
    pub state: String,
    /// Who stamps: name, whether independent, and when; numbered from 1 in this order.
    pub authorities: Vec<(String, bool, Option<Moment>)>,
    /// Where the renewals lie, once this one is complete.
    pub folder: Option<PathBuf>,
    /// Until when its newest time-stamps can be believed; the next renewal must be made before.
    pub provable_until: Option<Moment>,
}

/// Begins the next renewal, or goes on with the one under way. `from` is where the package lies now, when
/// it was moved.
///
/// # Errors
/// Law 5 when the package is not what was sealed; a package that is not sealed or not there.
pub fn begin(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, from: Option<&Path>) -> Result<RenewalView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let (package, content) = find(desk, scope, label)?;
    let renewals = renewals_of(desk, scope, &package)?;
    if let Some((_, waiting)) = renewals.iter().find(|(_, renewal)| !renewal.complete()) {
        return Ok(view(label, waiting, None));
    }
    let folder = sealed_folder(&package, &content, label, from)?;
    still_as_sealed(desk, scope, &content, &folder)?;
    let earlier = renewals.iter().map(|(_, renewal)| renewal.finished()).collect::<Result<Vec<_>, _>>()?;
    let number = u32::try_from(earlier.len() + 1).ok().filter(|number| *number <= renewal::MOST_RENEWALS);
    let number = number.ok_or_else(|| StoreError::input("this package has as many renewals as one can have"))?;
    let plan = fs::read_to_string(folder.join(SEAL_PLAN)).map_err(|e| StoreError::environment("reading the seal plan", &e))?;
    let list = renewal::next_list(&folder, &SealPlan::parse(&plan).map_err(input)?, &earlier).map_err(input)?;
    let renewal = RenewalContent { number, list, nonce: hex::encode(random_32()?), authorities: planned_stamps(desk)? };
    let id = format!("{}/{}", package.id, renewal::folder(number));
    let write = Draft::new(KIND, id, "waiting").under(&package.id).write(scope, desk.now(), &renewal)?;
    let detail = json!({"package": label, "renewal": number, "list": renewal.object()});
    desk.store.commit(scope, permit, NewEvent::new(EventType::RenewalBegun, Some(package.id.clone()), detail), vec![write])?;
    Ok(view(label, &renewal, None))
}

/// The renewals of a package, in order.
fn renewals_of(desk: &Desk, scope: &Scope, package: &Row) -> Result<Vec<(Row, RenewalContent)>, StoreError> {
    let rows = desk.store.list_of(scope, KIND, &package.id)?;
    let mut renewals = rows.into_iter().map(|row| row.content::<RenewalContent>().map(|content| (row, content))).collect::<Result<Vec<_>, _>>()?;
    renewals.sort_by_key(|(_, renewal)| renewal.number);
    Ok(renewals)
}

fn sealed_folder(package: &Row, content: &PackageContent, label: &str, from: Option<&Path>) -> Result<PathBuf, StoreError> {
    if package.state != "sealed" {
        return Err(StoreError::input(format!("{label} is not sealed yet: its first time-stamps come with `lanternfish package stamp`")));
    }
    let folder = from.map_or_else(|| content.path.clone(), Path::to_path_buf);
    if folder.join(TAG_MANIFEST).is_file() {
        return Ok(folder);
    }
    Err(StoreError::input(format!("{label} does not lie at {}: name the folder where it lies now with --from", folder.display())))
}

/// Nobody vouches again for bytes that nobody looked at again (law 5).
fn still_as_sealed(desk: &Desk, scope: &Scope, content: &PackageContent, folder: &Path) -> Result<(), StoreError> {
    let manifest = fs::read(folder.join(TAG_MANIFEST)).map_err(|e| StoreError::environment("reading the package", &e))?;
    let checked = if Sha256Digest::of(&manifest) == content.tagmanifest { own_check(folder) } else { Err(other_package()) };
    match checked {
        Err(error) if error.law() == Some(Law::Integrity) => Err(desk.store.refuse(scope, &Intent::to(Action::Transfer), Law::Integrity, error.to_string())?),
        other => other,
    }
}

fn other_package() -> StoreError {
    StoreError::refused(Law::Integrity, "the package in this folder is another one, or was changed since it was sealed: look for the sealed one")
}

/// The renewal under way, and the place of the authority with this number.
fn waiting(desk: &Desk, scope: &Scope, label: &str, number: usize) -> Result<(Row, Row, RenewalContent, usize), StoreError> {
    let (package, _) = find(desk, scope, label)?;
    let under_way = renewals_of(desk, scope, &package)?.into_iter().find(|(_, renewal)| !renewal.complete());
    let (row, renewal) = under_way.ok_or_else(|| StoreError::input(format!("no renewal of {label} is under way: begin one with `lanternfish package renew`")))?;
    let count = renewal.authorities.len();
    if !(1..=count).contains(&number) {
        return Err(StoreError::input(format!("this renewal has {count} time-stamp authorities, counted from 1: there is no number {number}")));
    }
    Ok((package, row, renewal, number - 1))
}

/// The request (`.tsq`) for an authority of the renewal under way, counted from 1. Asked again, it is the same.
///
/// # Errors
/// When none is under way, or there is no such authority.
pub fn request(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, number: usize) -> Result<Vec<u8>, StoreError> {
    for_action(permit, Action::Transfer)?;
    waiting(desk, scope, label, number)?.2.request(number)
}

/// Takes an authority's answer (`.tsr`) to [`request`], after checking it. With the last one the renewal is
/// complete, and is written beside the package.
///
/// # Errors
/// Law 8 when the answer does not hold, belongs to another request, or comes from another authority.
pub fn stamp(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, number: usize, answer: &[u8], from: Option<&Path>) -> Result<RenewalView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let (package, row, mut renewal, place) = waiting(desk, scope, label, number)?;
    let request = renewal.request(number)?;
    let accepted = take_answer(desk, scope, permit, &request, &mut renewal.authorities[place], answer)?;
    let authority = &renewal.authorities[place];
    let complete = renewal.complete();
    let detail = json!({
        "package": label, "renewal": renewal.number, "list": renewal.object(), "authority": authority.name, "independent": authority.independent,
        "time": accepted.stamp.time, "serial": accepted.stamp.serial, "token": Sha256Digest::of(&accepted.bytes), "complete": complete,
    });
    let (kind, state) = if complete { (EventType::PackageRenewed, "complete") } else { (EventType::PackageStamped, "waiting") };
    let write = Draft::new(KIND, row.id.clone(), state).over(&row).write(scope, desk.now(), &renewal)?;
    desk.store.commit(scope, permit, NewEvent::new(kind, Some(package.id.clone()), detail), vec![write])?;
    let folder = if complete { Some(write_out(desk, scope, label, from)?) } else { None };
    Ok(view(label, &renewal, folder))
}

/// Stamps with the built-in training authority: the agency's own clock, NOT INDEPENDENT.
///
/// # Errors
/// When the renewal does not name it.
pub fn stamp_builtin(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, from: Option<&Path>) -> Result<RenewalView, StoreError> {
    let (_, _, renewal, _) = waiting(desk, scope, label, 1)?;
    let place = renewal.authorities.iter().position(|authority| authority.url == BUILT_IN);
    let number = place.ok_or_else(|| StoreError::input("this renewal does not name the built-in authority"))? + 1;
    let answer = training_answer(desk, &request(desk, scope, permit, label, number)?)?;
    stamp(desk, scope, permit, label, number, &answer, from)
}

/// Writes every complete renewal that is not there yet beside the package, as `NAME.renewals`. Repeated after a
/// crash, it goes on.
///
/// # Errors
/// Law 5 when another renewal lies there already; the disk.
pub fn write_out(desk: &Desk, scope: &Scope, label: &str, from: Option<&Path>) -> Result<PathBuf, StoreError> {
    let (package, content) = find(desk, scope, label)?;
    let folder = beside(&sealed_folder(&package, &content, label, from)?);
    for (_, renewal) in renewals_of(desk, scope, &package)?.iter().filter(|(_, renewal)| renewal.complete()) {
        write_one(&folder, renewal.number, &renewal.finished()?)?;
    }
    Ok(folder)
}

/// A renewal has its name only when it is whole.
fn write_one(folder: &Path, number: u32, renewal: &Renewal) -> Result<(), StoreError> {
    let failed = |path: &Path| { let path = path.display().to_string(); move |e: std::io::Error| StoreError::environment(format!("writing {path}"), &e) };
    let (target, growing) = (folder.join(renewal::folder(number)), folder.with_extension("renewals.building"));
    let tokens = (1..).zip(&renewal.tokens).map(|(number, bytes)| (renewal::token(number), bytes.as_slice()));
    let files: Vec<(String, &[u8])> = std::iter::once((renewal::LIST.to_string(), renewal.list.as_bytes())).chain(tokens).collect();
    if target.exists() {
        let same = files.iter().all(|(name, bytes)| fs::read(target.join(name)).is_ok_and(|there| there == *bytes));
        let other = || StoreError::refused(Law::Integrity, format!("{} holds another renewal than the records: move it away and repeat the step", target.display()));
        return if same { Ok(()) } else { Err(other()) };
    }
    match fs::remove_dir_all(&growing) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(&growing)(e)),
        _ => fs::create_dir_all(&growing).map_err(failed(&growing))?,
    }
    for (name, bytes) in files {
        let path = growing.join(name);
        let mut file = fs::File::create_new(&path).map_err(failed(&path))?;
        std::io::Write::write_all(&mut file, bytes).and_then(|()| file.sync_all()).map_err(failed(&path))?;
    }
    fs::create_dir_all(folder).map_err(failed(folder))?;
    fs::rename(&growing, &target).map_err(failed(&target))
}

fn beside(package: &Path) -> PathBuf {
    let mut name = package.file_name().unwrap_or_default().to_os_string();
    name.push(".renewals");
    package.with_file_name(name)
}

/// Until when the newest time-stamps of a package can be believed: the end of the last of their certificates.
pub(super) fn provable_until(desk: &Desk, scope: &Scope, package: &Row, content: &PackageContent) -> Result<Option<Moment>, StoreError> {
    let renewals = renewals_of(desk, scope, package)?;
    let newest = renewals.iter().rev().find(|(_, renewal)| renewal.complete());
    Ok(newest.map_or_else(|| end_of(&content.authorities, &content.tagmanifest), |(_, renewal)| end_of(&renewal.authorities, &renewal.object())))
}

fn end_of(authorities: &[PlannedStamp], object: &Sha256Digest) -> Option<Moment> {
    let tokens = authorities.iter().filter_map(|authority| STANDARD.decode(authority.token.as_deref()?).ok());
    tokens.filter_map(|bytes| Some(read_response(&bytes, object).ok()?.certificate.not_after())).max()
}

fn view(label: &str, renewal: &RenewalContent, folder: Option<PathBuf>) -> RenewalView {
    RenewalView {
        package: label.to_string(),
        renewal: renewal.number,
        state: if renewal.complete() { "complete" } else { "waiting" }.into(),
        authorities: renewal.authorities.iter().map(|one| (one.name.clone(), one.independent, one.stamped)).collect(),
        folder,
        provable_until: renewal.complete().then(|| end_of(&renewal.authorities, &renewal.object())).flatten(),
    }
}
