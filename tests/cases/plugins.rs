//! External components: installation, use, replacement and removal, and changed files.

use std::fs;

use serde_json::{Value, json};

use super::plugin_files::{inspect, plugins, the_file};
use crate::support::Sandbox;
use crate::support::aws_cli::script;
use crate::support::guests::Guest;

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|component| component["name"].as_str().unwrap()).collect()
}

/// The names of the components that a plan says took part, by kind.
pub(super) fn took_part<'a>(plan: &'a Value, kind: &str) -> Vec<&'a str> {
    let all = plan["components"].as_array().unwrap().iter();
    all.filter(|component| component["kind"] == kind)
        .map(|component| component["name"].as_str().unwrap())
        .collect()
}

const BUILT_IN: [&str; 8] =
    ["aws", "azure", "gcp", "vault", "universal", "deny-list", "intent-claude", "intent-local"];

#[test]
fn a_component_is_installed_listed_inspected_and_removed() {
    let mut sandbox = Sandbox::without_cloud();
    let before = sandbox.run(["plugin", "list", "--json"]).success().json();
    assert_eq!(names(&before), BUILT_IN);

    let installed = Guest::of("filter-no-deletes").install(&mut sandbox, &[]).success();
    assert!(
        installed.stdout.starts_with("installed filter `filter-no-deletes` (sha256:"),
        "{}",
        installed.stdout
    );
    assert!(
        installed.stdout.contains("it takes part in every run from now on"),
        "{}",
        installed.stdout
    );
    let list = sandbox.run(["plugin", "list", "--json"]).success().json();
    assert_eq!(names(&list), [&BUILT_IN[..], &["filter-no-deletes"]].concat());
    let shown = inspect(&sandbox, "filter-no-deletes");
    assert_eq!(
        (&shown["kind"], &shown["imports"], &shown["granted"]),
        (&json!("filter"), &json!([]), &json!([]))
    );
    let text = sandbox.run(["plugin", "inspect", "filter-no-deletes"]).success().stdout;
    assert!(text.contains("asks for  nothing\n") && text.contains("imports   nothing\n"), "{text}");

    let list = sandbox.run(["plugin", "list"]).success().stdout;
    assert!(
        list.lines().any(|line| line.starts_with("filter-no-deletes") && line.ends_with(", dev")),
        "{list}"
    );
    // What is installed is tried by its name, like a file.
    let tried = sandbox.run(["plugin", "test", "filter-no-deletes"]).success().stdout;
    assert!(tried.lines().all(|line| !line.starts_with("WRONG")), "{tried}");
    let bench = ["plugin", "bench", "filter-no-deletes", "--samples", "2", "--json"];
    assert_eq!(sandbox.run(bench).success().json()["name"], "filter-no-deletes");
    for (name, why) in
        [("aws", "`aws` is part of this program"), ("none", "no component called `none`")]
    {
        let refused = sandbox.run(["plugin", "bench", name]).exits(2);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }

    let removed = sandbox.run(["plugin", "remove", "filter-no-deletes"]).success();
    assert!(
        removed.stdout.starts_with("removed filter `filter-no-deletes` (sha256:"),
        "{}",
        removed.stdout
    );
    assert_eq!(sandbox.run(["plugin", "list", "--json"]).success().json(), before);
    let mut left: Vec<_> =
        fs::read_dir(plugins(&sandbox)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["plugins.key", "plugins.lock"]);
    let again = sandbox.run(["plugin", "remove", "filter-no-deletes"]).exits(2);
    assert!(
        again.stderr.contains("no component called `filter-no-deletes` is installed"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_module_and_the_component_made_of_it_are_the_same_plugin() {
    let digest = |guest: Guest| {
        let mut sandbox = Sandbox::without_cloud();
        let _ = guest.install(&mut sandbox, &[]).success();
        inspect(&sandbox, "mapping-house")["digest"].clone()
    };
    assert_eq!(digest(Guest::of("mapping-house")), digest(Guest::of("mapping-house").encoded()));
}

#[test]
fn a_file_can_be_inspected_before_it_is_installed() {
    let mut sandbox = Sandbox::without_cloud();
    let path = Guest::of("provider-static").plant(&mut sandbox);
    let shown = inspect(&sandbox, path.to_str().unwrap());
    assert_eq!((&shown["name"], &shown["granted"]), (&json!("provider-static"), &json!([])));
    assert!(shown["source"].as_str().unwrap().ends_with("(not installed)"));
    assert!(!plugins(&sandbox).exists());
}

#[test]
fn built_in_components_import_our_interfaces_alone_and_pure_ones_nothing() {
    let sandbox = Sandbox::without_cloud();
    for name in ["universal", "deny-list"] {
        let shown = inspect(&sandbox, name);
        assert_eq!((&shown["imports"], &shown["requested"]), (&json!([]), &json!([])), "{name}");
    }
    let aws = inspect(&sandbox, "aws");
    let hosts = [
        "cloudtrail.{region}.amazonaws.com",
        "cloudtrail.{region}.amazonaws.com.cn",
        "iam.amazonaws.com",
        "iam.us-gov.amazonaws.com",
        "iam.cn-north-1.amazonaws.com.cn",
    ];
    let asked: Vec<String> = std::iter::once("slot:aws".to_owned())
        .chain(hosts.iter().map(|host| format!("http:{host}")))
        .collect();
    assert_eq!(aws["requested"], json!(asked));
    let local = inspect(&sandbox, "intent-local");
    assert_eq!((&local["kind"], &local["requested"]), (&json!("intent"), &json!([])));
    let claude = inspect(&sandbox, "intent-claude");
    assert_eq!(claude["requested"], json!(["http:api.anthropic.com", "secret:ANTHROPIC_API_KEY"]));
    let imports = aws["imports"].as_array().unwrap();
    let ours = |import: &Value| import.as_str().unwrap().starts_with("audex:plugin/");
    assert!(!imports.is_empty() && imports.iter().all(ours), "{imports:?}");
}

#[test]
fn an_installed_filter_takes_away_and_the_plan_names_it() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("filter-no-deletes").install(&mut sandbox, &[]).success();
    let plan =
        sandbox.run(["plan", "--allow", "s3:GetObject,s3:DeleteObject", "--json"]).success().json();
    let actions: Vec<_> =
        plan["permissions"].as_array().unwrap().iter().map(|p| p["action"].clone()).collect();
    assert_eq!(actions, ["s3:GetObject"]);
    let denied = json!([{ "action": "s3:DeleteObject", "by": "filter-no-deletes", "reason": "this team deletes by ticket" }]);
    assert_eq!(plan["denied"], denied);
    assert_eq!(took_part(&plan, "filter"), ["deny-list", "filter-no-deletes"]);

    let refused =
        sandbox.run(["run", "--allow", "s3:DeleteObject", "--", "touch", "ran"]).exits(77);
    assert!(
        refused
            .stderr
            .contains("`s3:DeleteObject` by `filter-no-deletes` (this team deletes by ticket)"),
        "{}",
        refused.stderr
    );
    assert!(!sandbox.home().join("ran").exists() && sandbox.cloud().requests().is_empty());
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).success();
    assert!(sandbox.home().join("ran").exists());
    let record = &sandbox.audit()[1];
    assert!(record["components"]["filter-no-deletes"].is_string(), "{record}");
}

#[test]
fn a_wildcard_does_not_get_around_a_filter_that_forbids_deletes() {
    let mut sandbox = Sandbox::new().with_aws_cli();
    let _ = Guest::of("filter-no-deletes").install(&mut sandbox, &[]).success();
    let calls = [
        ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
        ("delete bucket", "s3api delete-bucket --bucket demo-secrets"),
        ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
    ];
    for allow in ["s3:*", "s3:?e*", "S3:g*,s3:DeleteObject,s3:D*"] {
        let output = sandbox.run_sh(&["--allow", allow], &script(&calls)).success();
        assert_eq!(
            output.stdout, "delete: AccessDenied\ndelete bucket: AccessDenied\nread: ok\n",
            "{allow}"
        );
    }
    // Nothing to delete with, nothing to say.
    let plan = sandbox.run(["plan", "--allow", "s3:Get*", "--json"]).success().json();
    assert!(!plan["policy"].to_string().contains("Deny"), "{plan}");
}

#[test]
fn a_configured_mapping_replaces_the_built_in_one() {
    let mut sandbox = Sandbox::new();
    let installed = Guest::of("mapping-house").install(&mut sandbox, &[]).success();
    assert!(
        installed.stdout.contains("`[mapping] component = \"mapping-house\"`"),
        "{}",
        installed.stdout
    );
    let unused = sandbox.run(["plan", "--allow", "storage:read", "--json"]).success().json();
    assert_eq!(took_part(&unused, "mapping"), ["universal"]);

    let config =
        sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"mapping-house\"\n");
    let plan = sandbox.run(["plan", "--allow", "reports:read", "--json"]).success().json();
    assert_eq!(took_part(&plan, "mapping"), ["mapping-house"]);
    let origins: Vec<_> = plan["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (&p["action"], &p["origin"]))
        .collect();
    let reports = json!("reports:read");
    assert_eq!(origins, [(&json!("s3:GetObject"), &reports), (&json!("s3:ListBucket"), &reports)]);
    let unmappable = sandbox.run(["plan", "--allow", "door:read"]).exits(2);
    assert!(
        unmappable.stderr.contains("`door:read` means nothing on provider `aws`"),
        "{}",
        unmappable.stderr
    );

    fs::write(&config, "[mapping]\ncomponent = \"nobody\"\n").unwrap();
    let missing = sandbox.run(["plan", "--allow", "reports:read"]).exits(78);
    assert!(
        missing.stderr.contains("no mapping component is called `nobody`"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_filter_gets_its_own_settings_and_no_others() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("hostile-filter").playing("settings").install(&mut sandbox, &[]).success();
    let bare = sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(77);
    assert!(bare.stderr.contains("filter `hostile-filter` refused: {}"), "{}", bare.stderr);
    let config =
        sandbox.plant(".config/audex/config.toml", "[filters.hostile-filter]\nhours = [9, 17]\n");
    let given = sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(77);
    assert!(given.stderr.contains(r#"refused: {"hours":[9,17]}"#), "{}", given.stderr);
    assert!(given.stderr.contains("config.toml:1\n"), "{}", given.stderr);
    fs::write(config, "[filters.office-hours]\nhours = [9, 17]\n").unwrap();
    let unknown = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).exits(78);
    assert!(
        unknown
            .stderr
            .contains("config.toml:1: filter `office-hours` has settings and is not installed"),
        "{}",
        unknown.stderr
    );
    assert!(!sandbox.home().join("ran").exists());
}

#[test]
fn installing_again_replaces_and_another_kind_or_id_does_not() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("hostile-filter").playing("refuse").install(&mut sandbox, &[]).success();
    let old = the_file(&plugins(&sandbox), "wasm");
    let _ = Guest::of("hostile-filter").install(&mut sandbox, &[]).success();
    let digest = inspect(&sandbox, "hostile-filter")["digest"].as_str().unwrap().to_owned();
    assert_ne!(old.file_stem().unwrap().to_str().unwrap(), digest);
    let _ = sandbox.run(["plan", "--allow", "s3:GetObject"]).success();

    let other_kind = Guest::of("mapping-house");
    let other_kind = other_kind
        .replacing("name mapping-house\nversion 0.1.0\n", "name hostile-filter\nversion 0.1.\n");
    let refused = other_kind.install(&mut sandbox, &[]).exits(2);
    assert!(
        refused.stderr.contains("`hostile-filter` is taken by another component"),
        "{}",
        refused.stderr
    );

    let _ = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    let twin =
        Guest::of("provider-static").replacing("name provider-static", "name provider-twinns");
    let clash = twin.install(&mut sandbox, &[]).exits(2);
    assert!(clash.stderr.contains("`acme` is taken by another component"), "{}", clash.stderr);
    let list = sandbox.run(["plugin", "list", "--json"]).success().json();
    assert!(names(&list).ends_with(&["hostile-filter", "provider-static"]));
}

#[test]
fn capabilities_are_granted_by_name_all_of_them_and_no_more() {
    let mut sandbox = Sandbox::without_cloud();
    let guest = Guest::of("hostile-provider");
    let missing = guest.install(&mut sandbox, &["slot:aws"]).exits(2);
    assert!(
        missing.stderr.contains("asks for `http:api.example.com`, `secret:HOSTILE_SOURCE`"),
        "{}",
        missing.stderr
    );
    assert!(missing.stderr.contains("--grant"), "{}", missing.stderr);
    let more =
        ["slot:aws", "http:api.example.com", "secret:HOSTILE_SOURCE", "http:more.example.com"];
    let unasked = guest.install(&mut sandbox, &more).exits(2);
    assert!(
        unasked.stderr.contains("`hostile-provider` does not ask for `http:more.example.com`"),
        "{}",
        unasked.stderr
    );
    let unknown = guest.install(&mut sandbox, &["files:/"]).exits(2);
    assert!(
        unknown.stderr.contains("`files:/` is not a capability this version knows"),
        "{}",
        unknown.stderr
    );
    assert!(!plugins(&sandbox).exists());
    let _ = guest.install(&mut sandbox, &more[..3]).success();
    let granted = json!(["http:api.example.com", "slot:aws", "secret:HOSTILE_SOURCE"]);
    assert_eq!(inspect(&sandbox, "hostile-provider")["granted"], granted);
}

#[test]
fn what_calls_itself_an_intent_engine_and_is_none_is_refused() {
    let mut sandbox = Sandbox::without_cloud();
    let engine =
        Guest::of("hostile-filter").replacing("world policy-filter", "world intent-engine");
    let refused = engine.install(&mut sandbox, &[]).exits(70);
    assert!(
        refused.stderr.contains("no exported instance named `audex:plugin/intent@"),
        "{}",
        refused.stderr
    );
}
