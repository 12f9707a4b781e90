//! Hides values that no message may show in the texts of a failure.

use super::Failure;
use audex_core::shape::Misplaced;

impl Failure {
    /// Returns the failure with the values of variables hidden, except values of a shape that may be shown.
    #[must_use]
    pub fn without(self, misplaced: &Misplaced) -> Self {
        let texts: Vec<String> = std::iter::once(self.message()).chain(self.causes()).collect();
        let hidden: Vec<String> =
            texts.iter().map(|text| misplaced.hide(text).into_owned()).collect();
        let hint = self.hint.as_deref().map(|hint| misplaced.hide(hint).into_owned());
        if hidden == texts {
            return Self { hint, ..self };
        }
        let error = hidden
            .into_iter()
            .rev()
            .fold(None, |next, message| Some(Box::new(Told { message, next })));
        match error {
            Some(error) => Self { hint, error, ..self },
            None => Self { hint, ..self },
        }
    }
}

/// The changed message of an error, with the changed messages of its causes.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Told {
    message: String,
    #[source]
    next: Option<Box<Told>>,
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use audex_core::environment::Environment;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot use `{0}`")]
    struct Outer(String, #[source] std::io::Error);

    #[test]
    fn a_value_that_may_not_be_shown_is_taken_out_of_message_causes_and_hint() {
        let value = "planted token, and no path of any file";
        let misplaced = Misplaced::of(&Environment::from_pairs([("SOME_FILE", value)]));
        let failure = || {
            let error =
                Outer(value.to_owned(), std::io::Error::other(format!("no such file: {value}")));
            Failure::internal("mint", error).hinting(format!("create {value}"))
        };
        let hidden = failure().without(&misplaced);
        let said = format!("{} {:?} {hidden:?}", hidden.line(), hidden.hint);
        assert!(!said.contains("planted"), "{said}");
        assert_eq!(
            hidden.line(),
            "cannot use `[value of SOME_FILE]`: no such file: [value of SOME_FILE]"
        );
        assert_eq!((hidden.kind, hidden.stage), (Kind::Internal, "mint"));
        let nothing = Misplaced::default();
        assert_eq!(failure().without(&nothing).line(), failure().line());
    }
}
