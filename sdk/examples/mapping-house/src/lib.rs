//! A company's own vocabulary, in place of the built-in one.

use audex_sdk::mapping::{Expansion, Mapping, Row};

struct House;

/// A name, a provider, and the actions of the name there.
const TABLE: [(&str, &str, &[&str]); 2] = [
    ("reports:read", "aws", &["s3:GetObject", "s3:ListBucket"]),
    ("door:read", "acme", &["door:look"]),
];

impl Mapping for House {
    fn rows() -> Vec<Row> {
        let row = |(name, provider, actions): &(&str, &str, &[&str])| Row {
            universal: (*name).into(),
            provider: (*provider).into(),
            actions: actions.iter().map(|action| (*action).into()).collect(),
            note: None,
        };
        TABLE.iter().map(row).collect()
    }

    fn expand(provider: String, permissions: Vec<String>) -> Vec<Option<Expansion>> {
        let meaning = |asked: String| {
            // If a name of this table has no row for the provider, it has no actions; the host then says so.
            TABLE.iter().find(|(name, ..)| *name == asked)?;
            let rows = Self::rows()
                .into_iter()
                .filter(|row| row.universal == asked && row.provider == provider);
            Some(Expansion { actions: rows.flat_map(|row| row.actions).collect(), notice: None })
        };
        permissions.into_iter().map(meaning).collect()
    }
}

audex_sdk::mapping!(House);
