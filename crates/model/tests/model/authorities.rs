//! The life of one authority: who may make it live (law 1), that its end is final (law 15), and how
//! far it can reach.

use std::collections::BTreeSet;

use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    authority::{Authority, AuthorityError, AuthorityKind, AuthorityScope, AuthorityState, LONGEST_DAYS, Limit, SourceClass},
    authorize::{Ask, CaseStanding, Ground, StandingBasis, authorize},
    id::{ActorId, AuthorityId, CaseId},
};

use crate::dice::Dice;

pub fn person(n: u8) -> ActorId {
    ActorId::from_random([n; 16])
}

pub fn case() -> CaseId {
    CaseId::from_random([1; 16])
}

const DAY: i64 = 86_400;

/// An authority for everything in [`case`], recorded by person 1, held by person 2, for one day.
pub fn authority(kind: AuthorityKind) -> Authority {
    Authority {
        id: AuthorityId::from_random([9; 16]),
        kind,
        case: Some(case()),
        reference: "D-1".into(),
        zone: "UTC".into(),
        holders: BTreeSet::from([person(2)]),
        recorded_by: person(1),
        scope: AuthorityScope {
            actions: Action::ALL.into_iter().collect(),
            sources: kind.widest_sources().iter().copied().collect(),
            selectors: Limit::Any,
            persons: Limit::Any,
            territory: Limit::Any,
        },
        from: Moment::from_micros(0),
        until: Moment::from_micros(0).plus_seconds(DAY),
        state: AuthorityState::Recorded,
        amends: None,
        extends: None,
        ratified: None,
    }
}

/// Makes it live by the step that its kind needs.
pub fn approve(authority: &mut Authority, by: &ActorId, role: Role) -> Result<(), AuthorityError> {
    let at = Moment::from_micros(1);
    if authority.kind.is_checked() { authority.check(by, at) } else { authority.grant(by, role, at) }
}

fn covers(authority: &Authority, second: i64) -> bool {
    let (actor, case) = (person(2), case());
    let ask = Ask {
        actor: &actor,
        role: Role::Investigator,
        member: true,
        case: &case,
        standing: CaseStanding::default(),
        action: Action::View,
        source: None,
        target: None,
        person: None,
        territory: None,
        under: None,
        only: None,
        bound: None,
        now: Moment::from_micros(0).plus_seconds(second),
    };
    authorize(&ask, std::slice::from_ref(authority)) == Ok(Ground::Authority(authority.id.clone()))
}

/// What the refusal says of these authorities, asked by person 2 on day 20.
fn refused(authorities: &[Authority], only: Option<&AuthorityId>) -> String {
    let (actor, case) = (person(2), case());
    let ask = Ask {
        actor: &actor,
        role: Role::Investigator,
        member: true,
        case: &case,
        standing: CaseStanding::default(),
        action: Action::Collect,
        source: Some(SourceClass::Open),
        target: None,
        person: None,
        territory: None,
        under: None,
        only,
        bound: None,
        now: Moment::from_micros(0).plus_seconds(20 * DAY),
    };
    authorize(&ask, authorities).unwrap_err().text
}

#[test]
fn a_refusal_names_the_authority_that_the_officer_has_in_mind() {
    let one = |n: u8, reference: &str| Authority { id: AuthorityId::from_random([n; 16]), reference: reference.into(), ..authority(AuthorityKind::SupervisorAuthorisation) };
    let live = |authority: Authority| Authority { state: AuthorityState::Live { by: person(3), at: Moment::from_micros(1) }, ..authority };
    let until = |authority: Authority, days: i64| Authority { until: Moment::from_micros(0).plus_seconds(days * DAY), ..authority };
    let ended = live(until(one(1, "ended"), 10));
    let waiting = until(one(2, "waiting"), 30);
    let far = until(one(3, "revoked long ago"), 300);
    let revoked = Authority { state: AuthorityState::Revoked { by: person(3), at: Moment::from_micros(0).plus_seconds(2 * DAY) }, ..far };
    let unit = Authority { case: None, ..live(until(one(4, "the unit's"), 12)) };
    let says = |all: &[&Authority], expected: &str| {
        let text = refused(&all.iter().map(|one| (*one).clone()).collect::<Vec<_>>(), None);
        assert!(text.contains(&format!("\"{expected}\"")), "{text}");
    };
    says(&[&revoked, &waiting, &ended], "waiting");
    says(&[&revoked, &ended], "ended");
    says(&[&unit, &ended], "ended");
    says(&[&unit, &revoked], "revoked long ago");
    // What a persona serves is the one that counts, however near another one is.
    let text = refused(&[waiting.clone(), ended.clone()], Some(&ended.id));
    assert!(text.contains("The one that counts here is") && text.contains("\"ended\""), "{text}");
    let gone = AuthorityId::from_random([7; 16]);
    let text = refused(&[waiting], Some(&gone));
    assert!(text.contains(gone.as_str()) && text.contains("alone"), "{text}");
}

