//! The host's check of the hosts that a provider wants a gateway before.
//!
//! Security: the gateway sends a token to the hosts named here, and the variables named here reach the command.

use super::{Description, Front, variable};
use crate::capability::Capability;
use crate::component::Loaded;
use crate::limit;
use audex_core::host_pattern;
use audex_core::shape;
use audex_core::source::Source;

/// Returns the reason why a description's fronts are refused, or `None`.
pub(super) fn wrong(loaded: &Loaded, description: &Description) -> Option<String> {
    let fronts = &description.fronts;
    let longest = fronts.iter().map(|front| front.hosts.len().max(front.leads.len())).max();
    if fronts.len().max(longest.unwrap_or_default()) > limit::DELIVERED {
        return Some(format!("a list of its answer has more than {} entries", limit::DELIVERED));
    }
    fronts.iter().find_map(|front| wrong_front(loaded, front))
}

fn wrong_front(loaded: &Loaded, front: &Front) -> Option<String> {
    if front.hosts.is_empty() {
        return Some("a gateway of its answer stands before no host".to_owned());
    }
    let is_written = |host: &str| {
        shape::is_host(host) && host.contains('.') && !host.bytes().any(|b| b.is_ascii_uppercase())
    };
    let is_pattern = |host: &String| is_written(host.strip_prefix("*.").unwrap_or(host));
    if let Some(host) = front.hosts.iter().find(|host| !is_pattern(host)) {
        return Some(format!("it wants a gateway before `{}`", host.escape_default()));
    }
    // Security: a token reaches these hosts, so an installed provider was granted each of them by name.
    let is_granted =
        |host: &&String| loaded.capabilities.contains(&Capability::Http((*host).clone()));
    if loaded.source == Source::Installed
        && let Some(host) = front.hosts.iter().find(|host| !is_granted(host))
    {
        return Some(format!(
            "it wants a gateway before `{host}`, and was not granted `http:{host}`"
        ));
    }
    let is_path = |path: &str| {
        path.starts_with('/')
            && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._".contains(&b))
    };
    front.leads.iter().find_map(|lead| {
        let name = lead.variable.escape_default();
        if let Some(reason) = variable::refused_lead(&lead.variable, loaded.source) {
            return Some(format!("it wants to lead by `{name}`: {reason}"));
        }
        (!front.hosts.iter().any(|pattern| host_pattern::covers(pattern, &lead.host))
            || !is_path(&lead.path))
        .then(|| format!("`{name}` of its answer leads to no host of its gateway"))
    })
}
