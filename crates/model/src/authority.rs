//! Authorities: legal instruments, their scope and their life.
//!
//! Most are issued outside: the order is scanned, transcribed, checked by a second person and
//! labelled [`TRANSCRIBED`]. The house issues only a supervisor's authorisation. The holder never
//! approves his own authority (law 1), and a revoked one never comes back.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Law, Moment,
    action::Action,
    id::{ActorId, AuthorityId, CaseId},
};

/// Label of every instrument that was issued outside.
pub const TRANSCRIBED: &str = "transcribed, not issued here";
/// Longest reach of an emergency authority, in seconds: 48 hours.
pub const EMERGENCY_SECONDS: i64 = 48 * 3_600;
/// Longest reach of any authority, in days: a mistyped year must not outlive a career.
pub const LONGEST_DAYS: i64 = 5 * 366;

/// What kind of instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorityKind {
    /// A court's order, issued outside.
    CourtOrder,
    /// A prosecutor's authorisation, issued outside.
    ProsecutorAuthorisation,
    /// A supervisor's authorisation for one case, open sources only.
    SupervisorAuthorisation,
    /// A unit's standing authorisation for open sources, for every case of the unit.
    StandingUnit,
    /// A person's written consent, issued outside.
    Consent,
    /// A competent person's oral approval in an emergency, for 48 hours at most. A written order must ratify it;
    /// without one, what came in under it is quarantined.
    Emergency,
    /// Work on synthetic worlds.
    Training,
}

impl AuthorityKind {
    /// Every kind.
    pub const ALL: [AuthorityKind; 7] = [
        AuthorityKind::CourtOrder,
        AuthorityKind::ProsecutorAuthorisation,
        AuthorityKind::SupervisorAuthorisation,
        AuthorityKind::StandingUnit,
        AuthorityKind::Consent,
        AuthorityKind::Emergency,
        AuthorityKind::Training,
    ];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            AuthorityKind::CourtOrder => "court-order",
            AuthorityKind::ProsecutorAuthorisation => "prosecutor",
            AuthorityKind::SupervisorAuthorisation => "supervisor",
            AuthorityKind::StandingUnit => "standing-unit",
            AuthorityKind::Consent => "consent",
            AuthorityKind::Emergency => "emergency",
            AuthorityKind::Training => "training",
        }
    }

    /// Whether it was issued outside and needs a scan and a second person's check.
    pub fn is_transcribed(self) -> bool {
        matches!(self, AuthorityKind::CourtOrder | AuthorityKind::ProsecutorAuthorisation | AuthorityKind::Consent)
    }

    /// Whether a second person makes it live by checking it, as one who compares or calls back, and not by granting.
    pub fn is_checked(self) -> bool {
        self.is_transcribed() || self == AuthorityKind::Emergency
    }

    /// Whether it can ratify what was done under an emergency authority.
    pub fn ratifies(self) -> bool {
        matches!(self, AuthorityKind::CourtOrder | AuthorityKind::ProsecutorAuthorisation)
    }

    /// The source classes that this kind can ever cover.
    pub fn widest_sources(self) -> &'static [SourceClass] {
        match self {
            AuthorityKind::SupervisorAuthorisation | AuthorityKind::StandingUnit => {
                &[SourceClass::Open, SourceClass::HandedOver]
            }
            AuthorityKind::Training => &[SourceClass::Synthetic],
            _ => &SourceClass::ALL,
        }
    }
}

impl std::str::FromStr for AuthorityKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        by_name(text, &AuthorityKind::ALL, |k| k.name(), "a kind of authority")
    }
}

/// Where data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceClass {
    /// Anyone can reach it without deceit.
    Open,
    /// Onion services and the like.
    Darknet,
    /// A seized or examined device.
    Device,
    /// Handed over by a person or agency.
    HandedOver,
    /// A provider's return.
    Provider,
    /// A synthetic world for training.
    Synthetic,
}

