//! Tests of the selection, and of the settings for the SDK and for the command.

use super::*;

/// A machine with profile files and variables.
struct Machine {
    home: tempfile::TempDir,
    environment: Environment,
}

fn machine(config: &str, credentials: &str, variables: &[(&str, &str)]) -> Machine {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    std::fs::write(home.path().join(".aws/credentials"), credentials).unwrap();
    let own = [("HOME", home.path().to_str().unwrap())];
    let environment = Environment::from_pairs(own.iter().chain(variables).copied());
    Machine { home, environment }
}

fn canonical(config: &str, credentials: &str, profile: &str) -> Result<Canonical, ProfileError> {
    let machine = machine(config, credentials, &[("AWS_PROFILE", profile)]);
    Profiles::read(&machine.environment)?.canonical(&machine.environment, false)
}

#[test]
fn the_sdk_gets_the_chain_and_nothing_else() {
    let config = "[profile My Laptop]\n[profile \"My Laptop\"]\nrole_arn = arn:aws:iam::123456789012:role/x\n\
        source_profile = 100%\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:1\nservices = s\n\
        [services s]\nsts =\n  endpoint_url = http://127.0.0.1:2\n[profile other]\ncredential_process = x\n";
    let credentials = "[100%]\naws_access_key_id = A\naws_secret_access_key = s\naws_security_token = old\naws_session_token = new\n";
    let canonical = canonical(config, credentials, "My Laptop").unwrap();
    assert_eq!(canonical.profile, "My%20Laptop");
    assert_eq!(
        canonical.text,
        "[profile My%20Laptop]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = 100%25\n\
        endpoint_url = http://127.0.0.1:1\nservices = audex\n[services audex]\nsts =\n  endpoint_url = http://127.0.0.1:2\n\
        [profile 100%25]\naws_access_key_id = A\naws_secret_access_key = s\naws_session_token = old\n"
    );
}

#[test]
fn keys_in_the_environment_need_no_chain() {
    let config = "[profile p]\nrole_arn = nonsense\nuse_fips_endpoint = TRUE\n";
    let machine = machine(config, "", &[("AWS_PROFILE", "p")]);
    let profiles = Profiles::read(&machine.environment).unwrap();
    assert!(profiles.canonical(&machine.environment, false).is_err());
    let canonical = profiles.canonical(&machine.environment, true).unwrap();
    assert_eq!(canonical.text, "[profile p]\nuse_fips_endpoint = true\n");
}

#[test]
fn a_session_of_sso_is_handed_on_whole() {
    let config = "[profile p]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x\n";
    assert_eq!(
        canonical(config, "", "p").unwrap().text,
        "[sso-session s]\nsso_start_url = https://x\nsso_region = eu-west-1\n\
        [profile p]\nsso_account_id = 1\nsso_role_name = r\nsso_session = s\n"
    );
    let other = format!(
        "{config}[profile q]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\nsso_region = us-east-1\n"
    );
    assert!(canonical(&other, "", "q").is_err());
}

#[test]
fn variables_of_a_web_identity_win_over_a_profiles_own() {
    let web = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/web"),
    ];
    let machine =
        machine("", "[default]\naws_access_key_id = A\naws_secret_access_key = s\n", &web);
    let text = Profiles::read(&machine.environment)
        .unwrap()
        .canonical(&machine.environment, false)
        .unwrap()
        .text;
    assert_eq!(
        text,
        "[profile default]\nweb_identity_token_file = /token\nrole_arn = arn:aws:iam::123456789012:role/web\n"
    );
}

#[test]
fn a_file_that_is_no_text_is_named() {
    let machine = machine("", "", &[("AWS_PROFILE", "p")]);
    let path = machine.home.path().join(".aws/config");
    std::fs::write(&path, b"[default]\n\xff\n").unwrap();
    let said = Profiles::read(&machine.environment).unwrap_err().to_string();
    assert!(said.contains(path.to_str().unwrap()) && said.contains("UTF-8"), "{said}");
}

/// Returns the variables of `with_endpoints` that begin with `AWS_`, except the profile's name.
fn led(config: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let machine = machine(config, "", &[&[("AWS_PROFILE", "p")], variables].concat());
    let led = with_endpoints(&machine.environment);
    let names = led.iter().map(|(name, value)| format!("{}={}", name.display(), value.display()));
    names.filter(|name| name.starts_with("AWS_") && !name.starts_with("AWS_PROFILE")).collect()
}

#[test]
fn an_endpoint_of_a_variable_wins_over_every_one_of_the_profile() {
    let config = "[profile p]\nendpoint_url = http://all\nservices = s\nuse_fips_endpoint = true\n\
        [services s]\ns3 =\n  endpoint_url = http://s3\nelastic_beanstalk =\n  endpoint_url = http://eb\n";
    let fips = "AWS_USE_FIPS_ENDPOINT=true";
    assert_eq!(
        led(config, &[]),
        [
            "AWS_ENDPOINT_URL=http://all",
            "AWS_ENDPOINT_URL_ELASTIC_BEANSTALK=http://eb",
            "AWS_ENDPOINT_URL_S3=http://s3",
            fips
        ]
    );
    assert_eq!(
        led(config, &[("AWS_ENDPOINT_URL", "http://env")]),
        ["AWS_ENDPOINT_URL=http://env", fips]
    );
    assert_eq!(
        led(config, &[("AWS_ENDPOINT_URL_S3", "http://env")]),
        [
            "AWS_ENDPOINT_URL=http://all",
            "AWS_ENDPOINT_URL_ELASTIC_BEANSTALK=http://eb",
            "AWS_ENDPOINT_URL_S3=http://env",
            fips
        ]
    );
    let ignore = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    assert_eq!(
        led(config, &[ignore, ("AWS_ENDPOINT_URL", "http://env")]),
        ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", fips]
    );
    let ignoring =
        config.replacen("endpoint_url", "ignore_configured_endpoint_urls = true\nendpoint_url", 1);
    assert_eq!(led(&ignoring, &[]), [fips]);
}
