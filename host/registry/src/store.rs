//! Installed components: files named by their digest, and the lock with the grants of each.
//!
//! Security: everything is keyed by content. A file whose digest is not the lock's is rejected, whatever its
//! name.

mod distrust;
mod error;
mod install;
mod lock;
mod manage;
mod trust;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::rules::{RuleError, Rules};
use super::signature::Signer;
use audex_components::cache::Cache;
use audex_components::capability::{Capability, effective};
use audex_components::component::{Loaded, Phase, PluginError};
use audex_components::engine::Engine;
use audex_components::manifest::{Manifest, World};
use audex_core::digest::sha256;
use audex_core::paths::Paths;
use audex_core::private_file;
use audex_core::source::Source;
use audex_core::toml_place::location;

pub use distrust::Distrust;
pub use error::{RequiredAt, StoreError};
pub use install::Plan as InstallPlan;
pub use lock::parse as parse_lock;
pub use manage::Verified;
pub use trust::Trust;

/// The extensions of kept signatures, after the digest.
const SIGNATURES: [&str; 2] = ["minisig", "sigstore.json"];

/// The store of installed components.
pub struct Store {
    directory: PathBuf,
    cache: PathBuf,
    rules: Rules,
    /// The organisation's settings file.
    organisation: PathBuf,
    installed: Vec<Installed>,
}

/// An installed component.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The component's name, which is unique.
    pub name: String,
    /// SHA-256 of the component, lower-case hex.
    pub digest: String,
    /// The world that the component exports.
    pub world: World,
    /// The provider id, for providers.
    pub provides: Option<String>,
    /// The capabilities that the user granted to this digest.
    pub granted: BTreeSet<Capability>,
    /// Grants by a version of this program that knew more. A component with such a grant is not called.
    pub unknown: BTreeSet<String>,
    /// The place from which the component was installed.
    pub origin: String,
    /// The component's own version.
    pub version: String,
    /// The signer. A later component of this name must have the same signer.
    pub signer: Option<Signer>,
    /// SHA-256 of the core module that was signed, if the component was made from one.
    pub module: Option<String>,
    /// True if the component takes part in runs.
    pub enabled: bool,
    /// The component that this one replaced.
    pub previous: Option<Previous>,
}

/// The component that another of the same name replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// The component's own version.
    pub version: String,
    /// SHA-256 of the component, lower-case hex.
    pub digest: String,
    /// The capabilities that the user granted to this digest.
    pub granted: BTreeSet<Capability>,
    /// Grants by a version of this program that knew more. A component with such a grant is not called.
    pub unknown: BTreeSet<String>,
    /// The place from which the component was installed.
    pub origin: String,
    /// The signer.
    pub signer: Option<Signer>,
    /// SHA-256 of the core module that was signed, if the component was made from one.
    pub module: Option<String>,
}

impl Store {
    /// Opens the store and reads the lock.
    ///
    /// # Errors
    /// When the lock exists and cannot be read, or its directory can be written by others.
    pub fn open(paths: &Paths, rules: &Rules) -> Result<Self, StoreError> {
        match private_file::check_directory(&paths.plugins) {
            // If the directory only seems to be missing, reading the lock fails as well.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other.map_err(io("use", &paths.plugins))?,
        }
        let installed = lock::read(&paths.plugins.join(lock::FILE))?;
        let (directory, cache) = (paths.plugins.clone(), paths.cache.clone());
        let organisation = paths.organisation.join("config.toml");
        Ok(Self { directory, cache, rules: rules.clone(), organisation, installed })
    }

    /// Returns the place where the organisation requires filters. Reads the file, so it is for errors only.
    fn required_at(&self) -> String {
        location(&self.organisation, &["plugins", "required_filters"])
            .unwrap_or_else(|| self.organisation.display().to_string())
    }

    /// Refuses to let the user do without a filter that the organisation requires.
    fn check_undone(&self, name: &str, undone: &'static str) -> Result<(), StoreError> {
        let is_filter =
            self.installed.iter().any(|one| one.name == name && one.world == World::Filter);
        if !is_filter || self.rules.required(name).is_none() {
            return Ok(());
        }
        Err(StoreError::Required { name: name.to_owned(), undone, place: self.required_at() })
    }

