//! Keys of the agency: the recovery set, a lost passphrase, a person who leaves (law 13).
//!
//! The recovery secret exists only as n-of-m shares, each wrapped to its holder. It is joined for a
//! moment in the session of one holder, when enough others have released their shares to him.

use std::collections::{BTreeMap, BTreeSet};

use model::{Law, authorize::NodeStep, event::EventType, id::{ActorId, CaseId}};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    Basis, Content, Head, Intent, NewEvent, Number, Session, StoreError, User, Write,
    vault::{
        secret::{Secret32, SecretBytes, random_16},
        share::{Share, join, split},
        wrap::{Identity, Recipient, unwrap, wrap_to},
    },
};

use crate::Desk;

/// What is said about a recovery set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecoverySet {
    /// How it is told apart.
    pub set: String,
    /// Shares needed.
    pub threshold: u8,
    /// Names of the holders.
    pub holders: Vec<String>,
}

/// Makes a recovery set. Keys of a person's cases are wrapped to it once he has confirmed it
/// ([`confirm_set`]); its maker confirms it by making it.
///
/// # Errors
/// Impossible numbers; a holder without keys; law 13 for other roles.
pub fn make_recovery_set(desk: &Desk, session: &Session, holders: &[String], threshold: u8) -> Result<RecoverySet, StoreError> {
    desk.store.check_node_step(Some(session), NodeStep::Safeguard)?;
    if threshold < 2 {
        return Err(StoreError::input("a recovery set needs at least two holders together: use --threshold 2 or more"));
    }
    check_holders(desk, holders)?;
    let count = u8::try_from(holders.len()).map_err(|_| StoreError::input("too many holders"))?;
    let secret = Secret32::random()?;
    let (set, shares) = split(&secret, threshold, count)?;
    let recipient = Identity::from_secret(&secret).recipient();
    let set_id = format!("rset-{}", hex::encode(random_16()?));
    let mut rows = Vec::new();
    for row in desk.store.register("recovery-set")?.iter().filter(|row| row.state == "live") {
        rows.push(agency_row(desk, "recovery-set", &row.id, row.parent.clone(), "replaced", None, row.content()?, Basis::Over(row.version)));
    }
    let content = RecoverySet { set: set.label(), threshold, holders: holders.to_vec() };
    let value = serde_json::to_value(&content).map_err(crate::office::input)?;
    rows.push(agency_row(desk, "recovery-set", &set_id, Some(recipient.to_string()), "live", None, value, Basis::New));
    for (name, share) in holders.iter().zip(&shares) {
        let holder = desk.store.user_by_name(name)?;
        let wrapped = wrap_to(&[recipient_of(&holder)?], &share.to_text())?;
        rows.push(share_row(desk, &set_id, &holder.actor, "held", wrapped)?);
    }
    let event = NewEvent::new(EventType::KeyBackedUp, Some(set_id.clone()), json!({"threshold": threshold, "holders": holders}));
    desk.store.commit_node(Some(session), NodeStep::Safeguard, event, rows)?;
    if session.role().reads_content() {
        desk.store.confirm_set(session, &set_id)?;
    }
    refresh_recovery(desk, session)?;
    Ok(content)
}

/// Different people, each of whom may read content anyway: nobody gains a case by holding a share.
fn check_holders(desk: &Desk, holders: &[String]) -> Result<(), StoreError> {
    let mut seen = BTreeSet::new();
    for name in holders {
        let user = desk.store.user_by_name(name)?;
        if !user.record.role.reads_content() {
            return Err(StoreError::refused(Law::Separation, format!("{name} is {}: this role holds no share of the cases' keys", user.record.role, name = model::quoted(name))));
        }
        if !seen.insert(user.actor) {
            return Err(StoreError::input(format!("{name} is named twice: each holder is another person", name = model::quoted(name))));
        }
    }
    Ok(())
}

