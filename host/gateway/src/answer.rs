//! What the gateway itself says, in the form the asked service would give it.

use std::borrow::Cow;

use aws_smithy_types::body::SdkBody;
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::json;

use super::dummy::{Stranger, header};

/// An answer of the gateway's own.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// What SDKs know it by.
    pub code: Cow<'static, str>,
    /// For people.
    pub message: String,
}

impl Refusal {
    /// An answer with this status, code and message.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: format!("tryaudex learn: {}", message.into()) }
    }

    /// What the gateway cannot do.
    pub fn unsupported(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            format!("the gateway does not forward {what}"),
        )
    }

    /// The real endpoint gave no answer.
    pub fn unreachable(reason: &str) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "ServiceUnavailable", reason)
    }

    /// In the form that a client of the asked service reads.
    pub fn into_response(self, parts: &Parts) -> Response<SdkBody> {
        let Self { status, code, message } = self;
        let kind = header(parts, "content-type").unwrap_or_default();
        let json =
            parts.headers.contains_key("x-amz-target") || kind.contains("json") || kind.contains("cbor");
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
        let body = if parts.method == http::Method::HEAD { SdkBody::empty() } else { SdkBody::from(body) };
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

impl From<Stranger> for Refusal {
    fn from(stranger: Stranger) -> Self {
        let refuse = |code, message: &str| Self::new(StatusCode::FORBIDDEN, code, message);
        match stranger {
            Stranger::Unsigned => {
                refuse("MissingAuthenticationToken", "the gateway forwards signed requests only")
            }
            Stranger::Presigned => Self::unsupported("presigned URLs"),
            Stranger::SignedForRegions => Self::unsupported("SigV4A signatures"),
            Stranger::OldSignature => Self::unsupported("Signature Version 2"),
            Stranger::Skewed => refuse(
                "RequestTimeTooSkewed",
                "the request was not signed within the last fifteen minutes, or the next",
            ),
            Stranger::Repeated => {
                refuse("SignatureAlreadyUsed", "a request with this signature has been forwarded already")
            }
            Stranger::Malformed => refuse("IncompleteSignature", "the signature cannot be read"),
            Stranger::UnknownKey => refuse("InvalidAccessKeyId", "the key is not this session's"),
            Stranger::BadSignature => {
                refuse("SignatureDoesNotMatch", "the signature is not made with this session's key")
            }
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
