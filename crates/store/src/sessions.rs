//! A person's own sessions: which are open, and the end of those that he does not have before him.
//!
//! A session is named by a digest of what the records find it by, so that its name leads to no token. It refuses to show or
//! end a session of another person: an administrator ends those with the person's part (`user revoke`).

use model::{Moment, Sha256Digest, authorize::NodeStep, event::EventType, id::ActorId};
use serde::Serialize;
use serde_json::json;

use crate::{
    StoreError,
    log::NewEvent,
    people::restate,
    record::{Row, Write},
    session::{Session, parse_token},
    steps::Store,
    vault::session_key::token_lookup,
};

/// One open session, as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionView {
    /// Its name for steps.
    pub session: String,
    /// When it began.
    pub since: Moment,
    /// When it ends by itself.
    pub expires: String,
    /// Whether it is the one that asks.
    pub this: bool,
}

impl Store {
    /// The open sessions of a person.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn own_sessions(&self, session: &Session, token: &str) -> Result<Vec<SessionView>, StoreError> {
        let here = hex::encode(token_lookup(&parse_token(token)?));
        let view = |row: &Row| SessionView { session: name_of(row), since: row.time, expires: row.parent.clone().unwrap_or_default(), this: row.id == here };
        Ok(self.open_sessions(session)?.iter().map(view).collect())
    }

    /// Ends one of a person's sessions, or all but the one that asks. Gives how many.
    ///
    /// # Errors
    /// [`StoreError::Input`] when there is no such session of his.
    pub fn end_sessions(&self, session: &Session, token: &str, named: Option<&str>) -> Result<usize, StoreError> {
        let here = hex::encode(token_lookup(&parse_token(token)?));
        let mut rows = self.open_sessions(session)?;
        match named {
            Some(name) => rows.retain(|row| name_of(row) == name),
            None => rows.retain(|row| row.id != here),
        }
        if let (Some(name), true) = (named, rows.is_empty()) {
            return Err(StoreError::input(format!("there is no open session {name} of yours: see `lanternfish user session list`", name = model::quoted(name))));
        }
        if rows.is_empty() {
            return Ok(0);
        }
        let event = NewEvent::new(EventType::SessionClosed, Some(session.actor.to_string()), json!({"sessions": rows.len(), "by": "its person, from another session"}));
        let writes = rows.iter().map(|row| restate(row, "ended", self.now())).collect();
        self.commit_node(Some(session), NodeStep::OwnSession, event, writes)?;
        Ok(rows.len())
    }

    /// Ends all sessions of a person, or all but one, with the step that asks for it.
    pub(crate) fn sessions_end(&self, actor: &ActorId, but: Option<&Session>) -> Result<Vec<Write>, StoreError> {
        let rows = self.register("session")?;
        let ends = |row: &&Row| row.actor.as_ref() == Some(actor) && row.state == "open" && but.is_none_or(|session| session.id != row.id);
        Ok(rows.iter().filter(ends).map(|row| restate(row, "ended", self.now())).collect())
    }

    fn open_sessions(&self, session: &Session) -> Result<Vec<Row>, StoreError> {
        let now = self.now();
        let open = |row: &Row| row.state == "open" && row.parent.as_deref().and_then(|until| until.parse::<Moment>().ok()).is_some_and(|until| now < until);
        let mine = |row: &Row| row.actor.as_ref() == Some(&session.actor);
        Ok(self.register("session")?.into_iter().filter(|row| mine(row) && open(row)).collect())
    }
}

fn name_of(row: &Row) -> String {
    Sha256Digest::of(row.id.as_bytes()).hex()[..12].to_string()
}
