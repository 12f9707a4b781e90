//! The private directory of one session: its creation, its files and its removal, also after a crash.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use nix::fcntl::OFlag;

use super::DeliverError;
use crate::isolate::placeholder;
use audex_core::environment::{Environment, XDG_RUNTIME_DIR};
use audex_core::paths::{SESSION_NAME_BYTES, SESSIONS, is_private, outer_session};
use audex_core::private_file;

/// A directory that only this user can enter; dropping the value removes the directory.
///
/// The session's process holds a lock on the directory. When this process ends, the operating system releases
/// the lock. If Audex is killed, the next session with the same root, or `cleanup`, removes the directory.
#[derive(Debug)]
pub struct SessionDirectory {
    path: PathBuf,
    _owner: File,
}

impl SessionDirectory {
    /// Creates a directory under `$XDG_RUNTIME_DIR/audex`, or under `sessions` in `state` if there is no
    /// usable runtime directory. Also removes the directories of sessions whose process has ended.
    ///
    /// # Errors
    /// [`DeliverError::Io`], [`DeliverError::NotPrivate`], [`DeliverError::Random`].
    pub fn create(environment: &Environment, state: &Path) -> Result<Self, DeliverError> {
        Self::create_in(&root(environment, state))
    }

    /// Removes the directories of sessions whose process has ended, as [`Self::create`] does before it creates one.
    ///
    /// # Errors
    /// [`DeliverError::Io`] if the root is locked for too long.
    pub fn sweep(environment: &Environment, state: &Path) -> Result<(), DeliverError> {
        let root = root(environment, state);
        if !is_private(&root) {
            return Ok(());
        }
        let _gate = lock(&root)?;
        sweep(&root);
        Ok(())
    }

    fn create_in(root: &Path) -> Result<Self, DeliverError> {
        builder().recursive(true).create(root).map_err(failed("create", root))?;
        if !is_private(root) {
            return Err(DeliverError::NotPrivate { path: root.to_owned() });
        }
        // The root is locked while directories are created or swept, so a sweep never finds a directory
        // without its owner's lock.
        let _gate = lock(root)?;
        sweep(root);
        let mut name = [0; SESSION_NAME_BYTES];
        getrandom::fill(&mut name).map_err(|_| DeliverError::Random)?;
        let path = root.join(format!("{:032x}", u128::from_ne_bytes(name)));
        builder().create(&path).map_err(failed("create", &path))?;
        let owner = lock(&path)?;
        Ok(Self { path, _owner: owner })
    }

    /// Returns the directory's absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file that only this user can read, and returns its path.
    pub(super) fn write(&self, name: &str, contents: &str) -> Result<PathBuf, DeliverError> {
        let path = self.inside(name)?;
        if let Some(parent) = path.parent() {
            builder().recursive(true).create(parent).map_err(failed("create", parent))?;
        }
        let mut file = open_private(&path).map_err(failed("create", &path))?;
        file.set_len(0)
            .and_then(|()| file.write_all(contents.as_bytes()))
            .map_err(failed("write", &path))?;
        Ok(path)
    }

    /// Writes a file as [`Self::write`] does, but refuses a name that exists: a provider's file must not
    /// replace a file that isolates tools from other credentials.
    pub(super) fn write_new(&self, name: &str, contents: &str) -> Result<PathBuf, DeliverError> {
        if self.inside(name)?.symlink_metadata().is_ok() {
            return Err(DeliverError::File { name: name.to_owned() });
        }
        self.write(name, contents)
    }

    /// Writes a file below `directory` as [`Self::write_new`] does. The name must be a plain relative path
    /// before it is joined: `/etc/x` is refused.
    pub(super) fn write_below(
        &self,
        directory: &str,
        name: &str,
        contents: &str,
    ) -> Result<PathBuf, DeliverError> {
        self.inside(name)?;
        self.write_new(&format!("{directory}/{name}"), contents)
    }

    /// Returns a path without creating a file there. Creating files is most of a session's cost, so only
    /// files that tools must find are created.
    pub(super) fn reserve(&self, name: &str) -> Result<PathBuf, DeliverError> {
        self.inside(name)
    }

    /// INVARIANT: every path that this function returns lies in the directory.
    fn inside(&self, name: &str) -> Result<PathBuf, DeliverError> {
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if name.is_empty() || name.contains('\0') || !Path::new(name).components().all(is_plain) {
            return Err(DeliverError::File { name: name.to_owned() });
        }
        Ok(self.path.join(name))
    }
}

