//! Finds the file that a command names, as `execvp` does, before any credentials are minted.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};

use super::ChildError;

/// The search path if `PATH` is not set, as in glibc's `execvp`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// The number of bytes of a script's first line that Linux reads (`BINPRM_BUF_SIZE`).
const FIRST_LINE_BYTES: u64 = 256;

/// A command that exists and may be executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    path: PathBuf,
    name: OsString,
    arguments: Vec<OsString>,
}

impl Executable {
    /// Returns the absolute path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the command as the user wrote it: the process's `argv[0]`.
    #[must_use]
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// Returns the arguments after the command's name.
    #[must_use]
    pub fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    /// Returns the error for an operating system that refused to execute the file.
    pub(super) fn refused(&self, source: io::Error) -> ChildError {
        if source.kind() == io::ErrorKind::NotFound {
            return ChildError::NotFound { command: self.name.to_string_lossy().into_owned() };
        }
        ChildError::Spawn { path: self.path.clone(), source }
    }
}

/// Finds the file that `command` names; `path` is the value of the command's `PATH`.
///
/// # Errors
/// [`ChildError::NotFound`] (127) if there is no such file, or if `command` is empty;
/// [`ChildError::NotExecutable`] (126) if all files of this name are unusable: a directory, a file that is
/// not regular, a file without permission, a script whose interpreter is missing or whose first line ends
/// with a carriage return.
pub fn look_up(command: &[OsString], path: Option<&OsStr>) -> Result<Executable, ChildError> {
    let (name, arguments) =
        command.split_first().ok_or(ChildError::NotFound { command: String::new() })?;
    let not_found = || ChildError::NotFound { command: name.to_string_lossy().into_owned() };
    if name.is_empty() {
        return Err(not_found());
    }
    let mut refusal = None;
    for candidate in candidates(name, path) {
        match check(&candidate) {
            Ok(()) => {
                let path = std::path::absolute(&candidate).unwrap_or(candidate);
                return Ok(Executable { path, name: name.clone(), arguments: arguments.to_vec() });
            }
            Err(Refusal::Absent) => {}
            // As in execvp: the search goes on, and the first unusable file is the reason if no other is
            // found.
            Err(Refusal::Unusable(reason)) => refusal = refusal.or(Some(reason)),
        }
    }
    Err(refusal.map_or_else(not_found, |reason| ChildError::NotExecutable {
        command: name.to_string_lossy().into_owned(),
        reason,
    }))
}

enum Refusal {
    Absent,
    Unusable(String),
}

fn candidates(name: &OsStr, path: Option<&OsStr>) -> Vec<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return vec![PathBuf::from(name)];
    }
    let directories =
        path.unwrap_or(OsStr::new(DEFAULT_PATH)).as_bytes().split(|byte| *byte == b':');
    // An empty element of PATH means the current directory (POSIX, 8.3).
    directories
        .map(|directory| if directory.is_empty() { b"." } else { directory })
        .map(|directory| Path::new(OsStr::from_bytes(directory)).join(name))
        .collect()
}

fn check(candidate: &Path) -> Result<(), Refusal> {
    let metadata = match fs::metadata(candidate) {
        Ok(metadata) => metadata,
        Err(error) if error.raw_os_error() == Some(Errno::EACCES as i32) => {
            return Err(Refusal::Unusable("permission denied".to_owned()));
        }
        Err(_) => return Err(Refusal::Absent),
    };
    if metadata.is_dir() {
        return Err(Refusal::Unusable("it is a directory".to_owned()));
    }
    if !metadata.is_file() {
        return Err(Refusal::Unusable("it is not a regular file".to_owned()));
    }
    if access(candidate, AccessFlags::X_OK).is_err() {
        return Err(Refusal::Unusable("permission denied".to_owned()));
    }
    let Some(line) = first_line(candidate) else { return Ok(()) };
    // The operating system reads the carriage return as a part of the interpreter's name or argument.
    if line.ends_with(b"\r") {
        return Err(Refusal::Unusable(
            "its first line ends with a carriage return (CRLF)".to_owned(),
        ));
    }
    match interpreter(&line) {
        Some(interpreter) if fs::metadata(&interpreter).is_err() => Err(Refusal::Unusable(
            format!("its interpreter `{}` does not exist", interpreter.display()),
        )),
        _ => Ok(()),
    }
}

