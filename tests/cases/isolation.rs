//! The command has only one way to access the cloud: the granted credentials.

use std::fs;

use crate::support::aws_cli::script;
use crate::support::{CloudView as _, Sandbox};

/// A secret for each road, long enough not to turn up by chance.
fn secret(road: &str) -> String {
    format!("planted/{road}/0123456789abcdef")
}

const VARIABLES: [&str; 43] = [
    "AWS_SECURITY_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "AZURE_PASSWORD",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_SAS_TOKEN",
    "ARM_CLIENT_SECRET",
    "ARM_ACCESS_KEY",
    "IDENTITY_HEADER",
    "MSI_SECRET",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_OAUTH_ACCESS_TOKEN",
    "GOOGLE_API_KEY",
    "CLOUDSDK_AUTH_ACCESS_TOKEN",
    "VAULT_TOKEN",
    "VAULT_SECRET_ID",
    "EC2_SECRET_KEY",
    // Federation and workloads.
    "GITLAB_OIDC_TOKEN",
    "ID_TOKEN",
    "SIGSTORE_ID_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "SPIFFE_ENDPOINT_SOCKET",
    // Azure Pipelines, App Service and Functions, Cloud Shell.
    "servicePrincipalKey",
    "idToken",
    "ENDPOINT_AUTH_PARAMETER_X_APITOKEN",
    "SECRET_DEPLOY",
    "AzureWebJobsStorage",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "CUSTOMCONNSTR_STORE",
    "SQLAZURECONNSTR_STORE",
    "DEVSHELL_CLIENT_PORT",
    // Tools, and names in small letters.
    "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY",
    "MC_HOST_prod",
    "S3_ACCESS_KEY_ID",
    "SAML2AWS_PASSWORD",
    "CODEARTIFACT_AUTH_TOKEN",
    "aws_secret_access_key",
    "google_application_credentials",
    // A vendor's variable that is in no list.
    "AWS_TOMORROWS_CREDENTIAL",
    "AZURE_TOMORROWS_CREDENTIAL",
    "VAULT_TOMORROWS_CREDENTIAL",
];

/// Names that select credentials and are none themselves.
const SELECTORS: [(&str, &str); 7] = [
    ("AWS_DEFAULT_PROFILE", "admin"),
    ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/AudexDemo"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token"),
    ("AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000000"),
    ("AZURE_FEDERATED_TOKEN_FILE", "/nowhere/token"),
    ("CLOUDSDK_ACTIVE_CONFIG_NAME", "admin"),
    ("VAULT_ROLE_ID", "admin"),
];

/// Copies of removed values, and values that are credentials by their shape.
const COPIES: [&str; 7] = [
    "AWS_SECRET_BACKUP",
    "MY_COPY",
    "BASE64_COPY",
    "PERCENT_COPY",
    "STORE",
    "APPSETTING_DB_PASSWORD",
    "DB_PASSWORD",
];

