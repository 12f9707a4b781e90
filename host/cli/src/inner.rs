//! A run inside a session with a gateway: the host of that session takes it through the chain and serves it; this process starts the
//! command.
//!
//! Security: this process gets keys that open the gateway of the session and nothing else. What the command may do is decided there.

mod client;

use std::ffi::OsString;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use self::client::Client;
use crate::console::{self, Console};
use crate::door::sessions::{Ending, Inner, Opened};
use crate::failure::Failure;
use crate::isolation::Isolating;
use crate::pipeline::Context;
use crate::request::Arguments;
use crate::settings::Flags;
use crate::settings::approve::OnDenied;
use crate::settings::delivery::Deliver;
use audex_child::deadline::DEFAULT_GRACE;
use audex_child::deliver::{Delivered, Delivery, SessionDirectory, deliver};
use audex_child::isolate::Prepared;
use audex_child::{Deadline, Ended, OnExpiry, Signals, Status, look_up, spawn};
use audex_core::clock::unix_seconds;
use audex_core::delivery::{EndpointSettings, ToolLogins, Value};
use audex_core::environment::{Environment, PATH};
use audex_core::isolation::Level;
use audex_core::secret::Secret;
use audex_core::source::Source;
use audex_gateway::OVERRULED;
use audex_logins::aws::profile::{EndpointSource, session_file};

/// The options of an inner run that its outer host heeds.
pub(crate) struct Options {
    provider: Option<String>,
    ttl: Option<u64>,
    limits: Vec<(String, u64)>,
    /// An option that only the session around it can have.
    foreign: Option<&'static str>,
}

impl Options {
    pub(crate) fn of(flags: &Flags) -> Self {
        let foreign = [
            (!flags.provider_settings.is_empty(), "an option of the provider"),
            (flags.require.is_some(), "--require"),
            (flags.gateway_listen.is_some(), "--gateway-listen"),
            (flags.gateway_unknown.is_some(), "--gateway-unknown"),
            (flags.gateway_tls.is_some(), "--gateway-tls"),
            (flags.key_life.is_some(), "--key-life"),
            (flags.deliver.is_some_and(|deliver| deliver != Deliver::Gateway), "--deliver"),
            (flags.on_denied.is_some_and(|one| one != OnDenied::Refuse), "--on-denied"),
        ];
        Self {
            provider: flags.provider.clone(),
            ttl: flags.ttl.map(|ttl| ttl.as_secs()),
            limits: flags.limits.iter().map(|one| (one.pattern.clone(), one.most)).collect(),
            foreign: foreign.into_iter().find_map(|(is_set, name)| is_set.then_some(name)),
        }
    }
}

/// The session around this process, which opens sessions inside it.
pub(crate) struct Outer {
    client: Client,
}

impl Outer {
    /// Finds the session around this process, if it serves a run with these options.
    ///
    /// # Errors
    /// When the environment leads to a door that does not answer.
    pub(crate) fn of(
        environment: &Environment,
        options: &Options,
    ) -> Result<Option<Self>, Failure> {
        let Some(client) = Client::of(environment)? else { return Ok(None) };
        let provider = client.provider()?;
        let is_its = options.provider.as_ref().is_none_or(|own| *own == provider);
        Ok(is_its.then_some(Self { client }))
    }

