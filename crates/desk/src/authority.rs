//! Authorities: recorded, checked or granted by a second person, revoked (laws 1, 15).

use std::collections::BTreeSet;

use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    authority::{Authority, AuthorityError, AuthorityKind, AuthorityScope, AuthorityState, Limit, SourceClass, Standing, TRANSCRIBED},
    authorize::{Ground, NodeStep},
    event::EventType,
    exhibit::{ExhibitClass, Origin},
    id::{ActorId, AuthorityId},
    moment::{Calendar, DayEdge, civil_to_moment},
};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Basis, Content, Head, NewEvent, Number, Permit, Row, Scope, Session, StoreError, Write, vault::blob::AlsoDigest};

use crate::{
    Desk,
    office::input,
    persona,
    row::{Draft, for_action, fresh_authority},
};

/// What is typed when an authority is recorded.
#[derive(Debug, Clone)]
pub struct RecordAuthority {
    /// Kind of instrument.
    pub kind: AuthorityKind,
    /// Reference of the instrument, as its issuer writes it.
    pub reference: String,
    /// Who issued it.
    pub issuer: String,
    /// Names of the holders; none means every member.
    pub holders: Vec<String>,
    /// Allowed actions.
    pub actions: Vec<Action>,
    /// Allowed source classes.
    pub sources: Vec<SourceClass>,
    /// Allowed selectors, or `any`.
    pub selectors: Vec<String>,
    /// Persons concerned, or `any`.
    pub persons: Vec<String>,
    /// Territory, or `any`.
    pub territory: Vec<String>,
    /// First day or instant, civil.
    pub from: String,
    /// Last day or instant, civil.
    pub until: String,
    /// IANA zone of both.
    pub zone: String,
    /// Calendar of both; needed where a date could be read two ways.
    pub calendar: Option<Calendar>,
    /// Why it is needed and proportionate.
    pub necessity: String,
    /// Scan of the instrument; required where it was issued outside.
    pub scan: Option<Vec<u8>>,
    /// Its text as transcribed.
    pub transcription: Option<String>,
    /// The authority of the case that it replaces.
    pub amends: Option<String>,
    /// The authority of the case that it goes on from.
    pub extends: Option<String>,
}

/// An authority as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct AuthorityView {
    /// Its id.
    pub authority: String,
    /// Kind.
    pub kind: String,
    /// Reference of the instrument.
    pub reference: String,
    /// Issuer.
    pub issuer: String,
    /// `recorded`, `not begun`, `live`, `ended` or `revoked`, by the clock of this answer.
    pub state: String,
    /// First instant.
    pub from: Moment,
    /// First instant after it.
    pub until: Moment,
    /// Whole days left, when live.
    pub days_left: i64,
    /// Scope in words.
    pub scope: String,
    /// The same for programs, and for pages in other languages.
    pub allows: Limits,
    /// `transcribed, not issued here`, where that is so.
    pub label: Option<String>,
    /// Whether it covers a whole unit.
    pub unit: bool,
    /// Zone in which its days were written, for people.
    #[serde(skip)]
    pub zone: String,
    /// Whether its period is over, whatever its state.
    pub over: bool,
    /// The authority that it replaces.
    pub amends: Option<AuthorityId>,
    /// The authority that it goes on from.
    pub extends: Option<AuthorityId>,
    /// The written order that ratified an emergency authority.
    pub ratified: Option<AuthorityId>,
    /// Kind and standing as values, for papers.
    #[serde(skip)]
    pub worth: (AuthorityKind, Standing),
}

/// The scope of an authority: names, or `any`.
#[derive(Debug, Clone, Serialize)]
pub struct Limits {
    /// What may be done.
    pub actions: Vec<&'static str>,
    /// With what comes from where.
    pub sources: Vec<&'static str>,
    /// With which selectors.
    pub selectors: String,
    /// Whom it may concern.
    pub persons: String,
    /// In which countries.
    pub territory: String,
}

