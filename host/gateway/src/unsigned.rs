//! Forwards unsigned requests for operations that take no signature. No permission of the session decides
//! these requests.
//!
//! Security: no credential of the session is sent with them. The port that a request came to selects its
//! endpoint, else its operation does; a host that the request names never does.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::answer::{Refusal, Unsupported};
use super::route::target;
use super::{Door, Gate, Noted, anew, reply, seen};
use audex_core::error_chain;
use audex_core::percent::decode_pairs;
use audex_core::region::is_region;
use audex_wire::body::whole_within;
use audex_wire::echo::Guard;
use audex_wire::header::header;
use audex_wire::server::BODY_TIME;
use audex_wire::sigv4::Rejected;

/// The longest body of a call; a SAML assertion has at most 100,000 characters. Source: `AssumeRoleWithSAML`,
/// API reference.
const CALL_BYTES: usize = 1024 * 1024;
/// The bytes of a form that are searched for the session's key: its fields come before its file. Source: S3,
/// "POST Object": a policy, a signature, and metadata of 2 kB.
const FIELDS_BYTES: usize = 32 * 1024;
/// The region if the session names none.
const REGION: &str = "us-east-1";
const FORM: &str = "application/x-www-form-urlencoded";
const S3: &str = "s3";

/// The operations without a signature, by their prefix in `X-Amz-Target`. Source: `authtype: none` in
/// botocore's models.
#[rustfmt::skip]
const TARGETS: &[(&str, &str, &[&str])] = &[
    ("AWSCognitoIdentityService", "cognito-identity",
        &["GetCredentialsForIdentity", "GetId", "GetOpenIdToken", "UnlinkIdentity"]),
    ("AWSCognitoIdentityProviderService", "cognito-idp", &[
        "AssociateSoftwareToken", "ChangePassword", "CompleteWebAuthnRegistration", "ConfirmDevice", "ConfirmForgotPassword",
        "ConfirmSignUp", "DeleteUser", "DeleteUserAttributes", "DeleteWebAuthnCredential", "ForgetDevice", "ForgotPassword",
        "GetDevice", "GetTokensFromRefreshToken", "GetUser", "GetUserAttributeVerificationCode", "GetUserAuthFactors",
        "GlobalSignOut", "InitiateAuth", "ListDevices", "ListWebAuthnCredentials", "ResendConfirmationCode",
        "RespondToAuthChallenge", "RevokeToken", "SetUserMFAPreference", "SetUserSettings", "SignUp",
        "StartWebAuthnRegistration", "UpdateAuthEventFeedback", "UpdateDeviceStatus", "UpdateUserAttributes",
        "VerifySoftwareToken", "VerifyUserAttribute",
    ]),
];
/// The operations without a signature, by the parameter `Action`.
const ACTIONS: [(&str, &str); 2] =
    [("AssumeRoleWithSAML", "sts"), ("AssumeRoleWithWebIdentity", "sts")];
/// The operations without a signature, by method and path.
const PATHS: [(&str, &str, &str); 8] = [
    ("GET", "/federation/credentials", "awsssoportal"),
    ("GET", "/assignment/roles", "awsssoportal"),
    ("GET", "/assignment/accounts", "awsssoportal"),
    ("POST", "/logout", "awsssoportal"),
    ("POST", "/client/register", "sso-oauth"),
    ("POST", "/device_authorization", "sso-oauth"),
    ("POST", "/token", "sso-oauth"),
    ("POST", "/v1/token", "signin"),
];

