//! The generated parts of `docs/gateway.md`.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Set, the parts are written instead of compared.
const WRITE: &str = "AUDEX_WRITE_DOCS";

/// Compares a part of the page with `expected`, or writes it.
#[expect(clippy::disallowed_methods, reason = "the variable is for the developer of a test")]
pub(super) fn check(part: &str, expected: &str) {
    static WRITING: Mutex<()> = Mutex::new(());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/gateway.md");
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {part}: "), format!("<!-- /{part} -->"));
    let place = || {
        let start = page.find(&begin)?;
        let start = start + page[start..].find('\n')? + 1;
        Some(start..start + page[start..].find(&end)?)
    };
    let place = place().unwrap_or_else(|| panic!("docs/gateway.md has no part `{part}`"));
    if std::env::var_os(WRITE).is_some() {
        let written = format!("{}{expected}{}", &page[..place.start], &page[place.end..]);
        std::fs::write(&path, written).unwrap();
    } else {
        let is_same = &page[place] == expected;
        assert!(is_same, "docs/gateway.md is out of step: write it again with {WRITE}=1");
    }
}
