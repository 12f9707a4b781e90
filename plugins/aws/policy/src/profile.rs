//! The built-in profiles, as the project's policy document lists them.

use audex_sdk::provider::{Profile, Scope};

/// Name, purpose and actions. The document's `s3-readonly` also has `s3:HeadObject`, which is not an IAM
/// action and would cause a notice in every run: `s3:GetObject` authorises HeadObject (Service Authorization
/// Reference, Amazon S3).
const TABLE: [(&str, &str, &[&str]); 9] = [
    ("s3-readonly", "Read S3 objects", &["s3:GetObject", "s3:ListBucket"]),
    (
        "s3-readwrite",
        "Full S3 access",
        &["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"],
    ),
    (
        "dynamodb-readonly",
        "Read DynamoDB",
        &["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:BatchGetItem"],
    ),
    (
        "dynamodb-readwrite",
        "Full DynamoDB",
        &[
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:Query",
            "dynamodb:Scan",
        ],
    ),
    ("lambda-invoke", "Invoke Lambda functions", &["lambda:InvokeFunction", "lambda:InvokeAsync"]),
    (
        "lambda-deploy",
        "Deploy Lambda",
        &["lambda:UpdateFunctionCode", "lambda:GetFunction", "lambda:PublishVersion"],
    ),
    (
        "ec2-readonly",
        "Read EC2",
        &["ec2:DescribeInstances", "ec2:DescribeImages", "ec2:DescribeSecurityGroups"],
    ),
    ("secrets-readonly", "Read secrets", &["secretsmanager:GetSecretValue"]),
    ("iam-readonly", "Read IAM metadata", &["iam:GetUser", "iam:ListAccessKeys", "iam:GetPolicy"]),
];

/// Returns every profile, in the document's order.
#[must_use]
pub fn built_in() -> Vec<Profile> {
    let profile = |(name, description, actions): &(&str, &str, &[&str])| Profile {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        actions: actions.iter().map(|&action| action.to_owned()).collect(),
        resources: Scope::Every,
        leaves_out: Vec::new(),
    };
    TABLE.iter().map(profile).collect()
}
