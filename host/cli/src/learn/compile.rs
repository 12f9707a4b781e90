//! Compiles shares of a recommendation with the provider's own compiler, to compare what they allow.

use std::collections::BTreeSet;

use serde_json::Value;

use super::recommend::Share;
use audex_components::provider::{Grant, Permission, Provider, Scope};

/// The pairs of action and resource that a policy allows, each with its condition.
pub type Allowed = BTreeSet<(String, String, String)>;

/// A compiler of shares as one request. Its result is `None` if it cannot be compared.
pub(crate) type Compile<'a> = &'a dyn Fn(&[Share]) -> Option<Allowed>;

/// Returns the pairs that a request for `shares` would allow, or `None` if the provider writes no policy of
/// actions and resources.
#[must_use]
pub fn allowed(provider: &Provider, id: &str, shares: &[Share]) -> Option<Allowed> {
    let permission = |share: &Share, action: &String| Permission {
        action: action.clone(),
        origin: action.clone(),
        resources: Scope::asked(share.resources.clone()),
    };
    let permissions =
        shares.iter().flat_map(|share| share.actions.iter().map(|one| permission(share, one)));
    let grant = Grant {
        provider: id.to_owned(),
        permissions: permissions.collect(),
        deny: Vec::new(),
        ttl_seconds: 900,
        session: "audex-learn".to_owned(),
        gateway: false,
    };
    pairs(&provider.document(&grant, "learned", "json").ok()?)
}

/// Returns the pairs of an IAM policy that only allows, or `None` for any other document.
fn pairs(document: &str) -> Option<Allowed> {
    let document: Value = serde_json::from_str(document).ok()?;
    let mut allowed = Allowed::new();
    for statement in document.get("Statement")?.as_array()? {
        if statement.get("Effect")? != "Allow" {
            return None;
        }
        let condition = statement.get("Condition").map(Value::to_string).unwrap_or_default();
        let resources = texts(statement.get("Resource")?)?;
        for action in texts(statement.get("Action")?)? {
            allowed.extend(
                resources.iter().map(|one| (action.clone(), one.clone(), condition.clone())),
            );
        }
    }
    Some(allowed)
}

/// Returns the texts of a JSON string or of a list of strings.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_its_pairs_however_they_are_grouped() {
        let one = r#"{"Statement":[{"Effect":"Allow","Action":["a:B","a:C"],"Resource":"r"}]}"#;
        let two = r#"{"Statement":[{"Effect":"Allow","Action":"a:C","Resource":["r"]},{"Effect":"Allow","Action":"a:B","Resource":"r"}]}"#;
        assert_eq!(pairs(one).unwrap(), pairs(two).unwrap());
        let conditional = one.replace("\"Resource\"", "\"Condition\":{\"x\":1},\"Resource\"");
        assert_ne!(pairs(one).unwrap(), pairs(&conditional).unwrap());
    }

    #[test]
    fn a_document_that_is_not_understood_is_not_compared() {
        for document in [
            "",
            "{}",
            r#"{"includedPermissions":["storage.objects.get"]}"#,
            r#"{"Statement":[{"Effect":"Deny","Action":"a:B","Resource":"r"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","NotAction":"a:B","Resource":"r"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":[1],"Resource":"r"}]}"#,
        ] {
            assert!(pairs(document).is_none(), "{document}");
        }
    }
}
