//! Delivers into a parent environment that holds every known credential variable.

mod git;

use std::fs;

use super::*;
use audex_core::secret::Secret;

/// The credential variables of the four clouds that their documentation or SDKs name.
const CREDENTIALS: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_LOGIN_SESSION",
    "AWS_VAULT",
    "AWS_SSO_SESSION",
    "AWS_CSM_ENABLED",
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "EC2_ACCESS_KEY",
    "EC2_SECRET_KEY",
    "EC2_PRIVATE_KEY",
    "BOTO_PATH",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_CLOUD_KEYFILE_JSON",
    "GOOGLE_KEYFILE_JSON",
    "GOOGLE_OAUTH_ACCESS_TOKEN",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
    "GOOGLE_API_KEY",
    "GOOGLE_API_CERTIFICATE_CONFIG",
    "GOOGLE_GHA_CREDS_PATH",
    "GCLOUD_KEYFILE_JSON",
    "GCLOUD_SERVICE_KEY",
    "GCP_SA_KEY",
    "CLOUDSDK_AUTH_ACCESS_TOKEN",
    "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
    "CLOUDSDK_CORE_ACCOUNT",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "FIREBASE_TOKEN",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_TENANT_ID",
    "AZURE_USERNAME",
    "AZURE_PASSWORD",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_ACCESS_TOKEN",
    "AZURE_CREDENTIALS",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_OPENAI_API_KEY",
    "AZURE_DEVOPS_EXT_PAT",
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "ARM_CLIENT_CERTIFICATE_PASSWORD",
    "ARM_ACCESS_KEY",
    "ARM_SAS_TOKEN",
    "ARM_OIDC_TOKEN",
    "ARM_OIDC_REQUEST_TOKEN",
    "ARM_USE_MSI",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "AZCOPY_SPA_CLIENT_SECRET",
    "APPSETTING_DB_PASSWORD",
    "VAULT_TOKEN",
    "VAULT_TOKEN_FILE",
    "VAULT_ROLE_ID",
    "VAULT_SECRET_ID",
    "VAULT_CLIENT_CERT",
    "VAULT_CLIENT_KEY",
    "VAULT_AGENT_ADDR",
    "VAULT_AUTH_GITHUB_TOKEN",
    "BAO_TOKEN",
    "AUDEX_ROLE_ARN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "SYSTEM_ACCESSTOKEN",
    "CI_JOB_JWT_V2",
    "CIRCLE_OIDC_TOKEN_V2",
    "TFC_WORKLOAD_IDENTITY_TOKEN",
];

/// The variables that a user's own setup and agents need.
const PASSING: &[&str] = &[
    "PATH",
    "HOME",
    "TERM",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_CA_BUNDLE",
    "AWS_PAGER",
    "AWS_DEFAULT_OUTPUT",
    "AWS_MAX_ATTEMPTS",
    "AWS_RETRY_MODE",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE",
    "CLOUDSDK_CORE_PROJECT",
    "GOOGLE_CLOUD_PROJECT",
    "AZURE_CORE_OUTPUT",
    "AZURE_SUBSCRIPTION_ID",
    "VAULT_ADDR",
    "VAULT_NAMESPACE",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "HTTPS_PROXY",
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "KUBECONFIG",
    "SSH_AUTH_SOCK",
];

fn delivered(
    parent: &Environment,
    variables: &[(String, Value)],
    files: &[SessionFile],
) -> Result<(Delivered, tempfile::TempDir), DeliverError> {
    delivered_by(Source::BuiltIn, parent, variables, files)
}

fn delivered_by(
    source: Source,
    parent: &Environment,
    variables: &[(String, Value)],
    files: &[SessionFile],
) -> Result<(Delivered, tempfile::TempDir), DeliverError> {
    delivered_with(source, parent, variables, files, &ToolLogins::default())
}

fn delivered_with(
    source: Source,
    parent: &Environment,
    variables: &[(String, Value)],
    files: &[SessionFile],
    logins: &ToolLogins,
) -> Result<(Delivered, tempfile::TempDir), DeliverError> {
    let state = tempfile::tempdir().unwrap();
    let directory = SessionDirectory::create(&Environment::default(), state.path())?;
    let endpoint_settings = &EndpointSettings::default();
    let delivery = Delivery {
        parent,
        withheld: &[],
        aws_config: "",
        session: "s-1",
        source,
        ends_at: 1_764_460_800,
        variables,
        files,
        logins,
        endpoint_settings,
    };
    Ok((deliver(&delivery, directory)?, state))
}

fn secret(name: &str) -> (String, Value) {
    (name.to_owned(), Value::Secret(Secret::new("minted".to_owned())))
}