/// Returns the first line of a script after its `#!`; `None` for other files, and for files that may be
/// executed but not read.
fn first_line(script: &Path) -> Option<Vec<u8>> {
    let mut start = Vec::new();
    File::open(script).ok()?.take(FIRST_LINE_BYTES).read_to_end(&mut start).ok()?;
    Some(start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?.to_vec())
}

/// Returns the interpreter that a script's first line names, if its path is absolute.
fn interpreter(line: &[u8]) -> Option<PathBuf> {
    let word = line.trim_ascii().split(|byte| matches!(byte, b' ' | b'\t')).next()?;
    (word.starts_with(b"/")).then(|| PathBuf::from(OsString::from_vec(word.to_vec())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    fn file(directory: &Path, name: &str, mode: u32, text: &str) -> PathBuf {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_command_is_found_in_path_order() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // The first file has no permission to be executed, so the search goes on, as in execvp.
        file(first.path(), "tool", 0o644, "");
        let expected = file(second.path(), "tool", 0o755, "");
        let path = std::env::join_paths([first.path(), second.path()]).unwrap();
        let found = look_up(&words(&["tool", "a", "b"]), Some(&path)).unwrap();
        assert_eq!(found.path(), expected);
        assert_eq!(found.arguments(), words(&["a", "b"]));
        assert_eq!(found.name(), "tool");
    }

    #[test]
    fn a_missing_command_is_127() {
        for name in ["no-such-command-anywhere", "./no/such/file", ""] {
            let error = look_up(&words(&[name]), Some(OsStr::new("/usr/bin:/bin"))).unwrap_err();
            assert_eq!(error.exit_code(), 127, "{name}");
        }
        assert_eq!(look_up(&[], None).unwrap_err().exit_code(), 127);
    }

    #[test]
    fn a_directory_or_a_file_without_permission_is_126() {
        let directory = tempfile::tempdir().unwrap();
        let plain = file(directory.path(), "plain", 0o644, "");
        for name in [directory.path(), &plain] {
            let error = look_up(&[name.as_os_str().to_owned()], None).unwrap_err();
            assert_eq!(error.exit_code(), 126);
        }
        let error = look_up(&words(&["plain"]), Some(directory.path().as_os_str())).unwrap_err();
        assert_eq!(error.exit_code(), 126);
    }

    #[test]
    fn a_script_without_its_interpreter_is_126() {
        let directory = tempfile::tempdir().unwrap();
        let good = file(directory.path(), "good", 0o755, "#! /bin/sh -e\n");
        let bad = file(directory.path(), "bad", 0o755, "#!/no/such/interpreter\n");
        assert!(look_up(&[good.into_os_string()], None).is_ok());
        assert_eq!(look_up(&[bad.into_os_string()], None).unwrap_err().exit_code(), 126);
    }

    #[test]
    fn a_script_with_carriage_returns_is_126() {
        let directory = tempfile::tempdir().unwrap();
        for first in ["#!/bin/sh\r\n", "#!/usr/bin/env sh\r\n", "#! /bin/sh -e \r\n", "#!/bin/sh\r"]
        {
            let script = file(directory.path(), "script", 0o755, &format!("{first}echo ran\r\n"));
            let error = look_up(&[script.into_os_string()], None).unwrap_err();
            assert_eq!(error.exit_code(), 126);
            assert!(error.to_string().contains("carriage return"), "{error}");
        }
        // After the first line, carriage returns are passed to the interpreter.
        let script = file(directory.path(), "script", 0o755, "#!/bin/sh\necho ran\r\n");
        assert!(look_up(&[script.into_os_string()], None).is_ok());
    }

    #[test]
    fn without_path_the_system_directories_are_searched() {
        assert!(look_up(&words(&["sh"]), None).unwrap().path().is_absolute());
        assert!(look_up(&words(&["sh"]), Some(OsStr::new("/nowhere"))).is_err());
    }
}
