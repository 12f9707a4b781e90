//! Folds the case of actions, in Cedar's JSON of policies and entities.
//!
//! Security: AWS and Azure read `s3:deletebucket` and `s3:DeleteBucket` as one action, Cedar as two. Requests
//! and policies are folded in the same way, because otherwise another spelling would bypass every forbid.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{ACTION, RESOURCE};

/// Every action and resource that policies and entities name.
#[derive(Debug, Default)]
pub struct Names {
    /// Folded actions, each with the spellings found.
    pub actions: BTreeMap<String, Vec<String>>,
    /// Resources, unchanged.
    pub resources: BTreeSet<String>,
}

/// Folds an action for comparison. Only ASCII letters are folded: no cloud's actions have others.
#[must_use]
pub fn folded(action: &str) -> String {
    action.to_ascii_lowercase()
}

impl Names {
    /// Folds every action in a JSON value of Cedar's, and records the names in the value.
    pub fn fold(&mut self, json: &mut Value) {
        match json {
            Value::Array(items) => items.iter_mut().for_each(|item| self.fold(item)),
            Value::Object(object) => {
                if let (Some(Value::String(kind)), true) = (object.get("type"), object.len() == 2) {
                    let kind = kind.clone();
                    if let Some(Value::String(id)) = object.get_mut("id") {
                        self.name(&kind, id);
                    }
                }
                object.values_mut().for_each(|value| self.fold(value));
            }
            _ => {}
        }
    }

    fn name(&mut self, kind: &str, id: &mut String) {
        if kind == ACTION {
            let spellings = self.actions.entry(folded(id)).or_default();
            if !spellings.contains(id) {
                spellings.push(id.clone());
            }
            *id = folded(id);
        } else if kind == RESOURCE {
            self.resources.insert(id.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_actions_are_folded() {
        let mut names = Names::default();
        let mut json = json!([
            {"__entity": {"type": "Action", "id": "s3:GetObject"}},
            {"entity": {"type": "Resource", "id": "B"}},
            {"type": "User", "id": "Ann"}
        ]);
        names.fold(&mut json);
        let found = json!([
            {"__entity": {"type": "Action", "id": "s3:getobject"}},
            {"entity": {"type": "Resource", "id": "B"}},
            {"type": "User", "id": "Ann"}
        ]);
        assert_eq!(json, found);
        assert_eq!(names.actions["s3:getobject"], ["s3:GetObject"]);
        assert_eq!(names.resources, BTreeSet::from(["B".to_owned()]));
    }
}