#[test]
fn law_01_the_holder_never_approves_his_own_authority() {
    for kind in AuthorityKind::ALL {
        for role in Role::ALL {
            for own in [1, 2] {
                let mut authority = authority(kind);
                let answer = approve(&mut authority, &person(own), role);
                assert!(answer.is_err(), "{} approved by its own person {own} as {role}", kind.name());
                assert_eq!(authority.state, AuthorityState::Recorded);
                assert!(!covers(&authority, 10));
            }
            let mut authority = authority(kind);
            let may = kind.is_checked() || matches!(role, Role::Supervisor | Role::Prosecutor);
            assert_eq!(approve(&mut authority, &person(3), role).is_ok(), may, "{} by another {role}", kind.name());
            assert_eq!(covers(&authority, 10), may);
        }
    }
    let mut own = authority(AuthorityKind::SupervisorAuthorisation);
    let refusal = own.grant(&person(2), Role::Supervisor, Moment::from_micros(1)).unwrap_err();
    assert_eq!(refusal, AuthorityError::OwnAuthority { step: "grant" });
    assert!(refusal.to_string().contains("law 1"), "{refusal}");
}

#[test]
fn law_01_an_order_from_outside_is_checked_and_one_of_the_house_is_granted() {
    let at = Moment::from_micros(1);
    for kind in AuthorityKind::ALL {
        let mut wrong = authority(kind);
        let answer =
            if kind.is_checked() { wrong.grant(&person(3), Role::Supervisor, at) } else { wrong.check(&person(3), at) };
        assert!(matches!(answer, Err(AuthorityError::WrongStep { .. })), "{}", kind.name());
        assert_eq!(wrong.state, AuthorityState::Recorded);
    }
}

#[test]
fn law_01_an_authority_covers_only_between_its_first_and_last_instant() {
    let mut live = authority(AuthorityKind::CourtOrder);
    approve(&mut live, &person(3), Role::Prosecutor).unwrap();
    for (second, expected) in [(-1, false), (0, true), (1, true), (DAY - 1, true), (DAY, false), (DAY + 1, false)] {
        assert_eq!(covers(&live, second), expected, "second {second}");
        assert_eq!(live.is_live(Moment::from_micros(0).plus_seconds(second)), expected, "second {second}");
    }
}

#[test]
fn law_15_a_revoked_authority_never_covers_again() {
    let mut dice = Dice(15);
    for _ in 0..5_000 {
        let kind = dice.pick(&AuthorityKind::ALL);
        let mut authority = authority(kind);
        if !dice.one_in(3) {
            approve(&mut authority, &person(3), Role::Supervisor).unwrap();
            assert!(covers(&authority, 10));
        }
        authority.revoke(&person(4), Moment::from_micros(2)).unwrap();
        let ended = authority.state.clone();
        for _ in 0..8 {
            let (by, role, at) = (person(u8::try_from(dice.below(6)).unwrap()), dice.pick(&Role::ALL), Moment::from_micros(3));
            let answer = match dice.below(3) {
                0 => authority.check(&by, at),
                1 => authority.grant(&by, role, at),
                _ => authority.revoke(&by, at),
            };
            assert!(answer.is_err());
            assert_eq!(authority.state, ended);
            assert!(!covers(&authority, i64::try_from(dice.below(200_000)).unwrap() - 50_000));
        }
    }
}

#[test]
fn law_15_a_revoked_authority_is_named_in_the_refusal() {
    let mut revoked = authority(AuthorityKind::CourtOrder);
    revoked.revoke(&person(4), Moment::from_micros(2)).unwrap();
    let (actor, case) = (person(2), case());
    let ask = Ask {
        actor: &actor,
        role: Role::Investigator,
        member: true,
        case: &case,
        standing: CaseStanding::default(),
        action: Action::Collect,
        source: Some(SourceClass::Open),
        target: None,
        person: None,
        territory: None,
        under: None,
        only: None,
        bound: None,
        now: Moment::from_micros(5),
    };
    // A live one that never covered the action is farther off than one that did and is over.
    let mut narrow = Authority { reference: "D-2".into(), ..authority(AuthorityKind::CourtOrder) };
    narrow.scope.actions = BTreeSet::from([Action::Admit]);
    approve(&mut narrow, &person(3), Role::Supervisor).unwrap();
    for authorities in [[revoked.clone(), narrow.clone()], [narrow, revoked]] {
        let refusal = authorize(&ask, &authorities).unwrap_err();
        assert_eq!(refusal.law, Law::Permit);
        for words in ["court-order authority \"D-1\"", "it was revoked on 1 January 1970, 00:00 (UTC)", "ask for a new authority"] {
            assert!(refusal.text.contains(words), "{words}: {}", refusal.text);
        }
    }
}

