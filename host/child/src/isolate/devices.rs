//! The devices through which files, keystrokes and memory of others can be reached.
//!
//! Guarantees: no raw disk is read (a raw disk has every file of its file system), no other terminal is read or written, and shared
//! memory is the session's own. The command's own terminal keeps its name. Does not hold a virtual console (`/dev/tty1`) of the
//! same user.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::unistd::{AccessFlags, access};

use super::mounts::{Covers, attach, clone_tree};

const TERMINALS: &str = "/dev/pts";
const SHARED_MEMORY: &str = "/dev/shm";
/// The directories of block devices.
const DISKS: [&str; 2] = ["/dev", "/dev/mapper"];
/// The device numbers of pseudo-terminals: eight majors, each with 256 minors. Source: Linux, admin-guide/devices.txt.
const TERMINAL_MAJORS: std::ops::RangeInclusive<u32> = 136..=143;

/// The ends of terminals that keep a number in use, as long as the value lives.
pub(super) type Numbers = Vec<File>;

/// Hides the devices.
pub(super) fn hide(covers: &Covers) -> io::Result<Numbers> {
    for path in block_devices() {
        covers.cover(&path)?;
    }
    if Path::new(SHARED_MEMORY).is_dir() {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        mount(Some("tmpfs"), SHARED_MEMORY, Some("tmpfs"), flags, Some("mode=1777"))?;
    }
    if Path::new(TERMINALS).join("ptmx").exists() { renew_terminals() } else { Ok(Vec::new()) }
}

/// Returns the block devices that this user may open.
pub(super) fn block_devices() -> Vec<PathBuf> {
    let entries = DISKS.into_iter().filter_map(|directory| fs::read_dir(directory).ok()).flatten();
    let is_disk = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_block_device());
    let paths = entries.flatten().filter(is_disk).map(|entry| entry.path());
    let may = |path: &PathBuf, how| access(path, how).is_ok();
    paths.filter(|path| may(path, AccessFlags::R_OK) || may(path, AccessFlags::W_OK)).collect()
}

/// Mounts a file system of new terminals, in which the command's own stays under its number.
fn renew_terminals() -> io::Result<Numbers> {
    let own = own_terminals();
    let tree = |number: &u32| clone_tree(&terminal(*number)).ok().map(|tree| (*number, tree));
    let kept: Vec<(u32, OwnedFd)> = own.iter().filter_map(tree).collect();
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    let options = "newinstance,ptmxmode=0666,mode=620";
    mount(Some("devpts"), TERMINALS, Some("devpts"), flags, Some(options))?;
    let main = Path::new(TERMINALS).join("ptmx");
    let front = Path::new("/dev/ptmx");
    if front.symlink_metadata().is_ok_and(|found| !found.is_symlink()) {
        attach(clone_tree(&main)?, front)?;
    }
    let mut numbers = Numbers::new();
    for (number, tree) in kept {
        // A new terminal gets the lowest free number, and has it while its other end is open.
        while !terminal(number).exists() {
            numbers.push(open_terminal(&main)?);
        }
        attach(tree, &terminal(number))?;
    }
    Ok(numbers)
}

fn open_terminal(main: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open(main)
}

fn terminal(number: u32) -> PathBuf {
    Path::new(TERMINALS).join(number.to_string())
}

/// Returns the numbers of the controlling terminal and of the terminals at the standard descriptors.
fn own_terminals() -> BTreeSet<u32> {
    let standard = (0..=2).filter_map(|number| {
        let path = fs::read_link(format!("/proc/self/fd/{number}")).ok()?;
        path.strip_prefix(TERMINALS).ok()?.to_str()?.parse().ok()
    });
    standard.chain(controlling_terminal()).collect()
}

/// Returns the controlling terminal's number. Source: proc(5), `tty_nr` of `/proc/PID/stat`.
fn controlling_terminal() -> Option<u32> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // After the name, which may contain anything: state, parent, group, session, terminal.
    let device: i32 = stat.rsplit(')').next()?.split_whitespace().nth(4)?.parse().ok()?;
    let device = device.cast_unsigned();
    let (major, minor) = ((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00));
    let first = TERMINAL_MAJORS.contains(&major).then(|| (major - TERMINAL_MAJORS.start()) * 256);
    first.map(|first| first + minor)
}
