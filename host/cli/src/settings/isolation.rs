//! The isolation of the command, and who chooses it.

use std::path::{Path, PathBuf};

use audex_core::isolation::Level;
use audex_core::printable::is_hidden;
use audex_core::toml_place::location;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::SettingsError;
use crate::isolation::family::Family;

/// The port of a host that is allowed without one.
const HTTPS: u16 = 443;

/// An entry of `hide`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hide {
    /// A family of files by its name.
    Family(Family),
    /// A path, as it was written.
    Path(PathBuf),
}

impl Hide {
    /// Reads the name of a family, or a path.
    ///
    /// # Errors
    /// A text with the valid names.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(family) = Family::parse(text) {
            return Ok(Self::Family(family));
        }
        if text.starts_with('/') || text.starts_with("~/") {
            return own_path(text).map(Self::Path);
        }
        let names: Vec<_> = Family::ALL.iter().map(|family| family.name()).collect();
        Err(format!("`{text}` is neither a path nor one of `{}`", names.join("`, `")))
    }
}

/// Something that is hidden and can be kept by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The socket of ssh-agent.
    SshAgent,
}

impl Keep {
    /// Returns what `name` stands for.
    ///
    /// # Errors
    /// A text with the valid names.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        match name {
            "ssh-agent" => Ok(Self::SshAgent),
            other => Err(format!("`{other}` cannot be kept: only `ssh-agent` can")),
        }
    }
}

/// A host that the command may reach under `strict`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    /// The name or the address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl AllowedHost {
    /// Reads `HOST` or `HOST:PORT`; an IPv6 address with a port is in brackets.
    ///
    /// # Errors
    /// A text with the right form.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let form = || format!("`{text}` is not of the form `HOST` or `HOST:PORT`");
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, HTTPS),
            Some((host, rest)) => {
                let port = rest.strip_prefix(':').and_then(|port| port.parse().ok());
                (host, port.ok_or_else(form)?)
            }
            // More than one colon: an IPv6 address without a port.
            None if text.matches(':').count() > 1 => (text, HTTPS),
            None => match text.split_once(':') {
                Some((host, port)) => (host, port.parse().map_err(|_| form())?),
                None => (text, HTTPS),
            },
        };
        let is_of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || port == 0 || !host.chars().all(is_of_host) {
            return Err(form());
        }
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }
}

/// The defaults for coding agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agents {
    /// A run for an agent is isolated and has a gateway, unless something else was chosen.
    #[default]
    On,
    /// A run for an agent is like every other.
    Off,
}

impl Agents {
    /// Returns the defaults called `name`.
    ///
    /// # Errors
    /// A text with the valid names.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        match name {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            other => Err(format!("`{other}` is neither `on` nor `off`")),
        }
    }
}

/// Returns the level called `name`.
///
/// # Errors
/// A text with the valid names.
pub(crate) fn parse_level(name: &str) -> Result<Level, String> {
    name.parse::<Level>().map_err(|error| error.to_string())
}

/// Returns a path that a user wrote.
///
/// # Errors
/// A text that says what is wrong.
pub(crate) fn own_path(text: &str) -> Result<PathBuf, String> {
    let is_up = |path: &Path| path.components().any(|part| part == std::path::Component::ParentDir);
    match PathBuf::from(text) {
        path if text.is_empty() || text.contains(is_hidden) || is_up(&path) => {
            Err(format!("`{}` is not a path without `..`", text.escape_debug()))
        }
        path => Ok(path),
    }
}

/// The choices of the command line, of the user's file, or of both files together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// `hide`.
    pub hide: Vec<Hide>,
    /// `keep`.
    pub keep: Vec<Keep>,
    /// `show`: paths that stay although a table hides them.
    pub show: Vec<PathBuf>,
    /// `read`.
    pub read: Vec<PathBuf>,
    /// `write`.
    pub write: Vec<PathBuf>,
    /// `allow_hosts`.
    pub allow_hosts: Vec<AllowedHost>,
}

impl Choices {
    fn and(mut self, other: Self) -> Self {
        self.hide.extend(other.hide);
        self.keep.extend(other.keep);
        self.show.extend(other.show);
        self.read.extend(other.read);
        self.write.extend(other.write);
        self.allow_hosts.extend(other.allow_hosts);
        self
    }
}

/// The command that serves other programs, which it cannot isolate.
pub(crate) const GATEWAY: &str = "`tryaudex gateway`";
/// The option that chooses a level.
const OPTION: &str = "--isolate";

/// The options of the command line.
#[derive(Clone, Debug)]
pub struct IsolationFlags {
    /// `--isolate`.
    pub level: Option<Level>,
    /// The option or the command that chooses the level.
    pub asker: &'static str,
    /// `--hide`, `--keep`, `--read`, `--write` and `--allow-host`.
    pub choices: Choices,
}

impl Default for IsolationFlags {
    fn default() -> Self {
        Self { level: None, asker: OPTION, choices: Choices::default() }
    }
}

