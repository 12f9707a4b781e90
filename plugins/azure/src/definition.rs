//! The four lists of a custom role: actions and data actions, and the exceptions of each.

use audex_sdk::pattern;
use audex_sdk::provider::Error;

use crate::{action, invalid};

/// The permissions of a role. Source: Azure RBAC, "Understand Azure role definitions".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    pub actions: Vec<String>,
    pub not_actions: Vec<String>,
    pub data_actions: Vec<String>,
    pub not_data_actions: Vec<String>,
}

impl Definition {
    /// Returns a role for exactly the operations that `asked` matches and `deny` does not. A pattern is put
    /// in the lists of the kinds that it matches; a pattern without a known match counts as an action.
    ///
    /// # Errors
    /// If a role cannot express a pattern.
    pub fn of(asked: &[&str], deny: &[String]) -> Result<Self, Error> {
        let meets =
            |deny: &str| asked.iter().any(|asked| pattern::intersects(&fold(deny), &fold(asked)));
        // A role has no `?`. Denying more than requested is safe; granting more is not.
        let denied: Vec<String> =
            deny.iter().filter(|deny| meets(deny)).map(|deny| deny.replace('?', "*")).collect();
        let given =
            asked.iter().map(|asked| written(asked)).collect::<Result<Vec<_>, _>>()?.concat();
        Ok(Self {
            actions: of_kind(&given, false),
            not_actions: of_kind(&denied, false),
            data_actions: of_kind(&given, true),
            not_data_actions: of_kind(&denied, true),
        })
    }
}

/// Writes `asked` for a role, whose only wildcard is `*`: other patterns become the known names.
fn written(asked: &str) -> Result<Vec<String>, Error> {
    if !asked.contains('?') {
        return Ok(vec![asked.to_owned()]);
    }
    let names: Vec<String> =
        action::expand(asked).into_iter().map(|operation| operation.name).collect();
    if names.is_empty() {
        let message = format!("a role cannot say `{asked}`: its only wildcard is `*`");
        return Err(invalid("pattern-unsupported", message, "write the operations out"));
    }
    Ok(names)
}

fn of_kind(patterns: &[String], is_data: bool) -> Vec<String> {
    let fits = |pattern: &&String| {
        let found = action::expand(pattern);
        let of_this = found
            .iter()
            .any(|operation| if is_data { operation.is_data } else { operation.is_action });
        of_this || (found.is_empty() && !is_data)
    };
    let mut list: Vec<String> = patterns.iter().filter(fits).cloned().collect();
    list.sort_unstable();
    list.dedup();
    list
}

fn fold(text: &str) -> String {
    text.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(asked: &[&str], deny: &[&str]) -> Result<Definition, Error> {
        Definition::of(asked, &deny.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_question_mark_becomes_the_names_it_stands_for_and_denies_widely() {
        let made = of(&["Microsoft.Storage/storageAccounts/rea?"], &[]).unwrap();
        assert_eq!(made.actions, ["Microsoft.Storage/storageAccounts/read"]);
        let made = of(
            &["Microsoft.Storage/storageAccounts/*"],
            &["Microsoft.Storage/storageAccounts/delet?"],
        );
        assert_eq!(made.unwrap().not_actions, ["Microsoft.Storage/storageAccounts/delet*"]);
        assert_eq!(
            of(&["Contoso.Garden/flowers/rea?"], &[]).unwrap_err().code,
            "pattern-unsupported"
        );
    }

    #[test]
    fn a_pattern_of_both_kinds_stands_in_both_lists_and_so_does_what_is_denied_of_it() {
        let made =
            of(&["Microsoft.KeyVault/vaults/*"], &["Microsoft.KeyVault/vaults/secrets/*"]).unwrap();
        assert_eq!((made.actions.len(), made.data_actions.len()), (1, 1));
        assert_eq!((made.not_actions.len(), made.not_data_actions.len()), (1, 1));
        assert!(
            of(&["Microsoft.Compute/virtualMachines/read"], &["*/delete"])
                .unwrap()
                .not_actions
                .is_empty()
        );
    }
}
