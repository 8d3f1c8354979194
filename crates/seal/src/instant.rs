//! Between `Moment` and the times that ASN.1 knows. No clock is read.

use std::time::Duration;

use der::DateTime;
use model::Moment;
use x509_cert::time::Time;

/// The moment of an ASN.1 date and time.
pub(crate) fn moment(time: DateTime) -> Moment {
    let seconds = i64::try_from(time.unix_duration().as_secs()).unwrap_or(i64::MAX / 1_000_000);
    Moment::from_micros(seconds.saturating_mul(1_000_000))
}

/// The whole second that holds this moment; ASN.1 knows 1970 to 9999.
pub(crate) fn date_time(moment: Moment) -> Result<DateTime, der::Error> {
    let seconds = u64::try_from(moment.seconds()).map_err(|_| der::ErrorKind::DateTime)?;
    DateTime::from_unix_duration(Duration::from_secs(seconds))
}

/// UTCTime to 2049, GeneralizedTime after, as RFC 5280 and RFC 5652 want.
pub(crate) fn asn1_time(moment: Moment) -> Result<Time, der::Error> {
    Ok(Time::from(date_time(moment)?))
}

/// Reads a GeneralizedTime of RFC 3161: `YYYYMMDDhhmmss[.f…]Z`, fraction without trailing zero.
pub(crate) fn generalized(text: &[u8]) -> Option<Moment> {
    let text = std::str::from_utf8(text).ok()?;
    let (seconds, fraction) = text.strip_suffix('Z')?.split_at_checked(14)?;
    if !seconds.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| seconds.get(range)?.parse::<u16>().ok();
    let small = |range| u8::try_from(number(range)?).ok();
    let time = DateTime::new(number(0..4)?, small(4..6)?, small(6..8)?, small(8..10)?, small(10..12)?, small(12..14)?).ok()?;
    Some(Moment::from_micros(moment(time).micros() + fraction_micros(fraction)?))
}

fn fraction_micros(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let digits = text.strip_prefix('.')?;
    let good = (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.ends_with('0');
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    if good { six.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(generalized(text.as_bytes()).map(|m| m.to_string()), expected.map(String::from), "{text}");
    }

    #[test]
    fn generalized_times() {
        check("20261122081500Z", Some("2026-11-22T08:15:00.000000Z"));
        check("20261122081500.25Z", Some("2026-11-22T08:15:00.250000Z"));
        check("20261122081500.1234567Z", Some("2026-11-22T08:15:00.123456Z"));
        check("20261122081500.250Z", None);
        check("20261122081500.Z", None);
        check("20261122081500", None);
        check("20261322081500Z", None);
        check("2026112208150Z", None);
        check("é0261122081500Z", None);
    }
}
