//! The vault of personas (decision 25): registered, authorised by another person, taken by one officer at a time,
//! returned, burned. The rules stand in `model::persona`.
//!
//! What a persona is called and how its accounts are opened is sealed under a key of its own. That key is wrapped to
//! the supervisors of the case and to the officers for whom it is authorised, in their sessions only; what a capture
//! withholds is encrypted to it by the child. Lists show nothing to other members; no package, report or search holds
//! any of it. It refuses to hand out a secret to anybody but the officer who has the persona now.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use collect::withhold::{Carried, PLACEHOLDER, REPEATED, Secret, read_secrets, values_of};
use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    actor::Role,
    authority::{Authority, Standing},
    capture::{CaptureRecord, CarriedFor, Keeping},
    event::EventType,
    exhibit::Origin,
    id::{ActorId, AuthorityId, OrderId, PersonaId},
    persona::{Persona, PersonaError, State, Warning, office_hours},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{
    Intent, NewEvent, Permit, Row, Scope, Session, StoreError, Write,
    vault::{
        secret::{SecretBytes, fresh_id, random_16, random_32},
        wrap::{Identity, Recipient, unwrap, wrap_to},
    },
};

use crate::{
    Desk,
    admit::{self, ExhibitContent},
    case,
    elsewhere::own_cases,
    facts::Facts,
    office::{decode_base64, input},
    row::{Draft, for_action, parse_label},
};

const PERSONA: &str = "persona";
const CARD: &str = "persona-card";
const SECRET: &str = "persona-secret";
const WITHHELD: &str = "persona-withheld";
/// The index under which equal words of two personas are found.
const TEXT_INDEX: &str = "persona.text";
/// The same for secrets.
const SECRET_INDEX: &str = "persona.secret";
/// The index under which what was withheld for a persona is found; it hangs on the exhibit, and is erased with it.
const PERSONA_INDEX: &str = "persona.withheld";
/// The longest cookie and the most of one host, as browsers have it (RFC 6265 §6.1).
const LONGEST_COOKIE: usize = 4_096;
const MOST_COOKIES: usize = 50;
/// The longest secret.
pub const LONGEST_SECRET: usize = 64 << 10;

/// `N-0001`.
pub fn persona_label(number: i64) -> String {
    format!("N-{number:04}")
}

/// One use: when, by whom, where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Use {
    at: Moment,
    by: ActorId,
    order: OrderId,
    hosts: Vec<String>,
}

/// What a persona's row holds (sealed under the case key): who may use it, and nothing that tells what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PersonaContent {
    persona: Persona,
    /// Class of the source that it is for, and whom and where it concerns.
    origin: Origin,
    /// Public half of its key.
    recipient: String,
    /// Its key, for each person who may open it, base64.
    wraps: BTreeMap<ActorId, String>,
    /// Its earlier keys, each under the next one, base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<String>,
    /// Somebody who held its key left: the next authorisation makes a new one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    known_outside: bool,
    uses: Vec<Use>,
    warnings: BTreeSet<Warning>,
}

/// What it is, sealed under its own key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Card {
    name: String,
    about: String,
}

/// What is sealed under the case key around something that only the persona's key opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sealed {
    /// What kind of thing it is; of a secret, `cookie` or `login`.
    kind: String,
    /// age, base64.
    sealed: String,
    /// The persona, of what was withheld for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    persona: Option<PersonaId>,
}

/// A secret as it lies under the persona's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Host of a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    value: String,
}

/// A persona as it is shown to those who may see it.
#[derive(Debug, Clone, Serialize)]
pub struct PersonaView {
    /// `N-0001`.
    pub persona: String,
    /// What it is called; not for who holds no key of it.
    pub name: Option<String>,
    /// What it is.
    pub about: Option<String>,
    /// `registered`, `authorised`, `checked-out`, `returned`, `burned` or `deregistered`.
    pub state: String,
    /// Its authority.
    pub authority: AuthorityId,
    /// How that stands now.
    pub authority_state: String,
    /// Its circuit label.
    pub label: String,
    /// The public half of its key.
    pub key: String,
    /// Who registered it.
    pub registered_by: String,
    /// Who authorised it.
    pub authorised_by: Option<String>,
    /// For whom.
    pub officers: Vec<String>,
    /// Who has it now.
    pub holder: Option<String>,
    /// How often it was used.
    pub uses: usize,
    /// How many secrets lie in its vault.
    pub secrets: usize,
    /// What makes it easy to recognise.
    pub warnings: Vec<String>,
}

/// What is typed when a persona is registered.
#[derive(Debug, Clone)]
pub struct Register {
    /// What it is called.
    pub name: String,
    /// What it is: service, account, story.
    pub about: String,
    /// The authority of the case that it serves.
    pub authority: String,
    /// Class of the source, and whom and where it concerns.
    pub origin: Origin,
}

/// What an officer takes along on a capture: opened in his session, for this one wish.
#[derive(Clone)]
pub struct Companion {
    id: PersonaId,
    /// The authority under which alone it is used.
    pub(crate) authority: AuthorityId,
    label: String,
    recipient: String,
    carried: Vec<Carried>,
    warnings: BTreeSet<Warning>,
}

impl std::fmt::Debug for Companion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Companion({}, hidden)", self.id)
    }
}

impl Companion {
    /// Its id.
    pub(crate) fn id(&self) -> &PersonaId {
        &self.id
    }

    /// Its circuit label.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// What the order says of its session.
    pub(crate) fn keeping(&self) -> Keeping {
        let carried = self.carried.iter().filter_map(|one| Some(CarriedFor { host: one.host.clone(), commitment: one.commitment()? }));
        Keeping { recipient: self.recipient.clone(), carried: carried.collect() }
    }

    /// What the child sends.
    pub(crate) fn carried(&self) -> Vec<Carried> {
        self.carried.clone()
    }

    /// Whether a value of the session stands in this address.
    pub(crate) fn stands_in(&self, url: &str) -> bool {
        let mut values = self.carried.iter().flat_map(|one| values_of(one.value.as_bytes())).filter_map(|value| std::str::from_utf8(value).ok());
        values.any(|value| url.contains(value))
    }

    /// Refuses an address in which a value of the session stands: it would stand in the order, the record and the log.
    pub(crate) fn stands_in_none(&self, urls: &[String]) -> Result<(), StoreError> {
        if urls.iter().any(|url| self.stands_in(url)) {
            return Err(StoreError::input("an address holds a value of the persona's session, which would then stand in records and packages: write the address without it; the cookie is sent anyway"));
        }
        Ok(())
    }

