//! Components that attack: each case ends in its named error, in time, with nothing minted or leaked.
//!
//! The tables are data: what is tried, what it ends in, what the user reads.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::support::guests::Guest;
use crate::support::{Output, ROLE, Sandbox};

/// Guards against a hang; the limits of a component are tested by the words of their errors.
const HANG: Duration = Duration::from_secs(30);
/// What is printed of a component's own words is cut long before.
const PRINTED: usize = 256 * 1024;

/// What one case does, by name, and how it must end.
struct Case {
    /// As `tests/guests` knows it.
    name: &'static str,
    /// The exit status of the program.
    code: i32,
    /// Words of its error or notice.
    says: &'static [&'static str],
    /// What STS was asked, in order, without repetition.
    asked: &'static [&'static str],
}

const fn case(name: &'static str, code: i32, says: &'static [&'static str]) -> Case {
    Case { name, code, says, asked: &[] }
}

const fn asking(
    name: &'static str,
    code: i32,
    says: &'static [&'static str],
    asked: &'static [&'static str],
) -> Case {
    Case { name, code, says, asked }
}

/// A filter that fails denies.
const FILTER: &[Case] = &[
    case(
        "loop",
        77,
        &[
            "a filter failed, so nothing is granted",
            "plugin `hostile-filter` (sha256:",
            "failed in phase limit: it computed for more than 2 s",
        ],
    ),
    case("memory", 77, &["failed in phase limit: it asked for more than 64 MiB of memory"]),
    case("stack", 77, &["failed in phase limit", "stack"]),
    case("trap", 77, &["failed in phase call", "unreachable"]),
    case("drop-missing", 77, &["failed in phase answer: it dropped a permission that is not there"]),
    case(
        "drop-all",
        77,
        &["everything that was asked for is denied: `s3:GetObject` by `hostile-filter` (a reason)"],
    ),
    case("refuse", 77, &["filter `hostile-filter` refused: closed today"]),
    case("control", 77, &["refused: a [2Jb notice: forged  c"]),
    case("long-answer", 77, &["failed in phase limit: it handed over more than 16 MiB at once"]),
];

const MAPPING: &[Case] = &[
    case(
        "loop",
        70,
        &["plugin `hostile-mapping` (sha256:", "failed in phase limit: it computed for more than 2 s"],
    ),
    case("memory", 70, &["failed in phase limit: it asked for more than 64 MiB of memory"]),
    case("trap", 70, &["failed in phase call"]),
    case(
        "more",
        70,
        &["failed in phase answer: it expanded another number of permissions than it was given"],
    ),
    case("foreign", 2, &["`storage.objects.get` is no permission of provider `aws`"]),
    case("control", 2, &["is no permission of provider `aws`"]),
];

/// Refused when it is installed.
const DESCRIBE: &[Case] = &[
    case(
        "describe-loop",
        70,
        &["plugin `hostile-provider` (sha256:", "failed in phase limit: it computed for more than 2 s"],
    ),
    case("describe-memory", 70, &["failed in phase limit: it asked for more than 64 MiB of memory"]),
    case("describe-stack", 70, &["failed in phase limit", "stack"]),
    case("describe-trap", 70, &["failed in phase call"]),
    case("describe-id", 70, &["failed in phase answer: its id is not of `[a-z][a-z0-9-]*`"]),
    case("describe-clash", 2, &["`aws` is taken by another component"]),
    case("describe-path", 70, &["failed in phase answer: it wants to set `PATH`"]),
    case("describe-preload", 70, &["it wants to set `LD_PRELOAD`"]),
    case("describe-process", 70, &["it wants to set `AWS_CONFIG_FILE`"]),
    case("describe-endpoint", 70, &["it wants to set `AWS_ENDPOINT_URL_S3`"]),
    case(
        "describe-environment",
        70,
        &["a setting names an environment variable that does not begin with AUDEX_HOSTILE_"],
    ),
    case(
        "describe-neighbour",
        70,
        &["a setting names an environment variable that does not begin with AUDEX_HOSTILE_"],
    ),
    case(
        "describe-reach",
        70,
        &["failed in phase call: it reached out in a call that must answer from what it knows"],
    ),
];

