//! The host's Vault client. It holds the login, and directs the component's requests to the configured
//! server.
//!
//! This module must not print, and passes a token on only as [`Secret`]. A token that this program logged in
//! for is revoked at the end, and its leases with it. A token of the user is never revoked.

mod address;
mod client;
mod config;
mod error;
mod lease;
mod login;
mod sender;
mod source;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Request, Url};
use tokio::task::JoinSet;
use vaultrs::api::token::requests::RevokeTokenSelfRequest;

use audex_core::environment::Environment;
use audex_core::secret::Secret;

use self::address::Address;
pub use self::config::{AuthFile, VaultFile};
pub use self::error::VaultError;
use self::lease::{End, Leases};
use self::login::Login;
use self::sender::Sender;
use self::source::Source;

/// The name by which the component knows the server. By RFC 6761, no host can have this name.
pub const HOST: &str = "vault.invalid";
/// The header that tells Vault that a request was meant for it (Vault API documentation,
/// "`X-Vault-Request`").
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");
const END_OF_LEASE: &str = "end of a lease";
/// The time limit for the answer to the end of a login or a lease. Two of them are less than the time for logging out
/// (`components/src/backend.rs`).
const END_TIME: Duration = Duration::from_secs(6);
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");

/// The Vault client of one run.
pub struct Vault {
    source: Source,
    client: OnceLock<reqwest::Client>,
    login: Mutex<Option<Login>>,
    leases: Leases,
}

impl Vault {
    /// Combines environment and file. Sends nothing and reads no file yet.
    #[must_use]
    pub fn new(environment: &Environment, file: &VaultFile) -> Self {
        Self {
            source: Source::new(environment, file),
            client: OnceLock::new(),
            login: Mutex::default(),
            leases: Leases::default(),
        }
    }

