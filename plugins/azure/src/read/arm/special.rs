//! The operations of Resource Manager that reach further than their own resource.

use audex_sdk::provider::{Need, Scope};

use super::path::Target;
use super::{Unread, ambiguous};

/// Types (lower case) whose changes act on whatever a template or definition names, with everything that the
/// token may do. Sources: "Azure Resource Manager", deployments, deployment stacks, managed applications;
/// "Azure Blueprints", assignments.
const TEMPLATES: [&str; 7] = [
    "microsoft.resources/deployments",
    "microsoft.resources/deploymentstacks",
    "microsoft.resources/deploymentstackswhatifresults",
    "microsoft.resources/subscriptions/deployments",
    "microsoft.resources/subscriptions/resourcegroups/deployments",
    "microsoft.blueprint/blueprintassignments",
    "microsoft.solutions/applications",
];
/// The operations on them that only look, or stop something.
const HARMLESS: [&str; 4] = ["read", "delete", "cancel/action", "exporttemplate/action"];
/// The type whose deletion may delete the resources that it manages.
const STACKS: &str = "microsoft.resources/deploymentstacks";
/// Queries over every resource that the token can read. Source: Azure Resource Graph REST API.
const GRAPH: &str = "microsoft.resourcegraph";

/// Rejects what acts on resources that the request does not show.
pub fn check(target: &Target) -> Result<(), Unread> {
    let types = target.lower();
    let verb = target.verb();
    let is_change = !HARMLESS.contains(&verb.as_str()) || types == STACKS && verb == "delete";
    if TEMPLATES.contains(&types.as_str()) && is_change {
        return Err(ambiguous(format!(
            "{}: a template acts with everything that the token may do, and the gateway cannot see on what",
            target.operation()
        )));
    }
    Ok(())
}

/// Returns the need of a target, without resources if the request shows none.
pub fn unseen(target: &Target, need: Need) -> Need {
    let namespace = target.types.first().map(|one| one.to_ascii_lowercase());
    if namespace.as_deref() == Some(GRAPH) {
        return Need { on: Scope::Unseen, ..need };
    }
    need
}
