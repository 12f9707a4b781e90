//! The audit log: one line per event, each bound to the one before it by a keyed hash.
//!
//! `audit.jsonl` holds the records, `audit.head` how many there are and the last one's hash, `audit.key`
//! the key, `audit.lock` keeps processes from writing at once. All are for this user alone.
//!
//! What the chain shows: any record changed, removed, moved or cut off at the end by somebody who does
//! not use the key. What it cannot show: a log rewritten with the key, which whoever runs as this user
//! can read, one set back to an earlier state together with its head, or one removed together with its
//! key. Against these, keep a copy of the last hash ([`Verified::last`]) elsewhere.
//!
//! A crash of the program loses nothing. A crash of the machine may lose the last records, because they
//! are not forced to the disk; the log may then read as truncated.

mod bound;
mod chain;
mod head;
mod read;
mod record;
mod redact;
mod store;

use std::io;
use std::path::{Path, PathBuf};

pub use read::{Filter, Verified};
pub use record::{
    CleanedUp, Denied, Ended, Event, Failed, Issued, Issuing, Leasing, Record, RecordedDenial,
    RecordedPermission,
};

use audex_core::secret::Secret;

/// Says why the audit log could not be written or cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A file of the log could not be used.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system has no random numbers to make a key of.
    #[error("no random numbers for the audit log's key")]
    Random,
    /// A record could not be turned into text.
    #[error("cannot encode an audit record")]
    Encode(#[source] serde_json::Error),
    /// A record is longer than a line may be.
    #[error("an audit record of {bytes} bytes is longer than a line may be")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The log is not what was written.
    #[error("audit log `{}`: {}", path.display(), finding.of(*record))]
    Tampered {
        /// The log.
        path: PathBuf,
        /// The first bad record, counted from 1.
        record: u64,
        /// What is wrong there.
        finding: Finding,
    },
    /// A newer version wrote the log.
    #[error("audit log `{}`: record {record} was written by a newer version (format {version})", path.display())]
    FutureVersion {
        /// The log.
        path: PathBuf,
        /// The first such record, counted from 1.
        record: u64,
        /// Its format.
        version: u64,
    },
}

/// What is wrong with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The text does not have the hash it carries.
    Changed,
    /// The record that belongs here is nowhere in the log.
    Removed,
    /// Another record stands here; the one that belongs here comes elsewhere.
    Reordered,
    /// The log ends here, and it was longer.
    Truncated,
    /// There is more than was ever written.
    Foreign,
    /// Neither the first record nor the head fits the key.
    KeySwapped,
    /// There is a log without its key.
    KeyMissing,
    /// The file that says how long the log is, is missing.
    HeadMissing,
    /// The file that says how long the log is, does not have the hash it carries.
    HeadChanged,
}

impl Finding {
    /// Says what is wrong with `record`, or with the log where no single record is to blame.
    fn of(self, record: u64) -> String {
        let what = match self {
            Self::Changed => "was changed",
            Self::Removed => "was removed",
            Self::Reordered => "is not in its place",
            Self::Truncated => "was cut off, with all that followed",
            Self::Foreign => "was not written by this program",
            Self::KeySwapped => return "its key is not the one it was written with".to_owned(),
            Self::KeyMissing => return "its key is missing".to_owned(),
            Self::HeadMissing => return "its head is missing".to_owned(),
            Self::HeadChanged => return "its head was changed".to_owned(),
        };
        format!("record {record} {what}")
    }
}

/// The audit log in one directory.
#[derive(Debug, Clone)]
pub struct Audit {
    directory: PathBuf,
}

impl Audit {
    /// Names the log in `directory`, which is created with the first record.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Returns the path of the log itself.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.join(store::LOG)
    }

    /// Appends a record and returns its number, counted from 1.
    ///
    /// The command's arguments and free text are redacted first; `secrets` are replaced wherever they
    /// occur. What is too long for a line is cut then, and says so. The cost does not depend on the log's length.
    ///
    /// # Errors
    /// [`AuditError::Tampered`] when the log's end is not what was written last, and any other variant;
    /// nothing has been written then.
    pub fn record(&self, session: &str, event: &Event, secrets: &[Secret]) -> Result<u64, AuditError> {
        let event = redact::redact(event, secrets)?;
        store::append(&self.directory, session, bound::bound(event))
    }

    /// Checks every record against the chain and the end of the chain against the head, in constant memory.
    ///
    /// # Errors
    /// [`AuditError::Tampered`] and [`AuditError::FutureVersion`] with the first bad record.
    pub fn verify(&self) -> Result<Verified, AuditError> {
        read::verify(&self.directory)
    }

    /// Returns the records that pass `filter`, oldest first; it does not check the chain.
    ///
    /// # Errors
    /// [`AuditError::FutureVersion`], and [`AuditError::Tampered`] for a line that is no record.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Record>, AuditError> {
        read::list(&self.directory, filter)
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AuditError {
    let path = path.to_owned();
    move |source| AuditError::Io { action, path, source }
}

#[cfg(test)]
mod tests;