impl SourceClass {
    /// Every class.
    pub const ALL: [SourceClass; 6] = [
        SourceClass::Open,
        SourceClass::Darknet,
        SourceClass::Device,
        SourceClass::HandedOver,
        SourceClass::Provider,
        SourceClass::Synthetic,
    ];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            SourceClass::Open => "open",
            SourceClass::Darknet => "darknet",
            SourceClass::Device => "device",
            SourceClass::HandedOver => "handed-over",
            SourceClass::Provider => "provider",
            SourceClass::Synthetic => "synthetic",
        }
    }
}

impl std::str::FromStr for SourceClass {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        by_name(text, &SourceClass::ALL, |c| c.name(), "a source class")
    }
}

fn by_name<T: Copy>(text: &str, all: &[T], name: impl Fn(T) -> &'static str, what: &str) -> Result<T, String> {
    all.iter().copied().find(|item| name(*item) == text).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|item| name(*item)).collect();
        format!("{text} is not {what}: choose one of {}", names.join(", "), text = crate::quoted(text))
    })
}

/// One dimension of a scope: anything, or only what is named. There is no empty "anything".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "limit", content = "names")]
pub enum Limit {
    /// No limit in this dimension.
    Any,
    /// Only these.
    Only(BTreeSet<String>),
}

impl Limit {
    /// Builds a limit from typed names; the single word `any` lifts it, nothing typed allows nothing.
    pub fn from_names(names: &[String]) -> Self {
        match names {
            [only] if only == "any" => Limit::Any,
            names => Limit::Only(names.iter().map(|n| n.to_lowercase()).collect()),
        }
    }

    /// Whether `name` is inside.
    pub fn covers(&self, name: &str) -> bool {
        match self {
            Limit::Any => true,
            Limit::Only(names) => names.contains(&name.to_lowercase()),
        }
    }

    /// Whether everything inside `other` is inside this too.
    pub fn reaches(&self, other: &Limit) -> bool {
        match (self, other) {
            (Limit::Any, _) => true,
            (Limit::Only(_), Limit::Any) => false,
            (Limit::Only(mine), Limit::Only(others)) => others.is_subset(mine),
        }
    }

    /// In words, for a person.
    pub fn in_words(&self) -> String {
        match self {
            Limit::Any => "any".into(),
            Limit::Only(names) if names.is_empty() => "none".into(),
            Limit::Only(names) => names.iter().cloned().collect::<Vec<_>>().join(", "),
        }
    }
}

/// What an authority allows: actions × source classes × selectors × persons × territory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityScope {
    /// Allowed actions.
    pub actions: BTreeSet<Action>,
    /// Allowed source classes.
    pub sources: BTreeSet<SourceClass>,
    /// Hosts that may be collected from, and identifiers that may be asked of others; questions to what the
    /// case already holds are bound by the origin of each exhibit instead.
    pub selectors: Limit,
    /// Persons concerned.
    pub persons: Limit,
    /// Territory (ISO 3166 codes or `any`).
    pub territory: Limit,
}

impl AuthorityScope {
    /// Whether everything that `other` allows is allowed here too.
    pub fn reaches(&self, other: &AuthorityScope) -> bool {
        other.actions.is_subset(&self.actions)
            && other.sources.is_subset(&self.sources)
            && self.selectors.reaches(&other.selectors)
            && self.persons.reaches(&other.persons)
            && self.territory.reaches(&other.territory)
    }
}

/// A legal instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// Its id.
    pub id: AuthorityId,
    /// What it is.
    pub kind: AuthorityKind,
    /// Its reference, as the issuer writes it; a refusal names it.
    #[serde(default)]
    pub reference: String,
    /// Time zone in which its days were written.
    #[serde(default)]
    pub zone: String,
    /// The case it was given for; `None` for a unit's standing authorisation.
    pub case: Option<CaseId>,
    /// Who may act on it; empty means every member of the case (or of the unit).
    pub holders: BTreeSet<ActorId>,
    /// Who wrote it down.
    pub recorded_by: ActorId,
    /// What it allows.
    pub scope: AuthorityScope,
    /// First instant.
    pub from: Moment,
    /// First instant after it.
    pub until: Moment,
    /// Where it stands.
    pub state: AuthorityState,
    /// The authority that it replaces: that one ends when this one becomes live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amends: Option<AuthorityId>,
    /// The authority that it goes on from: that one stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<AuthorityId>,
    /// The written order that ratified an emergency authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratified: Option<AuthorityId>,
}