    /// What makes it easy to recognise, in words.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.iter().map(Warning::in_words).collect()
    }
}

// ---- finding and opening

/// One persona: its row, and what that says now. One whose authority is over is back, whatever the row says (law 15).
struct Found {
    row: Row,
    content: PersonaContent,
}

impl Found {
    fn label(&self) -> String {
        persona_label(self.row.number.unwrap_or(0))
    }

    /// Its key, in the session of a person to whom it is wrapped.
    fn key(&self, session: &Session) -> Result<Identity, StoreError> {
        let none = || StoreError::refused(Law::Separation, format!("{} is not open to you: its key lies with the supervisors of the case and the officers for whom it is authorised", self.label()));
        let wrapped = self.content.wraps.get(session.actor()).ok_or_else(none)?;
        Ok(Identity::parse(session.unwrap(&decode_base64(wrapped)?)?.text()?)?)
    }

    /// The same with its earlier keys, the newest first.
    fn keys(&self, session: &Session) -> Result<Vec<Identity>, StoreError> {
        let mut keys = vec![self.key(session)?];
        for wrapped in self.content.earlier.iter().rev() {
            let newer = keys.last().expect("it begins with one");
            keys.push(Identity::parse(unwrap(newer, &decode_base64(wrapped)?)?.text()?)?);
        }
        Ok(keys)
    }

    /// Wraps its key to the supervisors of today and to these officers. When somebody held it who does not hold it any
    /// more, it is a new one: he opens nothing that comes later.
    fn wrap_anew(&mut self, desk: &Desk, scope: &Scope, session: &Session, officers: &BTreeSet<ActorId>) -> Result<(), StoreError> {
        let mut key = self.key(session)?;
        let holders = wraps(desk, scope, &key, officers)?;
        if self.content.known_outside || self.content.wraps.keys().any(|holder| !holders.contains_key(holder)) {
            let new = Identity::generate()?;
            self.content.earlier.push(STANDARD.encode(wrap_to(&[new.recipient()], &key.secret_text())?));
            self.content.recipient = new.recipient().to_string();
            key = new;
        }
        (self.content.wraps, self.content.known_outside) = (wraps(desk, scope, &key, officers)?, false);
        Ok(())
    }

    fn write(&self, desk: &Desk, scope: &Scope, persona: Persona) -> Result<Write, StoreError> {
        let content = PersonaContent { persona, ..self.content.clone() };
        Draft::new(PERSONA, self.row.id.clone(), content.persona.state.name()).over(&self.row).write(scope, desk.now(), &content)
    }
}

fn found(desk: &Desk, scope: &Scope, row: Row) -> Result<Found, StoreError> {
    let mut content: PersonaContent = row.content()?;
    if standing(desk, scope, &content.persona.authority)? != Standing::Live {
        content.persona = content.persona.taken_back(desk.now());
    }
    Ok(Found { row, content })
}

fn standing(desk: &Desk, scope: &Scope, authority: &AuthorityId) -> Result<Standing, StoreError> {
    Ok(desk.store.get(scope, "authority", authority.as_str())?.content::<Authority>()?.standing(desk.now()))
}

/// Every persona that this person may know of.
fn seen(desk: &Desk, scope: &Scope) -> Result<Vec<Found>, StoreError> {
    let all = desk.store.list(scope, PERSONA)?.into_iter().map(|row| found(desk, scope, row));
    let mut seen = Vec::new();
    for one in all {
        let one = one?;
        if one.content.persona.is_seen_by(scope.actor(), scope.role()) {
            seen.push(one);
        }
    }
    Ok(seen)
}

/// The persona that was named, by its number or, for who holds its key, by its name.
fn named(desk: &Desk, session: &Session, scope: &Scope, typed: &str) -> Result<Found, StoreError> {
    let number = parse_label(typed, 'N').ok();
    let mut all = seen(desk, scope)?;
    // A number means that persona and no other, whatever another one is called.
    if let Some(at) = all.iter().position(|one| number.is_some() && one.row.number == number) {
        return Ok(all.swap_remove(at));
    }
    let mut found = Vec::new();
    for one in all.into_iter().filter(|one| !one.content.persona.state.is_final()) {
        if card(desk, session, scope, &one)?.is_some_and(|card| normal(&card.name) == normal(typed)) {
            found.push(one);
        }
    }
    if found.len() > 1 {
        let labels: Vec<String> = found.iter().map(Found::label).collect();
        return Err(StoreError::input(format!("{} have this name: write the number of the one that you mean", labels.join(" and "))));
    }
    found.pop().ok_or_else(|| StoreError::input(format!("there is no persona {typed} for you in this case: see `lanternfish persona list` (one that has ended is named by its number)", typed = model::quoted(typed))))
}

/// What it is, for who holds its key.
fn card(desk: &Desk, session: &Session, scope: &Scope, one: &Found) -> Result<Option<Card>, StoreError> {
    let Ok(keys) = one.keys(session) else { return Ok(None) };
    let Some(row) = desk.store.list_of(scope, CARD, &one.row.id)?.into_iter().next() else { return Ok(None) };
    opened(&keys, &row.content()?).map(Some)
}

/// What one of these keys opens.
fn plain(keys: &[Identity], sealed: &Sealed) -> Result<SecretBytes, StoreError> {
    let bytes = decode_base64(&sealed.sealed)?;
    let open = keys.iter().find_map(|key| unwrap(key, &bytes).ok());
    open.ok_or_else(|| StoreError::refused(Law::Integrity, "something in a persona's vault does not open with its keys: it was changed, or written under another key"))
}

fn opened<T: serde::de::DeserializeOwned>(keys: &[Identity], sealed: &Sealed) -> Result<T, StoreError> {
    let plain = plain(keys, sealed)?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::damaged("what lies in a persona's vault"))
}

fn seal<T: Serialize>(recipient: &str, kind: &str, value: &T) -> Result<Sealed, StoreError> {
    let recipient: Recipient = recipient.parse()?;
    let plain = SecretBytes::new(serde_json::to_vec(value).map_err(input)?);
    Ok(Sealed { kind: kind.into(), sealed: STANDARD.encode(wrap_to(&[recipient], &plain)?), persona: None })
}

