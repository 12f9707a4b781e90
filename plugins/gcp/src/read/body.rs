//! The JSON body of a request, read so that it has one meaning only.
//!
//! Source: Protocol Buffers, "ProtoJSON format": names are accepted in camel case and as they are in the
//! `.proto` file, and of two equal names a parser may take either.

use audex_sdk::provider::SeenRequest;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// A value whose names are in camel case and unique.
struct Strict(Value);

/// Returns the body as JSON; `null` if it is empty.
///
/// # Errors
/// The reason why it is not read.
pub fn json(request: &SeenRequest) -> Result<Value, String> {
    let kind = header(request, "content-type")?.unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if request.body.is_empty() && request.complete {
        return Ok(Value::Null);
    }
    if !request.complete {
        return Err("its body was not seen whole".to_owned());
    }
    if header(request, "content-encoding")?.is_some_and(|coding| coding != "identity") {
        return Err("its body is compressed".to_owned());
    }
    if !(kind == "application/json" || kind == "text/json" || kind.is_empty()) {
        return Err(format!("a body of `{kind}` is not read"));
    }
    parse(&request.body)
}

/// Parses one JSON value.
///
/// # Errors
/// The reason why it is not read.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    let Strict(value) =
        serde_json::from_slice(bytes).map_err(|error| format!("its body is not read: {error}"))?;
    if value.is_object() { Ok(value) } else { Err("its body is not an object".to_owned()) }
}

/// Returns the only header of this name.
///
/// # Errors
/// If there are two.
pub fn header<'a>(request: &'a SeenRequest, name: &str) -> Result<Option<&'a str>, String> {
    let mut all = request.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    match (all.next(), all.next()) {
        (_, Some(_)) => Err(format!("the header `{name}` is there twice")),
        (first, None) => Ok(first.map(|(_, value)| value.trim())),
    }
}

/// Returns `name` in camel case, as ProtoJSON writes it.
pub fn camel(name: &str) -> String {
    let mut written = String::with_capacity(name.len());
    let mut is_next_upper = false;
    for character in name.chars() {
        if character == '_' {
            is_next_upper = !written.is_empty();
        } else if is_next_upper {
            written.extend(character.to_uppercase());
            is_next_upper = false;
        } else {
            written.push(character);
        }
    }
    written
}

/// Returns the text at `path` of `value`, and an empty text if it is not there.
pub fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the members of the list at `path`.
pub fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    value.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(member)) = members.next_element()? {
            list.push(member);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(member))) = members.next_entry::<String, Strict>()? {
            if map.insert(camel(&name), member).is_some() {
                return Err(A::Error::custom(format_args!("the name `{name}` is there twice")));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_both_spellings_and_once() {
        let value = parse(br#"{"topic_name":"t","a":[{"b_c":1}]}"#).unwrap();
        assert_eq!(text(&value, "/topicName"), "t");
        assert_eq!(value.pointer("/a/0/bC"), Some(&Value::from(1)));
        for twice in [
            r#"{"a":1,"a":2}"#,
            r#"{"aB":1,"a_b":2}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
            r#"{"a":1}{"#,
            r#"{"a":1"#,
            "[]",
            "1",
        ] {
            assert!(parse(twice.as_bytes()).is_err(), "{twice}");
        }
    }
}
