//! Which separations of duties a unit can keep with the people that it has. Pure: it counts roles, and knows no person.
//!
//! It says what cannot be met at all; what one person did where two belonged, each paper says for itself.

use crate::{action::Action, actor::Role, authorize::role_may};

/// Holders of the smallest recovery set, two of whom open it together.
const HOLDERS: usize = 3;

/// What people in these roles cannot do with two of them where two belong, in words, and whom the unit lacks for it.
pub fn unmet(people: &[Role]) -> Vec<&'static str> {
    let may = |action: Action| people.iter().filter(|role| role_may(**role, action)).count();
    let are = |roles: &[Role]| people.iter().filter(|role| roles.contains(role)).count();
    let deciding = are(&[Role::Supervisor, Role::Prosecutor]);
    let found = [
        (are(&[Role::Investigator]) == 0, "nobody runs a case: an investigator is missing"),
        (deciding == 0, "nobody grants or revokes an authority of the house: a supervisor or a prosecutor is missing"),
        (may(Action::Administer) < 2, "nobody checks the transcription that another made: a second person who administers cases is missing"),
        (may(Action::Transfer) < 2, "custody passes to nobody, it can only be taken in the interim: a second person who takes custody is missing"),
        (may(Action::Package) < 2, "no package bears a second signature: a second person who signs is missing"),
        (may(Action::Erase) < 2, "nothing can be erased by two people: a second person who may erase is missing"),
        (people.iter().filter(|role| role.investigates()).count() < HOLDERS, "no recovery set of two out of three can be made: a third holder is missing"),
        (are(&[Role::FilterTeam]) == 0, "what may be privileged is opened by nobody until a filter team is named"),
        (are(&[Role::Auditor]) == 0, "nobody from outside reads the log: an auditor is missing"),
        (are(&[Role::Administrator]) == 0, "nobody enters or revokes people: an administrator is missing"),
    ];
    found.into_iter().filter(|(lacks, _)| *lacks).map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(people: &[Role], lacks: &[&str]) {
        let told = unmet(people);
        assert_eq!(told.len(), lacks.len(), "{people:?}: {told:?}");
        lacks.iter().for_each(|word| assert!(told.iter().any(|text| text.contains(word)), "{word}: {told:?}"));
    }

    #[test]
    fn a_unit_of_three_keeps_all_but_what_others_keep_for_it() {
        use Role::{Administrator, Auditor, FilterTeam, Investigator, Supervisor};
        let three = [Investigator, Investigator, Supervisor];
        check(&three, &["filter team", "an auditor", "an administrator"]);
        check(&[&three[..], &[Administrator, Auditor, FilterTeam]].concat(), &[]);
        // One is on leave, for good.
        check(&[Investigator, Supervisor, Administrator, Auditor, FilterTeam], &["third holder"]);
        check(&[Investigator, Investigator, Administrator, Auditor, FilterTeam], &["a supervisor or a prosecutor", "third holder"]);
        check(&[Investigator, Administrator, Auditor, FilterTeam], &["a supervisor", "transcription", "custody", "second signature", "erase", "third holder"]);
    }

    #[test]
    fn nobody_can_do_nothing() {
        assert_eq!(unmet(&[]).len(), 10);
    }
}
