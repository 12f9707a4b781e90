//! `tryaudex learn` with the real aws CLI and boto3, through the gateway to clouds that enforce policies.

mod broadest;
mod endpoints;
mod exact;
mod many;
mod shares;
mod trail;
mod verified;

use std::fs;
use std::net::UdpSocket;
use std::time::Duration;

use serde_json::Value;

use crate::support::aws_cli::script;
use crate::support::double::Double;
use crate::support::{Moto, Output, Sandbox, python};

const READ: (&str, &str) = ("read", "s3api get-object --bucket alpha --key hello.txt /dev/null");

fn learn(sandbox: &Sandbox, options: &[&str], script: &str) -> Output {
    sandbox.tryaudex([&["learn"], options, &["--", "sh", "-c", script]].concat()).output()
}

#[test]
fn calls_of_three_protocols_go_through_the_gateway_and_are_reported() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let calls = [
        READ,
        ("list", "s3api list-objects-v2 --bucket alpha --prefix he"),
        ("put", "s3api put-object --bucket beta --key learn/a+b%20c.txt --body /etc/hostname"),
        ("delete", "s3api delete-object --bucket beta --key learn/a+b%20c.txt"),
        ("item", r#"dynamodb get-item --table-name items --key '{"id":{"S":"one"}}'"#),
        ("who", "sts get-caller-identity"),
    ];
    let output = learn(&sandbox, &[], &script(&calls)).success();
    assert_eq!(output.stdout, "read: ok\nlist: ok\nput: ok\ndelete: ok\nitem: ok\nwho: ok\n");
    assert!(output.stderr.contains("(from gateway)"), "{}", output.stderr);
    assert_eq!(sandbox.events(), ["issuing", "issued", "ended"]);
}

#[test]
fn the_command_has_dummy_keys_alone_and_they_open_nothing_but_the_gateway() {
    let sandbox = Sandbox::new().with_aws_cli();
    let script =
        "env; AWS_ENDPOINT_URL=$CLOUD aws s3 cp s3://demo-reports/readme.txt - 2>&1; exit 7";
    let cloud = sandbox.cloud().endpoint().replace("127.0.0.1", "localhost");
    let options = ["learn", "--allow", "s3:*", "--", "sh", "-c", script];
    // Not `shows_issued_secrets`: nothing the cloud issued may be there.
    let output = sandbox.tryaudex(options).env("CLOUD", cloud).output().exits(7);
    assert!(output.stdout.contains("AWS_ENDPOINT_URL=http://127.0.0.1:"), "{}", output.stdout);
    assert!(
        output.stdout.contains("InvalidAccessKeyId")
            | output.stdout.contains("Forbidden")
            | output.stdout.contains("403"),
        "{}",
        output.stdout
    );
    assert!(!output.stdout.contains("Reports of the demo account"));
}

#[test]
fn a_process_without_the_sessions_key_gets_nothing() {
    let sandbox = Sandbox::new().with_aws_cli();
    let get = "s3api get-object --bucket demo-reports --key readme.txt /dev/null";
    let own = script(&[("own", get)]);
    let others = [
        format!("AWS_ACCESS_KEY_ID=ASIAAAAAAAAAAAAAAAAA {}", script(&[("other key", get)])),
        format!(
            "AWS_SECRET_ACCESS_KEY=0123456789abcdef0123456789abcdef01234567 {}",
            script(&[("other secret", get)])
        ),
        script(&[("unsigned", &format!("{get} --no-sign-request"))]),
    ];
    let output =
        learn(&sandbox, &["--allow", "s3:*"], &format!("{own}{}", others.concat())).success();
    assert_eq!(
        output.stdout,
        "own: ok\nother key: InvalidAccessKeyId\nother secret: SignatureDoesNotMatch\nunsigned: AccessDenied\n"
    );
    let seen = sandbox.cloud().requests();
    let forwarded = seen.iter().filter(|seen| seen.action == "s3:GetObject").count();
    assert_eq!(
        forwarded, 2,
        "its own, and the unsigned one, which has nothing of the session and is denied"
    );
}

