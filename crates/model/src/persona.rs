//! Personas: identities that officers use towards a service, and the leave to use them.
//!
//! One state machine, pure. A persona belongs to one case and one authority, and has one circuit label for life. A
//! supervisor who did not register it says which officers may use it; one of them at a time has it. Burned and
//! deregistered are final: its label is never used again. It refuses one person alone, a second user and a second case.
//! What its accounts are called and how they are opened is not here: that is sealed under a key of the persona's own.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Law, Moment,
    actor::Role,
    id::{ActorId, AuthorityId, CaseId, PersonaId},
};

/// Fewer uses than this show no habit.
const HABIT: usize = 5;
/// Office hours, by the clock of the case's courts: from this hour …
const OPENS: i8 = 8;
/// … to this one.
const CLOSES: i8 = 18;

/// One persona.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persona {
    /// Its id.
    pub id: PersonaId,
    /// Its one case.
    pub case: CaseId,
    /// The authority that it serves, and no other.
    pub authority: AuthorityId,
    /// Its circuit label: it means nothing outside, and no other persona ever has it.
    pub label: String,
    /// Who registered it.
    pub registered_by: ActorId,
    /// When.
    pub registered: Moment,
    /// Who authorised it last, and for whom.
    pub authorised: Option<Authorised>,
    /// Where it stands.
    pub state: State,
}

/// A supervisor's word on who may use a persona.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorised {
    /// Who said so.
    pub by: ActorId,
    /// When.
    pub at: Moment,
    /// Who may check it out.
    pub officers: BTreeSet<ActorId>,
}

/// The life of a persona.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum State {
    /// Written down; nobody may use it.
    Registered,
    /// Some officers may check it out.
    Authorised,
    /// One officer has it.
    CheckedOut {
        /// Who.
        by: ActorId,
        /// Since when.
        at: Moment,
    },
    /// It came back; the same officers may check it out again.
    Returned {
        /// When.
        at: Moment,
    },
    /// Known to the other side, or perhaps known. Final.
    Burned {
        /// Who said so.
        by: ActorId,
        /// When.
        at: Moment,
    },
    /// Used no more. Final.
    Deregistered {
        /// Who said so.
        by: ActorId,
        /// When.
        at: Moment,
    },
}

impl State {
    /// The word for lists and for the state column of its row.
    pub fn name(&self) -> &'static str {
        match self {
            State::Registered => "registered",
            State::Authorised => "authorised",
            State::CheckedOut { .. } => "checked-out",
            State::Returned { .. } => "returned",
            State::Burned { .. } => "burned",
            State::Deregistered { .. } => "deregistered",
        }
    }

    /// Whether nothing comes after it.
    pub fn is_final(&self) -> bool {
        matches!(self, State::Burned { .. } | State::Deregistered { .. })
    }
}

/// Why a step with a persona is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonaError {
    /// Only these roles authorise.
    #[error("only a supervisor says who may use a persona, and ends one")]
    NotASupervisor,
    /// The registrar would authorise.
    #[error("whoever registered a persona does not authorise it: another supervisor does")]
    OwnPersona,
    /// The approver would use it.
    #[error("nobody authorises a persona for himself: name other officers, or let another supervisor authorise it")]
    ForHimself,
    /// Nobody was named.
    #[error("name the officers who may use it")]
    ForNobody,
    /// Nobody has authorised it.
    #[error("it is registered, and no supervisor has authorised it: ask one to run `lanternfish persona authorise`")]
    NotAuthorised,
    /// It is authorised for others.
    #[error("it is not authorised for you: ask a supervisor")]
    NotForYou,
    /// Somebody has it.
    #[error("another officer has it now: one person at a time uses a persona; wait until he returns it")]
    Taken,
    /// He has it already.
    #[error("you have it already")]
    YoursAlready,
    /// He does not have it.
    #[error("you do not have it checked out: run `lanternfish persona check-out` first")]
    NotOut,
    /// Nobody has it.
    #[error("nobody has it checked out: there is nothing to return")]
    NothingToReturn,
    /// Another case.
    #[error("it belongs to another case: a persona is used in one case only")]
    OtherCase,
    /// Burned.
    #[error("it is burned: it is never used again. Register another one, and use nothing of this one in it")]
    Burned,
    /// Deregistered.
    #[error("it is deregistered: it is never used again. Register another one")]
    Deregistered,
}

