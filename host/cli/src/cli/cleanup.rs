//! `tryaudex cleanup`: revokes leases that earlier sessions could not revoke, and removes their files.

mod record;

use clap::builder::NonEmptyStringValueParser;
use serde_json::{Value, json};

use self::record::{Left, left, of_session, unended};
use crate::components::Components;
use crate::console::{self, Console, table};
use crate::failure::{Failure, Kind};
use crate::pipeline::REVOKED;
use crate::pipeline::open::{self, Opened};
use crate::settings::{Flags, Settings};
use audex_audit::{Audit, CleanedUp, Event, Filter};
use audex_child::deliver::SessionDirectory;
use audex_components::provider::Provider;
use audex_core::clock::{rfc3339, unix_seconds};
use audex_core::environment::Environment;

/// The placeholder for a session that is not in the audit log.
const NO_SESSION: &str = "-";
/// The beginning of a component's log line that is a warning.
const WARNING: &str = "warn: ";
/// The key of the setting for `--client-id`.
const CLIENT_ID: &str = "client_id";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Revoke what this session made, even if it may still run; for a session that was killed
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    session: Option<String>,
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), help = "Also look for temporary roles that sessions of this identity left (Azure) [env: AUDEX_AZURE_CLIENT_ID]")]
    client_id: Option<String>,
    /// Show what is left and revoke nothing
    #[arg(long)]
    dry_run: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Revokes what one session made.
    pub(super) fn of(session: String) -> Self {
        Self { session: Some(session), client_id: None, dry_run: false, json: false }
    }
}

pub(super) fn cleanup(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let settings = Settings::resolve(environment, Flags::default())?;
    let audit = Audit::new(&settings.paths.audit);
    // If the log is not intact, cleanup must not act on its records.
    audit.verify()?;
    let (records, now) = (audit.list(&Filter::default())?, rfc3339(unix_seconds()));
    if args.session.is_none() {
        for line in unended(&records, &now) {
            Console::default().notice(&line);
        }
    }
    let components = Components::open(&settings)?;
    let mut unseen = false;
    let left = if let Some(session) = &args.session {
        of_session(&records, session)?
    } else {
        let mut left = left(&records, &now);
        let identity = args.client_id.as_deref();
        unseen = add_leftovers(environment, &settings, &components, identity, &mut left)?;
        left
    };
    let mut outcomes = Vec::new();
    if args.dry_run {
        outcomes.extend(left.into_iter().map(|left| (left, "not revoked".to_owned())));
    } else {
        if let Err(error) = SessionDirectory::sweep(environment, &settings.paths.state) {
            let reason = Failure::from(error).line();
            Console::default().notice(&format!("files of killed sessions may be left: {reason}"));
        }
        for left in left {
            let outcome = match take_back(environment, &settings, &components, &left) {
                Ok(()) => REVOKED.to_owned(),
                Err(failure) => format!("not revoked: {}", failure.line()),
            };
            let (provider, lease) = (left.provider.clone(), left.lease.clone());
            let event = Event::CleanedUp(CleanedUp { provider, lease, outcome: outcome.clone() });
            audit.record(&left.session, &event, &[])?;
            outcomes.push((left, outcome));
        }
    }
    console::result(&if args.json { to_json(&outcomes) } else { to_text(&outcomes) });
    let remain = unseen || outcomes.iter().any(|(_, outcome)| outcome != REVOKED);
    Ok(if remain { Kind::Unavailable.exit_code() } else { 0 })
}

/// Adds the leases that the clouds themselves list and that are not in `left` yet. Returns true if a provider
/// could not be asked, or warned that something could not be read.
///
/// `identity` is the value of `--client-id`, for the providers that have this setting.
fn add_leftovers(
    environment: &Environment,
    settings: &Settings,
    components: &Components,
    identity: Option<&str>,
    left: &mut Vec<Left>,
) -> Result<bool, Failure> {
    let mut unseen = false;
    let named = identity.map(|id| Settings::resolve(environment, of_identity(id))).transpose()?;
    for id in components.provider_ids() {
        match leftovers(environment, settings, named.as_ref(), components, &id) {
            Ok((leases, warnings)) => {
                unseen |= !warnings.is_empty();
                for warning in warnings {
                    Console::default().notice(&format!("`{id}`: {warning}"));
                }
                let known = |lease: &String| left.iter().any(|left| left.lease == *lease);
                let unknown: Vec<String> =
                    leases.into_iter().filter(|lease| !known(lease)).collect();
                let of_nobody =
                    |lease| Left { session: NO_SESSION.to_owned(), provider: id.clone(), lease };
                left.extend(unknown.into_iter().map(of_nobody));
            }
            // If one provider fails, the leases of the others are still revoked.
            Err(failure) => {
                unseen = true;
                Console::default()
                    .notice(&format!("`{id}` was not asked what is left: {}", failure.line()));
            }
        }
    }
    Ok(unseen)
}

fn of_identity(id: &str) -> Flags {
    let provider_settings = [(CLIENT_ID.to_owned(), id.to_owned())].into();
    Flags { provider_settings, ..Flags::default() }
}

/// Returns the leases that the cloud of the provider `id` lists, and the provider's warnings. `named` are the settings with the
/// identity of `--client-id`.
fn leftovers(
    environment: &Environment,
    settings: &Settings,
    named: Option<&Settings>,
    components: &Components,
    id: &str,
) -> Result<(Vec<String>, Vec<String>), Failure> {
    let mut opened = open::provider(environment, settings, components, id)?;
    let declared = &opened.description.settings;
    if let Some(named) = named.filter(|_| declared.iter().any(|setting| setting.key == CLIENT_ID)) {
        opened.provider.configure(named.for_provider(id, declared, environment)?);
    }
    with(opened, |provider| {
        let leases = provider.leftovers()?;
        let logged = provider.logged().into_iter();
        Ok((leases, logged.filter(|line| line.starts_with(WARNING)).collect()))
    })
}

fn take_back(
    environment: &Environment,
    settings: &Settings,
    components: &Components,
    left: &Left,
) -> Result<(), Failure> {
    let opened = open::provider(environment, settings, components, &left.provider)?;
    with(opened, |provider| Ok(provider.revoke(&left.lease)?))
}

/// Calls `work` with the provider, and ends the login that this needed.
fn with<T>(
    Opened { provider, .. }: Opened,
    work: impl FnOnce(&Provider) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let done = work(&provider);
    if let Err(reason) = provider.close() {
        Console::default()
            .notice(&format!("the end of the login for cleaning up was not confirmed: {reason}"));
    }
    done
}

fn to_json(outcomes: &[(Left, String)]) -> String {
    let row = |(left, outcome): &(Left, String)| {
        json!({
            "session": left.session, "provider": left.provider, "lease": left.lease, "outcome": outcome,
        })
    };
    Value::from(outcomes.iter().map(row).collect::<Vec<_>>()).to_string()
}

fn to_text(outcomes: &[(Left, String)]) -> String {
    if outcomes.is_empty() {
        return "nothing to revoke".to_owned();
    }
    let row = |(left, outcome): &(Left, String)| {
        vec![left.session.clone(), left.provider.clone(), left.lease.clone(), outcome.clone()]
    };
    table(
        &["SESSION", "PROVIDER", "LEASE", "OUTCOME"],
        &outcomes.iter().map(row).collect::<Vec<_>>(),
    )
}
