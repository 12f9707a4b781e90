//! A loopback front of a cloud, between a command and the cloud's services.
//!
//! The command has keys that are valid only here. The gateway checks each request, puts the session's own
//! credentials to it and sends it on. This file is the front of AWS, whose requests are signed; `bearer` is the
//! front of clouds whose requests carry a token.
//!
//! Security: the gateway listens on 127.0.0.1 only. A request that does not prove this session's key never gets
//! the session's credentials, which stay in this process.

mod anew;
mod answer;
pub mod bearer;
mod chunks;
mod client;
pub mod count;
pub mod decide;
mod decider;
mod forward;
mod gathered;
mod held;
mod once;
mod queue;
mod reply;
mod route;
mod seen;
mod session_key;
mod signer;
#[cfg(test)]
mod tests;
mod unsigned;

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use http::request::Parts;

use self::answer::Refusal;
use self::client::{Client, Clients};
use self::held::HeldBodies;
use self::once::UsedSignatures;
use self::queue::Queues;
use self::route::{Endpoint, Variant};
use audex_core::delivery::{EndpointSettings, Value};
use audex_core::environment::{AWS_CA_BUNDLE, Environment};
use audex_core::shape::ConfiguredPath;
use audex_wire::aws_http::AwsHttp;
use audex_wire::seen_request::SeenRequest;
use audex_wire::server::{Port, Request, Server};
use audex_wire::sigv4::{Claim, Rejected};

pub use self::count::{Counted, Counter};
pub use self::decider::{Decider, Denial, Pending, View};
pub use self::seen::{decided, is_denial};
pub use self::session_key::SessionKey;
pub use self::signer::{Signer, Token};

/// The most different refusals that are reported; each is one sentence.
const REFUSALS: usize = 20;

/// The variables that would bypass the gateway, or that cannot be combined with a custom endpoint.
pub const OVERRULED: [&str; 3] =
    ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"];

/// A request and the cloud's decision on it.
pub struct Noted {
    /// The request.
    pub request: SeenRequest,
    /// True if a policy denied the request.
    pub denied: bool,
    /// True if the request was signed with the session's credentials.
    pub is_signed: bool,
}

impl Noted {
    /// Builds the value for a request that was signed with the session's credentials.
    #[must_use]
    pub fn signed(request: SeenRequest, denied: bool) -> Self {
        Self { request, denied, is_signed: true }
    }
}

/// One port of the gateway.
pub(crate) struct Door {
    endpoint: Endpoint,
    /// The port's own address, without a slash at its end.
    url: String,
}

impl Door {
    /// Returns the `Host` header of requests for this port.
    fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }
}

/// The clients of a gateway, and the reasons why it refused requests.
pub(crate) struct Shared {
    clients: Clients,
    refusals: Mutex<Vec<String>>,
}

impl Shared {
    fn new(first: Client) -> Self {
        Self { clients: Clients::new(first), refusals: Mutex::default() }
    }

    fn refused(&self, refusal: &Refusal) {
        self.lost(&refusal.message);
    }

    /// Records the reason why a request proves nothing about permissions.
    fn lost(&self, reason: &str) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if refusals.len() < REFUSALS && !refusals.iter().any(|known| known == reason) {
            refusals.push(reason.to_owned());
        }
    }
}

/// The state that all connections share.
pub(crate) struct Gate {
    shared: Arc<Shared>,
    region: Option<String>,
    variant: Variant,
    http: AwsHttp,
    /// The seconds by which the endpoints' clocks are ahead.
    skew: AtomicI64,
    once: Mutex<UsedSignatures>,
    queues: Queues,
    bodies: HeldBodies,
}

impl Gate {
    fn once(&self, claim: &Claim, parts: &Parts, connection: u64) -> Result<(), Rejected> {
        self.once.lock().unwrap_or_else(PoisonError::into_inner).take(claim, parts, connection)
    }

    fn skew(&self) -> i64 {
        self.skew.load(Ordering::Relaxed)
    }

    /// Records the offset of the endpoint's clock, as the headers of an answer state it.
    fn note_clock(&self, headers: &HeaderMap) {
        if let Some(skew) = reply::skew(headers) {
            self.skew.store(skew, Ordering::Relaxed);
        }
    }
}

