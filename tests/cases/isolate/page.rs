//! The table of escapes in `docs/security.md`, generated from the table of the test.

use std::fmt::Write as _;
use std::fs;

use super::level::WITHOUT_NAMESPACES as OPEN;
use super::table::{End, Escape, TABLES};
use crate::support::python;

/// If this variable is set, the test writes the table instead of comparing it.
const WRITE: &str = "AUDEX_WRITE_DOCS";
/// The marks around the table.
const MARKS: [&str; 2] =
    ["<!-- escapes: written by tests/cases/isolate/page.rs -->\n", "<!-- /escapes -->"];

fn tables() -> String {
    let mut page = String::new();
    for (title, escapes) in TABLES {
        let _ = write!(
            page,
            "\n**{title}**\n\n| the command | off | credentials | strict | why it escapes |\n|---|---|---|---|---|\n"
        );
        for escape in escapes {
            let [off, credentials, strict] = [0, 1, 2].map(|level| cell(escape, level));
            let because = escape.because;
            let _ = writeln!(
                page,
                "| {} | {off} | {credentials} | {strict} | {because} |",
                escape.attempt
            );
        }
    }
    page += "\n**Where namespaces are forbidden**\n\n`strict` refuses to start. Under `credentials`, where a notice says that it does not hold in full, these escape besides:\n\n";
    let escapes = TABLES.iter().flat_map(|(_, escapes)| *escapes);
    let is_open = |escape: &&Escape| escape.variants.iter().any(|name| OPEN.contains(name));
    for escape in escapes.filter(is_open) {
        let root = if escape.user[0] == End::Never { " (root)" } else { "" };
        let _ = writeln!(page, "- {}{root}", escape.attempt);
    }
    page.push('\n');
    page
}

/// The end of an attempt at one level, for a user and for root.
fn cell(escape: &Escape, level: usize) -> &'static str {
    if escape.user[level] == End::Instant {
        return "for an instant";
    }
    let escapes = |ends: [End; 3]| ends[level] == End::Escapes;
    match (escapes(escape.user), escapes(escape.root)) {
        (true, true) => "**escapes**",
        (false, true) => "**escapes** as root",
        (true, false) => "**escapes** as a user",
        (false, false) => "held",
    }
}

#[test]
fn the_page_shows_what_is_tried() {
    let path = python::tests().parent().unwrap().join("docs/security.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(MARKS[0]).expect("the page has no mark of the table");
    let (written, after) = rest.split_once(MARKS[1]).expect("the table has no end mark");
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, format!("{before}{}{}{}{after}", MARKS[0], tables(), MARKS[1])).unwrap();
        return;
    }
    assert!(written == tables(), "docs/security.md is out of step: write it again with {WRITE}=1");
}
