//! Many operations at once: the recommendation has exactly their actions and ARNs, and is sufficient.

use serde_json::{Value, json};

use super::learn;
use crate::support::{Moto, Sandbox, python};

/// Eleven services, every protocol: what each action was used on (nothing: everything).
const MANY: &[(&str, &[&str])] = &[
    ("cloudwatch:DeleteAlarms", &["cloudwatch:us-east-1:123456789012:alarm:many"]),
    ("cloudwatch:PutMetricAlarm", &["cloudwatch:us-east-1:123456789012:alarm:many"]),
    ("cloudwatch:PutMetricData", &[]),
    ("dynamodb:BatchGetItem", &["dynamodb:us-east-1:123456789012:table/items"]),
    ("dynamodb:DeleteItem", &["dynamodb:us-east-1:123456789012:table/items"]),
    ("dynamodb:DescribeTable", &["dynamodb:us-east-1:123456789012:table/items"]),
    ("dynamodb:GetItem", &["dynamodb:us-east-1:123456789012:table/items"]),
    ("dynamodb:ListTables", &[]),
    ("dynamodb:PutItem", &["dynamodb:us-east-1:123456789012:table/items"]),
    ("dynamodb:Query", &["dynamodb:us-east-1:123456789012:table/items"]),
    ("ec2:DescribeInstances", &[]),
    ("ec2:RunInstances", &[]),
    ("ec2:TerminateInstances", &["ec2:us-east-1:123456789012:instance/i-*"]),
    ("iam:GetRole", &["iam::123456789012:role/AudexTest"]),
    ("iam:PassRole", &["iam::123456789012:role/AudexTest"]),
    ("lambda:CreateFunction", &["lambda:us-east-1:123456789012:function:many"]),
    ("lambda:DeleteFunction", &["lambda:us-east-1:123456789012:function:many"]),
    ("lambda:GetFunction", &["lambda:us-east-1:123456789012:function:many"]),
    ("lambda:ListFunctions", &[]),
    ("s3:DeleteObject", &["s3:::alpha/many/a b.txt", "s3:::beta/many/copy.txt"]),
    ("s3:GetBucketLocation", &["s3:::alpha"]),
    ("s3:GetObject", &["s3:::alpha/many/a b.txt"]),
    ("s3:GetObjectTagging", &["s3:::alpha/many/a b.txt"]),
    ("s3:ListAllMyBuckets", &[]),
    ("s3:ListBucket", &["s3:::alpha"]),
    ("s3:PutObject", &["s3:::alpha/many/a b.txt", "s3:::beta/many/copy.txt"]),
    ("s3:PutObjectTagging", &["s3:::alpha/many/a b.txt"]),
    ("secretsmanager:CreateSecret", &["secretsmanager:us-east-1:123456789012:secret:many-??????"]),
    ("secretsmanager:DeleteSecret", &["secretsmanager:us-east-1:123456789012:secret:many-??????"]),
    (
        "secretsmanager:GetSecretValue",
        &["secretsmanager:us-east-1:123456789012:secret:many-??????"],
    ),
    ("sns:CreateTopic", &["sns:us-east-1:123456789012:many"]),
    ("sns:DeleteTopic", &["sns:us-east-1:123456789012:many"]),
    ("sns:ListTopics", &[]),
    ("sns:Publish", &["sns:us-east-1:123456789012:many"]),
    ("sqs:CreateQueue", &["sqs:us-east-1:123456789012:many"]),
    ("sqs:DeleteQueue", &["sqs:us-east-1:123456789012:many"]),
    ("sqs:ReceiveMessage", &["sqs:us-east-1:123456789012:many"]),
    ("sqs:SendMessage", &["sqs:us-east-1:123456789012:many"]),
    ("ssm:DeleteParameter", &["ssm:us-east-1:123456789012:parameter/many/p"]),
    ("ssm:GetParameter", &["ssm:us-east-1:123456789012:parameter/many/p"]),
    ("ssm:PutParameter", &["ssm:us-east-1:123456789012:parameter/many/p"]),
];

#[test]
fn operations_of_many_services_by_every_protocol_give_exactly_their_actions_and_arns_and_those_suffice()
 {
    let mut sandbox = Sandbox::with_moto(Moto::get());
    sandbox.set("AUDEX_ROLE_ARN", Moto::get().role_arn.replace("AudexTest", "AudexWide"));
    let (python, calls) = (python::interpreter(), python::tests().join("support/many_calls.py"));
    let command = format!("'{}' -W ignore '{}' 2>/dev/null", python.display(), calls.display());
    let output = learn(&sandbox, &["--verify", "--json"], &command).success();
    // The first run verified is denied its own new instance, whose name nobody knew; the second is not.
    assert_eq!(output.stdout, "ok 43\nok 43\n");
    let learned =
        output.stderr_json().into_iter().find(|event| event["event"] == "learned").unwrap();
    let statements: Vec<(Vec<String>, Vec<String>)> = learned["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (strings(&one["actions"]), strings(&one["resources"])))
        .collect();
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for (actions, resources) in &statements {
        for action in actions {
            let (service, kind) = (
                action.split(':').next().unwrap(),
                action.ends_with("Object") || action.ends_with("ObjectTagging"),
            );
            let own = resources
                .iter()
                .filter_map(|resource| resource.strip_prefix("arn:aws:"))
                .filter(|resource| {
                    // What a statement of several kinds means: each action on those of its own.
                    let is_object = resource.contains('/');
                    resource.starts_with(&format!("{service}:"))
                        && (service != "s3" || is_object == kind)
                });
            found.push((action.clone(), own.map(str::to_owned).collect()));
        }
    }
    found.sort();
    let expected: Vec<(String, Vec<String>)> = MANY
        .iter()
        .map(|(action, resources)| {
            ((*action).to_owned(), resources.iter().map(|&one| one.to_owned()).collect())
        })
        .collect();
    assert_eq!(found, expected);
    assert_eq!(learned["unknown"], json!([]));
    assert_eq!(
        learned["verified"],
        json!({ "sufficient": true, "rounds": 2, "missing": [], "denied": [], "lost": [], "failed": null })
    );
    assert_eq!(learned["no_permission_needed"][0]["operation"], "sts:GetCallerIdentity");
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}
