//! Packages that the tests install from registries are pinned by digest.

use std::fs;

use crate::support::python;

/// The lines of a requirements file, joined where they go on and without comments.
fn requirements(path: &str) -> Vec<String> {
    let text = fs::read_to_string(python::tests().join(path)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let joined = lines.replace("\\\n", " ");
    joined.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_package_of_python_has_a_version_and_digests() {
    for (path, least) in [
        ("python/requirements.txt", 50),
        ("python/requirements-boto3.txt", 2),
        ("javascript/requirements.txt", 1),
    ] {
        let found = requirements(path);
        assert!(found.len() >= least, "{path}: {}", found.len());
        for line in found {
            let (package, digests) = line.split_once(' ').unwrap_or((&line, ""));
            assert!(package.contains("=="), "{path}: {package}");
            let is_digest =
                |word: &str| word.strip_prefix("--hash=sha256:").is_some_and(|hex| hex.len() == 64);
            let digests: Vec<&str> = digests.split_whitespace().collect();
            assert!(
                !digests.is_empty() && digests.iter().all(|word| is_digest(word)),
                "{path}: {package}"
            );
        }
    }
}

#[test]
fn pip_is_told_to_require_digests_wherever_it_installs() {
    for script in ["python/install.sh", "javascript/install.sh"] {
        let text = fs::read_to_string(python::tests().join(script)).unwrap();
        let installs = text.matches("pip install").count();
        assert!(installs > 0, "{script}");
        assert_eq!(installs, text.matches("--require-hashes").count(), "{script}");
        assert!(text.contains("--only-binary :all:"), "{script}");
    }
}
