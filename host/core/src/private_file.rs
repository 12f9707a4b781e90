//! Files that only this user may read: written whole or not at all, under directories closed to others.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::unistd::geteuid;

/// Bytes of a key: as many as HMAC-SHA-256 puts out.
pub const KEY_BYTES: usize = 32;
/// How long a lock is waited for: what we do under one takes milliseconds, and whoever holds it longer is not us.
const LOCK_TIME: Duration = Duration::from_secs(5);
/// How long until the next try: the system wakes nobody who has a time limit.
const LOCK_PAUSE: Duration = Duration::from_millis(3);

/// The bits of a mode that let group and others write.
const OPEN_TO_WRITING: u32 = 0o022;
/// The bits of a mode that let group and others do anything.
const OPEN: u32 = 0o077;

/// Creates `path` and what is missing above it, each 0700. One that is there already must pass [`check_directory`].
///
/// # Errors
/// The system's; `PermissionDenied` for a directory that others may change.
pub fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    check_directory(path)
}

/// Makes sure that `path` is a directory of this user that nobody else may write to.
///
/// Security: whoever may write to it replaces every file in it, whatever the files' own modes.
///
/// # Errors
/// The system's, `NotFound` included; `PermissionDenied` for a link and for a directory that others may change.
pub fn check_directory(path: &Path) -> io::Result<()> {
    let metadata = std::fs::symlink_metadata(path)?;
    if metadata.is_dir() && is_ours(&metadata) && metadata.mode() & OPEN_TO_WRITING == 0 {
        return Ok(());
    }
    let reason = "it must be a directory of this user (no link) that nobody else may write to";
    Err(io::Error::new(io::ErrorKind::PermissionDenied, reason))
}

/// Opens a file for reading that this user has made and nobody else may touch.
///
/// # Errors
/// The system's; `PermissionDenied` for a file that others made or may read or write. A link is not followed.
pub fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && is_ours(&metadata) && metadata.mode() & OPEN == 0 {
        return Ok(file);
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        "it must be a file of this user, closed to all others",
    ))
}

fn is_ours(metadata: &Metadata) -> bool {
    metadata.uid() == geteuid().as_raw()
}

/// Locks `file` for this process alone, which any process that can open it may delay, but not for ever.
///
/// # Errors
/// The system's; `TimedOut` when another process does not let go.
pub fn lock(file: &File) -> io::Result<()> {
    patiently(LOCK_TIME, || file.try_lock())
}

/// Locks `file` against those who use [`lock`].
///
/// # Errors
/// As [`lock`].
pub fn lock_shared(file: &File) -> io::Result<()> {
    patiently(LOCK_TIME, || file.try_lock_shared())
}

fn patiently(time: Duration, lock: impl Fn() -> Result<(), TryLockError>) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() < time => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => {
                let reason = format!("another process has held its lock for {} s", time.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, reason));
            }
        }
    }
}

/// Replaces `path` by `contents` (0600) in one step: a reader sees the old or the new, never a part.
///
/// # Errors
/// The system's; then the old file is untouched.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("tmp-{}", random_name()?));
    let written = create_new(&temporary)
        .and_then(|mut file| file.write_all(contents))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// The random key at `path`, made at first use. Two processes that begin at once agree on one key.
///
/// # Errors
/// The system's, or `InvalidData` for a file that is no key.
pub fn key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    match read_key(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    match create(path, &key) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read_key(path),
    }
}

/// Creates `path` with `contents` (0600), whole or not at all.
///
/// # Errors
/// The system's; `AlreadyExists` when anything has that name.
pub fn create(path: &Path, contents: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("tmp-{}", random_name()?));
    let created = create_new(&temporary)
        .and_then(|mut file| file.write_all(contents))
        // A hard link fails if the name exists, where a rename would replace what another process just made.
        .and_then(|()| std::fs::hard_link(&temporary, path));
    let _ = std::fs::remove_file(&temporary);
    created
}

/// Sixteen random hexadecimal digits.
///
/// # Errors
/// When the system has no randomness.
pub fn random_name() -> io::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn read_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = Vec::new();
    open(path)?.take(KEY_BYTES as u64 + 1).read_to_end(&mut key)?;
    key.try_into().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not a key of this program"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_closed_to_others() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..8).map(|_| scope.spawn(|| key(&path).unwrap())).collect();
            handles.into_iter().map(|handle| handle.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| key == &keys[0]));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "a temporary file was left");
    }

    #[test]
    fn a_short_key_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.key");
        create(&path, b"short").unwrap();
        assert_eq!(key(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_key_that_others_may_read_or_have_made_or_a_link_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("a.key"), directory.path().join("b.key"));
        key(&path).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(key(&link).is_err());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(key(&path).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(key(&path).is_ok());
        if geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
            assert_eq!(key(&path).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        }
    }

    #[test]
    fn a_directory_that_others_may_write_to_or_own_or_a_link_is_refused() {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("a/b");
        create_directory(&path).unwrap();
        let with_mode = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            create_directory(&path).map_err(|error| error.kind())
        };
        assert_eq!([with_mode(0o755), with_mode(0o700)], [Ok(()), Ok(())]);
        let refused = Err(io::ErrorKind::PermissionDenied);
        assert_eq!([with_mode(0o770), with_mode(0o707), with_mode(0o1777)], [refused, refused, refused]);
        with_mode(0o700).unwrap();
        let link = above.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(create_directory(&link).is_err());
        if geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
            assert_eq!(create_directory(&path).map_err(|error| error.kind()), refused);
        }
    }

    #[test]
    fn a_lock_that_another_holds_is_not_waited_for_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let (held, mine) = (create_new(&path).unwrap(), File::open(&path).unwrap());
        held.lock().unwrap();
        let refused = patiently(Duration::from_millis(20), || mine.try_lock()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        drop(held);
        lock(&mine).unwrap();
    }
}
