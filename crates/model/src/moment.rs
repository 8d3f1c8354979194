//! Time. Inside, only UTC microseconds; at the edge, civil dates whose calendar and zone are named.
//! A date that could be read two ways is refused, never guessed: a year typed as 2568 must not make
//! an authority of 543 years.

use jiff::{Timestamp, ToSpan, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Moment(i64);

impl Moment {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Moment(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant plus `seconds` (which may be negative), saturating.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Moment(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Civil date and time in `zone` and `calendar`, for people: `22/11/2569 BE 09:00 (Asia/Vientiane)`.
    ///
    /// # Errors
    /// When `zone` is not an IANA time-zone name.
    pub fn civil(self, zone: &str, calendar: Calendar) -> Result<String, DateError> {
        let zoned = self.timestamp().to_zoned(time_zone(zone)?);
        let (year, mark) = match calendar {
            Calendar::Gregorian => (i32::from(zoned.year()), ""),
            Calendar::Buddhist => (i32::from(zoned.year()) + BUDDHIST_OFFSET, " BE"),
        };
        Ok(format!("{:02}/{:02}/{year}{mark} {:02}:{:02} ({zone})", zoned.day(), zoned.month(), zoned.hour(), zoned.minute()))
    }
}

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

impl Moment {
    /// Day and minute in words, with the zone: `25 November 2026, 18:53 (Asia/Vientiane)`. An unknown
    /// zone is read as UTC, and named so.
    pub fn in_words(self, zone: &str) -> String {
        let (zoned, zone) = self.zoned(zone);
        format!("{}, {:02}:{:02} ({zone})", day_in_words(&zoned), zoned.hour(), zoned.minute())
    }

    /// The same for the first instant after a period: midnight is told as 24:00 of the day before it, which
    /// is the day that somebody wrote on the paper.
    pub fn end_in_words(self, zone: &str) -> String {
        let (zoned, named) = self.zoned(zone);
        if (zoned.hour(), zoned.minute(), zoned.second()) != (0, 0, 0) {
            return self.in_words(zone);
        }
        let (last, _) = self.plus_seconds(-1).zoned(zone);
        format!("{}, 24:00 ({named})", day_in_words(&last))
    }

    /// Day and minute for a table whose head names the zone: `2026-11-25 18:53`.
    pub fn local(self, zone: &str) -> String {
        let (zoned, _) = self.zoned(zone);
        format!("{:04}-{:02}-{:02} {:02}:{:02}", zoned.year(), zoned.month(), zoned.day(), zoned.hour(), zoned.minute())
    }

    /// The hour of the day in this zone, and whether it is a day from Monday to Friday.
    pub fn hour_of_day(self, zone: &str) -> (i8, bool) {
        let (zoned, _) = self.zoned(zone);
        let weekend = matches!(zoned.weekday(), civil::Weekday::Saturday | civil::Weekday::Sunday);
        (zoned.hour(), !weekend)
    }

    fn zoned(self, zone: &str) -> (jiff::Zoned, &str) {
        match time_zone(zone) {
            Ok(known) => (self.timestamp().to_zoned(known), zone),
            Err(_) => (self.timestamp().to_zoned(TimeZone::UTC), "UTC"),
        }
    }
}

fn day_in_words(zoned: &jiff::Zoned) -> String {
    let month = usize::try_from(zoned.month() - 1).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or("");
    format!("{} {month} {}", zoned.day(), zoned.year())
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.6}", self.timestamp())
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> String {
        moment.to_string()
    }
}

impl std::str::FromStr for Moment {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        let stamp: Timestamp = text.parse().map_err(|_| DateError::Unreadable(text.to_string()))?;
        Ok(Moment(stamp.as_microsecond()))
    }
}

impl TryFrom<String> for Moment {
    type Error = DateError;
    fn try_from(text: String) -> Result<Self, DateError> {
        text.parse()
    }
}

/// A calendar in which an order or a report may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calendar {
    /// The civil calendar of most states.
    Gregorian,
    /// Buddhist era as used in Thailand and Laos: Gregorian year + 543.
    Buddhist,
}

const BUDDHIST_OFFSET: i32 = 543;

impl std::str::FromStr for Calendar {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        match text {
            "gregorian" => Ok(Calendar::Gregorian),
            "buddhist" => Ok(Calendar::Buddhist),
            other => Err(DateError::UnknownCalendar(other.to_string())),
        }
    }
}

/// Why a date was refused. The text says what to type instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not `YYYY-MM-DD` or `YYYY-MM-DD HH:MM`.
    #[error("the date {} cannot be read: write YYYY-MM-DD or \"YYYY-MM-DD HH:MM\"", crate::quoted(.0))]
    Unreadable(String),
    /// Two readings are possible.
    #[error("the date {text} can be read two ways ({first} or {second}): write the Gregorian year, or name the calendar with `--calendar buddhist` where the command has it", text = crate::quoted(.text))]
    TwoReadings {
        /// What was typed.
        text: String,
        /// One reading.
        first: String,
        /// The other.
        second: String,
    },
    /// A year that no living authority carries.
    #[error("the year {year} in the {calendar} calendar is outside 1900 to 2200: check the calendar")]
    Implausible {
        /// The year as typed.
        year: i32,
        /// The calendar that was named.
        calendar: &'static str,
    },
    /// Not an IANA name.
    #[error("the time zone {} is not known: write a name such as Asia/Vientiane or Asia/Almaty", crate::quoted(.0))]
    UnknownZone(String),
    /// Not a calendar of this house.
    #[error("the calendar {} is not known: write gregorian or buddhist", crate::quoted(.0))]
    UnknownCalendar(String),
    /// A local time that happens never or twice.
    #[error("the local time {} happens twice or never in this zone (clock change): choose another hour", crate::quoted(.0))]
    Folded(String),
}

