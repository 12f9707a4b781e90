//! STS of the loopback cloud: issues sessions.
//!
//! Shapes and limits: STS API Reference 2011-06-15. Unknown parameters are refused, so no part of a request
//! is silently ignored.

mod scoped;

use std::cell::Cell;
use std::sync::Arc;

use http::{Response, StatusCode};
use s3s::Body;

use super::LoopbackError;
use super::cloud::{Ask, Cloud, Role};
use super::credential::{Credential, Kind, Principal};
use super::form::Form;
use super::reply::{Failure, Protocol, escape, xml};
use crate::iam::{Decision, PolicyDocument};
use audex_core::clock;

/// The limit for the plain text of inline session policies. Source: STS documentation.
const MAX_POLICY_CHARACTERS: usize = 2048;
/// The shortest session of every call but `GetScopedCredentials`.
const MIN_SESSION_SECONDS: u64 = 900;
/// The longest session of an IAM user: 36 hours.
const MAX_USER_SESSION_SECONDS: u64 = 129_600;
/// The default duration of an IAM user's session: 12 hours.
const DEFAULT_USER_SESSION_SECONDS: u64 = 43_200;
/// The longest `MaxSessionDuration` of a role: 12 hours.
const MAX_ROLE_SESSION_SECONDS: u64 = 43_200;
/// The default duration of a role session: 1 hour.
const DEFAULT_ROLE_SESSION_SECONDS: u64 = 3600;
/// The longest role session that a role session may request (role chaining).
const MAX_CHAINED_SECONDS: u64 = 3600;

/// One verified STS call.
struct Call<'a> {
    cloud: &'a Cloud,
    caller: &'a Credential,
    region: &'a str,
    form: &'a Form,
    /// True if the call is among the remembered requests; each call is remembered once.
    noted: Cell<bool>,
}

/// Answers a call whose signature has been verified.
pub(super) fn answer(
    cloud: &Cloud,
    caller: &Credential,
    region: &str,
    form: &Form,
) -> Result<Response<Body>, Failure> {
    let call = Call { cloud, caller, region, form, noted: Cell::new(false) };
    let answer = call.dispatch();
    if answer.is_err() && !call.noted.get() {
        let action = format!("sts:{}", form.get("Action").unwrap_or_default());
        cloud.remember_refusal("sts", &action, &caller.id);
    }
    let (action, result) = answer?;
    Ok(xml(
        StatusCode::OK,
        format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>{result}\
             </{action}Result><ResponseMetadata><RequestId>loopback</RequestId></ResponseMetadata></{action}Response>"
        ),
    ))
}

