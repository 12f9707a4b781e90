//! The needs of calls: the name of the operation behind the service's prefix, and a table of the exceptions.
//! An unknown call stays unknown.
//!
//! Services are named as in SDKs (`S3`, `DynamoDB`), signatures (`monitoring`) or the log
//! (`s3.amazonaws.com`).

pub mod exact;
mod note;
pub mod resource;

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use audex_sdk::provider::{Attribution, Call, Permission, Scope};
use method_table::sorted;

/// Names of services, sorted, and their prefixes (made by `data/services.py`).
const SERVICES: &str = include_str!("../data/services.txt");
const EXCEPTIONS: &str = include_str!("../data/exceptions.txt");
/// The actions of each exception, by prefix and operation.
static ACTIONS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    EXCEPTIONS
        .lines()
        .rev()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" ="))
        .collect()
});
/// Operations whose replies carry credentials, sorted by service (made by `data/credentials.py`).
const CREDENTIALS: &str = include_str!("../data/credentials.txt");
/// The suffix of service names in the log.
const LOG_SUFFIX: &str = ".amazonaws.com";
/// API Gateway's permissions are its methods. Source: Service Authorization Reference, "Amazon API Gateway
/// Management".
const BY_METHOD: &str = "apigateway";
/// The modifier of a call that passes a role to a service.
pub const PASSES_ROLE: &str = "role";

/// Returns one attribution for each call.
///
/// An operation may have modifiers, if its needs depend on more than its name: `GetObject?versionId`,
/// `PutObject?acl&tagging`.
#[must_use]
pub fn attribute(calls: &[Call]) -> Vec<Attribution> {
    calls.iter().map(one).collect()
}

fn one(call: &Call) -> Attribution {
    let Some((prefix, actions)) = actions(&call.service, &call.operation) else {
        return Attribution { known: false, permissions: Vec::new(), note: None };
    };
    let (operation, modifiers) = call.operation.split_once('?').unwrap_or((&call.operation, ""));
    let operation = undated(operation);
    let origin = format!("{prefix}:{operation}");
    let exact = exact::read(&call.operation, &call.resources);
    let note = note::of(prefix, operation, modifiers, exact.is_some());
    let needs = exact.unwrap_or_else(|| {
        let need = |action: String| {
            let resources = resource::fitting(&action, &call.resources);
            (action, resources)
        };
        actions.into_iter().map(need).collect()
    });
    let permission = |(action, resources)| Permission {
        action,
        resources: Scope::seen(resources),
        origin: origin.clone(),
    };
    Attribution { known: true, permissions: needs.into_iter().map(permission).collect(), note }
}

/// Returns the prefix of a service's permissions, and the actions that an operation with its modifiers needs;
/// returns `None` if these are unknown.
#[must_use]
pub fn actions(service: &str, operation: &str) -> Option<(&'static str, Vec<String>)> {
    let prefix = prefix(service)?;
    let (operation, modifiers) = operation.split_once('?').unwrap_or((operation, ""));
    let operation = undated(operation);
    let mut actions = match exception(prefix, operation) {
        Some(actions) => actions,
        None if prefix == BY_METHOD => {
            vec![aws_catalogue::find(&format!("{prefix}:{modifiers}"))?.full_name()]
        }
        None => vec![aws_catalogue::find(&format!("{prefix}:{operation}"))?.full_name()],
    };
    for modifier in modifiers.split('&') {
        if modifier == PASSES_ROLE {
            actions.push("iam:PassRole".to_owned());
        }
        let table = exception(prefix, &format!("{operation}?{modifier}")).unwrap_or_default();
        let (more, instead): (Vec<String>, Vec<String>) =
            table.into_iter().partition(|action| action.starts_with('+'));
        if !instead.is_empty() {
            actions = instead;
        }
        actions.extend(more.iter().map(|action| action.trim_start_matches('+').to_owned()));
    }
    Some((prefix, actions))
}

