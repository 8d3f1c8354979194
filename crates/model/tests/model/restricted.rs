//! Law 7 on the pure model: a word makes an item stricter, and no word makes a restricted one milder.

use model::{
    Law,
    actor::Role,
    exhibit::ExhibitClass,
    restricted::{RestrictedError, may_reclassify},
};

const LADDER: [ExhibitClass; 4] = [ExhibitClass::Ordinary, ExhibitClass::PersonalSensitive, ExhibitClass::Privileged, ExhibitClass::Contraband];

#[test]
fn law_07_a_word_makes_an_item_stricter_and_no_restricted_one_milder() {
    for role in Role::ALL {
        for (place, from) in LADDER.into_iter().enumerate() {
            for (other, to) in LADDER.into_iter().enumerate() {
                let answer = may_reclassify(from, to, role);
                let decider = matches!(role, Role::Supervisor | Role::Prosecutor);
                let expected = match other.cmp(&place) {
                    std::cmp::Ordering::Equal => Err(None),
                    std::cmp::Ordering::Greater => Ok(()),
                    std::cmp::Ordering::Less if from == ExhibitClass::PersonalSensitive && decider => Ok(()),
                    std::cmp::Ordering::Less => Err(Some(Law::Restricted)),
                };
                assert_eq!(answer.map_err(RestrictedError::law), expected, "{role}: {from:?} to {to:?}");
            }
        }
    }
}
