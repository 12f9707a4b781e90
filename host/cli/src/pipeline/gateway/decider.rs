//! The decision of a session: reads a request, compares it with the grant, takes it off the budgets, counts it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::account;
use crate::failure::Failure;
use crate::settings::delivery::UnknownRequests;
use audex_components::component::PluginError;
use audex_components::provider::{self, Reader, Reading, Scope};
use audex_gateway::count::Counter;
use audex_gateway::decide::{Budgets, Limit, Missing, Need, On, Set, Why, decide};
use audex_gateway::{Decider, Denial, Noted, Pending, Signer, View};
use audex_wire::seen_request::SeenRequest;

/// The name in the receipt of requests whose meaning is not known.
pub(crate) const NOT_READ: &str = "(not read)";
/// The most bytes of text about one request that a reply repeats.
const SHOWN_BYTES: usize = 300;

/// Decides about the requests of one session.
pub struct Deciding {
    reader: Mutex<Reader>,
    credentials: Vec<Held>,
    budgets: Mutex<Budgets>,
    counter: Mutex<Counter>,
    unknown: UnknownRequests,
    account: Option<String>,
    /// The holder of the credentials, as denials name it.
    identity: String,
    /// The first failure of the reader.
    failure: Mutex<Option<String>>,
}

/// One set of the session's credentials, and what it allows.
pub struct Held {
    /// What the credentials allow.
    pub set: Set,
    /// The credentials.
    pub signer: Arc<Signer>,
}

impl Deciding {
    /// Decides by one set of credentials, which `identity` holds.
    #[must_use]
    pub fn new(
        reader: Reader,
        first: Held,
        limits: Vec<Limit>,
        unknown: UnknownRequests,
        identity: Option<&str>,
    ) -> Self {
        Self {
            reader: Mutex::new(reader),
            credentials: vec![first],
            budgets: Mutex::new(Budgets::new(limits)),
            counter: Mutex::default(),
            unknown,
            account: identity.and_then(account),
            identity: identity.unwrap_or("the session").to_owned(),
            failure: Mutex::default(),
        }
    }

    /// Returns the decisions so far.
    pub(super) fn counter(&self) -> Counter {
        held(&self.counter).clone()
    }

    /// Returns the first failure of the reader, if it failed.
    pub(super) fn failure(&self) -> Option<String> {
        held(&self.failure).clone()
    }

    /// Returns the credentials for a request, or the reason why it is refused.
    fn credentials(&self, request: &SeenRequest) -> Result<Arc<Signer>, String> {
        let reading = held(&self.reader).read(request.clone(), self.account.as_deref());
        let needs = match reading {
            Ok(Reading::Calls(needs)) => needs.into_iter().map(need).collect::<Vec<_>>(),
            // A limit cannot count a request that is not known.
            Ok(Reading::Unknown(_))
                if self.unknown == UnknownRequests::Forward
                    && !held(&self.budgets).is_limited() =>
            {
                self.count(NOT_READ, "*", true);
                let first = self.credentials.first().ok_or("the session has no credentials")?;
                return Ok(Arc::clone(&first.signer));
            }
            Ok(Reading::Unknown(what)) => {
                self.count(NOT_READ, "*", false);
                return Err(format!(
                    "the gateway of tryaudex does not know `{}`, so it is refused",
                    shown(&what)
                ));
            }
            Ok(Reading::Ambiguous(why)) => {
                self.count(NOT_READ, "*", false);
                return Err(format!(
                    "the gateway of tryaudex cannot read the request in one way only: {}",
                    shown(&why)
                ));
            }
            Err(error) => {
                self.note_failure(error);
                self.count(NOT_READ, "*", false);
                return Err("the gateway of tryaudex failed to read the request".to_owned());
            }
        };
        let position =
            decide(&needs, self.credentials.iter().map(|one| &one.set)).map_err(|missing| {
                self.count(missing.action, missing.resource, false);
                self.denied(&missing)
            })?;
        let chosen = self.credentials.get(position).ok_or("the session has no credentials")?;
        if let Err((limit, action)) = held(&self.budgets).take(&needs) {
            self.count(action, "*", false);
            let Limit { pattern, most } = limit;
            return Err(format!(
                "{} is not authorized to perform: {action}, because the limit `{pattern}={most}` of this tryaudex session is used up",
                self.who()
            ));
        }
        for Need { action, on, .. } in &needs {
            on.shown().for_each(|resource| self.count(action, resource, true));
        }
        Ok(Arc::clone(&chosen.signer))
    }

    fn who(&self) -> String {
        format!("User: {}", self.identity)
    }

    /// Writes a denial as AWS does: the permission, the resource, and the reason.
    fn denied(&self, missing: &Missing<'_>) -> String {
        let Missing { action, resource, why } = missing;
        let reason = match why {
            Why::NotGranted => "because this tryaudex session does not allow it",
            Why::Denied => "with an explicit deny in this tryaudex session",
            Why::YieldsCredentials => {
                "because its reply carries credentials: tryaudex allows it only by its full name in --allow"
            }
        };
        let (who, resource) = (self.who(), shown(resource));
        format!("{who} is not authorized to perform: {action} on resource: {resource} {reason}")
    }

    fn count(&self, action: &str, resource: &str, allowed: bool) {
        held(&self.counter).add(action, resource, allowed);
    }

    fn note_failure(&self, error: PluginError) {
        let failure = Failure::from(error).line();
        held(&self.failure)
            .get_or_insert_with(|| format!("the gateway refused a request: {failure}"));
    }
}

impl Decider for Deciding {
    fn decide<'a>(&'a self, request: &'a SeenRequest) -> Pending<'a> {
        let decision = self.credentials(request).map_err(|message| {
            let reply = held(&self.reader).refuse(request.clone(), &message);
            let reply = reply.map_err(|error| self.note_failure(error)).ok();
            Box::new(reply.and_then(denial).unwrap_or_else(|| plain(message)))
        });
        Box::pin(std::future::ready(decision))
    }

    fn noted<'a>(&'a self, _: Noted) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(std::future::ready(()))
    }

    fn view(&self) -> View {
        View::Whole
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn need(need: provider::Need) -> Need {
    let on = match need.on {
        Scope::Every => On::Every,
        Scope::Unseen => On::Unseen,
        Scope::These(named) => On::These(named),
    };
    let provider::Need { action, yields_credentials, free, uses, .. } = need;
    Need { action, on, yields_credentials, free, uses: uses.into() }
}

/// Returns the beginning of a text that the command may have chosen.
fn shown(text: &str) -> &str {
    let mut end = text.len().min(SHOWN_BYTES);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

fn denial(reply: provider::Reply) -> Option<Denial> {
    let mut headers = HeaderMap::new();
    for (name, value) in &reply.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.insert(name, HeaderValue::from_str(value).ok()?);
    }
    let status = StatusCode::from_u16(reply.status).ok()?;
    Some(Denial { status, headers, body: reply.body.into() })
}

/// Returns the denial for a request whose reader failed.
fn plain(message: String) -> Denial {
    let headers = HeaderMap::new();
    Denial { status: StatusCode::FORBIDDEN, headers, body: message.into() }
}
