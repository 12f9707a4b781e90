//! Actions that the table does not have, found by their names in the catalogue of AWS.

use crate::verb;

/// Words that AWS adds to the names of things.
const ADDED: &[&str] = &["db", "data", "cache", "resource"];

/// An action of the catalogue: its name, and the format of the resource that it can be limited to.
pub struct Found {
    pub action: String,
    pub format: Option<String>,
}

/// Returns the action of `service` whose name consists of `verb` and `nouns`.
#[must_use]
pub fn action(service: &str, verb: &str, nouns: &[String]) -> Option<Found> {
    if nouns.is_empty() {
        return None;
    }
    let wanted: Vec<String> = nouns.iter().flat_map(|noun| noun.split('-')).map(singular).collect();
    verb::beginnings(verb).find_map(|beginning| {
        let mut letters = beginning.chars();
        let first: String = letters.next()?.to_uppercase().chain(letters).collect();
        let named = aws_catalogue::matching(&format!("{service}:{first}*"));
        named.into_iter().find(|action| says(&action.name, beginning, &wanted)).map(|action| {
            Found { format: format_of(service, action.set), action: action.full_name() }
        })
    })
}

/// Returns true if a name consists of the verb and these words, in any order.
fn says(name: &str, beginning: &str, wanted: &[String]) -> bool {
    let words = verb::split(name);
    if words.first().map(String::as_str) != Some(beginning) {
        return false;
    }
    let own: Vec<String> = words.iter().skip(1).map(|word| singular(word)).collect();
    let is_said = |word: &String| wanted.contains(word) || ADDED.contains(&word.as_str());
    own.iter().any(|word| wanted.contains(word))
        && own.iter().all(is_said)
        && wanted.iter().all(|word| own.contains(word))
}

/// Returns the format of the ARNs that an action takes, if there is only one.
fn format_of(service: &str, set: usize) -> Option<String> {
    let service = aws_catalogue::service(service)?;
    let types = service.types();
    let mut formats = service.types_of(set).into_iter().filter_map(|(number, _)| types.get(number));
    let only = formats.next()?;
    formats.next().is_none().then(|| only.arn.clone())
}

/// Fills a format: each variable that `named` knows becomes its name, the partition becomes `aws`, and every
/// other variable becomes `*`.
#[must_use]
pub fn fill(format: &str, named: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, tail) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(before);
        let value = match variable {
            "Partition" => "aws".to_owned(),
            "Region" | "Account" => "*".to_owned(),
            _ => named(&noun(variable)).unwrap_or_else(|| "*".to_owned()),
        };
        filled.push_str(&value);
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

/// Returns the nouns of the variables that names can fill.
#[must_use]
pub fn variables(format: &str) -> Vec<String> {
    let parts = format
        .split("${")
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(variable, _)| variable);
    parts
        .filter(|variable| !["Partition", "Region", "Account"].contains(variable))
        .map(noun)
        .collect()
}

/// Returns the noun of a variable: `JobName` names a `job`.
fn noun(variable: &str) -> String {
    let words = verb::split(variable);
    let kept = words
        .iter()
        .filter(|word| !["name", "id", "friendly", "with", "path"].contains(&word.as_str()));
    kept.cloned().collect::<Vec<_>>().join("-")
}

/// Returns a noun without its plural ending.
#[must_use]
pub fn singular(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None if word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") => {
            word.to_owned()
        }
        None => word.strip_suffix('s').unwrap_or(word).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(service: &str, verb: &str, nouns: &[&str]) -> Option<String> {
        let nouns: Vec<String> = nouns.iter().map(|noun| (*noun).to_owned()).collect();
        action(service, verb, &nouns).map(|found| found.action)
    }

    #[test]
    fn the_words_of_an_action_are_all_said_and_no_other() {
        assert_eq!(of("glue", "read", &["job", "run"]).as_deref(), Some("glue:GetJobRun"));
        assert_eq!(of("glue", "read", &["job"]).as_deref(), Some("glue:GetJob"));
        assert_eq!(of("rds", "restart", &["instance"]).as_deref(), Some("rds:RebootDBInstance"));
        assert_eq!(
            of("comprehend", "detect", &["sentiment"]).as_deref(),
            Some("comprehend:DetectSentiment")
        );
        assert_eq!(
            of("s3", "delete", &["bucket", "policy"]).as_deref(),
            Some("s3:DeleteBucketPolicy")
        );
        for nouns in [&["sandwich"][..], &["job", "sandwich"], &[]] {
            assert_eq!(of("glue", "read", nouns), None, "{nouns:?}");
        }
    }

    #[test]
    fn names_go_where_the_format_wants_them() {
        let format =
            "arn:${Partition}:ecs:${Region}:${Account}:service/${ClusterName}/${ServiceName}";
        assert_eq!(variables(format), ["cluster", "service"]);
        let filled = fill(format, |thing| (thing == "service").then(|| "api".to_owned()));
        assert_eq!(filled, "arn:aws:ecs:*:*:service/*/api");
    }
}
