//! Credentials of a session, by which the gateway sends requests on.

use aws_credential_types::Credentials;

use audex_core::secret::Secret;
use audex_wire::echo::Guard;

/// One set of a session's credentials.
pub struct Signer {
    kind: Kind,
    /// Searches answers for the credentials.
    pub(crate) guard: Guard,
}

enum Kind {
    Keys(Credentials),
    Tokens(Vec<Token>),
}

/// A bearer token, and the audience that it is for, if the cloud has several.
#[derive(Clone, Debug)]
pub struct Token {
    /// The audience, without the suffixes that clients append to it.
    pub audience: Option<String>,
    /// The token.
    pub secret: Secret,
}

impl Signer {
    /// Takes over AWS keys.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        let secret = Secret::new(credentials.secret_access_key().to_owned());
        let token = credentials.session_token().map(|token| Secret::new(token.to_owned()));
        let guard = Guard::new(std::iter::once(&secret).chain(&token));
        Self { kind: Kind::Keys(credentials), guard }
    }

    /// Takes over bearer tokens, at most one for each audience.
    #[must_use]
    pub fn of_tokens(tokens: Vec<Token>) -> Self {
        let guard = Guard::new(tokens.iter().map(|token| &token.secret));
        Self { kind: Kind::Tokens(tokens), guard }
    }

    /// Returns the AWS keys, if they are some.
    pub(crate) fn keys(&self) -> Option<&Credentials> {
        match &self.kind {
            Kind::Keys(credentials) => Some(credentials),
            Kind::Tokens(_) => None,
        }
    }

    /// Returns the token for exactly this audience, if there is one.
    pub(crate) fn token(&self, audience: Option<&str>) -> Option<&Secret> {
        let Kind::Tokens(tokens) = &self.kind else { return None };
        let found = tokens.iter().find(|token| token.audience.as_deref() == audience);
        found.map(|token| &token.secret)
    }
}
