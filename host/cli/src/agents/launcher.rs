//! The script that starts an agent in a session.
//!
//! No agent's configuration can put a command around the agent itself, so a script in the user's own directory of
//! programs does.

use std::path::{Path, PathBuf};

use super::agent::Agent;
use super::target::Ours;
use audex_core::shell;

/// The user's own directory of programs, under the home directory. Source: XDG Base Directory Specification.
const PROGRAMS: &str = ".local/bin";
const MARK: &str = "# `tryaudex agents setup` wrote this file; `tryaudex agents undo` removes it.";
/// The provider whose requests a gateway can decide on.
const GATEWAY: &str = "aws";

/// Returns the path of the script.
pub(super) fn path(home: &Path, agent: Agent) -> PathBuf {
    home.join(PROGRAMS).join(format!("audex-{}", agent.name()))
}

/// Returns the script.
pub(super) fn script(ours: &Ours) -> String {
    let Ours { agent, program, profile, provider } = ours;
    let mut options = vec!["run".to_owned(), "--profile".to_owned(), shell::quoted(profile)];
    if provider == GATEWAY {
        options.extend(["--deliver", "gateway", "--on-denied", "ask"].map(str::to_owned));
    } else {
        options.extend(["--provider".to_owned(), shell::quoted(provider)]);
    }
    options.extend(["--isolate", "credentials", "--"].map(str::to_owned));
    format!(
        "#!/bin/sh\n{MARK}\nexec {} {} {} \"$@\"\n",
        shell::quoted(program),
        options.join(" "),
        agent.program()
    )
}

/// Returns true if `text` is a script that [`script`] made, in any version.
pub(super) fn is_ours(text: &str) -> bool {
    text.lines().nth(1) == Some(MARK)
}
