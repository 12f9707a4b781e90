//! The source of a copy, which a header names in a form of its own.

use audex_sdk::provider::SeenRequest;
use aws_api::Asked;

use crate::recognise::decoded;

const HEADER: &str = "x-amz-copy-source";
const VERSION: &str = "?versionId=";

/// Checks that the source of a copy has one reading: `/bucket/key`, encoded once, with an optional version.
/// Source: Amazon S3 API reference, `CopyObject`, `x-amz-copy-source`.
///
/// # Errors
/// The reason.
pub(super) fn check(request: &SeenRequest, asked: &Asked) -> Result<(), String> {
    let source = request.headers.iter().find(|(name, _)| name == HEADER).map(|(_, value)| value);
    let is_copy = request.service.as_deref() == Some("s3") && asked.operation.contains("Copy");
    let Some(source) = source else {
        return if is_copy { Err("its source is missing".to_owned()) } else { Ok(()) };
    };
    let wrong = || Err(format!("`{HEADER}` is not `/bucket/key`"));
    if !is_copy {
        return Err(format!("`{HEADER}` does not belong to it"));
    }
    let (path, version) = source.split_once(VERSION).unwrap_or((source, ""));
    let path = path.strip_prefix('/').unwrap_or(path);
    let Some((bucket, key)) = path.split_once('/') else { return wrong() };
    // An encoded slash in the bucket would move the border between bucket and key.
    let is_bucket = !bucket.is_empty()
        && bucket
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    let has_sign = |text: &str| text.contains(['?', '+', '#']) || text.contains("://");
    if !is_bucket || key.is_empty() || has_sign(path) || has_sign(version) || version.contains('&')
    {
        return wrong();
    }
    // An encoded slash makes no difference to S3, and may make one to a server that resolves dots.
    let dots = |segment: &str| matches!(segment, "." | "..");
    if decoded(key).split('/').any(dots) { wrong() } else { Ok(()) }
}
