//! The `send` function of the `http` import.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SigningSettings};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};

use super::exchange::{Way, exchange};
use super::retry::Effect;
use super::route::{self, Route};
use super::{EXCHANGE_TIME, Http, compose, signing};
use crate::bindings::provider::http::{Auth, Host, Request as Asked, Response, Sigv4};
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::capability::Capability;
use crate::host_template::host_matches;
use crate::import_error::{ImportError, plain_error};
use crate::imports::View;
use crate::imports::slot;
use crate::limit;
use audex_core::clock;
use audex_core::source::Source;
use audex_logins::aws::Keys;
use audex_logins::vault;
use audex_wire::sigv4::{Scope, sign};

/// The HTTP methods that a guest may use.
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

impl Host for View<'_, Http> {
    fn send(&mut self, asked: Asked) -> Result<Response, ImportError> {
        self.call.scope.may_reach()?;
        if asked.lift.len() > limit::LIFTED {
            let message =
                format!("no more than {} values can be lifted from a reply", limit::LIFTED);
            return Err(plain_error(ErrorKind::InvalidInput, "lift", message).into());
        }
        let (url, host) = granted(&self.call.capabilities, &asked.url)?;
        let Some(method) = METHODS.into_iter().find(|method| method.as_str() == asked.method)
        else {
            let message = "unknown HTTP method".to_owned();
            return Err(plain_error(ErrorKind::InvalidInput, "method", message).into());
        };
        let headers = compose::headers(self.call, &asked.headers, &host)?;
        let body = compose::bytes(self.call, &asked.body, &host)?;
        let composed = Composed { url, host, method, headers, body };
        let Http { transport, .. } = self.own;
        transport.send(self, &asked, composed)
    }
}

/// A composed request to a granted host.
pub(crate) struct Composed {
    url: Url,
    /// The host as the component named it.
    pub host: String,
    method: Method,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl View<'_, Http> {
    /// Sends a request over the network and passes the reply to the guest.
    pub(crate) fn exchange(
        &mut self,
        asked: &Asked,
        composed: Composed,
    ) -> Result<Response, ImportError> {
        let Composed { url, host, method, headers, body } = composed;
        let effect = Effect::of(&method, &host, url.path());
        let route = self.route(&host)?;
        // The signature must match the real address.
        let url = route.as_ref().map_or_else(|| url.clone(), |route| route.url(&url));
        let mut request = Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.clone().into());
        if let Some(auth) = &asked.auth {
            self.authorise(&mut request, &body, auth, &host)?;
        }
        let sent = self.sending(asked)?;
        let is_vault = self.lead_to_vault(&host, &mut request)?;
        let time = asked
            .timeout_ms
            .map_or(EXCHANGE_TIME, |ms| Duration::from_millis(ms.into()).min(EXCHANGE_TIME));
        *request.timeout_mut() = Some(time);
        let url = request.url().clone();
        let way = match (is_vault, route) {
            (true, _) => Way::Vault,
            (false, Some(_)) => Way::Routed,
            (false, None) => Way::Public,
        };
        let is_mappable = self.call.source != Source::BuiltIn && matches!(way, Way::Public);
        let own = self.own;
        let work = exchange(own, request, way, effect);
        let answer = self.call.wait(&own.network, limit::WALL_TIME, work)?;
        let reply = answer.map_err(|error| match error {
            ImportError::Guest(error) if is_mappable => mappable(error, &host).into(),
            error => error,
        })?;
        if is_vault {
            own.logins.vault().saw(&url, &body, reply.status, &reply.body);
        }
        self.show(&reply, &asked.lift, &host, &sent)
    }

    /// Returns the real address for requests to `host`: a component names the cloud's own host, and the user
    /// may have configured another. For built-in components variables configure it, for installed ones
    /// `[endpoints]`.
    fn route(&self, host: &str) -> Result<Option<Route>, Error> {
        let network = &self.own.network;
        if self.call.source != Source::BuiltIn {
            return Ok(network.endpoint(host).cloned().map(Route::to));
        }
        route::find(network.environment(), host).map_err(|error| {
            plain_error(ErrorKind::InvalidInput, "endpoint-override", error.to_string())
        })
    }

    /// Redirects `request` to the configured Vault if `host` is Vault's placeholder name.
    ///
    /// Security: the user chooses the address, so it may be private; only a holder of the slot gets there.
    fn lead_to_vault(&self, host: &str, request: &mut Request) -> Result<bool, ImportError> {
        if host != vault::HOST {
            return Ok(false);
        }
        self.call.require(&Capability::Vault)?;
        self.own.logins.vault().route(request)?;
        Ok(true)
    }

    /// Adds credentials that the guest does not see.
    fn authorise(
        &mut self,
        request: &mut Request,
        body: &[u8],
        auth: &Auth,
        host: &str,
    ) -> Result<(), ImportError> {
        let (name, slot, prefix) = match auth {
            Auth::Aws(scope) => return self.sign_aws(request, body, scope, host),
            Auth::Bearer(slot) => ("authorization", slot, "Bearer "),
            Auth::Header(key) => {
                compose::settable(&key.name.to_ascii_lowercase(), true)?;
                (key.name.as_str(), &key.slot, "")
            }
        };
        let secret = slot::secret(self.call, &self.own.network, &self.own.logins, slot)?;
        let value = HeaderValue::from_str(&format!("{prefix}{}", secret.expose()));
        let (Ok(name), Ok(mut value)) = (HeaderName::from_bytes(name.as_bytes()), value) else {
            let message = format!("`{slot}` cannot stand in a header");
            return Err(plain_error(ErrorKind::InvalidInput, "header", message).into());
        };
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
        Ok(())
    }

    fn sign_aws(
        &mut self,
        request: &mut Request,
        body: &[u8],
        scope: &Sigv4,
        host: &str,
    ) -> Result<(), ImportError> {
        self.call.require(&Capability::Aws)?;
        let is_built_in = self.call.source == Source::BuiltIn;
        if !signing::may_sign(request, body, host, &scope.service, is_built_in) {
            let message = format!(
                "requests to `{host}` for `{}` are not signed for components",
                scope.service
            );
            return Err(plain_error(ErrorKind::Denied, "not-signed", message).into());
        }
        let Http { network, logins, .. } = self.own;
        let keys = self
            .call
            .wait(network, limit::WALL_TIME, logins.keys())?
            .map_err(|error| Error { kind: ErrorKind::Unavailable, ..error.into() })?;
        sign_request(request, body, scope, &keys, clock::now())
            .map_err(|reason| plain_error(ErrorKind::InvalidInput, "sigv4", reason).into())
    }
}

/// Parses the URL. Rejects a URL that does not use https, or whose host was not granted.
fn granted(capabilities: &BTreeSet<Capability>, url: &str) -> Result<(Url, String), Error> {
    let refuse = |code: &str, message: String| Err(plain_error(ErrorKind::Denied, code, message));
    let Ok(parsed) = Url::parse(url) else {
        return refuse("url", "the URL cannot be parsed".to_owned());
    };
    let host = parsed.host_str().unwrap_or_default().to_owned();
    let plain =
        parsed.username().is_empty() && parsed.password().is_none() && parsed.port().is_none();
    if parsed.scheme() != "https" || !plain {
        let message = format!("only `https://{host}/…` without user and port can be reached");
        return refuse("url", message);
    }
    let named = |capability: &Capability| matches!(capability, Capability::Http(template) if host_matches(template, &host));
    if capabilities.iter().any(named) {
        return Ok((parsed, host));
    }
    refuse("host-not-granted", format!("`{host}` was not granted to this component"))
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

#[cfg(test)]
mod tests;
