//! Sessions that are killed at random points, with asks and sessions inside, and many sessions at once: the log stays whole, and
//! nothing is left that is not told.

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Sandbox, Started};

/// Replaces the number of killed sessions.
const KILLS: &str = "AUDEX_TEST_KILLS";
/// The number of killed sessions in the suite; `make test-kills` kills 200.
const FEW: u64 = 20;
/// The most processor time of a session before its kill, in nanoseconds: about the whole work of one with its asks.
const WORK: u64 = 700_000_000;
/// Grants one of the two asks of each session.
const CONFIG: &str = "[approve]\nallow_access = [\"list\"]\n";
/// The looks until something has ended that ends soon; each starts a program, which takes milliseconds.
const LOOKS: usize = 500;

/// The next number of a fixed pseudo-random series (Knuth, MMIX).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// The ids of the processes of this sandbox, which all have its HOME.
fn processes(sandbox: &Sandbox) -> Vec<String> {
    let mark = format!("HOME={}", sandbox.home().display());
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().into_string().ok());
    ids.filter(|id| {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one == mark.as_bytes())
    })
    .collect()
}

/// Returns the command of a session: it asks for what a rule grants, and for what waits for a person, and then runs, in every other
/// round in a session inside.
fn script(round: u64) -> String {
    let program = env!("CARGO_BIN_EXE_tryaudex");
    let runs = "touch runs; while :; do sleep 0.05; done";
    let runs = match round % 2 {
        0 => runs.to_owned(),
        _ => format!("'{program}' run --quiet --allow s3:GetObject -- sh -c '{runs}'"),
    };
    format!(
        "'{program}' ask --allow s3:ListBucket --resource arn:aws:s3:::demo-reports --wait 20s\n\
         '{program}' ask --allow s3:PutObject --resource 'arn:aws:s3:::demo-reports/*'\n{runs}"
    )
}

/// Kills the program once it has used `work` nanoseconds of processor time, or once its command runs.
fn kill_at(running: &Started<'_>, sandbox: &Sandbox, work: u64) {
    let used = || {
        let text = fs::read_to_string(format!("/proc/{}/schedstat", running.id())).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    while used().is_some_and(|used| used < work) && !sandbox.home().join("runs").exists() {
        std::thread::yield_now();
    }
    running.signal(Signal::SIGKILL);
}

#[test]
fn a_session_that_is_killed_at_any_point_leaves_a_whole_log_and_nothing_untold() {
    let number = std::env::var(KILLS).ok().and_then(|text| text.parse().ok()).unwrap_or(FEW);
    let mut sandbox = Sandbox::new();
    sandbox.plant(".config/audex/config.toml", CONFIG);
    let binaries = Path::new(env!("CARGO_BIN_EXE_tryaudex")).parent().unwrap().to_str().unwrap();
    let mut state = 18;
    for round in 0..number {
        let level = ["off", "credentials", "strict"][usize::try_from(round % 3).unwrap()];
        let options = ["--deliver", "gateway", "--on-denied", "ask", "--isolate", level];
        let read = ["--read", binaries];
        let read = if level == "strict" { &read[..] } else { &[] };
        let script = script(round);
        let command = ["--", "sh", "-c", &script];
        let words = [&["run", "--allow", "s3:GetObject"], &options[..], read, &command].concat();
        let running = sandbox.tryaudex(words).start();
        // Every other two are killed once their command runs, after its asks.
        let work = next(&mut state) % WORK;
        kill_at(&running, &sandbox, if round % 4 > 1 { work } else { u64::MAX - work });
        let told = || format!("round {round}, {level}");
        // An isolated command ends with its session.
        let is_alone = || level == "off" || processes(&sandbox).is_empty();
        assert!((0..LOOKS).any(|_| is_alone() || list(&sandbox).is_empty()), "{}", told());
        let verified = sandbox.run(["audit", "verify"]);
        let has_told = verified.code == 0 || verified.stderr.contains("record ");
        assert!(has_told, "{}: {}", told(), verified.stderr);
        for session in list(&sandbox) {
            let (name, state) = (session["session"].as_str().unwrap(), &session["state"]);
            let is_over = || list(&sandbox).iter().all(|one| one["state"] != "running");
            assert!((0..LOOKS).any(|_| is_over()), "{}: {state}", told());
            let _ = sandbox.run(["sessions", "end", name]).success();
        }
        assert!((0..LOOKS).any(|_| processes(&sandbox).is_empty()), "{}", told());
        let _ = running.finish();
        let _ = fs::remove_file(sandbox.home().join("runs"));
    }
    // The next session sweeps what the killed ones left.
    let _ = sandbox.run_sh(&["--allow", "s3:GetObject"], "true").success();
    let _ = sandbox.run(["cleanup"]).success();
    let sockets = fs::read_dir(sandbox.home().join(".local/state/audex/control")).unwrap();
    assert_eq!((sockets.count(), sandbox.session_directories().len()), (0, 0));
    assert!(list(&sandbox).iter().all(|one| one["state"] != "running"));
    let _ = sandbox.run(["audit", "verify"]).success();
    // Some were killed with a grant of an ask, with an open ask, and with a session inside.
    let log = sandbox.audit();
    let has = |is: &dyn Fn(&Value) -> bool| assert!(log.iter().any(is), "{log:?}");
    has(&|one| one["event"] == "added");
    has(&|one| {
        one["event"] == "issued" && log.iter().any(|other| other["parents"][0] == one["session"])
    });
    let is_answered =
        |ask: &Value| log.iter().any(|one| one["event"] == "answered" && one["ask"] == *ask);
    has(&|one| one["event"] == "asked" && !is_answered(&one["ask"]));
}

fn list(sandbox: &Sandbox) -> Vec<Value> {
    let listed = sandbox.run(["sessions", "list", "--json", "--limit", "1000"]);
    listed.success().json().as_array().unwrap().clone()
}

#[test]
fn a_hundred_sessions_at_once_on_one_home_lose_and_mix_no_record() {
    let sandbox = Sandbox::new();
    // The first run compiles the components for all.
    let _ = sandbox.run_sh(&["--allow", "s3:GetObject"], "true").success();
    let words = ["run", "--allow", "s3:GetObject", "--", "true"];
    let running: Vec<Started<'_>> = (0..100).map(|_| sandbox.tryaudex(words).start()).collect();
    for one in running {
        let _ = one.finish().success();
    }
    let _ = sandbox.run(["audit", "verify"]).success();
    let mut events = std::collections::BTreeMap::<String, Vec<String>>::new();
    for record in sandbox.audit() {
        let text = |field: &str| record[field].as_str().unwrap().to_owned();
        events.entry(text("session")).or_default().push(text("event"));
    }
    assert_eq!(events.len(), 101);
    for (session, events) in events {
        assert_eq!(events, ["issuing", "issued", "ended"], "{session}");
    }
    let sockets = fs::read_dir(sandbox.home().join(".local/state/audex/control")).unwrap();
    assert_eq!(sockets.count(), 0);
}
