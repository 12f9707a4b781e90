//! Runs real commands through `look_up`, `spawn` and `wait`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{Deadline, Ended, OnExpiry, Signals, Status, look_up, spawn};
use audex_core::clock;
use audex_core::environment::{Environment, PATH};

const LONG: Duration = Duration::from_secs(20);

/// Serialises the tests that send signals, because a signal goes to the whole process.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    handle_every_signal();
    turn
}

/// Gives this process a handler for every signal that tests send.
///
/// The test process may have inherited ignored signals (`nohup`, a background job of a script), which
/// commands would inherit too. A signal with a handler has its default in a command.
fn handle_every_signal() {
    static HANDLED: Once = Once::new();
    HANDLED.call_once(|| {
        for signal in super::super::signals::PASSED_ON {
            let seen = Arc::new(AtomicBool::new(false));
            let _ = signal_hook::flag::register(signal as i32, seen).unwrap();
        }
    });
}

fn environment() -> BTreeMap<OsString, OsString> {
    let path = Environment::capture().get_os(PATH).unwrap_or_default().to_owned();
    BTreeMap::from([(PATH.into(), path)])
}

/// Runs `sh -c script` with `argument` as `$1`; once the file `$1` exists, calls `meanwhile`.
fn sh(
    script: &str,
    argument: &Path,
    deadline: Option<Deadline>,
    meanwhile: impl FnOnce(i32) + Send,
) -> (Ended, u32) {
    let words = ["sh", "-c", script, "sh"].map(OsString::from).into_iter().chain([argument.into()]);
    let words: Vec<OsString> = words.collect();
    let environment = environment();
    let executable =
        look_up(&words, environment.get(OsStr::new("PATH")).map(OsString::as_os_str)).unwrap();
    let running = spawn(&executable, &environment, Signals::install().unwrap(), None).unwrap();
    let id = running.id();
    let mut notices = 0;
    let ended = thread::scope(|scope| {
        scope.spawn(move || {
            await_file(argument);
            meanwhile(id);
        });
        running.wait(deadline, || notices += 1).unwrap()
    });
    (ended, notices)
}

fn await_file(path: &Path) {
    let start = Instant::now();
    while !path.exists() && start.elapsed() < LONG {
        thread::sleep(Duration::from_millis(5));
    }
}

fn scratch() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ready");
    (directory, file)
}

fn in_a_moment(policy: OnExpiry, grace: Duration) -> Deadline {
    Deadline { at: clock::now() + Duration::from_millis(300), policy, grace }
}

fn dies(pid: &str) -> bool {
    let start = Instant::now();
    while is_alive(pid) && start.elapsed() < LONG {
        thread::sleep(Duration::from_millis(5));
    }
    !is_alive(pid)
}

#[cfg(not(target_os = "linux"))]
fn is_alive(pid: &str) -> bool {
    kill(Pid::from_raw(pid.trim().parse().unwrap()), None).is_ok()
}

#[cfg(target_os = "linux")]
fn is_alive(pid: &str) -> bool {
    // A zombie that has not been reaped yet is not alive.
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z')
}

#[test]
fn the_exit_code_is_passed_on() {
    let _turn = one_at_a_time();
    let (_directory, file) = scratch();
    let (ended, notices) = sh(": > $1; exit 7", &file, None, |_| ());
    assert_eq!((ended.status, ended.exit_code(), notices), (Status::Exited(7), 7, 0));
    assert!(!ended.ended_by_deadline);
}

#[test]
fn a_signal_that_ends_the_command_is_128_and_its_number() {
    let _turn = one_at_a_time();
    let (_directory, file) = scratch();
    let (ended, _) = sh(": > $1; kill -TERM $$", &file, None, |_| ());
    assert_eq!((ended.status, ended.exit_code()), (Status::Signalled(15), 143));
}

#[test]
fn a_signal_sent_to_us_reaches_the_command_once() {
    let _turn = one_at_a_time();
    for (signal, name) in [
        (Signal::SIGTERM, "TERM"),
        (Signal::SIGINT, "INT"),
        (Signal::SIGHUP, "HUP"),
        (Signal::SIGQUIT, "QUIT"),
        (Signal::SIGUSR1, "USR1"),
        (Signal::SIGUSR2, "USR2"),
        (Signal::SIGWINCH, "WINCH"),
    ] {
        let (directory, file) = scratch();
        let count = directory.path().join("count");
        let script = format!(
            "trap 'echo x >> {0}' {name}; : > $1; i=0; while [ $i -lt 200 ] && ! [ -s {0} ]; do sleep 0.02; i=$((i+1)); done; sleep 0.1; exit 3",
            count.display()
        );
        let (ended, _) = sh(&script, &file, None, |_| kill(Pid::this(), signal).unwrap());
        assert_eq!(ended.exit_code(), 3, "{name}");
        assert_eq!(fs::read_to_string(&count).unwrap(), "x\n", "{name}");
    }
}

