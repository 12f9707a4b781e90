//! What components write, made fit for a terminal, a table and a log line, where it enters the host.
//!
//! Security: a component must not move the cursor, forge a line of ours, turn text around, or fill the audit log.

use super::limit;
use super::mapping::{Expansion, Row};
use super::provider::{Advice, CheckResult, Description, Error, Finding, GrantPlan, Profile, Scope, Setting};

/// `text` as one line of at most [`limit::LINE_CHARACTERS`] characters, each of them visible.
#[must_use]
pub fn line(text: &str) -> String {
    let visible = |c| if is_hidden(c) { ' ' } else { c };
    let mut characters = text.chars().map(visible);
    let mut line: String = characters.by_ref().take(limit::LINE_CHARACTERS).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

/// Whether a character acts on what is around it instead of being seen: controls, line ends, direction, zero width.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    let formats = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    c.is_control() || formats
}

/// What can be made fit in place.
pub trait Clean {
    /// Makes it fit.
    fn clean(&mut self);
}

impl Clean for String {
    fn clean(&mut self) {
        *self = line(self);
    }
}

impl<T: Clean> Clean for Option<T> {
    fn clean(&mut self) {
        if let Some(inner) = self {
            inner.clean();
        }
    }
}

impl<T: Clean> Clean for Vec<T> {
    fn clean(&mut self) {
        self.iter_mut().for_each(Clean::clean);
    }
}

impl Clean for Scope {
    fn clean(&mut self) {
        if let Self::These(named) = self {
            named.clean();
        }
    }
}

/// Implements [`Clean`] for a record by its fields.
macro_rules! clean_fields {
    ($($record:ty: $($field:ident)*;)*) => {
        $(impl Clean for $record {
            fn clean(&mut self) {
                $(self.$field.clean();)*
            }
        })*
    };
}

clean_fields! {
    Error: code message hint;
    Setting: key description;
    Profile: name description actions resources;
    Description: title action_syntax settings profiles;
    Finding: actions note suggestion;
    Advice: message missing;
    CheckResult: name detail hint;
    Row: universal provider actions note;
    Expansion: actions notice;
}

impl Clean for GrantPlan {
    /// All but the policy, which is sent as it is.
    fn clean(&mut self) {
        self.method.clean();
        self.permissions.iter_mut().for_each(|planned| planned.note.clean());
        notices(&mut self.notices);
    }
}

/// Makes notices fit, and few.
pub fn notices(notices: &mut Vec<String>) {
    notices.truncate(limit::NOTICES);
    notices.clean();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_line_ends_and_direction_marks_become_blanks() {
        assert_eq!(line("a\u{1b}[2Jb\nc\u{9b}d\u{202e}e\u{200b}f\u{7f}"), "a [2Jb c d e f ");
    }

    #[test]
    fn ordinary_text_of_any_script_stays() {
        for text in ["s3:GetObject", "größer — 権限 🔑", "`tryaudex plan`"] {
            assert_eq!(line(text), text);
        }
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let cut = line(&"x".repeat(limit::LINE_CHARACTERS + 1));
        assert_eq!(cut.chars().count(), limit::LINE_CHARACTERS + 1);
        assert!(cut.ends_with('…') && !line(&"x".repeat(limit::LINE_CHARACTERS)).ends_with('…'));
    }
}
