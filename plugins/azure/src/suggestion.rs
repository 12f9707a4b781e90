//! "Did you mean": the known operation nearest to a name that is none. Paid only when a name is not known.

use audex_sdk::spelling;

/// The nearest known operation, if one is near enough to be meant: of the same resource provider, else of one that is
/// called nearly so.
pub fn nearest(action: &str) -> Option<String> {
    let (provider, _) = action.split_once('/')?;
    let here = azure_catalogue::of_provider(provider);
    let (provider, known) = if here.is_empty() {
        let near = closest(provider, azure_catalogue::providers().map(str::to_owned))?;
        let known = azure_catalogue::of_provider(&near);
        (near, known)
    } else {
        (provider.to_owned(), here)
    };
    let (_, rest) = action.split_once('/')?;
    closest(&format!("{provider}/{rest}"), known.into_iter().map(|operation| operation.name))
}

/// How many slips a name of this length may have. Names are long and alike: more would suggest a sibling.
fn allowed(name: &str) -> usize {
    (name.len() / 12).clamp(1, 3)
}

fn closest(name: &str, known: impl Iterator<Item = String>) -> Option<String> {
    spelling::nearest(name, known, allowed(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_in_any_part_are_seen_through() {
        for (wrong, right) in [
            ("Microsoft.Storage/storageAccounts/raed", "Microsoft.Storage/storageAccounts/read"),
            ("Microsoft.Storage/storageAccount/read", "Microsoft.Storage/storageAccounts/read"),
            ("Microsoft.Storag/storageAccounts/read", "Microsoft.Storage/storageAccounts/read"),
            (
                "microsoft.compute/virtualmachine/start/action",
                "Microsoft.Compute/virtualMachines/start/action",
            ),
            ("Microsoft.KeyVaults/vaults/secret/read", "Microsoft.KeyVault/vaults/secrets/read"),
        ] {
            assert_eq!(nearest(wrong).as_deref(), Some(right), "{wrong}");
        }
    }

    #[test]
    fn what_is_far_from_everything_gets_no_suggestion() {
        for wrong in ["Contoso.Garden/flowers/read", "Microsoft.Storage/unheardOf/read", "nothing"] {
            assert_eq!(nearest(wrong), None, "{wrong}");
        }
    }
}