#[test]
fn no_credential_of_the_parent_reaches_the_command() {
    let planted = CREDENTIALS.iter().map(|name| (*name, format!("planted-secret-of-{name}")));
    let isolated =
        ["AWS_CONFIG_FILE", "GOOGLE_APPLICATION_CREDENTIALS", "BOTO_CONFIG", "AZURE_CONFIG_DIR"];
    let parent =
        Environment::from_pairs(planted.chain(isolated.map(|name| (name, "planted".to_owned()))));
    let (delivered, _state) = delivered(&parent, &[], &[]).unwrap();
    for name in CREDENTIALS {
        assert!(!delivered.environment.contains_key(OsStr::new(name)), "{name}");
        assert!(delivered.removed.iter().any(|removed| removed == name), "{name}");
    }
    assert!(
        delivered.environment.values().all(|value| !value.to_string_lossy().contains("planted"))
    );
}

#[test]
fn region_endpoints_certificates_and_strangers_pass() {
    let parent = Environment::from_pairs(PASSING.iter().map(|name| (*name, "kept")));
    let (delivered, _state) = delivered(&parent, &[], &[]).unwrap();
    for name in PASSING {
        assert_eq!(delivered.environment.get(OsStr::new(name)).unwrap(), "kept", "{name}");
    }
    assert!(delivered.removed.is_empty());
}

#[test]
fn the_minted_credentials_are_set_and_both_regions() {
    let parent = Environment::from_pairs([("AWS_SESSION_TOKEN", "old"), (AWS_REGION, "us-east-1")]);
    let (delivered, _state) = delivered(&parent, &[secret("AWS_SESSION_TOKEN")], &[]).unwrap();
    let get = |name: &str| delivered.environment.get(OsStr::new(name)).unwrap().to_str().unwrap();
    assert_eq!(get("AWS_SESSION_TOKEN"), "minted");
    assert_eq!((get(AWS_REGION), get(AWS_DEFAULT_REGION)), ("us-east-1", "us-east-1"));
    assert_eq!(get(AUDEX_SESSION_ID), "s-1");
    assert_eq!(get("AWS_EC2_METADATA_DISABLED"), "true");
    assert!(
        !delivered.environment.contains_key(OsStr::new(AWS_CREDENTIAL_EXPIRATION)),
        "there are no keys"
    );
}

#[test]
fn aws_keys_come_with_the_time_at_which_they_end_and_not_with_the_parents() {
    let parent = Environment::from_pairs([(AWS_CREDENTIAL_EXPIRATION, "2031-01-01T00:00:00Z")]);
    let own =
        (AWS_CREDENTIAL_EXPIRATION.to_owned(), Value::Plain("2032-01-01T00:00:00Z".to_owned()));
    for variables in [vec![secret(AWS_ACCESS_KEY_ID)], vec![secret(AWS_ACCESS_KEY_ID), own]] {
        let (with, _state) = delivered(&parent, &variables, &[]).unwrap();
        assert_eq!(
            with.environment.get(OsStr::new(AWS_CREDENTIAL_EXPIRATION)).unwrap(),
            "2025-11-30T00:00:00Z"
        );
    }
    for variables in [vec![], vec![secret("VAULT_TOKEN")]] {
        let (without, _state) = delivered(&parent, &variables, &[]).unwrap();
        assert!(!without.environment.contains_key(OsStr::new(AWS_CREDENTIAL_EXPIRATION)));
    }
}

#[test]
fn the_sessions_own_endpoints_win_over_isolation_and_provider() {
    let state = tempfile::tempdir().unwrap();
    let directory = SessionDirectory::create(&Environment::default(), state.path()).unwrap();
    let file = SessionFile {
        name: "gcp-credentials.json".to_owned(),
        contents: Value::Plain("{}".to_owned()),
        variable: Some("GOOGLE_APPLICATION_CREDENTIALS".to_owned()),
    };
    let at =
        |port: &str| ("GCE_METADATA_HOST".to_owned(), Value::Plain(format!("127.0.0.1:{port}")));
    let endpoint_settings = &EndpointSettings {
        variables: vec![at("4711")],
        removed: vec!["NO_GCE_CHECK"],
        files: vec![file],
    };
    let parent = &Environment::default();
    let delivery = Delivery {
        parent,
        withheld: &[],
        aws_config: "",
        session: "s",
        source: Source::BuiltIn,
        ends_at: 1_764_460_800,
        variables: &[at("9")],
        files: &[],
        logins: &ToolLogins::default(),
        endpoint_settings,
    };
    let delivered = deliver(&delivery, directory).unwrap();
    let get = |name: &str| delivered.environment.get(OsStr::new(name));
    assert_eq!(get("GCE_METADATA_HOST").unwrap(), "127.0.0.1:4711");
    assert!(get("NO_GCE_CHECK").is_none());
    assert_eq!(fs::read_to_string(get("GOOGLE_APPLICATION_CREDENTIALS").unwrap()).unwrap(), "{}");
    assert_eq!(
        fs::read(get("BOTO_CONFIG").unwrap()).unwrap(),
        b"",
        "gsutil reads no keys of the user's"
    );
}

