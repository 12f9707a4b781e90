//! A component's manifest, with its real imports and exports; read before anything is compiled.

mod interfaces;

use std::fmt;

use super::capability::{Capability, UnknownCapability};
use super::outline::{Outline, OutlineError};

pub(crate) use interfaces::WASI;

/// The version of the contract, `audex:plugin`, that this host and the SDK speak.
pub const CONTRACT: &str = "0.1.0";

/// The kind of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// A component for one cloud.
    Provider,
    /// A table of the cloud-neutral vocabulary.
    Mapping,
    /// A policy rule.
    Filter,
    /// A translator of sentences into permissions.
    Intent,
}

impl World {
    const ALL: [Self; 4] = [Self::Provider, Self::Mapping, Self::Filter, Self::Intent];

    /// Returns the world's name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider-plugin",
            Self::Mapping => "mapping-table",
            Self::Filter => "policy-filter",
            Self::Intent => "intent-engine",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|world| world.name() == name)
    }
}

impl fmt::Display for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Provider => "provider",
            Self::Mapping => "mapping",
            Self::Filter => "filter",
            Self::Intent => "intent",
        })
    }
}

/// A component's manifest, with the imports and exports of its code.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The name, `[a-z][a-z0-9_-]*`.
    pub name: String,
    /// The component's own version.
    pub version: String,
    /// The licence that the component declares; empty if it declares none.
    pub licence: String,
    /// The SDK version that the component was built with.
    pub sdk: String,
    /// The world that the component exports.
    pub world: World,
    /// The capabilities that the component requests.
    pub requested: Vec<Capability>,
    /// The names of all imports.
    pub imports: Vec<String>,
    /// The names of all exports.
    pub exports: Vec<String>,
}

