//! The scope of a role: a subscription, a resource group or a resource of Resource Manager.

use audex_sdk::provider::Error;

use crate::invalid;

/// The id of a scope, such as `/subscriptions/ID/resourceGroups/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope(String);

impl Scope {
    /// Returns the scope of a whole subscription.
    ///
    /// # Errors
    /// If `id` is not the id of a subscription.
    pub fn of_subscription(id: &str) -> Result<Self, Error> {
        Self::parse(&format!("/subscriptions/{id}"))
    }

    /// Reads a scope.
    ///
    /// # Errors
    /// If `text` is not the id of a scope.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if is_scope(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(invalid(
            "scope-malformed",
            format!("`{text}` is not a scope of Resource Manager"),
            "write /subscriptions/ID, /subscriptions/ID/resourceGroups/NAME or a resource's whole id (az resource show --query id)",
        ))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the id of the scope's subscription.
    pub fn subscription(&self) -> &str {
        self.0.split('/').nth(2).unwrap_or_default()
    }
}

/// Returns true for a safe scope. Security: the scope becomes part of a URL. It consists of pairs of a kind
/// and a name, without characters that have a meaning in a URL. Source: Azure Resource Manager, "Naming rules
/// and restrictions for Azure resources".
fn is_scope(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('/') else { return false };
    let parts: Vec<&str> = rest.split('/').collect();
    let named = |part: &&str| {
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
        !part.is_empty() && part.chars().all(sound) && !part.chars().all(|c| c == '.')
    };
    let [kind, id, below @ ..] = parts.as_slice() else { return false };
    let group = match below {
        [] => true,
        // The parts below a provider: its name, and pairs of a type and a name.
        [kind, _, ..] if kind.eq_ignore_ascii_case("resourceGroups") => {
            below.len().is_multiple_of(2)
        }
        [kind, _, _, _, ..] if kind.eq_ignore_ascii_case("providers") => {
            below.len().is_multiple_of(2)
        }
        _ => false,
    };
    kind.eq_ignore_ascii_case("subscriptions") && is_guid(id) && parts.iter().all(named) && group
}

/// Returns true if `text` has the form of the ids of subscriptions and applications.
pub fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12345678-1234-1234-1234-123456789012";

    #[test]
    fn subscriptions_groups_and_resources_are_scopes() {
        for below in [
            "",
            "/resourceGroups/data-1_(x).y",
            "/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c",
        ] {
            let scope = Scope::parse(&format!("/subscriptions/{ID}{below}")).unwrap();
            assert_eq!(scope.subscription(), ID);
        }
        assert_eq!(Scope::of_subscription(ID).unwrap().as_str(), format!("/subscriptions/{ID}"));
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for text in [
            "/",
            "",
            "/subscriptions/x",
            "/providers/Microsoft.Management/managementGroups/all",
            &format!("/subscriptions/{ID}/"),
            &format!("/subscriptions/{ID}/resourceGroups"),
            &format!("/subscriptions/{ID}/resourceGroups/.."),
            &format!("/subscriptions/{ID}/resourceGroups/a?x"),
            &format!("/subscriptions/{ID}/resourceGroups/a%2e"),
            &format!("/subscriptions/{ID}/resourceGroups/a b"),
            &format!(
                "/subscriptions/{ID}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts"
            ),
            "https://acct.blob.core.windows.net/data",
        ] {
            assert!(Scope::parse(text).is_err(), "{text}");
        }
    }
}
