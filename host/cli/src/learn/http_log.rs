//! Reads the HTTP requests that gcloud and az log in the session's private directory.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use audex_core::delivery::{EndpointSettings, Value};
use audex_core::environment::Environment;
use audex_core::percent::decode_pairs;
use audex_wire::seen_request::SeenRequest;

/// The maximum number of bytes read from one log.
const LOG_BYTES: u64 = 64 * 1024 * 1024;
/// The maximum number of requests kept for one command.
const REQUESTS: usize = 10_000;
/// The prefix of the variables that move a Google API to another address. Source: `gcloud topic
/// configurations`, `api_endpoint_overrides`.
const GOOGLE_ENDPOINTS: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_";
/// The variable that moves Azure Resource Manager to another address.
const AZURE_ENDPOINT: &str = "AUDEX_AZURE_RESOURCE_MANAGER_URL";
/// The directory of az's logs, below the session's directory.
const AZURE_LOGS: &str = "azure-logs";

/// A request from a log, with its outcome.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    /// The request.
    pub request: SeenRequest,
    /// True if the response was 401 or 403.
    pub denied: bool,
    decided: bool,
}

/// Returns the settings that make gcloud and az write a log.
#[must_use]
pub(crate) fn endpoint_settings(directory: &Path) -> EndpointSettings {
    let plain = |name: &str, text: String| (name.to_owned(), Value::Plain(text));
    let variables = vec![
        plain("CLOUDSDK_CORE_LOG_HTTP", "true".to_owned()),
        plain("CLOUDSDK_CORE_DISABLE_FILE_LOGGING", "false".to_owned()),
        plain("AZURE_LOGGING_ENABLE_LOG_FILE", "yes".to_owned()),
        plain("AZURE_LOGGING_LOG_DIR", directory.join(AZURE_LOGS).display().to_string()),
    ];
    EndpointSettings { variables, ..EndpointSettings::default() }
}

/// Returns the authority of each API address that the user has moved, with the host by which the API is
/// known.
#[must_use]
pub(crate) fn moved(parent: &Environment) -> Vec<(String, String)> {
    let of_google = parent.iter().filter_map(|(name, _)| {
        let name = name.to_str()?;
        let api = name.strip_prefix(GOOGLE_ENDPOINTS)?.to_ascii_lowercase();
        Some((name.to_owned(), format!("{api}.googleapis.com")))
    });
    let of_azure = (AZURE_ENDPOINT.to_owned(), "management.azure.com".to_owned());
    let authority = |(name, host): (String, String)| {
        let url = parent.get(&name)?.split_once("://")?.1;
        Some((url.split('/').next()?.to_owned(), host))
    };
    of_google.chain([of_azure]).filter_map(authority).collect()
}

/// Returns the requests in the logs under `directory` that got a response. A host in `moved` becomes the host
/// by which the API is known.
#[must_use]
pub(crate) fn read(directory: &Path, moved: &[(String, String)]) -> Vec<Logged> {
    let mut files = Vec::new();
    for logs in [directory.join("gcloud/logs"), directory.join(AZURE_LOGS)] {
        collect(&logs, 3, &mut files);
    }
    files.sort();
    let mut seen = Vec::new();
    for path in files {
        let Ok(file) = File::open(path) else { continue };
        let lines = BufReader::new(file.take(LOG_BYTES)).split(b'\n').map_while(Result::ok);
        parse(lines.map(|line| String::from_utf8_lossy(&line).into_owned()), &mut seen);
    }
    seen.retain(|logged| logged.decided);
    for Logged { request, .. } in &mut seen {
        if let Some((_, known)) = moved.iter().find(|(authority, _)| *authority == request.host) {
            request.host.clone_from(known);
        }
    }
    seen
}

/// Collects the log files under `directory`. Symbolic links are not followed.
fn collect(directory: &Path, depth: usize, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => collect(&entry.path(), depth - 1, into),
            Ok(kind) if kind.is_file() => into.push(entry.path()),
            _ => {}
        }
    }
}

