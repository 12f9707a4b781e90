//! The events about what a command asked for while it ran.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RecordedPermission;

/// One thing more that a command asked for while it ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The id of the ask.
    pub ask: String,
    /// The provider's id.
    pub provider: String,
    /// The permissions.
    pub permissions: Vec<AskedPermission>,
    /// The reason, in the words of the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A permission that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedPermission {
    /// The native action.
    pub action: String,
    /// The resources; empty means every resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
}

/// The answer to an ask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The id of the ask.
    pub ask: String,
    /// True if it was granted.
    pub granted: bool,
    /// The person, the rule or the filter.
    pub by: String,
    /// The reason for a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True if it was granted for one request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// The end of what was granted, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A request for the credentials of an ask, which is about to go to the cloud.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adding {
    /// The id of the ask.
    pub ask: String,
    /// The provider's id.
    pub provider: String,
    /// The method of making the credentials.
    pub method: String,
    /// The permissions, each with its resources; none means every resource.
    pub permissions: Vec<RecordedPermission>,
    /// The duration of access, in seconds.
    pub ttl_seconds: u64,
    /// The components that took part, with their digests.
    pub components: BTreeMap<String, String>,
}

/// The credentials that the cloud issued for an ask, beside those that the session has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The id of the ask.
    pub ask: String,
    /// The provider's id.
    pub provider: String,
    /// The end of these credentials, RFC 3339.
    pub expires_at: String,
    /// The identity of the command in the cloud, such as an ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The public half of an AWS key, which the cloud's own log also shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The lease by which the provider can revoke the credentials, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<String>,
    /// The number of `GetScopedCredentials` policies on the credentials, if the cloud reported one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scoped_policies: Option<u32>,
}
