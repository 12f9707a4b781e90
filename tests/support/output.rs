//! What a program did, for assertions and snapshots.

use std::path::PathBuf;

use serde_json::Value;

use super::redact::redact;

/// Exit status and output; text that is not UTF-8 is replaced in the strings, not in `bytes`.
#[must_use]
#[derive(Debug)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// stdout as it was.
    pub bytes: Vec<u8>,
    /// The sandbox's HOME, which a snapshot does not name.
    pub(super) home: PathBuf,
}

impl Output {
    /// Panics with everything that was printed unless the exit status is `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
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
    pub fn success(self) -> Self {
        self.exits(0)
    }

    /// stdout as one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON: {error}\n{}", self.stdout))
    }

    /// Each line of stderr as a JSON value.
    #[track_caller]
    pub fn stderr_json(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON: {error}\n{line}"))
        };
        self.stderr.lines().map(parse).collect()
    }

    /// Exit status, stdout and stderr, without what differs from run to run.
    pub fn snapshot(&self) -> String {
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
