//! The filter queue: what may be privileged is looked at by people who do nothing else in the case, the holder of
//! the privilege is told and may object, and only another person lets it go (law 7).
//!
//! One state machine, pure. It refuses a release without a proposal, without the holder's time, against an objection
//! that no court ended, by whoever proposed it, and anything at all after the end.

use serde::{Deserialize, Serialize};

use crate::{
    Law, Moment,
    actor::Role,
    authority::{Authority, AuthorityKind, AuthorityState, Limit},
    action::Action,
    exhibit::ExhibitClass,
    id::{ActorId, AuthorityId, CaseId},
};

/// How long the holder has at least, in days, to object. A notice may give more. Fourteen days are two weekends and
/// the post both ways; courts that set less say so in an order, and that order releases the item.
pub const NOTICE_DAYS: i64 = 14;
const DAY_SECONDS: i64 = 86_400;

/// What the filter team says of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Whether it is privileged.
    pub privileged: bool,
    /// Who says so.
    pub by: ActorId,
    /// When.
    pub at: Moment,
    /// Why, without its content.
    pub reason: String,
}

/// The holder of the privilege was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Who holds the privilege.
    pub holder: String,
    /// How he was told.
    pub how: String,
    /// When it was noted.
    pub at: Moment,
    /// By whom.
    pub by: ActorId,
    /// Until when he may object.
    pub until: Moment,
}

/// Somebody objects to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// Who objects: the holder or his counsel.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it was noted.
    pub at: Moment,
    /// By whom.
    pub noted_by: ActorId,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "end")]
pub enum End {
    /// It is privileged for good.
    Kept {
        /// Who said so.
        by: ActorId,
        /// When.
        at: Moment,
        /// Why.
        reason: String,
    },
    /// It is not privileged.
    Released {
        /// Who released it.
        by: ActorId,
        /// When.
        at: Moment,
        /// Why.
        reason: String,
        /// The court's order that ended the holder's time or objection.
        order: Option<AuthorityId>,
        /// Its class since.
        to: ExhibitClass,
    },
}

/// Everything that was said of one item in the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterFile {
    /// Every proposal, the newest last.
    #[serde(default)]
    pub proposals: Vec<Proposal>,
    /// Notices to holders.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// Objections.
    #[serde(default)]
    pub objections: Vec<Objection>,
    /// How it ended.
    pub end: Option<End>,
}

/// Why a step of the queue is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// It ended.
    #[error("it was decided already and stays so: see `lanternfish filter list`")]
    Ended,
    /// Only the filter team says whether an item is privileged.
    #[error("only a person of the filter team says whether an item is privileged")]
    NotTheFilterTeam,
    /// Only these roles tell the holder or keep an item.
    #[error("only the filter team, a supervisor or a prosecutor does this")]
    WrongRole,
    /// Only these roles release.
    #[error("only a supervisor or a prosecutor releases an item from the filter")]
    NotADecider,
    /// Nobody looked at it.
    #[error("the filter team has not said anything about it yet: it looks first (`lanternfish filter view`, then `filter propose`)")]
    NoProposal,
    /// The filter team says that it is privileged.
    #[error("the filter team says that it is privileged: it is not released; `lanternfish filter keep` ends the matter")]
    SaidPrivileged,
    /// Who proposed it would decide it.
    #[error("you proposed this yourself: another supervisor or prosecutor releases it")]
    OwnProposal,
    /// The holder was not told.
    #[error("the holder of the privilege was not told of this proposal: tell him, and note it with `lanternfish filter notify`")]
    NoNotice,
    /// The holder has too little time.
    #[error("the holder has at least {NOTICE_DAYS} days to object: name a later day with --until")]
    TooShort,
    /// The holder still has time.
    #[error("{holder} may object until {until}: wait until then, or name a court's order with --decision")]
    TimeRuns {
        /// Who.
        holder: String,
        /// Until when.
        until: Moment,
    },
    /// An objection stands.
    #[error("{by} objects: only a court's order that names this item ends the objection; record it with the action `filter` and `--selector` with the number of the item, let a second person check it, and name it with --decision")]
    Objected {
        /// Who objects.
        by: String,
    },
    /// The order does not carry the release.
    #[error("this order does not release the item: {0}")]
    Order(&'static str),
    /// Released into a restricted class.
    #[error("a released item becomes ordinary or personal-sensitive")]
    StillRestricted,
}

impl FilterError {
    /// The law that refuses.
    pub fn law(&self) -> Law {
        Law::Restricted
    }
}

fn decides(role: Role) -> bool {
    matches!(role, Role::Supervisor | Role::Prosecutor)
}

/// A court's order that is named at a release, and what the records say of it.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The order.
    pub authority: &'a Authority,
    /// When it was written into the records: the log says so, not who typed it.
    pub recorded: Moment,
    /// Whether the filter team looked at the item under it.
    pub looked: bool,
}