/// Which end of a day a bare date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayEdge {
    /// 00:00 at its start ("from 30 March").
    Start,
    /// 00:00 of the next day ("until 30 March" includes the 30th).
    End,
}

/// Reads a civil date or date and time in a named zone.
///
/// Without a calendar the year must have one reading only: 1900–2200 is Gregorian; anything that a
/// Buddhist-era reading would make recent is refused.
///
/// # Errors
/// [`DateError`], whose text says what to type.
///
/// ```
/// use model::moment::{civil_to_moment, Calendar, DayEdge};
/// let until = civil_to_moment("2026-03-30", None, "Asia/Vientiane", DayEdge::End).unwrap();
/// assert_eq!(until.to_string(), "2026-03-30T17:00:00.000000Z");
/// assert!(civil_to_moment("2569-03-30", None, "Asia/Vientiane", DayEdge::End).is_err());
/// let same = civil_to_moment("2569-03-30", Some(Calendar::Buddhist), "Asia/Vientiane", DayEdge::End).unwrap();
/// assert_eq!(same, until);
/// ```
pub fn civil_to_moment(text: &str, calendar: Option<Calendar>, zone: &str, edge: DayEdge) -> Result<Moment, DateError> {
    let raw = RawDate::parse(text)?;
    let year = gregorian_year(text, raw.year, calendar)?;
    let zone = time_zone(zone)?;
    let year = i16::try_from(year).map_err(|_| DateError::Unreadable(text.into()))?;
    let date = civil::Date::new(year, raw.month, raw.day).map_err(|_| DateError::Unreadable(text.into()))?;
    let local = match (raw.clock, edge) {
        (Some((hour, minute)), _) => date.at(hour, minute, 0, 0),
        (None, DayEdge::Start) => date.at(0, 0, 0, 0),
        (None, DayEdge::End) => date.checked_add(1.day()).map_err(|_| DateError::Unreadable(text.into()))?.at(0, 0, 0, 0),
    };
    let stamp = zone.to_ambiguous_timestamp(local).unambiguous().map_err(|_| DateError::Folded(text.into()))?;
    Ok(Moment(stamp.as_microsecond()))
}

fn time_zone(name: &str) -> Result<TimeZone, DateError> {
    TimeZone::get(name).map_err(|_| DateError::UnknownZone(name.to_string()))
}

fn gregorian_year(text: &str, year: i32, calendar: Option<Calendar>) -> Result<i32, DateError> {
    let plausible = 1900..=2200;
    match calendar {
        Some(Calendar::Gregorian) if plausible.contains(&year) => Ok(year),
        Some(Calendar::Gregorian) => Err(DateError::Implausible { year, calendar: "gregorian" }),
        Some(Calendar::Buddhist) if plausible.contains(&(year - BUDDHIST_OFFSET)) => Ok(year - BUDDHIST_OFFSET),
        Some(Calendar::Buddhist) => Err(DateError::Implausible { year, calendar: "buddhist" }),
        None if plausible.contains(&year) => Ok(year),
        None if plausible.contains(&(year - BUDDHIST_OFFSET)) => Err(DateError::TwoReadings {
            text: text.to_string(),
            first: format!("Gregorian year {year}"),
            second: format!("Buddhist year {year}, which is Gregorian {}", year - BUDDHIST_OFFSET),
        }),
        None => Err(DateError::TwoReadings {
            text: text.to_string(),
            first: format!("Gregorian year {year}"),
            second: format!("year {year} of another calendar"),
        }),
    }
}

struct RawDate {
    year: i32,
    month: i8,
    day: i8,
    clock: Option<(i8, i8)>,
}

impl RawDate {
    /// Exactly `YYYY-MM-DD` with an optional ` HH:MM` or `THH:MM`; day-first forms are refused
    /// because 03/04 can be read two ways.
    fn parse(text: &str) -> Result<Self, DateError> {
        let bad = || DateError::Unreadable(text.to_string());
        let bytes = text.as_bytes();
        let shape = bytes.len() == 10 || (bytes.len() == 16 && matches!(bytes[10], b' ' | b'T') && bytes[13] == b':');
        if !shape || !text.is_ascii() || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(bad());
        }
        let number = |range: std::ops::Range<usize>| -> Result<i32, DateError> {
            let part = &text[range];
            if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().map_err(|_| bad()) } else { Err(bad()) }
        };
        let small = |range| -> Result<i8, DateError> { i8::try_from(number(range)?).map_err(|_| bad()) };
        let clock = if bytes.len() == 16 { Some((small(11..13)?, small(14..16)?)) } else { None };
        if clock.is_some_and(|(hour, minute)| hour > 23 || minute > 59) {
            return Err(bad());
        }
        Ok(RawDate { year: number(0..4)?, month: small(5..7)?, day: small(8..10)?, clock })
    }
}

/// How far the clock of the machine can be believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum ClockQuality {
    /// The kernel says that a time service disciplines the clock.
    Synchronised {
        /// Estimated error in microseconds (adjtimex `esterror`).
        error_micros: i64,
    },
    /// Nothing disciplines the clock.
    Unsynchronised,
    /// The system did not say.
    Unknown,
    /// The clock ran backwards or lies before the last logged event.
    Unreliable {
        /// What was seen.
        reason: String,
    },
}
