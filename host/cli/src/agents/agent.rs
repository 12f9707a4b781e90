//! The agents that are known.

use std::path::PathBuf;

/// A coding agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    /// Claude Code.
    Claude,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// Visual Studio Code with GitHub Copilot.
    Vscode,
}

/// The place of an agent's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The user's own, for every project.
    User,
    /// A project's, which its repository may hold.
    Project(PathBuf),
}

impl Agent {
    /// Every agent.
    pub const ALL: [Self; 4] = [Self::Claude, Self::Codex, Self::Gemini, Self::Vscode];

    /// Returns the name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Vscode => "vscode",
        }
    }

    /// Returns the agent of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|agent| agent.name() == name)
    }

    /// Returns the program that starts the agent.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Vscode => "code",
            other => other.name(),
        }
    }

    /// Returns true if a command that starts the agent holds all of it. `code` hands its arguments to a window
    /// that runs already, so a session around it would hold nothing.
    #[must_use]
    pub fn is_started_by_a_command(self) -> bool {
        self != Self::Vscode
    }
}
