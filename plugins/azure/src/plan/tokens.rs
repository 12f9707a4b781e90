//! A grant as tokens: one for each audience that its operations need.

use audex_sdk::pattern;
use audex_sdk::provider::{Enforcer, Error, Grant};
use serde_json::json;

use super::{Outline, planned};
use crate::{action, audience, deny, invalid, method};

/// The audiences of a grant.
#[derive(Debug)]
pub struct Tokens {
    /// The audiences of each permission of the grant, in order.
    of_permissions: Vec<Vec<&'static str>>,
    audiences: Vec<Audience>,
}

/// One audience that needs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audience {
    pub name: &'static str,
    /// True if an operation requested by name needs this audience. An audience that only wildcards need may
    /// be missing: not every tenant has every service.
    pub required: bool,
}

impl Tokens {
    /// Derives the tokens for a grant.
    ///
    /// # Errors
    /// If the audience of an operation is unknown, or a token would allow a denied operation.
    pub fn of(grant: &Grant) -> Result<Self, Error> {
        let made = Self::behind_roles(grant)?;
        // The gateway decides by denied operations itself.
        if !grant.gateway {
            made.check_denied(&grant.deny)?;
        }
        Ok(made)
    }

    /// Derives the tokens for a holder whose own roles enforce the denies.
    ///
    /// # Errors
    /// If the audience of an operation is unknown, or its requests are not read by the session's gateway.
    pub fn behind_roles(grant: &Grant) -> Result<Self, Error> {
        let made = Self::implied_by(grant)?;
        if grant.gateway { made.through_a_gateway(grant) } else { Ok(made) }
    }

    fn implied_by(grant: &Grant) -> Result<Self, Error> {
        let mut of_permissions = Vec::new();
        let mut audiences: Vec<Audience> = Vec::new();
        for permission in &grant.permissions {
            let own = implied(&permission.action, &grant.deny)?;
            let required = !pattern::is_wild(&permission.action) || own.len() == 1;
            for name in own.iter().copied() {
                match audiences.iter_mut().find(|known| known.name == name) {
                    Some(known) => known.required |= required,
                    None => audiences.push(Audience { name, required }),
                }
            }
            of_permissions.push(own);
        }
        // Libraries use one of the two names, `az` the other.
        if let Some(known) = audiences.iter().find(|known| known.name == audience::RESOURCE_MANAGER)
        {
            audiences.push(Audience {
                name: audience::RESOURCE_MANAGER_OF_AZ,
                required: known.required,
            });
        }
        audiences.sort_unstable_by_key(|audience| audience.name);
        Ok(Self { of_permissions, audiences })
    }

    /// Leaves out the tokens for services whose requests the gateway does not read. The gateway decides by
    /// denied operations, so they are no obstacle to a token that the command never sees.
    fn through_a_gateway(mut self, grant: &Grant) -> Result<Self, Error> {
        for (permission, own) in grant.permissions.iter().zip(&mut self.of_permissions) {
            let unread = own.first().copied().unwrap_or_default();
            own.retain(|name| audience::is_read(name));
            if own.is_empty() {
                let message =
                    format!("`{}` is for {unread}, whose requests are not read", permission.action);
                let hint = "leave it out, or leave out --deliver gateway";
                return Err(invalid("gateway-unread", message, hint));
            }
        }
        self.audiences.retain(|audience| audience::is_read(audience.name));
        Ok(self)
    }

    /// Returns the audiences, in order of their names.
    pub fn audiences(&self) -> &[Audience] {
        &self.audiences
    }

    pub fn policy(&self) -> String {
        let names: Vec<&str> = self.audiences.iter().map(|audience| audience.name).collect();
        json!({ "audiences": names }).to_string()
    }

    pub fn outline(&self, grant: &Grant) -> Outline {
        let rows = grant.permissions.iter().zip(&self.of_permissions);
        let row = rows.map(|(permission, own)| {
            let described = action::describe(&permission.action);
            let names = own.join(", ");
            if grant.gateway {
                let note = format!("{described}; the gateway holds the token for {names}");
                return planned(permission, Enforcer::Gateway, note);
            }
            let note = format!(
                "{described}; a token for {names}, which is good for all that its holder may do there"
            );
            planned(permission, Enforcer::Token, note)
        });
        let permissions = row.collect();
        Outline {
            policy: self.policy(),
            permissions,
            notices: vec![method::token_life(grant.ttl_seconds)],
        }
    }

    /// Rejects tokens that reach a denied operation. Security: such a deny would exist on paper only.
    fn check_denied(&self, denied: &[String]) -> Result<(), Error> {
        for pattern in denied.iter().filter(|pattern| action::could_match(pattern)) {
            let known = azure_catalogue::matching(pattern);
            let reached = if known.is_empty() {
                audience::possible(pattern)
            } else {
                audience::sorted(known.iter().flat_map(audience::of).collect())
            };
            let through = self.audiences.iter().find(|audience| reached.contains(&audience.name));
            if let Some(Audience { name, .. }) = through {
                return Err(deny::not_enforceable(
                    pattern,
                    &format!("a token for {name} is good for all that its holder may do there"),
                ));
            }
        }
        Ok(())
    }
}

