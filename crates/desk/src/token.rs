//! Tokens of programs, in their person's own session: made for one case, listed and ended. What one is bound to is decided by
//! `model::token` and kept by `store`; here it gets the number of its case, and the roles that have something to give.

use model::{Moment, action::Action, id::{AuthorityId, CaseId}};
use serde::Serialize;
pub use store::TokenWish as Wish;
use store::{Scope, Session, StoreError};

use crate::{Desk, row::case_label};

/// A token, as its person sees it: never what opens it.
#[derive(Debug, Clone, Serialize)]
pub struct TokenView {
    /// Its name for steps and in the log.
    pub token: String,
    /// The number of its case.
    pub case: String,
    /// Its authority.
    pub authority: AuthorityId,
    /// Its purpose.
    pub purpose: String,
    /// Its steps.
    pub steps: Vec<String>,
    /// When it ends by itself.
    pub expires: Moment,
    /// When it was made; none of one that is made now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
}

/// Makes a token: what opens it, told once, and what it is bound to.
///
/// # Errors
/// Law 1 for a role that may not even look, and without a live authority of the case; law 13 for a step that is for people.
pub fn make(desk: &Desk, session: &Session, scope: &Scope, wish: &Wish<'_>) -> Result<(String, TokenView), StoreError> {
    desk.ready()?;
    // Who may not look at what is in the case has nothing to give.
    desk.of_role(scope, Action::View)?;
    let made = desk.store.make_token(session, scope, wish)?;
    let bound = made.binding;
    let view = TokenView { token: bound.token, case: label(desk, &bound.case)?, authority: bound.authority, purpose: bound.purpose, steps: bound.steps.into_iter().collect(), expires: bound.until, since: None };
    Ok((made.secret, view))
}

/// A person's open tokens, in all of his cases.
///
/// # Errors
/// When the records cannot be read.
pub fn list(desk: &Desk, session: &Session) -> Result<Vec<TokenView>, StoreError> {
    let view = |one: store::TokenView| Ok(TokenView { case: label(desk, &one.case)?, token: one.token, authority: one.authority, purpose: one.purpose, steps: one.steps, expires: one.until, since: Some(one.since) });
    desk.store.own_tokens(session)?.into_iter().map(view).collect()
}

fn label(desk: &Desk, case: &CaseId) -> Result<String, StoreError> {
    let row = desk.store.register_one("case", case.as_str())?;
    Ok(row.and_then(|row| row.number).map_or_else(|| case.to_string(), case_label))
}
