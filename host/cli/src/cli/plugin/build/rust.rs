//! Builds a project in Rust with cargo. The module already contains its manifest.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::failure::Failure;
use audex_core::environment::Environment;

const TARGET: &str = "wasm32-unknown-unknown";

pub(super) fn build(environment: &Environment, directory: &Path) -> Result<Vec<u8>, Failure> {
    let module = compile(environment, &directory.join("Cargo.toml"))?;
    std::fs::read(&module).map_err(|error| Failure::internal("plugin", error))
}

/// Runs cargo and returns the path of the built module.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo is the author's tool, not a command with credentials"
)]
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
        let hint = format!(
            "cargo says why above; a missing target is installed by: rustup target add {TARGET}"
        );
        return Err(Failure::usage("the project does not build", &hint));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let artifacts = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let modules = artifacts.flat_map(|artifact| {
        let files =
            artifact.get("filenames").and_then(Value::as_array).cloned().unwrap_or_default();
        files.into_iter().filter_map(|file| file.as_str().map(PathBuf::from)).collect::<Vec<_>>()
    });
    let is_module = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wasm");
    // The module of the project comes last, after the modules of its dependencies.
    modules.filter(is_module).collect::<Vec<_>>().pop().ok_or_else(|| {
        Failure::usage(
            "the project makes no WebAssembly",
            "its `[lib]` needs `crate-type = [\"cdylib\"]`",
        )
    })
}
