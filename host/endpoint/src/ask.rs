//! A request to an endpoint, and its answer.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use audex_core::percent;
use audex_core::secret::{Secret, equal};
use audex_wire::header::header;

pub(super) type Reply = Response<Full<Bytes>>;

/// A request; its form is empty unless its path has one.
pub(super) struct Ask {
    pub method: Method,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub form: Vec<(String, String)>,
    /// The time of the request, in seconds since the Unix epoch.
    pub now: u64,
}

impl Ask {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        value(&self.query, name)
    }

    pub(crate) fn form(&self, name: &str) -> Option<&str> {
        value(&self.form, name)
    }
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Returns the decoded names and values of a query or form.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    percent::decode_pairs(&text.replace('+', "%20"))
}

/// Returns a plain-text answer.
pub(super) fn text(text: impl Into<String>) -> Reply {
    reply(StatusCode::OK, "application/text", text.into())
}

/// Returns a JSON answer.
pub(super) fn object(status: StatusCode, body: &Value) -> Reply {
    reply(status, "application/json", body.to_string())
}

/// Returns an error answer in the forms that OAuth and AWS SDKs read.
pub(super) fn refusal(status: StatusCode, code: &str, message: &str) -> Reply {
    let body =
        json!({ "error": code, "error_description": message, "Code": code, "Message": message });
    object(status, &body)
}

fn reply(status: StatusCode, kind: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Full::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // By this header of Compute Engine, clients recognise the metadata server; other clients ignore it.
    let flavor = HeaderName::from_static("metadata-flavor");
    reply.headers_mut().insert(flavor, HeaderValue::from_static("Google"));
    reply
}

/// Returns true if `given` is the secret. Security: the time does not depend on where the two differ.
pub(super) fn is_secret(given: Option<&str>, secret: &Secret) -> bool {
    equal(given.unwrap_or_default().as_bytes(), secret.expose().as_bytes())
}