/// Wraps the keys of the person's own cases to the newest recovery set, if he has confirmed it and where
/// that was not done yet; gives their number. Each login does this.
///
/// # Errors
/// When the records cannot be read or written.
pub fn refresh_recovery(desk: &Desk, session: &Session) -> Result<usize, StoreError> {
    let Some(set) = desk.store.live_recovery_set()? else { return Ok(0) };
    if !desk.store.trusts_set(session.actor(), &set.id)? {
        return Ok(0);
    }
    let mut done = 0;
    for case in desk.store.cases_of(session.actor())? {
        let wrapped = desk.store.wraps_of_case(&case)?.into_iter().any(|wrap| wrap.holder.is_none() && wrap.row.state == "live" && wrap.row.event > set.event);
        if wrapped {
            continue;
        }
        let scope = desk.store.enter(session, &case)?;
        let Ok(permit) = desk.store.permit(&scope, Intent::to(model::action::Action::Administer)) else { continue };
        if let Some(row) = desk.store.wrap_for_recovery(&scope)? {
            let event = NewEvent::new(EventType::KeyBackedUp, Some(case.to_string()), json!({"to": "recovery set"}));
            desk.store.commit(&scope, &permit, event, vec![row])?;
            done += 1;
        }
    }
    Ok(done)
}

fn recipient_of(user: &User) -> Result<Recipient, StoreError> {
    let text = user.record.recipient.as_deref();
    let text = text.ok_or_else(|| StoreError::input(format!("{} has no keys yet: let this person log in once first", model::quoted(&user.record.name))))?;
    Ok(text.parse()?)
}

#[expect(clippy::too_many_arguments, reason = "a flat list of the columns of one row")]
fn agency_row(
    desk: &Desk,
    kind: &'static str,
    id: &str,
    parent: Option<String>,
    state: &str,
    actor: Option<ActorId>,
    content: serde_json::Value,
    basis: Basis,
) -> Write {
    Write {
        head: Head { kind, id: id.into(), case: None, parent, number: Number::None, state: state.into(), actor, time: desk.now() },
        content: Content::Json(content),
        index: vec![],
        basis,
    }
}

fn share_row(desk: &Desk, set: &str, holder: &ActorId, state: &str, wrapped: Vec<u8>) -> Result<Write, StoreError> {
    Ok(Write {
        head: Head {
            kind: "recovery-share",
            id: format!("{set}/{}", hex::encode(random_16()?)),
            case: None,
            parent: Some(set.to_string()),
            number: Number::None,
            state: state.into(),
            actor: Some(holder.clone()),
            time: desk.now(),
        },
        content: Content::Sealed(wrapped),
        index: vec![],
        basis: Basis::New,
    })
}

/// A recovery set as a member sees it before he confirms it.
#[derive(Debug, Clone, Serialize)]
pub struct SetView {
    /// Its id.
    pub set: String,
    /// Shares needed.
    pub threshold: u8,
    /// Each holder: name, role, and the fingerprint to compare with him.
    pub holders: Vec<(String, String, String)>,
    /// Whether this person has confirmed it.
    pub confirmed: bool,
}

/// The recovery set in use, with the fingerprints of its holders; one consultation event.
///
/// # Errors
/// When there is none.
pub fn show_set(desk: &Desk, session: &Session) -> Result<SetView, StoreError> {
    let row = desk.store.live_recovery_set()?;
    let row = row.ok_or_else(|| StoreError::input("this node has no recovery set: make one with `lanternfish key backup`"))?;
    let content: RecoverySet = row.content()?;
    let mut holders = Vec::new();
    for name in &content.holders {
        let user = desk.store.user_by_name(name)?;
        holders.push((name.clone(), user.record.role.name().to_string(), user.fingerprint().unwrap_or_else(|| "no keys".into())));
    }
    let confirmed = desk.store.trusts_set(session.actor(), &row.id)?;
    let event = NewEvent::new(EventType::LogConsulted, Some(row.id.clone()), json!({"recovery-set": content.set}));
    desk.store.commit_node(Some(session), NodeStep::ReadLog, event, vec![])?;
    Ok(SetView { set: row.id, threshold: content.threshold, holders, confirmed })
}

