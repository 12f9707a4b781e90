use super::*;

fn grant(parts: &[(&[&str], &[&str])], deny: &[&str]) -> Grant {
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let permission = |action: &str, resources: &[&str]| Permission {
        action: action.to_owned(),
        origin: action.to_owned(),
        resources: Scope::asked(owned(resources)),
    };
    let of_part = |(actions, resources): &(&[&str], &[&str])| {
        actions.iter().map(|action| permission(action, resources)).collect::<Vec<_>>()
    };
    Grant {
        provider: "aws".into(),
        permissions: parts.iter().flat_map(of_part).collect(),
        deny: owned(deny),
        ttl_seconds: 900,
        session: "audex-1".into(),
        gateway: false,
    }
}

fn advice(command: &str, grant: &Grant) -> Vec<Advice> {
    preflight(grant, &command.split(' ').map(str::to_owned).collect::<Vec<_>>())
}

fn check(command: &str, actions: &[&str], resources: &[&str]) -> Vec<String> {
    check_denied(command, actions, &[], resources)
}

fn check_denied(command: &str, actions: &[&str], deny: &[&str], resources: &[&str]) -> Vec<String> {
    // Formatted as the host writes it.
    let said = |Advice { message, missing }: Advice| match missing.as_slice() {
        [] => message,
        missing => format!("{message}: add `{}`", missing.join(",")),
    };
    advice(command, &grant(&[(actions, resources)], deny)).into_iter().map(said).collect()
}

#[test]
fn listing_buckets_needs_the_permission_of_that_name() {
    let said = "`aws s3 ls` lists buckets: add `s3:ListAllMyBuckets`";
    assert_eq!(check("aws s3 ls", &["s3:GetObject", "s3:ListBucket"], &[]), [said]);
    assert!(check("aws s3 ls", &["s3:List*"], &[]).is_empty());
    assert!(
        check(
            "/usr/bin/aws --region eu-west-1 s3 ls",
            &["s3:ListAllMyBuckets"],
            &["arn:aws:s3:::b"]
        )
        .is_empty()
    );
    let missing = advice("aws s3 ls", &grant(&[(&["s3:GetObject"], &[])], &[]));
    assert_eq!(missing[0].missing, ["s3:ListAllMyBuckets"]);
    let by_name = check("aws s3 ls", &["s3:*"], &["arn:aws:s3:::b"]);
    assert!(by_name[0].contains("no wildcard"), "{by_name:?}");
}

#[test]
fn listing_a_bucket_needs_the_bucket_itself() {
    let said = "`aws s3 ls` lists a bucket: add the resource `arn:aws:s3:::b`";
    assert_eq!(check("aws s3 ls s3://b/x/", &["s3:ListBucket"], &["arn:aws:s3:::b/*"]), [said]);
    assert!(
        check("aws s3 ls s3://b/x/ --recursive", &["s3:ListBucket"], &["arn:aws:s3:::b"])
            .is_empty()
    );
    assert!(
        check("aws s3 ls --human-readable s3://b", &["s3:ListBucket"], &["arn:aws:s3:::b"])
            .is_empty()
    );
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
        ("aws s3 rb s3://b", vec!["s3:DeleteBucket"]),
    ] {
        assert_eq!(check(command, &enough, &[]), [""; 0], "{command}");
        for missing in &enough {
            let others: Vec<&str> =
                enough.iter().copied().filter(|action| action != missing).collect();
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
        (
            "aws s3api get-object --bucket b --key k out",
            "s3:GetObject",
            "arn:aws:s3:::b/*",
            "arn:aws:s3:::b",
        ),
        (
            "aws s3api list-objects-v2 --bucket b",
            "s3:ListBucket",
            "arn:aws:s3:::b",
            "arn:aws:s3:::b/*",
        ),
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
        assert!(
            check_denied(command, &["*"], &[action], &[])[0].contains("is denied"),
            "{command}"
        );
    }
    let listing = check("aws lambda list-functions", &["lambda:Invoke*"], &[]);
    assert_eq!(
        listing,
        ["`aws lambda list-functions` lists functions: add `lambda:ListFunctions`"]
    );
}

#[test]
fn each_permission_counts_on_its_own_resources_only() {
    let command = "aws s3 cp s3://in/k s3://out/k";
    let right = grant(
        &[
            (&["s3:GetObject"], &["arn:aws:s3:::in/*"]),
            (&["s3:PutObject"], &["arn:aws:s3:::out/*"]),
        ],
        &[],
    );
    assert!(advice(command, &right).is_empty());
    let swapped = grant(
        &[
            (&["s3:GetObject"], &["arn:aws:s3:::out/*"]),
            (&["s3:PutObject"], &["arn:aws:s3:::in/*"]),
        ],
        &[],
    );
    let said: Vec<String> = advice(command, &swapped).into_iter().map(|one| one.message).collect();
    assert_eq!(
        said,
        [
            "`aws s3 cp` reads objects: add the resource `arn:aws:s3:::in/k`",
            "`aws s3 cp` writes objects: add the resource `arn:aws:s3:::out/k`",
        ]
    );
    let one_open = grant(&[(&["s3:*"], &["arn:aws:s3:::x"]), (&["s3:ListAllMyBuckets"], &[])], &[]);
    assert!(advice("aws s3 ls", &one_open).is_empty());
}

