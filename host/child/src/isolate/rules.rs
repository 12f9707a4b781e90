//! Landlock: rules for files and scopes for signals and abstract sockets.
//!
//! Guarantees: no signal leaves the session, no abstract socket outside is reached, no other process' memory is read; with
//! `strict`, nothing is written and nothing read but below the given paths. Does not hold sockets with a path, and cannot take a
//! file out of a directory that is allowed: where there are no mounts, everything beside hidden files is allowed one by one, nothing can
//! be created in the directories above them, and nothing below the working directory is read-only.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, CompatLevel, Compatible as _, PathBeneath, PathFd,
    Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, Scope,
};

use audex_core::isolation::Level;

use super::description::Description;
use super::{Mechanism, devices};

/// The version whose rights are used; the library leaves out those that an older kernel does not know.
const NEWEST: ABI = ABI::V7;
/// The paths that every command writes: devices, and its settings in `/proc`. The system checks the permissions of these.
const ALWAYS_WRITTEN: [&str; 2] = ["/dev", "/proc"];

/// Puts this process and its children under the rules of the description.
pub(super) fn restrict(description: &Description) -> io::Result<()> {
    let has_scopes = description.has(Mechanism::LandlockScopes);
    let permitted = permitted(description);
    let is_by_mounts =
        description.level < Level::Strict && description.has(Mechanism::MountNamespace);
    let handled = if is_by_mounts { AccessFs::Refer.into() } else { AccessFs::from_all(NEWEST) };
    if permitted.is_none() && !has_scopes {
        return Ok(());
    }
    let mut rules = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    if has_scopes {
        rules = rules.scope(Scope::AbstractUnixSocket | Scope::Signal).map_err(refused)?;
    }
    if permitted.is_some() {
        rules = rules.handle_access(handled).map_err(refused)?;
    }
    let mut rules = rules.create().map_err(refused)?;
    for (path, rights) in permitted.unwrap_or_default() {
        rules = permit(rules, &path, rights)?;
    }
    rules.restrict_self().map_err(refused)?;
    Ok(())
}

/// Returns the paths with their rights, or `None` without rules for files.
fn permitted(description: &Description) -> Option<Vec<(PathBuf, BitFlags<AccessFs>)>> {
    if !description.has(Mechanism::Landlock) {
        return None;
    }
    let (all, read) = (AccessFs::from_all(NEWEST), AccessFs::from_read(NEWEST));
    let mut permitted = Vec::new();
    if description.level == Level::Strict {
        let always = ALWAYS_WRITTEN.map(PathBuf::from);
        let written = description.write.iter().chain(&always).chain([&description.session]);
        permitted.extend(written.map(|path| (path.clone(), all)));
        let read_paths = description.read.iter().chain(&description.show);
        permitted.extend(read_paths.map(|path| (path.clone(), read)));
    } else if description.has(Mechanism::MountNamespace) {
        // Under any rule for files, the kernel refuses to mount: in a namespace of its own, the command could keep the keeper's
        // mounts away. The rule itself takes nothing from it.
        permitted.push((PathBuf::from("/"), AccessFs::Refer.into()));
    } else {
        // The command creates files in its working directory, so nothing below it is read-only.
        let own = resolved(&description.directory);
        let is_elsewhere = |path: &&PathBuf| !resolved(path).starts_with(&own);
        let disks = devices::block_devices();
        let hidden = description.hide.iter().chain(&disks);
        let kept = description.read_only.iter().filter(is_elsewhere).chain(hidden);
        let kept: BTreeSet<PathBuf> = kept.map(|path| resolved(path)).collect();
        let mut around = Vec::new();
        beside(Path::new("/"), &kept, &mut around);
        permitted.extend(around.into_iter().map(|path| (path, all)));
        // Names of files are seen everywhere: a right on a directory holds for everything below it.
        permitted.push((PathBuf::from("/"), AccessFs::ReadDir.into()));
        let shown = description.show.iter().chain([&description.session]);
        permitted.extend(shown.map(|path| (path.clone(), all)));
        let hidden: Vec<PathBuf> = description.hide.iter().map(|path| resolved(path)).collect();
        let is_hidden =
            |path: &PathBuf| hidden.iter().any(|hidden| resolved(path).starts_with(hidden));
        let read_only = description.read_only.iter().filter(|path| !is_hidden(path));
        permitted.extend(read_only.map(|path| (path.clone(), read)));
    }
    Some(permitted)
}

/// Collects everything beside the paths of `kept`, and beside the directories above them. Without mounts, this is how a file is
/// taken out of a directory; nothing can be created in the directories above it.
fn beside(directory: &Path, kept: &BTreeSet<PathBuf>, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        // Security: a rule for a symbolic link would hold for the file that it leads to.
        let is_link = entry.file_type().map_or(true, |kind| kind.is_symlink());
        if is_link || kept.contains(&path) {
            continue;
        }
        if kept.iter().any(|kept| kept.starts_with(&path)) {
            beside(&path, kept, found);
        } else {
            found.push(path);
        }
    }
}

/// Returns the path without symbolic links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => resolved(parent).join(name),
        _ => path.to_owned(),
    })
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
