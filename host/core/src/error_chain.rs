//! An error and its causes.

use std::error::Error;
use std::iter::successors;

/// More causes than any library chains. Keeps a library whose errors form a circle from hanging the program.
const MAX_LINKS: usize = 16;

/// Returns `error` and its causes, outermost first.
pub fn links<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |error| (*error).source()).take(MAX_LINKS)
}

/// Returns the message of the innermost cause, which is the most specific one.
#[must_use]
pub fn innermost(error: &(dyn Error + 'static)) -> String {
    links(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Returns the messages of `error` and its causes as one line.
#[must_use]
pub fn line(error: &(dyn Error + 'static)) -> String {
    links(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Link(&'static str, #[source] Option<Box<Link>>);

    /// An error that is its own cause.
    #[derive(Debug)]
    struct Circle;

    impl std::fmt::Display for Circle {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("circle")
        }
    }

    impl Error for Circle {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }

    #[test]
    fn a_chain_has_every_cause_and_an_end() {
        let chain =
            Link("outer", Some(Box::new(Link("middle", Some(Box::new(Link("inner", None)))))));
        assert_eq!(line(&chain), "outer: middle: inner");
        assert_eq!(innermost(&chain), "inner");
        assert_eq!(links(&Circle).count(), MAX_LINKS);
    }
}
