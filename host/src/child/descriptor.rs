//! Descriptors that Audex's own parent left open: the command gets the first three, and no other.
//!
//! Security: a shell's `exec 4<key` or an agent's socket is a road to credentials that no variable names.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::OnceLock;
use std::{fs, io};

/// Where a process finds its own descriptors: Linux has the first, other systems the second.
const LISTINGS: [&str; 2] = ["/proc/self/fd", "/dev/fd"];
/// The last of the three that every program has.
const STANDARD_ERROR: RawFd = 2;
/// A shell names a descriptor so where it puts a command in place of a file: `diff <(a) <(b)`.
const NAMED: &[u8] = b"/fd/";

/// The descriptors above the first three that were open when this program started.
static INHERITED: OnceLock<io::Result<BTreeSet<RawFd>>> = OnceLock::new();

/// Notes which descriptors this program was started with.
///
/// INVARIANT: it is called before this program opens anything. The program's own descriptors are closed by the system when
/// another program is started (`O_CLOEXEC`); what it inherited is not.
pub fn note_inherited() {
    let _ = INHERITED.set(open());
}

/// Closes what this program inherited, except what `arguments` name: the user hands that on.
///
/// # Errors
/// When the system does not say which descriptors there are.
pub(super) fn close_inherited(arguments: &[OsString]) -> io::Result<()> {
    let inherited = match INHERITED.get() {
        Some(Ok(inherited)) => inherited,
        Some(Err(error)) => return Err(io::Error::new(error.kind(), error.to_string())),
        None => return Ok(()),
    };
    let named: BTreeSet<RawFd> = arguments.iter().flat_map(|argument| named(argument.as_bytes())).collect();
    for descriptor in inherited.difference(&named) {
        // After a first command there is nothing to close.
        let _ = nix::unistd::close(*descriptor);
    }
    Ok(())
}

fn open() -> io::Result<BTreeSet<RawFd>> {
    let mut reason = io::Error::from(io::ErrorKind::NotFound);
    for listing in LISTINGS {
        match list(Path::new(listing)) {
            Ok(found) => return Ok(found),
            Err(error) => reason = error,
        }
    }
    Err(reason)
}

fn list(listing: &Path) -> io::Result<BTreeSet<RawFd>> {
    let mut found: BTreeSet<RawFd> = BTreeSet::new();
    for entry in fs::read_dir(listing)? {
        let number: Option<RawFd> = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        found.extend(number.filter(|number| *number > STANDARD_ERROR));
    }
    // One of them was the listing itself, which is closed now.
    found.retain(|number| fs::symlink_metadata(listing.join(number.to_string())).is_ok());
    Ok(found)
}

/// The descriptors that a text names: `/dev/fd/63`, `--var-file=/proc/self/fd/4`.
fn named(text: &[u8]) -> Vec<RawFd> {
    let ends = text.windows(NAMED.len()).enumerate().filter(|(_, window)| *window == NAMED);
    let number = |start: usize| {
        let digits: Vec<u8> = text.get(start..)?.iter().copied().take_while(u8::is_ascii_digit).collect();
        std::str::from_utf8(&digits).ok()?.parse().ok()
    };
    ends.filter_map(|(at, _)| number(at.saturating_add(NAMED.len()))).collect()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn what_is_open_is_listed_and_the_listing_is_not() {
        let file = tempfile::tempfile().unwrap();
        let own = file.as_raw_fd();
        let found = open().unwrap();
        assert!(found.contains(&own) && found.iter().all(|number| *number > 2), "{found:?}");
        drop(file);
    }

    #[test]
    fn only_a_descriptor_that_an_argument_names_is_named() {
        assert_eq!(named(b"/dev/fd/63"), [63]);
        assert_eq!(named(b"-var-file=/proc/self/fd/4,/dev/fd/5"), [4, 5]);
        for other in ["4", "/dev/fd/", "/dev/fd/x", "/tmp/fd4", "/dev/fd/99999999999999999999", ""] {
            assert!(named(other.as_bytes()).is_empty(), "{other}");
        }
    }
}
