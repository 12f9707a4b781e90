//! Receipts: the account of one session in a file of its own, authenticated under the log's key.
//!
//! A receipt names the records that it was made from by number and hash, so it can be compared with the log.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chain::Key;
use super::record::{Event, seal, split};
use super::store::read_key;
use super::{AuditError, read};
use audex_core::hint::Hint;

const VERSION: u64 = 1;

const DOMAIN: &[u8] = b"audex audit receipt\0";
/// The prefix of the hash that tells keys apart without showing anything of them.
const KEY_DOMAIN: &[u8] = b"audex audit key id\0";

/// The most bytes that are read of a receipt: a receipt quotes a few records of at most 1 MiB each.
const MAX_BYTES: u64 = 16 << 20;

/// A record that a receipt covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The record's number.
    pub seq: u64,
    /// The record's hash.
    pub mac: String,
}

/// The content of a receipt's file, without its authentication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceiptFile {
    /// The session.
    pub session: String,
    /// The records that the account was made from.
    pub entries: Vec<Entry>,
    /// The account itself.
    pub account: Value,
}

/// The content of a file, except the hash at its end.
#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    v: u64,
    key: String,
    #[serde(flatten)]
    receipt: T,
}

/// The error for a receipt that was not verified.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The file cannot be read.
    #[error("cannot read receipt `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file does not have the form of a receipt.
    #[error("`{}` is not a receipt, or it was changed", .0.display())]
    Malformed(PathBuf),
    /// A newer version wrote the file.
    #[error("receipt `{}` was written by a newer version (format {version})", path.display())]
    FutureVersion {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        version: u64,
    },
    /// The file names another key than that of this log.
    #[error("receipt `{}` was written with another key than that of audit log `{}`", path.display(), log.display())]
    OtherKey {
        /// The file.
        path: PathBuf,
        /// The log of this machine.
        log: PathBuf,
    },
    /// The hash in the file does not match its text.
    #[error("receipt `{}` was changed", .0.display())]
    Changed(PathBuf),
    /// A record that the receipt names is not in the log.
    #[error("receipt `{}` covers record {record}, which audit log `{}` does not have in this form", path.display(), log.display())]
    NotInLog {
        /// The file.
        path: PathBuf,
        /// The log of this machine.
        log: PathBuf,
        /// The record's number.
        record: u64,
    },
    /// The log has records of the session that the receipt does not cover.
    #[error(
        "receipt `{}` was written before session `{session}` ended; the log has {} of it",
        path.display(), later(*records)
    )]
    Outdated {
        /// The file.
        path: PathBuf,
        /// The session.
        session: String,
        /// The number of the session's later records.
        records: u64,
    },
    /// The log itself is not intact.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl Hint for ReceiptError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::OtherKey { .. } => {
                Some("verify it on the machine and as the user that wrote it".into())
            }
            Self::Outdated { session, .. } => Some(
                format!("write it again: `tryaudex sessions show {session} --receipt FILE`").into(),
            ),
            Self::Audit(error) => error.hint(),
            _ => None,
        }
    }
}

/// Returns the text of a receipt's file. `None` stands for a log without a key, which has no session.
pub(super) fn write(directory: &Path, receipt: &ReceiptFile) -> Result<Option<String>, AuditError> {
    let Some(key) = read_key(directory)? else { return Ok(None) };
    let sealed = Sealed { v: VERSION, key: key_id(&key), receipt };
    let text = serde_json::to_string(&sealed).map_err(AuditError::Encode)?;
    Ok(Some(seal(text, DOMAIN, &key).0))
}

