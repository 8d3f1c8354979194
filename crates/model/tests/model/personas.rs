//! Personas: two people before anybody uses one, one officer and one case at a time, burned is burned (laws 1 and 15),
//! over random walks and case by case.

use std::collections::BTreeSet;

use model::{
    Law, Moment,
    actor::Role,
    id::{ActorId, AuthorityId, CaseId, PersonaId},
    persona::{Persona, PersonaError, State, Warning, office_hours},
};

use crate::dice::Dice;

fn actor(n: u8) -> ActorId {
    ActorId::from_random([n; 16])
}

fn case(n: u8) -> CaseId {
    CaseId::from_random([n; 16])
}

fn authority(n: u8) -> AuthorityId {
    AuthorityId::from_random([n; 16])
}

const NOW: Moment = Moment::from_micros(1_790_000_000_000_000);

fn registered() -> Persona {
    Persona::register(PersonaId::from_random([9; 16]), case(1), authority(1), "ab".repeat(16), actor(1), NOW)
}

fn officers(who: &[u8]) -> BTreeSet<ActorId> {
    who.iter().map(|n| actor(*n)).collect()
}

fn authorised() -> Persona {
    registered().authorise(&actor(5), Role::Supervisor, officers(&[1, 2]), authority(1), NOW).unwrap()
}

#[test]
fn law_01_a_persona_is_authorised_by_a_supervisor_who_neither_registered_nor_uses_it() {
    let by = |who: u8, role, whom: &[u8]| registered().authorise(&actor(who), role, officers(whom), authority(1), NOW).map(|_| ());
    assert_eq!(by(5, Role::Supervisor, &[1]), Ok(()));
    assert_eq!(by(1, Role::Supervisor, &[2]), Err(PersonaError::OwnPersona));
    assert_eq!(by(5, Role::Supervisor, &[5]), Err(PersonaError::ForHimself));
    assert_eq!(by(5, Role::Supervisor, &[]), Err(PersonaError::ForNobody));
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Supervisor) {
        assert_eq!(by(5, role, &[1]), Err(PersonaError::NotASupervisor), "{role}");
    }
    assert_eq!(registered().check_out(&actor(1), &case(1), NOW), Err(PersonaError::NotAuthorised));
    assert_eq!(PersonaError::OwnPersona.law(), Some(Law::Permit));
}

#[test]
fn law_01_a_persona_has_one_officer_and_one_case() {
    assert_eq!(authorised().check_out(&actor(3), &case(1), NOW), Err(PersonaError::NotForYou));
    assert_eq!(authorised().check_out(&actor(2), &case(2), NOW), Err(PersonaError::OtherCase));
    let out = authorised().check_out(&actor(2), &case(1), NOW).unwrap();
    assert_eq!(out.clone().check_out(&actor(1), &case(1), NOW), Err(PersonaError::Taken));
    assert_eq!(out.label_for(&actor(2), &case(1)), Ok(out.label.as_str()));
    assert_eq!(out.label_for(&actor(1), &case(1)), Err(PersonaError::Taken));
    assert_eq!(out.label_for(&actor(2), &case(2)), Err(PersonaError::OtherCase));
    assert_eq!(out.clone().authorise(&actor(5), Role::Supervisor, officers(&[1]), authority(2), NOW), Err(PersonaError::Taken));
    assert_eq!(out.clone().give_back(&actor(1), Role::Investigator, NOW), Err(PersonaError::Taken));
    let back = out.give_back(&actor(5), Role::Supervisor, NOW).unwrap();
    assert_eq!(back.label_for(&actor(2), &case(1)), Err(PersonaError::NotOut));
    assert!(back.clone().check_out(&actor(1), &case(1), NOW).is_ok());
    // Who leaves the case has it no more, and it is not for him any more.
    let out = back.check_out(&actor(2), &case(1), NOW).unwrap();
    assert_eq!(out.clone().left_by(&actor(1), NOW).label_for(&actor(2), &case(1)), Ok(out.label.as_str()));
    let left = out.left_by(&actor(2), NOW);
    assert_eq!(left.label_for(&actor(2), &case(1)), Err(PersonaError::NotOut));
    assert_eq!(left.clone().check_out(&actor(2), &case(1), NOW), Err(PersonaError::NotForYou));
    assert!(left.check_out(&actor(1), &case(1), NOW).is_ok());
}

