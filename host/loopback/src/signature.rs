//! Verifies AWS Signature Version 4 in the `Authorization` header; for S3, `s3s` verifies signatures.
//!
//! `aws-sigv4` signs the request again with the caller's secret, and the two signatures are compared.

use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;

use super::cloud::{Cloud, Refusal};
use super::credential::Credential;
use audex_core::digest::sha256;
use audex_core::secret::equal;

/// The most seconds between a request's time and the clock. AWS allows five to fifteen minutes; this is the
/// larger limit.
const MAX_SKEW_SECONDS: u64 = 900;

/// The parts of an `Authorization: AWS4-HMAC-SHA256 …` header.
#[derive(Debug)]
pub(super) struct Authorization<'a> {
    pub(super) access_key_id: &'a str,
    date: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Parses the header; `None` if it does not have this form.
    pub(super) fn parse(header: &'a str) -> Option<Self> {
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in header.strip_prefix("AWS4-HMAC-SHA256")?.split(',') {
            match part.trim().split_once('=')? {
                ("Credential", value) => credential = Some(value),
                ("SignedHeaders", value) => signed_headers = Some(value),
                ("Signature", value) => signature = Some(value),
                _ => return None,
            }
        }
        let mut scope = credential?.split('/');
        let parsed = Self {
            access_key_id: scope.next()?,
            date: scope.next()?,
            region: scope.next()?,
            service: scope.next()?,
            signed_headers: signed_headers?.split(';').collect(),
            signature: signature?,
        };
        (scope.next() == Some("aws4_request") && scope.next().is_none()).then_some(parsed)
    }

    /// Parses the `Authorization` header of a request.
    pub(super) fn of(parts: &'a Parts) -> Option<Self> {
        Self::parse(header(parts, AUTHORIZATION.as_str())?)
    }
}

/// Checks signature, time, session token and expiry, and returns the credential that signed.
pub(super) fn verify(
    cloud: &Cloud,
    parts: &Parts,
    authorization: &Authorization<'_>,
    body: &[u8],
) -> Result<Arc<Credential>, Refusal> {
    let time = request_time(parts, authorization)?;
    let now = cloud.now();
    let seconds =
        time.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Refusal::Malformed)?.as_secs();
    if seconds.abs_diff(now) > MAX_SKEW_SECONDS {
        return Err(Refusal::Skewed);
    }
    // Security: an attacker could change an unsigned `host` or `x-amz-…` header in transit.
    let must_be_signed = parts.headers.keys().map(http::HeaderName::as_str);
    let mut must_be_signed =
        must_be_signed.filter(|name| *name == HOST.as_str() || name.starts_with("x-amz-"));
    if !must_be_signed.all(|name| authorization.signed_headers.contains(&name)) {
        return Err(Refusal::BadSignature);
    }
    let credential = cloud.credential(authorization.access_key_id).ok_or(Refusal::UnknownKey)?;
    let expected = recompute(parts, authorization, signable_body(parts, body)?, &credential, time)?;
    if !equal(expected.as_bytes(), authorization.signature.as_bytes()) {
        return Err(Refusal::BadSignature);
    }
    cloud.check_session(&credential, header(parts, "x-amz-security-token"))?;
    Ok(credential)
}

fn request_time(parts: &Parts, authorization: &Authorization<'_>) -> Result<SystemTime, Refusal> {
    let basic = header(parts, "x-amz-date").ok_or(Refusal::Malformed)?;
    if !basic.starts_with(authorization.date) {
        return Err(Refusal::BadSignature);
    }
    parse_basic_time(basic).ok_or(Refusal::Malformed)
}

/// Reads `20261122T093000Z`.
fn parse_basic_time(basic: &str) -> Option<SystemTime> {
    let part = |range| basic.get(range);
    let extended = format!(
        "{}-{}-{}T{}:{}:{}",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(9..11)?,
        part(11..13)?,
        basic.get(13..)?
    );
    if part(8..9) != Some("T") {
        return None;
    }
    humantime::parse_rfc3339(&extended).ok()
}

/// Checks the digest in the request's headers against the body.
fn signable_body<'a>(parts: &Parts, body: &'a [u8]) -> Result<SignableBody<'a>, Refusal> {
    match header(parts, "x-amz-content-sha256") {
        None => Ok(SignableBody::Bytes(body)),
        Some("UNSIGNED-PAYLOAD") => Ok(SignableBody::UnsignedPayload),
        Some(digest) if equal(digest.as_bytes(), sha256(body).as_bytes()) => {
            Ok(SignableBody::Bytes(body))
        }
        Some(_) => Err(Refusal::BadSignature),
    }
}

fn recompute(
    parts: &Parts,
    authorization: &Authorization<'_>,
    body: SignableBody<'_>,
    credential: &Credential,
    time: SystemTime,
) -> Result<String, Refusal> {
    let host = header(parts, HOST.as_str()).ok_or(Refusal::Malformed)?;
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut headers = Vec::new();
    for name in &authorization.signed_headers {
        for value in parts.headers.get_all(*name) {
            headers.push((*name, value.to_str().map_err(|_| Refusal::Malformed)?));
        }
    }
    // The token is among the signed headers. If it were passed here, it would be added to requests that have
    // none.
    let identity =
        Credentials::new(&credential.id, credential.secret.expose(), None, None, "loopback").into();
    let mut settings = SigningSettings::default();
    // All headers that the client signed are signed again, also those that `aws-sigv4` excludes because
    // proxies change them.
    settings.excluded_headers = None;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(authorization.region)
        .name(authorization.service)
        .time(time)
        .settings(settings)
        .build()
        .map_err(|_| Refusal::Malformed)?
        .into();
    let request = SignableRequest::new(
        parts.method.as_str(),
        format!("http://{host}{path}"),
        headers.into_iter(),
        body,
    )
    .map_err(|_| Refusal::Malformed)?;
    let (_, signature) = sign(request, &params).map_err(|_| Refusal::Malformed)?.into_parts();
    Ok(signature)
}

/// Returns the value of a header as text, if the request has this header exactly once.
fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    let mut values = parts.headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