impl Limits {
    fn of(scope: &AuthorityScope) -> Limits {
        Limits {
            actions: scope.actions.iter().map(|action| action.name()).collect(),
            sources: scope.sources.iter().map(|source| source.name()).collect(),
            selectors: scope.selectors.in_words(),
            persons: scope.persons.in_words(),
            territory: scope.territory.in_words(),
        }
    }

    fn in_words(&self) -> String {
        let Limits { actions, sources, selectors, persons, territory } = self;
        format!("may {}; sources: {}; selectors: {selectors}; persons: {persons}; territory: {territory}", actions.join(", "), sources.join(", "))
    }
}

impl RecordAuthority {
    fn to_authority(&self, desk: &Desk, scope: Option<&Scope>, recorder: &ActorId) -> Result<Authority, StoreError> {
        let day = |text: &str, edge| civil_to_moment(text, self.calendar, &self.zone, edge).map_err(input);
        let holders = self.holders.iter().map(|name| Ok(desk.store.user_by_name(name)?.actor)).collect::<Result<BTreeSet<_>, StoreError>>()?;
        let authority = Authority {
            id: fresh_authority()?,
            kind: self.kind,
            reference: self.reference.trim().to_string(),
            zone: self.zone.clone(),
            case: scope.map(|s| s.case().clone()),
            holders,
            recorded_by: recorder.clone(),
            scope: AuthorityScope {
                actions: self.actions.iter().copied().collect(),
                sources: self.sources.iter().copied().collect(),
                selectors: Limit::from_names(&self.selectors),
                persons: Limit::from_names(&self.persons),
                territory: Limit::from_names(&self.territory),
            },
            from: day(&self.from, DayEdge::Start)?,
            until: day(&self.until, DayEdge::End)?,
            state: AuthorityState::Recorded,
            amends: self.earlier(desk, scope, self.amends.as_deref())?,
            extends: self.earlier(desk, scope, self.extends.as_deref())?,
            ratified: None,
        };
        authority.validate().map_err(input)?;
        if self.kind.is_transcribed() && (self.scan.is_none() || self.transcription.is_none()) {
            return Err(StoreError::input(
                "an instrument issued outside needs its scan (--scan FILE) and its text (--transcription FILE)",
            ));
        }
        Ok(authority)
    }

    /// The earlier authority of the same case that this one changes or continues.
    fn earlier(&self, desk: &Desk, scope: Option<&Scope>, id: Option<&str>) -> Result<Option<AuthorityId>, StoreError> {
        let Some(id) = id else { return Ok(None) };
        let scope = scope.ok_or_else(|| StoreError::input("a unit's authorisation replaces none: revoke the old one and record the new one"))?;
        let earlier: Authority = desk.store.get(scope, "authority", id)?.content()?;
        if self.kind == AuthorityKind::Emergency {
            return Err(StoreError::input("an emergency is neither extended nor amended: a written order must follow, or it ends"));
        }
        if matches!(earlier.state, AuthorityState::Revoked { .. }) {
            return Err(StoreError::input(format!("the authority {id} was revoked: nothing continues it; record a new one without --amends or --extends")));
        }
        Ok(Some(earlier.id))
    }

    fn content(&self, authority: &Authority, scan: Option<String>) -> Value {
        let mut value = serde_json::to_value(authority).expect("an authority is plain data");
        value["reference"] = json!(self.reference);
        value["issuer"] = json!(self.issuer);
        value["necessity"] = json!(self.necessity);
        value["zone"] = json!(self.zone);
        value["as_typed"] = json!({"from": self.from, "until": self.until, "calendar": self.calendar});
        value["transcription"] = json!(self.transcription);
        value["scan"] = json!(scan);
        value
    }
}

