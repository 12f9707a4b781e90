//! The leases of this run that have not ended, collected from the requests that passed.
//!
//! A component can be stopped after Vault issued a lease and before the component reports it.

use std::sync::{Mutex, PoisonError};

use rustify::Endpoint;
use rustify::enums::{RequestMethod, RequestType, ResponseType};
use rustify::errors::ClientError;
use serde_json::{Value, json};

/// The path that ends one lease (Vault API documentation, `sys/leases`).
pub(crate) const REVOKE_PATH: &str = "/v1/sys/leases/revoke";

/// The ids of the leases. An id is not a secret.
#[derive(Default)]
pub(super) struct Leases(Mutex<Vec<String>>);

impl Leases {
    /// Records the lease that a successful request issued or ended.
    pub(super) fn saw(&self, path: &str, sent: &[u8], reply: &[u8]) {
        if path == REVOKE_PATH {
            if let Some(lease) = lease_id(sent) {
                self.ended(&lease);
            }
        } else if let Some(lease) = lease_id(reply) {
            self.list().push(lease);
        }
    }

    /// Removes a lease that has ended.
    pub(super) fn ended(&self, lease: &str) {
        self.list().retain(|left| left != lease);
    }

    /// Removes all leases, because their token was revoked.
    pub(super) fn forget(&self) {
        self.list().clear();
    }

    /// Returns the leases that have not ended.
    pub(super) fn left(&self) -> Vec<String> {
        self.list().clone()
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The request that ends one lease, which `vaultrs` does not have.
pub(super) struct End<'a> {
    pub lease: &'a str,
}

impl Endpoint for End<'_> {
    type Response = ();

    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    /// Returns the path without the version, which the client adds.
    fn path(&self) -> String {
        REVOKE_PATH.trim_start_matches("/v1/").to_owned()
    }

    fn method(&self) -> RequestMethod {
        RequestMethod::PUT
    }

    fn body(&self) -> Result<Option<Vec<u8>>, ClientError> {
        Ok(Some(json!({ "lease_id": self.lease, "sync": true }).to_string().into_bytes()))
    }
}

fn lease_id(json: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(json).ok()?;
    let lease = document.get("lease_id")?.as_str()?;
    (!lease.is_empty()).then(|| lease.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_known_until_it_is_ended() {
        let leases = Leases::default();
        leases.saw(
            "/v1/aws/sts/ci",
            b"{\"ttl\":\"900s\"}",
            br#"{"lease_id":"aws/sts/ci/1","data":{}}"#,
        );
        leases.saw("/v1/aws/sts/ci", b"", br#"{"lease_id":"aws/sts/ci/2","data":{}}"#);
        leases.saw("/v1/auth/token/lookup-self", b"", br#"{"lease_id":"","data":{}}"#);
        assert_eq!(leases.left(), ["aws/sts/ci/1", "aws/sts/ci/2"]);
        leases.saw(REVOKE_PATH, br#"{"lease_id":"aws/sts/ci/1","sync":true}"#, b"");
        assert_eq!(leases.left(), ["aws/sts/ci/2"]);
        leases.forget();
        assert!(leases.left().is_empty());
    }
}
