//! Hostile components: each case ends in its named error, in time, and nothing is minted or leaked.
//!
//! The tables are data: the attack, the result, and the message for the user.

mod beyond;
mod granted;
mod page;
mod recording;
mod table;
mod unfit;
mod wasi;
mod words;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use audex_core::percent;
use nix::sys::signal::Signal;
use serde_json::json;

use self::table::{
    Case, DESCRIBE, DRIFT, EXPORTS, Export, FILTER, HTTP, MAPPING, MINT, PLAN, REPLIES,
};
use crate::support::guests::{self, Guest};
use crate::support::{Answerer, Output, Puppet, ROLE, Sandbox};

/// Guards against a hang; the limits of a component are tested by the words of their errors.
const HANG: Duration = Duration::from_secs(30);
/// What is printed of a component's own words is cut long before.
const PRINTED: usize = 256 * 1024;

const GRANTS: &[&str] = &["slot:aws", "http:api.example.com", "secret:HOSTILE_SOURCE"];
/// The value of the granted slot, which must turn up nowhere.
const SOURCE: &str = "c0ffee/hostile+source=5c0ffee5c0ffee";

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set("AUDEX_HOSTILE_ROLE_ARN", ROLE).set_secret("HOSTILE_SOURCE", SOURCE);
    sandbox
}

/// Everything about `case` that is not as it must be.
fn faults(case: &Case, sandbox: &Sandbox, output: &Output, took: Duration) -> String {
    let mut faults = String::new();
    let mut fault = |what: &str| {
        let _ = writeln!(
            faults,
            "{}: {what}\n{}",
            case.name,
            output.stderr.chars().take(2000).collect::<String>()
        );
    };
    if output.code != case.code {
        fault(&format!("exit {} instead of {}", output.code, case.code));
    }
    for words in case.says {
        if !output.stderr.contains(words) {
            fault(&format!("it does not say `{words}`"));
        }
    }
    let acts = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    if output.stderr.contains(acts) || output.stdout.contains(acts) {
        fault("a control character reached the terminal");
    }
    if output.stderr.lines().any(|line| {
        ["error: forged", "notice: forged", "forged"].iter().any(|f| line.starts_with(f))
    }) {
        fault("a line was forged");
    }
    if output.stderr.len() > PRINTED {
        fault("it filled the terminal");
    }
    if took > HANG {
        fault(&format!("it took {took:?}"));
    }
    let ran = sandbox.home().join("ran").exists();
    if ran != (case.code == 0) {
        fault(if ran { "the command ran" } else { "the command did not run" });
    }
    let asked = asked(sandbox);
    if asked != case.asked {
        fault(&format!("STS was asked {asked:?}"));
    }
    faults
}

fn asked(sandbox: &Sandbox) -> Vec<String> {
    let mut asked: Vec<String> =
        sandbox.cloud().requests().into_iter().map(|seen| seen.action).collect();
    asked.dedup();
    asked
}

fn timed(work: impl FnOnce() -> Output) -> (Output, Duration) {
    let began = Instant::now();
    let output = work();
    (output, began.elapsed())
}

/// Plays every case in a sandbox of its own: `work` installs and runs.
#[track_caller]
fn play(cases: &[Case], work: impl Fn(&mut Sandbox, &Case) -> Output) {
    guests::build_all();
    let mut all = String::new();
    for case in cases {
        let mut sandbox = sandbox();
        let (output, took) = timed(|| work(&mut sandbox, case));
        all += &faults(case, &sandbox, &output, took);
    }
    assert!(all.is_empty(), "{all}");
}

fn run_provider(sandbox: &mut Sandbox, case: &Case) -> Output {
    let _ = Guest::of("hostile-provider").playing(case.name).install(sandbox, GRANTS).success();
    let allow = ["--allow", "s3:GetObject,s3:ListBucket"];
    sandbox.run(
        [&["run", "--provider", "hostile", "--verbose"], &allow[..], &["--", "touch", "ran"]]
            .concat(),
    )
}

#[test]
fn a_filter_that_fails_in_any_way_denies() {
    play(FILTER, |sandbox, case| {
        let _ = Guest::of("hostile-filter").playing(case.name).install(sandbox, &[]).success();
        sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"])
    });
}

#[test]
fn a_mapping_that_fails_ends_the_run() {
    play(MAPPING, |sandbox, case| {
        let _ = Guest::of("hostile-mapping").playing(case.name).install(sandbox, &[]).success();
        let _ = sandbox
            .plant(".config/audex/config.toml", "[mapping]\ncomponent = \"hostile-mapping\"\n");
        sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"])
    });
}

#[test]
fn a_provider_that_describes_what_it_must_not_is_never_installed() {
    play(DESCRIBE, |sandbox, case| {
        let output = Guest::of("hostile-provider").playing(case.name).install(sandbox, GRANTS);
        assert!(
            !sandbox.run(["plugin", "list"]).success().stdout.contains("hostile"),
            "{}",
            case.name
        );
        output
    });
}

