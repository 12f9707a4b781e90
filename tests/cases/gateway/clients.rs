//! Real clients under `--deliver gateway`: what is granted works, and no other request reaches the double. With
//! the observer of `learn` in place of the decider, the double refuses the same.

use crate::support::aws_cli::script;
use crate::support::{Moto, Sandbox, javascript, python};

const ACCOUNT: &str = "us-east-1:123456789012";

/// Runs `command` under the decider and under the observer with the same grant. Returns its output, which is
/// the same, and the requests that the double saw under the decider.
fn alike(sandbox: &Sandbox, grant: &[&str], command: &str) -> (String, Vec<String>) {
    let words = ["--", "sh", "-c", command];
    let decided = [&["run", "--deliver", "gateway"], grant, &words].concat();
    let decided = sandbox.run(decided).success();
    let seen = Moto::get().seen(sandbox);
    let observed = sandbox.run([&["learn"], grant, &words].concat()).success();
    assert_eq!(decided.stdout, observed.stdout, "{}\n{}", decided.stderr, observed.stderr);
    (decided.stdout, seen)
}

/// A user who may assume a role of many services.
fn wide() -> Sandbox {
    let moto = Moto::get();
    let mut sandbox = Sandbox::with_moto(moto).with_aws_cli();
    sandbox.set("AUDEX_ROLE_ARN", moto.role_arn.replace("AudexTest", "AudexWide"));
    sandbox
}

/// The grant for the calls of `gateway_calls.py` and `gateway_calls.mjs`, on names that begin with `name`.
fn grant(name: &str) -> [String; 4] {
    let actions = "s3:ListBucket,s3:GetObject,s3:PutObject,s3:DeleteObject,s3:AbortMultipartUpload,\
        dynamodb:GetItem,dynamodb:PutItem,dynamodb:UpdateItem,dynamodb:DeleteItem,dynamodb:Query,\
        dynamodb:BatchGetItem,dynamodb:BatchWriteItem,\
        sqs:CreateQueue,sqs:GetQueueUrl,sqs:SendMessage,sqs:ReceiveMessage,sqs:DeleteMessage,sqs:DeleteQueue";
    let resources = format!(
        "arn:aws:s3:::alpha,arn:aws:s3:::alpha/hello.txt,arn:aws:s3:::alpha/{name}/*,\
         arn:aws:dynamodb:{ACCOUNT}:table/items,arn:aws:sqs:{ACCOUNT}:{name}*"
    );
    ["--allow".to_owned(), actions.to_owned(), "--resource".to_owned(), resources]
}

/// The results of the granted calls, which come first, and of the others.
const CALLS: &str = "get: hello from alpha\nput: ok\nstream: ok\nparts: 12582912\nrange: hello\nlist: ok\n\
    delete: ok\nitem: ok\nbatch: ok\nquery: ok\nqueue: ok\nmessage: ok\n\
    other action: AccessDenied\nother bucket: AccessDenied\nother key: AccessDenied\nbuckets: AccessDenied\n\
    other table: AccessDeniedException\nscan: AccessDeniedException\n\
    other queue: AccessDeniedException\npurge: AccessDeniedException\n";

/// Returns true for requests that are granted to `name`.
fn is_granted(request: &str, name: &str) -> bool {
    let (service, what) = request.split_once(' ').unwrap();
    match service {
        "s3" => {
            let path = what.split_once(' ').unwrap().1;
            ["/alpha?", "/alpha/?", "/alpha/hello.txt", &format!("/alpha/{name}/")]
                .iter()
                .any(|start| path.starts_with(start))
        }
        "dynamodb" => !matches!(what, "Scan" | "DescribeTable" | "ListTables"),
        "sqs" => what != "PurgeQueue",
        _ => false,
    }
}

fn check_calls(name: &str, interpreter: &str, more: &str) {
    let sandbox = wide();
    let command = format!("{interpreter} {name}");
    let grant = grant(name);
    let (stdout, seen) = alike(&sandbox, &grant.each_ref().map(String::as_str), &command);
    assert_eq!(stdout, format!("{CALLS}{more}"));
    let strange: Vec<&String> = seen.iter().filter(|one| !is_granted(one, name)).collect();
    assert_eq!(strange, [""; 0], "only granted requests were sent");
    for service in ["s3 ", "dynamodb ", "sqs "] {
        assert!(seen.iter().any(|one| one.starts_with(service)), "{service}: {seen:?}");
    }
}

