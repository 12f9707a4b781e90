//! The venv with the real aws CLI and moto. `make test` runs `tests/python/install.sh` first, which makes it.

use std::path::{Path, PathBuf};

/// The variable that moves the venv, for install.sh and for the tests.
const VENV: &str = "AUDEX_TEST_VENV";

/// Returns the `bin` directory of the venv. If there is no venv, panics and names the command that makes it,
/// because a test without its client proves nothing.
pub(crate) fn binaries() -> PathBuf {
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

pub(crate) fn interpreter() -> PathBuf {
    binaries().join("python")
}

/// Returns the directory `tests`.
pub(crate) fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join("tests")
}
