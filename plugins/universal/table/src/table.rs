//! The first set: the table of the project's policy document, with notices.
//!
//! Sources of the notices: Google Cloud IAM permission reference (`secretmanager.versions.access` reads a
//! value, `bigquery.tables.getData` reads rows); Azure built-in operations (`vaults/secrets/read` shows
//! properties only, blob data is the data action `…/containers/blobs/read`).

/// One universal permission on one provider.
pub struct Entry {
    /// The name of the universal permission.
    pub universal: &'static str,
    /// The provider; an entry for AWS also applies to Vault ([`crate::providers`]).
    pub provider: &'static str,
    /// The actions that the permission stands for on this provider.
    pub actions: &'static [&'static str],
    /// The notice for the user, if there is one.
    pub notice: Option<&'static str>,
}

/// Returns an entry that gives what its name says.
#[must_use]
pub const fn row(
    universal: &'static str,
    provider: &'static str,
    actions: &'static [&'static str],
) -> Entry {
    Entry { universal, provider, actions, notice: None }
}

/// Returns an entry that gives less than its name says, with a notice.
#[must_use]
pub const fn noted(
    universal: &'static str,
    provider: &'static str,
    actions: &'static [&'static str],
    notice: &'static str,
) -> Entry {
    Entry { universal, provider, actions, notice: Some(notice) }
}

/// The rows of the first set.
pub static ROWS: &[Entry] = &[
    row("storage:read", "aws", &["s3:GetObject", "s3:ListBucket"]),
    noted(
        "storage:read",
        "gcp",
        &["storage.objects.get", "storage.buckets.list"],
        "`storage:read` on gcp reads objects and lists buckets; to list objects add `storage:list-data`",
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
        "`storage:write` on azure changes storage accounts, not the blobs in them: that is `storage:write-data` and `storage:delete-data`",
    ),
    row("database:read", "aws", &["dynamodb:GetItem", "dynamodb:Query"]),
    noted(
        "database:read",
        "gcp",
        &["bigquery.tables.get"],
        "`database:read` on gcp reads table metadata; rows (`bigquery.tables.getData`) are `database:read-data`",
    ),
    noted(
        "database:read",
        "azure",
        &["Microsoft.Sql/servers/databases/read"],
        "`database:read` on azure reads the database resource, not its rows; for items of Cosmos DB there is `database:read-data`",
    ),
    row("database:write", "aws", &["dynamodb:PutItem", "dynamodb:UpdateItem"]),
    noted(
        "database:write",
        "gcp",
        &["bigquery.tables.update"],
        "`database:write` on gcp changes table metadata; rows (`bigquery.tables.updateData`) are `database:write-data`",
    ),
    noted(
        "database:write",
        "azure",
        &["Microsoft.Sql/servers/databases/write"],
        "`database:write` on azure changes the database resource, not its rows; for items of Cosmos DB there is `database:write-data`",
    ),
    row("compute:read", "aws", &["ec2:DescribeInstances"]),
    row("compute:read", "gcp", &["compute.instances.list"]),
    row("compute:read", "azure", &["Microsoft.Compute/virtualMachines/read"]),
    row("secrets:read", "aws", &["secretsmanager:GetSecretValue"]),
    noted(
        "secrets:read",
        "gcp",
        &["secretmanager.secrets.get"],
        "`secrets:read` on gcp reads metadata; the value (`secretmanager.versions.access`) is `secrets:read-value`",
    ),
    noted(
        "secrets:read",
        "azure",
        &["Microsoft.KeyVault/vaults/secrets/read"],
        "`secrets:read` on azure reads properties; the value (`Microsoft.KeyVault/vaults/secrets/getSecret/action`) is `secrets:read-value`",
    ),
    row("logs:read", "aws", &["logs:GetLogEvents"]),
    row("logs:read", "gcp", &["logging.logEntries.list"]),
    noted(
        "logs:read",
        "azure",
        &["Microsoft.Insights/Logs/Read"],
        "`logs:read` on azure reads the logs of resources; a Log Analytics workspace is queried with `logs:query`",
    ),
    row("monitoring:read", "aws", &["cloudwatch:GetMetricStatistics"]),
    row("monitoring:read", "gcp", &["monitoring.timeSeries.list"]),
    row("monitoring:read", "azure", &["Microsoft.Insights/Metrics/Read"]),
];
