//! Lifts the text of elements from an XML reply.

use std::ops::Range;

use xmlparser::{ElementEnd, Token, Tokenizer};

use super::{Lifted, SHORTEST_REPEATED};
use audex_core::secret::Secret;

/// The most nested elements; a reply of a cloud has a handful.
const DEPTH: usize = 64;

/// Returns the body without the text of the first element of each local name, and those texts. Returns `None`
/// if the body is not XML that can be parsed unambiguously: complete, balanced, and without its own
/// definitions.
pub(super) fn lift(body: &[u8], names: &[&str]) -> Option<Lifted> {
    let text = std::str::from_utf8(body).ok()?;
    let mut found: Vec<Option<Found>> = names.iter().map(|_| None).collect();
    let mut open: Vec<(&str, &str)> = Vec::new();
    let mut elements = 0_usize;
    let mut starting = ("", "");
    for token in Tokenizer::from(text) {
        match token.ok()? {
            Token::ElementStart { prefix, local, .. } => {
                // A document has only one root element.
                if open.is_empty() && elements > 0 {
                    return None;
                }
                elements = elements.saturating_add(1);
                starting = (prefix.as_str(), local.as_str());
            }
            Token::ElementEnd { end: ElementEnd::Open, span } => {
                open.push(starting);
                if open.len() > DEPTH {
                    return None;
                }
                begin(names, &mut found, starting.1, open.len(), span.end());
            }
            Token::ElementEnd { end: ElementEnd::Empty, span } => {
                begin(names, &mut found, starting.1, open.len().saturating_add(1), span.end());
                end(&mut found, open.len().saturating_add(1), span.end());
            }
            Token::ElementEnd { end: ElementEnd::Close(prefix, local), span } => {
                end(&mut found, open.len(), span.start());
                if open.pop() != Some((prefix.as_str(), local.as_str())) {
                    return None;
                }
            }
            Token::Text { text } if open.is_empty() && !text.as_str().trim().is_empty() => {
                return None;
            }
            Token::Text { text } => collect(&mut found, &unescape(text.as_str())?),
            Token::Cdata { text, .. } => collect(&mut found, text.as_str()),
            // Security: an entity that the document defines could contain a removed text.
            Token::DtdStart { .. }
            | Token::EmptyDtd { .. }
            | Token::EntityDeclaration { .. }
            | Token::DtdEnd { .. } => return None,
            Token::Declaration { .. }
            | Token::ProcessingInstruction { .. }
            | Token::Comment { .. }
            | Token::Attribute { .. } => {}
        }
    }
    (open.is_empty() && elements > 0).then(|| take(text, found))
}

/// An element whose text is lifted.
struct Found {
    depth: usize,
    content: Range<usize>,
    is_open: bool,
    text: String,
}

fn begin(names: &[&str], found: &mut [Option<Found>], local: &str, depth: usize, at: usize) {
    for (name, place) in names.iter().zip(found) {
        if *name == local && place.is_none() {
            *place = Some(Found { depth, content: at..at, is_open: true, text: String::new() });
        }
    }
}

fn end(found: &mut [Option<Found>], depth: usize, at: usize) {
    for one in found.iter_mut().flatten().filter(|one| one.is_open && one.depth == depth) {
        one.content.end = at;
        one.is_open = false;
    }
}

fn collect(found: &mut [Option<Found>], text: &str) {
    found.iter_mut().flatten().filter(|one| one.is_open).for_each(|one| one.text.push_str(text));
}

/// Returns the document without the lifted texts, also where a text occurs again.
fn take(text: &str, found: Vec<Option<Found>>) -> Lifted {
    let mut shown: String = text
        .char_indices()
        .filter(|(at, _)| !found.iter().flatten().any(|one| one.content.contains(at)))
        .map(|(_, c)| c)
        .collect();
    let secret = |one: Found| {
        let raw = zeroize::Zeroizing::new(one.text);
        Secret::new(raw.trim().to_owned())
    };
    let secrets: Vec<Option<Secret>> = found.into_iter().map(|one| one.map(secret)).collect();
    for secret in
        secrets.iter().flatten().filter(|secret| secret.expose().len() >= SHORTEST_REPEATED)
    {
        shown = shown.replace(secret.expose(), "").replace(&escape(secret.expose()), "");
    }
    (shown.into_bytes(), secrets)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Replaces the references that XML predefines. Returns `None` for any other reference.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (name, tail) = after.split_once(';')?;
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifted(body: &str) -> Option<(String, Option<String>)> {
        let (shown, secrets) = lift(body.as_bytes(), &["Value"])?;
        let text = |secret: &Secret| secret.expose().to_owned();
        Some((String::from_utf8(shown).unwrap(), secrets[0].as_ref().map(text)))
    }

    #[test]
    fn the_text_of_an_element_is_nowhere_in_the_body() {
        let body = "<?xml version=\"1.0\"?><Key xmlns=\"x\"><Oid>o</Oid><Value a=\"1\">planted+secret==</Value></Key>";
        let (shown, secret) = lifted(body).unwrap();
        assert_eq!(secret.unwrap(), "planted+secret==");
        assert!(
            !shown.contains("planted")
                && shown.contains("<Oid>o</Oid>")
                && shown.contains("<Value a=\"1\"></Value>")
        );
    }

    #[test]
    fn comments_sections_references_and_prefixes_do_not_hide_it() {
        for body in [
            "<a><!-- <Value>no</Value> --><p:Value>planted-&#115;ecret</p:Value></a>",
            "<a><Value><![CDATA[planted-secret]]></Value></a>",
            "<a><Value>planted<!-- x -->-secret</Value></a>",
            "<a><Value> planted-<b>secret</b>\n</Value></a>",
            "<a x=\"planted-secret\"><Value>planted-secret</Value><Value>planted-secret</Value></a>",
        ] {
            let (shown, secret) = lifted(body).unwrap();
            assert_eq!(secret.as_deref(), Some("planted-secret"), "{body}");
            assert!(!shown.contains("planted"), "{shown}");
        }
    }

    #[test]
    fn a_body_without_the_element_is_shown_as_it_is() {
        let body = "<Error><Code>AuthorizationFailure</Code></Error>";
        assert_eq!(lifted(body), Some((body.to_owned(), None)));
        assert_eq!(
            lifted("<a><Value/></a>"),
            Some(("<a><Value/></a>".to_owned(), Some(String::new())))
        );
    }

    #[test]
    fn a_body_that_cannot_be_read_for_certain_is_not_shown() {
        for body in [
            "{\"Value\":\"planted-secret\"}",
            "Value: planted-secret",
            "<a><Value>planted-secret</a>",
            "<a><Value>planted-secret",
            "<a><Value>planted-secret</Value></a><b/>",
            "<a><Value>&own;</Value></a>",
            "<!DOCTYPE a [<!ENTITY own \"planted-secret\">]><a><Value>&own;</Value></a>",
            "<html><br><Value>planted-secret</Value></html>",
        ] {
            assert!(lifted(body).is_none(), "{body}");
        }
        assert!(lift(b"<a>\xff</a>", &["Value"]).is_none());
    }
}
