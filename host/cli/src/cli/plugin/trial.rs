//! `tryaudex plugin test` and `tryaudex plugin bench`: test, record and measure a component.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::found;
use crate::cli::has_directory;
use crate::cli::request_args::justification;
use crate::components::Components;
use crate::console::{self, Console, table};
use crate::failure::Failure;
use crate::intent::{self, Choice};
use crate::pipeline::attempt::Attempt;
use crate::pipeline::observer::NoObserver;
use crate::pipeline::{self, Context};
use crate::request::Arguments;
use crate::settings::{DEFAULT_PROVIDER, Flags, Settings};
use audex_components::backend::Backend;
use audex_components::capability::Capability;
use audex_components::engine::Engine;
use audex_components::imports::tape::Tape;
use audex_components::manifest::{CONTRACT, World};
use audex_components::provider::Provider;
use audex_core::environment::Environment;
use audex_core::{clock, private_file};
use audex_registry::store::{InstallPlan, Installed, StoreError};
use audex_workbench::benchmark::{self, Measured};
use audex_workbench::conformance::{Check, conformance};
use audex_workbench::rehearsal::{self, FORMAT, Recording, Script};

/// The check that a component has passed before it can be tested.
const CONTRACT_CHECK: &str =
    "is of a contract that this host speaks, and imports what a component of its kind may";
