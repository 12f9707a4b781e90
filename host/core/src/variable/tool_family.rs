//! Variables of tools and of platforms that hold a cloud's credentials under names of their own.
//!
//! As in `deliver/family.rs`, the lists of a family name what passes.

use super::family::{Family, matches};

/// Families whose variables are removed unless they are known to be harmless.
const FAMILIES: &[Family] = &[APP_SERVICE, FUNCTIONS, PIPELINES, CLOUD_SHELL, RCLONE, SIGN_IN];

/// Azure App Service repeats every setting, secrets included, under this prefix.
/// Source: Microsoft, "Environment variables and app settings in Azure App Service".
const APP_SERVICE: Family = Family { prefixes: &[REPEATED], harmless: &[] };

/// Azure Functions: `AzureWebJobsStorage` holds the key of a storage account.
/// Source: Microsoft, "App settings reference for Azure Functions".
const FUNCTIONS: Family = Family {
    prefixes: &["AZUREWEBJOBS"],
    harmless: &["AZUREWEBJOBSSCRIPTROOT", "AZUREWEBJOBSFEATUREFLAGS", "AZUREWEBJOBSSECRETSTORAGETYPE"],
};

/// The agent of Azure Pipelines hands secret variables to tasks as `SECRET_NAME`. Two names of that kind are an application's
/// own: Django's and Flask's key, and Rails'. Source: azure-pipelines-task-lib, `vault.ts` and `task.ts`.
const PIPELINES: Family = Family { prefixes: &["SECRET_"], harmless: &["SECRET_KEY", "SECRET_KEY_BASE"] };

/// Google Cloud Shell: whoever reaches the port is given the user's token. Source: google-auth's predecessor oauth2client,
/// `devshell.py`; gcloud, `core/credentials/devshell.py`.
const CLOUD_SHELL: Family = Family { prefixes: &["DEVSHELL_"], harmless: &["DEVSHELL_PROJECT_ID"] };

/// rclone: any setting of any remote, keys among them, and the file that has the user's remotes. What says which kind of
/// remote there is, and that its keys are those of the environment, passes. Source: rclone, "Environment Variables".
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

/// Tools that sign in to AWS: saml2aws, okta-aws-cli, awsume, granted, aws-google-auth, gimme-aws-creds, and the login to `CodeArtifact`.
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

/// Single names, and kinds of names, that hold or lead to a credential.
const NAMES: &[&str] = &[
    // Azure App Service: connection strings by kind (`SQLAZURECONNSTR_X`, `CUSTOMCONNSTR_X`), the share of a function's code, and
    // the keys and secrets of its sign-in. Source: as above.
    "*CONNSTR_*",
    "WEBSITE_CONTENT*CONNECTIONSTRING",
    "WEBSITE_AUTH_*KEY*",
    "WEBSITE_AUTH_*SECRET*",
    "MICROSOFT_PROVIDER_AUTHENTICATION_SECRET",
    // Azure Pipelines, the tasks AzureCLI and AzurePowerShell with `addSpnToEnvironment`, and service connections of any kind.
    // Source: azure-pipelines-tasks, `AzureCLIV2`; azure-pipelines-task-lib, `internal.ts`.
    "SERVICEPRINCIPALID",
    "SERVICEPRINCIPALKEY",
    "TENANTID",
    "AZURESUBSCRIPTION_*",
    "ENDPOINT_AUTH_*",
    "SECUREFILE_TICKET_*",
    "AZP_TOKEN*",
    // Azure Machine Learning and Batch: the run's own token, and an endpoint that acts for its user.
    "AZUREML_*TOKEN*",
    "OBO_ENDPOINT",
    "AZ_BATCH_AUTHENTICATION_TOKEN",
    // Azure Cloud Shell: with it `az` asks the shell's own identity. Source: azure-cli-core, `util.py`, `in_cloud_console`.
    "ACC_CLOUD",
    // MinIO's client keeps keys in an address. Source: MinIO, "mc alias", MC_HOST.
    "MC_HOST_*",
    // Keys for S3 under the names of applications: s3fs, Velero, Mattermost, Docker's registry and others.
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
    // Keys of Cloud Storage's interface that is like S3's (HMAC keys).
    "GS_ACCESS_KEY*",
    "GS_SECRET*",
];

/// The prefix under which Azure App Service repeats a setting.
const REPEATED: &str = "APPSETTING_";

/// Tells whether `name` gives no access, or belongs to none of these tools.
pub fn passes(name: &str) -> bool {
    FAMILIES.iter().all(|family| family.passes(name)) && !NAMES.iter().any(|pattern| matches(pattern, name))
}

/// The setting that App Service repeats under `name`, if it does.
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
            ["APPSETTING_", "APPSETTING", "X_APPSETTING_Y", ""].iter().all(|name| repeated(name).is_none())
        );
    }
}
