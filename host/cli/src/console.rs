//! The only module that prints. Results go to stdout. All messages of the program go to stderr, so they are
//! not mixed with a command's own output.

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

/// The maximum number of characters in a table cell. Longer cells are cut: no screen is that wide, and the
/// JSON output has the whole records.
const CELL_CHARACTERS: usize = 200;

/// The controlling terminal of the session (POSIX, "General Terminal Interface").
const TERMINAL: &str = "/dev/tty";

/// The output options of the program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Console {
    /// Prints only errors.
    pub quiet: bool,
    /// Prints JSON lines on stderr.
    pub json: bool,
    /// Also prints the log lines of components.
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
    let label = LABELS.iter().find_map(|(label, style)| Some((label, style, line.strip_prefix(label)?)));
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

/// Formats rows as columns under `headings`, as wide as the terminal. Long cells are cut.
///
/// If standard output is not a terminal, each row is one line of any length.
#[must_use]
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    laid_out(headings, rows, columns().map(Fit::Wrapped))
}

/// Formats rows like [`table`], but each row is one line on a terminal too: its last cell is cut.
#[must_use]
pub fn lines(headings: &[&str], rows: &[Vec<String>]) -> String {
    laid_out(headings, rows, columns().map(Fit::Cut))
}

/// The way to fit a table into a number of characters.
#[derive(Clone, Copy, Debug)]
enum Fit {
    /// Long cells continue on the next line.
    Wrapped(usize),
    /// The last cell is cut at the end of the line.
    Cut(usize),
}

/// The text between two columns.
const GAP: &str = "  ";
/// The minimum width of a column. Words are not broken into shorter pieces.
const LEAST_COLUMN: usize = 12;
/// The maximum length of a word that is kept whole while another column can be made narrower. A time, the
/// name of a session and a digest fit into this length.
const WORD: usize = 24;

fn laid_out(headings: &[&str], rows: &[Vec<String>], fit: Option<Fit>) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
    let mut rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    match fit {
        Some(Fit::Wrapped(most)) => {
            let word =
                |cell: &String| pieces(cell).map(|(piece, _)| piece.chars().count()).max().unwrap_or(0);
            let longest =
                |column| rows.iter().filter_map(|row: &Vec<String>| row.get(column)).map(word).max();
            let least =
                (0..widths.len()).map(|column| longest(column).unwrap_or(0).clamp(LEAST_COLUMN, WORD));
            narrow(&mut widths, &least.collect::<Vec<_>>(), most);
        }
        Some(Fit::Cut(most)) => cut(&mut widths, &mut rows, most),
        None => {}
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        // Not with a format string: its width has 16 bits, and a larger number panics.
        let pad = |(cell, width): (&str, &usize)| {
            cell.to_owned() + &" ".repeat(width.saturating_sub(cell.chars().count()))
        };
        let padded: Vec<String> = cells.zip(&widths).map(pad).collect();
        padded.join(GAP).trim_end().to_owned() + "\n"
    };
    let mut out = line(&mut headings.iter().copied());
    for row in &rows {
        let wrapped: Vec<Vec<String>> =
            row.iter().zip(&widths).map(|(cell, width)| wrap(cell, *width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or_default();
        for at in 0..height {
            out += &line(&mut wrapped.iter().map(|lines| lines.get(at).map_or("", String::as_str)));
        }
    }
    out
}

/// Makes the widest columns narrower until all columns fit into `most` characters, or until no column can be
/// made narrower. Columns are reduced to their `least` width first, and then to `LEAST_COLUMN`.
fn narrow(widths: &mut [usize], least: &[usize], most: usize) {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(most);
    while over > 0 {
        let can_give = widths.iter_mut().zip(least).filter(|(width, least)| **width > **least);
        let widest = match can_give.map(|(width, _)| width).max() {
            Some(widest) => Some(widest),
            None => widths.iter_mut().max().filter(|widest| **widest > LEAST_COLUMN),
        };
        let Some(widest) = widest else { return };
        *widest -= 1;
        over -= 1;
    }
}

/// Cuts the last column to the width that the other columns leave of `most` characters.
fn cut(widths: &mut [usize], rows: &mut [Vec<String>], most: usize) {
    let Some((last, others)) = widths.split_last_mut() else { return };
    let left = most.saturating_sub(others.iter().map(|width| width + GAP.len()).sum()).max(LEAST_COLUMN);
    if *last <= left {
        return;
    }
    *last = left;
    for cell in rows.iter_mut().filter_map(|row| row.get_mut(others.len())) {
        if cell.chars().count() > left {
            *cell = cell.chars().take(left - 1).chain(['…']).collect();
        }
    }
}

/// Returns the parts of a cell that stay together: words and the items of lists. The flag is true if a space
/// comes before the part.
fn pieces(cell: &str) -> impl Iterator<Item = (&str, bool)> {
    cell.split(' ').enumerate().flat_map(|(word, text)| {
        text.split_inclusive(',').enumerate().map(move |(item, piece)| (piece, word > 0 && item == 0))
    })
}

/// Breaks a cell into lines of `width` characters, between words and after commas. Only a part that is longer
/// than a line is broken elsewhere.
fn wrap(cell: &str, width: usize) -> Vec<String> {
    if cell.chars().count() <= width || width == 0 {
        return vec![cell.to_owned()];
    }
    let (mut lines, mut line, mut length) = (Vec::new(), String::new(), 0);
    for (piece, is_word) in pieces(cell) {
        let space = usize::from(is_word && length > 0);
        if length > 0 && length + space + piece.chars().count() > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        } else if space > 0 {
            line.push(' ');
            length += 1;
        }
        for c in piece.chars() {
            if length == width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            line.push(c);
            length += 1;
        }
    }
    lines.push(line);
    lines
}

