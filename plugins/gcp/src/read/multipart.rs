//! Bodies of several parts, taken apart strictly: uploads with metadata, and batches.
//!
//! Sources: RFC 2046, 5.1.1; Cloud Storage, "Batch requests" and "Upload objects", multipart uploads.

use audex_sdk::provider::SeenRequest;
use serde_json::Value;

use super::body::{self, header};

/// The most parts of a batch. Google's own limit is 100 for Cloud Storage, and 1,000 elsewhere.
const MOST_PARTS: usize = 1000;
/// The longest boundary (RFC 2046, 5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// A part: its headers, with names in lower case, and its contents.
#[derive(Debug)]
pub struct Part<'a> {
    pub headers: Vec<(String, String)>,
    pub contents: &'a [u8],
}

/// Returns the parts of a body of the given kind, such as `multipart/related`.
///
/// # Errors
/// The reason why the body is not read.
pub fn parts<'a>(request: &'a SeenRequest, kind: &str) -> Result<Vec<Part<'a>>, String> {
    if !request.complete {
        return Err("its body was not seen whole".to_owned());
    }
    if header(request, "content-encoding")?.is_some_and(|coding| coding != "identity") {
        return Err("its body is compressed".to_owned());
    }
    let content_type = header(request, "content-type")?.unwrap_or_default();
    let boundary = boundary(content_type, kind)?;
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut rest = request.body.strip_prefix(b"\r\n").unwrap_or(&request.body);
    rest = rest.strip_prefix(delimiter.as_bytes()).ok_or("its body does not begin with a part")?;
    loop {
        if let Some(end) = rest.strip_prefix(b"--") {
            let is_end = end.iter().all(u8::is_ascii_whitespace);
            return if is_end {
                Ok(parts)
            } else {
                Err("there is something after its last part".into())
            };
        }
        rest = line_break(rest).ok_or("a boundary of its body is not read")?;
        // A delimiter is at the beginning of a line, and a line of it that goes on is data of no part.
        let at = find(rest, &delimiter).ok_or("its last part does not end")?;
        let (contents, after) = rest.split_at_checked(at).ok_or("a part is not read")?;
        let contents = contents
            .strip_suffix(b"\r\n")
            .or_else(|| contents.strip_suffix(b"\n"))
            .unwrap_or(contents);
        parts.push(part(contents)?);
        if parts.len() > MOST_PARTS {
            return Err(format!("it has more than {MOST_PARTS} parts"));
        }
        rest = after.get(delimiter.len()..).unwrap_or_default();
    }
}

/// Returns the metadata of an upload: the first of two parts. The second is the object.
///
/// # Errors
/// The reason why the body is not read.
pub fn metadata(request: &SeenRequest) -> Result<Value, String> {
    let parts = parts(request, "multipart/related")?;
    let [metadata, _object] = parts.as_slice() else {
        return Err("an upload has two parts".to_owned());
    };
    let kind = of(&metadata.headers, "content-type").unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/json") {
        return Err("its first part is not JSON".to_owned());
    }
    if of(&metadata.headers, "content-transfer-encoding").is_some_and(|coding| !is_plain(coding)) {
        return Err("its first part is encoded".to_owned());
    }
    body::parse(metadata.contents)
}

/// Returns true for encodings that leave the contents as they are (RFC 2045, 6.2).
pub fn is_plain(coding: &str) -> bool {
    ["binary", "7bit", "8bit"].iter().any(|plain| coding.eq_ignore_ascii_case(plain))
}

/// Returns the header of this name.
pub fn of<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn boundary<'a>(content_type: &'a str, kind: &str) -> Result<&'a str, String> {
    let mut words = content_type.split(';').map(str::trim);
    if !words.next().is_some_and(|own| own.eq_ignore_ascii_case(kind)) {
        return Err(format!("its body is not `{kind}`"));
    }
    let named = |word: &'a str| {
        let (name, value) = word.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value.trim())
    };
    let mut found = words.filter_map(named);
    let (Some(one), None) = (found.next(), found.next()) else {
        return Err("its body does not have one boundary".to_owned());
    };
    let one = one.strip_prefix('"').and_then(|one| one.strip_suffix('"')).unwrap_or(one);
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&b);
    let is_read = !one.is_empty() && one.len() <= LONGEST_BOUNDARY && one.bytes().all(letter);
    is_read.then_some(one).ok_or_else(|| "its boundary is not read".to_owned())
}

/// Returns the place of the next delimiter that begins a line. Security: a delimiter anywhere else, which another
/// parser might take for one, is no part of JSON or of a request, so it makes the part unreadable there.
fn find(text: &[u8], delimiter: &str) -> Option<usize> {
    let delimiter = delimiter.as_bytes();
    let places = text.windows(delimiter.len()).enumerate();
    let mut places = places.filter(|(_, window)| *window == delimiter).map(|(at, _)| at);
    let first = places.next()?;
    let is_line = first == 0 || text.get(first.wrapping_sub(1)) == Some(&b'\n');
    is_line.then_some(first)
}

fn line_break(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"\r\n").or_else(|| text.strip_prefix(b"\n"))
}

/// Splits a part at the empty line after its headers.
fn part(bytes: &[u8]) -> Result<Part<'_>, String> {
    let (headers, contents) = head(bytes)?;
    Ok(Part { headers, contents })
}

/// Returns headers and what follows them.
///
/// # Errors
/// The reason why the headers are not read.
pub fn head(bytes: &[u8]) -> Result<(Vec<(String, String)>, &[u8]), String> {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = bytes;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (line, after) = match end {
            Some(end) => {
                (rest.get(..end).unwrap_or_default(), rest.get(end + 1..).unwrap_or_default())
            }
            None => (rest, &[][..]),
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return Ok((headers, after));
        }
        let text = std::str::from_utf8(line).ok();
        // A folded header goes on here (RFC 5322, 2.2.3), and holds no other one.
        if let Some(more) = text.filter(|text| text.starts_with([' ', '\t']) && !text.contains(':'))
            && let Some((_, value)) = headers.last_mut()
        {
            value.push_str(more.trim_end());
            rest = after;
            continue;
        }
        let text = text.filter(|text| !text.contains(char::is_control));
        let (name, value) =
            text.and_then(|text| text.split_once(':')).ok_or("a header is not read")?;
        let name = name.to_ascii_lowercase();
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.');
        if !is_name || headers.iter().any(|(known, _)| *known == name) {
            return Err("a header is not read, or is there twice".to_owned());
        }
        headers.push((name, value.trim().to_owned()));
        rest = after;
    }
}