/// Records an authority in a case: written down, not yet good for anything.
///
/// # Errors
/// Bad dates or scope; a missing scan.
pub fn record(desk: &Desk, scope: &Scope, permit: &Permit, typed: &RecordAuthority) -> Result<AuthorityView, StoreError> {
    for_action(permit, Action::Administer)?;
    if typed.kind == AuthorityKind::StandingUnit {
        return Err(StoreError::input("a unit's standing authorisation belongs to no case: record it without --case"));
    }
    if typed.kind == AuthorityKind::Training && !desk.store.config().training {
        return Err(StoreError::input("this node is not for training: a training authority covers nothing here (`init --training` makes such a node)"));
    }
    let authority = typed.to_authority(desk, Some(scope), scope.actor())?;
    let id = authority.id.to_string();
    let mut rows = Vec::new();
    let mut scan_id = None;
    if let Some(scan) = &typed.scan {
        use std::io::Write as _;
        let mut blob = desk.store.new_blob(scope, permit, &id, ExhibitClass::Ordinary, None, AlsoDigest::default())?;
        blob.write_all(scan).map_err(|e| StoreError::environment("storing the scan", &e))?;
        let blob = blob.finish()?;
        scan_id = Some(blob.id.to_string());
        rows.push(blob.row);
    }
    let content = typed.content(&authority, scan_id);
    rows.push(Draft::new("authority", id.clone(), "recorded").write(scope, desk.now(), &content)?);
    let event = NewEvent::new(EventType::AuthorityRecorded, Some(id), content.clone());
    desk.store.commit(scope, permit, event, rows)?;
    view(&authority, &content, desk.now())
}

/// Records a unit's standing authorisation for open sources.
///
/// # Errors
/// Law 13 when the role may not; bad dates or scope.
pub fn record_for_unit(desk: &Desk, session: &Session, typed: &RecordAuthority) -> Result<AuthorityView, StoreError> {
    desk.ready()?;
    if typed.kind != AuthorityKind::StandingUnit {
        return Err(StoreError::input("only a unit's standing authorisation is recorded without a case: add --case NUMBER"));
    }
    let authority = typed.to_authority(desk, None, session.actor())?;
    let content = typed.content(&authority, None);
    let row = unit_row(desk, &authority, &content, "recorded", Basis::New, session.actor());
    let event = NewEvent::new(EventType::AuthorityRecorded, Some(authority.id.to_string()), content.clone());
    desk.store.commit_node(Some(session), NodeStep::RecordUnitAuthority, event, vec![row])?;
    view(&authority, &content, desk.now())
}

fn unit_row(desk: &Desk, authority: &Authority, content: &Value, state: &str, basis: Basis, actor: &ActorId) -> Write {
    Write {
        head: Head {
            kind: "authority",
            id: authority.id.to_string(),
            case: None,
            parent: None,
            number: Number::None,
            state: state.into(),
            actor: Some(actor.clone()),
            time: desk.now(),
        },
        content: Content::Json(content.clone()),
        index: vec![],
        basis,
    }
}

/// A decision about an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The second person compared the transcription with the scan.
    Check,
    /// A supervisor grants it.
    Grant,
    /// It ends now; running work stops.
    Revoke,
}

impl Decision {
    fn event(self) -> EventType {
        match self {
            Decision::Check => EventType::AuthorityChecked,
            Decision::Grant => EventType::AuthorityGranted,
            Decision::Revoke => EventType::AuthorityRevoked,
        }
    }

    fn apply(self, authority: &mut Authority, by: &ActorId, role: Role, at: Moment) -> Result<(), StoreError> {
        let done = match self {
            Decision::Check => authority.check(by, at),
            Decision::Grant => authority.grant(by, role, at),
            Decision::Revoke => authority.revoke(by, at),
        };
        done.map_err(|e| match e {
            AuthorityError::OwnAuthority { .. } | AuthorityError::WrongRole { .. } => {
                StoreError::refused(Law::Permit, e.to_string())
            }
            other => input(other),
        })
    }
}

