//! The room for a session policy in plain text, which depends on the STS calls that carry the policy.
//!
//! The compressed policy has a separate limit, which only STS can check.

use audex_sdk::provider::Error;

use crate::compile::SCOPE_DOWN;
use crate::invalid;

/// The most characters of a session policy, unless the settings say otherwise. Source: STS API reference,
/// parameter `Policy` of AssumeRole. GetFederationToken and GetScopedCredentials accept no more, whatever the
/// settings say (model of botocore 1.44.8).
pub const LIMIT: usize = 2048;
/// The smallest limit: less has no room for one permission and the right to be scoped down.
const LEAST: usize = 256;
/// The largest limit, the longest policy of IAM: the quota of all inline policies of a role together (IAM
/// User Guide, "IAM and STS quotas").
const MOST: usize = 10_240;

/// The calls that carry a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// AssumeRole alone.
    AssumeRole,
    /// AssumeRole with the right to be scoped down, then GetScopedCredentials without it.
    AssumeRoleScoped,
    /// GetFederationToken or GetScopedCredentials alone.
    Capped,
}

/// The room for one policy, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The characters that STS accepts.
    pub limit: usize,
    /// The part of the limit that the policy itself may use.
    pub free: usize,
}

impl Room {
    /// Returns the room under the setting `policy_limit`.
    ///
    /// # Errors
    /// If the setting is not a valid number of characters for a policy.
    pub fn of(setting: Option<&str>, sent: Sent) -> Result<Self, Error> {
        let limit = match setting.map(str::parse) {
            None => LIMIT,
            Some(Ok(limit)) if (LEAST..=MOST).contains(&limit) => limit,
            Some(_) => {
                return Err(invalid(
                    "policy-limit",
                    format!("`policy_limit` is not a number from {LEAST} to {MOST}"),
                    &format!("leave it out for {LIMIT}, the limit that AWS documents"),
                ));
            }
        };
        let capped = limit.min(LIMIT);
        Ok(match sent {
            Sent::AssumeRole => limit.into(),
            Sent::Capped => capped.into(),
            Sent::AssumeRoleScoped => {
                let first = Self::from(limit).beside_scope_down();
                if first.free < LIMIT { first } else { LIMIT.into() }
            }
        })
    }

    /// Returns the room that is left beside the right to be scoped down.
    #[must_use]
    pub fn beside_scope_down(self) -> Self {
        Self { free: self.free.min(self.limit - SCOPE_DOWN.len() - 1), ..self }
    }
}

impl From<usize> for Room {
    fn from(limit: usize) -> Self {
        Self { limit, free: limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_documented_limit() {
        let first = LIMIT - SCOPE_DOWN.len() - 1;
        assert_eq!(Room::of(None, Sent::AssumeRole).unwrap(), LIMIT.into());
        assert_eq!(Room::of(None, Sent::Capped).unwrap(), LIMIT.into());
        assert_eq!(
            Room::of(None, Sent::AssumeRoleScoped).unwrap(),
            Room { limit: LIMIT, free: first }
        );
    }

    #[test]
    fn a_higher_limit_is_for_assume_role_alone_and_a_lower_one_for_all() {
        assert_eq!(Room::of(Some("4096"), Sent::AssumeRole).unwrap(), 4096.into());
        assert_eq!(Room::of(Some("4096"), Sent::Capped).unwrap(), LIMIT.into());
        assert_eq!(Room::of(Some("4096"), Sent::AssumeRoleScoped).unwrap(), LIMIT.into());
        assert_eq!(Room::of(Some("2100"), Sent::AssumeRoleScoped).unwrap().limit, 2100);
        for sent in [Sent::AssumeRole, Sent::AssumeRoleScoped, Sent::Capped] {
            assert_eq!(Room::of(Some("1000"), sent).unwrap().limit, 1000);
        }
    }

    #[test]
    fn what_is_not_a_limit_is_refused() {
        for wrong in
            ["", "0", "255", "10241", "-1", "2048.0", "2k", "all", "99999999999999999999999"]
        {
            assert_eq!(
                Room::of(Some(wrong), Sent::AssumeRole).unwrap_err().code,
                "policy-limit",
                "{wrong}"
            );
        }
    }
}
