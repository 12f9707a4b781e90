//! The clouds' variables: those that belong to a cloud, and those among them that give no access.
//!
//! Security: the lists name the variables that pass. A variable that a vendor adds later is removed until it is reviewed. Names
//! are compared without regard to case: some clients read `google_application_credentials`, some scripts `aws_secret_access_key`.

use audex_sdk::pattern::matches_ignore_ascii_case;

/// The variables of one vendor's tools.
pub struct Family {
    /// The prefixes of the family; a variable that begins with one belongs to the family.
    pub prefixes: &'static [&'static str],
    /// The family's variables that pass; `*` stands for any text.
    pub harmless: &'static [&'static str],
}

/// Every family whose variables are removed unless they are known to be harmless.
///
/// These kinds pass: region and location; endpoints (`*ENDPOINT*`, `VAULT_ADDR`); certificates for
/// checking servers (`*CA*`); names of projects, groups, accounts and namespaces, which identify but
/// do not authenticate; output, pager, prompts and logging; retries, timeouts and protocol details;
/// proxies; the places of a tool's own program files. Profiles and configuration names never pass,
/// because they select credentials.
pub const FAMILIES: &[Family] = &[AWS, GCP, AZURE, VAULT, AUDEX];

const AWS: Family = Family {
    // `AMAZON_` and `EC2_` belong to the tools before the SDKs, `BOTO_` to boto, which gsutil uses.
    prefixes: &["AWS_", "AMAZON_", "EC2_", "BOTO_"],
    harmless: &[
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_*",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_STS_REGIONAL_ENDPOINTS",
        "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
        "AWS_S3_USE_ARN_REGION",
        "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
        "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_ENABLE_ENDPOINT_DISCOVERY",
        "AWS_ACCOUNT_ID_ENDPOINT_MODE",
        "AWS_SIGV4A_SIGNING_REGION_SET",
        "AWS_AUTH_SCHEME_PREFERENCE",
        "AWS_CA_BUNDLE",
        "AWS_PAGER",
        "AWS_DEFAULT_OUTPUT",
        "AWS_CLI_AUTO_PROMPT",
        "AWS_CLI_FILE_ENCODING",
        "AWS_CLI_ERROR_FORMAT",
        "AWS_DATA_PATH",
        "AWS_MAX_ATTEMPTS",
        "AWS_RETRY_MODE",
        "AWS_DEFAULTS_MODE",
        "AWS_METADATA_SERVICE_TIMEOUT",
        "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
        "AWS_REQUEST_CHECKSUM_CALCULATION",
        "AWS_RESPONSE_CHECKSUM_VALIDATION",
        "AWS_DISABLE_REQUEST_COMPRESSION",
        "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
        "AWS_SDK_UA_APP_ID",
        "AWS_EXECUTION_ENV",
        "AWS_SDK_LOAD_CONFIG",
        "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE",
        "AWS_NODEJS_CONNECTION_REUSE_ENABLED",
    ],
};

const GCP: Family = Family {
    // `GOOGLE_API_KEY` is removed, because it is a key to any Google API; `GEMINI_API_KEY` has another prefix.
    prefixes: &["CLOUDSDK_", "GOOGLE_", "GCP_", "GCLOUD_", "GCE_", "FIREBASE_"],
    harmless: &[
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_*",
        "CLOUDSDK_CORE_PROJECT",
        "CLOUDSDK_CORE_UNIVERSE_DOMAIN",
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
        "CLOUDSDK_CORE_DISABLE_PROMPTS",
        "CLOUDSDK_CORE_DISABLE_COLOR",
        "CLOUDSDK_CORE_DISABLE_FILE_LOGGING",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING",
        "CLOUDSDK_CORE_LOG_HTTP",
        "CLOUDSDK_CORE_VERBOSITY",
        "CLOUDSDK_CORE_USER_OUTPUT_ENABLED",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK",
        "CLOUDSDK_BILLING_QUOTA_PROJECT",
        "CLOUDSDK_COMPUTE_REGION",
        "CLOUDSDK_COMPUTE_ZONE",
        "CLOUDSDK_RUN_REGION",
        "CLOUDSDK_FUNCTIONS_REGION",
        "CLOUDSDK_ARTIFACTS_LOCATION",
        "CLOUDSDK_CONTAINER_CLUSTER",
        "CLOUDSDK_PROXY_*",
        "CLOUDSDK_PYTHON",
        "CLOUDSDK_PYTHON_SITEPACKAGES",
        "CLOUDSDK_GSUTIL_PYTHON",
        "CLOUDSDK_BQ_PYTHON",
        "CLOUDSDK_ROOT_DIR",
        "GOOGLE_*_CUSTOM_ENDPOINT",
        "GOOGLE_CLOUD_PROJECT",
        "GOOGLE_CLOUD_QUOTA_PROJECT",
        "GOOGLE_CLOUD_REGION",
        "GOOGLE_CLOUD_LOCATION",
        "GOOGLE_CLOUD_UNIVERSE_DOMAIN",
        "GOOGLE_PROJECT",
        "GOOGLE_REGION",
        "GOOGLE_ZONE",
        "GCP_PROJECT",
        "GCP_REGION",
        "GCLOUD_PROJECT",
        "GCE_METADATA_TIMEOUT",
        "FIREBASE_*_EMULATOR_HOST",
    ],
};

