//! `--deliver gateway`: the command holds no key, and every request is decided here and at the cloud.

mod clients;
mod holds;
mod memory;
mod reader;

use std::net::{TcpListener, TcpStream};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::aws_cli::script;
use crate::support::double::run_python;
use crate::support::{CloudView as _, Moto, Sandbox, python};

const READ: &[&str] = &[
    "--allow",
    "s3:GetObject",
    "--resource",
    "arn:aws:s3:::demo-reports/*",
    "--deliver",
    "gateway",
];

/// Returns the decisions of the last session, as `allowed|refused action resource count`.
pub(super) fn used(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.audit();
    let last = log.iter().rfind(|record| record["event"] == "used").expect("a record");
    let line = |one: &Value| {
        let verdict = if one["allowed"] == true { "allowed" } else { "refused" };
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        format!("{verdict} {} {} {}", text("action"), text("resource"), one["count"])
    };
    last["decisions"].as_array().unwrap().iter().map(line).collect()
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
            "allowed sts:GetCallerIdentity * 1",
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
    let options = ["--allow", "s3:GetObject,dynamodb:GetItem", "--deliver", "gateway"];
    let program = "import boto3\n\
        def t(name, call):\n\
        \x20   try: call(); print(name, 'ok')\n\
        \x20   except Exception as error: print(name, error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode'], error.response['Error']['Message'][-90:])\n\
        s3, db, sqs, ec2, iam, sns, fn, r53 = (boto3.client(n) for n in ('s3', 'dynamodb', 'sqs', 'ec2', 'iam', 'sns', 'lambda', 'route53'))\n\
        t('get', lambda: s3.get_object(Bucket='alpha', Key='hello.txt'))\n\
        t('head', lambda: s3.head_bucket(Bucket='alpha'))\n\
        t('put', lambda: s3.put_object(Bucket='alpha', Key='x y', Body=b'1'))\n\
        t('item', lambda: db.get_item(TableName='items', Key={'id': {'S': '1'}}))\n\
        t('delete', lambda: db.delete_item(TableName='items', Key={'id': {'S': '1'}}))\n\
        t('queue', lambda: sqs.create_queue(QueueName='q'))\n\
        t('vpcs', lambda: ec2.describe_vpcs())\n\
        t('users', lambda: iam.list_users())\n\
        t('topics', lambda: sns.list_topics())\n\
        t('functions', lambda: fn.list_functions())\n\
        t('zones', lambda: r53.list_hosted_zones())\n";
    let output = run_python(&sandbox, &options, program).success();
    insta::assert_snapshot!(output.stdout, @"
    get ok
    head 403 403 Forbidden
    put AccessDenied 403 Object on resource: arn:aws:s3:::alpha/x y because this tryaudex session does not allow it
    item ok
    delete AccessDeniedException 400 ynamodb:us-east-1:123456789012:table/items because this tryaudex session does not allow it
    queue AccessDeniedException 400 urce: arn:aws:sqs:us-east-1:123456789012:q because this tryaudex session does not allow it
    vpcs UnauthorizedOperation 403 o perform: ec2:DescribeVpcs on resource: * because this tryaudex session does not allow it
    users AccessDenied 403 d to perform: iam:ListUsers on resource: * because this tryaudex session does not allow it
    topics AuthorizationError 403  to perform: sns:ListTopics on resource: * because this tryaudex session does not allow it
    functions AccessDeniedException 403 rform: lambda:ListFunctions on resource: * because this tryaudex session does not allow it
    zones AccessDenied 403 rm: route53:ListHostedZones on resource: * because this tryaudex session does not allow it
    ");
}

#[test]
fn the_eleventh_use_is_refused_and_the_cloud_sees_ten() {
    let sandbox = Sandbox::new().with_aws_cli();
    let options = [READ, &["--limit", "s3:Get*=2"]].concat();
    let read = "s3api get-object --bucket demo-reports --key readme.txt /dev/null";
    let output = sandbox.run_sh(&options, &script(&[("1", read), ("2", read), ("3", read)]));
    assert_eq!(output.success().stdout, "1: ok\n2: ok\n3: AccessDenied\n");
    let sent = sandbox.cloud().requests();
    assert_eq!(sent.iter().filter(|seen| seen.action == "s3:GetObject").count(), 2);
}

#[test]
fn limits_of_a_profile_and_of_the_file_count_too_and_need_a_gateway() {
    let mut sandbox = Sandbox::new().with_aws_cli();
    let profile =
        "[profiles.reader]\nactions = [\"s3:GetObject\"]\nlimits = [\"s3:GetObject=1\"]\n";
    sandbox.plant(".config/audex/profiles.toml", profile);
    let run = |sandbox: &Sandbox, options: &[&str]| sandbox.run_sh(options, "true");
    let refused = run(&sandbox, &["--profile", "reader"]).exits(2);
    let says =
        "the limit `s3:GetObject=1` cannot hold with the delivery `env`: only a gateway counts";
    assert!(refused.stderr.contains(says), "{}", refused.stderr);
    let read = "s3api get-object --bucket demo-reports --key readme.txt /dev/null";
    let calls = script(&[("1", read), ("2", read)]);
    let output = sandbox.run_sh(&["--profile", "reader", "--deliver", "gateway"], &calls);
    assert_eq!(output.success().stdout, "1: ok\n2: AccessDenied\n");
    sandbox.plant(
        ".config/audex/config.toml",
        "[run]\ndeliver = \"gateway\"\nlimits = [\"s3:*=0\"]\n",
    );
    let output = sandbox.run_sh(&["--allow", "s3:GetObject"], &calls);
    assert_eq!(output.success().stdout, "1: AccessDenied\n2: AccessDenied\n");
    let wrong = run(&sandbox, &["--allow", "s3:GetObject", "--limit", "ten"]).exits(2);
    assert!(wrong.stderr.contains("`ten` is not of the form `ACTION=COUNT`"), "{}", wrong.stderr);
}

#[test]
fn the_deny_list_holds_here_too_in_any_number() {
    let mut sandbox = Sandbox::new().with_aws_cli();
    sandbox
        .plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:Delete*\", \"iam:*\"]\n");
    let calls = [
        ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
        ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
    ];
    let output = sandbox.run_sh(&["--allow", "s3:*", "--deliver", "gateway"], &script(&calls));
    assert_eq!(output.success().stdout, "delete: AccessDenied\nread: ok\n");
    assert_eq!(sandbox.cloud().denied(), [""; 0]);
}

