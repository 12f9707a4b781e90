//! Installs a component: everything is checked and tried before anything is written.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use wasmtime::component::Component;

use super::{Installed, Previous, Store, StoreError, io, lock};
use crate::signature::{Signature, Signer};
use crate::source::Fetched;
use audex_components::backend::Backend;
use audex_components::cache::Cache;
use audex_components::capability::Capability;
use audex_components::component::{Loaded, Phase, PluginError};
use audex_components::engine::Engine;
use audex_components::filter::Filter;
use audex_components::intent::Intent;
use audex_components::manifest::{Manifest, World};
use audex_components::mapping::Mapping;
use audex_components::provider::{Description, Provider};
use audex_components::{compiled, compiler, embedded, encode};
use audex_core::clock;
use audex_core::digest::sha256;
use audex_core::private_file;
use audex_core::source::Source;

/// A component that could be installed.
pub struct Plan {
    /// The bytes of the component.
    pub wasm: Vec<u8>,
    /// SHA-256 of the component.
    pub digest: String,
    /// The component's manifest.
    pub manifest: Manifest,
    /// The file from which the component was made, as it is distributed. Signatures are of this file.
    pub(super) file: Vec<u8>,
    pub(super) signature: Option<Signature>,
    /// The signer and the text of the signature, once they were checked.
    pub(super) signed: Option<(Signer, String)>,
    /// The place from which the file was fetched.
    pub origin: String,
    /// The redirects from there, each address that was requested.
    pub(super) led_to: Vec<String>,
    /// True if an older version may replace a newer one.
    pub(super) downgrade: bool,
    pub(super) is_local: bool,
    /// The machine code, once it was needed: compiling is most of the cost of installing.
    compiled: OnceLock<Vec<u8>>,
}

impl Plan {
    /// Reads a fetched file: a component, or a core module that the SDK built.
    ///
    /// # Errors
    /// When the file is not a component for this host.
    pub fn new(fetched: Fetched) -> Result<Self, StoreError> {
        let Fetched { bytes: file, signature, origin, led_to, is_local } = fetched;
        let path = || Path::new(&origin).to_path_buf();
        let unfit = |reason: String| StoreError::Unfit { path: path(), reason };
        let wrong = |source| StoreError::Manifest { path: path(), source };
        // The manifest is read before encoding: a module for another contract would fail there with an
        // unreadable message.
        Manifest::read(&file).map_err(wrong)?;
        let wasm = encode::component(file.clone()).map_err(unfit)?;
        let manifest = Manifest::read(&wasm).map_err(wrong)?;
        manifest.check_imports().map_err(wrong)?;
        manifest.check_reach().map_err(unfit)?;
        if let Some(capability) = manifest.requested.iter().find(|asked| asked.is_built_in_only()) {
            let (name, capability) = (manifest.name, capability.clone());
            return Err(StoreError::BuiltInOnly { name, capability });
        }
        let (digest, compiled) = (sha256(&wasm), OnceLock::new());
        Ok(Self {
            digest,
            wasm,
            manifest,
            file,
            signature,
            signed: None,
            origin,
            led_to,
            downgrade: false,
            is_local,
            compiled,
        })
    }

    /// Returns the component, ready to be called and with access to nothing.
    ///
    /// # Errors
    /// When the component does not compile.
    pub fn loaded(&self, engine: &Engine) -> Result<Loaded, StoreError> {
        let component = self.component(engine)?;
        Ok(Loaded {
            name: self.manifest.name.clone(),
            digest: self.digest.clone(),
            world: self.manifest.world,
            source: Source::Installed,
            requested: self.manifest.requested.iter().cloned().collect(),
            // A component that is tried reaches nothing.
            capabilities: BTreeSet::new(),
            component,
        })
    }

    /// Returns a provider's own description, or `None` for the other kinds.
    ///
    /// # Errors
    /// When the component cannot be linked, fails, or gives a description that the host does not accept.
    pub fn description(&self, engine: &Engine) -> Result<Option<Description>, StoreError> {
        if self.manifest.world != World::Provider {
            return Ok(None);
        }
        let backend = Backend::default();
        Ok(Some(Provider::new(engine, self.loaded(engine)?, backend)?.describe()?))
    }

    /// Loads the machine code of the component.
    ///
    /// # Errors
    /// When the component does not compile.
    pub fn component(&self, engine: &Engine) -> Result<Component, PluginError> {
        compiled::deserialize(engine, self.machine_code(engine)?)
            .map_err(|error| failed(self, Phase::Load, error.root_cause().to_string()))
    }

    /// Returns the machine code of the component, which is compiled once.
    ///
    /// # Errors
    /// When the component does not compile.
    pub fn machine_code(&self, engine: &Engine) -> Result<&[u8], PluginError> {
        if let Some(compiled) = self.compiled.get() {
            return Ok(compiled);
        }
        let compiled = compiler::compile(engine, &self.wasm)
            .map_err(|error| failed(self, Phase::Load, error.root_cause().to_string()))?;
        Ok(self.compiled.get_or_init(|| compiled))
    }
}

