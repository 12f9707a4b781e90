//! The resources that a body or a query names beside the path.
//!
//! A text counts as a name by its form, whatever field it is in: so a field that is not known here cannot name a
//! resource unseen. Texts that are data of the user are left out by their fields.

use serde_json::Value;

use super::place;

/// Fields whose contents are data or words, in every API.
const WORDS: [&str; 12] = [
    "annotations",
    "description",
    "displayName",
    "etag",
    "fields",
    "filter",
    "fingerprint",
    "labels",
    "metadata",
    "pageToken",
    "policy",
    "userLabels",
];
/// The collections at the beginning of a name.
const ROOTS: [&str; 8] = [
    "projects",
    "organizations",
    "folders",
    "billingAccounts",
    "locations",
    "zones",
    "regions",
    "global",
];
/// What everybody may use: types of machines, and places.
const PUBLIC: [&str; 7] =
    ["acceleratorTypes", "diskTypes", "licenses", "machineTypes", "nodeTypes", "regions", "zones"];
const ACCOUNT: &str = ".gserviceaccount.com";
const COMPUTE: &str = "compute.googleapis.com";

/// A resource that is named, and one that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A service account, by email.
    Account(String),
    /// A full resource name.
    Resource(String),
    /// A bucket or objects, as a pattern.
    Storage(String),
    /// A name whose resource is not read.
    Unread(String),
}

/// Returns what `value` names. `own` is the resource of the request: its parts, its parents and itself are left
/// out. `opaque` are fields whose contents are data.
pub fn all(api: &str, value: &Value, own: Option<&str>, opaque: &[&str]) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(api, value, own, opaque, &mut found);
    found
}

fn collect(
    api: &str,
    value: &Value,
    own: Option<&str>,
    opaque: &[&str],
    found: &mut Vec<Reference>,
) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.as_str();
                if WORDS.contains(&name) || opaque.contains(&name) {
                    continue;
                }
                // An account that is not named by its email, such as `default`.
                if let Value::String(text) = member
                    && is_account_field(name)
                    && !text.is_empty()
                    && reference(api, text, own).is_none()
                {
                    found.push(Reference::Account(String::new()));
                    continue;
                }
                collect(api, member, own, opaque, found);
            }
            let id = |name: &str| members.get(name).and_then(Value::as_str);
            if let (Some(project), Some(dataset)) = (id("projectId"), id("datasetId")) {
                let text = ["tableId", "routineId", "modelId"].into_iter().find_map(id);
                let mut name =
                    format!("//bigquery.googleapis.com/projects/{project}/datasets/{dataset}");
                if let Some(text) = text {
                    name = format!("{name}/tables/{text}");
                }
                let is_own = own.is_some_and(|own| is_within(&name, own));
                if !is_own {
                    found.push(Reference::Unread(name));
                }
            }
        }
        Value::Array(members) => {
            for member in members {
                collect(api, member, own, opaque, found);
            }
        }
        Value::String(text) => found.extend(reference(api, text, own)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_account_field(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("serviceaccount")
        || name == "serviceaccountname"
        || name == "serviceaccountemail"
}

/// Returns what `text` names, if it is a name.
fn reference(api: &str, text: &str, own: Option<&str>) -> Option<Reference> {
    if text.ends_with(ACCOUNT) && !text.contains(['/', ':', ' ']) && text.contains('@') {
        let is_own = own.is_some_and(|own| own.split('/').any(|part| part == text));
        return (!is_own).then(|| Reference::Account(text.to_owned()));
    }
    if text.starts_with(gcp_catalogue::SCOPE_PREFIX) {
        return None;
    }
    if let Some(rest) = text.strip_prefix("gs://") {
        return Some(storage(rest).unwrap_or_else(|| Reference::Unread(text.to_owned())));
    }
    let name = match full(api, text, own) {
        Name::None => return None,
        Name::Unread => return Some(Reference::Unread(text.to_owned())),
        Name::Full(name) => name,
    };
    if own.is_some_and(|own| is_within(&name, own)) {
        return None;
    }
    let collection = name.rsplit('/').nth(1).unwrap_or_default();
    let is_public = PUBLIC.contains(&collection) || name.ends_with("/global");
    (!is_public).then_some(Reference::Resource(name))
}

/// Returns the objects that `BUCKET/OBJECT` names, where one `*` may stand for any text.
fn storage(rest: &str) -> Option<Reference> {
    let (bucket, object) = rest.split_once('/')?;
    let is_read = !bucket.is_empty() && !object.is_empty() && !bucket.contains(['*', '?']);
    let name = format!("{}{bucket}/objects/{object}", crate::resource::FULL);
    (is_read && !object.contains('?')).then_some(Reference::Storage(name))
}

/// What a text is.
enum Name {
    /// It names nothing.
    None,
    /// It is a name, and its resource is not read.
    Unread,
    /// The full name.
    Full(String),
}

/// Returns the full name that `text` stands for.
fn full(api: &str, text: &str, own: Option<&str>) -> Name {
    let parts: Vec<&str> = text.split('/').collect();
    let is_name = parts.iter().rev().skip(1).any(|part| ROOTS.contains(part));
    let is_address = text.starts_with("//") || text.contains("googleapis.com/");
    if !is_address && !is_name {
        return Name::None;
    }
    let is_plain = !text.contains(['*', '?', '#', '%', '\\']) && !text.contains(char::is_control);
    let address = text.strip_prefix("https://").or_else(|| text.strip_prefix("//"));
    let place = match address {
        Some(address) => address.split_once('/'),
        None => Some((api, text)),
    };
    let Some((host, path)) = place.filter(|_| is_plain) else { return Name::Unread };
    // `https://www.googleapis.com/compute/v1/projects/…` is Compute Engine's.
    let versions = ["compute/v1/", "compute/beta/", "compute/alpha/"];
    let shorter = versions.iter().find_map(|version| path.strip_prefix(version));
    let host = if shorter.is_some() { COMPUTE } else { host };
    let mut parts: Vec<&str> = shorter.unwrap_or(path).split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Name::Unread;
    }
    if host == COMPUTE && parts.first().is_some_and(|first| *first != "projects") {
        let mut own = own.unwrap_or_default().split('/').skip_while(|part| *part != "projects");
        let Some(project) = own.nth(1) else { return Name::Unread };
        parts.splice(0..0, ["projects", project]);
    }
    let is_read = parts.first().is_some_and(|first| ROOTS.contains(first));
    if is_read { Name::Full(place::name(host, &parts)) } else { Name::Unread }
}

