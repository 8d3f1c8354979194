//! The door that a passkey opens alone: no name, no passphrase, no code.
//!
//! The authenticator gives a value that only it can compute, and only when it knew its person (WebAuthn PRF). Under a key that
//! is derived from it the person's own bundle of keys lies in a row of its own, as it lies under his passphrase in the
//! register. Neither the value nor the key is kept anywhere. It refuses to make such a row without the passphrase: whoever
//! found an open session would else keep a way to the keys when it ends. It refuses to open it for a passkey that its person
//! has no more, for one whose authenticator did not know him, for keys that are not his any more; and it tells nobody why.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{Law, Moment, authorize::NodeStep, event::EventType, id::ActorId};
use serde_json::json;

use crate::{
    StoreError,
    factor::{PasskeyAnswer, anew, plain},
    log::NewEvent,
    people::User,
    record::{Basis, Content, Head, Number, Row, Write},
    session::{Session, open_bundle},
    sql::{self, Sight, Val},
    steps::Store,
    vault::{
        passkey_seal::{Door, PrfValue},
        secret::SecretBytes,
        wrap::open_with_passphrase,
    },
};

/// Kind of the row that holds a bundle behind a passkey; it hangs on its person.
const DOOR: &str = "passkey-bundle";
const LIVE: &str = "live";

/// What makes a new passkey open alone.
#[derive(Clone, Copy)]
pub struct NewDoor<'a> {
    /// The person's passphrase, once more.
    pub passphrase: &'a str,
    /// What the authenticator gave, base64url without padding.
    pub value: &'a str,
}

/// What a browser brought at a login with a passkey alone.
#[derive(Clone, Copy)]
pub struct Alone<'a> {
    /// The answer of the passkey.
    pub answer: &'a PasskeyAnswer,
    /// Whose it is, as the authenticator keeps it, base64url without padding.
    pub person: &'a str,
    /// What the authenticator gave, base64url without padding.
    pub value: &'a str,
}

impl Store {
    /// Opens a session for a passkey alone and gives its token: shown once, kept nowhere.
    ///
    /// # Errors
    /// [`StoreError::Refused`], in the same words whatever was wrong; of a passkey that is or was known it is an event.
    pub fn log_in_with_passkey(&self, shown: &Alone<'_>) -> Result<(String, Moment), StoreError> {
        let refused = || StoreError::refused(Law::Separation, "this passkey opens nothing here: log in with name and passphrase");
        let Some(asks) = Asks::read(shown) else { return Err(refused()) };
        // Of two logins at once one is judged again, by what the other one left.
        anew(|| match self.through(shown.answer, &asks)? {
            Ok(opened) => Ok(opened),
            Err(Stopped::Unknown) => Err(refused()),
            Err(Stopped::Known(reason)) => {
                let event = NewEvent::new(EventType::LoginRefused, Some(asks.actor.to_string()), json!({"reason": format!("a passkey alone: {reason}")}));
                self.commit_node(None, NodeStep::OwnSession, event, vec![])?;
                Err(refused())
            }
        })
    }

    fn through(&self, answer: &PasskeyAnswer, asks: &Asks) -> Result<Result<(String, Moment), Stopped>, StoreError> {
        let door = self.door(&asks.actor, &asks.credential);
        let Some(row) = self.register_one(DOOR, &door.lookup())? else { return Ok(Err(Stopped::Unknown)) };
        if row.state != LIVE {
            return Ok(Err(Stopped::Known("a passkey that was taken away")));
        }
        let user = self.user(&asks.actor)?;
        let held = match self.judged_alone(&asks.actor, answer)? {
            Ok(held) => held,
            Err(reason) => return Ok(Err(Stopped::Known(reason))),
        };
        let Ok(bundle) = door.open(&asks.value, row.sealed_bytes()) else { return Ok(Err(Stopped::Known("another value"))) };
        if !are_his_keys(&user, &bundle)? {
            return Ok(Err(Stopped::Known("keys of before")));
        }
        self.open_with(&user, &bundle, held, Some("passkey-alone")).map(Ok)
    }

