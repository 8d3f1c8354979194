//! People of the node: entering them, their first login, sessions, and the keys of cases wrapped to
//! each of them. A case key is wrapped to members and to the recovery set, never to the node (law 13).

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    Law, Moment,
    actor::Role,
    authorize::NodeStep,
    event::EventType,
    id::{ActorId, CaseId},
};
use serde_json::json;
use unicode_normalization::UnicodeNormalization;

use crate::{
    StoreError,
    factor::{Held, Second, anew},
    log::NewEvent,
    permit::Scope,
    record::{Basis, Content, Head, Number, Row, Write},
    session::{Bundle, Keys, Session, UserRecord, open_bundle, parse_token, pkcs8, token_text},
    sql::{self, Sight, Val},
    steps::Store,
    vault::{
        case_key::{CaseKeys, KeyRing, RetiredKey},
        secret::{SecretBytes, random_16, random_32},
        session_key::{open_under_token, seal_under_token, token_lookup},
        wrap::{Identity, Recipient, open_with_passphrase, seal_with_passphrase, wrap_to},
    },
};

/// Kind of a key wrap row.
pub(crate) const KEY_WRAP: &str = "key-wrap";
/// Kind of a retired key row.
pub(crate) const RETIRED: &str = "retired-key";
/// The holder name of wraps for the recovery set.
pub(crate) const RECOVERY: &str = "recovery";
/// Kind of a row that says who confirmed which recovery set.
const TRUST: &str = "recovery-trust";
const MIN_PASSPHRASE: usize = 10;

/// What a first login shows, and from where it comes.
#[derive(Debug, Clone, Copy, Default)]
pub struct First<'a> {
    /// The one-time code.
    pub code: Option<&'a str>,
    /// Whether it comes over the network: then a code must have been made, or whoever reaches the port enrols in another's place.
    pub from_afar: bool,
}

impl<'a> First<'a> {
    /// At this machine.
    pub fn here(code: Option<&'a str>) -> First<'a> {
        First { code, from_afar: false }
    }
}

/// A person of the register.
#[derive(Debug, Clone)]
pub struct User {
    /// Who, as the ledger knows him.
    pub actor: ActorId,
    /// What the register says.
    pub record: UserRecord,
    /// `waiting`, `active` or `revoked`.
    pub state: String,
    /// Version of the row.
    pub version: i64,
    /// When the register last changed: of an active person, his first login.
    pub since: Moment,
}

impl User {
    /// Sixteen hexadecimal digits by which people compare a person's present keys, by telephone or face to
    /// face: over the certificate with which he signs and the key to which others wrap. `None` before his
    /// first login.
    pub fn fingerprint(&self) -> Option<String> {
        let certificate = STANDARD.decode(self.record.certificate.as_deref()?).ok()?;
        let keys = [certificate.as_slice(), self.record.recipient.as_deref()?.as_bytes()].concat();
        Some(model::Sha256Digest::of(&keys).hex()[..16].to_string())
    }
}

/// Fresh keys of a person, before they are sealed.
pub struct NewKeys {
    /// age identity.
    pub identity: Identity,
    /// P-256 signing key.
    pub signing: p256::ecdsa::SigningKey,
}

impl NewKeys {
    /// Draws new keys.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> Result<NewKeys, StoreError> {
        let signing = loop {
            // A random 32-byte number is a valid P-256 scalar but for a chance of 2^-32.
            if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&random_32()?) {
                break key;
            }
        };
        Ok(NewKeys { identity: Identity::generate()?, signing })
    }

    /// The signing key as PKCS#8 DER, to have a certificate issued for it.
    ///
    /// # Errors
    /// When the key cannot be encoded.
    pub fn signing_pkcs8(&self) -> Result<SecretBytes, StoreError> {
        pkcs8(&self.signing)
    }

    fn bundle(&self) -> Result<Vec<u8>, StoreError> {
        let bundle =
            Bundle { identity: self.identity.secret_text().text()?.to_string(), signing: STANDARD.encode(&*self.signing_pkcs8()?) };
        serde_json::to_vec(&bundle).map_err(|e| StoreError::damaged(e.to_string()))
    }
}

