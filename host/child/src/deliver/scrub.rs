//! Removes all access to clouds from an environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::copy::{Secrets, holds_secret};
use super::view::views;
use super::{restriction, shape};
use audex_core::environment::Environment;
use audex_core::variable::family::FAMILIES;
use audex_core::variable::{identity_token, tool_family};

/// Returns the variables that the command may have. Removes the variables that give access by their name, the variables of `withheld`, the variables whose
/// value has the shape of a credential, and the variables that contain a copy of a removed secret
/// (`TF_VAR_key=$AWS_SECRET_ACCESS_KEY`).
#[must_use]
pub fn scrub(parent: &Environment, withheld: &[String]) -> BTreeMap<OsString, OsString> {
    let is_withheld = |name: &OsStr| withheld.iter().any(|one| OsStr::new(one) == name);
    let (kept, gone): (Vec<_>, Vec<_>) =
        parent.iter().partition(|(name, value)| passes(name, value) && !is_withheld(name));
    let mut secrets = Secrets::default();
    for (name, value) in &gone {
        let (name, is_withheld) = (name.to_string_lossy(), is_withheld(name));
        if is_withheld {
            secrets.add_whole(&name, value.as_bytes());
        } else {
            secrets.add(&name, value.as_bytes());
        }
    }
    let twins = Twins::of(&gone);
    kept.into_iter()
        .filter(|(name, value)| !twins.has(name, value) && !opens(&secrets, value))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Returns the sorted names of the variables whose values are not in `environment`, whatever removed them.
#[must_use]
pub fn removed(parent: &Environment, environment: &BTreeMap<OsString, OsString>) -> Vec<String> {
    let is_gone =
        |(name, value): &(&OsStr, &OsStr)| environment.get(*name).is_none_or(|own| own != value);
    let gone = parent.iter().filter(is_gone);
    let mut names: Vec<String> =
        gone.map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Returns true if the name of a variable gives no access, or if the variable restricts access.
fn passes(name: &OsStr, value: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_known = FAMILIES.iter().all(|family| family.passes(&name)) && tool_family::passes(&name);
    (is_known && !identity_token::is_named(&name))
        || restriction::restricts(&name, &value.to_string_lossy())
}

/// Returns true if a reading of the value has the shape of a credential or contains a removed secret.
fn opens(secrets: &Secrets, value: &OsStr) -> bool {
    views(value.as_bytes()).iter().any(|view| shape::of(view).is_some() || secrets.occur_in(view))
}

/// The settings that App Service repeats under a second name. If such a setting is a secret, both variables
/// are removed, even if the value is short.
struct Twins<'a>(Vec<(String, &'a OsStr)>);

