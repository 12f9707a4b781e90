//! The files of an agent's configuration: read, replaced in one step, and removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use audex_core::{private_file, reachable};

/// The error for a file of an agent's configuration.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("cannot read `{path}`", path = .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The file cannot be written.
    #[error("cannot write `{path}`", path = .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// Another program changed the file between reading and writing.
    #[error("`{path}` was changed while it was edited", path = .0.display())]
    Changed(PathBuf),
}

/// Returns the text of the file, or of the file that a link there leads to; none if there is no file.
///
/// # Errors
/// When the file cannot be read, is not text, or a link leads nowhere.
pub(super) fn read(path: &Path) -> Result<Option<String>, FileError> {
    reachable::text(path).map_err(|error| FileError::Read(path.to_path_buf(), error))
}

/// Returns the missing directories above `path`, the outermost first.
#[must_use]
pub(super) fn missing_directories(path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1).take_while(|directory| !directory.exists());
    let mut missing: Vec<PathBuf> = above.map(Path::to_path_buf).collect();
    missing.reverse();
    missing
}

/// Replaces `before`, the text of the file, by `after`: a reader sees the one or the other. A link stays, and
/// the file that it leads to is replaced. `mode` is for a new file; an existing one keeps its own.
///
/// # Errors
/// When the file is not `before` any more, or cannot be written. The file is unchanged then.
pub(super) fn replace(
    path: &Path,
    before: Option<&str>,
    after: &str,
    mode: u32,
) -> Result<(), FileError> {
    let failed = |error| FileError::Write(path.to_path_buf(), error);
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(failed)?;
    }
    if read(path)?.as_deref() != before {
        return Err(FileError::Changed(path.to_path_buf()));
    }
    let (real, mode) = if before.is_some() {
        let real = path.canonicalize().map_err(failed)?;
        let mode = real.metadata().map_err(failed)?.permissions().mode();
        (real, mode)
    } else {
        (path.to_path_buf(), mode)
    };
    write(&real, after, mode).map_err(failed)
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", private_file::random_name()?));
    let temporary = path.with_file_name(name);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.set_permissions(fs::Permissions::from_mode(mode & 0o7777))?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
        return written;
    }
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Removes the file, and those of `directories` that are empty then.
///
/// # Errors
/// When the file is not `before` any more, or cannot be removed.
pub(super) fn remove(path: &Path, before: &str, directories: &[PathBuf]) -> Result<(), FileError> {
    if read(path)?.as_deref() != Some(before) {
        return Err(FileError::Changed(path.to_path_buf()));
    }
    fs::remove_file(path).map_err(|error| FileError::Write(path.to_path_buf(), error))?;
    for directory in directories.iter().rev() {
        // A directory that holds anything else stays.
        let _ = fs::remove_dir(directory);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_and_the_mode_stay() {
        let directory = tempfile::tempdir().unwrap();
        let (real, link) = (directory.path().join("real"), directory.path().join("link"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("real", &link).unwrap();
        replace(&link, Some("old"), "new", 0o600).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "other").unwrap();
        for before in [Some("old"), None] {
            let refused = replace(&path, before, "new", 0o600).unwrap_err();
            assert!(matches!(refused, FileError::Changed(_)), "{refused}");
        }
        assert!(matches!(remove(&path, "old", &[]).unwrap_err(), FileError::Changed(_)));
        assert_eq!(fs::read_to_string(&path).unwrap(), "other");
    }

    #[test]
    fn a_link_that_leads_nowhere_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(matches!(replace(&link, None, "new", 0o600), Err(FileError::Read(..))));
        assert!(!directory.path().join("nowhere").exists());
    }
}
