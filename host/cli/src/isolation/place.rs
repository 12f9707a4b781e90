//! The places of the tables: paths below the directories of one user.

use std::path::{Path, PathBuf};

use audex_core::environment::{
    Environment, HOME, TMPDIR, XDG_CACHE_HOME, XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_RUNTIME_DIR,
    XDG_STATE_HOME,
};
use audex_core::process;
use nix::unistd::{Uid, getuid};

/// One path of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Below the home directory.
    Home(&'static str),
    /// Below `XDG_CONFIG_HOME` and below `~/.config`: not every tool follows the variable.
    Config(&'static str),
    /// Below `XDG_DATA_HOME` and below `~/.local/share`.
    Data(&'static str),
    /// Below `XDG_CACHE_HOME` and below `~/.cache`.
    Cache(&'static str),
    /// Below the runtime directory of the user.
    Runtime(&'static str),
    /// Below each directory for temporary files, with the id of the user behind the name: `tmux-1000`.
    OfUser(&'static str),
    /// An absolute path.
    Root(&'static str),
}

/// The rows of a table that belong to one tool.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The tool, as the plan names it.
    pub of: &'static str,
    /// The paths.
    pub places: &'static [Place],
}

/// The directories of one user, from which the places start.
#[derive(Clone, Debug)]
pub struct Bases {
    /// `HOME`, then the home directory of the account, which no variable moves.
    homes: Vec<PathBuf>,
    config: Vec<PathBuf>,
    data: Vec<PathBuf>,
    cache: Vec<PathBuf>,
    state: Vec<PathBuf>,
    runtime: Vec<PathBuf>,
    temporary: Vec<PathBuf>,
    user: Uid,
    /// The working directory.
    pub working: PathBuf,
}

impl Bases {
    /// Returns the directories of the user who has this environment.
    #[must_use]
    pub fn of(environment: &Environment, working: &Path) -> Self {
        let user = getuid();
        let absolute = |name: &str| {
            environment.get_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let homes = distinct(absolute(HOME).into_iter().chain(process::home(user)));
        let base = |name: &str, below: &str| {
            distinct(absolute(name).into_iter().chain(homes.iter().map(|home| home.join(below))))
        };
        // Source: systemd, pam_systemd(8), for the directory of a login session.
        let runtime = PathBuf::from(format!("/run/user/{user}"));
        Self {
            config: base(XDG_CONFIG_HOME, ".config"),
            data: base(XDG_DATA_HOME, ".local/share"),
            cache: base(XDG_CACHE_HOME, ".cache"),
            state: base(XDG_STATE_HOME, ".local/state"),
            runtime: distinct(absolute(XDG_RUNTIME_DIR).into_iter().chain([runtime])),
            temporary: distinct(
                ["/tmp", "/var/tmp"].map(PathBuf::from).into_iter().chain(absolute(TMPDIR)),
            ),
            homes,
            user,
            working: working.to_owned(),
        }
    }

    /// Returns the home directory that the user's tools see.
    #[must_use]
    pub fn home(&self) -> Option<&Path> {
        self.homes.first().map(PathBuf::as_path)
    }

    /// Returns true if the user is root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.user.is_root()
    }

    /// Returns the home directories: the one in `HOME`, and that of the account.
    #[must_use]
    pub fn homes(&self) -> &[PathBuf] {
        &self.homes
    }

    /// Returns true if `path` is below the home directory of the account, and that is not the one in `HOME`.
    #[must_use]
    pub fn is_elsewhere(&self, path: &Path) -> bool {
        let own = self.homes.first().is_some_and(|home| path.starts_with(home));
        !own && self.homes.iter().any(|home| path.starts_with(home))
    }

    /// Returns true if `path` is below a home directory and does not belong to the work.
    #[must_use]
    pub fn is_below_home(&self, path: &Path) -> bool {
        let is_at_home = self.homes.iter().any(|home| home.starts_with(&self.working));
        let is_of_work = !is_at_home && path.starts_with(&self.working);
        !is_of_work && self.homes.iter().any(|home| path.starts_with(home))
    }

    /// Returns the directories in which each program keeps a directory of its own state.
    pub fn states(&self) -> impl Iterator<Item = &PathBuf> {
        self.state.iter()
    }

    /// Returns the directories for temporary files.
    #[must_use]
    pub fn temporary(&self) -> &[PathBuf] {
        &self.temporary
    }

    /// Returns every path that `place` stands for.
    #[must_use]
    pub fn resolve(&self, place: Place) -> Vec<PathBuf> {
        let below =
            |bases: &[PathBuf], name: &str| bases.iter().map(|base| base.join(name)).collect();
        match place {
            Place::Home(name) => below(&self.homes, name),
            Place::Config(name) => below(&self.config, name),
            Place::Data(name) => below(&self.data, name),
            Place::Cache(name) => below(&self.cache, name),
            Place::Runtime("") => self.runtime.clone(),
            Place::Runtime(name) => below(&self.runtime, name),
            Place::OfUser(name) => below(&self.temporary, &format!("{name}-{}", self.user)),
            Place::Root(path) => vec![PathBuf::from(path)],
        }
    }

    /// Returns every path of these groups.
    #[must_use]
    pub fn all(&self, groups: &[Group]) -> Vec<PathBuf> {
        let places = groups.iter().flat_map(|group| group.places);
        places.flat_map(|place| self.resolve(*place)).collect()
    }

    /// Returns an absolute path for one that a user wrote: `~/` is the home directory, and a relative path is below the
    /// working directory.
    #[must_use]
    pub fn own(&self, written: &Path) -> PathBuf {
        match (written.strip_prefix("~"), self.home()) {
            (Ok(below), Some(home)) => home.join(below),
            _ => self.working.join(written),
        }
    }
}

fn distinct(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for path in paths {
        if !all.contains(&path) {
            all.push(path);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases(variables: &[(&str, &str)]) -> Bases {
        Bases::of(&Environment::from_pairs(variables.iter().copied()), Path::new("/work"))
    }

    #[test]
    fn a_variable_adds_a_directory_and_takes_none_away() {
        let plain = bases(&[(HOME, "/home/a")]);
        assert_eq!(plain.resolve(Place::Config("gcloud"))[0], Path::new("/home/a/.config/gcloud"));
        let moved = bases(&[(HOME, "/home/a"), (XDG_CONFIG_HOME, "/c")]);
        let gcloud = moved.resolve(Place::Config("gcloud"));
        assert_eq!(gcloud[..2], ["/c/gcloud", "/home/a/.config/gcloud"].map(PathBuf::from));
        let relative = bases(&[(HOME, "/home/a"), (XDG_CONFIG_HOME, "c")]);
        assert_eq!(relative.resolve(Place::Config("x")), plain.resolve(Place::Config("x")));
    }

    #[test]
    fn the_home_of_the_account_counts_whatever_the_variable_says() {
        let account = process::home(getuid()).unwrap();
        assert!(bases(&[(HOME, "/elsewhere")]).homes().contains(&account));
        assert_eq!(bases(&[]).homes(), [account]);
    }

    #[test]
    fn a_written_path_is_absolute() {
        let bases = bases(&[(HOME, "/home/a")]);
        for (written, expected) in [
            ("~/x", "/home/a/x"),
            ("~", "/home/a"),
            ("x", "/work/x"),
            ("/x", "/x"),
            ("~b", "/work/~b"),
        ] {
            assert_eq!(bases.own(Path::new(written)), Path::new(expected), "{written}");
        }
    }
}
