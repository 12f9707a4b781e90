//! The settings for endpoints and requests in the selected profile apply to the command, to the gateway of
//! `learn` and to the host. The command gets no setting that gives credentials.

use std::fs;

use crate::support::aws_cli::script;
use crate::support::{CloudView as _, Sandbox};

const CALLS: [(&str, &str); 2] = [
    ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
    ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
];
const ONLY_THE_READ: &str = "read: ok\ndelete: AccessDenied\n";
/// Nothing listens there.
const CLOSED: &str = "http://127.0.0.1:1";

/// A machine whose one way to the cloud is its profile `dev`; `{CLOUD}` is where the cloud is.
fn led_by(config: &str) -> Sandbox {
    let mut sandbox = Sandbox::new().with_aws_cli();
    let config = config.replace("{CLOUD}", &sandbox.cloud().endpoint());
    sandbox.unset("AWS_ENDPOINT_URL").set("AWS_PROFILE", "dev");
    sandbox.plant(".aws/config", config);
    sandbox
}

fn reads(sandbox: &Sandbox) {
    let output = sandbox.run_sh(&["--allow", "s3:GetObject"], &script(&CALLS)).success();
    assert_eq!(output.stdout, ONLY_THE_READ, "{}", output.stderr);
    assert_eq!(sandbox.cloud().denied(), ["s3:DeleteObject arn:aws:s3:::demo-reports/readme.txt"]);
}

#[test]
fn an_endpoint_of_the_profile_leads_the_command() {
    reads(&led_by("[profile dev]\nendpoint_url = {CLOUD}\n"));
}

#[test]
fn a_services_section_leads_the_services_it_names() {
    let services = "[services \"my services\"]\ns3 =\n  endpoint_url = {CLOUD}\nsts =\n  endpoint_url = {CLOUD}\n";
    reads(&led_by(&format!(
        "[profile dev]\nendpoint_url = {CLOSED}\nservices = my services\n{services}"
    )));
    // The twin: where the section does not name S3, the other endpoint holds.
    let others = services.replace("s3 =", "dynamodb =");
    let sandbox = led_by(&format!(
        "[profile dev]\nendpoint_url = {CLOSED}\nservices = my services\n{others}"
    ));
    let output = sandbox.run_sh(&["--allow", "s3:GetObject"], &script(&CALLS[..1])).success();
    assert!(output.stdout.contains("Could not connect"), "{}", output.stdout);
}

#[test]
fn variables_win_over_the_profile() {
    let mut sandbox = led_by(&format!(
        "[profile dev]\nendpoint_url = {CLOSED}\nservices = s\n[services s]\ns3 =\n  endpoint_url = {CLOSED}\n"
    ));
    let cloud = sandbox.cloud().endpoint().clone();
    sandbox.set("AWS_ENDPOINT_URL", &cloud);
    reads(&sandbox);
    let mut sandbox = led_by("[profile dev]\nendpoint_url = {CLOUD}\n");
    sandbox.set("AWS_ENDPOINT_URL_S3", CLOSED);
    let output = sandbox.run_sh(&["--allow", "s3:GetObject"], &script(&CALLS[..1])).success();
    assert!(output.stdout.contains("Could not connect"), "{}", output.stdout);
}

#[test]
fn a_gateway_sends_requests_to_where_the_profile_says() {
    let learn = |sandbox: &Sandbox| {
        let script = script(&CALLS);
        sandbox
            .tryaudex(["learn", "--allow", "s3:GetObject", "--", "sh", "-c", &script])
            .output()
            .success()
    };
    for config in [
        "[profile dev]\nendpoint_url = {CLOUD}\n",
        "[profile dev]\nendpoint_url = http://127.0.0.1:1\nservices = s\n[services s]\ns3 =\n  endpoint_url = {CLOUD}\nsts =\n  endpoint_url = {CLOUD}\n",
    ] {
        let sandbox = led_by(config);
        let output = learn(&sandbox);
        assert_eq!(output.stdout, ONLY_THE_READ, "{}", output.stderr);
        assert_eq!(
            sandbox.cloud().denied(),
            ["s3:DeleteObject arn:aws:s3:::demo-reports/readme.txt"]
        );
    }
    // The profile's endpoint is not the command's: it has keys of the gateway alone.
    let sandbox = led_by(
        "[profile dev]\nendpoint_url = {CLOUD}\nretry_mode = standard\ns3 =\n  use_accelerate_endpoint = true\n  addressing_style = path\n",
    );
    let output = sandbox
        .tryaudex(["learn", "--allow", "s3:GetObject", "--", "sh", "-c", "cat $AWS_CONFIG_FILE"])
        .output();
    assert_eq!(
        output.success().stdout,
        "[default]\nretry_mode = standard\ns3 =\n  addressing_style = path\n"
    );
}

