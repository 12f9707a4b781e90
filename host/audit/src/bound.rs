//! Cuts an event to the size of a line, so that every outcome is recorded, whatever the size of a request or a message.
//!
//! Security: this runs after redaction, because redaction would not recognise half of a secret.

mod asks;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use audex_core::digest::hex;
use sha2::{Digest, Sha256};

use super::record::{
    CleanedUp, Denied, Event, Failed, Issuing, Leasing, MAX_DECISIONS, RecordedDenial,
    RecordedPermission, Renewed, Used,
};

/// The limit for one text, in bytes: above the limit for a component's sentence, which is two thousand characters.
const TEXT_BYTES: usize = 8 * 1024;
/// The limit for one word of the command; a script is one word, too.
const WORD_BYTES: usize = 32 * 1024;
/// The limit for all words of the command; with the other parts of an event, this stays under a line's 1 MiB.
const COMMAND_BYTES: usize = 256 * 1024;
/// The limit for each list; an event has at most three.
const LIST_BYTES: usize = 192 * 1024;
/// The limit for the resources of one permission, so that they do not crowd out other permissions.
const PERMISSION_BYTES: usize = 4 * 1024;
/// The limit for the ended asks of a session, which takes no more asks than that.
const MAX_ASKS: usize = 200;
/// The limit for the decisions of a gateway, which are the only long list of their event.
const DECISIONS_BYTES: usize = 768 * 1024;
/// The limit for the names and digests of the components.
const COMPONENTS_BYTES: usize = 64 * 1024;
/// The bytes around a text: quotes and a comma.
const QUOTED_BYTES: usize = 3;
/// The bytes around an entry: quotes, commas, field names.
const ENTRY_BYTES: usize = 64;

/// Returns the event with all texts and lists cut to their limits; each cut is marked with the missing amount.
pub(super) fn bound(mut event: Event) -> Event {
    match &mut event {
        Event::Issuing(issuing) => bound_issuing(issuing),
        Event::Denied(Denied {
            provider,
            profile,
            justification,
            by,
            reason,
            permissions,
            resources,
            denied,
            command,
            components,
        }) => {
            texts([
                Some(provider),
                profile.as_mut(),
                justification.as_mut(),
                Some(by),
                Some(reason),
            ]);
            list(permissions);
            list(denied);
            list(resources);
            whole(command, components);
        }
        Event::Failed(Failed { stage, reason, provider, exit_code: _, command, components }) => {
            texts([Some(stage), Some(reason), provider.as_mut()]);
            whole(command, components);
        }
        Event::Issued(issued) => {
            texts([
                Some(&mut issued.provider),
                Some(&mut issued.method),
                Some(&mut issued.expires_at),
            ]);
            let others = [
                &mut issued.credentials_expire_at,
                &mut issued.identity,
                &mut issued.access_key_id,
            ];
            texts(others.map(Option::as_mut));
            texts([issued.lease.as_mut()]);
        }
        Event::Renewed(Renewed {
            provider,
            expires_at,
            identity,
            access_key_id,
            lease,
            scoped_policies: _,
        }) => {
            texts([Some(provider), Some(expires_at), identity.as_mut()]);
            texts([access_key_id.as_mut(), lease.as_mut()]);
        }
        Event::Asked(asked) => asks::asked(asked),
        Event::Answered(answered) => asks::answered(answered),
        Event::Adding(adding) => asks::adding(adding),
        Event::Added(added) => asks::added(added),
        Event::Leasing(Leasing { provider, lease, ends_at }) => {
            texts([Some(provider), Some(lease), Some(ends_at)]);
        }
        Event::Used(used) => {
            texts([used.webhook_failure.as_mut()]);
            while used.asks_over.len() > MAX_ASKS {
                used.asks_over.pop_last();
            }
            decisions(used);
        }
        Event::Ended(ended) => texts([ended.reason.as_mut(), ended.ended_by.as_mut()]),
        Event::CleanedUp(CleanedUp { provider, lease, outcome }) => {
            texts([Some(provider), Some(lease), Some(outcome)]);
        }
    }
    event
}

fn bound_issuing(issuing: &mut Issuing) {
    let Issuing {
        provider,
        profile,
        intent,
        justification,
        method,
        permissions,
        denied,
        resources,
        ttl_seconds: _,
        region,
        isolation,
        parents,
        command,
        components,
    } = issuing;
    if let Some(isolation) = isolation {
        texts([Some(&mut isolation.level)]);
        list_of(&mut isolation.mechanisms, PERMISSION_BYTES);
        list_of(&mut isolation.not_held, PERMISSION_BYTES);
    }
    list_of(parents, PERMISSION_BYTES);
    texts([
        Some(provider),
        profile.as_mut(),
        intent.as_mut(),
        justification.as_mut(),
        Some(method),
        region.as_mut(),
    ]);
    for permission in permissions.iter_mut() {
        list_of(&mut permission.resources, PERMISSION_BYTES);
    }
    list(permissions);
    list(denied);
    list(resources);
    whole(command, components);
}

