//! Every AWS command line of the two documents that define the product, run as written. AWS denies several of
//! these commands, as it would for any session. In these cases the denial comes from the cloud, and the test
//! names the missing permission.

use std::path::Path;

use audex_loopback::{BucketSeed, RoleSeed, Seed};

use crate::support::{CloudView as _, Output, Sandbox, python, seeds};

/// The account of the documents. The role may do everything, so that whatever is denied is denied by the session.
fn documented() -> Sandbox {
    let mut seed = Seed::demo();
    let developer = "arn:aws:iam::123456789012:user/developer";
    let everything = seeds::user(
        "",
        &serde_json::json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]),
    )
    .policies;
    seed.users[0].policies.clone_from(&everything);
    seed.roles = vec![RoleSeed {
        name: "AudexAgentRole".to_owned(),
        policies: everything,
        boundary: None,
        trust: vec![developer.to_owned()],
        max_session_seconds: 3600,
    }];
    let bucket = |name: &str| BucketSeed {
        name: name.to_owned(),
        objects: vec![("data.txt".to_owned(), b"data\n".to_vec())],
    };
    seed.buckets = ["my-bucket", "input-data", "ml-models"].map(bucket).into();
    let mut sandbox = Sandbox::with_seed(seed, "developer");
    // As a user has it: the command is on the PATH, and nobody has set a region.
    let program = Path::new(env!("CARGO_BIN_EXE_tryaudex")).parent().unwrap();
    sandbox.set(
        "PATH",
        format!("{}:{}:/usr/bin:/bin", program.display(), python::binaries().display()),
    );
    sandbox.unset("AWS_REGION").unset("AWS_DEFAULT_REGION");
    sandbox
}

/// Runs the line in a shell that has done what the documents say first.
fn typed(sandbox: &Sandbox, line: &str) -> Output {
    let line =
        format!("export AUDEX_ROLE_ARN=\"arn:aws:iam::123456789012:role/AudexAgentRole\"\n{line}");
    sandbox.program("/bin/sh", ["-c", &line]).output()
}

/// The line's command is denied exactly this by the cloud.
#[track_caller]
fn denied(line: &str, code: &str, missing: &str) {
    let sandbox = documented();
    let output = typed(&sandbox, line);
    assert!(output.stderr.contains(&format!("({code})")), "{line}\n{}", output.stderr);
    assert_eq!(sandbox.cloud().denied(), [missing], "{line}");
    assert_eq!(sandbox.events(), ["issuing", "issued", "ended"], "{line}");
    assert_ne!(output.code, 0);
}

#[track_caller]
fn allowed(line: &str, stdout: &str) {
    let sandbox = documented();
    let output = typed(&sandbox, line).success();
    assert!(output.stdout.contains(stdout), "{line}\n{}", output.stdout);
    assert_eq!(sandbox.cloud().denied(), [""; 0], "{line}");
}

#[test]
fn listing_buckets_is_denied_without_the_permission_to_list_them() {
    for line in [
        r#"tryaudex run --allow "s3:GetObject" -- aws s3 ls"#,
        r#"tryaudex run --allow "s3:GetObject,s3:ListBucket,s3:HeadObject" -- aws s3 ls"#,
        "tryaudex run --profile s3-readonly -- aws s3 ls",
        r#"tryaudex run --provider aws --allow "storage:read" -- aws s3 ls"#,
    ] {
        denied(line, "AccessDenied", "s3:ListAllMyBuckets *");
    }
}

