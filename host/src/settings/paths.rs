//! Where files are (XDG Base Directory Specification).

use std::path::{Path, PathBuf};

use crate::environment::{
    AUDEX_CONFIG_DIR, Environment, HOME, XDG_CACHE_HOME, XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME,
};

/// The organisation's files. No variable moves it: whoever runs the program must not be able to.
const ORGANISATION: &str = "/etc/audex";

/// The program's directories.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The user's settings.
    pub config: PathBuf,
    /// The organisation's settings.
    pub organisation: PathBuf,
    /// Sessions, where there is no runtime directory.
    pub state: PathBuf,
    /// The audit log: in the state directory, unless the organisation says otherwise.
    pub audit: PathBuf,
    /// Installed components.
    pub plugins: PathBuf,
    /// Compiled components.
    pub cache: PathBuf,
}

/// There is nowhere to look.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// No home directory.
    #[error("cannot tell where settings are: HOME is not set")]
    NoHome,
    /// A settings directory was named and is not there. Security: its deny list would be missed silently.
    #[error("AUDEX_CONFIG_DIR names `{}`, which is no directory", .0.display())]
    NoConfigDirectory(PathBuf),
}

impl Paths {
    /// The directories of the user whose environment this is.
    ///
    /// # Errors
    /// When neither `HOME` nor all the XDG variables are set to absolute paths, or the directory named for settings is
    /// not there.
    pub fn resolve(environment: &Environment) -> Result<Self, PathsError> {
        let absolute =
            |name: &str| environment.get_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute(HOME);
        // A relative path in an XDG variable is to be ignored (XDG Base Directory Specification, "Basics").
        let base = |variable: &str, under_home: &str| {
            let base = absolute(variable).or_else(|| home.as_deref().map(|home| home.join(under_home)));
            base.map(|base| base.join("audex")).ok_or(PathsError::NoHome)
        };
        let config = match environment.get_os(AUDEX_CONFIG_DIR) {
            Some(directory) if Path::new(directory).is_dir() => PathBuf::from(directory),
            Some(directory) => return Err(PathsError::NoConfigDirectory(directory.into())),
            None => base(XDG_CONFIG_HOME, ".config")?,
        };
        let state = base(XDG_STATE_HOME, ".local/state")?;
        Ok(Self {
            config,
            organisation: Path::new(ORGANISATION).to_path_buf(),
            audit: state.clone(),
            state,
            plugins: base(XDG_DATA_HOME, ".local/share")?.join("plugins"),
            cache: base(XDG_CACHE_HOME, ".cache")?,
        })
    }
}
