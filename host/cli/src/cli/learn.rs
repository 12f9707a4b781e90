//! `tryaudex learn`: runs a command with a broad grant, and reports the permissions that the command needed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use super::has_directory;
use super::isolation_args::IsolationArgs;
use super::request_args::RequestArgs;
use crate::components::Components;
use crate::console::{self, Console};
use crate::failure::Failure;
use crate::learn::compile::{self, Compile};
use crate::learn::observed::Observed;
use crate::learn::recommend::{Recommendation, Share};
use crate::learn::report::{Report, Verified};
use crate::learn::watch::{Plan, Watch};
use crate::learn::{Source, save};
use crate::pipeline::attempt::Attempt;
use crate::pipeline::guard::recorded;
use crate::pipeline::{self, Context, open};
use crate::request::Arguments;
use crate::settings::config_file::parse_ttl;
use crate::settings::delivery::{Deliver, DeliverySettings};
use crate::settings::{self, Settings, profiles_file};
use audex_components::provider::{Description, Provider};
use audex_core::environment::Environment;
use audex_core::isolation::Level;

/// The name of the profile if `--save` gives no name.
const LEARNED: &str = "learned";
/// The description of learned profiles.
const DESCRIPTION: &str = "Learned by tryaudex learn";
/// The exit codes of commands that SIGHUP, SIGINT or SIGTERM ended, as shells return them.
const INTERRUPTED: [u8; 3] = [129, 130, 143];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to look: `gateway`, `csm`, `cloudtrail` (AWS), `http-log` (GCP, Azure); may be repeated
    /// [default: gateway on AWS, http-log elsewhere]
    #[arg(long, value_name = "SOURCE")]
    source: Vec<Source>,
    /// Run the command again under what was learned, and say whether that is sufficient
    #[arg(long)]
    verify: bool,
    /// How often `--verify` runs the command at most
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20), requires = "verify")]
    rounds: u32,
    /// Add the profile to profiles.toml under this name
    #[arg(long, value_name = "NAME", value_parser = profile_name)]
    save: Option<String>,
    /// Write the report as JSON to a file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Regions whose CloudTrail is read, comma-separated [default: us-east-1 and the session's]
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    regions: Vec<String>,
    /// How long to wait for CloudTrail
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_ttl)]
    wait: Duration,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    isolation: IsolationArgs,
    /// The command and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Args {
    pub(super) fn console(&self) -> Console {
        self.request.console()
    }
}