#[test]
fn a_denied_permission_is_not_one_to_add() {
    for deny in ["s3:DeleteObject", "S3:delete*", "*:DeleteObject", "s?:Delete?bject", "*"] {
        let denied = advice("aws s3 rm s3://b/k", &grant(&[(&["s3:*"], &[])], &[deny]));
        assert_eq!(
            denied[0].message,
            "`aws s3 rm` deletes objects, and `s3:DeleteObject` is denied"
        );
        assert!(denied[0].missing.is_empty());
    }
    assert!(
        advice("aws s3 rm s3://b/k", &grant(&[(&["s3:*"], &[])], &["s3:DeleteObjectV*"]))
            .is_empty()
    );
}

#[test]
fn an_operation_needs_the_action_of_its_name() {
    for (command, action) in [
        ("aws iam list-users", "iam:ListUsers"),
        ("aws rds describe-db-instances", "rds:DescribeDBInstances"),
        ("aws ec2 describe-vpcs --vpc-ids vpc-1", "ec2:DescribeVpcs"),
        ("aws elbv2 describe-load-balancers", "elasticloadbalancing:DescribeLoadBalancers"),
        ("aws stepfunctions start-execution --name x", "states:StartExecution"),
        ("aws s3api get-bucket-cors --bucket b", "s3:GetBucketCORS"),
        ("aws sns publish --topic-arn t", "sns:Publish"),
        ("aws ecr get-login-password", "ecr:GetAuthorizationToken"),
        ("aws eks update-kubeconfig --name c", "eks:DescribeCluster"),
        ("aws logs tail /aws/lambda/f --follow", "logs:FilterLogEvents"),
    ] {
        let missing = advice(command, &grant(&[(&["s3:GetObject"], &[])], &[]));
        assert_eq!(missing.len(), 1, "{command}");
        assert_eq!(missing[0].missing, [action], "{command}");
        assert!(advice(command, &grant(&[(&[action], &[])], &[])).is_empty(), "{command}");
    }
    assert!(operation::prefixes().all(|prefix| aws_catalogue::service(prefix).is_some()));
}

#[test]
fn the_command_is_seen_through_env_and_paths() {
    for command in ["env PAGER=cat LANG=C aws iam list-users", "/usr/bin/env aws iam list-users"] {
        assert_eq!(check(command, &["s3:GetObject"], &[]).len(), 1, "{command}");
    }
    for command in [
        "env AWS_PROFILE=other aws iam list-users",
        "env -i aws iam list-users",
        "env",
        "env A=b",
        "env A=b python x.py",
    ] {
        assert_eq!(check(command, &["s3:GetObject"], &[]), [""; 0], "{command}");
    }
}

#[test]
fn what_needs_nothing_or_is_not_known_is_not_judged() {
    for command in [
        "aws sts get-caller-identity",
        "aws s3 help",
        "aws --version",
        "aws",
        "aws ec2 wait instance-running",
        "aws configure list",
        "aws apigateway get-rest-apis",
        "aws cognito-idp initiate-auth --auth-flow x",
        "aws lambda invoke-async --function-name f",
        "aws --profile other iam list-users",
        "aws iam list-users --endpoint-url http://127.0.0.1:1",
        "aws s3 cp s3://b/k . --no-sign-request",
        "aws ec2 run-instances --generate-cli-skeleton",
        "aws s3api get-object --bucket b--use1-az4--x-s3 --key k out",
        "aws dynamodb transact-get-items",
        "terraform plan",
        "my-aws iam list-users",
        "aws s3 cp s3://arn:aws:s3:us-east-1:123456789012:accesspoint/x/k .",
        "aws s3 cp s3://x-abc-s3alias/k .",
        "aws s3 cp",
    ] {
        assert_eq!(check(command, &["ec2:DescribeInstances"], &[]), [""; 0], "{command}");
    }
    assert!(preflight(&grant(&[], &[]), &[]).is_empty());
}

#[test]
fn an_access_point_is_judged_by_its_action_alone() {
    let command = "aws s3api get-object --bucket x-abc-s3alias --key k out";
    assert!(
        check(command, &["s3:GetObject"], &["arn:aws:s3:eu-west-1:123456789012:accesspoint/x/*"])
            .is_empty()
    );
    assert_eq!(check(command, &["s3:PutObject"], &[]).len(), 1);
}

#[test]
fn every_action_of_the_table_exists_and_takes_a_resource_where_the_table_names_one() {
    for (action, on_resource) in
        table::actions().into_iter().chain(s3::ACTIONS.map(|action| (action, true)))
    {
        let found = aws_catalogue::find(action).unwrap_or_else(|| panic!("{action}"));
        assert_eq!((found.full_name().as_str(), found.takes_resource()), (action, on_resource));
    }
}
