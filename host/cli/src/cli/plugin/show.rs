//! `tryaudex plugin list` and `tryaudex plugin inspect`: show components.

use serde_json::{Value, json};

use crate::components::Components;
use crate::console::{self, table};
use crate::failure::Failure;
use audex_components::backend::Backend;
use audex_components::component::short;
use audex_components::embedded::COMPONENTS;
use audex_components::engine::Engine;
use audex_components::limit;
use audex_components::manifest::{CONTRACT, Manifest, World};
use audex_components::provider::Provider;
use audex_core::environment::Environment;
use audex_registry::store::{Installed, Store};

/// The displayed data of one component.
struct Shown {
    manifest: Manifest,
    digest: String,
    granted: Vec<String>,
    provides: Option<String>,
    /// The variables that an installed provider sets for commands; `None` if the provider does not answer.
    sets: Option<Vec<String>>,
    source: String,
    bytes: usize,
    signer: String,
    enabled: bool,
    previous: Option<String>,
}

/// The signer of an unsigned component.
const UNSIGNED: &str = "nobody (dev)";

fn built_in() -> Result<Vec<Shown>, Failure> {
    let shown = |embedded: &audex_components::embedded::Embedded| {
        let manifest = embedded.manifest().map_err(|error| Failure::internal("plugin", error))?;
        let granted = manifest.requested.iter().map(ToString::to_string).collect();
        let provides = (manifest.world == World::Provider).then(|| manifest.name.clone());
        let (digest, bytes) = (embedded.digest.to_owned(), embedded.bytes);
        Ok(Shown {
            manifest,
            digest,
            granted,
            provides,
            sets: None,
            source: "built in".to_owned(),
            bytes,
            signer: "part of this program".to_owned(),
            enabled: true,
            previous: None,
        })
    };
    COMPONENTS.iter().map(shown).collect()
}

/// Returns the variables that a provider sets for commands. The provider runs without access to anything. If
/// it fails, the result is `None`, because the commands here do not test components.
fn sets(engine: &Engine, store: &Store, installed: &Installed) -> Option<Vec<String>> {
    if installed.world != World::Provider {
        return None;
    }
    let mut loaded = store.load(engine, installed).ok()?;
    loaded.capabilities.clear();
    let backend = Backend::default();
    Some(Provider::new(engine, loaded, backend).ok()?.describe().ok()?.sets)
}

fn shown(store: &Store, installed: &Installed) -> Result<Shown, Failure> {
    let (wasm, manifest) = store.read(installed)?;
    Ok(Shown {
        manifest,
        digest: installed.digest.clone(),
        granted: installed.granted.iter().map(ToString::to_string).collect(),
        provides: installed.provides.clone(),
        sets: None,
        source: installed.origin.clone(),
        bytes: wasm.len(),
        signer: installed.signer.as_ref().map_or_else(|| UNSIGNED.to_owned(), ToString::to_string),
        enabled: installed.enabled,
        previous: installed
            .previous
            .as_ref()
            .map(|one| format!("{} ({})", one.version, short(&one.digest))),
    })
}

