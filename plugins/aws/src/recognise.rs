//! What requests of a command ask for: operation, and what it is done on.

use audex_sdk::provider::{Call, SeenRequest};
use aws_api::Asked;
use aws_policy::observed::{self, PASSES_ROLE, resource};
use percent_encoding::percent_decode_str;

/// Characters of a path that is told where no operation is known.
const PATH: usize = 80;
/// Services that are asked about roles, and given none.
const ABOUT_ROLES: [&str; 2] = ["iam", "sts"];
const COPY_SOURCE: &str = "x-amz-copy-source";
const KMS_KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";

/// Headers that make a request need another permission, and the modifiers of the operation that say so.
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
    (KMS_KEY, "kms"),
];

/// One call for each request, in order.
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
    let place = resource::Place { region: request.region.as_deref(), account };
    complete(&mut asked, request, place);
    let (modifiers, role) = modifiers(&service, &asked, request);
    let mut operation = asked.operation.clone();
    if !modifiers.is_empty() {
        operation = format!("{operation}?{}", modifiers.join("&"));
    }
    let actions = observed::actions(&service, &operation).map(|(_, actions)| actions).unwrap_or_default();
    let copied = source(request).filter(|_| asked.operation.contains("Copy"));
    let resources = if let Some((bucket, key)) = copied {
        // What is written, then what is read.
        let read = vec![("Bucket".to_owned(), bucket), ("Key".to_owned(), key)];
        let arns = |parameters| resource::arns("s3:PutObject", parameters, place);
        [arns(&asked.parameters), arns(&read)].concat()
    } else {
        let mut resources: Vec<String> =
            actions.iter().flat_map(|action| resource::arns(action, &asked.parameters, place)).collect();
        resources.extend(role);
        resources.sort_unstable();
        resources.dedup();
        resources
    };
    call(true, operation, resources)
}

