//! A project for a component of one's own: source, the contract beside it, and the commands that build, test and install it.
//!
//! The sources are the SDK's examples and templates, which the tests build and run.

mod javascript;
mod python;
mod rust;

use std::io;
use std::path::{Path, PathBuf};

use audex_components::embedded;
use audex_components::manifest::CONTRACT;
use audex_components::manifest::World;
use audex_core::variable::installed;

/// The contract.
const WIT: [(&str, &str); 8] = [
    ("filter.wit", include_str!("../../../wit/filter.wit")),
    ("host.wit", include_str!("../../../wit/host.wit")),
    ("keys.wit", include_str!("../../../wit/keys.wit")),
    ("leases.wit", include_str!("../../../wit/leases.wit")),
    ("provider.wit", include_str!("../../../wit/provider.wit")),
    ("pure.wit", include_str!("../../../wit/pure.wit")),
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("worlds.wit", include_str!("../../../wit/worlds.wit")),
];

/// Names of files, and what is in them.
type Files = Vec<(String, String)>;
/// What is typed, and why.
type Commands = Vec<(String, &'static str)>;

/// What it is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// With the SDK.
    Rust,
    /// With componentize-py.
    Python,
    /// With componentize-js.
    JavaScript,
}

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Project {
    /// The component's name.
    pub name: String,
    /// Its kind.
    pub world: World,
    /// Its language.
    pub language: Language,
}

