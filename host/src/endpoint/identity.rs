//! An App Service identity endpoint: tokens for its audiences, to whoever shows the session's secret.
//!
//! Source: Azure App Service, "How to use managed identities", REST endpoint reference (`2019-08-01`).

use serde_json::json;

use super::{Answer, Asked, same};
use crate::secret::Secret;

/// The path of the endpoint.
pub(super) const PATH: &str = "/msi/token";
const HEADER: &str = "x-identity-header";
const VERSION: &str = "2019-08-01";

/// A token for one audience.
#[derive(Debug)]
pub struct AudienceToken {
    /// As clients ask for it, without a slash at the end.
    pub audience: String,
    /// The token.
    pub token: Secret,
    /// Seconds since the Unix epoch.
    pub expires_at: u64,
}

/// What the endpoint answers.
#[derive(Debug)]
pub struct AppServiceIdentity {
    /// Tokens, and no other.
    pub tokens: Vec<AudienceToken>,
    /// The identity's client id, where it is known.
    pub client_id: Option<String>,
    /// What a client must show.
    pub header: Secret,
}

impl AppServiceIdentity {
    pub(super) fn answer(&self, asked: &Asked<'_>) -> Answer {
        let shown = (asked.header)(HEADER).unwrap_or_default();
        if !same(shown.as_bytes(), self.header.expose().as_bytes()) {
            return failed(401, "unauthorized", "the X-IDENTITY-HEADER is not this session's");
        }
        if asked.method != "GET"
            || asked.path != PATH
            || asked.parameter("api-version").as_deref() != Some(VERSION)
        {
            return failed(
                404,
                "not_found",
                "GET /msi/token?api-version=2019-08-01&resource=… is all there is",
            );
        }
        let wanted = asked.parameter("resource").unwrap_or_default();
        let audience = plain(&wanted);
        let Some(found) = self.tokens.iter().find(|token| plain(&token.audience) == audience) else {
            let message = format!("this session has no token for the audience `{audience}`");
            return failed(400, "invalid_resource", &message);
        };
        let token = json!({
            "access_token": found.token.expose(),
            "expires_on": found.expires_at.to_string(),
            "resource": wanted,
            "token_type": "Bearer",
            "client_id": self.client_id.clone().unwrap_or_default(),
        });
        Answer::json(200, &token)
    }
}

/// An audience, however it is asked for: with a slash at the end, or as a scope.
#[must_use]
pub fn plain(audience: &str) -> &str {
    audience.strip_suffix("/.default").unwrap_or(audience).trim_end_matches('/')
}

fn failed(status: u16, error: &str, description: &str) -> Answer {
    let body = json!({ "error": error, "error_description": description, "statusCode": status, "message": description });
    Answer::json(status, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(resource: &str, secret: &str) -> Answer {
        let identity = AppServiceIdentity {
            tokens: vec![AudienceToken {
                audience: "https://management.azure.com".to_owned(),
                token: Secret::new("eyJ.planted".to_owned()),
                expires_at: 1900,
            }],
            client_id: Some("id".to_owned()),
            header: Secret::new("session-secret".to_owned()),
        };
        let query = format!("api-version={VERSION}&resource={}", crate::percent::encode(resource));
        let header = |name: &str| (name == HEADER).then(|| secret.to_owned());
        identity.answer(&Asked {
            method: "GET",
            path: PATH,
            query: &query,
            header: &header,
            body: "",
            now: 1000,
        })
    }

    #[test]
    fn its_audience_is_answered_however_it_is_written() {
        for resource in [
            "https://management.azure.com",
            "https://management.azure.com/",
            "https://management.azure.com/.default",
            "https://management.azure.com//.default",
        ] {
            let answer = ask(resource, "session-secret");
            assert!(
                answer.status == 200 && answer.body.contains("eyJ.planted"),
                "{resource}: {}",
                answer.body
            );
        }
    }

    #[test]
    fn another_audience_and_another_secret_get_nothing() {
        assert_eq!(ask("https://vault.azure.net", "session-secret").status, 400);
        for secret in ["", "session-secreT", "session-secret2"] {
            assert_eq!(ask("https://management.azure.com", secret).status, 401);
        }
    }
}
