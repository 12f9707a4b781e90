//! The lock: gone, unwritable, changed, and a team's.

use super::*;

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
