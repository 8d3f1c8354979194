//! The release of an item that no authority of the case reaches: for a threat to life, or because it may
//! speak for the suspect (laws 1 and 9).
//!
//! One state machine. A threat to life waits for nobody: one member opens the item at once, and a supervisor or
//! prosecutor other than he confirms within 48 hours, or the item is sealed again. What may speak for the
//! suspect stays sealed until such a person has decided, and so does an item whose release was refused or lapsed
//! before. It refuses to lift anything else: a restricted item
//! stays restricted, and what is in quarantine stays there.

use serde::{Deserialize, Serialize};

use crate::{
    Law, Moment,
    action::Action,
    actor::Role,
    authority::{Authority, EMERGENCY_SECONDS},
    authorize::{Ask, Ground, Refusal, out_of_quarantine, role_allows},
    id::{ActorId, ReleaseId},
};

/// How long a release for a threat to life stands on one person's word: as long as an emergency authority.
pub const CONFIRM_WITHIN_SECONDS: i64 = EMERGENCY_SECONDS;

/// Why an item is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// Somebody's life or body is in danger now.
    ThreatToLife,
    /// It may speak for the suspect.
    Exculpatory,
}

impl Because {
    /// The name on the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            Because::ThreatToLife => "threat-to-life",
            Because::Exculpatory => "exculpatory",
        }
    }
}

impl std::str::FromStr for Because {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Because::ThreatToLife, Because::Exculpatory];
        all.into_iter().find(|one| one.name() == text).ok_or_else(|| format!("{text:?} is no reason for a release: choose threat-to-life or exculpatory"))
    }
}

/// What a second person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Whether it is released for good.
    pub approved: bool,
    /// Who.
    pub by: ActorId,
    /// When.
    pub at: Moment,
    /// Why.
    pub reason: String,
}

/// One release of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its id.
    pub id: ReleaseId,
    /// Why.
    pub because: Because,
    /// Why, in words.
    pub reason: String,
    /// Who asked.
    pub asked_by: ActorId,
    /// When.
    pub asked: Moment,
    /// What a second person said; none yet.
    pub decision: Option<Decision>,
    /// Whether another person decides first also in a threat to life, because an earlier release of the item was
    /// refused or lapsed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
}

/// How a release stands at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nobody has decided; the item is sealed.
    Waiting,
    /// Open on one person's word, until this time.
    Open(Moment),
    /// Released for good.
    Released,
    /// A second person said no.
    Refused,
    /// Nobody confirmed in time; the item is sealed again.
    Lapsed,
}

impl Standing {
    /// The word for lists and for the state column of its row.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Waiting => "waiting",
            Standing::Open(_) => "open",
            Standing::Released => "released",
            Standing::Refused => "refused",
            Standing::Lapsed => "lapsed",
        }
    }

    /// Whether another release of the same item would change anything.
    pub fn is_over(self) -> bool {
        matches!(self, Standing::Refused | Standing::Lapsed)
    }
}

/// Why a second person's word does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// The asker himself, or a role that decides nothing.
    #[error("{0}")]
    NotThisPerson(&'static str),
    /// It was decided, or its time is over.
    #[error("{0}")]
    Over(&'static str),
}

impl Release {
    /// Asked for: for a threat to life it is open from now on.
    pub fn ask(id: ReleaseId, because: Because, reason: String, by: ActorId, now: Moment) -> Release {
        Release { id, because, reason, asked_by: by, asked: now, decision: None, waits: false }
    }

    /// The same after an earlier release of the item was refused or lapsed: nobody opens it again on his own word.
    #[must_use]
    pub fn once_more(self) -> Release {
        Release { waits: true, ..self }
    }

    /// How it stands.
    pub fn standing(&self, now: Moment) -> Standing {
        let until = self.asked.plus_seconds(CONFIRM_WITHIN_SECONDS);
        match (&self.decision, self.because) {
            (Some(decision), _) if decision.approved => Standing::Released,
            (Some(_), _) => Standing::Refused,
            (None, Because::Exculpatory) => Standing::Waiting,
            (None, Because::ThreatToLife) if self.waits => Standing::Waiting,
            (None, Because::ThreatToLife) if now < until => Standing::Open(until),
            (None, Because::ThreatToLife) => Standing::Lapsed,
        }
    }

    /// A second person decides.
    ///
    /// # Errors
    /// The asker himself; a role that does not decide; what is decided or over.
    pub fn decide(&mut self, approved: bool, by: &ActorId, role: Role, reason: String, now: Moment) -> Result<(), ReleaseError> {
        if !matches!(role, Role::Supervisor | Role::Prosecutor) {
            return Err(ReleaseError::NotThisPerson("only a supervisor or a prosecutor decides about a release"));
        }
        if *by == self.asked_by {
            return Err(ReleaseError::NotThisPerson("you asked for this release yourself: another supervisor or prosecutor decides"));
        }
        match self.standing(now) {
            Standing::Waiting | Standing::Open(_) => {
                self.decision = Some(Decision { approved, by: by.clone(), at: now, reason });
                Ok(())
            }
            Standing::Released | Standing::Refused => Err(ReleaseError::Over("this release was decided already")),
            Standing::Lapsed => Err(ReleaseError::Over("nobody confirmed this release within 48 hours, and the item is sealed again: ask for a new release")),
        }
    }

    /// What it opens at this time: on one person's word only looking; once a second has agreed, everything by
    /// which a paper can speak of it.
    fn opens(&self, action: Action, now: Moment) -> bool {
        match self.standing(now) {
            Standing::Open(_) => matches!(action, Action::View | Action::Query),
            Standing::Released => matches!(action, Action::View | Action::Query | Action::Conclude | Action::Report | Action::Package | Action::Disclose),
            Standing::Waiting | Standing::Refused | Standing::Lapsed => false,
        }
    }
}

/// Whether this release of the item that the question is about covers it.
///
/// # Errors
/// [`Refusal`] with the law and what to do.
pub fn authorize_released(ask: &Ask<'_>, authorities: &[Authority], release: &Release) -> Result<Ground, Refusal> {
    role_allows(ask)?;
    out_of_quarantine(ask, authorities)?;
    if ask.bound.is_some() {
        return Err(Refusal { law: Law::Permit, text: "it was released to people: a token opens nothing that its own authority does not reach".into() });
    }
    if ask.standing.closed {
        return Err(Refusal { law: Law::Permit, text: "the case is closed: reopen it or work in another case".into() });
    }
    if release.opens(ask.action, ask.now) {
        return Ok(Ground::Release(release.id.clone()));
    }
    let text = match release.standing(ask.now) {
        Standing::Waiting => "its release waits for a supervisor or prosecutor (`lanternfish exhibit decide-release`)".into(),
        Standing::Lapsed => "nobody confirmed its release within 48 hours, so it is sealed again".into(),
        Standing::Refused => "its release was refused".into(),
        Standing::Open(_) | Standing::Released => format!("its release does not reach `{}` yet: a supervisor or prosecutor confirms it first", ask.action),
    };
    Err(Refusal { law: Law::Permit, text })
}