/// The form in which two texts are the same.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Its key for every supervisor of the case and for these officers.
fn wraps(desk: &Desk, scope: &Scope, key: &Identity, officers: &BTreeSet<ActorId>) -> Result<BTreeMap<ActorId, String>, StoreError> {
    let mut wraps = BTreeMap::new();
    for (actor, _, role) in case::members(desk, scope.case())? {
        let user = desk.store.user(&actor)?;
        let Some(recipient) = user.record.recipient.filter(|_| role == Role::Supervisor || officers.contains(&actor)) else { continue };
        wraps.insert(actor, STANDARD.encode(wrap_to(&[recipient.parse()?], &key.secret_text())?));
    }
    Ok(wraps)
}

/// A refusal of the state machine is an event, where it is one of a law.
fn refused(desk: &Desk, scope: &Scope, action: Action, label: &str, error: PersonaError) -> Result<StoreError, StoreError> {
    let text = format!("{label}: {error}");
    match error.law() {
        Some(law) => desk.store.refuse(scope, &Intent::to(action), law, text),
        None => Ok(StoreError::input(text)),
    }
}

fn view(desk: &Desk, session: &Session, scope: &Scope, one: &Found) -> Result<PersonaView, StoreError> {
    let (content, persona) = (&one.content, &one.content.persona);
    let card = card(desk, session, scope, one)?;
    let name = |actor: &ActorId| desk.name_of(actor).map(|(name, _)| name);
    let mut warnings = content.warnings.clone();
    warnings.extend(office_hours(&content.uses.iter().map(|one| one.at).collect::<Vec<_>>(), &case::zone(desk, scope)?));
    Ok(PersonaView {
        persona: one.label(),
        name: card.as_ref().map(|card| card.name.clone()),
        about: card.map(|card| card.about),
        state: persona.state.name().into(),
        authority: persona.authority.clone(),
        authority_state: standing(desk, scope, &persona.authority)?.name().into(),
        label: persona.label.clone(),
        key: content.recipient.clone(),
        registered_by: name(&persona.registered_by)?,
        authorised_by: persona.authorised.as_ref().map(|word| name(&word.by)).transpose()?,
        officers: persona.authorised.iter().flat_map(|word| &word.officers).map(name).collect::<Result<_, _>>()?,
        holder: if let State::CheckedOut { by, .. } = &persona.state { Some(name(by)?) } else { None },
        uses: content.uses.len(),
        secrets: desk.store.list_of(scope, SECRET, &one.row.id)?.len(),
        warnings: warnings.iter().map(Warning::in_words).collect(),
    })
}

// ---- the life of a persona

/// An authority of the case that lets somebody collect from there.
fn serves(desk: &Desk, scope: &Scope, id: &str, origin: &Origin) -> Result<AuthorityId, StoreError> {
    let row = desk.store.get(scope, "authority", id).map_err(|_| StoreError::input(format!("there is no authority {id} of this case: a persona serves one authority of its own case; see `lanternfish authority list`", id = model::quoted(id))))?;
    let authority: Authority = row.content()?;
    if !authority.scope.actions.contains(&Action::Collect) || !authority.scope.sources.contains(&origin.source) {
        let text = format!("the authority {} does not allow to collect from the source class {}: a persona works inside its authority", authority.id, origin.source.name());
        return Err(desk.store.refuse(scope, &Intent::to(Action::Collect).on(origin), Law::Permit, text)?);
    }
    Ok(authority.id)
}

/// Writes a persona down. Nobody can use it before a supervisor has authorised it.
///
/// # Errors
/// When the case has no supervisor, or its authority does not allow to collect there.
pub fn register(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &Register) -> Result<PersonaView, StoreError> {
    for_action(permit, Action::Administer)?;
    let authority = serves(desk, scope, &typed.authority, &typed.origin)?;
    let (id, label) = (PersonaId::from_random(fresh_id()?), hex::encode(random_16()?));
    let key = Identity::generate()?;
    let wraps = wraps(desk, scope, &key, &BTreeSet::new())?;
    if wraps.is_empty() {
        return Err(StoreError::input("this case has no supervisor, who alone can authorise a persona: add one first (`lanternfish case add-member`)"));
    }
    let card = Card { name: typed.name.clone(), about: typed.about.clone() };
    let texts: BTreeSet<String> = [&card.name, &card.about].into_iter().map(|text| normal(text)).filter(|text| !text.is_empty()).collect();
    let warnings = same(desk, session, scope, CARD, TEXT_INDEX, &texts, &|persona| Warning::SameText { persona })?;
    let content = PersonaContent {
        persona: Persona::register(id.clone(), scope.case().clone(), authority.clone(), label, scope.actor().clone(), desk.now()),
        origin: typed.origin.clone(),
        recipient: key.recipient().to_string(),
        wraps,
        earlier: vec![],
        known_outside: false,
        uses: vec![],
        warnings,
    };
    let row = Draft::new(PERSONA, id.to_string(), content.persona.state.name()).numbered().write(scope, desk.now(), &content)?;
    let mut about = Draft::new(CARD, format!("{id}/card"), "sealed").under(id.as_str());
    for text in texts {
        about = about.found_by(TEXT_INDEX, text);
    }
    let about = about.write(scope, desk.now(), &seal(&content.recipient, "card", &card)?)?;
    let detail = json!({"authority": authority, "source": typed.origin.source, "warnings": content.warnings});
    desk.store.commit(scope, permit, NewEvent::new(EventType::PersonaRegistered, Some(id.to_string()), detail), vec![row, about])?;
    let one = found(desk, scope, desk.store.get(scope, PERSONA, id.as_str())?)?;
    view(desk, session, scope, &one)
}

/// A supervisor who did not register it says which officers may use it, under its authority or a new one.
///
/// # Errors
/// Law 1 for anybody else.
pub fn authorise(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &str, officers: &[String], authority: Option<&str>) -> Result<PersonaView, StoreError> {
    for_action(permit, Action::Administer)?;
    let mut one = named(desk, session, scope, typed)?;
    let people = officers.iter().map(|name| Ok(desk.store.user_by_name(name)?.actor)).collect::<Result<BTreeSet<_>, StoreError>>()?;
    let authority = match authority {
        Some(id) => serves(desk, scope, id, &one.content.origin)?,
        None => one.content.persona.authority.clone(),
    };
    let members = case::members(desk, scope.case())?;
    if let Some(stranger) = officers.iter().zip(&people).find(|(_, actor)| members.iter().all(|(member, ..)| member != *actor)) {
        return Err(StoreError::input(format!("{} is not a member of this case: add him first", model::quoted(stranger.0))));
    }
    let persona = match one.content.persona.clone().authorise(scope.actor(), scope.role(), people.clone(), authority, desk.now()) {
        Ok(persona) => persona,
        Err(error) => return Err(refused(desk, scope, permit.action(), &one.label(), error)?),
    };
    one.wrap_anew(desk, scope, session, &people)?;
    let detail = json!({"persona": one.label(), "officers": people, "authority": persona.authority, "keys": one.content.earlier.len() + 1});
    step(desk, session, scope, permit, &one, persona, EventType::PersonaAuthorised, detail)
}

