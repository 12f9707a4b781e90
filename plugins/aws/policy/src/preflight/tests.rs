use audex_sdk::provider::Permission;

use super::*;

fn check(command: &str, actions: &[&str], resources: &[&str]) -> Vec<String> {
    check_denied(command, actions, &[], resources)
}

fn grant(actions: &[&str], deny: &[&str], resources: &[&str]) -> Grant {
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let permission = |action: &&str| Permission {
        action: (*action).to_owned(),
        origin: String::new(),
        resources: owned(resources),
    };
    Grant {
        provider: "aws".into(),
        permissions: actions.iter().map(permission).collect(),
        deny: owned(deny),
        ttl_seconds: 900,
        session: "audex-1".into(),
    }
}

/// Each advice as the host says it.
fn check_denied(command: &str, actions: &[&str], deny: &[&str], resources: &[&str]) -> Vec<String> {
    let command: Vec<String> = command.split(' ').map(str::to_owned).collect();
    let said = |Advice { message, missing }: Advice| match missing.as_slice() {
        [] => message,
        missing => format!("{message}: add `{}`", missing.join(",")),
    };
    preflight(&grant(actions, deny, resources), &command).into_iter().map(said).collect()
}

#[test]
fn listing_buckets_needs_the_permission_of_that_name() {
    let said = "`aws s3 ls` lists buckets: add `s3:ListAllMyBuckets`";
    assert_eq!(check("aws s3 ls", &["s3:GetObject", "s3:ListBucket"], &[]), [said]);
    assert!(check("aws s3 ls", &["s3:List*"], &[]).is_empty());
    assert!(
        check("/usr/bin/aws --region eu-west-1 s3 ls", &["s3:ListAllMyBuckets"], &["arn:aws:s3:::b"])
            .is_empty()
    );
    let by_name = check("aws s3 ls", &["s3:*"], &["arn:aws:s3:::b"]);
    assert!(by_name[0].contains("no part of a wildcard"), "{by_name:?}");
}

#[test]
fn listing_a_bucket_needs_the_bucket_itself() {
    let said = "`aws s3 ls` lists a bucket: add the resource `arn:aws:s3:::b`";
    assert_eq!(check("aws s3 ls s3://b/x/", &["s3:ListBucket"], &["arn:aws:s3:::b/*"]), [said]);
    assert!(check("aws s3 ls s3://b/x/ --recursive", &["s3:ListBucket"], &["arn:aws:s3:::b"]).is_empty());
    assert!(check("aws s3 ls --human-readable s3://b", &["s3:ListBucket"], &["arn:aws:s3:::b"]).is_empty());
}

#[test]
fn copies_need_what_their_direction_says() {
    for (command, enough) in [
        ("aws s3 cp s3://b/k -", vec!["s3:GetObject"]),
        ("aws s3 cp ./f s3://b/k", vec!["s3:PutObject"]),
        ("aws s3 cp s3://a/k s3://b/k", vec!["s3:GetObject", "s3:PutObject"]),
        ("aws s3 cp s3://b/d . --recursive", vec!["s3:ListBucket", "s3:GetObject"]),
        ("aws s3 mv s3://b/k .", vec!["s3:GetObject", "s3:DeleteObject"]),
        ("aws s3 mv f s3://b/", vec!["s3:PutObject"]),
        ("aws s3 sync . s3://b/d", vec!["s3:ListBucket", "s3:PutObject"]),
        ("aws s3 sync --exclude x s3://b . --delete", vec!["s3:ListBucket", "s3:GetObject"]),
        ("aws s3 sync . s3://b --delete", vec!["s3:ListBucket", "s3:PutObject", "s3:DeleteObject"]),
        ("aws s3 rm s3://b/k", vec!["s3:DeleteObject"]),
        ("aws s3 rm s3://b/d --recursive", vec!["s3:ListBucket", "s3:DeleteObject"]),
        ("aws s3 rm s3://b/d --recursive --dryrun", vec!["s3:ListBucket"]),
        ("aws s3 mb s3://b", vec!["s3:CreateBucket"]),
    ] {
        assert_eq!(check(command, &enough, &[]), [""; 0], "{command}");
        for missing in &enough {
            let others: Vec<&str> = enough.iter().copied().filter(|action| action != missing).collect();
            let notices = check(command, &others, &[]);
            assert!(
                notices.len() == 1 && notices[0].ends_with(&format!("add `{missing}`")),
                "{command}: {notices:?}"
            );
        }
    }
}

