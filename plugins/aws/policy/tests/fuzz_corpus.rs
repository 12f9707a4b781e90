//! The corpus of the fuzz target `action`, checked in every run; `make fuzz` finds more inputs.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a panic is how a test says no, also outside of functions marked as one"
)]

use std::path::Path;

mod oracle;

#[test]
fn actions_are_accepted_as_what_they_are_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/action");
    let mut count = 0;
    for entry in std::fs::read_dir(&corpus).unwrap() {
        oracle::judge(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 8, "{count} inputs in {}", corpus.display());
}
