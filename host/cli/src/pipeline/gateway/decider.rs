//! The decision of a session: reads a request, compares it with the grant, takes it off the budgets, counts it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::account;
use super::asking::{Asking, NextStep};
use crate::asks::Board;
use crate::failure::Failure;
use crate::settings::delivery::UnknownRequests;
use audex_components::component::PluginError;
use audex_components::provider::{self, Reader, Reading, Scope};
use audex_core::clock;
use audex_gateway::count::Counter;
use audex_gateway::decide::{Budgets, Limit, Missing, Need, On, Set, Why, decide};
use audex_gateway::{Decider, Denial, Noted, Pending, Signer, View};
use audex_wire::seen_request::SeenRequest;

/// The name in the receipt of requests whose meaning is not known.
pub(crate) const NOT_READ: &str = "(not read)";
/// A session always has the credentials of its grant.
const NO_CREDENTIALS: &str = "the session has no credentials";
/// The most bytes of text about one request that a reply repeats.
const SHOWN_BYTES: usize = 300;

/// Decides about the requests of one session.
pub struct Deciding {
    reader: Mutex<Reader>,
    allowance: Mutex<Allowance>,
    counter: Mutex<Counter>,
    unknown: UnknownRequests,
    account: Option<String>,
    /// The holder of the credentials, as denials name it.
    identity: String,
    /// The first failure of the reader.
    failure: Mutex<Option<String>>,
    asking: Asking,
}

/// What a session may still do.
struct Allowance {
    /// The credentials, those of the grant first.
    credentials: Vec<Held>,
    budgets: Budgets,
}

/// One set of the session's credentials, and what it allows.
pub struct Held {
    /// What the credentials allow.
    pub set: Set,
    /// The credentials.
    pub signer: Arc<Signer>,
    /// The end of their use, in seconds since the Unix epoch.
    pub until: u64,
    /// The ask for which they were made; `None` for those of the grant.
    pub ask: Option<String>,
    /// True if they are for one request.
    pub once: bool,
}

/// The reason why a request is refused.
struct Refused {
    message: String,
    /// What the call needs, if it can be asked for.
    needs: Vec<Need>,
}

