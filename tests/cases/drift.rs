//! `tryaudex drift` on a role that exists in moto.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::double::Double;
use crate::support::{Moto, Sandbox, python};

/// Gives a new role what is said of it; prints its ARN.
const MAKE: &str = r#"
import boto3, json, os, sys
iam = boto3.client("iam", region_name=os.environ["REGION"], endpoint_url=os.environ["MOTO"], aws_access_key_id=os.environ["ADMIN_ID"],
                   aws_secret_access_key=os.environ["ADMIN_SECRET"])
name, what = sys.argv[1], json.loads(sys.argv[2])
policy = lambda statements: json.dumps({"Version": "2012-10-17", "Statement": statements})
trust = policy([{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}])
make = lambda name, statements: iam.create_policy(PolicyName=name, PolicyDocument=policy(statements))["Policy"]["Arn"]
boundary = {"PermissionsBoundary": make(name + "-boundary", what["boundary"])} if "boundary" in what else {}
print(iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Path="/drift/", **boundary)["Role"]["Arn"])
for index, statements in enumerate(what.get("inline", [])):
    iam.put_role_policy(RoleName=name, PolicyName=f"inline-{index}", PolicyDocument=policy(statements))
for index, statements in enumerate(what.get("attached", [])):
    iam.attach_role_policy(RoleName=name, PolicyArn=make(f"{name}-{index}", statements))
"#;

const READ: &str = r#"{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}"#;

/// A sandbox whose user may read IAM, and the ARN of a new role made of `what`.
fn role(what: &str) -> (Sandbox, String) {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let moto = Moto::get();
    let mut sandbox = Sandbox::with_moto(moto);
    sandbox.unset("AUDEX_ROLE_ARN");
    sandbox.set("AWS_ACCESS_KEY_ID", &moto.admin_access_key_id);
    sandbox.set_secret("AWS_SECRET_ACCESS_KEY", &moto.admin_secret_access_key);
    let name = format!("drift-{}", MADE.fetch_add(1, Ordering::Relaxed));
    let made = sandbox
        .program(python::interpreter(), ["-W", "ignore", "-c", MAKE, &name, what])
        .env("MOTO", &moto.endpoint)
        .env("REGION", &moto.region)
        .env("ADMIN_ID", &moto.admin_access_key_id)
        .env("ADMIN_SECRET", &moto.admin_secret_access_key)
        .output()
        .success();
    (sandbox, made.stdout.trim().to_owned())
}

fn drift<'a>(arn: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["drift", "--role-arn", arn, "--expected-policy", "s3-readonly"], more].concat()
}

