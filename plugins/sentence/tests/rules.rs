//! Tests of the grammar's rules, each with sentences that once broke the rule.

use sentence::propose;

/// Returns the actions and the resources, or the question if there is no proposal.
fn of(text: &str) -> (String, String) {
    by("aws", text)
}

fn by(provider: &str, text: &str) -> (String, String) {
    match propose(text, provider) {
        Ok(proposal) => (proposal.allow.join(","), proposal.resources.join(",")),
        Err(trouble) => (String::new(), trouble.to_string()),
    }
}

fn is(text: &str, actions: &str, resources: &str) {
    assert_eq!(of(text), (actions.to_owned(), resources.to_owned()), "{text}");
}

/// Asserts that a sentence grants nothing, and that the reason contains these words.
fn asks(text: &str, words: &str) {
    let (actions, why) = of(text);
    assert!(actions.is_empty() && why.contains(words), "{text}: {actions} {why}");
}

#[test]
fn the_examples_of_the_document_are_answered_as_they_are_there() {
    is(
        "Read from S3 bucket and invoke a Lambda function",
        "s3:GetObject,lambda:InvokeFunction",
        "",
    );
    is("Read only from my-bucket in S3", "s3:GetObject", "arn:aws:s3:::my-bucket/*");
}

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
fn a_name_with_a_verb_in_it_is_a_name() {
    is(
        "read objects in the bucket no-delete-zone",
        "s3:GetObject",
        "arn:aws:s3:::no-delete-zone/*",
    );
    is(
        "send messages to the queue delete-requests",
        "sqs:SendMessage",
        "arn:aws:sqs:*:*:delete-requests",
    );
    is(
        "read messages of the queue DeleteRequests",
        "sqs:ReceiveMessage",
        "arn:aws:sqs:*:*:DeleteRequests",
    );
    is("read objects in the bucket `never-write`", "s3:GetObject", "arn:aws:s3:::never-write/*");
}

#[test]
fn the_object_of_the_verb_decides() {
    is(
        "Receive and delete messages from the SQS queue jobs",
        "sqs:ReceiveMessage,sqs:DeleteMessage",
        "arn:aws:sqs:*:*:jobs",
    );
    is("Reboot the RDS instance mydb", "rds:RebootDBInstance", "arn:aws:rds:*:*:db:mydb");
    is(
        "Write items to the DynamoDB table Events",
        "dynamodb:PutItem",
        "arn:aws:dynamodb:*:*:table/Events",
    );
    is("delete s3 bucket x", "s3:DeleteBucket", "arn:aws:s3:::x");
    is("delete objects in the bucket x", "s3:DeleteObject", "arn:aws:s3:::x/*");
    is("delete the queue q", "sqs:DeleteQueue", "arn:aws:sqs:*:*:q");
    is("delete messages in the queue q", "sqs:DeleteMessage", "arn:aws:sqs:*:*:q");
    is("delete the policy of the s3 bucket x", "s3:DeleteBucketPolicy", "arn:aws:s3:::x");
    let (actions, _) = of("push a docker image to ECR");
    assert!(
        actions.contains("ecr:PutImage") && !actions.contains("ecr:BatchGetImage"),
        "{actions}"
    );
}

#[test]
fn a_named_service_excludes_others() {
    asks("restart the SQS instance x", "what `x` is");
    is("stop the RDS instance a", "rds:StopDBInstance", "arn:aws:rds:*:*:db:a");
    is("stop the instance i-1", "ec2:StopInstances", "arn:aws:ec2:*:*:instance/i-1");
    is("get a job run from glue", "glue:GetJobRun,glue:GetJobRuns", "");
}

#[test]
fn what_is_written_out_is_read_as_what_it_is() {
    is("read objects in s3://logs-bucket/app/", "s3:GetObject", "arn:aws:s3:::logs-bucket/app/*");
    is("write to s3://b/reports/", "s3:PutObject", "arn:aws:s3:::b/reports/*");
    is("read s3://b/a.txt", "s3:GetObject", "arn:aws:s3:::b/a.txt");
    is("get object report.csv from S3 bucket b", "s3:GetObject", "arn:aws:s3:::b/report.csv");
    is(
        "read files in the folder in/2026 of the bucket b",
        "s3:GetObject",
        "arn:aws:s3:::b/in/2026/*",
    );
    is("read arn:aws:s3:::b/*, please", "s3:GetObject", "arn:aws:s3:::b/*");
    let queue = "arn:aws:sqs:eu-west-1:111122223333:q";
    is(&format!("send messages to {queue}"), "sqs:SendMessage", queue);
    asks("delete s3://b", "are unknown");
}

