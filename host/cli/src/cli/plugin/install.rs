//! `tryaudex plugin install`: installs a component, or all components of a team's lock.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::read_text;
use crate::components::Components;
use crate::console;
use crate::failure::Failure;
use crate::settings::Settings;
use audex_components::capability::Capability;
use audex_components::component::short;
use audex_components::engine::Engine;
use audex_core::environment::Environment;
use audex_registry::signature::{Signature, SignatureError, Signer};
use audex_registry::sigstore::BundleError;
use audex_registry::source::Place;
use audex_registry::store::{
    Distrust, InstallPlan, Installed, Store, StoreError, Trust, parse_lock,
};

#[derive(Debug, clap::Args)]
pub(super) struct InstallArgs {
    /// A `.wasm` file, `https://…`, or `oci://registry/repository:tag` (or `@sha256:…`)
    #[arg(required_unless_present = "locked")]
    source: Option<String>,
    /// Grant a capability that it asks for; may be repeated. The terminal asks for the others
    #[arg(long, value_name = "CAPABILITY")]
    grant: Vec<Capability>,
    /// Required signer: a minisign public key, a file with one, or `sigstore:IDENTITY@ISSUER`
    #[arg(long, value_name = "SIGNER")]
    signer: Option<String>,
    /// Signature file, if it is not beside the component
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// Required digest
    #[arg(long, value_name = "sha256:HEX", value_parser = digest)]
    digest: Option<String>,
    /// Let an older version replace a newer one
    #[arg(long)]
    allow_downgrade: bool,
    /// Install exactly what a team's `plugins.lock` names
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["source", "grant", "signer", "signature", "digest", "allow_downgrade"]
    )]
    locked: Option<PathBuf>,
    /// Grant what the team's lock grants, without asking
    // `conflicts_with` is needed too: clap drops the requirement of `locked`, because `locked` conflicts with
    // `source`.
    #[arg(long, requires = "locked", conflicts_with = "source")]
    yes: bool,
}

pub(super) fn install(
    environment: &Environment,
    settings: &Settings,
    args: &InstallArgs,
) -> Result<(), Failure> {
    if let Some(lock) = &args.locked {
        return reproduce(environment, settings, lock, args.yes);
    }
    let place: Place =
        args.source.as_deref().unwrap_or_default().parse().map_err(StoreError::from)?;
    let trust = Trust {
        signer: args.signer.as_deref().map(signer).transpose()?,
        digest: args.digest.clone(),
        signature: args.signature.as_deref().map(read_text).transpose()?.map(Signature::read),
        signers: settings.signers.clone(),
        downgrade: args.allow_downgrade,
    };
    let components = Components::open(settings)?;
    let mut store = Store::open(&settings.paths, &settings.plugins)?;
    let mut plan = InstallPlan::new(place.fetch(environment).map_err(StoreError::from)?)?;
    store.trust(&mut plan, &trust)?;
    say_unchecked(&plan);
    say_sets(components.engine(), &plan)?;
    let granted = agreed(&plan, args.grant.iter().cloned().collect(), &BTreeSet::new())?;
    let installed = store.install(components.engine(), &plan, granted)?;
    tell("installed", &installed);
    Ok(())
}

/// Installs all components of a lock, with exactly the digests in it.
fn reproduce(
    environment: &Environment,
    settings: &Settings,
    lock: &Path,
    yes: bool,
) -> Result<(), Failure> {
    let text = std::fs::read_to_string(lock).map_err(|source| StoreError::Io {
        action: "read",
        path: lock.to_path_buf(),
        source,
    })?;
    let wanted = parse_lock(lock, &text).map_err(|error| match error {
        StoreError::Lock { path, message } => StoreError::NoLock { path, message },
        other => other,
    })?;
    let components = Components::open(settings)?;
    let mut store = Store::open(&settings.paths, &settings.plugins)?;
    let mut plans = Vec::new();
    // All components are fetched and verified before the first is installed.
    for entry in &wanted {
        let place: Place = entry.origin.parse().map_err(StoreError::from)?;
        let mut plan = InstallPlan::new(place.fetch(environment).map_err(StoreError::from)?)?;
        if plan.digest != entry.digest {
            return Err(StoreError::Changed {
                lock: lock.to_path_buf(),
                name: entry.name.clone(),
                wanted: entry.digest.clone(),
                origin: entry.origin.clone(),
                found: plan.digest,
            }
            .into());
        }
        let signer = entry.signer.clone();
        let trust = Trust {
            signer,
            digest: Some(entry.digest.clone()),
            downgrade: true,
            ..Trust::default()
        };
        store.trust(&mut plan, &trust)?;
        if plan.manifest.name != entry.name {
            let reason =
                Distrust::OtherName { found: plan.manifest.name, origin: entry.origin.clone() };
            return Err(StoreError::Untrusted { name: entry.name.clone(), reason }.into());
        }
        let granted = entry.granted.clone();
        say_unchecked(&plan);
        plans.push((plan, granted));
    }
    for (plan, granted) in &plans {
        say_sets(components.engine(), plan)?;
        let granted = if yes {
            granted.clone()
        } else {
            let agreed = agreed(plan, BTreeSet::new(), &BTreeSet::new());
            agreed.map_err(|failure| failure.hinting("grant what the lock grants with --yes"))?
        };
        tell("installed", &store.install(components.engine(), plan, granted)?);
    }
    for more in
        store.installed().iter().filter(|one| wanted.iter().all(|entry| entry.name != one.name))
    {
        console::tell(&format!(
            "notice: `{}` is installed as well, and not in {}",
            more.name,
            lock.display()
        ));
    }
    Ok(())
}

