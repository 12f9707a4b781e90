//! Turns text from outside into one visible line for a terminal, a table or a log.
//!
//! Security: foreign text must not move the cursor, forge a line of ours, reverse text or fill the audit log.

/// The number of characters that are shown or recorded of one sentence; the rest is cut.
pub const LINE_CHARACTERS: usize = 2_000;

/// Returns `text` as one line: hidden characters become blanks, and text over [`LINE_CHARACTERS`] is cut and ends in `…`.
#[must_use]
pub fn line(text: &str) -> String {
    let visible = |c| if is_hidden(c) { ' ' } else { c };
    let mut characters = text.chars().map(visible);
    let mut line: String = characters.by_ref().take(LINE_CHARACTERS).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

/// Returns true for a character that is not visible itself: a control, line end, direction mark or zero-width character.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    let formats = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    c.is_control() || formats
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
        let cut = line(&"x".repeat(LINE_CHARACTERS + 1));
        assert_eq!(cut.chars().count(), LINE_CHARACTERS + 1);
        assert!(cut.ends_with('…') && !line(&"x".repeat(LINE_CHARACTERS)).ends_with('…'));
    }
}
