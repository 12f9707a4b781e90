//! Several that change what is installed at once, and directories of others.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::plugin::embedded;

fn paths(home: &Path) -> Paths {
    let [config, organisation, state, plugins, cache] =
        ["config", "organisation", "state", "plugins", "cache"].map(|name| home.join(name));
    Paths { config, organisation, audit: state.clone(), state, plugins, cache }
}

/// The built-in deny list under another name of the same length.
fn filter_called(home: &Path, name: &str) -> InstallPlan {
    let mut wasm = embedded::find("deny-list").unwrap().wasm.to_vec();
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
    InstallPlan::read(&file).unwrap()
}

fn names(paths: &Paths) -> Vec<String> {
    Store::open(paths).unwrap().installed().iter().map(|installed| installed.name.clone()).collect()
}

#[test]
fn installs_and_removals_at_once_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let called = ["deny-lis1", "deny-lis2", "deny-lis3", "deny-lis4"];
    // All have read the same lock before the first writes.
    let stores: Vec<Store> = called.iter().map(|_| Store::open(&paths).unwrap()).collect();
    std::thread::scope(|scope| {
        for (mut store, name) in stores.into_iter().zip(called) {
            let plan = filter_called(home.path(), name);
            scope.spawn(move || store.install(&Engine::new().unwrap(), &plan, BTreeSet::new()).unwrap());
        }
    });
    assert_eq!(names(&paths), called);
    let [mut one, mut two] = [Store::open(&paths).unwrap(), Store::open(&paths).unwrap()];
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
    assert!(Store::open(&paths).is_ok());
    fs::set_permissions(&paths.plugins, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(Store::open(&paths), Err(StoreError::Io { path, .. }) if path == paths.plugins));
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
        origin: String::new(),
    };
    lock::write(&paths.plugins, std::slice::from_ref(&installed)).unwrap();
    let store = Store::open(&paths).unwrap();
    let message = store.read(&installed).unwrap_err().to_string();
    assert!(message.contains(&store.file(&installed.digest).display().to_string()), "{message}");
}
