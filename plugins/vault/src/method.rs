//! Which endpoint of Vault makes the first credentials, and what AWS makes of them.
//!
//! | what Vault's role issues | asked by | narrowed by |
//! |---|---|---|
//! | `assumed_role`, `federation_token`, `session_token` | `sts/ROLE` | GetScopedCredentials, to the second |
//! | `iam_user` | `creds/ROLE` | GetFederationToken, 15 minutes or more |
//!
//! Source: Vault API documentation, AWS secrets engine, "Generate credentials". Which type a role has is Vault's answer:
//! reading the role takes a right that those who may use it mostly do not have.

use audex_sdk::provider::Error;

use aws_policy::invalid;

/// STS makes no federated session that is shorter (STS API reference, `DurationSeconds`); nor does Vault ask for one.
pub const STS_FLOOR: u32 = 900;
/// The longest session of GetFederationToken and GetScopedCredentials.
pub const STS_CEILING: u32 = 129_600;
/// The longest lease of a Vault that nobody configured otherwise: 32 days (`max_lease_ttl`).
const LONGEST_LEASE: u32 = 2_764_800;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// First `sts/`, and `creds/` if the role issues keys of IAM users.
    Auto,
    Sts,
    Creds,
    /// What Vault issues, as it is: the Vault role is the only limit.
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

    /// The method called `name`.
    ///
    /// # Errors
    /// When there is no such method.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let found = ALL.into_iter().find(|method| method.name() == name);
        found.ok_or_else(|| {
            let names = ALL.map(Self::name).join("`, `");
            invalid("unknown-method", format!("vault has no method `{name}`"), &format!("use `{names}`"))
        })
    }

    /// Whether what is delivered carries the planned policy.
    pub fn is_scoped(self) -> bool {
        self != Self::Unscoped
    }

    /// How long the credentials may live at worst, in seconds.
    pub fn longest_life(self, ttl_seconds: u32) -> u32 {
        match self {
            // Vault's session ends later; what is delivered is cut to the second.
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
