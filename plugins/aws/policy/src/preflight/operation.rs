//! `aws SERVICE OPERATION` commands whose permission has the name of the operation.
//!
//! In botocore's models 93 % of the operations are authorised by the action of the same name. The others,
//! apart from the exceptions left out below, have no action of that name, and then no advice is given.

use super::command::Words;
use super::{Need, Target};

/// Commands of the AWS CLI and the service prefix of their actions. Left out are services with operations
/// that need no permission (`sts`), need no credentials (`cognito-idp`, `sso`), or have actions of other
/// names (`apigateway`). Source: AWS CLI command reference; Service Authorization Reference, "service
/// prefix".
const SERVICES: [(&str, &str); 46] = [
    ("acm", "acm"),
    ("athena", "athena"),
    ("autoscaling", "autoscaling"),
    ("backup", "backup"),
    ("batch", "batch"),
    ("cloudformation", "cloudformation"),
    ("cloudfront", "cloudfront"),
    ("cloudtrail", "cloudtrail"),
    ("cloudwatch", "cloudwatch"),
    ("codebuild", "codebuild"),
    ("codepipeline", "codepipeline"),
    ("configservice", "config"),
    ("dynamodb", "dynamodb"),
    ("ec2", "ec2"),
    ("ecr", "ecr"),
    ("ecs", "ecs"),
    ("efs", "elasticfilesystem"),
    ("eks", "eks"),
    ("elasticache", "elasticache"),
    ("elasticbeanstalk", "elasticbeanstalk"),
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancing"),
    ("events", "events"),
    ("firehose", "firehose"),
    ("glue", "glue"),
    ("guardduty", "guardduty"),
    ("iam", "iam"),
    ("kinesis", "kinesis"),
    ("kms", "kms"),
    ("lambda", "lambda"),
    ("logs", "logs"),
    ("organizations", "organizations"),
    ("rds", "rds"),
    ("redshift", "redshift"),
    ("resourcegroupstaggingapi", "tag"),
    ("route53", "route53"),
    ("s3api", "s3"),
    ("sagemaker", "sagemaker"),
    ("secretsmanager", "secretsmanager"),
    ("securityhub", "securityhub"),
    ("service-quotas", "servicequotas"),
    ("sns", "sns"),
    ("sqs", "sqs"),
    ("ssm", "ssm"),
    ("stepfunctions", "states"),
    ("wafv2", "wafv2"),
];

/// Operations that another action than the one of the same name authorises. Source: AWS Lambda API reference,
/// `InvokeAsync`.
const OTHERWISE: [(&str, &str); 1] = [("lambda", "invoke-async")];

/// Returns the permission that the command's one call needs, if its name is known.
pub fn need(words: &Words) -> Option<Need> {
    let (_, prefix) = SERVICES.iter().find(|(command, _)| *command == words.service)?;
    if OTHERWISE.contains(&(words.service, words.operation)) {
        return None;
    }
    let name: String = words.operation.chars().filter(|character| *character != '-').collect();
    let found = aws_catalogue::find(&format!("{prefix}:{name}"))?;
    let target = if found.takes_resource() { Target::Unknown } else { Target::NoResource };
    Some(Need { why: format!("calls {}", found.name), action: found.full_name(), target })
}

#[cfg(test)]
pub fn prefixes() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|(_, prefix)| *prefix)
}
