//! Tokens that this run has already received, so that no source is asked twice for the same token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Token;
use audex_core::clock;
use audex_core::secret::Secret;

/// The minimum remaining lifetime. A token that ends sooner is requested again, because its use takes some
/// time.
const LEAST_LIFE_SECONDS: u64 = 300;

/// A store of tokens in memory, for one run.
#[derive(Default)]
pub struct Tokens(Mutex<HashMap<String, Token>>);

impl Tokens {
    /// Returns the token for `question`, if a stored one is valid for a while yet. `question` names the owner
    /// and the purpose.
    #[must_use]
    pub fn get(&self, question: &str) -> Option<Token> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let least = clock::unix_seconds().saturating_add(LEAST_LIFE_SECONDS);
        known
            .get(question)
            .filter(|token| token.expires_at.is_some_and(|ends| ends > least))
            .cloned()
    }

    /// Returns the texts of all stored tokens, including expired ones.
    #[must_use]
    pub fn values(&self) -> Vec<Secret> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().map(|token| token.value.clone()).collect()
    }

    /// Stores `token` if its end is known.
    pub fn keep(&self, question: String, token: &Token) {
        if token.expires_at.is_some() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(question, token.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_for_its_own_question_while_it_lives() {
        let tokens = Tokens::default();
        let token = |expires_at| Token { value: Secret::new("t".to_owned()), expires_at };
        tokens.keep("gcp a".to_owned(), &token(Some(clock::unix_seconds() + 3600)));
        tokens.keep("gcp b".to_owned(), &token(Some(clock::unix_seconds() + 60)));
        tokens.keep("gcp c".to_owned(), &token(None));
        assert!(tokens.get("gcp a").is_some());
        assert!(["gcp b", "gcp c", "gcp d"].iter().all(|question| tokens.get(question).is_none()));
    }
}
