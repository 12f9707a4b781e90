//! Read-only profiles: what they leave out, and patterns for the rest.
//!
//! A profile is two files: `left-out.txt`, written by hand, and the patterns that a test of the provider makes
//! from it and the catalogue. A pattern matches no known name that the profile does not hold.

use audex_sdk::pattern;

/// Names that a read-only profile leaves out although they read, for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omission<'a> {
    /// The reason, as a short phrase.
    pub reason: &'a str,
    /// The address of the document that says so.
    pub source: &'a str,
    /// The patterns, in the provider's syntax.
    pub patterns: Vec<&'a str>,
}

/// Reads omissions: a line `[reason | source]`, then one pattern a line. Lines that begin with `#` are
/// comments.
#[must_use]
pub fn omissions(text: &str) -> Vec<Omission<'_>> {
    let mut all: Vec<Omission<'_>> = Vec::new();
    for line in text.lines().map(str::trim) {
        let head = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some((reason, source)) = head.and_then(|head| head.split_once('|')) {
            all.push(Omission {
                reason: reason.trim(),
                source: source.trim(),
                patterns: Vec::new(),
            });
        } else if let Some(last) =
            all.last_mut().filter(|_| !line.is_empty() && !line.starts_with('#'))
        {
            last.patterns.push(line);
        }
    }
    all
}

/// Returns the patterns of a generated file: every line that is not a comment.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// A name of the catalogue, with a mark for those that a profile holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name, as the provider writes it.
    pub text: String,
    /// True if the profile holds the name.
    pub held: bool,
}

/// Returns patterns that match every held name and no other name. `names` are the names of one service;
/// `wider` returns the patterns that may stand for a name, the widest first.
#[must_use]
pub fn patterns(names: &[Name], wider: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let matches =
        |pattern: &str, name: &Name| pattern::matches_ignore_ascii_case(pattern, &name.text);
    for name in names.iter().filter(|name| name.held) {
        if found.iter().any(|pattern| matches(pattern, name)) {
            continue;
        }
        let is_exact = |pattern: &String| {
            let meant: Vec<&Name> = names.iter().filter(|other| matches(pattern, other)).collect();
            matches(pattern, name) && meant.len() > 1 && meant.iter().all(|other| other.held)
        };
        let chosen = wider(&name.text).into_iter().find(is_exact);
        found.push(chosen.unwrap_or_else(|| name.text.clone()));
    }
    // A later pattern may cover an earlier one.
    let covered = |place: usize, pattern: &str| {
        found
            .iter()
            .enumerate()
            .any(|(other, wide)| other != place && pattern::covers(wide, pattern))
    };
    let kept = found.iter().enumerate().filter(|(place, pattern)| !covered(*place, pattern));
    kept.map(|(_, pattern)| pattern.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(texts: &[(&str, bool)]) -> Vec<Name> {
        texts.iter().map(|&(text, held)| Name { text: text.to_owned(), held }).collect()
    }

    fn starts(name: &str) -> Vec<String> {
        (1..name.len()).map(|end| format!("{}*", &name[..end])).collect()
    }

    #[test]
    fn a_pattern_stands_for_held_names_alone() {
        let all = names(&[("GetA", true), ("GetAb", true), ("GetSecret", false), ("PutA", false)]);
        assert_eq!(patterns(&all, starts), ["GetA*"]);
    }

    #[test]
    fn a_name_that_no_pattern_is_exact_for_stands_for_itself() {
        let all = names(&[("GetA", true), ("GetAb", false), ("Lone", true)]);
        assert_eq!(patterns(&all, starts), ["GetA", "Lone"]);
    }

    #[test]
    fn omissions_have_a_reason_and_a_source() {
        let text = "# comment\n[secrets | https://a]\nx:Get*\n\n[people | https://b]\ny:List\n";
        let [first, second] = &omissions(text)[..] else { panic!("two omissions") };
        assert_eq!(
            (first.reason, first.source, &first.patterns[..]),
            ("secrets", "https://a", &["x:Get*"][..])
        );
        assert_eq!((second.reason, second.patterns.as_slice()), ("people", &["y:List"][..]));
        assert_eq!(lines("# a\nb\n\nc\n").collect::<Vec<_>>(), ["b", "c"]);
    }
}
