//! Each mechanism holds something: switched off, what rests on it escapes.

use super::tried;

/// Mechanisms that are switched off together, the level and the role, and attempts that nothing else holds.
struct Rests {
    mechanisms: &'static str,
    level: &'static str,
    role: &'static str,
    attempts: &'static [&'static str],
}

const fn rests(
    mechanisms: &'static str,
    level: &'static str,
    role: &'static str,
    attempts: &'static [&'static str],
) -> Rests {
    Rests { mechanisms, level, role, attempts }
}

/// Where two mechanisms hold the same, both are switched off: the keyring is a new one, and no call reaches the old one; root has
/// no right to unmount, and Landlock forbids it.
const MECHANISMS: [Rests; 15] = [
    rests("user-namespace", "credentials", "user", &["shared-memory", "other-terminal"]),
    rests("mount-namespace", "credentials", "user", &["shared-memory", "other-terminal"]),
    rests("mount-namespace", "credentials", "root", &["kernel-setting"]),
    rests("mount-namespace,landlock", "credentials", "root", &["raw-disk"]),
    rests("pid-namespace", "credentials", "user", &["detached"]),
    rests("ipc-namespace", "credentials", "user", &["shared-memory-key"]),
    rests("network-namespace", "strict", "user", &["loopback-port", "dns", "internet"]),
    rests("landlock", "strict", "user", &["write-other-file", "read-other-file"]),
    rests("landlock-scopes", "credentials", "user", &["abstract-datagram"]),
    rests("seccomp", "credentials", "user", &["terminal-input", "io-uring-metadata"]),
    rests("connect-supervisor", "credentials", "user", &["metadata", "home-socket"]),
    rests("no-new-privileges,user-namespace", "credentials", "user", &["setuid"]),
    rests("capabilities,landlock", "credentials", "root", &["unmount", "moved-home"]),
    rests("keyring,seccomp", "credentials", "user", &["keyring"]),
    rests("descriptors", "credentials", "user", &["inherited-descriptor"]),
];

#[test]
fn each_mechanism_that_is_switched_off_lets_something_escape() {
    let mut held = Vec::new();
    for Rests { mechanisms, level, role, attempts } in MECHANISMS {
        let tried = tried(level, role, &[("AUDEX_TEST_WITHOUT", mechanisms)], attempts);
        for attempt in attempts {
            let row = tried.rows.get(*attempt).unwrap_or_else(|| panic!("{}", tried.said));
            if !row.escaped && !row.absent {
                held.push(format!("without {mechanisms}, {role}: {attempt}: {}", row.saw));
            }
        }
    }
    assert_eq!(held, [""; 0]);
}
