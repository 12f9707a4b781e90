//! The read-only profiles, end to end: what reads is allowed, what writes or returns secrets is not.

use audex_loopback::iam::Decision;
use serde_json::Value;

use crate::support::Sandbox;
use crate::support::aws_cli::script;
use crate::support::double::{Double, run_python};

const LIST: &str = "s3api list-objects-v2 --bucket demo-reports";
const READ: &str = "s3api get-object --bucket demo-reports --key readme.txt /dev/null";
const WRITE: &str = "s3api put-object --bucket demo-reports --key new";
const DELETE: &str = "s3api delete-object --bucket demo-reports --key readme.txt";
const PARAMETER: &str = "ssm get-parameter --name x";
const SECRET: &str = "secretsmanager get-secret-value --secret-id x";

fn shown(profile: &str) -> Value {
    let sandbox = Sandbox::new();
    sandbox.run(["policies", "show", profile, "--json"]).success().json()
}

#[test]
fn the_whole_profile_reads_by_a_gateway_and_writes_nothing() {
    let sandbox = Sandbox::new().with_aws_cli();
    let options = ["--profile", "aws-readonly", "--deliver", "gateway"];
    let calls = [
        ("list", LIST),
        ("read", READ),
        ("write", WRITE),
        ("delete", DELETE),
        ("parameter", PARAMETER),
        ("secret", SECRET),
        ("again", READ),
    ];
    let output = sandbox.run_sh(&options, &script(&calls)).success();
    let expected = "list: ok\nread: ok\nwrite: AccessDenied\ndelete: AccessDenied\nparameter: AccessDeniedException\n\
                    secret: AccessDeniedException\nagain: ok\n";
    assert_eq!(output.stdout, expected, "{}", output.stderr);
    assert!(
        output.stderr.contains("are minted when a request first needs them"),
        "{}",
        output.stderr
    );
    // One set of credentials for all of S3, and the cloud saw no call that was refused.
    let sent = sandbox.cloud().requests();
    let mut keys: Vec<&str> = Vec::new();
    for seen in sent.iter().filter(|seen| seen.service != "sts") {
        assert_eq!(
            (seen.service.as_str(), seen.decision),
            ("s3", Some(Decision::Allowed)),
            "{seen:?}"
        );
        keys.push(&seen.access_key_id);
    }
    keys.dedup();
    assert_eq!(keys.len(), 1, "{sent:?}");
    let log = sandbox.audit();
    let added = log.iter().filter(|record| record["event"] == "added").count();
    assert_eq!(added, 1, "one part was needed");
    let granted = log.iter().find(|record| record["event"] == "answered").unwrap();
    assert_eq!(granted["by"], "the grant of the run");
}

#[test]
fn the_cloud_itself_refuses_what_the_profile_does_not_hold() {
    let sandbox = Sandbox::new().with_aws_cli();
    let profile = shown("aws-readonly");
    let of = |service: &str| {
        let all = profile["actions"].as_array().unwrap().iter().filter_map(Value::as_str);
        let own: Vec<&str> = all.filter(|action| action.starts_with(service)).collect();
        own.join(",")
    };
    let allow = [of("s3:"), of("secretsmanager:")].join(",");
    let calls =
        [("list", LIST), ("read", READ), ("write", WRITE), ("delete", DELETE), ("secret", SECRET)];
    let output = sandbox.run_sh(&["--allow", &allow], &script(&calls)).success();
    assert!(
        output.stdout.starts_with("list: ok\nread: ok\nwrite: AccessDenied\n"),
        "{}",
        output.stdout
    );
    let decided = |action: &str| {
        let sent = sandbox.cloud().requests();
        sent.iter().find(|seen| seen.action == action).and_then(|seen| seen.decision)
    };
    assert_eq!(decided("s3:GetObject"), Some(Decision::Allowed));
    for refused in ["s3:PutObject", "s3:DeleteObject", "secretsmanager:GetSecretValue"] {
        assert_eq!(decided(refused), Some(Decision::ImplicitDeny), "{refused}");
    }
}

#[test]
fn without_a_gateway_the_profile_is_refused_with_what_to_do() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(["run", "--profile", "aws-readonly", "--", "true"]).exits(2);
    assert!(output.stderr.contains("the session policy has"), "{}", output.stderr);
    assert!(output.stderr.contains("--deliver gateway"), "{}", output.stderr);
    assert!(sandbox.cloud().requests().is_empty());
}

#[test]
fn a_denied_part_of_the_profile_stays_denied() {
    let mut sandbox = Sandbox::new().with_aws_cli();
    sandbox.plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:GetObject\"]\n");
    let options = ["--profile", "aws-readonly", "--deliver", "gateway"];
    let output = sandbox.run_sh(&options, &script(&[("list", LIST), ("read", READ)])).success();
    assert_eq!(output.stdout, "list: ok\nread: AccessDenied\n", "{}", output.stderr);
}

