//! Second factors: what a person shows at a login beside his passphrase, and who must have one.
//!
//! The secret of an authenticator is sealed to the person's own key, so neither the node nor the administrator can make
//! his codes; a code is judged after his passphrase opened that key. What a step used up (a code, a recovery code) is
//! written in the step's own commit, over the version that was read: of two logins with one code, one is refused. Wrong
//! codes are counted in the same row, so that all servers of one database count together. It refuses to tell a secret a
//! second time, and a change of factors by whoever cannot show one.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD}};
use model::{Law, Moment, Sha256Digest, actor::Role, authorize::NodeStep, event::EventType, id::ActorId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    StoreError,
    log::NewEvent,
    passkey_door::NewDoor,
    people::User,
    record::{Basis, Content, Head, Number, Write},
    session::Session,
    steps::Store,
    vault::{
        passkey,
        secret::{SecretBytes, random_16},
        totp,
        wrap::{Identity, unwrap, wrap_to},
    },
};

/// Kind of the row that holds a person's factors; its id is his.
const FACTORS: &str = "factors";
/// Kind and id of the row that says who must have one.
const POLICY: &str = "factor-policy";
/// Wrong codes of six digits within [`SPAN_SECONDS`] after which no six digits are judged.
const MOST_WRONG: usize = 5;
const SPAN_SECONDS: i64 = 300;
/// Wrong codes of six digits since the last right factor after which no six digits are judged, however slowly they come.
const MOST_MISSES: u32 = 20;
/// How often a step is taken again that met another one.
const MOST_AGAIN: usize = 3;
/// Authenticators of one person.
const MOST_APPS: usize = 5;
/// Passkeys of one person.
const MOST_KEYS: usize = 10;
const RECOVERY_CODES: usize = 10;
const LONGEST_LABEL: usize = 60;
const DAY_SECONDS: i64 = 86_400;

/// The factors of a person, as his row holds them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Factors {
    #[serde(default)]
    apps: Vec<App>,
    #[serde(default)]
    passkeys: Vec<Key>,
    /// Digests of recovery codes that were not used yet.
    #[serde(default)]
    recovery: Vec<String>,
    /// When wrong codes of six digits were typed.
    #[serde(default)]
    wrong: Vec<Moment>,
    /// How many of them since a right factor was shown.
    #[serde(default)]
    misses: u32,
    /// Wrong codes, recovery codes too, since the last login.
    #[serde(default)]
    untold: u32,
    /// What that number was at the last login, to be told there.
    #[serde(default)]
    told: u32,
    /// When an administrator took all of them away: the days to add one are counted anew.
    #[serde(default)]
    reset: Option<Moment>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct App {
    id: String,
    label: String,
    since: Moment,
    /// The secret, to the person's own key, base64.
    sealed: String,
    /// The last step whose code was used; none while it waits for its first code.
    last: Option<i64>,
}

/// A passkey: the public half, for one site.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Key {
    id: String,
    label: String,
    since: Moment,
    /// Host for which the authenticator keeps it.
    site: String,
    /// The authenticator's name for it, base64url.
    credential: String,
    /// The public key, a point, hexadecimal.
    point: String,
    counter: u32,
}

/// What a browser brought of a passkey: base64url without padding, but for the origin.
#[derive(Debug, Clone, Default)]
pub struct PasskeyAnswer {
    /// Scheme, host and port by which the browser called the server, as the server knows them.
    pub origin: String,
    /// The question; whoever asked it knows that it was asked once.
    pub challenge: String,
    /// The authenticator's name for its key; empty when one was made.
    pub id: String,
    /// What the browser says of itself, JSON.
    pub client: String,
    /// The authenticator's data.
    pub data: String,
    /// Its signature; empty when a key was made.
    pub signature: String,
}

/// What is shown as a second factor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Second<'a> {
    /// A code of an authenticator, or a recovery code.
    pub code: Option<&'a str>,
    /// The answer of a passkey.
    pub passkey: Option<&'a PasskeyAnswer>,
}

