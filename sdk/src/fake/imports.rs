//! Replacements for the generated imports, with the same types.

#![allow(missing_docs, clippy::missing_errors_doc, clippy::must_use_candidate, clippy::pedantic)]

/// Percent-encodes all characters except letters, digits and `-._~`.
fn form(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Escapes text for the inside of a JSON string.
fn json(text: &str) -> String {
    let character = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(character).collect()
}

pub mod secrets {
    #[derive(Debug)]
    pub struct Secret {
        pub(in crate::fake) text: String,
        /// `true` for a slot's own value, as in the host: only such a secret is a key for signatures.
        pub(in crate::fake) is_slots: bool,
    }

    #[derive(Debug)]
    pub enum Piece<'a> {
        Plain(String),
        Secret(&'a Secret),
        FormSecret(&'a Secret),
    }

    impl Secret {
        pub fn new(plain: &str) -> Self {
            Self::made(plain.to_owned())
        }

        pub(in crate::fake) fn made(text: String) -> Self {
            Self { text, is_slots: false }
        }

        pub fn join(pieces: &[Piece<'_>]) -> Self {
            let piece = |piece: &Piece<'_>| match piece {
                Piece::Plain(text) => text.clone(),
                Piece::Secret(secret) => secret.text.clone(),
                Piece::FormSecret(secret) => super::form(&secret.text),
            };
            Self::made(pieces.iter().map(piece).collect())
        }

        /// Returns a fake HMAC, which contains the message.
        pub fn hmac_sha256_base64(&self, message: &str) -> Option<Self> {
            Some(Self::made(format!("hmac({message})")))
        }

        // Only components run the generated code that moves handles.
        #[doc(hidden)]
        #[allow(unsafe_code)]
        pub unsafe fn from_handle(_handle: u32) -> Self {
            unreachable!("handles are of components")
        }
        #[doc(hidden)]
        pub fn take_handle(&self) -> u32 {
            unreachable!("handles are of components")
        }
        #[doc(hidden)]
        pub fn handle(&self) -> u32 {
            unreachable!("handles are of components")
        }
    }
}

pub mod http {
    pub use super::secrets::Secret;
    use crate::fake::{Sent, host, refused};
    pub use crate::provider::Error;

    #[derive(Debug)]
    pub enum Chunk<'a> {
        Plain(Vec<u8>),
        Secret(&'a Secret),
        FormSecret(&'a Secret),
        JsonSecret(&'a Secret),
    }
    #[derive(Debug)]
    pub struct Header<'a> {
        pub name: String,
        pub value: Vec<Chunk<'a>>,
    }
    #[derive(Clone, Debug)]
    pub struct Sigv4 {
        pub service: String,
        pub region: String,
    }
    #[derive(Clone, Debug)]
    pub struct HeaderKey {
        pub name: String,
        pub slot: String,
    }
    #[derive(Clone, Debug)]
    pub enum Auth {
        Aws(Sigv4),
        Bearer(String),
        Header(HeaderKey),
    }
    #[derive(Debug)]
    pub struct Request<'a> {
        pub method: String,
        pub url: String,
        pub headers: Vec<Header<'a>>,
        pub body: Vec<Chunk<'a>>,
        pub auth: Option<Auth>,
        pub lift: Vec<String>,
        pub timeout_ms: Option<u32>,
    }
    #[derive(Debug)]
    pub struct Response {
        pub status: u16,
        pub headers: Vec<(String, String)>,
        pub body: Vec<u8>,
        pub lifted: Vec<Option<Secret>>,
    }

    fn text(chunks: &[Chunk<'_>]) -> String {
        let text = |chunk: &Chunk<'_>| match chunk {
            Chunk::Plain(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Chunk::Secret(secret) => secret.text.clone(),
            Chunk::FormSecret(secret) => super::form(&secret.text),
            Chunk::JsonSecret(secret) => super::json(&secret.text),
        };
        chunks.iter().map(text).collect()
    }

    pub fn send(request: &Request<'_>) -> Result<Response, Error> {
        let auth = request.auth.as_ref().map(|auth| match auth {
            Auth::Aws(scope) => format!("aws {} {}", scope.service, scope.region),
            Auth::Bearer(slot) => format!("bearer {slot}"),
            Auth::Header(key) => format!("header {} {}", key.name, key.slot),
        });
        let sent = Sent {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request
                .headers
                .iter()
                .map(|one| (one.name.clone(), text(&one.value)))
                .collect(),
            body: text(&request.body),
            auth,
        };
        // The host is not borrowed during the call, so the answer may use it.
        let answer = host(|host| {
            host.sent.push(sent.clone());
            host.answer.take()
        });
        let Some(mut answer) = answer else {
            return Err(refused("unreachable", format!("nobody answers at {}", request.url)));
        };
        let reply = answer(&sent);
        host(|host| host.answer = Some(answer));
        let lifted =
            request.lift.iter().map(|at| Some(Secret::made(reply.secrets.get(at)?.clone())));
        let (lifted, body) = (lifted.collect(), reply.body.into_bytes());
        Ok(Response { status: reply.status, headers: reply.headers, body, lifted })
    }
}

pub mod sts {
    pub use super::secrets::Secret;
    use crate::fake::host;
    pub use crate::provider::Error;

    #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
    pub enum SourceKind {
        LongTerm,
        Temporary,
    }
    #[derive(Clone, Debug)]
    pub struct Identity {
        pub account: String,
        pub arn: String,
        pub user_id: String,
        pub clock_skew_seconds: Option<i64>,
    }
    #[derive(Clone, Debug)]
    pub struct RoleRequest {
        pub role_arn: String,
        pub session_name: String,
        pub policy: String,
        pub duration_seconds: u32,
        pub external_id: Option<String>,
    }
    #[derive(Debug)]
    pub struct Session {
        expires_at: u64,
        arn: Option<String>,
    }

    fn session(asked: String, seconds: u32, arn: Option<String>) -> Session {
        host(|host| {
            host.sts.push(asked);
            Session { expires_at: host.now.saturating_add(seconds.into()), arn }
        })
    }

    impl Session {
        pub fn access_key_id(&self) -> String {
            "ASIAFAKE".to_owned()
        }
        pub fn secret_access_key(&self) -> Secret {
            Secret::new("fake-secret-access-key")
        }
        pub fn session_token(&self) -> Secret {
            Secret::new("fake-session-token")
        }
        pub fn expires_at(&self) -> u64 {
            self.expires_at
        }
        pub fn arn(&self) -> Option<String> {
            self.arn.clone()
        }
        pub fn packed_policy_percent(&self) -> Option<u32> {
            None
        }
        pub fn scope_down(&self, policy: &str, duration_seconds: u32) -> Result<Session, Error> {
            Ok(session(format!("scope-down {policy}"), duration_seconds, self.arn.clone()))
        }
        pub fn federation_token(
            &self,
            name: &str,
            policy: &str,
            seconds: u32,
        ) -> Result<Session, Error> {
            Ok(session(format!("federation-token {name} {policy}"), seconds, None))
        }
        pub fn from_keys(
            access_key_id: &str,
            _secret_access_key: &Secret,
            _session_token: Option<&Secret>,
            expires_at: Option<u64>,
        ) -> Session {
            let mut made = session(format!("from-keys {access_key_id}"), 0, None);
            made.expires_at = expires_at.unwrap_or(made.expires_at);
            made
        }

        #[doc(hidden)]
        #[allow(unsafe_code)]
        pub unsafe fn from_handle(_handle: u32) -> Self {
            unreachable!("handles are of components")
        }
        #[doc(hidden)]
        pub fn take_handle(&self) -> u32 {
            unreachable!("handles are of components")
        }
        #[doc(hidden)]
        pub fn handle(&self) -> u32 {
            unreachable!("handles are of components")
        }
    }

    pub fn source() -> Result<SourceKind, Error> {
        Ok(SourceKind::Temporary)
    }
    pub fn region() -> String {
        "us-east-1".to_owned()
    }
    pub fn caller() -> Result<Identity, Error> {
        Ok(Identity {
            account: "123456789012".to_owned(),
            arn: "arn:aws:iam::123456789012:user/fake".to_owned(),
            user_id: "AIDAFAKE".to_owned(),
            clock_skew_seconds: None,
        })
    }
    pub fn assume_role(request: &RoleRequest) -> Result<Session, Error> {
        let asked = format!("assume-role {} {}", request.role_arn, request.policy);
        let arn = format!("{}/{}", request.role_arn, request.session_name);
        Ok(session(asked, request.duration_seconds, Some(arn)))
    }
    pub fn session_token(duration_seconds: u32) -> Result<Session, Error> {
        Ok(session("session-token".to_owned(), duration_seconds, None))
    }
    pub fn federation_token(name: &str, policy: &str, seconds: u32) -> Result<Session, Error> {
        Ok(session(format!("federation-token {name} {policy}"), seconds, None))
    }
    pub fn scope_down(policy: &str, duration_seconds: u32) -> Result<Session, Error> {
        Ok(session(format!("scope-down {policy}"), duration_seconds, None))
    }
}

pub mod identity {
    pub use super::secrets::Secret;
    use crate::fake::{host, refused};
    pub use crate::provider::Error;

    #[derive(Debug)]
    pub struct Bearer {
        pub value: Secret,
        pub expires_at: Option<u64>,
    }

    pub fn token(slot: &str, _scopes: &[String]) -> Result<Bearer, Error> {
        let found = host(|host| host.secrets.get(slot).cloned());
        let text = found.ok_or_else(|| refused("secret-unset", format!("`{slot}` is not set")))?;
        Ok(Bearer { value: Secret { text, is_slots: true }, expires_at: None })
    }
    pub fn whoami(slot: &str) -> Result<String, Error> {
        let found = host(|host| host.owners.get(slot).cloned());
        found.ok_or_else(|| refused("unknown-slot", format!("nobody is behind `{slot}`")))
    }
}

pub mod log {
    use crate::fake::host;

    #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
    pub enum Level {
        Debug,
        Info,
        Warn,
    }

    pub fn write(_level: Level, message: &str) {
        host(|host| host.logged.push(message.to_owned()));
    }
}

pub mod clock {
    pub fn now() -> u64 {
        crate::fake::host(|host| host.now)
    }
}

pub mod settings {
    pub fn get(key: &str) -> Option<String> {
        crate::fake::host(|host| host.settings.get(key).cloned())
    }
}

pub mod keys {
    pub use super::secrets::Secret;
    pub use crate::provider::Error;

    /// Returns a fake signature, which contains the algorithm. Like the host, it panics if the key is not a
    /// slot's own value.
    pub fn sign(key: &Secret, algorithm: &str, _message: &[u8]) -> Result<Secret, Error> {
        assert!(key.is_slots, "the host signs with a slot's own value alone");
        Ok(Secret::made(format!("signed-{algorithm}")))
    }
}

pub mod keep {
    pub use super::secrets::Secret;
    use crate::fake::host;

    pub fn put(name: &str, value: &Secret) {
        host(|host| host.kept.insert(name.to_owned(), value.text.clone()));
    }
    pub fn get(name: &str) -> Option<Secret> {
        host(|host| host.kept.get(name).cloned()).map(Secret::made)
    }
}

pub mod leases {
    pub use crate::provider::Error;

    /// Stores the lease; the real host writes it to the audit log before it answers.
    pub fn announce(lease: &str, _ends_at: u64) -> Result<(), Error> {
        crate::fake::host(|host| host.announced.push(lease.to_owned()));
        Ok(())
    }
}
