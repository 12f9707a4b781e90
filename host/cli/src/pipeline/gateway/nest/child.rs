//! One inner session: its credentials, its place at the gateway, its records and its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::decider::Nested;
use super::source::Source;
use super::{Node, token};
use crate::console::Console;
use crate::control::{Control, Hello, Served};
use crate::door::sessions::{Ending, Opened, Over};
use crate::failure::{Failure, Kind};
use crate::mint::{self, MintError};
use crate::pipeline::access::Access;
use crate::pipeline::attempt::{Attempt, secrets};
use crate::pipeline::delivery::Prepared;
use crate::pipeline::end::{Revocation, revoke_announced, revoke_or_keep};
use crate::pipeline::gateway::decider::Deciding;
use crate::pipeline::gateway::signer;
use crate::pipeline::gateway::step_up::clerk::Clerk;
use crate::pipeline::guard::guarded;
use crate::pipeline::{Chain, Narrowing, Ready, Run, aws_keys, report, settle};
use crate::settings::delivery::Deliver;
use audex_audit::redact_command;
use audex_components::filter::Isolation;
use audex_components::provider::{ErrorKind, Minted, Provider, ProviderError};
use audex_core::clock::unix_seconds;
use audex_core::delivery::Value;
use audex_core::isolation::Level;
use audex_core::secret::Secret;
use audex_gateway::{Admitted, Gateway};

/// The stage of an inner session whose host is gone.
const GONE: &str = "the process of the session ended without an end";

/// An inner session.
pub(super) struct Child {
    pub(super) node: Node,
    pub(super) token: Secret,
    over: watch::Sender<bool>,
    granted: String,
    notices: Vec<String>,
    variables: Vec<(String, Value)>,
    live: Mutex<Option<Live>>,
}

/// What ends with a session.
struct Live {
    attempt: Attempt,
    provider: Arc<Provider>,
    minted: Minted,
    deciding: Arc<Deciding>,
    clerk: Clerk,
    admitted: Admitted,
    control: Option<Control>,
    began: Instant,
}

impl Child {
    /// Mints by an approved plan, and admits the session to the gateway of the outermost one.
    #[expect(clippy::too_many_lines, reason = "what is minted is given back wherever a step fails")]
    pub(super) fn open(
        chain: Chain<'_, Ready>,
        parent: &Node,
        gateway: &Gateway,
    ) -> Result<Self, Failure> {
        let Chain { run, output: Ready { approved, delivery } } = chain;
        let Prepared::Gateway(prepared) = delivery else {
            return Err(super::refused("this session has no gateway", "take --deliver gateway"));
        };
        let (console, on_expiry) = (run.context.console, run.context.settings.on_expiry);
        let planned = approved.planned();
        let ttl = u64::from(planned.grant.shown().ttl_seconds);
        let mut notices = planned.notices.clone();
        let denied = planned.denied.iter();
        notices.extend(
            denied.map(|one| format!("`{}` is denied by {} ({})", one.action, one.by, one.reason)),
        );
        let hello = hello(&run);
        run.attempt.record_issuing()?;
        let (provider, attempt) = (Arc::clone(&run.provider), &*run.attempt);
        provider.record_leases(attempt.lease_recorder());
        let began = unix_seconds();
        let access_of = |minted: &Minted| {
            let mut access = Access::of(minted, began, ttl, on_expiry);
            access.ends_at = access.ends_at.min(parent.ends_at);
            access
        };
        let take_back = |minted: &Minted| {
            revoke_or_keep(console, &provider, minted, &access_of(minted), attempt);
        };
        let source = Arc::clone(&parent.source);
        let by_gateway = match &run.narrowing {
            Some(Narrowing::ByGateway(reason)) => Some(reason.clone()),
            _ => None,
        };
        let minted = if by_gateway.is_some() {
            source.lend(&approved, began.saturating_add(ttl).min(parent.ends_at))
        } else {
            let minted = mint::mint(
                approved,
                &provider,
                &run.description,
                began,
                || (),
                |one| take_back(one),
            );
            let lease = minted.as_ref().ok().and_then(|(minted, _)| minted.lease.as_deref());
            revoke_announced(console, &provider, attempt, lease);
            let (minted, _) = minted.inspect_err(|error| note_refusal(error, &source))?;
            minted
        };
        let admitted = guarded(|| {
            settle::quietly(&provider, &minted)?;
            let access = access_of(&minted);
            attempt.record_issued(&minted, &access)?;
            let until = access.ends_at;
            let (signer, own) = if let Some(reason) = &by_gateway {
                (Arc::clone(source.signer()), source.lent(reason))
            } else {
                let signer = signer(&minted)?;
                let of = (attempt.provider(), &*provider);
                (Arc::clone(&signer), Source::of(&minted, signer, of))
            };
            let around = (&parent.ground, &parent.board);
            let identity = minted.identity.as_deref();
            let (deciding, ground, work) = prepared.nested(signer, until, identity, around);
            let board = Arc::clone(deciding.board());
            let deciding = Arc::new(deciding);
            let clerk = Clerk::start(
                Arc::clone(&ground),
                (Arc::clone(&board), work),
                &provider,
                attempt,
                &deciding,
                until,
            )
            .map_err(|error| Failure::internal("nest", error))?;
            let nested = Nested {
                own: Arc::clone(&deciding),
                parent: Arc::clone(&parent.decider),
                narrowed: by_gateway.is_none().then(|| Arc::clone(source.signer())),
            };
            let decider: Arc<dyn audex_gateway::Decider> = Arc::new(nested);
            let admitted = gateway
                .admit(Arc::clone(&decider), until)
                .map_err(|error| Failure::internal("nest", error))?;
            let node = Node {
                session: attempt.session().to_owned(),
                parents: attempt.parents().to_vec(),
                decider,
                source: Arc::new(own),
                ground,
                board,
                ends_at: until,
            };
            Ok((node, admitted, deciding, clerk, token()?))
        });
        let (node, admitted, deciding, clerk, token) =
            admitted.inspect_err(|_| take_back(&minted))?;
        notices.extend(minted.notices.iter().cloned());
        let key = admitted.session_key();
        let mut variables: Vec<_> = minted.variables.clone();
        variables.retain(|(name, _)| !aws_keys::is_key(name));
        variables.extend([
            (aws_keys::ID.to_owned(), Value::Plain(key.id.clone())),
            (aws_keys::SECRET.to_owned(), Value::Secret(key.secret.clone())),
            (aws_keys::TOKEN.to_owned(), Value::Secret(key.token.clone())),
        ]);
        let granted = report::granted(attempt, &provider);
        let (over, _) = watch::channel(false);
        let stop = over.clone();
        let served = Served {
            hello: Hello {
                ends_at: Some(node.ends_at),
                takes_answers: node.ground.asker().not_local.is_none(),
                ..hello
            },
            stop: Box::new(move || {
                stop.send_replace(true);
            }),
        };
        // A session without a control socket runs all the same.
        let control = Control::of(run.context.settings, served).ok();
        if let Some(control) = &control {
            control.set_board(Arc::clone(&node.board));
        }
        let live = Live {
            attempt: attempt.clone(),
            provider,
            minted,
            deciding,
            clerk,
            admitted,
            control,
            began: Instant::now(),
        };
        let live = Mutex::new(Some(live));
        Ok(Self { node, token, over, granted, notices, variables, live })
    }