/// Confirms the set in the member's own session, after he compared its holders; his cases are wrapped to
/// it now. Gives their number.
///
/// # Errors
/// Law 13 when another set is in use by now, or for a role that reads no content.
pub fn confirm_set(desk: &Desk, session: &Session, set: &str) -> Result<usize, StoreError> {
    if !session.role().reads_content() {
        return Err(StoreError::refused(Law::Separation, format!("the role {} has no cases to be wrapped to a recovery set", session.role())));
    }
    if desk.store.live_recovery_set()?.is_none_or(|row| row.id != set) {
        return Err(StoreError::refused(Law::Separation, "another recovery set is in use: look at it first (`lanternfish key confirm`)"));
    }
    desk.store.confirm_set(session, set)?;
    refresh_recovery(desk, session)
}

/// Every share that the person holds himself, of the set in use and of older ones, newest first: cases
/// stay wrapped to an older set until one of their members confirmed the new one.
fn own_shares(desk: &Desk, session: &Session) -> Result<Vec<(String, Share)>, StoreError> {
    let mut own = Vec::new();
    for row in desk.store.register("recovery-share")?.iter().rev() {
        if row.state == "held" && row.actor.as_ref() == Some(session.actor()) {
            let set = row.parent.clone().ok_or_else(|| StoreError::damaged("a share without its set"))?;
            own.push((row.event, set, Share::parse(session.unwrap(row.sealed_bytes())?.text()?)?));
        }
    }
    if own.is_empty() {
        return Err(StoreError::input("you hold no share of a recovery set"));
    }
    own.sort_by_key(|(event, _, _)| std::cmp::Reverse(*event));
    Ok(own.into_iter().map(|(_, set, share)| (set, share)).collect())
}

/// Whoever could log in first after a reset could pass for the person: the holders compare the
/// fingerprint that he reads to them with the keys that stand in the register.
fn check_fingerprint(person: &User, told: &str) -> Result<(), StoreError> {
    let told: String = told.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
    if person.fingerprint().is_some_and(|present| present == told) {
        return Ok(());
    }
    Err(StoreError::refused(
        Law::Separation,
        format!("the fingerprint is not that of {}'s present keys: ask this person, not the register, for the 16 digits of the first login", model::quoted(&person.record.name)),
    ))
}

/// A release counts for one enrolment only: after another reset it is void.
fn released_for(set: &str, person: &User) -> String {
    format!("{set}/{}/{}", person.actor, person.fingerprint().unwrap_or_default())
}

/// A holder releases his share to another holder, for the recovery of one person. His own act, in
/// his own session.
///
/// # Errors
/// When he holds no share.
pub fn release_share(desk: &Desk, session: &Session, to: &str, user: &str, fingerprint: &str, reason: &str) -> Result<(), StoreError> {
    let shares = own_shares(desk, session)?;
    let receiver = desk.store.user_by_name(to)?;
    let person = desk.store.user_by_name(user)?;
    check_fingerprint(&person, fingerprint)?;
    if receiver.actor == *session.actor() {
        return Err(StoreError::input("release your share to another holder: at least two people recover a key together"));
    }
    let mut rows = Vec::new();
    for (set, share) in &shares {
        let wrapped = wrap_to(&[recipient_of(&receiver)?], &share.to_text())?;
        let mut row = share_row(desk, set, &receiver.actor, "released", wrapped)?;
        row.head.parent = Some(released_for(set, &person));
        rows.push(row);
    }
    let event = NewEvent::new(EventType::KeyRecovered, Some(person.actor.to_string()), json!({"released-to": to, "for": user, "reason": reason}));
    desk.store.commit_node(Some(session), NodeStep::OwnSession, event, rows).map(|_| ())
}

/// Joins the released shares with one's own and gives the person back the keys of the cases that he
/// was a member of; gives their number. The joined secret is forgotten at once.
///
/// # Errors
/// Too few shares; the person has no new keys yet.
pub fn recover(desk: &Desk, session: &Session, user: &str, fingerprint: &str, reason: &str) -> Result<usize, StoreError> {
    let person = desk.store.user_by_name(user)?;
    check_fingerprint(&person, fingerprint)?;
    let identities = joined(desk, session, &person)?;
    let mut done = 0;
    for (case, lost) in lost_cases(desk, &person.actor)? {
        let keys = identities.iter().map(|identity| newest_key(desk, identity, &case)).collect::<Result<Vec<_>, _>>()?;
        let Some(key) = keys.into_iter().flatten().next() else { continue };
        let scope = desk.store.recovered_scope(session, &case, &key)?;
        let mut rows = vec![desk.store.wrap_for(&scope, &person)?];
        rows.extend(lost.iter().map(|wrap| desk.store.found_again(wrap)));
        let event = NewEvent::new(EventType::KeyRecovered, Some(person.actor.to_string()), json!({"for": user, "reason": reason}));
        desk.store.commit_new_case(session, NodeStep::OwnSession, &scope, event, rows)?;
        // A tip is sealed like a case, and is none.
        done += usize::from(desk.store.get(&scope, "case", case.as_str()).is_ok());
    }
    Ok(done)
}

