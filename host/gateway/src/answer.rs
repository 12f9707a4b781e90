//! The gateway's own answers, in the format of the requested service.

use std::borrow::Cow;

use aws_smithy_types::body::SdkBody;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::json;

use super::decider::Denial;
use audex_wire::header::header;
use audex_wire::sigv4::Rejected;

/// An error answer that the gateway itself gives.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The error code for SDKs.
    pub code: Cow<'static, str>,
    /// The text for people.
    pub message: String,
}

impl Refusal {
    /// Builds an answer with this status, code and message.
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code: code.into(), message: format!("tryaudex: {}", message.into()) }
    }

    /// Builds the answer to a request that the gateway does not support; `what` names the unsupported part.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            format!("the gateway does not forward {what}"),
        )
    }

    /// Builds the answer for a real endpoint that did not answer.
    pub(crate) fn unreachable(reason: &str) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "ServiceUnavailable", reason)
    }

    /// Returns the response in the format that a client of the requested service reads.
    pub(crate) fn into_response(self, parts: &Parts) -> Response<SdkBody> {
        let Self { status, code, message } = self;
        let kind = header(&parts.headers, "content-type").unwrap_or_default();
        let json = parts.headers.contains_key("x-amz-target")
            || kind.contains("json")
            || kind.contains("cbor");
        let (kind, body) = if json {
            ("application/json", json!({ "__type": code, "message": message }).to_string())
        } else {
            let error = format!("<Code>{code}</Code><Message>{}</Message>", escape(&message));
            let query = kind.starts_with("application/x-www-form-urlencoded");
            let body = if query {
                format!("<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>")
            } else {
                format!("<Error>{error}</Error>")
            };
            ("application/xml", body)
        };
        let body =
            if parts.method == Method::HEAD { SdkBody::empty() } else { SdkBody::from(body) };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert("content-type", http::HeaderValue::from_static(kind));
        if let Ok(code) = http::HeaderValue::from_str(&code) {
            headers.insert("x-amzn-errortype", code);
        }
        response
    }
}

impl Denial {
    /// Returns the response for a request with this method.
    pub(crate) fn into_response(self, method: &Method) -> Response<SdkBody> {
        let Self { status, headers, body } = self;
        let is_head = method == Method::HEAD;
        let mut response =
            Response::new(if is_head { SdkBody::empty() } else { SdkBody::from(body.to_vec()) });
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

impl From<Rejected> for Refusal {
    fn from(rejected: Rejected) -> Self {
        let refuse = |code, message: &str| Self::new(StatusCode::FORBIDDEN, code, message);
        match rejected {
            Rejected::Unsigned => {
                refuse("MissingAuthenticationToken", "the gateway forwards signed requests only")
            }
            Rejected::Presigned => Self::unsupported("presigned URLs"),
            Rejected::SignedForRegions => Self::unsupported("SigV4A signatures"),
            Rejected::OldSignature => Self::unsupported("Signature Version 2"),
            Rejected::Skewed => refuse(
                "RequestTimeTooSkewed",
                "the request was not signed within the last fifteen minutes, or the next",
            ),
            Rejected::Repeated => refuse(
                "SignatureAlreadyUsed",
                "a request with this signature has been forwarded already",
            ),
            Rejected::Malformed => refuse("IncompleteSignature", "the signature cannot be read"),
            Rejected::UnknownKey => refuse("InvalidAccessKeyId", "the key is not this session's"),
            Rejected::Uncovered => refuse(
                "SignatureDoesNotMatch",
                "the signature does not cover the headers that it must cover",
            ),
            Rejected::BadSignature => {
                refuse("SignatureDoesNotMatch", "the signature is not made with this session's key")
            }
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
