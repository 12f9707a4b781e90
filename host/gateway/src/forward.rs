//! Forwards one request to the real endpoint: checks it, signs it again and streams the bodies both ways.

use aws_sigv4::http_request::SignableBody;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, Request, Response, StatusCode, Uri};
use hyper::body::{Body as _, Incoming};

use super::answer::{Refusal, Unsupported};
use super::chunks::Unchunked;
use super::client::Client;
use super::held::Held;
use super::route::target;
use super::seen::{self, Outcome};
use super::{Door, Gate, Noted, Signer, View, anew, once, queue, reply, unsigned};
use audex_core::digest::sha256;
use audex_core::error_chain;
use audex_wire::header::header;
use audex_wire::sigv4::{Claim, Reading, Rejected, Scope, is_s3, settings, sign};

/// The notice for answers that no policy decided.
const NOT_TAKEN: &str =
    "an endpoint did not take the session's credentials: what they allow there is not known";

const HASH: &str = "x-amz-content-sha256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const SIGNED_CHUNKS: [&str; 2] =
    ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"];
const UNSIGNED_CHUNKS: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// Answers one request; `connection` is the number of its connection.
pub(crate) async fn answer(
    gate: &Gate,
    door: &Door,
    connection: u64,
    request: Request<Incoming>,
) -> Response<SdkBody> {
    let (parts, body) = request.into_parts();
    match exchange(gate, door, connection, &parts, body).await {
        Ok(response) => response,
        Err(refusal) => {
            gate.shared.refused(&refusal);
            refusal.into_response(&parts)
        }
    }
}

async fn exchange(
    gate: &Gate,
    door: &Door,
    connection: u64,
    parts: &Parts,
    body: Incoming,
) -> Result<Response<SdkBody>, Refusal> {
    let view = gate.shared.clients.first.decider.view();
    let (claim, client) = match gate.shared.clients.claimed(parts) {
        Err(Rejected::Unsigned) if view == View::Telling => {
            not_ended(&gate.shared.clients.first)?;
            return unsigned::exchange(gate, door, parts, body).await;
        }
        Err(Rejected::Unsigned) => return Err(unsigned::refusal(parts)),
        claimed => claimed?,
    };
    not_ended(&client)?;
    once::in_time(&claim, gate.skew())?;
    match claim.service.as_str() {
        "s3express" => return Err(Refusal::unsupported(Unsupported::DirectoryBucket)),
        // Only operations of S3 Control have this header. Source: botocore's models of S3.
        "s3" if view == View::Whole && parts.headers.contains_key("x-amz-account-id") => {
            return Err(Refusal::unsupported(Unsupported::S3Control));
        }
        _ => {}
    }
    let (payload, mut beginning) = payload(gate, parts, (&claim, &client), body).await?;
    gate.once(&claim, parts, connection)?;
    let payload = at_the_queue(gate, &claim, payload, &mut beginning);
    let invalid = |reason: &str| Refusal::new(StatusCode::BAD_REQUEST, "InvalidRequest", reason);
    let anew = anew::target(&parts.uri)
        .map_err(|part| invalid(&format!("the gateway does not forward {part}")))?;
    let Claim { service, region, .. } = &claim;
    let uri = target(&door.endpoint, gate.variant, service, region, &anew.written);
    let uri = uri.map_err(invalid)?;
    let mut seen = match view {
        View::Telling => seen::telling(parts, &anew, service, region, &beginning),
        View::Whole => {
            let host = uri.authority().map_or("", http::uri::Authority::as_str);
            let is_read = payload.is_read || is_s3(service);
            seen::whole(parts, &anew, host, Some((service, region)), &beginning, is_read)
                .map_err(invalid)?
        }
    };
    let signer = match client.decider.decide(&seen).await {
        Ok(signer) => signer,
        Err(denial) => return Ok(denial.into_response(&parts.method)),
    };
    // The decision may have waited for a person.
    not_ended(&client)?;
    let asks_for_queues =
        claim.service == queue::SERVICE && queue::has_addresses(parts, &beginning);
    // From here on, a large body is in its file only.
    drop(beginning);
    if view == View::Whole {
        seen.body = Bytes::new();
    }
    let request =
        signed_again(&signer, parts, &claim, &uri, payload).map_err(|reason| invalid(&reason))?;
    let response = gate.http.forward(request).await;
    let response = response.map_err(|error| Refusal::unreachable(&error_chain::line(&error)))?;
    let response =
        response.try_into_http1x().map_err(|error| Refusal::unreachable(&error.to_string()))?;
    seen.headers.extend(seen::answered(response.headers()));
    let (response, outcome) =
        reply::looked_at(gate, &signer.guard, parts, &claim.service, response).await?;
    let response = if asks_for_queues {
        reply::with_our_queues(gate, door, response).await?
    } else {
        response
    };
    let is_denied: &[bool] = match outcome {
        Outcome::Used => &[false],
        Outcome::Denied => &[true],
        Outcome::Partly => &[false, true],
        Outcome::Undecided => {
            gate.shared.lost(NOT_TAKEN);
            &[]
        }
    };
    for denied in is_denied {
        client.decider.noted(Noted::signed(seen.clone(), *denied)).await;
    }
    Ok(response)
}

