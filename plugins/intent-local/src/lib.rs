//! The local intent engine, which calls no service: the grammar and the tables of the crate `sentence` as a
//! component.

use audex_sdk::intent::{Candidate, Error, ErrorKind, Intent, Proposal};
use sentence::Trouble;

struct Local;

impl Intent for Local {
    fn translate(text: String, provider: String) -> Result<Proposal, Error> {
        sentence::propose(&text, &provider).map(proposal).map_err(|trouble| error(&trouble))
    }
}

audex_sdk::intent!(Local);

/// The score of every action: the sentence itself names it.
const SAID: u32 = 90;

fn proposal(found: sentence::Proposal) -> Proposal {
    let sentence::Proposal { allow, resources, description, reasons } = found;
    let candidates = allow.iter().zip(reasons);
    let candidates = candidates
        .map(|(action, reason)| Candidate { action: action.clone(), score: SAID, reason })
        .collect();
    Proposal { allow, resources, description, candidates }
}

fn error(trouble: &Trouble) -> Error {
    Error {
        kind: ErrorKind::InvalidInput,
        code: if trouble.is_broad() { "too-broad" } else { "not-understood" }.to_owned(),
        message: trouble.to_string(),
        hint: Some(trouble.hint()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_a_proposal_with_its_reasons() {
        let found = Local::translate("Read only from my-bucket in S3".to_owned(), "aws".to_owned())
            .unwrap();
        assert_eq!(
            (found.allow, found.resources),
            (vec!["s3:GetObject".to_owned()], vec!["arn:aws:s3:::my-bucket/*".to_owned()])
        );
        assert_eq!(found.candidates.len(), 1);
        assert_eq!(found.candidates[0].score, SAID);
    }

    #[test]
    fn what_is_not_understood_is_a_question_with_a_hint() {
        for (text, code) in
            [("make me a sandwich", "not-understood"), ("give me admin", "too-broad")]
        {
            let error = Local::translate(text.to_owned(), "aws".to_owned()).unwrap_err();
            assert_eq!(error.code, code, "{text}");
            assert!(error.hint.is_some_and(|hint| !hint.is_empty()));
        }
    }
}
