//! When the office is open.

use std::fmt;

use serde::Deserialize;

const DAY: i64 = 86_400;
/// The days of a week; the Unix epoch was a Thursday.
const DAYS: [&str; 7] = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"];

/// This filter's settings.
pub struct Settings {
    /// When everything may be had.
    pub office: Hours,
    /// Patterns of actions that may be had at any time.
    pub always: Vec<String>,
    /// Patterns of tickets; empty: none is needed.
    pub tickets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    days: Vec<String>,
    from: String,
    until: String,
    utc_offset: String,
    always: Vec<String>,
    tickets: Vec<String>,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            days: ["mon", "tue", "wed", "thu", "fri"].map(String::from).to_vec(),
            from: "08:00".into(),
            until: "18:00".into(),
            utc_offset: "+00:00".into(),
            always: vec![],
            tickets: vec![],
        }
    }
}

impl Settings {
    /// Reads a JSON object. An error is one line that says what to write.
    pub fn read(text: &str) -> Result<Self, String> {
        let written: Written =
            serde_json::from_str(text).map_err(|error| format!("its settings cannot be read: {error}"))?;
        let Written { days, from, until, utc_offset, always, tickets } = written;
        if let Some(day) = days.iter().find(|day| !DAYS.contains(&day.as_str())) {
            return Err(format!("its settings name the day `{day}`; write `mon`, `tue` …"));
        }
        let (sign, offset) = match utc_offset.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return Err("write `utc_offset` as `+01:00`".into()),
        };
        let (opens, closes) = (time(&from)?, time(&until)?);
        if opens >= closes {
            return Err(format!("its office opens at `{from}` and closes at `{until}`"));
        }
        let office = Hours {
            days,
            opens,
            closes,
            offset: sign * time(offset)?,
            shown: format!("{from} to {until} {utc_offset}"),
        };
        Ok(Self { office, always, tickets })
    }
}

/// Seconds since midnight of `HH:MM`.
fn time(text: &str) -> Result<i64, String> {
    let wrong = || format!("its settings have the time `{text}`; write `08:30`");
    let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
    let number = |text: &str, most: i64| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|number| is_number && *number <= most).ok_or_else(wrong)
    };
    match (number(hours, 24)?, number(minutes, 59)?) {
        (24, 1..) => Err(wrong()),
        (hours, minutes) => Ok(hours * 3600 + minutes * 60),
    }
}

/// Days, and hours in each.
pub struct Hours {
    days: Vec<String>,
    opens: i64,
    closes: i64,
    offset: i64,
    shown: String,
}

/// Whether somebody is there.
#[derive(Debug, PartialEq, Eq)]
pub enum Office {
    /// For so many seconds more.
    Open {
        /// Seconds.
        closes_in: u32,
    },
    /// Nobody.
    Closed,
}

impl Hours {
    /// At this time, in seconds since the Unix epoch.
    pub fn at(&self, now: u64) -> Office {
        let local = i64::try_from(now).unwrap_or(i64::MAX - DAY).saturating_add(self.offset);
        let (day, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let name = usize::try_from(day.rem_euclid(7)).ok().and_then(|day| DAYS.get(day));
        let is_day = name.is_some_and(|name| self.days.iter().any(|day| day == name));
        if is_day && (self.opens..self.closes).contains(&second) {
            return Office::Open { closes_in: u32::try_from(self.closes - second).unwrap_or(u32::MAX) };
        }
        Office::Closed
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {}", self.days.join(" "), self.shown)
    }
}
