//! A value of a parameter as a part of an ARN, where a service writes it in another way there.

use super::Request;

/// Services of which an ARN names another thing than the parameter's, so it is not taken apart.
const WHOLE: [&str; 2] = ["s3", "kms"];
/// Source: Amazon ECS API reference, parameter `cluster`.
const DEFAULT_CLUSTER: &str = "default";
const DEFAULT_BUS: &str = "default";

/// A value as it stands in the variable `variable` (lower case) of an ARN of `service`; none where it cannot.
pub fn part(service: &str, variable: &str, text: &str, request: &Request<'_>) -> Option<String> {
    let text = inner(service, text)?;
    Some(match service {
        "ssm" => text.trim_start_matches('/').to_owned(),
        // Its ARN ends in six characters that AWS alone knows.
        "secretsmanager" => format!("{text}-??????"),
        "route53" => text.rsplit('/').next().unwrap_or(text).to_owned(),
        // Source: Service Authorization Reference, "AWS WAF V2": `regional/webacl/…`, `global/webacl/…`.
        "wafv2" if variable == "scope" => match text {
            "CLOUDFRONT" => "global".to_owned(),
            other => other.to_ascii_lowercase(),
        },
        // Its rules are called as if there was no bus.
        "events" if variable == "eventbusname" && text == DEFAULT_BUS => return None,
        // An alias of a key is not a resource of a policy. Source: KMS Developer Guide, "Using aliases to control access".
        "kms" if text.starts_with("alias/") => return None,
        "lambda" => {
            // `account:function:name` is a way to write a name.
            let name = text.rsplit_once("function:").map_or(text, |(_, name)| name);
            match request.value("Qualifier").filter(|of| variable == "functionname" && *of != "$LATEST") {
                Some(qualifier) => format!("{name}:{}", super::literal(qualifier)),
                None => name.to_owned(),
            }
        }
        _ => text.to_owned(),
    })
}

/// The value where no parameter has one.
pub fn default(service: &str, variable: &str) -> Option<&'static str> {
    (service == "ecs" && variable == "clustername").then_some(DEFAULT_CLUSTER)
}

/// The name in an ARN that stands where a name can: ECS takes either for a cluster.
fn inner<'a>(service: &str, text: &'a str) -> Option<&'a str> {
    if text.is_empty() || !text.starts_with("arn:") {
        return Some(text).filter(|text| !text.is_empty());
    }
    let mut parts = text.splitn(6, ':');
    let (of, name) = (parts.nth(2)?, parts.nth(2)?);
    let is_parent = of == service && !WHOLE.contains(&service);
    name.rsplit(['/', ':']).next().filter(|name| is_parent && !name.is_empty())
}
