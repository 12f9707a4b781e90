//! Takes our parts out of the files of an agent again.

use std::path::Path;

use super::agent::{Agent, Place};
use super::file;
use super::record::{self, Record};
use super::setup::{AgentsError, Change, load};
use audex_core::environment::Environment;

/// Returns the changes that take our parts out. A file without a part of ours stays as it is.
///
/// # Errors
/// When a file cannot be read or edited.
pub fn plan(
    environment: &Environment,
    state: &Path,
    agent: Agent,
    place: &Place,
) -> Result<Vec<Change>, AgentsError> {
    let record = load(state, agent, place)?.unwrap_or_default();
    let mut changes = Vec::new();
    for target in agent.targets(environment, place)? {
        let Some(before) = file::read(&target.path)? else { continue };
        let failed = |source| AgentsError::Edit { path: target.path.clone(), source };
        if !target.form.is_in(&before).map_err(failed)? {
            continue;
        }
        let kept = record.kept(&target.path);
        let after = record::without(kept, target.form, &before).map_err(failed)?;
        let directories = kept.map(|kept| kept.directories.clone()).unwrap_or_default();
        let before = Some(before);
        changes.push(Change { path: target.path, before, after, mode: 0, directories });
    }
    Ok(changes)
}

/// Writes the changes, then removes the record.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    changes: &[Change],
    state: &Path,
    agent: Agent,
    place: &Place,
) -> Result<(), AgentsError> {
    changes.iter().try_for_each(Change::write)?;
    Record::remove(state, agent, place)
        .map_err(|source| AgentsError::Record { state: state.to_path_buf(), source })
}
