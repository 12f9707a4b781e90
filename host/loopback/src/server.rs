//! Accepts connections on the loopback listener and passes each request to the service for which it was
//! signed.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http::header::{CONTENT_TYPE, DATE, HeaderValue};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::Body;
use s3s::service::S3Service;

use super::cloud::{Cloud, Refusal};
use super::form::Form;
use super::reply::Failure;
use super::signature::{Authorization, verify};
use super::{other, sts};

/// The largest body of a call to a service other than S3; real APIs accept less.
const MAX_CALL_BYTES: usize = 1024 * 1024;
/// The pause after a failed accept (too many open files), before the next attempt.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Serves connections until the task is aborted.
pub(super) async fn serve(listener: TcpListener, cloud: Arc<Cloud>, s3: S3Service) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Replies are small, so a wait to fill a packet would only slow the client down.
        let _ = stream.set_nodelay(true);
        let (cloud, s3) = (Arc::clone(&cloud), s3.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&cloud, &s3, request));
            let mut http = http1::Builder::new();
            // If a connection ends early, the client handles it.
            let _ =
                http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    cloud: &Cloud,
    s3: &S3Service,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let mut response = if is_for_s3(&request) {
        s3.call(request.map(Body::from)).await.unwrap_or_else(|_| internal_error())
    } else {
        call(cloud, request).await
    };
    if let Some(date) = http_date(cloud.now()) {
        response.headers_mut().insert(DATE, date);
    }
    Ok(response)
}

/// Returns true if a request was signed for S3, or if it is neither signed nor a Query call.
fn is_for_s3(request: &Request<Incoming>) -> bool {
    let service = header(request.headers(), "authorization")
        .and_then(Authorization::parse)
        .map(|authorization| authorization.service.to_owned())
        .or_else(|| {
            let query = Form::parse(request.uri().query().unwrap_or_default());
            query.get("X-Amz-Credential")?.split('/').nth(3).map(str::to_owned)
        });
    let is_form = header(request.headers(), CONTENT_TYPE.as_str())
        .is_some_and(|content| content.starts_with("application/x-www-form-urlencoded"));
    service.map_or(!is_form, |service| service == "s3")
}

/// Verifies and answers a call to any service but S3.
async fn call(cloud: &Cloud, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let authorization = Authorization::of(&parts);
    let service = authorization.as_ref().map_or("", |authorization| authorization.service);
    let protocol = other::protocol(service, &parts.headers);
    let Ok(body) = Limited::new(body, MAX_CALL_BYTES).collect().await else {
        let message = "the body is too long or did not arrive";
        return Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
            .into_response(protocol);
    };
    let body = body.to_bytes();
    let form = Form::parse(&String::from_utf8_lossy(&body));
    let action = other::action(service, protocol, &parts, &form);
    let Some(authorization) = &authorization else {
        let refusal = if parts.headers.contains_key("authorization") {
            Refusal::Malformed
        } else {
            Refusal::Unsigned
        };
        return Failure::refused(protocol, refusal).into_response(protocol);
    };
    let caller = match verify(cloud, &parts, authorization, &body) {
        Ok(caller) => caller,
        Err(refusal) => {
            cloud.remember_refusal(service, &action, authorization.access_key_id);
            return Failure::refused(protocol, refusal).into_response(protocol);
        }
    };
    let answer = if service == "sts" {
        sts::answer(cloud, &caller, authorization.region, &form)
    } else {
        other::answer(cloud, &caller, service, authorization.region, protocol, &action)
    };
    answer.unwrap_or_else(|failure| failure.into_response(protocol))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn http_date(seconds: u64) -> Option<HeaderValue> {
    let date = DateTime::from_secs(i64::try_from(seconds).ok()?).fmt(Format::HttpDate).ok()?;
    HeaderValue::from_str(&date).ok()
}

fn internal_error() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