impl<'a> Twins<'a> {
    fn of(gone: &[(&OsStr, &'a OsStr)]) -> Self {
        let twin = |(name, value): &(&OsStr, &'a OsStr)| {
            let setting = tool_family::repeated(name.to_str()?)?.to_owned();
            let is_secret = value.to_str().is_none_or(|value| holds_secret(&setting, value));
            is_secret.then_some((setting, *value))
        };
        Self(gone.iter().filter_map(twin).collect())
    }

    fn has(&self, name: &OsStr, value: &OsStr) -> bool {
        self.0.iter().any(|(setting, other)| name.eq_ignore_ascii_case(setting) && value == *other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed_from(parent: &Environment, withheld: &[String]) -> Vec<String> {
        removed(parent, &scrub(parent, withheld))
    }

    #[test]
    fn a_copy_of_a_removed_secret_is_removed_too() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let parent = Environment::from_pairs([
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("TF_VAR_secret", secret),
            ("BACKUP_URL", &format!("s3://key:{secret}@host")),
            ("AWS_PROFILE", "production-account-admin"),
            ("PROMPT", "production-account-admin"),
            ("OTHER", "x"),
        ]);
        let environment = scrub(&parent, &[]);
        assert_eq!(
            removed(&parent, &environment),
            ["AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "BACKUP_URL", "TF_VAR_secret"]
        );
        // The name of a profile is not a secret, so a variable that repeats the name stays.
        assert_eq!(environment.keys().collect::<Vec<_>>(), ["OTHER", "PROMPT"]);
    }

    #[test]
    fn what_components_mint_from_goes_with_every_copy() {
        let parent = Environment::from_pairs([
            ("SIGNER", "planted-secret-of-a-component"),
            ("COPY", "x planted-secret-of-a-component"),
            ("OTHER", "y"),
        ]);
        assert_eq!(
            removed_from(&parent, &["SIGNER".to_owned(), "UNSET".to_owned()]),
            ["COPY", "SIGNER"]
        );
    }

    #[test]
    fn a_short_value_is_not_looked_for() {
        let parent = Environment::from_pairs([("VAULT_TOKEN", "root"), ("HOME", "/root")]);
        assert_eq!(removed_from(&parent, &[]), ["VAULT_TOKEN"]);
    }

    #[test]
    fn a_copy_is_found_however_it_is_written() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let base64 = base64_simd::STANDARD.encode_to_string(format!("key:{secret}"));
        let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        for copy in [
            audex_core::percent::encode(secret),
            base64,
            hex,
            format!("{{\"k\":\"{}\"}}", secret.replace('/', "\\/")),
        ] {
            let parent = Environment::from_pairs([
                ("AWS_SECRET_ACCESS_KEY", secret),
                ("COPY", copy.as_str()),
            ]);
            assert_eq!(removed_from(&parent, &[]), ["AWS_SECRET_ACCESS_KEY", "COPY"], "{copy}");
        }
    }

    #[test]
    fn a_credential_under_any_name_is_removed_by_its_shape() {
        let connection =
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=0123456789abcdef0123456789==";
        for value in [connection.to_owned(), base64_simd::STANDARD.encode_to_string(connection)] {
            let parent =
                Environment::from_pairs([("STORAGE", value.as_str()), ("OTHER", "AccountName=a")]);
            assert_eq!(removed_from(&parent, &[]), ["STORAGE"], "{value}");
        }
        // A variable with a harmless name is removed if its value is a credential.
        let parent =
            Environment::from_pairs([("AWS_ENDPOINT_URL", "https://AKIAIOSFODNN7EXAMPLE:x@host")]);
        assert_eq!(removed_from(&parent, &[]), ["AWS_ENDPOINT_URL"]);
    }

    #[test]
    fn an_address_is_not_a_secret_whatever_its_variable_is_called() {
        let address = "http://127.0.0.1:6200";
        let parent = Environment::from_pairs([
            ("AUDEX_GCP_IAMCREDENTIALS_URL", address),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", &format!("{address}/storage/v1/")),
            ("GOOGLE_APPLICATION_CREDENTIALS", "/home/me/keys/service-account.json"),
            ("KEY_FILE", "/home/me/keys/service-account.json"),
        ]);
        let environment = scrub(&parent, &[]);
        assert_eq!(
            removed(&parent, &environment),
            ["AUDEX_GCP_IAMCREDENTIALS_URL", "GOOGLE_APPLICATION_CREDENTIALS"]
        );
    }

    #[test]
    fn the_twin_of_a_repeated_setting_goes_if_it_is_a_secret() {
        let parent = Environment::from_pairs([
            ("APPSETTING_DB_PASSWORD", "hunter2"),
            ("DB_PASSWORD", "hunter2"),
            ("APPSETTING_DB_URL", "postgres://u:p@db.example/x"),
            ("DB_URL", "postgres://u:p@db.example/x"),
            ("APPSETTING_WEBSITE_TIME_ZONE", "Europe/Zurich"),
            ("WEBSITE_TIME_ZONE", "Europe/Zurich"),
            ("APPSETTING_OTHER_TOKEN", "abc"),
            ("OTHER_TOKEN", "the user's own, set since"),
        ]);
        let environment = scrub(&parent, &[]);
        let kept: Vec<_> = environment.keys().collect();
        assert_eq!(kept, ["OTHER_TOKEN", "WEBSITE_TIME_ZONE"]);
    }

    #[test]
    fn what_restricts_passes_and_what_would_allow_does_not() {
        let parent = Environment::from_pairs([
            ("ARM_USE_CLI", "false"),
            ("ARM_USE_MSI", "true"),
            ("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "1"),
        ]);
        assert_eq!(removed_from(&parent, &[]), ["ARM_USE_MSI"]);
    }
}
