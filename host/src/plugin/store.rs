//! Installed components: files named by their digest, and the lock that says what they may do.
//!
//! Security: everything is keyed by content. A file whose digest is not the lock's is refused, whatever its name.

mod install;
mod lock;
mod manage;
mod trust;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::capability::{Capability, effective};
use super::compiled::{Cache, CacheError};
use super::component::{Loaded, Phase, PluginError, Source};
use super::engine::Engine;
use super::manifest::{Manifest, ManifestError, World};
use super::rules::{Required, RuleError, Rules};
use super::signature::Signer;
use super::source::SourceError;
use crate::private_file;
use crate::settings::paths::Paths;

pub use install::Plan as InstallPlan;
pub use lock::parse as parse_lock;
pub use manage::Verified;
pub use trust::Trust;

/// How kept signatures are called, behind the digest.
const SIGNATURES: [&str; 2] = ["minisig", "sigstore.json"];

/// What is installed.
pub struct Store {
    directory: PathBuf,
    cache: PathBuf,
    rules: Rules,
    installed: Vec<Installed>,
}

/// One installed component.
#[derive(Clone, Debug)]
pub struct Installed {
    /// Its name, unique.
    pub name: String,
    /// SHA-256 of the component, lower-case hex.
    pub digest: String,
    /// What it exports.
    pub world: World,
    /// The provider id, for providers.
    pub provides: Option<String>,
    /// What the user granted to this digest.
    pub granted: BTreeSet<Capability>,
    /// Where it was installed from.
    pub origin: String,
    /// Its own version.
    pub version: String,
    /// Whose signature it has; a later one of this name must have it too.
    pub signer: Option<Signer>,
    /// SHA-256 of the core module that the signature is of, where the component was made of one.
    pub module: Option<String>,
    /// Whether it takes part.
    pub enabled: bool,
    /// What it replaced.
    pub previous: Option<Previous>,
}