#[test]
fn listing_buckets_is_allowed_with_every_s3_action() {
    allowed(r#"tryaudex run --allow "s3:*" -- aws s3 ls"#, "my-bucket");
}

#[test]
fn the_action_that_is_no_action_is_taken_with_a_notice() {
    let sandbox = documented();
    let line = r#"tryaudex run --allow "s3:GetObject,s3:ListBucket,s3:HeadObject" -- aws s3 cp s3://my-bucket/data.txt -"#;
    let output = typed(&sandbox, line).success();
    assert_eq!(output.stdout, "data\n");
    assert!(output.stderr.contains("IAM has no `s3:HeadObject`"), "{}", output.stderr);
}

#[test]
fn listing_a_bucket_is_denied_where_only_its_objects_may_be_read() {
    let line = "tryaudex run --allow \"s3:GetObject\" \\\n--resource \"arn:aws:s3:::my-bucket/*\" \\\n-- aws s3 ls s3://my-bucket/";
    denied(line, "AccessDenied", "s3:ListBucket arn:aws:s3:::my-bucket");
    let read = line.replace("aws s3 ls s3://my-bucket/", "aws s3 cp s3://my-bucket/data.txt -");
    allowed(&read, "data\n");
    let other = line.replace(
        "aws s3 ls s3://my-bucket/",
        "aws s3api get-object --bucket ml-models --key data.txt /dev/null",
    );
    denied(&other, "AccessDenied", "s3:GetObject arn:aws:s3:::ml-models/data.txt");
}

#[test]
fn invoking_functions_does_not_list_them() {
    let line = r#"tryaudex run --allow "lambda:Invoke*" -- aws lambda list-functions"#;
    denied(line, "AccessDeniedException", "lambda:ListFunctions *");
    // As written it is not a complete command of the CLI, which says so; with arguments the cloud lets it pass.
    let sandbox = documented();
    let output = typed(&sandbox, r#"tryaudex run --allow "lambda:Invoke*" -- aws lambda invoke"#);
    assert!(output.code != 0 && output.stderr.contains("required"), "{}", output.stderr);
    assert_eq!(sandbox.events(), ["issuing", "issued", "ended"]);
    let line =
        r#"tryaudex run --allow "lambda:Invoke*" -- aws lambda invoke --function-name f /dev/null"#;
    let _ = typed(&sandbox, line);
    assert!(sandbox.cloud().allowed().contains(&"lambda:InvokeFunction *".to_owned()));
}

#[test]
fn every_action_is_every_action() {
    let sandbox = documented();
    let _ = typed(&sandbox, r#"tryaudex run --allow "*:*" -- aws ec2 describe-instances"#);
    assert!(sandbox.cloud().allowed().contains(&"ec2:DescribeInstances *".to_owned()));
    let sandbox = documented();
    let _ = typed(&sandbox, r#"tryaudex run --allow "s3:*" -- aws ec2 describe-instances"#);
    assert_eq!(sandbox.cloud().denied(), ["ec2:DescribeInstances *"]);
}

#[test]
fn connectivity_can_be_verified() {
    let sandbox = documented();
    let output = typed(&sandbox, "tryaudex health --check aws").success();
    assert!(output.stdout.contains("role/AudexAgentRole can be assumed"), "{}", output.stdout);
    let mut sandbox = documented();
    sandbox.set("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    let _ = typed(&sandbox, "tryaudex health --check aws").exits(69);
}

#[test]
fn the_documented_profiles_are_the_built_in_ones() {
    let sandbox = documented();
    let all = typed(&sandbox, "tryaudex policies list --json").success().json();
    let rows: Vec<String> = all
        .as_array()
        .unwrap()
        .iter()
        // The read-only profile of the whole cloud is newer than the document.
        .filter(|profile| profile["provider"] == "aws" && profile["name"] != "aws-readonly")
        .map(|profile| {
            let actions: Vec<_> = profile["actions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|a| a.as_str().unwrap())
                .collect();
            format!("{} | {} | {}", profile["name"], actions.join(","), profile["description"])
                .replace('"', "")
        })
        .collect();
    // The table of the document, in the order of the names.
    assert_eq!(
        rows,
        [
            "dynamodb-readonly | dynamodb:GetItem,dynamodb:Query,dynamodb:Scan,dynamodb:BatchGetItem | Read DynamoDB",
            "dynamodb-readwrite | dynamodb:GetItem,dynamodb:PutItem,dynamodb:UpdateItem,dynamodb:DeleteItem,dynamodb:Query,dynamodb:Scan | Full DynamoDB",
            "ec2-readonly | ec2:DescribeInstances,ec2:DescribeImages,ec2:DescribeSecurityGroups | Read EC2",
            "iam-readonly | iam:GetUser,iam:ListAccessKeys,iam:GetPolicy | Read IAM metadata",
            "lambda-deploy | lambda:UpdateFunctionCode,lambda:GetFunction,lambda:PublishVersion | Deploy Lambda",
            "lambda-invoke | lambda:InvokeFunction,lambda:InvokeAsync | Invoke Lambda functions",
            // The document lists `s3:HeadObject` too, which is not an IAM action.
            "s3-readonly | s3:GetObject,s3:ListBucket | Read S3 objects",
            "s3-readwrite | s3:GetObject,s3:PutObject,s3:DeleteObject,s3:ListBucket | Full S3 access",
            "secrets-readonly | secretsmanager:GetSecretValue | Read secrets",
        ]
    );
}

#[test]
fn profiles_can_be_listed_and_shown() {
    let sandbox = documented();
    let list = typed(&sandbox, "tryaudex policies list").success();
    assert!(list.stdout.contains("s3-readonly"), "{}", list.stdout);
    insta::assert_snapshot!(typed(&sandbox, "tryaudex policies show s3-readonly").snapshot(), @r#"
    exit 0
    --- stdout
    profile    s3-readonly
    provider   aws
    use case   Read S3 objects
    defined    by the provider component
    holds      2 known permissions
    actions    s3:GetObject
               s3:ListBucket
    resources  every resource

    policy (114 of 2048 characters)
    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}]}
    "#);
    let _ = typed(&sandbox, "tryaudex policies show s3-readnoly").exits(2);
}

#[test]
fn the_documented_universal_permissions_expand_as_documented() {
    let sandbox = documented();
    for (universal, native) in [
        ("storage:read", "s3:GetObject,s3:ListBucket"),
        ("storage:write", "s3:PutObject,s3:DeleteObject"),
        ("database:read", "dynamodb:GetItem,dynamodb:Query"),
        ("database:write", "dynamodb:PutItem,dynamodb:UpdateItem"),
        ("compute:read", "ec2:DescribeInstances"),
        ("secrets:read", "secretsmanager:GetSecretValue"),
        ("logs:read", "logs:GetLogEvents"),
        ("monitoring:read", "cloudwatch:GetMetricStatistics"),
    ] {
        let plan =
            typed(&sandbox, &format!("tryaudex plan --allow {universal} --json")).success().json();
        let permissions = plan["permissions"].as_array().unwrap();
        let actions: Vec<_> =
            permissions.iter().map(|permission| permission["action"].as_str().unwrap()).collect();
        assert_eq!(actions.join(","), native);
        assert!(permissions.iter().all(|permission| permission["origin"] == universal));
    }
}

/// The documented file.
const PROFILES: &str = r#"[profiles.my-data-pipeline]
description = "Read from S3, write to DynamoDB"
actions = "s3:GetObject,dynamodb:PutItem,dynamodb:UpdateItem"
resources = ["arn:aws:s3:::input-data/*", "arn:aws:dynamodb:*:*:table/pipeline-results"]

[profiles.ml-inference]
description = "Invoke SageMaker and read model artifacts"
actions = "sagemaker:InvokeEndpoint,s3:GetObject"
resources = ["arn:aws:s3:::ml-models/*"]
"#;

/// Reads from every bucket and says which it could.
const PROGRAM: &str = r#"
import boto3, botocore.exceptions
for bucket in ("input-data", "ml-models"):
    try:
        boto3.client("s3").get_object(Bucket=bucket, Key="data.txt")
        print(bucket, "read")
    except botocore.exceptions.ClientError as error:
        print(bucket, error.response["Error"]["Code"])
"#;

#[test]
fn the_documented_custom_profiles_run_the_documented_programs() {
    let mut sandbox = documented();
    sandbox.plant(".config/audex/profiles.toml", PROFILES);
    sandbox.plant("pipeline.py", PROGRAM);
    sandbox.plant("inference.py", PROGRAM);
    let pipeline =
        typed(&sandbox, "tryaudex run --profile my-data-pipeline -- python pipeline.py").success();
    assert_eq!(pipeline.stdout, "input-data read\nml-models AccessDenied\n");
    let inference =
        typed(&sandbox, "tryaudex run --profile ml-inference -- python inference.py").success();
    assert_eq!(inference.stdout, "input-data AccessDenied\nml-models read\n");
    let plan = typed(&sandbox, "tryaudex plan --profile my-data-pipeline --json").success().json();
    let expected = serde_json::json!([
        { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::input-data/*" },
        {
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem", "dynamodb:UpdateItem"],
            "Resource": "arn:aws:dynamodb:*:*:table/pipeline-results",
        },
    ]);
    assert_eq!(plan["policy"]["Statement"], expected);
}
