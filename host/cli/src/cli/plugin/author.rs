//! `tryaudex plugin new`: writes a project for the author of a component.

use std::path::Path;

use clap::ValueEnum;

use crate::console;
use crate::failure::Failure;
use audex_components::manifest::World;
use audex_workbench::scaffold::{Language, Project, ScaffoldError};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Kind {
    Provider,
    Filter,
    Mapping,
    Intent,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Lang {
    Rust,
    Python,
    #[value(name = "javascript")]
    JavaScript,
}

pub(super) fn new(
    name: &str,
    kind: Kind,
    lang: Lang,
    directory: Option<&Path>,
) -> Result<(), Failure> {
    let world = match kind {
        Kind::Provider => World::Provider,
        Kind::Filter => World::Filter,
        Kind::Mapping => World::Mapping,
        Kind::Intent => World::Intent,
    };
    let (language, first) = match lang {
        Lang::Rust => (Language::Rust, "tryaudex plugin build"),
        Lang::Python => (Language::Python, "the commands in README.md"),
        Lang::JavaScript => (Language::JavaScript, "npm install && tryaudex plugin build"),
    };
    let directory = directory.unwrap_or_else(|| Path::new(name));
    Project { name: name.to_owned(), world, language }.write(directory)?;
    let shown = directory.display();
    console::result(&format!("made the {world} `{name}` in {shown}; next: cd {shown} && {first}"));
    Ok(())
}

impl From<ScaffoldError> for Failure {
    fn from(error: ScaffoldError) -> Self {
        let hint = match &error {
            ScaffoldError::Name(_) => {
                "a name begins with a lower-case letter, goes on with such, digits and `-`, and is neither a built-in component's nor the SDK's"
            }
            ScaffoldError::Exists(_) => "take another name, or --directory",
            ScaffoldError::Io { .. } => return Self::internal("plugin", error),
        };
        Self::usage(&error.to_string(), hint)
    }
}
