//! What the reader knows as a whole: the services whose requests are read.

use audex_sdk::pattern;

#[cfg(test)]
use super::target;

/// The services of the permissions that requests are read as, in the names of permissions.
const SERVICES: [&str; 11] = [
    "bigquery",
    "compute",
    "iam",
    "logging",
    "orgpolicy",
    "pubsub",
    "resourcemanager",
    "run",
    "secretmanager",
    "serviceusage",
    "storage",
];

/// Returns true if requests of the service of `action` are read; for a pattern, if it may match such a service.
pub fn reads(action: &str) -> bool {
    let service = action.split('.').next().unwrap_or(action);
    pattern::is_wild(service) || SERVICES.iter().any(|known| known.eq_ignore_ascii_case(service))
}

/// Returns the hosts of the APIs that are read.
#[cfg(test)]
pub fn hosts() -> impl Iterator<Item = String> {
    target::APIS.iter().map(|api| format!("{api}{}", target::SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recognise::{METHODS, permissions};

    #[test]
    fn the_services_are_those_of_the_methods_that_are_read() {
        for host in hosts() {
            let section = METHODS.section(&host).unwrap();
            let operations = section.lines().filter_map(|line| line.split(' ').nth(2));
            for action in operations.filter_map(permissions).flatten() {
                assert!(reads(&action), "{action}");
            }
        }
        assert!(reads("pubsub.topics.publish") && reads("iam.*") && reads("*"));
        assert!(!reads("spanner.databases.read") && !reads("dns.*"));
    }
}