/// Every road that can be laid: keys of an administrator in files, caches of logins, variables of every cloud.
fn paved() -> Sandbox {
    let mut sandbox = Sandbox::new().with_aws_cli();
    let admin = sandbox.cloud().access_key("admin").unwrap();
    let (id, key) = (admin.id, admin.secret.expose().to_owned());
    sandbox.plant_secret(&key);
    let keys = format!("aws_access_key_id = {id}\naws_secret_access_key = {key}\n");
    sandbox.plant(".aws/credentials", format!("[default]\n{keys}[admin]\n{keys}"));
    let process = sandbox.plant(
        "bin/broker",
        format!(
            "#!/bin/sh\necho '{{\"Version\":1,\"AccessKeyId\":\"{id}\",\"SecretAccessKey\":\"{key}\"}}'\n"
        ),
    );
    fs::set_permissions(&process, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let config = format!(
        "[profile broker]\ncredential_process = {}\n[default]\nregion = us-west-2\n",
        process.display()
    );
    sandbox.plant(".aws/config", config);
    sandbox.plant(".boto", format!("[Credentials]\n{keys}"));
    for cache in
        [".aws/sso/cache/token.json", ".aws/cli/cache/role.json", ".aws/login/cache/token.json"]
    {
        sandbox.plant(cache, format!("{{\"accessToken\":\"{}\"}}", secret(cache)));
        sandbox.plant_secret(&secret(cache));
    }
    for variable in VARIABLES {
        sandbox.set_secret(variable, &secret(variable));
    }
    for (variable, value) in SELECTORS {
        sandbox.set(variable, value);
    }
    sandbox.set("AWS_SECRET_BACKUP", secret("VAULT_TOKEN"));
    sandbox.set("MY_COPY", format!("vault:{}", secret("VAULT_TOKEN")));
    let hidden = format!("user:{}", secret("VAULT_TOKEN"));
    sandbox.set("BASE64_COPY", base64_simd::STANDARD.encode_to_string(hidden));
    sandbox.set("PERCENT_COPY", audex_core::percent::encode(secret("VAULT_TOKEN")));
    sandbox.set(
        "STORE",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=0123456789abcdef0123456789==",
    );
    sandbox.set("APPSETTING_DB_PASSWORD", "hunter2").set("DB_PASSWORD", "hunter2");
    sandbox
}

#[test]
fn the_callers_keys_are_nowhere_in_the_environment_or_the_session_directory() {
    let sandbox = paved();
    // The copy of the session directory lies under HOME, where the sandbox looks for every secret when it goes.
    let script = "tr '\\0' '\\n' < /proc/self/environ; cp -r \"$XDG_RUNTIME_DIR/audex\" copy; cp \"$AWS_CONFIG_FILE\" config";
    let words = ["run", "--allow", "s3:GetObject", "--", "sh", "-c", script];
    let output = sandbox.tryaudex(words).shows_issued_secrets().output().success();
    let names: Vec<&str> =
        output.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let others = SELECTORS.iter().map(|(name, _)| *name).chain(COPIES);
    for name in VARIABLES.into_iter().chain(others).chain(["AWS_PROFILE", "AUDEX_ROLE_ARN"]) {
        assert!(!names.contains(&name), "{name} is still there");
    }
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AUDEX_SESSION_ID",
        "PATH",
        "HOME",
    ] {
        assert!(names.contains(&name), "{name} is missing");
    }
    for user in ["developer", "admin"] {
        let id = sandbox.cloud().access_key(user).unwrap().id;
        assert!(!output.stdout.contains(&id), "the key id of {user} is still there");
    }
    assert!(sandbox.home().join("copy").is_dir());
    assert_eq!(fs::read(sandbox.home().join("config")).unwrap(), b"");
}

#[test]
fn profiles_caches_and_credential_processes_are_not_found() {
    let sandbox = paved();
    let calls = [
        ("admin", "--profile admin s3api list-buckets"),
        ("broker", "--profile broker s3api list-buckets"),
        ("own", "s3api list-buckets"),
        ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
    ];
    let output = sandbox.run_sh(&["--allow", "s3:GetObject"], &script(&calls)).success();
    let lines: Vec<_> = output.stdout.lines().collect();
    assert_eq!(lines[0], "admin: The config profile (admin) could not be found");
    assert_eq!(lines[1], "broker: The config profile (broker) could not be found");
    assert_eq!(lines[2..], ["own: AccessDenied", "read: ok"]);
    assert_eq!(sandbox.cloud().denied(), ["s3:ListAllMyBuckets *"]);
}

#[test]
fn the_same_profiles_are_found_without_audex() {
    // The control: what was planted is worth something.
    let sandbox = paved();
    let calls = [
        ("admin", "--profile admin s3api list-buckets"),
        ("broker", "--profile broker s3api list-buckets"),
    ];
    let output = sandbox.program("/bin/sh", ["-c", &script(&calls)]).output().success();
    assert_eq!(output.stdout, "admin: ok\nbroker: ok\n");
}

#[test]
fn the_cli_itself_says_where_its_keys_are_from() {
    let sandbox = paved();
    let output =
        sandbox.run(["run", "--allow", "s3:GetObject", "--", "aws", "configure", "list"]).success();
    let row = |name: &str| {
        output.stdout.lines().find(|line| line.trim_start().starts_with(name)).unwrap().to_owned()
    };
    assert!(row("profile").contains("<not set>"), "{}", output.stdout);
    assert!(
        row("access_key").contains("env") && row("secret_key").contains("env"),
        "{}",
        output.stdout
    );
}

