//! The only module that prints. Results go to stdout. All messages of the program go to stderr, so they are
//! not mixed with a command's own output.

mod keys;
mod table;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::OnceLock;

use anstream::{AutoStream, ColorChoice};
use clap::builder::StyledStr;
use clap::builder::styling::{AnsiColor, Style};
use serde_json::{Value, json};
use terminal_size::Width;

use audex_core::environment::Environment;
use audex_core::printable::is_hidden;
use audex_core::shape::Misplaced;

pub(crate) use self::keys::Keys;
pub use self::table::{lines, table};

/// The controlling terminal of the session (POSIX, "General Terminal Interface").
const TERMINAL: &str = "/dev/tty";

/// The output options of the program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Console {
    /// Prints only errors.
    pub quiet: bool,
    /// Prints JSON lines on stderr.
    pub json: bool,
    /// Also prints the log lines of components and what the command does not get.
    pub verbose: bool,
}

impl Console {
    /// Prints one line about the progress of the program. `event` and `fields` are its JSON form.
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

    /// Prints a notice for the user.
    pub fn notice(self, text: &str) {
        if self.quiet {
            return;
        }
        let text = shown(text);
        stderr(&if self.json {
            json!({ "event": "notice", "message": text }).to_string()
        } else {
            format!("notice: {text}")
        });
    }

    /// Prints a log line of a component if `verbose` is set.
    pub fn log(self, plugin: &str, line: &str) {
        if self.verbose && !self.quiet {
            stderr(&if self.json {
                json!({ "event": "log", "plugin": plugin, "message": line }).to_string()
            } else {
                format!("{plugin}: {line}")
            });
        }
    }

    /// Prints an error with its causes and its hint, even if `quiet` is set.
    pub fn error(self, message: &str, causes: &[String], hint: Option<&str>, exit_code: u8) {
        let (message, hint) = (shown(message), hint.map(shown));
        let causes: Vec<_> = causes.iter().map(|cause| shown(cause)).collect();
        if self.json {
            let event = json!({
                "event": "error", "message": message, "causes": causes, "hint": hint, "exit_code": exit_code,
            });
            return stderr(&event.to_string());
        }
        stderr(&format!("error: {message}"));
        for cause in &causes {
            stderr(&format!("  Caused by: {cause}"));
        }
        if let Some(hint) = hint {
            stderr(&format!("hint: {hint}"));
        }
    }
}

/// The values that no message on stderr may contain.
static HIDDEN: OnceLock<Misplaced> = OnceLock::new();

/// From here on, hides the values of `environment` in all messages on stderr, except values of a shape that
/// may be shown.
pub fn hide(environment: &Environment) {
    let _ = HIDDEN.set(Misplaced::of(environment));
}

/// Returns `text` without hidden values.
///
/// Security: this must run before JSON encoding, which changes the spelling of a value.
fn shown(text: &str) -> Cow<'_, str> {
    HIDDEN.get().map_or(Cow::Borrowed(text), |hidden| hidden.hide(text))
}

/// Returns text of a command or an error for another program: without hidden values and without characters that act unseen.
#[must_use]
pub(crate) fn harmless(text: &str) -> String {
    visible(&shown(text), |c| matches!(c, '\n' | '\t').then_some(c))
}

/// Prints a result. If the reader has closed the pipe (`| head`), this is not an error.
pub fn result(text: &str) {
    let _ = show(text);
}

/// Returns the first error of writing a result, if there was one. A full disk must not look like success.
#[must_use]
pub(crate) fn unwritten() -> Option<&'static io::Error> {
    UNWRITTEN.get()
}

static UNWRITTEN: OnceLock<io::Error> = OnceLock::new();

/// Prints a part of a result. Returns false if standard output can no longer be written.
///
/// Security: results quote files and components; control and hidden characters must not reach a terminal.
#[must_use]
pub fn show(text: &str) -> bool {
    let text = visible(text, |c| matches!(c, '\n' | '\t').then_some(c));
    let mut out = io::stdout().lock();
    let line_end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.write_all(line_end))
        .and_then(|()| out.flush());
    match written {
        Ok(()) => true,
        Err(error) => {
            if error.kind() != io::ErrorKind::BrokenPipe {
                let _ = UNWRITTEN.set(error);
            }
            false
        }
    }
}

/// Prints lines for a person on stderr, without a prefix, so that commands in the lines can be copied.
pub fn tell(text: &str) {
    text.lines().for_each(stderr);
}

