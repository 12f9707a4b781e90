//! Delivers a token for GitHub into a parent environment with another login.

use super::*;

fn with_github_token(parent: &Environment) -> (Delivered, tempfile::TempDir) {
    delivered(parent, &[secret("GH_TOKEN")], &[]).unwrap()
}

/// Returns the settings that `git` reads after all files: keys and values, in order.
fn git_settings(delivered: &Delivered) -> Vec<(String, String)> {
    let get = |name: String| {
        delivered.environment.get(OsStr::new(&name)).unwrap().to_str().unwrap().to_owned()
    };
    let count: usize = get("GIT_CONFIG_COUNT".to_owned()).parse().unwrap();
    (0..count)
        .map(|n| (get(format!("GIT_CONFIG_KEY_{n}")), get(format!("GIT_CONFIG_VALUE_{n}"))))
        .collect()
}

#[test]
fn a_token_for_github_leads_gh_and_git_and_hides_the_users_own() {
    let parent = Environment::from_pairs([
        ("GH_TOKEN", "planted"),
        ("GH_HOST", "planted.example"),
        ("GH_ENTERPRISE_TOKEN", "planted"),
        ("GIT_CONFIG_PARAMETERS", "'http.extraheader=planted'"),
        ("GIT_ASKPASS", "planted"),
        ("SSH_ASKPASS", "planted"),
        ("GIT_SSH_COMMAND", "ssh -i planted"),
        ("GIT_TERMINAL_PROMPT", "1"),
    ]);
    let (with, _state) = with_github_token(&parent);
    let value =
        |name: &str| with.environment.get(OsStr::new(name)).map(|value| value.to_str().unwrap());
    assert_eq!(value("GH_TOKEN"), Some("minted"));
    for name in
        ["GH_HOST", "GH_ENTERPRISE_TOKEN", "GIT_CONFIG_PARAMETERS", "GIT_ASKPASS", "SSH_ASKPASS"]
    {
        assert_eq!(value(name), None, "{name}");
    }
    assert_eq!(
        (value("GIT_CONFIG_NOSYSTEM"), value("GIT_SSH_COMMAND")),
        (Some("1"), Some("false"))
    );
    assert_eq!(value("GIT_TERMINAL_PROMPT"), Some("0"));
    assert!(with.environment.values().all(|value| !value.to_string_lossy().contains("planted")));
    let (without, _state) = delivered(&parent, &[secret("VAULT_TOKEN")], &[]).unwrap();
    assert!(!without.environment.contains_key(OsStr::new("GH_CONFIG_DIR")));
    assert_eq!(without.environment.get(OsStr::new("GIT_TERMINAL_PROMPT")).unwrap(), "1");
}

#[test]
fn git_sends_the_sessions_token_and_resets_what_came_before() {
    let (delivered, _state) = with_github_token(&Environment::default());
    let settings = git_settings(&delivered);
    let of = |key: &str| -> Vec<&str> {
        settings.iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str()).collect()
    };
    // `x-access-token:minted`
    let header = "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46bWludGVk";
    assert_eq!(of("http.https://github.com/.extraheader"), ["", header]);
    assert_eq!(of("http.https://gist.github.com/.extraheader"), ["", "Authorization:"]);
    assert_eq!(of("http.http://github.com/.extraheader"), ["", "Authorization:"]);
    assert_eq!(of("credential.https://gist.github.com.helper"), [""]);
    let helpers = of("credential.https://github.com.helper");
    assert!(
        matches!(helpers[..], ["", helper] if helper.contains("$GH_TOKEN") && !helper.contains("minted"))
    );
    assert_eq!(of("core.askPass"), [""]);
    assert!(of("url.https://github.com/.insteadOf").contains(&"git@github.com:"));
}

#[test]
fn the_parents_git_settings_are_dropped_for_any_count() {
    for count in ["1", "2", "18446744073709551615", "99999999999999999999", "-1", "", "x"] {
        let parent = Environment::from_pairs([
            ("GIT_CONFIG_COUNT", count),
            ("GIT_CONFIG_KEY_0", "http.https://github.com/planted.extraheader"),
            ("GIT_CONFIG_VALUE_0", "planted"),
            ("GIT_CONFIG_KEY_4711", "planted"),
            ("GIT_CONFIG_VALUE_4711", "planted"),
        ]);
        let (delivered, _state) = with_github_token(&parent);
        assert_eq!(git_settings(&delivered)[0].0, "core.askPass", "{count}");
        assert!(!delivered.environment.contains_key(OsStr::new("GIT_CONFIG_KEY_4711")), "{count}");
        assert!(
            delivered
                .environment
                .values()
                .all(|value| !value.to_string_lossy().contains("planted"))
        );
    }
}

#[test]
fn only_identity_and_safe_directory_are_copied_from_the_users_gitconfig() {
    let home = tempfile::tempdir().unwrap();
    let own = "[user]\n\tname = A B\n\temail = a@b.example\n[safe]\n\tdirectory = /src\n\
        [url \"https://me:planted@github.com/\"]\n\tinsteadOf = https://github.com/\n\
        [http \"https://github.com/o/\"]\n\textraheader = planted\n[credential]\n\thelper = !planted\n\
        [core]\n\tsshCommand = planted\n[include]\n\tpath = planted\n";
    fs::write(home.path().join(".gitconfig"), own).unwrap();
    let parent = Environment::from_pairs([("HOME", home.path())]);
    let (delivered, _state) = with_github_token(&parent);
    let path =
        std::path::Path::new(delivered.environment.get(OsStr::new("GIT_CONFIG_GLOBAL")).unwrap());
    assert!(path.starts_with(delivered.directory.path()));
    let copy = "[user]\n\tname = \"A B\"\n[user]\n\temail = \"a@b.example\"\n[safe]\n\tdirectory = \"/src\"\n";
    assert_eq!(fs::read_to_string(path).unwrap(), copy);
}
