//! The coding agent that started this program, according to marker variables in the environment.
//!
//! The result is advice only: any process can set or unset a marker, so no decision may depend on it.
//! Source of the markers: aws-cdk-cli, pull request 1855, and the agents' own documentation.

use crate::environment::Environment;

/// Variables that hold the agent's name, the most specific first.
const NAMES: [&str; 2] = ["AI_AGENT", "AGENT"];
/// Variables that only one agent sets; their values do not matter.
pub(crate) const MARKERS: [(&str, &str); 15] = [
    ("CLAUDECODE", "claude-code"),
    ("CODEX_THREAD_ID", "codex"),
    ("CODEX_SANDBOX", "codex"),
    ("CODEX_CI", "codex"),
    ("CURSOR_AGENT", "cursor"),
    ("GEMINI_CLI", "gemini-cli"),
    ("COPILOT_CLI", "copilot"),
    ("COPILOT_AGENT_SESSION_ID", "copilot"),
    ("OPENCODE", "opencode"),
    ("QWEN_CODE", "qwen-code"),
    ("AUGMENT_AGENT", "augment"),
    ("CLINE_ACTIVE", "cline"),
    ("AMP_CURRENT_THREAD_ID", "amp"),
    ("ANTIGRAVITY_AGENT", "antigravity"),
    ("GOOSE_TERMINAL", "goose"),
];
/// The longest text that counts as an agent's name.
const NAME_CHARACTERS: usize = 40;
/// The longest part between separators that counts as a word.
const WORD_CHARACTERS: usize = 16;

/// Returns the name of the agent that `environment` indicates, if any.
#[must_use]
pub fn agent(environment: &Environment) -> Option<&str> {
    let named = NAMES.iter().filter_map(|name| environment.get(name)).find(|value| is_name(value));
    let marked = || MARKERS.iter().find(|(marker, _)| environment.get_os(marker).is_some());
    named.or_else(|| marked().map(|(_, name)| *name))
}

/// Returns true if a value has the form of an agent's name: `claude-code`, `codex_1.2`.
///
/// Security: the value goes into logs. It must not end a field there and must not be a key; keys have capitals or are one
/// long word.
fn is_name(value: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    value.len() <= NAME_CHARACTERS
        && value.starts_with(|c: char| c.is_ascii_lowercase())
        && value.chars().all(allowed)
        && value.split(['-', '_', '.']).all(|word| word.len() <= WORD_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Option<String> {
        agent(&Environment::from_pairs(variables.iter().copied())).map(str::to_owned)
    }

    #[test]
    fn every_marker_names_its_agent() {
        assert_eq!(of(&[("HOME", "/h"), ("CODEX_HOME", "/c"), ("CLINE_API_KEY", "k")]), None);
        for (marker, name) in MARKERS {
            assert_eq!(of(&[(marker, "1")]).as_deref(), Some(name), "{marker}");
            assert_eq!(of(&[(marker, "")]), None, "{marker}");
        }
    }

    #[test]
    fn a_name_that_is_given_wins() {
        assert_eq!(of(&[("AGENT", "goose"), ("CLAUDECODE", "1")]).as_deref(), Some("goose"));
        let both = [("AI_AGENT", "claude-code_2.1"), ("AGENT", "amp")];
        assert_eq!(of(&both).as_deref(), Some("claude-code_2.1"));
    }

    #[test]
    fn a_value_that_is_not_a_name_is_not_shown() {
        let hex = "da39a3ee5e6b4b0d3255bfef95601890";
        let long = "a-".repeat(21);
        for value in
            ["1", "a b", "a=b", "a\nb", "ghp_ABCDEF", "AKIAIOSFODNN7EXAMPLE", "-a", hex, &long]
        {
            assert_eq!(of(&[("AI_AGENT", value)]), None, "{value:?}");
            let marked = [("AI_AGENT", value), ("GEMINI_CLI", "1")];
            assert_eq!(of(&marked).as_deref(), Some("gemini-cli"), "{value:?}");
        }
    }
}
