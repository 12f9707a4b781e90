//! Mounts that hide files and make files read-only.
//!
//! Guarantees: a hidden directory is empty, a hidden file is empty, and neither can be written, by whatever path or link the command
//! comes. Does not hold another hard link to a hidden file. A mount goes when its file is replaced from outside: `keeper.rs`
//! mounts it again.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{AccessFlags, access};
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use super::description::Description;
use super::{devices, kernel_call};

/// The directory, in the session's own, where the empty file system is mounted from which hidden paths are covered.
const COVERS: &str = "isolation";
/// The largest file system of a socket directory: some programs put small files there too.
const SOCKET_DIRECTORY_OPTIONS: &str = "size=64m";

/// The empty file and directory that are mounted over hidden paths.
pub(super) struct Covers {
    directory: OwnedFd,
    file: OwnedFd,
    /// The devices of the file systems that cover a path.
    devices: BTreeSet<u64>,
    terminals: devices::Numbers,
}

/// Hides everything that the description hides, then makes read-only what must not change.
pub(super) fn apply(description: &Description) -> io::Result<Covers> {
    for path in parents(description) {
        pin(&path).map_err(|error| at(&path, &error))?;
    }
    let mut covers = Covers::make(&description.session)?;
    let kept = Kept::clone_shown(description)?;
    let hide = description.hide.iter().map(|path| (path, false));
    let sockets = description.socket_directories.iter().map(|path| (path, true));
    let mut all: Vec<(&PathBuf, bool)> = hide.chain(sockets).collect();
    // From the outside to the inside: what lies in a covered directory does not exist any more, unless it is shown.
    all.sort_by_key(|(path, _)| path.components().count());
    for (path, is_writable) in &all {
        let inside = kept.below(path, &all);
        covers.hide(path, *is_writable, &inside).map_err(|error| at(path, &error))?;
    }
    covers.terminals = devices::hide(&covers).map_err(|error| at(Path::new("/dev"), &error))?;
    for path in &description.read_only {
        make_read_only(path).map_err(|error| at(path, &error))?;
    }
    // Root of this machine writes settings there by its id alone, and some of them name programs to run. A user of systemd writes the
    // control groups of its other units, and can end them.
    make_read_only(Path::new("/sys")).map_err(|error| at(Path::new("/sys"), &error))?;
    Ok(covers)
}

/// Adds the path to an error.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

/// Returns the directories above each protected path that the command could rename, from the outside to the inside.
fn parents(description: &Description) -> Vec<PathBuf> {
    let all = [&description.hide, &description.read_only, &description.socket_directories];
    let above = all.into_iter().flatten().flat_map(|path| path.ancestors().skip(1));
    // Each directory once: it is above many paths.
    let above: BTreeSet<&Path> = above.collect();
    let is_writable = |path: &Path| access(path, AccessFlags::W_OK).is_ok();
    let can_move = |path: &&Path| path.parent().is_some_and(is_writable) && path.is_dir();
    let mut found: Vec<PathBuf> = above.into_iter().filter(can_move).map(Path::to_owned).collect();
    found.sort_by_key(|path| path.components().count());
    found
}

/// Mounts a directory on itself: the kernel refuses to rename it, so that nothing else can take the place of what is in it.
fn pin(path: &Path) -> io::Result<()> {
    attach(clone_tree(path)?, path)
}

/// Trees that are shown below a hidden directory, taken before anything is covered.
struct Kept {
    trees: Vec<(PathBuf, OwnedFd, bool)>,
}

impl Kept {
    fn clone_shown(description: &Description) -> io::Result<Self> {
        let mut trees = Vec::new();
        for path in description.show.iter().chain([&description.session]) {
            if let Ok(metadata) = fs::metadata(path) {
                trees.push((path.clone(), clone_tree(path)?, metadata.is_dir()));
            }
        }
        Ok(Self { trees })
    }

    /// Returns the trees below `directory`, each with true if `directory` is the innermost that covers it.
    fn below<'a>(
        &'a self,
        directory: &Path,
        all: &[(&PathBuf, bool)],
    ) -> Vec<(&'a PathBuf, &'a OwnedFd, bool, bool)> {
        let inside = self.trees.iter().filter(|(path, ..)| path.starts_with(directory));
        let inside = inside.map(|(path, tree, is_directory)| {
            let depth = |path: &Path| path.components().count();
            let deeper = all
                .iter()
                .any(|(other, _)| path.starts_with(other) && depth(other) > depth(directory));
            (path, tree, *is_directory, !deeper)
        });
        inside.collect()
    }
}

