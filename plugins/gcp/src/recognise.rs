//! The methods that requests to Google's APIs call, and the permissions of these methods.
//! `../methods/generate.py` makes the table.
//!
//! A permission usually has the name of its method: service, last collection, verb. `EXCEPTIONS` lists the
//! others; a name that the catalogue does not have counts as unknown and is never guessed.

use audex_sdk::provider::{Attribution, Call, Permission, Scope, SeenRequest};
use method_table::{Request, Table};

/// The table of methods; its sections are hosts.
pub static METHODS: Table = Table::new(include_bytes!("../methods/methods.bin"));
/// Methods whose permissions have another name. Source: each service's "Access control with IAM"; for Cloud
/// Storage, "IAM permissions for JSON methods".
const EXCEPTIONS: &str = include_str!("../methods/exceptions.txt");
/// APIs with another name in permissions. Source: as `SERVICES` of ../catalogue/generate.py.
const SERVICES: [(&str, &str); 5] = [
    ("sqladmin", "cloudsql"),
    ("firestore", "datastore"),
    ("cloudresourcemanager", "resourcemanager"),
    ("bigtableadmin", "bigtable"),
    ("iamcredentials", "iam"),
];
const VERBS: [(&str, &str); 3] =
    [("insert", "create"), ("patch", "update"), ("aggregatedList", "list")];
/// Writes that may replace an object. Source: as above.
const OVERWRITES: [&str; 4] = [
    "storage.objects.insert",
    "storage.objects.copy",
    "storage.objects.rewrite",
    "storage.objects.compose",
];
/// The method that tests permissions, which needs none. Source: Resource Manager, "Testing permissions".
const FREE: &str = "testIamPermissions";
/// The suffix of an API's hosts. Other hosts of the same API: `storage.mtls.…`, `europe-west1-run.…`,
/// `www.googleapis.com/storage/v1/…`.
const SUFFIX: &str = ".googleapis.com";
const SHARED_HOST: &str = "www.googleapis.com";
const DOWNLOAD: &str = "/download";
/// The most characters of a path that are reported for an unknown method.
const PATH: usize = 80;

/// Returns one call for each request, in order.
pub fn recognise(requests: &[SeenRequest]) -> Vec<Call> {
    requests.iter().map(one).collect()
}

fn one(request: &SeenRequest) -> Call {
    let path = request.path.strip_prefix(DOWNLOAD).unwrap_or(&request.path);
    let asked = Request { method: &request.method, path, query: &request.query, headers: &[] };
    let found = hosts(&request.host, path).into_iter().find_map(|host| METHODS.find(&host, asked));
    let seen = || format!("{} {}", request.method, path.chars().take(PATH).collect::<String>());
    Call {
        service: request.host.clone(),
        known: found.is_some(),
        operation: found.map_or_else(seen, |found| found.operation),
        resources: Vec::new(),
        count: 1,
        denied: false,
        source: "http-log".to_owned(),
    }
}

/// Returns the hosts under which the table may have this one.
fn hosts(host: &str, path: &str) -> Vec<String> {
    let host = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
    let Some(name) = host.strip_suffix(SUFFIX) else { return Vec::new() };
    let name = name.strip_suffix(".mtls").unwrap_or(name);
    let mut hosts = vec![format!("{name}{SUFFIX}")];
    if host == SHARED_HOST {
        let path = path.strip_prefix("/upload").unwrap_or(path);
        hosts.extend(path.split('/').nth(1).map(|api| format!("{api}{SUFFIX}")));
    }
    // A regional endpoint: `REGION-NAME.googleapis.com`, `NAME.REGION.rep.googleapis.com`.
    hosts.extend(name.rsplit_once('-').map(|(_, api)| format!("{api}{SUFFIX}")));
    hosts.extend(name.split_once('.').map(|(api, _)| format!("{api}{SUFFIX}")));
    hosts
}

/// Returns one attribution for each call.
pub fn attribute(calls: &[Call]) -> Vec<Attribution> {
    calls.iter().map(need).collect()
}

fn need(call: &Call) -> Attribution {
    let permission = |action: String| Permission {
        action,
        origin: call.operation.clone(),
        // Only buckets can be limits, and only if the grant has nothing else: see `plan.rs`.
        resources: Scope::Unseen,
    };
    match permissions(&call.operation) {
        Some(actions) => Attribution {
            known: true,
            permissions: actions.into_iter().map(permission).collect(),
            note: OVERWRITES.contains(&call.operation.as_str()).then(|| {
                format!(
                    "{}: overwriting an object needs storage.objects.delete as well",
                    call.operation
                )
            }),
        },
        None => Attribution { known: false, permissions: Vec::new(), note: None },
    }
}

