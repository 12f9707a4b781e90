//! Health checks of the providers with real calls.

use audex_components::provider::{CheckResult, HealthStatus};
use audex_core::environment::{AUDEX_GCP_SERVICE_ACCOUNT, Environment};
use audex_logins::{azure, gcp};

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

/// Returns true if the provider `id` is in use on this machine, as far as variables and files show. AWS
/// always counts, because it is the default. An installed provider counts too.
#[must_use]
pub fn is_configured(id: &str, environment: &Environment) -> bool {
    match id {
        "gcp" => {
            environment.get(AUDEX_GCP_SERVICE_ACCOUNT).is_some() || gcp::is_configured(environment)
        }
        "azure" => azure::is_configured(environment),
        _ => true,
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
        assert!(is_configured(
            "gcp",
            &of(AUDEX_GCP_SERVICE_ACCOUNT, "a@p.iam.gserviceaccount.com")
        ));
        assert!(is_configured("azure", &of("AZURE_SUBSCRIPTION_ID", "s")));
        for (id, file, used, login) in [
            (
                "gcp",
                ".config/gcloud/configurations/config_default",
                "",
                "[core]\naccount = a@example.com\n",
            ),
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
