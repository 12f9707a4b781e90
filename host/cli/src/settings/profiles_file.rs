//! `profiles.toml`: the user's own profiles.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::config_file::{duration, limits};
use super::deny_list::{self, DenyEntry};
use super::{SettingsError, source};
use audex_core::printable::is_hidden;
use audex_gateway::decide::Limit;

/// A profile of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomProfile {
    /// The purpose of the profile.
    pub description: String,
    /// The profile's own actions; may be empty only if it extends others.
    pub actions: Vec<String>,
    /// The resources of its own actions; empty means every resource.
    pub resources: Vec<String>,
    /// The provider of the profile, if one is named.
    pub provider: Option<String>,
    /// The ttl of runs without the ttl option.
    pub ttl: Option<Duration>,
    /// The patterns that the profile denies to the whole request.
    pub deny: Vec<DenyEntry>,
    /// How often the gateway lets a session use actions.
    pub limits: Vec<Limit>,
    /// The profiles whose permissions are included, each on that profile's own resources.
    pub extends: Vec<String>,
    /// The place of the profile, `FILE:LINE`.
    pub source: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ProfilesFile {
    profiles: BTreeMap<String, Spanned<Written>>,
}

/// A profile as written in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    description: String,
    /// `allow`, as the option is called, means the same.
    #[serde(default, alias = "allow", deserialize_with = "names")]
    actions: Vec<String>,
    #[serde(default, deserialize_with = "resources")]
    resources: Vec<String>,
    provider: Option<String>,
    #[serde(default, deserialize_with = "duration")]
    ttl: Option<Duration>,
    #[serde(default)]
    deny: Vec<Spanned<String>>,
    #[serde(default, deserialize_with = "limits")]
    limits: Vec<Limit>,
    #[serde(default, deserialize_with = "names")]
    extends: Vec<String>,
}

/// Returns the profiles of the file at `path`, or none if there is no file.
///
/// # Errors
/// When the file cannot be read or is malformed.
pub fn read(path: &Path) -> Result<BTreeMap<String, CustomProfile>, SettingsError> {
    match source::text(path)? {
        Some(text) => parse(path, &text),
        None => Ok(BTreeMap::new()),
    }
}

/// Returns the profiles of `text`, which was read from `path`.
///
/// # Errors
/// When the text is malformed.
pub fn parse(path: &Path, text: &str) -> Result<BTreeMap<String, CustomProfile>, SettingsError> {
    let file: ProfilesFile = toml::from_str(text)
        .map_err(|error| source::invalid(path, text, error.span(), error.message()))?;
    let mut profiles = BTreeMap::new();
    for (name, written) in file.profiles {
        let span = written.span();
        let Written { description, actions, resources, provider, ttl, deny, limits, extends } =
            written.into_inner();
        if actions.is_empty() && extends.is_empty() {
            let message = format!("profile `{name}` has neither `actions` nor `extends`");
            return Err(source::invalid(path, text, Some(span), &message));
        }
        if actions.is_empty() && !resources.is_empty() {
            // Such resources would limit nothing, and look as if they did.
            let message =
                format!("profile `{name}` has `resources` and no `actions` of its own to limit");
            return Err(source::invalid(path, text, Some(span), &message));
        }
        let deny = deny.into_iter().map(|entry| deny_list::entry(path, text, entry));
        let profile = CustomProfile {
            description,
            actions,
            resources,
            provider,
            ttl,
            deny: deny.collect::<Result<_, _>>()?,
            limits,
            extends,
            source: format!("{}:{}", path.display(), source::line(text, span.start)),
        };
        profiles.insert(name, profile);
    }
    Ok(profiles)
}

/// Returns the items of a comma-separated list.
#[must_use]
pub fn split_list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// Reads a list of resources.
///
/// Security: an empty resource is an error, because an empty list means every resource.
fn resources<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom("`resources` is empty: name at least one resource"));
    }
    if list.iter().any(|resource| resource.trim().is_empty()) {
        return Err(D::Error::custom("`resources` has an empty entry"));
    }
    if let Some(resource) = list.iter().find(|resource| resource.contains(is_hidden)) {
        let shown = resource.escape_debug();
        return Err(D::Error::custom(format!("`resources` has a hidden character: `{shown}`")));
    }
    Ok(list)
}

/// Reads a list, or one text separated by commas. A list that is present must not be empty.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        Many(Vec<String>),
    }
    let list = match Names::deserialize(deserializer)? {
        Names::One(text) => split_list(&text),
        Names::Many(list) => list.iter().flat_map(|item| split_list(item)).collect(),
    };
    if list.is_empty() {
        return Err(D::Error::custom("the list names nothing"));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::config_file::parse_ttl;

    fn read_text(text: &str) -> Result<BTreeMap<String, CustomProfile>, String> {
        parse(Path::new("profiles.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_profile_is_read_with_the_lines_of_what_it_says() {
        let text = "\n[profiles.a]\nextends = \"b, c\"\nactions = [\"s3:GetObject\"]\nttl = \"5m\"\ndeny = [\n \"iam:*\"]\n";
        let profile = &read_text(text).unwrap()["a"];
        assert_eq!(profile.extends, ["b", "c"]);
        assert_eq!(profile.ttl, parse_ttl("5m").ok());
        assert_eq!(
            (profile.source.as_str(), profile.deny[0].source.as_str()),
            ("profiles.toml:2", "profiles.toml:7")
        );
    }

    #[test]
    fn what_grants_nothing_or_limits_nothing_is_an_error_with_its_line() {
        for (text, line) in [
            ("[profiles.a]\ndescription = \"x\"\n", 1),
            ("[profiles.a]\nactions = \"\"\n", 2),
            ("[profiles.a]\nactions = \"s3:GetObject\"\nresources = []\n", 3),
            ("\n[profiles.a]\nextends = \"b\"\nresources = [\"arn\"]\n", 2),
            ("[profiles.a]\nactions = \"s3:GetObject\"\nresources = [\"\"]\n", 3),
            ("[profiles.a]\nactions = \"s3:GetObject\"\ndeny = [\"s3\"]\n", 3),
            ("[profiles.a]\nactions = \"s3:GetObject\"\nttl = \"soon\"\n", 3),
            ("[profiles.a]\nactions = \"s3:GetObject\"\nextend = \"b\"\n", 3),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(error.starts_with(&format!("profiles.toml:{line}: ")), "{text}: {error}");
        }
    }
}