const AZURE: Family = Family {
    // `ARM_`: Terraform. `MSI_`, `IDENTITY_`, `IMDS_`: managed identities. `AZD_`, `AZCOPY_`: two more tools.
    // `APPSETTING_`: App Service repeats every setting, including secrets, under this prefix.
    prefixes: &["AZURE_", "ARM_", "MSI_", "IDENTITY_", "IMDS_", "AZD_", "AZCOPY_", "APPSETTING_"],
    harmless: &[
        "AZURE_SUBSCRIPTION_ID",
        "AZURE_LOCATION",
        "AZURE_RESOURCE_GROUP",
        "AZURE_AUTHORITY_HOST",
        "AZURE_CLOUD_NAME",
        "AZURE_STORAGE_ACCOUNT",
        "AZURE_STORAGE_SERVICE_ENDPOINT",
        "AZURE_DEFAULTS_GROUP",
        "AZURE_DEFAULTS_LOCATION",
        "AZURE_CORE_OUTPUT",
        "AZURE_CORE_NO_COLOR",
        "AZURE_CORE_ONLY_SHOW_ERRORS",
        "AZURE_CORE_COLLECT_TELEMETRY",
        "AZURE_CORE_DISABLE_CONFIRM_PROMPT",
        "AZURE_CORE_DISABLE_PROGRESS_BAR",
        "AZURE_CLI_DISABLE_CONNECTION_VERIFICATION",
        "AZURE_EXTENSION_DIR",
        "AZURE_HTTP_USER_AGENT",
        "AZURE_LOG_LEVEL",
        "AZURE_SDK_TRACING_IMPLEMENTATION",
        "ARM_SUBSCRIPTION_ID",
        "ARM_ENVIRONMENT",
        "ARM_METADATA_HOST",
        "ARM_METADATA_HOSTNAME",
        "ARM_SKIP_PROVIDER_REGISTRATION",
        "AZCOPY_CONCURRENCY_VALUE",
        "AZCOPY_LOG_LOCATION",
    ],
};

const VAULT: Family = Family {
    // OpenBao reads `BAO_` and `VAULT_`. `VAULT_AGENT_ADDR` is removed: an agent adds its own token to the requests it receives.
    prefixes: &["VAULT_", "BAO_"],
    harmless: &[
        "VAULT_ADDR",
        "VAULT_NAMESPACE",
        "VAULT_CACERT",
        "VAULT_CACERT_BYTES",
        "VAULT_CAPATH",
        "VAULT_TLS_SERVER_NAME",
        "VAULT_SKIP_VERIFY",
        "VAULT_SRV_LOOKUP",
        "VAULT_FORMAT",
        "VAULT_CLI_NO_COLOR",
        "VAULT_LOG_LEVEL",
        "VAULT_MAX_RETRIES",
        "VAULT_CLIENT_TIMEOUT",
        "VAULT_RATE_LIMIT",
        "VAULT_DISABLE_REDIRECTS",
        "VAULT_PROXY_ADDR",
        "VAULT_HTTP_PROXY",
        "BAO_ADDR",
        "BAO_NAMESPACE",
        "BAO_CACERT",
        "BAO_CAPATH",
        "BAO_TLS_SERVER_NAME",
        "BAO_FORMAT",
    ],
};

// Our own settings hold role names, and an inner `tryaudex` must not mistake itself for the outer one.
const AUDEX: Family = Family { prefixes: &["AUDEX_"], harmless: &[] };

/// Returns true if `name` belongs to one of the families.
#[must_use]
pub fn is_governed(name: &str) -> bool {
    FAMILIES.iter().any(|family| family.owns(name))
}

impl Family {
    /// Returns true if `name` belongs to the family; upper and lower case are the same.
    #[must_use]
    pub fn owns(&self, name: &str) -> bool {
        let begins = |prefix: &&str| {
            name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        self.prefixes.iter().any(begins)
    }

    /// Returns true if `name` does not belong to the family, or is known to be harmless.
    #[must_use]
    pub fn passes(&self, name: &str) -> bool {
        !self.owns(name) || self.harmless.iter().any(|pattern| matches(pattern, name))
    }
}

/// Returns true if `name` matches `pattern`, without regard to case; `*` stands for any text.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    matches_ignore_ascii_case(pattern, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_any_text_at_its_stars() {
        assert!(matches("AWS_ENDPOINT_URL_*", "AWS_ENDPOINT_URL_S3"));
        assert!(matches("GOOGLE_*_CUSTOM_ENDPOINT", "GOOGLE_COMPUTE_CUSTOM_ENDPOINT"));
        assert!(!matches("AWS_REGION", "AWS_REGION_X"));
        assert!(!matches("AB*BA", "ABA"));
    }

    #[test]
    fn every_harmless_pattern_lies_in_its_family() {
        for family in FAMILIES {
            assert!(family.harmless.iter().all(|pattern| family.owns(pattern)));
        }
    }

    #[test]
    fn a_name_belongs_to_its_family_in_any_case() {
        for name in [
            "AWS_SECRET_ACCESS_KEY",
            "aws_secret_access_key",
            "Aws_Profile",
            "google_application_credentials",
        ] {
            assert!(
                is_governed(name) && !FAMILIES.iter().all(|family| family.passes(name)),
                "{name}"
            );
        }
        for name in ["aws_region", "Aws_Region", "google_cloud_project", "AWSOME", "aw", "", "É_"]
        {
            assert!(FAMILIES.iter().all(|family| family.passes(name)), "{name}");
        }
    }
}
