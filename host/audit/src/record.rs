//! The recorded events, as a closed set, and the conversion between a record and its line.

mod asks;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chain::{HASH_DIGITS, Hash, Key};
use super::{AuditError, Finding};

pub use self::asks::{Added, Adding, Answered, Asked, AskedPermission};

/// The format of lines; a change that older readers would misread raises it.
pub(super) const VERSION: u64 = 1;

/// The longest line, including its end. This bounds a reader's memory and is far above any real command.
pub(super) const MAX_LINE_BYTES: usize = 1 << 20;

/// The maximum number of entries of [`Used`], which a person can still read.
pub const MAX_DECISIONS: usize = 500;

/// The prefix that separates a record's hash from all other hashes made with the key.
const DOMAIN: &[u8] = b"audex audit record\0";

const MAC_START: &str = ",\"mac\":\"";
const MAC_END: &str = "\"}";

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The version of the format.
    pub v: u64,
    /// The record's number, counted from 1 without gaps.
    pub seq: u64,
    /// The time of writing, RFC 3339 in UTC, to the second.
    pub time: String,
    /// The session that the record belongs to.
    pub session: String,
    /// The recorded event.
    #[serde(flatten)]
    pub event: Event,
    /// The previous record's hash, 64 hexadecimal digits; zeros in the first record.
    pub prev: String,
}

/// All recorded events. Their values are plain text and never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Credentials are about to be requested; written before anything is minted.
    Issuing(Issuing),
    /// A provider is about to create a lease that must be revoked; written before the request to the cloud.
    Leasing(Leasing),
    /// Credentials were minted; written before the command starts.
    Issued(Issued),
    /// The gateway's decisions; written once, before the end of a session with a gateway.
    Used(Used),
    /// Credentials were renewed by the same plan, while the command runs; written before the command gets them.
    Renewed(Renewed),
    /// The command asked for one thing more.
    Asked(Asked),
    /// An ask was answered.
    Answered(Answered),
    /// Credentials for an ask are about to be requested; written before anything is minted.
    Adding(Adding),
    /// Credentials for an ask were minted; written before the command can use them.
    Added(Added),
    /// The command ended.
    Ended(Ended),
    /// A filter or the organisation denied the request.
    Denied(Denied),
    /// A stage failed, and no command was or will be run.
    Failed(Failed),
    /// `tryaudex cleanup` tried to revoke a session's leftover lease.
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
            Self::Used(_) => "used",
            Self::Renewed(_) => "renewed",
            Self::Asked(_) => "asked",
            Self::Answered(_) => "answered",
            Self::Adding(_) => "adding",
            Self::Added(_) => "added",
            Self::Ended(_) => "ended",
            Self::Denied(_) => "denied",
            Self::Failed(_) => "failed",
            Self::CleanedUp(_) => "cleaned_up",
        }
    }
}

/// A permission and the party that enforces it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPermission {
    /// The native action.
    pub action: String,
    /// The user's text that the action comes from.
    pub origin: String,
    /// `cloud`, `gateway`, `token` or `none`.
    pub enforced_by: String,
    /// The resources of this permission; empty means those of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
}

/// A permission that was requested and not granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedDenial {
    /// The native action.
    pub action: String,
    /// The filter that removed the permission.
    pub by: String,
    /// The filter's reason.
    pub reason: String,
}

/// The isolation of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedIsolation {
    /// `credentials` or `strict`.
    pub level: String,
    /// The mechanisms of the kernel that hold it.
    pub mechanisms: Vec<String>,
    /// The actions that this system cannot keep from the command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_held: Vec<String>,
}

/// A request that is about to go to the cloud, and its command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuing {
    /// The provider's id.
    pub provider: String,
    /// The profile of the permissions, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The sentence for which the permissions were proposed, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// The user's reason for the request, in the user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// The method of making the credentials.
    pub method: String,
    /// The permissions of the command.
    pub permissions: Vec<RecordedPermission>,
    /// The permissions that were requested and removed.
    pub denied: Vec<RecordedDenial>,
    /// The resources that the permissions are limited to.
    pub resources: Vec<String>,
    /// The duration of access, in seconds.
    pub ttl_seconds: u64,
    /// The region, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The isolation of the command; `None` if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<RecordedIsolation>,
    /// The sessions around this one, the outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// The command and its arguments, redacted.
    pub command: Vec<String>,
    /// The components that took part, with their digests.
    pub components: BTreeMap<String, String>,
}

/// The announcement of a lease that a provider is about to create, with the end of its session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leasing {
    /// The provider's id.
    pub provider: String,
    /// The lease, as the provider's `revoke` takes it.
    pub lease: String,
    /// The latest end of the session, RFC 3339.
    pub ends_at: String,
}

/// The credentials that the cloud issued.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// The provider's id.
    pub provider: String,
    /// The method of making the credentials.
    pub method: String,
    /// The end of access, RFC 3339.
    pub expires_at: String,
    /// The end of the credentials themselves, RFC 3339, if that is later than the end of access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_expire_at: Option<String>,
    /// The identity of the command in the cloud, such as an ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The public half of an AWS key, which the cloud's own log also shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The lease by which the provider can revoke the credentials, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<String>,
    /// The number of `GetScopedCredentials` policies on the credentials, if the cloud reported one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scoped_policies: Option<u32>,
}

