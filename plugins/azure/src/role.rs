//! A grant as temporary custom roles of one identity: Azure enforces these roles, and the session's end
//! removes them.
//!
//! Only an identity without roles of its own can be limited in this way, because a token carries all roles of
//! its holder.

pub mod lease;
pub mod scope;

use audex_sdk::pattern;
use audex_sdk::provider::{Enforcer, Error, Grant};
use serde_json::{Value, json};

use crate::definition::Definition;
use crate::plan::tokens::{Audience, Tokens};
use crate::plan::{Outline, planned};
use crate::role::scope::Scope;
use crate::{action, invalid, method};

/// The most scopes of one session. Each needs a role assignment, of which a subscription accepts 4,000, and
/// the lease lists them all.
const SCOPES: usize = 8;
/// Operations that let their holder assign roles, which would stay after the session's end.
const GIVES_ROLES: [&str; 2] = [
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleDefinitions/write",
];

/// The roles of a session: one for each set of scopes that permissions share.
#[derive(Debug)]
pub struct Roles {
    pub client_id: String,
    pub subscription: String,
    pub each: Vec<Role>,
    audiences: Vec<Audience>,
}

/// One role and its scopes of assignment.
#[derive(Debug)]
pub struct Role {
    pub scopes: Vec<Scope>,
    pub definition: Definition,
}

impl Roles {
    /// Derives the roles of a grant. `client_id` is the identity's; `subscription` is the scope of
    /// permissions without resources.
    ///
    /// # Errors
    /// If one of the two is missing, or a resource cannot be a scope.
    pub fn of(
        grant: &Grant,
        client_id: Option<&str>,
        subscription: Option<&str>,
    ) -> Result<Self, Error> {
        let client_id = client_id.ok_or_else(no_identity)?;
        let whole = subscription.map(Scope::of_subscription).transpose()?;
        let mut sets: Vec<(Vec<Scope>, Vec<&str>)> = Vec::new();
        for permission in &grant.permissions {
            let mut scopes = permission
                .resources
                .named()
                .iter()
                .map(|text| Scope::parse(text))
                .collect::<Result<Vec<_>, _>>()?;
            if scopes.is_empty() {
                scopes.push(whole.clone().ok_or_else(no_subscription)?);
            }
            scopes.sort_unstable();
            scopes.dedup();
            match sets.iter_mut().find(|(known, _)| *known == scopes) {
                Some((_, actions)) => actions.push(&permission.action),
                None => sets.push((scopes, vec![&permission.action])),
            }
        }
        let subscription = one_subscription(sets.iter().flat_map(|(scopes, _)| scopes))?;
        let role = |(scopes, actions): (Vec<Scope>, Vec<&str>)| {
            Ok(Role { scopes, definition: Definition::of(&actions, &grant.deny)? })
        };
        Ok(Self {
            client_id: client_id.to_owned(),
            subscription,
            each: sets.into_iter().map(role).collect::<Result<_, Error>>()?,
            audiences: Tokens::behind_roles(grant)?.audiences().to_vec(),
        })
    }

    pub fn audiences(&self) -> &[Audience] {
        &self.audiences
    }

    /// Returns the request to Azure as it will be sent, except for the names that a session gives.
    pub fn policy(&self) -> String {
        let role = |role: &Role| {
            let scopes: Vec<&str> = role.scopes.iter().map(Scope::as_str).collect();
            json!({ "scopes": scopes, "permissions": permissions(&role.definition) })
        };
        let roles: Vec<Value> = self.each.iter().map(role).collect();
        json!({ "client_id": self.client_id, "roles": roles }).to_string()
    }

    pub fn outline(&self, grant: &Grant) -> Outline {
        let row = |permission: &audex_sdk::provider::Permission| {
            let described = action::describe(&permission.action);
            planned(permission, Enforcer::Cloud, format!("{described}; by a temporary custom role"))
        };
        let mut notices = vec![
            format!(
                "a custom role is made for the session and assigned to {}; that takes up to some minutes to work, and \
                 both are deleted at its end",
                self.client_id
            ),
            method::token_life(grant.ttl_seconds),
            "a token that an earlier session of this identity kept is good for this session's role as well, until it \
             expires; what a service grants by lists of its own (access policies of a key vault, file ACLs) is not seen"
                .to_owned(),
        ];
        let gives = |asked: &str| {
            let meets = |name: &str| {
                pattern::intersects(&asked.to_ascii_lowercase(), &name.to_ascii_lowercase())
            };
            GIVES_ROLES.into_iter().any(meets)
        };
        if let Some(asked) = grant.permissions.iter().find(|asked| gives(&asked.action)) {
            let warning =
                format!("with `{}` the command can give out roles that stay", asked.action);
            notices.push(warning);
        }
        Outline {
            policy: self.policy(),
            permissions: grant.permissions.iter().map(row).collect(),
            notices,
        }
    }
}

