//! Configured addresses for a cloud's own hosts: a sovereign cloud, a private endpoint, a test double.
//!
//! A component always uses the cloud's own host name. Its grants and the destinations of secrets depend on
//! that name.

use reqwest::Url;

use crate::host_template::is_account_host;
use audex_core::address::{self, AddressError};
use audex_core::environment::{
    ANTHROPIC_BASE_URL, AUDEX_AZURE_KEY_VAULT_URL, AUDEX_AZURE_RESOURCE_MANAGER_URL,
    AUDEX_GCP_IAMCREDENTIALS_URL, AUDEX_GCP_STS_URL, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_CLOUDTRAIL,
    AWS_ENDPOINT_URL_IAM, AZURE_STORAGE_SERVICE_ENDPOINT,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER, CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS, Environment,
};
use audex_core::host_pattern;
use audex_logins::aws::profile::with_endpoints;

/// The hosts that variables redirect, with the variables in order of precedence.
const ROUTES: [(Canonical, &[&str]); 10] = [
    (Canonical::CloudTrail, &[AWS_ENDPOINT_URL_CLOUDTRAIL, AWS_ENDPOINT_URL]),
    (Canonical::Host("api.anthropic.com"), &[ANTHROPIC_BASE_URL]),
    (
        Canonical::Host("cloudresourcemanager.googleapis.com"),
        &[CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER],
    ),
    (Canonical::Host("iam.googleapis.com"), &[CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM]),
    (Canonical::Host("iam.amazonaws.com"), &[AWS_ENDPOINT_URL_IAM, AWS_ENDPOINT_URL]),
    (
        Canonical::Host("iamcredentials.googleapis.com"),
        &[AUDEX_GCP_IAMCREDENTIALS_URL, CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS],
    ),
    (Canonical::Host("sts.googleapis.com"), &[AUDEX_GCP_STS_URL]),
    (Canonical::Host("management.azure.com"), &[AUDEX_AZURE_RESOURCE_MANAGER_URL]),
    (Canonical::Vault, &[AUDEX_AZURE_KEY_VAULT_URL]),
    (Canonical::StorageAccount, &[AZURE_STORAGE_SERVICE_ENDPOINT]),
];

/// The hosts of vaults. Source: Azure Key Vault, "Vault name and object name" (public cloud).
const VAULTS: &str = "*.vault.azure.net";

/// A host as components name it.
enum Canonical {
    Host(&'static str),
    StorageAccount,
    Vault,
    CloudTrail,
}

impl Canonical {
    fn names(&self, host: &str) -> bool {
        match self {
            Self::Host(name) => *name == host,
            Self::StorageAccount => is_account_host(host),
            Self::Vault => host_pattern::covers(VAULTS, host),
            Self::CloudTrail => super::signing::is_log(host),
        }
    }
}

/// Another address for the requests to one host.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route(Url);

impl Route {
    /// Creates a route to `place`.
    pub(super) fn to(place: Url) -> Self {
        Self(place)
    }

    /// Returns `asked` at this address: its path is appended to the address's own path.
    pub(super) fn url(&self, asked: &Url) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{}", self.0.path().trim_end_matches('/'), asked.path()));
        url.set_query(asked.query());
        url
    }
}

/// Returns the address in place of `https://HOST` that a variable names, without a slash at its end.
///
/// # Errors
/// If the variable has no address.
pub fn configured(environment: &Environment, host: &str) -> Result<Option<String>, AddressError> {
    let route = find(environment, host)?;
    Ok(route.map(|Route(url)| url.as_str().trim_end_matches('/').to_owned()))
}

/// Returns the route for `host`, if a variable names one.
pub(super) fn find(environment: &Environment, host: &str) -> Result<Option<Route>, AddressError> {
    let variables =
        ROUTES.iter().find(|(canonical, _)| canonical.names(host)).map(|(_, variables)| *variables);
    let variables = variables.unwrap_or_default();
    // The selected profile may also set the endpoints of AWS.
    let led = variables.contains(&AWS_ENDPOINT_URL).then(|| with_endpoints(environment));
    let environment = led.as_ref().unwrap_or(environment);
    let mut named = variables.iter().filter_map(|name| Some((*name, environment.get(name)?)));
    match named.next() {
        Some((name, value)) => Ok(Some(Route(address::parse(name, value)?))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(variable: &str, value: &str, url: &str) -> Result<Option<String>, AddressError> {
        let url = Url::parse(url).unwrap();
        let environment = Environment::from_pairs([(variable, value)]);
        Ok(find(&environment, url.host_str().unwrap())?.map(|route| route.url(&url).to_string()))
    }

    #[test]
    fn a_configured_place_keeps_path_and_query() {
        let sts = "https://sts.googleapis.com/v1/token?x=1";
        let at = |value| routed(AUDEX_GCP_STS_URL, value, sts).unwrap().unwrap();
        assert_eq!(at("http://127.0.0.1:80"), "http://127.0.0.1/v1/token?x=1");
        assert_eq!(
            at("https://sts.corp.example:8443/base/"),
            "https://sts.corp.example:8443/base/v1/token?x=1"
        );
        let blob = "https://devstore.blob.core.windows.net/?comp=userdelegationkey";
        let azurite =
            routed(AZURE_STORAGE_SERVICE_ENDPOINT, "http://127.0.0.1:10000/devstore", blob);
        assert_eq!(
            azurite.unwrap().unwrap(),
            "http://127.0.0.1:10000/devstore/?comp=userdelegationkey"
        );
        let overridden = routed(
            CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS,
            "https://iam.example/",
            "https://iamcredentials.googleapis.com/v1/x",
        );
        assert_eq!(overridden.unwrap().unwrap(), "https://iam.example/v1/x");
    }

    #[test]
    fn other_hosts_are_not_routed() {
        for url in ["https://storage.googleapis.com/", "https://sts.googleapis.com.evil.com/"] {
            assert_eq!(routed(AUDEX_GCP_STS_URL, "https://sts.example", url).unwrap(), None);
        }
        for (url, led) in [
            ("https://double.vault.azure.net/secrets", Some("https://vault.example/secrets")),
            ("https://vault.azure.net/secrets", None),
            ("https://double.vault.azure.net.evil.com/secrets", None),
        ] {
            let url = routed(AUDEX_AZURE_KEY_VAULT_URL, "https://vault.example", url).unwrap();
            assert_eq!(url.as_deref(), led);
        }
    }

    #[test]
    fn plain_http_beyond_loopback_and_what_is_no_address_is_an_error_that_names_the_variable() {
        for value in [
            "http://sts.example",
            "ftp://127.0.0.1",
            "nonsense",
            "https://u:p@sts.example",
            "https://x/?q",
        ] {
            let error =
                routed(AUDEX_GCP_STS_URL, value, "https://sts.googleapis.com/").unwrap_err();
            assert!(error.to_string().contains("`AUDEX_GCP_STS_URL`"), "{error}");
        }
    }
}
