//! When access ends, and what then happens to the command.

use std::time::{Duration, UNIX_EPOCH};

use audex_child::deadline::DEFAULT_GRACE;
use audex_child::{Deadline, OnExpiry};
use audex_components::provider::Minted;

/// The cloud counts whole seconds, by its own clock: an expiry this much past the ttl is the ttl.
pub(super) const EXPIRY_SLACK_SECONDS: u64 = 5;

/// When access ends, and what then happens to the command.
pub struct Access {
    /// Seconds since the Unix epoch.
    pub ends_at: u64,
    /// When the credentials themselves end, if later.
    pub credentials_end_at: Option<u64>,
    /// What happens to the command.
    pub policy: OnExpiry,
}

impl Access {
    /// Credentials that outlive the ttl are not left to the command: it is ended then.
    ///
    /// Security: the cloud's clock may differ from ours, so what decides is how long the credentials were asked to live;
    /// only where that is not known, their expiry.
    pub(super) fn of(minted: &Minted, began: u64, ttl: u64, asked: Option<OnExpiry>) -> Self {
        let ends_at = began.saturating_add(ttl);
        let outlive = match minted.asked_seconds {
            Some(seconds) => u64::from(seconds) > ttl,
            None => minted.expires_at > ends_at.saturating_add(EXPIRY_SLACK_SECONDS),
        };
        if outlive {
            let credentials_end_at = Some(minted.expires_at.max(ends_at));
            return Self { ends_at, credentials_end_at, policy: OnExpiry::End };
        }
        let policy = asked.unwrap_or(OnExpiry::Keep);
        let ends_at = match policy {
            // The command's own time, to the second asked for; its credentials may end up to a second before.
            OnExpiry::End => ends_at,
            OnExpiry::Keep => minted.expires_at.min(ends_at.saturating_add(EXPIRY_SLACK_SECONDS)),
        };
        Self { ends_at, credentials_end_at: None, policy }
    }

    pub(super) fn deadline(&self) -> Deadline {
        let at = UNIX_EPOCH + Duration::from_secs(self.ends_at);
        Deadline { at, policy: self.policy, grace: DEFAULT_GRACE }
    }
}
