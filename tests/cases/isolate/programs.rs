//! What people run must still run: each program does its work at both levels, as a user and as root.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

use super::world;

#[derive(Deserialize)]
struct Ran {
    programs: BTreeMap<String, Program>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Program {
    Ran { works: bool, said: String },
    Skipped { skipped: String },
}

/// Runs every program, and returns those that do not work, each with its output.
#[expect(clippy::print_stdout, reason = "`--nocapture` shows what is not installed")]
fn failed(level: &str, role: &str) -> Vec<String> {
    // The tests' own toolchain, because rustup's shims need a home.
    let rustc = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let toolchain = String::from_utf8(rustc.stdout).unwrap();
    let output = world(level, role, &[("ESCAPE_TOOLCHAIN", toolchain.trim())], &["programs"]);
    let ran: Ran = serde_json::from_str(&output).unwrap();
    let mut failed = Vec::new();
    for (name, program) in ran.programs {
        match program {
            Program::Ran { works: true, .. } => {}
            Program::Ran { said, .. } => {
                failed.push(format!("{level}, {role}: {name} does not work: {said}"));
            }
            Program::Skipped { skipped } => {
                println!("skipped: {name}: {skipped}");
            }
        }
    }
    failed
}

#[test]
fn every_program_works_without_audex() {
    for role in ["user", "root"] {
        assert_eq!(failed("bare", role), [""; 0]);
    }
}

#[test]
fn every_program_works_where_credentials_are_hidden() {
    for role in ["user", "root"] {
        assert_eq!(failed("credentials", role), [""; 0]);
    }
}

#[test]
fn every_program_works_under_strict() {
    for role in ["user", "root"] {
        assert_eq!(failed("strict", role), [""; 0]);
    }
}
