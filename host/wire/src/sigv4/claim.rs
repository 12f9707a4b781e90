//! The claim in a signed request: the key, the time, the service and the covered headers. Nothing in it is verified.
//!
//! Source: AWS IAM User Guide, "Elements of an AWS API request signature"; Amazon S3 API Reference, "Authenticating Requests:
//! Using Query Parameters".

use std::time::{SystemTime, UNIX_EPOCH};

use audex_core::percent::decode_pairs;
use audex_core::secret::Secret;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};

use crate::header::header;

/// The name of the algorithm.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The prefix of the algorithm's variant for several regions.
const FOR_REGIONS: &str = "AWS4-ECDSA-P256-SHA256";
/// The most seconds between the time of a signature and now. Source: AWS, "Signing AWS API requests", the limit of
/// services.
const MOST_APART: u64 = 15 * 60;
/// The most seconds for which a presigned URL is valid: seven days. Source: S3, `X-Amz-Expires`.
const LONGEST: u32 = 7 * 24 * 60 * 60;
/// The headers that a request may have only once, because the signature depends on their values.
const SINGLE: [&str; 5] =
    ["authorization", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

/// The reason why a request does not show that the owner of a key signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// It is not signed.
    Unsigned,
    /// It is a URL that was signed for another client.
    Presigned,
    /// It is signed with `SigV4A`.
    SignedForRegions,
    /// It is signed with Signature Version 2.
    OldSignature,
    /// The signature cannot be read.
    Malformed,
    /// A header that must be signed is not, or a signed header is missing.
    Uncovered,
    /// The time of the signature is not near the current time.
    Skewed,
    /// The signature has been used before.
    Repeated,
    /// The key is not known.
    UnknownKey,
    /// The signature was not made with the key's secret, or not for this request.
    BadSignature,
}

/// The contents of a signature.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The id of the key.
    pub access_key_id: String,
    /// The region of the scope.
    pub region: String,
    /// The service's signing name.
    pub service: String,
    /// The time of the signature.
    pub time: SystemTime,
    /// The names of the signed headers, sorted and in lower case.
    pub signed_headers: Vec<String>,
    /// The signature itself, in hexadecimal.
    pub signature: String,
    /// The session token.
    pub token: Option<Secret>,
}

impl Claim {
    /// Reads the claim of a request, in its headers or, for a presigned URL, in its query.
    ///
    /// # Errors
    /// The reason why there is no claim that can be verified.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Result<Self, Rejected> {
        match Self::in_header(uri, headers) {
            Err(Rejected::Presigned) => Self::in_query(uri, headers),
            claim => claim,
        }
    }

    /// Reads the claim in the `Authorization` header.
    ///
    /// # Errors
    /// As [`Claim::of`]; [`Rejected::Presigned`] if the query has a signature.
    pub fn in_header(uri: &Uri, headers: &HeaderMap) -> Result<Self, Rejected> {
        let query = uri.query().unwrap_or_default();
        if count(&decode_pairs(query), "X-Amz-Signature") > 0 {
            return Err(Rejected::Presigned);
        }
        if !headers.contains_key(AUTHORIZATION) {
            return Err(Rejected::of_parameters(query));
        }
        let text = header(headers, "authorization").ok_or(Rejected::Malformed)?;
        if text.starts_with(FOR_REGIONS) {
            return Err(Rejected::SignedForRegions);
        }
        // `AWS AKIAIOSFODNN7EXAMPLE:signature`
        if text.starts_with("AWS ") {
            return Err(Rejected::OldSignature);
        }
        let [credential, signed_headers, signature] = fields(text).ok_or(Rejected::Malformed)?;
        let time = header(headers, "x-amz-date").ok_or(Rejected::Malformed)?;
        let token = header(headers, "x-amz-security-token");
        claim([credential, time, signed_headers, signature], token, headers)
    }

    /// Reads the claim of a presigned URL. The caller checks for how long the URL is valid.
    fn in_query(uri: &Uri, headers: &HeaderMap) -> Result<Self, Rejected> {
        let query = decode_pairs(uri.query().unwrap_or_default());
        let is_double = query.iter().any(|(name, _)| {
            name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("X-Amz-"))
                && count(&query, name) > 1
        });
        // Security: with two signatures, two readers of a request could verify different ones.
        if is_double || headers.contains_key(AUTHORIZATION) {
            return Err(Rejected::Malformed);
        }
        let value = |name: &str| {
            let found = query.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        let needed = |name: &str| value(name).ok_or(Rejected::Malformed);
        match needed("X-Amz-Algorithm")? {
            ALGORITHM => {}
            other if other.starts_with(FOR_REGIONS) => return Err(Rejected::SignedForRegions),
            _ => return Err(Rejected::Malformed),
        }
        let lasts = needed("X-Amz-Expires")?.parse::<u32>();
        if !lasts.is_ok_and(|seconds| (1..=LONGEST).contains(&seconds)) {
            return Err(Rejected::Malformed);
        }
        let names = ["X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"];
        let mut written = [""; 4];
        for (written, name) in written.iter_mut().zip(names) {
            *written = needed(name)?;
        }
        claim(written, value("X-Amz-Security-Token"), headers)
    }

    /// Returns the time of the signature in seconds since the Unix epoch.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// Returns true if the time of the signature is near `now`, in seconds since the Unix epoch.
    #[must_use]
    pub fn is_near(&self, now: u64) -> bool {
        now.abs_diff(self.seconds()) <= MOST_APART
    }
}

