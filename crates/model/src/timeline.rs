//! What happened when, as far as a case knows, and who says so.
//!
//! A moment that a stranger wrote is a claim, one that the collector saw is an observation, one in the log is a record: a
//! timeline that mixes them says which is which at each entry. It refuses to guess: a date that can be read two ways is
//! not placed, and one without a zone is placed with all the room that zones leave.

use jiff::{ToSpan, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{Moment, id::BlobId};

/// Whose moment it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Teller {
    /// A stranger wrote it: on a page, in a message.
    Claimed,
    /// An officer of the case stated it.
    Stated,
    /// Our collector saw it happen, by our clock.
    Seen,
    /// It was written into our records or log then.
    Recorded,
    /// An order or law sets it.
    Ordered,
}

impl Teller {
    /// All of them, as they stand on paper.
    pub const ALL: [Teller; 5] = [Teller::Claimed, Teller::Stated, Teller::Seen, Teller::Recorded, Teller::Ordered];

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Teller::Claimed => "claimed",
            Teller::Stated => "stated",
            Teller::Seen => "seen",
            Teller::Recorded => "recorded",
            Teller::Ordered => "ordered",
        }
    }

    /// What it means, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Teller::Claimed => "claimed by strangers",
            Teller::Stated => "stated by an officer",
            Teller::Seen => "seen by our collector",
            Teller::Recorded => "written in our records",
            Teller::Ordered => "set by an order",
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An exhibit came in.
    Admission,
    /// The collector asked for an address.
    Fetch,
    /// Somebody captured a page by hand.
    ManualCapture,
    /// Custody was offered.
    Offer,
    /// Custody was taken.
    Handover,
    /// A finding was written.
    Finding,
    /// An authority begins.
    AuthorityBegins,
    /// An authority ends.
    AuthorityEnds,
    /// A listing bears this date.
    Listing,
    /// A post bears this date.
    Post,
    /// A message of a chat bears this time.
    Message,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 11] = [
        Kind::Admission, Kind::Fetch, Kind::ManualCapture, Kind::Offer, Kind::Handover, Kind::Finding, Kind::AuthorityBegins, Kind::AuthorityEnds, Kind::Listing, Kind::Post,
        Kind::Message,
    ];

    /// The name in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Admission => "admission",
            Kind::Fetch => "fetch",
            Kind::ManualCapture => "manual-capture",
            Kind::Offer => "offer",
            Kind::Handover => "handover",
            Kind::Finding => "finding",
            Kind::AuthorityBegins => "authority-begins",
            Kind::AuthorityEnds => "authority-ends",
            Kind::Listing => "listing",
            Kind::Post => "post",
            Kind::Message => "message",
        }
    }
}

/// When, with the room that the words leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// Where it is placed; a time without a zone as if it were UTC.
    pub at: Moment,
    /// The first instant that it may be.
    pub earliest: Moment,
    /// The first instant after all that it may be.
    pub latest: Moment,
}

impl When {
    /// An exact moment.
    pub fn exactly(at: Moment) -> When {
        When { at, earliest: at, latest: at }
    }

    /// Whether the words leave room.
    pub fn has_room(&self) -> bool {
        self.earliest < self.latest
    }

    /// Whether it may lie from `from` on and before `until`.
    pub fn may_lie_within(&self, from: Option<Moment>, until: Option<Moment>) -> bool {
        let last = if self.has_room() { self.latest > from.unwrap_or(self.earliest) } else { from.is_none_or(|from| self.at >= from) };
        last && until.is_none_or(|until| self.earliest < until)
    }
}

