//! Law 7 on the pure model: a word makes an item stricter, and no word makes a restricted one milder; what the filter
//! queue asks for before a release; who opens a supervised viewing, and when.

use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    authority::{Authority, AuthorityKind, Limit},
    exhibit::ExhibitClass,
    filter::{FilterError, FilterFile, NOTICE_DAYS, Notice, Objection, Order, Proposal, order_releases},
    id::AuthorityId,
    restricted::{RestrictedError, may_reclassify},
    viewing::{PRESENCE_SECONDS, Viewing, ViewingError, permit},
};

use crate::authorities::{approve, authority, case, person};

const LADDER: [ExhibitClass; 4] = [ExhibitClass::Ordinary, ExhibitClass::PersonalSensitive, ExhibitClass::Privileged, ExhibitClass::Contraband];

#[test]
fn law_07_a_word_makes_an_item_stricter_and_no_restricted_one_milder() {
    for role in Role::ALL {
        for (place, from) in LADDER.into_iter().enumerate() {
            for (other, to) in LADDER.into_iter().enumerate() {
                let answer = may_reclassify(from, to, role);
                let decider = matches!(role, Role::Supervisor | Role::Prosecutor);
                let expected = match other.cmp(&place) {
                    std::cmp::Ordering::Equal if !to.is_restricted() => Err(None),
                    _ if (from, to) == (ExhibitClass::Privileged, ExhibitClass::Contraband) && role != Role::FilterTeam => Err(Some(Law::Restricted)),
                    _ if (from, to) != (ExhibitClass::Privileged, ExhibitClass::Contraband) && role == Role::FilterTeam => Err(Some(Law::Restricted)),
                    std::cmp::Ordering::Equal => Ok(()),
                    std::cmp::Ordering::Greater => Ok(()),
                    std::cmp::Ordering::Less if from == ExhibitClass::PersonalSensitive && decider => Ok(()),
                    std::cmp::Ordering::Less => Err(Some(Law::Restricted)),
                };
                assert_eq!(answer.map_err(RestrictedError::law), expected, "{role}: {from:?} to {to:?}");
            }
        }
    }
}

const DAY: i64 = 86_400;

fn day(n: i64) -> Moment {
    Moment::from_micros(n * DAY * 1_000_000)
}

fn proposal(privileged: bool, by: u8, at: i64) -> Proposal {
    Proposal { privileged, by: person(by), at: day(at), reason: "x".into() }
}

fn notice(at: i64, until: i64) -> Notice {
    Notice { holder: "counsel".into(), how: "letter".into(), at: day(at), by: person(1), until: day(until) }
}

fn objection(at: i64) -> Objection {
    Objection { by: "counsel".into(), reason: "x".into(), at: day(at), noted_by: person(4) }
}

fn order_id() -> AuthorityId {
    AuthorityId::from_random([9; 16])
}

/// Proposed on day 0 as not privileged by person 1, told on day 1, with time until day 20.
fn told() -> FilterFile {
    FilterFile::default().propose(Role::FilterTeam, proposal(false, 1, 0)).unwrap().notify(Role::FilterTeam, notice(1, 20)).unwrap()
}

fn release(file: &FilterFile, role: Role, by: u8, at: i64, order: bool) -> Result<FilterFile, FilterError> {
    file.clone().release(role, &person(by), day(at), "x", order.then(order_id), ExhibitClass::Ordinary)
}

