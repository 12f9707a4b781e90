//! Plans the requests to Azure before any is sent.

pub mod signed;
pub mod tokens;

use audex_sdk::provider::{Enforcer, Error, Grant, Permission, Plan, Planned};

use crate::granted;
use crate::method::Method;
use crate::role::Roles;

/// The settings that a plan depends on.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The method that the user forces.
    pub method: Option<String>,
    /// The identity that gets temporary roles.
    pub client_id: Option<String>,
    pub subscription_id: Option<String>,
}

/// Plans a grant.
///
/// # Errors
/// If the grant cannot be expressed, or a credential for it would allow a denied operation.
pub fn plan(grant: &Grant, settings: &Settings) -> Result<Plan, Error> {
    let method = Method::decide(grant, settings.method.as_deref())?;
    method.check_ttl(grant.ttl_seconds)?;
    let outline = match method {
        Method::Sas => signed::Signed::of(grant)?.outline(grant),
        Method::AudienceTokens => tokens::Tokens::of(grant)?.outline(grant),
        Method::CustomRole => settings.roles(grant)?.outline(grant),
    };
    Ok(Plan {
        method: method.name().to_owned(),
        policy: Some(outline.policy),
        policy_limit: None,
        permissions: outline.permissions,
        longest_life_seconds: method.longest_life(grant.ttl_seconds),
        notices: outline.notices,
        decides: if grant.gateway { granted::statements(grant)? } else { Vec::new() },
    })
}

impl Settings {
    /// Returns the temporary roles of `grant`.
    ///
    /// # Errors
    /// If the grant cannot be expressed as roles.
    pub fn roles(&self, grant: &Grant) -> Result<Roles, Error> {
        Roles::of(grant, self.client_id.as_deref(), self.subscription_id.as_deref())
    }
}

/// A method's result for a grant: policy, permissions and notices.
pub struct Outline {
    pub policy: String,
    pub permissions: Vec<Planned>,
    pub notices: Vec<String>,
}

pub fn planned(permission: &Permission, enforced_by: Enforcer, note: String) -> Planned {
    let (action, origin) = (permission.action.clone(), permission.origin.clone());
    Planned { action, origin, enforced_by, note: Some(note) }
}

#[cfg(test)]
pub mod tests {
    use audex_sdk::provider::Scope;

    use super::*;

    /// Returns a grant of `(action, resources)`.
    pub fn grant(permissions: &[(&str, &[&str])], deny: &[&str]) -> Grant {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let permission = |(action, resources): &(&str, &[&str])| Permission {
            action: (*action).to_owned(),
            origin: (*action).to_owned(),
            resources: Scope::asked(owned(resources)),
        };
        Grant {
            provider: "azure".to_owned(),
            permissions: permissions.iter().map(permission).collect(),
            deny: owned(deny),
            ttl_seconds: 900,
            session: "audex-1".to_owned(),
            gateway: false,
        }
    }

    #[test]
    fn the_ttl_is_checked_for_the_method_that_is_taken() {
        let blob = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
        let resource: &[&str] = &["https://acct.blob.core.windows.net/data"];
        let mut limited = grant(&[(blob, resource)], &[]);
        let mut open = grant(&[(blob, &[])], &[]);
        (limited.ttl_seconds, open.ttl_seconds) = (172_800, 172_800);
        assert_eq!(plan(&limited, &Settings::default()).unwrap().longest_life_seconds, 172_800);
        assert_eq!(plan(&open, &Settings::default()).unwrap_err().code, "ttl-too-long");
        open.ttl_seconds = 900;
        assert_eq!(plan(&open, &Settings::default()).unwrap().longest_life_seconds, 86_400);
        assert_eq!(
            plan(&open, &Settings { method: Some("sas".to_owned()), ..Settings::default() })
                .unwrap_err()
                .code,
            "resource-missing"
        );
    }
}