/// Returns true if the table has an entry for `modifier` on an operation of this service.
#[must_use]
pub fn has_modifier(service: &str, operation: &str, modifier: &str) -> bool {
    prefix(service)
        .is_some_and(|prefix| exception(prefix, &format!("{operation}?{modifier}")).is_some())
}

/// Returns true if the reply to an operation carries credentials, or an address that is signed with some.
/// `service` is a signing name.
#[must_use]
pub fn yields_credentials(service: &str, operation: &str) -> bool {
    // A name in another case, or with a version, might be taken for the same operation.
    let operation = undated(operation);
    let lines = sorted::lines_of(CREDENTIALS, service).lines();
    let mut names = lines.filter_map(|line| line.split_once(' '));
    names.any(|(_, name)| name.eq_ignore_ascii_case(operation))
}

/// Returns the actions of the operations whose replies carry credentials.
#[must_use]
pub fn yielding_actions() -> BTreeSet<String> {
    let lines = CREDENTIALS.lines().filter(|line| !line.starts_with('#'));
    let of = |line: &str| {
        let (service, operation) = line.split_once(' ')?;
        let (prefix, actions) = actions(service, operation)?;
        // Some operations need no permission; a policy can still deny them by name.
        Some(if actions.is_empty() { vec![format!("{prefix}:{operation}")] } else { actions })
    };
    lines.filter_map(of).flatten().collect()
}

/// Returns the prefix of a service's permissions.
#[must_use]
pub fn prefix(service: &str) -> Option<&'static str> {
    let plain = service.to_ascii_lowercase().replace(' ', "");
    let plain = plain.strip_suffix(LOG_SUFFIX).unwrap_or(&plain);
    sorted::rest_of(SERVICES, plain)
}

fn exception(prefix: &str, operation: &str) -> Option<Vec<String>> {
    let actions = ACTIONS.get(format!("{prefix} {operation}").as_str())?;
    let list = actions.split(',').map(str::trim).filter(|action| !action.is_empty());
    Some(list.map(str::to_owned).collect())
}