#[test]
fn a_presigned_url_is_refused_by_name() {
    let sandbox = Sandbox::new().with_aws_cli();
    let script = "curl -s \"$(aws s3 presign s3://demo-reports/readme.txt)\"";
    let output = learn(&sandbox, &["--allow", "s3:*"], script);
    assert!(output.stdout.contains("does not forward presigned URLs"), "{}", output.stdout);
    assert!(output.stderr.contains("does not forward presigned URLs"), "{}", output.stderr);
}

#[test]
fn the_deny_list_still_holds() {
    let mut sandbox = Sandbox::new().with_aws_cli();
    sandbox.plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:DeleteObject\"]\n");
    let calls = [
        ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
        ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
    ];
    let output = learn(&sandbox, &[], &script(&calls)).success();
    assert_eq!(output.stdout, "delete: AccessDenied\nread: ok\n");
}

#[test]
fn a_large_object_streams_through_both_ways_unchanged_in_constant_memory() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let python = python::interpreter();
    let program = format!(
        "'{}' -W ignore - <<'PY'\n{}\nPY",
        python.display(),
        r#"
import boto3, hashlib, os, re
from boto3.s3.transfer import TransferConfig
def peak():
    return int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{os.environ['AUDEX']}/status").read())[1])
s3, size = boto3.client("s3"), 200 * 1024 * 1024
whole = TransferConfig(multipart_threshold=size * 2, use_threads=False)
block = os.urandom(1024 * 1024)
with open("big", "wb") as f:
    for _ in range(200): f.write(block)
s3.get_object(Bucket="alpha", Key="hello.txt")["Body"].read()
before = peak()
s3.upload_file("big", "beta", "learn-big", Config=whole)
s3.download_file("beta", "learn-big", "back", Config=whole)
grown = peak() - before
s3.delete_object(Bucket="beta", Key="learn-big")
same = hashlib.sha256(open("big", "rb").read()).digest() == hashlib.sha256(open("back", "rb").read()).digest()
print("same" if same else "different", "constant" if grown < 24 * 1024 else f"grown by {grown} kB")
"#
    );
    let output = learn(&sandbox, &[], &format!("export AUDEX=$PPID; {program}")).success();
    assert_eq!(output.stdout, "same constant\n", "{}", output.stderr);
}

#[test]
fn csm_of_the_real_cli_is_heard() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let output = learn(&sandbox, &["--source", "csm"], &script(&[READ, READ])).success();
    assert_eq!(output.stdout, "read: ok\nread: ok\n");
    assert!(
        output.stderr.contains("(from csm)") && output.stderr.contains("GetObject (2 calls"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_record_that_cannot_be_read_is_said_and_changes_nothing_of_the_command() {
    // The double has no CloudTrail.
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let options = ["--source", "gateway", "--source", "cloudtrail", "--wait", "1s"];
    let output = learn(&sandbox, &options, &(script(&[READ]) + "exit 3")).exits(3);
    assert_eq!(output.stdout, "read: ok\n");
    for said in ["(from gateway)", "notice: CloudTrail was not read: ", "has no data events"] {
        assert!(output.stderr.contains(said), "{}", output.stderr);
    }
}

#[test]
fn a_command_that_was_interrupted_is_not_run_again() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let output =
        learn(&sandbox, &["--verify"], &(script(&[READ]) + "echo once; kill -INT $$")).exits(130);
    assert_eq!(output.stdout, "read: ok\nonce\n");
}

#[test]
fn the_report_is_one_event_with_json_and_a_file_with_output() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let output =
        learn(&sandbox, &["--json", "--output", "report.json"], &script(&[READ])).success();
    let events = output.stderr_json();
    let learned = events.iter().find(|event| event["event"] == "learned").unwrap();
    assert_eq!(learned["sources"][0], "gateway");
    let file: Value =
        serde_json::from_str(&fs::read_to_string(sandbox.home().join("report.json")).unwrap())
            .unwrap();
    assert_eq!(file["observed"], learned["observed"]);
}

#[test]
fn what_makes_no_sense_is_a_usage_error_before_anything_is_minted() {
    let mut sandbox = Sandbox::new();
    sandbox.plant(".config/audex/profiles.toml", "[profiles.mine]\nactions = \"s3:GetObject\"\n");
    for options in [
        &["--save", "mine"][..],
        &["--source", "http-log"],
        &["--provider", "gcp", "--source", "csm", "--allow", "storage.objects.get"],
    ] {
        let _ = learn(&sandbox, options, "echo ran").exits(2);
    }
    let _ = sandbox.run(["learn"]).exits(2);
    assert!(!sandbox.events().contains(&"issuing".to_owned()));
}

