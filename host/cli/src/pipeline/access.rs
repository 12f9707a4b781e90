//! The end of access, and the consequence for the command.

use std::time::{Duration, UNIX_EPOCH};

use audex_child::deadline::DEFAULT_GRACE;
use audex_child::{Deadline, OnExpiry};
use audex_components::provider::Minted;

/// The tolerance for an expiry past the ttl: the cloud counts whole seconds by its own clock.
pub(super) const EXPIRY_SLACK_SECONDS: u64 = 5;

/// The end of access, and the consequence for the command.
pub struct Access {
    /// The end of access, in seconds since the Unix epoch.
    pub ends_at: u64,
    /// The end of the credentials themselves, if later.
    pub credentials_end_at: Option<u64>,
    /// The consequence for the command.
    pub policy: OnExpiry,
    /// True if the credentials end before the access, and are renewed.
    is_renewed: bool,
}

impl Access {
    /// Returns the access that `minted` gives. If the credentials outlive the ttl, the command is ended at
    /// the ttl.
    ///
    /// Security: the cloud's clock may differ from the local one, so the requested lifetime of the
    /// credentials decides. Only if that is not known, their expiry decides.
    pub(super) fn of(minted: &Minted, began: u64, ttl: u64, asked: Option<OnExpiry>) -> Self {
        let ends_at = began.saturating_add(ttl);
        let outlive = match minted.asked_seconds {
            Some(seconds) => u64::from(seconds) > ttl,
            None => minted.expires_at > ends_at.saturating_add(EXPIRY_SLACK_SECONDS),
        };
        if outlive {
            let credentials_end_at = Some(minted.expires_at.max(ends_at));
            return Self { ends_at, credentials_end_at, policy: OnExpiry::End, is_renewed: false };
        }
        let policy = asked.unwrap_or(OnExpiry::Keep);
        let ends_at = match policy {
            // The command gets its time to the requested second; its credentials may end up to a second
            // before.
            OnExpiry::End => ends_at,
            OnExpiry::Keep => minted.expires_at.min(ends_at.saturating_add(EXPIRY_SLACK_SECONDS)),
        };
        Self { ends_at, credentials_end_at: None, policy, is_renewed: false }
    }

    /// Returns the access of credentials that are renewed until the ttl; `minted` are the first.
    pub(super) fn renewed(minted: &Minted, began: u64, ttl: u64, asked: Option<OnExpiry>) -> Self {
        let access = Self::of(minted, began, ttl, asked);
        if access.credentials_end_at.is_some() {
            return access;
        }
        Self { ends_at: began.saturating_add(ttl), is_renewed: true, ..access }
    }

    /// Returns the end of what `minted` gives, without a renewal.
    pub(super) fn issued_until(&self, minted: &Minted) -> u64 {
        if self.is_renewed { minted.expires_at.min(self.ends_at) } else { self.ends_at }
    }

    pub(super) fn deadline(&self) -> Deadline {
        let at = UNIX_EPOCH + Duration::from_secs(self.ends_at);
        Deadline { at, policy: self.policy, grace: DEFAULT_GRACE }
    }
}

#[cfg(test)]
mod tests;
