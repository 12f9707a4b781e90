//! Azure with `--method custom-role`: the cloud limits an identity to exactly the requested permissions, and
//! nothing remains afterwards.

use crate::support::double::{Double, run_python};
use crate::support::{Output, Sandbox};

const READ: &str = "Microsoft.Storage/storageAccounts/read";
/// What the identity can do at Resource Manager and Key Vault, one line each.
const CALLS: &str = r#"
import os, urllib.error, urllib.request
from azure.identity import ManagedIdentityCredential
credential = ManagedIdentityCredential(client_id=os.environ.get("AGENT"))
def call(name, path, audience="https://management.azure.com", method="GET"):
    try:
        token = credential.get_token(audience + "/.default").token
        request = urllib.request.Request(os.environ["DOUBLE"] + path, method=method, headers={"Authorization": "Bearer " + token})
        urllib.request.urlopen(request)
        print(f"{name}: ok")
    except urllib.error.HTTPError as error:
        print(f"{name}: {error.code}")
    except Exception as error:
        print(f"{name}: {type(error).__name__}")
base = "/subscriptions/" + os.environ["AZURE_SUBSCRIPTION_ID"]
call("accounts", base + "/providers/Microsoft.Storage/storageAccounts")
call("accounts of data", base + "/resourceGroups/data/providers/Microsoft.Storage/storageAccounts")
call("machines", base + "/providers/Microsoft.Compute/virtualMachines")
call("roles", base + "/providers/Microsoft.Authorization/roleDefinitions")
call("secret", "/secrets/db", "https://vault.azure.net")
"#;

fn user() -> (Double, Sandbox) {
    let double = Double::start("azure_double.py");
    let mut sandbox = double.azure_user();
    sandbox.set("AUDEX_AZURE_CLIENT_ID", double.text("agent_id"));
    sandbox.set_secret("AUDEX_AZURE_CLIENT_SECRET", double.text("agent_secret"));
    (double, sandbox)
}

/// Runs [`CALLS`] with a temporary role for `allow`, and `more` options.
fn calls(sandbox: &Sandbox, allow: &str, more: &[&str]) -> Output {
    let options =
        ["--provider", "azure", "--method", "custom-role", "--require", "cloud", "--allow", allow];
    run_python(sandbox, &[&options[..], more].concat(), CALLS)
}

/// Roles and assignments that the double has.
fn left(sandbox: &Sandbox) -> (usize, usize) {
    let script = "import os, urllib.request; print(urllib.request.urlopen(os.environ['DOUBLE'] + '/double/roles').read().decode())";
    let output =
        sandbox.program(crate::support::python::interpreter(), ["-c", script]).output().success();
    let state = output.json();
    let count = |of: &str| state[of].as_array().unwrap().len();
    (count("definitions"), count("assignments"))
}

const EVERYTHING: &str = "[\"*\"]";

/// Gives the identity a role called `name`, with the ids that ours have; Python's `uuid` says which those are.
pub(super) fn plant(sandbox: &mut Sandbox, double: &Double, name: &str, actions: &str) {
    const SCRIPT: &str = r#"
import json, os, sys, urllib.parse, urllib.request, uuid
base, at, name = os.environ["DOUBLE"], "/subscriptions/" + os.environ["AZURE_SUBSCRIPTION_ID"], sys.argv[1]
token = ""
def send(method, path, body):
    request = urllib.request.Request(base + path, body, {"Authorization": "Bearer " + token}, method=method)
    return json.load(urllib.request.urlopen(request))
form = {"grant_type": "client_credentials", "client_id": os.environ["AZURE_CLIENT_ID"], "client_secret": os.environ["AZURE_CLIENT_SECRET"],
        "scope": "https://management.azure.com/.default"}
token = send("POST", f"/{os.environ['AZURE_TENANT_ID']}/oauth2/v2.0/token", urllib.parse.urlencode(form).encode())["access_token"]
space = uuid.UUID("6d1f4a2e-0b5c-4f7e-9a31-5c2d8e47b09f")
role, held = uuid.uuid5(space, name), uuid.uuid5(space, f"{name} {at}")
def put(kind, id, properties):
    send("PUT", f"{at}/providers/Microsoft.Authorization/{kind}/{id}", json.dumps({"properties": properties}).encode())
put("roleDefinitions", role, {"roleName": name, "type": "CustomRole", "assignableScopes": [at], "permissions": [{"actions": json.loads(sys.argv[2])}]})
put("roleAssignments", held, {"roleDefinitionId": f"{at}/x/{role}", "principalId": os.environ["AGENT_OBJECT"], "principalType": "ServicePrincipal"})
"#;
    sandbox.set("AGENT_OBJECT", double.text("agent_object"));
    let interpreter = crate::support::python::interpreter();
    let _ = sandbox.program(interpreter, ["-c", SCRIPT, name, actions]).output().success();
}

