//! The permissions that a request needs, read strictly: what a gateway decides on.

use audex_sdk::provider::{Need, Reading, Scope, SeenRequest};
use aws_api::{Asked, strict};
use aws_policy::observed::{self, exact, resource};
use serde_json::Value;

use crate::recognise;

/// The most characters of a path in a reason.
const PATH: usize = 80;
const PASS_ROLE: &str = "iam:PassRole";
/// Operations that pass on a role which their body names in a form that is not read. Source: S3 API reference,
/// `PutBucketReplication`.
const UNREAD_ROLES: [(&str, &str); 1] = [("s3", "PutBucketReplication")];

/// Returns the meaning of `request`; `account` is the caller's.
pub fn read(request: &SeenRequest, account: Option<&str>) -> Reading {
    let Some(service) = request.service.as_deref() else {
        return Reading::Unknown("a request without a service".to_owned());
    };
    let Some(mut asked) = aws_api::recognise(request) else {
        let path: String = request.path.chars().take(PATH).collect();
        return Reading::Unknown(format!("{} {path} of {service}", request.method));
    };
    let name = format!("{service}:{}", asked.operation);
    let ambiguous = |reason: String| Reading::Ambiguous(format!("{name}: {reason}"));
    if let Err(reason) = strict::check(request, &asked) {
        return ambiguous(reason);
    }
    let (_, needs) = recognise::told(service, &mut asked, request, account);
    let Some(mut needs) = needs else { return Reading::Unknown(name) };
    if let Some(arn) = elsewhere(&asked, &needs, request.region.as_deref(), account) {
        return ambiguous(format!("`{arn}` is of another region or account"));
    }
    // Source: Lambda API reference, `FunctionName`: a partial ARN may name another account.
    let is_partial = |value: &String| value.contains(":function:") && !value.starts_with("arn:");
    if service == "lambda" && asked.parameters.iter().any(|(_, value)| is_partial(value)) {
        return ambiguous("a partial ARN names its function".to_owned());
    }
    needs.extend(unread_roles(service, &asked, &needs, request));
    let yields_credentials = observed::yields_credentials(service, &asked.operation);
    if yields_credentials && needs.is_empty() {
        needs.push((name, Vec::new()));
    }
    let need =
        |(action, on): exact::Need| Need { on: scope(&action, on), action, yields_credentials };
    Reading::Calls(needs.into_iter().map(need).collect())
}

fn scope(action: &str, on: Vec<String>) -> Scope {
    // A name with a wildcard or a variable in it can be written in a policy, and not be compared with one.
    if on.iter().any(|resource| resource.contains("${")) {
        return Scope::Unseen;
    }
    match on.is_empty() {
        true if resource::can_be_limited(action) => Scope::Unseen,
        true => Scope::Every,
        false => Scope::These(on),
    }
}

/// Returns an ARN among the parameters that is of another place than the call, unless it is a resource of its
/// own: only its last part was read then, as if it were of this place.
fn elsewhere<'a>(
    asked: &'a Asked,
    needs: &[exact::Need],
    region: Option<&str>,
    account: Option<&str>,
) -> Option<&'a str> {
    let is_elsewhere = |arn: &str| {
        let mut parts = arn.split(':').skip(3);
        let (of_region, of_account) =
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_account =
            of_account.len() == 12 && of_account.bytes().all(|byte| byte.is_ascii_digit());
        is_account && account.is_some_and(|own| own != of_account)
            || !of_region.is_empty() && region.is_some_and(|own| own != of_region)
    };
    let is_resource =
        |arn: &str| needs.iter().any(|(_, on)| on.iter().any(|resource| resource.starts_with(arn)));
    let arns = asked.parameters.iter().map(|(_, value)| value.as_str());
    arns.filter(|value| value.starts_with("arn:"))
        .find(|arn| is_elsewhere(arn) && !is_resource(arn))
}

/// Returns a need for each role that a deeper part of the request passes on.
fn unread_roles(
    service: &str,
    asked: &Asked,
    needs: &[exact::Need],
    request: &SeenRequest,
) -> Vec<exact::Need> {
    if UNREAD_ROLES.contains(&(service, asked.operation.as_str())) {
        return vec![(PASS_ROLE.to_owned(), Vec::new())];
    }
    if recognise::ABOUT_ROLES.contains(&service) {
        return Vec::new();
    }
    let is_role = |(name, value): &&(String, String)| recognise::is_role(name, value);
    let named = asked.parameters.iter().filter(is_role).map(|(_, role)| role.clone());
    let mut roles: Vec<String> = named.collect();
    if let Ok(body) = serde_json::from_slice(&request.body) {
        nested_roles(&body, &mut roles);
    }
    roles.sort_unstable();
    roles.dedup();
    let is_known =
        |role: &String| needs.iter().any(|(action, on)| action == PASS_ROLE && on.contains(role));
    roles.retain(|role| !is_known(role));
    if roles.is_empty() { Vec::new() } else { vec![(PASS_ROLE.to_owned(), roles)] }
}

fn nested_roles(value: &Value, roles: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| nested_roles(item, roles)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if recognise::is_role(name, text) => {
                        roles.push(text.clone())
                    }
                    other => nested_roles(other, roles),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
pub mod tests;
