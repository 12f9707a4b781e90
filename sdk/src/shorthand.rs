//! What most providers say, in fewer words. Every field can still be written out.

use crate::filter::Restriction;
use crate::provider::{
    Advice, Description, Enforcer, Error, ErrorKind, File, Finding, Grant, Minted, Plan, Planned, Setting,
    Status, Value, Variable,
};

impl Error {
    /// An error without a hint; `code` is stable and in `lower-kebab-case`.
    #[must_use]
    pub fn new(kind: ErrorKind, code: &str, message: &str) -> Self {
        Self { kind, code: code.to_owned(), message: message.to_owned(), hint: None }
    }

    /// The same with what the user can do about it.
    #[must_use]
    pub fn hint(self, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..self }
    }
}

impl Description {
    /// A provider without settings and profiles; `sets` are the variables it may set.
    #[must_use]
    pub fn new(id: &str, title: &str, action_syntax: &str, sets: &[&str]) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            action_syntax: action_syntax.to_owned(),
            settings: Vec::new(),
            profiles: Vec::new(),
            sets: sets.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// The same with one setting more, which may come from the variable `env`.
    #[must_use]
    pub fn setting(mut self, key: &str, description: &str, env: Option<&str>) -> Self {
        let (key, description) = (key.to_owned(), description.to_owned());
        self.settings.push(Setting { key, description, env: env.map(str::to_owned) });
        self
    }
}

impl Finding {
    /// A known action, asked for as it is written.
    #[must_use]
    pub fn known(action: &str) -> Self {
        Self { actions: vec![action.to_owned()], ..Self::of(Status::Known) }
    }

    /// Not of this provider's syntax.
    #[must_use]
    pub fn malformed() -> Self {
        Self::of(Status::Malformed)
    }

    /// Not known; `suggestion` is the nearest that is.
    #[must_use]
    pub fn unknown(suggestion: Option<String>) -> Self {
        Self { suggestion, ..Self::of(Status::Unknown) }
    }

    fn of(status: Status) -> Self {
        Self { status, actions: Vec::new(), access: None, note: None, suggestion: None }
    }
}

impl Plan {
    /// Every permission of `grant`, enforced by the same, in credentials that live as long as the grant.
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
        }
    }
}

impl Restriction {
    /// Returns a restriction that takes nothing yet, for this reason.
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
    /// What stands in the way, and the permissions that would help.
    #[must_use]
    pub fn new(message: &str, missing: &[&str]) -> Self {
        let missing = missing.iter().map(|&action| action.to_owned()).collect();
        Self { message: message.to_owned(), missing }
    }
}

impl Minted {
    /// Nothing yet, by the plan's method, until `expires_at` (seconds since the Unix epoch).
    #[must_use]
    pub fn new(plan: &Plan, expires_at: u64) -> Self {
        Self {
            variables: Vec::new(),
            files: Vec::new(),
            endpoints: Vec::new(),
            expires_at,
            identity: None,
            credential_id: None,
            lease: None,
            settle_seconds: None,
            method: plan.method.clone(),
            notices: Vec::new(),
        }
    }

    /// The same with a variable, which `describe` must have named.
    #[must_use]
    pub fn variable(mut self, name: &str, value: Value) -> Self {
        self.variables.push(Variable { name: name.to_owned(), value });
        self
    }

    /// The same with a file in the session's private directory, and a variable set to its path.
    #[must_use]
    pub fn file(mut self, name: &str, contents: Value, env: Option<&str>) -> Self {
        let (name, env) = (name.to_owned(), env.map(str::to_owned));
        self.files.push(File { name, contents, env });
        self
    }
}
