//! The lease with clocks that the test sets.

use collect::clock::{self, Now};
use collect::envelope;
use collect::lease::{Lease, OrderRefusal};
use model::Moment;
use model::capture::Order;
use model::moment::ClockQuality;
use proptest::prelude::*;

use crate::bench::Bench;

fn at(wall_s: i64, boot_s: i64) -> Now {
    Now { wall: Moment::from_micros(1_800_000_000_000_000).plus_seconds(wall_s), boot_ms: 5_000_000 + boot_s * 1_000 }
}

/// A bench, an order from second 0 to second 20, and its lease as read at second 0.
fn leased() -> (Bench, Order, Lease) {
    let bench = Bench::new();
    let order = Order { issued: at(0, 0).wall, until: at(20, 0).wall, ..bench.order(&[]) };
    let lease = Lease::begin(&file(&bench, &order), bench.desk.verifying_key(), at(0, 0)).unwrap();
    (bench, order, lease)
}

fn file(bench: &Bench, order: &Order) -> Vec<u8> {
    envelope::signed_file(order, &bench.desk).unwrap()
}

#[test]
fn a_lease_lives_until_it_ends_by_either_clock() {
    let (_, _, lease) = leased();
    assert_eq!(lease.live(at(19, 19)), Ok(()));
    assert_eq!(lease.live(at(20, 19)), Err(OrderRefusal::Lapsed));
    assert_eq!(lease.live(at(19, 20)), Err(OrderRefusal::Lapsed));
    assert_eq!(lease.live(at(3_600, 1)), Err(OrderRefusal::Lapsed), "a clock set forward ends it early");
}

#[test]
fn law_15_setting_the_clock_back_lengthens_nothing() {
    let (bench, order, mut lease) = leased();
    assert_eq!(lease.renew(&file(&bench, &order), at(-3_600, 10)), Ok(()), "the same lease, still within its 20 s");
    assert_eq!(lease.live(at(-3_600, 20)), Err(OrderRefusal::Lapsed));
    assert_eq!(lease.renew(&file(&bench, &order), at(-3_600, 21)), Err(OrderRefusal::Lapsed));
}

#[test]
fn a_renewal_moves_the_end_and_an_old_one_does_not() {
    let (bench, order, mut lease) = leased();
    let next = collect::renewed(&order, at(10, 10).wall, 20);
    assert_eq!((next.serial, next.until), (2, at(30, 0).wall));
    assert_eq!(lease.renew(&file(&bench, &next), at(10, 10)), Ok(()));
    assert_eq!(lease.live(at(29, 29)), Ok(()));
    let refusal = lease.renew(&file(&bench, &order), at(11, 11));
    assert_eq!(refusal, Err(OrderRefusal::OldSerial { found: 1, seen: 2 }));
}

#[test]
fn law_01_a_renewal_may_change_nothing_but_its_times() {
    let (bench, order, lease) = leased();
    let next = collect::renewed(&order, at(5, 5).wall, 20);
    let wider: [fn(&mut Order); 11] = [
        |o| o.urls.push("http://localhost/".into()),
        |o| o.byte_budget += 1,
        |o| o.page_budget = Some(1 << 40),
        |o| o.pause_ms = Some(0),
        |o| o.media = true,
        |o| o.timeout_ms += 1,
        |o| o.actor = model::id::ActorId::from_random([9; 16]),
        |o| o.case = model::id::CaseId::from_random([9; 16]),
        |o| o.authority = model::id::AuthorityId::from_random([9; 16]),
        |o| o.order = model::id::OrderId::from_random([9; 16]),
        |o| o.spool_recipient = age::x25519::Identity::generate().to_public().to_string(),
    ];
    for change in wider {
        let mut other = next.clone();
        change(&mut other);
        assert_eq!(lease.clone().renew(&file(&bench, &other), at(5, 5)), Err(OrderRefusal::OtherWork), "{other:?}");
    }
    assert_eq!(lease.clone().renew(&file(&bench, &next), at(5, 5)), Ok(()));
}

#[test]
fn unknown_members_in_a_signed_order_are_refused() {
    let (bench, order, _) = leased();
    let mut value = serde_json::to_value(&order).unwrap();
    value["follow_redirects"] = true.into();
    let file = envelope::signed_file(&value, &bench.desk).unwrap();
    let refusal = Lease::begin(&file, bench.desk.verifying_key(), at(0, 0)).unwrap_err();
    assert_eq!(refusal, OrderRefusal::Envelope(envelope::EnvelopeError::NotCanonical));
}

#[test]
fn a_moved_wall_clock_marks_the_times_unreliable() {
    let good = ClockQuality::Synchronised { error_micros: 5 };
    assert_eq!(clock::judged(good.clone(), at(0, 0), at(10, 10)), good);
    assert!(matches!(clock::judged(good.clone(), at(0, 0), at(-10, 10)), ClockQuality::Unreliable { .. }));
    assert!(matches!(clock::judged(good, at(0, 0), at(100, 10)), ClockQuality::Unreliable { .. }));
}

proptest! {
    /// Whatever the wall clock does, one lease never lives longer than 30 s by the boot clock.
    #[test]
    fn law_15_no_lease_outlives_thirty_seconds(
        issued in -40i64..40, reach in -5i64..60, wall in -100i64..100, boot in 0i64..100,
    ) {
        let bench = Bench::new();
        let order = Order { issued: at(issued, 0).wall, until: at(issued + reach, 0).wall, ..bench.order(&[]) };
        let begun = Lease::begin(&file(&bench, &order), bench.desk.verifying_key(), at(0, 0));
        let fair = reach > 0 && reach <= 30 && issued <= 2 && issued + reach > 0;
        prop_assert_eq!(begun.is_ok(), fair);
        if let Ok(lease) = begun && lease.live(at(wall, boot)).is_ok() {
            prop_assert!(boot < 30 && boot < issued + reach && wall < issued + reach);
        }
    }
}
