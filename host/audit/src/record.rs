//! What is recorded, in a closed set of events, and how a record becomes a line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chain::{HASH_DIGITS, Hash, Key};
use super::{AuditError, Finding};

/// The format of lines; a change that older readers would misread raises it.
pub(super) const VERSION: u64 = 1;

/// The longest line, its end included: bounds what a reader must hold, and far above any real command.
pub(super) const MAX_LINE_BYTES: usize = 1 << 20;

/// Keeps a record's hash from being that of anything else made with the key.
const DOMAIN: &[u8] = b"audex audit record\0";

const MAC_START: &str = ",\"mac\":\"";
const MAC_END: &str = "\"}";

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The format's version.
    pub v: u64,
    /// The record's number, counted from 1 without gaps.
    pub seq: u64,
    /// When it was written, RFC 3339 in UTC, to the second.
    pub time: String,
    /// The session it belongs to.
    pub session: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// The previous record's hash, 64 hexadecimal digits; zeros in the first.
    pub prev: String,
}

/// Everything that is recorded. Values are plain text and never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Credentials are about to be asked for; written before anything is minted.
    Issuing(Issuing),
    /// A provider is about to make what has to be taken back; written before the cloud is asked for it.
    Leasing(Leasing),
    /// Credentials were minted; written before the command starts.
    Issued(Issued),
    /// The command ended.
    Ended(Ended),
    /// A filter or the organisation refused.
    Denied(Denied),
    /// Something went wrong, and nothing was or will be run.
    Failed(Failed),
    /// `tryaudex cleanup` tried to take back what a session left.
    CleanedUp(CleanedUp),
}

impl Event {
    /// Returns the event's name in the log, as filters use it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Issuing(_) => "issuing",
            Self::Leasing(_) => "leasing",
            Self::Issued(_) => "issued",
            Self::Ended(_) => "ended",
            Self::Denied(_) => "denied",
            Self::Failed(_) => "failed",
            Self::CleanedUp(_) => "cleaned_up",
        }
    }
}

/// A permission and who keeps the command to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPermission {
    /// The native action.
    pub action: String,
    /// What the user wrote.
    pub origin: String,
    /// `cloud`, `gateway`, `token` or `none`.
    pub enforced_by: String,
}

/// A permission that was asked for and not granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedDenial {
    /// The native action.
    pub action: String,
    /// The filter that took it away.
    pub by: String,
    /// Its reason.
    pub reason: String,
}

/// What is about to be asked of the cloud, and for which command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuing {
    /// The provider's id.
    pub provider: String,
    /// The profile the permissions come from, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The sentence that the permissions were proposed for, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// Why access was asked for, in the user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// How the credentials will be made.
    pub method: String,
    /// What the command may do.
    pub permissions: Vec<RecordedPermission>,
    /// What was asked for and taken away.
    pub denied: Vec<RecordedDenial>,
    /// What the permissions are limited to.
    pub resources: Vec<String>,
    /// How long access lasts.
    pub ttl_seconds: u64,
    /// The region, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The command and its arguments, redacted.
    pub command: Vec<String>,
    /// The components that took part, and the digest of each.
    pub components: BTreeMap<String, String>,
}

/// The announcement of what a provider is about to make, with the end of its session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leasing {
    /// The provider's id.
    pub provider: String,
    /// The lease, as the provider's `revoke` takes it.
    pub lease: String,
    /// When the session is over at the latest, RFC 3339.
    pub ends_at: String,
}

/// What the cloud gave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// The provider's id.
    pub provider: String,
    /// How the credentials were made.
    pub method: String,
    /// When access ends, RFC 3339.
    pub expires_at: String,
    /// When the credentials themselves end, RFC 3339, where that is later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_expire_at: Option<String>,
    /// Who the command is to the cloud, such as an ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The public half of an AWS key, which the cloud's own log shows too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// What the provider takes them back by, if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<String>,
    /// How many policies of `GetScopedCredentials` the credentials carry, where the cloud said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scoped_policies: Option<u32>,
}

/// How the command ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The exit status Audex passed on.
    pub exit_code: u8,
    /// The signal that ended the command, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The time from the command's start to its end.
    pub duration_ms: u64,
    /// Whether the deadline ended it.
    pub ended_by_deadline: bool,
    /// Whether the credentials were taken back: `revoked`, `expired`, or why neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// The provider's id.
    pub provider: String,
    /// The profile the permissions come from, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Why access was asked for, in the user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// Who refused.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The actions that were asked for.
    pub permissions: Vec<String>,
    /// What they were to be limited to.
    pub resources: Vec<String>,
    /// What was taken away, and by whom.
    pub denied: Vec<RecordedDenial>,
    /// The command and its arguments, redacted.
    pub command: Vec<String>,
    /// The components that took part, and the digest of each.
    pub components: BTreeMap<String, String>,
}

/// What went wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The stage of the pipeline.
    pub stage: String,
    /// What happened there.
    pub reason: String,
    /// The provider's id, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The exit status.
    pub exit_code: u8,
    /// The command and its arguments, redacted.
    pub command: Vec<String>,
    /// The components that took part, and the digest of each.
    pub components: BTreeMap<String, String>,
}

/// What became of a lease that a session had left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanedUp {
    /// The provider's id.
    pub provider: String,
    /// The lease.
    pub lease: String,
    /// `revoked`, or why not.
    pub outcome: String,
}

/// Turns a record into its line, the end of line included, and the hash the next one carries.
pub(super) fn encode(record: &Record, key: &Key) -> Result<(String, Hash), AuditError> {
    let mut line = serde_json::to_string(record).map_err(AuditError::Encode)?;
    let hash = key.hash(DOMAIN, line.as_bytes());
    // The hash goes into the same object, last, so that the hashed text is a prefix of the line.
    line.pop();
    line.push_str(MAC_START);
    line.push_str(hash.as_str());
    line.push_str(MAC_END);
    line.push('\n');
    if line.len() > MAX_LINE_BYTES {
        return Err(AuditError::TooLong { bytes: line.len() });
    }
    Ok((line, hash))
}

/// What a line is, before its place in the chain is looked at.
pub(super) enum Decoded {
    Record(Box<Record>, Hash),
    FutureVersion(u64),
    Bad(Finding),
}

/// Reads a line without its end; with a key, checks the hash too.
pub(super) fn decode(line: &[u8], key: Option<&Key>) -> Decoded {
    #[derive(Deserialize)]
    struct Version {
        v: u64,
    }
    let bad = Decoded::Bad(Finding::Changed);
    let Ok(line) = std::str::from_utf8(line) else { return bad };
    // Before the hash, because a later version may hash differently.
    match serde_json::from_str::<Version>(line) {
        Ok(Version { v }) if v > VERSION => return Decoded::FutureVersion(v),
        Ok(_) => {}
        Err(_) => return bad,
    }
    let Some((body, hash)) = split(line) else { return bad };
    if key.is_some_and(|key| !key.fits(DOMAIN, body.as_bytes(), &hash)) {
        return bad;
    }
    match serde_json::from_str::<Record>(&body) {
        Ok(record) if record.v == VERSION => Decoded::Record(Box::new(record), hash),
        _ => bad,
    }
}

/// Splits a line into the text that was hashed and the hash.
fn split(line: &str) -> Option<(String, Hash)> {
    let line = line.strip_suffix(MAC_END)?;
    let (body, hash) = line.split_at_checked(line.len().checked_sub(HASH_DIGITS)?)?;
    let body = body.strip_suffix(MAC_START)?;
    Some((format!("{body}}}"), Hash::parse(hash)?))
}
