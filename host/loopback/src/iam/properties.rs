//! Properties of the evaluator, checked on generated policies.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const ACTIONS: &[&str] = &["s3:GetObject", "s3:PutObject", "s3:*", "*", "iam:Get?ser", "S3:get*"];
const RESOURCES: &[&str] = &["*", "arn:aws:s3:::a/*", "arn:aws:s3:::b", "arn:aws:s3:::?/k"];

fn statement() -> impl Strategy<Value = Value> {
    (
        prop::sample::select(vec!["Allow", "Deny"]),
        prop::sample::select(vec!["Action", "NotAction"]),
        prop::sample::subsequence(ACTIONS, 1..4),
        prop::sample::select(vec!["Resource", "NotResource"]),
        prop::sample::subsequence(RESOURCES, 1..3),
        prop::sample::select(vec![
            Value::Null,
            json!({"StringEquals": {"aws:username": "dev"}}),
            json!({"StringNotEqualsIfExists": {"aws:username": "dev"}}),
            json!({"Invented": {"aws:username": "dev"}}),
        ]),
    )
        .prop_map(|(effect, action_name, actions, resource_name, resources, condition)| {
            let mut statement =
                json!({"Effect": effect, action_name: actions, resource_name: resources});
            if !condition.is_null() {
                statement["Condition"] = condition;
            }
            statement
        })
}

fn policy() -> impl Strategy<Value = PolicyDocument> {
    prop::collection::vec(statement(), 1..4).prop_map(|statements| {
        PolicyDocument::parse(&json!({"Statement": statements}).to_string()).unwrap()
    })
}

fn request() -> impl Strategy<Value = Request> {
    let actions = prop::sample::select(vec![
        "s3:GetObject",
        "s3:PutObject",
        "iam:GetUser",
        "ec2:RunInstances",
    ]);
    let resources =
        prop::sample::select(vec!["*", "arn:aws:s3:::a/k", "arn:aws:s3:::b", "arn:aws:s3:::c"]);
    (actions, resources, any::<bool>()).prop_map(|(action, resource, named)| {
        let request = Request::new(action, resource);
        if named { request.with("aws:username", "dev") } else { request }
    })
}

/// Matches in the obvious way, in exponential time: the reference for [`matches`].
fn naive(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => {
            naive(rest, text) || (!text.is_empty() && naive(pattern, &text[1..]))
        }
        (['?', rest @ ..], [_, more @ ..]) => naive(rest, more),
        ([wanted, rest @ ..], [found, more @ ..]) => wanted == found && naive(rest, more),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_denial_anywhere_wins(
        identity in prop::collection::vec(policy(), 0..3),
        limits in prop::collection::vec(policy(), 0..3),
        request in request(),
        deny_in_limit in any::<bool>(),
    ) {
        let deny = PolicyDocument::parse(r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#).unwrap();
        let (mut identity, mut limits) = (identity, limits);
        if deny_in_limit { limits.push(deny) } else { identity.push(deny) }
        prop_assert_eq!(decide(&identity, &limits, &request), Decision::ExplicitDeny);
    }

    #[test]
    fn a_further_session_policy_never_widens(
        identity in prop::collection::vec(policy(), 0..3),
        limits in prop::collection::vec(policy(), 0..3),
        further in policy(),
        request in request(),
    ) {
        let before = decide(&identity, &limits, &request);
        let narrowed = [limits, vec![further]].concat();
        prop_assert!(before.is_allowed() || !decide(&identity, &narrowed, &request).is_allowed());
    }

    #[test]
    fn the_order_of_policies_does_not_matter(
        identity in prop::collection::vec(policy(), 0..3),
        limits in prop::collection::vec(policy(), 0..3),
        request in request(),
    ) {
        let reversed = |policies: &[PolicyDocument]| policies.iter().rev().cloned().collect::<Vec<_>>();
        prop_assert_eq!(
            decide(&identity, &limits, &request),
            decide(&reversed(&identity), &reversed(&limits), &request)
        );
    }

    #[test]
    fn the_matcher_equals_the_naive_one(pattern in "[ab*?]{0,8}", text in "[ab*?]{0,10}") {
        let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
        prop_assert_eq!(matches(&pattern, &text), naive(&p, &t));
    }

    #[test]
    fn not_action_is_the_complement_of_action(
        actions in prop::sample::subsequence(ACTIONS, 1..4),
        request in request(),
    ) {
        let decides = |name: &str| {
            let text = json!({"Statement": {"Effect": "Allow", name: actions, "Resource": "*"}}).to_string();
            PolicyDocument::parse(&text).unwrap().decide(&request).is_allowed()
        };
        prop_assert_ne!(decides("Action"), decides("NotAction"));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in r#"[\[\]{}":,a-zA-Z0-9*$ ]{0,60}"#) {
        let _ = PolicyDocument::parse(&text);
    }
}
