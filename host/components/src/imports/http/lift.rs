//! Takes secrets out of a reply before the guest sees it.

mod xml;

use serde_json::Value;

use audex_core::secret::Secret;

/// Shorter values are not removed from the rest of the reply: an empty or one-letter secret would blank all
/// of it.
const SHORTEST_REPEATED: usize = 8;

/// The error for a reply that cannot be searched for secrets.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LiftError {
    /// The reply is not JSON, so it has no JSON pointers.
    #[error("the reply is not JSON, so no secret can be lifted from it")]
    NotJson,
    /// The reply is not XML, so it has no elements.
    #[error(
        "the reply is not XML that can be read for certain, so no secret can be lifted from it"
    )]
    NotXml,
    /// The guest named both pointers and elements.
    #[error("pointers and elements cannot be lifted from one reply")]
    Mixed,
}

impl LiftError {
    /// Returns the stable error code, which scripts may match on.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NotJson => "not-json",
            Self::NotXml => "not-xml",
            Self::Mixed => "lift",
        }
    }
}

/// The body that the guest may see, and the lifted values.
type Lifted = (Vec<u8>, Vec<Option<Secret>>);

/// Removes the strings at `pointers` (RFC 6901) or in elements (`<Name>`). Returns the body without them, and
/// the strings.
///
/// # Errors
/// When there is something to lift and the body cannot be parsed: the body could contain the secret.
pub(super) fn lift(body: &[u8], pointers: &[String]) -> Result<Lifted, LiftError> {
    // An empty reply contains no secret.
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

fn element(pointer: &str) -> Option<&str> {
    pointer.strip_prefix('<')?.strip_suffix('>')
}

fn lift_json(body: &[u8], pointers: &[String]) -> Result<Lifted, LiftError> {
    let mut document: Value = serde_json::from_slice(body).map_err(|_| LiftError::NotJson)?;
    let mut lifted = Vec::new();
    for pointer in pointers {
        let taken =
            document.pointer_mut(pointer).filter(|value| value.is_string()).map(Value::take);
        lifted.push(match taken {
            Some(Value::String(text)) => Some(Secret::new(text)),
            _ => None,
        });
    }
    for secret in
        lifted.iter().flatten().filter(|secret| secret.expose().len() >= SHORTEST_REPEATED)
    {
        blank(&mut document, secret.expose());
    }
    Ok((document.to_string().into_bytes(), lifted))
}

/// Empties every string that contains `secret`.
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
        let body =
            br#"{"auth":{"token":"planted-secret"},"echo":["x planted-secret y"],"keep":"me"}"#;
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