/// Removes the version of the API, which the log adds to some names: `ListFunctions20150331`,
/// `GetFunction20150331v2`.
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
    if digits(without) == DATE {
        without.get(..without.len() - DATE).unwrap_or(operation)
    } else {
        operation
    }
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
        let actions: Vec<String> =
            attribution.permissions.into_iter().map(|one| one.action).collect();
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
        assert_eq!(
            of("Secrets Manager", "GetSecretValue").as_deref(),
            Some("secretsmanager:GetSecretValue")
        );
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
    fn what_a_call_needs_may_depend_on_more_than_its_name() {
        assert_eq!(of("s3", "GetObject?versionId").as_deref(), Some("s3:GetObjectVersion"));
        assert_eq!(
            of("s3", "PutObject?acl&tagging").as_deref(),
            Some("s3:PutObject,s3:PutObjectAcl,s3:PutObjectTagging")
        );
        assert_eq!(of("s3", "PutObject?nonsense").as_deref(), Some("s3:PutObject"));
        assert_eq!(of("apigateway", "GetRestApis?GET").as_deref(), Some("apigateway:GET"));
        assert_eq!(of("apigateway", "GetRestApis"), None);
        assert_eq!(
            of("lambda", "CreateFunction?role").as_deref(),
            Some("lambda:CreateFunction,iam:PassRole")
        );
    }

    #[test]
    fn a_call_may_say_itself_what_it_needs() {
        let call = Call {
            service: "s3".to_owned(),
            operation: "CopyObject?s3:GetObject=1&s3:PutObject=0".to_owned(),
            known: true,
            resources: vec!["arn:aws:s3:::to/k".to_owned(), "arn:aws:s3:::from/k".to_owned()],
            count: 1,
            denied: false,
            source: String::new(),
        };
        let needs: Vec<_> = one(&call)
            .permissions
            .into_iter()
            .map(|one| (one.action, one.resources.named().to_vec()))
            .collect();
        let expected =
            [("s3:GetObject", "arn:aws:s3:::from/k"), ("s3:PutObject", "arn:aws:s3:::to/k")];
        assert_eq!(
            needs,
            expected.map(|(action, resource)| (action.to_owned(), vec![resource.to_owned()]))
        );
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

    /// Some operations of each kind: credentials, keys, tokens, passwords, activation codes, signed addresses.
    const YIELDING: [(&str, &str); 22] = [
        ("airflow", "CreateWebLoginToken"),
        ("apigateway", "GetApiKeys"),
        ("appstream", "CreateStreamingURL"),
        ("appsync", "ListApiKeys"),
        ("artifact", "GetReport"),
        ("bedrock-agentcore", "GetWorkloadAccessToken"),
        ("codebuild", "CreateWebhook"),
        ("codecatalyst", "StartDevEnvironmentSession"),
        ("ec2", "GetPasswordData"),
        ("eks", "RegisterCluster"),
        ("elasticmapreduce", "GetClusterSessionCredentials"),
        ("gamelift", "GetInstanceAccess"),
        ("grafana", "CreateWorkspaceApiKey"),
        ("iam", "CreateVirtualMFADevice"),
        ("ivs", "GetStreamKey"),
        ("lightsail", "DownloadDefaultKeyPair"),
        ("redshift-serverless", "GetIdentityCenterAuthToken"),
        ("s3", "GetDataAccess"),
        ("snowball", "GetJobUnlockCode"),
        ("ssm", "CreateActivation"),
        ("transcribe", "GetTranscriptionJob"),
        ("workmail", "AssumeImpersonationRole"),
    ];

    /// Operations with a member that only looks like a credential, and everyday reads.
    const HARMLESS: [(&str, &str); 22] = [
        ("cloudcontrolapi", "GetResourceRequestStatus"),
        ("cloudformation", "DescribeStacks"),
        ("dynamodb", "GetItem"),
        ("ec2", "DescribeInstances"),
        ("ec2", "DescribeVerifiedAccessTrustProviders"),
        ("ecs", "DescribeTasks"),
        ("eks", "DescribeCluster"),
        ("elasticfilesystem", "DescribeFileSystems"),
        ("elasticloadbalancing", "DescribeListeners"),
        ("fsx", "DescribeFileSystems"),
        ("iam", "ListAccessKeys"),
        ("kms", "GenerateDataKeyPair"),
        ("lambda", "Invoke"),
        ("lambda", "ListFunctions"),
        ("logs", "GetLogEvents"),
        ("rds", "DescribeDBInstances"),
        ("s3", "GetObject"),
        ("secretsmanager", "GetSecretValue"),
        ("sns", "ListTopics"),
        ("sqs", "ReceiveMessage"),
        ("states", "GetActivityTask"),
        ("sts", "GetCallerIdentity"),
    ];

    #[test]
    fn operations_whose_replies_carry_credentials_are_known_and_everyday_reads_are_not_among_them()
    {
        let actions_of = |(service, operation): (&str, &str)| {
            actions(service, operation).map(|(_, actions)| actions).unwrap_or_default()
        };
        let yielding = yielding_actions();
        for (service, operation) in YIELDING {
            assert!(yields_credentials(service, operation), "{service} {operation}");
            for action in actions_of((service, operation)) {
                assert!(yielding.contains(&action), "{service} {operation} {action}");
            }
        }
        for (service, operation) in HARMLESS {
            assert!(!yields_credentials(service, operation), "{service} {operation}");
            for action in actions_of((service, operation)) {
                assert!(!yielding.contains(&action), "{service} {operation} {action}");
            }
        }
    }

    #[test]
    fn lists_are_sorted_as_their_look_up_expects() {
        assert!(SERVICES.lines().is_sorted() && CREDENTIALS.lines().is_sorted());
    }

    #[test]
    fn every_exception_names_actions_that_there_are() {
        let mut seen = 0;
        for line in EXCEPTIONS.lines().filter(|line| !line.starts_with('#')) {
            let (_, actions) = line.split_once(" =").unwrap();
            for action in actions.split(',').map(str::trim).filter(|action| !action.is_empty()) {
                let action = action.trim_start_matches('+');
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
