//! The last thing before the child: the grant is spent and becomes credentials.

use crate::approve::Approved;
use crate::plan::Planned;
use crate::plugin::provider::{Minted, Provider, ProviderError};

/// Spends `approved`; `sets` are the variables the provider declared, `now` is in seconds since the Unix epoch.
///
/// # Errors
/// When the provider fails, refuses, or hands out what was not planned.
pub fn mint(
    approved: Approved,
    provider: &Provider,
    sets: &[String],
    now: u64,
) -> Result<Minted, ProviderError> {
    let Planned { grant, plan, .. } = approved.into_planned();
    provider.mint(grant.shown(), &plan, sets, now)
}
