//! Parameter values as parts of an ARN, for services that write them differently there.

use super::Request;

/// Services in which an ARN names another resource than the parameter's, so the ARN is not taken apart.
const WHOLE: [&str; 2] = ["s3", "kms"];
/// Source: Amazon ECS API reference, parameter `cluster`.
const DEFAULT_CLUSTER: &str = "default";
const DEFAULT_BUS: &str = "default";

/// Returns a value in the form of the variable `variable` (lower case) of an ARN of `service`, or `None` if
/// there is no such form.
pub fn part(service: &str, variable: &str, text: &str, request: &Request<'_>) -> Option<String> {
    let text = inner(service, text)?;
    Some(match service {
        "ssm" => text.trim_start_matches('/').to_owned(),
        // The ARN ends in six characters that only AWS knows.
        "secretsmanager" => format!("{text}-??????"),
        "route53" => text.rsplit('/').next().unwrap_or(text).to_owned(),
        // Source: Service Authorization Reference, "AWS WAF V2": `regional/webacl/…`, `global/webacl/…`.
        "wafv2" if variable == "scope" => match text {
            "CLOUDFRONT" => "global".to_owned(),
            other => other.to_ascii_lowercase(),
        },
        // The rules of the default bus are named without a bus.
        "events" if variable == "eventbusname" && text == DEFAULT_BUS => return None,
        // A policy cannot name an alias of a key as a resource. Source: KMS Developer Guide, "Using aliases
        // to control access".
        "kms" if text.starts_with("alias/") => return None,
        "lambda" => {
            // `account:function:name` is a valid form of a name.
            let name = text.rsplit_once("function:").map_or(text, |(_, name)| name);
            match request
                .value("Qualifier")
                .filter(|of| variable == "functionname" && *of != "$LATEST")
            {
                Some(qualifier) => format!("{name}:{}", super::literal(qualifier)),
                None => name.to_owned(),
            }
        }
        _ => text.to_owned(),
    })
}

/// Returns the value to use if no parameter has one.
pub fn default(service: &str, variable: &str) -> Option<&'static str> {
    (service == "ecs" && variable == "clustername").then_some(DEFAULT_CLUSTER)
}

/// Returns the name in an ARN that replaces a name: ECS accepts either for a cluster.
fn inner<'a>(service: &str, text: &'a str) -> Option<&'a str> {
    if text.is_empty() || !text.starts_with("arn:") {
        return Some(text).filter(|text| !text.is_empty());
    }
    let mut parts = text.splitn(6, ':');
    let (of, name) = (parts.nth(2)?, parts.nth(2)?);
    let is_parent = of == service && !WHOLE.contains(&service);
    name.rsplit(['/', ':']).next().filter(|name| is_parent && !name.is_empty())
}
