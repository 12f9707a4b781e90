//! node and componentize-js, which `tests/javascript/install.sh` installs and `make test` runs first.

use std::path::PathBuf;

use super::python;

/// Moves them, for install.sh and for the tests alike.
const PLACE: &str = "AUDEX_TEST_JAVASCRIPT";

/// Where they are. Panics with the command to run where they are not: a test without its tools proves nothing.
pub fn directory() -> PathBuf {
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
