//! "Did you mean": the known operation nearest to a wrong name. Runs only if a name is unknown.

use audex_sdk::spelling;

/// Returns the nearest known operation, if it is close enough to be a likely correction: of the same resource
/// provider, else of one with a similar name.
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

/// Returns the largest edit distance for a name of this length. Names are long and alike: a larger distance
/// would suggest a sibling.
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
        for wrong in ["Contoso.Garden/flowers/read", "Microsoft.Storage/unheardOf/read", "nothing"]
        {
            assert_eq!(nearest(wrong), None, "{wrong}");
        }
    }
}
