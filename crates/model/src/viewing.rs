//! Supervised viewing: restricted bytes are shown once, to one named person, in the presence of another, and leave no
//! copy (law 7).
//!
//! One state machine, pure. A viewing is permitted by a supervisor or a prosecutor who does not view; it opens only
//! in the supervising person's session, a short time after the viewer signed in his own session that he is there; it
//! opens once. Two people, two keys. It decides nothing about bytes: `store` holds them.

use serde::{Deserialize, Serialize};

use crate::{Law, Moment, action::Action, actor::Role, exhibit::ExhibitClass, id::ActorId};

/// How long the viewer's signature that he is there counts, in seconds: two people in one room need minutes.
pub const PRESENCE_SECONDS: i64 = 15 * 60;

/// One permitted viewing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewing {
    /// Who permits it.
    pub permitted_by: ActorId,
    /// When.
    pub permitted: Moment,
    /// Who views.
    pub viewer: ActorId,
    /// Who is present, and in whose session the bytes are opened.
    pub supervisor: ActorId,
    /// Until when it may begin.
    pub until: Moment,
    /// When it began.
    pub begun: Option<Moment>,
    /// When it ended.
    pub ended: Option<Moment>,
    /// Whether the bytes were shown to their end.
    pub whole: bool,
    /// When it was closed: with the viewer's word on what he was shown, or without.
    pub closed: Option<Moment>,
}

/// Why a viewing is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ViewingError {
    /// The item is open to ordinary work.
    #[error("this item is not restricted: it is opened with `lanternfish exhibit view`")]
    NotRestricted,
    /// Only these roles permit.
    #[error("only a supervisor or a prosecutor permits a viewing")]
    NotADecider,
    /// The decider would view.
    #[error("nobody permits a viewing to himself: another supervisor or prosecutor does it")]
    OwnViewing,
    /// One person in two places.
    #[error("the viewer and the supervising person are two people")]
    OnePerson,
    /// This role views nothing of the kind.
    #[error("what may be privileged is shown to the holder's counsel, the defence and the court only, never to who investigates")]
    NotForInvestigators,
    /// This role views nothing.
    #[error("an auditor or an administrator is shown no content")]
    NoContent,
    /// This role cannot be present.
    #[error("this role does not supervise: for what may be privileged it is a person of the filter team, for contraband a supervisor, a prosecutor or an exhibit officer")]
    WrongSupervisor,
    /// Its time is over, or lies before now.
    #[error("its time is over: a supervisor or prosecutor permits another viewing (`lanternfish viewing permit`)")]
    Over,
    /// Somebody else's.
    #[error("this viewing has another supervising person: it opens in his session only")]
    NotYours,
    /// It was used.
    #[error("this viewing was opened already, and each permit is for one: a supervisor or prosecutor permits another")]
    Used,
    /// The viewer did not say that he is there.
    #[error("the viewer has not signed that he is present: he runs `lanternfish viewing attend` in his own session now")]
    NotPresent,
    /// He said so too long ago.
    #[error("the viewer signed too long ago: he runs `lanternfish viewing attend` again, in his own session")]
    PresenceOver,
    /// It did not take place.
    #[error("this viewing has not ended: there is nothing to close or to confirm yet")]
    NotEnded,
    /// It is being shown.
    #[error("this viewing has begun and has not ended: it is closed when it has ended, or when the time of its permit is over")]
    Runs,
    /// Closed before.
    #[error("this viewing is closed already")]
    Closed,
}

impl ViewingError {
    /// The law that refuses.
    pub fn law(self) -> Law {
        Law::Restricted
    }
}

/// The action under which a restricted item is shown: that of its own dedicated people.
pub fn action_for(class: ExhibitClass) -> Option<Action> {
    match class {
        ExhibitClass::Privileged => Some(Action::Filter),
        ExhibitClass::Contraband => Some(Action::Supervise),
        _ => None,
    }
}

