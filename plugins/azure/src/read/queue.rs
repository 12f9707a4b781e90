//! Requests to queues.
//!
//! Sources: Queue service REST API, each operation, and "Authorize with Microsoft Entra ID", permissions for
//! calling data operations. Of permissions that are enough each alone, the one that says what the request
//! does is needed: `add` to send, `process` to receive, and to delete what was received.

use audex_sdk::provider::{Scope, SeenRequest};

use super::account::Account;
use super::query::Query;
use super::text::segments;
use super::{Needs, ambiguous, need, shown, these, unknown};

const SERVICES: &str = "Microsoft.Storage/storageAccounts/queueServices";
const KNOWN: [&str; 12] = [
    "restype",
    "comp",
    "timeout",
    "prefix",
    "marker",
    "maxresults",
    "include",
    "numofmessages",
    "visibilitytimeout",
    "messagettl",
    "peekonly",
    "popreceipt",
];

/// Returns the needs of a request.
pub fn needs(request: &SeenRequest, account: &Account) -> Needs {
    let query = Query::of(request)?;
    query.check_known(&KNOWN)?;
    let path = segments(&request.path).ok_or_else(|| unknown(request))?;
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let (restype, comp) = (query.get("restype"), query.get("comp"));
    let is_peek = query.get("peekonly");
    let method = match request.method.as_str() {
        "HEAD" => "GET",
        method => method,
    };
    let queue = |name: &str| {
        is_queue(name)
            .then(|| these(format!("{}/{name}", account.url)))
            .ok_or_else(|| ambiguous(format!("`{}` is not the name of a queue", shown(name))))
    };
    let whole = these(account.url.clone());
    let (action, on): (&str, Scope) = match (method, parts.as_slice(), restype, comp) {
        ("GET", [""], None, Some("list")) => {
            let prefix = query.get("prefix").unwrap_or_default();
            ("queues/read", these(format!("{}/{prefix}*", account.url)))
        }
        ("GET", [""], Some("service"), Some("properties" | "stats")) => ("read", whole),
        ("PUT", [""], Some("service"), Some("properties")) => ("write", whole),
        ("POST", [""], Some("service"), Some("userdelegationkey")) => {
            ("generateUserDelegationKey/action", whole)
        }
        ("GET", [name], None, Some("metadata")) => ("queues/read", queue(name)?),
        ("GET", [name], None, Some("acl")) => ("queues/getAcl/action", queue(name)?),
        ("PUT", [name], None, Some("acl")) => ("queues/setAcl/action", queue(name)?),
        ("PUT", [name], None, None | Some("metadata")) => ("queues/write", queue(name)?),
        ("DELETE", [name], None, None) => ("queues/delete", queue(name)?),
        ("GET", [name, "messages"], None, None) => match is_peek
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            Some("true") => ("queues/messages/read", queue(name)?),
            None | Some("false") => ("queues/messages/process/action", queue(name)?),
            Some(_) => return Err(ambiguous("the parameter `peekonly` is malformed".to_owned())),
        },
        ("POST", [name, "messages"], None, None) => ("queues/messages/add/action", queue(name)?),
        ("DELETE", [name, "messages"], None, None) => ("queues/messages/delete", queue(name)?),
        ("PUT", [name, "messages", id], None, None) if is_id(id) => {
            ("queues/messages/write", queue(name)?)
        }
        ("DELETE", [name, "messages", id], None, None) if is_id(id) => {
            ("queues/messages/process/action", queue(name)?)
        }
        _ => return Err(unknown(request)),
    };
    if account.is_secondary && method != "GET" {
        return Err(ambiguous("a write at the endpoint for reading".to_owned()));
    }
    Ok(vec![need(&format!("{SERVICES}/{action}"), on)])
}

/// Source: "Naming queues and metadata".
fn is_queue(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
