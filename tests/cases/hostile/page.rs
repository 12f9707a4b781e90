//! `docs/hostile.md`: the page of all attacks, generated from the tables of the tests.

use std::fmt::Write as _;

use super::beyond::ATTEMPTS;
use super::table::{
    Case, DESCRIBE, EXPORTS, FILTER, HTTP, MAPPING, MINT, PLAN, REPLIES, WASI_FILTER,
    WASI_PROVIDER, WORDS,
};
use super::unfit::unfit;
use crate::support::python;

/// Set, the page is written instead of compared.
const WRITE: &str = "AUDEX_WRITE_DOCS";

const HEAD: &str = "# Hostile components\n\n\
    What the tests install and run, and how each ends. Made from the tests' own tables by `tests/cases/hostile/page.rs`\n\
    (`AUDEX_WRITE_DOCS=1 cargo test -p tryaudex --test audex -- hostile::page` writes it). In every case: in time, no secret in any output,\n\
    no forged line, no control character on the terminal, no session but the planned one.\n";

/// The tables, with what each is about.
const TABLES: [(&str, &[Case]); 10] = [
    ("A filter that fails denies", FILTER),
    ("A mapping that fails ends the run", MAPPING),
    ("A provider that describes what it must not is never installed", DESCRIBE),
    ("A provider that checks or plans wrongly mints nothing", PLAN),
    ("A provider hands out nothing but what was planned", MINT),
    ("A provider sends nothing where it must not: no connection is made", HTTP),
    (
        "What a server answers reaches no further: no redirect is followed, no echo is shown",
        REPLIES,
    ),
    ("The words of a provider are harmless: the command runs", WORDS),
    ("A filter that was built for `wasm32-wasip2` reaches nothing", WASI_FILTER),
    ("A provider that was built for `wasm32-wasip2` reaches nothing", WASI_PROVIDER),
];

fn page() -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace(|c: char| c.is_control(), " ");
    let mut page = HEAD.to_owned();
    for (title, cases) in TABLES {
        let _ = write!(page, "\n## {title}\n\n| case | exit | the program says |\n|---|---|---|\n");
        for case in cases {
            let says: Vec<String> = case
                .says
                .iter()
                .map(|words| format!("`{}`", cell(&words.replace('`', "'"))))
                .collect();
            let _ = writeln!(page, "| {} | {} | {} |", case.name, case.code, says.join(" … "));
        }
    }
    page += "\n## A trap in every other export is told by name\n\n| case | command | exit |\n|---|---|---|\n";
    for export in EXPORTS {
        let _ = writeln!(
            page,
            "| {} | `tryaudex {}` | {} |",
            export.name,
            export.command.join(" "),
            export.code
        );
    }
    page += "\n## A file that is not a component for this host is refused by name\n\n| file | the program says |\n|---|---|\n";
    for (name, _, words) in unfit() {
        let _ = writeln!(page, "| {name} | `{}` |", cell(&words.replace('`', "'")));
    }
    page += "\n## Hostile input that comes from elsewhere\n\n| attempt | outcome | test |\n|---|---|---|\n";
    for [attempt, outcome, test] in ATTEMPTS {
        let _ = writeln!(page, "| {} | {} | `{test}` |", cell(attempt), cell(outcome));
    }
    page
}

#[test]
fn the_page_lists_what_is_tried() {
    let path = python::tests().parent().unwrap().join("docs/hostile.md");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page(), "docs/hostile.md is out of step: write it again with {WRITE}=1");
}
