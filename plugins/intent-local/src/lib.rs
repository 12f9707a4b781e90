//! A sentence becomes permissions without asking anybody: by a table of verbs and services, and for other services of AWS by
//! the catalogue. The same sentence gives the same answer; what is not understood is an error, never a broad guess.

mod family;
mod sentence;
mod table;

use audex_sdk::intent::{Candidate, Error, ErrorKind, Intent, Proposal};

use crate::sentence::{Task, Understood, understand};

struct Local;

impl Intent for Local {
    fn translate(text: String, provider: String) -> Result<Proposal, Error> {
        propose(&text, &provider)
    }
}

audex_sdk::intent!(Local);

/// A verb and a service that were both said.
const SAID: u32 = 90;
/// A service alone, which is taken for reading.
const TAKEN: u32 = 60;

fn propose(text: &str, provider: &str) -> Result<Proposal, Error> {
    let is_aws = table::cloud_of(provider) == "aws";
    let understood = understand(text, provider, |word| is_aws && aws_catalogue::service(word).is_some());
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut parts = Vec::new();
    for task in &understood.tasks {
        let found = match table::row(provider, &task.service, task.verb) {
            Some(row) => {
                let score = if task.is_said { SAID } else { TAKEN };
                parts.push((task, row.resources.clone()));
                row.actions.iter().map(|action| ((*action).to_owned(), score)).collect()
            }
            None if is_aws => {
                parts.push((task, Vec::new()));
                family::actions(&task.service, task.verb, &understood.words)
            }
            None => Vec::new(),
        };
        let reason =
            if task.is_said { format!("{} {}", task.verb, task.service) } else { task.service.clone() };
        candidates.extend(found.into_iter().map(|(action, score)| Candidate {
            action,
            score,
            reason: reason.clone(),
        }));
    }
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
    let mut allow: Vec<String> = Vec::new();
    for candidate in candidates.iter().filter(|candidate| candidate.score >= TAKEN) {
        if !allow.contains(&candidate.action) {
            allow.push(candidate.action.clone());
        }
    }
    if allow.is_empty() {
        return Err(not_understood(provider, &understood));
    }
    let resources = resources(&understood, &parts);
    Ok(Proposal { allow, resources, description: description(&understood.tasks), candidates })
}

/// The named resources; a service without a name keeps all of its own beside them. None if nothing was named, or a service
/// cannot be limited.
fn resources(understood: &Understood, parts: &[(&Task, Vec<&'static str>)]) -> Vec<String> {
    let is_named = !understood.resources.is_empty() || parts.iter().any(|(task, _)| !task.names.is_empty());
    if !is_named {
        return Vec::new();
    }
    let mut all = understood.resources.clone();
    for (task, templates) in parts {
        let own = understood.resources.iter().any(|given| belongs(given, &task.service));
        for template in templates.iter().filter(|_| !own) {
            let every = ["*".to_owned()];
            let names = if task.names.is_empty() { &every[..] } else { &task.names };
            all.extend(names.iter().map(|name| template.replace("{}", name)));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether a resource that was written out is one of `service`.
fn belongs(resource: &str, service: &str) -> bool {
    let of_arn = resource.split(':').nth(2);
    of_arn == Some(service)
        || (resource.starts_with("gs://") && service == "storage")
        || (resource.starts_with("https://") && service == "blob")
}

fn description(tasks: &[Task]) -> String {
    let one = |task: &Task| {
        let on = if task.names.is_empty() { String::new() } else { format!(" ({})", task.names.join(", ")) };
        format!("{} {}{on}", task.verb, task.service)
    };
    let text = tasks.iter().map(one).collect::<Vec<_>>().join(", ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn not_understood(provider: &str, understood: &Understood) -> Error {
    let known = table::services(provider).join(", ");
    let message = if understood.tasks.is_empty() {
        "the sentence names no service that is known here".to_owned()
    } else {
        let tasks: Vec<String> =
            understood.tasks.iter().map(|task| format!("{} {}", task.verb, task.service)).collect();
        format!("it is not known here what it takes to {}", tasks.join(", "))
    };
    Error {
        kind: ErrorKind::InvalidInput,
        code: "not-understood".to_owned(),
        message,
        hint: Some(format!(
            "say what is done (read, list, write, delete …) to what ({known}), set ANTHROPIC_API_KEY, or give --allow"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, provider: &str) -> (String, String) {
        let proposal = propose(text, provider).unwrap();
        (proposal.allow.join(","), proposal.resources.join(","))
    }

    #[test]
    fn the_examples_of_the_document_are_answered_as_they_are_there() {
        assert_eq!(
            of("Read from S3 bucket and invoke a Lambda function", "aws"),
            ("s3:GetObject,lambda:InvokeFunction".to_owned(), String::new())
        );
        assert_eq!(
            of("Read only from my-bucket in S3", "aws"),
            ("s3:GetObject".to_owned(), "arn:aws:s3:::my-bucket/*".to_owned())
        );
    }

    #[test]
    fn nothing_is_written_or_deleted_that_was_not_said() {
        for text in ["read S3", "list the bucket", "S3", "query the table", "receive from sqs"] {
            let (allow, _) = of(text, "aws");
            assert!(
                !allow.contains("Put") && !allow.contains("DeleteObject") && !allow.contains('*'),
                "{text}: {allow}"
            );
        }
    }

    #[test]
    fn a_name_of_one_service_leaves_the_other_its_own() {
        let (_, resources) = of("read my-bucket in s3 and invoke a lambda function", "aws");
        assert_eq!(resources, "arn:aws:lambda:*:*:function:*,arn:aws:s3:::my-bucket/*");
    }

    #[test]
    fn other_clouds_have_words_of_their_own_and_vault_speaks_aws() {
        assert_eq!(
            of("read objects of the bucket team-data", "gcp"),
            ("storage.objects.get".to_owned(), "gs://team-data".to_owned())
        );
        assert_eq!(of("read a secret", "azure").0, "Microsoft.KeyVault/vaults/secrets/getSecret/action");
        assert_eq!(of("read s3", "vault").0, "s3:GetObject");
    }

    #[test]
    fn a_service_that_is_only_in_the_catalogue_gives_what_its_words_name() {
        let (allow, _) = of("get a job run from glue", "aws");
        assert!(allow.contains("glue:GetJobRun") && !allow.contains("glue:GetTable"), "{allow}");
    }

    #[test]
    fn what_is_not_understood_is_an_error_and_no_guess() {
        for text in ["", "make me a sandwich", "do everything", "glue"] {
            assert_eq!(propose(text, "aws").unwrap_err().code, "not-understood", "{text}");
        }
    }
}
