//! What a language offers works in a component: output, the time, random numbers, imports. Nothing is reached.

use super::*;

const IN_PYTHON: &str = r#"
import sys

from wit_world import exports
from wit_world.exports.filter import Approval_Approve, Verdict_Refuse


def fails(what):
    try:
        what()
    except OSError:
        return True
    return False


class Filter(exports.Filter):
    def review(self, grant, context, settings):
        import os
        import socket
        import time
        from datetime import datetime

        print("from the filter")
        print("an error", file=sys.stderr)
        time.sleep(3600)
        found = [
            int(time.time()) == context.now,
            datetime.strptime("2026", "%Y").year,
            dict(os.environ),
            fails(lambda: open("/etc/passwd")),
            fails(lambda: os.listdir("/")),
            fails(lambda: socket.socket()),
        ]
        return Verdict_Refuse(f"found {found} {os.urandom(4).hex()}.")

    def approve(self, grant, plan, context, settings):
        return Approval_Approve()
"#;
const FOUND_IN_PYTHON: &str = "found [True, 2026, {}, True, True, True] ";

const IN_JAVASCRIPT: &str = r#"
export const filter = {
  review(grant, context) {
    console.log("from the filter");
    console.error("an error");
    const found = [Date.now() === Number(context.now) * 1000, typeof process, typeof require];
    return { tag: "refuse", val: `found ${JSON.stringify(found)} ${Math.random()}.` };
  },
  approve: () => ({ tag: "approve" }),
};
"#;
const FOUND_IN_JAVASCRIPT: &str = r#"found [true,"undefined","undefined"] "#;

#[test]
fn output_time_and_imports_work_and_answers_stay_the_same() {
    for (language, file, source, found) in [
        (Python, "app.py", IN_PYTHON, FOUND_IN_PYTHON),
        (JavaScript, "app.js", IN_JAVASCRIPT, FOUND_IN_JAVASCRIPT),
    ] {
        let sandbox = Sandbox::new();
        let project = project(&sandbox, language, "filter", "mine");
        fs::write(project.join(file), source).unwrap();
        let _ = plugin(&sandbox, &project, &["build"]).success();
        let _ = plugin(&sandbox, &project, &["install", "mine.wasm"]).success();
        let answers = [(); 2].map(|()| {
            let told =
                sandbox.run(["plan", "--allow", "s3:GetObject", "--verbose"]).exits(77).stderr;
            for line in ["mine: stdout: from the filter\n", "mine: stderr: an error\n", found] {
                assert!(told.contains(line), "{language:?}: no `{line}` in\n{told}");
            }
            told
        });
        assert_eq!(answers[0], answers[1], "{language:?}");
    }
}

#[test]
fn the_traceback_of_an_exception_is_in_the_log() {
    let sandbox = Sandbox::new();
    let project = project(&sandbox, Python, "filter", "mine");
    let source = IN_PYTHON.replace("print(\"from the filter\")", "raise ValueError(\"of my own\")");
    fs::write(project.join("app.py"), source).unwrap();
    let _ = plugin(&sandbox, &project, &["build"]).success();
    let _ = plugin(&sandbox, &project, &["install", "mine.wasm"]).success();
    let told = sandbox.run(["plan", "--allow", "s3:GetObject", "--verbose"]).exits(77).stderr;
    assert!(told.contains("mine: stderr: ValueError: of my own\n"), "{told}");
    assert!(told.contains("failed in phase call"), "{told}");
    let quiet = sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(77).stderr;
    assert!(!quiet.contains("of my own"), "{quiet}");
}
