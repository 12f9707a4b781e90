//! What a component says of itself, and what it really imports and exports; read before anything is compiled.

use std::fmt;

use super::capability::{Capability, UnknownCapability};
use super::outline::{Outline, OutlineError};

/// A version of the contract that this host speaks. Released ones are frozen (`wit/deps`); the last is the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// `audex:plugin@0.1.0`.
    V0_1,
    /// `audex:plugin@0.2.0`: filters know who asks and see the plan; providers sign with keys, and keep what revoking needs.
    V0_2,
}

impl Track {
    const ALL: [Self; 2] = [Self::V0_1, Self::V0_2];
    /// The one that the SDK of this version builds for.
    pub const NEWEST: Self = Self::V0_2;

    /// The version, as manifests and imports write it.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1.0",
            Self::V0_2 => "0.2.0",
        }
    }

    fn offered() -> String {
        Self::ALL.map(Self::version).join(" and ")
    }
}

impl fmt::Display for Track {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.version())
    }
}

/// What kind of component it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// A cloud.
    Provider,
    /// A vocabulary.
    Mapping,
    /// A rule.
    Filter,
    /// A translator of sentences.
    Intent,
}

impl World {
    const ALL: [Self; 4] = [Self::Provider, Self::Mapping, Self::Filter, Self::Intent];

    /// The world's name in the contract.
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

    /// Whether a component of this world may import `interface` in `track`. One that a track did not change has its old version.
    fn imports(self, track: Track, interface: &str) -> bool {
        match self {
            Self::Provider => {
                PROVIDER.contains(&interface) || (track == Track::V0_2 && SINCE_0_2.contains(&interface))
            }
            Self::Intent => INTENT.contains(&interface),
            Self::Mapping | Self::Filter => false,
        }
    }
}

const INTENT: &[&str] = &["types@0.1.0", "secrets@0.1.0", "http@0.1.0", "log@0.1.0", "settings@0.1.0"];
const PROVIDER: &[&str] = &[
    "types@0.1.0",
    "secrets@0.1.0",
    "http@0.1.0",
    "sts@0.1.0",
    "identity@0.1.0",
    "log@0.1.0",
    "clock@0.1.0",
    "settings@0.1.0",
];
/// What providers may import in addition since 0.2.
const SINCE_0_2: &[&str] = &["keys@0.2.0", "keep@0.2.0", "leases@0.2.0"];

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

/// What a component says of itself, checked against what it imports.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// `[a-z][a-z0-9-]*`.
    pub name: String,
    /// The component's own version.
    pub version: String,
    /// Its licence, as it says itself; empty where it does not.
    pub licence: String,
    /// The SDK it was built with.
    pub sdk: String,
    /// The contract it was built for.
    pub contract: Track,
    /// What it exports.
    pub world: World,
    /// What it asks for.
    pub requested: Vec<Capability>,
    /// Everything it imports.
    pub imports: Vec<String>,
    /// Everything it exports.
    pub exports: Vec<String>,
}