impl Store {
    /// Installs `plan`, which [`Store::trust`] has checked, with exactly the capabilities `granted`. Replaces
    /// a component of the same name.
    ///
    /// # Errors
    /// When the component requests more, was granted a capability that it does not request, clashes with
    /// another one, or fails when tried.
    pub fn install(
        &mut self,
        engine: &Engine,
        plan: &Plan,
        granted: BTreeSet<Capability>,
    ) -> Result<Installed, StoreError> {
        let Manifest { name, requested, world, .. } = &plan.manifest;
        let missing: Vec<_> =
            requested.iter().filter(|asked| !granted.contains(asked)).cloned().collect();
        if !missing.is_empty() {
            return Err(StoreError::NotGranted { name: name.clone(), missing });
        }
        if let Some(capability) = granted.iter().find(|given| !requested.contains(given)) {
            return Err(StoreError::NotRequested {
                name: name.clone(),
                capability: capability.clone(),
            });
        }
        self.check_free(&plan.manifest, None)?;
        let provides = try_out(engine, plan)?;
        self.check_free(&plan.manifest, provides.as_ref())?;
        // The component is compiled now, so that the first run pays nothing, and before others are kept
        // waiting.
        Cache::open(&self.cache)?.keep(engine, &plan.digest, plan.machine_code(engine)?);
        let _alone = self.change()?;
        // Security: the installed component may have changed since `plan` was checked.
        self.check_replacing(plan)?;
        self.check_free(&plan.manifest, provides.as_ref())?;
        let installed = Installed {
            name: name.clone(),
            digest: plan.digest.clone(),
            world: *world,
            provides,
            granted,
            unknown: BTreeSet::new(),
            origin: plan.origin.clone(),
            version: plan.manifest.version.clone(),
            signer: plan.signed.as_ref().map(|(signer, _)| signer.clone()),
            module: (plan.signed.is_some() && plan.file != plan.wasm).then(|| sha256(&plan.file)),
            enabled: true,
            previous: None,
        };
        self.write(plan, installed)
    }

    /// Checks that neither the name nor the provider id belongs to another component.
    fn check_free(&self, manifest: &Manifest, provides: Option<&String>) -> Result<(), StoreError> {
        let Manifest { name, world, .. } = manifest;
        // A component of another kind does not replace this one: a filter would disappear silently.
        let other_kind = |other: &Installed| other.name == *name && other.world != *world;
        if embedded::find(name).is_some() || self.installed.iter().any(other_kind) {
            return Err(StoreError::Taken { name: name.clone() });
        }
        let Some(id) = provides else { return Ok(()) };
        let same_id =
            |other: &Installed| other.name != *name && other.provides.as_ref() == Some(id);
        if embedded::find(id).is_some() || self.installed.iter().any(same_id) {
            return Err(StoreError::Taken { name: id.clone() });
        }
        let others = self.installed.iter().filter(|other| other.name != *name);
        let others = others.filter_map(|other| other.provides.as_deref());
        match embedded::providers()
            .map(|id: &str| id)
            .chain(others)
            .find(|other| share_variables(id, other))
        {
            Some(other) => Err(StoreError::Alike { id: id.clone(), other: other.to_owned() }),
            None => Ok(()),
        }
    }

    /// Writes the file first, then the lock. A crash between the two leaves a file that no entry names.
    fn write(&mut self, plan: &Plan, mut installed: Installed) -> Result<Installed, StoreError> {
        let path = self.file(&installed.digest);
        private_file::replace(&path, &plan.wasm).map_err(io("write", &path))?;
        // The signed file is kept with its signature, so that the signature can be checked again.
        if let Some((signer, signature)) = &plan.signed {
            let path = self.signature_file(&installed.digest, signer);
            private_file::replace(&path, signature.as_bytes()).map_err(io("write", &path))?;
        }
        if installed.module.is_some() {
            let path = self.module_file(&installed.digest);
            private_file::replace(&path, &plan.file).map_err(io("write", &path))?;
        }
        let old = self.installed.iter().position(|other| other.name == installed.name);
        let old = old.map(|position| self.installed.remove(position));
        let mut gone = None;
        if let Some(old) = old {
            // An update does not turn on a filter that was turned off.
            installed.enabled = old.enabled;
            if old.digest == installed.digest {
                installed.previous = old.previous;
            } else {
                gone = old
                    .previous
                    .map(|previous| previous.digest)
                    .filter(|gone| *gone != installed.digest);
                installed.previous = Some(Previous {
                    version: old.version,
                    digest: old.digest,
                    granted: old.granted,
                    unknown: old.unknown,
                    origin: old.origin,
                    signer: old.signer,
                    module: old.module,
                });
            }
        }
        self.installed.push(installed.clone());
        self.installed.sort_by(|left, right| left.name.cmp(&right.name));
        lock::write(&self.directory, &self.installed)?;
        if let Some(gone) = gone {
            self.forget(&gone);
        }
        Ok(installed)
    }
}

/// Returns true if one of two ids begins with the other: `AUDEX_ACME_PROD_KEY_ID` could be a setting of
/// `acme` and of `acme-prod`.
fn share_variables(one: &str, other: &str) -> bool {
    let begins = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.starts_with('-'))
    };
    begins(one, other) || begins(other, one)
}

fn failed(plan: &Plan, phase: Phase, reason: String) -> PluginError {
    PluginError { plugin: plan.manifest.name.clone(), digest: plan.digest.clone(), phase, reason }
}

/// Links the component and asks a provider for its id. A component that cannot be linked is never installed.
fn try_out(engine: &Engine, plan: &Plan) -> Result<Option<String>, StoreError> {
    let loaded = plan.loaded(engine)?;
    match plan.manifest.world {
        World::Filter => Filter::new(engine, loaded, "{}".to_owned()).map(|_| None),
        World::Mapping => Mapping::new(engine, loaded, clock::unix_seconds())
            .and_then(|mapping| mapping.rows())
            .map(|_| None),
        World::Provider => {
            return Ok(plan.description(engine)?.map(|description| description.id));
        }
        World::Intent => {
            let backend = Backend::default();
            Intent::new(engine, loaded, &backend, std::collections::BTreeMap::new()).map(|_| None)
        }
    }
    .map_err(Into::into)
}
