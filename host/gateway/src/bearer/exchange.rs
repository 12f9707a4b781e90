//! Forwards one request: checks its token, has it decided, and sends it with the session's own token.

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};

use super::reply::{self, Refused};
use super::{Door, Front, Fronts};
use crate::client::Client;
use crate::held::Held;
use crate::{Noted, View, anew, seen};
use audex_core::error_chain;
use audex_core::secret::Secret;
use audex_wire::header::header;
use audex_wire::seen_request::SeenRequest;

/// The methods of the clouds' APIs.
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// The beginning of an authorization header.
const BEARER: &str = "bearer ";
/// The most bytes of an upload's description and data that the decision sees: the description comes first.
const UPLOAD_BYTES: usize = 64 * 1024;
/// The types of bodies that can name operations or resources, by the beginning of their names.
const TELLING: [&str; 6] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "application/xml",
    "text/xml",
    "multipart/",
    "application/http",
];
/// The type of an upload with its description. Source: Cloud Storage, "JSON API uploads".
const UPLOAD: &str = "multipart/related";
/// Headers that are not sent on, besides those of `seen`: a login of the command's own.
const OWN_LOGINS: [&str; 3] = ["cookie", "x-goog-api-key", "x-ms-authorization-auxiliary"];

/// Answers a request in plain http.
pub(super) async fn at_door(
    fronts: &Fronts,
    door: &Door,
    request: Request<Incoming>,
) -> Response<SdkBody> {
    let authority = door.url.trim_start_matches("http://").to_owned();
    let mut response = answer(fronts, &door.host, &authority, request).await;
    reply::lead_back(response.headers_mut(), door);
    response
}

/// Answers a request for `host`, which the command addressed as `authority`.
pub(super) async fn answer(
    fronts: &Fronts,
    host: &str,
    authority: &str,
    request: Request<Incoming>,
) -> Response<SdkBody> {
    let (parts, body) = request.into_parts();
    match exchange(fronts, (host, authority), &parts, body).await {
        Ok(response) => response,
        Err(refused) => {
            if let Some(reason) = refused.notable() {
                fronts.shared.lost(reason);
            }
            refused.into_response(&parts.method)
        }
    }
}

async fn exchange(
    fronts: &Fronts,
    (host, authority): (&str, &str),
    parts: &Parts,
    body: Incoming,
) -> Result<Response<SdkBody>, Refused> {
    let invalid = |reason: &str| Refused::new(StatusCode::BAD_REQUEST, reason);
    // Security: an answer to any other method may repeat the request, and with it the token.
    if !METHODS.contains(&parts.method) {
        return Err(invalid("the gateway does not forward this method"));
    }
    let front = fronts.of(host).ok_or_else(|| invalid("the host is not one of the session's"))?;
    let client = client(fronts, front, (host, authority), parts)?;
    not_ended(&client)?;
    let anew = anew::target_with_verbs(&parts.uri)
        .map_err(|part| invalid(&format!("the gateway does not forward {part}")))?;
    let (body, beginning, complete) = body_of(fronts, parts, body).await?;
    let seen = seen::whole(parts, &anew, host, None, &beginning, complete).map_err(invalid)?;
    let seen = SeenRequest {
        headers: seen.headers.into_iter().filter(|(name, _)| !is_own_login(name)).collect(),
        ..seen
    };
    let signer = match client.decider.decide(&seen).await {
        Ok(signer) => signer,
        Err(denial) => return Ok(denial.into_response(&parts.method)),
    };
    // The decision may have waited for a person.
    not_ended(&client)?;
    drop(beginning);
    let kept = match client.decider.view() {
        View::Telling => seen.body.slice(..seen.body.len().min(seen::BODY_BYTES)),
        View::Whole => Bytes::new(),
    };
    let seen = SeenRequest { body: kept, ..seen };
    let no_token = "the session has no token for this service";
    let token = signer
        .token(front.audience.as_deref())
        .ok_or_else(|| Refused::new(StatusCode::FORBIDDEN, no_token))?;
    let target = (fronts.setup.elsewhere)(host).unwrap_or_else(|| format!("https://{host}"));
    let uri = format!("{target}{}", anew.written);
    let request = with_token(parts, &uri, token, body).map_err(|reason| invalid(&reason))?;
    let response = fronts.http.forward(request).await;
    let response = response.map_err(|error| Refused::unreachable(&error_chain::line(&error)))?;
    let response =
        response.try_into_http1x().map_err(|error| Refused::unreachable(&error.to_string()))?;
    let (response, denied) =
        reply::looked_at(&fronts.shared, &signer.guard, &parts.method, response).await?;
    if let Some(denied) = denied {
        client.decider.noted(Noted::signed(seen, denied)).await;
    }
    Ok(response)
}

