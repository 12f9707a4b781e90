//! Commands of one call that name their resource, or whose permission has another name.
//!
//! Source: Service Authorization Reference.

use super::command::Words;
use super::{Need, Target};

/// The way in which a command names its resource.
#[derive(Clone, Copy)]
enum Names {
    Nothing,
    /// Bucket in `--bucket`.
    Bucket,
    /// Bucket in `--bucket`, key in `--key`.
    Object,
    /// Objects of the bucket in `--bucket`.
    InBucket,
    /// In a way that is not read here.
    Unknown,
    /// The option, the service, and the text before and after the option's value in the last part of the ARN.
    Option(&'static str, &'static str, &'static str, &'static str),
}

type Row = (&'static str, &'static str, &'static str, &'static str, Names);

const TABLE_ARN: Names = Names::Option("--table-name", "dynamodb", "table/", "");
const FUNCTION_ARN: Names = Names::Option("--function-name", "lambda", "function:", "");
const CLUSTER_ARN: Names = Names::Option("--name", "eks", "cluster/", "");
const LOG_GROUP_ARN: Names = Names::Option("--log-group-name", "logs", "log-group:", "*");
/// A secret's ARN ends in six random characters.
const SECRET_ARN: Names = Names::Option("--secret-id", "secretsmanager", "secret:", "-??????");
/// Options that select a part of the named resource.
const PARTS: [&str; 2] = ["--index-name", "--qualifier"];

/// Service, operation, action, reason, resource.
const ROWS: [Row; 36] = [
    ("s3api", "get-object", "s3:GetObject", "reads an object", Names::Object),
    ("s3api", "head-object", "s3:GetObject", "reads an object's metadata", Names::Object),
    ("s3api", "put-object", "s3:PutObject", "writes an object", Names::Object),
    ("s3api", "delete-object", "s3:DeleteObject", "deletes an object", Names::Object),
    ("s3api", "list-objects", "s3:ListBucket", "lists a bucket", Names::Bucket),
    ("s3api", "list-objects-v2", "s3:ListBucket", "lists a bucket", Names::Bucket),
    ("s3api", "head-bucket", "s3:ListBucket", "looks at a bucket", Names::Bucket),
    ("s3api", "list-buckets", "s3:ListAllMyBuckets", "lists buckets", Names::Nothing),
    (
        "s3api",
        "get-bucket-location",
        "s3:GetBucketLocation",
        "asks where a bucket is",
        Names::Bucket,
    ),
    ("s3api", "list-object-versions", "s3:ListBucketVersions", "lists versions", Names::Bucket),
    ("s3api", "delete-objects", "s3:DeleteObject", "deletes objects", Names::InBucket),
    ("s3api", "create-bucket", "s3:CreateBucket", "creates a bucket", Names::Bucket),
    ("s3api", "delete-bucket", "s3:DeleteBucket", "deletes a bucket", Names::Bucket),
    ("lambda", "list-functions", "lambda:ListFunctions", "lists functions", Names::Nothing),
    ("lambda", "invoke", "lambda:InvokeFunction", "invokes a function", FUNCTION_ARN),
    ("lambda", "get-function", "lambda:GetFunction", "reads a function", FUNCTION_ARN),
    (
        "lambda",
        "update-function-code",
        "lambda:UpdateFunctionCode",
        "replaces a function's code",
        FUNCTION_ARN,
    ),
    ("dynamodb", "get-item", "dynamodb:GetItem", "reads an item", TABLE_ARN),
    ("dynamodb", "put-item", "dynamodb:PutItem", "writes an item", TABLE_ARN),
    ("dynamodb", "update-item", "dynamodb:UpdateItem", "changes an item", TABLE_ARN),
    ("dynamodb", "delete-item", "dynamodb:DeleteItem", "deletes an item", TABLE_ARN),
    ("dynamodb", "query", "dynamodb:Query", "queries a table", TABLE_ARN),
    ("dynamodb", "scan", "dynamodb:Scan", "reads a table", TABLE_ARN),
    ("dynamodb", "describe-table", "dynamodb:DescribeTable", "describes a table", TABLE_ARN),
    ("dynamodb", "list-tables", "dynamodb:ListTables", "lists tables", Names::Nothing),
    ("ec2", "describe-instances", "ec2:DescribeInstances", "lists instances", Names::Nothing),
    ("ec2", "describe-images", "ec2:DescribeImages", "lists images", Names::Nothing),
    (
        "ec2",
        "describe-security-groups",
        "ec2:DescribeSecurityGroups",
        "lists security groups",
        Names::Nothing,
    ),
    (
        "secretsmanager",
        "get-secret-value",
        "secretsmanager:GetSecretValue",
        "reads a secret",
        SECRET_ARN,
    ),
    (
        "secretsmanager",
        "list-secrets",
        "secretsmanager:ListSecrets",
        "lists secrets",
        Names::Nothing,
    ),
    ("logs", "get-log-events", "logs:GetLogEvents", "reads a log", LOG_GROUP_ARN),
    // The CLI's own commands, and the call they make.
    ("logs", "tail", "logs:FilterLogEvents", "reads logs", Names::Unknown),
    ("ecr", "get-login-password", "ecr:GetAuthorizationToken", "asks for a token", Names::Nothing),
    ("eks", "update-kubeconfig", "eks:DescribeCluster", "describes a cluster", CLUSTER_ARN),
    ("logs", "filter-log-events", "logs:FilterLogEvents", "reads logs", LOG_GROUP_ARN),
    (
        "cloudwatch",
        "get-metric-statistics",
        "cloudwatch:GetMetricStatistics",
        "reads metrics",
        Names::Nothing,
    ),
];