    /// Runs `command` in a session inside this one, and returns its exit status.
    ///
    /// # Errors
    /// Any failure before the command has started. After that, the command's own status counts.
    pub(crate) fn run(
        self,
        context: Context<'_>,
        arguments: Arguments,
        options: Options,
        command: &[OsString],
    ) -> Result<u8, Failure> {
        let Context { environment, settings, console } = context;
        if let Some(option) = options.foreign {
            let message = format!("{option} belongs to the session around this run");
            return Err(Failure::usage(&message, "leave it out"));
        }
        let executable = look_up(command, environment.get_os(PATH))?;
        let mut isolating = isolating(context)?;
        let directory = SessionDirectory::create(environment, &settings.paths.state)?;
        let isolate = |one: &mut Isolating| one.isolate(&executable, directory.path());
        let mut isolated = isolating.as_mut().map(isolate).transpose()?;
        let mut signals = Signals::install()?;
        // Nothing is minted for a command whose isolation does not stand.
        isolated.as_mut().map_or(Ok(()), Prepared::wait)?;
        let inner = Inner {
            allow: arguments.allow,
            profiles: arguments.profiles,
            resources: arguments.resources,
            justification: arguments.justification,
            command: arguments.command,
            provider: options.provider,
            ttl: options.ttl,
            limits: options.limits,
        };
        let opened = self.client.open(&inner)?;
        // From here on the outer host ends the session when this process does.
        let client = self.client.of_session(&opened.token);
        client.hold(signals.stop())?;
        if let Some(signal) = signals.interrupted() {
            return Err(Failure::interrupted(signal as i32));
        }
        for notice in &opened.notices {
            console.notice(notice);
        }
        let mut delivered = delivered(environment, &client, &opened, directory)?;
        if let Some(isolating) = &isolating {
            isolating.lead(&mut delivered.environment, delivered.directory.path());
        }
        started(console, &opened);
        let running = spawn(&executable, &delivered.environment, signals, isolated)?;
        let at = UNIX_EPOCH + Duration::from_secs(opened.ends_at);
        let policy = settings.on_expiry.unwrap_or(OnExpiry::Keep);
        let deadline = Deadline { at, policy, grace: DEFAULT_GRACE };
        let ended = running.wait(Some(deadline), || {
            console.say("expired", "access has ended; the command goes on without it", &json!({}));
        })?;
        client.end(&ending(&ended));
        finished(console, &opened, &ended);
        Ok(ended.exit_code())
    }
}

/// Settles the isolation of the command inside that of the session around it.
///
/// # Errors
/// For `strict`: the ports of the outer gateway are not in a network of its own.
fn isolating(context: Context<'_>) -> Result<Option<Isolating>, Failure> {
    let Context { environment, settings, console } = context;
    if settings.isolation.level == Level::Strict {
        if settings.paths.outer.is_some() {
            console.notice("the command runs inside the isolation of the session around it");
            return Ok(None);
        }
        let message = "a session inside another has no isolation `strict` of its own";
        return Err(Failure::usage(message, "start the session around it with --isolate strict"));
    }
    let stage = Isolating::begin(settings);
    let isolating = Isolating::prepare(environment, settings, &[], stage)?;
    if let Some(isolating) = &isolating {
        for notice in isolating.check(&settings.isolation, Deliver::Gateway)? {
            console.notice(&notice);
        }
    }
    Ok(isolating)
}

/// Builds the environment of the command.
fn delivered(
    environment: &Environment,
    client: &Client,
    opened: &Opened,
    directory: SessionDirectory,
) -> Result<Delivered, Failure> {
    let value = |(name, value): &(String, String)| {
        let is_secret = opened.secret.contains(name);
        let value = value.clone();
        let value = if is_secret { Value::Secret(Secret::new(value)) } else { Value::Plain(value) };
        (name.clone(), value)
    };
    let variables: Vec<_> = opened.variables.iter().map(value).collect();
    let endpoint_settings = EndpointSettings {
        variables: opened.endpoints.iter().map(value).collect(),
        removed: OVERRULED.to_vec(),
        files: vec![client.file()],
    };
    let delivery = Delivery {
        parent: environment,
        aws_config: &session_file(environment, EndpointSource::Session),
        withheld: &[],
        session: &opened.session,
        source: Source::BuiltIn,
        ends_at: opened.ends_at,
        variables: &variables,
        files: &[],
        logins: &ToolLogins::default(),
        endpoint_settings: &endpoint_settings,
    };
    Ok(deliver(&delivery, directory)?)
}

fn ending(ended: &Ended) -> Ending {
    let (code, signal) = match ended.status {
        Status::Exited(code) => (Some(code), None),
        Status::Signalled(signal) => (None, Some(signal)),
    };
    let duration_ms = u64::try_from(ended.duration.as_millis()).unwrap_or(u64::MAX);
    Ending { code, signal, duration_ms, by_deadline: ended.ended_by_deadline }
}

fn started(console: Console, opened: &Opened) {
    let Opened { session, parents, granted, ends_at, .. } = opened;
    let left = console::duration(ends_at.saturating_sub(unix_seconds()));
    let inside = parents.last().map(String::as_str).unwrap_or_default();
    let line = format!("{granted} inside {inside} for {left}, session {session}");
    let fields = json!({ "session": session, "parents": parents });
    console.say("started", &line, &fields);
}

fn finished(console: Console, opened: &Opened, ended: &Ended) {
    let code = ended.exit_code();
    let seconds = ended.duration.as_secs_f64();
    let line = format!("exit {code} after {seconds:.1} s, session {}", opened.session);
    console.say("ended", &line, &json!({ "session": opened.session, "exit_code": code }));
}