    /// Returns true if an address of Vault is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.source.address.is_some()
    }

    /// Returns true if there is a login to end.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.held().is_some()
    }

    /// Returns the token, and its end if known. Logs in at the first call. Must run inside Tokio.
    ///
    /// # Errors
    /// If no address or login is configured, or Vault refuses the login.
    pub async fn token(&self) -> Result<(Secret, Option<u64>), VaultError> {
        let known = |login: &Login| (login.token.clone(), login.expires_at);
        if let Some(login) = self.held().as_ref() {
            return Ok(known(login));
        }
        let login = login::log_in(&self.source.auth, &self.sender(None)?).await?;
        Ok(known(self.held().insert(login)))
    }

    /// Directs a request for [`HOST`] to the server.
    ///
    /// # Errors
    /// If no address is configured, or a token must not be sent to the address.
    pub fn route(&self, request: &mut Request) -> Result<(), VaultError> {
        let url = self.address()?.join(request.url());
        *request.url_mut() = url;
        request.headers_mut().insert(REQUEST, HeaderValue::from_static("true"));
        if let Some(namespace) = &self.source.namespace {
            let value = HeaderValue::from_str(namespace).map_err(|_| VaultError::Namespace)?;
            request.headers_mut().insert(NAMESPACE, value);
        }
        Ok(())
    }

    /// Returns the HTTP client for requests to the server.
    ///
    /// # Errors
    /// If no address is configured or TLS cannot be set up.
    pub fn client(&self) -> Result<&reqwest::Client, VaultError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let built = client::build(&self.address()?, self.source.ca_cert.as_ref())?;
        Ok(self.client.get_or_init(|| built))
    }

    /// Records which leases a request and its reply issued or ended.
    pub fn saw(&self, url: &Url, sent: &[u8], status: u16, reply: &[u8]) {
        if (200..300).contains(&status) {
            self.leases.saw(url.path(), sent, reply);
        }
    }

    /// Ends what is still valid: a login of this program and its leases with it, otherwise every lease that
    /// has not ended. Returns true if the login was ended, which certainly ends all leases. Must run inside
    /// Tokio.
    ///
    /// # Errors
    /// If Vault cannot be reached or refuses. The login or a lease is then still valid, or the error says that this is uncertain.
    pub async fn close(&self) -> Result<bool, VaultError> {
        self.close_within(END_TIME).await
    }

    /// Does the same as [`Self::close`], and waits for each answer for `time`.
    async fn close_within(&self, time: Duration) -> Result<bool, VaultError> {
        // If the end fails, the login is kept, so that another call tries again.
        let Some(login) = self.held().clone() else { return Ok(false) };
        let sender = self.sender(Some(&login.token))?;
        if login.is_ours {
            sender.end("end of the login", || RevokeTokenSelfRequest {}, time).await?;
            self.leases.forget();
        } else {
            self.end_leases(sender, time).await?;
        }
        self.held().take();
        Ok(login.is_ours)
    }

    /// Ends all leases at once, so that a lease whose end hangs does not keep the others.
    async fn end_leases(&self, sender: Sender, time: Duration) -> Result<(), VaultError> {
        let sender = Arc::new(sender);
        let mut ends = JoinSet::new();
        for lease in self.leases.left() {
            let sender = Arc::clone(&sender);
            ends.spawn(async move {
                let ended = sender.end(END_OF_LEASE, || End { lease: &lease }, time).await;
                (ended, lease)
            });
        }
        let mut failed = None;
        while let Some(ended) = ends.join_next().await {
            match ended {
                Ok((Ok(()), lease)) => self.leases.ended(&lease),
                Ok((Err(error), _)) => failed = failed.or(Some(error)),
                Err(panicked) => {
                    let reason = panicked.to_string();
                    let unheard = VaultError::Unheard { method: END_OF_LEASE, reason };
                    failed = failed.or(Some(unheard));
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn sender(&self, token: Option<&Secret>) -> Result<Sender, VaultError> {
        Sender::new(&self.source, &self.address()?, self.client()?, token)
    }

    fn address(&self) -> Result<Address, VaultError> {
        let text = self.source.address.as_deref().ok_or(VaultError::NoAddress)?;
        Address::parse(text)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Login>> {
        self.login.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use http_double::{Answer, Asked, Double};

    use super::*;

    const CUT_OFF: &str = "200 OK\r\ncontent-length: 9\r\ncontent-length: 8";

    fn vault(pairs: &[(&str, &str)]) -> Vault {
        Vault::new(&Environment::from_pairs(pairs.iter().copied()), &VaultFile::default())
    }

    #[test]
    fn a_request_keeps_its_path_and_gets_the_servers_address_and_headers() {
        let vault = vault(&[
            ("VAULT_ADDR", "https://vault.example.com:8200/"),
            ("VAULT_NAMESPACE", "team/"),
        ]);
        let url = "https://vault.invalid/v1/aws/sts/ci?x=1".parse().unwrap();
        let mut request = Request::new(reqwest::Method::PUT, url);
        vault.route(&mut request).unwrap();
        assert_eq!(request.url().as_str(), "https://vault.example.com:8200/v1/aws/sts/ci?x=1");
        assert_eq!(request.headers()["x-vault-namespace"], "team/");
        assert_eq!(request.headers()["x-vault-request"], "true");
    }

    #[test]
    fn without_an_address_nothing_is_sent_anywhere() {
        let vault = vault(&[("VAULT_TOKEN", "planted-token-of-the-user")]);
        assert!(!vault.is_configured());
        let mut request =
            Request::new(reqwest::Method::GET, "https://vault.invalid/v1/x".parse().unwrap());
        assert!(matches!(vault.route(&mut request), Err(VaultError::NoAddress)));
    }

    /// Closes a client of the double that has `leases`.
    fn closed(double: &Double, login: &[(&str, &str)], leases: &[&str], time: Duration) -> Ended {
        let address = ("VAULT_ADDR", double.endpoint.as_str());
        let pairs: Vec<_> = login.iter().copied().chain([address]).collect();
        let vault = vault(&pairs);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            vault.token().await.unwrap();
            for lease in leases {
                let reply = format!(r#"{{"lease_id":"{lease}"}}"#);
                vault.leases.saw("/v1/aws/sts/ci", b"", reply.as_bytes());
            }
            let answer = vault.close_within(time).await.map_err(|error| error.to_string());
            Ended { answer, left: vault.leases.left() }
        })
    }

    struct Ended {
        answer: Result<bool, String>,
        left: Vec<String>,
    }

    const USER: [(&str, &str); 1] = [("VAULT_TOKEN", "planted-token-of-the-user")];
    const APP_ROLE: [(&str, &str); 2] = [("VAULT_ROLE_ID", "r"), ("VAULT_SECRET_ID", "s")];

    fn no_content() -> Answer {
        Answer::new("204 No Content", "")
    }

    /// Answers the login, and then one of `answers` to each end of the login.
    fn with_login(answers: Vec<Answer>) -> Double {
        let login = serde_json::json!({
            "lease_id": "", "lease_duration": 0, "renewable": false, "request_id": "",
            "auth": {
                "client_token": "planted-token", "accessor": "", "policies": [], "token_policies": [],
                "lease_duration": 60, "renewable": false, "entity_id": "", "token_type": "service",
                "orphan": true,
            },
        });
        let login = Answer::new("200 OK", login.to_string());
        Double::scripted([vec![login], answers].concat())
    }

    #[test]
    fn a_lease_whose_end_hangs_does_not_keep_the_others() {
        let (last, hanging) = mpsc::channel::<()>();
        let hanging = Mutex::new(hanging);
        let double = Double::start(move |asked: &Asked| {
            if asked.body.contains("aws/1") {
                // The test never sends, and hangs up at its end.
                let _ = hanging.lock().unwrap().recv();
            }
            no_content()
        });
        let leases = ["aws/1", "aws/2", "aws/3"];
        let ended = closed(&double, &USER, &leases, Duration::from_millis(500));
        assert_eq!(ended.left, ["aws/1"]);
        let error = ended.answer.unwrap_err();
        assert_eq!(
            error,
            "no answer to the end of a lease was heard (operation timed out), so it may have succeeded"
        );
        drop(last);
    }

    #[test]
    fn an_end_that_was_not_heard_is_asked_for_again() {
        let invalid =
            r#"{"errors":["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}"#;
        let invalid = Answer::new("403 Forbidden", invalid);
        let denied = Answer::new("403 Forbidden", r#"{"errors":["permission denied"]}"#);
        let unheard = || Answer::new(CUT_OFF, "");
        let gateway = Answer::new("504 Gateway Timeout", "");
        let uncertain = "no answer to the end of the login was heard (";
        let time = Duration::from_secs(30);
        for (answers, expected) in [
            (vec![no_content()], Ok(true)),
            (vec![unheard(), no_content()], Ok(true)),
            (vec![unheard(), invalid.clone()], Ok(true)),
            (vec![gateway, invalid.clone()], Ok(true)),
            // The token may lack the policy for its own end.
            (vec![unheard(), denied.clone()], Err(uncertain)),
            (vec![unheard()], Err(uncertain)),
            (vec![denied], Err("Vault refused the end of the login (403: permission denied)")),
            (vec![invalid], Err("Vault refused the end of the login (403: 2 errors occurred:")),
        ] {
            let double = with_login(answers);
            let ended = closed(&double, &APP_ROLE, &[], time);
            match (ended.answer, expected) {
                (Ok(ended), Ok(expected)) => assert_eq!(ended, expected),
                (Err(error), Err(expected)) => assert!(error.starts_with(expected), "{error}"),
                (answer, _) => panic!("{answer:?}"),
            }
            assert!(double.asked().len() <= 3);
        }
    }

    #[test]
    fn a_login_with_an_endless_reply_is_refused() {
        let double = Double::scripted(vec![Answer::new("200 OK", vec![b' '; 300 * 1024])]);
        let pairs: Vec<_> =
            APP_ROLE.into_iter().chain([("VAULT_ADDR", double.endpoint.as_str())]).collect();
        let vault = vault(&pairs);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert!(matches!(runtime.block_on(vault.token()), Err(VaultError::BadReply)));
    }
}
