//! The result of a program, for assertions and snapshots.

use std::path::PathBuf;

use serde_json::Value;

use super::redact::redact;

/// The exit status and the output of a program. Bytes that are not UTF-8 are replaced in the strings, but not
/// in `bytes`.
#[must_use]
#[derive(Debug)]
pub(crate) struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// The unchanged stdout.
    pub bytes: Vec<u8>,
    /// The HOME of the sandbox, which a snapshot replaces.
    pub(super) home: PathBuf,
}

impl Output {
    /// Panics with the whole output unless the exit status is `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert!(
            self.code == code,
            "exit {} instead of {code}\n--- stdout\n{}\n--- stderr\n{}",
            self.code,
            self.stdout,
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn success(self) -> Self {
        self.exits(0)
    }

    /// Parses stdout as one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON: {error}\n{}", self.stdout))
    }

    /// Parses each line of stderr as a JSON value.
    #[track_caller]
    pub(crate) fn stderr_json(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON: {error}\n{line}"))
        };
        self.stderr.lines().map(parse).collect()
    }

    /// Returns exit status, stdout and stderr, with placeholders for values that differ from run to run.
    pub(crate) fn snapshot(&self) -> String {
        let mut text = format!("exit {}\n", self.code);
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                let stream = redact(stream, &self.home);
                text = format!("{text}--- {name}\n{}\n", stream.trim_end());
            }
        }
        text
    }
}