/// Why there is no project.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The name cannot be a component's.
    #[error("`{0}` is no name of a component")]
    Name(String),
    /// Something is there.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("cannot write `{}`", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Project {
    /// Writes it to `directory`, which must not be there; whole or not at all.
    ///
    /// # Errors
    /// When the name is no component's, the directory is there, or it cannot be written.
    pub fn write(&self, directory: &Path) -> Result<(), ScaffoldError> {
        let is_name = self.name.starts_with(|c: char| c.is_ascii_lowercase())
            && self.name.len() <= 64
            && self.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !self.name.ends_with('-');
        // The SDK is a package of its own beside a project in Rust.
        if !is_name || self.name == "audex-sdk" || embedded::find(&self.name).is_some() || self.is_a_clouds()
        {
            return Err(ScaffoldError::Name(self.name.clone()));
        }
        if directory.exists() {
            return Err(ScaffoldError::Exists(directory.to_path_buf()));
        }
        let failed = |source| ScaffoldError::Io { path: directory.to_path_buf(), source };
        let parent =
            directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(failed)?;
        let unfinished = parent.join(format!(".{}-{}", self.name, std::process::id()));
        let written = self.files().iter().try_for_each(|(name, text)| {
            let path = unfinished.join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(&unfinished))?;
            std::fs::write(path, text)
        });
        let done = written.and_then(|()| std::fs::rename(&unfinished, directory));
        if done.is_err() {
            let _ = std::fs::remove_dir_all(&unfinished);
        }
        done.map_err(failed)
    }

    /// A provider sets variables that begin as it is called; those of a cloud's are not for it to set.
    fn is_a_clouds(&self) -> bool {
        let token = format!("{}_TOKEN", self.name.to_ascii_uppercase().replace('-', "_"));
        self.world == World::Provider && installed::may_set(&token).is_err()
    }

    fn files(&self) -> Files {
        match self.language {
            Language::Rust => rust::files(self),
            Language::Python => python::files(self),
            Language::JavaScript => javascript::files(self),
        }
    }

    /// A template as this project has it: a provider's id is its own, and so are its variables and the setting that the host
    /// reads for it.
    fn named(&self, template: &str) -> String {
        if self.world != World::Provider {
            return template.to_owned();
        }
        let upper = self.name.to_ascii_uppercase().replace('-', "_");
        template.replace("\"acme\"", &format!("\"{}\"", self.name)).replace("ACME_", &format!("{upper}_"))
    }

    /// How it is built and used; `whole` says where to look first, `commands` come before those of every language.
    fn readme(&self, whole: &str, mut commands: Commands, notes: &str) -> String {
        let name = &self.name;
        let (kind, use_it) = match self.world {
            World::Filter => {
                ("A policy filter", "It takes part in every run from now on: `tryaudex plan --allow \"s3:*\"` shows what it does.".to_owned())
            }
            World::Mapping => {
                ("A mapping", format!("It answers once `config.toml` has `[mapping] component = \"{name}\"`; then `tryaudex policies universal` shows it."))
            }
            World::Provider => ("A provider", format!("Use it: `tryaudex run --provider {name} --allow door:open -- env`.")),
            World::Intent => ("An intent engine", format!("Ask it: `tryaudex intent --engine {name} \"read the report\"`.")),
        };
        commands.extend([
            ("tryaudex plugin build".to_owned(), "the component"),
            (format!("tryaudex plugin test {name}.wasm"), "1 if it does not behave"),
            (format!("tryaudex plugin inspect {name}.wasm"), "what it is, and what it asks for"),
            (format!("tryaudex plugin install {name}.wasm"), ""),
        ]);
        let width = commands.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
        let line = |(command, why): &(String, &str)| {
            if why.is_empty() { format!("$ {command}\n") } else { format!("$ {command:width$}   # {why}\n") }
        };
        let commands: String = commands.iter().map(line).collect();
        format!(
            "# {name}\n\n{kind} for Audex (contract audex:plugin {CONTRACT}). {whole}\n\n```console\n{commands}```\n\n{use_it}\n\n{notes}\
             To hand it out, sign it with minisign (`minisign -Sm {name}.wasm`) and put `{name}.wasm.minisig` beside it, on an https server or in\n\
             an OCI registry (`oras push REGISTRY/{name}:0.1.0 {name}.wasm:application/wasm {name}.wasm.minisig:application/vnd.minisign.signature`).\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(name: &str, world: World) -> Project {
        Project { name: name.to_owned(), world, language: Language::Rust }
    }

    #[test]
    fn the_sdk_that_comes_along_is_whole_and_needs_what_the_sdk_needs() {
        assert!(include_str!("../../../sdk/Cargo.toml").contains(rust::DEPENDENCIES));
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (folder, within) in [("sdk/src", "src/"), ("sdk/src/fake", "src/fake/"), ("wit", "")] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap) {
                let name = format!("{within}{}", entry.file_name().into_string().unwrap());
                let known = rust::SDK.iter().chain(&WIT).any(|(path, _)| *path == name);
                assert!(known || entry.path().is_dir(), "{folder}/{name} does not come along");
            }
        }
    }

    #[test]
    fn a_project_is_written_once_and_under_a_name_that_is_free() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("deep/my-filter");
        project("my-filter", World::Filter).write(&directory).unwrap();
        assert!(
            directory.join("src/lib.rs").is_file() && directory.join("audex-sdk/wit/worlds.wit").is_file()
        );
        assert!(matches!(
            project("my-filter", World::Filter).write(&directory),
            Err(ScaffoldError::Exists(_))
        ));
        for name in ["", "aws", "Big", "../x", "x-", "1x", "x y"] {
            let outcome = project(name, World::Filter).write(&home.path().join("other"));
            assert!(matches!(outcome, Err(ScaffoldError::Name(_))), "{name}");
        }
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_project_of_any_language_is_of_its_name_and_whole() {
        for language in [Language::Rust, Language::Python, Language::JavaScript] {
            for world in [World::Provider, World::Filter, World::Mapping, World::Intent] {
                let files = Project { language, ..project("my-cloud", world) }.files();
                let text = |name: &str| {
                    let found = files.iter().find(|(path, _)| path.ends_with(name));
                    found.unwrap_or_else(|| panic!("{language:?} {world}: no {name}")).1.clone()
                };
                let all: String = files
                    .iter()
                    .filter(|(path, _)| !path.contains("audex-sdk/"))
                    .map(|(_, text)| text.as_str())
                    .collect();
                assert!(
                    !all.contains("NAME\"") && !all.contains("WORLD") && !all.contains("TEST\""),
                    "{language:?} {world}"
                );
                assert!(text("README.md").contains("$ tryaudex plugin install my-cloud.wasm\n"));
                assert!(
                    text(".gitignore").contains("/my-cloud.wasm\n")
                        && text("wit/worlds.wit").contains(world.name())
                );
                assert_eq!(all.contains("AUDEX_MY_CLOUD_BUILDING"), world == World::Provider);
                assert!(!all.contains("ACME_"), "{language:?} {world}");
            }
        }
    }
}
