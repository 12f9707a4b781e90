//! Delivers a git credential for one host into a parent environment with another login.

use super::*;
use audex_core::delivery::GitCredential;

fn with_git_credential(parent: &Environment) -> (Delivered, tempfile::TempDir) {
    let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let logins = ToolLogins {
        git: vec![GitCredential {
            host: "git.example".to_owned(),
            username: "x-access-token".to_owned(),
            secret: Secret::new("minted".to_owned()),
        }],
        git_hosts: list(&["git.example", "gist.git.example"]),
        hidden: list(&["GX_HOST", "GX_ENTERPRISE_TOKEN"]),
        config_directories: list(&["GX_CONFIG_DIR"]),
    };
    delivered_with(Source::Installed, parent, &[secret("GX_TOKEN")], &[], &logins).unwrap()
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
fn a_git_credential_leads_git_and_hides_the_users_own_logins() {
    let parent = Environment::from_pairs([
        ("GX_TOKEN", "planted"),
        ("GX_HOST", "planted.example"),
        ("GX_ENTERPRISE_TOKEN", "planted"),
        ("GX_CONFIG_DIR", "planted"),
        ("GIT_CONFIG_PARAMETERS", "'http.extraheader=planted'"),
        ("GIT_ASKPASS", "planted"),
        ("SSH_ASKPASS", "planted"),
        ("GIT_SSL_CERT", "planted"),
        ("GIT_SSL_KEY", "planted"),
        ("GIT_SSH_COMMAND", "ssh -i planted"),
        ("GIT_TERMINAL_PROMPT", "1"),
    ]);
    let (with, _state) = with_git_credential(&parent);
    let value =
        |name: &str| with.environment.get(OsStr::new(name)).map(|value| value.to_str().unwrap());
    assert_eq!(value("GX_TOKEN"), Some("minted"));
    for name in
        ["GX_HOST", "GX_ENTERPRISE_TOKEN", "GIT_CONFIG_PARAMETERS", "GIT_ASKPASS", "SSH_ASKPASS"]
    {
        assert_eq!(value(name), None, "{name}");
    }
    assert_eq!(
        (value("GIT_CONFIG_NOSYSTEM"), value("GIT_SSH_COMMAND")),
        (Some("1"), Some("false"))
    );
    assert_eq!(value("GIT_TERMINAL_PROMPT"), Some("0"));
    assert!(with.environment.values().all(|value| !value.to_string_lossy().contains("planted")));
    let logins = std::path::Path::new(value("GX_CONFIG_DIR").unwrap());
    assert!(logins.starts_with(with.directory.path()) && !logins.exists());
    let (without, _state) = delivered(&parent, &[secret("VAULT_TOKEN")], &[]).unwrap();
    assert_eq!(without.environment.get(OsStr::new("GX_CONFIG_DIR")).unwrap(), "planted");
    assert_eq!(without.environment.get(OsStr::new("GX_HOST")).unwrap(), "planted.example");
    assert_eq!(without.environment.get(OsStr::new("GIT_TERMINAL_PROMPT")).unwrap(), "1");
}

#[test]
fn every_variable_that_a_session_takes_away_is_listed() {
    let hidden = ["GIT_ASKPASS", "GIT_CONFIG_KEY_9", "GX_CONFIG_DIR", "GX_HOST"];
    let parent = Environment::from_pairs(
        hidden.into_iter().chain(["VAULT_TOKEN", "PATH"]).map(|name| (name, "planted")),
    );
    let (with, _state) = with_git_credential(&parent);
    assert_eq!(with.removed, [&hidden[..], &["VAULT_TOKEN"]].concat());
    let (without, _state) = delivered(&parent, &[secret("ACME_TOKEN")], &[]).unwrap();
    assert_eq!(without.removed, ["VAULT_TOKEN"]);
}

#[test]
fn a_login_is_hidden_only_if_the_session_delivers_the_tools_own() {
    let parent = Environment::from_pairs([("GX_HOST", "own"), ("GX_CONFIG_DIR", "/own")]);
    let logins = ToolLogins {
        hidden: vec!["GX_HOST".to_owned()],
        config_directories: vec!["GX_CONFIG_DIR".to_owned()],
        ..ToolLogins::default()
    };
    let delivered = |name: &str| {
        let installed = Source::Installed;
        let (it, _state) =
            delivered_with(installed, &parent, &[secret(name)], &[], &logins).unwrap();
        ["GX_HOST", "GX_CONFIG_DIR"].map(|name| {
            it.environment.get(OsStr::new(name)).and_then(|value| value.to_str().map(str::to_owned))
        })
    };
    assert_eq!(delivered("ACME_TOKEN"), [Some("own".to_owned()), Some("/own".to_owned())]);
    let [host, directory] = delivered("GX_TOKEN");
    assert!(host.is_none() && directory.is_some_and(|directory| directory != "/own"));
}

#[test]
fn a_tools_login_to_a_git_host_isolates_git_even_if_the_provider_declares_nothing() {
    let parent = Environment::from_pairs([("GIT_ASKPASS", "planted")]);
    for name in ["GH_TOKEN", "GITLAB_TOKEN", "BITBUCKET_TOKEN"] {
        let (with, _state) =
            delivered_by(Source::Installed, &parent, &[secret(name)], &[]).unwrap();
        let expected = [
            ("core.askPass", ""),
            ("credential.helper", ""),
            ("http.extraheader", ""),
            ("http.extraheader", "Authorization:"),
            ("http.emptyAuth", "false"),
        ];
        let settings = git_settings(&with);
        let settings = settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        assert_eq!(settings.collect::<Vec<_>>(), expected, "{name}");
        assert!(!with.environment.contains_key(OsStr::new("GIT_ASKPASS")), "{name}");
        assert_eq!(with.environment.get(OsStr::new("GIT_SSH_COMMAND")).unwrap(), "false");
    }
    for name in ["ACME_TOKEN", "AWS_SESSION_TOKEN"] {
        let (without, _state) =
            delivered_by(Source::Installed, &parent, &[secret(name)], &[]).unwrap();
        assert_eq!(without.environment.get(OsStr::new("GIT_ASKPASS")).unwrap(), "planted");
        assert!(!without.environment.contains_key(OsStr::new("GIT_CONFIG_COUNT")), "{name}");
    }
}

#[test]
fn git_sends_the_sessions_token_and_resets_what_came_before() {
    let (delivered, _state) = with_git_credential(&Environment::default());
    let settings = git_settings(&delivered);
    let of = |key: &str| -> Vec<&str> {
        settings.iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str()).collect()
    };
    // `x-access-token:minted`
    let header = "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46bWludGVk";
    assert_eq!(of("http.https://git.example/.extraheader"), ["", header]);
    assert_eq!(of("http.https://gist.git.example/.extraheader"), ["", "Authorization:"]);
    assert_eq!(of("http.http://git.example/.extraheader"), ["", "Authorization:"]);
    assert_eq!(of("credential.https://gist.git.example.helper"), [""]);
    let helpers = of("credential.https://git.example.helper");
    assert!(
        matches!(helpers[..], ["", helper] if helper.contains("cat ") && !helper.contains("minted"))
    );
    let file = fs::read_to_string(delivered.directory.path().join("git-credential-0")).unwrap();
    assert_eq!(file, "username=x-access-token\npassword=minted\n");
    assert_eq!(of("core.askPass"), [""]);
    assert_eq!(of("http.https://git.example/.followRedirects"), ["false"]);
    assert_eq!(of("http.https://git.example/.proactiveAuth"), ["basic"]);
    // No other host is sent the credential, in whatever form.
    let token = |value: &str| value.contains("eC1hY2Nlc3MtdG9rZW46") || value.contains("cat ");
    let with_token = settings.iter().filter(|(_, value)| token(value)).map(|(key, _)| key.as_str());
    let own = ["credential.https://git.example.helper", "http.https://git.example/.extraheader"];
    assert_eq!(with_token.collect::<Vec<_>>(), own);
    assert!(of("url.https://git.example/.insteadOf").contains(&"git@git.example:"));
}

