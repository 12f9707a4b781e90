//! A batch of a table, which is read part by part.
//!
//! Source: "Performing entity group transactions": a body of type `multipart/mixed` with one change set, or with
//! one query. The token is that of the request itself.

use audex_sdk::provider::SeenRequest;

use super::{Account, KNOWN, Needs, Query, Unread, ambiguous, decoded, header, one, unknown};
use crate::read::check_headers;

/// The most parts of a batch.
const PARTS: usize = 100;

/// Returns the needs of all parts.
pub fn needs(request: &SeenRequest, account: &Account) -> Needs {
    if request.method != "POST" || !request.query.iter().all(|(name, _)| name == "timeout") {
        return Err(unknown(request));
    }
    if !request.complete {
        return Err(wrong("a body that is not there in full"));
    }
    let kind = header(request, "content-type")?.unwrap_or_default();
    let body = std::str::from_utf8(&request.body).map_err(|_| wrong("a body that is not text"))?;
    let mut all = Vec::new();
    for part in parts(body, kind)? {
        let (headers, inside) = split(part)?;
        let kind = value(&headers, "content-type")?;
        if kind.to_ascii_lowercase().starts_with("multipart/mixed") {
            for part in parts(inside, kind)? {
                let (headers, inside) = split(part)?;
                all.push(http(&headers, inside, account)?);
            }
        } else {
            all.push(http(&headers, inside, account)?);
        }
    }
    if all.is_empty() || all.len() > PARTS {
        return Err(wrong("a number of parts that is not read"));
    }
    let mut needs: Vec<audex_sdk::provider::Need> = Vec::new();
    for request in &all {
        check_headers(request)?;
        let query = Query::of(request)?;
        query.check_known(&KNOWN)?;
        let path = decoded(&request.path).unwrap_or_default();
        let need = one(request, account, path.strip_prefix('/').unwrap_or(&path), &query)?;
        match needs.iter_mut().find(|known| known.action == need.action && known.on == need.on) {
            Some(known) => known.uses = known.uses.saturating_add(1),
            None => needs.push(need),
        }
    }
    Ok(needs)
}

/// Returns the parts of a body. Security: nothing may stand before the first boundary or after the last one.
fn parts<'a>(body: &'a str, kind: &str) -> Result<Vec<&'a str>, Unread> {
    let (media, rest) = kind.split_once(';').ok_or_else(|| wrong("no boundary"))?;
    let boundary = rest.trim().strip_prefix("boundary=").unwrap_or_default().trim_matches('"');
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_'().".contains(&b);
    if !media.trim().eq_ignore_ascii_case("multipart/mixed")
        || boundary.is_empty()
        || !boundary.bytes().all(is_plain)
    {
        return Err(wrong("no boundary that is read"));
    }
    let mark = format!("--{boundary}");
    let mut pieces = body.split(mark.as_str());
    if pieces.next().is_none_or(|before| !before.trim().is_empty()) {
        return Err(wrong("text before its first part"));
    }
    let mut all = Vec::new();
    while let Some(piece) = pieces.next() {
        if let Some(after) = piece.strip_prefix("--") {
            return match pieces.next() {
                None if after.trim().is_empty() => Ok(all),
                _ => Err(wrong("text after its last part")),
            };
        }
        let inside = piece.strip_prefix("\r\n").or_else(|| piece.strip_prefix('\n'));
        all.push(inside.ok_or_else(|| wrong("a malformed boundary"))?);
    }
    Err(wrong("no end"))
}

/// The headers of a part, names in lower case.
type Headers = Vec<(String, String)>;

/// Splits a part into its headers and the rest.
fn split(part: &str) -> Result<(Headers, &str), Unread> {
    let mut headers = Vec::new();
    let mut rest = part;
    loop {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let line = line.strip_suffix('\r').unwrap_or(line);
        rest = after;
        if line.is_empty() {
            return Ok((headers, rest));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| wrong("a malformed header"))?;
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if name.is_empty() || !name.bytes().all(is_plain) || value.contains('\r') {
            return Err(wrong("a malformed header"));
        }
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn value<'a>(headers: &'a Headers, name: &str) -> Result<&'a str, Unread> {
    let mut found = headers.iter().filter(|(known, _)| known == name);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Ok(value),
        _ => Err(wrong("a part without one content type")),
    }
}

/// Reads `METHOD address HTTP/1.1`, headers and a body.
fn http(headers: &Headers, inside: &str, account: &Account) -> Result<SeenRequest, Unread> {
    if !value(headers, "content-type")?.eq_ignore_ascii_case("application/http") {
        return Err(wrong("a part of another type"));
    }
    let (line, rest) = inside.split_once('\n').ok_or_else(|| wrong("a part without a request"))?;
    let words: Vec<&str> = line.trim_end_matches('\r').split(' ').collect();
    let [method, address, "HTTP/1.1"] = words.as_slice() else {
        return Err(wrong("a part without a request"));
    };
    let target = if address.starts_with('/') {
        Some(*address)
    } else {
        address.strip_prefix(account.url.as_str())
    };
    let target = target.filter(|target| target.starts_with('/') && !target.contains('#'));
    let target = target.ok_or_else(|| wrong("a part for another account"))?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if decoded(path).is_none_or(|path| path.split('/').any(|part| matches!(part, "." | ".."))) {
        return Err(wrong("a path that is not read"));
    }
    let (headers, body) = split(rest)?;
    if headers.iter().any(|(name, _)| name == "authorization") {
        return Err(wrong("a part with a token of its own"));
    }
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decoded(name)?, decoded(value)?))
    };
    let query: Option<Vec<_>> = query.split('&').filter(|one| !one.is_empty()).map(pair).collect();
    Ok(SeenRequest {
        service: None,
        region: None,
        method: (*method).to_owned(),
        host: String::new(),
        path: path.to_owned(),
        query: query.ok_or_else(|| wrong("a malformed parameter"))?,
        headers,
        body: body.trim().as_bytes().to_vec(),
        complete: true,
    })
}

fn wrong(what: &str) -> Unread {
    ambiguous(format!("a batch with {what}"))
}
