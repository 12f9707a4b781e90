//! Predefined roles of Cloud Storage: the parts of an access boundary, which accepts no single permissions.
//!
//! Source: Cloud Storage, "IAM roles for Cloud Storage", predefined and predefined legacy roles; permissions
//! on projects, which no boundary covers, are left out.

use gcp_catalogue::Access;

/// A role and its permissions.
pub struct Role {
    pub name: &'static str,
    pub permissions: &'static [&'static str],
}

pub const ROLES: [Role; 8] = [
    Role { name: "roles/storage.legacyObjectReader", permissions: &["storage.objects.get"] },
    Role {
        name: "roles/storage.objectViewer",
        permissions: &[
            "storage.folders.get",
            "storage.folders.list",
            "storage.managedFolders.get",
            "storage.managedFolders.list",
            "storage.objects.get",
            "storage.objects.list",
        ],
    },
    Role {
        name: "roles/storage.objectCreator",
        permissions: &[
            "storage.folders.create",
            "storage.managedFolders.create",
            "storage.multipartUploads.abort",
            "storage.multipartUploads.create",
            "storage.multipartUploads.listParts",
            "storage.objects.create",
        ],
    },
    Role {
        name: "roles/storage.legacyBucketReader",
        permissions: &[
            "storage.buckets.get",
            "storage.managedFolders.get",
            "storage.managedFolders.list",
            "storage.multipartUploads.list",
            "storage.objects.list",
        ],
    },
    Role {
        name: "roles/storage.legacyBucketWriter",
        permissions: &[
            "storage.buckets.get",
            "storage.managedFolders.create",
            "storage.managedFolders.delete",
            "storage.managedFolders.get",
            "storage.managedFolders.list",
            "storage.multipartUploads.abort",
            "storage.multipartUploads.create",
            "storage.multipartUploads.list",
            "storage.multipartUploads.listParts",
            "storage.objects.create",
            "storage.objects.delete",
            "storage.objects.list",
            "storage.objects.restore",
            "storage.objects.setRetention",
        ],
    },
    Role {
        name: "roles/storage.legacyObjectOwner",
        permissions: &[
            "storage.objects.get",
            "storage.objects.getIamPolicy",
            "storage.objects.overrideUnlockedRetention",
            "storage.objects.setIamPolicy",
            "storage.objects.setRetention",
            "storage.objects.update",
        ],
    },
    Role {
        name: "roles/storage.objectUser",
        permissions: &[
            "storage.folders.create",
            "storage.folders.delete",
            "storage.folders.get",
            "storage.folders.list",
            "storage.folders.rename",
            "storage.managedFolders.create",
            "storage.managedFolders.delete",
            "storage.managedFolders.get",
            "storage.managedFolders.list",
            "storage.multipartUploads.abort",
            "storage.multipartUploads.create",
            "storage.multipartUploads.list",
            "storage.multipartUploads.listParts",
            "storage.objects.create",
            "storage.objects.delete",
            "storage.objects.get",
            "storage.objects.list",
            "storage.objects.move",
            "storage.objects.restore",
            "storage.objects.update",
        ],
    },
    Role {
        name: "roles/storage.objectAdmin",
        permissions: &[
            "storage.folders.create",
            "storage.folders.delete",
            "storage.folders.get",
            "storage.folders.list",
            "storage.folders.rename",
            "storage.managedFolders.create",
            "storage.managedFolders.delete",
            "storage.managedFolders.get",
            "storage.managedFolders.list",
            "storage.multipartUploads.abort",
            "storage.multipartUploads.create",
            "storage.multipartUploads.list",
            "storage.multipartUploads.listParts",
            "storage.objects.create",
            "storage.objects.delete",
            "storage.objects.get",
            "storage.objects.getIamPolicy",
            "storage.objects.list",
            "storage.objects.move",
            "storage.objects.overrideUnlockedRetention",
            "storage.objects.restore",
            "storage.objects.setIamPolicy",
            "storage.objects.setRetention",
            "storage.objects.update",
        ],
    },
];

/// Returns true if any of the roles holds `permission`, so that a boundary can allow it.
pub fn holds(permission: &str) -> bool {
    ROLES.iter().any(|role| role.permissions.contains(&permission))
}

/// Returns the roles that together hold all of `wanted` and the fewest others, and those others; `None` if no
/// roles do.
pub fn smallest(wanted: &[String]) -> Option<(Vec<&'static str>, Vec<&'static str>)> {
    let sets = (1_u32..1 << ROLES.len()).filter(|set| set.count_ones() <= 3);
    let candidate = |set: u32| {
        let roles: Vec<&Role> = (0_u32..)
            .zip(&ROLES)
            .filter(|(place, _)| set & (1 << place) != 0)
            .map(|(_, role)| role)
            .collect();
        let mut held: Vec<&'static str> =
            roles.iter().flat_map(|role| role.permissions).copied().collect();
        held.sort_unstable();
        held.dedup();
        if !wanted.iter().all(|permission| held.contains(&permission.as_str())) {
            return None;
        }
        held.retain(|permission| !wanted.iter().any(|wanted| wanted == permission));
        let cost = held.iter().map(|permission| danger(permission)).sum::<usize>();
        let names: Vec<&'static str> = roles.iter().map(|role| role.name).collect();
        Some((cost, names.len(), names, held))
    };
    let best = sets.filter_map(candidate).min_by_key(|(cost, count, ..)| (*cost, *count))?;
    Some((best.2, best.3))
}

/// Returns the weight of one additional permission: a change of permissions is worse than many writes, and a
/// write is worse than many reads.
fn danger(permission: &str) -> usize {
    match gcp_catalogue::access(permission) {
        Access::List | Access::Read => 1,
        Access::Write => 100,
        Access::Permissions => 10_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(wanted: &[&str]) -> (Vec<&'static str>, Vec<&'static str>) {
        smallest(&wanted.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn the_smallest_roles_are_taken() {
        assert_eq!(
            roles(&["storage.objects.get"]),
            (vec!["roles/storage.legacyObjectReader"], vec![])
        );
        assert_eq!(
            roles(&["storage.objects.get", "storage.objects.list"]).0,
            ["roles/storage.objectViewer"]
        );
        assert_eq!(roles(&["storage.objects.create"]).0, ["roles/storage.objectCreator"]);
        assert_eq!(
            roles(&["storage.objects.get", "storage.objects.create"]).0,
            ["roles/storage.legacyObjectReader", "roles/storage.objectCreator"]
        );
    }

    #[test]
    fn deleting_never_brings_the_right_to_change_policies() {
        for wanted in
            [&["storage.objects.delete"][..], &["storage.objects.get", "storage.objects.delete"]]
        {
            let (names, more) = roles(wanted);
            assert!(!names.contains(&"roles/storage.objectAdmin"));
            assert!(!more.contains(&"storage.objects.setIamPolicy"), "{more:?}");
        }
    }

    #[test]
    fn what_no_role_holds_is_none() {
        assert!(smallest(&["storage.buckets.list".to_owned()]).is_none());
    }
}