/// A case key wrapped to one person or to the recovery set.
#[derive(Debug, Clone)]
pub struct CaseKeyWrap {
    /// Which case.
    pub case: CaseId,
    /// To whom; `None` for the recovery set.
    pub holder: Option<ActorId>,
    /// Row it came from.
    pub row: Row,
}

impl Store {
    /// Everyone in the register.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        self.register("user")?.iter().map(user_of).collect()
    }

    /// The person with this name.
    ///
    /// # Errors
    /// [`StoreError::Input`] when there is none.
    pub fn user_by_name(&self, name: &str) -> Result<User, StoreError> {
        self.user_called(name)?.ok_or_else(|| StoreError::input(format!("there is no user {name}: see `lanternfish user list`", name = model::quoted(name))))
    }

    /// Whoever has this name, in whatever form it is typed.
    fn user_called(&self, name: &str) -> Result<Option<User>, StoreError> {
        let normal = normal_name(name);
        if let Some(row) = self.register_find("user", "user.name", &normal)?.first() {
            return user_of(row).map(Some);
        }
        // An earlier build kept the index of a name in the form in which it was typed.
        let users = self.register("user")?.iter().map(user_of).collect::<Result<Vec<_>, _>>()?;
        Ok(users.into_iter().find(|user| normal_name(&user.record.name) == normal))
    }

    /// The person with this id.
    ///
    /// # Errors
    /// [`StoreError::Input`] when there is none.
    pub fn user(&self, actor: &ActorId) -> Result<User, StoreError> {
        let row = self.register_one("user", actor.as_str())?;
        user_of(&row.ok_or_else(|| StoreError::input(format!("there is no user {actor}")))?)
    }

    /// Enters a person; his keys are made at his first login.
    ///
    /// # Errors
    /// Law 13 when the role may not; [`StoreError::Input`] when the name is taken.
    pub fn add_user(&self, session: Option<&Session>, name: &str, role: Role) -> Result<ActorId, StoreError> {
        if session.is_none() && !self.in_setup()? {
            return Err(StoreError::refused(Law::Separation, "set-up is over: an administrator adds users in his own session"));
        }
        // Who is here is told to nobody else: the role is asked before the name is looked for.
        self.check_node_step(session, NodeStep::ManageUsers)?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 120 || name.chars().any(char::is_control) {
            return Err(StoreError::input("a user's name has 1 to 120 visible characters"));
        }
        if let Some(same) = self.user_called(name)? {
            let (name, same) = (model::quoted(name), model::quoted(&same.record.name));
            return Err(StoreError::input(format!("there is already a user {same}, and {name} looks the same: choose another name")));
        }
        let actor = ActorId::from_random(random_16()?);
        let record = UserRecord { name: name.to_string(), role, recipient: None, certificate: None, bundle: None, enrolment_code: None };
        let write = self.user_write(&actor, &record, "waiting", Basis::New)?;
        let event = NewEvent::new(EventType::UserAdded, Some(actor.to_string()), json!({"name": name, "role": role.name()}));
        self.commit_node(session, NodeStep::ManageUsers, event, vec![write])?;
        Ok(actor)
    }

    /// Makes a one-time code for a person who has no keys yet: from now on the first login must give it,
    /// so that nobody enrols in another's place. It is shown once, to be handed over face to face.
    ///
    /// # Errors
    /// Law 13 when the role may not; when the person has keys already.
    pub fn make_enrolment_code(&self, session: Option<&Session>, user: &User) -> Result<String, StoreError> {
        if session.is_none() && !self.in_setup()? {
            return Err(StoreError::refused(Law::Separation, "set-up is over: an administrator makes codes in his own session"));
        }
        if user.state != "waiting" {
            return Err(StoreError::input(format!("{} has keys already: a code is for the first login only", model::quoted(&user.record.name))));
        }
        let code = hex::encode(random_16()?);
        let record = UserRecord { enrolment_code: Some(code_digest(&code)), ..user.record.clone() };
        let write = self.user_write(&user.actor, &record, "waiting", Basis::Over(user.version))?;
        let event = NewEvent::new(EventType::EnrolmentCodeMade, Some(user.actor.to_string()), json!({"name": record.name}));
        self.commit_node(session, NodeStep::ManageUsers, event, vec![write])?;
        Ok(code)
    }

    fn check_enrolment_code(&self, user: &User, first: First<'_>) -> Result<(), StoreError> {
        let (wanted, given) = (&user.record.enrolment_code, first.code);
        let may_enrol = match wanted {
            Some(wanted) => given.is_some_and(|code| code_digest(code) == *wanted),
            None => !first.from_afar,
        };
        if may_enrol {
            return Ok(());
        }
        let event = NewEvent::new(EventType::LoginRefused, Some(user.actor.to_string()), json!({"reason": "no or wrong enrolment code"}));
        self.commit_node(None, NodeStep::OwnSession, event, vec![])?;
        let text = "this first login needs a one-time code that the administrator makes (`lanternfish user code NAME`): give it with --enrolment-code CODE";
        Err(StoreError::refused(Law::Separation, text))
    }

    /// First login: seals fresh keys under the person's passphrase, with the certificate that the
    /// node's authority issued for them.
    ///
    /// # Errors
    /// When the person has keys already or the passphrase is too short; law 13 without the one-time code,
    /// where one was made, and over the network where none was.
    pub fn enrol(&self, user: &User, keys: &NewKeys, certificate: &[u8], passphrase: &str, first: First<'_>) -> Result<(), StoreError> {
        if user.state != "waiting" {
            return Err(StoreError::input(format!("the user {} has keys already", model::quoted(&user.record.name))));
        }
        self.check_enrolment_code(user, first)?;
        check_passphrase(passphrase)?;
        let sealed = seal_with_passphrase(passphrase, &keys.bundle()?, self.config.passphrase_log_n)?;
        let record = UserRecord {
            recipient: Some(keys.identity.recipient().to_string()),
            certificate: Some(STANDARD.encode(certificate)),
            bundle: Some(STANDARD.encode(sealed)),
            enrolment_code: None,
            ..user.record.clone()
        };
        let write = self.user_write(&user.actor, &record, "active", Basis::Over(user.version))?;
        let detail = json!({"certificate": model::Sha256Digest::of(certificate).hex(), "recipient": record.recipient});
        let event = NewEvent::new(EventType::UserEnrolled, Some(user.actor.to_string()), detail);
        self.commit_node(None, NodeStep::OwnSession, event, vec![write]).map(|_| ())
    }

    /// Ends a person's part: keys and sessions are void, his certificate is revoked from now on.
    ///
    /// # Errors
    /// Law 13 when the role may not.
    pub fn revoke_user(&self, session: &Session, user: &User, reason: &str, reset: bool) -> Result<(), StoreError> {
        let state = if reset { "waiting" } else { "revoked" };
        let certificate = user.record.certificate.clone();
        let record = UserRecord { recipient: None, certificate: None, bundle: None, enrolment_code: None, ..user.record.clone() };
        let mut writes = vec![self.user_write(&user.actor, &record, state, Basis::Over(user.version))?];
        if let Some(certificate) = &certificate {
            let head = Head {
                kind: "revoked-certificate",
                id: format!("{}-{}", user.actor, user.version),
                case: None,
                parent: Some(user.actor.to_string()),
                number: Number::None,
                state: "revoked".into(),
                actor: Some(user.actor.clone()),
                time: self.now(),
            };
            let content = Content::Json(json!({"certificate": certificate, "reason": reason}));
            writes.push(Write { head, content, index: vec![], basis: Basis::New });
        }
        for row in self.wraps_of(&user.actor)? {
            writes.push(restate(&row, if reset { "lost" } else { "void" }, self.now()));
        }
        if !reset {
            writes.extend(self.lost_wraps(&user.actor)?.iter().map(|wrap| restate(&wrap.row, "void", self.now())));
        }
        writes.extend(self.sessions_end(&user.actor, None)?);
        writes.extend(self.factors_end(&user.actor)?);
        let detail = json!({"reason": reason, "reset": reset});
        let event = NewEvent::new(EventType::UserRevoked, Some(user.actor.to_string()), detail);
        self.commit_node(Some(session), NodeStep::ManageUsers, event, writes).map(|_| ())
    }

    fn user_write(&self, actor: &ActorId, record: &UserRecord, state: &str, basis: Basis) -> Result<Write, StoreError> {
        Ok(Write {
            head: Head {
                kind: "user",
                id: actor.to_string(),
                case: None,
                parent: None,
                number: Number::None,
                state: state.into(),
                actor: Some(actor.clone()),
                time: self.now(),
            },
            content: Content::Json(serde_json::to_value(record).map_err(|e| StoreError::damaged(e.to_string()))?),
            index: vec![("user.name", normal_name(&record.name))],
            basis,
        })
    }

    /// Opens a session of a person who has no second factor.
    ///
    /// # Errors
    /// As [`Store::log_in_with`].
    pub fn log_in(&self, user: &User, passphrase: &str) -> Result<(String, Moment), StoreError> {
        self.log_in_with(user, passphrase, Second::default())
    }

    /// Opens a session and gives its token: shown once, kept nowhere.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a wrong passphrase, a missing or wrong second factor (each is an event), or a revoked person.
    pub fn log_in_with(&self, user: &User, passphrase: &str, second: Second<'_>) -> Result<(String, Moment), StoreError> {
        let sealed = match (&user.record.bundle, user.state.as_str()) {
            (Some(bundle), "active") => STANDARD.decode(bundle).map_err(|_| StoreError::damaged("a user's key bundle"))?,
            _ => return Err(StoreError::refused(Law::Separation, "this user has no keys or was revoked: ask the administrator")),
        };
        let Ok(bundle) = open_with_passphrase(passphrase, &sealed) else {
            let event = NewEvent::new(EventType::LoginRefused, Some(user.actor.to_string()), json!({"reason": "wrong passphrase"}));
            self.commit_node(None, NodeStep::OwnSession, event, vec![])?;
            return Err(StoreError::refused(
                Law::Separation,
                "the passphrase is wrong: try again; if it is lost, ask the holders of the recovery set (`lanternfish key recover --help`)",
            ));
        };
        let identity = open_bundle(&bundle)?.0;
        // Of two logins at once one is judged again, by what the other one left.
        anew(|| self.open_session(user, &bundle, &identity, second))
    }

    /// The session of a person whose passphrase opened his keys.
    fn open_session(&self, user: &User, bundle: &[u8], identity: &Identity, second: Second<'_>) -> Result<(String, Moment), StoreError> {
        let (held, factor) = self.judged(&user.actor, identity, second)?;
        self.open_with(user, bundle, held, factor)
    }

    /// The same once it was judged what he showed.
    pub(crate) fn open_with(&self, user: &User, bundle: &[u8], held: Held, factor: Option<&'static str>) -> Result<(String, Moment), StoreError> {
        self.void_old_sessions()?;
        let token = random_32()?;
        let expires = self.now().plus_seconds(self.config.session_seconds);
        let id = hex::encode(token_lookup(&token));
        let head = Head {
            kind: "session",
            id: id.clone(),
            case: None,
            parent: Some(expires.to_string()),
            number: Number::None,
            state: "open".into(),
            actor: Some(user.actor.clone()),
            time: self.now(),
        };
        let write = Write { head, content: Content::Sealed(seal_under_token(&token, bundle)?), index: vec![], basis: Basis::New };
        // The session's look-up value stays out of the leaf: it is as good as a name for the token.
        let event = NewEvent::new(EventType::SessionOpened, Some(user.actor.to_string()), json!({"expires": expires.to_string(), "second_factor": factor}));
        // What was shown is used up by the step that it opens, or by none.
        let used = factor.map(|_| self.factors_write(&user.actor, held.at_login())).transpose()?;
        self.commit_node(None, NodeStep::OwnSession, event, std::iter::once(write).chain(used).collect())?;
        Ok((token_text(&token), expires))
    }

    /// Opens the session of a token.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it has ended, or when its person must add a second factor first.
    pub fn session(&self, token: &str) -> Result<Session, StoreError> {
        let session = self.session_to_enrol(token)?;
        self.factor_is_there(&session)?;
        Ok(session)
    }

    /// The same for what a person may do who has yet to add a second factor: look who he is, add it, log out.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it has ended.
    pub fn session_to_enrol(&self, token: &str) -> Result<Session, StoreError> {
        let token = parse_token(token)?;
        let row = self.register_one("session", &hex::encode(token_lookup(&token)))?.ok_or_else(over)?;
        let expires = self.open_until(&row)?;
        let actor = row.actor.clone().ok_or_else(|| StoreError::damaged("a session without a person"))?;
        let user = self.user(&actor)?;
        if user.state != "active" {
            return Err(over());
        }
        let (identity, signing, signer) = open_bundle(&open_under_token(&token, row.sealed_bytes())?)?;
        if user.record.recipient.as_deref() != Some(identity.recipient().to_string().as_str()) {
            return Err(over());
        }
        let certificate = STANDARD
            .decode(user.record.certificate.unwrap_or_default())
            .map_err(|_| StoreError::damaged("a user's certificate"))?;
        let keys = Keys::Own { identity, signing, signer };
        Ok(Session { id: row.id.clone(), actor, role: user.record.role, name: user.record.name, keys, certificate, expires, bound: None })
    }

    /// When an open session ends by itself, by its row.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it has ended.
    pub(crate) fn open_until(&self, row: &Row) -> Result<Moment, StoreError> {
        let expires: Moment = row.parent.as_deref().unwrap_or("").parse().map_err(|_| StoreError::damaged("a session"))?;
        if row.state != "open" || self.now() >= expires {
            return Err(over());
        }
        // A restored home knows the sessions of the day of the backup; they end with the restore.
        if self.is_waiting_after_restore() && self.sessions_void_below().is_none_or(|size| row.event < size) {
            return Err(StoreError::refused(Law::Separation, "this session is from before the restore: log in again"));
        }
        Ok(expires)
    }

    /// Ends a session before its time.
    ///
    /// # Errors
    /// When there is no such session.
    pub fn log_out(&self, token: &str) -> Result<(), StoreError> {
        let id = hex::encode(token_lookup(&parse_token(token)?));
        let session = self.session_to_enrol(token)?;
        let row = self.register_one("session", &id)?.ok_or_else(|| StoreError::input("there is no such session"))?;
        let event = NewEvent::new(EventType::SessionClosed, Some(session.actor.to_string()), json!({}));
        let write = restate(&row, "ended", self.now());
        self.commit_node(Some(&session), NodeStep::OwnSession, event, vec![write]).map(|_| ())
    }

    // ---- keys of cases

    /// Draws keys for a new case (or tip) and a scope to write its first rows.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new_case_scope(&self, session: &Session) -> Result<Scope, StoreError> {
        let case = CaseId::from_random(random_16()?);
        let ring = Arc::new(KeyRing::of(CaseKeys::generate(&case)?)?);
        session.identity()?;
        Ok(Scope { actor: session.actor.clone(), role: session.role, case, ring, bound: None })
    }

    /// A row that wraps the newest case key to a person.
    ///
    /// # Errors
    /// When the person has no keys, or his role reads no content (law 13).
    pub fn wrap_for(&self, scope: &Scope, user: &User) -> Result<Write, StoreError> {
        if !user.record.role.reads_content() {
            return Err(StoreError::refused(Law::Separation, format!("the role {} never holds a case key", user.record.role)));
        }
        let recipient = user.record.recipient.as_deref().filter(|_| user.state == "active").ok_or_else(|| {
            StoreError::input(format!("{} has no keys yet: let this person log in once first", model::quoted(&user.record.name)))
        })?;
        self.wrap_row(scope, Some(&user.actor), &recipient.parse()?)
    }

    /// A row that wraps the newest case key to the recovery set, when the node has one and the scope's
    /// person has confirmed it: otherwise whoever manages users could make a set of his own people, and
    /// every case would silently be wrapped to it (law 13).
    ///
    /// # Errors
    /// When the database refuses.
    pub fn wrap_for_recovery(&self, scope: &Scope) -> Result<Option<Write>, StoreError> {
        match self.live_recovery_set()? {
            Some(set) if self.trusts_set(&scope.actor, &set.id)? => self.wrap_row(scope, None, &set_recipient(&set)?).map(Some),
            _ => Ok(None),
        }
    }

    /// The recovery set that is in use.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn live_recovery_set(&self) -> Result<Option<Row>, StoreError> {
        Ok(self.register("recovery-set")?.into_iter().rfind(|row| row.state == "live"))
    }

    /// Whether this person has confirmed the set.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn trusts_set(&self, actor: &ActorId, set: &str) -> Result<bool, StoreError> {
        Ok(self.register_one(TRUST, &trust_id(set, actor))?.is_some())
    }

    /// Notes in the person's own session that he has confirmed the set.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn confirm_set(&self, session: &Session, set: &str) -> Result<(), StoreError> {
        if self.trusts_set(&session.actor, set)? {
            return Ok(());
        }
        let head = Head {
            kind: TRUST,
            id: trust_id(set, &session.actor),
            case: None,
            parent: Some(set.to_string()),
            number: Number::None,
            state: "confirmed".into(),
            actor: Some(session.actor.clone()),
            time: self.now(),
        };
        let write = Write { head, content: Content::Json(json!({})), index: vec![], basis: Basis::New };
        let event = NewEvent::new(EventType::RecoverySetConfirmed, Some(set.to_string()), json!({}));
        self.commit_node(Some(session), NodeStep::OwnSession, event, vec![write]).map(|_| ())
    }

    /// The public key of the recovery set, when the node has one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn recovery_recipient(&self) -> Result<Option<Recipient>, StoreError> {
        self.live_recovery_set()?.map(|row| set_recipient(&row)).transpose()
    }

    fn wrap_row(&self, scope: &Scope, holder: Option<&ActorId>, recipient: &Recipient) -> Result<Write, StoreError> {
        let keys = scope.ring.newest();
        let wrapped = wrap_to(std::slice::from_ref(recipient), &keys.to_bytes())?;
        let who = holder.map_or(RECOVERY, |actor| actor.as_str());
        Ok(Write {
            head: Head {
                kind: KEY_WRAP,
                id: format!("{}/{who}/{}", scope.case, hex::encode(random_16()?)),
                case: Some(scope.case.clone()),
                parent: Some(who.to_string()),
                number: Number::Is(keys.generation().into()),
                state: "live".into(),
                actor: holder.cloned(),
                time: self.now(),
            },
            content: Content::Sealed(wrapped),
            index: vec![],
            basis: Basis::New,
        })
    }

    pub(crate) fn unwrap_ring(&self, session: &Session, case: &CaseId) -> Result<KeyRing, StoreError> {
        let rows = self.wraps_of(&session.actor)?;
        let wrap = rows
            .iter()
            .filter(|row| row.case.as_ref() == Some(case))
            .max_by_key(|row| row.number)
            .ok_or_else(|| StoreError::refused(Law::Separation, "you are not a member of this case: ask a member to add you"))?;
        let keys = match &session.keys {
            Keys::Own { .. } => CaseKeys::from_bytes(case, &session.unwrap(wrap.sealed_bytes())?)?,
            Keys::OfCase(keys) => crate::tokens::still_newest(keys, wrap)?,
        };
        self.open_ring(case, keys)
    }

    /// The ring of a case from keys that a recovery set gave back.
    ///
    /// # Errors
    /// When the keys are another case's.
    pub fn recovered_scope(&self, session: &Session, case: &CaseId, key_bytes: &[u8]) -> Result<Scope, StoreError> {
        let ring = Arc::new(self.open_ring(case, CaseKeys::from_bytes(case, key_bytes)?)?);
        session.identity()?;
        Ok(Scope { actor: session.actor.clone(), role: session.role, case: case.clone(), ring, bound: None })
    }

    pub(crate) fn open_ring(&self, case: &CaseId, keys: CaseKeys) -> Result<KeyRing, StoreError> {
        let cells = self.db.rows(Sight::Case(case), sql::RECORDS_OF_CASE, &[Val::text(case.as_str()), Val::text(RETIRED)])?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        let retired: Vec<RetiredKey> = rows
            .iter()
            .filter_map(|row| Some(RetiredKey { generation: u32::try_from(row.number?).ok()?, sealed: row.sealed.clone() }))
            .collect();
        Ok(KeyRing::open(keys, &retired)?)
    }

    /// Live wraps of a person, over all cases.
    pub(crate) fn wraps_of(&self, actor: &ActorId) -> Result<Vec<Row>, StoreError> {
        self.wraps_to(actor.as_str())
    }

    /// Wraps that a person lost with his passphrase, one row each: what a recovery may give back.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn lost_wraps(&self, actor: &ActorId) -> Result<Vec<CaseKeyWrap>, StoreError> {
        let cells = self.db.rows(Sight::Docket, sql::RECORDS_OF_PARENT, &[Val::text(KEY_WRAP), Val::text(actor.as_str())])?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        let lost = rows.into_iter().filter(|row| row.state == "lost");
        Ok(lost.filter_map(|row| Some(CaseKeyWrap { case: row.case.clone()?, holder: row.actor.clone(), row })).collect())
    }

    /// Lost wraps of one case that end with a membership: who is removed gets nothing back later.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn void_lost(&self, case: &CaseId, actor: &ActorId) -> Result<Vec<Write>, StoreError> {
        let lost = self.lost_wraps(actor)?;
        Ok(lost.iter().filter(|wrap| wrap.case == *case).map(|wrap| restate(&wrap.row, "void", self.now())).collect())
    }

    /// The row of a lost wrap once its case was given back, so that it is given back once.
    pub fn found_again(&self, wrap: &CaseKeyWrap) -> Write {
        restate(&wrap.row, "void", self.now())
    }

    /// Live wraps to the recovery set, over all cases.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn recovery_wraps(&self) -> Result<Vec<CaseKeyWrap>, StoreError> {
        let rows = self.wraps_to(RECOVERY)?;
        Ok(rows.into_iter().filter_map(|row| Some(CaseKeyWrap { case: row.case.clone()?, holder: None, row })).collect())
    }

    fn wraps_to(&self, who: &str) -> Result<Vec<Row>, StoreError> {
        let cells = self.db.rows(Sight::Docket, sql::RECORDS_OF_PARENT, &[Val::text(KEY_WRAP), Val::text(who)])?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        Ok(rows.into_iter().filter(|row| row.state == "live").collect())
    }

    /// Wraps of one case, live and void: who is and was a member.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn wraps_of_case(&self, case: &CaseId) -> Result<Vec<CaseKeyWrap>, StoreError> {
        let cells = self.db.rows(Sight::Docket, sql::RECORDS_OF_CASE, &[Val::text(case.as_str()), Val::text(KEY_WRAP)])?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        Ok(rows.into_iter().map(|row| CaseKeyWrap { case: case.clone(), holder: row.actor.clone(), row }).collect())
    }

    /// The cases of which a person is a member.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn cases_of(&self, actor: &ActorId) -> Result<Vec<CaseId>, StoreError> {
        let mut cases: Vec<CaseId> = self.wraps_of(actor)?.into_iter().filter_map(|row| row.case).collect();
        cases.sort();
        cases.dedup();
        Ok(cases)
    }

    /// Takes a new case key into use: the scope writes under it from now on. Gives the rows that must
    /// be committed with it: the retired key, a wrap for each person who stays, the old wraps voided.
    ///
    /// # Errors
    /// When somebody who stays has no keys.
    pub fn rotate_case_key(&self, scope: &mut Scope, staying: &[User]) -> Result<Vec<Write>, StoreError> {
        let old = self.wraps_of_case(&scope.case)?;
        let retired = Arc::make_mut(&mut scope.ring).rotate()?;
        let head = Head {
            kind: RETIRED,
            id: format!("{}/generation-{}", scope.case, retired.generation),
            case: Some(scope.case.clone()),
            parent: None,
            number: Number::Is(retired.generation.into()),
            state: "retired".into(),
            actor: None,
            time: self.now(),
        };
        let mut writes = vec![Write { head, content: Content::Sealed(retired.sealed), index: vec![], basis: Basis::New }];
        for user in staying {
            writes.push(self.wrap_for(scope, user)?);
        }
        writes.extend(self.wrap_for_recovery(scope)?);
        writes.extend(old.iter().filter(|wrap| wrap.row.state == "live").map(|wrap| restate(&wrap.row, "void", self.now())));
        Ok(writes)
    }
}

