//! The resources that a body or a parameter names besides the request's own.
//!
//! Azure checks such links by the token, which may do more than the grant. So each linked resource is a need
//! of its own: of the permission that Azure documents for the link, else of reading it.
//!
//! Sources: "Azure Virtual Network: permissions" (`join/action`), "Manage user-assigned managed identities"
//! (`assign/action`), "Azure built-in roles" for disks and plans of App Service, "Diagnostic settings in Azure
//! Monitor" (`listKeys/action`).

use audex_sdk::provider::Need;

use super::path::{Kind, Target};
use super::{Unread, ambiguous, on};
use crate::read::{need, shown};

/// The address of Resource Manager before an id.
const ADDRESS: &str = "https://management.azure.com/";
/// The prefix of tags that name a resource. Source: Application Insights, "hidden-link".
const HIDDEN: &str = "hidden-link:";
/// Types (lower case) and the operation that a link to one needs; `*` at the end stands for all types below.
const OPERATIONS: [(&str, &str); 10] = [
    ("microsoft.managedidentity/userassignedidentities", "assign/action"),
    ("microsoft.network/*", "join/action"),
    ("microsoft.web/serverfarms", "join/action"),
    ("microsoft.compute/disks", "write"),
    ("microsoft.eventhub/namespaces/authorizationrules", "listkeys/action"),
    ("microsoft.eventhub/namespaces/eventhubs/authorizationrules", "listkeys/action"),
    ("microsoft.servicebus/namespaces/authorizationrules", "listkeys/action"),
    ("microsoft.servicebus/namespaces/queues/authorizationrules", "listkeys/action"),
    ("microsoft.servicebus/namespaces/topics/authorizationrules", "listkeys/action"),
    ("microsoft.relay/namespaces/authorizationrules", "listkeys/action"),
];
/// The actions that write to every group they name. Source: Resource Manager, "Move Azure resources",
/// permissions.
const MOVES: [&str; 2] = ["moveresources/action", "validatemoveresources/action"];
/// A peering needs a permission of its own on the other network. Source: "Virtual network peering", permissions.
const PEERING: &str = "/virtualnetworkpeerings";
/// An endpoint is connected without an approval if its maker may approve it. Source: "Manage private endpoint
/// connections", Azure RBAC.
const ENDPOINT: &str = "microsoft.network/privateendpoints";
const GROUP: &str = "microsoft.resources/subscriptions/resourcegroups";

/// Adds the need of the resource that `text` names, if it names one other than the request's own.
///
/// # Errors
/// If the text holds an id that is not read.
pub fn add(text: &str, own: &Target, needs: &mut Vec<Need>) -> Result<(), Unread> {
    let Some(id) = id(text)? else { return Ok(()) };
    let wrong =
        || ambiguous(format!("`{}` of the request names a resource that is not read", shown(text)));
    let linked = Target::of("GET", id).map_err(|_| wrong())?.ok_or_else(wrong)?;
    let is_below = linked
        .id
        .strip_prefix(&own.id)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    // Security: of a group, or of a provider in it, everything would be below.
    let is_resource = own.is_of_provider && own.types.len() > 1 && own.kind != Kind::Collection;
    if is_below && (is_resource || is_move(own)) {
        return Ok(());
    }
    let action = format!("{}/{}", linked.types.join("/"), operation(&linked, own));
    let mut added = need(&action, on(&linked));
    // The reply does not carry what the link needs.
    added.yields_credentials = false;
    let is_same = |known: &Need| known.action == added.action && known.on == added.on;
    if !needs.iter().any(is_same) {
        needs.push(added);
    }
    Ok(())
}

fn is_move(own: &Target) -> bool {
    own.lower() == GROUP && MOVES.contains(&own.verb().as_str())
}

fn operation(linked: &Target, own: &Target) -> &'static str {
    let types = linked.lower();
    if types == GROUP && is_move(own) {
        return "write";
    }
    let changed = own.lower();
    if changed.ends_with(PEERING) && types == "microsoft.network/virtualnetworks" {
        return "peer/action";
    }
    if changed == ENDPOINT && !types.starts_with("microsoft.network/") {
        return "privateEndpointConnectionsApproval/action";
    }
    let is_for = |known: &str| match known.strip_suffix('*') {
        Some(start) => types.starts_with(start),
        None => types == known,
    };
    OPERATIONS.iter().find(|(known, _)| is_for(known)).map_or("read", |(_, operation)| operation)
}

/// Returns the id in a text; `None` if it has none.
///
/// # Errors
/// If the text has an id and something else.
fn id(text: &str) -> Result<Option<&str>, Unread> {
    let lower = text.to_ascii_lowercase();
    let is_in = |text: &str| {
        text.contains("/subscriptions/")
            || text.contains("/providers/")
            || text.contains("/resourcegroups/")
    };
    let escaped = lower.contains('%') && is_in(&lower.replace("%2f", "/"));
    if !is_in(&lower) && !escaped && !lower.starts_with("subscriptions/") {
        return Ok(None);
    }
    let start = |prefix: &str| if lower.starts_with(prefix) { prefix.len() } else { 0 };
    // The slash at the end of the address begins the id.
    let rest = text.get(start(HIDDEN)..).unwrap_or_default();
    let rest = if rest.to_ascii_lowercase().starts_with(ADDRESS) {
        rest.get(ADDRESS.len().saturating_sub(1)..).unwrap_or_default()
    } else {
        rest
    };
    let path = rest.split('?').next().unwrap_or_default();
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.starts_with('/') && !path.contains('%') {
        return Ok(Some(path));
    }
    Err(ambiguous(format!("`{}` of the request holds more than the id of a resource", shown(text))))
}
