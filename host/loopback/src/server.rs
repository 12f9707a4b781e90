//! Passes each request to the service for which it was signed.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http::header::{CONTENT_TYPE, DATE, HeaderValue};
use http::{Response, StatusCode};
use s3s::Body;
use s3s::service::S3Service;

use super::cloud::Cloud;
use super::form::Form;
use super::reply::Failure;
use super::signature::verify;
use super::{other, sts};
use audex_wire::body::whole_within;
use audex_wire::header::header;
use audex_wire::server::{BODY_TIME, Request};
use audex_wire::sigv4::Claim;

/// The largest body of a call to a service other than S3; real APIs accept less.
const MAX_CALL_BYTES: usize = 1024 * 1024;

/// Answers one request in the service for which it was signed.
pub(super) async fn answer(cloud: &Cloud, s3: &S3Service, request: Request) -> Response<Body> {
    let mut response = if is_for_s3(&request) {
        s3.call(request.map(Body::from)).await.unwrap_or_else(|_| internal_error())
    } else {
        call(cloud, request).await
    };
    if let Some(date) = http_date(cloud.now()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// Returns true if a request was signed for S3, or if it is neither signed nor a Query call.
fn is_for_s3(request: &Request) -> bool {
    let claim = Claim::of(request.uri(), request.headers());
    let is_form = header(request.headers(), CONTENT_TYPE.as_str())
        .is_some_and(|content| content.starts_with("application/x-www-form-urlencoded"));
    claim.map_or(!is_form, |claim| claim.service == "s3")
}

/// Verifies and answers a call to any service but S3.
async fn call(cloud: &Cloud, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let claim = Claim::in_header(&parts.uri, &parts.headers);
    let service = claim.as_ref().map_or("", |claim| claim.service.as_str());
    let protocol = other::protocol(service, &parts.headers);
    let Some(body) = whole_within(body, MAX_CALL_BYTES, BODY_TIME).await else {
        let message = "the body is too long or did not arrive";
        return Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
            .into_response(protocol);
    };
    let form = Form::parse(&String::from_utf8_lossy(&body));
    let action = other::action(service, protocol, &parts, &form);
    let claim = match &claim {
        Ok(claim) => claim,
        Err(rejected) => {
            return Failure::refused(protocol, (*rejected).into()).into_response(protocol);
        }
    };
    let caller = match verify(cloud, &parts, claim, &body) {
        Ok(caller) => caller,
        Err(refusal) => {
            cloud.remember_refusal(service, &action, &claim.access_key_id);
            return Failure::refused(protocol, refusal).into_response(protocol);
        }
    };
    let answer = if service == "sts" {
        sts::answer(cloud, &caller, &claim.region, &form)
    } else {
        other::answer(cloud, &caller, service, &claim.region, protocol, &action)
    };
    answer.unwrap_or_else(|failure| failure.into_response(protocol))
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
