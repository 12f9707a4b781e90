//! The table: which permissions each command needs at least, and on what.
//!
//! Source: Service Authorization Reference for the permissions; for `aws s3`, which calls the high-level commands make, the
//! AWS CLI's own `customizations/s3` and recorded runs.

use super::command::Words;

/// A permission a command cannot do without.
pub struct Need {
    pub action: String,
    /// Completes "`aws s3 ls` …".
    pub why: &'static str,
    pub target: Target,
}

/// What the permission is needed on.
pub enum Target {
    NoResource,
    /// The format of an ARN, as in the catalogue, with names filled in.
    Arn(String),
    Unknown,
}

/// How a plain command names what it works on.
#[derive(Clone, Copy)]
enum Names {
    Nothing,
    /// Bucket in `--bucket`.
    Bucket,
    /// Bucket in `--bucket`, key in `--key`.
    Object,
    /// The option, the service, and what stands before and after the option's value in the last part of the ARN.
    Option(&'static str, &'static str, &'static str, &'static str),
}

type Row = (&'static str, &'static str, &'static str, &'static str, Names);

const TABLE_ARN: Names = Names::Option("--table-name", "dynamodb", "table/", "");
const FUNCTION_ARN: Names = Names::Option("--function-name", "lambda", "function:", "");
const LOG_GROUP_ARN: Names = Names::Option("--log-group-name", "logs", "log-group:", "*");
/// A secret's ARN ends in six random characters.
const SECRET_ARN: Names = Names::Option("--secret-id", "secretsmanager", "secret:", "-??????");
/// Options that make a part of the named resource the one in question.
const PARTS: [&str; 2] = ["--index-name", "--qualifier"];

/// Service, operation, action, why, what it works on.
const ROWS: [Row; 31] = [
    ("s3api", "get-object", "s3:GetObject", "reads an object", Names::Object),
    ("s3api", "head-object", "s3:GetObject", "reads an object's metadata", Names::Object),
    ("s3api", "put-object", "s3:PutObject", "writes an object", Names::Object),
    ("s3api", "delete-object", "s3:DeleteObject", "deletes an object", Names::Object),
    ("s3api", "list-objects", "s3:ListBucket", "lists a bucket", Names::Bucket),
    ("s3api", "list-objects-v2", "s3:ListBucket", "lists a bucket", Names::Bucket),
    ("s3api", "head-bucket", "s3:ListBucket", "looks at a bucket", Names::Bucket),
    ("s3api", "list-buckets", "s3:ListAllMyBuckets", "lists buckets", Names::Nothing),
    ("s3api", "get-bucket-location", "s3:GetBucketLocation", "asks where a bucket is", Names::Bucket),
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
    ("secretsmanager", "get-secret-value", "secretsmanager:GetSecretValue", "reads a secret", SECRET_ARN),
    ("secretsmanager", "list-secrets", "secretsmanager:ListSecrets", "lists secrets", Names::Nothing),
    ("logs", "get-log-events", "logs:GetLogEvents", "reads a log", LOG_GROUP_ARN),
    ("logs", "filter-log-events", "logs:FilterLogEvents", "reads logs", LOG_GROUP_ARN),
    (
        "cloudwatch",
        "get-metric-statistics",
        "cloudwatch:GetMetricStatistics",
        "reads metrics",
        Names::Nothing,
    ),
];

/// What the command needs; nothing for commands that need no permission (`aws sts get-caller-identity`) or are not known.
pub fn needs(words: &Words) -> Vec<Need> {
    if words.service == "s3" {
        return high_level(words);
    }
    let of_command = |row: &&Row| row.0 == words.service && row.1 == words.operation;
    let need = |row: &Row| Need { action: row.2.to_owned(), why: row.3, target: target(words, row.4) };
    let known: Vec<Need> = ROWS.iter().filter(of_command).map(need).collect();
    if known.is_empty() { same_name(words).into_iter().collect() } else { known }
}

/// A command whose operation is an action of the same name in the service's prefix: that action is what authorises it.
/// Of the operations in botocore's models 93 in 100 are so; for the others the catalogue has no such name, and nothing is
/// said. (`sts`: GetCallerIdentity is an action, and nobody needs it.)
fn same_name(words: &Words) -> Option<Need> {
    if words.service == "sts" {
        return None;
    }
    let name: String = words.operation.split('-').collect();
    let found = aws_catalogue::find(&format!("{}:{name}", words.service))?;
    Some(Need { action: found.full_name(), why: "needs the permission of its name", target: Target::Unknown })
}

