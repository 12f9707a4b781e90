//! The profile `gcp-readonly`: every permission that lists or reads and that a token with a read-only scope
//! can carry, but those that return secrets or people's data.
//!
//! Google Cloud limits a token by scopes. Where a service accepts `cloud-platform` alone, a token for one read
//! could do everything that its service account may, so the profile leaves such permissions out.

use audex_sdk::provider::{Omission, Profile, Scope};

/// The profile's name.
const NAME: &str = "gcp-readonly";
/// Made by this file's test from `LEFT_OUT` and the catalogue.
const PATTERNS: &str = include_str!("../catalogue/readonly.txt");
/// The reading permissions that no read-only scope carries; made like `PATTERNS`.
const UNSCOPED: &str = include_str!("../catalogue/readonly-unscoped.txt");
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
    let mut all: Vec<Omission> = readonly::omissions(LEFT_OUT).into_iter().map(omission).collect();
    all.push(Omission {
        actions: readonly::lines(UNSCOPED).map(str::to_owned).collect(),
        reason: "no read-only scope carries it: a token for it could do all that its service account may"
            .to_owned(),
        source: "https://developers.google.com/identity/protocols/oauth2/scopes".to_owned(),
    });
    all
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use audex_sdk::pattern;
    use audex_sdk::provider::{Enforcer, Grant, Permission};
    use gcp_catalogue::Access;
    use readonly::Name;

    use super::*;
    use crate::plan;
    use crate::scope::only_reads;

    const WRITE: &str = "AUDEX_WRITE_DOCS";
    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue/");

    /// The permissions that read and are not left out by hand.
    fn reading() -> Vec<Vec<(String, bool)>> {
        let omitted = readonly::omissions(LEFT_OUT);
        let is_read = |name: &str| {
            matches!(gcp_catalogue::access(name), Access::List | Access::Read)
                && !omitted
                    .iter()
                    .flat_map(|omission| &omission.patterns)
                    .any(|one| pattern::matches_ignore_ascii_case(one, name))
        };
        let of = |service| {
            let mark = |name: String| {
                let is_read = is_read(&name);
                (name, is_read)
            };
            gcp_catalogue::of_service(service).map(mark).collect()
        };
        gcp_catalogue::services().map(of).collect()
    }

    fn is_scoped(name: &str) -> bool {
        gcp_catalogue::scopes(name).into_iter().any(only_reads)
    }

    /// Returns the patterns that may stand for a permission: its verb for all resources of the service, then
    /// the starts of its verb for one resource.
    fn wider(name: &str) -> Vec<String> {
        let mut parts = name.split('.');
        let (Some(service), Some(resource), Some(verb)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Vec::new();
        };
        vec![format!("{service}.*.{verb}"), format!("{service}.{resource}.{verb}*")]
    }

    fn patterns(held: impl Fn(&str) -> bool) -> (usize, String) {
        let (mut count, mut text) = (0, String::new());
        for service in reading() {
            let names: Vec<Name> = service
                .into_iter()
                .map(|(text, reads)| Name { held: reads && held(&text), text })
                .collect();
            count += names.iter().filter(|name| name.held).count();
            for pattern in readonly::patterns(&names, wider) {
                let _ = writeln!(text, "{pattern}");
            }
        }
        (count, text)
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test has no environment of the program")]
    fn the_patterns_are_in_step_with_the_catalogue_and_what_is_left_out() {
        let (count, held) = patterns(is_scoped);
        let (others, unscoped) = patterns(|name| !is_scoped(name));
        let by = "Made by src/readonly.rs; do not edit.";
        let files = [
            (
                "readonly.txt",
                format!(
                    "# The permissions of the profile gcp-readonly: {count} known ones. {by}\n{held}"
                ),
            ),
            (
                "readonly-unscoped.txt",
                format!(
                    "# Reading permissions that no read-only scope carries: {others} known ones. {by}\n{unscoped}"
                ),
            ),
        ];
        for (name, made) in files {
            let path = format!("{FOLDER}{name}");
            if std::env::var_os(WRITE).is_some() {
                std::fs::write(&path, &made).unwrap();
            }
            let read = std::fs::read_to_string(&path).unwrap();
            assert!(read == made, "{path} is not in step: {WRITE}=1 cargo test readonly writes it");
        }
    }

    /// Compares what the patterns match with the catalogue, permission by permission.
    #[test]
    fn the_profile_holds_what_reads_by_a_read_only_scope_and_nothing_else() {
        let all = profile().actions;
        for (name, reads) in reading().into_iter().flatten() {
            let is_in = all.iter().any(|one| pattern::matches_ignore_ascii_case(one, &name));
            assert_eq!(is_in, reads && is_scoped(&name), "{name}");
        }
    }

    #[test]
    fn every_omission_takes_a_reading_permission_away_and_has_a_source() {
        for Omission { actions, reason, source } in left_out() {
            assert!(!reason.is_empty() && source.starts_with("https://"), "{reason}");
            for action in actions {
                let found = gcp_catalogue::matching(&action);
                let reads = |name: &String| {
                    matches!(gcp_catalogue::access(name), Access::List | Access::Read)
                };
                assert!(found.iter().any(reads), "{action} takes nothing away");
            }
        }
    }

    #[test]
    fn a_token_for_the_profile_has_read_only_scopes_alone() {
        let permission =
            |action: String| Permission { origin: action.clone(), action, resources: Scope::Every };
        let grant = Grant {
            provider: "gcp".to_owned(),
            permissions: profile().actions.into_iter().map(permission).collect(),
            deny: Vec::new(),
            ttl_seconds: 900,
            session: "audex-1".to_owned(),
            gateway: false,
        };
        let planned = plan::plan(&grant, Some("a@p.iam.gserviceaccount.com")).unwrap();
        let policy: serde_json::Value =
            serde_json::from_str(planned.policy.as_deref().unwrap()).unwrap();
        let scopes = policy["scope"].as_array().unwrap();
        assert!(scopes.len() > 1);
        for scope in scopes {
            assert!(only_reads(scope.as_str().unwrap()), "{scope}");
        }
        assert!(planned.permissions.iter().all(|one| one.enforced_by == Enforcer::Token));
    }
}
