use universal_table::{data, table};

use super::*;

/// The project's policy document, "Supported Universal Permissions", in Azure's own spelling.
const DOCUMENT: &str = "
storage:read|s3:GetObject,s3:ListBucket|storage.objects.get,storage.buckets.list|Microsoft.Storage/storageAccounts/read
storage:write|s3:PutObject,s3:DeleteObject|storage.objects.create,storage.objects.delete|Microsoft.Storage/storageAccounts/write
database:read|dynamodb:GetItem,dynamodb:Query|bigquery.tables.get|Microsoft.SQL/servers/databases/read
database:write|dynamodb:PutItem,dynamodb:UpdateItem|bigquery.tables.update|Microsoft.SQL/servers/databases/write
compute:read|ec2:DescribeInstances|compute.instances.list|Microsoft.Compute/virtualMachines/read
secrets:read|secretsmanager:GetSecretValue|secretmanager.secrets.get|Microsoft.KeyVault/vaults/secrets/read
logs:read|logs:GetLogEvents|logging.logEntries.list|Microsoft.Insights/logs/read
monitoring:read|cloudwatch:GetMetricStatistics|monitoring.timeSeries.list|Microsoft.Insights/metrics/read";

/// Rows of the first set that give only metadata, or less than their name says.
const LESS: [(&str, &str); 10] = [
    ("storage:read", "gcp"),
    ("storage:read", "azure"),
    ("storage:write", "azure"),
    ("database:read", "gcp"),
    ("database:read", "azure"),
    ("database:write", "gcp"),
    ("database:write", "azure"),
    ("secrets:read", "gcp"),
    ("secrets:read", "azure"),
    ("logs:read", "azure"),
];

fn expanded(provider: &str, permission: &str) -> Option<Expansion> {
    Universal::expand(provider.to_owned(), vec![permission.to_owned()]).remove(0)
}

#[test]
fn the_first_set_is_the_documents_table() {
    let mut rows = 0;
    for line in DOCUMENT.trim().lines() {
        let cells: Vec<&str> = line.split('|').collect();
        for (provider, actions) in ["aws", "gcp", "azure"].into_iter().zip(&cells[1..]) {
            let found = expanded(provider, cells[0]).unwrap().actions.join(",");
            let same = if provider == "azure" {
                found.eq_ignore_ascii_case(actions)
            } else {
                found == *actions
            };
            assert!(same, "{} on {provider}: {found}", cells[0]);
            rows += 1;
        }
    }
    assert_eq!(rows, table::ROWS.len());
}

#[test]
fn every_name_stands_once_on_each_of_the_clouds() {
    let mut seen = std::collections::BTreeMap::<String, Vec<String>>::new();
    for row in Universal::rows() {
        assert!(!row.actions.is_empty());
        seen.entry(row.universal).or_default().push(row.provider);
    }
    for (universal, mut providers) in seen {
        providers.sort_unstable();
        assert_eq!(providers, ["aws", "azure", "gcp", "vault"], "{universal}");
    }
}

#[test]
fn every_action_is_one_of_its_cloud() {
    for entry in entries() {
        for action in entry.actions {
            match entry.provider {
                "aws" => {
                    let found = aws_catalogue::find(action).unwrap_or_else(|| panic!("{action}"));
                    assert_eq!(found.full_name(), *action);
                }
                "gcp" => {
                    assert!(
                        action.split('.').count() == 3 && !action.contains([':', '/', '*']),
                        "{action}"
                    );
                }
                "azure" => {
                    assert!(action.starts_with("Microsoft.") && action.contains('/'), "{action}");
                }
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn what_gives_less_than_its_name_says_names_what_gives_it() {
    for entry in table::ROWS {
        let less = LESS.contains(&(entry.universal, entry.provider));
        assert_eq!(entry.notice.is_some(), less, "{} on {}", entry.universal, entry.provider);
        let Some(notice) = entry.notice else { continue };
        let quoted: Vec<&str> = notice.split('`').skip(1).step_by(2).collect();
        let names: Vec<&&str> = quoted
            .iter()
            .filter(|name| {
                data::ROWS
                    .iter()
                    .any(|row| row.universal == **name && row.provider == entry.provider)
            })
            .collect();
        assert!(!names.is_empty(), "{notice}");
    }
}

#[test]
fn vault_speaks_aws_and_others_do_not() {
    for universal in ["storage:read", "secrets:read-value"] {
        let (vault, aws) =
            (expanded("vault", universal).unwrap(), expanded("aws", universal).unwrap());
        assert_eq!(vault.actions, aws.actions);
    }
    assert!(expanded("oracle", "storage:read").is_none());
}

#[test]
fn a_name_of_neither_set_is_native() {
    for name in ["storage:delete", "Storage:read", "s3:GetObject", "storage:*"] {
        assert!(expanded("aws", name).is_none(), "{name}");
    }
}
