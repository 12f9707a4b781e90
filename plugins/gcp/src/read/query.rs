//! The query of a request: known parameters only, and none that changes the method or the caller.
//!
//! Source: "Standard query parameters" and "System parameters" of Google's APIs; `../../methods/query.txt` has
//! the parameters of the methods.

use audex_sdk::provider::SeenRequest;
use serde_json::{Map, Value};

use super::body::camel;

/// The parameters of the methods of each API. `../../methods/generate.py` makes the file.
const METHODS: &str = include_str!("../../methods/query.txt");
/// Parameters that every API takes and that do not change what a method does.
const STANDARD: [&str; 12] = [
    "alt",
    "fields",
    "prettyPrint",
    "quotaUser",
    "userIp",
    "uploadType",
    "uploadId",
    "$.xgafv",
    "$alt",
    "$fields",
    "$prettyPrint",
    "$apiVersion",
];
/// The values of `alt` that are read. `proto` would make the body another one.
const ALTS: [&str; 3] = ["json", "media", "sse"];

/// Returns the parameters of `request` by name, each in camel case. Security: an unknown parameter may change the
/// method (`$httpMethod`), the caller (`access_token`, `key`) or the reply (`callback`), so it is refused.
///
/// # Errors
/// The reason why the query has more than one meaning.
pub fn parameters(request: &SeenRequest, api: &str) -> Result<Map<String, Value>, String> {
    let known = method_table::sorted::rest_of(body_of(METHODS), api).unwrap_or_default();
    let mut found: Map<String, Value> = Map::new();
    for (name, value) in &request.query {
        let (name, value) = (camel(name), value.clone());
        let standard = STANDARD.contains(&name.as_str());
        if !standard && !known.split(' ').any(|known| camel(known) == name) {
            return Err(format!("the parameter `{name}` is not known"));
        }
        let is_alt = name == "alt" || name == "$alt";
        if is_alt && !ALTS.contains(&value.as_str()) {
            return Err(format!("`{name}={value}` is not read"));
        }
        let before = found.get(&name).cloned();
        let value = match before {
            None => Value::String(value),
            // A parameter of the method that is a list, which must not name a resource: see `resources`.
            Some(Value::Array(mut list)) => {
                list.push(Value::String(value));
                Value::Array(list)
            }
            Some(first) => Value::Array(vec![first, Value::String(value)]),
        };
        found.insert(name, value);
    }
    Ok(found)
}

/// Returns the one value of a parameter.
///
/// # Errors
/// If the parameter is there twice.
pub fn one<'a>(query: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, String> {
    match query.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err(format!("the parameter `{name}` is there more than once")),
    }
}

/// Returns the lines after the first, which is a comment.
fn body_of(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rest)| rest)
}