#[test]
fn a_signal_between_minting_and_spawn_reaches_the_command() {
    let _turn = one_at_a_time();
    let signals = Signals::install().unwrap();
    kill(Pid::this(), Signal::SIGTERM).unwrap();
    let executable = look_up(&["sleep".into(), "60".into()], None).unwrap();
    let ended =
        spawn(&executable, &environment(), signals, None).unwrap().wait(None, || ()).unwrap();
    assert_eq!(ended.status, Status::Signalled(15));
}

#[test]
fn a_deadline_ends_a_command_that_ignores_sigterm_with_its_grandchild() {
    let _turn = one_at_a_time();
    let (_directory, file) = scratch();
    let script = "trap '' TERM; sleep 60 & echo $! > $1.tmp; mv $1.tmp $1; wait; wait; sleep 60";
    let deadline = in_a_moment(OnExpiry::End, Duration::from_millis(300));
    let (ended, notices) = sh(script, &file, Some(deadline), |_| ());
    assert_eq!((ended.status, notices), (Status::Signalled(9), 0));
    assert!(
        ended.ended_by_deadline
            && ended.duration < LONG
            && ended.duration >= Duration::from_millis(500)
    );
    assert!(dies(&fs::read_to_string(&file).unwrap()));
}

#[test]
fn a_deadline_ends_what_a_willing_command_leaves_in_its_group() {
    let _turn = one_at_a_time();
    let (_directory, file) = scratch();
    let script = "(trap '' TERM; sleep 60 & echo $! > $1.tmp; mv $1.tmp $1; wait; sleep 60) & trap 'exit 5' TERM; wait";
    let (ended, _) = sh(script, &file, Some(in_a_moment(OnExpiry::End, LONG)), |_| ());
    assert_eq!(ended.status, Status::Exited(5));
    assert!(ended.ended_by_deadline && ended.duration < LONG);
    assert!(dies(&fs::read_to_string(&file).unwrap()));
}

/// Runs `sh -c script` with a file as `$1`, requests its end once the file exists, and returns the end and the file's text.
fn stopped(script: &str, deadline: Option<Deadline>) -> (Ended, String) {
    let (_directory, file) = scratch();
    let words = ["sh", "-c", script, "sh"].map(OsString::from).into_iter();
    let words: Vec<OsString> = words.chain([file.clone().into()]).collect();
    let environment = environment();
    let executable =
        look_up(&words, environment.get(OsStr::new("PATH")).map(OsString::as_os_str)).unwrap();
    let signals = Signals::install().unwrap();
    let stop = signals.stop();
    let running = spawn(&executable, &environment, signals, None).unwrap();
    let ended = thread::scope(|scope| {
        scope.spawn(|| {
            await_file(&file);
            stop.request();
            stop.request();
        });
        running.wait(deadline, || ()).unwrap()
    });
    (ended, fs::read_to_string(&file).unwrap())
}

#[test]
fn a_request_ends_the_command_with_a_daemon_that_left_its_group() {
    let _turn = one_at_a_time();
    let script = "trap '' TERM; setsid sleep 60 & echo $! > $1.tmp; mv $1.tmp $1; wait; sleep 60";
    let far = clock::now() + LONG;
    let deadline = Deadline { at: far, policy: OnExpiry::Keep, grace: Duration::from_millis(100) };
    let (ended, daemon) = stopped(script, Some(deadline));
    assert_eq!(ended.status, Status::Signalled(9));
    assert!(ended.ended_by_request && !ended.ended_by_deadline && ended.duration < LONG);
    assert!(dies(&daemon));
}

#[test]
fn a_request_gives_a_descendant_the_grace_to_end_after_the_command_has() {
    let _turn = one_at_a_time();
    let script = "(trap 'sleep 0.3; echo done > $1.end; exit' TERM; echo > $1; while :; do sleep 0.02; done) & wait";
    let (directory, _) = scratch();
    let end = directory.path().join("end");
    let script = script.replace("$1.end", &end.display().to_string());
    let (ended, _) = stopped(&script, None);
    assert_eq!(ended.status, Status::Signalled(15));
    assert_eq!(fs::read_to_string(end).unwrap(), "done\n");
}

