//! Builds a project in Python with componentize-py. Its metadata is in `pyproject.toml`.

use std::path::Path;

use serde::Deserialize;

use super::metadata::{self, Audex, Metadata};
use super::tool::Tool;
use crate::failure::Failure;
use audex_child::Signals;
use audex_core::environment::Environment;

#[derive(Deserialize)]
struct Pyproject {
    project: Project,
    tool: Tools,
}

#[derive(Deserialize)]
struct Project {
    name: String,
    version: String,
    license: Option<License>,
}

/// The licence of a project, as an SPDX expression or as the older table.
#[derive(Deserialize)]
#[serde(untagged)]
enum License {
    Expression(String),
    Table { text: Option<String> },
}

#[derive(Deserialize)]
struct Tools {
    audex: Audex,
}

pub(super) fn build(environment: &Environment, directory: &Path) -> Result<Vec<u8>, Failure> {
    let Pyproject { project, tool } =
        metadata::read(&directory.join("pyproject.toml"), metadata::toml_of)?;
    let licence = match project.license {
        Some(License::Expression(text) | License::Table { text: Some(text) }) => text,
        Some(License::Table { text: None }) | None => String::new(),
    };
    let metadata =
        Metadata { name: project.name, version: project.version, licence, audex: tool.audex };
    let world = metadata.audex.world.clone();
    let componentize = Tool {
        name: "componentize-py",
        own: ".venv/bin/componentize-py",
        install: "python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.1",
        directory: &super::absolute(directory)?,
        wrapper: Some(("audex_app.py", include_str!("audex_app.py"))),
    };
    let arguments = ["-q", "-d", "wit", "-w", &world, "componentize", "-p", ".", "-o"];
    componentize.make(environment, &mut Signals::install()?, &metadata, &arguments, &["audex_app"])
}
