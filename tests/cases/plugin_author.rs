//! A new component, from the start to a run: only with the files of `plugin new` and the steps in their
//! README.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::guests::Guest;
use crate::support::{Invocation, Output, Sandbox};

/// Runs `tryaudex plugin …` in a directory of the sandbox, with the machine's own Rust.
fn plugin(sandbox: &Sandbox, directory: &Path, words: &[&str]) -> Output {
    with_rust(sandbox.tryaudex([&["plugin"], words].concat()), directory)
}

/// Where Rust builds in these tests: under this build's own target directory, so that what the SDK needs is compiled
/// once.
fn target() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_tryaudex")).ancestors().nth(2).unwrap().join("guests")
}

fn with_rust(mut command: Invocation<'_>, directory: &Path) -> Output {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap());
    let of = |name: &str, folder: &str| {
        std::env::var_os(name).map_or_else(|| home.join(folder), PathBuf::from)
    };
    // The build uses the toolchain of these tests, and rustup must not fetch another.
    if let Some(toolchain) = std::env::var_os("RUSTUP_TOOLCHAIN") {
        command = command.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    command
        .env("RUSTUP_AUTO_INSTALL", "0")
        .env("CARGO", env!("CARGO"))
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("CARGO_HOME", of("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", of("RUSTUP_HOME", ".rustup"))
        .env("CARGO_TARGET_DIR", target())
        .current_dir(directory)
        .output()
}

/// Makes, builds, tries and installs a component of this kind.
fn made(sandbox: &Sandbox, kind: &str) -> String {
    let name = format!("my-{kind}");
    let _ = plugin(sandbox, sandbox.home(), &["new", &name, "--kind", kind]).success();
    let project = sandbox.home().join(&name);
    let file = format!("{name}.wasm");
    let built = plugin(sandbox, &project, &["build"]).success();
    assert!(built.stdout.contains(&format!("built the {kind} `{name}` 0.1.0")), "{}", built.stdout);
    let tested = plugin(sandbox, &project, &["test", &file]).success();
    assert!(!tested.stdout.contains("WRONG"), "{}", tested.stdout);
    let _ = plugin(sandbox, &project, &["install", &file]).success();
    name
}

#[test]
fn each_kind_of_component_is_made_built_tried_installed_and_used() {
    let _ = Guest::of("filter-no-deletes");
    let mut sandbox = Sandbox::new();
    let _ = made(&sandbox, "filter");
    let plan =
        sandbox.run(["plan", "--allow", "s3:GetObject,s3:DeleteObject", "--json"]).success().json();
    assert_eq!(plan["denied"][0]["by"], "my-filter");

    let _ = made(&sandbox, "provider");
    let run = [
        "run",
        "--provider",
        "my-provider",
        "--allow",
        "door:open",
        "--",
        "sh",
        "-c",
        "echo $MY_PROVIDER_ACCOUNT",
    ];
    assert_eq!(sandbox.run(run).success().stdout, "main\n");
    // It checks nothing, which is not a failure.
    let health = sandbox.run(["health", "--check", "my-provider"]).success().stdout;
    assert!(health.contains("skipped  this provider has no checks"), "{health}");
    let health = sandbox.run(["health", "--check", "my-provider", "--json"]).success().json();
    assert_eq!(health[0]["healthy"], serde_json::Value::Null);

    let _ = made(&sandbox, "intent");
    let asked = sandbox.run(["intent", "--engine", "my-intent", "read the report"]).success();
    assert!(asked.stdout.contains("s3:GetObject,s3:ListBucket"), "{}", asked.stdout);

    let _ = made(&sandbox, "mapping");
    sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"my-mapping\"\n");
    let plan = sandbox.run(["plan", "--allow", "reports:read", "--json"]).success().json();
    assert_eq!(plan["permissions"][0]["origin"], "reports:read");
}

#[test]
fn a_project_that_plain_cargo_builds_for_wasi_prints_and_asks_the_time() {
    // If the target is missing, this says so.
    let _ = Guest::for_wasi("hostile-filter");
    let sandbox = Sandbox::new();
    let _ = plugin(&sandbox, sandbox.home(), &["new", "my-printer", "--kind", "filter"]).success();
    let project = sandbox.home().join("my-printer");
    let source = std::fs::read_to_string(project.join("src/lib.rs")).unwrap();
    let line = "println!(\"it is {}\", std::time::UNIX_EPOCH.elapsed().unwrap().as_secs());";
    let printing = source.replacen("-> Verdict {", &format!("-> Verdict {{ {line}"), 1);
    assert_ne!(source, printing);
    std::fs::write(project.join("src/lib.rs"), printing).unwrap();
    let cargo = ["build", "--release", "--target", "wasm32-wasip2"];
    let _ = with_rust(sandbox.program(env!("CARGO"), cargo), &project).success();
    let file = target().join("wasm32-wasip2/release/my_printer.wasm");
    let file = file.to_str().unwrap();
    let tested = plugin(&sandbox, &project, &["test", file]).success();
    assert!(!tested.stdout.contains("WRONG"), "{}", tested.stdout);
    let _ = plugin(&sandbox, &project, &["install", file]).success();
    let plan = ["plan", "--allow", "s3:GetObject,s3:DeleteObject"];
    let told = sandbox.run([&plan[..], &["--verbose"]].concat()).success();
    assert!(told.stderr.contains("my-printer: stdout: it is 1"), "{}", told.stderr);
    let quiet = sandbox.run(plan).success();
    assert!(!quiet.stderr.contains("my-printer: stdout"), "{}", quiet.stderr);
}

#[test]
fn what_cannot_be_made_built_or_tried_says_why() {
    let sandbox = Sandbox::without_cloud();
    let home = sandbox.home().to_owned();
    // A provider of the second name would set AZURE_CLIENT_TOKEN, which is Azure's.
    for name in ["aws", "azure-client"] {
        let taken = plugin(&sandbox, &home, &["new", name, "--kind", "provider"]).exits(2);
        assert!(
            taken.stderr.contains(&format!("`{name}` is not a component name")),
            "{}",
            taken.stderr
        );
    }
    let _ = plugin(&sandbox, &home, &["new", "mine", "--kind", "filter"]).success();
    let again = plugin(&sandbox, &home, &["new", "mine", "--kind", "filter"]).exits(2);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    let none = plugin(&sandbox, &home, &["build"]).exits(2);
    assert!(none.stderr.contains("there is no project in `.`"), "{}", none.stderr);
    std::fs::write(home.join("mine/src/lib.rs"), "this is not Rust").unwrap();
    let broken = plugin(&sandbox, &home, &["build", "mine"]).exits(2);
    assert!(broken.stderr.contains("the project does not build"), "{}", broken.stderr);
    assert!(!home.join("mine/mine.wasm").exists());
}

/// A project whose tool, which brings its interpreter in a process of its own, does not end.
#[test]
fn a_build_that_is_interrupted_leaves_neither_process_nor_file() {
    let mut sandbox = Sandbox::without_cloud();
    let home = sandbox.home().to_owned();
    let _ =
        plugin(&sandbox, &home, &["new", "slow", "--kind", "filter", "--lang", "python"]).success();
    let tool = sandbox.plant(
        "slow/.venv/bin/componentize-py",
        "#!/bin/sh\ncase $1 in --version) echo componentize-py 0.25.1; exit;; esac\nsleep 60 & echo $! > started.part; mv started.part started; wait\n",
    );
    std::fs::set_permissions(tool, std::fs::Permissions::from_mode(0o700)).unwrap();
    let places = home.join("places");
    std::fs::create_dir(&places).unwrap();
    sandbox.set("TMPDIR", &places);
    let started = sandbox.tryaudex(["plugin", "build", "slow"]).current_dir(&home).start();
    let sleeper = loop {
        if let Ok(id) = std::fs::read_to_string(home.join("slow/started")) {
            break id.trim().parse::<i32>().unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    started.signal(nix::sys::signal::Signal::SIGTERM);
    let ended = started.finish();
    assert_eq!(ended.code, 128 + 15, "{}", ended.stderr);
    assert!(ended.stderr.contains("interrupted: nothing was built"), "{}", ended.stderr);
    assert_eq!(std::fs::read_dir(&places).unwrap().count(), 0);
    // Whoever takes it over has reaped it sooner or later.
    let is_there = || nix::sys::signal::kill(nix::unistd::Pid::from_raw(sleeper), None).is_ok();
    let is_dead = || {
        std::fs::read_to_string(format!("/proc/{sleeper}/stat"))
            .is_ok_and(|stat| stat.contains(") Z "))
    };
    assert!(!is_there() || is_dead(), "the tool's own process lives on");
}

#[test]
fn a_provider_that_answers_out_of_step_is_told_with_all_else() {
    let mut sandbox = Sandbox::without_cloud();
    let path = Guest::of("hostile-provider").playing("check-more").plant(&mut sandbox);
    let tested = sandbox.run(["plugin", "test", path.to_str().unwrap()]).exits(1);
    let wrong = "WRONG  checks actions of every kind, one answer for each";
    assert!(
        tested.stdout.contains(wrong) && tested.stdout.contains("looks after its health"),
        "{}",
        tested.stdout
    );
}

#[test]
fn a_component_that_misbehaves_is_told_by_name() {
    let mut sandbox = Sandbox::without_cloud();
    for (case, words) in [
        ("trap", "failed in phase call"),
        ("drop-missing", "it dropped a permission that is not there"),
        ("many", "its verdict has more than"),
    ] {
        let path = Guest::of("hostile-filter").playing(case).plant(&mut sandbox);
        let tested = sandbox.run(["plugin", "test", path.to_str().unwrap()]).exits(1);
        assert!(
            tested.stdout.contains("WRONG") && tested.stdout.contains(words),
            "{case}: {}",
            tested.stdout
        );
    }
    for (case, words) in [
        ("describe-cluster", "it wants to set `KUBECONFIG`"),
        ("describe-reads", "ask for the capability `secret:NAME`"),
    ] {
        let path = Guest::of("hostile-provider").playing(case).plant(&mut sandbox);
        let tested = sandbox.run(["plugin", "test", path.to_str().unwrap()]);
        assert!(
            tested.code != 0 && format!("{}{}", tested.stdout, tested.stderr).contains(words),
            "{tested:?}"
        );
    }
    assert!(sandbox.run(["plugin", "verify"]).success().stdout.contains("nothing is installed"));
}
