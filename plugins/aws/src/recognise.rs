//! The operations that a command's requests ask for, and the resources they affect.

mod further;
mod partiql;
mod several;

use audex_sdk::provider::{Call, SeenRequest};
use aws_api::Asked;
use aws_policy::observed::exact::{self, Need};
use aws_policy::observed::{self, PASSES_ROLE, resource};
use percent_encoding::percent_decode_str;

/// The most characters of a path that are reported for an unknown operation.
const PATH: usize = 80;
/// Services whose requests name roles without passing them on.
pub const ABOUT_ROLES: [&str; 2] = ["iam", "sts"];
const COPY_SOURCE: &str = "x-amz-copy-source";
const KMS_KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";
/// The object's key, as the response reports it.
const ANSWERED_KEY: &str = "answer:x-amz-server-side-encryption-aws-kms-key-id";
/// Services with a parameter that names the key which encrypts the stored data.
const WITH_KEYS: [(&str, &str); 2] = [("secretsmanager", "KmsKeyId"), ("ssm", "KeyId")];
const PASS_ROLE: &str = "iam:PassRole";

/// Headers that make a request need another permission, and the modifiers of the operation for them.
const MODIFIERS: [(&str, &str); 13] = [
    ("x-amz-acl", "acl"),
    ("x-amz-grant-full-control", "acl"),
    ("x-amz-grant-read", "acl"),
    ("x-amz-grant-read-acp", "acl"),
    ("x-amz-grant-write", "acl"),
    ("x-amz-grant-write-acp", "acl"),
    ("x-amz-tagging", "tagging"),
    ("x-amz-object-lock-mode", "retention"),
    ("x-amz-object-lock-retain-until-date", "retention"),
    ("x-amz-object-lock-legal-hold", "legal-hold"),
    ("x-amz-bypass-governance-retention", "bypass"),
    ("x-amz-bucket-object-lock-enabled", "lock"),
    ("x-amz-object-ownership", "ownership"),
];

/// Returns one call for each request, in order.
pub fn recognise(requests: &[SeenRequest], account: Option<&str>) -> Vec<Call> {
    requests.iter().map(|request| one(request, account)).collect()
}

fn one(request: &SeenRequest, account: Option<&str>) -> Call {
    let service = request.service.clone().unwrap_or_else(|| request.host.clone());
    let call = |known, operation, resources| Call {
        service: service.clone(),
        operation,
        known,
        resources,
        count: 1,
        denied: false,
        source: "gateway".to_owned(),
    };
    let Some(mut asked) = aws_api::recognise(request) else {
        let path: String = request.path.chars().take(PATH).collect();
        return call(false, format!("{} {path}", request.method), Vec::new());
    };
    let (operation, needs) = told(&service, &mut asked, request, account);
    let Some(needs) = needs else {
        return call(true, operation, Vec::new());
    };
    let (operation, resources) = exact::written(&service, &operation, &needs);
    call(true, operation, resources)
}

/// Returns the operation with its modifiers, and its needs if the operation is known.
pub fn told(
    service: &str,
    asked: &mut Asked,
    request: &SeenRequest,
    account: Option<&str>,
) -> (String, Option<Vec<Need>>) {
    let place = resource::Place { region: request.region.as_deref(), account };
    complete(asked, request, place);
    let (modifiers, role) = modifiers(service, asked, request);
    let mut operation = asked.operation.clone();
    if !modifiers.is_empty() {
        operation = format!("{operation}?{}", modifiers.join("&"));
    }
    let needs = observed::actions(service, &operation)
        .map(|(prefix, actions)| needs(prefix, asked, request, &actions, role, place));
    (operation, needs)
}

/// Returns each action with its resources.
fn needs(
    service: &str,
    asked: &Asked,
    request: &SeenRequest,
    actions: &[String],
    role: Option<String>,
    place: resource::Place<'_>,
) -> Vec<Need> {
    if let Some(several) = several::needs(service, asked, actions, place) {
        return several;
    }
    let read = source(request).filter(|_| asked.operation.contains("Copy"));
    let read =
        read.map(|(bucket, key)| vec![("Bucket".to_owned(), bucket), ("Key".to_owned(), key)]);
    let need = |action: &String| {
        // A copy reads one object and writes another.
        let parameters =
            read.as_ref().filter(|_| action.starts_with("s3:Get")).unwrap_or(&asked.parameters);
        let given = resource::Request { service, operation: &asked.operation, parameters, place };
        let on = match &role {
            Some(role) if action == PASS_ROLE => vec![role.clone()],
            _ => resource::arns(action, &given),
        };
        // Some of the resources are not in the request.
        (action.clone(), resource::fitting(action, &on))
    };
    let mut needs: Vec<Need> = actions.iter().map(need).collect();
    needs.extend(further::needs(service, asked, place));
    needs
}

