//! Requests to Azure Resource Manager: the operation and the resource follow from the path, and a body names
//! further resources.
//!
//! Sources: Resource Manager REST API; "Azure resource provider operations". A name that the catalogue does
//! not have follows the same rule: a grant has it only by that very name or by a pattern, and the cloud still
//! judges the request by the holder's own roles.

mod batch;
mod link;
mod path;
mod poll;
mod special;

use audex_sdk::provider::{Need, Scope, SeenRequest};

use super::json::Node;
use super::query::Query;
use super::{Needs, Unread, ambiguous, need, these, unknown};
use path::{Kind, Target};

/// The host of Resource Manager in the public cloud. Other hosts take other tokens.
pub const HOST: &str = "management.azure.com";

const AUTHORIZATION: &str = "microsoft.authorization";

/// Returns the needs of a request.
pub fn needs(request: &SeenRequest) -> Needs {
    if batch::is_batch(request) {
        return batch::needs(request);
    }
    one(request)
}

fn one(request: &SeenRequest) -> Needs {
    let query = Query::of(request)?;
    query.check_version()?;
    let target = Target::of(&request.method, &request.path)?;
    let target = target.ok_or_else(|| unknown(request))?;
    special::check(&target)?;
    let own = need(&target.operation(), on(&target));
    let own = Need { free: poll::is_poll(&request.method, &target), ..own };
    let mut needs = vec![special::unseen(&target, own)];
    let mut link = |text: &str| link::add(text, &target, &mut needs);
    for (_, value) in query.pairs() {
        link(value)?;
    }
    // Security: a body is read with every method, because the cloud could read it.
    if let Some(body) = Node::of(request)? {
        body.each_text(&mut link)?;
    }
    Ok(needs)
}

/// Returns the resources of a request: an item, or all that a list may hold.
fn on(target: &Target) -> Scope {
    let id = &target.id;
    match target.kind {
        Kind::Item | Kind::Action => these(id.clone()),
        Kind::Collection => {
            let mut all = vec![format!("{id}/*")];
            // A list of a subscription or a tenant has what lies in its groups too.
            if let Some(groups) = target.groups() {
                all.push(groups);
            }
            Scope::These(all)
        }
    }
}

impl Target {
    /// Returns the patterns of the resources in groups that a list of this target holds.
    fn groups(&self) -> Option<String> {
        let (_, last) = self.id.rsplit_once('/')?;
        let namespace = self.types.first()?.to_ascii_lowercase();
        match self.base.split('/').collect::<Vec<_>>().as_slice() {
            [""] if self.is_of_provider => {
                Some(format!("/subscriptions/*/providers/{namespace}/{last}/*"))
            }
            ["", "subscriptions", subscription] if self.is_of_provider => Some(format!(
                "/subscriptions/{subscription}/resourcegroups/*/providers/{namespace}/{last}/*"
            )),
            // `/subscriptions/ID/resources` and the like.
            ["", "subscriptions", _] if last != "resourcegroups" => {
                Some(format!("{}/*", self.base))
            }
            // Assignments and locks of what lies in a group are listed with its own.
            ["", "subscriptions", _, "resourcegroups", _] if namespace == AUTHORIZATION => {
                Some(format!("{}/*/providers/{namespace}/{last}/*", self.base))
            }
            ["", "subscriptions", _, "resourcegroups", _] if !self.is_of_provider => {
                Some(format!("{}/*", self.base))
            }
            _ => None,
        }
    }
}