#[test]
fn a_reply_with_credentials_leaves_the_gateway_only_by_name() {
    let sandbox = Sandbox::new().with_aws_cli();
    let calls = [(
        "assume",
        "sts assume-role --role-arn arn:aws:iam::123456789012:role/Other --role-session-name other",
    )];
    let run = |allow: &str| {
        let options = ["--allow", allow, "--deliver", "gateway"];
        sandbox.run_sh(&options, &script(&calls)).success()
    };
    let output = run("sts:*");
    assert_eq!(output.stdout, "assume: AccessDenied\n");
    assert!(!sandbox.cloud().requests().iter().any(|seen| seen.resource.contains("role/Other")));
    let output = run("sts:AssumeRole");
    let says = "the reply to `sts:AssumeRole` carries credentials, which the command can use without the gateway";
    assert!(output.stderr.contains(says), "{}", output.stderr);
    assert!(sandbox.cloud().requests().iter().any(|seen| seen.resource.contains("role/Other")));
}

#[test]
fn a_request_that_can_be_read_in_two_ways_is_not_sent() {
    let sandbox = Sandbox::new();
    let program = python::tests().join("support/signed_calls.py");
    let lines = [
        ("plain", "GET\ts3\t/demo-reports/readme.txt\t\t"),
        ("dots", "GET\ts3\t/demo-reports/a/../../demo-secrets/payroll.csv\t\t"),
        ("encoded dots", "GET\ts3\t/demo-reports/%2e%2e/demo-secrets/payroll.csv\t\t"),
        ("encoded slash", "GET\ts3\t/demo-reports%2Freadme.txt\t\t"),
        ("override", "GET\ts3\t/demo-reports/readme.txt\tx-http-method-override: DELETE\t"),
        ("target", "GET\ts3\t/demo-reports/readme.txt\tx-amz-target: DynamoDB_20120810.GetItem\t"),
        ("unread parameter", "GET\ts3\t/demo-reports/readme.txt?newthing=1\t\t"),
        ("twice", "GET\ts3\t/demo-reports/readme.txt?versionId=1&versionId=2\t\t"),
        (
            "two operations",
            "POST\tiam\t/\tContent-Type: application/x-www-form-urlencoded\tAction=ListUsers&Action=DeleteUser",
        ),
        (
            "trailing",
            "POST\tdynamodb\t/\tx-amz-target: DynamoDB_20120810.GetItem|Content-Type: application/x-amz-json-1.0\t{\"TableName\":\"a\"}{}",
        ),
        (
            "unknown",
            "POST\tdynamodb\t/\tx-amz-target: DynamoDB_20120810.MadeUp|Content-Type: application/x-amz-json-1.0\t{}",
        ),
    ];
    let input: Vec<String> = lines.iter().map(|(name, line)| format!("{name}\t{line}")).collect();
    let input = input.join("\n");
    let calls = format!(
        "'{}' '{}' <<'CALLS'\n{input}\nCALLS\n",
        python::interpreter().display(),
        program.display()
    );
    let options = ["--allow", "s3:*,iam:*,dynamodb:*", "--deliver", "gateway"];
    let output = sandbox.run_sh(&options, &calls).success();
    assert_eq!(
        output.stdout,
        "plain: 200\ndots: 400\nencoded dots: 400\nencoded slash: 403\noverride: 403\ntarget: 403\n\
         unread parameter: 403\ntwice: 403\ntwo operations: 403\ntrailing: 400\nunknown: 400\n"
    );
    let sent = sandbox.cloud().requests();
    let sent: Vec<&str> = sent
        .iter()
        .map(|seen| seen.action.as_str())
        .filter(|action| !action.starts_with("sts:"))
        .collect();
    assert_eq!(sent, ["s3:GetObject"]);
    let forward = [&options[..], &["--gateway-unknown", "forward"]].concat();
    let output = sandbox.run_sh(&forward, &calls).success();
    // The demo cloud does not know the operation either, and says so.
    assert!(output.stdout.ends_with("trailing: 400\nunknown: 501\n"), "{}", output.stdout);
    assert!(output.stderr.contains("left to the cloud"), "{}", output.stderr);
}