pub(super) fn verify(
    directory: &Path,
    log: &Path,
    path: &Path,
) -> Result<ReceiptFile, ReceiptError> {
    let named = || path.to_owned();
    let text = read_file(path).map_err(|source| ReceiptError::Io { path: named(), source })?;
    let malformed = || ReceiptError::Malformed(named());
    let text = String::from_utf8(text).map_err(|_| malformed())?;
    let text = text.strip_suffix('\n').ok_or_else(malformed)?;
    let (body, hash) = split(text).ok_or_else(malformed)?;
    let Sealed { v: version, key: id, receipt } =
        serde_json::from_str::<Sealed<Value>>(&body).map_err(|_| malformed())?;
    if version > VERSION {
        return Err(ReceiptError::FutureVersion { path: named(), version });
    }
    let key = read_key(directory)?.filter(|key| key_id(key) == id);
    let other = || ReceiptError::OtherKey { path: named(), log: log.to_owned() };
    if !key.ok_or_else(other)?.fits(DOMAIN, body.as_bytes(), &hash) {
        return Err(ReceiptError::Changed(named()));
    }
    let receipt: ReceiptFile = serde_json::from_value(receipt).map_err(|_| malformed())?;
    match compare(directory, &receipt)? {
        Compared { missing: Some(record), .. } => {
            Err(ReceiptError::NotInLog { path: named(), log: log.to_owned(), record })
        }
        Compared { later: 0, .. } => Ok(receipt),
        Compared { later: records, .. } => {
            Err(ReceiptError::Outdated { path: named(), session: receipt.session, records })
        }
    }
}

struct Compared {
    /// The first record of the receipt that the log does not have.
    missing: Option<u64>,
    /// The number of the session's records after those of the receipt, without those of a later cleanup.
    later: u64,
}

/// Compares the receipt with the log, which is verified as a whole.
fn compare(directory: &Path, receipt: &ReceiptFile) -> Result<Compared, AuditError> {
    let last = receipt.entries.iter().map(|entry| entry.seq).max().unwrap_or_default();
    let mut later = 0;
    let mut wanted: BTreeMap<u64, &str> =
        receipt.entries.iter().map(|entry| (entry.seq, entry.mac.as_str())).collect();
    read::verify(directory, &mut |record, hash| {
        if record.session != receipt.session {
            return;
        }
        if wanted.get(&record.seq) == Some(&hash) {
            wanted.remove(&record.seq);
        }
        if record.seq > last && !matches!(record.event, Event::CleanedUp(_)) {
            later += 1;
        }
    })?;
    Ok(Compared { missing: wanted.keys().next().copied(), later })
}

fn later(records: u64) -> String {
    let ending = if records == 1 { "" } else { "s" };
    format!("{records} later record{ending}")
}

