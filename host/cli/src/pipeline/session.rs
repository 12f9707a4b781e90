//! One session: mints the credentials, delivers them, starts the command, waits for it, and revokes them.

use std::cell::Cell;
use std::ffi::OsString;
use std::sync::Arc;

use super::access::Access;
use super::attempt::{Attempt, secrets};
use super::delivery::renewal::LEASE;
use super::delivery::{self, Decisions, Handover, Scene, Serving, Unrevoked, hand_over};
use super::end::{Revocation, finish, record_lease, revoke_announced, revoke_or_keep};
use super::gateway::bearer::without_tokens;
use super::guard::guarded;
use super::isolated::{self, Proxy};
use super::observer::{Observer, Stage};
use super::{Context, REVOKED, report, settle};
use crate::approve::Approved;
use crate::asks::board::Account;
use crate::control::Control;
use crate::failure::Failure;
use crate::isolation::Isolating;
use crate::mint::{self, Spent};
use crate::settings::Settings;
use audex_audit::Used;
use audex_child::deliver::{Delivery, SessionDirectory, deliver};
use audex_child::isolate::Prepared;
use audex_child::{Ended, Executable, Running, Signals};
use audex_components::provider::{Description, Minted, Provider};
use audex_core::clock;
use audex_core::environment::{AWS_ENDPOINT_URL, Environment, PATH};
use audex_core::secret::Secret;
use audex_endpoint::Endpoints;
use audex_gateway::Counter;
use audex_logins::aws::profile::{EndpointSource, session_file};
use audex_wire::server::Server;

/// The local preparations of a run. They are made before anything is minted.
pub(super) struct Place {
    executable: Executable,
    // Before the directory, which the stage needs until its end.
    isolated: Option<Prepared>,
    directory: SessionDirectory,
    pub(super) signals: Signals,
    delivery: delivery::Prepared,
}

impl Place {
    /// Looks the command up, creates the session directory, begins to set the isolation up, and takes over the signals.
    pub(super) fn prepare(
        environment: &Environment,
        settings: &Settings,
        command: &[OsString],
        delivery: delivery::Prepared,
        isolating: Option<&mut Isolating>,
    ) -> Result<Self, Failure> {
        let executable = audex_child::look_up(command, environment.get_os(PATH))?;
        let directory = SessionDirectory::create(environment, &settings.paths.state)?;
        let isolate = |isolating: &mut Isolating| isolating.isolate(&executable, directory.path());
        let isolated = isolating.map(isolate).transpose()?;
        let signals = Signals::install()?;
        Ok(Self { executable, isolated, directory, signals, delivery })
    }

    /// Waits until the isolation stands.
    pub(super) fn await_isolation(&mut self) -> Result<(), Failure> {
        Ok(self.isolated.as_mut().map_or(Ok(()), Prepared::wait)?)
    }
}

/// The parties of a session.
pub(super) struct Session<'a> {
    pub(super) context: Context<'a>,
    pub(super) provider: Arc<Provider>,
    pub(super) attempt: &'a Attempt,
    pub(super) description: &'a Description,
    /// The variables that the command must not get.
    pub(super) withheld: Vec<String>,
    /// The isolation of the command, if it has one.
    pub(super) isolating: Option<Isolating>,
    pub(super) observer: &'a mut dyn Observer,
    /// The control socket, if there is one.
    pub(super) control: Option<&'a Control>,
}

/// A running command. The private files and what serves it must live as long as the command.
struct Started {
    running: Running,
    directory: SessionDirectory,
    endpoints: Endpoints,
    serving: Option<Box<dyn Serving>>,
    proxy: Option<Proxy>,
}

/// A session whose command has ended, before its credentials are revoked.
struct EndedCommand {
    ended: Ended,
    /// Every secret of the session.
    known: Vec<Secret>,
    /// The start of access, in seconds since the Unix epoch.
    began: u64,
    /// True if the access ended while the command ran.
    is_expired: bool,
    /// The decisions of the session's gateway, as they were recorded.
    used: Option<Used>,
    /// What is to be revoked besides the first credentials.
    unrevoked: Unrevoked,
}

