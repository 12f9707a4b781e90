//! The keys that a command gets in place of its session's; they are valid only for the gateway of that
//! session.

use std::borrow::Cow;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use http::HeaderValue;
use http::request::Parts;

use audex_core::digest::hex;
use audex_core::secret::{Secret, equal};

/// The alphabet of a real access key id.
const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Keys that grant nothing by themselves.
#[derive(Clone, Debug)]
pub struct SessionKey {
    /// The access key id.
    pub id: String,
    /// The secret access key.
    pub secret: Secret,
    /// The session token, so that tools behave as with a session.
    pub token: Secret,
}

/// The reason why a request is not the command's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// It is not signed.
    Unsigned,
    /// The request is a URL that was signed for another client.
    Presigned,
    /// The request is signed with `SigV4A`, for which the gateway has no key pair.
    SignedForRegions,
    /// The request is signed with Signature Version 2.
    OldSignature,
    /// The date is not near the current time.
    Skewed,
    /// The signature has been used before.
    Repeated,
    /// The signature cannot be read.
    Malformed,
    /// The key is not this session's.
    UnknownKey,
    /// The signature is not made with this session's key.
    BadSignature,
}

/// The contents of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The service's signing name.
    pub service: String,
    /// The region.
    pub region: String,
    /// The time of the signature.
    pub time: SystemTime,
    /// The names of the signed headers, in lower case.
    pub headers: Vec<String>,
    /// The encoding in which the client reads headers.
    pub reading: Reading,
    /// The signature itself, in hexadecimal.
    pub signature: String,
}

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
    pub fn text(self, value: &HeaderValue) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(value.as_bytes()).ok().map(Cow::Borrowed),
            Self::Latin1 => Some(value.as_bytes().iter().map(|byte| char::from(*byte)).collect()),
        }
    }
}

impl SessionKey {
    /// Makes new random keys.
    ///
    /// # Errors
    /// If the operating system has no random numbers.
    pub fn new() -> Result<Self, getrandom::Error> {
        let id = random::<16>()?
            .iter()
            .filter_map(|byte| ID_LETTERS.get(usize::from(byte & 31)))
            .fold("ASIA".to_owned(), |mut id, letter| {
                id.push(char::from(*letter));
                id
            });
        Ok(Self {
            id,
            secret: Secret::new(hex(random::<20>()?.as_slice())),
            token: Secret::new(hex(random::<32>()?.as_slice())),
        })
    }

    /// Returns the contents of a request's signature, not yet verified, if the request names this key.
    ///
    /// # Errors
    /// The reason why the request is not the command's.
    pub(crate) fn claimed(&self, parts: &Parts) -> Result<Signed, Rejected> {
        let query = parts.uri.query().unwrap_or_default();
        if has(query, "x-amz-signature") {
            return Err(Rejected::Presigned);
        }
        if !parts.headers.contains_key("authorization") {
            return Err(unsigned(query));
        }
        let header = header(parts, "authorization").ok_or(Rejected::Malformed)?;
        if header.starts_with("AWS4-ECDSA-P256-SHA256") {
            return Err(Rejected::SignedForRegions);
        }
        // `AWS AKIAIOSFODNN7EXAMPLE:signature`
        if header.starts_with("AWS ") {
            return Err(Rejected::OldSignature);
        }
        let (id, signed) = parse(header, parts).ok_or(Rejected::Malformed)?;
        if !equal(id.as_bytes(), self.id.as_bytes()) {
            return Err(Rejected::UnknownKey);
        }
        // Security: an attacker could have added an unsigned `host` or `x-amz-…` header.
        let covered = |name: &str| signed.headers.iter().any(|signed| signed == name);
        let names = parts.headers.keys().map(http::HeaderName::as_str);
        let mut needed = names.filter(|name| *name == "host" || name.starts_with("x-amz-"));
        if needed.all(covered) && covered("host") {
            Ok(signed)
        } else {
            Err(Rejected::BadSignature)
        }
    }

    /// Checks that the signature was made with the secret, and returns the encoding in which the client reads
    /// headers.
    ///
    /// # Errors
    /// `Rejected::BadSignature`, or `Rejected::Malformed` if the signature cannot be computed.
    pub fn verify(
        &self,
        parts: &Parts,
        signed: &Signed,
        body: &SignableBody<'_>,
    ) -> Result<Reading, Rejected> {
        let is_good = |reading| self.is_signed(parts, signed, body, reading);
        let mut covered = signed.headers.iter().flat_map(|name| parts.headers.get_all(name));
        let plain = covered.all(|value| value.as_bytes().is_ascii());
        match is_good(Reading::Utf8) {
            Ok(true) => Ok(Reading::Utf8),
            Ok(false) | Err(Rejected::Malformed) if !plain && is_good(Reading::Latin1)? => {
                Ok(Reading::Latin1)
            }
            Ok(false) => Err(Rejected::BadSignature),
            Err(stranger) => Err(stranger),
        }
    }

