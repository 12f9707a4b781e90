//! The operations and scopes of a role definition.
//!
//! Security: a list that is missing or cannot be read is an error. If it were read as empty, the role
//! would apply to every scope, or would lose its exclusions.

use audex_sdk::pattern;
use audex_sdk::provider::Scope;
use serde_json::{Map, Value};

use crate::action;

/// The placeholder for a subscription, as an exported role has it.
const PLACEHOLDER: &str = "/subscriptions/SUBSCRIPTION_ID";
/// The words for operations of a pattern that are not in the catalogue, for each kind.
const UNKNOWN: &str = "operations that the catalogue does not know";
const UNKNOWN_DATA: &str = "data operations that the catalogue does not know";

/// A role definition, or an object in one. The Azure CLI writes names with a first capital letter, Resource
/// Manager with a small one.
#[derive(Clone, Copy, Debug)]
pub struct RoleObject<'a>(&'a Map<String, Value>);

impl<'a> RoleObject<'a> {
    /// # Errors
    /// If the value is not an object; the same text applies to the other functions here.
    pub fn of(value: &'a Value) -> Result<Self, String> {
        value.as_object().map(Self).ok_or_else(|| format!("expected an object, found `{value}`"))
    }

    /// Returns the object `name`.
    pub fn part(self, name: &str) -> Result<Option<Self>, String> {
        self.get(name)?.map(Self::of).transpose()
    }

    /// Returns the objects of the list `name`.
    pub fn parts(self, name: &str) -> Result<Option<Vec<Self>>, String> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let listed = value.as_array().ok_or_else(|| format!("`{name}` is not a list"))?;
        listed.iter().map(Self::of).collect::<Result<_, _>>().map(Some)
    }

    /// Returns the operations that the object allows: expands patterns with the catalogue, then removes the
    /// excluded operations. Returns `None` if the object has neither `actions` nor `dataActions`.
    pub fn operations(self) -> Result<Option<Vec<String>>, String> {
        let (actions, data) = (self.texts("actions")?, self.texts("dataActions")?);
        let excluded = self.texts("notActions")?.unwrap_or_default();
        let excluded_data = self.texts("notDataActions")?.unwrap_or_default();
        if actions.is_none() && data.is_none() {
            return Ok(None);
        }
        let mut all = Vec::new();
        for asked in actions.unwrap_or_default() {
            all.extend(remaining(asked, &excluded, false));
        }
        for asked in data.unwrap_or_default() {
            all.extend(remaining(asked, &excluded_data, true));
        }
        all.sort_unstable();
        all.dedup();
        Ok(Some(all))
    }

    /// Returns the scopes with a pattern for everything below each; every scope for the root, the scope of
    /// Azure's own roles.
    pub fn scopes(self) -> Result<Scope, String> {
        let listed = self.texts("assignableScopes")?.filter(|listed| !listed.is_empty());
        let listed = listed.ok_or("`assignableScopes` is missing or empty")?;
        if let Some(other) = listed.iter().find(|scope| !is_scope(scope)) {
            return Err(format!("`assignableScopes` has `{other}`, which is not a scope"));
        }
        Ok(within(&listed))
    }

    fn texts(self, name: &str) -> Result<Option<Vec<String>>, String> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let text =
            |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let listed = value.as_array().and_then(|listed| listed.iter().map(text).collect());
        listed.map(Some).ok_or_else(|| format!("`{name}` is not a list of texts"))
    }

    /// Returns the value of the key `name`, ignoring the case of the key; `None` if it is missing or `null`.
    fn get(self, name: &str) -> Result<Option<&'a Value>, String> {
        let mut found = self.0.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(format!("`{name}` is there twice")),
            (found, _) => Ok(found.map(|(_, value)| value).filter(|value| !value.is_null())),
        }
    }
}

/// Returns true if `text` can be a scope. Security: a wildcard would stand for every scope.
pub fn is_scope(text: &str) -> bool {
    text.starts_with('/') && !text.contains(['*', '?'])
}

/// Returns scopes with a pattern for everything below each; every scope if one is the root. Azure ignores case
/// in scopes.
pub fn within(scopes: &[String]) -> Scope {
    let both = |scope: &String| {
        // A role with the placeholder of a subscription is for any subscription.
        let below = scope
            .strip_prefix(PLACEHOLDER)
            .filter(|rest| matches!(rest.chars().next(), None | Some('/')));
        let scope = below.map_or_else(|| scope.clone(), |rest| format!("/subscriptions/*{rest}"));
        let scope = scope.trim_end_matches('/').to_ascii_lowercase();
        [scope.clone(), format!("{scope}/*")]
    };
    let is_root = |scope: &String| scope.chars().all(|c| c == '/');
    if scopes.iter().any(is_root) {
        return Scope::Every;
    }
    Scope::These(scopes.iter().flat_map(both).collect())
}

/// Returns what is left of the operation or pattern `asked`. Data operations and others share one list in a
/// statement, so a pattern is expanded to operations of its own kind only.
fn remaining(asked: String, excluded: &[String], is_data: bool) -> Vec<String> {
    let is_left =
        |name: &String| !excluded.iter().any(|one| pattern::matches_ignore_ascii_case(one, name));
    let of_kind = action::expand(&asked)
        .into_iter()
        .filter(|one| if is_data { one.is_data } else { one.is_action });
    let names: Vec<String> = of_kind.map(|one| one.name).collect();
    if names.is_empty() {
        return Some(asked).filter(is_left).into_iter().collect();
    }
    // The catalogue is not complete: the pattern also matches operations without a known name.
    let unknown = pattern::is_wild(&asked)
        .then(|| format!("{asked} ({})", if is_data { UNKNOWN_DATA } else { UNKNOWN }));
    unknown.into_iter().chain(names.into_iter().filter(is_left)).collect()
}
