//! The exchange itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::SigningSettings;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};

use super::exchange::{Reply, Way, exchange};
use super::retry::Effect;
use super::route::{self, Route};
use super::signing;
use super::{EXCHANGE_TIME, compose, host_matches, is_account_host, lift};
use crate::aws::Keys;
use crate::aws::sign::{Scope, sign};
use crate::clock;
use crate::plugin::bindings::provider::v0_1::http::{
    Auth, Chunk, HeaderKey, Host, Request as Asked, Response, Sigv4,
};
use crate::plugin::bindings::provider::v0_1::types::{Error, ErrorKind};
use crate::plugin::capability::sts::plain_error;
use crate::plugin::capability::{Capability, HeldSecret, Origin};
use crate::plugin::component::Source;
use crate::plugin::limit;
use crate::plugin::state::{Misbehaved, State};
use crate::plugin::tape::{Got, Sent, kind_named};
use crate::secret::Secret;

/// Methods a guest may use.
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Shorter secrets are not looked for in replies: they would turn up by chance.
const SHORTEST_ECHO: usize = 8;

impl Host for State {
    fn send(&mut self, asked: Asked) -> wasmtime::Result<Result<Response, Error>> {
        self.reach()?.scope.may_reach()?;
        if asked.lift.len() > limit::LIFTED {
            let message = format!("no more than {} values can be lifted from a reply", limit::LIFTED);
            return Ok(Err(plain_error(ErrorKind::InvalidInput, "lift", message)));
        }
        let (url, host) = match self.granted(&asked.url) {
            Ok(granted) => granted,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(method) = METHODS.into_iter().find(|method| method.as_str() == asked.method) else {
            return Ok(Err(plain_error(ErrorKind::InvalidInput, "method", "unknown HTTP method".to_owned())));
        };
        let headers = compose::headers(self, &asked.headers, &host)?;
        let body = compose::bytes(self, &asked.body, &host)?;
        let composed = Composed { url, host, method, headers, body };
        let outside = Arc::clone(&self.reach()?.outside);
        let Some(tape) = outside.tape() else { return self.exchanged(&asked, composed) };
        let sent = Sent::of(&asked);
        if let Some(got) = tape.replay(&sent).map_err(Misbehaved::OffTape)? {
            return self.replayed(got, &composed.host);
        }
        let answer = self.exchanged(&asked, composed)?;
        tape.record(sent, &answer);
        Ok(answer)
    }
}

/// A request, put together.
struct Composed {
    url: Url,
    host: String,
    method: Method,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl State {
    /// Sends a request and hands the reply to the guest.
    fn exchanged(&mut self, asked: &Asked, composed: Composed) -> wasmtime::Result<Result<Response, Error>> {
        let Composed { url, host, method, headers, body } = composed;
        let effect = Effect::of(&method, &host, url.path());
        let route = match self.route(&host)? {
            Ok(route) => route,
            Err(refused) => return Ok(Err(refused)),
        };
        // A signature holds for where the request really goes.
        let url = route.as_ref().map_or_else(|| url.clone(), |route| route.url(&url));
        let mut request = Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.clone().into());
        if let Some(auth) = &asked.auth
            && let Err(refused) = self.authorise(&mut request, &body, auth, &host)?
        {
            return Ok(Err(refused));
        }
        let is_vault = match self.lead_to_vault(&host, &mut request)? {
            Ok(is_vault) => is_vault,
            Err(error) => return Ok(Err(error)),
        };
        let time =
            asked.timeout_ms.map_or(EXCHANGE_TIME, |ms| Duration::from_millis(ms.into()).min(EXCHANGE_TIME));
        *request.timeout_mut() = Some(time);
        let outside = Arc::clone(&self.reach()?.outside);
        let url = request.url().clone();
        let way = match (is_vault, route) {
            (true, _) => Way::Vault,
            (false, Some(_)) => Way::Routed,
            (false, None) => Way::Public,
        };
        let answer = self.outside_time(|limit| outside.run(limit, exchange(&outside, request, way, effect)));
        match answer {
            Ok(Ok(reply)) => {
                if is_vault {
                    outside.vault().saw(&url, &body, reply.status, &reply.body);
                }
                let sent = self.sent(asked)?;
                self.show(&reply, &asked.lift, &host, &sent)
            }
            Ok(Err(error)) => Ok(Err(error)),
            Err(error) => Ok(Err(plain_error(ErrorKind::Unavailable, "timed-out", error.to_string()))),
        }
    }

