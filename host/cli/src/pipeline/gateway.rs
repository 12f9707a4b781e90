//! The delivery `gateway`: the command's keys open this session's gateway and nothing else.

pub mod asking;
pub(crate) mod bearer;
pub mod decider;
pub(crate) mod nest;
#[cfg(test)]
mod property;
mod rules;
pub(crate) mod step_up;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use aws_credential_types::Credentials;

use super::Run;
use super::aws_keys::{self, AwsKeys};
use super::delivery::{Arranged, Decisions, Handover, Scene, Serving, Unrevoked};
use crate::asks::Board;
use crate::asks::board::Work;
use crate::door::Door;
use crate::failure::Failure;
use crate::later::Later;
use crate::plan::{self, Planned};
use crate::settings::delivery::{GatewayTls, UnknownRequests};
use audex_components::backend::Backend;
use audex_components::provider::{Description, Enforcer, Minted, Reader};
use audex_core::delivery::{Endpoint, Value};
use audex_core::hint::Hint;
use audex_core::secret::Secret;
use audex_endpoint::connect_proxy::Interceptor;
use audex_gateway::decide::{Limit, Set};
use audex_gateway::{Decider, Gateway, SessionKey, Signer};
use audex_logins::aws::profile::with_endpoints;
use audex_wire::server::Server;

use self::asking::Asking;
use self::bearer::Interposed;
use self::decider::{Deciding, Held};
use self::nest::Nest;
use self::rules::{left_to_the_cloud, rules};
use self::step_up::Ground;
use self::step_up::clerk::Clerk;

/// The error for a gateway that cannot be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatewayError {
    /// The socket or the thread cannot be created.
    #[error("cannot start the gateway on loopback")]
    Loopback(#[source] io::Error),
    /// The plan is not a policy that can be compared with requests.
    #[error("the method `{method}` of `{provider}` has no policy to decide by")]
    NoPolicy {
        /// The provider's id.
        provider: String,
        /// The planned method.
        method: String,
    },
    /// Unknown requests would be sent although the cloud does not enforce the grant.
    #[error(
        "`{action}` is enforced by `{enforced_by}`, so requests that are not known cannot be left to the cloud"
    )]
    Unenforced {
        /// A permission that the cloud does not enforce.
        action: String,
        /// Its enforcer.
        enforced_by: &'static str,
    },
    /// One port cannot lead to several endpoints.
    #[error(
        "--gateway-listen is one port, and `{variable}` leads a service to an endpoint of its own"
    )]
    OnePort {
        /// The variable.
        variable: String,
    },
    /// The provider hands out something other than AWS keys.
    #[error("the gateway takes AWS keys in variables, and `{provider}` hands out something else")]
    NoKeys {
        /// The provider's id or method.
        provider: String,
    },
    /// The provider hands out something other than tokens by endpoints.
    #[error("the gateway takes tokens alone, and `{provider}` hands out something else")]
    NoTokens {
        /// The provider's id or method.
        provider: String,
    },
    /// A gateway with a port for each host cannot have one port.
    #[error("--gateway-listen is for the gateway of AWS, and this run is for `{provider}`")]
    Listen {
        /// The provider's id.
        provider: String,
    },
    /// A setting of the user is no address.
    #[error("{0}")]
    Address(String),
    /// The gateway needs no certificates.
    #[error("--gateway-tls always is for a cloud with tokens, and `{provider}` has none")]
    NoTls {
        /// The provider's id.
        provider: String,
    },
}

impl Hint for GatewayError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Loopback(_) | Self::Address(_) => None,
            Self::NoPolicy { .. } => Some("take `--deliver env`, or another --method".into()),
            Self::Unenforced { .. } => Some("leave `--gateway-unknown forward` out".into()),
            Self::OnePort { .. } => Some("leave one of them out".into()),
            Self::NoKeys { .. } => Some("take another --source, --deliver or --method".into()),
            Self::NoTokens { .. } => Some("take another --deliver or --method".into()),
            Self::Listen { .. } => Some("leave out --gateway-listen".into()),
            Self::NoTls { .. } => Some("leave out --gateway-tls".into()),
        }
    }
}