/// Returns true if one of the names is the other or a part of it. A project and its resources have different
/// services in their names.
fn is_within(name: &str, own: &str) -> bool {
    let path = |name: &str| {
        name.trim_start_matches('/')
            .split_once('/')
            .map(|(host, path)| (host.to_owned(), path.to_owned()))
    };
    let (Some((host, name)), Some((own_host, own))) = (path(name), path(own)) else { return false };
    let below = |low: &str, high: &str| low == high || low.starts_with(&format!("{high}/"));
    let is_container = name.split('/').count() == 2 && name.starts_with("projects/");
    (host == own_host && (below(&name, &own) || below(&own, &name)))
        || (is_container && below(&own, &name))
}

/// Returns the permission to use a resource of Compute Engine. Source: Compute Engine, "IAM permissions": the
/// resources of another one need `use`, or `useReadOnly` if they are only read.
pub fn use_of(name: &str) -> Option<String> {
    let path = name.strip_prefix("//compute.googleapis.com/")?;
    let collection = path.split('/').rev().nth(1)?;
    let collection = if collection == "family" { "images" } else { collection };
    // Some collections of regions, and global ones, have permissions of their own: `regionHealthChecks`.
    let mut letters = collection.chars();
    let first = letters.next()?.to_ascii_uppercase();
    let within = |part: &str| path.split('/').any(|word| word == part);
    let prefix =
        [("regions", "region"), ("global", "global")].into_iter().find(|(part, _)| within(part));
    let own = prefix.map(|(_, prefix)| format!("{prefix}{first}{}", letters.as_str()));
    own.into_iter().chain([collection.to_owned()]).find_map(|collection| {
        let verbs = ["use", "useReadOnly"].into_iter();
        let mut names = verbs.map(|verb| format!("compute.{collection}.{verb}"));
        names.find(|name| gcp_catalogue::has(name))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "//compute.googleapis.com/projects/p/zones/z/instances/i";

    #[test]
    fn names_are_found_by_their_form_in_every_field() {
        let body = json!({
            "x": { "network": "global/networks/n" },
            "y": ["https://www.googleapis.com/compute/v1/projects/q/zones/z/disks/d"],
            "machineType": "zones/z/machineTypes/t",
            "name": "i",
            "email": "a@p.iam.gserviceaccount.com",
            "from": "gs://b/o",
            "odd": "projects/p/*",
            "zone": "projects/p/zones/z",
        });
        let mut found = all(COMPUTE, &body, Some(OWN), &[]);
        found.sort_by_key(|one| format!("{one:?}"));
        assert_eq!(
            found,
            [
                Reference::Account("a@p.iam.gserviceaccount.com".to_owned()),
                Reference::Resource(
                    "//compute.googleapis.com/projects/p/global/networks/n".to_owned()
                ),
                Reference::Resource(
                    "//compute.googleapis.com/projects/q/zones/z/disks/d".to_owned()
                ),
                Reference::Storage(
                    "//storage.googleapis.com/projects/_/buckets/b/objects/o".to_owned()
                ),
                Reference::Unread("projects/p/*".to_owned()),
            ]
        );
    }

    #[test]
    fn a_resource_is_used_by_the_permission_of_its_place() {
        for (path, expected) in [
            ("global/images/i", Some("compute.images.useReadOnly")),
            ("global/images/family/f", Some("compute.images.useReadOnly")),
            ("global/addresses/a", Some("compute.globalAddresses.use")),
            ("regions/r/addresses/a", Some("compute.addresses.use")),
            ("regions/r/healthChecks/h", Some("compute.regionHealthChecks.use")),
            ("zones/z/disks/d", Some("compute.disks.use")),
            ("global/somethings/s", None),
        ] {
            let name = format!("//compute.googleapis.com/projects/p/{path}");
            assert_eq!(use_of(&name).as_deref(), expected, "{path}");
        }
        assert_eq!(use_of("//pubsub.googleapis.com/projects/p/topics/t"), None);
    }

    #[test]
    fn words_data_and_what_belongs_to_the_request_are_no_references() {
        let body = json!({
            "description": "projects/q/topics/t",
            "rows": [{ "a": "projects/q/topics/t" }],
            "selfLink": "https://compute.googleapis.com/compute/v1/projects/p/zones/z/instances/i",
            "text": "a / b", "path": "some/path", "url": "https://example.com/x",
        });
        assert_eq!(all(COMPUTE, &body, Some(OWN), &["rows"]), []);
        assert_eq!(all(COMPUTE, &body, Some(OWN), &[]).len(), 1);
    }
}
