//! The resource of a request, by one rule for every method: it is what the path names.
//!
//! The rule reads the template of the method. Everything after the last label is left out (a collection, a
//! verb), then locations, zones and regions at the end: they hold no policies, so the project is checked. What
//! remains is the full resource name. A list, or the creation of something that the path does not name, is thus
//! a request to its parent, and a project is one of Resource Manager's.
//!
//! Source: Cloud IAM, "Resource name format"; the resources of each service in "Resource types that accept
//! allow policies".

use audex_sdk::provider::Scope;
use method_table::Found;

/// Collections that only say where something is.
const WHERE: [&str; 3] = ["locations", "zones", "regions"];
/// Containers of all services, and the services that their names belong to.
const CONTAINERS: [(&str, &str); 4] = [
    ("projects", "cloudresourcemanager.googleapis.com"),
    ("folders", "cloudresourcemanager.googleapis.com"),
    ("organizations", "cloudresourcemanager.googleapis.com"),
    ("billingAccounts", "cloudbilling.googleapis.com"),
];
/// The name that stands for a project of which the account's email tells.
const ANY: &str = "-";

/// Returns the resource that the path names.
///
/// # Errors
/// The reason why the path has more than one meaning.
pub fn of(api: &str, found: &Found, region: Option<&str>) -> Result<Scope, String> {
    let mut words = words(found)?;
    let mut is_unseen = false;
    if let [(first, false), ..] = words.as_slice()
        && first == "namespaces"
    {
        // Cloud Run v1: the namespace is the project, and the host names the location.
        is_unseen = region.is_none() && words.len() > 2;
        let place = [("locations", false), (region.unwrap_or(ANY), true)];
        let place = place.map(|(word, is_label)| (word.to_owned(), is_label));
        words.splice(0..1, [("projects".to_owned(), false)]);
        words.splice(2..2, place);
    }
    while let [.., (collection, false), (_, true)] = words.as_slice()
        && WHERE.contains(&collection.as_str())
    {
        words.truncate(words.len() - 2);
    }
    let texts: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
    is_unseen |= words.iter().any(|(word, is_label)| *is_label && word == ANY)
        && texts.get(2) != Some(&"serviceAccounts");
    if texts.is_empty() {
        return Ok(Scope::Every);
    }
    Ok(if is_unseen { Scope::Unseen } else { these(name(api, &texts)) })
}

/// Returns the resource of this name. Security: a name with a wildcard in it could match more than itself.
pub fn these(name: String) -> Scope {
    if name.contains(['*', '?']) { Scope::Unseen } else { Scope::These(vec![name]) }
}

/// Returns the full name of the resource with these segments of `api`.
pub fn name(api: &str, segments: &[&str]) -> String {
    if let [kind, id] = segments
        && let Some((_, host)) = CONTAINERS.iter().find(|(known, _)| known == kind)
    {
        return format!("//{host}/{kind}/{id}");
    }
    if let ["projects", project, "serviceAccounts", email, rest @ ..] = segments {
        let project = if *project == ANY { project_of(email) } else { project };
        let rest: String = rest.iter().map(|word| format!("/{word}")).collect();
        return format!("//iam.googleapis.com/projects/{project}/serviceAccounts/{email}{rest}");
    }
    format!("//{api}/{}", segments.join("/"))
}

/// Returns the name of a service account, which its email makes known.
pub fn account(email: &str) -> String {
    name("iam.googleapis.com", &["projects", ANY, "serviceAccounts", email])
}

/// Returns the name of a project.
pub fn project(id: &str) -> String {
    name("", &["projects", id])
}

/// Returns the project in an account's email, or `-` if the email does not name it.
fn project_of(email: &str) -> &str {
    let own = email.split_once('@').and_then(|(name, domain)| match domain {
        "appspot.gserviceaccount.com" => Some(name),
        _ => domain.strip_suffix(".iam.gserviceaccount.com"),
    });
    own.filter(|project| !project.is_empty() && !project.contains('.')).unwrap_or(ANY)
}

/// Returns the words of the path up to its last label, after the version; true beside the labels.
fn words(found: &Found) -> Result<Vec<(String, bool)>, String> {
    let mut labels = found.labels.iter();
    let mut words: Vec<(String, bool)> = Vec::new();
    let (mut is_after, mut length) = (false, 0);
    for part in found.template.split('/').filter(|part| !part.is_empty()) {
        if let Some((_, suffix)) = part.strip_prefix('{').and_then(|part| part.split_once('}')) {
            let (_, value) = labels.next().ok_or("its path is not read")?;
            let collection = words.last().map(|(word, _)| word.as_str()).unwrap_or_default();
            let value = checked(collection, value)?;
            words.push((value, true));
            length = words.len();
            debug_assert!(suffix.is_empty() || suffix.starts_with(':'), "{part}");
        } else if is_after {
            let part = if part == "workerpools" { "workerPools" } else { part };
            words.push((part.to_owned(), false));
        }
        is_after |= is_version(part);
    }
    words.truncate(length);
    Ok(words)
}

/// Returns true for `v1`, `v2beta1`, and the versions of Compute Engine.
fn is_version(part: &str) -> bool {
    let number = part.strip_prefix('v').unwrap_or_default();
    number.starts_with(|c: char| c.is_ascii_digit()) || part == "alpha" || part == "beta"
}

/// Rejects a value that Google may take apart in another way. The id of a log holds encoded slashes, and keeps
/// them so.
fn checked(collection: &str, value: &str) -> Result<String, String> {
    if collection == "logs" {
        return checked("", &value.replace('/', "%2F")).map(|_| value.replace('/', "%2F"));
    }
    let is_odd =
        |c: char| c.is_control() || c == '/' || c == '\\' || c == char::REPLACEMENT_CHARACTER;
    // The ids of old projects name a domain: `example.com:project`.
    let is_verb = value.contains(':') && !["projects", "namespaces"].contains(&collection);
    if value.is_empty() || value == "." || value == ".." || value.contains(is_odd) || is_verb {
        return Err(format!("`{}` in its path is not a name", value.escape_debug()));
    }
    Ok(value.to_owned())
}
