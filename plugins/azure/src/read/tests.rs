use super::*;

/// Returns a request to an address without `https://`.
pub fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> SeenRequest {
    let (host, target) = url.split_at(url.find('/').unwrap_or(url.len()));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    };
    let mut headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    if body.starts_with(b"{") {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    SeenRequest {
        service: None,
        region: None,
        method: method.to_owned(),
        host: host.to_owned(),
        path: path.to_owned(),
        query: query.split('&').filter(|text| !text.is_empty()).map(pair).collect(),
        headers,
        body: body.to_vec(),
        complete: true,
    }
}

/// Returns the needs as `action on resource,…`, without the part of the action that all of a service share;
/// `!` marks a reply with credentials, `free` what needs no grant.
fn told(request: &SeenRequest) -> Vec<String> {
    let needs = match read(request) {
        Reading::Calls(needs) => needs,
        Reading::Unknown(reason) => return vec![format!("unknown {reason}")],
        Reading::Ambiguous(reason) => return vec![format!("ambiguous {reason}")],
    };
    let text = |need: &Need| {
        let on = match &need.on {
            Scope::Every => "every".to_owned(),
            Scope::Unseen => "unseen".to_owned(),
            Scope::These(these) => these.join(","),
        };
        let mark = if need.yields_credentials { "!" } else { "" };
        let free = if need.free { "free " } else { "" };
        format!(
            "{mark}{free}{} on {on}",
            need.action.replace("Microsoft.Storage/storageAccounts/", "S/")
        )
    };
    needs.iter().map(text).collect()
}

fn is_refused(request: &SeenRequest) -> bool {
    let told = told(request);
    told.iter().any(|one| one.starts_with("unknown ") || one.starts_with("ambiguous "))
}

fn check(cases: &[(&str, &str, &[&str])]) {
    for (method, url, expected) in cases {
        assert_eq!(told(&request(method, url, &[], b"")), *expected, "{method} {url}");
    }
}

mod blobs;
mod clients;
mod coverage;
mod hostile;
mod managed;
mod property;
mod services;
