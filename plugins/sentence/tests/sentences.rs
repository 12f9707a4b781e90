//! Tests of the engine's answers: the graded sentences, the rules, and the corpus of the fuzz target
//! `intent`.
//! `cargo test -p sentence graded -- --nocapture` prints the marks.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests: a panic is how a test says no, also outside of functions marked as one"
)]

use std::path::Path;

#[path = "support/grade.rs"]
mod grade;
#[path = "support/oracle.rs"]
mod oracle;
mod rules;

/// Checks the minimum marks. Raise the minimum when the engine improves; never lower it.
#[test]
fn the_graded_sentences_are_answered_at_least_as_well_as_before() {
    let marks = grade::grade(|text, provider| {
        let proposal = sentence::propose(text, provider).ok()?;
        Some((proposal.allow, proposal.resources))
    });
    println!("{marks}");
    assert_eq!(marks.wrong_grants, 0, "{marks}");
    assert_eq!(marks.too_wide, 0, "{marks}");
    assert_eq!(marks.fitting, marks.proposed, "{marks}");
    assert!(marks.met >= 90, "{marks}");
    assert!(marks.exact >= 56, "{marks}");
    assert!(marks.named >= 55, "{marks}");
}

#[test]
fn no_sentence_of_the_corpus_grants_what_it_rules_out() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/intent");
    let mut count = 0;
    for entry in std::fs::read_dir(&corpus).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        // Every negator, gap and verb at least once.
        for form in 0..27_u8 {
            let chosen = [form, form, 26 - form, form, form];
            oracle::judge(&[chosen.as_slice(), input.get(5..).unwrap_or_default()].concat());
        }
        oracle::judge(&input);
        count += 1;
    }
    assert!(count >= 8, "{count} inputs in {}", corpus.display());
}

/// Each negator with each gap, and each verb, join and sentence with some of them.
#[test]
fn no_way_to_say_no_is_lost() {
    for negator in 0..27_u8 {
        for gap in 0..27_u8 {
            let turn = negator.wrapping_mul(7).wrapping_add(gap.wrapping_mul(5));
            for (verb, asked) in [(0, 0), (turn, turn / 3)] {
                oracle::judge(&[verb, negator, gap, asked, turn]);
            }
        }
    }
}