/// One entry of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happening {
    /// Where it is placed.
    pub at: Moment,
    /// The first instant that it may be, where the words leave room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<Moment>,
    /// The first instant after all that it may be, where they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<Moment>,
    /// Whose moment it is.
    pub moment: Teller,
    /// What happened.
    pub kind: Kind,
    /// In words.
    pub what: String,
    /// The date as a stranger wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// The exhibit in which it stands, or that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exhibit: Option<String>,
    /// The other exhibits that it rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Address or member name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The derived bytes in which `start` and `end` count; none when they count in the exhibit itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<BlobId>,
    /// First byte of the date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// One past its last byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<u64>,
    /// The event of the log, the finding, the transfer or the authority that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Happening {
    /// An entry of which the rest is filled in.
    pub fn of(when: When, moment: Teller, kind: Kind, what: String) -> Happening {
        let room = |at: Moment| when.has_room().then_some(at);
        Happening {
            at: when.at, earliest: room(when.earliest), latest: room(when.latest), moment, kind, what, written: None, exhibit: None, also: vec![], place: None, blob: None, start: None,
            end: None, source: None,
        }
    }

    /// When it was.
    pub fn when(&self) -> When {
        When { at: self.at, earliest: self.earliest.unwrap_or(self.at), latest: self.latest.unwrap_or(self.at) }
    }
}

/// In the order of time; what is placed at one instant in an order that does not depend on how it was found.
pub fn in_order(happenings: &mut [Happening]) {
    let key = |one: &Happening| (one.at, one.moment, one.kind, one.exhibit.clone(), one.place.clone(), one.start, one.source.clone(), one.what.clone());
    happenings.sort_by_cached_key(key);
}

/// Zones reach from 12 hours behind UTC to 14 before it.
const ZONES: (i64, i64) = (14 * 3_600, 12 * 3_600);

/// Reads a date as strangers write it: year first; or with the name of its month in English; or in digits, where `order`
/// (`day first`, `month first`, `year first`) tells or only one reading is a date. Years are 1990 to 2100 of the Gregorian
/// calendar: others are not guessed at. A clock of twelve hours counts only with nothing behind it, a zone, or a half of the
/// day that is read; with other words the whole day is told. None when it cannot be placed.
///
/// ```
/// use model::timeline::read_written;
/// let told = read_written("2026-03-01 10:30 UTC", None).unwrap();
/// assert_eq!(told.at.to_string(), "2026-03-01T10:30:00.000000Z");
/// assert!(read_written("03/04/2026", None).is_none(), "two readings");
/// ```
pub fn read_written(text: &str, order: Option<&str>) -> Option<When> {
    let parts = parts(text)?;
    let (date, rest) = date(&parts, order)?;
    let (clock, rest) = clock(rest);
    let offset = offset(rest);
    let (hour, minute, second) = clock.map_or((0, 0, 0), |(hour, minute, second)| (hour, minute, second.unwrap_or(0)));
    let stamp = date.at(hour, minute, second, 0).to_zoned(TimeZone::UTC).ok()?.timestamp();
    let local = Moment::from_micros(stamp.as_microsecond());
    let length = match clock { None => 86_400, Some((.., None)) => 60, Some(_) => 1 };
    Some(match offset {
        // A day in a zone that is told begins there.
        Some(offset) => {
            let at = local.plus_seconds(-offset);
            When { at, earliest: at, latest: at.plus_seconds(length) }
        }
        None => When { at: local, earliest: local.plus_seconds(-ZONES.0), latest: local.plus_seconds(length + ZONES.1) },
    })
}

/// Milliseconds since 1970 as an export gives them, within the years that [`read_written`] reads: others are a mistake, or
/// count in another unit.
pub fn read_unix_ms(ms: i64) -> Option<When> {
    const YEARS: std::ops::Range<i64> = 631_152_000_000..4_133_980_800_000;
    YEARS.contains(&ms).then(|| When::exactly(Moment::from_micros(ms * 1_000)))
}

/// A piece of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Number(u32, usize),
    Word(String),
    Sign(char),
}

/// Longest text that is taken for a date.
const LONGEST: usize = 64;

