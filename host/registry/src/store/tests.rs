//! Tests of simultaneous changes to the store, and of directories of other users.

mod lock_file;
mod rules;

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
    Paths { config, organisation, audit: state.clone(), state, plugins, cache, outer: None }
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
    assert!(error.contains("`secret:GOOGLE_API_KEY` is not a capability"), "{error}");
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
