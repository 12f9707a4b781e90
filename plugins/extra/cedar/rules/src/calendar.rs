//! The time of a request, as policies ask about it. All of it in UTC.

/// Seconds of a day.
const DAY: u64 = 86_400;
/// The last second that is asked about, at the end of the year 9999: Cedar's dates end there.
const LAST: u64 = 253_402_300_799;

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    unix: u64,
}

impl Moment {
    /// From seconds since 1970.
    #[must_use]
    pub fn new(unix: u64) -> Self {
        Self { unix: unix.min(LAST) }
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.unix.cast_signed()
    }

    /// 0 to 23.
    #[must_use]
    pub fn hour(self) -> i64 {
        (self.unix % DAY / 3600).cast_signed()
    }

    /// 1 is Monday, 7 Sunday, as in ISO 8601. 1970 began on a Thursday.
    #[must_use]
    pub fn weekday(self) -> i64 {
        ((self.unix / DAY + 3) % 7 + 1).cast_signed()
    }

    /// `2026-11-27T21:00:00Z`, for Cedar's `datetime()`.
    #[must_use]
    pub fn iso(self) -> String {
        let (year, month, day) = date(self.unix / DAY);
        let [hour, minute, second] = [self.unix % DAY / 3600, self.unix % 3600 / 60, self.unix % 60];
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Days since 1970 to year, month and day: H. Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_what_the_calendar_says() {
        let moment = Moment::new(1_795_813_200);
        assert_eq!(moment.iso(), "2026-11-27T21:00:00Z");
        assert_eq!((moment.hour(), moment.weekday()), (21, 5));
        assert_eq!(Moment::new(951_827_696).iso(), "2000-02-29T12:34:56Z");
        assert_eq!((Moment::new(0).iso().as_str(), Moment::new(0).weekday()), ("1970-01-01T00:00:00Z", 4));
        assert_eq!(Moment::new(u64::MAX).iso(), "9999-12-31T23:59:59Z");
    }
}
