use super::*;
use crate::exclusion::exclusions;
use crate::piece::pieces;
use crate::token::tokens;

fn of(text: &str) -> String {
    let tokens = tokens(text);
    let parsed = parse("aws", &pieces("aws", &tokens, &exclusions(&tokens)));
    let phrase = |phrase: &Phrase| {
        let names = phrase
            .names
            .iter()
            .map(|(thing, name)| format!("{}={name}", thing.as_deref().unwrap_or_default()));
        let place = phrase.place.map(|_| "@".to_owned());
        let parts = place
            .into_iter()
            .chain(phrase.services.clone())
            .chain(phrase.nouns.clone())
            .chain(names);
        parts.collect::<Vec<_>>().join(" ")
    };
    let clause = |clause: &Clause| {
        let phrases: Vec<String> = clause.phrases.iter().map(phrase).collect();
        format!("{}[{}]", clause.verbs.join("+"), phrases.join("; "))
    };
    parsed.clauses.iter().map(clause).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_verb_has_its_object_and_its_places() {
    assert_eq!(
        of("Receive and delete messages from the SQS queue jobs"),
        "receive+delete[messages; @ sqs queue queue=jobs]"
    );
    assert_eq!(
        of("get object report.csv from S3 bucket b"),
        "read[object object=report.csv; @ s3 bucket bucket=b]"
    );
    assert_eq!(
        of("read the bucket no-delete-zone and delete the queue old"),
        "read[bucket bucket=no-delete-zone] delete[queue queue=old]"
    );
    assert_eq!(of("read the buckets a-1 and b-2"), "read[buckets buckets=a-1 buckets=b-2]");
    assert_eq!(of("read the Orders-1 table"), "read[table table=Orders-1]");
    assert_eq!(of("get a job run from glue"), "read[job-run; @ glue]");
}

#[test]
fn what_is_ruled_out_is_gone() {
    assert_eq!(of("read objects in s3 but do not delete them"), "read[objects; @ s3]");
}
