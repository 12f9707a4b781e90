//! What went wrong, why and what to do, with the exit status scripts rely on.

use audex::loopback::Seed;
use insta::assert_snapshot;

use crate::support::aws_cli::become_temporary;
use crate::support::{Answerer, CloudView as _, ROLE, Sandbox};

const RUN: &[&str] = &["run", "--allow", "s3:GetObject", "--", "echo", "ran"];

#[test]
fn a_run_without_a_command_is_a_usage_error() {
    assert_snapshot!(Sandbox::new().run(["run", "--allow", "s3:GetObject"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: there is no command to run
    hint: put it after `--`: tryaudex run --allow … -- COMMAND
    "#);
}

#[test]
fn a_run_without_permissions_is_a_usage_error() {
    assert_snapshot!(Sandbox::new().run(["run", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: no permissions were asked for
    hint: name permissions with --allow or a profile with --profile
    "#);
    assert_snapshot!(Sandbox::new().run(["run", "--allow", " , ", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: `--allow` has an empty item
    hint: a variable in it may be unset
    "#);
}

#[test]
fn an_unknown_option_names_the_nearest() {
    assert_snapshot!(Sandbox::new().run(["run", "--alow", "s3:GetObject", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: unexpected argument '--alow' found

      tip: a similar argument exists: '--allow'
      tip: to pass '--alow' as a value, use '-- --alow'

    Usage: tryaudex run --allow <PERMISSIONS> [-- <COMMAND>...]

    For more information, try '--help'.
    hint: put the command after `--`: tryaudex run --allow … -- COMMAND
    "#);
}

#[test]
fn an_unknown_provider_lists_the_known_ones() {
    assert_snapshot!(Sandbox::new().run(["run", "--provider", "gpc", "--allow", "a:B", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: no component provides `gpc`
    hint: there are `aws`
    "#);
}

#[test]
fn an_unknown_profile_says_where_to_look() {
    assert_snapshot!(Sandbox::new().run(["run", "--profile", "s3-readnoly", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: there is no profile `s3-readnoly` for provider `aws`
    hint: did you mean `s3-readonly`
    "#);
}

#[test]
fn a_malformed_action_is_never_sent() {
    let sandbox = Sandbox::new();
    for action in [
        "GetObject",
        "s3:",
        ":GetObject",
        "s3:Get:Object",
        "s3:Get Object",
        "*:GetObject",
        "s3/GetObject",
        "s3:Gét",
    ] {
        let output = sandbox.run(["run", "--allow", action, "--", "echo", "ran"]).exits(2);
        assert!(output.stderr.contains("is no permission of provider `aws`"), "{action}: {}", output.stderr);
        assert_eq!(output.stdout, "");
    }
    assert!(sandbox.cloud().requests().is_empty());
    assert_snapshot!(sandbox.run(["run", "--allow", "GetObject", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: `GetObject` is no permission of provider `aws`, which writes them `service:Action`, for example `s3:GetObject`
    hint: check --provider and the spelling in --allow
    "#);
}

#[test]
fn a_ttl_is_whole_seconds_and_not_longer_than_the_method_can_give() {
    assert_snapshot!(Sandbox::new().run(["run", "--allow", "a:B", "--ttl", "0s", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: invalid value '0s' for '--ttl <DURATION>': `0s` is not one or more whole seconds

    For more information, try '--help'.
    "#);
    assert_snapshot!(Sandbox::new().run(["run", "--allow", "a:B", "--ttl", "13h", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: provider `aws`: a ttl of 13h is more than `assume-role` can give (12h)
    hint: ask for a shorter --ttl
    "#);
}

#[test]
fn an_unknown_method_lists_the_known_ones() {
    assert_snapshot!(Sandbox::new().run(["run", "--allow", "a:B", "--method", "magic", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: provider `aws`: aws has no method `magic`
    hint: use `auto`, `assume-role`, `assume-role-scoped`, `scoped-credentials`, `session-scoped`, `federation-token`
    "#);
}

fn with_file(name: &str, text: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.plant(format!(".config/audex/{name}").as_str(), text);
    sandbox
}

#[test]
fn an_error_in_a_settings_file_names_file_and_line() {
    for (name, text, line) in [
        ("config.toml", "ttl = \"15m\"\nproivder = \"aws\"\n", 2),
        ("config.toml", "\n\nttl = \"soon\"\n", 3),
        ("config.toml", "ttl = \n", 1),
        ("config.toml", "[enforcement]\nrequire = \"maybe\"\n", 2),
        ("deny-list.toml", "[deny]\nactions = [\n  \"iam:*\",\n  \"s3\",\n]\n", 4),
        ("deny-list.toml", "[deny]\naction = [\"iam:*\"]\n", 2),
        ("profiles.toml", "[profiles.p]\nactions = \"s3:GetObject\"\nresource = \"x\"\n", 3),
        ("profiles.toml", "[profiles.p]\ndescription = \"x\"\n", 1),
    ] {
        let sandbox = with_file(name, text);
        let output = sandbox.run(RUN).exits(78);
        let place = format!("{}/.config/audex/{name}:{line}", sandbox.home().display());
        assert!(output.stderr.contains(&place), "{place}: {}", output.stderr);
        assert!(sandbox.cloud().requests().is_empty());
    }
    assert_snapshot!(with_file("config.toml", "tll = \"15m\"\n").run(RUN).snapshot(), @r#"
    exit 78
    --- stderr
    error: [home]/.config/audex/config.toml:1: unknown field `tll`, expected one of `provider`, `ttl`, `on_expiry`, `enforcement`, `mapping`, `providers`, `filters`
    "#);
    assert_snapshot!(with_file("deny-list.toml", "[deny]\nactions = [\"s3\"]\n").run(RUN).snapshot(), @r#"
    exit 78
    --- stderr
    error: [home]/.config/audex/deny-list.toml:2: `s3` is no action pattern
    "#);
}

#[test]
fn a_setting_that_the_provider_does_not_have_is_an_error() {
    let file = "[providers.aws]\nrole_anr = \"x\"\n";
    assert_snapshot!(with_file("config.toml", file).run(RUN).snapshot(), @r#"
    exit 78
    --- stderr
    error: provider `aws` has no setting `role_anr`
    hint: it has `role_arn`, `external_id`, `method`, `region`
    "#);
    let file = format!("[providers.aws]\nrole_arn = \"{ROLE}\"\n");
    let mut sandbox = with_file("config.toml", &file);
    sandbox.unset("AUDEX_ROLE_ARN");
    assert_eq!(sandbox.run(RUN).success().stdout, "ran\n");
}

#[test]
fn without_credentials_nothing_runs() {
    let mut sandbox = Sandbox::without_cloud();
    sandbox.set("AUDEX_ROLE_ARN", ROLE);
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 69
    --- stderr
    error: provider `aws`: no AWS credentials were found
    hint: run `aws configure` or `aws sso login`, or set AWS_PROFILE to a profile that has credentials
    "#);
    sandbox.unset("AUDEX_ROLE_ARN");
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 69
    --- stderr
    error: provider `aws`: no AWS credentials were found
    hint: run `aws configure` or `aws sso login`, or set AWS_PROFILE to a profile that has credentials
    "#);
}

#[test]
fn half_a_pair_of_keys_is_named() {
    let mut sandbox = Sandbox::without_cloud();
    sandbox.set("AUDEX_ROLE_ARN", ROLE).set("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 69
    --- stderr
    error: provider `aws`: no AWS credentials were found: `AWS_ACCESS_KEY_ID` is set and `AWS_SECRET_ACCESS_KEY` is not
    hint: set `AWS_SECRET_ACCESS_KEY` too, or unset `AWS_ACCESS_KEY_ID`
    "#);
}

#[test]
fn a_profile_that_is_nowhere_is_named_and_one_without_keys_is_another_matter() {
    let mut sandbox = Sandbox::without_cloud();
    sandbox.set("AUDEX_ROLE_ARN", ROLE).set("AWS_PROFILE", "nope");
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 69
    --- stderr
    error: provider `aws`: there is no AWS profile `nope`
    hint: `aws configure list-profiles` shows the profiles there are; correct or unset AWS_PROFILE
    "#);
    sandbox.plant(".aws/config", "[profile nope]\nregion = eu-west-1\n");
    let stderr = sandbox.run(RUN).exits(69).stderr;
    assert!(stderr.starts_with("error: provider `aws`: no AWS credentials were found\n"), "{stderr}");
}

#[test]
fn without_credentials_the_last_place_that_was_asked_is_not_blamed() {
    let mut sandbox = Sandbox::without_cloud();
    // Nothing listens there: the chain's last place, instance metadata, fails in words of its own.
    sandbox.set("AUDEX_ROLE_ARN", ROLE).set("AWS_EC2_METADATA_DISABLED", "false");
    sandbox.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    let stderr = sandbox.run(RUN).exits(69).stderr;
    assert!(stderr.starts_with("error: provider `aws`: no AWS credentials were found\n"), "{stderr}");
}

#[test]
fn a_password_in_an_endpoint_is_refused_and_not_repeated() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AWS_ENDPOINT_URL", "https://user:hunter2@sts.example.com");
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 78
    --- stderr
    error: provider `aws`: the STS endpoint is not usable: `https://sts.example.com` is given with a user name or password
    hint: check --region, AWS_ENDPOINT_URL_STS and AWS_ENDPOINT_URL
    "#);
}

#[test]
fn a_resource_that_is_no_arn_is_refused_before_anything_is_asked() {
    let sandbox = Sandbox::new();
    for words in [["plan", "--resource"], ["run", "--resource"]] {
        let command: &[&str] = if words[0] == "run" { &["--", "echo", "ran"] } else { &[] };
        let refused = |resource: &str| {
            let output = sandbox.run([&words[..], &[resource, "--allow", "s3:GetObject"], command].concat());
            output.exits(2).stderr
        };
        let bare = refused("my-bucket");
        assert!(bare.contains("the resource `my-bucket` is no ARN"), "{bare}");
        assert!(bare.contains("hint: write it as `arn:aws:s3:::my-bucket/*`"), "{bare}");
        let url = refused("s3://b/x");
        assert!(url.contains("hint: write it as `arn:aws:s3:::b/x`"), "{url}");
        assert!(refused("*,arn:aws:s3:::b").contains("cannot stand beside others"));
        let _ = sandbox.run([&words[..], &["*", "--allow", "s3:GetObject"], command].concat()).success();
    }
}

#[test]
fn a_role_that_is_no_arn_is_refused_before_anything_is_asked() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AUDEX_ROLE_ARN", "AudexDemo");
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 2
    --- stderr
    error: provider `aws`: `AudexDemo` is no ARN of a role
    hint: write it as `arn:aws:iam::123456789012:role/NAME` in AUDEX_ROLE_ARN or --role-arn
    "#);
    let _ = sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(2);
    assert!(sandbox.cloud().requests().is_empty());
    let health = sandbox.run(["health", "--check", "aws"]).exits(69);
    assert!(health.stdout.contains("failed  `AudexDemo` is no ARN of a role"), "{}", health.stdout);
}

#[test]
fn a_fallback_that_is_refused_too_names_both_calls() {
    let mut seed = Seed::demo();
    seed.deny_scoped_credentials = true;
    let mut sandbox = Sandbox::with_seed(seed, "developer");
    sandbox.unset("AUDEX_ROLE_ARN");
    let stderr = sandbox.run(RUN).exits(69).stderr;
    for part in [
        "STS refused GetScopedCredentials (AWS denied `GetScopedCredentials`",
        ") and GetFederationToken (AWS denied `GetFederationToken`",
        "hint: the IAM user needs `sts:GetScopedCredentials` or `sts:GetFederationToken`",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
}

#[test]
fn a_second_step_that_is_insisted_on_is_the_one_that_is_explained() {
    let mut seed = Seed::demo();
    seed.deny_scoped_credentials = true;
    let mut sandbox = Sandbox::with_seed(seed, "developer");
    sandbox.set("AUDEX_ROLE_ARN", ROLE);
    let output = sandbox.run([&["run", "--method", "assume-role-scoped"], &RUN[1..]].concat()).exits(69);
    assert!(output.stderr.contains("hint: the role needs `sts:GetScopedCredentials`"), "{}", output.stderr);
}

#[test]
fn a_role_that_does_not_trust_the_caller_is_unavailable() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AUDEX_ROLE_ARN", "arn:aws:iam::123456789012:role/Other");
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 69
    --- stderr
    error: provider `aws`: AWS denied `AssumeRole` (AccessDenied, request loopback): User: arn:aws:iam::123456789012:user/developer is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/Other
    hint: the role's trust policy must allow these source credentials `sts:AssumeRole`
    "#);
    assert_eq!(sandbox.cloud().denied(), ["sts:AssumeRole arn:aws:iam::123456789012:role/Other"]);
}

#[test]
fn keys_the_cloud_does_not_know_are_unavailable() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 69
    --- stderr
    error: provider `aws`: AWS does not accept the credentials: `AssumeRole` (InvalidClientTokenId, request loopback): The security token included in the request is invalid: unknown access key
    hint: check the keys with `aws sts get-caller-identity`; new IAM keys need some seconds
    "#);
}

#[test]
fn a_source_that_has_expired_says_so() {
    let mut sandbox = Sandbox::new();
    become_temporary(&mut sandbox, ROLE);
    sandbox.cloud().advance(std::time::Duration::from_secs(4000));
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 69
    --- stderr
    error: provider `aws`: the AWS source credentials have expired
    hint: run `aws sso login --profile <name>`, or renew the keys in the environment or profile
    "#);
}

#[test]
fn an_endpoint_that_cannot_be_reached_is_unavailable() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 69
    --- stderr
    error: provider `aws`: cannot reach AWS for `AssumeRole`: Connection refused (os error 111)
    hint: check the network and the region; behind a TLS-inspecting proxy set AWS_CA_BUNDLE
    "#);
}

#[test]
fn an_endpoint_that_answers_nonsense_is_unavailable() {
    let mut sandbox = Sandbox::new();
    let nonsense = Answerer::start("200 OK", "<html>welcome to the hotel</html>");
    sandbox.set("AWS_ENDPOINT_URL", &nonsense.endpoint);
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 69
    --- stderr
    error: provider `aws`: the answer to `AssumeRole` is not usable: it is no reply of STS
    "#);
}

#[test]
fn plain_http_to_another_host_is_refused() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AWS_ENDPOINT_URL", "http://sts.example.com");
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 78
    --- stderr
    error: provider `aws`: refused to call `sts.example.com` over plain http
    hint: use an https endpoint; plain http is for loopback addresses only
    "#);
}

#[test]
fn errors_are_one_json_object_when_json_is_asked_for() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AUDEX_ROLE_ARN", "arn:aws:iam::123456789012:role/Other");
    let output = sandbox.run([&["run", "--json"], &RUN[1..]].concat()).exits(69);
    let events = output.stderr_json();
    assert_eq!(events.len(), 1);
    let names: Vec<_> = events[0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["causes", "event", "exit_code", "hint", "message"]);
    assert_eq!((&events[0]["event"], &events[0]["exit_code"]), (&"error".into(), &69.into()));
}

#[test]
fn a_run_says_two_lines_and_as_json_two_events() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 0
    --- stdout
    ran
    --- stderr
    audex: 1 permission on aws by assume-role for 15m, session [session]
    audex: exit 0 after [n] s, session [session]
    "#);
    let output = sandbox.run([&["run", "--json"], &RUN[1..]].concat()).success();
    let events = output.stderr_json();
    assert_eq!(
        events.iter().map(|event| event["event"].as_str().unwrap()).collect::<Vec<_>>(),
        ["started", "ended"]
    );
    assert_eq!(output.stdout, "ran\n");
}

#[test]
fn quiet_says_errors_only() {
    let mut sandbox = Sandbox::new();
    let quiet = [&["run", "--quiet"], &RUN[1..]].concat();
    let output = sandbox.run(&quiet).success();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("ran\n", ""));
    sandbox.set("AUDEX_ROLE_ARN", "arn:aws:iam::123456789012:role/Other");
    assert!(sandbox.run(&quiet).exits(69).stderr.starts_with("error: "));
}
