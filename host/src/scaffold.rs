//! A project for a component of one's own: source, the SDK beside it, and the commands that build, test and install it.
//!
//! The source is that of the SDK's examples, which the tests build and run. The SDK comes along, so that a project needs no
//! checkout of Audex and goes on building when Audex has moved on.

use std::io;
use std::path::{Path, PathBuf};

use crate::plugin::embedded;
use crate::plugin::manifest::World;

/// The SDK: where its files go, and what is in them.
const SDK: [(&str, &str); 9] = [
    ("LICENSE", include_str!("../../LICENSE")),
    ("src/lib.rs", include_str!("../../sdk/src/lib.rs")),
    ("src/fake.rs", include_str!("../../sdk/src/fake.rs")),
    ("src/filter.rs", include_str!("../../sdk/src/filter.rs")),
    ("src/intent.rs", include_str!("../../sdk/src/intent.rs")),
    ("src/manifest.rs", include_str!("../../sdk/src/manifest.rs")),
    ("src/mapping.rs", include_str!("../../sdk/src/mapping.rs")),
    ("src/pattern.rs", include_str!("../../sdk/src/pattern.rs")),
    ("src/provider.rs", include_str!("../../sdk/src/provider.rs")),
];
/// The contract: the newest track, and the frozen interfaces that it goes on using.
const WIT: [(&str, &str); 8] = [
    ("filter.wit", include_str!("../../wit/filter.wit")),
    ("keys.wit", include_str!("../../wit/keys.wit")),
    ("worlds.wit", include_str!("../../wit/worlds.wit")),
    ("deps/plugin-0.1.0/host.wit", include_str!("../../wit/deps/plugin-0.1.0/host.wit")),
    ("deps/plugin-0.1.0/provider.wit", include_str!("../../wit/deps/plugin-0.1.0/provider.wit")),
    ("deps/plugin-0.1.0/pure.wit", include_str!("../../wit/deps/plugin-0.1.0/pure.wit")),
    ("deps/plugin-0.1.0/types.wit", include_str!("../../wit/deps/plugin-0.1.0/types.wit")),
    ("deps/plugin-0.1.0/worlds.wit", include_str!("../../wit/deps/plugin-0.1.0/worlds.wit")),
];
/// What the SDK needs. A test holds it against the SDK's own manifest.
const WIT_BINDGEN: &str = r#"wit-bindgen = { version = "0.61", default-features = false, features = ["macros", "realloc"], optional = true }"#;

const FILTER: &str = include_str!("../../sdk/examples/filter-no-deletes/src/lib.rs");
const MAPPING: &str = include_str!("../../sdk/examples/mapping-house/src/lib.rs");
const PROVIDER: &str = include_str!("../../sdk/examples/provider-static/src/lib.rs");
const INTENT: &str = include_str!("../../sdk/examples/intent-table/src/lib.rs");

const FILTER_TEST: &str = r#"
#[cfg(test)]
mod tests {
    use audex_sdk::fake::{context, grant};

    use super::*;

