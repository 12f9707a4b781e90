//! If settings exist and cannot be read, this is an error. They are never treated as absent.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::organisation::Organisation;
use crate::support::{Output, Sandbox};

const RUN: [&str; 6] = ["run", "--allow", "s3:GetObject", "--", "touch", "ran"];
const FILES: [&str; 4] = ["config.toml", "deny-list.toml", "profiles.toml", "vault-config.toml"];
const DENIES: &str = "[deny]\nactions = [\"s3:GetObject\"]\n";

/// Puts something at `path` that is not a file of settings.
type Put = fn(&Path);

/// Everything but a regular file.
const NO_FILES: [(&str, Put); 6] = [
    ("a link to nowhere", |path| symlink("/nowhere/at/all.toml", path).unwrap()),
    ("a link to a link to nowhere", |path| {
        let middle = path.with_extension("middle");
        symlink("none.toml", &middle).unwrap();
        symlink(middle, path).unwrap();
    }),
    ("a link to itself", |path| symlink(path, path).unwrap()),
    ("a FIFO", |path| mkfifo(path, Mode::from_bits_truncate(0o600)).unwrap()),
    ("a device", |path| symlink("/dev/null", path).unwrap()),
    ("a directory", |path| fs::create_dir(path).unwrap()),
];

fn settings(sandbox: &Sandbox) -> PathBuf {
    let directory = sandbox.home().join(".config/audex");
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// Nothing was asked of the cloud, nothing ran, and the path is named.
#[track_caller]
fn refused(sandbox: &Sandbox, output: Output, path: &Path, what: &str) {
    let output = output.exits(78);
    assert!(output.stderr.contains(&path.display().to_string()), "{what}: {}", output.stderr);
    assert!(sandbox.cloud().requests().is_empty(), "{what}");
    assert!(!sandbox.home().join("ran").exists(), "{what}");
}

#[test]
fn what_is_no_regular_file_is_an_error_that_names_it() {
    for name in FILES {
        for (what, put) in NO_FILES {
            let sandbox = Sandbox::new();
            let path = settings(&sandbox).join(name);
            put(&path);
            refused(&sandbox, sandbox.run(RUN), &path, &format!("{name} is {what}"));
        }
    }
}

#[test]
fn every_command_that_reads_settings_refuses_a_deny_list_that_cannot_be_reached() {
    let sandbox = Sandbox::new();
    let path = settings(&sandbox).join("deny-list.toml");
    symlink("/nowhere/at/all.toml", &path).unwrap();
    for arguments in [
        &["plan", "--allow", "s3:GetObject"][..],
        &["learn", "--", "touch", "ran"],
        &["health", "--check", "aws"],
        &["policies", "list"],
    ] {
        refused(&sandbox, sandbox.run(arguments), &path, arguments[0]);
    }
}

#[test]
fn a_directory_of_settings_that_cannot_be_reached_is_an_error() {
    for link in [".config", ".config/audex"] {
        let sandbox = Sandbox::new();
        let link = sandbox.home().join(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink("/nowhere/at/all", &link).unwrap();
        refused(&sandbox, sandbox.run(RUN), &link, "a link to nowhere");
    }
    for variable in ["XDG_CONFIG_HOME", "AUDEX_CONFIG_DIR"] {
        let mut sandbox = Sandbox::new();
        let link = sandbox.home().join("settings");
        symlink("/nowhere/at/all", &link).unwrap();
        sandbox.set(variable, &link);
        refused(&sandbox, sandbox.run(RUN), &link, variable);
    }
    let sandbox = Sandbox::new();
    let file = sandbox.home().join(".config");
    fs::write(&file, "").unwrap();
    refused(&sandbox, sandbox.run(RUN), &file, "a file in the place of a directory");
}

#[test]
fn installed_components_that_cannot_be_reached_are_an_error() {
    let sandbox = Sandbox::new();
    let link = sandbox.home().join(".local/share");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    symlink("/nowhere/at/all", &link).unwrap();
    refused(&sandbox, sandbox.run(RUN), &link, "the lock of components");
}

#[test]
fn nothing_at_all_is_absent() {
    let sandbox = Sandbox::new();
    assert!(!sandbox.home().join(".config").exists());
    let _ = sandbox.run(RUN).success();
    let _ = settings(&sandbox);
    let _ = sandbox.run(RUN).success();
}

#[test]
fn a_link_to_a_real_file_counts_as_that_file() {
    let mut sandbox = Sandbox::new();
    let real = sandbox.plant("dotfiles/audex/deny-list.toml", DENIES);
    let link = settings(&sandbox).join("deny-list.toml");
    symlink(&real, &link).unwrap();
    let _ = sandbox.run(RUN).exits(77);
    fs::remove_file(&link).unwrap();
    let _ = sandbox.run(RUN).success();
    // The whole directory as one link, as dotfile managers make it.
    let sandbox = {
        let mut sandbox = Sandbox::new();
        sandbox.plant("dotfiles/audex/deny-list.toml", DENIES);
        fs::create_dir(sandbox.home().join(".config")).unwrap();
        symlink("../dotfiles/audex", sandbox.home().join(".config/audex")).unwrap();
        sandbox
    };
    let _ = sandbox.run(RUN).exits(77);
}

#[test]
fn the_organisations_files_are_read_by_the_same_rule() {
    for name in ["config.toml", "deny-list.toml"] {
        for (what, put) in NO_FILES {
            let sandbox = Sandbox::new();
            let organisation = Organisation::of("");
            let path = organisation.says(name, "");
            fs::remove_file(&path).unwrap();
            put(&path);
            let shown = Path::new("/etc/audex").join(name);
            refused(
                &sandbox,
                organisation.run(&sandbox, RUN),
                &shown,
                &format!("{name} is {what}"),
            );
        }
    }
}

#[test]
fn an_organisations_directory_that_cannot_be_reached_is_an_error_and_one_that_is_not_there_is_none()
{
    let sandbox = Sandbox::new();
    let organisation = Organisation::of("");
    let directory = organisation.says("config.toml", "").parent().unwrap().to_owned();
    fs::remove_dir_all(&directory).unwrap();
    let _ = organisation.run(&sandbox, ["plan", "--allow", "s3:GetObject"]).success();
    symlink("/nowhere/at/all", &directory).unwrap();
    refused(
        &sandbox,
        organisation.run(&sandbox, RUN),
        Path::new("/etc/audex"),
        "a link to nowhere",
    );
}

#[test]
fn an_organisations_link_to_a_real_file_counts_as_that_file() {
    let sandbox = Sandbox::new();
    let organisation = Organisation::of("");
    let path = organisation.says("deny-list.toml", DENIES);
    let real = path.with_extension("real");
    fs::rename(&path, &real).unwrap();
    symlink(real.file_name().unwrap(), &path).unwrap();
    let _ = organisation.run(&sandbox, RUN).exits(77);
}
