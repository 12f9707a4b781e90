//! Permissions of other services that a parameter shows.

use aws_api::Asked;
use aws_policy::observed::exact::Need;
use aws_policy::observed::resource::{Place, Request, arns};

/// Operations of the data APIs that log in to a database.
/// Source: Redshift Management Guide, "Authorizing access to the Amazon Redshift Data API"; Aurora User
/// Guide, "Using RDS Data API".
const REDSHIFT: [&str; 6] = [
    "BatchExecuteStatement",
    "DescribeTable",
    "ExecuteStatement",
    "ListDatabases",
    "ListSchemas",
    "ListTables",
];
const SECRET: &str = "secretsmanager:GetSecretValue";

/// Returns the needs shown by the parameters of an operation; `service` is the prefix of its service.
pub fn needs(service: &str, asked: &Asked, place: Place<'_>) -> Vec<Need> {
    let value = |name: &str| asked.values(name).find(|value| !value.is_empty()).map(str::to_owned);
    let secret = || {
        let named = vec![("SecretId".to_owned(), value("SecretArn")?)];
        let request = Request {
            service: "secretsmanager",
            operation: "GetSecretValue",
            parameters: &named,
            place,
        };
        Some((SECRET.to_owned(), arns(SECRET, &request)))
    };
    match service {
        "rds-data" => secret().into_iter().collect(),
        "redshift-data" if REDSHIFT.contains(&asked.operation.as_str()) => {
            let cluster =
                value("ClusterIdentifier").map(|cluster| ("ClusterName".to_owned(), cluster));
            let user = value("DbUser").map(|user| ("DbUser".to_owned(), user));
            let database = value("Database").map(|name| ("DbName".to_owned(), name));
            secret()
                .or_else(|| {
                    let cluster = cluster?;
                    let action = if user.is_some() {
                        "GetClusterCredentials"
                    } else {
                        "GetClusterCredentialsWithIAM"
                    };
                    let names: Vec<(String, String)> =
                        [Some(cluster), user, database].into_iter().flatten().collect();
                    let request = Request {
                        service: "redshift",
                        operation: action,
                        parameters: &names,
                        place,
                    };
                    let action = format!("redshift:{action}");
                    let on = arns(&action, &request);
                    Some((action, on))
                })
                .or_else(|| {
                    // The ARN of a workgroup has an id that is not in the request.
                    let workgroup = value("WorkgroupName")?;
                    let on =
                        if workgroup.starts_with("arn:") { vec![workgroup] } else { Vec::new() };
                    Some(("redshift-serverless:GetCredentials".to_owned(), on))
                })
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}
