use super::*;
use crate::bindings::provider::types::Permission;

const PLANNED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::a/*"}]}"#;

fn grant(action: &str, deny: &[&str]) -> Grant {
    Grant {
        provider: "aws".to_owned(),
        permissions: vec![Permission {
            action: action.to_owned(),
            origin: action.to_owned(),
            resources: Scope::These(vec!["arn:aws:s3:::a/*".to_owned()]),
        }],
        deny: deny.iter().map(|&pattern| pattern.to_owned()).collect(),
        ttl_seconds: 60,
        session: "audex-1".to_owned(),
        gateway: false,
    }
}

fn scope() -> PolicyScope {
    PolicyScope::of(&grant("s3:Get*", &[]), Some(PLANNED))
}

fn allow(fields: &str) -> String {
    format!(r#"{{"Statement":[{{"Effect":"Allow",{fields}}}]}}"#)
}

#[test]
fn the_planned_policy_and_anything_narrower_is_permitted() {
    scope().permit(PLANNED).unwrap();
    scope().permit(&allow(r#""Action":["s3:getobject"],"Resource":"arn:aws:s3:::a/b/*""#)).unwrap();
    scope().permit(r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#).unwrap();
}

#[test]
fn wider_actions_resources_and_negated_fields_are_outside() {
    for fields in [
        r#""Action":"s3:*","Resource":"arn:aws:s3:::a/*""#,
        r#""Action":["s3:GetObject","iam:PassRole"],"Resource":"arn:aws:s3:::a/*""#,
        r#""Action":"s3:GetObject","Resource":"*""#,
        r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#,
        r#""NotAction":"iam:*","Resource":"arn:aws:s3:::a/*""#,
        r#""Action":"s3:GetObject","NotResource":"x""#,
        r#""Action":[],"Resource":"arn:aws:s3:::a/*""#,
        r#""Action":"s3:GetObject""#,
    ] {
        assert!(scope().permit(&allow(fields)).is_err(), "{fields}");
    }
    assert!(scope().permit("{}").is_err() && scope().permit("not json").is_err());
}

#[test]
fn scoping_down_is_for_intermediate_policies_only() {
    let intermediate = allow(r#""Action":"sts:GetScopedCredentials","Resource":"*""#);
    scope().permit(&intermediate).unwrap();
    let mut final_scope = scope();
    final_scope.planned = Some(intermediate.clone());
    assert!(final_scope.permit(&intermediate).is_err());
    // A gateway holds the credentials, and narrows them for sessions inside.
    final_scope.is_held = true;
    final_scope.permit(&intermediate).unwrap();
    let more = allow(r#""Action":["sts:GetScopedCredentials","sts:AssumeRole"],"Resource":"*""#);
    final_scope.planned = Some(more.clone());
    assert!(final_scope.permit(&more).is_err());
}

#[test]
fn a_planned_policy_keeps_every_deny_that_meets_what_it_allows() {
    let planned = |deny: &str| {
        format!(
            r#"{{"Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a/*"}},{{"Effect":"Deny",{deny}}}]}}"#
        )
    };
    let permitted = |forbidden: &str, deny: &str| {
        let policy = planned(deny);
        PolicyScope::of(&grant("s3:*", &[forbidden]), Some(&policy)).permit(&policy).is_ok()
    };
    assert!(permitted("s3:DeleteBucket", r#""Action":"s3:deletebucket","Resource":"*""#));
    assert!(permitted("*:Delete*", r#""Action":["s3:Delete*"],"Resource":"*""#));
    assert!(permitted("iam:*", r#""Action":"x:y","Resource":"*""#), "nothing allowed meets it");
    assert!(!permitted("s3:DeleteBucket", r#""Action":"s3:DeleteObject","Resource":"*""#));
    assert!(!permitted(
        "s3:DeleteBucket",
        r#""Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::b""#
    ));
    assert!(!permitted("s3:Delete*", r#""Action":"s3:Delete*","Resource":"*","Condition":{}"#));
    assert!(!permitted("*:Delete*", r#""Action":"s3:DeleteBucket","Resource":"*""#));
    assert!(!permitted("s3:Delete*", r#""NotAction":"s3:Get*","Resource":"*""#));
}

#[test]
fn a_shortened_pattern_is_inside_when_all_it_means_is_granted() {
    let policy = allow(r#""Action":"ec2:DescribeVpcPeeringConn*","Resource":"arn:aws:s3:::a/*""#);
    let granted = PolicyScope::of(&grant("ec2:DescribeVpcPeeringConnections", &[]), None);
    granted.permit(&policy).unwrap();
    assert!(PolicyScope::of(&grant("ec2:DescribeVpcs", &[]), None).permit(&policy).is_err());
}

#[test]
fn every_resource_is_inside_for_actions_that_take_none_and_outside_for_others() {
    let listing = allow(r#""Action":"s3:ListAllMyBuckets","Resource":"*""#);
    PolicyScope::of(&grant("s3:ListAllMyBuckets", &[]), None).permit(&listing).unwrap();
    let mixed = allow(r#""Action":["s3:ListAllMyBuckets","s3:GetObject"],"Resource":"*""#);
    assert!(PolicyScope::of(&grant("s3:*", &[]), None).permit(&mixed).is_err());
    let wild = allow(r#""Action":"s3:*","Resource":"*""#);
    assert!(PolicyScope::of(&grant("s3:*", &[]), None).permit(&wild).is_err());
}

#[test]
fn where_nothing_is_granted_nothing_can_be_allowed() {
    let probe = PolicyScope::probe();
    assert!(probe.permit(PLANNED).is_err());
    probe.permit(&allow(r#""Action":"sts:GetScopedCredentials","Resource":"*""#)).unwrap();
}

#[test]
fn a_policy_that_two_readers_could_read_differently_is_outside() {
    for fields in [
        r#""Action":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*""#,
        r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*","action":"*""#,
        r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*","Principal":"*""#,
    ] {
        assert!(scope().permit(&allow(fields)).is_err(), "{fields}");
    }
    let wide = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    for policy in [
        format!(r#"{{"Statement":[{wide}],"Statement":[]}}"#),
        format!(r#"{{"Statement":[],"statement":[{wide}]}}"#),
        r#"{"Statement":[{"Effect":"Deny","effect":"Allow","Action":"*","Resource":"*"}]}"#
            .to_owned(),
        format!("{PLANNED} {PLANNED}"),
        format!("[{PLANNED}]"),
        " ".repeat(limit::POLICY_BYTES) + PLANNED,
    ] {
        assert!(scope().permit(&policy).is_err(), "{policy:.80}");
    }
}

#[test]
fn only_minting_and_probing_make_sessions_and_none_outlives_the_grant() {
    assert_eq!(PolicyScope::pure().may_reach(), Err(OutsideGrant::Reaches));
    PolicyScope::look().may_reach().unwrap();
    for scope in [PolicyScope::pure(), PolicyScope::look()] {
        assert_eq!(
            (scope.may_make(900), scope.may_narrow(1)),
            (Err(OutsideGrant::Mints), Err(OutsideGrant::Mints))
        );
    }
    PolicyScope::probe().may_make(900).unwrap();
    scope().may_make(900).unwrap();
    scope().may_narrow(60).unwrap();
    assert_eq!(scope().may_make(901), Err(OutsideGrant::TooLong { asked: 901, most: 900 }));
    assert_eq!(scope().may_narrow(61), Err(OutsideGrant::TooLong { asked: 61, most: 60 }));
}

#[test]
fn an_action_that_needs_no_resource_is_inside_by_its_own_name_alone() {
    let everywhere = |action: &str| allow(&format!(r#""Action":"{action}","Resource":"*""#));
    let put = everywhere("cloudwatch:PutMetricData");
    PolicyScope::of(&grant("cloudwatch:PutMetricData", &[]), None).permit(&put).unwrap();
    for granted in ["cloudwatch:Put*", "cloudwatch:*", "*", "cloudwatch:PutMetricAlarm"] {
        assert!(PolicyScope::of(&grant(granted, &[]), None).permit(&put).is_err(), "{granted}");
    }
    // A user who limits the action to a data set wants exactly that limit.
    for resource in ["arn:aws:cloudwatch:eu-west-1:1:dataset/d", "arn:aws:*:*:*:dataset/d", "*x"] {
        let mut limited = grant("cloudwatch:PutMetricData", &[]);
        limited.permissions[0].resources = Scope::These(vec![resource.to_owned()]);
        assert!(PolicyScope::of(&limited, None).permit(&put).is_err(), "{resource}");
    }
    // Each of several actions is checked separately.
    let both = allow(r#""Action":["cloudwatch:PutMetricData","s3:GetObject"],"Resource":"*""#);
    assert!(PolicyScope::of(&grant("cloudwatch:PutMetricData", &[]), None).permit(&both).is_err());
}

#[test]
fn a_written_wildcard_is_that_character() {
    let mut star = grant("s3:GetObject", &[]);
    star.permissions[0].resources = Scope::These(vec!["arn:aws:s3:::a/${*}".to_owned()]);
    let scope = PolicyScope::of(&star, None);
    let on = |resource: &str| allow(&format!(r#""Action":"s3:GetObject","Resource":"{resource}""#));
    scope.permit(&on("arn:aws:s3:::a/${*}")).unwrap();
    for wider in ["arn:aws:s3:::a/*", "arn:aws:s3:::a/${?}", "arn:aws:s3:::a/${x}"] {
        assert!(scope.permit(&on(wider)).is_err(), "{wider}");
    }
}

#[test]
fn a_scope_that_names_nothing_permits_nothing() {
    let put = allow(r#""Action":"cloudwatch:PutMetricData","Resource":"*""#);
    let get = allow(r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::a/b""#);
    for (action, policy) in [("cloudwatch:PutMetricData", put), ("s3:GetObject", get)] {
        let mut granted = grant(action, &[]);
        granted.permissions[0].resources = Scope::Every;
        PolicyScope::of(&granted, None).permit(&policy).unwrap();
        for nothing in [Scope::Unseen, Scope::These(Vec::new())] {
            granted.permissions[0].resources = nothing;
            assert!(PolicyScope::of(&granted, None).permit(&policy).is_err(), "{action}");
        }
    }
}
