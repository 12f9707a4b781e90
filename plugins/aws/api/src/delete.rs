//! The keys in the body of `DeleteObjects`. Source: Amazon S3 API reference, "`DeleteObjects`", request
//! syntax.

/// The name of the parameter for an object.
pub const KEY: &str = "Key";
/// The name of the parameter for one version of an object, which takes another permission.
pub const VERSIONED_KEY: &str = "VersionedKey";

/// Elements of an object that do not affect its name.
const CONDITIONS: [&str; 3] = ["ETag", "LastModifiedTime", "Size"];
/// The most objects of one request; S3 accepts no more.
const MOST: usize = 1_000;

/// Returns the keys as parameters; returns none if the body is missing or any part differs from what S3
/// documents.
pub fn keys(body: &[u8]) -> Vec<(String, String)> {
    std::str::from_utf8(body).ok().and_then(read).unwrap_or_default()
}

/// Takes one piece of markup: the text before a tag, and the tag without its brackets.
fn next<'a>(rest: &mut &'a str) -> Option<(&'a str, &'a str)> {
    let (text, after) = rest.split_once('<')?;
    let (tag, after) = after.split_once('>')?;
    *rest = after;
    Some((text, tag))
}

fn read(body: &str) -> Option<Vec<(String, String)>> {
    let mut rest = body.trim_start_matches('\u{feff}');
    if rest.trim_start().starts_with("<?xml") {
        let (_, declaration) = next(&mut rest)?;
        let encoding = declaration.split_once("encoding=").map(|(_, after)| after.get(1..6));
        if encoding.is_some_and(|name| !name.is_some_and(|name| name.eq_ignore_ascii_case("utf-8")))
        {
            return None;
        }
    }
    let (_, root) = blank(next(&mut rest)?)?;
    if root.split_ascii_whitespace().next() != Some("Delete") || root.ends_with('/') {
        return None;
    }
    let mut keys = Vec::new();
    loop {
        match blank(next(&mut rest)?)?.1 {
            "Object" => keys.push(object(&mut rest)?),
            "Quiet" => drop(closed(&mut rest, "Quiet")?),
            "/Delete" => break,
            _ => return None,
        }
    }
    (rest.trim().is_empty() && keys.len() <= MOST).then_some(keys)
}

fn object(rest: &mut &str) -> Option<(String, String)> {
    let (mut key, mut is_version) = (None, false);
    loop {
        match blank(next(rest)?)?.1 {
            "Key" if key.is_none() => key = Some(decoded(closed(rest, "Key")?)?),
            "VersionId" => is_version |= !closed(rest, "VersionId")?.is_empty(),
            "VersionId/" => {}
            "/Object" => break,
            other => drop(closed(rest, CONDITIONS.iter().find(|known| **known == other)?)?),
        }
    }
    let name = if is_version { VERSIONED_KEY } else { KEY };
    Some((name.to_owned(), key?))
}

/// Takes the text up to the end of the element `name`, which contains no other element.
fn closed<'a>(rest: &mut &'a str, name: &str) -> Option<&'a str> {
    let (text, end) = next(rest)?;
    (end.strip_prefix('/') == Some(name)).then_some(text)
}

/// Returns the tag if only space comes before it.
fn blank<'a>(piece: (&'a str, &'a str)) -> Option<(&'a str, &'a str)> {
    piece.0.trim().is_empty().then_some(piece)
}

/// Replaces the entities in a text. Source: XML 1.0, 4.1 and 4.6.
fn decoded(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (entity, after) = after.split_once(';')?;
        out.push_str(before);
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            number => {
                let number = number.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                char::from_u32(code.ok()?)?
            }
        });
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Vec<(String, String)> {
        keys(body.as_bytes())
    }

    fn pair(name: &str, key: &str) -> (String, String) {
        (name.to_owned(), key.to_owned())
    }

    #[test]
    fn the_keys_of_all_sdks_are_read() {
        let boto = r#"<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>d1</Key></Object><Object><Key>d2</Key></Object></Delete>"#;
        assert_eq!(of(boto), [pair(KEY, "d1"), pair(KEY, "d2")]);
        let java = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Delete>\n  <Quiet>true</Quiet>\n  <Object>\n    <Key>a &amp; b&#x2F;&#99; </Key>\
                    <VersionId>7</VersionId>\n <ETag>x</ETag></Object></Delete>\n";
        assert_eq!(of(java), [pair(VERSIONED_KEY, "a & b/c ")]);
    }

    #[test]
    fn a_body_that_is_cut_or_written_otherwise_has_no_keys_at_all() {
        let whole = "<Delete><Object><Key>d1</Key></Object><Object><Key>d2</Key></Object></Delete>";
        assert_eq!(of(whole).len(), 2);
        for end in 0..whole.len() {
            assert!(of(&whole[..end]).is_empty(), "{end}");
        }
        for body in [
            "<Delete><!-- <Object><Key>x</Key></Object> --><Object><Key>y</Key></Object></Delete>",
            "<Delete><Object><Key><![CDATA[x]]></Key></Object></Delete>",
            "<Delete><Object><Key>x</Key><Key>y</Key></Object></Delete>",
            "<Delete><Object><Key>&other;</Key></Object></Delete>",
            "<Delete><Object><VersionId>1</VersionId></Object></Delete>",
            "<!DOCTYPE d [<!ENTITY a 'x'>]><Delete><Object><Key>x</Key></Object></Delete>",
            "<Delete><Object><Key>x</Key></Object></Delete><Delete><Object><Key>y</Key></Object></Delete>",
            "<d:Delete><d:Object><d:Key>x</d:Key></d:Object></d:Delete>",
            "<Delete/>",
            "",
        ] {
            assert!(of(body).is_empty(), "{body}");
        }
        assert!(keys(b"<Delete><Object><Key>\xff</Key></Object></Delete>").is_empty());
    }
}
