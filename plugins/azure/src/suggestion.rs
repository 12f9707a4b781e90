//! "Did you mean": the known operation nearest to a name that is none. Paid only when a name is not known.

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
    let lower = name.to_ascii_lowercase();
    let far = |known: String| Some((distance(&lower, &known.to_ascii_lowercase(), allowed(name))?, known));
    known.filter_map(far).min_by_key(|(far, _)| *far).map(|(_, known)| known)
}

/// The number of insertions, deletions, changes and swaps of neighbours between two names, up to `limit`.
fn distance(left: &str, right: &str, limit: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > limit {
        return None;
    }
    let right: Vec<u8> = right.bytes().collect();
    let mut older: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (row, byte) in left.bytes().enumerate() {
        let mut next = vec![row + 1];
        let mut right_before = None;
        for (column, &other) in right.iter().enumerate() {
            let at = |cells: &[usize], place: usize| cells.get(place).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&last, column) + usize::from(byte != other);
            let mut best = changed.min(at(&last, column + 1) + 1).min(at(&next, column) + 1);
            if left_before == Some(other) && right_before == Some(byte) {
                best = best.min(at(&older, column.wrapping_sub(1)) + 1);
            }
            next.push(best);
            right_before = Some(other);
        }
        if next.iter().all(|cell| *cell > limit) {
            return None;
        }
        left_before = Some(byte);
        older = std::mem::replace(&mut last, next);
    }
    last.last().copied().filter(|far| *far <= limit)
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