/// Adds parameters from other places of the request, and rewrites those in another form.
fn complete(asked: &mut Asked, request: &SeenRequest, place: resource::Place<'_>) {
    let keys: Vec<String> = key(asked, request).into_iter().map(str::to_owned).collect();
    asked.parameters.extend(keys.into_iter().map(|key| ("KeyId".to_owned(), key)));
    if request.service.as_deref() == Some("apigateway") {
        let (region, path) = (place.region.unwrap_or("*"), decoded(&request.path));
        // The path is the resource, without the version of the API; its labels are not resources on their own.
        // Source: API Gateway Developer Guide, "Control access to API Gateway resources".
        let path = path.strip_prefix("/v2").unwrap_or(&path);
        asked.parameters =
            vec![("path".to_owned(), format!("arn:aws:apigateway:{region}::{path}"))];
    }
    for (name, value) in &mut asked.parameters {
        // `https://sqs.eu-west-1.amazonaws.com/123456789012/name`
        if name == "QueueUrl"
            && let Some((rest, queue)) = value.rsplit_once('/')
        {
            let owner = rest.rsplit('/').next().unwrap_or_default();
            let is_account = owner.len() == 12 && owner.bytes().all(|byte| byte.is_ascii_digit());
            let account = if is_account { owner } else { place.account.unwrap_or("*") };
            "QueueName".clone_into(name);
            *value = if place.account == Some(account) {
                queue.to_owned()
            } else {
                format!("arn:aws:sqs:{}:{account}:{queue}", place.region.unwrap_or("*"))
            };
        }
    }
}

/// Returns the KMS key that the call uses. The response has its ARN, where the request may have an alias.
fn key<'a>(asked: &'a Asked, request: &'a SeenRequest) -> Option<&'a str> {
    let service = request.service.as_deref().unwrap_or_default();
    let parameter = WITH_KEYS.iter().find(|(of, _)| *of == service);
    header(request, ANSWERED_KEY)
        .or_else(|| header(request, KMS_KEY))
        .or_else(|| parameter.and_then(|(_, name)| asked.values(name).find(|key| !key.is_empty())))
}

/// Returns the modifiers that make the operation need another permission, and the role that it passes on, if
/// any.
fn modifiers(service: &str, asked: &Asked, request: &SeenRequest) -> (Vec<String>, Option<String>) {
    if service == "apigateway" {
        return (vec![request.method.clone()], None);
    }
    let has = |modifier: &str| observed::has_modifier(service, &asked.operation, modifier);
    let mut found: Vec<String> = Vec::new();
    let others = [
        ("fromVersion", source_query(request).is_some()),
        ("versionId", asked.values("versionId").count() > 0),
        ("kms", key(asked, request).is_some()),
    ];
    let named = others.into_iter().filter(|(_, is_there)| *is_there).map(|(modifier, _)| modifier);
    let headers = MODIFIERS.into_iter().filter(|(name, _)| header(request, name).is_some());
    for modifier in named.chain(headers.map(|(_, modifier)| modifier)) {
        if has(modifier) && !found.iter().any(|known| known == modifier) {
            found.push(modifier.to_owned());
        }
    }
    if service == "ssm" && asked.values("WithDecryption").any(|value| value == "true") {
        found.push("decryption".to_owned());
    }
    let role = asked.parameters.iter().find(|(name, value)| is_role(name, value));
    let role = role.map(|(_, value)| value.clone());
    let role = role.filter(|_| !ABOUT_ROLES.contains(&service));
    if role.is_some() {
        found.push(PASSES_ROLE.to_owned());
    }
    (found, role)
}

/// Returns true if a parameter passes on the role that is its value.
fn is_role(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    (name.ends_with("role") || name.ends_with("rolearn")) && is_role_arn(value)
}

/// Returns true if `value` is the ARN of a role.
pub fn is_role_arn(value: &str) -> bool {
    value.starts_with("arn:") && value.contains(":iam::") && value.contains(":role/")
}

/// Returns the bucket and key of the source of a copy.
fn source(request: &SeenRequest) -> Option<(String, String)> {
    let source = header(request, COPY_SOURCE)?;
    let path = decoded(source.split('?').next().unwrap_or(source));
    let (bucket, key) = path.strip_prefix('/').unwrap_or(&path).split_once('/')?;
    Some((bucket.to_owned(), key.to_owned()))
}

/// Returns the `versionId=…` of the source of a copy.
fn source_query(request: &SeenRequest) -> Option<&str> {
    header(request, COPY_SOURCE)?.split_once("?versionId=").map(|(_, version)| version)
}

fn header<'a>(request: &'a SeenRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

pub fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