/// Adds what stands in other places, or in other words.
fn complete(asked: &mut Asked, request: &SeenRequest, place: resource::Place<'_>) {
    if let Some(key) = header(request, KMS_KEY) {
        asked.parameters.push(("KeyId".to_owned(), key.to_owned()));
    }
    if request.service.as_deref() == Some("apigateway") {
        let (region, path) = (place.region.unwrap_or("*"), decoded(&request.path));
        asked.parameters.push(("path".to_owned(), format!("arn:aws:apigateway:{region}::{path}")));
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

/// What makes the operation need another permission; and the role that it hands on, if it does.
fn modifiers(service: &str, asked: &Asked, request: &SeenRequest) -> (Vec<String>, Option<String>) {
    if service == "apigateway" {
        return (vec![request.method.clone()], None);
    }
    let has = |modifier: &str| observed::has_modifier(service, &asked.operation, modifier);
    let mut found: Vec<String> = Vec::new();
    let versions = [
        ("fromVersion", source_query(request).is_some()),
        ("versionId", asked.values("versionId").count() > 0),
    ];
    let named = versions.into_iter().filter(|(_, is_there)| *is_there).map(|(modifier, _)| modifier);
    let headers = MODIFIERS.into_iter().filter(|(name, _)| header(request, name).is_some());
    for modifier in named.chain(headers.map(|(_, modifier)| modifier)) {
        if has(modifier) && !found.iter().any(|known| known == modifier) {
            found.push(modifier.to_owned());
        }
    }
    let is_role = |(name, value): &&(String, String)| {
        let name = name.to_ascii_lowercase();
        (name.ends_with("role") || name.ends_with("rolearn"))
            && value.starts_with("arn:")
            && value.contains(":iam::")
            && value.contains(":role/")
    };
    let role = asked.parameters.iter().find(is_role).map(|(_, value)| value.clone());
    let role = role.filter(|_| !ABOUT_ROLES.contains(&service));
    if role.is_some() {
        found.push(PASSES_ROLE.to_owned());
    }
    (found, role)
}

/// Bucket and key of what is copied.
fn source(request: &SeenRequest) -> Option<(String, String)> {
    let source = header(request, COPY_SOURCE)?;
    let path = source.split('?').next().unwrap_or(source);
    let (bucket, key) = path.strip_prefix('/').unwrap_or(path).split_once('/')?;
    Some((decoded(bucket), decoded(key)))
}

/// `versionId=…` of what is copied.
fn source_query(request: &SeenRequest) -> Option<&str> {
    header(request, COPY_SOURCE)?.split_once("?versionId=").map(|(_, version)| version)
}

fn header<'a>(request: &'a SeenRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> SeenRequest {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
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
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    /// Operation, and each action with its resources.
    fn needs(request: &SeenRequest) -> (String, Vec<(String, Vec<String>)>) {
        let call = one(request, Some("123456789012"));
        let attribution = observed::attribute(std::slice::from_ref(&call)).remove(0);
        let permissions = attribution.permissions.into_iter().map(|one| (one.action, one.resources));
        (call.operation, permissions.collect())
    }

    fn pair(action: &str, resource: &str) -> (String, Vec<String>) {
        (action.to_owned(), vec![resource.to_owned()])
    }

    #[test]
    fn objects_buckets_and_copies_get_their_own_resources() {
        let (operation, found) = needs(&request("s3", "GET", "/b/a%20k?versionId=1", &[], ""));
        assert_eq!(
            (operation.as_str(), found),
            ("GetObject?versionId", vec![pair("s3:GetObjectVersion", "arn:aws:s3:::b/a k")])
        );
        let headers = [("x-amz-copy-source", "/from/a%2Fb?versionId=7"), ("x-amz-acl", "private")];
        let (operation, found) = needs(&request("s3", "PUT", "/to/k", &headers, ""));
        assert_eq!(operation, "CopyObject?fromVersion&acl");
        let expected = [
            pair("s3:GetObjectVersion", "arn:aws:s3:::from/a/b"),
            pair("s3:PutObject", "arn:aws:s3:::to/k"),
            pair("s3:PutObjectAcl", "arn:aws:s3:::to/k"),
        ];
        assert_eq!(found, expected);
        let key = [(KMS_KEY, "arn:aws:kms:eu-west-1:1:key/1"), ("x-amz-acl", "private")];
        let (_, found) = needs(&request("s3", "PUT", "/b/k", &key, ""));
        assert!(found.contains(&pair("kms:GenerateDataKey", "arn:aws:kms:eu-west-1:1:key/1")), "{found:?}");
    }

    #[test]
    fn queues_apis_and_handed_roles_are_seen() {
        let target = [("x-amz-target", "AmazonSQS.SendMessage")];
        let url = |owner: &str| format!(r#"{{"QueueUrl":"http://127.0.0.1:5/{owner}/q","MessageBody":"x"}}"#);
        for (owner, account) in
            [("123456789012", "123456789012"), ("999999999999", "999999999999"), ("queue", "123456789012")]
        {
            let (_, found) = needs(&request("sqs", "POST", "/", &target, &url(owner)));
            assert_eq!(found, [pair("sqs:SendMessage", &format!("arn:aws:sqs:eu-west-1:{account}:q"))]);
        }
        let (_, found) = needs(&request("apigateway", "GET", "/restapis/x/stages", &[], ""));
        assert_eq!(found, [pair("apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis/x/stages")]);
        let body = r#"{"FunctionName":"f","Role":"arn:aws:iam::123456789012:role/r"}"#;
        let json = [("content-type", "application/json")];
        let (operation, found) = needs(&request("lambda", "POST", "/2015-03-31/functions", &json, body));
        assert_eq!(operation, "CreateFunction?role");
        let expected = [
            pair("lambda:CreateFunction", "arn:aws:lambda:eu-west-1:123456789012:function:f"),
            pair("iam:PassRole", "arn:aws:iam::123456789012:role/r"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_not_known_is_told_as_it_was_seen() {
        let call = one(&request("lambda", "GET", &format!("/nobody/{}", "x".repeat(500)), &[], ""), None);
        assert!(!call.known && call.operation.starts_with("GET /nobody/x") && call.operation.len() < 100);
    }
}
