//! Token servers on loopback, for the command's own clients: they live as long as its access does.
//!
//! Security: they listen on 127.0.0.1 alone, on a port the system picks, and answer nothing after access has ended.

mod identity;
mod metadata;
mod server;

use std::net::IpAddr;

use reqwest::Url;

use crate::secret::Secret;

pub use identity::{AppServiceIdentity, AudienceToken, plain};
pub use metadata::GceMetadata;
pub use server::{EndpointError, Running};

/// One server.
#[derive(Debug)]
pub enum Endpoint {
    /// A Compute Engine metadata server.
    Metadata(GceMetadata),
    /// An App Service identity endpoint.
    Identity(AppServiceIdentity),
}

impl Endpoint {
    /// Every secret it hands out or asks for.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Metadata(metadata) => vec![metadata.token.clone(), metadata.subject.clone()],
            Self::Identity(identity) => {
                let tokens = identity.tokens.iter().map(|token| token.token.clone());
                tokens.chain([identity.header.clone()]).collect()
            }
        }
    }
}

/// A request, as far as these servers look at it.
struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    header: &'a (dyn Fn(&str) -> Option<String> + Sync),
    body: &'a str,
    /// Seconds since the Unix epoch.
    now: u64,
}

impl Asked<'_> {
    /// The value of a parameter of the query, decoded.
    fn parameter(&self, name: &str) -> Option<String> {
        Self::field(self.query, name)
    }

    /// The value of a field of a form, decoded.
    fn field(form: &str, name: &str) -> Option<String> {
        let pairs = form.split('&').filter_map(|pair| pair.split_once('=').or(Some((pair, ""))));
        let value = pairs.into_iter().find(|(key, _)| *key == name)?.1.replace('+', " ");
        percent_encoding::percent_decode_str(&value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    }
}

/// A reply: status, content type, body.
struct Answer {
    status: u16,
    kind: &'static str,
    body: String,
}

impl Answer {
    fn text(body: impl Into<String>) -> Self {
        Self { status: 200, kind: "application/text", body: body.into() }
    }

    fn json(status: u16, body: &serde_json::Value) -> Self {
        Self { status, kind: "application/json", body: body.to_string() }
    }
}

/// Security: takes as long for a wrong secret as for the right one, so that it cannot be guessed byte by byte.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

/// Whether `url` leads to this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
