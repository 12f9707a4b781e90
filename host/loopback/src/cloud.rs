//! The state of the loopback cloud: its keys and remembered requests, and the one place that decides.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::credential::{Credential, Kind, Principal, secret_key, unique_id};
use super::{AccessKey, BucketSeed, LoopbackError, RoleSeed, Seed, Seen, UserSeed};
use crate::iam::{self, Decision, PolicyDocument, Request};
use audex_core::clock;
use audex_core::secret::{Secret, equal};

/// The most requests that are remembered; the memory of a served demo must not grow without limit.
const REMEMBERED_REQUESTS: usize = 10_000;

#[derive(Debug)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) unique_id: String,
    pub(super) max_session_seconds: u32,
    pub(super) policies: Vec<PolicyDocument>,
    pub(super) boundary: Vec<PolicyDocument>,
    trust: Vec<String>,
}

/// The reason why a request is refused before a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no signature, or this cloud does not accept its form.
    Unsigned,
    /// The signature header cannot be read.
    Malformed,
    UnknownKey,
    /// The signature, or the signed digest of the body, is wrong.
    BadSignature,
    /// The request's time is too far from the cloud's clock.
    Skewed,
    /// The session token is not the key's.
    BadToken,
    Expired,
}

/// The account, its credentials and its remembered requests.
pub(super) struct Cloud {
    pub(super) account: String,
    pub(super) without_scoped_credentials: bool,
    pub(super) deny_scoped_credentials: bool,
    roles: Vec<Role>,
    user_keys: HashMap<String, String>,
    credentials: Mutex<HashMap<String, Arc<Credential>>>,
    seen: Mutex<VecDeque<Seen>>,
    descriptions: Mutex<VecDeque<String>>,
    clock_offset_seconds: i64,
    aged_seconds: AtomicU64,
}

impl Cloud {
    /// Builds the account of `seed`, and returns the seed's buckets, which belong to S3.
    pub(super) fn new(seed: Seed) -> Result<(Self, Vec<BucketSeed>), LoopbackError> {
        let mut user_keys = HashMap::new();
        let mut credentials = HashMap::new();
        for user in seed.users {
            let credential = user_credential(&seed.account, user)?;
            user_keys.extend(
                credential.principal.user_name.clone().map(|name| (name, credential.id.clone())),
            );
            credentials.insert(credential.id.clone(), Arc::new(credential));
        }
        let roles = seed
            .roles
            .into_iter()
            .map(|role| Role::new(&seed.account, role))
            .collect::<Result<_, _>>()?;
        let cloud = Self {
            account: seed.account,
            without_scoped_credentials: seed.without_scoped_credentials,
            deny_scoped_credentials: seed.deny_scoped_credentials,
            roles,
            user_keys,
            credentials: Mutex::new(credentials),
            seen: Mutex::new(VecDeque::new()),
            descriptions: Mutex::new(VecDeque::new()),
            clock_offset_seconds: seed.clock_offset_seconds,
            aged_seconds: AtomicU64::new(0),
        };
        Ok((cloud, seed.buckets))
    }

    /// Returns the time of this cloud's clock, in Unix seconds.
    pub(super) fn now(&self) -> u64 {
        clock::unix_seconds().saturating_add_signed(self.clock_offset_seconds)
    }

    pub(super) fn advance(&self, by: Duration) {
        self.aged_seconds.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    /// Returns the time by which sessions are issued and expire: the clock plus the seconds that `advance`
    /// added.
    pub(super) fn session_time(&self) -> u64 {
        self.now().saturating_add(self.aged_seconds.load(Ordering::SeqCst))
    }

    pub(super) fn access_key(&self, user: &str) -> Option<AccessKey> {
        let credential = self.credential(self.user_keys.get(user)?)?;
        Some(AccessKey { id: credential.id.clone(), secret: credential.secret.clone() })
    }

    pub(super) fn user_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.user_keys.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    pub(super) fn role_named(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    pub(super) fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.arn == arn)
    }

    pub(super) fn credential(&self, id: &str) -> Option<Arc<Credential>> {
        locked(&self.credentials).get(id).cloned()
    }

    pub(super) fn secrets(&self) -> Vec<Secret> {
        let credentials = locked(&self.credentials);
        let tokens = credentials.values().filter_map(|credential| credential.session.as_ref());
        let tokens = tokens.map(|session| session.token.clone());
        credentials.values().map(|credential| credential.secret.clone()).chain(tokens).collect()
    }

    /// Makes a session of `principal` that ends at `expires`, with a token of at least `token_bytes` bytes.
    pub(super) fn issue(
        &self,
        principal: Arc<Principal>,
        expires: u64,
        token_bytes: usize,
    ) -> Result<Arc<Credential>, LoopbackError> {
        let issued = self.session_time();
        let credential = Arc::new(Credential::session(principal, issued, expires, token_bytes)?);
        locked(&self.credentials).insert(credential.id.clone(), Arc::clone(&credential));
        Ok(credential)
    }

    /// Checks that `token` is the credential's token and that the session has not expired.
    pub(super) fn check_session(
        &self,
        credential: &Credential,
        token: Option<&str>,
    ) -> Result<(), Refusal> {
        let (session, token) = match (&credential.session, token) {
            (None, None) => return Ok(()),
            (Some(session), Some(token)) => (session, token),
            (None, Some(_)) | (Some(_), None) => return Err(Refusal::BadToken),
        };
        if !equal(session.token.expose().as_bytes(), token.as_bytes()) {
            return Err(Refusal::BadToken);
        }
        if self.session_time() >= session.expires {
            return Err(Refusal::Expired);
        }
        Ok(())
    }

