//! Observes one run through every requested source.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use super::csm::Csm;
use super::observed::Observed;
use super::trail::{Found, Trail};
use super::{Source, address, http_log};
use crate::console::Console;
use crate::failure::Failure;
use crate::pipeline::aws_keys::ID;
use crate::pipeline::delivery::{Arranged, Scene};
use crate::pipeline::gateway;
use crate::pipeline::gateway::bearer::{self, Interposed};
use crate::pipeline::observer::Observer;
use audex_components::component::PluginError;
use audex_components::provider::{Call, Description, Minted, Provider};
use audex_core::delivery::Value;
use audex_core::environment::Environment;
use audex_core::hint::Hint;
use audex_endpoint::connect_proxy::Interceptor;
use audex_gateway::{Decider, Gateway, Noted, Pending, SessionKey, Signer, View};
use audex_wire::seen_request::SeenRequest;
use audex_wire::server::Server;

/// The maximum number of requests recognised in one call of the component. With their bodies they take 2 MiB
/// at most.
const BATCH: usize = 32;
/// The maximum number of requests that wait for recognition.
const WAITING: usize = 128;
/// The region to which IAM and other services without regions write their events. Source: CloudTrail User
/// Guide, "Global service events".
const GLOBAL_REGION: &str = "us-east-1";

/// The settings of a watch.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The sources to use.
    pub sources: Vec<Source>,
    /// The provider's id.
    pub provider: String,
    /// The regions whose records are read. If empty, those are the global region and the session's region.
    pub regions: Vec<String>,
    /// The maximum time to wait for CloudTrail.
    pub wait: Duration,
}

/// The observation of one run.
pub struct Watch<'a> {
    plan: &'a Plan,
    parent: &'a Environment,
    console: Console,
    session: String,
    /// The component that derives permissions from requests. `None` while a run is observed, or after
    /// recognition failed.
    pub recogniser: Option<Provider>,
    gateway: Option<Gateway>,
    /// The key of the command's tokens, where the provider hands out tokens and the gateway observes.
    key: Option<SessionKey>,
    interceptor: Option<Arc<dyn Interceptor>>,
    recognising: Option<JoinHandle<(Observed, Provider)>>,
    csm: Option<Csm>,
    region: Option<String>,
    /// The calls observed so far.
    pub observed: Observed,
}

/// The error for a watch that cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchError {
    /// The socket or the thread cannot be created.
    #[error("cannot watch the command on loopback")]
    Loopback(#[source] io::Error),
    /// The gateway cannot replace the provider's credentials.
    #[error("the gateway takes AWS keys in variables, and `{provider}` hands out something else")]
    NoKeys {
        /// The provider's id.
        provider: String,
    },
}

impl Hint for WatchError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Loopback(_) => None,
            Self::NoKeys { .. } => Some("take another --source or --method".into()),
        }
    }
}

impl<'a> Watch<'a> {
    /// Creates a watch of the session `session`. `recogniser` derives permissions from requests.
    #[must_use]
    pub fn new(
        plan: &'a Plan,
        parent: &'a Environment,
        console: Console,
        session: &str,
        recogniser: Provider,
    ) -> Self {
        Self {
            plan,
            parent,
            console,
            session: session.to_owned(),
            recogniser: Some(recogniser),
            gateway: None,
            key: None,
            interceptor: None,
            recognising: None,
            csm: None,
            region: None,
            observed: Observed::default(),
        }
    }