/// Returns a cell as one line, because a line break in a cell would look like another row.
fn cell(text: &str) -> String {
    let mut characters = text.chars().map(|c| if is_hidden(c) { ' ' } else { c });
    let mut cell: String = characters.by_ref().take(CELL_CHARACTERS).collect();
    if characters.next().is_some() {
        cell.push('…');
    }
    cell
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
    fn a_cell_of_any_length_is_laid_out_and_cut() {
        let rows = [vec!["a".to_owned(), "x".repeat(70_000), "b".to_owned()], vec!["é\n".to_owned()]];
        let shown = laid_out(&["ONE", "TWO", "THREE"], &rows, None);
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

    #[test]
    fn a_table_fits_the_terminal_and_loses_nothing() {
        let long = "words of one cell that are many more than one line of a narrow terminal takes";
        let rows = [vec!["aws".to_owned(), long.to_owned(), "x".repeat(30)], vec!["gcp".to_owned()]];
        let shown = laid_out(&["PROVIDER", "NOTE", "NAME"], &rows, Some(Fit::Wrapped(60)));
        assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
        assert!(shown.lines().count() > 3, "{shown}");
        for word in long.split(' ') {
            assert!(shown.contains(word), "{word}: {shown}");
        }
        assert_eq!(shown.matches('x').count(), 30);
        // A width below the minimum of the columns still gives a table.
        assert!(
            laid_out(&["A", "B"], &[vec!["y".repeat(40), "z".repeat(40)]], Some(Fit::Wrapped(5)))
                .contains("zzzz")
        );
    }

    #[test]
    fn words_are_whole_as_long_as_another_column_has_more() {
        let row =
            ["2026-11-30T03:01:04Z", "a:One,b:Two,c:Three,d:Four", "some words that are wrapped before"];
        let shown =
            laid_out(&["TIME", "LIST", "WHAT"], &[row.map(str::to_owned).to_vec()], Some(Fit::Wrapped(56)));
        assert!(
            shown.contains("2026-11-30T03:01:04Z") && shown.lines().all(|line| line.len() <= 56),
            "{shown}"
        );
        for item in row[1].split_inclusive(',') {
            assert!(shown.contains(item), "{item}: {shown}");
        }
    }

    #[test]
    fn a_list_has_one_line_for_each_row() {
        let rows = [vec!["first".to_owned(), "x".repeat(90)], vec!["second".to_owned(), "é".to_owned()]];
        let shown = laid_out(&["NAME", "WHAT"], &rows, Some(Fit::Cut(40)));
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!((lines[1].chars().count(), lines[1].ends_with('…'), lines[2]), (40, true, "second  é"));
    }

    #[test]
    fn a_cell_is_wrapped_between_words_and_in_long_ones() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("a:One,b:Two,c d", 8), ["a:One,", "b:Two,c", "d"]);
        assert_eq!(wrap("", 4), [""]);
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
