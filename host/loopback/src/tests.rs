//! Tests the loopback cloud with the AWS SDK and with hand-signed requests.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_sdk_sts::types::Credentials as Issued;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use serde_json::json;

use super::*;

mod sessions;

const ROLE: &str = "arn:aws:iam::123456789012:role/AudexDemo";

fn demo() -> LoopbackCloud {
    LoopbackCloud::start(Seed::demo(), None).unwrap()
}

fn key(cloud: &LoopbackCloud, user: &str) -> Credentials {
    let key = cloud.access_key(user).unwrap();
    Credentials::new(key.id, key.secret.expose(), None, None, "test")
}

fn session(issued: &Issued) -> Credentials {
    let token = issued.session_token().to_owned();
    Credentials::new(issued.access_key_id(), issued.secret_access_key(), Some(token), None, "test")
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn sts(cloud: &LoopbackCloud, credentials: Credentials) -> aws_sdk_sts::Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
        .region(aws_sdk_sts::config::Region::new("eu-central-1"))
        .endpoint_url(cloud.endpoint())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(credentials)
        .build();
    aws_sdk_sts::Client::from_conf(config)
}

/// Assumes the demo role as `developer`, with `policy` as session policy if there is one.
fn assume(cloud: &LoopbackCloud, policy: Option<&str>) -> Credentials {
    let request =
        sts(cloud, key(cloud, "developer")).assume_role().role_arn(ROLE).role_session_name("test");
    let answer = block_on(request.set_policy(policy.map(str::to_owned)).send()).unwrap();
    session(answer.credentials().unwrap())
}

/// A request to send, with the part that a test forges.
struct Sent<'a> {
    service: &'a str,
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    body: &'a str,
    /// The body that replaces `body` after signing.
    forged_body: Option<&'a str>,
    time: SystemTime,
}

impl<'a> Sent<'a> {
    fn s3(method: &'a str, path: &'a str) -> Self {
        let time = audex_core::clock::now();
        Self { service: "s3", method, path, headers: Vec::new(), body: "", forged_body: None, time }
    }

    fn form(service: &'a str, body: &'a str) -> Self {
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        Self { service, headers, body, ..Self::s3("POST", "/") }
    }
}

/// Signs and sends a request; returns the status and the whole reply.
fn send(cloud: &LoopbackCloud, credentials: &Credentials, sent: &Sent<'_>) -> (u16, String) {
    let host = format!("127.0.0.1:{}", cloud.port());
    let mut headers = vec![("host", host.clone())];
    headers.extend(sent.headers.clone());
    let identity = credentials.clone().into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-central-1")
        .name(sent.service)
        .time(sent.time)
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let url = format!("http://{host}{}", sent.path);
    let borrowed = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let request =
        SignableRequest::new(sent.method, url, borrowed, SignableBody::Bytes(sent.body.as_bytes()))
            .unwrap();
    let (instructions, _) = sign(request, &params).unwrap().into_parts();
    headers.extend(instructions.headers().map(|(name, value)| (name, value.to_owned())));
    let body = sent.forged_body.unwrap_or(sent.body);
    let headers = headers
        .iter()
        .fold(String::new(), |all, (name, value)| all + &format!("{name}: {value}\r\n"));
    let length = body.len();
    raw(
        cloud,
        &format!(
            "{} {} HTTP/1.1\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}",
            sent.method, sent.path
        ),
    )
}

fn raw(cloud: &LoopbackCloud, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", cloud.port())).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    (reply.split(' ').nth(1).unwrap().parse().unwrap(), reply)
}

fn get(cloud: &LoopbackCloud, credentials: &Credentials, path: &str) -> (u16, String) {
    send(cloud, credentials, &Sent::s3("GET", path))
}

fn scope(
    cloud: &LoopbackCloud,
    credentials: &Credentials,
    policy: &str,
    seconds: u32,
) -> Result<Credentials, (u16, String)> {
    let parameters = [("DurationSeconds", seconds.to_string()), ("Policy", policy.to_owned())];
    scope_with(cloud, credentials, &parameters).map(|(credentials, _)| credentials)
}