/// Returns the client whose token the request carries.
fn client(
    fronts: &Fronts,
    front: &Front,
    (host, authority): (&str, &str),
    parts: &Parts,
) -> Result<Arc<Client>, Refused> {
    // Security: a web page could make a browser send requests to a port of this machine under its own host name.
    let is_named = header(&parts.headers, "host").is_some_and(|named| {
        let named = named.to_ascii_lowercase();
        named == authority || named == format!("{authority}:443")
    });
    if !is_named || parts.uri.authority().is_some() {
        return Err(Refused::new(
            StatusCode::MISDIRECTED_REQUEST,
            "the request is for another host than its connection",
        ));
    }
    let unauthenticated = |reason: &str| Refused::challenge(front, &fronts.setup, host, reason);
    if !parts.headers.contains_key("authorization") {
        return Err(unauthenticated("the gateway forwards requests with the session's token only"));
    }
    let token = header(&parts.headers, "authorization").and_then(|value| {
        let (scheme, token) = value.split_at_checked(BEARER.len())?;
        scheme.eq_ignore_ascii_case(BEARER).then(|| token.trim())
    });
    let client = token.and_then(|token| fronts.shared.clients.bearing(token));
    client.ok_or_else(|| unauthenticated("the token is not this session's"))
}

/// Checks that the client still has access.
fn not_ended(client: &Client) -> Result<(), Refused> {
    if client.has_access() {
        return Ok(());
    }
    Err(Refused::new(StatusCode::UNAUTHORIZED, "the session's access has ended"))
}

/// A body to send.
enum Outgoing {
    Streamed(SdkBody, Option<u64>),
    Held(Held),
}

/// Returns the body to send, the part of it that the decision sees, and whether that is all of it.
async fn body_of(
    fronts: &Fronts,
    parts: &Parts,
    body: Incoming,
) -> Result<(Outgoing, Bytes, bool), Refused> {
    let kind = header(&parts.headers, "content-type").unwrap_or_default().to_ascii_lowercase();
    let length = body.size_hint().exact();
    // Security: a server that reads no body here would take it for the next request.
    if length != Some(0) && matches!(parts.method, Method::GET | Method::HEAD) {
        return Err(Refused::new(StatusCode::BAD_REQUEST, "a request to read has no body"));
    }
    if length == Some(0) {
        let length = parts.headers.contains_key("content-length").then_some(0);
        return Ok((Outgoing::Streamed(SdkBody::empty(), length), Bytes::new(), true));
    }
    // Security: a body without a type, or with two, may be read as any.
    let is_telling = kind.is_empty()
        || TELLING.iter().any(|known| kind.starts_with(known))
        || kind.contains("+json")
        || kind.contains("+xml");
    if !is_telling {
        let body = Outgoing::Streamed(SdkBody::from_body_1_x(body), length);
        return Ok((body, Bytes::new(), false));
    }
    let held = fronts.bodies.whole(body).await?;
    let mut whole = held.bytes()?;
    let complete = !kind.starts_with(UPLOAD) || whole.len() <= UPLOAD_BYTES;
    if !complete {
        whole = Bytes::copy_from_slice(whole.get(..UPLOAD_BYTES).unwrap_or_default());
    }
    Ok((Outgoing::Held(held), whole, complete))
}

fn is_own_login(name: &str) -> bool {
    OWN_LOGINS.contains(&name)
}

/// Builds the request with the session's own token.
fn with_token(
    parts: &Parts,
    uri: &str,
    token: &Secret,
    body: Outgoing,
) -> Result<HttpRequest, String> {
    let mut request = Request::builder().method(&parts.method).uri(uri);
    let host = uri.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    request = request.header("host", host.ok_or("the service has no host")?);
    // A compressed answer could not be searched; the data of an object is not searched, and may be stored compressed.
    let is_data = parts.uri.query().is_some_and(|query| query.contains("alt=media"));
    let passes = |name: &str| {
        let is_coding = is_data && name == "accept-encoding";
        (is_coding || !seen::NOT_FORWARDED.contains(&name)) && !is_own_login(name)
    };
    for (name, value) in parts.headers.iter().filter(|(name, _)| passes(name.as_str())) {
        request = request.header(name, value);
    }
    let mut value = http::HeaderValue::from_str(&format!("Bearer {}", token.expose()))
        .map_err(|error| error.to_string())?;
    value.set_sensitive(true);
    request = request.header("authorization", value);
    let (body, length) = match body {
        Outgoing::Streamed(body, length) => (body, length),
        Outgoing::Held(held) => {
            let length = held.length();
            (held.into_body(), Some(length))
        }
    };
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    if let Some(length) = length.filter(|length| *length > 0 || !is_read) {
        request = request.header("content-length", length);
    }
    let request = request.body(body).map_err(|error| error.to_string())?;
    HttpRequest::try_from(request).map_err(|error| error.to_string())
}
