//! The STS calls that make the credentials.
//!
//! | source | role | ttl | method |
//! |---|---|---|---|
//! | any | yes | 15 min or more | `assume-role` |
//! | any | yes | less | `assume-role-scoped`: AssumeRole, then GetScopedCredentials |
//! | temporary | no | any | `scoped-credentials` |
//! | long-term | no | any | `session-scoped`: GetSessionToken, then GetScopedCredentials |
//!
//! `federation-token` is the fallback of `session-scoped`, and can be requested directly.
//! Durations: STS API reference, parameter `DurationSeconds` of each action.

use audex_sdk::provider::Error;
use audex_sdk::provider::sts::SourceKind;

use aws_policy::invalid;

/// The shortest session of AssumeRole, GetSessionToken and GetFederationToken.
pub const STS_FLOOR: u32 = 900;
/// The longest session that a role can be configured for.
const ROLE_CEILING: u32 = 43_200;
/// The longest session of an IAM user and of GetScopedCredentials.
const USER_CEILING: u32 = 129_600;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    AssumeRole,
    AssumeRoleScoped,
    ScopedCredentials,
    SessionScoped,
    FederationToken,
}

const ALL: [Method; 5] = [
    Method::AssumeRole,
    Method::AssumeRoleScoped,
    Method::ScopedCredentials,
    Method::SessionScoped,
    Method::FederationToken,
];

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::AssumeRole => "assume-role",
            Self::AssumeRoleScoped => "assume-role-scoped",
            Self::ScopedCredentials => "scoped-credentials",
            Self::SessionScoped => "session-scoped",
            Self::FederationToken => "federation-token",
        }
    }

    /// Returns the method called `name`, or `None` for `auto`.
    ///
    /// # Errors
    /// If there is no such method.
    pub fn parse(name: &str) -> Result<Option<Self>, Error> {
        if name == "auto" {
            return Ok(None);
        }
        let names = || ALL.map(Self::name).join("`, `");
        match ALL.into_iter().find(|method| method.name() == name) {
            Some(method) => Ok(Some(method)),
            None => Err(invalid(
                "unknown-method",
                format!("aws has no method `{name}`"),
                &format!("use `auto`, `{}`", names()),
            )),
        }
    }

    /// Chooses the method for a request that forces none.
    pub fn choose(
        has_role: bool,
        ttl_seconds: u32,
        source: impl FnOnce() -> Result<SourceKind, Error>,
    ) -> Result<Self, Error> {
        if has_role {
            return Ok(if ttl_seconds < STS_FLOOR {
                Self::AssumeRoleScoped
            } else {
                Self::AssumeRole
            });
        }
        Ok(match source()? {
            SourceKind::Temporary => Self::ScopedCredentials,
            SourceKind::LongTerm => Self::SessionScoped,
        })
    }

    pub fn needs_role(self) -> bool {
        matches!(self, Self::AssumeRole | Self::AssumeRoleScoped)
    }

    /// Returns the longest ttl that can be requested, in seconds.
    pub fn ceiling(self) -> u32 {
        if self.needs_role() { ROLE_CEILING } else { USER_CEILING }
    }

    /// Returns the longest possible life of the credentials, fallbacks included, in seconds.
    pub fn longest_life(self, ttl_seconds: u32, forced: bool) -> u32 {
        let floored = match self {
            Self::AssumeRole | Self::FederationToken => true,
            // Without a fallback, these methods end to the second.
            Self::AssumeRoleScoped | Self::SessionScoped => !forced,
            Self::ScopedCredentials => false,
        };
        if floored { ttl_seconds.max(STS_FLOOR) } else { ttl_seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_method_follows_role_source_and_ttl() {
        let never = || panic!("the source must not be looked at when a role is configured");
        assert_eq!(Method::choose(true, 900, never).unwrap(), Method::AssumeRole);
        assert_eq!(Method::choose(true, 899, never).unwrap(), Method::AssumeRoleScoped);
        assert_eq!(
            Method::choose(false, 60, || Ok(SourceKind::Temporary)).unwrap(),
            Method::ScopedCredentials
        );
        assert_eq!(
            Method::choose(false, 60, || Ok(SourceKind::LongTerm)).unwrap(),
            Method::SessionScoped
        );
    }

    #[test]
    fn every_method_can_be_forced_by_name_and_others_are_refused() {
        for method in ALL {
            assert_eq!(Method::parse(method.name()).unwrap(), Some(method));
        }
        assert_eq!(Method::parse("auto").unwrap(), None);
        assert!(
            Method::parse("passthrough").unwrap_err().hint.unwrap().contains("federation-token")
        );
    }

    #[test]
    fn only_methods_that_may_fall_back_outlive_a_short_ttl() {
        assert_eq!(Method::AssumeRoleScoped.longest_life(30, true), 30);
        assert_eq!(Method::AssumeRoleScoped.longest_life(30, false), 900);
        assert_eq!(Method::AssumeRole.longest_life(30, true), 900);
        assert_eq!(Method::ScopedCredentials.longest_life(30, false), 30);
    }
}
