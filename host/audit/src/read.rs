//! Reads the log line by line, to list it or to verify it.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Take};
use std::path::Path;

use super::chain::{Hash, Key};
use super::record::{Decoded, MAX_LINE_BYTES, Record, decode};
use super::store::{LOCK, LOG, future, private, read_head, read_key, tampered};
use super::{AuditError, Finding, failed};
use audex_core::private_file;

/// A selection of records to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The maximum number of records; the newest are kept.
    pub limit: Option<usize>,
    /// The session whose records are listed.
    pub session: Option<String>,
    /// The event whose records are listed, by its name in the log.
    pub event: Option<String>,
}

/// The result for a complete and unchanged log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The number of records.
    pub records: u64,
    /// The hash of the last record, to be kept elsewhere; zeros if there is no record.
    pub last: String,
}

pub(super) fn list(directory: &Path, filter: &Filter) -> Result<Vec<Record>, AuditError> {
    let lock = share(directory)?;
    let Some(mut lines) = Lines::open(directory)? else { return Ok(Vec::new()) };
    drop(lock);
    let mut found = VecDeque::new();
    while let Some(line) = lines.next()? {
        if line.is_torn {
            break;
        }
        let record = match decode(&line.text, None) {
            Decoded::Record(record, _) => *record,
            Decoded::FutureVersion(version) => return Err(future(directory, lines.count, version)),
            Decoded::Bad(finding) => return Err(tampered(directory, lines.count, finding)),
        };
        if !filter.passes(&record) {
            continue;
        }
        found.push_back(record);
        if filter.limit.is_some_and(|limit| found.len() > limit) {
            found.pop_front();
        }
    }
    Ok(found.into())
}

impl Filter {
    fn passes(&self, record: &Record) -> bool {
        self.session.as_ref().is_none_or(|session| *session == record.session)
            && self.event.as_ref().is_none_or(|event| event == record.event.name())
    }
}

/// Passes each record with its hash to `visit`, in order. Security: the records count only if the result is `Ok`.
pub(super) fn verify(
    directory: &Path,
    visit: &mut dyn FnMut(Record, &str),
) -> Result<Verified, AuditError> {
    let lock = share(directory)?;
    let lines = Lines::open(directory)?;
    let Some(key) = read_key(directory)? else {
        // Without a key, no record was ever written; a crash during the first append may leave a head.
        let is_empty = lines.as_ref().is_none_or(|lines| lines.length == 0);
        return if is_empty {
            Ok(Reached::start().into())
        } else {
            Err(tampered(directory, 1, Finding::KeyMissing))
        };
    };
    let head = read_head(directory, &key);
    drop(lock);
    let mut reached = Reached::start();
    if let Some(mut lines) = lines {
        let outcome = walk(directory, &mut lines, &key, &mut reached, visit);
        if reached.records == 0 && outcome.is_err() && is_changed_head(&head) {
            return Err(tampered(directory, 1, Finding::KeySwapped));
        }
        outcome?;
    }
    let head = head?;
    if reached.records < head.records {
        return Err(tampered(directory, reached.records + 1, Finding::Truncated));
    }
    // A crash between the two writes leaves one record more than the head counts; the chain confirms this record.
    let at_head = if reached.records > head.records { &reached.before } else { &reached.last };
    if reached.records > head.records + 1 || *at_head != head.last {
        return Err(tampered(directory, head.records + 1, Finding::Foreign));
    }
    Ok(reached.into())
}

fn is_changed_head<T>(head: &Result<T, AuditError>) -> bool {
    matches!(head, Err(AuditError::Tampered { finding: Finding::HeadChanged, .. }))
}

/// The progress along the chain.
struct Reached {
    records: u64,
    before: Hash,
    last: Hash,
}

impl Reached {
    fn start() -> Self {
        Self { records: 0, before: Hash::none(), last: Hash::none() }
    }
}

impl From<Reached> for Verified {
    fn from(reached: Reached) -> Self {
        Self { records: reached.records, last: reached.last.as_str().to_owned() }
    }
}

fn walk(
    directory: &Path,
    lines: &mut Lines,
    key: &Key,
    reached: &mut Reached,
    visit: &mut dyn FnMut(Record, &str),
) -> Result<(), AuditError> {
    while let Some(line) = lines.next()? {
        let expected = reached.records + 1;
        match decode(&line.text, Some(key)) {
            // A crash leaves half a line at the end; its record was never acknowledged.
            Decoded::Bad(_) if line.is_torn => return Ok(()),
            Decoded::Bad(finding) => return Err(tampered(directory, expected, finding)),
            Decoded::FutureVersion(version) => return Err(future(directory, expected, version)),
            Decoded::Record(record, hash)
                if record.seq == expected && record.prev == reached.last.as_str() =>
            {
                visit(*record, hash.as_str());
                reached.records = expected;
                reached.before = std::mem::replace(&mut reached.last, hash);
            }
            Decoded::Record(record, _) => {
                let is_later = record.seq <= expected || holds(lines, key, expected)?;
                let finding = if is_later { Finding::Reordered } else { Finding::Removed };
                return Err(tampered(directory, expected, finding));
            }
        }
    }
    Ok(())
}

/// Returns true if the rest of the log holds record `wanted`.
fn holds(lines: &mut Lines, key: &Key, wanted: u64) -> Result<bool, AuditError> {
    while let Some(line) = lines.next()? {
        if matches!(decode(&line.text, Some(key)), Decoded::Record(record, _) if record.seq == wanted)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes a shared lock, which keeps writers out while it lives; returns `None` if nothing was ever written.
///
/// Callers release the lock before they read the lines. So a writer need not wait until a long log has been read; the
/// part of the log that existed when [`Lines`] was opened does not change.
fn share(directory: &Path) -> Result<Option<File>, AuditError> {
    match private_file::check_directory(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed("use", directory))?,
    }
    let path = directory.join(LOCK);
    match private(OpenOptions::new().read(true), &path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => {
            let lock = other.map_err(failed("open", &path))?;
            private_file::lock_shared(&lock).map_err(failed("lock", &path))?;
            Ok(Some(lock))
        }
    }
}

/// The lines that the log had when it was opened; only one is in memory at a time.
struct Lines {
    reader: BufReader<Take<File>>,
    path: std::path::PathBuf,
    length: u64,
    count: u64,
}

struct Line {
    text: Vec<u8>,
    is_torn: bool,
}

impl Lines {
    /// Opens the log; returns `None` if there is no log.
    fn open(directory: &Path) -> Result<Option<Self>, AuditError> {
        let path = directory.join(LOG);
        let file = match private(OpenOptions::new().read(true), &path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed("open", &path))?,
        };
        let length = file.metadata().map_err(failed("read", &path))?.len();
        Ok(Some(Self { reader: BufReader::new(file.take(length)), path, length, count: 0 }))
    }

    /// Returns the next line without its line end; `is_torn` is set if the line has no end.
    fn next(&mut self) -> Result<Option<Line>, AuditError> {
        let mut text = Vec::new();
        let read = self.read(&mut text).map_err(failed("read", &self.path))?;
        if read == 0 {
            return Ok(None);
        }
        self.count += 1;
        let is_whole = text.pop_if(|last| *last == b'\n').is_some();
        // A line beyond the limit is not half of a record of ours.
        Ok(Some(Line { is_torn: !is_whole && read < MAX_LINE_BYTES, text }))
    }

    fn read(&mut self, text: &mut Vec<u8>) -> io::Result<usize> {
        (&mut self.reader).take(MAX_LINE_BYTES as u64).read_until(b'\n', text)
    }
}