impl<'a> Second<'a> {
    /// A code.
    pub fn code(code: Option<&'a str>) -> Second<'a> {
        Second { code, passkey: None }
    }
}

impl Factors {
    fn live(&self) -> impl Iterator<Item = &App> {
        self.apps.iter().filter(|app| app.last.is_some())
    }

    fn any(&self) -> bool {
        self.live().next().is_some() || !self.passkeys.is_empty()
    }
}

/// A person's factors with the version of their row.
pub(crate) struct Held {
    factors: Factors,
    version: Option<i64>,
}

impl Held {
    /// At a login: the wrong codes since the one before are told now.
    pub(crate) fn at_login(mut self) -> Held {
        self.factors.told = std::mem::take(&mut self.factors.untold);
        self
    }
}

/// Who must have a second factor.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Policy {
    /// Which roles; none for all.
    roles: Option<Vec<Role>>,
    /// Days to add one.
    days: i64,
}

/// One factor, as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactorView {
    /// Its name for steps.
    pub factor: String,
    /// `authenticator`, `passkey` or `recovery-codes`.
    pub kind: &'static str,
    /// What its person calls it.
    pub label: String,
    /// `live`, or `waiting` for its first code.
    pub state: &'static str,
    /// When it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
    /// Codes that were not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<usize>,
    /// Of a passkey: whether it opens a session alone, without the passphrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alone: Option<bool>,
}

/// A new authenticator; its secret is told here and never again.
pub struct NewApp {
    /// Its name for steps.
    pub factor: String,
    /// The secret, base32.
    pub secret: String,
    /// The same as authenticators read it from a picture (`otpauth://`).
    pub uri: String,
}