#[test]
fn boto3_uses_what_is_granted_and_the_double_sees_nothing_else() {
    let calls = python::tests().join("support/gateway_calls.py");
    let interpreter =
        format!("'{}' -W ignore '{}'", python::interpreter().display(), calls.display());
    check_calls("boto", &interpreter, "other service: AccessDenied\n");
}

#[test]
fn the_javascript_sdk_uses_what_is_granted_and_the_double_sees_nothing_else() {
    let (place, calls) =
        (javascript::directory(), python::tests().join("support/gateway_calls.cjs"));
    let modules = place.join("node_modules");
    let interpreter = format!(
        "NODE_NO_WARNINGS=1 NODE_PATH='{}' '{}' '{}'",
        modules.display(),
        place.join("bin/node").display(),
        calls.display()
    );
    check_calls("node", &interpreter, "");
}

#[test]
fn the_aws_cli_streams_syncs_and_sends_parts_and_the_double_sees_nothing_else() {
    let sandbox = wide();
    let grant = [
        "--allow",
        "s3:ListBucket,s3:GetObject,s3:PutObject,s3:DeleteObject,s3:AbortMultipartUpload",
        "--resource",
        "arn:aws:s3:::alpha,arn:aws:s3:::alpha/cli/*",
    ];
    let calls = [
        ("copy", "s3 cp folder/one s3://alpha/cli/one"),
        ("parts", "s3 cp big s3://alpha/cli/big"),
        ("back", "s3 cp s3://alpha/cli/big back"),
        ("up", "s3 sync folder s3://alpha/cli/folder"),
        ("again", "s3 sync --delete folder s3://alpha/cli/folder"),
        ("down", "s3 sync s3://alpha/cli/folder copy"),
        ("remote", "s3 cp s3://alpha/cli/one s3://alpha/cli/two"),
        ("move", "s3 mv s3://alpha/cli/two s3://alpha/cli/three"),
        ("other bucket", "s3 cp folder/one s3://beta/cli/one"),
        ("other key", "s3 cp folder/one s3://alpha/other"),
        (
            "from another",
            "s3api copy-object --bucket alpha --key cli/x --copy-source beta/hello.txt",
        ),
        (
            "other action",
            "s3api put-object-tagging --bucket alpha --key cli/one --tagging TagSet=[]",
        ),
        ("remove bucket", "s3 rb s3://alpha"),
        ("other service", "iam list-users"),
        ("remove", "s3 rm --recursive s3://alpha/cli"),
    ];
    let command = format!(
        "mkdir -p folder; echo one >folder/one; echo two >'folder/two +ü'; head -c 20000000 /dev/zero >big\n\
         {}\
         echo streamed | aws s3 cp - s3://alpha/cli/stream && aws s3 cp s3://alpha/cli/stream - && \
         aws s3 rm --quiet s3://alpha/cli/stream\n\
         cmp big back && cmp 'folder/two +ü' 'copy/two +ü' && echo same; rm -r copy back",
        script(&calls)
    );
    let (stdout, seen) = alike(&sandbox, &grant, &command);
    assert_eq!(
        stdout,
        "copy: ok\nparts: ok\nback: ok\nup: ok\nagain: ok\ndown: ok\nremote: ok\nmove: ok\n\
         other bucket: AccessDenied\nother key: AccessDenied\nfrom another: AccessDenied\n\
         other action: AccessDenied\nremove bucket: AccessDenied\nother service: AccessDenied\n\
         remove: ok\nstreamed\nsame\n"
    );
    let is_granted = |one: &&String| {
        let path = one.splitn(3, ' ').nth(2).unwrap_or_default();
        let is_key = path.starts_with("/alpha/cli/") && !path.contains("tagging");
        is_key || path.starts_with("/alpha?")
    };
    let strange: Vec<&String> = seen.iter().filter(|one| !is_granted(one)).collect();
    assert_eq!(strange, [""; 0], "only granted requests were sent");
    assert!(seen.iter().any(|one| one.contains("partNumber=3")), "{seen:?}");
}