/// Returns the audiences of the operations that `action` stands for, without the denied ones.
fn implied(action: &str, denied: &[String]) -> Result<Vec<&'static str>, Error> {
    let operations = action::expand(action);
    // The pattern matches no known operation: as with unknown names, most belong to Resource Manager.
    if operations.is_empty() {
        return Ok(vec![audience::RESOURCE_MANAGER]);
    }
    let left = operations.iter().filter(|operation| !deny::is_denied(denied, &operation.name));
    let audiences = audience::sorted(left.flat_map(audience::of).collect());
    if audiences.is_empty() {
        return Err(deny::not_enforceable(action, "nothing is left of what was asked for"));
    }
    Ok(audiences)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::grant;

    fn audiences(actions: &[&str], deny: &[&str]) -> Result<Vec<&'static str>, Error> {
        let permissions: Vec<(&str, &[&str])> =
            actions.iter().map(|&action| (action, &[][..])).collect();
        let tokens = Tokens::of(&grant(&permissions, deny))?;
        let names = tokens.audiences().iter().map(|audience| audience.name);
        Ok(names.filter(|name| *name != audience::RESOURCE_MANAGER_OF_AZ).collect())
    }

    const VAULT: &str = "https://vault.azure.net";
    const ARM: &str = audience::RESOURCE_MANAGER;

    #[test]
    fn operations_imply_audiences_and_no_other_token_is_made() {
        assert_eq!(audiences(&["Microsoft.Storage/storageAccounts/read"], &[]).unwrap(), [ARM]);
        let data = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
        let secret = "Microsoft.KeyVault/vaults/secrets/getSecret/action";
        assert_eq!(audiences(&[secret, data], &[]).unwrap(), [audience::STORAGE, VAULT]);
        assert_eq!(audiences(&["Microsoft.KeyVault/vaults/*"], &[]).unwrap(), [ARM, VAULT]);
        assert_eq!(
            audiences(&["Microsoft.OperationalInsights/workspaces/query/*/read"], &[])
                .unwrap()
                .len(),
            1
        );
        // Unknown operations count as operations of Resource Manager, as most are.
        assert_eq!(audiences(&["Contoso.Garden/flowers/read"], &[]).unwrap(), [ARM]);
        assert_eq!(audiences(&["Contoso.Garden/*"], &[]).unwrap(), [ARM]);
    }

    #[test]
    fn a_denied_operation_that_a_token_would_reach_is_an_error() {
        for (asked, denied) in [
            ("Microsoft.Storage/storageAccounts/read", "microsoft.storage/storageaccounts/DELETE"),
            ("Microsoft.Storage/storageAccounts/*", "Microsoft.Storage/*/delete"),
            ("Microsoft.Compute/virtualMachines/read", "*/delete"),
            ("Microsoft.Compute/virtualMachines/read", "*"),
            ("Microsoft.KeyVault/vaults/*", "Microsoft.KeyVault/vaults/secrets/getSecret/action"),
            (
                "Microsoft.KeyVault/vaults/secrets/getSecret/action",
                "Microsoft.KeyVault/vaults/unheard/action",
            ),
            ("Microsoft.Compute/virtualMachines/read", "Contoso.Garden/flowers/delete"),
        ] {
            let error = audiences(&[asked], &[denied]).unwrap_err();
            assert_eq!(error.code, "deny-not-enforceable", "{asked} {denied}");
            assert!(error.message.contains(denied) || denied == "*", "{}", error.message);
        }
    }

    #[test]
    fn a_denied_operation_of_another_audience_stands_in_nobodys_way() {
        let secret = "Microsoft.KeyVault/vaults/secrets/getSecret/action";
        for denied in [
            "Microsoft.Storage/storageAccounts/delete",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*",
            "s3:*",
            "*:*",
            "storage.objects.delete",
        ] {
            assert_eq!(audiences(&[secret], &[denied]).unwrap(), [VAULT], "{denied}");
        }
    }

    /// Checks the whole catalogue, in odd spellings: no token that is made has the audience of a denied
    /// operation.
    #[test]
    fn no_token_is_ever_made_that_reaches_a_denied_operation() {
        let all = azure_catalogue::matching("*");
        let spell = |name: &str, turn: usize| match turn % 4 {
            0 => name.to_owned(),
            1 => name.to_ascii_uppercase(),
            2 => name.replacen('e', "?", 2),
            _ => format!("{}*", &name[..name.len() * 2 / 3]),
        };
        let (mut made, mut refused) = (0, 0);
        for (turn, denied) in all
            .iter()
            .step_by(97)
            .chain(all.iter().filter(|one| one.is_data).step_by(5))
            .enumerate()
        {
            let pattern = spell(&denied.name, turn);
            for asked in
                all.iter().step_by(311).chain(all.iter().filter(|one| one.is_data).step_by(17))
            {
                match audiences(&[&spell(&asked.name, turn / 4)], &[&pattern]) {
                    Ok(given) => {
                        assert!(
                            !audience::of(denied).iter().any(|one| given.contains(one)),
                            "{} {pattern}",
                            asked.name
                        );
                        made += 1;
                    }
                    Err(error) => {
                        assert_eq!(error.code, "deny-not-enforceable");
                        refused += 1;
                    }
                }
            }
        }
        assert!(made > 100 && refused > 100, "{made} {refused}");
    }

    #[test]
    fn a_wildcard_loses_the_audience_that_is_denied() {
        let denied = [
            "Microsoft.KeyVault/*/action",
            "Microsoft.KeyVault/vaults/keys/*",
            "Microsoft.KeyVault/vaults/secrets/delete",
            "Microsoft.KeyVault/vaults/keyrotationpolicies/*",
            "Microsoft.KeyVault/vaults/certificate*",
        ];
        // Operations of Resource Manager that are denied would stay reachable.
        assert!(audiences(&["Microsoft.KeyVault/vaults/secrets/*"], &denied).is_err());
        let secrets = [
            "Microsoft.KeyVault/vaults/secrets/*/action",
            "Microsoft.KeyVault/vaults/secrets/delete",
        ];
        assert_eq!(audiences(&["Microsoft.KeyVault/vaults/secrets/*"], &secrets).unwrap(), [ARM]);
    }

    #[test]
    fn a_gateway_decides_denies_and_gets_tokens_for_what_it_reads() {
        let plan = |asked: &[(&str, &[&str])], deny: &[&str]| {
            let grant = Grant { gateway: true, ..grant(asked, deny) };
            crate::plan::plan(&grant, &crate::plan::Settings::default())
        };
        let vm = "Microsoft.Compute/virtualMachines/read";
        let group: &[&str] = &["/subscriptions/S/resourceGroups/G"];
        let made =
            plan(&[(vm, group), ("Microsoft.KeyVault/vaults/*", &[])], &["*/delete"]).unwrap();
        assert_eq!(made.method, "audience-tokens");
        assert_eq!(
            made.policy.unwrap(),
            r#"{"audiences":["https://management.azure.com","https://management.core.windows.net","https://vault.azure.net"]}"#
        );
        assert!(made.permissions.iter().all(|row| row.enforced_by == Enforcer::Gateway));
        let [first, second] = made.decides.as_slice() else { panic!("one for each permission") };
        assert_eq!(first.actions, [vm]);
        assert_eq!(
            first.resources.named(),
            ["/subscriptions/s/resourcegroups/g", "/subscriptions/s/resourcegroups/g/*"]
        );
        assert!(second.resources.is_every());
        // A wildcard loses the audience that is not read, and a name is an error.
        let made = plan(&[("Microsoft.EventHub/namespaces/*", &[])], &[]).unwrap();
        assert!(!made.policy.unwrap().contains("eventhubs"));
        let hub = "Microsoft.ServiceBus/namespaces/messages/send/action";
        assert_eq!(plan(&[(hub, &[])], &[]).unwrap_err().code, "gateway-unread");
        let wrong: &[&str] = &["https://acct.dfs.core.windows.net/c"];
        assert_eq!(plan(&[(vm, wrong)], &[]).unwrap_err().code, "resource-malformed");
    }

    #[test]
    fn what_wildcards_alone_lead_to_is_not_required() {
        let asked: &[(&str, &[&str])] = &[
            ("Microsoft.KeyVault/vaults/*", &[]),
            ("Microsoft.Storage/storageAccounts/read", &[]),
        ];
        let tokens = Tokens::of(&grant(asked, &[])).unwrap();
        let required: Vec<(&str, bool)> =
            tokens.audiences().iter().map(|one| (one.name, one.required)).collect();
        assert_eq!(
            required,
            [(ARM, true), (audience::RESOURCE_MANAGER_OF_AZ, true), (VAULT, false)]
        );
    }

    #[test]
    fn the_plan_names_audience_and_reach() {
        let asked: &[(&str, &[&str])] = &[("Microsoft.Storage/storageAccounts/read", &[])];
        let grant = grant(asked, &[]);
        let outline = Tokens::of(&grant).unwrap().outline(&grant);
        assert_eq!(
            outline.policy,
            r#"{"audiences":["https://management.azure.com","https://management.core.windows.net"]}"#
        );
        let row = &outline.permissions[0];
        assert_eq!(row.enforced_by, Enforcer::Token);
        assert!(
            row.note
                .as_ref()
                .unwrap()
                .contains("read; a token for https://management.azure.com, which is good for all")
        );
        assert!(outline.notices[0].contains("60 to 90 minutes"));
    }
}
