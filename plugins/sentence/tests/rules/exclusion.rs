//! What a sentence rules out is not granted; in doubt the answer is a question.

use super::*;

#[test]
fn what_a_sentence_rules_out_is_not_granted() {
    let read = ("s3:GetObject".to_owned(), "arn:aws:s3:::bkt-one/*".to_owned());
    for text in [
        "read objects in S3 from bkt-one but do not delete",
        "read objects in S3 from bkt-one but do not delete them",
        "read objects in the bucket bkt-one without deleting anything",
        "read objects in the bucket bkt-one, never delete or write",
        "read objects in the bucket bkt-one; deleting is forbidden",
        "Without deleting anything, read objects in the bucket bkt-one",
        "read objects in the bucket bkt-one instead of deleting them",
        "READ OBJECTS IN THE BUCKET bkt-one BUT DO NOT DELETE",
        "read objects in the bucket bkt-one (no deletes)",
        "read objects in the bucket bkt-one, don\u{2019}t delete \"any\"",
    ] {
        assert_eq!(of(text), read, "{text}");
    }
    asks("delete objects in the bucket b but do not delete", "rules it out");
    asks("read objects in the bucket b except those in the bucket secret-b", "exception");
    asks("read objects in S3, but no S3 data", "exception");
}

#[test]
fn an_exclusion_that_is_not_certain_is_a_question() {
    for text in [
        "Do not, please, delete objects. Read objects in the bucket x",
        "Read objects and do NOT! delete objects",
        "read objects and do not\u{2026} delete objects",
        "read objects and do not... delete objects",
        "read objects and do not. delete objects",
        "Delete objects in the bucket x? Never!",
        "Delete objects in the bucket x? No.",
        "delete objects in the bucket x: no",
        "delete objects in the bucket x - no",
        "You may not do these: write objects; delete objects.",
        "do not write objects; delete objects",
        "do not write objects etc. or delete objects",
        "do not write objects, e.g. delete objects",
        "do not write objects\u{2026} delete objects",
        "do not write objects. delete objects",
        "Never write objects. Or delete objects",
        "no listing objects; writing objects; deleting objects",
        "Things to avoid: write objects; delete objects",
        "Forbidden: delete objects; write objects.",
        "Do not do any of this! Write objects. Delete objects.",
        "Do not do the following. Delete objects.",
        "Never (a) delete objects",
        "do no\u{200b}t delete objects",
        "delete objects in the bucket x but leave the logs out",
        "read all buckets but the logs",
        "read the secrets except the deleted ones",
        "read all tables, not the uploads table",
        "delete objects, but keep the logs",
        "Not allowed are\nwrite objects.\nDelete objects.",
        "write objects, do_not delete objects",
        "write objects, do-not delete objects",
        "write objects, no/delete objects",
        "write objects, NOT:delete objects",
        "write objects, n\u{43e}t delete objects",
        "write objects without deleting them in the bucket b-1",
    ] {
        let (actions, why) = of(text);
        assert!(actions.is_empty(), "{text}: {actions} {why}");
    }
}

#[test]
fn every_way_to_say_no_is_heard() {
    let read = ("s3:GetObject".to_owned(), "arn:aws:s3:::x/*".to_owned());
    for text in [
        "read objects in the bucket x; nobody may delete them",
        "read objects in the bucket x, no more deleting",
        "read objects in the bucket x, nothing else deleted",
        "read objects in the bucket x as opposed to deleting",
        "read objects in the bucket x; it is wrong to delete them",
        "read objects in the bucket x (deleting them is off)",
        "I would rather read objects in the bucket x than delete",
        "read objects in the bucket x. Keep objects from being deleted",
        "read objects in the bucket x. Make sure nobody deletes objects",
        "read objects in the bucket x; not further delete",
        "read objects in the bucket x, *not* delete",
        "read objects in the bucket x, don\u{b4}t delete",
        "read objects in the bucket x, don t delete",
        "read objects in the bucket x; not more deletes",
        "read objects in the bucket x and nothing else",
        "Do not delete objects. Read objects in the bucket x",
        "Do not delete, only read objects in the bucket x",
        "writing, deleting and listing are not allowed. Read objects in the bucket x",
    ] {
        let got = of(text);
        assert!(got == read || got.0.is_empty(), "{text}: {got:?}");
    }
    asks("write objects in the bucket x but do not overwrite", "rules it out");
    // Clear sentences are answered.
    for text in [
        "read objects in the bucket x; nobody may delete them",
        "read objects in the bucket x and nothing else",
        "Do not delete objects. Read objects in the bucket x",
        "Do not delete, only read objects in the bucket x",
        "I would rather read objects in the bucket x than delete",
        "writing, deleting and listing are not allowed. Read objects in the bucket x",
    ] {
        assert_eq!(of(text), read, "{text}");
    }
}

#[test]
fn an_exception_of_a_thing_is_a_question() {
    for text in [
        "delete objects in the bucket demo-reports except the folder keep",
        "read bucket b, except the folder private",
        "read bucket b except the prefix keep",
        "read all tables except users",
        "read the secrets, not the password ones",
        "read all buckets, but not the logs",
        "read all parameters without the database passwords",
    ] {
        asks(text, "exception");
    }
    is(
        "read objects in the bucket b, everything except deleting",
        "s3:GetObject",
        "arn:aws:s3:::b/*",
    );
}
