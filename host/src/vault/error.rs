//! What can go wrong between this program and Vault before the component is asked, sorted by what the caller does next.

use rustify::errors::ClientError as RestError;
use vaultrs::error::ClientError;

use crate::plugin::bindings::provider::types::{Error, ErrorKind};
use crate::roots::RootsError;
use crate::shape::ConfiguredPath;

/// Why Vault could not be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Nobody said where it is.
    #[error("no address of a Vault server is configured")]
    NoAddress,
    /// It is no address.
    #[error("{address} is not an address of a Vault server")]
    Address {
        /// How a message names it.
        address: String,
    },
    /// The token would be readable on the way.
    #[error("refused to use {address}: a Vault token would be sent in clear")]
    PlainHttp {
        /// How a message names it.
        address: String,
    },
    /// No text for a header.
    #[error("the Vault namespace has characters that cannot stand in a header")]
    Namespace,
    /// No text for a path.
    #[error("the `mount` under `auth` is not a mount path of a Vault auth method")]
    Mount,
    /// The certificate authorities cannot be used.
    #[error(transparent)]
    CaCert(#[from] RootsError),
    /// TLS cannot be set up.
    #[error("cannot set up the HTTP client for Vault")]
    Client(#[source] reqwest::Error),
    /// Nothing to log in with.
    #[error("no Vault token was found")]
    NoToken,
    /// A token that cannot be one.
    #[error("the Vault token has characters that no token has")]
    MalformedToken,
    /// Half of an `AppRole`.
    #[error("the AppRole login has no {0}")]
    HalfAppRole(&'static str),
    /// The pod's token cannot be read.
    #[error("cannot read the service account token in {path}")]
    PodToken {
        /// Where it should be.
        path: ConfiguredPath,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Vault answered, and refused.
    #[error("Vault refused the {method} ({status}: {said})")]
    Refused {
        /// What was tried.
        method: &'static str,
        /// HTTP status.
        status: u16,
        /// Vault's words, one line.
        said: String,
    },
    /// No answer.
    #[error("cannot reach Vault: {0}")]
    Unreachable(String),
    /// An answer that is none of Vault's.
    #[error("what answers at Vault's address does not answer as Vault")]
    BadReply,
}

impl VaultError {
    /// The error of `method` as the client library tells it. Security: never its content, which may hold a token.
    pub(super) fn of(method: &'static str, error: ClientError) -> Self {
        match error {
            ClientError::APIError { code, errors } => {
                let said = errors.join("; ").split_whitespace().collect::<Vec<_>>().join(" ");
                Self::Refused { method, status: code, said }
            }
            ClientError::RestClientError { source: RestError::RequestError { source, .. } } => {
                let causes: Vec<String> = source.chain().skip(1).map(ToString::to_string).collect();
                Self::Unreachable(causes.last().cloned().unwrap_or_else(|| "no answer".to_owned()))
            }
            ClientError::RestClientError { source: RestError::ServerResponseError { code, .. } } => {
                Self::Refused { method, status: code, said: "no reason given".to_owned() }
            }
            _ => Self::BadReply,
        }
    }

    /// What to do.
    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoAddress => Some("set VAULT_ADDR, or `address` in vault-config.toml"),
            Self::Address { .. } => Some("it looks like `https://vault.example.com:8200`, without a path"),
            Self::PlainHttp { .. } => Some("use https; plain http is for 127.0.0.1 only"),
            Self::NoToken => Some(
                "set VAULT_TOKEN, run `vault login`, or set `auth` in vault-config.toml to `approle` or `kubernetes`",
            ),
            Self::MalformedToken => Some("VAULT_TOKEN or ~/.vault-token holds more than a token"),
            Self::HalfAppRole(_) => Some(
                "set VAULT_ROLE_ID and VAULT_SECRET_ID, or `role_id` and `secret_id` in vault-config.toml",
            ),
            Self::PodToken { .. } => Some(
                "outside a pod there is none; else set `token_path` in vault-config.toml, or AUDEX_K8S_TOKEN_PATH",
            ),
            Self::Refused { said, .. } if said.contains("sealed") => {
                Some("somebody with the keys has to unseal it (`vault operator unseal`)")
            }
            Self::Refused { said, .. } if said.contains("invalid secret id") => {
                Some("the SecretID has expired or was used up: have a new one issued and set VAULT_SECRET_ID")
            }
            Self::Refused { said, .. } if said.contains("role") => {
                Some("compare the role with what the auth method has; is `mount` right?")
            }
            Self::Refused { status: 404, .. } => {
                Some("the auth method may be mounted elsewhere: set `mount` in `auth` of vault-config.toml")
            }
            Self::Refused { status: 307, .. } => Some("point VAULT_ADDR at the active node"),
            Self::Refused { status: 403, .. } => {
                Some("the auth method refused: is the service account bound to the role, is the mount right?")
            }
            Self::Unreachable(cause) if cause.contains("certificate") => {
                Some("set VAULT_CACERT to the PEM file of the authority that signed the server's certificate")
            }
            Self::Unreachable(_) | Self::BadReply => Some("check VAULT_ADDR"),
            _ => None,
        }
    }

    fn sort(&self) -> (ErrorKind, &'static str) {
        match self {
            Self::NoAddress => (ErrorKind::InvalidInput, "no-vault-address"),
            Self::Address { .. } | Self::Namespace | Self::Mount => {
                (ErrorKind::InvalidInput, "vault-address")
            }
            Self::PlainHttp { .. } => (ErrorKind::InvalidInput, "plain-http"),
            Self::CaCert(_) => (ErrorKind::InvalidInput, "vault-ca"),
            Self::NoToken | Self::MalformedToken | Self::HalfAppRole(_) | Self::PodToken { .. } => {
                (ErrorKind::Unavailable, "no-vault-token")
            }
            Self::Refused { status: 400 | 403, .. } => (ErrorKind::Denied, "vault-login-refused"),
            Self::Refused { said, .. } if said.contains("sealed") => (ErrorKind::Unavailable, "sealed"),
            Self::Refused { .. } | Self::BadReply => (ErrorKind::Unavailable, "vault-failed"),
            Self::Unreachable(_) | Self::Client(_) => (ErrorKind::Unavailable, "vault-unreachable"),
        }
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        let (kind, code) = error.sort();
        let mut message = error.to_string();
        if let Some(cause) = std::error::Error::source(&error) {
            message = format!("{message}: {cause}");
        }
        Self { kind, code: code.to_owned(), message, hint: error.hint().map(ToOwned::to_owned) }
    }
}
