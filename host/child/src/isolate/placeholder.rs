//! Files and directories that stand where there was none, while a command runs.
//!
//! Each run records what it creates in a file beside its session's directory, which the command does not see: the host removes what
//! the record names. The last run that ends removes the placeholders of all, also those of killed runs, because a run rests on the
//! placeholders of another too. One that was changed meanwhile, from outside, stays.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Placeholder;

/// The end of a record's name. A record has entries of four fields, each ended by a zero byte.
const RECORD: &str = ".placeholders";
/// The file that every run with placeholders holds locked, in the directory of the sessions.
const LOCK: &str = "placeholders.lock";

/// The record of a run.
pub(super) struct Record(File);

impl Record {
    /// Opens the record of the run with this session's directory.
    pub(super) fn open(session: &Path) -> io::Result<Self> {
        Ok(Self(private().append(true).open(record_of(session))?))
    }

    fn add(&self, path: &Path, (device, file): (u64, u64), contents: &str) -> io::Result<()> {
        let mut line = path.as_os_str().as_bytes().to_vec();
        line.extend(format!("\0{device}\0{file}\0{contents}\0").as_bytes());
        (&self.0).write_all(&line)
    }
}

/// Returns the files that the command must not see.
pub(super) fn own_files(session: &Path) -> [PathBuf; 2] {
    [record_of(session), session.with_file_name(LOCK)]
}

fn record_of(session: &Path) -> PathBuf {
    let mut name = session.file_name().unwrap_or_default().to_owned();
    name.push(RECORD);
    session.with_file_name(name)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600).custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits());
    options
}

/// The placeholders of all runs, which stay as long as this value lives.
#[derive(Debug)]
pub(super) struct Placeholders {
    /// The directory of the sessions.
    sessions: PathBuf,
    lock: Option<File>,
}

impl Placeholders {
    /// Keeps the placeholders of all runs with this directory of sessions.
    pub(super) fn keep(sessions: PathBuf) -> io::Result<Self> {
        let lock = private().append(true).open(sessions.join(LOCK))?;
        lock.lock_shared()?;
        Ok(Self { sessions, lock: Some(lock) })
    }
}

impl Drop for Placeholders {
    fn drop(&mut self) {
        self.lock = None;
        remove_all(&self.sessions);
    }
}

/// Removes the placeholders of all runs, if none is left that rests on them.
pub(crate) fn remove_all(sessions: &Path) {
    // Without this file, there was never a placeholder.
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits());
    let Ok(lock) = options.open(sessions.join(LOCK)) else { return };
    if lock.try_lock().is_err() {
        return;
    }
    for entry in fs::read_dir(sessions).into_iter().flatten().flatten() {
        let is_record = entry.file_name().as_bytes().ends_with(RECORD.as_bytes())
            && entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_record {
            remove(&entry.path());
        }
    }
}

/// Creates what does not exist.
pub(super) fn create(placeholders: &[Placeholder], record: &Record) -> io::Result<()> {
    for placeholder in placeholders {
        match placeholder {
            Placeholder::File { path, contents } => create_file(path, contents, record)?,
            Placeholder::Directory { path } => create_directories(path, record)?,
        }
    }
    Ok(())
}

fn create_file(path: &Path, contents: &str, record: &Record) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_directories(parent, record)?;
    }
    let mut options = OpenOptions::new();
    match options.write(true).create_new(true).mode(0o644).open(path) {
        Ok(mut file) => {
            let identity = (file.metadata()?.dev(), file.metadata()?.ino());
            record.add(path, identity, contents)?;
            file.write_all(contents.as_bytes())
        }
        other => unless_hopeless(other.map(drop)),
    }
}

/// Creates a directory and those above it, each recorded.
fn create_directories(path: &Path, record: &Record) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_directories(parent, record)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {
            let metadata = path.metadata()?;
            record.add(path, (metadata.dev(), metadata.ino()), "")
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

/// Removes the unchanged placeholders that a record names, and the record.
fn remove(record: &Path) {
    let Ok(bytes) = fs::read(record) else { return };
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
    let _ = fs::remove_file(record);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &Path, contents: &str) -> Placeholder {
        Placeholder::File { path: path.to_owned(), contents: contents.to_owned() }
    }

    #[test]
    fn what_was_created_is_removed_and_what_was_there_or_has_changed_is_not() {
        let (home, sessions) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let record = Record::open(&sessions.path().join("this")).unwrap();
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
        let keep = || Placeholders::keep(sessions.path().to_owned()).unwrap();
        let (this, other) = (keep(), keep());
        create(&placeholders, &record).unwrap();
        assert_eq!(fs::read_to_string(at("new")).unwrap(), ". ~/.profile\n");
        assert!(at("a/b/deep").exists() && at("directory").is_dir());
        fs::write(at("changed"), "x").unwrap();
        fs::write(at("other"), "").unwrap();
        fs::rename(at("other"), at("replaced")).unwrap();
        fs::write(at("filled/x"), "").unwrap();
        drop(this);
        assert!(at("new").exists(), "another run rests on it");
        drop(other);
        assert!(!sessions.path().join("this.placeholders").exists());
        for stays in ["own", "own-directory", "changed", "replaced", "filled/x"] {
            assert!(at(stays).exists(), "{stays}");
        }
        for goes in ["new", "a", "directory"] {
            assert!(!at(goes).exists(), "{goes}");
        }
    }

    #[test]
    fn a_place_where_nothing_can_be_created_needs_no_placeholder() {
        let (home, sessions) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let record = Record::open(&sessions.path().join("this")).unwrap();
        fs::write(home.path().join("file"), "").unwrap();
        create(&[file(&home.path().join("file/x"), "")], &record).unwrap();
    }
}
