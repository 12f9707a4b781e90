//! The permissions that a request needs, read strictly: what a gateway decides on.
//!
//! Security: whatever is not read in full is refused, because the gateway's token is good for everything that
//! its holder may do.

mod account;
mod arm;
mod blob;
mod json;
mod query;
mod queue;
mod table;
mod text;
mod vault;

use audex_sdk::provider::{Need, Reading, Scope, SeenRequest};

use crate::credential;

pub use account::Service;

/// Hosts of Microsoft Graph. Its permissions are those of Entra ID, which no role of Azure has.
const GRAPH: [&str; 2] = ["graph.microsoft.com", "graph.windows.net"];
/// Headers that replace the method, the host or the path of a request for some servers.
const OVERRIDES: [&str; 9] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-ms-http-method",
    "x-original-url",
    "x-rewrite-url",
    "x-original-uri",
    "x-forwarded-host",
    "x-forwarded-prefix",
];
/// Headers with a token of their own.
const TOKENS: [&str; 3] = [
    "x-ms-authorization-auxiliary",
    "x-ms-copy-source-authorization",
    "x-ms-s2s-actor-authorization",
];
/// The most characters of a request's text in a reason.
const SHOWN: usize = 80;

/// The reason why a request is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The operation is not known.
    Unknown(String),
    /// The request has parts that are not read, or more than one meaning.
    Ambiguous(String),
}

/// The needs of a request, or the reason why there are none.
type Needs = Result<Vec<Need>, Unread>;

/// Returns the meaning of `request`.
pub fn read(request: &SeenRequest) -> Reading {
    match needs(request) {
        Ok(needs) if needs.is_empty() => Reading::Unknown(named(request)),
        Ok(needs) => Reading::Calls(needs),
        Err(Unread::Unknown(reason)) => Reading::Unknown(reason),
        Err(Unread::Ambiguous(reason)) => Reading::Ambiguous(reason),
    }
}

fn needs(request: &SeenRequest) -> Needs {
    let host = request.host.as_str();
    if GRAPH.contains(&host) {
        let reason = "Microsoft Graph, whose permissions are not those of Azure roles";
        return Err(Unread::Unknown(reason.to_owned()));
    }
    check_headers(request)?;
    if host == arm::HOST {
        return arm::needs(request);
    }
    if vault::is_host(host) {
        return vault::needs(request);
    }
    let account = account::Account::of(host).ok_or_else(|| unknown(request))?;
    match account.service {
        Service::Blob => blob::needs(request, &account),
        Service::Queue => queue::needs(request, &account),
        Service::Table => table::needs(request, &account),
        Service::File | Service::DataLake => Err(Unread::Unknown(format!(
            "{} of the {} endpoint, which is not read; blobs are read at the blob endpoint",
            named(request),
            account.service.name()
        ))),
    }
}

/// Returns the primary address and the service of a storage account's host.
pub fn account_of(host: &str) -> Option<(String, Service)> {
    account::Account::of(host).map(|account| (account.url, account.service))
}

/// Returns true for the host of a key vault.
pub fn is_vault(host: &str) -> bool {
    vault::is_host(host)
}

/// Rejects headers that change the meaning of a request, or carry a token.
fn check_headers(request: &SeenRequest) -> Result<(), Unread> {
    for (name, _) in &request.headers {
        if OVERRIDES.contains(&name.as_str()) {
            return Err(ambiguous(format!("the header `{name}` replaces a part of the request")));
        }
        if TOKENS.contains(&name.as_str()) {
            return Err(ambiguous(format!("the header `{name}` carries a token of its own")));
        }
    }
    match header(request, "content-encoding")? {
        None | Some("identity" | "") => Ok(()),
        // Data of a blob may have any encoding; the blob reader reads no body.
        Some(_)
            if account::Account::of(&request.host)
                .is_some_and(|one| one.service == Service::Blob) =>
        {
            Ok(())
        }
        Some(encoding) => Err(ambiguous(format!("a body in the encoding `{encoding}`"))),
    }
}

/// Returns the value of a header, which may be there once.
fn header<'a>(request: &'a SeenRequest, name: &str) -> Result<Option<&'a str>, Unread> {
    let mut values = request.headers.iter().filter(|(known, _)| known == name);
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err(ambiguous(format!("the header `{name}` is there twice"))),
        (found, _) => Ok(found.map(|(_, value)| value.as_str())),
    }
}

/// Returns a permission, in the spelling of the catalogue if it is known there.
fn need(action: &str, on: Scope) -> Need {
    let action =
        azure_catalogue::find(action).map_or_else(|| action.to_owned(), |found| found.name);
    let yields_credentials = credential::is_in_reply_to(&action);
    Need { action, on, yields_credentials, free: false, uses: 1 }
}

fn these(one: String) -> Scope {
    Scope::These(vec![one])
}

fn ambiguous(reason: String) -> Unread {
    Unread::Ambiguous(reason)
}

fn unknown(request: &SeenRequest) -> Unread {
    Unread::Unknown(named(request))
}

fn named(request: &SeenRequest) -> String {
    format!("{} {}", request.method, shown(&format!("{}{}", request.host, request.path)))
}

/// Cuts a text for a message.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
pub mod tests;
