//! `profiles.toml`: the user's own profiles.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::{SettingsError, source};

/// One profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct CustomProfile {
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Actions, as a list or comma-separated.
    #[serde(deserialize_with = "actions")]
    pub actions: Vec<String>,
    /// Resources; empty means every resource.
    #[serde(default, deserialize_with = "resources")]
    pub resources: Vec<String>,
    /// The provider it is for, if only one.
    pub provider: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ProfilesFile {
    profiles: BTreeMap<String, CustomProfile>,
}

/// The profiles of the file at `path`; none if there is no such file.
///
/// # Errors
/// When it cannot be read or is malformed.
pub fn read(path: &Path) -> Result<BTreeMap<String, CustomProfile>, SettingsError> {
    Ok(source::read::<ProfilesFile>(path)?.unwrap_or_default().profiles)
}

/// The items of a comma-separated list.
#[must_use]
pub fn split_list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// Security: an empty resource is an error, for an empty list means every resource.
fn resources<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    if list.iter().any(|resource| resource.trim().is_empty()) {
        return Err(serde::de::Error::custom("`resources` has an empty entry"));
    }
    Ok(list)
}

fn actions<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Actions {
        One(String),
        Many(Vec<String>),
    }
    let list = match Actions::deserialize(deserializer)? {
        Actions::One(text) => split_list(&text),
        Actions::Many(list) => list.iter().flat_map(|item| split_list(item)).collect(),
    };
    if list.is_empty() {
        return Err(serde::de::Error::custom("`actions` names no action"));
    }
    Ok(list)
}
