//! Installed files that were changed after the installation.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::guests::Guest;

pub(super) fn plugins(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".local/share/audex/plugins")
}

/// The only file with this ending in the directory.
pub(super) fn the_file(directory: &Path, ending: &str) -> PathBuf {
    let all = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<_> =
        all.filter(|path| path.extension().is_some_and(|extension| extension == ending)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}
pub(super) fn inspect(sandbox: &Sandbox, target: &str) -> Value {
    sandbox.run(["plugin", "inspect", target, "--json"]).success().json()
}

#[test]
fn a_changed_file_is_refused_and_nothing_runs() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("filter-no-deletes").install(&mut sandbox, &[]).success();
    let file = the_file(&plugins(&sandbox), "wasm");
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let refused = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).exits(70);
    assert!(refused.stderr.contains("plugin `filter-no-deletes` (sha256:"), "{}", refused.stderr);
    assert!(refused.stderr.contains("is not the file that was installed"), "{}", refused.stderr);
    fs::remove_file(file).unwrap();
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).exits(70);
    assert!(!sandbox.home().join("ran").exists() && sandbox.cloud().requests().is_empty());
    // Removing is the way out, and it works.
    let _ = sandbox.run(["plugin", "remove", "filter-no-deletes"]).success();
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).success();
}

#[test]
fn changed_machine_code_is_compiled_anew_without_a_word() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("filter-no-deletes").install(&mut sandbox, &[]).success();
    let code = the_file(&sandbox.home().join(".cache/audex"), "cwasm");
    let good = fs::read(&code).unwrap();
    for change in [
        |bytes: &mut Vec<u8>| bytes[5000] ^= 1,
        |bytes: &mut Vec<u8>| bytes.truncate(40),
        |bytes: &mut Vec<u8>| bytes[0] ^= 1,
    ] {
        let mut bytes = good.clone();
        change(&mut bytes);
        fs::write(&code, bytes).unwrap();
        let plan =
            sandbox.run(["plan", "--allow", "s3:GetObject,s3:DeleteObject", "--json"]).success();
        assert_eq!(
            (plan.json()["denied"][0]["by"].as_str(), plan.stderr.as_str()),
            (Some("filter-no-deletes"), "")
        );
        assert!(fs::read(&code).unwrap().len() == good.len(), "it was not written again");
    }
}

#[test]
fn a_lock_edited_by_hand_is_an_error_not_a_missing_filter() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("filter-no-deletes").install(&mut sandbox, &[]).success();
    let lock = plugins(&sandbox).join("plugins.lock");
    let good = fs::read_to_string(&lock).unwrap();
    for (from, to) in [
        ("kind = \"filter\"", "kind = \"mapping\""),
        ("version = 1", "version = 2"),
        ("granted = []", "granted = [\"slot:aws\"]"),
        ("granted = []", "granted = []\ndisabled = true"),
        ("name = \"filter-no-deletes\"", "name = \"aws\""),
        ("mac = \"", "mac = \"0"),
    ] {
        assert!(good.contains(from), "{from}\n{good}");
        fs::write(&lock, good.replacen(from, to, 1)).unwrap();
        let refused =
            sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).exits(78);
        assert!(
            refused.stderr.contains("changed by something other than tryaudex"),
            "{to}: {}",
            refused.stderr
        );
    }
    fs::remove_file(plugins(&sandbox).join("plugins.key")).unwrap();
    fs::write(&lock, &good).unwrap();
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).exits(78);
    // Gone, it would have been a filter less without a word.
    fs::remove_file(&lock).unwrap();
    for words in
        [&["run", "--allow", "s3:GetObject", "--", "touch", "ran"][..], &["plugin", "verify"]]
    {
        let gone = sandbox.run(words).exits(78).stderr;
        assert!(
            gone.contains("plugins.lock` is gone, and with it whatever is installed, filters too"),
            "{gone}"
        );
    }
    assert!(!sandbox.home().join("ran").exists() && sandbox.cloud().requests().is_empty());
}
