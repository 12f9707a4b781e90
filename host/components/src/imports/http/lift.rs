//! Takes secrets out of a reply before the guest sees it.

mod xml;

use serde_json::Value;

use audex_core::secret::Secret;

/// Shorter values are left where they stand again: an empty or one-letter secret would blank the whole reply.
const SHORTEST_REPEATED: usize = 8;

/// A reply that cannot be searched for the secrets in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiftError {
    /// Pointers are into JSON.
    #[error("the reply is not JSON, so no secret can be lifted from it")]
    NotJson,
    /// Elements are in XML.
    #[error("the reply is not XML that can be read for certain, so no secret can be lifted from it")]
    NotXml,
    /// A reply is one or the other.
    #[error("pointers and elements cannot be lifted from one reply")]
    Mixed,
}

impl LiftError {
    /// What scripts may match on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotJson => "not-json",
            Self::NotXml => "not-xml",
            Self::Mixed => "lift",
        }
    }
}

/// The body of a reply as the guest may see it, and what was taken out of it.
type Lifted = (Vec<u8>, Vec<Option<Secret>>);

/// The body without the strings at `pointers` (RFC 6901) or in elements (`<Name>`), and those strings.
///
/// # Errors
/// When there is something to lift and the body cannot be read: showing it could show the secret.
pub fn lift(body: &[u8], pointers: &[String]) -> Result<Lifted, LiftError> {
    // An empty reply hides nothing.
    if pointers.is_empty() || body.trim_ascii().is_empty() {
        return Ok((body.to_vec(), pointers.iter().map(|_| None).collect()));
    }
    let names: Vec<&str> = pointers.iter().filter_map(|pointer| element(pointer)).collect();
    match names.len() {
        0 => lift_json(body, pointers),
        count if count == pointers.len() => xml::lift(body, &names).ok_or(LiftError::NotXml),
        _ => Err(LiftError::Mixed),
    }
}

/// The name in `<Name>`.
fn element(pointer: &str) -> Option<&str> {
    pointer.strip_prefix('<')?.strip_suffix('>')
}

fn lift_json(body: &[u8], pointers: &[String]) -> Result<Lifted, LiftError> {
    let mut document: Value = serde_json::from_slice(body).map_err(|_| LiftError::NotJson)?;
    let mut lifted = Vec::new();
    for pointer in pointers {
        let taken = document.pointer_mut(pointer).filter(|value| value.is_string()).map(Value::take);
        lifted.push(match taken {
            Some(Value::String(text)) => Some(Secret::new(text)),
            _ => None,
        });
    }
    for secret in lifted.iter().flatten().filter(|secret| secret.expose().len() >= SHORTEST_REPEATED) {
        blank(&mut document, secret.expose());
    }
    Ok((document.to_string().into_bytes(), lifted))
}

/// Empties every string that holds `secret`.
fn blank(value: &mut Value, secret: &str) {
    match value {
        Value::String(text) if text.contains(secret) => text.clear(),
        Value::Array(items) => items.iter_mut().for_each(|item| blank(item, secret)),
        Value::Object(fields) => fields.values_mut().for_each(|field| blank(field, secret)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifted_string_is_nowhere_in_the_body() {
        let body = br#"{"auth":{"token":"planted-secret"},"echo":["x planted-secret y"],"keep":"me"}"#;
        let pointers = ["/auth/token".to_owned(), "/auth/missing".to_owned()];
        let (shown, lifted) = lift(body, &pointers).unwrap();
        let shown = String::from_utf8(shown).unwrap();
        assert!(!shown.contains("planted-secret") && shown.contains("me"), "{shown}");
        assert_eq!(lifted[0].as_ref().unwrap().expose(), "planted-secret");
        assert!(lifted[1].is_none());
    }

    #[test]
    fn a_body_that_cannot_be_searched_is_not_shown() {
        assert!(lift(b"token=planted-secret", &["/token".to_owned()]).is_err());
        assert_eq!(lift(b"plain", &[]).unwrap().0, b"plain");
        assert_eq!(lift(b" ", &["/token".to_owned()]).unwrap().0, b" ");
        let mixed = ["/token".to_owned(), "<Value>".to_owned()];
        assert_eq!(lift(b"{}", &mixed).unwrap_err(), LiftError::Mixed);
    }
}