/// What an officer asks for before he takes a persona: to collect under its authority and no other.
///
/// # Errors
/// When there is no such persona for him.
pub fn intent_to_check_out(desk: &Desk, session: &Session, scope: &Scope, typed: &str) -> Result<Intent, StoreError> {
    named(desk, session, scope, typed).map(|one| to_check_out(&one))
}

fn to_check_out(one: &Found) -> Intent {
    Intent::to(Action::Collect).on(&one.content.origin).only_under(one.content.persona.authority.clone())
}

/// One officer takes it. Everybody else waits until it is back.
///
/// # Errors
/// Law 1 outside its authority, for who is not authorised, and while somebody else has it.
pub fn check_out(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &str) -> Result<PersonaView, StoreError> {
    let mut one = named(desk, session, scope, typed)?;
    if !permit.is_for(&intent_to_check_out(desk, session, scope, typed)?) {
        return Err(StoreError::refused(Law::Permit, "a persona is checked out under its own authority"));
    }
    match one.content.persona.clone().check_out(scope.actor(), scope.case(), desk.now()) {
        Ok(persona) => {
            // A supervisor who came, or who lost his keys and made new ones, can open it from now on.
            let officers = persona.authorised.as_ref().map(|word| word.officers.clone()).unwrap_or_default();
            one.wrap_anew(desk, scope, session, &officers)?;
            let detail = json!({"persona": one.label(), "warnings": one.content.warnings});
            step(desk, session, scope, permit, &one, persona, EventType::PersonaCheckedOut, detail)
        }
        Err(error) => Err(refused(desk, scope, permit.action(), &one.label(), error)?),
    }
}

/// It comes back.
///
/// # Errors
/// Law 1 for anybody but its holder and a supervisor.
pub fn give_back(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &str) -> Result<PersonaView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let one = named(desk, session, scope, typed)?;
    match one.content.persona.clone().give_back(scope.actor(), scope.role(), desk.now()) {
        Ok(persona) => step(desk, session, scope, permit, &one, persona, EventType::PersonaReturned, json!({"persona": one.label()})),
        Err(error) => Err(refused(desk, scope, permit.action(), &one.label(), error)?),
    }
}

/// It is known, or may be: nobody uses it again, and a capture that runs under it stops.
///
/// # Errors
/// When it has ended already.
pub fn burn(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &str, reason: &str) -> Result<PersonaView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let label = named(desk, session, scope, typed)?.label();
    // A capture may write beside it: a burned persona does not stay in use because of that.
    crate::reclassify::again(|| {
        let one = named(desk, session, scope, &label)?;
        match one.content.persona.clone().burn(scope.actor(), desk.now()) {
            Ok(persona) => step(desk, session, scope, permit, &one, persona, EventType::PersonaBurned, json!({"persona": label, "reason": reason})),
            Err(error) => Err(refused(desk, scope, permit.action(), &label, error)?),
        }
    })
}

/// It is used no more.
///
/// # Errors
/// Law 1 for anybody but a supervisor.
pub fn deregister(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &str, reason: &str) -> Result<PersonaView, StoreError> {
    for_action(permit, Action::Administer)?;
    let one = named(desk, session, scope, typed)?;
    match one.content.persona.clone().deregister(scope.actor(), scope.role(), desk.now()) {
        Ok(persona) => step(desk, session, scope, permit, &one, persona, EventType::PersonaDeregistered, json!({"persona": one.label(), "reason": reason})),
        Err(error) => Err(refused(desk, scope, permit.action(), &one.label(), error)?),
    }
}

#[expect(clippy::too_many_arguments, reason = "one step, with all that it needs")]
fn step(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, one: &Found, persona: Persona, kind: EventType, detail: Value) -> Result<PersonaView, StoreError> {
    let write = one.write(desk, scope, persona)?;
    desk.store.commit(scope, permit, NewEvent::new(kind, Some(one.row.id.clone()), detail), vec![write])?;
    let one = found(desk, scope, desk.store.get(scope, PERSONA, &one.row.id)?)?;
    view(desk, session, scope, &one)
}

/// The rows of personas that come back because this authority ends (law 15): written in the event that ends it.
pub(crate) fn taken_back(desk: &Desk, scope: &Scope, authority: &AuthorityId) -> Result<Vec<Write>, StoreError> {
    let mut rows = Vec::new();
    for row in desk.store.list(scope, PERSONA)? {
        let content: PersonaContent = row.content()?;
        if content.persona.authority == *authority && matches!(content.persona.state, State::CheckedOut { .. }) {
            let back = content.persona.clone().taken_back(desk.now());
            rows.push(Found { row, content }.write(desk, scope, back)?);
        }
    }
    Ok(rows)
}

/// The rows of personas that people had who work in the case no more: they come back, are not for them any more, and
/// get a new key at the next authorisation or check-out.
pub(crate) fn stays_with(desk: &Desk, scope: &Scope, staying: &BTreeSet<ActorId>) -> Result<Vec<Write>, StoreError> {
    let mut rows = Vec::new();
    for row in desk.store.list(scope, PERSONA)? {
        let before: PersonaContent = row.content()?;
        let mut content = before.clone();
        let officers = before.persona.authorised.iter().flat_map(|word| &word.officers);
        for gone in before.wraps.keys().chain(officers).filter(|who| !staying.contains(who)) {
            content.known_outside |= content.wraps.remove(gone).is_some();
            content.persona = content.persona.left_by(gone, desk.now());
        }
        if content != before {
            let persona = content.persona.clone();
            rows.push(Found { row, content }.write(desk, scope, persona)?);
        }
    }
    Ok(rows)
}

// ---- looking

/// The personas that this person may know of; one event with their number.
///
/// # Errors
/// When the records cannot be read.
pub fn list(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit) -> Result<Vec<PersonaView>, StoreError> {
    for_action(permit, Action::Administer)?;
    let views = seen(desk, scope)?.iter().map(|one| view(desk, session, scope, one)).collect::<Result<Vec<_>, _>>()?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::PersonaConsulted, None, json!({"count": views.len()})), vec![])?;
    Ok(views)
}

