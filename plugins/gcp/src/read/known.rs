//! What the reader knows as a whole: its hosts, and the permissions that some request is read as.

use audex_sdk::pattern;

use super::target;
use crate::recognise::{METHODS, permissions};

/// Permissions that requests need beside those of their methods; see the modules.
const BESIDE: [&str; 22] = [
    "bigquery.connections.use",
    "bigquery.datasets.setIamPolicy",
    "bigquery.models.export",
    "bigquery.tables.export",
    "bigquery.tables.getData",
    "bigquery.tables.updateData",
    "compute.disks.use",
    "compute.images.useReadOnly",
    "compute.instances.setMetadata",
    "compute.networks.use",
    "compute.snapshots.useReadOnly",
    "compute.subnetworks.use",
    "compute.subnetworks.useExternalIp",
    "iam.serviceAccounts.actAs",
    "logging.views.access",
    "pubsub.schemas.attach",
    "pubsub.snapshots.seek",
    "pubsub.topics.attachSubscription",
    "run.jobs.runWithOverrides",
    "serviceusage.services.use",
    "storage.objects.overrideUnlockedRetention",
    "storage.objects.setRetention",
];

/// Returns true if some request may be read as `action`; for a pattern, if it may match such a permission.
pub fn reads(action: &str) -> bool {
    let sections = hosts().filter_map(|host| METHODS.section(&host));
    let is_meant = |name: &str| action == "*" || pattern::matches_ignore_ascii_case(action, name);
    let is_used =
        |name: &str| name.starts_with("compute.") && name.rsplit('.').next() == Some("use");
    let mut last = String::new();
    BESIDE.iter().any(|name| is_meant(name))
        || is_used(action)
        || sections.into_iter().any(|section| {
            section.lines().filter_map(|line| line.split(' ').nth(2)).any(|operation| {
                let is_same = last == operation;
                operation.clone_into(&mut last);
                !is_same
                    && permissions(operation).is_some_and(|all| all.iter().any(|one| is_meant(one)))
            })
        })
}

/// Returns the hosts of the APIs that are read.
pub fn hosts() -> impl Iterator<Item = String> {
    target::APIS.iter().map(|api| format!("{api}{}", target::SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_beside_those_of_methods_is_in_the_catalogue() {
        for name in BESIDE {
            assert!(gcp_catalogue::has(name), "{name}");
        }
        assert!(reads("pubsub.topics.publish") && reads("iam.serviceAccounts.*") && reads("*"));
        assert!(!reads("spanner.databases.read") && !reads("pubsub.topics.frobnicate"));
    }
}
