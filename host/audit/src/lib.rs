//! The audit log: one line per event, bound to the previous line by a keyed hash.
//!
//! `audit.jsonl` holds the records, `audit.head` their number and the last hash, `audit.key` the key.
//! `audit.lock` keeps processes from writing at the same time, `audit.live` marks the sessions whose process lives.
//! Only this user may access these files.
//!
//! The chain shows every record that was changed, removed, moved or cut off at the end without the key.
//! It cannot show a log that was rewritten with the key, which every process of this user can read, a log
//! that was set back to an earlier state together with its head, or a log that was removed together with
//! its key. Against these, keep a copy of the last hash ([`Verified::last`]) elsewhere.
//!
//! A crash of the program loses no record. A crash of the machine may lose the last records, because they
//! are not forced to the disk; the log may then count as truncated.

mod bound;
mod chain;
mod head;
mod live;
mod read;
mod receipt;
mod record;
mod redact;
mod store;

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

pub use live::Live;
pub use read::{Filter, Verified};
pub use receipt::{Entry, ReceiptError, ReceiptFile};
pub use record::{
    Added, Adding, Answered, Asked, AskedPermission, CleanedUp, Decision, Denied, Ended, Event,
    Failed, Issued, Issuing, Leasing, MAX_DECISIONS, Record, RecordedDenial, RecordedIsolation,
    RecordedPermission, Renewed, Used,
};
pub use redact::redact_command;

use audex_core::hint::Hint;
use audex_core::secret::Secret;

/// The error for a log that cannot be written or trusted.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A file of the log could not be used.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// The action that failed, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The system has no random numbers for a key.
    #[error("no random numbers for the audit log's key")]
    Random,
    /// A record could not be turned into text.
    #[error("cannot encode an audit record")]
    Encode(#[source] serde_json::Error),
    /// A record is longer than the limit for a line.
    #[error("an audit record of {bytes} bytes is longer than a line may be")]
    TooLong {
        /// The length of the record.
        bytes: usize,
    },
    /// The log differs from what was written.
    #[error("audit log `{}`: {}", path.display(), finding.of(*record))]
    Tampered {
        /// The log.
        path: PathBuf,
        /// The first bad record, counted from 1.
        record: u64,
        /// The defect at that record.
        finding: Finding,
    },
    /// A newer version wrote the log.
    #[error("audit log `{}`: record {record} was written by a newer version (format {version})", path.display())]
    FutureVersion {
        /// The log.
        path: PathBuf,
        /// The first such record, counted from 1.
        record: u64,
        /// The format of that record.
        version: u64,
    },
}

impl Hint for AuditError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Tampered { .. } => Some(
                "keep the `audit.*` files elsewhere as evidence; the next run then begins a new log"
                    .into(),
            ),
            _ => None,
        }
    }
}

/// A defect of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The hash in the record does not match its text.
    Changed,
    /// The record for this place is missing from the log.
    Removed,
    /// Another record stands in this place; the expected one stands elsewhere.
    Reordered,
    /// The log ends here, but it was longer.
    Truncated,
    /// The log holds more than was ever written.
    Foreign,
    /// Neither the first record nor the head matches the key.
    KeySwapped,
    /// The log exists, but its key does not.
    KeyMissing,
    /// The head, which holds the length of the log, is missing.
    HeadMissing,
    /// The hash in the head does not match its text.
    HeadChanged,
}

impl Finding {
    /// Describes the defect of `record`, or of the whole log if no single record is at fault.
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
    /// Names the log in `directory`; the first record creates this directory.
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
    /// First, the command's arguments and free text are redacted, and `secrets` are replaced wherever they
    /// occur. Then text that is too long for a line is cut and marked. The cost does not depend on the log's length.
    ///
    /// # Errors
    /// [`AuditError::Tampered`] if the log's end differs from the last record written, and any other variant.
    /// Nothing has been written then.
    pub fn record(
        &self,
        session: &str,
        event: &Event,
        secrets: &[Secret],
    ) -> Result<u64, AuditError> {
        let event = redact::redact(event, secrets)?;
        store::append(&self.directory, session, bound::bound(event))
    }

    /// Checks every record against the chain, and the chain's end against the head, in constant memory.
    ///
    /// # Errors
    /// [`AuditError::Tampered`] and [`AuditError::FutureVersion`], with the first bad record.
    pub fn verify(&self) -> Result<Verified, AuditError> {
        self.verify_each(&mut |_, _| ())
    }

    /// Verifies the log as [`Self::verify`] does, and passes each record with its hash to `visit`, oldest first.
    ///
    /// Security: the records are to be believed only if the result is `Ok`.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub fn verify_each(&self, visit: &mut dyn FnMut(Record, &str)) -> Result<Verified, AuditError> {
        read::verify(&self.directory, visit)
    }

    /// Marks `session` as live while the value exists. The mark is made before the session's first record.
    ///
    /// # Errors
    /// [`AuditError::Io`].
    pub fn mark_live(&self, session: &str) -> Result<Live, AuditError> {
        live::mark(&self.directory, session)
    }

    /// Returns true if a process still writes the records of `session`.
    ///
    /// # Errors
    /// [`AuditError::Io`].
    pub fn is_live(&self, session: &str) -> Result<bool, AuditError> {
        live::is_live(&self.directory, session)
    }

    /// Returns the text of a receipt's file, or `None` if nothing was ever recorded.
    ///
    /// # Errors
    /// When the key cannot be read.
    pub fn receipt_text(&self, receipt: &ReceiptFile) -> Result<Option<String>, AuditError> {
        receipt::write(&self.directory, receipt)
    }

    /// Checks the receipt at `path`, the log, and that the log has the records that the receipt covers.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify_receipt(&self, path: &Path) -> Result<ReceiptFile, ReceiptError> {
        receipt::verify(&self.directory, &self.path(), path)
    }

    /// Returns the records that pass `filter`, oldest first, without checking the chain.
    ///
    /// # Errors
    /// [`AuditError::FutureVersion`], and [`AuditError::Tampered`] for a line that is not a record.
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