    /// Makes the command get tokens of the session's own, for a gateway that observes requests with tokens.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn take_tokens(&mut self, description: &Description) -> Result<(), WatchError> {
        if self.has(Source::Gateway) && bearer::is_declared(description) {
            self.key = Some(SessionKey::new().map_err(WatchError::Loopback)?);
        }
        Ok(())
    }

    fn has(&self, source: Source) -> bool {
        self.plan.sources.contains(&source)
    }

    /// Puts the gateway between the command and its keys. Returns the id of the key that the command gets
    /// instead.
    fn interpose(&mut self, scene: &Scene<'_>, arranged: &mut Arranged) -> Result<String, Failure> {
        let no_recogniser = || WatchError::NoKeys { provider: self.plan.provider.clone() };
        let recogniser = self.recogniser.take().ok_or_else(no_recogniser)?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let gateway = match self.key.clone() {
            None => {
                let signer = gateway::signer(scene.minted)?;
                let observing = Arc::new(Observing { noted: sender, signer });
                gateway::interpose(scene, arranged, observing)?
            }
            Some(key) => {
                let signer = gateway::token_signer(scene.minted)?;
                let observing = Arc::new(Observing { noted: sender, signer });
                let Interposed { gateway, interceptor } =
                    bearer::interpose(scene, arranged, key, observing)?;
                self.interceptor = interceptor;
                gateway.gateway
            }
        };
        self.observed.gaps.extend(address::in_environment(self.parent));
        let account = scene.minted.identity.as_deref().and_then(gateway::account);
        let thread = std::thread::Builder::new().name("recogniser".to_owned());
        let thread = thread.spawn(move || recognise_all(receiver, recogniser, account.as_deref()));
        self.recognising = Some(thread.map_err(WatchError::Loopback)?);
        let id = gateway.session_key.id.clone();
        self.gateway = Some(gateway);
        Ok(id)
    }

    fn recognise(&mut self, requests: &[Noted], account: Option<&str>, source: Source) {
        let Some(recogniser) = &self.recogniser else { return };
        for batch in requests.chunks(BATCH) {
            if let Err(error) = recognise(recogniser, batch, account, source, &mut self.observed) {
                self.observed.lose(Failure::from(error).line());
                return;
            }
        }
    }

    fn attribute(&mut self, calls: &[Call], source: Source) {
        let Some(recogniser) = &self.recogniser else { return };
        match recogniser.attribute(calls) {
            Ok(needs) => self.observed.add(calls, &needs, source),
            Err(error) => self.observed.lose(Failure::from(error).line()),
        }
    }

    /// Adds the session's calls from CloudTrail.
    fn cloudtrail(&mut self, provider: &Provider, minted: &Minted, began: u64) {
        self.observed.gaps.insert(
            "CloudTrail's LookupEvents has no data events (s3:GetObject, dynamodb:Query, lambda:InvokeFunction)".to_owned(),
        );
        let Some(key) = minted.credential_id.clone() else {
            let gap = "CloudTrail was not asked: the session's access key is not known";
            self.observed.gaps.insert(gap.to_owned());
            return;
        };
        let mut regions = self.plan.regions.clone();
        if regions.is_empty() {
            regions.push(GLOBAL_REGION.to_owned());
            regions.extend(self.region.clone().filter(|own| own != GLOBAL_REGION));
        }
        let Found { calls, gap } = Trail {
            provider,
            console: self.console,
            since: began,
            key,
            regions,
            wait: self.plan.wait,
        }
        .search();
        self.observed.gaps.extend(gap);
        self.attribute(&calls, Source::Cloudtrail);
    }
}

