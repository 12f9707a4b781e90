//! The certain facts about a provider's names, without a list of the names.

use crate::pattern::{Pattern, Relation, relation};

/// The form of a provider's actions and resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// The pattern that every action matches.
    shape: &'static str,
    /// Characters that no action contains.
    never: &'static [char],
    /// True if a resource's name stands for everything below it.
    tree: bool,
}

impl Vocabulary {
    /// Returns the provider's vocabulary; for an unknown provider nothing is certain.
    #[must_use]
    pub fn of(provider: &str) -> Self {
        match provider {
            // Vault issues credentials of AWS.
            "aws" | "vault" => Self { shape: "*:*", never: &['.', '/'], tree: false },
            "azure" => Self { shape: "*/*", never: &[':'], tree: true },
            "gcp" => Self { shape: "*.*", never: &[':', '/'], tree: true },
            _ => Self { shape: "*", never: &[], tree: true },
        }
    }

    /// Returns true if the name can be an action of this provider, or a pattern that matches one.
    #[must_use]
    pub fn has(&self, action: &str) -> bool {
        let apart =
            relation(&[Pattern::glob(self.shape)], &[Pattern::glob(action)]) == Relation::Apart;
        !apart && !action.contains(self.never)
    }

    /// Returns true if a resource's name stands for everything below it, as `gs://bucket` does.
    #[must_use]
    pub fn is_tree(&self) -> bool {
        self.tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_writes_its_actions_in_its_own_way() {
        let names =
            ["s3:Delete*", "Microsoft.Storage/*/delete", "storage.buckets.*", "destructive"];
        let known = |provider| names.map(|name| Vocabulary::of(provider).has(name));
        assert_eq!(known("aws"), [true, false, false, false]);
        assert_eq!(known("azure"), [false, true, true, false]);
        assert_eq!(known("gcp"), [false, false, true, false]);
        assert_eq!(known("house"), [true; 4]);
        assert!(["aws", "azure", "gcp"].iter().all(|provider| Vocabulary::of(provider).has("*")));
    }
}