#[test]
fn a_provider_that_checks_or_plans_wrongly_mints_nothing() {
    play(PLAN, run_provider);
}

#[test]
fn a_provider_hands_out_nothing_but_what_was_planned() {
    play(&MINT[..MINT.len() / 2], run_provider);
}

#[test]
fn a_provider_hands_out_no_session_but_the_planned_one() {
    play(&MINT[MINT.len() / 2..], run_provider);
}

#[test]
fn a_provider_cannot_forget_what_a_filter_denies() {
    for (name, words, stage) in [
        ("plan-without-deny", "`s3:getobject*` without the denied `s3:getobjectacl`", &[][..]),
        (
            "mint-without-deny",
            "it handed out credentials without the planned policy",
            &["sts:AssumeRole"],
        ),
    ] {
        let mut sandbox = sandbox();
        let _ = sandbox
            .plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:GetObjectAcl\"]\n");
        let _ = Guest::of("hostile-provider").playing(name).install(&mut sandbox, GRANTS).success();
        let output = sandbox.run([
            "run",
            "--provider",
            "hostile",
            "--allow",
            "s3:GetObject*",
            "--",
            "touch",
            "ran",
        ]);
        let output = output.exits(70);
        assert!(output.stderr.contains(words), "{name}: {}", output.stderr);
        assert_eq!(asked(&sandbox), stage, "{name}");
        assert!(!sandbox.home().join("ran").exists(), "{name}");
    }
}

#[test]
fn a_provider_sends_nothing_where_it_must_not() {
    play(HTTP, run_provider);
}

/// What the server says in `case`.
fn answer(case: &str) -> (&'static str, String) {
    let ok = |you: &str| ("200 OK", format!("{{\"you\":\"{you}\"}}"));
    let each = |write: fn(u8) -> String| SOURCE.bytes().map(write).collect::<Vec<_>>().concat();
    match case.trim_start_matches("mint-http-") {
        "echo" => ok(&format!("Bearer {SOURCE}")),
        "echo-json" => ok(&each(|byte| format!("\\u{byte:04x}"))),
        "echo-form" => ok(&each(|byte| format!("%{byte:02X}"))),
        "echo-base64" => ok(&base64_simd::STANDARD.encode_to_string(format!("Bearer {SOURCE}"))),
        "echo-frame" => ok(&format!("k=%2{}", percent::encode(SOURCE))),
        "echo-layers" => ok(&(0..4).fold(SOURCE.to_owned(), |text, _| percent::encode(text))),
        "echo-gzip" => ("200 OK\r\ncontent-encoding: gzip", "not that it were".to_owned()),
        "echo-lift" => ok(&format!("<{SOURCE}>")),
        "echo-same" => ok(SOURCE),
        // A frame around what is not an echo of it.
        "echo-key" => ok("-----BEGIN PRIVATE KEY-----\\nMC4C\\n-----END PRIVATE KEY-----"),
        _ => ("302 Found\r\nlocation: http://169.254.169.254/latest/meta-data/", "{}".to_owned()),
    }
}

#[test]
fn what_a_server_answers_reaches_no_further() {
    play(REPLIES, |sandbox, case| {
        let (status, body) = answer(case.name);
        let server = Answerer::scripted(&[(status, &body)]);
        let config = format!("[endpoints]\n\"api.example.com\" = \"{}\"\n", server.endpoint);
        let _ = sandbox.plant(".config/audex/config.toml", config);
        let output = run_provider(sandbox, case);
        assert_eq!(server.bodies().len(), 1, "{}", case.name);
        output
    });
}

#[test]
fn what_was_minted_is_taken_back_however_many_signals_arrive() {
    let mut sandbox = sandbox();
    let cloud = Puppet::start();
    let config = format!("[endpoints]\n\"api.example.com\" = \"{}\"\n", cloud.endpoint);
    let _ = sandbox.plant(".config/audex/config.toml", config);
    let _ = Guest::of("hostile-provider")
        .playing("settled-never")
        .install(&mut sandbox, GRANTS)
        .success();
    let started = sandbox
        .tryaudex(["run", "--provider", "hostile", "--allow", "s3:GetObject", "--", "touch", "ran"])
        .start();
    // It gets no answer.
    let settled = cloud.asked();
    assert_eq!(settled.body, "settled");
    started.signal(Signal::SIGTERM);
    let revoking = cloud.asked();
    assert_eq!(revoking.body, "revoking");
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGTERM] {
        started.signal(signal);
    }
    revoking.answer();
    let revoked = cloud.asked();
    assert_eq!(revoked.body, "revoked");
    revoked.answer();
    assert_eq!(started.finish().code, 128 + 15);
    assert!(!sandbox.home().join("ran").exists());
}

