//! The universal vocabulary: names that mean the same on every cloud.
//!
//! The first eight are those of the project's policy document; a notice stands where one gives less than its name says, and
//! names the one of the second set that does.

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
        // HashiCorp Vault issues AWS credentials here, so it speaks AWS.
        let vault = table::ROWS.iter().filter(|entry| entry.provider == "aws");
        let vault = vault.map(|entry| Row { provider: "vault".to_owned(), ..row(entry) });
        table::ROWS.iter().map(row).chain(vault).collect()
    }

    fn expand(provider: String, permissions: Vec<String>) -> Vec<Option<Expansion>> {
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
