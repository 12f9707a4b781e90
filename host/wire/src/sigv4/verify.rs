//! Verifies the signature of a claim in the headers: the request is signed again, and the signatures are compared.

use std::borrow::Cow;

use audex_core::secret::{Secret, equal};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::SignableBody;
use http::HeaderValue;
use http::request::Parts;
use http::uri::PathAndQuery;

use super::claim::{Claim, Rejected};
use super::{Scope, settings, signing};
use crate::header::header;

/// The encoding in which a client and its endpoint read header values that are not ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As UTF-8.
    Utf8,
    /// As ISO 8859-1, one character for each byte: the old rule of HTTP/1.1, which HTTP libraries of Python
    /// and Node.js follow.
    Latin1,
}

impl Reading {
    /// Returns `value` as text; `None` if `value` is invalid in this encoding.
    #[must_use]
    pub fn text(self, value: &HeaderValue) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(value.as_bytes()).ok().map(Cow::Borrowed),
            Self::Latin1 => Some(value.as_bytes().iter().map(|byte| char::from(*byte)).collect()),
        }
    }
}

impl Claim {
    /// Checks that this claim, read from the request's headers, was signed with `secret` for this request. Returns the
    /// encoding of header values with which the signature matches.
    ///
    /// # Errors
    /// [`Rejected::BadSignature`], or [`Rejected::Malformed`] if the signature cannot be computed.
    pub fn verify(
        &self,
        parts: &Parts,
        secret: &Secret,
        body: &SignableBody<'_>,
    ) -> Result<Reading, Rejected> {
        let matches_in = |reading| self.is_signed(parts, secret, body, reading);
        let mut covered = self.signed_headers.iter().flat_map(|name| parts.headers.get_all(name));
        // The encoding matters only for values that are not ASCII. If no encoding matches, the signature is bad.
        let is_ascii = covered.all(|value| value.as_bytes().is_ascii());
        match matches_in(Reading::Utf8) {
            Ok(true) => Ok(Reading::Utf8),
            Ok(false) | Err(Rejected::Malformed) if !is_ascii && matches_in(Reading::Latin1)? => {
                Ok(Reading::Latin1)
            }
            Err(rejected) if is_ascii => Err(rejected),
            _ => Err(Rejected::BadSignature),
        }
    }

    fn is_signed(
        &self,
        parts: &Parts,
        secret: &Secret,
        body: &SignableBody<'_>,
        reading: Reading,
    ) -> Result<bool, Rejected> {
        let host = header(&parts.headers, "host").ok_or(Rejected::Malformed)?;
        let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let uri = format!("http://{host}{path}");
        let mut headers = Vec::new();
        for name in &self.signed_headers {
            for value in parts.headers.get_all(name) {
                headers.push((name.as_str(), reading.text(value).ok_or(Rejected::Malformed)?));
            }
        }
        let headers = headers.iter().map(|(name, value)| (*name, value.as_ref()));
        // The token is among the signed headers. If it were passed here, it would be added to requests that have none.
        let keys = Credentials::new(&self.access_key_id, secret.expose(), None, None, "verify");
        let mut settings = settings(&self.service);
        // All headers that the client signed are signed again, also those that proxies change.
        settings.excluded_headers = None;
        let scope =
            Scope { service: &self.service, region: &self.region, time: self.time, settings };
        let signed = signing(parts.method.as_str(), &uri, headers, body.clone(), &keys, scope);
        let (_, expected) = signed.map_err(|_| Rejected::Malformed)?;
        Ok(equal(expected.as_bytes(), self.signature.as_bytes()))
    }
}

#[cfg(test)]
mod tests;