/// Parses the logs of gcloud (`uri:`, `method:` and `status:`) and of az (`Request URL:`, `Request method:`
/// and `Response status:`). Source: googlecloudsdk/core/requests.py of gcloud 528;
/// azure/cli/core/sdk/policies.py of az 2.91.
fn parse(lines: impl Iterator<Item = String>, into: &mut Vec<Logged>) {
    let (mut url, mut method) = (None, None);
    for line in lines {
        let value = |key: &str| {
            let rest = line.split_once(key)?.1.trim();
            Some(rest.trim_matches('\'').to_owned()).filter(|value| !value.is_empty())
        };
        if let Some(text) = value("Request URL:").or_else(|| value("uri:")) {
            url = Some(text);
        } else if let Some(text) = value("Request method:").or_else(|| value("method:")) {
            method = Some(text);
        } else if let Some(status) = value("Response status:").or_else(|| value("status:")) {
            let Some(last) = into.last_mut().filter(|last| !last.decided) else { continue };
            last.denied = status.starts_with("403") || status.starts_with("401");
            last.decided = true;
        }
        if into.len() < REQUESTS
            && let (Some(asked), Some(how)) = (&url, &method)
        {
            if let Some(request) = request(asked, how) {
                into.push(Logged { request, denied: false, decided: false });
            }
            (url, method) = (None, None);
        }
    }
}

fn request(url: &str, method: &str) -> Option<SeenRequest> {
    let rest = url.split_once("://")?.1;
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Some(SeenRequest {
        service: None,
        region: None,
        method: method.to_ascii_uppercase(),
        host: host.to_owned(),
        path: path.to_owned(),
        query: decode_pairs(query),
        headers: Vec::new(),
        body: Vec::<u8>::new().into(),
        complete: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(log: &str) -> Vec<(String, String, String, bool)> {
        let mut seen = Vec::new();
        parse(log.lines().map(str::to_owned), &mut seen);
        seen.into_iter()
            .map(|one| (one.request.method, one.request.host, one.request.path, one.denied))
            .collect()
    }

    #[test]
    fn requests_of_gcloud_are_read_with_what_became_of_them() {
        let log = "=======================\n==== request start ====\nuri: https://storage.googleapis.com/storage/v1/b?project=p\n\
            method: GET\n== headers start ==\nb'authorization': --- Token Redacted ---\n---- response start ----\nstatus: 403\n";
        let (method, host) = ("GET".to_owned(), "storage.googleapis.com".to_owned());
        assert_eq!(of(log), [(method, host, "/storage/v1/b".to_owned(), true)]);
    }

    #[test]
    fn an_api_that_is_asked_elsewhere_is_known_by_its_own_host() {
        let parent = Environment::from_pairs([
            (
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE",
                "https://storage-psc.p.example/storage/v1/",
            ),
            ("AUDEX_AZURE_RESOURCE_MANAGER_URL", "https://arm.local.example:8443"),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", "no url"),
        ]);
        let pair = |authority: &str, host: &str| (authority.to_owned(), host.to_owned());
        assert_eq!(
            moved(&parent),
            [
                pair("storage-psc.p.example", "storage.googleapis.com"),
                pair("arm.local.example:8443", "management.azure.com")
            ]
        );
        let home = tempfile::tempdir().unwrap();
        let logs = home.path().join("gcloud/logs/2026.11.24");
        std::fs::create_dir_all(&logs).unwrap();
        let log = "uri: https://storage-psc.p.example/storage/v1/b\nmethod: GET\nstatus: 200\n";
        std::fs::write(logs.join("x.log"), log).unwrap();
        assert_eq!(read(home.path(), &moved(&parent))[0].request.host, "storage.googleapis.com");
    }

    #[test]
    fn requests_of_az_are_read_with_what_became_of_them() {
        let log = "cli.azure.cli.core.sdk.policies: Request URL: 'https://management.azure.com/subscriptions/s?api-version=1'\n\
            cli.azure.cli.core.sdk.policies: Request method: 'GET'\ncli.azure.cli.core.sdk.policies: Response status: 200\n";
        let (method, host) = ("GET".to_owned(), "management.azure.com".to_owned());
        assert_eq!(of(log), [(method, host, "/subscriptions/s".to_owned(), false)]);
    }
}