/// Prints the built-in and the installed components, one on each line.
pub(super) fn list(components: &Components, json: bool) -> Result<(), Failure> {
    let mut all = built_in()?;
    let mut broken = Vec::new();
    let (engine, store) = (components.engine(), components.store());
    for installed in store.installed() {
        match shown(store, installed) {
            Ok(shown) if json => all.push(Shown { sets: sets(engine, store, installed), ..shown }),
            Ok(shown) => all.push(shown),
            Err(failure) => broken.push(failure),
        }
    }
    if json {
        console::result(&Value::from(all.iter().map(to_json).collect::<Vec<_>>()).to_string());
        return broken.into_iter().next().map_or(Ok(()), Err);
    }
    let row = |shown: &Shown| {
        let (name, world) = (shown.manifest.name.clone(), shown.manifest.world.to_string());
        vec![
            name,
            world,
            shown.manifest.version.clone(),
            short(&shown.digest),
            shown.granted.join(","),
            standing(shown),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    console::result(&table(&["NAME", "KIND", "VERSION", "DIGEST", "GRANTED", "SOURCE"], &rows));
    // All other components are shown. The error is that of the first broken component.
    broken.into_iter().next().map_or(Ok(()), Err)
}

/// Returns the source of a component, with a mark if the component is unsigned or turned off.
fn standing(shown: &Shown) -> String {
    let unsigned = if shown.signer == UNSIGNED { ", dev" } else { "" };
    let off = if shown.enabled { "" } else { ", turned off" };
    format!("{}{unsigned}{off}", shown.source)
}

/// Prints one component. The code of a component that is not installed is not run.
pub(super) fn inspect(
    environment: &Environment,
    components: &Components,
    target: &str,
    json: bool,
) -> Result<(), Failure> {
    let store = components.store();
    let found = built_in()?.into_iter().find(|shown| shown.manifest.name == target);
    let installed = store.installed().iter().find(|installed| installed.name == target);
    let shown = match (found, installed) {
        (Some(found), _) => found,
        (None, Some(installed)) => {
            Shown { sets: sets(components.engine(), store, installed), ..shown(store, installed)? }
        }
        (None, None) => from_elsewhere(environment, store, target)?,
    };
    if json {
        console::result(&to_json(&shown).to_string());
        return Ok(());
    }
    // Security: the names in a file that is not installed are not checked, and a line break in a name could
    // forge a line of this output.
    let line = |item: &String| item.replace(|c: char| c.is_control(), " ");
    let list = |items: &[String]| match items {
        [] => "nothing".to_owned(),
        some => some.iter().map(line).collect::<Vec<_>>().join("\n          "),
    };
    let requested: Vec<String> = shown.manifest.requested.iter().map(ToString::to_string).collect();
    let sets =
        shown.sets.as_ref().map_or_else(String::new, |sets| format!("\nsets      {}", list(sets)));
    console::result(&format!(
        "name      {}\nkind      {}\nversion   {}\ncontract  audex:plugin@{}\nsdk       {}\ndigest    sha256:{}\nsize      {} bytes\nlicence   {}\nsource    {}\nsigned by {}\nlimits    {} MiB of memory, {} s of computing in a call\nreplaced  {}\nasks for  {}\ngranted   {}{}\nimports   {}\nexports   {}",
        shown.manifest.name,
        shown.manifest.world,
        shown.manifest.version,
        CONTRACT,
        shown.manifest.sdk,
        shown.digest,
        shown.bytes,
        line(&shown.manifest.licence),
        // If the component is not installed, its source already says so.
        if shown.enabled || installed.is_none() {
            shown.source.clone()
        } else {
            format!("{} (turned off: tryaudex plugin enable {})", shown.source, shown.manifest.name)
        },
        line(&shown.signer),
        limit::MEMORY_BYTES / 1024 / 1024,
        limit::GUEST_TIME.as_secs(),
        shown.previous.as_deref().unwrap_or("nothing"),
        list(&requested),
        list(&shown.granted),
        sets,
        list(&shown.manifest.imports),
        list(&shown.manifest.exports),
    ));
    Ok(())
}

fn from_elsewhere(
    environment: &Environment,
    store: &Store,
    target: &str,
) -> Result<Shown, Failure> {
    let plan = super::found(environment, store, target)?;
    let source = format!("{} (not installed)", plan.origin);
    let bytes = plan.wasm.len();
    let signer = store.claimed_signer(&plan).unwrap_or_else(|| UNSIGNED.to_owned());
    Ok(Shown {
        manifest: plan.manifest,
        digest: plan.digest,
        granted: Vec::new(),
        provides: None,
        sets: None,
        source,
        bytes,
        signer,
        enabled: false,
        previous: None,
    })
}

fn to_json(shown: &Shown) -> Value {
    json!({
        "name": shown.manifest.name,
        "kind": shown.manifest.world.to_string(),
        "version": shown.manifest.version,
        "contract": CONTRACT,
        "sdk": shown.manifest.sdk,
        "digest": shown.digest,
        "bytes": shown.bytes,
        "source": shown.source,
        "licence": shown.manifest.licence,
        "signer": shown.signer,
        "enabled": shown.enabled,
        "replaced": shown.previous,
        "provides": shown.provides,
        "sets": shown.sets,
        "requested": shown.manifest.requested.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "granted": shown.granted,
        "imports": shown.manifest.imports,
        "exports": shown.manifest.exports,
    })
}