#[test]
fn a_request_before_the_command_interrupts_the_work_and_ends_a_command_all_the_same() {
    let _turn = one_at_a_time();
    let mut signals = Signals::install().unwrap();
    signals.stop().request();
    signals.wait(Some(LONG)).unwrap();
    assert_eq!(signals.interrupted(), Some(Signal::SIGTERM));
    let executable = look_up(&["sleep".into(), "60".into()], None).unwrap();
    let ended =
        spawn(&executable, &environment(), signals, None).unwrap().wait(None, || ()).unwrap();
    assert!(ended.ended_by_request && ended.duration < LONG);
}

#[test]
fn a_deadline_ends_a_stopped_command() {
    let _turn = one_at_a_time();
    let (_directory, file) = scratch();
    // The command stops itself: without a controlling terminal, Audex does not follow the stop.
    let (ended, _) = sh(
        ": > $1; kill -STOP $$; sleep 60",
        &file,
        Some(in_a_moment(OnExpiry::End, LONG)),
        |_| (),
    );
    assert_eq!(ended.status, Status::Signalled(15));
}

#[test]
fn a_deadline_that_keeps_tells_once_and_lets_the_command_go_on() {
    let _turn = one_at_a_time();
    let (_directory, file) = scratch();
    let deadline = in_a_moment(OnExpiry::Keep, Duration::ZERO);
    let (ended, notices) = sh(": > $1; sleep 0.7; exit 4", &file, Some(deadline), |_| ());
    assert_eq!((ended.exit_code(), ended.ended_by_deadline, notices), (4, false, 1));
}

#[test]
fn a_command_that_ends_in_time_never_hears_of_its_deadline() {
    let _turn = one_at_a_time();
    let (_directory, file) = scratch();
    let far = Deadline { at: clock::now() + LONG, policy: OnExpiry::End, grace: LONG };
    let (ended, notices) = sh(": > $1", &file, Some(far), |_| ());
    assert_eq!((ended.exit_code(), ended.ended_by_deadline, notices), (0, false, 0));
    assert!(ended.duration < LONG);
}

#[test]
fn a_background_grandchild_is_not_waited_for() {
    let _turn = one_at_a_time();
    let (_directory, file) = scratch();
    let (ended, _) = sh("sleep 60 & echo $! > $1.tmp; mv $1.tmp $1; exit 0", &file, None, |_| ());
    let grandchild = fs::read_to_string(&file).unwrap();
    assert!(ended.duration < LONG && is_alive(&grandchild));
    kill(Pid::from_raw(grandchild.trim().parse().unwrap()), Signal::SIGKILL).unwrap();
}

#[test]
fn sigpipe_ends_the_command_as_usual() {
    let _turn = one_at_a_time();
    let (_directory, file) = scratch();
    let script = "yes | head -1 > $1; kill -PIPE $$; exit 1";
    assert_eq!(sh(script, &file, None, |_| ()).0.status, Status::Signalled(13));
    assert_eq!(fs::read_to_string(&file).unwrap(), "y\n");
}

#[cfg(target_os = "linux")]
#[test]
fn the_command_starts_with_no_signal_blocked_by_us() {
    let _turn = one_at_a_time();
    let program = "/^SigBlk/ && $2 ~ /[^0]/ { exit 1 }";
    let executable =
        look_up(&["awk".into(), program.into(), "/proc/self/status".into()], None).unwrap();
    let ended = spawn(&executable, &environment(), Signals::install().unwrap(), None)
        .unwrap()
        .wait(None, || ())
        .unwrap();
    assert_eq!(ended.exit_code(), 0);
}

#[test]
fn a_script_without_an_interpreter_line_is_run_by_the_shell() {
    use std::os::unix::fs::PermissionsExt;
    let _turn = one_at_a_time();
    let (_directory, file) = scratch();
    fs::write(&file, "exit $1\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let executable = look_up(&[file.into_os_string(), "9".into()], None).unwrap();
    let ended = spawn(&executable, &environment(), Signals::install().unwrap(), None)
        .unwrap()
        .wait(None, || ())
        .unwrap();
    assert_eq!(ended.exit_code(), 9);
}

#[test]
fn the_command_gets_exactly_the_environment_given() {
    let _turn = one_at_a_time();
    let executable = look_up(
        &["sh".into(), "-c".into(), "test \"$ONE\" = 1 && test -z \"$CARGO_MANIFEST_DIR\"".into()],
        None,
    )
    .unwrap();
    let environment = BTreeMap::from([("ONE".into(), "1".into())]);
    let ended = spawn(&executable, &environment, Signals::install().unwrap(), None)
        .unwrap()
        .wait(None, || ())
        .unwrap();
    assert_eq!(ended.exit_code(), 0);
}