/// Forwards a request that has no signature.
///
/// # Errors
/// If the operation needs a signature, or the request cannot be sent.
pub(crate) async fn exchange(
    gate: &Gate,
    door: &Door,
    parts: &Parts,
    body: Incoming,
) -> Result<Response<SdkBody>, Refusal> {
    // Security: a web page could make a browser send requests to this port under a host name of the page.
    if header(&parts.headers, "host").is_none_or(|host| host != door.host()) {
        return Err(Rejected::Unsigned.into());
    }
    let length = body.size_hint().exact();
    let (whole, body) = beginning(gate, parts, body).await?;
    let service = service(door.endpoint.unsigned, parts, &whole).ok_or(Rejected::Unsigned)?;
    let region = region(gate.region.as_deref(), service, &whole);
    let mut response = send(gate, door, parts, (service, &region), body, length).await?;
    let elsewhere = elsewhere(door, parts, service, &response).filter(|other| *other != region);
    if let Some(other) = elsewhere {
        response = send(gate, door, parts, (service, &other), SdkBody::empty(), length).await?;
    }
    let anew = anew::target(&parts.uri)
        .map_err(|part| Refusal::new(StatusCode::BAD_REQUEST, "InvalidRequest", part))?;
    let request = seen::telling(parts, &anew, service, &region, &whole);
    // No secret was sent, so no answer can repeat one.
    let (response, _) = reply::looked_at(gate, &Guard::default(), parts, service, response).await?;
    gate.shared
        .clients
        .first
        .decider
        .noted(Noted { request, denied: false, is_signed: false })
        .await;
    Ok(response)
}

/// Returns the refusal of an unsigned request, if unsigned requests are not forwarded.
pub(crate) fn refusal(parts: &Parts) -> Refusal {
    if parts.method == Method::POST && is_multipart(parts) {
        return Refusal::unsupported(Unsupported::PostForm);
    }
    Rejected::Unsigned.into()
}

fn is_multipart(parts: &Parts) -> bool {
    let kind = header(&parts.headers, "content-type").unwrap_or_default();
    kind.to_ascii_lowercase().starts_with("multipart/form-data")
}

/// Returns the parameters of a call (its whole body, or nothing for an object), and the body to send.
async fn beginning(
    gate: &Gate,
    parts: &Parts,
    body: Incoming,
) -> Result<(Bytes, SdkBody), Refusal> {
    let kind = header(&parts.headers, "content-type").unwrap_or_default();
    if parts.headers.contains_key("x-amz-target") || kind.starts_with(FORM) {
        let whole = whole_within(body, CALL_BYTES, BODY_TIME).await.ok_or_else(|| {
            let message = "a request without a signature is too long or did not arrive";
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
        })?;
        if kind.starts_with(FORM) {
            // Unsigned is the expected result; any other is a signature in the form.
            match Rejected::of_parameters(&String::from_utf8_lossy(&whole)) {
                Rejected::Unsigned => {}
                signed => return Err(signed.into()),
            }
        }
        return Ok((whole.clone().into(), SdkBody::from(whole)));
    }
    if !is_multipart(parts) {
        return Ok((Bytes::new(), SdkBody::from_body_1_x(body)));
    }
    let mut form = SdkBody::from_body_1_x(body);
    let first = tokio::time::timeout(BODY_TIME, first(&mut form)).await;
    let first = first.map_err(|_| Refusal::unreachable("the form did not arrive in time"))??;
    let key_id = &gate.shared.clients.first.session_key.id;
    if first.windows(key_id.len()).any(|window| window == key_id.as_bytes()) {
        return Err(Refusal::unsupported(Unsupported::PostForm));
    }
    Ok((Bytes::new(), SdkBody::from_body_1_x(Continued { first: Some(first), rest: form })))
}

/// Returns the beginning of a form, with all fields that come before its file.
async fn first(form: &mut SdkBody) -> Result<Bytes, Refusal> {
    let mut first = BytesMut::new();
    while first.len() < FIELDS_BYTES {
        match form.frame().await {
            Some(Ok(frame)) => first.extend(frame.into_data().ok()),
            Some(Err(error)) => return Err(Refusal::unreachable(&error.to_string())),
            None => break,
        }
    }
    Ok(first.freeze())
}