/// Calls `GetScopedCredentials` without the SDK, which does not have this operation. The second value of the
/// result is the reply.
fn scope_with(
    cloud: &LoopbackCloud,
    credentials: &Credentials,
    parameters: &[(&str, String)],
) -> Result<(Credentials, String), (u16, String)> {
    let encode =
        |text: &str| text.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02X}"));
    let body = parameters.iter().fold(
        "Action=GetScopedCredentials&Version=2011-06-15".to_owned(),
        |body, (name, value)| format!("{body}&{name}={}", encode(value)),
    );
    let (status, reply) = send(cloud, credentials, &Sent::form("sts", &body));
    if status != 200 {
        return Err((status, reply));
    }
    let token = Some(element(&reply, "SessionToken"));
    let (id, secret) = (element(&reply, "AccessKeyId"), element(&reply, "SecretAccessKey"));
    Ok((Credentials::new(id, secret, token, None, "test"), reply))
}

fn element(reply: &str, name: &str) -> String {
    let (_, rest) = reply.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name}"));
    rest.split_once('<').unwrap().0.to_owned()
}

fn allow(actions: &[&str], resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}).to_string()
}

#[test]
fn a_session_policy_is_enforced_on_s3() {
    let cloud = demo();
    let caller = assume(&cloud, Some(&allow(&["s3:GetObject"], "arn:aws:s3:::demo-reports/*")));
    let (status, reply) = get(&cloud, &caller, "/demo-reports/readme.txt");
    assert!(status == 200 && reply.ends_with("Reports of the demo account.\n"), "{reply}");
    assert_eq!(get(&cloud, &caller, "/demo-secrets/payroll.csv").0, 403);
    assert_eq!(send(&cloud, &caller, &Sent::s3("DELETE", "/demo-reports/readme.txt")).0, 403);
    assert_eq!(get(&cloud, &caller, "/").0, 403);
    assert_eq!(get(&cloud, &caller, "/demo-reports?list-type=2").0, 403);
    let decisions: Vec<_> =
        cloud.requests().into_iter().map(|seen| (seen.action, seen.decision)).collect();
    assert_eq!(decisions[1], ("s3:GetObject".to_owned(), Some(Decision::Allowed)));
    assert_eq!(decisions[3], ("s3:DeleteObject".to_owned(), Some(Decision::ImplicitDeny)));
}

#[test]
fn a_role_without_session_policy_may_what_its_own_policies_say() {
    let cloud = demo();
    let caller = assume(&cloud, None);
    assert_eq!(get(&cloud, &caller, "/").0, 200);
    let put = Sent { body: "text", ..Sent::s3("PUT", "/demo-reports/new") };
    assert_eq!(send(&cloud, &caller, &put).0, 200);
    assert!(get(&cloud, &caller, "/demo-reports/new").1.ends_with("text"));
    assert_eq!(send(&cloud, &caller, &Sent::s3("DELETE", "/demo-reports/new")).0, 204);
    assert_eq!(get(&cloud, &caller, "/demo-reports/new").0, 404);
    assert_eq!(
        send(&cloud, &caller, &Sent::form("iam", "Action=ListUsers&Version=2010-05-08")).0,
        403
    );
}

#[test]
fn a_copy_needs_both_ends() {
    let cloud = demo();
    let copy = || Sent {
        headers: vec![("x-amz-copy-source", "demo-secrets/payroll.csv".to_owned())],
        ..Sent::s3("PUT", "/demo-reports/copy")
    };
    let write_only = assume(&cloud, Some(&allow(&["s3:PutObject"], "*")));
    assert_eq!(send(&cloud, &write_only, &copy()).0, 403);
    let both = assume(&cloud, Some(&allow(&["s3:PutObject", "s3:GetObject"], "*")));
    assert_eq!(send(&cloud, &both, &copy()).0, 200);
}

