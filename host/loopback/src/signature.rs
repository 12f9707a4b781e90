//! Verifies the caller of a call to any service but S3; for S3, `s3s` verifies signatures.

use std::sync::Arc;

use aws_sigv4::http_request::SignableBody;
use http::request::Parts;

use super::cloud::{Cloud, Refusal};
use super::credential::Credential;
use audex_core::digest::sha256;
use audex_core::secret::{Secret, equal};
use audex_wire::header::header;
use audex_wire::sigv4::{Claim, Rejected};

/// Checks signature, time, session token and expiry, and returns the credential that signed.
pub(super) fn verify(
    cloud: &Cloud,
    parts: &Parts,
    claim: &Claim,
    body: &[u8],
) -> Result<Arc<Credential>, Refusal> {
    if !claim.is_near(cloud.now()) {
        return Err(Refusal::Skewed);
    }
    let credential = cloud.credential(&claim.access_key_id).ok_or(Refusal::UnknownKey)?;
    claim.verify(parts, &credential.secret, &signable_body(parts, body)?)?;
    cloud.check_session(&credential, claim.token.as_ref().map(Secret::expose))?;
    Ok(credential)
}

/// Checks the digest in the request's headers against the body.
fn signable_body<'a>(parts: &Parts, body: &'a [u8]) -> Result<SignableBody<'a>, Refusal> {
    match header(&parts.headers, "x-amz-content-sha256") {
        None => Ok(SignableBody::Bytes(body)),
        Some("UNSIGNED-PAYLOAD") => Ok(SignableBody::UnsignedPayload),
        Some(digest) if equal(digest.as_bytes(), sha256(body).as_bytes()) => {
            Ok(SignableBody::Bytes(body))
        }
        Some(_) => Err(Refusal::BadSignature),
    }
}

impl From<Rejected> for Refusal {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Unsigned | Rejected::Presigned => Self::Unsigned,
            Rejected::SignedForRegions | Rejected::OldSignature | Rejected::Malformed => {
                Self::Malformed
            }
            Rejected::UnknownKey => Self::UnknownKey,
            Rejected::Skewed => Self::Skewed,
            Rejected::Uncovered | Rejected::BadSignature | Rejected::Repeated => Self::BadSignature,
        }
    }
}