#[test]
fn commands_are_read_as_commands() {
    is("run `aws s3 cp a.txt s3://b/in/`", "s3:PutObject", "arn:aws:s3:::b/in/*");
    is("I need `aws s3 rm s3://b/x`", "s3:DeleteObject", "arn:aws:s3:::b/x");
    is(
        "run `aws sqs purge-queue --queue-url https://sqs.eu-west-1.amazonaws.com/1/q`",
        "sqs:PurgeQueue",
        "arn:aws:sqs:*:*:q",
    );
    is(
        "run `aws dynamodb get-item --table-name T --key x`",
        "dynamodb:GetItem",
        "arn:aws:dynamodb:*:*:table/T",
    );
    asks("run `aws s3 frobnicate s3://b`", "`aws s3 frobnicate`");
    asks("run `aws lambda invoke out.json`", "`aws lambda invoke`");
}

#[test]
fn a_named_thing_is_the_only_thing() {
    is(
        "read the secret prod/db",
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:*:*:secret:prod/db-??????",
    );
    is("read objects in the bucket raw", "s3:GetObject", "arn:aws:s3:::raw/*");
    is("stop the instance a and nothing else", "ec2:StopInstances", "arn:aws:ec2:*:*:instance/a");
    asks("read objects in the bucket please", "which bucket");
    is("invoke the lambda resize", "lambda:InvokeFunction", "arn:aws:lambda:*:*:function:resize");
    is(
        "upload files to the bucket b-1 and list objects",
        "s3:PutObject,s3:ListBucket",
        "arn:aws:s3:::b-1,arn:aws:s3:::b-1/*",
    );
    is(
        "read my-bucket in s3 and invoke a lambda function",
        "s3:GetObject,lambda:InvokeFunction",
        "arn:aws:lambda:*:*:function:*,arn:aws:s3:::my-bucket/*",
    );
    asks("describe the EC2 instance i-1", "cannot be limited");
    // One list of actions on one list of resources would delete in both.
    asks("read objects in the bucket a-1 and delete objects in the bucket b-2", "other resource");
}

#[test]
fn what_cannot_be_told_is_asked_back() {
    for (text, words) in [
        ("", "names no known service"),
        ("make me a sandwich", "names no known service"),
        ("S3", "does not say what is done"),
        ("I need access to the customer bucket", "does not say what is done"),
        ("delete the customer bucket", "which bucket"),
        ("delete the bucket", "which bucket"),
        ("manage the bucket b", "`manage`"),
        ("read objects tagged Team=blue", "tagged"),
        ("do everything", "`everything`"),
        ("allow *:* on *", "more than a sentence"),
        ("give me full access to the bucket b", "full access"),
        ("read the frobnicator of S3", "frobnicator"),
        ("delete files in the bucket b and the table t", "what is done to"),
        ("read objects in the invoices", "invoices"),
    ] {
        asks(text, words);
    }
    let many = "read delete list write ";
    asks(&many.repeat(200), "more than");
    asks(&format!("{}objects in S3", many.repeat(30)), "more than");
}

#[test]
fn other_clouds_have_words_of_their_own_and_vault_speaks_aws() {
    let pair = |actions: &str, resources: &str| (actions.to_owned(), resources.to_owned());
    assert_eq!(
        by("gcp", "read objects of the bucket team-data"),
        pair("storage.objects.get", "gs://team-data")
    );
    assert_eq!(by("gcp", "read gs://b-1/team/"), pair("storage.objects.get", "gs://b-1/team/*"));
    assert_eq!(
        by("azure", "read a secret").0,
        "Microsoft.KeyVault/vaults/secrets/getSecret/action"
    );
    assert_eq!(
        by("azure", "read blobs in the container c").1,
        "the sentence does not say which storage account"
    );
    assert_eq!(by("vault", "read objects in s3").0, "s3:GetObject");
}

/// Asserts that a named container is the only one, whatever its name is, or that the sentence becomes a
/// question.
fn never_grants_all(text: &str, name: &str, providers: &[&str]) {
    for provider in providers {
        if let Ok(proposal) = propose(text, provider) {
            let is_limited = |resource: &String| resource.to_lowercase().contains(name);
            let is_kept =
                !proposal.resources.is_empty() && proposal.resources.iter().all(is_limited);
            assert!(
                is_kept,
                "{provider}: {text}: {:?} on {:?}",
                proposal.allow, proposal.resources
            );
        }
    }
}