/// Random steps by random people: at any time at most one officer has it, nobody has it without a supervisor's word,
/// and after an end nothing changes and nobody gets the label.
#[test]
fn law_01_random_walks_never_use_a_persona_after_its_end_nor_by_two() {
    let mut dice = Dice(25);
    for _ in 0..3_000 {
        let mut persona = registered();
        for step in 0..40 {
            let (who, case, role) = (actor(1 + u8::try_from(dice.below(5)).unwrap()), case(1 + u8::try_from(dice.below(2)).unwrap()), dice.pick(&Role::ALL));
            let now = NOW.plus_seconds(step);
            let before = persona.clone();
            let named = officers(&dice.some(&[1, 2, 3, 4, 5], 2, 5));
            let next = match dice.below(8) {
                7 if dice.one_in(4) => Ok(persona.clone().left_by(&who, now)),
                0 => persona.clone().authorise(&who, Role::Supervisor, named, authority(1), now),
                1 => persona.clone().authorise(&who, role, named, authority(2), now),
                2 | 3 => persona.clone().check_out(&who, &case, now),
                4 => persona.clone().give_back(&who, role, now),
                5 if dice.one_in(4) => persona.clone().burn(&who, now),
                6 if dice.one_in(4) => persona.clone().deregister(&who, role, now),
                _ => Ok(persona.clone().taken_back(now)),
            };
            if let Ok(next) = next {
                persona = next;
            }
            assert_eq!(persona.label, before.label);
            assert_eq!(persona.case, before.case);
            let holders: Vec<u8> = (1..=5).filter(|n| (1..=2).any(|c| persona.label_for(&actor(*n), &self::case(c)).is_ok())).collect();
            assert!(holders.len() <= 1);
            if let State::CheckedOut { by, .. } = &persona.state {
                let word = persona.authorised.as_ref().expect("nobody has it without a word");
                assert!(word.by != persona.registered_by && word.by != *by && word.officers.contains(by));
                if let State::CheckedOut { by: before, .. } = &before.state {
                    assert_eq!(before, by, "it never goes from one to the other without coming back");
                }
            }
            if before.state.is_final() {
                assert_eq!(persona.state, before.state);
                assert!(holders.is_empty());
            }
        }
    }
}

#[test]
fn law_01_a_burned_persona_is_never_used_again() {
    for persona in [registered(), authorised(), authorised().check_out(&actor(2), &case(1), NOW).unwrap()] {
        let burned = persona.burn(&actor(2), NOW).unwrap();
        assert_eq!(burned.clone().check_out(&actor(2), &case(1), NOW), Err(PersonaError::Burned));
        assert_eq!(burned.label_for(&actor(2), &case(1)), Err(PersonaError::Burned));
        assert_eq!(burned.clone().authorise(&actor(5), Role::Supervisor, officers(&[2]), authority(1), NOW), Err(PersonaError::Burned));
        assert_eq!(burned.clone().deregister(&actor(5), Role::Supervisor, NOW), Err(PersonaError::Burned));
        assert_eq!(burned.clone().taken_back(NOW), burned);
    }
    let ended = authorised().deregister(&actor(5), Role::Supervisor, NOW).unwrap();
    assert_eq!(ended.check_out(&actor(2), &case(1), NOW), Err(PersonaError::Deregistered));
}

#[test]
fn uses_in_office_hours_only_are_told() {
    let at = |text: &str| text.parse::<Moment>().unwrap();
    // Monday to Friday, 09:30 to 17:59 in Vientiane.
    let office = ["2026-11-02T02:30:00Z", "2026-11-03T02:30:00Z", "2026-11-04T10:59:00Z", "2026-11-05T04:00:00Z", "2026-11-06T05:00:00Z"].map(at);
    assert_eq!(office_hours(&office, "Asia/Vientiane"), Some(Warning::OfficeHours { uses: 5 }));
    assert_eq!(office_hours(&office[..4], "Asia/Vientiane"), None);
    let mut night = office;
    night[2] = at("2026-11-04T15:00:00Z");
    assert_eq!(office_hours(&night, "Asia/Vientiane"), None);
    let mut weekend = office;
    weekend[4] = at("2026-11-07T05:00:00Z");
    assert_eq!(office_hours(&weekend, "Asia/Vientiane"), None);
}