#[test]
fn deleting_many_is_decided_key_by_key() {
    let cloud = demo();
    let caller =
        assume(&cloud, Some(&allow(&["s3:DeleteObject"], "arn:aws:s3:::demo-reports/2026/*")));
    let body = "<Delete><Object><Key>2026/october.csv</Key></Object><Object><Key>readme.txt</Key></Object></Delete>";
    let (status, reply) =
        send(&cloud, &caller, &Sent { body, ..Sent::s3("POST", "/demo-reports?delete") });
    assert_eq!(status, 200, "{reply}");
    assert!(reply.contains("<Deleted><Key>2026/october.csv</Key>"), "{reply}");
    assert!(reply.contains("<Error><Code>AccessDenied</Code><Key>readme.txt</Key>"), "{reply}");
    let admin = key(&cloud, "admin");
    assert_eq!(get(&cloud, &admin, "/demo-reports/readme.txt").0, 200);
    assert_eq!(get(&cloud, &admin, "/demo-reports/2026/october.csv").0, 404);
}

#[test]
fn what_does_not_exist_is_hidden_from_who_may_not_list() {
    let cloud = demo();
    let reader = assume(&cloud, Some(&allow(&["s3:GetObject"], "*")));
    assert_eq!(get(&cloud, &reader, "/demo-reports/none").0, 403);
    let lister = assume(&cloud, Some(&allow(&["s3:GetObject", "s3:ListBucket"], "*")));
    assert_eq!(get(&cloud, &lister, "/demo-reports/none").0, 404);
}

#[test]
fn an_expired_session_is_refused_everywhere() {
    let cloud = demo();
    let caller = assume(&cloud, None);
    cloud.advance(Duration::from_secs(3599));
    assert_eq!(get(&cloud, &caller, "/").0, 200);
    cloud.advance(Duration::from_secs(1));
    let (status, reply) = get(&cloud, &caller, "/");
    assert!(status == 400 && reply.contains("<Code>ExpiredToken</Code>"), "{reply}");
    let error = block_on(sts(&cloud, caller).get_caller_identity().send()).unwrap_err();
    assert_eq!(error.code(), Some("ExpiredToken"));
}

#[test]
fn a_token_must_belong_to_its_key() {
    let cloud = demo();
    let (one, other) = (assume(&cloud, None), assume(&cloud, None));
    let with = |token: Option<&str>| {
        Credentials::new(
            one.access_key_id(),
            one.secret_access_key(),
            token.map(str::to_owned),
            None,
            "test",
        )
    };
    for wrong in [with(other.session_token()), with(None)] {
        let (status, reply) = get(&cloud, &wrong, "/");
        assert!(status == 400 && reply.contains("<Code>InvalidToken</Code>"), "{reply}");
        let error = block_on(sts(&cloud, wrong).get_caller_identity().send()).unwrap_err();
        assert_eq!(error.code(), Some("InvalidClientTokenId"));
    }
    assert_eq!(get(&cloud, &with(one.session_token()), "/").0, 200);
}

#[test]
fn a_wrong_signature_or_body_or_time_or_key_is_refused() {
    let cloud = demo();
    let developer = key(&cloud, "developer");
    let identity = "Action=GetCallerIdentity&Version=2011-06-15";
    assert_eq!(send(&cloud, &developer, &Sent::form("sts", identity)).0, 200);

    let forged = Credentials::new(developer.access_key_id(), "another secret", None, None, "test");
    assert!(
        send(&cloud, &forged, &Sent::form("sts", identity)).1.contains("SignatureDoesNotMatch")
    );
    assert!(get(&cloud, &forged, "/").1.contains("SignatureDoesNotMatch"));
    let unknown = Credentials::new("AKIAUNKNOWN", "x", None, None, "test");
    assert!(
        send(&cloud, &unknown, &Sent::form("sts", identity)).1.contains("InvalidClientTokenId")
    );
    assert!(get(&cloud, &unknown, "/").1.contains("InvalidAccessKeyId"));

    let changed = Sent {
        forged_body: Some("Action=GetSessionToken&Version=2011-06-15&a="),
        ..Sent::form("sts", identity)
    };
    assert!(send(&cloud, &developer, &changed).1.contains("SignatureDoesNotMatch"));
    let admin = key(&cloud, "admin");
    let changed =
        Sent { body: "good", forged_body: Some("evil"), ..Sent::s3("PUT", "/demo-reports/x") };
    assert_eq!(send(&cloud, &admin, &changed).0, 400);
    assert_eq!(get(&cloud, &admin, "/demo-reports/x").0, 404);

    let late = Sent {
        time: audex_core::clock::now() - Duration::from_secs(1000),
        ..Sent::form("sts", identity)
    };
    let (status, reply) = send(&cloud, &developer, &late);
    assert!(status == 403 && reply.contains("Signature expired"), "{reply}");
}