#[test]
fn a_denied_call_is_named_and_not_recommended() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let calls = [READ, READ, ("denied", "iam create-user --user-name nobody")];
    let output = learn(&sandbox, &[], &script(&calls)).success();
    let report = &output.stderr;
    assert!(
        report.contains("Observed actions (from gateway):\n  s3:GetObject (2 calls)\n"),
        "{report}"
    );
    assert!(report.contains("Denied:\n  iam:CreateUser (1 call)\n"), "{report}");
    assert!(
        report.contains(
            "Recommended policy: s3:GetObject\nRecommended resources: arn:aws:s3:::alpha/hello.txt\n"
        ),
        "{report}"
    );
}

#[test]
fn what_was_learned_is_verified_saved_and_exactly_enough() {
    let mut sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    sandbox.plant(
        ".config/audex/profiles.toml",
        "# mine\n[profiles.own]\nactions = \"s3:PutObject\"\n",
    );
    let calls = script(&[READ, ("list", "s3api list-objects-v2 --bucket alpha")]);
    let output = learn(&sandbox, &["--verify", "--save", "job"], &calls).success();
    assert_eq!(output.stdout, "read: ok\nlist: ok\n".repeat(2));
    assert!(
        output.stderr.contains("Recommended policy: s3:GetObject,s3:ListBucket\n"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("Verified: sufficient, after 1 run\n"), "{}", output.stderr);

    let saved = fs::read_to_string(sandbox.home().join(".config/audex/profiles.toml")).unwrap();
    assert!(
        saved.starts_with("# mine\n[profiles.own]\nactions = \"s3:PutObject\"\n\n[profiles.job]\n"),
        "{saved}"
    );
    let other = script(&[("other", "s3api get-object --bucket beta --key hello.txt /dev/null")]);
    let output = sandbox.run_sh(&["--profile", "job"], &(calls + &other)).success();
    assert_eq!(output.stdout, "read: ok\nlist: ok\nother: AccessDenied\n");
    let hiding = learn(&sandbox, &["--save", "s3-readonly"], "touch ran").exits(2);
    assert!(hiding.stderr.contains("`s3-readonly` is a profile already"), "{}", hiding.stderr);
    let nowhere = learn(&sandbox, &["--output", "none/report.json"], "touch ran").exits(2);
    assert!(
        nowhere.stderr.contains("there is no directory for `none/report.json`"),
        "{}",
        nowhere.stderr
    );
    assert!(!sandbox.home().join("ran").exists());
    let again = learn(&sandbox, &["--save", "job"], "echo ran").exits(2);
    assert!(
        again.stdout.is_empty()
            && again
                .stderr
                .contains("there is a profile `job` already, the table `[profiles.job]` at "),
        "{}",
        again.stderr
    );
}

#[test]
fn what_is_missing_in_a_verification_is_added_up_to_the_rounds() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    // The second run takes a road that the first did not.
    let second = script(&[("second", "s3api get-object --bucket beta --key hello.txt /dev/null")]);
    let command = format!("{}if [ -e ran ]; then\n{second}fi\ntouch ran\n", script(&[READ]));
    let output = learn(&sandbox, &["--verify"], &command).success();
    assert_eq!(output.stdout, "read: ok\nread: ok\nsecond: AccessDenied\nread: ok\nsecond: ok\n");
    assert!(output.stderr.contains("Verified: sufficient, after 2 runs\n"), "{}", output.stderr);

    fs::remove_file(sandbox.home().join("ran")).unwrap();
    let output = learn(&sandbox, &["--verify", "--rounds", "1"], &command).success();
    assert!(
        output.stderr.contains("Verified: not sufficient after 1 run; missing: s3:GetObject"),
        "{}",
        output.stderr
    );
}