/// One persona.
///
/// # Errors
/// When there is none for this person.
pub fn show(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &str) -> Result<PersonaView, StoreError> {
    for_action(permit, Action::Administer)?;
    let one = named(desk, session, scope, typed)?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::PersonaConsulted, Some(one.row.id.clone()), json!({"persona": one.label()})), vec![])?;
    view(desk, session, scope, &one)
}

/// What happened to it, and each use: for oversight and, without its name, for a court.
///
/// # Errors
/// When there is none for this person.
pub fn history(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &str) -> Result<Vec<Value>, StoreError> {
    for_action(permit, Action::Administer)?;
    let one = named(desk, session, scope, typed)?;
    let mut lines = Vec::new();
    for (event, detail) in desk.store.events_about(scope, &one.row.id)? {
        let who = event.leaf.actor.as_ref().map(|actor| desk.name_of(actor)).transpose()?.map(|(name, _)| name);
        lines.push(json!({"time": event.leaf.time, "event": event.leaf.seq, "what": event.leaf.event_type.name(), "by": who, "reason": detail["reason"]}));
    }
    for used in &one.content.uses {
        lines.push(json!({"time": used.at, "what": "used", "by": desk.name_of(&used.by)?.0, "order": used.order, "hosts": used.hosts}));
    }
    lines.sort_by_key(|line| line["time"].as_str().unwrap_or("").to_string());
    desk.store.commit(scope, permit, NewEvent::new(EventType::PersonaConsulted, Some(one.row.id.clone()), json!({"persona": one.label(), "history": lines.len()})), vec![])?;
    Ok(lines)
}

// ---- secrets

/// A secret to be kept.
#[derive(Clone)]
pub enum NewSecret {
    /// The value of `Cookie` for a host: `name=value`, more of them behind `; `.
    Cookie {
        /// The host, without its port.
        host: String,
        /// The value.
        value: String,
    },
    /// How an account is opened, in words.
    Login {
        /// The words.
        value: String,
    },
}

impl NewSecret {
    fn parts(&self) -> (&'static str, Option<&str>, &str) {
        match self {
            NewSecret::Cookie { host, value } => ("cookie", Some(host), value),
            NewSecret::Login { value } => ("login", None, value),
        }
    }
}

/// Puts a secret into the vault. Whoever registered the persona may do it, and cannot read it afterwards.
///
/// # Errors
/// When the persona has ended, or the value cannot be a cookie.
pub fn add_secret(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &str, secret: &NewSecret) -> Result<PersonaView, StoreError> {
    for_action(permit, Action::Administer)?;
    let one = named(desk, session, scope, typed)?;
    if one.content.persona.state.is_final() {
        let error = if matches!(one.content.persona.state, State::Burned { .. }) { PersonaError::Burned } else { PersonaError::Deregistered };
        return Err(refused(desk, scope, permit.action(), &one.label(), error)?);
    }
    let (kind, host, value) = secret.parts();
    let host = host.map(str::to_lowercase);
    if let Some(host) = host.as_deref().filter(|host| !is_bare_host(host)) {
        return Err(StoreError::input(format!("{} is not a host: write its name only, without http://, port and path, such as market.example", model::quoted(host))));
    }
    if value.is_empty() || value.len() > LONGEST_SECRET {
        return Err(StoreError::input("the secret is empty or longer than 64 KiB"));
    }
    if kind == "cookie" && !(value.contains('=') && value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())) {
        return Err(StoreError::input("this is not a value of Cookie: write `name=value`, with `; ` between two of them, on one line"));
    }
    let mut keys = BTreeSet::from([digest_text(value)]);
    if kind == "cookie" {
        keys.extend(value.split(';').filter_map(|pair| Some(digest_text(pair.split_once('=')?.1.trim()))));
    }
    let mut warnings = same(desk, session, scope, SECRET, SECRET_INDEX, &keys, &|persona| Warning::SameSecret { persona })?;
    warnings.remove(&Warning::SameSecret { persona: one.label() });
    let mut draft = Draft::new(SECRET, format!("{}/{}", one.row.id, hex::encode(random_16()?)), "sealed").under(&one.row.id);
    for key in keys {
        draft = draft.found_by(SECRET_INDEX, key);
    }
    let kept = Kept { host, value: value.to_string() };
    let row = draft.write(scope, desk.now(), &seal(&one.content.recipient, kind, &kept)?)?;
    let mut rows = vec![row];
    let new: BTreeSet<Warning> = warnings.difference(&one.content.warnings).cloned().collect();
    if !new.is_empty() {
        let content = PersonaContent { warnings: one.content.warnings.union(&new).cloned().collect(), ..one.content.clone() };
        rows.push(Draft::new(PERSONA, one.row.id.clone(), &one.row.state).over(&one.row).write(scope, desk.now(), &content)?);
    }
    let detail = json!({"persona": one.label(), "kind": kind, "warnings": new});
    desk.store.commit(scope, permit, NewEvent::new(EventType::PersonaSecretKept, Some(one.row.id.clone()), detail), rows)?;
    let one = found(desk, scope, desk.store.get(scope, PERSONA, &one.row.id)?)?;
    view(desk, session, scope, &one)
}

/// Whether it is the name of a host and nothing else: what a capture to that host is compared with.
fn is_bare_host(host: &str) -> bool {
    let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    literal.map_or(!host.is_empty() && host.bytes().all(named), |six| six.parse::<std::net::Ipv6Addr>().is_ok())
}

/// How a secret stands in an index: under the case's key, never as it is.
fn digest_text(value: &str) -> String {
    Sha256Digest::of(value.as_bytes()).hex()
}

/// The secrets of a persona, for the officer who has it now.
///
/// # Errors
/// Law 1 for everybody else.
pub fn secrets(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &str) -> Result<Vec<Value>, StoreError> {
    let one = named(desk, session, scope, typed)?;
    if !permit.is_for(&intent_to_check_out(desk, session, scope, typed)?) {
        return Err(StoreError::refused(Law::Permit, "the secrets of a persona are opened under its own authority"));
    }
    held(desk, scope, &one)?;
    let keys = one.keys(session)?;
    let mut lines = Vec::new();
    for row in desk.store.list_of(scope, SECRET, &one.row.id)? {
        let sealed: Sealed = row.content()?;
        let kept: Kept = opened(&keys, &sealed)?;
        lines.push(json!({"kind": sealed.kind, "host": kept.host, "value": kept.value, "since": row.time}));
    }
    let detail = json!({"persona": one.label(), "secrets": lines.len()});
    desk.store.commit(scope, permit, NewEvent::new(EventType::PersonaConsulted, Some(one.row.id.clone()), detail), vec![])?;
    Ok(lines)
}

