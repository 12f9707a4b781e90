//! Credentials of a session, by which the gateway signs.

use aws_credential_types::Credentials;

use audex_core::secret::Secret;
use audex_wire::echo::Guard;

/// One set of a session's credentials.
pub struct Signer {
    pub(crate) credentials: Credentials,
    /// Searches answers for the credentials.
    pub(crate) guard: Guard,
}

impl Signer {
    /// Takes over `credentials`.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        let secret = Secret::new(credentials.secret_access_key().to_owned());
        let token = credentials.session_token().map(|token| Secret::new(token.to_owned()));
        let guard = Guard::new(std::iter::once(&secret).chain(&token));
        Self { credentials, guard }
    }
}
