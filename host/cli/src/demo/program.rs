//! Starts this program again, as a user of the demo account would.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use super::home::Home;
use super::{REGION, ROLE};
use audex_core::environment::{
    AUDEX_ROLE_ARN, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL, AWS_REGION, Environment, HOME, PATH,
};
use audex_core::shell;
use audex_loopback::{AccessKey, LoopbackCloud};

/// The search path if the user's environment has none.
const DEFAULT_PATH: &str = "/usr/bin:/bin";

/// The program with the whole environment in which it is started.
pub(super) struct Program {
    executable: PathBuf,
    name: String,
    variables: Vec<(&'static str, OsString)>,
}

/// The result of a run of the program.
pub(super) struct Output {
    pub(super) status: ExitStatus,
    /// Standard output and error, in the order of arrival.
    pub(super) text: String,
}

impl Program {
    /// Prepares the program for the demo's user. Of `environment`, only `PATH` is passed on.
    pub(super) fn new(
        environment: &Environment,
        cloud: &LoopbackCloud,
        key: &AccessKey,
        home: &Home,
    ) -> io::Result<Self> {
        let executable = std::env::current_exe()?;
        let absent = || io::Error::new(io::ErrorKind::NotFound, "the program has no name");
        let name = executable.file_name().ok_or_else(absent)?.to_string_lossy().into_owned();
        let directory = executable.parent().ok_or_else(absent)?.to_owned();
        let path = environment.get_os(PATH).map_or_else(|| DEFAULT_PATH.into(), OsString::from);
        // This program's directory comes first, so that its name after `--` is this program.
        let path =
            std::env::join_paths(std::iter::once(directory).chain(std::env::split_paths(&path)))
                .map_err(io::Error::other)?;
        let role = cloud.role_arn(ROLE).unwrap_or_default();
        let variables = vec![
            (HOME, home.path().into()),
            (PATH, path),
            (AWS_ENDPOINT_URL, cloud.endpoint().into()),
            (AWS_REGION, REGION.into()),
            (AWS_DEFAULT_REGION, REGION.into()),
            ("AWS_ACCESS_KEY_ID", key.id.clone().into()),
            ("AWS_SECRET_ACCESS_KEY", key.secret.expose().into()),
            (AUDEX_ROLE_ARN, role.into()),
        ];
        Ok(Self { executable, name, variables })
    }

    /// Returns the command line as a shell would accept it.
    pub(super) fn line(&self, arguments: &[&str]) -> String {
        let words = arguments.iter().map(|word| shell::quoted(self.word(word)));
        std::iter::once(self.name.clone()).chain(words).collect::<Vec<_>>().join(" ")
    }

    /// Runs the program to its end.
    #[expect(
        clippy::disallowed_methods,
        reason = "the program itself, with an environment made for it, not a user's command"
    )]
    pub(super) fn run(&self, arguments: &[&str]) -> io::Result<Output> {
        let (mut reader, writer) = io::pipe()?;
        let mut command = Command::new(&self.executable);
        command
            .args(arguments.iter().map(|word| self.word(word)))
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let mut child = command.spawn()?;
        // `command` holds the write ends of the pipe. While they are open, reading would never end.
        drop(command);
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        let status = child.wait()?;
        Ok(Output { status, text: String::from_utf8_lossy(&bytes).into_owned() })
    }

    /// Replaces the word `tryaudex` by the name of this program.
    fn word<'a>(&'a self, word: &'a str) -> &'a str {
        if word == "tryaudex" { &self.name } else { word }
    }
}

impl Output {
    /// Returns the exit status as a shell shows it.
    pub(super) fn code(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;
        self.status.code().or_else(|| self.status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
    }
}
