//! Google Cloud: granted actions work with Google's own client, and the double denies all other actions.

use crate::support::double::{Double, run_python};
use crate::support::{Sandbox, python};

/// What a client of Cloud Storage can do, one line each: `NAME: ok`, or the status and what the double says.
const STORAGE: &str = r#"
import os
from google.cloud import storage
client = storage.Client(client_options={"api_endpoint": os.environ["DOUBLE"]})
def call(name, run):
    try:
        run()
        print(f"{name}: ok")
    except Exception as error:
        print(f"{name}: {getattr(error, 'code', '')} {type(error).__name__}")
bucket = lambda name: client.bucket(name)
call("read", lambda: bucket("alpha").blob("team/a.txt").download_as_bytes())
call("read elsewhere in the bucket", lambda: bucket("alpha").blob("other/b.txt").download_as_bytes())
call("read another bucket", lambda: bucket("beta").blob("hello.txt").download_as_bytes())
call("list", lambda: list(client.list_blobs("alpha", prefix="team/")))
call("list buckets", lambda: list(client.list_buckets()))
call("write", lambda: bucket("alpha").blob("team/new.txt").upload_from_string("x"))
call("delete", lambda: bucket("alpha").blob("team/a.txt").delete())
"#;

fn user() -> (Double, Sandbox) {
    let double = Double::start("gcp_double.py");
    let sandbox = double.gcp_user();
    (double, sandbox)
}

fn lines(allowed: &[&str]) -> String {
    let all = [
        "read",
        "read elsewhere in the bucket",
        "read another bucket",
        "list",
        "list buckets",
        "write",
        "delete",
    ];
    let line = |name: &&str| {
        if allowed.contains(name) {
            format!("{name}: ok\n")
        } else {
            format!("{name}: 403 Forbidden\n")
        }
    };
    all.iter().map(line).collect()
}

#[test]
fn a_bucket_is_a_boundary_that_the_cloud_keeps() {
    let (_double, sandbox) = user();
    let options = ["--profile", "gcs-readonly", "--resource", "gs://alpha"];
    let output = run_python(&sandbox, &options, STORAGE).success();
    assert_eq!(output.stdout, lines(&["read", "read elsewhere in the bucket", "list"]));
}

#[test]
fn a_federated_workload_is_a_source_like_any_other() {
    let double = Double::start("gcp_double.py");
    let mut sandbox = double.gcp_user();
    let subject = sandbox.plant("subject-token", double.text("foreign"));
    sandbox.plant_secret(double.text("foreign"));
    let file = serde_json::json!({
        "type": "external_account", "audience": double.text("pool"), "credential_source": { "file": subject },
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{}/v1/token", double.text("endpoint")),
    });
    let path = sandbox.plant("federated.json", file.to_string());
    sandbox.set("GOOGLE_APPLICATION_CREDENTIALS", path);
    let options = ["--profile", "gcs-readonly", "--resource", "gs://alpha"];
    let output = run_python(&sandbox, &options, STORAGE).success();
    assert_eq!(output.stdout, lines(&["read", "read elsewhere in the bucket", "list"]));
    sandbox.plant("subject-token", "of-somebody-else");
    let output = sandbox
        .run(["run", "--profile", "gcs-readonly", "--resource", "gs://alpha", "--", "true"])
        .exits(77);
    assert!(output.stderr.contains("not one of the pool's issuer"), "{}", output.stderr);
}

#[test]
fn a_prefix_is_a_boundary_inside_the_bucket() {
    let (_double, sandbox) = user();
    // A name that ends in `/` is a folder.
    for part in ["gs://alpha/team/*", "gs://alpha/team/"] {
        let output =
            run_python(&sandbox, &["--profile", "gcs-readonly", "--resource", part], STORAGE)
                .success();
        assert_eq!(output.stdout, lines(&["read", "list"]), "{part}");
    }
    let object = ["--profile", "gcs-readonly", "--resource", "gs://alpha/team"];
    assert_eq!(run_python(&sandbox, &object, STORAGE).success().stdout, lines(&[]));
}

#[test]
fn without_a_resource_the_scope_is_the_limit_and_the_plan_says_so() {
    let (_double, sandbox) = user();
    let output = run_python(&sandbox, &["--profile", "gcs-readonly"], STORAGE).success();
    let read =
        ["read", "read elsewhere in the bucket", "read another bucket", "list", "list buckets"];
    assert_eq!(output.stdout, lines(&read));
    let plan = sandbox.run(["plan", "--profile", "gcs-readonly", "--json"]).success().json();
    assert_eq!(plan["permissions"][0]["enforced_by"], "token");
    let _ = sandbox
        .run(["run", "--profile", "gcs-readonly", "--require", "cloud", "--", "true"])
        .exits(77);
}

