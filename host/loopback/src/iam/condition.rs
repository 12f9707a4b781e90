//! The condition operators of IAM policies, with three truth values: a condition that cannot be decided is
//! `Unknown`.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::time::UNIX_EPOCH;

use serde_json::Value;

use super::document::{PolicyError, element, is_variable, object};
use super::{Request, glob};

/// A truth value of three-valued logic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    No,
    Unknown,
}

impl Truth {
    /// INVARIANT: `No` wins over `Unknown`, so one failed element decides a statement.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            (Self::Yes | Self::Unknown, Self::Yes | Self::Unknown) => Self::Unknown,
        }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// One operator applied to one key: `"StringLike": {"s3:prefix": ["a/*"]}`.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    operator: Operator,
    /// True for the `…IfExists` form: the condition holds if the key is absent.
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Operator {
    /// Compares the key's value with each value; if `negated`, none may match.
    Compare { test: Test, negated: bool },
    /// `Null`: tests for the absence of the key.
    Null,
    /// An operator that this evaluator does not support.
    Unknown,
}

#[derive(Clone, Copy, Debug)]
enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
    ArnLike,
    Bool,
    Address,
    Numeric(fn(Ordering) -> bool),
    Date(fn(Ordering) -> bool),
}

impl Condition {
    /// Reads a `Condition` element.
    pub(super) fn parse_all(value: &Value, place: &str) -> Result<Vec<Self>, PolicyError> {
        let mut conditions = Vec::new();
        for (name, keys) in object(value, place)? {
            let place = format!("{place}.{name}");
            for (key, values) in object(keys, &place)? {
                conditions.push(Self::new(name, key, literals(values, &format!("{place}.{key}"))?));
            }
        }
        Ok(conditions)
    }

    fn new(name: &str, key: &str, values: Vec<String>) -> Self {
        let (name, if_exists) =
            name.strip_suffix("IfExists").map_or((name, false), |base| (base, true));
        Self { operator: Operator::named(name), if_exists, key: key.to_owned(), values }
    }

    pub(super) fn holds(&self, request: &Request) -> Truth {
        let (test, negated) = match self.operator {
            Operator::Unknown => return Truth::Unknown,
            Operator::Null => return self.is_absent(request),
            Operator::Compare { test, negated } => (test, negated),
        };
        let Some(found) = request.value(&self.key) else {
            return Truth::from(self.if_exists || negated);
        };
        let fits =
            self.values.iter().map(|wanted| test.fits(wanted, found)).fold(Truth::No, Truth::or);
        if negated { fits.not() } else { fits }
    }

    fn is_absent(&self, request: &Request) -> Truth {
        let absent = request.value(&self.key).is_none();
        let fits = |wanted: &String| match wanted.as_str() {
            "true" => Truth::from(absent),
            "false" => Truth::from(!absent),
            _ => Truth::Unknown,
        };
        self.values.iter().map(fits).fold(Truth::No, Truth::or)
    }
}

impl Operator {
    fn named(name: &str) -> Self {
        let (test, negated) = match name {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringEqualsIgnoreCase" => (Test::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualsIgnoreCase, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            // "ArnEquals and ArnLike behave identically" (IAM User Guide).
            "ArnEquals" | "ArnLike" => (Test::ArnLike, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::ArnLike, true),
            "Bool" => (Test::Bool, false),
            "IpAddress" => (Test::Address, false),
            "NotIpAddress" => (Test::Address, true),
            "NumericEquals" => (Test::Numeric(Ordering::is_eq), false),
            "NumericNotEquals" => (Test::Numeric(Ordering::is_eq), true),
            "NumericLessThan" => (Test::Numeric(Ordering::is_lt), false),
            "NumericLessThanEquals" => (Test::Numeric(Ordering::is_le), false),
            "NumericGreaterThan" => (Test::Numeric(Ordering::is_gt), false),
            "NumericGreaterThanEquals" => (Test::Numeric(Ordering::is_ge), false),
            "DateEquals" => (Test::Date(Ordering::is_eq), false),
            "DateNotEquals" => (Test::Date(Ordering::is_eq), true),
            "DateLessThan" => (Test::Date(Ordering::is_lt), false),
            "DateLessThanEquals" => (Test::Date(Ordering::is_le), false),
            "DateGreaterThan" => (Test::Date(Ordering::is_gt), false),
            "DateGreaterThanEquals" => (Test::Date(Ordering::is_ge), false),
            "Null" => return Self::Null,
            _ => return Self::Unknown,
        };
        Self::Compare { test, negated }
    }
}

impl Test {
    fn fits(self, wanted: &str, found: &str) -> Truth {
        if is_variable(wanted) {
            return Truth::Unknown;
        }
        let fits = match self {
            Self::Equals => Some(wanted == found),
            Self::EqualsIgnoreCase => Some(wanted.eq_ignore_ascii_case(found)),
            Self::Like => Some(glob::matches(wanted, found)),
            Self::ArnLike => arn_matches(wanted, found),
            Self::Bool => {
                boolean(wanted).zip(boolean(found)).map(|(wanted, found)| wanted == found)
            }
            Self::Address => address_in(wanted, found),
            Self::Numeric(accepts) => number(found)
                .zip(number(wanted))
                .and_then(|(found, wanted)| found.partial_cmp(&wanted))
                .map(accepts),
            Self::Date(accepts) => seconds(found)
                .zip(seconds(wanted))
                .map(|(found, wanted)| accepts(found.cmp(&wanted))),
        };
        fits.map_or(Truth::Unknown, Truth::from)
    }
}