    /// Decides `request` for the owner of `credential`, and remembers the request.
    pub(super) fn authorise(
        &self,
        credential: &Credential,
        service: &str,
        request: Ask<'_>,
    ) -> Decision {
        let decision = self.decide(credential, request);
        self.remember(credential, service, request, decision);
        decision
    }

    /// Decides a hypothetical request, without remembering it.
    pub(super) fn decide(&self, credential: &Credential, ask: Ask<'_>) -> Decision {
        let principal = &credential.principal;
        let now = self.session_time();
        let mut request = Request::new(ask.action, ask.resource)
            .with("aws:CurrentTime", &clock::rfc3339(now))
            .with("aws:EpochTime", &now.to_string())
            .with("aws:PrincipalAccount", &self.account)
            .with("aws:PrincipalArn", &principal.identity_arn)
            .with("aws:RequestedRegion", ask.region)
            .with("aws:SecureTransport", "false")
            .with("aws:SourceIp", "127.0.0.1")
            .with("aws:userid", &principal.user_id);
        if let Some(name) = &principal.user_name {
            request = request.with("aws:username", name);
        }
        if let Some(session) = &credential.session {
            request = request.with("aws:TokenIssueTime", &clock::rfc3339(session.issued));
        }
        let request =
            ask.context.iter().fold(request, |request, (key, value)| request.with(key, value));
        iam::decide(&principal.identity, &principal.limits, &request)
    }

    /// Remembers a request with its decision, also one that no policy decides (`GetCallerIdentity`).
    pub(super) fn remember(
        &self,
        credential: &Credential,
        service: &str,
        ask: Ask<'_>,
        decision: Decision,
    ) {
        self.push(Seen {
            service: service.to_owned(),
            action: ask.action.to_owned(),
            resource: ask.resource.to_owned(),
            access_key_id: credential.id.clone(),
            principal_arn: credential.principal.arn.clone(),
            decision: Some(decision),
        });
    }

    /// Remembers a request that was refused before a decision.
    pub(super) fn remember_refusal(&self, service: &str, action: &str, access_key_id: &str) {
        let owner = self.credential(access_key_id);
        self.push(Seen {
            service: service.to_owned(),
            action: action.to_owned(),
            resource: String::new(),
            access_key_id: access_key_id.to_owned(),
            principal_arn: owner.map(|owner| owner.principal.arn.clone()).unwrap_or_default(),
            decision: None,
        });
    }

    /// Remembers a `ScopedSessionDescription`.
    pub(super) fn describe(&self, description: &str) {
        let mut memory = locked(&self.descriptions);
        if memory.len() >= REMEMBERED_REQUESTS {
            memory.pop_front();
        }
        memory.push_back(description.to_owned());
    }

    pub(super) fn descriptions(&self) -> Vec<String> {
        locked(&self.descriptions).iter().cloned().collect()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        locked(&self.seen).iter().cloned().collect()
    }

    fn push(&self, seen: Seen) {
        let mut memory = locked(&self.seen);
        if memory.len() >= REMEMBERED_REQUESTS {
            memory.pop_front();
        }
        memory.push_back(seen);
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cloud").field("account", &self.account).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) region: &'a str,
    /// The condition keys of the service.
    pub(super) context: &'a [(&'a str, String)],
}

impl Role {
    fn new(account: &str, seed: RoleSeed) -> Result<Self, LoopbackError> {
        Ok(Self {
            arn: format!("arn:aws:iam::{account}:role/{}", seed.name),
            unique_id: unique_id("AROA")?,
            max_session_seconds: seed.max_session_seconds,
            policies: parse_policies(&seed.name, &seed.policies)?,
            boundary: parse_policies(&seed.name, seed.boundary.as_slice())?,
            trust: seed.trust,
            name: seed.name,
        })
    }

    /// Returns true if the trust policy names `caller` or its account.
    pub(super) fn trusts(&self, account: &str, caller: &Principal) -> bool {
        let root = format!("arn:aws:iam::{account}:root");
        self.trust.iter().any(|trusted| {
            *trusted == caller.identity_arn
                || *trusted == caller.arn
                || *trusted == account
                || *trusted == root
        })
    }
}

/// Locks a mutex, even if a thread panicked while it held the lock: each change under the lock is a single
/// insertion or removal, so the data is consistent.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn user_credential(account: &str, seed: UserSeed) -> Result<Credential, LoopbackError> {
    let (id, secret) = match seed.access_key {
        Some(key) => (key.id, key.secret),
        None => (unique_id("AKIA")?, secret_key()?),
    };
    let arn = format!("arn:aws:iam::{account}:user/{}", seed.name);
    let principal = Principal {
        kind: Kind::User,
        identity_arn: arn.clone(),
        arn,
        user_id: unique_id("AIDA")?,
        identity: parse_policies(&seed.name, &seed.policies)?,
        limits: Vec::new(),
        scoped_policies: 0,
        user_name: Some(seed.name),
    };
    Ok(Credential { id, secret, session: None, principal: Arc::new(principal) })
}

fn parse_policies(owner: &str, texts: &[String]) -> Result<Vec<PolicyDocument>, LoopbackError> {
    let policy = |source| LoopbackError::Policy { owner: owner.to_owned(), source };
    texts.iter().map(|text| PolicyDocument::parse(text).map_err(policy)).collect()
}