#[test]
fn law_07_a_release_waits_for_the_holder_and_for_another_person() {
    let decider = Role::Prosecutor;
    let fresh = FilterFile::default();
    assert_eq!(release(&fresh, decider, 2, 99, true), Err(FilterError::NoProposal));
    let proposed = fresh.clone().propose(Role::FilterTeam, proposal(false, 1, 0)).unwrap();
    assert_eq!(release(&proposed, decider, 2, 99, true), Err(FilterError::NoNotice), "also by order: the holder is told");
    assert_eq!(release(&told(), decider, 2, 19, false), Err(FilterError::TimeRuns { holder: "counsel".into(), until: day(20) }));
    assert!(release(&told(), decider, 2, 20, false).is_ok());
    assert!(release(&told(), decider, 2, 2, true).is_ok(), "a court may shorten the time");
    assert_eq!(release(&told(), decider, 1, 99, false), Err(FilterError::OwnProposal));
    for role in Role::ALL {
        let decides = matches!(role, Role::Supervisor | Role::Prosecutor);
        assert_eq!(release(&told(), role, 2, 20, false).is_ok(), decides, "{role}");
        assert_eq!(FilterFile::default().propose(role, proposal(false, 1, 0)).is_ok(), role == Role::FilterTeam, "{role}");
        assert_eq!(told().keep(role, &person(2), day(3), "x").is_ok(), decides || role == Role::FilterTeam, "{role}");
        assert_eq!(told().notify(role, notice(2, 30)).is_ok(), decides || role == Role::FilterTeam, "{role}");
    }
    let privileged = told().propose(Role::FilterTeam, proposal(true, 1, 2)).unwrap();
    assert_eq!(release(&privileged, decider, 2, 99, true), Err(FilterError::SaidPrivileged));
    let anew = told().propose(Role::FilterTeam, proposal(false, 5, 30)).unwrap();
    assert_eq!(release(&anew, decider, 2, 99, false), Err(FilterError::NoNotice), "a notice tells of the proposal before it only");
    for class in [ExhibitClass::Privileged, ExhibitClass::Contraband] {
        assert_eq!(told().release(decider, &person(2), day(20), "x", None, class), Err(FilterError::StillRestricted));
    }
}

#[test]
fn law_07_an_objection_stops_a_release_until_a_court_decides_and_the_end_is_the_end() {
    let decider = Role::Supervisor;
    for late in [2, 19, 40] {
        let objected = told().object(objection(late)).unwrap();
        assert_eq!(release(&objected, decider, 2, 99, false), Err(FilterError::Objected { by: "counsel".into() }), "on day {late}");
        assert!(release(&objected, decider, 2, 99, true).is_ok());
    }
    for days in 0..NOTICE_DAYS {
        let proposed = FilterFile::default().propose(Role::FilterTeam, proposal(false, 1, 0)).unwrap();
        assert_eq!(proposed.notify(Role::FilterTeam, notice(1, 1 + days)), Err(FilterError::TooShort), "{days}");
    }
    assert_eq!(FilterFile::default().notify(Role::FilterTeam, notice(1, 99)), Err(FilterError::NoProposal));
    let second = told().notify(Role::FilterTeam, notice(2, 50)).unwrap();
    assert!(matches!(release(&second, decider, 2, 30, false), Err(FilterError::TimeRuns { .. })), "every holder has his time");
    for ended in [told().keep(decider, &person(2), day(3), "x").unwrap(), release(&told(), decider, 2, 20, false).unwrap()] {
        assert_eq!(release(&ended, decider, 3, 99, true), Err(FilterError::Ended));
        assert_eq!(ended.clone().object(objection(99)), Err(FilterError::Ended));
        assert_eq!(ended.clone().propose(Role::FilterTeam, proposal(false, 1, 99)), Err(FilterError::Ended));
        assert_eq!(ended.clone().notify(decider, notice(99, 200)), Err(FilterError::Ended));
        assert_eq!(ended.keep(decider, &person(2), day(99), "x"), Err(FilterError::Ended));
    }
}

