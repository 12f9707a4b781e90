//! The `send` function of the `http` import.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SigningSettings};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};

use super::exchange::{Way, exchange};
use super::retry::Effect;
use super::route::{self, Route};
use super::{EXCHANGE_TIME, compose, signing};
use crate::bindings::provider::http::{Auth, Host, Request as Asked, Response, Sigv4};
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::capability::Capability;
use crate::host_template::host_matches;
use crate::imports::sts::{plain_error, refusal};
use crate::limit;
use crate::misbehaved::Misbehaved;
use crate::state::State;
use crate::tape::Sent;
use audex_core::clock;
use audex_core::source::Source;
use audex_logins::aws::Keys;
use audex_wire::sigv4::{Scope, sign};

/// The HTTP methods that a guest may use.
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

impl Host for State {
    fn send(&mut self, asked: Asked) -> wasmtime::Result<Result<Response, Error>> {
        self.context()?.scope.may_reach()?;
        if asked.lift.len() > limit::LIFTED {
            let message =
                format!("no more than {} values can be lifted from a reply", limit::LIFTED);
            return Ok(Err(plain_error(ErrorKind::InvalidInput, "lift", message)));
        }
        let (url, host) = match self.granted(&asked.url) {
            Ok(granted) => granted,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(method) = METHODS.into_iter().find(|method| method.as_str() == asked.method)
        else {
            return Ok(Err(plain_error(
                ErrorKind::InvalidInput,
                "method",
                "unknown HTTP method".to_owned(),
            )));
        };
        let headers = compose::headers(self, &asked.headers, &host)?;
        let body = compose::bytes(self, &asked.body, &host)?;
        let composed = Composed { url, host, method, headers, body };
        let outside = Arc::clone(&self.context()?.outside);
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

/// A composed request.
struct Composed {
    url: Url,
    host: String,
    method: Method,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl State {
    /// Sends a request and passes the reply to the guest.
    fn exchanged(
        &mut self,
        asked: &Asked,
        composed: Composed,
    ) -> wasmtime::Result<Result<Response, Error>> {
        let Composed { url, host, method, headers, body } = composed;
        let effect = Effect::of(&method, &host, url.path());
        let route = match self.route(&host)? {
            Ok(route) => route,
            Err(refused) => return Ok(Err(refused)),
        };
        // The signature must match the real address.
        let url = route.as_ref().map_or_else(|| url.clone(), |route| route.url(&url));
        let mut request = Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.clone().into());
        if let Some(auth) = &asked.auth
            && let Err(refused) = self.authorise(&mut request, &body, auth, &host)?
        {
            return Ok(Err(refused));
        }
        let sent = match self.sending(asked)? {
            Ok(sent) => sent,
            Err(refused) => return Ok(Err(refused)),
        };
        let is_vault = match self.lead_to_vault(&host, &mut request)? {
            Ok(is_vault) => is_vault,
            Err(error) => return Ok(Err(error)),
        };
        let time = asked
            .timeout_ms
            .map_or(EXCHANGE_TIME, |ms| Duration::from_millis(ms.into()).min(EXCHANGE_TIME));
        *request.timeout_mut() = Some(time);
        let outside = Arc::clone(&self.context()?.outside);
        let url = request.url().clone();
        let way = match (is_vault, route) {
            (true, _) => Way::Vault,
            (false, Some(_)) => Way::Routed,
            (false, None) => Way::Public,
        };
        let is_mappable = self.context()?.source != Source::BuiltIn && matches!(way, Way::Public);
        let answer =
            self.outside_time(|limit| outside.run(limit, exchange(&outside, request, way, effect)));
        match answer {
            Ok(Ok(reply)) => {
                if is_vault {
                    outside.vault().saw(&url, &body, reply.status, &reply.body);
                }
                self.show(&reply, &asked.lift, &host, &sent)
            }
            Ok(Err(error)) => Ok(Err(if is_mappable { mappable(error, &host) } else { error })),
            Err(error) => Ok(Err(error.into())),
        }
    }

    /// Parses the URL. Rejects a URL that does not use https, or whose host was not granted.
    fn granted(&self, url: &str) -> Result<(Url, String), Error> {
        let refuse =
            |code: &str, message: String| Err(plain_error(ErrorKind::Denied, code, message));
        let Ok(parsed) = Url::parse(url) else {
            return refuse("url", "the URL cannot be parsed".to_owned());
        };
        let host = parsed.host_str().unwrap_or_default().to_owned();
        let plain =
            parsed.username().is_empty() && parsed.password().is_none() && parsed.port().is_none();
        if parsed.scheme() != "https" || !plain {
            return refuse(
                "url",
                format!("only `https://{host}/…` without user and port can be reached"),
            );
        }
        let named = |capability: &Capability| matches!(capability, Capability::Http(template) if host_matches(template, &host));
        let capabilities = self.context().map(|context| &context.capabilities);
        if capabilities.is_ok_and(|capabilities| capabilities.iter().any(named)) {
            return Ok((parsed, host));
        }
        refuse("host-not-granted", format!("`{host}` was not granted to this component"))
    }

    /// Returns the real address for requests to `host`: a component names the cloud's own host, and the user
    /// may have configured another. For built-in components variables configure it, for installed ones
    /// `[endpoints]`.
    fn route(&self, host: &str) -> wasmtime::Result<Result<Option<Route>, Error>> {
        let context = self.context()?;
        if context.source != Source::BuiltIn {
            return Ok(Ok(context.outside.endpoint(host).cloned().map(Route::to)));
        }
        let route = route::find(context.outside.environment(), host);
        Ok(route.map_err(|error| {
            plain_error(ErrorKind::InvalidInput, "endpoint-override", error.to_string())
        }))
    }

    /// Adds credentials that the guest does not see.
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
        let is_built_in = self.context()?.source == Source::BuiltIn;
        if !signing::may_sign(request, body, host, &scope.service, is_built_in) {
            let message = format!(
                "requests to `{host}` for `{}` are not signed for components",
                scope.service
            );
            return Ok(Err(plain_error(ErrorKind::Denied, "not-signed", message)));
        }
        let outside = Arc::clone(&self.context()?.outside);
        let keys = self.outside_time(|limit| outside.run(limit, outside.keys()));
        let keys = match keys {
            Ok(Ok(keys)) => keys,
            Ok(Err(error)) => {
                return Ok(Err(Error { kind: ErrorKind::Unavailable, ..refusal(&error) }));
            }
            Err(error) => {
                return Ok(Err(error.into()));
            }
        };
        Ok(sign_request(request, body, scope, &keys, clock::now())
            .map_err(|reason| plain_error(ErrorKind::InvalidInput, "sigv4", reason)))
    }
}

/// Adds a hint: the setting that routes an installed component to a host which is not on the public internet.
fn mappable(error: Error, host: &str) -> Error {
    if error.code != "unreachable" || error.hint.is_some() {
        return error;
    }
    let hint = format!(
        "if `{host}` is not on the public internet, say where it is in config.toml: [endpoints] \"{host}\" = \"http://localhost:PORT\""
    );
    Error { hint: Some(hint), ..error }
}

/// Signs with Signature Version 4. Returns an error reason without secrets.
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
    let body = SignableBody::Bytes(body);
    let instructions = sign(&method, &url, headers, body, keys.credentials(), scope)?;
    for (name, value) in instructions.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        let mut value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    Ok(())
}