#[test]
fn a_container_keeps_its_name_whatever_word_it_is() {
    for text in [
        "delete objects in the backup bucket",
        "delete objects in the bucket logs",
        "delete objects in bucket images",
        "delete objects in bucket access",
        "delete objects in bucket over",
        "delete objects in bucket now please",
        "delete objects in bucket - logs",
        "delete objects in bucket: logs",
        "delete objects in bucket <name>",
        "delete objects in bucket [logs]",
        "delete objects in bucket ?",
        "delete objects in the buckets logs and images",
        "delete objects in old buckets",
        "delete objects in those buckets",
        "delete objects in any backup bucket",
        "upload to the results bucket",
        "list objects in the logs bucket",
        "list objects in the bucket access",
        "list objects in the bucket now",
        "read objects in the bucket ?",
        "publish to the topic notifications",
        "publish to the alerts topic",
        "delete rows in the table data",
        "delete messages from the queue messages",
        "put records on the stream events",
        "write files to the website bucket",
        "delete objects in images",
        "delete objects in bucket and logs",
        "delete objects in bucket for images",
        "delete objects in a bucket with logs",
        "delete objects in a bucket. Its name is logs.",
        "delete objects from backup",
        "delete temp files in S3",
        "in the logs bucket, delete objects",
        "In the logs bucket: delete objects",
        "read object x.txt of the bucket b-1 and delete it in the backup bucket",
    ] {
        asks(text, "which");
    }
    is("delete objects in the bucket named logs", "s3:DeleteObject", "arn:aws:s3:::logs/*");
    is("delete objects in the bucket called images", "s3:DeleteObject", "arn:aws:s3:::images/*");
    is(
        "invoke the function called function",
        "lambda:InvokeFunction",
        "arn:aws:lambda:*:*:function:function",
    );
    is("delete objects in the bucket \"logs\"", "s3:DeleteObject", "arn:aws:s3:::logs/*");
    is("delete messages from the queue jobs", "sqs:DeleteMessage", "arn:aws:sqs:*:*:jobs");
    // The twins name no container on purpose.
    is("delete objects in any bucket", "s3:DeleteObject", "");
    is("list objects in every bucket", "s3:ListBucket", "");
    is("read from S3 bucket", "s3:GetObject", "");
    is("invoke a lambda function", "lambda:InvokeFunction", "");
}

#[test]
fn no_word_of_the_tables_loses_a_container() {
    let table = include_str!("../table.txt").lines().filter(|line| !line.starts_with('#'));
    let named =
        table.filter_map(|line| line.split_once(": ")).flat_map(|(_, words)| words.split(' '));
    let verbs = include_str!("../verbs.txt").lines().filter(|line| !line.starts_with('#'));
    let verbs =
        verbs.filter_map(|line| line.split(" | ").nth(1)).flat_map(|words| words.split(' '));
    // Every word in quotation marks in the lists of the engine.
    let code = [include_str!("../src/piece.rs"), include_str!("../src/exclusion.rs")].concat();
    let lists = code.split("mod tests").next().unwrap_or_default();
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic());
    let mut words: Vec<&str> =
        named.chain(verbs).chain(lists.split('"').skip(1).step_by(2).filter(is_word)).collect();
    words.sort_unstable();
    words.dedup();
    assert!(words.len() > 700, "{}", words.len());
    for word in words {
        let name = word.to_lowercase();
        for form in [
            "delete objects in the W bucket",
            "delete objects in the bucket W",
            "delete objects in the bucket named W",
            "delete objects from W bucket",
            "delete objects from bucket W",
            "delete messages of the queue W",
            "delete messages of the W queue",
            "write items to the table W",
        ] {
            // `from any bucket` says that all are meant, and `from AWS bucket` as much as `from bucket`.
            let is_open = ["a", "an", "any", "all", "each", "every"].contains(&word)
                || [
                    "amazon",
                    "aws",
                    "google",
                    "azure",
                    "gcp",
                    "microsoft",
                    "s3",
                    "gcs",
                    "simple-storage-service",
                    "cloud-storage",
                ]
                .contains(&word);
            if !(is_open && form.contains("from W")) {
                let all = ["aws", "gcp", "azure"];
                let providers = if form.contains("the bucket W") { &all[..] } else { &all[..1] };
                never_grants_all(&form.replace('W', word), &name, providers);
            }
        }
    }
}

#[test]
fn no_verb_goes_to_the_resource_of_another() {
    for text in [
        "delete objects in the bucket reports and read objects in the bucket tmp",
        "delete objects from bucket data, read objects from bucket tmp",
        "delete from bucket logs, read from bucket archive",
        "download from reports bucket, upload to uploads bucket",
        "delete objects from a bucket and read objects in the bucket tmp",
        "delete objects from a bucket and read arn:aws:s3:::tmp/*",
        "delete objects in all buckets and read objects in the bucket tmp",
    ] {
        asks(text, "which");
    }
    // The twin mentions no other bucket.
    is(
        "read objects in the bucket tmp and delete objects",
        "s3:GetObject,s3:DeleteObject",
        "arn:aws:s3:::tmp/*",
    );
}

#[test]
fn what_belongs_to_a_named_thing_is_limited_to_it() {
    is(
        "invoke the lambda function f1 and read its logs",
        "lambda:InvokeFunction,logs:FilterLogEvents,logs:GetLogEvents",
        "arn:aws:lambda:*:*:function:f1,arn:aws:logs:*:*:log-group:/aws/lambda/f1:*",
    );
    let (_, logs) = of("invoke the lambda function f1 and read the logs");
    assert!(logs.contains("log-group:/aws/lambda/f1:*"), "{logs}");
    asks("send messages to the queue q and read its metrics", "which");
    is(
        "invoke any lambda function and read its code",
        "lambda:InvokeFunction,lambda:GetFunction",
        "",
    );
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