impl Store {
    /// The factors of the person of this session.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn factors(&self, session: &Session) -> Result<Vec<FactorView>, StoreError> {
        let held = self.held(&session.actor)?.factors;
        let doors = self.live_doors(&session.actor)?;
        let alone = |key: &Key| plain(&key.credential).is_ok_and(|name| doors.contains(&self.door(&session.actor, &name).lookup()));
        let app = |app: &App| FactorView { factor: app.id.clone(), kind: "authenticator", label: app.label.clone(), state: if app.last.is_some() { "live" } else { "waiting" }, since: Some(app.since), left: None, alone: None };
        let codes = held.any().then(|| FactorView { factor: "recovery-codes".into(), kind: "recovery-codes", label: String::new(), state: "live", since: None, left: Some(held.recovery.len()), alone: None });
        let key = |key: &Key| FactorView { factor: key.id.clone(), kind: "passkey", label: key.label.clone(), state: "live", since: Some(key.since), left: None, alone: Some(alone(key)) };
        Ok(held.apps.iter().map(app).chain(held.passkeys.iter().map(key)).chain(codes).collect())
    }

    /// Everyone who has a second factor.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn have_factors(&self) -> Result<BTreeSet<String>, StoreError> {
        let rows = self.register(FACTORS)?;
        let mut all = BTreeSet::new();
        for row in &rows {
            if row.content::<Factors>()?.any() {
                all.insert(row.id.clone());
            }
        }
        Ok(all)
    }

    /// Whether this person shows a second factor at a login.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn has_factor(&self, actor: &ActorId) -> Result<bool, StoreError> {
        Ok(self.held(actor)?.factors.any())
    }

    /// How many wrong codes were typed for a person between his last login and the one before.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn wrong_codes_before_login(&self, session: &Session) -> Result<u32, StoreError> {
        let held = self.held(&session.actor)?.factors;
        Ok(if held.any() { held.told } else { 0 })
    }

    /// Draws the secret of a new authenticator; it counts from its first code on ([`Store::confirm_authenticator`]). Who has
    /// a factor already shows it.
    ///
    /// # Errors
    /// Law 13 without a code of a factor that there is; [`StoreError::Input`] for a label that is none.
    pub fn add_authenticator(&self, session: &Session, label: &str, code: Option<&str>) -> Result<NewApp, StoreError> {
        let label = good_label(label)?;
        let (mut held, _) = self.shown(&session.actor, session.identity()?, Second::code(code))?;
        // One that waited for its first code waits no longer.
        held.factors.apps.retain(|app| app.last.is_some());
        if held.factors.apps.len() >= MOST_APPS {
            return Err(StoreError::input(format!("you have {MOST_APPS} authenticators: remove one first (`lanternfish user factor remove`)")));
        }
        let secret = SecretBytes::new([random_16()?.as_slice(), &random_16()?[..4]].concat());
        let sealed = STANDARD.encode(wrap_to(&[session.recipient()?], &secret)?);
        let id = hex::encode(&random_16()?[..4]);
        held.factors.apps.push(App { id: id.clone(), label: label.into(), since: self.now(), sealed, last: None });
        let event = NewEvent::new(EventType::FactorBegun, Some(session.actor.to_string()), json!({"factor": id, "kind": "authenticator"}));
        self.commit_node(Some(session), NodeStep::OwnSession, event, vec![self.factors_write(&session.actor, held)?])?;
        let secret = totp::base32(&secret);
        let uri = uri(&self.config().agency, session.name(), &secret);
        Ok(NewApp { factor: id, secret, uri })
    }

    /// The first code of a new authenticator: from now on it is shown at each login. Gives recovery codes when there were
    /// none: they are told here and never again. The first factor ends the person's other sessions: they were opened without.
    ///
    /// # Errors
    /// [`StoreError::Input`] when none waits or the code does not fit.
    pub fn confirm_authenticator(&self, session: &Session, code: &str) -> Result<Vec<String>, StoreError> {
        let mut held = self.held(&session.actor)?;
        let ended = self.opened_without(session, &held)?;
        let app = held.factors.apps.iter_mut().find(|app| app.last.is_none()).ok_or_else(|| StoreError::input("there is no authenticator that waits for its first code: begin with `lanternfish user factor add`"))?;
        let secret = secret_of(app, session.identity()?)?;
        let step = digits(code).and_then(|typed| totp::step_of(&secret, typed, self.now(), None));
        app.last = Some(step.ok_or_else(|| StoreError::input("this code does not fit: type the six digits that your authenticator shows now; if it happens again, let it and this machine set their clocks"))?);
        let detail = json!({"factor": app.id, "kind": "authenticator", "sessions-ended": ended.len()});
        let codes = if held.factors.recovery.is_empty() { recovery_codes()? } else { vec![] };
        held.factors.recovery.extend(codes.iter().map(|code| code_digest(&session.actor, code)));
        let event = NewEvent::new(EventType::FactorAdded, Some(session.actor.to_string()), detail);
        let writes = std::iter::once(self.factors_write(&session.actor, held)?).chain(ended).collect();
        self.commit_node(Some(session), NodeStep::OwnSession, event, writes)?;
        Ok(codes)
    }

    /// Keeps a passkey that a browser made: it is shown at a login instead of a code, and with a door it opens a session alone.
    /// Who has a factor already shows it. Gives recovery codes when there were none. The first factor ends the person's other
    /// sessions.
    ///
    /// # Errors
    /// Law 13 without a code of a factor that there is, or with a wrong passphrase for the door; [`StoreError::Input`] for an
    /// answer that is no passkey.
    pub fn add_passkey(&self, session: &Session, label: &str, answer: &PasskeyAnswer, code: Option<&str>, door: Option<&NewDoor<'_>>) -> Result<Vec<String>, StoreError> {
        let label = good_label(label)?;
        let (mut held, _) = self.shown(&session.actor, session.identity()?, Second::code(code))?;
        if held.factors.passkeys.len() >= MOST_KEYS {
            return Err(StoreError::input(format!("you have {MOST_KEYS} passkeys: remove one first (`lanternfish user factor remove`)")));
        }
        let ended = self.opened_without(session, &held)?;
        let asked = answer.asked();
        let made = passkey::made(asked, &plain(&answer.client)?, &plain(&answer.data)?).map_err(|why| StoreError::input(format!("this is no passkey that can be kept: {why}; try again, or use another authenticator")))?;
        let credential = URL_SAFE_NO_PAD.encode(&made.id);
        let id = hex::encode(&random_16()?[..4]);
        // An authenticator that makes a second key for the same person has forgotten the first.
        held.factors.passkeys.retain(|key| key.credential != credential);
        let doors = match door {
            Some(door) => vec![self.door_write(session, &made.id, door)?],
            None => self.doors_end(&session.actor, Some(&credential))?,
        };
        let key = Key { id: id.clone(), label: label.into(), since: self.now(), site: asked.site().unwrap_or_default().into(), credential, point: hex::encode(&made.point), counter: made.counter };
        held.factors.passkeys.push(key);
        let codes = if held.factors.recovery.is_empty() { recovery_codes()? } else { vec![] };
        held.factors.recovery.extend(codes.iter().map(|code| code_digest(&session.actor, code)));
        let event = NewEvent::new(EventType::FactorAdded, Some(session.actor.to_string()), json!({"factor": id, "kind": "passkey", "alone": door.is_some(), "sessions-ended": ended.len()}));
        let writes = std::iter::once(self.factors_write(&session.actor, held)?).chain(ended).chain(doors).collect();
        self.commit_node(Some(session), NodeStep::OwnSession, event, writes)?;
        Ok(codes)
    }

    /// Removes one of one's own factors; a factor is shown for it. With the last one the recovery codes go.
    ///
    /// # Errors
    /// Law 13 without a right code, or when the role must keep one.
    pub fn remove_factor(&self, session: &Session, factor: &str, code: Option<&str>) -> Result<(), StoreError> {
        let (mut held, _) = self.shown(&session.actor, session.identity()?, Second::code(code))?;
        let count = |factors: &Factors| factors.apps.len() + factors.passkeys.len();
        let before = count(&held.factors);
        held.factors.apps.retain(|app| app.id != factor);
        let gone: Vec<Key> = held.factors.passkeys.extract_if(.., |key| key.id == factor).collect();
        if count(&held.factors) == before {
            return Err(StoreError::input(format!("there is no factor {factor} of yours: see `lanternfish user factor list`", factor = model::quoted(factor))));
        }
        if !held.factors.any() {
            if self.policy_for(session.role)?.is_some() {
                return Err(StoreError::refused(Law::Separation, "your role needs a second factor: add another one first, then remove this one"));
            }
            held.factors.recovery.clear();
        }
        let event = NewEvent::new(EventType::FactorRemoved, Some(session.actor.to_string()), json!({"factor": factor}));
        let mut writes = vec![self.factors_write(&session.actor, held)?];
        for key in &gone {
            writes.extend(self.doors_end(&session.actor, Some(&key.credential))?);
        }
        self.commit_node(Some(session), NodeStep::OwnSession, event, writes).map(drop)
    }

    /// New recovery codes; those of before open nothing any more.
    ///
    /// # Errors
    /// Law 13 without a right code; [`StoreError::Input`] when there is no factor.
    pub fn new_recovery_codes(&self, session: &Session, code: Option<&str>) -> Result<Vec<String>, StoreError> {
        let (mut held, _) = self.shown(&session.actor, session.identity()?, Second::code(code))?;
        if !held.factors.any() {
            return Err(StoreError::input("there is no second factor of yours to recover: begin with `lanternfish user factor add`"));
        }
        let codes = recovery_codes()?;
        held.factors.recovery = codes.iter().map(|code| code_digest(&session.actor, code)).collect();
        let event = NewEvent::new(EventType::FactorAdded, Some(session.actor.to_string()), json!({"kind": "recovery-codes"}));
        self.commit_node(Some(session), NodeStep::OwnSession, event, vec![self.factors_write(&session.actor, held)?])?;
        Ok(codes)
    }

    /// The person's other sessions, when he had no factor until now: they were opened without one, perhaps by another.
    fn opened_without(&self, session: &Session, held: &Held) -> Result<Vec<Write>, StoreError> {
        if held.factors.any() { Ok(vec![]) } else { self.sessions_end(&session.actor, Some(session)) }
    }

    /// Takes all factors of a person away who cannot show one any more, and ends his sessions: whoever has one now would
    /// add a factor of his own. Never one's own: whoever has a person's token would
    /// else be rid of his factor.
    ///
    /// # Errors
    /// Law 13 when the role may not, or for oneself.
    pub fn reset_factors(&self, session: &Session, user: &User, reason: &str) -> Result<(), StoreError> {
        if user.actor == session.actor {
            return Err(StoreError::refused(Law::Separation, "nobody resets his own factors: show one and remove it (`lanternfish user factor remove`), or let another administrator reset them"));
        }
        let held = self.held(&user.actor)?;
        let bare = Held { factors: Factors { reset: Some(self.now()), ..Factors::default() }, version: held.version };
        let ended = self.sessions_end(&user.actor, None)?;
        let event = NewEvent::new(EventType::FactorsReset, Some(user.actor.to_string()), json!({"reason": reason, "sessions-ended": ended.len()}));
        let doors = self.doors_end(&user.actor, None)?;
        let writes = std::iter::once(self.factors_write(&user.actor, bare)?).chain(ended).chain(doors).collect();
        self.commit_node(Some(session), NodeStep::ManageUsers, event, writes).map(drop)
    }

    /// Says which roles need a second factor, and within how many days; no days: nobody needs one any more.
    ///
    /// # Errors
    /// Law 13 when the role may not; without a session once set-up is over.
    pub fn require_factors(&self, session: Option<&Session>, roles: Option<Vec<Role>>, days: Option<u16>) -> Result<(), StoreError> {
        if session.is_none() && !self.in_setup()? {
            return Err(StoreError::refused(Law::Separation, "set-up is over: an administrator says in his own session who needs a second factor"));
        }
        let before = self.register_one(POLICY, POLICY)?;
        let policy = Policy { roles, days: days.map_or(0, i64::from) };
        let content = serde_json::to_value(&policy).map_err(|e| StoreError::damaged(e.to_string()))?;
        let head = Head { kind: POLICY, id: POLICY.into(), case: None, parent: None, number: Number::None, state: if days.is_some() { "live" } else { "ended" }.into(), actor: None, time: self.now() };
        let write = Write { head, content: Content::Json(content.clone()), index: vec![], basis: before.map_or(Basis::New, |row| Basis::Over(row.version)) };
        let event = NewEvent::new(EventType::FactorPolicySet, None, json!({"policy": days.map(|_| content)}));
        self.commit_node(session, NodeStep::ManageUsers, event, vec![write]).map(drop)
    }

    /// Until when the person of this session must add a factor, when he must and has none.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn factor_due(&self, session: &Session) -> Result<Option<Moment>, StoreError> {
        let Some((policy, since)) = self.policy_for(session.role)? else { return Ok(None) };
        let held = self.held(&session.actor)?.factors;
        if held.any() {
            return Ok(None);
        }
        let entered = self.user(&session.actor)?.since;
        let from = [Some(since), Some(entered), held.reset].into_iter().flatten().max().unwrap_or(since);
        Ok(Some(from.plus_seconds(policy.days * DAY_SECONDS)))
    }

    /// Refuses a session in which nothing but adding a factor is left to do.
    pub(crate) fn factor_is_there(&self, session: &Session) -> Result<(), StoreError> {
        match self.factor_due(session)? {
            Some(due) if self.now() >= due => Err(StoreError::refused(
                Law::Separation,
                format!("the role {} needs a second factor since {due}: add one first (`lanternfish user factor add`; in the workspace: My account)", session.role),
            )),
            _ => Ok(()),
        }
    }

    fn policy_for(&self, role: Role) -> Result<Option<(Policy, Moment)>, StoreError> {
        let Some(row) = self.register_one(POLICY, POLICY)?.filter(|row| row.state == "live") else { return Ok(None) };
        let policy: Policy = row.content()?;
        let covers = policy.roles.as_ref().is_none_or(|roles| roles.contains(&role));
        Ok(covers.then_some((policy, row.time)))
    }

    fn held(&self, actor: &ActorId) -> Result<Held, StoreError> {
        let row = self.register_one(FACTORS, actor.as_str())?;
        let factors = row.as_ref().map(|row| row.content()).transpose()?.unwrap_or_default();
        Ok(Held { factors, version: row.map(|row| row.version) })
    }

    /// Judges what was shown as a second factor: gives the factors with it used up, to be written with the step that it was
    /// shown for, and which kind it was. Nothing is asked of a person who has none.
    pub(crate) fn shown(&self, actor: &ActorId, identity: &Identity, second: Second<'_>) -> Result<(Held, Option<&'static str>), StoreError> {
        anew(|| self.judged(actor, identity, second))
    }

    /// The same once: [`StoreError::Conflict`] when another login changed the factors meanwhile.
    pub(crate) fn judged(&self, actor: &ActorId, identity: &Identity, second: Second<'_>) -> Result<(Held, Option<&'static str>), StoreError> {
        let mut held = self.held(actor)?;
        if !held.factors.any() {
            return Ok((held, None));
        }
        let now = self.now();
        let second = Second { code: second.code.filter(|code| !code.trim().is_empty()), ..second };
        if second.code.is_none() && second.passkey.is_none() {
            return Err(self.factor_refused(actor, "no code", None, "your account has a second factor: give a code too (--second-factor CODE at a login, --code CODE otherwise): the six digits of your authenticator, or a recovery code; a passkey is shown in the workspace"));
        }
        held.factors.wrong.retain(|wrong| wrong.plus_seconds(SPAN_SECONDS) > now);
        // Only six digits can be guessed: who wears them out keeps nobody from his recovery codes and passkeys.
        let guessable = second.passkey.is_none() && second.code.and_then(digits).is_some();
        if guessable && held.factors.misses >= MOST_MISSES {
            return Err(self.factor_refused(actor, "too many wrong codes", None, "twenty wrong codes were typed since your last right one: six digits are not looked at any more; use a recovery code or a passkey, or ask the administrator for a reset; if you did not type them, somebody knows your passphrase: ask for a new enrolment (user reset)"));
        }
        if guessable && held.factors.wrong.len() >= MOST_WRONG {
            return Err(self.factor_refused(actor, "too many wrong codes", None, "too many wrong codes: wait five minutes, then try again; a recovery code or a passkey opens now; if you lost your authenticator, use a recovery code, or ask the administrator for a reset"));
        }
        if let Some(kind) = held.factors.use_up(actor, identity, second, now)? {
            held.factors.right_was_shown();
            return Ok((held, Some(kind)));
        }
        if guessable {
            held.factors.wrong.push(now);
            held.factors.misses = held.factors.misses.saturating_add(1);
        }
        if second.passkey.is_none() {
            held.factors.untold = held.factors.untold.saturating_add(1);
        }
        let write = self.factors_write(actor, held)?;
        Err(self.factor_refused(actor, "wrong code", Some(write), "the code of the second factor is wrong or was used already: wait for the next one, or use a recovery code"))
    }

    /// Judges a passkey that is shown alone: it stands for two factors, so its authenticator must have known its person. Gives
    /// the factors with it used up, or in a word why not.
    pub(crate) fn judged_alone(&self, actor: &ActorId, answer: &PasskeyAnswer) -> Result<Result<Held, &'static str>, StoreError> {
        let mut held = self.held(actor)?;
        Ok(match held.factors.moves_on(answer) {
            None => Err("a wrong answer"),
            Some(false) => Err("the authenticator did not know its person"),
            Some(true) => {
                held.factors.right_was_shown();
                Ok(held)
            }
        })
    }

    /// The refusal, as an event.
    fn factor_refused(&self, actor: &ActorId, reason: &str, write: Option<Write>, text: &str) -> StoreError {
        let event = NewEvent::new(EventType::FactorRefused, Some(actor.to_string()), json!({"reason": reason}));
        match self.commit_node(None, NodeStep::OwnSession, event, write.into_iter().collect()) {
            Ok(_) => StoreError::refused(Law::Separation, text),
            Err(error) => error,
        }
    }

    /// The row with these factors.
    pub(crate) fn factors_write(&self, actor: &ActorId, held: Held) -> Result<Write, StoreError> {
        let head = Head { kind: FACTORS, id: actor.to_string(), case: None, parent: None, number: Number::None, state: "held".into(), actor: Some(actor.clone()), time: self.now() };
        let content = Content::Json(serde_json::to_value(&held.factors).map_err(|e| StoreError::damaged(e.to_string()))?);
        Ok(Write { head, content, index: vec![], basis: held.version.map_or(Basis::New, Basis::Over) })
    }

    /// The rows of a person whose keys end: his factors were sealed to them, and his passkeys opened them.
    pub(crate) fn factors_end(&self, actor: &ActorId) -> Result<Vec<Write>, StoreError> {
        let held = self.held(actor)?;
        let mut writes = self.doors_end(actor, None)?;
        if held.version.is_some() {
            writes.push(self.factors_write(actor, Held { factors: Factors::default(), version: held.version })?);
        }
        Ok(writes)
    }

}