/// The user's `[isolate]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IsolateTable {
    /// Families and paths that the command does not see.
    #[serde(deserialize_with = "hide")]
    pub hide: Vec<Hide>,
    /// `ssh-agent`.
    #[serde(deserialize_with = "keep")]
    pub keep: Vec<Keep>,
    /// Paths that it sees although they would be hidden.
    #[serde(deserialize_with = "rooted")]
    pub show: Vec<PathBuf>,
    /// What it can read under `strict`.
    #[serde(deserialize_with = "rooted")]
    pub read: Vec<PathBuf>,
    /// Where it can write: under `strict`, and in what is read-only otherwise.
    #[serde(deserialize_with = "rooted")]
    pub write: Vec<PathBuf>,
    /// `HOST[:PORT]`: hosts that it can reach under `strict`.
    #[serde(deserialize_with = "hosts")]
    pub allow_hosts: Vec<AllowedHost>,
}

/// The organisation's `[isolate]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganisationIsolateTable {
    /// The least isolation of every run.
    #[serde(deserialize_with = "optional_level")]
    pub minimum: Option<Level>,
    /// Families and paths that no command sees.
    #[serde(deserialize_with = "hide")]
    pub hide: Vec<Hide>,
}

/// The origin of a level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ChosenBy {
    /// Nobody: the default.
    #[default]
    Default,
    /// The default for this agent.
    Agent(String),
    /// An option or the user's file.
    User,
    /// The organisation's file.
    Organisation(PathBuf),
}

/// The resolved isolation of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IsolationSettings {
    /// The level.
    pub level: Level,
    /// The origin of the level.
    pub chosen_by: ChosenBy,
    /// The organisation's minimum, and its file.
    pub minimum: Option<(Level, PathBuf)>,
    /// The choices of the user's file and of the command line.
    pub choices: Choices,
    /// What the organisation hides, whatever the user shows.
    pub organisation_hide: Vec<Hide>,
}

impl IsolationSettings {
    /// Returns true if the organisation requires a level, and `level` is one that meets it.
    #[must_use]
    pub(crate) fn minimum_of(&self, level: Level) -> bool {
        self.minimum.as_ref().is_some_and(|(least, _)| Level::Off < *least && *least <= level)
    }

    /// Returns the subject and the verb of a sentence about the organisation's minimum, with its `PATH:LINE`, if there is one. Reads
    /// the file, so it is for errors only.
    #[must_use]
    pub(crate) fn requirement(&self) -> Option<String> {
        let (level, at) = self.minimum.as_ref()?;
        Some(format!("your organisation ({}) requires the isolation `{level}`", minimum_at(at)))
    }
}

/// Returns the isolation of a run: the option, then the user's file, then the default, which is `credentials` for an agent. The
/// organisation's minimum raises what nobody chose.
///
/// # Errors
/// When an option or the user's file asks for less than the organisation's minimum, or for what only `strict` has.
pub(super) fn isolation(
    flags: IsolationFlags,
    agent: Option<String>,
    (user, table, user_at): (Option<Level>, IsolateTable, &Path),
    (organisation, at): (OrganisationIsolateTable, &Path),
) -> Result<IsolationSettings, SettingsError> {
    let asked = flags.level.or(user);
    if let (Some(asked), Some(minimum)) = (asked, organisation.minimum)
        && asked < minimum
    {
        let own = || location(user_at, &["run", "isolate"]);
        return Err(SettingsError::Isolation {
            asker: match flags.level {
                Some(_) => flags.asker.to_owned(),
                None => own().unwrap_or_else(|| user_at.display().to_string()),
            },
            is_flag: flags.level.is_some(),
            asked: asked.name(),
            minimum: minimum.name(),
            at: minimum_at(at),
        });
    }
    let (level, chosen_by) = match (asked, agent) {
        (Some(level), _) => (level, ChosenBy::User),
        (None, Some(agent)) => (Level::Credentials, ChosenBy::Agent(agent)),
        (None, None) => (Level::Off, ChosenBy::Default),
    };
    let (level, chosen_by) = match organisation.minimum {
        Some(minimum) if minimum > level => (minimum, ChosenBy::Organisation(at.to_owned())),
        _ => (level, chosen_by),
    };
    if let Some(option) = needs(&flags.choices, level) {
        return Err(option);
    }
    let IsolateTable { hide, keep, show, read, write, allow_hosts } = table;
    let own = Choices { hide, keep, show, read, write, allow_hosts };
    Ok(IsolationSettings {
        level,
        chosen_by,
        minimum: organisation.minimum.map(|minimum| (minimum, at.to_owned())),
        choices: own.and(flags.choices),
        organisation_hide: organisation.hide,
    })
}