/// Why a file is no component of ours.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Nothing can be read of it.
    #[error(transparent)]
    Outline(#[from] OutlineError),
    /// No manifest section.
    #[error("it has no audex manifest; build it with the audex SDK")]
    Missing,
    /// The manifest is garbled.
    #[error("its manifest cannot be read: {0}")]
    Malformed(String),
    /// It asks for something unknown.
    #[error("it asks for something unknown")]
    Capability(#[from] UnknownCapability),
    /// Another track of the contract.
    #[error("it was built for audex:plugin {built_for}, this host offers {}", Track::offered())]
    Contract {
        /// The component's contract.
        built_for: String,
    },
    /// An import that its world does not have.
    #[error("it imports `{0}`, which a component of its kind may not")]
    Import(String),
}

impl Manifest {
    /// Reads `wasm`, a component or a core module that will become one.
    ///
    /// # Errors
    /// When it is not WebAssembly, has no or a garbled manifest, or is for another contract.
    pub fn read(wasm: &[u8]) -> Result<Self, ManifestError> {
        let Outline { manifest, imports, exports } = Outline::read(wasm)?;
        Self::parse(&manifest.ok_or(ManifestError::Missing)?, imports, exports)
    }

    /// Reads the section's text, of a component with these imports and exports.
    ///
    /// # Errors
    /// When it is garbled, or for another contract.
    pub fn parse(text: &str, imports: Vec<String>, exports: Vec<String>) -> Result<Self, ManifestError> {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
            line.map(str::to_owned).ok_or_else(|| ManifestError::Malformed(format!("it has no `{key}`")))
        };
        let contract = value("contract")?;
        let Some(contract) = Track::ALL.into_iter().find(|track| track.version() == contract) else {
            let built_for = contract.chars().filter(char::is_ascii_graphic).take(64).collect();
            return Err(ManifestError::Contract { built_for });
        };
        let world = value("world")?;
        let none = || {
            let known = World::ALL.map(World::name).join("`, `");
            ManifestError::Malformed(format!("there is no world `{world}`, but `{known}`"))
        };
        let world = World::parse(&world).ok_or_else(none)?;
        let name = value("name")?;
        let name_ok = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.len() <= 64
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
        if !name_ok {
            return Err(ManifestError::Malformed("its name is not of `[a-z][a-z0-9_-]*`".to_owned()));
        }
        let version: String = value("version")?.chars().filter(char::is_ascii_graphic).take(64).collect();
        let sdk: String = value("sdk")?.chars().filter(char::is_ascii_graphic).take(64).collect();
        let licence = value("licence").unwrap_or_default();
        let licence = licence.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(64).collect();
        let requested = text
            .lines()
            .filter_map(|line| line.strip_prefix("capability "))
            .map(str::parse)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { name, version, licence, sdk, contract, world, requested, imports, exports })
    }

    /// Whether a component of its world may ask for anything, where it does.
    ///
    /// # Errors
    /// One sentence, if not.
    pub fn check_reach(&self) -> Result<(), String> {
        if matches!(self.world, World::Filter | World::Mapping) && !self.requested.is_empty() {
            return Err(format!("a {} reaches nothing, and asks for capabilities", self.world));
        }
        Ok(())
    }

    /// Whether the imports are ones its world has.
    ///
    /// # Errors
    /// Names the first import that is not.
    pub fn check_imports(&self) -> Result<(), ManifestError> {
        let allowed = |import: &String| {
            let name = import.strip_prefix("audex:plugin/");
            name.is_some_and(|name| self.world.imports(self.contract, name))
        };
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
            "it was built for audex:plugin 0.3.0, this host offers 0.1.0 and 0.2.0"
        );
    }

    #[test]
    fn unknown_worlds_names_and_capabilities_are_errors() {
        for (from, to) in
            [("policy-filter", "policy-widener"), ("office-hours", "../x"), ("office-hours", "Big")]
        {
            assert!(parsed(&GOOD.replace(from, to)).is_err(), "{to}");
        }
        for asked in ["files:/", "http:*", "http:*.amazonaws.com", "slot:all", "secret:lower", "http:a b"] {
            assert!(parsed(&format!("{GOOD}capability {asked}\n")).is_err(), "{asked}");
        }
    }

    #[test]
    fn what_came_with_a_track_is_not_of_an_older_one() {
        let imports = || vec!["audex:plugin/http@0.1.0".to_owned(), "audex:plugin/keys@0.2.0".to_owned()];
        let of = |contract: &str| {
            let text = GOOD.replace("policy-filter", "provider-plugin").replace("0.1.0\nworld", contract);
            Manifest::parse(&text, imports(), Vec::new()).unwrap().check_imports()
        };
        assert!(of("0.2.0\nworld").is_ok());
        assert!(
            matches!(of("0.1.0\nworld"), Err(ManifestError::Import(name)) if name.ends_with("keys@0.2.0"))
        );
    }

    #[test]
    fn a_pure_component_may_import_nothing() {
        let imports = vec!["audex:plugin/http@0.1.0".to_owned()];
        let manifest = Manifest::parse(GOOD, imports, Vec::new()).unwrap();
        assert!(manifest.check_imports().is_err());
    }
}
