use std::fs;
use std::path::Path;

use super::*;

fn paths(root: &Path) -> Paths {
    for name in ["config", "etc"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    Paths {
        config: root.join("config"),
        organisation: root.join("etc"),
        state: root.join("state"),
        audit: root.join("state"),
        plugins: root.join("plugins"),
        cache: root.join("cache"),
        outer: None,
    }
}

fn resolve(files: &[(&str, &str)], flags: Flags) -> Result<Settings, SettingsError> {
    resolve_below(tempfile::tempdir().unwrap().path(), files, flags)
}

fn resolve_below(
    root: &Path,
    files: &[(&str, &str)],
    flags: Flags,
) -> Result<Settings, SettingsError> {
    let paths = paths(root);
    for (name, text) in files {
        fs::write(root.join(name), text).unwrap();
    }
    Settings::resolve_in(paths, flags)
}

#[test]
fn without_files_the_defaults_hold() {
    let settings = resolve(&[], Flags::default()).unwrap();
    assert_eq!((settings.ttl(None).duration, settings.require), (DEFAULT_TTL, Enforcer::Token));
    assert_eq!((settings.mapping.as_str(), settings.provider), (DEFAULT_MAPPING, None));
}

#[test]
fn a_flag_wins_over_a_file() {
    let files = [("config/config.toml", "ttl = \"5m\"\n[enforcement]\nrequire = \"none\"")];
    assert_eq!(resolve(&files, Flags::default()).unwrap().ttl(None).duration.as_secs(), 300);
    let flags = Flags {
        ttl: Some(Duration::from_mins(1)),
        require: Some(Enforcer::Cloud),
        ..Flags::default()
    };
    let settings = resolve(&files, flags).unwrap();
    assert_eq!((settings.ttl(None).duration.as_secs(), settings.require), (60, Enforcer::Cloud));
}

#[test]
fn the_organisation_can_narrow_and_the_user_cannot_undo_it() {
    let files = [
        ("etc/config.toml", "max_ttl = \"10m\"\n[enforcement]\nrequire = \"cloud\""),
        ("etc/deny-list.toml", "[deny]\nactions = [\"iam:*\"]"),
        ("config/deny-list.toml", "[deny]\nactions = []"),
    ];
    let flags = Flags {
        ttl: Some(Duration::from_hours(1)),
        require: Some(Enforcer::None),
        ..Flags::default()
    };
    let settings = resolve(&files, flags).unwrap();
    assert_eq!((settings.ttl(None).duration.as_secs(), settings.require), (600, Enforcer::Cloud));
    assert_eq!(settings.ttl(None).lowered_from, Some(Duration::from_hours(1)));
    assert_eq!(settings.deny.len(), 1);
}

#[test]
fn a_profiles_ttl_stands_between_flag_and_file_and_under_the_ceiling() {
    let files = [("config/config.toml", "ttl = \"5m\""), ("etc/config.toml", "max_ttl = \"30m\"")];
    let of = |minutes| Some(Duration::from_mins(minutes));
    let settings = resolve(&files, Flags::default()).unwrap();
    assert_eq!(settings.ttl(of(20)), Ttl { duration: Duration::from_mins(20), lowered_from: None });
    assert_eq!(
        settings.ttl(of(40)),
        Ttl { duration: Duration::from_mins(30), lowered_from: of(40) }
    );
    let settings = resolve(&files, Flags { ttl: of(10), ..Flags::default() }).unwrap();
    assert_eq!(settings.ttl(of(20)).duration, Duration::from_mins(10));
}

#[test]
fn an_unknown_key_is_an_error_with_file_and_line() {
    for (name, text, line) in [
        ("config/config.toml", "ttl = \"5m\"\nprovder = \"aws\"", 2),
        ("etc/config.toml", "\n\nrequire = \"cloud\"", 3),
        ("config/profiles.toml", "[profiles.a]\nactions = \"s3:GetObject\"\nresource = []", 3),
        ("config/deny-list.toml", "[deny]\nactions = []\naction = []", 3),
        ("config/config.toml", "[enforcement]\nrequire = \"clod\"", 2),
        ("config/config.toml", "ttl = \"0s\"", 1),
    ] {
        let error = resolve(&[(name, text)], Flags::default()).unwrap_err().to_string();
        assert!(error.contains(&format!("{name}:{line}: ")), "{error}");
    }
}

#[test]
fn a_malformed_deny_pattern_is_never_skipped() {
    for bad in ["", "s3", "s3:", "s3:Get Object", "s3:Get*,iam:*", "a:b:c", "s3:É"] {
        let text = format!("[deny]\nactions = [\n  \"iam:*\",\n  \"{bad}\",\n]");
        let error =
            resolve(&[("config/deny-list.toml", &text)], Flags::default()).unwrap_err().to_string();
        assert!(error.contains("deny-list.toml:4: "), "{error}");
    }
}

#[test]
fn every_entry_of_the_documented_deny_list_is_read_with_its_line() {
    let text = "[deny]\nactions = [\n \"iam:*\",\n \"ec2:TerminateInstances\",\n \"rds:DeleteDBInstance\",\n \"s3:DeleteBucket\"\n]";
    let settings = resolve(&[("config/deny-list.toml", text)], Flags::default()).unwrap();
    assert_eq!(settings.deny.len(), 4);
    assert!(settings.deny[3].source.ends_with("deny-list.toml:6"));
}

#[test]
fn profiles_take_actions_as_text_or_list() {
    let text = "[profiles.a]\nactions = \"s3:GetObject, dynamodb:PutItem\"\n[profiles.b]\nactions = [\"s3:GetObject\"]";
    let settings = resolve(&[("config/profiles.toml", text)], Flags::default()).unwrap();
    assert_eq!(settings.profiles["a"].actions, ["s3:GetObject", "dynamodb:PutItem"]);
    assert_eq!(settings.profiles["b"].actions, ["s3:GetObject"]);
}

#[test]
fn provider_settings_come_from_flag_then_variable_then_file() {
    let declared = [Setting {
        key: "role_arn".into(),
        description: String::new(),
        env: Some("AUDEX_ROLE_ARN".into()),
    }];
    let files = [("config/config.toml", "[providers.aws]\nrole_arn = \"file\"")];
    let role = |flags: Flags, environment: &Environment| {
        resolve(&files, flags).unwrap().for_provider("aws", &declared, environment).unwrap()["role_arn"]
            .clone()
    };
    let set = Environment::from_pairs([("AUDEX_ROLE_ARN", "variable")]);
    let flags = || Flags {
        provider_settings: [("role_arn".into(), "flag".into())].into(),
        ..Flags::default()
    };
    assert_eq!(role(flags(), &set), "flag");
    assert_eq!(role(Flags::default(), &set), "variable");
    assert_eq!(role(Flags::default(), &Environment::default()), "file");
}

#[test]
fn a_setting_the_provider_does_not_have_is_an_error() {
    let files = [("config/config.toml", "[providers.aws]\nrole = \"x\"")];
    let settings = resolve(&files, Flags::default()).unwrap();
    let error = settings.for_provider("aws", &[], &Environment::default()).unwrap_err();
    assert_eq!(error.to_string(), "provider `aws` has no setting `role`");
}

#[test]
fn the_organisation_says_where_the_audit_log_is() {
    let root = tempfile::tempdir().unwrap();
    let paths = paths(root.path());
    assert_eq!(with_organisation(paths.clone()).unwrap().audit, root.path().join("state"));
    fs::write(root.path().join("etc/config.toml"), "[audit]\ndirectory = \"/var/lib/audex\"")
        .unwrap();
    assert!(with_organisation(paths.clone()).unwrap().audit.starts_with("/var/lib/audex"));
    fs::write(root.path().join("etc/config.toml"), "[audit]\ndirectory = \"logs\"").unwrap();
    assert!(with_organisation(paths).is_err());
}

#[test]
fn who_requires_the_enforcement_is_known_with_its_place() {
    let user = ("config/config.toml", "[enforcement]\nrequire = \"cloud\"");
    let organisation = ("etc/config.toml", "max_ttl = \"1h\"\n[enforcement]\nrequire = \"cloud\"");
    let weaker = ("etc/config.toml", "[enforcement]\nrequire = \"token\"");
    let by = |files: &[(&str, &str)], flag| {
        // The place is looked up in the files when it is asked for.
        let root = tempfile::tempdir().unwrap();
        let flags = Flags { require: flag, ..Flags::default() };
        resolve_below(root.path(), files, flags).unwrap().required_by.requires()
    };
    assert_eq!(by(&[], None), "the default is at least");
    assert_eq!(by(&[user], Some(Enforcer::Token)), "--require asks for");
    assert!(by(&[user, weaker], None).ends_with("config/config.toml:2 requires"));
    let theirs = by(&[organisation], Some(Enforcer::None));
    assert!(
        theirs.starts_with("your organisation (")
            && theirs.ends_with("etc/config.toml:3) requires"),
        "{theirs}"
    );
    // What the user asks for already is not the organisation's doing.
    assert!(by(&[user, organisation], None).ends_with("config/config.toml:2 requires"));
}
