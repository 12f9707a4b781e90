//! The rules of an organisation in `/etc/audex` apply to a user, whatever the user has installed and
//! configured.

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
    let output = organisation
        .run(sandbox, ["run", "--allow", "s3:GetObject", "--", "touch", "ran"])
        .exits(code);
    assert_eq!(ran.exists(), code == 0, "{}", output.stderr);
    output
}

#[test]
fn who_raises_the_requirement_and_who_keeps_filters_is_said() {
    let sandbox = Sandbox::new();
    let organisation = Organisation::of("[enforcement]\nrequire = \"cloud\"\n");
    let plan = ["plan", "--provider", "gcp", "--allow", "storage.objects.get"];
    insta::assert_snapshot!(organisation.run(&sandbox, plan).snapshot(), @r#"
    exit 77
    --- stderr
    error: `storage.objects.get` would be enforced by `token`, and your organisation (/etc/audex/config.toml:2) requires `cloud`
    hint: `scoped-token` cannot do more for it: choose another --method, or permissions that it can limit
    "#);
    let own = sandbox.run([&plan[..], &["--require", "cloud"]].concat()).exits(77).stderr;
    assert!(own.contains("and --require asks for `cloud`"), "{own}");
    let places = "[plugins]\nsources = [\"https://plugins.example/\", \"file\"]\nrequired_filters = [\"f\"]\n";
    let required = Organisation::of(places)
        .run(&sandbox, ["plan", "--allow", "s3:GetObject"])
        .exits(78)
        .stderr;
    assert!(
        required.contains("where SOURCE is below `https://plugins.example/` or `file`"),
        "{required}"
    );
}

#[test]
fn without_a_required_filter_nothing_runs() {
    let mut sandbox = Sandbox::new();
    let organisation = Organisation::of(&format!("[plugins]\nrequired_filters = [\"{FILTER}\"]\n"));
    let missing = run(&organisation, &sandbox, 78);
    for says in [
        &format!(
            "requires the filter `{FILTER}`, which is not installed (/etc/audex/config.toml:2)"
        ),
        "hint: ask your organisation where it keeps the filter",
    ] {
        assert!(missing.stderr.contains(says), "{}", missing.stderr);
    }
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
    for (command, undone) in [("disable", "turned off"), ("remove", "removed")] {
        let refused = organisation.run(&sandbox, ["plugin", command, FILTER]).exits(77);
        let says = format!(
            "`{FILTER}` cannot be {undone}: your organisation requires it (/etc/audex/config.toml:2)"
        );
        assert!(refused.stderr.contains(&says), "{}", refused.stderr);
    }
    let _ = run(&organisation, &sandbox, 0);

    // Of another digest; and turned off where the rule is not.
    let digest = inspect(&sandbox, FILTER)["digest"].as_str().unwrap().to_owned();
    organisation.says(
        "config.toml",
        &format!("[plugins]\nrequired_filters = [\"{FILTER}@sha256:{digest}\"]\n"),
    );
    let _ = run(&organisation, &sandbox, 0);
    let other = format!("[plugins]\nrequired_filters = [\"{FILTER}@sha256:{}\"]\n", "0".repeat(64));
    organisation.says("config.toml", &other);
    let found = run(&organisation, &sandbox, 78);
    assert!(
        found.stderr.contains(&format!("and sha256:{digest} is installed")),
        "{}",
        found.stderr
    );
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
    assert!(
        refused.stderr.contains("your organisation does not take components from"),
        "{}",
        refused.stderr
    );
    assert!(!plugins(&sandbox).exists());
    // What was installed before the rule was made is not an exception to it.
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
        organisation
            .run(&sandbox, [&["plugin", "install", file], words].concat())
            .exits(code)
            .stderr
    };
    let unsigned = install(&[], 78);
    assert!(unsigned.contains("your organisation takes signed components only"), "{unsigned}");
    let key = super::plugin_sources::web::sign(&sandbox, "author", &path);
    // A key that the user trusts is a signature; it is not a key of the organisation's.
    let _ = install(&["--signer", &key], 0);
    let _ = run(&organisation, &sandbox, 0);
    let other = super::plugin_sources::web::sign(&sandbox, "other", &sandbox.home().join("author"));
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
    let organisation =
        Organisation::of("[plugins]\ncapabilities = [\"http:*.example.com\", \"secret:*\"]\n");
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
    assert!(
        reached.stderr.contains("it used `slot:aws`, which was not granted to it"),
        "{}",
        reached.stderr
    );
    assert!(!sandbox.home().join("ran").exists());
    organisation.says(
        "config.toml",
        "[plugins]\ncapabilities = [\"slot:aws\", \"http:*\", \"secret:*\"]\n",
    );
    let _ = organisation.run(&sandbox, words).success();
}

