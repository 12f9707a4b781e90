//! The XML API of Cloud Storage, as far as libraries read objects with it.
//!
//! Source: Cloud Storage, "XML API", "GET Object": path-style addresses, `/BUCKET/OBJECT`. Everything else of this
//! API is unknown.

use audex_sdk::provider::SeenRequest;

use super::needs::Needs;
use super::storage;

/// The beginnings of the paths of the JSON API.
const JSON: [&str; 5] = ["storage", "upload", "resumable", "download", "batch"];
/// Parameters that do not change what is read.
const PARAMETERS: [&str; 2] = ["generation", "alt"];

/// Returns true if the path is not one of the JSON API.
pub fn is_one(path: &str) -> bool {
    !JSON.contains(&path.split('/').nth(1).unwrap_or_default())
}

/// Returns the needs of a request, or `None` if it is not read.
///
/// # Errors
/// The reason why the path has more than one meaning.
pub fn read(request: &SeenRequest) -> Result<Option<Needs>, String> {
    let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
    let is_plain = request.query.iter().all(|(name, _)| PARAMETERS.contains(&name.as_str()));
    let named = request.path.strip_prefix('/').and_then(|path| path.split_once('/'));
    let Some((bucket, object)) = named.filter(|_| is_read && is_plain) else { return Ok(None) };
    let (bucket, object) = (method_table::decode(bucket), method_table::decode(object));
    if object.is_empty() {
        return Ok(None);
    }
    let mut needs = Needs::default();
    needs.on("storage.objects.get", storage::name(&bucket, &object)?);
    Ok(Some(needs))
}
