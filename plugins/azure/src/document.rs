//! A grant as a custom role: for an identity whose own role is the limit that a token cannot set.

use audex_sdk::provider::{Error, ErrorKind, Grant};
use serde_json::{Value, json};

use crate::definition::Definition;
use crate::refusal;

/// The placeholder for a subscription that the user did not name.
const SUBSCRIPTION: &str = "SUBSCRIPTION_ID";

/// The most resources that a description names; more are counted: a description has at most 1,024 characters.
const FEW: usize = 4;

/// The description and the permissions of a role.
struct Role {
    description: String,
    definition: Definition,
}

/// Writes the role `name` in `format`: `json` for `az role definition create`, or `terraform`.
///
/// # Errors
/// If Azure has no such format, or a role cannot express the grant.
pub fn document(
    grant: &Grant,
    name: &str,
    format: &str,
    subscription: Option<&str>,
) -> Result<String, Error> {
    let role = role(grant, name)?;
    let scope = format!("/subscriptions/{}", subscription.unwrap_or(SUBSCRIPTION));
    match format {
        "json" => Ok(json(name, &scope, &role)),
        "terraform" => Ok(terraform(name, &scope, &role)),
        other => Err(refusal(
            ErrorKind::Unsupported,
            "format-unsupported",
            format!("a role of Azure has no `{other}` form"),
            "use `json` (for `az role definition create`) or `terraform`",
        )),
    }
}

fn role(grant: &Grant, name: &str) -> Result<Role, Error> {
    let asked: Vec<&str> =
        grant.permissions.iter().map(|permission| permission.action.as_str()).collect();
    let definition = Definition::of(&asked, &grant.deny)?;
    Ok(Role { description: description(grant, name), definition })
}

/// Writes the role as JSON. Source: Azure RBAC, "Azure custom roles", custom role properties for the Azure
/// CLI.
fn json(name: &str, scope: &str, role: &Role) -> String {
    let definition = json!({
        "Name": name,
        "IsCustom": true,
        "Description": role.description,
        "Actions": role.definition.actions,
        "NotActions": role.definition.not_actions,
        "DataActions": role.definition.data_actions,
        "NotDataActions": role.definition.not_data_actions,
        "AssignableScopes": [scope],
    });
    format!("{definition:#}")
}

/// Writes the role for Terraform. Source: Terraform provider `azurerm`, resource `azurerm_role_definition`.
fn terraform(name: &str, scope: &str, role: &Role) -> String {
    let list = |key: &str, values: &[String]| {
        let values: Vec<String> =
            values.iter().map(|value| format!("      {},\n", quoted(value))).collect();
        if values.is_empty() {
            String::new()
        } else {
            format!("    {key} = [\n{}    ]\n", values.concat())
        }
    };
    let lists = [
        list("actions", &role.definition.actions),
        list("not_actions", &role.definition.not_actions),
        list("data_actions", &role.definition.data_actions),
        list("not_data_actions", &role.definition.not_data_actions),
    ];
    format!(
        "resource \"azurerm_role_definition\" \"{label}\" {{\n  name        = {name}\n  scope       = {scope}\n  \
         description = {description}\n\n  permissions {{\n{lists}  }}\n\n  assignable_scopes = [{scope}]\n}}\n",
        label = label(name),
        name = quoted(name),
        scope = quoted(scope),
        description = quoted(&role.description),
        lists = lists.concat(),
    )
}

/// Returns a description that names the resources: a role has no resources, only its assignment has a scope.
fn description(grant: &Grant, name: &str) -> String {
    let mut resources: Vec<&str> = grant
        .permissions
        .iter()
        .flat_map(|permission| permission.resources.named())
        .map(String::as_str)
        .collect();
    resources.sort_unstable();
    resources.dedup();
    let scope = match resources.as_slice() {
        [] => String::new(),
        few if few.len() <= FEW => format!("; assign it at the scope of {}", few.join(" and ")),
        many => format!("; assign it at the scopes of its {} resources", many.len()),
    };
    format!("What the profile {name} of tryaudex asks for{scope}")
}

/// Returns a Terraform label: letters, digits and `_`, beginning with a letter.
fn label(name: &str) -> String {
    let label: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if label.starts_with(|c: char| c.is_ascii_alphabetic()) {
        label
    } else {
        format!("role_{label}")
    }
}

