//! A fake host for native unit tests: it records the requests of a component, and the test answers them.
//!
//! ```
//! use audex_sdk::fake::{Fake, Reply, reveal};
//! use audex_sdk::provider::{http, settings};
//!
//! let host = Fake::new().setting("building", "main").answering(|sent| match sent.url.as_str() {
//!     "https://api.example.com/token" => Reply::new(201, r#"{"token":"","floor":3}"#).lifting("/token", "t0ken"),
//!     _ => Reply::new(404, "{}"),
//! });
//! let reply = host.run(|| {
//!     assert_eq!(settings::get("building").as_deref(), Some("main"));
//!     http::send(&http::Request {
//!         method: "POST".into(),
//!         url: "https://api.example.com/token".into(),
//!         headers: vec![],
//!         body: vec![],
//!         auth: Some(http::Auth::Bearer("secret:EXAMPLE_KEY".into())),
//!         lift: vec!["/token".into()],
//!         timeout_ms: None,
//!     })
//! });
//! let reply = reply.unwrap();
//! assert_eq!(reveal(reply.lifted[0].as_ref().unwrap()), "t0ken");
//! assert_eq!(host.requests()[0].auth.as_deref(), Some("bearer secret:EXAMPLE_KEY"));
//! ```
//!
//! A fake enforces nothing that the real host enforces: `tryaudex plugin test` checks capabilities, hosts,
//! limits and policies.

mod imports;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::filter::{Context, Grant, Isolation, Permission, Scope};
use crate::provider::{self, Error, ErrorKind};

pub use imports::*;

/// The time of a fake host without a set time, in seconds since the Unix epoch.
pub const NOW: u64 = 1_800_000_000;

/// A request that was sent, including its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The complete URL.
    pub url: String,
    /// The headers: names as written, and values.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
    /// The credentials that the host adds: `bearer SLOT`, `header NAME SLOT`, `aws SERVICE REGION`.
    pub auth: Option<String>,
}

/// A reply of the fake server.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    secrets: BTreeMap<String, String>,
}

impl Reply {
    /// Returns a reply with the body that the component sees, in which lifted values are empty.
    #[must_use]
    pub fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned(), secrets: BTreeMap::new() }
    }

    /// Adds a value that the component may lift.
    #[must_use]
    pub fn lifting(mut self, pointer: &str, value: &str) -> Self {
        self.secrets.insert(pointer.to_owned(), value.to_owned());
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Answer = Box<dyn FnMut(&Sent) -> Reply>;

#[derive(Default)]
struct Inner {
    now: u64,
    settings: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    owners: BTreeMap<String, String>,
    kept: BTreeMap<String, String>,
    announced: Vec<String>,
    sent: Vec<Sent>,
    logged: Vec<String>,
    sts: Vec<String>,
    answer: Option<Answer>,
}

/// A host that a test creates.
#[derive(Clone)]
pub struct Fake(Rc<RefCell<Inner>>);

thread_local! {
    static HOST: RefCell<Option<Fake>> = const { RefCell::new(None) };
}

impl Default for Fake {
    fn default() -> Self {
        Self::new()
    }
}

impl Fake {
    /// Returns a host without settings, slots or a server, at [`NOW`].
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::new(RefCell::new(Inner { now: NOW, ..Inner::default() })))
    }

    /// Sets the time, in seconds since the Unix epoch.
    #[must_use]
    pub fn at(self, now: u64) -> Self {
        self.0.borrow_mut().now = now;
        self
    }

    /// Adds a setting.
    #[must_use]
    pub fn setting(self, key: &str, value: &str) -> Self {
        self.0.borrow_mut().settings.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Adds a value behind a slot such as `secret:NAME`.
    #[must_use]
    pub fn secret(self, slot: &str, value: &str) -> Self {
        self.0.borrow_mut().secrets.insert(slot.to_owned(), value.to_owned());
        self
    }

    /// Adds an answer to `identity::whoami(slot)`.
    #[must_use]
    pub fn owner(self, slot: &str, name: &str) -> Self {
        self.0.borrow_mut().owners.insert(slot.to_owned(), name.to_owned());
        self
    }

    /// Sets the function that answers requests.
    #[must_use]
    pub fn answering(self, answer: impl FnMut(&Sent) -> Reply + 'static) -> Self {
        self.0.borrow_mut().answer = Some(Box::new(answer));
        self
    }

    /// Runs `work` with this host behind the imports.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = HOST.with(|host| host.replace(Some(self.clone())));
        let done = work();
        HOST.with(|host| host.replace(before));
        done
    }

    /// Returns every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Sent> {
        self.0.borrow().sent.clone()
    }

    /// Returns every line that was logged.
    #[must_use]
    pub fn logged(&self) -> Vec<String> {
        self.0.borrow().logged.clone()
    }

    /// Returns the requests to STS, as `assume-role ROLE POLICY`, `scope-down POLICY` and so on.
    #[must_use]
    pub fn sts(&self) -> Vec<String> {
        self.0.borrow().sts.clone()
    }

    /// Returns every lease that was announced, in order.
    #[must_use]
    pub fn announced(&self) -> Vec<String> {
        self.0.borrow().announced.clone()
    }

    /// Returns the secret that was kept under `name`.
    #[must_use]
    pub fn kept(&self, name: &str) -> Option<String> {
        self.0.borrow().kept.get(name).cloned()
    }
}

/// Returns the text of a secret, which a real component cannot read.
#[must_use]
pub fn reveal(secret: &secrets::Secret) -> String {
    secret.text.clone()
}

/// Returns a run for a filter: by `alice`, at [`NOW`], without a command and without a reason.
#[must_use]
pub fn context() -> Context {
    Context {
        command: Vec::new(),
        user: "alice".to_owned(),
        now: NOW,
        justification: None,
        profiles: Vec::new(),
        isolation: Isolation::Off,
        delivery: None,
        agent: None,
        subject: "alice".to_owned(),
        parents: Vec::new(),
        step_up: None,
    }
}

/// Returns a grant for a filter: these actions on every resource of `provider`, for 15 minutes.
#[must_use]
pub fn grant(provider: &str, actions: &[&str]) -> Grant {
    let permission = |action: &&str| Permission {
        action: (*action).to_owned(),
        origin: (*action).to_owned(),
        resources: Scope::Every,
    };
    Grant {
        provider: provider.to_owned(),
        permissions: actions.iter().map(permission).collect(),
        deny: Vec::new(),
        ttl_seconds: 900,
        session: "audex-fake".to_owned(),
        gateway: false,
    }
}

/// Returns the same grant for a provider, to plan and to mint.
#[must_use]
pub fn provider_grant(provider: &str, actions: &[&str]) -> provider::Grant {
    let Grant { provider, permissions, deny, ttl_seconds, session, gateway } =
        grant(provider, actions);
    let permission = |Permission { action, origin, .. }| provider::Permission {
        action,
        origin,
        resources: provider::Scope::Every,
    };
    let permissions = permissions.into_iter().map(permission).collect();
    provider::Grant { provider, permissions, deny, ttl_seconds, session, gateway }
}

#[expect(clippy::panic, reason = "a test that forgot its host")]
fn host<T>(ask: impl FnOnce(&mut Inner) -> T) -> T {
    let fake = HOST.with(|host| host.borrow().clone());
    let Some(fake) = fake else { panic!("the host was called outside of `Fake::run`") };
    let mut inner = fake.0.borrow_mut();
    ask(&mut inner)
}

fn refused(code: &str, message: String) -> Error {
    Error { kind: ErrorKind::Unavailable, code: code.to_owned(), message, hint: None }
}
