//! `tryaudex plugin`: the components that take part.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::components::Components;
use crate::console::{self, table};
use crate::environment::Environment;
use crate::error::Failure;
use crate::plugin::capability::Capability;
use crate::plugin::component::short;
use crate::plugin::embedded::COMPONENTS;
use crate::plugin::manifest::Manifest;
use crate::plugin::store::{InstallPlan, Store};
use crate::settings::{Flags, Settings};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Install a component from a file
    Install {
        /// A component, or a module built with the audex SDK
        file: PathBuf,
        /// Grant a capability it asks for; may be repeated
        #[arg(long, value_name = "CAPABILITY")]
        grant: Vec<Capability>,
    },
    /// List built-in and installed components
    List {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what a component is and asks for: an installed one, or a file
    Inspect {
        /// Name of a component, or path of a `.wasm` file
        target: String,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove an installed component
    Remove {
        /// The component's name
        name: String,
    },
}

pub fn plugin(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let settings = Settings::resolve(environment, Flags::default())?;
    match args.command {
        Command::Install { file, grant } => install(&settings, &file, grant.into_iter().collect())?,
        Command::List { json } => list(&Store::open(&settings.paths)?, json)?,
        Command::Inspect { target, json } => inspect(&Store::open(&settings.paths)?, &target, json)?,
        Command::Remove { name } => {
            let removed = Store::open(&settings.paths)?.remove(&name)?;
            console::result(&format!("removed {} `{name}` ({})", removed.world, short(&removed.digest)));
        }
    }
    Ok(0)
}

/// A file the user names, which must be there.
fn require_file(file: &std::path::Path) -> Result<(), Failure> {
    if file.is_file() {
        return Ok(());
    }
    Err(Failure::usage(&format!("there is no file `{}`", file.display()), "name a `.wasm` file"))
}

fn install(
    settings: &Settings,
    file: &std::path::Path,
    granted: BTreeSet<Capability>,
) -> Result<(), Failure> {
    require_file(file)?;
    let components = Components::open(settings)?;
    let mut store = Store::open(&settings.paths)?;
    let plan = InstallPlan::read(file)?;
    let installed = store.install(components.engine(), &plan, granted)?;
    let part = match (&installed.provides, installed.world.to_string().as_str()) {
        (Some(id), _) => format!("use it with `--provider {id}`"),
        (None, "mapping") => {
            format!("it answers once config.toml has `[mapping] component = \"{}\"`", installed.name)
        }
        (None, "intent") => {
            format!(
                "ask it with `--engine {0}`, or set `[intent] engine = \"{0}\"` in config.toml",
                installed.name
            )
        }
        (None, _) => "it takes part in every run from now on".to_owned(),
    };
    let (world, name) = (installed.world, &installed.name);
    console::result(&format!("installed {world} `{name}` ({}); {part}", short(&installed.digest)));
    Ok(())
}

/// One component as it is shown.
struct Shown {
    manifest: Manifest,
    digest: String,
    granted: Vec<String>,
    provides: Option<String>,
    source: String,
    bytes: usize,
}

fn built_in() -> Result<Vec<Shown>, Failure> {
    let shown = |embedded: &crate::plugin::embedded::Embedded| {
        let manifest = embedded.manifest().map_err(|error| Failure::internal("plugin", error))?;
        let granted = manifest.requested.iter().map(ToString::to_string).collect();
        let provides =
            (manifest.world == crate::plugin::manifest::World::Provider).then(|| manifest.name.clone());
        let (digest, bytes) = (embedded.digest.to_owned(), embedded.wasm.len());
        Ok(Shown { manifest, digest, granted, provides, source: "built in".to_owned(), bytes })
    };
    COMPONENTS.iter().map(shown).collect()
}

fn shown(store: &Store, installed: &crate::plugin::store::Installed) -> Result<Shown, Failure> {
    let (wasm, manifest) = store.read(installed)?;
    Ok(Shown {
        manifest,
        digest: installed.digest.clone(),
        granted: installed.granted.iter().map(ToString::to_string).collect(),
        provides: installed.provides.clone(),
        source: installed.origin.clone(),
        bytes: wasm.len(),
    })
}

fn list(store: &Store, json: bool) -> Result<(), Failure> {
    let mut all = built_in()?;
    for installed in store.installed() {
        all.push(shown(store, installed)?);
    }
    if json {
        console::result(&Value::from(all.iter().map(to_json).collect::<Vec<_>>()).to_string());
        return Ok(());
    }
    let row = |shown: &Shown| {
        let (name, world) = (shown.manifest.name.clone(), shown.manifest.world.to_string());
        vec![
            name,
            world,
            shown.manifest.version.clone(),
            short(&shown.digest),
            shown.granted.join(","),
            shown.source.clone(),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    console::result(&table(&["NAME", "KIND", "VERSION", "DIGEST", "GRANTED", "SOURCE"], &rows));
    Ok(())
}

fn inspect(store: &Store, target: &str, json: bool) -> Result<(), Failure> {
    let found = built_in()?.into_iter().find(|shown| shown.manifest.name == target);
    let installed = store.installed().iter().find(|installed| installed.name == target);
    let shown = match (found, installed) {
        (Some(found), _) => found,
        (None, Some(installed)) => shown(store, installed)?,
        (None, None) => from_file(target)?,
    };
    if json {
        console::result(&to_json(&shown).to_string());
        return Ok(());
    }
    // The names of a file that is not installed are nobody's yet: a line end in one would look like a line of ours.
    let line = |item: &String| item.replace(|c: char| c.is_control(), " ");
    let list = |items: &[String]| match items {
        [] => "nothing".to_owned(),
        some => some.iter().map(line).collect::<Vec<_>>().join("\n          "),
    };
    let requested: Vec<String> = shown.manifest.requested.iter().map(ToString::to_string).collect();
    console::result(&format!(
        "name      {}\nkind      {}\nversion   {}\ncontract  audex:plugin@{}\nsdk       {}\ndigest    sha256:{}\nsize      {} bytes\nsource    {}\nasks for  {}\ngranted   {}\nimports   {}\nexports   {}",
        shown.manifest.name,
        shown.manifest.world,
        shown.manifest.version,
        shown.manifest.contract,
        shown.manifest.sdk,
        shown.digest,
        shown.bytes,
        shown.source,
        list(&requested),
        list(&shown.granted),
        list(&shown.manifest.imports),
        list(&shown.manifest.exports),
    ));
    Ok(())
}

fn from_file(target: &str) -> Result<Shown, Failure> {
    let path = PathBuf::from(target);
    // No component has such a name.
    if target.contains(['.', '/']) {
        require_file(&path)?;
    }
    if !path.exists() {
        return Err(crate::plugin::store::StoreError::NotInstalled { name: target.to_owned() }.into());
    }
    let plan = InstallPlan::read(&path)?;
    let source = format!("{} (not installed)", path.display());
    let bytes = plan.wasm.len();
    Ok(Shown {
        manifest: plan.manifest,
        digest: plan.digest,
        granted: Vec::new(),
        provides: None,
        source,
        bytes,
    })
}

fn to_json(shown: &Shown) -> Value {
    json!({
        "name": shown.manifest.name,
        "kind": shown.manifest.world.to_string(),
        "version": shown.manifest.version,
        "contract": shown.manifest.contract,
        "sdk": shown.manifest.sdk,
        "digest": shown.digest,
        "bytes": shown.bytes,
        "source": shown.source,
        "provides": shown.provides,
        "requested": shown.manifest.requested.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "granted": shown.granted,
        "imports": shown.manifest.imports,
        "exports": shown.manifest.exports,
    })
}
