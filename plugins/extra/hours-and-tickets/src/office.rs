//! The office hours.

use std::fmt;

use jiff::civil::{Time, Weekday};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use serde::Deserialize;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// The largest offset of a clock from UTC, fourteen hours (Kiribati), in seconds.
const FARTHEST: i32 = 14 * 3600;

/// This filter's settings.
pub struct Settings {
    /// The hours in which every action is allowed.
    pub office: Hours,
    /// Patterns of actions that are allowed at any time.
    pub always: Vec<String>,
    /// Patterns of tickets; if empty, no ticket is needed.
    pub tickets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    days: Vec<String>,
    from: String,
    until: String,
    time_zone: String,
    always: Vec<String>,
    tickets: Vec<String>,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            days: ["mon", "tue", "wed", "thu", "fri"].map(String::from).to_vec(),
            from: "08:00".into(),
            until: "18:00".into(),
            time_zone: "UTC".into(),
            always: vec![],
            tickets: vec![],
        }
    }
}

impl Settings {
    /// Reads a JSON object. An error is one line that says what to write.
    pub fn read(text: &str) -> Result<Self, String> {
        let written: Written = serde_json::from_str(text)
            .map_err(|error| format!("its settings cannot be read: {error}"))?;
        let Written { days, from, until, time_zone, always, tickets } = written;
        let named = |day: &String| {
            let found = DAYS.iter().find(|(name, _)| name == day);
            found
                .map(|(_, day)| *day)
                .ok_or_else(|| format!("its settings name the day `{day}`; write `mon`, `tue` …"))
        };
        let office = Hours {
            days: days.iter().map(named).collect::<Result<_, _>>()?,
            opens: minutes(&from)?,
            closes: minutes(&until)?,
            zone: zone(&time_zone)?,
            shown: format!("{}, {from} to {until} {time_zone}", days.join(" ")),
        };
        if office.opens >= office.closes {
            return Err(format!("its office opens at `{from}` and closes at `{until}`"));
        }
        Ok(Self { office, always, tickets })
    }
}

/// Returns the minutes since midnight of `HH:MM`; `24:00` is the end of the day.
fn minutes(text: &str) -> Result<i64, String> {
    let wrong = || format!("its settings have the time `{text}`; write `08:30`");
    if text == "24:00" {
        return Ok(24 * 60);
    }
    let time = (text.len() == 5)
        .then(|| Time::strptime("%H:%M", text).ok())
        .flatten()
        .ok_or_else(wrong)?;
    Ok(i64::from(time.hour()) * 60 + i64::from(time.minute()))
}

/// Reads a name of the IANA database, in the version at build time, or a fixed offset.
fn zone(text: &str) -> Result<TimeZone, String> {
    if text.starts_with(['+', '-']) {
        let offset = strtime::parse("%:z", text).ok().and_then(|parsed| parsed.offset());
        let offset = offset.filter(|offset| offset.seconds().abs() <= FARTHEST);
        return offset
            .map(TimeZone::fixed)
            .ok_or_else(|| format!("its `time_zone` is `{text}`; write `+01:00`"));
    }
    TimeZone::get(text)
        .map_err(|_| format!("its `time_zone` is `{text}`; write `Europe/Zurich`, or `+01:00`"))
}

/// The opening days, and the hours of each.
pub struct Hours {
    days: Vec<Weekday>,
    opens: i64,
    closes: i64,
    zone: TimeZone,
    shown: String,
}

/// The state of the office.
#[derive(Debug, PartialEq, Eq)]
pub enum Office {
    /// Open for some more time.
    Open {
        /// Seconds until closing.
        closes_in: u32,
    },
    /// Closed.
    Closed,
}

impl Hours {
    /// Returns the state at a time in seconds since the Unix epoch. A time outside the calendar counts as
    /// closed.
    pub fn at(&self, now: u64) -> Office {
        let now = i64::try_from(now).ok().and_then(|now| Timestamp::from_second(now).ok());
        now.and_then(|now| self.open_at(&now.to_zoned(self.zone.clone()))).unwrap_or(Office::Closed)
    }

    fn open_at(&self, now: &Zoned) -> Option<Office> {
        if !self.days.contains(&now.weekday()) {
            return None;
        }
        // In local clock time: a day may have 23 or 25 hours.
        let midnight = now.date().to_datetime(Time::midnight());
        let at = |minutes| {
            midnight
                .checked_add(Span::new().minutes(minutes))
                .ok()?
                .to_zoned(self.zone.clone())
                .ok()
        };
        let (opens, closes) = (at(self.opens)?, at(self.closes)?);
        if *now < opens || *now >= closes {
            return None;
        }
        let closes_in = closes.timestamp().as_second() - now.timestamp().as_second();
        Some(Office::Open { closes_in: u32::try_from(closes_in).ok()? })
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closes_in(time_zone: &str, now: &str) -> Option<u32> {
        let settings = format!(r#"{{"until":"24:00","days":["sun"],"time_zone":"{time_zone}"}}"#);
        let now = now.parse::<Timestamp>().unwrap().as_second();
        match Settings::read(&settings).unwrap().office.at(u64::try_from(now).unwrap()) {
            Office::Open { closes_in } => Some(closes_in),
            Office::Closed => None,
        }
    }

    #[test]
    fn hours_are_those_of_the_wall_clock_in_summer_and_winter() {
        // Sunday, 29 March 2026: clocks in Zurich went from 02:00 to 03:00; New York had gone three weeks
        // before.
        assert_eq!(closes_in("Europe/Zurich", "2026-03-29T05:59:59Z"), None);
        assert_eq!(closes_in("Europe/Zurich", "2026-03-29T06:00:00Z"), Some(16 * 3600));
        assert_eq!(closes_in("+01:00", "2026-03-29T06:00:00Z"), None);
        assert_eq!(closes_in("+01:00", "2026-03-29T07:00:00Z"), Some(16 * 3600));
        assert_eq!(closes_in("America/New_York", "2026-03-29T12:00:00Z"), Some(16 * 3600));
        assert_eq!(closes_in("Asia/Kolkata", "2026-03-29T18:29:59Z"), Some(1));
        assert_eq!(closes_in("Asia/Kolkata", "2026-03-29T18:30:00Z"), None);
    }

    #[test]
    fn a_day_may_have_other_hours_than_24() {
        let all = r#"{"from":"00:00","until":"24:00","days":["sun"],"time_zone":"Europe/Zurich"}"#;
        let office = Settings::read(all).unwrap().office;
        let at = |time: &str| {
            office.at(u64::try_from(time.parse::<Timestamp>().unwrap().as_second()).unwrap())
        };
        assert_eq!(at("2026-03-28T23:00:00Z"), Office::Open { closes_in: 23 * 3600 });
        assert_eq!(at("2026-10-24T22:00:00Z"), Office::Open { closes_in: 25 * 3600 });
        assert_eq!(office.at(u64::MAX), Office::Closed);
    }

    #[test]
    fn zones_and_times_that_are_none_say_what_to_write() {
        for (key, wrong) in [
            ("time_zone", "Europe/Zürich"),
            ("time_zone", "+1"),
            ("time_zone", "+25:00"),
            ("time_zone", ""),
            ("from", "8:00"),
            ("from", "08:60"),
            ("until", "24:01"),
            ("utc_offset", "+01:00"),
        ] {
            let error = Settings::read(&format!(r#"{{"{key}":"{wrong}"}}"#)).err().unwrap();
            assert!(error.contains("write") || error.contains("unknown field"), "{error}");
        }
    }
}
