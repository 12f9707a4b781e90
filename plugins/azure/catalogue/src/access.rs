//! The access level of an operation, derived from its name: Azure publishes no access levels.

/// The power of an operation, from harmless to dangerous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Reads.
    Read,
    /// Creates, changes, deletes or runs.
    Write,
    /// Changes permissions, or returns a credential that bypasses roles.
    Permissions,
}

impl Access {
    /// Every level, the least dangerous first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Permissions];

    /// Returns the word for messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Permissions => "permissions management",
        }
    }
}

/// Actions that only read, despite the name. Sources as in overlay.txt.
const READING: [&str; 6] =
    ["getsecret", "readmetadata", "executequery", "readchangefeed", "filter", "search"];
/// Credentials that bypass roles, in the names of actions that begin with `list`, `get`, ….
const CREDENTIALS: [&str; 8] =
    ["key", "sas", "secret", "credential", "connectionstring", "token", "password", "publishxml"];
const HANDING_OUT: [&str; 6] = ["list", "get", "generate", "regenerate", "retrieve", "shared"];

/// Returns the level of an operation, known or not.
///
/// Names that end in `read`, and a few actions, are reads. `Microsoft.Authorization` manages permissions, so
/// every change there has the highest level, as do actions that return keys, shared access signatures or
/// tokens of a whole service (`listKeys`): a holder of one no longer needs a role. Everything else is a
/// write; a POST does not show its effect.
#[must_use]
pub fn access(name: &str) -> Access {
    let lower = name.to_ascii_lowercase();
    let mut parts = lower.rsplit('/');
    let last = parts.next().unwrap_or_default();
    let verb = if last == "action" { parts.next().unwrap_or_default() } else { last };
    if last == "read" || READING.contains(&verb) {
        return Access::Read;
    }
    let hands_out = last == "action"
        && HANDING_OUT.iter().any(|start| verb.starts_with(start))
        && CREDENTIALS.iter().any(|what| verb.contains(what));
    if hands_out || lower.starts_with("microsoft.authorization/") {
        return Access::Permissions;
    }
    Access::Write
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_past_roles_is_of_the_highest_level() {
        for name in [
            "Microsoft.Storage/storageAccounts/listKeys/action",
            "Microsoft.Storage/storageAccounts/ListAccountSas/action",
            "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
            "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
            "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "Microsoft.Authorization/elevateAccess/Action",
        ] {
            assert_eq!(access(name), Access::Permissions, "{name}");
        }
    }

    #[test]
    fn reads_read_and_all_else_writes() {
        for name in [
            "Microsoft.Authorization/roleAssignments/read",
            "Microsoft.Insights/Logs/Read",
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.DocumentDB/databaseAccounts/readMetadata",
        ] {
            assert_eq!(access(name), Access::Read, "{name}");
        }
        for name in [
            "Microsoft.Compute/virtualMachines/start/action",
            "Microsoft.Storage/storageAccounts/delete",
            "Microsoft.KeyVault/vaults/secrets/setSecret/action",
            "Microsoft.Network/virtualNetworks/listUsages/action",
        ] {
            assert_eq!(access(name), Access::Write, "{name}");
        }
    }
}