/// Refuses everybody but the officer who has it now.
fn held(desk: &Desk, scope: &Scope, one: &Found) -> Result<String, StoreError> {
    match one.content.persona.label_for(scope.actor(), scope.case()) {
        Ok(label) => Ok(label.to_string()),
        Err(error) => Err(refused(desk, scope, Action::Collect, &one.label(), error)?),
    }
}

// ---- captures

/// What the officer who has the persona takes along to these hosts: its label, and its cookies for them. Opened in
/// his session; one event.
///
/// # Errors
/// Law 1 for everybody else.
pub fn take_along(desk: &Desk, session: &Session, scope: &Scope, typed: &str, hosts: &BTreeSet<String>) -> Result<Companion, StoreError> {
    let one = named(desk, session, scope, typed)?;
    companion(desk, session, scope, &one, hosts, || met_elsewhere(desk, session, scope, hosts))
}

/// The same for a crawl, whose row keeps the persona's id. The cookies go along with each round, as they are then.
///
/// # Errors
/// Law 1 for everybody but the officer who has it now.
pub(crate) fn take_on_a_crawl(desk: &Desk, session: &Session, scope: &Scope, id: &PersonaId, hosts: &BTreeSet<String>) -> Result<Companion, StoreError> {
    let one = of_crawl(desk, scope, id)?;
    companion(desk, session, scope, &one, hosts, || met_elsewhere(desk, session, scope, hosts))
}

/// The same persona on the next round of a crawl, with its cookies as they are now; other cases were asked when it set out.
pub(crate) fn go_on_with(desk: &Desk, session: &Session, scope: &Scope, before: &Companion, hosts: &BTreeSet<String>) -> Result<Companion, StoreError> {
    let one = of_crawl(desk, scope, &before.id)?;
    companion(desk, session, scope, &one, hosts, || Ok(before.warnings.clone()))
}

/// The persona of a crawl, for who may know of it.
fn of_crawl(desk: &Desk, scope: &Scope, id: &PersonaId) -> Result<Found, StoreError> {
    let one = seen(desk, scope)?.into_iter().find(|one| one.row.id == id.as_str());
    one.ok_or_else(|| StoreError::input("this crawl goes as a persona that is not for you: its officer carries it on"))
}

/// The id of the persona that was typed: what the row of a crawl keeps of it.
///
/// # Errors
/// When there is none for this person.
pub fn id_of(desk: &Desk, session: &Session, scope: &Scope, typed: &str) -> Result<PersonaId, StoreError> {
    named(desk, session, scope, typed).map(|one| one.content.persona.id)
}

fn companion(
    desk: &Desk,
    session: &Session,
    scope: &Scope,
    one: &Found,
    hosts: &BTreeSet<String>,
    warnings: impl FnOnce() -> Result<BTreeSet<Warning>, StoreError>,
) -> Result<Companion, StoreError> {
    let label = held(desk, scope, one)?;
    let permit = desk.permit(scope, to_check_out(one))?;
    let keys = one.keys(session)?;
    let mut jars: BTreeMap<String, Jar> = BTreeMap::new();
    for (host, came) in history_of_cookies(desk, scope, one, &keys)? {
        if hosts.contains(&host) {
            came.iter().for_each(|line| jars.entry(host.clone()).or_default().take(line, desk.now()));
        }
    }
    let mut carried = Vec::new();
    for (host, jar) in jars {
        if let Some(value) = jar.header() {
            carried.push(Carried { host, value, salt: hex::encode(random_32()?) });
        }
    }
    let warnings = warnings()?;
    let detail = json!({"persona": one.label(), "hosts": hosts, "cookies": carried.len(), "warnings": warnings});
    desk.store.commit(scope, &permit, NewEvent::new(EventType::PersonaConsulted, Some(one.row.id.clone()), detail), vec![])?;
    Ok(Companion {
        id: one.content.persona.id.clone(),
        authority: one.content.persona.authority.clone(),
        label,
        recipient: one.content.recipient.clone(),
        carried,
        warnings,
    })
}

/// Every cookie that was put into the vault or came back in a capture, the oldest first: host and `name=value` lines.
fn history_of_cookies(desk: &Desk, scope: &Scope, one: &Found, keys: &[Identity]) -> Result<Vec<(String, Vec<String>)>, StoreError> {
    let mut all: Vec<(u64, String, Vec<String>)> = Vec::new();
    for row in desk.store.list_of(scope, SECRET, &one.row.id)? {
        let sealed: Sealed = row.content()?;
        if sealed.kind == "cookie" {
            let kept: Kept = opened(keys, &sealed)?;
            let pairs = kept.value.split(';').map(|pair| pair.trim().to_string()).collect();
            all.push((row.event, kept.host.unwrap_or_default(), pairs));
        }
    }
    for row in desk.store.find(scope, WITHHELD, PERSONA_INDEX, &one.row.id)? {
        for secret in withheld(keys, &row.content()?)?.into_iter().filter(|secret| secret.field == "set-cookie") {
            let line = hex::decode(&secret.value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            all.extend(line.map(|line| (row.event, secret.host.to_lowercase(), vec![line])));
        }
    }
    all.sort_by_key(|(event, ..)| *event);
    Ok(all.into_iter().map(|(_, host, lines)| (host, lines)).collect())
}

fn withheld(keys: &[Identity], sealed: &Sealed) -> Result<Vec<Secret>, StoreError> {
    read_secrets(&plain(keys, sealed)?).map_err(StoreError::damaged)
}

/// The cookies of one host, by name. What ends at once takes a cookie away.
#[derive(Debug, Default)]
struct Jar(Vec<(String, String)>);

impl Jar {
    /// Takes `name=value; attributes` in.
    fn take(&mut self, line: &str, now: Moment) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let (name, value) = (name.trim(), value.trim());
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && b != b';');
        if name.is_empty() || !plain(name) || !plain(value) || name.len() + value.len() > LONGEST_COOKIE {
            return;
        }
        let ends = parts.any(|attribute| match attribute.split_once('=') {
            Some((what, age)) if what.trim().eq_ignore_ascii_case("max-age") => age.trim().parse::<i64>().is_ok_and(|age| age <= 0),
            Some((what, date)) if what.trim().eq_ignore_ascii_case("expires") => http_date(date).is_some_and(|until| until <= now),
            _ => false,
        });
        self.0.retain(|(known, _)| known != name);
        if !ends {
            self.0.push((name.into(), value.into()));
        }
        // A server that sets without end fills no jar.
        let most = self.0.len().saturating_sub(MOST_COOKIES);
        self.0.drain(..most);
    }

    /// The value of `Cookie`.
    fn header(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// `Wed, 21 Oct 2015 07:28:00 GMT` (RFC 9110 §5.6.7), with hyphens too; another spelling says nothing.
fn http_date(text: &str) -> Option<Moment> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.trim().split_once(',')?;
    let words: Vec<&str> = rest.split([' ', '-']).filter(|word| !word.is_empty()).collect();
    let [day, month, year, time, "GMT"] = words[..] else { return None };
    let month = MONTHS.iter().position(|known| known.eq_ignore_ascii_case(month))? + 1;
    format!("{year}-{month:02}-{day:0>2}T{time}Z").parse().ok()
}