/// Returns the `permissions` of a role definition. Source: Azure RBAC REST API 2022-04-01, "Role Definitions
/// - Create Or Update".
pub fn permissions(definition: &Definition) -> Value {
    json!([{
        "actions": definition.actions,
        "notActions": definition.not_actions,
        "dataActions": definition.data_actions,
        "notDataActions": definition.not_data_actions,
    }])
}

fn one_subscription<'a>(scopes: impl Iterator<Item = &'a Scope>) -> Result<String, Error> {
    let mut scopes: Vec<&Scope> = scopes.collect();
    scopes.sort_unstable();
    scopes.dedup();
    let length: usize = scopes.iter().map(|scope| scope.as_str().len()).sum();
    if scopes.len() > SCOPES || length > lease::LONGEST_SCOPES {
        let message =
            format!("{} scopes are more than one session can have ({SCOPES})", scopes.len());
        return Err(invalid("too-many-scopes", message, "name a resource group that holds them"));
    }
    let first = scopes.first().map(|scope| scope.subscription()).unwrap_or_default();
    if scopes.iter().any(|scope| !scope.subscription().eq_ignore_ascii_case(first)) {
        let message = "resources of more than one subscription are asked for".to_owned();
        return Err(invalid("several-subscriptions", message, "run once for each subscription"));
    }
    Ok(first.to_owned())
}

fn no_identity() -> Error {
    invalid(
        "identity-missing",
        "`custom-role` needs an identity that has no role of its own".to_owned(),
        "name a service principal or user-assigned identity: --client-id ID or AUDEX_AZURE_CLIENT_ID (its secret in \
         AUDEX_AZURE_CLIENT_SECRET)",
    )
}

fn no_subscription() -> Error {
    invalid(
        "subscription-missing",
        "a role is assigned in a subscription, and none is known".to_owned(),
        "set AZURE_SUBSCRIPTION_ID, or name a scope: --resource /subscriptions/ID/resourceGroups/NAME",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::grant;

    const SUBSCRIPTION: &str = "12345678-1234-1234-1234-123456789012";
    const READ: &str = "Microsoft.Storage/storageAccounts/read";
    const SECRET: &str = "Microsoft.KeyVault/vaults/secrets/getSecret/action";

    fn roles(permissions: &[(&str, &[&str])], deny: &[&str]) -> Result<Roles, String> {
        Roles::of(&grant(permissions, deny), Some("app"), Some(SUBSCRIPTION))
            .map_err(|error| error.code)
    }

    #[test]
    fn permissions_of_the_same_scopes_share_a_role_and_others_have_their_own() {
        let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/data");
        let own: &[&str] = &[&group];
        let made = roles(
            &[(READ, &[]), (SECRET, own), ("Microsoft.Compute/virtualMachines/read", &[])],
            &[],
        );
        let made = made.unwrap();
        assert_eq!(made.each.len(), 2);
        assert_eq!(made.each[0].definition.actions.len(), 2);
        assert_eq!(made.each[1].definition.data_actions, [SECRET]);
        assert_eq!(made.each[1].scopes[0].as_str(), group);
        assert_eq!(made.subscription, SUBSCRIPTION);
        assert_eq!(made.audiences().len(), 3);
    }

    #[test]
    fn what_is_denied_is_taken_out_of_the_role() {
        let made = roles(
            &[("Microsoft.Storage/storageAccounts/*", &[])],
            &["microsoft.storage/storageAccounts/delete"],
        );
        let made = made.unwrap();
        assert_eq!(
            made.each[0].definition.not_actions,
            ["microsoft.storage/storageAccounts/delete"]
        );
        assert!(made.policy().contains("notActions"));
    }

    #[test]
    fn identity_and_subscription_must_be_known() {
        let asked = grant(&[(READ, &[])], &[]);
        assert_eq!(
            Roles::of(&asked, None, Some(SUBSCRIPTION)).unwrap_err().code,
            "identity-missing"
        );
        assert_eq!(Roles::of(&asked, Some("app"), None).unwrap_err().code, "subscription-missing");
        let blob: &[&str] = &["https://acct.blob.core.windows.net/data"];
        assert_eq!(roles(&[(READ, blob)], &[]).unwrap_err(), "scope-malformed");
        let elsewhere: &[&str] = &["/subscriptions/99999999-1234-1234-1234-123456789012"];
        assert_eq!(
            roles(&[(READ, &[]), (SECRET, elsewhere)], &[]).unwrap_err(),
            "several-subscriptions"
        );
    }

    #[test]
    fn a_command_that_could_give_roles_that_stay_is_told_so() {
        let asked = grant(&[("Microsoft.Authorization/*", &[])], &[]);
        let made = Roles::of(&asked, Some("app"), Some(SUBSCRIPTION)).unwrap();
        assert!(
            made.outline(&asked).notices.iter().any(|notice| notice.contains("roles that stay"))
        );
    }
}