/// Returns a quoted HCL string: HCL has all of JSON's escapes, and templates, which are escaped too.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::grant;

    fn written(actions: &[&str], deny: &[&str], format: &str) -> Result<String, Error> {
        let permissions: Vec<(&str, &[&str])> =
            actions.iter().map(|&action| (action, &[][..])).collect();
        document(&grant(&permissions, deny), "my role", format, None)
    }

    #[test]
    fn actions_data_actions_and_denies_stand_in_lists_of_their_own() {
        let asked = [
            "Microsoft.Storage/storageAccounts/read",
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/keys/read",
            "Microsoft.Compute/*",
            "Contoso.Garden/flowers/read",
        ];
        let denied = [
            "Microsoft.Compute/virtualMachines/delete",
            "Microsoft.Compute/disks/*",
            "Microsoft.Sql/*",
            "s3:*",
        ];
        let role: Value = serde_json::from_str(&written(&asked, &denied, "json").unwrap()).unwrap();
        assert_eq!(
            role["Actions"],
            json!([
                "Contoso.Garden/flowers/read",
                "Microsoft.Compute/*",
                "Microsoft.KeyVault/vaults/keys/read",
                "Microsoft.Storage/storageAccounts/read"
            ])
        );
        assert_eq!(
            role["DataActions"],
            json!([
                "Microsoft.Compute/*",
                "Microsoft.KeyVault/vaults/keys/read",
                "Microsoft.KeyVault/vaults/secrets/getSecret/action"
            ])
        );
        assert_eq!(
            role["NotActions"],
            json!(["Microsoft.Compute/disks/*", "Microsoft.Compute/virtualMachines/delete"])
        );
        assert_eq!(role["NotDataActions"], json!(["Microsoft.Compute/disks/*"]));
        assert_eq!((&role["Name"], &role["IsCustom"]), (&json!("my role"), &json!(true)));
        assert_eq!(role["AssignableScopes"], json!(["/subscriptions/SUBSCRIPTION_ID"]));
    }

    #[test]
    fn the_scope_is_the_subscription_that_is_set() {
        let read: &[(&str, &[&str])] = &[("Microsoft.Storage/storageAccounts/read", &[])];
        let text = document(&grant(read, &[]), "r", "json", Some("abc")).unwrap();
        assert!(text.contains("\"/subscriptions/abc\""), "{text}");
    }

    #[test]
    fn resources_are_told_to_be_the_scope_of_the_assignment() {
        let container: &[&str] = &["https://acct.blob.core.windows.net/data"];
        let blob = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
        let text = document(&grant(&[(blob, container)], &[]), "r", "json", None).unwrap();
        assert!(
            text.contains("assign it at the scope of https://acct.blob.core.windows.net/data"),
            "{text}"
        );
        let text = document(&grant(&[(blob, &["a", "b", "c", "d", "e"])], &[]), "r", "json", None)
            .unwrap();
        assert!(text.contains("its 5 resources"), "{text}");
    }

    #[test]
    fn terraform_gets_one_resource_without_templates() {
        let text = written(&["Microsoft.Storage/storageAccounts/read"], &[], "terraform").unwrap();
        assert_eq!(
            text,
            "resource \"azurerm_role_definition\" \"my_role\" {\n  name        = \"my role\"\n  scope       = \
             \"/subscriptions/SUBSCRIPTION_ID\"\n  description = \"What the profile my role of tryaudex asks for\"\n\n  \
             permissions {\n    actions = [\n      \"Microsoft.Storage/storageAccounts/read\",\n    ]\n  }\n\n  \
             assignable_scopes = [\"/subscriptions/SUBSCRIPTION_ID\"]\n}\n"
        );
        assert_eq!(quoted("a\"${b}%{c}\n"), "\"a\\\"$${b}%%{c}\\n\"");
        assert_eq!((label("9-lives").as_str(), label("a.b").as_str()), ("role_9_lives", "a_b"));
    }

    #[test]
    fn there_is_no_cloudformation_of_a_role() {
        assert_eq!(
            written(&["*"], &[], "cloudformation").unwrap_err().kind,
            ErrorKind::Unsupported
        );
    }
}