/// Notes a use, in the event of the order: the row is written over the version that was read, so that a persona which
/// was burned, returned or taken by another in between is not used.
pub(crate) fn note_use(desk: &Desk, scope: &Scope, companion: &Companion, order: &OrderId, hosts: &BTreeSet<String>) -> Result<Write, StoreError> {
    let mut one = found(desk, scope, desk.store.get(scope, PERSONA, companion.id.as_str())?)?;
    if held(desk, scope, &one)? != companion.label {
        return Err(StoreError::damaged("the circuit label of a persona"));
    }
    one.content.uses.push(Use { at: desk.now(), by: scope.actor().clone(), order: order.clone(), hosts: hosts.iter().cloned().collect() });
    let uses: Vec<Moment> = one.content.uses.iter().map(|one| one.at).collect();
    one.content.warnings.extend(companion.warnings.iter().cloned());
    one.content.warnings.extend(office_hours(&uses, &case::zone(desk, scope)?));
    let persona = one.content.persona.clone();
    one.write(desk, scope, persona)
}

/// Whether the officer still has it: asked while a capture runs (law 15).
///
/// # Errors
/// Law 15 when it was burned, returned or taken back.
pub(crate) fn still_out(desk: &Desk, scope: &Scope, id: &PersonaId) -> Result<(), StoreError> {
    let one = found(desk, scope, desk.store.get(scope, PERSONA, id.as_str())?)?;
    let error = match one.content.persona.label_for(scope.actor(), scope.case()) {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    Err(StoreError::refused(Law::Revocation, format!("the work was stopped: {}: {error}", one.label())))
}

/// The row that keeps what a capture withheld, as the child encrypted it: nobody opens it here.
pub(crate) fn keep_withheld(desk: &Desk, scope: &Scope, id: &PersonaId, exhibit: &str, sealed: &[u8]) -> Result<Write, StoreError> {
    let content = Sealed { kind: "withheld".into(), sealed: STANDARD.encode(sealed), persona: Some(id.clone()) };
    let draft = Draft::new(WITHHELD, format!("{exhibit}/withheld"), "sealed").under(exhibit);
    draft.found_by(PERSONA_INDEX, id.as_str()).write(scope, desk.now(), &content)
}

/// Opens what was withheld from an exhibit, for a court: values and salts, with what each proves.
///
/// # Errors
/// Law 1 for anybody but a supervisor; when nothing was withheld from it.
pub fn reveal(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, exhibit: &str, reason: &str) -> Result<Value, StoreError> {
    let row = admit::row(desk, scope, exhibit)?;
    let label = crate::exhibit_label(row.number.unwrap_or(0));
    if !permit.is_for(&intent_to_reveal(&label)?) {
        return Err(StoreError::refused(Law::Permit, "what was withheld is revealed under a permit to disclose that exhibit"));
    }
    if scope.role() != Role::Supervisor {
        let text = "only a supervisor reveals what was withheld for a persona".to_string();
        return Err(desk.store.refuse(scope, &Intent::to(Action::Disclose).aimed_at(label), Law::Permit, text)?);
    }
    let Some(kept) = desk.store.list_of(scope, WITHHELD, &row.id)?.into_iter().next() else {
        return Err(StoreError::input(format!("nothing was withheld from {label} for a persona")));
    };
    let kept: Sealed = kept.content()?;
    let id = kept.persona.as_ref().ok_or_else(|| StoreError::damaged("what was withheld for nobody"))?;
    let one = found(desk, scope, desk.store.get(scope, PERSONA, id.as_str())?)?;
    let secrets = withheld(&one.keys(session)?, &kept)?;
    let places = places(&row)?;
    let items: Vec<Value> = secrets.iter().map(|secret| revealed(secret, &places)).collect();
    let detail = json!({"exhibit": label, "values": items.len(), "reason": reason});
    desk.store.commit(scope, permit, NewEvent::new(EventType::PersonaRevealed, Some(row.id.clone()), detail), vec![])?;
    Ok(json!({
        "exhibit": label,
        "how": "SHA-256(salt, then value, as bytes) is the commitment that stands in the WARC record and in the capture record. \
                To rebuild a record's block as it came: at each place `at` (bytes from the block's beginning), take out `stands` bytes and put the value in, \
                those that are as long as their value first, the others from the last place to the first. The item `as-received` is the SHA-256 of the result of a response",
        "items": items,
    }))
}

/// Where each withheld value stands in its record, by its commitment, as the exhibit's capture record says.
fn places(exhibit: &Row) -> Result<BTreeMap<(String, String), Vec<u64>>, StoreError> {
    let record = exhibit.content::<ExhibitContent>()?.record.map(|mut record| record["record"].take());
    let record: Option<CaptureRecord> = record.map(serde_json::from_value).transpose().map_err(|_| StoreError::damaged("a capture record"))?;
    let withheld = record.into_iter().flat_map(|record| record.fetches).flat_map(|fetch| fetch.withheld);
    Ok(withheld.map(|one| ((one.record, one.commitment.hex()), one.at)).collect())
}

fn revealed(secret: &Secret, places: &BTreeMap<(String, String), Vec<u64>>) -> Value {
    let bytes = |digits: &str| hex::decode(digits).unwrap_or_default();
    let salt: [u8; 32] = bytes(&secret.salt).try_into().unwrap_or_default();
    let value = bytes(&secret.value);
    let commitment = Sha256Digest::commitment(&salt, &value).hex();
    let stands = if secret.field == REPEATED { value.len() } else { PLACEHOLDER };
    let mut item = json!({"record": secret.record, "field": secret.field, "salt": secret.salt, "value": secret.value, "text": String::from_utf8(value).ok(), "commitment": commitment});
    if let Some(at) = places.get(&(secret.record.clone(), commitment)) {
        item["at"] = json!(at);
        item["stands"] = json!(stands);
    }
    item
}

/// What a supervisor asks for before he reveals.
///
/// # Errors
/// When this is no number of an exhibit.
pub fn intent_to_reveal(exhibit: &str) -> Result<Intent, StoreError> {
    Ok(Intent::to(Action::Disclose).aimed_at(crate::exhibit_label(parse_label(exhibit, 'E')?)))
}

/// What is said of a capture from which something was withheld.
pub(crate) fn in_words(record: &CaptureRecord) -> Option<String> {
    let (places, rows) = (count_of(record, |_| true), count_of(record, |field| field == REPEATED));
    record.withheld.is_some().then(|| format!("{WITHHELD_WORD}: it was captured with a session, whose secrets are kept out of it: a commitment stands in {places} places, in {rows} of them a row of stars covers what the server sent; `lanternfish persona reveal` opens them for a court"))
}

/// In how many places of what was captured something is withheld.
fn count_of(record: &CaptureRecord, of: impl Fn(&str) -> bool) -> usize {
    record.fetches.iter().flat_map(|fetch| &fetch.withheld).filter(|one| of(&one.field)).map(|one| one.at.len()).sum()
}

/// How this remark begins.
const WITHHELD_WORD: &str = "WITHHELD";

/// What a package says of captures from which something was withheld.
pub(crate) fn limits(facts: &Facts) -> Vec<String> {
    let shown = facts.exhibits.iter().filter(|view| !view.content.class.is_restricted());
    let said = |view: &admit::ExhibitView| view.content.findings.iter().any(|remark| remark.starts_with(WITHHELD_WORD));
    let rows = |view: &admit::ExhibitView| {
        let record = view.content.record.as_ref().and_then(|held| serde_json::from_value::<CaptureRecord>(held["record"].clone()).ok());
        record.map_or(0, |record| count_of(&record, |field| field == REPEATED))
    };
    let covered = |rows| match rows {
        0 => String::new(),
        rows => format!("; in {rows} places a row of stars covers what the server sent, so its bytes are not those of the page there, and a list of known hashes cannot hold them"),
    };
    let limit = |view: &admit::ExhibitView| format!("{} was captured with a session: its cookies are withheld, each behind a commitment in the capture record{}; `lanternfish persona reveal` opens them for a court", view.exhibit, covered(rows(view)));
    shown.filter(|view| said(view)).map(limit).collect()
}

// ---- what makes it easy to recognise

/// Other personas with one of these values: in this case by number, in the officer's other cases by the case. Only cases
/// that are his and where he may ask are asked, and each asking is an event there.
fn same(desk: &Desk, session: &Session, scope: &Scope, kind: &str, index: &str, values: &BTreeSet<String>, warn: &dyn Fn(String) -> Warning) -> Result<BTreeSet<Warning>, StoreError> {
    let mut warnings = BTreeSet::new();
    for value in values {
        for row in desk.store.find(scope, kind, index, value)? {
            let persona = desk.store.get(scope, PERSONA, row.parent.as_deref().unwrap_or(""))?;
            warnings.insert(warn(persona_label(persona.number.unwrap_or(0))));
        }
    }
    for (case, other, permit) in own_cases(desk, session, scope)?.0 {
        let mut hit = false;
        for value in values {
            hit |= !desk.store.find(&other, kind, index, value)?.is_empty();
        }
        asked(desk, &other, &permit)?;
        if hit {
            warnings.insert(warn(format!("a persona of the case {case}")));
        }
    }
    Ok(warnings)
}

/// Hosts that are visited in another case of this officer too.
fn met_elsewhere(desk: &Desk, session: &Session, scope: &Scope, hosts: &BTreeSet<String>) -> Result<BTreeSet<Warning>, StoreError> {
    let mut warnings = BTreeSet::new();
    for (case, other, permit) in own_cases(desk, session, scope)?.0 {
        let visited = crate::capture::hosts_visited(desk, &other)?;
        asked(desk, &other, &permit)?;
        warnings.extend(hosts.intersection(&visited).map(|host| Warning::OtherCase { host: host.clone(), case: case.clone() }));
    }
    Ok(warnings)
}

fn asked(desk: &Desk, other: &Scope, permit: &Permit) -> Result<(), StoreError> {
    let detail = json!({"compared": "whether a persona of the same officer can be recognised here"});
    desk.store.commit(other, permit, NewEvent::new(EventType::PersonaConsulted, None, detail), vec![]).map(|_| ())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    fn check(lines: &[&str], expected: Option<&str>) {
        let mut jar = Jar::default();
        let now = "2026-11-26T04:00:00Z".parse().unwrap();
        lines.iter().for_each(|line| jar.take(line, now));
        assert_eq!(jar.header().as_deref(), expected, "{lines:?}");
    }

    #[test]
    fn a_jar_goes_on_and_lets_go_what_ended() {
        check(&[], None);
        check(&["a=1", "b=2"], Some("a=1; b=2"));
        check(&["a=1; Path=/; HttpOnly", "b=2", "a=3"], Some("b=2; a=3"));
        check(&["a=1", "a=; Max-Age=0"], None);
        check(&["a=1", "a=x; max-age=-5", "b=2; Max-Age=60"], Some("b=2"));
        check(&["a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "b=2; expires=Thu, 26-Nov-2026 03:59:59 GMT", "c=3; Expires=Thu, 26 Nov 2026 04:00:01 GMT"], Some("c=3"));
        check(&["a=1", &format!("b={}", "x".repeat(5_000))], Some("a=1"));
        let many: Vec<String> = (0..60).map(|n| format!("c{n}=1")).collect();
        let last: Vec<&str> = many[10..].iter().map(String::as_str).collect();
        check(&many.iter().map(String::as_str).collect::<Vec<_>>(), Some(&last.join("; ")));
        check(&["a=1; Expires=some day", "no pair", "=x", "a b=1", "c=two words", "\u{e9}=1"], Some("a=1"));
    }
}