/// Checks that the client still has access.
fn not_ended(client: &Client) -> Result<(), Refusal> {
    if client.has_access() {
        return Ok(());
    }
    let message = "the session's access has ended";
    Err(Refusal::new(StatusCode::FORBIDDEN, "ExpiredToken", message))
}

/// Puts the queue's own address in place of the gateway's; `beginning` is the payload's body.
fn at_the_queue(gate: &Gate, claim: &Claim, payload: Payload, beginning: &mut Bytes) -> Payload {
    let Outgoing::Held(_) = &payload.body else { return payload };
    if claim.service != queue::SERVICE {
        return payload;
    }
    // Security: a body is changed and signed again only if the client's signature covers it.
    let is_signed = match &payload.hash {
        Hash::Computed(_) => true,
        Hash::Said(said) => sha256(beginning) == *said,
    };
    let theirs = if is_signed { gate.queues.theirs(beginning) } else { None };
    match (theirs.map(Bytes::from), payload.body) {
        (Some(body), Outgoing::Held(held)) => {
            *beginning = body.clone();
            let (hash, reading) = (Hash::Computed(sha256(&body)), payload.reading);
            Payload::held(held.replaced(body), hash, reading)
        }
        (_, body) => Payload { body, ..payload },
    }
}

/// A body to forward, with the hash for its signature.
struct Payload {
    body: Outgoing,
    hash: Hash,
    length: Option<u64>,
    /// The headers that are no longer valid.
    stale: &'static [&'static str],
    /// The encoding of the signed headers.
    reading: Reading,
    /// True if the body was read completely.
    is_read: bool,
}

impl Payload {
    fn held(held: Held, hash: Hash, reading: Reading) -> Self {
        let length = Some(held.length());
        Self { body: Outgoing::Held(held), hash, length, stale: &[], reading, is_read: true }
    }
}

enum Outgoing {
    Streamed(SdkBody),
    Held(Held),
}

enum Hash {
    /// The hash from the client's header, which the endpoint checks.
    Said(String),
    /// The hash of the body that was read.
    Computed(String),
}