/// Returns the needs of the command, or none for commands that are not in the table.
pub fn needs(words: &Words) -> Vec<Need> {
    let of_command = |row: &&Row| row.0 == words.service && row.1 == words.operation;
    let need = |row: &Row| Need {
        action: row.2.to_owned(),
        why: row.3.to_owned(),
        target: target(words, row.4),
    };
    ROWS.iter().filter(of_command).map(need).collect()
}

fn target(words: &Words, names: Names) -> Target {
    let arn = match names {
        Names::Nothing => return Target::NoResource,
        Names::Unknown => None,
        Names::InBucket => bucket_name(words).map(|name| format!("{}/*", bucket(name))),
        Names::Bucket => bucket_name(words).map(bucket),
        Names::Object => bucket_name(words)
            .zip(words.value("--key"))
            .map(|(bucket, key)| format!("arn:${{Partition}}:s3:::{bucket}/{key}")),
        Names::Option(..) if PARTS.iter().any(|option| words.has(option)) => None,
        Names::Option(option, service, before, after) => words.value(option).map(|value| {
            if value.starts_with("arn:") {
                return format!("{value}*");
            }
            format!("arn:${{Partition}}:{service}:${{Region}}:${{Account}}:{before}{value}{after}")
        }),
    };
    arn.map_or(Target::Unknown, Target::Arn)
}

/// Returns the value of `--bucket` if it names a bucket: the ARN or alias of an access point can replace one.
fn bucket_name<'a>(words: &Words<'a>) -> Option<&'a str> {
    words.value("--bucket").filter(|name| is_bucket(name))
}

/// Returns true if a name belongs to a bucket itself. Source: S3 User Guide, "Using a bucket-style alias for
/// your access point".
pub fn is_bucket(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(':')
        && !["-s3alias", "--ol-s3", "--x-s3"].iter().any(|end| name.ends_with(end))
}

/// Returns the ARN of a bucket.
pub fn bucket(name: &str) -> String {
    format!("arn:${{Partition}}:s3:::{name}")
}

/// Returns every action of the table, and true if the action is needed on a resource.
#[cfg(test)]
pub fn actions() -> Vec<(&'static str, bool)> {
    ROWS.iter().map(|row| (row.2, !matches!(row.4, Names::Nothing))).collect()
}
