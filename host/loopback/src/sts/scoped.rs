//! `GetScopedCredentials`: the caller's own session with fewer permissions or an earlier end.
//!
//! Parameters, errors and result: the model of the operation in botocore 1.44.8. The model does not state
//! that a caller needs `sts:GetScopedCredentials`; this cloud requires it.

use super::{Call, MAX_USER_SESSION_SECONDS, failed, forbidden, internal, invalid};
use crate::credential::{Principal, Session, unique_id};
use crate::iam::Decision;
use crate::reply::{Failure, escape};

const ACTION: &str = "sts:GetScopedCredentials";
/// The policies of this operation that one session may carry; a call that adds a fourth is denied.
const MAX_SCOPED_POLICIES: u32 = 3;
/// The largest `MinimumSessionTokenSize`, and the limit that `SessionTokenUtilization` is a percentage of.
const MAX_TOKEN_BYTES: usize = 4096;
/// The allowed lengths of `ScopedSessionDescription`, in characters.
const DESCRIPTION_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=256;

impl Call<'_> {
    pub(super) fn scoped_credentials(&self) -> Result<String, Failure> {
        self.only(&[
            "Policy",
            "DurationSeconds",
            "MinimumSessionTokenSize",
            "ScopedSessionDescription",
        ])?;
        let Some(session) = &self.caller.session else {
            return Err(failed(
                "InvalidSubjectCredentials",
                "GetScopedCredentials takes the credentials of a session",
            ));
        };
        if self.cloud.deny_scoped_credentials {
            self.remember(self.ask(ACTION, "*"), Decision::ExplicitDeny);
            return Err(self.denied(ACTION, "*"));
        }
        let token_bytes = self.token_bytes()?;
        let policy = self.scope_down_policy()?;
        let seconds = self.scoped_seconds(session)?;
        self.description()?;
        let mut principal = Principal::clone(&self.caller.principal);
        if policy.is_some() && principal.scoped_policies >= MAX_SCOPED_POLICIES {
            self.remember(self.ask(ACTION, "*"), Decision::ExplicitDeny);
            return Err(forbidden(format!(
                "The session has {MAX_SCOPED_POLICIES} scope down policies, which is the maximum"
            )));
        }
        self.authorise(ACTION, "*")?;
        principal.scoped_policies += u32::from(policy.is_some());
        principal.limits.extend(policy);
        let (arn, count) = (escape(&principal.arn), principal.scoped_policies);
        let end = self.cloud.session_time().saturating_add(seconds).min(session.expires);
        let (credentials, size) = self.issue_sized(principal, end, token_bytes)?;
        let id = unique_id("").map_err(|error| internal(&error))?;
        Ok(format!(
            "{credentials}<SessionInfo><ScopedSessionId>{id}</ScopedSessionId><Arn>{arn}</Arn></SessionInfo>\
             <SessionTokenUtilization>{}</SessionTokenUtilization><SessionTokenSize>{size}</SessionTokenSize>\
             <ScopedPoliciesCount>{count}</ScopedPoliciesCount>",
            size * 100 / MAX_TOKEN_BYTES
        ))
    }

    fn scope_down_policy(&self) -> Result<Option<crate::iam::PolicyDocument>, Failure> {
        let (policy, duration) = (self.form.get("Policy"), self.form.get("DurationSeconds"));
        if policy.is_none() && duration.is_none() {
            return Err(invalid("at least one of Policy and DurationSeconds must be given"));
        }
        let fits = |text: &str| {
            !text.is_empty()
                && text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}'))
        };
        if !policy.is_none_or(fits) {
            return Err(invalid(
                "Value at 'policy' must be characters of [\\u0009\\u000A\\u000D\\u0020-\\u00FF]",
            ));
        }
        self.policy()
    }

    /// Returns the requested duration, or by default the remaining duration of the caller's session, which is
    /// also the limit.
    fn scoped_seconds(&self, session: &Session) -> Result<u64, Failure> {
        let remaining = session.expires.saturating_sub(self.cloud.session_time());
        let seconds = self.duration(1, MAX_USER_SESSION_SECONDS, remaining)?;
        if seconds > remaining {
            return Err(failed(
                "InsufficientSessionLifetime",
                format!(
                    "The requested DurationSeconds exceeds the remaining lifetime of the session, {remaining} s"
                ),
            ));
        }
        Ok(seconds)
    }

    /// Checks the description and records it, as `CloudTrail` does.
    fn description(&self) -> Result<(), Failure> {
        let Some(text) = self.form.get("ScopedSessionDescription") else { return Ok(()) };
        let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
        if !DESCRIPTION_CHARACTERS.contains(&text.chars().count()) || !text.chars().all(allowed) {
            return Err(invalid(
                "Value at 'scopedSessionDescription' must be 2 to 256 characters of [\\t\\n\\r\\x20-\\x7E\\xA1-\\xFF]",
            ));
        }
        self.cloud.describe(text);
        Ok(())
    }

    /// Returns the minimum size of the session token: the requested size, or the length of the policy if that
    /// is larger.
    fn token_bytes(&self) -> Result<usize, Failure> {
        let policy = self.form.get("Policy").map_or(0, str::len);
        let asked = match self.form.get("MinimumSessionTokenSize").map(str::parse) {
            None => 0,
            Some(Ok(bytes)) if bytes <= MAX_TOKEN_BYTES => bytes,
            Some(_) => {
                return Err(invalid(format!(
                    "Value at 'minimumSessionTokenSize' must be a number from 0 to {MAX_TOKEN_BYTES}"
                )));
            }
        };
        Ok(asked.max(policy))
    }
}
