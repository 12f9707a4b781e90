//! The part of a reply that a guest receives: without lifted values, and without any secret that it could
//! only send.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_ENCODING, HeaderName, HeaderValue, SET_COOKIE};
use serde_json::Value;

use super::exchange::Reply;
use super::{Http, lift};
use crate::bindings::provider::http::{Auth, Chunk, HeaderKey, Request as Asked, Response};
use crate::bindings::provider::types::ErrorKind;
use crate::host_template::is_account_host;
use crate::import_error::{ImportError, plain_error};
use crate::imports::{View, slot};
use crate::limit;
use crate::misbehaved::Misbehaved;
use crate::resource::{HeldSecret, Origin};
use audex_core::secret::Secret;
use audex_wire::echo::Guard;

/// Headers that contain only a secret, or a secret after the name of a scheme.
const CREDENTIAL_HEADERS: [&str; 2] = ["authorization", "x-vault-token"];

/// The secrets of one request that the guest does not know.
#[derive(Default)]
pub(super) struct Sent {
    secrets: Vec<HeldSecret>,
    /// `true` if the guest could write text around a secret.
    framed: bool,
}

impl View<'_, Http> {
    /// Returns the secrets in a request that the guest does not know, and stores them to check all replies of
    /// this run.
    ///
    /// # Errors
    /// When there are too many, or a slot was not granted.
    pub(super) fn sending(&mut self, asked: &Asked) -> Result<Sent, ImportError> {
        let mut sent = Sent::default();
        for header in &asked.headers {
            let name = header.name.to_ascii_lowercase();
            let is_alone = header.value.len() == 1 || CREDENTIAL_HEADERS.contains(&name.as_str());
            self.collect(&header.value, !is_alone, &mut sent)?;
        }
        self.collect(&asked.body, true, &mut sent)?;
        if let Some(Auth::Bearer(slot) | Auth::Header(HeaderKey { slot, .. })) = &asked.auth {
            let secret = slot::secret(self.call, &self.own.network, &self.own.logins, slot)?;
            sent.secrets.push(HeldSecret::whole(secret, Origin::Slot));
        }
        if sent.secrets.iter().all(|held| self.own.sent.remember(held)) {
            return Ok(sent);
        }
        let message = "too many different secrets were sent in this run".to_owned();
        Err(plain_error(ErrorKind::Denied, "secrets", message).into())
    }

    fn collect(&self, chunks: &[Chunk], framed: bool, sent: &mut Sent) -> Result<(), ImportError> {
        for chunk in chunks {
            let (Chunk::Secret(handle) | Chunk::FormSecret(handle) | Chunk::JsonSecret(handle)) =
                chunk
            else {
                continue;
            };
            let held = self.call.table.get(handle)?;
            if held.origin != Origin::Guest {
                sent.secrets.push(held.clone());
                sent.framed |= framed;
            }
        }
        Ok(())
    }

    /// Passes a reply to the guest, without the values that it asked to lift.
    pub(super) fn show(
        &mut self,
        reply: &Reply,
        pointers: &[String],
        host: &str,
        sent: &Sent,
    ) -> Result<Response, ImportError> {
        let unavailable =
            |code: &str, message: String| plain_error(ErrorKind::Unavailable, code, message);
        let (body, values) = lift::lift(&reply.body, pointers)
            .map_err(|error| unavailable(error.code(), error.to_string()))?;
        // A server may store a secret and quote it later, so secrets of earlier requests count too.
        let before = self.own.sent.secrets();
        let known = self.own.logins.used_secrets();
        let now = sent.secrets.iter().flat_map(HeldSecret::unknown);
        let guard = Guard::new(now.chain(&known).chain(before.iter().map(|(secret, _)| secret)));
        if !guard.is_idle() && !is_whole(reply) {
            let message =
                format!("the reply of `{host}` is compressed or a part, and a secret was sent");
            return Err(unavailable("encoded", message).into());
        }
        let same = |value: &Secret| sent.secrets.iter().find(|held| is_same(&held.value, value));
        // A host may return again a value that it gave before.
        let origin = origin_of(host);
        let given =
            |value: &Secret| before.iter().any(|(it, from)| *from == origin && is_same(it, value));
        let is_own = |value: &Secret| same(value).is_some() || given(value);
        // Security: only values that equal a sent secret are removed before the search. If other values were
        // removed too, the guest could learn a secret from what is missing.
        let own: Vec<String> = pointers
            .iter()
            .zip(&values)
            .filter(|(_, value)| value.as_ref().is_some_and(is_own))
            .map(|(at, _)| at.clone())
            .collect();
        let searched =
            lift::lift(&reply.body, &own).map(|(searched, _)| without(searched, pointers));
        let others = values.iter().flatten().filter(|value| !is_own(value));
        let headers = shown_headers(reply);
        let is_header = |(name, value): &(String, String)| {
            [name, value].iter().any(|text| guard.finds_in(text.as_bytes()))
        };
        let is_repeated = searched.map_or(true, |searched| {
            guard.finds_in(&searched) || (searched != body && guard.finds_in(&body))
        });
        if is_repeated
            || headers.iter().any(is_header)
            || others.into_iter().any(|value| guard.finds_in(value.expose().as_bytes()))
        {
            let message = format!("the reply of `{host}` repeats a secret that was sent to it");
            return Err(unavailable("echo", message).into());
        }
        let mut lifted = Vec::new();
        for value in values {
            let Some(value) = value else {
                lifted.push(None);
                continue;
            };
            if value.expose().len() > limit::SECRET_BYTES {
                return Err(Misbehaved::LargeSecret.into());
            }
            let held = match same(&value) {
                Some(held) => held.clone(),
                None => HeldSecret::lifted(value, origin_of(host), sent.framed),
            };
            lifted.push(Some(self.call.hold(held)?));
        }
        Ok(Response { status: reply.status, headers, body, lifted })
    }
}

