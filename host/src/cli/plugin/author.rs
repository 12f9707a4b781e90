//! What authors of components need: a project, a build, and a look at whether it behaves.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::ValueEnum;
use serde_json::Value;

use crate::components::Components;
use crate::console;
use crate::environment::Environment;
use crate::error::Failure;
use crate::plugin::component::short;
use crate::plugin::conformance::conformance;
use crate::plugin::manifest::World;
use crate::plugin::source::{Fetched, Place};
use crate::plugin::store::{InstallPlan, StoreError};
use crate::private_file;
use crate::scaffold::{Project, ScaffoldError};
use crate::settings::Settings;

const TARGET: &str = "wasm32-unknown-unknown";
/// A component does not behave.
const MISBEHAVES: u8 = 1;

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

/// Asks a component everything that one of its kind must have an answer to.
pub(super) fn test(
    environment: &Environment,
    settings: &Settings,
    target: &str,
    json: bool,
) -> Result<u8, Failure> {
    let place: Place = target.parse().map_err(StoreError::from)?;
    let plan = InstallPlan::new(place.fetch(environment).map_err(StoreError::from)?)?;
    let components = Components::open(settings)?;
    let checks = conformance(components.engine(), &plan)?;
    let failed = checks.iter().filter(|check| check.wrong.is_some()).count();
    if json {
        let rows = checks.iter().map(|check| serde_json::json!({ "check": check.name, "ok": check.wrong.is_none(), "wrong": check.wrong }));
        console::result(&Value::from(rows.collect::<Vec<_>>()).to_string());
    } else {
        let (world, contract) = (plan.manifest.world, &plan.manifest.contract);
        console::result(&format!(
            "ok     is of audex:plugin {contract}, and imports what a component of the kind {world} may"
        ));
        for check in &checks {
            match &check.wrong {
                None => console::result(&format!("ok     {}", check.name)),
                Some(wrong) => console::result(&format!("WRONG  {}: {wrong}", check.name)),
            }
        }
        console::result(&format!("{} of {} as it must be", checks.len() - failed + 1, checks.len() + 1));
    }
    Ok(if failed == 0 { 0 } else { MISBEHAVES })
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
