//! Variables of the clouds' own tools that may supply settings of built-in providers.
//!
//! Security: these variables name things and authenticate nothing. Any other name is refused, so no component can read a
//! secret here.

use crate::environment::{
    AZURE_CLOUD_NAME, AZURE_SUBSCRIPTION_ID, AZURE_TENANT_ID, CLOUDSDK_CORE_PROJECT, Environment,
    GOOGLE_CLOUD_PROJECT,
};

/// Each row: a provider, our own variable for one of its settings, and the variables that may replace it, in order.
const STAND_INS: [(&str, &str, &[&str]); 4] = [
    ("azure", "AUDEX_AZURE_CLOUD", &[AZURE_CLOUD_NAME]),
    ("gcp", "AUDEX_GCP_PROJECT", &[GOOGLE_CLOUD_PROJECT, CLOUDSDK_CORE_PROJECT]),
    ("azure", "AUDEX_AZURE_SUBSCRIPTION_ID", &[AZURE_SUBSCRIPTION_ID]),
    ("azure", "AUDEX_AZURE_TENANT_ID", &[AZURE_TENANT_ID]),
];

/// Returns true if a built-in provider may read a setting from `variable`.
#[must_use]
pub fn is_public_name(variable: &str) -> bool {
    STAND_INS.iter().any(|(_, _, names)| names.contains(&variable))
}

/// Returns the value of `variable` for the provider `id`; if it has none, the value of the first replacement that has one.
#[must_use]
pub fn value(environment: &Environment, id: &str, variable: &str) -> Option<String> {
    let stand_ins = STAND_INS.iter().find(|(owner, own, _)| (*owner, *own) == (id, variable));
    let names = std::iter::once(variable)
        .chain(stand_ins.into_iter().flat_map(|(_, _, names)| names.iter().copied()));
    names.into_iter().find_map(|name| environment.get(name)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_variable_comes_before_the_ecosystems() {
        let both = Environment::from_pairs([
            ("AUDEX_GCP_PROJECT", "ours"),
            (GOOGLE_CLOUD_PROJECT, "theirs"),
        ]);
        assert_eq!(value(&both, "gcp", "AUDEX_GCP_PROJECT").as_deref(), Some("ours"));
        let theirs = Environment::from_pairs([(CLOUDSDK_CORE_PROJECT, "theirs")]);
        assert_eq!(value(&theirs, "gcp", "AUDEX_GCP_PROJECT").as_deref(), Some("theirs"));
    }

    #[test]
    fn nothing_stands_in_for_another_providers_variable_and_no_secret_is_public() {
        let environment = Environment::from_pairs([(AZURE_TENANT_ID, "t")]);
        assert_eq!(value(&environment, "azure-tenant", "AUDEX_AZURE_TENANT_ID"), None);
        assert!(is_public_name(AZURE_TENANT_ID));
        for secret in [
            "AZURE_CLIENT_SECRET",
            "AWS_SECRET_ACCESS_KEY",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "HOME",
        ] {
            assert!(!is_public_name(secret), "{secret}");
        }
    }
}
