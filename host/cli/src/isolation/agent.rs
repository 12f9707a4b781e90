//! Coding agents by the names of their commands. As with the markers in the environment, the result is advice and never trust.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use audex_core::agent;
use audex_core::environment::Environment;

/// The commands of coding agents, each with the agent's name as the markers give it.
///
/// Source: each agent's documentation of its installation.
const COMMANDS: [(&str, &str); 14] = [
    ("claude", "claude-code"),
    ("codex", "codex"),
    ("cursor-agent", "cursor"),
    ("gemini", "gemini-cli"),
    ("aider", "aider"),
    ("opencode", "opencode"),
    ("copilot", "copilot"),
    ("qwen", "qwen-code"),
    ("auggie", "augment"),
    ("cline", "cline"),
    ("amp", "amp"),
    ("goose", "goose"),
    ("crush", "crush"),
    ("kiro-cli", "kiro"),
];

/// Returns the name of the agent for which this run is: the command itself, or the agent that started this program.
#[must_use]
pub fn agent(environment: &Environment, command: &[OsString]) -> Option<String> {
    let file = command.first().and_then(|program| Path::new(program).file_name());
    let is = |name: &str| file == Some(OsStr::new(name));
    let own = COMMANDS.iter().find(|(name, _)| is(name)).map(|(_, agent)| (*agent).to_owned());
    own.or_else(|| agent::agent(environment).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)], command: &[&str]) -> Option<String> {
        let command: Vec<_> = command.iter().map(OsString::from).collect();
        agent(&Environment::from_pairs(variables.iter().copied()), &command)
    }

    #[test]
    fn the_command_or_the_environment_shows_an_agent_and_an_argument_does_not() {
        assert_eq!(of(&[], &["claude"]).as_deref(), Some("claude-code"));
        assert_eq!(of(&[], &["/opt/bin/codex", "exec"]).as_deref(), Some("codex"));
        assert_eq!(of(&[("GEMINI_CLI", "1")], &["make"]).as_deref(), Some("gemini-cli"));
        assert_eq!(of(&[("GEMINI_CLI", "1")], &["aider"]).as_deref(), Some("aider"));
        assert_eq!(of(&[], &["cat", "claude"]), None);
        assert_eq!(of(&[], &[]), None);
    }
}
