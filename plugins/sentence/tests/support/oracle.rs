//! The properties of every sentence: the judge of the fuzz target `intent` and of its corpus. The judge has
//! its own, coarse idea of actions, so that it does not repeat the mistakes of the tables.

use sentence::{forbids, propose, ruled_out};

/// The maximum length in characters. It is longer than any real sentence and keeps the time short.
const LONGEST: usize = 300;
const PROVIDERS: [&str; 4] = ["aws", "gcp", "azure", "vault"];
/// Verbs, their gerunds, and the beginnings of the names of actions that do what the verb says.
const VERBS: [(&str, &str, &[&str]); 5] = [
    ("delete", "deleting", &["delete", "batchdelete", "terminate", "purge", "remove"]),
    ("write", "writing", &["put", "write", "upload", "create", "batchwrite"]),
    ("update", "updating", &["update", "modify"]),
    ("invoke", "invoking", &["invoke"]),
    ("send", "sending", &["send"]),
];
/// Ways to say no before a verb.
const NEGATORS: [&str; 27] = [
    "do not",
    "don't",
    "never",
    "nobody may",
    "no",
    "must not",
    "without",
    "cannot",
    "you may not",
    "no more",
    "not further",
    "avoid",
    "forbidden",
    "things to avoid",
    "do not do this",
    "neither",
    "make sure nobody does",
    "by no means",
    "refrain from",
    "keep it from",
    "instead of",
    "as opposed to",
    "rather than",
    "it is wrong to",
    "nothing else to",
    "except",
    "hands off",
];
/// Words that can stand between a negator and the verb that it rules out.
const GAPS: [&str; 27] = [
    " ",
    " ever ",
    ", please, ",
    ": ",
    "! ",
    "? ",
    "\u{2026} ",
    "... ",
    ". ",
    " - ",
    " (a) ",
    " (",
    " [x] ",
    " list; ",
    ": list objects; ",
    " list etc. or ",
    " list, e.g. ",
    " list or ",
    " (list) or ",
    ": list. ",
    " list, ",
    " list objects. And ",
    "; ",
    " list; list; ",
    ":\n- list objects\n- ",
    ": 1. list 2. ",
    ", under any circumstances, ",
];
/// Ways to join the part with the negator to the request.
const JOINS: [&str; 6] = [", ", "; ", ". ", " but ", " and ", " ("];
/// Ways to say no after a verb.
const TAILS: [&str; 20] = [
    "? Never!",
    "? No.",
    ": no",
    " - no",
    " is not allowed",
    " is forbidden",
    " is wrong",
    " is off",
    ": off",
    ": never",
    " (forbidden)",
    " must not be granted",
    " and list objects is not permitted",
    ", list objects: not allowed",
    ", all of that is forbidden",
    "; not allowed",
    "? Not at all.",
    ", not",
    " is against the rules",
    " would be illegal",
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
            assert!(!proposal.allow.is_empty(), "`{text}` grants nothing and is not a question");
            assert_eq!(proposal.allow.len(), proposal.reasons.len(), "`{text}`");
            for action in &proposal.allow {
                assert!(!action.contains('*'), "`{text}`: {action}");
                assert_eq!(forbids(&out, action), None, "`{text}`: {action}");
            }
        }
    }
    let pick = |at: usize, of: usize| usize::from(*input.get(at).unwrap_or(&0)) % of;
    let (verb, gerund, beginnings) = VERBS[pick(0, VERBS.len())];
    let (negator, gap) = (NEGATORS[pick(1, NEGATORS.len())], GAPS[pick(2, GAPS.len())]);
    let (asked, join) = (ASKED[pick(3, ASKED.len())], JOINS[pick(4, JOINS.len())]);
    let tail = TAILS[pick(1, TAILS.len())];
    let others = ["gcp", "azure", "vault"];
    for said in [verb, gerund] {
        for sentence in [
            format!("{text}. {negator}{gap}{said} anything"),
            format!("{asked}{join}{negator}{gap}{said} objects"),
            format!("{negator}{gap}{said} objects; {asked}"),
            format!("{asked}{join}{said} objects{tail}"),
        ] {
            for provider in ["aws", others[pick(2, others.len())]] {
                let allowed =
                    propose(&sentence, provider).map(|proposal| proposal.allow).unwrap_or_default();
                for action in allowed {
                    let does =
                        beginnings.iter().any(|beginning| own_name(&action).starts_with(beginning));
                    assert!(!does, "`{sentence}` grants `{action}`");
                }
            }
        }
    }
}

/// Returns the part of an action's name that says what it does, in lower case.
fn own_name(action: &str) -> String {
    let name = action.split_once(':').map_or_else(
        || action.rsplit(['.', '/']).find(|part| !part.eq_ignore_ascii_case("action")),
        |(_, name)| Some(name),
    );
    name.unwrap_or_default().to_lowercase()
}
