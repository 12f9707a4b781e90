//! Services other than STS and S3: derives the action of a call, decides it, and serves very few calls.

use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use s3s::Body;
use serde_json::json;

use super::cloud::{Ask, Cloud};
use super::credential::{Credential, Kind};
use super::form::Form;
use super::reply::{Failure, Protocol, escape, json_body, xml};
use audex_wire::header::header;

/// Returns the protocol of a call; `service` is the service in the scope of its signature.
pub(super) fn protocol(service: &str, headers: &HeaderMap) -> Protocol {
    let is_form = header(headers, "content-type")
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    match service {
        "ec2" => Protocol::Ec2,
        "sts" | "iam" => Protocol::Query,
        _ if headers.contains_key("x-amz-target") => Protocol::Json,
        _ if is_form => Protocol::Query,
        _ => Protocol::Rest,
    }
}

/// Returns the IAM action of a call: `dynamodb:ListTables`. For a REST call without a known name, the action
/// consists of method and path.
pub(super) fn action(service: &str, protocol: Protocol, parts: &Parts, form: &Form) -> String {
    let prefix = match service {
        // Two common services have a signing name that differs from their IAM prefix.
        "monitoring" => "cloudwatch",
        "email" => "ses",
        other => other,
    };
    let name = match protocol {
        Protocol::Query | Protocol::Ec2 => form.get("Action").unwrap_or_default().to_owned(),
        Protocol::Json => {
            let target = header(&parts.headers, "x-amz-target").unwrap_or_default();
            target.rsplit('.').next().unwrap_or_default().to_owned()
        }
        Protocol::Rest => {
            match (prefix, parts.method.as_str(), parts.uri.path().trim_end_matches('/')) {
                ("lambda", "GET", "/2015-03-31/functions") => "ListFunctions".to_owned(),
                ("lambda", "POST", path) if path.ends_with("/invocations") => {
                    "InvokeFunction".to_owned()
                }
                (_, method, path) => format!("{method}{path}"),
            }
        }
    };
    format!("{prefix}:{name}")
}

/// Decides `action` on resource `*`, and serves the few calls whose true answer is small.
pub(super) fn answer(
    cloud: &Cloud,
    caller: &Credential,
    service: &str,
    region: &str,
    protocol: Protocol,
    action: &str,
) -> Result<Response<Body>, Failure> {
    let ask = Ask { action, resource: "*", region, context: &[] };
    let decision = cloud.authorise(caller, service, ask);
    // "You cannot call any IAM API operations": GetFederationToken, and GetSessionToken without MFA.
    let barred =
        service == "iam" && matches!(caller.principal.kind, Kind::UserSession | Kind::Federated);
    if barred || !decision.is_allowed() {
        return Err(Failure::denied(protocol, &caller.principal.arn, action, "*"));
    }
    match action {
        "dynamodb:ListTables" => Ok(json_body(StatusCode::OK, &json!({"TableNames": []}))),
        "iam:ListUsers" => Ok(iam_users(cloud)),
        _ => Err(Failure::new(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            format!("`{action}` was allowed, but the loopback cloud does not serve this"),
        )),
    }
}

fn iam_users(cloud: &Cloud) -> Response<Body> {
    let account = escape(&cloud.account);
    let users = cloud.user_names().into_iter().map(escape).fold(String::new(), |users, name| {
        users
            + &format!(
                "<member><Path>/</Path><UserName>{name}</UserName><UserId>{name}</UserId>\
                 <Arn>arn:aws:iam::{account}:user/{name}</Arn>\
                 <CreateDate>2026-01-01T00:00:00Z</CreateDate></member>"
            )
    });
    xml(
        StatusCode::OK,
        format!(
            "<ListUsersResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListUsersResult>\
             <IsTruncated>false</IsTruncated><Users>{users}</Users></ListUsersResult></ListUsersResponse>"
        ),
    )
}
