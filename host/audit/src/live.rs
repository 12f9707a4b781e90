//! The mark of a session whose process still lives: a locked file beside the log.
//!
//! The mark exists from before a session's first record until after its last one. When its process ends, the
//! operating system releases the lock, so a session without an end and without a locked mark was killed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::store::private;
use super::{AuditError, failed};
use audex_core::private_file;

const MARKS: &str = "audit.live";

/// The mark of a living session; dropping the value removes the mark.
#[derive(Debug)]
pub struct Live {
    path: PathBuf,
    _owner: File,
}

impl Drop for Live {
    fn drop(&mut self) {
        // If the removal fails, the next session sweeps the mark.
        let _ = fs::remove_file(&self.path);
    }
}

pub(super) fn mark(directory: &Path, session: &str) -> Result<Live, AuditError> {
    let marks = directory.join(MARKS);
    private_file::create_directory(&marks).map_err(failed("use", &marks))?;
    let path = place(&marks, session)?;
    // Marks are made and swept under a lock of their directory, so a sweep finds no mark before its lock.
    let gate = File::open(&marks).map_err(failed("open", &marks))?;
    private_file::lock(&gate).map_err(failed("lock", &marks))?;
    sweep(&marks);
    let owner = private(OpenOptions::new().write(true).create_new(true), &path)
        .map_err(failed("create", &path))?;
    private_file::lock(&owner).map_err(failed("lock", &path))?;
    Ok(Live { path, _owner: owner })
}

pub(super) fn is_live(directory: &Path, session: &str) -> Result<bool, AuditError> {
    let path = place(&directory.join(MARKS), session)?;
    is_locked(&path).map_err(failed("read", &path))
}

/// INVARIANT: the path lies in `marks`, whatever the session's name.
fn place(marks: &Path, session: &str) -> Result<PathBuf, AuditError> {
    let path = marks.join(session);
    if path.parent() == Some(marks) && path.file_name().is_some() {
        return Ok(path);
    }
    Err(failed("use", marks)(io::Error::new(ErrorKind::InvalidInput, "malformed session name")))
}

fn is_locked(path: &Path) -> io::Result<bool> {
    let mark = match private(OpenOptions::new().read(true), path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    match mark.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes the marks of killed sessions.
fn sweep(marks: &Path) {
    for entry in fs::read_dir(marks).into_iter().flatten().flatten() {
        let path = entry.path();
        if is_locked(&path).is_ok_and(|is_locked| !is_locked) {
            // If the removal fails, the next session tries again.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Audit;

    #[test]
    fn a_session_is_live_until_its_mark_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let audit = Audit::new(directory.path().join("state"));
        assert!(!audit.is_live("audex-1").unwrap());
        let mark = audit.mark_live("audex-1").unwrap();
        assert!(audit.is_live("audex-1").unwrap() && !audit.is_live("audex-2").unwrap());
        drop(mark);
        assert!(!audit.is_live("audex-1").unwrap());
    }

    #[test]
    fn a_mark_without_a_process_is_not_live_and_the_next_session_sweeps_it() {
        let directory = tempfile::tempdir().unwrap();
        let audit = Audit::new(directory.path());
        let living = audit.mark_live("audex-1").unwrap();
        let killed = directory.path().join(super::MARKS).join("audex-2");
        std::fs::write(&killed, "").unwrap();
        assert!(!audit.is_live("audex-2").unwrap());
        let _another = audit.mark_live("audex-3").unwrap();
        assert!(!killed.exists() && living.path.exists() && audit.is_live("audex-1").unwrap());
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let audit = Audit::new(directory.path());
        for name in ["", "..", "../x", "/etc/x", "a/b"] {
            assert!(audit.mark_live(name).is_err() && audit.is_live(name).is_err(), "{name}");
        }
    }
}
