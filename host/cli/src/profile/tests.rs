use std::path::Path;

use super::*;
use crate::settings::profiles_file;
use audex_components::provider::Scope;

fn built_in() -> Vec<BuiltIn> {
    vec![BuiltIn {
        name: "reader".to_owned(),
        description: "Read".to_owned(),
        actions: vec!["s3:GetObject".to_owned()],
        resources: Scope::Every,
        leaves_out: Vec::new(),
    }]
}

fn get(text: &str, name: &str) -> Result<Profile, String> {
    let custom = profiles_file::parse(Path::new("p.toml"), text).unwrap();
    Profiles::new("aws", &built_in(), &custom).get(name).map_err(|error| error.to_string())
}

#[test]
fn what_is_inherited_keeps_the_resources_it_had() {
    let text = "[profiles.a]\nextends = [\"b\", \"reader\"]\nactions = \"s3:PutObject\"\nttl = \"1h\"\n\
                [profiles.b]\nactions = \"s3:ListBucket\"\nresources = [\"arn:b\"]\nttl = \"5m\"\ndeny = [\"iam:*\"]\n";
    let profile = get(text, "a").unwrap();
    let shares: Vec<_> = profile
        .shares
        .iter()
        .map(|share| (share.name.as_str(), share.resources.as_slice()))
        .collect();
    let b = ["arn:b".to_owned()];
    let none: &[String] = &[];
    assert_eq!(shares, [("a", none), ("a (from b)", &b), ("a (from reader)", none)]);
    assert_eq!(profile.ttl, Some(Duration::from_mins(5)));
    assert_eq!(profile.deny[0].source, "p.toml:9");
    assert_eq!(profile.actions(), ["s3:PutObject", "s3:ListBucket", "s3:GetObject"]);
}

#[test]
fn circles_and_missing_parents_are_errors_with_file_and_line() {
    let circle = "[profiles.a]\nextends = \"b\"\n[profiles.b]\nextends = \"a\"\n";
    assert_eq!(get(circle, "a").unwrap_err(), "p.toml:3: profile `b` extends itself");
    assert_eq!(
        get("[profiles.a]\nextends = \"a\"\n", "a").unwrap_err(),
        "p.toml:1: profile `a` extends itself"
    );
    let missing = get("\n[profiles.a]\nextends = \"raeder\"\n", "a").unwrap_err();
    assert_eq!(
        missing,
        "p.toml:2: profile `a` extends `raeder`, which provider `aws` does not have"
    );
}

#[test]
fn a_profile_may_extend_the_built_in_one_it_replaces() {
    let profile =
        get("[profiles.reader]\nextends = \"reader\"\nactions = \"s3:ListBucket\"\n", "reader")
            .unwrap();
    assert_eq!(profile.actions(), ["s3:ListBucket", "s3:GetObject"]);
}

#[test]
fn a_profile_of_another_provider_is_not_this_ones() {
    let custom = profiles_file::parse(
        Path::new("p.toml"),
        "[profiles.g]\nprovider = \"gcp\"\nactions = \"a.b.c\"\n",
    )
    .unwrap();
    let built_in = built_in();
    let profiles = Profiles::new("aws", &built_in, &custom);
    assert_eq!(profiles.names(), ["reader"]);
    assert!(matches!(profiles.get("g"), Err(ProfileError::OtherProvider { .. })));
}

#[test]
fn parents_that_are_shared_are_inherited_once() {
    use std::fmt::Write as _;
    let mut text =
        "[profiles.p0]\nactions = \"s3:GetObject\"\nresources = [\"arn:r\"]\ndeny = [\"iam:*\"]\n"
            .to_owned();
    for n in 1..60 {
        let below = n - 1;
        writeln!(
            text,
            "[profiles.q{n}]\nextends = \"p{below}\"\n[profiles.r{n}]\nextends = \"p{below}\""
        )
        .unwrap();
        writeln!(text, "[profiles.p{n}]\nextends = \"q{n}, r{n}\"").unwrap();
    }
    let profile = get(&text, "p59").unwrap();
    assert_eq!((profile.shares.len(), profile.deny.len()), (1, 1));
    assert_eq!(profile.shares[0].resources, ["arn:r"]);
}