/// Ends before anything is minted.
const PLAN: &[Case] = &[
    case("check-trap", 70, &["failed in phase call"]),
    case("check-loop", 70, &["failed in phase limit"]),
    case(
        "check-more",
        70,
        &["failed in phase answer: it checked another number of actions than it was given"],
    ),
    case("check-empty", 70, &["failed in phase answer: it accepted an action and named none"]),
    case("plan-loop", 70, &["failed in phase limit: it computed for more than 2 s"]),
    case("plan-trap", 70, &["failed in phase call"]),
    case("plan-other", 70, &["failed in phase answer: it planned a permission that was not granted"]),
    case("plan-origin", 70, &["failed in phase answer: it planned a permission that was not granted"]),
    case("plan-drop", 70, &["failed in phase answer: it left a granted permission out of its plan"]),
    case("plan-twice", 70, &["failed in phase answer: it left a granted permission out of its plan"]),
    case("plan-policy", 70, &["failed in phase answer: its policy has control characters"]),
    case("plan-mints", 70, &["failed in phase call: it asked for credentials in a call that mints nothing"]),
    case("plan-error", 69, &["provider `hostile-provider`: m [2Jm [2J"]),
];

/// Nothing reaches the command.
const MINT: &[Case] = &[
    case("mint-loop", 70, &["failed in phase limit: it computed for more than 2 s"]),
    case("mint-memory", 70, &["failed in phase limit: it asked for more than 64 MiB of memory"]),
    case("mint-stack", 70, &["failed in phase limit", "stack"]),
    case("mint-trap", 70, &["failed in phase call"]),
    case("mint-handles", 70, &["failed in phase limit: it held more than 1000 handles"]),
    case("mint-large-secret", 70, &["failed in phase call: it made a secret of more than 64 KiB"]),
    case("mint-large-policy", 70, &["failed in phase"]),
    case("mint-wider", 70, &["failed in phase call: a policy outside the grant was asked of STS: `s3:*`"]),
    case(
        "mint-two-actions",
        70,
        &["a policy outside the grant was asked of STS: it is not one JSON object with each key once"],
    ),
    case("mint-long", 70, &["it asked for credentials of 3600 s where 900 s are granted"]),
    case(
        "mint-role",
        70,
        &[
            "it tried to assume the role `arn:aws:iam::123456789012:role/Other`, which none of its settings names",
        ],
    ),
    asking(
        "mint-other-policy",
        70,
        &["it handed out credentials without the planned policy"],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-unscoped",
        70,
        &["failed in phase answer: it handed out credentials without the planned policy"],
        &["sts:GetSessionToken"],
    ),
    asking(
        "mint-fork",
        70,
        &["failed in phase answer: it handed out credentials without the planned policy"],
        &["sts:GetSessionToken", "sts:AssumeRole"],
    ),
    asking(
        "mint-first-session",
        70,
        &["it handed out credentials without the planned policy"],
        &["sts:AssumeRole"],
    ),
    asking("mint-expiry", 70, &["it misstated when its credentials expire"], &["sts:AssumeRole"]),
    asking("mint-later", 70, &["its credentials live longer than planned"], &["sts:AssumeRole"]),
    asking("mint-undeclared", 70, &["it set `AWS_PROFILE`, which it did not declare"], &["sts:AssumeRole"]),
    asking("mint-slot", 70, &["it handed out a source credential"], &["sts:AssumeRole"]),
    asking(
        "mint-long-answer",
        70,
        &["failed in phase limit: it handed over more than 16 MiB at once"],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-escape",
        70,
        &["file `../../escaped` may not be written by a provider"],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-isolation",
        70,
        &["file `aws/config` may not be written by a provider"],
        &["sts:AssumeRole"],
    ),
];

/// Nothing leaves the machine: each ends before a connection is made.
const HTTP: &[Case] = &[
    case("mint-http-elsewhere", 69, &["`evil.example.org` was not granted to this component"]),
    case("mint-http-plain", 69, &["only `https://api.example.com/…` without user and port can be reached"]),
    case("mint-http-port", 69, &["without user and port can be reached"]),
    case("mint-http-user", 69, &["without user and port can be reached"]),
    case("mint-http-address", 69, &["`169.254.169.254` was not granted to this component"]),
    case(
        "mint-http-header",
        70,
        &["failed in phase call: it set the header `host`, which is the host's to set"],
    ),
    case(
        "mint-http-key-header",
        70,
        &["failed in phase call: it set the header `host`, which is the host's to set"],
    ),
    case("mint-http-smuggle", 70, &["failed in phase call: it set a malformed header"]),
    case("mint-http-many-headers", 70, &["failed in phase call: it set more than 64 headers"]),
    case("mint-http-lift", 78, &["no more than 16 values can be lifted from a reply"]),
    case("mint-http-sign", 69, &["requests to the service `sts` are not signed for components"]),
    case(
        "mint-http-slot",
        70,
        &["failed in phase call: it used `secret:OTHER_SOURCE`, which was not granted to it"],
    ),
    asking(
        "mint-http-session",
        70,
        &["it tried to send a secret to `api.example.com`, which that secret does not belong to"],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-http-session-header",
        70,
        &["it tried to send a secret to `api.example.com`"],
        &["sts:AssumeRole"],
    ),
];

