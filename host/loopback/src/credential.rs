//! The keys of the loopback cloud, and the principals who own them.

use std::sync::Arc;

use super::LoopbackError;
use crate::iam::PolicyDocument;
use audex_core::random;
use audex_core::secret::Secret;

/// The alphabet of secret keys and tokens.
const SECRET_ALPHABET: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// The length of a secret access key, as at AWS.
const SECRET_LENGTH: usize = 40;
/// The length of the random part of a session token: near the size of real tokens.
const TOKEN_LENGTH: usize = 352;
/// The prefix of session tokens.
const TOKEN_PREFIX: &str = "IQoJ";

/// The kind of identity that signed a request; it determines which STS calls are permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An IAM user with its long-term key.
    User,
    /// An IAM user's `GetSessionToken` session.
    UserSession,
    /// A role session.
    AssumedRole,
    /// A `GetFederationToken` session.
    Federated,
}

/// The owner of a key, with its permissions: the union of `identity`, intersected with each of `limits`.
#[derive(Clone, Debug)]
pub(super) struct Principal {
    pub(super) kind: Kind,
    /// The ARN that `GetCallerIdentity` returns.
    pub(super) arn: String,
    /// `aws:PrincipalArn`: for a role session, the ARN of the role.
    pub(super) identity_arn: String,
    /// `aws:userid`.
    pub(super) user_id: String,
    /// `aws:username`; `None` for principals that are not users.
    pub(super) user_name: Option<String>,
    pub(super) identity: Vec<PolicyDocument>,
    pub(super) limits: Vec<PolicyDocument>,
    /// The number of policies in `limits` that came from `GetScopedCredentials`.
    pub(super) scoped_policies: u32,
}

/// A key; for a session, with its token and its end.
#[derive(Debug)]
pub(super) struct Credential {
    pub(super) id: String,
    pub(super) secret: Secret,
    pub(super) session: Option<Session>,
    pub(super) principal: Arc<Principal>,
}

/// The part of a credential that only sessions have.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) token: Secret,
    /// Unix seconds.
    pub(super) issued: u64,
    /// Unix seconds; the session is invalid from then on.
    pub(super) expires: u64,
}

impl Credential {
    /// Makes a session key of `principal` whose token has at least `token_bytes` bytes.
    pub(super) fn session(
        principal: Arc<Principal>,
        issued: u64,
        expires: u64,
        token_bytes: usize,
    ) -> Result<Self, LoopbackError> {
        let random = token_bytes.saturating_sub(TOKEN_PREFIX.len()).max(TOKEN_LENGTH);
        let token = Secret::new(format!("{TOKEN_PREFIX}{}", random_text(random, SECRET_ALPHABET)?));
        let session = Session { token, issued, expires };
        Ok(Self {
            id: unique_id("ASIA")?,
            secret: secret_key()?,
            session: Some(session),
            principal,
        })
    }
}

/// Makes a random id: `prefix`, such as `AKIA`, and 16 characters.
pub(super) fn unique_id(prefix: &str) -> Result<String, LoopbackError> {
    Ok(format!("{prefix}{}", random_text(16, random::ID)?))
}

pub(super) fn secret_key() -> Result<Secret, LoopbackError> {
    random_text(SECRET_LENGTH, SECRET_ALPHABET).map(Secret::new)
}

fn random_text<const N: usize>(length: usize, alphabet: &[u8; N]) -> Result<String, LoopbackError> {
    random::text(length, alphabet).map_err(LoopbackError::Random)
}