/// The component that another of the same name replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its own version.
    pub version: String,
    /// SHA-256 of the component, lower-case hex.
    pub digest: String,
    /// What the user granted to this digest.
    pub granted: BTreeSet<Capability>,
    /// Where it was installed from.
    pub origin: String,
    /// Whose signature it has.
    pub signer: Option<Signer>,
    /// SHA-256 of the core module that the signature is of, where the component was made of one.
    pub module: Option<String>,
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
    /// No component has this name.
    #[error("no component called `{name}` is installed")]
    NotInstalled {
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
    /// It is below what the organisation lets components reach.
    #[error("your organisation does not let components have `{capability}`, which `{name}` asks for")]
    AboveCeiling {
        /// The component.
        name: String,
        /// What it asks for.
        capability: Capability,
    },
    /// It is not what it should be.
    #[error("`{name}` is not trusted: {reason}")]
    Untrusted {
        /// The component.
        name: String,
        /// Why.
        reason: String,
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

impl Store {
    /// Reads the lock.
    ///
    /// # Errors
    /// When it is there and cannot be read, or lies where others may write.
    pub fn open(paths: &Paths, rules: &Rules) -> Result<Self, StoreError> {
        match private_file::check_directory(&paths.plugins) {
            // Whatever stands in the way of looking stands in the way of reading too.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other.map_err(io("use", &paths.plugins))?,
        }
        let installed = lock::read(&paths.plugins.join(lock::FILE))?;
        let (directory, cache) = (paths.plugins.clone(), paths.cache.clone());
        Ok(Self { directory, cache, rules: rules.clone(), installed })
    }

    /// Every filter that the organisation requires is there and takes part.
    ///
    /// # Errors
    /// Names the first that does not.
    pub fn check_required(&self) -> Result<(), StoreError> {
        for required in &self.rules.required_filters {
            let Required { name, digest } = required;
            let rule = match self.installed.iter().find(|one| one.name == *name && one.world == World::Filter)
            {
                None => RuleError::Missing(name.clone()),
                Some(found) if !found.enabled => RuleError::Disabled(name.clone()),
                Some(found) => match digest {
                    Some(wanted) if *wanted != found.digest => RuleError::Other {
                        name: name.clone(),
                        wanted: wanted.clone(),
                        found: found.digest.clone(),
                    },
                    _ => continue,
                },
            };
            return Err(StoreError::Rule { name: name.clone(), rule });
        }
        Ok(())
    }

    /// What is installed, by name.
    #[must_use]
    pub fn installed(&self) -> &[Installed] {
        &self.installed
    }

    /// Makes an installed component ready to be called.
    ///
    /// # Errors
    /// When its file is missing, changed, or does not compile.
    pub fn load(&self, engine: &Engine, installed: &Installed) -> Result<Loaded, StoreError> {
        self.check_rules(&installed.name, &installed.origin, installed.signer.as_ref())?;
        let (wasm, manifest) = self.read(installed)?;
        let cache = Cache::open(&self.cache)?;
        let component = cache
            .load(engine, &installed.digest, &wasm)
            .map_err(|error| failed(installed, error.root_cause().to_string()))?;
        Ok(Loaded {
            name: installed.name.clone(),
            digest: installed.digest.clone(),
            world: installed.world,
            track: manifest.contract,
            source: Source::Installed,
            capabilities: self.rules.within(effective(&manifest.requested, &installed.granted)),
            component,
        })
    }

    /// The component's bytes and manifest, verified.
    ///
    /// # Errors
    /// When its file is missing or changed.
    pub fn read(&self, installed: &Installed) -> Result<(Vec<u8>, Manifest), StoreError> {
        let path = self.file(&installed.digest);
        let at_path = |reason: String| failed(installed, format!("`{}`: {reason}", path.display()));
        let wasm = std::fs::read(&path).map_err(|error| at_path(error.to_string()))?;
        if digest(&wasm) != installed.digest {
            let reason = format!("`{}` is not the file that was installed", path.display());
            return Err(failed(installed, reason).into());
        }
        let manifest = Manifest::read(&wasm).map_err(|error| at_path(error.to_string()))?;
        if (manifest.name.as_str(), manifest.world) != (installed.name.as_str(), installed.world) {
            let reason =
                format!("the lock calls the {} `{}` a {}", manifest.world, manifest.name, installed.world);
            return Err(failed(installed, reason).into());
        }
        Ok((wasm, manifest))
    }

    /// Forgets the component `name` and deletes its files.
    ///
    /// # Errors
    /// When there is none, or the lock cannot be written.
    pub fn remove(&mut self, name: &str) -> Result<Installed, StoreError> {
        let missing = || StoreError::NotInstalled { name: name.to_owned() };
        if !self.directory.exists() {
            return Err(missing());
        }
        let _alone = self.change()?;
        let position =
            self.installed.iter().position(|installed| installed.name == name).ok_or_else(missing)?;
        let removed = self.installed.remove(position);
        lock::write(&self.directory, &self.installed)?;
        self.forget(&removed.digest);
        if let Some(previous) = &removed.previous {
            self.forget(&previous.digest);
        }
        Ok(removed)
    }

    /// Deletes what there is of a component that nothing names any more.
    fn forget(&self, digest: &str) {
        let _ = std::fs::remove_file(self.file(digest));
        for extension in SIGNATURES {
            let _ = std::fs::remove_file(self.directory.join(format!("{digest}.{extension}")));
        }
        let _ = std::fs::remove_file(self.module_file(digest));
        if let Ok(cache) = Cache::open(&self.cache) {
            cache.forget(digest);
        }
    }

    fn check_rules(&self, name: &str, origin: &str, signer: Option<&Signer>) -> Result<(), StoreError> {
        let broken = |rule| StoreError::Rule { name: name.to_owned(), rule };
        self.rules.check(origin, signer).map_err(broken)
    }

    /// Keeps other processes from changing what is installed while the answer lives, and reads what they have changed.
    ///
    /// Security: without it the last of two that write at once wins, and a lost filter is a permission given back.
    fn change(&mut self) -> Result<File, StoreError> {
        private_file::create_directory(&self.directory).map_err(io("use", &self.directory))?;
        let directory = File::open(&self.directory).map_err(io("open", &self.directory))?;
        private_file::lock(&directory).map_err(io("lock", &self.directory))?;
        self.installed = lock::read(&self.directory.join(lock::FILE))?;
        Ok(directory)
    }

    fn signature_file(&self, digest: &str, signer: &Signer) -> PathBuf {
        self.directory.join(format!("{digest}.{}", signer.extension()))
    }

    /// The module that the component of this digest was made of, where a signature is of that one.
    fn module_file(&self, digest: &str) -> PathBuf {
        self.directory.join(format!("{digest}.module"))
    }

    /// Where the component of this digest is, if it is installed.
    #[must_use]
    pub fn file(&self, digest: &str) -> PathBuf {
        self.directory.join(format!("{digest}.wasm"))
    }
}

/// SHA-256 in lower-case hex.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn failed(installed: &Installed, reason: String) -> PluginError {
    PluginError {
        plugin: installed.name.clone(),
        digest: installed.digest.clone(),
        phase: Phase::Load,
        reason,
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::Io { action, path, source }
}

fn list(capabilities: &[Capability]) -> String {
    capabilities.iter().map(|capability| format!("`{capability}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
