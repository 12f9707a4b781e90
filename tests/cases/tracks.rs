//! Two tracks of the contract side by side: what was built for 0.1 goes on, and 0.2 gives filters what they lacked.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::plugin_files::inspect;
use crate::support::guests::Guest;
use crate::support::{Sandbox, python};

/// Built with the SDK of 0.1 when that track was frozen (commit f6e3f8b), from its examples.
const FROZEN: [(&str, &str); 4] = [
    ("filter_no_deletes.wasm", "filter-no-deletes"),
    ("intent_table.wasm", "intent-table"),
    ("mapping_house.wasm", "mapping-house"),
    ("provider_static.wasm", "provider-static"),
];
/// SHA-256 of the interfaces of 0.1, file by file. Security and promise: nothing in there changes any more.
const INTERFACES: [(&str, &str); 5] = [
    ("host.wit", "4ff559038acf63562c201e684e49e14a74ef2ceef05373ddc8a611d1fdc922df"),
    ("provider.wit", "8332d1e0d9894ea58ca95e6a731866bad81959148dd53d59b0da12a60a9a2419"),
    ("pure.wit", "34b15269149e376b2b06e274569b6aecd8462009ac1aa6b3c750aa7fe9dfcd41"),
    ("types.wit", "06fe9f12b0fbd6123990d97343986da6484d1703309974efc39eb3cc15a56f02"),
    ("worlds.wit", "bf6b34dada3ebb3763a9c13ba519b2f6ad1170576dc9f04034aee905ba7e5404"),
];
/// An office that never closes.
const EVERY_DAY: &str = "days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\nfrom = \"00:00\"\nuntil = \"24:00\"\n";

fn frozen(file: &str) -> PathBuf {
    python::tests().join("guests/frozen-0.1").join(file)
}

fn install_frozen(sandbox: &Sandbox) {
    for (file, name) in FROZEN {
        let _ = sandbox.run(["plugin", "install", frozen(file).to_str().unwrap()]).success();
        assert_eq!(inspect(sandbox, name)["contract"], "0.1.0", "{name}");
    }
}

#[test]
fn the_interfaces_of_the_older_track_are_frozen() {
    let folder = python::tests().parent().unwrap().join("wit/deps/plugin-0.1.0");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), INTERFACES.len());
    for (name, digest) in INTERFACES {
        let text = std::fs::read(folder.join(name)).unwrap();
        assert_eq!(audex_core::digest::sha256(&text), digest, "{name} of a released track was changed");
    }
}

#[test]
fn components_of_the_older_track_of_every_kind_still_work() {
    let mut sandbox = Sandbox::new();
    install_frozen(&sandbox);
    let plan = sandbox.run(["plan", "--allow", "s3:GetObject,s3:DeleteObject", "--json"]).success().json();
    assert_eq!(plan["denied"][0]["by"], "filter-no-deletes");
    let door = ["--provider", "acme", "--allow", "door:open"];
    assert_eq!(sandbox.run_sh(&door, "echo $ACME_ACCOUNT").success().stdout, "main\n");
    let asked = sandbox.run(["intent", "--engine", "intent-table", "read the report"]).success();
    assert!(asked.stdout.contains("s3:GetObject,s3:ListBucket"), "{}", asked.stdout);
    sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"mapping-house\"\n");
    let plan = sandbox.run(["plan", "--allow", "reports:read", "--json"]).success().json();
    assert_eq!(plan["permissions"][0]["origin"], "reports:read");
}

