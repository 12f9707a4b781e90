//! The time of a request, in the form that policies use.

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// The largest offset of a clock from UTC, fourteen hours (Kiribati), in seconds.
const FARTHEST: i32 = 14 * 3600;

/// The organisation's time zone.
#[derive(Clone, Debug)]
pub struct Calendar(TimeZone);

/// A point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970.
    pub unix: i64,
    /// The hour, 0 to 23, in the organisation's time zone.
    pub hour: i64,
    /// The day of the week in the organisation's time zone: 1 is Monday, 7 Sunday, as in ISO 8601.
    pub weekday: i64,
    /// The time as `2026-11-27T21:00:00Z`, for Cedar's `datetime()`.
    pub iso: String,
}

impl Default for Calendar {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Calendar {
    /// Reads a name of the IANA database, in the version at build time, or a fixed offset.
    ///
    /// # Errors
    /// If the text is neither; the error is one line that says what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let zone = if text.starts_with(['+', '-']) {
            let offset = strtime::parse("%:z", text).ok().and_then(|parsed| parsed.offset());
            offset.filter(|offset| offset.seconds().abs() <= FARTHEST).map(TimeZone::fixed)
        } else {
            TimeZone::get(text).ok()
        };
        let wrong = || format!("its `time_zone` is `{text}`; write `Europe/Zurich`, or `+01:00`");
        zone.map(Self).ok_or_else(wrong)
    }

    /// Returns the moment at a number of seconds after 1970 began; a time beyond the calendar counts as its
    /// last second.
    #[must_use]
    pub fn at(&self, unix: u64) -> Moment {
        let unix = i64::try_from(unix).unwrap_or(i64::MAX);
        let time = Timestamp::from_second(unix).unwrap_or(Timestamp::MAX);
        let local = time.to_zoned(self.0.clone());
        Moment {
            unix: time.as_second(),
            hour: local.hour().into(),
            weekday: local.weekday().to_monday_one_offset().into(),
            iso: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_what_the_calendar_says() {
        let utc = Calendar::default();
        let moment = utc.at(1_795_813_200);
        assert_eq!(moment.iso, "2026-11-27T21:00:00Z");
        assert_eq!((moment.hour, moment.weekday), (21, 5));
        assert_eq!(utc.at(951_827_696).iso, "2000-02-29T12:34:56Z");
        assert_eq!((utc.at(0).iso.as_str(), utc.at(0).weekday), ("1970-01-01T00:00:00Z", 4));
        assert!(utc.at(u64::MAX).iso.starts_with("9999-12-3"), "{:?}", utc.at(u64::MAX));
    }

    #[test]
    fn hours_are_those_of_the_organisation_in_summer_and_winter() {
        let zurich = Calendar::parse("Europe/Zurich").unwrap();
        // Friday, 23:30 UTC: in Zurich it is Saturday.
        let winter = zurich.at(1_795_822_200);
        assert_eq!((winter.hour, winter.weekday, winter.unix), (0, 6, 1_795_822_200));
        assert_eq!(winter.iso, "2026-11-27T23:30:00Z");
        let summer = zurich.at(1_782_864_000);
        assert_eq!((summer.iso.as_str(), summer.hour), ("2026-07-01T00:00:00Z", 2));
        assert_eq!(Calendar::parse("+01:00").unwrap().at(1_782_864_000).hour, 1);
        for wrong in ["", "Zurich", "+1", "+25:00", "Europe/../Zurich"] {
            assert!(
                Calendar::parse(wrong).unwrap_err().contains("write `Europe/Zurich`"),
                "{wrong}"
            );
        }
    }
}
