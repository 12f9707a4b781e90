//! Operations on installed components: turn off and on, roll back, verify.

use std::borrow::Cow;
use std::path::Path;

use super::{Installed, Previous, Store, StoreError, lock};
use crate::signature::Signer;
use audex_components::manifest::World;
use audex_core::digest::sha256;

/// The result of verifying one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The component's name.
    pub name: String,
    /// The problem, if there is one.
    pub wrong: Option<String>,
    /// The text about the signature.
    pub signature: &'static str,
}

impl Store {
    /// Turns the component `name` on or off.
    ///
    /// # Errors
    /// When there is no such component, the organisation requires it, or the lock cannot be written.
    pub fn enable(&mut self, name: &str, enabled: bool) -> Result<Installed, StoreError> {
        if !enabled {
            self.check_undone(name, "turned off")?;
        }
        self.alter(name, |installed| {
            installed.enabled = enabled;
            Ok(())
        })
    }

    /// Puts back the component that `name` replaced. Two calls change nothing.
    ///
    /// # Errors
    /// When there is no such component, it replaced nothing, or the lock cannot be written.
    pub fn roll_back(&mut self, name: &str) -> Result<Installed, StoreError> {
        let previous = self
            .installed
            .iter()
            .find(|one| one.name == name)
            .and_then(|one| one.previous.as_ref());
        if let Some(previous) = previous {
            self.check_required_of(name, &previous.version, &previous.digest)?;
        }
        self.alter(name, |installed| {
            let missing = || StoreError::NoPrevious { name: installed.name.clone() };
            let previous = installed.previous.take().ok_or_else(missing)?;
            installed.previous = Some(Previous {
                version: std::mem::replace(&mut installed.version, previous.version),
                digest: std::mem::replace(&mut installed.digest, previous.digest),
                granted: std::mem::replace(&mut installed.granted, previous.granted),
                unknown: std::mem::replace(&mut installed.unknown, previous.unknown),
                origin: std::mem::replace(&mut installed.origin, previous.origin),
                signer: std::mem::replace(&mut installed.signer, previous.signer),
                module: std::mem::replace(&mut installed.module, previous.module),
            });
            Ok(())
        })
    }

    fn alter(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut Installed) -> Result<(), StoreError>,
    ) -> Result<Installed, StoreError> {
        let missing = self.missing(name);
        if !self.directory.exists() {
            return Err(missing);
        }
        let _alone = self.change()?;
        let mut altered =
            self.installed.iter().find(|one| one.name == name).cloned().ok_or(missing)?;
        change(&mut altered)?;
        self.check_rules(&altered.name, &altered.origin, altered.signer.as_ref())?;
        // The file of the component must be unchanged.
        self.read(&altered)?;
        for installed in self.installed.iter_mut().filter(|one| one.name == name) {
            *installed = altered.clone();
        }
        lock::write(&self.directory, &self.installed)?;
        Ok(altered)
    }

    /// Verifies everything that is installed: digest, manifest, signature, rules.
    #[must_use]
    pub fn verify(&self) -> Vec<Verified> {
        self.installed.iter().map(|installed| self.look_through(installed)).collect()
    }

    fn look_through(&self, installed: &Installed) -> Verified {
        let found = |wrong, signature| Verified { name: installed.name.clone(), wrong, signature };
        let rules = self.check_rules(&installed.name, &installed.origin, installed.signer.as_ref());
        let wasm = match rules.and_then(|()| self.read(installed)) {
            Ok((wasm, _)) => wasm,
            Err(error) => return found(Some(error.to_string()), ""),
        };
        let Some(signer) = &installed.signer else { return found(None, "not signed (dev)") };
        match self.check_signature(installed, signer, &wasm) {
            Ok(()) => found(None, "signed"),
            Err(wrong) => found(Some(wrong), ""),
        }
    }

    /// Checks that the kept signature is still by `signer`, for the file that was signed.
    ///
    /// The lock, which has a MAC, states that the component was made from that module: another release of the
    /// encoder makes different bytes from the same module.
    pub(super) fn check_signature(
        &self,
        installed: &Installed,
        signer: &Signer,
        wasm: &[u8],
    ) -> Result<(), String> {
        let missing = |path: &Path| {
            let path = path.display().to_string();
            move |error: std::io::Error| {
                format!("its signature cannot be checked: `{path}`: {error}")
            }
        };
        let path = self.signature_file(&installed.digest, signer);
        let signature = std::fs::read_to_string(&path).map_err(missing(&path))?;
        let file = match &installed.module {
            None => Cow::Borrowed(wasm),
            Some(wanted) => {
                let path = self.module_file(&installed.digest);
                let module = std::fs::read(&path).map_err(missing(&path))?;
                if sha256(&module) != *wanted {
                    return Err(format!("`{}` is not the module it was made of", path.display()));
                }
                Cow::Owned(module)
            }
        };
        signer.check(&file, &signature, &self.rules.root()).map_err(|error| error.to_string())
    }

    /// Returns the filters that take part in every run.
    pub fn filters(&self) -> impl Iterator<Item = &Installed> {
        self.installed
            .iter()
            .filter(|installed| installed.world == World::Filter && installed.enabled)
    }
}