fn parts(text: &str) -> Option<Vec<Part>> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let mut parts = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_ascii_digit() {
            let mut digits = String::from(letter);
            while let Some(digit) = letters.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            parts.push(Part::Number(digits.parse().ok()?, digits.len()));
        } else if letter.is_alphabetic() {
            let mut word: String = letter.to_lowercase().collect();
            while let Some(next) = letters.next_if(|next| next.is_alphabetic()) {
                word.extend(next.to_lowercase());
            }
            parts.push(Part::Word(word));
        } else if !letter.is_whitespace() {
            parts.push(Part::Sign(letter));
        }
    }
    Some(parts)
}

fn date<'a>(parts: &'a [Part], order: Option<&str>) -> Option<(civil::Date, &'a [Part])> {
    // The name of a weekday says nothing that the date does not say.
    let parts = match parts {
        [Part::Word(word), Part::Sign(','), rest @ ..] | [Part::Word(word), rest @ ..] if is_weekday(word) => rest,
        all => all,
    };
    match parts {
        [Part::Number(year, 4), Part::Sign('-' | '/' | '.'), Part::Number(month, 1..=2), Part::Sign('-' | '/' | '.'), Part::Number(day, 1..=2), rest @ ..] => Some((day_of(*year, *month, *day)?, rest)),
        [Part::Number(day, 1..=2), Part::Word(word), Part::Sign(',' | '.'), Part::Number(year, 4), rest @ ..] | [Part::Number(day, 1..=2), Part::Word(word), Part::Number(year, 4), rest @ ..] => Some((day_of(*year, month_of(word)?, *day)?, rest)),
        [Part::Number(day, 1..=2), Part::Sign('-'), Part::Word(word), Part::Sign('-'), Part::Number(year, 4), rest @ ..] => Some((day_of(*year, month_of(word)?, *day)?, rest)),
        [Part::Number(day, 1..=2), Part::Word(nth), Part::Word(word), Part::Number(year, 4), rest @ ..] if is_ordinal(nth) => Some((day_of(*year, month_of(word)?, *day)?, rest)),
        [Part::Word(word), Part::Number(day, 1..=2), Part::Sign(','), Part::Number(year, 4), rest @ ..] | [Part::Word(word), Part::Number(day, 1..=2), Part::Number(year, 4), rest @ ..] => Some((day_of(*year, month_of(word)?, *day)?, rest)),
        [Part::Word(word), Part::Number(day, 1..=2), Part::Word(nth), Part::Sign(','), Part::Number(year, 4), rest @ ..] if is_ordinal(nth) => Some((day_of(*year, month_of(word)?, *day)?, rest)),
        [Part::Number(first, 1..=2), Part::Sign(one @ ('.' | '/' | '-')), Part::Number(second, 1..=2), Part::Sign(two), Part::Number(year, 4), rest @ ..] if one == two => {
            let (as_day, as_month) = (day_of(*year, *second, *first), day_of(*year, *first, *second));
            let read = match (order, as_day, as_month) {
                (Some("day first"), day, _) => day,
                (Some("month first"), _, month) => month,
                (_, Some(day), None) => Some(day),
                (_, None, Some(month)) => Some(month),
                (_, Some(day), Some(month)) if day == month => Some(day),
                _ => None,
            };
            Some((read?, rest))
        }
        _ => None,
    }
}

