//! Files that only this user may read: written completely or not at all, in directories that others cannot change.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::unistd::geteuid;

/// The length of a key: the output length of HMAC-SHA-256.
pub const KEY_BYTES: usize = 32;
/// The longest wait for a lock. Our work under a lock takes milliseconds, so a process that holds it longer is not ours.
const LOCK_TIME: Duration = Duration::from_secs(5);
/// The pause between two tries; the system offers no wait for a lock with a time limit.
const LOCK_PAUSE: Duration = Duration::from_millis(3);

/// The mode bits that let group and others write.
const OPEN_TO_WRITING: u32 = 0o022;
/// The mode bits that give group and others any access.
const OPEN: u32 = 0o077;

/// Creates `path` and its missing parents, each with mode 0700. An existing directory must pass [`check_directory`].
///
/// # Errors
/// The system's error; `PermissionDenied` for a directory that others may change.
pub fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    check_directory(path)
}

/// Checks that `path` is a directory of this user and that no other user may write to it.
///
/// Security: a user who may write to a directory can replace every file in it, whatever the modes of the files.
///
/// # Errors
/// The system's error, including `NotFound`; `PermissionDenied` for a link and for a directory that others may change.
pub fn check_directory(path: &Path) -> io::Result<()> {
    let metadata = std::fs::symlink_metadata(path)?;
    if metadata.is_dir() && is_ours(&metadata) && metadata.mode() & OPEN_TO_WRITING == 0 {
        return Ok(());
    }
    let reason = "it must be a directory of this user (no link) that nobody else may write to";
    Err(io::Error::new(io::ErrorKind::PermissionDenied, reason))
}

/// Opens a file for reading that this user owns and that no other user may access.
///
/// # Errors
/// The system's error, also for a link; `PermissionDenied` for a file that others own or may read or write.
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

/// Locks `file` exclusively. Any process that can open the file may delay this, but only for a limited time.
///
/// # Errors
/// The system's error; `TimedOut` if another process holds the lock for too long.
pub fn lock(file: &File) -> io::Result<()> {
    patiently(LOCK_TIME, || file.try_lock())
}

/// Locks `file` against callers of [`lock`].
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

/// Replaces `path` by `contents` (mode 0600) in one step: a reader sees the old or the new file, never a part.
///
/// # Errors
/// The system's error; the old file is unchanged then.
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

/// Returns the random key at `path` and creates it at first use. Two processes that start at once agree on one key.
///
/// # Errors
/// The system's error, or `InvalidData` for a file that is not a key.
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

/// Creates `path` with `contents` (mode 0600), completely or not at all.
///
/// # Errors
/// The system's error; `AlreadyExists` if anything exists at `path`.
pub fn create(path: &Path, contents: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("tmp-{}", random_name()?));
    let created = create_new(&temporary)
        .and_then(|mut file| file.write_all(contents))
        // A hard link fails if the name exists; a rename would replace a file that another process just created.
        .and_then(|()| std::fs::hard_link(&temporary, path));
    let _ = std::fs::remove_file(&temporary);
    created
}

/// Returns sixteen random hexadecimal digits.
///
/// # Errors
/// When the system has no random numbers.
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
    key.try_into()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not a key of this program"))
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
        assert_eq!(
            std::fs::read_dir(directory.path()).unwrap().count(),
            1,
            "a temporary file was left"
        );
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
        assert_eq!(
            [with_mode(0o770), with_mode(0o707), with_mode(0o1777)],
            [refused, refused, refused]
        );
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
