//! Answers to the command: the gateway's own, and those of the cloud on their way back.

use aws_smithy_types::body::SdkBody;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use serde_json::json;

use super::{Door, Front, Setup};
use crate::Shared;
use crate::answer::Refusal;
use crate::reply::{ERROR_BYTES, HOP, read, remove_quoted, streamed};
use audex_wire::echo::Guard;

/// The notice for answers that no permission decided.
const NOT_TAKEN: &str =
    "a service did not take the session's token: what it allows there is not known";

/// A request that the gateway itself answers.
pub(super) struct Refused {
    status: StatusCode,
    message: String,
    /// The value of `www-authenticate`.
    challenge: Option<String>,
    /// True if a client asks before it logs in, which is no refusal.
    is_question: bool,
}

impl Refused {
    pub(super) fn new(status: StatusCode, message: &str) -> Self {
        let message = format!("tryaudex: {message}");
        Self { status, message, challenge: None, is_question: false }
    }

    pub(super) fn unreachable(reason: &str) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, reason)
    }

    /// Builds the answer to a request without this session's token. Clients of Key Vault and of Storage ask once without a token
    /// in order to learn the directory and the audience. Source: Azure Key Vault, "Authentication, requests and
    /// responses".
    pub(super) fn challenge(front: &Front, setup: &Setup, host: &str, reason: &str) -> Self {
        let challenge = match (&front.audience, &setup.authority) {
            (Some(audience), Some(authority)) => {
                format!("Bearer authorization=\"{authority}\", resource=\"{audience}\"")
            }
            _ => format!("Bearer realm=\"https://{host}/\""),
        };
        let is_question = front.audience.is_some();
        Self {
            challenge: Some(challenge),
            is_question,
            ..Self::new(StatusCode::UNAUTHORIZED, reason)
        }
    }

    /// Returns the reason for the user's notices.
    pub(super) fn notable(&self) -> Option<&str> {
        (!self.is_question).then_some(self.message.as_str())
    }

    /// Returns the response, in a form that the clients of Google Cloud and Azure read.
    pub(super) fn into_response(self, method: &Method) -> Response<SdkBody> {
        let Self { status, message, challenge, .. } = self;
        let name = match status {
            StatusCode::UNAUTHORIZED => "UNAUTHENTICATED",
            StatusCode::FORBIDDEN => "PERMISSION_DENIED",
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => "UNAVAILABLE",
            _ => "INVALID_ARGUMENT",
        };
        let error = json!({ "code": status.as_u16(), "status": name, "message": message });
        let body = json!({ "error": error }).to_string();
        let body = if method == Method::HEAD { SdkBody::empty() } else { SdkBody::from(body) };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        if let Some(challenge) = challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert("www-authenticate", challenge);
        }
        response
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, message, .. } = refusal;
        Self { status, message, challenge: None, is_question: false }
    }
}

/// Returns the answer for the command, and whether the cloud denied the request; `None` if no permission decided it.
///
/// # Errors
/// If the answer is cut off.
pub(super) async fn looked_at(
    shared: &Shared,
    guard: &Guard,
    method: &Method,
    response: Response<SdkBody>,
) -> Result<(Response<SdkBody>, Option<bool>), Refused> {
    let (mut head, body) = response.into_parts();
    for name in HOP {
        head.headers.remove(name);
    }
    remove_quoted(guard, &mut head.headers);
    // A resumable upload answers 308 after each part.
    if head.status.is_success() || head.status.is_redirection() {
        return Ok((Response::from_parts(head, streamed(body)), Some(false)));
    }
    let denied = match head.status {
        StatusCode::FORBIDDEN => Some(true),
        StatusCode::UNAUTHORIZED => {
            shared.lost(NOT_TAKEN);
            None
        }
        _ => Some(false),
    };
    let body = read(body, ERROR_BYTES).await?;
    let is_plain = head.headers.get("content-encoding").is_none_or(|coding| coding == "identity");
    if let Some(body) = body.filter(|body| is_plain && !guard.finds_in(body)) {
        return Ok((Response::from_parts(head, SdkBody::from(body)), denied));
    }
    let words =
        "the service's words are left out, for they repeat the token or could not be searched";
    let refused = Refused::new(head.status, words);
    shared.lost(&refused.message);
    Ok((refused.into_response(method), denied))
}

/// Leads a client that came in plain http back to its port: the address of a resumable upload names the cloud's own host.
pub(super) fn lead_back(headers: &mut HeaderMap, door: &Door) {
    let led = headers.get("location").and_then(|location| {
        let (host, path) = location.to_str().ok()?.strip_prefix("https://")?.split_once('/')?;
        (host == door.host).then(|| HeaderValue::from_str(&format!("{}/{path}", door.url)))
    });
    if let Some(Ok(location)) = led {
        headers.insert("location", location);
    }
}
