//! The profile `azure-readonly`: every operation that only reads but those that return secrets or people's
//! data.

use audex_sdk::provider::{Omission, Profile, Scope};

/// The profile's name.
const NAME: &str = "azure-readonly";
/// Made by this file's test from `LEFT_OUT` and the catalogue.
const PATTERNS: &str = include_str!("../catalogue/readonly.txt");
const LEFT_OUT: &str = include_str!("../catalogue/readonly-left-out.txt");

/// Returns the profile.
pub fn profile() -> Profile {
    Profile {
        name: NAME.to_owned(),
        description: "Read everything but secrets and people's data".to_owned(),
        actions: readonly::lines(PATTERNS).map(str::to_owned).collect(),
        resources: Scope::Every,
        leaves_out: left_out(),
    }
}

fn left_out() -> Vec<Omission> {
    let omission = |omission: readonly::Omission<'_>| Omission {
        actions: omission.patterns.into_iter().map(str::to_owned).collect(),
        reason: omission.reason.to_owned(),
        source: omission.source.to_owned(),
    };
    readonly::omissions(LEFT_OUT).into_iter().map(omission).collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use audex_sdk::pattern;
    use azure_catalogue::Access;
    use readonly::Name;

    use super::*;

    const WRITE: &str = "AUDEX_WRITE_DOCS";
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue/readonly.txt");

    fn is_left_out(name: &str, omitted: &[Omission]) -> bool {
        let mut patterns = omitted.iter().flat_map(|omission| &omission.actions);
        patterns.any(|one| pattern::matches_ignore_ascii_case(one, name))
    }

    fn is_held(name: &str, omitted: &[Omission]) -> bool {
        azure_catalogue::access(name) == Access::Read && !is_left_out(name, omitted)
    }

    /// Returns the patterns that may stand for an operation: all reads below a part of its path, the widest
    /// first. Of those below the provider's name, the pattern matches the kinds of one type alone.
    fn wider(name: &str) -> Vec<String> {
        let Some(path) = name.strip_suffix("/read") else { return Vec::new() };
        path.match_indices('/').map(|(end, _)| format!("{}/*/read", &path[..end])).collect()
    }

    fn made() -> String {
        let omitted = left_out();
        let (mut text, mut held) = (String::new(), 0);
        for provider in azure_catalogue::providers() {
            let mut names: Vec<Name> = azure_catalogue::of_provider(provider)
                .into_iter()
                .map(|operation| Name {
                    held: is_held(&operation.name, &omitted),
                    text: operation.name,
                })
                .collect();
            held += names.iter().filter(|name| name.held).count();
            let start = format!("{}/", provider.to_ascii_lowercase());
            let unknown = omitted.iter().flat_map(|omission| &omission.actions);
            let unknown = unknown.filter(|name| name.to_ascii_lowercase().starts_with(&start));
            names.extend(unknown.map(|name| Name { text: name.replace('*', "x"), held: false }));
            for pattern in readonly::patterns(&names, wider) {
                let _ = writeln!(text, "{pattern}");
            }
        }
        format!(
            "# The operations of the profile azure-readonly: {held} known ones. Made by src/readonly.rs; do not edit.\n{text}"
        )
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test has no environment of the program")]
    fn the_patterns_are_in_step_with_the_catalogue_and_what_is_left_out() {
        let made = made();
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(FILE, &made).unwrap();
        }
        let read = std::fs::read_to_string(FILE).unwrap();
        assert!(read == made, "{FILE} is not in step: {WRITE}=1 cargo test readonly writes it");
    }

    /// Compares what the patterns match with the levels of the catalogue, operation by operation.
    #[test]
    fn the_profile_holds_every_reading_operation_that_is_not_left_out_and_nothing_else() {
        let (omitted, patterns) = (left_out(), profile().actions);
        for provider in azure_catalogue::providers() {
            let start = format!("{}/", provider.to_ascii_lowercase());
            let own: Vec<&String> = patterns
                .iter()
                .filter(|one| one.to_ascii_lowercase().starts_with(&start))
                .collect();
            for operation in azure_catalogue::of_provider(provider) {
                let name = operation.name;
                let is_in = own.iter().any(|one| pattern::matches_ignore_ascii_case(one, &name));
                assert_eq!(is_in, is_held(&name, &omitted), "{name}");
            }
        }
        for omitted in omitted.iter().flat_map(|omission| &omission.actions) {
            let meets = |one: &&String| pattern::matches_ignore_ascii_case(one, omitted);
            assert_eq!(patterns.iter().find(meets), None, "{omitted}");
        }
    }

    #[test]
    fn every_omission_reads_and_has_a_source() {
        for Omission { actions, reason, source } in left_out() {
            assert!(!reason.is_empty() && source.starts_with("https://"), "{reason}");
            for action in actions {
                assert_eq!(azure_catalogue::access(&action), Access::Read, "{action}");
                let is_known = !azure_catalogue::matching(&action).is_empty();
                assert!(is_known || !pattern::is_wild(&action), "{action} takes nothing away");
            }
        }
    }

    #[test]
    fn resources_and_blobs_are_read_and_secrets_are_not() {
        let all = profile().actions;
        let holds =
            |name: &str| all.iter().any(|one| pattern::matches_ignore_ascii_case(one, name));
        for read in [
            "Microsoft.Compute/virtualMachines/read",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        ] {
            assert!(holds(read), "{read}");
        }
        for left in [
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.Storage/storageAccounts/listKeys/action",
            "Microsoft.Storage/storageAccounts/write",
            "Microsoft.Network/connections/sharedKey/read",
        ] {
            assert!(!holds(left), "{left}");
        }
    }
}
