//! The gateway and calls to other endpoints or calls without a signature.

use http_double::{Answer, Double};

use super::learn;
use crate::support::{Answerer, Moto, Sandbox, python};

fn python(program: &str) -> String {
    format!("'{}' -W ignore - <<'PY'\n{program}\nPY\n", python::interpreter().display())
}

#[test]
fn a_client_that_sends_to_the_host_of_a_queue_is_seen_and_verified() {
    let mut sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    sandbox.set("AUDEX_ROLE_ARN", Moto::get().role_arn.replace("AudexTest", "AudexWide"));
    // As the JavaScript SDK does.
    let program = r#"
import boto3, os, urllib.parse
def client(**given):
    made = boto3.client("sqs", **given)
    agent = lambda request, **_: request.headers.__setitem__("User-Agent", "aws-sdk-js/3.900.0")
    made.meta.events.register("before-send.sqs", agent)
    return made
queue = client().create_queue(QueueName="led")["QueueUrl"]
address = urllib.parse.urlsplit(queue)
sqs = client(endpoint_url=f"{address.scheme}://{address.netloc}")
print(queue.startswith(os.environ["AWS_ENDPOINT_URL"]))
sqs.send_message(QueueUrl=queue, MessageBody="x")
print(len(sqs.receive_message(QueueUrl=queue)["Messages"]))
sqs.delete_queue(QueueUrl=queue)
"#;
    let output = learn(&sandbox, &["--verify"], &python(program)).success();
    assert_eq!(output.stdout, "True\n1\n".repeat(2), "{}", output.stderr);
    for seen in [
        "sqs:SendMessage (1 call)",
        "Verified: sufficient, after 1 run",
        "arn:aws:sqs:us-east-1:123456789012:led",
    ] {
        assert!(output.stderr.contains(seen), "{}", output.stderr);
    }
}

#[test]
fn the_address_of_a_queue_in_the_environment_is_told() {
    let mut sandbox = Sandbox::new();
    sandbox.set("JOBS", "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs");
    let output = learn(&sandbox, &["--allow", "s3:*"], "true").success();
    assert!(
        output.stderr.contains("notice: `JOBS` names a queue by its address"),
        "{}",
        output.stderr
    );
}

#[test]
fn calls_that_are_unsigned_by_their_model_work_and_need_no_permission() {
    let cloud = Answerer::scripted(&[("200 OK", "{}")]);
    let mut sandbox = Sandbox::new().with_aws_cli();
    for service in ["COGNITO_IDENTITY_PROVIDER", "COGNITO_IDENTITY", "S3"] {
        sandbox.set(format!("AWS_ENDPOINT_URL_{service}"), &cloud.endpoint);
    }
    let program = r#"
import boto3, botocore, botocore.exceptions
from botocore.config import Config
client = lambda name: boto3.client(name, config=Config(signature_version=botocore.UNSIGNED, retries={"max_attempts": 1}))
client("cognito-idp").sign_up(ClientId="c", Username="u", Password="p")
client("cognito-idp").initiate_auth(ClientId="c", AuthFlow="USER_PASSWORD_AUTH", AuthParameters={})
client("cognito-identity").get_id(IdentityPoolId="eu-west-1:01234567-89ab-cdef-0123-456789abcdef")
client("s3").get_object(Bucket="public-bucket", Key="a/b")
try:
    client("sts").assume_role_with_web_identity(RoleArn="arn:aws:iam::123456789012:role/x", RoleSessionName="x1", WebIdentityToken="none")
except botocore.exceptions.ClientError as error:
    print("tryaudex" in str(error))
"#;
    let output = learn(&sandbox, &["--allow", "s3:*"], &python(program)).success();
    assert_eq!(output.stdout, "False\n", "STS answered, and not the gateway");
    for call in [
        "cognito-idp:SignUp",
        "cognito-idp:InitiateAuth",
        "cognito-identity:GetId",
        "s3:GetObject",
        "sts:AssumeRoleWithWebIdentity",
    ] {
        let line = format!("  {call} (1 call, unsigned: needs no permission)\n");
        assert!(output.stderr.contains(&line), "{}", output.stderr);
    }
    assert!(output.stderr.contains("Recommended policy: none"), "{}", output.stderr);
}

#[test]
fn an_endpoint_that_quotes_the_request_shows_nothing_of_the_session() {
    let double = Double::start(|asked| {
        assert_ne!(asked.header("x-amz-security-token"), "", "it has the token");
        let quoted = asked.head.trim_end().replace("\r\n", "\n");
        let bytes = quoted.bytes().map(|byte| format!("{byte:02x} ")).collect::<Vec<_>>().concat();
        let body = format!(
            "<Error><Code>SignatureDoesNotMatch</Code><A>{quoted}</A><B>{bytes}</B></Error>"
        );
        Answer::new("403 Forbidden", body)
    });
    let mut sandbox = Sandbox::new().with_aws_cli();
    sandbox.set("AWS_ENDPOINT_URL_S3", &double.endpoint);
    // Every output of a test is searched for what the cloud issued.
    let script = "aws s3api get-object --bucket b --key k out --debug 2>&1; exit 0";
    let output = learn(&sandbox, &["--allow", "s3:*"], script).success();
    assert!(output.stdout.contains("SignatureDoesNotMatch"), "{}", output.stdout);
    assert!(output.stdout.contains("the endpoint's words are left out"), "{}", output.stdout);
}