impl Observer for Watch<'_> {
    fn is_learning(&self) -> bool {
        true
    }

    fn arrange(&mut self, scene: &Scene<'_>, mut arranged: Arranged) -> Result<Arranged, Failure> {
        let plain = |wanted: &str| {
            scene.minted.variables.iter().find_map(|(name, value)| match value {
                Value::Plain(text) if name == wanted => Some(text.clone()),
                _ => None,
            })
        };
        self.region = plain("AWS_REGION");
        let mut key = plain(ID);
        if self.has(Source::Gateway) {
            key = Some(self.interpose(scene, &mut arranged)?);
        }
        if self.has(Source::Csm) {
            let key =
                key.ok_or_else(|| WatchError::NoKeys { provider: self.plan.provider.clone() })?;
            let csm = Csm::start(&self.session, &key).map_err(WatchError::Loopback)?;
            arranged.endpoint_settings.extend(&csm.settings);
            self.csm = Some(csm);
        }
        if self.has(Source::HttpLog) {
            arranged.endpoint_settings.extend(&http_log::endpoint_settings(scene.directory));
        }
        Ok(arranged)
    }

    fn token_key(&self) -> Option<&SessionKey> {
        self.key.as_ref()
    }

    fn interceptor(&self) -> Option<Arc<dyn Interceptor>> {
        self.interceptor.clone()
    }

    fn servers(&self) -> &[Server] {
        self.gateway.as_ref().map_or(&[], |gateway| std::slice::from_ref(&gateway.server))
    }

    fn left(&mut self, directory: &Path) {
        if let Some(gateway) = self.gateway.take() {
            gateway.refusals().into_iter().for_each(|refusal| self.observed.lose(refusal));
            // Closes the channel, which ends the recogniser.
            drop(gateway);
            self.interceptor = None;
        }
        match self.recognising.take().map(JoinHandle::join) {
            Some(Ok((observed, recogniser))) => {
                self.observed.merge(observed);
                self.recogniser = Some(recogniser);
            }
            Some(Err(_)) => {
                self.observed.lose("the requests could not be told: an internal error".to_owned());
            }
            None => {}
        }
        if let Some(csm) = self.csm.take() {
            let calls = csm.finish();
            self.attribute(&calls, Source::Csm);
        }
        if self.has(Source::HttpLog) {
            let logged = http_log::read(directory, &http_log::moved(self.parent));
            let logged =
                logged.into_iter().map(|logged| Noted::signed(logged.request, logged.denied));
            self.recognise(&logged.collect::<Vec<_>>(), None, Source::HttpLog);
        }
    }

    fn ended(&mut self, provider: &Provider, minted: &Minted, began: u64) {
        if self.has(Source::Cloudtrail) {
            self.cloudtrail(provider, minted, began);
        }
    }
}

/// Forwards every request, and passes what became of it to the recogniser.
struct Observing {
    noted: mpsc::Sender<Noted>,
    signer: Arc<Signer>,
}

impl Decider for Observing {
    fn decide<'a>(&'a self, _: &'a SeenRequest) -> Pending<'a> {
        Box::pin(std::future::ready(Ok(Arc::clone(&self.signer))))
    }

    fn noted<'a>(&'a self, noted: Noted) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        // The recogniser ends before the gateway only if it panicked, which is reported.
        Box::pin(async { drop(self.noted.send(noted).await) })
    }

    fn view(&self) -> View {
        View::Telling
    }
}

/// Recognises the requests in `noted` until every sender is closed.
fn recognise_all(
    mut noted: mpsc::Receiver<Noted>,
    recogniser: Provider,
    account: Option<&str>,
) -> (Observed, Provider) {
    let mut observed = Observed::default();
    while let Some(first) = noted.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = noted.try_recv()
        {
            batch.push(next);
        }
        if let Err(error) = recognise(&recogniser, &batch, account, Source::Gateway, &mut observed)
        {
            observed.lose(Failure::from(error).line());
        }
    }
    (observed, recogniser)
}

fn recognise(
    recogniser: &Provider,
    batch: &[Noted],
    account: Option<&str>,
    source: Source,
    into: &mut Observed,
) -> Result<(), PluginError> {
    let requests: Vec<SeenRequest> = batch.iter().map(|noted| noted.request.clone()).collect();
    let (mut signed, mut unsigned) = (Vec::new(), Vec::new());
    for (mut call, noted) in recogniser.recognise(&requests, account)?.into_iter().zip(batch) {
        call.denied = noted.denied;
        call.count = 1;
        source.name().clone_into(&mut call.source);
        into.gaps.extend(address::notice(&call));
        if noted.is_signed { signed.push(call) } else { unsigned.push(call) }
    }
    let needs = recogniser.attribute(&signed)?;
    into.add(&signed, &needs, source);
    into.add_unsigned(&unsigned, source);
    Ok(())
}
