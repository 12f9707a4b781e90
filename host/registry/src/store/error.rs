//! The error of the store of installed components.

use std::borrow::Cow;
use std::path::PathBuf;

use super::distrust::Distrust;
use crate::rules::RuleError;
use crate::source::SourceError;
use audex_components::cache::CacheError;
use audex_components::capability::Capability;
use audex_components::component::PluginError;
use audex_components::embedded;
use audex_components::manifest::ManifestError;
use audex_core::hint::Hint;
use audex_sdk::spelling;

/// The organisation's requirement of a filter: its place, and the allowed sources.
#[derive(Debug)]
pub struct RequiredAt {
    /// The organisation's file, `PATH:LINE`.
    pub place: String,
    /// The sources from which components may come; empty where the organisation names none.
    pub sources: Vec<String>,
}

/// The error for installed components that cannot be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file cannot be read or written.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// The action, as a verb.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The lock cannot be read.
    #[error("{}: {message}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// The problem, in one line.
        message: String,
    },
    /// The lock's key exists, and the lock does not.
    ///
    /// Security: the lock may have named a filter, and a missing filter denies.
    #[error("`{}` is gone, and with it whatever is installed, filters too", .0.display())]
    LockGone(PathBuf),
    /// A file that should be a team's lock is not one.
    #[error("`{}` is not a plugins.lock of tryaudex; nothing was installed: {message}", path.display())]
    NoLock {
        /// The file.
        path: PathBuf,
        /// The reason.
        message: String,
    },
    /// The component that a team's lock names has changed.
    #[error(
        "{} wants sha256:{wanted} of `{name}`, and {origin} is sha256:{found}; nothing was installed",
        lock.display()
    )]
    Changed {
        /// The team's lock.
        lock: PathBuf,
        /// The component.
        name: String,
        /// The digest in the lock.
        wanted: String,
        /// The place from which the component was fetched.
        origin: String,
        /// The digest of the fetched component.
        found: String,
    },
    /// The file is not a component for this host.
    #[error("`{}` cannot be installed", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: ManifestError,
    },
    /// The file is not a component for this host, for a reason outside the manifest.
    #[error("`{}` cannot be installed: {reason}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The component requests more than is granted.
    #[error("`{name}` asks for {}", list(missing))]
    NotGranted {
        /// The component.
        name: String,
        /// The requested capabilities that were not granted.
        missing: Vec<Capability>,
    },
    /// The component requests a capability that only built-in components may hold.
    #[error("`{name}` asks for `{capability}`, which only built-in components may hold")]
    BuiltInOnly {
        /// The component.
        name: String,
        /// The requested capability.
        capability: Capability,
    },
    /// A capability was granted that the component does not request.
    #[error("`{name}` does not ask for `{capability}`")]
    NotRequested {
        /// The component.
        name: String,
        /// The granted capability.
        capability: Capability,
    },
    /// Another component has this name or provider id.
    #[error("`{name}` is taken by another component")]
    Taken {
        /// The name or id.
        name: String,
    },
    /// The settings of two providers could come from the same variables.
    #[error(
        "the provider ids `{id}` and `{other}` begin alike: their settings could share variables"
    )]
    Alike {
        /// The new id.
        id: String,
        /// The existing id.
        other: String,
    },
    /// No component has this name.
    #[error("no component called `{name}` is installed{meant}")]
    NotInstalled {
        /// The name.
        name: String,
        /// The name that was probably meant, in words.
        meant: String,
    },
    /// A built-in component has this name.
    #[error("`{name}` is built in: it cannot be turned off, removed or updated")]
    BuiltIn {
        /// The name.
        name: String,
    },
    /// The component has not replaced another one.
    #[error("`{name}` has replaced nothing")]
    NoPrevious {
        /// The component.
        name: String,
    },
    /// The organisation does not allow the component.
    #[error("`{name}`: {rule}")]
    Rule {
        /// The component.
        name: String,
        /// The rule that the component breaks.
        rule: RuleError,
    },
    /// A filter that the organisation requires is not installed as it must be.
    #[error("`{name}`: {rule} ({})", at.place)]
    NotThere {
        /// The filter.
        name: String,
        /// What is wrong with it.
        rule: RuleError,
        /// The requirement.
        at: Box<RequiredAt>,
    },
    /// A filter that the organisation requires cannot be turned off or removed.
    #[error("`{name}` cannot be {undone}: your organisation requires it ({place})")]
    Required {
        /// The filter.
        name: String,
        /// What was to be done to it, as a participle.
        undone: &'static str,
        /// The organisation's file, `PATH:LINE`.
        place: String,
    },
    /// The component requests a capability above the organisation's ceiling.
    #[error(
        "your organisation does not let components have `{capability}`, which `{name}` asks for"
    )]
    AboveCeiling {
        /// The component.
        name: String,
        /// The requested capability.
        capability: Capability,
    },
    /// The component is not trusted.
    #[error("`{name}` is not trusted: {reason}")]
    Untrusted {
        /// The component.
        name: String,
        /// The reason.
        reason: Distrust,
    },
    /// The kept signature is not valid any more.
    #[error("the signature of `{name}` does not hold: {reason}")]
    Signature {
        /// The component.
        name: String,
        /// The reason.
        reason: String,
    },
    /// The organisation does not allow this replacement of a required filter.
    #[error("`{name}`: {rule}")]
    Replaced {
        /// The component.
        name: String,
        /// The rule that the replacement would break.
        rule: RuleError,
    },
    /// The offered version is older than the installed one.
    #[error("`{name}` {installed} is installed, and {offered} is older")]
    Downgrade {
        /// The component.
        name: String,
        /// The installed version.
        installed: String,
        /// The offered version.
        offered: String,
    },
    /// The offered version may be older than the installed one.
    #[error("`{name}` {installed} is installed, and whether {offered} is older cannot be told")]
    Incomparable {
        /// The component.
        name: String,
        /// The installed version.
        installed: String,
        /// The offered version.
        offered: String,
    },
    /// The component could not be fetched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The component fails.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl Hint for StoreError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Plugin(_) => {
                "if it is installed, install it again or remove it; `tryaudex plugin test FILE` shows its author more"
            }
            Self::Signature { .. } => "install it again, or remove it",
            Self::NotGranted { .. } => {
                "grant each with --grant, if you trust the component with it"
            }
            Self::BuiltInOnly { .. } => {
                "its author can take a key of its own with `secret:NAME`, and a fixed host with `http:HOST`"
            }
            Self::NotRequested { .. } => "leave that --grant out",
            Self::Taken { .. } => "remove the other one first; built-in names cannot be taken",
            Self::Alike { .. } => "remove the other one first, or ask the author for another id",
            Self::NotInstalled { .. } | Self::BuiltIn { .. } => {
                "`tryaudex plugin list` shows what is installed"
            }
            Self::Manifest { .. } | Self::Unfit { .. } => {
                "build it with the audex SDK for wasm32-unknown-unknown"
            }
            Self::NoPrevious { .. } => {
                "`tryaudex plugin inspect` shows what a component has replaced"
            }
            Self::NotThere { name, rule: RuleError::Disabled(_), .. } => {
                return Some(format!("tryaudex plugin enable {name}").into());
            }
            Self::NotThere { at, .. } => {
                return Some(from(&at.sources).into());
            }
            Self::Required { .. } => "ask whoever owns that file",
            Self::Rule { .. } | Self::AboveCeiling { .. } | Self::Replaced { .. } => {
                "the rules stand in /etc/audex/config.toml, under [plugins]"
            }
            Self::Untrusted { reason, .. } => reason.hint(),
            Self::Downgrade { .. } | Self::Incomparable { .. } => {
                "give --allow-downgrade if you mean it, or `tryaudex plugin rollback`"
            }
            Self::Changed { .. } => {
                "the source changed since the lock was written: ask whoever wrote it"
            }
            Self::Source(SourceError::Missing(_)) => "name a `.wasm` file, https://… or oci://…",
            Self::Lock { .. } => {
                "put it back from a copy; or delete it and `plugins.key` beside it: that uninstalls every component, filters too"
            }
            Self::LockGone(_) => {
                "put it back from a copy; or delete `plugins.key` beside it, and install what you need again"
            }
            Self::NoLock { .. } => {
                "a team's lock is a copy of ~/.local/share/audex/plugins/plugins.lock"
            }
            Self::Io { .. } | Self::Cache(_) | Self::Source(_) => return None,
        };
        Some(hint.into())
    }
}

/// Returns a hint with the allowed sources of a required filter.
fn from(sources: &[String]) -> String {
    match sources {
        [] => {
            "ask your organisation where it keeps the filter, then: tryaudex plugin install SOURCE"
                .to_owned()
        }
        some => format!(
            "tryaudex plugin install SOURCE, where SOURCE is below `{}`",
            some.join("` or `")
        ),
    }
}

impl StoreError {
    /// Returns the error for a component that is built in or not installed.
    #[must_use]
    pub fn missing<'a>(name: &str, installed: impl Iterator<Item = &'a str>) -> Self {
        let name = name.to_owned();
        if embedded::find(&name).is_some() {
            return Self::BuiltIn { name };
        }
        let meant =
            spelling::likely(&name, installed).map(|meant| format!("; did you mean `{meant}`?"));
        Self::NotInstalled { name, meant: meant.unwrap_or_default() }
    }
}

fn list(capabilities: &[Capability]) -> String {
    capabilities.iter().map(|capability| format!("`{capability}`")).collect::<Vec<_>>().join(", ")
}
