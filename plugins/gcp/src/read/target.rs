//! The API and the region behind a host: regional and alternate hosts lead to the same reading.
//!
//! Sources: the `endpoints` and `mtlsRootUrl` of the discovery documents; Cloud Run Admin API v1, "Service
//! endpoint".

/// An API that is read, and the region that its host names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The host of the API, as sections of the table are named.
    pub api: String,
    /// The region, if the host names one.
    pub region: Option<&'a str>,
}

/// The APIs whose requests are read. A request to any other is refused.
pub const APIS: [&str; 10] = [
    "bigquery",
    "cloudresourcemanager",
    "compute",
    "iam",
    "iamcredentials",
    "logging",
    "pubsub",
    "run",
    "secretmanager",
    "storage",
];

/// The suffix of the hosts of every API.
pub const SUFFIX: &str = ".googleapis.com";
/// The host that several older APIs share.
const SHARED: &str = "www";
/// The APIs of [`SHARED`], which their paths name.
const SHARING: [&str; 3] = ["storage", "bigquery", "compute"];
/// Parts of paths that stand before the name of an API.
const BEFORE: [&str; 4] = ["upload", "resumable", "download", "batch"];

/// Returns the target of a request to `host`, a name in lower case, or `None` if it is not read.
pub fn of<'a>(host: &'a str, path: &str) -> Option<Target<'a>> {
    let name = host.strip_suffix(SUFFIX)?;
    let plain = |name: &str, region| {
        let api = APIS.iter().find(|api| **api == name)?;
        Some(Target { api: format!("{api}{SUFFIX}"), region })
    };
    if name == SHARED {
        let named = path.split('/').skip(1).find(|part| !BEFORE.contains(part))?;
        return SHARING.contains(&named).then(|| plain(named, None)).flatten();
    }
    // Mutual TLS, `NAME.mtls`; a regional endpoint, `NAME.REGION.rep` or `REGION-NAME`.
    let name = name.strip_suffix(".mtls").unwrap_or(name);
    if let Some((api, region)) = name.strip_suffix(".rep").and_then(|name| name.split_once('.')) {
        return plain(api, Some(region).filter(|region| is_region(region))?.into());
    }
    if let Some(found) = plain(name, None) {
        return Some(found);
    }
    let (region, api) = name.rsplit_once('-')?;
    is_region(region).then(|| plain(api, Some(region))).flatten()
}

/// Returns true for a location such as `europe-west1` or `us`.
fn is_region(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(host: &str, path: &str) -> Option<(String, Option<String>)> {
        of(host, path).map(|found| {
            let api = found.api.strip_suffix(SUFFIX).unwrap().to_owned();
            (api, found.region.map(str::to_owned))
        })
    }

    #[test]
    fn alternate_hosts_lead_to_one_api() {
        for (host, path, name, region) in [
            ("storage.googleapis.com", "/storage/v1/b", "storage", None),
            ("storage.mtls.googleapis.com", "/storage/v1/b", "storage", None),
            ("www.googleapis.com", "/storage/v1/b", "storage", None),
            ("www.googleapis.com", "/upload/storage/v1/b/b/o", "storage", None),
            ("www.googleapis.com", "/resumable/upload/storage/v1/b/b/o", "storage", None),
            ("www.googleapis.com", "/batch/compute/v1", "compute", None),
            ("europe-west1-run.googleapis.com", "/", "run", Some("europe-west1")),
            ("europe-west1-pubsub.googleapis.com", "/", "pubsub", Some("europe-west1")),
            ("pubsub.europe-west1.rep.googleapis.com", "/", "pubsub", Some("europe-west1")),
        ] {
            let expected = Some((name.to_owned(), region.map(str::to_owned)));
            assert_eq!(api(host, path), expected, "{host}");
        }
    }

    #[test]
    fn other_hosts_are_not_read() {
        for host in [
            "googleapis.com",
            "storage.googleapis.com.evil.example",
            "evil.example",
            "spanner.googleapis.com",
            "oauth2.googleapis.com",
            "sts.googleapis.com",
            "my-bucket.storage.googleapis.com",
            "-run.googleapis.com",
            "pubsub.a.b.rep.googleapis.com",
            "www.googleapis.com",
        ] {
            assert_eq!(api(host, "/oauth2/v1/userinfo"), None, "{host}");
        }
    }
}
