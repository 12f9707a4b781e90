//! A small evaluator of policies, written on its own: it shares no code with the compiler.

use serde_json::Value;

/// Whether `policy` lets `action` (`service:Action`) through on `resource`, conditions aside.
pub fn allows(policy: &Value, action: &str, resource: &str) -> bool {
    let mut allowed = false;
    for statement in policy["Statement"].as_array().unwrap() {
        let hit = texts(&statement["Action"])
            .any(|pattern| fits(&pattern.to_lowercase(), &action.to_lowercase()))
            && texts(&statement["Resource"]).any(|pattern| fits(pattern, resource));
        match statement["Effect"].as_str().unwrap() {
            "Deny" if hit => return false,
            "Allow" if hit => allowed = true,
            _ => {}
        }
    }
    allowed
}

fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(one) => Box::new(std::iter::once(one.as_str())),
        _ => Box::new(value.as_array().unwrap().iter().map(|item| item.as_str().unwrap())),
    }
}

/// `*` and `?`, by a set of states: the places of the pattern that may come next.
pub fn fits(pattern: &str, text: &str) -> bool {
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
    let policy: Value = serde_json::from_str(
        r#"{"Statement":[{"Effect":"Allow","Action":["s3:Get*"],"Resource":"arn:b/*"},{"Effect":"Deny","Action":"s3:GetX","Resource":"*"}]}"#,
    )
    .unwrap();
    assert!(allows(&policy, "S3:getobject", "arn:b/x") && !allows(&policy, "s3:GetObject", "arn:c/x"));
    assert!(!allows(&policy, "s3:GetX", "arn:b/x") && !allows(&policy, "s3:PutObject", "arn:b/x"));
    assert!(
        fits("a*b?", "axxbc") && !fits("a*b?", "axxb") && fits("", "") && !fits("", "a") && fits("**", "")
    );
}
