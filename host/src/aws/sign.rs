//! Signature Version 4, for requests that no SDK client makes.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningInstructions, SigningSettings, sign as sign_http,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::{Request, Uri, header};

use super::malformed::require_sendable;
use super::source::Keys;
use crate::percent;

/// The content type of the query protocol.
const FORM: &str = "application/x-www-form-urlencoded";

/// What a signature is good for.
pub(crate) struct Scope<'a> {
    /// The service's signing name, such as `sts`.
    pub service: &'a str,
    /// The region.
    pub region: &'a str,
    /// When it was signed.
    pub time: SystemTime,
    /// How the service wants paths and bodies signed.
    pub settings: SigningSettings,
}

/// What to add to a request with these parts so that it is signed.
///
/// # Errors
/// A reason, when the parts or the credentials make no valid request; it holds no secret.
pub(crate) fn sign<'a>(
    method: &'a str,
    uri: &'a str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: &'a [u8],
    credentials: &Credentials,
    scope: Scope<'_>,
) -> Result<SigningInstructions, String> {
    require_sendable(credentials)?;
    let identity: Identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(scope.time)
        .settings(scope.settings)
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let signable = SignableRequest::new(method, uri, headers, SignableBody::Bytes(body))
        .map_err(|error| error.to_string())?;
    Ok(sign_http(signable, &params).map_err(|error| error.to_string())?.into_parts().0)
}

/// A POST of `body` to `endpoint`, signed with `keys` for STS in `region` as of `time`.
///
/// # Errors
/// As [`sign`].
pub(super) fn signed_post(
    endpoint: &Uri,
    region: &str,
    body: &str,
    keys: &Keys,
    time: SystemTime,
) -> Result<HttpRequest, String> {
    let host = endpoint.authority().ok_or("the endpoint has no host")?.as_str();
    let mut request = Request::post(endpoint)
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, FORM)
        .header(header::CONTENT_LENGTH, body.len())
        .body(SdkBody::from(body))
        .map_err(|error| error.to_string())?;
    let uri = endpoint.to_string();
    let headers = [("host", host), ("content-type", FORM)].into_iter();
    let scope = Scope { service: "sts", region, time, settings: SigningSettings::default() };
    let instructions = sign("POST", &uri, headers, body.as_bytes(), keys.credentials(), scope)?;
    instructions.apply_to_request_http1x(&mut request);
    HttpRequest::try_from(request).map_err(|error| error.to_string())
}

/// `pairs` as a form body.
pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    let field =
        |(name, value): &(&str, &str)| format!("{}={}", percent::encode(name), percent::encode(value));
    pairs.iter().map(field).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_field_keeps_nothing_that_has_a_meaning() {
        let body = form(&[("Action", "GetScopedCredentials"), ("Policy", r#"{"a":"b&c=d+é /*"}"#)]);
        assert_eq!(
            body,
            "Action=GetScopedCredentials&Policy=%7B%22a%22%3A%22b%26c%3Dd%2B%C3%A9%20%2F%2A%22%7D"
        );
    }
}