/// Returns the permissions that a method needs, or `None` if they are unknown.
pub fn permissions(method: &str) -> Option<Vec<String>> {
    let exception = EXCEPTIONS.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (name, actions) = line.split_once(" =")?;
        (name == method).then(|| actions.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    });
    if exception.is_some() {
        return exception;
    }
    let mut parts = method.split('.');
    let service = parts.next()?;
    let verb = parts.next_back()?;
    let collection = parts.next_back()?;
    if verb == FREE {
        return Some(Vec::new());
    }
    let other = |table: &[(&str, &'static str)], name: &str| {
        table.iter().find(|(known, _)| *known == name).map(|(_, other)| *other)
    };
    let service = other(&SERVICES, service).unwrap_or(service);
    let permission = format!("{service}.{collection}.{}", other(&VERBS, verb).unwrap_or(verb));
    gcp_catalogue::has(&permission).then(|| vec![permission])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, url: &str) -> SeenRequest {
        let (host, path) = url.split_at(url.find('/').unwrap_or(url.len()));
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        SeenRequest {
            service: None,
            region: None,
            method: method.to_owned(),
            host: host.to_owned(),
            path: path.to_owned(),
            query: vec![(query.to_owned(), String::new())],
            headers: Vec::new(),
            body: Vec::new(),
            complete: true,
        }
    }

    fn needs(method: &str, url: &str) -> Option<String> {
        let calls = recognise(&[request(method, url)]);
        let attribution = attribute(&calls).remove(0);
        let actions: Vec<String> =
            attribution.permissions.into_iter().map(|one| one.action).collect();
        (calls[0].known && attribution.known).then(|| actions.join(","))
    }

    #[test]
    fn requests_of_gcloud_become_permissions() {
        for (method, url, expected) in [
            ("GET", "storage.googleapis.com/storage/v1/b?project=p", "storage.buckets.list"),
            ("GET", "storage.googleapis.com/storage/v1/b/x/o", "storage.objects.list"),
            (
                "GET",
                "storage.googleapis.com/download/storage/v1/b/x/o/a%2Fb?alt=media",
                "storage.objects.get",
            ),
            ("GET", "www.googleapis.com/storage/v1/b/x/o/y", "storage.objects.get"),
            ("POST", "storage.googleapis.com/upload/storage/v1/b/x/o", "storage.objects.create"),
            ("PATCH", "storage.googleapis.com/storage/v1/b/x/o/y", "storage.objects.update"),
            (
                "POST",
                "storage.googleapis.com/storage/v1/b/x/o/y/rewriteTo/b/z/o/w",
                "storage.objects.get,storage.objects.create",
            ),
            (
                "GET",
                "compute.googleapis.com/compute/v1/projects/p/aggregated/instances",
                "compute.instances.list",
            ),
            (
                "POST",
                "compute.googleapis.com/compute/v1/projects/p/zones/z/instances/i/start",
                "compute.instances.start",
            ),
            (
                "GET",
                "cloudresourcemanager.googleapis.com/v1/projects/p",
                "resourcemanager.projects.get",
            ),
            (
                "POST",
                "cloudresourcemanager.googleapis.com/v1/projects/p:getIamPolicy",
                "resourcemanager.projects.getIamPolicy",
            ),
            ("POST", "cloudresourcemanager.googleapis.com/v1/projects/p:testIamPermissions", ""),
            (
                "GET",
                "secretmanager.googleapis.com/v1/projects/p/secrets/s/versions/latest:access",
                "secretmanager.versions.access",
            ),
            (
                "GET",
                "europe-west1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/p/services",
                "run.services.list",
            ),
            (
                "POST",
                "pubsub.googleapis.com/v1/projects/p/topics/t:publish",
                "pubsub.topics.publish",
            ),
            (
                "POST",
                "bigquery.googleapis.com/bigquery/v2/projects/p/queries",
                "bigquery.jobs.create",
            ),
        ] {
            assert_eq!(needs(method, url).as_deref(), Some(expected), "{method} {url}");
        }
    }

    #[test]
    fn what_is_not_known_is_told_as_it_was_seen() {
        for (method, url) in [
            ("GET", "storage.googleapis.com/bucket/object"),
            ("GET", "evil.example/storage/v1/b"),
            ("BREW", "storage.googleapis.com/storage/v1/b"),
            ("GET", ""),
            ("GET", "é.googleapis.com/%ff"),
        ] {
            assert_eq!(needs(method, url), None, "{method} {url}");
        }
        assert_eq!(
            recognise(&[request("GET", "storage.googleapis.com/bucket/x")])[0].operation,
            "GET /bucket/x"
        );
    }

    #[test]
    fn methods_need_only_what_the_catalogue_knows() {
        let (mut all, mut known) = (0, 0);
        // The look-up expects sorted tables.
        assert!(METHODS.sections().is_sorted());
        assert!(METHODS.sections().all(|host| METHODS.section(host).unwrap().lines().is_sorted()));
        let mut names: Vec<String> = METHODS
            .sections()
            .flat_map(|host| {
                METHODS
                    .section(host)
                    .unwrap()
                    .lines()
                    .map(|line| line.split(' ').nth(2).unwrap().to_owned())
                    .collect::<Vec<_>>()
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        for name in &names {
            all += 1;
            let Some(actions) = permissions(name) else { continue };
            known += 1;
            assert!(actions.iter().all(|action| gcp_catalogue::has(action)), "{name}: {actions:?}");
        }
        for line in EXCEPTIONS.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split_once(" =").unwrap().0;
            assert!(names.iter().any(|known| known == name), "{name} is not a method");
        }
        println!("{known} of {all} methods");
        assert!(known * 100 > all * 80, "{known} of {all}");
    }
}
