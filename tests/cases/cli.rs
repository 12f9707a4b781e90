//! The command line itself: version, help texts, completions.

use crate::support::{Output, Sandbox};

const COMMANDS: [&[&str]; 49] = [
    &[],
    &["run"],
    &["plan"],
    &["policies"],
    &["policies", "list"],
    &["policies", "show"],
    &["policies", "check"],
    &["policies", "export"],
    &["policies", "universal"],
    &["health"],
    &["audit"],
    &["audit", "list"],
    &["audit", "verify"],
    &["audit", "path"],
    &["sessions"],
    &["sessions", "list"],
    &["sessions", "show"],
    &["sessions", "end"],
    &["sessions", "watch"],
    &["approve"],
    &["refuse"],
    &["ask"],
    &["plugin"],
    &["plugin", "new"],
    &["plugin", "build"],
    &["plugin", "test"],
    &["plugin", "install"],
    &["plugin", "list"],
    &["plugin", "inspect"],
    &["plugin", "update"],
    &["plugin", "rollback"],
    &["plugin", "verify"],
    &["plugin", "enable"],
    &["plugin", "disable"],
    &["plugin", "remove"],
    &["agents"],
    &["agents", "setup"],
    &["agents", "check"],
    &["agents", "undo"],
    &["cleanup"],
    &["drift"],
    &["intent"],
    &["learn"],
    &["mcp"],
    &["explain"],
    &["explain", "denial"],
    &["gateway"],
    &["isolate"],
    &["completions"],
];

fn bare(words: &[&str]) -> Output {
    Sandbox::without_cloud().run(words)
}

#[test]
fn the_version_is_the_packages() {
    for flag in ["--version", "-V"] {
        assert_eq!(
            bare(&[flag]).success().stdout,
            concat!("tryaudex ", env!("CARGO_PKG_VERSION"), "\n")
        );
    }
}

#[test]
fn every_help_text_is_known() {
    for command in COMMANDS {
        let output = bare(&[command, &["--help"]].concat()).success();
        assert_eq!(output.stderr, "");
        let name = if command.is_empty() { "tryaudex".to_owned() } else { command.join("-") };
        insta::assert_snapshot!(format!("help-{name}"), output.stdout);
    }
}

#[test]
fn the_list_of_commands_above_is_whole() {
    let help = bare(&["--help"]).success().stdout;
    let listed = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let mut listed: Vec<_> = listed
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    listed.sort_unstable();
    // `demo` has its own file of cases.
    let mut known: Vec<_> = COMMANDS
        .iter()
        .filter(|words| words.len() == 1)
        .map(|words| words[0])
        .chain(["demo"])
        .collect();
    known.sort_unstable();
    assert_eq!(listed, known);
}

#[test]
fn without_a_command_the_help_is_a_usage_error() {
    let output = bare(&[]).exits(2);
    assert!(output.stderr.contains("Usage: tryaudex <COMMAND>"), "{}", output.stderr);
    assert_eq!(output.stdout, "");
}

#[test]
fn completions_are_scripts_the_shells_take() {
    for (shell, mark) in [
        ("bash", "complete -F _tryaudex"),
        ("zsh", "#compdef tryaudex"),
        ("fish", "complete -c tryaudex "),
    ] {
        let script = bare(&["completions", shell]).success().stdout;
        assert!(
            script.contains(mark)
                && script.contains("Permissions to allow") | script.contains("--allow"),
            "{shell}"
        );
    }
    let sandbox = Sandbox::without_cloud();
    let script = sandbox.run(["completions", "bash"]).success().stdout;
    let check = "source /dev/stdin; COMP_WORDS=(tryaudex pl); COMP_CWORD=1; _tryaudex tryaudex pl tryaudex; echo \"${COMPREPLY[@]}\"";
    let output = sandbox.program("bash", ["-c", check]).stdin(script).output().success();
    assert_eq!(output.stdout, "plan plugin\n");
}

#[test]
fn an_unknown_shell_is_a_usage_error() {
    assert!(bare(&["completions", "tcl"]).exits(2).stderr.contains("bash"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = Sandbox::without_cloud();
    let pipe = format!("'{}' completions zsh | head -n 1", env!("CARGO_BIN_EXE_tryaudex"));
    let output = sandbox.program("bash", ["-c", &format!("set -o pipefail; {pipe}")]).output();
    assert_eq!(output.stderr, "");
    assert_eq!(output.success().stdout, "#compdef tryaudex\n");
}
