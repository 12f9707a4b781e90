//! An entry in an object of MCP servers, in JSON with comments.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode};

use super::ENTRY;
use super::target::EditError;
use audex_core::toml_place;

/// A value of the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

/// What the tools accept: comments and a comma after the last item, nothing else beyond JSON.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};
/// The mark that some editors put before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Returns `text` with the entry in the object `servers`.
///
/// # Errors
/// When the text is not JSON, or has another kind of value where an object is expected.
pub(super) fn with(
    text: &str,
    servers: &str,
    entry: &[(&'static str, Field)],
) -> Result<String, EditError> {
    edited(text, |root| {
        let top = match root.value() {
            None => root.object_value_or_set(),
            Some(_) => root.object_value().ok_or_else(|| kind(1, "the top level"))?,
        };
        let list = match top.get(servers) {
            None => top.object_value_or_set(servers),
            Some(found) => object(text, &found, servers)?,
        };
        let fields = entry.iter().map(|(name, field)| ((*name).to_owned(), value(field)));
        let ours = CstInputValue::Object(fields.collect());
        match list.get(ENTRY) {
            Some(old) => old.set_value(ours),
            None => drop(list.append(ENTRY, ours)),
        }
        Ok(())
    })
}

/// Returns `text` without the entry, and without an object `servers` that has no other.
///
/// # Errors
/// As [`with`].
pub(super) fn without(text: &str, servers: &str) -> Result<String, EditError> {
    edited(text, |root| {
        let Some(found) = root.object_value().and_then(|top| top.get(servers)) else {
            return Ok(());
        };
        let list = object(text, &found, servers)?;
        if let Some(ours) = list.get(ENTRY) {
            ours.remove();
            if list.properties().is_empty() {
                found.remove();
            }
        }
        Ok(())
    })
}

fn edited(
    text: &str,
    edit: impl FnOnce(&CstRootNode) -> Result<(), EditError>,
) -> Result<String, EditError> {
    let (mark, body) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(body) => (&text[..BYTE_ORDER_MARK.len_utf8()], body),
        None => ("", text),
    };
    let root = CstRootNode::parse(body, &OPTIONS).map_err(|error| EditError::Malformed {
        line: error.line_display(),
        reason: error.kind().to_string(),
    })?;
    edit(&root)?;
    Ok(format!("{mark}{root}"))
}

fn object(text: &str, found: &CstObjectProp, key: &str) -> Result<CstObject, EditError> {
    let line = text.find(&format!("\"{key}\"")).map_or(1, |at| toml_place::line(text, at));
    found.object_value().ok_or_else(|| kind(line, key))
}

fn kind(line: usize, key: &str) -> EditError {
    EditError::Kind { line, key: key.to_owned(), expected: "an object" }
}

fn value(field: &Field) -> CstInputValue {
    match field {
        Field::Text(text) => CstInputValue::String(text.clone()),
        Field::List(items) => {
            CstInputValue::Array(items.iter().cloned().map(CstInputValue::String).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Vec<(&'static str, Field)> {
        vec![
            ("command", Field::Text("/bin/tryaudex".to_owned())),
            ("args", Field::List(vec!["mcp".to_owned()])),
        ]
    }

    #[test]
    fn an_entry_is_added_and_everything_else_stays() {
        let text = "{\n    // mine\n    \"theme\": \"dark\", /* keep */\n    \"mcpServers\": {\n        \"other\": { \"command\": \"x\" },\n    },\n}\n";
        let set = with(text, "mcpServers", &entry()).unwrap();
        assert!(set.contains("// mine") && set.contains("/* keep */"), "{set}");
        assert!(set.contains("\"other\": { \"command\": \"x\" },\n"), "{set}");
        assert!(set.contains("\"audex\": {\n            \"command\": \"/bin/tryaudex\""), "{set}");
        assert_eq!(without(&set, "mcpServers").unwrap(), text);
        assert_eq!(with(&set, "mcpServers", &entry()).unwrap(), set);
    }

    #[test]
    fn no_file_and_an_empty_object_get_the_object_of_servers() {
        for text in ["", "{}", "{\n}\n", "\u{feff}{}"] {
            let set = with(text, "servers", &entry()).unwrap();
            let json: serde_json::Value =
                serde_json::from_str(set.trim_start_matches(BYTE_ORDER_MARK)).unwrap();
            assert_eq!(json["servers"]["audex"]["args"][0], "mcp", "{text:?}");
            assert_eq!(set.starts_with(BYTE_ORDER_MARK), text.starts_with(BYTE_ORDER_MARK));
        }
    }

    #[test]
    fn line_ends_of_the_file_are_kept() {
        let set = with("{\r\n  \"a\": 1\r\n}\r\n", "servers", &entry()).unwrap();
        assert!(!set.replace("\r\n", "").contains('\n'), "{set:?}");
    }

    #[test]
    fn what_is_not_an_object_is_refused_with_its_line() {
        let refused = |text: &str| with(text, "servers", &entry()).unwrap_err().to_string();
        assert_eq!(refused("{\n  \"servers\": []\n}"), "line 2: `servers` is not an object");
        assert_eq!(refused("[1]"), "line 1: `the top level` is not an object");
        for (text, line) in [("{\n  \"a\": 1,\n  b: 2\n}", 3), ("{\n", 1), ("{'a': 1}", 1)] {
            assert!(refused(text).starts_with(&format!("line {line}: ")), "{}", refused(text));
        }
    }
}