impl Call<'_> {
    fn dispatch(&self) -> Result<(&'static str, String), Failure> {
        if self.form.get("Version") != Some("2011-06-15") {
            return Err(failed("InvalidAction", "the version of the STS API is 2011-06-15"));
        }
        match self.form.get("Action") {
            Some("AssumeRole") => Ok(("AssumeRole", self.assume_role()?)),
            Some("GetCallerIdentity") => Ok(("GetCallerIdentity", self.caller_identity()?)),
            Some("GetFederationToken") => Ok(("GetFederationToken", self.federation_token()?)),
            Some("GetScopedCredentials") if !self.cloud.without_scoped_credentials => {
                Ok(("GetScopedCredentials", self.scoped_credentials()?))
            }
            Some("GetSessionToken") => Ok(("GetSessionToken", self.session_token()?)),
            other => {
                let name = other.unwrap_or_default();
                Err(failed(
                    "InvalidAction",
                    format!("Could not find operation {name} for version 2011-06-15"),
                ))
            }
        }
    }

    fn assume_role(&self) -> Result<String, Failure> {
        self.only(&["RoleArn", "RoleSessionName", "Policy", "DurationSeconds"])?;
        let arn = self.required("RoleArn")?;
        let session_name = self.name("RoleSessionName", 64)?;
        let policy = self.policy()?;
        // AWS gives the same answer for a role that does not exist and for a role that does not trust the
        // caller.
        let ask = self.ask("sts:AssumeRole", arn);
        let role = self
            .cloud
            .role(arn)
            .filter(|role| role.trusts(&self.cloud.account, &self.caller.principal));
        let Some(role) = role.filter(|_| self.caller.principal.kind != Kind::Federated) else {
            self.remember(ask, Decision::ImplicitDeny);
            return Err(self.denied("sts:AssumeRole", arn));
        };
        let seconds = self.role_duration(role)?;
        self.authorise("sts:AssumeRole", arn)?;
        let identity = format!("{}:{session_name}", role.unique_id);
        let account = &self.cloud.account;
        let principal = Principal {
            kind: Kind::AssumedRole,
            arn: format!("arn:aws:sts::{account}:assumed-role/{}/{session_name}", role.name),
            identity_arn: role.arn.clone(),
            user_id: identity.clone(),
            user_name: None,
            identity: role.policies.clone(),
            limits: role.boundary.iter().cloned().chain(policy).collect(),
            scoped_policies: 0,
        };
        let arn = escape(&principal.arn);
        let credentials =
            self.issue(principal, self.cloud.session_time().saturating_add(seconds))?;
        Ok(format!(
            "{credentials}<AssumedRoleUser><AssumedRoleId>{}</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>{}",
            escape(&identity),
            self.packed_size()
        ))
    }

    fn session_token(&self) -> Result<String, Failure> {
        self.only(&["DurationSeconds"])?;
        self.long_term("GetSessionToken")?;
        let seconds = self.duration(
            MIN_SESSION_SECONDS,
            MAX_USER_SESSION_SECONDS,
            DEFAULT_USER_SESSION_SECONDS,
        )?;
        // GetSessionToken needs no permission (IAM User Guide, "Permissions for GetSessionToken").
        self.remember(self.ask("sts:GetSessionToken", "*"), Decision::Allowed);
        let principal =
            Principal { kind: Kind::UserSession, ..Principal::clone(&self.caller.principal) };
        self.issue(principal, self.cloud.session_time().saturating_add(seconds))
    }

    fn federation_token(&self) -> Result<String, Failure> {
        self.only(&["Name", "Policy", "DurationSeconds"])?;
        self.long_term("GetFederationToken")?;
        let name = self.name("Name", 32)?;
        // "If you do not pass a policy, the resulting session has no permissions."
        let policy = self.policy()?.unwrap_or_else(PolicyDocument::nothing);
        let account = &self.cloud.account;
        let arn = format!("arn:aws:sts::{account}:federated-user/{name}");
        let seconds = self.duration(
            MIN_SESSION_SECONDS,
            MAX_USER_SESSION_SECONDS,
            DEFAULT_USER_SESSION_SECONDS,
        )?;
        self.authorise("sts:GetFederationToken", &arn)?;
        let owner = &self.caller.principal;
        let user_id = format!("{account}:{name}");
        let principal = Principal {
            kind: Kind::Federated,
            arn: arn.clone(),
            identity_arn: arn.clone(),
            user_id: user_id.clone(),
            user_name: None,
            identity: owner.identity.clone(),
            limits: owner.limits.iter().cloned().chain([policy]).collect(),
            scoped_policies: 0,
        };
        let credentials =
            self.issue(principal, self.cloud.session_time().saturating_add(seconds))?;
        Ok(format!(
            "{credentials}<FederatedUser><FederatedUserId>{user_id}</FederatedUserId><Arn>{arn}</Arn>\
             </FederatedUser>{}",
            self.packed_size()
        ))
    }

    fn caller_identity(&self) -> Result<String, Failure> {
        self.only(&[])?;
        // "No permissions are required to perform this operation", not even against an explicit deny.
        self.remember(self.ask("sts:GetCallerIdentity", "*"), Decision::Allowed);
        let principal = &self.caller.principal;
        Ok(format!(
            "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
            escape(&principal.arn),
            escape(&principal.user_id),
            escape(&self.cloud.account)
        ))
    }

    fn ask<'a>(&'a self, action: &'a str, resource: &'a str) -> Ask<'a> {
        Ask { action, resource, region: self.region, context: &[] }
    }

    fn remember(&self, ask: Ask<'_>, decision: Decision) {
        self.noted.set(true);
        self.cloud.remember(self.caller, "sts", ask, decision);
    }

    fn authorise(&self, action: &str, resource: &str) -> Result<(), Failure> {
        self.noted.set(true);
        if self.cloud.authorise(self.caller, "sts", self.ask(action, resource)).is_allowed() {
            return Ok(());
        }
        Err(self.denied(action, resource))
    }

    fn denied(&self, action: &str, resource: &str) -> Failure {
        Failure::denied(Protocol::Query, &self.caller.principal.arn, action, resource)
    }

    fn issue(&self, principal: Principal, expires: u64) -> Result<String, Failure> {
        self.issue_sized(principal, expires, 0).map(|(credentials, _)| credentials)
    }

    /// Issues credentials whose token has at least `token_bytes` bytes; also returns the token's size.
    fn issue_sized(
        &self,
        principal: Principal,
        expires: u64,
        token_bytes: usize,
    ) -> Result<(String, usize), Failure> {
        let issued = self.cloud.issue(Arc::new(principal), expires, token_bytes);
        let credential = issued.map_err(|error| internal(&error))?;
        // Security: secrets leave the cloud only here, in the reply to the caller for whom they were made.
        let token = credential.session.as_ref().map_or("", |session| session.token.expose());
        let credentials = format!(
            "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
             <SessionToken>{token}</SessionToken><Expiration>{}</Expiration></Credentials>",
            credential.id,
            credential.secret.expose(),
            clock::rfc3339(expires)
        );
        Ok((credentials, token.len()))
    }

    /// Rejects a caller with session credentials: `action` needs long-term keys.
    fn long_term(&self, action: &str) -> Result<(), Failure> {
        if self.caller.principal.kind == Kind::User {
            return Ok(());
        }
        Err(forbidden(format!("Cannot call {action} with session credentials")))
    }

    fn only(&self, known: &[&str]) -> Result<(), Failure> {
        let known = |name: &str| matches!(name, "Action" | "Version") || known.contains(&name);
        match self.form.names().find(|name| !known(name)) {
            Some(name) => {
                Err(invalid(format!("the loopback cloud does not take the parameter {name}")))
            }
            None => Ok(()),
        }
    }

    fn required(&self, name: &str) -> Result<&str, Failure> {
        let missing = || {
            invalid(format!(
                "Value null at '{name}' failed to satisfy constraint: Member must not be null"
            ))
        };
        self.form.get(name).ok_or_else(missing)
    }

    /// Reads a session name: 2 to `longest` characters of `[\w+=,.@-]`.
    fn name(&self, parameter: &str, longest: usize) -> Result<&str, Failure> {
        let name = self.required(parameter)?;
        let is_allowed =
            |character: char| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character);
        if (2..=longest).contains(&name.len()) && name.chars().all(is_allowed) {
            return Ok(name);
        }
        Err(invalid(format!(
            "Value '{name}' at '{parameter}' must be 2 to {longest} characters of [\\w+=,.@-]"
        )))
    }

    fn policy(&self) -> Result<Option<PolicyDocument>, Failure> {
        let Some(text) = self.form.get("Policy") else { return Ok(None) };
        if text.chars().count() > MAX_POLICY_CHARACTERS {
            let message = format!(
                "Packed size of the session policy is {}% of what is allowed",
                packed_percent(text)
            );
            return Err(failed("PackedPolicyTooLarge", message));
        }
        let malformed = |error| failed("MalformedPolicyDocument", format!("{error}"));
        PolicyDocument::parse(text).map(Some).map_err(malformed)
    }

    fn packed_size(&self) -> String {
        let size = |text| format!("<PackedPolicySize>{}</PackedPolicySize>", packed_percent(text));
        self.form.get("Policy").map(size).unwrap_or_default()
    }

    fn role_duration(&self, role: &Role) -> Result<u64, Failure> {
        let maximum = u64::from(role.max_session_seconds);
        let seconds = self.duration(
            MIN_SESSION_SECONDS,
            MAX_ROLE_SESSION_SECONDS,
            DEFAULT_ROLE_SESSION_SECONDS.min(maximum),
        )?;
        if seconds > maximum {
            return Err(invalid(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ));
        }
        if self.caller.principal.kind == Kind::AssumedRole && seconds > MAX_CHAINED_SECONDS {
            return Err(invalid(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ));
        }
        Ok(seconds)
    }

    fn duration(&self, least: u64, most: u64, default: u64) -> Result<u64, Failure> {
        let Some(text) = self.form.get("DurationSeconds") else { return Ok(default) };
        match text.parse() {
            Ok(seconds) if (least..=most).contains(&seconds) => Ok(seconds),
            _ => Err(invalid(format!(
                "Value '{text}' at 'durationSeconds' must be a number from {least} to {most}"
            ))),
        }
    }
}

fn packed_percent(policy: &str) -> usize {
    (policy.chars().count() * 100).div_ceil(MAX_POLICY_CHARACTERS)
}

fn failed(code: &'static str, message: impl Into<String>) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, code, message)
}

fn invalid(problem: impl Into<String>) -> Failure {
    failed("ValidationError", format!("1 validation error detected: {}", problem.into()))
}

fn forbidden(message: impl Into<String>) -> Failure {
    Failure::new(StatusCode::FORBIDDEN, "AccessDenied", message)
}

fn internal(error: &LoopbackError) -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", error.to_string())
}