#[test]
fn a_temporary_role_permits_what_was_asked_and_is_gone_afterwards() {
    let (_double, sandbox) = user();
    let output = calls(&sandbox, READ, &[]).success();
    assert_eq!(
        output.stdout,
        "accounts: ok\naccounts of data: ok\nmachines: 403\nroles: 403\nsecret: CredentialUnavailableError\n"
    );
    assert!(output.stderr.contains("waiting until the access works"), "{}", output.stderr);
    assert_eq!(left(&sandbox), (0, 0));
}

#[test]
fn a_role_holds_at_its_scope_only_and_data_actions_are_data_actions() {
    let (double, sandbox) = user();
    let group = format!("/subscriptions/{}/resourceGroups/data", double.text("subscription"));
    let allow = format!("{READ},Microsoft.KeyVault/vaults/secrets/getSecret/action");
    let output = calls(&sandbox, &allow, &["--resource", &group]).success();
    assert_eq!(
        output.stdout,
        "accounts: 403\naccounts of data: ok\nmachines: 403\nroles: 403\nsecret: ok\n"
    );
    assert_eq!(left(&sandbox), (0, 0));
}

#[test]
fn what_the_deny_list_forbids_is_not_in_the_role() {
    let (_double, mut sandbox) = user();
    sandbox.plant(
        ".config/audex/deny-list.toml",
        "[deny]\nactions = [\"Microsoft.Compute/*/read\"]\n",
    );
    let output =
        calls(&sandbox, "Microsoft.Storage/*,Microsoft.Compute/virtualMachines/*", &[]).success();
    assert!(
        output.stdout.starts_with("accounts: ok\naccounts of data: ok\nmachines: 403\n"),
        "{}",
        output.stdout
    );
}

#[test]
fn an_identity_that_has_a_role_already_is_refused_and_keeps_it() {
    let (double, sandbox) = user();
    let mut planting = double.azure_user();
    plant(&mut planting, &double, "other", EVERYTHING);
    let output = calls(&sandbox, READ, &[]).exits(77);
    assert!(
        output.stderr.contains("1 role assignments besides this session's"),
        "{}",
        output.stderr
    );
    assert_eq!(left(&sandbox), (1, 1));
    let health = sandbox.run(["health", "--check", "azure"]).exits(69);
    assert!(health.stdout.contains("has 1 role assignments"), "{}", health.stdout);
}

#[test]
fn the_role_goes_with_the_session_at_its_ttl_and_after_a_signal() {
    let (_double, sandbox) = user();
    let options =
        ["--provider", "azure", "--method", "custom-role", "--allow", READ, "--ttl", "1s"];
    let output = sandbox.run_sh(&options, "sleep 30").exits(143);
    assert!(output.stderr.contains("ended at its ttl"), "{}", output.stderr);
    assert_eq!(left(&sandbox), (0, 0));
    let options = ["--provider", "azure", "--method", "custom-role", "--allow", READ];
    let _ = sandbox.run_sh(&options, "kill -TERM $PPID; sleep 30").exits(143);
    assert_eq!(left(&sandbox), (0, 0));
}

#[test]
fn what_a_killed_session_left_is_found_by_name_once_it_is_over() {
    let (double, mut sandbox) = user();
    plant(&mut sandbox, &double, "audex-role-audex-gone-1700000000-0", EVERYTHING);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    plant(&mut sandbox, &double, &format!("audex-role-audex-live-{}-0", now + 600), EVERYTHING);
    plant(&mut sandbox, &double, "audex-role-of-somebody-else", EVERYTHING);
    let shown = sandbox.run(["cleanup", "--dry-run", "--json"]).exits(69).json();
    assert_eq!(shown.as_array().unwrap().len(), 1, "{shown}");
    assert!(
        shown[0]["lease"].as_str().unwrap().starts_with("custom-role audex-gone 1700000000 "),
        "{shown}"
    );
    assert_eq!(sandbox.run(["cleanup", "--json"]).success().json()[0]["outcome"], "revoked");
    // The session that may still run keeps its role, and so does everybody else.
    assert_eq!(left(&sandbox), (2, 2));
    assert_eq!(sandbox.run(["cleanup"]).success().stdout, "nothing to revoke\n");
}

#[test]
fn a_role_that_cannot_be_read_is_told_and_the_others_are_taken_back() {
    let (double, mut sandbox) = user();
    plant(&mut sandbox, &double, "unreadable", EVERYTHING);
    plant(&mut sandbox, &double, "audex-role-audex-gone-1700000000-0", EVERYTHING);
    let cleaned = sandbox.run(["cleanup", "--json"]).exits(69);
    assert_eq!(cleaned.json()[0]["outcome"], "revoked");
    let said = "has no readable name";
    assert!(cleaned.stderr.contains(said), "{}", cleaned.stderr);
    assert_eq!(left(&sandbox), (1, 1));
}

