//! An intent engine that always proposes the same, and says in its description what it was given.

use audex_sdk::intent::{Error, Intent, Proposal, settings};

struct Fixed;

impl Intent for Fixed {
    fn translate(text: String, provider: String) -> Result<Proposal, Error> {
        Ok(Proposal {
            allow: vec!["s3:GetObject".to_owned(), "nonsense".to_owned()],
            resources: Vec::new(),
            description: format!("{provider}: {text} ({})", settings::get("model").unwrap_or_default()),
            candidates: Vec::new(),
        })
    }
}

audex_sdk::intent!(Fixed);
