//! A short form for one request and one set of policies.

use cedar_rules::answer::{Answer, Restriction, approve, review};
use cedar_rules::question::{Permission, Question, Stage};

/// A Friday, 2026-11-27, 12:00 UTC.
pub const NOON: u64 = 1_795_780_800;

/// A request and the known facts about it.
#[derive(Clone)]
pub struct Case {
    pub provider: &'static str,
    pub permissions: Vec<Permission>,
    pub deny: Vec<String>,
    pub user: &'static str,
    pub command: Vec<String>,
    pub now: u64,
    pub ttl_seconds: u32,
    pub justification: Option<&'static str>,
    pub settings: serde_json::Value,
}

/// Returns a permission on resources.
pub fn permission(action: &str, resources: &[&str]) -> Permission {
    Permission {
        action: action.to_owned(),
        origin: action.to_owned(),
        resources: resources.iter().map(|&one| one.to_owned()).collect(),
        enforced_by: None,
    }
}

/// Returns a request for actions on one resource each, on AWS.
pub fn case(policies: &str, asked: &[(&str, &str)]) -> Case {
    Case {
        provider: "aws",
        permissions: asked
            .iter()
            .map(|(action, resource)| permission(action, &[resource]))
            .collect(),
        deny: vec![],
        user: "alice",
        command: vec!["/usr/bin/aws".to_owned(), "s3".to_owned(), "ls".to_owned()],
        now: NOON,
        ttl_seconds: 900,
        justification: None,
        settings: serde_json::json!({ "policies": policies }),
    }
}

impl Case {
    fn question<'a>(&'a self, stage: Stage<'a>) -> Question<'a> {
        Question {
            provider: self.provider,
            permissions: &self.permissions,
            deny: &self.deny,
            ttl_seconds: self.ttl_seconds,
            session: "s-1",
            user: self.user,
            command: &self.command,
            now: self.now,
            profiles: &[],
            justification: self.justification,
            stage,
        }
    }

    pub fn entities(mut self, entities: &serde_json::Value) -> Self {
        self.settings["entities"] = entities.to_string().into();
        self
    }

    pub fn review(&self) -> Answer {
        review(&self.question(Stage::Request), &self.settings.to_string())
    }

    pub fn approve(&self) -> Result<(), String> {
        let stage = Stage::Plan { method: "assume-role", longest_life_seconds: 900 };
        approve(&self.question(stage), &self.settings.to_string())
    }

    /// Returns the positions of dropped permissions and the denied patterns.
    pub fn taken(&self) -> (Vec<u32>, Vec<String>) {
        let restrictions = match self.review() {
            Answer::Pass => vec![],
            Answer::Restrict(list) => list,
            Answer::Refuse(why) => panic!("{why}"),
        };
        let mut drop: Vec<u32> = restrictions.iter().flat_map(|one| one.drop.clone()).collect();
        let mut deny: Vec<String> = restrictions.into_iter().flat_map(|one| one.deny).collect();
        drop.sort_unstable();
        deny.sort_unstable();
        (drop, deny)
    }

    pub fn reasons(&self) -> Vec<String> {
        match self.review() {
            Answer::Restrict(list) => {
                list.into_iter().map(|Restriction { reason, .. }| reason).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn refusal(&self) -> String {
        match self.review() {
            Answer::Refuse(why) => why,
            other => panic!("{other:?}"),
        }
    }
}

/// Returns the result for one action on one resource: true if it is dropped, and the denied patterns.
pub fn one(policies: &str, action: &str, resource: &str) -> (bool, Vec<String>) {
    let (drop, deny) = case(policies, &[(action, resource)]).taken();
    (!drop.is_empty(), deny)
}