impl Covers {
    /// Mounts an empty file system in the session's directory.
    fn make(session: &Path) -> io::Result<Self> {
        let place = session.join(COVERS);
        DirBuilder::new().recursive(true).mode(0o700).create(&place)?;
        mount_tmpfs(&place, "size=4k,mode=0755")?;
        let (directory, file) = (place.join("directory"), place.join("file"));
        DirBuilder::new().mode(0o555).create(&directory)?;
        rustix::fs::open(
            &file,
            rustix::fs::OFlags::CREATE | rustix::fs::OFlags::EXCL | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::from_raw_mode(0o444),
        )?;
        remount_read_only(&place)?;
        let devices = BTreeSet::from([fs::metadata(&place)?.dev()]);
        Ok(Self {
            directory: open_path(&directory)?,
            file: open_path(&file)?,
            devices,
            terminals: devices::Numbers::new(),
        })
    }

    /// Hides `path`; `inside` are the trees that stay below it.
    fn hide(
        &mut self,
        path: &Path,
        is_writable: bool,
        inside: &[(&PathBuf, &OwnedFd, bool, bool)],
    ) -> io::Result<()> {
        let Some(metadata) = existing(path)? else { return Ok(()) };
        if inside.iter().any(|(shown, ..)| shown.as_path() == path) {
            return Ok(());
        }
        if !metadata.is_dir() || (inside.is_empty() && !is_writable) {
            return self.cover(path);
        }
        let options = format!("{SOCKET_DIRECTORY_OPTIONS},mode={:o}", metadata.mode() & 0o7777);
        mount_tmpfs(path, &options)?;
        self.devices.insert(fs::metadata(path)?.dev());
        for (shown, tree, is_directory, is_innermost) in inside {
            let parent = if *is_directory { Some(shown.as_path()) } else { shown.parent() };
            let parent = parent.unwrap_or(path);
            DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
            if !is_directory {
                File::create(shown)?;
            }
            if *is_innermost {
                attach(tree, shown)?;
            }
        }
        if is_writable { Ok(()) } else { remount_read_only(path) }
    }

    /// Covers `path` with an empty directory or file that cannot be written.
    pub(super) fn cover(&self, path: &Path) -> io::Result<()> {
        let Some(metadata) = existing(path)? else { return Ok(()) };
        let cover = if metadata.is_dir() { &self.directory } else { &self.file };
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_EMPTY_PATH;
        attach(&open_tree(cover, "", flags)?, path)
    }

    /// Returns true if `path` is covered.
    pub(super) fn has(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|metadata| self.devices.contains(&metadata.dev()))
    }
}

/// Makes `path`, and everything mounted below it, read-only, if it exists.
pub(super) fn make_read_only(path: &Path) -> io::Result<()> {
    if existing(path)?.is_none() || is_read_only(path) {
        return Ok(());
    }
    let tree = clone_tree(path)?;
    match kernel_call::make_read_only(&tree) {
        // Linux 5.12 has the call; before, the mounts below keep their attributes.
        Err(Errno::ENOSYS) => {
            attach(&tree, path)?;
            remount_read_only(path)
        }
        Err(error) => Err(error.into()),
        Ok(()) => attach(&tree, path),
    }
}

/// Returns true if `path` lies on a read-only mount.
pub(super) fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|found| found.flags().contains(FsFlags::ST_RDONLY))
}

/// Returns what is at `path`; a path that cannot be reached is as one that does not exist.
fn existing(path: &Path) -> io::Result<Option<fs::Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error),
    }
}

fn open_path(path: &Path) -> io::Result<OwnedFd> {
    let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, rustix::fs::Mode::empty())?)
}

/// Copies the mounts at `path` and below, not attached anywhere.
pub(super) fn clone_tree(path: &Path) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        // Part of a tree cannot be copied: a mount below may hide something.
        | OpenTreeFlags::AT_RECURSIVE;
    let tree = open_tree(CWD, path, flags)?;
    match kernel_call::follow_original(&tree) {
        // Before Linux 5.12, what is mounted on the copy is mounted on the original too; this has no visible effect.
        Ok(()) | Err(Errno::ENOSYS) => Ok(tree),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn attach(tree: impl AsFd, path: &Path) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_SYMLINKS;
    Ok(move_mount(tree, "", CWD, path, flags)?)
}

fn mount_tmpfs(path: &Path, options: &str) -> io::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    Ok(mount(Some("tmpfs"), path, Some("tmpfs"), flags, Some(options))?)
}

/// Makes the mount at `path` read-only; the kernel demands that its other attributes stay.
fn remount_read_only(path: &Path) -> io::Result<()> {
    let found = statvfs(path)?.flags();
    let pairs = [
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        (FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
    ];
    let kept = pairs.into_iter().filter(|(is, _)| found.contains(*is)).map(|(_, keep)| keep);
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    Ok(mount(
        None::<&str>,
        path,
        None::<&str>,
        kept.fold(flags, |all, one| all | one),
        None::<&str>,
    )?)
}
