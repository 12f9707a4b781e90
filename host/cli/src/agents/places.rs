//! The files of each agent's configuration.

use std::path::{Path, PathBuf};

use super::agent::{Agent, Place};
use super::launcher;
use super::target::{Form, Target};
use audex_core::environment::{Environment, HOME, XDG_CONFIG_HOME};

/// The error for a place that cannot be found.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell where the configuration of `{agent}` is: HOME is not set")]
pub struct NoHome {
    agent: &'static str,
}

impl Agent {
    /// Returns the files of this agent's configuration.
    ///
    /// # Errors
    /// When the user has no home directory.
    pub fn targets(self, environment: &Environment, place: &Place) -> Result<Vec<Target>, NoHome> {
        let home = environment.get_os(HOME).map(PathBuf::from).filter(|home| home.is_absolute());
        let home = home.ok_or(NoHome { agent: self.name() })?;
        let mut targets = match place {
            Place::User => self.of_user(environment, &home),
            Place::Project(root) => self.of_project(root),
        };
        if *place == Place::User && self.is_started_by_a_command() {
            targets.push(Target { path: launcher::path(&home, self), form: Form::Launcher });
        }
        Ok(targets)
    }

    /// Sources: "Connect Claude Code to tools via MCP" and "How Claude remembers your project" (Claude Code),
    /// "Configuration reference" and "Custom instructions with AGENTS.md" (Codex), "Gemini CLI configuration",
    /// "MCP configuration reference" and "Use custom instructions in VS Code". The names of the servers and
    /// their fields are those that `claude mcp add -s user` (2.1.197), `codex mcp add` (0.171.0) and
    /// `gemini mcp add -s user` (0.61.0) write.
    fn of_user(self, environment: &Environment, home: &Path) -> Vec<Target> {
        let directory = |variable: &str, default: &str| {
            let named = environment.get_os(variable).filter(|value| !value.is_empty());
            named.map_or_else(|| home.join(default), PathBuf::from)
        };
        match self {
            Self::Claude => {
                // With the variable, `.claude.json` is in the directory; without it, beside `.claude`.
                let moved =
                    environment.get_os(CLAUDE_CONFIG_DIR).is_some_and(|value| !value.is_empty());
                let own = directory(CLAUDE_CONFIG_DIR, ".claude");
                let servers =
                    if moved { own.join(".claude.json") } else { home.join(".claude.json") };
                vec![json(servers, "mcpServers", true), block(own.join("CLAUDE.md"))]
            }
            Self::Codex => {
                let own = directory(CODEX_HOME, ".codex");
                let servers = Target { path: own.join("config.toml"), form: Form::Toml };
                vec![servers, block(own.join("AGENTS.md"))]
            }
            Self::Gemini => {
                let own = home.join(".gemini");
                vec![
                    json(own.join("settings.json"), "mcpServers", false),
                    block(own.join("GEMINI.md")),
                ]
            }
            Self::Vscode => {
                let own = if cfg!(target_os = "macos") {
                    home.join("Library/Application Support/Code/User")
                } else {
                    directory(XDG_CONFIG_HOME, ".config").join("Code/User")
                };
                let instructions = own.join("prompts/audex.instructions.md");
                vec![
                    json(own.join("mcp.json"), "servers", true),
                    Target { path: instructions, form: Form::Instructions },
                ]
            }
        }
    }

    fn of_project(self, root: &Path) -> Vec<Target> {
        let at = |path: &str| root.join(path);
        match self {
            Self::Claude => vec![json(at(".mcp.json"), "mcpServers", true), block(at("CLAUDE.md"))],
            Self::Codex => {
                let servers = Target { path: at(".codex/config.toml"), form: Form::Toml };
                vec![servers, block(at("AGENTS.md"))]
            }
            Self::Gemini => {
                vec![json(at(".gemini/settings.json"), "mcpServers", false), block(at("GEMINI.md"))]
            }
            Self::Vscode => vec![
                json(at(".vscode/mcp.json"), "servers", true),
                block(at(".github/copilot-instructions.md")),
            ],
        }
    }
}

/// The directory of Claude Code's configuration. Source: "Claude Code settings", environment variables.
const CLAUDE_CONFIG_DIR: &str = "CLAUDE_CONFIG_DIR";
/// The directory of Codex's configuration. Source: "Configuration reference" (Codex).
const CODEX_HOME: &str = "CODEX_HOME";

fn json(path: PathBuf, servers: &'static str, is_typed: bool) -> Target {
    Target { path, form: Form::Json { servers, is_typed } }
}

fn block(path: PathBuf) -> Target {
    Target { path, form: Form::Block }
}
