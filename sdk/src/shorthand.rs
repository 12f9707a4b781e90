//! Short constructors for the common cases of providers and filters. Every field can still be written out.

use crate::filter::Restriction;
use crate::provider::{
    Advice, Description, Enforcer, Error, ErrorKind, File, Finding, GitCredential, Grant, Minted,
    Plan, Planned, Reply, Secret, Setting, Status, Value, Variable,
};

impl Error {
    /// Returns an error without a hint; `code` is stable and in `lower-kebab-case`.
    #[must_use]
    pub fn new(kind: ErrorKind, code: &str, message: &str) -> Self {
        Self { kind, code: code.to_owned(), message: message.to_owned(), hint: None }
    }

    /// Adds a hint: an action that the user can take.
    #[must_use]
    pub fn hint(self, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..self }
    }
}

impl Description {
    /// Returns a description without settings and profiles; `sets` are the variables that the provider may
    /// set.
    #[must_use]
    pub fn new(id: &str, title: &str, action_syntax: &str, sets: &[&str]) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            action_syntax: action_syntax.to_owned(),
            settings: Vec::new(),
            profiles: Vec::new(),
            sets: sets.iter().map(|&name| name.to_owned()).collect(),
            tool_logins: None,
            configured_by: Vec::new(),
            learn_sources: Vec::new(),
            broadest: Vec::new(),
            calls_to: None,
            fronts: Vec::new(),
        }
    }

    /// Adds a setting, which may come from the variable `env`.
    #[must_use]
    pub fn setting(mut self, key: &str, description: &str, env: Option<&str>) -> Self {
        let (key, description) = (key.to_owned(), description.to_owned());
        self.settings.push(Setting { key, description, env: env.map(str::to_owned) });
        self
    }
}

impl Reply {
    /// Returns a reply with one header, the type of its body.
    #[must_use]
    pub fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body }
    }
}

impl Finding {
    /// Returns the finding for a known action, requested as written.
    #[must_use]
    pub fn known(action: &str) -> Self {
        Self { actions: vec![action.to_owned()], ..Self::of(Status::Known) }
    }

    /// Returns the finding for an action that does not have this provider's syntax.
    #[must_use]
    pub fn malformed() -> Self {
        Self::of(Status::Malformed)
    }

    /// Returns the finding for an unknown action; `suggestion` is the nearest known action.
    #[must_use]
    pub fn unknown(suggestion: Option<String>) -> Self {
        Self { suggestion, ..Self::of(Status::Unknown) }
    }

    fn of(status: Status) -> Self {
        Self { status, actions: Vec::new(), access: None, note: None, suggestion: None }
    }
}

impl Plan {
    /// Returns a plan with every permission of `grant`, all with the same enforcer, for credentials that live
    /// as long as the grant.
    #[must_use]
    pub fn of(grant: &Grant, method: &str, enforced_by: Enforcer, note: Option<&str>) -> Self {
        let planned = grant.permissions.iter().map(|one| Planned {
            action: one.action.clone(),
            origin: one.origin.clone(),
            enforced_by,
            note: note.map(str::to_owned),
        });
        Self {
            method: method.to_owned(),
            policy: None,
            policy_limit: None,
            permissions: planned.collect(),
            longest_life_seconds: grant.ttl_seconds,
            notices: Vec::new(),
            decides: Vec::new(),
        }
    }
}

impl Restriction {
    /// Returns a restriction that takes nothing away yet, with this reason.
    #[must_use]
    pub fn because(reason: &str) -> Self {
        Self {
            drop: Vec::new(),
            deny: Vec::new(),
            max_ttl_seconds: None,
            min_isolation: None,
            delivery: None,
            reason: reason.to_owned(),
        }
    }
}

impl Advice {
    /// Returns advice with the obstacle, and the permissions that would help.
    #[must_use]
    pub fn new(message: &str, missing: &[&str]) -> Self {
        let missing = missing.iter().map(|&action| action.to_owned()).collect();
        Self { message: message.to_owned(), missing }
    }
}

impl Minted {
    /// Returns a result without credentials yet, with the plan's method, valid until `expires_at` (seconds
    /// since the Unix epoch).
    #[must_use]
    pub fn new(plan: &Plan, expires_at: u64) -> Self {
        Self {
            variables: Vec::new(),
            files: Vec::new(),
            endpoints: Vec::new(),
            git: Vec::new(),
            expires_at,
            identity: None,
            credential_id: None,
            lease: None,
            settle_seconds: None,
            method: plan.method.clone(),
            notices: Vec::new(),
        }
    }

    /// Adds a variable, which `describe` must have named.
    #[must_use]
    pub fn variable(mut self, name: &str, value: Value) -> Self {
        self.variables.push(Variable { name: name.to_owned(), value });
        self
    }

    /// Adds a file in the session's private directory, and a variable with its path.
    #[must_use]
    pub fn file(mut self, name: &str, contents: Value, env: Option<&str>) -> Self {
        let (name, env) = (name.to_owned(), env.map(str::to_owned));
        self.files.push(File { name, contents, env });
        self
    }

    /// Adds a login for git at `host`, which `describe` must have named.
    #[must_use]
    pub fn git(mut self, host: &str, username: &str, secret: Secret) -> Self {
        let (host, username) = (host.to_owned(), username.to_owned());
        self.git.push(GitCredential { host, username, secret });
        self
    }
}
