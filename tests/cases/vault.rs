//! Credentials from Vault allow exactly the requested permissions, and nothing remains of them afterwards.

use std::fs::{Permissions, set_permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use audex_loopback::Seed;
use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::aws_cli::script;
use crate::support::{Output, Sandbox, VaultDouble, seeds};

const READ: [&str; 6] =
    ["--provider", "vault", "--allow", "s3:GetObject", "--resource", "arn:aws:s3:::demo-reports/*"];
const CALLS: [(&str, &str); 3] = [
    ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
    ("other bucket", "s3api get-object --bucket demo-secrets --key payroll.csv /dev/null"),
    ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
];
const ONLY_THE_READ: &str = "delete: AccessDenied\nother bucket: AccessDenied\nread: ok\n";
const DOCUMENT_FILE: &str = ".config/audex/vault-config.toml";

/// With the demo's account; the user has a token of their own.
fn with_token() -> (Sandbox, VaultDouble) {
    of_seed(Seed::demo(), "developer")
}

fn of_seed(seed: Seed, source: &str) -> (Sandbox, VaultDouble) {
    let mut sandbox = Sandbox::with_seed(seed, source).with_aws_cli();
    let vault = VaultDouble::start(&mut sandbox, source, source);
    sandbox.set("VAULT_TOKEN", &vault.token);
    (sandbox, vault)
}

/// Logs in instead of having a token.
fn with_approle() -> (Sandbox, VaultDouble) {
    let (mut sandbox, vault) = with_token();
    sandbox
        .unset("VAULT_TOKEN")
        .set("VAULT_ROLE_ID", "my-role-id")
        .set("VAULT_SECRET_ID", &vault.secret_id);
    (sandbox, vault)
}

fn plant_config(sandbox: &mut Sandbox, text: &str) {
    let path = sandbox.plant(DOCUMENT_FILE, text);
    set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

#[track_caller]
fn only_the_read(sandbox: &Sandbox, options: &[&str], method: &str) {
    let output = sandbox.run_sh(&[&READ, options, &["--json"]].concat(), &script(&CALLS)).success();
    assert_eq!(output.stdout, ONLY_THE_READ, "{}", output.stderr);
    let events = output.stderr_json();
    let started = events.iter().find(|event| event["event"] == "started").expect("a started event");
    assert_eq!((&started["method"], &started["provider"]), (&json!(method), &json!("vault")));
}

#[track_caller]
fn says(output: &Output, words: &[&str]) {
    for word in words {
        assert!(output.stderr.contains(word), "`{word}` is not in:\n{}", output.stderr);
    }
}

fn last_reason(sandbox: &Sandbox) -> String {
    sandbox.audit().last().unwrap()["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn only_the_read_is_allowed_and_the_lease_is_revoked() {
    let (sandbox, vault) = with_token();
    only_the_read(&sandbox, &[], "vault-sts");
    vault.is_clean();
    assert_eq!(last_reason(&sandbox), "revoked");
    let issued = sandbox.audit().into_iter().find(|record| record["event"] == "issued").unwrap();
    assert!(issued["lease"].as_str().unwrap().starts_with("aws/sts/my-vault-role/"), "{issued}");
}

#[test]
fn thirty_seconds_are_thirty_seconds() {
    let (sandbox, vault) = with_token();
    only_the_read(&sandbox, &["--ttl", "30s"], "vault-sts");
    vault.is_clean();
}

#[test]
fn every_type_of_credentials_is_narrowed() {
    for (role, method) in [("session", "vault-sts"), ("fed", "vault-sts"), ("user", "vault-creds")]
    {
        let (mut sandbox, vault) = of_seed(seeds::analyst(), "analyst");
        sandbox.set("AUDEX_VAULT_ROLE", role);
        only_the_read(&sandbox, &[], method);
        vault.is_clean();
    }
}

#[test]
fn a_login_by_approle_is_revoked_with_its_leases() {
    let (sandbox, vault) = with_approle();
    only_the_read(&sandbox, &[], "vault-sts");
    // Its policies do not allow sys/leases/revoke, so the end of the login is what ends the lease.
    assert_eq!(
        (vault.count("PUT sys/leases/revoke"), vault.count("POST auth/token/revoke-self")),
        (1, 1)
    );
    assert_eq!(last_reason(&sandbox), "revoked");
    vault.is_clean();
}

#[test]
fn the_documents_approle_file_is_enough() {
    let (mut sandbox, vault) = with_token();
    for name in ["VAULT_TOKEN", "VAULT_ADDR", "AUDEX_VAULT_ROLE"] {
        sandbox.unset(name);
    }
    let text = format!(
        "[vault]\naddress = \"{}\"\nauth = {{ method = \"approle\", role_id = \"my-role-id\", secret_id = \"{}\" }}\n\
         mount = \"aws\" # AWS secrets engine mount path\nrole = \"my-vault-role\" # Vault role\n",
        vault.address, vault.secret_id
    );
    plant_config(&mut sandbox, &text);
    only_the_read(&sandbox, &[], "vault-sts");
    vault.is_clean();
    set_permissions(sandbox.home().join(DOCUMENT_FILE), Permissions::from_mode(0o644)).unwrap();
    let output = sandbox.run_sh(&READ, "true").exits(78);
    says(&output, &["holds a secret, and others may read it", "chmod 600"]);
}

#[test]
fn the_documents_kubernetes_file_is_enough_and_the_token_is_read_at_each_login() {
    let (mut sandbox, vault) = with_token();
    sandbox.unset("VAULT_TOKEN").unset("AUDEX_VAULT_ROLE");
    plant_config(
        &mut sandbox,
        "[vault]\nauth = { method = \"kubernetes\", role = \"my-k8s-role\" }\nmount = \"aws\"\nrole = \"my-vault-role\"\n",
    );
    let path = sandbox.plant("pod/token", "ey.the-kubelet-replaced-it");
    sandbox.set("AUDEX_K8S_TOKEN_PATH", &path);
    says(&sandbox.run_sh(&READ, "true").exits(77), &["Vault refused the Kubernetes login"]);
    sandbox.plant("pod/token", format!("{}\n", vault.jwt));
    only_the_read(&sandbox, &[], "vault-sts");
    vault.is_clean();
    sandbox.unset("AUDEX_K8S_TOKEN_PATH");
    let output = sandbox.run_sh(&READ, "true").exits(69);
    says(&output, &["/var/run/secrets/kubernetes.io/serviceaccount/token", "token_path"]);
}

#[test]
fn the_token_of_vault_login_is_used_and_kept() {
    let (mut sandbox, vault) = with_token();
    sandbox.unset("VAULT_TOKEN");
    sandbox.plant(".vault-token", format!("{}\n", vault.token));
    only_the_read(&sandbox, &[], "vault-sts");
    vault.is_clean();
}

#[test]
fn the_documents_commands_work() {
    let (sandbox, vault) = with_approle();
    let command = ["--", "aws", "s3api", "list-objects-v2", "--bucket", "demo-reports"];
    let run = ["run", "--provider", "vault", "--allow", "s3:GetObject,s3:ListBucket"];
    let output = sandbox.run([&run[..], &command].concat()).success();
    assert!(output.stdout.contains("readme.txt"), "{}", output.stdout);
    // As the document has it: listing the buckets takes a permission of its own.
    let _ = sandbox.run([&run[..], &["--", "aws", "s3", "ls"]].concat()).exits(255);
    let profile = ["run", "--provider", "vault", "--profile", "s3-readonly"];
    let _ = sandbox.run([&profile[..], &command].concat()).success();
    let universal = ["run", "--provider", "vault", "--allow", "storage:read"];
    let _ = sandbox.run([&universal[..], &command].concat()).success();
    vault.is_clean();
}

#[test]
fn the_plan_asks_vault_nothing() {
    let (sandbox, vault) = with_token();
    let plan = sandbox.run([&["plan"], &READ[..], &["--json"]].concat()).success().json();
    assert_eq!(plan["permissions"][0]["enforced_by"], "cloud", "{plan}");
    assert_eq!(vault.state()["log"], json!([]));
}

#[test]
fn the_parents_login_is_not_in_the_child() {
    let (sandbox, _vault) = with_approle();
    let output =
        sandbox.tryaudex([&["run"], &READ[..], &["--", "env"]].concat()).shows_issued_secrets();
    let output = output.output().success();
    for name in ["VAULT_TOKEN=", "VAULT_ROLE_ID=", "VAULT_SECRET_ID="] {
        assert!(!output.stdout.contains(name), "{name}");
    }
    assert!(output.stdout.contains("AWS_SESSION_TOKEN="));
}

#[test]
fn a_lease_is_revoked_when_a_signal_ends_the_command() {
    let (sandbox, vault) = with_approle();
    let mut running = sandbox
        .tryaudex([&["run"], &READ[..], &["--", "sh", "-c", "echo up; exec sleep 60"]].concat())
        .start();
    assert_eq!(running.line(), "up");
    assert_eq!(vault.state()["leases"].as_array().unwrap().len(), 1);
    running.signal(Signal::SIGTERM);
    let _ = running.finish().exits(143);
    vault.is_clean();
}

#[test]
fn what_vault_issued_is_taken_back_when_a_signal_comes_before_the_command() {
    for (mut sandbox, vault) in [with_token(), with_approle()] {
        // STS takes the request and never answers: Vault has issued, and nothing is narrowed yet.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        sandbox.set("AWS_ENDPOINT_URL_STS", format!("http://{}", silent.local_addr().unwrap()));
        let running =
            sandbox.tryaudex([&["run"], &READ[..], &["--", "echo", "ran"]].concat()).start();
        let _asked = silent.accept().unwrap();
        assert_eq!(vault.state()["leases"].as_array().unwrap().len(), 1);
        running.signal(Signal::SIGTERM);
        assert_eq!(running.finish().exits(143).stdout, "");
        vault.is_clean();
    }
}

#[test]
fn a_lease_is_revoked_when_the_deadline_ends_the_command() {
    let (sandbox, vault) = with_token();
    let _ = sandbox
        .run_sh(&[&READ[..], &["--ttl", "1s", "--on-expiry", "end"]].concat(), "sleep 60")
        .exits(143);
    vault.is_clean();
}

#[test]
fn what_cannot_be_narrowed_is_given_to_nobody() {
    let mut seed = Seed::demo();
    seed.deny_scoped_credentials = true;
    let (sandbox, vault) = of_seed(seed, "developer");
    let output = sandbox.run_sh(&READ, "echo ran").exits(77);
    says(
        &output,
        &[
            "could not be narrowed",
            "sts:GetScopedCredentials",
            "--method vault-unscoped --require none",
        ],
    );
    assert_eq!(output.stdout, "");
    vault.is_clean();
    let unscoped = [&READ[..], &["--method", "vault-unscoped"]].concat();
    says(&sandbox.run_sh(&unscoped, "echo ran").exits(77), &["would be enforced by `none`"]);
    let forced = [&unscoped[..], &["--require", "none"]].concat();
    let output = sandbox.run_sh(&forced, &script(&CALLS)).success();
    assert!(output.stdout.contains("delete: ok"), "{}", output.stdout);
    says(&output, &["nobody keeps the command to these permissions"]);
    vault.is_clean();
}

#[test]
fn a_standby_leads_to_the_leader_with_the_token() {
    let (mut sandbox, leader) = with_token();
    let mut other = Sandbox::new();
    let standby = VaultDouble::start(&mut other, "developer", "developer");
    standby.set(&json!({ "leader": leader.address }));
    sandbox.set("VAULT_ADDR", &standby.address).set("VAULT_NAMESPACE", "team/");
    only_the_read(&sandbox, &[], "vault-sts");
    assert_eq!(leader.count("PUT aws/sts/my-vault-role in team/"), 1);
    leader.is_clean();
    // One step, not two.
    leader.set(&json!({ "leader": standby.address }));
    says(
        &sandbox.run_sh(&READ, "true").exits(69),
        &["standby", "point VAULT_ADDR at the active node"],
    );
}

#[test]
fn every_refusal_says_what_to_do() {
    let (mut sandbox, vault) = with_approle();
    let fails = |sandbox: &Sandbox, code: i32, words: &[&str]| {
        says(&sandbox.run_sh(&READ, "echo ran").exits(code), words);
    };
    sandbox.set("AUDEX_VAULT_ROLE", "none");
    fails(&sandbox, 78, &["Role 'none' not found", "AUDEX_VAULT_ROLE"]);
    sandbox.set("AUDEX_VAULT_ROLE", "my-vault-role").set("AUDEX_VAULT_MOUNT", "elsewhere");
    fails(&sandbox, 77, &["Vault denied `elsewhere/sts/my-vault-role`", "must allow `update`"]);
    sandbox.unset("AUDEX_VAULT_MOUNT").set("VAULT_SECRET_ID", "used-up");
    fails(&sandbox, 77, &["invalid secret id", "the SecretID has expired or was used up"]);
    sandbox.unset("VAULT_SECRET_ID");
    fails(&sandbox, 69, &["the AppRole login has no secret id"]);
    sandbox.unset("VAULT_ROLE_ID");
    fails(&sandbox, 69, &["no Vault token was found", "vault login"]);
    sandbox.set("VAULT_TOKEN", "hvs.expired");
    fails(&sandbox, 77, &["does not accept the token", "log in again"]);
    vault.set(&json!({ "sealed": true }));
    fails(&sandbox, 69, &["Vault is sealed", "unseal"]);
    sandbox.set("VAULT_ADDR", "http://vault.example.com:8200");
    fails(&sandbox, 78, &["would be sent in clear", "use https"]);
    sandbox.set("VAULT_ADDR", "http://127.0.0.1:1");
    fails(&sandbox, 69, &["onnect"]);
    sandbox.unset("VAULT_ADDR");
    fails(&sandbox, 78, &["no address of a Vault server", "VAULT_ADDR"]);
    vault.set(&json!({ "sealed": false }));
    vault.is_clean();
}

#[test]
fn a_server_of_an_own_authority_is_trusted_if_that_is_named_and_not_otherwise() {
    let (mut sandbox, vault) = with_approle();
    sandbox.set("VAULT_ADDR", &vault.tls_address);
    says(&sandbox.run_sh(&READ, "true").exits(69), &["certificate", "VAULT_CACERT"]);
    let path = sandbox.plant("ca.pem", &vault.ca);
    sandbox.set("VAULT_CACERT", &path);
    only_the_read(&sandbox, &[], "vault-sts");
    vault.is_clean();
    sandbox.plant("ca.pem", "nothing");
    says(&sandbox.run_sh(&READ, "true").exits(78), &["ca.pem", "has no certificate"]);
}

#[test]
fn a_mount_that_is_not_there_is_named() {
    let (mut sandbox, vault) = with_token();
    vault.set(&json!({ "user_policy": "root" }));
    sandbox.set("AUDEX_VAULT_MOUNT", "elsewhere");
    says(
        &sandbox.run_sh(&READ, "true").exits(78),
        &["nothing mounted at `elsewhere`", "AUDEX_VAULT_MOUNT"],
    );
}

#[test]
fn a_lease_that_could_not_be_revoked_is_cleaned_up_later() {
    let (sandbox, vault) = with_token();
    vault.set(&json!({ "refuse_revoke": true }));
    let output = sandbox.run_sh(&READ, "true").success();
    says(&output, &["not revoked", "AWS is out of order"]);
    assert!(last_reason(&sandbox).starts_with("not revoked: "), "{}", last_reason(&sandbox));
    let output = sandbox.run(["cleanup"]).exits(69);
    assert!(output.stdout.contains("not revoked"), "{}", output.stdout);
    vault.set(&json!({ "refuse_revoke": false }));
    let left = sandbox.run(["cleanup", "--dry-run", "--json"]).exits(69).json();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["provider"]), (1, &json!("vault")));
    assert_eq!(sandbox.run(["cleanup", "--json"]).success().json()[0]["outcome"], "revoked");
    vault.is_clean();
    assert_eq!(sandbox.run(["cleanup"]).success().stdout, "nothing to revoke\n");
    let _ = sandbox.run(["audit", "verify"]).success();
    assert_eq!(sandbox.events().iter().filter(|event| *event == "cleaned_up").count(), 2);
}

#[test]
fn health_says_who_and_what() {
    let (mut sandbox, vault) = with_token();
    let check = ["health", "--check", "vault"];
    let output = sandbox.run(check).success();
    for word in
        ["Vault 1.21.0, active", "token-user", "`aws/roles/my-vault-role` issues assumed_role"]
    {
        assert!(output.stdout.contains(word), "{word}: {}", output.stdout);
    }
    sandbox.set("AUDEX_VAULT_ROLE", "none");
    assert!(
        sandbox.run(check).exits(69).stdout.contains("unknown")
            || vault.count("GET aws/roles/none") == 1
    );
    sandbox
        .unset("VAULT_TOKEN")
        .set("VAULT_ROLE_ID", "my-role-id")
        .set("VAULT_SECRET_ID", &vault.secret_id);
    sandbox.set("AUDEX_VAULT_ROLE", "my-vault-role");
    assert!(sandbox.run(check).success().stdout.contains("approle"));
    vault.set(&json!({ "sealed": true }));
    let output = sandbox.run(check).exits(69);
    assert!(
        output.stdout.contains("Vault is sealed") && output.stdout.contains("unseal"),
        "{}",
        output.stdout
    );
    vault.set(&json!({ "sealed": false }));
    vault.is_clean();
}