    /// Checks that every filter that the organisation requires is installed and takes part.
    ///
    /// # Errors
    /// The rule that is broken by the first filter that does not.
    pub fn check_required(&self) -> Result<(), StoreError> {
        for required in &self.rules.required_filters {
            let name = &required.name;
            let found =
                self.installed.iter().find(|one| one.name == *name && one.world == World::Filter);
            let outcome = match found {
                None => Err(RuleError::Missing(name.clone())),
                Some(found) if !found.enabled => Err(RuleError::Disabled(name.clone())),
                Some(found) => required.check(&found.version, &found.digest),
            };
            outcome.map_err(|rule| StoreError::NotThere {
                name: name.clone(),
                rule,
                at: Box::new(RequiredAt {
                    place: self.required_at(),
                    sources: self.rules.sources.iter().flatten().map(ToString::to_string).collect(),
                }),
            })?;
        }
        Ok(())
    }

    /// Returns the installed components, by name.
    #[must_use]
    pub fn installed(&self) -> &[Installed] {
        &self.installed
    }

    /// Loads an installed component, ready to be called.
    ///
    /// Security: if the organisation restricts signers, the signature is verified at every load.
    ///
    /// # Errors
    /// When the file is missing, changed, not signed as required, or does not compile.
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
            source: Source::Installed,
            requested: manifest.requested.iter().cloned().collect(),
            capabilities: self.rules.within(effective(&manifest.requested, &installed.granted)),
            component,
        })
    }

    /// Returns the component's bytes and manifest, verified.
    ///
    /// # Errors
    /// When the file is missing or changed.
    pub fn read(&self, installed: &Installed) -> Result<(Vec<u8>, Manifest), StoreError> {
        // This version does not know the meaning of the grant, and without the grant the component would be
        // another one.
        if let Some(unknown) = installed.unknown.first() {
            let reason = format!(
                "it was granted `{unknown}`, which this version lets no component have: update or remove it"
            );
            return Err(failed(installed, reason).into());
        }
        let path = self.file(&installed.digest);
        let at_path = |reason: String| failed(installed, format!("`{}`: {reason}", path.display()));
        let wasm = std::fs::read(&path).map_err(|error| at_path(error.to_string()))?;
        if sha256(&wasm) != installed.digest {
            let reason = format!("`{}` is not the file that was installed", path.display());
            return Err(failed(installed, reason).into());
        }
        let manifest = Manifest::read(&wasm).map_err(|error| at_path(error.to_string()))?;
        if (manifest.name.as_str(), manifest.world) != (installed.name.as_str(), installed.world) {
            let reason = format!(
                "the lock calls the {} `{}` a {}",
                manifest.world, manifest.name, installed.world
            );
            return Err(failed(installed, reason).into());
        }
        // The lowest version of a required filter is compared with the version in the lock.
        if manifest.version != installed.version {
            let reason =
                format!("the lock calls version {} of it {}", manifest.version, installed.version);
            return Err(failed(installed, reason).into());
        }
        Ok((wasm, manifest))
    }

    /// Returns the error for a component that is built in or not installed.
    #[must_use]
    pub fn missing(&self, name: &str) -> StoreError {
        StoreError::missing(name, self.installed.iter().map(|installed| installed.name.as_str()))
    }

    /// Removes the component `name` and deletes its files.
    ///
    /// # Errors
    /// When there is no such component, or the lock cannot be written.
    pub fn remove(&mut self, name: &str) -> Result<Installed, StoreError> {
        let missing = self.missing(name);
        if !self.directory.exists() {
            return Err(missing);
        }
        let _alone = self.change()?;
        self.check_undone(name, "removed")?;
        let position =
            self.installed.iter().position(|installed| installed.name == name).ok_or(missing)?;
        let removed = self.installed.remove(position);
        lock::write(&self.directory, &self.installed)?;
        self.forget(&removed.digest);
        if let Some(previous) = &removed.previous {
            self.forget(&previous.digest);
        }
        Ok(removed)
    }

    /// Deletes the files of a component that no entry names any more.
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

    fn check_rules(
        &self,
        name: &str,
        origin: &str,
        signer: Option<&Signer>,
    ) -> Result<(), StoreError> {
        let broken = |rule| StoreError::Rule { name: name.to_owned(), rule };
        self.rules.check(origin, signer).map_err(broken)
    }

    /// Keeps other processes from changing the store while the returned file is open, and reads their
    /// changes.
    ///
    /// Security: without this lock the last of two simultaneous writers wins, and a lost filter gives a
    /// permission back.
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

    /// Returns the path of the module from which the component of this digest was made. The module is kept if
    /// the signature is of the module.
    fn module_file(&self, digest: &str) -> PathBuf {
        self.directory.join(format!("{digest}.module"))
    }

    /// Returns the path of the component of this digest, if it is installed.
    #[must_use]
    pub fn file(&self, digest: &str) -> PathBuf {
        self.directory.join(format!("{digest}.wasm"))
    }
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
