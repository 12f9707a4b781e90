//! Signs a query-protocol call the SDK does not know yet (Signature Version 4).

use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::{Request, Uri, header};

use super::source::Keys;

/// The content type of the query protocol.
const FORM: &str = "application/x-www-form-urlencoded";

/// A POST of `body` to `endpoint`, signed with `keys` for STS in `region` as of `time`.
///
/// # Errors
/// A reason, when the endpoint or the keys make no valid request; it holds no secret.
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

    let identity: Identity = keys.credentials().clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let uri = endpoint.to_string();
    let headers = [("host", host), ("content-type", FORM)];
    let signable =
        SignableRequest::new("POST", &uri, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))
            .map_err(|error| error.to_string())?;
    let (instructions, _signature) = sign(signable, &params).map_err(|error| error.to_string())?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    HttpRequest::try_from(request).map_err(|error| error.to_string())
}

/// `pairs` as a form body, percent-encoded as in RFC 3986 (a superset of what the form encoding asks for).
pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        let mut encoded = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                encoded.push('%');
                for digit in [byte >> 4, byte & 15] {
                    encoded.extend(
                        char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()),
                    );
                }
            }
        }
        encoded
    };
    let fields: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    fields.join("&")
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