impl From<String> for Refused {
    fn from(message: String) -> Self {
        Self { message, needs: Vec::new() }
    }
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
        asking: Asking,
    ) -> Self {
        let allowance = Allowance { credentials: vec![first], budgets: Budgets::new(limits) };
        Self {
            reader: Mutex::new(reader),
            allowance: Mutex::new(allowance),
            counter: Mutex::default(),
            unknown,
            account: identity.and_then(account),
            identity: identity.unwrap_or("the session").to_owned(),
            failure: Mutex::default(),
            asking,
        }
    }

    /// Returns the decisions so far.
    pub(in crate::pipeline) fn counter(&self) -> Counter {
        held(&self.counter).clone()
    }

    /// Returns the first failure of the reader, if it failed.
    pub(super) fn failure(&self) -> Option<String> {
        held(&self.failure).clone()
    }

    /// Returns the asks of the session.
    pub(in crate::pipeline) fn board(&self) -> &Arc<Board> {
        self.asking.board()
    }

    /// Adds credentials beside those that the session has.
    pub(in crate::pipeline) fn add(&self, credentials: Held) {
        held(&self.allowance).credentials.push(credentials);
    }

    /// Returns the credentials of the grant.
    ///
    /// # Errors
    /// When there are none any more.
    pub(in crate::pipeline) fn signer(&self) -> Result<Arc<Signer>, Failure> {
        let signer = held(&self.allowance).credentials.first().map(|one| Arc::clone(&one.signer));
        signer.ok_or_else(|| Failure::refused(NO_CREDENTIALS, "start a new one").at("mint"))
    }

    /// Returns the credentials for a request.
    fn credentials(&self, request: &SeenRequest) -> Result<Arc<Signer>, Refused> {
        let Some(needs) = self.needs(request)? else { return self.unread() };
        self.allowed(&needs)
    }

    /// Returns the permissions that a request needs; none if its meaning is not known and the cloud decides.
    fn needs(&self, request: &SeenRequest) -> Result<Option<Vec<Need>>, Refused> {
        let reading = held(&self.reader).read(request.clone(), self.account.as_deref());
        let message = match reading {
            Ok(Reading::Calls(needs)) => return Ok(Some(needs.into_iter().map(need).collect())),
            // A limit cannot count a request that is not known.
            Ok(Reading::Unknown(_))
                if self.unknown == UnknownRequests::Forward
                    && !held(&self.allowance).budgets.is_limited() =>
            {
                return Ok(None);
            }
            Ok(Reading::Unknown(what)) => {
                format!(
                    "the gateway of tryaudex does not know `{}`, so it is refused",
                    shown(&what)
                )
            }
            Ok(Reading::Ambiguous(why)) => format!(
                "the gateway of tryaudex cannot read the request in one way only: {}",
                shown(&why)
            ),
            Err(error) => {
                self.note_failure(error);
                "the gateway of tryaudex failed to read the request".to_owned()
            }
        };
        self.count(NOT_READ, "*", false);
        Err(message.into())
    }

    /// Returns the credentials of the grant, for a request that the cloud alone decides.
    fn unread(&self) -> Result<Arc<Signer>, Refused> {
        self.count(NOT_READ, "*", true);
        let allowance = held(&self.allowance);
        let first = allowance.credentials.first().filter(|first| first.ask.is_none());
        first.map(|first| Arc::clone(&first.signer)).ok_or_else(|| NO_CREDENTIALS.to_owned().into())
    }

    /// Returns the credentials that allow all of `needs`, and takes the call off the limits.
    fn allowed(&self, needs: &[Need]) -> Result<Arc<Signer>, Refused> {
        let mut allowance = held(&self.allowance);
        let Allowance { credentials, budgets } = &mut *allowance;
        self.drop_ended(credentials);
        let position =
            decide(needs, credentials.iter().map(|one| &one.set)).map_err(|missing| {
                self.count(missing.action, missing.resource, false);
                let can_be_asked = missing.why != Why::Denied;
                let needs = if can_be_asked { needs.to_vec() } else { Vec::new() };
                Refused { message: self.denied(&missing), needs }
            })?;
        if let Err((limit, action)) = budgets.take(needs) {
            self.count(action, "*", false);
            let Limit { pattern, most } = limit;
            let message = format!(
                "{} is not authorized to perform: {action}, because the limit `{pattern}={most}` of this tryaudex session is used up",
                self.who()
            );
            return Err(message.into());
        }
        let chosen = credentials.get(position).ok_or_else(|| NO_CREDENTIALS.to_owned())?;
        let (signer, once) = (Arc::clone(&chosen.signer), chosen.once);
        let spent = if once { Some(credentials.remove(position)) } else { None };
        drop(allowance);
        if let Some(ask) = spent.and_then(|spent| spent.ask) {
            self.asking.used(&ask);
        }
        for Need { action, on, .. } in needs {
            on.shown().for_each(|resource| self.count(action, resource, true));
        }
        Ok(signer)
    }

    /// Drops the credentials whose time is over, except those of the grant: the gateway itself ends these.
    fn drop_ended(&self, credentials: &mut Vec<Held>) {
        let now = clock::unix_seconds();
        credentials.retain(|one| match &one.ask {
            Some(ask) if one.until <= now => {
                self.asking.ended(ask);
                false
            }
            _ => true,
        });
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
        self.asking.board().decided(action, resource, allowed);
    }

    async fn decision(&self, request: &SeenRequest) -> Result<Arc<Signer>, Box<Denial>> {
        let refused = match self.credentials(request) {
            Ok(signer) => return Ok(signer),
            Err(refused) => refused,
        };
        let mut message = refused.message;
        if !refused.needs.is_empty() {
            match self.asking.ask(&refused.needs).await {
                NextStep::Tell(more) => message += &more,
                NextStep::DecideAgain => match self.allowed(&refused.needs) {
                    Ok(signer) => return Ok(signer),
                    Err(refused) => message = refused.message,
                },
            }
        }
        let reply = held(&self.reader).refuse(request.clone(), &message);
        let reply = reply.map_err(|error| self.note_failure(error)).ok();
        Err(Box::new(reply.and_then(denial).unwrap_or_else(|| plain(message))))
    }

    fn note_failure(&self, error: PluginError) {
        let failure = Failure::from(error).line();
        held(&self.failure)
            .get_or_insert_with(|| format!("the gateway refused a request: {failure}"));
    }
}

impl Decider for Deciding {
    fn decide<'a>(&'a self, request: &'a SeenRequest) -> Pending<'a> {
        Box::pin(self.decision(request))
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
