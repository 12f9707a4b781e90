//! Pairs of hosts of one cloud: a secret that one host gave may be sent to the other, for built-in
//! components.

/// The sending host and the receiving host. Google's own token service narrows the token that impersonation
/// gives.
const PASSES: [(&str, &str); 1] = [("iamcredentials.googleapis.com", "sts.googleapis.com")];

/// Returns `true` if a secret that `from` gave may be sent `to`.
pub(super) fn may_pass(from: &str, to: &str) -> bool {
    PASSES.contains(&(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impersonated_token_goes_to_the_service_that_narrows_it_and_nowhere_else() {
        assert!(may_pass("iamcredentials.googleapis.com", "sts.googleapis.com"));
        for (from, to) in [
            ("sts.googleapis.com", "iamcredentials.googleapis.com"),
            ("iamcredentials.googleapis.com", "storage.googleapis.com"),
            ("iamcredentials.googleapis.com", "sts.googleapis.com.evil.com"),
            ("storage.googleapis.com", "sts.googleapis.com"),
        ] {
            assert!(!may_pass(from, to), "{from} {to}");
        }
    }
}