#[test]
fn law_07_only_a_live_order_of_a_court_that_names_the_item_ends_an_objection() {
    let mut order = authority(AuthorityKind::CourtOrder);
    order.case = Some(case());
    order.scope.selectors = Limit::from_names(&["E-0001".into()]);
    let now = Moment::from_micros(order.from.micros() + 1);
    let recorded = |order: &Authority, at: Moment, last: Option<Moment>, looked: bool| order_releases(Order { authority: order, recorded: at, looked }, &case(), "E-0001", last, now);
    let answer = |order: &Authority| recorded(order, now, Some(order.from), false);
    assert!(answer(&order).is_err(), "nobody checked it");
    approve(&mut order, &person(3), Role::Prosecutor).unwrap();
    assert_eq!(answer(&order), Ok(()));
    let other = |change: &dyn Fn(&mut Authority)| {
        let mut other = order.clone();
        change(&mut other);
        assert!(answer(&other).is_err(), "{other:?}");
    };
    other(&|order| order.scope.selectors = Limit::Any);
    other(&|order| order.scope.selectors = Limit::from_names(&["E-0002".into()]));
    other(&|order| order.scope.actions.retain(|action| *action != Action::Filter));
    other(&|order| order.kind = AuthorityKind::ProsecutorAuthorisation);
    other(&|order| order.case = None);
    other(&|order| order.revoke(&person(3), now).unwrap());
    let over = Order { authority: &order, recorded: now, looked: false };
    assert!(order_releases(over, &case(), "E-0001", None, order.until).is_err());

    // It answers what was said, and leave to look is no release.
    let (second, last) = (1, order.from);
    assert!(recorded(&order, last.plus_seconds(-second), Some(last), false).is_err(), "recorded before the last word");
    assert_eq!(recorded(&order, last, Some(last), false), Ok(()));
    let later = order.from.plus_seconds(DAY);
    assert!(recorded(&order, later, Some(later), false).is_err(), "of a day before the last word, and recorded late");
    assert_eq!(recorded(&order, later, Some(later.plus_seconds(-second)), false), Ok(()), "of the same day");
    assert!(recorded(&order, now, Some(order.from), true).is_err(), "the filter team looked under it");
    let said = told().object(objection(7)).unwrap();
    assert_eq!((FilterFile::default().last_word(), told().last_word(), said.last_word()), (None, Some(day(1)), Some(day(7))));
    assert_eq!(said.propose(Role::FilterTeam, proposal(false, 1, 9)).unwrap().last_word(), Some(day(9)));
}

#[test]
fn law_07_the_time_that_was_promised_to_a_holder_is_not_cut() {
    let decider = Role::Supervisor;
    let anew = FilterFile::default().propose(Role::FilterTeam, proposal(false, 1, 0)).unwrap().notify(Role::FilterTeam, notice(1, 40)).unwrap();
    let anew = anew.propose(Role::FilterTeam, proposal(false, 5, 2)).unwrap().notify(Role::FilterTeam, notice(2, 17)).unwrap();
    assert_eq!(anew.proposals.len(), 2, "what was proposed before stays readable");
    assert_eq!(release(&anew, decider, 2, 39, false), Err(FilterError::TimeRuns { holder: "counsel".into(), until: day(40) }));
    assert!(release(&anew, decider, 2, 40, false).is_ok());
    for proposer in [1, 5] {
        assert_eq!(release(&anew, decider, proposer, 99, true), Err(FilterError::OwnProposal));
    }
}

fn viewing(class: ExhibitClass, by: (u8, Role), viewer: (u8, Role), supervisor: (u8, Role)) -> Result<Viewing, ViewingError> {
    let (a, b, c) = (person(by.0), person(viewer.0), person(supervisor.0));
    permit(class, false, (&a, by.1), (&b, viewer.1), (&c, supervisor.1), day(5), day(0))
}

