//! Tokens: what a program shows in a person's place. A token is a child of an open session of his, bound to one case, one
//! authority, one purpose and a few steps (`model::token`), and it ends with that session, at its hour, when it is ended, and
//! when its authority does not live any more (laws 1, 13, 15).
//!
//! It opens the keys of its case and nothing else: no key of the person is in it, so that it signs nothing and enters no
//! other case, whatever the program that holds it is told. It refuses to be a session, and to make another token. Two rows
//! of the case hold it: what it is bound to, under the case's key, and the case's keys, under the token. The token itself is
//! kept nowhere.

use std::sync::Arc;

use model::{
    Law, Moment,
    authorize::{Ground, NodeStep, Refusal, StandingBasis},
    event::EventType,
    id::{AuthorityId, CaseId},
    token::{self, Binding, Said},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    StoreError,
    log::NewEvent,
    people::restate,
    permit::{Intent, Scope},
    record::{Basis, Content, Head, Number, Row, Write},
    session::{Keys, Session},
    sql::{self, Sight, Tx, Val},
    steps::{Seal, Store},
    vault::{
        case_key::CaseKeys,
        secret::{random_16, random_32},
        session_key::{open_under_token, seal_under_token, token_lookup},
    },
};

/// Kind of the row that says what a token is bound to.
pub(crate) const TOKEN: &str = "token";
/// Kind of the row that holds the case's keys under the token.
const TOKEN_KEYS: &str = "token-keys";
const HOUR_SECONDS: i64 = 3_600;
/// How the text of a token begins: nobody takes it for a session.
const BEGINS: &str = "lft-";

/// What a token is bound to, while one step is taken by it.
#[derive(Debug)]
pub(crate) struct Bound {
    pub binding: Binding,
    /// The row of the session whose child it is.
    session: String,
}

/// What a token is made for.
#[derive(Debug, Clone)]
pub struct TokenWish<'a> {
    /// The authority under which it acts.
    pub authority: &'a AuthorityId,
    /// What for.
    pub purpose: &'a str,
    /// Its steps, by the names of the interface for programs.
    pub steps: &'a [String],
    /// How long it lives, in hours; never longer than its session.
    pub hours: u16,
}

/// A token that was made: its text is told here and never again.
pub struct MadeToken {
    /// What the program shows.
    pub secret: String,
    /// What it is bound to.
    pub binding: Binding,
}

/// One open token, as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenView {
    /// Its name for steps; it opens nothing.
    pub token: String,
    /// Its case.
    pub case: CaseId,
    /// Its authority.
    pub authority: AuthorityId,
    /// Its purpose.
    pub purpose: String,
    /// Its steps.
    pub steps: Vec<String>,
    /// When it was made.
    pub since: Moment,
    /// When it ends by itself.
    pub until: Moment,
}

/// For whom a token acts: what a server may know of it before a step is asked for.
#[derive(Debug, Clone)]
pub struct TokenHolder {
    /// The person's name at work.
    pub name: String,
    /// His role.
    pub role: model::actor::Role,
    /// When the token ends.
    pub until: Moment,
    /// Its purpose.
    pub purpose: String,
}

/// Whether a text is a token's and no session's.
pub fn is_token(text: &str) -> bool {
    text.trim().starts_with(BEGINS)
}

fn secret_of(text: &str) -> Result<[u8; 32], StoreError> {
    let mut secret = [0; 32];
    hex::decode_to_slice(text.trim().strip_prefix(BEGINS).unwrap_or(""), &mut secret).map_err(|_| StoreError::input("this is not a token: `lanternfish token make` gives one"))?;
    Ok(secret)
}

fn over() -> StoreError {
    StoreError::refused(Law::Separation, "this token has ended, or its session has: its person makes a new one (`lanternfish token make`)")
}

