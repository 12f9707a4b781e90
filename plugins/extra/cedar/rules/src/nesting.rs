//! The depth of nested brackets in a text: parsers recurse for each bracket, and a component's stack is
//! small.

/// The greatest depth. Typical policies have five; at about 40 the stack of this component overflows.
const DEEPEST: usize = 32;

/// Rejects a text of Cedar or JSON that would overflow the stack of the component.
///
/// # Errors
/// If the text is nested too deeply; the error is one line with the place.
pub fn check(title: &str, text: &str) -> Result<(), String> {
    let (mut depth, mut line) = (0_usize, 1_usize);
    let (mut in_text, mut in_comment) = (false, false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' => {
                line += 1;
                in_comment = false;
            }
            _ if in_comment => {}
            '\\' if in_text => {
                // An escaped line break still ends the line.
                let _ = characters.next_if(|&escaped| escaped != '\n');
            }
            '"' => in_text = !in_text,
            _ if in_text => {}
            '/' if characters.peek() == Some(&'/') => in_comment = true,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!(
                "{title}, line {line}: more than {DEEPEST} brackets within each other"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_and_texts_and_comments_do_not() {
        let deep = |n: usize| format!("when {{\n{}true", "([{".repeat(n));
        assert_eq!(check("policies", &deep(10)), Ok(()));
        let error = check("policies", &deep(11)).unwrap_err();
        assert_eq!(error, "policies, line 2: more than 32 brackets within each other");
        let many = "(".repeat(40);
        for shallow in [
            format!("\"{many}\""),
            format!("// \"{many}"),
            format!(r#""\"{many}\\""#),
            "()".repeat(99),
        ] {
            assert_eq!(check("policies", &shallow), Ok(()), "{shallow}");
        }
        for deep in [format!("\"\\\"\" {many}"), format!("// \"\n{many}"), format!("\"//\" {many}")]
        {
            assert!(check("policies", &deep).is_err(), "{deep}");
        }
    }
}
