//! Components that are turned off and on, and built-in ones, which cannot be.

use std::fs;

use crate::support::Sandbox;
use crate::support::guests::Guest;

const NAME: &str = "filter-no-deletes";

#[test]
fn a_built_in_component_is_said_to_be_one() {
    let sandbox = Sandbox::new();
    for words in [&["disable"][..], &["enable"], &["remove"], &["update"], &["rollback"]] {
        let stderr = sandbox.run([&["plugin"], words, &["deny-list"]].concat()).exits(2).stderr;
        assert!(
            stderr.contains("`deny-list` is built in: it cannot be turned off, removed or updated"),
            "{stderr}"
        );
    }
    let config = sandbox.home().join(".config/audex/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(config, "[filters.deny-list]\nactions = []\n").unwrap();
    let stderr = sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(78).stderr;
    assert!(stderr.contains("config.toml:1: filter `deny-list` is built in"), "{stderr}");
    assert!(stderr.contains("its list is deny-list.toml"), "{stderr}");
}

#[test]
fn a_mapping_that_is_turned_off_is_not_said_to_be_missing() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("mapping-house").install(&mut sandbox, &[]).success();
    let plan =
        |sandbox: &Sandbox| sandbox.run(["plan", "--allow", "storage:read"]).exits(78).stderr;
    let _ = sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"house\"\n");
    let missing = plan(&sandbox);
    assert!(missing.contains("known names: `universal`, `mapping-house`"), "{missing}");
    let _ =
        sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"mapping-house\"\n");
    let _ = sandbox.run(["plugin", "disable", "mapping-house"]).success();
    let off = plan(&sandbox);
    assert!(
        off.contains("`mapping-house` is turned off")
            && off.contains("plugin enable mapping-house"),
        "{off}"
    );
}

#[test]
fn what_is_turned_off_takes_no_part() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of(NAME).install(&mut sandbox, &[]).success();
    let plan = |sandbox: &Sandbox| {
        let plan = sandbox
            .run(["plan", "--allow", "s3:GetObject,s3:DeleteObject", "--json"])
            .success()
            .json();
        plan["denied"].as_array().unwrap().len()
    };
    assert_eq!(plan(&sandbox), 1);
    let _ = sandbox.run(["plugin", "disable", NAME]).success();
    assert_eq!(plan(&sandbox), 0);
    let list = sandbox.run(["plugin", "list"]).success().stdout;
    assert!(list.lines().any(|line| line.ends_with(", turned off")), "{list}");
    let shown = sandbox.run(["plugin", "inspect", NAME]).success().stdout;
    assert!(shown.contains(&format!("(turned off: tryaudex plugin enable {NAME})")), "{shown}");
    let near = sandbox.run(["plugin", "enable", &NAME[1..]]).exits(2);
    assert!(near.stderr.contains(&format!("did you mean `{NAME}`?")), "{}", near.stderr);
    let _ = sandbox.run(["plugin", "enable", NAME]).success();
    assert_eq!(plan(&sandbox), 1);
    for words in [
        &["enable", "nobody"][..],
        &["disable", "nobody"],
        &["rollback", "nobody"],
        &["rollback", NAME],
        &["update", "nobody"],
    ] {
        let _ = sandbox.run([&["plugin"], words].concat()).exits(2);
    }
}
