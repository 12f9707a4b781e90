//! Cedar policies in which an organisation says who may request what, when, and how it must be enforced.
//!
//! [`answer`] holds the decision. Nothing here depends on the contract or on WebAssembly.

pub mod answer;
pub mod calendar;
pub mod entity;
pub mod fold;
pub mod judge;
pub mod load;
pub mod nesting;
pub mod outcome;
pub mod pattern;
pub mod policy;
pub mod question;
pub mod rule;
pub mod scope;
pub mod settings;
pub mod vocabulary;

/// The type of every principal.
pub const USER: &str = "User";
/// The type of every action.
pub const ACTION: &str = "Action";
/// The type of every resource.
pub const RESOURCE: &str = "Resource";

/// The most characters of an error that are shown: one or two lines of a terminal.
const LINE: usize = 300;

/// Joins an error and its causes in one line.
#[must_use]
pub fn line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let deeper_text = deeper.to_string();
        if !text.contains(&deeper_text) {
            text = format!("{text}: {deeper_text}");
        }
        cause = deeper.source();
    }
    one_line(&text)
}

/// Removes line ends and other control characters from a text, and shortens it.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split(char::is_control)
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(LINE)
        .collect()
}