/// An entry of a list in a record.
trait Entry {
    fn texts(&mut self) -> Vec<&mut String>;
    fn saying(text: String) -> Self;
}

impl Entry for String {
    fn texts(&mut self) -> Vec<&mut String> {
        vec![self]
    }

    fn saying(text: String) -> Self {
        text
    }
}

impl Entry for RecordedPermission {
    fn texts(&mut self) -> Vec<&mut String> {
        let own = [&mut self.action, &mut self.origin, &mut self.enforced_by];
        own.into_iter().chain(&mut self.resources).collect()
    }

    fn saying(action: String) -> Self {
        Self { action, ..Self::default() }
    }
}

impl Entry for RecordedDenial {
    fn texts(&mut self) -> Vec<&mut String> {
        vec![&mut self.action, &mut self.by, &mut self.reason]
    }

    fn saying(action: String) -> Self {
        Self { action, ..Self::default() }
    }
}

fn texts<'a>(texts: impl IntoIterator<Item = Option<&'a mut String>>) {
    for text in texts.into_iter().flatten() {
        cut(text, TEXT_BYTES);
    }
}

fn list<T: Entry>(entries: &mut Vec<T>) {
    list_of(entries, LIST_BYTES);
}

fn list_of<T: Entry>(entries: &mut Vec<T>, most: usize) {
    let mut left = most;
    let fits = entries.iter_mut().position(|entry| {
        let mut bytes = ENTRY_BYTES;
        for text in entry.texts() {
            cut(text, TEXT_BYTES);
            bytes += encoded(text) + QUOTED_BYTES;
        }
        take(&mut left, bytes).is_none()
    });
    if let Some(fits) = fits {
        let more = entries.len() - fits;
        entries.truncate(fits);
        entries.push(T::saying(format!("… {more} more")));
    }
}

/// Adds the decisions that do not fit to the uncounted ones.
fn decisions(used: &mut Used) {
    let (mut left, mut kept) = (DECISIONS_BYTES, 0);
    used.decisions.retain(|decision| {
        let bytes = encoded(&decision.action) + encoded(&decision.resource) + 2 * ENTRY_BYTES;
        let fits = kept < MAX_DECISIONS && take(&mut left, bytes).is_some();
        if fits {
            kept += 1;
        } else {
            used.uncounted = used.uncounted.saturating_add(decision.count);
        }
        fits
    });
}

/// Cuts the command and the components. A cut command ends with a SHA-256 over its redacted words, each followed by a
/// zero byte.
fn whole(command: &mut Vec<String>, components: &mut BTreeMap<String, String>) {
    let digest = command
        .iter()
        .fold(Sha256::new(), |digest, word| digest.chain_update(word).chain_update([0]));
    let (mut left, mut is_cut, count) = (COMMAND_BYTES, false, command.len());
    let fits = command.iter_mut().position(|word| {
        is_cut |= cut(word, WORD_BYTES);
        take(&mut left, encoded(word) + ENTRY_BYTES).is_none()
    });
    command.truncate(fits.unwrap_or(count));
    if is_cut || fits.is_some() {
        let more = count - command.len();
        command.push(format!("… {more} more, sha256:{}", hex(&digest.finalize())));
    }
    components_of(components);
}

fn components_of(components: &mut BTreeMap<String, String>) {
    let (mut left, count) = (COMPONENTS_BYTES, components.len());
    components.retain(|name, digest| {
        take(&mut left, encoded(name) + encoded(digest) + ENTRY_BYTES).is_some()
    });
    if components.len() < count {
        components.insert(format!("… {} more", count - components.len()), String::new());
    }
}

fn take(left: &mut usize, bytes: usize) -> Option<()> {
    *left = left.checked_sub(bytes)?;
    Some(())
}

/// Cuts `text` so that its JSON has at most `most` bytes; returns true if anything was cut.
fn cut(text: &mut String, most: usize) -> bool {
    let mut left = most;
    let Some((end, _)) =
        text.char_indices().find(|(_, c)| take(&mut left, encoded_char(*c)).is_none())
    else {
        return false;
    };
    let more = text.len() - end;
    text.truncate(end);
    let _ = write!(text, "… {more} more bytes");
    true
}

/// Returns the number of bytes that `text` takes in JSON.
fn encoded(text: &str) -> usize {
    text.chars().map(encoded_char).sum()
}

