//! `[endpoints]` of `config.toml`: the real addresses of hosts that installed components request.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::Url;

use super::config_file::OrganisationFile;
use super::{SettingsError, source};
use audex_components::host_template::is_host_template;
use audex_core::address;

const TABLE: &str = "endpoints";

/// Returns the real address of each host: the organisation's, and the user's for hosts that the organisation
/// does not mention.
///
/// Security: everything that is sent to a host, secrets too, goes to its real address. If the organisation
/// limits the hosts that components may reach, the limit applies to the real address as well.
///
/// # Errors
/// When a name is not a host, an address is invalid, or the organisation does not allow the user's entry.
pub(super) fn endpoints(
    organisation: &OrganisationFile,
    at: &Path,
    user: &BTreeMap<String, String>,
    user_at: &Path,
) -> Result<BTreeMap<String, Url>, SettingsError> {
    let mut endpoints = BTreeMap::new();
    for (host, text) in &organisation.endpoints {
        endpoints.insert(host.clone(), endpoint(host, text, at)?);
    }
    for (host, text) in user {
        if endpoints.contains_key(host) {
            let (place, at) = (source::place(user_at, &[TABLE, host]), at.to_path_buf());
            return Err(SettingsError::Theirs { place, what: "endpoint", name: host.clone(), at });
        }
        let url = endpoint(host, text, user_at)?;
        let real = url.host_str().unwrap_or_default();
        if !organisation.plugins.allows_host(real) {
            let message = format!(
                "your organisation does not let components reach `{real}`, by {}",
                at.display()
            );
            return Err(source::wrong(user_at, &[TABLE, host], message));
        }
        endpoints.insert(host.clone(), url);
    }
    Ok(endpoints)
}

fn endpoint(host: &str, text: &str, at: &Path) -> Result<Url, SettingsError> {
    let wrong = |message| source::wrong(at, &[TABLE, host], message);
    // A key that no component can name would look effective without being so.
    if !is_host_template(host) || host.contains('{') {
        let hint = meant(host).map(|host| format!("; write \"{host}\"")).unwrap_or_default();
        return Err(wrong(format!("\"{host}\" is not a host name{hint}")));
    }
    address::parse(host, text).map_err(|error| wrong(error.to_string()))
}

/// Returns the host of an address that was written in place of a host name.
fn meant(text: &str) -> Option<String> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?', '#']).next()?.to_ascii_lowercase();
    (is_host_template(&host) && !host.contains('{')).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(organisation: &str, user: &str) -> Result<BTreeMap<String, String>, String> {
        let home = tempfile::tempdir().unwrap();
        let (at, user_at) =
            (home.path().join("organisation.toml"), home.path().join("config.toml"));
        std::fs::write(&at, organisation).unwrap();
        std::fs::write(&user_at, user).unwrap();
        let organisation = source::read(&at).unwrap().unwrap();
        let user: super::super::config_file::ConfigFile = source::read(&user_at).unwrap().unwrap();
        let endpoints = endpoints(&organisation, &at, &user.endpoints, &user_at)
            .map_err(|error| error.to_string())?;
        Ok(endpoints.into_iter().map(|(host, url)| (host, url.to_string())).collect())
    }

    #[test]
    fn what_is_no_host_name_is_an_error_that_says_what_to_write() {
        for (written, said) in [
            (
                "https://api.github.com",
                "\"https://api.github.com\" is not a host name; write \"api.github.com\"",
            ),
            ("api.github.com/", "\"api.github.com/\" is not a host name; write \"api.github.com\""),
            (
                "API.github.com:443",
                "\"API.github.com:443\" is not a host name; write \"api.github.com\"",
            ),
            ("sts.{region}.amazonaws.com", "\"sts.{region}.amazonaws.com\" is not a host name"),
            ("127.0.0.1", "\"127.0.0.1\" is not a host name"),
        ] {
            let user = format!(
                "ttl = \"15m\"\n[endpoints]\n\"{written}\" = \"https://github.example.com/\"\n"
            );
            let error = resolved("", &user).unwrap_err();
            assert!(error.ends_with(&format!("config.toml:3: {said}")), "{error}");
        }
        let error =
            resolved("", "[endpoints]\n\"api.github.com\" = \"http://x.example\"\n").unwrap_err();
        assert!(
            error.contains("config.toml:2: `api.github.com` must be an https address"),
            "{error}"
        );
    }

    #[test]
    fn a_host_is_really_where_the_organisation_lets_components_reach() {
        let ceiling = "[plugins]\ncapabilities = [\"http:*.example.com\", \"secret:*\"]\n";
        let at = |url: &str| format!("[endpoints]\n\"api.example.com\" = \"{url}\"\n");
        for (url, may) in [
            ("https://github.example.com/api/v3", true),
            ("http://127.0.0.1:18099", false),
            ("https://[::1]/", false),
            ("https://github.example.com.evil.example/", false),
            ("https://evil.example/.example.com", false),
        ] {
            let outcome = resolved(ceiling, &at(url));
            assert_eq!(outcome.is_ok(), may, "{outcome:?}");
            assert!(resolved("", &at(url)).is_ok(), "{url}");
            if let Err(error) = outcome {
                assert!(
                    error
                        .contains("config.toml:2: your organisation does not let components reach"),
                    "{error}"
                );
            }
        }
        assert!(
            resolved("[plugins]\ncapabilities = [\"http:127.0.0.1\"]", &at("http://127.0.0.1:1"))
                .is_ok()
        );
    }

    #[test]
    fn what_the_organisation_says_of_a_host_is_not_the_users_to_say() {
        let theirs = "[endpoints]\n\"api.example.com\" = \"https://10.0.0.1/\"\n[plugins]\ncapabilities = []\n";
        let endpoints = resolved(theirs, "").unwrap();
        assert_eq!(endpoints["api.example.com"], "https://10.0.0.1/");
        let error =
            resolved(theirs, "\n[endpoints]\n\"api.example.com\" = \"https://10.0.0.1/\"\n")
                .unwrap_err();
        assert!(
            error.contains(
                "config.toml:3: only your organisation may set endpoint `api.example.com` (in "
            ),
            "{error}"
        );
    }
}