#[test]
fn a_source_in_a_profile_works_and_stays_outside() {
    let mut sandbox = paved();
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        sandbox.unset(name);
    }
    for (variable, _) in SELECTORS {
        sandbox.unset(variable);
    }
    for profile in ["admin", "broker"] {
        sandbox.set("AWS_PROFILE", profile);
        let calls = [
            ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
            ("list", "s3api list-buckets"),
        ];
        let output = sandbox.run_sh(&["--allow", "s3:GetObject"], &script(&calls)).success();
        assert_eq!(output.stdout, "read: ok\nlist: AccessDenied\n", "{profile}");
    }
}

#[test]
fn both_spellings_of_the_region_are_set() {
    const SHOW: &str = "echo $AWS_REGION $AWS_DEFAULT_REGION";
    for (set, options, expected) in [
        (Some(("AWS_REGION", "eu-west-1")), &[][..], "eu-west-1 eu-west-1\n"),
        (Some(("AWS_DEFAULT_REGION", "eu-west-2")), &[], "eu-west-2 eu-west-2\n"),
        (Some(("AWS_REGION", "eu-west-1")), &["--region", "eu-north-1"], "eu-north-1 eu-north-1\n"),
        (None, &[], "us-east-1 us-east-1\n"),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.unset("AWS_REGION").unset("AWS_DEFAULT_REGION");
        if let Some((name, value)) = set {
            sandbox.set(name, value);
        }
        let output =
            sandbox.run_sh(&[&["--allow", "s3:GetObject"], options].concat(), SHOW).success();
        assert_eq!(output.stdout, expected, "{set:?} {options:?}");
    }
}

#[test]
fn the_variables_that_the_command_does_not_get_are_named_if_that_is_asked_for() {
    let sandbox = paved();
    let run = |flags: &[&str]| {
        sandbox
            .run([&["run", "--allow", "s3:GetObject"], flags, &["--", "true"]].concat())
            .success()
    };
    let told = run(&["--verbose"]).stderr;
    let line =
        told.lines().find(|line| line.starts_with("audex: the command does not get ")).unwrap();
    assert!(VARIABLES.iter().all(|name| line.contains(&format!("`{name}`"))), "{line}");
    assert!(!line.contains("`PATH`"), "{line}");
    assert!(!run(&[]).stderr.contains("does not get"));
}

#[test]
fn what_is_no_credential_passes() {
    let mut sandbox = Sandbox::new();
    for (name, value) in [
        ("EDITOR", "vi"),
        ("AWS_PAGER", "less"),
        ("AWS_MAX_ATTEMPTS", "2"),
        ("AZURE_LOCATION", "westeurope"),
    ] {
        sandbox.set(name, value);
    }
    // An address is not a secret, although this variable's name has CREDENTIALS in it.
    let address = "http://127.0.0.1:6200";
    sandbox.set("AUDEX_GCP_IAMCREDENTIALS_URL", address);
    sandbox.set("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", format!("{address}/storage/v1/"));
    sandbox.set("VAULT_TOKEN_FILE", "/nowhere/token").set("KEY_FILE", "/nowhere/token");
    let script = "echo $EDITOR $AWS_PAGER $AWS_MAX_ATTEMPTS $AZURE_LOCATION $AWS_ENDPOINT_URL \
        $CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE $KEY_FILE";
    let output = sandbox.run_sh(&["--allow", "s3:GetObject"], script).success();
    let cloud = sandbox.cloud().endpoint();
    let expected = format!("vi less 2 westeurope {cloud} {address}/storage/v1/ /nowhere/token\n");
    assert_eq!(output.stdout, expected);
}

/// What an environment cannot hide from a process of the same user: said here so that nobody believes otherwise.
#[test]
fn files_and_other_processes_of_the_user_are_not_hidden() {
    let sandbox = paved();
    let script = "grep -c aws_secret_access_key \"$HOME/.aws/credentials\"\n\
        tr '\\0' '\\n' < /proc/$PPID/environ | grep -c '^AWS_SECRET_ACCESS_KEY='";
    let output = sandbox.run_sh(&["--allow", "s3:GetObject"], script).success();
    assert_eq!(output.stdout, "2\n1\n");
    let mut sandbox = Sandbox::new();
    sandbox.set("GITHUB_TOKEN", "of-no-cloud").set("SSH_AUTH_SOCK", "/run/agent");
    let output =
        sandbox.run_sh(&["--allow", "s3:GetObject"], "echo $GITHUB_TOKEN $SSH_AUTH_SOCK").success();
    assert_eq!(output.stdout, "of-no-cloud /run/agent\n");
}
