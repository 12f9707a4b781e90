//! RFC 3339 instants, as Google's APIs write them: UTC, with or without a fraction.

/// Returns seconds since the Unix epoch, or `None` if `text` is not such an instant. A fraction is dropped.
pub fn parse(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once('T')?;
    let clock = rest.strip_suffix('Z')?.split('.').next()?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(clock, ':')?;
    let sound =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !sound || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn numbers(text: &str, between: char) -> Option<[u64; 3]> {
    let parts: Vec<u64> =
        text.split(between).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

/// Returns the days since 1970-01-01 in the Gregorian calendar: years start in March, so that the leap day
/// comes last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_and_other_text_is_not() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-11-24T09:48:56Z", 1_795_513_736),
            ("2026-11-24T09:48:56.123456Z", 1_795_513_736),
        ] {
            assert_eq!(parse(text), Some(seconds), "{text}");
        }
        for text in
            ["", "2026-11-24", "2026-11-24T09:48:56+01:00", "2026-13-01T00:00:00Z", "xT00:00:00Z"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
