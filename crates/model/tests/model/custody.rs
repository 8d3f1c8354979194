//! Law 4 by random walks: one custodian at all times, and custody passes to another hand only in the
//! ways that the law names.

use model::{
    custody::{Custody, CustodyStep},
    id::{ActorId, TransferId},
};

use crate::{authorities::person, dice::Dice};

fn offer_id(n: u8) -> TransferId {
    TransferId::from_random([n; 16])
}

fn some_person(dice: &mut Dice) -> ActorId {
    person(u8::try_from(dice.below(4)).unwrap())
}

fn random_step(dice: &mut Dice) -> CustodyStep {
    let transfer = offer_id(u8::try_from(dice.below(3)).unwrap());
    match dice.below(8) {
        0 => CustodyStep::CheckOut,
        1 => CustodyStep::CheckIn,
        2 | 3 => CustodyStep::Offer { to: some_person(dice), transfer },
        4 | 5 => CustodyStep::Accept { transfer, rehash_matches: !dice.one_in(3) },
        6 => CustodyStep::Refuse { transfer },
        _ if dice.one_in(2) => CustodyStep::TakeInterim,
        _ => CustodyStep::Reassign { to: some_person(dice) },
    }
}

/// How many people a state names as the one who holds the item; read from its stored form, so that
/// a state with two custodians could not hide behind the accessor.
fn custodians(state: &Custody) -> usize {
    let text = serde_json::to_string(state).unwrap();
    text.matches("\"custodian\":\"actor-").count()
}

/// Checks one accepted step against the words of the law.
fn judge(before: &Custody, step: &CustodyStep, actor: &ActorId, after: &Custody) {
    assert_eq!(custodians(after), 1);
    let passed = before.custodian() != after.custodian();
    match step {
        CustodyStep::Accept { transfer, rehash_matches } => {
            let Custody::Offered { custodian, to, transfer: offered, .. } = before else {
                panic!("accepted without an offer: {before:?}")
            };
            assert!(*rehash_matches && transfer == offered && to == actor && custodian != actor);
            assert_eq!(*after, Custody::Held { custodian: actor.clone(), interim: false });
            assert!(passed);
        }
        CustodyStep::TakeInterim => {
            assert!(passed && after.is_interim() && after.custodian() == actor);
            assert!(matches!(before, Custody::Held { .. }));
        }
        CustodyStep::Reassign { to } => assert!(passed && after.custodian() == to),
        CustodyStep::Offer { to, .. } => assert!(!passed && to != actor && before.custodian() == actor),
        CustodyStep::Refuse { .. } => assert!(!passed && matches!(before, Custody::Offered { .. })),
        CustodyStep::CheckOut | CustodyStep::CheckIn => assert!(!passed && before.custodian() == actor),
    }
    if !passed {
        assert_eq!(before.is_interim(), after.is_interim(), "interim is never washed off by {step:?}");
    }
}

#[test]
fn law_04_random_walks_keep_exactly_one_custodian() {
    let mut dice = Dice(4);
    let (mut accepted, mut refused, mut taken, mut transferred) = (0, 0, 0, 0);
    for _ in 0..2_000 {
        let mut state = Custody::Held { custodian: person(0), interim: dice.one_in(2) };
        for _ in 0..100 {
            let (step, actor) = (random_step(&mut dice), some_person(&mut dice));
            let Ok(after) = state.after(&step, &actor) else {
                refused += 1;
                continue;
            };
            judge(&state, &step, &actor, &after);
            accepted += 1;
            taken += u32::from(step == CustodyStep::TakeInterim);
            transferred += u32::from(matches!(step, CustodyStep::Accept { .. }));
            state = after;
        }
    }
    assert!(accepted > 10_000 && refused > 10_000 && taken > 500 && transferred > 500, "{accepted} {refused} {taken} {transferred}");
}

/// Checks who can accept an offer from person 0 to person 1.
fn check_accept(actor: u8, offer: u8, rehash_matches: bool, expected: bool) {
    let offered = Custody::Offered { custodian: person(0), interim: true, to: person(1), transfer: offer_id(1) };
    let step = CustodyStep::Accept { transfer: offer_id(offer), rehash_matches };
    let answer = offered.after(&step, &person(actor));
    assert_eq!(answer.is_ok(), expected, "person {actor}, offer {offer}, match {rehash_matches}: {answer:?}");
    assert!(answer.is_ok() || answer.is_err_and(|e| e.to_string().starts_with("law 4")));
}

#[test]
fn law_04_only_the_named_receiver_accepts_and_only_with_a_matching_check() {
    check_accept(1, 1, true, true);
    check_accept(0, 1, true, false);
    check_accept(2, 1, true, false);
    check_accept(1, 2, true, false);
    check_accept(1, 1, false, false);
}

#[test]
fn law_04_nobody_transfers_to_himself() {
    let held = Custody::Held { custodian: person(0), interim: false };
    let step = |to| CustodyStep::Offer { to: person(to), transfer: offer_id(1) };
    assert!(held.after(&step(0), &person(0)).unwrap_err().text.contains("two different people"));
    assert!(held.after(&step(1), &person(0)).is_ok());
    assert!(held.after(&step(1), &person(1)).is_err(), "a stranger cannot offer it to himself");
}
