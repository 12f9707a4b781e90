//! The program's directories (XDG Base Directory Specification).

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, geteuid};
use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

use crate::environment::{
    AUDEX_CONFIG_DIR, AUDEX_OUTER_SESSION, Environment, HOME, XDG_CACHE_HOME, XDG_CONFIG_HOME,
    XDG_DATA_HOME, XDG_STATE_HOME,
};
use crate::process;
use crate::shape::ConfiguredPath;

/// The organisation's files. No variable moves this directory, because the caller of the program must not be able to.
const ORGANISATION: &str = "/etc/audex";
/// The default of `XDG_DATA_HOME`, under the home directory.
const DATA: &str = ".local/share";
/// The default of `XDG_CACHE_HOME`, under the home directory.
const CACHE: &str = ".cache";
/// The directory of the state of a run inside an isolated run, under the session's directory.
const INNER: &str = "inner";
/// The random bytes in the name of a session's private directory: too many to guess.
pub const SESSION_NAME_BYTES: usize = 16;
/// The names of the directories that hold the private directories of sessions: under the runtime directory, and under the state
/// directory.
pub const SESSIONS: [&str; 2] = ["audex", "sessions"];
/// The directory of installed components, under the data directory.
const PLUGINS: &str = "plugins";

/// The program's directories.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The user's settings.
    pub config: PathBuf,
    /// The organisation's settings.
    pub organisation: PathBuf,
    /// The sessions, if there is no runtime directory.
    pub state: PathBuf,
    /// The audit log: in the state directory, unless the organisation sets another place.
    pub audit: PathBuf,
    /// Installed components: under the account's own home if the organisation has rules for components.
    pub plugins: PathBuf,
    /// Compiled components: under the account's own home if the organisation has rules for components.
    pub cache: PathBuf,
    /// The private directory of the isolated session around this run, if there is one.
    pub outer: Option<PathBuf>,
}

/// The error for directories that cannot be determined.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// There is no home directory.
    #[error("cannot tell where settings are: HOME is not set")]
    NoHome,
    /// `AUDEX_CONFIG_DIR` names a directory that does not exist. Security: a deny list in it would be missed silently.
    #[error("AUDEX_CONFIG_DIR must name a directory; {0} is not one")]
    NoConfigDirectory(ConfiguredPath),
    /// The organisation's rules need the account's home directory, and there is none.
    ///
    /// Security: `HOME` is not a substitute, because any caller can set this variable.
    #[error(
        "your organisation has rules for components, and user id {0} has no account with a home directory to keep them in"
    )]
    NoAccount(Uid),
}

