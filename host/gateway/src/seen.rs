//! Extracts the parts of a request and its answer that name the operation and show a denial.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use super::anew::{self, Target};
use audex_core::percent::decode_pairs;
use audex_wire::header::header;
use audex_wire::seen_request::SeenRequest;
use audex_wire::sigv4::is_s3;

/// The bytes of a body that are kept: enough to name operation and resource.
pub(crate) const BODY_BYTES: usize = 64 * 1024;
/// The most query parameters that are kept; real calls have a dozen.
const PARAMETERS: usize = 200;

/// The headers that are not forwarded: headers of one connection (source: RFC 9110, 7.6.1), headers that the
/// gateway writes itself, and headers that request compressed answers, which could not be searched.
pub(crate) const NOT_FORWARDED: &[&str] = &[
    "accept-encoding",
    "authorization",
    "x-amz-security-token",
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "content-length",
];

/// The headers that name an operation or a resource. Source: the `locationName` of header members in
/// botocore's models.
const HEADERS: &[&str] = &[
    "content-type",
    "x-amz-target",
    "smithy-protocol",
    "x-amz-copy-source",
    "x-amz-tagging",
    "x-amz-acl",
    "x-amz-grant-read",
    "x-amz-grant-write",
    "x-amz-grant-read-acp",
    "x-amz-grant-write-acp",
    "x-amz-grant-full-control",
    "x-amz-account-id",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-bypass-governance-retention",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-version-id",
    "x-amz-invocation-type",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-mfa",
    "x-amz-expected-bucket-owner",
];

/// The headers of an answer that name another resource which the call needed, each with the name under which
/// it is kept. No header of a request can have such a name.
/// Source: S3 API reference, `GetObject`, response syntax.
const ANSWERED: &[(&str, &str)] = &[(
    "x-amz-server-side-encryption-aws-kms-key-id",
    "answer:x-amz-server-side-encryption-aws-kms-key-id",
)];

/// The error codes of calls that a policy denied. Source: the "Common Errors" of the services' API
/// references.
const DENIALS: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AccessDeniedError",
    "UnauthorizedOperation",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedException",
    "NotAuthorized",
    "NotAuthorizedException",
    "Forbidden",
    "ForbiddenException",
    "KMSAccessDeniedException",
    "KMS.AccessDeniedException",
    "UnauthorizedAccess",
];

/// The error codes for invalid credentials, signatures or accounts: no policy decided the call.
/// Source: the "Common Errors" of the services' API references, and "Error responses" of Amazon S3's.
const NOT_DECIDED: &[&str] = &[
    "AccountProblem",
    "AllAccessDisabled",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotSignedUp",
    "OptInRequired",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "XAmzContentSHA256Mismatch",
];

/// The error codes with status 403 of calls that a policy has allowed. Source: "Error responses" of Amazon
/// S3's.
const ALLOWED: &[&str] = &["InvalidObjectState", "InvalidPayer"];

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A policy allowed the call, which may have failed for another reason.
    Used,
    /// A policy denied the call.
    Denied,
    /// A policy allowed the call on some resources and denied it on others.
    Partly,
    /// No policy decided the call: the service did not accept the credentials, the signature or the account.
    Undecided,
}

/// Returns true if the body of this request names an operation or resources.
pub(crate) fn has_telling_body(parts: &Parts, service: &str) -> bool {
    let kind = header(&parts.headers, "content-type").unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    if is_s3(service) {
        // Security: the body of an object is never kept, whatever its content type.
        return deletes_objects(parts, service);
    }
    matches!(
        kind.as_str(),
        "application/x-www-form-urlencoded"
            | "application/x-amz-json-1.0"
            | "application/x-amz-json-1.1"
            | "application/json"
            | "application/cbor"
    )
}

/// Returns true for `DeleteObjects`, the only request of S3 whose body is a list of keys. Source: S3 API
/// reference, `DeleteObjects`.
pub(crate) fn deletes_objects(parts: &Parts, service: &str) -> bool {
    let query = decode_pairs(parts.uri.query().unwrap_or_default());
    let names_deletion = query.iter().any(|(name, _)| name == "delete");
    is_s3(service) && parts.method == Method::POST && names_deletion
}

