//! Error messages with their causes and hints, and the exit status that scripts rely on.

mod settings;

use insta::assert_snapshot;

use self::settings::with_file;
use crate::support::Sandbox;

const RUN: &[&str] = &["run", "--allow", "s3:GetObject", "--", "echo", "ran"];

#[test]
fn a_run_without_a_command_is_a_usage_error() {
    assert_snapshot!(Sandbox::new().run(["run", "--allow", "s3:GetObject"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: there is no command to run
    hint: put it after `--`: tryaudex run --allow … -- COMMAND
    "#);
}

#[test]
fn a_run_without_permissions_is_a_usage_error() {
    assert_snapshot!(Sandbox::new().run(["run", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: no permissions were asked for
    hint: name permissions with --allow or a profile with --profile
    "#);
    assert_snapshot!(Sandbox::new().run(["run", "--allow", " , ", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: `--allow` has an empty item
    hint: a variable in it may be unset
    "#);
}

#[test]
fn an_unknown_option_names_the_nearest() {
    assert_snapshot!(Sandbox::new().run(["run", "--alow", "s3:GetObject", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: unexpected argument '--alow' found

    Usage: tryaudex run --allow <PERMISSIONS> [-- <COMMAND>...]

    For more information, try '--help'.
    hint: did you mean `--allow`
    "#);
}

#[test]
fn an_unknown_provider_lists_the_known_ones() {
    assert_snapshot!(Sandbox::new().run(["run", "--provider", "gpc", "--allow", "s3:GetObject", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: no component provides `gpc`
    hint: did you mean `gcp`; known names: `aws`, `azure`, `gcp`, `vault`
    "#);
}

#[test]
fn a_command_of_another_tool_leads_to_ours() {
    assert_snapshot!(Sandbox::new().run(["exec", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: unrecognized subcommand 'exec'

    Usage: tryaudex <COMMAND>

    For more information, try '--help'.
    hint: did you mean `tryaudex run`
    "#);
    assert_snapshot!(Sandbox::new().run(["run", "--policy", "p", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: unexpected argument '--policy' found

    Usage: tryaudex run [OPTIONS] [-- <COMMAND>...]

    For more information, try '--help'.
    hint: did you mean `--profile`
    "#);
}

#[test]
fn an_action_that_is_nearly_one_is_suggested() {
    let said =
        |action: &str| Sandbox::new().run(["run", "--allow", action, "--", "true"]).exits(2).stderr;
    for (wrong, hint) in [
        ("GetObject", "did you mean `s3:GetObject`"),
        ("s3.GetObject", "did you mean `s3:GetObject`"),
        ("s3:Foo*", "actions of `s3` begin with `Abort`,"),
        (
            "s3:GetObject s3:PutObject",
            "separate permissions with commas: `s3:GetObject,s3:PutObject`",
        ),
    ] {
        let stderr = said(wrong);
        assert!(stderr.contains(&format!("hint: {hint}")), "{wrong}: {stderr}");
    }
}

#[test]
fn a_resource_of_another_kind_gets_a_hint_that_does_not_widen() {
    let words =
        ["run", "--allow", "s3:GetObject", "--resource", "arn:aws:s3:::demo-reports", "--", "true"];
    assert_snapshot!(Sandbox::new().run(words).snapshot(), @r#"
    exit 2
    --- stderr
    error: provider `aws`: `s3:GetObject` does not apply to any of the given resources
    hint: for its objects write `arn:aws:s3:::demo-reports/*`
    "#);
}

#[test]
fn a_command_that_fails_gets_a_word_of_how_to_see_what_it_needs() {
    let sandbox = Sandbox::new();
    let arguments = [
        "run",
        "--allow",
        "s3:GetObject",
        "--",
        "sh",
        "-c",
        "exit 3",
        "--password",
        "planted-secret",
    ];
    let fails = sandbox.run(arguments).exits(3);
    assert!(
        fails.stderr.contains("audex: the command may have been denied: `tryaudex learn`")
            && fails.stderr.contains("everything the role may do"),
        "{}",
        fails.stderr
    );
    assert!(!fails.stderr.contains("planted"), "{}", fails.stderr);
    let passed = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true"]).success();
    assert!(!passed.stderr.contains("learn"), "{}", passed.stderr);
}

#[test]
fn the_line_before_a_run_says_how_far_a_pattern_goes() {
    let sandbox = Sandbox::new();
    let line = |words: &[&str]| sandbox.run([words, &["--", "true"]].concat()).success().stderr;
    let wide = line(&["run", "--allow", "s3:*"]);
    assert!(wide.starts_with("audex: `s3:*` (180 actions), every resource, on aws by "), "{wide}");
    let learning = line(&["learn"]);
    let how = "audex: learning with everything the role may do on aws by ";
    assert!(learning.lines().any(|line| line.starts_with(how)), "{learning}");
}

#[test]
fn a_permission_or_a_bare_word_leads_to_the_right_option() {
    let named = "[profiles.my-job]\nactions = [\"s3:GetObject\"]\n";
    let sandbox = with_file("profiles.toml", named);
    let hint = |words: &[&str]| {
        let output = sandbox.run([&["run"], words, &["--", "echo", "ran"]].concat()).exits(2);
        assert_eq!(output.stdout, "");
        output.stderr
    };
    for (words, meant) in [
        (&["--policy", "s3:GetObject"][..], "did you mean `--allow s3:GetObject`"),
        (&["--profile", "s3:GetObject"], "did you mean `--allow s3:GetObject`"),
        (&["my-job"], "did you mean `--profile my-job`"),
        (&["s3-readonly"], "did you mean `--profile s3-readonly`"),
        (&["your-job"], "only options stand before `--`"),
    ] {
        let stderr = hint(words);
        assert!(stderr.contains(&format!("hint: {meant}")), "{stderr}");
    }
}

#[test]
fn an_unknown_profile_says_where_to_look() {
    assert_snapshot!(Sandbox::new().run(["run", "--profile", "s3-readnoly", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: there is no profile `s3-readnoly` for provider `aws`
    hint: did you mean `s3-readonly`
    "#);
}

#[test]
fn a_malformed_action_is_never_sent() {
    let sandbox = Sandbox::new();
    for action in [
        "GetObject",
        "s3:",
        ":GetObject",
        "s3:Get:Object",
        "s3:Get Object",
        "*:GetObject",
        "s3/GetObject",
        "s3:Gét",
    ] {
        let output = sandbox.run(["run", "--allow", action, "--", "echo", "ran"]).exits(2);
        assert!(
            output.stderr.contains("is not a permission of provider `aws`"),
            "{action}: {}",
            output.stderr
        );
        assert_eq!(output.stdout, "");
    }
    assert!(sandbox.cloud().requests().is_empty());
    assert_snapshot!(sandbox.run(["run", "--allow", "GetObject", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: `GetObject` is not a permission of provider `aws`, which writes them `service:Action`, for example `s3:GetObject`
    hint: did you mean `s3:GetObject`
    "#);
}

#[test]
fn a_permission_of_another_cloud_is_answered_with_its_provider() {
    for (provider, action, hint) in [
        ("aws", "storage.objects.get", "use --provider gcp"),
        ("aws", "Microsoft.Compute/virtualMachines/read", "use --provider azure"),
        ("gcp", "s3:GetObject", "use --provider aws"),
        ("vault", "compute.instances.list", "use --provider gcp"),
        ("aws", "storage.objects.got", "check --provider and the spelling in --allow"),
    ] {
        let output = Sandbox::new().run(["plan", "--provider", provider, "--allow", action]);
        let stderr = output.exits(2).stderr;
        assert!(stderr.contains(hint), "{provider} {action}: {stderr}");
    }
}

#[test]
fn a_ttl_may_be_written_in_words() {
    for (ttl, seconds) in [("1hour", 3600), ("15min", 900), ("1h 30m", 5400)] {
        let plan = ["plan", "--allow", "s3:GetObject", "--json", "--ttl", ttl];
        assert_eq!(Sandbox::new().run(plan).success().json()["ttl_seconds"], seconds, "{ttl}");
    }
    let day = Sandbox::new().run(["plan", "--allow", "s3:GetObject", "--ttl", "1day"]).exits(2);
    assert!(day.stderr.contains("a ttl of 24h is more than"), "{}", day.stderr);
    let bare = Sandbox::new().run(["plan", "--allow", "s3:GetObject", "--ttl", "90"]).exits(2);
    assert!(bare.stderr.contains("write 90s, 15m, 1h 30m or 1day"), "{}", bare.stderr);
}

#[test]
fn a_ttl_is_whole_seconds_and_not_longer_than_the_method_can_give() {
    assert_snapshot!(Sandbox::new().run(["run", "--allow", "s3:GetObject", "--ttl", "0s", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: invalid value '0s' for '--ttl <DURATION>': `0s` is not one or more whole seconds

    For more information, try '--help'.
    "#);
    assert_snapshot!(Sandbox::new().run(["run", "--allow", "s3:GetObject", "--ttl", "13h", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: provider `aws`: a ttl of 13h is more than `assume-role` can give (12h)
    hint: ask for a shorter --ttl
    "#);
}

#[test]
fn an_unknown_method_lists_the_known_ones() {
    assert_snapshot!(Sandbox::new().run(["run", "--allow", "s3:GetObject", "--method", "magic", "--", "true"]).snapshot(), @r#"
    exit 2
    --- stderr
    error: provider `aws`: aws has no method `magic`
    hint: use `auto`, `assume-role`, `assume-role-scoped`, `scoped-credentials`, `session-scoped`, `federation-token`
    "#);
}

#[test]
fn errors_are_one_json_object_when_json_is_asked_for() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AUDEX_ROLE_ARN", "arn:aws:iam::123456789012:role/Other");
    let output = sandbox.run([&["run", "--json"], &RUN[1..]].concat()).exits(77);
    let events = output.stderr_json();
    assert_eq!(events.len(), 1);
    let names: Vec<_> = events[0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["causes", "event", "exit_code", "hint", "message"]);
    assert_eq!((&events[0]["event"], &events[0]["exit_code"]), (&"error".into(), &77.into()));
}

#[test]
fn a_run_says_two_lines_and_as_json_two_events() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(RUN).snapshot(), @r#"
    exit 0
    --- stdout
    ran
    --- stderr
    audex: 1 permission on aws by assume-role for 15m, session [session]
    audex: exit 0 after [n] s, session [session]
    "#);
    let output = sandbox.run([&["run", "--json"], &RUN[1..]].concat()).success();
    let events = output.stderr_json();
    assert_eq!(
        events.iter().map(|event| event["event"].as_str().unwrap()).collect::<Vec<_>>(),
        ["started", "ended"]
    );
    assert_eq!(output.stdout, "ran\n");
}

#[test]
fn quiet_says_errors_only() {
    let mut sandbox = Sandbox::new();
    let quiet = [&["run", "--quiet"], &RUN[1..]].concat();
    let output = sandbox.run(&quiet).success();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("ran\n", ""));
    sandbox.set("AUDEX_ROLE_ARN", "arn:aws:iam::123456789012:role/Other");
    assert!(sandbox.run(&quiet).exits(77).stderr.starts_with("error: "));
}

/// Escape, carriage return, a turn of direction, and a line that looks like one of ours.
const HOSTILE: &str = "x\u{1b}[2J\ry\u{202e}z\nerror: forged";

#[track_caller]
fn is_plain(text: &str) {
    let is_raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(is_raw), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("error: forged")), "{text}");
}

#[test]
fn an_argument_that_cannot_be_read_reaches_the_terminal_in_plain_characters() {
    let sandbox = Sandbox::new();
    let option = format!("--{HOSTILE}");
    for arguments in [
        &["run", &option, "--", "true"][..],
        &["run", "--allow", "s3:GetObject", "--ttl", HOSTILE, "--", "true"],
        &["run", "--allow", "s3:GetObject", "--require", HOSTILE, "--", "true"],
        &["run", "--allow", "s3:GetObject", HOSTILE],
        &[HOSTILE],
        &["learn", "--source", HOSTILE, "--", "true"],
        &["plugin", HOSTILE],
        &["completions", HOSTILE],
    ] {
        let output = sandbox.run(arguments).exits(2);
        assert!(output.stderr.contains("error: "), "{}", output.stderr);
        is_plain(&output.stderr);
        is_plain(&output.stdout);
    }
}

#[test]
fn a_description_reaches_the_terminal_in_plain_characters() {
    let text = "[profiles.p]\ndescription = \"x\\u001b[2J\\ry\\u202ez\\nerror: forged\"\nactions = [\"s3:GetObject\"]\n";
    let sandbox = with_file("profiles.toml", text);
    for arguments in [
        &["policies", "list"][..],
        &["policies", "list", "--json"],
        &["policies", "show", "p"],
        &["policies", "show", "p", "--json"],
        &["policies", "export", "--profile", "p"],
        &["plan", "--profile", "p"],
        &["plan", "--profile", "p", "--json"],
    ] {
        let output = sandbox.run(arguments);
        is_plain(&output.stderr);
        is_plain(&output.stdout);
    }
}

#[test]
fn a_command_that_is_written_in_another_way_gets_a_hint() {
    let sandbox = Sandbox::new();
    for (words, hint) in [
        (&["aws s3 ls"][..], "hint: give the command and each argument as a word of its own"),
        (&["FOO=x", "env"], "hint: set variables with `env`: -- env NAME=VALUE COMMAND"),
    ] {
        let arguments = [&["run", "--allow", "s3:GetObject", "--"], words].concat();
        let output = sandbox.run(arguments).exits(127);
        assert!(output.stderr.contains(hint), "{}", output.stderr);
    }
    assert!(
        !sandbox
            .run(["run", "--allow", "s3:GetObject", "--", "nonesuch"])
            .exits(127)
            .stderr
            .contains("hint")
    );
    assert!(sandbox.cloud().requests().is_empty());
}

#[test]
fn a_script_with_carriage_returns_is_found_before_anything_is_minted() {
    let mut sandbox = Sandbox::new();
    let script = sandbox.plant("script", "#!/usr/bin/env sh\r\necho ran\r\n");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let output = sandbox.run(["run", "--allow", "s3:GetObject", "--", "./script"]).exits(126);
    assert!(
        output.stderr.contains("its first line ends with a carriage return (CRLF)"),
        "{}",
        output.stderr
    );
    assert!(sandbox.cloud().requests().is_empty());
}

#[test]
fn without_a_home_directory_the_variable_is_named() {
    let mut sandbox = Sandbox::new();
    sandbox.unset("HOME");
    let output = sandbox.run(RUN).exits(78);
    assert!(
        output.stderr.contains("HOME is not set\nhint: set HOME to your home directory"),
        "{}",
        output.stderr
    );
}
