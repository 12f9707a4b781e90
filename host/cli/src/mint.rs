//! The last stage before the command: the grant is spent and becomes credentials.

use crate::approve::Approved;
use crate::filter::FilterError;
use crate::plan::Planned;
use audex_components::provider::{Description, Minted, Provider, ProviderError};
use audex_core::delivery::ToolLogins;
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

/// An approved plan whose grant is spent. INVARIANT: made only by [`mint`]. It can only repeat exactly this plan, for
/// no longer than before.
pub struct Spent(Approved);

impl Spent {
    /// Returns the plan.
    #[must_use]
    pub fn planned(&self) -> &Planned {
        self.0.planned()
    }

    /// Mints once more by the same plan, for credentials that live `seconds` at most. Credentials that a filter
    /// rejects, because they were made by another method, are passed to `take_back`.
    ///
    /// # Errors
    /// As [`mint`].
    pub(crate) fn repeat(
        &self,
        provider: &Provider,
        description: &Description,
        now: u64,
        seconds: u32,
        take_back: impl FnOnce(&Minted),
    ) -> Result<Minted, MintError> {
        carry_out(&self.0, seconds, provider, description, now, || (), take_back)
    }
}

/// Spends `approved` for credentials that the session around this one has already. Nothing is minted, and what is returned has
/// no key. It ends at `ends_at`, in seconds since the Unix epoch.
pub(crate) fn lend(approved: &Approved, identity: Option<String>, ends_at: u64) -> Minted {
    Minted {
        variables: Vec::new(),
        files: Vec::new(),
        endpoints: Vec::new(),
        logins: ToolLogins::default(),
        expires_at: ends_at,
        asked_seconds: None,
        scoped_policies: None,
        identity,
        // In the log, the key is that of the other session.
        credential_id: None,
        lease: None,
        settle: None,
        method: approved.planned().plan.method.clone(),
        notices: Vec::new(),
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
    let life = approved.planned().life();
    let minted = carry_out(&approved, life, provider, description, now, made, take_back)?;
    Ok((minted, Spent(approved)))
}

fn carry_out(
    approved: &Approved,
    seconds: u32,
    provider: &Provider,
    description: &Description,
    now: u64,
    made: impl FnOnce(),
    take_back: impl FnOnce(&Minted),
) -> Result<Minted, MintError> {
    let planned = approved.planned();
    let grant = planned.grant.lasting(seconds.min(planned.life()));
    let minted = caught(|| provider.mint(&grant, &planned.plan, description, now));
    made();
    let minted = minted??;
    // Security: the method that was used can differ from the one that was shown, so the filters are asked
    // again.
    let verdict = caught(|| approved.by_method(&minted.method));
    let error: MintError = match verdict {
        Ok(Ok(())) => return Ok(minted),
        Ok(Err(error)) => error.into(),
        Err(panicked) => panicked.into(),
    };
    take_back(&minted);
    Err(error)
}
