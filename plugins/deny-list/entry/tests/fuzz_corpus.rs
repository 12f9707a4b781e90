//! Judges the corpus of the fuzz target `deny`, and entries made from the names of every catalogue, in every
//! run.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a panic is how a test says no, also outside of functions marked as one"
)]

use std::path::Path;

use deny_entry::Vocabulary;

#[path = "support/oracle.rs"]
mod oracle;

/// The step between the names of a catalogue that become entries: some dozens from each cloud.
const STEP: usize = 499;

#[test]
fn what_a_filter_would_deny_is_denied_or_nothing_runs() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/deny");
    let mut count = 0;
    for entry in std::fs::read_dir(&corpus).unwrap() {
        oracle::judge(&std::fs::read(entry.unwrap().path()).unwrap(), 1);
        count += 1;
    }
    assert!(count >= 8, "{count} inputs in {}", corpus.display());
}

#[test]
fn generated_entries_of_every_catalogue_bind_or_are_refused() {
    let mut judged = 0;
    for (_, vocabulary) in Vocabulary::BUILT_IN {
        let mut names = Vec::new();
        vocabulary.any(|name| {
            names.push(name.to_owned());
            false
        });
        for (turn, name) in names.iter().step_by(STEP).enumerate() {
            for entry in spellings(name, turn) {
                oracle::judge(entry.as_bytes(), 1);
                judged += 1;
            }
        }
    }
    assert!(judged > 200, "{judged}");
}

/// Returns ways to write an entry that covers `name`, and typing slips, selected by `turn`.
fn spellings(name: &str, turn: usize) -> Vec<String> {
    let at = 1 + turn * 7 % (name.len() - 1);
    let (head, tail) = name.split_at(at);
    let wild = match turn % 6 {
        0 => format!("{head}*"),
        1 => format!("*{tail}"),
        2 => format!("{head}*{}", &tail[tail.len() / 2..]),
        3 => format!("{head}?{}", &tail[1..]),
        4 => format!("*{}*", &name[at / 2..at]),
        _ => format!("?{}*", &name[1..at.max(1)]),
    };
    let cased = if turn.is_multiple_of(2) { wild.to_uppercase() } else { wild.to_lowercase() };
    vec![wild, cased, format!("{head}{}", &tail[1..]), format!("{head}x{tail}")]
}
