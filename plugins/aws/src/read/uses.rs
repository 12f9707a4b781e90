//! The number of items that a request names, for budgets: the length of its longest list.

use std::collections::HashMap;

use aws_api::{Asked, KEY, VERSIONED_KEY, longest_cbor_list};
use serde_json::Value;

/// The parameter of DynamoDB's batches, by table.
const BY_TABLE: &str = "RequestItems";

/// Returns the number of items, each as often as it is named: the longest list of the request, at least 1.
pub(super) fn of(parameters: &[u8], body: Option<&Value>, asked: &Asked) -> u32 {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (name, _) in &asked.parameters {
        // Both are objects of one deletion.
        let name = if name == VERSIONED_KEY { KEY } else { name };
        *counts.entry(unnumbered(name)).or_default() += 1;
    }
    let listed = counts.into_values().max().unwrap_or_default();
    let fields = body.and_then(Value::as_object).into_iter().flatten();
    let in_body = fields.map(|(name, value)| length(name, value)).max();
    let in_cbor = if body.is_none() { longest_cbor_list(parameters) } else { 0 };
    let most = listed.max(in_body.unwrap_or_default()).max(in_cbor).max(1);
    u32::try_from(most).unwrap_or(u32::MAX)
}

fn length(name: &str, value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(tables) if name == BY_TABLE => {
            // Items to write are a list, items to read are the `Keys` of an object.
            let items = |table: &Value| {
                table.as_array().or_else(|| table.get("Keys")?.as_array()).map_or(1, Vec::len)
            };
            tables.values().map(items).sum()
        }
        _ => 0,
    }
}

/// Returns the name without the places of list items: `Entry.2.Id` and `Entry.3.Id` are of one list.
fn unnumbered(name: &str) -> String {
    let is_place = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    name.split('.').filter(|part| !is_place(part)).collect::<Vec<_>>().join(".")
}
