//! Law 13: what the auditor and the administrator get, in every situation that the model can describe.

use std::collections::BTreeSet;

use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    authority::{AuthorityKind, Limit, SourceClass},
    authorize::{Ask, CaseStanding, Ground, NodeStep, StandingBasis, authorize, authorize_node_step, role_may},
};

use crate::authorities::{approve, authority, case, person};

/// Every answer for a role, over all actions, memberships and case states, with a live authority for
/// everything that names the asker as holder.
fn answers(role: Role) -> Vec<(Action, bool, Result<Ground, Law>)> {
    let (actor, case) = (person(2), case());
    let mut all = authority(AuthorityKind::CourtOrder);
    approve(&mut all, &person(3), Role::Prosecutor).unwrap();
    let mut answers = Vec::new();
    for action in Action::ALL {
        for bits in 0..16 {
            let standing = CaseStanding { court_process: bits & 1 > 0, legal_hold: bits & 2 > 0, closed: bits & 4 > 0, alone: false };
            let member = bits & 8 > 0;
            let now = Moment::from_micros(10);
            let ask = Ask {
                actor: &actor, role, member, case: &case, standing, action, source: Some(SourceClass::Darknet),
                target: None, person: None, territory: None, under: None, only: None, bound: None, now,
            };
            answers.push((action, member, authorize(&ask, std::slice::from_ref(&all)).map_err(|r| r.law)));
        }
    }
    answers
}

#[test]
fn law_13_an_auditor_gets_the_log_and_nothing_else() {
    for (action, _, answer) in answers(Role::Auditor) {
        let expected = if action == Action::Audit { Ok(Ground::Standing(StandingBasis::Oversight)) } else { Err(Law::Separation) };
        assert_eq!(answer, expected, "{action}");
    }
    assert!(!Role::Auditor.reads_content());
}

#[test]
fn law_13_an_administrator_has_no_part_in_any_case() {
    for (action, _, answer) in answers(Role::Administrator) {
        assert_eq!(answer, Err(Law::Separation), "{action}");
    }
    assert!(!Role::Administrator.reads_content());
}

#[test]
fn law_07_who_filters_does_nothing_else_and_nobody_else_filters() {
    for role in Role::ALL {
        for action in Action::ALL {
            match (role, action) {
                (Role::FilterTeam, _) => assert_eq!(role_may(role, action), action == Action::Filter, "{action}"),
                (_, Action::Filter) => assert!(!role_may(role, action), "{role}"),
                (_, Action::Supervise) => {
                    let present = matches!(role, Role::Supervisor | Role::Prosecutor | Role::ExhibitOfficer);
                    assert_eq!(role_may(role, action), present, "{role}");
                }
                _ => {}
            }
        }
    }
    let lawful = answers(Role::FilterTeam).into_iter().filter(|(action, member, answer)| answer.is_ok() && *action == Action::Filter && *member);
    assert!(lawful.count() > 0 && Role::FilterTeam.reads_content() && !Role::FilterTeam.investigates());
}

#[test]
fn law_07_an_order_that_names_some_items_opens_those_and_no_queue() {
    let (actor, case, now) = (person(2), case(), Moment::from_micros(10));
    let mut some = authority(AuthorityKind::CourtOrder);
    some.scope.selectors = Limit::from_names(&["E-0004".into()]);
    approve(&mut some, &person(3), Role::Prosecutor).unwrap();
    for (role, action) in [(Role::FilterTeam, Action::Filter), (Role::ExhibitOfficer, Action::Supervise)] {
        let covered = |target: Option<&str>| {
            let ask = Ask {
                actor: &actor, role, member: true, case: &case, standing: CaseStanding::default(), action, source: Some(SourceClass::Darknet),
                target, person: None, territory: None, under: None, only: None, bound: None, now,
            };
            authorize(&ask, std::slice::from_ref(&some)).is_ok()
        };
        assert_eq!((covered(Some("E-0004")), covered(Some("E-0009")), covered(None)), (true, false, false), "{action}");
    }
}

#[test]
fn law_13_defence_and_court_hold_no_key_and_do_nothing_in_a_case() {
    for role in [Role::Defence, Role::Court] {
        for (action, _, answer) in answers(role) {
            assert_eq!(answer, Err(Law::Separation), "{role} {action}");
        }
        assert!(!role.reads_content() && !role.investigates());
    }
}

