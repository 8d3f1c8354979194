//! Permits: asked for, asked again, and held against what they touch (laws 1, 13, 15).
//!
//! The one place that asks `model::authorize` on behalf of a person in a case. A refusal is an event. It
//! writes nothing else and opens no content.

use std::{collections::BTreeSet, sync::Arc};

use model::{
    Law,
    authority::{Authority, AuthorityKind, AuthorityState},
    authorize::{Ask, CaseStanding, Ground, Refusal, authorize, out_of_quarantine},
    event::EventType,
    exhibit::Origin,
    id::{ActorId, CaseId},
    release::{Release, authorize_released},
};
use serde_json::json;

use crate::{
    StoreError,
    log::NewEvent,
    people::KEY_WRAP,
    permit::{Intent, Permit, Scope},
    record::Row,
    session::Session,
    sql::{self, Sight, Tx, Val},
    steps::{Seal, Store},
    tokens::{in_the_case, on_the_node},
};

impl Store {
    /// Mints a permit, or writes the refusal into the log and refuses.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with the law and what is missing.
    pub fn permit(&self, scope: &Scope, intent: Intent) -> Result<Permit, StoreError> {
        let authorities = self.authorities(scope)?;
        let standing = self.standing_for(scope, &authorities)?;
        let member = self.is_member(scope)?;
        let ask = intent.ask(scope, member, standing, self.now());
        let answer = self.or_released(scope, intent.item.as_deref(), &ask, &authorities, authorize(&ask, &authorities))?;
        match answer.map_err(|refusal| self.by_number(scope, refusal)) {
            Ok(ground) => Ok(Permit::new(intent, scope.actor.clone(), scope.case.clone(), ground)),
            Err(refusal) => {
                self.log_refusal(scope, &intent, refusal.law, &refusal.text)?;
                Err(refusal.into())
            }
        }
    }

    /// Asks the permit again: long work calls this between pieces and stops when it fails (law 15).
    ///
    /// # Errors
    /// Law 15 when the authority was revoked or has ended since, or the person was removed.
    pub fn still_live(&self, scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
        own_permit(scope, permit)?;
        self.token_works_on(scope, &permit.grounds())?;
        let member = self.is_member(scope)?;
        let authorities = self.authorities(scope)?;
        let standing = self.standing_for(scope, &authorities)?;
        let (intents, released) = (permit.grounds(), self.releases_for(scope, &permit.grounds())?);
        self.ask_again(scope, &intents, member, &authorities, standing, &released)
    }

