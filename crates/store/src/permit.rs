//! Scopes and permits (laws 1, 13, 15).
//!
//! A [`Scope`] is made only from a session of a member; every read takes one, so a read without one
//! does not compile. A [`Permit`] is minted only by [`Store::permit`](crate::Store::permit), for one
//! action, case and actor, and is asked again inside each transaction and during long work.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use model::{
    Moment,
    action::Action,
    actor::Role,
    authority::SourceClass,
    authorize::{Ask, CaseStanding, Ground},
    exhibit::Origin,
    id::{ActorId, AuthorityId, CaseId},
};

use crate::{tokens::Bound, vault::case_key::KeyRing};

/// A person inside a case: his identity, and the case's keys while he works.
pub struct Scope {
    pub(crate) actor: ActorId,
    pub(crate) role: Role,
    pub(crate) case: CaseId,
    pub(crate) ring: Arc<KeyRing>,
    /// What it is bound to, when a token acts for the person.
    pub(crate) bound: Option<Arc<Bound>>,
}

impl Scope {
    /// Who.
    pub fn actor(&self) -> &ActorId {
        &self.actor
    }

    /// In which role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Which case.
    pub fn case(&self) -> &CaseId {
        &self.case
    }

    /// The same scope for a step that another thread writes.
    pub(crate) fn lent(&self) -> Scope {
        Scope { actor: self.actor.clone(), role: self.role, case: self.case.clone(), ring: Arc::clone(&self.ring), bound: self.bound.clone() }
    }
}

/// What a step wants to do, before anyone asked whether it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The action.
    pub action: Action,
    /// Kind of source, where it touches one.
    pub source: Option<SourceClass>,
    /// Host or identifier it aims at.
    pub target: Option<String>,
    /// Person concerned.
    pub person: Option<String>,
    /// Territory.
    pub territory: Option<String>,
    /// The emergency authority under which what is touched came in, if it was one.
    pub under: Option<AuthorityId>,
    /// The exhibit that it aims at, by its id: only a release of that exhibit covers what no authority does.
    pub item: Option<String>,
    /// The one authority that may carry it, where others would not do: a persona serves the authority that it was
    /// registered for.
    pub only: Option<AuthorityId>,
}

impl Intent {
    /// An intent that aims at nothing outside the case.
    pub fn to(action: Action) -> Intent {
        Intent { action, source: None, target: None, person: None, territory: None, under: None, item: None, only: None }
    }

    /// The same, from this kind of source.
    pub fn from_source(mut self, class: SourceClass) -> Intent {
        self.source = Some(class);
        self
    }

    /// The same, aimed at this host or identifier.
    pub fn aimed_at(mut self, target: impl Into<String>) -> Intent {
        self.target = Some(target.into());
        self
    }

    /// The same, about this person.
    pub fn about(mut self, person: impl Into<String>) -> Intent {
        self.person = Some(person.into());
        self
    }

    /// The same, at this exhibit.
    pub fn at_item(mut self, exhibit: impl Into<String>) -> Intent {
        self.item = Some(exhibit.into());
        self
    }

    /// The same, under this authority and no other.
    pub fn only_under(mut self, authority: AuthorityId) -> Intent {
        self.only = Some(authority);
        self
    }

    /// The same, on what comes from there.
    pub fn on(mut self, origin: &Origin) -> Intent {
        self.source = Some(origin.source);
        self.person.clone_from(&origin.person);
        self.territory.clone_from(&origin.territory);
        self.under.clone_from(&origin.under);
        self
    }

    pub(crate) fn ask<'a>(&'a self, scope: &'a Scope, member: bool, standing: CaseStanding, now: Moment) -> Ask<'a> {
        Ask {
            actor: &scope.actor,
            role: scope.role,
            member,
            case: &scope.case,
            standing,
            action: self.action,
            source: self.source,
            target: self.target.as_deref(),
            person: self.person.as_deref(),
            territory: self.territory.as_deref(),
            under: self.under.as_ref(),
            only: self.only.as_ref(),
            bound: scope.bound.as_ref().map(|bound| &bound.binding.authority),
            now,
        }
    }
}

/// What a permit was asked for beside its intent.
pub(crate) type Covered = (Origin, Option<String>);

/// Leave to do one action in one case, for one person. It has no public constructor and cannot be
/// cloned, stored or sent; rooms never see it.
#[derive(Debug)]
pub struct Permit {
    pub(crate) intent: Intent,
    pub(crate) actor: ActorId,
    pub(crate) case: CaseId,
    pub(crate) ground: Ground,
    /// Origins that it was asked for since, each with the ground that covers it; with the exhibit, where that is a
    /// release of one.
    pub(crate) covered: Mutex<BTreeMap<Covered, Ground>>,
}

impl Permit {
    pub(crate) fn new(intent: Intent, actor: ActorId, case: CaseId, ground: Ground) -> Permit {
        Permit { intent, actor, case, ground, covered: Mutex::default() }
    }

    pub(crate) fn covered(&self) -> BTreeMap<Covered, Ground> {
        self.covered.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// All that it was asked for, each with its ground.
    pub(crate) fn grounds(&self) -> Vec<(Intent, Ground)> {
        let on = |origin: &Origin, item: Option<String>| Intent { item, ..self.intent.clone().on(origin) };
        let covered = self.covered().into_iter().map(|((origin, item), ground)| (on(&origin, item), ground));
        std::iter::once((self.intent.clone(), self.ground.clone())).chain(covered).collect()
    }

    /// Why it is lawful.
    pub fn ground(&self) -> &Ground {
        &self.ground
    }

    /// Whether it was minted for exactly this intent.
    pub fn is_for(&self, intent: &Intent) -> bool {
        self.intent == *intent
    }

    /// The host, identifier or item that it was asked for.
    pub fn target(&self) -> Option<&str> {
        self.intent.target.as_deref()
    }

    /// What it allows.
    pub fn action(&self) -> Action {
        self.intent.action
    }
}
