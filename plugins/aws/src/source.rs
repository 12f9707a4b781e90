//! The source credentials that a method needs: what STS is certain to refuse is refused in the plan.

use audex_sdk::provider::Error;
use audex_sdk::provider::sts::{self, SourceKind};

use aws_policy::invalid;

use crate::method::Method;
use crate::plan::duration;

/// The longest session of a role that is assumed with the credentials of a role. Source: STS API reference, AssumeRole,
/// `DurationSeconds` ("role chaining").
const CHAINED_CEILING: u32 = 3600;

/// Refuses `method` for `ttl_seconds` where the source credentials are certain not to do.
///
/// Credentials that cannot be found or asked about leave the answer to STS.
///
/// # Errors
/// When they are of the wrong kind, or those of a role and the session would be too long for that.
pub fn check(method: Method, ttl_seconds: u32) -> Result<(), Error> {
    if method.needs_role() {
        return if ttl_seconds > CHAINED_CEILING && is_role() { Err(chained(ttl_seconds)) } else { Ok(()) };
    }
    match sts::source() {
        Ok(kind) => fits(method, kind),
        Err(_) => Ok(()),
    }
}

/// Keys of a session may also be those of an IAM user, for whom a role has its whole length.
fn is_role() -> bool {
    matches!(sts::source(), Ok(SourceKind::Temporary))
        && sts::caller().is_ok_and(|caller| is_role_session(&caller.arn))
}

/// Tells whether the ARN of a caller is that of a role's session: `arn:aws:sts::123456789012:assumed-role/NAME/SESSION`.
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

/// Refuses a method that STS has for the other kind of credentials only.
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
        use Method::{AssumeRole, AssumeRoleScoped, FederationToken, ScopedCredentials, SessionScoped};
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
