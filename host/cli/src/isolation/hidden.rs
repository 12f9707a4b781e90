//! What the command of a run does not see, by tool.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use audex_core::environment::Environment;
use audex_core::isolation::Level;

use super::credential::{BUILD_TOOLS, CREDENTIALS};
use super::family::Family;
use super::named::{Named, SSH_AUTH_SOCK, named};
use super::place::Bases;
use super::{IsolationError, audex, has_family};
use crate::settings::Settings;
use crate::settings::isolation::{Hide, Keep};

/// What is hidden, and what stays of it.
#[derive(Debug, Default)]
pub struct Hidden {
    /// The paths by tool, family or origin, without repetition.
    pub groups: Vec<(String, Vec<PathBuf>)>,
    /// Paths below hidden ones that stay.
    pub shown: Vec<PathBuf>,
    /// Paths that cannot be hidden, each with the variable that names it.
    pub too_wide: Vec<(String, PathBuf)>,
    /// The paths of all groups.
    known: HashSet<PathBuf>,
}

impl Hidden {
    /// Returns every hidden path.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.groups.iter().flat_map(|(_, paths)| paths)
    }

    /// Returns true if `path` is hidden, or lies in a hidden directory.
    #[must_use]
    pub(super) fn has(&self, path: &Path) -> bool {
        path.ancestors().any(|path| self.known.contains(path))
    }

    fn add(&mut self, of: &str, paths: impl IntoIterator<Item = PathBuf>) {
        let is_new = |path: &PathBuf| self.known.insert(path.clone());
        let new: Vec<PathBuf> = paths.into_iter().filter(is_new).collect();
        if !new.is_empty() {
            self.groups.push((of.to_owned(), new));
        }
    }
}

/// Returns what is hidden: the tables, the families that were named, what variables name, and the paths of both files. What the user
/// shows stays, unless the organisation hides it.
///
/// # Errors
/// When the user shows what the organisation hides.
pub(super) fn hidden(
    environment: &Environment,
    settings: &Settings,
    withheld: &[String],
    show: &[PathBuf],
    bases: &Bases,
) -> Result<Hidden, IsolationError> {
    let isolation = &settings.isolation;
    let mut hidden = Hidden::default();
    for group in CREDENTIALS {
        hidden.add(group.of, bases.all(std::slice::from_ref(group)));
    }
    hidden.add("Audex", audex::hidden(settings, bases));
    let kept: &[&str] =
        if isolation.choices.keep.contains(&Keep::SshAgent) { &[SSH_AUTH_SOCK] } else { &[] };
    let Named { paths, too_wide } = named(environment, withheld, kept, bases);
    hidden.add("named by variables", paths.into_iter().map(|(_, path)| path));
    hidden.too_wide = too_wide;
    for family in Family::ALL {
        // Under `strict` no tool reads its own login, except the files that belong to the work.
        let is_strict = isolation.level == Level::Strict && family != Family::Dotenv;
        if is_strict || has_family(&isolation.choices, family) {
            hidden.shown.extend(family.shown(bases));
            hidden.add(family.name(), family.paths(bases));
        }
    }
    if isolation.level == Level::Strict {
        hidden.add("build tools", bases.all(BUILD_TOOLS));
    }
    hidden.add("your settings", of(&isolation.choices.hide, bases, false));
    let is_shown = |path: &PathBuf| show.iter().any(|shown| is_below(path, shown));
    hidden.known.retain(|path| !is_shown(path));
    for (_, paths) in &mut hidden.groups {
        paths.retain(|path| !is_shown(path));
    }
    hidden.groups.retain(|(_, paths)| !paths.is_empty());
    let theirs = of(&isolation.organisation_hide, bases, true);
    if let Some((shown, hidden)) = show.iter().find_map(|shown| {
        theirs.iter().find(|path| is_below(shown, path)).map(|path| (shown, path))
    }) {
        let (shown, hidden) = (shown.clone(), hidden.clone());
        return Err(IsolationError::Theirs { shown, hidden });
    }
    hidden.add("your organisation", theirs);
    Ok(hidden)
}

/// Returns true if `path` is `of` or lies below it, also through links.
fn is_below(path: &Path, of: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.starts_with(of) || real(path).starts_with(real(of))
}

/// Returns the paths of these entries. The families of a user are listed by their own names.
fn of(entries: &[Hide], bases: &Bases, with_families: bool) -> Vec<PathBuf> {
    let paths = entries.iter().flat_map(|entry| match entry {
        Hide::Path(path) => {
            // A path below `~` is hidden below every home of the user.
            let below = path.strip_prefix("~").ok();
            match below {
                Some(below) => bases.homes().iter().map(|home| home.join(below)).collect(),
                None => vec![bases.own(path)],
            }
        }
        Hide::Family(family) if with_families => family.paths(bases),
        Hide::Family(_) => Vec::new(),
    });
    paths.collect()
}
