//! Takes secrets out of an event before it becomes text.

mod command;
mod text;

use serde_json::Value;

use super::{AuditError, Event};
use crate::percent;
use crate::secret::Secret;

pub(super) use command::redact_command;
pub(crate) use text::redact_text;

/// Stands where a secret was.
pub(super) const REDACTED: &str = "[redacted]";

/// Fields of free text, which may quote anything.
const FREE_TEXT: [&str; 4] = ["intent", "justification", "origin", "reason"];

/// Returns the event with the known `secrets` replaced everywhere, and whatever looks like a secret
/// replaced in the command and in free text.
///
/// Values are redacted, never serialised text: that would eat quotes and make lines unreadable.
pub(super) fn redact(event: &Event, secrets: &[Secret]) -> Result<Event, AuditError> {
    let known = Known::of(secrets);
    let mut value = serde_json::to_value(event).map_err(AuditError::Encode)?;
    visit(&mut value, "", &known);
    serde_json::from_value(value).map_err(AuditError::Encode)
}

fn visit(value: &mut Value, field: &str, known: &Known) {
    match value {
        Value::String(text) => {
            *text = known.replace(text);
            if FREE_TEXT.contains(&field) {
                *text = redact_text(text);
            }
        }
        Value::Array(items) => {
            for item in items.iter_mut() {
                visit(item, field, known);
            }
            if field == "command" {
                let words: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                *items = redact_command(&words).into_iter().map(Value::String).collect();
            }
        }
        Value::Object(fields) => {
            // The event's own name is ours, not text from outside.
            for (name, value) in fields.iter_mut().filter(|(name, _)| *name != "event") {
                visit(value, name, known);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The session's secrets in the spellings they may turn up in, longest first, so that no shorter one
/// leaves part of a longer.
struct Known(Vec<Secret>);

impl Known {
    fn of(secrets: &[Secret]) -> Self {
        let spellings = |secret: &Secret| [secret.clone(), Secret::new(percent::encode(secret.expose()))];
        let mut known: Vec<Secret> = secrets.iter().flat_map(spellings).collect();
        known.retain(|secret| !secret.expose().is_empty());
        known.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(known)
    }

    fn replace(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose(), REDACTED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Denied, Issued, Issuing};

    #[test]
    fn a_key_id_and_digests_stay_and_a_known_secret_goes() {
        let issued = Event::Issued(Issued {
            access_key_id: Some("ASIAIOSFODNN7EXAMPLE".to_owned()),
            identity: Some("arn:aws:sts::1:assumed-role/r/s".to_owned()),
            ..Issued::default()
        });
        assert_eq!(redact(&issued, &[Secret::new("nothing".to_owned())]).unwrap(), issued);
        let issuing = Event::Issuing(Issuing { method: "a-longer-secret".to_owned(), ..Issuing::default() });
        let secrets = ["longer", "a-longer-secret", ""].map(|text| Secret::new(text.to_owned()));
        let Event::Issuing(issuing) = redact(&issuing, &secrets).unwrap() else { panic!() };
        assert_eq!(issuing.method, REDACTED);
    }

    #[test]
    fn what_users_write_in_their_own_words_loses_what_looks_like_a_secret() {
        let text = || Some("rotate token=abc".to_owned());
        let issuing = Event::Issuing(Issuing { intent: text(), justification: text(), ..Issuing::default() });
        let Event::Issuing(issuing) = redact(&issuing, &[]).unwrap() else { panic!() };
        assert_eq!(issuing.intent.as_deref(), Some("rotate token=[redacted]"));
        assert_eq!(issuing.justification, issuing.intent);
        let denied = Event::Denied(Denied { justification: text(), ..Denied::default() });
        let Event::Denied(denied) = redact(&denied, &[]).unwrap() else { panic!() };
        assert_eq!(denied.justification, issuing.intent);
    }
}