impl ValueEnum for Source {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

pub(super) fn learn(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    if args.command.is_empty() {
        return Err(Failure::usage(
            "there is no command to learn from",
            "put it after `--`: tryaudex learn -- COMMAND",
        ));
    }
    let paths = settings::directories(environment)?;
    let flags = args.isolation.add_to(args.request.flags(), environment, &args.command);
    let mut settings = Settings::resolve_in(paths, flags)?;
    // The observer itself replaces the credentials in the variables.
    settings.delivery.deliver = Deliver::Env;
    settings.delivery.prefers_gateway = false;
    settings.delivery.is_observed = true;
    settings.delivery.key_life = None;
    if let Some(name) = &args.save {
        check_name(environment, &settings, name)?;
    }
    let profiles = profiles_path(&settings);
    args.output.as_deref().map_or(Ok(()), has_directory)?;
    let ask = args.request.ask(&args.command);
    let mut plan = Plan {
        sources: args.source.clone(),
        provider: String::new(),
        regions: args.regions.clone(),
        wait: args.wait,
    };
    let Watched { mut code, observed, recogniser } =
        watched(environment, args, &settings, ask, &mut plan)?;
    let compile = |shares: &[Share]| compile::allowed(recogniser.as_ref()?, &plan.provider, shares);
    let mut recommendation = Recommendation::of(&observed, &compile);
    let name = args.save.as_deref().unwrap_or(LEARNED);
    let verified = if !args.verify || recommendation.shares.is_empty() || was_interrupted(code) {
        None
    } else if code != 0 {
        // The command failed with the broad grant. A narrower grant would not make it succeed, so another run
        // would show nothing.
        Some(Verified { failed: Some(code), ..Verified::default() })
    } else {
        let first = (&observed, recommendation);
        let (last, better, verified) =
            verify(environment, args, &mut settings, first, &mut plan.clone(), &compile)?;
        (code, recommendation) = (last, better);
        Some(verified)
    };
    let profile = recommendation.profile(name, &plan.provider, DESCRIPTION);
    let is_verified = verified.as_ref().is_some_and(Verified::is_sufficient);
    let report = Report {
        observed: &observed,
        recommendation: &recommendation,
        profile: &profile,
        verified,
    };
    tell(args, &report)?;
    if let Some(name) = args.save.as_ref().filter(|_| args.verify && !is_verified) {
        args.console().notice(&format!(
            "`{name}` is not saved: it is not verified (without --verify it is saved as it is)"
        ));
    } else if let Some(name) = &args.save {
        save::save(&profiles, name, &profile)?;
        args.console().notice(&format!("saved as profile `{name}` in {}", profiles.display()));
    }
    Ok(code)
}

/// The result of one observed run.
struct Watched {
    code: u8,
    observed: Observed,
    /// The provider that attributes calls to permissions, if it is still usable.
    recogniser: Option<Provider>,
}

/// Runs the command once through the usual pipeline, and observes its calls.
fn watched(
    environment: &Environment,
    args: &Args,
    settings: &Settings,
    ask: Arguments,
    plan: &mut Plan,
) -> Result<Watched, Failure> {
    let console = args.console();
    let context = Context { environment, settings, console };
    let mut attempt = Attempt::new(&settings.paths);
    attempt.add_arguments(&ask);
    recorded(environment, console, &mut attempt, |attempt| {
        look_on(context, args, ask, plan, attempt)
    })
}

fn look_on(
    context: Context<'_>,
    args: &Args,
    ask: Arguments,
    plan: &mut Plan,
    attempt: &mut Attempt,
) -> Result<Watched, Failure> {
    let Context { environment, settings, console } = context;
    let ask = with_permissions(context, ask)?;
    let chain = pipeline::request(context, ask, attempt)?;
    let chain = chain.expand()?.check()?.filter()?.plan()?.approve()?;
    chain.provider_id().clone_into(&mut plan.provider);
    plan.sources = sources(&args.source, &plan.provider, chain.description())?;
    may_deliver(&settings.delivery, &plan.sources)?;
    if settings.isolation.level == Level::Strict && plan.sources.contains(&Source::Csm) {
        return Err(Failure::usage(
            "the source `csm` sees nothing of a command with the isolation `strict`",
            "take --source gateway",
        ));
    }
    let recogniser = chain.description().calls_to.as_ref().unwrap_or(&plan.provider);
    let components = Components::open(settings)?;
    let recogniser = open::provider(environment, settings, &components, recogniser)?.provider;
    let mut watch = Watch::new(plan, environment, console, chain.session(), recogniser);
    watch.take_tokens(chain.description())?;
    let code = chain.start(&args.command, &mut watch)?;
    Ok(Watched { code, observed: watch.observed, recogniser: watch.recogniser })
}

/// Rejects sources that leave the keys with the command where the organisation requires that it has none in
/// variables.
fn may_deliver(delivery: &DeliverySettings, sources: &[Source]) -> Result<(), Failure> {
    let Some(requirement) = delivery.requirement() else { return Ok(()) };
    if sources.contains(&Source::Gateway) {
        return Ok(());
    }
    let message = format!("{requirement}, and without the gateway `learn` delivers in variables");
    Err(Failure::refused(&message, "take --source gateway").at("settings"))
}

/// Fills in the broadest permissions of the provider if the user named none, and says so.
fn with_permissions(context: Context<'_>, mut ask: Arguments) -> Result<Arguments, Failure> {
    if !ask.allow.is_empty() || !ask.profiles.is_empty() {
        return Ok(ask);
    }
    let Context { environment, settings, console } = context;
    let components = Components::open(settings)?;
    let opened = open::for_ask(environment, settings, &components, &ask)?;
    ask.allow = opened.description.broadest;
    if !ask.allow.is_empty() {
        let (allow, id) = (ask.allow.join(","), opened.id);
        console.notice(&format!(
            "without --allow or --profile, the command runs with the broadest permissions of `{id}`: --allow '{allow}'"
        ));
    }
    Ok(ask)
}

/// Returns the sources in their order without repetition, or the default source. Rejects a source that is not
/// for this provider.
fn sources(
    asked: &[Source],
    provider: &str,
    description: &Description,
) -> Result<Vec<Source>, Failure> {
    let known: Vec<Source> = description.learn_sources.iter().copied().map(Source::from).collect();
    let Some((last, others)) = known.split_last() else {
        let message = format!("`learn` has no source for commands of the provider `{provider}`");
        return Err(Failure::usage(&message, "name the permissions yourself, with --allow"));
    };
    if asked.is_empty() {
        return Ok(known.first().copied().into_iter().collect());
    }
    let mut sources: Vec<Source> = asked.to_vec();
    sources.sort();
    sources.dedup();
    let Some(foreign) = sources.iter().find(|source| !known.contains(source)) else {
        return Ok(sources);
    };
    let others: Vec<&str> = others.iter().map(|source| source.name()).collect();
    let or = if others.is_empty() { "" } else { " or " };
    let hint = format!("take {}{or}{}", others.join(", "), last.name());
    Err(Failure::usage(&format!("`--source {}` is not for `{provider}`", foreign.name()), &hint))
}

/// Runs the command with exactly the recommended permissions. After each round, adds the actions that were
/// denied in this round and not in the first run.
fn verify(
    environment: &Environment,
    args: &Args,
    settings: &mut Settings,
    (broad, mut recommendation): (&Observed, Recommendation),
    plan: &mut Plan,
    compile: Compile<'_>,
) -> Result<(u8, Recommendation, Verified), Failure> {
    let mut round = 0;
    loop {
        round += 1;
        let name = format!("{LEARNED}-for-verification");
        let text = recommendation.profile(&name, &plan.provider, DESCRIPTION);
        // The recommendation is parsed like a profile that the user saves.
        settings.profiles.extend(profiles_file::parse(Path::new("the recommendation"), &text)?);
        let ask = Arguments { profiles: vec![name], ..args.request.ask(&args.command) };
        let ask = Arguments { allow: Vec::new(), resources: Vec::new(), ..ask };
        args.console().notice(&format!(
            "running the command again under what was learned ({round} of at most {})",
            args.rounds
        ));
        let Watched { code, observed, .. } = watched(environment, args, settings, ask, plan)?;
        let missing = broad.missing_in(&observed);
        let names: Vec<String> = missing.iter().map(|(name, _)| name.clone()).collect();
        let done = missing.is_empty();
        recommendation = recommendation.with(missing.into_iter(), compile);
        if done || round >= args.rounds || was_interrupted(code) {
            let denied =
                observed.denied().into_iter().filter(|name| !names.contains(name)).collect();
            let verified = Verified {
                rounds: round,
                missing: names,
                denied,
                lost: observed.lost.into_iter().collect(),
                failed: Some(code).filter(|code| *code != 0),
            };
            return Ok((code, recommendation, verified));
        }
    }
}

/// Prints the report to stderr, because stdout belongs to the command. Also writes the report to the file of
/// `--output`.
fn tell(args: &Args, report: &Report<'_>) -> Result<(), Failure> {
    let console = args.console();
    // The report is printed before the file is written: if writing fails, the result of the run is not lost.
    if console.json {
        console.say("learned", "", &report.json());
    } else if !console.quiet {
        console::tell(&report.text());
    }
    if let Some(path) = &args.output {
        let text = format!("{:#}\n", report.json());
        audex_core::private_file::replace(path, text.as_bytes())
            .map_err(|source| save::SaveError::Io { path: path.clone(), source })?;
    }
    Ok(())
}

/// Returns true if a signal ended the command. Then the user does not want another run.
fn was_interrupted(code: u8) -> bool {
    INTERRUPTED.contains(&code)
}

/// Checks that no profile has this name yet.
pub(super) fn check_name(
    environment: &Environment,
    settings: &Settings,
    name: &str,
) -> Result<(), Failure> {
    save::check(&profiles_path(settings), name)?;
    if super::policies::is_built_in(environment, settings, name)? {
        return Err(save::SaveError::BuiltIn(name.to_owned()).into());
    }
    Ok(())
}

/// Returns the file to which profiles are saved.
pub(super) fn profiles_path(settings: &Settings) -> PathBuf {
    settings.paths.config.join("profiles.toml")
}

pub(super) fn profile_name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err("it is not a profile name".to_owned());
    }
    Ok(text.to_owned())
}
