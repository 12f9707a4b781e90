//! Google Cloud permissions, and the OAuth scopes that allow their methods.
//!
//! `generate.py` in this folder makes the data from the discovery documents, and lists what is missing. The
//! data is sorted text: a look-up is a binary search, and nothing is parsed before the first look-up.

use audex_sdk::pattern;

/// `SERVICE.RESOURCE LETTERS VERB…`, sorted.
static PERMISSIONS: &str = include_str!("../permissions.txt");
/// `SERVICE[.RESOURCE] SCOPE KIND…`, sorted.
static SCOPES: &str = include_str!("../scopes.txt");

/// `SERVICE SCOPE KIND…`, sorted: where at least one method of the kind takes the scope.
static REACH: &str = include_str!("../reach.txt");

/// The verbs that are abbreviated to a letter.
const LETTERS: [(char, &str); 7] = [
    ('l', "list"),
    ('g', "get"),
    ('c', "create"),
    ('u', "update"),
    ('d', "delete"),
    ('I', "getIamPolicy"),
    ('S', "setIamPolicy"),
];

/// The prefix of every scope here.
pub const SCOPE_PREFIX: &str = "https://www.googleapis.com/auth/";

/// The effect of a permission on its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Lists resources.
    List,
    /// Reads.
    Read,
    /// Changes resources.
    Write,
    /// Changes permissions, or acts as another identity.
    Permissions,
}

impl Access {
    /// Every level, the least dangerous first.
    pub const ALL: [Self; 4] = [Self::List, Self::Read, Self::Write, Self::Permissions];

    /// Returns the word for the level.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Write => "write",
            Self::Permissions => "permissions",
        }
    }
}

/// Returns the level of a permission, by its verb. Source for verbs that act as another identity: IAM,
/// "Service account permissions".
#[must_use]
pub fn access(permission: &str) -> Access {
    let verb = permission.rsplit('.').next().unwrap_or(permission);
    match verb {
        "setIamPolicy" | "actAs" | "getAccessToken" | "getOpenIdToken" | "implicitDelegation"
        | "signBlob" | "signJwt" => Access::Permissions,
        _ if verb.starts_with("list") || verb.starts_with("List") => Access::List,
        "access" | "read" | "consume" => Access::Read,
        _ if ["get", "query", "fetch", "export", "view", "download"]
            .iter()
            .any(|start| verb.starts_with(start)) =>
        {
            Access::Read
        }
        _ => Access::Write,
    }
}

/// Returns true if the catalogue has this permission in this spelling.
#[must_use]
pub fn has(permission: &str) -> bool {
    let Some((place, verb)) = permission.rsplit_once('.') else { return false };
    line(PERMISSIONS, place).is_some_and(|line| verbs(line).any(|known| known == verb))
}

/// Returns every known permission that `pattern` matches, in any case.
#[must_use]
pub fn matching(pattern: &str) -> Vec<String> {
    if !pattern::is_wild(pattern) {
        let other_case =
            || PERMISSIONS.lines().flat_map(names).find(|name| name.eq_ignore_ascii_case(pattern));
        return if has(pattern) {
            vec![pattern.to_owned()]
        } else {
            other_case().into_iter().collect()
        };
    }
    // The service comes first, so if the pattern names one, only the lines of that service are searched.
    let service = pattern.split('.').next().filter(|service| !pattern::is_wild(service));
    let lines =
        service.map_or(PERMISSIONS, |service| lines_of(PERMISSIONS, &service.to_ascii_lowercase()));
    let matches = |name: &String| pattern::matches_ignore_ascii_case(pattern, name);
    lines.lines().flat_map(names).filter(matches).collect()
}

/// Returns every known permission of one service.
pub fn of_service(service: &str) -> impl Iterator<Item = String> {
    lines_of(PERMISSIONS, service).lines().flat_map(names)
}

/// Returns every known service.
pub fn services() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    PERMISSIONS.lines().filter_map(|line| line.split('.').next()).filter(move |service| {
        let new = *service != last;
        last = service;
        new
    })
}

/// Returns the scopes that allow every method that `permission` authorises, without [`SCOPE_PREFIX`].
/// `cloud-platform` always allows them, and is not in the result.
#[must_use]
pub fn scopes(permission: &str) -> Vec<&'static str> {
    let Some((place, verb)) = permission.rsplit_once('.') else { return Vec::new() };
    let service = place.split('.').next().unwrap_or(place);
    let kind = kind(verb);
    let covers = |line: &&'static str| line.split(' ').skip(2).any(|known| known == kind);
    let of = |place: &str| {
        let from = SCOPES.lines().filter(move |line| !line.starts_with('#'));
        let start = format!("{place} ");
        from.filter(move |line| line.starts_with(&start)).filter(covers).collect::<Vec<_>>()
    };
    let lines = of(service).into_iter().chain(of(place));
    lines.filter_map(|line| line.split(' ').nth(1)).collect()
}

/// Returns true if a token with `scope` may allow `permission`: some method of its service and kind accepts
/// the scope.
///
/// Security: denies are checked with this function, so it errs towards yes, as [`scopes`] errs towards no.
#[must_use]
pub fn may_admit(scope: &str, permission: &str) -> bool {
    let service = permission.split('.').next().unwrap_or_default();
    let verb = permission.rsplit('.').next().unwrap_or_default();
    let start = format!("{service} {scope} ");
    let line = REACH.lines().find(|line| line.starts_with(&start));
    line.is_some_and(|line| line.split(' ').skip(2).any(|reached| reached == kind(verb)))
}