impl Drop for SessionDirectory {
    fn drop(&mut self) {
        // If the removal fails, the next session sweeps the directory.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Chooses the root of all sessions: the runtime directory, which is in memory and removed at logout, if it
/// is private to this user; else the state directory.
fn root(environment: &Environment, state: &Path) -> PathBuf {
    let runtime = environment.get_os(XDG_RUNTIME_DIR).map(Path::new);
    // In an isolated run, the runtime directory is not for the command.
    let is_inner = outer_session(environment).is_some();
    let [in_runtime, in_state] = SESSIONS;
    match runtime.filter(|_| !is_inner).filter(|path| path.is_absolute() && is_private(path)) {
        Some(runtime) => runtime.join(in_runtime),
        None => state.join(in_state),
    }
}

/// Removes the directories that can be locked, because their process has ended, and what their commands had in the user's home.
fn sweep(root: &Path) {
    placeholder::remove_all(root);
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let directory = entry.path();
        let is_alive =
            match OpenOptions::new().read(true).custom_flags(no_follow()).open(&directory) {
                Ok(owner) => matches!(owner.try_lock(), Err(TryLockError::WouldBlock)),
                Err(error) => error.kind() != io::ErrorKind::NotFound,
            };
        if !is_alive {
            // If the removal fails, the next session tries again.
            let _ = fs::remove_dir_all(directory);
        }
    }
}

fn lock(directory: &Path) -> Result<File, DeliverError> {
    let file = File::open(directory).map_err(failed("open", directory))?;
    private_file::lock(&file).map_err(failed("lock", directory))?;
    Ok(file)
}

fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(no_follow())
        .open(path)
}

fn no_follow() -> i32 {
    OFlag::O_NOFOLLOW.bits()
}

fn builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DeliverError {
    let path = path.to_owned();
    move |source| DeliverError::Io { action, path, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt};

    use super::*;

    fn private_directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
        directory
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_session_is_private_and_gone_afterwards() {
        let state = tempfile::tempdir().unwrap();
        let session = SessionDirectory::create(&Environment::default(), state.path()).unwrap();
        let file = session.write("aws/config", "x").unwrap();
        assert_eq!(
            (mode(session.path()), mode(file.parent().unwrap()), mode(&file)),
            (0o700, 0o700, 0o600)
        );
        assert!(session.path().starts_with(state.path().join("sessions")));
        let path = session.path().to_owned();
        drop(session);
        assert!(!path.exists());
    }

    #[test]
    fn the_runtime_directory_is_used_only_when_it_is_private() {
        let (runtime, state) = (private_directory(), private_directory());
        let environment = Environment::from_pairs([(XDG_RUNTIME_DIR, runtime.path())]);
        assert_eq!(root(&environment, state.path()), runtime.path().join("audex"));
        fs::set_permissions(runtime.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(root(&environment, state.path()), state.path().join("sessions"));
    }

    #[test]
    fn a_root_open_to_others_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o770)).unwrap();
        let refused = SessionDirectory::create_in(root.path());
        assert!(matches!(refused, Err(DeliverError::NotPrivate { .. })));
    }

    #[test]
    fn a_dead_session_is_swept_and_a_living_one_stays() {
        let root = private_directory();
        let living = SessionDirectory::create_in(root.path()).unwrap();
        let dead = root.path().join("dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("left"), "secret").unwrap();
        let another = SessionDirectory::create_in(root.path()).unwrap();
        assert!(!dead.exists());
        assert!(living.path().exists() && another.path().exists());
    }

    #[test]
    fn a_sweep_removes_what_a_killed_session_left_and_creates_nothing() {
        let state = private_directory();
        let sweep = || SessionDirectory::sweep(&Environment::default(), state.path());
        sweep().unwrap();
        assert!(!state.path().join("sessions").exists());
        let living = SessionDirectory::create(&Environment::default(), state.path()).unwrap();
        let dead = state.path().join("sessions/dead");
        fs::create_dir(&dead).unwrap();
        sweep().unwrap();
        assert!(living.path().exists() && !dead.exists());
        // A directory that others may enter is not one of this program.
        fs::create_dir(&dead).unwrap();
        let open = fs::Permissions::from_mode(0o770);
        fs::set_permissions(state.path().join("sessions"), open).unwrap();
        sweep().unwrap();
        assert!(dead.exists());
    }

    #[test]
    fn a_root_that_another_process_holds_locked_is_an_error_that_names_it() {
        let root = private_directory();
        let holder = File::open(root.path()).unwrap();
        holder.lock().unwrap();
        match SessionDirectory::create_in(root.path()) {
            Err(DeliverError::Io { action: "lock", path, source }) => {
                assert_eq!((path.as_path(), source.kind()), (root.path(), io::ErrorKind::TimedOut));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_outside_the_session_is_refused() {
        let root = private_directory();
        let session = SessionDirectory::create_in(root.path()).unwrap();
        for name in ["../x", "/etc/x", "", "a/../../x", "a\0b", "./x"] {
            assert!(matches!(session.write(name, ""), Err(DeliverError::File { .. })), "{name}");
            assert!(
                matches!(session.write_below("d", name, ""), Err(DeliverError::File { .. })),
                "{name}"
            );
        }
        // A symbolic link from another process is not followed.
        std::os::unix::fs::symlink("/tmp/elsewhere", session.path().join("link")).unwrap();
        assert!(session.write("link", "").is_err());
        assert!(session.write("a/b", "").is_ok());
    }
}
