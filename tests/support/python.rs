//! The venv with the real aws CLI and moto, which `tests/python/install.sh` makes and `make test` runs first.

use std::path::{Path, PathBuf};

/// Moves the venv, for install.sh and for the tests alike.
const VENV: &str = "AUDEX_TEST_VENV";

/// The venv's `bin`. Panics with the command to run where there is none: a test without its client proves nothing.
pub fn binaries() -> PathBuf {
    let tests = tests();
    let venv = std::env::var_os(VENV).map_or_else(|| tests.join(".venv"), PathBuf::from);
    assert!(
        venv.join(".audex-complete").is_file(),
        "no aws CLI and moto in `{}`: run `{}`",
        venv.display(),
        tests.join("python/install.sh").display()
    );
    venv.canonicalize().unwrap().join("bin")
}

/// The venv's interpreter.
pub fn interpreter() -> PathBuf {
    binaries().join("python")
}

/// The folder `tests`.
pub fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join("tests")
}
