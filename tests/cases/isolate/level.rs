//! The levels: each holds what the table says, where the system has what it needs and where it has not.

use super::{End, Tried, differences, expected, tried};

/// The options that hide the logins of tools by name.
const FAMILIES: &str = "--hide git,gh,ssh,npm,cargo,netrc,dotenv";
/// The attempts at those logins.
const LOGINS: [&str; 8] = [
    "read-git-credentials",
    "read-gh",
    "read-ssh-key",
    "read-npm",
    "read-cargo",
    "read-netrc",
    "read-dotenv",
    "read-tfstate",
];
/// What escapes besides where namespaces are forbidden: Landlock and the filter of system calls hold all else. A path that the
/// working directory needs is not read-only then.
pub(super) const WITHOUT_NAMESPACES: [&str; 9] = [
    "detached",
    "shared-memory",
    "shared-memory-key",
    "other-terminal",
    "datagram",
    "write-own-hook",
    "write-own-git-config",
    "write-own-commondir",
    "kernel-setting",
];

fn escaped(tried: &Tried) -> Vec<String> {
    tried.rows.iter().filter(|(_, row)| row.escaped).map(|(name, _)| name.clone()).collect()
}

#[test]
fn every_attempt_ends_as_the_table_says_where_credentials_are_hidden() {
    for role in ["user", "root"] {
        assert_eq!(differences("credentials", role), [""; 0]);
    }
}

#[test]
fn every_attempt_ends_as_the_table_says_under_strict() {
    for role in ["user", "root"] {
        assert_eq!(differences("strict", role), [""; 0]);
    }
}

#[test]
fn the_logins_of_tools_are_hidden_by_name() {
    for level in ["credentials", "strict"] {
        let tried = tried(level, "user", &[("ESCAPE_OPTIONS", FAMILIES)], &LOGINS);
        assert_eq!(tried.rows.len(), LOGINS.len(), "{}", tried.said);
        assert_eq!(escaped(&tried), [""; 0], "{level}");
    }
}

#[test]
fn an_ssh_agent_is_reached_if_it_is_kept_and_no_other_socket_is() {
    let names = ["ssh-agent", "gpg-agent", "docker", "secret-service"];
    let tried = tried("credentials", "user", &[("ESCAPE_OPTIONS", "--keep ssh-agent")], &names);
    assert_eq!(escaped(&tried), ["ssh-agent"], "{}", tried.said);
}

/// A filter of system calls stands in for a container or a distribution that forbids namespaces.
#[test]
fn without_namespaces_strict_refuses_before_anything_is_minted() {
    for missing in ["namespaces", "landlock"] {
        let tried = tried("strict", "user", &[("ESCAPE_FORBID", missing)], &["read-aws"]);
        assert_eq!(tried.code, 69, "without {missing}: {}", tried.said);
        assert!(tried.rows.is_empty(), "the command ran without {missing}");
        assert_eq!(tried.events, ["failed"], "without {missing}");
    }
}

#[test]
fn without_namespaces_credentials_says_what_is_not_held_and_holds_the_rest() {
    for role in ["user", "root"] {
        let tried = tried("credentials", role, &[("ESCAPE_FORBID", "namespaces")], &[]);
        assert_eq!(tried.code, 0, "{}", tried.said);
        let says = |words: &str| tried.said.contains(words);
        assert!(says("does not hold in full here: the command can still "), "{}", tried.said);
        for part in [
            "leave a process behind",
            "use the shared memory of processes outside",
            "or use another",
            "send datagrams to sockets in runtime directories",
        ] {
            assert!(says(part), "{part}: {}", tried.said);
        }
        assert_eq!(says("change settings of the kernel"), role == "root", "{}", tried.said);
        // The cause comes once, and without the mechanisms that rest on it.
        assert_eq!(tried.said.matches("(user-namespace: ").count(), 1, "{}", tried.said);
        let expected = expected(role, tried.nested);
        let is_new = |name: &String| {
            let ends = expected.get(name.as_str());
            ends.is_some_and(|ends| matches!(ends[1], End::Held | End::Never))
                && !WITHOUT_NAMESPACES.contains(&name.as_str())
        };
        let mut new = escaped(&tried);
        assert!(new.contains(&"detached".to_owned()), "the filter forbids nothing");
        new.retain(is_new);
        assert_eq!(new, [""; 0], "{role}: {}", tried.said);
    }
}
