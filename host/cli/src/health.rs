//! Health checks of the providers with real calls.

use audex_components::provider::{CheckResult, HealthStatus};

/// The health checks of one provider.
#[derive(Debug)]
pub struct Report {
    /// The id of the provider.
    pub provider: String,
    /// The results of the checks.
    pub checks: Vec<CheckResult>,
}

impl Report {
    /// Returns true if a check failed. A provider without checks has not failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.checks.iter().any(|check| check.status == HealthStatus::Failed)
    }
}

/// Returns the word for a status.
#[must_use]
pub(crate) fn status_name(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Ok => "ok",
        HealthStatus::Warning => "warning",
        HealthStatus::Failed => "failed",
    }
}
