//! Resources that fit no resource type of the catalogue, or that contain variables and escaped characters.

use super::*;

#[test]
fn an_action_that_needs_no_resource_is_granted_on_every_one_by_its_name_alone() {
    let metric = json!({"Effect":"Allow","Action":"cloudwatch:PutMetricData","Resource":"*"});
    let put = json!({"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"});
    let made = whole(&["cloudwatch:PutMetricData", "s3:PutObject"], &[], &["arn:aws:s3:::b/*"]);
    let policy: Value = serde_json::from_str(&made.policy).unwrap();
    assert_eq!(policy["Statement"], json!([metric, put]));
    assert_eq!(
        made.notices,
        ["`cloudwatch:PutMetricData` takes no resource: it is granted on every one"]
    );
    // The action works without other actions too.
    assert_eq!(
        compiled(&["CloudWatch:putmetricdata"], &[], &["arn:aws:s3:::b/*"])["Statement"],
        json!([metric])
    );
    assert_eq!(
        compiled(&["polly:SynthesizeSpeech"], &[], &["arn:aws:s3:::b/*"])["Statement"][0]["Resource"],
        "*"
    );
    // On a resource that the action takes, it is limited to that; the actions matched by a wildcard stay left
    // out.
    let set = "arn:aws:cloudwatch:eu-west-1:1:dataset/d";
    assert_eq!(
        compiled(&["cloudwatch:PutMetricData"], &[], &[set])["Statement"][0]["Resource"],
        set
    );
    let made = whole(&["cloudwatch:PutMetric*", "s3:PutObject"], &[], &["arn:aws:s3:::b/*"]);
    assert!(!made.policy.contains("PutMetric"), "{}", made.policy);
    // An action with optional resource types of common kinds is not granted.
    assert_eq!(
        refused(&["rds:DescribeDBInstances"], &[], &["arn:aws:s3:::b/*"]).code,
        "nothing-granted"
    );
    assert_eq!(refused(&["sns:TagResource"], &[], &["arn:aws:s3:::b/*"]).code, "nothing-granted");
}

#[test]
fn a_written_wildcard_covers_no_other_resource() {
    let both = ["arn:aws:s3:::b/${*}", "arn:aws:s3:::b/${?}", "arn:aws:s3:::b/${$}{x}"];
    assert_eq!(compiled(&["s3:GetObject"], &[], &both)["Statement"][0]["Resource"], json!(both));
    let all = ["arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*"];
    assert_eq!(
        compiled(&["s3:GetObject"], &[], &all)["Statement"][0]["Resource"],
        "arn:aws:s3:::b/*"
    );
}

#[test]
fn a_variable_that_is_empty_for_a_role_is_said() {
    let said =
        |resource: &str| valueless(&grant(&["s3:GetObject", "s3:PutObject"], &[], &[resource]));
    let of_user = "arn:aws:s3:::home/${aws:username}/*";
    let [notice]: [String; 1] = said(of_user).try_into().unwrap();
    assert!(notice.contains("matches nothing") && notice.contains(of_user), "{notice}");
    assert_eq!(said("arn:aws:s3:::${AWS:UserName}").len(), 1);
    for other in
        ["${aws:PrincipalTag/team}", "${*}", "${$}{aws:username}", "${aws:username, 'other'}"]
    {
        assert!(said(&format!("arn:aws:s3:::home/{other}/*")).is_empty(), "{other}");
    }
    // The policy is compiled as written.
    assert!(whole(&["s3:GetObject"], &[], &[of_user]).policy.contains(of_user));
}

#[test]
fn an_arn_that_ends_early_in_a_star_limits_to_its_service() {
    let made = whole(&["ec2:StopInstances", "s3:GetObject"], &[], &["arn:aws:ec2:*"]);
    assert!(
        made.policy.contains(r#""Action":"ec2:StopInstances","Resource":"arn:aws:ec2:*""#),
        "{}",
        made.policy
    );
    assert!(!made.policy.contains("GetObject"), "{}", made.policy);
}
