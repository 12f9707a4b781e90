//! Sessions inside a session: the outer host takes each through the whole chain, mints for it, and serves it at its own gateway.
//!
//! Security: no key enters the session. A request of an inner session is sent only if its own decider and the decider of every
//! session around it allow it, so none can do more than its parent. Its credentials are those of its parent, narrowed once more
//! where the cloud does that. All of them end with the outermost one.

mod child;
mod decider;
mod source;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::asks::Board;
use crate::console::Console;
use crate::door::sessions::{Ending, Inner, Inside, Opened, Over};
use crate::failure::{Failure, Kind};
use crate::pipeline::attempt::Attempt;
use crate::pipeline::delivery::Scene;
use crate::pipeline::gateway::bearer;
use crate::pipeline::gateway::step_up::Ground;
use crate::pipeline::{Chain, Context, Narrowing, Ready};
use crate::request::Arguments;
use crate::settings::Settings;
use crate::settings::delivery::Deliver;
use audex_components::filter::{Context as Circumstances, Delivery};
use audex_core::clock::unix_seconds;
use audex_core::environment::Environment;
use audex_core::isolation::Level;
use audex_core::secret::{Secret, equal};
use audex_gateway::decide::Limit;
use audex_gateway::{Decider, Gateway, Signer};

use self::child::Child;
use self::source::Source;

/// The most sessions inside one session at once: each has credentials of its own.
const SESSIONS: usize = 50;
/// The deepest session: more is a program that starts itself.
const DEPTH: usize = 10;
/// The least life of a session: less cannot be used.
const LEAST_LIFE: u64 = 5;

/// A session with what it may decide.
#[derive(Clone)]
struct Node {
    session: String,
    /// The sessions around it, the outermost first.
    parents: Vec<String>,
    decider: Arc<dyn Decider>,
    /// The credentials that the sessions inside it are made from.
    source: Arc<Source>,
    /// What its asks need, and the asks.
    ground: Arc<Ground>,
    board: Arc<Board>,
    /// The end of its access, in seconds since the Unix epoch.
    ends_at: u64,
}

/// The sessions inside one session.
pub(crate) struct Nest {
    provider: String,
    environment: Environment,
    settings: Settings,
    /// What filters are told about the outermost session.
    circumstances: Circumstances,
    root: Node,
    gateway: Arc<Gateway>,
    inner: Mutex<Sessions>,
}

#[derive(Default)]
struct Sessions {
    is_closed: bool,
    /// The sessions that are being opened.
    opening: usize,
    children: HashMap<String, Arc<Child>>,
}

impl Nest {
    /// Takes over what inner sessions need of the session of `scene`, whose requests `signer` signs.
    pub(super) fn new(
        scene: &Scene<'_>,
        signer: Arc<Signer>,
        circumstances: Circumstances,
        gateway: Arc<Gateway>,
        decider: Arc<dyn Decider>,
        (ground, board): (Arc<Ground>, Arc<Board>),
    ) -> Self {
        let Scene { context, attempt, minted, provider, ends_at, .. } = *scene;
        let (session, parents) = (attempt.session().to_owned(), circumstances.parents.clone());
        let source = Arc::new(Source::of(minted, signer, (attempt.provider(), provider)));
        Self {
            provider: attempt.provider().to_owned(),
            environment: context.environment.clone(),
            settings: context.settings.clone(),
            circumstances,
            root: Node { session, parents, decider, source, ground, board, ends_at },
            gateway,
            inner: Mutex::default(),
        }
    }

    /// Opens a session. If STS narrows the credentials of the session around it no further, the chain is taken once more
    /// for a session that the gateway alone limits: filters have to agree to that too.
    fn opened(&self, parent: &Node, inner: Inner) -> Result<Child, Failure> {
        let was_refused = parent.source.is_refused();
        let first = self.opened_by(parent, inner.clone());
        if first.is_err() && !was_refused && parent.source.is_refused() {
            return self.opened_by(parent, inner);
        }
        first
    }

    /// Takes a request through the whole chain, and mints for it.
    fn opened_by(&self, parent: &Node, inner: Inner) -> Result<Child, Failure> {
        let left = parent.ends_at.saturating_sub(unix_seconds());
        if left < LEAST_LIFE {
            return Err(refused("the session around this one ends", "start a new one"));
        }
        let mut settings = self.settings_of(&inner, Duration::from_secs(left));
        if let Some(keys) = parent.source.keys() {
            settings = settings.narrowing(keys.clone());
        }
        let arguments = Arguments {
            allow: inner.allow,
            profiles: inner.profiles,
            resources: inner.resources,
            command: inner.command,
            justification: inner.justification,
        };
        let mut attempt = Attempt::new(&settings.paths);
        attempt.add_arguments(&arguments);
        // The terminal is the command's.
        let console = Console { quiet: true, ..Console::default() };
        let parents: Vec<String> =
            parent.parents.iter().cloned().chain([parent.session.clone()]).collect();
        attempt.add_parents(&parents);
        let context = Context { environment: &self.environment, settings: &settings, console };
        crate::pipeline::guard::recorded(&self.environment, console, &mut attempt, |attempt| {
            let narrowing = parent.source.narrowing();
            let ready = self.ready(context, arguments, attempt, (parents, narrowing))?;
            Child::open(ready, parent, &self.gateway)
        })
    }