    /// The row of a new door. The bundle is taken from under the passphrase.
    ///
    /// # Errors
    /// Law 13 for a wrong passphrase, which is an event; [`StoreError::Input`] for a value that is none.
    pub(crate) fn door_write(&self, session: &Session, credential: &[u8], new: &NewDoor<'_>) -> Result<Write, StoreError> {
        let value = value_of(new.value).ok_or_else(|| StoreError::input("the authenticator gave no value of 32 bytes: add the passkey without the passphrase, or use another authenticator"))?;
        let bundle = self.bundle_again(session, new.passphrase)?;
        let door = self.door(&session.actor, credential);
        let before = self.register_one(DOOR, &door.lookup())?;
        let basis = before.map_or(Basis::New, |row| Basis::Over(row.version));
        Ok(Write { head: self.head(&session.actor, door.lookup(), LIVE), content: Content::Sealed(door.seal(&value, &bundle)?), index: vec![], basis })
    }

    /// The rows that end a person's doors, or the one behind this passkey (base64url). What they held goes.
    pub(crate) fn doors_end(&self, actor: &ActorId, only: Option<&str>) -> Result<Vec<Write>, StoreError> {
        let only = only.map(|credential| plain(credential).map(|name| self.door(actor, &name).lookup())).transpose()?;
        let ends = |row: &&Row| row.state == LIVE && only.as_ref().is_none_or(|id| *id == row.id);
        let end = |row: &Row| Write { head: self.head(actor, row.id.clone(), "ended"), content: Content::Sealed(vec![]), index: vec![], basis: Basis::Over(row.version) };
        Ok(self.doors(actor)?.iter().filter(ends).map(end).collect())
    }

    /// By what the live doors of a person are found.
    pub(crate) fn live_doors(&self, actor: &ActorId) -> Result<BTreeSet<String>, StoreError> {
        Ok(self.doors(actor)?.into_iter().filter(|row| row.state == LIVE).map(|row| row.id).collect())
    }

    /// The door of a person behind a passkey.
    pub(crate) fn door<'a>(&'a self, actor: &'a ActorId, credential: &'a [u8]) -> Door<'a> {
        Door { node: &self.config.origin, person: actor.as_str(), credential }
    }

    fn doors(&self, actor: &ActorId) -> Result<Vec<Row>, StoreError> {
        let cells = self.db.rows(Sight::Docket, sql::RECORDS_OF_PARENT, &[Val::text(DOOR), Val::text(actor.as_str())])?;
        cells.iter().map(Row::from_cells).collect()
    }

    fn head(&self, actor: &ActorId, id: String, state: &str) -> Head {
        Head { kind: DOOR, id, case: None, parent: Some(actor.to_string()), number: Number::None, state: state.into(), actor: Some(actor.clone()), time: self.now() }
    }

    /// A person's bundle, opened by his passphrase in his own session.
    fn bundle_again(&self, session: &Session, passphrase: &str) -> Result<SecretBytes, StoreError> {
        let sealed = self.user(&session.actor)?.record.bundle.unwrap_or_default();
        let sealed = STANDARD.decode(sealed).map_err(|_| StoreError::damaged("a user's key bundle"))?;
        if let Ok(bundle) = open_with_passphrase(passphrase, &sealed) {
            return Ok(bundle);
        }
        let event = NewEvent::new(EventType::LoginRefused, Some(session.actor.to_string()), json!({"reason": "wrong passphrase", "for": "a passkey that opens alone"}));
        self.commit_node(None, NodeStep::OwnSession, event, vec![])?;
        Err(StoreError::refused(Law::Separation, "the passphrase is wrong: nothing was added; a passkey that opens alone is made by who knows the passphrase"))
    }
}

/// What is asked for, once it was read.
struct Asks {
    actor: ActorId,
    credential: Vec<u8>,
    value: PrfValue,
}

impl Asks {
    fn read(shown: &Alone<'_>) -> Option<Asks> {
        let actor = String::from_utf8(plain(shown.person).ok()?).ok()?.parse().ok()?;
        Some(Asks { actor, credential: plain(&shown.answer.id).ok()?, value: value_of(shown.value)? })
    }
}

/// Why somebody was not let in.
enum Stopped {
    /// No such door.
    Unknown,
    /// There is or was one, and this is wrong.
    Known(&'static str),
}

fn value_of(text: &str) -> Option<PrfValue> {
    PrfValue::from_slice(&SecretBytes::new(plain(text).ok()?)).ok()
}

/// Whether a bundle holds the keys with which this person works now: a new enrolment has others, and who left has none.
fn are_his_keys(user: &User, bundle: &[u8]) -> Result<bool, StoreError> {
    let (identity, ..) = open_bundle(bundle)?;
    Ok(user.state == "active" && user.record.recipient.as_deref() == Some(identity.recipient().to_string().as_str()))
}
