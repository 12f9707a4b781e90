//! The endpoint of Vault that issues the first credentials, and the AWS call that narrows them.
//!
//! | Vault's role issues | Vault endpoint | narrowed by |
//! |---|---|---|
//! | `assumed_role`, `federation_token`, `session_token` | `sts/ROLE` | GetScopedCredentials, to the second |
//! | `iam_user` | `creds/ROLE` | GetFederationToken, 15 minutes or more |
//!
//! Source: Vault API documentation, AWS secrets engine, "Generate credentials". Vault's reply shows the type
//! of the role: reading the role takes a right that users of the role mostly do not have.

use audex_sdk::provider::Error;

use aws_policy::invalid;

/// The shortest federated session of STS (STS API reference, `DurationSeconds`); Vault requests none shorter
/// either.
pub const STS_FLOOR: u32 = 900;
/// The longest session of GetFederationToken and GetScopedCredentials.
pub const STS_CEILING: u32 = 129_600;
/// The longest lease of a Vault with the default configuration: 32 days (`max_lease_ttl`).
const LONGEST_LEASE: u32 = 2_764_800;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Tries `sts/` first, and `creds/` if the role issues keys of IAM users.
    Auto,
    Sts,
    Creds,
    /// Delivers what Vault issues, unchanged: the Vault role is the only limit.
    Unscoped,
}

const ALL: [Method; 4] = [Method::Auto, Method::Sts, Method::Creds, Method::Unscoped];

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Sts => "vault-sts",
            Self::Creds => "vault-creds",
            Self::Unscoped => "vault-unscoped",
        }
    }

    /// Returns the method called `name`.
    ///
    /// # Errors
    /// If there is no such method.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let found = ALL.into_iter().find(|method| method.name() == name);
        found.ok_or_else(|| {
            let names = ALL.map(Self::name).join("`, `");
            invalid(
                "unknown-method",
                format!("vault has no method `{name}`"),
                &format!("use `{names}`"),
            )
        })
    }

    /// Returns true if the delivered credentials carry the planned policy.
    pub fn is_scoped(self) -> bool {
        self != Self::Unscoped
    }

    /// Returns the longest possible life of the credentials, in seconds.
    pub fn longest_life(self, ttl_seconds: u32) -> u32 {
        match self {
            // Vault's session ends later; the delivered session is limited to the second.
            Self::Sts => ttl_seconds,
            Self::Auto | Self::Creds => ttl_seconds.max(STS_FLOOR),
            Self::Unscoped => LONGEST_LEASE.max(ttl_seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_a_name_and_others_are_refused() {
        for method in ALL {
            assert_eq!(Method::parse(method.name()).unwrap(), method);
        }
        assert!(Method::parse("assume-role").unwrap_err().hint.unwrap().contains("vault-sts"));
    }

    #[test]
    fn only_federated_sessions_have_a_floor() {
        assert_eq!(Method::Sts.longest_life(30), 30);
        assert_eq!(Method::Creds.longest_life(30), 900);
        assert_eq!(Method::Auto.longest_life(30), 900);
        assert_eq!(Method::Creds.longest_life(3600), 3600);
    }
}