#[test]
fn filters_of_both_tracks_see_the_same_run_and_each_can_refuse_it() {
    let mut sandbox = Sandbox::new();
    install_frozen(&sandbox);
    let _ = Guest::of("hours-and-tickets").install(&mut sandbox, &[]).success();
    let settings = format!("[filters.hours-and-tickets]\n{EVERY_DAY}tickets = [\"OPS-*\"]\n");
    sandbox.plant(".config/audex/config.toml", settings);
    let ask = ["--allow", "s3:GetObject,s3:DeleteObject"];
    let with = [&ask[..], &["--justification", "OPS-7: look at the report"]].concat();
    let command = ["--", "touch", "ran"];

    // No ticket: the filter of 0.2 refuses the plan, and nothing was minted.
    let refused = sandbox.run([&["run"], &ask[..], &command].concat()).exits(77);
    assert!(
        refused.stderr.contains("filter `hours-and-tickets` refused: a ticket is needed (`OPS-*`)"),
        "{}",
        refused.stderr
    );
    assert!(!sandbox.home().join("ran").exists() && sandbox.cloud().requests().is_empty());
    let planned = sandbox.run([&["plan"], &ask[..]].concat()).exits(77);
    assert!(planned.stderr.contains("a ticket is needed"), "{}", planned.stderr);
    // Looking at a profile is no request.
    let _ = sandbox.run(["policies", "show", "s3-readonly"]).success();

    // With one: the filter of 0.1 takes its part all the same.
    let run = sandbox.run([&["run"], &with[..], &command].concat()).success();
    assert!(run.stderr.contains("`s3:DeleteObject` is denied by filter-no-deletes"), "{}", run.stderr);
    assert!(sandbox.home().join("ran").exists());
    let issuing: Vec<Value> = sandbox.audit().into_iter().filter(|r| r["event"] == "issuing").collect();
    assert_eq!(issuing[0]["justification"], "OPS-7: look at the report");
    let list = sandbox.run(["audit", "list"]).success();
    assert!(list.stdout.contains("touch ran (OPS-7: look at the report)"), "{}", list.stdout);
    let took_part: Vec<&String> = issuing[0]["components"].as_object().unwrap().keys().collect();
    assert!(took_part.iter().any(|name| *name == "hours-and-tickets"), "{took_part:?}");
}

#[test]
fn outside_of_office_hours_only_what_is_always_allowed_is_left() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("hours-and-tickets").install(&mut sandbox, &[]).success();
    sandbox.plant(
        ".config/audex/config.toml",
        "[filters.hours-and-tickets]\ndays = []\nalways = [\"s3:GetObject\"]\n",
    );
    let plan = sandbox.run(["plan", "--allow", "s3:GetObject,s3:PutObject", "--json"]).success().json();
    assert_eq!(plan["denied"][0]["action"], "s3:PutObject");
    assert_eq!(plan["permissions"].as_array().unwrap().len(), 1);
    let refused = sandbox.run(["run", "--allow", "s3:PutObject", "--", "touch", "ran"]).exits(77);
    assert!(refused.stderr.contains("the office is closed"), "{}", refused.stderr);
    // What a user may say is only what the office is: settings that say something else refuse.
    sandbox.plant(".config/audex/config.toml", "[filters.hours-and-tickets]\nday = []\n");
    let wrong = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).exits(77);
    assert!(wrong.stderr.contains("its settings cannot be read"), "{}", wrong.stderr);
    assert!(!sandbox.home().join("ran").exists());
}

#[test]
fn a_justification_is_one_line() {
    let sandbox = Sandbox::without_cloud();
    for wrong in ["", "  ", "two\nlines", "a\u{202e}b", &"x".repeat(501)] {
        let refused = sandbox.run(["plan", "--allow", "s3:GetObject", "--justification", wrong]).exits(2);
        assert!(refused.stderr.contains("one line of 1 to 500 characters"), "{}", refused.stderr);
    }
}

#[test]
fn a_filter_reads_files_that_its_settings_name() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("hostile-filter").playing("settings").install(&mut sandbox, &[]).success();
    sandbox.plant(".config/audex/rules/a.txt", "rule one\n");
    sandbox.plant(
        ".config/audex/config.toml",
        "[filters.hostile-filter]\nrules = [{ file = \"rules/a.txt\" }]\n",
    );
    let given = sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(77);
    assert!(given.stderr.contains(r#"{"rules":["rule one\n"]}"#), "{}", given.stderr);
    sandbox.plant(
        ".config/audex/config.toml",
        "[filters.hostile-filter]\nrules = { file = \"rules/none.txt\" }\n",
    );
    let missing = sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(78);
    assert!(
        missing.stderr.contains("cannot read") && missing.stderr.contains("rules/none.txt"),
        "{}",
        missing.stderr
    );
}

#[test]
fn what_a_provider_may_import_is_said_by_its_track() {
    let sandbox = Sandbox::without_cloud();
    let _ = sandbox.run(["plugin", "install", frozen("provider_static.wasm").to_str().unwrap()]).success();
    let imports = inspect(&sandbox, "provider-static")["imports"].clone();
    assert!(!imports.to_string().contains("0.2.0"), "{imports}");
    assert_ne!(imports, json!([]));
}
