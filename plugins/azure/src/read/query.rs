//! The parameters of a request: each may be there once, in any case.

use audex_sdk::provider::SeenRequest;

use super::{Unread, ambiguous, shown};

/// Parameters that carry a token or a signature, or replace the method.
const REFUSED: [&str; 8] = [
    "access_token",
    "sig",
    "token",
    "_method",
    "$method",
    "$httpmethod",
    "httpmethod",
    "x-http-method",
];

/// The parameters of a request.
pub struct Query<'a>(&'a [(String, String)]);

impl<'a> Query<'a> {
    /// Reads the parameters.
    ///
    /// # Errors
    /// If one is there twice, or has a meaning that no reader knows.
    pub fn of(request: &'a SeenRequest) -> Result<Self, Unread> {
        let mut known: Vec<String> = Vec::new();
        for (name, _) in &request.query {
            let lower = name.to_ascii_lowercase();
            if REFUSED.contains(&lower.as_str()) {
                let reason = "carries a token or replaces the method";
                return Err(ambiguous(format!("the parameter `{}` {reason}", shown(name))));
            }
            if known.contains(&lower) {
                return Err(ambiguous(format!("the parameter `{}` is there twice", shown(name))));
            }
            known.push(lower);
        }
        Ok(Self(&request.query))
    }

    /// Returns the value of a parameter.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let mut values = self.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.as_str())
    }

    /// Returns every name and value.
    pub fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Rejects a parameter that is not in the list, which is in lower case.
    pub fn check_known(&self, known: &[&str]) -> Result<(), Unread> {
        let is_known = |name: &str| known.iter().any(|one| one.eq_ignore_ascii_case(name));
        match self.pairs().find(|(name, _)| !is_known(name)) {
            Some((name, _)) => {
                Err(ambiguous(format!("the parameter `{}` is not read", shown(name))))
            }
            None => Ok(()),
        }
    }

    /// Checks the version of the API, which must be there.
    pub fn check_version(&self) -> Result<(), Unread> {
        let version = self.get("api-version").unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let starts = version.starts_with(|c: char| c.is_ascii_digit());
        if starts && version.chars().all(is_plain) {
            return Ok(());
        }
        Err(ambiguous("the parameter `api-version` is missing or malformed".to_owned()))
    }
}