    fn ready<'a>(
        &self,
        context: Context<'a>,
        arguments: Arguments,
        attempt: &'a mut Attempt,
        (parents, narrowing): (Vec<String>, Narrowing),
    ) -> Result<Chain<'a, Ready>, Failure> {
        let mut chain = crate::pipeline::request(context, arguments, attempt)?;
        // Security: the command writes the request, and another provider would mint from another login than the parent's.
        if chain.run.request.provider != self.provider {
            let message = format!("the session around this one is for `{}`", self.provider);
            return Err(refused(
                &message,
                "leave out --provider, and profiles of another provider",
            ));
        }
        // The clients of one gateway have credentials of one kind, and only AWS keys are made for an inner one.
        if !self.gateway.takes_keys || bearer::is_declared(&chain.run.description) {
            return Err(refused(
                "a session inside another is possible on AWS only",
                "do the work in this session, and ask for what it lacks with `tryaudex ask`",
            ));
        }
        // It is the session around this one that limits the time.
        chain.run.ttl.lowered_from = None;
        chain.run.narrowing = Some(narrowing);
        let Circumstances { isolation, agent, user, subject, .. } = self.circumstances.clone();
        chain.run.circumstances = Circumstances {
            isolation,
            agent,
            user,
            subject,
            parents,
            delivery: Some(Delivery::Gateway),
            ..chain.run.circumstances
        };
        chain.expand()?.check()?.filter()?.plan()?.approve()
    }

    /// Returns the settings that the outermost session began with, for an inner one that lives at most `life`.
    fn settings_of(&self, inner: &Inner, life: Duration) -> Settings {
        let mut settings = self.settings.clone().lasting(inner.ttl.map(Duration::from_secs), life);
        if inner.provider.is_some() {
            settings.provider.clone_from(&inner.provider);
        }
        settings.delivery.deliver = Deliver::Gateway;
        settings.delivery.listen = None;
        settings.delivery.key_life = None;
        let limit =
            |(pattern, most): &(String, u64)| Limit { pattern: pattern.clone(), most: *most };
        settings.delivery.limits.extend(inner.limits.iter().map(limit));
        // The command runs inside the isolation of the outermost session.
        settings.isolation.level = Level::Off;
        settings
    }

    /// Ends every inner session, and opens no more.
    pub(super) fn close(&self) {
        let mut sessions = self.held();
        sessions.is_closed = true;
        let all = sessions.children.drain().map(|(_, child)| child).collect();
        drop(sessions);
        end_all(all);
    }

    fn child(&self, token: &str) -> Option<Arc<Child>> {
        let sessions = self.held();
        let is_its = |child: &&Arc<Child>| equal(child.token.expose().as_bytes(), token.as_bytes());
        sessions.children.values().find(is_its).cloned()
    }

    fn held(&self) -> MutexGuard<'_, Sessions> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside for Nest {
    fn open(&self, token: Option<&str>, inner: Inner) -> Result<Opened, Failure> {
        let parent = match token {
            None => self.root.clone(),
            Some(token) => self.child(token).ok_or_else(over)?.node.clone(),
        };
        if parent.parents.len() >= DEPTH {
            return Err(refused("sessions are nested too deeply", "do the work in this session"));
        }
        {
            let mut sessions = self.held();
            if sessions.is_closed {
                return Err(over());
            }
            if sessions.children.len() + sessions.opening >= SESSIONS {
                let message = format!("{SESSIONS} sessions run inside this session already");
                return Err(refused(&message, "wait until one has ended"));
            }
            sessions.opening += 1;
        }
        let opened = crate::pipeline::guard::guarded(|| self.opened(&parent, inner));
        let mut sessions = self.held();
        sessions.opening -= 1;
        let child = opened?;
        let is_over = sessions.is_closed
            || (token.is_some()
                && !token.is_some_and(|token| sessions.children.contains_key(token)));
        if is_over {
            drop(sessions);
            child.end(None);
            return Err(over());
        }
        let child = Arc::new(child);
        let opened = child.opened(&self.gateway);
        sessions.children.insert(child.token.expose().to_owned(), child);
        Ok(opened)
    }

    fn knows(&self, token: &str) -> bool {
        self.child(token).is_some()
    }

    fn over(&self, token: &str) -> Option<Over> {
        self.child(token).map(|child| child.over())
    }

    fn end(&self, token: &str, ending: Option<Ending>) {
        let mut inside = Vec::new();
        let mut sessions = self.held();
        let Some(child) = sessions.children.remove(token) else { return };
        sessions.children.retain(|_, one| {
            let is_inside = one.node.parents.contains(&child.node.session);
            if is_inside {
                inside.push(Arc::clone(one));
            }
            !is_inside
        });
        drop(sessions);
        end_all(inside);
        child.end(ending);
    }

    fn board(&self, token: &str) -> Option<Arc<Board>> {
        self.child(token).map(|child| Arc::clone(&child.node.board))
    }

    fn provider(&self) -> &str {
        &self.provider
    }

    fn is_held(&self, token: &str) -> bool {
        self.child(token).is_some_and(|child| child.is_held())
    }
}

/// Ends sessions whose hosts are gone or have to go, the deepest first.
fn end_all(mut sessions: Vec<Arc<Child>>) {
    sessions.sort_by_key(|one| std::cmp::Reverse(one.node.parents.len()));
    for one in sessions {
        one.end(None);
    }
}

fn over() -> Failure {
    refused("the session around this one has ended", "start a new one")
}

fn refused(message: &str, hint: &str) -> Failure {
    Failure { kind: Kind::Denied, ..Failure::usage(message, hint).at("nest") }
}

/// Returns a new token.
fn token() -> Result<Secret, Failure> {
    const DIGITS: usize = 64;
    let text = audex_core::random::text(DIGITS, audex_core::random::HEX);
    text.map(Secret::new).map_err(|error| Failure::internal("nest", error))
}