/// Returns the headers of an answer that are kept, as headers of the request.
pub(crate) fn answered(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |(name, as_seen): &(&str, &str)| {
        let value = headers.get(*name)?.to_str().ok()?;
        Some(((*as_seen).to_owned(), value.to_owned()))
    };
    ANSWERED.iter().filter_map(text).collect()
}

/// Returns a request as a decider gets it with [`super::View::Whole`]. `scope` has the service and the region of
/// its signature; `complete` is true if `body` is all that its service can read.
///
/// # Errors
/// The part that servers read differently.
pub fn decided(
    parts: &Parts,
    host: &str,
    scope: (&str, &str),
    body: &[u8],
    complete: bool,
) -> Result<SeenRequest, &'static str> {
    let body = Bytes::copy_from_slice(body);
    whole(parts, &anew::target(&parts.uri)?, host, Some(scope), &body, complete)
}

/// Returns every part of a request that its service can read. `scope` has the service and the region of its
/// signature, if it has one.
///
/// # Errors
/// If a header is not text.
pub(crate) fn whole(
    parts: &Parts,
    anew: &Target,
    host: &str,
    scope: Option<(&str, &str)>,
    body: &Bytes,
    complete: bool,
) -> Result<SeenRequest, &'static str> {
    let sent = parts.headers.iter().filter(|(name, _)| !NOT_FORWARDED.contains(&name.as_str()));
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let value = std::str::from_utf8(value.as_bytes()).ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    let headers: Option<Vec<_>> = sent.map(text).collect();
    Ok(SeenRequest {
        service: scope.map(|(service, _)| service.to_owned()),
        region: scope.map(|(_, region)| region.to_owned()),
        method: parts.method.to_string(),
        host: host.to_owned(),
        path: anew.path.clone(),
        query: anew.query.clone(),
        headers: headers.ok_or("a header is not text")?,
        body: body.clone(),
        complete,
    })
}

/// Returns the parts of a request that name its operation and resources.
pub(crate) fn telling(
    parts: &Parts,
    anew: &Target,
    service: &str,
    region: &str,
    body: &Bytes,
) -> SeenRequest {
    let complete = body.len() <= BODY_BYTES && anew.query.len() <= PARAMETERS;
    let length = if has_telling_body(parts, service) { body.len().min(BODY_BYTES) } else { 0 };
    let text = |name: &&str| Some(((*name).to_owned(), header(&parts.headers, name)?.to_owned()));
    let mut query = anew.query.clone();
    query.truncate(PARAMETERS);
    SeenRequest {
        service: Some(service.to_owned()),
        region: Some(region.to_owned()),
        method: parts.method.to_string(),
        host: header(&parts.headers, "host").unwrap_or_default().to_owned(),
        path: anew.path.clone(),
        query,
        headers: HEADERS.iter().filter_map(text).collect(),
        // A slice would keep the whole body in memory.
        body: Bytes::copy_from_slice(body.get(..length).unwrap_or_default()),
        complete,
    }
}

/// Returns true if services use this error code for calls that a policy denied.
#[must_use]
pub fn is_denial(code: &str) -> bool {
    DENIALS.contains(&code)
}

/// Returns the outcome of a call from the answer's status and error code, if the answer has one.
pub(crate) fn outcome(status: StatusCode, code: Option<&str>) -> Outcome {
    match code {
        Some(code) if is_denial(code) => Outcome::Denied,
        Some(code) if NOT_DECIDED.contains(&code) => Outcome::Undecided,
        Some(code) if ALLOWED.contains(&code) => Outcome::Used,
        // With these statuses, an unknown code is a denial, and so is a missing one: the answer to a HEAD
        // request has no room for a code.
        _ if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Outcome::Denied,
        _ => Outcome::Used,
    }
}

/// Returns the code of an error: from its header, else from the beginning of its body.
pub(crate) fn code(header: Option<&str>, body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let found =
        header.map(str::to_owned).or_else(|| xml_code(&text)).or_else(|| json_code(&text))?;
    // `com.amazonaws.dynamodb.v20120810#AccessDeniedException:http://…` (AWS JSON protocol).
    let name = found.split(':').next().unwrap_or_default();
    Some(name.rsplit('#').next().unwrap_or_default().trim().to_owned())
}

