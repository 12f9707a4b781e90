//! Variables with which a user restricts tools. They are passed on only if their value restricts.
//!
//! Security: if the user has forbidden a tool an action outside, the action must stay forbidden inside.
//! Variables that isolation sets for every command (`deliver/isolation.rs`) are not repeated here.

use audex_core::variable::family::matches;

/// The values that vendors' tools read as true.
const YES: &[&str] = &["true", "1", "yes", "y", "on", "t"];
/// The values that vendors' tools read as false.
const NO: &[&str] = &["false", "0", "no", "n", "off", "f"];

/// Variables, each with the values that restrict.
const RESTRICTIONS: &[(&str, &[&str])] = &[
    // gcloud sends no credential, or passes no credential to gsutil. Source: `gcloud topic configurations`,
    // `auth`, `core`.
    ("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", YES),
    ("CLOUDSDK_CORE_PASS_CREDENTIALS_TO_GSUTIL", NO),
    // Tokens are requested for the client's own tenant only. Source: azure-identity, `_constants.py`.
    ("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH", YES),
    // Logins that Terraform's provider must not use. The login of the Azure CLI is on by default.
    // Source: terraform-provider-azurerm, "Provider: Authenticating", argument reference.
    ("ARM_USE_CLI", NO),
    ("ARM_USE_MSI", NO),
    ("ARM_USE_OIDC", NO),
    ("ARM_USE_AKS_WORKLOAD_IDENTITY", NO),
    // Programs that a credentials file names are not executed. Source: google-auth, `pluggable.py`.
    ("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", NO),
];

/// Returns true if the variable `name` restricts a tool when its value is `value`.
pub(super) fn restricts(name: &str, value: &str) -> bool {
    let value = value.trim();
    RESTRICTIONS.iter().any(|(pattern, values)| {
        matches(pattern, name) && values.iter().any(|one| one.eq_ignore_ascii_case(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_passes_with_the_value_that_restricts_and_with_no_other() {
        assert!(restricts("ARM_USE_CLI", "false") && restricts("arm_use_cli", " 0"));
        assert!(restricts("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "True"));
        for (name, value) in [
            ("ARM_USE_CLI", "true"),
            ("ARM_USE_MSI", "1"),
            ("ARM_USE_MSI", ""),
            ("ARM_USE_MSI", "falsehood"),
            ("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1"),
            ("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "false"),
            ("ARM_CLIENT_SECRET", "false"),
        ] {
            assert!(!restricts(name, value), "{name}={value}");
        }
    }
}
