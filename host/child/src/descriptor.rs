//! Closes the descriptors that Audex inherited: the command gets the first three, and those that its
//! arguments name.
//!
//! Security: a descriptor from a shell's `exec 4<key`, or an agent's socket, leads to credentials without any
//! variable.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{fs, io};

#[cfg(target_os = "linux")]
use nix::fcntl::OFlag;

/// Directories that list a process's own descriptors: Linux has the first, other systems the second.
const LISTINGS: [&str; 2] = ["/proc/self/fd", "/dev/fd"];
/// The last of the three standard descriptors.
const STANDARD_ERROR: RawFd = 2;
/// The part of a path that names a descriptor, as a shell's process substitution does: `diff <(a) <(b)`.
const NAMED: &[u8] = b"/fd/";

/// The descriptors above the first three that were open when this program started and are still open.
///
/// INVARIANT: a closed descriptor is removed from the set, because the operating system reuses its number for
/// the next file that this program opens.
static INHERITED: Mutex<Inherited> = Mutex::new(Inherited::Known(BTreeSet::new()));

enum Inherited {
    Known(BTreeSet<RawFd>),
    /// The operating system does not list them.
    Unknown(io::ErrorKind),
}

/// Records the descriptors that this program was started with.
///
/// INVARIANT: this function is called before the program opens any file. When another program is started, the
/// operating system closes this program's own descriptors (`O_CLOEXEC`), but not the inherited ones.
pub fn note_inherited() {
    let noted = open().map_or_else(|error| Inherited::Unknown(error.kind()), Inherited::Known);
    *INHERITED.lock().unwrap_or_else(PoisonError::into_inner) = noted;
}

/// Closes the inherited descriptors, except those that `arguments` name: the user passes them on.
///
/// # Errors
/// If the operating system does not list the open descriptors.
pub(super) fn close_inherited(arguments: &[OsString]) -> io::Result<()> {
    match &mut *INHERITED.lock().unwrap_or_else(PoisonError::into_inner) {
        Inherited::Known(inherited) => {
            close_all(inherited, arguments);
            Ok(())
        }
        Inherited::Unknown(reason) => Err((*reason).into()),
    }
}

/// Closes the descriptors that the arguments do not name, and keeps the others in `inherited`.
fn close_all(inherited: &mut BTreeSet<RawFd>, arguments: &[OsString]) {
    let named: BTreeSet<RawFd> =
        arguments.iter().flat_map(|argument| named(argument.as_bytes())).collect();
    for descriptor in inherited.difference(&named) {
        // If the operating system fails to close a descriptor, there is no remedy.
        let _ = nix::unistd::close(*descriptor);
    }
    inherited.retain(|descriptor| named.contains(descriptor));
}

/// Closes the descriptors that a command would inherit, except those that `arguments` name. INVARIANT: all that this process has
/// opened itself are closed when it executes a program.
///
/// # Errors
/// If the operating system does not list the open descriptors.
#[cfg(target_os = "linux")]
pub(super) fn close_passed_on(arguments: &[OsString]) -> io::Result<()> {
    close_all(&mut passed_on()?, arguments);
    Ok(())
}

/// Lists the descriptors above the first three that a command would inherit.
///
/// # Errors
/// If the operating system does not list the open descriptors.
#[cfg(target_os = "linux")]
pub(super) fn passed_on() -> io::Result<BTreeSet<RawFd>> {
    let mut found = open()?;
    found.retain(|number| {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|text| i32::from_str_radix(text.trim(), 8).ok());
        flags.is_some_and(|flags| flags & OFlag::O_CLOEXEC.bits() == 0)
    });
    Ok(found)
}

/// Lists the open descriptors above the first three.
pub(super) fn open() -> io::Result<BTreeSet<RawFd>> {
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
    // One of the descriptors was the listing itself, which is closed now.
    found.retain(|number| fs::symlink_metadata(listing.join(number.to_string())).is_ok());
    Ok(found)
}

/// Returns the descriptors that a text names: `/dev/fd/63`, `--var-file=/proc/self/fd/4`.
fn named(text: &[u8]) -> Vec<RawFd> {
    let ends = text.windows(NAMED.len()).enumerate().filter(|(_, window)| *window == NAMED);
    let number = |start: usize| {
        let digits: Vec<u8> =
            text.get(start..)?.iter().copied().take_while(u8::is_ascii_digit).collect();
        std::str::from_utf8(&digits).ok()?.parse().ok()
    };
    ends.filter_map(|(at, _)| number(at.saturating_add(NAMED.len()))).collect()
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsRawFd as _, IntoRawFd as _};

    use super::*;

    #[test]
    fn what_is_open_is_listed_and_the_listing_is_not() {
        let file = tempfile::tempfile().unwrap();
        let own = file.as_raw_fd();
        let found = open().unwrap();
        assert!(found.contains(&own) && found.iter().all(|number| *number > 2), "{found:?}");
        drop(file);
    }

    /// `learn` starts its command once for each round.
    #[test]
    fn what_was_closed_is_not_closed_again_and_what_is_named_stays() {
        let open = || tempfile::tempfile().unwrap().into_raw_fd();
        let (closed, kept) = (open(), open());
        let mut inherited = BTreeSet::from([closed, kept]);
        close_all(&mut inherited, &[format!("/dev/fd/{kept}").into()]);
        assert_eq!(inherited, BTreeSet::from([kept]));
        close_all(&mut inherited, &[]);
        assert!(inherited.is_empty());
    }

    #[test]
    fn only_a_descriptor_that_an_argument_names_is_named() {
        assert_eq!(named(b"/dev/fd/63"), [63]);
        assert_eq!(named(b"-var-file=/proc/self/fd/4,/dev/fd/5"), [4, 5]);
        for other in ["4", "/dev/fd/", "/dev/fd/x", "/tmp/fd4", "/dev/fd/99999999999999999999", ""]
        {
            assert!(named(other.as_bytes()).is_empty(), "{other}");
        }
    }
}
