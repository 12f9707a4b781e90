//! The last thing before the child: the grant is spent and becomes credentials.

use crate::approve::Approved;
use crate::filter::FilterError;
use audex_components::provider::{Minted, Provider, ProviderError};
use audex_core::unwind::{Panicked, caught};

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The provider failed, refused, or handed out what was not planned.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// They were made by a method that a filter does not let pass.
    #[error(transparent)]
    NotApproved {
        /// What the filter says.
        #[from]
        error: FilterError,
    },
    /// A defect of the program, here or where the filters are asked again.
    #[error(transparent)]
    Panicked {
        /// Where.
        #[from]
        error: Panicked,
    },
}

/// Spends `approved`; `sets` are the variables the provider declared, `now` is in seconds since the Unix epoch. `made` is told as
/// soon as there is something to take back; what a filter does not let pass goes to `take_back`.
///
/// # Errors
/// When the provider fails, refuses, or hands out what was not planned, or uses a method that a filter refuses.
pub fn mint(
    approved: Approved,
    provider: &Provider,
    sets: &[String],
    now: u64,
    made: impl FnOnce(),
    take_back: impl FnOnce(&Minted),
) -> Result<Minted, MintError> {
    let planned = approved.planned();
    let minted = caught(|| provider.mint(planned.grant.shown(), &planned.plan, sets, now));
    made();
    let minted = minted??;
    // Security: what was shown is not what was done, so it is shown again.
    let verdict = caught(|| approved.by_method(&minted.method));
    drop(approved);
    let error: MintError = match verdict {
        Ok(Ok(())) => return Ok(minted),
        Ok(Err(error)) => error.into(),
        Err(panicked) => panicked.into(),
    };
    take_back(&minted);
    Err(error)
}