#[test]
fn an_inherited_region_is_set_in_both_spellings() {
    let parent = Environment::from_pairs([(AWS_DEFAULT_REGION, "ap-south-1")]);
    let (delivered, _state) = delivered(&parent, &[], &[]).unwrap();
    assert_eq!(delivered.environment.get(OsStr::new(AWS_REGION)).unwrap(), "ap-south-1");
}

#[test]
fn configuration_points_at_private_places_that_end_with_the_session() {
    let (delivered, _state) = delivered(&Environment::default(), &[], &[]).unwrap();
    let root = delivered.directory.path().to_owned();
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG"] {
        let path = std::path::Path::new(delivered.environment.get(OsStr::new(name)).unwrap());
        assert!(path.starts_with(&root) && fs::read(path).unwrap().is_empty(), "{name}");
    }
    for name in ["CLOUDSDK_CONFIG", "AZURE_CONFIG_DIR", "AWS_LOGIN_CACHE_DIRECTORY"] {
        let path = std::path::Path::new(delivered.environment.get(OsStr::new(name)).unwrap());
        assert!(
            path.starts_with(&root) && path.parent() == Some(&root) && !path.exists(),
            "{name}"
        );
    }
    drop(delivered);
    assert!(!root.exists());
}

#[test]
fn a_file_is_written_and_pointed_at() {
    let file = |name: &str, variable: &str| SessionFile {
        name: name.to_owned(),
        contents: Value::Secret(Secret::new("token".to_owned())),
        variable: Some(variable.to_owned()),
    };
    let files = [file("gcp/token", "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE")];
    let (delivered, _state) = delivered(&Environment::default(), &[], &files).unwrap();
    let path = delivered.environment.get(OsStr::new("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE")).unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "token");
}

#[test]
fn a_provider_that_reaches_further_is_refused() {
    let plain = |name: &str| (name.to_owned(), Value::Plain("/home/user/.aws/config".to_owned()));
    for name in ["AWS_CONFIG_FILE", "LD_PRELOAD", "PATH"] {
        let refused = delivered(&Environment::default(), &[plain(name)], &[]);
        assert!(matches!(refused, Err(DeliverError::Variable { .. })), "{name}");
    }
    let file = SessionFile {
        name: "../x".to_owned(),
        contents: Value::Plain(String::new()),
        variable: None,
    };
    let refused = delivered(&Environment::default(), &[], &[file]);
    assert!(matches!(refused, Err(DeliverError::File { .. })));
}

#[test]
fn an_added_providers_files_meet_none_that_a_tool_or_the_host_looks_for() {
    let file = |name: &str, variable: Option<&str>| SessionFile {
        name: name.to_owned(),
        contents: Value::Plain("planted".to_owned()),
        variable: variable.map(str::to_owned),
    };
    let names = [
        "gcloud/virtenv/bin/activate",
        "azure/cliextensions/x/__init__.py",
        "gh/config.yml",
        "aws-config",
    ];
    let files: Vec<_> = names.into_iter().map(|name| file(name, None)).collect();
    let token = [file("acme/token", Some("ACME_CREDENTIALS"))];
    let parent = Environment::default();
    let (with, _state) = delivered_by(
        Source::Installed,
        &parent,
        &[secret("GH_TOKEN")],
        &[&files[..], &token].concat(),
    )
    .unwrap();
    let root = with.directory.path();
    for name in names {
        assert_eq!(
            fs::read_to_string(root.join("provider").join(name)).unwrap(),
            "planted",
            "{name}"
        );
        assert!(fs::read(root.join(name)).unwrap_or_default().is_empty(), "{name}");
    }
    let reserved = with
        .environment
        .values()
        .filter(|value| std::path::Path::new(value).starts_with(root.join("provider")));
    assert_eq!(reserved.collect::<Vec<_>>(), [root.join("provider/acme/token").as_os_str()]);
}

#[test]
fn an_added_provider_leads_no_tool_to_a_file_or_an_address() {
    let plain = |name: &str| (name.to_owned(), Value::Plain("http://127.0.0.1:1".to_owned()));
    let file = |variable: &str| SessionFile {
        name: "x".to_owned(),
        contents: Value::Plain(String::new()),
        variable: Some(variable.to_owned()),
    };
    let parent = Environment::default();
    for name in [
        "KUBECONFIG",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "BOTO_PATH",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ] {
        let set = delivered_by(Source::Installed, &parent, &[plain(name)], &[]);
        assert!(matches!(set, Err(DeliverError::Variable { .. })), "{name}");
        let pointed = delivered_by(Source::Installed, &parent, &[], &[file(name)]);
        assert!(matches!(pointed, Err(DeliverError::Variable { .. })), "{name}");
    }
    let pointed = delivered_by(Source::Installed, &parent, &[], &[file("VAULT_TOKEN")]);
    assert!(matches!(pointed, Err(DeliverError::Variable { .. })));
}
