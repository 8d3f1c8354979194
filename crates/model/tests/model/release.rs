//! Releases of items that no authority reaches: who opens, who decides, until when, and what stays shut (laws 1
//! and 9).

use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    authority::SourceClass,
    authorize::{Ask, CaseStanding, Ground},
    id::{ActorId, CaseId, ReleaseId},
    release::{Because, Release, ReleaseError, Standing, authorize_released},
};
use proptest::prelude::*;

const HOURS_48: i64 = 48 * 3_600;

fn actor(n: u8) -> ActorId {
    ActorId::from_random([n; 16])
}

fn start() -> Moment {
    Moment::from_micros(1_800_000_000_000_000)
}

fn after(seconds: i64) -> Moment {
    start().plus_seconds(seconds)
}

fn asked(because: Because) -> Release {
    Release::ask(ReleaseId::from_random([9; 16]), because, "a drill".into(), actor(1), start())
}

fn opens(release: &Release, role: Role, member: bool, action: Action, now: Moment, closed: bool) -> Result<Ground, Law> {
    let (who, case) = (actor(3), CaseId::from_random([4; 16]));
    let ask = Ask {
        actor: &who,
        role,
        member,
        case: &case,
        standing: CaseStanding { closed, ..CaseStanding::default() },
        action,
        source: Some(SourceClass::Darknet),
        target: None,
        person: None,
        territory: None,
        under: None,
        only: None,
        bound: None,
        now,
    };
    authorize_released(&ask, &[], release).map_err(|refusal| refusal.law)
}

#[test]
fn law_01_a_threat_to_life_opens_at_once_and_closes_after_48_hours_without_a_second_word() {
    let mut release = asked(Because::ThreatToLife);
    let sees = |release: &Release, now| opens(release, Role::Investigator, true, Action::View, now, false).is_ok();
    assert!(sees(&release, start()) && sees(&release, after(HOURS_48 - 1)));
    assert!(!sees(&release, after(HOURS_48)) && !sees(&release, after(HOURS_48 * 100)));
    assert_eq!(release.standing(after(HOURS_48)), Standing::Lapsed);
    let late = release.clone().decide(true, &actor(2), Role::Supervisor, "yes".into(), after(HOURS_48)).unwrap_err();
    assert!(late.to_string().contains("sealed again"), "{late}");
    release.decide(true, &actor(2), Role::Supervisor, "yes".into(), after(HOURS_48 - 1)).unwrap();
    assert!(sees(&release, after(HOURS_48 * 100)));
}

#[test]
fn law_01_what_may_speak_for_the_suspect_stays_sealed_until_a_second_person_decides() {
    let mut release = asked(Because::Exculpatory);
    let sees = |release: &Release| opens(release, Role::Investigator, true, Action::View, after(10), false).is_ok();
    assert!(!sees(&release));
    for role in Role::ALL.into_iter().filter(|role| !matches!(role, Role::Supervisor | Role::Prosecutor)) {
        assert!(matches!(release.decide(true, &actor(2), role, String::new(), after(5)), Err(ReleaseError::NotThisPerson(_))), "{role}");
    }
    assert!(matches!(release.decide(true, &actor(1), Role::Prosecutor, String::new(), after(5)), Err(ReleaseError::NotThisPerson(_))), "the asker");
    let mut refused = release.clone();
    refused.decide(false, &actor(2), Role::Prosecutor, "no".into(), after(5)).unwrap();
    assert!(!sees(&refused));
    assert!(matches!(refused.decide(true, &actor(2), Role::Prosecutor, String::new(), after(6)), Err(ReleaseError::Over(_))));
    release.decide(true, &actor(2), Role::Prosecutor, "it may".into(), after(5)).unwrap();
    assert!(sees(&release));
}

#[test]
fn law_01_after_a_release_that_was_refused_or_lapsed_nobody_opens_on_his_own_word() {
    let mut again = asked(Because::ThreatToLife).once_more();
    let sees = |release: &Release| opens(release, Role::Investigator, true, Action::View, after(10), false).is_ok();
    assert_eq!(again.standing(after(1)), Standing::Waiting);
    assert!(!sees(&again) && sees(&asked(Because::ThreatToLife)));
    assert!(matches!(again.decide(true, &actor(1), Role::Supervisor, String::new(), after(5)), Err(ReleaseError::NotThisPerson(_))), "the asker");
    again.decide(true, &actor(2), Role::Supervisor, "yes".into(), after(5)).unwrap();
    assert!(sees(&again));
}

#[test]
fn law_01_a_release_opens_nothing_but_looking_until_it_is_confirmed_and_never_more_than_papers() {
    let open = asked(Because::ThreatToLife);
    let mut released = open.clone();
    released.decide(true, &actor(2), Role::Supervisor, "yes".into(), after(1)).unwrap();
    let of = |release: &Release| -> Vec<&str> {
        let may = |action: &Action| opens(release, Role::Investigator, true, *action, after(2), false).is_ok();
        Action::ALL.into_iter().filter(may).map(Action::name).collect()
    };
    assert_eq!(of(&open), ["view", "query"]);
    assert_eq!(of(&released), ["view", "query", "conclude", "report", "package", "disclose"]);
    assert_eq!(opens(&released, Role::Investigator, false, Action::View, after(2), false), Err(Law::Separation), "no member");
    assert_eq!(opens(&released, Role::Administrator, true, Action::View, after(2), false), Err(Law::Separation));
    assert_eq!(opens(&released, Role::Auditor, true, Action::View, after(2), false), Err(Law::Separation));
    assert_eq!(opens(&released, Role::Investigator, true, Action::View, after(2), true), Err(Law::Permit), "closed");
}

proptest! {
    #[test]
    fn law_01_whatever_is_said_in_whatever_order_one_person_alone_never_releases_for_good(
        threat in any::<bool>(),
        words in prop::collection::vec((any::<bool>(), 1u8..4, 0usize..7, 0i64..HOURS_48 * 3), 0..12),
    ) {
        let mut release = asked(if threat { Because::ThreatToLife } else { Because::Exculpatory });
        let (mut now, mut second_agreed) = (0, false);
        for (approved, who, role, wait) in words {
            now += wait;
            let role = Role::ALL[role];
            let undecided = release.decision.is_none();
            let said = release.decide(approved, &actor(who), role, String::new(), after(now));
            let counts = undecided && who != 1 && matches!(role, Role::Supervisor | Role::Prosecutor) && (!threat || now < HOURS_48);
            prop_assert_eq!(said.is_ok(), counts);
            second_agreed |= counts && approved;
            let sees = opens(&release, Role::Investigator, true, Action::View, after(now), false).is_ok();
            let on_one_word = threat && release.decision.is_none() && now < HOURS_48;
            prop_assert_eq!(sees, second_agreed || on_one_word);
        }
    }
}
