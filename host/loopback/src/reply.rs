//! Replies and errors in the format of each AWS protocol.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use s3s::Body;
use serde_json::json;

use super::cloud::Refusal;

/// The protocol of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Form-encoded requests, XML replies: STS, IAM.
    Query,
    /// The Query protocol with other error elements: EC2.
    Ec2,
    /// `X-Amz-Target` header and JSON bodies: `dynamodb`.
    Json,
    /// Operation in method and path, JSON bodies: `lambda`.
    Rest,
}

/// An error reply, independent of the protocol.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// Builds the error for a call that the policies do not allow.
    pub(super) fn denied(
        protocol: Protocol,
        principal_arn: &str,
        action: &str,
        resource: &str,
    ) -> Self {
        let (status, code) = match protocol {
            Protocol::Query => (StatusCode::FORBIDDEN, "AccessDenied"),
            Protocol::Ec2 => (StatusCode::FORBIDDEN, "UnauthorizedOperation"),
            Protocol::Json => (StatusCode::BAD_REQUEST, "AccessDeniedException"),
            Protocol::Rest => (StatusCode::FORBIDDEN, "AccessDeniedException"),
        };
        Self::new(status, code, denial(principal_arn, action, resource))
    }

    pub(super) fn refused(protocol: Protocol, refusal: Refusal) -> Self {
        let json = match refusal {
            Refusal::Unsigned => "MissingAuthenticationTokenException",
            Refusal::Malformed => "IncompleteSignatureException",
            Refusal::UnknownKey | Refusal::BadToken => "UnrecognizedClientException",
            Refusal::BadSignature | Refusal::Skewed => "InvalidSignatureException",
            Refusal::Expired => "ExpiredTokenException",
        };
        let query = match refusal {
            Refusal::Unsigned => "MissingAuthenticationToken",
            Refusal::Malformed => "IncompleteSignature",
            Refusal::UnknownKey | Refusal::BadToken => "InvalidClientTokenId",
            Refusal::BadSignature | Refusal::Skewed => "SignatureDoesNotMatch",
            Refusal::Expired => "ExpiredToken",
        };
        let (status, code) = match (protocol, refusal) {
            (Protocol::Query, Refusal::Malformed) => (StatusCode::BAD_REQUEST, query),
            (Protocol::Query, _) => (StatusCode::FORBIDDEN, query),
            (Protocol::Ec2, Refusal::Expired | Refusal::Skewed) => {
                (StatusCode::BAD_REQUEST, "RequestExpired")
            }
            (Protocol::Ec2, _) => (StatusCode::UNAUTHORIZED, "AuthFailure"),
            (Protocol::Json, _) => (StatusCode::BAD_REQUEST, json),
            (Protocol::Rest, _) => (StatusCode::FORBIDDEN, json),
        };
        Self::new(status, code, refusal_message(refusal))
    }

    pub(super) fn into_response(self, protocol: Protocol) -> Response<Body> {
        let (code, message) = (self.code, escape(&self.message));
        match protocol {
            Protocol::Query => xml(
                self.status,
                format!(
                    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                 <Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>loopback</RequestId></ErrorResponse>"
                ),
            ),
            Protocol::Ec2 => xml(
                self.status,
                format!(
                    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>loopback</RequestID></Response>"
                ),
            ),
            Protocol::Json | Protocol::Rest => {
                let body =
                    json!({"__type": code, "message": self.message, "Message": self.message});
                let mut response = json_body(self.status, &body);
                let name = HeaderName::from_static("x-amzn-errortype");
                response.headers_mut().insert(name, HeaderValue::from_static(code));
                response
            }
        }
    }
}

/// Returns AWS's message for a denial.
pub(super) fn denial(principal_arn: &str, action: &str, resource: &str) -> String {
    format!("User: {principal_arn} is not authorized to perform: {action} on resource: {resource}")
}

pub(super) fn refusal_message(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Unsigned => "Request is missing Authentication Token",
        Refusal::Malformed => "The signature of the request cannot be read",
        Refusal::UnknownKey => {
            "The security token included in the request is invalid: unknown access key"
        }
        Refusal::BadSignature => {
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method."
        }
        Refusal::Skewed => "Signature expired: the request's time is too far from the server's",
        Refusal::BadToken => "The security token included in the request is invalid",
        Refusal::Expired => "The security token included in the request is expired",
    }
}

pub(super) fn xml(status: StatusCode, body: String) -> Response<Body> {
    response(status, "text/xml", body)
}

pub(super) fn json_body(status: StatusCode, body: &serde_json::Value) -> Response<Body> {
    response(status, "application/x-amz-json-1.0", body.to_string())
}

/// Escapes text for XML content; characters that XML does not allow become replacement characters.
pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(character),
            control if control.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            other => escaped.push(other),
        }
        escaped
    })
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert("x-amzn-requestid", HeaderValue::from_static("loopback"));
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
