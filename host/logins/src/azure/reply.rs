//! Conversion of what `azure_identity` returns into this crate's token or error.

use std::error::Error;
use std::io;

use azure_core::credentials::AccessToken;

use crate::token::{Token, TokenError, Why};
use audex_core::secret::Secret;

/// Returns the library's token, or the error of this crate that made the library fail, otherwise `unreadable`.
///
/// Security: the text of the library's own error is never shown, because its parser may quote the reply.
pub(super) fn token(
    reply: azure_core::Result<AccessToken>,
    unreadable: impl FnOnce() -> TokenError,
) -> Result<Token, TokenError> {
    match reply {
        Ok(token) if token.token.secret().is_empty() => Err(unreadable()),
        Ok(token) => {
            let value = Secret::new(token.token.secret().to_owned());
            Ok(Token { value, expires_at: token.expires_on.unix_timestamp().try_into().ok() })
        }
        Err(error) => Err(cause(&error).unwrap_or_else(unreadable)),
    }
}

/// Returns the error for a server's reply that is not one with a token.
pub(super) fn unreadable() -> TokenError {
    TokenError::new(Why::Unavailable, "source-reply", "the reply holds no access token")
}

fn cause(error: &(dyn Error + 'static)) -> Option<TokenError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(own) = error.downcast_ref::<TokenError>() {
            return Some(own.clone());
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}
