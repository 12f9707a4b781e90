//! Finds and runs the tools that build components in other languages.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::metadata::{self, Metadata};
use crate::console;
use crate::failure::Failure;
use audex_child::Signals;
use audex_components::encode;
use audex_core::environment::{Environment, PATH};
use audex_core::private_file;

/// Environment variables that would change the component: they add backtraces, or packages of another virtual
/// environment.
const UNWANTED: [&str; 2] = ["RUST_BACKTRACE", "VIRTUAL_ENV"];

/// A build tool, which is installed in the project or on the machine.
pub(super) struct Tool<'a> {
    /// The name of the tool, also in manifests.
    pub name: &'static str,
    /// The path of the tool in a project.
    pub own: &'static str,
    /// The command that installs the tool.
    pub install: &'static str,
    /// The absolute path of the project.
    pub directory: &'a Path,
    /// The name and the text of a module around the project's own, in a folder that `-p` names.
    pub wrapper: Option<(&'static str, &'static str)>,
}

impl Tool<'_> {
    /// Runs the tool and returns the component with its manifest. `arguments` come before the output path,
    /// and `last` after it.
    pub(super) fn make(
        &self,
        environment: &Environment,
        signals: &mut Signals,
        metadata: &Metadata,
        arguments: &[&str],
        last: &[&str],
    ) -> Result<Vec<u8>, Failure> {
        let program = self.find(environment)?;
        let version = self.run(&program, &["--version".as_ref()], signals)?;
        let text = metadata.text(&self.sdk(&version))?;
        let place = Place::new(environment)?;
        let out = place.0.join("component.wasm");
        let mut words: Vec<&Path> = arguments.iter().map(Path::new).collect();
        words.push(&out);
        let folder = place.0.join("wrapper");
        if let Some((name, text)) = self.wrapper {
            let written = private_file::create_directory(&folder)
                .and_then(|()| std::fs::write(folder.join(name), text));
            written.map_err(|error| Failure::internal("plugin", error))?;
            words.extend([Path::new("-p"), &folder]);
        }
        words.extend(last.iter().map(Path::new));
        let said = self.run(&program, &words, signals)?;
        let component = std::fs::read(&out).ok().filter(|bytes| encode::is_component(bytes));
        let Some(component) = component else {
            console::tell(&said);
            return Err(Failure::usage(&format!("{} wrote no component", self.name), self.install));
        };
        Ok(metadata::with_section(component, &text))
    }

    fn find(&self, environment: &Environment) -> Result<PathBuf, Failure> {
        let own = self.directory.join(self.own);
        if own.is_file() {
            return Ok(own);
        }
        look_up(environment, self.name).ok_or_else(|| {
            let message = format!(
                "`{}` is neither in the project (`{}`) nor on the PATH",
                self.name, self.own
            );
            Failure::usage(&message, &format!("install it: {}", self.install))
        })
    }

    /// Returns the name and version of the tool for the manifest. The version is the last word of its
    /// `--version` output.
    fn sdk(&self, said: &str) -> String {
        let version = said.split_whitespace().last().unwrap_or("unknown");
        let version: String = version.chars().filter(char::is_ascii_graphic).collect();
        format!("{}-{version}", self.name)
    }

    /// Runs the tool and returns its standard output. If the tool fails, its output is printed on stderr.
    #[expect(
        clippy::disallowed_methods,
        reason = "an author's tool, not a command with credentials"
    )]
    pub(super) fn run(
        &self,
        program: &Path,
        words: &[&Path],
        signals: &mut Signals,
    ) -> Result<String, Failure> {
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(self.directory)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        for name in UNWANTED {
            command.env_remove(name);
        }
        let failed = |error| {
            Failure::usage(&format!("cannot run `{}`: {error}", program.display()), self.install)
        };
        // The tool gets its own process group, which is ended as a whole: processes that these tools start
        // can outlive them.
        let mut child = command.process_group(0).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let mut output = child.stdout.take();
        let reader = std::thread::spawn(move || {
            let mut said = Vec::new();
            // If the output cannot be read, it is not shown.
            let _ = output.as_mut().map(|output| output.read_to_end(&mut said));
            said
        });
        let status = ended(&mut child, signals)?;
        let said = String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned();
        if status.success() {
            return Ok(said);
        }
        console::tell(&said);
        Err(Failure::usage(
            "the project does not build",
            &format!("{} says why above", said_by(program)),
        ))
    }
}

/// Waits for the tool. When the tool ends or a signal interrupts the build, ends the whole process group.
fn ended(child: &mut Child, signals: &mut Signals) -> Result<ExitStatus, Failure> {
    const LOOK_EVERY: Duration = Duration::from_millis(25);
    let failed = |error| Failure::internal("plugin", error);
    // The processes of the group may have ended already, so errors are ignored below.
    let group = i32::try_from(child.id()).ok().map(Pid::from_raw);
    let end_all = || group.map(|group| killpg(group, Signal::SIGKILL));
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            let _ = end_all();
            return Ok(status);
        }
        if let Some(signal) = signals.interrupted() {
            let _ = end_all();
            let _ = child.wait().map_err(failed)?;
            return Err(
                Failure::interrupted(signal as i32).saying("interrupted: nothing was built")
            );
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn said_by(program: &Path) -> String {
    program.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns the path of a program of this name on the PATH.
pub(super) fn look_up(environment: &Environment, name: &str) -> Option<PathBuf> {
    let found = audex_child::look_up(&[name.into()], environment.get_os(PATH)).ok()?;
    Some(found.path().to_path_buf())
}

/// A temporary directory that only this user can access. It is removed when it is dropped, with the
/// incomplete component of an interrupted tool.
struct Place(PathBuf);

impl Place {
    fn new(environment: &Environment) -> Result<Self, Failure> {
        let base =
            environment.get_os("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        let made = private_file::random_name().and_then(|name| {
            let path = base.join(format!("audex-build-{name}"));
            private_file::create_directory(&path).map(|()| path)
        });
        made.map(Self).map_err(|error| Failure::internal("plugin", error))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