fn encoded_char(c: char) -> usize {
    match c {
        '"' | '\\' => 2,
        '\0'..='\u{1f}' => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Decision, Issued, MAX_LINE_BYTES, RecordedIsolation};
    use super::*;

    fn bytes(event: &Event) -> usize {
        serde_json::to_string(event).unwrap().len()
    }

    /// Returns a text with the largest JSON for its length.
    fn long() -> String {
        "\u{1}".repeat(100_000)
    }

    fn denials() -> Vec<RecordedDenial> {
        let denial = || RecordedDenial { action: long(), by: long(), reason: long() };
        std::iter::repeat_with(denial).take(50).collect()
    }

    #[test]
    fn the_largest_events_fit_a_line() {
        let permission = || RecordedPermission {
            action: long(),
            origin: long(),
            enforced_by: long(),
            resources: vec!["r".to_owned(); 9_000],
        };
        let components = || (0..100).map(|n| (format!("{n}{}", long()), long())).collect();
        let short_components = || (0..10_000).map(|n| (n.to_string(), "0".repeat(64))).collect();
        let issuing = |components| {
            Event::Issuing(Issuing {
                provider: long(),
                profile: Some(long()),
                intent: Some(long()),
                justification: Some(long()),
                method: long(),
                permissions: std::iter::repeat_with(permission).take(50).collect(),
                denied: denials(),
                resources: vec!["r".to_owned(); 500_000],
                ttl_seconds: 1,
                region: Some(long()),
                parents: vec![long(); 100],
                isolation: Some(RecordedIsolation {
                    level: long(),
                    mechanisms: vec![long(); 50],
                    not_held: vec![long(); 50],
                }),
                command: vec![long(); 30],
                components,
            })
        };
        let denied = Event::Denied(Denied {
            provider: long(),
            profile: Some(long()),
            justification: Some(long()),
            by: long(),
            reason: long(),
            permissions: vec![long(); 50],
            resources: vec![long(); 50],
            denied: denials(),
            command: vec![String::new(); 500_000],
            components: short_components(),
        });
        let failed = Event::Failed(Failed { reason: long(), stage: long(), ..Failed::default() });
        let issued = Event::Issued(Issued { identity: Some(long()), ..Issued::default() });
        for event in [issuing(components()), issuing(short_components()), denied, failed, issued] {
            let bounded = bound(event);
            assert!(
                bytes(&bounded) < MAX_LINE_BYTES - 4096,
                "{}: {}",
                bounded.name(),
                bytes(&bounded)
            );
            assert_eq!(bound(bounded.clone()).name(), bounded.name());
        }
    }

    #[test]
    fn decisions_that_do_not_fit_are_uncounted_and_never_lost() {
        let decision = |resource: String| Decision { resource, count: 2, ..Decision::default() };
        for resource in [String::new(), "\u{1}".repeat(2_000)] {
            let decisions = vec![decision(resource); 800];
            let Event::Used(used) =
                bound(Event::Used(Used { decisions, uncounted: 1, ..Used::default() }))
            else {
                panic!()
            };
            let counted: u64 = used.decisions.iter().map(|decision| decision.count).sum();
            assert_eq!(counted + used.uncounted, 1_601);
            assert!((1..=MAX_DECISIONS).contains(&used.decisions.len()));
            assert!(bytes(&Event::Used(used)) < MAX_LINE_BYTES - 4096);
        }
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let command = vec!["sh".to_owned(), "-c".to_owned(), "é".repeat(WORD_BYTES / 2)];
        let resources = vec!["arn:aws:s3:::b/*".to_owned(); 1000];
        let event = Event::Issuing(Issuing { resources, command, ..Issuing::default() });
        assert_eq!(bound(event.clone()), event);
    }

    #[test]
    fn a_cut_says_how_much_is_missing_and_which_command_it_was() {
        let cut = |command: Vec<String>| {
            let Event::Failed(failed) =
                bound(Event::Failed(Failed { command, ..Failed::default() }))
            else {
                panic!()
            };
            failed.command
        };
        let long = "x".repeat(WORD_BYTES + 7);
        let one = cut(vec!["a".to_owned(), long.clone()]);
        assert_eq!(one.len(), 3);
        assert!(one[1].ends_with("x… 7 more bytes"));
        // printf 'a\0xxx…x\0' | sha256sum
        let digest = audex_core::digest::sha256(format!("a\0{long}\0").as_bytes());
        assert_eq!(one[2], format!("… 0 more, sha256:{digest}"));
        assert_ne!(cut(vec!["a".to_owned(), long.clone() + "x"])[2], one[2]);
        let many = cut(vec![long; 20]);
        assert!(
            many.last().unwrap().starts_with(&format!("… {} more, sha256:", 20 - (many.len() - 1)))
        );
    }
}
