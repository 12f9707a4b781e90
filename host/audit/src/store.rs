//! The files of the log: the lock, the key, and appending to the log.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;
use zeroize::Zeroizing;

use super::chain::Key;
use super::head::Head;
use super::record::{Decoded, Event, MAX_LINE_BYTES, Record, VERSION, decode, encode};
use super::{AuditError, Finding, failed};
use audex_core::{clock, private_file};

pub(super) const LOG: &str = "audit.jsonl";
pub(super) const HEAD: &str = "audit.head";
pub(super) const KEY: &str = "audit.key";
pub(super) const LOCK: &str = "audit.lock";

/// The most bytes that are read of a head or key. Both are shorter, but a swapped file may have any length.
const SMALL_FILE_BYTES: usize = 4096;

/// Appends one record under the lock that excludes all other processes.
pub(super) fn append(directory: &Path, session: &str, event: Event) -> Result<u64, AuditError> {
    private_file::create_directory(directory).map_err(failed("use", directory))?;
    let lock_path = directory.join(LOCK);
    let lock = private(OpenOptions::new().write(true).create(true), &lock_path)
        .map_err(failed("open", &lock_path))?;
    private_file::lock(&lock).map_err(failed("lock", &lock_path))?;

    let log_path = directory.join(LOG);
    let log = private(OpenOptions::new().read(true).append(true).create(true), &log_path)
        .map_err(failed("open", &log_path))?;
    let length = log.metadata().map_err(failed("read", &log_path))?.len();
    let key = match read_key(directory)? {
        Some(key) => key,
        None if length == 0 => start(directory)?,
        None => return Err(tampered(directory, 1, Finding::KeyMissing)),
    };
    let head = read_head(directory, &key)?;
    let head = recover(directory, &log, length, head, &key)?;
    write_next(directory, &log, &head, &key, session, event)
}

fn write_next(
    directory: &Path,
    mut log: &File,
    head: &Head,
    key: &Key,
    session: &str,
    event: Event,
) -> Result<u64, AuditError> {
    let seq = head.records + 1;
    let record = Record {
        v: VERSION,
        seq,
        time: clock::rfc3339(clock::unix_seconds()),
        session: session.to_owned(),
        event,
        prev: head.last.as_str().to_owned(),
    };
    let (line, hash) = encode(&record, key)?;
    let log_path = directory.join(LOG);
    if let Err(error) = log.write_all(line.as_bytes()) {
        // A full disk may hold a part of the line. If this call fails too, the next append cuts that part off.
        let _ = log.set_len(head.bytes);
        return Err(failed("write", &log_path)(error));
    }
    // The log comes first: a crash between the two writes leaves one extra record, which the next append verifies.
    write_head(
        directory,
        &Head { records: seq, bytes: head.bytes + line.len() as u64, last: hash },
        key,
    )?;
    Ok(seq)
}

/// Makes the first key and stores it last: until then, the log counts as never begun.
fn start(directory: &Path) -> Result<Key, AuditError> {
    let key = Key::generate()?;
    write_head(directory, &Head::empty(), &key)?;
    let path = directory.join(KEY);
    private_file::create(&path, key.bytes()).map_err(failed("create", &path))?;
    Ok(key)
}

/// Reads the key; returns `None` if there is no key.
pub(super) fn read_key(directory: &Path) -> Result<Option<Key>, AuditError> {
    let path = directory.join(KEY);
    // Security: a key that others know or made proves nothing.
    let Some(bytes) = read_small(private_file::open(&path)).map_err(failed("read", &path))? else {
        return Ok(None);
    };
    match Key::from_bytes(&bytes) {
        Some(key) => Ok(Some(key)),
        None => Err(tampered(directory, 1, Finding::KeySwapped)),
    }
}

pub(super) fn read_head(directory: &Path, key: &Key) -> Result<Head, AuditError> {
    let path = directory.join(HEAD);
    match read_small(private(OpenOptions::new().read(true), &path))
        .map_err(failed("read", &path))?
    {
        Some(bytes) => Head::decode(&String::from_utf8_lossy(&bytes), key),
        None => Err(Finding::HeadMissing),
    }
    .map_err(|finding| tampered(directory, 1, finding))
}

fn write_head(directory: &Path, head: &Head, key: &Key) -> Result<(), AuditError> {
    let path = directory.join(HEAD);
    let file = private(OpenOptions::new().write(true).create(true), &path)
        .map_err(failed("open", &path))?;
    file.write_all_at(head.encode(key).as_bytes(), 0).map_err(failed("write", &path))
}

/// Advances the head to a record that was written just before a crash, or cuts off an incomplete line.
fn recover(
    directory: &Path,
    log: &File,
    length: u64,
    head: Head,
    key: &Key,
) -> Result<Head, AuditError> {
    let next = head.records + 1;
    let Some(extra) = length.checked_sub(head.bytes) else {
        return Err(tampered(directory, first_missing(head.records), Finding::Truncated));
    };
    let Ok(extra @ 0..=MAX_LINE_BYTES) = usize::try_from(extra) else {
        return Err(tampered(directory, next, Finding::Foreign));
    };
    if extra == 0 {
        return Ok(head);
    }
    let mut tail = vec![0; extra];
    let path = directory.join(LOG);
    log.read_exact_at(&mut tail, head.bytes).map_err(failed("read", &path))?;
    if !tail.contains(&b'\n') {
        log.set_len(head.bytes).map_err(failed("write", &path))?;
        return Ok(head);
    }
    match tail.strip_suffix(b"\n").map(|line| decode(line, Some(key))) {
        Some(Decoded::Record(record, hash))
            if record.seq == next && record.prev == head.last.as_str() =>
        {
            Ok(Head { records: next, bytes: length, last: hash })
        }
        Some(Decoded::FutureVersion(version)) => Err(future(directory, next, version)),
        _ => Err(tampered(directory, next, Finding::Foreign)),
    }
}

/// Returns the best guess for the first missing record of a shortened log without reading the log: its last record.
fn first_missing(records: u64) -> u64 {
    records.max(1)
}

pub(super) fn tampered(directory: &Path, record: u64, finding: Finding) -> AuditError {
    AuditError::Tampered { path: directory.join(LOG), record, finding }
}

pub(super) fn future(directory: &Path, record: u64, version: u64) -> AuditError {
    AuditError::FutureVersion { path: directory.join(LOG), record, version }
}

fn read_small(opened: io::Result<File>) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    // The full capacity is reserved at once, because growing would leave copies of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(SMALL_FILE_BYTES));
    file.take(SMALL_FILE_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Opens a file of the log, closed to other users if it is new. Security: a link in its place is refused.
pub(super) fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path)
}
