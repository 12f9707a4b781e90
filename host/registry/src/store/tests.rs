//! Tests of simultaneous changes to the store, and of directories of other users.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

/// Returns the built-in filter as the build script of `audex-components` compiled it.
fn deny_list() -> Vec<u8> {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap();
    let module =
        fs::read(target.join("plugins/wasm32-unknown-unknown/release/deny_list.wasm")).unwrap();
    audex_components::encode::component(module).unwrap()
}

fn paths(home: &Path) -> Paths {
    let [config, organisation, state, plugins, cache] =
        ["config", "organisation", "state", "plugins", "cache"].map(|name| home.join(name));
    Paths { config, organisation, audit: state.clone(), state, plugins, cache }
}

/// Returns the built-in deny list under another name of the same length.
fn filter_called(home: &Path, name: &str) -> InstallPlan {
    let mut wasm = deny_list();
    let places: Vec<usize> = wasm
        .windows(name.len())
        .enumerate()
        .filter(|(_, at)| *at == b"deny-list")
        .map(|(at, _)| at)
        .collect();
    for at in places {
        wasm[at..at + name.len()].copy_from_slice(name.as_bytes());
    }
    let file = home.join(format!("{name}.wasm"));
    fs::write(&file, wasm).unwrap();
    plan_of(&file)
}

fn plan_of(file: &Path) -> InstallPlan {
    let place = crate::source::Place::File(file.to_path_buf());
    InstallPlan::new(place.fetch(&audex_core::environment::Environment::default()).unwrap())
        .unwrap()
}

fn open(paths: &Paths) -> Store {
    Store::open(paths, &Rules::default()).unwrap()
}

fn under(paths: &Paths, rules: &str) -> Store {
    Store::open(paths, &toml::from_str(rules).unwrap()).unwrap()
}

fn names(paths: &Paths) -> Vec<String> {
    open(paths).installed().iter().map(|installed| installed.name.clone()).collect()
}

#[test]
fn installs_and_removals_at_once_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let called = ["deny-lis1", "deny-lis2", "deny-lis3", "deny-lis4"];
    // All stores have read the same lock before the first one writes.
    let stores: Vec<Store> = called.iter().map(|_| open(&paths)).collect();
    std::thread::scope(|scope| {
        for (mut store, name) in stores.into_iter().zip(called) {
            let plan = filter_called(home.path(), name);
            scope.spawn(move || {
                store.install(&Engine::new().unwrap(), &plan, BTreeSet::new()).unwrap()
            });
        }
    });
    assert_eq!(names(&paths), called);
    let [mut one, mut two] = [open(&paths), open(&paths)];
    one.remove("deny-lis1").unwrap();
    two.remove("deny-lis2").unwrap();
    assert!(matches!(two.remove("deny-lis1"), Err(StoreError::NotInstalled { .. })));
    assert_eq!(names(&paths), ["deny-lis3", "deny-lis4"]);
}

#[test]
fn a_directory_that_others_may_write_to_is_not_read() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    private_file::create_directory(&paths.plugins).unwrap();
    assert!(Store::open(&paths, &Rules::default()).is_ok());
    fs::set_permissions(&paths.plugins, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(
        matches!(Store::open(&paths, &Rules::default()), Err(StoreError::Io { path, .. }) if path == paths.plugins)
    );
}

#[test]
fn a_missing_file_is_named() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let installed = Installed {
        name: "a".to_owned(),
        digest: "0".repeat(64),
        world: World::Filter,
        provides: None,
        granted: BTreeSet::new(),
        unknown: BTreeSet::new(),
        origin: String::new(),
        version: "1.0.0".to_owned(),
        signer: None,
        module: None,
        enabled: true,
        previous: None,
    };
    lock::write(&paths.plugins, std::slice::from_ref(&installed)).unwrap();
    let store = open(&paths);
    let message = store.read(&installed).unwrap_err().to_string();
    assert!(message.contains(&store.file(&installed.digest).display().to_string()), "{message}");
}

/// Returns the same filter with another version, and so with another digest. All versions have the same
/// length.
fn of_version(home: &Path, version: &str) -> InstallPlan {
    let plan = filter_called(home, "deny-lis1");
    let mut wasm = plan.wasm.clone();
    let own = format!("version {}", plan.manifest.version);
    let new = format!("version {version}");
    assert_eq!(own.len(), new.len());
    for at in 0..wasm.len() - own.len() {
        if wasm[at..].starts_with(own.as_bytes()) {
            wasm[at..at + new.len()].copy_from_slice(new.as_bytes());
        }
    }
    let file = home.join("versioned.wasm");
    fs::write(&file, wasm).unwrap();
    plan_of(&file)
}

fn put(store: &mut Store, mut plan: InstallPlan, trust: &Trust) -> Result<Installed, StoreError> {
    store.trust(&mut plan, trust)?;
    store.install(&Engine::new().unwrap(), &plan, BTreeSet::new())
}