/// Refuses every case but the token's own, in words that tell nothing of the other one.
pub(crate) fn in_its_case(session: &Session, case: &CaseId) -> Result<(), StoreError> {
    match &session.bound {
        Some(bound) if bound.binding.case != *case => Err(StoreError::refused(Law::Permit, format!("the token {} is bound to one case, and this is another: take this step in your own session", bound.binding.token))),
        _ => Ok(()),
    }
}

/// The keys of a token, while no later ones were wrapped to its person.
pub(crate) fn still_newest(keys: &CaseKeys, wrap: &Row) -> Result<CaseKeys, StoreError> {
    if wrap.number.unwrap_or(0) != i64::from(keys.generation()) {
        return Err(StoreError::refused(Law::Separation, "the key of this case was changed since this token was made: its person makes a new one (`lanternfish token make`)"));
    }
    let case = wrap.case.as_ref().ok_or_else(|| StoreError::damaged("a key wrap without a case"))?;
    Ok(CaseKeys::from_bytes(case, &keys.to_bytes())?)
}

/// An event of a case says that a token acted for its person, which one, and what for (law 2).
pub(crate) fn in_the_case(event: NewEvent, scope: &Scope) -> NewEvent {
    let said = scope.bound.as_ref().map(|bound| json!({"id": bound.binding.token, "purpose": bound.binding.purpose}));
    told(event, said)
}

/// The same of an event of the node, whose detail is not under the key of a case: the purpose stays there.
pub(crate) fn on_the_node(event: NewEvent, session: Option<&Session>) -> NewEvent {
    let said = session.and_then(|session| session.bound.as_ref()).map(|bound| json!({"id": bound.binding.token}));
    told(event, said)
}

fn told(mut event: NewEvent, said: Option<Value>) -> NewEvent {
    if let (Value::Object(detail), Some(said)) = (&mut event.detail, said) {
        detail.insert("token".into(), said);
    }
    event
}

impl Store {
    /// Opens the session of a token for one step: a person's own for any, a program's for those that it was given, while its
    /// authority lives. A refusal is an event of its case.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it has ended; law 1 or 13 for a step, a field or a purpose that is not its own.
    pub fn session_for(&self, text: &str, said: &Said) -> Result<Session, StoreError> {
        if !is_token(text) {
            return self.session(text);
        }
        let (session, scope) = self.open_token(text)?;
        self.factor_is_there(&session)?;
        match self.may_take(&scope, said)? {
            Ok(()) => Ok(session),
            Err(refusal) => Err(self.token_refused(&scope, &said.step, refusal)?),
        }
    }

    /// For whom a token acts.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it has ended.
    pub fn token_holder(&self, text: &str) -> Result<TokenHolder, StoreError> {
        let (session, scope) = self.open_token(text)?;
        let bound = scope.bound.as_ref().ok_or_else(over)?;
        Ok(TokenHolder { name: session.name.clone(), role: session.role, until: bound.binding.until, purpose: bound.binding.purpose.clone() })
    }

    fn may_take(&self, scope: &Scope, said: &Said) -> Result<Result<(), Refusal>, StoreError> {
        let Some(bound) = scope.bound.as_ref() else { return Ok(Ok(())) };
        Ok(bound.binding.allows(said).and(self.stands(scope, &bound.binding.authority)?))
    }

    /// Whether an authority carries tokens of this person here now.
    fn stands(&self, scope: &Scope, id: &AuthorityId) -> Result<Result<(), Refusal>, StoreError> {
        let authorities = self.authorities(scope)?;
        let found = authorities.iter().find(|authority| authority.id == *id);
        Ok(token::stands(found, id, &scope.actor, &scope.case, self.now()))
    }