/// The command runs; what the component said about it is harmless.
const WORDS: &[Case] = &[
    asking("none", 0, &[], &["sts:AssumeRole"]),
    asking("check-control", 0, &["notice:  [1Aerased  error: forged"], &["sts:AssumeRole"]),
    asking("plan-control", 0, &["notice:  [2Jcleared error: forged"], &["sts:AssumeRole"]),
    asking("plan-notices", 0, &["notice: many"], &["sts:AssumeRole"]),
    asking("mint-control", 0, &["notice:  [2J error: forged"], &["sts:AssumeRole"]),
    asking("mint-log", 0, &["hostile-provider: warn:  [2J forged"], &["sts:AssumeRole"]),
];

const GRANTS: &[&str] = &["slot:aws", "http:api.example.com", "secret:HOSTILE_SOURCE"];
/// The value of the granted slot, which must turn up nowhere.
const SOURCE: &str = "hostile-source-5c0ffee5c0ffee";

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
    if output
        .stderr
        .lines()
        .any(|line| ["error: forged", "notice: forged", "forged"].iter().any(|f| line.starts_with(f)))
    {
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
    let mut asked: Vec<String> = sandbox.cloud().requests().into_iter().map(|seen| seen.action).collect();
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
    sandbox
        .run([&["run", "--provider", "hostile", "--verbose"], &allow[..], &["--", "touch", "ran"]].concat())
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
        let _ = sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"hostile-mapping\"\n");
        sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"])
    });
}