/// The exit code for a component that fails a check.
const MISBEHAVES: u8 = 1;
/// The maximum size of a recording. A recording has only a few requests, so a larger file is not a recording.
const RECORDING_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(super) struct TestArgs {
    /// Name of an installed component, path of a `.wasm` file, https address or oci reference
    target: String,
    /// Also run it for real, with the grants of its installation, and record its requests in this file
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    record: Option<PathBuf>,
    /// Also test it against such a recording; nothing is reached
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Permissions to mint while recording, comma-separated; may be repeated
    #[arg(long, value_name = "PERMISSIONS", requires = "record", conflicts_with = "replay")]
    allow: Vec<String>,
    /// Resources to limit them to, comma-separated; may be repeated
    #[arg(long, value_name = "RESOURCES", requires = "record", conflicts_with = "replay")]
    resource: Vec<String>,
    /// Why access is needed, for filters and the audit log
    #[arg(long, value_name = "TEXT", requires = "record", conflicts_with = "replay", value_parser = justification)]
    justification: Option<String>,
    /// Sentence to translate while recording an intent engine
    #[arg(long, value_name = "TEXT", requires = "record", conflicts_with = "replay")]
    text: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Runs all checks for components of this kind.
pub(super) fn test(
    environment: &Environment,
    settings: &Settings,
    args: &TestArgs,
) -> Result<u8, Failure> {
    let components = Components::open(settings)?;
    let plan = found(environment, components.store(), &args.target)?;
    let mut checks = conformance(components.engine(), &plan)?;
    if let Some(path) = &args.replay {
        let recording = read(path)?;
        if recording.component != plan.manifest.name {
            let message =
                format!("{} is of the component `{}`", path.display(), recording.component);
            return Err(Failure::usage(&message, "record this one: --record FILE"));
        }
        checks.push(rehearsal::replay(components.engine(), &plan, &recording)?);
    }
    if let Some(path) = &args.record {
        // Checked before credentials are minted.
        has_directory(path)?;
        let recording = record(environment, &components, &plan, args)?;
        for line in &recording.outcome {
            console::tell(line);
        }
        let text = serde_json::to_string_pretty(&recording)
            .map_err(|error| Failure::internal("plugin", error))?;
        private_file::replace(path, text.as_bytes()).map_err(|source| StoreError::Io {
            action: "write",
            path: path.clone(),
            source,
        })?;
        console::tell(&format!(
            "wrote {} requests to {}",
            recording.exchanges.len(),
            path.display()
        ));
    }
    Ok(report(&plan, &checks, args.json))
}

/// Runs the installed component for real, through the usual pipeline, and records its requests.
fn record(
    environment: &Environment,
    components: &Components,
    plan: &InstallPlan,
    args: &TestArgs,
) -> Result<Recording, Failure> {
    let name = &plan.manifest.name;
    let is_it = |one: &&Installed| one.name == *name && one.digest == plan.digest && one.enabled;
    let Some(installed) = components.store().installed().iter().find(is_it) else {
        let message = format!("`{name}` is not installed as it is in `{}`", args.target);
        let hint = "what is recorded is a run like any other: install it first";
        return Err(Failure::usage(&message, hint));
    };
    if plan.manifest.requested.contains(&Capability::Aws) {
        let message = "calls to STS cannot be recorded";
        return Err(Failure::usage(message, "try it on the loopback cloud: tryaudex demo --serve"));
    }
    let flags = Flags { provider: installed.provides.clone(), ..Flags::default() };
    let mut settings = Settings::resolve(environment, flags)?;
    let now = clock::unix_seconds();
    let tape = Arc::new(Tape::new(now, Vec::new()));
    settings.tape = Some(Arc::clone(&tape));
    let context = Context { environment, settings: &settings, console: Console::default() };
    let mut script = match installed.world {
        World::Provider => run(context, args)?,
        World::Intent => translate(context, name, args)?,
        World::Filter | World::Mapping => {
            let message = format!("a {} asks nothing of anybody", installed.world);
            return Err(Failure::usage(&message, "leave --record out"));
        }
    };
    script.granted = installed.granted.iter().map(ToString::to_string).collect();
    script.settings = own_settings(environment, &settings, components.engine(), plan)?;
    let exchanges = tape.exchanges();
    let (outcome, _) = rehearsal::play(components.engine(), plan, &script, now, &exchanges)?;
    Ok(Recording { format: FORMAT, component: name.clone(), now, script, exchanges, outcome })
}

/// Mints credentials for a command that does nothing, and revokes them. A refusal by the server is recorded
/// too.
fn run(context: Context<'_>, args: &TestArgs) -> Result<Script, Failure> {
    const NOTHING: &str = "true";
    let ask = Arguments {
        allow: args.allow.clone(),
        resources: args.resource.clone(),
        command: vec![NOTHING.to_owned()],
        justification: args.justification.clone(),
        ..Arguments::default()
    };
    let mut attempt = Attempt::new(&context.settings.paths);
    attempt.add_arguments(&ask);
    let mut script = None;
    let outcome = pipeline::request(context, ask, &mut attempt).and_then(|chain| {
        let approved = chain.expand()?.check()?.filter()?.plan()?.approve()?;
        script = Some(Script::of(approved.output.planned().grant.shown()));
        approved.start(&[NOTHING.into()], &mut NoObserver)
    });
    if let Err(failure) = outcome {
        attempt.record_failure(&failure)?;
        let nothing_asked =
            context.settings.tape.as_ref().is_none_or(|tape| tape.exchanges().is_empty());
        if script.is_none() || nothing_asked {
            return Err(failure);
        }
        console::tell(&format!("the run failed: {}", failure.line()));
    }
    script.ok_or_else(|| Failure::usage("nothing was asked for", "give --allow"))
}

fn translate(context: Context<'_>, engine: &str, args: &TestArgs) -> Result<Script, Failure> {
    let Some(text) = args.text.clone() else {
        return Err(Failure::usage("there is nothing to translate", "give --text"));
    };
    let choice = Choice { engine: Some(engine.to_owned()), model: None };
    if let Err(failure) = intent::propose(context, &text, &choice) {
        console::tell(&format!("nothing came of it: {}", failure.line()));
    }
    let provider = context.settings.provider.clone().unwrap_or_else(|| DEFAULT_PROVIDER.to_owned());
    Ok(Script { provider, text: Some(text), ..Script::default() })
}

/// Returns the settings of the component from the environment and the files, as in a run.
fn own_settings(
    environment: &Environment,
    settings: &Settings,
    engine: &Engine,
    plan: &InstallPlan,
) -> Result<BTreeMap<String, String>, Failure> {
    if plan.manifest.world != World::Provider {
        return Ok(settings
            .intent
            .model
            .iter()
            .map(|model| ("model".to_owned(), model.clone()))
            .collect());
    }
    let description =
        Provider::new(engine, plan.loaded(engine)?, Backend::default())?.describe()?;
    Ok(settings.for_provider(&description.id, &description.settings, environment)?)
}

fn read(path: &Path) -> Result<Recording, Failure> {
    let wrong = |reason: String| {
        let message = format!("`{}` is not a recording: {reason}", path.display());
        Failure::usage(&message, "make one: tryaudex plugin test … --record FILE")
    };
    let length = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if length > RECORDING_BYTES {
        return Err(wrong("it is too long".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let recording: Recording =
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if recording.format == FORMAT {
        Ok(recording)
    } else {
        Err(wrong("it is of another format".to_owned()))
    }
}

fn report(plan: &InstallPlan, checks: &[Check], json: bool) -> u8 {
    let failed = checks.iter().filter(|check| check.wrong.is_some()).count();
    if json {
        let own = json!({ "check": CONTRACT_CHECK, "ok": true, "wrong": null });
        let rows = checks
            .iter()
            .map(|check| json!({ "check": check.name, "ok": check.wrong.is_none(), "wrong": check.wrong }));
        console::result(
            &Value::from(std::iter::once(own).chain(rows).collect::<Vec<_>>()).to_string(),
        );
    } else {
        let world = plan.manifest.world;
        console::result(&format!(
            "ok     is of audex:plugin {CONTRACT}, and imports what a component of the kind {world} may"
        ));
        for check in checks {
            match &check.wrong {
                None => console::result(&format!("ok     {}", check.name)),
                Some(wrong) => console::result(&format!("WRONG  {}: {wrong}", check.name)),
            }
        }
        console::result(&format!(
            "{} of {} as it must be",
            checks.len() - failed + 1,
            checks.len() + 1
        ));
    }
    if failed == 0 { 0 } else { MISBEHAVES }
}

/// Measures a component, which reaches nothing while it runs.
pub(super) fn bench(
    environment: &Environment,
    settings: &Settings,
    target: &str,
    samples: u32,
    json: bool,
) -> Result<(), Failure> {
    let components = Components::open(settings)?;
    let plan = found(environment, components.store(), target)?;
    let measured = benchmark::measure(components.engine(), &plan, samples)?;
    if json {
        let row = |one: &Measured| json!({ "what": one.what, "samples": one.samples, "median_us": one.median_us, "p95_us": one.p95_us });
        let rows: Vec<Value> = measured.rows.iter().map(row).collect();
        let value = json!({ "name": plan.manifest.name, "bytes": plan.wasm.len(), "machine_code_bytes": measured.machine_code, "measured": rows });
        console::result(&value.to_string());
        return Ok(());
    }
    console::result(&format!(
        "{} {}: {} KiB, {} KiB of machine code",
        plan.manifest.name,
        plan.manifest.version,
        plan.wasm.len().div_ceil(1024),
        measured.machine_code.div_ceil(1024)
    ));
    let row = |one: &Measured| {
        vec![
            one.what.to_owned(),
            one.samples.to_string(),
            format!("{:.3} ms", one.median_us / 1000.0),
            format!("{:.3} ms", one.p95_us / 1000.0),
        ]
    };
    let rows: Vec<Vec<String>> = measured.rows.iter().map(row).collect();
    console::result(&table(&["WHAT", "SAMPLES", "MEDIAN", "95 IN 100"], &rows));
    Ok(())
}
