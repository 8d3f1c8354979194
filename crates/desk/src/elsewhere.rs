//! "Where else have we seen this?": a selector, or the selectors of an exhibit, asked of all cases of one person at once.
//!
//! Each case is asked under a permit of its own, shows what that permit reaches, and has its own event: who asked, for
//! what, how much was found there, and nothing of any other case. What was found in one case is written into no other:
//! its members are not those of this one. The asking itself stands in the case from which it was asked.
//!
//! It refuses cases of which the person is no member. The values of a case are indexed under that case's own key, so
//! there is nothing to ask without entering it, and no number that could be told; whoever must know more asks a
//! supervisor, who asks in his own cases.

use std::collections::{BTreeMap, BTreeSet};

use model::{Sha256Digest, action::Action, authorize::Ground, event::EventType};
use serde::Serialize;
use serde_json::json;
use store::{Intent, NewEvent, Permit, Scope, Session, StoreError, vault::secret::random_16};

use crate::{
    Desk, admit,
    row::{case_label, exhibit_label, for_action},
    search::{self, SelectorHit, SelectorSight},
};

/// Most different values of one asking.
const MOST: usize = 20_000;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Sought<'a> {
    /// One selector, in any letter case.
    Value(&'a str),
    /// Every selector that was found in this exhibit.
    Exhibit(&'a str),
}

/// A place, and the case in which it is.
#[derive(Debug, Clone, Serialize)]
pub struct CaseHit {
    /// `2026-0001`.
    pub case: String,
    /// The place.
    #[serde(flatten)]
    pub hit: SelectorHit,
}

/// What one case says nothing about.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Silent {
    /// Labels of exhibits that were not examined to the end.
    pub unsearched: Vec<String>,
    /// Labels of restricted exhibits.
    pub restricted: Vec<String>,
    /// How many places stand in exhibits that the authority does not reach: counted, not shown.
    pub outside: usize,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Elsewhere {
    /// Where the selectors stand, by case.
    pub hits: Vec<CaseHit>,
    /// How many different values were asked for.
    pub values: usize,
    /// The cases that were asked, the one from which it was asked first.
    pub asked: Vec<String>,
    /// Cases of this person that were not asked, and why.
    pub not_asked: Vec<(String, String)>,
    /// By case: what it says nothing about.
    pub silent: BTreeMap<String, Silent>,
    /// The event in the case from which it was asked.
    pub event: u64,
}

/// Asks all cases of the person.
///
/// # Errors
/// When the permit is not to query; when the exhibit shows no list of what stands in it.
pub fn elsewhere(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, sought: Sought<'_>, purpose: &str) -> Result<Elsewhere, StoreError> {
    for_action(permit, Action::Query)?;
    let (values, of) = match sought {
        Sought::Value(value) => (BTreeSet::from([value.to_lowercase()]), None),
        Sought::Exhibit(label) => {
            let (label, values) = values_of(desk, scope, permit, label)?;
            (values, Some(label))
        }
    };
    let asking = Asking { values: &values, id: hex::encode(random_16()?), purpose };
    let (others, not_asked) = own_cases(desk, session, scope)?;
    let home = label_of(desk, scope)?;
    let mut answer = Elsewhere { hits: vec![], values: values.len(), asked: vec![home.clone()], not_asked, silent: BTreeMap::new(), event: 0 };
    let (mut hits, silent) = asking.places(desk, scope, permit)?;
    hits.retain(|hit| Some(&hit.exhibit) != of.as_ref());
    let own = json!({"query": match sought { Sought::Value(value) => Some(value), Sought::Exhibit(_) => None }, "of": of, "values": values.len(), "cases": others.len() + 1});
    answer.event = asking.told(desk, scope, permit, &hits, &silent, own)?;
    answer.take(home, hits, silent);
    for (case, other, permit) in others {
        let (hits, silent) = asking.places(desk, &other, &permit)?;
        // Of the values that were asked for, those that stand in this case: the others are another case's knowledge.
        let found: BTreeSet<String> = hits.iter().filter(|hit| !hit.selector.is_sensitive()).map(|hit| hit.selector.value.to_lowercase()).collect();
        asking.told(desk, &other, &permit, &hits, &silent, json!({"from-another-case": true, "found": found, "values": values.len()}))?;
        answer.asked.push(case.clone());
        answer.take(case, hits, silent);
    }
    if of.is_some() {
        answer.hits.iter_mut().for_each(|found| found.hit = found.hit.clone().masked());
    }
    Ok(answer)
}

impl Elsewhere {
    fn take(&mut self, case: String, hits: Vec<SelectorHit>, silent: Silent) {
        self.hits.extend(hits.into_iter().map(|hit| CaseHit { case: case.clone(), hit }));
        self.silent.insert(case, silent);
    }
}

/// One asking, the same in every case.
struct Asking<'a> {
    values: &'a BTreeSet<String>,
    id: String,
    purpose: &'a str,
}