/// Whether a court's order ends a holder's time or objection for this item: a live order of a court, of this case,
/// that allows to filter and names the item by its number. It answers what was said, so it is not older than the
/// `last` word of the file, and it is another one than that which gave leave to look.
///
/// # Errors
/// [`FilterError::Order`] with what it lacks.
pub fn order_releases(named: Order<'_>, case: &CaseId, label: &str, last: Option<Moment>, now: Moment) -> Result<(), FilterError> {
    let order = named.authority;
    // Days are typed, so an order of the same day begins before the word that it answers.
    let answers = last.is_none_or(|last| named.recorded >= last && order.from.plus_seconds(DAY_SECONDS) > last);
    let names = matches!(&order.scope.selectors, Limit::Only(names) if names.contains(&label.to_lowercase()));
    let lacks = [
        (order.kind == AuthorityKind::CourtOrder, "it is not the order of a court"),
        (order.case.as_ref() == Some(case), "it belongs to another case"),
        (order.scope.actions.contains(&Action::Filter), "its scope does not say `filter`"),
        (names, "it does not name the item: record it with `--selector` and the number of the item, such as E-0001"),
        (matches!(order.state, AuthorityState::Live { .. }), "a second person has not checked it, or it was revoked"),
        (order.from <= now && now < order.until, "it is not in force now"),
        (answers, "it is older than the last proposal, notice or objection, so it does not answer it: record the court's new order"),
        (!named.looked, "the filter team looked at the item under it: leave to look is no release; record the order that releases"),
    ];
    lacks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, lack)| Err(FilterError::Order(lack)))
}

impl FilterFile {
    /// The word for where it stands.
    pub fn state(&self) -> &'static str {
        match (&self.end, self.proposal()) {
            (Some(End::Kept { .. }), _) => "kept",
            (Some(End::Released { .. }), _) => "released",
            (None, None) => "waiting",
            (None, Some(_)) if !self.objections.is_empty() => "objected",
            (None, Some(proposal)) if proposal.privileged => "proposed-privileged",
            (None, Some(proposal)) if self.notices.iter().any(|notice| notice.at >= proposal.at) => "notified",
            (None, Some(_)) => "proposed-not-privileged",
        }
    }

    /// The newest proposal.
    pub fn proposal(&self) -> Option<&Proposal> {
        self.proposals.last()
    }

    /// When something was last proposed, told or objected: an order that releases is not older.
    pub fn last_word(&self) -> Option<Moment> {
        let proposed = self.proposals.iter().map(|one| one.at);
        proposed.chain(self.notices.iter().map(|one| one.at)).chain(self.objections.iter().map(|one| one.at)).max()
    }

    fn open(&self) -> Result<(), FilterError> {
        if self.end.is_some() { Err(FilterError::Ended) } else { Ok(()) }
    }

    /// The filter team says what it saw.
    ///
    /// # Errors
    /// [`FilterError`] with what to do.
    pub fn propose(mut self, role: Role, proposal: Proposal) -> Result<FilterFile, FilterError> {
        self.open()?;
        if role != Role::FilterTeam {
            return Err(FilterError::NotTheFilterTeam);
        }
        self.proposals.push(proposal);
        Ok(self)
    }

    /// The holder was told of the last proposal.
    ///
    /// # Errors
    /// [`FilterError`] with what to do.
    pub fn notify(mut self, role: Role, notice: Notice) -> Result<FilterFile, FilterError> {
        self.open()?;
        if role != Role::FilterTeam && !decides(role) {
            return Err(FilterError::WrongRole);
        }
        if self.proposals.is_empty() {
            return Err(FilterError::NoProposal);
        }
        if notice.until < notice.at.plus_seconds(NOTICE_DAYS * DAY_SECONDS) {
            return Err(FilterError::TooShort);
        }
        self.notices.push(notice);
        Ok(self)
    }

    /// Somebody objects. Anybody of the case notes it, also when the holder is late: until the release it counts.
    ///
    /// # Errors
    /// [`FilterError::Ended`].
    pub fn object(mut self, objection: Objection) -> Result<FilterFile, FilterError> {
        self.open()?;
        self.objections.push(objection);
        Ok(self)
    }

    /// It is privileged for good.
    ///
    /// # Errors
    /// [`FilterError`] with what to do.
    pub fn keep(mut self, role: Role, by: &ActorId, at: Moment, reason: &str) -> Result<FilterFile, FilterError> {
        self.open()?;
        if role != Role::FilterTeam && !decides(role) {
            return Err(FilterError::WrongRole);
        }
        self.end = Some(End::Kept { by: by.clone(), at, reason: reason.into() });
        Ok(self)
    }

    /// It is not privileged. `order` is a court's order for which [`order_releases`] holds.
    ///
    /// # Errors
    /// [`FilterError`] with what to do.
    pub fn release(mut self, role: Role, by: &ActorId, at: Moment, reason: &str, order: Option<AuthorityId>, to: ExhibitClass) -> Result<FilterFile, FilterError> {
        self.open()?;
        if !decides(role) {
            return Err(FilterError::NotADecider);
        }
        if to.is_restricted() {
            return Err(FilterError::StillRestricted);
        }
        let proposal = self.proposal().ok_or(FilterError::NoProposal)?;
        if proposal.privileged {
            return Err(FilterError::SaidPrivileged);
        }
        if self.proposals.iter().any(|one| one.by == *by) {
            return Err(FilterError::OwnProposal);
        }
        if !self.notices.iter().any(|notice| notice.at >= proposal.at) {
            return Err(FilterError::NoNotice);
        }
        if order.is_none() {
            if let Some(objection) = self.objections.first() {
                return Err(FilterError::Objected { by: objection.by.clone() });
            }
            // What was promised to a holder is kept, also when a later notice says less.
            if let Some(runs) = self.notices.iter().filter(|notice| at < notice.until).max_by_key(|notice| notice.until) {
                return Err(FilterError::TimeRuns { holder: runs.holder.clone(), until: runs.until });
            }
        }
        self.end = Some(End::Released { by: by.clone(), at, reason: reason.into(), order, to });
        Ok(self)
    }
}