impl PersonaError {
    /// The law that refuses; none where only the words were wrong.
    pub fn law(self) -> Option<Law> {
        let words = [PersonaError::ForNobody, PersonaError::YoursAlready, PersonaError::NothingToReturn];
        (!words.contains(&self)).then_some(Law::Permit)
    }
}

impl Persona {
    /// Written down.
    pub fn register(id: PersonaId, case: CaseId, authority: AuthorityId, label: String, by: ActorId, now: Moment) -> Persona {
        Persona { id, case, authority, label, registered_by: by, registered: now, authorised: None, state: State::Registered }
    }

    /// A supervisor other than the registrar says which officers may use it, and under which authority of its case.
    ///
    /// # Errors
    /// [`PersonaError`] with what to do.
    pub fn authorise(self, by: &ActorId, role: Role, officers: BTreeSet<ActorId>, authority: AuthorityId, now: Moment) -> Result<Persona, PersonaError> {
        self.alive()?;
        if role != Role::Supervisor {
            return Err(PersonaError::NotASupervisor);
        }
        if *by == self.registered_by {
            return Err(PersonaError::OwnPersona);
        }
        if officers.contains(by) {
            return Err(PersonaError::ForHimself);
        }
        if officers.is_empty() {
            return Err(PersonaError::ForNobody);
        }
        if matches!(self.state, State::CheckedOut { .. }) {
            return Err(PersonaError::Taken);
        }
        Ok(Persona { authority, authorised: Some(Authorised { by: by.clone(), at: now, officers }), state: State::Authorised, ..self })
    }

    /// One officer takes it, for its own case.
    ///
    /// # Errors
    /// [`PersonaError`] with what to do.
    pub fn check_out(self, by: &ActorId, case: &CaseId, now: Moment) -> Result<Persona, PersonaError> {
        self.alive()?;
        if *case != self.case {
            return Err(PersonaError::OtherCase);
        }
        match &self.state {
            State::CheckedOut { by: holder, .. } if holder == by => return Err(PersonaError::YoursAlready),
            State::CheckedOut { .. } => return Err(PersonaError::Taken),
            _ => {}
        }
        let authorised = self.authorised.as_ref().ok_or(PersonaError::NotAuthorised)?;
        if !authorised.officers.contains(by) {
            return Err(PersonaError::NotForYou);
        }
        Ok(Persona { state: State::CheckedOut { by: by.clone(), at: now }, ..self })
    }

    /// It comes back: from its holder, or because a supervisor or the end of its authority takes it back.
    ///
    /// # Errors
    /// [`PersonaError`] when it is not out, or for anybody else.
    pub fn give_back(self, by: &ActorId, role: Role, now: Moment) -> Result<Persona, PersonaError> {
        self.alive()?;
        match &self.state {
            State::CheckedOut { by: holder, .. } if holder == by || role == Role::Supervisor => Ok(self.taken_back(now)),
            State::CheckedOut { .. } => Err(PersonaError::Taken),
            _ => Err(PersonaError::NothingToReturn),
        }
    }

    /// It comes back whatever its holder says: its authority is over (law 15).
    #[must_use]
    pub fn taken_back(self, now: Moment) -> Persona {
        if matches!(self.state, State::CheckedOut { .. }) { Persona { state: State::Returned { at: now }, ..self } } else { self }
    }

    /// An officer leaves the case: he has it no more, and it is not for him any more.
    #[must_use]
    pub fn left_by(self, who: &ActorId, now: Moment) -> Persona {
        let holds = matches!(&self.state, State::CheckedOut { by, .. } if by == who);
        let mut persona = if holds { self.taken_back(now) } else { self };
        if let Some(authorised) = &mut persona.authorised {
            authorised.officers.remove(who);
        }
        persona
    }