    /// What a recording has in place of a reply.
    fn replayed(&mut self, got: Got, host: &str) -> wasmtime::Result<Result<Response, Error>> {
        match got {
            Got::Failure { kind, code, message } => Ok(Err(plain_error(kind_named(&kind), &code, message))),
            Got::Reply { status, headers, body, lifted } => {
                let mut held = Vec::new();
                for found in lifted {
                    held.push(if found {
                        let value = Secret::new("replayed-secret-of-the-reply".to_owned());
                        Some(self.hold(HeldSecret::whole(value, origin_of(host)))?)
                    } else {
                        None
                    });
                }
                Ok(Ok(Response { status, headers, body: body.into_bytes(), lifted: held }))
            }
        }
    }

    /// The URL, if it goes by https to a host that was granted.
    fn granted(&self, url: &str) -> Result<(Url, String), Error> {
        let refuse = |code: &str, message: String| Err(plain_error(ErrorKind::Denied, code, message));
        let Ok(parsed) = Url::parse(url) else { return refuse("url", "the URL cannot be parsed".to_owned()) };
        let host = parsed.host_str().unwrap_or_default().to_owned();
        let plain = parsed.username().is_empty() && parsed.password().is_none() && parsed.port().is_none();
        if parsed.scheme() != "https" || !plain {
            return refuse("url", format!("only `https://{host}/…` without user and port can be reached"));
        }
        let named = |capability: &Capability| matches!(capability, Capability::Http(template) if host_matches(template, &host));
        let capabilities = self.reach().map(|reach| &reach.capabilities);
        if capabilities.is_ok_and(|capabilities| capabilities.iter().any(named)) {
            return Ok((parsed, host));
        }
        refuse("host-not-granted", format!("`{host}` was not granted to this component"))
    }

    /// Where requests to `host` really go: a component names the cloud's own hosts, and the user may have others. Of built-in
    /// ones variables say so, of installed ones `[endpoints]` does.
    fn route(&self, host: &str) -> wasmtime::Result<Result<Option<Route>, Error>> {
        let reach = self.reach()?;
        if reach.source != Source::BuiltIn {
            return Ok(Ok(reach.outside.endpoint(host).cloned().map(Route::to)));
        }
        let route = route::find(reach.outside.environment(), host);
        Ok(route
            .map_err(|error| plain_error(ErrorKind::InvalidInput, "endpoint-override", error.to_string())))
    }

    /// The secrets in a request that the guest does not know.
    fn sent(&mut self, asked: &Asked) -> wasmtime::Result<Vec<Secret>> {
        let mut sent = Vec::new();
        for chunk in asked.headers.iter().flat_map(|header| &header.value).chain(&asked.body) {
            let (Chunk::Secret(handle) | Chunk::FormSecret(handle) | Chunk::JsonSecret(handle)) = chunk
            else {
                continue;
            };
            let held = self.table.get(handle)?;
            if held.origin != Origin::Guest {
                sent.push(held.value.clone());
            }
        }
        if let Some(Auth::Bearer(slot) | Auth::Header(HeaderKey { slot, .. })) = &asked.auth {
            sent.extend(self.slot_secret(slot)?);
        }
        Ok(sent)
    }

    /// Adds credentials the guest does not see.
    fn authorise(
        &mut self,
        request: &mut Request,
        body: &[u8],
        auth: &Auth,
        host: &str,
    ) -> wasmtime::Result<Result<(), Error>> {
        let (name, slot, prefix) = match auth {
            Auth::Aws(scope) => return self.sign_aws(request, body, scope, host),
            Auth::Bearer(slot) => ("authorization", slot, "Bearer "),
            Auth::Header(key) => {
                compose::settable(&key.name.to_ascii_lowercase(), true)?;
                (key.name.as_str(), &key.slot, "")
            }
        };
        let secret = match self.slot_secret(slot)? {
            Ok(secret) => secret,
            Err(error) => return Ok(Err(error)),
        };
        let value = HeaderValue::from_str(&format!("{prefix}{}", secret.expose()));
        let (Ok(name), Ok(mut value)) = (HeaderName::from_bytes(name.as_bytes()), value) else {
            let message = format!("`{slot}` cannot stand in a header");
            return Ok(Err(plain_error(ErrorKind::InvalidInput, "header", message)));
        };
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
        Ok(Ok(()))
    }

