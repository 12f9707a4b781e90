//! The operations on blobs, by method, `restype` and `comp`.

use audex_sdk::provider::SeenRequest;

use super::SERVICES;
use crate::read::query::Query;

/// The place that a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Account,
    Container,
    Blob,
}

/// The resources of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The place itself.
    Place,
    /// Everything below that begins with the prefix of the request.
    Below,
}

/// One operation: its permissions, below `blobServices`.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    actions: &'static [&'static str],
    pub on: On,
}

impl Row {
    /// Returns the names of the permissions.
    pub fn operations(&self) -> impl Iterator<Item = String> + use<> {
        self.actions.iter().map(|action| format!("{SERVICES}/{action}"))
    }
}

const READ: &str = "containers/blobs/read";
const WRITE: &str = "containers/blobs/write";
const DELETE: &str = "containers/blobs/delete";
const FILTER: &str = "containers/blobs/filter/action";
const TAGS_READ: &str = "containers/blobs/tags/read";
const TAGS_WRITE: &str = "containers/blobs/tags/write";
const VERSION: &str = "containers/blobs/deleteBlobVersion/action";
const PERMANENT: &str = "containers/blobs/permanentDelete/action";
const HOLD: &str = "containers/blobs/immutableStorage/runAsSuperUser/action";
const OPEN: &str = "containers/read";
const CHANGE: &str = "containers/write";
const DELEGATION: &str = "generateUserDelegationKey/action";

/// Actions and their place.
type Found = (&'static [&'static str], On);

/// Finds the operation of a request.
pub fn find(
    request: &SeenRequest,
    level: Level,
    restype: Option<&str>,
    comp: Option<&str>,
    query: &Query<'_>,
) -> Option<Row> {
    let method = match request.method.as_str() {
        "HEAD" => "GET",
        method => method,
    };
    let (actions, on): Found = match (level, restype) {
        (_, Some("account")) if method == "GET" && comp == Some("properties") => {
            (&["getInfo/action"], On::Place)
        }
        (Level::Account, _) => account(method, restype, comp)?,
        (Level::Container, Some("container")) => container(method, comp)?,
        (Level::Blob, None) => (blob(method, comp, query)?, On::Place),
        _ => return None,
    };
    Some(Row { actions, on })
}

fn account(method: &str, restype: Option<&str>, comp: Option<&str>) -> Option<Found> {
    Some(match (method, restype, comp) {
        ("GET", None, Some("list")) => (&[OPEN], On::Below),
        ("GET", None, Some("blobs")) => (&[FILTER], On::Below),
        ("GET", Some("service"), Some("properties" | "stats")) => (&["read"], On::Place),
        ("PUT", Some("service"), Some("properties")) => (&["write"], On::Place),
        ("POST", Some("service"), Some("userdelegationkey")) => (&[DELEGATION], On::Place),
        // Named here, and refused by the reader.
        ("POST", None, Some("batch")) => (&[DELETE], On::Below),
        _ => return None,
    })
}

fn container(method: &str, comp: Option<&str>) -> Option<Found> {
    Some(match (method, comp) {
        ("GET", None | Some("metadata")) => (&[OPEN], On::Place),
        ("GET", Some("list")) => (&[READ], On::Below),
        ("GET", Some("blobs")) => (&[FILTER], On::Below),
        ("GET", Some("acl")) => (&["containers/getAcl/action"], On::Place),
        ("PUT", Some("acl")) => (&["containers/setAcl/action"], On::Place),
        ("PUT", None | Some("metadata" | "lease" | "undelete" | "rename")) => {
            (&[CHANGE], On::Place)
        }
        ("DELETE", None) => (&["containers/delete"], On::Place),
        ("POST", Some("batch")) => (&[DELETE], On::Below),
        _ => return None,
    })
}

fn blob(method: &str, comp: Option<&str>, query: &Query<'_>) -> Option<&'static [&'static str]> {
    const WRITES: [&str; 14] = [
        "block",
        "blocklist",
        "page",
        "appendblock",
        "seal",
        "properties",
        "metadata",
        "lease",
        "snapshot",
        "undelete",
        "expiry",
        "tier",
        "copy",
        "incrementalcopy",
    ];
    let is_hold = comp.is_some_and(|comp| comp.eq_ignore_ascii_case("immutabilityPolicies"));
    Some(match (method, comp) {
        ("GET", None | Some("metadata" | "blocklist" | "pagelist")) | ("POST", Some("query")) => {
            &[READ]
        }
        ("GET", Some("tags")) => &[TAGS_READ],
        ("PUT", Some("tags")) => &[TAGS_WRITE],
        ("PUT", Some("legalhold")) => &[WRITE, HOLD],
        ("PUT" | "DELETE", Some(_)) if is_hold => &[WRITE, HOLD],
        ("PUT", None) => &[WRITE],
        ("PUT", Some(comp)) if WRITES.contains(&comp) => &[WRITE],
        ("DELETE", None) => match (query.get("deletetype"), query.get("versionid")) {
            (Some("permanent"), _) => &[DELETE, PERMANENT],
            (None, Some(_)) => &[VERSION],
            (None, None) => &[DELETE],
            _ => return None,
        },
        _ => return None,
    })
}
