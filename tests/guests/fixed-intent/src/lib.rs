//! An intent engine that always proposes the same, and says in its description what it was given.

use audex_sdk::intent::{Error, Intent, Proposal, settings};

#[path = "../../case.rs"]
mod case;

struct Fixed;

impl Intent for Fixed {
    fn translate(text: String, provider: String) -> Result<Proposal, Error> {
        case::play(case::case().strip_prefix("translate-").unwrap_or_default());
        Ok(Proposal {
            allow: vec!["s3:GetObject".to_owned(), "nonsense".to_owned()],
            resources: Vec::new(),
            description: format!(
                "{provider}: {text} ({})",
                settings::get("model").unwrap_or_default()
            ),
            candidates: Vec::new(),
        })
    }
}

audex_sdk::intent!(Fixed);
