//! The source credentials that a method needs: the plan rejects a request that STS would certainly reject.

use audex_sdk::provider::Error;
use audex_sdk::provider::sts::{self, SourceKind};

use aws_policy::invalid;

use crate::method::Method;
use crate::plan::duration;

/// The longest session of a role that is assumed with the credentials of a role. Source: STS API reference,
/// AssumeRole, `DurationSeconds` ("role chaining").
const CHAINED_CEILING: u32 = 3600;

/// Rejects `method` for `ttl_seconds` if the source credentials certainly do not suffice.
///
/// If the credentials cannot be found or examined, the decision is left to STS.
///
/// # Errors
/// If the credentials are of the wrong kind, or belong to a role and the session would be too long for them.
pub fn check(method: Method, ttl_seconds: u32) -> Result<(), Error> {
    if method.needs_role() {
        return if ttl_seconds > CHAINED_CEILING && is_role() {
            Err(chained(ttl_seconds))
        } else {
            Ok(())
        };
    }
    match sts::source() {
        Ok(kind) => fits(method, kind),
        Err(_) => Ok(()),
    }
}

/// Returns true for credentials of a role. Session keys may also belong to an IAM user, who can assume a role
/// for its full duration.
fn is_role() -> bool {
    matches!(sts::source(), Ok(SourceKind::Temporary))
        && sts::caller().is_ok_and(|caller| is_role_session(&caller.arn))
}

/// Returns true if a caller's ARN names a role session:
/// `arn:aws:sts::123456789012:assumed-role/NAME/SESSION`.
fn is_role_session(arn: &str) -> bool {
    arn.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("assumed-role/"))
}

fn chained(ttl_seconds: u32) -> Error {
    invalid(
        "ttl-too-long",
        format!(
            "a ttl of {} is more than a role gives that is assumed with the credentials of a role ({})",
            duration(ttl_seconds),
            duration(CHAINED_CEILING)
        ),
        "ask for a shorter --ttl, or assume the role with the keys of an IAM user",
    )
}

/// Rejects a method that STS offers only for the other kind of credentials.
fn fits(method: Method, kind: SourceKind) -> Result<(), Error> {
    let (takes, other) = match (method, kind) {
        (Method::ScopedCredentials, SourceKind::LongTerm) => ("a session", "long-term keys"),
        (Method::SessionScoped | Method::FederationToken, SourceKind::Temporary) => {
            ("an IAM user", "those of a session")
        }
        _ => return Ok(()),
    };
    Err(invalid(
        "method-source",
        format!(
            "the method `{}` takes the credentials of {takes}, and the source credentials are {other}",
            method.name()
        ),
        "leave --method out",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_session_of_a_role_chains() {
        for (arn, chains) in [
            ("arn:aws:sts::123456789012:assumed-role/R/s", true),
            ("arn:aws-cn:sts::123456789012:assumed-role/AWSReservedSSO_Admin_1/me@x.com", true),
            ("arn:aws:iam::123456789012:user/assumed-role/me", false),
            ("arn:aws:sts::123456789012:federated-user/f", false),
            ("arn:aws:iam::123456789012:root", false),
            ("", false),
        ] {
            assert_eq!(is_role_session(arn), chains, "{arn}");
        }
    }

    #[test]
    fn a_method_is_for_one_kind_of_source_credentials() {
        use Method::{
            AssumeRole, AssumeRoleScoped, FederationToken, ScopedCredentials, SessionScoped,
        };
        for (method, long_term, temporary) in [
            (AssumeRole, true, true),
            (AssumeRoleScoped, true, true),
            (ScopedCredentials, false, true),
            (SessionScoped, true, false),
            (FederationToken, true, false),
        ] {
            assert_eq!(fits(method, SourceKind::LongTerm).is_ok(), long_term, "{method:?}");
            assert_eq!(fits(method, SourceKind::Temporary).is_ok(), temporary, "{method:?}");
        }
        let error = fits(ScopedCredentials, SourceKind::LongTerm).unwrap_err();
        assert!(error.message.contains("takes the credentials of a session"), "{}", error.message);
    }
}