#[test]
fn what_another_process_says_is_not_believed() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    // It knows the port and not the session's key, and sends as anybody of this machine could.
    let forged = r#"printf '{"ClientId":"%s","Type":"ApiCall","Service":"IAM","Api":"CreateUser","FinalHttpStatusCode":200}' "$AWS_CSM_CLIENT_ID" > forged"#;
    let ready = format!(
        "{forged}; echo $AWS_CSM_PORT > port; while [ ! -e sent ]; do sleep 0.05; done; {}",
        script(&[READ])
    );
    let home = sandbox.home().to_owned();
    let sender = std::thread::spawn(move || {
        let port = loop {
            match fs::read_to_string(home.join("port")) {
                Ok(port) if port.ends_with('\n') => break port,
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let datagram = fs::read(home.join("forged")).unwrap();
        socket.send_to(&datagram, format!("127.0.0.1:{}", port.trim())).unwrap();
        fs::write(home.join("sent"), "").unwrap();
    });
    let output = learn(&sandbox, &["--source", "csm"], &ready).success();
    sender.join().unwrap();
    assert!(!output.stderr.contains("iam:CreateUser"), "{}", output.stderr);
    assert!(output.stderr.contains("s3:GetObject (1 call)"), "{}", output.stderr);
}

#[test]
fn the_examples_of_the_specification_run_as_written() {
    let mut sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let calls = script(&[READ, READ, ("list", "s3api list-objects-v2 --bucket alpha")]);
    let path = sandbox.plant("my-script.sh", format!("#!/bin/sh\n{calls}"));
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let output = sandbox.run(["learn", "--", "./my-script.sh"]).success();
    let expected = "Observed actions (from gateway):\n  s3:GetObject (2 calls)\n  s3:ListBucket (1 call)\nRecommended policy: s3:GetObject,s3:ListBucket\n";
    assert!(output.stderr.contains(expected), "{}", output.stderr);

    let update = "{'id': {'S': 'trained'}}";
    sandbox.plant(
        "train_model.py",
        format!(
            "import boto3\nboto3.client('s3').get_object(Bucket='alpha', Key='hello.txt')['Body'].read()\n\
             table = boto3.client('dynamodb')\n\
             table.query(TableName='items', KeyConditionExpression='id = :i', ExpressionAttributeValues={{':i': {{'S': 'one'}}}})\n\
             table.update_item(TableName='items', Key={update}, UpdateExpression='SET a = :a', ExpressionAttributeValues={{':a': {{'S': 'x'}}}})\ntable.delete_item(TableName='items', Key={update})\n"
        ),
    );
    let binaries = format!("{}:/usr/bin:/bin", python::binaries().display());
    sandbox.set("PATH", binaries);
    let output = sandbox.run(["learn", "--ttl", "10m", "--", "python", "train_model.py"]).success();
    for action in ["dynamodb:Query", "s3:GetObject", "dynamodb:UpdateItem"] {
        assert!(output.stderr.contains(&format!("  {action} (1 call)\n")), "{}", output.stderr);
    }
}

#[test]
fn what_tools_of_other_clouds_log_becomes_permissions() {
    let double = Double::start("gcp_double.py");
    let mut sandbox = double.gcp_user();
    // As gcloud does: it logs requests where its configuration is, if it is told to.
    let gcloud = r#"#!/bin/sh
[ "$CLOUDSDK_CORE_LOG_HTTP" = true ] || exit 9
mkdir -p "$CLOUDSDK_CONFIG/logs/2026.11.24"
cat > "$CLOUDSDK_CONFIG/logs/2026.11.24/10.00.00.000000.log" <<'LOG'
=======================
==== request start ====
uri: https://storage.googleapis.com/storage/v1/b/alpha/o/a.txt?alt=media
method: GET
---- response start ----
status: 200
uri: https://storage.googleapis.com/storage/v1/b/alpha/o/a.txt
method: DELETE
status: 403
uri: https://storage.googleapis.com/alpha/nobody-knows
method: GET
status: 200
LOG
"#;
    let path = sandbox.plant("gcloud", gcloud);
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let options = ["learn", "--provider", "gcp", "--allow", "storage.objects.*", "--", "./gcloud"];
    let output = sandbox.run(options).success();
    let expected = "Observed actions (from http-log):\n  storage.objects.get (1 call)\nDenied:\n  storage.objects.delete (1 call)\n\
        Not known, so no permission is recommended for them:\n  storage.googleapis.com:GET /alpha/nobody-knows (1 call)\n\
        Recommended policy: storage.objects.get\n";
    assert!(output.stderr.contains(expected), "{}", output.stderr);
}