impl Rejected {
    /// Returns the reason for a request without a signature of this version; `parameters` are those of the query or the
    /// form.
    ///
    /// Source: AWS, "Signature Version 2 signing process", and S3's "query string request authentication alternative".
    #[must_use]
    pub fn of_parameters(parameters: &str) -> Self {
        let pairs = decode_pairs(parameters);
        let has = |name: &str| count(&pairs, name) > 0;
        if has("SignatureVersion") {
            Self::OldSignature
        } else if has("Signature") && has("AWSAccessKeyId") {
            Self::Presigned
        } else {
            Self::Unsigned
        }
    }
}

/// Returns the claim of which a request writes these parts: credential, time, signed headers and signature.
fn claim(
    [credential, time_text, signed_headers, signature]: [&str; 4],
    token: Option<&str>,
    headers: &HeaderMap,
) -> Result<Claim, Rejected> {
    let scope: Vec<&str> = credential.split('/').collect();
    let [id, date, region, service, "aws4_request"] = scope.as_slice() else {
        return Err(Rejected::Malformed);
    };
    let time = basic_time(time_text).ok_or(Rejected::Malformed)?;
    let is_of_date = time_text.get(..8) == Some(date);
    let is_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_digest = signature.len() == 64 && signature.bytes().all(is_hex);
    let has_empty = [id, region, service].into_iter().any(|part| part.is_empty());
    if !is_of_date || !is_digest || has_empty || !has_each_once(headers) {
        return Err(Rejected::Malformed);
    }
    let signed: Vec<String> = signed_headers.split(';').map(str::to_owned).collect();
    // One name can be written in one way only, and comes once.
    let is_lower = signed.iter().all(|name| name.to_ascii_lowercase() == *name);
    if !is_lower || !signed.is_sorted_by(|one, next| one < next) {
        return Err(Rejected::Malformed);
    }
    // Security: anybody could have changed or added an unsigned `host` or `x-amz-…` header.
    let must_be_signed = |name: &str| name == "host" || name.starts_with("x-amz-");
    let is_signed = |name: &str| signed.iter().any(|signed| signed == name);
    let mut names = headers.keys().map(http::HeaderName::as_str);
    let is_covered = names.all(|name| !must_be_signed(name) || is_signed(name));
    let is_complete = signed.iter().all(|name| headers.contains_key(name));
    if !is_covered || !is_complete || !is_signed("host") {
        return Err(Rejected::Uncovered);
    }
    Ok(Claim {
        access_key_id: (*id).to_owned(),
        region: (*region).to_owned(),
        service: (*service).to_owned(),
        time,
        signed_headers: signed,
        signature: signature.to_owned(),
        token: token.map(|token| Secret::new(token.to_owned())),
    })
}

/// Returns the number of parameters with this name, in upper or lower case.
fn count(pairs: &[(String, String)], name: &str) -> usize {
    pairs.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).count()
}

/// Returns the credential, the signed headers and the signature of an `Authorization` header that has each once.
fn fields(header: &str) -> Option<[&str; 3]> {
    let (mut credential, mut headers, mut signature) = (None, None, None);
    for part in header.strip_prefix(ALGORITHM)?.strip_prefix(' ')?.split(',') {
        let (name, value) = part.trim().split_once('=')?;
        let field = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut headers,
            "Signature" => &mut signature,
            _ => return None,
        };
        if field.replace(value).is_some() {
            return None;
        }
    }
    Some([credential?, headers?, signature?])
}

fn has_each_once(headers: &HeaderMap) -> bool {
    SINGLE.iter().all(|name| !headers.contains_key(*name) || header(headers, name).is_some())
}

/// Reads `20261122T093000Z`.
fn basic_time(basic: &str) -> Option<SystemTime> {
    let part = |range| basic.get(range);
    if basic.len() != 16 || part(8..9)? != "T" {
        return None;
    }
    let date = [part(0..4)?, part(4..6)?, part(6..8)?].join("-");
    let time = [part(9..11)?, part(11..13)?, part(13..16)?].join(":");
    humantime::parse_rfc3339(&format!("{date}T{time}")).ok()
}

#[cfg(test)]
mod tests;
