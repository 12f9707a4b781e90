//! The isolation of the command, and who chooses it.

pub(super) mod choice;

use std::path::{Path, PathBuf};

use audex_core::isolation::Level;
use audex_core::toml_place::location;
use audex_endpoint::connect_proxy::AllowedHost;
use serde::Deserialize;

use self::choice::{hide, hosts, keep, optional_level, rooted};
use super::SettingsError;

pub use self::choice::{Agents, Hide, Keep};
pub(crate) use self::choice::{own_path, parse_host, parse_level};

/// The choices of the command line, of the user's `[isolate]`, or of both together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// Families and paths that the command does not see.
    #[serde(deserialize_with = "hide")]
    pub hide: Vec<Hide>,
    /// `ssh-agent`.
    #[serde(deserialize_with = "keep")]
    pub keep: Vec<Keep>,
    /// Paths that it sees although a table hides them.
    #[serde(deserialize_with = "rooted")]
    pub show: Vec<PathBuf>,
    /// Paths that it can read under `strict`.
    #[serde(deserialize_with = "rooted")]
    pub read: Vec<PathBuf>,
    /// Paths that it can write: under `strict`, and among those that are read-only otherwise.
    #[serde(deserialize_with = "rooted")]
    pub write: Vec<PathBuf>,
    /// `HOST[:PORT]`: hosts that it can reach under `strict`.
    #[serde(deserialize_with = "hosts")]
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
    /// No choice: the default level.
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
    (user, own, user_at): (Option<Level>, Choices, &Path),
    (organisation, at): (OrganisationIsolateTable, &Path),
) -> Result<IsolationSettings, SettingsError> {
    let asked = flags.level.or(user);
    if let (Some(asked), Some(minimum)) = (asked, organisation.minimum)
        && asked < minimum
    {
        let place = || location(user_at, &["run", "isolate"]);
        return Err(SettingsError::Isolation {
            asker: match flags.level {
                Some(_) => flags.asker.to_owned(),
                None => place().unwrap_or_else(|| user_at.display().to_string()),
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
        let user = (user, Choices::default(), user_at);
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
        let host = parse_host("x").unwrap();
        let given = Choices { allow_hosts: vec![host], ..given };
        let refused = needs(&given, Level::Credentials).unwrap().to_string();
        assert!(refused.contains("--allow-host needs --isolate strict"), "{refused}");
        assert!(needs(&given, Level::Strict).is_none());
        assert!(needs(&Choices::default(), Level::Off).is_none());
    }
}
