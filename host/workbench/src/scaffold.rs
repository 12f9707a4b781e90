//! A project for a new component: source, the contract beside it, and the commands that build, test and
//! install it.
//!
//! The sources are the SDK's examples and templates, which the tests build and run.

mod javascript;
mod python;
mod rust;

use std::io;
use std::path::{Path, PathBuf};

use audex_components::embedded;
use audex_components::manifest::{CONTRACT, World};
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

/// Names of files, with their contents.
type Files = Vec<(String, String)>;
/// Commands, each with its reason.
type Commands = Vec<(String, &'static str)>;

/// The language of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust, with the SDK.
    Rust,
    /// Python, with componentize-py.
    Python,
    /// JavaScript, with componentize-js.
    JavaScript,
}

/// A project to be written.
#[derive(Clone, Debug)]
pub struct Project {
    /// The component's name.
    pub name: String,
    /// The component's kind.
    pub world: World,
    /// The component's language.
    pub language: Language,
}

/// The error for a project that was not written.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The name is not valid for a component.
    #[error("`{0}` is not a component name")]
    Name(String),
    /// The directory exists already.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// The project cannot be written.
    #[error("cannot write `{}`", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Project {
    /// Writes the project to `directory`, which must not exist. Writes the whole project or nothing.
    ///
    /// # Errors
    /// When the name is not valid for a component, the directory exists, or the project cannot be written.
    pub fn write(&self, directory: &Path) -> Result<(), ScaffoldError> {
        let is_name = self.name.starts_with(|c: char| c.is_ascii_lowercase())
            && self.name.len() <= 64
            && self.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !self.name.ends_with('-');
        // `audex-sdk` is the SDK's own package beside a project in Rust.
        if !is_name
            || self.name == "audex-sdk"
            || embedded::find(&self.name).is_some()
            || self.is_a_clouds()
        {
            return Err(ScaffoldError::Name(self.name.clone()));
        }
        if directory.exists() {
            return Err(ScaffoldError::Exists(directory.to_path_buf()));
        }
        let failed = |source| ScaffoldError::Io { path: directory.to_path_buf(), source };
        let parent = directory
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
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

    /// Returns true for a provider whose variables would be a cloud's. The variables of a provider begin with
    /// its name, and it must not set those of a cloud.
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

    /// Returns a template with this project's names: a provider has its own id, its own variables, and its
    /// own setting that the host reads.
    fn named(&self, template: &str) -> String {
        if self.world != World::Provider {
            return template.to_owned();
        }
        let upper = self.name.to_ascii_uppercase().replace('-', "_");
        template
            .replace("\"acme\"", &format!("\"{}\"", self.name))
            .replace("ACME_", &format!("{upper}_"))
    }

    /// Returns the README with the commands to build and use the component. `whole` tells where to look
    /// first; `commands` come before those of every language.
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
            if why.is_empty() {
                format!("$ {command}\n")
            } else {
                format!("$ {command:width$}   # {why}\n")
            }
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
            directory.join("src/lib.rs").is_file()
                && directory.join("audex-sdk/wit/worlds.wit").is_file()
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
