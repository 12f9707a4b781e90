//! `tryaudex health` makes real calls, and scripts can rely on its exit status.

use audex_loopback::Seed;
use insta::assert_snapshot;

use crate::support::aws_cli::become_temporary;
use crate::support::{CloudView as _, ROLE, Sandbox, seeds};

const CHECK: [&str; 3] = ["health", "--check", "aws"];

fn with_seed(change: impl FnOnce(&mut Seed)) -> Sandbox {
    let mut seed = Seed::demo();
    change(&mut seed);
    let mut sandbox = Sandbox::with_seed(seed, "developer");
    sandbox.set("AUDEX_ROLE_ARN", ROLE);
    sandbox
}

#[test]
fn a_healthy_account_is_a_table() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(CHECK).snapshot(), @r#"
    exit 0
    --- stdout
    PROVIDER  CHECK               STATUS  DETAIL
    aws       region              ok      eu-central-1
    aws       source credentials  ok      arn:aws:iam::123456789012:user/developer
    aws       clock               ok      [n] s against STS
    aws       role                ok      arn:aws:iam::123456789012:role/AudexDemo can be assumed
    aws       short ttl           ok      credentials can end to the second
    "#);
    assert_eq!(sandbox.cloud().denied(), [""; 0]);
}

#[test]
fn a_healthy_account_is_json_too() {
    let sandbox = Sandbox::new();
    let reports = sandbox.run(["health", "--check", "aws", "--json"]).success().json();
    assert_eq!((&reports[0]["provider"], &reports[0]["healthy"]), (&"aws".into(), &true.into()));
    let names: Vec<_> = reports[0]["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["region", "source credentials", "clock", "role", "short ttl"]);
}

#[test]
fn a_role_that_cannot_be_assumed_is_unavailable() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AUDEX_ROLE_ARN", "arn:aws:iam::123456789012:role/Other");
    assert_snapshot!(sandbox.run(CHECK).snapshot(), @r#"
    exit 69
    --- stdout
    PROVIDER  CHECK               STATUS  DETAIL
    aws       region              ok      eu-central-1
    aws       source credentials  ok      arn:aws:iam::123456789012:user/developer
    aws       clock               ok      [n] s against STS
    aws       role                failed  AWS denied `AssumeRole` (AccessDenied, request loopback): User: arn:aws:iam::123456789012:user/developer is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/Other

    hint: role: the role's trust policy must allow these source credentials `sts:AssumeRole`
    "#);
    assert_eq!(sandbox.cloud().denied(), ["sts:AssumeRole arn:aws:iam::123456789012:role/Other"]);
    let reports = sandbox.run(["health", "--check", "aws", "--json"]).exits(69).json();
    assert_eq!(reports[0]["healthy"], false);
}

#[test]
fn a_role_on_the_command_line_is_the_one_that_is_tried() {
    let mut sandbox = Sandbox::new();
    sandbox.unset("AUDEX_ROLE_ARN");
    let _ = sandbox.run(["health", "--check", "aws", "--role-arn", ROLE]).success();
    assert!(sandbox.cloud().allowed().contains(&format!("sts:AssumeRole {ROLE}")));
}

#[test]
fn no_credentials_are_unavailable() {
    assert_snapshot!(Sandbox::without_cloud().run(CHECK).snapshot(), @r#"
    exit 69
    --- stdout
    PROVIDER  CHECK               STATUS  DETAIL
    aws       region              ok      us-east-1
    aws       source credentials  failed  no AWS credentials were found

    hint: source credentials: run `aws configure` or `aws sso login`, or set AWS_PROFILE to a profile that has credentials
    "#);
}

#[test]
fn without_a_role_the_source_itself_is_narrowed_as_in_a_run() {
    let sandbox = Sandbox::with_seed(seeds::analyst(), "analyst");
    assert_snapshot!(sandbox.run(CHECK).snapshot(), @r#"
    exit 0
    --- stdout
    PROVIDER  CHECK               STATUS  DETAIL
    aws       region              ok      eu-central-1
    aws       source credentials  ok      arn:aws:iam::123456789012:user/analyst
    aws       clock               ok      [n] s against STS
    aws       role                ok      none used; the source credentials themselves are narrowed
    aws       session             ok      `session-scoped` works

    hint: role: set AUDEX_ROLE_ARN to use a role
    "#);
    assert!(
        sandbox.cloud().requests().iter().any(|seen| seen.action == "sts:GetScopedCredentials")
    );
}

/// Status and texts of the check `session`, and whether a run with the same settings works.
fn session_check(sandbox: &Sandbox, options: &[&str]) -> (String, String, bool) {
    let report = sandbox.run([&["health", "--check", "aws", "--json"], options].concat()).json();
    let checks = report[0]["checks"].as_array().unwrap().clone();
    let check = checks.into_iter().find(|check| check["name"] == "session").unwrap();
    let words = [&["run", "--allow", "s3:GetObject"], options, &["--", "true"]].concat();
    let runs = sandbox.run(words).code == 0;
    assert_eq!(report[0]["healthy"], runs, "{report}");
    (check["status"].as_str().unwrap().to_owned(), check.to_string(), runs)
}

#[test]
fn without_a_role_health_says_what_a_run_would() {
    let refusing = |mut seed: Seed, name: &str| {
        seed.deny_scoped_credentials = true;
        Sandbox::with_seed(seed, name)
    };
    // The user may neither scope down nor federate.
    let mut nothing = Sandbox::with_seed(Seed::demo(), "developer");
    nothing.unset("AUDEX_ROLE_ARN");
    let (status, said, runs) = session_check(&nothing, &[]);
    assert_eq!((status.as_str(), runs), ("failed", false), "{said}");
    assert!(
        said.contains("no role is set, and this IAM user may not narrow its own keys"),
        "{said}"
    );

    let fallback = refusing(seeds::analyst(), "analyst");
    let (status, said, runs) = session_check(&fallback, &[]);
    assert_eq!((status.as_str(), runs), ("warning", true), "{said}");
    assert!(said.contains("`federation-token` works"), "{said}");
}

#[test]
fn temporary_credentials_are_checked_by_scoping_them_down() {
    for (deny, expected) in [(false, "ok"), (true, "failed")] {
        let mut sandbox = with_seed(|seed| seed.deny_scoped_credentials = deny);
        become_temporary(&mut sandbox, ROLE);
        let (status, said, _) = session_check(&sandbox, &[]);
        assert_eq!(status, expected, "{said}");
        assert_eq!(said.contains("need `sts:GetScopedCredentials`"), deny, "{said}");
    }
}

#[test]
fn a_cloud_without_scoped_credentials_is_a_warning() {
    let sandbox = with_seed(|seed| seed.deny_scoped_credentials = true);
    assert_snapshot!(sandbox.run(CHECK).snapshot(), @r#"
    exit 0
    --- stdout
    PROVIDER  CHECK               STATUS   DETAIL
    aws       region              ok       eu-central-1
    aws       source credentials  ok       arn:aws:iam::123456789012:user/developer
    aws       clock               ok       [n] s against STS
    aws       role                ok       arn:aws:iam::123456789012:role/AudexDemo can be assumed
    aws       short ttl           warning  STS refused GetScopedCredentials (AWS denied `GetScopedCredentials` (AccessDenied, request loopback): User: arn:aws:sts::123456789012:assumed-role/AudexDemo/audex-health-[time] is not authorized t…

    hint: short ttl: a --ttl under 15m ends the command instead; allow the role `sts:GetScopedCredentials`
    "#);
}

#[test]
fn a_clock_that_is_off_is_said_and_one_that_is_far_off_fails() {
    for (offset, code, status) in [
        (0, 0, "ok"),
        (400, 0, "warning"),
        (-400, 0, "warning"),
        (2000, 69, "failed"),
        (-2000, 69, "failed"),
    ] {
        let sandbox = with_seed(|seed| seed.clock_offset_seconds = offset);
        let reports = sandbox.run(["health", "--check", "aws", "--json"]).exits(code).json();
        let checks = reports[0]["checks"].as_array().unwrap();
        let worst = checks
            .iter()
            .find(|check| check["name"] == "clock" || check["status"] == "failed")
            .unwrap();
        assert_eq!(worst["status"], status, "{offset}: {reports}");
    }
}

#[test]
fn health_shows_no_secret_and_hands_out_nothing() {
    // The scan of the sandbox does the first half; what health was given can do nothing on S3.
    let sandbox = Sandbox::new();
    let _ = sandbox.run(CHECK).success();
    assert!(sandbox.cloud().requests().iter().all(|seen| seen.service == "sts"));
    assert!(sandbox.session_directories().is_empty());
}

#[test]
fn every_configured_provider_is_checked_when_none_is_named() {
    let mut sandbox = Sandbox::new();
    let checked = |sandbox: &Sandbox| -> Vec<String> {
        let reports = sandbox.run(["health", "--json"]).json();
        let reports = reports.as_array().unwrap();
        reports.iter().map(|report| report["provider"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(checked(&sandbox), ["aws"]);
    sandbox.set("AUDEX_GCP_SERVICE_ACCOUNT", "agent@p.iam.gserviceaccount.com");
    sandbox.set("GCE_METADATA_HOST", "127.0.0.1:1");
    assert_eq!(checked(&sandbox), ["aws", "gcp"]);
    assert_snapshot!(Sandbox::new().run(["health", "--check", "nope"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: no component provides `nope`
    hint: known names: `aws`, `azure`, `gcp`, `vault`
    "#);
}