    /// It is known to the other side, or may be: nobody uses it again.
    ///
    /// # Errors
    /// [`PersonaError`] when it has ended already.
    pub fn burn(self, by: &ActorId, now: Moment) -> Result<Persona, PersonaError> {
        self.alive()?;
        Ok(Persona { state: State::Burned { by: by.clone(), at: now }, ..self })
    }

    /// It is used no more.
    ///
    /// # Errors
    /// [`PersonaError`] for another role, while somebody has it, or when it has ended already.
    pub fn deregister(self, by: &ActorId, role: Role, now: Moment) -> Result<Persona, PersonaError> {
        self.alive()?;
        if role != Role::Supervisor {
            return Err(PersonaError::NotASupervisor);
        }
        if matches!(self.state, State::CheckedOut { .. }) {
            return Err(PersonaError::Taken);
        }
        Ok(Persona { state: State::Deregistered { by: by.clone(), at: now }, ..self })
    }

    /// The circuit label, for the officer who has it, in its case.
    ///
    /// # Errors
    /// [`PersonaError`] for everybody else, and once it has ended.
    pub fn label_for(&self, actor: &ActorId, case: &CaseId) -> Result<&str, PersonaError> {
        self.alive()?;
        if *case != self.case {
            return Err(PersonaError::OtherCase);
        }
        match &self.state {
            State::CheckedOut { by, .. } if by == actor => Ok(&self.label),
            State::CheckedOut { .. } => Err(PersonaError::Taken),
            _ => Err(PersonaError::NotOut),
        }
    }

    /// Whether this person sees that it exists: the supervisors, who registered it, and for whom it is.
    pub fn is_seen_by(&self, actor: &ActorId, role: Role) -> bool {
        role == Role::Supervisor || *actor == self.registered_by || self.authorised.as_ref().is_some_and(|authorised| authorised.officers.contains(actor))
    }

    fn alive(&self) -> Result<(), PersonaError> {
        match self.state {
            State::Burned { .. } => Err(PersonaError::Burned),
            State::Deregistered { .. } => Err(PersonaError::Deregistered),
            _ => Ok(()),
        }
    }
}

/// What makes a persona easy to recognise. It is said and recorded; a person decides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "warning")]
pub enum Warning {
    /// Every use lies in office hours of working days.
    OfficeHours {
        /// How many uses.
        uses: usize,
    },
    /// Another persona has the same secret.
    SameSecret {
        /// Its number.
        persona: String,
    },
    /// Another persona has the same words about itself, such as an account's name.
    SameText {
        /// Its number.
        persona: String,
    },
    /// One of its hosts is visited in another case of the same officer too.
    OtherCase {
        /// The host.
        host: String,
        /// The other case's number.
        case: String,
    },
}

impl Warning {
    /// In words, with what to do.
    pub fn in_words(&self) -> String {
        match self {
            Warning::OfficeHours { uses } => {
                format!("all {uses} uses lie between {OPENS} and {CLOSES} o'clock of working days: whoever watches sees office hours. Use it at other hours too")
            }
            Warning::SameSecret { persona } => format!("{persona} has the same secret: whoever sees both knows that they are one. Give each its own"),
            Warning::SameText { persona } => format!("{persona} has the same words: whoever sees both knows that they are one. Give each its own"),
            Warning::OtherCase { host, case } => {
                format!("{host} is visited in your case {case} too: two cases that meet at one service can give each other away. Tell your supervisor")
            }
        }
    }
}

/// Whether the uses show office hours, by the clock of this zone.
pub fn office_hours(uses: &[Moment], zone: &str) -> Option<Warning> {
    let at_work = |at: &Moment| {
        let (hour, working_day) = at.hour_of_day(zone);
        working_day && (OPENS..CLOSES).contains(&hour)
    };
    (uses.len() >= HABIT && uses.iter().all(at_work)).then_some(Warning::OfficeHours { uses: uses.len() })
}
