use std::path::Path;

use super::super::compile;
use super::*;
use crate::settings::profiles_file::parse;
use audex_components::backend::Backend;
use audex_components::embedded;
use audex_components::engine::Engine;
use audex_components::provider::Provider;

/// Returns the AWS component of this program.
fn aws() -> Provider {
    let engine = Engine::new().unwrap();
    let loaded = embedded::find("aws").unwrap().load(&engine).unwrap();
    Provider::new(&engine, loaded, Backend::default()).unwrap()
}

fn needs(actions: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
    let owned = |list: &[&str]| list.iter().map(|&resource| resource.to_owned()).collect();
    actions.iter().map(|(action, list)| ((*action).to_owned(), owned(list))).collect()
}

fn of(actions: &[(&str, &[&str])]) -> Recommendation {
    let aws = aws();
    Recommendation::new(needs(actions), &|shares| compile::allowed(&aws, "aws", shares))
}

fn resources(recommendation: &Recommendation) -> Vec<Vec<&str>> {
    let shares = recommendation.shares.iter();
    shares.map(|share| share.resources.iter().map(String::as_str).collect()).collect()
}

#[test]
fn names_that_change_from_run_to_run_become_a_pattern_and_others_stay() {
    let arn = |name: &str| format!("arn:aws:ec2:eu-west-1:1:instance/{name}");
    let (first, second) = (arn("i-0123456789abcdef0"), arn("i-0fedcba9876543210"));
    let none: Compile<'_> = &|_| None;
    let one = Recommendation::new(
        needs(&[("ec2:StopInstances", &[&first]), ("s3:GetObject", &["arn:aws:s3:::b/k"])]),
        none,
    );
    let more = [
        ("ec2:StopInstances".to_owned(), vec![second]),
        ("s3:GetObject".to_owned(), vec!["arn:aws:s3:::b/l".to_owned()]),
    ];
    let two = one.with(more.into_iter(), none);
    assert_eq!(
        resources(&two),
        [vec![arn("i-*").as_str()], vec!["arn:aws:s3:::b/k", "arn:aws:s3:::b/l"]]
    );
    let open = one.with(std::iter::once(("s3:GetObject".to_owned(), Vec::new())), none);
    assert_eq!(resources(&open), [vec![first.as_str()], vec![]]);
}

#[test]
fn shares_are_joined_where_no_action_reaches_the_resources_of_another() {
    for (one, other) in [
        (("s3:GetObject", "arn:aws:s3:::b/k"), ("s3:ListBucket", "arn:aws:s3:::b")),
        (
            ("s3:GetObject", "arn:aws:s3:::b/k"),
            ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:q"),
        ),
        (
            ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:f"),
            ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/t"),
        ),
    ] {
        let joined = of(&[(one.0, &[one.1]), (other.0, &[other.1])]);
        assert_eq!(joined.shares.len(), 1, "{one:?} {other:?}");
        assert_eq!(joined.resources().map(<[String]>::len), Some(2));
    }
}

#[test]
fn shares_stay_apart_where_joining_them_would_allow_more() {
    for (one, other) in [
        (
            (
                "secretsmanager:GetSecretValue",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-??????",
            ),
            (
                "secretsmanager:PutSecretValue",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:scratch-??????",
            ),
        ),
        (
            ("ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/prod/db"),
            ("ssm:PutParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/scratch"),
        ),
        (
            ("ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:123456789012:repository/team/app"),
            ("ecr:PutImage", "arn:aws:ecr:eu-west-1:123456789012:repository/scratch"),
        ),
        (
            ("iam:GetRole", "arn:aws:iam::123456789012:role/team/app"),
            ("iam:PassRole", "arn:aws:iam::123456789012:role/scratch"),
        ),
        (("s3:GetObject", "arn:aws:s3:::a/k"), ("s3:PutObject", "arn:aws:s3:::b/k/l")),
    ] {
        let apart = of(&[(one.0, &[one.1]), (other.0, &[other.1])]);
        assert_eq!(apart.shares.len(), 2, "{one:?} {other:?}");
        assert!(apart.resources().is_none(), "a flat list would allow both on both");
    }
    let wide = of(&[("s3:GetObject", &["arn:aws:s3:::a/k"]), ("s3:ListAllMyBuckets", &[])]);
    assert_eq!(wide.shares.len(), 2);
}

#[test]
fn a_third_share_is_joined_only_if_it_goes_with_all_of_the_group() {
    let all = of(&[
        ("s3:GetObject", &["arn:aws:s3:::b/k"]),
        ("s3:ListBucket", &["arn:aws:s3:::b"]),
        ("s3:PutObject", &["arn:aws:s3:::b/out/x"]),
    ]);
    let actions: Vec<&[String]> = all.shares.iter().map(|share| share.actions.as_slice()).collect();
    assert_eq!(
        actions,
        [
            &["s3:GetObject".to_owned(), "s3:ListBucket".to_owned()][..],
            &["s3:PutObject".to_owned()]
        ]
    );
}

#[test]
fn what_cannot_be_compiled_is_never_joined() {
    let two =
        needs(&[("s3:GetObject", &["arn:aws:s3:::b/k"]), ("s3:ListBucket", &["arn:aws:s3:::b"])]);
    assert_eq!(Recommendation::new(two, &|_| None).shares.len(), 2);
}

#[test]
fn the_profile_reads_back_as_what_is_recommended() {
    let odd = "arn:aws:s3:::a/\"k\\,arn:aws:s3:::other/x";
    let two = of(&[("s3:GetObject", &[odd]), ("s3:ListAllMyBuckets", &[])]);
    let profiles =
        parse(Path::new("profiles.toml"), &two.profile("my job", "aws", "of a test")).unwrap();
    assert_eq!(profiles["my job"].extends, ["my job-2"]);
    let mut read: Vec<(Vec<String>, Vec<String>)> = profiles
        .values()
        .map(|profile| (profile.actions.clone(), profile.resources.clone()))
        .collect();
    let mut said: Vec<(Vec<String>, Vec<String>)> =
        two.shares.iter().map(|share| (share.actions.clone(), share.resources.clone())).collect();
    read.sort();
    said.sort();
    assert_eq!(read, said);
}
