use audex_sdk::provider::{Permission, Scope};
use serde_json::json;

use super::*;

fn grant(parts: &[(&str, &[&str])], deny: &[&str]) -> Grant {
    let permission = |(action, resources): &(&str, &[&str])| Permission {
        action: (*action).to_owned(),
        origin: (*action).to_owned(),
        resources: Scope::asked(resources.iter().map(|&text| text.to_owned()).collect()),
    };
    Grant {
        provider: "aws".into(),
        permissions: parts.iter().map(permission).collect(),
        deny: deny.iter().map(|&text| text.to_owned()).collect(),
        ttl_seconds: 900,
        session: "audex-1".into(),
        gateway: false,
    }
}

/// Returns a grant with resources that could break out of any format, a deny, and conditions.
fn hard() -> (Grant, Conditions) {
    let odd = "arn:aws:s3:::b/${aws:username}/%{x}/a \"quoted\" \\ key: #1\n\u{8}\u{85}\u{2028}é/*";
    let grant =
        grant(&[("s3:GetObject", &[odd]), ("s3:*", &["arn:aws:s3:::c"])], &["s3:DeleteBucket"]);
    (grant, Conditions::parse(Some("192.0.2.0/24"), Some("true"), Some("team=a")).unwrap())
}

fn written(format: &str) -> String {
    let (grant, conditions) = hard();
    document(&grant, &conditions, "my-data.pipeline", format).unwrap()
}

/// Returns the compiler's policy for the same grant.
fn expected() -> Value {
    let (grant, conditions) = hard();
    serde_json::from_str(&compile::compile(&grant, &conditions, usize::MAX).unwrap().policy)
        .unwrap()
}

#[test]
fn json_is_the_policy_in_reading_order() {
    let text = written("json");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected());
    assert!(text.starts_with(
        "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\""
    ));
    assert_eq!(
        expected()["Statement"][0]["Condition"]["Bool"]["aws:MultiFactorAuthPresent"],
        "true"
    );
}

#[test]
fn cloudformation_is_a_template_that_yaml_reads_back() {
    let text = written("cloudformation");
    let read: Value =
        serde_yaml_ng::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let resource = &read["Resources"]["MyDataPipelinePolicy"];
    assert_eq!(resource["Type"], "AWS::IAM::ManagedPolicy");
    assert_eq!(resource["Properties"]["PolicyDocument"], expected());
    assert_eq!(resource["Properties"]["Description"], "Audex: my-data.pipeline");
    assert_eq!(read["AWSTemplateFormatVersion"], "2010-09-09");
}

#[test]
fn terraform_is_an_aws_iam_policy_that_hcl_reads_back() {
    let text = written("terraform");
    let body: hcl::Body = hcl::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let block = body.blocks().next().unwrap();
    assert_eq!(block.identifier(), "resource");
    let labels: Vec<&str> = block.labels().iter().map(hcl::BlockLabel::as_str).collect();
    assert_eq!(labels, ["aws_iam_policy", "my-data_pipeline"]);
    let policy = block.body().attributes().find(|attribute| attribute.key() == "policy").unwrap();
    let hcl::Expression::FuncCall(call) = policy.expr() else { panic!("{text}") };
    assert_eq!(call.name.name.as_str(), "jsonencode");
    let mut context = hcl::eval::Context::new();
    context.declare_var("aws", "interpolated: the escape is missing");
    let value = hcl::eval::Evaluate::evaluate(&call.args[0], &context).unwrap();
    assert_eq!(serde_json::to_value(value).unwrap(), expected());
}

#[test]
fn terraform_reads_as_people_write_it() {
    let asked = grant(
        &[("s3:GetObject", &["arn:aws:s3:::b/*", "arn:aws:s3:::home/${aws:username}/*"])],
        &[],
    );
    let text = document(&asked, &Conditions::default(), "reports", "terraform").unwrap();
    let expected = r#"resource "aws_iam_policy" "reports" {
  name = "reports"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = "s3:GetObject"
        Resource = [
          "arn:aws:s3:::b/*",
          "arn:aws:s3:::home/$${aws:username}/*",
        ]
      },
    ]
  })
}
"#;
    assert_eq!(text, expected);
}

#[test]
fn notices_are_comments_that_cannot_end_their_line() {
    let asked =
        grant(&[("s3:GetObject", &["arn:aws:s3:::b/*", "arn:aws:sqs:::q\n\u{2028}evil = 1"])], &[]);
    for format in ["terraform", "cloudformation"] {
        let text = document(&asked, &Conditions::default(), "p", format).unwrap();
        let first = text.lines().next().unwrap();
        assert!(first.starts_with("# `arn:aws:sqs:::q  evil = 1` is of no kind"), "{text}");
    }
}

#[test]
fn any_name_becomes_one_the_format_takes() {
    for (name, label, id) in [
        ("s3-readonly", "s3-readonly", "S3ReadonlyPolicy"),
        ("2nd try", "_2nd_try", "Audex2ndTryPolicy"),
        ("", "_", "Policy"),
        ("é\"}", "___", "Policy"),
    ] {
        let asked = grant(&[("s3:GetObject", &[])], &[]);
        let text = document(&asked, &Conditions::default(), name, "terraform").unwrap();
        assert!(text.contains(&format!("\"aws_iam_policy\" \"{label}\" {{")), "{text}");
        assert!(hcl::from_str::<hcl::Body>(&text).is_ok(), "{text}");
        let text = document(&asked, &Conditions::default(), name, "cloudformation").unwrap();
        let read: Value = serde_yaml_ng::from_str(&text).unwrap();
        assert!(read["Resources"].get(id).is_some(), "{text}");
    }
}

#[test]
fn a_format_that_is_none_is_refused_with_those_there_are() {
    let error = document(&hard().0, &Conditions::default(), "p", "yaml").unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Unsupported, "format-unsupported"));
    assert_eq!(error.hint.as_deref(), Some("write `json`, `terraform` or `cloudformation`"));
}

#[test]
fn a_managed_policy_has_a_limit_of_its_own_and_is_not_shortened() {
    let names: Vec<String> = aws_catalogue::matching("ec2:DescribeI*")
        .iter()
        .map(aws_catalogue::Found::full_name)
        .collect();
    let parts: Vec<(&str, &[&str])> =
        names.iter().map(|name| (name.as_str(), [].as_slice())).collect();
    let read: Value = serde_json::from_str(
        &document(&grant(&parts, &[]), &Conditions::default(), "p", "json").unwrap(),
    )
    .unwrap();
    assert_eq!(read["Statement"][0]["Action"], json!(names));
    let many: Vec<String> =
        (0..200).map(|n| format!("ec2:AnActionWithSomeLongName{n:04}")).collect();
    let parts: Vec<(&str, &[&str])> =
        many.iter().map(|name| (name.as_str(), [].as_slice())).collect();
    let policy =
        |count: usize| document(&grant(&parts[..count], &[]), &Conditions::default(), "p", "json");
    assert!(policy(150).unwrap().len() > crate::room::LIMIT);
    assert!(policy(200).unwrap_err().message.contains("6144"));
}

#[test]
fn what_grants_nothing_or_names_no_arn_is_refused() {
    let refused = |parts: &[(&str, &[&str])]| {
        document(&grant(parts, &[]), &Conditions::default(), "p", "json").unwrap_err().code
    };
    assert_eq!(refused(&[("s3:ListBucket", &["arn:aws:s3:::b/*"])]), "nothing-granted");
    assert_eq!(refused(&[("s3:ListBucket", &["b"])]), "resource-malformed");
    assert_eq!(refused(&[]), "nothing-granted");
}
