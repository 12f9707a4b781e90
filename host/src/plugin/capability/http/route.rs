//! Hosts of a cloud that the user's own variables move: sovereign clouds, private endpoints, doubles.
//!
//! Components always name the canonical host; what was granted, and where secrets may go, is decided by that name.

use reqwest::Url;

use super::host_matches;
use crate::endpoint::is_loopback;
use crate::environment::Environment;

/// A canonical host (template), and the variables that may move it, the first one set wins.
const ROUTES: [(&str, &[&str]); 4] = [
    (
        "iamcredentials.googleapis.com",
        &["AUDEX_GCP_IAMCREDENTIALS_URL", "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS"],
    ),
    ("sts.googleapis.com", &["AUDEX_GCP_STS_URL"]),
    ("management.azure.com", &["AUDEX_AZURE_RESOURCE_MANAGER_URL"]),
    ("{account}.blob.core.windows.net", &["AZURE_STORAGE_SERVICE_ENDPOINT"]),
];

/// A variable that moves a host to where nothing may be sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} must be an https URL, or http on loopback")]
pub struct Unsafe {
    variable: &'static str,
}

/// `url` where its host was moved to; none if nobody moved it.
///
/// # Errors
/// When the variable that moves it names no URL that a secret may be sent to.
pub fn route(url: &Url, environment: &Environment) -> Result<Option<Url>, Unsafe> {
    let host = url.host_str().unwrap_or_default();
    let Some((_, variables)) = ROUTES.iter().find(|(template, _)| host_matches(template, host)) else {
        return Ok(None);
    };
    let set = |name: &&'static str| Some((*name, environment.get(name).filter(|value| !value.is_empty())?));
    let Some((variable, value)) = variables.iter().find_map(set) else { return Ok(None) };
    let base = Url::parse(value).map_err(|_| Unsafe { variable })?;
    let safe = base.scheme() == "https" || (base.scheme() == "http" && is_loopback(&base));
    if !safe || !base.username().is_empty() || base.password().is_some() || base.query().is_some() {
        return Err(Unsafe { variable });
    }
    let mut moved = base.clone();
    moved.set_path(&format!("{}{}", base.path().trim_end_matches('/'), url.path()));
    moved.set_query(url.query());
    Ok(Some(moved))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(value: &str) -> Result<Option<String>, Unsafe> {
        let environment = Environment::from_pairs([("AUDEX_GCP_STS_URL", value)]);
        let url = Url::parse("https://sts.googleapis.com/v1/token?a=b").unwrap();
        route(&url, &environment).map(|moved| moved.map(|url| url.to_string()))
    }

    #[test]
    fn a_host_is_moved_with_path_and_query() {
        assert_eq!(routed("http://127.0.0.1:99/x/").unwrap().unwrap(), "http://127.0.0.1:99/x/v1/token?a=b");
        assert_eq!(routed("https://sts.example").unwrap().unwrap(), "https://sts.example/v1/token?a=b");
        assert_eq!(routed("").unwrap(), None);
        let other = Url::parse("https://example.com/").unwrap();
        assert_eq!(
            route(&other, &Environment::from_pairs([("AUDEX_GCP_STS_URL", "https://x.y")])).unwrap(),
            None
        );
    }

    #[test]
    fn nothing_is_moved_to_where_it_could_be_read() {
        for value in
            ["http://sts.example", "ftp://127.0.0.1", "nonsense", "https://user@sts.example", "https://s?x=y"]
        {
            assert!(routed(value).is_err(), "{value}");
        }
    }
}