/// Returns the service of an unsigned request; `port` is the service of the port that the request came to, if
/// the port has one.
fn service(port: Option<&'static str>, parts: &Parts, body: &[u8]) -> Option<&'static str> {
    let is_form = header(&parts.headers, "content-type").unwrap_or_default().starts_with(FORM);
    let (target, path) = (header(&parts.headers, "x-amz-target"), parts.uri.path());
    let in_bucket = || is_in_bucket(path).then_some(S3);
    if port == Some(S3) {
        return in_bucket().filter(|_| target.is_none() && !is_form);
    }
    let named = if let Some(target) = target {
        let (prefix, operation) = target.split_once('.')?;
        let known =
            TARGETS.iter().find(|(known, _, all)| *known == prefix && all.contains(&operation));
        Some(known?.1)
    } else if is_form {
        let form = decode_pairs(&String::from_utf8_lossy(body));
        let (_, action) = form.into_iter().find(|(name, _)| name == "Action")?;
        Some(ACTIONS.iter().find(|(known, _)| *known == action)?.1)
    } else {
        let known =
            PATHS.iter().find(|(method, known, _)| parts.method == *method && path == *known);
        known.map(|(_, _, service)| *service)
    };
    match port {
        None => named.or_else(in_bucket),
        Some(port) => named.filter(|named| *named == port),
    }
}

/// Returns true if a path begins with the name of a bucket. Source: S3, "General purpose bucket naming rules".
fn is_in_bucket(path: &str) -> bool {
    let bucket = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    path.starts_with('/')
        && !path.starts_with("//")
        && (3..=63).contains(&bucket.len())
        && bucket.bytes().all(is_plain)
}

/// Returns the region of a request: the region in the name of its identity, else the session's.
fn region(session: Option<&str>, service: &str, body: &[u8]) -> String {
    let own = || session.unwrap_or(REGION).to_owned();
    if service != "cognito-identity" {
        return own();
    }
    // `eu-west-1:01234567-89ab-cdef-0123-456789abcdef`
    let call: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let names =
        ["IdentityId", "IdentityPoolId"].into_iter().filter_map(|name| call.get(name)?.as_str());
    let mut regions =
        names.filter_map(|name| name.split_once(':')).map(|(region, _)| region.to_owned());
    regions.find(|region| is_region(region)).unwrap_or_else(own)
}

/// Returns the region of the bucket if S3 answered that it is another one and the request can be repeated.
fn elsewhere(
    door: &Door,
    parts: &Parts,
    service: &str,
    response: &Response<SdkBody>,
) -> Option<String> {
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    let is_refused =
        response.status().is_redirection() || response.status() == StatusCode::BAD_REQUEST;
    if service != S3 || !is_read || !is_refused || door.endpoint.has_configured_target() {
        return None;
    }
    let region = response.headers().get("x-amz-bucket-region")?.to_str().ok()?;
    is_region(region).then(|| region.to_owned())
}

async fn send(
    gate: &Gate,
    door: &Door,
    parts: &Parts,
    (service, region): (&str, &str),
    body: SdkBody,
    length: Option<u64>,
) -> Result<Response<SdkBody>, Refusal> {
    let invalid = |reason: String| Refusal::new(StatusCode::BAD_REQUEST, "InvalidRequest", reason);
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let uri = target(&door.endpoint, gate.variant, service, region, path)
        .map_err(|reason| invalid(reason.to_owned()))?;
    let request = as_it_is(parts, &uri, body, length).map_err(invalid)?;
    let response = gate.http.forward(request).await;
    let response = response.map_err(|error| Refusal::unreachable(&error_chain::line(&error)))?;
    response.try_into_http1x().map_err(|error| Refusal::unreachable(&error.to_string()))
}

fn as_it_is(
    parts: &Parts,
    uri: &Uri,
    body: SdkBody,
    length: Option<u64>,
) -> Result<HttpRequest, String> {
    let host = uri.authority().ok_or("the endpoint has no host")?.to_string();
    let mut request = Request::builder().method(&parts.method).uri(uri).header("host", host);
    for (name, value) in
        parts.headers.iter().filter(|(name, _)| !seen::NOT_FORWARDED.contains(&name.as_str()))
    {
        request = request.header(name, value);
    }
    if let Some(length) = length.filter(|_| parts.headers.contains_key("content-length")) {
        request = request.header("content-length", length);
    }
    let request = request.body(body).map_err(|error| error.to_string())?;
    HttpRequest::try_from(request).map_err(|error| error.to_string())
}

/// A body whose beginning has been read.
struct Continued {
    first: Option<Bytes>,
    rest: SdkBody,
}

impl Body for Continued {
    type Data = Bytes;
    type Error = aws_smithy_types::body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.first.take().filter(|first| !first.is_empty()) {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Poll::Ready(ready!(Pin::new(&mut self.rest).poll_frame(context))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().map_or(0, Bytes::len) as u64;
        let rest = self.rest.size_hint().exact();
        rest.map_or_else(SizeHint::default, |rest| SizeHint::with_exact(first + rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        port: Option<&'static str>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<&'static str> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        service(port, &request.body(()).unwrap().into_parts().0, body.as_bytes())
    }

    #[test]
    fn an_operation_without_a_signature_is_told_by_its_name() {
        let target = |name: &'static str| [("x-amz-target", name)];
        let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let sign_up = target("AWSCognitoIdentityProviderService.SignUp");
        assert_eq!(of(None, "POST", "/", &sign_up, "{}"), Some("cognito-idp"));
        assert_eq!(of(Some("cognito-idp"), "POST", "/", &sign_up, "{}"), Some("cognito-idp"));
        let id = target("AWSCognitoIdentityService.GetId");
        assert_eq!(of(None, "POST", "/", &id, "{}"), Some("cognito-identity"));
        let role = "Version=2011-06-15&Action=AssumeRoleWithWebIdentity&RoleArn=x";
        assert_eq!(of(None, "POST", "/", &form, role), Some("sts"));
        assert_eq!(of(Some("sts"), "POST", "/", &form, role), Some("sts"));
        assert_eq!(
            of(None, "GET", "/federation/credentials?role_name=x", &[], ""),
            Some("awsssoportal")
        );
        assert_eq!(of(None, "GET", "/public-bucket/a/b?x=1", &[], ""), Some("s3"));
        assert_eq!(
            of(
                Some("s3"),
                "POST",
                "/public-bucket",
                &[("content-type", "multipart/form-data; boundary=x")],
                ""
            ),
            Some("s3")
        );
    }

    #[test]
    fn the_region_is_that_of_the_identity_or_the_session() {
        let pool = br#"{"IdentityPoolId":"eu-west-1:01234567-89ab-cdef-0123-456789abcdef"}"#;
        assert_eq!(region(Some("us-west-2"), "cognito-identity", pool), "eu-west-1");
        assert_eq!(region(Some("us-west-2"), "cognito-idp", pool), "us-west-2");
        assert_eq!(region(None, "s3", b""), "us-east-1");
        for other in [
            &br#"{"IdentityId":"evil.com/:x"}"#[..],
            br#"{"IdentityId":"compute-1:x"}"#,
            b"",
            b"[1]",
        ] {
            assert_eq!(region(Some("us-west-2"), "cognito-identity", other), "us-west-2");
        }
    }

    #[test]
    fn everything_else_needs_a_signature() {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        for target in [
            "AWSCognitoIdentityProviderService.ListUsers",
            "DynamoDB_20120810.GetItem",
            "SignUp",
            "x.GetId",
        ] {
            assert_eq!(of(None, "POST", "/", &[("x-amz-target", target)], "{}"), None, "{target}");
        }
        for action in ["AssumeRole", "GetCallerIdentity", "assumerolewithsaml", ""] {
            assert_eq!(of(None, "POST", "/", &form, &format!("Action={action}")), None, "{action}");
        }
        for path in ["/", "/ab", "/UPPER/x", "//bucket/x", "/a_b/c", "/@evil.com/x"] {
            assert_eq!(of(None, "GET", path, &[], ""), None, "{path}");
        }
        // The port belongs to another service.
        let sign_up = [("x-amz-target", "AWSCognitoIdentityProviderService.SignUp")];
        assert_eq!(of(Some("s3"), "POST", "/", &sign_up, "{}"), None);
        assert_eq!(of(Some("sts"), "GET", "/bucket/key", &[], ""), None);
        assert_eq!(of(Some("s3"), "POST", "/", &form, "Action=AssumeRoleWithSAML"), None);
    }
}
