//! The possible permissions of an installation access token, and their levels.
//!
//! Source: GitHub REST API description, schema `app-permissions` (2026-09), as in the body of "Create an
//! installation access token for an app". Left out: permissions of user accounts (`email_addresses`,
//! `followers`, `profile`, …) and of enterprises, which no token of an installation on an account has.

/// The level of a permission. Each level includes those before it, if the permission has them.
/// Source: GitHub Docs, "Choosing permissions for a GitHub App": read, read and write, admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Read,
    Write,
    Admin,
}

/// Every level, the lowest first.
pub const LEVELS: [Level; 3] = [Level::Read, Level::Write, Level::Admin];

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        LEVELS.into_iter().find(|level| level.name() == name)
    }
}

/// The subject of a permission, which decides if a list of repositories narrows the permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Repository,
    Organisation,
}

/// One permission of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub name: &'static str,
    /// The levels of the permission, the lowest first.
    pub levels: &'static [Level],
    pub scope: Scope,
}

/// The permission that every token has on its repositories, even if it is not requested.
/// Source: GitHub Docs, "Permissions required for GitHub Apps", "Metadata permissions": no permission on
/// repositories without it.
pub const METADATA: &str = "metadata";

const R: &[Level] = &[Level::Read];
const W: &[Level] = &[Level::Write];
const RW: &[Level] = &[Level::Read, Level::Write];
const RWA: &[Level] = &LEVELS;

const fn repository(name: &'static str, levels: &'static [Level]) -> Entry {
    Entry { name, levels, scope: Scope::Repository }
}

const fn organisation(name: &'static str, levels: &'static [Level]) -> Entry {
    Entry { name, levels, scope: Scope::Organisation }
}

pub const ENTRIES: [Entry; 48] = [
    repository("actions", RW),
    repository("administration", RW),
    repository("artifact_metadata", RW),
    repository("attestations", RW),
    repository("checks", RW),
    repository("code_quality", RW),
    repository("codespaces", RW),
    repository("contents", RW),
    repository("dependabot_secrets", RW),
    repository("deployments", RW),
    repository("discussions", RW),
    repository("environments", RW),
    repository("issues", RW),
    repository("merge_queues", RW),
    repository(METADATA, RW),
    repository("packages", RW),
    repository("pages", RW),
    repository("pull_requests", RW),
    repository("repository_custom_properties", RW),
    repository("repository_hooks", RW),
    repository("repository_projects", RWA),
    repository("secret_scanning_alerts", RW),
    repository("secrets", RW),
    repository("security_events", RW),
    repository("single_file", RW),
    repository("statuses", RW),
    repository("vulnerability_alerts", RW),
    repository("workflows", W),
    organisation("custom_properties_for_organizations", RW),
    organisation("members", RW),
    organisation("organization_administration", RW),
    organisation("organization_announcement_banners", RW),
    organisation("organization_copilot_agent_settings", RW),
    organisation("organization_copilot_seat_management", RW),
    organisation("organization_custom_org_roles", RW),
    organisation("organization_custom_properties", RWA),
    organisation("organization_custom_roles", RW),
    organisation("organization_events", R),
    organisation("organization_external_properties_for_repos", RWA),
    organisation("organization_hooks", RW),
    organisation("organization_packages", RW),
    organisation("organization_personal_access_token_requests", RW),
    organisation("organization_personal_access_tokens", RW),
    organisation("organization_plan", R),
    organisation("organization_projects", RWA),
    organisation("organization_secrets", RW),
    organisation("organization_self_hosted_runners", RW),
    organisation("organization_user_blocking", RW),
];

pub fn find(name: &str) -> Option<Entry> {
    ENTRIES.into_iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_permission_is_there_twice_and_levels_go_up() {
        for (place, entry) in ENTRIES.iter().enumerate() {
            assert!(
                ENTRIES[place + 1..].iter().all(|other| other.name != entry.name),
                "{}",
                entry.name
            );
            assert!(!entry.levels.is_empty() && entry.levels.is_sorted(), "{}", entry.name);
            assert!(
                entry.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{}",
                entry.name
            );
        }
    }

    #[test]
    fn permissions_of_user_accounts_are_none_of_an_installation() {
        for name in
            ["email_addresses", "followers", "git_ssh_keys", "gpg_keys", "profile", "starring"]
        {
            assert!(find(name).is_none(), "{name}");
        }
    }
}
