//! What a command that runs as the user can no longer reach: every escape is tried, as a user and as root in a container.

mod level;
mod mechanism;
mod page;
mod programs;
mod table;

use std::collections::BTreeMap;

use serde::Deserialize;

use self::table::{End, TABLES};
use crate::support::{Sandbox, python};

/// The levels in the order of [`table::Escape`]'s ends.
const LEVELS: [&str; 3] = ["off", "credentials", "strict"];

/// The result of one run of all attempts.
#[derive(Deserialize)]
struct Tried {
    /// True if the tests do not run as root: user and root are then the same to the file system.
    nested: bool,
    code: i32,
    /// The words of Audex and of the command.
    said: String,
    rows: BTreeMap<String, Row>,
    /// The events in Audex's log.
    events: Vec<String>,
}

#[derive(Deserialize)]
struct Row {
    escaped: bool,
    /// True if this machine does not have what the attempt needs, with or without Audex.
    absent: bool,
    saw: String,
}

/// Runs `tests/support/escape/world.py` with these variables and arguments, and returns its result.
fn world(level: &str, role: &str, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let sandbox = Sandbox::without_cloud();
    let world = python::tests().canonicalize().unwrap().join("support/escape/world.py");
    let words = ["-B", world.to_str().unwrap(), level, role, env!("CARGO_BIN_EXE_tryaudex")];
    let mut invocation = sandbox.program("python3", [&words, arguments].concat());
    for (name, value) in variables {
        invocation = invocation.env(name, value);
    }
    invocation.output().success().stdout
}

/// Tries the attempts `names`, or all, on a machine of their own. With the level `bare` there is no Audex.
fn tried(level: &str, role: &str, variables: &[(&str, &str)], names: &[&str]) -> Tried {
    serde_json::from_str(&world(level, role, variables, names)).unwrap()
}

/// The ends of every attempt for `role`, by name; with `nested`, without those that need root outside.
fn expected(role: &str, nested: bool) -> BTreeMap<&'static str, [End; 3]> {
    let escapes = TABLES.iter().flat_map(|(_, table)| *table);
    escapes
        .filter(|escape| !nested || escape.user[0] != End::Never)
        .flat_map(|escape| {
            let ends = if role == "user" { escape.user } else { escape.root };
            escape.variants.iter().map(move |name| (*name, ends))
        })
        .collect()
}

/// Every attempt that does not end as the table says, with what was printed.
fn differences(level: &str, role: &str) -> Vec<String> {
    let column = LEVELS.iter().position(|one| *one == level).unwrap();
    let tried = tried(level, role, &[], &[]);
    let expected = expected(role, tried.nested);
    let mut differences = Vec::new();
    for (name, ends) in &expected {
        let wanted = ends[column];
        let Some(Row { escaped, absent, saw }) = tried.rows.get(*name) else {
            differences.push(format!("{level}, {role}: {name} was not tried"));
            continue;
        };
        let is_compared = !absent && wanted != End::Instant;
        if is_compared && *escaped != (wanted == End::Escapes) {
            differences.push(format!(
                "{level}, {role}: {name} must be {wanted:?}, but escaped is {escaped}: {saw}"
            ));
        }
    }
    let all = self::expected(role, false);
    let unknown = tried.rows.keys().filter(|name| !all.contains_key(name.as_str()));
    differences.extend(unknown.map(|name| format!("{name} is in no table")));
    if !differences.is_empty() || tried.code != 0 {
        differences.push(format!("exit {}\n{}", tried.code, tried.said));
    }
    differences
}

/// An attempt that does not work without Audex shows nothing.
#[test]
fn every_attempt_works_without_audex() {
    for role in ["user", "root"] {
        let tried = tried("bare", role, &[], &[]);
        let expected = expected(role, tried.nested);
        let fails = |(name, row): &(&String, &Row)| {
            !row.escaped
                && !row.absent
                && expected.get(name.as_str()).is_some_and(|ends| ends[0] != End::Never)
        };
        let failed: Vec<String> = tried
            .rows
            .iter()
            .filter(fails)
            .map(|(name, row)| format!("{role}: {name}: {}", row.saw))
            .collect();
        assert_eq!(failed, [""; 0], "{}", tried.said);
        assert!(tried.rows.len() > 100, "only {} attempts were made", tried.rows.len());
    }
}

#[test]
fn every_attempt_ends_as_the_table_says_where_nothing_is_isolated() {
    for role in ["user", "root"] {
        assert_eq!(differences("off", role), [""; 0]);
    }
}

#[test]
fn an_attempt_that_escapes_has_a_reason_and_no_other_has() {
    for (_, escapes) in TABLES {
        for escape in escapes {
            let escapes = [escape.user, escape.root]
                .iter()
                .any(|ends| ends[1..].iter().any(|end| matches!(end, End::Escapes | End::Instant)));
            assert_eq!(escapes, !escape.because.is_empty(), "{}", escape.attempt);
        }
    }
}