/// Checks the signature and prepares the body. Also returns the body's content if it was read, else no bytes.
async fn payload(
    gate: &Gate,
    parts: &Parts,
    (claim, client): (&Claim, &Client),
    body: Incoming,
) -> Result<(Payload, Bytes), Refusal> {
    let length = body.size_hint().exact();
    let verify = |body: &SignableBody<'_>| claim.verify(parts, &client.session_key.secret, body);
    let Some(said) = header(&parts.headers, HASH).map(str::to_owned) else {
        let held = gate.bodies.whole(body).await?;
        let whole = held.bytes()?;
        let hash = sha256(&whole);
        let reading = verify(&SignableBody::Precomputed(hash.clone()))?;
        return Ok((Payload::held(held, Hash::Computed(hash), reading), whole));
    };
    // The seed signature of signed chunks covers the same headers.
    let reading = verify(&SignableBody::Precomputed(said.clone()))?;
    if SIGNED_CHUNKS.contains(&said.as_str()) {
        let plain = header(&parts.headers, "x-amz-decoded-content-length")
            .and_then(|text| text.parse().ok());
        let plain: u64 = plain.ok_or(Rejected::Malformed)?;
        let body = Outgoing::Streamed(SdkBody::from_body_1_x(Unchunked::new(body, plain)));
        let hash = Hash::Said(UNSIGNED.to_owned());
        let stale = &[
            "content-encoding",
            "x-amz-decoded-content-length",
            "x-amz-trailer",
            "x-amz-sdk-checksum-algorithm",
        ];
        let payload = Payload { body, hash, length: Some(plain), stale, reading, is_read: false };
        return Ok((payload, Bytes::new()));
    }
    let is_digest = said.len() == 64 && said.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_digest && said != UNSIGNED && said != UNSIGNED_CHUNKS {
        return Err(Refusal::unsupported(Unsupported::Body(&said)));
    }
    let hash = Hash::Said(said);
    // Security: a service may read parameters in a body of any content type.
    let is_decided = client.decider.view() == View::Whole && !is_s3(&claim.service);
    if is_decided || seen::has_telling_body(parts, &claim.service) {
        let held = gate.bodies.whole(body).await?;
        let whole = held.bytes()?;
        return Ok((Payload::held(held, hash, reading), whole));
    }
    let is_read = length == Some(0);
    let body = if is_read { SdkBody::empty() } else { SdkBody::from_body_1_x(body) };
    let body = Outgoing::Streamed(body);
    Ok((Payload { body, hash, length, stale: &[], reading, is_read }, Bytes::new()))
}

/// Builds the request with the session's own signature.
fn signed_again(
    signer: &Signer,
    parts: &Parts,
    claim: &Claim,
    uri: &Uri,
    payload: Payload,
) -> Result<HttpRequest, String> {
    let host = uri.authority().ok_or("the endpoint has no host")?.to_string();
    let mut request = Request::builder().method(&parts.method).uri(uri).header("host", &host);
    let stays = |name: &HeaderName| {
        !seen::NOT_FORWARDED.contains(&name.as_str()) && !payload.stale.contains(&name.as_str())
    };
    for (name, value) in parts.headers.iter().filter(|(name, _)| stays(name) && *name != HASH) {
        request = request.header(name, value);
    }
    if let Hash::Said(said) = &payload.hash {
        request = request.header(HASH, said);
    }
    // A request without a body and a length must not get a length: some endpoints answer 411 or 400.
    let had_length = parts.headers.contains_key("content-length") || !payload.stale.is_empty();
    if let Some(length) = payload.length.filter(|length| had_length || *length > 0) {
        request = request.header("content-length", length);
    }
    let body = match payload.body {
        Outgoing::Streamed(body) => body,
        Outgoing::Held(held) => held.into_body(),
    };
    let mut request = request.body(body).map_err(|error| error.to_string())?;
    let instructions = {
        // The headers that the client signed are signed again; the signer adds the headers that the gateway
        // writes itself.
        let covered = |name: &str| {
            name == "host"
                || name == HASH
                || (name != "x-amz-date"
                    && claim.signed_headers.iter().any(|signed| signed == name))
        };
        let names = request
            .headers()
            .iter()
            .filter(|(name, _)| covered(name.as_str()) && *name != "content-length");
        let mut headers = Vec::new();
        for (name, value) in names {
            headers.push((
                name.as_str(),
                payload.reading.text(value).ok_or("a signed header is not text")?,
            ));
        }
        let headers = headers.iter().map(|(name, value)| (*name, value.as_ref()));
        let (Hash::Said(hash) | Hash::Computed(hash)) = &payload.hash;
        let body = SignableBody::Precomputed(hash.clone());
        let scope = Scope {
            service: &claim.service,
            region: &claim.region,
            // The client's time, because the client has corrected it for the offset of the endpoint's clock.
            time: claim.time,
            settings: settings(&claim.service),
        };
        let uri = uri.to_string();
        let keys = signer.keys().ok_or("the session has no keys to sign with")?;
        sign(parts.method.as_str(), &uri, headers, body, keys, scope)?
    };
    request.headers_mut().remove("x-amz-date");
    instructions.apply_to_request_http1x(&mut request);
    HttpRequest::try_from(request).map_err(|error| error.to_string())
}
