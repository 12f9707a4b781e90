//! The rules of an organisation in `/etc/audex`, as they hold for a user who has installed and set whatever he likes.

use std::fs;

use super::plugin_files::{inspect, plugins};
use crate::support::guests::Guest;
use crate::support::organisation::Organisation;
use crate::support::{Output, Sandbox};

const FILTER: &str = "filter-no-deletes";

/// Runs a command that leaves a file behind, which must not be there if the exit status is not 0.
#[track_caller]
fn run(organisation: &Organisation, sandbox: &Sandbox, code: i32) -> Output {
    let ran = sandbox.home().join("ran");
    let _ = fs::remove_file(&ran);
    let output =
        organisation.run(sandbox, ["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).exits(code);
    assert_eq!(ran.exists(), code == 0, "{}", output.stderr);
    output
}

#[test]
fn without_a_required_filter_nothing_runs() {
    let mut sandbox = Sandbox::new();
    let organisation = Organisation::of(&format!("[plugins]\nrequired_filters = [\"{FILTER}\"]\n"));
    let missing = run(&organisation, &sandbox, 78);
    assert!(
        missing.stderr.contains(&format!("requires the filter `{FILTER}`, which is not installed")),
        "{}",
        missing.stderr
    );
    let _ = organisation.run(&sandbox, ["plan", "--allow", "s3:GetObject"]).exits(78);
    let verified = organisation.run(&sandbox, ["plugin", "verify"]).exits(70);
    assert!(
        verified.stdout.contains("WRONG: `filter-no-deletes`: your organisation requires"),
        "{}",
        verified.stdout
    );

    let path = Guest::of(FILTER).plant(&mut sandbox);
    let _ = organisation.run(&sandbox, ["plugin", "install", path.to_str().unwrap()]).success();
    let _ = run(&organisation, &sandbox, 0);
    let off = organisation.run(&sandbox, ["plugin", "disable", FILTER]).exits(78);
    assert!(off.stderr.contains("which is turned off"), "{}", off.stderr);

    // Of another digest; and turned off where the rule is not.
    let digest = inspect(&sandbox, FILTER)["digest"].as_str().unwrap().to_owned();
    organisation
        .says("config.toml", &format!("[plugins]\nrequired_filters = [\"{FILTER}@sha256:{digest}\"]\n"));
    let _ = run(&organisation, &sandbox, 0);
    let other = format!("[plugins]\nrequired_filters = [\"{FILTER}@sha256:{}\"]\n", "0".repeat(64));
    organisation.says("config.toml", &other);
    let found = run(&organisation, &sandbox, 78);
    assert!(found.stderr.contains(&format!("and sha256:{digest} is installed")), "{}", found.stderr);
    let _ = sandbox.run(["plugin", "disable", FILTER]).success();
    organisation.says("config.toml", &format!("[plugins]\nrequired_filters = [\"{FILTER}\"]\n"));
    assert!(run(&organisation, &sandbox, 78).stderr.contains("which is turned off"));
}

#[test]
fn components_come_from_where_the_organisation_takes_them_from() {
    let mut sandbox = Sandbox::new();
    let path = Guest::of(FILTER).plant(&mut sandbox);
    let path = path.to_str().unwrap();
    let home = sandbox.home().canonicalize().unwrap();
    let organisation = Organisation::of("[plugins]\nsources = [\"/opt/audex/\"]\n");
    let refused = organisation.run(&sandbox, ["plugin", "install", path]).exits(78);
    assert!(refused.stderr.contains("your organisation does not take components from"), "{}", refused.stderr);
    assert!(!plugins(&sandbox).exists());
    // What was installed before the rule was made is no exception to it.
    let _ = sandbox.run(["plugin", "install", path]).success();
    let late = run(&organisation, &sandbox, 78);
    assert!(late.stderr.contains("does not take components from"), "{}", late.stderr);
    organisation.says("config.toml", &format!("[plugins]\nsources = [\"{}/\"]\n", home.display()));
    let _ = organisation.run(&sandbox, ["plugin", "install", path]).success();
    let _ = run(&organisation, &sandbox, 0);
}

#[test]
fn components_are_signed_by_whom_the_organisation_trusts() {
    let mut sandbox = Sandbox::new();
    let path = Guest::of(FILTER).plant(&mut sandbox);
    let file = path.to_str().unwrap();
    let organisation = Organisation::of("[plugins]\nrequire_signature = true\n");
    let install = |words: &[&str], code| {
        organisation.run(&sandbox, [&["plugin", "install", file], words].concat()).exits(code).stderr
    };
    let unsigned = install(&[], 78);
    assert!(unsigned.contains("your organisation takes signed components only"), "{unsigned}");
    let key = super::plugin_sources::sign(&sandbox, "author", &path);
    // A key that the user trusts is a signature; it is no key of the organisation's.
    let _ = install(&["--signer", &key], 0);
    let _ = run(&organisation, &sandbox, 0);
    let other = super::plugin_sources::sign(&sandbox, "other", &sandbox.home().join("author"));
    organisation.says("config.toml", &format!("[plugins]\nsigners = [\"{other}\"]\n"));
    let said = format!("your organisation does not trust components signed by `{key}`");
    for stderr in [install(&["--signer", &key], 78), run(&organisation, &sandbox, 78).stderr] {
        assert!(stderr.contains(&said), "{stderr}");
    }
    let verified = organisation.run(&sandbox, ["plugin", "verify"]).exits(70).stdout;
    assert!(verified.contains(&format!("WRONG: `{FILTER}`: {said}")), "{verified}");
    organisation.says("config.toml", &format!("[plugins]\nsigners = [\"{key}\"]\n"));
    // The organisation's own keys need no `--signer`.
    let _ = install(&[], 0);
    let _ = run(&organisation, &sandbox, 0);
}

#[test]
fn a_component_reaches_no_more_than_the_organisation_lets_it() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AUDEX_HOSTILE_ROLE_ARN", crate::support::ROLE);
    let asked = ["slot:aws", "http:api.example.com", "secret:HOSTILE_SOURCE"];
    let guest = Guest::of("hostile-provider");
    let path = guest.plant(&mut sandbox);
    let install = ["plugin", "install", path.to_str().unwrap()]
        .into_iter()
        .chain(asked.iter().flat_map(|one| ["--grant", one]));
    let install: Vec<&str> = install.collect();
    let organisation = Organisation::of("[plugins]\ncapabilities = [\"http:*.example.com\", \"secret:*\"]\n");
    let refused = organisation.run(&sandbox, &install).exits(77);
    assert!(
        refused.stderr.contains("your organisation does not let components have `slot:aws`"),
        "{}",
        refused.stderr
    );
    // Granted before there was a ceiling: it is there, and cannot use it.
    let _ = sandbox.run(&install).success();
    let words = ["run", "--provider", "hostile", "--allow", "s3:GetObject", "--", "touch", "ran"];
    let _ = sandbox.run(words).success();
    fs::remove_file(sandbox.home().join("ran")).unwrap();
    let reached = organisation.run(&sandbox, words).exits(70);
    assert!(reached.stderr.contains("it used `slot:aws`, which was not granted to it"), "{}", reached.stderr);
    assert!(!sandbox.home().join("ran").exists());
    organisation.says("config.toml", "[plugins]\ncapabilities = [\"slot:aws\", \"http:*\", \"secret:*\"]\n");
    let _ = organisation.run(&sandbox, words).success();
}

#[test]
fn a_filter_that_the_organisation_has_set_is_not_the_users_to_set() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("hostile-filter").playing("settings").install(&mut sandbox, &[]).success();
    let organisation = Organisation::of("[filters.hostile-filter]\nhours = [9, 17]\n");
    let given = run(&organisation, &sandbox, 77);
    assert!(given.stderr.contains(r#"refused: {"hours":[9,17]}"#), "{}", given.stderr);
    let config = sandbox
        .plant(".config/audex/config.toml", "ttl = \"15m\"\n[filters.hostile-filter]\nhours = [0, 24]\n");
    let set = run(&organisation, &sandbox, 78);
    assert!(
        set.stderr.contains("config.toml:2: filter `hostile-filter` is your organisation's"),
        "{}",
        set.stderr
    );
    // Elsewhere the user sets it; and a file beside the organisation's settings is the organisation's.
    assert!(sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(77).stderr.contains("[0,24]"));
    fs::write(config, "").unwrap();
    organisation.says("hours.txt", "nine to five");
    organisation.says("config.toml", "[filters.hostile-filter]\nhours = { file = \"hours.txt\" }\n");
    let given = run(&organisation, &sandbox, 77);
    assert!(given.stderr.contains(r#"refused: {"hours":"nine to five"}"#), "{}", given.stderr);
}

#[test]
fn no_variable_leads_around_the_organisation() {
    let mut sandbox = Sandbox::new();
    let organisation = Organisation::of("max_ttl = \"20m\"\n");
    organisation.says("deny-list.toml", "[deny]\nactions = [\"s3:GetObject\"]\n");
    let elsewhere = sandbox.home().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for name in ["AUDEX_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"] {
        sandbox.set(name, &elsewhere);
    }
    let _ = run(&organisation, &sandbox, 77);
    let words = ["plan", "--allow", "s3:ListBucket", "--ttl", "1h", "--json"];
    assert_eq!(organisation.run(&sandbox, words).success().json()["ttl_seconds"], 1200);
    assert_eq!(sandbox.run(words).success().json()["ttl_seconds"], 3600);
}
