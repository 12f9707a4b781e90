//! A grant as a custom role: what an identity of one's own needs to be the limit that tokens are not.

use audex_sdk::pattern;
use audex_sdk::provider::{Error, ErrorKind, Grant};
use serde_json::{Value, json};

use crate::{action, refusal};

/// Stands where nobody said which subscription.
const SUBSCRIPTION: &str = "SUBSCRIPTION_ID";

/// The lists of a role.
struct Role {
    actions: Vec<String>,
    not_actions: Vec<String>,
    data_actions: Vec<String>,
    not_data_actions: Vec<String>,
}

/// The role called `name` in `format`: `json` for `az role definition create`, or `terraform`.
pub fn document(
    grant: &Grant,
    name: &str,
    format: &str,
    subscription: Option<&str>,
) -> Result<String, Error> {
    let role = role(grant);
    let scope = format!("/subscriptions/{}", subscription.unwrap_or(SUBSCRIPTION));
    match format {
        "json" => {
            let definition = json!({
                "Name": name,
                "IsCustom": true,
                "Description": "Exported by tryaudex",
                "Actions": role.actions,
                "NotActions": role.not_actions,
                "DataActions": role.data_actions,
                "NotDataActions": role.not_data_actions,
                "AssignableScopes": [scope],
            });
            Ok(serde_json::to_string_pretty(&definition).unwrap_or_default())
        }
        "terraform" => Ok(terraform(name, &scope, &role)),
        _ => Err(refusal(
            ErrorKind::Unsupported,
            "format-unsupported",
            format!("there is no `{format}` of an Azure role"),
            "use json or terraform",
        )),
    }
}

/// A pattern may stand for operations of both kinds, and then stands in both lists.
fn role(grant: &Grant) -> Role {
    let of_kind = |patterns: &mut dyn Iterator<Item = &String>, is_data: bool| {
        let mut list: Vec<String> = patterns
            .filter(|pattern| {
                let found = action::expand(pattern);
                // What nothing is known of counts as Resource Manager's.
                found.iter().any(|operation| operation.is_data == is_data) || (found.is_empty() && !is_data)
            })
            .cloned()
            .collect();
        list.sort_unstable();
        list.dedup();
        list
    };
    let asked: Vec<String> = grant.permissions.iter().map(|permission| permission.action.clone()).collect();
    let relevant = |deny: &&String| asked.iter().any(|asked| pattern::intersects(&fold(deny), &fold(asked)));
    Role {
        actions: of_kind(&mut asked.iter(), false),
        not_actions: of_kind(&mut grant.deny.iter().filter(relevant), false),
        data_actions: of_kind(&mut asked.iter(), true),
        not_data_actions: of_kind(&mut grant.deny.iter().filter(relevant), true),
    }
}

fn fold(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// Source: Terraform azurerm provider, resource `azurerm_role_definition`.
fn terraform(name: &str, scope: &str, role: &Role) -> String {
    let label: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let label =
        if label.starts_with(|c: char| c.is_ascii_alphabetic()) { label } else { format!("audex_{label}") };
    let quoted = |text: &str| Value::from(text).to_string().replace("${", "$${").replace("%{", "%%{");
    let list = |name: &str, values: &[String]| {
        let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
        format!("    {name} = [{}]\n", values.join(", "))
    };
    format!(
        "resource \"azurerm_role_definition\" \"{label}\" {{\n  name  = {}\n  scope = \"{scope}\"\n\n  permissions {{\n{}{}{}{}  }}\n\n  \
         assignable_scopes = [\"{scope}\"]\n}}",
        quoted(name),
        list("actions         ", &role.actions),
        list("not_actions     ", &role.not_actions),
        list("data_actions    ", &role.data_actions),
        list("not_data_actions", &role.not_data_actions),
    )
}

#[cfg(test)]
mod tests {
    use audex_sdk::provider::Permission;

    use super::*;

    fn written(actions: &[&str], deny: &[&str], format: &str) -> Result<String, Error> {
        let permission = |action: &&str| Permission {
            action: (*action).to_owned(),
            origin: String::new(),
            resources: Vec::new(),
        };
        let grant = Grant {
            provider: "azure".into(),
            permissions: actions.iter().map(permission).collect(),
            deny: deny.iter().map(|&deny| deny.to_owned()).collect(),
            ttl_seconds: 900,
            session: "audex-1".into(),
        };
        document(&grant, "my role", format, None)
    }

    #[test]
    fn data_actions_and_denies_stand_in_their_own_lists() {
        let text = written(
            &[
                "Microsoft.Storage/storageAccounts/read",
                "Microsoft.KeyVault/vaults/secrets/getSecret/action",
                "Microsoft.Compute/*",
            ],
            &["Microsoft.Compute/virtualMachines/delete", "Microsoft.Sql/*"],
            "json",
        );
        let role: Value = serde_json::from_str(&text.unwrap()).unwrap();
        assert_eq!(role["DataActions"][0], "Microsoft.Compute/*");
        assert_eq!(role["DataActions"][1], "Microsoft.KeyVault/vaults/secrets/getSecret/action");
        assert_eq!(role["Actions"][1], "Microsoft.Storage/storageAccounts/read");
        assert_eq!(role["NotActions"], json!(["Microsoft.Compute/virtualMachines/delete"]));
        assert_eq!(role["AssignableScopes"][0], "/subscriptions/SUBSCRIPTION_ID");
    }

    #[test]
    fn terraform_has_all_four_lists() {
        let text = written(&["Microsoft.Storage/storageAccounts/read"], &[], "terraform").unwrap();
        assert!(
            text.starts_with("resource \"azurerm_role_definition\" \"my_role\" {\n  name  = \"my role\"\n"),
            "{text}"
        );
        assert!(text.contains("actions          = [\"Microsoft.Storage/storageAccounts/read\"]"), "{text}");
        assert_eq!(written(&["*"], &[], "cloudformation").unwrap_err().kind, ErrorKind::Unsupported);
    }
}