#[test]
fn an_unsigned_request_is_refused() {
    let cloud = demo();
    let request = "GET /demo-reports/readme.txt HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert_eq!(raw(&cloud, request).0, 403);
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let form = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 43";
    let (status, reply) = raw(
        &cloud,
        &format!("POST / HTTP/1.1\r\nhost: x\r\n{form}\r\nconnection: close\r\n\r\n{body}"),
    );
    assert!(status == 403 && reply.contains("MissingAuthenticationToken"), "{reply}");
}

#[test]
fn a_boundary_cuts_the_role() {
    let mut seed = Seed::demo();
    seed.roles[0].boundary = Some(allow(&["s3:ListAllMyBuckets"], "*"));
    let cloud = LoopbackCloud::start(seed, None).unwrap();
    let caller = assume(&cloud, None);
    assert_eq!(get(&cloud, &caller, "/").0, 200);
    assert_eq!(get(&cloud, &caller, "/demo-reports/readme.txt").0, 403);
}

#[test]
fn other_services_answer_in_their_own_form() {
    let cloud = demo();
    let table = Sent {
        service: "dynamodb",
        headers: vec![("x-amz-target", "DynamoDB_20120810.ListTables".to_owned())],
        body: "{}",
        ..Sent::s3("POST", "/")
    };
    let (status, reply) = send(&cloud, &assume(&cloud, None), &table);
    assert!(status == 200 && reply.contains("TableNames"), "{reply}");
    let (status, reply) = send(&cloud, &key(&cloud, "developer"), &table);
    assert!(status == 400 && reply.contains("AccessDeniedException"), "{reply}");
    let lambda = Sent { service: "lambda", ..Sent::s3("GET", "/2015-03-31/functions/") };
    assert_eq!(send(&cloud, &key(&cloud, "admin"), &lambda).0, 501);
    assert_eq!(send(&cloud, &key(&cloud, "developer"), &lambda).0, 403);
    let ec2 = Sent::form("ec2", "Action=DescribeInstances&Version=2016-11-15");
    assert!(
        send(&cloud, &key(&cloud, "developer"), &ec2)
            .1
            .contains("<Code>UnauthorizedOperation</Code>")
    );
}

#[test]
fn replies_carry_the_clouds_date() {
    let cloud =
        LoopbackCloud::start(Seed { clock_offset_seconds: 7200, ..Seed::demo() }, None).unwrap();
    let (_, reply) = raw(&cloud, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let date = reply.lines().find_map(|line| line.strip_prefix("date: ")).unwrap();
    let format = aws_smithy_types::date_time::Format::HttpDate;
    let date = aws_smithy_types::DateTime::from_str(date, format).unwrap().secs();
    assert!(
        (7190..7300).contains(&(date - i64::try_from(audex_core::clock::unix_seconds()).unwrap()))
    );
}

#[test]
fn it_stops_when_dropped_and_shows_no_secret() {
    let cloud = demo();
    let caller = assume(&cloud, None);
    let shown = format!("{cloud:?} {:?}", cloud.requests());
    assert!(cloud.secrets().iter().all(|secret| !shown.contains(secret.expose())));
    assert!(cloud.secrets().iter().any(|secret| Some(secret.expose()) == caller.session_token()));
    let port = cloud.port();
    drop(cloud);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_seed_with_a_malformed_policy_does_not_start() {
    let mut seed = Seed::demo();
    seed.users[0].policies.push("{}".to_owned());
    assert!(
        matches!(LoopbackCloud::start(seed, None), Err(LoopbackError::Policy { owner, .. }) if owner == "developer")
    );
}
