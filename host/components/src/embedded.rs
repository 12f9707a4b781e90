//! The built-in components, compiled when the program was built.

use super::compiled::{self, Pages};
use super::component::{Loaded, Phase, PluginError};
use super::engine::Engine;
use super::manifest::{Manifest, ManifestError};
use audex_core::source::Source;

/// One built-in component.
pub struct Embedded {
    /// The component's name.
    pub name: &'static str,
    /// `true` if the component is the provider of that name.
    pub provides: bool,
    /// The SHA-256 of the component.
    pub digest: &'static str,
    /// The size of the component in bytes; the program contains only its machine code.
    pub bytes: usize,
    /// The text of the component's manifest.
    manifest: &'static str,
    imports: &'static [&'static str],
    exports: &'static [&'static str],
    /// The component's machine code.
    compiled: &'static Pages<[u8]>,
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

impl Embedded {
    /// Returns the component's manifest.
    ///
    /// # Errors
    /// Never, if the program was built completely.
    pub fn manifest(&self) -> Result<Manifest, ManifestError> {
        let names = |all: &[&str]| all.iter().map(|&name| name.to_owned()).collect();
        Manifest::parse(self.manifest, names(self.imports), names(self.exports))
    }

    /// Loads the component so that it can be called. All its requested capabilities are granted: it is part
    /// of the program.
    ///
    /// # Errors
    /// When the machine lacks a CPU feature that the machine code needs.
    pub fn load(&self, engine: &Engine) -> Result<Loaded, PluginError> {
        let failed = |reason: String| PluginError {
            plugin: self.name.to_owned(),
            digest: self.digest.to_owned(),
            phase: Phase::Load,
            reason,
        };
        let manifest = self.manifest().map_err(|error| failed(error.to_string()))?;
        let component = compiled::load_in_place(engine, self.compiled)
            .map_err(|error| failed(error.root_cause().to_string()))?;
        Ok(Loaded {
            name: self.name.to_owned(),
            digest: self.digest.to_owned(),
            world: manifest.world,
            source: Source::BuiltIn,
            requested: manifest.requested.iter().cloned().collect(),
            capabilities: manifest.requested.into_iter().collect(),
            component,
        })
    }
}

/// Returns the built-in component called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Embedded> {
    COMPONENTS.iter().find(|component| component.name == name)
}

/// Returns the names of the built-in providers.
pub fn providers() -> impl Iterator<Item = &'static str> {
    COMPONENTS.iter().filter(|component| component.provides).map(|component| component.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::World;

    #[test]
    fn the_list_of_the_build_says_what_the_components_say() {
        for component in COMPONENTS {
            let manifest = component.manifest().unwrap();
            assert_eq!(manifest.name, component.name);
            assert_eq!(manifest.world == World::Provider, component.provides, "{}", component.name);
        }
    }
}
