//! `tryaudex learn`: runs a command with broad credentials and prints the least that it needs.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use std::time::Duration;

use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use serde_json::{Value, json};

use super::request_args::RequestArgs;
use crate::audit::{Audit, Event, Filter};
use crate::clock;
use crate::console::{self, Console};
use crate::environment::{AWS_DEFAULT_REGION, AWS_REGION, Environment};
use crate::error::Failure;
use crate::learn::csm::Monitor;
use crate::learn::log::{self, Search};
use crate::learn::{Learned, Used, recommend};
use crate::pipeline::attempt::Attempt;
use crate::pipeline::open::{self, Opened};
use crate::pipeline::{self, Context};
use crate::private_file;
use crate::request::Ask;
use crate::settings::config_file::parse_ttl;
use crate::settings::{self, DEFAULT_PROVIDER, Settings};

/// The broad set where none is named: the deny lists still hold, and so does what the role itself may do.
const EVERYTHING: &str = "*:*";
/// Runs of `--verify` unless said otherwise.
const ROUNDS: u8 = 3;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    request: RequestArgs,
    /// Where calls are seen; may be repeated [default: csm]
    #[arg(long, value_name = "SOURCE")]
    source: Vec<Source>,
    /// Regions whose log is read, comma-separated [default: that of the command, and us-east-1]
    #[arg(long, value_name = "REGIONS", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    regions: Vec<String>,
    /// How long the log is waited for at most
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_ttl)]
    wait: Duration,
    /// Run the command again under exactly what is recommended, and say whether that is enough
    #[arg(long)]
    verify: bool,
    /// Runs of --verify at most; each adds what the one before was denied
    #[arg(long, value_name = "N", default_value_t = ROUNDS, value_parser = clap::value_parser!(u8).range(1..=10))]
    rounds: u8,
    /// Write the result to profiles.toml under this name
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    save: Option<String>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Source {
    #[value(
        help = "Client-side monitoring of the AWS SDKs (botocore and others; not JavaScript v3, Go v2, Java v2, Rust)"
    )]
    Csm,
    #[value(
        help = "The account's log, minutes later; management events only, so no s3:GetObject, dynamodb:Query, lambda:InvokeFunction"
    )]
    Cloudtrail,
}

impl Args {
    pub fn console(&self) -> Console {
        self.request.console()
    }

    fn listens(&self) -> bool {
        self.source.is_empty() || self.source.contains(&Source::Csm)
    }

    /// IAM and other services without a region write their events in us-east-1.
    fn regions(&self, environment: &Environment) -> Vec<String> {
        const GLOBAL: &str = "us-east-1";
        if !self.regions.is_empty() {
            return self.regions.clone();
        }
        let own = self.request.flags().provider_settings.get("region").cloned();
        let own = own.or_else(|| {
            environment.get(AWS_REGION).or_else(|| environment.get(AWS_DEFAULT_REGION)).map(str::to_owned)
        });
        let mut regions = vec![GLOBAL.to_owned()];
        regions.extend(own.filter(|own| own != GLOBAL));
        regions
    }
}

pub fn learn(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let paths = settings::directories(environment)?;
    let settings = Settings::resolve_in(paths, args.request.flags())?;
    let context = Context { environment, settings: &settings, console: args.console() };
    if let Some(name) = &args.save {
        check_name(&settings, name)?;
    }
    let mut ask = args.request.ask(&args.command);
    let provider = settings.provider.clone().unwrap_or_else(|| DEFAULT_PROVIDER.to_owned());
    if !matches!(provider.as_str(), "aws" | "vault") {
        let message = format!("there is no way yet to see what a command calls on `{provider}`");
        return Err(Failure::usage(&message, "learn works with --provider aws and vault"));
    }
    if ask.allow.is_empty() && ask.profiles.is_empty() {
        ask.allow.push(EVERYTHING.to_owned());
    }
    let Watched { mut status, learned, provider } = watch(context, args, &ask)?;
    let mut allow = learned.allow();
    let mut verified = None;
    if args.verify && !allow.is_empty() {
        // What even the broad set was denied is somebody's decision, and no lack of the recommendation.
        let refused = learned.only_denied();
        for _ in 0..args.rounds {
            let narrow = Ask { allow: allow.clone(), profiles: Vec::new(), ..ask.clone() };
            let again = watch(context, args, &narrow)?;
            status = again.status;
            let lacking: Vec<String> = again
                .learned
                .only_denied()
                .into_iter()
                .filter(|action| !allow.contains(action) && !refused.contains(action))
                .collect();
            verified = Some(lacking.is_empty());
            if lacking.is_empty() {
                break;
            }
            context.console.notice(&format!("not enough: {} was denied", lacking.join(", ")));
            allow.extend(lacking);
            allow.sort_unstable();
        }
    }
    report(context.console, &learned, &allow, verified, &provider);
    if let (Some(name), false) = (&args.save, allow.is_empty()) {
        let path = settings.paths.config.join("profiles.toml");
        save(&path, &profile(name, &allow, &provider))?;
        context.console.notice(&format!("profile `{name}` was written to {}", path.display()));
    }
    Ok(status)
}

/// One run, and what was seen of it.
struct Watched {
    status: u8,
    learned: Learned,
    provider: String,
}

fn watch(context: Context<'_>, args: &Args, ask: &Ask) -> Result<Watched, Failure> {
    let mut attempt = Attempt::new(&context.settings.paths);
    attempt.asked_for(ask);
    let outcome = watched(context, args, ask, &mut attempt);
    if let Err(failure) = &outcome
        && failure.stage != "audit"
        && let Err(unrecorded) = attempt.record_failure(failure)
    {
        context.console.notice(&format!("this attempt could not be recorded: {}", unrecorded.line()));
    }
    outcome
}