/// Returns true if standard error is a terminal.
#[must_use]
pub(crate) fn is_watched() -> bool {
    io::IsTerminal::is_terminal(&io::stderr())
}

/// Asks a question on the terminal of the session, whatever standard input is. Returns `None` if there is no
/// terminal.
#[must_use]
pub fn ask(question: &str) -> Option<String> {
    use std::io::BufRead as _;
    let mut terminal = std::fs::OpenOptions::new().read(true).write(true).open(TERMINAL).ok()?;
    terminal.write_all(visible(question, |_| Some(' ')).as_bytes()).ok()?;
    let mut answer = String::new();
    io::BufReader::new(terminal).read_line(&mut answer).ok()?;
    Some(answer)
}

/// Prints a help text, with styles if standard output takes them.
pub fn help(text: &StyledStr) {
    let is_styled = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
    // Security: a help text contains no words of a user or a component, so all its escape sequences are the
    // program's own.
    if is_styled {
        let _ = write!(io::stdout().lock(), "{}", text.ansi());
    } else {
        result(&text.to_string());
    }
}

/// Returns the width of the terminal in columns, or `None` if standard output is not a terminal.
fn columns() -> Option<usize> {
    let (Width(columns), _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(columns.into()).filter(|columns| *columns > 0)
}

/// Returns true if standard output is a terminal.
#[must_use]
pub(crate) fn is_result_watched() -> bool {
    io::IsTerminal::is_terminal(&io::stdout())
}

/// The labels of lines on stderr, with their colours.
const LABELS: [(&str, Style); 3] = [
    ("error:", AnsiColor::Red.on_default().bold()),
    ("hint:", AnsiColor::Cyan.on_default().bold()),
    ("notice:", AnsiColor::Yellow.on_default().bold()),
];

fn coloured(line: String) -> String {
    let label =
        LABELS.iter().find_map(|(label, style)| Some((label, style, line.strip_prefix(label)?)));
    match label {
        Some((label, style, rest)) => format!("{style}{label}{style:#}{rest}"),
        None => line,
    }
}

/// Returns true if stderr takes colours: it is a terminal, and no variable such as `NO_COLOR` forbids them.
fn takes_colour() -> bool {
    static TAKES: OnceLock<bool> = OnceLock::new();
    *TAKES.get_or_init(|| AutoStream::choice(&io::stderr()) != ColorChoice::Never)
}

fn stderr(line: &str) {
    // The line may quote a command, a component or a server, and such text can contain control characters.
    let mut clean = visible(&shown(line), |_| Some(' '));
    // Security: colours are added after the cleaning, so every escape sequence is the program's own.
    if takes_colour() {
        clean = coloured(clean);
    }
    // The line break is part of the same write. Otherwise the output of a command could come before it.
    clean.push('\n');
    let _ = io::stderr().lock().write_all(clean.as_bytes());
}

/// Returns `text` with each control character replaced by the result of `control`, and each invisible
/// character (direction, zero width) written as an escape such as `\u202e`. JSON has such characters only in
/// strings, so its meaning does not change.
fn visible(text: &str, control: impl Fn(char) -> Option<char>) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            visible.extend(control(c));
        } else if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(visible, "\\u{unit:04x}");
            }
        } else {
            visible.push(c);
        }
    }
    visible
}

/// Returns a number of seconds as people write durations, such as `15m` or `1h 30m`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_act_unseen_are_spelled_out_and_json_keeps_its_meaning() {
        let hostile = "a\u{202e}b\u{200b}c\u{e0041}";
        let shown = visible(&json!({ "name": hostile }).to_string(), |_| None);
        assert_eq!(shown, r#"{"name":"a\u202eb\u200bc\udb40\udc41"}"#);
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["name"], hostile);
        assert_eq!(visible("größer — 権限 🔑\u{1b}[2J", |_| Some(' ')), "größer — 権限 🔑 [2J");
        assert!(!table(&["A"], &[vec![hostile.to_owned()]]).contains(is_hidden_but_a_line_end));
    }

    #[test]
    fn only_the_label_of_a_line_is_coloured() {
        assert_eq!(coloured("audex: error: x".to_owned()), "audex: error: x");
        let line = coloured("error: no `hint:` here".to_owned());
        assert!(line.starts_with('\u{1b}') && line.ends_with(" no `hint:` here"), "{line:?}");
    }

    fn is_hidden_but_a_line_end(c: char) -> bool {
        c != '\n' && is_hidden(c)
    }
}
