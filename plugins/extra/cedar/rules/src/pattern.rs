//! How a pattern that is asked for stands to a pattern that a policy speaks of.
//!
//! Security: whatever is not certain is [`Relation::Overlaps`], which permits nothing and escapes no forbid.

use audex_sdk::pattern::{Symbol, intersects_symbols, is_wild, symbols};
use cedar_policy::pst::PatternElem;

/// How all that is asked for stands to all that a test is true of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The test is true of everything asked for.
    Inside,
    /// The test is true of nothing asked for.
    Apart,
    /// Of some of it, or nobody can say.
    Overlaps,
}

/// A pattern's places, as written and without the case of ASCII letters.
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

    /// Reads no wildcards.
    #[must_use]
    pub fn exact(text: &str) -> Self {
        Self::new(text.chars().map(Symbol::Literal).collect())
    }

    /// What is on the right of Cedar's `like`: there `?` is a character, and `\*` a star.
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

    /// Whether everything that `narrow` matches is matched by this. Never true wrongly.
    #[must_use]
    pub fn covers(&self, narrow: &Self) -> bool {
        !differ(&self.places, &narrow.places) && covers(&self.places, &narrow.places)
    }

    /// Whether some text is matched by both. Never false wrongly, whether or not the cloud tells the cases of letters apart.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        !differ(&self.folded, &other.folded) && intersects_symbols(&self.folded, &other.folded)
    }

    /// Whether it is a single text.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.places.iter().all(|place| matches!(place, Symbol::Literal(_)))
    }
}

/// How all of `asked` together stand to all of `test` together.
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

/// Whether they differ before the first wildcard: most names do, and then there is nothing to work out.
fn differ(left: &[Symbol], right: &[Symbol]) -> bool {
    let literal = |(left, right): &(&Symbol, &Symbol)| {
        matches!((left, right), (Symbol::Literal(_), Symbol::Literal(_)))
    };
    left.iter().zip(right).take_while(literal).any(|(left, right)| left != right)
}

/// Walks `wide`; `reached` says for each place of `narrow` whether what is before it can have been taken.
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

/// Whether a name in a policy is a pattern.
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
            last = last.iter().flat_map(|word| ["a", "B", "*", "?"].map(|c| format!("{word}{c}"))).collect();
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