#[test]
fn what_was_made_by_a_method_that_a_filter_refuses_is_taken_back() {
    let mut sandbox = sandbox();
    let server = Answerer::start("200 OK", "{}");
    let config = format!("[endpoints]\n\"api.example.com\" = \"{}\"\n", server.endpoint);
    let _ = sandbox.plant(".config/audex/config.toml", config);
    let _ = Guest::of("hostile-provider")
        .playing("revoke-method")
        .install(&mut sandbox, GRANTS)
        .success();
    let _ =
        Guest::of("hostile-filter").playing("approve-other").install(&mut sandbox, &[]).success();
    let run = ["run", "--provider", "hostile", "--allow", "s3:GetObject", "--", "touch", "ran"];
    let output = sandbox.run(run).exits(77);
    let words = "filter `hostile-filter` refused `other`, which was used where `assume-role` was planned: nothing else";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    assert_eq!(server.bodies(), ["revoking", "revoked"]);
    assert!(!sandbox.home().join("ran").exists());
    assert_eq!(sandbox.audit().last().unwrap()["event"], "denied", "{:?}", sandbox.audit());

    // Where it cannot be, it is not forgotten: `cleanup` tries again.
    let _ = sandbox.plant(
        ".config/audex/config.toml",
        "[endpoints]\n\"api.example.com\" = \"http://127.0.0.1:1\"\n",
    );
    let output = sandbox.run(run).exits(77);
    assert!(output.stderr.contains("not revoked"), "{}", output.stderr);
    let audit = sandbox.audit();
    let [.., issued, denied] = audit.as_slice() else { panic!("{audit:?}") };
    assert_eq!(
        (&issued["event"], &issued["lease"], &denied["event"]),
        (&json!("issued"), &json!("a lease"), &json!("denied"))
    );
    let config = format!("[endpoints]\n\"api.example.com\" = \"{}\"\n", server.endpoint);
    let _ = sandbox.plant(".config/audex/config.toml", config);
    let cleaned = sandbox.run(["cleanup"]).success();
    assert!(cleaned.stdout.contains("revoked"), "{}", cleaned.stdout);
    assert_eq!(server.bodies(), ["revoking", "revoked", "revoking", "revoked"]);
}

#[test]
fn a_trap_in_any_export_is_told_by_name() {
    let mut all = String::new();
    for Export { name, command, code } in EXPORTS {
        let mut sandbox = sandbox();
        let guest = if name.starts_with("translate") { "fixed-intent" } else { "hostile-provider" };
        let grants = if guest == "fixed-intent" { &[][..] } else { GRANTS };
        let guest = Guest::of(guest).playing(name);
        let path = guest.plant(&mut sandbox);
        let _ = std::fs::copy(&path, sandbox.home().join("hostile_provider.wasm"));
        let _ = guest.install(&mut sandbox, grants).success();
        let output = sandbox.run(*command);
        let told = format!("{}{}", output.stdout, output.stderr);
        if output.code != *code
            || !told.contains("(sha256:")
            || !told.contains("failed in phase call")
        {
            let _ = writeln!(all, "{name}: exit {} instead of {code}\n{told}", output.code);
        }
    }
    assert!(all.is_empty(), "{all}");
}

#[test]
fn a_statement_on_no_resource_is_misbehaviour_and_not_one_on_everything() {
    for case in ["effective-nowhere", "effective-unseen"] {
        let mut sandbox = sandbox();
        let _ = Guest::of("hostile-provider").playing(case).install(&mut sandbox, GRANTS).success();
        let output = sandbox.run(DRIFT).exits(70);
        let words = "failed in phase answer: a statement of its answer is limited to resources, and names none";
        assert!(output.stderr.contains(words), "{case}: {}", output.stderr);
    }
}

#[test]
fn a_call_on_an_empty_list_of_resources_is_misbehaviour_and_not_a_call_on_everything() {
    let mut sandbox = sandbox();
    let path = Guest::of("hostile-provider").playing("attribute-nothing").plant(&mut sandbox);
    let output = sandbox.run(["plugin", "test", path.to_str().unwrap()]).exits(1);
    let told = "failed in phase answer: it limits a permission to resources and names none";
    assert!(output.stdout.contains(told), "{}", output.stdout);
}

#[test]
fn a_table_as_large_as_no_program_needs_is_refused() {
    let mut sandbox = sandbox();
    let _ = Guest::of("hostile-filter").with_table_of(200_000).install(&mut sandbox, &[]).success();
    let output = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).exits(77);
    assert!(
        output
            .stderr
            .contains("failed in phase limit: it asked for more than 100000 table elements"),
        "{}",
        output.stderr
    );
    let _ = Guest::of("hostile-filter").with_table_of(50_000).install(&mut sandbox, &[]).success();
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).success();
}
