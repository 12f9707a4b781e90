//! The host's check of the hosts that a provider wants a gateway before.
//!
//! Security: the gateway sends a token to the hosts named here, and the variables named here reach the command.

use super::{Description, Front, variable};
use crate::capability::Capability;
use crate::component::Loaded;
use crate::limit;
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
        (!front.covers(&lead.host) || !is_path(&lead.path))
            .then(|| format!("`{name}` of its answer leads to no host of its gateway"))
    })
}

impl Front {
    /// Returns true if the gateway stands before `host`, a name in lower case.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        self.hosts.iter().any(|pattern| covers(pattern, host))
    }
}

/// Returns true if `pattern` is `host`, or is `*.` and a name that `host` is below.
fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(above) => {
            host.strip_suffix(above).is_some_and(|own| own.len() > 1 && own.ends_with('.'))
        }
        None => pattern == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_label_or_more() {
        for (pattern, host, expected) in [
            ("*.googleapis.com", "storage.googleapis.com", true),
            ("*.googleapis.com", "pubsub.mtls.googleapis.com", true),
            ("*.googleapis.com", "googleapis.com", false),
            ("*.googleapis.com", ".googleapis.com", false),
            ("*.googleapis.com", "evilgoogleapis.com", false),
            ("*.googleapis.com", "googleapis.com.evil", false),
            ("management.azure.com", "management.azure.com", true),
            ("management.azure.com", "x.management.azure.com", false),
        ] {
            assert_eq!(covers(pattern, host), expected, "{pattern} {host}");
        }
    }
}
