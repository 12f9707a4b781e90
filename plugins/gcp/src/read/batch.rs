//! Batches: each part is a request of its own, and is read as one.
//!
//! Source: Cloud Storage, "Batch requests": parts of `application/http`, with the path of the call, for one API.

use audex_sdk::provider::SeenRequest;

use super::multipart::{self, Part};

/// The paths of batches. Source: `batchPath` of the discovery documents.
const PATHS: [&str; 2] = ["/batch", "/batch/"];
/// The headers of an inner request that do not change what it does, by their beginnings.
const HEADERS: [&str; 14] = [
    "accept",
    "content-id",
    "content-length",
    "content-transfer-encoding",
    "content-type",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "mime-version",
    "user-agent",
    "x-goog-api-client",
    "x-goog-user-project",
    "x-user-agent",
];

/// Returns true for the path of a batch.
pub fn is_one(path: &str) -> bool {
    let [exact, beginning] = PATHS;
    path == exact || path.starts_with(beginning)
}

/// Returns the requests of a batch. Security: an absolute address, another host, a header that could change the
/// method or the caller, and a batch in a batch are refused; all parts are of the API of the batch's own path.
///
/// # Errors
/// The reason why the batch is not read.
pub fn requests(request: &SeenRequest) -> Result<Vec<SeenRequest>, String> {
    if request.method != "POST" || !request.query.is_empty() {
        return Err("a batch is a POST without a query".to_owned());
    }
    let parts = multipart::parts(request, "multipart/mixed")?;
    if parts.is_empty() {
        return Err("the batch is empty".to_owned());
    }
    parts.iter().map(|part| inner(request, part)).collect()
}

fn inner(batch: &SeenRequest, part: &Part<'_>) -> Result<SeenRequest, String> {
    let kind = multipart::of(&part.headers, "content-type").unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/http") {
        return Err("a part of the batch is not a request".to_owned());
    }
    let coding = multipart::of(&part.headers, "content-transfer-encoding");
    if coding.is_some_and(|coding| !multipart::is_plain(coding)) {
        return Err("a part of the batch is encoded".to_owned());
    }
    let end = part.contents.iter().position(|byte| *byte == b'\n').unwrap_or(part.contents.len());
    let (line, rest) = part.contents.split_at_checked(end).unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| "a part of the batch is not read")?;
    let mut words = line.trim_end_matches('\r').split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err("a part of the batch is not a request".to_owned());
    };
    if !words.next().is_none_or(|version| version.starts_with("HTTP/1.")) || words.next().is_some()
    {
        return Err("a part of the batch is not a request".to_owned());
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_path = path.starts_with('/') && !path.starts_with("//") && path.is_ascii();
    let is_normal = !path.split('/').any(|part| matches!(unescaped(part).as_str(), "." | ".."));
    if !is_path || !is_normal || target.contains('#') || path.contains('\\') {
        return Err("the address of a part of the batch is not a plain path".to_owned());
    }
    let (headers, body) = multipart::head(rest.strip_prefix(b"\n").unwrap_or(rest))?;
    for (name, value) in &headers {
        let is_own = name != "host" || value.eq_ignore_ascii_case(&batch.host);
        if !HEADERS.contains(&name.as_str()) || !is_own {
            return Err(format!("the header `{name}` of a part of the batch is not read"));
        }
    }
    let length = multipart::of(&headers, "content-length").map(str::parse::<usize>);
    let lengths = body.trim_ascii().len()..=body.len();
    if length.is_some_and(|length| !length.is_ok_and(|length| lengths.contains(&length))) {
        return Err("a part of the batch is longer than it says".to_owned());
    }
    Ok(SeenRequest {
        service: None,
        region: None,
        method: method.to_owned(),
        host: batch.host.clone(),
        path: path.to_owned(),
        query: pairs(query)?,
        headers,
        body: body.trim_ascii().to_vec(),
        complete: true,
    })
}

/// Splits a query, decoded.
fn pairs(query: &str) -> Result<Vec<(String, String)>, String> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        let text = unescaped(&text);
        let is_text = !text.contains(char::REPLACEMENT_CHARACTER);
        is_text.then_some(text).ok_or_else(|| "a query of the batch is not read".to_owned())
    };
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decoded(name)?, decoded(value)?))
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

fn unescaped(text: &str) -> String {
    method_table::decode(text)
}
