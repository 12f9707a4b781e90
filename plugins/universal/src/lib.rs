//! The universal vocabulary: names that mean the same on every cloud.
//!
//! The first set is the table of the project's policy document, unchanged. If one of its rows gives less than
//! its name says, a notice names the permission of the second set that gives the rest.

#[cfg(test)]
mod tests;

use audex_sdk::mapping::{Expansion, Mapping, Row};
use universal_table::{Entry, entries, providers};

struct Universal;

impl Mapping for Universal {
    fn rows() -> Vec<Row> {
        let row = |entry: &Entry, provider: &str| Row {
            universal: entry.universal.to_owned(),
            provider: provider.to_owned(),
            actions: actions(entry),
            note: entry.notice.map(ToOwned::to_owned),
        };
        let own = |entry| providers(entry).map(|provider| row(entry, provider)).collect::<Vec<_>>();
        entries().flat_map(own).collect()
    }

    fn expand(provider: String, permissions: Vec<String>) -> Vec<Option<Expansion>> {
        let find = |permission: &String| {
            let entry = entries().find(|entry| {
                entry.universal == permission && providers(entry).any(|spoken| spoken == provider)
            })?;
            Some(Expansion { actions: actions(entry), notice: entry.notice.map(ToOwned::to_owned) })
        };
        permissions.iter().map(find).collect()
    }
}

fn actions(entry: &Entry) -> Vec<String> {
    entry.actions.iter().map(|&action| action.to_owned()).collect()
}

audex_sdk::mapping!(Universal);