#[test]
fn law_07_a_viewing_needs_a_decider_a_viewer_and_a_person_present() {
    use ExhibitClass::{Contraband, Ordinary, PersonalSensitive, Privileged};
    let (by, counsel, officer, filter) = ((1, Role::Prosecutor), (2, Role::Defence), (3, Role::ExhibitOfficer), (4, Role::FilterTeam));
    assert!(viewing(Contraband, by, counsel, officer).is_ok() && viewing(Privileged, by, counsel, filter).is_ok());
    for class in [Ordinary, PersonalSensitive] {
        assert_eq!(viewing(class, by, counsel, officer), Err(ViewingError::NotRestricted));
    }
    assert_eq!(viewing(Contraband, by, (1, Role::Prosecutor), officer), Err(ViewingError::OwnViewing));
    assert_eq!(viewing(Contraband, by, (3, Role::ExhibitOfficer), officer), Err(ViewingError::OnePerson));
    for role in Role::ALL {
        let decides = matches!(role, Role::Supervisor | Role::Prosecutor);
        assert_eq!(viewing(Contraband, (1, role), counsel, officer).is_ok(), decides, "{role}");
        assert_eq!(viewing(Contraband, by, (2, role), officer).is_ok(), !matches!(role, Role::Auditor | Role::Administrator), "{role}");
        assert_eq!(viewing(Privileged, by, (2, role), filter).is_ok(), matches!(role, Role::Defence | Role::Court), "{role}");
        assert_eq!(viewing(Contraband, by, counsel, (3, role)).is_ok(), decides || role == Role::ExhibitOfficer, "{role}");
        assert_eq!(viewing(Privileged, by, counsel, (4, role)).is_ok(), role == Role::FilterTeam, "{role}");
    }
    let (a, b, c) = (person(1), person(2), person(3));
    for role in Role::ALL {
        let shown = permit(Contraband, true, (&a, by.1), (&b, role), (&c, officer.1), day(5), day(0));
        assert_eq!(shown.is_ok(), matches!(role, Role::Defence | Role::Court), "{role}: it may be privileged as well");
    }
    assert_eq!(permit(Contraband, false, (&a, by.1), (&b, counsel.1), (&c, officer.1), day(0), day(0)), Err(ViewingError::Over));
}

#[test]
fn law_07_a_viewing_opens_once_and_only_while_both_are_there() {
    let viewing = viewing(ExhibitClass::Contraband, (1, Role::Supervisor), (2, Role::Court), (3, Role::ExhibitOfficer)).unwrap();
    let (at, begin) = (day(1), |by: u8, present: Option<Moment>, now: Moment| viewing.clone().begin(&person(by), present, now));
    assert_eq!(begin(3, None, at), Err(ViewingError::NotPresent));
    for by in [1, 2] {
        assert_eq!(begin(by, Some(at), at), Err(ViewingError::NotYours));
    }
    assert!(begin(3, Some(at), at.plus_seconds(PRESENCE_SECONDS - 1)).is_ok());
    for now in [at.plus_seconds(PRESENCE_SECONDS), at.plus_seconds(-PRESENCE_SECONDS - 1), day(3)] {
        assert_eq!(begin(3, Some(at), now), Err(ViewingError::PresenceOver));
    }
    assert_eq!(begin(3, Some(day(-1)), day(-1)), Err(ViewingError::PresenceOver), "before it was permitted");
    assert_eq!(begin(3, Some(day(5)), day(5)), Err(ViewingError::Over));
    let begun = begin(3, Some(at), at).unwrap();
    assert_eq!(begun.clone().begin(&person(3), Some(at), at), Err(ViewingError::Used));
    assert_eq!(viewing.clone().end(true, at), Err(ViewingError::NotEnded));
    assert_eq!(begun.clone().close(&person(1), day(5).plus_seconds(-1)), Err(ViewingError::Runs));
    assert!(begun.clone().close(&person(1), day(5)).is_ok(), "a program that died leaves no viewing open for ever");
    let ended = begun.end(false, at).unwrap();
    assert_eq!(ended.clone().begin(&person(3), Some(at), at), Err(ViewingError::Used));
    assert_eq!(ended.clone().end(true, at), Err(ViewingError::NotEnded));
    assert_eq!(ended.clone().close(&person(2), at), Err(ViewingError::NotYours));
    let closed = ended.close(&person(1), at).unwrap();
    assert_eq!((closed.state(), closed.whole), ("closed", false));
    assert_eq!(closed.close(&person(1), at), Err(ViewingError::Closed));
    let unused = viewing.close(&person(3), at).unwrap();
    assert_eq!(unused.begin(&person(3), Some(at), at), Err(ViewingError::Used), "closed before it began");
}