    /// Whether a permit would be minted now; nothing is minted and nothing is written.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn would_permit(&self, scope: &Scope, intent: &Intent) -> Result<bool, StoreError> {
        let authorities = self.authorities(scope)?;
        let standing = self.standing_for(scope, &authorities)?;
        Ok(authorize(&intent.ask(scope, self.is_member(scope)?, standing, self.now()), &authorities).is_ok())
    }

    /// Whether the permit reaches what comes from `origin`: the limits on source class, person and
    /// territory bind every opening of bytes, not only their coming in. A refusal is an event.
    ///
    /// # Errors
    /// Law 1 when no live authority covers the action there.
    pub fn cover(&self, scope: &Scope, permit: &Permit, origin: &Origin) -> Result<(), StoreError> {
        self.cover_item(scope, permit, origin, None)
    }

    /// The same for one exhibit, by its id: a release of it covers what no authority does.
    ///
    /// # Errors
    /// As [`Store::cover`].
    pub fn cover_item(&self, scope: &Scope, permit: &Permit, origin: &Origin, item: Option<&str>) -> Result<(), StoreError> {
        let Err(refusal) = self.reach(scope, permit, origin, item)? else { return Ok(()) };
        self.log_refusal(scope, &permit.intent.clone().on(origin), refusal.law, &refusal.text)?;
        Err(refusal.into())
    }

    /// The same as a question, without an event: for lists that leave out what they may not show.
    ///
    /// # Errors
    /// When the database refuses, or the permit is of another person or case.
    pub fn covers(&self, scope: &Scope, permit: &Permit, origin: &Origin) -> Result<bool, StoreError> {
        self.covers_item(scope, permit, origin, None)
    }

    /// The same for one exhibit, by its id.
    ///
    /// # Errors
    /// As [`Store::covers`].
    pub fn covers_item(&self, scope: &Scope, permit: &Permit, origin: &Origin, item: Option<&str>) -> Result<bool, StoreError> {
        Ok(self.reach(scope, permit, origin, item)?.is_ok())
    }

    fn reach(&self, scope: &Scope, permit: &Permit, origin: &Origin, item: Option<&str>) -> Result<Result<(), Refusal>, StoreError> {
        own_permit(scope, permit)?;
        let asked = permit.intent.source == Some(origin.source)
            && permit.intent.person == origin.person
            && permit.intent.territory == origin.territory;
        let plain = origin.under.is_none() && (asked || matches!(permit.ground, Ground::Standing(_)));
        let released = (origin.clone(), item.map(str::to_string));
        let covered = permit.covered();
        if plain || covered.contains_key(&(origin.clone(), None)) || covered.contains_key(&released) {
            return Ok(Ok(()));
        }
        let (intent, authorities) = (permit.intent.clone().on(origin), self.authorities(scope)?);
        let standing = self.standing_for(scope, &authorities)?;
        let ask = intent.ask(scope, self.is_member(scope)?, standing, self.now());
        let answer = self.or_released(scope, item, &ask, &authorities, authorize(&ask, &authorities))?;
        Ok(answer.map_err(|refusal| self.by_number(scope, refusal)).map(|ground| {
            // A release covers its own item and nothing else that comes from there.
            let key = if matches!(ground, Ground::Release(_)) { released } else { (origin.clone(), None) };
            permit.covered.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key, ground);
        }))
    }

    /// An answer, or that of a release of this exhibit where no authority covers the question.
    fn or_released(
        &self,
        scope: &Scope,
        item: Option<&str>,
        ask: &Ask<'_>,
        authorities: &[Authority],
        answer: Result<Ground, Refusal>,
    ) -> Result<Result<Ground, Refusal>, StoreError> {
        let (Err(refusal), Some(item)) = (&answer, item) else { return Ok(answer) };
        let mut nearest = Refusal { law: refusal.law, text: refusal.text.clone() };
        for (of, release) in self.releases(scope)? {
            if of != item {
                continue;
            }
            match authorize_released(ask, authorities, &release) {
                Ok(ground) => return Ok(Ok(ground)),
                Err(why) if why.law == nearest.law => nearest.text = format!("{}. The item is out of scope, and {}", refusal.text, why.text),
                Err(_) => {}
            }
        }
        Ok(Err(nearest))
    }

    /// The releases of the case, each with the id of its exhibit, the oldest first.
    fn releases(&self, scope: &Scope) -> Result<Vec<(String, Release)>, StoreError> {
        let cells = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_OF_CASE, &[Val::text(scope.case.as_str()), Val::text(RELEASE)])?;
        self.read_releases(scope, &cells)
    }

    /// The same, where one of these grounds is a release.
    fn releases_for(&self, scope: &Scope, intents: &[(Intent, Ground)]) -> Result<Vec<(String, Release)>, StoreError> {
        if rests_on_a_release(intents) { self.releases(scope) } else { Ok(vec![]) }
    }

    /// The same, seen from inside a transaction.
    pub(crate) fn releases_in(&self, tx: &mut Tx<'_>, scope: &Scope, intents: &[(Intent, Ground)]) -> Result<Vec<(String, Release)>, StoreError> {
        if !rests_on_a_release(intents) {
            return Ok(vec![]);
        }
        let cells = tx.rows(sql::RECORDS_OF_CASE, &[Val::text(scope.case.as_str()), Val::text(RELEASE)])?;
        self.read_releases(scope, &cells)
    }

    fn read_releases(&self, scope: &Scope, cells: &[sql::Cells]) -> Result<Vec<(String, Release)>, StoreError> {
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        let live = rows.into_iter().filter(|row| !row.is_erased());
        let open = live.map(|row| self.open_row(&scope.ring, row)).map(|row| row.and_then(|row| Ok((row.parent.clone().unwrap_or_default(), row.content()?))));
        open.collect()
    }

    /// Whether a key of the case is still wrapped to the person: an open scope outlives a membership,
    /// and must not carry it (law 13).
    fn is_member(&self, scope: &Scope) -> Result<bool, StoreError> {
        let wraps = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_OF_PARENT, &[Val::text(KEY_WRAP), Val::text(scope.actor.as_str())])?;
        holds_newest(newest_wrap(&wraps, scope)?, scope)
    }

    /// The newest generation of the case's key that is wrapped to the person, seen from inside a transaction.
    pub(crate) fn newest_wrap_in(&self, tx: &mut Tx<'_>, scope: &Scope) -> Result<Option<i64>, StoreError> {
        newest_wrap(&tx.rows(sql::RECORDS_OF_PARENT, &[Val::text(KEY_WRAP), Val::text(scope.actor.as_str())])?, scope)
    }

    pub(crate) fn ask_again(
        &self,
        scope: &Scope,
        intents: &[(Intent, Ground)],
        member: bool,
        authorities: &[Authority],
        standing: CaseStanding,
        releases: &[(String, Release)],
    ) -> Result<(), StoreError> {
        intents.iter().try_for_each(|(intent, ground)| {
            // The ground that was given, and no other that may have come since.
            let bound = scope.bound.as_ref().map(|bound| &bound.binding.authority);
            let same_ground = |authority: &&Authority| matches!(ground, Ground::Authority(id) if *id == authority.id) || bound == Some(&authority.id);
            let relevant = authorities.iter().find(same_ground).map_or(&[][..], std::slice::from_ref);
            let ask = intent.ask(scope, member, standing, self.now());
            let answer = match ground {
                Ground::Release(id) => {
                    let gone = || Refusal { law: Law::Permit, text: "the release is not in the records".into() };
                    let release = releases.iter().find(|(item, release)| release.id == *id && intent.item.as_deref() == Some(item));
                    release.ok_or_else(gone).and_then(|(_, release)| authorize_released(&ask, authorities, release))
                }
                _ => out_of_quarantine(&ask, authorities).and_then(|()| authorize(&Ask { under: None, ..ask }, relevant)),
            };
            answer
                .map(|_| ())
                .map_err(|refusal| StoreError::refused(Law::Revocation, format!("the work was stopped: {}", self.by_number(scope, refusal).text)))
        })
    }

    /// A refusal that sends a person to a command names the case as he types it, not by its id.
    fn by_number(&self, scope: &Scope, refusal: Refusal) -> Refusal {
        let cells = self.db.first(Sight::Docket, sql::RECORD_ONE, &[Val::text("case"), Val::text(scope.case.as_str())]).ok().flatten();
        match cells.and_then(|cells| cells.opt_int(4)) {
            Some(number) => Refusal { text: refusal.text.replace(scope.case.as_str(), &case_label(number)), ..refusal },
            None => refusal,
        }
    }

    fn log_refusal(&self, scope: &Scope, intent: &Intent, law: Law, text: &str) -> Result<(), StoreError> {
        let detail = json!({
            "action": intent.action.name(), "source": intent.source.map(|c| c.name()), "target": intent.target,
            "person": intent.person, "territory": intent.territory, "law": law.number(), "text": text,
        });
        let event = NewEvent::new(EventType::StepRefused, None, detail);
        let seal = Seal::Case(Arc::clone(&scope.ring));
        self.write(Some(&scope.actor), Some(&scope.case), seal, in_the_case(event, scope), vec![], None).map(|_| ())
    }

    /// Writes a refusal that a state machine or a lint gave, and returns it as the error to show.
    ///
    /// # Errors
    /// Only when the log itself cannot be written.
    pub fn refuse(&self, scope: &Scope, intent: &Intent, law: Law, text: String) -> Result<StoreError, StoreError> {
        self.log_refusal(scope, intent, law, &text)?;
        Ok(StoreError::refused(law, text))
    }

    /// Writes into the log that a person was refused outside any case he may enter, and gives the
    /// refusal back.
    ///
    /// # Errors
    /// Only when the log itself cannot be written.
    pub fn note_refused(&self, session: &Session, what: &str, error: StoreError) -> Result<StoreError, StoreError> {
        let Some(law) = error.law() else { return Ok(error) };
        let detail = json!({"step": what, "law": law.number(), "text": error.to_string()});
        let event = on_the_node(NewEvent::new(EventType::StepRefused, None, detail), Some(session));
        self.write(Some(&session.actor), None, self.agency_seal(), event, vec![], None)?;
        Ok(error)
    }

    // ---- authorities and standing

    pub(crate) fn authorities(&self, scope: &Scope) -> Result<Vec<Authority>, StoreError> {
        let of_case = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_OF_CASE, &[Val::text(scope.case.as_str()), Val::text("authority")])?;
        let all = self.db.rows(Sight::Person(&scope.actor), sql::RECORDS_OF_AGENCY, &[Val::text("authority")])?;
        self.read_authorities(scope, &of_case, &all)
    }

    pub(crate) fn authorities_in(&self, tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<Authority>, StoreError> {
        let of_case = tx.rows(sql::RECORDS_OF_CASE, &[Val::text(scope.case.as_str()), Val::text("authority")])?;
        let all = tx.rows(sql::RECORDS_OF_AGENCY, &[Val::text("authority")])?;
        self.read_authorities(scope, &of_case, &all)
    }

    fn read_authorities(&self, scope: &Scope, of_case: &[sql::Cells], all: &[sql::Cells]) -> Result<Vec<Authority>, StoreError> {
        let mut authorities = Vec::new();
        for cells in of_case {
            let row = Row::from_cells(cells)?;
            if !row.is_erased() {
                authorities.push(authority_of(&self.open_row(&scope.ring, row)?)?);
            }
        }
        for cells in all {
            let row = Row::from_cells(cells)?;
            if row.case.is_none() {
                authorities.push(authority_of(&self.open_agency_row(row)?)?);
            }
        }
        Ok(authorities)
    }

    /// What the case itself says about standing bases.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn standing(&self, case: &CaseId) -> Result<CaseStanding, StoreError> {
        let cells = self.db.first(Sight::Docket, sql::RECORD_ONE, &[Val::text("case"), Val::text(case.as_str())])?;
        Ok(standing_of(cells.map(|c| c.text(5)).transpose()?.as_deref()))
    }

    /// The same, with whether the person is the case's only member, when that matters to one of these authorities.
    fn standing_for(&self, scope: &Scope, authorities: &[Authority]) -> Result<CaseStanding, StoreError> {
        let standing = self.standing(&scope.case)?;
        if !authorities.iter().any(waits_for_a_second) {
            return Ok(standing);
        }
        let wraps = self.db.rows(Sight::Docket, sql::RECORDS_OF_CASE, &[Val::text(scope.case.as_str()), Val::text(KEY_WRAP)])?;
        Ok(CaseStanding { alone: only_holder(&wraps)?, ..standing })
    }

    /// The same, seen from inside a transaction.
    pub(crate) fn standing_for_in(&self, tx: &mut Tx<'_>, scope: &Scope, authorities: &[Authority]) -> Result<CaseStanding, StoreError> {
        let standing = self.standing_in(tx, &scope.case)?;
        if !authorities.iter().any(waits_for_a_second) {
            return Ok(standing);
        }
        let wraps = tx.rows(sql::RECORDS_OF_CASE, &[Val::text(scope.case.as_str()), Val::text(KEY_WRAP)])?;
        Ok(CaseStanding { alone: only_holder(&wraps)?, ..standing })
    }

    fn standing_in(&self, tx: &mut Tx<'_>, case: &CaseId) -> Result<CaseStanding, StoreError> {
        let cells = tx.first(sql::RECORD_ONE, &[Val::text("case"), Val::text(case.as_str())])?;
        Ok(standing_of(cells.map(|c| c.text(5)).transpose()?.as_deref()))
    }
}

