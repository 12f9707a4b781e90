//! The needs of one request, as they are collected.

use audex_sdk::provider::{Need, Scope};

use super::reference::Reference;
use super::{place, reference};
use crate::credential;

/// Acting as a service account.
pub const ACT_AS: &str = "iam.serviceAccounts.actAs";

/// The permissions that a request needs, each with its resources.
#[derive(Debug, Default)]
pub struct Needs(Vec<Need>);

impl Needs {
    /// Adds a permission on resources; a pair that is there already is not added again.
    pub fn add(&mut self, action: &str, on: Scope) {
        if !self.0.iter().any(|known| known.action == action && known.on == on) {
            let (action, yields_credentials) = (action.to_owned(), credential::yields(action));
            self.0.push(Need { action, on, yields_credentials, free: false, uses: 1 });
        }
    }

    /// Adds a permission on resources that the request does not show.
    pub fn unseen(&mut self, action: &str) {
        self.add(action, Scope::Unseen);
    }

    /// Adds a permission on one named resource; an empty name is not shown.
    pub fn on(&mut self, action: &str, name: String) {
        self.add(action, if name.is_empty() { Scope::Unseen } else { place::these(name) });
    }

    /// Adds what the references of a body need. Returns false if one of them is not read.
    pub fn refer(&mut self, references: Vec<Reference>) -> bool {
        let mut is_read = true;
        for one in references {
            match one {
                Reference::Account(email) if email.is_empty() => self.unseen(ACT_AS),
                Reference::Account(email) => self.on(ACT_AS, place::account(&email)),
                Reference::Resource(name) => match reference::use_of(&name) {
                    Some(action) => self.on(&action, name),
                    None => is_read = false,
                },
                Reference::Storage(_) | Reference::Unread(_) => is_read = false,
            }
        }
        is_read
    }

    /// Makes every need so far one of resources that the request does not show.
    pub fn hide(&mut self) {
        for need in &mut self.0 {
            need.on = Scope::Unseen;
        }
    }

    /// Marks all needs as what the cloud lets everybody do.
    pub fn free(&mut self) {
        for need in &mut self.0 {
            need.free = true;
        }
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the needs; `uses` is how often the request uses each.
    pub fn into_list(mut self, uses: u32) -> Vec<Need> {
        for need in &mut self.0 {
            need.uses = uses.max(1);
        }
        self.0
    }
}
