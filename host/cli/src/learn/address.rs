//! Notices about addresses through which a command bypasses the gateway, so that its calls there are not
//! observed.

use audex_components::provider::Call;
use audex_core::environment::Environment;

/// Operations, with their signing name, whose response contains an address that clients then call.
/// Source: botocore's models, members called `endpoint…`, `…Url` and `address` of these services.
const ANSWERED: &[(&str, &str)] = &[
    ("aoss", "BatchGetCollection"),
    ("appsync", "GetGraphqlApi"),
    ("es", "DescribeDomain"),
    ("es", "DescribeDomains"),
    ("iot", "DescribeEndpoint"),
    ("kinesisvideo", "GetDataEndpoint"),
    ("kinesisvideo", "GetSignalingChannelEndpoint"),
    ("lambda", "CreateFunctionUrlConfig"),
    ("lambda", "GetFunctionUrlConfig"),
    ("mediaconvert", "DescribeEndpoints"),
    ("mediastore", "DescribeContainer"),
    ("timestream", "DescribeEndpoints"),
];

/// The number of digits of an AWS account number.
const ACCOUNT: usize = 12;

/// Returns a notice if the response of `call` contains an address that clients then call.
#[must_use]
pub(super) fn notice(call: &Call) -> Option<String> {
    let (service, operation) = (call.service.as_str(), call.operation.as_str());
    ANSWERED.contains(&(service, operation)).then(|| {
        format!("{service}:{operation} answers with an address: requests to it go past the gateway and are not seen")
    })
}

/// Returns a notice if variables hold the address of a queue. Some SDKs (JavaScript, PHP, Ruby) send to the
/// queue's own host instead of `AWS_ENDPOINT_URL`. Source: their middlewares for `QueueUrl`.
#[must_use]
pub(super) fn in_environment(parent: &Environment) -> Option<String> {
    let names: Vec<&str> = parent
        .iter()
        .filter_map(|(name, _)| name.to_str())
        .filter(|name| parent.get(name).is_some_and(is_queue))
        .collect();
    (!names.is_empty()).then(|| {
        let names = names.join("`, `");
        format!("`{names}` names a queue by its address: SDKs that send to it (JavaScript, PHP, Ruby) go past the gateway")
    })
}

/// Returns true for a value like `https://sqs.eu-west-1.amazonaws.com/123456789012/jobs`.
fn is_queue(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let mut parts = rest.split('/');
    let (host, account, queue) = (parts.next(), parts.next(), parts.next());
    matches!(scheme, "http" | "https")
        && host.is_some_and(|host| !host.is_empty())
        && account
            .is_some_and(|text| text.len() == ACCOUNT && text.bytes().all(|b| b.is_ascii_digit()))
        && queue.is_some_and(|queue| !queue.is_empty())
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_queue_in_a_variable_is_told_by_the_variables_name() {
        let parent = Environment::from_pairs([
            ("QUEUE", "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"),
            ("LOCAL", "http://127.0.0.1:4566/000000000000/jobs.fifo"),
        ]);
        let told = in_environment(&parent).unwrap();
        assert!(
            told.contains("QUEUE") && told.contains("LOCAL") && !told.contains("123456789012"),
            "{told}"
        );
        for other in [
            "jobs",
            "https://example.com/a/b",
            "https://h/123456789012/a/b",
            "sqs://h/123456789012/a",
        ] {
            assert!(in_environment(&Environment::from_pairs([("X", other)])).is_none(), "{other}");
        }
    }

    #[test]
    fn an_operation_that_answers_with_an_address_is_told() {
        let call = |service: &str, operation: &str| Call {
            service: service.to_owned(),
            operation: operation.to_owned(),
            known: true,
            resources: Vec::new(),
            count: 1,
            denied: false,
            source: String::new(),
        };
        assert!(notice(&call("iot", "DescribeEndpoint")).is_some());
        assert!(notice(&call("dms", "DescribeEndpoints")).is_none());
    }
}
