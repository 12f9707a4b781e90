//! A grant as a custom role: for a dedicated service account whose own role is the limit that tokens cannot
//! set.

use audex_sdk::pattern;
use audex_sdk::provider::{Error, ErrorKind, Grant};
use serde_json::{Value, json};

use crate::{action, invalid, refusal};

/// Source: IAM, "Create and manage custom roles": ids are of letters, digits, `_` and `.`, 3 to 64 of them.
const ID_CHARACTERS: usize = 64;

/// Writes the role called `name` in `format`: `json` for `gcloud iam roles create --file`, or `terraform`.
pub fn document(grant: &Grant, name: &str, format: &str) -> Result<String, Error> {
    let permissions = permissions(grant)?;
    match format {
        "json" => Ok(role(name, &permissions)),
        "terraform" => Ok(terraform(name, &permissions)),
        _ => Err(refusal(
            ErrorKind::Unsupported,
            "format-unsupported",
            format!("there is no `{format}` of a Google Cloud role"),
            "use json or terraform",
        )),
    }
}

/// Lists the permissions of a grant. Custom roles accept no patterns: patterns are expanded, and denied
/// permissions left out.
fn permissions(grant: &Grant) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    for permission in &grant.permissions {
        let expanded = action::expand(&permission.action);
        if expanded.is_empty() {
            return Err(invalid(
                "matches-nothing",
                format!("`{}` matches no permission of the catalogue", permission.action),
                "a role needs its permissions by name",
            ));
        }
        all.extend(expanded);
    }
    let denied = |name: &String| {
        grant.deny.iter().any(|deny| pattern::matches_ignore_ascii_case(deny, name))
    };
    all.retain(|name| !denied(name));
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn role(name: &str, permissions: &[String]) -> String {
    let role = json!({
        "title": name,
        "description": "Exported by tryaudex",
        "stage": "GA",
        "includedPermissions": permissions,
    });
    serde_json::to_string_pretty(&role).unwrap_or_default()
}

/// Writes the role for Terraform. Source: Terraform Google provider, resource
/// `google_project_iam_custom_role`.
fn terraform(name: &str, permissions: &[String]) -> String {
    let id: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(ID_CHARACTERS)
        .collect();
    let label = if id.starts_with(|c: char| c.is_ascii_alphabetic()) {
        id.clone()
    } else {
        format!("audex_{id}")
    };
    let list: Vec<String> =
        permissions.iter().map(|name| format!("    {},\n", Value::from(name.as_str()))).collect();
    let list = list.concat();
    format!(
        "resource \"google_project_iam_custom_role\" \"{label}\" {{\n  role_id     = \"{label}\"\n  title       = {}\n  \
         permissions = [\n{list}  ]\n}}",
        Value::from(name).to_string().replace("${", "$${").replace("%{", "%%{"),
    )
}

#[cfg(test)]
mod tests {
    use audex_sdk::provider::{Permission, Scope};

    use super::*;

    fn written(actions: &[&str], deny: &[&str], format: &str) -> Result<String, Error> {
        let permission = |action: &&str| Permission {
            action: (*action).to_owned(),
            origin: String::new(),
            resources: Scope::Every,
        };
        let grant = Grant {
            provider: "gcp".into(),
            permissions: actions.iter().map(permission).collect(),
            deny: deny.iter().map(|&deny| deny.to_owned()).collect(),
            ttl_seconds: 900,
            session: "audex-1".into(),
            gateway: false,
        };
        document(&grant, "gcs-readonly", format)
    }

    #[test]
    fn patterns_are_spelled_out_without_what_is_denied() {
        let text = written(&["storage.objects.*"], &["storage.objects.delete"], "json").unwrap();
        let role: Value = serde_json::from_str(&text).unwrap();
        let names: Vec<&str> = role["includedPermissions"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert!(
            names.contains(&"storage.objects.get") && !names.contains(&"storage.objects.delete")
        );
        assert!(names.iter().all(|name| !name.contains('*')));
        assert_eq!(written(&["nothing.at.*"], &[], "json").unwrap_err().code, "matches-nothing");
    }

    #[test]
    fn terraform_names_the_role_as_google_takes_it() {
        let text = written(&["storage.objects.get"], &[], "terraform").unwrap();
        assert!(
            text.starts_with("resource \"google_project_iam_custom_role\" \"gcs_readonly\" {"),
            "{text}"
        );
        assert!(text.contains("    \"storage.objects.get\",\n"));
        assert_eq!(
            written(&["storage.objects.get"], &[], "cloudformation").unwrap_err().kind,
            ErrorKind::Unsupported
        );
    }
}