/// Waits until the audit log has an event `leasing` and the double a role, and returns the session.
fn wait_for_a_role(sandbox: &Sandbox) -> String {
    let began = std::time::Instant::now();
    loop {
        let leasing = sandbox.audit().into_iter().find(|record| record["event"] == "leasing");
        if let Some(record) = leasing
            && left(sandbox) == (1, 1)
        {
            return record["session"].as_str().unwrap().to_owned();
        }
        assert!(began.elapsed().as_secs() < 60, "no role was made");
    }
}

#[test]
fn what_a_killed_session_began_is_taken_back_from_the_record_alone() {
    let double = Double::start("azure_double.py");
    let mut sandbox = double.azure_user();
    sandbox.set_secret("AUDEX_AZURE_CLIENT_SECRET", double.text("agent_secret"));
    let id = double.text("agent_id");
    let options = [
        "run",
        "--provider",
        "azure",
        "--method",
        "custom-role",
        "--allow",
        READ,
        "--client-id",
        id,
    ];
    let running = sandbox.tryaudex([&options[..], &["--", "true"]].concat()).start();
    let session = wait_for_a_role(&sandbox);
    running.signal(nix::sys::signal::Signal::SIGKILL);
    let _ = running.finish().exits(-9);
    // It may still run, for all that the log says, so it is left alone and named.
    let output = sandbox.run(["cleanup"]).success();
    assert!(
        output.stderr.contains(&format!("tryaudex cleanup --session {session}")),
        "{}",
        output.stderr
    );
    assert_eq!(left(&sandbox), (1, 1));
    let cleaned = sandbox.run(["cleanup", "--session", &session, "--json"]).success().json();
    assert_eq!((cleaned.as_array().unwrap().len(), &cleaned[0]["outcome"]), (1, &"revoked".into()));
    assert_eq!(left(&sandbox), (0, 0));
    let again = sandbox.run(["cleanup", "--session", &session]).success();
    assert_eq!(again.stdout, "nothing to revoke\n");
    let unknown = sandbox.run(["cleanup", "--session", "audex-none"]).exits(2);
    assert!(
        unknown.stderr.contains("the audit log has no session `audex-none`"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn what_a_failed_session_began_is_taken_back_at_once_and_recorded() {
    let (double, sandbox) = user();
    let group = format!("/subscriptions/{}/resourceGroups/locked", double.text("subscription"));
    let output = calls(&sandbox, READ, &["--resource", &group]).exits(77);
    assert!(output.stderr.contains("would not assign a role"), "{}", output.stderr);
    assert_eq!(left(&sandbox), (0, 0));
    let last = sandbox.audit();
    let events: Vec<&str> = last.iter().map(|record| record["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["issuing", "leasing", "cleaned_up", "denied"]);
    assert_eq!(last[2]["outcome"], "revoked");
}

#[test]
fn what_the_record_does_not_know_is_found_by_the_identity_that_is_named() {
    let double = Double::start("azure_double.py");
    let mut sandbox = double.azure_user();
    plant(&mut sandbox, &double, "audex-role-audex-gone-1700000000-0", EVERYTHING);
    assert_eq!(sandbox.run(["cleanup"]).success().stdout, "nothing to revoke\n");
    let cleaned =
        sandbox.run(["cleanup", "--client-id", double.text("agent_id"), "--json"]).success().json();
    assert_eq!(cleaned[0]["outcome"], "revoked");
    assert_eq!(left(&sandbox), (0, 0));
}

#[test]
fn it_is_never_taken_unasked_and_says_what_it_lacks() {
    let (_double, sandbox) = user();
    let planned = |more: &[&str]| {
        sandbox.run([&["plan", "--provider", "azure", "--allow", READ, "--json"], more].concat())
    };
    assert_eq!(planned(&[]).success().json()["method"], "audience-tokens");
    let plan = planned(&["--method", "custom-role"]).success().json();
    assert_eq!(plan["permissions"][0]["enforced_by"], "cloud");
    assert!(plan["policy"].to_string().contains(READ), "{plan}");
    let mut poor = Double::start("azure_double.py").azure_user();
    let options =
        ["run", "--provider", "azure", "--method", "custom-role", "--allow", READ, "--", "true"];
    let output = poor.run(options).exits(78);
    assert!(output.stderr.contains("--client-id"), "{}", output.stderr);
    poor.set("AUDEX_AZURE_CLIENT_ID", "22222222-3333-4444-5555-666666666666");
    let output = poor.run(options).exits(69);
    assert!(output.stderr.contains("AUDEX_AZURE_CLIENT_SECRET"), "{}", output.stderr);
}