    #[test]
    fn deletes_are_dropped_and_all_else_stays() {
        let asked = grant("aws", &["s3:GetObject", "s3:DeleteObject"]);
        let Verdict::Restrict(found) = NoDeletes::review(asked, context(), "{}".into()) else { panic!("it passes") };
        assert_eq!(found[0].drop, [1]);
    }
}
"#;
const MAPPING_TEST: &str = r#"
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_table_have_a_meaning_and_others_have_none() {
        let found = House::expand("aws".into(), vec!["reports:read".into(), "nobody:knows".into()]);
        assert_eq!(found[0].as_ref().unwrap().actions, ["s3:GetObject", "s3:ListBucket"]);
        assert!(found[1].is_none());
    }
}
"#;
const PROVIDER_TEST: &str = r#"
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_have_a_thing_and_a_verb() {
        let found = Acme::check(vec!["door:open".into(), "door".into()]);
        assert!(found[0].status == Status::Known && found[1].status == Status::Malformed);
    }
}
"#;
const INTENT_TEST: &str = r#"
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_table_are_found_and_nothing_is_guessed() {
        let found = Table::translate("put it on the queue".into(), "aws".into()).unwrap();
        assert_eq!(found.allow, ["sqs:SendMessage"]);
        assert!(Table::translate("do what I mean".into(), "aws".into()).is_err());
    }
}
"#;

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Project {
    /// The component's name.
    pub name: String,
    /// Its kind.
    pub world: World,
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
        if !is_name || embedded::find(&self.name).is_some() {
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

    fn files(&self) -> Vec<(String, String)> {
        let mut files = vec![
            ("Cargo.toml".to_owned(), self.manifest()),
            ("README.md".to_owned(), self.readme()),
            (".gitignore".to_owned(), format!("/target\n/{}.wasm\n", self.name)),
            ("src/lib.rs".to_owned(), self.source()),
            ("audex-sdk/Cargo.toml".to_owned(), sdk_manifest()),
        ];
        files.extend(SDK.iter().map(|(name, text)| (format!("audex-sdk/{name}"), (*text).to_owned())));
        files.extend(WIT.iter().map(|(name, text)| (format!("audex-sdk/wit/{name}"), (*text).to_owned())));
        files
    }

    fn manifest(&self) -> String {
        let name = &self.name;
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n# license = \"Apache-2.0\"\npublish = false\n\n\
             [lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\naudex-sdk = {{ path = \"audex-sdk\" }}\n\n\
             # A component is compiled by whoever installs it: small is fast.\n[profile.release]\nopt-level = \"s\"\nlto = true\n\
             codegen-units = 1\npanic = \"abort\"\nstrip = \"debuginfo\"\n\n# Outside every other workspace.\n[workspace]\n"
        )
    }

    fn source(&self) -> String {
        let (source, test) = match self.world {
            World::Filter => (FILTER.to_owned(), FILTER_TEST),
            World::Mapping => (MAPPING.to_owned(), MAPPING_TEST),
            World::Intent => (INTENT.to_owned(), INTENT_TEST),
            World::Provider => {
                // Its id, and so its variables and the setting that the host reads for it.
                let upper = self.name.to_ascii_uppercase().replace('-', "_");
                let own = PROVIDER
                    .replace("\"acme\"", &format!("\"{}\"", self.name))
                    .replace("ACME_", &format!("{upper}_"));
                (own, PROVIDER_TEST)
            }
        };
        format!("{source}{test}")
    }

    fn readme(&self) -> String {
        let name = &self.name;
        let (kind, use_it) = match self.world {
            World::Filter => {
                ("policy filter", "It takes part in every run from now on: `tryaudex plan --allow \"s3:*\"` shows what it does.".to_owned())
            }
            World::Mapping => {
                ("mapping", format!("It answers once `config.toml` has `[mapping] component = \"{name}\"`; then `tryaudex policies universal` shows it."))
            }
            World::Provider => ("provider", format!("Use it: `tryaudex run --provider {name} --allow door:open -- env`.")),
            World::Intent => ("intent engine", format!("Ask it: `tryaudex intent --engine {name} \"read the report\"`.")),
        };
        format!(
            "# {name}\n\nA {kind} for Audex (contract audex:plugin {}). `src/lib.rs` is the whole of it; `audex-sdk/` is the SDK it was made with.\n\n\
             ```console\n$ rustup target add wasm32-unknown-unknown   # once\n$ cargo test                                 # your own tests, natively\n\
             $ tryaudex plugin build                      # {name}.wasm, a component\n$ tryaudex plugin test {name}.wasm\n\
             $ tryaudex plugin inspect {name}.wasm\n$ tryaudex plugin install {name}.wasm\n```\n\n{use_it}\n\n\
             To hand it out, sign it with minisign (`minisign -Sm {name}.wasm`) and put `{name}.wasm.minisig` beside it, on an https server or in\n\
             an OCI registry (`oras push REGISTRY/{name}:0.1.0 {name}.wasm:application/wasm {name}.wasm.minisig:application/vnd.minisign.signature`).\n",
            crate::plugin::manifest::Track::NEWEST
        )
    }
}

fn sdk_manifest() -> String {
    format!(
        "[package]\nname = \"audex-sdk\"\nversion = \"{}\"\nedition = \"2024\"\nlicense = \"Apache-2.0\"\npublish = false\n\n\
         [features]\ndefault = [\"component\"]\ncomponent = [\"dep:wit-bindgen\"]\n\n[dependencies]\n{WIT_BINDGEN}\n",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(name: &str, world: World) -> Project {
        Project { name: name.to_owned(), world }
    }

    #[test]
    fn the_sdk_that_comes_along_is_whole_and_needs_what_the_sdk_needs() {
        assert!(include_str!("../../sdk/Cargo.toml").contains(WIT_BINDGEN));
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for (folder, within) in
            [("sdk/src", "src/"), ("wit", ""), ("wit/deps/plugin-0.1.0", "deps/plugin-0.1.0/")]
        {
            for entry in std::fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap) {
                let name = format!("{within}{}", entry.file_name().into_string().unwrap());
                let known = SDK.iter().chain(&WIT).any(|(path, _)| *path == name);
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
        let source = project("my-cloud", World::Provider).source();
        assert!(
            source.contains("AUDEX_MY_CLOUD_BUILDING") && source.contains("id: \"my-cloud\""),
            "{source}"
        );
    }
}
