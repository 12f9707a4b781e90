//! Actions of a service that the table does not have, by their names in the catalogue of AWS.

/// How many are proposed at most: a sentence that means more is better served by a profile.
const MOST: usize = 5;
/// A word of the sentence that is one of the action's own.
const EACH: u32 = 25;
/// All of the action's words were said.
const WHOLE: u32 = 20;
const BASE: u32 = 20;

/// How actions begin that do what `verb` says.
fn beginnings(verb: &str) -> &'static [&'static str] {
    match verb {
        "read" => &["Get", "Describe"],
        "list" => &["List"],
        "describe" => &["Describe", "Get"],
        "write" => &["Put", "Create"],
        "update" => &["Update", "Put", "Modify"],
        "delete" => &["Delete"],
        "invoke" => &["Invoke", "Start", "Run"],
        "start" => &["Start"],
        "stop" => &["Stop"],
        "query" => &["Query", "Search", "Start"],
        "send" => &["Send", "Publish"],
        "receive" => &["Receive", "Get"],
        _ => &[],
    }
}

/// The actions of `service` that fit, with scores, the best first. None if no word of the sentence speaks for one.
#[must_use]
pub fn actions(service: &str, verb: &str, words: &[String]) -> Vec<(String, u32)> {
    let mut found: Vec<(String, u32)> = Vec::new();
    for beginning in beginnings(verb) {
        for action in aws_catalogue::matching(&format!("{service}:{beginning}*")) {
            let Some(rest) = action.name.strip_prefix(beginning) else { continue };
            let own = split(rest);
            let said = own.iter().filter(|own| words.iter().any(|word| same(word, own))).count();
            if said == 0 {
                continue;
            }
            let whole = if said == own.len() { WHOLE } else { 0 };
            let count = u32::try_from(said).unwrap_or(u32::MAX).min(3);
            found.push((
                action.full_name(),
                BASE.saturating_add(EACH.saturating_mul(count)).saturating_add(whole).min(100),
            ));
        }
    }
    found.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(&right.0)));
    let best = found.first().map_or(0, |(_, score)| *score);
    found.retain(|(_, score)| *score == best);
    found.truncate(MOST);
    found
}

/// The words of a name in camel case, in lower case.
fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        match words.last_mut() {
            Some(word) if !letter.is_ascii_uppercase() => word.push(letter.to_ascii_lowercase()),
            _ => words.push(letter.to_ascii_lowercase().to_string()),
        }
    }
    words
}

fn same(said: &str, own: &str) -> bool {
    said == own || said.strip_suffix('s') == Some(own) || own.strip_suffix('s') == Some(said)
}