fn day_of(year: u32, month: u32, day: u32) -> Option<civil::Date> {
    let year = i16::try_from(year).ok().filter(|year| (1990..=2100).contains(year))?;
    civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn month_of(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    let at = MONTHS.iter().position(|month| *month == word || word == &month[..3] || (*month == "september" && word == "sept"))?;
    u32::try_from(at + 1).ok()
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    DAYS.iter().any(|day| *day == word || word == &day[..3])
}

fn is_ordinal(word: &str) -> bool {
    ["st", "nd", "rd", "th"].contains(&word)
}

type Clock = (i8, i8, Option<i8>);

fn clock(parts: &[Part]) -> (Option<Clock>, &[Part]) {
    // After a day, `-05:00` is a zone as XML writes it, or a clock behind a dash: the whole day holds both.
    if matches!(parts, [Part::Sign('-'), ..]) && offset(parts).is_some() {
        return (None, &[]);
    }
    let rest = match parts {
        [Part::Sign(',') | Part::Sign('-'), rest @ ..] => rest,
        [Part::Word(word), rest @ ..] if ["t", "at"].contains(&word.as_str()) => rest,
        all => all,
    };
    let (hour, minute, second, rest) = match rest {
        [Part::Number(hour, 1..=2), Part::Sign(':'), Part::Number(minute, 2), Part::Sign(':'), Part::Number(second, 2), rest @ ..] => (*hour, *minute, Some(*second), rest),
        [Part::Number(hour, 1..=2), Part::Sign(':'), Part::Number(minute, 2), rest @ ..] => (*hour, *minute, None, rest),
        _ => return (None, parts),
    };
    // Parts of a second say nothing here.
    let rest = match rest { [Part::Sign('.' | ','), Part::Number(..), rest @ ..] => rest, all => all };
    let (hour, rest) = match half_of_day(rest) {
        Some((is_afternoon, rest)) if (1..=12).contains(&hour) => (hour % 12 + if is_afternoon { 12 } else { 0 }, rest),
        // What follows may say in a tongue that is not read here which half of the day it is: then only the day is told.
        _ if hour <= 12 && !rest.is_empty() && offset(rest).is_none() => return (None, parts),
        _ => (hour, rest),
    };
    let small = |number: u32, most: u32| i8::try_from(number).ok().filter(|_| number <= most);
    match (small(hour, 23), small(minute, 59), second.map(|second| small(second, 59))) {
        (Some(hour), Some(minute), None) => (Some((hour, minute, None)), rest),
        (Some(hour), Some(minute), Some(Some(second))) => (Some((hour, minute, Some(second))), rest),
        _ => (None, parts),
    }
}

/// Whether it is the second half of the day, and what follows: `am`, `pm` and `a. m.`, `p. m.` in all their spellings, and
/// the Vietnamese `SA`, `CH`.
fn half_of_day(parts: &[Part]) -> Option<(bool, &[Part])> {
    use Part::{Sign, Word};
    let (half, rest) = match parts {
        [Word(half), Sign('.'), Word(m), Sign('.'), rest @ ..] | [Word(half), Sign('.'), Word(m), rest @ ..] | [Word(half), Word(m), rest @ ..] if m == "m" => (format!("{half}m"), rest),
        [Word(half), rest @ ..] => (half.clone(), rest),
        _ => return None,
    };
    match half.as_str() {
        "pm" | "ch" => Some((true, rest)),
        "am" | "sa" => Some((false, rest)),
        _ => None,
    }
}

/// Seconds before UTC, where the zone is told in a way that has one reading.
fn offset(parts: &[Part]) -> Option<i64> {
    let parts = match parts { [Part::Sign('('), inside @ .., Part::Sign(')')] => inside, all => all };
    let (named, rest) = match parts {
        [Part::Word(zone), rest @ ..] if ["z", "utc", "gmt"].contains(&zone.as_str()) => (true, rest),
        all => (false, all),
    };
    let signed = |sign: char, hours: u32, minutes: u32| {
        let seconds = i64::from(hours) * 3_600 + i64::from(minutes) * 60;
        (hours <= 14 && minutes < 60).then_some(if sign == '-' { -seconds } else { seconds })
    };
    match rest {
        [] if named => Some(0),
        [Part::Sign(sign @ ('+' | '-')), Part::Number(hours, 1..=2), Part::Sign(':'), Part::Number(minutes, 2)] => signed(*sign, *hours, *minutes),
        [Part::Sign(sign @ ('+' | '-')), Part::Number(both, 4)] => signed(*sign, both / 100, both % 100),
        [Part::Sign(sign @ ('+' | '-')), Part::Number(hours, 1..=2)] => signed(*sign, *hours, 0),
        _ => None,
    }
}

/// First instant of a day, or of the minute, that a person typed in UTC: `2026-03-01` or `2026-03-01 10:30`; with `end`
/// the first instant after it.
///
/// # Errors
/// In words, with what to type.
pub fn typed_moment(text: &str, end: bool) -> Result<Moment, String> {
    let how = || format!("{} is no day: write 2026-03-01 or \"2026-03-01 10:30\" (UTC)", crate::quoted(text));
    let parts = parts(text).ok_or_else(how)?;
    let (date, rest) = match parts.as_slice() {
        [Part::Number(_, 4), ..] => date(&parts, Some("year first")).ok_or_else(how)?,
        _ => return Err(how()),
    };
    match clock(rest) {
        (None, _) if rest.is_empty() => {
            let day = if end { date.checked_add(1.day()).map_err(|_| how())? } else { date };
            Ok(Moment::from_micros(day.at(0, 0, 0, 0).to_zoned(TimeZone::UTC).map_err(|_| how())?.timestamp().as_microsecond()))
        }
        (Some((hour, minute, second)), zone) if zone.is_empty() || offset(zone) == Some(0) => {
            let stamp = date.at(hour, minute, second.unwrap_or(0), 0).to_zoned(TimeZone::UTC).map_err(|_| how())?.timestamp();
            Ok(Moment::from_micros(stamp.as_microsecond()))
        }
        _ => Err(how()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_of_strangers_are_placed_with_the_room_that_they_leave() {
        for (text, order, placed) in [
            ("2026-03-01T10:30:05Z", None, Some(("2026-03-01T10:30:05", 1))),
            ("2026-03-01 10:30 UTC", None, Some(("2026-03-01T10:30:00", 60))),
            ("2026-03-01 10:30:00.123 +07:00", None, Some(("2026-03-01T03:30:00", 1))),
            ("01.03.2026 10:30:00 UTC+03:00", Some("day first"), Some(("2026-03-01T07:30:00", 1))),
            ("1 March 2026", None, Some(("2026-03-01T00:00:00", 86_400 + 26 * 3_600))),
            ("Mar 1, 2026, 9:05 PM", None, Some(("2026-03-01T21:05:00", 60 + 26 * 3_600))),
            ("Sunday, March 1st, 2026", None, Some(("2026-03-01T00:00:00", 86_400 + 26 * 3_600))),
            ("1st March 2026 12:00 AM", None, Some(("2026-03-01T00:00:00", 60 + 26 * 3_600))),
            ("13/02/2026", None, Some(("2026-02-13T00:00:00", 86_400 + 26 * 3_600))),
            ("02/13/2026", None, Some(("2026-02-13T00:00:00", 86_400 + 26 * 3_600))),
            ("03/03/2026", None, Some(("2026-03-03T00:00:00", 86_400 + 26 * 3_600))),
            ("03/04/2026", Some("month first"), Some(("2026-03-04T00:00:00", 86_400 + 26 * 3_600))),
            ("03/04/2026", None, None),
            // A clock of twelve hours without a half that is read is the whole day.
            ("2026-03-01 9:05 p.m.", None, Some(("2026-03-01T21:05:00", 60 + 26 * 3_600))),
            ("2026-03-01 9:05 p. m.", None, Some(("2026-03-01T21:05:00", 60 + 26 * 3_600))),
            ("2026-03-01 9:05 P.M", None, Some(("2026-03-01T21:05:00", 60 + 26 * 3_600))),
            ("2026-03-01 12:05 a. m. UTC", None, Some(("2026-03-01T00:05:00", 60))),
            ("2026-03-01 9:05\u{202f}CH", None, Some(("2026-03-01T21:05:00", 60 + 26 * 3_600))),
            ("2026-03-01 9:05 SA", None, Some(("2026-03-01T09:05:00", 60 + 26 * 3_600))),
            ("2026-03-01 9:05:07 PM UTC", None, Some(("2026-03-01T21:05:07", 1))),
            ("2026-03-01 9:05 p", None, Some(("2026-03-01T00:00:00", 86_400 + 26 * 3_600))),
            ("2026-03-01 9:05 tối", None, Some(("2026-03-01T00:00:00", 86_400 + 26 * 3_600))),
            ("2026-03-01 9:05 вечера", None, Some(("2026-03-01T00:00:00", 86_400 + 26 * 3_600))),
            ("2026-03-01 9:05 หลังเที่ยง", None, Some(("2026-03-01T00:00:00", 86_400 + 26 * 3_600))),
            ("2026-03-01 0:30 pm", None, Some(("2026-03-01T00:00:00", 86_400 + 26 * 3_600))),
            ("2026-03-01 21:05 вечера", None, Some(("2026-03-01T21:05:00", 60 + 26 * 3_600))),
            // A zone is no clock.
            ("2026-03-01-05:00", None, Some(("2026-03-01T00:00:00", 86_400 + 26 * 3_600))),
            ("2026-03-01+05:00", None, Some(("2026-02-28T19:00:00", 86_400))),
            ("2026-03-01 - 22:30", None, Some(("2026-03-01T22:30:00", 60 + 26 * 3_600))),
            ("2026-03-01T10:30-05:00", None, Some(("2026-03-01T15:30:00", 60))),
            ("03/04/2026", Some("not told"), None),
            ("01/03/2569", None, None),
            ("yesterday", None, None),
            ("2026-02-30", None, None),
            ("5 minutes ago", None, None),
            ("", None, None),
        ] {
            let read = read_written(text, order).map(|when| (when.at.to_string()[..19].to_string(), (when.latest.micros() - when.earliest.micros()) / 1_000_000));
            assert_eq!(read, placed.map(|(at, room)| (at.to_string(), room)), "{text}");
        }
    }

    #[test]
    fn what_may_lie_within_a_span_is_shown_in_it() {
        let day = |text: &str| typed_moment(text, false).unwrap();
        let claimed = read_written("2026-03-01", None).unwrap();
        assert!(claimed.may_lie_within(Some(day("2026-03-02")), None), "it may be the second in UTC");
        assert!(!claimed.may_lie_within(Some(day("2026-03-03")), None));
        assert!(claimed.may_lie_within(None, Some(day("2026-03-01"))), "it may be the last of February in UTC");
        let seen = When::exactly(day("2026-03-02"));
        assert!(seen.may_lie_within(Some(day("2026-03-02")), Some(typed_moment("2026-03-02", true).unwrap())));
        assert!(!seen.may_lie_within(None, Some(day("2026-03-02"))));
        for wrong in ["01.03.2026", "2026-13-01", "2026-03-01-05:00", "2026-03-01 9:05 evening", "2026-03-01 10:30 MSK"] {
            assert!(typed_moment(wrong, false).is_err(), "{wrong}");
        }
        assert_eq!(typed_moment("2026-03-01 9:05 pm", false), typed_moment("2026-03-01 21:05 UTC", false));
    }

    #[test]
    fn a_number_of_an_export_is_a_moment_within_the_years_that_are_read() {
        let read = |ms: i64| read_unix_ms(ms).map(|when| when.at.to_string()[..10].to_string());
        for (ms, day) in [(631_152_000_000, Some("1990-01-01")), (631_151_999_999, None), (4_133_980_799_999, Some("2100-12-31")), (4_133_980_800_000, None), (0, None), (i64::MAX, None), (i64::MIN, None)] {
            assert_eq!(read(ms).as_deref(), day, "{ms}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_left(text in "\\PC{0,80}") {
            if let Some(when) = read_written(&text, None) {
                prop_assert!(when.earliest <= when.at && when.at < when.latest);
            }
            let _ = typed_moment(&text, true);
        }
    }
}