/// Everything that a gateway needs before there are credentials.
pub(super) struct Prepared {
    /// The key of a command that gets tokens; a command that gets AWS keys has those of the gateway.
    key: Option<SessionKey>,
    pub(super) reader: Reader,
    pub(super) set: Set,
    limits: Vec<Limit>,
    unknown: UnknownRequests,
    /// What the session's asks need.
    ground: Ground,
}

/// Prepares the decisions of a run, and adds to `planned` what the user must know of them.
///
/// # Errors
/// When the plan has no policy, or the component that reads requests cannot be loaded.
pub(super) fn prepare(run: &Run<'_>, planned: &mut Planned) -> Result<Prepared, Failure> {
    let id = run.description.calls_to.as_ref().unwrap_or(&run.request.provider);
    let delivery = &run.context.settings.delivery;
    if delivery.unknown == UnknownRequests::Forward {
        let weak = planned.plan.permissions.iter().find(|one| one.enforced_by != Enforcer::Cloud);
        if let Some(weak) = weak {
            let enforced_by = plan::enforcer_name(weak.enforced_by);
            return Err(
                GatewayError::Unenforced { action: weak.action.clone(), enforced_by }.into()
            );
        }
        planned.notices.push(
            "requests that the gateway does not know are left to the cloud (--gateway-unknown forward)"
                .to_owned(),
        );
    }
    let takes_tokens = bearer::is_declared(&run.description);
    if delivery.tls == GatewayTls::Always && !takes_tokens {
        return Err(GatewayError::NoTls { provider: run.request.provider.clone() }.into());
    }
    // Security: the reader is opened without a backend, so that it can ask nobody.
    let reader = run.components.provider(id, Backend::default())?;
    let statements = match &planned.plan.policy {
        _ if takes_tokens => planned.plan.decides.clone(),
        Some(policy) => reader.statements(policy)?,
        None => {
            let (provider, method) = (run.request.provider.clone(), planned.plan.method.clone());
            return Err(GatewayError::NoPolicy { provider, method }.into());
        }
    };
    if takes_tokens {
        planned.notices.extend(notices_of_tls(delivery.tls, &run.description));
    }
    planned.notices.extend(left_to_the_cloud(&statements));
    let grant = planned.grant.shown();
    let rules = rules(statements, grant, &run.denied.own);
    let known = reader.expand(&rules.named)?;
    let yielding: Vec<&str> =
        known.iter().filter(|one| one.yields_credentials).map(|one| one.name.as_str()).collect();
    if !yielding.is_empty() {
        planned.notices.push(format!(
            "the reply to `{}` carries credentials, which the command can use without the gateway",
            yielding.join("`, `")
        ));
    }
    let limits = run.limits.clone();
    let key = takes_tokens.then(SessionKey::new).transpose().map_err(GatewayError::Loopback)?;
    Ok(Prepared {
        key,
        reader: Reader::new(reader),
        set: Set::new(rules),
        limits,
        unknown: delivery.unknown,
        ground: Ground::of(run, grant, &planned.later)?,
    })
}

