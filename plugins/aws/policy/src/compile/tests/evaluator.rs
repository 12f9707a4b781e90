//! A small, independent evaluator of policies: it shares no code with the compiler.

use serde_json::Value;

/// A parsed policy: for each statement true if it allows, the actions in lower case, the resources.
pub struct Policy(Vec<(bool, Vec<String>, Vec<String>)>);

impl Policy {
    pub fn read(text: &str) -> Self {
        let policy: Value = serde_json::from_str(text).unwrap();
        let statement = |statement: &Value| {
            let allow = match statement["Effect"].as_str().unwrap() {
                "Allow" => true,
                "Deny" => false,
                other => panic!("{other}"),
            };
            let actions =
                texts(&statement["Action"]).iter().map(|text| text.to_lowercase()).collect();
            (allow, actions, texts(&statement["Resource"]))
        };
        Self(policy["Statement"].as_array().unwrap().iter().map(statement).collect())
    }

    /// Returns true if the policy allows `action` (`service:Action`) on `resource`, ignoring conditions.
    pub fn allows(&self, action: &str, resource: &str) -> bool {
        let action = action.to_lowercase();
        let mut allowed = false;
        for (allow, actions, resources) in &self.0 {
            let hit = actions.iter().any(|pattern| fits(pattern, &action))
                && resources.iter().any(|pattern| fits(pattern, resource));
            if hit && !allow {
                return false;
            }
            allowed |= hit;
        }
        allowed
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        _ => {
            value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
        }
    }
}

/// Matches `*` and `?` with a set of states: the places of the pattern that may come next.
pub fn fits(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let close = |mut states: Vec<bool>| {
        for place in 0..pattern.len() {
            if states[place] && pattern[place] == '*' {
                states[place + 1] = true;
            }
        }
        states
    };
    let mut states = vec![false; pattern.len() + 1];
    states[0] = true;
    states = close(states);
    for character in text.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for place in 0..pattern.len() {
            if !states[place] {
                continue;
            }
            match pattern[place] {
                '*' => next[place] = true,
                symbol if symbol == '?' || symbol == character => next[place + 1] = true,
                _ => {}
            }
        }
        states = close(next);
    }
    states[pattern.len()]
}

#[test]
fn the_evaluator_knows_the_rules() {
    let policy = Policy::read(
        r#"{"Statement":[{"Effect":"Allow","Action":["s3:Get*"],"Resource":"arn:b/*"},
            {"Effect":"Deny","Action":"s3:GetX","Resource":"*"}]}"#,
    );
    assert!(policy.allows("S3:getobject", "arn:b/x") && !policy.allows("s3:GetObject", "arn:c/x"));
    assert!(!policy.allows("s3:GetX", "arn:b/x") && !policy.allows("s3:PutObject", "arn:b/x"));
    assert!(
        fits("a*b?", "axxbc")
            && !fits("a*b?", "axxb")
            && fits("", "")
            && !fits("", "a")
            && fits("**", "")
    );
}
