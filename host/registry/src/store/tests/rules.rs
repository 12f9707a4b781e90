//! The organisation's rules hold for what is installed and for what comes.

use super::*;

#[test]
fn the_organisations_rules_hold_for_what_is_there_already() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let digest = {
        let mut store = open(&paths);
        put(&mut store, of_version(home.path(), "0.1.1"), &Trust::default()).unwrap().digest
    };
    let engine = Engine::new().unwrap();
    let rule = |rules: &str| {
        let store = under(&paths, rules);
        let loaded = store.load(&engine, &store.installed()[0]).map(drop);
        let result = store.check_required().and(loaded);
        result.err().map(|error| error.to_string())
    };
    assert_eq!(rule(""), None);
    assert_eq!(rule("required_filters = [\"deny-lis1\"]"), None);
    assert_eq!(rule(&format!("required_filters = [\"deny-lis1@sha256:{digest}\"]")), None);
    for (rules, said) in [
        ("require_signature = true".to_owned(), "takes signed components only"),
        ("sources = [\"/opt/audex/\"]".to_owned(), "does not take components from"),
        (
            "required_filters = [\"hours\"]".to_owned(),
            "requires the filter `hours`, which is not installed",
        ),
        (
            format!("required_filters = [\"deny-lis1@sha256:{}\"]", "0".repeat(64)),
            "to be sha256:0000",
        ),
    ] {
        let found = rule(&rules).unwrap_or_default();
        assert!(found.contains(said), "{rules}: {found}");
    }
    let mut store = under(&paths, "required_filters = [\"deny-lis1\"]");
    assert!(
        matches!(store.enable("deny-lis1", false), Err(StoreError::Required { .. })),
        "it may not be turned off"
    );
    open(&paths).enable("deny-lis1", false).unwrap();
    assert!(rule("required_filters = [\"deny-lis1\"]").unwrap().contains("turned off"));
    let verified = under(&paths, "require_signature = true").verify();
    assert!(verified[0].wrong.as_ref().unwrap().contains("signed components only"));
}

#[test]
fn a_required_filter_is_replaced_by_a_newer_one_alone_whatever_is_allowed() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    put(&mut open(&paths), of_version(home.path(), "0.1.2"), &Trust::default()).unwrap();
    let meant = Trust { downgrade: true, ..Trust::default() };
    let older = || of_version(home.path(), "0.1.1");
    let mut store = under(&paths, "required_filters = [\"deny-lis1\"]");
    for trust in [&meant, &Trust::default()] {
        let error = put(&mut store, older(), trust).unwrap_err();
        assert!(matches!(error, StoreError::Replaced { .. }), "{error}");
    }
    put(&mut store, of_version(home.path(), "0.1.3"), &Trust::default()).unwrap();
    assert!(matches!(store.roll_back("deny-lis1"), Err(StoreError::Replaced { .. })));
    // If the organisation names a filter by its digest, only that file is accepted.
    let pinned = format!("required_filters = [\"deny-lis1@sha256:{}\"]", older().digest);
    let mut store = under(&paths, &pinned);
    assert!(matches!(
        put(&mut store, of_version(home.path(), "0.1.4"), &meant),
        Err(StoreError::Replaced { .. })
    ));
    put(&mut store, older(), &meant).unwrap();
}

#[test]
fn a_least_version_holds_for_what_is_there_and_for_what_comes() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    put(&mut open(&paths), of_version(home.path(), "0.1.2"), &Trust::default()).unwrap();
    let least =
        |version: &str| under(&paths, &format!("required_filters = [\"deny-lis1>={version}\"]"));
    least("0.1.2").check_required().unwrap();
    let error = least("0.1.10").check_required().unwrap_err().to_string();
    assert!(
        error.contains("requires the filter `deny-lis1` 0.1.10 or newer, and 0.1.2 is installed"),
        "{error}"
    );
    // Removing the filter and installing it anew does not evade the rule.
    open(&paths).remove("deny-lis1").unwrap();
    let mut store = least("0.1.2");
    let meant = Trust { downgrade: true, ..Trust::default() };
    let error = put(&mut store, of_version(home.path(), "0.1.1"), &meant).unwrap_err();
    assert!(matches!(error, StoreError::Replaced { .. }), "{error}");
    put(&mut store, of_version(home.path(), "0.1.2"), &meant).unwrap();
}

#[test]
fn all_that_is_said_of_a_required_filter_holds_for_what_comes() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let mut store = under(&paths, r#"required_filters = ["deny-lis1", "deny-lis1>=0.1.2"]"#);
    let error = put(&mut store, of_version(home.path(), "0.1.1"), &Trust::default()).unwrap_err();
    assert!(
        matches!(error, StoreError::Replaced { rule: RuleError::TooOld { .. }, .. }),
        "{error}"
    );
    put(&mut store, of_version(home.path(), "0.1.2"), &Trust::default()).unwrap();
}

#[test]
fn a_version_that_cannot_be_compared_is_an_older_one_where_an_author_signs() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let mut store = open(&paths);
    let engine = Engine::new().unwrap();
    let mut install = |plan: InstallPlan| store.install(&engine, &plan, BTreeSet::new());
    install(of_version(home.path(), "0.1.1")).unwrap();
    install(of_version(home.path(), "9.zzz")).unwrap();
    let mut meant = signed(of_version(home.path(), "00.11"));
    meant.downgrade = true;
    install(meant).unwrap();
    let error = install(signed(of_version(home.path(), "9.zzz"))).unwrap_err();
    assert!(matches!(error, StoreError::Incomparable { .. }), "{error}");
    assert!(matches!(
        install(signed(of_version(home.path(), "000.9"))),
        Err(StoreError::Downgrade { .. })
    ));
    let mut meant = signed(of_version(home.path(), "9.zzz"));
    meant.downgrade = true;
    install(meant).unwrap();
}