/// Decides about an authority of the case, in the decider's own session.
///
/// # Errors
/// Law 1 when the holder or recorder would approve his own authority.
pub fn decide(desk: &Desk, scope: &Scope, permit: &Permit, id: &str, decision: Decision, reason: &str) -> Result<AuthorityView, StoreError> {
    for_action(permit, Action::Administer)?;
    let row = desk.store.get(scope, "authority", id)?;
    let (authority, content) = match decided(&row, decision, scope.actor(), scope.role(), desk.now()) {
        Ok(decided) => decided,
        Err(StoreError::Refused { law, text }) => {
            return Err(desk.store.refuse(scope, &store::Intent::to(Action::Administer), law, text)?);
        }
        Err(other) => return Err(other),
    };
    let mut rows = vec![Draft::new("authority", id, state_word(&authority)).over(&row).write(scope, desk.now(), &content)?];
    let mut detail = json!({"reason": reason});
    if let Some(old) = authority.amends.as_ref().filter(|_| decision != Decision::Revoke) {
        detail["amends"] = json!(old);
        rows.extend(replaced(desk, scope, old)?);
        rows.extend(persona::taken_back(desk, scope, old)?);
    }
    if decision == Decision::Revoke {
        rows.extend(persona::taken_back(desk, scope, &authority.id)?);
    }
    desk.store.commit(scope, permit, NewEvent::new(decision.event(), Some(id.to_string()), detail), rows)?;
    view(&authority, &content, desk.now())
}

/// The authority that another one replaces ends in the same step; work under it stops (law 15).
fn replaced(desk: &Desk, scope: &Scope, old: &AuthorityId) -> Result<Option<Write>, StoreError> {
    let row = desk.store.get(scope, "authority", old.as_str())?;
    if row.state == "revoked" {
        return Ok(None);
    }
    let (authority, content) = decided(&row, Decision::Revoke, scope.actor(), scope.role(), desk.now())?;
    Draft::new("authority", old.to_string(), state_word(&authority)).over(&row).write(scope, desk.now(), &content).map(Some)
}

/// A written order of the case ratifies what was done under an emergency authority: nothing of it is in
/// quarantine any more.
///
/// # Errors
/// Law 1 when the same person recorded the emergency, or the order is unchecked, of another kind or narrower.
pub fn ratify(desk: &Desk, scope: &Scope, permit: &Permit, id: &str, order: &str, reason: &str) -> Result<AuthorityView, StoreError> {
    for_action(permit, Action::Administer)?;
    let row = desk.store.get(scope, "authority", id)?;
    let (mut authority, mut content): (Authority, Value) = (row.content()?, row.content()?);
    let order: Authority = desk.store.get(scope, "authority", order)?.content()?;
    if let Err(error) = authority.ratify(scope.actor(), &order) {
        return match error {
            AuthorityError::NoRatification(_) | AuthorityError::OwnAuthority { .. } => {
                Err(desk.store.refuse(scope, &store::Intent::to(Action::Administer), Law::Permit, error.to_string())?)
            }
            other => Err(input(other)),
        };
    }
    content["ratified"] = json!(authority.ratified);
    let late = authority.until <= desk.now();
    let detail = json!({"reason": reason, "order": order.id, "after_its_end": late});
    let write = Draft::new("authority", id, state_word(&authority)).over(&row).write(scope, desk.now(), &content)?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::AuthorityRatified, Some(id.to_string()), detail), vec![write])?;
    view(&authority, &content, desk.now())
}

/// The origin of what comes in under this permit: an emergency authority stays with it.
pub(crate) fn origin_under(desk: &Desk, scope: &Scope, permit: &Permit, origin: &Origin) -> Result<Origin, StoreError> {
    let Ground::Authority(id) = permit.ground() else { return Ok(origin.clone()) };
    let unit = || desk.store.register_one("authority", id.as_str());
    let kind = match desk.store.get(scope, "authority", id.as_str()) {
        Ok(row) => row.content::<Authority>()?.kind,
        Err(_) if unit()?.is_some() => AuthorityKind::StandingUnit,
        Err(error) => return Err(error),
    };
    Ok(Origin { under: (kind == AuthorityKind::Emergency).then(|| id.clone()), ..origin.clone() })
}

/// Emergency authorities of the case without a written order behind them: reference, and whether a second
/// person has checked them.
pub(crate) fn unratified(desk: &Desk, scope: &Scope) -> Result<Vec<(String, bool)>, StoreError> {
    let rows = desk.store.list(scope, "authority")?;
    let all = rows.iter().map(|row| row.content::<Authority>()).collect::<Result<Vec<_>, _>>()?;
    let open = all.into_iter().filter(|one| one.kind == AuthorityKind::Emergency && one.ratified.is_none());
    Ok(open.map(|one| (if one.reference.is_empty() { one.id.to_string() } else { one.reference }, one.state != AuthorityState::Recorded)).collect())
}