/// `2026-0001` from the number under which a case is stored.
pub fn case_label(number: i64) -> String {
    format!("{}-{:04}", number / 10_000, number % 10_000)
}

pub(crate) fn own_permit(scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
    if permit.case == scope.case && permit.actor == scope.actor {
        return Ok(());
    }
    Err(StoreError::refused(Law::Permit, "this permit belongs to another person or case"))
}

/// Whether one of these wraps gives the scope's person a key of its case. A scope that was opened before
/// the key changed would write under the old key, which a leaver still has: it is told to begin again.
pub(crate) fn holds_newest(newest: Option<i64>, scope: &Scope) -> Result<bool, StoreError> {
    if newest.is_some_and(|generation| generation > i64::from(scope.ring.newest().generation())) {
        return Err(StoreError::refused(Law::Separation, "the key of this case was changed meanwhile: enter the case again and repeat the step"));
    }
    Ok(newest.is_some())
}

/// The newest live wrap of the scope's case among those of its person.
fn newest_wrap(wraps: &[sql::Cells], scope: &Scope) -> Result<Option<i64>, StoreError> {
    let mut newest = None;
    for cells in wraps {
        let row = Row::from_cells(cells)?;
        if row.case.as_ref() == Some(&scope.case) && row.state == "live" {
            newest = newest.max(Some(row.number.unwrap_or(0)));
        }
    }
    Ok(newest)
}

