//! Runs one endpoint: checks the host and the end of access, and reads the request for it.

use std::io;
use std::sync::Arc;

use http::{Method, StatusCode};

use super::ask::{Ask, Reply, pairs, refusal};
use audex_core::clock;
use audex_wire::body::whole_within;
use audex_wire::header::header;
use audex_wire::server::{BODY_TIME, Port, Request, Server};

/// The longest body of a request; a form consists of a token and a few words.
const BODY_BYTES: usize = 64 * 1024;

/// The state that all requests to one server share.
struct Service<A> {
    authority: String,
    ends_at: u64,
    form: Option<&'static str>,
    answer: A,
}

/// Answers requests on `port` until the server is dropped; from `ends_at` on, every answer is a refusal.
///
/// Security: only a POST to the path `form` has its body read. The secret of every other request is in a header, so a client
/// without the secret is refused before its body arrives.
pub(super) fn start<A>(
    port: Port,
    ends_at: u64,
    form: Option<&'static str>,
    answer: A,
) -> io::Result<Server>
where
    A: Fn(&Ask) -> Reply + Send + Sync + 'static,
{
    let authority = port.address().to_string();
    let service = Arc::new(Service { authority, ends_at, form, answer });
    let answer = move |request, _| {
        let service = Arc::clone(&service);
        async move { service.reply(request).await }
    };
    Server::start("endpoint", vec![(port, answer)])
}

impl<A: Fn(&Ask) -> Reply> Service<A> {
    async fn reply(&self, request: Request) -> Reply {
        let (parts, body) = request.into_parts();
        let refused = |code, message| refusal(StatusCode::FORBIDDEN, code, message);
        // Security: a browser page whose own host name resolves to this server sends that name as host (DNS rebinding).
        // A proxy announces itself by `x-forwarded-for`.
        let host = header(&parts.headers, "host");
        if host != Some(self.authority.as_str()) || parts.headers.contains_key("x-forwarded-for") {
            return refused(
                "foreign_request",
                "this server answers the command it was started for",
            );
        }
        let now = clock::unix_seconds();
        if now >= self.ends_at {
            return refused("access_ended", "the session's access has ended");
        }
        let has_form =
            parts.method == Method::POST && self.form.is_some_and(|form| parts.uri.path() == form);
        let body = if has_form {
            whole_within(body, BODY_BYTES, BODY_TIME).await
        } else {
            Some(Vec::new())
        };
        let Some(body) = body else {
            let message = "the body is too long or did not arrive in time";
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message);
        };
        let ask = Ask {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: pairs(parts.uri.query().unwrap_or_default()),
            headers: parts.headers,
            form: pairs(&String::from_utf8_lossy(&body)),
            now,
        };
        (self.answer)(&ask)
    }
}