#[test]
fn the_sessions_file_has_the_settings_and_nothing_that_gives_credentials() {
    let secret = "planted/profile/0123456789abcdef";
    let mut sandbox = led_by(&format!(
        "[profile dev]\nregion = eu-west-3\nendpoint_url = {{CLOUD}}\nuse_fips_endpoint = false\nca_bundle = /etc/ca.pem\n\
        max_attempts = 7\nretry_mode = adaptive\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {secret}\n\
        aws_session_token = {secret}\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = other\nexternal_id = {secret}\n\
        credential_process = echo {secret}\nsso_session = s\nsso_start_url = https://{secret}\nlogin_session = x\n\
        web_identity_token_file = /{secret}\nmfa_serial = {secret}\nunheard_of = {secret}\nservices = s\n\
        s3 =\n  addressing_style = path\n  secret = {secret}\n[profile other]\nregion = {secret}\n\
        [services s]\ns3 =\n  endpoint_url = {{CLOUD}}\n  token = {secret}\nbad-name =\n  endpoint_url = https://{secret}\n"
    ));
    sandbox.plant_secret(secret);
    let output = sandbox.run_sh(
        &["--allow", "s3:GetObject"],
        "cat \"$AWS_CONFIG_FILE\"; cat \"$AWS_SHARED_CREDENTIALS_FILE\"",
    );
    let cloud = sandbox.cloud().endpoint();
    assert_eq!(
        output.success().stdout,
        format!(
            "[default]\nendpoint_url = {cloud}\nuse_fips_endpoint = false\nregion = eu-west-3\nca_bundle = /etc/ca.pem\n\
            max_attempts = 7\nretry_mode = adaptive\ns3 =\n  addressing_style = path\nservices = session\n\
            [services session]\ns3 =\n  endpoint_url = {cloud}\n"
        )
    );
}

#[test]
fn ignored_endpoints_are_ignored_in_the_session_too() {
    let mut sandbox = led_by("[profile dev]\nendpoint_url = {CLOUD}\n");
    sandbox.set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true").set("AWS_REGION", "xx-nowhere-1");
    sandbox.set("AWS_DEFAULT_REGION", "xx-nowhere-1");
    // The real endpoint of that region, which does not exist.
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true"]).exits(69);
    assert!(sandbox.cloud().requests().is_empty());
}

#[test]
fn a_password_in_a_profiles_endpoint_is_refused_and_not_repeated() {
    for config in [
        "[profile dev]\nendpoint_url = https://user:hunter2@sts.example.com\n",
        "[profile dev]\nservices = s\n[services s]\nlambda =\n  endpoint_url = https://hunter2@lambda.example.com\n",
    ] {
        let said =
            led_by(config).run(["run", "--allow", "s3:GetObject", "--", "true"]).exits(69).stderr;
        assert!(
            said.contains(".aws/config:2: profile `dev`") && said.contains("user name or password"),
            "{said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn the_files_are_found_where_the_cli_finds_them() {
    let mut sandbox = led_by("");
    let config = format!("[profile dev]\nendpoint_url = {}\n", sandbox.cloud().endpoint());
    sandbox.plant("elsewhere/config", config);
    for path in ["~/elsewhere/config", "$HOME/elsewhere/config", "${HOME}/elsewhere/config"] {
        sandbox.set("AWS_CONFIG_FILE", path);
        let output = sandbox
            .run_sh(&["--allow", "s3:GetObject"], "grep -c endpoint_url \"$AWS_CONFIG_FILE\"");
        assert_eq!(output.success().stdout, "1\n", "{path}");
    }
    assert!(fs::exists(sandbox.home().join(".aws/config")).unwrap());
}
