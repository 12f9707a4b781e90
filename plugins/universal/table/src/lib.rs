//! The built-in table of universal permissions: names that mean the same on every cloud.
//!
//! The component `universal` answers from this table, and the host reads deny lists with it. Security: a
//! configured mapping can replace the component; it cannot replace this table.

pub mod data;
pub mod table;

pub use table::Entry;

/// Returns both sets of the table.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    table::ROWS.iter().chain(data::ROWS)
}

/// Returns the providers that an entry is for: `HashiCorp` Vault issues AWS credentials here, so it speaks
/// AWS.
pub fn providers(entry: &Entry) -> impl Iterator<Item = &'static str> + use<> {
    let also = (entry.provider == "aws").then_some("vault");
    std::iter::once(entry.provider).chain(also)
}