/// Decides about a unit's standing authorisation.
///
/// # Errors
/// Laws 1 and 13.
pub fn decide_for_unit(desk: &Desk, session: &Session, id: &str, decision: Decision, reason: &str) -> Result<AuthorityView, StoreError> {
    desk.ready()?;
    desk.store.check_node_step(Some(session), NodeStep::DecideUnitAuthority)?;
    let row = desk.store.register_one("authority", id)?.filter(|row| row.case.is_none());
    let row = row.ok_or_else(|| StoreError::input(format!("there is no unit authority {id}: for one of a case add --case NUMBER")))?;
    let (authority, content) = match decided(&row, decision, session.actor(), session.role(), desk.now()) {
        Ok(decided) => decided,
        Err(StoreError::Refused { law, text }) => {
            let detail = json!({"authority": id, "law": law.number(), "text": text});
            let event = NewEvent::new(EventType::StepRefused, Some(id.to_string()), detail);
            desk.store.commit_node(Some(session), NodeStep::DecideUnitAuthority, event, vec![])?;
            return Err(StoreError::refused(law, text));
        }
        Err(other) => return Err(other),
    };
    let write = unit_row(desk, &authority, &content, state_word(&authority), Basis::Over(row.version), session.actor());
    let event = NewEvent::new(decision.event(), Some(id.to_string()), json!({"reason": reason}));
    desk.store.commit_node(Some(session), NodeStep::DecideUnitAuthority, event, vec![write])?;
    view(&authority, &content, desk.now())
}

fn decided(row: &Row, decision: Decision, by: &ActorId, role: Role, now: Moment) -> Result<(Authority, Value), StoreError> {
    let mut authority: Authority = row.content()?;
    let mut content: Value = row.content()?;
    decision.apply(&mut authority, by, role, now)?;
    content["state"] = serde_json::to_value(&authority).expect("an authority is plain data")["state"].clone();
    Ok((authority, content))
}

fn state_word(authority: &Authority) -> &'static str {
    match authority.state {
        AuthorityState::Recorded => "recorded",
        AuthorityState::Live { .. } => "live",
        AuthorityState::Revoked { .. } => "revoked",
    }
}

/// Whoever works in a case reads what allows his steps, and until when: it is asked for as the keeping of what is there is.
pub const READING: Action = Action::Transfer;

/// Every authority that can matter in the case, the unit's included; one consultation event.
///
/// # Errors
/// When the records cannot be read.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<AuthorityView>, StoreError> {
    for_action(permit, READING)?;
    let views = all(desk, scope, desk.now())?;
    let event = NewEvent::new(EventType::AuthorityConsulted, None, json!({"count": views.len()}));
    desk.store.commit(scope, permit, event, vec![])?;
    Ok(views)
}

/// Every unit authority; one consultation event.
///
/// # Errors
/// When the records cannot be read.
pub fn list_for_unit(desk: &Desk, session: &Session) -> Result<Vec<AuthorityView>, StoreError> {
    let views = of_unit(desk, desk.now())?;
    let event = NewEvent::new(EventType::AuthorityConsulted, None, json!({"count": views.len()}));
    desk.store.commit_node(Some(session), NodeStep::ListOwn, event, vec![])?;
    Ok(views)
}

/// Every authority that can matter in the case, as it stands at `now`; the caller's step writes the event.
pub(crate) fn all(desk: &Desk, scope: &Scope, now: Moment) -> Result<Vec<AuthorityView>, StoreError> {
    let mut views = of_unit(desk, now)?;
    for row in desk.store.list(scope, "authority")? {
        views.push(view(&row.content()?, &row.content()?, now)?);
    }
    Ok(views)
}

fn of_unit(desk: &Desk, now: Moment) -> Result<Vec<AuthorityView>, StoreError> {
    let rows = desk.store.register("authority")?;
    rows.iter().filter(|row| row.case.is_none()).map(|row| view(&row.content()?, &row.content()?, now)).collect()
}

