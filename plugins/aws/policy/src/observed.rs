//! What calls need: the same name behind the service's prefix, and a table of the exceptions. An unknown call stays unknown.
//!
//! Services are named as SDKs (`S3`, `DynamoDB`), signatures (`monitoring`) or the log (`s3.amazonaws.com`) name them.

use audex_sdk::provider::{Attribution, Call, Permission};

/// Names of services, and their prefixes (made by `data/services.py`).
const SERVICES: &str = include_str!("../data/services.txt");
const EXCEPTIONS: &str = include_str!("../data/exceptions.txt");
/// How the log names who was called.
const LOG_SUFFIX: &str = ".amazonaws.com";
/// One statement of `PartiQL` or a transaction may do any of what its operation can.
const SEVERAL: [&str; 5] =
    ["ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction", "TransactWriteItems", "ReEncrypt"];

/// One attribution for each call.
#[must_use]
pub fn attribute(calls: &[Call]) -> Vec<Attribution> {
    calls.iter().map(one).collect()
}

fn one(call: &Call) -> Attribution {
    let unknown = Attribution { known: false, permissions: Vec::new(), note: None };
    let Some(prefix) = prefix(&call.service) else { return unknown };
    let operation = undated(&call.operation);
    let actions = match exception(prefix, operation) {
        Some(actions) => actions,
        None => match aws_catalogue::find(&format!("{prefix}:{operation}")) {
            Some(found) => vec![found.full_name()],
            None => return unknown,
        },
    };
    let note = SEVERAL.contains(&operation).then(|| format!("{operation} may need only some of these"));
    let origin = format!("{prefix}:{operation}");
    let resources = |action: &str| {
        if aws_catalogue::takes_no_resource(action) { Vec::new() } else { call.resources.clone() }
    };
    let permission =
        |action: String| Permission { resources: resources(&action), action, origin: origin.clone() };
    Attribution { known: true, permissions: actions.into_iter().map(permission).collect(), note }
}

/// The prefix of a service's permissions.
fn prefix(service: &str) -> Option<&'static str> {
    let plain = service.to_ascii_lowercase().replace(' ', "");
    let plain = plain.strip_suffix(LOG_SUFFIX).unwrap_or(&plain);
    SERVICES.lines().find_map(|line| {
        let (name, prefix) = line.split_once(' ')?;
        (name == plain).then_some(prefix)
    })
}

fn exception(prefix: &str, operation: &str) -> Option<Vec<String>> {
    EXCEPTIONS.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (call, actions) = line.split_once(" =")?;
        let (service, name) = call.split_once(' ')?;
        let list = actions.split(',').map(str::trim).filter(|action| !action.is_empty());
        (service == prefix && name == operation).then(|| list.map(str::to_owned).collect())
    })
}

/// The log has the version of the API behind some names: `ListFunctions20150331`, `GetFunction20150331v2`.
fn undated(operation: &str) -> &str {
    const DATE: usize = 8;
    let digits = |text: &str| text.chars().rev().take_while(char::is_ascii_digit).count();
    let without = match operation.rsplit_once('v') {
        Some((before, version))
            if !version.is_empty()
                && version.chars().all(|c| c.is_ascii_digit())
                && digits(before) == DATE =>
        {
            before
        }
        _ => operation,
    };
    if digits(without) == DATE { without.get(..without.len() - DATE).unwrap_or(operation) } else { operation }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(service: &str, operation: &str) -> Option<String> {
        let call = Call {
            service: service.to_owned(),
            operation: operation.to_owned(),
            known: true,
            resources: Vec::new(),
            count: 1,
            denied: false,
            source: String::new(),
        };
        let attribution = one(&call);
        let actions: Vec<String> = attribution.permissions.into_iter().map(|one| one.action).collect();
        attribution.known.then(|| actions.join(","))
    }

    #[test]
    fn names_of_sdks_signatures_and_the_log_lead_to_the_same_permission() {
        for service in ["S3", "s3", "s3.amazonaws.com"] {
            assert_eq!(of(service, "ListObjectsV2").as_deref(), Some("s3:ListBucket"), "{service}");
        }
        for service in ["CloudWatch", "monitoring", "monitoring.amazonaws.com"] {
            assert_eq!(
                of(service, "PutMetricData").as_deref(),
                Some("cloudwatch:PutMetricData"),
                "{service}"
            );
        }
        assert_eq!(of("DynamoDB", "DescribeTable").as_deref(), Some("dynamodb:DescribeTable"));
        assert_eq!(of("Secrets Manager", "GetSecretValue").as_deref(), Some("secretsmanager:GetSecretValue"));
        assert_eq!(of("SFN", "StartExecution").as_deref(), Some("states:StartExecution"));
    }

    #[test]
    fn dated_names_are_the_same_and_what_needs_nothing_is_known() {
        assert_eq!(
            of("lambda.amazonaws.com", "ListFunctions20150331").as_deref(),
            Some("lambda:ListFunctions")
        );
        assert_eq!(
            of("lambda.amazonaws.com", "GetFunction20150331v2").as_deref(),
            Some("lambda:GetFunction")
        );
        assert_eq!(of("Lambda", "Invoke").as_deref(), Some("lambda:InvokeFunction"));
        assert_eq!(of("STS", "GetCallerIdentity").as_deref(), Some(""));
    }

    #[test]
    fn what_is_not_known_is_never_guessed() {
        for (service, operation) in [
            ("S3", "MadeUp"),
            ("Made Up", "GetObject"),
            ("", ""),
            ("S3", ""),
            ("s3", "20150331"),
            ("s3", "v2é1"),
        ] {
            assert_eq!(of(service, operation), None, "{service} {operation}");
        }
    }

    #[test]
    fn every_exception_names_actions_that_there_are() {
        let mut seen = 0;
        for line in EXCEPTIONS.lines().filter(|line| !line.starts_with('#')) {
            let (_, actions) = line.split_once(" =").unwrap();
            for action in actions.split(',').map(str::trim).filter(|action| !action.is_empty()) {
                let found = aws_catalogue::find(action);
                assert_eq!(found.map(|found| found.full_name()).as_deref(), Some(action), "{line}");
                seen += 1;
            }
        }
        assert!(seen > 60, "{seen}");
        for line in SERVICES.lines().filter(|line| !line.starts_with('#')) {
            let (_, prefix) = line.split_once(' ').unwrap();
            assert!(aws_catalogue::service(prefix).is_some(), "{line}");
        }
    }
}