impl Factors {
    /// Finds what this is of and uses it up.
    fn use_up(&mut self, actor: &ActorId, identity: &Identity, second: Second<'_>, now: Moment) -> Result<Option<&'static str>, StoreError> {
        if let Some(answer) = second.passkey {
            return Ok(self.moves_on(answer).map(|_| "passkey"));
        }
        let code = second.code.unwrap_or_default();
        if let Some(typed) = digits(code) {
            for app in self.apps.iter_mut().filter(|app| app.last.is_some()) {
                if let Some(step) = totp::step_of(&secret_of(app, identity)?, typed, now, app.last) {
                    app.last = Some(step);
                    return Ok(Some("authenticator"));
                }
            }
            return Ok(None);
        }
        let digest = code_digest(actor, code);
        let at = self.recovery.iter().position(|kept| *kept == digest);
        Ok(at.map(|at| {
            self.recovery.remove(at);
            "recovery-code"
        }))
    }
}

impl Factors {
    /// After a right factor wrong codes are counted anew.
    fn right_was_shown(&mut self) {
        self.wrong.clear();
        self.misses = 0;
    }

    /// Judges the answer of a passkey, and moves its counter on. Gives whether its authenticator knew its person.
    fn moves_on(&mut self, answer: &PasskeyAnswer) -> Option<bool> {
        let asked = answer.asked();
        let key = self.passkeys.iter_mut().find(|key| key.credential == answer.id && Some(key.site.as_str()) == asked.site())?;
        let (client, data, signature) = (plain(&answer.client).ok()?, plain(&answer.data).ok()?, plain(&answer.signature).ok()?);
        let shown = passkey::shown(asked, &hex::decode(&key.point).ok()?, key.counter, &client, &data, &signature).ok()?;
        key.counter = shown.counter;
        Some(shown.verified)
    }
}

impl PasskeyAnswer {
    fn asked(&self) -> passkey::Asked<'_> {
        passkey::Asked { origin: &self.origin, challenge: &self.challenge }
    }
}

