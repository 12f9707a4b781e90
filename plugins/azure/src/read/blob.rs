//! Requests to blobs: the operation follows from the method, `restype` and `comp`; further resources from
//! headers.
//!
//! Sources: Blob service REST API, each operation, and "Authorize with Microsoft Entra ID", permissions for
//! calling data operations. Of permissions that are enough each alone, `blobs/write` is needed, as most
//! writes may overwrite.

mod header;
mod operation;

use audex_sdk::provider::{Need, Scope, SeenRequest};

use super::account::Account;
use super::query::Query;
use super::text::decoded;
use super::{Needs, Unread, ambiguous, need, shown, these, unknown};
use crate::resource::is_container;
use operation::{Level, On, Row};

pub(super) const SERVICES: &str = "Microsoft.Storage/storageAccounts/blobServices";
/// The container of blobs whose path has none. Source: "Working with the root container".
const ROOT: &str = "$root";
/// Parameters that narrow a reply or name a part of a blob, and those of the operations.
const KNOWN: [&str; 20] = [
    "restype",
    "comp",
    "timeout",
    "snapshot",
    "versionid",
    "prefix",
    "delimiter",
    "marker",
    "maxresults",
    "include",
    "startfrom",
    "endbefore",
    "where",
    "blockid",
    "blocklisttype",
    "copyid",
    "deletetype",
    "prevsnapshot",
    "showonly",
    "upn",
];

/// The container and the blob of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub container: Option<String>,
    pub blob: Option<String>,
}

impl Place {
    /// Reads a path. `is_container` is true for requests about a container.
    ///
    /// # Errors
    /// If the service could read the path in another way.
    pub fn of(path: &str, is_container: bool) -> Result<Self, Unread> {
        let wrong = |what: &str| ambiguous(format!("the path `{}` has {what}", shown(path)));
        let path = decoded(path).ok_or_else(|| wrong("a malformed escape"))?;
        let path =
            path.strip_prefix('/').ok_or_else(|| wrong("no slash at its beginning"))?.to_owned();
        if path.is_empty() {
            return Ok(Self { container: None, blob: None });
        }
        if path.contains(|c: char| c.is_control() || c == '\\') {
            return Err(wrong("a character that can be read in two ways"));
        }
        // Source: "Naming and referencing containers, blobs, and metadata": no segment may end in a dot.
        if path.split('/').any(|part| part.is_empty() || part.ends_with('.')) {
            return Err(wrong("a segment that can be read in two ways"));
        }
        let (container, blob) = match path.split_once('/') {
            Some((container, blob)) => (container.to_owned(), Some(blob.to_owned())),
            None if is_container => (path.clone(), None),
            None => (ROOT.to_owned(), Some(path.clone())),
        };
        if !crate::resource::is_container(&container) || is_container && blob.is_some() {
            return Err(wrong("no name of a container"));
        }
        Ok(Self { container: Some(container), blob })
    }

    fn level(&self) -> Level {
        match (&self.container, &self.blob) {
            (_, Some(_)) => Level::Blob,
            (Some(_), None) => Level::Container,
            (None, None) => Level::Account,
        }
    }
}

/// Returns the needs of a request.
pub fn needs(request: &SeenRequest, account: &Account) -> Needs {
    let query = Query::of(request)?;
    query.check_known(&KNOWN)?;
    let (restype, comp) = (query.get("restype"), query.get("comp"));
    let place = Place::of(&request.path, restype == Some("container"))?;
    let row = operation::find(request, place.level(), restype, comp, &query);
    let row = row.ok_or_else(|| unknown(request))?;
    if account.is_secondary && !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Err(ambiguous("a write at the endpoint for reading".to_owned()));
    }
    if comp == Some("batch") {
        let reason = "a batch has a token in each of its parts, which the gateway does not replace; \
                      send the parts one by one";
        return Err(ambiguous(reason.to_owned()));
    }
    // A search by tags has no prefix: the service would ignore it, and search everything.
    if comp == Some("blobs") && query.get("prefix").is_some() {
        return Err(ambiguous("a search by tags with a prefix".to_owned()));
    }
    check_include(query.get("include"))?;
    let own = own(&account.url, &place, &row, query.get("prefix"));
    let mut needs: Vec<Need> = row.operations().map(|name| need(&name, own.clone())).collect();
    // The properties of tags in a list have a permission of their own.
    if query
        .get("include")
        .is_some_and(|include| include.split(',').any(|one| one.trim() == "tags"))
    {
        needs.push(need(&format!("{SERVICES}/containers/blobs/tags/read"), own.clone()));
    }
    header::add(request, account, &place, &row, &own, &mut needs)?;
    Ok(needs)
}

/// Checks what a list includes: a name in another spelling may mean the same to the service. Source: "List Blobs" and
/// "List Containers", URI parameters.
fn check_include(include: Option<&str>) -> Result<(), Unread> {
    const KNOWN: [&str; 12] = [
        "snapshots",
        "metadata",
        "uncommittedblobs",
        "copy",
        "deleted",
        "tags",
        "versions",
        "deletedwithversions",
        "immutabilitypolicy",
        "legalhold",
        "permissions",
        "system",
    ];
    let mut named = include.into_iter().flat_map(|include| include.split(','));
    match named.find(|one| !one.is_empty() && !KNOWN.contains(&one.trim())) {
        Some(other) => Err(ambiguous(format!("`include={}`, which is not read", shown(other)))),
        None => Ok(()),
    }
}

/// Returns the resources of the request's own place.
fn own(url: &str, place: &Place, row: &Row, prefix: Option<&str>) -> Scope {
    let container = place.container.as_deref().map(|name| format!("{url}/{name}"));
    let prefix = prefix.unwrap_or_default();
    these(match (row.on, &place.blob, container) {
        (On::Place, Some(blob), Some(container)) => format!("{container}/{blob}"),
        (On::Place, None, Some(container)) => container,
        (On::Below, _, Some(container)) => format!("{container}/{prefix}*"),
        (On::Below, _, None) => format!("{url}/{prefix}*"),
        (On::Place, _, None) => url.to_owned(),
    })
}

/// Returns the address of a blob that a header names, in the form for comparisons.
fn source(value: &str) -> Result<String, Unread> {
    let wrong = |what: &str| ambiguous(format!("the source `{}` {what}", shown(value)));
    let rest = value.strip_prefix("https://").ok_or_else(|| wrong("is not an https address"))?;
    let (host, path) = rest.split_once('/').ok_or_else(|| wrong("has no path"))?;
    let account = Account::of(&host.to_ascii_lowercase());
    let account = account.filter(|account| account.service == super::Service::Blob);
    let account = account.ok_or_else(|| wrong("is not a blob"))?;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_version = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
        matches!(name.as_str(), "snapshot" | "versionid" | "")
    };
    if !query.split('&').all(is_version) || value.contains('#') {
        return Err(wrong("has a signature or a parameter that is not read"));
    }
    let place = Place::of(&format!("/{path}"), false)?;
    match (place.container, place.blob) {
        (Some(container), Some(blob)) => Ok(format!("{}/{container}/{blob}", account.url)),
        _ => Err(wrong("is not a blob")),
    }
}

/// Returns the container that a header names.
fn named_container(account: &Account, name: &str) -> Result<String, Unread> {
    if is_container(name) {
        return Ok(format!("{}/{name}", account.url));
    }
    Err(ambiguous(format!("`{}` is not the name of a container", shown(name))))
}

/// Adds a need.
fn push(needs: &mut Vec<Need>, action: &str, on: Scope) {
    needs.push(need(&format!("{SERVICES}/{action}"), on));
}