/// The decisions of a session's gateway, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// At most [`MAX_DECISIONS`] entries.
    pub decisions: Vec<Decision>,
    /// The number of decisions that are in no entry.
    pub uncounted: u64,
    /// The number of asks that were not taken: too many, too often, or too long.
    #[serde(default, skip_serializing_if = "is_none")]
    pub asks_not_taken: u64,
    /// What became of the grants of asks before the session ended, by the id of the ask: `used`, by its one request, or `ended`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asks_over: BTreeMap<String, String>,
    /// The first failure of the webhook that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_failure: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// The number of equal decisions of a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The native action.
    pub action: String,
    /// A resource, a prefix that ends in `*`, or `*` if the resources were not seen.
    pub resource: String,
    /// True if the requests were allowed.
    pub allowed: bool,
    /// The number of decisions.
    pub count: u64,
}

/// The credentials that replace earlier ones of the same session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewed {
    /// The provider's id.
    pub provider: String,
    /// The end of these credentials, RFC 3339.
    pub expires_at: String,
    /// The identity of the command in the cloud, such as an ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The public half of an AWS key, which the cloud's own log also shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The lease by which the provider can revoke the credentials, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<String>,
    /// The number of `GetScopedCredentials` policies on the credentials, if the cloud reported one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scoped_policies: Option<u32>,
}

/// The end of the command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The exit status that Audex passed on.
    pub exit_code: u8,
    /// The signal that ended the command, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The time from the command's start to its end, in milliseconds.
    pub duration_ms: u64,
    /// True if the deadline ended the command.
    pub ended_by_deadline: bool,
    /// The user that ended the session with `sessions end`, if one did, with the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// The fate of the credentials: `revoked`, `expired`, or the reason for neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A request that was denied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// The provider's id.
    pub provider: String,
    /// The profile of the permissions, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The user's reason for the request, in the user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// The party that denied the request.
    pub by: String,
    /// The reason for the denial.
    pub reason: String,
    /// The requested actions.
    pub permissions: Vec<String>,
    /// The resources that the permissions were to be limited to.
    pub resources: Vec<String>,
    /// The permissions that were removed, each with the filter that removed it.
    pub denied: Vec<RecordedDenial>,
    /// The command and its arguments, redacted.
    pub command: Vec<String>,
    /// The components that took part, with their digests.
    pub components: BTreeMap<String, String>,
}

/// A stage that failed; no command was or will be run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The stage of the pipeline that failed.
    pub stage: String,
    /// The reason for the failure.
    pub reason: String,
    /// The provider's id, if it was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The exit status.
    pub exit_code: u8,
    /// The command and its arguments, redacted.
    pub command: Vec<String>,
    /// The components that took part, with their digests.
    pub components: BTreeMap<String, String>,
}

/// The outcome for a lease that a session had left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanedUp {
    /// The provider's id.
    pub provider: String,
    /// The lease.
    pub lease: String,
    /// `revoked`, or the reason why not.
    pub outcome: String,
}

/// Returns a record's line, including the line end, and the hash that the next record carries.
pub(super) fn encode(record: &Record, key: &Key) -> Result<(String, Hash), AuditError> {
    let text = serde_json::to_string(record).map_err(AuditError::Encode)?;
    let (line, hash) = seal(text, DOMAIN, key);
    if line.len() > MAX_LINE_BYTES {
        return Err(AuditError::TooLong { bytes: line.len() });
    }
    Ok((line, hash))
}

/// Returns a JSON object as a line with its hash, and the hash.
pub(super) fn seal(object: String, domain: &[u8], key: &Key) -> (String, Hash) {
    let hash = key.hash(domain, object.as_bytes());
    let mut line = object;
    // The hash is the last field of the same object, so that the hashed text is a prefix of the line.
    line.pop();
    line.push_str(MAC_START);
    line.push_str(hash.as_str());
    line.push_str(MAC_END);
    line.push('\n');
    (line, hash)
}

/// The content of a line, before its place in the chain is checked.
pub(super) enum Decoded {
    Record(Box<Record>, Hash),
    FutureVersion(u64),
    Bad(Finding),
}

/// Reads a line without its line end; if there is a key, checks the hash too.
pub(super) fn decode(line: &[u8], key: Option<&Key>) -> Decoded {
    #[derive(Deserialize)]
    struct Version {
        v: u64,
    }
    let bad = Decoded::Bad(Finding::Changed);
    let Ok(line) = std::str::from_utf8(line) else { return bad };
    // The version comes before the hash, because a later version may use another hash.
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

/// Splits a line of [`seal`], without its line end, into the hashed text and the hash.
pub(super) fn split(line: &str) -> Option<(String, Hash)> {
    let line = line.strip_suffix(MAC_END)?;
    let (body, hash) = line.split_at_checked(line.len().checked_sub(HASH_DIGITS)?)?;
    let body = body.strip_suffix(MAC_START)?;
    Some((format!("{body}}}"), Hash::parse(hash)?))
}
