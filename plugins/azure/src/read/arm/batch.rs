//! A batch of Resource Manager, which is read part by part.
//!
//! Source: the requests of the Azure portal and of `azure.azcollection` for Ansible; Microsoft does not
//! document the batch.

use audex_sdk::provider::SeenRequest;

use super::{HOST, Needs, Unread, ambiguous, one};
use crate::read::json::Node;
use crate::read::query::Query;
use crate::read::{check_headers, text};

const PATH: &str = "/batch";
/// The most requests of a batch.
const PARTS: usize = 500;
/// The members of one part, in lower case.
const MEMBERS: [&str; 6] =
    ["httpmethod", "name", "relativeurl", "url", "requestheaderdetails", "content"];

/// Returns true for a batch.
pub fn is_batch(request: &SeenRequest) -> bool {
    let path = text::decoded(&request.path).unwrap_or_default();
    path.trim_end_matches('/').eq_ignore_ascii_case(PATH)
}

/// Returns the needs of all parts.
pub fn needs(request: &SeenRequest) -> Needs {
    let query = Query::of(request)?;
    query.check_version()?;
    query.check_known(&["api-version"])?;
    let body = Node::of(request)?;
    let is_only = |name: &String| name.eq_ignore_ascii_case("requests");
    let parts = match &body {
        Some(Node::Object(members)) if members.iter().all(|(name, _)| is_only(name)) => {
            body.as_ref().and_then(|body| body.get("requests"))
        }
        _ => None,
    };
    let Some(Node::List(parts)) = parts else { return Err(wrong("no list of requests")) };
    if request.method != "POST" || parts.is_empty() || parts.len() > PARTS {
        return Err(wrong("a method or a number of requests that is not read"));
    }
    let mut all = Vec::new();
    for part in parts {
        all.extend(one(&inner(part)?)?);
    }
    Ok(all)
}

/// Returns a part as a request.
fn inner(part: &Node) -> Result<SeenRequest, Unread> {
    let Node::Object(members) = part else { return Err(wrong("a part that is not an object")) };
    let is_known = |name: &String| MEMBERS.iter().any(|known| known.eq_ignore_ascii_case(name));
    if !members.iter().all(|(name, _)| is_known(name)) {
        return Err(wrong("a part with a member that is not read"));
    }
    let given = |name: &str| part.text(name).filter(|text| !text.is_empty());
    let ((Some(url), None) | (None, Some(url))) = (given("relativeUrl"), given("url")) else {
        return Err(wrong("a part with no address, or two"));
    };
    let address = format!("https://{HOST}");
    let target = match url.strip_prefix(address.as_str()) {
        Some(target) => target,
        None => url,
    };
    let method = given("httpMethod").ok_or_else(|| wrong("a part without a method"))?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if !path.starts_with('/') || target.contains('#') {
        return Err(wrong("a part with an address that is not read"));
    }
    let headers = headers(part)?;
    let content = part.get("content");
    // The texts of the content are read as those of a body.
    let body = content.map(written).unwrap_or_default();
    let request = SeenRequest {
        service: None,
        region: None,
        method: method.to_owned(),
        host: HOST.to_owned(),
        path: path.to_owned(),
        query: pairs(query)?,
        headers,
        body: body.into_bytes(),
        complete: true,
    };
    check_headers(&request)?;
    if is_batch(&request) {
        return Err(wrong("a batch in it"));
    }
    Ok(request)
}

fn headers(part: &Node) -> Result<Vec<(String, String)>, Unread> {
    let mut all = vec![("content-type".to_owned(), "application/json".to_owned())];
    match part.get("requestHeaderDetails") {
        None | Some(Node::Plain) => {}
        Some(Node::Object(members)) => {
            for (name, value) in members {
                let Node::Text(value) = value else {
                    return Err(wrong("a header that is not a text"));
                };
                let name = name.to_ascii_lowercase();
                if name == "authorization" {
                    return Err(wrong("a part with a token of its own"));
                }
                if name != "content-type" {
                    all.push((name, value.clone()));
                }
            }
        }
        Some(_) => return Err(wrong("headers that are not read")),
    }
    Ok(all)
}

fn pairs(query: &str) -> Result<Vec<(String, String)>, Unread> {
    let text = |text: &str| {
        let text = text::decoded(&text.replace('+', " "));
        text.ok_or_else(|| wrong("a parameter with a malformed escape"))
    };
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((text(name)?, text(value)?))
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

/// Writes a node as JSON; the values that name nothing become `null`.
fn written(node: &Node) -> String {
    match node {
        Node::Plain => "null".to_owned(),
        Node::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        Node::List(items) => {
            format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(","))
        }
        Node::Object(members) => {
            let member = |(name, node): &(String, Node)| {
                format!("{}:{}", serde_json::Value::from(name.as_str()), written(node))
            };
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}

fn wrong(what: &str) -> Unread {
    ambiguous(format!("a batch with {what}"))
}
