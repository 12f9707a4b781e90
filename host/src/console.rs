//! The one place that prints. Results go to stdout; everything the program says of itself goes to stderr, where a
//! command's own output cannot be mistaken for it.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::{Value, json};

/// How the program speaks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Console {
    /// Only errors.
    pub quiet: bool,
    /// JSON lines on stderr.
    pub json: bool,
    /// Also what components log.
    pub verbose: bool,
}

impl Console {
    /// Says one line about what is going on; `event` and `fields` are its JSON form.
    pub fn say(self, event: &str, line: &str, fields: &Value) {
        if self.quiet {
            return;
        }
        if self.json {
            let mut object = json!({ "event": event });
            if let (Some(into), Some(from)) = (object.as_object_mut(), fields.as_object()) {
                into.extend(from.clone());
            }
            stderr(&object.to_string());
        } else {
            stderr(&format!("audex: {line}"));
        }
    }

    /// Says what the user should know.
    pub fn notice(self, text: &str) {
        if self.quiet {
            return;
        }
        stderr(&if self.json {
            json!({ "event": "notice", "message": text }).to_string()
        } else {
            format!("notice: {text}")
        });
    }

    /// Says what a component logged, if that is wanted.
    pub fn log(self, plugin: &str, line: &str) {
        if self.verbose && !self.quiet {
            stderr(&if self.json {
                json!({ "event": "log", "plugin": plugin, "message": line }).to_string()
            } else {
                format!("{plugin}: {line}")
            });
        }
    }

    /// Says what failed, why, and what to do. Never silenced.
    pub fn error(self, message: &str, causes: &[String], hint: Option<&str>, exit_code: u8) {
        if self.json {
            let event = json!({
                "event": "error", "message": message, "causes": causes, "hint": hint, "exit_code": exit_code,
            });
            return stderr(&event.to_string());
        }
        stderr(&format!("error: {message}"));
        for cause in causes {
            stderr(&format!("  Caused by: {cause}"));
        }
        if let Some(hint) = hint {
            stderr(&format!("hint: {hint}"));
        }
    }
}

/// Prints a result. A reader that went away (`| head`) is no error.
pub fn result(text: &str) {
    let _ = show(text);
}

/// Prints a part of a result; returns whether anybody still reads.
///
/// Security: results quote files and components; what is left of control characters must not reach a terminal.
#[must_use]
pub fn show(text: &str) -> bool {
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let mut out = io::stdout().lock();
    let line_end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(line_end)).and_then(|()| out.flush()).is_ok()
}

/// Tells a person several lines, without a prefix, so that commands in them can be copied.
pub fn tell(text: &str) {
    text.lines().for_each(stderr);
}

/// Whether results are read by a person.
#[must_use]
pub fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

fn stderr(line: &str) {
    // A command, a component or a server may have put control characters into what is quoted here.
    let mut clean: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // The end of the line in the same write, or the output of a command comes between.
    clean.push('\n');
    let _ = io::stderr().lock().write_all(clean.as_bytes());
}

/// Lays rows out in columns under `headings`.
#[must_use]
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        // A line end in a cell would look like another row.
        padded.join("  ").trim_end().replace(|c: char| c.is_control(), " ") + "\n"
    };
    let mut out = line(&mut headings.iter().copied());
    for row in rows {
        out += &line(&mut row.iter().map(String::as_str));
    }
    out
}

/// A number of seconds as people write it, such as `15m` or `1h 30m`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}
