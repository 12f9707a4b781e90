//! The container of a thing limits it, whatever its name is.

use super::*;

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
    let table = include_str!("../../table.txt").lines().filter(|line| !line.starts_with('#'));
    let named =
        table.filter_map(|line| line.split_once(": ")).flat_map(|(_, words)| words.split(' '));
    let verbs = include_str!("../../verbs.txt").lines().filter(|line| !line.starts_with('#'));
    let verbs =
        verbs.filter_map(|line| line.split(" | ").nth(1)).flat_map(|words| words.split(' '));
    // Every word in quotation marks in the lists of the engine.
    let code = [
        include_str!("../../src/piece.rs"),
        include_str!("../../src/piece/word.rs"),
        include_str!("../../src/exclusion/clause.rs"),
        include_str!("../../src/exclusion/word.rs"),
        include_str!("../../src/exclusion.rs"),
    ]
    .concat();
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