#[test]
fn a_role_that_is_what_its_profile_says_has_no_drift() {
    let (sandbox, arn) = role(&format!(r#"{{"inline":[[{READ}]]}}"#));
    let output = sandbox.run(drift(&arn, &[])).success();
    assert_eq!(output.stdout, format!("{arn} has exactly what profile `s3-readonly` has\n"));
}

#[test]
fn what_a_role_has_beside_its_profile_is_told_the_most_dangerous_first() {
    let more = r#"{"Effect":"Allow","Action":["ec2:DescribeInstances","dynamodb:ListTables","iam:PutRolePolicy"],"Resource":"*"}"#;
    let (sandbox, arn) = role(&format!(r#"{{"inline":[[{READ}]],"attached":[[{more}]]}}"#));
    let output = sandbox.run(drift(&arn, &[])).exits(1);
    assert_eq!(
        output.stdout,
        "Role has additional permissions not in profile:\n  iam:PutRolePolicy (permissions)\n  dynamodb:ListTables (list)\n  \
         ec2:DescribeInstances (list)\nConsider updating the role or profile definition\n"
    );
    let _ = sandbox.run(drift(&arn, &["--exit-zero"])).success();
    let json = sandbox.run(drift(&arn, &["--json"])).exits(1).json();
    assert_eq!(json["additional"][0]["action"], "iam:PutRolePolicy");
    assert!(
        json["additional"][0]["sources"][0]
            .as_str()
            .unwrap()
            .starts_with("attached policy `arn:aws:iam::")
    );
    let sarif = sandbox.run(drift(&arn, &["--format", "sarif"])).exits(1).json();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 3);
}

#[test]
fn what_a_profile_has_and_the_role_has_not_is_missing() {
    let one = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::only/*"}"#;
    let (sandbox, arn) = role(&format!(r#"{{"inline":[[{one}]]}}"#));
    let output = sandbox.run(drift(&arn, &[])).exits(1);
    assert_eq!(
        output.stdout,
        "Role lacks permissions of the profile:\n  s3:GetObject (read)\n  s3:ListBucket (list)\n\
         Consider updating the role or profile definition\n"
    );
}

#[test]
fn denials_take_away_a_boundary_limits_and_a_wildcard_is_what_it_stands_for() {
    let broad = r#"[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","NotResource":"arn:aws:s3:::none","Action":"s3:PutObject"}]"#;
    let (sandbox, arn) = role(&format!(r#"{{"inline":[{broad}],"boundary":[{READ}]}}"#));
    let output = sandbox.run(drift(&arn, &["--json"])).exits(1).json();
    assert_eq!(output["additional"].as_array().unwrap().len(), 0, "{output}");
    assert_eq!(output["missing"].as_array().unwrap().len(), 0, "{output}");
    assert!(output["undecided"][0]["reason"].as_str().unwrap().contains("NotResource"), "{output}");
}

#[test]
fn a_role_under_conditions_is_never_equal() {
    let conditional = r#"{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}"#;
    let (sandbox, arn) = role(&format!(r#"{{"inline":[[{conditional}]]}}"#));
    let output = sandbox.run(drift(&arn, &[])).exits(1);
    assert!(
        output.stdout.contains("Cannot decide:\n  inline policy `inline-0`: "),
        "{}",
        output.stdout
    );
    assert!(output.stdout.contains("under conditions (aws:SecureTransport)"), "{}", output.stdout);
}

#[test]
fn a_file_is_compared_as_a_profile_is() {
    let (mut sandbox, arn) = role(&format!(r#"{{"inline":[[{READ}]]}}"#));
    let same =
        sandbox.plant("same.json", format!(r#"{{"Version":"2012-10-17","Statement":[{READ}]}}"#));
    let less = sandbox.plant(
        "less.json",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#,
    );
    let wrong = sandbox.plant("wrong.json", "{}");
    let against = |path: &std::path::Path| {
        sandbox.run(["drift", "--role-arn", &arn, "--expected-policy", path.to_str().unwrap()])
    };
    let _ = against(&same).success();
    assert!(against(&less).exits(1).stdout.contains("not in policy:\n  s3:ListBucket (list)"));
    let output = against(&wrong).exits(78);
    assert!(output.stderr.contains("not an IAM policy"), "{}", output.stderr);
}

#[test]
fn what_cannot_be_read_is_unavailable_and_what_is_wrong_is_usage() {
    let (mut sandbox, arn) = role(r#"{"inline":[]}"#);
    let gone = format!("{arn}-gone");
    let output = sandbox.run(drift(&gone, &[])).exits(69);
    assert!(output.stderr.contains("NoSuchEntity"), "{}", output.stderr);
    let output =
        sandbox.run(["drift", "--role-arn", &arn, "--expected-policy", "no-such"]).exits(2);
    assert!(output.stderr.contains("`no-such`"), "{}", output.stderr);
    let output = sandbox.run(["drift", "--expected-policy", "s3-readonly"]).exits(2);
    assert!(output.stderr.contains("--role-arn"), "{}", output.stderr);
    // One who may not read IAM.
    let moto = Moto::get();
    sandbox.set("AWS_ACCESS_KEY_ID", &moto.access_key_id);
    sandbox.set_secret("AWS_SECRET_ACCESS_KEY", &moto.secret_access_key);
    let output = sandbox.run(drift(&arn, &[])).exits(77);
    assert!(output.stderr.contains("iam:GetRole"), "{}", output.stderr);
}

#[test]
fn a_service_account_has_what_the_roles_of_its_projects_policy_give() {
    let double = Double::start("gcp_double.py");
    let mut sandbox = double.gcp_user();
    sandbox.set("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER", double.text("endpoint"));
    sandbox.set("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM", double.text("endpoint"));
    let drift = |account: &str| {
        sandbox.run([
            "drift",
            "--provider",
            "gcp",
            "--service-account",
            account,
            "--expected-policy",
            "gcs-readonly",
            "--json",
        ])
    };
    let _ = drift(double.text("agent")).success();
    let json = drift(double.text("other")).exits(1).json();
    assert_eq!(json["additional"][0]["action"], "iam.serviceAccounts.actAs");
    assert_eq!(json["additional"][1]["action"], "compute.instances.list");
    assert!(json["additional"][0]["sources"][0].as_str().unwrap().contains("roles/more"), "{json}");
    let foreign = "a@somewhere-else.iam.gserviceaccount.com";
    let _ = drift(foreign).exits(69);
}

#[test]
fn a_principal_has_what_the_definitions_of_its_assignments_give() {
    let double = Double::start("azure_double.py");
    let mut sandbox = double.azure_user();
    let drift = |sandbox: &Sandbox, profile: &str| {
        sandbox.run([
            "drift",
            "--provider",
            "azure",
            "--principal",
            double.text("agent_object"),
            "--expected-policy",
            profile,
            "--json",
        ])
    };
    let json = drift(&sandbox, "azure-storage-readonly").exits(1).json();
    assert_eq!(json["missing"][0]["action"], "Microsoft.Storage/storageAccounts/read");
    super::azure_roles::plant(
        &mut sandbox,
        &double,
        "any",
        r#"["Microsoft.Storage/storageAccounts/read"]"#,
    );
    let _ = drift(&sandbox, "azure-storage-readonly").success();
    let json = drift(&sandbox, "azure-compute-readonly").exits(1).json();
    assert_eq!(json["additional"][0]["action"], "Microsoft.Storage/storageAccounts/read");
    assert_eq!(json["missing"][0]["action"], "Microsoft.Compute/virtualMachines/read");
    let output = sandbox.run([
        "drift",
        "--provider",
        "azure",
        "--principal",
        "me",
        "--expected-policy",
        "azure-storage-readonly",
    ]);
    assert!(output.exits(78).stderr.contains("not an object id"));
}

#[test]
fn an_endpoint_without_iam_is_said_to_have_none() {
    let mut sandbox = Sandbox::new();
    let key = sandbox.cloud().access_key("admin").expect("a seeded user");
    sandbox.set("AWS_ACCESS_KEY_ID", &key.id).set("AWS_SECRET_ACCESS_KEY", key.secret.expose());
    let output = sandbox.run(["drift", "--expected-policy", "s3-readonly"]).exits(69);
    assert!(output.stderr.contains("IAM answered 501 to GetRole"), "{}", output.stderr);
    assert!(output.stderr.contains("hint: this endpoint does not serve IAM"), "{}", output.stderr);
}
