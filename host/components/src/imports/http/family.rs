//! Hosts of one cloud between which what one of them gave may pass, for built-in components.

/// From where, and where to. The token that impersonation gives is narrowed by Google's own token service.
const PASSES: [(&str, &str); 1] = [("iamcredentials.googleapis.com", "sts.googleapis.com")];

/// Whether what `from` gave may be sent `to`.
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
