//! The signs that a provider is set up on this machine, from variables and files alone.
//!
//! Security: a sign tells a component what the user has. An installed provider may look only for what is its own.

use super::{Description, Provider, Sign, setting};
use crate::capability::Capability;
use crate::component::Loaded;
use crate::logins::Logins;
use audex_core::source::Source;
use audex_logins::{azure, gcp};

impl Provider {
    /// Returns `true` if one of the description's signs is there, or if it has none.
    #[must_use]
    pub fn is_configured(&self, description: &Description) -> bool {
        let signs = &description.configured_by;
        signs.is_empty() || signs.iter().any(|sign| self.has(sign))
    }

    fn has(&self, sign: &Sign) -> bool {
        let logins = &self.backend.logins;
        match sign {
            Sign::Variable(name) => logins.environment().get(name).is_some(),
            Sign::Login(name) => slot(name).is_some_and(|slot| {
                self.loaded.capabilities.contains(&slot) && has_login(logins, &slot)
            }),
        }
    }
}

/// Returns the reason why a description's signs are refused, or `None`.
pub(super) fn refused_sign(loaded: &Loaded, description: &Description) -> Option<String> {
    let is_allowed = |sign: &&Sign| match sign {
        Sign::Variable(name) => setting::is_own(&description.id, name),
        Sign::Login(name) => slot(name).is_some_and(|slot| loaded.requested.contains(&slot)),
    };
    let mut signs = description.configured_by.iter();
    match signs.find(|sign| loaded.source == Source::Installed && !is_allowed(sign))? {
        Sign::Variable(name) => Some(format!(
            "`configured-by` names the variable `{}`, which is not one of the provider's own",
            name.escape_default()
        )),
        Sign::Login(name) => Some(format!(
            "`configured-by` names the login `{}`, but the manifest does not request that capability",
            name.escape_default()
        )),
    }
}

/// Reads the capability of a slot: `aws`, `slot:aws` or `secret:NAME`.
fn slot(name: &str) -> Option<Capability> {
    name.parse().or_else(|_| format!("slot:{name}").parse()).ok()
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

    /// Returns a provider that was granted `granted` of the capabilities that its manifest requests.
    fn acme(requested: &[&str], granted: &[&str], environment: Environment) -> Provider {
        let engine = Engine::new().unwrap();
        let loaded = embedded::find("vault").unwrap().load(&engine).unwrap();
        let parsed = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let (requested, capabilities) = (parsed(requested), parsed(granted));
        let loaded = Loaded { source: Source::Installed, requested, capabilities, ..loaded };
        let backend = Backend::new(Network::default(), logins(environment));
        Provider::new(&engine, loaded, backend).unwrap()
    }

    fn described(signs: &[Sign]) -> Description {
        Description {
            id: "acme".to_owned(),
            title: String::new(),
            action_syntax: String::new(),
            settings: Vec::new(),
            profiles: Vec::new(),
            sets: Vec::new(),
            tool_logins: None,
            configured_by: signs.to_vec(),
            learn_sources: Vec::new(),
            broadest: Vec::new(),
            calls_to: None,
            fronts: Vec::new(),
        }
    }

    #[test]
    fn a_secret_is_a_sign_only_where_it_was_granted_and_an_unknown_slot_is_none() {
        let environment = Environment::from_pairs([("ACME_KEY", "k"), ("OTHER_KEY", "k")]);
        let requested = ["secret:ACME_KEY", "secret:OTHER_KEY", "http:acme.example"];
        let provider =
            acme(&requested, &["secret:ACME_KEY", "http:acme.example"], environment.clone());
        let login = |slot: &str| described(&[Sign::Login(slot.to_owned())]);
        assert!(provider.is_configured(&login("secret:ACME_KEY")));
        for slot in ["secret:OTHER_KEY", "secret:UNSET_KEY", "acme", "http:acme.example", ""] {
            assert!(!provider.is_configured(&login(slot)), "{slot}");
        }
    }

    #[test]
    fn an_installed_provider_looks_for_nothing_but_its_own() {
        let requested = ["secret:ACME_KEY", "slot:aws"];
        let loaded = acme(&requested, &[], Environment::default()).loaded().clone();
        let refused = |sign: Sign| refused_sign(&loaded, &described(&[sign]));
        let variable = |name: &str| Sign::Variable(name.to_owned());
        let login = |name: &str| Sign::Login(name.to_owned());
        for sign in [variable("AUDEX_ACME_ROLE"), login("secret:ACME_KEY"), login("aws")] {
            assert_eq!(refused(sign.clone()), None, "{sign:?}");
        }
        for name in ["HOME", "ACME_KEY", "AUDEX_OTHER_ROLE", "AWS_PROFILE", "AUDEX_ACME", ""] {
            let words = refused(variable(name)).unwrap();
            assert!(words.contains("not one of the provider's own"), "{words}");
        }
        for name in ["secret:OTHER_KEY", "vault", "slot:gcp", "", "http:acme.example"] {
            let words = refused(login(name)).unwrap();
            assert!(words.contains("does not request that capability"), "{words}");
        }
        let external = Description {
            id: "external".to_owned(),
            ..described(&[variable("AUDEX_EXTERNAL_ID")])
        };
        assert!(refused_sign(&loaded, &external).is_some());
        let built_in = Loaded { source: Source::BuiltIn, ..loaded.clone() };
        assert_eq!(refused_sign(&built_in, &described(&[variable("HOME")])), None);
    }
}