fn key_id(key: &Key) -> String {
    key.hash(KEY_DOMAIN, &[]).as_str().to_owned()
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Audit, CleanedUp, Ended, Issued};

    struct Bench {
        directory: tempfile::TempDir,
        audit: Audit,
    }

    impl Bench {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let audit = Audit::new(directory.path().join("state"));
            for session in ["audex-1", "audex-2", "audex-1"] {
                audit.record(session, &Event::Ended(Ended::default()), &[]).unwrap();
            }
            Self { directory, audit }
        }

        fn receipt(&self) -> String {
            let mut entries = Vec::new();
            let visit = &mut |record: crate::Record, mac: &str| {
                if record.session == "audex-1" {
                    entries.push(Entry { seq: record.seq, mac: mac.to_owned() });
                }
            };
            self.audit.verify_each(visit).unwrap();
            let account = json!({ "used": 3 });
            let receipt = ReceiptFile { session: "audex-1".to_owned(), entries, account };
            self.audit.receipt_text(&receipt).unwrap().unwrap()
        }

        fn verify(&self, text: impl AsRef<[u8]>) -> Result<ReceiptFile, ReceiptError> {
            let path = self.directory.path().join("receipt.json");
            std::fs::write(&path, text).unwrap();
            self.audit.verify_receipt(&path)
        }
    }

    #[test]
    fn a_receipt_verifies_and_names_what_it_covers() {
        let bench = Bench::new();
        let receipt = bench.verify(bench.receipt()).unwrap();
        let numbers: Vec<u64> = receipt.entries.iter().map(|entry| entry.seq).collect();
        assert_eq!((receipt.session.as_str(), numbers.as_slice()), ("audex-1", &[1, 3][..]));
        assert_eq!(receipt.account, json!({ "used": 3 }));
    }

    #[test]
    fn one_changed_byte_anywhere_is_refused() {
        let bench = Bench::new();
        let text = bench.receipt().into_bytes();
        for at in 0..text.len() {
            for bit in [1, 0x20, 0x80] {
                let mut changed = text.clone();
                changed[at] ^= bit;
                assert!(bench.verify(&changed).is_err(), "byte {at}, bit {bit}");
            }
            assert!(bench.verify(&text[..at]).is_err(), "cut at {at}");
        }
        assert!(bench.verify([&text[..], b"\n"].concat()).is_err());
        assert!(bench.verify(&text).is_ok());
    }

    #[test]
    fn another_machines_receipt_and_a_machine_without_a_key_are_named_as_such() {
        let (bench, other) = (Bench::new(), Bench::new());
        let is_other = |bench: &Bench, text: &str| {
            matches!(bench.verify(text), Err(ReceiptError::OtherKey { .. }))
        };
        assert!(is_other(&bench, &other.receipt()));
        let empty = tempfile::tempdir().unwrap();
        let fresh = Bench { audit: Audit::new(empty.path()), directory: empty };
        assert!(is_other(&fresh, &bench.receipt()));
        assert!(
            fresh.audit.receipt_text(&bench.verify(bench.receipt()).unwrap()).unwrap().is_none()
        );
    }

    #[test]
    fn a_receipt_is_refused_when_its_session_has_later_records_but_those_of_a_cleanup() {
        let bench = Bench::new();
        let text = bench.receipt();
        let record = |session: &str, event| bench.audit.record(session, &event, &[]).unwrap();
        record("audex-1", Event::CleanedUp(CleanedUp::default()));
        record("audex-2", Event::Ended(Ended::default()));
        assert!(bench.verify(&text).is_ok());
        for expected in ["1 later record of it", "2 later records of it"] {
            record("audex-1", Event::Issued(Issued::default()));
            let refused = bench.verify(&text).unwrap_err();
            assert!(matches!(refused, ReceiptError::Outdated { .. }), "{refused}");
            assert!(refused.to_string().ends_with(expected), "{refused}");
        }
        assert!(bench.verify(bench.receipt()).is_ok());
    }

    #[test]
    fn a_record_of_the_log_is_not_a_receipt() {
        let bench = Bench::new();
        let log = std::fs::read_to_string(bench.audit.path()).unwrap();
        let line = format!("{}\n", log.lines().next().unwrap());
        assert!(matches!(bench.verify(line), Err(ReceiptError::Malformed(_))));
    }

    #[test]
    fn a_receipt_of_records_that_the_log_does_not_have_is_refused() {
        let bench = Bench::new();
        let entry = |seq| Entry { seq, mac: "0".repeat(64) };
        for seq in [1, 4] {
            let (session, entries) = ("audex-1".to_owned(), vec![entry(seq)]);
            let forged = ReceiptFile { session, entries, account: Value::Null };
            let text = bench.audit.receipt_text(&forged).unwrap().unwrap();
            assert!(
                matches!(bench.verify(text), Err(ReceiptError::NotInLog { record, .. }) if record == seq)
            );
        }
    }

    #[test]
    fn a_receipt_is_refused_with_a_log_that_is_not_intact() {
        let bench = Bench::new();
        let text = bench.receipt();
        let log = std::fs::read_to_string(bench.audit.path()).unwrap();
        let cut: Vec<&str> = log.lines().take(2).collect();
        std::fs::write(bench.audit.path(), cut.join("\n") + "\n").unwrap();
        assert!(matches!(
            bench.verify(text),
            Err(ReceiptError::Audit(AuditError::Tampered { .. }))
        ));
    }
}
