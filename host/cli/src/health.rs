//! Whether credentials could be minted now, by real calls.

use audex_components::provider::{CheckResult, HealthStatus};
use audex_core::environment::{AUDEX_GCP_SERVICE_ACCOUNT, Environment};
use audex_logins::{azure, gcp};

/// The checks of one provider.
#[derive(Debug)]
pub struct Report {
    /// The provider's id.
    pub provider: String,
    /// Its answers.
    pub checks: Vec<CheckResult>,
}

impl Report {
    /// Whether anything failed. A provider that checks nothing proves nothing, and is broken no more for it.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.checks.iter().any(|check| check.status == HealthStatus::Failed)
    }
}

/// Whether the provider `id` is one that somebody uses here, as far as variables and files tell. AWS is the default, and an
/// installed provider was installed to be used.
#[must_use]
pub fn is_configured(id: &str, environment: &Environment) -> bool {
    match id {
        "gcp" => environment.get(AUDEX_GCP_SERVICE_ACCOUNT).is_some() || gcp::is_configured(environment),
        "azure" => azure::is_configured(environment),
        _ => true,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_is_checked_by_default_where_variables_or_files_speak_of_it() {
        let home = tempfile::tempdir().unwrap();
        let of = |name: &str, value: &str| {
            Environment::from_pairs([("HOME", home.path().to_str().unwrap()), (name, value)])
        };
        let nothing = of("X", "x");
        assert!(is_configured("aws", &nothing) && is_configured("acme", &nothing));
        assert!(!is_configured("gcp", &nothing) && !is_configured("azure", &nothing));
        assert!(is_configured("gcp", &of(AUDEX_GCP_SERVICE_ACCOUNT, "a@p.iam.gserviceaccount.com")));
        assert!(is_configured("azure", &of("AZURE_SUBSCRIPTION_ID", "s")));
        for (id, file, used, login) in [
            ("gcp", ".config/gcloud/configurations/config_default", "", "[core]\naccount = a@example.com\n"),
            (
                "azure",
                ".azure/azureProfile.json",
                "\u{feff}{\"installationId\":\"x\",\"subscriptions\":[]}",
                "\u{feff}{\"subscriptions\":[{\"id\":\"s\"}]}",
            ),
        ] {
            let file = home.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, used).unwrap();
            assert!(!is_configured(id, &nothing), "{id}");
            std::fs::write(&file, login).unwrap();
            assert!(is_configured(id, &nothing), "{id}");
        }
    }
}