/// Returns the error for an option that has no effect at `level`.
fn needs(options: &Choices, level: Level) -> Option<SettingsError> {
    let strict =
        [("--allow-host", !options.allow_hosts.is_empty()), ("--read", !options.read.is_empty())];
    let any = [
        ("--hide", !options.hide.is_empty()),
        ("--keep", !options.keep.is_empty()),
        ("--write", !options.write.is_empty()),
    ];
    let missing = |options: &[(&'static str, bool)]| {
        options.iter().find(|(_, is_given)| *is_given).map(|(option, _)| *option)
    };
    let (option, needed) = match level {
        Level::Strict => return None,
        Level::Credentials => (missing(&strict)?, Level::Strict),
        Level::Off => match missing(&strict) {
            Some(option) => (option, Level::Strict),
            None => (missing(&any)?, Level::Credentials),
        },
    };
    Some(SettingsError::IsolationOption { option, needed: needed.name(), level: level.name() })
}

fn minimum_at(file: &Path) -> String {
    location(file, &["isolate", "minimum"]).unwrap_or_else(|| file.display().to_string())
}

fn listed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    list.iter().map(|text| parse(text)).collect::<Result<_, _>>().map_err(D::Error::custom)
}

fn hide<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Hide>, D::Error> {
    listed(deserializer, Hide::parse)
}

fn keep<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Keep>, D::Error> {
    listed(deserializer, Keep::parse)
}

fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AllowedHost>, D::Error> {
    listed(deserializer, AllowedHost::parse)
}

/// Reads paths of a file, which has no working directory of its own.
fn rooted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    listed(deserializer, |text| {
        if text.starts_with('/') || text.starts_with("~/") {
            return own_path(text);
        }
        Err(format!("`{text}` begins neither with `/` nor with `~/`"))
    })
}

/// Reads a level, for a field that need not be there.
pub(super) fn optional_level<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Level>, D::Error> {
    parse_level(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

/// Reads `on` or `off`.
pub(super) fn agents<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Agents, D::Error> {
    Agents::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(
        flag: Option<Level>,
        user: Option<Level>,
        agent: Option<&str>,
        minimum: Option<Level>,
    ) -> Option<Level> {
        let (user_at, at) = (Path::new("/u/config.toml"), Path::new("/o/config.toml"));
        let flags = IsolationFlags { level: flag, ..IsolationFlags::default() };
        let theirs = OrganisationIsolateTable { minimum, hide: Vec::new() };
        let user = (user, IsolateTable::default(), user_at);
        isolation(flags, agent.map(str::to_owned), user, (theirs, at)).ok().map(|one| one.level)
    }

    #[test]
    fn the_option_wins_over_the_file_and_both_over_the_default_of_an_agent() {
        use Level::{Credentials, Off, Strict};
        for (flag, user, agent, minimum, expected) in [
            (None, None, None, None, Some(Off)),
            (None, None, Some("x"), None, Some(Credentials)),
            (None, Some(Off), Some("x"), None, Some(Off)),
            (Some(Strict), Some(Off), Some("x"), None, Some(Strict)),
            (Some(Off), Some(Strict), None, None, Some(Off)),
            (None, None, None, Some(Strict), Some(Strict)),
            (None, None, Some("x"), Some(Strict), Some(Strict)),
            (Some(Strict), None, None, Some(Credentials), Some(Strict)),
            (Some(Off), None, None, Some(Credentials), None),
            (None, Some(Credentials), None, Some(Strict), None),
            (None, Some(Off), None, Some(Off), Some(Off)),
        ] {
            let level = resolved(flag, user, agent, minimum);
            assert_eq!(level, expected, "{flag:?} {user:?} {agent:?} {minimum:?}");
        }
    }

    #[test]
    fn an_option_without_effect_is_an_error() {
        let given = Choices { write: vec![PathBuf::from("/x")], ..Choices::default() };
        assert!(needs(&given, Level::Off).is_some() && needs(&given, Level::Credentials).is_none());
        let host = AllowedHost::parse("x").unwrap();
        let given = Choices { allow_hosts: vec![host], ..given };
        let refused = needs(&given, Level::Credentials).unwrap().to_string();
        assert!(refused.contains("--allow-host is for the isolation `strict`"), "{refused}");
        assert!(needs(&given, Level::Strict).is_none());
        assert!(needs(&Choices::default(), Level::Off).is_none());
    }

    #[test]
    fn a_host_has_a_port_and_nothing_else() {
        for (text, host, port) in [
            ("Example.com", "example.com", 443),
            ("example.com:8443", "example.com", 8443),
            ("10.0.0.1:80", "10.0.0.1", 80),
            ("[fd00::1]:80", "fd00::1", 80),
            ("fd00::1", "fd00::1", 443),
        ] {
            let expected = AllowedHost { host: host.to_owned(), port };
            assert_eq!(AllowedHost::parse(text), Ok(expected), "{text}");
        }
        for wrong in ["", ":80", "a:b", "a:0", "a:70000", "https://a", "a/b", "a b", "*", "[::1]80"]
        {
            assert!(AllowedHost::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hidden_are_families_and_paths_and_nothing_else() {
        assert_eq!(Hide::parse("ssh"), Ok(Hide::Family(Family::Ssh)));
        assert_eq!(Hide::parse("~/x"), Ok(Hide::Path(PathBuf::from("~/x"))));
        for wrong in ["", "aws", "x/y", "/a/../b", "~b"] {
            assert!(Hide::parse(wrong).is_err(), "{wrong}");
        }
    }
}
