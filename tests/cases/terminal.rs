//! On a terminal, Ctrl-C reaches the command once, and a shell is as interactive as without Audex.

use crate::support::{Output, Sandbox, python};

/// Runs the command through `tryaudex run` on a pty and follows `steps`.
fn at_a_terminal(sandbox: &Sandbox, command: &[&str], steps: &str) -> Output {
    let player = python::tests().join("support/terminal.py").display().to_string();
    let words = [
        &[player.as_str(), env!("CARGO_BIN_EXE_tryaudex"), "run", "--allow", "s3:GetObject", "--"],
        command,
    ];
    sandbox.program(python::interpreter(), words.concat()).stdin(steps).output()
}

#[test]
fn ctrl_c_reaches_the_command_once() {
    let sandbox = Sandbox::new();
    let script = "trap 'echo interrupted' INT; echo up; until [ -e go ]; do sleep 0.05; done; echo done; exit 5";
    let steps = r#"[["expect","up"],["send","\u0003"],["expect","interrupted"],["make","go"],["expect","done"]]"#;
    let output = at_a_terminal(&sandbox, &["sh", "-c", script], steps).success();
    assert!(output.stdout.ends_with("exit 5\n"), "{}", output.stdout);
    assert_eq!(output.stdout.matches("interrupted").count(), 1, "{}", output.stdout);
}

#[test]
fn ctrl_c_ends_a_command_that_does_not_handle_it() {
    let sandbox = Sandbox::new();
    let steps = r#"[["expect","up"],["send","\u0003"]]"#;
    let output = at_a_terminal(&sandbox, &["sh", "-c", "echo up; exec sleep 60"], steps).success();
    assert!(output.stdout.ends_with("exit 130\n"), "{}", output.stdout);
    assert_eq!(sandbox.events(), ["issuing", "issued", "ended"]);
}

#[test]
fn a_shell_is_interactive_with_job_control() {
    let mut sandbox = Sandbox::new();
    sandbox.set("PS1", "prompt> ");
    let steps = r#"[["expect","prompt> "],["send","echo $((40 + 2))\n"],["expect","42"],["expect","prompt> "],
        ["send","sh -c 'echo started; exec sleep 60'\n"],["expect","started\r"],["send","\u0003"],["expect","prompt> "],
        ["send","[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo a terminal\n"],["expect","\na terminal"],["send","exit 4\n"]]"#
        .replace("\\na terminal", "a terminal\\r");
    let output = at_a_terminal(&sandbox, &["sh", "-i"], &steps).success();
    assert!(output.stdout.ends_with("exit 4\n"), "{}", output.stdout);
    assert!(!output.stdout.contains("job control"), "{}", output.stdout);
}

#[test]
fn labels_are_in_colour_on_a_terminal_alone_and_not_where_no_color_says_so() {
    let mut sandbox = Sandbox::new();
    sandbox.set("TERM", "xterm");
    let player = python::tests().join("support/terminal.py").display().to_string();
    let words = [
        player.as_str(),
        env!("CARGO_BIN_EXE_tryaudex"),
        "run",
        "--allow",
        "s3:GetObjct",
        "--",
        "true",
    ];
    let seen = |sandbox: &Sandbox| {
        sandbox.program(python::interpreter(), words).stdin("[]").output().success().stdout
    };
    let coloured = seen(&sandbox);
    for label in ["error:", "hint:"] {
        assert!(coloured.contains(&format!("m{label}\u{1b}[0m ")), "{coloured:?}");
    }
    sandbox.set("NO_COLOR", "1");
    let plain = seen(&sandbox);
    assert!(plain.contains("\nhint: did you mean") && !plain.contains('\u{1b}'), "{plain:?}");
    let piped = Sandbox::new().run(["run", "--allow", "s3:GetObjct", "--", "true"]).exits(2);
    assert!(!piped.stderr.contains('\u{1b}'), "{piped:?}", piped = piped.stderr);
}

#[test]
fn a_table_fits_the_terminal() {
    let sandbox = Sandbox::new();
    let player = python::tests().join("support/terminal.py").display().to_string();
    let script =
        format!("stty cols 80 rows 40; {} policies universal", env!("CARGO_BIN_EXE_tryaudex"));
    let words = [player.as_str(), "sh", "-c", &script];
    let seen = sandbox.program(python::interpreter(), words).stdin("[]").output().success().stdout;
    let table = seen.lines().take_while(|line| !line.is_empty());
    assert!(
        table.clone().count() > 10 && table.clone().all(|line| line.chars().count() <= 80),
        "{seen}"
    );
    let piped = sandbox.run(["policies", "universal"]).success().stdout;
    assert!(piped.lines().any(|line| line.chars().count() > 80), "{piped}");
}

#[test]
fn a_stopped_command_stops_audex_and_goes_on_with_it() {
    let mut sandbox = Sandbox::new();
    sandbox.set("PS1", "outer> ");
    let player = python::tests().join("support/terminal.py");
    let run = format!("{} run --allow s3:GetObject -- sh -c", env!("CARGO_BIN_EXE_tryaudex"));
    let steps = serde_json::json!([
        ["expect", "outer> "],
        // One process that neither starts another (a Ctrl-Z in the middle of vfork waits for its end) nor reads at once
        // (a Ctrl-Z while it is stopped for that, before it is continued, is lost).
        ["send", format!("{run} 'echo started; until [ -e go ]; do :; done; echo finished'\n")],
        ["expect", "started\r"],
        ["send", "\u{1a}"],
        ["expect", "outer> "],
        ["make", "go"],
        ["send", "fg\n"],
        ["expect", "finished\r"],
        ["expect", "outer> "],
        ["send", "exit 6\n"],
    ]);
    let words = [player.display().to_string(), "/bin/sh".to_owned(), "-i".to_owned()];
    let output =
        sandbox.program(python::interpreter(), words).stdin(steps.to_string()).output().success();
    assert!(output.stdout.ends_with("exit 6\n"), "{}", output.stdout);
}