/// One authority with everything that was typed, and the scan's blob id; an event.
///
/// # Errors
/// When there is none.
pub fn show(desk: &Desk, scope: &Scope, permit: &Permit, id: &str) -> Result<Value, StoreError> {
    for_action(permit, READING)?;
    let row = desk.store.get(scope, "authority", id)?;
    let event = NewEvent::new(EventType::AuthorityConsulted, Some(id.to_string()), json!({}));
    desk.store.commit(scope, permit, event, vec![])?;
    let mut value: Value = row.content()?;
    let authority: Authority = row.content()?;
    value["view"] = serde_json::to_value(view(&authority, &value, desk.now())?).expect("a view is plain data");
    value["history"] = json!(history(desk, scope, &authority)?);
    Ok(value)
}

/// The authorities before this one and after it: id, what they are to each other, and how they stand.
fn history(desk: &Desk, scope: &Scope, authority: &Authority) -> Result<Vec<Value>, StoreError> {
    let rows = desk.store.list(scope, "authority")?;
    let all = rows.iter().map(|row| row.content::<Authority>()).collect::<Result<Vec<_>, _>>()?;
    let mut lines = Vec::new();
    let mut current = authority;
    // Each names one that was there before it: the chain ends.
    while let Some((how, id)) = current.amends.as_ref().map(|id| ("amended", id)).or(current.extends.as_ref().map(|id| ("extended", id))) {
        let Some(earlier) = all.iter().find(|one| one.id == *id) else { break };
        lines.insert(0, json!({"authority": earlier.id, "reference": earlier.reference, how: "by the next", "state": earlier.standing(desk.now()).name()}));
        current = earlier;
    }
    let later = |one: &&Authority| one.amends.as_ref() == Some(&authority.id) || one.extends.as_ref() == Some(&authority.id);
    for one in all.iter().filter(later) {
        let how = if one.amends.is_some() { "amends" } else { "extends" };
        lines.push(json!({"authority": one.id, "reference": one.reference, how: "this one", "state": one.standing(desk.now()).name()}));
    }
    Ok(lines)
}

/// The longest scan that is shown, in bytes: it was read whole when it was recorded.
const LONGEST_SCAN: u64 = 1 << 30;

/// The scan of an instrument that was issued outside, for the second person who compares it; an event.
///
/// # Errors
/// When it has none; law 5 when its bytes do not match.
pub fn scan(desk: &Desk, scope: &Scope, permit: &Permit, id: &str) -> Result<Vec<u8>, StoreError> {
    for_action(permit, Action::Administer)?;
    let content: Value = desk.store.get(scope, "authority", id)?.content()?;
    let blob = content["scan"].as_str().ok_or_else(|| StoreError::input("this authority was issued here: it has no scan"))?;
    let mut readable = desk.store.read_blob(scope, permit, &blob.parse().map_err(StoreError::damaged)?)?;
    let event = NewEvent::new(EventType::AuthorityConsulted, Some(id.to_string()), json!({"scan": true}));
    desk.store.commit(scope, permit, event, vec![])?;
    readable.bytes(LONGEST_SCAN)
}

fn view(authority: &Authority, content: &Value, now: Moment) -> Result<AuthorityView, StoreError> {
    let limits = Limits::of(&authority.scope);
    let text = |key: &str| content[key].as_str().unwrap_or("").to_string();
    Ok(AuthorityView {
        authority: authority.id.to_string(),
        kind: authority.kind.name().into(),
        reference: text("reference"),
        issuer: text("issuer"),
        state: authority.standing(now).name().into(),
        from: authority.from,
        until: authority.until,
        days_left: ((authority.until.seconds() - now.seconds()) / 86_400).max(0),
        scope: limits.in_words(),
        allows: limits,
        label: authority.kind.is_transcribed().then(|| TRANSCRIBED.to_string()),
        unit: authority.case.is_none(),
        zone: authority.zone.clone(),
        over: authority.until <= now,
        amends: authority.amends.clone(),
        extends: authority.extends.clone(),
        ratified: authority.ratified.clone(),
        worth: (authority.kind, authority.standing(now)),
    })
}
