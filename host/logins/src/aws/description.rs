//! The description of a scoped session, which `CloudTrail` logs with the request.
//!
//! Unlike session tags and a source identity, a description needs no permission in a trust policy.

/// The allowed length of `ScopedSessionDescription`, in characters. Source: its model in botocore 1.44.8.
const CHARACTERS: std::ops::RangeInclusive<usize> = 2..=256;
/// The replacement for a character that the parameter does not accept.
const REPLACEMENT: char = '?';

/// Returns `text` in the form that the parameter accepts: one line of allowed characters, cut to the maximum
/// length. Returns `None` if the remaining text is too short.
pub(super) fn description(text: &str) -> Option<String> {
    let replaced = |c: char| match c {
        // The parameter accepts line ends and tabs too, but a single line cannot pass for another log record.
        ' '..='~' | '\u{a1}'..='\u{ff}' => c,
        c if c.is_whitespace() => ' ',
        _ => REPLACEMENT,
    };
    let text: String = text.trim().chars().map(replaced).take(*CHARACTERS.end()).collect();
    let text = text.trim_end();
    (text.chars().count() >= *CHARACTERS.start()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_one_line_of_its_alphabet_and_length() {
        for (text, expected) in [
            ("audex session=a", Some("audex session=a")),
            ("  two\nlines\tand\u{a0}more  ", Some("two lines and more")),
            ("caf\u{e9} \u{65e5}\u{672c} \u{1f980} \u{7f}\u{80}", Some("caf\u{e9} ?? ? ??")),
            ("x", None),
            (" \n ", None),
            ("", None),
        ] {
            assert_eq!(description(text).as_deref(), expected, "{text:?}");
        }
        let long = description(&"\u{e9}".repeat(300)).unwrap();
        assert_eq!(long.chars().count(), 256);
        assert_eq!(description(&format!("{} b", "a".repeat(255))).unwrap(), "a".repeat(255));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_given_fits_the_model(text in ".*") {
            if let Some(made) = description(&text) {
                let allowed = |c: char| matches!(c, ' '..='~' | '\u{a1}'..='\u{ff}');
                proptest::prop_assert!((2..=256).contains(&made.chars().count()) && made.chars().all(allowed));
            }
        }
    }
}
