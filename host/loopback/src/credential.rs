//! Keys of the loopback cloud and the principals they belong to.

use std::sync::Arc;

use super::LoopbackError;
use crate::iam::PolicyDocument;
use audex_core::secret::Secret;

/// Characters of access key ids and unique ids.
const ID_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Characters of secret keys and tokens.
const SECRET_ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Length of a secret access key, as AWS makes them.
const SECRET_LENGTH: usize = 40;
/// Length of the random part of a session token: near the size real clients meet.
const TOKEN_LENGTH: usize = 352;
/// How session tokens begin.
const TOKEN_PREFIX: &str = "IQoJ";

/// What kind of identity signed a request; it decides which STS calls are open to it.
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

/// Who a key belongs to, and what it may do: the union of `identity`, cut by each of `limits`.
#[derive(Clone, Debug)]
pub(super) struct Principal {
    pub(super) kind: Kind,
    /// The ARN `GetCallerIdentity` shows.
    pub(super) arn: String,
    /// `aws:PrincipalArn`: for a role session the role's own.
    pub(super) identity_arn: String,
    /// `aws:userid`.
    pub(super) user_id: String,
    /// `aws:username`, of users only.
    pub(super) user_name: Option<String>,
    pub(super) identity: Vec<PolicyDocument>,
    pub(super) limits: Vec<PolicyDocument>,
    /// How many of `limits` came from `GetScopedCredentials`.
    pub(super) scoped_policies: u32,
}

/// A key, and for a session its token and end.
#[derive(Debug)]
pub(super) struct Credential {
    pub(super) id: String,
    pub(super) secret: Secret,
    pub(super) session: Option<Session>,
    pub(super) principal: Arc<Principal>,
}

/// The temporary half of a credential.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) token: Secret,
    /// Unix seconds.
    pub(super) issued: u64,
    /// Unix seconds; from then on the session is dead.
    pub(super) expires: u64,
}

impl Credential {
    /// Makes a session key of `principal` whose token has `token_bytes` or more.
    pub(super) fn session(
        principal: Arc<Principal>,
        issued: u64,
        expires: u64,
        token_bytes: usize,
    ) -> Result<Self, LoopbackError> {
        let random = token_bytes.saturating_sub(TOKEN_PREFIX.len()).max(TOKEN_LENGTH);
        let token = Secret::new(format!("{TOKEN_PREFIX}{}", random_text(random, SECRET_ALPHABET)?));
        let session = Session { token, issued, expires };
        Ok(Self { id: unique_id("ASIA")?, secret: secret_key()?, session: Some(session), principal })
    }
}

/// A random id such as `AKIA` and 16 characters.
pub(super) fn unique_id(prefix: &str) -> Result<String, LoopbackError> {
    Ok(format!("{prefix}{}", random_text(16, ID_ALPHABET)?))
}

/// A random secret access key.
pub(super) fn secret_key() -> Result<Secret, LoopbackError> {
    random_text(SECRET_LENGTH, SECRET_ALPHABET).map(Secret::new)
}

/// Compares without telling by its duration where the first difference is.
pub(super) fn equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    let difference = left.iter().zip(right).fold(0, |sum, (left, right)| sum | (left ^ right));
    std::hint::black_box(difference) == 0 && left.len() == right.len()
}

/// INVARIANT: the alphabets' lengths are powers of two, so every character is equally likely.
fn random_text<const N: usize>(length: usize, alphabet: &[u8; N]) -> Result<String, LoopbackError> {
    let mut random = vec![0; length];
    getrandom::fill(&mut random).map_err(LoopbackError::Random)?;
    let pick = |byte: &u8| alphabet.get(usize::from(*byte) % N).copied().map(char::from);
    Ok(random.iter().filter_map(pick).collect())
}
