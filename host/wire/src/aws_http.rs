//! The HTTP client for every AWS call. It sets up plain connections at once and TLS only for the first `https` request.
//!
//! Reading the certificate authorities takes 71 % of a minimal client's instructions; an `http` endpoint on
//! loopback (an emulator, the demo cloud) must never pay for this.
//!
//! Proxies: like the SDK's own default client, `https` requests honour `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`
//! (a `CONNECT` tunnel, so the proxy sees no content). Plain requests never use a proxy, because they stay on this machine.

mod tls;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use http::Uri;

use audex_core::shape::{self, ConfiguredPath};

pub use self::tls::CaBundleError;

/// The longest time for connecting: the SDK's own default, enough for three SYN retransmissions.
pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);
/// The longest wait for the first byte of a reply; STS answers in well under a second.
pub const READ_TIMEOUT: Duration = Duration::from_secs(8);
/// The link-local hosts of AWS's own credential endpoints: instance metadata, ECS task roles, EKS pod
/// identities, each in IPv4 and, where it exists, IPv6 (AWS SDKs and Tools Reference Guide).
const CREDENTIAL_HOSTS: [&str; 5] =
    ["169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

/// The longest wait for the answer to a forwarded request; the session ends earlier.
const FORWARD_TIME: Duration = Duration::from_hours(12);

/// The error for a request that was not sent, because it would have crossed a network unencrypted.
#[derive(Debug, thiserror::Error)]
#[error("refused to send `{method}` to `{host}` over plain http")]
pub struct InsecureRequest {
    method: String,
    /// The host of the refused request.
    pub host: String,
}

/// The client; clones share their connections.
#[derive(Clone)]
pub struct AwsHttp {
    shared: Arc<Shared>,
}

struct Shared {
    ca_bundle: Option<ConfiguredPath>,
    connectors: Mutex<HashMap<Key, SharedHttpConnector>>,
    tls_built: AtomicUsize,
}

/// The properties that one connector is built for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    tls: bool,
    connect: Duration,
    read: Duration,
}

impl AwsHttp {
    /// Makes a client that trusts only the authorities in `ca_bundle`, or the system's if there is no bundle; reads no file yet.
    #[must_use]
    pub fn new(ca_bundle: Option<ConfiguredPath>) -> Self {
        let shared =
            Shared { ca_bundle, connectors: Mutex::default(), tls_built: AtomicUsize::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// Returns the number of TLS connectors built so far; 0 as long as only plain endpoints were called.
    #[must_use]
    pub fn tls_connectors_built(&self) -> usize {
        self.shared.tls_built.load(Ordering::Relaxed)
    }

    /// Sends one request with the default time limits.
    pub fn send(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.connector(None, None).call(request)
    }

    /// Sends one request with a long time limit for the answer, because an upload is answered only after its last byte.
    pub fn forward(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.connector(None, Some(FORWARD_TIME)).call(request)
    }

    fn connector(&self, connect: Option<Duration>, read: Option<Duration>) -> Routed {
        Routed {
            shared: Arc::clone(&self.shared),
            connect: connect.unwrap_or(CONNECT_TIMEOUT),
            read: read.unwrap_or(READ_TIMEOUT),
        }
    }
}

impl fmt::Debug for AwsHttp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AwsHttp")
            .field("ca_bundle", &self.shared.ca_bundle)
            .finish_non_exhaustive()
    }
}

impl HttpClient for AwsHttp {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(
            self.connector(settings.connect_timeout(), settings.read_timeout()),
        )
    }
}

/// A connector that selects the actual connector for each request.
struct Routed {
    shared: Arc<Shared>,
    connect: Duration,
    read: Duration,
}

impl fmt::Debug for Routed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Routed").finish_non_exhaustive()
    }
}

impl HttpConnector for Routed {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.route(&request) {
            Ok(connector) => connector.call(request),
            Err(error) => HttpConnectorFuture::ready(Err(error)),
        }
    }
}