fn xml_code(text: &str) -> Option<String> {
    let rest = text.split_once("<Code>")?.1;
    Some(rest.split_once("</Code>")?.0.to_owned())
}

/// Searches for the code as text, because the body may be cut off, and is then not valid JSON.
fn json_code(text: &str) -> Option<String> {
    ["\"__type\"", "\"code\"", "\"Code\""].iter().find_map(|key| {
        let rest = text
            .split_once(key)?
            .1
            .trim_start()
            .strip_prefix(':')?
            .trim_start()
            .strip_prefix('"')?;
        Some(rest.split_once('"')?.0.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn of(status: u16, header: Option<&str>, body: &str) -> Outcome {
        let status = StatusCode::from_u16(status).unwrap();
        outcome(status, code(header, body.as_bytes()).as_deref())
    }

    #[test]
    fn the_body_of_an_object_is_never_kept_and_a_list_of_keys_is() {
        let telling = |method: &str, uri: &str, service: &str| {
            let request = http::Request::builder().method(method).uri(uri);
            let (parts, ()) =
                request.header("content-type", "application/json").body(()).unwrap().into_parts();
            has_telling_body(&parts, service)
        };
        for uri in ["/b?delete", "/?delete=", "/b?%64elete"] {
            assert!(telling("POST", uri, "s3"), "{uri}");
        }
        for (method, uri) in
            [("PUT", "/b/k"), ("PUT", "/b/k?delete"), ("POST", "/b"), ("POST", "/b?deleted")]
        {
            assert!(!telling(method, uri, "s3"), "{method} {uri}");
        }
        assert!(telling("POST", "/", "dynamodb"));
    }

    #[test]
    fn the_key_in_an_answer_is_kept_under_a_name_that_no_request_can_have() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-amz-server-side-encryption-aws-kms-key-id",
            "arn:aws:kms:r:1:key/k".parse().unwrap(),
        );
        headers.insert("etag", "x".parse().unwrap());
        let [(name, value)]: [(String, String); 1] = answered(&headers).try_into().unwrap();
        assert_eq!(value, "arn:aws:kms:r:1:key/k");
        assert!(HeaderName::from_bytes(name.as_bytes()).is_err());
    }

    #[test]
    fn a_denial_is_known_by_its_code_in_every_protocol() {
        for (status, header, body) in [
            (403, None, "<Error><Code>AccessDenied</Code><Message>x"),
            (403, None, "<Response><Errors><Error><Code>UnauthorizedOperation</Code>"),
            (400, None, r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Mess"#),
            (403, Some("AccessDeniedException:http://x/"), ""),
        ] {
            assert_eq!(of(status, header, body), Outcome::Denied, "{body}");
        }
    }

    #[test]
    fn a_refusal_that_names_no_known_code_is_a_denial() {
        for (status, body) in [
            (403, ""),
            (401, "<Error><Code>SomethingNew</Code>"),
            (403, r#"{"message":"Forbidden"}"#),
            (403, "<html>"),
        ] {
            assert_eq!(of(status, None, body), Outcome::Denied, "{body}");
        }
        assert_eq!(of(403, None, "<Error><Code>InvalidObjectState</Code>"), Outcome::Used);
        assert_eq!(of(404, None, ""), Outcome::Used);
    }

    #[test]
    fn an_error_of_another_kind_used_the_permission_and_bad_credentials_decide_nothing() {
        assert_eq!(of(404, None, "<Error><Code>NoSuchKey</Code>"), Outcome::Used);
        assert_eq!(of(400, None, r#"{"__type":"ResourceNotFoundException"}"#), Outcome::Used);
        assert_eq!(of(200, None, ""), Outcome::Used);
        assert_eq!(of(400, None, "<Error><Code>ExpiredToken</Code>"), Outcome::Undecided);
        assert_eq!(of(403, None, "<Error><Code>SignatureDoesNotMatch</Code>"), Outcome::Undecided);
    }
}
