//! Dates of instruments: one reading or none. A year typed in the wrong calendar is the mistake that
//! makes an authority of 543 years.

use model::{
    Moment,
    moment::{Calendar, DateError, DayEdge, civil_to_moment},
};
use proptest::prelude::*;

const VIENTIANE: &str = "Asia/Vientiane";

fn check(text: &str, calendar: Option<Calendar>, zone: &str, edge: DayEdge, expected: &str) {
    let moment = civil_to_moment(text, calendar, zone, edge);
    assert_eq!(moment.map(|m| m.to_string()).as_deref(), Ok(expected), "{text}");
}

fn refused(text: &str, calendar: Option<Calendar>, zone: &str) -> DateError {
    let start = civil_to_moment(text, calendar, zone, DayEdge::Start).unwrap_err();
    assert!(civil_to_moment(text, calendar, zone, DayEdge::End).is_err(), "{text}");
    start
}

#[test]
fn until_30_march_includes_the_30th_in_its_own_zone() {
    check("2026-03-30", None, VIENTIANE, DayEdge::Start, "2026-03-29T17:00:00.000000Z");
    check("2026-03-30", None, VIENTIANE, DayEdge::End, "2026-03-30T17:00:00.000000Z");
    check("2026-03-30", None, "Europe/Berlin", DayEdge::End, "2026-03-30T22:00:00.000000Z");
    check("2026-03-30", None, "UTC", DayEdge::End, "2026-03-31T00:00:00.000000Z");
    check("2026-12-31", None, "UTC", DayEdge::End, "2027-01-01T00:00:00.000000Z");
    check("2026-03-30 09:15", None, VIENTIANE, DayEdge::End, "2026-03-30T02:15:00.000000Z");
    check("2026-03-30T09:15", None, VIENTIANE, DayEdge::Start, "2026-03-30T02:15:00.000000Z");
}

#[test]
fn a_year_of_two_readings_needs_its_calendar() {
    assert!(matches!(refused("2568-03-30", None, VIENTIANE), DateError::TwoReadings { .. }));
    assert!(matches!(refused("2569-01-01 10:00", None, "Asia/Bangkok"), DateError::TwoReadings { .. }));
    assert!(matches!(refused("1447-01-01", None, "Asia/Almaty"), DateError::TwoReadings { .. }));
    let advice = refused("2568-03-30", None, VIENTIANE).to_string();
    assert!(advice.contains("--calendar") && advice.contains("2025"), "{advice}");
    check("2568-03-30", Some(Calendar::Buddhist), VIENTIANE, DayEdge::End, "2025-03-30T17:00:00.000000Z");
}

#[test]
fn a_year_outside_its_calendar_is_refused() {
    let outside = |text, calendar| matches!(refused(text, Some(calendar), VIENTIANE), DateError::Implausible { .. });
    assert!(outside("2568-03-30", Calendar::Gregorian));
    assert!(outside("1899-12-31", Calendar::Gregorian));
    assert!(outside("2026-03-30", Calendar::Buddhist));
    assert!(outside("0000-01-01", Calendar::Buddhist));
    check("1900-01-01", Some(Calendar::Gregorian), "UTC", DayEdge::Start, "1900-01-01T00:00:00.000000Z");
}

#[test]
fn a_leap_day_belongs_to_the_gregorian_year_behind_it() {
    check("2567-02-29", Some(Calendar::Buddhist), "UTC", DayEdge::Start, "2024-02-29T00:00:00.000000Z");
    refused("2568-02-29", Some(Calendar::Buddhist), "UTC");
    refused("2026-02-29", None, "UTC");
}

#[test]
fn a_local_time_that_happens_twice_or_never_is_refused() {
    for text in ["2026-10-25 02:30", "2026-03-29 02:30"] {
        assert!(matches!(refused(text, None, "Europe/Berlin"), DateError::Folded(_)), "{text}");
        check(text, None, "UTC", DayEdge::Start, &format!("{}T02:30:00.000000Z", &text[..10]));
    }
    check("2026-10-25 03:00", None, "Europe/Berlin", DayEdge::Start, "2026-10-25T02:00:00.000000Z");
}

#[test]
fn a_day_that_could_be_a_month_is_refused() {
    for text in [
        "03/04/2026", "3/4/2026", "03.04.2026", "03-04-2026", "2026/03/04", "2026-3-4", "26-03-04", "30 March 2026", "",
        "2026-03-30 24:00", "2026-03-30 9:00", "2026-03-30 09:60", "2026-03-30 +9:00", "2026-00-10", "2026-13-01",
        "2026-03-32", "-026-03-30", "+026-03-30", "2026-03-30Z", "2026-03-30 09:15Z", "๒๕๖๘-๐๓-๓๐",
    ] {
        assert!(matches!(refused(text, Some(Calendar::Gregorian), VIENTIANE), DateError::Unreadable(_)), "{text}");
    }
}

#[test]
fn a_zone_or_calendar_that_nobody_knows_is_refused() {
    assert!(matches!(refused("2026-03-30", None, "Laos"), DateError::UnknownZone(_)));
    assert!(matches!(refused("2026-03-30", None, ""), DateError::UnknownZone(_)));
    assert_eq!("islamic".parse::<Calendar>(), Err(DateError::UnknownCalendar("islamic".into())));
    assert_eq!("buddhist".parse(), Ok(Calendar::Buddhist));
}

#[test]
fn a_moment_prints_in_the_calendar_of_its_reader() {
    let moment: Moment = "2026-11-22T02:00:00.000000Z".parse().unwrap();
    assert_eq!(moment.civil(VIENTIANE, Calendar::Buddhist).unwrap(), "22/11/2569 BE 09:00 (Asia/Vientiane)");
    assert_eq!(moment.civil("UTC", Calendar::Gregorian).unwrap(), "22/11/2026 02:00 (UTC)");
    assert!(moment.civil("Nowhere", Calendar::Gregorian).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_of_dates_panic(text in "\\PC{0,20}", shaped in "[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2})?") {
        for text in [text, shaped] {
            for calendar in [None, Some(Calendar::Gregorian), Some(Calendar::Buddhist)] {
                if let Ok(moment) = civil_to_moment(&text, calendar, VIENTIANE, DayEdge::End) {
                    let year: i32 = moment.to_string()[..4].parse().unwrap();
                    prop_assert!((1899..=2201).contains(&year), "{text} became {moment}");
                }
            }
        }
    }

    #[test]
    fn a_moment_reads_back_from_its_text(micros in -60_000_000_000_000_000_i64..250_000_000_000_000_000) {
        let moment = Moment::from_micros(micros);
        prop_assert_eq!(moment.to_string().parse::<Moment>().unwrap(), moment);
    }
}