    fn sign_aws(
        &mut self,
        request: &mut Request,
        body: &[u8],
        scope: &Sigv4,
        host: &str,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.require(&Capability::Aws)?;
        let is_built_in = self.reach()?.source == Source::BuiltIn;
        if !signing::may_sign(request, body, host, &scope.service, is_built_in) {
            let message =
                format!("requests to `{host}` for `{}` are not signed for components", scope.service);
            return Ok(Err(plain_error(ErrorKind::Denied, "not-signed", message)));
        }
        let outside = Arc::clone(&self.reach()?.outside);
        let keys = self.outside_time(|limit| outside.run(limit, outside.keys()));
        let keys = match keys {
            Ok(Ok(keys)) => keys,
            Ok(Err(error)) => {
                return Ok(Err(plain_error(ErrorKind::Unavailable, error.code(), error.to_string())));
            }
            Err(error) => {
                return Ok(Err(plain_error(ErrorKind::Unavailable, "timed-out", error.to_string())));
            }
        };
        Ok(sign_request(request, body, scope, &keys, clock::now())
            .map_err(|reason| plain_error(ErrorKind::InvalidInput, "sigv4", reason)))
    }

    /// Hands a reply to the guest, without what it asked to have lifted.
    fn show(
        &mut self,
        reply: &Reply,
        pointers: &[String],
        host: &str,
        sent: &[Secret],
    ) -> wasmtime::Result<Result<Response, Error>> {
        let (body, secrets) = match lift::lift(&reply.body, pointers) {
            Ok(lifted) => lifted,
            Err(error) => {
                return Ok(Err(plain_error(ErrorKind::Unavailable, error.code(), error.to_string())));
            }
        };
        if sent.iter().any(|secret| repeats(&body, &reply.headers, secret)) {
            let message = format!("the reply of `{host}` repeats a secret that was sent to it");
            return Ok(Err(plain_error(ErrorKind::Unavailable, "echo", message)));
        }
        let mut lifted = Vec::new();
        for secret in secrets {
            lifted.push(match secret {
                Some(value) => {
                    if value.expose().len() > limit::SECRET_BYTES {
                        return Err(Misbehaved::LargeSecret.into());
                    }
                    Some(self.hold(HeldSecret::whole(value, origin_of(host)))?)
                }
                None => None,
            });
        }
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.to_string(), value.to_str().ok()?.to_owned()))
        };
        // Security: what a server sets as a cookie is a credential too.
        let headers =
            reply.headers.iter().filter(|(name, _)| name.as_str() != "set-cookie").filter_map(text).collect();
        Ok(Ok(Response { status: reply.status, headers, body, lifted }))
    }
}

/// The origin of what `host` sent. Security: the one secret of a storage account's host is the key that delegates a user's
/// rights for days; signatures made with it leave, and the key does not.
fn origin_of(host: &str) -> Origin {
    let host = host.to_owned();
    if is_account_host(&host) { Origin::SigningKey { host } } else { Origin::Lifted { host } }
}

/// Whether a reply holds `secret` as it is. Security: an echo would show the guest what it must not read.
fn repeats(body: &[u8], headers: &HeaderMap, secret: &Secret) -> bool {
    let secret = secret.expose().as_bytes();
    let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
    secret.len() >= SHORTEST_ECHO && (holds(body) || headers.values().any(|value| holds(value.as_bytes())))
}

/// Signs by Signature Version 4. An error is a reason without a secret.
fn sign_request(
    request: &mut Request,
    body: &[u8],
    scope: &Sigv4,
    keys: &Keys,
    time: SystemTime,
) -> Result<(), String> {
    let (method, url) = (request.method().to_string(), request.url().to_string());
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let settings = SigningSettings::default();
    let scope = Scope { service: &scope.service, region: &scope.region, time, settings };
    let instructions = sign(&method, &url, headers, body, keys.credentials(), scope)?;
    for (name, value) in instructions.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        let mut value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
    }

    #[test]
    fn a_key_of_a_storage_account_is_for_signing_only() {
        let host = || "acct01.blob.core.windows.net".to_owned();
        assert_eq!(origin_of(&host()), Origin::SigningKey { host: host() });
        let other = || "sts.googleapis.com".to_owned();
        assert_eq!(origin_of(&other()), Origin::Lifted { host: other() });
    }

    #[test]
    fn a_reply_that_repeats_a_sent_secret_is_known_by_body_and_headers() {
        let secret = Secret::new("planted-secret".to_owned());
        assert!(repeats(b"{\"you\":\"Bearer planted-secret\"}", &HeaderMap::new(), &secret));
        assert!(repeats(b"", &headers("x-echo", "planted-secret"), &secret));
        assert!(!repeats(b"planted-other", &headers("x-echo", "no"), &secret));
        assert!(!repeats(b"a", &HeaderMap::new(), &Secret::new(String::new())));
    }
}