/// What an authority is worth at one moment, by state and period together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Standing {
    /// Written down, never good for anything so far.
    Recorded,
    /// Checked or granted; its first instant lies ahead.
    NotBegun,
    /// It covers.
    Live,
    /// Its period is over.
    Ended {
        /// First instant after it.
        at: Moment,
    },
    /// Ended before its time.
    Revoked {
        /// When.
        at: Moment,
    },
}

impl Standing {
    /// The word under which it is listed.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Recorded => "recorded",
            Standing::NotBegun => "not begun",
            Standing::Live => "live",
            Standing::Ended { .. } => "ended",
            Standing::Revoked { .. } => "revoked",
        }
    }
}

/// The life of an authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum AuthorityState {
    /// Written down, not yet good for anything.
    Recorded,
    /// Checked by a second person, or granted by a supervisor.
    Live {
        /// Who.
        by: ActorId,
        /// When.
        at: Moment,
    },
    /// Ended before its time. Final.
    Revoked {
        /// Who.
        by: ActorId,
        /// When.
        at: Moment,
    },
}

/// Why a step in the life of an authority is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The person would approve his own authority.
    #[error("{law}: the person who recorded or holds an authority cannot {step} it; ask another person", law = Law::Permit)]
    OwnAuthority {
        /// `check` or `grant`.
        step: &'static str,
    },
    /// Wrong step for this kind.
    #[error("this kind of authority is made live by `authority {right}`, not by `authority {wrong}`")]
    WrongStep {
        /// The step to use.
        right: &'static str,
        /// The step that was asked for.
        wrong: &'static str,
    },
    /// Not in a state for this step.
    #[error("the authority is already {0}")]
    WrongState(&'static str),
    /// The role may not do it.
    #[error("{law}: only a supervisor or a prosecutor can {step} an authority", law = Law::Permit)]
    WrongRole {
        /// `grant`, `check` or `revoke`.
        step: &'static str,
    },
    /// From and until make no sense.
    #[error("{0}")]
    Period(String),
    /// It cannot ratify that.
    #[error("{law}: {0}", law = Law::Permit)]
    NoRatification(&'static str),
    /// The scope reaches further than the kind can.
    #[error("a {kind} authority cannot cover the source class {source_class}; a court or a prosecutor must authorise that")]
    TooWide {
        /// Kind's name.
        kind: &'static str,
        /// Class's name.
        source_class: &'static str,
    },
}

impl Authority {
    /// Checks what can be checked when it is written down.
    ///
    /// # Errors
    /// [`AuthorityError::Period`] or [`AuthorityError::TooWide`].
    pub fn validate(&self) -> Result<(), AuthorityError> {
        if self.until <= self.from {
            return Err(AuthorityError::Period("the authority ends before it begins: check the dates".into()));
        }
        let days = (self.until.micros() - self.from.micros()) / (86_400 * 1_000_000);
        if days > LONGEST_DAYS {
            return Err(AuthorityError::Period(format!(
                "the authority would last {days} days, which is more than {LONGEST_DAYS}: check the year and the calendar"
            )));
        }
        if self.kind == AuthorityKind::Emergency && self.until.micros() - self.from.micros() > EMERGENCY_SECONDS * 1_000_000 {
            return Err(AuthorityError::Period("an emergency authority lasts 48 hours at most: give the hour of the oral approval with --from and an end within 48 hours with --until".into()));
        }
        let widest = self.kind.widest_sources();
        match self.scope.sources.iter().find(|class| !widest.contains(class)) {
            Some(class) => Err(AuthorityError::TooWide { kind: self.kind.name(), source_class: class.name() }),
            None => Ok(()),
        }
    }

    /// A second person compared the transcription with the scan.
    ///
    /// # Errors
    /// [`AuthorityError`] when it is the same person, the wrong kind or the wrong state.
    pub fn check(&mut self, by: &ActorId, at: Moment) -> Result<(), AuthorityError> {
        if !self.kind.is_checked() {
            return Err(AuthorityError::WrongStep { right: "grant", wrong: "check" });
        }
        self.make_live(by, at, "check")
    }

    /// A supervisor grants it.
    ///
    /// # Errors
    /// [`AuthorityError`] when it is the same person, not a supervisor, the wrong kind or state.
    pub fn grant(&mut self, by: &ActorId, role: crate::actor::Role, at: Moment) -> Result<(), AuthorityError> {
        if self.kind.is_checked() {
            return Err(AuthorityError::WrongStep { right: "check", wrong: "grant" });
        }
        if !matches!(role, crate::actor::Role::Supervisor | crate::actor::Role::Prosecutor) {
            return Err(AuthorityError::WrongRole { step: "grant" });
        }
        self.make_live(by, at, "grant")
    }

    fn is_own_of(&self, person: &ActorId) -> bool {
        *person == self.recorded_by || self.holders.contains(person)
    }

    fn make_live(&mut self, by: &ActorId, at: Moment, step: &'static str) -> Result<(), AuthorityError> {
        if self.is_own_of(by) {
            return Err(AuthorityError::OwnAuthority { step });
        }
        match self.state {
            AuthorityState::Recorded => {
                self.state = AuthorityState::Live { by: by.clone(), at };
                Ok(())
            }
            AuthorityState::Live { .. } => Err(AuthorityError::WrongState("live")),
            AuthorityState::Revoked { .. } => Err(AuthorityError::WrongState("revoked")),
        }
    }

    /// A written order stands behind it: checked, of the same case, and reaching as far.
    ///
    /// # Errors
    /// [`AuthorityError`] when it is no emergency, ratified already, or the order cannot carry it; when the person
    /// recorded or holds it himself.
    pub fn ratify(&mut self, by: &ActorId, order: &Authority) -> Result<(), AuthorityError> {
        if self.kind != AuthorityKind::Emergency {
            return Err(AuthorityError::NoRatification("only an emergency authority is ratified"));
        }
        if self.is_own_of(by) {
            return Err(AuthorityError::OwnAuthority { step: "ratify" });
        }
        if self.ratified.is_some() {
            return Err(AuthorityError::WrongState("ratified"));
        }
        if !order.kind.ratifies() || !matches!(order.state, AuthorityState::Live { .. }) {
            return Err(AuthorityError::NoRatification("a court's or prosecutor's written order that a second person has checked ratifies it"));
        }
        if order.case != self.case || !order.scope.reaches(&self.scope) {
            return Err(AuthorityError::NoRatification("the order is of another case or narrower than the emergency authority: what it does not cover stays in quarantine"));
        }
        self.ratified = Some(order.id.clone());
        Ok(())
    }

    /// Ends it. Final; running work stops (law 15).
    ///
    /// # Errors
    /// [`AuthorityError::WrongState`] when it is revoked already.
    pub fn revoke(&mut self, by: &ActorId, at: Moment) -> Result<(), AuthorityError> {
        if matches!(self.state, AuthorityState::Revoked { .. }) {
            return Err(AuthorityError::WrongState("revoked"));
        }
        self.state = AuthorityState::Revoked { by: by.clone(), at };
        Ok(())
    }

    /// What it is worth at `now`: a state alone does not say that its time is over.
    ///
    /// ```
    /// # use model::{Moment, authority::Standing};
    /// let ended = Standing::Ended { at: Moment::from_micros(0) };
    /// assert_eq!(ended.name(), "ended");
    /// ```
    pub fn standing(&self, now: Moment) -> Standing {
        match self.state {
            AuthorityState::Recorded => Standing::Recorded,
            AuthorityState::Revoked { at, .. } => Standing::Revoked { at },
            AuthorityState::Live { .. } if now < self.from => Standing::NotBegun,
            AuthorityState::Live { .. } if now < self.until => Standing::Live,
            AuthorityState::Live { .. } => Standing::Ended { at: self.until },
        }
    }

    /// Live state and inside its period.
    pub fn is_live(&self, now: Moment) -> bool {
        matches!(self.state, AuthorityState::Live { .. }) && self.from <= now && now < self.until
    }
}
