//! The front of clouds whose requests carry a bearer token: each request is decided, and sent on with the session's
//! own token.
//!
//! Commands reach it in two ways: in plain http at a port for one host ([`Lead`]), and in TLS through a proxy
//! that shows certificates of this session alone ([`intercept`]).
//!
//! Security: the token of a request is only compared with the secrets of this session's clients, and is never
//! sent on.

mod exchange;
pub mod intercept;
mod reply;
mod session_ca;
#[cfg(test)]
mod tests;
pub mod trust;

use std::io;
use std::sync::Arc;

use audex_core::delivery::{EndpointSettings, Value};
use audex_core::host_pattern;
use audex_core::shape::ConfiguredPath;
use audex_wire::aws_http::AwsHttp;
use audex_wire::server::{Port, Request, Server};

use super::client::Client;
use super::held::HeldBodies;
use super::{Decider, Gateway, SessionKey, Shared, around_proxies};
use audex_core::environment::Environment;

pub use self::session_ca::SessionCa;

/// The longest body that is read before a request is decided on: what the clients of Google Cloud Storage send in
/// one request (8 MiB and its description). Source: google-cloud-storage 3.4, `_MAX_MULTIPART_SIZE`.
const READ_BYTES: u32 = 12 * 1024 * 1024;

/// Hosts of a cloud that take the same token.
#[derive(Clone, Debug)]
pub struct Front {
    /// The audience of the token, without the suffixes that clients append to it; `None` if the cloud has only one.
    pub audience: Option<String>,
    /// Names in lower case; `*.` at the beginning stands for one label or more.
    pub hosts: Vec<String>,
    /// The ports in plain http.
    pub leads: Vec<Lead>,
}

/// A variable that leads a tool to the gateway in place of one host.
#[derive(Clone, Debug)]
pub struct Lead {
    /// The variable.
    pub variable: String,
    /// The host.
    pub host: String,
    /// The part of the variable's value that follows the gateway's address.
    pub path: String,
}

/// Returns the address of a host that a setting of the user has in place of `https://HOST`, without a slash at its
/// end.
pub type Elsewhere = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The settings of the front.
pub struct Setup {
    /// The hosts.
    pub fronts: Vec<Front>,
    /// The addresses of hosts that settings of the user lead elsewhere.
    pub elsewhere: Elsewhere,
    /// The authorities that requests to the cloud trust, if not the system's.
    pub ca_bundle: Option<ConfiguredPath>,
    /// The address of the directory's login page for clients that ask how to log in; `None` if they never ask.
    pub authority: Option<String>,
}

/// The state that all connections share.
pub struct Fronts {
    shared: Arc<Shared>,
    setup: Setup,
    http: AwsHttp,
    bodies: HeldBodies,
}

impl Fronts {
    /// Returns the front of a host: the one that names it, else the one with the longest pattern.
    fn of(&self, host: &str) -> Option<&Front> {
        let covering = |front: &&Front| {
            let patterns = front.hosts.iter();
            let covering = patterns.filter(|pattern| host_pattern::covers(pattern, host));
            covering.map(|pattern| (!pattern.starts_with('*'), pattern.len())).max()
        };
        self.setup.fronts.iter().filter(|front| covering(front).is_some()).max_by_key(covering)
    }

    /// Returns true if requests to this host and port are decided on here.
    #[must_use]
    pub fn covers(&self, host: &str, port: u16) -> bool {
        port == HTTPS && self.of(host).is_some()
    }

    /// Returns every pattern of the hosts.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.setup.fronts.iter().flat_map(|front| &front.hosts).map(String::as_str)
    }
}

/// The port of https.
const HTTPS: u16 = 443;

/// One port in plain http, in place of one host.
#[derive(Clone)]
struct Door {
    host: String,
    /// The port's own address, without a slash at its end.
    url: String,
}

/// A running gateway for a cloud with bearer tokens.
pub struct BearerGateway {
    /// Its ports, settings and clients.
    pub gateway: Gateway,
    /// What an [`intercept::Interception`] serves.
    pub fronts: Arc<Fronts>,
}

impl BearerGateway {
    /// Starts a gateway that forwards requests until `ends_at`, in seconds since the Unix epoch, for the command
    /// that has `key`; `decider` decides about each request.
    ///
    /// # Errors
    /// If the operating system has no socket or thread.
    pub fn start(
        parent: &Environment,
        setup: Setup,
        key: SessionKey,
        ends_at: u64,
        decider: Arc<dyn Decider>,
    ) -> io::Result<Self> {
        let session_key = key.clone();
        let shared = Arc::new(Shared::new(Client::with_key(key, decider, ends_at)));
        let http = AwsHttp::new(setup.ca_bundle.clone());
        let bodies = HeldBodies::up_to(READ_BYTES);
        let fronts = Arc::new(Fronts { shared: Arc::clone(&shared), setup, http, bodies });
        let mut settings = EndpointSettings::default();
        let mut ports = Vec::new();
        for lead in fronts.setup.fronts.iter().flat_map(|front| &front.leads) {
            let port = Port::open(0)?;
            let url = format!("http://{}", port.address());
            let value = Value::Plain(format!("{url}{}", lead.path));
            settings.variables.push((lead.variable.clone(), value));
            let (fronts, door) = (Arc::clone(&fronts), Door { host: lead.host.clone(), url });
            let answer = move |request: Request, _| {
                let (fronts, door) = (Arc::clone(&fronts), door.clone());
                async move { exchange::at_door(&fronts, &door, request).await }
            };
            ports.push((port, answer));
        }
        around_proxies(parent, &mut settings);
        let server = Server::start("gateway", ports)?;
        let gateway = Gateway { settings, session_key, shared, takes_keys: false, server };
        Ok(Self { gateway, fronts })
    }
}
