//! Operations of Azure: those of Resource Manager, and data actions.
//!
//! The data is [`operations.txt`](../generate.py), read in place: nothing is parsed or allocated before a
//! look-up. The data is not complete, because no package has a complete list: measured on 2026-11-24 against
//! 12,010 operations of built-in roles and REST maps, it has 70 in 100 of those of its own providers. A name
//! that is missing here may cause a notice, and never an error. Azure ignores case, and so does everything
//! here.

mod access;
mod tree;

pub use access::{Access, access};

use audex_sdk::pattern;

/// A known operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The name, as Azure writes it.
    pub name: String,
    /// True if Resource Manager authorises the operation, by the `Actions` of a role.
    pub is_action: bool,
    /// True if a service authorises the operation, by the `DataActions` of a role. A few names are both.
    pub is_data: bool,
}

/// Finds the operation of this name, in any case.
#[must_use]
pub fn find(name: &str) -> Option<Operation> {
    if pattern::is_wild(name) { None } else { matching(name).into_iter().next() }
}

/// Returns every known operation that `pattern` matches, in any case; a `*` matches `/` too, as in a role.
#[must_use]
pub fn matching(pattern: &str) -> Vec<Operation> {
    collect(provider_of(pattern), |name| pattern::matches_ignore_ascii_case(pattern, name))
}

/// Returns every known operation of one resource provider.
#[must_use]
pub fn of_provider(provider: &str) -> Vec<Operation> {
    collect(Some(provider), |_| true)
}

/// Returns every resource provider with known operations.
pub fn providers() -> impl Iterator<Item = &'static str> {
    tree::providers()
}

/// Returns the one provider whose operations a pattern can match, if there is only one.
fn provider_of(pattern: &str) -> Option<&str> {
    pattern.split('/').next().filter(|provider| !pattern::is_wild(provider))
}

fn collect(provider: Option<&str>, wanted: impl Fn(&str) -> bool) -> Vec<Operation> {
    let mut found: Vec<Operation> = Vec::new();
    tree::walk(provider, |step| {
        if !wanted(step.name) {
            return;
        }
        match found.last_mut().filter(|last| last.name == step.name) {
            Some(last) if step.is_data => last.is_data = true,
            Some(last) => last.is_action = true,
            None => found.push(Operation {
                name: step.name.to_owned(),
                is_action: !step.is_data,
                is_data: step.is_data,
            }),
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_as_azure_writes_them() {
        for (asked, name) in [
            ("microsoft.storage/STORAGEACCOUNTS/read", "Microsoft.Storage/storageAccounts/read"),
            ("Microsoft.SQL/servers/databases/read", "Microsoft.Sql/servers/databases/read"),
            ("Microsoft.Insights/logs/read", "Microsoft.Insights/Logs/Read"),
            ("Microsoft.Insights/metrics/read", "Microsoft.Insights/Metrics/Read"),
            (
                "Microsoft.Authorization/elevateaccess/action",
                "Microsoft.Authorization/elevateAccess/Action",
            ),
            ("Microsoft.Resources/subscriptions/read", "Microsoft.Resources/subscriptions/read"),
            (
                "Microsoft.Compute/virtualMachines/start/action",
                "Microsoft.Compute/virtualMachines/start/action",
            ),
        ] {
            assert_eq!(find(asked).map(|found| found.name).as_deref(), Some(name));
        }
        for none in [
            "Microsoft.Storage/storageAccounts/raed",
            "Microsoft.Storage",
            "",
            "Nobody.Knows/it/read",
        ] {
            assert_eq!(find(none), None, "{none}");
        }
    }

    #[test]
    fn every_name_is_there_once_and_is_found_again() {
        let all = matching("*");
        assert!(all.len() > 5_500, "{}", all.len());
        let mut names: Vec<String> =
            all.iter().map(|operation| operation.name.to_ascii_lowercase()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len());
        for operation in all.iter().step_by(37) {
            assert_eq!(find(&operation.name.to_ascii_uppercase()).as_ref(), Some(operation));
        }
        assert!(all.iter().all(|operation| operation.is_action || operation.is_data));
    }

    #[test]
    fn kinds_are_told_apart_and_a_name_can_be_both() {
        let kinds = |name: &str| find(name).map(|found| (found.is_action, found.is_data)).unwrap();
        assert_eq!(kinds("Microsoft.KeyVault/vaults/secrets/read"), (true, false));
        assert_eq!(kinds("Microsoft.KeyVault/vaults/secrets/getSecret/action"), (false, true));
        assert_eq!(kinds("Microsoft.KeyVault/vaults/keys/read"), (true, true));
        assert_eq!(
            kinds("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"),
            (false, true)
        );
    }

    #[test]
    fn wildcards_match_across_segments_and_nothing_else() {
        let accounts = matching("Microsoft.Storage/storageAccounts/*");
        assert!(accounts.len() > 60, "{}", accounts.len());
        assert!(
            accounts
                .iter()
                .all(|found| found.name.starts_with("Microsoft.Storage/storageAccounts/"))
        );
        let reads = matching("*/READ");
        assert!(
            reads.len() > 2_000
                && reads.iter().all(|found| found.name.to_lowercase().ends_with("/read"))
        );
        assert_eq!(matching("Microsoft.Key*/*/getSecret/action").len(), 1);
        assert!(matching("Nobody.Knows/*").is_empty());
    }
}