/// Reads the values of a condition: a string, number or boolean, or a list of at least one of them.
fn literals(value: &Value, place: &str) -> Result<Vec<String>, PolicyError> {
    let literal = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(element(place, "must be a string, number or boolean, or a list of them")),
    };
    match value {
        Value::Array(list) if list.is_empty() => Err(element(place, "is empty")),
        Value::Array(list) => list.iter().map(literal).collect(),
        single => Ok(vec![literal(single)?]),
    }
}

/// Matches each of the six parts of an ARN separately, so a `*` does not match beyond a colon.
fn arn_matches(wanted: &str, found: &str) -> Option<bool> {
    let (mut wanted, mut found) = (wanted.splitn(6, ':'), found.splitn(6, ':'));
    let mut fits = true;
    for _ in 0..6 {
        fits &= glob::matches(wanted.next()?, found.next()?);
    }
    Some(fits)
}

fn boolean(text: &str) -> Option<bool> {
    text.to_ascii_lowercase().parse().ok()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// Reads the seconds since the epoch from a number or from an ISO 8601 date in UTC.
fn seconds(text: &str) -> Option<i64> {
    if let Ok(epoch) = text.parse() {
        return Some(epoch);
    }
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let time = humantime::parse_rfc3339(&full).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// Returns true if the address `found` is in `wanted`, an address or a CIDR block; `None` if one of them
/// cannot be read.
fn address_in(wanted: &str, found: &str) -> Option<bool> {
    let found: IpAddr = found.parse().ok()?;
    let (network, prefix) =
        wanted.split_once('/').map_or((wanted, None), |(network, bits)| (network, Some(bits)));
    let (network, found, width) = match (network.parse().ok()?, found) {
        (IpAddr::V4(network), IpAddr::V4(found)) => {
            (u128::from(network.to_bits()), u128::from(found.to_bits()), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(found)) => (network.to_bits(), found.to_bits(), 128),
        _ => return Some(false),
    };
    let prefix: u32 = prefix.map_or(Some(width), |bits| bits.parse().ok())?;
    let ignored = width.checked_sub(prefix)?;
    Some((network ^ found).checked_shr(ignored).unwrap_or(0) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(operator: &str, wanted: &[&str], found: Option<&str>) -> Truth {
        let condition =
            Condition::new(operator, "Key", wanted.iter().map(|&value| value.to_owned()).collect());
        let request = Request::new("s3:GetObject", "*");
        condition
            .holds(&found.into_iter().fold(request, |request, value| request.with("KEY", value)))
    }

    #[test]
    fn operators_hold_and_fail() {
        for (operator, wanted, yes, no) in [
            ("StringEquals", "a", "a", "A"),
            ("StringNotEquals", "a", "b", "a"),
            ("StringEqualsIgnoreCase", "a", "A", "b"),
            ("StringLike", "a*", "abc", "ba"),
            ("StringNotLike", "a*", "ba", "abc"),
            ("ArnLike", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/x", "arn:aws:iam::2:role/x"),
            ("Bool", "true", "TRUE", "false"),
            ("IpAddress", "10.0.0.0/8", "10.1.2.3", "11.0.0.1"),
            ("NotIpAddress", "::1/128", "::2", "::1"),
            ("NumericLessThan", "10", "9.5", "10"),
            ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01", "2026-01-02"),
            ("DateGreaterThan", "0", "2026-01-02T00:00:00Z", "0"),
        ] {
            assert_eq!(holds(operator, &[wanted], Some(yes)), Truth::Yes, "{operator}");
            assert_eq!(holds(operator, &[wanted], Some(no)), Truth::No, "{operator}");
        }
    }

    #[test]
    fn an_absent_key_fails_unless_negated_or_if_exists() {
        assert_eq!(holds("StringEquals", &["a"], None), Truth::No);
        assert_eq!(holds("StringEqualsIfExists", &["a"], None), Truth::Yes);
        assert_eq!(holds("StringNotEquals", &["a"], None), Truth::Yes);
        assert_eq!(holds("Null", &["true"], None), Truth::Yes);
        assert_eq!(holds("Null", &["true"], Some("x")), Truth::No);
        assert_eq!(holds("Null", &["false"], Some("x")), Truth::Yes);
    }

    #[test]
    fn values_are_alternatives_and_a_negation_excludes_all() {
        assert_eq!(holds("StringEquals", &["a", "b"], Some("b")), Truth::Yes);
        assert_eq!(holds("StringNotEquals", &["a", "b"], Some("b")), Truth::No);
    }

    #[test]
    fn what_cannot_be_decided_is_unknown() {
        for (operator, wanted, found) in [
            ("ForAllValues:StringEquals", "a", "a"),
            ("Invented", "a", "a"),
            ("NumericLessThan", "many", "1"),
            ("NumericLessThan", "NaN", "1"),
            ("IpAddress", "10.0.0.0/40", "10.0.0.1"),
            ("StringEquals", "${aws:username}", "a"),
            ("Bool", "yes", "true"),
        ] {
            assert_eq!(holds(operator, &[wanted], Some(found)), Truth::Unknown, "{operator}");
        }
    }
}
