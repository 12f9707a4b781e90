//! Opens files that the user names: settings and credentials. A file is absent only if nothing exists at its path.
//!
//! Security: settings define what is never granted. A file that exists but cannot be read, such as a dangling link, must
//! not count as absent.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

/// The longest file that is read. Settings are written by hand, and an endless file must not fill the memory.
pub const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The number of attempts to open a file that another process may be replacing.
const LOOKS: usize = 3;

/// Opens the regular file at `path`, or the file that a link there leads to; returns `None` if nothing exists there.
///
/// # Errors
/// The system's error; `InvalidInput` for a dangling link in `path` or above it, and for anything but a regular file.
pub fn open(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..LOOKS {
        // Without this flag, `open` would wait for a writer of a FIFO.
        let opened =
            OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
        match opened {
            Ok(file) if file.metadata()?.is_file() => return Ok(Some(file)),
            Ok(_) => return refused("it is not a regular file".to_owned()),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Err(_) if is_absent(path)? => return Ok(None),
            // The file appeared between the two checks, so the loop tries again.
            Err(_) => {}
        }
    }
    refused("the file appeared and disappeared repeatedly while it was opened".to_owned())
}

/// Reads the text of the regular file at `path`; returns `None` if nothing exists there.
///
/// # Errors
/// As [`open`], and when the file is too long or not text.
pub fn text(path: &Path) -> io::Result<Option<String>> {
    open(path)?.map(|file| text_of(file, FILE_BYTES)).transpose()
}

/// Reads the text of the regular file at `path`, which must exist.
///
/// # Errors
/// As [`text`], and `NotFound`.
pub fn required_text(path: &Path) -> io::Result<String> {
    text(path)?.ok_or_else(missing)
}

/// Reads the bytes of the regular file at `path`, which must exist.
///
/// # Errors
/// As [`open`]; `NotFound`; `InvalidInput` when the file is too long.
pub fn required_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(path)?.ok_or_else(missing)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_BYTES) {
        return refused(format!("it has more than {} KiB", FILE_BYTES / 1024));
    }
    Ok(bytes)
}

/// Reads the text of `file`, at most `most` bytes.
///
/// # Errors
/// The system's error; `InvalidInput` when the file is longer.
pub fn text_of(file: File, most: u64) -> io::Result<String> {
    let mut text = String::new();
    file.take(most.saturating_add(1)).read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > most) {
        return refused(format!("it has more than {} KiB", most / 1024));
    }
    Ok(text)
}

/// Returns true if `path`, or a directory above it, does not exist.
///
/// # Errors
/// `InvalidInput` for a dangling link; otherwise the system's error.
fn is_absent(path: &Path) -> io::Result<bool> {
    let mut above: Vec<&Path> =
        path.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
    above.reverse();
    for part in above {
        match fs::symlink_metadata(part) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
            Ok(metadata) if metadata.is_symlink() && is_nowhere(part)? => {
                let at =
                    if part == path { "it".to_owned() } else { format!("`{}`", part.display()) };
                return refused(format!("{at} is a link to nowhere ({})", target(part).display()));
            }
            Ok(_) => {}
        }
    }
    Ok(false)
}

/// Returns the system's error for a missing file.
fn missing() -> io::Error {
    Errno::ENOENT.into()
}

fn is_nowhere(link: &Path) -> io::Result<bool> {
    match fs::metadata(link) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

fn target(link: &Path) -> PathBuf {
    fs::read_link(link).unwrap_or_default()
}

fn refused<T>(reason: String) -> io::Result<T> {
    Err(io::Error::new(ErrorKind::InvalidInput, reason))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_with_a_missing_part_is_absent() {
        let home = tempfile::tempdir().unwrap();
        for path in ["config.toml", "audex/config.toml", "a/b/c/d.toml"] {
            assert!(open(&home.path().join(path)).unwrap().is_none(), "{path}");
        }
    }

    #[test]
    fn a_file_and_a_link_to_one_are_read() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::create_dir(at("dotfiles")).unwrap();
        fs::write(at("dotfiles/config.toml"), "ttl = \"15m\"\n").unwrap();
        symlink("dotfiles/config.toml", at("link.toml")).unwrap();
        symlink("link.toml", at("link-to-link.toml")).unwrap();
        symlink("dotfiles", at("directory")).unwrap();
        for name in
            ["dotfiles/config.toml", "link.toml", "link-to-link.toml", "directory/config.toml"]
        {
            assert_eq!(text(&at(name)).unwrap().as_deref(), Some("ttl = \"15m\"\n"), "{name}");
        }
        assert!(text(&at("directory/deny-list.toml")).unwrap().is_none());
    }

    #[test]
    fn a_required_file_is_a_regular_one() {
        let home = tempfile::tempdir().unwrap();
        let (file, pipe) = (home.path().join("file"), home.path().join("pipe"));
        fs::write(&file, "text").unwrap();
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(required_text(&file).unwrap(), "text");
        assert_eq!(required_bytes(&file).unwrap(), b"text");
        for path in [&pipe, home.path(), &home.path().join("none")] {
            assert!(
                required_text(path).is_err() && required_bytes(path).is_err(),
                "{}",
                path.display()
            );
        }
    }

    #[test]
    fn a_file_that_exists_but_cannot_be_read_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        symlink("/nowhere/at/all", at("dangling")).unwrap();
        symlink("dangling", at("through")).unwrap();
        symlink("circle", at("circle")).unwrap();
        nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        symlink("fifo", at("link-to-fifo")).unwrap();
        symlink("/dev/null", at("null")).unwrap();
        fs::create_dir(at("directory")).unwrap();
        fs::write(at("file"), [0xff, 0xfe]).unwrap();
        for name in [
            "dangling",
            "dangling/config.toml",
            "dangling/deeper/config.toml",
            "through",
            "through/config.toml",
            "circle",
            "circle/config.toml",
            "fifo",
            "link-to-fifo",
            "null",
            "directory",
            "file",
            "file/config.toml",
        ] {
            assert!(text(&at(name)).is_err(), "{name}");
        }
        let said = text(&at("dangling/config.toml")).unwrap_err().to_string();
        assert!(said.contains("dangling` is a link to nowhere (/nowhere/at/all)"), "{said}");
    }

    #[test]
    fn a_file_without_end_is_refused_by_its_length() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("long");
        fs::write(&path, "12345").unwrap();
        assert_eq!(text_of(open(&path).unwrap().unwrap(), 5).unwrap(), "12345");
        assert!(text_of(open(&path).unwrap().unwrap(), 4).is_err());
    }
}