    /// Makes a token in a person's own session.
    ///
    /// # Errors
    /// Law 1 without a live authority of the case; law 13 for a step that is for people, a purpose that says nothing, and in
    /// the session of a token.
    pub fn make_token(&self, session: &Session, scope: &Scope, wish: &TokenWish<'_>) -> Result<MadeToken, StoreError> {
        session.identity()?;
        let made = match self.bind(session, scope, wish)? {
            Ok(binding) => binding,
            Err(refusal) => return Err(self.token_refused(scope, "token/make", refusal)?),
        };
        let secret = random_32()?;
        let keys = seal_under_token(&secret, &scope.ring.newest().to_bytes())?;
        let head = |kind, id: String, parent: &str| Head { kind, id, case: Some(scope.case.clone()), parent: Some(parent.to_string()), number: Number::None, state: "open".into(), actor: Some(scope.actor.clone()), time: self.now() };
        let plain = serde_json::to_value(&made).map_err(|e| StoreError::damaged(e.to_string()))?;
        let binding = Write { head: head(TOKEN, made.token.clone(), &session.id), content: Content::Json(plain), index: vec![], basis: Basis::New };
        let keys = Write { head: head(TOKEN_KEYS, hex::encode(token_lookup(&secret)), &made.token), content: Content::Sealed(keys), index: vec![], basis: Basis::New };
        let detail = json!({"purpose": made.purpose, "authority": made.authority, "steps": made.steps, "until": made.until});
        let event = NewEvent::new(EventType::TokenMade, Some(made.token.clone()), detail);
        // What lies under those that ended by themselves goes with it: nobody comes by to end them.
        let writes = self.ended_by_themselves(scope)?.into_iter().chain([binding, keys]).collect();
        self.token_step(session, scope, event, writes)?;
        Ok(MadeToken { secret: format!("{BEGINS}{}", hex::encode(secret)), binding: made })
    }

    /// What is bound by a wish, or why it is not.
    fn bind(&self, session: &Session, scope: &Scope, wish: &TokenWish<'_>) -> Result<Result<Binding, Refusal>, StoreError> {
        let stands = self.stands(scope, wish.authority)?;
        let bounds = stands.and_then(|()| Ok((token::steps(wish.steps)?, token::purpose(wish.purpose)?)));
        let (steps, purpose) = match bounds { Ok(bounds) => bounds, Err(refusal) => return Ok(Err(refusal)) };
        let own_end = self.now().plus_seconds(i64::from(wish.hours.clamp(1, token::LONGEST_HOURS)) * HOUR_SECONDS);
        let token = format!("tok-{}", &hex::encode(random_16()?)[..12]);
        Ok(Ok(Binding { token, case: scope.case.clone(), authority: wish.authority.clone(), purpose, steps, until: own_end.min(session.expires) }))
    }