#[test]
fn what_was_replaced_can_be_put_back_and_an_older_one_is_not_taken_unasked() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let mut store = open(&paths);
    let (old, new) = (of_version(home.path(), "0.1.1"), of_version(home.path(), "0.1.2"));
    let digests = [old.digest.clone(), new.digest.clone()];
    put(&mut store, old, &Trust::default()).unwrap();
    put(&mut store, new, &Trust::default()).unwrap();
    assert_eq!(store.installed()[0].version, "0.1.2");
    assert_eq!(store.roll_back("deny-lis1").unwrap().digest, digests[0]);
    assert_eq!(store.roll_back("deny-lis1").unwrap().digest, digests[1]);
    let again = || of_version(home.path(), "0.1.1");
    assert!(matches!(
        put(&mut store, again(), &Trust::default()),
        Err(StoreError::Downgrade { .. })
    ));
    let meant = Trust { downgrade: true, ..Trust::default() };
    assert_eq!(put(&mut store, again(), &meant).unwrap().version, "0.1.1");
    store.remove("deny-lis1").unwrap();
    let left: Vec<_> =
        fs::read_dir(&paths.plugins).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".wasm")), "{left:?}");
    assert!(matches!(store.roll_back("deny-lis1"), Err(StoreError::NotInstalled { .. })));
}

#[test]
fn what_is_turned_off_takes_no_part_and_stays_so_when_it_is_updated() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let mut store = open(&paths);
    put(&mut store, of_version(home.path(), "0.1.1"), &Trust::default()).unwrap();
    store.enable("deny-lis1", false).unwrap();
    assert_eq!(store.filters().count(), 0);
    put(&mut store, of_version(home.path(), "0.1.2"), &Trust::default()).unwrap();
    assert_eq!(open(&paths).filters().count(), 0);
    store.enable("deny-lis1", true).unwrap();
    assert_eq!(open(&paths).filters().count(), 1);
}

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

const SIGNER: &str = "RWQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Returns `plan` as if [`Store::trust`] had found this signature.
fn signed(mut plan: InstallPlan) -> InstallPlan {
    plan.signed = Some((SIGNER.parse().unwrap(), "text".to_owned()));
    plan
}

#[test]
fn what_was_installed_since_a_component_was_looked_at_counts() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let (mut slow, mut fast) = (open(&paths), open(&paths));
    let mut unsigned = of_version(home.path(), "0.1.2");
    slow.trust(&mut unsigned, &Trust::default()).unwrap();
    let engine = Engine::new().unwrap();
    fast.install(&engine, &signed(of_version(home.path(), "0.1.3")), BTreeSet::new()).unwrap();
    let error = slow.install(&engine, &unsigned, BTreeSet::new()).unwrap_err();
    assert!(error.to_string().contains("and is not signed now"), "{error}");
    let older = signed(unsigned);
    assert!(matches!(
        slow.install(&engine, &older, BTreeSet::new()),
        Err(StoreError::Downgrade { .. })
    ));
    assert_eq!(open(&paths).installed()[0].version, "0.1.3");
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

#[test]
fn what_an_answer_led_to_is_a_source_too() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let mut store = under(
        &paths,
        &format!("sources = [\"{}/\", \"https://a.example/\"]", home.path().display()),
    );
    let (inside, outside) = ("https://a.example/x.wasm", "https://b.example/x.wasm");
    let led = |to: &[&str]| {
        let mut plan = of_version(home.path(), "0.1.1");
        plan.led_to = to.iter().map(|to| (*to).to_owned()).collect();
        plan
    };
    for way in [&[outside][..], &[inside, outside], &[outside, inside]] {
        let error = put(&mut store, led(way), &Trust::default()).unwrap_err().to_string();
        assert!(
            error.contains("does not take components from `https://b.example/x.wasm`"),
            "{error}"
        );
    }
    put(&mut store, led(&[inside, inside]), &Trust::default()).unwrap();
}

#[test]
fn a_lock_that_is_gone_is_an_error_and_not_an_empty_one() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    put(&mut open(&paths), of_version(home.path(), "0.1.1"), &Trust::default()).unwrap();
    fs::remove_file(paths.plugins.join(lock::FILE)).unwrap();
    let gone =
        |outcome: Result<(), StoreError>| assert!(matches!(outcome, Err(StoreError::LockGone(_))));
    gone(Store::open(&paths, &Rules::default()).map(drop));
    fs::remove_file(paths.plugins.join("plugins.key")).unwrap();
    assert_eq!(open(&paths).installed().len(), 0);
    // Nothing is installed in place of a missing lock either.
    let mut store = open(&paths);
    private_file::key(&paths.plugins.join("plugins.key")).unwrap();
    gone(put(&mut store, of_version(home.path(), "0.1.1"), &Trust::default()).map(drop));
}