    fn is_signed(
        &self,
        parts: &Parts,
        signed: &Signed,
        body: &SignableBody<'_>,
        reading: Reading,
    ) -> Result<bool, Rejected> {
        let host = header(parts, "host").ok_or(Rejected::Malformed)?;
        let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let uri = format!("http://{host}{path}");
        let mut headers = Vec::new();
        for name in &signed.headers {
            for value in parts.headers.get_all(name) {
                headers.push((name.as_str(), reading.text(value).ok_or(Rejected::Malformed)?));
            }
        }
        let headers = headers.iter().map(|(name, value)| (*name, value.as_ref()));
        // The token is among the signed headers. If it were passed here, it would be added to requests that
        // have none.
        let identity =
            Credentials::new(&self.id, self.secret.expose(), None, None, "gateway").into();
        let mut settings = settings(&signed.service);
        settings.excluded_headers = None;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&signed.region)
            .name(&signed.service)
            .time(signed.time)
            .settings(settings)
            .build()
            .map_err(|_| Rejected::Malformed)?
            .into();
        let request = SignableRequest::new(parts.method.as_str(), uri, headers, body.clone())
            .map_err(|_| Rejected::Malformed)?;
        let expected = sign(request, &params).map_err(|_| Rejected::Malformed)?.into_parts().1;
        Ok(equal(expected.as_bytes(), signed.signature.as_bytes()))
    }
}

/// Returns the reason why a request without an `Authorization` header is not the command's; `parameters` are
/// those of the query or the form.
/// Source: AWS, "Signature Version 2 signing process", and S3's "query string request authentication alternative".
pub(crate) fn unsigned(parameters: &str) -> Rejected {
    if has(parameters, "signatureversion") {
        Rejected::OldSignature
    } else if has(parameters, "signature") && has(parameters, "awsaccesskeyid") {
        Rejected::Presigned
    } else {
        Rejected::Unsigned
    }
}

fn has(parameters: &str, name: &str) -> bool {
    let mut names = parameters.split('&').filter_map(|pair| pair.split('=').next());
    names.any(|known| known.eq_ignore_ascii_case(name))
}

/// Returns the settings for signing paths: S3 signs them as they are, all other services encode them once
/// more.
/// Source: AWS, "Create a signed AWS API request", canonical URI.
pub(crate) fn settings(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if is_s3(service) {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    settings
}

/// Returns true if the bodies of this service's requests are objects.
pub(crate) fn is_s3(service: &str) -> bool {
    matches!(service, "s3" | "s3express" | "s3-object-lambda" | "s3-outposts")
}

/// Returns the value of a header as text, if the request has this header exactly once.
pub(crate) fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    let mut values = parts.headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn parse<'a>(header: &'a str, parts: &Parts) -> Option<(&'a str, Signed)> {
    let (mut credential, mut headers, mut signature) = (None, None, None);
    for part in header.strip_prefix("AWS4-HMAC-SHA256")?.split(',') {
        match part.trim().split_once('=')? {
            ("Credential", value) => credential = Some(value),
            ("SignedHeaders", value) => headers = Some(value),
            ("Signature", value) => signature = Some(value),
            _ => return None,
        }
    }
    let scope: Vec<&str> = credential?.split('/').collect();
    let [id, date, region, service, "aws4_request"] = scope.as_slice() else { return None };
    let time = self::header(parts, "x-amz-date")?;
    if !time.starts_with(date) {
        return None;
    }
    let signed = Signed {
        service: (*service).to_owned(),
        region: (*region).to_owned(),
        time: basic_time(time)?,
        headers: headers?.split(';').map(str::to_owned).collect(),
        reading: Reading::Utf8,
        signature: signature?.to_owned(),
    };
    Some((id, signed))
}

/// Reads `20261122T093000Z`.
fn basic_time(basic: &str) -> Option<SystemTime> {
    let part = |range| basic.get(range);
    if basic.len() != 16 || part(8..9)? != "T" {
        return None;
    }
    let (date, time) = (part(0..8)?, part(9..16)?);
    let text = format!(
        "{}-{}-{}T{}:{}:{}",
        date.get(0..4)?,
        date.get(4..6)?,
        date.get(6..8)?,
        time.get(0..2)?,
        time.get(2..4)?,
        time.get(4..7)?
    );
    humantime::parse_rfc3339(&text).ok()
}

fn random<const N: usize>() -> Result<zeroize::Zeroizing<[u8; N]>, getrandom::Error> {
    let mut bytes = zeroize::Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice())?;
    Ok(bytes)
}