#[test]
fn the_parents_git_settings_are_dropped_for_any_count() {
    for count in ["1", "2", "18446744073709551615", "99999999999999999999", "-1", "", "x"] {
        let parent = Environment::from_pairs([
            ("GIT_CONFIG_COUNT", count),
            ("GIT_CONFIG_KEY_0", "http.https://git.example/planted.extraheader"),
            ("GIT_CONFIG_VALUE_0", "planted"),
            ("GIT_CONFIG_KEY_4711", "planted"),
            ("GIT_CONFIG_VALUE_4711", "planted"),
        ]);
        let (delivered, _state) = with_git_credential(&parent);
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
        [url \"https://me:planted@git.example/\"]\n\tinsteadOf = https://git.example/\n\
        [http \"https://git.example/o/\"]\n\textraheader = planted\n[credential]\n\thelper = !planted\n\
        [core]\n\tsshCommand = planted\n[include]\n\tpath = planted\n";
    fs::write(home.path().join(".gitconfig"), own).unwrap();
    let parent = Environment::from_pairs([("HOME", home.path())]);
    let (delivered, _state) = with_git_credential(&parent);
    let path =
        std::path::Path::new(delivered.environment.get(OsStr::new("GIT_CONFIG_GLOBAL")).unwrap());
    assert!(path.starts_with(delivered.directory.path()));
    let copy = "[user]\n\tname = \"A B\"\n[user]\n\temail = \"a@b.example\"\n[safe]\n\tdirectory = \"/src\"\n";
    assert_eq!(fs::read_to_string(path).unwrap(), copy);
}
