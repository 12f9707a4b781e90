//! Files and directories that stand where there was none, while a command runs.
//!
//! They are recorded in the session's directory as they are created, so that the sweep of a killed run removes them too. One that
//! was changed meanwhile, from outside, stays.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Placeholder;

/// The record, in the session's directory: entries of four fields, each ended by a zero byte.
const RECORD: &str = "placeholders";

/// Creates what does not exist.
pub(super) fn create(placeholders: &[Placeholder], session: &Path) -> io::Result<()> {
    for placeholder in placeholders {
        match placeholder {
            Placeholder::File { path, contents } => create_file(path, contents, session)?,
            Placeholder::Directory { path } => create_directories(path, session)?,
        }
    }
    Ok(())
}

fn create_file(path: &Path, contents: &str, session: &Path) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_directories(parent, session)?;
    }
    let mut options = OpenOptions::new();
    match options.write(true).create_new(true).mode(0o644).open(path) {
        Ok(mut file) => {
            let identity = (file.metadata()?.dev(), file.metadata()?.ino());
            record(session, path, identity, contents)?;
            file.write_all(contents.as_bytes())
        }
        other => unless_hopeless(other.map(drop)),
    }
}

/// Creates a directory and those above it, each recorded.
fn create_directories(path: &Path, session: &Path) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_directories(parent, session)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {
            let metadata = path.metadata()?;
            record(session, path, (metadata.dev(), metadata.ino()), "")
        }
        other => unless_hopeless(other),
    }
}

/// Accepts an error that stops the command too: what this user cannot create, the command cannot either.
fn unless_hopeless(result: io::Result<()>) -> io::Result<()> {
    use io::ErrorKind as K;
    match result {
        Err(error)
            if matches!(
                error.kind(),
                K::AlreadyExists
                    | K::PermissionDenied
                    | K::ReadOnlyFilesystem
                    | K::NotADirectory
                    | K::NotFound
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

fn record(
    session: &Path,
    path: &Path,
    (device, file): (u64, u64),
    contents: &str,
) -> io::Result<()> {
    let mut line = path.as_os_str().as_bytes().to_vec();
    line.extend(format!("\0{device}\0{file}\0{contents}\0").as_bytes());
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(session.join(RECORD))?.write_all(&line)
}

/// Removes the placeholders that the session's record names and that nobody has changed.
pub(crate) fn remove(session: &Path) {
    let Ok(bytes) = fs::read(session.join(RECORD)) else { return };
    let fields: Vec<&[u8]> = bytes.split(|byte| *byte == 0).collect();
    // From the last to the first: a directory after what is in it.
    for [path, device, file, contents] in fields.as_chunks::<4>().0.iter().rev() {
        let path = PathBuf::from(OsString::from_vec(path.to_vec()));
        let Ok(metadata) = path.symlink_metadata() else { continue };
        let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
        let is_ours =
            number(device) == Some(metadata.dev()) && number(file) == Some(metadata.ino());
        if is_ours && metadata.is_dir() {
            // A directory that is in use by now is not empty, and stays.
            let _ = fs::remove_dir(path);
        } else if is_ours && fs::read(&path).is_ok_and(|found| found == *contents) {
            let _ = fs::remove_file(path);
        }
    }
    let _ = File::create(session.join(RECORD));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &Path, contents: &str) -> Placeholder {
        Placeholder::File { path: path.to_owned(), contents: contents.to_owned() }
    }

    #[test]
    fn what_was_created_is_removed_and_what_was_there_or_has_changed_is_not() {
        let (home, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| home.path().join(name);
        fs::write(at("own"), "").unwrap();
        fs::create_dir(at("own-directory")).unwrap();
        let placeholders = [
            file(&at("own"), ""),
            file(&at("new"), ". ~/.profile\n"),
            file(&at("changed"), ""),
            file(&at("replaced"), ""),
            file(&at("a/b/deep"), ""),
            Placeholder::Directory { path: at("own-directory") },
            Placeholder::Directory { path: at("directory") },
            Placeholder::Directory { path: at("filled") },
        ];
        create(&placeholders, session.path()).unwrap();
        assert_eq!(fs::read_to_string(at("new")).unwrap(), ". ~/.profile\n");
        assert!(at("a/b/deep").exists() && at("directory").is_dir());
        fs::write(at("changed"), "x").unwrap();
        fs::write(at("other"), "").unwrap();
        fs::rename(at("other"), at("replaced")).unwrap();
        fs::write(at("filled/x"), "").unwrap();
        remove(session.path());
        for stays in ["own", "own-directory", "changed", "replaced", "filled/x"] {
            assert!(at(stays).exists(), "{stays}");
        }
        for goes in ["new", "a", "directory"] {
            assert!(!at(goes).exists(), "{goes}");
        }
    }

    #[test]
    fn a_place_where_nothing_can_be_created_needs_no_placeholder() {
        let (home, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(home.path().join("file"), "").unwrap();
        create(&[file(&home.path().join("file/x"), "")], session.path()).unwrap();
    }
}