#[test]
fn the_parents_own_login_is_out_of_sight() {
    let (_double, sandbox) = user();
    let script = "import os, google.auth\n\
                  credentials, project = google.auth.default()\n\
                  print(type(credentials).__name__, project)\n\
                  print(os.environ['GOOGLE_APPLICATION_CREDENTIALS'] != os.environ['HOME'] + '/key.json')\n\
                  print([name for name in os.environ if name.startswith('AUDEX_GCP')])\n";
    let output = run_python(&sandbox, &["--profile", "gcs-readonly"], script).success();
    assert_eq!(output.stdout, "Credentials audex-double\nTrue\n[]\n");
}

#[test]
fn at_the_deadline_the_metadata_server_answers_no_more() {
    let (_double, sandbox) = user();
    let ask = "curl -s -o /dev/null -w '%{http_code} ' -H 'Metadata-Flavor: Google' \
               $GCE_METADATA_HOST/computeMetadata/v1/instance/service-accounts/default/token";
    let script = format!("{ask}; sleep 3; {ask} || echo gone");
    let output = sandbox.run_sh(&["--profile", "gcs-readonly", "--ttl", "2s"], &script).success();
    assert!(["200 000 gone\n", "200 403 "].contains(&output.stdout.as_str()), "{}", output.stdout);
}

#[test]
fn a_service_account_that_may_not_be_impersonated_says_how_to_grant_it() {
    let (double, mut sandbox) = user();
    sandbox.set("AUDEX_GCP_SERVICE_ACCOUNT", double.text("other"));
    let output = sandbox.run(["run", "--profile", "gcs-readonly", "--", "true"]).exits(77);
    assert!(output.stderr.contains("roles/iam.serviceAccountTokenCreator"), "{}", output.stderr);
    sandbox.unset("AUDEX_GCP_SERVICE_ACCOUNT");
    let output = sandbox.run(["run", "--profile", "gcs-readonly", "--", "true"]).exits(78);
    assert!(output.stderr.contains("set AUDEX_GCP_SERVICE_ACCOUNT"), "{}", output.stderr);
}

#[test]
fn a_deny_list_that_the_token_could_not_keep_refuses() {
    let (_double, mut sandbox) = user();
    sandbox.plant(
        ".config/audex/deny-list.toml",
        "[deny]\nactions = [\"storage.objects.delete\", \"iam:*\"]\n",
    );
    // Reading gets a token that cannot delete; for a secret there is none but for everything.
    let output = run_python(&sandbox, &["--profile", "gcs-readonly"], STORAGE).success();
    assert!(output.stdout.contains("delete: 403"), "{}", output.stdout);
    let wide =
        ["run", "--provider", "gcp", "--allow", "secretmanager.versions.access", "--", "true"];
    let output = sandbox.run(wide).exits(77);
    assert!(output.stderr.contains("`storage.objects.delete` is denied"), "{}", output.stderr);
}

#[test]
fn every_line_of_the_document_can_be_planned() {
    let (_double, sandbox) = user();
    for allow in [
        "storage.objects.get",
        "storage.objects.get,storage.objects.list",
        "storage.objects.*",
        "storage.*.*",
        "storage:read",
        "storage:write",
        "database:read",
        "database:write",
        "compute:read",
        "secrets:read",
        "logs:read",
        "monitoring:read",
    ] {
        let _ = sandbox
            .run(["plan", "--provider", "gcp", "--allow", allow, "--", "gsutil", "ls"])
            .success();
    }
    for profile in ["gcs-readonly", "gcs-readwrite", "compute-readonly", "bigquery-readonly"] {
        let shown = sandbox.run(["policies", "show", profile, "--json"]).success().json();
        assert_eq!(shown["provider"], "gcp");
        let _ = sandbox.run(["policies", "export", profile]).success();
    }
    let health = sandbox.run(["health", "--check", "gcp"]).success();
    assert!(health.stdout.contains("can be impersonated"), "{}", health.stdout);
}

#[test]
fn the_double_enforces_as_googles_own_clients_see_it() {
    let check = python::tests().join("python/check_gcp_double.py");
    let output = Sandbox::without_cloud()
        .program(python::interpreter(), [check])
        .unscanned()
        .output()
        .success();
    assert!(output.stdout.ends_with(" passed, 0 failed\n"), "{}", output.stdout);
}
