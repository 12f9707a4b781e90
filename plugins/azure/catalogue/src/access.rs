//! What an operation can do, told by its name: Azure publishes no access levels.

/// What an operation can do, from harmless to dangerous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Looks.
    Read,
    /// Creates, changes, deletes or runs.
    Write,
    /// Changes who may do what, or hands out a credential that goes past roles.
    Permissions,
}

impl Access {
    /// Every level, the mildest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Permissions];

    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Permissions => "permissions management",
        }
    }
}

/// Actions that only read, although they are called actions. Sources as in overlay.txt.
const READING: [&str; 6] =
    ["getsecret", "readmetadata", "executequery", "readchangefeed", "filter", "search"];
/// What an action that begins with `list`, `get`, … hands out, when it hands out a way past roles.
const CREDENTIALS: [&str; 8] =
    ["key", "sas", "secret", "credential", "connectionstring", "token", "password", "publishxml"];
const HANDING_OUT: [&str; 6] = ["list", "get", "generate", "regenerate", "retrieve", "shared"];

/// The level of an operation, known or not.
///
/// Reads are what ends in `read`, and a few actions. `Microsoft.Authorization` decides who may do what, so whatever changes
/// there is of the highest level, as are actions that hand out keys, shared access signatures or tokens of a whole service
/// (`listKeys`): whoever has one is asked for no role any more. All else writes; a POST does not say what it does.
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