/// Two live authorities of the case that cover everything, and what a token of the second is answered.
#[test]
fn law_01_a_token_has_no_ground_but_its_own_authority() {
    let (actor, case, standing) = (person(2), case(), CaseStanding { court_process: true, ..CaseStanding::default() });
    let live = |n: u8| {
        let mut one = Authority { id: AuthorityId::from_random([n; 16]), reference: format!("D-{n}"), ..authority(AuthorityKind::CourtOrder) };
        approve(&mut one, &person(3), Role::Supervisor).unwrap();
        one
    };
    let (other, own) = (live(1), live(2));
    let asked = |action: Action, only: Option<&AuthorityId>, authorities: &[Authority]| {
        let ask = Ask {
            actor: &actor, role: Role::Investigator, member: true, case: &case, standing, action, source: None, target: None, person: None, territory: None, under: None, only, bound: Some(&own.id), now: Moment::from_micros(5),
        };
        authorize(&ask, authorities)
    };
    assert_eq!(asked(Action::Query, None, &[other.clone(), own.clone()]), Ok(Ground::Authority(own.id.clone())));
    let narrow = Authority { scope: AuthorityScope { actions: BTreeSet::from([Action::View]), ..own.scope.clone() }, ..own.clone() };
    let refused = asked(Action::Query, None, &[other.clone(), narrow.clone()]).unwrap_err();
    assert!(refused.text.contains("\"D-2\"") && refused.text.contains("outside its scope"), "{}", refused.text);
    assert!(asked(Action::Query, Some(&other.id), &[other.clone(), own.clone()]).unwrap_err().text.contains("this token serves"));
    // What a standing basis allows, it allows a token while the authority lives and no longer; what came in is kept.
    assert!(asked(Action::Report, None, &[narrow.clone()]).unwrap_err().text.contains("outside its scope"), "a court process gives no papers to a token");
    assert_eq!(asked(Action::Correct, None, &[narrow]), Ok(Ground::Standing(StandingBasis::DisclosureDuty)));
    assert_eq!(asked(Action::Transfer, None, &[]), Ok(Ground::Standing(StandingBasis::Custody)));
    let mut revoked = own.clone();
    revoked.revoke(&person(4), Moment::from_micros(2)).unwrap();
    let of_another_case = Authority { case: Some(CaseId::from_random([7; 16])), ..own.clone() };
    let of_the_unit = Authority { case: None, ..own.clone() };
    let of_others = Authority { holders: BTreeSet::from([person(5)]), ..own.clone() };
    for gone in [revoked, of_another_case, of_the_unit, of_others, Authority { until: Moment::from_micros(5), ..own.clone() }, other.clone()] {
        for action in [Action::Query, Action::Report, Action::Correct] {
            assert_eq!(asked(action, None, &[other.clone(), gone.clone()]).unwrap_err().law, Law::Permit, "{action} {gone:?}");
        }
    }
}

/// Whether an authority of this many seconds is accepted when it is written down.
fn period(seconds: i64) -> bool {
    let mut authority = authority(AuthorityKind::CourtOrder);
    authority.until = authority.from.plus_seconds(seconds);
    authority.validate().is_ok()
}

#[test]
fn law_01_an_authority_of_543_years_is_refused() {
    assert!(period(1));
    assert!(period(LONGEST_DAYS * DAY));
    assert!(!period((LONGEST_DAYS + 1) * DAY));
    assert!(!period(543 * 365 * DAY));
    assert!(!period(0));
    assert!(!period(-DAY));
    let mut long = authority(AuthorityKind::CourtOrder);
    long.until = long.from.plus_seconds(543 * 365 * DAY);
    assert!(long.validate().unwrap_err().to_string().contains("calendar"));
}

#[test]
fn law_01_a_supervisor_cannot_open_what_only_a_court_can() {
    for kind in AuthorityKind::ALL {
        for class in SourceClass::ALL {
            let mut authority = authority(kind);
            authority.scope.sources = BTreeSet::from([class]);
            let allowed = match kind {
                AuthorityKind::SupervisorAuthorisation | AuthorityKind::StandingUnit => {
                    matches!(class, SourceClass::Open | SourceClass::HandedOver)
                }
                AuthorityKind::Training => class == SourceClass::Synthetic,
                _ => true,
            };
            assert_eq!(authority.validate().is_ok(), allowed, "{} for {}", kind.name(), class.name());
        }
    }
}

/// Whether a limit typed as `names` covers `asked`.
fn check_limit(names: &[&str], asked: &str, expected: bool) {
    let limit = Limit::from_names(&names.iter().map(|n| (*n).to_string()).collect::<Vec<_>>());
    assert_eq!(limit.covers(asked), expected, "{names:?} against {asked:?}");
}

#[test]
fn law_01_nothing_typed_allows_nothing() {
    check_limit(&[], "market.test", false);
    check_limit(&[], "", false);
    check_limit(&["any"], "market.test", true);
    check_limit(&["Market.Test"], "mARKET.tEST", true);
    check_limit(&["market.test"], "market.test.evil", false);
    check_limit(&["market.test"], "sub.market.test", false);
    // `any` beside another name is a name, not a door.
    check_limit(&["any", "market.test"], "forum.test", false);
}
