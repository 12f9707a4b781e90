//! After a panic at any stage of a run, there is no open record, no lease, no file and no process left.
//!
//! The library runs in its own process, with an observer that panics at a given stage.

use std::ffi::OsString;
use std::path::Path;

use audex::console::Console;
use audex::failure::Failure;
use audex::pipeline::attempt::Attempt;
use audex::pipeline::delivery::{Arranged, Scene};
use audex::pipeline::guard::recorded;
use audex::pipeline::observer::{Observer, Stage};
use audex::pipeline::{self, Context};
use audex::request::Arguments;
use audex::settings::{self, Flags, Settings};
use audex_components::provider::{Minted, Provider};
use audex_core::environment::Environment;
use audex_core::unwind;
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::support::{Output, Sandbox, VaultDouble};

/// Where the process below panics.
const PANICS_AT: &str = "AUDEX_TEST_PANICS_AT";
/// What a panic says: it may be a secret.
const PAYLOAD: &str = "the payload of a panic";
/// Stages before the first record, and what an observer is asked besides the stages.
const BEFORE: [&str; 2] = ["request", "prepared"];
const ASKED: [&str; 3] = ["arrange", "left", "ended"];

/// Panics at one place.
struct Panicking(String);

impl Panicking {
    fn panics_at(&self, place: &str) {
        assert!(self.0 != place, "{PAYLOAD}");
    }
}

impl Observer for Panicking {
    fn at(&mut self, stage: Stage) {
        if stage == Stage::Wait && self.0 == "Wait" {
            // Returns once the command has said who it is.
            let id = std::fs::read_to_string("fifo").unwrap();
            std::fs::write("pid", id).unwrap();
        }
        self.panics_at(&format!("{stage:?}"));
    }

    fn arrange(&mut self, _scene: &Scene<'_>, arranged: Arranged) -> Result<Arranged, Failure> {
        self.panics_at("arrange");
        Ok(arranged)
    }

    fn left(&mut self, _directory: &Path) {
        self.panics_at("left");
    }

    fn ended(&mut self, _provider: &Provider, _minted: &Minted, _began: u64) {
        self.panics_at("ended");
    }
}

#[test]
#[ignore = "the process that the tests below start; by itself it has nowhere to panic"]
fn a_run_that_panics() {
    let at = std::env::var(PANICS_AT).expect("the tests below say where");
    unwind::silence(|_| ());
    let environment = Environment::capture();
    let paths = settings::directories(&environment).unwrap();
    let console = Console::default();
    let script = if at == "Wait" { "echo $$ > fifo; exec sleep 600" } else { "touch ran" };
    let command: Vec<OsString> = ["sh", "-c", script].map(OsString::from).into();
    let words = ["sh", "-c", script].map(str::to_owned).into();
    let mut attempt = Attempt::new(&paths);
    let outcome = recorded(&environment, console, &mut attempt, |attempt| {
        let mut panicking = Panicking(at.clone());
        panicking.panics_at("request");
        let flags = Flags { provider: Some("vault".to_owned()), ..Flags::default() };
        let settings = Settings::resolve_in(paths, flags)?;
        let context = Context { environment: &environment, settings: &settings, console };
        let ask = Arguments {
            allow: vec!["s3:GetObject".to_owned()],
            command: words,
            ..Arguments::default()
        };
        let chain = pipeline::request(context, ask, attempt)?;
        let approved = chain.expand()?.check()?.filter()?.plan()?.approve()?;
        panicking.panics_at("prepared");
        approved.start(&command, &mut panicking)
    });
    let code = outcome.unwrap_or_else(|failure| {
        let code = failure.kind.exit_code();
        console.error(&failure.message(), &failure.causes(), failure.hint.as_deref(), code);
        code
    });
    std::process::exit(code.into());
}

/// A run that panics at `place`, and the Vault that gave it credentials.
fn panicking(place: &str) -> (Sandbox, VaultDouble, Output) {
    let mut sandbox = Sandbox::new();
    let vault = VaultDouble::start(&mut sandbox, "developer", "developer");
    // A login of its own besides the lease.
    sandbox.set("VAULT_ROLE_ID", "my-role-id").set("VAULT_SECRET_ID", &vault.secret_id);
    sandbox.plant_secret(PAYLOAD).set(PANICS_AT, place);
    let fifo = sandbox.home().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let this = std::env::current_exe().unwrap();
    let name = "cases::stages::a_run_that_panics";
    let output = sandbox.program(this, [name, "--exact", "--ignored", "--nocapture"]).output();
    (sandbox, vault, output)
}

#[track_caller]
fn leaves_nothing(sandbox: &Sandbox, vault: &VaultDouble, output: &Output, place: &str) {
    let said = output.stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
    assert!(
        said.starts_with("error: a defect stopped the program at "),
        "{place}: {}",
        output.stderr
    );
    assert!(
        !output.stderr.contains("panicked") && !output.stderr.contains("backtrace"),
        "{}",
        output.stderr
    );
    let records = sandbox.audit();
    let last = records.last().expect("a record");
    let ends = (&last["event"], &last["stage"], &last["exit_code"]);
    assert_eq!(ends, (&"failed".into(), &"internal".into(), &70.into()), "{place}");
    let _ = sandbox.run(["audit", "verify"]).success();
    assert!(sandbox.session_directories().is_empty(), "{place}");
    vault.is_clean();
}

#[test]
fn a_panic_at_any_stage_leaves_nothing_open() {
    let stages = Stage::ALL.map(|stage| format!("{stage:?}"));
    let places =
        BEFORE.map(str::to_owned).into_iter().chain(stages).chain(ASKED.map(str::to_owned));
    for place in places.filter(|place| place != "Wait") {
        let (sandbox, vault, output) = panicking(&place);
        let output = output.exits(70);
        leaves_nothing(&sandbox, &vault, &output, &place);
        let has_run = ["left", "Revoke", "Record", "ended"].contains(&place.as_str());
        assert_eq!(sandbox.home().join("ran").exists(), has_run, "{place}");
    }
}

#[test]
fn a_panic_while_the_command_runs_ends_the_command() {
    let (sandbox, vault, output) = panicking("Wait");
    let output = output.exits(70);
    leaves_nothing(&sandbox, &vault, &output, "Wait");
    let id = std::fs::read_to_string(sandbox.home().join("pid")).unwrap();
    let id = Pid::from_raw(id.trim().parse().unwrap());
    assert_eq!(kill(id, None), Err(Errno::ESRCH), "the command still runs");
}

#[test]
fn without_a_panic_the_same_run_ends_well() {
    let (sandbox, vault, output) = panicking("nowhere");
    let _ = output.success();
    assert_eq!(sandbox.events(), ["issuing", "issued", "ended"]);
    assert!(sandbox.home().join("ran").exists());
    vault.is_clean();
}
