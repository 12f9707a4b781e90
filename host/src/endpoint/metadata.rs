//! A Compute Engine metadata server for one service account and one token.
//!
//! Source: Compute Engine, "About VM metadata" (header, paths) and what gcloud 528, gsutil 5.34 and google-auth 2.62 ask.
//! There is no secret a client could show: any process of this machine that finds the port can ask. It is why the port is
//! random and the server ends with the access.
//!
//! Beside it stands a token exchange for a credentials file of the type `external_account`, which every client library reads
//! before it looks anywhere else: with the file alone, and not with `GCE_METADATA_HOST`, a login in `~/.config/gcloud` stays
//! out of sight. It wants the session's secret. Source: Google's AIP-4117, URL-sourced credentials.

use serde_json::{Value, json};

use super::{Answer, Asked, same};
use crate::secret::Secret;

/// Every request and every reply carries it.
pub(super) const FLAVOR: (&str, &str) = ("metadata-flavor", "Google");

/// What the server tells.
#[derive(Debug)]
pub struct GceMetadata {
    /// The token.
    pub token: Secret,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// The service account.
    pub email: String,
    /// The project.
    pub project: Option<String>,
    /// Seconds since the Unix epoch.
    pub expires_at: u64,
    /// What the credentials file shows to get the token.
    pub subject: Secret,
}

/// Where the credentials file leads.
const SUBJECT_PATH: &str = "/audex/subject";
const EXCHANGE_PATH: &str = "/audex/token";
const SESSION_HEADER: &str = "x-audex-session";

impl GceMetadata {
    /// The credentials file for client libraries, of a server at `address`.
    pub(super) fn credentials_file(&self, address: &str) -> String {
        let file = json!({
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/0/locations/global/workloadIdentityPools/audex/providers/session",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("http://{address}{EXCHANGE_PATH}"),
            "credential_source": {
                "url": format!("http://{address}{SUBJECT_PATH}"),
                "headers": { "X-Audex-Session": self.subject.expose() },
                "format": { "type": "text" },
            },
        });
        file.to_string()
    }

    /// The exchange: the session's secret for the token.
    fn exchange(&self, asked: &Asked<'_>) -> Answer {
        let known = |shown: Option<String>| {
            same(shown.unwrap_or_default().as_bytes(), self.subject.expose().as_bytes())
        };
        match (asked.method, asked.path) {
            ("GET", SUBJECT_PATH) if known((asked.header)(SESSION_HEADER)) => {
                Answer::text(self.subject.expose())
            }
            ("POST", EXCHANGE_PATH) if known(Asked::field(asked.body, "subject_token")) => {
                let token = json!({
                    "access_token": self.token.expose(),
                    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                    "token_type": "Bearer",
                    "expires_in": self.expires_at.saturating_sub(asked.now),
                });
                Answer::json(200, &token)
            }
            _ => refused("This session's secret was not shown."),
        }
    }

    pub(super) fn answer(&self, asked: &Asked<'_>) -> Answer {
        if asked.path.starts_with("/audex/") {
            return self.exchange(asked);
        }
        // A page in a browser cannot set the first; a proxy sets the second. Source: the same page, "Limitations".
        let flavored = (asked.header)(FLAVOR.0).is_some_and(|value| value == FLAVOR.1);
        let root = asked.path.trim_end_matches('/').is_empty();
        if (asked.header)("x-forwarded-for").is_some() || (!flavored && !root) {
            return refused("Missing Metadata-Flavor:Google header.");
        }
        if asked.method != "GET" {
            return Answer { status: 405, ..refused("Only GET.") };
        }
        if root {
            return Answer::text("computeMetadata/\n");
        }
        let Some(path) = asked.path.strip_prefix("/computeMetadata/v1/") else { return missing() };
        match path.trim_end_matches('/') {
            "" => Answer::text("instance/\nproject/\n"),
            "project/project-id" => self.project.as_ref().map_or_else(missing, Answer::text),
            // Clients want a number here, and use it for nothing.
            "project/numeric-project-id" => Answer::text("0"),
            "universe/universe-domain" | "universe/universe_domain" => Answer::text("googleapis.com"),
            "instance/service-accounts" if asked.parameter("recursive").is_some() => {
                Answer::json(200, &json!({ "default": self.account(), self.email.clone(): self.account() }))
            }
            "instance/service-accounts" => Answer::text(format!("default/\n{}/\n", self.email)),
            path => match path.strip_prefix("instance/service-accounts/").and_then(|rest| self.own(rest)) {
                Some(what) => self.about(what, asked),
                None => missing(),
            },
        }
    }