/// A running gateway; dropping it stops the gateway.
pub struct Gateway {
    /// The settings that point the command at the gateway.
    pub settings: EndpointSettings,
    /// The keys for the command.
    pub session_key: SessionKey,
    shared: Arc<Shared>,
    /// True if clients sign with AWS keys; false if their requests carry a token.
    pub takes_keys: bool,
    /// The server of all ports.
    pub server: Server,
}

impl Gateway {
    /// Starts a gateway that forwards requests until `ends_at`, in seconds since the Unix epoch. The endpoints
    /// are those of `parent`, `region` is the session's region, and `decider` decides about each request. With a
    /// `port`, the gateway has this port alone.
    ///
    /// # Errors
    /// If the operating system has no socket, thread or random numbers.
    pub fn start(
        parent: &Environment,
        region: Option<String>,
        ends_at: u64,
        port: Option<u16>,
        decider: Arc<dyn Decider>,
    ) -> io::Result<Self> {
        let view = decider.view();
        let first = Client::new(decider, ends_at)?;
        let session_key = first.session_key.clone();
        let mut doors = Vec::new();
        let mut settings = EndpointSettings::default();
        // With one port, there is none for a service that shares its signing name with another.
        let most = if port.is_some() { 1 } else { usize::MAX };
        for endpoint in route::endpoints(parent).into_iter().take(most) {
            let port = Port::open(port.unwrap_or_default())?;
            let url = format!("http://{}", port.address());
            settings.variables.push((endpoint.variable.clone(), Value::Plain(url.clone())));
            doors.push((port, Arc::new(Door { endpoint, url })));
        }
        around_proxies(parent, &mut settings);
        settings.removed.extend(OVERRULED);
        let is_on = |name| parent.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let variant = Variant {
            fips: is_on("AWS_USE_FIPS_ENDPOINT"),
            dual_stack: is_on("AWS_USE_DUALSTACK_ENDPOINT"),
        };
        let http = AwsHttp::new(ConfiguredPath::of_variable(parent, AWS_CA_BUNDLE));
        let shared = Arc::new(Shared::new(first));
        let gate = Arc::new(Gate {
            shared: Arc::clone(&shared),
            region,
            variant,
            http,
            skew: AtomicI64::default(),
            once: Mutex::default(),
            queues: Queues::default(),
            bodies: HeldBodies::new(view),
        });
        let ports = doors.into_iter().map(|(port, door)| {
            let gate = Arc::clone(&gate);
            let answer = move |request: Request, connection| {
                let (gate, door) = (Arc::clone(&gate), Arc::clone(&door));
                async move { forward::answer(&gate, &door, connection, request).await }
            };
            (port, answer)
        });
        let server = Server::start("gateway", ports.collect())?;
        Ok(Self { settings, session_key, shared, takes_keys: true, server })
    }

    /// Serves one more client until the returned value is dropped: the command of a session inside this one. Its
    /// `decider` must have the view of the first, and the same cloud.
    ///
    /// # Errors
    /// If the operating system has no random numbers.
    pub fn admit(&self, decider: Arc<dyn Decider>, ends_at: u64) -> io::Result<Admitted> {
        let client = self.shared.clients.add(Client::new(decider, ends_at)?);
        Ok(Admitted { client, shared: Arc::clone(&self.shared) })
    }

    /// Returns the reasons why requests were not forwarded, or why their answers prove nothing about
    /// permissions.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        self.shared.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the gateway's address, for tests.
    #[cfg(test)]
    fn url(&self) -> String {
        match self.settings.variables.first() {
            Some((_, Value::Plain(url))) => url.clone(),
            _ => String::new(),
        }
    }
}

/// A client besides the first one, which is served until this value is dropped.
pub struct Admitted {
    client: Arc<Client>,
    shared: Arc<Shared>,
}

impl Admitted {
    /// Returns the keys for this client.
    #[must_use]
    pub fn session_key(&self) -> &SessionKey {
        &self.client.session_key
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.shared.clients.remove(&self.client);
    }
}

/// Excludes the loopback address from the command's proxies, which cannot reach this machine's loopback.
fn around_proxies(parent: &Environment, settings: &mut EndpointSettings) {
    for name in ["NO_PROXY", "no_proxy"] {
        let value = match parent.get(name) {
            Some(others) => format!("{others},127.0.0.1"),
            None => "127.0.0.1".to_owned(),
        };
        settings.variables.push((name.to_owned(), Value::Plain(value)));
    }
}
