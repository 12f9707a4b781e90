//! `tryaudex plugin`: makes, installs and inspects components.

mod author;
mod build;
mod install;
mod show;
mod trial;
mod update;

use std::path::{Path, PathBuf};

use self::install::InstallArgs;
use self::update::May;
use crate::components::Components;
use crate::console;
use crate::failure::Failure;
use crate::settings::{Flags, Settings};
use audex_components::component::short;
use audex_components::embedded;
use audex_core::environment::Environment;
use audex_core::paths::Paths;
use audex_registry::source::Place;
use audex_registry::store::{InstallPlan, Store, StoreError};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a project for a component of your own
    New {
        /// The component's name
        name: String,
        /// Kind of component
        #[arg(long)]
        kind: author::Kind,
        /// Language of the project
        #[arg(long, default_value = "rust")]
        lang: author::Lang,
        /// Directory of the project [default: one with the component's name]
        #[arg(long, value_name = "DIRECTORY")]
        directory: Option<PathBuf>,
    },
    /// Build a component from the project in a directory
    Build {
        /// Directory of its `Cargo.toml`, `pyproject.toml` or `package.json`
        #[arg(default_value = ".")]
        directory: PathBuf,
    },
    /// Test that a component behaves, before it is installed
    Test(trial::TestArgs),
    /// Measure what a component costs: to compile, to load, and in each call
    Bench {
        /// Name of an installed component, path of a `.wasm` file, https address or oci reference
        target: String,
        /// Number of times that each call is made
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        samples: u32,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Install a component from a file, an https address or an OCI registry
    Install(InstallArgs),
    /// Update components from their sources
    Update {
        /// Names of the components [default: all]
        names: Vec<String>,
        /// Grant a capability that the newer version asks for; may be repeated
        #[arg(long, value_name = "CAPABILITY")]
        grant: Vec<audex_components::capability::Capability>,
        /// Let an older version replace a newer one
        #[arg(long)]
        allow_downgrade: bool,
    },
    /// Put back the version that a component replaced
    Rollback {
        /// The component's name
        name: String,
    },
    /// List built-in and installed components
    List {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what a component is and asks for, installed or not
    Inspect {
        /// Name of a component, path of a `.wasm` file, https address or oci reference
        target: String,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Check digests, signatures and the organisation's rules for all installed components
    Verify {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Turn a component on again
    Enable {
        /// The component's name
        name: String,
    },
    /// Turn a component off and keep it installed
    Disable {
        /// The component's name
        name: String,
    },
    /// Remove an installed component
    Remove {
        /// The component's name
        name: String,
    },
}

pub(super) fn plugin(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let settings = Settings::resolve(environment, Flags::default())?;
    if !matches!(args.command, Command::New { .. } | Command::Build { .. }) {
        say_where(environment, &settings);
    }
    let store = || Store::open(&settings.paths, &settings.plugins);
    match args.command {
        Command::New { name, kind, lang, directory } => {
            author::new(&name, kind, lang, directory.as_deref())?;
        }
        Command::Build { directory } => build::build(environment, &directory)?,
        Command::Test(args) => return trial::test(environment, &settings, &args),
        Command::Bench { target, samples, json } => {
            trial::bench(environment, &settings, &target, samples, json)?;
        }
        Command::Install(args) => install::install(environment, &settings, &args)?,
        Command::Update { names, grant, allow_downgrade } => {
            let may = May { grant: grant.into_iter().collect(), downgrade: allow_downgrade };
            return update::update(environment, &settings, &names, &may);
        }
        Command::Rollback { name } => {
            let back = store()?.roll_back(&name)?;
            console::result(&format!(
                "`{name}` is {} again ({})",
                back.version,
                short(&back.digest)
            ));
        }
        Command::List { json } => show::list(&Components::open(&settings)?, json)?,
        Command::Inspect { target, json } => {
            show::inspect(environment, &Components::open(&settings)?, &target, json)?;
        }
        Command::Verify { json } => return Ok(verify(&store()?, json)),
        Command::Enable { name } => {
            let _ = store()?.enable(&name, true)?;
            console::result(&format!("`{name}` takes part"));
        }
        Command::Disable { name } => {
            let _ = store()?.enable(&name, false)?;
            console::result(&format!(
                "`{name}` takes no part until `tryaudex plugin enable {name}`"
            ));
        }
        Command::Remove { name } => {
            let removed = store()?.remove(&name)?;
            console::result(&format!(
                "removed {} `{name}` ({})",
                removed.world,
                short(&removed.digest)
            ));
        }
    }
    Ok(0)
}

/// Prints the directory of the components if an organisation's rules override the variables that set it.
///
/// Only `plugin` prints this. Other commands would repeat it at every run.
fn say_where(environment: &Environment, settings: &Settings) {
    let plugins = &settings.paths.plugins;
    if Paths::resolve(environment).is_ok_and(|paths| paths.plugins != *plugins) {
        console::tell(&format!(
            "notice: your organisation has rules for components, so they are in {}, whatever HOME and XDG_DATA_HOME say",
            plugins.display()
        ));
    }
}

/// Verifies all installed components. Returns 70 if a component or a required component is not in order.
fn verify(store: &Store, json: bool) -> u8 {
    const WRONG: u8 = 70;
    let found = store.verify();
    let required = store.check_required().err().map(|error| error.to_string());
    if json {
        let rows = found.iter().map(|one| {
            serde_json::json!({ "name": one.name, "ok": one.wrong.is_none(), "wrong": one.wrong, "signature": one.signature })
        });
        let rows: Vec<_> = rows.collect();
        console::result(
            &serde_json::json!({ "components": rows, "required": required }).to_string(),
        );
    } else {
        for one in &found {
            let said = one.wrong.as_deref().map_or_else(
                || format!("ok, {}", one.signature),
                |wrong| format!("WRONG: {wrong}"),
            );
            console::result(&format!("{}: {said}", one.name));
        }
        if let Some(required) = &required {
            console::result(&format!("WRONG: {required}"));
        }
        if found.is_empty() && required.is_none() {
            console::result("nothing is installed");
        }
    }
    let is_wrong = required.is_some() || found.iter().any(|one| one.wrong.is_some());
    if is_wrong { WRONG } else { 0 }
}

/// Fetches the component that `target` names: an installed component by its name, or a component at a path,
/// an address or a reference.
fn found(environment: &Environment, store: &Store, target: &str) -> Result<InstallPlan, Failure> {
    let place = match store.installed().iter().find(|installed| installed.name == target) {
        Some(installed) => {
            // An installed component is verified. A file that the user names is not.
            let _ = store.read(installed)?;
            Place::File(store.file(&installed.digest))
        }
        // Without `.` and `/`, and if no such file exists, `target` is the name of a component that is not
        // installed.
        None if !target.contains(['.', '/']) && !Path::new(target).exists() => {
            return Err(match embedded::find(target) {
                Some(_) => Failure::usage(
                    &format!("`{target}` is part of this program"),
                    "name an added component",
                ),
                None => store.missing(target).into(),
            });
        }
        None => target.parse().map_err(StoreError::from)?,
    };
    Ok(InstallPlan::new(place.fetch(environment).map_err(StoreError::from)?)?)
}

/// Reads a file that the user names.
fn read_text(path: &Path) -> Result<String, Failure> {
    audex_registry::source::read_text(path).map_err(|error| StoreError::from(error).into())
}
