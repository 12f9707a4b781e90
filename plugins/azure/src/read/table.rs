//! Requests to tables.
//!
//! Sources: Table service REST API, each operation, and "Authorize with Microsoft Entra ID", permissions for
//! calling data operations. Of permissions that are enough each alone, the one that says what the request
//! does is needed: `add` to insert, `update` to change what is there, `write` for what may do either.

mod batch;

use audex_sdk::provider::{Need, Scope, SeenRequest};

use super::account::Account;
use super::json::Node;
use super::query::Query;
use super::text::decoded;
use super::{Needs, Unread, ambiguous, header, need, shown, these, unknown};

const SERVICES: &str = "Microsoft.Storage/storageAccounts/tableServices";
const KNOWN: [&str; 11] = [
    "restype",
    "comp",
    "timeout",
    "$format",
    "$top",
    "$select",
    "$filter",
    "nexttablename",
    "nextpartitionkey",
    "nextrowkey",
    "api-version",
];

/// The part of a table that a path names.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// `/NAME`.
    Whole,
    /// `/NAME()`.
    All,
    /// `/NAME(PartitionKey='…',RowKey='…')`.
    Entity,
}

/// Returns the needs of a request.
pub fn needs(request: &SeenRequest, account: &Account) -> Needs {
    let query = Query::of(request)?;
    query.check_known(&KNOWN)?;
    if account.is_secondary && !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Err(ambiguous("a write at the endpoint for reading".to_owned()));
    }
    let path = decoded(&request.path).unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(&path);
    if path == "$batch" {
        return batch::needs(request, account);
    }
    one(request, account, path, &query).map(|need| vec![need])
}

fn one(
    request: &SeenRequest,
    account: &Account,
    path: &str,
    query: &Query<'_>,
) -> Result<Need, Unread> {
    // A slash of a key is encoded.
    if request.path.matches('/').count() != 1 {
        return Err(unknown(request));
    }
    let (restype, comp) = (query.get("restype"), query.get("comp"));
    let method = match request.method.as_str() {
        "HEAD" => "GET",
        method => method,
    };
    let table = |name: &str| these(format!("{}/{}", account.url, name.to_ascii_lowercase()));
    let tables = || these(format!("{}/*", account.url));
    let service = these(account.url.clone());
    let (action, on): (&str, Scope) = match (method, path, restype, comp) {
        ("GET", "", Some("service"), Some("properties" | "stats")) => ("read", service),
        ("PUT", "", Some("service"), Some("properties")) => ("write", service),
        ("POST", "", Some("service"), Some("userdelegationkey")) => {
            ("generateUserDelegationKey/action", service)
        }
        ("GET", "Tables" | "Tables()", None, None) => ("tables/read", tables()),
        ("POST", "Tables", None, None) => {
            let body = Node::of(request)?;
            let name = body.as_ref().and_then(|body| body.text("TableName"));
            let name = name.filter(|name| is_table(name));
            let name =
                name.ok_or_else(|| ambiguous("the name of the table is not read".to_owned()))?;
            ("tables/write", table(name))
        }
        (_, path, None, None | Some("acl")) => {
            if let Some(name) =
                path.strip_prefix("Tables('").and_then(|rest| rest.strip_suffix("')"))
            {
                if !is_table(name) {
                    return Err(ambiguous(format!("`{}` is not the name of a table", shown(name))));
                }
                match (method, comp) {
                    ("GET", None) => ("tables/read", table(name)),
                    ("DELETE", None) => ("tables/delete", table(name)),
                    _ => return Err(unknown(request)),
                }
            } else {
                let (name, part) = split(path).ok_or_else(|| unknown(request))?;
                let has_match = header(request, "if-match")?.is_some();
                (
                    of_entities(method, &part, comp, has_match).ok_or_else(|| unknown(request))?,
                    table(name),
                )
            }
        }
        _ => return Err(unknown(request)),
    };
    Ok(need(&format!("{SERVICES}/{action}"), on))
}

fn of_entities(
    method: &str,
    part: &Part,
    comp: Option<&str>,
    has_match: bool,
) -> Option<&'static str> {
    Some(match (method, part, comp) {
        ("GET", Part::Whole, Some("acl")) => "tables/getAcl/action",
        ("PUT", Part::Whole, Some("acl")) => "tables/setAcl/action",
        ("GET", _, None) => "tables/entities/read",
        ("POST", Part::Whole, None) => "tables/entities/add/action",
        ("PUT" | "PATCH" | "MERGE", Part::Entity, None) if has_match => {
            "tables/entities/update/action"
        }
        ("PUT" | "PATCH" | "MERGE", Part::Entity, None) => "tables/entities/write",
        ("DELETE", Part::Entity, None) => "tables/entities/delete",
        _ => return None,
    })
}

/// Splits a path into the name of a table and a part.
fn split(path: &str) -> Option<(&str, Part)> {
    let (name, rest) = match path.find('(') {
        Some(at) => path.split_at(at),
        None => (path, ""),
    };
    let part = match rest {
        "" => Part::Whole,
        "()" => Part::All,
        keys if is_key(keys) => Part::Entity,
        _ => return None,
    };
    // `Tables` is the list of tables, which no table may have as its name.
    (is_table(name) && !name.eq_ignore_ascii_case("tables")).then_some((name, part))
}

/// Returns true for the key of one entity, `(PartitionKey='…',RowKey='…')`; a quote in a value is there twice. Source: "Query
/// Entities", request URI.
fn is_key(text: &str) -> bool {
    let value = |rest: &'_ str, name: &str| -> Option<String> {
        let mut rest = rest.strip_prefix(name)?.strip_prefix("='")?;
        loop {
            let end = rest.find('\'')?;
            rest = rest.get(end + 1..)?;
            match rest.strip_prefix('\'') {
                Some(more) => rest = more,
                None => return Some(rest.to_owned()),
            }
        }
    };
    let inside = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let rest = inside.and_then(|inside| value(inside, "PartitionKey"));
    let rest = rest.and_then(|rest| value(rest.strip_prefix(',')?, "RowKey"));
    rest.is_some_and(|rest| rest.is_empty())
}

/// Source: "Understanding the Table Service data model", table names; the tables of metrics begin with `$`.
fn is_table(name: &str) -> bool {
    let own = name.strip_prefix('$').filter(|own| own.starts_with("Metrics")).unwrap_or(name);
    (3..=63).contains(&own.len())
        && own.bytes().all(|b| b.is_ascii_alphanumeric())
        && own.starts_with(|c: char| c.is_ascii_alphabetic())
}
