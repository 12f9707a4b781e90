//! If there are no credentials or no cloud, or if the cloud denies, the error names the problem and the next
//! step.

use audex_loopback::Seed;
use insta::assert_snapshot;

use crate::support::aws_cli::become_temporary;
use crate::support::{Answerer, CloudView as _, ROLE, Sandbox};

const RUN: &[&str] = &["run", "--allow", "s3:GetObject", "--", "echo", "ran"];

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
    assert!(
        stderr.starts_with("error: provider `aws`: no AWS credentials were found\n"),
        "{stderr}"
    );
}

#[test]
fn without_credentials_the_last_place_that_was_asked_is_not_blamed() {
    let mut sandbox = Sandbox::without_cloud();
    // Nothing listens there: the chain's last place, instance metadata, fails in words of its own.
    sandbox.set("AUDEX_ROLE_ARN", ROLE).set("AWS_EC2_METADATA_DISABLED", "false");
    sandbox.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    let stderr = sandbox.run(RUN).exits(69).stderr;
    assert!(
        stderr.starts_with("error: provider `aws`: no AWS credentials were found\n"),
        "{stderr}"
    );
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
            let output =
                sandbox.run([&words[..], &[resource, "--allow", "s3:GetObject"], command].concat());
            output.exits(2).stderr
        };
        let bare = refused("my-bucket");
        assert!(bare.contains("the resource `my-bucket` is not an ARN"), "{bare}");
        assert!(bare.contains("hint: write it as `arn:aws:s3:::my-bucket/*`"), "{bare}");
        let url = refused("s3://b/x");
        assert!(url.contains("hint: write it as `arn:aws:s3:::b/x`"), "{url}");
        assert!(refused("*,arn:aws:s3:::b").contains("cannot stand beside others"));
        let _ = sandbox
            .run([&words[..], &["*", "--allow", "s3:GetObject"], command].concat())
            .success();
    }
}

#[test]
fn a_role_that_is_no_arn_is_refused_before_anything_is_asked() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AUDEX_ROLE_ARN", "AudexDemo");
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 2
    --- stderr
    error: provider `aws`: `AudexDemo` is not an ARN of a role
    hint: write it as `arn:aws:iam::123456789012:role/NAME` in AUDEX_ROLE_ARN or --role-arn
    "#);
    let _ = sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(2);
    assert!(sandbox.cloud().requests().is_empty());
    let health = sandbox.run(["health", "--check", "aws"]).exits(69);
    assert!(
        health.stdout.contains("failed  `AudexDemo` is not an ARN of a role"),
        "{}",
        health.stdout
    );
}

#[test]
fn keys_that_sts_narrows_by_no_call_need_a_role() {
    let mut seed = Seed::demo();
    seed.deny_scoped_credentials = true;
    let mut sandbox = Sandbox::with_seed(seed, "developer");
    sandbox.unset("AUDEX_ROLE_ARN");
    insta::assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 77
    --- stderr
    error: provider `aws`: no role is set, and this IAM user may not narrow its own keys
    hint: set AUDEX_ROLE_ARN, or pass --role-arn, to a role that this user may assume
    "#);
    // The words of AWS are for who asks for them.
    let stderr = sandbox.run([&["run", "--verbose"], &RUN[1..]].concat()).exits(77).stderr;
    for part in ["GetScopedCredentials: AWS denied", "GetFederationToken: AWS denied"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
}

#[test]
fn a_second_step_that_is_insisted_on_is_the_one_that_is_explained() {
    let mut seed = Seed::demo();
    seed.deny_scoped_credentials = true;
    let mut sandbox = Sandbox::with_seed(seed, "developer");
    sandbox.set("AUDEX_ROLE_ARN", ROLE);
    let output =
        sandbox.run([&["run", "--method", "assume-role-scoped"], &RUN[1..]].concat()).exits(77);
    assert!(
        output.stderr.contains("hint: the role needs `sts:GetScopedCredentials`"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_role_that_does_not_trust_the_caller_is_a_denial() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AUDEX_ROLE_ARN", "arn:aws:iam::123456789012:role/Other");
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 77
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
    error: provider `aws`: cannot reach AWS at `http://127.0.0.1:1` for `AssumeRole`: Connection refused (os error 111)
    hint: check AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL and the profile's `endpoint_url`: one of them names this address
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
    error: provider `aws`: the answer to `AssumeRole` is not usable: it is not a reply of STS
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
