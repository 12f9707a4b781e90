//! AWS keys as a provider mints them in variables.

use audex_components::provider::{Description, Minted};
use audex_core::delivery::Value;
use audex_core::secret::Secret;

/// The variable of the access key id.
pub(crate) const ID: &str = "AWS_ACCESS_KEY_ID";
/// The variable of the secret access key.
pub(crate) const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
/// The variable of the session token.
pub(crate) const TOKEN: &str = "AWS_SESSION_TOKEN";

/// One set of AWS keys.
pub(crate) struct AwsKeys {
    pub id: String,
    pub secret: Secret,
    /// Absent for the keys of an IAM user.
    pub token: Option<Secret>,
}

impl AwsKeys {
    /// Returns the keys of `minted`, if they are its only credentials.
    ///
    /// Security: a secret in another place would still reach the command.
    pub(crate) fn of(minted: &Minted) -> Option<Self> {
        let is_secret_elsewhere = minted
            .variables
            .iter()
            .any(|(name, value)| matches!(value, Value::Secret(_)) && !is_key(name));
        let has_others = is_secret_elsewhere
            || !minted.files.is_empty()
            || !minted.endpoints.is_empty()
            || !minted.logins.git.is_empty();
        if has_others {
            return None;
        }
        let value = |wanted: &str| {
            minted.variables.iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
        };
        let secret = |name| value(name).map(|value| Secret::new(value.text().to_owned()));
        Some(Self {
            id: value(ID)?.text().to_owned(),
            secret: secret(SECRET)?,
            token: secret(TOKEN),
        })
    }
}

/// Returns true if `name` is the variable of a part of AWS keys.
pub(crate) fn is_key(name: &str) -> bool {
    matches!(name, ID | SECRET | TOKEN)
}

/// Returns true if the provider declares that it sets the variables of AWS keys.
pub(crate) fn are_declared(description: &Description) -> bool {
    [ID, SECRET].iter().all(|key| description.sets.iter().any(|name| name == key))
}
