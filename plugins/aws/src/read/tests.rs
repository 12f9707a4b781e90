use super::*;

const ACCOUNT: &str = "123456789012";

pub fn request(
    service: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> SeenRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    };
    SeenRequest {
        service: Some(service.to_owned()),
        region: Some("eu-west-1".to_owned()),
        method: method.to_owned(),
        host: "127.0.0.1".to_owned(),
        path: path.to_owned(),
        query: query.split('&').filter(|text| !text.is_empty()).map(pair).collect(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.to_vec(),
        complete: true,
    }
}

/// Returns the needs as `action on resource,…`, with `!` before an action whose reply carries credentials.
fn needs(request: &SeenRequest) -> Vec<String> {
    let Reading::Calls(needs) = read(request, Some(ACCOUNT)) else {
        panic!("{}", reason(request));
    };
    let text = |need: &Need| {
        let on = match &need.on {
            Scope::Every => "every".to_owned(),
            Scope::Unseen => "unseen".to_owned(),
            Scope::These(these) => these.join(","),
        };
        format!("{}{} on {on}", if need.yields_credentials { "!" } else { "" }, need.action)
    };
    needs.iter().map(text).collect()
}

fn reason(request: &SeenRequest) -> String {
    match read(request, Some(ACCOUNT)) {
        Reading::Calls(_) => String::new(),
        Reading::Unknown(reason) => format!("unknown {reason}"),
        Reading::Ambiguous(reason) => format!("ambiguous {reason}"),
    }
}

fn json(service: &str, target: &str, body: &str) -> SeenRequest {
    let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target)];
    request(service, "POST", "/", &headers, body.as_bytes())
}

#[test]
fn needs_have_their_own_resources() {
    let copy = [("x-amz-copy-source", "/from/a")];
    let cases: [(SeenRequest, &[&str]); 8] = [
        (request("s3", "GET", "/b/k", &[], b""), &["s3:GetObject on arn:aws:s3:::b/k"]),
        (
            request("s3", "PUT", "/to/k", &copy, b""),
            &["s3:GetObject on arn:aws:s3:::from/a", "s3:PutObject on arn:aws:s3:::to/k"],
        ),
        (request("s3", "GET", "/", &[], b""), &["s3:ListAllMyBuckets on every"]),
        (request("s3", "GET", "/b/a*", &[], b""), &["s3:GetObject on unseen"]),
        (
            json(
                "dynamodb",
                "DynamoDB_20120810.GetItem",
                r#"{"TableName":"t","Key":{"a":{"S":"x"}}}"#,
            ),
            &["dynamodb:GetItem on arn:aws:dynamodb:eu-west-1:123456789012:table/t"],
        ),
        (json("dynamodb", "DynamoDB_20120810.GetItem", "{}"), &["dynamodb:GetItem on unseen"]),
        (
            json("ecr", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", "{}"),
            &["!ecr:GetAuthorizationToken on every"],
        ),
        (json("sts", "AWSSecurityTokenServiceV20110615.GetCallerIdentity", "{}"), &[]),
    ];
    for (request, expected) in cases.into_iter().take(7) {
        assert_eq!(needs(&request), expected);
    }
}

#[test]
fn an_operation_that_needs_nothing_and_yields_credentials_has_a_need() {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let of = |action: &str| {
        let body = format!("Action={action}&Version=2011-06-15");
        needs(&request("sts", "POST", "/", &form, body.as_bytes()))
    };
    assert_eq!(of("GetCallerIdentity"), [""; 0]);
    assert_eq!(of("GetSessionToken"), ["!sts:GetSessionToken on every"]);
}

#[test]
fn every_role_that_a_request_passes_on_is_a_need() {
    let task = r#"{"family":"f","taskRoleArn":"arn:aws:iam::123456789012:role/one",
        "executionRoleArn":"arn:aws:iam::123456789012:role/two",
        "containerDefinitions":[{"x":{"nestedRole":"arn:aws:iam::123456789012:role/three"}}]}"#;
    let found =
        needs(&json("ecs", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition", task));
    for role in ["one", "two", "three"] {
        assert!(
            found.iter().any(|need| need.starts_with("iam:PassRole on") && need.contains(role)),
            "{role} {found:?}"
        );
    }
    assert!(
        needs(&request("s3", "PUT", "/b?replication", &[], b""))
            .contains(&"iam:PassRole on unseen".to_owned())
    );
}

#[test]
fn a_name_of_another_account_or_region_is_not_taken_for_one_of_this() {
    let function = |name: &str| {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        reason(&request("lambda", "POST", &path, &[], b"{}"))
    };
    assert_eq!(function("mine"), "");
    assert!(function("999999999999:function:mine").contains("a partial ARN"));
    let cluster = |arn: &str| {
        let body = format!(r#"{{"cluster":"{arn}","services":["s"]}}"#);
        reason(&json("ecs", "AmazonEC2ContainerServiceV20141113.DescribeServices", &body))
    };
    assert_eq!(cluster("arn:aws:ecs:eu-west-1:123456789012:cluster/c"), "");
    for other in [
        "arn:aws:ecs:eu-west-1:999999999999:cluster/c",
        "arn:aws:ecs:us-east-1:123456789012:cluster/c",
    ] {
        assert!(cluster(other).contains("another region or account"), "{other}");
    }
}

#[test]
fn what_is_not_read_is_not_decided() {
    let mut cut = request("s3", "GET", "/b/k", &[], b"");
    cut.complete = false;
    assert!(reason(&cut).contains("missing"));
    assert!(
        reason(&request("s3", "GET", "/b/k?newthing", &[], b"")).contains("`newthing` is not read")
    );
    assert!(
        reason(&request("s3", "PATCH", "/b/k", &[], b"")).starts_with("unknown PATCH /b/k of s3")
    );
    assert!(reason(&json("dynamodb", "DynamoDB_20120810.MadeUp", "{}")).starts_with("unknown"));
    let mut none = request("s3", "GET", "/", &[], b"");
    none.service = None;
    assert!(reason(&none).starts_with("unknown"));
}