    /// What is asked about this account: `default` or its email.
    fn own<'a>(&self, rest: &'a str) -> Option<&'a str> {
        let (account, what) = rest.split_once('/').unwrap_or((rest, ""));
        (account == "default" || account == self.email).then_some(what)
    }

    fn about(&self, what: &str, asked: &Asked<'_>) -> Answer {
        match what {
            "" if asked.parameter("recursive").is_some() => Answer::json(200, &self.account()),
            "" => Answer::text("aliases\nemail\nscopes\ntoken\n"),
            "email" => Answer::text(&self.email),
            "aliases" => Answer::text("default"),
            "scopes" => Answer::text(self.scopes.join("\n") + "\n"),
            "token" => self.token(asked),
            _ => missing(),
        }
    }

    fn token(&self, asked: &Asked<'_>) -> Answer {
        // Asking for less is no way to get less here; asking for more gets nothing.
        let wanted = asked.parameter("scopes").unwrap_or_default();
        let foreign = |scope: &&str| !scope.is_empty() && !self.scopes.iter().any(|own| own == scope);
        let platform = self.scopes.iter().any(|scope| scope == crate::gcp::PLATFORM_SCOPE);
        if let Some(scope) = wanted.split(',').map(str::trim).find(foreign).filter(|_| !platform) {
            return refused(&format!("this session's token does not have the scope {scope}"));
        }
        let token = json!({
            "access_token": self.token.expose(),
            "expires_in": self.expires_at.saturating_sub(asked.now),
            "token_type": "Bearer",
        });
        Answer::json(200, &token)
    }

    fn account(&self) -> Value {
        json!({ "aliases": ["default"], "email": self.email, "scopes": self.scopes })
    }
}

fn refused(why: &str) -> Answer {
    Answer { status: 403, kind: "text/plain", body: format!("{why}\n") }
}

fn missing() -> Answer {
    Answer { status: 404, kind: "text/plain", body: "not found\n".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_only";

    fn ask(path: &str, query: &str, headers: &[(&str, &str)]) -> Answer {
        call("GET", path, query, headers, "")
    }

    fn call(method: &str, path: &str, query: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let metadata = GceMetadata {
            token: Secret::new("ya29.planted".to_owned()),
            scopes: vec![SCOPE.to_owned()],
            email: "agent@p.iam.gserviceaccount.com".to_owned(),
            project: Some("p".to_owned()),
            expires_at: 1900,
            subject: Secret::new("session-secret".to_owned()),
        };
        let header = |name: &str| {
            headers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        metadata.answer(&Asked { method, path, query, header: &header, body, now: 1000 })
    }

    #[test]
    fn the_exchange_wants_the_sessions_secret() {
        let session = [("x-audex-session", "session-secret")];
        assert_eq!(ask("/audex/subject", "", &session).body, "session-secret");
        let exchange =
            |subject: &str| call("POST", "/audex/token", "", &[], &format!("a=b&subject_token={subject}"));
        assert!(exchange("session-secret").body.contains("ya29.planted"));
        assert_eq!((exchange("session-secreT").status, exchange("").status), (403, 403));
        assert_eq!(ask("/audex/subject", "", &[("x-audex-session", "other")]).status, 403);
        assert_eq!(ask("/audex/token", "subject_token=session-secret", &session).status, 403);
    }

    #[test]
    fn clients_that_know_the_header_get_what_a_machine_would_tell() {
        let flavor = [FLAVOR];
        let token = ask("/computeMetadata/v1/instance/service-accounts/default/token", "", &flavor);
        assert_eq!(token.body, r#"{"access_token":"ya29.planted","expires_in":900,"token_type":"Bearer"}"#);
        for (path, body) in [
            ("/computeMetadata/v1/project/project-id", "p"),
            (
                "/computeMetadata/v1/instance/service-accounts/default/email",
                "agent@p.iam.gserviceaccount.com",
            ),
            ("/computeMetadata/v1/universe/universe-domain", "googleapis.com"),
        ] {
            assert_eq!((ask(path, "", &flavor).status, ask(path, "", &flavor).body.as_str()), (200, body));
        }
        let all = ask("/computeMetadata/v1/instance/service-accounts/default/", "recursive=true", &flavor);
        assert!(all.body.contains(SCOPE) && !all.body.contains("ya29"), "{}", all.body);
    }

    #[test]
    fn without_the_header_by_way_of_a_proxy_and_for_other_accounts_nothing_is_told() {
        let path = "/computeMetadata/v1/instance/service-accounts/default/token";
        assert_eq!(ask(path, "", &[]).status, 403);
        assert_eq!(ask(path, "", &[("metadata-flavor", "google")]).status, 403);
        assert_eq!(ask(path, "", &[FLAVOR, ("x-forwarded-for", "10.0.0.1")]).status, 403);
        let other = "/computeMetadata/v1/instance/service-accounts/other@p.iam.gserviceaccount.com/token";
        assert_eq!(ask(other, "", &[FLAVOR]).status, 404);
    }

    #[test]
    fn a_scope_beyond_the_tokens_gets_none() {
        let path = "/computeMetadata/v1/instance/service-accounts/default/token";
        let ask =
            |scope: &str| ask(path, &format!("scopes={}", crate::percent::encode(scope)), &[FLAVOR]).status;
        assert_eq!((ask(SCOPE), ask("https://www.googleapis.com/auth/cloud-platform")), (200, 403));
    }
}
