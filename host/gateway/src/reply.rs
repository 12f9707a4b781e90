//! Answers of endpoints, on their way to the command.
//!
//! Security: a service that refuses a signature quotes the request, and with it the session's own token. So
//! an answer that is not a success is read completely and searched for the session's secrets. If the answer
//! repeats a secret or cannot be searched, it is replaced. Bodies of successful answers are streamed and not
//! searched: they are the data that the command requested, from the service that it addressed.

use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use http::request::Parts;
use http::response::Parts as Head;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::answer::Refusal;
use super::gathered::{Gathered, TOGETHER};
use super::seen::{self, Outcome};
use super::{Door, Gate, queue};
use audex_core::clock;
use audex_wire::body::{Unread, whole};
use audex_wire::echo::Guard;
use audex_wire::header::header;

/// The longest error answer that is searched; real ones have a few hundred bytes.
pub(crate) const ERROR_BYTES: usize = 1024 * 1024;
/// The longest answer to a deletion: a thousand objects, each with a key of 1,024 bytes, each byte encoded in
/// up to six bytes.
/// Source: `DeleteObjects`.
const DELETED_BYTES: usize = 8 * 1024 * 1024;
/// The longest error code that is passed on; real ones have about forty letters.
const CODE_LETTERS: usize = 100;

/// The headers that apply to one connection. Source: RFC 9110, 7.6.1.
pub(crate) const HOP: [&str; 6] =
    ["connection", "keep-alive", "transfer-encoding", "proxy-authenticate", "upgrade", "trailer"];

/// Returns the answer for the command, and the outcome of the call. `guard` searches for the credentials of the request.
///
/// # Errors
/// If the answer is cut off.
pub(crate) async fn looked_at(
    gate: &Gate,
    guard: &Guard,
    parts: &Parts,
    service: &str,
    response: Response<SdkBody>,
) -> Result<(Response<SdkBody>, Outcome), Refusal> {
    let (mut head, body) = response.into_parts();
    gate.note_clock(&head.headers);
    for name in HOP {
        head.headers.remove(name);
    }
    remove_quoted(guard, &mut head.headers);
    if head.status.is_success() {
        return if seen::deletes_objects(parts, service) {
            several(head, body).await
        } else {
            Ok((Response::from_parts(head, streamed(body)), Outcome::Used))
        };
    }
    let body = read(body, ERROR_BYTES).await?;
    let named = header(&head.headers, "x-amzn-errortype");
    let code = seen::code(named, body.as_deref().unwrap_or_default());
    let outcome = if head.status.is_client_error() {
        seen::outcome(head.status, code.as_deref())
    } else {
        Outcome::Used
    };
    let is_plain = head.headers.get("content-encoding").is_none_or(|coding| coding == "identity");
    match body.filter(|body| is_plain && !guard.finds_in(body)) {
        Some(body) => Ok((Response::from_parts(head, SdkBody::from(body)), outcome)),
        None => Ok((replaced(gate, guard, parts, head.status, code), outcome)),
    }
}

/// Returns a body that is passed on in few parts.
pub(crate) fn streamed(body: SdkBody) -> SdkBody {
    if body.content_length().is_some_and(|length| length <= TOGETHER as u64) {
        return body;
    }
    SdkBody::from_body_1_x(Gathered::new(body))
}

/// Reads a whole body; returns `None` if it is longer than `most` bytes.
pub(crate) async fn read(body: SdkBody, most: usize) -> Result<Option<Vec<u8>>, Refusal> {
    match whole(body, most).await {
        Ok(whole) => Ok(Some(whole)),
        Err(Unread::TooLong) => Ok(None),
        Err(Unread::CutOff(error)) => Err(Refusal::unreachable(&error.to_string())),
    }
}

/// Returns the answer to a deletion of several objects, which can be a success although some deletions were denied.
async fn several(mut head: Head, body: SdkBody) -> Result<(Response<SdkBody>, Outcome), Refusal> {
    let Some(body) = read(body, DELETED_BYTES).await? else {
        return Err(Refusal::unreachable("the answer to a deletion is too long"));
    };
    let is_denied = String::from_utf8_lossy(&body).contains("<Code>AccessDenied</Code>");
    let outcome = if is_denied { Outcome::Partly } else { Outcome::Used };
    head.headers.remove("content-length");
    Ok((Response::from_parts(head, SdkBody::from(body)), outcome))
}

/// Returns the answer with the gateway's addresses in place of the queues' own.
///
/// # Errors
/// If the answer is cut off.
pub(crate) async fn with_our_queues(
    gate: &Gate,
    door: &Door,
    response: Response<SdkBody>,
) -> Result<Response<SdkBody>, Refusal> {
    let is_short =
        response.body().content_length().is_some_and(|length| length <= queue::ANSWER_BYTES as u64);
    let is_plain = !response.headers().contains_key("content-encoding");
    if !response.status().is_success() || !is_short || !is_plain {
        return Ok(response);
    }
    let (mut head, body) = response.into_parts();
    let Some(body) = read(body, queue::ANSWER_BYTES).await? else {
        return Err(Refusal::unreachable("the answer with addresses of queues is too long"));
    };
    let body = gate.queues.ours(&door.url, &body).unwrap_or(body);
    // These headers describe the original body.
    for name in ["content-length", "x-amz-crc32", "content-md5"] {
        head.headers.remove(name);
    }
    Ok(Response::from_parts(head, SdkBody::from(body)))
}

/// Removes the headers that repeat the session's secrets.
pub(crate) fn remove_quoted(guard: &Guard, headers: &mut HeaderMap) {
    let quoting = headers.iter().filter(|(_, value)| guard.finds_in(value.as_bytes()));
    let names: Vec<http::HeaderName> = quoting.map(|(name, _)| name.clone()).collect();
    for name in &names {
        headers.remove(name);
    }
}

/// Builds the gateway's own answer in place of the endpoint's.
fn replaced(
    gate: &Gate,
    guard: &Guard,
    parts: &Parts,
    status: StatusCode,
    code: Option<String>,
) -> Response<SdkBody> {
    let is_code = |code: &String| {
        code.len() <= CODE_LETTERS
            && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
            && !guard.finds_in(code.as_bytes())
    };
    let code = code.filter(is_code).unwrap_or_else(|| "InternalFailure".to_owned());
    let message = "the endpoint's words are left out, for they repeat the credentials or could not be searched";
    let refusal = Refusal::new(status, code, message);
    gate.shared.refused(&refusal);
    refusal.into_response(parts)
}

/// Returns the seconds by which the clock of an answer's endpoint is ahead of this machine's clock.
pub(crate) fn skew(headers: &HeaderMap) -> Option<i64> {
    let date = headers.get("date").map(HeaderValue::to_str)?.ok()?;
    let date = DateTime::from_str(date, Format::HttpDate).ok()?.secs();
    date.checked_sub(i64::try_from(clock::unix_seconds()).ok()?)
}
