//! The installation of node and componentize-js. `make test` runs `tests/javascript/install.sh` first.

use std::path::PathBuf;

use super::python;

/// The variable that moves the installation, for install.sh and for the tests.
const PLACE: &str = "AUDEX_TEST_JAVASCRIPT";

/// Returns the directory of the installation. If it is missing, panics and names the command that installs
/// it, because a test without its tools proves nothing.
pub(crate) fn directory() -> PathBuf {
    let tests = python::tests();
    let place = std::env::var_os(PLACE).map_or_else(|| tests.join(".javascript"), PathBuf::from);
    assert!(
        place.join(".audex-complete").is_file(),
        "no componentize-js in `{}`: run `{}`",
        place.display(),
        tests.join("javascript/install.sh").display()
    );
    place.canonicalize().unwrap()
}
