//! Keys that no request can carry: the malformed part and its origin.
//!
//! The SDK panics on a key that is not a valid header value, so keys are checked before they sign anything.

use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;

use super::error::AwsError;
use super::source::Keys;
use audex_wire::sigv4::malformed;

impl Keys {
    /// Rejects keys that no request can carry.
    ///
    /// # Errors
    /// [`AwsError::SourceMalformed`], which names the part and its source, never the text.
    pub(crate) fn require_sendable(&self) -> Result<(), AwsError> {
        match malformed(self.credentials()) {
            Some((part, variable)) => {
                Err(AwsError::SourceMalformed { part, origin: self.origin(variable) })
            }
            None => Ok(()),
        }
    }

    /// Returns the origin of the keys, as far as the SDK reports it. `variable` is the environment variable
    /// of the part.
    fn origin(&self, variable: &'static str) -> &'static str {
        let features = self.credentials().get_property::<Vec<Feature>>();
        // The first feature is the source of these keys. A profile that led to the source comes later.
        match features.and_then(|features| features.first()) {
            Some(Feature::CredentialsEnvVars) => variable,
            Some(Feature::CredentialsProcess | Feature::CredentialsProfileProcess) => {
                "credential_process"
            }
            Some(Feature::CredentialsHttp) => "the container credential endpoint",
            Some(Feature::CredentialsImds) => "the instance metadata service",
            Some(
                Feature::CredentialsProfile
                | Feature::CredentialsProfileSourceProfile
                | Feature::CredentialsProfileNamedProvider,
            ) => "the profile in ~/.aws",
            Some(
                Feature::CredentialsSso
                | Feature::CredentialsProfileSso
                | Feature::CredentialsLogin
                | Feature::CredentialsProfileLogin,
            ) => "the sign-in",
            Some(_) => "STS",
            None => "the credential source",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audex_core::secret::Secret;

    fn said(id: &str, secret: &str, token: Option<&str>) -> Option<String> {
        let secret_of = |text: &str| Secret::new(text.to_owned());
        let keys = Keys::new(id, &secret_of(secret), token.map(secret_of).as_ref(), None);
        keys.require_sendable().err().map(|error| error.to_string())
    }

    #[test]
    fn keys_that_a_request_can_carry_are_taken() {
        assert_eq!(said("AKIAIOSFODNN7EXAMPLE", "wJalr/XUtn+FEMI=", None), None);
        assert_eq!(said("ASIAIOSFODNN7EXAMPLE", "wJalr/XUtn+FEMI=", Some("IQoJb3Jp//+=")), None);
        assert_eq!(said("AKIAIOSFODNN7EXAMPLE", "wJalr/XUtn+FEMI=", Some("")), None);
    }

    #[test]
    fn any_part_that_no_header_takes_is_named_and_not_repeated() {
        for odd in [
            "planted\n",
            "\rplanted",
            "plan\0ted",
            "plan ted",
            "plänted",
            "planted\u{202e}",
            "\u{feff}planted",
        ] {
            let parts = [
                (said(odd, "s", None), "access key id"),
                (said("AKIA", odd, None), "secret access key"),
                (said("AKIA", "s", Some(odd)), "session token"),
            ];
            for (said, part) in parts {
                let said = said.expect(part);
                assert!(
                    said.contains(part) && !said.contains("plan") && !said.contains("ted"),
                    "{said}"
                );
            }
        }
        assert!(said("", "s", None).is_some() && said("AKIA", "", None).is_some());
    }
}
