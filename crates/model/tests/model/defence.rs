//! What is owed to the defence: who may end a doubt (law 9), who decides what is withheld (law 7), and a matrix
//! that tells its gaps (law 9).

use model::{
    Moment, Sha256Digest,
    actor::Role,
    charge::{Bearing, Charge, KnownFinding, Side},
    disclosure::{DisclosureState, PackageSecret, WithholdClass, commitment, may_decide},
    finding::FindingKind,
    material::{Assistance, MaterialError, Word, may_say},
};

use crate::authorities::person;

fn word(says: Assistance, by: u8) -> Word {
    Word { says, by: person(by), at: Moment::from_micros(1), reason: "x".into() }
}

#[test]
fn law_09_a_doubt_is_ended_by_another_supervisor_or_prosecutor_only() {
    use Assistance::{Assists, DoesNotAssist, MayAssist};
    for role in Role::ALL {
        for says in [MayAssist, Assists] {
            assert_eq!(may_say(&[word(MayAssist, 1)], says, &person(1), role), Ok(()), "anybody may speak for the defence");
        }
        assert_eq!(may_say(&[], DoesNotAssist, &person(1), role), Ok(()), "there was no doubt");
        let decider = matches!(role, Role::Supervisor | Role::Prosecutor);
        for doubt in [MayAssist, Assists] {
            let before = [word(DoesNotAssist, 3), word(doubt, 1)];
            assert_eq!(may_say(&before, DoesNotAssist, &person(1), role), Err(MaterialError::OwnDoubt));
            let expected = if decider { Ok(()) } else { Err(MaterialError::WrongRole) };
            assert_eq!(may_say(&before, DoesNotAssist, &person(2), role), expected, "{role}");
        }
    }
    let ended = [word(MayAssist, 1), word(DoesNotAssist, 2)];
    assert_eq!(may_say(&ended, DoesNotAssist, &person(3), Role::Analyst), Err(MaterialError::WrongRole), "once doubted, it stays a supervisor's");
}

#[test]
fn law_07_a_disclosure_is_decided_once_by_another_person_of_the_right_role() {
    let (proposer, at) = (person(1), Moment::from_micros(9));
    for role in Role::ALL {
        let decider = matches!(role, Role::Supervisor | Role::Prosecutor);
        assert_eq!(may_decide(role).is_ok(), decider, "{role}");
        for approve in [true, false] {
            assert!(DisclosureState::Proposed.decide(&proposer, &proposer, role, approve, at).is_err(), "his own, as {role}");
            let decided = DisclosureState::Proposed.decide(&proposer, &person(2), role, approve, at);
            assert_eq!(decided.is_ok(), decider, "{role}");
            let Ok(state) = decided else { continue };
            assert_eq!(state.approved().is_ok(), approve);
            assert!(state.decide(&proposer, &person(3), role, true, at).is_err(), "a second time");
        }
    }
    assert!(DisclosureState::Proposed.approved().is_err());
}

#[test]
fn law_07_salts_of_one_package_say_nothing_of_each_other() {
    let secret = PackageSecret([7; 32]);
    let drawn = [secret.salt("data/a"), secret.salt("data/b"), PackageSecret([8; 32]).salt("data/a")];
    for (at, one) in drawn.iter().enumerate() {
        assert!(drawn[at + 1..].iter().all(|other| one != other));
        assert_ne!(hex::encode(one), secret.blind("data/a"), "salts and blinds are apart");
    }
    let digest = Sha256Digest::of(b"x");
    assert_eq!(secret.salt("data/a"), drawn[0], "and are found again");
    assert_ne!(commitment(&drawn[0], &digest, "data/a"), commitment(&drawn[0], &digest, "data/b"), "the name is bound");
    for class in WithholdClass::ALL {
        assert_eq!(class.name().parse(), Ok(class));
    }
    assert!("because".parse::<WithholdClass>().is_err());
}

#[test]
fn law_09_the_matrix_of_a_charge_tells_every_gap() {
    let known = |label: &str, kind, exculpatory| KnownFinding { label: label.into(), kind, exculpatory };
    let findings = [
        known("F-0001", FindingKind::Fact, false),
        known("F-0002", FindingKind::Opinion, false),
        known("F-0003", FindingKind::Fact, true),
        known("F-0004", FindingKind::Fact, true),
    ];
    let on = |element, finding: &str, side| Bearing { element, finding: finding.into(), side, by: person(1), at: Moment::from_micros(1) };
    let mut charge = Charge {
        offence: "sale".into(),
        provision: "art. 1".into(),
        elements: ["a sale", "of a drug", "knowingly", "for gain"].map(String::from).into(),
        bearings: vec![on(1, "F-0001", Side::For), on(2, "F-0002", Side::For), on(3, "F-0001", Side::For), on(3, "F-0003", Side::Against)],
    };
    let matrix = charge.matrix(&findings);
    let gaps: Vec<usize> = matrix.elements.iter().map(|row| row.gaps.len()).collect();
    assert_eq!(gaps, [0, 1, 1, 1], "{matrix:#?}");
    assert!(matrix.elements[1].gaps[0].contains("only opinions") && matrix.elements[2].gaps[0].contains("against") && matrix.elements[3].gaps[0].contains("no finding"));
    assert_eq!((matrix.unplaced, matrix.unplaced_exculpatory), (vec!["F-0004".to_string()], vec!["F-0004".to_string()]));
    // A finding that speaks for the suspect is no support, and one that is gone supports nothing.
    charge.bearings = vec![on(1, "F-0004", Side::For), on(2, "F-0099", Side::For)];
    let matrix = charge.matrix(&findings);
    assert!(matrix.elements[0].gaps.iter().any(|gap| gap.contains("F-0004")), "{matrix:#?}");
    assert_eq!(matrix.elements[1].supported_by, Vec::<String>::new());
}
