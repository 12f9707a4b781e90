//! The headers of a blob request that name another resource, or need a further permission.

use audex_sdk::provider::{Need, Scope, SeenRequest};

use super::operation::{On, Row};
use super::{Account, Place, Unread, ambiguous, named_container, push, source, these};
use crate::read::query::Query;
use crate::read::{header, unknown};

/// Headers that are not read, and could name another resource.
const REFUSED: [&str; 3] =
    ["x-ms-rename-source", "x-ms-previous-snapshot-url", "x-ms-file-request-intent"];
/// The parts of a blob that can be copied from another one.
const COPIES: [&str; 4] = ["block", "page", "appendblock", "incrementalcopy"];
/// Headers that tell how long a blob stays as it is, or that it does.
const HOLDS: [&str; 2] = ["x-ms-immutability-policy-until-date", "x-ms-legal-hold"];
/// Headers with another container, and the operation that has one.
const CONTAINERS: [(&str, &str); 2] =
    [("x-ms-deleted-container-name", "undelete"), ("x-ms-source-container-name", "rename")];

const TAGS_READ: &str = "containers/blobs/tags/read";
const TAGS_WRITE: &str = "containers/blobs/tags/write";

/// Adds the needs of the headers; `here` is the request's own place.
pub fn add(
    request: &SeenRequest,
    account: &Account,
    place: &Place,
    row: &Row,
    here: &Scope,
    needs: &mut Vec<Need>,
) -> Result<(), Unread> {
    let query = Query::of(request)?;
    let comp = query.get("comp");
    let given = |name: &str| header(request, name);
    for name in REFUSED {
        if given(name)?.is_some() {
            return Err(ambiguous(format!("the header `{name}` is not read")));
        }
    }
    let is_blob_write = request.method == "PUT" && place.blob.is_some();
    if let Some(value) = given("x-ms-copy-source")? {
        if !is_blob_write || comp.is_some_and(|comp| !COPIES.contains(&comp)) {
            return Err(ambiguous("a source of a copy, and no copy".to_owned()));
        }
        push(needs, "containers/blobs/read", these(source(value)?));
        let tags = given("x-ms-copy-source-tag-option")?;
        if tags.is_some_and(|option| option.eq_ignore_ascii_case("copy")) {
            push(needs, TAGS_READ, these(source(value)?));
            push(needs, TAGS_WRITE, here.clone());
        }
    } else if comp == Some("incrementalcopy") {
        return Err(unknown(request));
    }
    if given("x-ms-tags")?.is_some() && is_blob_write {
        push(needs, TAGS_WRITE, here.clone());
    }
    if given("x-ms-if-tags")?.is_some() && row.on == On::Place {
        push(needs, TAGS_READ, here.clone());
    }
    for name in HOLDS {
        if given(name)?.is_some() && is_blob_write {
            push(needs, "containers/blobs/immutableStorage/runAsSuperUser/action", here.clone());
        }
    }
    // A container that is restored or renamed is another one.
    for (name, wanted) in CONTAINERS {
        match (given(name)?, comp == Some(wanted) && place.blob.is_none()) {
            (Some(other), true) => {
                push(needs, "containers/write", these(named_container(account, other)?));
            }
            (None, true) => return Err(ambiguous(format!("there is no header `{name}`"))),
            (Some(_), false) => {
                return Err(ambiguous(format!("the header `{name}` is not read here")));
            }
            (None, false) => {}
        }
    }
    Ok(())
}
