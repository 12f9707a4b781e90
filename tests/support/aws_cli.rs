//! Scripts with several aws CLI calls in one command, because starting the CLI costs more than the calls.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Sandbox, python};

/// A shell function that makes a call and prints `NAME: ok` or `NAME: ERROR-CODE`.
const TRY: &str = r#"try() {
  name=$1; shift
  if said=$(aws "$@" 2>&1); then echo "$name: ok"; return; fi
  code=$(printf '%s' "$said" | sed -n 's/.*An error occurred (\([A-Za-z0-9]*\)).*/\1/p')
  echo "$name: ${code:-$said}"
}
"#;

/// Returns a script that makes the named `calls` in order, in one process of the CLI.
pub(crate) fn script(calls: &[(&str, &str)]) -> String {
    let program = python::tests().join("support/aws_calls.py");
    let mut script =
        format!("'{}' '{}' <<'CALLS'\n", python::interpreter().display(), program.display());
    for (name, arguments) in calls {
        writeln!(script, "{name}\t{arguments}").unwrap();
    }
    script + "CALLS\n"
}

/// Returns a script that makes the named `calls` in order, each in its own process, as people type calls.
pub(crate) fn script_of_commands(calls: &[(&str, &str)]) -> String {
    let mut script = TRY.to_owned();
    for (name, arguments) in calls {
        writeln!(script, "try '{name}' {arguments}").unwrap();
    }
    script
}

/// Gives the caller of the sandbox temporary credentials of this role, and no role to assume.
pub(crate) fn become_temporary(sandbox: &mut Sandbox, role_arn: &str) {
    let aws = python::binaries().join("aws");
    let words = [
        "sts",
        "assume-role",
        "--role-session-name",
        "ci",
        "--output",
        "json",
        "--role-arn",
        role_arn,
    ];
    let reply = sandbox.program(aws, words).unscanned().output().success();
    let credentials: Value = reply.json()["Credentials"].clone();
    let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
    sandbox.set("AWS_ACCESS_KEY_ID", text("AccessKeyId"));
    sandbox.set_secret("AWS_SECRET_ACCESS_KEY", &text("SecretAccessKey"));
    sandbox.set_secret("AWS_SESSION_TOKEN", &text("SessionToken"));
    sandbox.unset("AUDEX_ROLE_ARN");
}
