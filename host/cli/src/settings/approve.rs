//! `[approve]`: who answers when a session asks for one thing more. It is read once, before the command starts.

use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use audex_core::address;
use audex_core::toml_place::location;

use super::config_file::parse_ttl;
use super::deny_list::{DenyEntry, is_pattern};
use crate::asks::Access;

/// The name of the table.
const TABLE: &str = "approve";
/// The time for which a request waits for an answer: SDKs give up after 60 s. Source: botocore, `read_timeout`.
const WAIT: Duration = Duration::from_secs(50);
/// The longest such time: the cloud refuses a signature that is older than five minutes. Source: IAM User Guide,
/// "Signature Version 4", requests must arrive within five minutes of their time stamp.
const LONGEST_WAIT: Duration = Duration::from_mins(4);

/// What becomes of a request that the gateway refuses for want of a permission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDenied {
    /// It is refused.
    #[default]
    Refuse,
    /// It is refused, and the session asks: a later attempt can succeed.
    Ask,
    /// The session asks, and the request waits for the answer.
    Wait,
}

impl OnDenied {
    const ALL: [Self; 3] = [Self::Refuse, Self::Ask, Self::Wait];

    /// Returns the word for it in options and settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Ask => "ask",
            Self::Wait => "wait",
        }
    }

    /// Returns the one called `name`.
    ///
    /// # Errors
    /// A text with the valid names.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|one| one.name() == name);
        known.ok_or_else(|| format!("`{name}` is none of `refuse`, `ask`, `wait`"))
    }
}

/// The user's `[approve]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApproveTable {
    /// Patterns of actions that are granted without a person.
    #[serde(deserialize_with = "patterns")]
    pub allow: Vec<String>,
    /// `read` and `list`: the access levels that are granted without a person.
    #[serde(deserialize_with = "harmless_levels")]
    pub allow_access: Vec<Access>,
    /// Patterns of actions for which a person must answer, whatever else says.
    #[serde(deserialize_with = "patterns")]
    pub person: Vec<String>,
    /// The access levels for which a person must answer, whatever else says.
    #[serde(deserialize_with = "levels")]
    pub person_access: Option<Vec<Access>>,
    /// Patterns of actions that no ask gets.
    #[serde(deserialize_with = "patterns")]
    pub never: Vec<String>,
    /// The time for which a request waits for an answer.
    #[serde(deserialize_with = "wait")]
    pub wait: Option<Duration>,
    /// The server that is asked.
    pub webhook: Option<Webhook>,
}

/// The organisation's `[approve]`, which only narrows.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganisationApproveTable {
    /// Patterns of actions for which a person must answer.
    #[serde(deserialize_with = "patterns")]
    pub person: Vec<String>,
    /// The access levels for which a person must answer.
    #[serde(deserialize_with = "levels")]
    pub person_access: Option<Vec<Access>>,
    /// Patterns of actions that no ask gets.
    #[serde(deserialize_with = "patterns")]
    pub never: Vec<String>,
    /// The server that is asked, in place of the user's. Nobody else answers then.
    pub webhook: Option<Webhook>,
}

/// A server that is asked, and answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The address: https, or a loopback address.
    #[serde(deserialize_with = "url")]
    pub url: Url,
    /// The name in `[secrets]` of the key that signs questions and answers.
    pub secret: String,
}

/// Who answers the asks of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApproveSettings {
    /// What becomes of a request that the gateway refuses.
    pub on_denied: OnDenied,
    /// The time for which such a request waits for an answer.
    pub wait: Duration,
    /// Patterns that are granted without a person, with their place.
    pub allow: Vec<DenyEntry>,
    /// The access levels that are granted without a person.
    pub allow_access: Vec<Access>,
    /// Patterns for which a person must answer, with their place.
    pub person: Vec<DenyEntry>,
    /// The access levels for which a person must answer.
    pub person_access: Vec<Access>,
    /// Patterns that no ask gets, with their place.
    pub never: Vec<DenyEntry>,
    /// The server that is asked.
    pub webhook: Option<Webhook>,
    /// True if only that server answers, because the organisation names it.
    pub is_webhook_only: bool,
}

impl Default for ApproveSettings {
    fn default() -> Self {
        let nowhere = Path::new("");
        approve(
            OnDenied::Refuse,
            (ApproveTable::default(), nowhere),
            (OrganisationApproveTable::default(), nowhere),
        )
    }
}

