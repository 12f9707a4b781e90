//! An intent engine that looks words up in a table: no model, no network, the same answer every time.

use audex_sdk::intent::{Candidate, Error, ErrorKind, Intent, Proposal};

struct Table;

/// A word and its actions. The host checks a proposal like any text that a user types.
const WORDS: [(&str, &[&str]); 2] =
    [("report", &["s3:GetObject", "s3:ListBucket"]), ("queue", &["sqs:SendMessage"])];

impl Intent for Table {
    fn translate(text: String, _provider: String) -> Result<Proposal, Error> {
        let text = text.to_lowercase();
        let found = WORDS.iter().filter(|(word, _)| text.contains(word));
        let candidates: Vec<Candidate> = found
            .flat_map(|(word, actions)| actions.iter().map(move |action| (word, action)))
            .map(|(word, action)| Candidate {
                action: (*action).into(),
                score: 100,
                reason: format!("the sentence has `{word}`"),
            })
            .collect();
        if candidates.is_empty() {
            return Err(Error {
                kind: ErrorKind::InvalidInput,
                code: "no-word".into(),
                message: "no word of the sentence is in the table".into(),
                hint: Some("write `report` or `queue`".into()),
            });
        }
        let allow = candidates.iter().map(|candidate| candidate.action.clone()).collect();
        let description = "what the words of the sentence stand for".into();
        Ok(Proposal { allow, resources: vec![], description, candidates })
    }
}

audex_sdk::intent!(Table);