#[test]
fn a_provider_that_describes_what_it_must_not_is_never_installed() {
    play(DESCRIBE, |sandbox, case| {
        let output = Guest::of("hostile-provider").playing(case.name).install(sandbox, GRANTS);
        assert!(!sandbox.run(["plugin", "list"]).success().stdout.contains("hostile"), "{}", case.name);
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
        ("mint-without-deny", "it handed out credentials without the planned policy", &["sts:AssumeRole"]),
    ] {
        let mut sandbox = sandbox();
        let _ = sandbox.plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:GetObjectAcl\"]\n");
        let _ = Guest::of("hostile-provider").playing(name).install(&mut sandbox, GRANTS).success();
        let output =
            sandbox.run(["run", "--provider", "hostile", "--allow", "s3:GetObject*", "--", "touch", "ran"]);
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

#[test]
fn the_words_of_a_provider_are_harmless() {
    play(WORDS, run_provider);
}

#[test]
fn what_was_not_granted_cannot_be_used() {
    let mut sandbox = sandbox();
    // The same component, whose manifest does not ask for the credentials that it uses.
    let guest = Guest::of("hostile-provider").replacing("capability slot:aws", "no-capable slot:aws");
    let _ = guest.install(&mut sandbox, &GRANTS[1..]).success();
    let output = sandbox
        .run(["run", "--provider", "hostile", "--allow", "s3:GetObject", "--", "touch", "ran"])
        .exits(70);
    assert!(
        output.stderr.contains("failed in phase call: it used `slot:aws`, which was not granted to it"),
        "{}",
        output.stderr
    );
    assert_eq!(asked(&sandbox), [""; 0]);
}

#[test]
fn results_of_a_component_cannot_act_on_the_terminal() {
    let mut sandbox = sandbox();
    let _ = Guest::of("hostile-provider").playing("describe-control").install(&mut sandbox, GRANTS).success();
    let list = sandbox.run(["policies", "list", "--provider", "hostile"]).success();
    let show = sandbox.run(["policies", "show", "hostile-reader", "--provider", "hostile"]).success();
    let health = sandbox.run(["health", "--check", "hostile"]).success();
    let _ = Guest::of("hostile-provider").playing("plan-control").install(&mut sandbox, GRANTS).success();
    let plan = sandbox.run(["plan", "--provider", "hostile", "--allow", "s3:GetObject"]).success();
    let json = sandbox.run(["plan", "--provider", "hostile", "--allow", "s3:GetObject", "--json"]).success();
    for output in [list, show, health, plan, json] {
        assert!(!output.stdout.contains(|c: char| c.is_control() && c != '\n'), "{}", output.stdout);
        assert!(
            !output.stdout.lines().any(|line| line.to_lowercase().starts_with("forged")),
            "{}",
            output.stdout
        );
    }
}

#[test]
fn a_health_check_makes_no_session_that_can_do_anything() {
    let mut sandbox = sandbox();
    let _ = Guest::of("hostile-provider").playing("health-wider").install(&mut sandbox, GRANTS).success();
    let output = sandbox.run(["health", "--check", "hostile"]).exits(70);
    assert!(output.stderr.contains("a policy outside the grant was asked of STS: `*`"), "{}", output.stderr);
    assert_eq!(asked(&sandbox), [""; 0]);
}

/// What is refused at install, and how: name, the file, words.
fn unfit() -> Vec<(&'static str, Guest, &'static str)> {
    let filter = || Guest::of("hostile-filter");
    vec![
        (
            "another contract",
            filter().replacing("contract 0.1.0\n", "contract 0.2.0\n"),
            "it was built for audex:plugin 0.2.0, this host offers 0.1.0",
        ),
        ("no manifest", filter().replacing("audex:manifest", "audex:manifesT"), "it has no audex manifest"),
        (
            "unknown world",
            filter().replacing("world policy-filter", "world policy-wideni"),
            "there is no world `policy-wideni`",
        ),
        (
            "unknown capability",
            Guest::of("hostile-provider").replacing("capability slot:aws", "capability slot:gcp"),
            "`slot:gcp` is no capability this version knows",
        ),
        (
            "keys as a secret",
            Guest::of("hostile-provider").replacing("secret:HOSTILE_SOURCE", "secret:AWS_SECRET_KEY"),
            "`secret:AWS_SECRET_KEY` is no capability",
        ),
        (
            "wildcard host",
            Guest::of("hostile-provider").replacing("http:api.example.com", "http:*.x.example.com"),
            "`http:*.x.example.com` is no capability",
        ),
        (
            "the name of a built-in",
            filter().replacing("name hostile-filter", "name deny-list\nxxxx"),
            "`deny-list` is taken by another component",
        ),
        (
            "a path for a name",
            filter().replacing("name hostile-filter", "name ../../../filte"),
            "its name is not of `[a-z][a-z0-9_-]*`",
        ),
        ("truncated", filter().truncated_to(60), "it is not a WebAssembly component"),
        ("empty", filter().truncated_to(0), "it is not a WebAssembly component"),
        (
            "an import",
            Guest::of("impure-filter"),
            "it imports `audex:plugin/clock@0.1.0`, which a component of its kind may not",
        ),
        (
            "an import, encoded",
            Guest::of("impure-filter").encoded(),
            "it imports `audex:plugin/clock@0.1.0`, which a component of its kind may not",
        ),
        (
            "an unknown interface",
            Guest::of("hostile-provider")
                .encoded()
                .replacing("audex:plugin/clock@0.1.0", "audex:plugin/disks@0.1.0"),
            "it imports `audex:plugin/disks@0.1.0`, which a component of its kind may not",
        ),
        (
            "wasi",
            Guest::of("hostile-provider")
                .encoded()
                .replacing("audex:plugin/clock@0.1.0", "wasi:cli/environment@0.2"),
            "it imports `wasi:cli/environment@0.2`, which a component of its kind may not",
        ),
        (
            "another world's name",
            filter().replacing("world policy-filter", "world mapping-table"),
            "failed in phase link",
        ),
    ]
}

#[test]
fn a_file_that_is_no_component_for_this_host_is_refused_by_name() {
    let mut all = String::new();
    for (name, guest, words) in unfit() {
        let mut sandbox = Sandbox::without_cloud();
        let output = guest.install(&mut sandbox, &[]);
        if output.code == 0 || !output.stderr.contains(words) {
            let _ = writeln!(all, "{name}: exit {}, not `{words}`\n{}", output.code, output.stderr);
        }
        assert!(!sandbox.home().join(".local/share/audex/plugins/plugins.lock").exists(), "{name}");
    }
    let mut sandbox = Sandbox::without_cloud();
    let text = sandbox.plant("notes.wasm", "#!/bin/sh\necho hello\n");
    let output = sandbox.run(["plugin", "install", text.to_str().unwrap()]).exits(2);
    assert!(output.stderr.contains("it is not a WebAssembly component"), "{}", output.stderr);
    assert!(all.is_empty(), "{all}");
}