/// The error for a file that is not a usable component.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be read as a component.
    #[error(transparent)]
    Outline(#[from] OutlineError),
    /// The manifest section is missing.
    #[error("it has no audex manifest; build it with the audex SDK")]
    Missing,
    /// The manifest is malformed.
    #[error("its manifest cannot be read: {0}")]
    Malformed(String),
    /// The manifest requests an unknown capability.
    #[error("it asks for something unknown")]
    Capability(#[from] UnknownCapability),
    /// The component is for another version of the contract.
    #[error("it was built for audex:plugin {built_for}, this host offers {CONTRACT}")]
    Contract {
        /// The contract version of the component.
        built_for: String,
    },
    /// The component has an import that its world does not have.
    #[error("it imports `{0}`, which a component of its kind may not")]
    Import(String),
}

impl Manifest {
    /// Reads `wasm`, a component or a core module that will become a component.
    ///
    /// # Errors
    /// When `wasm` is not WebAssembly, its manifest is missing or malformed, or it is for another contract
    /// version.
    pub fn read(wasm: &[u8]) -> Result<Self, ManifestError> {
        let Outline { manifest, imports, exports } = Outline::read(wasm)?;
        Self::parse(&manifest.ok_or(ManifestError::Missing)?, imports, exports)
    }

    /// Parses the text of a manifest section, for a component with these imports and exports.
    ///
    /// # Errors
    /// When the text is malformed, or for another contract version.
    pub fn parse(
        text: &str,
        imports: Vec<String>,
        exports: Vec<String>,
    ) -> Result<Self, ManifestError> {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
            line.map(str::to_owned)
                .ok_or_else(|| ManifestError::Malformed(format!("it has no `{key}`")))
        };
        let contract = value("contract")?;
        if contract != CONTRACT {
            let built_for = contract.chars().filter(char::is_ascii_graphic).take(64).collect();
            return Err(ManifestError::Contract { built_for });
        }
        let world = value("world")?;
        let none = || {
            let known = World::ALL.map(World::name).join("`, `");
            ManifestError::Malformed(format!("there is no world `{world}`, but `{known}`"))
        };
        let world = World::parse(&world).ok_or_else(none)?;
        let name = value("name")?;
        let name_ok = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.len() <= 64
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
        if !name_ok {
            return Err(ManifestError::Malformed(
                "its name is not of `[a-z][a-z0-9_-]*`".to_owned(),
            ));
        }
        let version: String =
            value("version")?.chars().filter(char::is_ascii_graphic).take(64).collect();
        let sdk: String = value("sdk")?.chars().filter(char::is_ascii_graphic).take(64).collect();
        let licence = value("licence").unwrap_or_default();
        let licence =
            licence.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(64).collect();
        let requested = text
            .lines()
            .filter_map(|line| line.strip_prefix("capability "))
            .map(str::parse)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { name, version, licence, sdk, world, requested, imports, exports })
    }

    /// Checks that the component requests no capabilities if its world permits none.
    ///
    /// # Errors
    /// One sentence when it does.
    pub fn check_reach(&self) -> Result<(), String> {
        if matches!(self.world, World::Filter | World::Mapping) && !self.requested.is_empty() {
            return Err(format!("a {} reaches nothing, and asks for capabilities", self.world));
        }
        Ok(())
    }

    /// Checks that the component has only imports of its world.
    ///
    /// # Errors
    /// Names the first import that is not permitted.
    pub fn check_imports(&self) -> Result<(), ManifestError> {
        let allowed = |import: &String| interfaces::may_import(self.world, import);
        match self.imports.iter().find(|import| !allowed(import)) {
            Some(import) => Err(ManifestError::Import(import.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(text, Vec::new(), Vec::new())
    }

    const GOOD: &str =
        "contract 0.1.0\nworld policy-filter\nsdk rust-0.1.0\nname office-hours\nversion 1.0.0\n";

    #[test]
    fn a_whole_manifest_is_read() {
        let manifest = parsed(&format!("{GOOD}capability http:api.example.com\n")).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.world), ("office-hours", World::Filter));
        assert_eq!(manifest.requested, [Capability::Http("api.example.com".to_owned())]);
    }

    #[test]
    fn another_contract_says_both_versions() {
        let error = parsed(&GOOD.replace("0.1.0\nworld", "0.3.0\nworld")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it was built for audex:plugin 0.3.0, this host offers 0.1.0"
        );
    }

    #[test]
    fn unknown_worlds_names_and_capabilities_are_errors() {
        for (from, to) in
            [("policy-filter", "policy-widener"), ("office-hours", "../x"), ("office-hours", "Big")]
        {
            assert!(parsed(&GOOD.replace(from, to)).is_err(), "{to}");
        }
        for asked in
            ["files:/", "http:*", "http:*.amazonaws.com", "slot:all", "secret:lower", "http:a b"]
        {
            assert!(parsed(&format!("{GOOD}capability {asked}\n")).is_err(), "{asked}");
        }
    }

    #[test]
    fn an_import_is_of_the_world_and_of_this_version() {
        let of = |import: &str| {
            let text = GOOD.replace("policy-filter", "provider-plugin");
            Manifest::parse(&text, vec![format!("audex:plugin/{import}")], Vec::new())
                .unwrap()
                .check_imports()
        };
        assert!(of("http@0.1.0").is_ok() && of("keys@0.1.0").is_ok());
        for other in ["keys@0.2.0", "keys", "files@0.1.0"] {
            assert!(
                matches!(of(other), Err(ManifestError::Import(name)) if name.ends_with(other)),
                "{other}"
            );
        }
    }

    #[test]
    fn the_sdk_builds_for_the_contract_that_this_host_offers() {
        assert_eq!(audex_sdk::manifest::CONTRACT, CONTRACT);
    }

    #[test]
    fn a_pure_component_may_import_nothing() {
        let imports = vec!["audex:plugin/http@0.1.0".to_owned()];
        let manifest = Manifest::parse(GOOD, imports, Vec::new()).unwrap();
        assert!(manifest.check_imports().is_err());
    }
}
