//! Variables of the clouds' own tools that settings of built-in providers may come from.
//!
//! Security: they name things and authenticate nothing. Another name is refused, so that no component reads a secret here.

use crate::environment::{
    AZURE_CLOUD_NAME, AZURE_SUBSCRIPTION_ID, AZURE_TENANT_ID, CLOUDSDK_CORE_PROJECT, Environment,
    GOOGLE_CLOUD_PROJECT,
};

/// Our own variable of a provider, and what stands in for it, in order.
const STAND_INS: [(&str, &str, &[&str]); 4] = [
    ("azure", "AUDEX_AZURE_CLOUD", &[AZURE_CLOUD_NAME]),
    ("gcp", "AUDEX_GCP_PROJECT", &[GOOGLE_CLOUD_PROJECT, CLOUDSDK_CORE_PROJECT]),
    ("azure", "AUDEX_AZURE_SUBSCRIPTION_ID", &[AZURE_SUBSCRIPTION_ID]),
    ("azure", "AUDEX_AZURE_TENANT_ID", &[AZURE_TENANT_ID]),
];

/// Whether a built-in provider may name `variable` as the place of a setting.
#[must_use]
pub fn is_public_name(variable: &str) -> bool {
    STAND_INS.iter().any(|(_, _, names)| names.contains(&variable))
}

/// The value of `variable` for a setting of the provider `id`, else that of the variable that stands in for it.
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
        let both = Environment::from_pairs([("AUDEX_GCP_PROJECT", "ours"), (GOOGLE_CLOUD_PROJECT, "theirs")]);
        assert_eq!(value(&both, "gcp", "AUDEX_GCP_PROJECT").as_deref(), Some("ours"));
        let theirs = Environment::from_pairs([(CLOUDSDK_CORE_PROJECT, "theirs")]);
        assert_eq!(value(&theirs, "gcp", "AUDEX_GCP_PROJECT").as_deref(), Some("theirs"));
    }

    #[test]
    fn nothing_stands_in_for_another_providers_variable_and_no_secret_is_public() {
        let environment = Environment::from_pairs([(AZURE_TENANT_ID, "t")]);
        assert_eq!(value(&environment, "azure-tenant", "AUDEX_AZURE_TENANT_ID"), None);
        assert!(is_public_name(AZURE_TENANT_ID));
        for secret in
            ["AZURE_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "GOOGLE_APPLICATION_CREDENTIALS", "HOME"]
        {
            assert!(!is_public_name(secret), "{secret}");
        }
    }
}