    /// The open tokens of a person, in all of his cases, the oldest first.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn own_tokens(&self, session: &Session) -> Result<Vec<TokenView>, StoreError> {
        let view = |(row, binding): (Row, Binding)| TokenView { token: binding.token, case: binding.case, authority: binding.authority, purpose: binding.purpose, steps: binding.steps.into_iter().collect(), since: row.time, until: binding.until };
        Ok(self.open_tokens(session)?.into_iter().map(|(_, row, binding)| view((row, binding))).collect())
    }

    /// Ends one of a person's tokens; the keys that lay under it are taken out.
    ///
    /// # Errors
    /// [`StoreError::Input`] when there is no such open token of his.
    pub fn end_token(&self, session: &Session, name: &str) -> Result<(), StoreError> {
        session.identity()?;
        let (scope, row, binding) = self.open_tokens(session)?.into_iter().find(|(_, row, _)| row.id == name.trim()).ok_or_else(|| StoreError::input(format!("there is no open token {} of yours: see `lanternfish token list`", model::quoted(name))))?;
        let writes = self.end_writes(&scope, &row, &binding)?;
        self.token_step(session, &scope, NewEvent::new(EventType::TokenEnded, Some(row.id.clone()), json!({})), writes)
    }

    /// The rows that end a token and take out the keys that lie under it.
    fn end_writes(&self, scope: &Scope, row: &Row, binding: &Binding) -> Result<Vec<Write>, StoreError> {
        let keys = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_OF_PARENT, &[Val::text(TOKEN_KEYS), Val::text(&row.id)])?;
        let keys = keys.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        let emptied = |row: &Row| Write { content: Content::Sealed(vec![]), ..restate(row, "ended", self.now()) };
        Ok(std::iter::once(restate_open(row, binding, self.now())?).chain(keys.iter().map(emptied)).collect())
    }

    /// The same for each token of this person in this case that lives no more and that nobody ended.
    fn ended_by_themselves(&self, scope: &Scope) -> Result<Vec<Write>, StoreError> {
        let mut writes = Vec::new();
        for row in self.list(scope, TOKEN)?.into_iter().filter(|row| row.state == "open" && !row.is_erased() && row.actor.as_ref() == Some(&scope.actor)) {
            let binding: Binding = row.content()?;
            let parent = self.register_one("session", row.parent.as_deref().unwrap_or(""))?;
            if self.lives(&row, parent.as_ref(), &binding).is_err() {
                writes.extend(self.end_writes(scope, &row, &binding)?);
            }
        }
        Ok(writes)
    }

    /// Each open token of a person, with leave to work in its case.
    fn open_tokens(&self, session: &Session) -> Result<Vec<(Scope, Row, Binding)>, StoreError> {
        let mut open = Vec::new();
        for case in self.cases_of(&session.actor)? {
            let scope = self.enter(session, &case)?;
            for row in self.list(&scope, TOKEN)?.into_iter().filter(|row| row.actor.as_ref() == Some(&session.actor)) {
                let binding: Binding = row.content()?;
                let parent = self.register_one("session", row.parent.as_deref().unwrap_or(""))?;
                if self.lives(&row, parent.as_ref(), &binding).is_ok() {
                    open.push((scope.lent(), row, binding));
                }
            }
        }
        open.sort_by_key(|(_, row, _)| row.time);
        Ok(open)
    }

    /// One step with a token's rows: an event of its case, like every other.
    fn token_step(&self, session: &Session, scope: &Scope, event: NewEvent, rows: Vec<Write>) -> Result<(), StoreError> {
        self.check_node_step(Some(session), NodeStep::OwnSession)?;
        self.write(Some(&scope.actor), Some(&scope.case), Seal::Case(Arc::clone(&scope.ring)), event, rows, None).map(drop)
    }

    /// A refusal that a token met, or who wanted to make one, as an event of the case.
    fn token_refused(&self, scope: &Scope, step: &str, refusal: Refusal) -> Result<StoreError, StoreError> {
        let detail = json!({"step": step, "law": refusal.law.number(), "text": refusal.text});
        let event = in_the_case(NewEvent::new(EventType::StepRefused, None, detail), scope);
        self.write(Some(&scope.actor), Some(&scope.case), Seal::Case(Arc::clone(&scope.ring)), event, vec![], None)?;
        Ok(refusal.into())
    }

    /// Opens a token that lives: the person as whom it acts, and its case.
    fn open_token(&self, text: &str) -> Result<(Session, Scope), StoreError> {
        let secret = secret_of(text)?;
        // Nobody can be named before the token is found, so it is looked for with the eyes of the log; what is found is sealed.
        let cells = self.db.first(Sight::Log, sql::RECORD_ONE, &[Val::text(TOKEN_KEYS), Val::text(hex::encode(token_lookup(&secret)))])?;
        let row = cells.map(|cells| Row::from_cells(&cells)).transpose()?.filter(|row| row.state == "open").ok_or_else(over)?;
        let (Some(actor), Some(case), Some(token)) = (row.actor.clone(), row.case.clone(), row.parent.clone()) else { return Err(StoreError::damaged("the keys of a token")) };
        let user = self.user(&actor)?;
        if user.state != "active" {
            return Err(over());
        }
        let keys = CaseKeys::from_bytes(&case, &open_under_token(&secret, row.sealed_bytes())?)?;
        let mut session = Session { id: row.id, actor, role: user.record.role, name: user.record.name, keys: Keys::OfCase(keys), certificate: vec![], expires: self.now(), bound: None };
        let mut scope = self.enter(&session, &case)?;
        let binding = self.get(&scope, TOKEN, &token).map_err(|error| if error.exit_code() == 2 { over() } else { error })?;
        let bound = Arc::new(Bound { session: binding.parent.clone().unwrap_or_default(), binding: binding.content()? });
        (session.expires, session.bound, scope.bound) = (bound.binding.until, Some(Arc::clone(&bound)), Some(bound));
        self.token_lives(&scope)?;
        Ok((session, scope))
    }

    /// Whether long work of a token goes on (law 15); always, where a person works himself.
    pub(crate) fn token_works_on(&self, scope: &Scope, intents: &[(Intent, Ground)]) -> Result<(), StoreError> {
        if only_keeps(intents) { Ok(()) } else { self.token_lives(scope).map_err(stopped) }
    }

    /// The same, seen from inside a transaction.
    pub(crate) fn token_works_on_in(&self, tx: &mut Tx<'_>, scope: &Scope, intents: &[(Intent, Ground)]) -> Result<Result<(), StoreError>, StoreError> {
        let Some(bound) = scope.bound.as_ref().filter(|_| !only_keeps(intents)) else { return Ok(Ok(())) };
        let token = tx.first(sql::RECORD_ONE, &[Val::text(TOKEN), Val::text(&bound.binding.token)])?;
        let parent = tx.first(sql::RECORD_ONE, &[Val::text("session"), Val::text(&bound.session)])?;
        Ok(self.is_alive(bound, token, parent).map_err(stopped))
    }

    /// Whether the token of a scope lives still.
    fn token_lives(&self, scope: &Scope) -> Result<(), StoreError> {
        let Some(bound) = &scope.bound else { return Ok(()) };
        let one = |kind: &str, id: &str| self.db.first(Sight::Person(&scope.actor), sql::RECORD_ONE, &[Val::text(kind), Val::text(id)]);
        self.is_alive(bound, one(TOKEN, &bound.binding.token)?, one("session", &bound.session)?)
    }

    fn is_alive(&self, bound: &Bound, token: Option<sql::Cells>, parent: Option<sql::Cells>) -> Result<(), StoreError> {
        let read = |cells: Option<sql::Cells>| cells.map(|cells| Row::from_cells(&cells)).transpose();
        self.lives(&read(token)?.ok_or_else(over)?, read(parent)?.as_ref(), &bound.binding)
    }

    /// Open itself, before its hour, and a child of an open session.
    fn lives(&self, token: &Row, parent: Option<&Row>, binding: &Binding) -> Result<(), StoreError> {
        if token.state != "open" || token.is_erased() || self.now() >= binding.until {
            return Err(over());
        }
        self.open_until(parent.ok_or_else(over)?).map(drop).map_err(|_| over())
    }
}

/// What came in is kept, whatever ended since: a capture that was stopped is sealed as far as it came.
fn only_keeps(intents: &[(Intent, Ground)]) -> bool {
    intents.iter().all(|(_, ground)| *ground == Ground::Standing(StandingBasis::Custody))
}

fn stopped(ended: StoreError) -> StoreError {
    match ended {
        StoreError::Refused { text, .. } => StoreError::refused(Law::Revocation, format!("the work was stopped: {text}")),
        other => other,
    }
}

/// The row of a token that ends, its bounds kept: they say what it was.
fn restate_open(row: &Row, binding: &Binding, now: Moment) -> Result<Write, StoreError> {
    let plain = serde_json::to_value(binding).map_err(|e| StoreError::damaged(e.to_string()))?;
    let head = Head { kind: TOKEN, id: row.id.clone(), case: row.case.clone(), parent: row.parent.clone(), number: Number::None, state: "ended".into(), actor: row.actor.clone(), time: now };
    Ok(Write { head, content: Content::Json(plain), index: vec![], basis: Basis::Over(row.version) })
}
