//! Takes secrets out of a reply before the guest sees it.

use serde_json::Value;

use crate::secret::Secret;

/// Shorter values are left where they stand again: an empty or one-letter secret would blank the whole reply.
const SHORTEST_REPEATED: usize = 8;

/// A reply that cannot be searched for the secrets in it.
#[derive(Debug, thiserror::Error)]
#[error("the reply is not JSON, so no secret can be lifted from it")]
pub struct NotJson;

/// The body without the strings at `pointers` (RFC 6901), and those strings.
///
/// # Errors
/// When there is something to lift and the body is not JSON: showing it could show the secret.
pub fn lift(body: &[u8], pointers: &[String]) -> Result<(Vec<u8>, Vec<Option<Secret>>), NotJson> {
    if pointers.is_empty() {
        return Ok((body.to_vec(), Vec::new()));
    }
    // An empty body has nothing to show: a redirect, a reply without content.
    if body.is_empty() {
        return Ok((Vec::new(), pointers.iter().map(|_| None).collect()));
    }
    let mut document: Value = serde_json::from_slice(body).map_err(|_| NotJson)?;
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
        let (body, lifted) = lift(b"", &["/token".to_owned()]).unwrap();
        assert!(body.is_empty() && lifted.len() == 1 && lifted[0].is_none());
    }
}