fn watched(context: Context<'_>, args: &Args, ask: &Ask, attempt: &mut Attempt) -> Result<Watched, Failure> {
    let Context { environment, settings, console } = context;
    let since = clock::unix_seconds();
    let mut prepared = pipeline::prepare(context, ask.clone(), attempt)?;
    let session = attempt.session().to_owned();
    let monitor = Monitor::start(session.clone()).map_err(|error| Failure::internal("learn", error))?;
    prepared.watched_by = monitor.variables();
    let status = pipeline::run(context, prepared, &args.command, attempt)?;
    let key = key_of(settings, &session)?;
    let heard = monitor.finish(key.as_deref());
    let components = crate::components::Components::open(settings)?;
    let Opened { id, provider, .. } = open::provider(environment, settings, &components, attempt.provider())?;
    let mut calls = if args.listens() { heard } else { Vec::new() };
    if args.source.contains(&Source::Cloudtrail) {
        console.notice("CloudTrail's LookupEvents has no data events: reads and writes of objects and items are not in it");
        let search = Search { since, key, regions: args.regions(environment), wait: args.wait };
        calls.extend(log::search(&provider, console, &search)?);
    }
    Ok(Watched { status, learned: recommend(&provider, &calls)?, provider: id })
}

/// The public id of the session's key, as the audit log has it.
fn key_of(settings: &Settings, session: &str) -> Result<Option<String>, Failure> {
    let filter = Filter { session: Some(session.to_owned()), ..Filter::default() };
    let records = Audit::new(&settings.paths.audit).list(&filter)?;
    let key = records.into_iter().find_map(|record| match record.event {
        Event::Issued(issued) => Some(issued.access_key_id),
        _ => None,
    });
    Ok(key.flatten())
}

/// On stderr: standard output is the command's.
fn report(console: Console, learned: &Learned, allow: &[String], verified: Option<bool>, provider: &str) {
    if console.json {
        let fields = to_json(learned, allow, verified, provider);
        return console.say("learned", "", &fields);
    }
    if learned.is_empty() {
        return console.notice(
            "nothing was observed: the command called nothing, or its SDK has no client-side monitoring \
             (JavaScript v3, Go v2, Java v2 and Rust have none)",
        );
    }
    let mut out = format!("Observed actions (from {}):\n", sources(learned));
    lines(&mut out, &learned.used);
    if !learned.denied.is_empty() {
        out.push_str("Denied, and so not used:\n");
        lines(&mut out, &learned.denied);
    }
    if !learned.unknown.is_empty() {
        let _ = writeln!(out, "Not known what they need: {}", learned.unknown.join(", "));
    }
    for note in &learned.notes {
        let _ = writeln!(out, "Note: {note}");
    }
    if allow.is_empty() {
        out.push_str("Recommended policy: none");
    } else {
        let _ =
            write!(out, "Recommended policy: {}\n\n{}", allow.join(","), profile("learned", allow, provider));
    }
    match verified {
        Some(true) => out.push_str("\nVerified: the command was denied nothing under it"),
        Some(false) => out.push_str("\nNot verified: the last run was still denied something"),
        None => {}
    }
    console::tell(&out);
}

/// Where something was seen, in words.
fn sources(learned: &Learned) -> String {
    let seen =
        |name: &str| learned.used.iter().chain(&learned.denied).any(|used| used.sources.contains_key(name));
    let words = [("csm", "client-side monitoring"), ("cloudtrail", "CloudTrail")];
    words.into_iter().filter(|(name, _)| seen(name)).map(|(_, words)| words).collect::<Vec<_>>().join(" and ")
}

fn lines(out: &mut String, list: &[Used]) {
    for used in list {
        let count = used.count();
        let calls = if count == 1 { "call" } else { "calls" };
        let _ = writeln!(out, "  {} ({count} {calls})", used.action);
    }
}

fn to_json(learned: &Learned, allow: &[String], verified: Option<bool>, provider: &str) -> Value {
    let used = |used: &Used| json!({ "action": used.action, "count": used.count(), "sources": used.sources });
    json!({
        "provider": provider,
        "observed": learned.used.iter().map(used).collect::<Vec<_>>(),
        "denied": learned.denied.iter().map(used).collect::<Vec<_>>(),
        "unknown": learned.unknown,
        "notes": learned.notes,
        "allow": allow.join(","),
        "verified": verified,
    })
}

/// A profile as `profiles.toml` has it.
fn profile(name: &str, allow: &[String], provider: &str) -> String {
    let text = |text: &str| toml::Value::from(text).to_string();
    let actions: Vec<String> = allow.iter().map(|action| format!("  {},\n", text(action))).collect();
    format!(
        "[profiles.{}]\ndescription = \"Learned by tryaudex learn\"\nprovider = {}\nactions = [\n{}]\n",
        text(name),
        text(provider),
        actions.concat()
    )
}

fn check_name(settings: &Settings, name: &str) -> Result<(), Failure> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.chars().all(sound) {
        return Err(Failure::usage(
            &format!("`{name}` is no name of a profile"),
            "use letters, digits, `-` and `_`",
        ));
    }
    if settings.profiles.contains_key(name) {
        let message = format!("there is a profile `{name}` in profiles.toml already");
        return Err(Failure::usage(&message, "take another name, or remove it first"));
    }
    Ok(())
}

/// Adds `text` behind what is there; comments and everything else stay as they are.
fn save(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::internal("learn", error);
    let old = match std::fs::read_to_string(path) {
        Ok(old) => old,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    let gap = if old.is_empty() || old.ends_with("\n\n") {
        ""
    } else if old.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    private_file::replace(path, format!("{old}{gap}{text}").as_bytes()).map_err(failed)
}
