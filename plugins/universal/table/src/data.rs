//! The second set: the permissions that people expect where the first set gives only metadata or only half.
//!
//! Sources: Service Authorization Reference (AWS); "IAM permissions reference", "IAM permissions for Cloud
//! Storage" and "`BigQuery` IAM roles and permissions" (Google Cloud); "Azure permissions reference" for
//! storage, security and monitoring, and "List Blobs", where the action that reads also authorises listing;
//! "Data plane role-based access control" of Azure Cosmos DB; "Control access to Log Analytics data" of Azure
//! Monitor.

use crate::table::{Entry, noted, row};

/// The notice for Azure SQL: Azure's own access control has no permission for rows; users of the database
/// decide.
const COSMOS: &str = "on azure this is about items of Cosmos DB, which takes it in its own role definitions; rows of \
                      Azure SQL are granted inside the database";

/// The rows.
pub static ROWS: &[Entry] = &[
    row("storage:read-data", "aws", &["s3:GetObject"]),
    row("storage:read-data", "gcp", &["storage.objects.get"]),
    row(
        "storage:read-data",
        "azure",
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
    ),
    row("storage:write-data", "aws", &["s3:PutObject"]),
    noted(
        "storage:write-data",
        "gcp",
        &["storage.objects.create"],
        "on gcp an object that is there is replaced only with `storage:delete-data` as well",
    ),
    row(
        "storage:write-data",
        "azure",
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"],
    ),
    row("storage:delete-data", "aws", &["s3:DeleteObject"]),
    row("storage:delete-data", "gcp", &["storage.objects.delete"]),
    row(
        "storage:delete-data",
        "azure",
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete"],
    ),
    row("storage:list-data", "aws", &["s3:ListBucket"]),
    row("storage:list-data", "gcp", &["storage.objects.list"]),
    noted(
        "storage:list-data",
        "azure",
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
        "azure has one permission to list blobs and to read them: `storage:list-data` reads as well",
    ),
    row("storage:list-buckets", "aws", &["s3:ListAllMyBuckets"]),
    row("storage:list-buckets", "gcp", &["storage.buckets.list"]),
    row(
        "storage:list-buckets",
        "azure",
        &["Microsoft.Storage/storageAccounts/blobServices/containers/read"],
    ),
    row(
        "database:read-data",
        "aws",
        &["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"],
    ),
    row("database:read-data", "gcp", &["bigquery.tables.getData", "bigquery.jobs.create"]),
    noted(
        "database:read-data",
        "azure",
        &[
            "Microsoft.DocumentDB/databaseAccounts/readMetadata",
            "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/read",
            "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeQuery",
        ],
        COSMOS,
    ),
    row(
        "database:write-data",
        "aws",
        &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"],
    ),
    row("database:write-data", "gcp", &["bigquery.tables.updateData", "bigquery.jobs.create"]),
    noted(
        "database:write-data",
        "azure",
        &[
            "Microsoft.DocumentDB/databaseAccounts/readMetadata",
            "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/create",
            "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/replace",
            "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/upsert",
        ],
        COSMOS,
    ),
    row("secrets:read-value", "aws", &["secretsmanager:GetSecretValue"]),
    row("secrets:read-value", "gcp", &["secretmanager.versions.access"]),
    row("secrets:read-value", "azure", &["Microsoft.KeyVault/vaults/secrets/getSecret/action"]),
    row("logs:query", "aws", &["logs:StartQuery", "logs:GetQueryResults"]),
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
