//! Instants as RFC 3339 writes them, in UTC, and as seconds since the Unix epoch.

const DAY: u64 = 86_400;
/// The days from 0000-03-01 to 1970-01-01.
const TO_EPOCH: u64 = 719_468;
/// 9999-12-31T23:59:59Z, the last instant of RFC 3339.
const LAST: u64 = 253_402_300_799;

/// Returns an instant in whole seconds; one after the year 9999 becomes the last of that year.
///
/// ```
/// assert_eq!(audex_sdk::rfc3339::format(1_795_513_736), "2026-11-24T09:48:56Z");
/// ```
#[must_use]
pub fn format(unix_seconds: u64) -> String {
    let (days, second) = (unix_seconds.min(LAST) / DAY, unix_seconds.min(LAST) % DAY);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Returns seconds since the Unix epoch, or `None` if `text` is not an instant in UTC since 1970. A fraction
/// is dropped.
///
/// ```
/// assert_eq!(audex_sdk::rfc3339::parse("2026-11-24T09:48:56.25Z"), Some(1_795_513_736));
/// assert_eq!(audex_sdk::rfc3339::parse("2026-11-24T09:48:56+01:00"), None);
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let (date_text, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = numbers(date_text, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    // A leap second is the second 60.
    let is_time = hour < 24 && minute < 60 && second <= 60;
    if year < 1970 || !(1..=12).contains(&month) || day == 0 || !is_time || !is_number(fraction) {
        return None;
    }
    let days = days(year, month, day);
    (date(days) == (year, month, day)).then_some(days * DAY + hour * 3600 + minute * 60 + second)
}

fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits && is_number(part))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the days since 1970-01-01 in the Gregorian calendar. Years start in March, so that a leap day is
/// the last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    365 * year + leaps + (153 * from_march + 2) / 5 + day - 1 - TO_EPOCH
}

/// Returns year, month and day of a day since 1970-01-01.
fn date(days: u64) -> (u64, u64, u64) {
    // All eras of 400 years are alike.
    let days = days + TO_EPOCH;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    // Months, counted from March, have 30.6 days on average.
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let (month, later) = if from_march < 10 { (from_march + 3, 0) } else { (from_march - 9, 1) };
    (era * 400 + year + later, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read_with_leap_days_and_century_years() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_825_600, "2000-02-29T12:00:00Z"),
            (1_795_513_736, "2026-11-24T09:48:56Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!((format(seconds).as_str(), parse(text)), (text, Some(seconds)));
        }
        assert_eq!(format(u64::MAX), format(LAST));
    }

    #[test]
    fn a_fraction_is_dropped() {
        for text in ["2026-11-24T09:48:56.1Z", "2026-11-24T09:48:56.123456789Z"] {
            assert_eq!(parse(text), Some(1_795_513_736), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_instants() {
        for text in [
            "",
            "Z",
            "2026-11-24",
            "2026-11-24T09:48:56",
            "2026-11-24T09:48:56+01:00",
            "2026-11-24T09:48:56.Z",
            "2026-11-24T09:48:56.x1Z",
            "2026-11-24T09:48Z",
            "2026-11-24-01T09:48:56Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-11-00T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
            "+999-01-01T00:00:00Z",
            "2026-1-1T00:00:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T23:60:00Z",
            "2026-11-24T23:59:61Z",
            "xT00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
