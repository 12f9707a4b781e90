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
    /// Security: a secret in another place would still reach the command. A line end in a value would add settings to a
    /// credentials file, such as a program to run.
    pub(crate) fn of(minted: &Minted) -> Option<Self> {
        let is_secret_elsewhere = minted
            .variables
            .iter()
            .any(|(name, value)| matches!(value, Value::Secret(_)) && !is_key(name));
        let has_others = is_secret_elsewhere
            || !minted.files.is_empty()
            || !minted.endpoints.is_empty()
            || !minted.logins.git.is_empty();
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        let mut keys = minted.variables.iter().filter(|(name, _)| is_key(name));
        if has_others || !keys.all(|(_, value)| is_word(value.text())) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use audex_core::delivery::{SessionFile, ToolLogins};

    fn minted(variables: &[(&str, Value)]) -> Minted {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Minted {
            variables: variables.collect(),
            files: Vec::new(),
            endpoints: Vec::new(),
            logins: ToolLogins::default(),
            expires_at: 0,
            asked_seconds: None,
            scoped_policies: None,
            identity: None,
            credential_id: None,
            lease: None,
            settle: None,
            method: "test".to_owned(),
            notices: Vec::new(),
        }
    }

    fn secret(text: &str) -> Value {
        Value::Secret(Secret::new(text.to_owned()))
    }

    #[test]
    fn keys_are_taken_with_and_without_a_token_and_plain_variables_do_not_matter() {
        let id = || Value::Plain("ASIA1".to_owned());
        let region = ("AWS_REGION", Value::Plain("eu-west-1".to_owned()));
        let user = AwsKeys::of(&minted(&[(ID, id()), (SECRET, secret("s")), region])).unwrap();
        assert!(user.id == "ASIA1" && user.secret.expose() == "s" && user.token.is_none());
        let with = minted(&[(ID, id()), (SECRET, secret("s")), (TOKEN, secret("t/+="))]);
        assert_eq!(AwsKeys::of(&with).unwrap().token.unwrap().expose(), "t/+=");
        assert!(AwsKeys::of(&minted(&[(ID, id())])).is_none());
    }

    #[test]
    fn other_credentials_and_values_that_would_add_settings_are_refused() {
        let id = || Value::Plain("ASIA1".to_owned());
        for odd in ["s\ncredential_process = evil", "s\r", "", "a b", "é"] {
            assert!(AwsKeys::of(&minted(&[(ID, id()), (SECRET, secret(odd))])).is_none(), "{odd}");
            let of_id = minted(&[(ID, Value::Plain(odd.to_owned())), (SECRET, secret("s"))]);
            assert!(AwsKeys::of(&of_id).is_none(), "{odd}");
            let of_token = minted(&[(ID, id()), (SECRET, secret("s")), (TOKEN, secret(odd))]);
            assert!(AwsKeys::of(&of_token).is_none(), "{odd}");
        }
        let other = minted(&[(ID, id()), (SECRET, secret("s")), ("OTHER_TOKEN", secret("x"))]);
        assert!(AwsKeys::of(&other).is_none());
        let mut file = minted(&[(ID, id()), (SECRET, secret("s"))]);
        let (name, contents) = ("f".to_owned(), secret("x"));
        file.files.push(SessionFile { name, contents, variable: None });
        assert!(AwsKeys::of(&file).is_none());
    }
}
