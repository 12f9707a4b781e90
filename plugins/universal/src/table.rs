//! The table as data.
//!
//! Sources of the notices: Google Cloud IAM permission reference (`secretmanager.versions.access` reads a value,
//! `bigquery.tables.getData` reads rows); Azure built-in operations (`vaults/secrets/read` shows properties only, blob data
//! is the data action `…/containers/blobs/read`).

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
    row("storage:read", "gcp", &["storage.objects.get", "storage.buckets.list"]),
    noted(
        "storage:read",
        "azure",
        &["Microsoft.Storage/storageAccounts/read"],
        "`storage:read` on azure reads storage accounts, not the blobs in them",
    ),
    row("storage:write", "aws", &["s3:PutObject", "s3:DeleteObject"]),
    row("storage:write", "gcp", &["storage.objects.create", "storage.objects.delete"]),
    noted(
        "storage:write",
        "azure",
        &["Microsoft.Storage/storageAccounts/write"],
        "`storage:write` on azure changes storage accounts, not the blobs in them",
    ),
    row("database:read", "aws", &["dynamodb:GetItem", "dynamodb:Query"]),
    noted(
        "database:read",
        "gcp",
        &["bigquery.tables.get"],
        "`database:read` on gcp reads table metadata; rows need `bigquery.tables.getData`",
    ),
    noted(
        "database:read",
        "azure",
        &["Microsoft.Sql/servers/databases/read"],
        "`database:read` on azure reads the database resource, not its rows",
    ),
    row("database:write", "aws", &["dynamodb:PutItem", "dynamodb:UpdateItem"]),
    noted(
        "database:write",
        "gcp",
        &["bigquery.tables.update"],
        "`database:write` on gcp changes table metadata; rows need `bigquery.tables.updateData`",
    ),
    noted(
        "database:write",
        "azure",
        &["Microsoft.Sql/servers/databases/write"],
        "`database:write` on azure changes the database resource, not its rows",
    ),
    row("compute:read", "aws", &["ec2:DescribeInstances"]),
    row("compute:read", "gcp", &["compute.instances.list"]),
    row("compute:read", "azure", &["Microsoft.Compute/virtualMachines/read"]),
    row("secrets:read", "aws", &["secretsmanager:GetSecretValue"]),
    noted(
        "secrets:read",
        "gcp",
        &["secretmanager.secrets.get"],
        "`secrets:read` on gcp reads metadata; the value needs `secretmanager.versions.access`",
    ),
    noted(
        "secrets:read",
        "azure",
        &["Microsoft.KeyVault/vaults/secrets/read"],
        "`secrets:read` on azure reads properties; the value is the data action `Microsoft.KeyVault/vaults/secrets/getSecret/action`",
    ),
    row("logs:read", "aws", &["logs:GetLogEvents"]),
    row("logs:read", "gcp", &["logging.logEntries.list"]),
    row("logs:read", "azure", &["Microsoft.Insights/Logs/Read"]),
    row("monitoring:read", "aws", &["cloudwatch:GetMetricStatistics"]),
    row("monitoring:read", "gcp", &["monitoring.timeSeries.list"]),
    row("monitoring:read", "azure", &["Microsoft.Insights/Metrics/Read"]),
];
