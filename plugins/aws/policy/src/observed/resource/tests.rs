use super::*;

const HERE: Place<'static> = Place { region: Some("eu-west-1"), account: Some("123456789012") };

fn of(action: &str, parameters: &[(&str, &str)]) -> Vec<String> {
    let parameters: Vec<_> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let operation = action.split_once(':').map_or("", |(_, operation)| operation);
    let service = action.split_once(':').map_or("", |(service, _)| service);
    let found = arns(action, &Request { service, operation, parameters: &parameters, place: HERE });
    assert_eq!(fitting(action, &found), found, "{action}");
    found
}

#[test]
fn parameters_fill_the_formats_of_the_catalogue() {
    for (action, parameters, expected) in [
        ("s3:GetObject", &[("Bucket", "b"), ("Key", "a/k")][..], "arn:aws:s3:::b/a/k"),
        ("s3:ListBucket", &[("Bucket", "b")], "arn:aws:s3:::b"),
        ("s3:DeleteObject", &[("Bucket", "b")], "arn:aws:s3:::b/*"),
        (
            "dynamodb:GetItem",
            &[("TableName", "t")],
            "arn:aws:dynamodb:eu-west-1:123456789012:table/t",
        ),
        (
            "dynamodb:Query",
            &[("TableName", "t"), ("IndexName", "i")],
            "arn:aws:dynamodb:eu-west-1:123456789012:table/t/index/i",
        ),
        (
            "dynamodb:Query",
            &[("TableName", "t")],
            "arn:aws:dynamodb:eu-west-1:123456789012:table/t",
        ),
        ("sns:CreateTopic", &[("Name", "n")], "arn:aws:sns:eu-west-1:123456789012:n"),
        (
            "sns:Publish",
            &[("TopicArn", "arn:aws:sns:eu-west-1:1:t"), ("Message", "arn:aws:s3:::no")],
            "arn:aws:sns:eu-west-1:1:t",
        ),
        (
            "ssm:GetParameter",
            &[("Name", "/a/b")],
            "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b",
        ),
        (
            "secretsmanager:GetSecretValue",
            &[("SecretId", "db")],
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????",
        ),
        (
            "lambda:InvokeFunction",
            &[("FunctionName", "f"), ("Qualifier", "live")],
            "arn:aws:lambda:eu-west-1:123456789012:function:f:live",
        ),
        ("iam:GetRole", &[("RoleName", "r")], "arn:aws:iam::123456789012:role/r"),
        (
            "ec2:StartInstances",
            &[("InstanceId", "i-1")],
            "arn:aws:ec2:eu-west-1:123456789012:instance/i-1",
        ),
        (
            "cloudwatch:DeleteAlarms",
            &[("AlarmNames", "a")],
            "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a",
        ),
        (
            "cloudformation:CreateStack",
            &[("StackName", "s")],
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/*",
        ),
    ] {
        assert_eq!(of(action, parameters), [expected], "{action}");
    }
    assert_eq!(of("dynamodb:BatchGetItem", &[("TableName", "a"), ("TableName", "b")]).len(), 2);
    assert_eq!(of("glue:GetTable", &[("DatabaseName", "d"), ("TableName", "t")]).len(), 3);
}

#[test]
fn what_was_not_seen_is_not_made_up() {
    for (action, parameters) in [
        ("dynamodb:GetItem", &[][..]),
        ("s3:ListAllMyBuckets", &[("Bucket", "b")]),
        ("kms:Encrypt", &[("KeyId", "alias/mine")]),
        ("s3:GetObject", &[("Key", "k")]),
        ("no:Such", &[("Bucket", "b")]),
        ("sns:Publish", &[("PhoneNumber", "1"), ("Message", "arn:aws:sns:eu-west-1:1:t")]),
        (
            "kms:Encrypt",
            &[("KeyId", "alias/mine"), ("GrantTokens", "arn:aws:kms:eu-west-1:1:key/k")],
        ),
    ] {
        assert!(of(action, parameters).is_empty(), "{action}");
    }
    // An instance needs a subnet, an image and more, so it cannot be limited to one of them.
    let image = "arn:aws:ec2:eu-west-1::image/ami-1".to_owned();
    assert!(fitting("ec2:RunInstances", &[image]).is_empty());
}

#[test]
fn what_a_command_calls_its_things_is_no_pattern() {
    assert_eq!(of("s3:GetObject", &[("Bucket", "b"), ("Key", "*")]), ["arn:aws:s3:::b/${*}"]);
    assert_eq!(
        of("s3:GetObject", &[("Bucket", "b"), ("Key", "${aws:x}")]),
        ["arn:aws:s3:::b/${$}{aws:x}"]
    );
}

#[test]
fn resources_are_given_to_the_actions_that_are_on_their_kind() {
    let both = ["arn:aws:s3:::b".to_owned(), "arn:aws:s3:::b/k".to_owned()];
    assert_eq!(fitting("s3:ListBucket", &both), both[..1]);
    assert_eq!(fitting("s3:GetObject", &both), both[1..]);
    assert!(
        fitting("s3:ListAllMyBuckets", &both).is_empty()
            && fitting("iam:PassRole", &both).is_empty()
    );
}

#[test]
fn alternative_types_are_alternatives_and_other_names_are_known() {
    let arn = |rest: &str| format!("arn:aws:{}", rest.replace(":@:", ":eu-west-1:123456789012:"));
    for (action, parameters, expected) in [
        (
            "states:DescribeExecution",
            &[("executionArn", "arn:aws:states:r:1:execution:m:e")][..],
            &["states:r:1:execution:m:e"][..],
        ),
        (
            "glue:GetTable",
            &[("DatabaseName", "d"), ("Name", "t")],
            &["glue:@:catalog", "glue:@:database/d", "glue:@:table/d/t"],
        ),
        ("events:PutRule", &[("Name", "r")], &["events:@:rule/r"]),
        ("events:PutRule", &[("Name", "r"), ("EventBusName", "default")], &["events:@:rule/r"]),
        ("events:PutRule", &[("Name", "r"), ("EventBusName", "b")], &["events:@:rule/b/r"]),
        (
            "events:PutRule",
            &[("Name", "r"), ("EventBusName", "arn:aws:events:eu-west-1:1:event-bus/b")],
            &["events:@:rule/b/r"],
        ),
        (
            "ecs:RunTask",
            &[("cluster", "c"), ("taskDefinition", "family:3")],
            &["ecs:@:task-definition/family:3"],
        ),
        ("ecs:RunTask", &[("taskDefinition", "family")], &["ecs:@:task-definition/family:*"]),
        ("ecs:UpdateService", &[("service", "s")], &["ecs:@:service/default/s"]),
        (
            "ecs:UpdateService",
            &[("cluster", "arn:aws:ecs:eu-west-1:1:cluster/c"), ("service", "s")],
            &["ecs:@:service/c/s"],
        ),
        (
            "batch:SubmitJob",
            &[("jobName", "j"), ("jobQueue", "q"), ("jobDefinition", "d")],
            &["batch:@:job-definition/d", "batch:@:job-queue/q"],
        ),
        ("eks:DescribeCluster", &[("name", "c")], &["eks:@:cluster/c"]),
        ("codebuild:StartBuild", &[("projectName", "p")], &["codebuild:@:project/p"]),
        ("rds:DeleteDBInstance", &[("DBInstanceIdentifier", "d")], &["rds:@:db:d"]),
        (
            "autoscaling:UpdateAutoScalingGroup",
            &[("AutoScalingGroupName", "g")],
            &["autoscaling:@:autoScalingGroup:*:autoScalingGroupName/g"],
        ),
        ("ssm:GetDocument", &[("Name", "d")], &["ssm:@:document/d"]),
        ("kinesis:PutRecord", &[("StreamName", "s")], &["kinesis:@:stream/s"]),
    ] {
        let expected: Vec<String> = expected.iter().map(|rest| arn(rest)).collect();
        assert_eq!(of(action, parameters), expected, "{action} {parameters:?}");
    }
}

#[test]
fn a_name_is_never_taken_for_an_id_or_for_another_type() {
    for (action, parameters) in [
        ("redshift-serverless:GetCredentials", &[("workgroupName", "w")][..]),
        ("lightsail:AttachDisk", &[("diskName", "d")]),
        ("states:DescribeExecution", &[("executionArn", "arn:aws:states:r:1:stateMachine:m")]),
        ("sagemaker:DescribeCluster", &[("Name", "c")]),
    ] {
        assert!(of(action, parameters).is_empty(), "{action}");
    }
    // Creating a database instance also uses groups that the request need not name.
    let instance = "arn:aws:rds:eu-west-1:123456789012:db:d".to_owned();
    assert!(
        fitting("rds:RestoreDBInstanceFromDBSnapshot", std::slice::from_ref(&instance)).is_empty()
    );
    assert_eq!(fitting("rds:ModifyDBInstance", std::slice::from_ref(&instance)), [instance]);
}

#[test]
fn a_log_group_ends_in_a_star_but_where_tags_are_meant() {
    let group = "arn:aws:logs:eu-west-1:123456789012:log-group:/app";
    for (action, parameters, expected) in [
        ("logs:FilterLogEvents", &[("logGroupName", "/app")][..], format!("{group}:*")),
        ("logs:FilterLogEvents", &[("logGroupIdentifier", group)], format!("{group}:*")),
        ("logs:StartQuery", &[("logGroupNames", "/app")], format!("{group}:*")),
        ("logs:DeleteLogGroup", &[("logGroupName", "/app")], format!("{group}:*")),
        ("logs:TagResource", &[("resourceArn", group)], group.to_owned()),
        ("logs:ListTagsForResource", &[("resourceArn", &format!("{group}:*"))], group.to_owned()),
        (
            "logs:PutLogEvents",
            &[("logGroupName", "/app"), ("logStreamName", "s")],
            format!("{group}:log-stream:s"),
        ),
    ] {
        assert_eq!(of(action, parameters), [expected], "{action}");
    }
}

#[test]
fn a_path_is_what_is_below_it_too() {
    let arn = |name: &str| format!("arn:aws:ssm:eu-west-1:123456789012:parameter/{name}");
    assert_eq!(of("ssm:GetParametersByPath", &[("Path", "/app")]), [arn("app"), arn("app/*")]);
    assert_eq!(
        of("ssm:GetParametersByPath", &[("Path", "/app/x/")]),
        [arn("app/x"), arn("app/x/*")]
    );
    assert_eq!(of("ssm:GetParametersByPath", &[("Path", "/")]), [arn("*")]);
    assert_eq!(of("ssm:GetParametersByPath", &[("Path", "/*")]), [arn("${*}"), arn("${*}/*")]);
    assert_eq!(of("ssm:GetParameter", &[("Name", "/app")]), [arn("app")]);
}

#[test]
fn more_resources_than_are_told_are_none() {
    let keys: Vec<String> = (0..1_001).map(|n| n.to_string()).collect();
    let mut parameters: Vec<(&str, &str)> = keys.iter().map(|key| ("Key", key.as_str())).collect();
    parameters.push(("Bucket", "b"));
    assert!(of("s3:DeleteObject", &parameters).is_empty());
    parameters.remove(0);
    assert_eq!(of("s3:DeleteObject", &parameters).len(), 1_000);
}

#[test]
fn ids_of_any_type_are_of_the_type_they_say() {
    let arn = |name: &str| format!("arn:aws:ec2:eu-west-1:123456789012:{name}");
    assert_eq!(
        of("ec2:CreateTags", &[("ResourceId", "vol-1"), ("ResourceId", "i-1")]),
        [arn("instance/i-1"), arn("volume/vol-1")]
    );
    assert_eq!(
        of("ec2:DeleteTags", &[("ResourceId", "ami-1")]),
        ["arn:aws:ec2:eu-west-1::image/ami-1"]
    );
    assert!(of("ec2:CreateTags", &[("ResourceId", "i-1"), ("ResourceId", "new-1")]).is_empty());
}
