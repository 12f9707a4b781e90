//! Variables of tools and platforms that hold cloud credentials under their own names.
//!
//! As in `family.rs`, the lists of a family name the variables that pass.

use super::family::{Family, matches};

/// Families whose variables are removed unless they are known to be harmless.
const FAMILIES: &[Family] = &[APP_SERVICE, FUNCTIONS, PIPELINES, CLOUD_SHELL, RCLONE, SIGN_IN];

/// Azure App Service repeats every setting, including secrets, under this prefix.
/// Source: Microsoft, "Environment variables and app settings in Azure App Service".
const APP_SERVICE: Family = Family { prefixes: &[REPEATED], harmless: &[] };

/// Azure Functions: `AzureWebJobsStorage` holds the key of a storage account.
/// Source: Microsoft, "App settings reference for Azure Functions".
const FUNCTIONS: Family = Family {
    prefixes: &["AZUREWEBJOBS"],
    harmless: &[
        "AZUREWEBJOBSSCRIPTROOT",
        "AZUREWEBJOBSFEATUREFLAGS",
        "AZUREWEBJOBSSECRETSTORAGETYPE",
    ],
};

/// The agent of Azure Pipelines passes secret variables to tasks as `SECRET_NAME`. Two such names belong to applications: the
/// key of Django and Flask, and that of Rails. Source: azure-pipelines-task-lib, `vault.ts` and `task.ts`.
const PIPELINES: Family =
    Family { prefixes: &["SECRET_"], harmless: &["SECRET_KEY", "SECRET_KEY_BASE"] };

/// Google Cloud Shell: any process that reaches the port receives the user's token. Source: google-auth's predecessor
/// oauth2client, `devshell.py`; gcloud, `core/credentials/devshell.py`.
const CLOUD_SHELL: Family = Family { prefixes: &["DEVSHELL_"], harmless: &["DEVSHELL_PROJECT_ID"] };

/// rclone: any setting of any remote, including keys, and the file of the user's remotes. Variables pass if they only select the
/// kind of a remote, or say that its keys come from the environment. Source: rclone, "Environment Variables".
const RCLONE: Family = Family {
    prefixes: &["RCLONE_"],
    harmless: &[
        "RCLONE_CONFIG_*_TYPE",
        "RCLONE_CONFIG_*_PROVIDER",
        "RCLONE_CONFIG_*_REGION",
        "RCLONE_CONFIG_*_ENDPOINT",
        "RCLONE_CONFIG_*_ENV_AUTH",
        "RCLONE_CONFIG_*_BUCKET_POLICY_ONLY",
        "RCLONE_CONFIG_*_LOCATION",
        "RCLONE_CONFIG_*_FORCE_PATH_STYLE",
        "RCLONE_S3_PROVIDER",
        "RCLONE_S3_REGION",
        "RCLONE_S3_ENDPOINT",
        "RCLONE_S3_ENV_AUTH",
        "RCLONE_S3_FORCE_PATH_STYLE",
        "RCLONE_S3_NO_CHECK_BUCKET",
        "RCLONE_LOG_*",
        "RCLONE_VERBOSE",
        "RCLONE_STATS*",
        "RCLONE_PROGRESS",
        "RCLONE_TRANSFERS",
        "RCLONE_CHECKERS",
        "RCLONE_RETRIES*",
        "RCLONE_TIMEOUT",
        "RCLONE_CONTIMEOUT",
        "RCLONE_BUFFER_SIZE",
        "RCLONE_BWLIMIT",
        "RCLONE_DRY_RUN",
    ],
};

/// Tools for signing in to AWS: saml2aws, okta-aws-cli, awsume, granted, aws-google-auth, gimme-aws-creds, and the login to
/// `CodeArtifact`.
const SIGN_IN: Family = Family {
    prefixes: &[
        "SAML2AWS_",
        "OKTA_AWSCLI_",
        "OKTA_AWS_CLI_",
        "AWSUME_",
        "GRANTED_",
        "GIMME_AWS_CREDS_",
        "CODEARTIFACT_",
    ],
    harmless: &["CODEARTIFACT_DOMAIN", "CODEARTIFACT_REPOSITORY", "CODEARTIFACT_REGION"],
};