fn target(words: &Words, names: Names) -> Target {
    let arn = match names {
        Names::Nothing => return Target::NoResource,
        Names::Bucket => words.value("--bucket").map(bucket),
        Names::Object => words
            .value("--bucket")
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

fn bucket(name: &str) -> String {
    format!("arn:${{Partition}}:s3:::{name}")
}

/// A place in S3: `s3://bucket/key`.
struct Place<'a> {
    bucket: &'a str,
    key: &'a str,
}

impl<'a> Place<'a> {
    /// None for local paths, and for access points, whose ARNs stand where a bucket would.
    fn of(operand: &'a str) -> Option<Self> {
        let rest = operand.strip_prefix("s3://")?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        (!bucket.is_empty() && !bucket.contains(':')).then_some(Self { bucket, key })
    }

    fn listed(&self) -> Need {
        Need {
            action: "s3:ListBucket".to_owned(),
            why: "lists a bucket",
            target: Target::Arn(bucket(self.bucket)),
        }
    }

    /// One object, or with `many` those below the key. A key that is a directory gets a name from the other side.
    fn object(&self, action: &'static str, why: &'static str, many: bool) -> Need {
        let open = many || self.key.is_empty() || self.key.ends_with('/');
        let end = if open { "*" } else { "" };
        Need {
            action: action.to_owned(),
            why,
            target: Target::Arn(format!("arn:${{Partition}}:s3:::{}/{}{end}", self.bucket, self.key)),
        }
    }
}

const READ: (&str, &str) = ("s3:GetObject", "reads objects");
const WRITE: (&str, &str) = ("s3:PutObject", "writes objects");
const DELETE: (&str, &str) = ("s3:DeleteObject", "deletes objects");

/// `aws s3 …`: what is needed follows the direction.
fn high_level(words: &Words) -> Vec<Need> {
    let mut operands = words.operands.iter().copied();
    let (first, second) = (operands.next(), operands.next());
    let (from, to) = (first.and_then(Place::of), second.and_then(Place::of));
    let on = |place: Option<&Place>, (action, why), many| place.map(|place| place.object(action, why, many));
    let recursive = words.has("--recursive");
    let listed = |place: Option<&Place>| place.map(Place::listed);
    let needs = match words.operation {
        "ls" if first.is_none_or(|operand| operand == "s3://") => {
            vec![Some(Need {
                action: "s3:ListAllMyBuckets".to_owned(),
                why: "lists buckets",
                target: Target::NoResource,
            })]
        }
        "ls" => vec![listed(from.as_ref())],
        "cp" | "mv" | "sync" => {
            let many = recursive || words.operation == "sync";
            let source_listed = many.then(|| listed(from.as_ref())).flatten();
            let target_listed = (words.operation == "sync").then(|| listed(to.as_ref())).flatten();
            let moved = (words.operation == "mv").then(|| on(from.as_ref(), DELETE, many)).flatten();
            let cleaned = words.has("--delete").then(|| on(to.as_ref(), DELETE, many)).flatten();
            vec![
                source_listed,
                target_listed,
                on(from.as_ref(), READ, many),
                on(to.as_ref(), WRITE, many),
                moved,
                cleaned,
            ]
        }
        "rm" => {
            vec![recursive.then(|| listed(from.as_ref())).flatten(), on(from.as_ref(), DELETE, recursive)]
        }
        "mb" => vec![from.as_ref().map(|place| Need {
            action: "s3:CreateBucket".to_owned(),
            why: "creates a bucket",
            target: Target::Arn(bucket(place.bucket)),
        })],
        "rb" => vec![from.as_ref().map(|place| Need {
            action: "s3:DeleteBucket".to_owned(),
            why: "deletes a bucket",
            target: Target::Arn(bucket(place.bucket)),
        })],
        "presign" => vec![on(from.as_ref(), READ, false)],
        _ => Vec::new(),
    };
    // Nothing is written, moved or deleted in a dry run, but sources are listed.
    let dry = words.has("--dryrun");
    needs.into_iter().flatten().filter(|need| !dry || need.action == "s3:ListBucket").collect()
}

/// Every action of the table, and whether it is needed on a resource.
#[cfg(test)]
pub fn actions() -> Vec<(&'static str, bool)> {
    let high = [READ.0, WRITE.0, DELETE.0, "s3:ListBucket", "s3:CreateBucket", "s3:DeleteBucket"];
    let rows = ROWS.iter().map(|row| (row.2, !matches!(row.4, Names::Nothing)));
    rows.chain(high.map(|action| (action, true))).chain([("s3:ListAllMyBuckets", false)]).collect()
}
