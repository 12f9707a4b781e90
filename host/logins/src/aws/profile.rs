//! The profile files of the AWS CLI, read as botocore reads them: the selected profile, its identity, and its
//! settings that apply to the command. The files are read only here; the SDK receives the result.
//!
//! This module must not use the network, start a program or show a property's value that may be a key.
//! Source: botocore 1.43, `configloader.py`, `session.py` (`full_config`) and `credentials.py`.

mod canonical;
mod chain;
mod error;
pub mod ini;
mod settings;
pub mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::canonical::Canonical;
pub use self::error::{Place, ProfileError};
pub use self::ini::Value;
pub use self::settings::{EndpointSource, Settings, session_file, with_endpoints};
use audex_core::environment::{AWS_PROFILE, Environment, HOME};

/// The profile's name in the variable that AWS CLI 1 and boto3 read first and AWS CLI 2 reads second.
pub(super) const AWS_DEFAULT_PROFILE: &str = "AWS_DEFAULT_PROFILE";
/// The profile that is used if no variable names one.
const DEFAULT: &str = "default";
/// The files, each with the variable that moves it and its default path in the home directory.
const CONFIG: (&str, &str) = ("AWS_CONFIG_FILE", "~/.aws/config");
const CREDENTIALS: (&str, &str) = ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
/// The maximum size of a file of profiles. A longer file was not written by hand.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The value of a property, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Its value.
    pub value: Value,
    place: Place,
}

/// The properties of a section, by name.
pub type Properties = BTreeMap<String, Property>;

/// A profile.
#[derive(Clone, Debug)]
struct Profile {
    /// The properties of both files; those of the credentials file win.
    merged: Properties,
    in_config: Option<Properties>,
    in_credentials: Option<Properties>,
    place: Place,
}

/// The profiles of both files, and the selected one.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    by_name: BTreeMap<String, Profile>,
    sso_sessions: BTreeMap<String, Properties>,
    services: BTreeMap<String, Properties>,
    /// `None` if no variable names a profile.
    selected: Option<String>,
}

impl Profiles {
    /// Reads the files that `environment` points to, and selects the profile that `environment` names.
    ///
    /// # Errors
    /// [`ProfileError`] for a file that botocore rejects, for a missing profile, and for two variables that
    /// name different profiles.
    pub fn read(environment: &Environment) -> Result<Self, ProfileError> {
        let config = sections(environment, CONFIG)?;
        let credentials = sections(environment, CREDENTIALS)?;
        let mut profiles = Self::default();
        for section in config {
            profiles.add_config(section);
        }
        for section in credentials {
            profiles.add_credentials(section);
        }
        profiles.selected = select(environment)?;
        match &profiles.selected {
            Some(name) if !profiles.by_name.contains_key(name) => {
                Err(ProfileError::Missing { profile: name.clone() })
            }
            _ => Ok(profiles),
        }
    }