/// Merges the user's table and the organisation's: what narrows adds up.
pub(super) fn approve(
    on_denied: OnDenied,
    (user, user_at): (ApproveTable, &Path),
    (theirs, at): (OrganisationApproveTable, &Path),
) -> ApproveSettings {
    let entries = |patterns: Vec<String>, file: &Path, key: &str| {
        let source = location(file, &[TABLE, key]).unwrap_or_else(|| file.display().to_string());
        let entry = move |pattern| DenyEntry { pattern, source: source.clone() };
        patterns.into_iter().map(entry).collect::<Vec<_>>()
    };
    let both = |own: Vec<String>, theirs: Vec<String>, key| {
        [entries(theirs, at, key), entries(own, user_at, key)].concat()
    };
    let own = user.person_access;
    let changing = || vec![Access::Tagging, Access::Write, Access::Permissions];
    let mut person_access = own.unwrap_or_else(changing);
    person_access.extend(theirs.person_access.unwrap_or_default());
    let is_webhook_only = theirs.webhook.is_some();
    ApproveSettings {
        on_denied,
        wait: user.wait.unwrap_or(WAIT),
        allow: entries(user.allow, user_at, "allow"),
        allow_access: user.allow_access,
        person: both(user.person, theirs.person, "person"),
        person_access,
        never: both(user.never, theirs.never, "never"),
        webhook: theirs.webhook.or(user.webhook),
        is_webhook_only,
    }
}

fn patterns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let patterns = Vec::<String>::deserialize(deserializer)?;
    match patterns.iter().find(|pattern| !is_pattern(pattern)) {
        Some(other) => Err(D::Error::custom(format!("`{other}` is not an action pattern"))),
        None => Ok(patterns),
    }
}

fn level(name: &str) -> Result<Access, String> {
    Access::parse(name).ok_or_else(|| {
        format!("`{name}` is none of `list`, `read`, `tagging`, `write`, `permissions`")
    })
}

fn levels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Access>>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let levels: Result<_, _> = names.iter().map(|name| level(name)).collect();
    levels.map(Some).map_err(D::Error::custom)
}

fn harmless_levels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Access>, D::Error> {
    let levels = levels(deserializer)?.unwrap_or_default();
    match levels.iter().find(|level| !matches!(level, Access::Read | Access::List)) {
        Some(other) => Err(D::Error::custom(format!(
            "`{other}` needs a person: only `read` and `list` are granted without one"
        ))),
        None => Ok(levels),
    }
}

fn wait<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let wait = parse_ttl(&String::deserialize(deserializer)?).map_err(D::Error::custom)?;
    if wait > LONGEST_WAIT {
        let most = LONGEST_WAIT.as_secs() / 60;
        return Err(D::Error::custom(format!(
            "a request waits at most {most} minutes: the cloud takes no older signature"
        )));
    }
    Ok(Some(wait))
}

/// Security: the question names permissions and resources, and the answer decides, so plain http is for this machine only.
fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    address::parse("url", &text).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(user: &str, theirs: &str) -> ApproveSettings {
        let at = Path::new("/c.toml");
        let (user, theirs) = (toml::from_str(user).unwrap(), toml::from_str(theirs).unwrap());
        approve(OnDenied::Ask, (user, at), (theirs, at))
    }

    #[test]
    fn what_changes_something_needs_a_person_unless_the_user_says_otherwise_and_the_organisation_does_not()
     {
        use Access::{Permissions, Tagging, Write};
        assert_eq!(merged("", "").person_access, [Tagging, Write, Permissions]);
        assert_eq!(merged("person_access = []", "").person_access, []);
        let theirs = r#"person_access = ["write"]"#;
        assert_eq!(merged("person_access = []", theirs).person_access, [Write]);
    }

    #[test]
    fn the_organisations_lists_stay_and_its_webhook_replaces_the_users() {
        let own = r#"never = ["a:B"]
            webhook = { url = "http://127.0.0.1:1/", secret = "own" }"#;
        let theirs = r#"never = ["iam:*"]
            webhook = { url = "https://approve.example/ask", secret = "theirs" }"#;
        let settings = merged(own, theirs);
        let never: Vec<&str> = settings.never.iter().map(|entry| entry.pattern.as_str()).collect();
        assert_eq!(never, ["iam:*", "a:B"]);
        assert!(settings.is_webhook_only && settings.webhook.unwrap().secret == "theirs");
        assert!(!merged(own, "").is_webhook_only);
    }

    #[test]
    fn what_no_rule_may_say_is_refused() {
        for wrong in [
            r#"allow_access = ["write"]"#,
            r#"allow_access = ["Read"]"#,
            r#"allow = ["everything"]"#,
            r#"wait = "5m""#,
            r#"webhook = { url = "http://approve.example/", secret = "a" }"#,
            r#"webhook = { url = "https://u:p@approve.example/", secret = "a" }"#,
            r#"webhook = { url = "https://approve.example/" }"#,
            r#"grant = ["*:*"]"#,
        ] {
            assert!(toml::from_str::<ApproveTable>(wrong).is_err(), "{wrong}");
        }
        assert!(toml::from_str::<OrganisationApproveTable>(r#"allow = ["s3:Get*"]"#).is_err());
    }
}
