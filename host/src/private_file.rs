//! Files that only this user may read: written whole or not at all, under directories closed to others.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Bytes of a key: as many as HMAC-SHA-256 puts out.
pub const KEY_BYTES: usize = 32;

/// Creates `path` and what is missing above it, each 0700.
///
/// # Errors
/// The system's.
pub fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
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
    let temporary = path.with_extension(format!("tmp-{}", random_name()?));
    create_new(&temporary)?.write_all(&key)?;
    // A hard link fails if the name exists, where a rename would replace the key another process just made.
    let linked = std::fs::hard_link(&temporary, path);
    let _ = std::fs::remove_file(&temporary);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read_key(path),
    }
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
    File::open(path)?.take(KEY_BYTES as u64 + 1).read_to_end(&mut key)?;
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
        std::fs::write(&path, b"short").unwrap();
        assert_eq!(key(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
