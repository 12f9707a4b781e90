//! `tryaudex plugin update`: fetches newer versions of components from their sources.

use std::collections::BTreeSet;

use super::install::{agreed, say_sets, say_unchecked};
use crate::components::Components;
use crate::console::{self, Console};
use crate::failure::Failure;
use crate::settings::Settings;
use audex_components::capability::Capability;
use audex_components::component::short;
use audex_core::environment::Environment;
use audex_registry::source::Place;
use audex_registry::store::{Distrust, InstallPlan, Installed, Store, StoreError, Trust};

/// The additional permissions of newer versions.
pub(super) struct May {
    /// The capabilities to grant to components that request them.
    pub grant: BTreeSet<Capability>,
    /// True if an older version may replace a newer one.
    pub downgrade: bool,
}

/// Updates the named components, or all. If a component cannot be updated, reports the failure and continues
/// with the others. Returns the highest exit status.
pub(super) fn update(
    environment: &Environment,
    settings: &Settings,
    names: &[String],
    may: &May,
) -> Result<u8, Failure> {
    let components = Components::open(settings)?;
    let mut store = Store::open(&settings.paths, &settings.plugins)?;
    let installed: Vec<Installed> = store.installed().to_vec();
    if let Some(name) = names.iter().find(|name| installed.iter().all(|one| one.name != **name)) {
        return Err(store.missing(name).into());
    }
    if installed.is_empty() {
        console::result("nothing is installed");
    }
    let (mut worst, mut failed, mut count) = (0, Vec::new(), 0);
    for old in installed.iter().filter(|one| names.is_empty() || names.contains(&one.name)) {
        count += 1;
        if let Err(failure) = renew(environment, settings, &components, &mut store, old, may) {
            worst = worst.max(crate::cli::report(Console::default(), &failure));
            failed.push(format!("`{}`", old.name));
        }
    }
    if count > 1 && !failed.is_empty() {
        console::tell(&format!(
            "{} of {count} were not updated: {}",
            failed.len(),
            failed.join(", ")
        ));
    }
    Ok(worst)
}

/// Updates one component. The user must agree to capabilities that the newer version requests in addition.
fn renew(
    environment: &Environment,
    settings: &Settings,
    components: &Components,
    store: &mut Store,
    old: &Installed,
    may: &May,
) -> Result<(), Failure> {
    let place: Place = old.origin.parse().map_err(StoreError::from)?;
    let mut plan = InstallPlan::new(place.fetch(environment).map_err(StoreError::from)?)?;
    if plan.manifest.name != old.name {
        let reason = Distrust::OtherName { found: plan.manifest.name, origin: old.origin.clone() };
        return Err(StoreError::Untrusted { name: old.name.clone(), reason }.into());
    }
    if plan.digest == old.digest {
        console::result(&format!("`{}` {} is the newest", old.name, old.version));
        return Ok(());
    }
    let (signers, downgrade) = (settings.signers.clone(), may.downgrade);
    store.trust(&mut plan, &Trust { signers, downgrade, ..Trust::default() })?;
    say_unchecked(&plan);
    say_sets(components.engine(), &plan)?;
    let asked: BTreeSet<Capability> = plan.manifest.requested.iter().cloned().collect();
    let kept = old.granted.intersection(&asked).cloned();
    let given = kept.chain(may.grant.intersection(&asked).cloned()).collect();
    let granted = agreed(&plan, given, &old.granted)?;
    for gone in old.granted.difference(&asked) {
        console::result(&format!("`{}` no longer asks for `{gone}`", old.name));
    }
    let new = store.install(components.engine(), &plan, granted)?;
    console::result(&format!(
        "updated `{}` from {} to {} ({}); `tryaudex plugin rollback {}` takes it back",
        new.name,
        old.version,
        new.version,
        short(&new.digest),
        new.name
    ));
    Ok(())
}
