//! `--deliver gateway`: the command holds no key, and every request is decided here and at the cloud.

use serde_json::Value;

use crate::support::aws_cli::script;
use crate::support::double::run_python;
use crate::support::{CloudView as _, Moto, Sandbox};

const READ: &[&str] = &[
    "--allow",
    "s3:GetObject",
    "--resource",
    "arn:aws:s3:::demo-reports/*",
    "--deliver",
    "gateway",
];

/// Returns the decisions of the last session, as `allowed|refused action resource count`.
fn used(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.run(["audit", "list", "--json"]).success();
    let records = log.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let last = records.filter(|record| record["event"] == "used").last().expect("a record");
    let decisions = last["decisions"].as_array().unwrap().iter();
    let line = |one: &Value| {
        let verdict = if one["allowed"] == true { "allowed" } else { "refused" };
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        format!("{verdict} {} {} {}", text("action"), text("resource"), one["count"])
    };
    decisions.map(line).collect()
}

#[test]
fn the_aws_cli_reads_through_the_gateway_and_the_cloud_sees_no_other_request() {
    let sandbox = Sandbox::new().with_aws_cli();
    let calls = [
        ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
        ("other bucket", "s3api get-object --bucket demo-secrets --key payroll.csv /dev/null"),
        ("list", "s3api list-objects-v2 --bucket demo-reports"),
        ("buckets", "s3api list-buckets"),
        ("who", "sts get-caller-identity"),
        ("session", "sts get-session-token"),
        ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
    ];
    let output = sandbox.run_sh(READ, &script(&calls)).success();
    assert_eq!(
        output.stdout,
        "delete: AccessDenied\nother bucket: AccessDenied\nlist: AccessDenied\nbuckets: AccessDenied\n\
         who: ok\nsession: AccessDenied\nread: ok\n"
    );
    let cloud = sandbox.cloud();
    assert_eq!(cloud.denied(), [""; 0], "nothing that is denied was sent");
    let sent: Vec<String> =
        cloud.allowed().into_iter().filter(|line| line.starts_with("s3:")).collect();
    assert_eq!(sent, ["s3:GetObject arn:aws:s3:::demo-reports/readme.txt"]);
    assert_eq!(
        used(&sandbox),
        [
            "allowed s3:GetObject arn:aws:s3:::demo-reports/readme.txt 1",
            "refused s3:DeleteObject arn:aws:s3:::demo-reports/readme.txt 1",
            "refused s3:GetObject arn:aws:s3:::demo-secrets/payroll.csv 1",
            "refused s3:ListAllMyBuckets * 1",
            "refused s3:ListBucket arn:aws:s3:::demo-reports 1",
            "refused sts:GetSessionToken * 1",
        ]
    );
}

#[test]
fn a_denial_names_permission_and_resource_in_each_protocol() {
    let sandbox = Sandbox::with_moto(Moto::get());
    let options =
        ["--allow", "s3:GetObject,dynamodb:GetItem,sqs:ListQueues", "--deliver", "gateway"];
    let program = "import boto3\n\
        def t(name, call):\n\
        \x20   try: call(); print(name, 'ok')\n\
        \x20   except Exception as error: print(name, error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode'], error.response['Error']['Message'][-120:])\n\
        s3, db, sqs, ec2, iam, sns, fn, r53 = (boto3.client(n) for n in ('s3', 'dynamodb', 'sqs', 'ec2', 'iam', 'sns', 'lambda', 'route53'))\n\
        t('get', lambda: s3.get_object(Bucket='alpha', Key='hello.txt'))\n\
        t('head', lambda: s3.head_bucket(Bucket='alpha'))\n\
        t('put', lambda: s3.put_object(Bucket='alpha', Key='x y', Body=b'1'))\n\
        t('item', lambda: db.get_item(TableName='items', Key={'id': {'S': '1'}}))\n\
        t('delete', lambda: db.delete_item(TableName='items', Key={'id': {'S': '1'}}))\n\
        t('queues', lambda: sqs.list_queues())\n\
        t('queue', lambda: sqs.create_queue(QueueName='q'))\n\
        t('vpcs', lambda: ec2.describe_vpcs())\n\
        t('users', lambda: iam.list_users())\n\
        t('topics', lambda: sns.list_topics())\n\
        t('functions', lambda: fn.list_functions())\n\
        t('zones', lambda: r53.list_hosted_zones())\n";
    let output = run_python(&sandbox, &options, program).success();
    insta::assert_snapshot!(output.stdout, @"");
}
