//! The answer to the question whether a provider is set up on this machine, from variables and files alone.

use super::{Description, Provider, Sign};
use crate::capability::Capability;
use crate::logins::Logins;
use audex_logins::{azure, gcp};

impl Provider {
    /// Returns `true` if one of the description's signs is there, or if it has none.
    #[must_use]
    pub fn is_configured(&self, description: &Description) -> bool {
        let signs = &description.configured_by;
        signs.is_empty() || signs.iter().any(|sign| has(&self.backend.logins, sign))
    }
}

fn has(logins: &Logins, sign: &Sign) -> bool {
    match sign {
        Sign::Variable(name) => logins.environment().get(name).is_some(),
        Sign::Login(slot) => {
            let slot: Result<Capability, _> =
                slot.parse().or_else(|_| format!("slot:{slot}").parse());
            slot.is_ok_and(|slot| has_login(logins, &slot))
        }
    }
}

fn has_login(logins: &Logins, slot: &Capability) -> bool {
    match slot {
        Capability::Aws => true,
        Capability::Gcp => gcp::is_configured(logins.environment()),
        Capability::Azure => azure::is_configured(logins.environment()),
        Capability::Vault => logins.vault().is_configured(),
        Capability::Secret(name) => {
            logins.environment().get(logins.secret_variable(name)).is_some()
        }
        Capability::Http(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::Backend;
    use crate::embedded;
    use crate::engine::Engine;
    use crate::network::Network;
    use audex_core::environment::Environment;
    use audex_logins::secret_source::SecretSources;
    use audex_logins::vault::VaultFile;

    fn logins(environment: Environment) -> Logins {
        Logins::new(Arc::new(environment), None, &VaultFile::default(), SecretSources::default())
    }

    fn is_configured(id: &str, environment: &Environment) -> bool {
        let engine = Engine::new().unwrap();
        let backend = Backend::new(Network::default(), logins(environment.clone()));
        let loaded = embedded::find(id).unwrap().load(&engine).unwrap();
        let provider = Provider::new(&engine, loaded, backend).unwrap();
        provider.is_configured(&provider.describe().unwrap())
    }

    #[test]
    fn a_provider_is_configured_where_variables_or_files_speak_of_it() {
        let home = tempfile::tempdir().unwrap();
        let of = |name: &str, value: &str| {
            Environment::from_pairs([("HOME", home.path().to_str().unwrap()), (name, value)])
        };
        let nothing = of("X", "x");
        assert!(is_configured("aws", &nothing));
        for id in ["gcp", "azure", "vault"] {
            assert!(!is_configured(id, &nothing), "{id}");
        }
        let account = of("AUDEX_GCP_SERVICE_ACCOUNT", "a@p.iam.gserviceaccount.com");
        assert!(is_configured("gcp", &account));
        assert!(is_configured("azure", &of("AZURE_SUBSCRIPTION_ID", "s")));
        assert!(is_configured("vault", &of("VAULT_ADDR", "https://vault.example.com")));
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

    #[test]
    fn a_secret_is_a_sign_and_an_unknown_slot_is_not() {
        let environment = Environment::from_pairs([("ACME_KEY", "k")]);
        let logins = logins(environment);
        let login = |slot: &str| has(&logins, &Sign::Login(slot.to_owned()));
        assert!(login("secret:ACME_KEY"));
        for slot in ["secret:OTHER_KEY", "acme", "http:acme.example", ""] {
            assert!(!login(slot), "{slot}");
        }
    }
}