/// A person with the role in which he works.
pub type Person<'a> = (&'a ActorId, Role);

/// Permits one viewing. `privileged` says that the item may be privileged whatever its class is now.
///
/// # Errors
/// [`ViewingError`] with what to do.
pub fn permit(class: ExhibitClass, privileged: bool, by: Person<'_>, viewer: Person<'_>, supervisor: Person<'_>, until: Moment, now: Moment) -> Result<Viewing, ViewingError> {
    let action = action_for(class).ok_or(ViewingError::NotRestricted)?;
    if !matches!(by.1, Role::Supervisor | Role::Prosecutor) {
        return Err(ViewingError::NotADecider);
    }
    if by.0 == viewer.0 {
        return Err(ViewingError::OwnViewing);
    }
    if viewer.0 == supervisor.0 {
        return Err(ViewingError::OnePerson);
    }
    if matches!(viewer.1, Role::Auditor | Role::Administrator) {
        return Err(ViewingError::NoContent);
    }
    if (privileged || class == ExhibitClass::Privileged) && !matches!(viewer.1, Role::Defence | Role::Court) {
        return Err(ViewingError::NotForInvestigators);
    }
    if !crate::authorize::role_may(supervisor.1, action) {
        return Err(ViewingError::WrongSupervisor);
    }
    if until <= now {
        return Err(ViewingError::Over);
    }
    Ok(Viewing {
        permitted_by: by.0.clone(),
        permitted: now,
        viewer: viewer.0.clone(),
        supervisor: supervisor.0.clone(),
        until,
        begun: None,
        ended: None,
        whole: false,
        closed: None,
    })
}

impl Viewing {
    /// The word for where it stands.
    pub fn state(&self) -> &'static str {
        match (self.begun, self.ended, self.closed) {
            (_, _, Some(_)) => "closed",
            (_, Some(_), _) => "ended",
            (Some(_), None, _) => "begun",
            _ => "permitted",
        }
    }

    /// Opens it, once. `present` is when the viewer signed that he is there.
    ///
    /// # Errors
    /// [`ViewingError`] with what to do.
    pub fn begin(mut self, by: &ActorId, present: Option<Moment>, now: Moment) -> Result<Viewing, ViewingError> {
        if *by != self.supervisor {
            return Err(ViewingError::NotYours);
        }
        if self.begun.is_some() || self.closed.is_some() {
            return Err(ViewingError::Used);
        }
        if now >= self.until {
            return Err(ViewingError::Over);
        }
        let present = present.ok_or(ViewingError::NotPresent)?;
        if present < self.permitted || now >= present.plus_seconds(PRESENCE_SECONDS) || now < present.plus_seconds(-PRESENCE_SECONDS) {
            return Err(ViewingError::PresenceOver);
        }
        self.begun = Some(now);
        Ok(self)
    }

    /// The bytes are shown no more.
    ///
    /// # Errors
    /// [`ViewingError::NotEnded`] when it never began.
    pub fn end(mut self, whole: bool, now: Moment) -> Result<Viewing, ViewingError> {
        if self.begun.is_none() || self.ended.is_some() {
            return Err(ViewingError::NotEnded);
        }
        (self.ended, self.whole) = (Some(now), whole);
        Ok(self)
    }

    /// Closes the record, with the viewer's word or without; also one that nobody came to.
    ///
    /// # Errors
    /// [`ViewingError`] while it runs or when it is closed.
    pub fn close(mut self, by: &ActorId, now: Moment) -> Result<Viewing, ViewingError> {
        if self.closed.is_some() {
            return Err(ViewingError::Closed);
        }
        if *by != self.supervisor && *by != self.permitted_by {
            return Err(ViewingError::NotYours);
        }
        if self.begun.is_some() && self.ended.is_none() && now < self.until {
            return Err(ViewingError::Runs);
        }
        self.closed = Some(now);
        Ok(self)
    }
}