#[test]
fn a_profile_says_how_much_it_holds_and_what_it_leaves_out() {
    for (profile, least, secret) in [
        ("aws-readonly", 8000, "secretsmanager:GetSecretValue"),
        ("gcp-readonly", 800, "secretmanager.versions.access"),
        ("azure-readonly", 2000, "Microsoft.KeyVault/vaults/secrets/getSecret/action"),
    ] {
        let shown = shown(profile);
        assert!(shown["known"].as_u64().unwrap() >= least, "{profile}");
        let omitted = shown["leaves_out"].as_array().unwrap();
        let names = |omission: &Value| {
            omission["actions"].as_array().unwrap().iter().any(|action| action == secret)
        };
        let omission = omitted.iter().find(|omission| names(omission)).unwrap();
        assert!(omission["reason"].as_str().unwrap().starts_with("returns secrets"), "{profile}");
        assert!(omission["source"].as_str().unwrap().starts_with("https://"), "{profile}");
        let text = Sandbox::new().run(["policies", "show", profile]).success().stdout;
        assert!(
            text.contains("known permissions\n") && text.contains("\nleaves out "),
            "{profile}"
        );
    }
}

/// Reads and writes of Cloud Storage and Compute Engine, one line each.
const GCP: &str = r#"
import os
from google.cloud import storage
client = storage.Client(client_options={"api_endpoint": os.environ["DOUBLE"]})
def call(name, run):
    try:
        run()
        print(f"{name}: ok")
    except Exception as error:
        print(f"{name}: {getattr(error, 'code', type(error).__name__)}")
bucket = client.bucket("alpha")
call("read", lambda: bucket.blob("team/a.txt").download_as_bytes())
call("list", lambda: list(client.list_blobs("alpha")))
call("write", lambda: bucket.blob("team/new.txt").upload_from_string("x"))
call("delete", lambda: bucket.blob("team/a.txt").delete())
"#;
/// Reads and writes at Resource Manager, one line each.
const AZURE: &str = r#"
import os, urllib.error, urllib.request
from azure.identity import ManagedIdentityCredential
credential = ManagedIdentityCredential(client_id=os.environ.get("AGENT"))
def call(name, path, method="GET"):
    try:
        token = credential.get_token("https://management.azure.com/.default").token
        body = None if method == "GET" else b"{}"
        request = urllib.request.Request(os.environ["DOUBLE"] + path, body, {"Authorization": "Bearer " + token}, method=method)
        urllib.request.urlopen(request)
        print(f"{name}: ok")
    except urllib.error.HTTPError as error:
        print(f"{name}: {error.code}")
    except Exception as error:
        print(f"{name}: {type(error).__name__}")
base = "/subscriptions/" + os.environ["AZURE_SUBSCRIPTION_ID"]
call("read accounts", base + "/providers/Microsoft.Storage/storageAccounts")
call("read machines", base + "/providers/Microsoft.Compute/virtualMachines")
call("write a machine", base + "/providers/Microsoft.Compute/virtualMachines", "PUT")
call("write a role", base + "/providers/Microsoft.Authorization/roleDefinitions/6d1f4a2e-0b5c-4f7e-9a31-5c2d8e47b09f", "PUT")
"#;

#[test]
fn google_cloud_lets_the_profile_read_and_not_write() {
    let double = Double::start("gcp_double.py");
    let sandbox = double.gcp_user();
    let output = run_python(&sandbox, &["--profile", "gcp-readonly"], GCP).success();
    let expected = "read: ok\nlist: ok\nwrite: 403\ndelete: 403\n";
    assert_eq!(output.stdout, expected, "{}", output.stderr);
    // The double has the reads and both writes, which it refused itself.
    let sent = sandbox.run_sh(&["--profile", "gcp-readonly"], "curl -s $DOUBLE/double/requests");
    let sent = sent.success().stdout;
    assert!(sent.contains("POST /upload/") && sent.contains("DELETE /storage/"), "{sent}");
    // The same calls with the rights to write.
    let all = ["--provider", "gcp", "--allow", "storage.*", "--resource", "gs://alpha"];
    let output = run_python(&sandbox, &all, GCP).success();
    assert_eq!(output.stdout, expected.replace("403", "ok"), "{}", output.stderr);
}

#[test]
fn azure_lets_the_profile_read_and_not_write() {
    let double = Double::start("azure_double.py");
    let mut sandbox = double.azure_user();
    sandbox.set("AUDEX_AZURE_CLIENT_ID", double.text("agent_id"));
    sandbox.set_secret("AUDEX_AZURE_CLIENT_SECRET", double.text("agent_secret"));
    let role = ["--method", "custom-role", "--require", "cloud"];
    let options = [&["--profile", "azure-readonly"], &role[..]].concat();
    let output = run_python(&sandbox, &options, AZURE).success();
    let expected =
        "read accounts: ok\nread machines: ok\nwrite a machine: 403\nwrite a role: 403\n";
    assert_eq!(output.stdout, expected, "{}", output.stderr);
    // The same calls with the right to write one of the two.
    let allow = "Microsoft.Storage/storageAccounts/read,Microsoft.Compute/virtualMachines/*";
    let options = [&["--provider", "azure", "--allow", allow], &role[..]].concat();
    let output = run_python(&sandbox, &options, AZURE).success();
    let expected = expected.replace("machine: 403", "machine: ok");
    assert_eq!(output.stdout, expected, "{}", output.stderr);
    // The tokens of the default method are good for all that the identity may do, and the plan does not hide it.
    let refused = ["run", "--profile", "azure-readonly", "--require", "cloud", "--", "true"];
    let _ = sandbox.run(refused).exits(77);
}