#[test]
fn commands_of_one_call_need_its_permission_on_what_they_name() {
    for (command, action, right, wrong) in [
        ("aws s3api get-object --bucket b --key k out", "s3:GetObject", "arn:aws:s3:::b/*", "arn:aws:s3:::b"),
        ("aws s3api list-objects-v2 --bucket b", "s3:ListBucket", "arn:aws:s3:::b", "arn:aws:s3:::b/*"),
        (
            "aws dynamodb query --table-name=t --key-condition-expression x",
            "dynamodb:Query",
            "arn:aws:dynamodb:*:*:table/t",
            "arn:aws:dynamodb:*:*:table/u",
        ),
        (
            "aws lambda invoke --function-name f out.json",
            "lambda:InvokeFunction",
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            "arn:aws:lambda:us-east-1:123456789012:function:g",
        ),
        (
            "aws secretsmanager get-secret-value --secret-id db/password",
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:db/password-AbCdEf",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:other-*",
        ),
        (
            "aws logs get-log-events --log-group-name /aws/lambda/f --log-stream-name s",
            "logs:GetLogEvents",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:log-stream:*",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/g:*",
        ),
    ] {
        assert_eq!(check(command, &[action], &[right]), [""; 0], "{command}");
        assert_eq!(check(command, &["*"], &[]), [""; 0], "{command}");
        let elsewhere = check(command, &[action], &[wrong]);
        assert!(
            elsewhere.len() == 1 && elsewhere[0].contains("add the resource"),
            "{command}: {elsewhere:?}"
        );
        assert!(check(command, &["iam:GetUser"], &[right])[0].contains("add `"), "{command}");
        assert!(check_denied(command, &["*"], &[action], &[])[0].contains("is denied"), "{command}");
    }
    let listing = check("aws lambda list-functions", &["lambda:Invoke*"], &[]);
    assert_eq!(listing, ["`aws lambda list-functions` lists functions: add `lambda:ListFunctions`"]);
}

#[test]
fn what_needs_nothing_or_is_not_known_is_not_judged() {
    for command in [
        "aws sts get-caller-identity",
        "aws s3 help",
        "aws --version",
        "aws",
        "aws ecr get-login-password",
        "terraform plan",
        "aws s3 cp s3://arn:aws:s3:us-east-1:123456789012:accesspoint/x/k .",
        "aws s3 cp",
    ] {
        assert_eq!(check(command, &["ec2:DescribeInstances"], &[]), [""; 0], "{command}");
    }
    assert!(preflight(&grant(&[], &[], &[]), &[]).is_empty());
}

#[test]
fn a_command_named_like_an_action_needs_it() {
    let said = check("aws iam list-users --max-items 3", &["ec2:DescribeInstances"], &[]);
    assert_eq!(said, ["`aws iam list-users` needs the permission of its name: add `iam:ListUsers`"]);
    assert!(check("aws iam list-users", &["iam:List*"], &[]).is_empty());
    assert!(check_denied("aws iam list-users", &["iam:*"], &["iam:*"], &[])[0].contains("is denied"));
}

#[test]
fn every_action_of_the_table_exists_and_takes_a_resource_where_the_table_names_one() {
    for (action, on_resource) in table::actions() {
        let found = aws_catalogue::find(action).unwrap_or_else(|| panic!("{action}"));
        assert_eq!((found.full_name().as_str(), found.takes_resource()), (action, on_resource));
    }
}