/// Returns `true` if a value equals a sent secret, for example when a token looks itself up. The value then
/// has the same destinations as that secret.
fn is_same(held: &Secret, value: &Secret) -> bool {
    !value.expose().is_empty() && held.expose() == value.expose()
}

fn shown_headers(reply: &Reply) -> Vec<(String, String)> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.to_string(), value.to_str().ok()?.to_owned()))
    };
    // Security: a cookie that a server sets is a credential too.
    reply.headers.iter().filter(|(name, _)| *name != SET_COOKIE).filter_map(text).collect()
}

/// Returns `body` without the values at `pointers`, which the guest does not see. Unlike the body for the
/// guest, it keeps other strings that contain these values: from what is missing there, a guest could learn a
/// secret. XML is not changed.
fn without(body: Vec<u8>, pointers: &[String]) -> Vec<u8> {
    if pointers.is_empty() {
        return body;
    }
    let Ok(mut document) = serde_json::from_slice::<Value>(&body) else { return body };
    for pointer in pointers {
        if let Some(value) = document.pointer_mut(pointer).filter(|value| value.is_string()) {
            *value = Value::Null;
        }
    }
    document.to_string().into_bytes()
}

/// Returns `true` if a reply is neither compressed nor partial, so that it can be searched. A guest never
/// receives any other reply to a request with a secret.
fn is_whole(reply: &Reply) -> bool {
    let is_plain = |value: &HeaderValue| {
        let mut encodings = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        encodings.all(|encoding| encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity"))
    };
    reply.headers.get_all(CONTENT_ENCODING).iter().all(is_plain)
        && reply.status != StatusCode::PARTIAL_CONTENT.as_u16()
}

/// Returns the origin of a secret that `host` sent. Security: a storage account's host sends only one kind of
/// secret, the key that delegates a user's rights for days. Signatures made with the key may be sent, but not
/// the key.
pub(crate) fn origin_of(host: &str) -> Origin {
    let host = host.to_owned();
    if is_account_host(&host) { Origin::SigningKey { host } } else { Origin::Lifted { host } }
}

#[cfg(test)]
mod tests;