/// Returns the kind of a verb, as in the tables of scopes.
fn kind(verb: &str) -> &'static str {
    match verb {
        "get" | "list" => "read",
        "create" => "create",
        "delete" => "delete",
        "getIamPolicy" => "see",
        "setIamPolicy" => "policy",
        _ => "write",
    }
}

/// Returns the permissions of a line.
fn names(line: &str) -> impl Iterator<Item = String> {
    let place = line.split(' ').next().unwrap_or_default().to_owned();
    verbs(line).map(move |verb| format!("{place}.{verb}"))
}

fn verbs(line: &str) -> impl Iterator<Item = &str> {
    let mut parts = line.split(' ').skip(1);
    let letters = parts.next().unwrap_or_default();
    let short =
        LETTERS.iter().filter(move |(letter, _)| letters.contains(*letter)).map(|(_, verb)| *verb);
    short.chain(parts)
}

/// Returns the line of `place`, by binary search.
fn line(text: &'static str, place: &str) -> Option<&'static str> {
    let found = text.get(first_not_below(text, &format!("{place} "))..)?.lines().next()?;
    found.strip_prefix(place).is_some_and(|rest| rest.starts_with(' ')).then_some(found)
}

/// Returns the lines that begin with `service` and a dot.
fn lines_of(text: &'static str, service: &str) -> &'static str {
    let from = first_not_below(text, &format!("{service}."));
    // `/` is the character after the dot.
    let to = first_not_below(text, &format!("{service}/"));
    text.get(from..to).unwrap_or_default()
}

/// Returns the start of the first line that is not below `key`.
fn first_not_below(text: &str, key: &str) -> usize {
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low.midpoint(high);
        let start =
            text.get(..middle).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
        let end = text
            .get(middle..)
            .and_then(|after| after.find('\n'))
            .map_or(text.len(), |end| middle + end + 1);
        match text.get(start..end) {
            Some(line) if line < key => low = end,
            _ => high = start,
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_permissions_of_the_document_are_known_and_others_are_not() {
        for known in [
            "storage.objects.get",
            "storage.objects.list",
            "storage.objects.create",
            "storage.objects.delete",
            "compute.instances.list",
            "compute.instances.get",
            "bigquery.datasets.get",
            "bigquery.tables.get",
            "bigquery.tables.list",
            "bigquery.tables.update",
            "secretmanager.secrets.get",
            "secretmanager.versions.access",
            "logging.logEntries.list",
            "monitoring.timeSeries.list",
        ] {
            assert!(has(known), "{known}");
        }
        for unknown in [
            "storage.objects.gett",
            "storage.object.get",
            "storage.objects",
            "storage",
            "",
            "zzz.a.b",
        ] {
            assert!(!has(unknown), "{unknown}");
        }
    }

    #[test]
    fn every_line_is_found_by_the_search_and_in_order() {
        assert!(services().all(|service| service == service.to_ascii_lowercase()));
        let places: Vec<&str> =
            PERMISSIONS.lines().filter_map(|line| line.split(' ').next()).collect();
        for place in &places {
            assert!(line(PERMISSIONS, place).is_some(), "{place}");
        }
        let count = services().map(|service| of_service(service).count()).sum::<usize>();
        assert_eq!(count, PERMISSIONS.lines().flat_map(names).count());
    }

    #[test]
    fn wildcards_match_what_they_say_in_any_case() {
        let objects = matching("storage.objects.*");
        assert!(
            objects.len() >= 7 && objects.iter().all(|name| name.starts_with("storage.objects."))
        );
        assert!(matching("storage.*.*").len() > objects.len());
        assert_eq!(matching("Storage.Objects.Get"), ["storage.objects.get"]);
        assert_eq!(matching("STORAGE.Objects.*"), objects);
        assert_eq!(matching("*.instances.osLogin"), ["compute.instances.osLogin"]);
        assert!(matching("nothing.*").is_empty());
    }

    #[test]
    fn scopes_are_as_narrow_as_the_methods_allow() {
        assert!(scopes("storage.objects.get").contains(&"devstorage.read_only"));
        assert!(!scopes("storage.objects.delete").contains(&"devstorage.read_only"));
        assert!(scopes("storage.objects.delete").contains(&"devstorage.read_write"));
        assert!(scopes("compute.instances.list").contains(&"compute.readonly"));
        assert!(!scopes("compute.instances.delete").contains(&"compute.readonly"));
        assert!(scopes("secretmanager.versions.access").is_empty());
    }

    #[test]
    fn a_scope_that_one_method_takes_may_admit() {
        assert!(may_admit("devstorage.read_write", "storage.objects.move"));
        assert!(may_admit("devstorage.read_write", "storage.objects.delete"));
        assert!(!may_admit("devstorage.read_only", "storage.objects.delete"));
        assert!(!may_admit("compute.readonly", "storage.objects.get"));
    }

    #[test]
    fn what_speaks_for_others_is_the_most_dangerous() {
        assert_eq!(access("storage.objects.list"), Access::List);
        assert_eq!(access("bigquery.tables.getData"), Access::Read);
        assert_eq!(access("storage.objects.delete"), Access::Write);
        assert_eq!(access("iam.serviceAccounts.getAccessToken"), Access::Permissions);
    }
}
