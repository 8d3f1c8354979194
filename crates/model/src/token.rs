//! Tokens: what a program may do in a person's place, and nothing beyond it (laws 1, 4, 13).
//!
//! Pure rules over values: which steps may be given at all, which of them one token was given, and whether its authority
//! still stands. Everything that is not named here is refused: a new step is for people until somebody writes it down.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Law, Moment,
    authority::{Authority, Standing},
    authorize::Refusal,
    id::{ActorId, AuthorityId, CaseId},
    quoted,
};

/// Steps that may be given to a token, by the names of the interface: looking, asking, collecting, admitting and examining
/// in its case. What a person states, signs, decides or answers for with his name is for people: findings, charges, papers
/// for a court, custody, members, authorities, classes, releases, personas, persons, keys, users and sessions; and so is what
/// ends or restricts the work of others: stopping a crawl or a schedule, comparing a case with known-hash lists.
pub const MAY_BE_GIVEN: [&str; 36] = [
    "authority/list", "authority/show", "capture", "case/show", "charge/list", "collect/changes", "collect/crawl", "collect/resume", "collect/retry", "collect/run-due",
    "collect/sitemap", "collect/status", "erratum/list", "examine", "exhibit/admit", "exhibit/list", "exhibit/page", "exhibit/parts", "exhibit/show",
    "exhibit/view", "finding/list", "graph", "log/checkpoint", "material/list", "package/list", "pictures", "report/export", "report/list", "rows", "search",
    "selectors", "timeline", "transfer/list", "watch/alerts", "watch/hunt", "watch/list",
];

/// Those of them that name no case and are harmless: they show nothing of any case.
pub const WITHOUT_A_CASE: [&str; 1] = ["log/checkpoint"];

/// What is typed for a person's own reasons, whatever the step: a persona is an officer's, a secret is shown to somebody who
/// answers for it, and so is the whole of a personal item; what a dead desk left is admitted by whoever looks at it; the scan of
/// an order is looked at by whoever keeps the case; and what one step would do beside its own, such as admitting a map of
/// addresses, is another step.
pub const FOR_PEOPLE: [&str; 6] = ["admit", "full", "persona", "recover", "reveal", "scan"];

/// Longest that a token lives.
pub const LONGEST_HOURS: u16 = 24;
/// Longest purpose, in characters.
const LONGEST_PURPOSE: usize = 500;

/// What a token is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Its name for people and for the log; it opens nothing.
    pub token: String,
    /// The one case.
    pub case: CaseId,
    /// The one authority under which it acts.
    pub authority: AuthorityId,
    /// The one purpose.
    pub purpose: String,
    /// Its steps, by the names of the interface.
    pub steps: BTreeSet<String>,
    /// First instant after it.
    pub until: Moment,
}

/// What was typed for a step, as far as a token's bounds go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The step, by its name of the interface, such as `exhibit/list`.
    pub step: String,
    /// The purpose that was typed.
    pub purpose: Option<String>,
    /// The names of the fields that were filled in.
    pub fields: BTreeSet<String>,
}

impl Binding {
    /// Whether the token may take this step at all; the permit of the step is asked for afterwards.
    ///
    /// # Errors
    /// Law 1, in words, with what to do.
    pub fn allows(&self, said: &Said) -> Result<(), Refusal> {
        let step = quoted(&said.step);
        // Asked again here: what was given once may have become a step for people since.
        if !self.steps.contains(&said.step) || !may_be_given(&said.step) {
            return refuse(Law::Permit, format!("the token {} was not given the step {step}: it has {}; take this step in your own session, or make a token with it", self.token, self.steps_in_words()));
        }
        if !said.fields.contains("case") && !WITHOUT_A_CASE.contains(&said.step.as_str()) {
            return refuse(Law::Permit, format!("the token {} is bound to one case, and this step was asked without one: name its case", self.token));
        }
        if let Some(field) = said.fields.iter().find(|field| FOR_PEOPLE.contains(&field.as_str())) {
            return refuse(Law::Separation, format!("{} is for people: a token never says it; take this step in your own session", quoted(field)));
        }
        if said.purpose.as_deref().is_some_and(|purpose| purpose.trim() != self.purpose) {
            return refuse(Law::Permit, format!("the token {} is for one purpose, {}: leave the purpose out in the interface for programs, or write exactly this one", self.token, quoted(&self.purpose)));
        }
        Ok(())
    }

    fn steps_in_words(&self) -> String {
        self.steps.iter().cloned().collect::<Vec<_>>().join(", ")
    }
}

/// Whether a step may be given to a token.
pub fn may_be_given(step: &str) -> bool {
    MAY_BE_GIVEN.contains(&step)
}

/// The steps that were typed, each of which may be given.
///
/// # Errors
/// Law 13 for a step that is for people only; wildcards are none.
pub fn steps(typed: &[String]) -> Result<BTreeSet<String>, Refusal> {
    let steps: BTreeSet<String> = typed.iter().map(|step| step.trim().to_string()).filter(|step| !step.is_empty()).collect();
    if let Some(step) = steps.iter().find(|step| !may_be_given(step)) {
        return refuse(Law::Separation, format!("{} is given to no token: it is for people in their own session, or there is no such step; `lanternfish token steps` lists what may be given", quoted(step)));
    }
    if steps.is_empty() {
        return refuse(Law::Separation, "a token without a step may do nothing: name each step that it is for".into());
    }
    Ok(steps)
}

/// The purpose that was typed.
///
/// # Errors
/// Law 13 for one that says nothing, or more than a purpose.
pub fn purpose(typed: &str) -> Result<String, Refusal> {
    let said = typed.trim();
    let length = said.chars().count();
    if length == 0 || length > LONGEST_PURPOSE || said.chars().any(char::is_control) {
        return refuse(Law::Separation, format!("a token is for a purpose: write it in words, in one line of at most {LONGEST_PURPOSE} characters"));
    }
    Ok(said.to_string())
}

/// Whether this authority carries tokens of this person in this case now.
///
/// # Errors
/// Law 1, with what it lacks.
pub fn stands(authority: Option<&Authority>, id: &AuthorityId, actor: &ActorId, case: &CaseId, now: Moment) -> Result<(), Refusal> {
    let lacks = |what: &str| refuse(Law::Permit, format!("a token acts under one live authority of its own case, and {what}: see `lanternfish authority list`; make a token under one that lives"));
    let Some(authority) = authority else { return lacks(&format!("{id} is not in the records of this case")) };
    if authority.case.as_ref() != Some(case) {
        return lacks(&format!("{id} was not given for this case"));
    }
    if !authority.holders.is_empty() && !authority.holders.contains(actor) {
        return lacks(&format!("you are not a holder of {id}"));
    }
    match authority.standing(now) {
        Standing::Live => Ok(()),
        other => lacks(&format!("{id} is not live ({})", other.name())),
    }
}

fn refuse<T>(law: Law, text: String) -> Result<T, Refusal> {
    Err(Refusal { law, text })
}
