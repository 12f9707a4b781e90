//! Tests of the values that each rule accepts and rejects.

use super::*;

fn rules(text: &str) -> Result<Rules, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
}

#[test]
fn sources_are_whole_names_and_never_left() {
    let rules =
        rules(r#"sources = ["/opt/audex/", "https://plugins.example/team", "oci://registry.example/audex"]"#)
            .unwrap();
    for (origin, may) in [
        ("/opt/audex/x.wasm", true),
        ("/opt/audexx/x.wasm", false),
        ("/opt/audex/../x.wasm", false),
        ("https://plugins.example/team/x.wasm", true),
        ("https://plugins.example/teams/x.wasm", false),
        ("https://plugins.example.evil/team/x.wasm", false),
        ("oci://registry.example/audex:1", true),
        ("oci://registry.example/audex@sha256:00", true),
        ("oci://registry.example/audex-evil:1", false),
        ("https://plugins.example/team:8443/x.wasm", false),
        ("https://plugins.example/team@evil/x.wasm", false),
        ("https://plugins.example/team/..%2fx.wasm", false),
        ("https://plugins.example/team/a%20b/x.wasm", true),
        ("https://plugins.example/team/100%25/x..y.wasm", true),
        ("https://plugins.example/team/%2e%2e%2fevil/x.wasm", false),
        ("https://plugins.example/team/.%2e%2fevil/x.wasm", false),
        ("https://plugins.example/team/%2E./evil/x.wasm", false),
        ("https://plugins.example/team/%252e%252e%252fevil/x.wasm", false),
        ("https://plugins.example/team/%25252e%25252e/evil/x.wasm", false),
        ("https://plugins.example/team/%%32e%%32e/evil/x.wasm", false),
        ("https://plugins.example/team/%u002e%u002e/evil/x.wasm", false),
        ("https://plugins.example/team/%252525252525x.wasm", false),
        ("https://plugins.example/team/..%5cevil/x.wasm", false),
        ("https://plugins.example/team/a%2fx.wasm", false),
        ("https://plugins.example/team/..\\evil/x.wasm", false),
        ("https://plugins.example/team/./x.wasm", false),
        ("https://plugins.example/team/..;/evil/x.wasm", false),
        ("https://plugins.example/team/%c0%ae%c0%ae/evil/x.wasm", false),
        ("https://plugins.example/team/..%00/evil/x.wasm", false),
    ] {
        assert_eq!(rules.check(origin, None).is_ok(), may, "{origin}");
    }
    assert!(Rules::default().check("anywhere", None).is_ok());
    let rules =
        self::rules(r#"sources = ["/opt", "https://plugins.example", "oci://registry.example"]"#)
            .unwrap();
    for (origin, may) in [
        ("/opt/x.wasm", true),
        ("/opt:evil.wasm", false),
        ("/opt@evil.wasm", false),
        ("https://plugins.example/x.wasm", true),
        ("https://plugins.example:8443/x.wasm", false),
        ("https://plugins.example@evil.example/x.wasm", false),
        ("oci://registry.example/team/x:1", true),
        ("oci://registry.example:5000/team/x:1", false),
    ] {
        assert_eq!(rules.check(origin, None).is_ok(), may, "{origin}");
    }
    let files = self::rules(r#"sources = ["file"]"#).unwrap();
    assert!(files.check("/x", None).is_ok() && files.check("https://x/", None).is_err());
}

#[test]
fn an_address_is_a_source_however_it_is_written() {
    for (source, origin) in [
        ("https://plugins.example:443/x/", "https://plugins.example/x/y.wasm"),
        ("https://Plugins.Example", "https://plugins.example/y.wasm"),
        ("https://plugins.example:8443/x", "https://plugins.example:8443/x/y.wasm"),
    ] {
        let rules = rules(&format!("sources = [\"{source}\"]")).unwrap();
        assert!(rules.check(origin, None).is_ok(), "{source}");
        assert!(
            rules.check(&origin.replace(".example", ".example:444"), None).is_err(),
            "{source}"
        );
    }
}

#[test]
fn signatures_are_required_and_of_those_that_are_trusted() {
    let key = "RWQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let signer: Signer = key.parse().unwrap();
    let required = rules("require_signature = true").unwrap();
    assert_eq!(required.check("/x", None), Err(RuleError::Unsigned));
    assert!(required.check("/x", Some(&signer)).is_ok());
    let trusted = rules("signers = []").unwrap();
    assert_eq!(trusted.check("/x", Some(&signer)), Err(RuleError::Signer(signer.clone())));
    assert_eq!(trusted.check("/x", None), Err(RuleError::Unsigned));
    assert!(rules(&format!("signers = [\"{key}\"]")).unwrap().check("/x", Some(&signer)).is_ok());
}

#[test]
fn an_identity_is_trusted_by_a_pattern_that_covers_it_and_by_no_root_of_the_users() {
    let trusted =
        rules(r#"signers = ["sigstore:https://code.example/o/*@https://tokens.example"]"#).unwrap();
    for (signer, may) in [
        ("sigstore:https://code.example/o/r@https://tokens.example", true),
        ("sigstore:https://code.example/o/r/*@https://tokens.example", true),
        ("sigstore:https://code.example/*@https://tokens.example", false),
        ("sigstore:https://code.example/o/r@https://other.example", false),
    ] {
        assert_eq!(trusted.check("/x", Some(&signer.parse().unwrap())).is_ok(), may, "{signer}");
    }
    let users = || Some(PathBuf::from("/home/me/root.json"));
    let root = |text: &str| rules(text).unwrap().or_root(users()).root();
    assert_eq!(root(""), Root::File("/home/me/root.json".into()));
    assert_eq!(
        root(r#"sigstore_trusted_root = "/etc/audex/root.json""#),
        Root::File("/etc/audex/root.json".into())
    );
    assert_eq!(trusted.or_root(users()).root(), Root::PublicGood);
}

#[test]
fn the_ceiling_takes_away_and_what_is_misspelt_is_an_error() {
    let rules = rules(r#"capabilities = ["http:*.example.com", "secret:TEAM_*"]"#).unwrap();
    let all = ["http:api.example.com", "http:evil.com", "slot:aws", "secret:TEAM_KEY"];
    let kept = rules.within(all.iter().map(|text| text.parse().unwrap()).collect());
    assert_eq!(
        kept.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["http:api.example.com", "secret:TEAM_KEY"]
    );
    for wrong in [
        r#"capabilities = ["files:/"]"#,
        r#"sources = ["http://x/"]"#,
        r#"sources = ["https://"]"#,
        r#"sources = ["https://me@x/"]"#,
        r#"sources = ["https://x/a%2fb/"]"#,
        r#"signers = ["me"]"#,
        r#"required_filters = ["a@sha256:1"]"#,
        r#"required_filters = [""]"#,
        r#"required_filters = [">=1.0.0"]"#,
        r#"required_filters = ["a>=new"]"#,
        r#"required_filters = ["a>1.0.0"]"#,
        r#"required_filters = ["a=1.0.0"]"#,
        "require_signatures = true",
        r#"signers = ["sigstore:me"]"#,
        r#"sigstore_trusted_root = "root.json""#,
    ] {
        assert!(self::rules(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_required_filter_may_have_a_least_version() {
    let required = |text: &str| rules(&format!("required_filters = [\"{text}\"]")).unwrap();
    for (text, version, may) in [
        ("hours", "0.0.1", true),
        ("hours>=1.2.0", "1.2.0", true),
        ("hours >= 1.2.0", "1.10.0", true),
        ("hours>=1.2.0", "1.1.9", false),
        ("hours>=1.2.0", "1.2.0-rc.1", false),
        ("hours>=1.2.0", "1.3", true),
        ("hours>=1.2.0", "newest", false),
    ] {
        let rules = required(text);
        let required = rules.required("hours").unwrap();
        assert_eq!(required[0].check(version, "").is_ok(), may, "{text} {version}");
    }
    assert!(required("hours").required("days").is_none());
}

#[test]
fn any_rule_is_a_rule() {
    assert!(!Rules::default().is_any());
    for text in [
        "required_filters = [\"a\"]",
        "sources = []",
        "signers = []",
        "require_signature = true",
        "capabilities = []",
        "sigstore_trusted_root = \"/etc/audex/root.json\"",
    ] {
        assert!(rules(text).unwrap().is_any(), "{text}");
    }
}
