//! The requests of components that may be repeated.

use reqwest::Method;

use audex_logins::vault::HOST as VAULT;

/// Hosts whose POST requests create a token. A second token does no harm: it expires by itself, and is not
/// given to anyone.
const HARMLESS_POSTS: [&str; 2] = ["iamcredentials.googleapis.com", "sts.googleapis.com"];
/// The AWS error codes for throttling in the body of a 400. Source: AWS SDKs and Tools reference, "Retry
/// behavior".
const THROTTLING: [&str; 3] = ["ThrottlingException", "Throttling", "TooManyRequestsException"];

/// The effect of sending a request once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The second request changes nothing more.
    None,
    /// The second request may repeat the effect, unless the server says that it did nothing.
    Perhaps,
    /// Vault creates a lease for each request: only a request that Vault rejected before processing may be
    /// repeated.
    Lease,
    /// The status is the answer: a standby node reports its health as 429.
    Health,
}

impl Effect {
    /// Returns the effect of a request to `host`, as the component named it.
    pub(super) fn of(method: &Method, host: &str, path: &str) -> Self {
        let (harmless, is_vault) = (HARMLESS_POSTS.contains(&host), host == VAULT);
        match *method {
            _ if is_vault && path.ends_with("/sys/health") => Self::Health,
            _ if is_vault => Self::Lease,
            Method::GET | Method::HEAD | Method::PUT | Method::DELETE => Self::None,
            Method::POST if harmless => Self::None,
            _ => Self::Perhaps,
        }
    }

    /// Returns `true` if a request with this reply may be repeated.
    pub(super) fn may_repeat(self, status: u16, body: &[u8]) -> bool {
        match self {
            Self::Health => false,
            // A sealed Vault returns 503, and stays sealed.
            Self::Lease => status == 429,
            // Anthropic returns 529 for "overloaded".
            Self::Perhaps => matches!(status, 429 | 503 | 529) || is_throttled(status, body),
            Self::None => matches!(status, 429 | 500 | 502..=504) || is_throttled(status, body),
        }
    }
}

fn is_throttled(status: u16, body: &[u8]) -> bool {
    let holds = |word: &&str| body.windows(word.len()).any(|window| window == word.as_bytes());
    status == 400 && THROTTLING.iter().any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(method: &Method, url: &str) -> Effect {
        let url = reqwest::Url::parse(url).unwrap();
        Effect::of(method, url.host_str().unwrap(), url.path())
    }

    #[test]
    fn a_lease_of_vault_is_never_made_twice() {
        let put = effect(&Method::PUT, "https://vault.invalid/v1/aws/creds/ci");
        assert!(
            !put.may_repeat(503, b"") && !put.may_repeat(500, b"") && !put.may_repeat(502, b"")
        );
        assert!(put.may_repeat(429, b""));
        let health = effect(&Method::GET, "https://vault.invalid/v1/sys/health");
        assert!(!health.may_repeat(429, b"") && !health.may_repeat(503, b""));
    }

    #[test]
    fn what_can_be_sent_twice_is_repeated_after_failures_of_the_server_and_nothing_else() {
        let get = effect(&Method::GET, "https://management.azure.com/subscriptions");
        assert!([429, 500, 502, 503, 504].iter().all(|status| get.may_repeat(*status, b"")));
        assert!(
            [200, 400, 401, 403, 404, 409, 501].iter().all(|status| !get.may_repeat(*status, b""))
        );
        let mint =
            effect(&Method::POST, "https://iamcredentials.googleapis.com/v1/x:generateAccessToken");
        assert!(mint.may_repeat(500, b""));
        let post = effect(&Method::POST, "https://api.example.com/things");
        assert!(
            !post.may_repeat(500, b"") && !post.may_repeat(502, b"") && post.may_repeat(503, b"")
        );
    }

    #[test]
    fn throttling_by_aws_hides_in_a_400() {
        let post = effect(&Method::POST, "https://cloudtrail.eu-west-1.amazonaws.com/");
        assert!(post.may_repeat(400, br#"{"__type":"ThrottlingException"}"#));
        assert!(!post.may_repeat(400, br#"{"__type":"InvalidTimeRangeException"}"#));
    }
}
