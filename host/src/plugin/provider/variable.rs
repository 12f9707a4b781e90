//! Variables that no provider may set, whatever it declares. What is left is looked at again when it is delivered.

use audex_sdk::pattern;

/// Patterns of such names.
const FORBIDDEN: [&str; 34] = [
    // How a process starts, and where it finds its code.
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
    // Where a command's requests go, and whom it believes.
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

/// Whether `name` is one of them, or no name of a variable.
pub fn is_forbidden(name: &str) -> bool {
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
        for name in
            ["AWS_SESSION_TOKEN", "AWS_REGION", "GOOGLE_APPLICATION_CREDENTIALS", "VAULT_ADDR", "X_KEY"]
        {
            assert!(!is_forbidden(name), "{name}");
        }
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
