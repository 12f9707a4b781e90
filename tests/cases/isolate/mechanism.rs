//! Each mechanism holds something: switched off, what rests on it escapes.

use super::{End, LEVELS, expected, tried};

/// A mechanism, the level and the role for which it is tried, and an attempt that only this mechanism holds.
struct Rests {
    mechanism: &'static str,
    level: &'static str,
    role: &'static str,
    attempts: &'static [&'static str],
}

const fn rests(
    mechanism: &'static str,
    level: &'static str,
    role: &'static str,
    attempts: &'static [&'static str],
) -> Rests {
    Rests { mechanism, level, role, attempts }
}

const MECHANISMS: [Rests; 13] = [
    rests("user-namespace", "credentials", "user", &["read-aws", "setns-pidfd"]),
    rests("mount-namespace", "credentials", "user", &["read-aws", "write-bashrc"]),
    rests("pid-namespace", "credentials", "user", &["detached"]),
    rests("ipc-namespace", "credentials", "user", &["shared-memory-key"]),
    rests("network-namespace", "strict", "user", &["dns", "udp"]),
    rests("landlock", "strict", "user", &["write-other-file", "read-other-file"]),
    rests("landlock-scopes", "credentials", "user", &["abstract-datagram"]),
    rests("seccomp", "credentials", "user", &["metadata-fast-open"]),
    rests("connect-supervisor", "credentials", "user", &["metadata", "home-socket"]),
    rests("no-new-privileges", "credentials", "user", &["setuid"]),
    rests("capabilities", "credentials", "root", &["unmount"]),
    rests("keyring", "credentials", "user", &["keyring"]),
    rests("descriptors", "credentials", "user", &["inherited-descriptor"]),
];

#[test]
fn each_mechanism_that_is_switched_off_lets_something_escape() {
    let mut wrong = Vec::new();
    for Rests { mechanism, level, role, attempts } in MECHANISMS {
        let column = LEVELS.iter().position(|one| *one == level).unwrap();
        let tried = tried(level, role, &[("AUDEX_TEST_WITHOUT", mechanism)], &[]);
        let expected = expected(role, tried.nested);
        let escaped: Vec<&str> = expected
            .iter()
            .filter(|(name, ends)| {
                ends[column] != End::Escapes
                    && tried.rows.get(**name).is_some_and(|row| row.escaped)
            })
            .map(|(name, _)| *name)
            .collect();
        for attempt in attempts.iter().filter(|attempt| !escaped.contains(attempt)) {
            wrong.push(format!(
                "without {mechanism} ({level}, {role}), {attempt} must escape: {escaped:?}\n{}",
                tried.said
            ));
        }
    }
    assert_eq!(wrong, [""; 0]);
}
