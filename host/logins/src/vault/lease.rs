//! The leases of this run that have not ended, collected from the requests that passed.
//!
//! A component can be stopped after Vault issued a lease and before the component reports it.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

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