impl Asking<'_> {
    fn places(&self, desk: &Desk, scope: &Scope, permit: &Permit) -> Result<(Vec<SelectorHit>, Silent), StoreError> {
        let sight = SelectorSight::of(desk, scope)?;
        let (mut hits, mut outside) = (Vec::new(), 0);
        for value in self.values {
            for row in desk.store.find(scope, "selectors", "selector.value", value)? {
                let (found, beyond) = sight.hits(desk, scope, permit, &row, Some(value))?;
                hits.extend(found);
                outside += beyond;
            }
        }
        Ok((hits, Silent { unsearched: search::unsearched(desk, scope)?, restricted: sight.restricted(), outside }))
    }

    /// The event of one case. Its counts stand apart from those of a question of that case alone: it is no search whose
    /// emptiness could be stated in a report.
    fn told(&self, desk: &Desk, scope: &Scope, permit: &Permit, hits: &[SelectorHit], silent: &Silent, mut detail: serde_json::Value) -> Result<u64, StoreError> {
        let results = Sha256Digest::of(&serde_json::to_vec(hits).map_err(crate::office::input)?);
        detail["purpose"] = json!(self.purpose);
        detail["elsewhere"] = json!({
            "asking": self.id, "count": hits.len(), "outside-authority": silent.outside, "unsearched": silent.unsearched,
            "restricted": silent.restricted, "results": results,
        });
        Ok(desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, None, detail), vec![])?.event)
    }
}

/// The different values that stand in an exhibit of the case, as far as a list shows them.
fn values_of(desk: &Desk, scope: &Scope, permit: &Permit, label: &str) -> Result<(String, BTreeSet<String>), StoreError> {
    let exhibit = admit::row(desk, scope, label)?;
    let label = exhibit_label(exhibit.number.unwrap_or(0));
    if search::closed_labels(desk, scope)?.contains(&label) {
        return Err(StoreError::input(format!("no list shows what stands in {label}: ask for one selector with --value")));
    }
    let sight = SelectorSight::of(desk, scope)?;
    let mut values = BTreeSet::new();
    for row in desk.store.list_of(scope, "selectors", &exhibit.id)? {
        let (found, _) = sight.hits(desk, scope, permit, &row, None)?;
        values.extend(found.into_iter().map(|hit| hit.selector.value.to_lowercase()));
    }
    match values.len() {
        0 => Err(StoreError::input(format!("no selector of {label} can be asked for: examine it first, or ask for one with --value"))),
        many if many > MOST => Err(StoreError::input(format!("{label} has {many} different selectors, and at most {MOST} are asked for at once: ask for one with --value"))),
        _ => Ok((label, values)),
    }
}

/// Another case of the person, entered and permitted.
pub(crate) type OwnCase = (String, Scope, Permit);

/// The other cases of the person in which he may ask now, and those in which he may not, with the reason.
#[expect(clippy::type_complexity, reason = "two lists: what is asked, and what cannot be, each with its words")]
pub(crate) fn own_cases(desk: &Desk, session: &Session, scope: &Scope) -> Result<(Vec<OwnCase>, Vec<(String, String)>), StoreError> {
    let (mut cases, mut others) = (Vec::new(), Vec::new());
    for id in desk.store.cases_of(session.actor())?.into_iter().filter(|id| id != scope.case()) {
        let Ok(other) = desk.store.enter(session, &id) else { continue };
        let label = match label_of(desk, &other) {
            Ok(label) => label,
            // A tip that was taken is sealed like a case, and is none. Any other fault is no reason to leave a case out.
            Err(StoreError::Input(_)) => continue,
            Err(error) => return Err(error),
        };
        let intent = Intent::to(Action::Query);
        if !desk.store.would_permit(&other, &intent)? {
            others.push((label, "no authority lets you ask there now".into()));
            continue;
        }
        let permit = desk.store.permit(&other, intent)?;
        match permit.ground() {
            Ground::Authority(_) | Ground::Standing(_) => cases.push((label, other, permit)),
            _ => others.push((label, "you may see single items there, and ask no question".into())),
        }
    }
    Ok((cases, others))
}

fn label_of(desk: &Desk, scope: &Scope) -> Result<String, StoreError> {
    Ok(case_label(desk.store.get(scope, "case", scope.case().as_str())?.number.unwrap_or(0)))
}
