//! Installed providers: what they deliver, the id they answer under, and what they may enforce by.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::plugin_files::{inspect, plugins};
use super::plugins::took_part;
use crate::support::Sandbox;
use crate::support::guests::Guest;

#[test]
fn an_installed_provider_delivers_what_it_makes() {
    let mut sandbox = Sandbox::without_cloud();
    sandbox.set("AUDEX_ACME_BUILDING", "north");
    let installed = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    assert!(installed.stdout.contains("use it with `--provider acme`"), "{}", installed.stdout);
    let plan = sandbox
        .run(["plan", "--provider", "acme", "--allow", "door:open", "--json"])
        .success()
        .json();
    assert_eq!(
        (took_part(&plan, "provider"), &plan["method"]),
        (vec!["provider-static"], &json!("static-token"))
    );
    assert_eq!(plan["permissions"][0]["enforced_by"], "token");

    let script = "echo $ACME_ACCOUNT; test \"$ACME_TOKEN\" = \"$(cat $ACME_CREDENTIALS)\" && echo ${ACME_TOKEN%%-audex*}; stat -c %a $ACME_CREDENTIALS; echo ${AUDEX_ACME_BUILDING-gone}";
    let run = sandbox.run_sh(&["--provider", "acme", "--allow", "door:open"], script).success();
    assert_eq!(run.stdout, "north\nacme-north\n600\ngone\n");
    assert_eq!(sandbox.session_directories(), [""; 0].map(PathBuf::from));
    let file =
        sandbox.plant(".config/audex/config.toml", "[providers.acme]\nbuilding = \"south\"\n");
    sandbox.unset("AUDEX_ACME_BUILDING");
    let run = sandbox
        .run_sh(&["--provider", "acme", "--allow", "door:open"], "echo $ACME_ACCOUNT")
        .success();
    assert_eq!(run.stdout, "south\n");
    fs::write(file, "[providers.acme]\nfloor = \"2\"\n").unwrap();
    let unknown = sandbox.run(["plan", "--provider", "acme", "--allow", "door:open"]).exits(78);
    assert!(
        unknown.stderr.contains("config.toml:2: provider `acme` has no setting `floor`"),
        "{}",
        unknown.stderr
    );
    let malformed = sandbox
        .tryaudex(["plan", "--provider", "acme", "--allow", "open"])
        .env("AUDEX_CONFIG_DIR", sandbox.home())
        .output();
    assert!(malformed.exits(2).stderr.contains("thing:verb, for example `door:open`"));
}

#[test]
fn what_a_provider_sets_is_said_before_it_is_granted_anything_and_shown_afterwards() {
    let mut sandbox = Sandbox::without_cloud();
    let installed = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    let said =
        "`provider-static` 0.1.0 sets ACME_ACCOUNT, ACME_TOKEN, ACME_CREDENTIALS for commands\n";
    assert!(installed.stderr.contains(said), "{}", installed.stderr);
    let hostile = Guest::of("hostile-provider").install(&mut sandbox, &[]).exits(2);
    let (sets, asks) = (
        hostile.stderr.find("AWS_SESSION_TOKEN, HOSTILE_TOKEN for commands"),
        hostile.stderr.find("asks"),
    );
    assert!(sets.is_some() && sets < asks, "{}", hostile.stderr);

    let sets = json!(["ACME_ACCOUNT", "ACME_TOKEN", "ACME_CREDENTIALS"]);
    assert_eq!(inspect(&sandbox, "provider-static")["sets"], sets);
    let list = sandbox.run(["plugin", "list", "--json"]).success().json();
    assert_eq!(list.as_array().unwrap().last().unwrap()["sets"], sets);
    let text = sandbox.run(["plugin", "inspect", "provider-static"]).success().stdout;
    assert!(text.contains("sets      ACME_ACCOUNT\n          ACME_TOKEN\n"), "{text}");
}

#[test]
fn the_files_of_an_installed_provider_lie_apart_from_the_hosts() {
    let mut sandbox = Sandbox::without_cloud();
    let guest = Guest::of("provider-static").replacing("acme/token", "aws-config");
    let _ = guest.install(&mut sandbox, &[]).success();
    let script =
        "wc -c < $AWS_CONFIG_FILE; echo ${ACME_CREDENTIALS#${AWS_CONFIG_FILE%/aws-config}}";
    let run = sandbox.run_sh(&["--provider", "acme", "--allow", "door:open"], script).success();
    assert_eq!(run.stdout, "0\n/provider/aws-config\n");
}

#[test]
fn a_killed_session_that_nobody_can_end_is_named_by_cleanup() {
    let mut sandbox = Sandbox::without_cloud();
    let _ = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    let run = ["--provider", "acme", "--allow", "door:open"];
    let _ = sandbox.run_sh(&run, "true").success();
    assert!(!sandbox.run(["cleanup"]).stderr.contains("was not recorded as ended"));
    assert_eq!(sandbox.run_sh(&run, "kill -9 $PPID").code, -9);
    let cleanup = sandbox.run(["cleanup"]);
    assert!(cleanup.stdout.contains("nothing to revoke"), "{}", cleanup.stdout);
    let said =
        "(acme) was not recorded as ended: its command may still run, and its access lasts until 2";
    assert!(cleanup.stderr.contains(said), "{}", cleanup.stderr);
}

#[test]
fn two_providers_whose_ids_begin_alike_are_not_installed_together() {
    let longer = Guest::of("hostile-provider").playing("describe-longer");
    let shorter = Guest::of("provider-static");
    let grants = ["slot:aws", "http:api.example.com", "secret:HOSTILE_SOURCE"];
    for (first, second) in
        [((&longer, &grants[..]), (&shorter, &[][..])), ((&shorter, &[]), (&longer, &grants))]
    {
        let mut sandbox = Sandbox::without_cloud();
        let _ = first.0.install(&mut sandbox, first.1).success();
        let refused = second.0.install(&mut sandbox, second.1).exits(2);
        assert!(
            refused.stderr.contains("begin alike: their settings could share"),
            "{}",
            refused.stderr
        );
        // Itself it may replace.
        let _ = first.0.install(&mut sandbox, first.1).success();
    }
}

#[test]
fn a_provider_answers_under_the_id_it_was_installed_with_alone() {
    let mut sandbox = Sandbox::without_cloud();
    let _ = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    let lock = plugins(&sandbox).join("plugins.lock");
    let changed =
        fs::read_to_string(&lock).unwrap().replace("provides = \"acme\"", "provides = \"oci\"");
    fs::write(&lock, changed).unwrap();
    let refused = sandbox
        .run(["run", "--provider", "oci", "--allow", "door:open", "--", "touch", "ran"])
        .exits(78);
    assert!(refused.stderr.contains("its MAC is not right"), "{}", refused.stderr);
    assert!(!sandbox.home().join("ran").exists());
}

#[test]
fn what_a_provider_enforces_by_less_than_is_required_is_refused() {
    let mut sandbox = Sandbox::without_cloud();
    let _ = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    let refused = sandbox
        .run([
            "run",
            "--provider",
            "acme",
            "--require",
            "cloud",
            "--allow",
            "door:open",
            "--",
            "touch",
            "ran",
        ])
        .exits(77);
    assert!(
        refused
            .stderr
            .contains("`door:open` would be enforced by `token`, and --require asks for `cloud`"),
        "{}",
        refused.stderr
    );
    assert!(!sandbox.home().join("ran").exists());
}
