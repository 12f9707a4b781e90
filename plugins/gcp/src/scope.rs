//! The narrowest OAuth scopes that allow the requested permissions.
//!
//! A scope only narrows: a token can do only what both its scopes and the service account's roles allow. At
//! best, a scope distinguishes services, and reads from writes.

/// The scope that allows everything.
pub const PLATFORM: &str = "cloud-platform";

/// Scopes in order of preference, the narrowest first, among those that a service offers. Other scopes are
/// tried after these, in the catalogue's order.
const NARROW_FIRST: [&str; 14] = [
    "devstorage.read_only",
    "devstorage.read_write",
    "devstorage.full_control",
    "compute.readonly",
    "logging.read",
    "logging.write",
    "monitoring.read",
    "monitoring.write",
    "bigquery.insertdata",
    "bigquery",
    "ndev.clouddns.readonly",
    "spanner.data",
    "logging.admin",
    "monitoring",
];

/// The scope that allows every reading method of every service that accepts it: not narrow at all.
const PLATFORM_READ: &str = "cloud-platform.read-only";

/// Returns a scope for each permission, in order.
pub fn scopes(permissions: &[String]) -> Vec<&'static str> {
    let mut chosen: Vec<&'static str> = Vec::new();
    for permission in permissions {
        let offered = gcp_catalogue::scopes(permission);
        let rank = |scope: &&'static str| {
            let place = NARROW_FIRST.iter().position(|known| known == scope);
            (*scope == PLATFORM_READ, place.unwrap_or(NARROW_FIRST.len()), !only_reads(scope))
        };
        chosen.push(offered.into_iter().min_by_key(rank).unwrap_or(PLATFORM));
    }
    // A scope that another permission needs anyway may also allow this one.
    let needed = chosen.clone();
    for (scope, permission) in chosen.iter_mut().zip(permissions) {
        let offered = gcp_catalogue::scopes(permission);
        let shared = |other: &&&'static str| offered.contains(*other) || **other == PLATFORM;
        if let Some(wider) = needed.iter().filter(shared).max_by_key(|scope| width(scope))
            && width(wider) > width(scope)
        {
            *scope = wider;
        }
    }
    chosen
}

/// Returns a rough rank of a scope's width; used only to find which of two scopes makes the other
/// superfluous.
fn width(scope: &str) -> usize {
    match scope {
        PLATFORM => usize::MAX,
        PLATFORM_READ => usize::MAX - 1,
        _ => NARROW_FIRST.iter().position(|known| *known == scope).unwrap_or(NARROW_FIRST.len()),
    }
}

/// Returns true if the name of `scope` says that the scope only reads. Source: "OAuth 2.0 Scopes for Google
/// APIs".
pub fn only_reads(scope: &str) -> bool {
    ["readonly", "read_only", "read-only"].iter().any(|word| scope.contains(word))
        || scope.rsplit('.').next() == Some("read")
}

/// Returns true if a token with `scope` may allow `permission`.
pub fn admits(scope: &str, permission: &str) -> bool {
    scope == PLATFORM || gcp_catalogue::may_admit(scope, permission)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(permissions: &[&str]) -> Vec<&'static str> {
        scopes(&permissions.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn reading_gets_a_read_only_scope_where_there_is_one() {
        assert_eq!(
            of(&["storage.objects.get", "storage.objects.list"]),
            ["devstorage.read_only"; 2]
        );
        assert_eq!(of(&["compute.instances.list"]), ["compute.readonly"]);
        assert_eq!(of(&["logging.logEntries.list"]), ["logging.read"]);
        assert_eq!(of(&["monitoring.timeSeries.list"]), ["monitoring.read"]);
    }

    #[test]
    fn the_wider_of_two_scopes_of_a_service_is_enough() {
        assert_eq!(
            of(&["storage.objects.get", "storage.objects.delete"]),
            ["devstorage.read_write"; 2]
        );
        assert_eq!(of(&["secretmanager.versions.access", "storage.objects.get"]), [PLATFORM; 2]);
    }

    #[test]
    fn a_scope_admits_what_its_methods_need_and_no_more() {
        assert!(admits("devstorage.read_only", "storage.objects.get"));
        assert!(!admits("devstorage.read_only", "storage.objects.delete"));
        assert!(!admits("compute.readonly", "storage.objects.get"));
        assert!(admits(PLATFORM, "storage.objects.delete"));
    }
}
