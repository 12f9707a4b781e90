//! A sentence as what is to be done, to what, and by which names.

use crate::table;

/// One thing to do to one service, and the names that were said beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub service: String,
    pub verb: &'static str,
    /// The verb was said, and not only taken for granted.
    pub is_said: bool,
    pub names: Vec<String>,
}

/// What was understood.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Understood {
    pub tasks: Vec<Task>,
    /// Resources in the cloud's own form.
    pub resources: Vec<String>,
    /// Every word, in lower case.
    pub words: Vec<String>,
}

#[derive(Debug)]
enum Part {
    Verb(&'static str),
    Service(String),
    Name(String),
}

/// Words that end what a verb is about.
const BREAKS: [&str; 4] = ["and", "then", "or", ";"];

/// Reads `text` for `provider`; `is_service` says which other words name a service.
#[must_use]
pub fn understand(text: &str, provider: &str, is_service: impl Fn(&str) -> bool) -> Understood {
    let mut understood = Understood::default();
    let raw: Vec<&str> = text.split_whitespace().collect();
    let mut parts = Vec::new();
    let mut skip = false;
    for (index, word) in raw.iter().enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        let is_quoted = word.starts_with(['"', '\'', '`']);
        let clean = word.trim_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '*' | '/')));
        let lower = clean.to_lowercase();
        if ["arn:", "gs://", "https://"].iter().any(|start| lower.starts_with(start)) {
            understood.resources.push(clean.to_owned());
            continue;
        }
        let next = raw
            .get(index.saturating_add(1))
            .map(|next| next.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase());
        let pair = next.map(|next| format!("{lower}-{next}"));
        understood.words.push(lower.clone());
        if let Some(service) = pair.as_deref().and_then(|pair| table::service(provider, pair)) {
            parts.push(Part::Service(service.to_owned()));
            skip = true;
        } else if let Some(verb) = table::verb(&lower).filter(|_| !is_quoted) {
            parts.push(Part::Verb(verb));
        } else if let Some(service) = table::service(provider, &lower).filter(|_| !is_quoted) {
            parts.push(Part::Service(service.to_owned()));
        } else if is_quoted || is_name(clean) {
            parts.push(Part::Name(clean.to_owned()));
        } else if is_service(&lower) {
            parts.push(Part::Service(lower));
        } else if BREAKS.contains(&lower.as_str()) {
            // Nothing of its own: what follows is attached by what it is.
        }
    }
    understood.tasks = tasks(&parts);
    understood
}

/// A name has something that no word of a sentence has.
fn is_name(word: &str) -> bool {
    let sound = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    let marked = word.contains(['-', '_', '.', '/']) || word.chars().any(|c| c.is_ascii_digit());
    sound && marked && word.chars().any(|c| c.is_ascii_alphabetic()) && word.len() > 2
}

/// Verbs belong to the services that follow them, or to those before where none follows; names to the nearest service.
fn tasks(parts: &[Part]) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    let mut verbs: Vec<&'static str> = Vec::new();
    let mut used = false;
    let mut last: Vec<String> = Vec::new();
    for part in parts {
        match part {
            Part::Verb(verb) => {
                if std::mem::take(&mut used) {
                    verbs.clear();
                }
                verbs.push(verb);
            }
            Part::Service(service) => {
                used = true;
                last = vec![service.clone()];
                for verb in &verbs {
                    add(&mut tasks, service, verb, true);
                }
                if verbs.is_empty() {
                    add(&mut tasks, service, "read", false);
                }
            }
            Part::Name(_) => {}
        }
    }
    if !used {
        // `S3 read`: the verb came after its service.
        for service in &last {
            tasks.retain(|task| task.service != *service || task.is_said);
            for verb in &verbs {
                add(&mut tasks, service, verb, true);
            }
        }
    }
    for (index, part) in parts.iter().enumerate() {
        let Part::Name(name) = part else { continue };
        let services = parts.iter().enumerate().filter_map(|(at, part)| match part {
            Part::Service(service) => Some((at.abs_diff(index), service)),
            _ => None,
        });
        let nearest = services.min_by_key(|(distance, _)| *distance).map(|(_, service)| service);
        for task in tasks.iter_mut().filter(|task| Some(&task.service) == nearest) {
            task.names.push(name.clone());
        }
    }
    tasks
}

fn add(tasks: &mut Vec<Task>, service: &str, verb: &'static str, is_said: bool) {
    if !tasks.iter().any(|task| task.service == service && (task.verb == verb || (!is_said && task.is_said)))
    {
        tasks.push(Task { service: service.to_owned(), verb, is_said, names: Vec::new() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, &'static str)> {
        let understood = understand(text, "aws", |word| word == "glue");
        understood.tasks.into_iter().map(|task| (task.service, task.verb)).collect()
    }

    fn pairs(list: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
        list.iter().map(|(service, verb)| ((*service).to_owned(), *verb)).collect()
    }

    #[test]
    fn verbs_belong_to_the_services_behind_them() {
        assert_eq!(
            of("Read from S3 bucket and invoke a Lambda function"),
            pairs(&[("s3", "read"), ("lambda", "invoke")])
        );
        assert_eq!(
            of("list and read objects, then delete a table"),
            pairs(&[("s3", "list"), ("s3", "read"), ("dynamodb", "delete")])
        );
        assert_eq!(of("start a step function"), pairs(&[("states", "start")]));
    }

    #[test]
    fn a_verb_behind_its_service_is_meant_for_it_and_none_means_reading() {
        assert_eq!(of("S3 upload"), pairs(&[("s3", "write")]));
        assert_eq!(of("S3"), pairs(&[("s3", "read")]));
        assert_eq!(of("query glue"), pairs(&[("glue", "query")]));
        assert!(of("make me a sandwich").is_empty());
    }

    #[test]
    fn names_are_with_the_nearest_service_and_arns_are_taken_as_they_are() {
        let understood =
            understand("Read only from my-bucket in S3 and send to queue \"orders\"", "aws", |_| false);
        assert_eq!(understood.tasks[0].names, ["my-bucket"]);
        assert_eq!(understood.tasks[1].names, ["orders"]);
        let understood = understand("read arn:aws:s3:::b/*, please", "aws", |_| false);
        assert_eq!(understood.resources, ["arn:aws:s3:::b/*"]);
    }
}
