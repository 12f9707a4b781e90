//! The universal vocabulary: eight names that mean the same on every cloud.
//!
//! The rows are those of the project's policy document; a notice stands where a row gives less than its name says.

mod table;

use audex_sdk::mapping::{Expansion, Mapping, Row};

struct Universal;

impl Mapping for Universal {
    fn rows() -> Vec<Row> {
        let row = |entry: &table::Entry| Row {
            universal: entry.universal.to_owned(),
            provider: entry.provider.to_owned(),
            actions: actions(entry),
            note: entry.notice.map(ToOwned::to_owned),
        };
        table::ROWS.iter().map(row).collect()
    }

    fn expand(provider: String, permissions: Vec<String>) -> Vec<Option<Expansion>> {
        // HashiCorp Vault issues AWS credentials here, so it speaks AWS.
        let spoken = if provider == "vault" { "aws" } else { provider.as_str() };
        let find = |permission: &String| {
            let entry =
                table::ROWS.iter().find(|row| row.provider == spoken && row.universal == permission)?;
            Some(Expansion { actions: actions(entry), notice: entry.notice.map(ToOwned::to_owned) })
        };
        permissions.iter().map(find).collect()
    }
}

fn actions(entry: &table::Entry) -> Vec<String> {
    entry.actions.iter().map(|&action| action.to_owned()).collect()
}

audex_sdk::mapping!(Universal);