/// Single names and patterns of names that hold a credential or lead to one.
const NAMES: &[&str] = &[
    // Azure App Service: connection strings by kind (`SQLAZURECONNSTR_X`, `CUSTOMCONNSTR_X`), the share with a function's code,
    // and the keys and secrets of its sign-in. Source: the same page as for `APP_SERVICE`.
    "*CONNSTR_*",
    "WEBSITE_CONTENT*CONNECTIONSTRING",
    "WEBSITE_AUTH_*KEY*",
    "WEBSITE_AUTH_*SECRET*",
    "MICROSOFT_PROVIDER_AUTHENTICATION_SECRET",
    // Azure Pipelines: the tasks AzureCLI and AzurePowerShell with `addSpnToEnvironment`, and service connections of any kind.
    // Source: azure-pipelines-tasks, `AzureCLIV2`; azure-pipelines-task-lib, `internal.ts`.
    "SERVICEPRINCIPALID",
    "SERVICEPRINCIPALKEY",
    "TENANTID",
    "AZURESUBSCRIPTION_*",
    "ENDPOINT_AUTH_*",
    "SECUREFILE_TICKET_*",
    "AZP_TOKEN*",
    // Azure Machine Learning and Batch: the run's own token, and an endpoint that acts on behalf of its user.
    "AZUREML_*TOKEN*",
    "OBO_ENDPOINT",
    "AZ_BATCH_AUTHENTICATION_TOKEN",
    // Azure Cloud Shell: with this variable, `az` requests tokens of the shell's own identity.
    // Source: azure-cli-core, `util.py`, `in_cloud_console`.
    "ACC_CLOUD",
    // MinIO's client stores keys in an address. Source: MinIO, "mc alias", MC_HOST.
    "MC_HOST_*",
    // S3 keys under names of applications: s3fs, Velero, Mattermost, Docker's registry and others.
    "*S3_ACCESS_KEY*",
    "*S3_ACCESSKEY*",
    "*S3_SECRET*",
    "*S3_SESSION_TOKEN*",
    "*S3_KEY_ID",
    "*S3_PASSWORD",
    "*S3_KEY",
    "*S3_KEY_SECRET*",
    // The login to a container registry. Source: Microsoft, "Configure a custom container for Azure App Service".
    "DOCKER_REGISTRY_SERVER_*",
    "AWSACCESSKEYID",
    "AWSSECRETACCESSKEY",
    "AWSSESSIONTOKEN",
    "S3CMD_CONFIG",
    "MINIO_ACCESS_KEY*",
    "MINIO_SECRET_KEY*",
    "MINIO_ROOT_*",
    // HMAC keys of Cloud Storage's S3-compatible interface.
    "GS_ACCESS_KEY*",
    "GS_SECRET*",
];

/// The prefix under which Azure App Service repeats a setting.
const REPEATED: &str = "APPSETTING_";

/// Returns true if `name` gives no access, or belongs to none of these tools.
#[must_use]
pub fn passes(name: &str) -> bool {
    FAMILIES.iter().all(|family| family.passes(name))
        && !NAMES.iter().any(|pattern| matches(pattern, name))
}

/// Returns the setting that App Service repeats under `name`, if there is one.
#[must_use]
pub fn repeated(name: &str) -> Option<&str> {
    name.get(..REPEATED.len()).filter(|prefix| prefix.eq_ignore_ascii_case(REPEATED))?;
    name.get(REPEATED.len()..).filter(|setting| !setting.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_under_names_of_tools_are_removed_in_any_case() {
        for name in [
            "AzureWebJobsStorage",
            "AzureWebJobsDashboard",
            "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
            "WEBSITE_AUTH_ENCRYPTION_KEY",
            "CUSTOMCONNSTR_STORAGE",
            "SQLAZURECONNSTR_DB",
            "servicePrincipalId",
            "servicePrincipalKey",
            "tenantId",
            "ENDPOINT_AUTH_PARAMETER_X_SERVICEPRINCIPALKEY",
            "SECRET_DEPLOY",
            "DEVSHELL_CLIENT_PORT",
            "RCLONE_CONFIG_S3_ACCESS_KEY_ID",
            "RCLONE_S3_SECRET_ACCESS_KEY",
            "RCLONE_CONFIG",
            "rclone_config_pass",
            "MC_HOST_prod",
            "S3_ACCESS_KEY",
            "S3_ACCESS_KEY_ID",
            "BACKUP_S3_SECRET_KEY",
            "SAML2AWS_PASSWORD",
            "CODEARTIFACT_AUTH_TOKEN",
            "AWSSECRETACCESSKEY",
        ] {
            assert!(!passes(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_alike_pass() {
        for name in [
            "SECRET_KEY",
            "SECRET_KEY_BASE",
            "S3_BUCKET",
            "S3_ENDPOINT",
            "S3_KEY_PREFIX",
            "WEBSITE_SITE_NAME",
            "WEBSITE_HOSTNAME",
            "RCLONE_CONFIG_REMOTE_TYPE",
            "RCLONE_CONFIG_REMOTE_ENV_AUTH",
            "DEVSHELL_PROJECT_ID",
            "MC_COLOR",
            "ENDPOINT_URL_X",
            "TENANT",
            "AzureWebJobsScriptRoot",
        ] {
            assert!(passes(name), "{name}");
        }
    }

    #[test]
    fn a_repeated_setting_is_named_by_the_text_after_the_prefix() {
        assert_eq!(repeated("APPSETTING_DB_PASSWORD"), Some("DB_PASSWORD"));
        assert_eq!(repeated("AppSetting_x"), Some("x"));
        assert!(
            ["APPSETTING_", "APPSETTING", "X_APPSETTING_Y", ""]
                .iter()
                .all(|name| repeated(name).is_none())
        );
    }
}