impl Routed {
    fn route(&self, request: &HttpRequest) -> Result<SharedHttpConnector, ConnectorError> {
        let uri: Uri = request.uri().parse().map_err(|error: http::uri::InvalidUri| user(error))?;
        let tls = uri.scheme_str() == Some("https");
        if !tls && !may_be_plain(&uri, request.method()) {
            // Security: the text in the place of the host may be a token.
            let host =
                uri.host().filter(|host| shape::is_host(host)).unwrap_or("(not shown)").to_owned();
            return Err(user(InsecureRequest { method: request.method().to_owned(), host }));
        }
        self.shared.connector(Key { tls, connect: self.connect, read: self.read })
    }
}

impl Shared {
    fn connector(&self, key: Key) -> Result<SharedHttpConnector, ConnectorError> {
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connector) = connectors.get(&key) {
            return Ok(connector.clone());
        }
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(key.connect)
            .read_timeout(key.read)
            .build();
        let builder = Connector::builder().connector_settings(settings);
        let connector = if key.tls {
            let trust = tls::trust(self.ca_bundle.as_ref()).map_err(user)?;
            self.tls_built.fetch_add(1, Ordering::Relaxed);
            builder
                .proxy_config(ProxyConfig::from_env())
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(trust)
                .build()
        } else {
            // Security: no proxy is set, because it would receive signed requests for loopback unencrypted.
            builder.build_http()
        };
        let connector = SharedHttpConnector::new(connector);
        connectors.insert(key, connector.clone());
        Ok(connector)
    }
}

/// Returns an error that a retry cannot resolve.
fn user(error: impl std::error::Error + Send + Sync + 'static) -> ConnectorError {
    ConnectorError::user(Box::new(error))
}

/// Returns true if a request may use plain `http`.
///
/// Security: signatures made with source credentials, and the secrets in the answers of STS, must not cross a
/// network unencrypted, so plain `http` goes only to this machine. The link-local credential endpoints support
/// nothing else. They are read with GET (and `IMDSv2`'s PUT), while an STS call is always a POST.
fn may_be_plain(uri: &Uri, method: &str) -> bool {
    if uri.scheme_str() != Some("http") {
        return false;
    }
    let host = uri.host().unwrap_or_default();
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let Ok(address) = address else { return false };
    let credential_endpoint = || {
        CREDENTIAL_HOSTS
            .iter()
            .any(|known| known.parse::<IpAddr>().is_ok_and(|known| known == address))
    };
    address.is_loopback() || (method != "POST" && credential_endpoint())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(uri: &str, method: &str) -> bool {
        may_be_plain(&uri.parse().unwrap(), method)
    }

    #[test]
    fn loopback_may_be_plain() {
        for host in ["127.0.0.1:4566", "127.9.9.9", "[::1]:80", "localhost:5000", "LocalHost"] {
            assert!(plain(&format!("http://{host}/"), "POST"), "{host}");
        }
    }

    #[test]
    fn other_hosts_may_not_be_plain() {
        for host in [
            "sts.eu-west-1.amazonaws.com",
            "10.0.0.1",
            "0.0.0.0",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "169.254.169.253",
            "[fd00:ec2::25]",
            "[::ffff:10.0.0.1]",
            "localhost@example.com",
            "2130706433",
        ] {
            assert!(!plain(&format!("http://{host}/"), "POST"), "{host}");
            assert!(!plain(&format!("http://{host}/"), "GET"), "{host}");
        }
        assert!(!plain("ftp://127.0.0.1/", "GET"));
    }

    #[test]
    fn credential_endpoints_may_be_read_plain_but_not_posted_to() {
        for host in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "[fd00:ec2::254]",
            "[fd00:ec2::23]",
        ] {
            let uri = format!("http://{host}/latest");
            assert!(plain(&uri, "GET") && plain(&uri, "PUT"), "{host}");
            assert!(!plain(&uri, "POST"), "{host}");
        }
    }
}
