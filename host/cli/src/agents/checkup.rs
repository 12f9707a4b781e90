//! Looks at an agent that was set up, and says what is wrong.

use std::ffi::OsString;
use std::path::Path;

use super::agent::Place;
use super::file;
use super::setup::AgentsError;
use super::target::{Form, Ours, Target};
use audex_child::look_up;
use audex_core::environment::{Environment, PATH};

/// One look, with its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What was looked at.
    pub name: &'static str,
    /// True if nothing is wrong.
    pub is_ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Look {
    /// Returns a look that found nothing wrong.
    #[must_use]
    pub fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, is_ok: true, detail: detail.into(), hint: None }
    }

    /// Returns a look that found something wrong.
    #[must_use]
    pub fn wrong(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { name, is_ok: false, detail: detail.into(), hint: Some(hint.into()) }
    }
}

/// Looks at the programs and the files of one agent. `version` is that of the program that set it up.
///
/// # Errors
/// When the user has no home directory.
pub fn looks(
    environment: &Environment,
    place: &Place,
    ours: &Ours,
    version: Option<&str>,
) -> Result<Vec<Look>, AgentsError> {
    const INSTALL: &str = "install it, or add its directory to PATH";
    let mut looks = vec![on_path(environment, "agent", ours.agent.program(), INSTALL)];
    if *place != Place::User {
        // A project's files name the program alone, because they are shared.
        looks.push(on_path(environment, "program", &ours.program, INSTALL));
    }
    looks.push(of_version(ours, place, version));
    for target in ours.agent.targets(environment, place)? {
        looks.push(of_file(&target, ours, place));
        if target.form == Form::Launcher {
            let name = target.path.file_name().unwrap_or_default().to_string_lossy();
            looks.push(on_path(
                environment,
                "launcher on PATH",
                &name,
                "add `~/.local/bin` to PATH",
            ));
        }
    }
    Ok(looks)
}

fn on_path(environment: &Environment, name: &'static str, program: &str, hint: &str) -> Look {
    match look_up(&[OsString::from(program)], environment.get_os(PATH)) {
        Ok(_) => Look::ok(name, format!("`{program}` is on PATH")),
        Err(_) => Look::wrong(name, format!("`{program}` is not on PATH"), hint),
    }
}

fn of_version(ours: &Ours, place: &Place, version: Option<&str>) -> Look {
    const NAME: &str = "version";
    let present = env!("CARGO_PKG_VERSION");
    match version {
        Some(version) if version == present => Look::ok(NAME, format!("set up by {present}")),
        Some(version) => Look::wrong(
            NAME,
            format!("set up by {version}, and this is {present}"),
            again(ours, place),
        ),
        None => Look::wrong(NAME, "`tryaudex agents setup` did not set it up", again(ours, place)),
    }
}

fn of_file(target: &Target, ours: &Ours, place: &Place) -> Look {
    let Target { path, form } = target;
    let name = match form {
        Form::Json { .. } | Form::Toml => "MCP server",
        Form::Block | Form::Instructions => "instructions",
        Form::Launcher => "launcher",
    };
    let wrong =
        |what: &str| Look::wrong(name, format!("{}: {what}", path.display()), again(ours, place));
    let text = match file::read(path) {
        Ok(text) => text,
        Err(error) => return wrong(&audex_core::error_chain::line(&error)),
    };
    let Some(text) = text else { return wrong("there is no such file") };
    match (form.is_in(&text), form.with(Some(&text), ours)) {
        (Err(error), _) | (_, Err(error)) => wrong(&error.to_string()),
        (Ok(false), _) => wrong("our part is missing"),
        (Ok(true), Ok(present)) if present != text => wrong("our part was changed"),
        (Ok(true), Ok(_)) if form.is_executable() && !is_executable(path) => {
            wrong("it cannot be executed")
        }
        (Ok(true), Ok(_)) => Look::ok(name, path.display().to_string()),
    }
}

fn is_executable(path: &Path) -> bool {
    look_up(&[path.as_os_str().to_owned()], None).is_ok()
}

fn again(ours: &Ours, place: &Place) -> String {
    let option = if *place == Place::User { "" } else { " --project" };
    format!(
        "`tryaudex agents setup {}{option}` shows the change, --write makes it",
        ours.agent.name()
    )
}