/// Takes a step again when another one changed the same row meanwhile: two logins at once are no fault of either.
pub(crate) fn anew<T>(step: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let once = |_| match step() {
        Err(StoreError::Conflict) => None,
        done => Some(done),
    };
    (0..MOST_AGAIN).find_map(once).unwrap_or_else(&step)
}

pub(crate) fn plain(text: &str) -> Result<Vec<u8>, StoreError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| StoreError::input("the browser sent something that is no base64url: try again"))
}

fn good_label(label: &str) -> Result<&str, StoreError> {
    let label = label.trim();
    if label.is_empty() || label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control) {
        return Err(StoreError::input(format!("a name of a factor has 1 to {LONGEST_LABEL} visible characters")));
    }
    Ok(label)
}

fn secret_of(app: &App, identity: &Identity) -> Result<SecretBytes, StoreError> {
    let sealed = STANDARD.decode(&app.sealed).map_err(|_| StoreError::damaged("the secret of an authenticator"))?;
    Ok(unwrap(identity, &sealed)?)
}

/// The number that six digits write, blanks left out, in the digits of a Lao, Thai, Burmese or Khmer keyboard too.
fn digits(code: &str) -> Option<u32> {
    const ZEROS: [u32; 5] = [0x30, 0xE50, 0xED0, 0x1040, 0x17E0];
    let digit = |sign: char| ZEROS.iter().find_map(|zero| u32::from(sign).checked_sub(*zero).filter(|digit| *digit < 10));
    let typed: Vec<u32> = code.chars().filter(|sign| !sign.is_whitespace()).map(digit).collect::<Option<_>>()?;
    (typed.len() == totp::DIGITS as usize).then(|| typed.iter().fold(0, |number, digit| number * 10 + digit))
}

