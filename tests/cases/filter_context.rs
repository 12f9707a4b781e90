//! The context that filters get in addition to the grant: time, reason and settings. Each of several filters
//! can deny.

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::guests::Guest;

/// An office that never closes.
const EVERY_DAY: &str = "days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\nfrom = \"00:00\"\nuntil = \"24:00\"\n";

#[test]
fn filters_see_the_same_run_and_each_can_refuse_it() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("filter-no-deletes").install(&mut sandbox, &[]).success();
    let _ = Guest::of("hours-and-tickets").install(&mut sandbox, &[]).success();
    let settings = format!("[filters.hours-and-tickets]\n{EVERY_DAY}tickets = [\"OPS-*\"]\n");
    sandbox.plant(".config/audex/config.toml", settings);
    let ask = ["--allow", "s3:GetObject,s3:DeleteObject"];
    let with = [&ask[..], &["--justification", "OPS-7: look at the report"]].concat();
    let command = ["--", "touch", "ran"];

    // No ticket: that filter refuses the plan, and nothing was minted.
    let refused = sandbox.run([&["run"], &ask[..], &command].concat()).exits(77);
    assert!(
        refused.stderr.contains("filter `hours-and-tickets` refused: a ticket is needed (`OPS-*`)"),
        "{}",
        refused.stderr
    );
    assert!(!sandbox.home().join("ran").exists() && sandbox.cloud().requests().is_empty());
    let planned = sandbox.run([&["plan"], &ask[..]].concat()).exits(77);
    assert!(planned.stderr.contains("a ticket is needed"), "{}", planned.stderr);
    // Looking at a profile is not a request.
    let _ = sandbox.run(["policies", "show", "s3-readonly"]).success();

    // With one: the other filter takes its part all the same.
    let run = sandbox.run([&["run"], &with[..], &command].concat()).success();
    assert!(
        run.stderr.contains("`s3:DeleteObject` is denied by filter-no-deletes"),
        "{}",
        run.stderr
    );
    assert!(sandbox.home().join("ran").exists());
    let issuing: Vec<Value> =
        sandbox.audit().into_iter().filter(|r| r["event"] == "issuing").collect();
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
    let plan =
        sandbox.run(["plan", "--allow", "s3:GetObject,s3:PutObject", "--json"]).success().json();
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
        let refused =
            sandbox.run(["plan", "--allow", "s3:GetObject", "--justification", wrong]).exits(2);
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
