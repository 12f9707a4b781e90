//! Installed components: files named by their digest, and the lock that says what they may do.
//!
//! Security: everything is keyed by content. A file whose digest is not the lock's is refused, whatever its name.

mod distrust;
mod error;
mod install;
mod lock;
mod manage;
mod trust;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::capability::{Capability, effective};
use super::compiled::Cache;
use super::component::{Loaded, Phase, PluginError, Source};
use super::engine::Engine;
use super::manifest::{Manifest, World};
use super::rules::{RuleError, Rules};
use super::signature::Signer;
use crate::private_file;
use crate::settings::paths::Paths;
use crate::settings::source;

pub use distrust::Distrust;
pub use error::{RequiredAt, StoreError};
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
    /// Where the organisation says which filters it requires, `PATH:LINE`.
    required_at: String,
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
    /// What was granted to it by a version that knew more: nothing is called that holds any of it.
    pub unknown: BTreeSet<String>,
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
    /// What was granted to it by a version that knew more: nothing is called that holds any of it.
    pub unknown: BTreeSet<String>,
    /// Where it was installed from.
    pub origin: String,
    /// Whose signature it has.
    pub signer: Option<Signer>,
    /// SHA-256 of the core module that the signature is of, where the component was made of one.
    pub module: Option<String>,
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
        let file = paths.organisation.join("config.toml");
        let required_at = source::place(&file, &["plugins", "required_filters"]);
        let required_at = match required_at.trim_end_matches([':', ' ']) {
            "" => file.display().to_string(),
            place => place.to_owned(),
        };
        Ok(Self { directory, cache, rules: rules.clone(), required_at, installed })
    }

    /// Refuses to let the user do without a filter that the organisation requires.
    fn check_undone(&self, name: &str, undone: &'static str) -> Result<(), StoreError> {
        let is_filter = self.installed.iter().any(|one| one.name == name && one.world == World::Filter);
        if !is_filter || self.rules.required(name).is_none() {
            return Ok(());
        }
        Err(StoreError::Required { name: name.to_owned(), undone, place: self.required_at.clone() })
    }

    /// Every filter that the organisation requires is there and takes part.
    ///
    /// # Errors
    /// Names the first that does not.
    pub fn check_required(&self) -> Result<(), StoreError> {
        for required in &self.rules.required_filters {
            let name = &required.name;
            let found = self.installed.iter().find(|one| one.name == *name && one.world == World::Filter);
            let outcome = match found {
                None => Err(RuleError::Missing(name.clone())),
                Some(found) if !found.enabled => Err(RuleError::Disabled(name.clone())),
                Some(found) => required.check(&found.version, &found.digest),
            };
            outcome.map_err(|rule| StoreError::NotThere {
                name: name.clone(),
                rule,
                at: Box::new(RequiredAt {
                    place: self.required_at.clone(),
                    sources: self.rules.sources.iter().flatten().map(ToString::to_string).collect(),
                }),
            })?;
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
    /// Security: where the organisation says who signs, the lock is not believed that it was so: the signature is looked at again.
    ///
    /// # Errors
    /// When its file is missing, changed, not signed as it must be, or does not compile.
    pub fn load(&self, engine: &Engine, installed: &Installed) -> Result<Loaded, StoreError> {
        self.check_rules(&installed.name, &installed.origin, installed.signer.as_ref())?;
        let (wasm, manifest) = self.read(installed)?;
        if let Some(signer) = installed.signer.as_ref().filter(|_| self.rules.wants_signatures()) {
            let untrue = |reason| StoreError::Signature { name: installed.name.clone(), reason };
            self.check_signature(installed, signer, &wasm).map_err(untrue)?;
        }
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
        // Of what it was allowed, nothing can be told; it would be another component without it.
        if let Some(unknown) = installed.unknown.first() {
            let reason = format!(
                "it was granted `{unknown}`, which this version lets no component have: update or remove it"
            );
            return Err(failed(installed, reason).into());
        }
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
        // The least version of a required filter is compared with what the lock says.
        if manifest.version != installed.version {
            let reason = format!("the lock calls version {} of it {}", manifest.version, installed.version);
            return Err(failed(installed, reason).into());
        }
        Ok((wasm, manifest))
    }

    /// What it is that there is no component `name` to be changed.
    #[must_use]
    pub fn missing(&self, name: &str) -> StoreError {
        StoreError::missing(name, self.installed.iter().map(|installed| installed.name.as_str()))
    }

    /// Forgets the component `name` and deletes its files.
    ///
    /// # Errors
    /// When there is none, or the lock cannot be written.
    pub fn remove(&mut self, name: &str) -> Result<Installed, StoreError> {
        let missing = self.missing(name);
        if !self.directory.exists() {
            return Err(missing);
        }
        let _alone = self.change()?;
        self.check_undone(name, "removed")?;
        let position = self.installed.iter().position(|installed| installed.name == name).ok_or(missing)?;
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
        self.installed = lock::read_alone(&self.directory.join(lock::FILE))?;
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

#[cfg(test)]
mod tests;