    /// Returns the name of the selected profile, if a variable names one.
    #[must_use]
    pub fn selected(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    /// Returns the names of all profiles, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Returns the properties of the profile `name`.
    #[must_use]
    pub fn properties(&self, name: &str) -> Option<&Properties> {
        self.by_name.get(name).map(|profile| &profile.merged)
    }

    /// Returns the sections of IAM Identity Center sessions, by name.
    #[must_use]
    pub fn sso_sessions(&self) -> &BTreeMap<String, Properties> {
        &self.sso_sessions
    }

    /// Returns the sections of endpoints, by name.
    #[must_use]
    pub fn services(&self) -> &BTreeMap<String, Properties> {
        &self.services
    }

    fn name(&self) -> &str {
        self.selected.as_deref().unwrap_or(DEFAULT)
    }

    fn add_config(&mut self, section: Section) {
        let named =
            || words::split(&section.name).and_then(|words| <[String; 2]>::try_from(words).ok());
        // A later section of the same name replaces an earlier one, as in botocore.
        if section.name.starts_with("profile") {
            if let Some([_, name]) = named() {
                self.by_name.insert(name, Profile::of_config(section));
            }
        } else if section.name.starts_with("sso-session") {
            if let Some([_, name]) = named() {
                self.sso_sessions.insert(name, section.properties);
            }
        } else if section.name.starts_with("services") {
            if let Some([_, name]) = named() {
                self.services.insert(name, section.properties);
            }
        } else if section.name == DEFAULT {
            self.by_name.insert(DEFAULT.to_owned(), Profile::of_config(section));
        }
    }

    fn add_credentials(&mut self, section: Section) {
        let profile = self.by_name.entry(section.name).or_insert_with(|| Profile {
            merged: Properties::new(),
            in_config: None,
            in_credentials: None,
            place: section.place,
        });
        profile.merged.extend(section.properties.clone());
        profile.in_credentials = Some(section.properties);
    }
}

impl Profile {
    fn of_config(section: Section) -> Self {
        Self {
            merged: section.properties.clone(),
            in_config: Some(section.properties),
            in_credentials: None,
            place: section.place,
        }
    }
}

/// A section with the places of its properties.
struct Section {
    name: String,
    place: Place,
    properties: Properties,
}

/// Returns the sections of one file; none if the file does not exist or cannot be opened.
fn sections(
    environment: &Environment,
    (variable, default): (&str, &str),
) -> Result<Vec<Section>, ProfileError> {
    let Some(path) = path(environment, variable, default) else { return Ok(Vec::new()) };
    let Ok(metadata) = path.metadata() else { return Ok(Vec::new()) };
    if !metadata.is_file() {
        return Ok(Vec::new());
    }
    let path: Arc<Path> = path.into();
    if metadata.len() > MAX_BYTES {
        return Err(ProfileError::Unreadable { path, reason: "it is larger than 4 MiB" });
    }
    let Ok(bytes) = std::fs::read(&path) else { return Ok(Vec::new()) };
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(ProfileError::Unreadable { path, reason: "it is not UTF-8 text" });
    };
    let place = |line| Place { file: Arc::clone(&path), line };
    let sections = ini::parse(&text).map_err(|error| ProfileError::Malformed {
        place: place(error.line),
        reason: error.reason,
    })?;
    let section = |section: ini::Section| Section {
        place: place(section.line),
        properties: section
            .entries
            .into_iter()
            .map(|entry| (entry.name, Property { value: entry.value, place: place(entry.line) }))
            .collect(),
        name: section.name,
    };
    Ok(sections.into_iter().map(section).collect())
}

/// Returns the path of a file. Fills in variables and the home directory as Python's `expandvars` and
/// `expanduser` do, but does not look up another user's home directory (`~name`).
fn path(environment: &Environment, variable: &str, default: &str) -> Option<PathBuf> {
    let named = match environment.get_os(variable).map(|value| value.to_str()) {
        Some(Some(value)) => value,
        // A value that is not text is used as a path unchanged.
        Some(None) => return environment.get_os(variable).map(PathBuf::from),
        None => default,
    };
    let named = expand(environment, named);
    match named.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let home = environment.get_os(HOME)?;
            Some(Path::new(home).join(rest.trim_start_matches('/')))
        }
        _ => Some(PathBuf::from(named)),
    }
}

/// Returns `text` with `$NAME` and `${NAME}` replaced by the variables that are set.
fn expand(environment: &Environment, text: &str) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let is_word = |character: char| character == '_' || character.is_ascii_alphanumeric();
        let (name, tail) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, tail)) => (name, tail),
            None => {
                after.split_at(after.find(|character| !is_word(character)).unwrap_or(after.len()))
            }
        };
        if let Some(value) = environment.get(name).filter(|_| !name.is_empty()) {
            expanded.push_str(value);
            rest = tail;
        } else {
            expanded.push('$');
            rest = after;
        }
    }
    expanded + rest
}

/// Returns the profile that the variables name.
///
/// Security: AWS CLI 1 prefers one of the two variables, AWS CLI 2 and the SDKs the other, so two different
/// names select no identity. Keys in the environment win over every profile.
fn select(environment: &Environment) -> Result<Option<String>, ProfileError> {
    let is_set = |name: &str| environment.get_os(name).is_some_and(|value| !value.is_empty());
    let has_keys = is_set(super::ACCESS_KEY_ID) && is_set(super::SECRET_ACCESS_KEY);
    let named =
        |variable| environment.get_os(variable).map(|value| value.to_string_lossy().into_owned());
    let is_empty = environment.iter().any(|(name, value)| name == AWS_PROFILE && value.is_empty());
    match (named(AWS_PROFILE), named(AWS_DEFAULT_PROFILE)) {
        (Some(one), Some(other)) if one != other && !has_keys => {
            Err(ProfileError::TwoProfiles { one, other })
        }
        (None, None) if is_empty && !has_keys => Err(ProfileError::EmptyName),
        (one, other) => Ok(one.or(other)),
    }
}
