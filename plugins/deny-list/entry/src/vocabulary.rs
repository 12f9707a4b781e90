//! The known actions of a provider.
//!
//! The catalogues are linked into the program and not requested from the components: the files are the same,
//! no settings of a user change them, and a look-up costs no call.

use audex_sdk::pattern;

/// The known actions of one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary<'a> {
    /// AWS, and Vault, which issues AWS credentials.
    Aws,
    /// Google Cloud; the catalogue is not complete.
    Gcp,
    /// Azure; the catalogue is not complete.
    Azure,
    /// An installed provider, which lists its own actions.
    Listed(&'a [String]),
}

impl Vocabulary<'static> {
    /// The vocabularies of the program itself, each with the id of a provider.
    pub const BUILT_IN: [(&'static str, Self); 3] =
        [("aws", Self::Aws), ("gcp", Self::Gcp), ("azure", Self::Azure)];

    /// Returns the vocabulary of a built-in provider.
    #[must_use]
    pub fn of(provider: &str) -> Option<Self> {
        let id = if provider == "vault" { "aws" } else { provider };
        Self::BUILT_IN.into_iter().find(|(known, _)| *known == id).map(|(_, vocabulary)| vocabulary)
    }
}

impl Vocabulary<'_> {
    /// Returns true if `wanted` accepts any known action.
    pub fn any(self, mut wanted: impl FnMut(&str) -> bool) -> bool {
        match self {
            Self::Aws => aws_catalogue::services().any(|service| {
                let (mut names, mut full) = (service.names(), format!("{}:", service.name()));
                let prefix = full.len();
                while names.advance() {
                    full.truncate(prefix);
                    full.push_str(names.name());
                    if wanted(&full) {
                        return true;
                    }
                }
                false
            }),
            Self::Gcp => gcp_catalogue::services()
                .any(|service| gcp_catalogue::of_service(service).any(|name| wanted(&name))),
            Self::Azure => azure_catalogue::providers().any(|provider| {
                azure_catalogue::of_provider(provider)
                    .iter()
                    .any(|operation| wanted(&operation.name))
            }),
            Self::Listed(names) => names.iter().any(|name| wanted(name)),
        }
    }

    /// Returns true if `entry` matches a known action, in any case and with wildcards anywhere.
    #[must_use]
    pub fn matches(self, entry: &str) -> bool {
        if entry.contains(|c| self.never_has(c)) {
            return false;
        }
        match (self, entry.split_once(':')) {
            // Only the names of one service can match.
            (Self::Aws, Some((service, _))) if !pattern::is_wild(service) => {
                !aws_catalogue::matching(entry).is_empty()
            }
            _ => self.any(|name| pattern::matches_ignore_ascii_case(entry, name)),
        }
    }

    /// Returns true if the service at the start of `name` is known, in any case.
    #[must_use]
    pub fn has_service_of(self, name: &str) -> bool {
        let begins = |separator: char| name.split(separator).next().unwrap_or_default();
        let is = |service: &str, known: &str| service.eq_ignore_ascii_case(known);
        match self {
            Self::Aws => aws_catalogue::services().any(|known| is(begins(':'), known.name())),
            Self::Gcp => gcp_catalogue::services().any(|known| is(begins('.'), known)),
            Self::Azure => azure_catalogue::providers().any(|known| is(begins('/'), known)),
            Self::Listed(_) => false,
        }
    }

    /// Returns the provider's own spelling of an action that `entry` writes in another case, if case matters
    /// to the provider.
    #[must_use]
    pub fn spelling(self, entry: &str) -> Option<String> {
        if self != Self::Gcp || pattern::is_wild(entry) {
            return None;
        }
        gcp_catalogue::matching(entry).into_iter().find(|name| name != entry)
    }

    /// Returns names that are often mistaken for actions, each with the correct action.
    pub fn corrections(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let of_aws = (self == Self::Aws).then(aws_catalogue::corrections);
        of_aws.into_iter().flatten().map(|correction| (correction.wrong, correction.right))
    }

    /// Returns true if no known action has the character `c`, so that a pattern with `c` matches no action.
    fn never_has(self, c: char) -> bool {
        match self {
            Self::Aws => matches!(c, '.' | '/' | '_'),
            Self::Gcp => matches!(c, ':' | '/'),
            Self::Azure => c == ':',
            Self::Listed(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_known_action_has_an_excluded_character() {
        for (id, vocabulary) in Vocabulary::BUILT_IN {
            let mut count = 0;
            let bad = vocabulary.any(|name| {
                count += 1;
                !name.is_ascii()
                    || name.contains(|c| vocabulary.never_has(c) || c == '*' || c == '?')
            });
            assert!(!bad && count > 5000, "{id}: {count}");
        }
    }

    #[test]
    fn a_service_is_known_by_what_stands_before_the_first_separator() {
        for (vocabulary, known, unknown) in [
            (Vocabulary::Aws, "S3:NoSuchThing", "s4:GetObject"),
            (Vocabulary::Gcp, "storage.newthings.get", "s3.objects.delete"),
            (Vocabulary::Azure, "microsoft.storage/new/read", "Microsoft.S3/buckets/delete"),
        ] {
            assert!(
                vocabulary.has_service_of(known) && !vocabulary.has_service_of(unknown),
                "{known}"
            );
        }
    }

    #[test]
    fn vault_has_the_aws_vocabulary_and_an_installed_provider_has_none() {
        assert_eq!(Vocabulary::of("vault"), Some(Vocabulary::Aws));
        assert_eq!(
            (Vocabulary::of("azure"), Vocabulary::of("acme")),
            (Some(Vocabulary::Azure), None)
        );
    }
}
