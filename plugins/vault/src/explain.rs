//! Turns a refusal by Vault into an error with a hint.
//!
//! Statuses: Vault API documentation, "HTTP status codes" and `sys/health`. Messages: its AWS secrets engine
//! and router.

use audex_sdk::provider::{Error, ErrorKind};

use crate::api::Reply;
use crate::target::Target;

/// The kinds of request to Vault.
#[derive(Clone, Copy)]
pub enum Asked<'a> {
    /// Asks for credentials, by `sts` or `creds`.
    Credentials(&'a str, &'a Target),
    /// Ends a lease.
    Revocation,
    /// Looks up the token.
    Token,
}

impl Asked<'_> {
    fn path(self) -> String {
        match self {
            Self::Credentials(kind, target) => format!("{}/{kind}/{}", target.mount, target.role),
            Self::Revocation => "sys/leases/revoke".to_owned(),
            Self::Token => "auth/token/lookup-self".to_owned(),
        }
    }
}

/// Returns true if the role issues keys of IAM users, which `sts/` does not give.
pub fn is_iam_user_role(reply: &Reply) -> bool {
    reply.status == 400 && reply.errors().contains("iam_user credentials")
}

/// Returns the error for a reply that is not a success.
pub fn refused(reply: &Reply, asked: Asked<'_>) -> Error {
    let (said, path) = (reply.errors(), asked.path());
    let error = |kind, code: &str, message: String, hint: &str| Error {
        kind,
        code: code.to_owned(),
        message,
        hint: Some(hint.to_owned()),
    };
    let says = if said.is_empty() { format!("status {}", reply.status) } else { said.clone() };
    match reply.status {
        503 if said.contains("sealed") => sealed(),
        301..=308 => error(
            ErrorKind::Unavailable,
            "standby",
            "this Vault is a standby, and it names no leader that can be asked".to_owned(),
            "point VAULT_ADDR at the active node, or at a load balancer that asks it",
        ),
        403 if said.contains("invalid token") => error(
            ErrorKind::Denied,
            "token-rejected",
            format!("Vault does not accept the token ({says})"),
            "it has expired or was revoked: log in again (`vault login`), or set VAULT_TOKEN",
        ),
        403 => error(
            ErrorKind::Denied,
            "permission-denied",
            format!("Vault denied `{path}` ({says})"),
            &policy_hint(&path),
        ),
        404 if said.contains("no handler for route") => error(
            ErrorKind::InvalidInput,
            "unknown-mount",
            format!(
                "Vault has nothing mounted at `{}`",
                path.split('/').next().unwrap_or_default()
            ),
            "set `mount` in vault-config.toml, or AUDEX_VAULT_MOUNT, to where `vault secrets list` shows the AWS engine",
        ),
        400 | 404 if said.is_empty() || (said.contains("ole") && said.contains("not found")) => {
            error(
                ErrorKind::InvalidInput,
                "unknown-vault-role",
                format!("Vault has no `{path}` ({says})"),
                "set `role` in vault-config.toml, or AUDEX_VAULT_ROLE, to one that `vault list` shows under the mount's `roles`",
            )
        }
        400 if said.contains("role_arn") => error(
            ErrorKind::InvalidInput,
            "vault-role-arn",
            format!("Vault refused `{path}` ({says})"),
            "set `role_arn` in vault-config.toml to one of the `role_arns` of Vault's role",
        ),
        400 => error(
            ErrorKind::InvalidInput,
            "vault-refused",
            format!("Vault refused `{path}` ({says})"),
            "compare mount, role and method with how the AWS secrets engine is configured",
        ),
        429 => error(
            ErrorKind::Unavailable,
            "throttled",
            format!("Vault has had too many requests ({says})"),
            "try again later; a rate limit quota of the server decides",
        ),
        status => error(
            ErrorKind::Unavailable,
            "vault-failed",
            format!("Vault failed at `{path}` with status {status} ({says})"),
            "Vault's own log says more; its AWS credentials (`config/root`) may be wrong",
        ),
    }
}

/// Returns the error for a Vault that is up but sealed.
pub fn sealed() -> Error {
    Error {
        kind: ErrorKind::Unavailable,
        code: "sealed".to_owned(),
        message: "Vault is sealed".to_owned(),
        hint: Some("somebody with the keys has to unseal it (`vault operator unseal`)".to_owned()),
    }
}

fn policy_hint(path: &str) -> String {
    format!("the token's policies must allow `update` on `{path}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code(status: u16, errors: &[&str]) -> (ErrorKind, String) {
        let target = Target { mount: "aws".to_owned(), role: "ci".to_owned(), role_arn: None };
        let reply = Reply { status, body: json!({ "errors": errors }), lifted: Vec::new() };
        let error = refused(&reply, Asked::Credentials("sts", &target));
        assert!(error.hint.is_some(), "{status} has no next step");
        (error.kind, error.code)
    }

    #[test]
    fn every_refusal_is_told_apart() {
        let cases: [(u16, &str, ErrorKind, &str); 10] = [
            (503, "Vault is sealed", ErrorKind::Unavailable, "sealed"),
            (307, "", ErrorKind::Unavailable, "standby"),
            (
                403,
                "1 error occurred:\n\t* permission denied\n\n",
                ErrorKind::Denied,
                "permission-denied",
            ),
            (
                403,
                "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n",
                ErrorKind::Denied,
                "token-rejected",
            ),
            (
                404,
                "no handler for route \"aws/sts/ci\". route entry not found.",
                ErrorKind::InvalidInput,
                "unknown-mount",
            ),
            (400, "Role 'ci' not found", ErrorKind::InvalidInput, "unknown-vault-role"),
            (
                400,
                "role_arn \"x\" not in allowed role arns",
                ErrorKind::InvalidInput,
                "vault-role-arn",
            ),
            (400, "something else", ErrorKind::InvalidInput, "vault-refused"),
            (429, "request path rate limit exceeded", ErrorKind::Unavailable, "throttled"),
            (500, "internal error", ErrorKind::Unavailable, "vault-failed"),
        ];
        for (status, said, kind, name) in cases {
            let errors: &[&str] = if said.is_empty() { &[] } else { &[said] };
            assert_eq!(code(status, errors), (kind, name.to_owned()), "{status} {said}");
        }
    }

    #[test]
    fn a_role_of_iam_users_is_known_by_what_vault_says() {
        let reply = |said: &str| Reply {
            status: 400,
            body: json!({ "errors": [said] }),
            lifted: Vec::new(),
        };
        assert!(is_iam_user_role(&reply(
            "attempted to retrieve iam_user credentials through the sts path"
        )));
        assert!(!is_iam_user_role(&reply("Role 'ci' not found")));
    }
}
