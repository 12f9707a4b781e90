//! Errors between this program and Vault before the component is called, sorted by what the caller does next.

use crate::token::Why;
use audex_core::shape::ConfiguredPath;
use audex_wire::roots::RootsError;

/// The reason why Vault could not be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// No address is configured.
    #[error("no address of a Vault server is configured")]
    NoAddress,
    /// The configured text is not an address.
    #[error("{address} is not an address of a Vault server")]
    Address {
        /// The address as a message shows it.
        address: String,
    },
    /// The token would be sent in clear text.
    #[error("refused to use {address}: a Vault token would be sent in clear")]
    PlainHttp {
        /// The address as a message shows it.
        address: String,
    },
    /// The namespace is not a valid header value.
    #[error("the Vault namespace has characters that cannot stand in a header")]
    Namespace,
    /// The mount is not a valid path.
    #[error("the `mount` under `auth` is not a mount path of a Vault auth method")]
    Mount,
    /// The certificate authorities cannot be used.
    #[error(transparent)]
    CaCert(#[from] RootsError),
    /// TLS cannot be set up.
    #[error("cannot set up the HTTP client for Vault")]
    Client(#[source] reqwest::Error),
    /// There is no token to log in with.
    #[error("no Vault token was found")]
    NoToken,
    /// The token has characters that no token has.
    #[error("the Vault token has characters that no token has")]
    MalformedToken,
    /// One half of an `AppRole` login is missing.
    #[error("the AppRole login has no {0}")]
    HalfAppRole(&'static str),
    /// The pod's token cannot be read.
    #[error("cannot read the service account token in {path}")]
    PodToken {
        /// The path of the token.
        path: ConfiguredPath,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Vault refused the request.
    #[error("Vault refused the {method} ({status}: {said})")]
    Refused {
        /// The request that was refused.
        method: &'static str,
        /// The HTTP status.
        status: u16,
        /// Vault's message, one line.
        said: String,
    },
    /// Vault did not answer.
    #[error("cannot reach Vault: {0}")]
    Unreachable(String),
    /// The answer to a request was not heard, so the request may have succeeded.
    #[error("no answer to the {method} was heard ({reason}), so it may have succeeded")]
    Unheard {
        /// The request that was not answered.
        method: &'static str,
        /// The reason in a few words.
        reason: String,
    },
    /// The answer is not one of Vault's.
    #[error("what answers at Vault's address does not answer as Vault")]
    BadReply,
}

impl VaultError {
    /// Returns one action that can help the user, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoAddress => Some("set VAULT_ADDR, or `address` in vault-config.toml"),
            Self::Address { .. } => {
                Some("it looks like `https://vault.example.com:8200`, without a path")
            }
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
            Self::Refused { said, .. } if said.contains("invalid secret id") => Some(
                "the SecretID has expired or was used up: have a new one issued and set VAULT_SECRET_ID",
            ),
            Self::Refused { said, .. } if said.contains("role") => {
                Some("compare the role with what the auth method has; is `mount` right?")
            }
            Self::Refused { status: 404, .. } => Some(
                "the auth method may be mounted elsewhere: set `mount` in `auth` of vault-config.toml",
            ),
            Self::Refused { status: 307, .. } => Some("point VAULT_ADDR at the active node"),
            Self::Refused { status: 403, .. } => Some(
                "the auth method refused: is the service account bound to the role, is the mount right?",
            ),
            Self::Unreachable(cause) if cause.contains("certificate") => Some(
                "set VAULT_CACERT to the PEM file of the authority that signed the server's certificate",
            ),
            Self::Unreachable(_) | Self::BadReply => Some("check VAULT_ADDR"),
            _ => None,
        }
    }

    /// Returns the meaning of the error for the caller, and its stable code in `lower-kebab-case`.
    #[must_use]
    pub fn sort(&self) -> (Why, &'static str) {
        match self {
            Self::NoAddress => (Why::Config, "no-vault-address"),
            Self::Address { .. } | Self::Namespace | Self::Mount => (Why::Config, "vault-address"),
            Self::PlainHttp { .. } => (Why::Config, "plain-http"),
            Self::CaCert(_) => (Why::Config, "vault-ca"),
            Self::NoToken | Self::MalformedToken | Self::HalfAppRole(_) | Self::PodToken { .. } => {
                (Why::Unavailable, "no-vault-token")
            }
            Self::Refused { status: 400 | 403, .. } => (Why::Denied, "vault-login-refused"),
            Self::Refused { said, .. } if said.contains("sealed") => (Why::Unavailable, "sealed"),
            Self::Refused { .. } | Self::BadReply => (Why::Unavailable, "vault-failed"),
            Self::Unreachable(_) | Self::Unheard { .. } | Self::Client(_) => {
                (Why::Unavailable, "vault-unreachable")
            }
        }
    }
}
