//! Signed STS requests for which the SDK has no client.

use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SigningSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::{Request, Uri, header};

use super::source::Keys;
use audex_core::percent;
use audex_wire::sigv4::{Scope, sign};

/// The content type of the query protocol.
const FORM: &str = "application/x-www-form-urlencoded";

/// Returns a POST request of `body` to `endpoint`, signed with `keys` for STS in `region` as of `time`.
///
/// # Errors
/// A description, if the request cannot be built or signed.
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
    let body = SignableBody::Bytes(body.as_bytes());
    let scope = Scope { service: "sts", region, time, settings: SigningSettings::default() };
    let instructions = sign("POST", &uri, headers, body, keys.credentials(), scope)?;
    instructions.apply_to_request_http1x(&mut request);
    HttpRequest::try_from(request).map_err(|error| error.to_string())
}

/// Encodes `pairs` as a form body.
pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| {
        format!("{}={}", percent::encode(name), percent::encode(value))
    };
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
