//! The properties of every entry of a deny list: the judge of the fuzz target `deny`, of its corpus, and of
//! generated entries.

use std::sync::LazyLock;

use deny_entry::{Decision, Row, Vocabulary, decide};

/// The clouds, each with its actions in the case for comparisons.
static CLOUDS: LazyLock<Vec<(&str, Vocabulary<'static>, Vec<String>)>> = LazyLock::new(|| {
    let folded = |vocabulary: Vocabulary<'static>| {
        let mut names = Vec::new();
        vocabulary.any(|name| {
            names.push(name.to_lowercase());
            false
        });
        names
    };
    Vocabulary::BUILT_IN.map(|(id, vocabulary)| (id, vocabulary, folded(vocabulary))).to_vec()
});

/// The maximum length in characters. It is longer than any real entry and keeps the time short.
const LONGEST: usize = 100;

/// Judges an entry with the rows of a mapping: the first line is the entry, the others are `PROVIDER ACTION`.
///
/// The entry is compared with every `stride`th action, from a start that the input decides.
pub fn judge(input: &[u8], stride: usize) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.lines();
    let entry: String =
        lines.next().unwrap_or_default().chars().filter(char::is_ascii).take(LONGEST).collect();
    let rows: Vec<Row> = lines
        .filter_map(|line| line.split_once(' '))
        .map(|(provider, action)| (provider.to_owned(), vec![action.to_owned()]))
        .collect();
    for (id, vocabulary, names) in CLOUDS.iter() {
        let sample: Vec<&String> =
            names.iter().skip(input.len() % stride).step_by(stride).collect();
        judge_on(&entry, id, *vocabulary, &sample, &rows);
    }
    let of = |id| decide(&entry, id, Vocabulary::Aws, &[]);
    assert_eq!(of("vault"), of("aws"), "`{entry}`");
}

/// Checks the property: if the filter would deny an action with an entry, the entry binds in that provider's
/// runs.
fn judge_on(entry: &str, id: &str, vocabulary: Vocabulary<'_>, sample: &[&String], rows: &[Row]) {
    let covered: Vec<&&String> = sample.iter().filter(|name| matches(entry, name)).collect();
    let decision = decide(entry, id, vocabulary, rows);
    match &decision {
        Decision::Binds(patterns) => {
            let denied = |name: &str| patterns.iter().any(|pattern| matches(pattern, name));
            assert!(covered.iter().all(|name| denied(name)), "`{entry}` on {id}: {patterns:?}");
            let some = sample.iter().any(|name| denied(name))
                || vocabulary.any(|name| denied(&name.to_lowercase()));
            assert!(some, "`{entry}` on {id} denies nothing: {patterns:?}");
        }
        Decision::Elsewhere | Decision::Nothing(_) => {
            assert!(covered.is_empty(), "`{entry}` on {id} is not bound: {covered:?}");
        }
    }
    if let Decision::Nothing(Some(meant)) = &decision {
        let is_known = |names: &[String]| names.iter().any(|name| matches(meant, name));
        assert!(
            CLOUDS.iter().any(|(_, _, names)| is_known(names)),
            "`{entry}` corrected to `{meant}`"
        );
    }
    // Case never matters, and a mapping only adds.
    let kind = |decision: &Decision| std::mem::discriminant(decision);
    let folded = decide(&entry.to_lowercase(), id, vocabulary, rows);
    assert_eq!(kind(&folded), kind(&decision), "`{entry}` on {id}: {folded:?} {decision:?}");
    if let Decision::Binds(alone) = decide(entry, id, vocabulary, &[]) {
        let Decision::Binds(patterns) = &decision else {
            panic!("`{entry}` on {id}: {decision:?}")
        };
        assert!(alone.iter().all(|pattern| patterns.contains(pattern)), "`{entry}` on {id}");
    }
}

/// Returns true if the pattern matches, in any case. This is the definition of a match: after a star, the
/// rest of the pattern is tried at each position.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<u8> = pattern.to_lowercase().into_bytes();
    let name = name.as_bytes();
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for symbol in pattern {
        let mut next = vec![false; name.len() + 1];
        for at in 0..=name.len() {
            next[at] = match symbol {
                b'*' => reached[..=at].contains(&true),
                b'?' => at > 0 && reached[at - 1],
                letter => at > 0 && reached[at - 1] && name[at - 1] == letter,
            };
        }
        if !next.contains(&true) {
            return false;
        }
        reached = next;
    }
    reached[name.len()]
}
