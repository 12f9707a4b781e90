//! What must be true of any sentence: the judge of the fuzz target `intent`, and of its corpus. It has its own, coarse idea of
//! what actions do, so that it does not repeat the mistakes of the tables.

use sentence::{forbids, propose, ruled_out};

/// Longer than any sentence that people write, so that time stays with what matters.
const LONGEST: usize = 300;
const PROVIDERS: [&str; 4] = ["aws", "gcp", "azure", "vault"];
/// Verbs, their gerunds, and how the names of actions begin that do what they say.
const VERBS: [(&str, &str, &[&str]); 5] = [
    ("delete", "deleting", &["delete", "batchdelete", "terminate", "purge", "remove"]),
    ("write", "writing", &["put", "write", "upload", "create", "batchwrite"]),
    ("update", "updating", &["update", "modify"]),
    ("invoke", "invoking", &["invoke"]),
    ("send", "sending", &["send"]),
];
/// Ways to rule a verb out behind a whole sentence.
const AFTER: [&str; 8] = [
    ". Never {v} anything.",
    ". Do not {v} anything",
    "; but don't {v} it",
    ". {g} is not allowed.",
    ". No {g}.",
    ". It must not {v}",
    ". Without {g} anything.",
    ". {g} is forbidden",
];
/// Ways to rule it out inside of one.
const INSIDE: [&str; 10] = [
    "{p} but do not {v} them",
    "{p} and never {v} them",
    "{p} without {g} anything",
    "{p}, don't {v}",
    "{p}; {g} is forbidden",
    "{p} instead of {g} them",
    "{p} (no {g})",
    "do not {v} anything, only {p}",
    "without {g} anything, {p}",
    "{v} and {p}, but avoid {g}",
];
const ASKED: [&str; 8] = [
    "read objects in the bucket b",
    "read and delete messages of the queue q",
    "write items to the table T and delete them",
    "upload files to s3://b/in/ and delete them",
    "invoke the function f and update its code",
    "consume messages from the SQS queue jobs",
    "send messages to the queue q",
    "stop and delete the instance i-1",
];

/// Judges one sentence.
pub fn judge(input: &[u8]) {
    let text: String = String::from_utf8_lossy(input).chars().take(LONGEST).collect();
    for provider in PROVIDERS {
        let first = propose(&text, provider);
        assert_eq!(first, propose(&text, provider), "`{text}` has two answers");
        if let Ok(proposal) = &first {
            let out = ruled_out(&text);
            assert!(!proposal.allow.is_empty(), "`{text}` grants nothing and is no question");
            assert_eq!(proposal.allow.len(), proposal.reasons.len(), "`{text}`");
            for action in &proposal.allow {
                assert!(!action.contains('*'), "`{text}`: {action}");
                assert_eq!(forbids(&out, action), None, "`{text}`: {action}");
            }
        }
    }
    let pick = |at: usize, of: usize| usize::from(*input.get(at).unwrap_or(&0)) % of;
    let (verb, gerund, beginnings) = VERBS[pick(0, VERBS.len())];
    let say =
        |form: &str, asked: &str| form.replace("{p}", asked).replace("{v}", verb).replace("{g}", gerund);
    let behind = format!("{text}{}", say(AFTER[pick(1, AFTER.len())], ""));
    let inside = say(INSIDE[pick(2, INSIDE.len())], ASKED[pick(3, ASKED.len())]);
    for sentence in [behind, inside] {
        for provider in PROVIDERS {
            for action in propose(&sentence, provider).map(|proposal| proposal.allow).unwrap_or_default() {
                let name = action.split_once(':').map_or_else(
                    || action.rsplit(['.', '/']).find(|part| !part.eq_ignore_ascii_case("action")),
                    |(_, name)| Some(name),
                );
                let name = name.unwrap_or_default().to_lowercase();
                let does = beginnings.iter().any(|beginning| name.starts_with(beginning));
                assert!(!does, "`{sentence}` grants `{action}`");
            }
        }
    }
}