#[test]
fn a_filter_that_the_organisation_has_set_is_not_the_users_to_set() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("hostile-filter").playing("settings").install(&mut sandbox, &[]).success();
    let organisation = Organisation::of("[filters.hostile-filter]\nhours = [9, 17]\n");
    let given = run(&organisation, &sandbox, 77);
    assert!(given.stderr.contains(r#"refused: {"hours":[9,17]}"#), "{}", given.stderr);
    let config = sandbox.plant(
        ".config/audex/config.toml",
        "ttl = \"15m\"\n[filters.hostile-filter]\nhours = [0, 24]\n",
    );
    let set = run(&organisation, &sandbox, 78);
    assert!(
        set.stderr
            .contains("config.toml:2: only your organisation may set filter `hostile-filter`"),
        "{}",
        set.stderr
    );
    // Elsewhere the user sets it; and a file beside the organisation's settings is the organisation's.
    assert!(sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(77).stderr.contains("[0,24]"));
    fs::write(config, "").unwrap();
    organisation.says("hours.txt", "nine to five");
    organisation
        .says("config.toml", "[filters.hostile-filter]\nhours = { file = \"hours.txt\" }\n");
    let given = run(&organisation, &sandbox, 77);
    assert!(given.stderr.contains(r#"refused: {"hours":"nine to five"}"#), "{}", given.stderr);
}

#[test]
fn a_kept_signature_is_looked_at_again_by_each_run_where_the_organisation_says_who_signs() {
    let mut sandbox = Sandbox::new();
    let path = Guest::of(FILTER).plant(&mut sandbox);
    let key = super::plugin_sources::web::sign(&sandbox, "author", &path);
    let signers = format!("[plugins]\nsigners = [\"{key}\"]\n");
    let organisation = Organisation::of(&signers);
    let _ = organisation.run(&sandbox, ["plugin", "install", path.to_str().unwrap()]).success();
    let _ = run(&organisation, &sandbox, 0);
    let digest = inspect(&sandbox, FILTER)["digest"].as_str().unwrap().to_owned();
    for kept in ["minisig", "module"] {
        let file = plugins(&sandbox).join(format!("{digest}.{kept}"));
        let good = fs::read(&file).unwrap();
        fs::write(&file, [&good[..good.len() - 20], &[b'A'; 20]].concat()).unwrap();
        let refused = run(&organisation, &sandbox, 77).stderr;
        assert!(
            refused.contains(&format!("the signature of `{FILTER}` does not hold")),
            "{kept}: {refused}"
        );
        fs::remove_file(&file).unwrap();
        let missing = run(&organisation, &sandbox, 77).stderr;
        assert!(missing.contains("its signature cannot be checked"), "{kept}: {missing}");
        // Nobody else pays for it: elsewhere `plugin verify` says so.
        organisation.says("config.toml", "");
        let _ = run(&organisation, &sandbox, 0);
        organisation.says("config.toml", &signers);
        fs::write(&file, good).unwrap();
    }
    let _ = run(&organisation, &sandbox, 0);
}

#[test]
fn no_variable_moves_components_where_the_organisation_has_rules_for_them() {
    let mut sandbox = Sandbox::new();
    let path = Guest::of(FILTER).plant(&mut sandbox);
    let install = ["plugin", "install", path.to_str().unwrap()];
    let elsewhere = sandbox.home().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for name in ["HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
        sandbox.set(name, &elsewhere);
    }
    // A store of somebody's own making, with a key of his own and all that is required.
    let organisation = Organisation::of("max_ttl = \"20m\"\n");
    let _ = organisation.run(&sandbox, install).success();
    assert!(
        elsewhere.join("audex/plugins/plugins.lock").exists()
            && elsewhere.join("audex/compiled.key").exists()
    );
    let _ = run(&organisation, &sandbox, 0);
    organisation.says("config.toml", &format!("[plugins]\nrequired_filters = [\"{FILTER}\"]\n"));
    let missing = run(&organisation, &sandbox, 78).stderr;
    assert!(missing.contains("which is not installed"), "{missing}");
    // Installing goes by the same, and says so; and no code comes from the other cache.
    fs::remove_dir_all(&elsewhere).unwrap();
    let installed = organisation.run(&sandbox, install).success();
    let own = plugins(&sandbox);
    assert!(
        own.join("plugins.lock").exists()
            && sandbox.home().join(".cache/audex/compiled.key").exists()
    );
    let said = format!("so they are in {}, whatever HOME and XDG_DATA_HOME say", own.display());
    assert!(installed.stderr.contains(&said), "{}", installed.stderr);
    assert_eq!(run(&organisation, &sandbox, 0).stderr.matches("notice").count(), 0);
    assert!(
        !elsewhere.join("audex/plugins").exists() && !elsewhere.join("audex/compiled.key").exists()
    );
    let _ = organisation.run(&sandbox, ["plugin", "verify"]).success();
    let nobody =
        organisation.run_as(&sandbox, "", ["plan", "--allow", "s3:GetObject"]).exits(78).stderr;
    assert!(nobody.contains("user id 0 has no account with a home directory"), "{nobody}");
}

#[test]
fn an_older_required_filter_comes_by_no_road() {
    let mut sandbox = Sandbox::new();
    let plant = |sandbox: &mut Sandbox, version: &str| {
        let guest = super::plugin_sources::web::of_version(version);
        let path = sandbox.plant(&format!("{version}.wasm"), guest.bytes());
        path.to_str().unwrap().to_owned()
    };
    let (old, new) = (plant(&mut sandbox, "0.1.1"), plant(&mut sandbox, "0.1.2"));
    let organisation = Organisation::of(&format!("[plugins]\nrequired_filters = [\"{FILTER}\"]\n"));
    let plugin = |words: &[&str], code| {
        organisation.run(&sandbox, [&["plugin"], words].concat()).exits(code).stderr
    };
    let _ = plugin(&["install", &old], 0);
    let lock = sandbox.home().join("team.lock");
    fs::copy(plugins(&sandbox).join("plugins.lock"), &lock).unwrap();
    let _ = plugin(&["install", &new], 0);
    fs::copy(&old, &new).unwrap();
    for words in [
        &["install", &old, "--allow-downgrade"][..],
        &["install", "--locked", lock.to_str().unwrap()],
        &["update", "--allow-downgrade"],
        &["rollback", FILTER],
    ] {
        let refused = plugin(words, 77);
        assert!(refused.contains("only a newer one replaces 0.1.2"), "{words:?}: {refused}");
    }
    organisation
        .says("config.toml", &format!("[plugins]\nrequired_filters = [\"{FILTER}>=0.1.2\"]\n"));
    let _ = run(&organisation, &sandbox, 0);
    let _ = sandbox.run(["plugin", "remove", FILTER]).success();
    let refused = plugin(&["install", &old], 77);
    assert!(refused.contains("0.1.2 or newer"), "{refused}");
    let _ = sandbox.run(["plugin", "install", &old]).success();
    let found = run(&organisation, &sandbox, 78).stderr;
    assert!(
        found.contains(&format!(
            "requires the filter `{FILTER}` 0.1.2 or newer, and 0.1.1 is installed"
        )),
        "{found}"
    );
}

#[test]
fn a_host_is_really_where_the_organisation_lets_components_reach() {
    let mut sandbox = Sandbox::new();
    let organisation = Organisation::of("[plugins]\ncapabilities = [\"http:*.example.com\"]\n");
    let _ = sandbox.plant(
        ".config/audex/config.toml",
        "[endpoints]\n\"api.example.com\" = \"http://127.0.0.1:18099\"\n",
    );
    let refused = run(&organisation, &sandbox, 78).stderr;
    let said = "config.toml:2: your organisation does not let components reach `127.0.0.1`, by /etc/audex/config.toml";
    assert!(refused.contains(said), "{refused}");
    let _ = sandbox.run(["plan", "--allow", "s3:GetObject"]).success();
    organisation.says("config.toml", "[endpoints]\n\"api.example.com\" = \"https://10.0.0.1/\"\n");
    let theirs = run(&organisation, &sandbox, 78).stderr;
    assert!(
        theirs.contains("config.toml:2: only your organisation may set endpoint `api.example.com`"),
        "{theirs}"
    );
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
