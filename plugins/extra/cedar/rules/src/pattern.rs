//! Compares a requested pattern with a pattern in a policy.
//!
//! Security: every uncertain case is [`Relation::Overlaps`], which permits nothing and escapes no forbid.

use audex_sdk::pattern::{Symbol, intersects_symbols, is_wild, symbols};
use cedar_policy::pst::PatternElem;

/// The relation of everything requested to everything for which a test is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The test is true of everything requested.
    Inside,
    /// The test is true of nothing requested.
    Apart,
    /// The test is true of some of it, or the result is uncertain.
    Overlaps,
}

/// The symbols of a pattern, as written and with folded ASCII case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    places: Vec<Symbol>,
    folded: Vec<Symbol>,
}

impl Pattern {
    /// Reads `*` and `?` as wildcards, as clouds do.
    #[must_use]
    pub fn glob(text: &str) -> Self {
        Self::new(symbols(text))
    }

    /// Reads a text without wildcards.
    #[must_use]
    pub fn exact(text: &str) -> Self {
        Self::new(text.chars().map(Symbol::Literal).collect())
    }

    /// Reads the right side of Cedar's `like`, where `?` is a character, and `\*` a star.
    #[must_use]
    pub fn like(elements: &[PatternElem]) -> Self {
        let place = |element: &PatternElem| match element {
            PatternElem::Char(character) => Symbol::Literal(*character),
            PatternElem::Wildcard => Symbol::Any,
        };
        Self::new(elements.iter().map(place).collect())
    }

    fn new(places: Vec<Symbol>) -> Self {
        let fold = |place: &Symbol| match place {
            Symbol::Literal(character) => Symbol::Literal(character.to_ascii_lowercase()),
            other => *other,
        };
        let folded = places.iter().map(fold).collect();
        Self { places, folded }
    }

    /// Returns true if this pattern matches everything that `narrow` matches. Never true wrongly.
    #[must_use]
    pub fn covers(&self, narrow: &Self) -> bool {
        !differ(&self.places, &narrow.places) && covers(&self.places, &narrow.places)
    }

    /// Returns true if both patterns match some common text. Never false wrongly, for clouds with and without
    /// case.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        !differ(&self.folded, &other.folded) && intersects_symbols(&self.folded, &other.folded)
    }

    /// Returns true if the pattern is a single text.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.places.iter().all(|place| matches!(place, Symbol::Literal(_)))
    }
}

/// Returns the relation of all of `asked` together to all of `test` together.
#[must_use]
pub fn relation(asked: &[Pattern], test: &[Pattern]) -> Relation {
    if asked.iter().all(|asked| test.iter().any(|test| test.covers(asked))) {
        return Relation::Inside;
    }
    if asked.iter().any(|asked| test.iter().any(|test| test.intersects(asked))) {
        return Relation::Overlaps;
    }
    Relation::Apart
}

/// Returns true if the patterns differ before the first wildcard: most names do, and this check is cheap.
fn differ(left: &[Symbol], right: &[Symbol]) -> bool {
    let literal = |(left, right): &(&Symbol, &Symbol)| {
        matches!((left, right), (Symbol::Literal(_), Symbol::Literal(_)))
    };
    left.iter().zip(right).take_while(literal).any(|(left, right)| left != right)
}

/// Walks `wide`; `reached` marks each place of `narrow` up to which the text can be matched so far.
fn covers(wide: &[Symbol], narrow: &[Symbol]) -> bool {
    let mut reached = vec![false; narrow.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for place in wide {
        reached = if *place == Symbol::Any {
            reached
                .iter()
                .scan(false, |seen, here| {
                    *seen |= here;
                    Some(*seen)
                })
                .collect()
        } else {
            let takes = |(symbol, here): (&Symbol, &bool)| *here && takes_one(*place, *symbol);
            std::iter::once(false).chain(narrow.iter().zip(&reached).map(takes)).collect()
        };
    }
    reached.last() == Some(&true)
}

fn takes_one(place: Symbol, symbol: Symbol) -> bool {
    match (place, symbol) {
        (Symbol::Literal(wanted), Symbol::Literal(found)) => wanted == found,
        (Symbol::One, Symbol::Literal(_) | Symbol::One) => true,
        _ => false,
    }
}

/// Returns true if a name in a policy is a pattern.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    is_wild(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use audex_sdk::pattern;

    fn words() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..4 {
            last = last
                .iter()
                .flat_map(|word| ["a", "B", "*", "?"].map(|c| format!("{word}{c}")))
                .collect();
            all.extend(last.clone());
        }
        all
    }

    #[test]
    fn covering_is_what_the_sdk_says_it_is() {
        for wide in words() {
            for narrow in words() {
                let ours = Pattern::glob(&wide).covers(&Pattern::glob(&narrow));
                assert_eq!(ours, pattern::covers(&wide, &narrow), "{wide} {narrow}");
            }
        }
    }

    #[test]
    fn meeting_is_what_the_sdk_says_it_is() {
        for left in words() {
            for right in words() {
                let ours = Pattern::glob(&left).intersects(&Pattern::glob(&right));
                let [left, right] = [&left, &right].map(|text| text.to_lowercase());
                assert_eq!(ours, pattern::intersects(&left, &right), "{left} {right}");
            }
        }
    }

    #[test]
    fn letters_of_another_case_are_not_certain() {
        let [asked, test] = ["arn:B/*", "arn:b/*"].map(|text| vec![Pattern::glob(text)]);
        assert_eq!(relation(&asked, &test), Relation::Overlaps);
        assert_eq!(relation(&asked, &asked), Relation::Inside);
        assert_eq!(relation(&asked, &[Pattern::glob("arn:c*")]), Relation::Apart);
    }

    #[test]
    fn a_star_of_like_that_is_escaped_covers_no_wildcard() {
        let like = Pattern::like(&[PatternElem::Char('a'), PatternElem::Char('*')]);
        assert!(!like.covers(&Pattern::glob("a*")));
        assert!(like.intersects(&Pattern::glob("a*")));
        assert!(!like.intersects(&Pattern::glob("ab")));
    }

    #[test]
    fn nothing_is_inside_of_no_test() {
        assert_eq!(relation(&[Pattern::glob("*")], &[]), Relation::Apart);
    }
}
