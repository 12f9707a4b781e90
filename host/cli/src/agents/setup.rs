//! Adds our parts to the files of an agent: first as changes to look at, then written.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use super::agent::{Agent, Place};
use super::file::{self, FileError};
use super::places::NoHome;
use super::record::{self, Kept, Record};
use super::target::{EditError, Form, Ours, Target};
use audex_core::environment::Environment;
use audex_core::hint::Hint;

/// The mode of a new file of the user's own configuration: an agent may put a login into it later.
const USER_MODE: u32 = 0o600;
/// The mode of a new file of a project.
const PROJECT_MODE: u32 = 0o644;
/// The mode of a program.
const PROGRAM_MODE: u32 = 0o755;

/// A file as it is and as it would be. Without a text, the file does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path.
    pub path: PathBuf,
    /// The present text.
    pub before: Option<String>,
    /// The text that replaces it.
    pub after: Option<String>,
    pub(super) mode: u32,
    pub(super) directories: Vec<PathBuf>,
}

/// The error for a configuration that cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum AgentsError {
    /// The user has no home directory.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file cannot be edited.
    #[error("cannot edit `{path}`", path = path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: EditError,
    },
    /// The record of what was added cannot be read or written.
    #[error("cannot keep the record of what was added, in `{state}`", state = state.display())]
    Record {
        /// The state directory.
        state: PathBuf,
        /// The reason.
        #[source]
        source: io::Error,
    },
}

impl Hint for AgentsError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::NoHome(_) => Some("set HOME, or pass --project".into()),
            Self::File(FileError::Changed(_)) => Some("try again".into()),
            Self::Edit { source: EditError::Foreign, .. } => {
                Some("move the file away, or keep it and go without ours".into())
            }
            Self::Edit { .. } => Some("correct the file; nothing was written".into()),
            Self::File(_) | Self::Record { .. } => None,
        }
    }
}

/// The changes for one agent, and the record that undoes them.
#[derive(Debug)]
pub struct Setup {
    /// The changes; empty if everything is as it should be.
    pub changes: Vec<Change>,
    record: Record,
}

impl Setup {
    /// Looks at the files of an agent, and returns the changes that add our parts.
    ///
    /// # Errors
    /// When a file cannot be read or edited.
    pub fn plan(
        environment: &Environment,
        state: &Path,
        place: &Place,
        ours: &Ours,
    ) -> Result<Self, AgentsError> {
        let old = load(state, ours.agent, place)?.unwrap_or_default();
        let mut record = Record {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            profile: ours.profile.clone(),
            provider: ours.provider.clone(),
            files: Vec::new(),
        };
        let mut changes = Vec::new();
        for target in ours.agent.targets(environment, place)? {
            let kept = old.kept(&target.path);
            let (change, kept) = look(&target, kept, ours, place)?;
            record.files.extend(kept);
            changes.extend(change);
        }
        Ok(Self { changes, record })
    }

    /// Writes the record, then the changes.
    ///
    /// # Errors
    /// When a file cannot be written. Those before it are changed then; `undo` takes them back.
    pub fn write(&self, state: &Path, agent: Agent, place: &Place) -> Result<(), AgentsError> {
        let failed = |source| AgentsError::Record { state: state.to_path_buf(), source };
        self.record.save(state, agent, place).map_err(failed)?;
        self.changes.iter().try_for_each(Change::write)
    }
}

impl Change {
    /// Writes the change.
    ///
    /// # Errors
    /// When the file was changed meanwhile, or cannot be written.
    pub fn write(&self) -> Result<(), AgentsError> {
        let Self { path, before, after, mode, directories } = self;
        match (before, after) {
            (Some(before), None) => file::remove(path, before, directories)?,
            (_, Some(after)) => file::replace(path, before.as_deref(), after, *mode)?,
            (None, None) => {}
        }
        Ok(())
    }
}

/// Returns the change of one file, if one is needed, and the addition to remember.
fn look(
    target: &Target,
    kept: Option<&Kept>,
    ours: &Ours,
    place: &Place,
) -> Result<(Option<Change>, Option<Kept>), AgentsError> {
    let Target { path, form } = target;
    let failed = |source| AgentsError::Edit { path: path.clone(), source };
    let before = file::read(path)?;
    let same = form.with(before.as_deref(), ours).map_err(failed)?;
    if before.as_ref() == Some(&same) {
        return Ok((None, kept.cloned()));
    }
    // An older part of ours goes first, so that the record always leads back to the user's own text.
    let clean = match &before {
        Some(text) => record::without(kept, *form, text).map_err(failed)?,
        None => None,
    };
    let after = form.with(clean.as_deref(), ours).map_err(failed)?;
    let directories = match kept {
        Some(kept) if before.is_some() => kept.directories.clone(),
        _ => file::missing_directories(path),
    };
    let kept = Kept::of(path, clean.as_deref(), &after, directories.clone());
    let mode = mode(*form, place);
    let after = Some(after);
    Ok((Some(Change { path: path.clone(), before, after, mode, directories }), Some(kept)))
}

fn mode(form: Form, place: &Place) -> u32 {
    match place {
        _ if form.is_executable() => PROGRAM_MODE,
        Place::User => USER_MODE,
        Place::Project(_) => PROJECT_MODE,
    }
}

/// Returns the record of an agent at a place.
///
/// # Errors
/// When there is one that cannot be read.
pub fn load(state: &Path, agent: Agent, place: &Place) -> Result<Option<Record>, AgentsError> {
    Record::load(state, agent, place)
        .map_err(|source| AgentsError::Record { state: state.to_path_buf(), source })
}
