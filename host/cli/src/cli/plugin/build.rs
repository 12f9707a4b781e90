//! `tryaudex plugin build`: builds a component from the project in a directory, in any supported language.

mod javascript;
mod metadata;
mod python;
mod rust;
mod tool;

use std::path::{Path, PathBuf};

use crate::console;
use crate::failure::Failure;
use audex_components::component::short;
use audex_core::environment::Environment;
use audex_core::private_file;
use audex_registry::source::Fetched;
use audex_registry::store::{InstallPlan, StoreError};

/// A function that builds the project in a directory and returns the bytes of the component.
type Build = fn(&Environment, &Path) -> Result<Vec<u8>, Failure>;

/// The manifest file of each language, with its build function.
const LANGUAGES: [(&str, Build); 3] = [
    ("Cargo.toml", rust::build),
    ("pyproject.toml", python::build),
    ("package.json", javascript::build),
];

/// Builds the project in `directory`. The component is written next to its manifest, completely or not at
/// all.
pub(super) fn build(environment: &Environment, directory: &Path) -> Result<(), Failure> {
    let is_there = |(manifest, _): &&(&str, Build)| directory.join(manifest).is_file();
    let found: Vec<_> = LANGUAGES.iter().filter(is_there).collect();
    let (manifest, build) = match found.as_slice() {
        [one] => **one,
        [] => {
            let message = format!("there is no project in `{}`", directory.display());
            return Err(Failure::usage(
                &message,
                "make one: tryaudex plugin new NAME --kind filter",
            ));
        }
        several => {
            let names: Vec<_> =
                several.iter().map(|(manifest, _)| format!("`{manifest}`")).collect();
            let message = format!("`{}` has {}", directory.display(), names.join(" and "));
            return Err(Failure::usage(
                &message,
                "a component is of one language: keep one of them beside it",
            ));
        }
    };
    let bytes = build(environment, directory)?;
    let origin = directory.join(manifest).display().to_string();
    let fetched = Fetched { bytes, signature: None, origin, led_to: Vec::new(), is_local: true };
    let plan = InstallPlan::new(fetched).map_err(unfit)?;
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

/// Returns the failure for a build that cannot be installed, in words for its author instead of for a user.
fn unfit(error: StoreError) -> Failure {
    let wrong = match error {
        StoreError::Unfit { reason, .. } => reason,
        StoreError::Manifest { source, .. } => Failure::internal("plugin", source).line(),
        error @ StoreError::BuiltInOnly { .. } => error.to_string(),
        other => return other.into(),
    };
    Failure::usage(
        &format!("what was built cannot be installed: {wrong}"),
        "correct it, and build again",
    )
}

/// Returns the absolute path of the project, which is valid in any working directory.
fn absolute(directory: &Path) -> Result<PathBuf, Failure> {
    directory.canonicalize().map_err(|error| Failure::internal("plugin", error))
}