/// Codes of eighty random bits each: nobody finds one by trying, so a digest keeps them.
fn recovery_codes() -> Result<Vec<String>, StoreError> {
    let code = || {
        let letters = totp::base32(&random_16()?[..10]).to_lowercase();
        let groups: Vec<&str> = (0..4).map(|group| &letters[group * 4..group * 4 + 4]).collect();
        Ok(groups.join("-"))
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// Hyphens, blanks and capitals do not count, so that a code can be read aloud.
fn code_digest(actor: &ActorId, code: &str) -> String {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    Sha256Digest::of(format!("{actor}/{letters}").as_bytes()).hex()
}

/// What authenticators read from a picture.
fn uri(agency: &str, name: &str, secret: &str) -> String {
    let quoted = |text: &str| text.bytes().map(|byte| if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect::<String>();
    let (agency, name) = (quoted(agency), quoted(name));
    format!("otpauth://totp/{agency}:{name}?secret={secret}&issuer={agency}&algorithm=SHA1&digits={}&period={}", totp::DIGITS, totp::STEP_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_of_any_keyboard_are_a_number() {
        for (typed, number) in [("012345", Some(12_345)), (" 012 345 ", Some(12_345)), ("໐໑໒໓໔໕", Some(12_345)), ("๐๑๒๓๔๕", Some(12_345)), ("01234", None), ("0123456", None), ("abcdef", None), ("", None)] {
            assert_eq!(digits(typed), number, "{typed}");
        }
    }

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        let actor = ActorId::from_random([7; 16]);
        let codes = recovery_codes().unwrap();
        assert_eq!((codes.len(), codes[0].len()), (RECOVERY_CODES, 19));
        let typed = codes[0].replace('-', " ").to_uppercase();
        assert_eq!(code_digest(&actor, &codes[0]), code_digest(&actor, &typed));
        assert_ne!(code_digest(&actor, &codes[0]), code_digest(&ActorId::from_random([8; 16]), &codes[0]), "another person's code is another");
    }
}
