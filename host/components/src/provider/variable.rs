//! The variables that a provider may not set, even if it declares them. The other variables are checked again
//! at delivery.

use audex_sdk::pattern;

use audex_core::source::Source;
use audex_core::variable::installed;

/// The name patterns that no provider may set.
const FORBIDDEN: [&str; 34] = [
    // Variables that control how a process starts, and where it finds its code.
    "PATH",
    "HOME",
    "SHELL",
    "IFS",
    "ENV",
    "BASH_ENV",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "DYLD_INSERT_LIBRARIES",
    "DYLD_LIBRARY_PATH",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "NODE_OPTIONS",
    "PERL5OPT",
    "RUBYOPT",
    // Files that can name a program which makes credentials (`credential_process`, executable-sourced ones).
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CREDENTIAL_PROFILES_FILE",
    "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES",
    // Variables that control where a command sends its requests, and which certificates it trusts.
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_*",
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLI_DISABLE_CONNECTION_VERIFICATION",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_*",
    "CLOUDSDK_AUTH_DISABLE_SSL_VALIDATION",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "CLOUDSDK_PROXY_*",
    "GOOGLE_*_CUSTOM_ENDPOINT",
    "VAULT_HTTP_PROXY",
    "VAULT_PROXY_ADDR",
    "VAULT_SKIP_VERIFY",
    "BAO_SKIP_VERIFY",
];

/// The forbidden names by which the gateway may be reached.
const LEADS: [&str; 1] = ["CLOUDSDK_API_ENDPOINT_OVERRIDES_*"];

/// Returns the reason why a provider of this `source` may not set `name`, or `None` if it may. The reason is
/// empty where the name alone explains it.
pub(super) fn refused(name: &str, source: Source) -> Option<&'static str> {
    match source {
        _ if is_forbidden(name) => Some(""),
        Source::BuiltIn => None,
        Source::Installed => installed::may_set(name).err(),
    }
}

/// Returns the reason why a provider of this `source` may not lead tools to the gateway by `name`, or `None` if it may.
/// The host makes the value, so a built-in provider may name the variables that say where a command sends its
/// requests.
pub(super) fn refused_lead(name: &str, source: Source) -> Option<&'static str> {
    let is_endpoint = LEADS.iter().any(|lead| pattern::matches(lead, name));
    if source == Source::BuiltIn && is_endpoint { None } else { refused(name, source) }
}

/// Returns `true` if `name` is forbidden, or is not a valid variable name.
fn is_forbidden(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    name.is_empty()
        || !name.chars().all(letter)
        || FORBIDDEN.iter().any(|forbidden| pattern::matches(forbidden, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_regions_can_be_set() {
        for name in [
            "AWS_SESSION_TOKEN",
            "AWS_REGION",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "VAULT_ADDR",
            "X_KEY",
        ] {
            assert!(!is_forbidden(name), "{name}");
        }
    }

    #[test]
    fn an_added_provider_may_not_set_all_that_a_built_in_one_may() {
        for name in ["GOOGLE_APPLICATION_CREDENTIALS", "IDENTITY_ENDPOINT", "BOTO_CONFIG"] {
            assert_eq!(refused(name, Source::BuiltIn), None, "{name}");
            assert!(refused(name, Source::Installed).is_some_and(|why| !why.is_empty()), "{name}");
        }
        assert_eq!(refused("ACME_TOKEN", Source::Installed), None);
        assert_eq!(refused("PATH", Source::Installed), Some(""));
    }

    #[test]
    fn a_built_in_provider_may_lead_to_the_gateway_and_an_added_one_not_everywhere() {
        let name = "CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB";
        assert_eq!(refused_lead(name, Source::BuiltIn), None);
        assert_eq!(refused_lead(name, Source::Installed), Some(""));
        assert_eq!(refused(name, Source::BuiltIn), Some(""));
        assert_eq!(refused_lead("PATH", Source::BuiltIn), Some(""));
    }

    #[test]
    fn programs_endpoints_and_names_that_are_none_cannot() {
        for name in [
            "PATH",
            "AWS_CONFIG_FILE",
            "AWS_ENDPOINT_URL_S3",
            "GOOGLE_X_CUSTOM_ENDPOINT",
            "",
            "a",
            "A=B",
            "A\n",
        ] {
            assert!(is_forbidden(name), "{name}");
        }
    }
}
