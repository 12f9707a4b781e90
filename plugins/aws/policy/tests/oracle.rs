//! The rules for any text given as an action: the oracle of the fuzz target `action` and of its corpus.

use audex_sdk::provider::Status;
use aws_policy::action::check;

/// The most characters of an input: more than any action has, to save time.
const LONGEST: usize = 120;

/// Checks the rules for one action.
pub fn judge(input: &[u8]) {
    let text: String = String::from_utf8_lossy(input).chars().take(LONGEST).collect();
    let (strict, lenient) = (check(&text, false), check(&text, true));
    match strict.status {
        Status::Malformed => {
            assert_eq!(lenient.status, Status::Malformed, "`{text}`");
            assert!(strict.actions.is_empty() && lenient.actions.is_empty(), "`{text}`");
        }
        Status::Unknown => {
            assert!(strict.actions.is_empty(), "`{text}`");
            // The action is accepted unchanged, except for the case of the service.
            assert!(lenient.status == Status::Known && lenient.note.is_some(), "`{text}`");
            assert!(
                lenient.actions.len() == 1 && lenient.actions[0].eq_ignore_ascii_case(&text),
                "`{text}`"
            );
            if let Some(meant) = &strict.suggestion {
                assert_eq!(check(meant, false).status, Status::Known, "`{text}`: `{meant}`");
            }
        }
        Status::Known => {
            assert_eq!(strict.actions, lenient.actions, "`{text}`");
            let [action] = strict.actions.as_slice() else {
                panic!("`{text}`: {:?}", strict.actions)
            };
            assert_eq!(names(action), names(&text), "`{text}` became `{action}`");
            assert_eq!(check(action, false).actions, strict.actions, "`{text}` is not stable");
        }
        Status::Corrected => {
            let [action] = strict.actions.as_slice() else {
                panic!("`{text}`: {:?}", strict.actions)
            };
            assert!(strict.note.is_some() && names(&text).is_empty(), "`{text}`");
            assert_eq!(check(action, false).status, Status::Known, "`{text}`");
        }
    }
}

/// Returns every known action that `action` stands for.
fn names(action: &str) -> Vec<String> {
    aws_catalogue::matching(action).iter().map(aws_catalogue::Found::full_name).collect()
}