/// Prints a notice if a signature was not checked. Otherwise the component would look unsigned.
pub(super) fn say_unchecked(plan: &InstallPlan) {
    if plan.is_unchecked() {
        let name = &plan.manifest.name;
        console::tell(&format!(
            "notice: the signature of `{name}` does not count: {}",
            BundleError::NotBuilt
        ));
    }
}

/// Prints the variables that a provider sets and the logins that it replaces for commands, before the provider is granted any capability. The
/// provider runs without access to anything to answer this.
pub(super) fn say_sets(engine: &Engine, plan: &InstallPlan) -> Result<(), Failure> {
    let Some(description) = plan.description(engine)? else { return Ok(()) };
    let (name, version) = (&plan.manifest.name, &plan.manifest.version);
    if !description.sets.is_empty() {
        let sets = description.sets.join(", ");
        console::tell(&format!("`{name}` {version} sets {sets} for commands"));
    }
    if let Some(logins) = &description.tool_logins {
        let hidden = [&logins.git_hosts[..], &logins.hides, &logins.config_directories].concat();
        console::tell(&format!(
            "`{name}` {version} replaces your own login for commands: {}",
            hidden.join(", ")
        ));
    }
    Ok(())
}

/// Returns the granted capabilities. If the component requests more than `given`, asks the user for the rest.
///
/// Security: the question is asked on the terminal and never on standard input, which may belong to another
/// program.
pub(super) fn agreed(
    plan: &InstallPlan,
    mut given: BTreeSet<Capability>,
    before: &BTreeSet<Capability>,
) -> Result<BTreeSet<Capability>, Failure> {
    let missing: Vec<&Capability> =
        plan.manifest.requested.iter().filter(|asked| !given.contains(asked)).collect();
    if missing.is_empty() {
        return Ok(given);
    }
    let list: Vec<String> =
        missing.iter().map(|one| format!("  {one}: {}", one.explained())).collect();
    let more = if before.is_empty() { "" } else { " in addition" };
    let question = format!(
        "`{}` {} asks{more} to\n{}\n",
        plan.manifest.name,
        plan.manifest.version,
        list.join("\n")
    );
    console::tell(question.trim_end());
    match console::ask("grant all of this? [y/N] ") {
        Some(answer) if matches!(answer.trim(), "y" | "Y" | "yes") => {
            given.extend(missing.into_iter().cloned());
            Ok(given)
        }
        _ => {
            let missing = missing.into_iter().cloned().collect();
            Err(StoreError::NotGranted { name: plan.manifest.name.clone(), missing }.into())
        }
    }
}

fn tell(done: &str, installed: &Installed) {
    let part = match (&installed.provides, installed.world.to_string().as_str()) {
        (Some(id), _) => format!("use it with `--provider {id}`"),
        (None, "mapping") => {
            format!(
                "it answers once config.toml has `[mapping] component = \"{}\"`",
                installed.name
            )
        }
        (None, "intent") => {
            format!(
                "ask it with `--engine {0}`, or set `[intent] engine = \"{0}\"` in config.toml",
                installed.name
            )
        }
        (None, _) => "it takes part in every run from now on".to_owned(),
    };
    let signed = match &installed.signer {
        Some(signer) => format!("signed by {signer}, as every later one must be"),
        None => "not signed (dev)".to_owned(),
    };
    let (world, name) = (installed.world, &installed.name);
    console::result(&format!(
        "{done} {world} `{name}` ({}), {signed}; {part}",
        short(&installed.digest)
    ));
}

/// Parses a signer: an identity, a public key, or a file with a public key.
///
/// Security: if a file is not a key, no message quotes it, because it can contain anything.
fn signer(text: &str) -> Result<Signer, Failure> {
    let hint =
        "give the last line of its author's minisign.pub, the file, or sigstore:IDENTITY@ISSUER";
    let path = Path::new(text);
    let is_file = path.is_file();
    let written = if is_file { read_text(path)? } else { text.to_owned() };
    written.parse().map_err(|error: SignatureError| match error {
        SignatureError::SecretKey => {
            let of = if is_file { format!("`{text}` is a") } else { "that is a".to_owned() };
            let message = format!("{of} secret key of minisign's, and its public key is wanted");
            Failure::usage(&message, "give the .pub file; a secret key is nobody's but its owner's")
        }
        _ if is_file => Failure::usage(&format!("`{text}` holds no minisign public key"), hint),
        // A key has no dot, so a text with a dot was meant as a file.
        SignatureError::Key(_) if text.contains('.') => {
            Failure::usage(&format!("there is no file `{text}`"), hint)
        }
        error => Failure::usage(&error.to_string(), hint),
    })
}

fn digest(text: &str) -> Result<String, String> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(hex.to_ascii_lowercase());
    }
    Err("it is not a SHA-256 in hexadecimal".to_owned())
}
