//! The table as data: the eight names of the project's policy document first, then a second set for what some of those do not
//! give on every cloud, namely the data itself.
//!
//! Sources: Google Cloud IAM permission reference (`secretmanager.versions.access` reads a value, `bigquery.tables.getData`
//! rows, `storage.objects.list` the objects of a bucket); Azure built-in operations (`vaults/secrets/read` shows properties
//! only; blobs, table entities and secret values are data actions; log queries are
//! `Microsoft.OperationalInsights/workspaces/query/…`); Service Authorization Reference for AWS.

/// One universal permission on one provider.
pub struct Entry {
    pub universal: &'static str,
    pub provider: &'static str,
    pub actions: &'static [&'static str],
    pub notice: Option<&'static str>,
}

const fn row(universal: &'static str, provider: &'static str, actions: &'static [&'static str]) -> Entry {
    Entry { universal, provider, actions, notice: None }
}

const fn noted(
    universal: &'static str,
    provider: &'static str,
    actions: &'static [&'static str],
    notice: &'static str,
) -> Entry {
    Entry { universal, provider, actions, notice: Some(notice) }
}

pub static ROWS: &[Entry] = &[
    row("storage:read", "aws", &["s3:GetObject", "s3:ListBucket"]),
    noted(
        "storage:read",
        "gcp",
        &["storage.objects.get", "storage.buckets.list"],
        "`storage:read` on gcp lists buckets, not the objects in them: that is `storage:read-data`",
    ),
    noted(
        "storage:read",
        "azure",
        &["Microsoft.Storage/storageAccounts/read"],
        "`storage:read` on azure reads storage accounts, not the blobs in them: that is `storage:read-data`",
    ),
    row("storage:write", "aws", &["s3:PutObject", "s3:DeleteObject"]),
    row("storage:write", "gcp", &["storage.objects.create", "storage.objects.delete"]),
    noted(
        "storage:write",
        "azure",
        &["Microsoft.Storage/storageAccounts/write"],
        "`storage:write` on azure changes storage accounts, not the blobs in them: that is `storage:write-data`",
    ),
    row("database:read", "aws", &["dynamodb:GetItem", "dynamodb:Query"]),
    noted(
        "database:read",
        "gcp",
        &["bigquery.tables.get"],
        "`database:read` on gcp reads table metadata, not rows: that is `database:read-data`",
    ),
    noted(
        "database:read",
        "azure",
        &["Microsoft.Sql/servers/databases/read"],
        "`database:read` on azure reads the database resource, not its rows; for table storage that is `database:read-data`",
    ),
    row("database:write", "aws", &["dynamodb:PutItem", "dynamodb:UpdateItem"]),
    noted(
        "database:write",
        "gcp",
        &["bigquery.tables.update"],
        "`database:write` on gcp changes table metadata, not rows: that is `database:write-data`",
    ),
    noted(
        "database:write",
        "azure",
        &["Microsoft.Sql/servers/databases/write"],
        "`database:write` on azure changes the database resource, not its rows; for table storage that is `database:write-data`",
    ),
    row("compute:read", "aws", &["ec2:DescribeInstances"]),
    row("compute:read", "gcp", &["compute.instances.list"]),
    row("compute:read", "azure", &["Microsoft.Compute/virtualMachines/read"]),
    row("secrets:read", "aws", &["secretsmanager:GetSecretValue"]),
    noted(
        "secrets:read",
        "gcp",
        &["secretmanager.secrets.get"],
        "`secrets:read` on gcp reads metadata, not the value: that is `secrets:read-value`",
    ),
    noted(
        "secrets:read",
        "azure",
        &["Microsoft.KeyVault/vaults/secrets/read"],
        "`secrets:read` on azure reads properties, not the value: that is `secrets:read-value`",
    ),
    row("logs:read", "aws", &["logs:GetLogEvents"]),
    row("logs:read", "gcp", &["logging.logEntries.list"]),
    row("logs:read", "azure", &["Microsoft.Insights/Logs/Read"]),
    row("monitoring:read", "aws", &["cloudwatch:GetMetricStatistics"]),
    row("monitoring:read", "gcp", &["monitoring.timeSeries.list"]),
    row("monitoring:read", "azure", &["Microsoft.Insights/Metrics/Read"]),
    // The second set: what is stored, and not only what is known about it.
    row("storage:list", "aws", &["s3:ListAllMyBuckets"]),
    row("storage:list", "gcp", &["storage.buckets.list"]),
    row("storage:list", "azure", &["Microsoft.Storage/storageAccounts/read"]),
    row("storage:read-data", "aws", &["s3:GetObject", "s3:ListBucket"]),
    row("storage:read-data", "gcp", &["storage.objects.get", "storage.objects.list"]),
    row(
        "storage:read-data",
        "azure",
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
    ),
    row("storage:write-data", "aws", &["s3:PutObject", "s3:DeleteObject"]),
    row("storage:write-data", "gcp", &["storage.objects.create", "storage.objects.delete"]),
    row(
        "storage:write-data",
        "azure",
        &[
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
        ],
    ),
    row("database:read-data", "aws", &["dynamodb:GetItem", "dynamodb:Query"]),
    row(
        "database:read-data",
        "gcp",
        &["bigquery.tables.get", "bigquery.tables.getData", "bigquery.jobs.create"],
    ),
    row(
        "database:read-data",
        "azure",
        &["Microsoft.Storage/storageAccounts/tableServices/tables/entities/read"],
    ),
    row("database:write-data", "aws", &["dynamodb:PutItem", "dynamodb:UpdateItem"]),
    row("database:write-data", "gcp", &["bigquery.tables.updateData", "bigquery.jobs.create"]),
    row(
        "database:write-data",
        "azure",
        &["Microsoft.Storage/storageAccounts/tableServices/tables/entities/write"],
    ),
    row("secrets:read-value", "aws", &["secretsmanager:GetSecretValue"]),
    row("secrets:read-value", "gcp", &["secretmanager.versions.access"]),
    row("secrets:read-value", "azure", &["Microsoft.KeyVault/vaults/secrets/getSecret/action"]),
    row("logs:query", "aws", &["logs:StartQuery", "logs:GetQueryResults", "logs:FilterLogEvents"]),
    row("logs:query", "gcp", &["logging.logEntries.list"]),
    row(
        "logs:query",
        "azure",
        &[
            "Microsoft.OperationalInsights/workspaces/query/read",
            "Microsoft.OperationalInsights/workspaces/query/*/read",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_something_once_on_each_cloud() {
        for row in ROWS {
            for provider in ["aws", "gcp", "azure"] {
                let meanings = ROWS
                    .iter()
                    .filter(|other| other.universal == row.universal && other.provider == provider);
                assert_eq!(meanings.count(), 1, "{} on {provider}", row.universal);
            }
            assert!(!row.actions.is_empty());
        }
    }

    #[test]
    fn every_aws_action_is_one() {
        for action in ROWS.iter().filter(|row| row.provider == "aws").flat_map(|row| row.actions) {
            let found = aws_catalogue::find(action).unwrap_or_else(|| panic!("{action}"));
            assert_eq!(found.full_name(), **action);
        }
    }

    #[test]
    fn a_notice_names_a_permission_of_the_second_set_that_is_there() {
        for row in ROWS {
            let Some(notice) = row.notice else { continue };
            let named = notice.rsplit('`').nth(1).unwrap();
            assert!(
                ROWS.iter().any(|other| other.universal == named && other.provider == row.provider),
                "{notice}"
            );
        }
    }
}