#[test]
fn a_first_lock_that_cannot_be_written_leaves_nothing_that_looks_like_one_that_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let path = paths.plugins.join(lock::FILE);
    // This directory is in the way of the lock and of nothing else, as a full disk may be.
    fs::create_dir_all(path.join("x")).unwrap();
    fs::set_permissions(&paths.plugins, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(lock::write(&paths.plugins, &[]).is_err());
    fs::remove_dir_all(&path).unwrap();
    assert_eq!(open(&paths).installed().len(), 0);
    put(&mut open(&paths), of_version(home.path(), "0.1.1"), &Trust::default()).unwrap();

    // The state after a crash between writing the lock and renaming its key.
    let [key, new] = ["plugins.key", "plugins.new-key"].map(|name| paths.plugins.join(name));
    assert!(key.exists() && !new.exists());
    fs::rename(&key, &new).unwrap();
    assert_eq!(names(&paths), ["deny-lis1"]);
    open(&paths).enable("deny-lis1", false).unwrap();
    assert!(key.exists() && !new.exists());
    assert_eq!(names(&paths), ["deny-lis1"]);
    // A lock without its key is not trusted, and is reported as missing if it is deleted as well.
    fs::remove_file(&key).unwrap();
    assert!(matches!(Store::open(&paths, &Rules::default()), Err(StoreError::Lock { .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(Store::open(&paths, &Rules::default()), Err(StoreError::LockGone(_))));
}

#[test]
fn a_grant_that_is_not_known_any_more_is_one_components_trouble() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let engine = Engine::new().unwrap();
    let mut store = open(&paths);
    for name in ["deny-lis1", "deny-lis2"] {
        put(&mut store, filter_called(home.path(), name), &Trust::default()).unwrap();
    }
    let mut all = store.installed().to_vec();
    all[0].unknown.insert("secret:GOOGLE_API_KEY".to_owned());
    lock::write(&paths.plugins, &all).unwrap();

    let mut store = under(&paths, r#"required_filters = ["deny-lis1"]"#);
    let [broken, good] = store.installed() else { panic!() };
    let error = store.load(&engine, broken).err().unwrap().to_string();
    assert!(
        error.contains("`deny-lis1`") && error.contains("granted `secret:GOOGLE_API_KEY`"),
        "{error}"
    );
    assert!(
        store.filters().any(|filter| filter.name == "deny-lis1"),
        "it still takes part, and so fails"
    );
    store.load(&engine, good).unwrap();
    let wrong: Vec<_> = store.verify().iter().map(|one| one.wrong.is_some()).collect();
    assert_eq!(wrong, [true, false]);
    // A change to another component keeps the unknown grant.
    store.enable("deny-lis2", false).unwrap();
    assert!(store.enable("deny-lis1", true).is_err());
    assert!(open(&paths).load(&engine, &open(&paths).installed()[0]).is_err());
    // From another user's lock, nothing is installed if a grant in it is unknown.
    let path = paths.plugins.join(lock::FILE);
    let error = lock::parse(&path, &fs::read_to_string(&path).unwrap()).unwrap_err().to_string();
    assert!(error.contains("`secret:GOOGLE_API_KEY` is no capability"), "{error}");
    assert!(matches!(store.remove("deny-lis1"), Err(StoreError::Required { .. })));
    open(&paths).remove("deny-lis1").unwrap();
    assert_eq!(names(&paths), ["deny-lis2"]);
}

#[test]
fn built_in_names_are_said_to_be_built_in() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let mut store = open(&paths);
    for error in [
        store.enable("deny-list", false).unwrap_err(),
        store.remove("deny-list").unwrap_err(),
        store.roll_back("aws").unwrap_err(),
    ] {
        assert!(error.to_string().contains("is built in: it cannot be turned off"), "{error}");
    }
}

#[test]
fn what_comes_from_elsewhere_is_signed_or_of_the_digest_that_was_given() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let mut store = open(&paths);
    let foreign = || {
        let mut plan = of_version(home.path(), "0.1.1");
        plan.is_local = false;
        plan
    };
    let error = put(&mut store, foreign(), &Trust::default()).unwrap_err().to_string();
    assert!(error.contains("is not signed, and no digest was given"), "{error}");
    let wrong = Trust { digest: Some("0".repeat(64)), ..Trust::default() };
    assert!(
        put(&mut store, foreign(), &wrong)
            .unwrap_err()
            .to_string()
            .contains("its digest is sha256:")
    );
    let right = Trust { digest: Some(foreign().digest), ..Trust::default() };
    put(&mut store, foreign(), &right).unwrap();
}

#[test]
fn a_lock_that_was_changed_is_refused_and_a_teams_is_read() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let mut store = open(&paths);
    put(&mut store, of_version(home.path(), "0.1.1"), &Trust::default()).unwrap();
    let path = paths.plugins.join(lock::FILE);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(lock::parse(&path, &text).unwrap().len(), 1, "as somebody else's");
    for changed in [
        text.replace("deny-lis1", "deny-lis2"),
        text.replacen("version = 1", "version = 1 ", 1),
        text[20..].to_owned(),
    ] {
        fs::write(&path, changed).unwrap();
        let error = Store::open(&paths, &Rules::default()).err().unwrap().to_string();
        assert!(error.contains("its MAC is not right"), "{error}");
    }
    fs::write(&path, text).unwrap();
    assert_eq!(open(&paths).installed().len(), 1);
}
