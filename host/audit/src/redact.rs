//! Removes secrets from an event before it becomes text.

mod command;

use serde_json::Value;

use super::{AuditError, Event};
use audex_core::percent;
use audex_core::redact::{REDACTED, redact_text};
use audex_core::secret::Secret;

pub use command::redact_command;

/// Fields that keep text that looks like a secret: the public half of a key looks like one, and `cleanup` needs the exact
/// lease. Security: every other field is redacted, including fields that are added later.
const EXEMPT: [&str; 2] = ["access_key_id", "lease"];

/// Returns the event with the known `secrets` replaced everywhere, and all text that looks like a secret
/// replaced in all fields but the exempt ones.
///
/// This redacts values, not serialised text: redacting serialised text would remove quotes and make lines unreadable.
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
            // The words of a command are redacted together, below.
            if field != "command" && !EXEMPT.contains(&field) {
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
            // The event's name comes from this program, not from outside.
            for (name, value) in fields.iter_mut().filter(|(name, _)| *name != "event") {
                visit(value, name, known);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The session's secrets in their possible spellings, longest first, so that replacing a shorter one does not
/// leave a part of a longer one.
struct Known(Vec<Secret>);

impl Known {
    fn of(secrets: &[Secret]) -> Self {
        let spellings =
            |secret: &Secret| [secret.clone(), Secret::new(percent::encode(secret.expose()))];
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
    use crate::{
        CleanedUp, Decision, Denied, Failed, Issued, Issuing, Leasing, RecordedDenial,
        RecordedIsolation, RecordedPermission, Renewed, Used,
    };

    #[test]
    fn a_key_id_and_digests_stay_and_a_known_secret_goes() {
        let issued = Event::Issued(Issued {
            access_key_id: Some("ASIAIOSFODNN7EXAMPLE".to_owned()),
            identity: Some("arn:aws:sts::1:assumed-role/r/s".to_owned()),
            ..Issued::default()
        });
        assert_eq!(redact(&issued, &[Secret::new("nothing".to_owned())]).unwrap(), issued);
        let issuing =
            Event::Issuing(Issuing { method: "a-longer-secret".to_owned(), ..Issuing::default() });
        let secrets = ["longer", "a-longer-secret", ""].map(|text| Secret::new(text.to_owned()));
        let Event::Issuing(issuing) = redact(&issuing, &secrets).unwrap() else { panic!() };
        assert_eq!(issuing.method, REDACTED);
    }

    /// One event of each kind with `text` in every field.
    fn events(text: &str) -> Vec<Event> {
        let (one, list) = (text.to_owned(), vec![text.to_owned()]);
        let some = Some(one.clone());
        let permission = || RecordedPermission {
            action: text.into(),
            origin: text.into(),
            enforced_by: text.into(),
            resources: vec![text.into()],
        };
        let denial =
            || RecordedDenial { action: text.into(), by: text.into(), reason: text.into() };
        let components = || [("component".to_owned(), text.to_owned())].into();
        vec![
            Event::Issuing(Issuing {
                provider: one.clone(),
                profile: some.clone(),
                intent: some.clone(),
                justification: some.clone(),
                method: one.clone(),
                permissions: vec![permission()],
                denied: vec![denial()],
                resources: list.clone(),
                ttl_seconds: 1,
                region: some.clone(),
                parents: vec![one.clone()],
                isolation: Some(RecordedIsolation {
                    level: one.clone(),
                    mechanisms: list.clone(),
                    not_held: list.clone(),
                }),
                command: list.clone(),
                components: components(),
            }),
            Event::Issued(Issued {
                provider: one.clone(),
                method: one.clone(),
                expires_at: one.clone(),
                credentials_expire_at: some.clone(),
                identity: some.clone(),
                access_key_id: None,
                lease: None,
                scoped_policies: None,
            }),
            Event::Renewed(Renewed {
                provider: one.clone(),
                expires_at: one.clone(),
                identity: some.clone(),
                access_key_id: None,
                lease: None,
                scoped_policies: None,
            }),
            Event::Leasing(Leasing {
                provider: one.clone(),
                lease: String::new(),
                ends_at: one.clone(),
            }),
            Event::Used(Used {
                decisions: vec![Decision {
                    action: one.clone(),
                    resource: one.clone(),
                    allowed: true,
                    count: 1,
                }],
                uncounted: 0,
                webhook_failure: some.clone(),
                ..Used::default()
            }),
            Event::Ended(crate::Ended { reason: some.clone(), ..Default::default() }),
            Event::Denied(Denied {
                provider: one.clone(),
                profile: some.clone(),
                justification: some.clone(),
                by: one.clone(),
                reason: one.clone(),
                permissions: list.clone(),
                resources: list.clone(),
                denied: vec![denial()],
                command: list.clone(),
                components: components(),
            }),
            Event::Failed(Failed {
                stage: one.clone(),
                reason: one.clone(),
                provider: some,
                exit_code: 1,
                command: list,
                components: components(),
            }),
            Event::CleanedUp(CleanedUp {
                provider: one.clone(),
                lease: String::new(),
                outcome: one,
            }),
        ]
    }

    #[test]
    fn whatever_looks_like_a_secret_goes_from_every_field_but_the_exempt() {
        for secret in [
            "because token=planted-0123456789 asks for it",
            "hvs.CAESIJplanted0123456789",
            "AKIAPLANTED0EXAMPLE0",
            "https://user:planted@host/x",
            "{\"private_key\": \"planted\"}",
        ] {
            for event in events(secret) {
                let redacted = serde_json::to_string(&redact(&event, &[]).unwrap()).unwrap();
                assert!(!redacted.to_lowercase().contains("planted"), "{redacted}");
            }
        }
        let lease = "{\"token\":\"kept-to-the-letter-for-cleanup\"}".to_owned();
        let issued = Event::Issued(Issued { lease: Some(lease.clone()), ..Issued::default() });
        let cleaned = Event::CleanedUp(CleanedUp { lease, ..CleanedUp::default() });
        assert_eq!(
            (redact(&issued, &[]).unwrap(), redact(&cleaned, &[]).unwrap()),
            (issued, cleaned)
        );
    }

    #[test]
    fn what_records_usually_say_stays_to_the_letter() {
        for text in [
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-north-1:123456789012:secret:prod/db-AbCdEf",
            "arn:aws:sts::123456789012:assumed-role/AudexDemo/audex-0a1b2c3d4e5f",
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "/subscriptions/0f6b2a1c-7c55-4a52-9d2e-3a9c1f0e4b77/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a",
            "robot@project.iam.gserviceaccount.com",
            "projects/p/secrets/database-password/versions/latest",
            "token",
            "scoped-credentials",
            "2026-11-29T22:36:51Z",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "ticket OPS-1234: clean up the bucket of team A",
        ] {
            for event in events(text) {
                assert_eq!(redact(&event, &[]).unwrap(), event, "{text}");
            }
        }
    }
}
