//! Bodies in CBOR that have one reading.

use std::collections::HashSet;

use minicbor::Decoder;
use minicbor::data::Type;

/// Checks that `body` is one CBOR map with texts for names, none twice, and nothing after it.
pub(super) fn is_cbor_map(body: &[u8]) -> Result<(), String> {
    let wrong = || "its body is not one CBOR map with each name once".to_owned();
    if body.is_empty() {
        return Ok(());
    }
    let mut decoder = Decoder::new(body);
    cbor_map(&mut decoder).ok_or_else(wrong)?;
    if decoder.position() == body.len() { Ok(()) } else { Err(wrong()) }
}

fn cbor_map(decoder: &mut Decoder<'_>) -> Option<()> {
    let length = decoder.map().ok()?;
    let mut known = HashSet::new();
    let mut read = 0;
    loop {
        match length {
            Some(length) if read == length => return Some(()),
            None if decoder.datatype().ok()? == Type::Break => return decoder.skip().ok(),
            _ => {}
        }
        // Security: a text in pieces is refused, because the recogniser does not read it.
        if decoder.datatype().ok()? != Type::String || !known.insert(decoder.str().ok()?) {
            return None;
        }
        cbor_value(decoder, false)?;
        read += 1;
    }
}

fn cbor_value(decoder: &mut Decoder<'_>, in_list: bool) -> Option<()> {
    match decoder.datatype().ok()? {
        Type::Map | Type::MapIndef => cbor_map(decoder),
        Type::Array | Type::ArrayIndef => cbor_list(decoder),
        // Security: the recogniser reads texts in one piece only, so a text must not come in another form.
        Type::StringIndef | Type::BytesIndef => None,
        Type::Bytes if in_list => None,
        Type::Tag => {
            decoder.tag().ok()?;
            // A time is the only tagged value of Smithy's protocol. Source: "Smithy RPC v2 CBOR", shape serialization.
            let is_number = !matches!(
                decoder.datatype().ok()?,
                Type::String
                    | Type::StringIndef
                    | Type::Bytes
                    | Type::BytesIndef
                    | Type::Array
                    | Type::ArrayIndef
                    | Type::Map
                    | Type::MapIndef
                    | Type::Tag
            );
            if is_number { decoder.skip().ok() } else { None }
        }
        _ => decoder.skip().ok(),
    }
}

fn cbor_list(decoder: &mut Decoder<'_>) -> Option<()> {
    let length = decoder.array().ok()?;
    let mut read = 0;
    loop {
        match length {
            Some(length) if read == length => return Some(()),
            None if decoder.datatype().ok()? == Type::Break => return decoder.skip().ok(),
            _ => {}
        }
        cbor_value(decoder, true)?;
        read += 1;
    }
}