fn over() -> StoreError {
    StoreError::refused(Law::Separation, "this session has ended: log in again")
}

/// The same row in another state, its sealed content untouched.
pub(crate) fn restate(row: &Row, state: &str, now: Moment) -> Write {
    Write {
        head: Head {
            kind: kind_name(&row.kind),
            id: row.id.clone(),
            case: row.case.clone(),
            parent: row.parent.clone(),
            number: row.number.map_or(Number::None, Number::Is),
            state: state.to_string(),
            actor: row.actor.clone(),
            time: now,
        },
        content: Content::Sealed(row.sealed.clone()),
        index: vec![],
        basis: Basis::Over(row.version),
    }
}

fn kind_name(kind: &str) -> &'static str {
    match kind {
        "session" => "session",
        "token-keys" => "token-keys",
        "recovery-set" => "recovery-set",
        "backup-plan" => "backup-plan",
        "recovery-share" => "recovery-share",
        _ => KEY_WRAP,
    }
}

fn trust_id(set: &str, actor: &ActorId) -> String {
    format!("{set}/{actor}")
}

fn set_recipient(set: &Row) -> Result<Recipient, StoreError> {
    let text = set.parent.as_deref().ok_or_else(|| StoreError::damaged("a recovery set without a public key"))?;
    Ok(text.parse()?)
}

fn user_of(row: &Row) -> Result<User, StoreError> {
    Ok(User { actor: row.id.parse().map_err(StoreError::damaged)?, record: row.content()?, state: row.state.clone(), version: row.version, since: row.time })
}

/// Blanks, hyphens and capitals do not count, so that a code can be read aloud in groups.
fn code_digest(code: &str) -> String {
    let digits: String = code.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
    model::Sha256Digest::of(digits.as_bytes()).hex()
}

/// One form of a name, however it was typed: keyboards write Thai and Lao vowels and tone marks in different signs
/// and orders that look alike (UAX #15, NFKC), and two blanks look like one.
fn normal_name(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase().nfkc().collect()
}

fn check_passphrase(passphrase: &str) -> Result<(), StoreError> {
    if passphrase.chars().count() < MIN_PASSPHRASE {
        return Err(StoreError::input(format!("the passphrase is too short: use at least {MIN_PASSPHRASE} characters, better four words")));
    }
    Ok(())
}