    /// Returns what the session's own host is told.
    pub(super) fn opened(&self, gateway: &Gateway) -> Opened {
        let text = |(name, value): &(String, Value)| (name.clone(), value.text().to_owned());
        let is_secret = |(_, value): &&(String, Value)| matches!(value, Value::Secret(_));
        let secret = self.variables.iter().filter(is_secret).map(|(name, _)| name.clone());
        Opened {
            session: self.node.session.clone(),
            parents: self.node.parents.clone(),
            variables: self.variables.iter().map(text).collect(),
            secret: secret.collect(),
            endpoints: gateway.settings.variables.iter().map(text).collect(),
            ends_at: self.node.ends_at,
            token: self.token.expose().to_owned(),
            granted: self.granted.clone(),
            notices: self.notices.clone(),
        }
    }

    /// Returns a receiver that learns of the end.
    pub(super) fn over(&self) -> Over {
        self.over.subscribe()
    }

    /// Returns true if somebody waits for the end.
    pub(super) fn is_held(&self) -> bool {
        self.over.receiver_count() > 0
    }

    /// Takes the access away, revokes the credentials, and records the end, once.
    pub(super) fn end(&self, ending: Option<Ending>) {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(live) = live else { return };
        let Live { attempt, provider, minted, deciding, clerk, admitted, control, began } = live;
        let by = control.as_ref().and_then(Control::ended_by);
        let mut known = secrets(&minted);
        let key = admitted.session_key();
        known.extend([key.secret.clone(), key.token.clone(), self.token.clone()]);
        drop(admitted);
        // What was made for its asks is revoked with it.
        known.extend(clerk.secrets());
        drop(clerk);
        let revoked = Revocation::new(&provider).credentials(&minted);
        // The receipt of this session, like its log, is the outer host's; a failure to write is told at the end of its own session.
        let asks = deciding.board().account();
        let _ = attempt.record_used(&deciding.counter(), asks, &known);
        let ended = ending.map(|ending| ending.ended(by.is_some(), began.elapsed()));
        let recorded = if let Some(ended) = ended {
            if let Some(control) = &control {
                control.set_exit_code(ended.exit_code());
            }
            attempt.record_ended(&ended, by, revoked.unwrap_or_else(Some), &known)
        } else {
            let gone = Failure::usage(GONE, "").at("nest");
            attempt.record_failure(&Failure { kind: Kind::Unavailable, ..gone })
        };
        let console = Console::default();
        if let Err(error) = recorded {
            let session = &self.node.session;
            console.notice(&format!(
                "the end of session `{session}` could not be recorded: {}",
                error.line()
            ));
        }
        // The login of the provider ends with its last user.
        let _ = provider.close();
        drop(control);
        self.over.send_replace(true);
    }
}

/// Notes that STS narrows the credentials no further, if that is the error.
fn note_refusal(error: &MintError, source: &Source) {
    if let MintError::Provider(ProviderError::Refused { error, .. }) = error
        && matches!(error.kind, ErrorKind::Denied | ErrorKind::Unsupported)
    {
        source.refuse(&error.message);
    }
}

/// Returns the description of the session, before its end is known.
fn hello(run: &Run<'_>) -> Hello {
    let words: Vec<&str> = run.request.command.iter().map(String::as_str).collect();
    let isolation = match run.circumstances.isolation {
        Isolation::Off => Level::Off,
        Isolation::Credentials => Level::Credentials,
        Isolation::Strict => Level::Strict,
    };
    Hello {
        session: run.request.session.clone(),
        pid: std::process::id(),
        started: run.circumstances.now,
        command: redact_command(&words),
        agent: run.circumstances.agent.clone(),
        provider: run.request.provider.clone(),
        deliver: Deliver::Gateway.name().to_owned(),
        isolation: isolation.name().to_owned(),
        takes_answers: false,
        ends_at: None,
        parents: run.circumstances.parents.clone(),
    }
}
