//! Delivers the credentials, starts the command, and waits for its end.

use super::access::Access;
use super::attempt::Attempt;
use super::end::secrets;
use super::observer::{Observer, Scene, Stage};
use super::{Context, report};
use crate::failure::Failure;
use audex_audit::Event;
use audex_child::deliver::{Delivery, SessionDirectory, deliver};
use audex_child::{Ended, Signals};
use audex_components::provider::{Minted, Provider};
use audex_core::environment::AWS_ENDPOINT_URL;
use audex_core::secret::Secret;
use audex_core::source::Source;
use audex_endpoint::Endpoints;
use audex_logins::aws::profile::{Leads, session_file};

/// The arguments of [`live`].
pub(super) struct Life<'a> {
    pub(super) provider: &'a Provider,
    pub(super) granted: String,
    pub(super) minted: &'a Minted,
    pub(super) access: &'a Access,
    pub(super) withheld: Vec<String>,
    pub(super) observer: &'a mut dyn Observer,
}

/// Starts the command and waits for its end. Also returns every secret of the session.
pub(super) fn live(
    context: Context<'_>,
    life: Life<'_>,
    directory: SessionDirectory,
    attempt: &Attempt,
    executable: &audex_child::Executable,
    signals: Signals,
) -> Result<(Ended, Vec<Secret>), Failure> {
    let Life { provider, granted, minted, access, mut withheld, observer } = life;
    // The command must not get the variables from which the provider mints.
    withheld.extend(provider.sources().map(str::to_owned));
    let source = provider.loaded().source;
    let granted = granted.as_str();
    let delivered = Delivered {
        source,
        granted,
        minted,
        access,
        withheld: &withheld,
        observer: &mut *observer,
    };
    // The private files and the endpoints must live as long as the command.
    let (directory, endpoints, running) =
        start(context, directory, delivered, attempt, executable, signals)?;
    let mut known = secrets(minted);
    known.extend(endpoints.secrets());
    observer.at(Stage::Wait);
    let ended = running.wait(Some(access.deadline()), || report::expired(context.console))?;
    observer.left(directory.path());
    observer.at(Stage::Revoke);
    Ok((ended, known))
}

/// The arguments of `start`.
struct Delivered<'a> {
    source: Source,
    granted: &'a str,
    minted: &'a Minted,
    access: &'a Access,
    withheld: &'a [String],
    observer: &'a mut dyn Observer,
}

/// Delivers the credentials and starts the command. The session directory and the endpoints must outlive it.
fn start(
    context: Context<'_>,
    directory: SessionDirectory,
    delivered: Delivered<'_>,
    attempt: &Attempt,
    executable: &audex_child::Executable,
    mut signals: Signals,
) -> Result<(SessionDirectory, Endpoints, audex_child::Running), Failure> {
    if let Some(signal) = signals.interrupted() {
        return Err(Failure::interrupted(signal as i32));
    }
    let Delivered { source, granted, minted, access, withheld, observer } = delivered;
    observer.at(Stage::Deliver);
    attempt.record(
        &Event::Issued(report::issued(attempt.provider(), minted, access)),
        &secrets(minted),
    )?;
    let endpoints = audex_endpoint::start(&minted.endpoints, directory.path(), access.ends_at)?;
    let scene = Scene {
        minted,
        directory: directory.path(),
        ends_at: access.ends_at,
        lead: endpoints.lead.clone(),
    };
    let arranged = observer.arrange(scene)?;
    // Security: an allow list decides which settings of the user's profile pass; none of them gives
    // credentials.
    let is_led = arranged.lead.variables.iter().any(|(name, _)| name == AWS_ENDPOINT_URL);
    let leads = if is_led { Leads::Session } else { Leads::Profile };
    let aws_config = session_file(context.environment, leads);
    let delivery = Delivery {
        parent: context.environment,
        aws_config: &aws_config,
        withheld,
        session: attempt.session(),
        region: None,
        source,
        // The credentials can end up to a second before the requested access.
        ends_at: access.ends_at.min(minted.expires_at),
        variables: &arranged.variables,
        files: &minted.files,
        lead: &arranged.lead,
    };
    let delivered = deliver(&delivery, directory)?;
    observer.at(Stage::Start);
    // This line comes before the command can write anything.
    let how = if observer.is_learning() { "learning with " } else { "" };
    report::started(context.console, attempt, &format!("{how}{granted}"), minted, access);
    let running = audex_child::spawn(executable, &delivered.environment, signals)?;
    Ok((delivered.directory, endpoints, running))
}
