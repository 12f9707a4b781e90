//! The program's own files: settings, keys and logs are hidden; components and their compiled code can be read, for a run inside a run.

use std::path::PathBuf;

use super::place::Bases;
use super::place::Place::Config;
use super::startup::{Absent, Fixed};
use crate::settings::Settings;

/// Returns the settings, the state with the log and its key, and the files of `[secrets]`.
pub(super) fn hidden(settings: &Settings, bases: &Bases) -> Vec<PathBuf> {
    let paths = &settings.paths;
    let own = [&paths.config, &paths.state, &paths.audit];
    let usual = bases.resolve(Config("audex"));
    let states = bases.states().map(|state| state.join("audex"));
    let files = own.into_iter().map(PathBuf::as_path).chain(settings.secrets.files());
    // The variable with the directory of the settings may hold a relative path.
    files.map(|path| bases.own(path)).chain(usual).chain(states).collect()
}

/// Returns the components and their compiled code. Security: the command can read the keys beside them, and not use these, because it cannot
/// write there.
pub(super) fn fixed(settings: &Settings) -> Vec<Fixed> {
    let paths = &settings.paths;
    // The directory above the components holds the lock file too.
    let data = paths.plugins.parent().unwrap_or(&paths.plugins).to_owned();
    let all = [
        (data, Absent::Directory),
        (paths.cache.clone(), Absent::Directory),
        (paths.organisation.clone(), Absent::Open),
    ];
    all.map(|(path, absent)| Fixed { of: "Audex", path, absent }).into()
}
