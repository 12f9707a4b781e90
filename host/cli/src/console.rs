//! The one place that prints. Results go to stdout; everything the program says of itself goes to stderr, where a
//! command's own output cannot be mistaken for it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::OnceLock;

use serde_json::{Value, json};

use audex_core::environment::Environment;
use audex_core::printable::is_hidden;
use audex_core::shape::Misplaced;

/// Characters of one cell of a table: more is cut, as no screen has them and whole records are in the JSON form.
const CELL_CHARACTERS: usize = 200;

/// The session's own terminal (POSIX, "General Terminal Interface").
const TERMINAL: &str = "/dev/tty";

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
        let text = shown(text);
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

/// Values that nothing said on stderr may repeat.
static HIDDEN: OnceLock<Misplaced> = OnceLock::new();

/// Hides from now on, in everything said on stderr, values of `environment` that have no shape that may be shown.
pub fn hide(environment: &Environment) {
    let _ = HIDDEN.set(Misplaced::of(environment));
}

/// `text` without hidden values. Security: before JSON spells a value otherwise.
fn shown(text: &str) -> Cow<'_, str> {
    HIDDEN.get().map_or(Cow::Borrowed(text), |hidden| hidden.hide(text))
}

/// Prints a result. A reader that went away (`| head`) is no error.
pub fn result(text: &str) {
    let _ = show(text);
}

/// Why a result could not be written, if one could not: a full disk must not look like success.
#[must_use]
pub fn unwritten() -> Option<&'static io::Error> {
    UNWRITTEN.get()
}

/// The first error of standard output.
static UNWRITTEN: OnceLock<io::Error> = OnceLock::new();

/// Prints a part of a result; returns whether anybody still reads.
///
/// Security: results quote files and components; control and hidden characters must not reach a terminal.
#[must_use]
pub fn show(text: &str) -> bool {
    let text = visible(text, |c| matches!(c, '\n' | '\t').then_some(c));
    let mut out = io::stdout().lock();
    let line_end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
    let written =
        out.write_all(text.as_bytes()).and_then(|()| out.write_all(line_end)).and_then(|()| out.flush());
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

/// Tells a person several lines, without a prefix, so that commands in them can be copied.
pub fn tell(text: &str) {
    text.lines().for_each(stderr);
}

/// Returns true if a person reads standard error.
#[must_use]
pub fn is_watched() -> bool {
    io::IsTerminal::is_terminal(&io::stderr())
}

/// Asks on the terminal of the session, whatever standard input is; none if there is none.
#[must_use]
pub fn ask(question: &str) -> Option<String> {
    use std::io::BufRead as _;
    let mut terminal = std::fs::OpenOptions::new().read(true).write(true).open(TERMINAL).ok()?;
    terminal.write_all(visible(question, |_| Some(' ')).as_bytes()).ok()?;
    let mut answer = String::new();
    io::BufReader::new(terminal).read_line(&mut answer).ok()?;
    Some(answer)
}

fn stderr(line: &str) {
    // A command, a component or a server may have put control characters into what is quoted here.
    let mut clean = visible(&shown(line), |_| Some(' '));
    // The end of the line in the same write, or the output of a command comes between.
    clean.push('\n');
    let _ = io::stderr().lock().write_all(clean.as_bytes());
}

/// `text` with what `control` makes of each control character, and characters that act unseen (direction, zero
/// width) spelled `\u202e`: JSON, which has them in strings alone, means the same as before.
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

/// Lays rows out in columns under `headings`. Long cells are cut.
#[must_use]
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        // By hand: a width in a format string is 16 bits, and more is a panic.
        let pad = |(cell, width): (&str, &usize)| {
            cell.to_owned() + &" ".repeat(width.saturating_sub(cell.chars().count()))
        };
        let padded: Vec<String> = cells.zip(&widths).map(pad).collect();
        padded.join("  ").trim_end().to_owned() + "\n"
    };
    let mut out = line(&mut headings.iter().copied());
    for row in &rows {
        out += &line(&mut row.iter().map(String::as_str));
    }
    out
}

/// A cell on one line: a line end in it would look like another row.
fn cell(text: &str) -> String {
    let mut characters = text.chars().map(|c| if is_hidden(c) { ' ' } else { c });
    let mut cell: String = characters.by_ref().take(CELL_CHARACTERS).collect();
    if characters.next().is_some() {
        cell.push('…');
    }
    cell
}

/// A number of seconds as people write it, such as `15m` or `1h 30m`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_any_length_is_laid_out_and_cut() {
        let rows = [vec!["a".to_owned(), "x".repeat(70_000), "b".to_owned()], vec!["é\n".to_owned()]];
        let shown = table(&["ONE", "TWO", "THREE"], &rows);
        let cut = "x".repeat(CELL_CHARACTERS) + "…";
        let heading = format!("ONE  TWO{}  THREE", " ".repeat(CELL_CHARACTERS + 1 - 3));
        assert_eq!(shown, format!("{heading}\na    {cut}  b\né\n"));
        let fits = "x".repeat(CELL_CHARACTERS);
        assert_eq!(cell(&fits), fits);
    }

    #[test]
    fn characters_that_act_unseen_are_spelled_out_and_json_keeps_its_meaning() {
        let hostile = "a\u{202e}b\u{200b}c\u{e0041}";
        let shown = visible(&json!({ "name": hostile }).to_string(), |_| None);
        assert_eq!(shown, r#"{"name":"a\u202eb\u200bc\udb40\udc41"}"#);
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["name"], hostile);
        assert_eq!(visible("größer — 権限 🔑\u{1b}[2J", |_| Some(' ')), "größer — 権限 🔑 [2J");
        assert!(!table(&["A"], &[vec![hostile.to_owned()]]).contains(is_hidden_but_a_line_end));
    }

    fn is_hidden_but_a_line_end(c: char) -> bool {
        c != '\n' && is_hidden(c)
    }
}