/// Kind of the rows of releases; each hangs on its exhibit.
const RELEASE: &str = "release";

fn rests_on_a_release(intents: &[(Intent, Ground)]) -> bool {
    intents.iter().any(|(_, ground)| matches!(ground, Ground::Release(_)))
}

/// An emergency authority that nobody but its recorder has looked at.
fn waits_for_a_second(authority: &Authority) -> bool {
    authority.kind == AuthorityKind::Emergency && authority.state == AuthorityState::Recorded
}

/// Whether these wraps of a case's key, live and ended ones, are all of one person: who sends the second one away
/// is not alone.
fn only_holder(wraps: &[sql::Cells]) -> Result<bool, StoreError> {
    let rows = wraps.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
    let holders: BTreeSet<&ActorId> = rows.iter().filter_map(|row| row.actor.as_ref()).collect();
    Ok(holders.len() == 1)
}

fn authority_of(row: &Row) -> Result<Authority, StoreError> {
    let authority: Authority = row.content()?;
    let state = match &authority.state {
        AuthorityState::Recorded => "recorded",
        AuthorityState::Live { .. } => "live",
        AuthorityState::Revoked { .. } => "revoked",
    };
    if state != row.state {
        return Err(StoreError::damaged(format!("authority {} says {state} inside and {} outside", row.id, row.state)));
    }
    Ok(authority)
}

/// The state column of a case: words separated by blanks, such as `open court-process`.
fn standing_of(state: Option<&str>) -> CaseStanding {
    let words: Vec<&str> = state.unwrap_or("").split(' ').collect();
    CaseStanding {
        court_process: words.contains(&"court-process"),
        legal_hold: words.contains(&"legal-hold"),
        closed: words.contains(&"closed"),
        alone: false,
    }
}
