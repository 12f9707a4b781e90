//! The instructions for an agent: marked lines in its own file, or a file of ours.

use super::target::EditError;
use audex_core::toml_place;

const BEGIN: &str = "<!-- audex: `tryaudex agents setup` writes these lines, `tryaudex agents undo` removes them -->";
const END: &str = "<!-- /audex -->";
/// The instructions, for an agent inside a session and for one outside.
const INSTRUCTIONS: &str = include_str!("instructions.md");
/// The head of a file of instructions that Visual Studio Code applies to every request. Source: "Use custom
/// instructions in VS Code".
const HEAD: &str = "---\ndescription: Cloud access through Audex\napplyTo: \"**\"\n---\n";

fn block(newline: &str) -> String {
    format!("{BEGIN}\n{}\n{END}\n", INSTRUCTIONS.trim_end()).replace('\n', newline)
}

/// Returns the text of a file that is all ours.
pub(super) fn file() -> String {
    format!("{HEAD}{}", block("\n"))
}

/// Returns true if `text` is a file that [`file`] made, in any version.
pub(super) fn is_ours(text: &str) -> bool {
    text.starts_with(HEAD) && text.contains(BEGIN) && text.trim_end().ends_with(END)
}

/// Returns `text` with the block: in the place of an older one, or at the end.
///
/// # Errors
/// When there is a mark without the other, or several.
pub(super) fn with(text: &str) -> Result<String, EditError> {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let block = block(newline);
    if let Some((before, after)) = around(text)? {
        return Ok(format!("{before}{block}{after}"));
    }
    let gap = match text {
        "" => "",
        text if text.ends_with(&format!("{newline}{newline}")) => "",
        text if text.ends_with('\n') => newline,
        _ => return Ok(format!("{text}{newline}{newline}{block}")),
    };
    Ok(format!("{text}{gap}{block}"))
}

/// Returns `text` without the block.
///
/// # Errors
/// As [`with`].
pub(super) fn without(text: &str) -> Result<String, EditError> {
    Ok(around(text)?.map_or_else(|| text.to_owned(), |(before, after)| format!("{before}{after}")))
}

/// Returns the texts before and after the block, if there is one.
fn around(text: &str) -> Result<Option<(&str, &str)>, EditError> {
    let marks = |mark: &str| text.matches(mark).count();
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return match text.find(BEGIN).or_else(|| text.find(END)) {
            None => Ok(None),
            Some(at) => Err(unpaired(text, at)),
        };
    };
    if marks(BEGIN) != 1 || marks(END) != 1 || end < begin {
        return Err(unpaired(text, begin.min(end)));
    }
    let after = text.get(end.saturating_add(END.len())..).unwrap_or_default();
    let after = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n')).unwrap_or(after);
    Ok(Some((text.get(..begin).unwrap_or_default(), after)))
}

fn unpaired(text: &str, at: usize) -> EditError {
    EditError::Marks { line: toml_place::line(text, at), begin: BEGIN, end: END }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_added_once_and_an_old_one_is_replaced() {
        for text in ["", "# Mine\n", "# Mine", "# Mine\n\n", "# Mine\r\n"] {
            let set = with(text).unwrap();
            assert!(set.starts_with(text) && set.contains("tryaudex ask"), "{set:?}");
            assert_eq!(with(&set).unwrap(), set, "{text:?}");
        }
        let old = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let set = with(&old).unwrap();
        assert!(
            set.starts_with("before\n") && set.ends_with("\nafter\n") && !set.contains("\nold\n")
        );
        assert_eq!(without(&old).unwrap(), "before\nafter\n");
    }

    #[test]
    fn marks_without_each_other_are_refused_with_their_line() {
        let doubled = format!("{BEGIN}\n{END}\n{BEGIN}\n{END}\n");
        for text in
            [format!("a\n{BEGIN}\n"), format!("a\n{END}\n{BEGIN}\n"), format!("a\n{doubled}")]
        {
            assert!(with(&text).unwrap_err().to_string().starts_with("line 2: "), "{text}");
        }
    }
}
