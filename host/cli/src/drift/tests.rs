//! Tests of the comparison, by hand and against a model that asks about single resources.

use proptest::prelude::*;

use super::*;
use audex_components::provider::Scope;

fn statement(effect: Effect, actions: &[&str], resources: &[&str]) -> Statement {
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    Statement {
        effect,
        actions: owned(actions),
        resources: Scope::asked(owned(resources)),
        undecided: None,
        source: "p".to_owned(),
    }
}

fn allow(actions: &[&str], resources: &[&str]) -> Statement {
    statement(Effect::Allow, actions, resources)
}

const KNOWN: [(&str, AccessLevel); 5] = [
    ("s3:GetObject", AccessLevel::Read),
    ("s3:ListBucket", AccessLevel::List),
    ("s3:PutObject", AccessLevel::Write),
    ("s3:PutBucketPolicy", AccessLevel::Permissions),
    ("ec2:RunInstances", AccessLevel::Write),
];

fn known() -> Vec<KnownAction> {
    KNOWN
        .iter()
        .map(|(name, level)| KnownAction {
            name: (*name).to_owned(),
            access: Some(*level),
            yields_credentials: false,
        })
        .collect()
}

fn compared(actual: &[Statement], expected: &[Statement]) -> Drift {
    compare_known(&known(), actual, expected)
}

fn actions(list: &[Difference]) -> Vec<&str> {
    list.iter().map(|one| one.action.as_str()).collect()
}

#[test]
fn what_is_the_same_in_other_words_is_no_drift() {
    let is = [
        allow(&["s3:Get*", "S3:LISTBUCKET"], &[]),
        allow(&["s3:GetObject"], &["arn:aws:s3:::b/*"]),
    ];
    let should = [allow(&["s3:GetObject", "s3:ListBucket"], &["*"])];
    assert!(compared(&is, &should).is_none());
}

#[test]
fn what_is_had_beside_is_additional_the_most_dangerous_first() {
    let drift = compared(&[allow(&["*"], &[])], &[allow(&["s3:GetObject"], &[])]);
    assert_eq!(
        actions(&drift.additional),
        ["s3:PutBucketPolicy", "ec2:RunInstances", "s3:PutObject", "s3:ListBucket"]
    );
    assert!(drift.missing.is_empty() && drift.undecided.is_empty());
    assert_eq!(drift.additional[0].sources, ["p"]);
}

#[test]
fn no_resource_is_not_every_resource() {
    let on = |resources| Statement { resources, ..allow(&["s3:GetObject"], &[]) };
    for nowhere in [Scope::These(Vec::new()), Scope::Unseen] {
        let drift = compared(&[on(nowhere)], &[on(Scope::Every)]);
        assert_eq!(actions(&drift.missing), ["s3:GetObject"]);
    }
}

#[test]
fn resources_count() {
    let wide = [allow(&["s3:GetObject"], &["arn:aws:s3:::b/*"])];
    let narrow = [allow(&["s3:GetObject"], &["arn:aws:s3:::b/x/*"])];
    assert_eq!(compared(&wide, &narrow).additional[0].resources, ["arn:aws:s3:::b/*"]);
    assert_eq!(compared(&narrow, &wide).missing[0].resources, ["arn:aws:s3:::b/*"]);
    assert!(compared(&wide, &wide).is_none());
}

#[test]
fn a_denial_takes_away_and_one_of_a_part_cannot_be_decided() {
    let all = allow(&["s3:*"], &[]);
    let is = [all.clone(), statement(Effect::Deny, &["s3:Put*"], &[])];
    assert!(compared(&is, &[allow(&["s3:GetObject", "s3:ListBucket"], &[])]).is_none());
    let is = [all.clone(), statement(Effect::Deny, &["s3:PutObject"], &["arn:aws:s3:::b/*"])];
    let drift = compared(&is, &[all]);
    assert!(drift.additional.is_empty() && drift.missing.is_empty());
    assert_eq!(drift.undecided[0].actions, ["s3:PutObject"]);
}

#[test]
fn a_boundary_limits_and_one_without_the_action_leaves_nothing() {
    let is =
        [allow(&["s3:*"], &[]), statement(Effect::Limit, &["s3:GetObject"], &["arn:aws:s3:::b/*"])];
    let should = [allow(&["s3:GetObject"], &["arn:aws:s3:::b/*"])];
    assert!(compared(&is, &should).is_none());
}

#[test]
fn what_has_conditions_is_neither_had_nor_equal() {
    let mut conditional = allow(&["s3:GetObject"], &[]);
    conditional.undecided = Some("under conditions (aws:SourceIp)".to_owned());
    let drift = compared(std::slice::from_ref(&conditional), &[allow(&["s3:GetObject"], &[])]);
    assert_eq!(actions(&drift.missing), ["s3:GetObject"]);
    assert_eq!(drift.undecided.len(), 1);
    assert!(!compared(&[conditional.clone()], &[conditional]).is_none());
}

const RESOURCES: [&str; 3] = ["a", "b", "c"];

fn any_statement() -> impl Strategy<Value = Statement> {
    let effect = prop_oneof![4 => Just(Effect::Allow), 1 => Just(Effect::Deny)];
    let actions =
        prop::sample::select(vec!["*", "s3:*", "s3:Get*", "s3:PutObject", "ec2:RunInstances"]);
    // Single names, so that no denial covers only a part.
    (effect, actions, prop::sample::subsequence(RESOURCES.to_vec(), 1..=3))
        .prop_map(|(effect, action, resources)| statement(effect, &[action], &resources))
}

/// Returns true if `action` may be used on `resource`, by definition.
fn may(side: &[Statement], action: &str, resource: &str) -> bool {
    let says = |effect| {
        side.iter().any(|one| {
            one.effect == effect
                && names(one, action)
                && one.resources.named().iter().any(|known| known == resource)
        })
    };
    says(Effect::Allow) && !says(Effect::Deny)
}

proptest! {
    /// On single resources the comparison finds exactly the differences of the definition.
    #[test]
    fn the_comparison_is_the_difference(
        is in prop::collection::vec(any_statement(), 0..5),
        should in prop::collection::vec(any_statement(), 0..5),
    ) {
        let drift = compared(&is, &should);
        prop_assert!(drift.undecided.is_empty());
        for (list, one, other) in [(&drift.additional, &is, &should), (&drift.missing, &should, &is)] {
            for (action, _) in KNOWN {
                for resource in RESOURCES {
                    let found = list.iter().any(|one| one.action == action && one.resources.iter().any(|own| own == resource));
                    prop_assert_eq!(found, may(one, action, resource) && !may(other, action, resource));
                }
            }
        }
    }
}
