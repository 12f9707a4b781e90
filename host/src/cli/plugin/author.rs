//! What authors of components need: a project, a build, and a look at whether it behaves.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::ValueEnum;
use serde_json::Value;

use crate::console;
use crate::environment::Environment;
use crate::error::Failure;
use crate::plugin::component::short;
use crate::plugin::manifest::World;
use crate::plugin::source::Fetched;
use crate::plugin::store::{InstallPlan, StoreError};
use crate::private_file;
use crate::scaffold::{Project, ScaffoldError};

const TARGET: &str = "wasm32-unknown-unknown";

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    Provider,
    Filter,
    Mapping,
    Intent,
}

/// Writes a project.
pub(super) fn new(name: &str, kind: Kind, directory: Option<&Path>) -> Result<(), Failure> {
    let world = match kind {
        Kind::Provider => World::Provider,
        Kind::Filter => World::Filter,
        Kind::Mapping => World::Mapping,
        Kind::Intent => World::Intent,
    };
    let directory = directory.unwrap_or_else(|| Path::new(name));
    Project { name: name.to_owned(), world }.write(directory)?;
    let shown = directory.display();
    console::result(&format!(
        "made the {world} `{name}` in {shown}; next: cd {shown} && tryaudex plugin build"
    ));
    Ok(())
}

/// Builds the project in `directory`; the component is written beside its manifest.
pub(super) fn build(environment: &Environment, directory: &Path) -> Result<(), Failure> {
    let manifest = directory.join("Cargo.toml");
    if !manifest.is_file() {
        let message = format!("there is no project in `{}`", directory.display());
        return Err(Failure::usage(&message, "make one: tryaudex plugin new NAME --kind filter"));
    }
    let module = compile(environment, &manifest)?;
    let bytes = std::fs::read(&module).map_err(|error| Failure::internal("plugin", error))?;
    let origin = module.display().to_string();
    let plan = InstallPlan::new(Fetched { bytes, signature: None, origin, is_local: true })?;
    let path = directory.join(format!("{}.wasm", plan.manifest.name));
    private_file::replace(&path, &plan.wasm).map_err(|source| StoreError::Io {
        action: "write",
        path: path.clone(),
        source,
    })?;
    let asks: Vec<String> = plan.manifest.requested.iter().map(ToString::to_string).collect();
    console::result(&format!(
        "built the {} `{}` {}: {}, {} KiB, {}; it asks for {}",
        plan.manifest.world,
        plan.manifest.name,
        plan.manifest.version,
        path.display(),
        plan.wasm.len().div_ceil(1024),
        short(&plan.digest),
        if asks.is_empty() { "nothing".to_owned() } else { asks.join(", ") }
    ));
    Ok(())
}

/// The module that cargo makes of the project.
#[expect(clippy::disallowed_methods, reason = "cargo is the author's tool, not a command with credentials")]
fn compile(environment: &Environment, manifest: &Path) -> Result<PathBuf, Failure> {
    let cargo = environment.get_os("CARGO").map_or_else(|| "cargo".into(), ToOwned::to_owned);
    let output = Command::new(cargo)
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "--message-format",
            "json-render-diagnostics",
            "--manifest-path",
        ])
        .arg(manifest)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| {
            Failure::usage(&format!("cannot run cargo: {error}"), "install Rust: https://rustup.rs")
        })?;
    if !output.status.success() {
        let hint =
            format!("cargo says why above; a missing target is installed by: rustup target add {TARGET}");
        return Err(Failure::usage("the project does not build", &hint));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let artifacts = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let modules = artifacts.flat_map(|artifact| {
        let files = artifact.get("filenames").and_then(Value::as_array).cloned().unwrap_or_default();
        files.into_iter().filter_map(|file| file.as_str().map(PathBuf::from)).collect::<Vec<_>>()
    });
    let is_module = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wasm");
    // The project's own comes last, behind what it depends on.
    modules.filter(is_module).collect::<Vec<_>>().pop().ok_or_else(|| {
        Failure::usage("the project makes no WebAssembly", "its `[lib]` needs `crate-type = [\"cdylib\"]`")
    })
}

impl From<ScaffoldError> for Failure {
    fn from(error: ScaffoldError) -> Self {
        let hint = match &error {
            ScaffoldError::Name(_) => {
                "use lower-case letters, digits and `-`, and no name of a built-in component"
            }
            ScaffoldError::Exists(_) => "take another name, or --directory",
            ScaffoldError::Io { .. } => return Self::internal("plugin", error),
        };
        Self::usage(&error.to_string(), hint)
    }
}
