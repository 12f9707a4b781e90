//! The environment variables that the settings of a provider may come from.
//!
//! Security: a component reads its settings. A setting must not give it access to the environment, to another
//! component's variables, or to a secret: a component can use granted secrets without reading them.

use super::Setting;
use audex_core::ecosystem::is_public_name;
use audex_core::source::Source;

/// Every variable of this program that the host or a built-in provider reads, and the variable that the
/// command receives.
const OURS: [&str; 23] = [
    "AUDEX_AZURE_CLIENT_ID",
    "AUDEX_AZURE_CLIENT_SECRET",
    "AUDEX_AZURE_CLOUD",
    "AUDEX_AZURE_FEDERATED_TOKEN_FILE",
    "AUDEX_AZURE_KEY_VAULT_URL",
    "AUDEX_AZURE_RESOURCE_MANAGER_URL",
    "AUDEX_AZURE_SUBSCRIPTION_ID",
    "AUDEX_AZURE_TENANT_ID",
    "AUDEX_CONFIG_DIR",
    "AUDEX_EXTERNAL_ID",
    "AUDEX_GCP_DELEGATE",
    "AUDEX_GCP_IAMCREDENTIALS_URL",
    "AUDEX_GCP_PROJECT",
    "AUDEX_GCP_SERVICE_ACCOUNT",
    "AUDEX_GCP_STS_URL",
    "AUDEX_K8S_TOKEN_PATH",
    "AUDEX_OUTER_SESSION",
    "AUDEX_ROLE_ARN",
    "AUDEX_SESSION_DOOR",
    "AUDEX_SESSION_ID",
    "AUDEX_TEST_WITHOUT",
    "AUDEX_VAULT_MOUNT",
    "AUDEX_VAULT_ROLE",
];

/// The endings of variable names that hold secrets.
const SECRET_ENDINGS: [&str; 11] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSPHRASE",
    "CREDENTIAL",
    "CREDENTIALS",
    "APIKEY",
    "_KEY",
    "_PEM",
    "_PAT",
    "_JWT",
];

/// Returns the reason why `setting` of the provider `id` may not come from its variable, or `None` if it may.
pub(super) fn wrong(source: Source, id: &str, setting: &Setting) -> Option<String> {
    let name = setting.env.as_deref()?;
    let own = match source {
        Source::BuiltIn if is_public_name(name) => return None,
        Source::BuiltIn => "AUDEX_".to_owned(),
        Source::Installed => prefix(id),
    };
    if !name.starts_with(&own) {
        return Some(format!(
            "a setting names an environment variable that does not begin with {own}"
        ));
    }
    if source == Source::BuiltIn {
        return None;
    }
    // An id can be the beginning of such a name: `external` of AUDEX_EXTERNAL_ID.
    if OURS.contains(&name) {
        return Some(format!("a setting names `{name}`, which is this program's own"));
    }
    let is_secret = SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending));
    is_secret.then(|| {
        let name = name.escape_default();
        format!("a setting names `{name}`, which reads like a secret: ask for the capability `secret:NAME`")
    })
}

/// Returns true if `name` is a variable of the installed provider `id`, and none of this program's own.
pub(super) fn is_own(id: &str, name: &str) -> bool {
    name.starts_with(&prefix(id)) && !OURS.contains(&name)
}

/// Returns the beginning of the variables of an installed provider.
fn prefix(id: &str) -> String {
    format!("AUDEX_{}_", id.to_ascii_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::embedded;
    use crate::engine::Engine;
    use crate::provider::Provider;

    fn of(id: &str, env: &str) -> Option<String> {
        let setting =
            Setting { key: "x".to_owned(), description: String::new(), env: Some(env.to_owned()) };
        wrong(Source::Installed, id, &setting)
    }

    /// Returns this program's variables: the constants of the environment, and the ones that the built-in
    /// providers declare.
    fn ours() -> Vec<String> {
        let text = include_str!("../../../core/src/environment.rs");
        let quoted = text.split('"').filter(|part| part.starts_with("AUDEX_")).map(str::to_owned);
        let mut names: Vec<String> = quoted.collect();
        let engine = Engine::new().unwrap();
        for id in embedded::providers() {
            let loaded = embedded::find(id).unwrap().load(&engine).unwrap();
            let description =
                Provider::new(&engine, loaded, Backend::default()).unwrap().describe().unwrap();
            names.extend(description.settings.into_iter().filter_map(|setting| setting.env));
        }
        names.retain(|name| name.starts_with("AUDEX_"));
        names.push(audex_core::delivery::AUDEX_SESSION_ID.to_owned());
        names.sort();
        names.dedup();
        names
    }

    #[test]
    fn the_list_of_our_own_variables_is_whole_and_has_no_other() {
        assert_eq!(ours(), OURS);
    }

    #[test]
    fn an_added_provider_has_its_own_variables_and_none_that_is_ours() {
        assert_eq!(of("acme", "AUDEX_ACME_BUILDING"), None);
        assert_eq!(of("my-cloud", "AUDEX_MY_CLOUD_KEY_ID"), None);
        for name in OURS {
            let id = name.trim_start_matches("AUDEX_").rsplit_once('_').map_or("x", |(id, _)| id);
            assert!(of(&id.to_ascii_lowercase().replace('_', "-"), name).is_some(), "{name}");
        }
        assert!(of("acme", "AUDEX_OTHER_X").is_some() && of("acme", "HOME").is_some());
    }

    #[test]
    fn a_setting_of_an_added_provider_is_no_secret() {
        for name in
            ["AUDEX_ACME_TOKEN", "AUDEX_ACME_API_KEY", "AUDEX_ACME_APITOKEN", "AUDEX_ACME_PEM"]
        {
            assert!(of("acme", name).is_some_and(|wrong| wrong.contains("secret:NAME")), "{name}");
        }
    }
}