#[test]
fn without_its_signature_a_request_is_not_sent() {
    let sandbox = Sandbox::new();
    let script = "for path in /demo-reports/readme.txt '/demo-reports/readme.txt?X-Amz-Signature=x'; do \
        curl -s -o reply -w '%{http_code} ' \"$AWS_ENDPOINT_URL$path\"; cat reply; echo; done";
    let output = sandbox.run_sh(READ, script).success();
    insta::assert_snapshot!(output.stdout, @"
    403 <Error><Code>MissingAuthenticationToken</Code><Message>tryaudex: the gateway forwards signed requests only</Message></Error>
    501 <Error><Code>NotImplemented</Code><Message>tryaudex: the gateway does not forward presigned URLs; use --deliver env for a command that signs for others, because its signature is valid only with real keys</Message></Error>
    ");
}

#[test]
fn without_a_command_the_gateway_serves_until_it_is_ended() {
    let sandbox = Sandbox::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let grant = ["--allow", "s3:GetObject", "--resource", "arn:aws:s3:::demo-reports/*"];
    let words = [&["gateway"], &grant[..], &["--gateway-listen", &listen]].concat();
    let mut serving = sandbox.tryaudex(words).start();
    let mut exports = Vec::new();
    while exports.len() < 8 {
        exports.push(serving.line());
    }
    let value = |name: &str| {
        let line = exports.iter().find(|line| line.starts_with(&format!("export {name}=")));
        line.unwrap_or_else(|| panic!("{exports:?}")).split('\'').nth(1).unwrap().to_owned()
    };
    assert_eq!(value("AWS_ENDPOINT_URL"), format!("http://{listen}"));
    let program = "import boto3; s3 = boto3.client('s3')\n\
        for bucket, key in (('demo-reports', 'readme.txt'), ('demo-secrets', 'payroll.csv')):\n\
        \x20   try: print(len(s3.get_object(Bucket=bucket, Key=key)['Body'].read()) > 0)\n\
        \x20   except Exception as error: print(error.response['Error']['Code'])\n";
    let mut client = Sandbox::without_cloud();
    client.set_region("eu-central-1");
    for name in
        ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
    {
        client.set(name, value(name));
    }
    let client = client.program(python::interpreter(), ["-W", "ignore", "-c", program]);
    let client = client.unscanned().output();
    assert_eq!(client.success().stdout, "True\nAccessDenied\n");
    serving.signal(Signal::SIGTERM);
    let _ = serving.finish().exits(143);
    assert!(TcpStream::connect(&listen).is_err());
    assert_eq!(
        used(&sandbox),
        [
            "allowed s3:GetObject arn:aws:s3:::demo-reports/readme.txt 1",
            "refused s3:GetObject arn:aws:s3:::demo-secrets/payroll.csv 1",
        ]
    );
    for wrong in ["0.0.0.0:9911", "127.0.0.1:0", "9911"] {
        let refused =
            sandbox.run(["gateway", "--allow", "s3:GetObject", "--gateway-listen", wrong]);
        let says = format!("`{wrong}` is not of the form `127.0.0.1:PORT`");
        assert!(refused.exits(2).stderr.contains(&says));
    }
    let refused =
        sandbox.run(["run", "--allow", "s3:GetObject", "--gateway-listen", &listen, "--", "true"]);
    assert!(refused.exits(2).stderr.contains("--gateway-listen is for the delivery `gateway`"));
}