/// The secret of each set for which enough shares are here, newest set first.
fn joined(desk: &Desk, session: &Session, person: &User) -> Result<Vec<Identity>, StoreError> {
    let (mut identities, mut why_not) = (Vec::new(), None);
    for (set, own) in own_shares(desk, session)? {
        let place = released_for(&set, person);
        let mut shares = vec![own];
        for row in desk.store.register("recovery-share")? {
            let mine = row.state == "released" && row.parent.as_deref() == Some(&place) && row.actor.as_ref() == Some(session.actor());
            if mine {
                shares.push(Share::parse(session.unwrap(row.sealed_bytes())?.text()?)?);
            }
        }
        match join(&shares) {
            Ok(secret) => identities.push(Identity::from_secret(&secret)),
            Err(error) => why_not = why_not.or(Some(error)),
        }
    }
    match (identities.is_empty(), why_not) {
        (true, Some(error)) => Err(error.into()),
        _ => Ok(identities),
    }
}

/// The cases whose key the person lost with his passphrase: not those that he had left before.
fn lost_cases(desk: &Desk, person: &ActorId) -> Result<BTreeMap<CaseId, Vec<store::CaseKeyWrap>>, StoreError> {
    let mut cases: BTreeMap<CaseId, Vec<store::CaseKeyWrap>> = BTreeMap::new();
    for wrap in desk.store.lost_wraps(person)? {
        cases.entry(wrap.case.clone()).or_default().push(wrap);
    }
    Ok(cases)
}

/// The newest key of a case that opens with the joined secret; an older set's wraps do not.
fn newest_key(desk: &Desk, identity: &Identity, case: &CaseId) -> Result<Option<SecretBytes>, StoreError> {
    let mut wraps: Vec<_> = desk.store.recovery_wraps()?.into_iter().filter(|wrap| wrap.case == *case).collect();
    wraps.sort_by_key(|wrap| (wrap.row.number, wrap.row.time));
    Ok(wraps.iter().rev().find_map(|wrap| unwrap(identity, wrap.row.sealed_bytes()).ok()))
}

/// What a person who leaves means for the cases of the one who carries it out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LeaverReport {
    /// Cases whose key was changed.
    pub rotated: Vec<String>,
    /// Cases that somebody else must rotate, because the person in charge is not a member.
    pub others: usize,
    /// Exhibits that are still in the leaver's custody.
    pub held: Vec<String>,
}

/// After a person was revoked: changes the keys of every shared case and lists what he still holds.
///
/// # Errors
/// When the records cannot be written.
pub fn after_leaver(desk: &Desk, session: &Session, leaver: &User) -> Result<LeaverReport, StoreError> {
    let mut report = LeaverReport::default();
    let mine = desk.store.cases_of(session.actor())?;
    for row in desk.store.register("case")? {
        let Some(case) = row.case.clone() else { continue };
        let was_member = desk.store.wraps_of_case(&case)?.iter().any(|w| w.holder.as_ref() == Some(&leaver.actor));
        if !was_member {
            continue;
        }
        if !mine.contains(&case) {
            report.others += 1;
            continue;
        }
        let mut scope = desk.store.enter(session, &case)?;
        let permit = desk.store.permit(&scope, Intent::to(model::action::Action::Administer))?;
        crate::case::rotate_key(desk, &mut scope, &permit, "a member left")?;
        report.rotated.push(crate::case_label(row.number.unwrap_or(0)));
        for exhibit in crate::admit::all(desk, &scope)? {
            if exhibit.content.custody.custodian() == &leaver.actor {
                report.held.push(exhibit.exhibit);
            }
        }
    }
    Ok(report)
}
