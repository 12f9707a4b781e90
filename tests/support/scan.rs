//! Searches for secrets in everything that a test produced.

use std::fs;
use std::path::{Path, PathBuf};

/// The output of one program.
pub(super) struct Captured {
    /// The program and its arguments.
    pub label: String,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// True if the command prints its own environment on purpose, so issued secrets may be on stdout.
    pub shows_issued: bool,
}

/// Returns every leak as one line, without the secret itself.
///
/// The secrets in `callers` may appear only in `planted` files. The secrets in `issued` may also appear on
/// the stdout of a command that shows them.
pub(super) fn scan(
    captured: &[Captured],
    home: &Path,
    planted: &[PathBuf],
    callers: &[String],
    issued: &[String],
) -> Vec<String> {
    // If the caller's source is a session, its secrets are in both lists.
    let issued: Vec<String> =
        issued.iter().filter(|secret| !callers.contains(secret)).cloned().collect();
    let mut leaks = Vec::new();
    let mut look = |place: String, bytes: &[u8], issued: &[String]| {
        if holds(bytes, callers) {
            leaks.push(format!("a secret of the caller: {place}"));
        }
        if holds(bytes, issued) {
            leaks.push(format!("a secret the cloud issued: {place}"));
        }
    };
    for Captured { label, stdout, stderr, shows_issued } in captured {
        look(format!("stdout of `{label}`"), stdout, if *shows_issued { &[] } else { &issued });
        look(format!("stderr of `{label}`"), stderr, &issued);
    }
    for path in files(home) {
        if !planted.contains(&path) {
            look(path.display().to_string(), &fs::read(&path).unwrap_or_default(), &issued);
        }
    }
    leaks
}

/// Returns true if `bytes` contain one of `secrets`, unchanged or percent-encoded for a URL.
fn holds(bytes: &[u8], secrets: &[String]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    secrets
        .iter()
        .any(|secret| text.contains(secret.as_str()) || text.contains(&percent_encoded(secret)))
}

fn percent_encoded(text: &str) -> String {
    text.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D")
}

/// Returns every regular file below `directory`. Links are not followed.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

#[test]
fn a_secret_is_found_in_output_and_files_and_excused_only_where_it_may_be() {
    let home = tempfile::tempdir().unwrap();
    let [planted, left] = ["planted", "deep/left"].map(|name| home.path().join(name));
    fs::create_dir(home.path().join("deep")).unwrap();
    fs::write(&planted, "callers-secret").unwrap();
    let printed = |stdout: &str, shows_issued| Captured {
        label: "env".to_owned(),
        stdout: stdout.into(),
        stderr: Vec::new(),
        shows_issued,
    };
    let [callers, issued] =
        ["callers-secret", "issued/secret"].map(|secret| vec![secret.to_owned()]);
    let leaks = |output: Captured| {
        scan(&[output], home.path(), std::slice::from_ref(&planted), &callers, &issued).len()
    };

    assert_eq!(leaks(printed("nothing", false)), 0);
    assert_eq!(leaks(printed("x issued/secret x", true)), 0);
    assert_eq!(leaks(printed("x issued/secret x", false)), 1);
    assert_eq!(leaks(printed("x issued%2Fsecret x", false)), 1);
    assert_eq!(leaks(printed("x callers-secret x", true)), 1);
    fs::write(&left, "callers-secret issued/secret").unwrap();
    assert_eq!(leaks(printed("nothing", true)), 2);
}
