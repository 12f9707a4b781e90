//! The gateway's own answers, in the format of the requested service.

use std::borrow::Cow;

use aws_smithy_types::body::SdkBody;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::json;

use super::decider::Denial;
use audex_wire::header::header;
use audex_wire::sigv4::Rejected;

/// A kind of request that the gateway does not support.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unsupported<'a> {
    /// A URL with a signature in its query.
    PresignedUrl,
    /// A form with a signature in its fields.
    PostForm,
    /// `SigV4A`.
    SignedForRegions,
    /// Signature Version 2.
    OldSignature,
    /// S3 Express One Zone.
    DirectoryBucket,
    /// An operation of S3 Control.
    S3Control,
    /// A body with another kind of hash, as its header names it.
    Body(&'a str),
}

/// The advice for signatures that a command makes for other clients than itself.
const SIGNS_ITSELF: &str = "use --deliver env for a command that signs for others, because its signature is valid only with real keys";

impl Unsupported<'_> {
    /// Returns the name, and what to do instead.
    fn said(self) -> (Cow<'static, str>, &'static str) {
        match self {
            Self::PresignedUrl => ("presigned URLs".into(), SIGNS_ITSELF),
            Self::PostForm => ("POST forms with a signature".into(), SIGNS_ITSELF),
            Self::SignedForRegions => (
                "SigV4A signatures".into(),
                "address the bucket in its own region instead of a multi-Region access point, or use --deliver env",
            ),
            Self::OldSignature => {
                ("Signature Version 2".into(), "set the client to Signature Version 4")
            }
            Self::DirectoryBucket => (
                "requests to directory buckets".into(),
                "use a general purpose bucket, or --deliver env",
            ),
            Self::S3Control => ("requests to S3 Control".into(), "use --deliver env"),
            Self::Body(hash) => (
                format!("bodies of `x-amz-content-sha256: {}`", hash.escape_default()).into(),
                "set the client to sign bodies whole, or not at all",
            ),
        }
    }
}

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

    /// Builds the answer to a request that the gateway does not support.
    pub(crate) fn unsupported(what: Unsupported<'_>) -> Self {
        let (name, instead) = what.said();
        let message = format!("the gateway does not forward {name}; {instead}");
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
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
            Rejected::Presigned => Self::unsupported(Unsupported::PresignedUrl),
            Rejected::SignedForRegions => Self::unsupported(Unsupported::SignedForRegions),
            Rejected::OldSignature => Self::unsupported(Unsupported::OldSignature),
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