impl Prepared {
    /// Returns the endpoints for the command: with tokens of the session's own, if the gateway takes tokens.
    pub(super) fn endpoints<'a>(&self, minted: &'a Minted) -> Cow<'a, [Endpoint]> {
        match &self.key {
            Some(key) => bearer::without_tokens(&minted.endpoints, key).into(),
            None => minted.endpoints.as_slice().into(),
        }
    }

    /// Returns the minted credentials in the form that the gateway uses.
    ///
    /// # Errors
    /// When they are something else, in part or in all.
    pub(super) fn signer(&self, minted: &Minted) -> Result<Arc<Signer>, GatewayError> {
        if self.key.is_some() { token_signer(minted) } else { signer(minted) }
    }

    /// Returns the decisions of a session inside the one of `around`, and what its clerk needs.
    pub(super) fn nested(
        self,
        signer: Arc<Signer>,
        until: u64,
        identity: Option<&str>,
        (around, board): (&Arc<Ground>, &Arc<Board>),
    ) -> (Deciding, Arc<Ground>, Receiver<Work>) {
        let Self { key: _, reader, set, limits, unknown, ground } = self;
        let first = Held { set, signer, until, ask: None, once: false };
        let ground = Arc::new(ground.inside(Arc::clone(around)));
        let (board, work) = Board::inside(ground.asker(), Arc::clone(board));
        // Its grant has no parts: what those of the session around it hold, that session's own credentials give.
        let approve = &ground.settings.approve;
        let asking = Asking::new(Arc::new(board), approve, Later::default());
        let deciding = Deciding::new(reader, first, limits, unknown, identity, asking);
        (deciding, ground, work)
    }
}

/// Starts the gateway, and returns the keys and the settings that lead the command to it.
///
/// # Errors
/// When the credentials are not AWS keys, or the system has no socket.
pub(super) fn hand_over(scene: &Scene<'_>, prepared: Prepared) -> Result<Handover, Failure> {
    let signer = prepared.signer(scene.minted)?;
    let Prepared { key, reader, set, limits, unknown, ground } = prepared;
    let identity = scene.minted.identity.as_deref();
    let until = scene.ends_at;
    let first = Held { set, signer: Arc::clone(&signer), until, ask: None, once: false };
    let (board, work) = Board::new(ground.asker());
    let board = Arc::new(board);
    let asking =
        Asking::new(Arc::clone(&board), &scene.context.settings.approve, ground.later.clone());
    let deciding = Arc::new(Deciding::new(reader, first, limits, unknown, identity, asking));
    let mut arranged = Arranged::without_keys(scene);
    let decider: Arc<dyn Decider> = Arc::<Deciding>::clone(&deciding);
    let (gateway, interceptor) = match key {
        None => (interpose(scene, &mut arranged, Arc::clone(&decider))?, None),
        Some(key) => {
            let Interposed { gateway, interceptor } =
                bearer::interpose(scene, &mut arranged, key, Arc::clone(&decider))?;
            (gateway.gateway, interceptor)
        }
    };
    let gateway = Arc::new(gateway);
    let circumstances = ground.circumstances().clone();
    let ground = Arc::new(ground);
    let around = (Arc::clone(&ground), Arc::clone(&board));
    let nest = Nest::new(scene, signer, circumstances, Arc::clone(&gateway), decider, around);
    let nest = Arc::new(nest);
    let (provider, attempt) = (scene.provider, scene.attempt);
    let clerk =
        Clerk::start(ground, (Arc::clone(&board), work), provider, attempt, &deciding, until)
            .map_err(GatewayError::Loopback)?;
    let inside = Arc::<Nest>::clone(&nest);
    let door = Door::open(board, inside, until).map_err(GatewayError::Loopback)?;
    door.configure(&mut arranged.endpoint_settings);
    let running = Running { gateway, interceptor, nest, deciding, clerk, door };
    Ok(Handover { arranged, serving: Some(Box::new(running)) })
}

/// Returns the signer with the minted keys.
///
/// # Errors
/// When the credentials are not AWS keys.
pub(crate) fn signer(minted: &Minted) -> Result<Arc<Signer>, GatewayError> {
    let no_keys = || GatewayError::NoKeys { provider: minted.method.clone() };
    let AwsKeys { id, secret, token } = AwsKeys::of(minted).ok_or_else(no_keys)?;
    let token = token.map(|token| token.expose().to_owned());
    Ok(Arc::new(Signer::new(Credentials::new(id, secret.expose(), token, None, "session"))))
}

/// Returns the signer with the minted tokens.
///
/// # Errors
/// When the credentials are not tokens alone.
pub(crate) fn token_signer(minted: &Minted) -> Result<Arc<Signer>, GatewayError> {
    let no_tokens = || GatewayError::NoTokens { provider: minted.method.clone() };
    Ok(Arc::new(Signer::of_tokens(bearer::tokens(minted).ok_or_else(no_tokens)?)))
}

