//! The `identity` import: tokens of granted slots, by handle only.

use std::sync::Arc;

use super::View;
use super::slot::{self, Holder};
use crate::bindings::provider::identity::{Bearer, Host};
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::import_error::{ImportError, plain_error};
use crate::logins::Logins;
use crate::network::Network;
use crate::resource::HeldSecret;

/// The context of the `identity` import.
pub(crate) struct Identity {
    pub network: Arc<Network>,
    pub logins: Arc<Logins>,
}

impl Host for View<'_, Identity> {
    fn token(&mut self, slot: String, scopes: Vec<String>) -> Result<Bearer, ImportError> {
        let (token, origin) = match slot.as_str() {
            "gcp" => self.gcp_token(&scopes)?,
            "azure" => self.azure_token(&scopes, Holder::Source)?,
            "azure-agent" => self.azure_token(&scopes, Holder::Agent)?,
            "vault" => self.vault_token()?,
            _ => self.variable_token(&slot)?,
        };
        let value = self.call.hold(HeldSecret::whole(token.value, origin))?;
        Ok(Bearer { value, expires_at: token.expires_at })
    }

    fn whoami(&mut self, slot: String) -> Result<String, ImportError> {
        let Identity { network, logins } = self.own;
        match slot.as_str() {
            "aws" => Ok(slot::aws_caller(self.call, network, logins)?.arn),
            "gcp" => self.gcp_identity(),
            "azure" => self.azure_identity(),
            "azure-agent" => self.azure_agent(),
            _ => Err(unknown_slot(&slot).into()),
        }
    }
}

/// Returns the error for a slot that has no token.
pub(super) fn unknown_slot(slot: &str) -> Error {
    let message = format!("this version has no token for the slot `{slot}`");
    plain_error(ErrorKind::Unsupported, "unknown-slot", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::CallContext;
    use crate::misbehaved::Misbehaved;
    use audex_core::environment::Environment;
    use audex_core::source::Source;
    use audex_logins::secret_source::SecretSources;
    use audex_logins::vault::VaultFile;

    fn trap<T>(answer: Result<T, ImportError>) -> Option<Misbehaved> {
        let Err(ImportError::Trap(trap)) = answer else { return None };
        trap.downcast().ok()
    }

    fn identity(environment: Environment) -> Identity {
        let logins =
            Logins::new(environment.into(), None, &VaultFile::default(), SecretSources::default());
        Identity { network: Arc::default(), logins: logins.into() }
    }

    #[test]
    fn a_slot_that_was_not_granted_gives_neither_a_token_nor_a_name() {
        let own = identity(Environment::from_pairs([("KEY", "planted")]));
        let mut call = CallContext::granted(Source::BuiltIn, &["secret:OTHER"]);
        let mut view = View::new(&mut call, &own);
        let scopes = || vec!["https://x.com/.default".to_owned()];
        for slot in ["gcp", "azure", "azure-agent", "vault", "secret:KEY"] {
            let answer = view.token(slot.to_owned(), scopes());
            assert!(matches!(trap(answer), Some(Misbehaved::NotGranted(_))), "{slot}");
        }
        for slot in ["aws", "gcp", "azure", "azure-agent"] {
            let answer = view.whoami(slot.to_owned());
            assert!(matches!(trap(answer), Some(Misbehaved::NotGranted(_))), "{slot}");
        }
        let unknown = view.token("other".to_owned(), scopes()).err().unwrap();
        assert_eq!(unknown.for_guest().unwrap().code, "unknown-slot");
    }

    #[test]
    fn a_granted_secret_is_given_by_handle_and_not_in_a_pure_call() {
        let own = identity(Environment::from_pairs([("KEY", "planted")]));
        let token = |call: &mut CallContext| {
            View::new(call, &own).token("secret:KEY".to_owned(), Vec::new())
        };
        assert!(token(&mut CallContext::granted(Source::Installed, &["secret:KEY"])).is_ok());
        assert!(matches!(
            trap(token(&mut CallContext::pure(&["secret:KEY"]))),
            Some(Misbehaved::Outside(_))
        ));
    }
}
