//! Whether credentials could be minted now, by real calls.

use crate::plugin::provider::{CheckResult, HealthStatus};

/// The checks of one provider.
#[derive(Debug)]
pub struct Report {
    /// The provider's id.
    pub provider: String,
    /// Its answers.
    pub checks: Vec<CheckResult>,
}

impl Report {
    /// Whether anything failed. A provider that checks nothing proves nothing.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.checks.is_empty() || self.checks.iter().any(|check| check.status == HealthStatus::Failed)
    }
}

/// The word for a status.
#[must_use]
pub fn status_name(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Ok => "ok",
        HealthStatus::Warning => "warning",
        HealthStatus::Failed => "failed",
    }
}
