//! Landlock: rules for files and scopes for signals and abstract sockets.
//!
//! Guarantees: no signal leaves the session, no abstract socket outside is reached, no other process' memory is read; with
//! `strict`, nothing is written and nothing read but below the given paths. Does not hold sockets with a path, and cannot take a
//! file out of a directory that is allowed.

use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, CompatLevel, Compatible as _, PathBeneath, PathFd,
    Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, Scope,
};

use audex_core::isolation::Level;

use super::Mechanism;
use super::description::Description;

/// The version whose rights are used; the library leaves out those that an older kernel does not know.
const NEWEST: ABI = ABI::V7;
/// Where every command writes: devices and its own settings in `/proc`, which have permissions of their own.
const ALWAYS_WRITTEN: [&str; 2] = ["/dev", "/proc"];

/// Puts this process and its children under the rules of the description.
pub(super) fn restrict(description: &Description) -> io::Result<()> {
    let mut rules = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    if description.has(Mechanism::LandlockScopes) {
        rules = rules.scope(Scope::AbstractUnixSocket | Scope::Signal).map_err(refused)?;
    }
    let is_strict = description.level == Level::Strict && description.has(Mechanism::Landlock);
    if is_strict {
        rules = rules.handle_access(AccessFs::from_all(NEWEST)).map_err(refused)?;
    } else if !description.has(Mechanism::LandlockScopes) {
        return Ok(());
    }
    let mut rules = rules.create().map_err(refused)?;
    if is_strict {
        let always = ALWAYS_WRITTEN.map(PathBuf::from);
        let all = AccessFs::from_all(NEWEST);
        let written = description.write.iter().chain(&always);
        for path in written.chain([&description.session]) {
            rules = permit(rules, path, all)?;
        }
        for path in description.read.iter().chain(&description.show) {
            rules = permit(rules, path, AccessFs::from_read(NEWEST))?;
        }
    }
    rules.restrict_self().map_err(refused)?;
    Ok(())
}

fn permit(
    rules: landlock::RulesetCreated,
    path: &Path,
    rights: BitFlags<AccessFs>,
) -> io::Result<landlock::RulesetCreated> {
    // A path that does not exist needs no right.
    let Ok(file) = PathFd::new(path) else { return Ok(rules) };
    let rights = if path.is_dir() { rights } else { rights & AccessFs::from_file(NEWEST) };
    rules.add_rule(PathBeneath::new(file, rights)).map_err(refused)
}

fn refused(error: landlock::RulesetError) -> io::Error {
    io::Error::other(error)
}
