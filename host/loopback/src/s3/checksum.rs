//! Object checksums: verifies the checksums that a client sends, and returns them as headers.

use aws_smithy_types::base64;
use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::{S3Result, TrailingHeaders, s3_error};

/// The headers with a checksum of the whole body.
const CHECKSUM_HEADERS: [&str; 6] = [
    "content-md5",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];

/// Verifies every checksum in headers or trailers against `data`; returns the `x-amz-…` checksums.
pub(super) fn verify(
    data: &[u8],
    headers: &HeaderMap,
    trailers: Option<&TrailingHeaders>,
) -> S3Result<HeaderMap> {
    let mut kept = HeaderMap::new();
    for name in CHECKSUM_HEADERS {
        let in_trailer =
            || trailers.and_then(|trailers| trailers.read(|map| map.get(name).cloned())).flatten();
        let Some(sent) = headers.get(name).cloned().or_else(in_trailer) else { continue };
        let computed = compute(name, data);
        if computed.as_bytes() != sent.as_bytes() {
            return Err(s3_error!(BadDigest, "{} does not match the body", name));
        }
        if let (true, Ok(value)) = (name.starts_with("x-amz-"), HeaderValue::from_str(&computed)) {
            kept.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(kept)
}

fn compute(name: &str, data: &[u8]) -> String {
    match name {
        "content-md5" => base64::encode(Md5::checksum(data)),
        "x-amz-checksum-crc32" => base64::encode(Crc32::checksum(data)),
        "x-amz-checksum-crc32c" => base64::encode(Crc32c::checksum(data)),
        "x-amz-checksum-crc64nvme" => base64::encode(Crc64Nvme::checksum(data)),
        "x-amz-checksum-sha1" => base64::encode(Sha1::checksum(data)),
        _ => base64::encode(Sha256::checksum(data)),
    }
}
