//! Why installed components cannot be used or changed.

use std::path::PathBuf;

use super::distrust::Distrust;
use crate::plugin::capability::Capability;
use crate::plugin::compiled::CacheError;
use crate::plugin::component::PluginError;
use crate::plugin::embedded;
use crate::plugin::manifest::ManifestError;
use crate::plugin::rules::RuleError;
use crate::plugin::source::SourceError;
use crate::profile::nearest;

/// Where an organisation says that it requires a filter, and where the filter may come from.
#[derive(Debug)]
pub struct RequiredAt {
    /// The organisation's file, `PATH:LINE`.
    pub place: String,
    /// Where components may come from; empty where that is not said.
    pub sources: Vec<String>,
}

/// Why installed components cannot be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file cannot be read or written.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The lock cannot be read.
    #[error("{}: {message}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What is wrong, one line.
        message: String,
    },
    /// There is the lock's key, and no lock.
    ///
    /// Security: what was in it may have been a filter, and a filter that is missing denies.
    #[error("`{}` is gone, and with it whatever is installed, filters too", .0.display())]
    LockGone(PathBuf),
    /// What should be a team's lock is none.
    #[error("`{}` is no plugins.lock of tryaudex; nothing was installed: {message}", path.display())]
    NoLock {
        /// The file.
        path: PathBuf,
        /// Why not.
        message: String,
    },
    /// What a team's lock names is something else by now.
    #[error(
        "{} wants sha256:{wanted} of `{name}`, and {origin} is sha256:{found}; nothing was installed",
        lock.display()
    )]
    Changed {
        /// The team's lock.
        lock: PathBuf,
        /// The component.
        name: String,
        /// Its digest, by the lock.
        wanted: String,
        /// Where it was fetched from.
        origin: String,
        /// The digest of what is there.
        found: String,
    },
    /// The file is no component for this host.
    #[error("`{}` cannot be installed", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ManifestError,
    },
    /// The file is no component for this host, in other words than the manifest's.
    #[error("`{}` cannot be installed: {reason}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It asks for more than is granted.
    #[error("`{name}` asks for {}", list(missing))]
    NotGranted {
        /// The component.
        name: String,
        /// What it asks for and was not granted.
        missing: Vec<Capability>,
    },
    /// It asks for what only built-in components hold.
    #[error("`{name}` asks for `{capability}`, which only built-in components may hold")]
    BuiltInOnly {
        /// The component.
        name: String,
        /// What it asks for.
        capability: Capability,
    },
    /// Something was granted that it does not ask for.
    #[error("`{name}` does not ask for `{capability}`")]
    NotRequested {
        /// The component.
        name: String,
        /// What was granted for nothing.
        capability: Capability,
    },
    /// Another component has this name or provider id.
    #[error("`{name}` is taken by another component")]
    Taken {
        /// The name or id.
        name: String,
    },
    /// Its settings could come from another provider's variables, or the other way round.
    #[error("the provider ids `{id}` and `{other}` begin alike: their settings could share variables")]
    Alike {
        /// The id that is new.
        id: String,
        /// The one there is.
        other: String,
    },
    /// No component has this name.
    #[error("no component called `{name}` is installed{meant}")]
    NotInstalled {
        /// The name.
        name: String,
        /// What was probably meant, in words.
        meant: String,
    },
    /// A built-in component has this name.
    #[error("`{name}` is built in: it cannot be turned off, removed or updated")]
    BuiltIn {
        /// The name.
        name: String,
    },
    /// There is nothing to go back to.
    #[error("`{name}` has replaced nothing")]
    NoPrevious {
        /// The component.
        name: String,
    },
    /// The organisation does not allow it.
    #[error("`{name}`: {rule}")]
    Rule {
        /// The component.
        name: String,
        /// What it breaks.
        rule: RuleError,
    },
    /// The organisation requires it, and it is not there as it must be.
    #[error("`{name}`: {rule} ({})", at.place)]
    NotThere {
        /// The filter.
        name: String,
        /// What is wrong with it.
        rule: RuleError,
        /// Where that is said.
        at: Box<RequiredAt>,
    },
    /// The organisation requires it, so the user cannot do without it.
    #[error("`{name}` cannot be {undone}: your organisation requires it ({place})")]
    Required {
        /// The filter.
        name: String,
        /// What was to be done to it, as a participle.
        undone: &'static str,
        /// The organisation's file, `PATH:LINE`.
        place: String,
    },
    /// It is below what the organisation lets components reach.
    #[error("your organisation does not let components have `{capability}`, which `{name}` asks for")]
    AboveCeiling {
        /// The component.
        name: String,
        /// What it asks for.
        capability: Capability,
    },
    /// It is not what its author made, for all that is known.
    #[error("`{name}` is not trusted: {reason}")]
    Untrusted {
        /// The component.
        name: String,
        /// Why.
        reason: Distrust,
    },
    /// The signature that was kept does not hold any more.
    #[error("the signature of `{name}` does not hold: {reason}")]
    Signature {
        /// The component.
        name: String,
        /// Why.
        reason: String,
    },
    /// The organisation lets only a newer one replace it.
    #[error("`{name}`: {rule}")]
    Replaced {
        /// The component.
        name: String,
        /// What that would break.
        rule: RuleError,
    },
    /// An older one in place of a newer.
    #[error("`{name}` {installed} is installed, and {offered} is older")]
    Downgrade {
        /// The component.
        name: String,
        /// The installed version.
        installed: String,
        /// The other.
        offered: String,
    },
    /// Perhaps an older one in place of a newer.
    #[error("`{name}` {installed} is installed, and whether {offered} is older cannot be told")]
    Incomparable {
        /// The component.
        name: String,
        /// The installed version.
        installed: String,
        /// The other.
        offered: String,
    },
    /// It could not be fetched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The component fails.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl StoreError {
    /// What it is that no component of this name can be changed.
    #[must_use]
    pub fn missing<'a>(name: &str, installed: impl Iterator<Item = &'a str>) -> Self {
        let name = name.to_owned();
        if embedded::find(&name).is_some() {
            return Self::BuiltIn { name };
        }
        let meant = nearest(&name, installed).map(|meant| format!("; did you mean `{meant}`?"));
        Self::NotInstalled { name, meant: meant.unwrap_or_default() }
    }
}

fn list(capabilities: &[Capability]) -> String {
    capabilities.iter().map(|capability| format!("`{capability}`")).collect::<Vec<_>>().join(", ")
}