impl Session<'_> {
    /// Spends `approved` on one command and returns the command's exit status.
    pub(super) fn run(&mut self, approved: Approved, mut place: Place) -> Result<u8, Failure> {
        let console = self.context.console;
        let planned = approved.planned();
        let (denied, notices) = (planned.denied.clone(), planned.notices.clone());
        let advice = planned.advice.clone();
        let ttl = u64::from(planned.grant.shown().ttl_seconds);
        // The advice comes before minting, so that the user can still stop the run.
        report::advice(console, &advice);
        let requested = clock::unix_seconds();
        let (minted, spent) = self.mint(approved, requested, ttl, &mut place.signals)?;
        // From here on the credentials must be revoked, whatever ends the run.
        let ended = guarded(|| {
            report::denied(console, &denied);
            report::notices(console, &notices);
            report::notices(console, &minted.notices);
            self.run_command(&minted, &Arc::new(spent), requested, ttl, place)
        });
        let EndedCommand { ended, known, began, is_expired, used, unrevoked } =
            ended.inspect_err(|_| {
                self.take_back(&minted, requested, ttl);
            })?;
        let revoked = self.revoke(&minted, unrevoked);
        if let Err(reason) = &revoked {
            console.notice(&format!("the credentials were {reason}"));
        }
        self.observer.at(Stage::Record);
        let by = self.control.and_then(Control::ended_by).filter(|_| ended.ended_by_request);
        finish(&ended, by.as_deref(), revoked, &known, self.attempt, console);
        if let Some(control) = self.control {
            control.set_exit_code(ended.exit_code());
        }
        if let Some(used) = &used {
            report::receipt(console, self.attempt, used);
        }
        self.observer.ended(&self.provider, &minted, began);
        // A command whose access had ended failed for that reason.
        let can_learn = !is_expired && !self.description.learn_sources.is_empty();
        report::perhaps_denied(console, can_learn, &ended, &advice, self.observer.is_learning());
        Ok(ended.exit_code())
    }

    /// Spends the grant. `requested` is in seconds since the Unix epoch, `ttl` in seconds.
    fn mint(
        &mut self,
        approved: Approved,
        requested: u64,
        ttl: u64,
        signals: &mut Signals,
    ) -> Result<(Minted, Spent), Failure> {
        let console = self.context.console;
        // Once the provider has minted, a signal must not end the program until the credentials or the login are
        // revoked. The second question to the filters is part of this time.
        let interruption = signals.interruption();
        self.observer.at(Stage::Mint);
        let minted = mint::mint(
            approved,
            &self.provider,
            self.description,
            requested,
            || interruption.ignore(),
            |minted| self.take_back(minted, requested, ttl),
        );
        report::logged(console, self.provider.loaded(), self.provider.logged());
        // If the provider failed, every announced lease is revoked. If it succeeded, the lease that it handed out
        // is kept.
        let lease = minted.as_ref().ok().and_then(|(minted, _)| minted.lease.as_deref());
        revoke_announced(console, &self.provider, self.attempt, lease);
        minted.map_err(|error| match signals.interrupted() {
            Some(signal) => Failure::interrupted(signal as i32),
            None => error.into(),
        })
    }

    /// Revokes everything that the session minted; the outcome is that for the first credentials.
    fn revoke(&self, minted: &Minted, unrevoked: Unrevoked) -> Result<Option<String>, String> {
        let mut revocation = Revocation::new(&self.provider);
        for lease in unrevoked.leases {
            let outcome = revocation.lease(&lease);
            record_lease(self.context.console, self.attempt, lease, outcome, LEASE);
        }
        if unrevoked.has_revoked_first {
            return Ok(Some(REVOKED.to_owned()));
        }
        revocation.credentials(minted)
    }

    /// Revokes credentials that no command will get.
    fn take_back(&self, minted: &Minted, requested: u64, ttl: u64) {
        let Context { settings, console, .. } = self.context;
        let access = Access::of(minted, requested, ttl, settings.on_expiry);
        revoke_or_keep(console, &self.provider, minted, &access, self.attempt);
    }

    /// Waits until the credentials work, starts the command, and waits for its end.
    fn run_command(
        &mut self,
        minted: &Minted,
        spent: &Arc<Spent>,
        requested: u64,
        ttl: u64,
        mut place: Place,
    ) -> Result<EndedCommand, Failure> {
        let Context { settings, console, .. } = self.context;
        self.observer.at(Stage::Settle);
        let settled = settle::wait(console, &self.provider, minted, &mut place.signals)?;
        let began = settled.unwrap_or(requested);
        let access_of =
            if spent.planned().key_life.is_some() { Access::renewed } else { Access::of };
        let access = access_of(minted, began, ttl, settings.on_expiry);
        let Started { running, directory, endpoints, mut serving, proxy } =
            self.start(minted, spent, &access, place)?;
        let mut known = secrets(minted);
        known.extend(endpoints.secrets());
        known.extend(proxy.iter().flat_map(Proxy::secrets));
        self.observer.at(Stage::Wait);
        let is_expired = Cell::new(false);
        let ended = running.wait(Some(access.deadline()), || {
            is_expired.set(true);
            report::expired(console);
        })?;
        if let Some(proxy) = &proxy {
            report::notices(console, &isolated::refusals(proxy));
        }
        let mut unrevoked = Unrevoked::default();
        let (mut decisions, mut asks) = (None, Account::default());
        if let Some(serving) = &mut serving {
            unrevoked = serving.stop();
            known.extend(serving.secrets());
            decisions = serving.decisions();
            asks = serving.board().map(|board| board.account()).unwrap_or_default();
        }
        let used = decisions.and_then(|Decisions { counter, notices }| {
            report::notices(console, &notices);
            self.record_used(&counter, asks, &known)
        });
        // The proxy serves what the observer shares.
        drop(proxy);
        self.observer.left(directory.path());
        self.observer.at(Stage::Revoke);
        let is_expired = is_expired.get();
        Ok(EndedCommand { ended, known, began, is_expired, used, unrevoked })
    }

    /// Records the decisions of the gateway. A failure here does not change the exit status of the command.
    fn record_used(&self, counter: &Counter, asks: Account, known: &[Secret]) -> Option<Used> {
        let told = |error: &Failure| {
            let what = "the use of the session could not be recorded";
            self.context.console.notice(&format!("{what}: {}", error.line()));
        };
        self.attempt.record_used(counter, asks, known).inspect_err(told).ok()
    }

    /// Delivers the credentials and starts the command.
    fn start(
        &mut self,
        minted: &Minted,
        spent: &Arc<Spent>,
        access: &Access,
        place: Place,
    ) -> Result<Started, Failure> {
        let Place { executable, directory, mut signals, delivery, mut isolated } = place;
        if let Some(signal) = signals.interrupted() {
            return Err(Failure::interrupted(signal as i32));
        }
        let Context { environment, console, .. } = self.context;
        self.observer.at(Stage::Deliver);
        self.attempt.record_issued(minted, access)?;
        let served = match self.observer.token_key() {
            Some(key) => without_tokens(&minted.endpoints, key).into(),
            None => delivery.endpoints(minted),
        };
        let endpoints = audex_endpoint::start(&served, directory.path(), access.ends_at)?;
        let scene = Scene {
            context: self.context,
            attempt: self.attempt,
            description: self.description,
            provider: &self.provider,
            spent,
            minted,
            directory: directory.path(),
            ends_at: access.ends_at,
            endpoint_settings: endpoints.settings.clone(),
        };
        let Handover { arranged, serving } = hand_over(delivery, &scene)?;
        let mut arranged = self.observer.arrange(&scene, arranged)?;
        let interceptor = serving.as_ref().and_then(|serving| serving.interceptor());
        let interceptor = interceptor.or_else(|| self.observer.interceptor());
        let proxy = isolated::proxy(&self.context.settings.isolation, interceptor)?;
        if let Some(proxy) = &proxy {
            let led = proxy.variables.iter();
            let led = led.map(|(name, value)| ((*name).to_owned(), value.clone()));
            arranged.endpoint_settings.variables.extend(led);
        }
        // Security: an allow list decides which settings of the user's profile pass; none of them gives
        // credentials.
        let of_session = &arranged.endpoint_settings.variables;
        let source = if of_session.iter().any(|(name, _)| name == AWS_ENDPOINT_URL) {
            EndpointSource::Session
        } else {
            EndpointSource::Profile
        };
        let aws_config = session_file(environment, source);
        // The command must not get the variables from which the provider mints.
        let sources = self.provider.sources().map(str::to_owned);
        let withheld: Vec<String> = self.withheld.iter().cloned().chain(sources).collect();
        let delivery = Delivery {
            parent: environment,
            aws_config: &aws_config,
            withheld: &withheld,
            session: self.attempt.session(),
            source: self.provider.loaded().source,
            // The credentials may expire up to one second before the end of access.
            ends_at: access.ends_at.min(minted.expires_at),
            variables: &arranged.variables,
            files: &minted.files,
            logins: &minted.logins,
            endpoint_settings: &arranged.endpoint_settings,
        };
        let mut delivered = deliver(&delivery, directory)?;
        if let Some(isolating) = &self.isolating {
            isolating.lead(&mut delivered.environment, delivered.directory.path());
        }
        report::removed(console, &delivered.removed);
        self.observer.at(Stage::Start);
        // This line comes before the command can write anything.
        let how = if self.observer.is_learning() { "learning with " } else { "" };
        let granted = report::granted(self.attempt, &self.provider);
        report::started(console, self.attempt, &format!("{how}{granted}"), minted, access);
        let servers: Vec<&Server> = endpoints
            .servers()
            .iter()
            .chain(serving.iter().flat_map(|serving| serving.servers()))
            .chain(self.observer.servers())
            .chain(proxy.iter().map(|proxy| &proxy.proxy.server))
            .collect();
        if let Some(isolated) = &mut isolated {
            isolated.open_ports(isolated::ports(&servers));
        }
        let mut running =
            audex_child::spawn(&executable, &delivered.environment, signals, isolated)?;
        if let Some(control) = self.control {
            control.set_command(running.id());
            control.set_end(access.ends_at);
            if let Some(board) = serving.as_ref().and_then(|serving| serving.board()) {
                control.set_board(board);
            }
        }
        isolated::admit(&mut running, &servers)?;
        Ok(Started { running, directory: delivered.directory, endpoints, serving, proxy })
    }
}
