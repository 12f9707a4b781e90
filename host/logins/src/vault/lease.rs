//! The leases of this run that have not been ended, known from the requests that went by.
//!
//! A component can be stopped between what Vault issued and what it would have told of it.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// Ends one lease (Vault API documentation, `sys/leases`).
pub(crate) const REVOKE_PATH: &str = "/v1/sys/leases/revoke";

/// Their ids, which are no secrets.
#[derive(Default)]
pub struct Leases(Mutex<Vec<String>>);

impl Leases {
    /// Looks at a request that Vault granted.
    pub fn saw(&self, path: &str, sent: &[u8], reply: &[u8]) {
        if path == REVOKE_PATH {
            if let Some(lease) = lease_id(sent) {
                self.ended(&lease);
            }
        } else if let Some(lease) = lease_id(reply) {
            self.list().push(lease);
        }
    }

    /// Forgets one that was ended.
    pub fn ended(&self, lease: &str) {
        self.list().retain(|left| left != lease);
    }

    /// Forgets all: their token was revoked.
    pub fn forget(&self) {
        self.list().clear();
    }

    /// Those that are left.
    pub fn left(&self) -> Vec<String> {
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
        leases.saw("/v1/aws/sts/ci", b"{\"ttl\":\"900s\"}", br#"{"lease_id":"aws/sts/ci/1","data":{}}"#);
        leases.saw("/v1/aws/sts/ci", b"", br#"{"lease_id":"aws/sts/ci/2","data":{}}"#);
        leases.saw("/v1/auth/token/lookup-self", b"", br#"{"lease_id":"","data":{}}"#);
        assert_eq!(leases.left(), ["aws/sts/ci/1", "aws/sts/ci/2"]);
        leases.saw(REVOKE_PATH, br#"{"lease_id":"aws/sts/ci/1","sync":true}"#, b"");
        assert_eq!(leases.left(), ["aws/sts/ci/2"]);
        leases.forget();
        assert!(leases.left().is_empty());
    }
}
