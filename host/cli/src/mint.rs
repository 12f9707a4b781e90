//! The last stage before the command: the grant is spent and becomes credentials.

use crate::approve::Approved;
use crate::filter::FilterError;
use crate::plan::Planned;
use audex_components::provider::{Description, Minted, Provider, ProviderError};
use audex_core::unwind::{Panicked, caught};

/// The error for a failed mint.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The provider failed, rejected the grant, or returned credentials that were not planned.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The credentials were made by a method that a filter rejects.
    #[error(transparent)]
    NotApproved {
        /// The filter's error.
        #[from]
        error: FilterError,
    },
    /// The program has a defect, here or where the filters are asked again.
    #[error(transparent)]
    Panicked {
        /// The panic.
        #[from]
        error: Panicked,
    },
}

/// An approved plan by which credentials were minted. The grant in it is spent: it cannot be minted from again.
pub struct Spent(Approved);

impl Spent {
    /// Returns the plan.
    #[must_use]
    pub fn planned(&self) -> &Planned {
        self.0.planned()
    }
}

/// Spends `approved` and returns the credentials. `description` is the provider's own; `now` is
/// in seconds since the Unix epoch.
///
/// `made` is called as soon as there may be credentials to revoke. Credentials that a filter rejects are
/// passed to `take_back`.
///
/// # Errors
/// When the provider fails, rejects the grant, or returns unplanned credentials, or when a filter rejects the
/// method.
pub fn mint(
    approved: Approved,
    provider: &Provider,
    description: &Description,
    now: u64,
    made: impl FnOnce(),
    take_back: impl FnOnce(&Minted),
) -> Result<(Minted, Spent), MintError> {
    let planned = approved.planned();
    let minted = caught(|| provider.mint(planned.grant.shown(), &planned.plan, description, now));
    made();
    let minted = minted??;
    // Security: the method that was used can differ from the one that was shown, so the filters are asked
    // again.
    let verdict = caught(|| approved.by_method(&minted.method));
    let error: MintError = match verdict {
        Ok(Ok(())) => return Ok((minted, Spent(approved))),
        Ok(Err(error)) => error.into(),
        Err(panicked) => panicked.into(),
    };
    take_back(&minted);
    Err(error)
}