impl Paths {
    /// Returns the directories of the user who has this environment.
    ///
    /// # Errors
    /// When neither `HOME` nor all the XDG variables are set to absolute paths, or the directory in `AUDEX_CONFIG_DIR` does
    /// not exist.
    pub fn resolve(environment: &Environment) -> Result<Self, PathsError> {
        let absolute = |name: &str| {
            environment.get_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let home = absolute(HOME);
        // A relative path in an XDG variable must be ignored (XDG Base Directory Specification, "Basics").
        let base = |variable: &str, under_home: &str| {
            let base =
                absolute(variable).or_else(|| home.as_deref().map(|home| home.join(under_home)));
            base.map(|base| base.join("audex")).ok_or(PathsError::NoHome)
        };
        let config = match environment.get_os(AUDEX_CONFIG_DIR) {
            Some(directory) if Path::new(directory).is_dir() => PathBuf::from(directory),
            Some(directory) => {
                let directory = ConfiguredPath::new(AUDEX_CONFIG_DIR, directory);
                return Err(PathsError::NoConfigDirectory(directory));
            }
            None => base(XDG_CONFIG_HOME, ".config")?,
        };
        // A run inside an isolated run keeps its state in the session around it, because the user's own is hidden.
        let outer = outer_session(environment);
        let state = match &outer {
            Some(session) => session.join(INNER),
            None => base(XDG_STATE_HOME, ".local/state")?,
        };
        Ok(Self {
            config,
            organisation: Path::new(ORGANISATION).to_path_buf(),
            audit: state.clone(),
            state,
            plugins: base(XDG_DATA_HOME, DATA)?.join(PLUGINS),
            cache: base(XDG_CACHE_HOME, CACHE)?,
            outer,
        })
    }

    /// Moves components and their compiled code under the home directory of the user's account, regardless of variables.
    ///
    /// Security: keys beside the lock file of installed components and beside the cache of machine code authenticate both. A
    /// caller who could move these directories could bring other keys, and replace a required component by any other.
    ///
    /// # Errors
    /// When the user has no account, or an account without a home directory.
    pub fn of_account(self, user: Uid) -> Result<Self, PathsError> {
        let home = process::home(user).ok_or(PathsError::NoAccount(user))?;
        let base = |under_home: &str| home.join(under_home).join("audex");
        Ok(Self { plugins: base(DATA).join(PLUGINS), cache: base(CACHE), ..self })
    }
}

/// Returns the private directory of the isolated session around this run, if the environment names one.
///
/// Security: the variable may be forged, so another directory than one of a session is ignored: nothing is created in it.
#[must_use]
pub fn outer_session(environment: &Environment) -> Option<PathBuf> {
    let session = PathBuf::from(environment.get_os(AUDEX_OUTER_SESSION)?);
    let is_named = |path: &Path, accepts: fn(&str) -> bool| {
        path.file_name().and_then(OsStr::to_str).is_some_and(accepts)
    };
    let is_session = is_named(&session, is_session_name)
        && session.parent().is_some_and(|root| is_named(root, |name| SESSIONS.contains(&name)));
    (session.is_absolute() && is_session && is_private(&session)).then_some(session)
}

/// Returns true if `name` is one of a session's private directory: random bytes as hexadecimal digits.
fn is_session_name(name: &str) -> bool {
    name.len() == 2 * SESSION_NAME_BYTES && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns true if `path` is a directory of this user that no other user may enter.
#[must_use]
pub fn is_private(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| {
        metadata.is_dir()
            && metadata.uid() == geteuid().as_raw()
            && metadata.mode().trailing_zeros() >= 6
    })
}

/// Reads a path that must be absolute.
///
/// # Errors
/// When the path is relative.
pub fn deserialize_absolute<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    if path.is_absolute() {
        return Ok(Some(path));
    }
    Err(D::Error::custom(format!("`{}` is not an absolute path", path.display())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::DirBuilderExt as _;

    use super::*;

    #[test]
    fn components_of_an_account_are_where_no_variable_says() {
        let environment =
            Environment::from_pairs([(HOME, "/a"), (XDG_DATA_HOME, "/b"), (XDG_CACHE_HOME, "/c")]);
        let paths = Paths::resolve(&environment).unwrap();
        assert_eq!(
            (paths.plugins.as_path(), paths.cache.as_path()),
            (Path::new("/b/audex/plugins"), Path::new("/c/audex"))
        );
        let config = paths.config.clone();
        let user = nix::unistd::getuid();
        let home = nix::unistd::User::from_uid(user).unwrap().unwrap().dir;
        let paths = paths.of_account(user).unwrap();
        assert_eq!(paths.plugins, home.join(".local/share/audex/plugins"));
        assert_eq!((paths.cache, paths.config), (home.join(".cache/audex"), config));
    }

    #[test]
    fn a_run_inside_an_isolated_run_keeps_its_state_in_the_session_around_it() {
        let root = tempfile::tempdir().unwrap();
        let of = |session: &Path| {
            let environment =
                Environment::from_pairs([(HOME, Path::new("/a")), (AUDEX_OUTER_SESSION, session)]);
            Paths::resolve(&environment).unwrap()
        };
        let directory = |place: &str, mode: u32| {
            let path = root.path().join(place).join("0123456789abcdef".repeat(2));
            fs::DirBuilder::new().recursive(true).mode(mode).create(&path).unwrap();
            path
        };
        let session = directory("audex", 0o700);
        let paths = of(&session);
        assert_eq!((&paths.state, &paths.audit), (&session.join("inner"), &paths.state));
        assert_eq!(paths.outer, Some(session.clone()));
        let link = root.path().join("audex").join("f".repeat(32));
        std::os::unix::fs::symlink(&session, &link).unwrap();
        let (open, elsewhere) = (directory("sessions", 0o755), directory("other", 0o700));
        let others = [&link, &open, &elsewhere, &session.join("none"), root.path()];
        for other in others.into_iter().chain(["/", "/none", "none"].map(Path::new)) {
            let paths = of(other);
            assert_eq!(paths.state, Path::new("/a/.local/state/audex"), "{}", other.display());
            assert_eq!(paths.outer, None);
        }
    }

    #[test]
    fn who_has_no_account_has_no_components_under_rules() {
        let paths = Paths::resolve(&Environment::from_pairs([(HOME, "/a")])).unwrap();
        let error = paths.of_account(Uid::from_raw(4_000_000_000)).unwrap_err().to_string();
        assert!(
            error.contains("user id 4000000000 has no account with a home directory"),
            "{error}"
        );
    }
}