#[test]
fn law_13_who_is_not_a_member_reads_nothing_of_a_case() {
    for role in Role::ALL {
        for (action, member, answer) in answers(role) {
            if !member && action != Action::Audit {
                assert!(answer.is_err(), "{role} {action}");
            }
        }
    }
    let works = answers(Role::Investigator).into_iter().filter(|(_, _, answer)| answer.is_ok()).count();
    assert!(works > 50, "the test shows nothing when nobody may do anything: {works}");
}

const STEPS: [NodeStep; 15] = [
    NodeStep::ManageUsers, NodeStep::OwnSession, NodeStep::ReceiveTip, NodeStep::OpenCase, NodeStep::RecordUnitAuthority,
    NodeStep::DecideUnitAuthority, NodeStep::ReadLog, NodeStep::Safeguard, NodeStep::ListOwn, NodeStep::NameWitnesses,
    NodeStep::ExchangeCheckpoints, NodeStep::InviteViewer, NodeStep::AnswerViewing, NodeStep::KeepHashLists,
    NodeStep::KeepProxies,
];

fn steps_of(role: Option<Role>) -> BTreeSet<String> {
    STEPS.into_iter().filter(|step| authorize_node_step(role, *step).is_ok()).map(|step| format!("{step:?}")).collect()
}

fn check_steps(role: Option<Role>, expected: &[&str]) {
    assert_eq!(steps_of(role), expected.iter().map(|s| (*s).to_string()).collect(), "{role:?}");
}

#[test]
fn law_13_on_the_node_each_role_has_its_own_steps() {
    check_steps(None, &["ManageUsers", "OwnSession", "ReadLog", "ExchangeCheckpoints"]);
    check_steps(Some(Role::Auditor), &["OwnSession", "ListOwn", "ReadLog", "ExchangeCheckpoints", "AnswerViewing"]);
    check_steps(
        Some(Role::Administrator),
        &["ManageUsers", "OwnSession", "ListOwn", "ReadLog", "Safeguard", "NameWitnesses", "ExchangeCheckpoints", "AnswerViewing", "KeepHashLists", "KeepProxies"],
    );
    check_steps(Some(Role::Analyst), &["OwnSession", "ListOwn", "ReadLog", "ReceiveTip", "ExchangeCheckpoints", "InviteViewer", "AnswerViewing"]);
    check_steps(Some(Role::FilterTeam), &["OwnSession", "ListOwn", "ReadLog", "ExchangeCheckpoints", "AnswerViewing"]);
    for outsider in [Role::Defence, Role::Court] {
        check_steps(Some(outsider), &["OwnSession", "ListOwn", "AnswerViewing"]);
    }
    check_steps(
        Some(Role::Investigator),
        &["OwnSession", "ListOwn", "ReadLog", "ReceiveTip", "OpenCase", "RecordUnitAuthority", "ExchangeCheckpoints", "InviteViewer", "AnswerViewing"],
    );
    check_steps(
        Some(Role::Supervisor),
        &[
            "OwnSession", "ListOwn", "ReadLog", "ReceiveTip", "OpenCase", "RecordUnitAuthority", "DecideUnitAuthority", "Safeguard",
            "NameWitnesses", "ExchangeCheckpoints", "InviteViewer", "AnswerViewing", "KeepHashLists",
        ],
    );
}

#[test]
fn law_13_only_an_administrator_manages_users() {
    for role in Role::ALL {
        let answer = authorize_node_step(Some(role), NodeStep::ManageUsers);
        assert_eq!(answer.is_ok(), role == Role::Administrator, "{role}");
        assert!(answer.is_ok() || answer.is_err_and(|r| r.law == Law::Separation));
    }
}

#[test]
fn laws_have_fifteen_numbers() {
    let numbers: Vec<u8> = Law::ALL.iter().map(|law| law.number()).collect();
    assert_eq!(numbers, (1..=15).collect::<Vec<_>>());
    assert!(Law::ALL.iter().all(|law| Law::try_from(law.number()) == Ok(*law)));
    assert!(Law::try_from(0).is_err() && Law::try_from(16).is_err());
}
