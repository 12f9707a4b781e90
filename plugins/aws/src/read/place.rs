//! Requests that name something of another account or region than their own.

use audex_sdk::provider::SeenRequest;
use aws_api::Asked;
use aws_policy::observed::exact::Need;

/// Endings of parameters that hold an account's number. Source: member names in botocore's models.
const ACCOUNTS: [&str; 6] =
    ["accountid", "accountids", "awsaccountid", "catalogid", "ownerid", "registryid"];

/// Returns true if a parameter can lead to another account, or names its resource in a form that is not read.
/// Whether such a parameter is a place or only a value is not known.
pub(super) fn is_unsure(request: &SeenRequest, asked: &Asked, account: Option<&str>) -> bool {
    let service = request.service.as_deref().unwrap_or_default();
    asked.parameters.iter().any(|(name, value)| {
        let lower = name.to_ascii_lowercase();
        let is_account = is_account(value) && ACCOUNTS.iter().any(|ending| lower.ends_with(ending));
        is_account && account.is_some_and(|own| own != value)
            // Source: Lambda API reference, `FunctionName`: a partial ARN may name another account.
            || service == "lambda" && is_partial(name, value)
            // Source: SQS Developer Guide, "Queue and message identifiers".
            || name == "QueueUrl" && !is_queue(value)
    })
}

/// Returns true for a part of a function's ARN: `region:account:name`, `account:name`, `function:name` and longer.
fn is_partial(name: &str, value: &str) -> bool {
    let first = value.split(':').next().unwrap_or_default();
    let is_function = name.eq_ignore_ascii_case("FunctionName");
    let is_part = is_account(first) || first == "function" || value.matches(':').count() > 1;
    !value.starts_with("arn:")
        && (value.contains(":function:") || is_function && value.contains(':') && is_part)
}

fn is_queue(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let parts: Vec<&str> = rest.split('/').collect();
    let is_name = |name: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !name.is_empty() && name.bytes().all(is_part)
    };
    matches!(scheme, "http" | "https")
        && matches!(parts.as_slice(), [host, account, name] if !host.is_empty() && is_account(account) && is_name(name))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns true if an ARN among the parameters is of another place than the call, unless it is a resource of
/// its own: only its last part was read then, as if it were of this place.
pub(super) fn is_elsewhere(
    asked: &Asked,
    needs: &[Need],
    region: Option<&str>,
    account: Option<&str>,
) -> bool {
    let is_elsewhere = |arn: &str| {
        let mut parts = arn.split(':').skip(3);
        let (of_region, of_account) =
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        is_account(of_account) && account.is_some_and(|own| own != of_account)
            || !of_region.is_empty() && region.is_some_and(|own| own != of_region)
    };
    let is_resource =
        |arn: &str| needs.iter().any(|(_, on)| on.iter().any(|resource| resource.starts_with(arn)));
    let values = asked.parameters.iter().map(|(_, value)| value.as_str());
    values
        .filter(|value| value.starts_with("arn:"))
        .any(|arn| is_elsewhere(arn) && !is_resource(arn))
}