/// Returns what the user must know of the ways in which requests reach a gateway that takes tokens.
fn notices_of_tls(tls: GatewayTls, description: &Description) -> Vec<String> {
    let title = &description.title;
    let notice = if tls == GatewayTls::Never {
        format!(
            "only tools that take an address on loopback reach the gateway (--gateway-tls never); at {title} itself the command's \
             token opens nothing"
        )
    } else {
        format!(
            "the command's https to {title} goes through the session's gateway, with certificates that only this command is told \
             to trust; gRPC is refused, so set client libraries to REST"
        )
    };
    vec![notice]
}

/// Starts a gateway, and puts its keys and address in place of the minted keys.
///
/// # Errors
/// When the system has no socket.
pub(crate) fn interpose(
    scene: &Scene<'_>,
    arranged: &mut Arranged,
    decider: Arc<dyn Decider>,
) -> Result<Gateway, GatewayError> {
    let minted = scene.minted;
    let region = minted.variables.iter().find(|(name, _)| name == "AWS_REGION");
    let region = region.map(|(_, value)| value.text().to_owned());
    let parent = with_endpoints(scene.context.environment);
    let port = scene.context.settings.delivery.listen;
    let led = |(name, _): &(&OsStr, &OsStr)| {
        name.to_str().is_some_and(|name| name.starts_with("AWS_ENDPOINT_URL_"))
    };
    if let Some((name, _)) = parent.iter().find(led).filter(|_| port.is_some()) {
        return Err(GatewayError::OnePort { variable: name.to_string_lossy().into_owned() });
    }
    let gateway = Gateway::start(&parent, region, scene.ends_at, port, decider)
        .map_err(GatewayError::Loopback)?;
    let key = &gateway.session_key;
    arranged.variables.retain(|(name, _)| !aws_keys::is_key(name));
    arranged.variables.extend([
        (aws_keys::ID.to_owned(), Value::Plain(key.id.clone())),
        (aws_keys::SECRET.to_owned(), Value::Secret(key.secret.clone())),
        (aws_keys::TOKEN.to_owned(), Value::Secret(key.token.clone())),
    ]);
    arranged.endpoint_settings.extend(&gateway.settings);
    Ok(gateway)
}

/// Returns the account of an identity like `arn:aws:sts::123456789012:assumed-role/…`.
pub(crate) fn account(identity: &str) -> Option<String> {
    let account = identity.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| account.to_owned())
}

/// A gateway that serves a command.
struct Running {
    gateway: Arc<Gateway>,
    interceptor: Option<Arc<dyn Interceptor>>,
    nest: Arc<Nest>,
    deciding: Arc<Deciding>,
    clerk: Clerk,
    door: Door,
}

impl Serving for Running {
    fn secrets(&self) -> Vec<Secret> {
        let key = &self.gateway.session_key;
        let mut secrets = vec![key.secret.clone(), key.token.clone()];
        secrets.push(self.door.secret());
        secrets.extend(self.clerk.secrets());
        secrets
    }

    fn servers(&self) -> Vec<&Server> {
        vec![&self.gateway.server, &self.door.server]
    }

    fn interceptor(&self) -> Option<Arc<dyn Interceptor>> {
        self.interceptor.clone()
    }

    fn stop(&mut self) -> Unrevoked {
        self.nest.close();
        Unrevoked { leases: self.clerk.stop(), has_revoked_first: false }
    }

    fn board(&self) -> Option<Arc<Board>> {
        Some(Arc::clone(self.clerk.board()))
    }

    fn decisions(&self) -> Option<Decisions> {
        let mut notices = self.gateway.refusals();
        notices.extend(self.deciding.failure());
        notices.extend(self.clerk.board().account().webhook_failure);
        Some(Decisions { counter: self.deciding.counter(), notices })
    }
}
