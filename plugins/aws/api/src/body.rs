//! The parameters in a body. The body may be cut off in the middle: the parameters before the cut count.

use std::borrow::Cow;
use std::fmt;

use minicbor::Decoder;
use minicbor::data::Type;
use percent_encoding::percent_decode_str;
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;

/// The most texts that are kept of one request. Security: more than any body that the host hands over can
/// hold, because a partial list would look complete. Source: the contract, `seen-request`: 4 MiB.
const VALUES: usize = 4 * 1024 * 1024 / 2;
/// The fields of DynamoDB's requests with several statements or tables. Source: Amazon DynamoDB API
/// reference, `TransactWriteItems`, `TransactGetItems`, `BatchExecuteStatement`, `ExecuteTransaction`.
const TRANSACTED: &str = "TransactItems";
const STATEMENTS: [&str; 2] = ["Statements", "TransactStatements"];

type Parameters = Vec<(String, String)>;

/// Returns the texts, booleans and lists of texts of a JSON object, and the parts of a request with several
/// tables or statements.
pub fn json(body: &[u8]) -> Parameters {
    let mut found = Vec::new();
    // An error ends the readable part.
    let _ = serde_json::Deserializer::from_slice(body).deserialize_map(Fields(&mut found));
    found.truncate(VALUES);
    found
}

/// Returns the names of all fields of a JSON object.
pub fn names(body: &[u8]) -> Vec<String> {
    let object: serde_json::Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    object.into_iter().map(|(name, _)| name).collect()
}

struct Fields<'a>(&'a mut Parameters);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if self.0.len() >= VALUES {
                break;
            }
            field(self.0, name, value);
        }
        Ok(())
    }
}

fn field(found: &mut Parameters, name: String, value: Value) {
    match value {
        Value::String(text) => found.push((name, text)),
        Value::Bool(is) => found.push((name, is.to_string())),
        Value::Array(items) if name == TRANSACTED => {
            found.extend(items.iter().flat_map(transacted));
        }
        Value::Array(items) if STATEMENTS.contains(&name.as_str()) => {
            found
                .extend(items.iter().map(|item| ("Statement".to_owned(), text(item, "Statement"))));
        }
        Value::Array(items) => {
            let texts = items.into_iter().filter_map(|item| match item {
                Value::String(text) => Some((name.clone(), text)),
                _ => None,
            });
            found.extend(texts);
        }
        // DynamoDB: `RequestItems`, by name of the table.
        Value::Object(items) if name == "RequestItems" => {
            found.extend(items.into_iter().map(|(table, _)| ("TableName".to_owned(), table)));
        }
        _ => {}
    }
}

/// Turns `{"Put": {"TableName": "t"}}` into the parameter `Put.TableName`. Ignores the data written to the
/// table: it is the user's, whatever it looks like.
fn transacted(item: &Value) -> Parameters {
    let actions = item.as_object().into_iter().flatten();
    actions.map(|(action, of)| (format!("{action}.TableName"), text(of, "TableName"))).collect()
}

/// Returns a text field of an object, or an empty text if the field is missing.
fn text(object: &Value, name: &str) -> String {
    object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Returns the texts, booleans and lists of texts of a CBOR map.
pub fn cbor(body: &[u8]) -> Parameters {
    let mut found = Vec::new();
    // An error ends the readable part.
    let _ = cbor_map(&mut Decoder::new(body), &mut found);
    found
}

/// Returns the length of the longest list of the map in `body`; 0 if `body` is not a map, or has none.
#[must_use]
pub fn longest_cbor_list(body: &[u8]) -> usize {
    let mut longest = 0;
    // An error ends the readable part.
    let _ = cbor_lists(&mut Decoder::new(body), &mut longest);
    longest
}

fn cbor_lists(
    decoder: &mut Decoder<'_>,
    longest: &mut usize,
) -> Result<(), minicbor::decode::Error> {
    let mut left = decoder.map()?.unwrap_or(u64::MAX);
    while left > 0 && decoder.datatype()? != Type::Break {
        decoder.skip()?;
        if matches!(decoder.datatype()?, Type::Array | Type::ArrayIndef) {
            let mut items = decoder.array()?.unwrap_or(u64::MAX);
            let mut length = 0;
            while items > 0 && decoder.datatype()? != Type::Break {
                decoder.skip()?;
                length += 1;
                items -= 1;
            }
            if items > 0 {
                decoder.skip()?;
            }
            *longest = length.max(*longest);
        } else {
            decoder.skip()?;
        }
        left -= 1;
    }
    Ok(())
}

fn cbor_map(
    decoder: &mut Decoder<'_>,
    found: &mut Parameters,
) -> Result<(), minicbor::decode::Error> {
    let mut left = decoder.map()?.unwrap_or(u64::MAX);
    while left > 0 && found.len() < VALUES && decoder.datatype()? != Type::Break {
        let name = decoder.str()?.to_owned();
        match decoder.datatype()? {
            Type::String => found.push((name, decoder.str()?.to_owned())),
            Type::Array | Type::ArrayIndef => {
                let mut items = decoder.array()?.unwrap_or(u64::MAX);
                while items > 0 && decoder.datatype()? != Type::Break {
                    if decoder.datatype()? == Type::String && found.len() < VALUES {
                        found.push((name.clone(), decoder.str()?.to_owned()));
                    } else {
                        decoder.skip()?;
                    }
                    items -= 1;
                }
                if items > 0 {
                    decoder.skip()?;
                }
            }
            _ => decoder.skip()?,
        }
        left -= 1;
    }
    Ok(())
}

/// Returns the parameters of a form: `InstanceId.1`, `Names.member.2` and `Entry.1.Name` are lists.
/// A body that is not `complete` has no last list, which may go on after the cut.
pub fn form(body: &[u8], complete: bool) -> Parameters {
    let text = String::from_utf8_lossy(body);
    let decode =
        |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((decode(name), decode(value)))
    };
    let mut parameters = numbered(text.split('&').filter_map(pair).collect());
    if !complete && let Some((last, _)) = parameters.last().cloned() {
        // The last value may be cut, and its list may go on.
        parameters.retain(|(name, _)| *name != last);
    }
    parameters
}

/// Returns the parameters of a form that has one reading, with their full names.
///
/// # Errors
/// The part that parsers read differently.
pub fn pairs(body: &[u8]) -> Result<Parameters, String> {
    let text = std::str::from_utf8(body).map_err(|_| "its form is not UTF-8".to_owned())?;
    let decode = |text: &str| {
        let whole = percent_decode_str(&text.replace('+', " ")).decode_utf8().map(Cow::into_owned);
        whole.map_err(|_| "its form is not UTF-8".to_owned())
    };
    let pair = |pair: &str| {
        // Some parsers end a parameter at `;` too, or take a name without a value.
        let split =
            pair.split_once('=').filter(|(name, _)| !name.is_empty() && !pair.contains(';'));
        let (name, value) = split.ok_or("its form has a part that is not `name=value`")?;
        Ok((decode(name)?, decode(value)?))
    };
    if text.is_empty() { Ok(Vec::new()) } else { text.split('&').map(pair).collect() }
}

/// Removes the numbers from the names of lists; a deeper name is not a parameter of the operation itself.
pub fn numbered(mut parameters: Parameters) -> Parameters {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    for (name, _) in &mut parameters {
        let Some((list, number)) = name.rsplit_once('.') else { continue };
        if is_number(number) {
            *name = list.strip_suffix(".member").unwrap_or(list).to_owned();
        }
    }
    parameters
}
